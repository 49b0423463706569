package app

import (
	"fmt"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

// possessingParty is the type of a source or destination that stands for custody (CBV
// 2.0, source/destination types).
const possessingParty = "possessing_party"

// party returns the member that a list names as the possessing party, "" for none that
// the ledger knows.
func (x *capture) party(list []epcis.Typed) (string, error) {
	for _, t := range list {
		if t.Type == possessingParty {
			return partyMember(x.Call, t.ID)
		}
	}
	return "", nil
}

// ship offers what the event is about to the possessing party it goes to (R3); without
// one that is a member, the event is an observation.
func (x *capture) ship() error {
	to, err := x.party(x.Destinations)
	if err != nil {
		return err
	}
	if to == "" || to == x.Member.ID {
		return x.observe()
	}
	epcs, quantities := x.outermost()
	for i, uri := range epcs {
		if err := x.shipUnit(fmt.Sprintf("event.epc[%d]", i), uri, to); err != nil {
			return err
		}
	}
	for i, q := range quantities {
		if err := x.shipLot(fmt.Sprintf("event.quantity[%d]", i), q, to); err != nil {
			return err
		}
	}
	return nil
}

// outermost are the things that change hands: of an aggregation its parent, which takes
// with it what is inside.
func (x *capture) outermost() ([]string, []epcis.Quantity) {
	if x.Type == types.AggregationEvent && x.ParentID != "" {
		return []string{x.ParentID}, nil
	}
	return x.what()
}

// purpose reads from the disposition why a recalled thing moves.
func (x *capture) purpose() string {
	switch x.Disposition {
	case "returned":
		return types.PurposeReturn
	case "recalled", "non_sellable_other", "sellable_not_accessible":
		return types.PurposeQuarantine
	case "disposed", "destroyed":
		return types.PurposeDestruction
	}
	return ""
}

func (x *capture) shipLot(at string, q epcis.Quantity, to string) error {
	l, err := x.followedLot(q)
	if err != nil || l == nil {
		return err
	}
	if err := x.afterCommission(l); err != nil {
		return err
	}
	if err := x.recertify(at, l); err != nil {
		return err
	}
	o := types.Offer{From: x.Member.ID, To: to, Until: x.Call.Time + x.Params.OfferLife, Purpose: x.purpose(), State: types.OfferOpen}
	if q.HasAmount {
		if err := amount(at, q); err != nil {
			return err
		}
		if o.Quantity, err = inUnit(at, l, q.Amount, q.Unit); err != nil {
			return err
		}
	}
	return offer(x.Call, at, l, o)
}

func (x *capture) shipUnit(at, uri, to string) error {
	u, err := x.followedUnit(uri)
	if err != nil || u == nil {
		return err
	}
	if err := x.afterUnit(u); err != nil {
		return err
	}
	if err := x.recertifyUnit(at, u); err != nil {
		return err
	}
	return offerUnitTo(x.Call, at, u, to, x.Call.Time+x.Params.OfferLife, x.purpose())
}

// receive accepts what is offered to the member, with the quantities that arrived; the
// rest of the event is an observation.
func (x *capture) receive() error {
	from, err := x.party(x.Sources)
	if err != nil {
		return err
	}
	epcs, quantities := x.outermost()
	for i, uri := range epcs {
		if err := x.receiveUnit(fmt.Sprintf("event.epc[%d]", i), uri); err != nil {
			return err
		}
	}
	for i, q := range quantities {
		if err := x.receiveLot(fmt.Sprintf("event.quantity[%d]", i), q, from); err != nil {
			return err
		}
	}
	return nil
}

func (x *capture) receiveLot(at string, q epcis.Quantity, from string) error {
	l, err := x.followedLot(q)
	if err != nil || l == nil {
		return err
	}
	if from, err = x.offeredBy(at, l, from); err != nil || from == "" {
		if err != nil {
			return err
		}
		return x.observeLot(at, q)
	}
	if err := x.afterCommission(l); err != nil {
		return err
	}
	arrived := uint64(0)
	if q.HasAmount {
		if err := amount(at, q); err != nil {
			return err
		}
		if arrived, err = inUnit(at, l, q.Amount, q.Unit); err != nil {
			return err
		}
	}
	return accept(x.Call, at, l, from, arrived)
}

// offeredBy is who offers the lot to the member: who the event names as its source, else
// the only one; "" when nobody does.
func (x *capture) offeredBy(at string, l *types.Lot, source string) (string, error) {
	from := ""
	for _, o := range l.Offers {
		switch {
		case o.To != x.Member.ID || o.State != types.OfferOpen || !o.Binds(x.Call.Time):
		case o.From == source:
			return source, nil
		case from != "" && source == "":
			return "", refuse(types.FieldInvalid, at, "lot %s is offered by %s and by %s: name one in sourceList as possessing_party", l.ID, from, o.From)
		default:
			from = o.From
		}
	}
	if source != "" {
		return "", nil
	}
	return from, nil
}

func (x *capture) receiveUnit(at, uri string) error {
	u, err := x.followedUnit(uri)
	if err != nil || u == nil {
		return err
	}
	if u.OfferTo == x.Member.ID {
		if err := x.afterUnit(u); err != nil {
			return err
		}
		return acceptUnitBy(x.Call, at, u)
	}
	return x.observeUnit(at, uri)
}
