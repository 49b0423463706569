package chaindb

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	dbm "github.com/cometbft/cometbft-db"
)

// named is one database: the keys from prefix to end. It implements dbm.DB and copies
// everything that it returns, because CometBFT keeps it.
type named struct {
	all         *Databases
	prefix, end []byte
}

// key puts the prefix before a key.
func (n *named) key(key []byte) []byte {
	return append(n.prefix[:len(n.prefix):len(n.prefix)], key...)
}

// Get returns the value under key, nil when there is none. It finds nothing once the
// databases are closed: CometBFT's stores panic on any error, and goroutines of its
// reactors may read on for a moment after they were told to stop.
func (n *named) Get(key []byte) (value []byte, err error) {
	if len(key) == 0 {
		return nil, errKeyEmpty
	}
	if err := n.all.enter(); err != nil {
		return nil, nil
	}
	defer n.all.leave()
	found, closer, err := n.all.db.Get(n.key(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value = append(make([]byte, 0, len(found)), found...) // empty values are not nil
	return value, closer.Close()
}

// Has says whether there is a value under key.
func (n *named) Has(key []byte) (bool, error) {
	value, err := n.Get(key)
	return value != nil, err
}

// Set writes without waiting for the disk.
func (n *named) Set(key, value []byte) error { return n.set(key, value, pebble.NoSync) }

// SetSync writes and waits for the disk.
func (n *named) SetSync(key, value []byte) error { return n.set(key, value, pebble.Sync) }

// Delete deletes without waiting for the disk.
func (n *named) Delete(key []byte) error { return n.delete(key, pebble.NoSync) }

// DeleteSync deletes and waits for the disk.
func (n *named) DeleteSync(key []byte) error { return n.delete(key, pebble.Sync) }

func (n *named) set(key, value []byte, o *pebble.WriteOptions) error {
	if err := checkPair(key, value); err != nil {
		return err
	}
	if err := n.all.enter(); err != nil {
		return err
	}
	defer n.all.leave()
	return n.all.db.Set(n.key(key), value, o)
}

func (n *named) delete(key []byte, o *pebble.WriteOptions) error {
	if len(key) == 0 {
		return errKeyEmpty
	}
	if err := n.all.enter(); err != nil {
		return err
	}
	defer n.all.leave()
	return n.all.db.Delete(n.key(key), o)
}

func checkPair(key, value []byte) error {
	if len(key) == 0 {
		return errKeyEmpty
	}
	if value == nil {
		return errValueNil
	}
	return nil
}

// Close does nothing: see Databases.
func (n *named) Close() error { return nil }

// NewBatch begins an atomic batch.
func (n *named) NewBatch() dbm.Batch { return &batch{of: n, b: n.all.db.NewBatch()} }

// Iterator walks [start, end) upwards.
func (n *named) Iterator(start, end []byte) (dbm.Iterator, error) {
	return n.iterator(start, end, (*pebble.Iterator).First, (*pebble.Iterator).Next)
}

// ReverseIterator walks [start, end) downwards.
func (n *named) ReverseIterator(start, end []byte) (dbm.Iterator, error) {
	return n.iterator(start, end, (*pebble.Iterator).Last, (*pebble.Iterator).Prev)
}

func (n *named) iterator(start, end []byte, seek, step func(*pebble.Iterator) bool) (dbm.Iterator, error) {
	if start != nil && len(start) == 0 || end != nil && len(end) == 0 {
		return nil, errKeyEmpty
	}
	lower, upper := n.prefix, n.end
	if start != nil {
		lower = n.key(start)
	}
	if end != nil {
		upper = n.key(end)
	}
	if bytes.Compare(lower, upper) > 0 { // nothing, which Pebble does not take
		upper = lower
	}
	if err := n.all.enter(); err != nil {
		return nil, err
	}
	it, err := n.all.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		n.all.leave()
		return nil, err
	}
	seek(it)
	return &iterator{of: n, it: it, step: step, start: start, end: end}, nil
}

// Compact gives disk space back.
func (n *named) Compact(start, end []byte) error {
	if err := n.all.enter(); err != nil {
		return err
	}
	defer n.all.leave()
	lower, upper := n.key(start), n.end
	if end != nil {
		upper = n.key(end)
	}
	if bytes.Compare(lower, upper) >= 0 {
		return nil
	}
	return n.all.db.Compact(context.Background(), lower, upper, false)
}

// Print writes the database to standard output, for debugging.
func (n *named) Print() error {
	it, err := n.Iterator(nil, nil)
	if err != nil {
		return err
	}
	for ; it.Valid(); it.Next() {
		fmt.Printf("[%X]:\t[%X]\n", it.Key(), it.Value())
	}
	return errors.Join(it.Error(), it.Close())
}

// Stats describes the whole Pebble database.
func (n *named) Stats() map[string]string {
	if n.all.enter() != nil {
		return nil
	}
	defer n.all.leave()
	return map[string]string{"database.type": "pebble", "pebble.metrics": n.all.db.Metrics().String()}
}

// iterator copies keys and values, because CometBFT keeps them.
type iterator struct {
	of         *named
	it         *pebble.Iterator
	step       func(*pebble.Iterator) bool
	start, end []byte
	closed     bool
}

func (i *iterator) Domain() (start, end []byte) { return i.start, i.end }
func (i *iterator) Valid() bool                 { return !i.closed && i.it.Valid() }
func (i *iterator) Next()                       { i.mustBeValid(); i.step(i.it) }
func (i *iterator) Error() error                { return i.it.Error() }

func (i *iterator) Key() []byte {
	i.mustBeValid()
	return bytes.Clone(i.it.Key()[len(i.of.prefix):])
}

func (i *iterator) Value() []byte {
	i.mustBeValid()
	value := i.it.Value()
	return append(make([]byte, 0, len(value)), value...)
}

func (i *iterator) mustBeValid() {
	if !i.Valid() {
		panic("chain database: the iterator is at its end")
	}
}

// Close ends the iterator. Closing twice does nothing.
func (i *iterator) Close() error {
	if i.closed {
		return nil
	}
	i.closed = true
	defer i.of.all.leave()
	return i.it.Close()
}

// batch is an atomic batch of one database's writes.
type batch struct {
	of *named
	b  *pebble.Batch // nil when it was written or closed
}

func (b *batch) Set(key, value []byte) error {
	if err := checkPair(key, value); err != nil {
		return err
	}
	if b.b == nil {
		return errBatchEnded
	}
	return b.b.Set(b.of.key(key), value, nil)
}

func (b *batch) Delete(key []byte) error {
	if len(key) == 0 {
		return errKeyEmpty
	}
	if b.b == nil {
		return errBatchEnded
	}
	return b.b.Delete(b.of.key(key), nil)
}

func (b *batch) Write() error     { return b.write(pebble.NoSync) }
func (b *batch) WriteSync() error { return b.write(pebble.Sync) }

func (b *batch) write(o *pebble.WriteOptions) error {
	if b.b == nil {
		return errBatchEnded
	}
	if err := b.of.all.enter(); err != nil {
		return err
	}
	defer b.of.all.leave()
	if err := b.b.Commit(o); err != nil {
		return err
	}
	return b.Close()
}

// Close ends the batch. Closing twice does nothing.
func (b *batch) Close() error {
	if b.b == nil {
		return nil
	}
	ended := b.b
	b.b = nil
	return ended.Close()
}
