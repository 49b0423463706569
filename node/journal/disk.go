package journal

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/caryaledger/carya/types"
)

// format is the version of the keys and values, under a key of its own.
//
// Format 1. Blocks, and where events and transactions stand in them.
//
// Format 2. Also the perfect subtrees over the hashes of the blocks. A journal of format 1
// is brought up when it is opened.
const (
	format       = "carya journal 2"
	formatBefore = "carya journal 1"
)

var keyFormat = []byte("format") // no other key begins with f

// formatPebble is named, not the library's newest: an upgrade of the library must not
// make a node's data unreadable for the program it may have to go back to.
const formatPebble = pebble.FormatTableFormatV6

// openDisk opens the database with small caches: the journal is written once and read
// little, and the operating system caches its files.
func openDisk(fs vfs.FS, dir string) (*pebble.DB, error) {
	o := &pebble.Options{
		FS:                          fs,
		FormatMajorVersion:          formatPebble,
		CacheSize:                   16 << 20,
		MemTableSize:                8 << 20,
		MemTableStopWritesThreshold: 3,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		Logger:                      quiet{},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10) // most digests that are asked for are not there
	}
	return pebble.Open(dir, o)
}

// quiet drops Pebble's chatter. What Pebble calls fatal, a log that cannot be written,
// ends the process: Pebble does not expect its logger to return.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic("journal: pebble: " + fmt.Sprintf(format, args...))
}

// checkFormat refuses a journal that this program cannot read, and brings up one that is
// older. A crash in the middle of that begins it anew.
func (j *Journal) checkFormat() error {
	found := format
	there, err := j.get(keyFormat, func(value []byte) error {
		found = string(value)
		return nil
	})
	switch {
	case err != nil:
		return err
	case found == formatBefore:
		if err := j.enterAll(); err != nil {
			return fmt.Errorf("bring it up from format %q: %w", found, err)
		}
	case found != format:
		return fmt.Errorf("it is written in format %q, this program knows %q", found, format)
	case there:
		return nil
	}
	return j.db.Set(keyFormat, []byte(format), pebble.Sync)
}

// get calls f with the value under key, which lives until f returns; ok is false when
// there is none.
func (j *Journal) get(key []byte, f func(value []byte) error) (ok bool, err error) {
	value, closer, err := j.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(f(value), closer.Close())
}

// stored returns a copy of the encoding of a block that must be there.
func (j *Journal) stored(height int64) (raw []byte, err error) {
	ok, err := j.get(blockKey(height), func(value []byte) error {
		raw = bytes.Clone(value)
		return nil
	})
	if err == nil && !ok {
		err = fmt.Errorf("block %d is missing on disk", height)
	}
	return raw, err
}

// put adds a block and its index to a batch, and to the log in it. keep says of a
// transaction whether the place that the index already has for it stays.
func (j *Journal) put(batch *pebble.Batch, log *subtrees, b *types.Block, raw []byte, keep func(tx *types.BlockTx) (bool, error)) error {
	l, err := layoutOf(raw)
	if err != nil {
		return err
	}
	if err := l.check(b); err != nil {
		return err
	}
	if err := batch.Set(blockKey(b.Height), raw, nil); err != nil {
		return err
	}
	if err := log.add(b.Height, b.Hash); err != nil {
		return err
	}
	for digest, i := range places(b) {
		kept, err := keep(&b.Txs[i])
		if err != nil {
			return err
		}
		if kept {
			continue
		}
		if err := batch.Set(txKey(digest), place{b.Height, uint32(i), l.txs[i]}.encode(), nil); err != nil {
			return err
		}
	}
	return eachRecord(b, func(key string, event, n int) error {
		return batch.Set(recordKey(keyRecord, key, b.Height, n), l.events[event].append(nil), nil)
	})
}

// places says where each transaction of a block stands. Where one stands twice, the place
// where it was executed counts, not the one where it was refused as a repetition.
func places(b *types.Block) map[types.Hash]int {
	at := make(map[types.Hash]int, len(b.Txs))
	for i := range b.Txs {
		tx := &b.Txs[i]
		if _, twice := at[tx.Digest]; !twice || tx.Code != types.Replayed {
			at[tx.Digest] = i
		}
	}
	return at
}

// eachRecord calls f for every pair of an event and a record whose history it entered, in
// the order in which it entered them.
func eachRecord(b *types.Block, f func(key string, event, n int) error) error {
	n := 0
	for i := range b.Events {
		for _, key := range b.Events[i].Keys {
			if err := f(key, i, n); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

// keepIfRepeated is put's rule for the newest block: what happened last counts, except
// that a repetition does not hide the place where the transaction was executed.
func (j *Journal) keepIfRepeated(tx *types.BlockTx) (bool, error) {
	if tx.Code != types.Replayed {
		return false, nil
	}
	return j.get(txKey(tx.Digest), func([]byte) error { return nil })
}

// drop adds the removal of a block and its index to a batch.
func (j *Journal) drop(batch *pebble.Batch, raw []byte) error {
	var b types.Block
	if err := types.DecodeState(raw, &b); err != nil {
		return fmt.Errorf("read block: %w", err)
	}
	if err := batch.Delete(blockKey(b.Height), nil); err != nil {
		return err
	}
	if err := j.dropSubtrees(batch, b.Height); err != nil {
		return err
	}
	for i := range b.Txs {
		if err := j.dropTx(batch, b.Txs[i].Digest, b.Height); err != nil {
			return err
		}
	}
	return eachRecord(&b, func(key string, _, n int) error {
		return batch.Delete(recordKey(keyRecord, key, b.Height, n), nil)
	})
}

// dropTx removes a transaction's place if it is in that block.
func (j *Journal) dropTx(batch *pebble.Batch, digest types.Hash, height int64) error {
	_, err := j.get(txKey(digest), func(value []byte) error {
		p, err := readPlace(value)
		if err == nil && p.height == height {
			err = batch.Delete(txKey(digest), nil)
		}
		return err
	})
	return err
}
