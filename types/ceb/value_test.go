package ceb

import (
	"errors"
	"math"
	"math/big"
	"math/rand"
	"strings"
	"testing"
)

func TestParseDecimal(t *testing.T) {
	rows := []struct {
		in   string
		want Decimal
		text string
	}{
		{"0", 0, "0"}, {"-0", 0, "0"}, {"+0.00", 0, "0"}, {"19050", 1905000000, "19050"}, {"0.00001", 1, "0.00001"},
		{"-0.5", -50000, "-0.5"}, {".5", 50000, "0.5"}, {"7.", 700000, "7"}, {"+1.50", 150000, "1.5"},
		{"00001.1000000000", 110000, "1.1"}, {"100000000", 10000000000000, "100000000"},
		{"92233720368547.75807", math.MaxInt64, "92233720368547.75807"}, {"-92233720368547.75807", -math.MaxInt64, "-92233720368547.75807"},
	}
	for _, row := range rows {
		got, err := ParseDecimal(row.in)
		if err != nil || got != row.want || got.String() != row.text {
			t.Errorf("%q: got %d %q %v, want %d %q", row.in, int64(got), got, err, int64(row.want), row.text)
		}
	}
	if got, want := Decimal(math.MinInt64).String(), "-92233720368547.75808"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	rows := []struct{ in, kind string }{
		{"", NotANumber}, {".", NotANumber}, {"-", NotANumber}, {"--1", NotANumber}, {"+-1", NotANumber}, {"1.2.3", NotANumber},
		{" 1", NotANumber}, {"1 ", NotANumber}, {"1e5", NotANumber}, {"1,5", NotANumber}, {"NaN", NotANumber}, {"INF", NotANumber},
		{"0x1", NotANumber}, {"1_000", NotANumber}, {"٣", NotANumber}, {"１", NotANumber}, {"1.-5", NotANumber},
		{"0.000001", TooLong}, {"12345678901234567890", TooLong}, {"123456789012345.12345", TooLong},
		{"92233720368547.75808", TooLarge}, {"-92233720368547.75808", TooLarge}, {"1234567890123456789", TooLarge},
	}
	for _, row := range rows {
		_, err := ParseDecimal(row.in)
		var fault *Error
		if !errors.As(err, &fault) || fault.Kind != row.kind {
			t.Errorf("%q: got %v, want %s", row.in, err, row.kind)
		}
	}
}

// TestDecimalSum compares with math/big.
func TestDecimalSum(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 20000 {
		a := Decimal(random.Uint64()) >> random.Intn(63)
		b := Decimal(random.Uint64()) >> random.Intn(63)
		sum, fits := a.plus(b)
		if want := new(big.Int).Add(big.NewInt(int64(a)), big.NewInt(int64(b))); fits != want.IsInt64() || fits && int64(sum) != want.Int64() {
			t.Fatalf("%s + %s: got %s %t, want %s units", a, b, sum, fits, want)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"0", "-0.5", "+7.", ".00001", "92233720368547.75807", "1e5", "0001.10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDecimal(s)
		if err != nil {
			return
		}
		text := d.String()
		again, err := ParseDecimal(text)
		if err != nil || again != d || again.String() != text {
			t.Errorf("%q gives %q gives %q, %v", s, text, again, err)
		}
		want, _ := new(big.Rat).SetString(s)
		if got, _ := new(big.Rat).SetString(text); want == nil || got.Cmp(want) != 0 {
			t.Errorf("%q is read as %q", s, text)
		}
		if strings.TrimLeft(text, "-") != text && d >= 0 {
			t.Errorf("%q has a sign without need", text)
		}
	})
}

func TestParseTime(t *testing.T) {
	rows := []struct {
		in   string
		want int64
	}{
		{"19700101080000", 0},
		{"20160308112701", 1457407621000},
		{"20240229235959", 1709222399000},
	}
	for _, row := range rows {
		if got, err := ParseTime(row.in); err != nil || got != row.want {
			t.Errorf("%s: got %d %v, want %d", row.in, got, err, row.want)
		}
	}
	for _, in := range []string{
		"", "20160308", "2016030811270", "201603081127011", "20160308112701.5", "20160308112760", "20160308240000",
		"20161308112701", "20250229000000", "2016-3-8112701", " 2016030811270", "2016030811270x",
	} {
		var fault *Error
		if _, err := ParseTime(in); !errors.As(err, &fault) || fault.Kind != NotATime {
			t.Errorf("%q: got %v, want %s", in, err, NotATime)
		}
	}
}

func TestParseMoment(t *testing.T) {
	if got, err := ParseMoment("20160308112701999"); err != nil || got != 1457407621999 {
		t.Errorf("got %d %v", got, err)
	}
	for _, in := range []string{"", "20160308112701", "20160308112760000", "2016030811270199x", "20160308112701+99"} {
		var fault *Error
		if _, err := ParseMoment(in); !errors.As(err, &fault) || fault.Kind != NotATime {
			t.Errorf("%q: got %v, want %s", in, err, NotATime)
		}
	}
}

func TestWholeNumbers(t *testing.T) {
	parcels := whole("packNo", 9)
	rows := []struct{ in, kind string }{
		{"1", ""}, {"+1", ""}, {"-1", ""}, {"000000000001", ""}, {"999999999", ""},
		{"1000000000", TooLong}, {"99999999999", TooLong}, {"", NotANumber}, {"+", NotANumber}, {"1_0", NotANumber}, {"0x1", NotANumber},
	}
	for _, row := range rows {
		got := ""
		if _, fault := parcels.read(" " + row.in + "\n"); fault != nil {
			got = fault.Kind
		}
		if got != row.kind {
			t.Errorf("%q: got %q, want %q", row.in, got, row.kind)
		}
	}
}
