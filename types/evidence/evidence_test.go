package evidence_test

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

// TestTooLarge: a file is not read beyond its bound.
func TestTooLarge(t *testing.T) {
	trust := readVectors(t)[0].trust
	for _, size := range []int{evidence.MaxBytes, evidence.MaxBytes + 1} {
		want := evidence.Malformed
		if size > evidence.MaxBytes {
			want = evidence.TooLarge
		}
		if got, _ := judge(t, bytes.Repeat([]byte{' '}, size), trust); got != want {
			t.Errorf("%d bytes: %s, want %s", size, got, want)
		}
	}
}

// TestForms: both forms of a file say the same, each is written in one way, and white space is no matter.
func TestForms(t *testing.T) {
	n := 0
	for _, v := range readVectors(t) {
		e, err := evidence.Parse(v.data)
		if err != nil {
			continue
		}
		n++
		compact, err := e.Compact()
		if err != nil {
			t.Fatal(err)
		}
		file, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var dense bytes.Buffer
		if err := json.Compact(&dense, file); err != nil {
			t.Fatal(err)
		}
		for form, data := range map[string][]byte{"compact": compact, "JSON": file, "dense JSON": dense.Bytes()} {
			if reason, claim := judge(t, data, v.trust); reason != v.Reason || claim != v.Claim {
				t.Errorf("%s as %s: want %q of claim %d, got %q of %d", v.File, form, v.Reason, v.Claim, reason, claim)
			}
		}
		if strings.HasSuffix(v.File, ".cbor") && !bytes.Equal(compact, v.data) {
			t.Errorf("%s is written in another way", v.File)
		}
	}
	if n < 400 {
		t.Errorf("%d files could be read", n)
	}
}

// TestLists: what is too long for the compact form is too long for JSON.
func TestLists(t *testing.T) {
	const most = 1 << 17
	trust := readVectors(t)[0].trust
	base, err := evidence.Parse(readVector(t, "history.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(e *evidence.Evidence, n int){
		"events": func(e *evidence.Evidence, n int) { e.Claims[0].Events = slices.Repeat([][]byte{{0xa0}}, n) },
		"codes":  func(e *evidence.Evidence, n int) { e.Claims[0].Codes = make([]uint32, n) },
		"fields": func(e *evidence.Evidence, n int) {
			e.Claims[0].Document = &types.DocumentPart{Fields: slices.Repeat([]types.DisclosedField{{Proof: []types.Hash{}}}, n)}
		},
		"proof": func(e *evidence.Evidence, n int) {
			e.Claims[0].Document = &types.DocumentPart{Fields: []types.DisclosedField{{Proof: make([]types.Hash, n)}}}
		},
		"headers": func(e *evidence.Evidence, n int) {
			first := e.Headers[0]
			first.Height = most + 5
			e.Headers = slices.Repeat([]evidence.Header{first}, n)
			for i := range e.Headers[1:] {
				e.Headers[i+1] = evidence.Header{Height: int64(most - i), Header: []byte{}}
			}
		},
	} {
		for _, n := range []int{most, most + 1} {
			e := *base
			e.Claims = slices.Clone(base.Claims)
			change(&e, n)
			file, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			compact, err := e.Compact()
			if err != nil {
				t.Fatal(err)
			}
			a, _ := judge(t, file, trust)
			b, _ := judge(t, compact, trust)
			if a != b || (a == evidence.Malformed) != (n > most) {
				t.Errorf("%d %s: JSON %s, compact %s", n, name, a, b)
			}
		}
	}
}

// TestVerdict: what a verdict says beyond the claims.
func TestVerdict(t *testing.T) {
	trust, err := evidence.ReadTrust(readVector(t, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.Verify(readVector(t, "old.json"), trust)
	if err != nil {
		t.Fatal(err)
	}
	if v.Power != 100 || v.Total != 100 || len(v.Signers) != 4 || v.Signers[0].Member != "hangzhou-customs" || !v.Signers[0].Signed {
		t.Errorf("signers %+v, %d of %d", v.Signers, v.Power, v.Total)
	}
	if v.Claims[0].Block.Height != 3 || v.Signed.Height <= 3 || len(v.Claims[0].Value) == 0 {
		t.Errorf("the claim is about block %d, signed is %d", v.Claims[0].Block.Height, v.Signed.Height)
	}
	v, err = evidence.Verify(readVector(t, "range.json"), trust)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range v.Claims[0].Leaves {
		if !strings.HasPrefix(l.Key, "payment/tianmu-pay/01KB") || i > 0 && l.Rank != v.Claims[0].Leaves[i-1].Rank+1 || len(l.Value) == 0 {
			t.Errorf("leaf %d: %+v", i, l)
		}
	}
	if len(v.Claims[0].Leaves) != 4 {
		t.Errorf("%d leaves", len(v.Claims[0].Leaves))
	}
}

// TestTrust: what is no trust file.
func TestTrust(t *testing.T) {
	good := string(readVector(t, "trust.json"))
	if _, err := evidence.ReadTrust([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"unknown member": {`"time"`, `"note": 1, "time"`}, "format": {"carya-trust/1", "carya-trust/2"}, "no chain": {"carya-test-1", ""},
		"long chain": {"carya-test-1", strings.Repeat("c", 51)}, "height": {`"height": 1`, `"height": 0`}, "no power": {`"power": 40`, `"power": 0`},
		"power": {`"power": 40`, `"power": 1125899906842625`}, "negative": {`"power": 40`, `"power": -40`}, "powers": {`"power": 40`, `"power": 1125899906842600`},
	} {
		if strings.Count(good, change[0]) != 1 {
			t.Fatalf("%s: %q occurs %d times", name, change[0], strings.Count(good, change[0]))
		}
		if _, err := evidence.ReadTrust([]byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	trust, err := evidence.ReadTrust([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	trust.Validators[1].Key = trust.Validators[0].Key
	if trust.Check() == nil {
		t.Error("one key twice: taken")
	}
	if _, err := evidence.Verify(readVector(t, "record.json"), trust); err == nil {
		t.Error("verified against a trust that is none")
	} else if _, ok := err.(*evidence.Refusal); ok {
		t.Errorf("the file is blamed for the trust: %v", err)
	}
}

// memory is how many bytes a function allocates in all.
func memory(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemory: whatever a file says of lengths, a verifier allocates no more than a small multiple of the file: most
// where a claim of 21 bytes becomes a verdict with its sentences, or a body of 8 bytes a value with its kind.
func TestMemory(t *testing.T) {
	for _, v := range readVectors(t) {
		if got, most := memory(func() { judge(t, v.data, v.trust) }), uint64(len(v.data))*128+100_000; got > most {
			t.Errorf("%s, %d bytes: %d bytes allocated", v.File, len(v.data), got)
		}
	}
	huge := "\xff\xff\xff\xff\xff\xff\xff\x0f"
	for name, tree := range map[string]string{
		"key": "\x01\x01\x00" + huge + "x", "shared": "\x03\x01\x01\x01\x00\x01a\x01x\x01\x01" + huge + "\x01b\x01x", "value": "\x01\x01\x00\x01a" + huge + "x",
		"deep": strings.Repeat("\x03\x01", 1<<20), "deep left": strings.Repeat("\x05\x64\x7f\x01", 1<<20),
	} {
		if got := memory(func() { evidence.ReadTree([]byte(tree)) }); got > uint64(len(tree))+100_000 {
			t.Errorf("%s: %d bytes allocated for a tree of %d", name, got, len(tree))
		}
	}
}

// TestLongKeys: keys that share their beginnings take few bytes in a file and many in memory: they are bounded in all.
func TestLongKeys(t *testing.T) {
	grow := func(n int) []byte {
		leaves := make([]*treetest.Node, n)
		long := strings.Repeat("k", 1021)
		for i := range leaves {
			leaves[i] = treetest.Leaf(long+string([]byte{byte(i >> 16), byte(i >> 8), byte(i)}), []byte{1})
		}
		return treetest.Balanced(leaves...).Write()
	}
	if _, err := evidence.ReadTree(grow(evidence.MaxBytes / 1024)); err != nil {
		t.Errorf("keys of 64 MiB in all: %v", err)
	}
	if _, err := evidence.ReadTree(grow(evidence.MaxBytes/1024 + 1)); err == nil {
		t.Error("keys of more than 64 MiB in all were read")
	}
}

// FuzzParse: no file makes the parser panic, and what it reads it writes again as it was.
func FuzzParse(f *testing.F) {
	for _, v := range readVectors(f) {
		if len(v.data) < 3000 {
			f.Add(v.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := evidence.Parse(data)
		if err != nil {
			if _, ok := err.(*evidence.Refusal); !ok {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if data[0]>>5 == 5 {
			again, err := e.Compact()
			if err != nil || !bytes.Equal(again, data) {
				t.Fatalf("%x is written as %x, %v", data, again, err)
			}
			return
		}
		var dense bytes.Buffer
		file, err := e.Encode()
		if err == nil {
			err = json.Compact(&dense, file)
		}
		var given bytes.Buffer
		if err != nil || json.Compact(&given, data) != nil || !bytes.Equal(dense.Bytes(), given.Bytes()) {
			t.Fatalf("%s is written as %s, %v", data, dense.Bytes(), err)
		}
	})
}

// FuzzReadTree: a tree that can be read is written again as it was, and has the hash that it should have; its leaves ascend in
// key and rank, and what it says of absence and ranges agrees with them.
func FuzzReadTree(f *testing.F) {
	for _, v := range readVectors(f) {
		if e, err := evidence.Parse(v.data); err == nil {
			for i := range e.Headers {
				if tree := e.Headers[i].Tree; len(tree) > 0 && len(tree) < 2000 {
					f.Add(tree)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := evidence.ReadTree(data)
		if err != nil {
			return
		}
		n := treetest.Read(data)
		if n == nil || !bytes.Equal(n.Write(), data) {
			t.Fatalf("%x is not written as it was read", data)
		}
		if n.Hash() != tree.Root {
			t.Fatalf("root %s, want %s", tree.Root, n.Hash())
		}
		for i, l := range tree.Leaves {
			if l.Rank >= tree.Size || i > 0 && (l.Key <= tree.Leaves[i-1].Key || l.Rank <= tree.Leaves[i-1].Rank) {
				t.Fatalf("leaf %d: %+v of %d", i, l, tree.Size)
			}
			if tree.Absent(l.Key) {
				t.Fatalf("%q is there and absent", l.Key)
			}
		}
		if all, ok := tree.Range("", ""); ok && uint64(len(all)) != tree.Size {
			t.Fatalf("all are %d, the tree has %d", len(all), tree.Size)
		}
	})
}

// FuzzVerify: no file proves anything but what a good one proves.
func FuzzVerify(f *testing.F) {
	known := map[string]bool{}
	var trusts []*evidence.Trust
	for _, v := range readVectors(f) {
		if v.Reason != "" || len(v.data) > 4000 {
			continue
		}
		verdict, err := evidence.Verify(v.data, v.trust)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(len(trusts), v.data)
		trusts = append(trusts, v.trust)
		for _, one := range said(f, verdict) {
			known[one] = true
		}
	}
	f.Fuzz(func(t *testing.T, which int, data []byte) {
		if which < 0 || which >= len(trusts) {
			return
		}
		verdict, err := evidence.Verify(data, trusts[which])
		if err != nil {
			if _, ok := err.(*evidence.Refusal); !ok {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		for _, one := range said(t, verdict) {
			if !known[one] {
				t.Fatalf("proven: %s", one)
			}
		}
	})
}

// said is what a verdict says of every claim. Where a leaf stands in a tree whose size nothing commits to (of a block's
// transactions, of a document's fields) is a part of the proof and not of what is proven.
func said(t testing.TB, v *evidence.Verdict) (list []string) {
	t.Helper()
	for _, p := range v.Claims {
		c := *p.Claim
		if c.Claim == evidence.ClaimTransaction {
			c.Index, c.Size = 0, 0
		}
		if c.Document != nil {
			d := *c.Document
			d.Size, d.Fields = 0, slices.Clone(d.Fields)
			for i := range d.Fields {
				d.Fields[i].Position = 0
			}
			c.Document = &d
		}
		p.Claim = &c
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v.Chain+v.Genesis.String()+string(data))
	}
	return list
}
