package review

import (
	"strings"

	"github.com/caryaledger/carya/types/ceb"
)

// single judges the limit of one purchase (M8, receipt -621005). Goods above it must be one indivisible piece, which is
// taxed in full: a warning. Whether freight and insurance count is unclear, so that they alone make a warning.
func (c *court) single(l *paper) {
	goods, ok := l.total()
	freight, _ := l.amount("freight")
	insurance, _ := l.amount("insuredFee")
	value, fits := sum(goods, freight, insurance)
	if !ok || !fits || value <= c.options.Single || l.wrongLine() {
		return
	}
	here, limit := l.atLine(l.dearest(), "totalPrice"), should(c.options.Single.String())
	if goods <= c.options.Single || l.onePiece() {
		limit.value = value.String() + " > " + limit.value
		c.warning("LIMIT_SINGLE", here, limit)
		return
	}
	limit.value = goods.String() + " > " + limit.value
	c.fault("LIMIT_SINGLE", here, limit)
}

// dearest returns the index of the line that is worth most.
func (l *paper) dearest() int {
	line, most := 0, ceb.Decimal(0)
	for i := range l.doc.Lines {
		if price, _ := l.amountIn(i, "totalPrice"); price > most {
			line, most = i, price
		}
	}
	return line
}

// onePiece reports whether a list is a single article.
func (l *paper) onePiece() bool {
	if len(l.doc.Lines) != 1 {
		return false
	}
	qty, ok := l.amountIn(0, "qty")
	return ok && qty <= unit
}

// annual judges what each buyer's lists of a calendar year are worth together (M8, receipt -621018). Lists count in the
// order of their declaration; one that goes over the limit is rejected and does not count against later ones.
func (c *court) annual() {
	type purse struct{ person, year string }
	spent := map[purse]ceb.Decimal{}
	for _, l := range c.byRole[list] {
		value, ok := l.total()
		person, year := l.identityNumber(), l.get("declTime")
		if l.export || !ok || person == "" || len(year) < 4 || c.ended(l, 0) {
			continue
		}
		key := purse{strings.ToUpper(person), year[:4]}
		total, fits := sum(spent[key], value)
		if !fits || total > c.options.Annual {
			c.fault("LIMIT_ANNUAL", l.at("buyerIdNumber"), should(total.String()))
			continue
		}
		spent[key] = total
	}
}
