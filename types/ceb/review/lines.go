package review

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/ceb"
)

// lines judges the goods (M6): inside order and list, then list against order.
func (c *court) lines(g *group) {
	o, l := g.order, g.list
	if o != nil {
		c.numbered(o)
	}
	if l != nil {
		c.numbered(l)
	}
	if o != nil && l != nil && !o.wrongNumbers() && !l.wrongNumbers() && !disowned(o, l) {
		c.pairs(o, l)
	}
	if o != nil {
		c.totals(o)
	}
	if l != nil {
		c.totals(l)
	}
}

// numbered asks for different gnum (receipts -301002, -621027).
func (c *court) numbered(p *paper) {
	for i := range p.doc.Lines {
		if j := p.lineOf(p.in(i, "gnum")); j < i && j >= 0 {
			wrong, first := i, j
			if n, _ := p.gnum(i); n == i+1 { // lines are numbered from 1, so that this one is right
				wrong, first = j, i
			}
			c.fault("LINE_TWICE", p.atLine(wrong, "gnum"), p.atLine(first, "gnum"))
			if p.role == order {
				c.official(-301002)
			} else {
				c.official(-621027)
			}
		}
	}
}

// lineOf returns the index of the first line of that number, or -1. There are at most 99 lines.
func (p *paper) lineOf(gnum string) int {
	n, err := strconv.Atoi(gnum)
	if err != nil {
		return -1
	}
	for i := range p.doc.Lines {
		if m, ok := p.gnum(i); ok && m == n {
			return i
		}
	}
	return -1
}

// wrongNumbers reports whether the lines of a paper cannot be told apart by number.
func (p *paper) wrongNumbers() bool {
	if len(p.doc.Lines) == 0 {
		return true
	}
	for i := range p.doc.Lines {
		if p.in(i, "gnum") == "" || p.isBlamed(p.pathIn(i, "gnum")) {
			return true
		}
	}
	return false
}

// wrongLine reports whether a line of a paper has a finding already, which explains a wrong sum.
func (p *paper) wrongLine() bool {
	for i := range p.doc.Lines {
		for _, name := range []string{"gnum", "qty", "price", "totalPrice"} {
			if p.isBlamed(p.pathIn(i, name)) {
				return true
			}
		}
	}
	return false
}

// disowned reports whether the order's goodsValue belies its own lines but not those of the list: then the order's lines
// are wrong, and money says so.
func disowned(o, l *paper) bool {
	goods, ok1 := o.amount("goodsValue")
	ours, ok2 := o.total()
	theirs, ok3 := l.total()
	return ok1 && ok2 && ok3 && goods != ours && goods == theirs && len(o.doc.Lines) != len(l.doc.Lines)
}

// pairs compares the lines of one number. A line that is missing and another that is extra and the same goods are one
// line under a wrong number.
func (c *court) pairs(o, l *paper) {
	var missing, extra []int
	for i := range o.doc.Lines {
		if j := l.lineOf(o.in(i, "gnum")); j >= 0 {
			c.pair(o, i, l, j)
		} else {
			missing = append(missing, i)
		}
	}
	for j := range l.doc.Lines {
		if o.lineOf(l.in(j, "gnum")) < 0 {
			extra = append(extra, j)
		}
	}
	for _, i := range missing {
		if j := slices.IndexFunc(extra, func(j int) bool { return sameGoods(o, i, l, j) }); j >= 0 {
			ours, theirs := o.atLine(i, "gnum"), l.atLine(extra[j], "gnum")
			if !o.consecutive() && l.consecutive() {
				ours, theirs = theirs, ours
			}
			c.fault("LINE_EXTRA", theirs, ours)
			extra = slices.Delete(extra, j, j+1)
			continue
		}
		c.fault("LINE_MISSING", at{paper: l, path: l.absent(i)}, o.atLine(i, "gnum"))
	}
	for _, j := range extra {
		c.fault("LINE_EXTRA", l.atLine(j, "gnum"), at{})
	}
}

// absent is the path of the number of a line that is not there.
func (p *paper) absent(line int) string {
	name, _, _ := strings.Cut(p.pathIn(0, "gnum"), "[")
	return name + "[" + strconv.Itoa(line) + "]/gnum"
}

// consecutive reports whether the lines are numbered 1, 2, 3… in any order.
func (p *paper) consecutive() bool {
	for n := range p.doc.Lines {
		if p.lineOf(strconv.Itoa(n+1)) < 0 {
			return false
		}
	}
	return true
}

func sameGoods(o *paper, i int, l *paper, j int) bool {
	for _, name := range []string{"qty", "price"} {
		ours, ok1 := o.amountIn(i, name)
		theirs, ok2 := l.amountIn(j, name)
		if !ok1 || !ok2 || ours != theirs {
			return false
		}
	}
	return true
}

// pair compares two lines of one number.
func (c *court) pair(o *paper, i int, l *paper, j int) {
	c.amounts(o, i, l, j)
	c.nameOf(o, i, l, j)
	for _, name := range []string{"itemNo", "country"} {
		ours, theirs := o.atLine(i, name), l.atLine(j, name)
		// In export lists country is the destination, which orders do not have.
		if ours.value != "" && theirs.value != "" && ours.value != theirs.value && !(l.export && name == "country") {
			c.warning("LINE_ITEM", theirs, ours)
		}
	}
}

// amounts compares quantity and price. Of two quantities that differ the one that contradicts its own total is wrong, by
// default the list's. Where list and order count in different units, quantities cannot be compared: if the totals agree,
// that is a warning.
func (c *court) amounts(o *paper, i int, l *paper, j int) {
	if ours, theirs := o.atLine(i, "unit"), l.atLine(j, "unit"); ours.value != "" && theirs.value != "" && ours.value != theirs.value {
		if c.equal(o, i, l, j, "qty") || !c.equal(o, i, l, j, "totalPrice") {
			c.fault("LINE_UNIT", theirs, ours)
		} else {
			c.warning("LINE_UNIT", theirs, ours)
		}
		return
	}
	for _, rule := range []struct{ word, name string }{{"LINE_QTY", "qty"}, {"LINE_PRICE", "price"}} {
		ours, theirs := o.atLine(i, rule.name), l.atLine(j, rule.name)
		switch {
		case c.equal(o, i, l, j, rule.name):
		case !o.adds(i) && l.adds(j) && c.equal(o, i, l, j, "totalPrice"):
			c.fault(rule.word, ours, theirs)
		case rule.word == "LINE_PRICE" && l.adds(j) && equalTotals(o, l):
			c.warning(rule.word, theirs, ours)
		default:
			c.fault(rule.word, theirs, ours)
		}
	}
}

// equal reports whether an amount of two lines is the same, or cannot be read in one of them.
func (c *court) equal(o *paper, i int, l *paper, j int, name string) bool {
	ours, ok1 := o.amountIn(i, name)
	theirs, ok2 := l.amountIn(j, name)
	return !ok1 || !ok2 || ours == theirs
}

// equalTotals reports whether the lines of order and list add up to the same: a discount that was spread differently.
func equalTotals(o, l *paper) bool {
	ours, ok1 := o.total()
	theirs, ok2 := l.total()
	return ok1 && ok2 && ours == theirs
}

// adds reports whether quantity times price is the total of a line, or one of them cannot be read.
func (p *paper) adds(i int) bool {
	qty, ok1 := p.amountIn(i, "qty")
	price, ok2 := p.amountIn(i, "price")
	total, ok3 := p.amountIn(i, "totalPrice")
	return !ok1 || !ok2 || !ok3 || makes(qty, price, total)
}

// totals asks that something is sold, and for totalPrice = qty × price, unless quantity or price have a finding, which explains it.
func (c *court) totals(p *paper) {
	for i := range p.doc.Lines {
		if qty, ok := p.amountIn(i, "qty"); ok && qty <= 0 && !p.isBlamed(p.pathIn(i, "qty")) {
			c.fault("LINE_QTY", p.atLine(i, "qty"), because("more than 0", "大于0的数"))
		}
		if p.adds(i) || p.isBlamed(p.pathIn(i, "qty")) || p.isBlamed(p.pathIn(i, "price")) {
			continue
		}
		qty, _ := p.amountIn(i, "qty")
		price, _ := p.amountIn(i, "price")
		c.fault("LINE_TOTAL", p.atLine(i, "totalPrice"), should(timesText(qty, price)))
	}
}

// timesText writes a product, rounded down to 5 places where it has more.
func timesText(a, b ceb.Decimal) string {
	n := product(a, b)
	n.Quo(n, wide(1))
	if !n.IsInt64() {
		return a.String() + " × " + b.String()
	}
	return ceb.Decimal(n.Int64()).String()
}

// nameOf compares the names of the goods. The list's itemName is the platform's name as in the order; its gname is the
// name of the tariff, which the specification wants to be consistent with the order, not equal. So a difference is a
// warning when neither name has anything in common with the order's, else a note.
func (c *court) nameOf(o *paper, i int, l *paper, j int) {
	ours, sold, named := o.atLine(i, "itemName"), l.atLine(j, "itemName"), l.atLine(j, "gname")
	if ours.value == "" || named.value == "" || akin(ours.value, named.value) {
		return
	}
	switch {
	case sold.value == "":
		c.note("LINE_NAME", named, ours)
	case sold.value == ours.value:
		// The tariff's name of the same article may share no word with it.
	default:
		c.warning("LINE_NAME", sold, ours)
	}
}

// akin reports whether two names share two characters in a row, or one holds the other.
func akin(a, b string) bool {
	if strings.Contains(a, b) || strings.Contains(b, a) {
		return true
	}
	runes := []rune(a)
	for i := range max(0, len(runes)-1) {
		if strings.Contains(b, string(runes[i:i+2])) {
			return true
		}
	}
	return false
}
