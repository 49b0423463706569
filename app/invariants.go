package app

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// State is a whole state that can be read in key order: a store.View.
type State interface {
	store.Reader
	// Iterate calls f for every record from key from up to, not including, key to.
	Iterate(from, to string, f func(key string, value []byte) (stop bool)) error
}

// CheckInvariants reads a whole state and says what in it can never be: a lot whose
// parts do not add up to what was produced, a unit in two others, a certificate, season
// or mass balance over its cap, a descendant of a recalled or disputed lot that is not
// marked, a document used by two orders, a key of two members, a history that does not
// fit its size, a state of an order that its documents do not give, a payment's or
// waybill's number beside two orders, a bonded book that does not add up.
func CheckInvariants(s State) error {
	for _, f := range types.Families {
		var fault error
		check := func(key string, value []byte) bool {
			fault = checkRecord(s, key, value)
			return fault != nil
		}
		if err := s.Iterate(f.Prefix, f.Prefix+"0", check); err != nil {
			return err
		}
		if fault != nil {
			return fault
		}
	}
	if err := checkPacked(s); err != nil {
		return err
	}
	return checkTrade(s)
}

func checkRecord(s State, key string, value []byte) error {
	v, err := types.DecodeAny(key, value)
	if err != nil {
		return err
	}
	if r, ok := v.(types.Record); ok {
		if h := r.Log(); h.Size == 0 || len(h.Peaks) != bits.OnesCount64(h.Size) {
			return fmt.Errorf("%s: a history of %d events with %d peaks", key, h.Size, len(h.Peaks))
		}
	}
	_, id, _ := strings.Cut(key, "/")
	switch r := v.(type) {
	case *types.Member:
		err = checkMemberRecord(s, r)
	case *types.KeyOwner:
		err = checkKeyRecord(s, id, r)
	case *types.Lot:
		err = checkLotRecord(s, r)
	case *types.Unit:
		err = checkUnitRecord(s, r)
	case *types.Plot:
		err = checkPlotRecord(r)
	case *types.Certificate:
		err = checkCertificateRecord(r)
	case *types.Credit:
		err = checkCreditRecord(r)
	case *types.Order:
		err = checkOrderRecord(s, types.OrderID(id), r)
	case *types.Book:
		if r.Balance < 0 || r.Balance > r.Entered || r.Entered > types.MaxInteger {
			err = fmt.Errorf("balance %d of %d", r.Balance, r.Entered)
		}
	case *types.Document:
		kind, _, _ := strings.Cut(key, "/")
		err = checkDocumentRecord(s, kind, types.DocumentID(id), r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func checkMemberRecord(s State, m *types.Member) error {
	if m.ActiveKeys() < m.Threshold {
		return fmt.Errorf("%d active keys, %d needed", m.ActiveKeys(), m.Threshold)
	}
	for _, k := range m.Keys {
		owner, err := keys.Get(s, k.Address.String())
		if err != nil {
			return err
		}
		if owner == nil || owner.Member != m.ID {
			return fmt.Errorf("key %s is recorded for %+v", k.Address, owner)
		}
	}
	return nil
}

func checkKeyRecord(s State, address string, k *types.KeyOwner) error {
	m, err := members.Get(s, k.Member)
	if err != nil {
		return err
	}
	if m == nil {
		return fmt.Errorf("belongs to %q, who is no member", k.Member)
	}
	n := 0
	for _, have := range m.Keys {
		if have.Address.String() == address {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("stands %d times in the record of %s", n, m.ID)
	}
	return nil
}

func checkOrderRecord(s State, id types.OrderID, o *types.Order) error {
	for _, b := range bindings {
		slot := o.Slot(b.slot)
		if slot == nil {
			continue
		}
		doc, err := b.table.Get(s, documentID(slot))
		if err != nil {
			return err
		}
		if doc == nil || doc.Order != id {
			return fmt.Errorf("its %s %s is bound to %+v", b.slot, documentID(slot), doc)
		}
	}
	if err := checkQuotaState(o); err != nil {
		return err
	}
	return checkOrderState(o)
}

// undeclared lists the states in which no declaration of an order is live.
var undeclared = []string{types.StatePartial, types.StateMismatch, types.StateMatched, types.StateCancelled}

// checkOrderState compares the state with what the documents give.
func checkOrderState(o *types.Order) error {
	again := *o
	match(&again)
	live := o.Slot(types.SlotDeclaration) != nil
	switch {
	case live != !slices.Contains(undeclared, o.State):
		return fmt.Errorf("is %s, and a live declaration is %v", o.State, live)
	case live && again.State != types.StateMatched:
		return fmt.Errorf("declared while its documents are %s", again.State)
	case !live && o.State != types.StateCancelled && o.State != again.State:
		return fmt.Errorf("is %s, its documents give %s", o.State, again.State)
	case (o.Until != 0) != (o.State == types.StatePartial || o.State == types.StateMatched):
		return fmt.Errorf("is %s until %d", o.State, o.Until)
	}
	return nil
}

// checkQuotaState: a grant is used by a live declaration, and settled by a release.
func checkQuotaState(o *types.Order) error {
	if len(o.Quota) == 0 {
		return nil
	}
	released := len(o.Clearance) > 0 && o.Clearance[0].Released != 0
	live := o.Slot(types.SlotDeclaration) != nil
	want := live && o.State != types.StateSentBack
	switch q := o.Quota[0]; {
	case (q.State == types.QuotaUsed || q.State == types.QuotaSettled) != want:
		return fmt.Errorf("is %s with a quota grant that is %s", o.State, q.State)
	case want && (q.State == types.QuotaSettled) != released:
		return fmt.Errorf("released is %v, its quota grant is %s", released, q.State)
	}
	return nil
}

func checkDocumentRecord(s State, kind string, id types.DocumentID, d *types.Document) error {
	if d.Order == "" {
		return nil
	}
	o, err := orders.Get(s, d.Order)
	if err != nil {
		return err
	}
	if o == nil {
		return fmt.Errorf("bound to order %s, which does not exist", d.Order)
	}
	// A number that was replaced, or whose declaration was withdrawn, stays bound.
	return nil
}

// trades is what the orders of a state have taken together.
type trades struct {
	life    int64            // Params.WaybillLife
	numbers map[string][]use // by kind, member and random half of the ULID
	taken   map[types.BookID]int64
}

// use is an order beside which a number stands, and the number's time.
type use struct {
	order types.OrderID
	at    int64
}

// checkTrade: a payment's number stands beside one order, a waybill's beside one at a
// time, and a book holds what was entered, less what live declarations took and did not
// give back.
func checkTrade(s State) error {
	p, err := params.Get(s)
	if err != nil {
		return err
	}
	t := &trades{p.Params.WaybillLife, map[string][]use{}, map[types.BookID]int64{}}
	if err := each(s, types.PrefixOrder, func(id string, o *types.Order) error { return t.add(types.OrderID(id), o) }); err != nil {
		return err
	}
	return each(s, types.PrefixBook, func(id string, b *types.Book) error {
		if taken := t.taken[types.BookID(id)]; b.Balance != b.Entered-taken {
			return fmt.Errorf("holds %d, %d was entered and %d is out", b.Balance, b.Entered, taken)
		}
		return nil
	})
}

// each calls f for every record of a family.
func each[V any](s State, prefix string, f func(id string, v *V) error) error {
	var fault error
	err := s.Iterate(prefix+"/", prefix+"0", func(key string, value []byte) bool {
		v := new(V)
		if fault = types.DecodeState(value, v); fault == nil {
			fault = f(key[len(prefix)+1:], v)
		}
		if fault != nil {
			fault = fmt.Errorf("%s: %w", key, fault)
		}
		return fault != nil
	})
	if err == nil {
		err = fault
	}
	return err
}

func (t *trades) add(id types.OrderID, o *types.Order) error {
	for _, kind := range []string{types.SlotPayment, types.SlotWaybill} {
		slot := o.Slot(kind)
		if slot == nil {
			continue
		}
		const timeHalf = 10
		key := kind + "/" + slot.Member + "/" + slot.ID[timeHalf:]
		for _, u := range t.numbers[key] {
			if kind == types.SlotPayment || max(u.at-slot.Time, slot.Time-u.at) < t.life {
				return fmt.Errorf("its %s's number stands beside order %s too", kind, u.order)
			}
		}
		t.numbers[key] = append(t.numbers[key], use{id, slot.Time})
	}
	if o.Slot(types.SlotDeclaration) != nil {
		for _, l := range o.Clearance[0].Lines {
			t.taken[l.Book] += l.Quantity
		}
	}
	return nil
}
