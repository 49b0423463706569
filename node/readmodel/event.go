package readmodel

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"github.com/caryaledger/carya/types"
)

// EventFilter narrows the list of EPCIS events, as the query parameters of EPCIS 2.0 do.
// Empty fields ask for nothing; a list asks for any of its values, and all that is given
// must hold. Words are spelled as epcis.Event has them, identifiers in any way.
type EventFilter struct {
	Types, Actions, BizSteps, Dispositions []string
	Set, Unset                             []string // persistent dispositions
	ReadPoints, BizLocations               []string
	TransformationIDs, EventIDs            []string
	ErrorReasons, Correctives              []string // of error declarations
	Members                                []string // that captured it

	// Unix milliseconds, 0 = open; From is included, Before is not.
	EventFrom, EventBefore       int64 // eventTime
	RecordFrom, RecordBefore     int64 // time of the block
	DeclaredFrom, DeclaredBefore int64 // declarationTime of error declarations

	Declared   int8 // 1 = only error declarations, -1 = none of them
	Match      []EventMatch
	Quantities []EventQuantity
	Refs       []EventRef
}

// EventMatch asks for events that name any of the values in any of the roles: epc (children
// too), parentID, inputEPC, outputEPC, epcClass, inputEPCClass, outputEPCClass. Values are
// URIs or EPC patterns (urn:epc:idpat:…*; for lots urn:epc:class:lgtin:….*).
type EventMatch struct {
	Roles  []string
	Values []string
}

// EventQuantity asks for events with a quantity element that compares so.
type EventQuantity struct {
	Op     string // EQ, GT, GE, LT or LE
	Amount uint64 // 10^-5 of the unit
	Unit   string // "" = any
}

// EventRef asks for events with any of these references.
type EventRef struct {
	Kind   string // bizTransaction, source, destination or certification
	Type   string // "" = any
	Values []string
}

// EventOrder is how events are ordered: by eventTime or by recordTime, which is the order
// of the blocks and what "" stands for.
type EventOrder struct {
	By         string
	Descending bool
}

const (
	orderEventTime  = "eventTime"
	orderRecordTime = "recordTime"
)

// EventRow is a captured EPCIS event.
type EventRow struct {
	Position   int64 // ascends with the time of capture
	Height     int64
	Index      uint64 // of the body within the transaction
	Tx         types.Hash
	Ref        types.EventID // name in the state
	EventID    string        // the CBV 2.0 hash where the event gives none
	Member     string        // that captured it
	Recorded   int64         // time of the block, Unix milliseconds
	DeclaredBy int64         // position of the event that declares this one an error, 0 = it stands
	Event      []byte        // canonical JSON
}

// Events lists events. Refusals say what is wrong with the filter.
func (m *Model) Events(ctx context.Context, f EventFilter, o EventOrder, p Page) (rows []EventRow, next string, err error) {
	err = m.look(ctx, func(s *snapshot) error {
		q, err := s.search(f, o)
		if err != nil {
			return err
		}
		if q.after, err = q.place(p); err != nil {
			return err
		}
		places, err := q.find(p.limit() + 1)
		if err != nil {
			return err
		}
		more := len(places) > p.limit()
		if more {
			places = places[:p.limit()]
		}
		if rows, err = s.rows(places); more && err == nil {
			last := len(places) - 1
			next = o.cursor(places[last], rows[last].Position)
		}
		return err
	})
	return rows, next, err
}

// EventsAfter lists the events that were captured after a position, in the order of
// capture.
func (m *Model) EventsAfter(ctx context.Context, f EventFilter, position int64, limit int) (rows []EventRow, err error) {
	err = m.look(ctx, func(s *snapshot) error {
		q, err := s.search(f, EventOrder{})
		if err != nil {
			return err
		}
		from, err := s.numberFrom(position + 1)
		if err != nil {
			return err
		}
		q.from = max(q.from, from)
		places, err := q.find(Page{Limit: limit}.limit())
		if err != nil {
			return err
		}
		rows, err = s.rows(places)
		return err
	})
	return rows, err
}

// CountEvents counts events, up to limit+1.
func (m *Model) CountEvents(ctx context.Context, f EventFilter, limit int) (n int, err error) {
	err = m.look(ctx, func(s *snapshot) error {
		q, err := s.search(f, EventOrder{})
		if err != nil {
			return err
		}
		n, err = q.count(limit)
		return err
	})
	return n, err
}

// ThingEvents lists the events that name a lot or unit, by event time.
func (m *Model) ThingEvents(ctx context.Context, thing types.ThingKey, p Page) ([]EventRow, string, error) {
	family, id := thing.Cut()
	fields := map[string][]string{types.PrefixLot: lotRoles, types.PrefixUnit: unitRoles}[family]
	if fields == nil {
		return nil, "", types.Refuse(types.NotFound, "thing", "%.80q is neither lot/… nor unit/…", string(thing))
	}
	f := EventFilter{Match: []EventMatch{{fields, []string{types.LinkOf(id)}}}}
	return m.Events(ctx, f, EventOrder{By: orderEventTime}, p)
}

// The roles of lots and of units.
var (
	lotRoles  = []string{"epcClass", "inputEPCClass", "outputEPCClass"}
	unitRoles = []string{"epc", "parentID", "inputEPC", "outputEPC"}
)

// search prepares the search for a filter.
func (s *snapshot) search(f EventFilter, o EventOrder) (*search, error) {
	if o.By != "" && o.By != orderEventTime && o.By != orderRecordTime {
		return nil, types.Refuse(types.FieldInvalid, "orderBy", "%.40q: eventTime or recordTime", o.By)
	}
	for _, q := range f.Quantities {
		if !q.known() {
			return nil, types.Refuse(types.FieldInvalid, "quantities", "%.40q: EQ, GT, GE, LT or LE", q.Op)
		}
	}
	clauses, err := f.clauses()
	if err != nil {
		return nil, err
	}
	q := &search{snapshot: s, clauses: clauses, order: o, quantities: f.Quantities,
		times: span{f.EventFrom, f.EventBefore}, declared: span{f.DeclaredFrom, f.DeclaredBefore}}
	if q.until, err = s.numberFrom(math.MaxInt64); err != nil {
		return nil, err
	}
	s.full = segmentOf(q.until)
	if q.from, err = s.recordedFrom(f.RecordFrom); err == nil && f.RecordBefore != 0 {
		q.until, err = s.recordedFrom(f.RecordBefore)
	}
	return q, err
}

func (q *EventQuantity) known() bool {
	return strings.Contains(" EQ GT GE LT LE ", " "+q.Op+" ") && q.Op != ""
}

// holds compares an amount with the one asked for.
func (q *EventQuantity) holds(amount uint64) bool {
	switch q.Op {
	case "EQ":
		return amount == q.Amount
	case "GT":
		return amount > q.Amount
	case "GE":
		return amount >= q.Amount
	case "LT":
		return amount < q.Amount
	}
	return amount <= q.Amount
}

// recordedFrom returns the number of the first event in a block of this time or later.
func (s *snapshot) recordedFrom(time int64) (int64, error) {
	if time == 0 {
		return 0, nil
	}
	var height int64
	ok, err := s.one([]any{&height}, "SELECT height FROM blocks WHERE time >= ? ORDER BY time LIMIT 1", time)
	if err != nil {
		return 0, err
	}
	if !ok {
		return s.numberFrom(math.MaxInt64)
	}
	return s.numberFrom(position(height, 0))
}

// numberFrom returns the number of the first event at a position or later, the next free
// one if there is none.
func (s *snapshot) numberFrom(position int64) (n int64, err error) {
	ok, err := s.one([]any{&n}, "SELECT n FROM events WHERE position >= ? ORDER BY position LIMIT 1", position)
	if !ok && err == nil {
		_, err = s.one([]any{&n}, "SELECT coalesce(max(n) + 1, 0) FROM events")
	}
	return n, err
}

// cursor and place are how a page says where it ended.
func (o EventOrder) cursor(last place, position int64) string {
	return cursor(fmt.Sprintf("%d %d", last.time, position))
}

func (s *search) place(p Page) (*place, error) {
	key, err := p.key()
	if err != nil || key == "" {
		return nil, err
	}
	var time, position int64
	if n, err := fmt.Sscanf(key, "%d %d", &time, &position); n != 2 || err != nil {
		return nil, ErrCursor
	}
	n, err := s.numberFrom(position)
	return &place{time, n}, err
}

// rows reads events, in the order given.
func (s *snapshot) rows(places []place) ([]EventRow, error) {
	list, numbers := make([]EventRow, 0, len(places)), make([]int64, len(places))
	for i, p := range places {
		numbers[i] = p.n
	}
	err := s.each(func(rows *sql.Rows) error {
		var r EventRow
		err := r.scan(rows)
		list = append(list, r)
		return err
	}, `SELECT e.position, e.tx, e.body, e.member, e.ref, e.event_id, e.recorded, e.declared_by, e.event
		FROM json_each(?) AS j CROSS JOIN events AS e ON e.n = j.value ORDER BY j.key`, keyList(numbers))
	return list, err
}

func (r *EventRow) scan(rows *sql.Rows) error {
	var tx []byte
	err := rows.Scan(&r.Position, &tx, &r.Index, &r.Member, &r.Ref, &r.EventID, &r.Recorded, &r.DeclaredBy, &r.Event)
	r.Height = r.Position >> positionBits
	r.EventID = lengthen(r.EventID)
	copy(r.Tx[:], tx)
	return err
}
