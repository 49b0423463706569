package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// commissionUnit makes a unit (R1 F5). One that was first seen when it was packed gets
// its owner now.
func (x *capture) commissionUnit(at, uri string) error {
	id, key, err := singleOf(at, uri)
	if err != nil {
		return err
	}
	if err := mayIssue(x.Call, at, key); err != nil {
		return err
	}
	u, err := x.units.get(x.Call, id)
	if err != nil {
		return err
	}
	switch {
	case u == nil:
		u = &types.Unit{ID: id, Custodian: x.Member.ID}
		x.units.add(id, u)
	case u.Owner != "":
		return refuse(types.IDTaken, at, "unit %s was commissioned by %s", id, u.Owner)
	default:
		if err := x.usableUnit(at, u); err != nil {
			return err
		}
	}
	u.Owner, u.Commissioned, u.Trace.Made = x.Member.ID, x.Time, x.id
	if u.Net, u.NetUnit, err = x.net(key); err != nil {
		return err
	}
	m := madeUnit(u, key)
	if _, err := x.harvest(at, m); err != nil {
		return err
	}
	return x.claim(at, m)
}

// singleOf returns the one thing that an EPC names, which is no class of things.
func singleOf(at, uri string) (types.UnitID, gs1.Key, error) {
	id, key, err := types.UnitOf(uri)
	if err == nil && (key.Type == "GTIN" || key.Type == "LGTIN" || key.Type == "LITIP") {
		err = refuse(types.FieldInvalid, at, "%s is a %s, a class of things: how much of it is a quantity", id, key.Type)
	}
	return id, key, err
}

// unit returns a unit that must exist.
func (x *capture) unit(at, uri string) (*types.Unit, error) {
	id, _, err := types.UnitOf(uri)
	if err != nil {
		return nil, err
	}
	u, err := x.units.get(x.Call, id)
	if err == nil && u == nil {
		err = refuse(types.UnitUnknown, at, "unit %s was never commissioned or packed here", id)
	}
	return u, err
}

// peek reads a unit without writing it, as the event has left it.
func (x *capture) peek(id types.UnitID) (*types.Unit, error) {
	if u, ok := x.units.have[id]; ok {
		return u, nil
	}
	return units.Get(x.Call, id)
}

// outer is the outermost unit that a unit is inside of, itself when it is in none.
func outer(u *types.Unit, read func(types.UnitID) (*types.Unit, error)) (*types.Unit, error) {
	for range types.MaxNested + 1 {
		if u.Parent == "" {
			return u, nil
		}
		parent, err := read(u.Parent)
		if err != nil {
			return nil, err
		}
		if parent == nil {
			return nil, fmt.Errorf("unit %s is inside %s, which does not exist", u.ID, u.Parent)
		}
		u = parent
	}
	return nil, fmt.Errorf("unit %s is nested more than %d deep", u.ID, types.MaxNested)
}

// holdsUnit is R3: what is inside a unit is held by who holds the outermost one.
func (x *capture) holdsUnit(at string, u *types.Unit) error {
	top, err := outer(u, x.peek)
	if err != nil {
		return err
	}
	return heldUnit(x.Call, at, u, top)
}

func heldUnit(c *Call, at string, u, top *types.Unit) error {
	switch {
	case u.Fate != "":
		return refuse(types.UnitGone, at, "unit %s was %s", u.ID, u.Fate)
	case top.Custodian != c.Member.ID:
		return refuse(types.NotCustodian, at, "unit %s is held by %s, not by %s", u.ID, top.Custodian, c.Member.ID)
	}
	return nil
}

// usableUnit refuses a unit that is not the member's to use: held by others, on offer, or
// inside another.
func (x *capture) usableUnit(at string, u *types.Unit) error {
	if err := x.afterUnit(u); err != nil {
		return err
	}
	return usableUnit(x.Call, at, u, x.peek)
}

// afterUnit is R1 F6: nothing happens to a unit before it exists.
func (x *capture) afterUnit(u *types.Unit) error {
	if u.Commissioned > x.Time {
		return refuse(types.TimeOrder, "event.eventTime", "%d lies before unit %s was commissioned, %d", x.Time, u.ID, u.Commissioned)
	}
	return nil
}

func usableUnit(c *Call, at string, u *types.Unit, read func(types.UnitID) (*types.Unit, error)) error {
	top, err := outer(u, read)
	if err != nil {
		return err
	}
	if err := heldUnit(c, at, u, top); err != nil {
		return err
	}
	switch {
	case u.Parent != "":
		return refuse(types.Contained, at, "unit %s is inside %s", u.ID, u.Parent)
	case u.Offered(c.Time):
		return refuse(types.UnitOffered, at, "unit %s is offered to %s until %d", u.ID, u.OfferTo, u.OfferUntil)
	}
	return nil
}

// openTop refuses to change what is inside a unit whose outermost one is on offer.
func (x *capture) openTop(at string, u *types.Unit) error {
	if err := x.afterUnit(u); err != nil {
		return err
	}
	top, err := outer(u, x.peek)
	if err != nil {
		return err
	}
	if err := heldUnit(x.Call, at, u, top); err != nil {
		return err
	}
	if top.Offered(x.Call.Time) {
		return refuse(types.UnitOffered, at, "unit %s is offered to %s until %d", top.ID, top.OfferTo, top.OfferUntil)
	}
	return nil
}

// packable returns the unit of an aggregation, making the record of one that was not
// commissioned: nobody commissions pallets.
func (x *capture) packable(at, uri string) (*types.Unit, error) {
	id, key, err := singleOf(at, uri)
	if err != nil {
		return nil, err
	}
	u, err := x.units.get(x.Call, id)
	if err != nil || u != nil {
		return u, err
	}
	if err := mayIssue(x.Call, at, key); err != nil {
		return nil, err
	}
	u = &types.Unit{ID: id, Custodian: x.Member.ID, Commissioned: x.Time}
	x.units.add(id, u)
	return u, nil
}

// pack puts units and quantities of lots into a unit.
func (x *capture) pack() error {
	parent, err := x.packable("event.parentID", x.ParentID)
	if err != nil {
		return err
	}
	if err := x.openTop("event.parentID", parent); err != nil {
		return err
	}
	for i, uri := range x.ChildEPCs {
		if err := x.packUnit(fmt.Sprintf("event.childEPCs[%d]", i), parent, uri); err != nil {
			return err
		}
	}
	for i, q := range x.ChildQuantities {
		if err := x.packLot(fmt.Sprintf("event.childQuantityList[%d]", i), parent, q); err != nil {
			return err
		}
	}
	x.out(parent.ID.Key())
	return nil
}

func (x *capture) packUnit(at string, parent *types.Unit, uri string) error {
	u, err := x.packable(at, uri)
	if err != nil {
		return err
	}
	if err := x.usableUnit(at, u); err != nil {
		return err
	}
	if err := x.nests(at, parent, u); err != nil {
		return err
	}
	i, _ := slices.BinarySearch(parent.Children, u.ID)
	parent.Children = slices.Insert(parent.Children, i, u.ID)
	u.Parent, u.OfferTo, u.OfferUntil, u.Purpose = parent.ID, "", 0, ""
	x.in(u.ID.Key(), &u.Trace)
	return x.climb(at, parent, &u.Trace)
}

// climb gives a unit, and those that it is inside of, what is known of something packed
// into it: they are handed over together.
func (x *capture) climb(at string, u *types.Unit, t *types.Trace) error {
	if isFull(t) {
		return tooMuchBehind(at, "what is to be packed")
	}
	for len(t.Marks) > 0 || t.Recert {
		if err := x.carry(at, "unit "+string(u.ID), &u.Trace, t.Marks); err != nil {
			return err
		}
		u.Trace.Recert = u.Trace.Recert || t.Recert
		if u.Parent == "" {
			return nil
		}
		up, err := x.mustHave(u.Parent)
		if err != nil {
			return err
		}
		u = up
	}
	return nil
}

// mustHave returns a unit that another's record names. That there is none would be a
// fault of the state, not of the event.
func (x *capture) mustHave(id types.UnitID) (*types.Unit, error) {
	u, err := x.units.get(x.Call, id)
	if err == nil && u == nil {
		err = fmt.Errorf("unit %s does not exist, but is named by another", id)
	}
	return u, err
}

// packedLot returns a lot that a unit's record names.
func (x *capture) packedLot(id types.LotID) (*types.Lot, error) {
	l, err := x.lots.get(x.Call, id)
	if err == nil && l == nil {
		err = fmt.Errorf("lot %s does not exist, but is inside a unit", id)
	}
	return l, err
}

// nests refuses a unit inside itself, and too much or too deep a nesting.
func (x *capture) nests(at string, parent, u *types.Unit) error {
	depth := 1
	for p := parent; ; depth++ {
		if p.ID == u.ID {
			return refuse(types.Contained, at, "unit %s would be inside itself", u.ID)
		}
		if p.Parent == "" {
			break
		}
		next, err := x.peek(p.Parent)
		if err != nil {
			return err
		}
		if next == nil {
			return fmt.Errorf("unit %s is inside %s, which does not exist", p.ID, p.Parent)
		}
		p = next
	}
	height, err := x.height(at, u)
	if err != nil {
		return err
	}
	if depth+height > types.MaxNested {
		return refuse(types.FieldInvalid, at, "unit %s would be inside %d others, with %d levels of its own; at most %d", u.ID, depth, height, types.MaxNested)
	}
	return x.room(at, parent)
}

// room refuses more than one record holds.
func (x *capture) room(at string, u *types.Unit) error {
	if len(u.Children)+len(u.Contents) >= types.MaxInside {
		return refuse(types.FieldInvalid, at, "unit %s: at most %d units and lots directly inside", u.ID, types.MaxInside)
	}
	return nil
}

// height counts the levels of a unit and what is in it. A unit with contents of its own
// takes reading all of them.
func (x *capture) height(at string, u *types.Unit) (int, error) {
	level := []*types.Unit{u}
	for n := 1; ; n++ {
		var below []*types.Unit
		for _, u := range level {
			children, err := x.children(at, u)
			if err != nil {
				return 0, err
			}
			below = append(below, children...)
		}
		if level = below; len(level) == 0 || n > types.MaxNested {
			return n, nil
		}
	}
}

// children reads the units directly inside another, which costs of the block's work.
func (x *capture) children(at string, u *types.Unit) ([]*types.Unit, error) {
	var list []*types.Unit
	for _, id := range u.Children {
		if err := x.spend(at, 1); err != nil {
			return nil, err
		}
		child, err := x.peek(id)
		if err != nil {
			return nil, err
		}
		if child == nil {
			return nil, fmt.Errorf("unit %s holds %s, which does not exist", u.ID, id)
		}
		list = append(list, child)
	}
	return list, nil
}

func (x *capture) packLot(at string, parent *types.Unit, q epcis.Quantity) error {
	id, isLot, err := x.lotOf(q)
	if err != nil || !isLot {
		return err
	}
	if err := amount(at, q); err != nil {
		return err
	}
	l, err := x.knownLot(at, q, id)
	if err != nil {
		return err
	}
	taken, err := x.take(at, l, q)
	if err != nil {
		return err
	}
	l.Packed += taken
	i, found := partOf(parent, id)
	if !found {
		if err := x.room(at, parent); err != nil {
			return err
		}
		parent.Contents = slices.Insert(parent.Contents, i, types.LotPart{Lot: id})
	}
	parent.Contents[i].Quantity += taken
	x.in(id.Key(), &l.Trace)
	return x.climb(at, parent, &l.Trace)
}

func partOf(u *types.Unit, id types.LotID) (int, bool) {
	return slices.BinarySearchFunc(u.Contents, id, func(p types.LotPart, id types.LotID) int { return strings.Compare(string(p.Lot), string(id)) })
}

// unpack takes units and quantities out of a unit, everything when the event names none.
func (x *capture) unpack() error {
	parent, err := x.unit("event.parentID", x.ParentID)
	if err != nil {
		return err
	}
	if err := x.openTop("event.parentID", parent); err != nil {
		return err
	}
	if err := x.reached("event.parentID", parent); err != nil {
		return err
	}
	if len(x.ChildEPCs)+len(x.ChildQuantities) == 0 {
		return x.unpackAll(parent)
	}
	for i, uri := range x.ChildEPCs {
		at := fmt.Sprintf("event.childEPCs[%d]", i)
		u, err := x.unit(at, uri)
		if err != nil {
			return err
		}
		if err := x.unpackUnit(at, parent, u); err != nil {
			return err
		}
	}
	for i, q := range x.ChildQuantities {
		if err := x.unpackLot(fmt.Sprintf("event.childQuantityList[%d]", i), parent, q); err != nil {
			return err
		}
	}
	return x.emptied(parent)
}

func (x *capture) unpackUnit(at string, parent, u *types.Unit) error {
	i, found := slices.BinarySearch(parent.Children, u.ID)
	if !found {
		return refuse(types.NotContained, at, "unit %s is not directly inside %s", u.ID, parent.ID)
	}
	parent.Children = slices.Delete(parent.Children, i, i+1)
	u.Parent, u.Custodian = "", x.Member.ID
	return nil
}

func (x *capture) unpackLot(at string, parent *types.Unit, q epcis.Quantity) error {
	id, isLot, err := x.lotOf(q)
	if err != nil || !isLot {
		return err
	}
	i, found := partOf(parent, id)
	if !found {
		return refuse(types.NotContained, at, "nothing of lot %s is directly inside %s", id, parent.ID)
	}
	l, err := x.knownLot(at, q, id)
	if err != nil {
		return err
	}
	n := parent.Contents[i].Quantity
	if q.HasAmount {
		if err := amount(at, q); err != nil {
			return err
		}
		if n, err = inUnit(at, l, q.Amount, q.Unit); err != nil {
			return err
		}
	}
	return x.release(at, parent, i, l, n)
}

// release gives a quantity inside a unit back into the member's hands. What cannot be
// told from the rest of its lot once it is out stays in a unit that is recalled itself.
func (x *capture) release(at string, parent *types.Unit, i int, l *types.Lot, n uint64) error {
	part := &parent.Contents[i]
	if n > part.Quantity {
		return refuse(types.NotContained, at+".quantity", "lot %s: more than is inside %s", l.ID, parent.ID)
	}
	if err := x.ownRecall(at, parent, l); err != nil {
		return err
	}
	if part.Quantity -= n; part.Quantity == 0 {
		parent.Contents = slices.Delete(parent.Contents, i, i+1)
	}
	l.Packed -= n
	return hold(l, x.Member.ID, n, 0)
}

// ownRecall refuses to take a lot out of a unit that is under an open recall itself, or
// inside such a one when it was opened, unless the lot is under it too.
func (x *capture) ownRecall(at string, u *types.Unit, l *types.Lot) error {
	if !slices.Contains(u.Trace.Flags, types.Recalled.String()) {
		return nil
	}
	for _, m := range u.Trace.Marks {
		if m.Kind != types.MarkRecall || slices.Contains(l.Trace.Marks, m) {
			continue
		}
		s, err := x.standing(m)
		if err != nil {
			return err
		}
		if s.bites {
			return refuse(types.Recalled, at, "unit %s is itself under recall %s: what is taken out could not be told from its lot", u.ID, m.Ref)
		}
	}
	return nil
}

// reached refuses to take anything out of a unit as long as a recall of it, or of one
// that it is inside of, has not reached all that is inside.
func (x *capture) reached(at string, u *types.Unit) error {
	for u != nil {
		if err := x.reachedInside(at, u); err != nil || u.Parent == "" {
			return err
		}
		up, err := x.peek(u.Parent)
		if err != nil {
			return err
		}
		u = up
	}
	return nil
}

func (x *capture) reachedInside(at string, u *types.Unit) error {
	if !slices.Contains(u.Trace.Flags, types.Recalled.String()) {
		return nil
	}
	for _, m := range u.Trace.Marks {
		if m.Kind != types.MarkRecall {
			continue
		}
		under, err := x.unfinished(m.Ref)
		if err != nil {
			return err
		}
		if under {
			return refuse(types.Recalled, at, "unit %s: recall %s has not reached all that is inside; ContinueMark first", u.ID, m.Ref)
		}
	}
	return nil
}

func (x *capture) unpackAll(parent *types.Unit) error {
	for len(parent.Children) > 0 {
		u, err := x.mustHave(parent.Children[0])
		if err != nil {
			return err
		}
		if err := x.unpackUnit("event.parentID", parent, u); err != nil {
			return err
		}
	}
	for len(parent.Contents) > 0 {
		part := parent.Contents[0]
		l, err := x.packedLot(part.Lot)
		if err != nil {
			return err
		}
		if err := x.release("event.parentID", parent, 0, l, part.Quantity); err != nil {
			return err
		}
	}
	return x.emptied(parent)
}

// emptied clears an empty unit of what it has from what was in it. One that was made
// keeps what it has from what it was made of, and one that was recalled itself its marks.
func (x *capture) emptied(u *types.Unit) error {
	if len(u.Children)+len(u.Contents) > 0 || u.Trace.Made != "" {
		return nil
	}
	u.Trace.Recert = false
	if !slices.Contains(u.Trace.Flags, types.Recalled.String()) {
		u.Trace.Marks, u.Trace.Flags = nil, without(u.Trace.Flags, types.TooLarge.String())
	}
	return nil
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(list, func(e string) bool { return e == s })
}

// endUnit takes a unit and all that is in it out of the ledger's sight.
func (x *capture) endUnit(at, uri string, sold bool) error {
	u, err := x.unit(at, uri)
	if err != nil {
		return err
	}
	if err := x.usableUnit(at, u); err != nil {
		return err
	}
	fate := types.FateDestroyed
	if sold {
		fate = types.FateSold
		if err := mayLeave(x.Call, at, "unit "+string(u.ID), &u.Trace, ""); err != nil {
			return err
		}
	}
	for list := []*types.Unit{u}; len(list) > 0; {
		u, list = list[0], list[1:]
		u.Fate = fate
		if len(x.units.keys)+len(u.Children) > maxEnded {
			return refuse(types.TooLarge, at, "more than %d units are inside; take some out first", maxEnded)
		}
		for _, id := range u.Children {
			child, err := x.mustHave(id)
			if err != nil {
				return err
			}
			list = append(list, child)
		}
		if err := x.endContents(at, u, sold); err != nil {
			return err
		}
	}
	return nil
}

// maxEnded bounds the units that one event ends.
const maxEnded = 20_000

func (x *capture) endContents(at string, u *types.Unit, sold bool) error {
	for _, part := range u.Contents {
		l, err := x.packedLot(part.Lot)
		if err != nil {
			return err
		}
		l.Packed -= part.Quantity
		if !sold {
			l.Destroyed += part.Quantity
			continue
		}
		l.Sold += part.Quantity
		if err := unmarked(x.Call, at, "lot "+string(l.ID), &l.Trace, types.MarkRecall, types.MarkDispute); err != nil {
			return err
		}
	}
	u.Contents = nil
	return nil
}

func offerUnit(c *Call, b *types.OfferUnit) error {
	u, err := knownUnit(c, b.Unit)
	if err != nil {
		return err
	}
	if err := offerUnitTo(c, "unit", u, b.To, b.Deadline, b.Purpose); err != nil {
		return err
	}
	return units.Put(c, b.Unit, u)
}

func knownUnit(c *Call, id types.UnitID) (*types.Unit, error) {
	u, err := units.Get(c, id)
	if err == nil && u == nil {
		err = refuse(types.UnitUnknown, "unit", "unit %s was never commissioned or packed here", id)
	}
	return u, err
}

func offerUnitTo(c *Call, at string, u *types.Unit, to string, until int64, purpose string) error {
	read := func(id types.UnitID) (*types.Unit, error) { return units.Get(c, id) }
	err := usableUnit(c, at, u, read)
	if code, _ := types.CodeOf(err); code == types.UnitOffered {
		return refuse(types.DoubleOffer, at, "unit %s is offered to %s until %d", u.ID, u.OfferTo, u.OfferUntil)
	}
	if err != nil {
		return err
	}
	if err := mayOffer(c, at, "unit "+string(u.ID), &u.Trace, to, until, purpose); err != nil {
		return err
	}
	if err := contentsMayLeave(c, at, u, purpose, types.MarkRecall, types.MarkDispute); err != nil {
		return err
	}
	u.OfferTo, u.OfferUntil, u.Purpose = to, until, purpose
	return nil
}

// contentsMayLeave asks it of the lots directly inside a unit, which marks reach before
// they reach the unit. The certificate that mixed goods need is the unit's own business:
// what is inside cannot be given one.
func contentsMayLeave(c *Call, at string, u *types.Unit, purpose string, kinds ...string) error {
	if purpose != "" {
		return nil
	}
	if len(u.Contents) > freeMarks {
		if err := c.spend(at, len(u.Contents)); err != nil {
			return err
		}
	}
	for _, p := range u.Contents {
		l, err := lots.Get(c, p.Lot)
		if err != nil {
			return err
		}
		if l == nil {
			return fmt.Errorf("lot %s does not exist, but is inside unit %s", p.Lot, u.ID)
		}
		if err := unmarked(c, at, "lot "+string(l.ID)+" inside it", &l.Trace, kinds...); err != nil {
			return err
		}
	}
	return nil
}

func acceptUnit(c *Call, b *types.AcceptUnit) error {
	u, err := knownUnit(c, b.Unit)
	if err != nil {
		return err
	}
	if err := acceptUnitBy(c, "unit", u); err != nil {
		return err
	}
	return units.Put(c, b.Unit, u)
}

// acceptUnitBy moves a unit with everything in it, unless it was recalled since it was
// offered: it then has to be offered again for what it may still go to.
func acceptUnitBy(c *Call, at string, u *types.Unit) error {
	switch {
	case u.OfferTo != c.Member.ID:
		return refuse(types.NoOffer, at, "unit %s is not offered to %s", u.ID, c.Member.ID)
	case !u.Offered(c.Time):
		return refuse(types.OfferExpired, at, "unit %s: the offer ended at %d, the block's time is %d", u.ID, u.OfferUntil, c.Time)
	}
	if u.Purpose == "" {
		if err := notRecalled(c, at, "unit "+string(u.ID), &u.Trace); err != nil {
			return err
		}
	}
	if err := contentsMayLeave(c, at, u, u.Purpose, types.MarkRecall); err != nil {
		return err
	}
	u.Custodian, u.OfferTo, u.OfferUntil, u.Purpose = c.Member.ID, "", 0, ""
	return nil
}

func rejectUnit(c *Call, b *types.RejectUnit) error {
	u, err := knownUnit(c, b.Unit)
	if err != nil {
		return err
	}
	if u.OfferTo == "" || c.Member.ID != u.OfferTo && c.Member.ID != u.Custodian {
		return refuse(types.NoOffer, "unit", "unit %s is in no offer to or by %s", b.Unit, c.Member.ID)
	}
	u.OfferTo, u.OfferUntil, u.Purpose = "", 0, ""
	return units.Put(c, b.Unit, u)
}
