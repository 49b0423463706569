package readmodel

import (
	"database/sql"
	"math"
	"slices"
)

// search finds events in one snapshot. All of its conditions hold for what it finds.
type search struct {
	*snapshot
	clauses     []*clause
	from, until int64 // numbers; until is not included
	times       span
	declared    span
	quantities  []EventQuantity
	order       EventOrder
	after       *place // the last one of the page before
}

// place is where an event stands in an order.
type place struct{ time, n int64 }

// comesBefore reports whether a stands before b when events are ordered by event time,
// those of one time by number.
func (o EventOrder) comesBefore(a, b place) bool {
	if o.Descending {
		a, b = b, a
	}
	return a.time < b.time || a.time == b.time && a.n < b.n
}

// find returns the first events in the order.
func (s *search) find(want int) ([]place, error) {
	if s.order.By == orderEventTime {
		return s.byTime(want)
	}
	return s.byNumber(want)
}

// byNumber walks segments in turn, until there is enough.
func (s *search) byNumber(want int) (found []place, err error) {
	if s.after != nil && s.order.Descending {
		s.until = min(s.until, s.after.n)
	} else if s.after != nil {
		s.from = max(s.from, s.after.n+1)
	}
	zones, err := s.candidates()
	if s.order.Descending {
		slices.Reverse(zones)
	}
	for _, z := range zones {
		set, err := s.matches(z)
		if err != nil {
			return nil, err
		}
		for slot := range set.all(s.order.Descending) {
			if len(found) == want {
				return found, nil
			}
			found = append(found, place{n: z.number(slot)})
		}
	}
	return found, err
}

// byTime walks segments by the best time that they may hold, until none can hold
// anything better than what was found. Events are captured soon after they happen, as a
// rule, so that few segments share a time.
func (s *search) byTime(want int) ([]place, error) {
	zones, err := s.candidates()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(zones, func(a, b zone) int {
		if s.order.comesBefore(s.best(a), s.best(b)) {
			return -1
		}
		return 1
	})
	found := &ranking{order: s.order, want: want}
	for _, z := range zones {
		if found.full && !s.order.comesBefore(s.best(z), found.worst) {
			break
		}
		if s.after != nil && s.order.comesBefore(s.last(z), *s.after) {
			continue
		}
		if err := s.rank(z, found); err != nil {
			return nil, err
		}
	}
	return found.places, nil
}

// best is the first place that an event of a segment could have, and last the last one.
func (s *search) best(z zone) place {
	if s.order.Descending {
		return place{z.most, math.MaxInt64}
	}
	return place{z.least, math.MinInt64}
}

func (s *search) last(z zone) place {
	if s.order.Descending {
		return place{z.least, math.MinInt64}
	}
	return place{z.most, math.MaxInt64}
}

// rank enters what matches in a segment.
func (s *search) rank(z zone, found *ranking) error {
	set, err := s.matches(z)
	if err != nil || set.count() == 0 {
		return err
	}
	err = s.column(columnTimes, z.segment, func(times []byte) {
		for slot := range set.all(s.order.Descending) {
			p := place{timeAt(times, slot), z.number(slot)}
			if s.after == nil || s.order.comesBefore(*s.after, p) {
				found.add(p)
			}
		}
	})
	found.cut()
	return err
}

// ranking keeps the first places.
type ranking struct {
	order  EventOrder
	want   int
	places []place
	full   bool // worst is the last of enough
	worst  place
}

func (r *ranking) add(p place) {
	if r.full && !r.order.comesBefore(p, r.worst) {
		return
	}
	r.places = append(r.places, p)
	if len(r.places) >= 2*r.want+64 {
		r.cut()
	}
}

func (r *ranking) cut() {
	slices.SortFunc(r.places, func(a, b place) int {
		if r.order.comesBefore(a, b) {
			return -1
		}
		return 1
	})
	if len(r.places) >= r.want {
		r.places = r.places[:r.want]
		r.full, r.worst = true, r.places[r.want-1]
	}
}

// count counts events, up to one more than a limit.
func (s *search) count(limit int) (n int, err error) {
	zones, err := s.candidates()
	for _, z := range zones {
		set, err := s.matches(z)
		if err != nil {
			return 0, err
		}
		if n += set.count(); n > limit {
			return limit + 1, nil
		}
	}
	return n, err
}

// candidates returns the segments in which there may be something, ascending.
func (s *search) candidates() (zones []zone, err error) {
	if s.from >= s.until {
		return nil, nil
	}
	first, last := segmentOf(s.from), segmentOf(s.until-1)
	for _, c := range s.clauses {
		if err := c.load(s.snapshot, first, last); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(s.clauses, func(a, b *clause) int { return a.segments() - b.segments() })
	err = s.each(func(rows *sql.Rows) error {
		var z zone
		if err := rows.Scan(&z.segment, &z.least, &z.most); err != nil {
			return err
		}
		if s.mayMatch(z) {
			zones = append(zones, z)
		}
		return nil
	}, "SELECT segment, least, most FROM segments WHERE segment BETWEEN ? AND ? ORDER BY segment", first, last)
	return zones, err
}

func (s *search) mayMatch(z zone) bool {
	for _, c := range s.clauses {
		if !c.not && !c.touches(z.segment) {
			return false
		}
	}
	return !s.times.misses(z)
}

// matches returns the events of a segment that fit.
func (s *search) matches(z zone) (*slots, error) {
	set := &slots{}
	start := z.segment << segmentBits
	set.fill(int(max(s.from-start, 0)), int(min(s.until-start, segmentEvents)))
	for _, c := range s.clauses {
		if err := c.narrow(s.snapshot, z.segment, set); err != nil {
			return nil, err
		}
		if *set == (slots{}) {
			return set, nil
		}
	}
	return set, s.compare(z, set)
}

func (z zone) number(slot int) int64 { return z.segment<<segmentBits | int64(slot) }

// compare narrows a set by what stands in the columns.
func (s *search) compare(z zone, set *slots) error {
	if !s.declared.open() {
		in := &slots{}
		if err := s.column(columnDeclares, z.segment, func(column []byte) { in = declaredIn(column, s.declared) }); err != nil {
			return err
		}
		set.and(in)
	}
	for _, q := range s.quantities {
		in := &slots{}
		if err := s.column(columnQuantities, z.segment, func(column []byte) { in = measured(column, q) }); err != nil {
			return err
		}
		set.and(in)
	}
	if s.times.open() || s.times.has(z.least) && s.times.has(z.most) || *set == (slots{}) {
		return nil
	}
	return s.column(columnTimes, z.segment, func(times []byte) {
		for slot := range set.all(false) {
			if !s.times.has(timeAt(times, slot)) {
				set[slot/64] &^= 1 << (slot % 64)
			}
		}
	})
}

// column reads the numbers of a segment.
func (s *snapshot) column(column field, segment int64, use func([]byte)) error {
	return s.posting(posting{term{column, ""}, segment}, use)
}

// posting reads one row of the index, if it is there. The bytes are good until use returns.
func (s *snapshot) posting(p posting, use func([]byte)) error {
	if row, ok := s.cache.get(p); ok {
		use(row)
		return nil
	}
	return s.each(func(rows *sql.Rows) error {
		var row sql.RawBytes
		if err := rows.Scan(&row); err != nil {
			return err
		}
		if p.segment < s.full {
			s.cache.put(p, row)
		}
		use(row)
		return nil
	}, "SELECT slots FROM postings WHERE field = ? AND term = ? AND segment = ?", int64(p.field), p.text, p.segment)
}
