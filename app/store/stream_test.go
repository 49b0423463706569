//go:build !js

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cosmos/iavl"
)

func exported(t fataler, s *Store, version int64) []byte {
	t.Helper()
	v := view(t, s, version)
	defer v.Close()
	var b bytes.Buffer
	if err := v.Export(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestImportGoesOn imports an old version and runs the rest of the chain, prunings and all, beside the original.
func TestImportGoesOn(t *testing.T) {
	const at, length = 15, 40
	c := newChain(t, 6, length)
	original := openMem(t, small)
	for height := int64(1); height <= at; height++ {
		c.commit(t, original, height)
	}
	stream := exported(t, original, at)
	copied := openMem(t, small)
	root, err := copied.Import(at, c.roots[at], bytes.NewReader(stream), c.side(at))
	if err != nil || !bytes.Equal(root, c.roots[at]) || copied.Version() != at || copied.Oldest() != at {
		t.Fatalf("import: root %X, version %d, %v", root, copied.Version(), err)
	}
	if !bytes.Equal(exported(t, copied, at), stream) {
		t.Error("the imported tree exports another stream")
	}
	for height := int64(at + 1); height <= length; height++ {
		for _, s := range []*Store{original, copied} {
			c.commit(t, s, height)
			if _, err := s.Prune(3, 2); err != nil {
				t.Fatal(err)
			}
		}
	}
	if original.Oldest() != copied.Oldest() || !bytes.Equal(exported(t, original, 0), exported(t, copied, 0)) {
		t.Error("the two stores differ")
	}
	for height := copied.Oldest(); height <= length; height++ {
		checkView(t, view(t, copied, height), c.roots[height], c.states[height])
	}
}

// TestImportedNodesAreIavls reads what Import wrote with iavl's own decoder, and counts what remains after pruning: a root
// older than its version must not be left behind.
func TestImportedNodesAreIavls(t *testing.T) {
	s, fs := openMem(t, Options{}), vfs.NewMem()
	commit(t, s, 1, set("a 1", "b 2", "c 3"))
	commit(t, s, 2, set("d 4"))
	commit(t, s, 3, nil)
	copied, err := openFS(fs, "d", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := copied.Import(3, s.Root(), bytes.NewReader(exported(t, s, 3)), nil); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{s, copied} {
		commit(t, s, 4, set("-d", "e 5"))
		if _, err := s.Prune(0, 10); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(s.Root(), copied.Root()) {
		t.Errorf("root %X, want %X", copied.Root(), s.Root())
	}
	if err := copied.Close(); err != nil {
		t.Fatal(err)
	}
	nodes := 0
	for key, value := range dump(t, fs) {
		if key[0] != 's' {
			continue
		}
		nodes++
		if _, err := iavl.MakeNode([]byte(key[1:]), []byte(value)); err != nil {
			t.Errorf("node %x: %v", key, err)
		}
	}
	if nodes != 7 {
		t.Errorf("%d nodes on disk, want the 7 of a tree of 4", nodes)
	}
}

// TestImportAtEveryHeight includes trees whose root is older than the version and the tree without keys.
func TestImportAtEveryHeight(t *testing.T) {
	s := openMem(t, Options{})
	blocks := [][]Write{nil, nil, set("a 1"), nil, set("b 1", "c 1"), nil, set("-a"), set("-b", "-c"), nil, set("x 1")}
	states := []map[string]string{{}}
	roots := [][]byte{nil}
	for i, block := range blocks {
		states = append(states, apply(states[i], block))
		roots = append(roots, commit(t, s, int64(i+1), block))
	}
	for height := int64(1); height <= int64(len(blocks)); height++ {
		copied := openMem(t, Options{})
		if _, err := copied.Import(height, roots[height], bytes.NewReader(exported(t, s, height)), nil); err != nil {
			t.Fatalf("height %d: %v", height, err)
		}
		for next := height; ; next++ {
			checkView(t, view(t, copied, next), roots[next], states[next])
			if next == int64(len(blocks)) {
				break
			}
			if root := commit(t, copied, next+1, blocks[next]); !bytes.Equal(root, roots[next+1]) {
				t.Fatalf("imported at %d, block %d: root %X, want %X", height, next+1, root, roots[next+1])
			}
		}
	}
}

// number, leaf, inner and end compose streams.
func number(n uint64) string { return string(binary.AppendUvarint(nil, n)) }

func leaf(version uint64, key, value string) string {
	return "\x01" + number(version) + number(uint64(len(key))) + key + number(uint64(len(value))) + value
}

func inner(version uint64) string { return "\x02" + number(version) }

func end(leaves uint64) string { return "\x00" + number(leaves) }

func TestImportRefuses(t *testing.T) {
	head := streamFormat + number(5)
	many := head
	for i := range 100 {
		many += leaf(1, name(i), "v")
	}
	lean := leaf(1, "a", "v") + leaf(1, "b", "v") + leaf(1, "c", "v") + leaf(1, "d", "v")
	tests := []struct{ name, stream, want string }{
		{"nothing", "", "EOF"},
		{"another format", "carya state 2\n" + number(5) + end(0), "begins with"},
		{"another height", streamFormat + number(6) + end(0), "height 6"},
		{"an older height", streamFormat + number(4) + end(0), "height 4"},
		{"no end", head, "EOF"},
		{"half a number", head + "\x00\x80", "EOF"},
		{"a long form of zero", head + "\x00\x80\x00", "too long"},
		{"more than 63 bits", head + "\x00" + strings.Repeat("\xff", 9) + "\x01", "too long"},
		{"bytes after the end", head + end(0) + "x", "goes on"},
		{"wrong count", head + leaf(1, "a", "v") + end(2), "1 of 2"},
		{"unknown tag", head + "\x03", "tag 3"},
		{"empty key", head + leaf(1, "", "v") + end(1), "empty"},
		{"empty value", head + leaf(1, "a", "") + end(1), "empty"},
		{"long key", head + leaf(1, strings.Repeat("k", MaxKey+1), "v") + end(1), "limit"},
		{"long value", head + "\x01\x01\x01a" + number(MaxValue+1), "limit"},
		{"half a value", head + "\x01\x01\x01a" + number(MaxValue) + "v", "EOF"},
		{"height 0", head + leaf(0, "a", "v") + end(1), "begins at"},
		{"a later height", head + leaf(6, "a", "v") + end(1), "limit"},
		{"equal keys", head + leaf(1, "a", "v") + leaf(1, "a", "v") + inner(1) + end(2), "order"},
		{"unsorted", head + leaf(1, "b", "v") + leaf(1, "a", "v") + inner(1) + end(2), "order"},
		{"parent of one", head + leaf(1, "a", "v") + inner(1) + end(1), "over 1"},
		{"two roots", head + leaf(1, "a", "v") + leaf(1, "b", "v") + end(2), "without a parent"},
		{"older than its child", head + leaf(1, "a", "v") + leaf(2, "b", "v") + inner(1) + end(2), "over nodes"},
		{"out of balance", head + lean + inner(1) + inner(1) + inner(1) + end(4), "balance"},
		{"leaves without end", many, "without a parent"},
	}
	s := openMem(t, Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := s.Import(5, nil, strings.NewReader(test.stream), set("side 1"))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
			checkNothing(t, s)
		})
	}
	good := head + leaf(1, "a", "v") + leaf(2, "b", "v") + inner(2) + end(2)
	for _, version := range []int64{-1, 0, 1<<63 - 1} {
		if _, err := s.Import(version, nil, strings.NewReader(good), nil); err == nil {
			t.Errorf("height %d: no error", version)
		}
	}
	if _, err := s.Import(5, make([]byte, 32), strings.NewReader(good), nil); err == nil {
		t.Error("another root than trusted: no error")
	}
	checkNothing(t, s)
	if _, err := s.Import(5, nil, strings.NewReader(good), nil); err != nil {
		t.Errorf("the store cannot be filled after refusals: %v", err)
	}
	if _, err := s.Import(5, nil, strings.NewReader(good), nil); err == nil {
		t.Error("imported into a full store")
	}
	checkView(t, view(t, s, 5), s.Root(), map[string]string{"a": "v", "b": "v"})
}

func checkNothing(t testing.TB, s *Store) {
	t.Helper()
	if empty, err := s.empty(); !empty || err != nil || s.Version() != 0 || s.tree.Size() != 0 {
		t.Errorf("the store is not empty: version %d, %v", s.Version(), err)
	}
	if _, err := s.View(0); !errors.As(err, new(ErrNoVersion)) {
		t.Errorf("view: %v", err)
	}
}

// TestImportFails cuts the stream, the reader and the power in the middle of a large import.
func TestImportFails(t *testing.T) {
	s := openMem(t, Options{})
	var writes []Write
	for i := range 2200 {
		writes = append(writes, Write{fmt.Sprintf("k%04d", i), bytes.Repeat([]byte{byte(i)}, 4000)})
	}
	root := commit(t, s, 1, writes)
	stream := exported(t, s, 1)
	fs, broken := vfs.NewCrashableMem(), errors.New("peer went away")
	var copies []*vfs.MemFS
	r := rand.New(rand.NewPCG(7, 7))
	o := Options{Fail: func() {
		copies = append(copies, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: r}))
	}}
	copied, err := openFS(calm{fs}, "d", o)
	if err != nil {
		t.Fatal(err)
	}
	half := io.MultiReader(bytes.NewReader(stream[:len(stream)/2]), errorReader{broken})
	if _, err := copied.Import(1, root, half, nil); !errors.Is(err, broken) {
		t.Errorf("import: %v", err)
	}
	checkNothing(t, copied)
	if _, err := copied.Import(1, root, bytes.NewReader(stream), set("side 1")); err != nil {
		t.Fatal(err)
	}
	if err := copied.Close(); err != nil {
		t.Fatal(err)
	}
	if len(copies) < 6 {
		t.Fatalf("only %d cuts", len(copies))
	}
	for i, fs := range copies {
		s, err := openFS(fs, "d", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if i < len(copies)-1 {
			checkNothing(t, s)
		} else if side, err := s.Side("side"); s.Version() != 1 || string(side) != "1" || err != nil {
			t.Errorf("after the last batch: version %d, side data %q, %v", s.Version(), side, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// FuzzImport: no stream makes Import panic, take memory out of proportion or leave anything behind, and what it accepts it
// exports again byte for byte.
func FuzzImport(f *testing.F) {
	c := newChain(f, 8, 5)
	s := openMem(f, Options{})
	for height := int64(1); height <= 5; height++ {
		c.commit(f, s, height)
	}
	f.Add(exported(f, s, 5))
	head := streamFormat + number(5)
	f.Add([]byte(head + end(0)))
	f.Add([]byte(head + leaf(1, "a", "v") + leaf(2, "b", "v") + inner(2) + leaf(2, "c", "v") + inner(5) + end(3)))
	f.Add([]byte(head + leaf(1, "a", "v") + leaf(2, "b", "v") + end(2)))
	f.Add([]byte(head + "\x01\x01\x01a" + number(MaxValue) + "v"))
	empty, err := Open("", small)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		root, err := empty.Import(5, nil, bytes.NewReader(stream), set("side 1"))
		runtime.ReadMemStats(&after)
		if used, fair := after.TotalAlloc-before.TotalAlloc, uint64(8<<20+100*len(stream)); used > fair {
			t.Errorf("%d bytes of stream took %d bytes of memory", len(stream), used)
		}
		if err != nil {
			checkNothing(t, empty)
			return
		}
		if got := exported(t, empty, 5); !bytes.Equal(got, stream) || !bytes.Equal(root, empty.Root()) {
			t.Errorf("accepted %q, exported %q", stream, got)
		}
		if err := empty.Close(); err != nil {
			t.Fatal(err)
		}
		if empty, err = Open("", small); err != nil {
			t.Fatal(err)
		}
	})
}
