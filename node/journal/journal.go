package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/caryaledger/carya/types"
)

// ErrClosed is returned by every method of a closed Journal.
var ErrClosed = errors.New("journal is closed")

// keepRecent is how many of the newest blocks stay in memory as they were appended. They
// answer those who wait for their transactions, without reading a block for each.
const keepRecent = 4

// Journal is the record of blocks. One goroutine executes blocks and calls Append,
// Committed and Truncate; everything else may be called by any goroutine at any time.
type Journal struct {
	db      *pebble.DB
	initial int64 // height of the chain's first block

	gate   sync.RWMutex // every operation holds it for reading, Close for writing
	closed bool         // guarded by gate

	writing sync.Mutex // one writer at a time, over the decision and the batch

	mu     sync.Mutex // guards the fields below
	staged int64      // lowest block on disk; below first while a backfill is in progress
	first  int64      // lowest block that can be shown, None when there is no block
	last   int64      // highest block on disk
	shown  int64      // the state has committed up to here
	moved  chan struct{}
	recent []*types.Block // oldest first
}

// Open opens the journal in dir, creating it if need be; an empty dir means in memory.
// initial is the height of the chain's first block. It shows no block until Committed says
// how far the state is.
func Open(dir string, initial int64) (*Journal, error) {
	if dir == "" {
		return openFS(vfs.NewMem(), "memory", initial)
	}
	return openFS(vfs.Default, dir, initial)
}

func openFS(fs vfs.FS, dir string, initial int64) (*Journal, error) {
	db, err := openDisk(fs, dir)
	if err != nil {
		return nil, fmt.Errorf("open journal in %s (is another process using it?): %w", dir, err)
	}
	j := &Journal{db: db, initial: initial, shown: None, moved: make(chan struct{})}
	if err := j.load(); err != nil {
		return nil, fmt.Errorf("open journal in %s: %w", dir, errors.Join(err, db.Close()))
	}
	return j, nil
}

// load finds the first and the last block.
func (j *Journal) load() error {
	if err := j.checkFormat(); err != nil {
		return err
	}
	j.staged, j.first, j.last = None, None, None
	it, err := j.db.NewIter(&pebble.IterOptions{LowerBound: []byte(keyBlock), UpperBound: after(keyBlock)})
	if err != nil {
		return err
	}
	if it.First() {
		j.staged = int64(binary.BigEndian.Uint64(it.Key()[1:]))
		j.first = j.staged
	}
	if it.Last() {
		j.last = int64(binary.BigEndian.Uint64(it.Key()[1:]))
	}
	if err := it.Close(); err != nil {
		return err
	}
	first, ok, err := j.stagingEnd()
	if ok {
		j.first = first
	}
	return err
}

// enter begins an operation, which ends with gate.RUnlock.
func (j *Journal) enter() error {
	j.gate.RLock()
	if j.closed {
		j.gate.RUnlock()
		return ErrClosed
	}
	return nil
}

// Close waits for the operations in progress and closes the journal. Those who wait for
// a height are told. Closing twice is an error.
func (j *Journal) Close() error {
	j.gate.Lock()
	defer j.gate.Unlock()
	if j.closed {
		return ErrClosed
	}
	j.closed = true
	j.mu.Lock()
	close(j.moved)
	j.mu.Unlock()
	if err := j.db.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// bounds returns the first and last height that may be shown, None when there is none.
func (j *Journal) bounds() (first, last int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	last = min(j.last, j.shown)
	if j.first == None || last < j.first {
		return None, None
	}
	return j.first, last
}

// First is the height of the oldest block that is shown, None when there is none. On a
// node that joined by state sync it is not the chain's first, until the backfill ends.
func (j *Journal) First() int64 { first, _ := j.bounds(); return first }

// Last is the height of the newest block that is shown, None when there is none. The
// state at that height has committed.
func (j *Journal) Last() int64 { _, last := j.bounds(); return last }

// Committed says that the state has committed up to height: from now on readers see the
// blocks up to there.
func (j *Journal) Committed(height int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if height <= j.shown {
		return
	}
	j.shown = height
	select {
	case <-j.moved: // closed
	default:
		close(j.moved)
		j.moved = make(chan struct{})
	}
}

// Wait returns when the block at height is shown, or with the context's error.
func (j *Journal) Wait(ctx context.Context, height int64) error {
	for {
		if err := j.enter(); err != nil {
			return err
		}
		j.mu.Lock()
		moved, reached := j.moved, min(j.last, j.shown) >= height
		j.mu.Unlock()
		j.gate.RUnlock()
		if reached {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("wait for block %d: %w", height, ctx.Err())
		}
	}
}

// Append writes a block, which is durable when Append returns, and shown after Committed.
// Heights are consecutive; the first may be any from 0 on. A block that is there already
// is left alone; the last block is replaced if it was never committed, because a node
// that stopped between the journal and the state executes it again. The journal keeps b:
// it must not change any more.
func (j *Journal) Append(b *types.Block) error {
	if err := j.exclusively(func() error { return j.append(b) }); err != nil {
		return fmt.Errorf("journal: append block %d: %w", b.Height, err)
	}
	return nil
}

func (j *Journal) append(b *types.Block) error {
	j.mu.Lock()
	first, last, shown := j.first, j.last, j.shown
	j.mu.Unlock()
	raw, err := types.Encode(b)
	switch {
	case err != nil:
		return err
	case b.Height < 0:
		return fmt.Errorf("negative height")
	case last != None && (b.Height < first || b.Height > last+1):
		return fmt.Errorf("the journal has blocks %d to %d", first, last)
	case last == None || b.Height == last+1:
		return j.write(b, raw, nil)
	}
	old, err := j.stored(b.Height)
	switch {
	case err != nil:
		return err
	case bytes.Equal(old, raw):
		return nil
	case b.Height < last || b.Height <= shown:
		return fmt.Errorf("another block is recorded at this height: was it executed differently the first time?")
	}
	return j.write(b, raw, old)
}

// write puts a block in the place of old, nil for none, in one batch.
func (j *Journal) write(b *types.Block, raw, old []byte) error {
	batch := j.db.NewBatch()
	defer batch.Close()
	if old != nil {
		if err := j.drop(batch, old); err != nil {
			return err
		}
	}
	if err := j.put(batch, j.subtreesIn(batch), b, raw, j.keepIfRepeated); err != nil {
		return err
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.first == None {
		j.first, j.staged = b.Height, b.Height
	}
	j.last = b.Height
	j.forget(b.Height)
	j.recent = append(j.recent, b)
	if len(j.recent) > keepRecent {
		j.recent = append(j.recent[:0:0], j.recent[1:]...)
	}
	return nil
}

// forget drops recent blocks from a height on. mu is held.
func (j *Journal) forget(from int64) {
	for i, b := range j.recent {
		if b.Height >= from {
			j.recent = j.recent[:i:i]
			return
		}
	}
}

// Truncate drops every block above height, None dropping all. A node does so at start,
// when a crash left the journal ahead of the state.
func (j *Journal) Truncate(height int64) error {
	return j.exclusively(func() error { return j.truncate(height) })
}

func (j *Journal) truncate(height int64) error {
	j.mu.Lock()
	first, last := j.first, j.last
	j.shown = min(j.shown, height)
	j.forget(height + 1)
	j.mu.Unlock()
	if last != None && height < first {
		return j.clear()
	}
	for h := last; h > height && h != None; h-- {
		if err := j.dropLast(h); err != nil {
			return fmt.Errorf("journal: drop block %d: %w", h, err)
		}
	}
	return nil
}

func (j *Journal) dropLast(height int64) error {
	raw, err := j.stored(height)
	if err != nil {
		return err
	}
	batch := j.db.NewBatch()
	defer batch.Close()
	if err := j.drop(batch, raw); err != nil {
		return err
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = height - 1
	return nil
}

// clear empties the journal.
func (j *Journal) clear() error {
	batch := j.db.NewBatch()
	defer batch.Close()
	for _, space := range []string{keyBlock, keyRecord, keyTx, keySubtree, keyStaging} {
		if err := batch.DeleteRange([]byte(space), after(space), nil); err != nil {
			return fmt.Errorf("journal: clear: %w", err)
		}
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("journal: clear: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.staged, j.first, j.last = None, None, None
	return nil
}
