package review

import (
	"cmp"
	"slices"
	"strings"
)

// verdict tells which of several values is right: the one that most documents hold, of equally many the one that stands
// first. Documents that are missing or silent do not count. The others are wrong.
func verdict(values ...at) (right at, wrong []at) {
	values = slices.DeleteFunc(values, func(v at) bool { return v.paper == nil || v.value == "" })
	most := 0
	for _, v := range values {
		holders := 0
		for _, w := range values {
			if w.value == v.value {
				holders++
			}
		}
		if holders > most {
			most, right = holders, v
		}
	}
	for _, v := range values {
		if v.value != right.value {
			wrong = append(wrong, v)
		}
	}
	return right, wrong
}

// missing reports documents of an order that the set does not have. Each order needs an order, a payment, a waybill and
// a list; the list comes last, so that its absence is only noted. Where a file could not be read, what is missing may
// be in it.
func (c *court) missing(g *group) {
	key := orderKey{g.export, g.platform, g.number}
	if c.options.Alone || c.soleRole() || g.number == "" && g.list == nil || g.list == nil && c.withdrawn[key] {
		return
	}
	switch {
	case g.order == nil && g.list != nil:
		c.lack(g.list, order, "ORDER_MISSING", Platform, "orderNo")
	case g.order == nil:
		c.lack(g.papers()[0], order, "ORDER_MISSING", Platform, "orderNo")
		return
	case g.list == nil:
		c.note("LIST_MISSING", g.order.at("orderNo"), at{})
	}
	if anchor := cmp.Or(g.order, g.list); g.payment == nil && g.paid() {
		c.lack(anchor, payment, "PAYMENT_MISSING", Payer, "orderNo")
	}
	switch {
	case g.waybill != nil || g.list != nil && g.list.reused:
	case g.list != nil:
		c.lack(g.list, waybill, "WAYBILL_MISSING", Carrier, "logisticsNo")
	default:
		c.lack(g.order, waybill, "WAYBILL_MISSING", Carrier, "orderNo")
	}
}

// lack reports one missing document to the party that should send it, at the document that names it.
func (c *court) lack(anchor *paper, r role, word, party, name string) {
	severity := Fault
	if c.unreadable(r, anchor.export) {
		severity = Note
	}
	c.report(severity, word, party, anchor.at(name), at{})
}

// unreadable reports whether a document of a role may have been in a file that could not be read, or is one of those
// whose number cannot be read.
func (c *court) unreadable(r role, export bool) bool {
	for _, number := range c.review.unreadable {
		if k := kindOf(number); number == "" || k.role == r && k.export == export {
			return true
		}
	}
	return slices.ContainsFunc(c.groups, func(g *group) bool {
		p := *g.slot(r)
		return p != nil && g.export == export && g.number == "" && len(p.schema) > 0
	})
}

// soleRole reports whether the set has documents of one role only: a company that reviews what it sends itself.
func (c *court) soleRole() bool {
	roles := 0
	for _, r := range []role{order, payment, waybill, list} {
		if len(c.byRole[r]) > 0 {
			roles++
		}
	}
	return roles < 2
}

// keys compares what ties the documents of an order together. The import waybill names no platform, the export waybill
// no order. A waybill and a payment are right about their own numbers; who quotes them wrongly is at fault.
func (c *court) keys(g *group) {
	c.agree("PLATFORM", g.order.at("ebpCode"), g.payment.at("ebpCode"), g.list.at("ebpCode"))
	c.agree("ORDER_NUMBER", g.order.at("orderNo"), g.payment.at("orderNo"), g.waybill.at("orderNo"), g.list.at("orderNo"))
	if g.export {
		c.agree("MERCHANT", g.order.at("ebcCode"), g.payment.at("ebcCode"), g.waybill.at("ebcCode"), g.list.at("ebcCode"))
	} else {
		c.agree("MERCHANT", g.order.at("ebcCode"), g.list.at("ebcCode"))
	}
	if g.order != nil && g.payment != nil && !g.payment.reused {
		c.quoted("PAYMENT_NUMBER", g.order.at("payTransactionId"), g.payment.at("payTransactionId"))
		c.quoted("PAYMENT_COMPANY", g.order.at("payCode"), g.payment.at("payCode"))
	}
	if g.list != nil && g.waybill != nil && !g.waybill.reused {
		if !c.quoted("WAYBILL_NUMBER", g.list.at("logisticsNo"), g.waybill.at("logisticsNo")) {
			c.quoted("CARRIER", g.list.at("logisticsCode"), g.waybill.at("logisticsCode"))
		}
	}
}

// agree reports the values that differ from what most documents say.
func (c *court) agree(word string, values ...at) {
	right, wrong := verdict(values...)
	for _, v := range wrong {
		c.fault(word, v, right)
	}
}

// quoted reports a value that is not what its issuer says. Fields that are not filled in quote nothing.
func (c *court) quoted(word string, here, issuer at) bool {
	if here.value == "" || issuer.value == "" || here.value == issuer.value {
		return false
	}
	c.fault(word, here, issuer)
	return true
}

// consignees compares who receives the goods. The specification wants order and waybill to agree word for word; the
// list has the address only. Telephone numbers are compared as digits.
func (c *court) consignees(g *group) {
	if g.export {
		return
	}
	c.agree("CONSIGNEE", g.order.at("consignee"), g.waybill.at("consignee"))
	c.agree("CONSIGNEE_ADDRESS", g.order.at("consigneeAddress"), g.waybill.at("consigneeAddress"), g.list.at("consigneeAddress"))
	ours, theirs := g.order.at("consigneeTelephone"), g.waybill.at("consigneeTelephone")
	if ours.value != "" && theirs.value != "" && digits(ours.value) != digits(theirs.value) {
		c.fault("CONSIGNEE_PHONE", theirs, ours)
	}
}

// digits leaves the digits of a telephone number, without the country code of China.
func digits(number string) string {
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	if only == "" {
		return number
	}
	if rest := strings.TrimPrefix(strings.TrimPrefix(only, "00"), "86"); len(rest) == 11 {
		return rest
	}
	return only
}
