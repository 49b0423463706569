package app

import (
	"strings"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

func recordOrder(c *Call, b *types.RecordOrder) error {
	id := types.OrderID(c.Member.ID + "/" + b.Order)
	slot, err := newSlot(c, "order", types.SlotOrder, b.Order, b.Seq, b.Document, []types.Tag{
		{Name: types.SlotPayment, Value: b.Payment}, {Name: types.SlotWaybill, Value: b.Waybill},
		{Name: types.SlotDeclaration, Value: b.Declaration}, {Name: types.TagAmount, Value: b.Amount},
		{Name: types.TagMerchant, Value: b.Merchant}, {Name: types.TagGoods, Value: b.Goods},
		{Name: types.TagPayer, Value: b.Payer}, {Name: types.TagConsignee, Value: b.Consignee},
	})
	if err != nil {
		return err
	}
	o, err := orderToChange(c, id, slot)
	if err != nil {
		return err
	}
	if waitedTooLong(c, o) != nil { // the platform renews it
		o.State, o.Until = types.StatePartial, 0
	}
	o.Flow = b.Flow
	if err := evictStrangers(c, o, slot); err != nil {
		return err
	}
	return place(c, id, o, slot)
}

func recordPayment(c *Call, b *types.RecordPayment) error {
	slot, err := newSlot(c, "payment", types.SlotPayment, b.Payment, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagAmount, Value: b.Amount},
		{Name: types.TagPayer, Value: b.Payer}, {Name: types.TagOriginal, Value: b.Original},
	})
	if err != nil {
		return err
	}
	return addDocument(c, b.Order, slot)
}

func recordWaybill(c *Call, b *types.RecordWaybill) error {
	slot, err := newSlot(c, "waybill", types.SlotWaybill, b.Waybill, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagConsignee, Value: b.Consignee},
		{Name: types.TagParcel, Value: b.Parcel},
	})
	if err != nil {
		return err
	}
	return addDocument(c, b.Order, slot)
}

// newSlot makes the slot of a document and holds its time to the chain's window.
func newSlot(c *Call, field, kind, id string, seq int64, document types.Hash, tags []types.Tag) (*types.Slot, error) {
	ms, err := timely(c, field, id)
	if err != nil {
		return nil, err
	}
	return &types.Slot{
		Kind: kind, Member: c.Member.ID, ID: id, Time: ms, Seq: seq, Height: c.Height,
		Document: document, Tags: tags,
	}, nil
}

// timely returns the time of a ULID, which lies in the chain's window around the block's
// time: so the writes of every stream stay next to each other.
func timely(c *Call, field, id string) (int64, error) {
	ms, err := types.ULIDTime(id)
	if err != nil {
		return 0, types.Refuse(types.FieldInvalid, field, "%v", err)
	}
	if ms < c.Time-c.Params.KeyPast || ms > c.Time+c.Params.KeyFuture {
		return 0, types.Refuse(types.KeyTime, field, "the document's time %d lies outside %d s before to %d s after the block's, %d",
			ms, c.Params.KeyPast/1000, c.Params.KeyFuture/1000, c.Time)
	}
	return ms, nil
}

// addDocument puts a payment or waybill beside the order's other documents and binds
// its number to the order, so that no other order can use it. A number that was replaced
// stays bound.
func addDocument(c *Call, id types.OrderID, s *types.Slot) error {
	o, err := orderToChange(c, id, s)
	if err != nil {
		return err
	}
	if err := waitedTooLong(c, o); err != nil {
		return err
	}
	if err := opens(o.Slot(types.SlotOrder), s); err != nil {
		return err
	}
	if err := claim(c, id, s); err != nil {
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
	before := o.State
	match(o)
	o.Until = deadline(c, o, before)
	return orders.Put(c, id, o)
}

// deadline is until when the order may stay in its state; a document that changes
// nothing gives no more time.
func deadline(c *Call, o *types.Order, before string) int64 {
	if o.State == before && o.Until != 0 {
		return o.Until
	}
	switch o.State {
	case types.StatePartial:
		return c.Time + c.Params.StaleAfter
	case types.StateMatched:
		return c.Time + c.Params.LapseAfter
	}
	return 0
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

// waitedTooLong refuses what only the platform can bring back to life.
func waitedTooLong(c *Call, o *types.Order) error {
	switch o.StateAt(c.Time) {
	case types.StateStale:
		return types.Refuse(types.OrderStale, "order", "it waited for its documents until %d", o.Until)
	case types.StateLapsed:
		return types.Refuse(types.OrderLapsed, "order", "it waited for its declaration until %d", o.Until)
	case types.StateCancelled:
		return types.Refuse(types.OrderLapsed, "order", "its declaration was cancelled")
	}
	return nil
}

// independent refuses one controlling organisation behind two of the documents: three
// from one hand prove nothing.
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

// binding is how a slot's documents are bound to one order by their numbers.
type binding struct {
	slot   string
	table  Table[types.DocumentID, types.Document]
	reused types.Code
	named  bool                      // a number has one name at a time, whatever its ULID's time (store.IndexOf)
	life   func(*types.Params) int64 // how long a number is taken; nil = for ever
}

var bindings = []binding{
	{types.SlotPayment, payments, types.PaymentReused, true, nil},
	{types.SlotWaybill, waybills, types.WaybillReused, true, func(p *types.Params) int64 { return p.WaybillLife }},
	{types.SlotDeclaration, declarations, types.DuplicateList, false, nil},
}

func bindingOf(slot string) *binding {
	for i := range bindings {
		if bindings[i].slot == slot {
			return &bindings[i]
		}
	}
	panic("no documents in slot " + slot)
}

// evictStrangers sets free what was put beside an order before the platform recorded
// it and does not open its locks: nobody can block an order by being first.
func evictStrangers(c *Call, o *types.Order, order *types.Slot) error {
	for _, b := range bindings {
		s := o.Slot(b.slot)
		if s == nil || opens(order, s) == nil {
			continue
		}
		key := documentID(s)
		d, err := b.table.Get(c, key)
		if err != nil {
			return err
		}
		d.Order = ""
		if err := b.table.Put(c, key, d); err != nil {
			return err
		}
		empty(o, b.slot)
	}
	return nil
}

func documentID(s *types.Slot) types.DocumentID { return types.DocumentID(s.Member + "/" + s.ID) }

// claim binds a document's number to an order, unless another order has it.
func claim(c *Call, id types.OrderID, s *types.Slot) error {
	b, key := bindingOf(s.Kind), documentID(s)
	if err := b.unused(c, id, s); err != nil {
		return err
	}
	d, err := b.table.Get(c, key)
	if err != nil {
		return err
	}
	switch {
	case d == nil:
		d = new(types.Document)
	case d.Order == id:
		return nil
	case d.Order != "":
		return types.Refuse(b.reused, s.Kind, "%s %s belongs to order %s", s.Kind, key, d.Order)
	}
	d.Order = id
	if index, ok := store.IndexOf(b.table.Key(key)); ok && b.named {
		if err := c.writes.Set(index.Key, index.Value); err != nil {
			return err
		}
	}
	return b.table.Put(c, key, d)
}

// unused refuses a number that another order has under another time.
func (b *binding) unused(c *Call, id types.OrderID, s *types.Slot) error {
	index, ok := store.IndexOf(b.table.Key(documentID(s)))
	if !ok || !b.named {
		return nil
	}
	half, err := c.Get(index.Key)
	if err != nil || half == nil || string(half) == string(index.Value) {
		return err
	}
	earlier := types.DocumentID(s.Member + "/" + string(half) + s.ID[len(half):])
	d, err := b.table.Get(c, earlier)
	if err != nil || d == nil || d.Order == "" || d.Order == id {
		return err
	}
	_, ulid, _ := strings.Cut(string(earlier), "/")
	at, err := types.ULIDTime(ulid)
	if err != nil {
		return err
	}
	if b.life != nil && s.Time-at >= b.life(&c.Params) {
		return nil
	}
	return types.Refuse(b.reused, s.Kind, "the %s's number belongs to order %s since %d", s.Kind, d.Order, at)
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
