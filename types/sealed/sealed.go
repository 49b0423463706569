// Package sealed encrypts deliveries of private documents to their readers, with age
// (filippo.io/age): X25519 recipients, as members publish them on the ledger (SetReader).
package sealed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"

	"github.com/caryaledger/carya/types"
)

// Reader is a member and the age recipient that it reads with.
type Reader struct{ Member, Recipient string }

// Seal encrypts a delivery to readers. The caller signs what it returns.
func Seal(d *types.Delivery, readers []Reader) (*types.Sealed, error) {
	s := &types.Sealed{Format: types.SealedFormat, Chain: d.Chain, From: d.From}
	var recipients []age.Recipient
	for _, r := range readers {
		recipient, err := age.ParseX25519Recipient(r.Recipient)
		if err != nil {
			return nil, fmt.Errorf("reader %s: %w", r.Member, err)
		}
		recipients, s.To = append(recipients, recipient), append(s.To, r.Member)
	}
	for _, document := range d.Documents {
		s.Records = append(s.Records, document.Record)
	}
	slices.Sort(s.To)
	slices.Sort(s.Records)
	s.To, s.Records = slices.Compact(s.To), slices.Compact(s.Records)
	plain, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	w, err := age.Encrypt(&body, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	s.Body = body.Bytes()
	return s, nil
}

// Open decrypts a delivery and checks that it is what its cover says.
func Open(s *types.Sealed, identity age.Identity) (*types.Delivery, error) {
	r, err := age.Decrypt(bytes.NewReader(s.Body), identity)
	if err != nil {
		return nil, fmt.Errorf("delivery from %s: %w", s.From, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, types.MaxSealed+1))
	if err != nil {
		return nil, fmt.Errorf("delivery from %s: %w", s.From, err)
	}
	var d types.Delivery
	if err := json.Unmarshal(plain, &d); err != nil {
		return nil, fmt.Errorf("delivery from %s: %w", s.From, err)
	}
	if d.Format != types.DeliveryFormat || d.Chain != s.Chain || d.From != s.From {
		return nil, fmt.Errorf("delivery from %s on %s: inside it says %.40q from %.40q on %.60q", s.From, s.Chain, d.Format, d.From, d.Chain)
	}
	return &d, nil
}
