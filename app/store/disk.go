//go:build !js

package store

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// formatDisk is the layout of the database below.
//
//	1: iavl's own keys (lower-case first byte: s<version><nonce> = node), L<key> = value at the last committed version,
//	   S<key> = side data, Mformat = this number, Mstate = state{version, oldest, root}.
const formatDisk = 1

// The first byte of our keys. iavl has f, m, n, o, r and s.
//
// L repeats the leaves of the latest tree, because rules read several keys for each transaction and mostly such as no cache
// holds: is this order number new, which order does this payment belong to. With a million records in a hundred streams
// (BenchmarkGetAbsent, BenchmarkGetPresent; two shared cores, µs):
//
//	                            flat    walk down the writer's tree
//	absent, at a stream's end   2.9     1.5
//	absent, anywhere            6.4     74
//	present, of the last blocks 1.1     2.4
//	present, anywhere           7.9     67
//
// It costs a commit of 1000 records 15 ms of processor time in 60 and the disk 605 MB instead of 428 MB, and pays as soon as
// one record in four makes one read of something old. It also keeps Get at the committed state while a block is applied, and
// lets every goroutine call it. iavl's own fast storage does the same job without being safe in a crash.
const (
	spaceLatest byte = 'L'
	spaceSide   byte = 'S'
)

var (
	keyFormat = []byte("Mformat")
	keyState  = []byte("Mstate")
)

// state is the record written in the same batch as the version it speaks of: the last committed version, the oldest one
// that is still there, and the root at the last.
type state struct {
	version, oldest int64
	root            []byte
}

func (st state) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(st.version))
	b = binary.BigEndian.AppendUint64(b, uint64(st.oldest))
	return append(b, st.root...)
}

func (s *Store) readState() (state, error) {
	b, err := load(s.db, keyState)
	if err != nil || b == nil {
		return state{}, err
	}
	if len(b) != 8+8+32 {
		return state{}, fmt.Errorf("read the last version: record of %d bytes", len(b))
	}
	return state{
		version: int64(binary.BigEndian.Uint64(b)),
		oldest:  int64(binary.BigEndian.Uint64(b[8:])),
		root:    b[16:],
	}, nil
}

// checkFormat refuses directories that hold something else, or our data in a layout that this code does not know.
func (s *Store) checkFormat() error {
	b, err := load(s.db, keyFormat)
	if err != nil {
		return err
	}
	if b != nil {
		if len(b) != 1 || b[0] != formatDisk {
			return fmt.Errorf("data has format %x, this program reads format %d", b, formatDisk)
		}
		return nil
	}
	empty, err := s.empty()
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("the directory holds a database of something else")
	}
	return s.db.Set(keyFormat, []byte{formatDisk}, pebble.Sync)
}

// empty tells whether there is nothing but the format.
func (s *Store) empty() (bool, error) {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return false, err
	}
	n := 0
	for it.First(); it.Valid() && n < 2; it.Next() {
		if !slices.Equal(it.Key(), keyFormat) {
			n++
		}
	}
	return n == 0, it.Close()
}

// wipe empties a database in which nothing was ever committed.
func (s *Store) wipe() error {
	empty, err := s.empty()
	if err != nil || empty {
		return err
	}
	b := s.db.NewBatch()
	defer b.Close()
	if err := b.DeleteRange([]byte{0}, []byte{0xff}, nil); err != nil {
		return err
	}
	if err := b.Set(keyFormat, []byte{formatDisk}, nil); err != nil {
		return err
	}
	return s.write(b, true)
}

// seal is what a batch of iavl's takes along to the disk.
type seal struct {
	latest []Write // changes of the flat latest state
	side   []Write
	state  state
	sync   bool
}

func (l *seal) fill(b *pebble.Batch) error {
	if err := fill(b, spaceLatest, l.latest); err != nil {
		return err
	}
	if err := fill(b, spaceSide, l.side); err != nil {
		return err
	}
	return b.Set(keyState, l.state.encode(), nil)
}

func fill(b *pebble.Batch, space byte, writes []Write) error {
	var key []byte
	for _, w := range writes {
		key = append(append(key[:0], space), w.Key...)
		var err error
		if w.Value == nil {
			err = b.Delete(key, nil)
		} else {
			err = b.Set(key, w.Value, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flush is how the writer's tree reaches the disk: with the seal of the operation in progress. Without one, at Open, iavl is
// removing a half-written version.
func (s *Store) flush(b *pebble.Batch) error {
	if s.seal == nil {
		return s.write(b, true)
	}
	if err := s.seal.fill(b); err != nil {
		return err
	}
	return s.write(b, s.seal.sync)
}

// write is the only way to the disk.
func (s *Store) write(b *pebble.Batch, sync bool) error {
	s.opts.Fail()
	o := pebble.Sync
	if !sync {
		o = pebble.NoSync
	}
	if err := b.Commit(o); err != nil {
		return fmt.Errorf("write a batch of %d bytes: %w", b.Len(), err)
	}
	s.opts.Fail()
	return nil
}

// Side returns this node's own data under key, as of the last commit; nil when absent.
func (s *Store) Side(key string) ([]byte, error) {
	return s.lookup(spaceSide, key)
}

func (s *Store) lookup(space byte, key string) ([]byte, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	var room [64]byte
	value, err := load(s.db, append(append(room[:0], space), key...))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", key, err)
	}
	return value, nil
}

// SideScan calls f for this node's own data under keys that begin with prefix, in key order, all of the same commit. The
// value is valid until f returns. An error of f ends the scan and is returned as it is.
func (s *Store) SideScan(prefix string, f func(key string, value []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	from := append([]byte{spaceSide}, prefix...)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: afterPrefix(from)})
	if err != nil {
		return fmt.Errorf("scan side data %q: %w", prefix, err)
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		if err := f(string(it.Key()[1:]), it.Value()); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("scan side data %q: %w", prefix, err)
	}
	return nil
}

// afterPrefix is the first key after all keys that begin with prefix. Our prefixes begin with a byte below 0xff.
func afterPrefix(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for end[len(end)-1] == 0xff {
		end = end[:len(end)-1]
	}
	end[len(end)-1]++
	return end
}
