package types

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Hash is 32 bytes: a SHA-256 or Keccak-256 value, or an HMAC-SHA256 match tag.
// In JSON it is "0x" and 64 lower-case hexadecimal digits.
type Hash [32]byte

// Address identifies a secp256k1 key: the last 20 bytes of the Keccak-256 of its
// public key, as on Ethereum. In JSON it is "0x" and 40 lower-case hexadecimal
// digits; the mixed-case checksum form (EIP-55) is read too.
type Address [20]byte

// Bytes is a byte string; in JSON "0x" and hexadecimal digits.
type Bytes []byte

func (h Hash) String() string    { return "0x" + hex.EncodeToString(h[:]) }
func (a Address) String() string { return "0x" + hex.EncodeToString(a[:]) }
func (b Bytes) String() string   { return "0x" + hex.EncodeToString(b) }

// IsZero reports whether no byte of the hash is set, which stands for "none".
func (h Hash) IsZero() bool { return h == Hash{} }

func (h Hash) MarshalText() ([]byte, error)    { return []byte(h.String()), nil }
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
func (b Bytes) MarshalText() ([]byte, error)   { return []byte(b.String()), nil }

func (h *Hash) UnmarshalText(text []byte) error    { return unhex(h[:], string(text)) }
func (a *Address) UnmarshalText(text []byte) error { return unhex(a[:], string(text)) }

func (b *Bytes) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok {
		return fmt.Errorf("bytes %q: must begin with 0x", text)
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("bytes %.20q: %w", text, err)
	}
	*b = raw
	return nil
}

// ParseHash reads the JSON form of a hash.
func ParseHash(s string) (h Hash, err error) { return h, h.UnmarshalText([]byte(s)) }

// ParseAddress reads the JSON form of an address.
func ParseAddress(s string) (a Address, err error) { return a, a.UnmarshalText([]byte(s)) }

func unhex(into []byte, s string) error {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 2*len(into) {
		return fmt.Errorf("%.80q: want 0x and %d hexadecimal digits", s, 2*len(into))
	}
	if _, err := hex.Decode(into, []byte(digits)); err != nil {
		return fmt.Errorf("%q: %w", s, err)
	}
	return nil
}
