package app_test

import (
	"fmt"
	"slices"
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
		for _, tr := range m.trades {
			m.begin(tr, rapid.IntRange(0, 3).Draw(rt, "stage"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"order":   m.order,
			"payment": m.payment,
			"waybill": m.waybill,
			"grant":   m.grant,
			"declare": m.declare,
			"decide":  m.decide,
			"cancel":  m.cancel,
			"sign":    m.sign,
			"return":  m.goBack,
			"arrive":  m.arrive,
			"wait":    m.wait,
		})
	})
}

type modelOrder struct {
	order, payment, waybill *modelDoc
	state                   string // of a declaration: "", declared … released, cancelled …
	status                  uint64
	until                   int64  // of a declaration that is to come
	before                  string // the documents' state before the last of them
	quota                   string // "", reserved, used, settled, freed
	quotaUntil              int64
	quotaID                 string
	asked                   bool // for a cancellation
	signed                  bool
	released                int64
	returns                 []modelReturn
	back                    [2]uint64 // pieces that came back or are on their way
	events                  uint64
}

type modelReturn struct {
	id     string
	line   int
	pieces uint64
	status uint64
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
	grants int
}

// begin takes an order through some of its life, so that what comes late in it is met.
func (m *model) begin(tr *trade, stage int) {
	if stage == 0 {
		return
	}
	o := m.at(tr.id)
	tr.match()
	o.order = &modelDoc{shop, tr.order.Order, tr.order.Seq, tr.order.Amount}
	o.payment = &modelDoc{pay, tr.pay.Payment, tr.pay.Seq, tr.pay.Amount}
	o.waybill = &modelDoc{carrier, tr.bill.Waybill, tr.bill.Seq, types.Hash{}}
	m.used["payment/"+pay+"/"+tr.pay.Payment], m.used["waybill/"+carrier+"/"+tr.bill.Waybill] = tr.id, tr.id
	o.quota, o.quotaID, o.quotaUntil = types.QuotaReserved, tr.list.Grant, m.l.now-1000+hour
	o.events, o.before, o.until = 4, types.StateMatched, m.l.now-1000+15*day // the grant came a block later
	if stage == 1 {
		return
	}
	m.l.must(broker, &tr.list)
	m.used["declaration/"+broker+"/"+tr.list.Declaration] = tr.id
	o.events, o.state, o.until, o.quota = 5, types.StateDeclared, 0, types.QuotaUsed
	if stage == 2 {
		return
	}
	for _, status := range []uint64{120, 399, 800} {
		m.l.must(customs, tr.decision(status))
	}
	o.events, o.state, o.status, o.released, o.quota = 8, types.StateReleased, 800, m.l.now, types.QuotaSettled
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

func (m *model) draw(t *rapid.T) (*trade, *modelOrder) {
	tr := m.trades[rapid.IntRange(0, len(m.trades)-1).Draw(t, "trade")]
	return tr, m.at(tr.id)
}

// seq draws a message version, so that some are older than what is recorded.
func seq(t *rapid.T) int64 { return genesisTime + rapid.Int64Range(-1, 60_000).Draw(t, "seq") }

// next is the time of the block that the next body is executed in.
func (m *model) next() int64 { return m.l.now + 1000 }

// wait lets up to ten days pass.
func (m *model) wait(t *rapid.T) {
	m.l.now += rapid.SampledFrom([]int64{0, hour, 2 * hour, day, 5 * day}).Draw(t, "wait")
	m.l.block()
}

// declared reports whether a declaration is live.
func (o *modelOrder) declared() bool { return o.state != "" && o.state != types.StateCancelled }

// documents is what the documents alone give.
func (o *modelOrder) documents() string {
	switch {
	case o.order == nil || o.payment == nil || o.waybill == nil:
		return types.StatePartial
	case o.payment.amount != o.order.amount:
		return types.StateMismatch
	}
	return types.StateMatched
}

// dead reports whether only the platform can go on.
func (m *model) dead(o *modelOrder) bool {
	return o.state == types.StateCancelled || !o.declared() && o.until != 0 && m.next() > o.until
}

// changed notes that a document has changed; renewed, that it begins anew.
func (m *model) changed(o *modelOrder, renewed bool) {
	now := o.documents()
	if renewed || now != o.before {
		o.until = 0
		switch now {
		case types.StatePartial, types.StateMatched:
			o.until = m.l.now + 15*day
		}
	}
	o.before = now
	o.events++
}

// timely: a new ULID's time must not be older than a month.
func (m *model) timely(id string) bool {
	ms, _ := types.ULIDTime(id)
	return ms >= m.next()-31*day
}

// known: the order's record exists, or could begin now.
func (m *model) known(tr *trade, o *modelOrder) bool {
	return o.order != nil || o.payment != nil || o.waybill != nil || m.timely(tr.order.Order)
}

func (m *model) order(t *rapid.T) {
	tr, o := m.draw(t)
	body := tr.order
	body.Seq = seq(t)
	independent := o.payment == nil || o.payment.by != puppet
	newer := o.order == nil || body.Seq > o.order.seq
	dead := m.dead(o)
	if m.say(t, !o.declared() && newer && independent && (o.order != nil || m.timely(body.Order)), shop, &body) {
		o.order = &modelDoc{by: shop, id: body.Order, seq: body.Seq, amount: body.Amount}
		if dead {
			o.state = ""
		}
		m.changed(o, dead)
	}
}

// payment pays an order with its own payment or with another order's, with the right
// amount or a wrong one.
func (m *model) payment(t *rapid.T) {
	tr, o := m.draw(t)
	from, _ := m.draw(t)
	who := rapid.SampledFrom([]string{pay, puppet}).Draw(t, "who")
	body := tr.pay
	body.Payment, body.Seq = from.pay.Payment, seq(t)
	if rapid.Bool().Draw(t, "wrong amount") {
		body.Amount = types.Hash{1}
	}
	name := "payment/" + who + "/" + body.Payment
	free := m.used[name] == "" || m.used[name] == tr.id
	ok := !o.declared() && !m.dead(o) && free && (o.payment == nil || o.payment.by == who && body.Seq > o.payment.seq) &&
		(who != puppet || o.order == nil) && (m.used[name] != "" || m.timely(body.Payment)) && m.known(tr, o)
	if m.say(t, ok, who, &body) {
		m.used[name] = tr.id
		o.payment = &modelDoc{by: who, id: body.Payment, seq: body.Seq, amount: body.Amount}
		m.changed(o, false)
	}
}

func (m *model) waybill(t *rapid.T) {
	tr, o := m.draw(t)
	from, _ := m.draw(t)
	body := tr.bill
	body.Waybill, body.Seq = from.bill.Waybill, seq(t)
	name := "waybill/" + carrier + "/" + body.Waybill
	free := m.used[name] == "" || m.used[name] == tr.id
	ok := !o.declared() && !m.dead(o) && free && (o.waybill == nil || body.Seq > o.waybill.seq) && (m.used[name] != "" || m.timely(body.Waybill)) && m.known(tr, o)
	if m.say(t, ok, carrier, &body) {
		m.used[name] = tr.id
		o.waybill = &modelDoc{by: carrier, id: body.Waybill, seq: body.Seq}
		m.changed(o, false)
	}
}

func (m *model) grant(t *rapid.T) {
	tr, o := m.draw(t)
	m.grants++
	body := tr.grant()
	body.Grant = tr.stream("grant", fmt.Sprint(m.grants), m.l.now)
	body.Expires = m.next() + hour
	if m.say(t, o.order != nil && !o.declared(), customs, body) {
		o.quota, o.quotaUntil, o.quotaID = types.QuotaReserved, body.Expires, body.Grant
		o.events++
	}
}

func (m *model) declare(t *rapid.T) {
	tr, o := m.draw(t)
	from, _ := m.draw(t)
	body := tr.list
	body.Declaration, body.Grant = from.list.Declaration, o.quotaID
	if body.Grant == "" {
		body.Grant = tr.list.Grant
	}
	name := "declaration/" + broker + "/" + body.Declaration
	quota := o.quota == types.QuotaReserved && m.next() <= o.quotaUntil
	free := m.used[name] == "" || m.used[name] == tr.id
	ok := !o.declared() && !m.dead(o) && o.documents() == types.StateMatched && quota && free && (m.used[name] != "" || m.timely(body.Declaration))
	if m.say(t, ok, broker, &body) {
		m.used[name] = tr.id
		o.state, o.quota, o.asked, o.until = types.StateDeclared, types.QuotaUsed, false, 0
		o.status, o.signed, o.released, o.back = 0, false, 0, [2]uint64{}
		o.events++
	}
}

// nexts says what may be decided in each state, and what becomes of it.
var nexts = map[string]map[uint64]string{
	types.StateDeclared:  {120: types.StateAccepted, 100: ""},
	types.StateAccepted:  {300: types.StateReview, 399: types.StateAudited, 100: ""},
	types.StateReview:    {399: types.StateAudited, 100: ""},
	types.StateAudited:   {500: types.StateInspect, 800: types.StateReleased},
	types.StateInspect:   {502: types.StateDetained, 700: types.StateSentBack, 800: types.StateReleased},
	types.StateDetained:  {700: types.StateSentBack, 800: types.StateReleased},
	types.StateReleased:  {899: types.StateClosed},
	types.StateSigned:    {899: types.StateSigned},
	types.StateReturning: {899: types.StateReturning},
	types.StateReturned:  {899: types.StateReturned},
}

func (m *model) decide(t *rapid.T) {
	tr, o := m.draw(t)
	status := rapid.SampledFrom([]uint64{100, 120, 120, 300, 399, 399, 500, 502, 700, 800, 800, 899}).Draw(t, "status")
	to, ok := nexts[o.state][status]
	if !m.say(t, o.declared() && ok && status != o.status, customs, tr.decision(status)) {
		return
	}
	o.events++
	o.state, o.status = to, status
	switch status {
	case 800:
		o.released, o.quota, o.asked = m.l.now, types.QuotaSettled, false
	case 700:
		o.quota, o.asked = types.QuotaFreed, false
	case 100:
		o.quota, o.until, o.asked = types.QuotaReserved, m.l.now+15*day, false
	}
}

func (m *model) cancel(t *rapid.T) {
	tr, o := m.draw(t)
	if rapid.Bool().Draw(t, "ask") {
		open := slices.Contains([]string{types.StateDeclared, types.StateAccepted, types.StateReview, types.StateAudited, types.StateInspect}, o.state)
		if m.say(t, open && !o.asked, broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}}) {
			o.asked = true
			o.events++
		}
		return
	}
	if !m.say(t, o.asked && o.state != types.StateDetained, customs, &types.DecideCancel{Order: tr.id, Status: types.StatusAudit}) {
		return
	}
	o.events++
	o.asked, o.state, o.quota = false, types.StateCancelled, types.QuotaFreed
}

func (m *model) sign(t *rapid.T) {
	tr, o := m.draw(t)
	before := o.state == types.StateReleased || o.state == types.StateClosed
	ok := before || !o.signed && (o.state == types.StateReturning || o.state == types.StateReturned)
	if m.say(t, ok, carrier, &types.SignFor{Order: tr.id, Time: m.l.now, Document: types.Hash{1}}) {
		o.signed = true
		if before {
			o.state = types.StateSigned
		}
		o.events++
	}
}

func (m *model) goBack(t *rapid.T) {
	tr, o := m.draw(t)
	line, pieces := rapid.IntRange(0, 1).Draw(t, "line"), rapid.Uint64Range(1, 3).Draw(t, "pieces")
	open := slices.Contains([]string{types.StateReleased, types.StateClosed, types.StateSigned, types.StateReturned}, o.state)
	ok := open && o.back[line]+pieces <= tr.pieces[line] && m.next() <= o.released+30*day
	m.grants++
	body := tr.comeBack(fmt.Sprint(m.grants), line, o.back[line], pieces)
	if m.say(t, ok, broker, body) {
		o.back[line] += pieces
		o.returns = append(o.returns, modelReturn{body.Return, line, pieces, 0})
		o.state = types.StateReturning
		o.events++
	}
}

func (m *model) arrive(t *rapid.T) {
	tr, o := m.draw(t)
	if len(o.returns) == 0 {
		return
	}
	r := &o.returns[rapid.IntRange(0, len(o.returns)-1).Draw(t, "which")]
	status := rapid.SampledFrom([]uint64{100, 399, 399, 800, 800}).Draw(t, "decided")
	ok := r.status != 100 && r.status != 800 && r.status != status && (status != 800 || r.status == 399 && m.next() <= o.released+45*day)
	if !m.say(t, ok, customs, &types.DecideReturn{Order: tr.id, Return: r.id, Status: status}) {
		return
	}
	o.events++
	r.status = status
	if status == 100 {
		o.back[r.line] -= r.pieces
	}
	arrived := slices.ContainsFunc(o.returns, func(r modelReturn) bool { return r.status == 800 })
	switch {
	case status == 399:
		o.state = types.StateReturning
	case arrived:
		o.state = types.StateReturned
	case o.signed:
		o.state = types.StateSigned
	case o.status == 899:
		o.state = types.StateClosed
	default:
		o.state = types.StateReleased
	}
}

func (m *model) check(t *rapid.T) {
	m.l.check()
	for id, want := range m.orders {
		if want.events == 0 {
			continue
		}
		got := m.l.order(id)
		if got == nil || got.History.Size != want.events {
			t.Fatalf("order %s is %+v, the model has %+v", id, got, want)
		}
		if state := m.state(want); got.StateAt(m.l.now) != state {
			t.Fatalf("order %s is %s, the model has %s", id, got.StateAt(m.l.now), state)
		}
		if len(got.Quota) > 0 && got.Quota[0].State != want.quota {
			t.Fatalf("order %s has a quota that is %s, the model has %s", id, got.Quota[0].State, want.quota)
		}
	}
}

func (m *model) state(o *modelOrder) string {
	switch {
	case o.state != "":
		return o.state
	case o.until == 0 || m.l.now <= o.until:
		return o.documents()
	case o.documents() == types.StateMatched:
		return types.StateLapsed
	}
	return types.StateStale
}
