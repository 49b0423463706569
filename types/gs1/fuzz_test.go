package gs1

import (
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, uri := range []string{
		"urn:epc:class:lgtin:6901234.000001.a%2Fb%25.c", "urn:epc:id:sgln:4012345.00005.0", "urn:epc:idpat:itip:4012345.012345.01.02.*",
		"https://id.gs1.org/01/06901234000016/10/L2026A", "http://example.de/x/gtin/04012345123456/cpv/344/ser/987654?y#z",
		"https://id.gs1.org/8010/0614141%23/8011/1", "https://id.gs1.org/8004/0.a", "https://id.gs1.org/8003/04012345000221334455", "06901234000016.L2026A",
		"(01)06901234000016(10)L2026A", "(21)7(01)06901234000016(17)271231", "6901234000016.a/b", "340123451111111111",
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := Parse(s); err == nil {
			checkSpellings(t, k)
		}
		if k, err := Read(s, ""); err == nil {
			checkSpellings(t, k)
		}
		if k, err := ParsePath(s); err == nil && k.Path() != s {
			t.Errorf("path %s: got %+v, written %s", s, k, k.Path())
		}
		if amount, err := ParseAmount(s); err == nil && amount > MaxAmount {
			t.Errorf("amount %s: got %d", s, amount)
		}
	})
}

// checkSpellings fails the test unless every spelling of k reads back as k.
func checkSpellings(t *testing.T, k Key) {
	t.Helper()
	if back, err := Parse(k.DigitalLink()); err != nil || back != k {
		t.Errorf("%+v through %s: got %+v, %v", k, k.DigitalLink(), back, err)
	}
	if back, err := ParsePath(k.Path()); err != nil || back != k {
		t.Errorf("%+v through %s: got %+v, %v", k, k.Path(), back, err)
	}
	if strings.Trim(k.Path(), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~%-") != "" {
		t.Errorf("%+v: path %q is not printable", k, k.Path())
	}
	// Parentheses in a value can look like another element, as they do to people.
	if back, err := Read(elementString(k), k.Type); !strings.Contains(k.Primary+k.Qualifier, "(") && (err != nil || back != k) {
		t.Errorf("%+v through %s: got %+v, %v", k, elementString(k), back, err)
	}
	for length := 6; length <= 12; length++ {
		urn, err := k.URN(length)
		if err != nil {
			continue
		}
		if back, err := Parse(urn); err != nil || back != k {
			t.Errorf("%+v through %s: got %+v, %v", k, urn, back, err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, uri := range []string{"urn:epc:class:lgtin:6901234.000001.L2026A", "https://id.gs1.org/01/06901234000016/10/L2026A"} {
		b.Run(uri[:5], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(uri); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
