package types

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"slices"
)

// Delivery is what a member hands another about its private documents: the customs
// message as it was submitted, and what opens the ledger's commitments to what is in it.
// It travels and rests sealed (package types/sealed).
type Delivery struct {
	Format    string              `json:"format"` // DeliveryFormat
	Chain     string              `json:"chain"`
	From      string              `json:"from"`
	Message   []byte              `json:"message"` // the file, as submitted; base64 in JSON
	Documents []DeliveredDocument `json:"documents"`
}

// DeliveredDocument is one document of the message.
type DeliveredDocument struct {
	Index    int     `json:"index"`  // position among the message's documents
	Record   string  `json:"record"` // key of the ledger's record: order/lantu/01J…, or the order's for what has none of its own
	Order    OrderID `json:"order"`
	Seq      int64   `json:"seq"`
	Seed     Secret  `json:"seed"`
	Root     Hash    `json:"root"`
	MatchKey Secret  `json:"matchKey"` // of the order; zero where the sender does not know it
}

// Sealed is a Delivery that only its readers can open. What stands around the body is
// public to whoever carries it.
type Sealed struct {
	Format    string   `json:"format"` // SealedFormat
	Chain     string   `json:"chain"`
	From      string   `json:"from"`
	To        []string `json:"to"`      // members, ascending
	Records   []string `json:"records"` // keys of the ledger's records that it is about, ascending
	Body      []byte   `json:"body"`    // age ciphertext of the Delivery's JSON; base64 in JSON
	Signature Bytes    `json:"signature"`
}

// The formats of deliveries.
const (
	DeliveryFormat = "carya-delivery/1"
	SealedFormat   = "carya-sealed/1"
)

// MaxSealed bounds a sealed delivery's body, in bytes.
const MaxSealed = 48 << 20

const sealedLabel = "carya/sealed/1\x00"

// Digest is what the sender signs: SHA-256 over a domain prefix and the CBOR of
// everything but the signature.
func (s *Sealed) Digest() (Hash, error) {
	data, err := Encode(struct {
		Format  string   `json:"format"`
		Chain   string   `json:"chain"`
		From    string   `json:"from"`
		To      []string `json:"to"`
		Records []string `json:"records"`
		Body    []byte   `json:"body"`
	}{s.Format, s.Chain, s.From, s.To, s.Records, s.Body})
	if err != nil {
		return Hash{}, err
	}
	return sha256.Sum256(append([]byte(sealedLabel), data...)), nil
}

// ID names a sealed delivery: its digest.
func (s *Sealed) ID() (Hash, error) { return s.Digest() }

// Sign signs it with a key of the sender.
func (s *Sealed) Sign(key *ecdsa.PrivateKey) error {
	digest, err := s.Digest()
	if err != nil {
		return err
	}
	s.Signature, err = Sign(digest, key)
	return err
}

// Check verifies form and signature. Whether the address is an active key of From is for
// who knows the members; a refusal says what is wrong.
func (s *Sealed) Check(chain string) (Address, error) {
	switch {
	case s.Format != SealedFormat:
		return Address{}, Refuse(Malformed, "format", "%.40q, this program knows %q", s.Format, SealedFormat)
	case s.Chain != chain:
		return Address{}, Refuse(WrongChain, "chain", "%.60q, this is %q", s.Chain, chain)
	case len(s.To) == 0 || len(s.To) > 20 || !slices.IsSorted(s.To):
		return Address{}, Refuse(FieldInvalid, "to", "%d readers: 1 to 20, ascending", len(s.To))
	case len(s.Records) == 0 || len(s.Records) > 1000 || !slices.IsSorted(s.Records):
		return Address{}, Refuse(FieldInvalid, "records", "%d: 1 to 1000, ascending", len(s.Records))
	case len(s.Body) == 0 || len(s.Body) > MaxSealed:
		return Address{}, Refuse(TooLarge, "body", "%d bytes, at most %d", len(s.Body), MaxSealed)
	}
	digest, err := s.Digest()
	if err != nil {
		return Address{}, err
	}
	address, err := Recover(digest, s.Signature)
	if err != nil {
		return Address{}, fmt.Errorf("sealed delivery from %s: %w", s.From, err)
	}
	return address, nil
}
