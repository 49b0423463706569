package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Overlay is a set of writes over a Reader. Overlays nest: a body's lies over its transaction's, that over its block's, and
// the block's over the store. It belongs to one goroutine.
//
// The lowest overlay remembers what it read from the store, absence included, because a block reads the same member record
// thousands of times. It therefore lives as long as the store beneath it stands still: one block. The overlays above it
// remember nothing but their own writes, so they can be reused for ever.
type Overlay struct {
	under   Reader
	below   *Overlay // under, when that is an overlay
	entries []entry
	index   map[string]int // place in entries by key; in use once there are more than scanned
}

// entry is one key that the overlay knows something about.
type entry struct {
	key     string
	value   []byte // what Get answers; nil = absent
	under   []byte // what lies beneath, when known
	known   bool
	written bool
}

const (
	scanned  = 8    // entries looked through one by one before the index pays; a body writes one to three keys
	retained = 4096 // entries whose room is kept for reuse; clearing a map costs its capacity, not its length
)

// NewOverlay returns an empty overlay over under.
func NewOverlay(under Reader) *Overlay {
	below, _ := under.(*Overlay)
	return &Overlay{under: under, below: below}
}

// Get returns the value that the overlay's own writes give to key, or else what lies under it; nil when the key is absent.
// The slice is read-only. Errors are those of the Reader at the bottom.
func (o *Overlay) Get(key string) ([]byte, error) {
	if e := o.find(key); e != nil {
		return e.value, nil
	}
	if o.below != nil {
		return o.below.Get(key)
	}
	value, err := o.under.Get(key)
	if err != nil {
		return nil, err
	}
	o.add(entry{key: key, value: value, under: value, known: true})
	return value, nil
}

// Set writes value under key. The overlay keeps the slice: the caller must not change it afterwards. It refuses pairs that
// the tree could not hold or prove: an empty or overlong key, an empty or overlong value.
func (o *Overlay) Set(key string, value []byte) error {
	if err := checkPair(key, value); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	o.put(key, value)
	return nil
}

// Delete removes key. Deleting an absent key changes nothing.
func (o *Overlay) Delete(key string) {
	o.put(key, nil)
}

// Writes returns what the overlay changes, sorted by key, one write per key. A write that equals what lies under the overlay
// is left out, because rewriting an equal value changes the root, and so is the deletion of an absent key. Keys that were
// written but never read are read now; errors are those of the Reader at the bottom.
func (o *Overlay) Writes() ([]Write, error) {
	var writes []Write
	for i := range o.entries {
		e := &o.entries[i]
		if !e.written {
			continue
		}
		under, err := o.beneath(e)
		if err != nil {
			return nil, fmt.Errorf("compare %q with what lies under it: %w", e.key, err)
		}
		if (e.value == nil) != (under == nil) || !bytes.Equal(e.value, under) {
			writes = append(writes, Write{e.key, e.value})
		}
	}
	slices.SortFunc(writes, func(a, b Write) int { return strings.Compare(a.Key, b.Key) })
	return writes, nil
}

// MergeDown hands the overlay's writes to the overlay beneath and leaves this one empty, ready for the next body or
// transaction. It panics when a store lies beneath: a block's writes go to Store.Apply.
func (o *Overlay) MergeDown() {
	if o.below == nil {
		panic("store: MergeDown of an overlay that lies over no overlay")
	}
	for i := range o.entries {
		o.below.put(o.entries[i].key, o.entries[i].value)
	}
	o.Reset()
}

// Reset drops all writes. What the lowest overlay read from the store stays remembered.
func (o *Overlay) Reset() {
	kept := o.entries[:0]
	for _, e := range o.entries {
		if e.known {
			e.value, e.written = e.under, false
			kept = append(kept, e)
		}
	}
	if len(kept) == len(o.entries) {
		return
	}
	o.unindex()
	clear(o.entries[len(kept):])
	o.entries = kept
	if cap(kept) > retained && len(kept) == 0 {
		o.entries = nil
	}
	o.reindex()
}

// beneath is the value under e's key below this overlay. The lowest overlay remembers it; those above do not, because the
// overlay beneath them changes.
func (o *Overlay) beneath(e *entry) ([]byte, error) {
	if e.known {
		return e.under, nil
	}
	under, err := o.under.Get(e.key)
	if err == nil && o.below == nil {
		e.under, e.known = under, true
	}
	return under, err
}

// put notes a write; a nil value is a deletion.
func (o *Overlay) put(key string, value []byte) {
	if e := o.find(key); e != nil {
		e.value, e.written = value, true
		return
	}
	o.add(entry{key: key, value: value, written: true})
}

func (o *Overlay) find(key string) *entry {
	if len(o.entries) > scanned {
		if i, ok := o.index[key]; ok {
			return &o.entries[i]
		}
		return nil
	}
	for i := range o.entries {
		if o.entries[i].key == key {
			return &o.entries[i]
		}
	}
	return nil
}

func (o *Overlay) add(e entry) {
	o.entries = append(o.entries, e)
	switch n := len(o.entries); {
	case n == scanned+1:
		o.reindex()
	case n > scanned:
		o.index[e.key] = n - 1
	}
}

// unindex empties the index before entries shrink.
func (o *Overlay) unindex() {
	switch {
	case len(o.entries) > retained:
		o.index = nil
	case len(o.entries) > scanned:
		clear(o.index)
	}
}

// reindex fills an empty index when there is enough to index.
func (o *Overlay) reindex() {
	if len(o.entries) <= scanned {
		return
	}
	if o.index == nil {
		o.index = make(map[string]int, 4*scanned)
	}
	for i := range o.entries {
		o.index[o.entries[i].key] = i
	}
}
