//go:build !js

package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

func openRaw(t testing.TB, fs vfs.FS) *pebble.DB {
	t.Helper()
	db, err := pebble.Open("d", pebbleOptions(fs, Options{}.withDefaults()))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// poke writes a key behind the store's back.
func poke(t testing.TB, fs vfs.FS, key, value string) {
	t.Helper()
	pokeAll(t, fs, map[string]string{key: value})
}

func pokeAll(t testing.TB, fs vfs.FS, pairs map[string]string) {
	t.Helper()
	db := openRaw(t, fs)
	for key, value := range pairs {
		if err := db.Set([]byte(key), []byte(value), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// dump is everything in the database.
func dump(t testing.TB, fs vfs.FS) map[string]string {
	t.Helper()
	db := openRaw(t, fs)
	it, err := db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for it.First(); it.Valid(); it.Next() {
		all[string(it.Key())] = string(it.Value())
	}
	if err := errors.Join(it.Error(), it.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

// chain is a sequence of random blocks with all that a store should show after each.
type chain struct {
	blocks [][]Write           // by height; none at 0
	states []map[string]string // by height
	roots  [][]byte
}

func newChain(t testing.TB, seed uint64, length int) *chain {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	c := &chain{blocks: [][]Write{nil}, states: []map[string]string{{}}, roots: [][]byte{nil}}
	s := openMem(t, Options{})
	for height := 1; height <= length; height++ {
		block := randomBlock(r, 400, 80)
		c.blocks = append(c.blocks, block)
		c.states = append(c.states, apply(c.states[height-1], block))
		c.roots = append(c.roots, commit(t, s, int64(height), block))
	}
	return c
}

// side data names its height, so that a mixture of two heights shows.
func (c *chain) side(height int64) []Write {
	return set(fmt.Sprintf("block/%d %d", height, height), fmt.Sprintf("-block/%d", height-2), fmt.Sprintf("last %d", height))
}

func (c *chain) commit(t testing.TB, s *Store, height int64) {
	t.Helper()
	if root := commit(t, s, height, c.blocks[height], c.side(height)...); !bytes.Equal(root, c.roots[height]) {
		t.Fatalf("block %d: root %X, want %X", height, root, c.roots[height])
	}
}

// check compares all that s shows, at every version it still has.
func (c *chain) check(t testing.TB, s *Store) {
	t.Helper()
	version := s.Version()
	for height := s.Oldest(); height > 0 && height <= version; height++ {
		v := view(t, s, height)
		checkView(t, v, c.roots[height], c.states[height])
		v.Close()
	}
	for key, want := range c.states[version] {
		if got, err := s.Get(key); err != nil || string(got) != want {
			t.Fatalf("height %d: get %s: %q, %v; want %q", version, key, got, err, want)
		}
	}
	side := map[string]string{}
	if err := s.SideScan("", func(k string, v []byte) error { side[k] = string(v); return nil }); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for height := int64(1); height <= version; height++ {
		want = apply(want, c.side(height))
	}
	if !maps.Equal(side, want) {
		t.Fatalf("height %d: side data %v, want %v", version, side, want)
	}
}

// resume reopens what a crash left, at a version from low to high, and runs the rest of the chain on it.
func (c *chain) resume(t testing.TB, fs vfs.FS, low, high int64) {
	t.Helper()
	s, err := openFS(fs, "d", small)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Version(); got < low || got > high {
		t.Fatalf("reopened at version %d, want %d to %d", got, low, high)
	}
	c.check(t, s)
	for height := s.Version() + 1; height < int64(len(c.blocks)); height++ {
		c.commit(t, s, height)
	}
	c.check(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// calm is a MemFS whose CrashClone may be called at any time: MemFS.ReuseForWrite takes the lock that CrashClone waits for
// twice, which is a deadlock when CrashClone comes in between.
type calm struct{ *vfs.MemFS }

func (c calm) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := c.Rename(from, to); err != nil {
		return nil, err
	}
	return c.OpenReadWrite(to, category)
}

// cuts collects copies of a disk as a power cut would leave it, each with the versions it may show.
type cuts struct {
	mu        sync.Mutex
	fs        *vfs.MemFS
	r         *rand.Rand
	low, high int64 // last committed, being committed
	taken     []cut
}

type cut struct {
	fs        *vfs.MemFS
	low, high int64
}

func newCuts(seed uint64) *cuts {
	return &cuts{fs: vfs.NewCrashableMem(), r: rand.New(rand.NewPCG(seed, 1))}
}

// take copies the disk with percent of what was not synced.
func (c *cuts) take(percent int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = append(c.taken, cut{c.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: c.r}), c.low, c.high})
}

func (c *cuts) between(low, high int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.low, c.high = low, high
}

// run commits and prunes the whole chain on s.
func (c *cuts) run(t *testing.T, chain *chain, s *Store) {
	for height := int64(1); height < int64(len(chain.blocks)); height++ {
		c.between(height-1, height)
		chain.commit(t, s, height)
		c.between(height, height)
		if _, err := s.Prune(2, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestPowerCutAtBoundaries cuts before and after every batch, with none, some or all of what was not synced, and goes on from
// each copy.
func TestPowerCutAtBoundaries(t *testing.T) {
	chain := newChain(t, 1, 8)
	for _, percent := range []int{0, 50, 100} {
		t.Run(fmt.Sprint(percent, "% of the unsynced"), func(t *testing.T) {
			t.Parallel()
			c, after := newCuts(uint64(percent)), false
			o := small
			o.Fail = func() {
				c.take(percent)
				// Before the batch nothing of the new version may be there, after it everything must be.
				if last := &c.taken[len(c.taken)-1]; after {
					last.low = last.high
				} else {
					last.high = last.low
				}
				after = !after
			}
			s, err := openFS(calm{c.fs}, "d", o)
			if err != nil {
				t.Fatal(err)
			}
			c.run(t, chain, s)
			if len(c.taken) < 2*len(chain.blocks) {
				t.Fatalf("only %d cuts", len(c.taken))
			}
			for _, cut := range c.taken {
				chain.resume(t, cut.fs, cut.low, cut.high)
			}
		})
	}
}

// TestPowerCutAnywhere cuts at operations of the file system: in the middle of a commit, a flush, a compaction.
func TestPowerCutAnywhere(t *testing.T) {
	chain := newChain(t, 5, 8)
	c := newCuts(5)
	var operations atomic.Int64
	hook := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && operations.Add(1)%7 == 0 {
			c.take(int(operations.Load() % 3 * 50))
		}
		return nil
	})
	s, err := openFS(errorfs.Wrap(calm{c.fs}, hook), "d", small)
	if err != nil {
		t.Fatal(err)
	}
	c.run(t, chain, s)
	if len(c.taken) < 20 {
		t.Fatalf("only %d cuts", len(c.taken))
	}
	t.Logf("%d cuts in %d operations", len(c.taken), operations.Load())
	for _, cut := range c.taken {
		chain.resume(t, cut.fs, cut.low, cut.high)
	}
}

// TestDeathInHook is a process that ends at a boundary: the store is abandoned as it is.
func TestDeathInHook(t *testing.T) {
	c := newChain(t, 2, 4)
	for die := 1; die <= 10; die++ {
		fs := vfs.NewCrashableMem()
		calls := 0
		o := small
		o.Fail = func() {
			if calls++; calls == die {
				panic("killed")
			}
		}
		s, err := openFS(calm{fs}, "d", o)
		if err != nil {
			t.Fatal(err)
		}
		height := runUntilKilled(t, c, s)
		c.resume(t, fs.CrashClone(vfs.CrashCloneCfg{}), height-1, height)
		_ = s.db.Close() // only to end its goroutines
	}
}

// runUntilKilled returns the height at which the process died.
func runUntilKilled(t *testing.T, c *chain, s *Store) (height int64) {
	defer func() {
		if r := recover(); r != nil && r != "killed" {
			panic(r)
		}
	}()
	for height = 1; height < 4; height++ {
		c.commit(t, s, height)
		if _, err := s.Prune(1, 1); err != nil {
			t.Fatal(err)
		}
	}
	return height
}

// TestHalfWrittenVersion plants nodes of a version whose root never came, as a store with smaller batches would leave them,
// and a whole version that was never sealed.
func TestHalfWrittenVersion(t *testing.T) {
	c := newChain(t, 3, 5)
	for height := int64(0); height < 5; height++ {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprint("height ", height, " whole ", whole), func(t *testing.T) {
				before, after := diskAt(t, c, height), diskAt(t, c, height+1)
				prefix := string(nodeKey(height+1, 0)[:9])
				planted := map[string]string{}
				for key, value := range dump(t, after) {
					if key[:min(9, len(key))] == prefix && (whole || key != string(nodeKey(height+1, rootNonce))) {
						planted[key] = value
					}
				}
				if len(planted) < 10 {
					t.Fatalf("planted %d nodes", len(planted))
				}
				pokeAll(t, before, planted)
				c.resume(t, before, height, height)
			})
		}
	}
}

// diskAt is the disk of a store closed at height.
func diskAt(t *testing.T, c *chain, height int64) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewMem()
	s, err := openFS(fs, "d", small)
	if err != nil {
		t.Fatal(err)
	}
	for h := int64(1); h <= height; h++ {
		c.commit(t, s, h)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return fs
}

// TestPruneLeavesNothing counts the nodes on disk: a store pruned to its last version holds the nodes of one tree.
func TestPruneLeavesNothing(t *testing.T) {
	c := newChain(t, 4, 20)
	fs := diskAt(t, c, 20)
	s, err := openFS(fs, "d", small)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Prune(0, 100); n != 19 || err != nil {
		t.Fatalf("pruned %d, %v", n, err)
	}
	c.check(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	nodes := 0
	for key := range dump(t, fs) {
		if key[0] == 's' {
			nodes++
		}
	}
	if want := 2*len(c.states[20]) - 1; nodes != want {
		t.Errorf("%d nodes on disk, want %d", nodes, want)
	}
}
