package store

import (
	"fmt"
	"slices"
	"testing"

	ics23 "github.com/cosmos/ics23/go"
	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types/evidence"
)

// treeOf writes keys in several versions, so that the tree has nodes of many, and returns a view of the last.
func treeOf(t testing.TB, keys ...string) *View {
	t.Helper()
	s, err := Open("", Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	const versions = 7
	for v := range versions {
		var writes []Write
		for i, key := range keys {
			if i%versions == v {
				writes = append(writes, Write{Key: key, Value: []byte("value of " + key)})
			}
		}
		slices.SortFunc(writes, func(a, b Write) int { return compareText(a.Key, b.Key) })
		if _, err := s.Apply(int64(v+1), writes); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(nil); err != nil {
			t.Fatal(err)
		}
	}
	v, err := s.View(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("order/lantu/%05d", i*2)
	}
	return keys
}

// TestTreeShows: whatever is asked for is shown, under the state's root, with the ranks that the state has; and ICS23, by
// another library, says the same of every record.
func TestTreeShows(t *testing.T) {
	keys := numbered(300)
	v := treeOf(t, keys...)
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("order/lantu/%05d", rapid.IntRange(-1, 2*len(keys)).Draw(t, "n"))
		})
		s := Shown{Keys: rapid.SliceOfN(key, 0, 4).Draw(t, "keys")}
		for range rapid.IntRange(0, 2).Draw(t, "ranges") {
			s.Ranges = append(s.Ranges, KeyRange{key.Draw(t, "from"), rapid.OneOf(key, rapid.Just("")).Draw(t, "to")})
		}
		if len(s.Keys)+len(s.Ranges) == 0 {
			return
		}
		data, err := v.Tree(s)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := evidence.ReadTree(data)
		if err != nil {
			t.Fatal(err)
		}
		if string(tree.Root[:]) != string(v.Root()) || tree.Size != uint64(v.Size()) {
			t.Fatalf("root %s of %d records, the state has %x of %d", tree.Root, tree.Size, v.Root(), v.Size())
		}
		checkShown(t, v, tree, s)
	})
}

func checkShown(t *rapid.T, v *View, tree *evidence.Tree, s Shown) {
	for _, l := range tree.Leaves {
		rank, err := v.Rank(l.Key)
		if err != nil || uint64(rank) != l.Rank {
			t.Errorf("%s has the rank %d, not %d", l.Key, rank, l.Rank)
		}
	}
	for _, key := range s.Keys {
		want, err := v.Get(key)
		if err != nil {
			t.Fatal(err)
		}
		got, shown := tree.Value(key)
		if want == nil && (shown || !tree.Absent(key)) || want != nil && (!shown || tree.Absent(key) || string(got) != string(want)) {
			t.Errorf("%s: shown %v %q, absent %v; the state has %q", key, shown, got, tree.Absent(key), want)
		}
		raw, err := v.Prove(key)
		if err != nil {
			t.Fatal(err)
		}
		var p ics23.CommitmentProof
		if err := p.Unmarshal(raw); err != nil {
			t.Fatal(err)
		}
		if want != nil != ics23.VerifyMembership(ics23.IavlSpec, tree.Root[:], &p, []byte(key), got) {
			t.Errorf("%s: ICS23 says something else", key)
		}
	}
	for _, r := range s.Ranges {
		if r.To != "" && r.To < r.From {
			continue
		}
		var want []string
		if err := v.Iterate(r.From, r.To, func(key string, _ []byte) bool { want = append(want, key); return false }); err != nil {
			t.Fatal(err)
		}
		leaves, all := tree.Range(r.From, r.To)
		var got []string
		for _, l := range leaves {
			got = append(got, l.Key)
		}
		if !all || !slices.Equal(got, want) {
			t.Errorf("%v: shown %v %v, the state has %v", r, got, all, want)
		}
	}
}

// TestTreeHides: what a tree does not show it does not seem to show.
func TestTreeHides(t *testing.T) {
	v := treeOf(t, numbered(300)...)
	data, err := v.Tree(Shown{Keys: []string{"order/lantu/00100", "order/lantu/00104"}})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := evidence.ReadTree(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, all := tree.Range("order/lantu/00100", "order/lantu/00105"); all {
		t.Error("a range is complete without order/lantu/00102")
	}
	if tree.Absent("order/lantu/00102") || tree.Absent("order/lantu/00103") {
		t.Error("what is left out seems absent")
	}
}

func BenchmarkTree(b *testing.B) {
	v := treeOf(b, numbered(100_000)...)
	b.Run("record", func(b *testing.B) {
		n := 0
		for i := 0; b.Loop(); i++ {
			data, err := v.Tree(Shown{Keys: []string{fmt.Sprintf("order/lantu/%05d", i%1000*2)}})
			if err != nil {
				b.Fatal(err)
			}
			n = len(data)
		}
		b.ReportMetric(float64(n), "bytes")
	})
	b.Run("range 10000", func(b *testing.B) {
		n := 0
		for b.Loop() {
			data, err := v.Tree(Shown{Ranges: []KeyRange{{"order/lantu/20000", "order/lantu/40000"}}})
			if err != nil {
				b.Fatal(err)
			}
			n = len(data)
		}
		b.ReportMetric(float64(n)/10_000, "bytes/key")
	})
}
