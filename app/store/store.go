//go:build !js

package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cosmos/iavl"
)

// Options say how a Store uses the machine. The zero value is a good one.
type Options struct {
	// InitialVersion is the height of the chain's first block (CometBFT's initial_height), so that version == height always.
	// 0 means 1.
	InitialVersion int64

	// Cache is the number of tree nodes the writer keeps in memory, about 0.7 kB each. 0 means 30,000.
	Cache int

	// BlockCache is Pebble's cache of file blocks, in bytes. 0 means 64 MiB.
	BlockCache int64

	// MemTable is the size of one of Pebble's write buffers, in bytes; up to two exist. 0 means 16 MiB.
	MemTable int

	// Readers is the number of tree instances that views share, each with its own lock and node cache. 0 means 2.
	Readers int

	// Fail is called before and after every batch that reaches the disk: a commit, a prune, a part of an import. Crash tests
	// end the process there. nil means nothing.
	Fail func()

	// NoSync leaves out the fsync of a commit. A power cut then loses blocks. For tests and benchmarks.
	NoSync bool
}

func (o Options) withDefaults() Options {
	if o.InitialVersion == 0 {
		o.InitialVersion = 1
	}
	if o.Cache == 0 {
		o.Cache = 30_000
	}
	if o.BlockCache == 0 {
		o.BlockCache = 64 << 20
	}
	if o.MemTable == 0 {
		o.MemTable = 16 << 20
	}
	if o.Readers == 0 {
		o.Readers = 2
	}
	if o.Fail == nil {
		o.Fail = func() {}
	}
	return o
}

const (
	// flushNever keeps iavl from cutting a version into several batches: with its default of 100 kB, nine of ten power cuts
	// in the middle of a commit leave a version without a root.
	flushNever = 1 << 30

	// readerCache is the number of nodes each reader instance keeps: the upper fourteen levels of the tree, which every
	// proof passes through.
	readerCache = 20_000
)

// Store is the state of one node on its disk. One goroutine executes and calls Apply, Commit, Prune and Import; everything
// else may be called by any goroutine at any time.
type Store struct {
	opts Options
	db   *pebble.DB

	writer  sync.Mutex // held by Apply, Commit, Prune and Import; guards the fields down to broken
	tree    *iavl.MutableTree
	applied *applied
	seal    *seal
	broken  error // first failed write: memory may be ahead of the disk, nothing may be written any more

	mu      sync.Mutex // guards the fields below
	state   state
	leases  []*lease // sorted by version
	readers []*iavl.MutableTree
	turn    int // reader that the next view gets
	closed  bool
	busy    int // operations in progress
	idle    sync.Cond
}

// applied is a block that the tree holds and the disk does not.
type applied struct {
	height int64
	writes []Write
	root   []byte
}

// ErrClosed is returned by every method of a closed Store and of its views.
var ErrClosed = errors.New("state store is closed")

// Open opens the store in dir, creating it if need be; an empty dir means in memory, gone with the process. What a crash
// left half written is removed, so the store is at the last version whose Commit returned, or the one after. It fails when
// another process has the directory open, when the directory holds something else, and when the state does not match the
// root that was committed with it.
func Open(dir string, o Options) (*Store, error) {
	if dir == "" {
		return openFS(vfs.NewMem(), "state", o)
	}
	return openFS(vfs.Default, dir, o)
}

func openFS(fs vfs.FS, dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	if o.InitialVersion < 0 || o.Cache < 0 || o.Readers < 0 {
		return nil, fmt.Errorf("open state in %s: options %+v: negative number", dir, o)
	}
	db, err := pebble.Open(dir, pebbleOptions(fs, o))
	if err != nil {
		return nil, fmt.Errorf("open state in %s (is another process using it?): %w", dir, err)
	}
	s := &Store{opts: o, db: db}
	s.idle.L = &s.mu
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("open state in %s: %w", dir, errors.Join(err, db.Close()))
	}
	return s, nil
}

// load brings the store to its last committed version and removes what lies beyond it.
func (s *Store) load() error {
	if err := s.checkFormat(); err != nil {
		return err
	}
	st, err := s.readState()
	if err != nil {
		return err
	}
	if st.version == 0 {
		if err := s.wipe(); err != nil {
			return fmt.Errorf("remove what an import left: %w", err)
		}
	}
	if err := s.loadTree(st); err != nil {
		return err
	}
	s.openReaders()
	s.state = st
	return nil
}

// loadTree opens the writer's tree at st. Nodes beyond st.version belong to a version that was never committed; iavl finds
// them first and would either fail for want of their root or take them for committed.
func (s *Store) loadTree(st state) error {
	s.tree = s.newTree(s.opts.Cache, s.flush)
	latest, err := s.tree.Load()
	if err != nil && !errors.Is(err, iavl.ErrVersionDoesNotExist) {
		return fmt.Errorf("load the tree: %w", err)
	}
	if err != nil || latest > st.version {
		s.tree = s.newTree(s.opts.Cache, s.flush)
		if err := s.tree.LoadVersionForOverwriting(st.version); err != nil {
			return fmt.Errorf("go back to version %d: %w", st.version, err)
		}
	}
	if got := s.tree.Version(); got != st.version {
		return fmt.Errorf("the tree is at version %d, the last commit was of version %d", got, st.version)
	}
	if got := s.tree.Hash(); st.version > 0 && !bytes.Equal(got, st.root) {
		return fmt.Errorf("the tree's root at version %d is %X, committed was %X", st.version, got, st.root)
	}
	return nil
}

func (s *Store) newTree(cache int, write func(*pebble.Batch) error) *iavl.MutableTree {
	return iavl.NewMutableTree(&treeDB{s.db, write}, cache, true, iavl.NewNopLogger(),
		iavl.SyncOption(true),
		iavl.FlushThresholdOption(flushNever),
		iavl.InitialVersionOption(uint64(s.opts.InitialVersion)))
}

// openReaders makes the instances that views read through. The writer's instance is never shared: its lock is held during
// fsync, and it changes nodes in place.
func (s *Store) openReaders() {
	s.readers = make([]*iavl.MutableTree, s.opts.Readers)
	for i := range s.readers {
		s.readers[i] = s.newTree(readerCache, nil)
	}
}

// Version is the height of the last committed block, 0 when there is none.
func (s *Store) Version() int64 { return s.committed().version }

// Oldest is the lowest version that is still there, 0 when there is none.
func (s *Store) Oldest() int64 { return s.committed().oldest }

// Root is the tree's root hash at Version, 32 bytes; nil when nothing was committed yet. The root of a tree without keys is
// the SHA-256 of nothing.
func (s *Store) Root() []byte { return bytes.Clone(s.committed().root) }

func (s *Store) committed() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Get returns the value under key at the last committed version, nil when absent. Applied blocks are not seen before their
// Commit.
func (s *Store) Get(key string) ([]byte, error) {
	return s.lookup(spaceLatest, key)
}

// Apply gives the tree a block's writes, which must be sorted by key, one per key, and returns the root that Commit will
// make permanent. height must be Version()+1, or InitialVersion for the first block. Applying again before Commit, be it the
// same height with other writes, takes back what was applied first. The store keeps its own copies.
func (s *Store) Apply(height int64, writes []Write) (root []byte, err error) {
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.writable(); err != nil {
		return nil, err
	}
	defer s.leave()
	if next := s.next(); height != next {
		return nil, fmt.Errorf("apply block %d: the next block is %d", height, next)
	}
	if err := checkSorted(writes); err != nil {
		return nil, fmt.Errorf("apply block %d: %w", height, err)
	}
	s.applied = nil
	s.tree.Rollback()
	own := make([]Write, len(writes))
	for i, w := range writes {
		own[i] = Write{w.Key, bytes.Clone(w.Value)}
		if err := s.change(own[i]); err != nil {
			return nil, fmt.Errorf("apply block %d: key %q: %w", height, w.Key, err)
		}
	}
	s.applied = &applied{height, own, s.tree.WorkingHash()}
	return bytes.Clone(s.applied.root), nil
}

func (s *Store) change(w Write) error {
	if strings.HasPrefix(w.Key, IndexSpace) {
		return nil
	}
	if w.Value == nil {
		_, _, err := s.tree.Remove([]byte(w.Key))
		return err
	}
	_, err := s.tree.Set([]byte(w.Key), w.Value)
	return err
}

func (s *Store) next() int64 {
	return max(s.Version()+1, s.opts.InitialVersion)
}

func checkSorted(writes []Write) error {
	for i, w := range writes {
		if i > 0 && writes[i-1].Key >= w.Key {
			return fmt.Errorf("key %q after %q: writes must be sorted by key, one per key", w.Key, writes[i-1].Key)
		}
		err := checkKey(w.Key)
		if w.Value != nil {
			err = checkPair(w.Key, w.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Commit makes the applied block permanent: tree, flat latest state, side data and the version's number reach the disk in one
// atomic, synced batch. side is data of this node beside the tree, covered by no root; nil values delete. After an error the
// store refuses every further write, because the tree in memory may be ahead of the disk; open it again.
func (s *Store) Commit(side []Write) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	defer s.leave()
	a := s.applied
	if a == nil {
		return fmt.Errorf("commit after block %d: no block was applied", s.Version())
	}
	if err := checkSide(side); err != nil {
		return fmt.Errorf("commit block %d: %w", a.height, err)
	}
	st := state{version: a.height, oldest: s.Oldest(), root: a.root}
	if st.oldest == 0 {
		st.oldest = a.height
	}
	s.seal = &seal{latest: a.writes, side: side, state: st, sync: !s.opts.NoSync}
	root, version, err := s.tree.SaveVersion()
	s.seal, s.applied = nil, nil
	if err == nil && (version != a.height || !bytes.Equal(root, a.root)) {
		err = fmt.Errorf("the tree saved version %d with root %X instead of %X", version, root, a.root)
	}
	if err != nil {
		return s.breaks(fmt.Errorf("commit block %d: %w", a.height, err))
	}
	s.advance(st)
	return nil
}

func checkSide(side []Write) error {
	for _, w := range side {
		if err := checkKey(w.Key); err != nil {
			return fmt.Errorf("side data: %w", err)
		}
	}
	return nil
}

func (s *Store) advance(st state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = st
}

// breaks remembers the first failed write.
func (s *Store) breaks(err error) error {
	s.broken = err
	return err
}

// writable begins an operation of the writer, which ends with leave.
func (s *Store) writable() error {
	if s.broken != nil {
		return fmt.Errorf("state store refuses writes since: %w", s.broken)
	}
	return s.enter()
}

// enter begins an operation that Close must wait for.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.busy++
	return nil
}

func (s *Store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release()
}

// release is leave for those who hold mu.
func (s *Store) release() {
	s.busy--
	if s.busy == 0 && s.closed {
		s.idle.Broadcast()
	}
}

// Close waits for the operations in progress and closes the store. Views that are still open answer ErrClosed from now on.
// An applied block that was not committed is gone. Closing twice is an error.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.closed = true
	for s.busy > 0 {
		s.idle.Wait()
	}
	s.mu.Unlock()
	errs := []error{s.tree.Close()}
	for _, r := range s.readers {
		errs = append(errs, r.Close())
	}
	errs = append(errs, s.db.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close state: %w", err)
	}
	return nil
}
