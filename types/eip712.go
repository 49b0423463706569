package types

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
)

// Domain binds signatures to one chain: the EIP-712 domain {name "Carya", version "1",
// verifyingContract = the first 20 bytes of the genesis hash}. It has no chainId and
// no salt, because wallets refuse or mangle them.
type Domain struct {
	Chain     string // chain id, as it stands in transactions
	Contract  Address
	separator Hash
}

// The EIP-712 domain's constant parts.
const (
	DomainName    = "Carya"
	DomainVersion = "1"
)

// NewDomain returns the domain of the chain with that id and genesis hash.
func NewDomain(chain string, genesis Hash) Domain {
	d := Domain{Chain: chain, Contract: Address(genesis[:20])}
	k := newKeccak()
	typeHash := k.sum([]byte("EIP712Domain(string name,string version,address verifyingContract)"))
	name, version := k.sum([]byte(DomainName)), k.sum([]byte(DomainVersion))
	contract := addressWord(d.Contract)
	d.separator = k.sum(typeHash[:], name[:], version[:], contract[:])
	return d
}

// Digest returns what a transaction's signatures sign and what identifies it.
func (d Domain) Digest(tx *Transaction) (Hash, error) {
	kind, ok := KindNamed(tx.Kind)
	if !ok {
		return Hash{}, Refuse(KindUnknown, "kind", "%.40q", tx.Kind)
	}
	k := newKeccak()
	message := kind.hashTransaction(tx, k)
	return k.sum([]byte{0x19, 0x01}, d.separator[:], message[:]), nil
}

// transactionLayout describes a transaction of one kind to EIP-712; it has no Go type
// of its own, because a transaction holds its bodies as interfaces.
func transactionLayout(body *layout) *layout {
	l := &layout{name: "Transaction", deps: addDeps([]*layout{body}, body.deps)}
	for _, f := range []FieldType{
		{"chain", "string"}, {"member", "string"}, {"kind", "string"},
		{"expires", "int64"}, {"onError", "string"}, {"bodies", body.name + "[]"},
	} {
		l.fields = append(l.fields, layoutField{FieldType: f})
	}
	l.hash = l.typeHash()
	return l
}

func (k *Kind) hashTransaction(tx *Transaction, h *keccak) Hash {
	bodies := make([]byte, 0, 32*len(tx.Bodies))
	for _, b := range tx.Bodies {
		sum := k.body.hashStruct(reflect.ValueOf(b).Elem(), h)
		bodies = append(bodies, sum[:]...)
	}
	chain, member, kind := h.text(tx.Chain), h.text(tx.Member), h.text(tx.Kind)
	expires, onError, all := intWord(tx.Expires), h.text(tx.OnError), h.sum(bodies)
	return h.sum(k.tx.hash[:], chain[:], member[:], kind[:], expires[:], onError[:], all[:])
}

func (l *layout) hashStruct(v reflect.Value, k *keccak) Hash {
	var space [12 * 32]byte
	data := append(space[:0], l.hash[:]...)
	for i := range l.fields {
		f := &l.fields[i]
		word := f.value.word(v.Field(f.index), k)
		data = append(data, word[:]...)
	}
	return k.sum(data)
}

// encodeType is the EIP-712 type string: the struct, then the structs it refers to,
// sorted by name.
func (l *layout) encodeType() string {
	deps := append([]*layout(nil), l.deps...)
	sort.Slice(deps, func(i, j int) bool { return deps[i].name < deps[j].name })
	var b strings.Builder
	for _, s := range append([]*layout{l}, deps...) {
		b.WriteString(s.name + "(")
		for i, f := range s.fields {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(f.Type + " " + f.Name)
		}
		b.WriteByte(')')
	}
	return b.String()
}

func (l *layout) typeHash() Hash { return newKeccak().sum([]byte(l.encodeType())) }

// valueTypeOf admits the closed set of field types: string, bool, int64, uint64,
// []byte, [N≤32]byte, struct, and slices of those.
func valueTypeOf(t reflect.Type) *valueType {
	switch {
	case t == reflect.TypeFor[Address]():
		return &valueType{name: "address", schema: hexSchema(20), word: func(v reflect.Value, _ *keccak) Hash {
			return addressWord(v.Interface().(Address))
		}}
	case t.Kind() == reflect.String:
		return &valueType{name: "string", schema: plainSchema("string"), word: func(v reflect.Value, k *keccak) Hash { return k.text(v.String()) }}
	case t.Kind() == reflect.Bool:
		return &valueType{name: "bool", schema: plainSchema("boolean"), word: boolWord}
	case t.Kind() == reflect.Int64:
		return &valueType{name: "int64", check: checkInt, schema: integerSchema(-MaxInteger),
			word: func(v reflect.Value, _ *keccak) Hash { return intWord(v.Int()) }}
	case t.Kind() == reflect.Uint64:
		return &valueType{name: "uint64", check: checkUint, schema: integerSchema(0),
			word: func(v reflect.Value, _ *keccak) Hash { return uintWord(v.Uint()) }}
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8 && t.Len() <= 32:
		return &valueType{name: fmt.Sprintf("bytes%d", t.Len()), schema: hexSchema(t.Len()), word: bytesNWord}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return &valueType{name: "bytes", schema: hexSchema(-1), word: func(v reflect.Value, k *keccak) Hash { return k.sum(v.Bytes()) }}
	case t.Kind() == reflect.Struct:
		return structType(layoutOf(t))
	case t.Kind() == reflect.Slice:
		return sliceType(valueTypeOf(t.Elem()))
	}
	panic(fmt.Sprintf("%s is not of the closed set of field types", t))
}

func structType(l *layout) *valueType {
	return &valueType{name: l.name, word: l.hashStruct, check: l.check, schema: l.jsonSchema, deps: addDeps([]*layout{l}, l.deps)}
}

func sliceType(e *valueType) *valueType {
	s := &valueType{name: e.name + "[]", deps: e.deps}
	s.schema = func() map[string]any { return map[string]any{"type": "array", "items": e.schema()} }
	s.word = func(v reflect.Value, k *keccak) Hash {
		data := make([]byte, 0, 32*v.Len())
		for i := range v.Len() {
			word := e.word(v.Index(i), k)
			data = append(data, word[:]...)
		}
		return k.sum(data)
	}
	if e.check != nil {
		s.check = func(v reflect.Value) error {
			for i := range v.Len() {
				if err := e.check(v.Index(i)); err != nil {
					return fmt.Errorf("[%d]: %w", i, err)
				}
			}
			return nil
		}
	}
	return s
}

func addressWord(a Address) (w Hash) { copy(w[12:], a[:]); return w }

func boolWord(v reflect.Value, _ *keccak) (w Hash) {
	if v.Bool() {
		w[31] = 1
	}
	return w
}

func uintWord(n uint64) (w Hash) { binary.BigEndian.PutUint64(w[24:], n); return w }

func intWord(n int64) Hash {
	w := uintWord(uint64(n))
	if n < 0 {
		for i := range 24 {
			w[i] = 0xff
		}
	}
	return w
}

func bytesNWord(v reflect.Value, _ *keccak) (w Hash) {
	reflect.Copy(reflect.ValueOf(w[:]), v)
	return w
}

func checkInt(v reflect.Value) error {
	if n := v.Int(); n > MaxInteger || n < -MaxInteger {
		return fmt.Errorf("%d is beyond ±(2^53-1)", n)
	}
	return nil
}

func checkUint(v reflect.Value) error {
	if n := v.Uint(); n > MaxInteger {
		return fmt.Errorf("%d is beyond 2^53-1", n)
	}
	return nil
}

// keccak is one reusable Keccak-256 state.
type keccak struct{ state crypto.KeccakState }

func newKeccak() *keccak { return &keccak{crypto.NewKeccakState()} }

func (k *keccak) sum(parts ...[]byte) (h Hash) {
	k.state.Reset()
	for _, p := range parts {
		k.state.Write(p)
	}
	k.state.Read(h[:])
	return h
}

func (k *keccak) text(s string) Hash { return k.sum([]byte(s)) }
