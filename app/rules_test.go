package app_test

import (
	"fmt"
	"testing"

	"github.com/caryaledger/carya/types"
)

const (
	green = types.LotID("06901234000016.G1")
	dried = types.LotID("06901234000023.D1")
	other = types.LotID("06901234000023.D2")
)

func TestLotMassBalance(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	at := l.now
	l.must(coop, object(types.ActionAdd, at, kg(green, 1000)))
	for _, c := range []struct {
		name string
		want types.Code
		who  string
		body types.Body
	}{
		{"a lot again", types.IDTaken, coop, object(types.ActionAdd, at, kg(green, 1))},
		{"another company's prefix", types.GCPMismatch, coop, object(types.ActionAdd, at, kg("09501234600000.X", 1))},
		{"more than there is (F1)", types.Overdraw, coop, transformation(at, list(kg(green, 1001)), list(kg(dried, 1)))},
		{"more out than in (F2)", types.MassCreated, coop, transformation(at, list(kg(green, 100)), list(kg(dried, 101)))},
		{"grams that are more (F2)", types.MassCreated, coop, transformation(at, list(kg(green, 100)), list(in(kg(dried, 100_001), "GRM")))},
		{"pieces out of kilograms (F4)", types.UnitIncompatible, coop, transformation(at, list(kg(green, 100)), list(in(kg(dried, 1), "EA")))},
		{"litres taken from kilograms (F4)", types.UnitIncompatible, coop, transformation(at, list(in(kg(green, 100), "LTR")), list(kg(dried, 1)))},
		{"before the lot was (F6)", types.TimeOrder, coop, transformation(at-1, list(kg(green, 100)), list(kg(dried, 35)))},
		{"in the future (F6)", types.TimeOrder, coop, transformation(at+3_600_000, list(kg(green, 100)), list(kg(dried, 35)))},
		{"by who does not hold it", types.NotCustodian, carrier, transformation(at, list(kg(green, 100)), list(kg(dried, 35)))},
		{"of a lot that is not", types.LotUnknown, coop, transformation(at, list(kg(dried, 100)), list(kg(other, 35)))},
		{"seen by who does not hold it", types.NotCustodian, shop, object(types.ActionObserve, at, kg(green, 0))},
		{"the event again", types.EventExists, coop, object(types.ActionAdd, at, kg(green, 1000))},
	} {
		t.Run(c.name, func(t *testing.T) { l.t = t; l.refuse(c.want, c.who, c.body) })
	}
	l.t = t
	if got := l.lot(green); got.Consumed != 0 || got.History.Size != 1 {
		t.Fatalf("refusals changed the lot: %+v", got)
	}
	l.must(coop, transformation(at, list(kg(green, 1000)), list(kg(dried, 350))))
	l.must(coop, object(types.ActionObserve, at, kg(dried, 0)))
	l.must(coop, object(types.ActionDelete, at, kg(dried, 50)))
	if got := l.lot(dried); got.Left() != 300*100_000 {
		t.Errorf("50 of 350 destroyed: %+v", got)
	}
	l.refuse(types.Overdraw, coop, object(types.ActionDelete, at, kg(dried, 301)))
	l.must(coop, object(types.ActionDelete, at, kg(dried, 0)))
	l.refuse(types.Overdraw, coop, transformation(at, list(kg(dried, 1)), list(kg(other, 1))))
	if got := l.lot(green); got.Left() != 0 || got.History.Size != 2 {
		t.Errorf("green: %+v", got)
	}
	l.check()
}

func TestLotUnitsRoundUp(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	l.must(coop, object(types.ActionAdd, l.now, in(quantity{Lot: green, Amount: 1}, "KGM"))) // 10 mg
	// 1 mg three times: each is a tenth of the lot's last decimal, and takes the whole of it.
	l.must(coop, transformation(l.now, list(quantity{green, 100_000, "MGM"}), list(quantity{dried, 100_000, "MGM"})))
	l.refuse(types.Overdraw, coop, transformation(l.now, list(quantity{green, 100_000, "MGM"}), list(quantity{other, 1, "MGM"})))
}

func TestHandOver(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	offer := func(to string, ms int64) *types.OfferLot {
		return &types.OfferLot{Lot: green, To: to, Deadline: l.now + ms}
	}
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 10)))
	l.refuse(types.NotCustodian, shop, offer(carrier, 60_000))
	l.refuse(types.SelfDeal, coop, offer(coop, 60_000))
	l.refuse(types.MemberUnknown, coop, offer("nobody", 60_000))
	l.refuse(types.OfferExpired, coop, offer(carrier, -5000))
	l.refuse(types.LotUnknown, coop, &types.OfferLot{Lot: dried, To: carrier, Deadline: l.now + 1})
	l.refuse(types.NoOffer, carrier, &types.AcceptLot{Lot: green, From: coop})
	l.must(coop, offer(carrier, 60_000))
	l.refuse(types.DoubleOffer, coop, offer(shop, 60_000))
	l.refuse(types.LotOffered, coop, transformation(l.now, list(kg(green, 1)), list(kg(dried, 1))))
	l.refuse(types.NotCustodian, carrier, transformation(l.now, list(kg(green, 1)), list(kg(dried, 1))))
	l.refuse(types.NoOffer, shop, &types.AcceptLot{Lot: green, From: coop})
	l.refuse(types.NoOffer, shop, &types.RejectLot{Lot: green, From: coop, To: carrier})
	l.must(carrier, &types.RejectLot{Lot: green, From: coop, To: carrier})
	l.must(coop, offer(carrier, 1500))
	l.block() // two seconds pass: nobody accepted
	l.refuse(types.OfferExpired, carrier, &types.AcceptLot{Lot: green, From: coop})
	l.must(coop, offer(carrier, 60_000))
	l.must(carrier, &types.AcceptLot{Lot: green, From: coop})
	if got := l.lot(green); got.Held(carrier) != got.Produced || got.Owner != coop || len(got.Offers) > 0 {
		t.Errorf("after the hand-over: %+v", got)
	}
	l.refuse(types.NotCustodian, coop, object(types.ActionObserve, l.now, kg(green, 0)))
	l.check()
}

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
}

// newTrade makes consistent documents: order, payment a second later, waybill two.
func newTrade(l *ledger, number string) *trade {
	l.t.Helper()
	key := types.Keyed(types.Hash{7}, "match", number)
	stream := func(slot, n string, ms int64) string {
		id, err := types.StreamID(types.Hash{8}, slot, n, ms)
		if err != nil {
			l.t.Fatal(err)
		}
		return id
	}
	tag := func(name, value string) types.Hash { return types.MatchTag(key, name, value) }
	lock := func(slot string) types.Hash { return types.NumberLock(types.NumberTag(key, slot, number)) }
	at := l.now
	tr := &trade{l: l, ticket: key, number: number}
	tr.order = types.RecordOrder{
		Order: stream(types.SlotOrder, number, at), Seq: at, Document: types.Hash{1},
		Payment: lock(types.SlotPayment), Waybill: lock(types.SlotWaybill), Declaration: lock(types.SlotDeclaration),
		Amount: tag(types.TagAmount, "99 142"), Payer: tag(types.TagPayer, "id"), Consignee: tag(types.TagConsignee, "home"),
	}
	tr.id = types.OrderID(shop + "/" + tr.order.Order)
	tr.pay = types.RecordPayment{
		Order: tr.id, Payment: stream(types.SlotPayment, "P"+number, at+1000), Seq: at, Document: types.Hash{2},
		Number: types.NumberTag(key, types.SlotPayment, number), Amount: tr.order.Amount, Payer: tr.order.Payer,
	}
	tr.bill = types.RecordWaybill{
		Order: tr.id, Waybill: stream(types.SlotWaybill, "W"+number, at+2000), Seq: at, Document: types.Hash{3},
		Number: types.NumberTag(key, types.SlotWaybill, number), Consignee: tr.order.Consignee, Parcel: tag(types.TagParcel, "W"+number),
	}
	tr.list = types.Declare{
		Order: tr.id, Declaration: stream(types.SlotDeclaration, "D"+number, at+3000), Seq: at, Document: types.Hash{4},
		Number: types.NumberTag(key, types.SlotDeclaration, number), Payer: tr.order.Payer, Parcel: tr.bill.Parcel,
	}
	return tr
}

func (tr *trade) state(want string) {
	tr.l.t.Helper()
	if got := tr.l.order(tr.id).State; got != want {
		tr.l.t.Errorf("order is %s, want %s", got, want)
	}
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

func TestOrderLife(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	l.must(shop, &tr.order)
	l.refuse(types.NotMatched, broker, &tr.list)
	l.must(pay, &tr.pay)
	l.must(carrier, &tr.bill)
	l.refuse(types.NotDeclared, customs, &types.Decide{Order: tr.id, Status: types.StatusRelease})
	l.must(broker, &tr.list)
	tr.state(types.StateDeclared)
	l.refuse(types.DuplicateList, broker, &tr.list)
	newer := tr.pay
	newer.Seq++
	l.refuse(types.Locked, pay, &newer)
	l.must(customs, &types.Decide{Order: tr.id, Status: types.StatusInspect})
	tr.state(types.StateHeld)
	l.must(customs, &types.Decide{Order: tr.id, Status: types.StatusReject})
	tr.state(types.StateMatched)
	l.must(broker, &tr.list)
	l.must(customs, &types.Decide{Order: tr.id, Status: types.StatusRelease})
	tr.state(types.StateReleased)
	l.refuse(types.NotDeclared, customs, &types.Decide{Order: tr.id, Status: types.StatusRelease})
	l.refuse(types.Locked, shop, &types.RecordOrder{
		Order: tr.order.Order, Seq: tr.order.Seq + 1, Document: types.Hash{9}, Payment: tr.order.Payment, Waybill: tr.order.Waybill,
		Declaration: tr.order.Declaration, Amount: tr.order.Amount, Payer: tr.order.Payer, Consignee: tr.order.Consignee,
	})
	l.check()
}

func TestOrderRefusals(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	l.must(shop, &tr.order)
	with := func(change func(*types.RecordPayment)) *types.RecordPayment { p := tr.pay; change(&p); return &p }
	for _, c := range []struct {
		name string
		want types.Code
		who  string
		body types.Body
	}{
		{"a platform pays", types.Role, shop, &tr.pay},
		{"a payment company ships", types.Role, pay, &tr.bill},
		{"a broker decides", types.Role, broker, &types.Decide{Order: tr.id, Status: types.StatusRelease}},
		{"the platform's own payment company", types.NotIndependent, puppet, &tr.pay},
		{"paid before it was ordered", types.TimeOrder, pay, with(func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now-3_600_000) })},
		{"paid long ago", types.KeyTime, pay, with(func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now-40*86_400_000) })},
		{"paid in the future", types.KeyTime, pay, with(func(p *types.RecordPayment) { p.Payment = ulidAt(l, l.now+3_600_000) })},
		{"of another order number", types.OrderMismatch, pay, with(func(p *types.RecordPayment) { p.Number = types.Hash{5} })},
		{"the lock shown as the tag", types.OrderMismatch, pay, with(func(p *types.RecordPayment) { p.Number = tr.order.Payment })},
		{"the same order again", types.StaleMessage, shop, &tr.order},
		{"an order nobody knows", types.OrderUnknown, broker, &types.Declare{Order: shop + "/01KB0Q8YDRN7DPSEYSB6DNYX4Q", Declaration: tr.list.Declaration, Seq: 1, Document: types.Hash{1}, Number: types.Hash{1}, Payer: types.Hash{1}, Parcel: types.Hash{1}}},
	} {
		t.Run(c.name, func(t *testing.T) { l.t = t; l.refuse(c.want, c.who, c.body) })
	}
	l.t = t
	l.check()
}

func ulidAt(l *ledger, ms int64) string {
	id, err := types.StreamID(types.Hash{9}, "any", fmt.Sprint(ms), ms)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

func TestDocumentsAreUsedOnce(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	first, second := newTrade(l, "N1"), newTrade(l, "N2")
	l.must(shop, &first.order)
	l.must(shop, &second.order)
	l.must(pay, &first.pay)
	l.must(carrier, &first.bill)
	again := second.pay
	again.Payment = first.pay.Payment
	l.refuse(types.PaymentReused, pay, &again)
	bill := second.bill
	bill.Waybill = first.bill.Waybill
	l.refuse(types.WaybillReused, carrier, &bill)
	l.must(pay, &second.pay)
	l.must(carrier, &second.bill)
	l.must(broker, &first.list)
	list := second.list
	list.Declaration = first.list.Declaration
	l.refuse(types.DuplicateList, broker, &list)
	l.check()
}

// TestMismatchAndCorrection: the record says whose document does not agree, and a newer
// version mends it.
func TestMismatchAndCorrection(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	wrong := tr.pay
	wrong.Amount = types.MatchTag(tr.ticket, types.TagAmount, "129 142")
	l.must(shop, &tr.order)
	l.must(pay, &wrong)
	l.must(carrier, &tr.bill)
	tr.state(types.StateMismatch)
	want := types.Mismatch{Code: uint64(types.Amount), Field: types.TagAmount, Party: pay}
	if got := l.order(tr.id).Mismatch; got != want {
		t.Errorf("mismatch %+v, want %+v", got, want)
	}
	l.refuse(types.NotMatched, broker, &tr.list)
	right := tr.pay
	right.Seq++
	paid, _ := types.ULIDTime(wrong.Payment)
	right.Payment = ulidAt(l, paid) // a second payment replaces the first, which is free again
	l.must(pay, &right)
	tr.state(types.StateMatched)
	if d := record[types.Document](l, "payment/"+pay+"/"+wrong.Payment); d.Order != "" {
		t.Errorf("the replaced payment still belongs to %s", d.Order)
	}
	l.check()
}

// TestSquatter: what was put beside an order before the platform recorded it gives way
// when it does not open the order's locks.
func TestSquatter(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	tr := newTrade(l, "N1")
	squat := tr.pay
	squat.Number, squat.Payment = types.Hash{66}, ulidAt(l, l.now-1000)
	l.must(puppet, &squat)
	l.must(shop, &tr.order)
	l.must(pay, &tr.pay)
	l.must(carrier, &tr.bill)
	tr.state(types.StateMatched)
	l.check()
}

func TestMemberKeys(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	second := keyOf(coop, 1)
	l.refuse(types.KeyLast, coop, &types.RetireKey{Key: keyOf(coop, 0)})
	l.refuse(types.KeyTaken, coop, &types.AddKey{Key: keyOf(shop, 0)})
	l.refuse(types.KeyUnknown, coop, &types.RetireKey{Key: keyOf(shop, 0)})
	l.must(coop, &types.AddKey{Key: second})
	l.must(coop, &types.RetireKey{Key: keyOf(coop, 0)})
	l.refuse(types.KeyUnknown, coop, object(types.ActionAdd, l.now, kg(green, 1))) // the ledger signs with key 0
	v := l.tx(coop, types.OnErrorRollback, object(types.ActionAdd, l.now, kg(green, 1)))
	v.Signers = []types.Address{second}
	if r := l.block(v)[0]; r.Code != types.OK {
		t.Errorf("signed by the new key: %s", r.Log)
	}
	l.refuse(types.KeyTaken, shop, &types.AddKey{Key: keyOf(coop, 0)}) // retired keys are never used again
	l.check()
}

// TestKeyRetiredInTheSameBlock: the second transaction of a block sees what the first did.
func TestKeyRetiredInTheSameBlock(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	l.must(coop, &types.AddKey{Key: keyOf(coop, 1)})
	r := l.block(
		l.tx(coop, types.OnErrorRollback, &types.RetireKey{Key: keyOf(coop, 0)}),
		l.tx(coop, types.OnErrorRollback, object(types.ActionAdd, l.now, kg(green, 1))),
	)
	if r[0].Code != types.OK || r[1].Code != types.KeyUnknown {
		t.Errorf("got %s and %s", r[0].Code, r[1].Code)
	}
}

func TestOnError(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	bodies := []types.Body{
		object(types.ActionAdd, l.now, kg(green, 1)),
		object(types.ActionAdd, l.now, kg(green, 2)), // ID_TAKEN
		object(types.ActionAdd, l.now, kg(dried, 1)),
	}
	r := l.block(l.tx(coop, types.OnErrorRollback, bodies...))[0]
	if r.Code != types.IDTaken || fmt.Sprint(r.Codes) != "[ROLLED_BACK ID_TAKEN ROLLED_BACK]" || l.lot(green) != nil {
		t.Errorf("rollback: %+v", r)
	}
	r = l.block(l.tx(coop, types.OnErrorProceed, bodies...))[0]
	if r.Code != types.Partial || fmt.Sprint(r.Codes) != "[OK ID_TAKEN OK]" || l.lot(green) == nil || l.lot(dried) == nil {
		t.Errorf("proceed: %+v", r)
	}
	r = l.block(l.tx(coop, types.OnErrorProceed, bodies[0], bodies[2]))[0]
	if r.Code != types.EventExists || r.Codes != nil {
		t.Errorf("proceed, all refused: %+v", r)
	}
	l.check()
}

func TestTransactionsExecuteOnce(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	v := l.tx(coop, types.OnErrorRollback, object(types.ActionAdd, l.now, kg(green, 1)))
	twice := l.block(v, v)
	if twice[0].Code != types.OK || twice[1].Code != types.Replayed {
		t.Errorf("in one block: %s, %s", twice[0].Code, twice[1].Code)
	}
	if r := l.block(v)[0]; r.Code != types.Replayed {
		t.Errorf("in the next block: %s", r.Code)
	}
	l.now = v.Transaction.Expires
	if r := l.block(v)[0]; r.Code != types.TxExpired {
		t.Errorf("after it expired: %s", r.Code)
	}
	l.now += 1000
	l.block()
	if n := l.live.Len(); n != 0 {
		t.Errorf("%d digests are live after all have expired", n)
	}
	late := l.tx(coop, types.OnErrorRollback, object(types.ActionAdd, l.now, kg(dried, 1)))
	late.Transaction.Expires = l.now + types.MaxLife + 60_000
	if r := l.block(late)[0]; r.Code != types.ExpiresTooLate {
		t.Errorf("expires too late: %s", r.Code)
	}
	stranger := l.tx("nobody", types.OnErrorRollback, object(types.ActionAdd, l.now, kg(dried, 1)))
	if r := l.block(stranger)[0]; r.Code != types.MemberUnknown {
		t.Errorf("no member: %s", r.Code)
	}
}
