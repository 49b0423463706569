package types

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/fxamacker/cbor/v2"
)

// Transaction says one kind of thing, 1 to 1000 times, in one member's name.
type Transaction struct {
	Chain   string `json:"chain"`
	Member  string `json:"member"`
	Kind    string `json:"kind"`
	Expires int64  `json:"expires"` // Unix milliseconds; at most MaxLife after the block's time
	OnError string `json:"onError"` // OnErrorRollback or OnErrorProceed
	Bodies  []Body `json:"bodies"`
}

// Signed is a transaction with its signatures: what travels and stands in blocks.
type Signed struct {
	Transaction Transaction `json:"transaction"`
	Signatures  []Bytes     `json:"signatures"`
}

const (
	// OnErrorRollback undoes the whole transaction when one body is refused,
	// OnErrorProceed keeps the bodies that are not. The words are EPCIS's
	// (GS1-Capture-Error-Behaviour).
	OnErrorRollback = "rollback"
	OnErrorProceed  = "proceed"

	// MaxBodies is how many bodies a transaction may hold.
	MaxBodies = 1000
	// MaxLife is how far, in milliseconds, the expiry may lie after the block's time.
	MaxLife = 10 * 60 * 1000
	// MaxSignatures bounds k-of-n signing.
	MaxSignatures = 16

	// AlgorithmSecp256k1 is the first byte of a signature by a secp256k1 key over the
	// EIP-712 digest: then r and s, 32 bytes each, s in the lower half of the group
	// order, then v, 27 or 28, as wallets return them. SM2 will have the number 2.
	AlgorithmSecp256k1 = 1
	signatureLength    = 66
)

// wire is how transactions are decoded: the bodies wait until the kind is known.
type wire struct {
	Transaction struct {
		Chain   string            `json:"chain"`
		Member  string            `json:"member"`
		Kind    string            `json:"kind"`
		Expires int64             `json:"expires"`
		OnError string            `json:"onError"`
		Bodies  []cbor.RawMessage `json:"bodies"`
	} `json:"transaction"`
	Signatures []Bytes `json:"signatures"`
}

// Encode returns the transaction's one encoding.
func (s *Signed) Encode() ([]byte, error) { return Encode(s) }

// DecodeSigned reads the one encoding of a signed transaction and checks everything
// that needs no state, except the signatures' keys. Errors are refusals.
func DecodeSigned(raw []byte) (*Signed, error) {
	if len(raw) > MaxTxBytes {
		return nil, Refuse(TooLarge, "", "%d bytes, at most %d", len(raw), MaxTxBytes)
	}
	var w wire
	if err := Decode(raw, &w); err != nil {
		return nil, err
	}
	t := w.Transaction
	kind, ok := KindNamed(t.Kind)
	if !ok {
		return nil, Refuse(KindUnknown, "kind", "%.40q", t.Kind)
	}
	if n := len(t.Bodies); n < 1 || n > MaxBodies {
		return nil, Refuse(BodyCount, "bodies", "%d bodies", n)
	}
	s := &Signed{Transaction{t.Chain, t.Member, t.Kind, t.Expires, t.OnError, make([]Body, len(t.Bodies))}, w.Signatures}
	for i, b := range t.Bodies {
		body := kind.New()
		if err := Decode(b, body); err != nil {
			return nil, inBody(i, err)
		}
		s.Transaction.Bodies[i] = body
	}
	return s, s.Transaction.Check()
}

// Check finds what is wrong with a transaction without knowing any state.
func (t *Transaction) Check() error {
	kind, ok := KindNamed(t.Kind)
	if !ok {
		return Refuse(KindUnknown, "kind", "%.40q", t.Kind)
	}
	if n := len(t.Bodies); n < 1 || n > MaxBodies {
		return Refuse(BodyCount, "bodies", "%d bodies", n)
	}
	if !oneOf(t.OnError, OnErrorRollback, OnErrorProceed) {
		return Refuse(FieldInvalid, "onError", "%.20q: rollback or proceed", t.OnError)
	}
	if err := first(checkMember("member", t.Member), checkTime("expires", t.Expires)); err != nil {
		return err
	}
	for i, b := range t.Bodies {
		if got, ok := KindOf(b); !ok || got != kind {
			return Refuse(KindUnknown, index("bodies", i), "%T in a transaction of kind %s", b, t.Kind)
		}
		if err := first(kind.checkIntegers(b), b.Check()); err != nil {
			return inBody(i, err)
		}
	}
	return nil
}

// inBody puts the body's place in front of a refusal's field.
func inBody(i int, err error) error {
	r, ok := err.(*Refusal)
	if !ok {
		return err
	}
	at := index("bodies", i)
	if r.Field != "" {
		at += "." + r.Field
	}
	return &Refusal{r.Code, at, r.Detail}
}

// Verified is a transaction whose bytes and signatures have been checked; whether the
// keys may sign for the member is a question to the state.
type Verified struct {
	*Signed
	Raw     []byte
	Digest  Hash
	Signers []Address // in the order of the signatures, each once
}

// Verify decodes a transaction and recovers who signed it. It is the expensive check
// (one elliptic curve operation a signature) and needs no state.
func (d Domain) Verify(raw []byte) (*Verified, error) {
	s, err := DecodeSigned(raw)
	if err != nil {
		return nil, err
	}
	if s.Transaction.Chain != d.Chain {
		return nil, Refuse(WrongChain, "chain", "%.60q, this is %q", s.Transaction.Chain, d.Chain)
	}
	digest, err := d.Digest(&s.Transaction)
	if err != nil {
		return nil, err
	}
	signers, err := recoverAll(digest, s.Signatures)
	if err != nil {
		return nil, err
	}
	return &Verified{Signed: s, Raw: raw, Digest: digest, Signers: signers}, nil
}

func recoverAll(digest Hash, signatures []Bytes) ([]Address, error) {
	if n := len(signatures); n < 1 || n > MaxSignatures {
		return nil, Refuse(BadSignature, "signatures", "%d signatures, must be 1 to %d", n, MaxSignatures)
	}
	signers := make([]Address, len(signatures))
	for i, s := range signatures {
		a, err := Recover(digest, s)
		if err != nil {
			return nil, Refuse(BadSignature, index("signatures", i), "%v", err)
		}
		for _, before := range signers[:i] {
			if before == a {
				return nil, Refuse(BadSignature, index("signatures", i), "%s signed twice", a)
			}
		}
		signers[i] = a
	}
	return signers, nil
}

// Recover returns the key that made a signature over a digest.
func Recover(digest Hash, signature Bytes) (Address, error) {
	if len(signature) != signatureLength {
		return Address{}, fmt.Errorf("%d bytes, want %d", len(signature), signatureLength)
	}
	if signature[0] != AlgorithmSecp256k1 {
		return Address{}, fmt.Errorf("algorithm %d is not known", signature[0])
	}
	var rsv [65]byte
	copy(rsv[:], signature[1:])
	if rsv[64] != 27 && rsv[64] != 28 {
		return Address{}, fmt.Errorf("v is %d, must be 27 or 28", rsv[64])
	}
	rsv[64] -= 27
	if !lowS(rsv[:64]) {
		return Address{}, fmt.Errorf("s is not in the lower half of the group order")
	}
	public, err := crypto.Ecrecover(digest[:], rsv[:])
	if err != nil {
		return Address{}, err
	}
	return AddressOf(public), nil
}

// AddressOf returns the address of an uncompressed public key (65 bytes, 0x04 first).
func AddressOf(public []byte) Address {
	sum := newKeccak().sum(public[1:])
	return Address(sum[12:])
}

// Sign makes a signature over a digest, in the form that transactions carry. The
// signature is deterministic (RFC 6979) and has the low s.
func Sign(digest Hash, key *ecdsa.PrivateKey) (Bytes, error) {
	rsv, err := crypto.Sign(digest[:], key)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", digest, err)
	}
	rsv[64] += 27
	return append(Bytes{AlgorithmSecp256k1}, rsv...), nil
}

// halfOrder is half the order of secp256k1, big-endian.
var halfOrder = must(ParseHash("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"))

func lowS(rs []byte) bool {
	s := Hash(rs[32:64])
	for i := range s {
		if s[i] != halfOrder[i] {
			return s[i] < halfOrder[i]
		}
	}
	return true
}

// UnmarshalJSON reads a transaction's JSON form, the bodies by the kind it names.
func (t *Transaction) UnmarshalJSON(data []byte) error {
	var w struct {
		Chain   string            `json:"chain"`
		Member  string            `json:"member"`
		Kind    string            `json:"kind"`
		Expires int64             `json:"expires"`
		OnError string            `json:"onError"`
		Bodies  []json.RawMessage `json:"bodies"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return Refuse(Malformed, "", "%v", err)
	}
	kind, ok := KindNamed(w.Kind)
	if !ok {
		return Refuse(KindUnknown, "kind", "%.40q", w.Kind)
	}
	*t = Transaction{w.Chain, w.Member, w.Kind, w.Expires, w.OnError, make([]Body, len(w.Bodies))}
	for i, raw := range w.Bodies {
		b, err := kind.ReadJSON(raw)
		if err != nil {
			return inBody(i, err)
		}
		t.Bodies[i] = b
	}
	return nil
}

// EncodeBody returns a body's one encoding, as an Event holds it.
func EncodeBody(b Body) (cbor.RawMessage, error) { return Encode(b) }

// DecodeBody reads the encoding of a body of the named kind.
func DecodeBody(kind string, data []byte) (Body, error) {
	k, ok := KindNamed(kind)
	if !ok {
		return nil, Refuse(KindUnknown, "kind", "%.40q", kind)
	}
	b := k.New()
	if err := Decode(data, b); err != nil {
		return nil, err
	}
	return b, nil
}

// Result is what became of a transaction in a block. Codes has one entry for each
// body, or none when every body has the transaction's own code.
type Result struct {
	Code  Code   `json:"code"`
	Codes []Code `json:"codes,omitempty"`
	Log   string `json:"log,omitempty"` // text of the first refusal; not part of consensus
}
