package review

import (
	"cmp"
	"slices"
	"strings"
)

// group is the documents of one order. A missing one is nil.
type group struct {
	export                        bool
	platform, number              string
	order, payment, waybill, list *paper
}

// papers returns the documents that are there, in the order in which they come into being.
func (g *group) papers() []*paper {
	papers := make([]*paper, 0, 4)
	for _, p := range []*paper{g.order, g.payment, g.waybill, g.list} {
		if p != nil {
			papers = append(papers, p)
		}
	}
	return papers
}

// slot is the place of a role.
func (g *group) slot(r role) **paper {
	switch r {
	case order:
		return &g.order
	case payment:
		return &g.payment
	case waybill:
		return &g.waybill
	}
	return &g.list
}

// put files a paper in its place.
func (g *group) put(p *paper) {
	*g.slot(p.role) = p
	p.group = g
}

// paid reports whether the order needs a payment: business-to-business export (9710) and booking into a warehouse
// abroad (9810) do not.
func (g *group) paid() bool {
	if !g.export {
		return true
	}
	if g.order != nil {
		return g.order.get("orderType") == "E"
	}
	return g.list != nil && retail(g.list.get("tradeMode"))
}

// retail reports whether a trade mode is export to consumers.
func retail(mode string) bool {
	return mode == "9610" || mode == "1210"
}

func (g *group) complete() bool {
	return g.order != nil && g.waybill != nil && g.list != nil && (g.payment != nil || !g.paid())
}

// places finds groups and papers by what they say.
type places struct {
	number      map[orderKey][]*group // without platform
	transaction map[string]*paper     // the order that quotes it
	cited       map[waybillKey]*paper // the list that cites it
	carried     map[waybillKey]*paper // the waybill itself
	like        map[likeness][]*paper
}

// likeness is what two documents of one order share though neither names it: who buys (for export who sells) and how
// much, or where the goods go.
type likeness struct {
	export      bool
	who, amount string
}

// likenesses returns what a document can be recognised by. Amounts are those paid and those of the goods.
func (p *paper) likenesses() []likeness {
	who := p.identityNumber()
	if p.export {
		who = p.get("ebcCode")
	}
	var found []likeness
	add := func(who, what string) {
		if who != "" && what != "" {
			found = append(found, likeness{p.export, who, what})
		}
	}
	for _, name := range []string{"acturalPaid", "amountPaid", "charge"} {
		if amount, ok := p.amount(name); ok {
			add(who, "paid "+amount.String())
		}
	}
	goods, ok := p.amount("goodsValue")
	if p.role == list {
		goods, ok = p.total()
	}
	if ok {
		add(who, "goods "+goods.String())
	}
	if freight, known := p.amount("freight"); p.role == order && p.export && ok && known {
		add(who, "paid "+(goods+freight).String())
	}
	if !p.export {
		add(p.get("consigneeAddress"), "address")
	}
	return found
}

// join puts the documents of each order together. First by order number and platform; then papers whose number or
// platform is wrong by what else they have in common with one order that lacks them.
func (c *court) join() {
	c.byOrder = map[orderKey]*group{}
	for _, r := range []role{order, list, payment} {
		for _, p := range c.byRole[r] {
			c.seat(p)
		}
	}
	c.seatImportWaybills()
	c.seatExportWaybills()
	c.reusedNumbers()
	c.mend()
	c.doubledPapers()
	c.groups = slices.DeleteFunc(c.groups, func(g *group) bool { return len(g.papers()) == 0 })
}

// at returns the group of an order, a new one when there is none.
func (c *court) at(key orderKey) *group {
	g := c.byOrder[key]
	if g == nil {
		g = &group{export: key.export, platform: key.platform, number: key.number}
		c.byOrder[key] = g
		c.groups = append(c.groups, g)
	}
	return g
}

// seat files a paper that names its order and platform.
func (c *court) seat(p *paper) {
	if p.get("orderNo") == "" {
		c.alone(p)
		return
	}
	g := c.at(p.orderKey())
	if earlier := *g.slot(p.role); earlier != nil {
		c.seconds = append(c.seconds, double{p, earlier})
		return
	}
	g.put(p)
}

// alone gives a paper whose number cannot be read a group of its own, for mend to join with another.
func (c *court) alone(p *paper) {
	g := &group{export: p.export, platform: p.get("ebpCode"), number: ""}
	g.put(p)
	c.groups = append(c.groups, g)
}

// doubledPapers judges the second documents of one order. If one of the two has the waybill or the transaction of
// another order, or is like it, it belongs to that one and has a wrong order number.
func (c *court) doubledPapers() {
	if len(c.seconds) == 0 {
		return
	}
	found := c.places()
	for _, d := range c.seconds {
		p, earlier := d.paper, d.earlier
		named := earlier.group
		if g := found.owner(p, named); g != nil {
			g.put(p)
			continue
		}
		if g := found.owner(earlier, named); g != nil && *named.slot(p.role) == earlier {
			named.put(p)
			g.put(earlier)
			continue
		}
		p.group = named
		if p.role == payment && p.identity() != earlier.identity() {
			c.fault("PAYMENT_TWICE", p.at("orderNo"), earlier.at("payTransactionId"))
			c.official(-401003)
			continue
		}
		c.twice(p, earlier)
	}
}

// owner returns the one other order that lacks a document and knows it: quotes the payment, has the waybill that a list
// cites, or is like it. It returns nil when there is none, or when the order that the document names knows it too.
func (f *places) owner(p *paper, named *group) *group {
	var other *group
	for _, q := range f.knowing(p) {
		if q.group == named {
			return nil
		}
		if g := q.group; other == nil && *g.slot(p.role) == nil && g.number != "" {
			other = g
		}
	}
	return other
}

// knowing returns the other papers that know a paper.
func (f *places) knowing(p *paper) []*paper {
	papers := []*paper{}
	switch p.role {
	case payment:
		papers = append(papers, f.transaction[p.get("payTransactionId")])
	case list:
		papers = append(papers, f.carried[p.waybillKey()])
	case waybill:
		papers = append(papers, f.cited[p.waybillKey()])
	}
	for _, like := range p.likenesses() {
		papers = append(papers, f.like[like]...)
	}
	return slices.DeleteFunc(papers, func(q *paper) bool { return q == nil || q == p || q.export != p.export || q.group == nil })
}

// seatImportWaybills joins waybills by order number; they do not name the platform. Where several platforms have that
// number, the list that cites the waybill decides, then the consignee.
func (c *court) seatImportWaybills() {
	found := c.places()
	for _, p := range c.byRole[waybill] {
		if p.export {
			continue
		}
		candidates := found.number[orderKey{number: p.get("orderNo")}]
		switch i := bestFor(p, candidates); {
		case p.get("orderNo") == "":
			c.alone(p)
		case i < 0:
			c.alone(p)
			p.group.number = p.get("orderNo")
		case candidates[i].waybill == nil:
			candidates[i].put(p)
		default:
			c.reshipped(p, candidates[i].waybill, found)
		}
	}
}

// bestFor returns the index of the group that a waybill belongs to.
func bestFor(p *paper, candidates []*group) int {
	if i := slices.IndexFunc(candidates, func(g *group) bool { return g.list != nil && g.list.waybillKey() == p.waybillKey() }); i >= 0 {
		return i
	}
	same := func(g *group) bool {
		return g.waybill == nil && g.order != nil && g.order.get("consigneeAddress") == p.get("consigneeAddress")
	}
	if i := slices.IndexFunc(candidates, same); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(candidates, func(g *group) bool { return g.waybill == nil }); i >= 0 {
		return i
	}
	return min(0, len(candidates)-1)
}

// reshipped files one of two waybills of an order. The one that the list cites counts. The other may belong to the
// order whose list cites it; else it is a second parcel, which is rare but which nothing forbids.
func (c *court) reshipped(p, earlier *paper, found places) {
	g := earlier.group
	if g.list != nil && g.list.waybillKey() == p.waybillKey() {
		g.put(p)
		p, earlier = earlier, p
	}
	if citing := found.cited[p.waybillKey()]; citing != nil && citing.group.waybill == nil {
		citing.group.put(p)
		return
	}
	p.group = g
	c.warning("WAYBILL_TWICE", p.at("orderNo"), earlier.at("logisticsNo"))
}

// seatExportWaybills joins waybills that no order number names: by the list that cites them, then by the carrier's
// table of parcels, then by likeness to the one list that lacks a waybill. Two waybills of one number are one parcel
// reported twice, unless two lists want one.
func (c *court) seatExportWaybills() {
	citing := map[waybillKey]*group{}
	for _, l := range c.byRole[list] {
		if key := l.waybillKey(); l.export && l.group != nil && citing[key] == nil {
			citing[key] = l.group
		}
	}
	var rest []*paper
	for _, p := range c.byRole[waybill] {
		if g := citing[p.waybillKey()]; p.export && g != nil && g.waybill == nil {
			g.put(p)
		} else if p.export {
			rest = append(rest, p)
		}
	}
	for _, p := range rest {
		if !c.byTable(p) && !c.byLikeness(p) {
			c.alone(p)
		}
	}
	c.doubled()
	c.sharedParcels(citing)
}

// byTable joins an export waybill by the carrier's table.
func (c *court) byTable(p *paper) bool {
	g := c.byOrder[c.review.parcels[p.waybillKey()]]
	if g == nil || g.waybill != nil {
		return false
	}
	g.put(p)
	return true
}

// byLikeness joins an export waybill with the only list without one that agrees in weight and merchant, and in carrier
// or number.
func (c *court) byLikeness(p *paper) bool {
	var found *group
	for _, l := range c.byRole[list] {
		if g := l.group; l.export && g != nil && g.waybill == nil && alike(p, l) {
			if found != nil {
				return false
			}
			found = g
		}
	}
	if found == nil {
		return false
	}
	found.put(p)
	return true
}

func alike(p, l *paper) bool {
	weight, ok1 := p.amount("grossWeight")
	gross, ok2 := l.amount("grossWeight")
	merchant := p.get("ebcCode")
	key, cited := p.waybillKey(), l.waybillKey()
	return ok1 && ok2 && weight == gross && (merchant == "" || merchant == l.get("ebcCode")) &&
		(key.carrier == cited.carrier || key.number == cited.number)
}

// doubled judges the export waybills whose number is taken.
func (c *court) doubled() {
	for _, p := range c.doubles {
		earlier := c.carried(p.waybillKey())
		switch {
		case earlier == nil:
			c.alone(p)
		case c.byCitation(p, earlier) || c.byLikeness(p):
			p.reused = true
			c.fault("WAYBILL_REUSED", p.at("logisticsNo"), earlier.at("logisticsNo"))
		default:
			p.group = earlier.group
			c.twice(p, earlier)
		}
	}
}

// carried returns the export waybill of a number.
func (c *court) carried(key waybillKey) *paper {
	for _, p := range c.byRole[waybill] {
		if p.export && p.waybillKey() == key {
			return p
		}
	}
	return nil
}

// byCitation joins a waybill with a list that cites its number and has none.
func (c *court) byCitation(p, earlier *paper) bool {
	for _, l := range c.byRole[list] {
		if g := l.group; l.export && g != nil && g.waybill == nil && g != earlier.group && l.waybillKey() == p.waybillKey() {
			g.put(p)
			return true
		}
	}
	return false
}

// sharedParcels reports lists that cite a waybill which another list cites, of which there is only one.
func (c *court) sharedParcels(citing map[waybillKey]*group) {
	for _, l := range c.byRole[list] {
		if g := citing[l.waybillKey()]; l.export && g != nil && l.group != nil && g != l.group && l.group.waybill == nil && l.get("logisticsNo") != "" {
			c.fault("WAYBILL_REUSED", l.at("logisticsNo"), g.list.at("orderNo"))
			l.reused = true
		}
	}
}

// places indexes the groups.
func (c *court) places() places {
	f := places{map[orderKey][]*group{}, map[string]*paper{}, map[waybillKey]*paper{}, map[waybillKey]*paper{}, map[likeness][]*paper{}}
	for _, g := range c.groups {
		if g.number != "" {
			key := orderKey{export: g.export, number: g.number}
			f.number[key] = append(f.number[key], g)
		}
		for _, p := range g.papers() {
			f.file(p)
		}
	}
	return f
}

func (f *places) file(p *paper) {
	switch {
	case p.role == order && p.get("payTransactionId") != "":
		f.transaction[p.get("payTransactionId")] = p
	case p.role == list && p.get("logisticsNo") != "":
		f.cited[p.waybillKey()] = p
	case p.role == waybill && p.get("logisticsNo") != "":
		f.carried[p.waybillKey()] = p
	}
	for _, like := range p.likenesses() {
		f.like[like] = append(f.like[like], p)
	}
}

// mend joins groups without order with the order they must belong to.
func (c *court) mend() {
	if !slices.ContainsFunc(c.groups, func(g *group) bool { return g.order == nil && len(g.papers()) > 0 }) {
		return
	}
	for range 2 { // a waybill may lead to a list that has just found its order
		found := c.places()
		for _, h := range c.groups {
			if h.order != nil || len(h.papers()) == 0 {
				continue
			}
			for _, g := range found.of(h, c.review.parcels) {
				if g != h && g.export == h.export && len(g.papers()) > 0 && (g.order != nil || len(g.papers()) >= len(h.papers())) && g.takes(h) {
					break
				}
			}
		}
	}
	c.mendBroken()
}

// of returns the groups that a group without order may belong to, the likeliest first: those that quote its payment or
// cite its waybill, that of the carrier's table, the only other one of its number, the only one that is like it.
func (f *places) of(h *group, parcels map[waybillKey]orderKey) []*group {
	papers, groups := []*paper{}, []*group{}
	if p := h.payment; p != nil && !h.export {
		papers = append(papers, f.transaction[p.get("payTransactionId")])
	}
	if p := h.list; p != nil {
		papers = append(papers, f.carried[p.waybillKey()])
	}
	if p := h.waybill; p != nil {
		papers = append(papers, f.cited[p.waybillKey()])
	}
	for _, p := range papers {
		if p != nil {
			groups = append(groups, p.group)
		}
	}
	if p := h.waybill; p != nil {
		if key, known := parcels[p.waybillKey()]; known {
			groups = append(groups, f.number[orderKey{export: true, number: key.number}]...)
		}
	}
	if h.number != "" {
		if same := f.number[orderKey{export: h.export, number: h.number}]; len(same) == 2 {
			groups = append(groups, same...)
		}
	}
	if g := f.onlyLike(h); g != nil {
		groups = append(groups, g)
	}
	return groups
}

// onlyLike returns the only group with an order that has room for a group and shares buyer and amount, or address, with
// one of its papers.
func (f *places) onlyLike(h *group) *group {
	var only *group
	for _, p := range h.papers() {
		for _, like := range p.likenesses() {
			for _, q := range f.like[like] {
				g := q.group
				if g == nil || g == h || g == only || g.order == nil || !g.room(h) {
					continue
				}
				if only != nil {
					return nil
				}
				only = g
			}
		}
	}
	return only
}

// room reports whether a group lacks every document that another has, and none of those has the number of another order.
func (g *group) room(h *group) bool {
	return !slices.ContainsFunc(h.papers(), func(p *paper) bool { return *g.slot(p.role) != nil || p.reused })
}

// takes moves the papers of another group into this one, unless both have one of a role or the numbers of their papers
// belong to other orders.
func (g *group) takes(h *group) bool {
	if !g.room(h) {
		return false
	}
	for _, p := range h.papers() {
		*h.slot(p.role) = nil
		g.put(p)
	}
	if g.number == "" {
		g.number, g.platform = h.number, cmp.Or(h.platform, g.platform)
	}
	return true
}

// mendBroken joins a paper whose order number the schema refuses with the one order that lacks such a paper.
func (c *court) mendBroken() {
	for _, h := range c.groups {
		papers := h.papers()
		if len(papers) != 1 || papers[0].get("orderNo") != "" || papers[0].doc.Kind == "CEB505" {
			continue
		}
		if g := c.lacking(papers[0]); g != nil {
			number, platform := g.number, g.platform
			g.takes(h)
			g.number, g.platform = number, platform
		}
	}
}

// lacking returns the one order that a paper without readable number can belong to: by amount, buyer or consignee if
// those single one out, else the only one that lacks such a paper.
func (c *court) lacking(p *paper) *group {
	var all, like []*group
	for _, g := range c.groups {
		if g.number == "" || g.export != p.export || *g.slot(p.role) != nil {
			continue
		}
		all = append(all, g)
		if slices.ContainsFunc(g.papers(), func(q *paper) bool { return related(p, q) }) {
			like = append(like, g)
		}
	}
	switch {
	case len(like) == 1:
		return like[0]
	case len(all) == 1:
		return all[0]
	}
	return nil
}

// related reports whether two documents share the buyer or the consignee's address.
func related(p, q *paper) bool {
	person, address := p.identityNumber(), p.get("consigneeAddress")
	return person != "" && person == q.identityNumber() || address != "" && address == q.get("consigneeAddress") ||
		p.get("payTransactionId") != "" && p.get("payTransactionId") == q.get("payTransactionId")
}

// identityNumber is the number of the buyer's or payer's identity paper. Its last character is written x and X alike.
func (p *paper) identityNumber() string {
	return strings.ToUpper(cmp.Or(p.get("buyerIdNumber"), p.get("payerIdNumber")))
}
