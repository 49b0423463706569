package gateway

import (
	"net/url"
	"strings"
	"testing"
)

func TestReadKey(t *testing.T) {
	for _, test := range []struct{ name, sent, want string }{
		{"plain", "member/coop", "member/coop"},
		{"as it is", "lot/06901234000016.A%2FB", "lot/06901234000016.A%2FB"},
		{"escaped once more", "lot/06901234000016.A%252FB", "lot/06901234000016.A%2FB"},
		{"slash escaped with the rest", "lot%2F06901234000016.A", "lot%2F06901234000016.A"},
		{"lower-case hexadecimal", "lot/06901234000016.A%2fB", "lot/06901234000016.A%2FB"},
		{"needless escapes", "lot/%30690123400001%36.A", "lot/06901234000016.A"},
		{"a percent sign in the lot number, as it is", "lot/06901234000016.A%25B", "lot/06901234000016.A%25B"},
		{"the same, escaped once more", "lot/06901234000016.A%2525B", "lot/06901234000016.A%25B"},
		{"other characters, as a browser sends them", "lot/06901234000016.A(B)", "lot/06901234000016.A%28B%29"},
		{"order", "order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q", "order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readKey(test.sent)
			if err != nil || got != test.want {
				t.Errorf("readKey(%q) = %q, %v; want %q", test.sent, got, err, test.want)
			}
		})
	}
}

func TestReadKeyRefuses(t *testing.T) {
	for _, sent := range []string{"", "lot/%", "lot/%zz", strings.Repeat("a", 1025)} {
		if got, err := readKey(sent); err == nil {
			t.Errorf("readKey(%.20q) = %.20q, want an error", sent, got)
		}
	}
}

// FuzzReadKey holds that reading is stable: what was read reads as itself, and reads as
// itself when a program escapes it for the path.
func FuzzReadKey(f *testing.F) {
	for _, s := range []string{"member/coop", "lot/06901234000016.A%2FB", "a%25b", "%2541", "a/%/b", "//", "ü", "a%C3%BCb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		key, err := readKey(sent)
		if err != nil {
			return
		}
		for _, segment := range strings.Split(key, "/") {
			if !isSegment(segment) {
				t.Fatalf("readKey(%q) = %q, whose %q is no segment", sent, key, segment)
			}
		}
		escaped := (&url.URL{Path: "/" + key}).EscapedPath()[1:]
		again, err := readKey(escaped)
		if err == nil && again != key {
			t.Fatalf("%q escaped to %q reads as %q", key, escaped, again)
		}
	})
}
