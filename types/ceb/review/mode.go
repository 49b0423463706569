package review

import (
	"slices"
	"strings"
)

// mode judges trade mode, direction, goods and single limit of an order and its list.
func (c *court) mode(g *group) {
	if o := g.order; o != nil {
		types := []string{"I"}
		if o.export {
			types = []string{"E", "B", "W"}
		}
		c.oneOf("DIRECTION", o.at("orderType"), types...)
	}
	if g.list == nil {
		return
	}
	if g.export {
		c.oneOf("DIRECTION", g.list.at("ieFlag"), "E")
		c.exportMode(g)
		return
	}
	c.oneOf("DIRECTION", g.list.at("ieFlag"), "I")
	c.importMode(g.list)
	c.positive(g.list)
	c.single(g.list)
}

// oneOf asks for one of a few values.
func (c *court) oneOf(word string, here at, allowed ...string) bool {
	if here.value == "" || slices.Contains(allowed, here.value) {
		return true
	}
	c.fault(word, here, should(strings.Join(allowed, ", ")))
	return false
}

// importMode asks for the fields of the trade mode (M10): direct purchase 9610 names the transport, bonded 1210 and 1239
// the account book and the company in the zone. Bonded goods leave from China, country 142.
func (c *court) importMode(l *paper) {
	mode := l.get("tradeMode")
	if !c.oneOf("MODE", l.at("tradeMode"), "9610", "1210", "1239") {
		return
	}
	switch mode {
	case "9610":
		c.filled(l, "trafNo", "voyageNo", "billNo")
		if !l.lacks("emsNo") && l.get("emsNo") != "" {
			c.note("MODE_FIELD", l.at("emsNo"), because("direct purchase has no account book", "直购进口没有账册"))
		}
	case "1210", "1239":
		c.filled(l, "emsNo", "areaCode", "areaName")
		c.recorded(l)
		if country := l.at("country"); country.value != "" && country.value != "142" {
			c.warning("MODE_FIELD", country, because("bonded goods leave from country 142", "保税进口起运国应为142"))
		}
	}
}

// exportMode asks that the order's type is of the list's trade mode, and for the fields of export from a special zone.
// The transport may be declared later, with the master waybill (CEB607).
func (c *court) exportMode(g *group) {
	l, modes := g.list, []string{"9610", "1210", "9710", "9810"}
	if g.order != nil {
		switch g.order.get("orderType") {
		case "E":
			modes = []string{"9610", "1210"}
		case "B":
			modes = []string{"9710"}
		case "W":
			modes = []string{"9810"}
		}
	}
	if c.oneOf("MODE", l.at("tradeMode"), modes...) && l.get("tradeMode") == "1210" {
		c.filled(l, "emsNo", "iacCode", "iacName")
		c.recorded(l)
	}
}

// filled asks for values.
func (c *court) filled(l *paper, names ...string) {
	for _, name := range names {
		if l.lacks(name) {
			c.fault("MODE_FIELD", l.at(name), l.required())
		}
	}
}

// required is why a field of a list must be filled in.
func (l *paper) required() at {
	mode := l.get("tradeMode")
	return because("it is required with tradeMode "+mode, "贸易方式"+mode+"必填")
}

// recorded asks for the article's number in the account book.
func (c *court) recorded(l *paper) {
	for i := range l.doc.Lines {
		if here := l.atLine(i, "itemRecordNo"); here.value == "" && !slices.Contains(l.refused, here.path) {
			c.fault("MODE_FIELD", here, l.required())
		}
	}
}

// positive asks that the goods may be imported in retail (M7).
func (c *court) positive(l *paper) {
	if len(c.options.PositiveList) == 0 {
		return
	}
	for i := range l.doc.Lines {
		here := l.atLine(i, "gcode")
		listed := func(code string) bool { return strings.HasPrefix(here.value, code) }
		if here.value != "" && !slices.ContainsFunc(c.options.PositiveList, listed) {
			c.fault("POSITIVE_LIST", here, at{})
		}
	}
}
