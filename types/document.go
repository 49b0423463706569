package types

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/oklog/ulid/v2"
)

// Secret is 32 random bytes: a member's stream secret, a document's seed or an
// order's match key. In JSON it is "0x" and 64 hexadecimal digits.
type Secret = Hash

// DocumentField is one field of a private document: a path unique within the document
// and its value.
type DocumentField struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// The first bytes of everything that is hashed or authenticated with a secret, so that
// a value made for one purpose means nothing for another.
const (
	saltLabel   = "carya/salt/1\x00"
	tagLabel    = "carya/tag/1\x00"
	streamLabel = "carya/stream/1\x00"
	matchLabel  = "carya/match/1\x00"
	returnLabel = "carya/return/1\x00"
	bookLabel   = "carya/book/1\x00"
)

// DocumentRoot commits to a document: the RFC 6962 root over one leaf for each field,
// in order. A leaf is CBOR [salt, path, value]; its salt is
// HMAC-SHA256(seed, label, position, path), so that one field can be disclosed with
// its salt and says nothing about the others, and forgetting the seed erases them all.
func DocumentRoot(kind string, fields []DocumentField, seed Secret) (Hash, error) {
	log := History{}
	for i, f := range append([]DocumentField{{"kind", kind}}, fields...) {
		leaf, err := DocumentLeaf(seed, i, f)
		if err != nil {
			return Hash{}, err
		}
		if err := log.Append(leaf); err != nil {
			return Hash{}, err
		}
	}
	return log.Root()
}

// DocumentLeaf is the leaf hash of the field at a position; position 0 is the kind.
func DocumentLeaf(seed Secret, position int, f DocumentField) (Hash, error) {
	data, err := Encode(struct {
		Salt  Hash   `json:"salt"`
		Path  string `json:"path"`
		Value string `json:"value"`
	}{Keyed(seed, saltLabel, uint64Text(position), f.Path), f.Path, f.Value})
	if err != nil {
		return Hash{}, fmt.Errorf("leaf of %s: %w", f.Path, err)
	}
	return LeafHash(data), nil
}

// MatchTag is what consensus compares: HMAC-SHA256 of a named value under the order's
// match key.
func MatchTag(key Secret, name, value string) Hash { return Keyed(key, tagLabel, name, value) }

// NumberTag is what a payment, waybill or declaration (slot: SlotPayment …) shows to be
// put beside an order: HMAC-SHA256 of the order number under the match key, another
// one for each slot.
func NumberTag(key Secret, slot, number string) Hash {
	return Keyed(key, tagLabel, TagNumber, slot, number)
}

// NumberLock is what the order holds of a NumberTag: its SHA-256.
func NumberLock(tag Hash) Hash { return sha256.Sum256(tag[:]) }

// MatchKey derives an order's match key from the platform's secret and the order's
// ULID, so that the platform need not store it.
func MatchKey(secret Secret, order string) Secret { return Keyed(secret, matchLabel, order) }

// StreamID names a document in its issuer's stream: a ULID with the document's own
// time (Unix milliseconds) and, as its random part, a keyed hash of the issuer's
// number for it. The same document always gets the same name, and the name tells
// nobody the number.
func StreamID(secret Secret, slot, number string, ms int64) (string, error) {
	if ms < 0 || uint64(ms) > ulid.MaxTime() {
		return "", fmt.Errorf("stream id of %s: %d is not a time in Unix milliseconds", slot, ms)
	}
	var id ulid.ULID
	if err := id.SetTime(uint64(ms)); err != nil {
		return "", err
	}
	keyed := Keyed(secret, streamLabel, slot, number)
	if err := id.SetEntropy(keyed[:10]); err != nil {
		return "", err
	}
	return id.String(), nil
}

// Keyed is HMAC-SHA256 over a label and length-prefixed parts.
func Keyed(key Secret, label string, parts ...string) Hash {
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(label))
	for _, p := range parts {
		m.Write([]byte(uint64Text(len(p))))
		m.Write([]byte(p))
	}
	return Hash(m.Sum(nil))
}

func uint64Text(n int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// Ticket is what a platform hands to the payment company, the carrier and the
// declarant of an order, outside the ledger: the order's name there and the key that
// makes its match tags.
type Ticket struct {
	Format   string  `json:"format"` // TicketFormat
	Chain    string  `json:"chain"`
	Order    OrderID `json:"order"`
	Number   string  `json:"number"` // the platform's order number
	MatchKey Secret  `json:"matchKey"`
}

// TicketFormat names the ticket file's format.
const TicketFormat = "carya-ticket/1"

// ParseTicket reads a ticket file.
func ParseTicket(file []byte) (*Ticket, error) {
	var t Ticket
	if err := json.Unmarshal(file, &t); err != nil {
		return nil, fmt.Errorf("ticket: %w", err)
	}
	if t.Format != TicketFormat {
		return nil, fmt.Errorf("ticket: format %.40q, this program knows %q", t.Format, TicketFormat)
	}
	return &t, checkOrder("order", t.Order)
}
