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
	blocks   []*types.Block
	captured []*captured
	touched  map[string]int64 // record's key → last block that touched it
	rows     int
	bytes    int
}

func newBatch() *batch { return &batch{touched: map[string]int64{}} }

func (b *batch) full() bool { return b.rows >= batchRows || b.bytes >= batchBytes }

func (b *batch) first() *types.Block { return b.blocks[0] }
func (b *batch) last() *types.Block  { return b.blocks[len(b.blocks)-1] }

func (b *batch) add(block *types.Block) error {
	b.blocks = append(b.blocks, block)
	b.rows += len(block.Txs) + 1
	for i := range block.Events {
		e := &block.Events[i]
		b.bytes += len(e.Event.Body)
		for _, key := range e.Keys {
			if familyOf(key) != nil {
				b.touch(key, block.Height)
			}
		}
		if err := b.capture(position(block.Height, i), e); err != nil {
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

// capture takes over an EPCIS event.
func (b *batch) capture(position int64, e *types.RecordEvent) error {
	if e.Event.Kind != captureKind {
		return nil
	}
	c, err := readCaptured(position, e)
	if err != nil {
		return err
	}
	b.captured = append(b.captured, c)
	b.rows += capturedRows
	return nil
}

// captureKind is the kind of the transactions that carry EPCIS events, and capturedRows
// how many rows of other kinds take as long to write as one of them.
const (
	captureKind  = "CaptureEvent"
	capturedRows = 8
)

// family is a family of records that has a table.
type family struct {
	prefix  string
	project func(w *writer, id string, value []byte, height int64) error
	remove  string // statement that deletes by the id
	facets  bool   // whether its records have facets
}

// families lists them, one line each.
var families = []*family{
	{prefix: types.PrefixMember + "/", project: (*writer).member, remove: "DELETE FROM members WHERE id = ?"},
	{prefix: types.PrefixOrder + "/", project: (*writer).order, remove: "DELETE FROM orders WHERE platform || '/' || ulid = ?"},
	{prefix: types.PrefixBook + "/", project: (*writer).book, remove: "DELETE FROM books WHERE id = ?"},
	{prefix: types.PrefixTariff + "/", project: (*writer).tariff, remove: "DELETE FROM tariffs WHERE code = ?"},
	{prefix: types.PrefixLot + "/", project: (*writer).lot, remove: "DELETE FROM lots WHERE id = ?", facets: true},
	{prefix: types.PrefixUnit + "/", project: (*writer).unit, remove: "DELETE FROM units WHERE id = ?", facets: true},
	{prefix: types.PrefixProduct + "/", project: (*writer).product, remove: "DELETE FROM products WHERE id = ?"},
	{prefix: types.PrefixPlot + "/", project: (*writer).plot, remove: "DELETE FROM plots WHERE id = ?"},
	{prefix: types.PrefixCertificate + "/", project: (*writer).certificate, remove: "DELETE FROM certificates WHERE id = ?"},
	{prefix: types.PrefixAccreditation + "/", project: (*writer).accreditation, remove: "DELETE FROM accreditations WHERE id = ?"},
	{prefix: types.PrefixRecall + "/", project: (*writer).recall, remove: "DELETE FROM recalls WHERE id = ?"},
	{prefix: types.PrefixReport + "/", project: (*writer).report, remove: "DELETE FROM reports WHERE recall || '/' || member || '/' || thing = ?"},
	{prefix: types.PrefixMark + "/", project: (*writer).spread, remove: "DELETE FROM spreads WHERE id = ?"},
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
	if err := w.events(b.captured); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(b.touched)) {
		if err := w.present(v, key, b.touched[key]); err != nil {
			return err
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.declare(b.captured); err != nil {
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
		return w.gone(f, key)
	}
	return w.project(f, key, value, height)
}

// gone deletes what was known of a record.
func (w *writer) gone(f *family, key string) error {
	if f.facets {
		if err := w.facets(types.ThingKey(key), nil); err != nil {
			return err
		}
	}
	_, err := w.tx.Exec(f.remove, strings.TrimPrefix(key, f.prefix))
	return err
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
