package journal

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/caryaledger/carya/types"
)

// The hashes of all blocks are the leaves of an RFC 6962 log, record chain/blocks of the
// state. The state has the log's root; its perfect subtrees are kept here, so that a proof
// that a block is in the log reads no more than two subtrees for each level of it. They are
// written with the block that completes them, whether that is the newest or, in a backfill,
// the oldest, and are gone with any block below them.

// leafIndex is the place of a block in the log. The block that stands for the genesis has
// none: -1.
func (j *Journal) leafIndex(height int64) int64 { return height - j.initial }

func subtreeKey(level uint, index int64) []byte {
	return appendHeight([]byte{keySubtree[0], byte(level)}, index)
}

// Subtree returns the root of the perfect subtree over the leaves [index<<level,
// (index+1)<<level). The error is an ErrNoBlock when the journal does not show all of
// their blocks.
func (j *Journal) Subtree(level uint, index uint64) (root types.Hash, err error) {
	if err := j.enter(); err != nil {
		return root, err
	}
	defer j.gate.RUnlock()
	from := j.initial + int64(index<<level)
	for _, height := range []int64{from, from + 1<<level - 1} {
		if err := j.visible(height); err != nil {
			return root, err
		}
	}
	root, ok, err := j.subtree(level, int64(index))
	if err == nil && !ok {
		err = fmt.Errorf("it is missing on disk")
	}
	if err != nil {
		err = fmt.Errorf("journal: subtree %d of level %d of the blocks' hashes: %w", index, level, err)
	}
	return root, err
}

func (j *Journal) subtree(level uint, index int64) (root types.Hash, ok bool, err error) {
	ok, err = j.get(subtreeKey(level, index), func(value []byte) error {
		if len(value) != len(root) {
			return fmt.Errorf("%d bytes", len(value))
		}
		root = types.Hash(value)
		return nil
	})
	return root, ok, err
}

// subtrees enters blocks into the log within one batch.
type subtrees struct {
	j     *Journal
	batch *pebble.Batch
	fresh map[string]types.Hash // what the batch has
}

func (j *Journal) subtreesIn(batch *pebble.Batch) *subtrees {
	return &subtrees{j, batch, map[string]types.Hash{}}
}

// add writes a block's leaf and every subtree that is complete with it.
func (s *subtrees) add(height int64, hash types.Hash) error {
	index := s.j.leafIndex(height)
	if index < 0 {
		return nil
	}
	root := types.LeafHash(hash[:])
	for level := uint(0); ; level++ {
		key := subtreeKey(level, index)
		if err := s.batch.Set(key, root[:], nil); err != nil {
			return err
		}
		s.fresh[string(key)] = root
		sibling, ok, err := s.get(level, index^1)
		if err != nil || !ok {
			return err
		}
		left, right := root, sibling
		if index&1 == 1 {
			left, right = sibling, root
		}
		root = types.Hash(rfc6962.DefaultHasher.HashChildren(left[:], right[:]))
		index >>= 1
	}
}

func (s *subtrees) get(level uint, index int64) (types.Hash, bool, error) {
	if root, ok := s.fresh[string(subtreeKey(level, index))]; ok {
		return root, true, nil
	}
	return s.j.subtree(level, index)
}

// dropSubtrees adds the removal of a block's leaf, and of every subtree above it, to a
// batch.
func (j *Journal) dropSubtrees(batch *pebble.Batch, height int64) error {
	index := j.leafIndex(height)
	if index < 0 {
		return nil
	}
	for level := uint(0); ; level++ {
		_, ok, err := j.subtree(level, index)
		if err != nil || !ok {
			return err
		}
		if err := batch.Delete(subtreeKey(level, index), nil); err != nil {
			return err
		}
		index >>= 1
	}
}

// raiseBatch is how many blocks are entered at once when a format is brought up.
const raiseBatch = 4096

// enterAll enters the blocks of a journal of format 1, all of them, into the log.
func (j *Journal) enterAll() error {
	it, err := j.db.NewIter(&pebble.IterOptions{LowerBound: []byte(keyBlock), UpperBound: after(keyBlock)})
	if err != nil {
		return err
	}
	defer it.Close()
	for more := it.First(); more; {
		batch := j.db.NewBatch()
		log := j.subtreesIn(batch)
		for n := 0; more && n < raiseBatch; n++ {
			height, hash, err := readHash(it.Value())
			if err == nil {
				err = log.add(height, hash)
			}
			if err != nil {
				return fmt.Errorf("block at key %x: %w", it.Key(), err)
			}
			more = it.Next()
		}
		if err := batch.Commit(pebble.NoSync); err != nil {
			return err
		}
		if err := batch.Close(); err != nil {
			return err
		}
	}
	return it.Error()
}

// readHash reads a block's height and hash without decoding the rest, which is nearly all
// of it.
func readHash(raw []byte) (height int64, hash types.Hash, err error) {
	c, seen := cursor{data: raw}, 0
	err = c.eachField(func(name string) error {
		start := c.pos
		switch name {
		case "height":
			_, n, err := c.head()
			height, seen = int64(n), seen+1
			return err
		case "hash":
			if err := c.skip(); err != nil {
				return err
			}
			if value := c.data[start:c.pos]; len(value) == 2+len(hash) {
				hash, seen = types.Hash(value[2:]), seen+1
			}
			return nil
		}
		return c.skip()
	})
	if err == nil && seen != 2 {
		err = fmt.Errorf("no height or no hash in it")
	}
	return height, hash, err
}
