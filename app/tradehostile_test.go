package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// bind locks the order's slots for the members that shall fill them, as a platform does
// that knows them.
func (tr *trade) bind() {
	lock := func(slot, member string) types.Hash {
		return types.NumberLockFor(types.NumberTag(tr.ticket, slot, tr.number), member)
	}
	tr.order.Payment, tr.order.Waybill, tr.order.Declaration = lock(types.SlotPayment, pay), lock(types.SlotWaybill, carrier), lock(types.SlotDeclaration, broker)
}

// TestCopiedTags: whoever sees a document before it is in a block, or one that was
// refused, can copy it. A lock for one member does not open for another.
func TestCopiedTags(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.bind()
	pays := changed(tr.pay, func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now+1000) })
	ships := changed(tr.bill, func(w *types.RecordWaybill) { w.Waybill = ulidAt(l, l.now+2000) })
	l.must(rival, pays) // in front of the platform's order
	l.refuse(types.NotIndependent, pay, &tr.pay)
	l.must(shop, &tr.order)
	if got := l.order(tr.id); got.Slot(types.SlotPayment) != nil {
		t.Errorf("the copy stays: %+v", got.Slots)
	}
	l.refuse(types.OrderMismatch, rival, pays)
	l.refuse(types.OrderMismatch, courier, ships)
	l.must(pay, &tr.pay)
	l.must(carrier, &tr.bill)
	l.must(customs, tr.grant())
	l.refuse(types.OrderMismatch, agent, changed(tr.list, func(d *types.Declare) { d.Declaration, d.Office = ulidAt(l, l.now), port }))
	l.must(broker, &tr.list)
	l.must(customs, tr.decision(types.StatusReject))
	l.refuse(types.OrderMismatch, agent, changed(tr.list, func(d *types.Declare) { d.Declaration = ulidAt(l, l.now) }))
	l.must(broker, &tr.list)
	l.check()
}

// TestOpenLocksCanBeBoundLater: a copy was first where the locks were for anybody; a newer
// version of the order turns it out for good, and nothing else is lost.
func TestOpenLocksCanBeBoundLater(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	l.must(shop, &tr.order)
	l.must(rival, changed(tr.pay, func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now) }))
	l.refuse(types.NotIndependent, pay, &tr.pay)
	tr.bind()
	tr.order.Seq++
	l.must(shop, &tr.order)
	l.must(pay, &tr.pay)
	l.must(carrier, &tr.bill)
	l.must(customs, tr.grant())

	late := newTrade(l, "N2")
	late.match()
	copied := changed(late.list, func(d *types.Declare) { d.Declaration, d.Office = ulidAt(l, l.now), port })
	l.must(agent, copied)
	l.refuse(types.DuplicateList, broker, &late.list)
	l.must(port, late.decision(types.StatusReject))
	late.bind()
	late.order.Seq++
	l.must(shop, &late.order)
	l.refuse(types.OrderMismatch, agent, changed(*copied, func(d *types.Declare) { d.Declaration = ulidAt(l, l.now) }))
	l.must(broker, &late.list) // with the grant that it had
	l.check()
}

// TestSquatters: documents beside an order that is not recorded yet give way, and nobody
// makes orders that no platform can record.
func TestSquatters(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr, other := newTrade(l, "N1"), newTrade(l, "N2")
	l.refuse(types.MemberUnknown, pay, changed(tr.pay, func(p *types.RecordPayment) { p.Order = types.OrderID("nobody/" + tr.order.Order) }))
	l.refuse(types.MemberUnknown, pay, changed(tr.pay, func(p *types.RecordPayment) { p.Order = types.OrderID(coop + "/" + tr.order.Order) }))
	for _, ms := range []int64{-32 * day, hour} {
		l.refuse(types.KeyTime, pay, changed(tr.pay, func(p *types.RecordPayment) { p.Order = types.OrderID(shop + "/" + ulidAt(l, l.now+ms)) }))
	}
	l.must(puppet, changed(tr.pay, func(p *types.RecordPayment) { p.Number, p.Payment = types.Hash{66}, ulidAt(l, l.now) }))
	squat := changed(tr.bill, func(w *types.RecordWaybill) { w.Number, w.Waybill = types.Hash{67}, ulidAt(l, l.now) })
	l.must(courier, squat)
	l.must(shop, &tr.order)
	if n := len(l.order(tr.id).Slots); n != 1 {
		t.Errorf("%d slots", n)
	}
	l.must(shop, &other.order)
	other.bill.Waybill = squat.Waybill
	l.must(courier, &other.bill) // what was put beside the wrong order is free
	l.must(pay, &tr.pay)
	l.must(carrier, &tr.bill)
	tr.state(types.StateMatched)
	l.check()
}

// TestControlIsFollowed: a payment company that the platform controls through another.
func TestControlIsFollowed(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	l.must(shop, &tr.order)
	l.refuse(types.NotIndependent, puppet, &tr.pay)
	l.refuse(types.NotIndependent, shell, &tr.pay)
	l.must(pay, &tr.pay)
	l.check()
}

// TestNumbersBesideOneOrder: a payment company and a platform that work together do not
// get one payment beside two orders, however they show and take back its names.
func TestNumbersBesideOneOrder(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	first, second := newTrade(l, "N1"), newTrade(l, "N2")
	l.must(shop, &first.order)
	l.must(shop, &second.order)
	shown := func(tr *trade, ms int64) *types.RecordPayment {
		tr.pay.Seq++
		return changed(tr.pay, func(p *types.RecordPayment) { p.Payment = tr.stream(types.SlotPayment, "PN1", ms) })
	}
	turnOut := func(tr *trade) {
		t.Helper()
		tr.order.Seq++
		l.must(shop, changed(tr.order, func(o *types.RecordOrder) { o.Payment = types.Hash{1} }))
		tr.order.Seq++
		l.must(shop, &tr.order)
	}
	early, late := l.now+10, l.now+20
	l.must(pay, shown(first, early))
	l.must(pay, shown(first, late))
	l.must(pay, shown(first, early)) // under its earlier name again
	l.check()
	l.must(pay, shown(first, late))
	turnOut(first)
	l.refuse(types.PaymentReused, pay, shown(first, early)) // free, and later than that
	l.must(pay, shown(second, late+1))
	for _, ms := range []int64{early, late, late + 1, late + 2} {
		l.refuse(types.PaymentReused, pay, shown(first, ms))
	}
	turnOut(second)
	l.must(pay, shown(first, late+2))
	for _, ms := range []int64{early, late, late + 1, late + 2, late + 3} {
		l.refuse(types.PaymentReused, pay, shown(second, ms))
	}
	l.check()
}

// TestLatestNameFirst: an earlier name that comes later leaves the index as a snapshot
// gives it.
func TestLatestNameFirst(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	l.must(shop, &tr.order)
	for i, ms := range []int64{3000, 1000, 2000} {
		l.must(pay, changed(tr.pay, func(p *types.RecordPayment) {
			p.Seq, p.Payment = tr.pay.Seq+int64(i), tr.stream(types.SlotPayment, "PN1", genesisTime+ms)
		}))
		l.check()
	}
}

// TestRefusedLeavesNoIndex: a number that was claimed by a body that was refused or rolled
// back is nobody's.
func TestRefusedLeavesNoIndex(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr, other := newTrade(l, "N1"), newTrade(l, "N2")
	l.must(shop, &tr.order)
	l.must(shop, &other.order)
	l.must(carrier, &tr.bill)
	late := changed(tr.pay, func(p *types.RecordPayment) { p.Payment = tr.stream(types.SlotPayment, "PN1", genesisTime+5000) })
	l.refuse(types.TimeOrder, pay, late)
	l.refuse(types.NotIndependent, puppet, &tr.pay)
	results := l.block(l.tx(pay, types.OnErrorRollback, &tr.pay, &tr.pay))
	if codes := fmt.Sprint(results[0].Codes); codes != "[ROLLED_BACK STALE_MSG]" {
		t.Errorf("%s", codes)
	}
	for key := range l.indexed {
		if strings.HasPrefix(key, "~payment") {
			t.Errorf("%s stands beside the tree", key)
		}
	}
	l.must(pay, changed(other.pay, func(p *types.RecordPayment) { p.Payment = tr.pay.Payment }))
	l.check()
}

// TestOldOrdersCanBeMended: the window is for new names. An order that customs rejects
// after two months is mended and declared again; one that lapsed is renewed.
func TestOldOrdersCanBeMended(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr, stale := newTrade(l, "N1"), newTrade(l, "N2")
	tr.match()
	l.must(shop, &stale.order)
	l.must(broker, &tr.list)
	l.now += 60 * day
	l.must(customs, tr.decision(types.StatusReject))
	grant := ulidAt(l, l.now)
	for _, step := range []struct {
		who  string
		body types.Body
	}{
		{shop, changed(tr.order, func(o *types.RecordOrder) { o.Seq++ })},
		{pay, changed(tr.pay, func(p *types.RecordPayment) { p.Seq++ })},
		{carrier, changed(tr.bill, func(w *types.RecordWaybill) { w.Seq++ })},
		{customs, &types.GrantQuota{Order: tr.id, Grant: grant, Document: tr.order.Document, Expires: l.now + hour}},
		{broker, changed(tr.list, func(d *types.Declare) { d.Seq, d.Grant = d.Seq+1, grant })},
	} {
		l.must(step.who, step.body)
	}
	stale.state(types.StateStale)
	stale.order.Seq++
	l.must(shop, &stale.order)
	stale.state(types.StatePartial)
	l.refuse(types.KeyTime, pay, &stale.pay) // a payment of two months ago is a new name
	l.check()
}

// TestVersionsOfTheFuture: a version that nothing could follow is refused.
func TestVersionsOfTheFuture(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	for _, seq := range []int64{types.MaxInteger, l.now + hour} {
		l.refuse(types.TimeOrder, shop, changed(tr.order, func(o *types.RecordOrder) { o.Seq = seq }))
		l.refuse(types.TimeOrder, pay, changed(tr.pay, func(p *types.RecordPayment) { p.Seq = seq }))
	}
	l.must(shop, &tr.order)
	l.check()
}

// TestFlowStays: an order does not turn into an export when its buyer has no quota.
func TestFlowStays(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.match()
	l.refuse(types.FieldInvalid, shop, changed(tr.order, func(o *types.RecordOrder) {
		o.Seq, o.Flow, o.Payer, o.Consignee = o.Seq+1, types.FlowExport, types.Hash{}, types.Hash{}
	}))
	l.must(broker, &tr.list)
	l.check()
}

// TestQuotaIsNotHeldHostage: a reservation ends by itself, a grant is given once, and what
// was said about one version says nothing about the next.
func TestQuotaIsNotHeldHostage(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.match()
	first := tr.list.Grant
	second := &types.GrantQuota{Order: tr.id, Grant: ulidAt(l, l.now), Document: tr.order.Document, Expires: l.now + hour}
	l.must(port, second) // another office's word
	if q := l.order(tr.id).Quota[0]; q.By != port || q.Grant != second.Grant {
		t.Errorf("the grant is %+v", q)
	}
	l.refuse(types.GrantMissing, broker, &tr.list)
	l.refuse(types.GrantReused, customs, tr.grant()) // the first one again
	tr.list.Grant = second.Grant
	l.must(broker, &tr.list)
	l.must(broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}})
	l.must(customs, &types.DecideCancel{Order: tr.id, Status: types.StatusAudit})
	for _, id := range []string{first, second.Grant} {
		l.refuse(types.GrantReused, customs, changed(*tr.grant(), func(g *types.GrantQuota) { g.Grant = id }))
	}
	l.must(customs, &types.GrantQuota{Order: tr.id, Grant: ulidAt(l, l.now), Document: tr.order.Document, Reason: types.ReasonAnnual})
	tr.order.Seq, tr.order.Document = tr.order.Seq+1, types.Hash{44}
	l.must(shop, &tr.order)
	l.refuse(types.GrantMissing, broker, &tr.list)
	l.check()
}

// TestSignedForWhileReturning: the carrier's word may come after that of a return, and a
// return does not silence it.
func TestSignedForWhileReturning(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.release()
	back := tr.comeBack("one", 0, 0, 1)
	l.must(broker, back)
	sign := &types.SignFor{Order: tr.id, Time: l.now, Document: types.Hash{1}}
	l.must(carrier, sign)
	tr.state(types.StateReturning)
	l.refuse(types.StatusOrder, carrier, sign)
	l.must(customs, tr.returned(back, types.StatusReject))
	tr.state(types.StateSigned)
	l.refuse(types.NotReleased, carrier, sign)

	other := newTrade(l, "N2")
	other.release()
	gone := other.comeBack("one", 0, 0, 1)
	l.must(broker, gone)
	l.must(customs, other.returned(gone, types.StatusAudit))
	l.must(customs, other.returned(gone, types.StatusRelease))
	l.must(carrier, &types.SignFor{Order: other.id, Time: l.now, Document: types.Hash{1}})
	other.state(types.StateReturned)
	l.check()
}

// TestReturnsAreBounded: the record of an order does not grow with refused returns.
func TestReturnsAreBounded(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.release()
	var last *types.ReturnGoods
	for block := range 20 {
		var txs []*types.Verified
		for i := range 50 {
			last = tr.comeBack(fmt.Sprint("r", block, " ", i), 0, 0, 1)
			txs = append(txs, l.tx(broker, types.OnErrorRollback, last), l.tx(customs, types.OnErrorRollback, tr.returned(last, types.StatusReject)))
		}
		for i, r := range l.block(txs...) {
			if r.Code != types.OK {
				t.Fatalf("body %d of block %d: %s", i, block, r.Log)
			}
		}
	}
	l.refuse(types.FieldInvalid, broker, changed(*last, func(r *types.ReturnGoods) { r.Return = ulidAt(l, l.now) }))
	l.check()
}

// TestBooksHoldTheirWhole: no sequence of entries and declarations makes a balance that
// an integer does not hold, and no return gives back more than was taken.
func TestBooksHoldTheirWhole(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	name := types.BookName(types.Hash{3}, "T2991W000012", "17")
	id := types.BookID(zone + "/" + name)
	enter := func(n int64) *types.CreditBook {
		return &types.CreditBook{Book: name, Entry: ulidAt(l, l.now), Quantity: n, Document: types.Hash{1}}
	}
	l.must(zone, enter(types.MaxInteger-5))
	tr := newTrade(l, "N1")
	tr.list.Mode = 1210
	tr.list.Lines = []types.DeclaredLine{{Anchor: types.ReturnAnchor(types.ReturnSeed(tr.seed, 0), 3), Book: id, Quantity: types.MaxInteger - 5, Step: types.MaxInteger - 5}}
	tr.match()
	l.refuse(types.ModeDiffers, broker, changed(tr.list, func(d *types.Declare) { d.Mode = 9610 }))
	l.must(broker, &tr.list)
	l.refuse(types.FieldInvalid, zone, enter(6)) // the book is empty, and would overflow with what may come back
	l.must(zone, enter(5))
	for _, status := range []uint64{120, 399, 800} {
		l.must(customs, tr.decision(status))
	}
	l.refuse(types.ReturnQuantity, broker, tr.comeBack("two of one", 0, 0, 2))
	all := tr.comeBack("one of one", 0, 0, 1)
	l.must(broker, all)
	l.must(customs, tr.returned(all, types.StatusAudit))
	l.must(customs, tr.returned(all, types.StatusRelease))
	if got := record[types.Book](l, "book/"+string(id)); got.Balance != types.MaxInteger || got.Entered != types.MaxInteger {
		t.Errorf("%+v", got)
	}
	l.refuse(types.ReturnQuantity, broker, tr.comeBack("the rest", 0, 1, 1))
	l.check()
}

// TestTariffIsNotEndedForEver: a version at the end of time would be the last one.
func TestTariffIsNotEndedForEver(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	l.refuse(types.FieldInvalid, customs, &types.SetTariff{Code: "2101", From: types.MaxInteger, VAT: 1})
	l.refuse(types.FieldInvalid, customs, &types.SetLimits{From: l.now + 3*year, Single: 1, Annual: 1})
	l.must(customs, &types.SetTariff{Code: "2101", From: l.now + year, VAT: 1})
	l.check()
}

// TestSnapshotOfTrade: a node that joins in the middle executes what follows like one that
// was always there.
func TestSnapshotOfTrade(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	first, second := newTrade(l, "N1"), newTrade(l, "N2")
	l.must(shop, &first.order)
	l.must(shop, &second.order)
	for i, ms := range []int64{3000, 1000} {
		l.must(pay, changed(first.pay, func(p *types.RecordPayment) {
			p.Seq, p.Payment = first.pay.Seq+int64(i), first.stream(types.SlotPayment, "PN1", genesisTime+ms)
		}))
	}
	joined := l.join()
	defer joined.Close()
	l.now += 1000
	again := l.tx(pay, types.OnErrorRollback, changed(second.pay, func(p *types.RecordPayment) { p.Payment = second.stream(types.SlotPayment, "PN1", l.now) }))
	var roots []string
	for _, s := range []*store.Store{l.store, joined} {
		b, err := app.NewBlock(s, l.live, app.Header{Height: l.height + 1, Time: l.now, Hash: blockHash(l.height + 1)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Execute(again)
		if err != nil || r.Code != types.PaymentReused {
			t.Fatalf("%v %v", r, err)
		}
		done, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		root, err := s.Apply(l.height+1, done.Writes)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, fmt.Sprintf("%X", root))
	}
	if roots[0] != roots[1] {
		t.Errorf("roots %v", roots)
	}
}
