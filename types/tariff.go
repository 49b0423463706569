package types

import "strings"

// SetTariff says what retail imports of goods are taxed with from a time on (customs):
// record tariff/<code>. What lies behind keeps the rates of its time.
type SetTariff struct {
	Code        string `json:"code"`        // 2 to 10 digits; the longest that a gcode begins with counts
	From        int64  `json:"from"`        // Unix ms; not before the block's time, unless the goods have no rate yet
	VAT         uint64 `json:"vat"`         // millionths: 130000 is 13 %
	Consumption uint64 `json:"consumption"` // millionths
	Barred      bool   `json:"barred"`      // not on the positive list
}

// Tariff is what goods are taxed with: record tariff/<code>.
type Tariff struct {
	Versions []TariffVersion `json:"versions"` // ascending by From
	History  History         `json:"history"`
}

// TariffVersion holds from a time on.
type TariffVersion struct {
	From        int64  `json:"from"`
	VAT         uint64 `json:"vat"`
	Consumption uint64 `json:"consumption"`
	Barred      bool   `json:"barred"`
}

// SetLimits says what a buyer may import from a time on, and how much of the taxes retail
// imports pay (customs): record limits. Yuan are in units of 10^-5.
type SetLimits struct {
	From      int64  `json:"from"`
	Single    uint64 `json:"single"`    // of one transaction
	Annual    uint64 `json:"annual"`    // of one buyer in a calendar year
	Share     uint64 `json:"share"`     // of VAT and consumption tax that is levied, millionths
	Tolerance uint64 `json:"tolerance"` // by which a declared tax may differ
}

// Limits are the limits in force and those before: record limits.
type Limits struct {
	Versions []LimitsVersion `json:"versions"` // ascending by From
	History  History         `json:"history"`
}

// LimitsVersion holds from a time on.
type LimitsVersion struct {
	From      int64  `json:"from"`
	Single    uint64 `json:"single"`
	Annual    uint64 `json:"annual"`
	Share     uint64 `json:"share"`
	Tolerance uint64 `json:"tolerance"`
}

// DefaultLimits are those since 2019: 5,000 yuan a transaction, 26,000 a year, 70 % of the
// taxes (GACC 2018-194), and a tolerance of five fen.
var DefaultLimits = LimitsVersion{Single: 5_000_00000, Annual: 26_000_00000, Share: 700_000, Tolerance: 5000}

// Million is what rates are parts of.
const Million = 1_000_000

// At returns the version in force at a time, nil before the first.
func (t *Tariff) At(ms int64) *TariffVersion {
	for i := len(t.Versions) - 1; i >= 0; i-- {
		if t.Versions[i].From <= ms {
			return &t.Versions[i]
		}
	}
	return nil
}

// At returns the version in force at a time; before the first, or without any, the default.
func (l *Limits) At(ms int64) LimitsVersion {
	for i := len(l.Versions) - 1; i >= 0; i-- {
		if l.Versions[i].From <= ms {
			return l.Versions[i]
		}
	}
	return DefaultLimits
}

func (t *Tariff) Log() *History { return &t.History }
func (l *Limits) Log() *History { return &l.History }

func (b *SetTariff) Check() error {
	if len(b.Code) < 2 || len(b.Code) > 10 || strings.Trim(b.Code, "0123456789") != "" {
		return Refuse(FieldInvalid, "code", "%.20q: 2 to 10 digits of a commodity code", b.Code)
	}
	if b.VAT >= Million || b.Consumption >= Million {
		return Refuse(FieldInvalid, "vat", "%d and %d: rates are below %d millionths", b.VAT, b.Consumption, Million)
	}
	return checkTime("from", b.From)
}

func (b *SetLimits) Check() error {
	if b.Single == 0 || b.Annual < b.Single || b.Share > Million {
		return Refuse(FieldInvalid, "annual", "single %d, annual %d, share %d: positive, single no more than annual, share at most %d", b.Single, b.Annual, b.Share, Million)
	}
	return checkTime("from", b.From)
}
