package readmodel

import (
	"database/sql"
	"math"
	"slices"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Crates and pallets are used again and again. What was in one last week has nothing to do
// with what is in it now: a trace goes on from a container only over the events that lie
// within the stay of the thing that it came from.

// window is a part of the order of events, from one number to before another.
type window struct{ from, until int64 }

var always = window{0, math.MaxInt64}

func (w window) has(n int64) bool { return w.from <= n && n < w.until }

func (w window) and(o window) window { return window{max(w.from, o.from), min(w.until, o.until)} }

func (w window) empty() bool { return w.from >= w.until }

// visit is a thing that a trace goes on from, over the events in a window.
type visit struct {
	thing types.ThingKey
	window
}

// The kinds of links. The statements of traces rely on the numbers.
const (
	linkIn  = 0 // the thing went in
	linkOut = 1 // it came out, or holds what went in
	linkOff = 2 // things were taken off it
)

// containers reads what was packed in containers and taken out of them, for those that
// are not known yet.
func (w *walk) containers(keys []types.ThingKey) error {
	keys = slices.DeleteFunc(keys, func(k types.ThingKey) bool { return w.packed[k] != nil })
	for _, k := range keys {
		w.packed[k] = []*tracedEvent{}
	}
	return w.each(func(rows *sql.Rows) error {
		var container types.ThingKey
		e, err := scanTraced(rows, &container)
		if err == nil && (e.packs || e.unpacks) {
			w.packed[container] = append(w.packed[container], e)
		}
		return err
	}, `SELECT j.value, e.n, e.position, e.time, e.tx, e.member, e.ref, e.event_id, e.declared_by, e.story
		FROM json_each(?) AS j CROSS JOIN links AS l ON l.thing = j.value AND l.out IN (1, 2)
		CROSS JOIN events AS e ON e.n = l.n ORDER BY e.n`, keyList(keys))
}

// stay is how long something remained in the container that an event packed it into.
func (w *walk) stay(f *flow, container types.ThingKey, packed int64) window {
	stay := window{packed, math.MaxInt64}
	in := contents{unit: f.Unit}
	for _, e := range w.packed[container] {
		in.follow(e, f.Thing)
		if e.n > packed && in.none {
			stay.until = e.n
			break
		}
	}
	return stay
}

// contents is how much of a thing is in a container.
type contents struct {
	unit   string
	amount uint64 // 10^-5 of the unit
	vague  bool   // it cannot be measured: only taking out everything ends it
	none   bool
}

// follow takes an event of the container into account.
func (c *contents) follow(e *tracedEvent, thing types.ThingKey) {
	if e.unpacks && len(e.flows) == 1 { // the container alone: everything was taken out
		c.amount, c.vague, c.none = 0, false, true
		return
	}
	for i := range e.flows {
		if f := &e.flows[i]; f.Thing == thing && e.packs {
			c.put(f)
		} else if f.Thing == thing {
			c.take(f)
		}
	}
}

func (c *contents) put(f *flow) {
	amount, err := gs1.Convert(f.Quantity, f.Unit, c.unit)
	c.none, c.vague = false, c.vague || f.Unit != "" && err != nil
	c.amount += amount
}

// take takes something out; a unit is there as a whole or not at all.
func (c *contents) take(f *flow) {
	amount, err := gs1.Convert(f.Quantity, f.Unit, c.unit)
	if f.Unit != "" && err != nil {
		c.vague = true
	}
	c.amount -= min(amount, c.amount)
	c.none = !c.vague && (f.Unit == "" || c.amount == 0)
}
