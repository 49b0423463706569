//go:build !js

package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	iavldb "github.com/cosmos/iavl/db"
)

// formatPebble is the version of Pebble's files. It is named here, not taken from the library's "newest", so that an upgrade
// of the library does not silently make a node's data unreadable for the binary it may have to go back to.
const formatPebble = pebble.FormatTableFormatV6

// pebbleOptions are tuned for values of some hundred bytes and a node that stays under 400 MB. Point reads ask mostly for
// absent keys, hence filters; proofs read scattered nodes, hence Pebble's small default blocks.
func pebbleOptions(fs vfs.FS, o Options) *pebble.Options {
	p := &pebble.Options{
		FS:                          fs,
		FormatMajorVersion:          formatPebble,
		CacheSize:                   o.BlockCache,
		MemTableSize:                uint64(o.MemTable),
		MemTableStopWritesThreshold: 2,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		Logger:                      quiet{},
	}
	for i := range p.Levels[:6] {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	p.Levels[6].FilterPolicy = pebble.NoFilterPolicy // Pebble's Get does not look at filters of the last level
	return p
}

// quiet drops Pebble's chatter. What Pebble calls fatal (a log that cannot be written) ends the process: the state in memory
// is then ahead of the disk, and Pebble does not expect its logger to return.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic("store: pebble: " + fmt.Sprintf(format, args...))
}

// load copies the value under key out of db; nil when absent, never nil when present (iavl stores empty values).
func load(db *pebble.DB, key []byte) ([]byte, error) {
	value, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	loaded := append(make([]byte, 0, len(value)), value...)
	return loaded, closer.Close()
}

// treeDB is the database as iavl sees it. write is how a finished batch reaches the disk; readers have none, so a reader
// that tried to write would fail instead of corrupting the state.
type treeDB struct {
	db    *pebble.DB
	write func(*pebble.Batch) error
}

var errReadOnly = errors.New("write through a reader of the tree")

func (t *treeDB) Get(key []byte) ([]byte, error) { return load(t.db, key) }

func (t *treeDB) Has(key []byte) (bool, error) {
	_, closer, err := t.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, closer.Close()
}

func (t *treeDB) Iterator(start, end []byte) (iavldb.Iterator, error) {
	return t.iterator(start, end, (*pebble.Iterator).First, (*pebble.Iterator).Next)
}

func (t *treeDB) ReverseIterator(start, end []byte) (iavldb.Iterator, error) {
	return t.iterator(start, end, (*pebble.Iterator).Last, (*pebble.Iterator).Prev)
}

func (t *treeDB) iterator(start, end []byte, seek, step func(*pebble.Iterator) bool) (iavldb.Iterator, error) {
	it, err := t.db.NewIter(&pebble.IterOptions{LowerBound: start, UpperBound: end})
	if err != nil {
		return nil, err
	}
	seek(it)
	return &treeIterator{it: it, start: start, end: end, step: step}, nil
}

// Close does nothing: the trees share the database, the Store closes it.
func (t *treeDB) Close() error { return nil }

func (t *treeDB) NewBatch() iavldb.Batch { return &treeBatch{t: t, b: t.db.NewBatch()} }

// NewBatchWithSize ignores the size: iavl passes its flush threshold, and ours is a gigabyte.
func (t *treeDB) NewBatchWithSize(int) iavldb.Batch { return t.NewBatch() }

// treeIterator copies keys and values, because iavl keeps them.
type treeIterator struct {
	it         *pebble.Iterator
	start, end []byte
	step       func(*pebble.Iterator) bool
}

func (i *treeIterator) Domain() (start, end []byte) { return i.start, i.end }
func (i *treeIterator) Valid() bool                 { return i.it.Valid() }
func (i *treeIterator) Next()                       { i.step(i.it) }
func (i *treeIterator) Key() []byte                 { return append([]byte{}, i.it.Key()...) }
func (i *treeIterator) Value() []byte               { return append([]byte{}, i.it.Value()...) }
func (i *treeIterator) Error() error                { return i.it.Error() }
func (i *treeIterator) Close() error                { return i.it.Close() }

// treeBatch is one atomic Pebble batch. iavl must never flush it half full: see flushNever.
type treeBatch struct {
	t *treeDB
	b *pebble.Batch
}

func (b *treeBatch) Set(key, value []byte) error { return b.b.Set(key, value, nil) }
func (b *treeBatch) Delete(key []byte) error     { return b.b.Delete(key, nil) }
func (b *treeBatch) GetByteSize() (int, error)   { return b.b.Len(), nil }
func (b *treeBatch) Write() error                { return b.WriteSync() }
func (b *treeBatch) WriteSync() error {
	if b.t.write == nil {
		return errReadOnly
	}
	return b.t.write(b.b)
}

func (b *treeBatch) Close() error {
	if b.b == nil {
		return nil
	}
	err := b.b.Close()
	b.b = nil
	return err
}
