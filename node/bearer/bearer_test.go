package bearer

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tokenFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTokens(t *testing.T) {
	tokens, err := ReadTokens(tokenFile(t, "# clients\nscanner 0123456789abcdef\n\nerp fedcba9876543210\n"))
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := tokens.owner("fedcba9876543210"); !ok || name != "erp" {
		t.Errorf("%s %v", name, ok)
	}
	for _, secret := range []string{"", "fedcba987654321", "erp", "# clients"} {
		if name, ok := tokens.owner(secret); ok {
			t.Errorf("%q is %s's", secret, name)
		}
	}
	for text, want := range map[string]string{
		"":                                       "0 tokens",
		"scanner":                                "line 1: write a name and a token",
		"\nscanner short":                        "line 2: the token of scanner has 5 characters",
		"a 0123456789abcdef b":                   "write a name and a token",
		"a 0123456789abcdef\na fedcba9876543210": "a stands twice",
	} {
		if _, err := ReadTokens(tokenFile(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestGate(t *testing.T) {
	tokens, err := ReadTokens(tokenFile(t, "erp fedcba9876543210"))
	if err != nil {
		t.Fatal(err)
	}
	here := Caller{Host: "127.0.0.1:26680"}
	for _, row := range []struct {
		name string
		gate Gate
		who  Caller
		want int
	}{
		{"a token", Gate{Tokens: tokens}, Caller{Authorization: "Bearer fedcba9876543210"}, 0},
		{"another token", Gate{Tokens: tokens}, Caller{Authorization: "Bearer 0000000000000000"}, http.StatusUnauthorized},
		{"no token", Gate{Tokens: tokens, Local: true}, here, http.StatusUnauthorized},
		{"from here", Gate{Local: true}, here, 0},
		{"from here by name", Gate{Local: true}, Caller{Host: "localhost"}, 0},
		{"through a proxy", Gate{Local: true}, Caller{Host: "127.0.0.1", Proxied: true}, http.StatusForbidden},
		{"by a name that was made to point here", Gate{Local: true}, Caller{Host: "evil.example"}, http.StatusForbidden},
		{"to a gateway for all", Gate{}, here, http.StatusForbidden},
	} {
		if got, _, why := row.gate.Admit(row.who); got != row.want || (got == 0) != (why == "") {
			t.Errorf("%s: %d %q, want %d", row.name, got, why, row.want)
		}
	}
}
