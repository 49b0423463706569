package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
)

func checkLotRecord(s State, l *types.Lot) error {
	sum := l.Consumed + l.Destroyed + l.Sold + l.Packed
	for i, h := range l.Holdings {
		sum += h.Quantity
		if h.Quantity == 0 || i > 0 && l.Holdings[i-1].Member >= h.Member {
			return fmt.Errorf("holdings %+v", l.Holdings)
		}
		if err := isMember(s, h.Member); err != nil {
			return err
		}
	}
	if sum != l.Produced {
		return fmt.Errorf("produced %d, accounted for %d", l.Produced, sum)
	}
	for i, o := range l.Offers {
		if o.Quantity == 0 || o.From == o.To || i > 0 && l.Offers[i-1].From+"/"+l.Offers[i-1].To >= o.From+"/"+o.To {
			return fmt.Errorf("offers %+v", l.Offers)
		}
	}
	if err := isMember(s, l.Owner); err != nil {
		return err
	}
	return checkMarked(s, l.ID.Key(), &l.Trace)
}

func isMember(s State, id string) error {
	m, err := members.Get(s, id)
	if err == nil && m == nil {
		err = fmt.Errorf("%q is no member", id)
	}
	return err
}

func checkUnitRecord(s State, u *types.Unit) error {
	if u.OfferTo == u.Custodian || (u.OfferTo == "") != (u.OfferUntil == 0) || u.OfferTo != "" && u.Parent != "" {
		return fmt.Errorf("held by %q in %q, offered to %q until %d", u.Custodian, u.Parent, u.OfferTo, u.OfferUntil)
	}
	if u.Parent != "" {
		parent, err := units.Get(s, u.Parent)
		if err != nil {
			return err
		}
		if parent == nil || !slices.Contains(parent.Children, u.ID) {
			return fmt.Errorf("is inside %s, which does not know of it", u.Parent)
		}
	}
	if !slices.IsSorted(u.Children) {
		return fmt.Errorf("children %v", u.Children)
	}
	for i, p := range u.Contents {
		if p.Quantity == 0 || i > 0 && u.Contents[i-1].Lot >= p.Lot {
			return fmt.Errorf("contents %+v", u.Contents)
		}
		l, err := lots.Get(s, p.Lot)
		if err != nil {
			return err
		}
		if l == nil {
			return fmt.Errorf("holds lot %s, which does not exist", p.Lot)
		}
		if err := checkClimbed(s, u, &l.Trace); err != nil {
			return err
		}
	}
	for _, id := range u.Children {
		child, err := units.Get(s, id)
		if err != nil {
			return err
		}
		if child == nil || child.Parent != u.ID {
			return fmt.Errorf("holds %s, which is elsewhere", id)
		}
		if err := checkClimbed(s, u, &child.Trace); err != nil {
			return err
		}
	}
	if err := isMember(s, u.Custodian); err != nil {
		return err
	}
	if _, err := outer(u, func(id types.UnitID) (*types.Unit, error) { return units.Get(s, id) }); err != nil {
		return err
	}
	return checkMarked(s, u.ID.Key(), &u.Trace)
}

// checkClimbed holds a unit to the recalls and disputes of what is inside it.
func checkClimbed(s State, u *types.Unit, inside *types.Trace) error {
	for _, m := range inside.Marks {
		if m.Kind == types.MarkCertificate || slices.Contains(u.Trace.Marks, m) || isFull(&u.Trace) || u.Fate != "" {
			continue
		}
		dead, err := settled(s, m)
		if err != nil {
			return err
		}
		unfinished, err := spreads.Get(s, m.Kind+"/"+m.Ref)
		if err != nil {
			return err
		}
		if !dead && (unfinished == nil || len(unfinished.Front) == 0) {
			return fmt.Errorf("something inside is marked by %s %s, the unit is not", m.Kind, m.Ref)
		}
	}
	return nil
}

// checkMarked holds what came from a thing under a recall or in a dispute to its marks:
// everything made from it has them.
func checkMarked(s State, key types.ThingKey, t *types.Trace) error {
	for _, m := range t.Marks {
		if m.Kind == types.MarkCertificate {
			continue // marks what carries the claim only
		}
		dead, err := settled(s, m)
		if err != nil {
			return err
		}
		unfinished, err := spreads.Get(s, m.Kind+"/"+m.Ref)
		if err != nil {
			return err
		}
		if dead || unfinished != nil && len(unfinished.Front) > 0 {
			continue
		}
		if err := checkDescendants(s, key, t, m); err != nil {
			return err
		}
	}
	return nil
}

// settled reports whether a mark says nothing any more: such may be dropped.
func settled(s State, m types.Mark) (bool, error) {
	if m.Kind == types.MarkRecall {
		r, err := recalls.Get(s, types.RecallID(m.Ref))
		return r == nil || r.Closed != 0, err
	}
	e, err := events.Get(s, types.EventID(m.Ref))
	return e == nil || e.Cleared != 0, err
}

func checkDescendants(s State, key types.ThingKey, t *types.Trace, m types.Mark) error {
	for at := t.Last; at != ""; {
		e, err := events.Get(s, at)
		if err != nil {
			return err
		}
		if e == nil {
			return fmt.Errorf("%s went into event %s, which does not exist", key, at)
		}
		if err := checkOutcomes(s, key, at, e, m); err != nil {
			return err
		}
		at = before(e, key)
	}
	return nil
}

func checkOutcomes(s State, key types.ThingKey, at types.EventID, e *types.CapturedEvent, m types.Mark) error {
	for _, l := range e.Links {
		t, err := outcome(s, l)
		if err != nil {
			return err
		}
		family, _ := l.Thing.Cut()
		if t != nil && (t.Made == at || family == types.PrefixTransformation) && !slices.Contains(t.Marks, m) && !isFull(t) {
			return fmt.Errorf("%s is marked by %s %s, %s, which was made from it, is not", key, m.Kind, m.Ref, l.Thing)
		}
	}
	return nil
}

// outcome is the trace of what came out of an event, nil for anything else.
func outcome(s State, l types.Link) (*types.Trace, error) {
	family, id := l.Thing.Cut()
	switch {
	case l.Out && family == types.PrefixLot:
		lot, err := lots.Get(s, types.LotID(id))
		if err != nil {
			return nil, err
		}
		return &lot.Trace, nil
	case l.Out && family == types.PrefixTransformation:
		t, err := processings.Get(s, id)
		if err != nil {
			return nil, err
		}
		return &t.Trace, nil
	case l.Out && family == types.PrefixUnit:
		u, err := units.Get(s, types.UnitID(id))
		if err != nil {
			return nil, err
		}
		return &u.Trace, nil
	}
	return nil, nil
}

func checkPlotRecord(p *types.Plot) error {
	for _, season := range p.Seasons {
		if season.Used > season.Cap {
			return fmt.Errorf("yielded %d of at most %d", season.Used, season.Cap)
		}
	}
	return nil
}

func checkCertificateRecord(c *types.Certificate) error {
	if c.Cap > 0 && c.Used > c.Cap {
		return fmt.Errorf("certified %d of at most %d", c.Used, c.Cap)
	}
	return nil
}

func checkCreditRecord(c *types.Credit) error {
	if c.Used > c.Earned {
		return fmt.Errorf("used %d of %d", c.Used, c.Earned)
	}
	return nil
}

// checkPacked compares what lots say is inside units with what the units hold.
func checkPacked(s State) error {
	inside := map[types.LotID]uint64{}
	err := s.Iterate(types.PrefixUnit+"/", types.PrefixUnit+"0", func(key string, value []byte) bool {
		var u types.Unit
		if types.DecodeState(value, &u) == nil && u.Fate == "" {
			for _, p := range u.Contents {
				inside[p.Lot] += p.Quantity
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	var fault error
	err = s.Iterate(types.PrefixLot+"/", types.PrefixLot+"0", func(key string, value []byte) bool {
		var l types.Lot
		if fault = types.DecodeState(value, &l); fault == nil && l.Packed != inside[types.LotID(strings.TrimPrefix(key, types.PrefixLot+"/"))] {
			fault = fmt.Errorf("%s: %d packed, units hold %d", key, l.Packed, inside[l.ID])
		}
		return fault != nil
	})
	if fault != nil {
		return fault
	}
	return err
}
