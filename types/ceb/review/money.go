package review

import (
	"github.com/caryaledger/carya/types/ceb"
)

// money judges the amounts of an order and its payment (M2, M3): goodsValue is the sum of the lines; what is paid is
// goodsValue + freight + taxTotal - discount; the payment is what is paid. Where the order contradicts itself and the
// payment agrees with the corrected sum, the order alone is at fault.
func (c *court) money(g *group) {
	for _, p := range g.papers() {
		c.yuan(p)
	}
	if g.export {
		c.currencies(g)
	}
	if g.order == nil {
		return
	}
	b := c.bill(g.order)
	if g.export {
		c.receipt(g, b)
	} else {
		c.payment(g, b)
	}
}

// yuan asks for currency 142 in import documents; the schema does so too for messages that come as files.
func (c *court) yuan(p *paper) {
	if here := p.at("currency"); !p.export && here.value != "" && here.value != "142" {
		c.fault("CURRENCY", here, should("142"))
	}
}

// currencies asks that order, lines and receipt of an export are in one currency.
func (c *court) currencies(g *group) {
	values := []at{g.order.at("currency"), g.payment.at("currency")}
	for _, p := range []*paper{g.order, g.list} {
		if p == nil {
			continue
		}
		for i := range p.doc.Lines {
			values = append(values, p.atLine(i, "currency"))
		}
	}
	c.agree("CURRENCY", values...)
}

// bill is what an order adds up to.
type bill struct {
	stated ceb.Decimal // from its goodsValue
	lines  ceb.Decimal // from its lines, where those contradict goodsValue; else as stated
	known  bool        // every amount can be read
}

// has reports whether an amount is what the order adds up to in one of its readings.
func (b bill) has(amount ceb.Decimal) bool {
	return amount == b.stated || amount == b.lines
}

// bill adds up an order. It reports a goodsValue that is not the sum of the lines, unless a line is wrong.
func (c *court) bill(o *paper) bill {
	goods, known := o.amount("goodsValue")
	total, countable := o.total()
	if known && countable && goods != total && !o.wrongLine() {
		c.fault("GOODS_SUM", o.at("goodsValue"), should(total.String()))
	} else {
		total = goods
	}
	freight, ok := o.amount("freight")
	extras, fits := freight, true
	if !o.export {
		tax, ok1 := o.amount("taxTotal")
		discount, ok2 := o.amount("discount")
		extras, fits = sum(freight, tax, -discount)
		ok = ok && ok1 && ok2
	}
	stated, fits1 := sum(goods, extras)
	lines, fits2 := sum(total, extras)
	return bill{stated, lines, known && ok && fits && fits1 && fits2}
}

// total adds the totalPrice of the lines. It reports false when there are none or one cannot be read.
func (p *paper) total() (ceb.Decimal, bool) {
	var total ceb.Decimal
	for i := range p.doc.Lines {
		price, ok := p.amountIn(i, "totalPrice")
		next, fits := sum(total, price)
		if !ok || !fits {
			return 0, false
		}
		total = next
	}
	return total, len(p.doc.Lines) > 0
}

// payment judges an import order and its payment.
func (c *court) payment(g *group, b bill) {
	paid, readable := g.order.amount("acturalPaid")
	wrong := readable && b.known && !b.has(paid)
	if wrong {
		c.fault("PAID_SUM", g.order.at("acturalPaid"), should(b.stated.String()))
	}
	amount, ok := ceb.Decimal(0), false
	if g.payment != nil {
		amount, ok = g.payment.amount("amountPaid")
	}
	if ok && readable && amount != paid && !(b.known && b.lines != b.stated && amount == b.lines) && !(wrong && b.has(amount)) {
		c.fault("AMOUNT", g.payment.at("amountPaid"), g.order.at("acturalPaid"))
	}
}

// receipt judges the money received for an export order. Business customers pay in parts and later, so that for orders
// other than to consumers a difference is only a warning.
func (c *court) receipt(g *group, b bill) {
	p := g.payment
	if p == nil || p.isBlamed(p.path("currency")) || g.order.isBlamed(g.order.path("currency")) {
		return
	}
	charge, ok := p.amount("charge")
	if !ok || !b.known || b.has(charge) {
		return
	}
	severity := Fault
	if g.order.get("orderType") != "E" {
		severity = Warning
	}
	c.report(severity, "RECEIPT_AMOUNT", Payer, p.at("charge"), should(b.stated.String()))
}
