package types

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite golden files")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got; rewrite with -update if that is meant):\n%s", file, diff)
	}
}

// TestCodes holds the codes to their file: numbers are only ever added.
func TestCodes(t *testing.T) {
	var b bytes.Buffer
	seen := map[Code]bool{}
	for _, c := range codes {
		if seen[c.Code] {
			t.Errorf("code %d stands twice", c.Code)
		}
		seen[c.Code] = true
		if back, ok := CodeNamed(c.Name); !ok || back != c.Code {
			t.Errorf("name %s is not unique", c.Name)
		}
		if c.Code >= Retryable && c.Code != Busy {
			t.Errorf("%s: codes from %d on mean retry", c.Name, Retryable)
		}
		fmt.Fprintf(&b, "%d %s\n", c.Code, c.Name)
	}
	golden(t, "testdata/codes.golden", b.Bytes())
}

func TestSchema(t *testing.T) {
	s, err := NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/schema.json", indented(t, s))
}

// indented is the form in which carya vocabulary prints.
func indented(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVectors(t *testing.T) {
	v, err := NewVectors()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/vectors.json", indented(t, v))
	domain := NewDomain(v.Chain, v.Genesis)
	for _, a := range v.Accepted {
		verified, err := domain.Verify(a.CBOR)
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		if verified.Digest != a.Digest || verified.Signers[0] != v.Signer {
			t.Errorf("%s: digest %s by %v", a.Name, verified.Digest, verified.Signers)
		}
	}
	for _, r := range v.Refused {
		_, err := domain.Verify(r.CBOR)
		if code, ok := CodeOf(err); !ok || code != r.Code {
			t.Errorf("%s: got %v, want %s", r.Why, err, r.Code)
		}
	}
}

// TestVectorsFromJSON reads the file as another language would: the JSON transaction
// must give the same bytes and digest.
func TestVectorsFromJSON(t *testing.T) {
	file, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v Vectors
	if err := json.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	for _, a := range v.Accepted {
		raw, err := (&Signed{a.Transaction, []Bytes{a.Signature}}).Encode()
		if err != nil || !bytes.Equal(raw, a.CBOR) {
			t.Errorf("%s: JSON gives %x, %v", a.Name, raw, err)
		}
		digest, err := NewDomain(v.Chain, v.Genesis).Digest(&a.Transaction)
		if err != nil || digest != a.Digest {
			t.Errorf("%s: digest %s, %v; want %s", a.Name, digest, err, a.Digest)
		}
	}
}

// fill gives a value of the closed set of field types random contents.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int64:
		v.SetInt(rapid.Int64Range(-MaxInteger, MaxInteger).Draw(t, "int64"))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64Range(0, MaxInteger).Draw(t, "uint64"))
	case reflect.Array:
		reflect.Copy(v, reflect.ValueOf(rapid.SliceOfN(rapid.Byte(), v.Len(), v.Len()).Draw(t, "array")))
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		if v.Kind() == reflect.Uint8 {
			v.SetUint(uint64(rapid.Byte().Draw(t, "byte")))
			return
		}
		t.Fatalf("no random value for %s", v.Type())
	}
}

func randomTransaction(t *rapid.T) *Transaction {
	kind := rapid.SampledFrom(Catalogue).Draw(t, "kind")
	tx := &Transaction{
		Chain: rapid.String().Draw(t, "chain"), Member: rapid.String().Draw(t, "member"), Kind: kind.Name,
		Expires: rapid.Int64Range(-MaxInteger, MaxInteger).Draw(t, "expires"), OnError: rapid.String().Draw(t, "onError"),
	}
	for range rapid.IntRange(1, 3).Draw(t, "bodies") {
		b := kind.New()
		fill(t, reflect.ValueOf(b).Elem())
		tx.Bodies = append(tx.Bodies, b)
	}
	return tx
}

// TestDigestIsEIP712 compares the digest with go-ethereum's on random transactions of
// every kind.
func TestDigestIsEIP712(t *testing.T) {
	genesis := exampleHash(0xca)
	domain := NewDomain("carya-test-1", genesis)
	rapid.Check(t, func(t *rapid.T) {
		tx := randomTransaction(t)
		got, err := domain.Digest(tx)
		if err != nil {
			t.Fatal(err)
		}
		if want := gethDigest(t, domain, tx); got != want {
			t.Fatalf("digest %s, go-ethereum says %s", got, want)
		}
	})
}

func gethDigest(t *rapid.T, d Domain, tx *Transaction) Hash {
	kind, _ := KindNamed(tx.Kind)
	all := apitypes.Types{}
	for name, fields := range kind.EIP712Types() {
		for _, f := range fields {
			all[name] = append(all[name], apitypes.Type{Name: f.Name, Type: f.Type})
		}
	}
	bodies := []any{}
	for _, b := range tx.Bodies {
		bodies = append(bodies, gethValue(reflect.ValueOf(b).Elem()))
	}
	data := apitypes.TypedData{
		Types: all, PrimaryType: "Transaction",
		Domain: apitypes.TypedDataDomain{Name: DomainName, Version: DomainVersion, VerifyingContract: d.Contract.String()},
		Message: apitypes.TypedDataMessage{
			"chain": tx.Chain, "member": tx.Member, "kind": tx.Kind,
			"expires": math.NewHexOrDecimal256(tx.Expires), "onError": tx.OnError, "bodies": bodies,
		},
	}
	hash, _, err := apitypes.TypedDataAndHash(data)
	if err != nil {
		t.Fatal(err)
	}
	return Hash(hash)
}

// gethValue puts a value into the form that apitypes takes.
func gethValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int64:
		return math.NewHexOrDecimal256(v.Int())
	case reflect.Uint64:
		return math.NewHexOrDecimal256(int64(v.Uint()))
	case reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			m[v.Type().Field(i).Tag.Get("json")] = gethValue(v.Field(i))
		}
		return m
	case reflect.Array:
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return Bytes(b).String()
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return Bytes(v.Bytes()).String()
	}
	list := []any{}
	for i := range v.Len() {
		list = append(list, gethValue(v.Index(i)))
	}
	return list
}

// TestCodecIsBijective: what encodes decodes to the same value.
func TestCodecIsBijective(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tx := randomTransaction(t)
		for _, b := range tx.Bodies {
			data, err := Encode(b)
			if err != nil {
				t.Fatal(err)
			}
			back, err := DecodeBody(tx.Kind, data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b, back); diff != "" {
				t.Fatalf("decoded differs (-want +got):\n%s", diff)
			}
			asJSON, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			kind, _ := KindNamed(tx.Kind)
			fromJSON, err := kind.ReadJSON(asJSON)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b, fromJSON); diff != "" {
				t.Fatalf("JSON differs (-want +got):\n%s", diff)
			}
		}
	})
}

func seeds(f *testing.F) *Vectors {
	f.Helper()
	v, err := NewVectors()
	if err != nil {
		f.Fatal(err)
	}
	for _, a := range v.Accepted {
		f.Add([]byte(a.CBOR))
	}
	for _, r := range v.Refused {
		f.Add([]byte(r.CBOR))
	}
	return v
}

// FuzzDecodeSigned: what decodes encodes to the same bytes, and everything else is
// refused with a code.
func FuzzDecodeSigned(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := DecodeSigned(data)
		if err != nil {
			if _, ok := CodeOf(err); !ok {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		again, err := s.Encode()
		if err != nil || !bytes.Equal(data, again) {
			t.Fatalf("%x encodes again to %x, %v", data, again, err)
		}
	})
}

// FuzzVerify: verification never panics and its refusals have codes.
func FuzzVerify(f *testing.F) {
	v := seeds(f)
	domain := NewDomain(v.Chain, v.Genesis)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := domain.Verify(data); err != nil {
			if _, ok := CodeOf(err); !ok {
				t.Fatalf("an error without a code: %v", err)
			}
		}
	})
}

// FuzzDecodeRecord covers the decoders of records, events and journal blocks.
func FuzzDecodeRecord(f *testing.F) {
	for i := range Families {
		data, err := Encode(Families[i].new())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(must(Encode(&Block{Txs: []BlockTx{{}}, Events: []RecordEvent{}})))
	f.Fuzz(func(t *testing.T, data []byte) {
		for i := range Families {
			sameAgain(t, data, Families[i].new())
		}
		sameAgain(t, data, new(Event))
		sameAgain(t, data, new(Block))
		sameAgain(t, data, new(Genesis))
	})
}

func sameAgain(t *testing.T, data []byte, v any) {
	t.Helper()
	if Decode(data, v) != nil {
		return
	}
	again, err := Encode(v)
	if err != nil || !bytes.Equal(data, again) {
		t.Fatalf("%T: %x encodes again to %x, %v", v, data, again, err)
	}
}

func TestHistoryIsRFC6962(t *testing.T) {
	var h History
	if root, err := h.Root(); err != nil || root.String() != "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("empty root %s, %v", root, err)
	}
	for i := range 100 {
		if err := h.Append(LeafHash([]byte{byte(i)})); err != nil {
			t.Fatal(err)
		}
	}
	want := rootOf(100, 0)
	if root, err := h.Root(); err != nil || root != want || h.Size != 100 || len(h.Peaks) != 3 {
		t.Errorf("root %s of %d with %d peaks, %v; want %s", root, h.Size, len(h.Peaks), err, want)
	}
}

// rootOf is RFC 6962 §2.1 as it is written.
func rootOf(n, from int) Hash {
	if n == 1 {
		return LeafHash([]byte{byte(from)})
	}
	k := 1
	for k*2 < n {
		k *= 2
	}
	left, right := rootOf(k, from), rootOf(n-k, from+k)
	return Hash(ranges.Hash(left[:], right[:]))
}

func BenchmarkDigest(b *testing.B) {
	domain := NewDomain("carya-test-1", exampleHash(0xca))
	for _, n := range []int{1, 2, 1000} {
		for _, k := range []string{"OfferLot", "RecordOrder", "CaptureEvent"} {
			kind, _ := KindNamed(k)
			tx := Transaction{"carya-test-1", "lantu", k, exampleTime, OnErrorRollback, nil}
			for range n {
				tx.Bodies = append(tx.Bodies, kind.Example())
			}
			b.Run(fmt.Sprintf("%s/bodies=%d", k, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := domain.Digest(&tx); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/body")
			})
		}
	}
}

func BenchmarkDecodeSigned(b *testing.B) {
	v, err := NewVectors()
	if err != nil {
		b.Fatal(err)
	}
	for _, a := range v.Accepted {
		if len(a.Transaction.Bodies) > 1 {
			continue
		}
		b.Run(a.Transaction.Kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeSigned(a.CBOR); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	v, err := NewVectors()
	if err != nil {
		b.Fatal(err)
	}
	domain := NewDomain(v.Chain, v.Genesis)
	raw := v.Accepted[6].CBOR
	for b.Loop() {
		if _, err := domain.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHistoryAppend(b *testing.B) {
	var h History
	for b.Loop() {
		if err := h.Append(Hash{}); err != nil {
			b.Fatal(err)
		}
	}
}
