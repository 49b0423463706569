package app_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// trade is one order with everything about it.
type trade struct {
	l      *ledger
	ticket types.Secret
	number string
	id     types.OrderID
	order  types.RecordOrder
	pay    types.RecordPayment
	bill   types.RecordWaybill
	list   types.Declare
	seed   types.Secret // of the list, whose lines have so many pieces:
	pieces []uint64
	back   *types.ReturnGoods // the last return that was made
}

// newTrade makes consistent documents of an import: order, payment a second later,
// waybill two, list three.
func newTrade(l *ledger, number string) *trade {
	l.t.Helper()
	key := types.Keyed(types.Hash{7}, "match", number)
	at := l.now
	tr := &trade{l: l, ticket: key, number: number, seed: types.Keyed(types.Hash{6}, "seed", number), pieces: []uint64{3, 2}}
	lock := func(slot string) types.Hash { return types.NumberLock(types.NumberTag(key, slot, number)) }
	tr.order = types.RecordOrder{
		Order: tr.stream(types.SlotOrder, number, at), Seq: at, Flow: types.FlowImport, Document: types.Hash{1},
		Payment: lock(types.SlotPayment), Waybill: lock(types.SlotWaybill), Declaration: lock(types.SlotDeclaration),
		Amount: tr.tag(types.TagAmount, "99 142"), Merchant: tr.tag(types.TagMerchant, "seller"), Goods: tr.tag(types.TagGoods, "tea"),
		Payer: tr.tag(types.TagPayer, "id"), Consignee: tr.tag(types.TagConsignee, "home"),
	}
	tr.id = types.OrderID(shop + "/" + tr.order.Order)
	tr.pay = types.RecordPayment{
		Order: tr.id, Payment: tr.stream(types.SlotPayment, "P"+number, at+1000), Seq: at, Document: types.Hash{2},
		Number: types.NumberTag(key, types.SlotPayment, number), Amount: tr.order.Amount, Payer: tr.order.Payer,
	}
	tr.bill = types.RecordWaybill{
		Order: tr.id, Waybill: tr.stream(types.SlotWaybill, "W"+number, at+2000), Seq: at, Document: types.Hash{3},
		Number: types.NumberTag(key, types.SlotWaybill, number), Consignee: tr.order.Consignee, Parcel: tr.tag(types.TagParcel, "W"+number),
	}
	tr.list = types.Declare{
		Order: tr.id, Declaration: tr.stream(types.SlotDeclaration, "D"+number, at+3000), Seq: at, Document: types.Hash{4},
		Number: types.NumberTag(key, types.SlotDeclaration, number), Payer: tr.order.Payer, Parcel: tr.bill.Parcel,
		Merchant: tr.order.Merchant, Goods: tr.order.Goods, Office: customs, Mode: 9610, Grant: tr.stream("grant", number, at),
	}
	for i, n := range tr.pieces {
		tr.list.Lines = append(tr.list.Lines, types.DeclaredLine{Anchor: types.ReturnAnchor(types.ReturnSeed(tr.seed, i), n)})
	}
	return tr
}

// newExport makes the documents of an export, which name no person.
func newExport(l *ledger, number string) *trade {
	tr := newTrade(l, number)
	tr.order.Flow, tr.order.Payer, tr.order.Consignee = types.FlowExport, types.Hash{}, types.Hash{}
	tr.pay.Payer, tr.bill.Consignee, tr.list.Payer, tr.list.Grant = types.Hash{}, types.Hash{}, types.Hash{}, ""
	return tr
}

func (tr *trade) tag(name, value string) types.Hash { return types.MatchTag(tr.ticket, name, value) }

func (tr *trade) stream(slot, n string, ms int64) string {
	tr.l.t.Helper()
	id, err := types.StreamID(types.Hash{8}, slot, n, ms)
	if err != nil {
		tr.l.t.Fatal(err)
	}
	return id
}

// grant is customs' word on the quota for an hour.
func (tr *trade) grant() *types.GrantQuota {
	return &types.GrantQuota{Order: tr.id, Grant: tr.list.Grant, Document: tr.order.Document, Expires: tr.l.now + hour}
}

func (tr *trade) decision(status uint64) *types.Decide {
	return &types.Decide{Order: tr.id, Status: status}
}

// comeBack returns pieces of a line of which some came back before.
func (tr *trade) comeBack(name string, line int, before, some uint64) *types.ReturnGoods {
	left := tr.pieces[line] - before
	token := types.ReturnSeed(tr.seed, line) // of a piece that is not there
	if some <= left {
		token = types.ReturnToken(types.ReturnSeed(tr.seed, line), tr.pieces[line], before, some)
	}
	tr.back = &types.ReturnGoods{Order: tr.id, Return: tr.stream("return", name, tr.l.now), Document: types.Hash{5},
		Lines: []types.ReturnLine{{Line: uint64(line), Pieces: some, Token: token}}}
	return tr.back
}

func (tr *trade) returned(r *types.ReturnGoods, status uint64) *types.DecideReturn {
	return &types.DecideReturn{Order: tr.id, Return: r.Return, Status: status}
}

// match says the three documents, and customs' grant for an import.
func (tr *trade) match() {
	tr.l.t.Helper()
	tr.l.must(shop, &tr.order)
	tr.l.must(pay, &tr.pay)
	tr.l.must(carrier, &tr.bill)
	if tr.order.Flow == types.FlowImport {
		tr.l.must(customs, tr.grant())
	}
}

// release takes it all the way out of customs.
func (tr *trade) release() {
	tr.l.t.Helper()
	tr.match()
	tr.l.must(broker, &tr.list)
	for _, status := range []uint64{types.StatusAccept, types.StatusAudit, types.StatusRelease} {
		tr.l.must(customs, tr.decision(status))
	}
}

func (tr *trade) state(want string) {
	tr.l.t.Helper()
	if got := tr.l.order(tr.id).StateAt(tr.l.now); got != want {
		tr.l.t.Errorf("order is %s, want %s", got, want)
	}
}

// changed returns a copy of a body with something else in it.
func changed[T any](v T, change func(*T)) *T {
	change(&v)
	return &v
}

func ulidAt(l *ledger, ms int64) string {
	id, err := types.StreamID(types.Hash{9}, "any", fmt.Sprint(ms), ms)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// TestMatchInEveryOrder: the three documents match whichever comes first.
func TestMatchInEveryOrder(t *testing.T) {
	for i, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			l := newLedger(t)
			defer l.close()
			tr := newTrade(l, fmt.Sprint("N", i))
			for n, which := range order {
				switch which {
				case 0:
					l.must(shop, &tr.order)
				case 1:
					l.must(pay, &tr.pay)
				case 2:
					l.must(carrier, &tr.bill)
				}
				if n < 2 {
					tr.state(types.StatePartial)
				}
			}
			tr.state(types.StateMatched)
			l.check()
		})
	}
}

// TestOrderLife walks every arrow of the way through customs (domain 2.4).
func TestOrderLife(t *testing.T) {
	for _, way := range []struct {
		name     string
		statuses []uint64
		states   []string
	}{
		{"released", []uint64{120, 399, 800, 899}, []string{types.StateAccepted, types.StateAudited, types.StateReleased, types.StateClosed}},
		{"reviewed", []uint64{120, 300, 399, 800}, []string{types.StateAccepted, types.StateReview, types.StateAudited, types.StateReleased}},
		{"inspected", []uint64{120, 399, 500, 800}, []string{types.StateAccepted, types.StateAudited, types.StateInspect, types.StateReleased}},
		{"detained", []uint64{120, 399, 500, 501, 502, 503, 599, 800}, []string{types.StateAccepted, types.StateAudited, types.StateInspect, types.StateDetained, types.StateDetained, types.StateDetained, types.StateDetained, types.StateReleased}},
		{"sent back", []uint64{120, 399, 500, 502, 700}, []string{types.StateAccepted, types.StateAudited, types.StateInspect, types.StateDetained, types.StateSentBack}},
		{"rejected", []uint64{100}, []string{types.StateMatched}},
		{"rejected when accepted", []uint64{120, 100}, []string{types.StateAccepted, types.StateMatched}},
		{"rejected after review", []uint64{120, 300, 100}, []string{types.StateAccepted, types.StateReview, types.StateMatched}},
	} {
		t.Run(way.name, func(t *testing.T) {
			l := newLedger(t)
			defer l.close()
			tr := newTrade(l, "N1")
			tr.match()
			l.must(broker, &tr.list)
			tr.state(types.StateDeclared)
			for i, status := range way.statuses {
				l.must(customs, tr.decision(status))
				tr.state(way.states[i])
				l.check()
			}
		})
	}
}

// TestEveryOtherArrow: what does not follow is refused, in every state.
func TestEveryOtherArrow(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	follows := map[string][]uint64{
		types.StateDeclared: {100, 120}, types.StateAccepted: {100, 300, 399}, types.StateAudited: {500, 800},
		types.StateInspect: {501, 502, 503, 599, 700, 800}, types.StateDetained: {501, 503, 599, 700, 800}, types.StateReleased: {899},
	}
	tr := newTrade(l, "N1")
	tr.match()
	l.must(broker, &tr.list)
	for _, next := range []uint64{120, 399, 500, 502, 800, 899} {
		state := l.order(tr.id).State
		for _, status := range types.Statuses {
			allowed := false
			for _, ok := range follows[state] {
				allowed = allowed || ok == status
			}
			if !allowed {
				l.refuse(types.StatusOrder, customs, tr.decision(status))
			}
		}
		l.must(customs, tr.decision(next))
	}
	tr.state(types.StateClosed)
	l.check()
}

func TestStoryRejectedAndDeclaredAgain(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.match()
	l.must(broker, &tr.list)
	newer := changed(tr.pay, func(p *types.RecordPayment) { p.Seq++ })
	l.refuse(types.Locked, pay, newer) // change after declaration
	l.refuse(types.Locked, shop, changed(tr.order, func(o *types.RecordOrder) { o.Seq++ }))
	l.refuse(types.Locked, customs, changed(*tr.grant(), func(g *types.GrantQuota) { g.Grant = ulidAt(l, l.now) }))
	l.must(customs, &types.Decide{Order: tr.id, Status: types.StatusReject, Reason: -621001})
	if got := l.order(tr.id); got.Clearance[0].Reason != -621001 || got.Quota[0].State != types.QuotaReserved {
		t.Errorf("after the rejection %+v %+v", got.Clearance, got.Quota)
	}
	l.must(pay, newer)
	l.must(broker, &tr.list)
	l.must(customs, tr.decision(types.StatusAccept))
	tr.state(types.StateAccepted)
	l.check()
}

// TestStoryTwoDistricts: the same order is declared by two agents in two districts.
func TestStoryTwoDistricts(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.match()
	second := changed(tr.list, func(d *types.Declare) { d.Declaration, d.Office = ulidAt(l, l.now), port })
	results := l.block(l.tx(broker, types.OnErrorRollback, &tr.list), l.tx(agent, types.OnErrorRollback, second))
	if results[0].Code != types.OK || results[1].Code != types.DuplicateList {
		t.Errorf("both in one block: %s, %s", results[0].Code, results[1].Code)
	}
	l.refuse(types.DuplicateList, agent, second)
	l.refuse(types.NotOffice, port, tr.decision(types.StatusAccept))
	l.must(customs, tr.decision(types.StatusReject))
	l.must(agent, second) // not while the first is live, but now
	l.refuse(types.DuplicateList, broker, &tr.list)
	l.must(port, tr.decision(types.StatusAccept))
	l.check()
}

func TestOrderRefusals(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	l.must(shop, &tr.order)
	with := func(change func(*types.RecordPayment)) *types.RecordPayment { return changed(tr.pay, change) }
	for _, c := range []struct {
		name string
		want types.Code
		who  string
		body types.Body
	}{
		{"a platform pays", types.Role, shop, &tr.pay},
		{"a payment company ships", types.Role, pay, &tr.bill},
		{"a broker decides", types.Role, broker, tr.decision(types.StatusRelease)},
		{"the platform's own payment company", types.NotIndependent, puppet, &tr.pay},
		{"paid before it was ordered", types.TimeOrder, pay, with(func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now-3_600_000) })},
		{"paid long ago", types.KeyTime, pay, with(func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now-40*86_400_000) })},
		{"paid in the future", types.KeyTime, pay, with(func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now+3_600_000) })},
		{"of another order number", types.OrderMismatch, pay, with(func(p *types.RecordPayment) { p.Number = types.Hash{5} })},
		{"the lock shown as the tag", types.OrderMismatch, pay, with(func(p *types.RecordPayment) { p.Number = tr.order.Payment })},
		{"the same order again", types.StaleMessage, shop, &tr.order},
		{"declared too early", types.NotMatched, broker, &tr.list},
		{"decided too early", types.NotDeclared, customs, tr.decision(types.StatusAccept)},
		{"signed for too early", types.NotDeclared, carrier, &types.SignFor{Order: tr.id, Time: l.now, Document: types.Hash{1}}},
		{"an order nobody knows", types.OrderUnknown, broker, changed(tr.list, func(d *types.Declare) { d.Order = shop + "/01KB0Q8YDRN7DPSEYSB6DNYX4Q" })},
		{"a decision on it", types.OrderUnknown, customs, &types.Decide{Order: shop + "/01KB0Q8YDRN7DPSEYSB6DNYX4Q", Status: 120}},
		{"a quota for it", types.OrderUnknown, customs, changed(*tr.grant(), func(g *types.GrantQuota) { g.Order = shop + "/01KB0Q8YDRN7DPSEYSB6DNYX4Q" })},
	} {
		t.Run(c.name, func(t *testing.T) { l.t = t; l.refuse(c.want, c.who, c.body) })
	}
	l.t = t
	l.check()
}

func TestDeclareRefusals(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.match()
	with := func(change func(*types.Declare)) *types.Declare { return changed(tr.list, change) }
	for _, c := range []struct {
		name string
		want types.Code
		who  string
		body types.Body
	}{
		{"another buyer", types.Identity, broker, with(func(d *types.Declare) { d.Payer = types.Hash{1} })},
		{"another seller", types.MerchantDiffer, broker, with(func(d *types.Declare) { d.Merchant = types.Hash{1} })},
		{"other goods", types.GoodsDiffer, broker, with(func(d *types.Declare) { d.Goods = types.Hash{1} })},
		{"another parcel", types.WaybillDiffers, broker, with(func(d *types.Declare) { d.Parcel = types.Hash{1} })},
		{"another order's number", types.OrderMismatch, broker, with(func(d *types.Declare) { d.Number = types.Hash{1} })},
		{"an export's procedure", types.ModeDiffers, broker, with(func(d *types.Declare) { d.Mode = 9810 })},
		{"by the platform's own broker", types.NotIndependent, clerk, &tr.list},
		{"to somebody who is no customs office", types.MemberUnknown, broker, with(func(d *types.Declare) { d.Office = agent })},
		{"without a grant", types.GrantMissing, broker, with(func(d *types.Declare) { d.Grant = "" })},
		{"with another grant", types.GrantMissing, broker, with(func(d *types.Declare) { d.Grant = ulidAt(l, l.now) })},
		{"bonded goods without a book", types.BookUnknown, broker, with(func(d *types.Declare) { d.Mode = 1210 })},
	} {
		t.Run(c.name, func(t *testing.T) { l.t = t; l.refuse(c.want, c.who, c.body) })
	}
	l.t = t
	l.must(broker, &tr.list)
	l.check()
}

func TestStoryDocumentsAreUsedOnce(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	first, second := newTrade(l, "N1"), newTrade(l, "N2")
	l.must(shop, &first.order)
	l.must(shop, &second.order)
	l.must(pay, &first.pay)
	l.must(carrier, &first.bill)
	l.refuse(types.PaymentReused, pay, changed(second.pay, func(p *types.RecordPayment) { p.Payment = first.pay.Payment }))
	l.refuse(types.WaybillReused, carrier, changed(second.bill, func(w *types.RecordWaybill) { w.Waybill = first.bill.Waybill }))
	// The same numbers with another time are no other numbers.
	l.refuse(types.PaymentReused, pay, changed(second.pay, func(p *types.RecordPayment) {
		p.Payment = second.stream(types.SlotPayment, "PN1", l.now)
	}))
	l.refuse(types.WaybillReused, carrier, changed(second.bill, func(w *types.RecordWaybill) {
		w.Waybill = second.stream(types.SlotWaybill, "WN1", l.now)
	}))
	l.must(pay, &second.pay)
	l.must(carrier, &second.bill)
	l.must(customs, first.grant())
	l.must(customs, second.grant())
	l.must(broker, &first.list)
	l.refuse(types.DuplicateList, broker, changed(second.list, func(d *types.Declare) { d.Declaration = first.list.Declaration }))
	l.check()
}

// TestStoryWaybillRecycled: a carrier's number is taken for six months, a payment's for
// ever.
func TestStoryWaybillRecycled(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	first := newTrade(l, "N1")
	first.match()
	l.now += 5 * 30 * day
	second := newTrade(l, "N2")
	l.must(shop, &second.order)
	recycled := func(tr *trade) *types.RecordWaybill {
		return changed(tr.bill, func(w *types.RecordWaybill) { w.Waybill = tr.stream(types.SlotWaybill, "WN1", l.now) })
	}
	paid := func(tr *trade) *types.RecordPayment {
		return changed(tr.pay, func(p *types.RecordPayment) { p.Payment = tr.stream(types.SlotPayment, "PN1", l.now) })
	}
	l.refuse(types.WaybillReused, carrier, recycled(second))
	l.refuse(types.PaymentReused, pay, paid(second))
	l.now += 40 * day
	third := newTrade(l, "N3")
	l.must(shop, &third.order)
	l.must(carrier, recycled(third))
	l.refuse(types.PaymentReused, pay, paid(third))
	fourth := newTrade(l, "N4")
	l.must(shop, &fourth.order)
	l.refuse(types.WaybillReused, carrier, recycled(fourth)) // taken again, for the third
	l.check()
}

// TestStoryCoupon: paid 99, declared 129. The record says whose document does not agree,
// and a newer version mends it.
func TestStoryCoupon(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	wrong := changed(tr.pay, func(p *types.RecordPayment) { p.Amount = tr.tag(types.TagAmount, "129 142") })
	l.must(shop, &tr.order)
	l.must(pay, wrong)
	l.must(carrier, &tr.bill)
	tr.state(types.StateMismatch)
	want := types.Mismatch{Code: uint64(types.Amount), Field: types.TagAmount, Party: pay}
	if got := l.order(tr.id).Mismatch; got != want {
		t.Errorf("mismatch %+v, want %+v", got, want)
	}
	l.refuse(types.NotMatched, broker, &tr.list)
	paid, _ := types.ULIDTime(wrong.Payment)
	right := changed(tr.pay, func(p *types.RecordPayment) { p.Seq++; p.Payment = ulidAt(l, paid) })
	l.must(pay, right)
	tr.state(types.StateMatched)
	// The payment that was replaced stays this order's.
	other := newTrade(l, "N2")
	l.must(shop, &other.order)
	l.refuse(types.PaymentReused, pay, changed(other.pay, func(p *types.RecordPayment) { p.Payment = wrong.Payment }))
	l.check()
}

func TestMismatches(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	for i, c := range []struct {
		name   string
		change func(tr *trade)
		want   types.Mismatch
	}{
		{"another payer", func(tr *trade) { tr.pay.Payer = types.Hash{1} }, types.Mismatch{Code: uint64(types.Identity), Field: types.TagPayer, Party: pay}},
		{"no payer", func(tr *trade) { tr.pay.Payer = types.Hash{} }, types.Mismatch{Code: uint64(types.Identity), Field: types.TagPayer, Party: pay}},
		{"another consignee", func(tr *trade) { tr.bill.Consignee = types.Hash{1} }, types.Mismatch{Code: uint64(types.Identity), Field: types.TagConsignee, Party: carrier}},
	} {
		tr := newTrade(l, fmt.Sprint("N", i))
		c.change(tr)
		l.must(shop, &tr.order)
		l.must(pay, &tr.pay)
		l.must(carrier, &tr.bill)
		if got := l.order(tr.id); got.State != types.StateMismatch || got.Mismatch != c.want {
			t.Errorf("%s: %s %+v, want %+v", c.name, got.State, got.Mismatch, c.want)
		}
	}
	l.check()
}

// TestStoryTime: an order that waits for too long is renewed by its platform only.
func TestStoryTime(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	stale, lapsed := newTrade(l, "N1"), newTrade(l, "N2")
	l.must(shop, &stale.order)
	l.must(pay, &stale.pay)
	lapsed.match()
	l.now += 16 * day
	l.block()
	stale.state(types.StateStale)
	lapsed.state(types.StateLapsed)
	l.refuse(types.OrderStale, carrier, &stale.bill)
	l.refuse(types.OrderLapsed, broker, &lapsed.list)
	l.refuse(types.OrderLapsed, pay, changed(lapsed.pay, func(p *types.RecordPayment) { p.Seq++ }))
	for _, tr := range []*trade{stale, lapsed} {
		tr.order.Seq++
		l.must(shop, &tr.order)
	}
	stale.state(types.StatePartial)
	l.must(carrier, &stale.bill)
	stale.state(types.StateMatched)
	lapsed.state(types.StateMatched)
	l.refuse(types.GrantExpired, broker, &lapsed.list)
	lapsed.list.Grant = ulidAt(l, l.now)
	l.must(customs, lapsed.grant())
	l.must(broker, &lapsed.list)
	l.check()
}

// TestStoryQuota: reservation, expiry, one use (R9).
func TestStoryQuota(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	l.must(shop, &tr.order)
	l.refuse(types.Role, broker, tr.grant())
	l.refuse(types.GrantExpired, customs, changed(*tr.grant(), func(g *types.GrantQuota) { g.Expires = l.now + 4*day }))
	l.refuse(types.GrantExpired, customs, changed(*tr.grant(), func(g *types.GrantQuota) { g.Expires = l.now }))
	l.refuse(types.StaleMessage, customs, changed(*tr.grant(), func(g *types.GrantQuota) { g.Document = types.Hash{9} }))
	l.must(pay, &tr.pay)
	l.must(carrier, &tr.bill)
	l.refuse(types.GrantMissing, broker, &tr.list)
	for reason, code := range map[int64]types.Code{types.ReasonSingle: types.QuotaSingle, types.ReasonAnnual: types.QuotaAnnual} {
		l.must(customs, &types.GrantQuota{Order: tr.id, Grant: ulidAt(l, l.now), Document: tr.order.Document, Reason: reason})
		l.refuse(code, broker, &tr.list)
	}
	tr.list.Grant = ulidAt(l, l.now)
	l.must(customs, tr.grant()) // the reservation
	l.refuse(types.GrantReused, customs, tr.grant())
	l.now += 2 * hour
	l.refuse(types.GrantExpired, broker, &tr.list)
	tr.list.Grant = ulidAt(l, l.now)
	l.must(customs, tr.grant())
	// Another version of the order is not what customs has looked at.
	l.must(shop, changed(tr.order, func(o *types.RecordOrder) { o.Seq++; o.Document = types.Hash{77} }))
	l.refuse(types.GrantMissing, broker, &tr.list)
	tr.order.Document, tr.list.Grant = types.Hash{77}, ulidAt(l, l.now+1)
	l.must(customs, tr.grant())
	l.must(broker, &tr.list)
	if q := l.order(tr.id).Quota[0]; q.State != types.QuotaUsed {
		t.Errorf("quota is %s", q.State)
	}
	l.must(broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}})
	l.must(customs, &types.DecideCancel{Order: tr.id, Status: types.StatusAudit})
	if q := l.order(tr.id).Quota[0]; q.State != types.QuotaFreed {
		t.Errorf("quota is %s", q.State)
	}
	tr.order.Seq += 2
	l.must(shop, &tr.order) // the platform renews the order
	l.refuse(types.GrantReused, broker, &tr.list)
	l.refuse(types.ModeDiffers, customs, func() *types.GrantQuota {
		ex := newExport(l, "E1")
		l.must(shop, &ex.order)
		g := ex.grant()
		g.Grant = ulidAt(l, l.now)
		return g
	}())
	l.check()
}

func TestStoryCancel(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	ask := &types.Cancel{Order: tr.id, Document: types.Hash{1}}
	yes, no := &types.DecideCancel{Order: tr.id, Status: types.StatusAudit}, &types.DecideCancel{Order: tr.id, Status: types.StatusReject}
	tr.match()
	l.refuse(types.NotDeclared, broker, ask)
	l.must(broker, &tr.list)
	l.refuse(types.StatusOrder, customs, yes)
	l.refuse(types.NotOwner, agent, ask)
	l.must(broker, ask)
	l.refuse(types.StatusOrder, broker, ask)
	l.refuse(types.NotOffice, port, yes)
	l.must(customs, no)
	tr.state(types.StateDeclared)
	l.must(broker, ask)
	l.must(customs, yes)
	tr.state(types.StateCancelled)
	l.refuse(types.OrderLapsed, broker, &tr.list)
	l.refuse(types.NotDeclared, customs, tr.decision(types.StatusAccept))
	l.check()

	released := newTrade(l, "N2")
	released.release()
	l.refuse(types.StatusOrder, broker, &types.Cancel{Order: released.id, Document: types.Hash{1}}) // -623005
	l.check()
}

func TestStorySignedFor(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.match()
	l.must(broker, &tr.list)
	sign := &types.SignFor{Order: tr.id, Time: l.now, Document: types.Hash{1}}
	l.refuse(types.NotReleased, carrier, sign)
	for _, status := range []uint64{120, 399, 800} {
		l.must(customs, tr.decision(status))
	}
	l.refuse(types.TimeOrder, carrier, changed(*sign, func(s *types.SignFor) { s.Time = l.now - day }))
	l.refuse(types.TimeOrder, carrier, changed(*sign, func(s *types.SignFor) { s.Time = l.now + day }))
	l.refuse(types.Role, broker, sign)
	l.must(carrier, changed(*sign, func(s *types.SignFor) { s.Time = l.now }))
	tr.state(types.StateSigned)
	l.must(customs, tr.decision(types.StatusClose))
	tr.state(types.StateSigned)
	l.check()
}

// TestStoryReturns: pieces come back within 30 and 45 days, no more than there were, and
// are restored once.
func TestStoryReturns(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	tr.match()
	l.must(broker, &tr.list)
	l.refuse(types.NotReleased, broker, tr.comeBack("early", 1, 0, 1))
	for _, status := range []uint64{120, 399, 800} {
		l.must(customs, tr.decision(status))
	}
	l.refuse(types.ReturnQuantity, broker, tr.comeBack("three of two", 1, 0, 3))
	l.refuse(types.ReturnQuantity, broker, changed(*tr.comeBack("no such line", 1, 0, 1), func(r *types.ReturnGoods) { r.Lines[0].Line = 2 }))
	l.refuse(types.NotOwner, agent, tr.comeBack("another's", 1, 0, 1))
	one := tr.comeBack("one", 1, 0, 1)
	l.must(broker, one)
	tr.state(types.StateReturning)
	l.refuse(types.NotReleased, broker, tr.comeBack("two at a time", 0, 0, 1))
	l.refuse(types.NotOffice, port, tr.returned(one, types.StatusAudit))
	l.refuse(types.StatusOrder, customs, tr.returned(one, types.StatusRelease))
	l.must(customs, tr.returned(one, types.StatusAudit))
	l.must(customs, tr.returned(one, types.StatusRelease))
	tr.state(types.StateReturned)
	l.refuse(types.RestoreTwice, customs, tr.returned(one, types.StatusRelease))
	l.refuse(types.IDTaken, broker, changed(*tr.comeBack("one", 1, 1, 1), func(r *types.ReturnGoods) { r.Return = one.Return }))
	l.refuse(types.ReturnQuantity, broker, tr.comeBack("again", 1, 0, 1))
	l.refuse(types.ReturnQuantity, broker, tr.comeBack("two more", 1, 1, 2))
	refused := tr.comeBack("refused", 1, 1, 1)
	l.must(broker, refused)
	l.must(customs, tr.returned(refused, types.StatusReject))
	l.refuse(types.ReturnUnknown, customs, tr.returned(refused, types.StatusAudit))
	tr.state(types.StateReturned)
	late := tr.comeBack("the last of both", 0, 0, 3)
	late.Lines = append(late.Lines, tr.comeBack("", 1, 1, 1).Lines...)
	l.must(broker, late)
	l.must(customs, tr.returned(late, types.StatusAudit))
	l.now += 46 * day
	l.refuse(types.ReturnLate, customs, tr.returned(late, types.StatusRelease))
	l.must(customs, tr.returned(late, types.StatusReject))
	l.refuse(types.ReturnLate, broker, tr.comeBack("too late", 0, 0, 1))
	l.refuse(types.ReturnUnknown, customs, &types.DecideReturn{Order: tr.id, Return: ulidAt(l, 1), Status: types.StatusAudit})
	l.check()
}

// TestStoryBook: a bonded book gives what it holds, and gets back what is withdrawn or
// returned, once (R2).
func TestStoryBook(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	const unit = 100_000
	name := types.BookName(types.Hash{3}, "T2991W000012", "17")
	id := types.BookID(zone + "/" + name)
	balance := func(want int64) {
		t.Helper()
		if got := record[types.Book](l, "book/"+string(id)); got.Balance != want*unit {
			t.Errorf("the book holds %d, want %d", got.Balance, want*unit)
		}
	}
	enter := func(n int64) *types.CreditBook {
		return &types.CreditBook{Book: name, Entry: ulidAt(l, l.now), Quantity: n * unit, Document: types.Hash{1}}
	}
	bonded := func(number string) *trade {
		tr := newTrade(l, number)
		tr.list.Mode = 1210
		for i := range tr.list.Lines {
			tr.list.Lines[i].Book, tr.list.Lines[i].Quantity, tr.list.Lines[i].Step = id, int64(tr.pieces[i])*unit, unit
		}
		tr.match()
		return tr
	}
	first := bonded("N1")
	l.refuse(types.BookUnknown, broker, &first.list)
	l.refuse(types.Role, broker, enter(9))
	entry := enter(9)
	l.must(zone, entry)
	l.refuse(types.IDTaken, zone, entry)
	l.must(broker, &first.list)
	balance(4)
	second := bonded("N2")
	l.refuse(types.BookOverdrawn, broker, &second.list)
	balance(4)
	l.must(customs, first.decision(types.StatusReject))
	balance(9)
	l.must(broker, &second.list)
	balance(4)
	l.must(broker, &types.Cancel{Order: second.id, Document: types.Hash{1}})
	l.must(customs, &types.DecideCancel{Order: second.id, Status: types.StatusAudit})
	balance(9)
	l.refuse(types.StatusOrder, customs, &types.DecideCancel{Order: second.id, Status: types.StatusAudit})
	l.must(broker, &first.list)
	for _, status := range []uint64{120, 399, 800} {
		l.must(customs, first.decision(status))
	}
	balance(4)
	back := first.comeBack("one", 0, 0, 2)
	l.must(broker, back)
	l.must(customs, first.returned(back, types.StatusAudit))
	balance(4)
	l.must(customs, first.returned(back, types.StatusRelease))
	balance(6)
	l.refuse(types.RestoreTwice, customs, first.returned(back, types.StatusRelease))
	balance(6)
	l.check()
}

// TestStoryExport: order, receipt, waybill and list of an export, under each procedure.
func TestStoryExport(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	for _, mode := range []uint64{9610, 1210, 9710, 9810} {
		tr := newExport(l, fmt.Sprint("E", mode))
		tr.list.Mode = mode
		tr.match()
		l.refuse(types.ModeDiffers, broker, changed(tr.list, func(d *types.Declare) { d.Mode = 1239 }))
		l.refuse(types.ModeDiffers, broker, changed(tr.list, func(d *types.Declare) { d.Grant = ulidAt(l, l.now) }))
		l.must(broker, &tr.list)
		for _, status := range []uint64{120, 399, 800, 899} {
			l.must(customs, tr.decision(status))
		}
		tr.state(types.StateClosed)
	}
	l.check()
}

// TestStoryTariff: rates are versions in time, and what held stays as it was.
func TestStoryTariff(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	set := func(from int64, vat uint64) *types.SetTariff {
		return &types.SetTariff{Code: "2101200000", From: from, VAT: vat}
	}
	start := l.now + hour
	l.refuse(types.Role, shop, set(start, 130_000))
	l.must(customs, set(l.now-day, 170_000)) // the first rate of goods may hold for the past
	l.refuse(types.TariffPast, customs, set(l.now-hour, 130_000))
	l.must(customs, &types.SetTariff{Code: "2102", From: l.now - hour, VAT: 1})
	l.refuse(types.TariffPast, customs, &types.SetTariff{Code: "21021000", From: l.now - hour, VAT: 2}) // it had one, by its beginning
	l.must(customs, set(start, 130_000))
	l.refuse(types.TariffPast, customs, set(start, 90_000))
	l.must(customs, set(start+day, 90_000))
	rates := record[types.Tariff](l, "tariff/2101200000")
	if rates.At(start-1).VAT != 170_000 || rates.At(start).VAT != 130_000 || rates.At(start+day).VAT != 90_000 {
		t.Errorf("rates %+v", rates.Versions)
	}
	l.must(customs, &types.SetLimits{From: start, Single: 6_000_00000, Annual: 30_000_00000, Share: 700_000})
	l.refuse(types.TariffPast, customs, &types.SetLimits{From: start, Single: 1, Annual: 1})
	limits := record[types.Limits](l, "limits")
	if limits.At(start-1) != types.DefaultLimits || limits.At(start).Single != 6_000_00000 {
		t.Errorf("limits %+v", limits.Versions)
	}
	l.check()
}

// TestSquatter: what was put beside an order before the platform recorded it gives way
// when it does not open the order's locks.
func TestSquatter(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	squat := changed(tr.pay, func(p *types.RecordPayment) { p.Number, p.Payment = types.Hash{66}, ulidAt(l, l.now-1000) })
	l.must(puppet, squat)
	l.must(shop, &tr.order)
	l.must(pay, &tr.pay)
	l.must(carrier, &tr.bill)
	tr.state(types.StateMatched)
	l.check()
}

func TestReader(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	const reader = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	l.must(customs, &types.SetReader{Reader: reader})
	if got := record[types.Member](l, "member/"+customs).Reader; got != reader {
		t.Errorf("reader %q", got)
	}
	l.must(customs, &types.SetReader{})
	l.check()
}

// join returns the store of a node that joins by a snapshot now.
func (l *ledger) join() *store.Store {
	l.t.Helper()
	view, err := l.store.View(0)
	if err != nil {
		l.t.Fatal(err)
	}
	var snapshot bytes.Buffer
	err = view.Export(&snapshot)
	view.Close()
	if err != nil {
		l.t.Fatal(err)
	}
	joined, err := store.Open("", store.Options{InitialVersion: 1, NoSync: true})
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := joined.Import(l.height, l.root[:], &snapshot, nil); err != nil {
		l.t.Fatal(err)
	}
	return joined
}

// TestIndexOfNumbers: a node that joins by snapshot knows the numbers that were used as
// one that executed every block.
func TestIndexOfNumbers(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	first := newTrade(l, "N1")
	first.match()
	l.now += 200 * day
	again := newTrade(l, "N2")
	l.must(shop, &again.order)
	again.bill.Waybill = again.stream(types.SlotWaybill, "WN1", l.now)
	l.must(carrier, &again.bill) // the number is free again, and has a second name

	joined := l.join()
	defer joined.Close()
	for _, key := range []string{"payment/" + pay + "/" + first.pay.Payment, "waybill/" + carrier + "/" + first.bill.Waybill} {
		index, ok := store.IndexOf(key)
		if !ok {
			t.Fatalf("%s has no index", key)
		}
		executed, err := l.store.Get(index.Key)
		if err != nil {
			t.Fatal(err)
		}
		imported, err := joined.Get(index.Key)
		if err != nil {
			t.Fatal(err)
		}
		if executed == nil || !bytes.Equal(executed, imported) {
			t.Errorf("%s: executed %q, imported %q", index.Key, executed, imported)
		}
	}
	if half, _ := l.store.Get("~waybill/" + carrier + "/" + first.bill.Waybill[10:]); string(half) != again.bill.Waybill[:10] {
		t.Errorf("the waybill's last name begins with %q", half)
	}
}
