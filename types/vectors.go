package types

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/fxamacker/cbor/v2"
)

// Vectors are test vectors for implementations in other languages: transactions that
// must be accepted, byte for byte, and byte strings that must be refused with a code.
type Vectors struct {
	Format     string    `json:"format"`
	Chain      string    `json:"chain"`
	Genesis    Hash      `json:"genesis"`
	PrivateKey Hash      `json:"privateKey"` // secp256k1, of every signature here
	Signer     Address   `json:"signer"`
	Accepted   []Vector  `json:"accepted"`
	Refused    []Variant `json:"refused"`
}

// Vector is one accepted transaction.
type Vector struct {
	Name        string      `json:"name"`
	Transaction Transaction `json:"transaction"`
	EncodeType  string      `json:"encodeType"`
	Digest      Hash        `json:"digest"`
	Signature   Bytes       `json:"signature"`
	CBOR        Bytes       `json:"cbor"` // of the signed transaction
}

// Variant is a byte string that must be refused with this code.
type Variant struct {
	Why  string `json:"why"`
	Code Code   `json:"code"`
	CBOR Bytes  `json:"cbor"`
}

// VectorsFormat names the format.
const VectorsFormat = "carya-vectors/1"

// NewVectors makes the vectors; they are the same each time.
func NewVectors() (*Vectors, error) {
	v := &Vectors{Format: VectorsFormat, Chain: "carya-test-1", Genesis: exampleHash(0xca), PrivateKey: Hash{31: 1}}
	for _, k := range Catalogue {
		for _, n := range []int{1, 3} {
			one, err := v.accepted(k, n)
			if err != nil {
				return nil, fmt.Errorf("vector of %s: %w", k.Name, err)
			}
			v.Accepted = append(v.Accepted, *one)
		}
	}
	return v, v.refuse()
}

func (v *Vectors) accepted(k *Kind, bodies int) (*Vector, error) {
	tx := Transaction{v.Chain, "lantu", k.Name, exampleTime + 60_000, OnErrorRollback, nil}
	for range bodies {
		tx.Bodies = append(tx.Bodies, k.Example())
	}
	signed, digest, err := v.sign(tx)
	if err != nil {
		return nil, err
	}
	raw, err := signed.Encode()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s with %d bodies", k.Name, bodies)
	return &Vector{name, tx, k.tx.encodeType(), digest, signed.Signatures[0], raw}, nil
}

func (v *Vectors) sign(tx Transaction) (*Signed, Hash, error) {
	key, err := crypto.ToECDSA(v.PrivateKey[:])
	if err != nil {
		return nil, Hash{}, err
	}
	v.Signer = AddressOf(crypto.FromECDSAPub(&key.PublicKey))
	digest, err := NewDomain(v.Chain, v.Genesis).Digest(&tx)
	if err != nil {
		return nil, Hash{}, err
	}
	signature, err := Sign(digest, key)
	return &Signed{tx, []Bytes{signature}}, digest, err
}

// refuse derives what must be refused from one accepted transaction.
func (v *Vectors) refuse() error {
	good := v.of("OfferLot") // it has a string, a name and a number
	for _, make := range []func(Vector) ([]Variant, error){variantBytes, v.variantFields, variantSignatures} {
		list, err := make(good)
		if err != nil {
			return err
		}
		v.Refused = append(v.Refused, list...)
	}
	return nil
}

// of returns the accepted transaction of a kind with one body.
func (v *Vectors) of(kind string) Vector {
	i := slices.IndexFunc(v.Accepted, func(a Vector) bool { return a.Transaction.Kind == kind })
	return v.Accepted[i]
}

// variantBytes are other encodings of the same value, and what is no encoding.
func variantBytes(good Vector) ([]Variant, error) {
	raw := good.CBOR
	var tree map[string]any
	if err := cbor.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	unsorted, err := must(cbor.EncOptions{Sort: cbor.SortBytewiseLexical}.EncMode()).Marshal(reversed(tree))
	if err != nil {
		return nil, err
	}
	unknown, err := with(raw, func(t map[string]any) { t["transaction"].(map[any]any)["colour"] = "red" })
	if err != nil {
		return nil, err
	}
	missing, err := with(raw, func(t map[string]any) { delete(t["transaction"].(map[any]any), "onError") })
	if err != nil {
		return nil, err
	}
	return []Variant{
		{"nothing", Malformed, Bytes{}},
		{"not CBOR", Malformed, Bytes("{}")},
		{"cut short", Malformed, raw[:len(raw)-1]},
		{"a byte too many", Malformed, append(bytes.Clone(raw), 0)},
		{"keys in another order", NotCanonical, unsorted},
		{"a number in more bytes than it needs", NotCanonical, longNumber(raw)},
		{"an unknown field", Malformed, unknown},
		{"a missing field", NotCanonical, missing},
	}, nil
}

// longNumber rewrites the length of the two-element signed map in two bytes.
func longNumber(raw []byte) []byte { return append([]byte{0xb8, 0x02}, raw[1:]...) }

// reversed puts the two members of a signed transaction in the wrong order.
func reversed(tree map[string]any) any {
	return cbor.RawMessage(bytes.Join([][]byte{
		{0xa2},
		must(Encode("transaction")), must(Encode(tree["transaction"])),
		must(Encode("signatures")), must(Encode(tree["signatures"])),
	}, nil))
}

// with changes the decoded tree and encodes it again.
func with(raw []byte, change func(map[string]any)) ([]byte, error) {
	var tree map[string]any
	if err := cbor.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	change(tree)
	return Encode(tree)
}

// variantFields are well-encoded transactions that say something that is not allowed.
func (v *Vectors) variantFields(good Vector) ([]Variant, error) {
	var list []Variant
	for _, c := range []struct {
		why    string
		code   Code
		change func(*Transaction)
	}{
		{"another chain", WrongChain, func(t *Transaction) { t.Chain = "carya-test-2" }},
		{"a member's name in capitals", FieldInvalid, func(t *Transaction) { t.Member = "Lantu" }},
		{"an onError that is neither rollback nor proceed", FieldInvalid, func(t *Transaction) { t.OnError = "ignore" }},
		{"no bodies", BodyCount, func(t *Transaction) { t.Bodies = nil }},
		{"an expiry beyond 2^53-1", FieldInvalid, func(t *Transaction) { t.Expires = MaxInteger + 1 }},
		{"a lot with a wrong check digit", FieldInvalid, func(t *Transaction) {
			t.Bodies = []Body{&AcceptLot{Lot: "06901234000017.L1", From: "lantu"}}
			t.Kind = "AcceptLot"
		}},
		{"a unit that Recommendation 20 does not have", UnitInvalid, func(t *Transaction) {
			t.Kind, t.Bodies = "AcceptLot", []Body{&AcceptLot{"06901234000016.L1", "lantu", 1, "XYZ"}}
		}},
		{"a quantity without a unit", UnitInvalid, func(t *Transaction) {
			t.Kind, t.Bodies = "AcceptLot", []Body{&AcceptLot{"06901234000016.L1", "lantu", 1, ""}}
		}},
		{"an event that is not in canonical form", EventInvalid, func(t *Transaction) {
			t.Kind, t.Bodies = "CaptureEvent", []Body{&CaptureEvent{Event: exampleEvent + " "}}
		}},
		{"an event of no type of EPCIS", EventInvalid, func(t *Transaction) {
			t.Kind, t.Bodies = "CaptureEvent", []Body{&CaptureEvent{Event: strings.Replace(exampleEvent, "Transformation", "Sale", 1)}}
		}},
	} {
		tx := good.Transaction
		c.change(&tx)
		signed, _, err := v.sign(tx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.why, err)
		}
		raw, err := signed.Encode()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.why, err)
		}
		list = append(list, Variant{c.why, c.code, raw})
	}
	return list, nil
}

// variantSignatures are good transactions with signatures in forms that are not allowed.
func variantSignatures(good Vector) ([]Variant, error) {
	var list []Variant
	for _, c := range []struct {
		why    string
		change func(s Bytes) []Bytes
	}{
		{"no signature", func(Bytes) []Bytes { return []Bytes{} }},
		{"the same signer twice", func(s Bytes) []Bytes { return []Bytes{s, s} }},
		{"an unknown algorithm", func(s Bytes) []Bytes { s[0] = 9; return []Bytes{s} }},
		{"v as 0 or 1", func(s Bytes) []Bytes { s[65] -= 27; return []Bytes{s} }},
		{"s in the upper half of the order", func(s Bytes) []Bytes { return []Bytes{highS(s)} }},
		{"a byte too few", func(s Bytes) []Bytes { return []Bytes{s[:65]} }},
		{"r of zero", func(s Bytes) []Bytes { clear(s[1:33]); return []Bytes{s} }},
	} {
		signed := Signed{good.Transaction, c.change(bytes.Clone(good.Signature))}
		raw, err := signed.Encode()
		if err != nil {
			return nil, err
		}
		list = append(list, Variant{c.why, BadSignature, raw})
	}
	return list, nil
}

// highS is the other signature over the same digest by the same key.
func highS(s Bytes) Bytes {
	order := crypto.S256().Params().N
	high := new(big.Int).Sub(order, new(big.Int).SetBytes(s[33:65]))
	high.FillBytes(s[33:65])
	s[65] = 27 + 28 - s[65]
	return s
}
