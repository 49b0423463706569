package types

import (
	"fmt"
	"strings"
)

// Family is one family of keys in the state: everything below a prefix.
type Family struct {
	Prefix string // without the slash; "chain/params" and "chain/blocks" are whole keys
	Says   string
	new    func() any
}

// The families of keys: all that the state can hold, one line each. The rules reach
// them through package app's tables, which are declared over the same prefixes.
var Families = []Family{
	family[Member](PrefixMember, "an organisation, by its id"),
	family[KeyOwner](PrefixKey, "whose a signing key is, by its address"),
	family[Lot](PrefixLot, "a lot, by GTIN and lot number"),
	family[Order](PrefixOrder, "an order, by platform and ULID"),
	family[Document](PrefixPayment, "which order a payment belongs to, by payment company and ULID"),
	family[Document](PrefixWaybill, "which order a waybill belongs to, by carrier and ULID"),
	family[Document](PrefixDeclaration, "which order a declaration belongs to, by declarant and ULID"),
	family[ChainParams](KeyParams, "the parameters in force"),
	family[Blocks](KeyBlocks, "the hashes of all blocks"),
	family[LiveDigests](PrefixLive, "the live transaction digests of one block, by height"),
}

// The prefixes and whole keys of the state.
const (
	PrefixMember      = "member"
	PrefixKey         = "key"
	PrefixLot         = "lot"
	PrefixOrder       = "order"
	PrefixPayment     = "payment"
	PrefixWaybill     = "waybill"
	PrefixDeclaration = "declaration"
	PrefixLive        = "chain/live"
	KeyParams         = "chain/params"
	KeyBlocks         = "chain/blocks"
)

// LiveDigests commits to the digests of one block that have not expired: record
// chain/live/<height>. It has no history, because it is itself a part of one.
type LiveDigests struct {
	Digests Hash   `json:"digests"` // SHA-256 over the digests in block order
	Count   uint64 `json:"count"`
	Until   int64  `json:"until"` // the latest expiry among them, Unix milliseconds
}

func family[T any](prefix, says string) Family {
	return Family{prefix, says, func() any { return new(T) }}
}

// FamilyOf returns the family that a key belongs to.
func FamilyOf(key string) (*Family, error) {
	for i := range Families {
		f := &Families[i]
		if key == f.Prefix || strings.HasPrefix(key, f.Prefix+"/") {
			return f, nil
		}
	}
	return nil, Refuse(NotFound, "key", "%.100q begins like no family of records", key)
}

// DecodeAny reads a record's value into the struct of its family.
func DecodeAny(key string, value []byte) (any, error) {
	f, err := FamilyOf(key)
	if err != nil {
		return nil, err
	}
	v := f.new()
	if err := Decode(value, v); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return v, nil
}

// DecodeRecord reads a record that has a history.
func DecodeRecord(key string, value []byte) (Record, error) {
	v, err := DecodeAny(key, value)
	if err != nil {
		return nil, err
	}
	r, ok := v.(Record)
	if !ok {
		return nil, Refuse(NotFound, "key", "%s has no history", key)
	}
	return r, nil
}
