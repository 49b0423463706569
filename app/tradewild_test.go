package app_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/types"
)

// TestAnyTrade throws documents, decisions and returns at the rules that no program would
// send, about a few orders again and again, by everybody, with each other's tags, numbers
// and times: whatever comes is accepted or refused, nothing stops the node, the
// invariants hold after every block, and books and quota add up to what was accepted.
func TestAnyTrade(t *testing.T) {
	accepted, codes := map[string]int{}, map[types.Code]int{}
	rapid.Check(t, func(rt *rapid.T) {
		l := newLedger(t)
		defer l.close()
		w := newWildTrade(l)
		for range 100 {
			w.one(rt, accepted, codes)
		}
		l.check()
		w.account(rt)
	})
	t.Logf("accepted %v", accepted)
	t.Logf("codes %v", codes)
	for _, k := range []string{"RecordOrder", "RecordPayment", "RecordWaybill", "GrantQuota", "Declare", "Decide", "Cancel", "DecideCancel", "SignFor", "ReturnGoods", "DecideReturn", "CreditBook"} {
		if accepted[k] == 0 {
			t.Errorf("no %s was accepted: the test goes nowhere", k)
		}
	}
}

// wildTrade is a few orders that everybody says everything about.
type wildTrade struct {
	l      *ledger
	trades []*trade
	books  []types.BookID
	seq    int64
	last   map[types.OrderID]*types.ReturnGoods
}

func newWildTrade(l *ledger) *wildTrade {
	w := &wildTrade{l: l, last: map[types.OrderID]*types.ReturnGoods{}}
	for i := range 2 {
		w.books = append(w.books, types.BookID(zone+"/"+types.BookName(types.Hash{3}, "T2991W000012", fmt.Sprint(i))))
	}
	w.trades = []*trade{newTrade(l, "N1"), newTrade(l, "N2"), newExport(l, "N3")}
	for i := range w.trades[1].list.Lines {
		w.trades[1].list.Mode = 1210
		w.trades[1].list.Lines[i].Book, w.trades[1].list.Lines[i].Quantity, w.trades[1].list.Lines[i].Step = w.books[i], int64(w.trades[1].pieces[i]), 1
	}
	return w
}

// one says one thing, mostly by who may say it and as it should be.
func (w *wildTrade) one(t *rapid.T, accepted map[string]int, codes map[types.Code]int) {
	l := w.l
	if pick(t, "time passes", 30) == 0 {
		l.now += of(t, "how long", []int64{hour, hour, day, day, 4 * day, 16 * day, 31 * day, 100 * day})
	}
	tr := of(t, "order", w.trades)
	who, body := w.honest(t, tr)
	if pick(t, "honest", 5) < 2 {
		who, body = w.body(t, tr)
	}
	if pick(t, "anybody", 12) == 0 {
		who = of(t, "who", []string{shop, pay, rival, puppet, shell, carrier, courier, broker, agent, clerk, customs, port, zone})
	}
	if body.Check() != nil {
		return // no such transaction can be signed
	}
	v := l.tx(who, of(t, "on error", []string{types.OnErrorRollback, types.OnErrorProceed}), body)
	if pick(t, "twice", 10) == 0 {
		v.Transaction.Bodies = append(v.Transaction.Bodies, body)
	}
	for _, r := range l.block(v) { // fails the test on any error of the node
		codes[r.Code]++
		if r.Code == types.OK {
			accepted[v.Transaction.Kind]++
		}
	}
	view, err := l.store.View(0)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	if err := app.CheckInvariants(view); err != nil {
		t.Fatalf("after %s says %+v: %v", who, body, err)
	}
	l.checkIndex(view)
}

// next is a version that is newer, mostly.
func (w *wildTrade) next(t *rapid.T) int64 {
	if pick(t, "version", 10) == 0 {
		return of(t, "odd version", []int64{1, w.seq, w.l.now + 2*hour, types.MaxInteger})
	}
	w.seq++
	return genesisTime + w.seq
}

// name is a document's ULID: its own, at another time, or another order's.
func (w *wildTrade) name(t *rapid.T, tr *trade, slot, prefix string, own string) string {
	switch pick(t, "name", 8) {
	case 0:
		return tr.stream(slot, prefix+of(t, "number", w.trades).number, w.l.now-of(t, "ago", []int64{-1000, 0, 1000, hour, 20 * day}))
	case 1:
		ms, _ := types.ULIDTime(own)
		return tr.stream(slot, prefix+of(t, "number", w.trades).number, ms+int64(pick(t, "later", 3))-1)
	}
	return own
}

// tag is the right tag, mostly; else one of another order, or none.
func (w *wildTrade) tag(t *rapid.T, right types.Hash, other func(*trade) types.Hash) types.Hash {
	switch pick(t, "tag", 24) {
	case 0:
		return other(of(t, "whose", w.trades))
	case 1:
		return types.Hash{byte(pick(t, "any", 3))}
	}
	return right
}

// honest is what the order waits for.
func (w *wildTrade) honest(t *rapid.T, tr *trade) (string, types.Body) {
	o := w.l.order(tr.id)
	if o == nil {
		o = new(types.Order)
	}
	w.seq++
	seq := genesisTime + w.seq
	order := changed(tr.order, func(b *types.RecordOrder) { b.Seq = seq })
	switch state := o.StateAt(w.l.now); {
	case o.Slot(types.SlotOrder) == nil || state == types.StateStale || state == types.StateLapsed || state == types.StateCancelled:
		return shop, order
	case o.Slot(types.SlotPayment) == nil || state == types.StateMismatch && coin(t, "the payment"):
		return pay, changed(tr.pay, func(b *types.RecordPayment) { b.Seq = seq })
	case o.Slot(types.SlotWaybill) == nil:
		return carrier, changed(tr.bill, func(b *types.RecordWaybill) { b.Seq = seq })
	case state == types.StateMismatch:
		return shop, order
	case state == types.StateMatched:
		return w.file(t, tr, o)
	case slices.Contains([]string{types.StateReleased, types.StateClosed, types.StateSigned, types.StateReturned}, state):
		if o.Clearance[0].Signed == 0 && coin(t, "signed for") {
			return carrier, &types.SignFor{Order: tr.id, Time: w.l.now, Document: types.Hash{1}}
		}
		return o.Slot(types.SlotDeclaration).Member, w.comeBack(t, tr, o)
	case state == types.StateReturning:
		return o.Clearance[0].Office, &types.DecideReturn{Order: tr.id, Return: o.Returns[len(o.Returns)-1].Return, Status: of(t, "word", []uint64{100, 399, 399, 800, 800})}
	}
	if !o.Clearance[0].Cancel.IsZero() && coin(t, "cancelled") {
		return o.Clearance[0].Office, &types.DecideCancel{Order: tr.id, Status: types.StatusAudit}
	}
	return o.Clearance[0].Office, &types.Decide{Order: tr.id, Status: of(t, "next", decisions[o.State])}
}

// decisions are what customs says next of goods before their release; about those that are
// sent back nothing is left to say.
var decisions = map[string][]uint64{
	types.StateDeclared: {120}, types.StateAccepted: {300, 399}, types.StateReview: {399}, types.StateAudited: {500, 800, 800},
	types.StateInspect: {501, 800, 800}, types.StateDetained: {700, 800}, types.StateSentBack: {100},
}

// file takes a matched order to customs: quota, goods in the book, the list.
func (w *wildTrade) file(t *rapid.T, tr *trade, o *types.Order) (string, types.Body) {
	order := o.Slot(types.SlotOrder)
	if o.Flow == types.FlowImport && (len(o.Quota) == 0 || o.Quota[0].State != types.QuotaReserved || o.Quota[0].Expires <= w.l.now+1000 || o.Quota[0].Document != order.Document) {
		return customs, &types.GrantQuota{Order: tr.id, Grant: ulidAt(w.l, w.l.now), Document: order.Document, Expires: w.l.now + day}
	}
	if tr.list.Mode == 1210 && coin(t, "enter") {
		return zone, &types.CreditBook{Book: string(of(t, "book", w.books))[len(zone)+1:], Entry: ulidAt(w.l, w.l.now), Quantity: 3, Document: types.Hash{1}}
	}
	return broker, changed(tr.list, func(d *types.Declare) {
		d.Seq, d.Declaration, d.Goods = w.l.now, ulidAt(w.l, w.l.now), order.Tag(types.TagGoods)
		if len(o.Quota) > 0 {
			d.Grant = o.Quota[0].Grant
		}
	})
}

func (w *wildTrade) body(t *rapid.T, tr *trade) (string, types.Body) {
	o := w.l.order(tr.id)
	pickOf := func(all ...string) string { return of(t, "by", all) }
	switch step := pick(t, "what", 24); {
	case step < 4:
		return shop, w.order(t, tr)
	case step < 7:
		return pickOf(pay, pay, pay, rival), changed(tr.pay, func(p *types.RecordPayment) {
			p.Seq, p.Payment = w.next(t), w.name(t, tr, types.SlotPayment, "P", p.Payment)
			p.Number = w.tag(t, p.Number, func(o *trade) types.Hash { return o.pay.Number })
			p.Amount = w.tag(t, p.Amount, func(o *trade) types.Hash { return o.pay.Amount })
			p.Payer = w.tag(t, p.Payer, func(o *trade) types.Hash { return o.pay.Payer })
		})
	case step < 10:
		return pickOf(carrier, carrier, carrier, courier), changed(tr.bill, func(b *types.RecordWaybill) {
			b.Seq, b.Waybill = w.next(t), w.name(t, tr, types.SlotWaybill, "W", b.Waybill)
			b.Number = w.tag(t, b.Number, func(o *trade) types.Hash { return o.bill.Number })
			b.Consignee = w.tag(t, b.Consignee, func(o *trade) types.Hash { return o.bill.Consignee })
		})
	case step < 12 && o != nil && o.Slot(types.SlotOrder) != nil:
		g := &types.GrantQuota{Order: tr.id, Grant: ulidAt(w.l, w.l.now), Document: o.Slot(types.SlotOrder).Document, Expires: w.l.now + of(t, "for", []int64{1000, hour, day})}
		if pick(t, "no", 8) == 0 {
			g.Expires, g.Reason = 0, of(t, "why", []int64{types.ReasonSingle, types.ReasonAnnual})
		}
		return pickOf(customs, customs, port), g
	case step < 15:
		return pickOf(broker, broker, broker, agent, clerk), w.declare(t, tr, o)
	case step < 19:
		return pickOf(customs, customs, customs, customs, port), &types.Decide{Order: tr.id, Status: of(t, "status", append([]uint64{120, 399, 800, 800}, types.Statuses...))}
	case step == 19:
		return pickOf(broker, broker, broker, agent), &types.Cancel{Order: tr.id, Document: types.Hash{1}}
	case step == 20:
		return pickOf(customs, customs, customs, port), &types.DecideCancel{Order: tr.id, Status: of(t, "word", []uint64{types.StatusReject, types.StatusAudit})}
	case step == 21 && coin(t, "enter"):
		return zone, &types.CreditBook{Book: string(of(t, "book", w.books))[len(zone)+1:], Entry: ulidAt(w.l, w.l.now), Document: types.Hash{1},
			Quantity: of(t, "quantity", []int64{1, 5, 5, types.MaxInteger, types.MaxInteger - 5})}
	case step == 21:
		return pickOf(carrier, carrier, courier), &types.SignFor{Order: tr.id, Time: w.l.now - of(t, "ago", []int64{-day, 0, 0, day}), Document: types.Hash{1}}
	case step == 22 && o != nil:
		return pickOf(broker, broker, broker, agent), w.comeBack(t, tr, o)
	}
	r := &types.DecideReturn{Order: tr.id, Return: ulidAt(w.l, 1), Status: of(t, "word", []uint64{100, 399, 399, 800, 800})}
	if b := w.last[tr.id]; b != nil {
		r.Return = b.Return
	}
	return pickOf(customs, customs, customs, port), r
}

// order is the order again, sometimes with other locks, goods or another flow.
func (w *wildTrade) order(t *rapid.T, tr *trade) types.Body {
	return changed(tr.order, func(o *types.RecordOrder) {
		o.Seq = w.next(t)
		switch pick(t, "order", 10) {
		case 0:
			o.Payment = types.Hash{byte(1 + pick(t, "lock", 3))}
		case 1:
			o.Waybill = of(t, "another's", w.trades).order.Waybill
		case 2:
			o.Declaration = types.NumberLockFor(tr.list.Number, of(t, "for", []string{broker, agent}))
		case 3:
			o.Payment = types.NumberLockFor(tr.pay.Number, of(t, "for", []string{pay, rival}))
		case 4:
			o.Goods, o.Document = types.Hash{1}, types.Hash{2}
		case 5:
			o.Amount = of(t, "amount", w.trades).order.Amount
		case 6:
			o.Flow, o.Payer, o.Consignee = of(t, "flow", []string{types.FlowImport, types.FlowExport}), types.Hash{}, types.Hash{}
		}
	})
}

func (w *wildTrade) declare(t *rapid.T, tr *trade, o *types.Order) types.Body {
	return changed(tr.list, func(d *types.Declare) {
		d.Seq, d.Office = w.next(t), of(t, "office", []string{customs, customs, customs, port, agent})
		d.Declaration = ulidAt(w.l, w.l.now-int64(pick(t, "ago", 2)))
		if o != nil && len(o.Quota) > 0 && pick(t, "grant", 12) > 0 {
			d.Grant = o.Quota[0].Grant
		}
		d.Payer = w.tag(t, d.Payer, func(o *trade) types.Hash { return o.list.Payer })
		d.Number = w.tag(t, d.Number, func(o *trade) types.Hash { return o.list.Number })
		d.Goods = w.tag(t, d.Goods, func(o *trade) types.Hash { return o.list.Goods })
		if pick(t, "mode", 8) == 0 {
			d.Mode = of(t, "procedure", []uint64{9610, 1210, 1239, 9710, 9810})
		}
		if pick(t, "lines", 6) == 0 {
			n := of(t, "quantity", []int64{1, 3, types.MaxInteger})
			d.Lines = []types.DeclaredLine{{Anchor: d.Lines[0].Anchor, Book: of(t, "book", w.books), Quantity: n, Step: 1 + n/int64(1+pick(t, "step", 3))/2}, d.Lines[1]}
		}
	})
}

// comeBack returns a few pieces, sometimes more than are left.
func (w *wildTrade) comeBack(t *rapid.T, tr *trade, o *types.Order) types.Body {
	line, before := pick(t, "line", 2), uint64(0)
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if r.Status != types.StatusReject && l.Line == uint64(line) {
				before += l.Pieces
			}
		}
	}
	before = min(before, tr.pieces[line]) - uint64(pick(t, "again", 8)/7)&min(before, 1)
	r := changed(*tr.comeBack("any", line, before, uint64(1+pick(t, "pieces", 3))), func(r *types.ReturnGoods) { r.Return = ulidAt(w.l, w.l.now) })
	w.last[tr.id] = r
	return r
}

// account computes books and quota anew from the bodies that were accepted, and compares
// them with the records.
func (w *wildTrade) account(t *rapid.T) {
	a := newAccount()
	for _, b := range w.l.blocks {
		for _, e := range b.Events {
			a.add(t, &e.Event)
		}
	}
	balances := map[types.BookID]int64{}
	for _, id := range w.books {
		if b := record[types.Book](w.l, "book/"+string(id)); b != nil {
			balances[id] = b.Balance
		}
	}
	maps.DeleteFunc(a.books, func(_ types.BookID, n int64) bool { return n == 0 })
	maps.DeleteFunc(balances, func(_ types.BookID, n int64) bool { return n == 0 })
	if !maps.Equal(a.books, balances) {
		t.Fatalf("books hold %v, the bodies give %v", balances, a.books)
	}
	for _, tr := range w.trades {
		o := w.l.order(tr.id)
		if o == nil || len(o.Quota) == 0 {
			continue
		}
		if q := o.Quota[0]; a.quota[q.Grant] != q.State {
			t.Fatalf("grant %s of order %s is %s, the bodies give %s", q.Grant, tr.id, q.State, a.quota[q.Grant])
		}
	}
}

// account is a second bookkeeping, from accepted bodies alone.
type account struct {
	books   map[types.BookID]int64
	quota   map[string]string // state by grant
	list    map[types.OrderID]*types.Declare
	returns map[string]*types.ReturnGoods // by order and ULID
	settled map[string]bool               // grants whose goods were released once
}

func newAccount() *account {
	return &account{map[types.BookID]int64{}, map[string]string{}, map[types.OrderID]*types.Declare{}, map[string]*types.ReturnGoods{}, map[string]bool{}}
}

func (a *account) add(t *rapid.T, e *types.Event) {
	if e.Tx.IsZero() {
		return // the genesis
	}
	body, err := types.DecodeBody(e.Kind, e.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch b := body.(type) {
	case *types.CreditBook:
		a.books[types.BookID(e.Member+"/"+b.Book)] += b.Quantity
	case *types.GrantQuota:
		if a.quota[b.Grant] != "" {
			t.Fatalf("grant %s was given twice", b.Grant)
		}
		a.quota[b.Grant] = types.QuotaReserved
		if b.Reason != 0 {
			a.quota[b.Grant] = types.QuotaRefused
		}
	case *types.Declare:
		if a.list[b.Order] != nil {
			t.Fatalf("order %s was declared twice", b.Order)
		}
		if b.Grant != "" && a.quota[b.Grant] != types.QuotaReserved {
			t.Fatalf("declared with a grant that is %q", a.quota[b.Grant])
		}
		a.list[b.Order] = b
		a.turn(b.Order, types.QuotaUsed)
		a.book(b, -1)
	case *types.Decide:
		a.decide(t, b)
	case *types.DecideCancel:
		if b.Status == types.StatusAudit {
			a.withdraw(b.Order, types.QuotaFreed)
		}
	case *types.ReturnGoods:
		a.returns[string(b.Order)+b.Return] = b
	case *types.DecideReturn:
		if b.Status == types.StatusRelease {
			a.arrived(t, b)
		}
	}
}

func (a *account) decide(t *rapid.T, b *types.Decide) {
	switch b.Status {
	case types.StatusReject:
		a.withdraw(b.Order, types.QuotaReserved)
	case types.StatusReturn:
		a.turn(b.Order, types.QuotaFreed)
	case types.StatusRelease:
		if grant := a.list[b.Order].Grant; grant != "" && a.settled[grant] {
			t.Fatalf("two releases with grant %s", grant)
		}
		a.settled[a.list[b.Order].Grant] = true
		a.turn(b.Order, types.QuotaSettled)
	}
}

func (a *account) turn(id types.OrderID, state string) {
	if grant := a.list[id].Grant; grant != "" {
		a.quota[grant] = state
	}
}

func (a *account) withdraw(id types.OrderID, quota string) {
	a.turn(id, quota)
	a.book(a.list[id], +1)
	a.list[id] = nil
}

func (a *account) book(b *types.Declare, sign int64) {
	for _, l := range b.Lines {
		if l.Book != "" {
			a.books[l.Book] += sign * l.Quantity
		}
	}
}

// arrived gives the books back what a return brings, once.
func (a *account) arrived(t *rapid.T, b *types.DecideReturn) {
	key := string(b.Order) + b.Return
	r := a.returns[key]
	if r == nil {
		t.Fatalf("return %s arrived twice, or was never applied for", b.Return)
	}
	delete(a.returns, key)
	for _, l := range r.Lines {
		if line := a.list[b.Order].Lines[l.Line]; line.Book != "" {
			a.books[line.Book] += line.Step * int64(l.Pieces)
		}
	}
}
