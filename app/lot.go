package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

func captureEvent(c *Call, b *types.CaptureEvent) error {
	if b.Time > c.Time+c.Params.Skew {
		return types.Refuse(types.TimeOrder, "time", "%d lies %d s after the block's time", b.Time, (b.Time-c.Time)/1000)
	}
	switch {
	case b.Type == types.TransformationEvent:
		return transform(c, b)
	case b.Action == types.ActionAdd:
		return commission(c, b, "lots", b.Lots)
	}
	return eachLot(c, b, "lots", b.Lots)
}

// commission makes new lots, owned and held by the signing member (R1 F5).
func commission(c *Call, b *types.CaptureEvent, field string, list []types.LotQuantity) error {
	for i, q := range list {
		at := fmt.Sprintf("%s[%d].lot", field, i)
		if err := mayIssue(c.Member, at, q.Lot); err != nil {
			return err
		}
		have, err := lots.Get(c, q.Lot)
		if err != nil {
			return err
		}
		if have != nil {
			return types.Refuse(types.IDTaken, at, "lot %s was commissioned by %s", q.Lot, have.Owner)
		}
		err = lots.Put(c, q.Lot, &types.Lot{
			ID: q.Lot, Unit: q.Unit, Produced: q.Quantity,
			Owner: c.Member.ID, Custodian: c.Member.ID, Commissioned: b.Time,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mayIssue holds a member that has GS1 company prefixes to them. A GTIN is an
// indicator digit, then the prefix.
func mayIssue(m *types.Member, at string, id types.LotID) error {
	if len(m.Prefixes) == 0 {
		return nil
	}
	for _, p := range m.Prefixes {
		if strings.HasPrefix(string(id)[1:], p) {
			return nil
		}
	}
	return types.Refuse(types.GCPMismatch, at, "lot %s: the company prefixes of %s are %s", id, m.ID, strings.Join(m.Prefixes, ", "))
}

// eachLot enters an event into lots that the member holds. All but OBSERVE take the
// quantity from them.
func eachLot(c *Call, b *types.CaptureEvent, field string, list []types.LotQuantity) error {
	for i, q := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		l, err := heldLot(c, at+".lot", q.Lot)
		if err != nil {
			return err
		}
		if err := afterCommission(b, l); err != nil {
			return err
		}
		if b.Action != types.ActionObserve {
			if err := take(at, l, q); err != nil {
				return err
			}
		}
		if err := lots.Put(c, q.Lot, l); err != nil {
			return err
		}
	}
	return nil
}

// knownLot returns a lot that exists.
func knownLot(c *Call, at string, id types.LotID) (*types.Lot, error) {
	l, err := lots.Get(c, id)
	if err == nil && l == nil {
		err = types.Refuse(types.LotUnknown, at, "lot %s", id)
	}
	return l, err
}

// ownLot returns a lot that the signing member holds.
func ownLot(c *Call, at string, id types.LotID) (*types.Lot, error) {
	l, err := knownLot(c, at, id)
	if err == nil && l.Custodian != c.Member.ID {
		err = types.Refuse(types.NotCustodian, at, "lot %s is held by %s, not by %s", id, l.Custodian, c.Member.ID)
	}
	return l, err
}

// heldLot returns a lot that the signing member holds and that nobody was offered.
func heldLot(c *Call, at string, id types.LotID) (*types.Lot, error) {
	l, err := ownLot(c, at, id)
	if err != nil {
		return nil, err
	}
	if l.Offered(c.Time) {
		return nil, types.Refuse(types.LotOffered, at, "lot %s is offered to %s until %d", id, l.OfferTo, l.OfferUntil)
	}
	return l, nil
}

// afterCommission is R1 F6: nothing happens to a lot before it exists.
func afterCommission(b *types.CaptureEvent, l *types.Lot) error {
	if b.Time < l.Commissioned {
		return types.Refuse(types.TimeOrder, "time", "%d lies before lot %s was commissioned, %d", b.Time, l.ID, l.Commissioned)
	}
	return nil
}

// transform takes from the inputs and makes the outputs, never more than was taken
// (R1 F2). All quantities are of one dimension (R1 F4).
func transform(c *Call, b *types.CaptureEvent) error {
	if err := eachLot(c, b, "inputs", b.Inputs); err != nil {
		return err
	}
	var in, out gs1.Sum
	for i, q := range b.Inputs {
		if err := add(&in, fmt.Sprintf("inputs[%d]", i), q); err != nil {
			return err
		}
	}
	for i, q := range b.Outputs {
		if err := add(&out, fmt.Sprintf("outputs[%d]", i), q); err != nil {
			return err
		}
	}
	order, err := out.Cmp(&in)
	if err != nil {
		return types.Refuse(types.UnitIncompatible, "outputs", "%v", err)
	}
	if order > 0 {
		return types.Refuse(types.MassCreated, "outputs", "%s out of %s", total(b.Outputs), total(b.Inputs))
	}
	return commission(c, b, "outputs", b.Outputs)
}

// take takes a quantity from a lot (R1 F1); no quantity means all that is left.
// Conversion to the lot's unit rounds up: what was taken is never recorded as less.
func take(at string, l *types.Lot, q types.LotQuantity) error {
	if q.Quantity == 0 {
		l.Consumed = l.Produced
		return nil
	}
	taken, err := gs1.Convert(q.Quantity, q.Unit, l.Unit)
	if err != nil {
		return unitRefusal(at, err)
	}
	if taken > l.Left() {
		return types.Refuse(types.Overdraw, at+".quantity", "lot %s: %s %s asked, %s %s left",
			q.Lot, gs1.FormatAmount(q.Quantity), q.Unit, gs1.FormatAmount(l.Left()), l.Unit)
	}
	l.Consumed += taken
	return nil
}

func add(s *gs1.Sum, at string, q types.LotQuantity) error {
	if err := s.Add(q.Quantity, q.Unit); err != nil {
		return unitRefusal(at, err)
	}
	return nil
}

// unitRefusal gives an error of the unit tables its code (R1 F4).
func unitRefusal(at string, err error) error {
	e, ok := errors.AsType[*gs1.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case gs1.CodeUnit:
		return types.Refuse(types.UnitInvalid, at+".unit", "%v", err)
	case gs1.CodeDimension:
		return types.Refuse(types.UnitIncompatible, at+".unit", "%v", err)
	}
	return types.Refuse(types.FieldInvalid, at+".quantity", "%v", err)
}

// total names quantities for an error's text.
func total(list []types.LotQuantity) string {
	parts := make([]string, len(list))
	for i, q := range list {
		parts[i] = gs1.FormatAmount(q.Quantity) + " " + q.Unit
	}
	return strings.Join(parts, " + ")
}

func offerLot(c *Call, b *types.OfferLot) error {
	l, err := ownLot(c, "lot", b.Lot)
	if err != nil {
		return err
	}
	switch {
	case l.Offered(c.Time):
		return types.Refuse(types.DoubleOffer, "lot", "lot %s is offered to %s until %d", b.Lot, l.OfferTo, l.OfferUntil)
	case b.To == c.Member.ID:
		return types.Refuse(types.SelfDeal, "to", "lot %s: %s already holds it", b.Lot, b.To)
	case b.Deadline < c.Time:
		return types.Refuse(types.OfferExpired, "deadline", "%d, the block's time is %d", b.Deadline, c.Time)
	}
	to, err := members.Get(c, b.To)
	if err != nil {
		return err
	}
	if to == nil {
		return types.Refuse(types.MemberUnknown, "to", "%q", b.To)
	}
	l.OfferTo, l.OfferUntil = b.To, b.Deadline
	return lots.Put(c, b.Lot, l)
}

func acceptLot(c *Call, b *types.AcceptLot) error {
	l, err := knownLot(c, "lot", b.Lot)
	if err != nil {
		return err
	}
	switch {
	case l.OfferTo != c.Member.ID:
		return types.Refuse(types.NoOffer, "lot", "lot %s is not offered to %s", b.Lot, c.Member.ID)
	case !l.Offered(c.Time):
		return types.Refuse(types.OfferExpired, "lot", "lot %s: the offer ended at %d, the block's time is %d", b.Lot, l.OfferUntil, c.Time)
	}
	l.Custodian = c.Member.ID
	l.OfferTo, l.OfferUntil = "", 0
	return lots.Put(c, b.Lot, l)
}

func rejectLot(c *Call, b *types.RejectLot) error {
	l, err := knownLot(c, "lot", b.Lot)
	if err != nil {
		return err
	}
	if l.OfferTo == "" || c.Member.ID != l.OfferTo && c.Member.ID != l.Custodian {
		return types.Refuse(types.NoOffer, "lot", "lot %s is in no offer to or by %s", b.Lot, c.Member.ID)
	}
	l.OfferTo, l.OfferUntil = "", 0
	return lots.Put(c, b.Lot, l)
}
