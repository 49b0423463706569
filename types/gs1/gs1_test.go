package gs1

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reference returns a file of the public material beside the project, and skips the test where there is none.
func reference(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared/data", path))
	if err != nil {
		t.Skipf("public reference material is not here: %v", err)
	}
	return data
}

// wantCode fails the test unless err is an *Error with this code.
func wantCode(t *testing.T, err error, want Code) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error with code %s", err, want)
	}
	if e.Code != want {
		t.Errorf("got code %s (%v), want %s", e.Code, err, want)
	}
}

// The expected links come from the reference implementation of the CBV event hash, which does not look at check digits.
func TestParseAgainstReferencePairs(t *testing.T) {
	var file struct {
		Pairs []struct {
			Input string
			Link  *string `json:"canonical_gs1_digital_link"`
		}
	}
	if err := json.Unmarshal(reference(t, "epcis-hash/dl_normaliser_pairs.json"), &file); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, pair := range file.Pairs {
		k, err := ParseLoosely(pair.Input)
		if isCheckDigit(err) && !k.IsZero() {
			wrong++
			if strict, err := Parse(pair.Input); err == nil || !strict.IsZero() {
				t.Errorf("%s: Parse got %+v, want the error of the check digit", pair.Input, strict)
			}
		}
		switch {
		case pair.Link == nil && err == nil:
			t.Errorf("%s: got %s, want an error", pair.Input, k.DigitalLink())
		case pair.Link == nil:
		case err != nil && !isCheckDigit(err):
			t.Errorf("%s: %v", pair.Input, err)
		case k.DigitalLink() != *pair.Link:
			t.Errorf("%s: got %s, want %s", pair.Input, k.DigitalLink(), *pair.Link)
		}
	}
	if len(file.Pairs) < 48 || wrong != 1 {
		t.Errorf("got %d pairs, want at least 48; %d with a wrong check digit, want 1", len(file.Pairs), wrong)
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, uri string
		want      Key
	}{
		{"lot as URN", "urn:epc:class:lgtin:6901234.000001.L2026A", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"lot as link", "https://id.gs1.org/01/06901234000016/10/L2026A", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"lot on a farm's domain, with a path of its own", "http://farm.example.cn:8443/nuts/lots/01/6901234000016/10/L2026A?17=270101#top", Key{"LGTIN", "06901234000016", "L2026A"}},
		{"lot with reserved characters", "urn:epc:class:lgtin:6901234.000001.a%2Fb%25.c", Key{"LGTIN", "06901234000016", "a/b%.c"}},
		{"escapes in lower case", "https://id.gs1.org/01/06901234000016/10/a%2fb", Key{"LGTIN", "06901234000016", "a/b"}},
		{"escape of a character that needs none", "https://id.gs1.org/01/06901234000016/10/%41", Key{"LGTIN", "06901234000016", "A"}},
		{"lot named like an identifier", "https://id.gs1.org/01/06901234000016/10/01", Key{"LGTIN", "06901234000016", "01"}},
		{"serial before lot", "https://id.gs1.org/01/06901234000016/10/L2026A/21/77", Key{"SGTIN", "06901234000016", "77"}},
		{"host in capitals", "HTTPS://ID.GS1.ORG/01/06901234000016", Key{"GTIN", "06901234000016", ""}},
		{"pattern", "urn:epc:idpat:sgtin:6901234.000001.*", Key{"GTIN", "06901234000016", ""}},
		{"indicator digit moves to the front", "urn:epc:id:sgtin:6901234.100001.1", Key{"SGTIN", "16901234000013", "1"}},
		{"company prefix of six digits", "urn:epc:id:sgtin:952001.1012345.222", Key{"SGTIN", "19520010123455", "222"}},
		{"GTIN-8", "https://id.gs1.org/01/96385074", Key{"GTIN", "00000096385074", ""}},
		{"SSCC", "urn:epc:id:sscc:4012345.3111111111", Key{"SSCC", "340123451111111111", ""}},
		{"SGLN, extension 0 is none", "urn:epc:id:sgln:4012345.00005.0", Key{"SGLN", "4012345000054", ""}},
		{"SGLN, extension 0 in a link is none", "https://id.gs1.org/414/4012345000054/254/0", Key{"SGLN", "4012345000054", ""}},
		{"SGLN with extension", "urn:epc:id:sgln:4012345.00005.122", Key{"SGLN", "4012345000054", "122"}},
		{"PGLN", "urn:epc:id:pgln:4012345.00005", Key{"PGLN", "4012345000054", ""}},
		{"GRAI", "https://id.example.com/8003/040123450007718765", Key{"GRAI", "4012345000771", "8765"}},
		{"pattern of tobacco units", "urn:epc:idpat:upui:1234567.098765.*", Key{"GTIN", "01234567987651", ""}},
		{"component part by its word", "https://example.com/cpid/0628165987/cpsn/9876", Key{"CPI", "0628165987", "9876"}},
		{"coupon", "urn:epc:id:sgcn:4012345.67890.04711", Key{"GCN", "4012345678901", "04711"}},
		{"company prefix of twelve digits", "urn:epc:id:gdti:401234567890..X", Key{"GDTI", "4012345678901", "X"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.uri)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, uri string
		code      Code
	}{
		{"check digit", "https://id.gs1.org/01/06901234000015", CodeCheckDigit},
		{"check digit on another domain", "https://example.com/01/06901234000015/10/A", CodeCheckDigit},
		{"GTIN of nine digits", "https://id.gs1.org/01/690123400", CodeLength},
		{"SSCC too short", "https://id.gs1.org/00/34012345", CodeLength},
		{"empty lot", "https://id.gs1.org/01/06901234000016/10/", CodeLength},
		{"lot of 21 characters", "urn:epc:class:lgtin:6901234.000001." + strings.Repeat("x", 21), CodeLength},
		{"lot of 21 characters behind escapes", "urn:epc:class:lgtin:6901234.000001." + strings.Repeat("%41", 21), CodeLength},
		{"URN without lot", "urn:epc:class:lgtin:6901234.000001.", CodeLength},
		{"URN reference too long", "urn:epc:class:lgtin:6901234.0000011.A", CodeLength},
		{"company prefix of five digits", "urn:epc:class:lgtin:69012.00000101.A", CodeLength},
		{"letters in a GTIN", "https://id.gs1.org/01/0690123400001A", CodeCharacters},
		{"lot with a space", "https://id.gs1.org/01/06901234000016/10/A%20B", CodeCharacters},
		{"lot with a Chinese character", "https://id.gs1.org/01/06901234000016/10/%E6%A0%B8", CodeCharacters},
		{"broken escape", "urn:epc:class:lgtin:6901234.000001.A%2", CodeCharacters},
		{"URN in capitals", "URN:EPC:class:lgtin:6901234.000001.A", CodeSyntax},
		{"URN without its last component", "urn:epc:class:lgtin:6901234.000001", CodeSyntax},
		{"wildcard in front of the end", "urn:epc:idpat:sgtin:6901234.*.*", CodeCharacters},
		{"pattern without wildcard", "urn:epc:idpat:sgtin:6901234.000001.7", CodeSyntax},
		{"qualifiers out of order", "https://id.gs1.org/01/06901234000016/21/7/10/A", CodeSyntax},
		{"qualifier twice", "https://id.gs1.org/01/06901234000016/10/A/10/B", CodeSyntax},
		{"qualifier of another key", "https://id.gs1.org/00/340123451111111111/10/A", CodeSyntax},
		{"slash at the end", "https://id.gs1.org/01/06901234000016/", CodeSyntax},
		{"canonical domain with a path in front", "https://id.gs1.org/x/01/06901234000016", CodeSyntax},
		{"canonical domain alone", "https://id.gs1.org", CodeSyntax},
		{"GRAI without its zero", "https://id.gs1.org/8003/14012345000771", CodeSyntax},
		{"asset without company prefix", "https://id.gs1.org/8004/ABC345", CodeSyntax},
		{"asset that is a company prefix", "https://id.gs1.org/8004/4012", CodeSyntax},
		{"leading zero of a component serial", "https://id.gs1.org/8010/0628165987/8011/09", CodeCharacters},
		{"scheme without GS1 key", "urn:epc:id:gid:952056.1.1", CodeUnsupported},
		{"tag encoding", "urn:epc:tag:sgtin-96:3.6901234.000001.1", CodeUnsupported},
		{"shop page", "https://example.com/nuts/2026", CodeUnknown},
		{"UUID", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", CodeUnknown},
		{"nothing", "", CodeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.uri)
			wantCode(t, err, tt.code)
			if claims := tt.code == CodeUnknown || strings.HasPrefix(tt.uri, "https://example.com") || strings.Contains(tt.uri, ":tag:"); Claims(tt.uri) == claims {
				t.Errorf("Claims: got %t, want %t", !claims, claims)
			}
		})
	}
}

func TestErrorSentences(t *testing.T) {
	tests := []struct{ uri, want string }{
		{"https://id.gs1.org/01/06901234000015", "GTIN 06901234000015: check digit 5, expected 6"},
		{"https://id.gs1.org/01/0690123", "GTIN 0690123: 7 digits, expected 8, 12, 13 or 14"},
		{"https://id.gs1.org/01/06901234000016/10/A%20B", "lot A B: character ' ' is not allowed"},
	}
	for _, tt := range tests {
		if _, err := Parse(tt.uri); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.uri, err, tt.want)
		}
	}
}

func TestCheckDigit(t *testing.T) {
	tests := []struct {
		digits string
		want   byte
	}{
		{"0690123400001", '6'}, // GTIN-14
		{"690123400001", '6'},  // the same as GTIN-13
		{"9638507", '4'},       // GTIN-8
		{"34012345111111111", '1'},
		{"0", '0'},
	}
	for _, tt := range tests {
		if got, err := CheckDigit(tt.digits); err != nil || got != tt.want {
			t.Errorf("%s: got %c, %v, want %c", tt.digits, got, err, tt.want)
		}
	}
	_, err := CheckDigit("12a")
	wantCode(t, err, CodeCharacters)
	_, err = CheckDigit("")
	wantCode(t, err, CodeLength)
}

func TestPath(t *testing.T) {
	tests := []struct {
		name string
		key  Key
		want string
	}{
		{"lot", Key{"LGTIN", "06901234000016", "L2026A"}, "06901234000016.L2026A"},
		{"lot with reserved characters", Key{"LGTIN", "06901234000016", "a/b%."}, "06901234000016.a%2Fb%25."},
		{"trade item", Key{"GTIN", "06901234000016", ""}, "06901234000016"},
		{"unit", Key{"SGTIN", "06901234000016", "7"}, "sgtin.06901234000016.7"},
		{"pallet", Key{"SSCC", "340123451111111111", ""}, "sscc.340123451111111111"},
		{"place", Key{"SGLN", "4012345000054", ""}, "sgln.4012345000054"},
		{"room in a place", Key{"SGLN", "4012345000054", "122"}, "sgln.4012345000054.122"},
		{"text with dots", Key{"GIAI", "4012345A.B", ""}, "giai.4012345A.B"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.key.Path(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if back, err := ParsePath(tt.want); err != nil || back != tt.key {
				t.Errorf("back: got %+v, %v", back, err)
			}
		})
	}
	if got := (Key{}).Path() + (Key{}).DigitalLink(); got != "" {
		t.Errorf("zero key: got %q, want nothing", got)
	}
}

func TestParsePathRefuses(t *testing.T) {
	tests := []struct {
		name, path string
		code       Code
	}{
		{"thirteen digits", "6901234000016.L2026A", CodeCanonical},
		{"escape in lower case", "06901234000016.a%2fb", CodeCanonical},
		{"needless escape", "06901234000016.%41", CodeCanonical},
		{"type in capitals", "SSCC.340123451111111111", CodeCanonical},
		{"type in front of a lot", "lgtin.06901234000016.L2026A", CodeCanonical},
		{"extension that means none", "sgln.4012345000054.0", CodeCanonical},
		{"dot at the end", "sgln.4012345000054.", CodeCanonical},
		{"slash", "06901234000016.a/b", CodeCanonical},
		{"check digit", "06901234000015.L2026A", CodeCheckDigit},
		{"no lot", "06901234000016.", CodeLength},
		{"broken escape", "06901234000016.%4", CodeCharacters},
		{"no such type", "isbn.9780345418913", CodeUnsupported},
		{"nothing", "", CodeUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParsePath(tt.path)
			wantCode(t, err, tt.code)
		})
	}
}

func TestURN(t *testing.T) {
	tests := []struct {
		urn          string
		prefixLength int
	}{
		{"urn:epc:class:lgtin:6901234.000001.a%2Fb%25.c", 7},
		{"urn:epc:id:sgtin:952001.1012345.222", 6},
		{"urn:epc:idpat:sgtin:6901234.000001.*", 7},
		{"urn:epc:id:sscc:4012345.3111111111", 7},
		{"urn:epc:id:sgln:4012345.00005.0", 7},
		{"urn:epc:id:pgln:999999999999.", 12},
		{"urn:epc:id:grai:4012345.00022.334455", 7},
		{"urn:epc:idpat:grai:4012345.99999.*", 7},
		{"urn:epc:id:giai:4012345.ABC345", 7},
		{"urn:epc:id:itip:4012345.011111.01.02.987", 7},
		{"urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234", 7},
		{"urn:epc:id:gsin:4012345.999987654", 7},
		{"urn:epc:id:gsrnp:4012345.0000098765", 7},
	}
	for _, tt := range tests {
		k, err := Parse(tt.urn)
		if err != nil {
			t.Errorf("%s: %v", tt.urn, err)
			continue
		}
		if got, err := k.URN(tt.prefixLength); err != nil || got != tt.urn {
			t.Errorf("got %s, %v, want %s", got, err, tt.urn)
		}
	}
	_, err := Key{"SSCC", "340123451111111111", ""}.URN(13)
	wantCode(t, err, CodeLength)
	_, err = Key{"LITIP", "040123451111180102", "A"}.URN(7)
	wantCode(t, err, CodeUnsupported)
	_, err = Key{}.URN(7)
	wantCode(t, err, CodeUnsupported)
}

func TestGTINOfKey(t *testing.T) {
	lot := Key{"LGTIN", "06901234000016", "L2026A"}
	if got, want := lot.GTIN(), (Key{Type: "GTIN", Primary: "06901234000016"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (Key{"SSCC", "340123451111111111", ""}).GTIN(); !got.IsZero() {
		t.Errorf("SSCC: got %+v, want the zero key", got)
	}
}

// The GS1 Barcode Syntax Dictionary lists every application identifier with its components, such as
// "8003 ? N1,zero N13,csum,gcppos1 [X..16] dlpkey".
func TestFormsAgainstSyntaxDictionary(t *testing.T) {
	specs := map[string]string{}
	for line := range strings.Lines(string(reference(t, "ref/gs1-syntax-dictionary/gs1-syntax-dictionary.txt"))) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		var parts []string
		for _, field := range fields[1:] {
			name, _, _ := strings.Cut(strings.Trim(field, "[]"), ",")
			if strings.ContainsAny(name[:1], "NXY") && strings.ContainsAny(name, "0123456789") {
				parts = append(parts, name)
			}
		}
		specs[fields[0]] = strings.Join(parts, " ")
	}
	for i := range forms {
		f := &forms[i]
		if got, want := f.dictionarySpec(), specs[f.ai]; got != want {
			t.Errorf("%s: got %s, the dictionary says %s", f.kind, got, want)
		}
		if q := f.qualifier; q.ai != "" {
			if got, want := q.chars.dictionarySpec(), specs[q.ai]; got != want {
				t.Errorf("%s, %s: got %s, the dictionary says %s", f.kind, q.label, got, want)
			}
		}
	}
}
