package app_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types"
)

// TestModel drives random operations by several members and compares the ledger, after
// each, with plain maps that say what the rules mean; and it holds the whole state to
// the invariants.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := newLedger(t)
		defer l.close()
		m := &model{l: l, orders: map[types.OrderID]*modelOrder{}, used: map[string]types.OrderID{}}
		for i := range 4 {
			m.trades = append(m.trades, newTrade(l, fmt.Sprint("N", i)))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"order":   m.order,
			"payment": m.payment,
			"waybill": m.waybill,
			"declare": m.declare,
			"decide":  m.decide,
			"wait":    func(*rapid.T) { l.block() },
		})
	})
}

type modelOrder struct {
	order, payment, waybill *modelDoc
	declared, released      bool
	held                    bool
	events                  uint64
}

type modelDoc struct {
	by, id string
	seq    int64
	amount types.Hash
}

type model struct {
	l      *ledger
	orders map[types.OrderID]*modelOrder
	used   map[string]types.OrderID
	trades []*trade
}

// say executes a body and compares with whether the model allows it.
func (m *model) say(t *rapid.T, allowed bool, who string, body types.Body) bool {
	return say(t, m.l, allowed, who, body)
}

func say(t *rapid.T, l *ledger, allowed bool, who string, body types.Body) bool {
	r := l.block(l.tx(who, types.OnErrorRollback, body))[0]
	if (r.Code == types.OK) != allowed {
		t.Fatalf("%s says %T %+v: got %s (%s), the model allows it: %v", who, body, body, r.Code, r.Log, allowed)
	}
	return allowed
}

func (m *model) at(id types.OrderID) *modelOrder {
	if m.orders[id] == nil {
		m.orders[id] = new(modelOrder)
	}
	return m.orders[id]
}

func (m *model) draw(t *rapid.T) *trade {
	return m.trades[rapid.IntRange(0, len(m.trades)-1).Draw(t, "trade")]
}

// seq draws a message version, so that some are older than what is recorded.
func seq(t *rapid.T) int64 { return rapid.Int64Range(1, 4).Draw(t, "seq") }

func (m *model) order(t *rapid.T) {
	tr := m.draw(t)
	o := m.at(tr.id)
	body := tr.order
	body.Seq = seq(t)
	independent := o.payment == nil || o.payment.by != puppet
	if m.say(t, !o.declared && (o.order == nil || body.Seq > o.order.seq) && independent, shop, &body) {
		o.order = &modelDoc{by: shop, id: body.Order, seq: body.Seq, amount: body.Amount}
		o.events++
	}
}

// payment pays an order with its own payment or with another order's, with the right
// amount or a wrong one.
func (m *model) payment(t *rapid.T) {
	tr, from := m.draw(t), m.draw(t)
	who := rapid.SampledFrom([]string{pay, puppet}).Draw(t, "who")
	body := tr.pay
	body.Payment, body.Seq = from.pay.Payment, seq(t)
	if rapid.Bool().Draw(t, "wrong amount") {
		body.Amount = types.Hash{1}
	}
	o := m.at(tr.id)
	name := "payment/" + who + "/" + body.Payment
	free := m.used[name] == "" || o.payment != nil && o.payment.by == who && o.payment.id == body.Payment
	ok := !o.declared && free && (o.payment == nil || o.payment.by == who && body.Seq > o.payment.seq) && (who != puppet || o.order == nil)
	if m.say(t, ok, who, &body) {
		if o.payment != nil {
			delete(m.used, "payment/"+who+"/"+o.payment.id)
		}
		m.used[name] = tr.id
		o.payment = &modelDoc{by: who, id: body.Payment, seq: body.Seq, amount: body.Amount}
		o.events++
	}
}

func (m *model) waybill(t *rapid.T) {
	tr, from := m.draw(t), m.draw(t)
	body := tr.bill
	body.Waybill, body.Seq = from.bill.Waybill, seq(t)
	o := m.at(tr.id)
	name := "waybill/" + carrier + "/" + body.Waybill
	free := m.used[name] == "" || o.waybill != nil && o.waybill.id == body.Waybill
	ok := !o.declared && free && (o.waybill == nil || body.Seq > o.waybill.seq)
	if m.say(t, ok, carrier, &body) {
		if o.waybill != nil {
			delete(m.used, "waybill/"+carrier+"/"+o.waybill.id)
		}
		m.used[name] = tr.id
		o.waybill = &modelDoc{by: carrier, id: body.Waybill, seq: body.Seq}
		o.events++
	}
}

func (o *modelOrder) matched() bool {
	return o.order != nil && o.payment != nil && o.waybill != nil && o.payment.amount == o.order.amount
}

func (m *model) declare(t *rapid.T) {
	tr, from := m.draw(t), m.draw(t)
	body := tr.list
	body.Declaration = from.list.Declaration
	o := m.at(tr.id)
	name := "declaration/" + broker + "/" + body.Declaration
	if m.say(t, o.matched() && !o.declared && m.used[name] == "", broker, &body) {
		m.used[name] = tr.id
		o.declared = true
		o.events++
	}
}

func (m *model) decide(t *rapid.T) {
	tr := m.draw(t)
	status := rapid.SampledFrom([]uint64{types.StatusRelease, types.StatusInspect, types.StatusReject}).Draw(t, "status")
	o := m.at(tr.id)
	if !m.say(t, o.declared && !o.released, customs, &types.Decide{Order: tr.id, Status: status}) {
		return
	}
	o.events++
	switch status {
	case types.StatusRelease:
		o.released = true
	case types.StatusReject:
		o.declared = false
		for _, other := range m.trades {
			name := "declaration/" + broker + "/" + other.list.Declaration
			if m.used[name] == tr.id {
				delete(m.used, name)
			}
		}
	}
}

func (m *model) check(t *rapid.T) {
	m.l.check()
	for id, want := range m.orders {
		got := m.l.order(id)
		if want.events == 0 {
			continue
		}
		if got == nil || got.History.Size != want.events || (got.State == types.StateReleased) != want.released {
			t.Fatalf("order %s is %+v, the model has %+v", id, got, want)
		}
		if matched := got.State != types.StatePartial && got.State != types.StateMismatch; matched != want.matched() {
			t.Fatalf("order %s is %s, the model has %+v", id, got.State, want)
		}
	}
}
