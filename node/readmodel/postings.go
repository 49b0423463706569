package readmodel

import (
	"cmp"
	"encoding/binary"
	"iter"
	"maps"
	"math/bits"
	"slices"
)

// Events are numbered and lie in segments of segmentEvents numbers. For each segment in
// which a term occurs, a row holds the slots of the events that have it: their numbers
// within the segment, two bytes each. Events that have several terms are found by
// intersecting sets of 4,096 bits, so that a question costs little whichever of its terms
// are rare, even where each alone is common and nothing has both. An index of SQL would
// have to walk all that has the rarer one, and there would have to be one for every column
// and order.
const (
	segmentBits   = 12
	segmentEvents = 1 << segmentBits
)

func segmentOf(n int64) int64 { return n >> segmentBits }
func slotOf(n int64) int      { return int(n & (segmentEvents - 1)) }

// posting names a row of postings.
type posting struct {
	term
	segment int64
}

// index gathers what a batch adds to the postings and segments.
type index struct {
	slots map[posting][]byte
	zones map[int64]*zone
}

// zone says between which event times the events of a segment lie.
type zone struct{ segment, least, most int64 }

func newIndex() *index { return &index{map[posting][]byte{}, map[int64]*zone{}} }

// add enters event n with a term.
func (x *index) add(n int64, t term) {
	p := posting{t, segmentOf(n)}
	slot := binary.LittleEndian.AppendUint16(nil, uint16(slotOf(n)))
	have := x.slots[p]
	if len(have) >= 2 && have[len(have)-2] == slot[0] && have[len(have)-1] == slot[1] {
		return // the event says it twice
	}
	x.slots[p] = append(have, slot...)
}

// addTime enters the event time of event n.
func (x *index) addTime(n, time int64) {
	z := x.zones[segmentOf(n)]
	if z == nil {
		z = &zone{segmentOf(n), time, time}
		x.zones[z.segment] = z
	}
	z.least, z.most = min(z.least, time), max(z.most, time)
}

// index writes what was gathered, in the order of the table.
func (w *writer) index(x *index) error {
	sorted := slices.SortedFunc(maps.Keys(x.slots), func(a, b posting) int {
		return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.text, b.text), cmp.Compare(a.segment, b.segment))
	})
	for _, p := range sorted {
		if err := w.add(tablePostings, int64(p.field), p.text, p.segment, x.slots[p]); err != nil {
			return err
		}
	}
	for _, segment := range slices.Sorted(maps.Keys(x.zones)) {
		z := x.zones[segment]
		if err := w.add(tableSegments, z.segment, z.least, z.most); err != nil {
			return err
		}
	}
	return nil
}

// slots is a set of events of one segment.
type slots [segmentEvents / 64]uint64

// add enters the slots of a row.
func (s *slots) add(row []byte) {
	for ; len(row) >= 2; row = row[2:] {
		s.set(int(binary.LittleEndian.Uint16(row)) % segmentEvents)
	}
}

func (s *slots) set(slot int) { s[slot/64] |= 1 << (slot % 64) }

// fill enters the slots from one to before another.
func (s *slots) fill(from, until int) {
	for slot := from; slot < until; slot++ {
		s.set(slot)
	}
}

func (s *slots) and(o *slots) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s *slots) without(o *slots) {
	for i := range s {
		s[i] &^= o[i]
	}
}

func (s *slots) count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// all walks the set, upwards or downwards.
func (s *slots) all(descending bool) iter.Seq[int] {
	if descending {
		return s.down
	}
	return s.up
}

func (s *slots) up(yield func(int) bool) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(i*64 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

func (s *slots) down(yield func(int) bool) {
	for i := len(s) - 1; i >= 0; i-- {
		for word := s[i]; word != 0; {
			top := 63 - bits.LeadingZeros64(word)
			if !yield(i*64 + top) {
				return
			}
			word &^= 1 << top
		}
	}
}
