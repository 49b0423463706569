package app

import (
	"slices"

	"github.com/caryaledger/carya/types"
)

func declare(c *Call, b *types.Declare) error {
	slot, err := newSlot(c, types.SlotDeclaration, b.Declaration, b.Seq, b.Document, []types.Tag{
		{Name: types.TagNumber, Value: b.Number}, {Name: types.TagPayer, Value: b.Payer},
		{Name: types.TagParcel, Value: b.Parcel}, {Name: types.TagMerchant, Value: b.Merchant},
		{Name: types.TagGoods, Value: b.Goods},
	})
	if err != nil {
		return err
	}
	o, err := orderOf(c, b.Order)
	if err != nil {
		return err
	}
	if err := mayDeclare(c, o, b, slot); err != nil {
		return err
	}
	if err := isOffice(c, b.Office); err != nil {
		return err
	}
	if err := useQuota(c, o, b.Grant); err != nil {
		return err
	}
	if err := takeFromBooks(c, o, b); err != nil {
		return err
	}
	if err := claim(c, b.Order, slot); err != nil {
		return err
	}
	fill(o, slot)
	o.State, o.Until = types.StateDeclared, 0
	o.Clearance = []types.Clearance{{Office: b.Office, Mode: b.Mode, Lines: b.Lines}}
	return orders.Put(c, b.Order, o)
}

// agreement is one equality between a declaration and another document of its order.
type agreement struct {
	tag, with string
	code      types.Code
}

var agreements = []agreement{
	{types.TagPayer, types.SlotOrder, types.Identity},          // M5
	{types.TagMerchant, types.SlotOrder, types.MerchantDiffer}, // M1
	{types.TagGoods, types.SlotOrder, types.GoodsDiffer},       // M6
	{types.TagParcel, types.SlotWaybill, types.WaybillDiffers}, // M1
}

// mayDeclare: one live declaration for a matched order (R8), about the same order number,
// buyer, seller, goods and waybill, by somebody who made none of its other documents.
func mayDeclare(c *Call, o *types.Order, b *types.Declare, s *types.Slot) error {
	if o == nil {
		return types.Refuse(types.OrderUnknown, "order", "order %s", b.Order)
	}
	if live := o.Slot(types.SlotDeclaration); live != nil {
		return types.Refuse(types.DuplicateList, "order", "order %s was declared by %s to %s", b.Order, live.Member, o.Clearance[0].Office)
	}
	if err := waitedTooLong(c, o); err != nil {
		return err
	}
	if o.State != types.StateMatched {
		return types.Refuse(types.NotMatched, "order", "order %s is %s", b.Order, o.State)
	}
	for _, a := range agreements {
		if o.Slot(a.with).Tag(a.tag) != s.Tag(a.tag) {
			return types.Refuse(a.code, a.tag, "the declaration differs from the %s of order %s", a.with, b.Order)
		}
	}
	if !slices.ContainsFunc(types.Modes, func(m types.Mode) bool { return m.Mode == b.Mode && m.Flow == o.Flow }) {
		return types.Refuse(types.ModeDiffers, "mode", "%d is no procedure of an %s", b.Mode, o.Flow)
	}
	if err := opens(o.Slot(types.SlotOrder), s); err != nil {
		return err
	}
	return independent(c, o, s)
}

func isOffice(c *Call, id string) error {
	m, err := members.Get(c, id)
	if err != nil {
		return err
	}
	if m == nil || !m.Holds(types.RoleCustoms) {
		return types.Refuse(types.MemberUnknown, "office", "%s is no customs office of the chain", id)
	}
	return nil
}

// following lists the official statuses that may follow in each state (domain 2.4).
var following = map[string][]uint64{
	types.StateDeclared: {types.StatusAccept, types.StatusReject},
	types.StateAccepted: {types.StatusReview, types.StatusAudit, types.StatusReject},
	types.StateReview:   {types.StatusAudit, types.StatusReject},
	types.StateAudited:  {types.StatusInspect, types.StatusRelease},
	types.StateInspect: {types.StatusRelease, types.StatusReturn,
		types.StatusHold1, types.StatusHold2, types.StatusHold3, types.StatusHold},
	types.StateDetained: {types.StatusRelease, types.StatusReturn,
		types.StatusHold1, types.StatusHold2, types.StatusHold3, types.StatusHold},
	types.StateReleased:  {types.StatusClose},
	types.StateSigned:    {types.StatusClose},
	types.StateReturning: {types.StatusClose},
	types.StateReturned:  {types.StatusClose},
}

// stateOf is the state that a decision leads to; what comes after a release keeps the
// state that the goods have reached.
var stateOf = map[uint64]string{
	types.StatusAccept:  types.StateAccepted,
	types.StatusReview:  types.StateReview,
	types.StatusAudit:   types.StateAudited,
	types.StatusInspect: types.StateInspect,
	types.StatusHold1:   types.StateDetained,
	types.StatusHold2:   types.StateDetained,
	types.StatusHold3:   types.StateDetained,
	types.StatusHold:    types.StateDetained,
	types.StatusReturn:  types.StateSentBack,
	types.StatusRelease: types.StateReleased,
	types.StatusReject:  types.StateMatched,
}

// decide is the office's word on a declaration. A rejected one leaves the order matched,
// so that its documents can be corrected and it can be declared again.
func decide(c *Call, b *types.Decide) error {
	o, cl, err := cleared(c, b.Order)
	if err != nil {
		return err
	}
	if o.Slot(types.SlotDeclaration) == nil {
		return types.Refuse(types.NotDeclared, "order", "order %s is %s", b.Order, o.State)
	}
	if err := decides(c, cl); err != nil {
		return err
	}
	if !slices.Contains(following[o.State], b.Status) || b.Status == cl.Status {
		return types.Refuse(types.StatusOrder, "status", "%d does not follow while order %s is %s with status %d", b.Status, b.Order, o.State, cl.Status)
	}
	cl.Status, cl.Reason = b.Status, b.Reason
	switch b.Status {
	case types.StatusClose:
		if o.State == types.StateReleased {
			o.State = types.StateClosed
		}
		return orders.Put(c, b.Order, o)
	case types.StatusRelease:
		cl.Released, cl.Cancel = c.Time, types.Hash{}
		turnQuota(o, types.QuotaSettled)
	case types.StatusReturn:
		cl.Cancel = types.Hash{}
		turnQuota(o, types.QuotaFreed)
	case types.StatusReject:
		if err := withdraw(c, o, types.QuotaReserved); err != nil {
			return err
		}
		o.Until = c.Time + c.Params.LapseAfter
	}
	o.State = stateOf[b.Status]
	return orders.Put(c, b.Order, o)
}

// cleared returns an order that is or was declared, with its clearance.
func cleared(c *Call, id types.OrderID) (*types.Order, *types.Clearance, error) {
	o, err := orderOf(c, id)
	if err != nil {
		return nil, nil, err
	}
	if o == nil {
		return nil, nil, types.Refuse(types.OrderUnknown, "order", "order %s", id)
	}
	if len(o.Clearance) == 0 {
		return nil, nil, types.Refuse(types.NotDeclared, "order", "order %s is %s", id, o.StateAt(c.Time))
	}
	return o, &o.Clearance[0], nil
}

// decides refuses other offices than the one that the declaration is filed with.
func decides(c *Call, cl *types.Clearance) error {
	if cl.Office != c.Member.ID {
		return types.Refuse(types.NotOffice, "order", "it is filed with %s", cl.Office)
	}
	return nil
}

// withdraw takes a declaration back: it is no longer live, what it took from the books is
// there again, and its quota grant has a new state.
func withdraw(c *Call, o *types.Order, quota string) error {
	cl := &o.Clearance[0]
	for i := range cl.Lines {
		if err := putBack(c, &cl.Lines[i], cl.Lines[i].Quantity); err != nil {
			return err
		}
	}
	cl.Cancel = types.Hash{}
	turnQuota(o, quota)
	empty(o, types.SlotDeclaration)
	return nil
}

// cancel asks for the end of a declaration whose goods are neither released nor detained.
func cancel(c *Call, b *types.Cancel) error {
	o, cl, err := ownDeclaration(c, b.Order)
	if err != nil {
		return err
	}
	switch o.State {
	case types.StateDeclared, types.StateAccepted, types.StateReview, types.StateAudited, types.StateInspect:
	default:
		return types.Refuse(types.StatusOrder, "order", "order %s is %s: too late to cancel its declaration", b.Order, o.State)
	}
	if !cl.Cancel.IsZero() {
		return types.Refuse(types.StatusOrder, "order", "its cancellation is asked for")
	}
	cl.Cancel = b.Document
	return orders.Put(c, b.Order, o)
}

// ownDeclaration returns an order that the signing member declared.
func ownDeclaration(c *Call, id types.OrderID) (*types.Order, *types.Clearance, error) {
	o, cl, err := cleared(c, id)
	if err != nil {
		return nil, nil, err
	}
	slot := o.Slot(types.SlotDeclaration)
	if slot == nil {
		return nil, nil, types.Refuse(types.NotDeclared, "order", "order %s is %s", id, o.StateAt(c.Time))
	}
	if slot.Member != c.Member.ID {
		return nil, nil, types.Refuse(types.NotOwner, "order", "%s declared it", slot.Member)
	}
	return o, cl, nil
}

func decideCancel(c *Call, b *types.DecideCancel) error {
	o, cl, err := cleared(c, b.Order)
	if err != nil {
		return err
	}
	if err := decides(c, cl); err != nil {
		return err
	}
	if cl.Cancel.IsZero() {
		return types.Refuse(types.StatusOrder, "order", "nobody asks to cancel the declaration of order %s, which is %s", b.Order, o.StateAt(c.Time))
	}
	if b.Status == types.StatusReject {
		cl.Cancel = types.Hash{}
		return orders.Put(c, b.Order, o)
	}
	if o.State == types.StateDetained {
		return types.Refuse(types.StatusOrder, "order", "the goods of order %s are detained", b.Order)
	}
	if err := withdraw(c, o, types.QuotaFreed); err != nil {
		return err
	}
	cl.Cancelled, o.State = true, types.StateCancelled
	return orders.Put(c, b.Order, o)
}

// signFor is the end of the parcel's way: its carrier delivered it. That word may come
// after that of a return.
func signFor(c *Call, b *types.SignFor) error {
	o, cl, err := cleared(c, b.Order)
	if err != nil {
		return err
	}
	switch o.State {
	case types.StateReleased, types.StateClosed, types.StateReturning, types.StateReturned:
	default:
		return types.Refuse(types.NotReleased, "order", "order %s is %s", b.Order, o.StateAt(c.Time))
	}
	if cl.Signed != 0 {
		return types.Refuse(types.StatusOrder, "order", "it was signed for at %d", cl.Signed)
	}
	if carrier := o.Slot(types.SlotWaybill).Member; carrier != c.Member.ID {
		return types.Refuse(types.NotCustodian, "order", "the parcel is carried by %s", carrier)
	}
	if b.Time < cl.Released-c.Params.Skew || b.Time > c.Time+c.Params.Skew {
		return types.Refuse(types.TimeOrder, "time", "%d: goods released at %d are delivered after that, and not after %d", b.Time, cl.Released, c.Time)
	}
	cl.Signed = b.Time
	if o.State == types.StateReleased || o.State == types.StateClosed {
		o.State = types.StateSigned
	}
	return orders.Put(c, b.Order, o)
}

// hashesPerRead is how many hashes cost as much as reading a record, and maxReturned how
// many lines all returns of an order have: its record is read for each of them.
const (
	hashesPerRead = 50
	maxReturned   = 1000
)

// returnGoods: one return at a time, within the time for it, of pieces that are left.
func returnGoods(c *Call, b *types.ReturnGoods) error {
	o, cl, err := ownDeclaration(c, b.Order)
	if err != nil {
		return err
	}
	switch o.State {
	case types.StateReleased, types.StateClosed, types.StateSigned, types.StateReturned:
	default:
		return types.Refuse(types.NotReleased, "order", "order %s is %s", b.Order, o.State)
	}
	if err := timely(c, "return", b.Return); err != nil {
		return err
	}
	if findReturn(o, b.Return) != nil {
		return types.Refuse(types.IDTaken, "return", "%s", b.Return)
	}
	if n := returned(o); n+len(b.Lines) > maxReturned {
		return types.Refuse(types.FieldInvalid, "lines", "the returns of order %s have %d lines, of %d that they can have", b.Order, n, maxReturned)
	}
	if c.Time > cl.Released+c.Params.ReturnApply {
		return types.Refuse(types.ReturnLate, "order", "released at %d; a return is applied for within %d days", cl.Released, days(c.Params.ReturnApply))
	}
	for i := range b.Lines {
		if err := advance(c, cl, &b.Lines[i]); err != nil {
			return err
		}
	}
	o.Returns = append(o.Returns, types.OrderReturn{
		Return: b.Return, Member: c.Member.ID, Document: b.Document, Time: c.Time, Lines: b.Lines,
	})
	o.State = types.StateReturning
	return orders.Put(c, b.Order, o)
}

// returned counts the lines of an order's returns, refused ones as well.
func returned(o *types.Order) (n int) {
	for i := range o.Returns {
		n += len(o.Returns[i].Lines)
	}
	return n
}

// anchorBefore is the anchor that a return starts from.
func anchorBefore(c *Call, l *types.ReturnLine) (types.Hash, error) {
	if err := c.spend("lines", 1+int(l.Pieces)/hashesPerRead); err != nil {
		return types.Hash{}, err
	}
	return l.Before(), nil
}

// advance moves a line's anchor by the pieces that come back: their token leads to it.
// They are no more than the line took from a book.
func advance(c *Call, cl *types.Clearance, l *types.ReturnLine) error {
	if l.Line >= uint64(len(cl.Lines)) {
		return types.Refuse(types.ReturnQuantity, "lines", "line %d of %d", l.Line, len(cl.Lines))
	}
	line := &cl.Lines[l.Line]
	if back := back(line, l); back > line.Quantity {
		return types.Refuse(types.ReturnQuantity, "lines", "%d pieces of line %d are %d of %d that book %s has not back", l.Pieces, l.Line, back, line.Quantity, line.Book)
	}
	before, err := anchorBefore(c, l)
	if err != nil {
		return err
	}
	if before != line.Anchor {
		return types.Refuse(types.ReturnQuantity, "lines", "the token does not show that %d pieces of line %d are left", l.Pieces, l.Line)
	}
	line.Anchor = l.Token
	return nil
}

func findReturn(o *types.Order, id string) *types.OrderReturn {
	for i := range o.Returns {
		if o.Returns[i].Return == id {
			return &o.Returns[i]
		}
	}
	return nil
}

// decideReturn: allowed (399), then arrived in time (800), or refused (100).
func decideReturn(c *Call, b *types.DecideReturn) error {
	o, cl, err := cleared(c, b.Order)
	if err != nil {
		return err
	}
	if err := decides(c, cl); err != nil {
		return err
	}
	r := findReturn(o, b.Return)
	switch {
	case r == nil || r.Status == types.StatusReject:
		return types.Refuse(types.ReturnUnknown, "return", "%s", b.Return)
	case r.Status == types.StatusRelease:
		return types.Refuse(types.RestoreTwice, "return", "%s", b.Return)
	case b.Status == r.Status || b.Status == types.StatusRelease && r.Status != types.StatusAudit:
		return types.Refuse(types.StatusOrder, "status", "%d does not follow %d", b.Status, r.Status)
	case b.Status == types.StatusRelease && c.Time > cl.Released+c.Params.ReturnArrive:
		return types.Refuse(types.ReturnLate, "order", "released at %d; goods are back within %d days", cl.Released, days(c.Params.ReturnArrive))
	}
	r.Status = b.Status
	switch b.Status {
	case types.StatusRelease:
		err = restore(c, cl, r)
	case types.StatusReject:
		err = undo(c, cl, r)
	}
	if err != nil {
		return err
	}
	o.State = afterReturn(o, cl, b.Status)
	return orders.Put(c, b.Order, o)
}

// restore gives what came back to the books, once.
func restore(c *Call, cl *types.Clearance, r *types.OrderReturn) error {
	for i := range r.Lines {
		line := &cl.Lines[r.Lines[i].Line]
		quantity := back(line, &r.Lines[i])
		line.Quantity -= quantity
		if err := putBack(c, line, quantity); err != nil {
			return err
		}
	}
	r.Restored = true
	return nil
}

// back is what a book gets back with pieces of a line, in 10^-5 units. It fits: MaxPieces
// times MaxInteger is below 2^63.
func back(line *types.DeclaredLine, l *types.ReturnLine) int64 { return line.Step * int64(l.Pieces) }

// undo lets the pieces of a refused return come back another time.
func undo(c *Call, cl *types.Clearance, r *types.OrderReturn) error {
	for i := range r.Lines {
		before, err := anchorBefore(c, &r.Lines[i])
		if err != nil {
			return err
		}
		cl.Lines[r.Lines[i].Line].Anchor = before
	}
	return nil
}

// afterReturn is the order's state once a return was decided.
func afterReturn(o *types.Order, cl *types.Clearance, status uint64) string {
	switch {
	case status == types.StatusAudit:
		return types.StateReturning
	case slices.ContainsFunc(o.Returns, func(r types.OrderReturn) bool { return r.Restored }):
		return types.StateReturned
	case cl.Signed != 0:
		return types.StateSigned
	case cl.Status == types.StatusClose:
		return types.StateClosed
	}
	return types.StateReleased
}

func days(ms int64) int64 { return ms / (24 * 60 * 60 * 1000) }
