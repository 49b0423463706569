package client

import (
	"crypto/ecdsa"
	"fmt"
	"time"

	"github.com/caryaledger/carya/types"
)

// DefaultLife is how long after its signing a transaction expires unless its Terms say otherwise. The chain admits up to
// types.MaxLife.
const DefaultLife = 2 * time.Minute

// Signer signs transactions in one member's name. It keeps no state and may be used by any number of goroutines.
type Signer struct {
	Member string
	Domain types.Domain
	Keys   []*ecdsa.PrivateKey // one, or as many as the member's threshold asks for
}

// Terms are what a transaction says besides its bodies. The zero value is a good one.
type Terms struct {
	Expires time.Time // zero: DefaultLife from now
	OnError string    // types.OnErrorRollback, which is also "", or types.OnErrorProceed
}

// Sign makes a transaction of 1 to types.MaxBodies bodies of one kind, checks everything about it that needs no state,
// and signs it with every key. It returns the bytes to submit, and the digest that identifies them.
func (s *Signer) Sign(terms Terms, bodies ...types.Body) (raw []byte, digest types.Hash, err error) {
	tx, digest, err := s.Transaction(terms, bodies...)
	if err != nil {
		return nil, digest, err
	}
	if len(s.Keys) == 0 {
		return nil, digest, fmt.Errorf("sign %s for %s: no key", tx.Kind, s.Member)
	}
	signed := types.Signed{Transaction: *tx}
	for _, key := range s.Keys {
		signature, err := types.Sign(digest, key)
		if err != nil {
			return nil, digest, err
		}
		signed.Signatures = append(signed.Signatures, signature)
	}
	raw, err = signed.Encode()
	if err == nil && len(raw) > types.MaxTxBytes {
		err = types.Refuse(types.TooLarge, "", "%d bytes, at most %d", len(raw), types.MaxTxBytes)
	}
	return raw, digest, err
}

// Transaction makes the transaction that Sign would sign.
func (s *Signer) Transaction(terms Terms, bodies ...types.Body) (*types.Transaction, types.Hash, error) {
	if len(bodies) == 0 {
		return nil, types.Hash{}, types.Refuse(types.BodyCount, "bodies", "no bodies")
	}
	kind, ok := types.KindOf(bodies[0])
	if !ok {
		return nil, types.Hash{}, types.Refuse(types.KindUnknown, "bodies[0]", "%T is of no kind", bodies[0])
	}
	if terms.Expires.IsZero() {
		terms.Expires = time.Now().Add(DefaultLife)
	}
	tx := &types.Transaction{
		Chain: s.Domain.Chain, Member: s.Member, Kind: kind.Name,
		Expires: terms.Expires.UnixMilli(), OnError: first(terms.OnError, types.OnErrorRollback), Bodies: bodies,
	}
	if err := tx.Check(); err != nil {
		return nil, types.Hash{}, err
	}
	digest, err := s.Domain.Digest(tx)
	return tx, digest, err
}
