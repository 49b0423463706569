package types

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// MaxTxBytes bounds an encoded transaction; a thousand bodies fit in it. It is equal
// on all nodes, because CometBFT drops a peer that sends a larger one.
const MaxTxBytes = 1 << 20

// MaxInteger is the largest magnitude of any integer: 2^53-1, which every JSON
// implementation carries exactly (RFC 7493 §2.2).
const MaxInteger = 1<<53 - 1

// The wire, the state and the events are deterministic CBOR: RFC 8949 §4.2.1.
var (
	encoder = must(cbor.EncOptions{
		Sort:          cbor.SortCoreDeterministic,
		IndefLength:   cbor.IndefLengthForbidden,
		NilContainers: cbor.NilContainerAsEmpty,
		TagsMd:        cbor.TagsForbidden,
	}.EncMode())
	decoder = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		MaxNestedLevels:   16,
		MaxArrayElements:  1 << 17,
		MaxMapPairs:       64,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Encode returns the one encoding of a value made of the catalogue's field types.
// It fails only for a type that the catalogue would not have admitted.
func Encode(v any) ([]byte, error) { return encoder.Marshal(v) }

// Decode reads the one encoding of a value into the struct that v points to, and
// refuses every other encoding: unknown, missing or repeated fields, other lengths,
// other orders, trailing bytes.
func Decode(data []byte, v any) error {
	if err := decoder.Unmarshal(data, v); err != nil {
		return Refuse(Malformed, "", "%v", err)
	}
	again, err := Encode(v)
	if err != nil {
		return fmt.Errorf("encode %T again: %w", v, err)
	}
	if !bytes.Equal(data, again) {
		return Refuse(NotCanonical, "", "%T encodes to other bytes", v)
	}
	return nil
}

// DecodeState reads a value that this node encoded itself, from its own state: it does
// not encode again to compare.
func DecodeState(data []byte, v any) error { return decoder.Unmarshal(data, v) }
