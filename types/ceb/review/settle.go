package review

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// orderKey names an order; import and export do not meet.
type orderKey struct {
	export           bool
	platform, number string
}

type waybillKey struct {
	carrier, number string
}

func (p *paper) orderKey() orderKey {
	return orderKey{p.export, p.get("ebpCode"), p.get("orderNo")}
}

func (p *paper) waybillKey() waybillKey {
	return waybillKey{p.get("logisticsCode"), p.get("logisticsNo")}
}

// admitted orders the papers and leaves out those that say the same as another. A message that is sent again word for
// word changes nothing.
func (c *court) admitted(papers []*paper) []*paper {
	sorted := slices.Clone(papers)
	for _, p := range sorted {
		p.blamed, p.group, p.first, p.reused = nil, nil, p, false
	}
	slices.SortStableFunc(sorted, before)
	return slices.CompactFunc(sorted, func(p, q *paper) bool {
		return len(p.schema)+len(q.schema) == 0 && p.when == q.when && compareDocuments(p.doc, q.doc) == 0
	})
}

// history is what was reported about one document, in order of time.
type history struct {
	versions []*paper
	live     *paper   // the version that counts, nil when deleted
	second   []*paper // reported as new though one was there
}

// identity is what the versions of a document have in common, "" for documents that stand alone: those whose number
// cannot be read, and answers of customs.
func (p *paper) identity() string {
	number, parts := p.get("orderNo"), []string(nil)
	switch {
	case p.role == order, p.role == list, p.role == payment && p.export:
		parts = []string{p.get("ebpCode"), number}
	case p.role == payment:
		parts = []string{p.get("payCode"), p.get("payTransactionId"), p.get("ebpCode"), number}
	case p.role == waybill && p.export:
		number = p.get("logisticsNo")
		parts = []string{p.get("logisticsCode"), number}
	case p.role == waybill:
		parts = []string{p.get("logisticsCode"), p.get("logisticsNo"), number}
	case p.role == status:
		number = p.get("logisticsNo")
		parts = []string{p.get("logisticsCode"), number}
	case p.role == cancel, p.role == refund:
		number = p.get("copNo") + p.get("coElNo")
		parts = []string{p.get("agentCode"), p.get("invtNo"), number}
	}
	if number == "" || parts == nil {
		return ""
	}
	return p.doc.Kind + "\x1f" + strings.Join(parts, "\x1f")
}

// settle finds the version of each document that counts, and leaves only those among the papers of each role. Lists come
// first, because a declared list locks the others.
func (c *court) settle() {
	var histories []*history
	byIdentity := map[string]*history{}
	for _, p := range c.papers {
		id := p.identity()
		h := byIdentity[id]
		if h == nil || id == "" {
			h = &history{}
			byIdentity[id] = h
			histories = append(histories, h)
		}
		h.versions = append(h.versions, p)
	}
	c.byRole = map[role][]*paper{}
	c.declared = map[orderKey]*paper{}
	c.cited = map[waybillKey]*paper{}
	c.withdrawn = map[orderKey]bool{}
	c.endings()
	for _, lists := range []bool{true, false} {
		for _, h := range histories {
			if r := h.versions[0].role; (r == list) == lists {
				c.trace(h)
				c.keep(h)
			}
		}
	}
}

// keep files the version that counts under its role.
func (c *court) keep(h *history) {
	p := h.live
	if p == nil {
		return
	}
	c.byRole[p.role] = append(c.byRole[p.role], p)
	if p.role == list && p.declared() && !c.ended(p, 0) {
		c.declared[p.orderKey()] = p
		c.cited[p.waybillKey()] = p
	}
	if p.role == waybill && p.export {
		c.doubles = append(c.doubles, h.second...)
		return
	}
	for _, second := range h.second {
		if p.role <= list { // what follows a list has no place in a group
			c.seconds = append(c.seconds, double{second, p})
		}
	}
}

// trace follows the versions of a document. What is reported is appType: 1 new, 2 change, 3 delete.
func (c *court) trace(h *history) {
	for i, p := range h.versions {
		switch appType := p.get("appType"); {
		case appType == "1":
			c.renew(h, p)
		case h.live == nil && slices.ContainsFunc(h.versions[i:], isNew):
			c.fault("OLD_MESSAGE", p.at("appTime"), h.versions[len(h.versions)-1].at("appTime"))
		case appType == "2" || appType == "3":
			c.change(h, p)
		case appType != "":
			c.fault("APP_TYPE", p.at("appType"), because("but it is 1 (new), 2 (change) or 3 (delete)", "应为1（新增）、2（变更）或3（删除）"))
			h.live = p
		default:
			h.live = p
		}
	}
}

func isNew(p *paper) bool {
	return p.get("appType") == "1"
}

func (c *court) renew(h *history, p *paper) {
	if h.live != nil && (p.role != list || !c.ended(h.live, p.when)) {
		h.second = append(h.second, p)
		return
	}
	h.live = p
}

// change applies a change or a deletion, unless it came after the list: c.late decides about those.
func (c *court) change(h *history, p *paper) {
	if l := c.locked(p); l != nil {
		c.changes = append(c.changes, change{h.live, p, l})
		return
	}
	if h.live == nil {
		c.note("APP_TYPE", p.at("appType"), because("but the set has no document that it changes", "但没有可变更的原单证"))
	}
	if p.get("appType") == "3" {
		h.live = nil
		if p.role == order {
			c.withdrawn[p.orderKey()] = true
		}
		return
	}
	if h.live != nil {
		p.first = h.live.first
	}
	h.live = p
}

// locked returns the list that was declared before a change, nil when there is none.
func (c *court) locked(p *paper) *paper {
	var l *paper
	switch p.role {
	case order, payment:
		l = c.declared[p.orderKey()]
	case waybill:
		l = c.cited[p.waybillKey()]
	}
	if l == nil || l.when == 0 || l.when >= p.when || p.role == waybill && !p.export && l.get("orderNo") != p.get("orderNo") {
		return nil
	}
	return l
}

// change is a version that was reported after the list.
type change struct {
	old, paper, list *paper
}

// late judges the changes that came after the list. Customs refuses a change when the list has been declared (-301011,
// -401008, -504016). But a list whose documents do not match is not accepted, and then the change is the remedy.
func (c *court) late() {
	for _, change := range c.changes {
		if !c.remedies(change) {
			p := change.paper
			p.group = c.byOrder[change.list.orderKey()]
			c.report(Fault, "LOCKED", p.party, p.at("appTime"), change.list.at("appTime"))
			c.official(map[role]int{order: -301011, payment: -401008, waybill: -504016}[p.role])
		}
	}
}

// remedies puts a change in the place of the old version if the order then has fewer faults.
func (c *court) remedies(change change) bool {
	if change.old == nil || change.old.group == nil || change.paper.get("appType") == "3" {
		return false
	}
	g := change.old.group
	if *g.slot(change.old.role) != change.old {
		return false
	}
	before := c.faults(g)
	change.paper.first = change.old.first
	g.put(change.paper)
	if c.faults(g) < before {
		return true
	}
	g.put(change.old)
	return false
}

// faults counts the faults of an order without reporting them.
func (c *court) faults(g *group) int {
	start := len(c.filed)
	c.group(g)
	count := 0
	for _, f := range c.filed[start:] {
		if f.Severity == Fault {
			count++
		}
	}
	c.filed = c.filed[:start]
	for _, p := range g.papers() {
		p.blamed = nil
	}
	return count
}

// double is a document that is new though another is there already.
type double struct {
	paper, earlier *paper
}

// twice reports a document that is new though it is there already.
func (c *court) twice(p, earlier *paper) {
	word, name := "", "orderNo"
	switch p.role {
	case order:
		word = "ORDER_TWICE"
	case payment:
		word = "PAYMENT_TWICE"
		if !p.export {
			name = "payTransactionId"
		}
	case waybill:
		word, name = "WAYBILL_TWICE", "logisticsNo"
	case list:
		word = "LIST_TWICE"
	default:
		return
	}
	c.fault(word, p.at(name), earlier.at(name))
}

// endings gathers what ends a declared list: an accepted cancellation, or an answer of customs that rejects it.
func (c *court) endings() {
	for _, p := range c.papers {
		if p.role == cancel || p.role == receipt && rejected(p.get("returnStatus")) {
			c.ends = append(c.ends, p)
		}
	}
}

// rejected reports whether a returnStatus says that a list is not in force: 100, or an error, which is negative.
func rejected(status string) bool {
	n, err := strconv.Atoi(status)
	return err == nil && (n == 100 || n < 0)
}

// ended reports whether a list was cancelled or rejected, before a time unless that is 0.
func (c *court) ended(l *paper, until int64) bool {
	for _, end := range c.ends {
		if end.export == l.export && names(end, l) && (until == 0 || end.when <= until) {
			return true
		}
	}
	return false
}

// names reports whether a cancellation or an answer of customs is about a list.
func names(p, l *paper) bool {
	if invtNo := p.get("invtNo"); invtNo != "" && l.get("invtNo") != "" {
		return invtNo == l.get("invtNo")
	}
	if p.role == cancel && !p.export {
		return p.orderKey() == l.orderKey()
	}
	return p.get("copNo") != "" && p.get("copNo") == l.get("copNo")
}

// reusedNumbers finds transaction and waybill numbers that serve two orders. The paper reported later is at fault, unless
// only the earlier one's order or list has another number for it. Waybill numbers of one carrier may come back after six months.
func (c *court) reusedNumbers() {
	payments, waybills := map[waybillKey]*paper{}, map[waybillKey]*paper{}
	for _, p := range c.byRole[payment] {
		key := waybillKey{p.get("payCode"), p.get("payTransactionId")}
		if key.number == "" || p.export {
			continue
		}
		if earlier := payments[key]; earlier != nil && p.orderKey() != earlier.orderKey() {
			c.reused("PAYMENT_REUSED", "payTransactionId", earlier, p)
		}
		payments[key] = p
	}
	for _, p := range c.byRole[waybill] {
		key := p.waybillKey()
		if key.number == "" || p.export {
			continue
		}
		if earlier := waybills[key]; earlier != nil && p.get("orderNo") != earlier.get("orderNo") && soon(earlier.when, p.when) {
			c.reused("WAYBILL_REUSED", "logisticsNo", earlier, p)
		}
		waybills[key] = p
	}
}

func (c *court) reused(word, name string, earlier, later *paper) {
	if earlier.belied() && !later.belied() {
		earlier, later = later, earlier
	}
	later.reused = true
	c.fault(word, later.at(name), earlier.at("orderNo"))
}

// belied reports whether the order quotes another payment, or the list cites another waybill.
func (p *paper) belied() bool {
	quoted, own := at{}, p.at("payTransactionId")
	switch {
	case p.group == nil:
		return false
	case p.role == payment:
		quoted = p.group.order.at("payTransactionId")
	default:
		quoted, own = p.group.list.at("logisticsNo"), p.at("logisticsNo")
	}
	return quoted.value != "" && quoted.value != own.value
}

// soon reports whether a second time lies within six months of a first.
func soon(first, second int64) bool {
	return time.UnixMilli(second).Before(time.UnixMilli(first).AddDate(0, 6, 0))
}

// repeatedNumbers checks guid. The specification asks for capital letters, but prints small ones in its own samples: a
// warning. Each company numbers its own documents, so that only two documents of one kind and company can collide.
func (c *court) repeatedNumbers() {
	type number struct{ kind, company, guid string }
	seen := map[number]*paper{}
	for _, p := range c.papers {
		guid := p.get("guid")
		if guid == "" || p.role == receipt || p.party == Customs {
			continue
		}
		key := number{p.doc.Kind, p.company(p.party), strings.ToUpper(guid)}
		if earlier := seen[key]; earlier != nil && earlier.identity() != p.identity() && !p.reused {
			c.fault("GUID", p.at("guid"), earlier.at("guid"))
		} else if guid != strings.ToUpper(guid) {
			c.warning("GUID", p.at("guid"), should(strings.ToUpper(guid)))
		}
		if seen[key] == nil {
			seen[key] = p
		}
	}
}
