package gateway

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/caryaledger/carya/app/store"
)

// Keyed is the part of a request that names a record. It is exported because huma fills in
// no embedded struct that is not.
type Keyed struct {
	Key string `path:"key" maxLength:"1024" doc:"the record's key, for instance lot/06901234000016.L2026A; its slashes and percent signs may stand as they are or be escaped once more" example:"lot/06901234000016.L2026A"`
}

// Resolve reads the key from the path as it was sent, because the decoded path does not
// tell %2F from a slash.
func (k *Keyed) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	prefix, _, _ := strings.Cut(ctx.Operation().Path, "{")
	sent, ok := strings.CutPrefix(u.EscapedPath(), prefix)
	if !ok {
		return []error{&huma.ErrorDetail{Location: "path.key", Message: "the path is not spelled as in the documentation"}}
	}
	key, err := readKey(sent)
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "path.key", Message: err.Error(), Value: sent}}
	}
	k.Key = key
	return nil
}

// readKey reads a key that stands in an escaped path. Keys are percent-encoded
// themselves (package gs1): a lot number A/B stands in its key as A%2FB. People paste
// keys into addresses as they are; programs escape them again, to A%252FB. Both mean the
// same key: a segment that is a key's segment after decoding was escaped by a program, and
// any other is taken as it is, in its one spelling.
func readKey(sent string) (string, error) {
	segments := strings.Split(sent, "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return "", err
		}
		if !isSegment(decoded) {
			decoded = escape(decoded)
		}
		segments[i] = decoded
	}
	key := strings.Join(segments, "/")
	if key == "" || len(key) > store.MaxKey {
		return "", fmt.Errorf("a key of %d bytes, must be 1 to %d", len(key), store.MaxKey)
	}
	return key, nil
}

// isSegment reports whether s is spelled as in a key: unreserved characters (RFC 3986
// §2.3), everything else percent-encoded in upper case.
func isSegment(s string) bool {
	plain, err := url.PathUnescape(s)
	return err == nil && escape(plain) == s
}

const upperHex = "0123456789ABCDEF"

// escape percent-encodes everything but unreserved characters.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if unreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
	}
	return b.String()
}

func unreserved(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
