package journal

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"

	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/types"
)

// compareSubtrees: the journal shows every perfect subtree over blocks that it shows, and
// no other, and nothing is left of blocks that are gone.
func (m *model) compareSubtrees(t *rapid.T, j *Journal, visible []*types.Block) {
	leaves := map[int64]types.Hash{}
	for _, b := range visible {
		leaves[b.Height-testInitial] = types.LeafHash(b.Hash[:])
	}
	for level := uint(0); level < 5; level++ {
		for index := range int64(64 >> level) {
			want, there := perfect(leaves, level, index)
			got, err := j.Subtree(level, uint64(index))
			switch {
			case !there && !errors.As(err, new(ErrNoBlock)):
				t.Fatalf("subtree %d/%d is not over blocks that are shown: %s, %v", level, index, got, err)
			case there && (err != nil || got != want):
				t.Fatalf("subtree %d/%d is %s, want %s (%v)", level, index, got, want, err)
			}
		}
	}
	onDisk := 0
	for _, b := range m.all() {
		if b.Height >= testInitial {
			onDisk++
		}
	}
	count := 0
	for key := range keysOf(t, j.db, keySubtree) {
		if key[1] == 0 {
			count++
		}
	}
	if count != onDisk {
		t.Fatalf("%d leaves of %d blocks", count, onDisk)
	}
}

func keysOf(t interface{ Fatal(...any) }, db *pebble.DB, space string) map[string][]byte {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte(space), UpperBound: after(space)})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	all := map[string][]byte{}
	for it.First(); it.Valid(); it.Next() {
		all[string(it.Key())] = append([]byte(nil), it.Value()...)
	}
	return all
}

// perfect is the subtree's root, where all its leaves are there.
func perfect(leaves map[int64]types.Hash, level uint, index int64) (types.Hash, bool) {
	if level == 0 {
		leaf, ok := leaves[index]
		return leaf, ok
	}
	left, ok := perfect(leaves, level-1, 2*index)
	right, too := perfect(leaves, level-1, 2*index+1)
	return types.Hash(rfc6962.DefaultHasher.HashChildren(left[:], right[:])), ok && too
}

// TestPaths: what the journal keeps makes the proofs that the leaves make, at any size,
// also after blocks were dropped and made anew, and after a restart.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	random := rand.New(rand.NewPCG(1, 2))
	var leaves []types.Hash
	grow := func(n int) {
		for range n {
			height := testInitial + int64(len(leaves))
			b := &types.Block{Height: height, Time: height, Hash: types.LeafHash(binary.BigEndian.AppendUint64(nil, random.Uint64()))}
			add(t, j, b)
			leaves = append(leaves, types.LeafHash(b.Hash[:]))
		}
	}
	compare := func() {
		t.Helper()
		for range 200 {
			size := 1 + random.Uint64N(uint64(len(leaves)))
			index := random.Uint64N(size)
			want, err := prove.InclusionAmong(leaves[:size], index)
			if err != nil {
				t.Fatal(err)
			}
			got, err := prove.Inclusion(index, size, j.Subtree)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("leaf %d of %d: %d hashes, want %d", index, size, len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("leaf %d of %d: hash %d differs", index, size, i)
				}
			}
		}
	}
	add(t, j, &types.Block{Height: testInitial - 1, Hash: types.Hash{9}}) // the genesis
	grow(300)
	compare()
	for _, keep := range []int{257, 256, 130, 3} {
		if err := j.Truncate(testInitial + int64(keep) - 1); err != nil {
			t.Fatal(err)
		}
		leaves = leaves[:keep]
		compare()
		grow(200)
		compare()
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	j.Committed(1 << 40)
	compare()
}

// TestFormat1 brings up a journal without subtrees, in the middle of a backfill.
func TestFormat1(t *testing.T) {
	disk := vfs.NewMem()
	j, err := openFS(disk, "journal", testInitial)
	if err != nil {
		t.Fatal(err)
	}
	for h := int64(20); h < 40; h++ {
		add(t, j, with(block(h, byte(h)), int(h), "a", "b"))
	}
	for h := int64(19); h > 3; h-- {
		if err := j.Prepend(block(h, byte(h))); err != nil {
			t.Fatal(err)
		}
	}
	want := keysOf(t, j.db, keySubtree)
	if len(want) < 60 {
		t.Fatalf("%d subtrees over 36 blocks", len(want))
	}
	if err := j.db.DeleteRange([]byte(keySubtree), after(keySubtree), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := j.db.Set(keyFormat, []byte(formatBefore), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if j, err = openFS(disk, "journal", testInitial); err != nil {
			t.Fatal(err)
		}
		got := keysOf(t, j.db, keySubtree)
		if len(got) != len(want) {
			t.Errorf("%d subtrees, want %d", len(got), len(want))
		}
		for key, value := range want {
			if string(got[key]) != string(value) {
				t.Errorf("subtree %x is %x, want %x", key, got[key], value)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkPath is a proof in the log of half a million blocks.
func BenchmarkPath(b *testing.B) {
	j, err := Open(b.TempDir(), 1)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	const size = 500_000
	for height := int64(1); height <= size; {
		batch := j.db.NewBatch()
		log := j.subtreesIn(batch)
		for range 5000 {
			if err := log.add(height, types.LeafHash(binary.BigEndian.AppendUint64(nil, uint64(height)))); err != nil {
				b.Fatal(err)
			}
			height++
		}
		if err := batch.Commit(pebble.NoSync); err != nil {
			b.Fatal(err)
		}
	}
	j.first, j.last, j.shown = 1, size, size
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := prove.Inclusion(random.Uint64N(size-1), size-1, j.Subtree); err != nil {
			b.Fatal(err)
		}
	}
}
