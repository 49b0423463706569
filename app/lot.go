package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// commissionAll makes what an event brings about.
func (x *capture) commissionAll(epcsAt string, epcs []string, quantitiesAt string, quantities []epcis.Quantity) error {
	for i, uri := range epcs {
		if err := x.commissionUnit(fmt.Sprintf("%s[%d]", epcsAt, i), uri); err != nil {
			return err
		}
	}
	for i, q := range quantities {
		if err := x.commissionLot(fmt.Sprintf("%s[%d]", quantitiesAt, i), q); err != nil {
			return err
		}
	}
	return nil
}

// commissionLot makes a lot, owned and held by the signing member (R1 F5).
func (x *capture) commissionLot(at string, q epcis.Quantity) error {
	id, key, isLot, err := types.LotOf(q.Class)
	if err != nil {
		return err
	}
	if !isLot {
		x.outside()
		return nil
	}
	if err := mayIssue(x.Call, at+".epcClass", key); err != nil {
		return err
	}
	have, err := x.lots.get(x.Call, id)
	if err != nil {
		return err
	}
	if have != nil {
		return refuse(types.IDTaken, at+".epcClass", "lot %s was commissioned by %s", id, have.Owner)
	}
	if err := amount(at, q); err != nil {
		return err
	}
	l := &types.Lot{
		ID: id, Unit: q.Unit, Produced: q.Amount, Owner: x.Member.ID, Commissioned: x.Time,
		Holdings: []types.Holding{{Member: x.Member.ID, Quantity: q.Amount}}, Trace: types.Trace{Made: x.id},
	}
	if l.Net, l.NetUnit, err = x.net(key); err != nil {
		return err
	}
	m := madeLot(l, key)
	if l.Plot, err = x.harvest(at, m); err != nil {
		return err
	}
	x.lots.add(id, l)
	return x.claim(at, m)
}

// amount admits a quantity that can be counted.
func amount(at string, q epcis.Quantity) error {
	if !q.HasAmount || q.Amount == 0 {
		return refuse(types.FieldInvalid, at+".quantity", "%s: how much? It must be more than 0", q.Class)
	}
	if _, _, ok := gs1.Unit(q.Unit); !ok {
		return refuse(types.UnitInvalid, at+".uom", "%.8q is not a unit of Recommendation 20 that can be converted", q.Unit)
	}
	return nil
}

// net is the registered content of one piece of a trade item.
func (x *capture) net(key gs1.Key) (uint64, string, error) {
	gtin := key.GTIN()
	if gtin.IsZero() {
		return 0, "", nil
	}
	p, err := products.Get(x.Call, gtin.Path())
	if err != nil || p == nil {
		return 0, "", err
	}
	return p.Net, p.NetUnit, nil
}

// holdsLot is R3: who does not hold any of a lot has nothing to say about it.
func (x *capture) holdsLot(at string, l *types.Lot) error { return holdsLot(x.Call, at, l) }

func holdsLot(c *Call, at string, l *types.Lot) error {
	if l.Held(c.Member.ID) > 0 {
		return nil
	}
	if l.Left() == 0 {
		return refuse(types.Overdraw, at+".quantity", "lot %s: nothing is left of it", l.ID)
	}
	holders := make([]string, len(l.Holdings))
	for i, h := range l.Holdings {
		holders[i] = h.Member
	}
	by := listed(holders)
	if by == "" {
		by = "nobody: all of it is inside units"
	}
	return refuse(types.NotCustodian, at, "lot %s is held by %s, not by %s", l.ID, by, c.Member.ID)
}

// afterCommission is R1 F6: nothing happens to a lot before it exists.
func (x *capture) afterCommission(l *types.Lot) error {
	if x.Time < l.Commissioned {
		return refuse(types.TimeOrder, "event.eventTime", "%d lies before lot %s was commissioned, %d", x.Time, l.ID, l.Commissioned)
	}
	return nil
}

// knownLot returns the lot that a quantity is about, which must exist.
func (x *capture) knownLot(at string, q epcis.Quantity, id types.LotID) (*types.Lot, error) {
	l, err := x.lots.get(x.Call, id)
	if err == nil && l == nil {
		err = refuse(types.LotUnknown, at+".epcClass", "lot %s", id)
	}
	if err != nil {
		return nil, err
	}
	return l, x.afterCommission(l)
}

// take takes a quantity of a lot out of the member's hands (R1 F1) and returns it in the
// lot's unit; no quantity means all that the member can use. Conversion rounds up: what
// was taken is never recorded as less.
func (x *capture) take(at string, l *types.Lot, q epcis.Quantity) (uint64, error) {
	if err := x.holdsLot(at, l); err != nil {
		return 0, err
	}
	taken := l.Free(x.Member.ID, x.Call.Time)
	if q.HasAmount {
		var err error
		if taken, err = inUnit(at, l, q.Amount, q.Unit); err != nil {
			return 0, err
		}
	}
	if err := enough(x.Call, at, l, taken); err != nil {
		return 0, err
	}
	return taken, hold(l, x.Member.ID, 0, taken)
}

// inUnit converts an amount to the lot's unit, by its net content where it must.
func inUnit(at string, l *types.Lot, n uint64, unit string) (uint64, error) {
	if d, _, ok := gs1.Unit(unit); ok && l.Net > 0 {
		own, _, _ := gs1.Unit(l.Unit)
		content, _, _ := gs1.Unit(l.NetUnit)
		if d != own && own == gs1.Count && d == content {
			return pieces(at, l, n, unit)
		}
	}
	taken, err := gs1.Convert(n, unit, l.Unit)
	if err != nil {
		return 0, unitRefusal(at, err)
	}
	return taken, nil
}

// pieces converts a content to pieces of a lot that is counted, rounding up.
func pieces(at string, l *types.Lot, n uint64, unit string) (uint64, error) {
	content, err := gs1.Convert(n, unit, l.NetUnit)
	if err != nil {
		return 0, unitRefusal(at, err)
	}
	each, err := gs1.Convert(100_000, l.Unit, gs1.Pieces) // pieces in one of the lot's unit, a dozen for instance
	if err != nil {
		return 0, unitRefusal(at, err)
	}
	count := ceilDiv(content, 100_000, l.Net) // 10^-5 pieces
	return ceilDiv(count, 100_000, each), nil
}

// enough is R1 F1 for what the member can use now.
func enough(c *Call, at string, l *types.Lot, n uint64) error {
	free := l.Free(c.Member.ID, c.Time)
	if n > 0 && n <= free {
		return nil
	}
	if held := l.Held(c.Member.ID); n <= held && held > free {
		return refuse(types.LotOffered, at, "lot %s: of %s %s that %s holds, %s are offered", l.ID,
			gs1.FormatAmount(held), l.Unit, c.Member.ID, gs1.FormatAmount(held-free))
	}
	return refuse(types.Overdraw, at+".quantity", "lot %s: %s %s asked, %s left to %s", l.ID,
		gs1.FormatAmount(n), l.Unit, gs1.FormatAmount(free), c.Member.ID)
}

// hold changes what a member holds of a lot.
func hold(l *types.Lot, member string, more, less uint64) error {
	i, found := slices.BinarySearchFunc(l.Holdings, member, func(h types.Holding, m string) int { return strings.Compare(h.Member, m) })
	if !found {
		l.Holdings = slices.Insert(l.Holdings, i, types.Holding{Member: member})
	}
	h := &l.Holdings[i]
	if less > h.Quantity+more {
		return fmt.Errorf("lot %s: %d taken of %d that %s holds", l.ID, less, h.Quantity+more, member)
	}
	if h.Quantity = h.Quantity + more - less; h.Quantity == 0 {
		l.Holdings = slices.Delete(l.Holdings, i, i+1)
	}
	return nil
}

// endLot takes a quantity out of the ledger's sight.
func (x *capture) endLot(at string, q epcis.Quantity, sold bool) error {
	id, isLot, err := x.lotOf(q)
	if err != nil || !isLot {
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
	if !sold {
		l.Destroyed += taken
		return nil
	}
	l.Sold += taken
	return mayLeave(x.Call, at, "lot "+string(id), &l.Trace, "")
}

// mayLeave refuses to hand over or sell what is recalled, disputed or lacks a new
// certificate (R6, R1 F8, R5). What goes back, into quarantine or to destruction may.
func mayLeave(c *Call, at, what string, t *types.Trace, purpose string) error {
	if purpose != "" {
		return nil
	}
	if err := unmarked(c, at, what, t, types.MarkRecall, types.MarkDispute); err != nil {
		return err
	}
	if t.Recert {
		return refuse(types.RecertRequired, at, "%s was mixed or split: capture an event on it with a new commitment certificate in certificationInfo", what)
	}
	return nil
}

// notRecalled refuses to use what is under an open recall.
func notRecalled(c *Call, at, what string, t *types.Trace) error {
	return unmarked(c, at, what, t, types.MarkRecall)
}

// unmarked refuses for a mark of these kinds whose cause still stands.
func unmarked(c *Call, at, what string, t *types.Trace, kinds ...string) error {
	if isFull(t) {
		return tooMuchBehind(at, what)
	}
	for _, m := range t.Marks {
		if !slices.Contains(kinds, m.Kind) {
			continue
		}
		s, err := c.standing(m)
		if err != nil {
			return err
		}
		if s.bites {
			return bitten(at, what, m)
		}
	}
	return nil
}

func bitten(at, what string, m types.Mark) error {
	if m.Kind == types.MarkRecall {
		return refuse(types.Recalled, at, "%s is under recall %s", what, m.Ref)
	}
	return refuse(types.Disputed, at, "%s came from event %s, which was declared an error", what, m.Ref)
}

func tooMuchBehind(at, what string) error {
	return refuse(types.Recalled, at, "%s: more recalls, disputes and revocations are behind it than can be told apart (%d); it may go back, into quarantine or to destruction",
		what, maxMarksEach)
}

// unitRefusal gives an error of the unit tables its code (R1 F4).
func unitRefusal(at string, err error) error {
	e, ok := errors.AsType[*gs1.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case gs1.CodeUnit:
		return refuse(types.UnitInvalid, at+".uom", "%v", err)
	case gs1.CodeDimension:
		return refuse(types.UnitIncompatible, at+".uom", "%v", err)
	}
	return refuse(types.FieldInvalid, at+".quantity", "%v", err)
}

func offerLot(c *Call, b *types.OfferLot) error {
	l, err := lots.Get(c, b.Lot)
	if err != nil {
		return err
	}
	if l == nil {
		return refuse(types.LotUnknown, "lot", "lot %s", b.Lot)
	}
	o := types.Offer{From: c.Member.ID, To: b.To, Until: b.Deadline, Purpose: b.Purpose, State: types.OfferOpen}
	if b.Quantity > 0 {
		if o.Quantity, err = inUnit("", l, b.Quantity, b.Unit); err != nil {
			return err
		}
	}
	if err := offer(c, "lot", l, o); err != nil {
		return err
	}
	return lots.Put(c, b.Lot, l)
}

// offer opens an offer of a part of a lot; quantity 0 is all that can be offered.
func offer(c *Call, at string, l *types.Lot, o types.Offer) error {
	if err := holdsLot(c, at, l); err != nil {
		return err
	}
	if err := mayOffer(c, at, "lot "+string(l.ID), &l.Trace, o.To, o.Until, o.Purpose); err != nil {
		return err
	}
	l.Offers = slices.DeleteFunc(l.Offers, func(old types.Offer) bool { return !old.Binds(c.Time) })
	for _, old := range l.Offers {
		if old.From == o.From && old.To == o.To {
			return openAlready(at, l, &old)
		}
	}
	free := l.Free(o.From, c.Time)
	if o.Quantity == 0 {
		o.Quantity = free
	}
	if o.Quantity == 0 || o.Quantity > free {
		return overOffered(c, at, l, o.Quantity)
	}
	l.Offers = append(l.Offers, o)
	slices.SortFunc(l.Offers, func(a, b types.Offer) int {
		return strings.Compare(a.From+"/"+a.To, b.From+"/"+b.To)
	})
	return nil
}

func openAlready(at string, l *types.Lot, o *types.Offer) error {
	if o.State == types.OfferOpen {
		return refuse(types.DoubleOffer, at, "lot %s is offered to %s until %d", l.ID, o.To, o.Until)
	}
	return refuse(types.Unsettled, at, "lot %s: %s %s of the last hand-over to %s are %s; settle that first",
		l.ID, gs1.FormatAmount(o.Quantity), l.Unit, o.To, o.State)
}

// overOffered says why there is not enough for an offer: it is offered already, or was
// never there.
func overOffered(c *Call, at string, l *types.Lot, n uint64) error {
	held, free := l.Held(c.Member.ID), l.Free(c.Member.ID, c.Time)
	if n <= held && free < held {
		return refuse(types.DoubleOffer, at, "lot %s: of %s %s, %s are offered to others", l.ID,
			gs1.FormatAmount(held), l.Unit, gs1.FormatAmount(held-free))
	}
	return enough(c, at, l, n)
}

// mayOffer holds for offers of lots and of units. A hand-over within one organisation is
// flagged (R3).
func mayOffer(c *Call, at, what string, t *types.Trace, to string, until int64, purpose string) error {
	if to == c.Member.ID {
		return refuse(types.SelfDeal, at, "%s: %s already holds it", what, to)
	}
	if until < c.Time {
		return refuse(types.OfferExpired, "deadline", "%d, the block's time is %d", until, c.Time)
	}
	if err := mayLeave(c, at, what, t, purpose); err != nil {
		return err
	}
	m, err := members.Get(c, to)
	if err != nil {
		return err
	}
	if m == nil {
		return refuse(types.MemberUnknown, "to", "%q", to)
	}
	if m.Controller == c.Member.Controller {
		t.Flags = withText(t.Flags, types.SelfDeal.String())
	}
	return nil
}

func acceptLot(c *Call, b *types.AcceptLot) error {
	l, err := lots.Get(c, b.Lot)
	if err != nil {
		return err
	}
	if l == nil {
		return refuse(types.LotUnknown, "lot", "lot %s", b.Lot)
	}
	arrived := uint64(0)
	if b.Quantity > 0 {
		if arrived, err = inUnit("", l, b.Quantity, b.Unit); err != nil {
			return err
		}
	}
	if err := accept(c, "lot", l, b.From, arrived); err != nil {
		return err
	}
	return lots.Put(c, b.Lot, l)
}

// openOffer finds an offer to a member, nil when there is none that is not settled.
func openOffer(l *types.Lot, from, to string) *types.Offer {
	for i := range l.Offers {
		if o := &l.Offers[i]; o.From == from && o.To == to && o.State == types.OfferOpen {
			return o
		}
	}
	return nil
}

// accept moves what arrived, 0 being as offered, at most what was offered. A difference
// stays with who offered it until it is settled (R3). What was recalled since it was
// offered has to be offered again, for what it may still go to (R6).
func accept(c *Call, at string, l *types.Lot, from string, arrived uint64) error {
	o := openOffer(l, from, c.Member.ID)
	switch {
	case o == nil:
		return refuse(types.NoOffer, at, "lot %s is not offered by %s to %s", l.ID, from, c.Member.ID)
	case !o.Binds(c.Time):
		return refuse(types.OfferExpired, at, "lot %s: the offer ended at %d, the block's time is %d", l.ID, o.Until, c.Time)
	}
	if o.Purpose == "" {
		if err := notRecalled(c, at, "lot "+string(l.ID), &l.Trace); err != nil {
			return err
		}
	}
	if arrived == 0 {
		arrived = o.Quantity
	}
	moved := min(arrived, o.Quantity)
	if err := hold(l, from, 0, moved); err != nil {
		return err
	}
	if err := hold(l, c.Member.ID, moved, 0); err != nil {
		return err
	}
	switch {
	case arrived < o.Quantity:
		o.State, o.Quantity = types.OfferShort, o.Quantity-arrived
		l.Trace.Flags = withText(l.Trace.Flags, types.Short.String())
	case arrived > o.Quantity:
		o.State, o.Quantity = types.OfferOver, arrived-o.Quantity
		l.Trace.Flags = withText(l.Trace.Flags, types.Over.String())
	default:
		dropOffer(l, from, c.Member.ID)
	}
	return nil
}

func dropOffer(l *types.Lot, from, to string) {
	l.Offers = slices.DeleteFunc(l.Offers, func(o types.Offer) bool { return o.From == from && o.To == to })
}

func rejectLot(c *Call, b *types.RejectLot) error {
	l, err := lots.Get(c, b.Lot)
	if err != nil {
		return err
	}
	if l == nil {
		return refuse(types.LotUnknown, "lot", "lot %s", b.Lot)
	}
	if openOffer(l, b.From, b.To) == nil || c.Member.ID != b.From && c.Member.ID != b.To {
		return refuse(types.NoOffer, "lot", "lot %s is in no offer by %s to %s that is %s's", b.Lot, b.From, b.To, c.Member.ID)
	}
	dropOffer(l, b.From, b.To)
	return lots.Put(c, b.Lot, l)
}

func settleLot(c *Call, b *types.SettleLot) error {
	l, err := lots.Get(c, b.Lot)
	if err != nil {
		return err
	}
	if l == nil {
		return refuse(types.LotUnknown, "lot", "lot %s", b.Lot)
	}
	i := slices.IndexFunc(l.Offers, func(o types.Offer) bool {
		return o.From == c.Member.ID && o.To == b.To && o.State != types.OfferOpen
	})
	if i < 0 {
		return refuse(types.NoOffer, "lot", "lot %s: between %s and %s nothing is to be settled", b.Lot, c.Member.ID, b.To)
	}
	o := l.Offers[i]
	l.Offers = slices.Delete(l.Offers, i, i+1)
	if err := settle(c, l, o, b.Outcome); err != nil {
		return err
	}
	return lots.Put(c, b.Lot, l)
}

// settle ends a difference: what was lost on the way is gone, what came in excess is
// given if there is as much.
func settle(c *Call, l *types.Lot, o types.Offer, outcome string) error {
	switch {
	case outcome == types.OutcomeKept:
		return nil
	case outcome == types.OutcomeLost && o.State == types.OfferShort:
		l.Destroyed += o.Quantity
		return hold(l, o.From, 0, o.Quantity)
	case outcome == types.OutcomeGiven && o.State == types.OfferOver:
		if err := enough(c, "lot", l, o.Quantity); err != nil {
			return err
		}
		if err := hold(l, o.From, 0, o.Quantity); err != nil {
			return err
		}
		return hold(l, o.To, o.Quantity, 0)
	}
	return refuse(types.FieldInvalid, "outcome", "%s: the hand-over was %s; that is kept, or lost (short), or given (over)", outcome, o.State)
}
