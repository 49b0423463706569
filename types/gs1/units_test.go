package gs1

import (
	"encoding/csv"
	"math/big"
	"strings"
	"testing"
)

// rec20 is one line of UNECE Recommendation 20.
type rec20 struct{ status, name, factor string }

func recommendation20(t *testing.T) map[string]rec20 {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(reference(t, "ref/unece-units-of-measure/data/units-of-measure.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	units := map[string]rec20{}
	for _, row := range rows[1:] {
		units[row[1]] = rec20{row[0], row[2], row[6]}
	}
	return units
}

var baseUnits = map[Dimension]struct {
	symbol string
	scale  int64 // of the unit Recommendation 20 uses, in ours
}{
	Mass: {"kg", 1}, Volume: {"m³", 1000}, Length: {"m", 1}, Area: {"m²", 1}, Count: {"", 1},
}

// countedOnes have no factor in Recommendation 20: each of them is one thing.
var countedOnes = map[string]bool{"EA": true, "H87": true, "NAR": true}

func TestUnitsAgainstRecommendation20(t *testing.T) {
	official := recommendation20(t)
	seen := map[string]bool{}
	for _, code := range Units() {
		row, found := official[code]
		if !found || row.status == "X" || row.status == "D" || seen[code] {
			t.Errorf("%s: not a current code, or here twice (status %q)", code, row.status)
			continue
		}
		seen[code] = true
		dimension, factor, _ := Unit(code)
		if countedOnes[code] {
			row.factor = "1"
		}
		want, step := printedFactor(t, code, row.factor, dimension)
		got := new(big.Rat).SetFrac(new(big.Int).SetUint64(factor), big.NewInt(one))
		if diff := new(big.Rat).Sub(got, want); diff.Abs(diff).Cmp(step) >= 0 {
			t.Errorf("%s %s: got %s, printed %s", code, row.name, got.FloatString(12), row.factor)
		}
	}
	for code, row := range official {
		if _, _, ok := Unit(code); ok && (row.status == "X" || row.status == "D") {
			t.Errorf("%s %s: accepted, but its status is %s", code, row.name, row.status)
		}
	}
}

// printedFactor reads a conversion factor such as "0,453 592 37 kg" or "2,834 952 x 10⁻² kg" and the value of one unit in
// its last printed digit, which is nothing for powers of ten and whole numbers.
func printedFactor(t *testing.T, code, s string, dimension Dimension) (value, step *big.Rat) {
	t.Helper()
	base := baseUnits[dimension]
	s, ok := strings.CutSuffix(strings.NewReplacer(" ", "", "\u00a0", "", "×", "x").Replace(s), base.symbol)
	if !ok {
		t.Fatalf("%s: factor %q is not in %s", code, s, base.symbol)
	}
	mantissa, power, _ := strings.Cut(s, "x")
	if strings.HasPrefix(mantissa, "10") && strings.ContainsAny(mantissa, "⁻¹²³⁴⁵⁶⁷⁸⁹") {
		mantissa, power = "1", mantissa
	}
	if mantissa == "" {
		mantissa = "1"
	}
	value, ok = new(big.Rat).SetString(strings.Replace(mantissa, ",", ".", 1))
	if !ok {
		t.Fatalf("%s: factor %q", code, s)
	}
	value.Mul(value, powerOfTen(power)).Mul(value, new(big.Rat).SetInt64(base.scale))
	step = big.NewRat(1, 1_000_000_000_000_000_000)
	if _, fraction, dotted := strings.Cut(mantissa, ","); dotted {
		step = new(big.Rat).SetFrac64(base.scale, 1)
		for range fraction {
			step.Mul(step, big.NewRat(1, 10))
		}
		step.Mul(step, powerOfTen(power))
	}
	return value, step
}

// powerOfTen reads "10⁻²"; "" is one.
func powerOfTen(s string) *big.Rat {
	digits := strings.NewReplacer("⁻", "-", "⁰", "0", "¹", "1", "²", "2", "³", "3", "⁴", "4", "⁵", "5", "⁶", "6", "⁷", "7", "⁸", "8", "⁹", "9").Replace(strings.TrimPrefix(s, "10"))
	switch {
	case s == "":
		digits = "0"
	case digits == "":
		digits = "1"
	}
	r, _ := new(big.Rat).SetString("1e" + digits)
	return r
}

func TestUnitRefuses(t *testing.T) {
	for _, code := range []string{"", "kgm", "KG", "HAR", "ARE", "BG", "CEL", "SET", "ACR"} {
		if _, _, ok := Unit(code); ok {
			t.Errorf("%q: accepted", code)
		}
	}
}

func TestConvert(t *testing.T) {
	tests := []struct {
		name     string
		amount   uint64
		from, to string
		want     uint64
		code     Code
	}{
		{"tonne to kilogram", 150_000, "TNE", "KGM", 150_000_000, ""},
		{"gram to kilogram, rounded up", 1, "GRM", "KGM", 1, ""},
		{"nothing stays nothing", 0, "GRM", "KGM", 0, ""},
		{"pound to kilogram, rounded up", 100_000, "LBR", "KGM", 45_360, ""},
		{"hectare to square metre", 100_000, "H18", "MTK", 1_000_000_000, ""},
		{"dozen to each", 100_000, "DZN", "EA", 1_200_000, ""},
		{"largest", MaxAmount, "KGM", "KGM", MaxAmount, ""},
		{"litre to kilogram", 1, "LTR", "KGM", 0, CodeDimension},
		{"deleted unit", 1, "BG", "C62", 0, CodeUnit},
		{"unknown target", 1, "KGM", "JIN", 0, CodeUnit},
		{"result too large", MaxAmount, "TNE", "KGM", 0, CodeRange},
		{"result far too large", MaxAmount, "KTN", "MC", 0, CodeRange},
		{"amount too large", MaxAmount + 1, "KGM", "KGM", 0, CodeRange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Convert(tt.amount, tt.from, tt.to)
			if tt.code != "" {
				wantCode(t, err, tt.code)
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
		})
	}
}

func TestSum(t *testing.T) {
	type quantity struct {
		amount uint64
		unit   string
	}
	total := func(t *testing.T, quantities ...quantity) *Sum {
		t.Helper()
		s := new(Sum)
		for _, q := range quantities {
			if err := s.Add(q.amount, q.unit); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	tests := []struct {
		name string
		a, b *Sum
		want int
	}{
		{"kilograms and tonnes", total(t, quantity{100_000_000, "KGM"}), total(t, quantity{50_000, "TNE"}, quantity{50_000_000, "KGM"}), 0},
		{"one hundred-thousandth of a milligram", total(t, quantity{100_000, "KGM"}, quantity{1, "MGM"}), total(t, quantity{100_000, "KGM"}), 1},
		{"beyond 64 bits", total(t, quantity{MaxAmount, "KTN"}, quantity{MaxAmount, "KTN"}), total(t, quantity{MaxAmount, "KTN"}), 1},
		{"nothing against something", new(Sum), total(t, quantity{1, "LTR"}), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.a.Cmp(tt.b); err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
			if got, err := tt.b.Cmp(tt.a); err != nil || got != -tt.want {
				t.Errorf("reversed: got %d, %v, want %d", got, err, -tt.want)
			}
		})
	}
	mass := total(t, quantity{1, "KGM"})
	wantCode(t, mass.Add(1, "LTR"), CodeDimension)
	wantCode(t, mass.Add(1, "BG"), CodeUnit)
	wantCode(t, mass.Add(MaxAmount+1, "KGM"), CodeRange)
	if got := mass.Base().String(); got != "1000000000000" || mass.Dimension() != Mass {
		t.Errorf("after refusals: got %s of %s, want 10^12 of mass", got, mass.Dimension())
	}
	_, err := mass.Cmp(total(t, quantity{1, "LTR"}))
	wantCode(t, err, CodeDimension)
}

func TestAmount(t *testing.T) {
	tests := []struct {
		in   string
		want uint64
		code Code
	}{
		{"0", 0, ""}, {"-0", 0, ""}, {"0.00", 0, ""}, {"200.5", 20_050_000, ""}, {"1e3", 100_000_000, ""}, {"12E-5", 12, ""},
		{"0.00001", 1, ""}, {"1.500000000", 150_000, ""}, {"90071992547.40991", MaxAmount, ""}, {"0e999999", 0, ""},
		{"90071992547.40992", 0, CodeRange}, {"1e12", 0, CodeRange}, {"1e999999", 0, CodeRange}, {"0.000001", 0, CodeRange},
		{"-3", 0, CodeRange}, {"1e-999999", 0, CodeRange}, {"1e1000000", 0, CodeSyntax}, {"", 0, CodeSyntax}, {"01", 0, CodeSyntax},
		{"1.", 0, CodeSyntax}, {".5", 0, CodeSyntax}, {"+1", 0, CodeSyntax}, {"1e", 0, CodeSyntax}, {"0x10", 0, CodeSyntax},
		{"1e+-1", 0, CodeSyntax}, {"--1", 0, CodeSyntax}, {"1_000", 0, CodeSyntax}, {"NaN", 0, CodeSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseAmount(tt.in)
			if tt.code != "" {
				wantCode(t, err, tt.code)
				return
			}
			if err != nil || got != tt.want {
				t.Fatalf("got %d, %v, want %d", got, err, tt.want)
			}
			if back, err := ParseAmount(FormatAmount(got)); err != nil || back != got {
				t.Errorf("through %s: got %d, %v, want %d", FormatAmount(got), back, err, got)
			}
		})
	}
	if got := FormatAmount(12_050_000); got != "120.5" {
		t.Errorf("got %s, want 120.5", got)
	}
}
