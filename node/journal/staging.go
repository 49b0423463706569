package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/caryaledger/carya/types"
)

// A node that joined by state sync fetches older blocks from others. They come newest
// first, lie below the blocks that are shown, and are not shown before they have been
// checked against the state, because each of them proves nothing by itself:
//
//	s f                   first block that is shown
//	s k key 00 height n   leaf of the record's n-th event in that block
//
// The leaves are kept in the order of histories, so that checking millions of records
// takes one pass and no memory.
const (
	keyStagingEnd    = keyStaging + "f"
	keyStagingRecord = keyStaging + "k"
)

// stagingEnd is the first block that is shown while a backfill is in progress.
func (j *Journal) stagingEnd() (first int64, ok bool, err error) {
	ok, err = j.get([]byte(keyStagingEnd), func(value []byte) error {
		if len(value) != 8 {
			return fmt.Errorf("mark of a backfill: %d bytes", len(value))
		}
		first = int64(binary.BigEndian.Uint64(value))
		return nil
	})
	return first, ok, err
}

// Staged returns the heights that a backfill has to do with: the oldest block on disk, and
// the oldest that is shown or will be when the state commits. They are equal when no
// backfill is in progress, None when there is no block.
func (j *Journal) Staged() (from, first int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.staged, j.first
}

// Prepend writes blocks that end below the oldest block on disk, in order of height. They
// are durable when it returns, and shown after Publish.
func (j *Journal) Prepend(blocks ...*types.Block) error {
	return j.exclusively(func() error { return j.prepend(blocks) })
}

func (j *Journal) prepend(blocks []*types.Block) error {
	from, first := j.Staged()
	if from == None {
		return fmt.Errorf("journal: prepend: there is no block to put others before")
	}
	batch := j.db.NewBatch()
	defer batch.Close()
	if err := batch.Set([]byte(keyStagingEnd), appendHeight(nil, first), nil); err != nil {
		return err
	}
	s := staging{j, batch, j.subtreesIn(batch), map[types.Hash]bool{}}
	for i := len(blocks) - 1; i >= 0; i-- {
		if got, want := blocks[i].Height, from-1; got != want || got < 0 {
			return fmt.Errorf("journal: prepend block %d: block %d is the next", got, want)
		}
		if err := s.add(blocks[i]); err != nil {
			return fmt.Errorf("journal: prepend block %d: %w", blocks[i].Height, err)
		}
		from--
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("journal: prepend: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.staged = from
	return nil
}

// staging is one batch of older blocks.
type staging struct {
	j     *Journal
	batch *pebble.Batch
	log   *subtrees
	seen  map[types.Hash]bool // transactions in this batch; true if only a repetition
}

func (s staging) add(b *types.Block) error {
	raw, err := types.Encode(b)
	if err != nil {
		return err
	}
	if err := s.j.put(s.batch, s.log, b, raw, s.keep); err != nil {
		return err
	}
	leaves := make([]types.Hash, len(b.Events))
	for i := range b.Events {
		data, err := b.Events[i].Event.Encode()
		if err != nil {
			return err
		}
		leaves[i] = types.LeafHash(data)
	}
	return eachRecord(b, func(key string, event, n int) error {
		return s.batch.Set(recordKey(keyStagingRecord, key, b.Height, n), leaves[event][:], nil)
	})
}

// keep is put's rule for older blocks: the place in a newer block stays, unless the
// transaction was only refused there as a repetition.
func (s staging) keep(tx *types.BlockTx) (bool, error) {
	repeated, there := s.seen[tx.Digest]
	if !there {
		var p place
		var err error
		there, err = s.j.get(txKey(tx.Digest), func(value []byte) (err error) {
			p, err = readPlace(value)
			return err
		})
		if err != nil {
			return false, err
		}
		if there {
			newer, err := s.j.transaction(p)
			if err != nil {
				return false, err
			}
			repeated = newer.Code == types.Replayed
		}
	}
	if kept := there && (!repeated || tx.Code == types.Replayed); kept {
		s.seen[tx.Digest] = repeated
		return true, nil
	}
	s.seen[tx.Digest] = tx.Code == types.Replayed
	return false, nil
}

// StagedHashes returns the history that the staged blocks' hashes make, without that of
// the block that stands for the genesis, to be compared with record chain/blocks.
func (j *Journal) StagedHashes() (h types.History, err error) {
	from, first := j.Staged()
	err = j.scan(subtreeKey(0, max(j.leafIndex(from), 0)), subtreeKey(0, max(j.leafIndex(first), 0)), func(_, value []byte) error {
		return h.Append(types.Hash(value))
	})
	return h, err
}

// StagedHistories returns the histories that the staged blocks' events make, in order of
// the records' keys. An error ends it.
func (j *Journal) StagedHistories() iter.Seq2[Staged, error] {
	return func(yield func(Staged, error) bool) {
		var now Staged
		more := true
		err := j.scan([]byte(keyStagingRecord), after(keyStagingRecord), func(k, value []byte) error {
			key, _, err := splitRecordKey(keyStagingRecord, k)
			if err != nil {
				return err
			}
			if key != now.Key {
				if more = now.Key == "" || yield(now, nil); !more {
					return errStop
				}
				now = Staged{Key: key}
			}
			return now.History.Append(types.Hash(value))
		})
		switch {
		case !more:
		case err != nil:
			yield(Staged{}, err)
		case now.Key != "":
			yield(now, nil)
		}
	}
}

// Staged is a record and the history that staged blocks make of it.
type Staged struct {
	Key     string
	History types.History
}

var errStop = errors.New("stop")

// scan calls f for the keys in [from, to), in order.
func (j *Journal) scan(from, to []byte, f func(key, value []byte) error) error {
	if err := j.enter(); err != nil {
		return err
	}
	defer j.gate.RUnlock()
	it, err := j.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		if err := f(it.Key(), it.Value()); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return it.Error()
}

// Publish shows the staged blocks: they have been checked.
func (j *Journal) Publish() error {
	return j.exclusively(func() error {
		if err := j.db.DeleteRange([]byte(keyStaging), after(keyStaging), pebble.Sync); err != nil {
			return fmt.Errorf("journal: end the backfill: %w", err)
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		j.first = j.staged
		return nil
	})
}

// Discard removes the staged blocks: they are not what the state commits to. New blocks
// can be appended meanwhile.
func (j *Journal) Discard() error {
	from, first := j.Staged()
	for h := from; h < first; h++ {
		if err := j.exclusively(func() error { return j.dropStaged(h) }); err != nil {
			return fmt.Errorf("journal: discard block %d: %w", h, err)
		}
	}
	return j.Publish()
}

// exclusively runs one operation of a writer.
func (j *Journal) exclusively(f func() error) error {
	if err := j.enter(); err != nil {
		return err
	}
	defer j.gate.RUnlock()
	j.writing.Lock()
	defer j.writing.Unlock()
	return f()
}

// dropStaged removes the oldest block with its leaves.
func (j *Journal) dropStaged(height int64) error {
	raw, err := j.stored(height)
	if err != nil {
		return err
	}
	batch := j.db.NewBatch()
	defer batch.Close()
	if err := j.drop(batch, raw); err != nil {
		return err
	}
	var b types.Block
	if err := types.DecodeState(raw, &b); err != nil {
		return err
	}
	err = eachRecord(&b, func(key string, _, n int) error {
		return batch.Delete(recordKey(keyStagingRecord, key, height, n), nil)
	})
	if err != nil {
		return err
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.staged = height + 1
	return nil
}
