package journal

import (
	"bytes"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/caryaledger/carya/types"
)

// Event is one event of a record's history: what it says, and the bytes whose hash is
// the history's leaf.
type Event struct {
	*types.Event
	Raw []byte
}

// visible returns the bounds when height lies within them.
func (j *Journal) visible(height int64) error {
	first, last := j.bounds()
	if last == None || height < first || height > last {
		return ErrNoBlock{height, first, last}
	}
	return nil
}

// Block returns the block at height, to be read only: it may be shared. The error is an
// ErrNoBlock when the journal does not show it.
func (j *Journal) Block(height int64) (*types.Block, error) {
	if err := j.enter(); err != nil {
		return nil, err
	}
	defer j.gate.RUnlock()
	if err := j.visible(height); err != nil {
		return nil, err
	}
	if b := j.remembered(height); b != nil {
		return b, nil
	}
	b := new(types.Block)
	err := j.read(height, func(raw []byte) error { return types.DecodeState(raw, b) })
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Raw returns the encoding of the block at height, which is the same on every node. The
// error is an ErrNoBlock when the journal does not show it.
func (j *Journal) Raw(height int64) ([]byte, error) {
	if err := j.enter(); err != nil {
		return nil, err
	}
	defer j.gate.RUnlock()
	if err := j.visible(height); err != nil {
		return nil, err
	}
	raw, err := j.stored(height)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return raw, nil
}

func (j *Journal) remembered(height int64) *types.Block {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range j.recent {
		if b.Height == height {
			return b
		}
	}
	return nil
}

// read calls f with the encoding of a block, which lives until f returns.
func (j *Journal) read(height int64, f func(raw []byte) error) error {
	ok, err := j.get(blockKey(height), f)
	if err == nil && !ok {
		err = fmt.Errorf("it is missing on disk")
	}
	if err != nil {
		return fmt.Errorf("journal: read block %d: %w", height, err)
	}
	return nil
}

// Transaction returns where a transaction stands and what became of it; ok is false when
// no block that is shown holds it. Of a transaction that stands in several blocks it is
// the place where it was executed.
func (j *Journal) Transaction(digest types.Hash) (height int64, index int, tx *types.BlockTx, ok bool, err error) {
	if err := j.enter(); err != nil {
		return 0, 0, nil, false, err
	}
	defer j.gate.RUnlock()
	var p place
	ok, err = j.get(txKey(digest), func(value []byte) (err error) {
		p, err = readPlace(value)
		return err
	})
	if err != nil {
		return 0, 0, nil, false, fmt.Errorf("journal: look for transaction %s: %w", digest, err)
	}
	if !ok || j.visible(p.height) != nil {
		return 0, 0, nil, false, nil
	}
	tx, err = j.transaction(p)
	if err != nil {
		return 0, 0, nil, false, err
	}
	return p.height, int(p.index), tx, true, nil
}

func (j *Journal) transaction(p place) (*types.BlockTx, error) {
	if b := j.remembered(p.height); b != nil && int(p.index) < len(b.Txs) {
		return &b.Txs[p.index], nil
	}
	tx := new(types.BlockTx)
	err := j.read(p.height, func(raw []byte) error {
		data, err := p.span.of(raw)
		if err != nil {
			return err
		}
		return types.DecodeState(data, tx)
	})
	if err != nil {
		return nil, err
	}
	return tx, nil
}

// Events returns the events of a record up to and including a height, oldest first. They
// are the record's whole history, History.Size of them, unless this node joined by state
// sync and its backfill is still going on.
func (j *Journal) Events(key string, upto int64) ([]Event, error) {
	if err := j.enter(); err != nil {
		return nil, err
	}
	defer j.gate.RUnlock()
	first, last := j.bounds()
	if upto = min(upto, last); last == None || upto < first {
		return nil, nil
	}
	places, err := j.places(key, first, upto)
	if err != nil {
		return nil, fmt.Errorf("journal: events of %s: %w", key, err)
	}
	events := make([]Event, 0, len(places))
	for len(places) > 0 {
		height, n := places[0].height, 1
		for n < len(places) && places[n].height == height {
			n++
		}
		err := j.read(height, func(raw []byte) (err error) {
			events, err = appendEvents(events, raw, places[:n])
			return err
		})
		if err != nil {
			return nil, err
		}
		places = places[n:]
	}
	return events, nil
}

// places reads the index of a record between two heights, both included.
func (j *Journal) places(key string, from, to int64) ([]place, error) {
	prefix := recordPrefix(keyRecord, key)
	it, err := j.db.NewIter(&pebble.IterOptions{
		LowerBound: appendHeight(bytes.Clone(prefix), from),
		UpperBound: appendHeight(bytes.Clone(prefix), to+1),
	})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	var places []place
	for it.First(); it.Valid(); it.Next() {
		_, height, err := splitRecordKey(keyRecord, it.Key())
		if err != nil {
			return nil, err
		}
		s, err := readSpan(it.Value())
		if err != nil {
			return nil, err
		}
		places = append(places, place{height: height, span: s})
	}
	return places, it.Error()
}

func appendEvents(events []Event, block []byte, places []place) ([]Event, error) {
	for _, p := range places {
		data, err := p.span.of(block)
		if err != nil {
			return nil, err
		}
		e := Event{new(types.Event), bytes.Clone(data)}
		if err := types.DecodeState(e.Raw, e.Event); err != nil {
			return nil, fmt.Errorf("event at byte %d: %w", p.span.offset, err)
		}
		events = append(events, e)
	}
	return events, nil
}
