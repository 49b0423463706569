package readmodel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// Journal is what the model follows. Heights are -1 when it shows no block. A block is
// shown once the state holds it.
type Journal interface {
	First() int64
	Last() int64
	Block(height int64) (*types.Block, error)
	Wait(ctx context.Context, height int64) error // until Last is at least height
}

// View is the newest state; *store.View is one.
type View interface {
	Version() int64
	Get(key string) ([]byte, error)
	Iterate(from, to string, f func(key string, value []byte) (stop bool)) error
	Close()
}

// The model works next to consensus on the same processors and may lag. After a batch it
// rests for a multiple of the time that the batch took, which bounds its share of one
// processor, and the longer it rests the more of a record's changes it takes in one.
const (
	restNear = 9 // 10 % of a processor when near the journal's end
	restFar  = 1 // 50 % when far behind
	far      = 2000
	restMost = 5 * time.Second

	// batchRows bounds one SQL transaction: transactions, touched records and, each for
	// several, captured events. batchBytes bounds what it takes from the journal.
	batchRows  = 20_000
	batchBytes = 32 << 20
)

// Follow takes over the journal's blocks until ctx ends, then returns nil. A model that
// does not fit the journal is deleted and built again, and so is, once, a broken one.
func (m *Model) Follow(ctx context.Context, j Journal) error {
	renewed := false
	for {
		worked, err := m.step(ctx, j)
		if broken(err) && !renewed {
			renewed, err = true, m.renew()
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read model: %w", err)
		}
		m.rest(ctx, worked, j.Last())
	}
}

// step takes over a batch of blocks and says how long that took, or waits for the next
// block when there is nothing to take over.
func (m *Model) step(ctx context.Context, j Journal) (worked time.Duration, err error) {
	wanted := int64(0)
	if m.fits {
		wanted = m.progress.last + 1
	}
	if err := j.Wait(ctx, wanted); err != nil {
		return 0, err
	}
	if err := m.fit(j); err != nil {
		return 0, err
	}
	v, err := m.state()
	if errors.As(err, new(store.ErrNoVersion)) {
		return 0, j.Wait(ctx, j.Last()+1) // the genesis stands in the journal before there is a state
	}
	if err != nil {
		return 0, err
	}
	defer v.Close()
	next, last := max(m.progress.last+1, j.First()), min(j.Last(), v.Version())
	if next > last {
		return 0, j.Wait(ctx, j.Last()+1)
	}
	began := time.Now()
	err = m.takeOver(ctx, j, v, next, last)
	return time.Since(began), err
}

// fit deletes a model that is not of this journal: another block where its last one is,
// or blocks missing between them. It also does so when older blocks have arrived, as
// happens once in a node that joined by a snapshot of the state.
func (m *Model) fit(j Journal) error {
	p, first, last := m.progress, j.First(), j.Last()
	switch {
	case p.last == none:
		return nil
	case first < p.first || p.last > last || p.last < first-1:
		return m.renew()
	case m.fits || p.last < first:
		return nil
	}
	b, err := j.Block(p.last)
	if err != nil {
		return err
	}
	if b.Hash != p.hash {
		return m.renew()
	}
	m.fits = true
	return nil
}

// takeOver writes blocks from next to last, or as many of them as make a batch.
func (m *Model) takeOver(ctx context.Context, j Journal, v View, next, last int64) error {
	b := newBatch()
	for h := next; h <= last && !b.full(); h++ {
		block, err := j.Block(h)
		if err != nil {
			return err
		}
		if err := b.add(block); err != nil {
			return err
		}
	}
	p := progress{m.progress.first, b.last().Height, b.last().Hash}
	if m.progress.last == none {
		p.first = next
		if err := m.seed(ctx, v, b.first()); err != nil {
			return err
		}
	}
	err := m.transact(ctx, func(w *writer) error { return w.batch(b, v, p) })
	if err == nil {
		m.advance(p)
		m.fits = true
	}
	return err
}

// seed takes over all records of the state when the journal does not reach back to the
// genesis, and so does not name every record.
func (m *Model) seed(ctx context.Context, v View, first *types.Block) error {
	if isGenesis(first) {
		return nil
	}
	for _, f := range families {
		from, more := f.prefix, true
		for more {
			err := m.transact(ctx, func(w *writer) (err error) {
				from, more, err = w.scan(f, v, from)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// isGenesis reports whether a journal block stands for the genesis: it has events that
// come from no transaction.
func isGenesis(b *types.Block) bool {
	return len(b.Txs) == 0 && len(b.Events) > 0 && b.Events[0].Event.Tx.IsZero()
}

// rest waits until the model may work again.
func (m *Model) rest(ctx context.Context, worked time.Duration, last int64) {
	pause := restNear * worked
	if last-m.progress.last > far {
		pause = restFar * worked
	}
	t := time.NewTimer(min(pause, restMost))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
