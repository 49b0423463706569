package app

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/caryaledger/carya/types"
)

// thing is a record that goods are traced through.
type thing interface {
	trace() *types.Trace
	put(*Call) error
	// within is the unit that holds it now, "" for none.
	within() types.UnitID
}

type (
	lotThing   struct{ *types.Lot }
	unitThing  struct{ *types.Unit }
	jointThing struct {
		*types.Transformation
		id string
	}
)

func (t lotThing) trace() *types.Trace   { return &t.Trace }
func (t unitThing) trace() *types.Trace  { return &t.Trace }
func (t jointThing) trace() *types.Trace { return &t.Trace }

func (t lotThing) put(c *Call) error   { return lots.Put(c, t.ID, t.Lot) }
func (t unitThing) put(c *Call) error  { return units.Put(c, t.ID, t.Unit) }
func (t jointThing) put(c *Call) error { return processings.Put(c, t.id, t.Transformation) }

func (t lotThing) within() types.UnitID   { return "" }
func (t unitThing) within() types.UnitID  { return t.Parent }
func (t jointThing) within() types.UnitID { return "" }

// thingAt reads a thing, nil when there is none.
func thingAt(c *Call, key types.ThingKey) (thing, error) {
	family, id := key.Cut()
	switch family {
	case types.PrefixLot:
		l, err := lots.Get(c, types.LotID(id))
		if l == nil {
			return nil, err
		}
		return lotThing{l}, nil
	case types.PrefixUnit:
		u, err := units.Get(c, types.UnitID(id))
		if u == nil {
			return nil, err
		}
		return unitThing{u}, nil
	case types.PrefixTransformation:
		t, err := processings.Get(c, id)
		if t == nil {
			return nil, err
		}
		return jointThing{t, id}, nil
	}
	return nil, nil
}

// marking is the marking of everything that came from some things.
//
// Its front is a stack, so that it grows with the depth of a chain and not with its
// breadth. A point of the front is one of four: a thing whose events are to be followed
// from At on, backward; a certificate whose uses are; with At "", a thing that is itself
// still to be marked; and a page, a record with a part of the front that one record
// cannot hold.
type marking struct {
	*Call
	mark  types.Mark
	claim string // only what carries it; "" = all
	front []types.FrontPoint
	count uint64

	past map[types.EventID]*types.CapturedEvent // events that this body has read
	gone map[types.EventID]bool                 // transformations gone through; true: for something full
}

// marked is what one step of marking costs of a block's MaxWork: a thing is read, hashed
// and written.
const marked = 5

// spread marks things and all that came from them: over transformations, and from what
// is packed to the units that hold it now. The things themselves are marked at once; what
// the block cannot reach waits in a record.
func spread(c *Call, m types.Mark, claim string, roots, front []types.FrontPoint) error {
	record, err := spreads.Get(c, m.Kind+"/"+m.Ref)
	if err != nil {
		return err
	}
	if record == nil {
		record = new(types.Spread)
	}
	s := &marking{Call: c, mark: m, claim: claim, front: append(record.Front, front...)}
	for _, r := range roots {
		if err := s.root(r.Thing); err != nil {
			return err
		}
	}
	return s.run(record)
}

// points are things as points of a front that are still to be marked.
func points(keys []types.ThingKey) []types.FrontPoint {
	list := make([]types.FrontPoint, len(keys))
	for i, k := range keys {
		list[i].Thing = k
	}
	return list
}

func continueMark(c *Call, b *types.ContinueMark) error {
	record, err := spreads.Get(c, b.Kind+"/"+b.Ref)
	if err != nil {
		return err
	}
	if record == nil || len(record.Front) == 0 {
		return refuse(types.NotFound, "ref", "nothing is left to mark for %s %s", b.Kind, b.Ref)
	}
	if err := c.spend("", marked); err != nil {
		return err
	}
	s := &marking{Call: c, mark: types.Mark{Kind: b.Kind, Ref: b.Ref}, claim: record.Claim, front: record.Front}
	return s.run(record)
}

// run works the front off, as far as the block may go.
func (s *marking) run(record *types.Spread) error {
	for len(s.front) > 0 && *s.work > 0 {
		last := len(s.front) - 1
		p := s.front[last]
		s.front = s.front[:last]
		if err := s.advance(p); err != nil {
			return err
		}
	}
	if record.History.Size == 0 && len(s.front) == 0 {
		return nil // done in one go: no record is needed
	}
	if err := s.turnPages(record.History.Size); err != nil {
		return err
	}
	record.Front, record.Claim = s.front, s.claim
	record.Marked += s.count
	return spreads.Put(s.Call, s.mark.Kind+"/"+s.mark.Ref, record)
}

func (s *marking) advance(p types.FrontPoint) error {
	switch family, id := p.Thing.Cut(); {
	case family == types.PrefixMark:
		return s.openPage(id)
	case p.At == "":
		return s.root(p.Thing)
	case family == types.PrefixCertificate:
		return s.uses(p)
	}
	return s.follow(p)
}

// maxFront bounds the front in one record: with the longest identifiers, half of what a
// record can hold.
const maxFront = 4000

// pages is where parts of a front are: no kind of mark is called so.
const pages = "page/"

// turnPages moves the bottom of a front that is too long into records of its own; round
// tells one transaction's pages from another's.
func (s *marking) turnPages(round uint64) error {
	var turned []types.FrontPoint
	for len(s.front) > maxFront {
		id := pages + s.mark.Kind + "/" + s.mark.Ref + "/" + strconv.FormatUint(round, 10) + "-" + strconv.Itoa(len(turned))
		if err := spreads.Put(s.Call, id, &types.Spread{Front: s.front[:maxFront]}); err != nil {
			return err
		}
		turned = append(turned, types.FrontPoint{Thing: types.ThingKey(types.PrefixMark + "/" + id)})
		s.front = s.front[maxFront:]
	}
	s.front = append(turned, s.front...)
	return nil
}

// openPage puts a part of the front back.
func (s *marking) openPage(id string) error {
	page, err := spreads.Get(s.Call, id)
	if err != nil {
		return err
	}
	if page == nil {
		return fmt.Errorf("mark %s: there is no page %s", s.mark.Ref, id)
	}
	*s.work -= len(page.Front)
	s.front = append(s.front, page.Front...)
	page.Front = nil
	return spreads.Put(s.Call, id, page)
}

// root marks a thing that the mark is about itself. A recall of a unit is one of all
// units inside it, and says of each that what is in it cannot be told from its lot once
// it is out.
func (s *marking) root(key types.ThingKey) error {
	*s.work -= marked
	t, err := thingAt(s.Call, key)
	if err != nil || t == nil {
		return err
	}
	own := false
	if u, isUnit := t.(unitThing); isUnit && s.mark.Kind == types.MarkRecall {
		s.front = append(s.front, points(keysOf(u.Children))...)
		own = !slices.Contains(u.Trace.Flags, types.Recalled.String())
		u.Trace.Flags = withText(u.Trace.Flags, types.Recalled.String())
	}
	return s.enter(key, t, true, false, own)
}

func keysOf(list []types.UnitID) []types.ThingKey {
	keys := make([]types.ThingKey, len(list))
	for i, id := range list {
		keys[i] = id.Key()
	}
	return keys
}

// reach marks a thing that came from a marked one, or holds it now. Full says that what
// it came from is full.
func (s *marking) reach(key types.ThingKey, made, full bool) error {
	*s.work -= marked
	t, err := thingAt(s.Call, key)
	if err != nil || t == nil {
		return err
	}
	return s.enter(key, t, made, full, false)
}

// enter marks one thing and the units that hold it, and notes what is to be followed from
// it: only what was made so (and carries the claim), not what merely holds it. Changed
// says that its record has to be written in any case.
func (s *marking) enter(key types.ThingKey, t thing, made, full, changed bool) error {
	tr := t.trace()
	news := !made || s.claim == "" || slices.Contains(tr.Claims, s.claim)
	if news {
		var err error
		if news, err = s.add(tr, full); err != nil {
			return err
		}
	}
	if news || changed {
		if err := t.put(s.Call); err != nil {
			return err
		}
	}
	if !news {
		return nil
	}
	s.count++
	if made && tr.Last != "" {
		s.front = append(s.front, types.FrontPoint{Thing: key, At: tr.Last})
	}
	if up := t.within(); up != "" {
		return s.reach(up.Key(), false, full)
	}
	return nil
}

// add adds the mark to a trace and reports whether that says anything new. A trace with
// no room for it becomes full, and so does all that came from it: none of it may be used
// or handed over any more, but to go back or away.
func (s *marking) add(tr *types.Trace, full bool) (news bool, err error) {
	switch {
	case isFull(tr):
		return false, nil
	case !full && slices.Contains(tr.Marks, s.mark):
		return false, nil
	case slices.Contains(tr.Marks, s.mark):
	case len(tr.Marks) >= maxMarksEach:
		if err := s.dropDead(tr); err != nil {
			return false, err
		}
		full = full || len(tr.Marks) >= maxMarksEach
	}
	if full {
		tr.Flags = withText(tr.Flags, types.TooLarge.String())
	}
	if len(tr.Marks) < maxMarksEach {
		tr.Marks = withMarks(tr.Marks, []types.Mark{s.mark})
	}
	return true, nil
}

// maxMarksEach bounds the marks of one thing.
const maxMarksEach = 256

// isFull reports whether more is wrong with a thing than its record can say.
func isFull(t *types.Trace) bool { return slices.Contains(t.Flags, types.TooLarge.String()) }

// dropDead drops the marks of recalls that are closed and disputes that are settled:
// neither comes back.
func (c *Call) dropDead(t *types.Trace) error {
	var kept []types.Mark
	for _, m := range t.Marks {
		s, err := c.known(m)
		if err != nil {
			return err
		}
		if s.bites || m.Kind == types.MarkCertificate {
			kept = append(kept, m)
		}
	}
	t.Marks = kept
	return nil
}

// follow marks what came from a thing in the events from a point on, backward.
func (s *marking) follow(p types.FrontPoint) error {
	t, err := thingAt(s.Call, p.Thing)
	if err != nil || t == nil {
		return err
	}
	full := isFull(t.trace())
	return s.back(p, func(at types.EventID, e *types.CapturedEvent) error {
		return s.through(p.Thing, at, e, full)
	})
}

// uses marks what was made with a certificate at a time of which it is known now that it
// was not valid then.
func (s *marking) uses(p types.FrontPoint) error {
	_, id := p.Thing.Cut()
	r, err := certificates.Get(s.Call, types.CertificateID(id))
	if err != nil || r == nil {
		return err
	}
	return s.back(p, func(_ types.EventID, e *types.CapturedEvent) error {
		if status, _ := types.StatusAt(r.Changes, e.Time); status == types.StatusValid {
			return nil
		}
		for _, l := range e.Links {
			if family, id := l.Thing.Cut(); !l.Out || family == types.PrefixTransformation || !coversProduct(r, id) {
				continue
			}
			if err := s.reach(l.Thing, true, false); err != nil {
				return err
			}
		}
		return nil
	})
}

// back walks the events of a thing backward from a point, as far as the block may go.
func (s *marking) back(p types.FrontPoint, do func(types.EventID, *types.CapturedEvent) error) error {
	for at := p.At; at != ""; {
		if *s.work <= 0 {
			s.front = append(s.front, types.FrontPoint{Thing: p.Thing, At: at})
			return nil
		}
		e, err := s.event(at)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Thing, err)
		}
		if err := do(at, e); err != nil {
			return err
		}
		at = before(e, p.Thing)
	}
	return nil
}

// event reads an event once in a body: a thousand lots may have gone into one. Reading a
// link costs a fraction of reading a record, finding one again hardly anything.
func (s *marking) event(id types.EventID) (*types.CapturedEvent, error) {
	if e := s.past[id]; e != nil {
		*s.work -= 1 + len(e.Links)/200
		return e, nil
	}
	e, err := events.Get(s.Call, id)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, fmt.Errorf("went into event %s, which does not exist", id)
	}
	*s.work -= marked + len(e.Links)/8
	if s.past == nil {
		s.past, s.gone = map[types.EventID]*types.CapturedEvent{}, map[types.EventID]bool{}
	}
	s.past[id] = e
	return e, nil
}

// before is the event in which a thing went in before this one.
func before(e *types.CapturedEvent, key types.ThingKey) types.EventID {
	for _, l := range e.Links {
		if l.Thing == key && !l.Out {
			return l.Before
		}
	}
	return ""
}

// through marks what an event brought about from a thing, or packed it in if it is still
// there. What a transformation brought about is the same for all that went in.
func (s *marking) through(key types.ThingKey, id types.EventID, e *types.CapturedEvent, full bool) error {
	if was, ok := s.gone[id]; ok && (was || !full) {
		return nil
	}
	packing := false
	for _, l := range e.Links {
		if !l.Out || l.Thing == key {
			continue
		}
		packed, err := s.outcome(key, id, l.Thing, full)
		if err != nil {
			return err
		}
		packing = packing || packed
	}
	if !packing {
		s.gone[id] = full
	}
	return nil
}

// outcome marks one thing that came out of an event; packed says that it was there
// before, and only holds what went in or held it once.
func (s *marking) outcome(key types.ThingKey, id types.EventID, out types.ThingKey, full bool) (packed bool, err error) {
	*s.work -= marked
	t, err := thingAt(s.Call, out)
	if err != nil || t == nil {
		return false, err
	}
	u, isUnit := t.(unitThing)
	switch {
	case !isUnit || u.Trace.Made == id:
		return false, s.enter(out, t, true, full, false)
	case holds(u.Unit, key):
		return true, s.enter(out, t, false, full, false)
	}
	return true, nil
}

// holds reports whether a unit directly holds a thing now.
func holds(u *types.Unit, key types.ThingKey) bool {
	family, id := key.Cut()
	switch family {
	case types.PrefixLot:
		_, found := partOf(u, types.LotID(id))
		return found
	case types.PrefixUnit:
		_, found := slices.BinarySearch(u.Children, types.UnitID(id))
		return found
	}
	return false
}

// withMarks returns a list with further marks in it, each once.
func withMarks(list, more []types.Mark) []types.Mark {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// carry puts on a thing the marks of what goes into it, and refuses when they are too
// many to be told apart.
func (c *Call) carry(at, what string, t *types.Trace, marks []types.Mark) error {
	have := make(map[types.Mark]bool, len(t.Marks)+len(marks))
	for _, m := range t.Marks {
		have[m] = true
	}
	for _, m := range marks {
		if !have[m] {
			have[m] = true
			t.Marks = append(t.Marks, m)
		}
	}
	if len(t.Marks) <= maxMarksEach {
		return nil
	}
	if err := c.dropDead(t); err != nil {
		return err
	}
	if len(t.Marks) > maxMarksEach {
		return refuse(types.TooLarge, at, "%s: there are %d recalls, disputes and revoked certificates behind what goes in, at most %d can be kept apart",
			what, len(t.Marks), maxMarksEach)
	}
	return nil
}

// standing is what a mark means now.
type standing struct {
	bites    bool   // the recall is open, the dispute not settled, the certificate not valid
	standard string // of the certificate
}

// freeMarks is how many marks a body may ask about before it spends on it.
const freeMarks = 16

// standing asks what a mark refers to. A body that asks about many is refused when the
// block has no work left; marking, which has to get on, is not (known).
func (c *Call) standing(m types.Mark) (standing, error) {
	if _, asked := c.marks[m]; !asked && len(c.marks) >= freeMarks {
		if err := c.spend("", 0); err != nil {
			return standing{}, err
		}
	}
	return c.known(m)
}

// known asks what a mark refers to, once in a body.
func (c *Call) known(m types.Mark) (standing, error) {
	if s, ok := c.marks[m]; ok {
		return s, nil
	}
	if c.marks == nil {
		c.marks = map[types.Mark]standing{}
	}
	if len(c.marks) >= freeMarks {
		*c.work -= marked
	}
	s, err := c.ask(m)
	if err == nil {
		c.marks[m] = s
	}
	return s, err
}

func (c *Call) ask(m types.Mark) (standing, error) {
	switch m.Kind {
	case types.MarkRecall:
		r, err := recalls.Get(c, types.RecallID(m.Ref))
		return standing{bites: r != nil && r.Closed == 0}, err
	case types.MarkDispute:
		e, err := events.Get(c, types.EventID(m.Ref))
		return standing{bites: e != nil && e.Cleared == 0}, err
	}
	r, err := certificates.Get(c, types.CertificateID(m.Ref))
	if err != nil || r == nil {
		return standing{}, err
	}
	status, _ := types.StatusAt(r.Changes, c.Time)
	return standing{status != types.StatusValid, r.Standard}, nil
}

// unfinished reports whether the marking for a recall is under way.
func (c *Call) unfinished(recall string) (bool, error) {
	s, err := spreads.Get(c, types.MarkRecall+"/"+recall)
	return s != nil && len(s.Front) > 0, err
}
