package app

import (
	"github.com/caryaledger/carya/types"
)

func recordOrder(c *Call, b *types.RecordOrder) error {
	id := types.OrderID(c.Member.ID + "/" + b.Order)
	slot, err := newSlot(c, "order", types.SlotOrder, b.Order, b.Seq, b.Document, []types.Tag{
		{Name: types.SlotPayment, Value: b.Payment}, {Name: types.SlotWaybill, Value: b.Waybill},
		{Name: types.SlotDeclaration, Value: b.Declaration}, {Name: types.TagAmount, Value: b.Amount},
		{Name: types.TagPayer, Value: b.Payer}, {Name: types.TagConsignee, Value: b.Consignee},
	})
	if err != nil {
		return err
	}
	o, err := orderToChange(c, id, slot)
	if err != nil {
		return err
	}
	if err := evictStrangers(c, o, slot); err != nil {
		return err
	}
	return place(c, id, o, slot)
}

func recordPayment(c *Call, b *types.RecordPayment) error {
	slot, err := newSlot(c, "payment", types.SlotPayment, b.Payment, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagAmount, Value: b.Amount},
		{Name: types.TagPayer, Value: b.Payer},
	})
	if err != nil {
		return err
	}
	return addDocument(c, b.Order, slot, payments, types.PaymentReused)
}

func recordWaybill(c *Call, b *types.RecordWaybill) error {
	slot, err := newSlot(c, "waybill", types.SlotWaybill, b.Waybill, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagConsignee, Value: b.Consignee},
		{Name: types.TagParcel, Value: b.Parcel},
	})
	if err != nil {
		return err
	}
	return addDocument(c, b.Order, slot, waybills, types.WaybillReused)
}

// newSlot makes the slot of a document and holds its time to the chain's window, which
// keeps the writes of every stream next to each other.
func newSlot(c *Call, field, kind, id string, seq int64, document types.Hash, tags []types.Tag) (*types.Slot, error) {
	ms, err := types.ULIDTime(id)
	if err != nil {
		return nil, types.Refuse(types.FieldInvalid, field, "%v", err)
	}
	if ms < c.Time-c.Params.KeyPast || ms > c.Time+c.Params.KeyFuture {
		return nil, types.Refuse(types.KeyTime, field, "the document's time %d lies outside %d s before to %d s after the block's, %d",
			ms, c.Params.KeyPast/1000, c.Params.KeyFuture/1000, c.Time)
	}
	return &types.Slot{
		Kind: kind, Member: c.Member.ID, ID: id, Time: ms, Seq: seq, Height: c.Height,
		Document: document, Tags: tags,
	}, nil
}

// addDocument puts a payment or waybill beside the order's other documents and binds
// it to the order, so that no other order can use it.
func addDocument(c *Call, id types.OrderID, s *types.Slot, t Table[types.DocumentID, types.Document], reused types.Code) error {
	o, err := orderToChange(c, id, s)
	if err != nil {
		return err
	}
	if err := opens(o.Slot(types.SlotOrder), s); err != nil {
		return err
	}
	before := o.Slot(s.Kind)
	if before != nil && before.ID == s.ID {
		return place(c, id, o, s)
	}
	if before != nil {
		if err := free(c, t, before); err != nil {
			return err
		}
	}
	if err := claim(c, t, id, s, reused); err != nil {
		return err
	}
	return place(c, id, o, s)
}

// place fills the slot, compares the documents and writes the order.
func place(c *Call, id types.OrderID, o *types.Order, s *types.Slot) error {
	if err := independent(c, o, s); err != nil {
		return err
	}
	fill(o, s)
	if err := inTimeOrder(o, s); err != nil {
		return err
	}
	match(o)
	return orders.Put(c, id, o)
}

// orderToChange returns the order, a new one if there is none, unless it can no longer
// take this document.
func orderToChange(c *Call, id types.OrderID, s *types.Slot) (*types.Order, error) {
	o, err := orders.Get(c, id)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return &types.Order{State: types.StatePartial}, nil
	}
	return o, mayChange(o, id, s)
}

func mayChange(o *types.Order, id types.OrderID, s *types.Slot) error {
	if o.Slot(types.SlotDeclaration) != nil {
		return types.Refuse(types.Locked, "order", "order %s is %s", id, o.State)
	}
	before := o.Slot(s.Kind)
	if before == nil {
		return nil
	}
	if before.Member != s.Member {
		return types.Refuse(types.NotIndependent, "order", "the %s of order %s is that of %s", s.Kind, id, before.Member)
	}
	if s.Seq <= before.Seq {
		return types.Refuse(types.StaleMessage, "seq", "the %s of order %s has the version %d, this one is %d", s.Kind, id, before.Seq, s.Seq)
	}
	return nil
}

// independent refuses one controlling organisation behind two of order, payment and
// waybill: three documents from one hand prove nothing.
func independent(c *Call, o *types.Order, s *types.Slot) error {
	for i := range o.Slots {
		other := &o.Slots[i]
		if other.Kind == s.Kind {
			continue
		}
		m, err := members.Get(c, other.Member)
		if err != nil {
			return err
		}
		if m.Controller == c.Member.Controller {
			return types.Refuse(types.NotIndependent, "order", "the %s is by %s, the %s by %s: both are controlled by %s",
				other.Kind, m.ID, s.Kind, c.Member.ID, m.Controller)
		}
	}
	return nil
}

// slotOrder is the order in which slots stand in a record.
var slotOrder = []string{types.SlotOrder, types.SlotPayment, types.SlotWaybill, types.SlotDeclaration}

func fill(o *types.Order, s *types.Slot) {
	var slots []types.Slot
	for _, kind := range slotOrder {
		if kind == s.Kind {
			slots = append(slots, *s)
		} else if have := o.Slot(kind); have != nil {
			slots = append(slots, *have)
		}
	}
	o.Slots = slots
}

func empty(o *types.Order, kind string) {
	var slots []types.Slot
	for _, s := range o.Slots {
		if s.Kind != kind {
			slots = append(slots, s)
		}
	}
	o.Slots = slots
}

// inTimeOrder: an order is paid after it was made and its waybill is made after it was
// paid (R7).
func inTimeOrder(o *types.Order, s *types.Slot) error {
	var last *types.Slot
	for _, kind := range []string{types.SlotOrder, types.SlotPayment, types.SlotWaybill} {
		next := o.Slot(kind)
		if next == nil {
			continue
		}
		if last != nil && next.Time < last.Time {
			return types.Refuse(types.TimeOrder, s.Kind, "the %s is of %d, the %s of %d: an order is made, paid and sent in this order",
				last.Kind, last.Time, next.Kind, next.Time)
		}
		last = next
	}
	return nil
}

// opens checks that a document's number tag opens the order's lock for it; before the
// platform has recorded the order there is no lock, and evictStrangers looks later.
func opens(order, s *types.Slot) error {
	if order != nil && order.Tag(s.Kind) != types.NumberLock(s.Tag(types.TagNumber)) {
		return types.Refuse(types.OrderMismatch, "number", "the %s does not show the tag of this order's number", s.Kind)
	}
	return nil
}

// documentTables says in which table a slot's document is bound to its order.
var documentTables = []struct {
	slot  string
	table Table[types.DocumentID, types.Document]
}{
	{types.SlotPayment, payments},
	{types.SlotWaybill, waybills},
	{types.SlotDeclaration, declarations},
}

// evictStrangers sets free what was put beside an order before the platform recorded
// it and does not open its locks: nobody can block an order by being first.
func evictStrangers(c *Call, o *types.Order, order *types.Slot) error {
	for _, d := range documentTables {
		s := o.Slot(d.slot)
		if s == nil || opens(order, s) == nil {
			continue
		}
		if err := free(c, d.table, s); err != nil {
			return err
		}
		empty(o, d.slot)
	}
	return nil
}

func claim(c *Call, t Table[types.DocumentID, types.Document], id types.OrderID, s *types.Slot, reused types.Code) error {
	key := types.DocumentID(s.Member + "/" + s.ID)
	d, err := t.Get(c, key)
	if err != nil {
		return err
	}
	if d == nil {
		d = new(types.Document)
	}
	if d.Order != "" {
		return types.Refuse(reused, s.Kind, "%s %s belongs to order %s", s.Kind, key, d.Order)
	}
	d.Order = id
	return t.Put(c, key, d)
}

func free(c *Call, t Table[types.DocumentID, types.Document], s *types.Slot) error {
	key := types.DocumentID(s.Member + "/" + s.ID)
	d, err := t.Get(c, key)
	if err != nil {
		return err
	}
	d.Order = ""
	return t.Put(c, key, d)
}

// comparison is one equality that the documents of an order must show (R7, M3 to M5).
type comparison struct {
	tag  string
	with string // slot whose tag must equal the order's
	code types.Code
}

var comparisons = []comparison{
	{types.TagAmount, types.SlotPayment, types.Amount},      // M3
	{types.TagPayer, types.SlotPayment, types.Identity},     // M5
	{types.TagConsignee, types.SlotWaybill, types.Identity}, // M4
}

// match compares the documents when all three are there.
func match(o *types.Order) {
	o.State, o.Mismatch = types.StatePartial, types.Mismatch{}
	order := o.Slot(types.SlotOrder)
	if order == nil || o.Slot(types.SlotPayment) == nil || o.Slot(types.SlotWaybill) == nil {
		return
	}
	o.State = types.StateMatched
	for _, cmp := range comparisons {
		other := o.Slot(cmp.with)
		if order.Tag(cmp.tag) != other.Tag(cmp.tag) {
			o.State = types.StateMismatch
			o.Mismatch = types.Mismatch{Code: uint64(cmp.code), Field: cmp.tag, Party: other.Member}
			return
		}
	}
}

func declare(c *Call, b *types.Declare) error {
	slot, err := newSlot(c, "declaration", types.SlotDeclaration, b.Declaration, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagPayer, Value: b.Payer},
		{Name: types.TagParcel, Value: b.Parcel},
	})
	if err != nil {
		return err
	}
	o, err := orders.Get(c, b.Order)
	if err != nil {
		return err
	}
	if err := mayDeclare(o, b.Order, slot); err != nil {
		return err
	}
	if err := claim(c, declarations, b.Order, slot, types.DuplicateList); err != nil {
		return err
	}
	fill(o, slot)
	o.State = types.StateDeclared
	return orders.Put(c, b.Order, o)
}

// mayDeclare: one live declaration for a matched order (R8), about the same order
// number, buyer and waybill.
func mayDeclare(o *types.Order, id types.OrderID, s *types.Slot) error {
	switch {
	case o == nil:
		return types.Refuse(types.OrderUnknown, "order", "order %s", id)
	case o.Slot(types.SlotDeclaration) != nil:
		return types.Refuse(types.DuplicateList, "order", "order %s was declared by %s", id, o.Slot(types.SlotDeclaration).Member)
	case o.State != types.StateMatched:
		return types.Refuse(types.NotMatched, "order", "order %s is %s", id, o.State)
	case o.Slot(types.SlotOrder).Tag(types.TagPayer) != s.Tag(types.TagPayer):
		return types.Refuse(types.Identity, "payer", "the declaration names another buyer than order %s", id)
	case o.Slot(types.SlotWaybill).Tag(types.TagParcel) != s.Tag(types.TagParcel):
		return types.Refuse(types.WaybillDiffers, "parcel", "the declaration names another waybill than order %s has", id)
	}
	return opens(o.Slot(types.SlotOrder), s)
}

// decide is customs' word on a declaration. A rejected one leaves the order matched,
// so that it can be declared again with a corrected list.
func decide(c *Call, b *types.Decide) error {
	o, err := orders.Get(c, b.Order)
	if err != nil {
		return err
	}
	if o == nil {
		return types.Refuse(types.OrderUnknown, "order", "order %s", b.Order)
	}
	if o.State != types.StateDeclared && o.State != types.StateHeld {
		return types.Refuse(types.NotDeclared, "order", "order %s is %s", b.Order, o.State)
	}
	switch b.Status {
	case types.StatusRelease:
		o.State = types.StateReleased
	case types.StatusInspect:
		o.State = types.StateHeld
	case types.StatusReject:
		if err := free(c, declarations, o.Slot(types.SlotDeclaration)); err != nil {
			return err
		}
		empty(o, types.SlotDeclaration)
		o.State = types.StateMatched
	}
	o.Decision, o.Decider = b.Status, c.Member.ID
	return orders.Put(c, b.Order, o)
}
