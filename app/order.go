package app

import (
	"slices"
	"strings"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

func recordOrder(c *Call, b *types.RecordOrder) error {
	id := types.OrderID(c.Member.ID + "/" + b.Order)
	slot, err := newSlot(c, types.SlotOrder, b.Order, b.Seq, b.Document, []types.Tag{
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
	if o.Slot(types.SlotOrder) == nil {
		if err := timely(c, types.SlotOrder, b.Order); err != nil {
			return err
		}
		o.Flow = b.Flow
	}
	if o.Flow != b.Flow {
		return types.Refuse(types.FieldInvalid, "flow", "order %s is an %s", id, o.Flow)
	}
	if waitedTooLong(c, o) != nil { // the platform renews it
		o.State, o.Until = types.StatePartial, 0
	}
	if err := evictStrangers(c, o, slot); err != nil {
		return err
	}
	return place(c, id, o, slot)
}

func recordPayment(c *Call, b *types.RecordPayment) error {
	slot, err := newSlot(c, types.SlotPayment, b.Payment, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagAmount, Value: b.Amount},
		{Name: types.TagPayer, Value: b.Payer}, {Name: types.TagOriginal, Value: b.Original},
	})
	if err != nil {
		return err
	}
	return addDocument(c, b.Order, slot)
}

func recordWaybill(c *Call, b *types.RecordWaybill) error {
	slot, err := newSlot(c, types.SlotWaybill, b.Waybill, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagConsignee, Value: b.Consignee},
		{Name: types.TagParcel, Value: b.Parcel},
	})
	if err != nil {
		return err
	}
	return addDocument(c, b.Order, slot)
}

// newSlot makes the slot of a document. A version from the future could never be
// replaced.
func newSlot(c *Call, kind, id string, seq int64, document types.Hash, tags []types.Tag) (*types.Slot, error) {
	ms, err := types.ULIDTime(id)
	if err != nil {
		return nil, types.Refuse(types.FieldInvalid, kind, "%v", err)
	}
	if seq > c.Time+c.Params.KeyFuture {
		return nil, types.Refuse(types.TimeOrder, "seq", "%d lies more than %d s after the block's time, %d", seq, c.Params.KeyFuture/1000, c.Time)
	}
	return &types.Slot{
		Kind: kind, Member: c.Member.ID, ID: id, Time: ms, Seq: seq, Height: c.Height,
		Document: document, Tags: tags,
	}, nil
}

// timely holds the time of a new name to the chain's window around the block's time: so
// the writes of every stream stay next to each other. Names that the ledger has are free
// of it: what is about an old order can still be corrected.
func timely(c *Call, field, id string) error {
	ms, err := types.ULIDTime(id)
	if err != nil {
		return types.Refuse(types.FieldInvalid, field, "%v", err)
	}
	if ms < c.Time-c.Params.KeyPast || ms > c.Time+c.Params.KeyFuture {
		return types.Refuse(types.KeyTime, field, "the document's time %d lies outside %d s before to %d s after the block's, %d",
			ms, c.Params.KeyPast/1000, c.Params.KeyFuture/1000, c.Time)
	}
	return nil
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
	o, err := orderOf(c, id)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return &types.Order{State: types.StatePartial}, canBe(c, id)
	}
	return o, mayChange(o, id, s)
}

// orderOf reads an order, nil when there is none. One with many lines or returns takes as
// long as many others, and a hundred bytes name it.
func orderOf(c *Call, id types.OrderID) (*types.Order, error) {
	raw, err := c.Get(orders.Key(id))
	if err != nil {
		return nil, err
	}
	if n := (len(raw) - ordinary) / bytesPerRead; n > 0 {
		if err := c.spend("order", n); err != nil {
			return nil, err
		}
	}
	return orders.Get(c, id)
}

// An order of a few lines is a record like others, of ordinary bytes at most; what is over
// takes bytesPerRead for as long as reading one.
const (
	ordinary     = 4 << 10
	bytesPerRead = 1 << 10
)

// canBe refuses documents of an order that no platform could ever record.
func canBe(c *Call, id types.OrderID) error {
	platform, order, _ := strings.Cut(string(id), "/")
	m, err := members.Get(c, platform)
	if err != nil {
		return err
	}
	if m == nil || !m.Holds(types.RolePlatform) {
		return types.Refuse(types.MemberUnknown, "order", "%s is no platform of the chain", platform)
	}
	return timely(c, "order", order)
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
	own, err := controllers(c, c.Member)
	if err != nil {
		return err
	}
	for i := range o.Slots {
		other := &o.Slots[i]
		if other.Kind == s.Kind {
			continue
		}
		m, err := members.Get(c, other.Member)
		if err != nil {
			return err
		}
		theirs, err := controllers(c, m)
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(theirs, func(id string) bool { return slices.Contains(own, id) }); at >= 0 {
			return types.Refuse(types.NotIndependent, "order", "the %s is by %s, the %s by %s: %s controls both",
				other.Kind, m.ID, s.Kind, c.Member.ID, theirs[at])
		}
	}
	return nil
}

// maxControl bounds how far control is followed from member to member.
const maxControl = 8

// controllers are a member and all who control it, one through the other.
func controllers(c *Call, m *types.Member) ([]string, error) {
	chain := []string{m.ID}
	for len(chain) < maxControl && m != nil && !slices.Contains(chain, m.Controller) {
		chain = append(chain, m.Controller)
		next, err := members.Get(c, m.Controller)
		if err != nil {
			return nil, err
		}
		m = next
	}
	return chain, nil
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

// opens checks that a document's number tag opens the order's lock for it, and that the
// lock is for its member if it is for one only; before the platform has recorded the order
// there is no lock, and evictStrangers looks later.
func opens(order, s *types.Slot) error {
	if order == nil {
		return nil
	}
	if lock, tag := order.Tag(s.Kind), s.Tag(types.TagNumber); lock != types.NumberLock(tag) && lock != types.NumberLockFor(tag, s.Member) {
		return types.Refuse(types.OrderMismatch, "number", "the %s does not show the tag of this order's number, or it is for another member", s.Kind)
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
	d, err := b.table.Get(c, key)
	if err != nil {
		return err
	}
	if d == nil {
		if err := timely(c, s.Kind, s.ID); err != nil {
			return err
		}
		d = new(types.Document)
	}
	if d.Order != "" && d.Order != id {
		return types.Refuse(b.reused, s.Kind, "%s %s belongs to order %s", s.Kind, key, d.Order)
	}
	if b.named {
		if err := b.claimNumber(c, id, s); err != nil {
			return err
		}
	}
	if d.Order == id {
		return nil
	}
	d.Order = id
	return b.table.Put(c, key, d)
}

// claimNumber refuses a number that another order has under another time. The name with
// the latest time says whose it is, which is the one that the index holds, on a node that
// executed every block as on one that joined by a snapshot. So a number can be claimed
// under an earlier time by the order only that has it.
func (b *binding) claimNumber(c *Call, id types.OrderID, s *types.Slot) error {
	own := documentID(s)
	index, _ := store.IndexOf(b.table.Key(own))
	half, err := c.Get(index.Key)
	if err != nil {
		return err
	}
	if half != nil {
		latest := types.DocumentID(s.Member + "/" + string(half) + s.ID[len(half):])
		if latest == own {
			return nil
		}
		d, err := b.table.Get(c, latest)
		if err != nil {
			return err
		}
		later := latest > own
		if free := d.Order == "" || b.recycled(c, latest, s); d.Order != id && (later || !free) {
			return types.Refuse(b.reused, s.Kind, "the %s's number belongs to order %q as %s", s.Kind, d.Order, latest)
		}
		if later {
			return nil
		}
	}
	return c.writes.Set(index.Key, index.Value)
}

// recycled reports whether a number that was shown before can be another one by the time
// of s.
func (b *binding) recycled(c *Call, before types.DocumentID, s *types.Slot) bool {
	_, ulid, _ := strings.Cut(string(before), "/")
	at, err := types.ULIDTime(ulid)
	return err == nil && b.life != nil && s.Time-at >= b.life(&c.Params)
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
