package gs1

import (
	"strings"
	"testing"
)

// elementString writes k as it stands under a barcode.
func elementString(k Key) string {
	var b strings.Builder
	for _, e := range k.Elements() {
		b.WriteString(e.String())
	}
	return b.String()
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, input, kind string
		want              Key
	}{
		{"element string", "(01)06901234000016(10)L2026A", "", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"elements in another order, with a date", " (17)271231 (10)L2026A (01)06901234000016", "", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"serial before lot", "(01)06901234000016(10)L2026A(21)7", "", Key{"SGTIN", "06901234000016", "7"}},
		{"parenthesis in a lot", "(01)06901234000016(10)A(x)(1)", "", Key{"LGTIN", "06901234000016", "A(x)(1)"}},
		{"crate", "(8003)04012345000221334455", "", Key{"GRAI", "4012345000221", "334455"}},
		{"room", "(414)4012345000054(254)122", "", Key{"SGLN", "4012345000054", "122"}},
		{"URN", "urn:epc:class:lgtin:6901234.000001.L2026A", "", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"link", "https://farm.example/01/6901234000016/10/L2026A?s=1", "LGTIN", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"path", "06901234000016.L2026A", "", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"path with GTIN-13 and a raw slash", "6901234000016.2026/09", "", Key{"LGTIN", "06901234000016", "2026/09"}},
		{"path with an escape", "06901234000016.2026%2F09", "", Key{"LGTIN", "06901234000016", "2026/09"}},
		{"path with a percent sign", "06901234000016.7%", "", Key{"LGTIN", "06901234000016", "7%"}},
		{"path of a pallet", "sscc.340123451111111111", "", Key{"SSCC", "340123451111111111", ""}},
		{"path of an asset", "giai.4012345A.B", "", Key{"GIAI", "4012345A.B", ""}},
		{"GTIN-8", "96385074", "", Key{"GTIN", "00000096385074", ""}},
		{"GTIN-12", "614141999996", "", Key{"GTIN", "00614141999996", ""}},
		{"GTIN-13 in groups", "6 901234 000016", "", Key{"GTIN", "06901234000016", ""}},
		{"GTIN-14", "06901234000016", "", Key{"GTIN", "06901234000016", ""}},
		{"thirteen digits of a place", "4012345000054", "SGLN", Key{"SGLN", "4012345000054", ""}},
		{"thirteen digits of a party", "4012345000054", "PGLN", Key{"PGLN", "4012345000054", ""}},
		{"SSCC", "340123451111111111", "", Key{"SSCC", "340123451111111111", ""}},
		{"shipment", "40123459999876541", "", Key{"GSIN", "40123459999876541", ""}},
		{"service relation", "385888700111111111", "GSRN", Key{"GSRN", "385888700111111111", ""}},
		{"document with serial", "4012345000092PO-4711", "GDTI", Key{"GDTI", "4012345000092", "PO-4711"}},
		{"crate without its zero", "4012345000221", "GRAI", Key{"GRAI", "4012345000221", ""}},
		{"asset", "4012345ABC345", "GIAI", Key{"GIAI", "4012345ABC345", ""}},
		{"asset that looks like a lot", "69012345.X", "GIAI", Key{"GIAI", "69012345.X", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read(tt.input, tt.kind)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct {
		name, input, kind string
		code              Code
	}{
		{"two digits", "42", "", CodeLength},
		{"words", "Hello World!", "", CodeUnknown},
		{"nothing", "", "", CodeUnknown},
		{"lot number alone", "L2026A", "", CodeUnknown},
		{"date that looks like a path", "2026.09", "", CodeUnknown},
		{"check digit", "6901234000015", "", CodeCheckDigit},
		{"check digit of a lot", "(01)06901234000015(10)A", "", CodeCheckDigit},
		{"check digit and lot", "(01)06901234000015(10)A B", "", CodeCharacters},
		{"GTIN of nine digits", "(01)690123400", "", CodeLength},
		{"GTIN in an SSCC", "(00)06901234000016", "", CodeLength},
		{"lot of 21 characters", "06901234000016." + strings.Repeat("x", 21), "", CodeLength},
		{"empty lot", "06901234000016.", "", CodeLength},
		{"lot of a pallet", "(00)340123451111111111(10)A", "", CodeSyntax},
		{"two keys", "(00)340123451111111111(01)06901234000016", "", CodeSyntax},
		{"no key", "(17)271231", "", CodeUnsupported},
		{"open parenthesis", "(01", "", CodeSyntax},
		{"alias in parentheses", "(gtin)06901234000016", "", CodeSyntax},
		{"another type", "(00)340123451111111111", "GTIN", CodeKind},
		{"a lot is no trade item", "06901234000016.A", "GTIN", CodeCharacters},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := Read(tt.input, tt.kind)
			wantCode(t, err, tt.code)
			if k.IsZero() == (tt.code == CodeCheckDigit) {
				t.Errorf("got %+v beside %v", k, err)
			}
		})
	}
}

func TestElements(t *testing.T) {
	tests := []struct {
		key            Key
		want           string
		label, further string
	}{
		{Key{"LGTIN", "06901234000016", "L2026A"}, "(01)06901234000016(10)L2026A", "GTIN", "lot"},
		{Key{"GTIN", "06901234000016", ""}, "(01)06901234000016", "GTIN", ""},
		{Key{"GRAI", "4012345000221", "334455"}, "(8003)04012345000221334455", "GRAI", "serial"},
		{Key{"SGLN", "4012345000054", ""}, "(414)4012345000054", "GLN", ""},
		{Key{}, "", "", ""},
	}
	for _, tt := range tests {
		if got := elementString(tt.key); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.key, got, tt.want)
		}
		if label, further := tt.key.Labels(); label != tt.label || further != tt.further {
			t.Errorf("%+v: got the labels %s and %s, want %s and %s", tt.key, label, further, tt.label, tt.further)
		}
	}
}

func TestTypes(t *testing.T) {
	for _, kind := range Types() {
		if _, err := New(kind, "", ""); err == nil || err.(*Error).Code == CodeUnsupported {
			t.Errorf("%s: got %v, want a known type", kind, err)
		}
	}
}
