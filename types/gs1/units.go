package gs1

// Dimension is what a unit measures. Quantities of one dimension can be added and compared.
type Dimension string

// The dimensions and their base units.
const (
	Mass   Dimension = "mass"   // kilogram
	Volume Dimension = "volume" // litre
	Length Dimension = "length" // metre
	Area   Dimension = "area"   // square metre
	Count  Dimension = "count"  // piece
)

// Pieces is the unit code of an EPCIS quantity that names no unit: it counts instances of its class (EPCIS 2.0). EA and H87 count the same.
const Pieces = "C62"

// Quantities are unsigned integers of 10^-5 of their unit, the decimal(19,5) of customs messages, and never larger than an
// integer that JSON readers in every language keep exact.
const (
	AmountDecimals = 5
	AmountScale    = 100_000
	MaxAmount      = 1<<53 - 1
)

// Unit returns what the UNECE Recommendation 20 common code measures and its factor in 10^-12 of the dimension's base unit,
// which is exact. Codes that Recommendation 20 deprecates or has deleted, units of other dimensions and units whose factor
// is not a whole number of 10^-12 are not ok.
func Unit(code string) (dimension Dimension, factor uint64, ok bool) {
	for i := range units {
		if units[i].code == code {
			return units[i].dimension, units[i].factor, true
		}
	}
	return "", 0, false
}

// Units returns the codes that [Unit] knows, grouped by dimension.
func Units() []string {
	codes := make([]string, len(units))
	for i := range units {
		codes[i] = units[i].code
	}
	return codes
}

const (
	micro = 1_000_000 // 10^-6 of a base unit
	milli = 1_000 * micro
	one   = 1_000 * milli
	kilo  = 1_000 * one
	mega  = 1_000 * kilo
)

// units are the units of goods. Factors of metric units are theirs by definition; inch, pound and gallon units are those
// of the international agreements of 1959 and of the US statutes, which Recommendation 20 prints rounded: the test compares
// to its last printed digit. Left out are units whose printed factor is that of another definition, such as ACR and GLI.
var units = []struct {
	code      string
	dimension Dimension
	factor    uint64
}{
	{"KGM", Mass, one},
	{"GRM", Mass, milli},
	{"TNE", Mass, kilo},
	{"MGM", Mass, micro},
	{"MC", Mass, micro / 1_000}, // microgram
	{"CGM", Mass, 10 * micro},
	{"DG", Mass, 100 * micro}, // decigram
	{"DJ", Mass, 10 * milli},  // decagram
	{"HGM", Mass, 100 * milli},
	{"M86", Mass, 500 * milli}, // German pfund; the Chinese jin weighs the same and has no code
	{"DTN", Mass, 100 * one},   // decitonne
	{"2U", Mass, kilo},         // megagram
	{"KTN", Mass, mega},
	{"LBR", Mass, 453_592_370_000},
	{"ONZ", Mass, 28_349_523_125},
	{"CWA", Mass, 45_359_237_000_000},    // short hundredweight, 100 lb
	{"CWI", Mass, 50_802_345_440_000},    // long hundredweight, 112 lb
	{"STN", Mass, 907_184_740_000_000},   // short ton, 2000 lb
	{"LTN", Mass, 1_016_046_908_800_000}, // long ton, 2240 lb

	{"LTR", Volume, one},
	{"MLT", Volume, milli},
	{"CLT", Volume, 10 * milli},
	{"DLT", Volume, 100 * milli},
	{"A44", Volume, 10 * one}, // decalitre
	{"HLT", Volume, 100 * one},
	{"K6", Volume, kilo}, // kilolitre
	{"MAL", Volume, mega},
	{"4G", Volume, micro},  // microlitre
	{"MMQ", Volume, micro}, // cubic millimetre
	{"CMQ", Volume, milli},
	{"DMQ", Volume, one},
	{"MTQ", Volume, kilo},
	{"G26", Volume, kilo}, // stere
	{"INQ", Volume, 16_387_064_000},
	{"FTQ", Volume, 28_316_846_592_000},
	{"PTL", Volume, 473_176_473_000}, // US liquid pint
	{"QTL", Volume, 946_352_946_000}, // US liquid quart
	{"GLL", Volume, 3_785_411_784_000},
	{"BUA", Volume, 35_239_070_166_880},  // US bushel
	{"BLL", Volume, 158_987_294_928_000}, // US barrel of petroleum, 42 gallons

	{"MTR", Length, one},
	{"4H", Length, micro}, // micrometre
	{"MMT", Length, milli},
	{"CMT", Length, 10 * milli},
	{"DMT", Length, 100 * milli},
	{"A45", Length, 10 * one}, // decametre
	{"HMT", Length, 100 * one},
	{"KMT", Length, kilo},
	{"INH", Length, 25_400 * micro},
	{"FOT", Length, 304_800 * micro},
	{"YRD", Length, 914_400 * micro},
	{"SMI", Length, 1_609_344 * milli},
	{"NMI", Length, 1_852 * one},

	{"MTK", Area, one},
	{"MMK", Area, micro},
	{"CMK", Area, 100 * micro},
	{"DMK", Area, 10 * milli},
	{"H16", Area, 100 * one}, // square decametre, for the deprecated ARE
	{"DAA", Area, kilo},      // decare
	{"H18", Area, 10 * kilo}, // square hectometre, for the deprecated HAR
	{"KMK", Area, mega},
	{"INK", Area, 645_160_000},
	{"FTK", Area, 92_903_040_000},
	{"YDK", Area, 836_127_360_000},

	{Pieces, Count, one},
	{"EA", Count, one},
	{"H87", Count, one},
	{"NAR", Count, one}, // number of articles
	{"PR", Count, 2 * one},
	{"DZN", Count, 12 * one},
	{"SCO", Count, 20 * one},
	{"CEN", Count, 100 * one},
	{"GRO", Count, 144 * one},
	{"MIL", Count, kilo},
	{"GGR", Count, 1_728 * one}, // great gross
}
