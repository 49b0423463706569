package readmodel

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
)

// batch is what some blocks in a row change.
type batch struct {
	blocks  []*types.Block
	links   []link
	touched map[string]int64 // record's key → last block that touched it
	rows    int
}

// link is a lot's part in a transformation.
type link struct {
	event  int64 // position
	lot    types.LotID
	output bool
}

func newBatch() *batch { return &batch{touched: map[string]int64{}} }

func (b *batch) full() bool { return b.rows >= batchRows }

func (b *batch) first() *types.Block { return b.blocks[0] }
func (b *batch) last() *types.Block  { return b.blocks[len(b.blocks)-1] }

func (b *batch) add(block *types.Block) error {
	b.blocks = append(b.blocks, block)
	b.rows += len(block.Txs) + 1
	for i := range block.Events {
		e := &block.Events[i]
		for _, key := range e.Keys {
			if familyOf(key) != nil {
				b.touch(key, block.Height)
			}
		}
		if err := b.link(position(block.Height, i), &e.Event); err != nil {
			return fmt.Errorf("block %d, event %d: %w", block.Height, i, err)
		}
	}
	return nil
}

func (b *batch) touch(key string, height int64) {
	if _, known := b.touched[key]; !known {
		b.rows++
	}
	b.touched[key] = height
}

// link notes the lots of a transformation.
func (b *batch) link(event int64, e *types.Event) error {
	if e.Kind != captureKind {
		return nil
	}
	body, err := types.DecodeBody(e.Kind, e.Body)
	if err != nil {
		return err
	}
	c, ok := body.(*types.CaptureEvent)
	if !ok || c.Type != types.TransformationEvent {
		return nil
	}
	for _, q := range c.Inputs {
		b.links = append(b.links, link{event, q.Lot, false})
	}
	for _, q := range c.Outputs {
		b.links = append(b.links, link{event, q.Lot, true})
	}
	return nil
}

// captureKind is the kind of the transactions that carry transformations.
const captureKind = "CaptureEvent"

// family is a family of records that has a table.
type family struct {
	prefix  string
	project func(w *writer, id string, value []byte, height int64) error
	remove  string // statement that deletes by the key's parts
}

// families lists them, one line each.
var families = []*family{
	{types.PrefixMember + "/", (*writer).member, "DELETE FROM members WHERE id = ?"},
	{types.PrefixLot + "/", (*writer).lot, "DELETE FROM lots WHERE id = ?"},
	{types.PrefixOrder + "/", (*writer).order, "DELETE FROM orders WHERE platform || '/' || ulid = ?"},
}

func familyOf(key string) *family {
	for _, f := range families {
		if strings.HasPrefix(key, f.prefix) {
			return f
		}
	}
	return nil
}

// batch writes everything of a batch and the progress that it makes.
func (w *writer) batch(b *batch, v View, p progress) error {
	for _, block := range b.blocks {
		if err := w.block(block); err != nil {
			return fmt.Errorf("block %d: %w", block.Height, err)
		}
	}
	for _, l := range b.links {
		if err := w.add(tableLinks, l.event, string(l.lot), l.output); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b.touched)) {
		if err := w.present(v, key, b.touched[key]); err != nil {
			return err
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.tx.Exec("REPLACE INTO progress VALUES (1, ?, ?, ?)", p.first, p.last, p.hash[:])
	return err
}

// present writes what a record is now.
func (w *writer) present(v View, key string, height int64) error {
	value, err := v.Get(key)
	if err != nil {
		return err
	}
	f := familyOf(key)
	if value == nil {
		_, err := w.tx.Exec(f.remove, strings.TrimPrefix(key, f.prefix))
		return err
	}
	return w.project(f, key, value, height)
}

func (w *writer) project(f *family, key string, value []byte, height int64) error {
	if err := f.project(w, strings.TrimPrefix(key, f.prefix), value, height); err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	return nil
}

// scan writes a family's records from a key on, at most a batch of them, and says where
// to go on. Nobody knows here which block touched them last: 0.
func (w *writer) scan(f *family, v View, from string) (next string, more bool, err error) {
	seen := 0
	end := f.prefix[:len(f.prefix)-1] + "0" // '0' follows '/'
	walked := v.Iterate(from, end, func(key string, value []byte) bool {
		if seen == batchRows {
			next, more = key, true
			return true
		}
		seen++
		err = w.project(f, key, value, 0)
		return err != nil
	})
	if err != nil || walked != nil {
		return "", false, errors.Join(err, walked)
	}
	return next, more, w.flush()
}

// transact runs f in one SQL transaction.
func (m *Model) transact(ctx context.Context, f func(*writer) error) error {
	tx, err := m.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(m.insert.writer(tx)); err != nil {
		tx.Rollback() // the error that led here says more
		return err
	}
	return tx.Commit()
}
