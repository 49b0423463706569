package app_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// tradeRow is a body that is refused with a code.
type tradeRow struct {
	name string
	want types.Code
	who  string
	body types.Body
}

// tradeRefusals makes orders in every state, and has a row for each code with which a body
// about them is refused.
func tradeRefusals(l *ledger) []tradeRow {
	l.t.Helper()
	lapsed, stale, old := newTrade(l, "lapsed"), newTrade(l, "stale"), newTrade(l, "old")
	lapsed.match()
	l.must(shop, &stale.order)
	old.release()
	l.now += 31 * day

	declared, released, back, used := newTrade(l, "declared"), newTrade(l, "released"), newTrade(l, "back"), newTrade(l, "used")
	declared.match()
	l.must(broker, &declared.list)
	released.release()
	back.release()
	come := back.comeBack("back", 0, 0, 1)
	l.must(broker, come)
	l.must(customs, back.returned(come, types.StatusAudit))
	l.must(customs, back.returned(come, types.StatusRelease))
	used.match()
	l.must(broker, &used.list)
	l.must(broker, &types.Cancel{Order: used.id, Document: types.Hash{1}})
	l.must(customs, &types.DecideCancel{Order: used.id, Status: types.StatusAudit})
	used.order.Seq++
	l.must(shop, &used.order)

	small, big, ready := newTrade(l, "small"), newTrade(l, "big"), newTrade(l, "ready")
	for _, tr := range []*trade{small, big, ready} {
		tr.match()
	}
	l.must(customs, &types.GrantQuota{Order: small.id, Grant: ulidAt(l, l.now), Document: small.order.Document, Reason: types.ReasonSingle})
	l.must(customs, &types.GrantQuota{Order: big.id, Grant: ulidAt(l, l.now), Document: big.order.Document, Reason: types.ReasonAnnual})
	short := newTrade(l, "short") // its grant lasts a second
	short.match()
	short.list.Grant = ulidAt(l, l.now)
	l.must(customs, changed(*short.grant(), func(g *types.GrantQuota) { g.Expires = l.now + 1001 }))

	fresh, second, stranger := newTrade(l, "fresh"), newTrade(l, "second"), newTrade(l, "stranger")
	l.must(shop, &fresh.order)
	l.must(pay, &fresh.pay)
	l.must(carrier, &fresh.bill)
	l.must(shop, &second.order)
	book := types.BookID(zone + "/" + types.BookName(types.Hash{3}, "T2991W000012", "17"))
	l.must(zone, &types.CreditBook{Book: string(book)[len(zone)+1:], Entry: ulidAt(l, l.now), Quantity: 1, Document: types.Hash{1}})
	l.must(customs, &types.SetTariff{Code: "2101", From: l.now, VAT: 1})
	lines := func(tr *trade, mode uint64, id types.BookID) *types.Declare {
		return changed(tr.list, func(d *types.Declare) {
			d.Mode, d.Lines = mode, []types.DeclaredLine{{Anchor: types.Hash{1}, Book: id, Quantity: 2, Step: 1}}
		})
	}
	return []tradeRow{
		{"a payment of last month", types.KeyTime, pay, changed(second.pay, func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now-32*day) })},
		{"the platform's own payment company", types.NotIndependent, puppet, &second.pay},
		{"another carrier's slot", types.NotIndependent, courier, changed(fresh.bill, func(b *types.RecordWaybill) { b.Seq++ })},
		{"a change after the declaration (-301011)", types.Locked, pay, changed(declared.pay, func(p *types.RecordPayment) { p.Seq++ })},
		{"an old version (-301014)", types.StaleMessage, pay, &fresh.pay},
		{"a grant for another version", types.StaleMessage, customs, &types.GrantQuota{Order: fresh.id, Grant: ulidAt(l, l.now), Document: types.Hash{99}, Expires: l.now + hour}},
		{"a payment of another order", types.PaymentReused, pay, changed(second.pay, func(p *types.RecordPayment) { p.Payment = fresh.pay.Payment })},
		{"a waybill of another order", types.WaybillReused, carrier, changed(second.bill, func(b *types.RecordWaybill) { b.Waybill = fresh.bill.Waybill })},
		{"another buyer's list", types.Identity, broker, changed(ready.list, func(d *types.Declare) { d.Payer = types.Hash{1} })},
		{"a payment of another order's number", types.OrderMismatch, pay, changed(second.pay, func(p *types.RecordPayment) { p.Number = fresh.pay.Number })},
		{"declared before it matches", types.NotMatched, broker, &second.list},
		{"declared in another district (-621004)", types.DuplicateList, agent, changed(declared.list, func(d *types.Declare) { d.Declaration, d.Office = ulidAt(l, l.now), port })},
		{"decided before it is declared", types.NotDeclared, customs, ready.decision(types.StatusAccept)},
		{"cancelled by another declarant", types.NotOwner, agent, &types.Cancel{Order: declared.id, Document: types.Hash{1}}},
		{"another waybill's list", types.WaybillDiffers, broker, changed(ready.list, func(d *types.Declare) { d.Parcel = types.Hash{1} })},
		{"an order that nobody knows (-301003)", types.OrderUnknown, broker, &stranger.list},
		{"paid before it was ordered", types.TimeOrder, pay, changed(second.pay, func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now-day) })},
		{"a waybill for a stale order", types.OrderStale, carrier, changed(stale.bill, func(b *types.RecordWaybill) { b.Waybill = ulidAt(l, l.now) })},
		{"the list of a lapsed order", types.OrderLapsed, broker, changed(lapsed.list, func(d *types.Declare) { d.Declaration = ulidAt(l, l.now) })},
		{"released before it is audited", types.StatusOrder, customs, declared.decision(types.StatusRelease)},
		{"cancelled after the release (-623005)", types.StatusOrder, broker, &types.Cancel{Order: released.id, Document: types.Hash{1}}},
		{"decided by another office", types.NotOffice, port, declared.decision(types.StatusAccept)},
		{"other goods", types.GoodsDiffer, broker, changed(ready.list, func(d *types.Declare) { d.Goods = types.Hash{1} })},
		{"another seller", types.MerchantDiffer, broker, changed(ready.list, func(d *types.Declare) { d.Merchant = types.Hash{1} })},
		{"an export's procedure", types.ModeDiffers, broker, changed(ready.list, func(d *types.Declare) { d.Mode = 9710 })},
		{"a book under a procedure without", types.ModeDiffers, broker, lines(ready, 9610, book)},
		{"signed for before the release", types.NotReleased, carrier, &types.SignFor{Order: declared.id, Time: l.now, Document: types.Hash{1}}},
		{"signed for by another carrier", types.NotCustodian, courier, &types.SignFor{Order: released.id, Time: l.now, Document: types.Hash{1}}},
		{"a return after a month", types.ReturnLate, broker, old.comeBack("late", 0, 0, 1)},
		{"three of two (-625014)", types.ReturnQuantity, broker, released.comeBack("three", 1, 0, 3)},
		{"a return that nobody applied for", types.ReturnUnknown, customs, &types.DecideReturn{Order: released.id, Return: ulidAt(l, 1), Status: types.StatusAudit}},
		{"arrived twice", types.RestoreTwice, customs, back.returned(come, types.StatusRelease)},
		{"no word about the quota (-621013)", types.GrantMissing, broker, &fresh.list},
		{"a grant that has expired", types.GrantExpired, broker, &short.list},
		{"a grant that was used", types.GrantReused, broker, &used.list},
		{"a grant for a week", types.GrantExpired, customs, &types.GrantQuota{Order: fresh.id, Grant: ulidAt(l, l.now), Document: fresh.order.Document, Expires: l.now + 7*day}},
		{"over the limit of one (-621005)", types.QuotaSingle, broker, &small.list},
		{"over the year's limit (-621018)", types.QuotaAnnual, broker, &big.list},
		{"bonded goods without a book", types.BookUnknown, broker, changed(ready.list, func(d *types.Declare) { d.Mode = 1210 })},
		{"more than the book holds", types.BookOverdrawn, broker, lines(ready, 1210, book)},
		{"yesterday's rates", types.TariffPast, customs, &types.SetTariff{Code: "210120", From: l.now - day, VAT: 1}},
	}
}

// TestTradeCodes holds every row to its code; every code of orders, clearance, quota,
// books and tariffs has one, and a row in docs/rules.md. Amounts are compared and not
// refused: TestStoryCoupon has theirs.
func TestTradeCodes(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	seen := map[types.Code]bool{types.Amount: true}
	for _, c := range tradeRefusals(l) {
		seen[c.want] = true
		t.Run(c.name, func(t *testing.T) { l.t = t; l.refuse(c.want, c.who, c.body) })
	}
	l.t = t
	l.check()
	rules, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range types.Codes() {
		if c < 60 || c > 73 && c < 130 || c > 199 && c < types.Retryable || c >= types.Retryable {
			continue
		}
		if !seen[c] {
			t.Errorf("no row is refused %s", c)
		}
		if !strings.Contains(string(rules), "`"+c.String()+"`") {
			t.Errorf("docs/rules.md does not say when %s", c)
		}
	}
}

var updating = flag.Bool("update", false, "write testdata/arrows.golden anew")

// What the state of an order does not say by itself.
const (
	cancelAsked    = "AUDITED, and its cancellation is asked for"
	cancelDetained = "DETAINED, and its cancellation is asked for"
	returnAllowed  = "RETURNING, and the return is allowed"
)

// inState makes an order that is in a state, or one that was never recorded for "".
func inState(l *ledger, state string) *trade {
	l.t.Helper()
	tr := newTrade(l, "N1")
	decide := func(statuses ...uint64) {
		tr.match()
		l.must(broker, &tr.list)
		for _, s := range statuses {
			l.must(customs, tr.decision(s))
		}
	}
	back := func(statuses ...uint64) {
		decide(120, 399, 800)
		come := tr.comeBack("back", 0, 0, 1)
		l.must(broker, come)
		for _, s := range statuses {
			l.must(customs, tr.returned(come, s))
		}
	}
	switch state {
	case "":
	case types.StatePartial, types.StateStale:
		l.must(shop, &tr.order)
		l.must(pay, &tr.pay)
	case types.StateMismatch:
		l.must(shop, &tr.order)
		l.must(pay, changed(tr.pay, func(p *types.RecordPayment) { p.Amount = types.Hash{1} }))
		l.must(carrier, &tr.bill)
		l.must(customs, tr.grant())
	case types.StateMatched, types.StateLapsed:
		tr.match()
	case types.StateDeclared:
		decide()
	case types.StateAccepted:
		decide(120)
	case types.StateReview:
		decide(120, 300)
	case types.StateAudited:
		decide(120, 399)
	case types.StateInspect:
		decide(120, 399, 500)
	case types.StateDetained:
		decide(120, 399, 500, 501)
	case types.StateSentBack:
		decide(120, 399, 500, 700)
	case types.StateReleased:
		decide(120, 399, 800)
	case types.StateClosed:
		decide(120, 399, 800, 899)
	case types.StateCancelled:
		decide()
		l.must(broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}})
		l.must(customs, &types.DecideCancel{Order: tr.id, Status: types.StatusAudit})
	case types.StateSigned:
		decide(120, 399, 800)
		l.must(carrier, &types.SignFor{Order: tr.id, Time: l.now, Document: types.Hash{1}})
	case types.StateReturning:
		back()
	case types.StateReturned:
		back(399, 800)
	case cancelAsked:
		decide(120, 399)
		l.must(broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}})
	case cancelDetained:
		decide(120, 399, 500)
		l.must(broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}})
		l.must(customs, tr.decision(types.StatusHold1))
	case returnAllowed:
		back(399)
	}
	if state == types.StateStale || state == types.StateLapsed {
		l.now += 16 * day
		tr.list.Declaration = ulidAt(l, l.now)
	}
	return tr
}

// arrow is something that can be said about an order.
type arrow struct {
	name string
	who  string
	body types.Body
}

// arrows are all that can be said about an order, each in good form.
func arrows(l *ledger, tr *trade) []arrow {
	list := []arrow{
		{"newer order", shop, changed(tr.order, func(o *types.RecordOrder) { o.Seq += 5 })},
		{"newer payment", pay, changed(tr.pay, func(p *types.RecordPayment) { p.Seq += 5 })},
		{"another amount", pay, changed(tr.pay, func(p *types.RecordPayment) { p.Seq, p.Amount = p.Seq+5, types.Hash{1} })},
		{"newer waybill", carrier, changed(tr.bill, func(b *types.RecordWaybill) { b.Seq += 5 })},
		{"other locks", shop, changed(tr.order, func(o *types.RecordOrder) { o.Seq, o.Payment = o.Seq+5, types.Hash{1} })},
		{"grant", customs, &types.GrantQuota{Order: tr.id, Grant: ulidAt(l, l.now), Document: tr.order.Document, Expires: l.now + hour}},
		{"declare", broker, &tr.list},
	}
	for _, status := range types.Statuses {
		list = append(list, arrow{fmt.Sprint("decide ", status), customs, tr.decision(status)})
	}
	come := tr.back
	if come == nil {
		come = tr.comeBack("none", 0, 0, 1)
	}
	return append(list,
		arrow{"cancel", broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}}},
		arrow{"cancellation 399", customs, &types.DecideCancel{Order: tr.id, Status: types.StatusAudit}},
		arrow{"sign for", carrier, &types.SignFor{Order: tr.id, Time: l.now, Document: types.Hash{1}}},
		arrow{"return", broker, tr.comeBack("another", 1, 0, 1)},
		arrow{"return 100", customs, tr.returned(come, types.StatusReject)},
		arrow{"return 399", customs, tr.returned(come, types.StatusAudit)},
		arrow{"return 800", customs, tr.returned(come, types.StatusRelease)},
	)
}

// try executes a body in a block that is never committed, and tells the order's state then
// or the code of the refusal.
func (l *ledger) try(id types.OrderID, a arrow) string {
	l.t.Helper()
	now := l.now + 1000
	b, err := app.NewBlock(l.store, l.live, app.Header{Height: l.height + 1, Time: now, Hash: blockHash(l.height + 1)})
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := b.Execute(l.tx(a.who, types.OnErrorRollback, a.body))
	if err != nil {
		l.t.Fatal(err)
	}
	if r.Code != types.OK {
		return r.Code.String()
	}
	done, err := b.Finish()
	if err != nil {
		l.t.Fatal(err)
	}
	at := slices.IndexFunc(done.Writes, func(w store.Write) bool { return w.Key == "order/"+string(id) })
	var o types.Order
	if err := types.Decode(done.Writes[at].Value, &o); err != nil {
		l.t.Fatal(err)
	}
	return "→ " + o.StateAt(now)
}

// TestEveryArrow says everything in every state, and compares what becomes of it with
// testdata/arrows.golden: every arrow of the state machine, and the code of every one that
// is none.
func TestEveryArrow(t *testing.T) {
	var got strings.Builder
	reached := map[string]bool{}
	for _, state := range append([]string{"", cancelAsked, cancelDetained, returnAllowed}, types.States...) {
		l := newLedger(t)
		tr := inState(l, state)
		if want, _, _ := strings.Cut(state, ","); want != "" && l.order(tr.id).StateAt(l.now) != want {
			t.Fatalf("the order is %s, want %s", l.order(tr.id).StateAt(l.now), want)
		}
		l.check()
		fmt.Fprintf(&got, "%s\n", cmp.Or(state, "no order"))
		for _, a := range arrows(l, tr) {
			becomes := l.try(tr.id, a)
			reached[becomes] = true
			fmt.Fprintf(&got, "\t%-17s %s\n", a.name, becomes)
		}
		l.close()
	}
	for _, state := range types.States {
		if state != types.StateStale && state != types.StateLapsed && !reached["→ "+state] {
			t.Errorf("no arrow leads to %s", state)
		}
	}
	const path = "testdata/arrows.golden"
	if *updating {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("%s differs; look at what -update changes in it", path)
	}
}
