package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types"
)

// TestGoodsModel drives random operations on lots, units, certificates and recalls, and
// compares the ledger after each with maps that say what the rules mean.
func TestGoodsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := newLedger(t)
		defer l.close()
		g := newGoods(l)
		for range 4 { // most steps need something to be there
			rt.Repeat(map[string]func(*rapid.T){"": g.check, "step": g.step})
		}
	})
}

// step is one random operation; those that others build on come more often.
func (g *goods) step(t *rapid.T) {
	steps := []func(*rapid.T){
		g.commission, g.commission, g.transform, g.transform, g.transform, g.offer, g.offer, g.offer, g.accept, g.accept,
		g.reject, g.settle, g.settle, g.end, g.appear, g.pack, g.pack, g.pack, g.pack, g.unpack, g.unpack, g.hand, g.hand,
		g.take, g.take, g.keep, g.endUnit, g.closing, g.clear, g.change,
		func(*rapid.T) { g.l.block() },
		func(t *rapid.T) { []func(*rapid.T){g.recall, g.error}[pick(t, "trouble", 2)](t) },
	}
	steps[pick(t, "step", len(steps))](t)
}

type goodsLot struct {
	id                              types.LotID
	made, consumed, destroyed, sold uint64
	held                            map[string]uint64
	offers                          map[string]*goodsOffer // by "from/to"
	owner                           string
	into                            []*goodsLot // made of it
	marks                           map[types.Mark]bool
	claim                           bool // organic
	body                            *types.CaptureEvent
	declared                        bool
}

type goodsOffer struct {
	quantity uint64
	until    int64
	purpose  string
	state    string
}

type goodsUnit struct {
	id               types.UnitID
	owner, custodian string
	fate             string
	parent           *goodsUnit
	children         map[*goodsUnit]bool
	contents         map[*goodsLot]uint64
	offeredTo        string
	until            int64
	purpose          string
	marks            map[types.Mark]bool
	own              bool // recalled itself, or inside what was
}

type goodsUse struct {
	lot  *goodsLot
	time int64
}

type goods struct {
	l       *ledger
	lots    []*goodsLot  // nil until commissioned
	units   []*goodsUnit // nil until seen
	open    map[types.Mark]bool
	changes map[string][]types.StatusChange // by member
	used    map[string][]goodsUse
	drawn   map[string]uint64
	n       int
}

var goodsMembers = []string{coop, mill, carrier}

// goodsCap is the cap of each member's certificate, in 10^-5 g.
const goodsCap = 3000

func newGoods(l *ledger) *goods {
	g := &goods{
		l: l, lots: make([]*goodsLot, 8), units: make([]*goodsUnit, 5), open: map[types.Mark]bool{},
		changes: map[string][]types.StatusChange{}, used: map[string][]goodsUse{}, drawn: map[string]uint64{},
	}
	l.must(office, &types.SetProcess{BizStep: "installing", Min: 250_000, Max: 500_000})
	for _, m := range goodsMembers {
		organic(l, paper(m), m, 0)
		l.must(cert, &types.IssueCertificate{Certificate: paper(m + "-capped"), Standard: "organic", Accreditation: office + "/org", Subject: m,
			From: genesisTime, Until: genesisTime + year, Cap: goodsCap, Unit: "GRM"})
	}
	return g
}

func goodsLotID(i int) types.LotID   { return types.LotID(private(fmt.Sprint("lot/", i))) }
func goodsUnitID(i int) types.UnitID { return types.UnitID(private(fmt.Sprint("unit/", i))) }

func (g *goods) say(t *rapid.T, allowed bool, who string, body types.Body) bool {
	return say(t, g.l, allowed, who, body)
}

// even draws from all of a range alike; rapid's own integers prefer small ones.
var even = rapid.Custom(func(t *rapid.T) (n int) {
	for range 12 {
		n *= 2
		if rapid.Bool().Draw(t, "bit") {
			n++
		}
	}
	return n
})

func pick(t *rapid.T, what string, n int) int { return even.Draw(t, what) % n }
func amount(t *rapid.T, what string) uint64   { return uint64(1 + pick(t, what, 300)) }
func coin(t *rapid.T, what string) bool       { return rapid.Bool().Draw(t, what) }

// mostly is true seven times of eight: most draws should be of what is there, or the
// refusals hide the rest.
func mostly(t *rapid.T, what string) bool { return pick(t, what, 8) > 0 }

// who draws a member, mostly of those that have something to say.
func (g *goods) who(t *rapid.T, what string, likely ...string) string {
	if len(likely) > 0 && mostly(t, what+" likely") {
		return likely[pick(t, what, len(likely))]
	}
	return goodsMembers[pick(t, what, len(goodsMembers))]
}

// choose draws an index, mostly of those that are good.
func choose(t *rapid.T, what string, n int, good func(int) bool) int {
	var likely []int
	for i := range n {
		if good(i) {
			likely = append(likely, i)
		}
	}
	if len(likely) > 0 && mostly(t, what+" likely") {
		return likely[pick(t, what, len(likely))]
	}
	return pick(t, what, n)
}

// lot draws a lot, mostly one that is there and has something left.
func (g *goods) lot(t *rapid.T, what string) (int, *goodsLot) {
	i := choose(t, what, len(g.lots), func(i int) bool { return g.lots[i] != nil && len(g.lots[i].held) > 0 })
	return i, g.lots[i]
}

// newLot draws a lot, mostly one that is not there yet.
func (g *goods) newLot(t *rapid.T, what string) (int, *goodsLot) {
	i := choose(t, what, len(g.lots), func(i int) bool { return g.lots[i] == nil })
	return i, g.lots[i]
}

// unit draws a unit, mostly one that is there still.
func (g *goods) unit(t *rapid.T, what string) (int, *goodsUnit) {
	i := choose(t, what, len(g.units), func(i int) bool { return g.units[i] != nil && g.units[i].fate == "" })
	return i, g.units[i]
}

// holders are who holds a part of a lot.
func (l *goodsLot) holders() []string {
	if l == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.held))
}

// holder is who holds a unit.
func (u *goodsUnit) holder() []string {
	if u == nil {
		return nil
	}
	return []string{u.top().custodian}
}

// someOffer draws a lot and two members, mostly of an offer in one of these states.
func (g *goods) someOffer(t *rapid.T, states ...string) (int, string, string) {
	type place struct {
		lot int
		key string
	}
	var all []place
	for i, l := range g.lots {
		if l == nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(l.offers)) {
			if slices.Contains(states, l.offers[key].state) {
				all = append(all, place{i, key})
			}
		}
	}
	if len(all) > 0 && mostly(t, "an offer that is there") {
		p := all[pick(t, "offer", len(all))]
		from, to, _ := strings.Cut(p.key, "/")
		return p.lot, from, to
	}
	i, _ := g.lot(t, "lot")
	return i, g.who(t, "from"), g.who(t, "to")
}

// now is the time of the block to come.
func (g *goods) now() int64 { return g.l.now + 1000 }

func grams(i int, n uint64) quantity { return quantity{goodsLotID(i), n, "GRM"} }

func (g *goods) valid(member string, at int64) bool {
	status, _ := types.StatusAt(g.changes[member], at)
	return status == types.StatusValid
}

// free is what a member can use of a lot in the block to come.
func (g *goods) free(l *goodsLot, who string) uint64 {
	n := l.held[who]
	for key, o := range l.offers {
		if strings.HasPrefix(key, who+"/") && (o.state != types.OfferOpen || g.now() <= o.until) {
			n -= min(n, o.quantity)
		}
	}
	return n
}

func (l *goodsLot) move(who string, more, less uint64) {
	if l.held[who] = l.held[who] + more - less; l.held[who] == 0 {
		delete(l.held, who)
	}
}

// bites reports whether a mark of one of these kinds stands.
func (g *goods) bites(marks map[types.Mark]bool, kinds ...string) bool {
	for m := range marks {
		if g.open[m] && slices.Contains(kinds, m.Kind) {
			return true
		}
	}
	return false
}

func (g *goods) mayLeave(marks map[types.Mark]bool) bool {
	return !g.bites(marks, types.MarkRecall, types.MarkDispute)
}

// carries reports whether a lot may be sold as organic in the block to come.
func (g *goods) carries(l *goodsLot) bool {
	for m := range l.marks {
		if m.Kind == types.MarkCertificate && !g.valid(g.subject(m.Ref), g.now()) {
			return false
		}
	}
	return l.claim
}

// subject is the member that has a certificate without a cap.
func (g *goods) subject(ref string) string {
	for _, m := range goodsMembers {
		if string(paper(m)) == ref {
			return m
		}
	}
	return ""
}

// make enters a lot that an event made.
func (g *goods) make(i int, who string, n uint64, claim bool, body *types.CaptureEvent) *goodsLot {
	l := &goodsLot{
		id: goodsLotID(i), made: n, held: map[string]uint64{who: n}, offers: map[string]*goodsOffer{}, owner: who,
		marks: map[types.Mark]bool{}, claim: claim, body: body,
	}
	g.lots[i] = l
	return l
}

// cite draws the certificates of an event: none, the one without cap, the one with.
func (g *goods) cite(t *rapid.T, who string, n uint64) (list []types.CertificateID, allowed, claim bool) {
	switch pick(t, "certificate", 4) {
	case 1:
		return []types.CertificateID{paper(who)}, g.valid(who, g.l.now), true
	case 2:
		return []types.CertificateID{paper(who + "-capped")}, g.drawn[who]+n <= goodsCap, true
	}
	return nil, true, false
}

// cited notes the uses of certificates.
func (g *goods) cited(who string, list []types.CertificateID, l *goodsLot, at int64) {
	for _, id := range list {
		if id == paper(who) {
			g.used[who] = append(g.used[who], goodsUse{l, at})
		} else {
			g.drawn[who] += l.made
		}
	}
}

// body gives an event an identity of its own.
func (g *goods) body(b *types.CaptureEvent, list []types.CertificateID) *types.CaptureEvent {
	g.n++
	if len(list) > 0 {
		b = citing(b, list...)
	}
	return named(b, fmt.Sprint(g.n))
}

func (g *goods) commission(t *rapid.T) {
	who, n, at := g.who(t, "who"), 3*amount(t, "amount"), g.l.now
	i, have := g.newLot(t, "lot")
	certs, ok, claim := g.cite(t, who, n)
	body := g.body(object(types.ActionAdd, at, grams(i, n)), certs)
	if g.say(t, ok && have == nil, who, body) {
		g.cited(who, certs, g.make(i, who, n, claim, body), at)
	}
}

// transform makes a lot of two parts of others, or of the same; with a process, of at
// most half the mass.
func (g *goods) transform(t *rapid.T) {
	i, a := g.lot(t, "from")
	who, at := g.who(t, "who", a.holders()...), g.l.now
	j := choose(t, "and", len(g.lots), func(i int) bool { return g.lots[i] != nil && g.lots[i].held[who] > 0 })
	b := g.lots[j]
	k, to := g.newLot(t, "to")
	x, y := amount(t, "take"), amount(t, "and take")
	process := coin(t, "process")
	n := 1 + uint64(pick(t, "make", int(x+y)*11/10))
	if process {
		n = n/2 + 1
	}
	certs, ok, claim := g.cite(t, who, n)
	body := transformation(at, list(grams(i, x), grams(j, y)), list(grams(k, n)))
	if process {
		body = with(body, at, doc{"bizStep": "installing"})
		ok = ok && 2*n <= x+y
	}
	body = g.body(body, certs)
	ok = ok && a != nil && b != nil && to == nil && n <= x+y
	if ok {
		ok = !g.bites(a.marks, types.MarkRecall) && !g.bites(b.marks, types.MarkRecall)
		if a == b {
			ok = ok && x+y <= g.free(a, who)
		}
		ok = ok && x <= g.free(a, who) && y <= g.free(b, who) && (!claim || g.carries(a) && g.carries(b))
	}
	if !g.say(t, ok, who, body) {
		return
	}
	made := g.make(k, who, n, claim, body)
	for _, in := range []struct {
		l *goodsLot
		n uint64
	}{{a, x}, {b, y}} {
		in.l.move(who, 0, in.n)
		in.l.consumed += in.n
		in.l.into = append(in.l.into, made)
		maps.Copy(made.marks, in.l.marks)
	}
	g.cited(who, certs, made, at)
}

// offer offers a part of a lot, or all of it.
func (g *goods) offer(t *rapid.T) {
	i, l := g.lot(t, "lot")
	who, to := g.who(t, "who", l.holders()...), g.who(t, "to")
	body := &types.OfferLot{Lot: goodsLotID(i), To: to, Deadline: g.l.now + int64(pick(t, "for", 4000))*8}
	if coin(t, "in part") {
		body.Quantity, body.Unit = amount(t, "amount"), "GRM"
	}
	if pick(t, "purpose", 4) == 3 {
		body.Purpose = types.PurposeReturn
	}
	ok := l != nil && who != to && body.Deadline >= g.now()
	n := body.Quantity
	if ok {
		free := g.free(l, who)
		if n == 0 {
			n = free
		}
		old := l.offers[who+"/"+to]
		open := old != nil && (old.state != types.OfferOpen || g.now() <= old.until)
		ok = l.held[who] > 0 && !open && n > 0 && n <= free && (body.Purpose != "" || g.mayLeave(l.marks))
	}
	if !g.say(t, ok, who, body) {
		return
	}
	for key, o := range l.offers {
		if o.state == types.OfferOpen && g.l.now > o.until {
			delete(l.offers, key)
		}
	}
	l.offers[who+"/"+to] = &goodsOffer{n, body.Deadline, body.Purpose, types.OfferOpen}
}

// accept takes over as much as was offered, or less, or more.
func (g *goods) accept(t *rapid.T) {
	i, from, who := g.someOffer(t, types.OfferOpen)
	l := g.lots[i]
	body := &types.AcceptLot{Lot: goodsLotID(i), From: from}
	if coin(t, "weighed") {
		body.Quantity, body.Unit = amount(t, "arrived"), "GRM"
	}
	var o *goodsOffer
	if l != nil {
		o = l.offers[from+"/"+who]
	}
	ok := o != nil && o.state == types.OfferOpen && g.now() <= o.until && (o.purpose != "" || !g.bites(l.marks, types.MarkRecall))
	if !g.say(t, ok, who, body) {
		return
	}
	arrived := body.Quantity
	if arrived == 0 {
		arrived = o.quantity
	}
	moved := min(arrived, o.quantity)
	l.move(from, 0, moved)
	l.move(who, moved, 0)
	switch {
	case arrived < o.quantity:
		o.state, o.quantity = types.OfferShort, o.quantity-arrived
	case arrived > o.quantity:
		o.state, o.quantity = types.OfferOver, arrived-o.quantity
	default:
		delete(l.offers, from+"/"+who)
	}
}

func (g *goods) reject(t *rapid.T) {
	i, from, to := g.someOffer(t, types.OfferOpen)
	who := g.who(t, "who", from, to)
	l := g.lots[i]
	var o *goodsOffer
	if l != nil {
		o = l.offers[from+"/"+to]
	}
	ok := o != nil && o.state == types.OfferOpen && (who == from || who == to)
	if g.say(t, ok, who, &types.RejectLot{Lot: goodsLotID(i), From: from, To: to}) {
		delete(l.offers, from+"/"+to)
	}
}

func (g *goods) settle(t *rapid.T) {
	i, who, to := g.someOffer(t, types.OfferShort, types.OfferOver)
	l := g.lots[i]
	outcome := []string{types.OutcomeKept, types.OutcomeLost, types.OutcomeGiven}[pick(t, "outcome", 3)]
	var o *goodsOffer
	if l != nil {
		o = l.offers[who+"/"+to]
	}
	ok := o != nil && o.state != types.OfferOpen
	if ok {
		delete(l.offers, who+"/"+to)
		switch outcome {
		case types.OutcomeLost:
			ok = o.state == types.OfferShort
		case types.OutcomeGiven:
			ok = o.state == types.OfferOver && o.quantity <= g.free(l, who)
		}
	}
	if !g.say(t, ok, who, &types.SettleLot{Lot: goodsLotID(i), To: to, Outcome: outcome}) {
		if o != nil {
			l.offers[who+"/"+to] = o
		}
		return
	}
	switch outcome {
	case types.OutcomeLost:
		l.move(who, 0, o.quantity)
		l.destroyed += o.quantity
	case types.OutcomeGiven:
		l.move(who, 0, o.quantity)
		l.move(to, o.quantity, 0)
	}
}

// end sells a part of a lot or destroys it.
func (g *goods) end(t *rapid.T) {
	i, l := g.lot(t, "lot")
	who, n, sold := g.who(t, "who", l.holders()...), amount(t, "amount"), coin(t, "sold")
	body := object(types.ActionDelete, g.l.now, grams(i, n))
	if sold {
		body = with(body, g.l.now, doc{"bizStep": "retail_selling"})
	}
	ok := l != nil && n <= g.free(l, who) && (!sold || g.mayLeave(l.marks))
	if !g.say(t, ok, who, body) {
		return
	}
	l.move(who, 0, n)
	if sold {
		l.sold += n
	} else {
		l.destroyed += n
	}
}

func (u *goodsUnit) top() *goodsUnit {
	for u.parent != nil {
		u = u.parent
	}
	return u
}

func (g *goods) offered(u *goodsUnit) bool { return u.offeredTo != "" && g.now() <= u.until }

func (g *goods) heldBy(u *goodsUnit, who string) bool {
	return u.fate == "" && u.top().custodian == who
}

func (g *goods) usable(u *goodsUnit, who string) bool {
	return g.heldBy(u, who) && u.parent == nil && !g.offered(u)
}

func (g *goods) newUnit(i int, who string) *goodsUnit {
	u := &goodsUnit{id: goodsUnitID(i), custodian: who, children: map[*goodsUnit]bool{}, contents: map[*goodsLot]uint64{}, marks: map[types.Mark]bool{}}
	g.units[i] = u
	return u
}

// appear commissions a unit, which may have been packed before.
func (g *goods) appear(t *rapid.T) {
	who := g.who(t, "who")
	i, u := g.unit(t, "unit")
	ok := u == nil || u.owner == "" && g.usable(u, who)
	if !g.say(t, ok, who, commission(g.l.now, goodsUnitID(i))) {
		return
	}
	if u == nil {
		u = g.newUnit(i, who)
	}
	u.owner = who
}

// pack puts a part of a lot or a unit into a unit.
func (g *goods) pack(t *rapid.T) {
	i, parent := g.unit(t, "parent")
	who := g.who(t, "who", parent.holder()...)
	room := parent == nil || g.heldBy(parent, who) && !g.offered(parent.top())
	if coin(t, "a lot") {
		g.packLot(t, who, i, parent, room)
	} else {
		g.packUnit(t, who, i, parent, room)
	}
}

func (g *goods) packLot(t *rapid.T, who string, i int, parent *goodsUnit, room bool) {
	n := amount(t, "amount")
	k, l := g.lot(t, "lot")
	ok := room && l != nil && n <= g.free(l, who)
	if !g.say(t, ok, who, packing(types.ActionAdd, g.l.now, goodsUnitID(i), nil, grams(k, n))) {
		return
	}
	if parent == nil {
		parent = g.newUnit(i, who)
	}
	l.move(who, 0, n)
	parent.contents[l] += n
	climb(parent, l.marks)
}

func (g *goods) packUnit(t *rapid.T, who string, i int, parent *goodsUnit, room bool) {
	k, u := g.unit(t, "unit")
	ok := room && i != k && (u == nil || g.usable(u, who))
	for p := parent; ok && p != nil; p = p.parent {
		ok = p != u
	}
	if !g.say(t, ok, who, packing(types.ActionAdd, g.l.now, goodsUnitID(i), []types.UnitID{goodsUnitID(k)})) {
		return
	}
	if parent == nil {
		parent = g.newUnit(i, who)
	}
	if u == nil {
		u = g.newUnit(k, who)
	}
	parent.children[u] = true
	u.parent, u.offeredTo = parent, ""
	climb(parent, u.marks)
}

func climb(u *goodsUnit, marks map[types.Mark]bool) {
	for ; u != nil; u = u.parent {
		maps.Copy(u.marks, marks)
	}
}

// unpack takes out everything, a unit, or a part of a lot.
func (g *goods) unpack(t *rapid.T) {
	i, parent := g.unit(t, "parent")
	who, what := g.who(t, "who", parent.holder()...), pick(t, "what", 3)
	k, l := g.lot(t, "lot")
	j, u := g.unit(t, "unit")
	n := amount(t, "amount")
	ok := parent != nil && g.heldBy(parent, who) && !g.offered(parent.top())
	var units []types.UnitID
	var quantities []quantity
	switch what {
	case 1:
		units = append(units, goodsUnitID(j))
		ok = ok && u != nil && parent.children[u]
	case 2:
		quantities = append(quantities, grams(k, n))
		ok = ok && l != nil && n <= parent.contents[l] && g.told(parent, l)
	default:
		for l := range contentsOf(parent) {
			ok = ok && g.told(parent, l)
		}
	}
	if !g.say(t, ok, who, packing(types.ActionDelete, g.l.now, goodsUnitID(i), units, quantities...)) {
		return
	}
	switch what {
	case 1:
		parent.out(u, who)
	case 2:
		parent.release(l, n, who)
	default:
		for u := range parent.children {
			parent.out(u, who)
		}
		for l, n := range parent.contents {
			parent.release(l, n, who)
		}
	}
	if len(parent.children)+len(parent.contents) == 0 && parent.owner == "" && !parent.own {
		clear(parent.marks)
	}
}

func contentsOf(u *goodsUnit) map[*goodsLot]uint64 {
	if u == nil {
		return nil
	}
	return u.contents
}

// told reports whether what is taken out of a unit is still known to be recalled.
func (g *goods) told(u *goodsUnit, l *goodsLot) bool {
	for m := range u.marks {
		if u.own && m.Kind == types.MarkRecall && g.open[m] && !l.marks[m] {
			return false
		}
	}
	return true
}

func (u *goodsUnit) out(child *goodsUnit, who string) {
	delete(u.children, child)
	child.parent, child.custodian = nil, who
}

func (u *goodsUnit) release(l *goodsLot, n uint64, who string) {
	if u.contents[l] -= n; u.contents[l] == 0 {
		delete(u.contents, l)
	}
	l.move(who, n, 0)
}

func (g *goods) hand(t *rapid.T) {
	i, u := g.unit(t, "unit")
	who, to := g.who(t, "who", u.holder()...), g.who(t, "to")
	body := &types.OfferUnit{Unit: goodsUnitID(i), To: to, Deadline: g.l.now + int64(pick(t, "for", 4000))*8}
	if pick(t, "purpose", 4) == 3 {
		body.Purpose = types.PurposeDestruction
	}
	ok := u != nil && who != to && body.Deadline >= g.now() && g.usable(u, who)
	if ok && body.Purpose == "" {
		ok = g.mayLeave(u.marks)
	}
	if g.say(t, ok, who, body) {
		u.offeredTo, u.until, u.purpose = to, body.Deadline, body.Purpose
	}
}

func (g *goods) take(t *rapid.T) {
	i := choose(t, "unit", len(g.units), func(i int) bool { return g.units[i] != nil && g.units[i].offeredTo != "" })
	u := g.units[i]
	who := g.who(t, "who", u.target()...)
	ok := u != nil && u.offeredTo == who && g.offered(u) && (u.purpose != "" || !g.bites(u.marks, types.MarkRecall))
	if g.say(t, ok, who, &types.AcceptUnit{Unit: goodsUnitID(i)}) {
		u.custodian, u.offeredTo = who, ""
	}
}

// target is who a unit is offered to.
func (u *goodsUnit) target() []string {
	if u == nil || u.offeredTo == "" {
		return nil
	}
	return []string{u.offeredTo}
}

func (g *goods) keep(t *rapid.T) {
	who := g.who(t, "who")
	i, u := g.unit(t, "unit")
	ok := u != nil && u.offeredTo != "" && (who == u.offeredTo || who == u.custodian)
	if g.say(t, ok, who, &types.RejectUnit{Unit: goodsUnitID(i)}) {
		u.offeredTo = ""
	}
}

func (g *goods) endUnit(t *rapid.T) {
	i, u := g.unit(t, "unit")
	who, sold := g.who(t, "who", u.holder()...), coin(t, "sold")
	body := event(g.l.now, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "epcList": links(goodsUnitID(i))})
	if sold {
		body = with(body, g.l.now, doc{"bizStep": "dispensing"})
	}
	if g.say(t, u != nil && g.usable(u, who) && (!sold || g.mayLeave(u.marks)), who, body) {
		u.finish(sold)
	}
}

func (u *goodsUnit) finish(sold bool) {
	u.fate = types.FateDestroyed
	if sold {
		u.fate = types.FateSold
	}
	for l, n := range u.contents {
		if sold {
			l.sold += n
		} else {
			l.destroyed += n
		}
	}
	clear(u.contents)
	for child := range u.children {
		child.finish(sold)
	}
}

// mark marks a lot and all that was made of it, with the units that hold any of it now;
// of a certificate only what carries the claim.
func (g *goods) mark(l *goodsLot, m types.Mark) {
	if l.marks[m] || m.Kind == types.MarkCertificate && !l.claim {
		return
	}
	l.marks[m] = true
	for _, u := range g.units {
		if u != nil && u.contents[l] > 0 {
			climb(u, map[types.Mark]bool{m: true})
		}
	}
	for _, next := range l.into {
		g.mark(next, m)
	}
}

func (u *goodsUnit) recalled(m types.Mark) {
	u.own = true
	climb(u, map[types.Mark]bool{m: true})
	for child := range u.children {
		child.recalled(m)
	}
}

// recall recalls a lot or a unit, by any member or the authority.
func (g *goods) recall(t *rapid.T) {
	i, l := g.lot(t, "lot")
	k, u := g.unit(t, "unit")
	lot := coin(t, "a lot")
	who := office
	if !lot || l == nil || !mostly(t, "the owner") {
		who = g.who(t, "who", append(u.holder(), office)...)
	} else if coin(t, "not the authority") {
		who = l.owner
	}
	g.n++
	name := fmt.Sprint("r", g.n)
	m := types.Mark{Kind: types.MarkRecall, Ref: who + "/" + name}
	body := &types.OpenRecall{Recall: name, Class: 1, Reason: "r"}
	ok := false
	switch {
	case lot:
		body.Things = []types.ThingKey{goodsLotID(i).Key()}
		ok = l != nil && (who == office || who == l.owner)
	default:
		body.Things = []types.ThingKey{goodsUnitID(k).Key()}
		ok = u != nil && (who == office || who == u.owner || u.owner == "" && who == u.top().custodian)
	}
	if !g.say(t, ok, who, body) {
		return
	}
	g.open[m] = true
	if lot {
		g.mark(l, m)
	} else {
		u.recalled(m)
	}
}

// closing closes one of the open recalls, mostly.
func (g *goods) closing(t *rapid.T) {
	refs := []string{coop + "/none"}
	for m, open := range g.open {
		if open && m.Kind == types.MarkRecall {
			refs = append(refs, m.Ref)
		}
	}
	slices.Sort(refs)
	ref := refs[len(refs)-1-pick(t, "recall", len(refs))]
	m := types.Mark{Kind: types.MarkRecall, Ref: ref}
	if g.say(t, g.open[m], office, &types.CloseRecall{Recall: types.RecallID(ref)}) {
		g.open[m] = false
	}
}

// error takes back the event that made a lot.
func (g *goods) error(t *rapid.T) {
	_, l := g.lot(t, "lot")
	if l == nil {
		return
	}
	who := g.who(t, "who", l.owner, office)
	body := declared(l.body)
	if who == office {
		body = with2(body, l.owner)
	}
	if g.say(t, !l.declared && (who == l.owner || who == office), who, body) {
		m := types.Mark{Kind: types.MarkDispute, Ref: string(g.l.eventID(l.owner, l.body))}
		l.declared, g.open[m] = true, true
		g.mark(l, m)
	}
}

// clear settles the dispute about a lot's event.
func (g *goods) clear(t *rapid.T) {
	l := g.lots[choose(t, "lot", len(g.lots), func(i int) bool { return g.lots[i] != nil && g.lots[i].declared })]
	if l == nil {
		return
	}
	id := g.l.eventID(l.owner, l.body)
	m := types.Mark{Kind: types.MarkDispute, Ref: string(id)}
	if g.say(t, g.open[m], office, &types.SettleDispute{Event: id}) {
		g.open[m] = false
	}
}

// change suspends or restores a member's certificate from some time on.
func (g *goods) change(t *rapid.T) {
	who := g.who(t, "who")
	c := types.StatusChange{Status: types.StatusValid, Effective: g.l.now - int64(pick(t, "since", 20))*1000}
	if coin(t, "suspended") {
		c.Status = types.StatusSuspended
	}
	if !g.say(t, len(g.changes[who]) < 50, cert, &types.ChangeCertificate{Certificate: paper(who), Status: c.Status, Effective: c.Effective}) {
		return
	}
	g.changes[who] = append(g.changes[who], c)
	slices.SortStableFunc(g.changes[who], func(a, b types.StatusChange) int { return int(a.Effective - b.Effective) })
	if c.Status == types.StatusValid {
		return
	}
	for _, use := range g.used[who] {
		if !g.valid(who, use.time) {
			g.mark(use.lot, types.Mark{Kind: types.MarkCertificate, Ref: string(paper(who))})
		}
	}
}

func (g *goods) check(t *rapid.T) {
	g.l.check()
	for _, want := range g.lots {
		if want != nil {
			g.checkLot(t, want, g.l.lot(want.id))
		}
	}
	for _, want := range g.units {
		if want != nil {
			g.checkUnit(t, want, g.l.unit(want.id))
		}
	}
	for _, who := range goodsMembers {
		if got := record[types.Certificate](g.l, "certificate/"+string(paper(who+"-capped"))); got.Used != g.drawn[who] {
			t.Fatalf("certified %d of %s's certificate, the model has %d", got.Used, who, g.drawn[who])
		}
	}
}

func (g *goods) checkLot(t *rapid.T, want *goodsLot, got *types.Lot) {
	packed := uint64(0)
	for _, u := range g.units {
		if u != nil {
			packed += u.contents[want]
		}
	}
	held := map[string]uint64{}
	for _, h := range got.Holdings {
		held[h.Member] = h.Quantity
	}
	offers := map[string]goodsOffer{}
	for _, o := range got.Offers {
		offers[o.From+"/"+o.To] = goodsOffer{o.Quantity, o.Until, o.Purpose, o.State}
	}
	same := len(offers) == len(want.offers)
	for key, o := range want.offers {
		same = same && offers[key] == *o
	}
	if !same || !maps.Equal(held, want.held) || got.Packed != packed || got.Produced != want.made || got.Consumed != want.consumed ||
		got.Destroyed != want.destroyed || got.Sold != want.sold || !sameMarks(got.Trace.Marks, want.marks) || (len(got.Trace.Claims) > 0) != want.claim {
		t.Fatalf("lot %s is %+v, the model has %+v, %d packed", want.id, got, want, packed)
	}
}

func sameMarks(got []types.Mark, want map[types.Mark]bool) bool {
	for _, m := range got {
		if !want[m] {
			return false
		}
	}
	return len(got) == len(want)
}

func (g *goods) checkUnit(t *rapid.T, want *goodsUnit, got *types.Unit) {
	parent := types.UnitID("")
	if want.parent != nil {
		parent = want.parent.id
	}
	same := len(got.Children) == len(want.children) && len(got.Contents) == len(want.contents)
	for u := range want.children {
		same = same && slices.Contains(got.Children, u.id)
	}
	for l, n := range want.contents {
		same = same && slices.Contains(got.Contents, types.LotPart{Lot: l.id, Quantity: n})
	}
	if !same || got.Parent != parent || got.Owner != want.owner || got.Custodian != want.custodian || got.Fate != want.fate ||
		got.OfferTo != want.offeredTo || !sameMarks(got.Trace.Marks, want.marks) {
		t.Fatalf("unit %s is %+v, the model has %+v", want.id, got, want)
	}
}
