package review

import (
	"slices"

	"github.com/caryaledger/carya/types/ceb"
)

// paper judges what any document says about itself.
func (c *court) paper(p *paper) {
	if p.party == Customs {
		return
	}
	c.future(p)
	if status := p.at("appStatus"); status.value != "" && status.value != "2" {
		if status.value == "1" && stagedFirst(p.role) {
			c.note("APP_STATUS", status, should("2"))
		} else {
			c.warning("APP_STATUS", status, should("2"))
		}
	}
}

// stagedFirst reports whether the specification's default for a kind is to be staged (1) and declared later.
func stagedFirst(r role) bool {
	switch r {
	case list, cancel, refund, tally:
		return true
	}
	return false
}

// aftermath judges what follows a list: cancellation, return, sign-off of the parcel, tally of the warehouse.
func (c *court) aftermath() {
	for _, p := range c.byRole[status] {
		c.oneOf("STATUS", p.at("logisticsStatus"), "S")
		c.signed(p)
	}
	for _, p := range c.byRole[cancel] {
		c.cancellation(p)
	}
	c.returns()
	for _, p := range c.byRole[tally] {
		c.oneOf("DIRECTION", p.at("ieFlag"), "I")
		c.numbered(p)
		c.tally(p)
	}
}

// listOf returns the list that a cancellation or return is about: by order where it names one, else by invtNo, else by
// copNo.
func (c *court) listOf(p *paper) *paper {
	i := slices.IndexFunc(c.byRole[list], func(l *paper) bool {
		if l.export != p.export {
			return false
		}
		if p.get("orderNo") != "" {
			return l.orderKey() == p.orderKey()
		}
		return p.get("invtNo") != "" && p.get("invtNo") == l.get("invtNo") || p.role == cancel && p.get("copNo") != "" && p.get("copNo") == l.get("copNo")
	})
	if i < 0 {
		return nil
	}
	p.group = c.byRole[list][i].group
	return c.byRole[list][i]
}

// cancellation compares a cancellation with its list.
func (c *court) cancellation(p *paper) {
	l := c.listOf(p)
	if l == nil {
		if !c.options.Alone && !c.soleRole() {
			c.note("LIST_MISSING", p.at("invtNo"), at{})
		}
		return
	}
	for _, name := range []string{"invtNo", "customsCode", "ebcCode", "logisticsNo", "logisticsCode"} {
		c.quoted("CANCEL_LIST", p.at(name), l.at(name))
	}
	c.sameBuyer(p, l)
}

// sameBuyer asks that a document after the list is about the list's buyer.
func (c *court) sameBuyer(p, l *paper) {
	if !c.quoted("BUYER", p.at("buyerIdNumber"), l.at("buyerIdNumber")) {
		c.quoted("BUYER", p.at("buyerName"), l.at("buyerName"))
	}
}

// returns judges applications to return goods: each line is one of the list, with its tariff code and name, and all
// that goes back of a line is at most what was declared.
func (c *court) returns() {
	type line struct {
		list  *paper
		index int
	}
	back := map[line]ceb.Decimal{}
	for _, p := range c.byRole[refund] {
		c.returnHead(p)
		l := c.listOf(p)
		if l == nil {
			continue
		}
		c.quoted("RETURN_LIST", p.at("invtNo"), l.at("invtNo"))
		for _, name := range []string{"ebpCode", "ebcCode"} {
			c.quoted("RETURN_LIST", p.at(name), l.at(name))
		}
		if !p.export {
			c.sameBuyer(p, l)
		}
		for i := range p.doc.Lines {
			j := c.returnLine(p, i, l)
			qty, ok1 := p.amountIn(i, "qty")
			declared, ok2 := ceb.Decimal(0), false
			if j >= 0 {
				declared, ok2 = l.amountIn(j, "qty")
			}
			total, fits := sum(back[line{l, j}], qty)
			if !ok1 || !ok2 {
				continue
			}
			if !fits || total > declared {
				c.fault("RETURN_QTY", p.atLine(i, "qty"), l.atLine(j, "qty"))
				continue
			}
			back[line{l, j}] = total
		}
	}
}

// returnHead asks for the direction and mode of an export return: it comes in, under 9661 or 1261.
func (c *court) returnHead(p *paper) {
	if p.export {
		c.oneOf("DIRECTION", p.at("ieFlag"), "I")
		c.oneOf("MODE", p.at("tradeMode"), "9661", "1261")
	}
}

// returnLine finds the line of the list that goes back, and compares what must agree. It returns -1 when there is none.
func (c *court) returnLine(p *paper, i int, l *paper) int {
	here := p.atLine(i, "gnum")
	j := l.lineOf(here.value)
	if j < 0 {
		if here.value != "" {
			c.fault("RETURN_LINE", here, l.at("orderNo"))
		}
		return -1
	}
	names := []string{"gcode", "gname", "unit"}
	if p.export {
		names = []string{"gcode", "gname", "gmodel", "unit", "unit1", "unit2"}
	}
	for _, name := range names {
		c.quoted("RETURN_ITEM", p.atLine(i, name), l.atLine(j, name))
	}
	return j
}

// signed warns of a parcel that was signed for before it was reported.
func (c *court) signed(p *paper) {
	i := slices.IndexFunc(c.byRole[waybill], func(w *paper) bool { return !w.export && w.waybillKey() == p.waybillKey() })
	if i < 0 {
		return
	}
	w := c.byRole[waybill][i]
	p.group = w.group
	if signed, sent := p.moment("logisticsTime"), w.moment("appTime"); sent.after(signed) {
		c.warning("TIME_ORDER", signed.at, sent.at)
	}
}

// tally compares the warehouse's tally with the lists of its parcels: one flight, one master waybill. Nothing says that
// they must agree word for word: a warning.
func (c *court) tally(p *paper) {
	for i := range p.doc.Lines {
		number := p.in(i, "logisticsNo")
		j := slices.IndexFunc(c.byRole[list], func(l *paper) bool {
			return !l.export && number != "" && l.waybillKey() == waybillKey{p.get("logisticsCode"), number}
		})
		if j < 0 {
			continue
		}
		for _, name := range []string{"billNo", "voyageNo", "trafNo"} {
			l := c.byRole[list][j]
			if here, there := p.at(name), l.at(name); there.value != "" && here.value != "" && here.value != there.value && !p.isBlamed(here.path) {
				c.warning("TALLY", here, there)
			}
		}
	}
}
