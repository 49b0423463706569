package readmodel

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// The bounds of a trace, in things.
const (
	DefaultTrace = 10_000
	MaxTrace     = 100_000
)

// walk is a trace under way, breadth first: a level is one event further from the root.
type walk struct {
	*snapshot
	back   bool
	depth  int // of the deepest level wanted
	limit  int // of things
	found  map[types.ThingKey]*types.TraceThing
	been   map[types.ThingKey][]window // how the walk went on from a thing
	loaded map[int64]*tracedEvent
	told   map[int64]bool                    // of the loaded events, those in the answer
	packed map[types.ThingKey][]*tracedEvent // what was packed in containers and taken off
	more   bool
}

// tracedEvent is an event of a trace, with its place in the order of capture.
type tracedEvent struct {
	n              int64
	says           types.TraceEvent
	flows          []flow
	packs, unpacks bool
}

// Trace walks from a lot or unit to what it came from (back) or to what came from it,
// over at most depth events on the way, 0 for as far as it goes, and to at most limit
// things, 0 for DefaultTrace. Goods lead through transformations, also those that several
// events tell, and into and out of containers while they are in them; classes without lot
// are shown and lead nowhere. A transformation that several events tell counts as a thing.
func (m *Model) Trace(ctx context.Context, root types.ThingKey, back bool, depth, limit int) (answer *types.TraceAnswer, err error) {
	if depth <= 0 {
		depth = math.MaxInt
	}
	if limit <= 0 {
		limit = DefaultTrace
	}
	err = m.look(ctx, func(s *snapshot) error {
		w := &walk{snapshot: s, back: back, depth: depth, limit: min(limit, MaxTrace),
			found: map[types.ThingKey]*types.TraceThing{}, been: map[types.ThingKey][]window{}, loaded: map[int64]*tracedEvent{},
			told: map[int64]bool{}, packed: map[types.ThingKey][]*tracedEvent{}}
		if err := w.run(root); err != nil {
			return err
		}
		answer, err = w.answer(root)
		return err
	})
	return answer, err
}

func (w *walk) run(root types.ThingKey) error {
	if err := w.known(root); err != nil {
		return err
	}
	w.found[root] = &types.TraceThing{Thing: root}
	front := []visit{{root, always}}
	for level := 1; len(front) > 0; level++ {
		ways, err := w.ways(front)
		if err != nil {
			return err
		}
		front = front[:0:0]
		for _, x := range ways {
			front = append(front, w.take(x, level)...)
		}
	}
	return nil
}

// known refuses a root that no record and no event names.
func (w *walk) known(root types.ThingKey) error {
	family, id := root.Cut()
	query := map[string]string{
		types.PrefixLot:  "SELECT 1 FROM lots WHERE id = ?",
		types.PrefixUnit: "SELECT 1 FROM units WHERE id = ?",
	}[family]
	if query == "" {
		return types.Refuse(types.NotFound, "root", "%.80q is neither lot/… nor unit/…", string(root))
	}
	var yes int
	ok, err := w.one([]any{&yes}, query, id)
	if !ok && err == nil {
		ok, err = w.one([]any{&yes}, "SELECT 1 FROM links WHERE thing = ? LIMIT 1", string(root))
	}
	if !ok && err == nil {
		return types.Refuse(types.NotFound, "root", "no event and no record names %.80q", string(root))
	}
	return err
}

// way leads on from a thing, over an event.
type way struct {
	visit
	event *tracedEvent
}

// ways returns the ways on from some things, by the order of the events.
func (w *walk) ways(front []visit) (ways []way, err error) {
	open := map[types.ThingKey][]window{}
	for _, v := range front {
		open[v.thing] = append(open[v.thing], v.window)
	}
	var fresh []int64
	err = w.each(func(rows *sql.Rows) error {
		var thing types.ThingKey
		var n int64
		err := rows.Scan(&thing, &n)
		if w.loaded[n] == nil {
			w.loaded[n] = &tracedEvent{n: n}
			fresh = append(fresh, n)
		}
		for _, window := range open[thing] {
			ways = append(ways, way{visit{thing, window}, w.loaded[n]})
		}
		return err
	}, "SELECT l.thing, l.n FROM json_each(?) AS j CROSS JOIN links AS l ON l.thing = j.value AND l.out = ? ORDER BY l.n, l.thing",
		keyList(slices.Collect(maps.Keys(open))), w.back)
	if err == nil {
		err = w.load(fresh)
	}
	return ways, err
}

// load reads events, and of those that pack what else became of the container.
func (w *walk) load(events []int64) error {
	var containers []types.ThingKey
	err := w.each(func(rows *sql.Rows) error {
		e, err := scanTraced(rows, new(int64))
		if err != nil {
			return err
		}
		*w.loaded[e.n] = *e
		if e.packs {
			containers = append(containers, e.flows[len(e.flows)-1].Thing)
		}
		return nil
	}, `SELECT 0, e.n, e.position, e.time, e.tx, e.member, e.ref, e.event_id, e.declared_by, e.story
		FROM json_each(?) AS j CROSS JOIN events AS e ON e.n = j.value`, keyList(events))
	if err != nil {
		return err
	}
	slices.Sort(containers)
	return w.containers(slices.Compact(containers))
}

// take goes one way and returns what it leads to, which is not gone on from before.
func (w *walk) take(x way, level int) (front []visit) {
	e, leads := x.event, false
	for i := range e.flows {
		f := &e.flows[i]
		if f.Out == w.back {
			continue
		}
		on := w.beyond(x, f)
		if on.empty() {
			continue
		}
		leads = true
		if level > w.depth {
			w.more = w.more || w.found[f.Thing] == nil
			continue
		}
		if v := (visit{f.Thing, on}); w.reach(f, level) && w.fresh(v) {
			front = append(front, v)
		}
	}
	if leads && level <= w.depth || w.back && w.begins(e) {
		w.told[e.n] = true
	}
	return front
}

// begins reports whether an event brought goods into the world that were made of nothing.
func (w *walk) begins(e *tracedEvent) bool {
	return !slices.ContainsFunc(e.flows, func(f flow) bool { return !f.Out })
}

// beyond is the window in which a walk goes on from the other end of a way.
func (w *walk) beyond(x way, f *flow) window {
	e := x.event
	family, _ := f.Thing.Cut()
	switch {
	case e.packs && w.back:
		return x.and(w.stay(f, x.thing, e.n))
	case e.packs:
		if in := slices.IndexFunc(e.flows, func(f flow) bool { return f.Thing == x.thing && !f.Out }); in >= 0 {
			return x.and(w.stay(&e.flows[in], f.Thing, e.n))
		}
	case !w.back && !x.has(e.n):
		return window{}
	case w.back && family == types.PrefixUnit:
		return window{e.n, e.n + 1} // what is in it at this moment
	}
	return always
}

// fresh reports whether the walk has not gone on from a thing in this window. Only
// containers are another thing at another time.
func (w *walk) fresh(v visit) bool {
	if family, _ := v.thing.Cut(); family != types.PrefixUnit {
		v.window = always
	}
	for _, b := range w.been[v.thing] {
		if b.from <= v.from && v.until <= b.until {
			return false
		}
	}
	w.been[v.thing] = append(w.been[v.thing], v.window)
	return true
}

// reach enters a thing and reports whether the walk goes on from it.
func (w *walk) reach(f *flow, depth int) bool {
	if w.found[f.Thing] != nil {
		return !f.Class
	}
	if len(w.found) >= w.limit {
		w.more = true
		return false
	}
	w.found[f.Thing] = &types.TraceThing{Thing: f.Thing, Depth: depth}
	return !f.Class
}

// scanTraced reads an event, behind one other column.
func scanTraced(rows *sql.Rows, other any) (*tracedEvent, error) {
	e, at, declaredBy := &tracedEvent{}, int64(0), int64(0)
	var tx, raw []byte
	s := &e.says
	if err := rows.Scan(other, &e.n, &at, &s.Time, &tx, &s.Member, &s.Event, &s.EventID, &declaredBy, &raw); err != nil {
		return nil, err
	}
	s.Height, s.EventID, s.Error = at>>positionBits, lengthen(s.EventID), declaredBy != 0
	copy(s.Tx[:], tx)
	var told story
	err := types.DecodeState(raw, &told)
	e.flows, e.packs, e.unpacks = told.Flows, told.packs(), told.unpacks()
	s.Type, s.Action, s.BizStep, s.Place = told.Type, told.Action, told.BizStep, told.Place
	s.In, s.Out = said(told.Flows, false), said(told.Flows, true)
	return e, err
}

// said are the flows of one side as the answer has them.
func said(flows []flow, out bool) []types.TraceFlow {
	list := []types.TraceFlow{}
	for _, f := range flows {
		if f.Out != out {
			continue
		}
		t := types.TraceFlow{Thing: f.Thing, Unit: f.Unit}
		if f.Unit != "" {
			t.Quantity = gs1.FormatAmount(f.Quantity)
		}
		list = append(list, t)
	}
	return list
}

// answer puts together what was found.
func (w *walk) answer(root types.ThingKey) (*types.TraceAnswer, error) {
	height, err := w.height()
	if err != nil {
		return nil, err
	}
	a := &types.TraceAnswer{Height: height, Root: root, Direction: "forward", More: w.more, Events: []types.TraceEvent{}}
	if w.back {
		a.Direction = "back"
	}
	if a.Things, err = w.described(); err != nil {
		return nil, err
	}
	a.Depth = a.Things[len(a.Things)-1].Depth
	for _, n := range slices.Sorted(maps.Keys(w.told)) {
		a.Events = append(a.Events, w.loaded[n].says)
	}
	return a, nil
}

// described returns the things with what is known of them, the root first.
func (w *walk) described() ([]types.TraceThing, error) {
	known, err := w.things(slices.Collect(maps.Keys(w.found)))
	if err != nil {
		return nil, err
	}
	list := make([]types.TraceThing, 0, len(w.found))
	for key, t := range w.found {
		_, id := key.Cut()
		t.URI = uriOf(key, id)
		t.Holders, t.Claims, t.Marks, t.Flags = []string{}, []string{}, []types.Mark{}, []string{}
		if g := known[key]; g != nil {
			g.describe(t)
		}
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b types.TraceThing) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Thing, b.Thing))
	})
	return list, nil
}

// uriOf is what an event called the thing; a transformation by its transformationID.
func uriOf(key types.ThingKey, id string) string {
	if family, _ := key.Cut(); family == types.PrefixTransformation {
		_, escaped, _ := strings.Cut(id, "/")
		if uri, ok := gs1.Unescape(escaped); ok {
			return uri
		}
	}
	return types.LinkOf(id)
}

// describe says of a thing what its record says. A unit is measured by its content.
func (g *goods) describe(t *types.TraceThing) {
	t.Known, t.Owner, t.Plot, t.Product = true, g.owner, g.plot, g.product
	t.Holders, t.Claims, t.Marks, t.Flags = g.holders, g.claims, g.marks, g.flags
	switch {
	case g.pieces && g.net == 0:
	case g.pieces:
		t.Quantity, t.Left, t.Unit = gs1.FormatAmount(g.net), "0", g.netUnit
		if g.left() > 0 {
			t.Left = t.Quantity
		}
	default:
		t.Quantity, t.Left, t.Unit = gs1.FormatAmount(g.produced), gs1.FormatAmount(g.left()), g.unit
	}
}
