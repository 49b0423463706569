//go:build !js

package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/cosmos/iavl"
)

// View is the state at one committed version, read-only, for any number of goroutines. It is a lease: the version is not
// pruned before Close.
type View struct {
	store *Store
	tree  *iavl.ImmutableTree
	lease *lease
	root  []byte

	closed bool // guarded by store.mu
}

// lease counts those who read a version: its views, and the operations in progress.
type lease struct {
	version int64
	holders int
}

// ErrNoVersion is the error of View for a version that is not there: not committed yet, or pruned. All three are 0 or
// heights; Latest is 0 when nothing was committed yet.
type ErrNoVersion struct {
	Asked, Oldest, Latest int64
}

func (e ErrNoVersion) Error() string {
	if e.Latest == 0 {
		return fmt.Sprintf("state at height %d: no block was committed yet", e.Asked)
	}
	return fmt.Sprintf("state at height %d: this node has heights %d to %d", e.Asked, e.Oldest, e.Latest)
}

var errViewClosed = errors.New("view is closed")

// View opens the state at version, 0 meaning the latest. The error is an ErrNoVersion when that version is not there. Every
// view must be closed, or nothing newer is ever pruned.
func (s *Store) View(version int64) (v *View, err error) {
	l, reader, err := s.borrow(version)
	if err != nil {
		return nil, err
	}
	defer func() {
		s.returns(l, err != nil)
	}()
	defer guard(&err)
	tree, err := reader.GetImmutable(l.version)
	if err != nil {
		return nil, fmt.Errorf("open the state at height %d: %w", l.version, err)
	}
	return &View{store: s, tree: tree, lease: l, root: tree.Hash()}, nil
}

// borrow takes a lease for a view and one for the operation that opens it.
func (s *Store) borrow(version int64) (*lease, *iavl.MutableTree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	asked := version
	if version == 0 {
		version = s.state.version
	}
	if s.state.version == 0 || version < s.state.oldest || version > s.state.version {
		return nil, nil, ErrNoVersion{asked, s.state.oldest, s.state.version}
	}
	s.busy++
	s.turn = (s.turn + 1) % len(s.readers)
	l := s.leaseOf(version)
	l.holders += 2
	return l, s.readers[s.turn], nil
}

// leaseOf finds or adds the lease of a version. mu is held.
func (s *Store) leaseOf(version int64) *lease {
	i, found := slices.BinarySearchFunc(s.leases, version, func(l *lease, v int64) int { return int(l.version - v) })
	if !found {
		s.leases = slices.Insert(s.leases, i, &lease{version: version})
	}
	return s.leases[i]
}

// returns ends an operation on l and, if asked, the view itself.
func (s *Store) returns(l *lease, view bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(l)
	if view {
		s.drop(l)
	}
	s.release()
}

// drop gives back one hold on l. mu is held.
func (s *Store) drop(l *lease) {
	if l.holders--; l.holders > 0 {
		return
	}
	i := slices.Index(s.leases, l)
	s.leases = slices.Delete(s.leases, i, i+1)
}

// enter begins an operation; it holds the lease itself, so that a Close in the middle takes nothing away from it.
func (v *View) enter() error {
	s := v.store
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case v.closed:
		return errViewClosed
	}
	s.busy++
	v.lease.holders++
	return nil
}

func (v *View) leave() { v.store.returns(v.lease, false) }

// Close gives the lease back. Operations in progress still finish. Closing twice does nothing.
func (v *View) Close() {
	s := v.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if !v.closed {
		v.closed = true
		s.drop(v.lease)
	}
}

// guard turns a panic into an error: iavl dereferences nodes before it looks whether it could load them.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("iavl panicked: %v", r)
	}
}

// read runs one operation on the tree.
func (v *View) read(what, key string, f func(*iavl.ImmutableTree) error) (err error) {
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s %q at height %d: %w", what, key, v.Version(), err)
		}
	}()
	defer guard(&err)
	return f(v.tree)
}

// Version is the height of the state.
func (v *View) Version() int64 { return v.lease.version }

// Root is the tree's root hash, the AppHash after this height's block; 32 bytes.
func (v *View) Root() []byte { return bytes.Clone(v.root) }

// Size is the number of keys.
func (v *View) Size() int64 { return v.tree.Size() }

// Get returns the value under key, nil when absent. The slice is the caller's.
func (v *View) Get(key string) (value []byte, err error) {
	err = v.read("read", key, func(t *iavl.ImmutableTree) error {
		found, err := t.Get([]byte(key))
		value = bytes.Clone(found)
		return err
	})
	return value, err
}

// Has tells whether key is there.
func (v *View) Has(key string) (has bool, err error) {
	err = v.read("look for", key, func(t *iavl.ImmutableTree) error {
		has, err = t.Has([]byte(key))
		return err
	})
	return has, err
}

// Rank is the number of keys below key: the 0-based index of a key that is there, the index it would get if it is not.
func (v *View) Rank(key string) (rank int64, err error) {
	err = v.read("rank", key, func(t *iavl.ImmutableTree) error {
		rank, _, err = t.GetWithIndex([]byte(key))
		return err
	})
	return rank, err
}

// Iterate calls f for the keys in [from, to) in order, until f returns true. An empty to means no upper end. The value is
// read-only. f may use the view.
func (v *View) Iterate(from, to string, f func(key string, value []byte) (stop bool)) error {
	return v.read("iterate from", from, func(t *iavl.ImmutableTree) error {
		want, err := countRange(t, from, to)
		if err != nil || want <= 0 {
			return err
		}
		var end []byte
		if to != "" {
			end = []byte(to)
		}
		got := int64(0)
		stopped := t.IterateRange([]byte(from), end, true, func(key, value []byte) bool {
			got++
			return f(string(key), value)
		})
		// iavl ends an iteration quietly when it cannot load a node. The sizes in the inner nodes tell.
		if !stopped && got != want {
			return fmt.Errorf("the iteration ended after %d of %d keys", got, want)
		}
		return nil
	})
}

// countRange is the number of keys in [from, to).
func countRange(t *iavl.ImmutableTree, from, to string) (int64, error) {
	low, _, err := t.GetWithIndex([]byte(from))
	if err != nil || to == "" {
		return t.Size() - low, err
	}
	high, _, err := t.GetWithIndex([]byte(to))
	return high - low, err
}

// Prove returns a proof for key under Root: of membership when the key is there, else of non-membership. It is the protobuf
// encoding of an ics23.CommitmentProof for ics23.IavlSpec; a membership proof contains the value. A tree without keys proves
// nothing: an error.
func (v *View) Prove(key string) (proof []byte, err error) {
	err = v.read("prove", key, func(t *iavl.ImmutableTree) error {
		if err := checkKey(key); err != nil {
			return err
		}
		p, err := t.GetProof([]byte(key))
		if err != nil {
			return err
		}
		proof, err = p.Marshal()
		return err
	})
	return proof, err
}
