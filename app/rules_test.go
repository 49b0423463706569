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
