// Package bearer says who may do what not everybody may who reaches a node's gateway: the
// holders of a token (RFC 6750) or, without tokens, whoever is on the node's machine.
package bearer

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Tokens are those of a node's clients.
type Tokens []token

type token struct {
	name string
	hash [sha256.Size]byte
}

// The bounds of a token file.
const (
	minToken  = 16 // characters; openssl rand -hex 16 makes 32
	maxTokens = 1000
)

// ReadTokens reads a file with a name and a token on each line. Empty lines and lines that begin
// with # say nothing.
func ReadTokens(file string) (Tokens, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all Tokens
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 2 {
			return nil, fmt.Errorf("%s, line %d: write a name and a token, with a space between them", file, n)
		}
		if len(words[1]) < minToken {
			return nil, fmt.Errorf("%s, line %d: the token of %s has %d characters, at least %d (openssl rand -hex 16 makes one)",
				file, n, words[0], len(words[1]), minToken)
		}
		if slices.ContainsFunc(all, func(t token) bool { return t.name == words[0] }) {
			return nil, fmt.Errorf("%s, line %d: %s stands twice", file, n, words[0])
		}
		all = append(all, token{words[0], sha256.Sum256([]byte(words[1]))})
	}
	if len(all) == 0 || len(all) > maxTokens {
		return nil, fmt.Errorf("%s: %d tokens, must be 1 to %d", file, len(all), maxTokens)
	}
	return all, nil
}

// owner returns whose token it is. It takes the same time whichever it is, or none.
func (t Tokens) owner(secret string) (name string, ok bool) {
	hash := sha256.Sum256([]byte(secret))
	for i := range t {
		if subtle.ConstantTimeCompare(hash[:], t[i].hash[:]) == 1 {
			name, ok = t[i].name, true
		}
	}
	return name, ok
}

// Caller is what a request says of who sent it.
type Caller struct {
	Authorization string // header
	Host          string // header
	Proxied       bool   // another header says that a proxy passed it on (Proxied)
}

// CallerOf reads a request.
func CallerOf(r *http.Request) Caller {
	return Caller{r.Header.Get("Authorization"), r.Host, Proxied(r.Header.Get)}
}

// Proxied reports whether any header is there that proxies add.
func Proxied(header func(string) string) bool {
	return slices.ContainsFunc([]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"},
		func(name string) bool { return header(name) != "" })
}

// Gate is who may pass.
type Gate struct {
	Tokens  Tokens
	Local   bool   // the gateway listens on loopback: without tokens, callers on this machine may
	Setting string // of config.toml that names the token file
}

// Admit returns 0, or the HTTP status to refuse a caller with and why. field is the header
// at fault, "" for none.
func (g *Gate) Admit(c Caller) (status int, field, why string) {
	if len(g.Tokens) > 0 {
		scheme, secret, _ := strings.Cut(c.Authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") || secret == "" {
			return http.StatusUnauthorized, "Authorization", "this needs a token: Authorization: Bearer <token>"
		}
		if _, ok := g.Tokens.owner(strings.TrimSpace(secret)); !ok {
			return http.StatusUnauthorized, "Authorization", "the token is none of this node's"
		}
		return 0, "", ""
	}
	if !g.Local || !c.fromHere() {
		return http.StatusForbidden, "", "only callers on this machine may do that, because no tokens are configured: set " +
			g.Setting + " in config.toml, with a line `name token` for each client"
	}
	return 0, "", ""
}

// fromHere reports whether a request to a gateway on loopback comes from this machine for
// this machine: through a proxy it comes from anywhere, and under another host name from
// a web page that made that name point here.
func (c Caller) fromHere() bool {
	if c.Proxied {
		return false
	}
	host := c.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
