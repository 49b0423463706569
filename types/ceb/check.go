package ceb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Check looks for faults inside one document that its own fields prove, and returns them as errors of kind Business,
// none when there are none. They do not stop a document: customs decides. The rules are those of the 202205
// specification:
//
//	M2   an order's acturalPaid = goodsValue + freight + taxTotal - discount
//	M5   the buyer or payer shows an identity card: buyerIdType, payerIdType = 1
//	M6   each line's totalPrice = qty × price, rounded to 5 decimal places; no two lines have one gnum; packNo = 1
//	M10  a declaration list has the fields of its tradeMode: 9610 trafNo, voyageNo, billNo; 1210 and 1239 emsNo,
//	     areaCode, areaName and each line's itemRecordNo
func Check(d *Document) []*Error {
	c := &checker{document: d, roles: d.roles()}
	c.paid()
	c.identity()
	c.lines()
	c.parcels()
	c.mode()
	return c.faults
}

type checker struct {
	document *Document
	roles    *roles
	faults   []*Error
}

// fault records what a field should have been.
func (c *checker) fault(rule, field, expected, found string) {
	detail := fmt.Sprintf("expected %s, found %s", expected, found)
	c.faults = append(c.faults, &Error{Kind: Business, Field: field, Rule: rule, Detail: detail})
}

// path returns the whole path of a head field, also of an absent one.
func (c *checker) path(name string) string {
	table := messageNamed(c.document.Kind)
	return join(table.root.children[0].children[0].name, name)
}

// decimal reads a number. Parse has checked it, so that a number that cannot be read makes a rule not apply.
func (c *checker) decimal(fields []Field, name string) (Decimal, bool) {
	d, err := ParseDecimal(get(fields, name))
	return d, err == nil
}

func (c *checker) paid() {
	if c.document.Kind != "CEB311" {
		return
	}
	expected, ok := c.sum("goodsValue", "freight", "taxTotal", "-discount")
	paid, read := c.decimal(c.document.Head, "acturalPaid")
	if ok && read && paid != expected {
		c.fault("M2", c.path("acturalPaid"), expected.String()+" (goodsValue + freight + taxTotal - discount)", paid.String())
	}
}

// sum adds head fields, and subtracts those with a minus before their name.
func (c *checker) sum(names ...string) (Decimal, bool) {
	var total Decimal
	for _, name := range names {
		d, ok := c.decimal(c.document.Head, strings.TrimPrefix(name, "-"))
		if strings.HasPrefix(name, "-") {
			d = -d
		}
		sum, fits := total.plus(d)
		if !ok || !fits {
			return 0, false
		}
		total = sum
	}
	return total, true
}

func (c *checker) identity() {
	name := c.roles.person[0]
	if name == "" {
		return
	}
	if found := c.document.Get(name); found != "1" {
		c.fault("M5", c.path(name), "1 (identity card)", quoted(found))
	}
}

func (c *checker) lines() {
	for i, line := range c.document.Lines {
		c.total(indexed(c.roles.lines, i), line)
		c.ordinal(i, line)
	}
}

func (c *checker) total(path string, line []Field) {
	qty, ok1 := c.decimal(line, "qty")
	price, ok2 := c.decimal(line, "price")
	found, ok3 := c.decimal(line, "totalPrice")
	expected, fits := qty.times(price)
	switch {
	case !ok1 || !ok2 || !ok3:
	case !fits:
		c.fault("M6", join(path, "totalPrice"), fmt.Sprintf("%s × %s, beyond what a field holds", qty, price), found.String())
	case found != expected:
		c.fault("M6", join(path, "totalPrice"), fmt.Sprintf("%s (%s × %s)", expected, qty, price), found.String())
	}
}

// ordinal reports a gnum that a line before has. There are at most 99 lines, so that looking through them all is cheap.
func (c *checker) ordinal(i int, line []Field) {
	gnum, err := strconv.Atoi(get(line, "gnum"))
	if err != nil {
		return
	}
	same := func(other []Field) bool {
		n, err := strconv.Atoi(get(other, "gnum"))
		return err == nil && n == gnum
	}
	if j := slices.IndexFunc(c.document.Lines[:i], same); j >= 0 {
		path := join(indexed(c.roles.lines, i), "gnum")
		c.fault("M6", path, "a number of its own", fmt.Sprintf("%d, as in %s", gnum, indexed(c.roles.lines, j)))
	}
}

func (c *checker) parcels() {
	if c.roles.waybill[0] == "" {
		return
	}
	found := c.document.Get("packNo")
	if n, err := strconv.Atoi(found); err != nil || n != 1 {
		c.fault("M6", c.path("packNo"), "1", quoted(found))
	}
}

func (c *checker) mode() {
	if c.document.Kind != "CEB621" {
		return
	}
	switch mode := c.document.Get("tradeMode"); mode {
	case "9610":
		c.filled(mode, "trafNo", "voyageNo", "billNo")
	case "1210", "1239":
		c.filled(mode, "emsNo", "areaCode", "areaName")
		c.recorded(mode)
	default:
		c.fault("M10", c.path("tradeMode"), "9610, 1210 or 1239", quoted(mode))
	}
}

func (c *checker) filled(mode string, names ...string) {
	for _, name := range names {
		if found := c.document.Get(name); strings.TrimSpace(found) == "" {
			c.fault("M10", c.path(name), "a value, required with tradeMode "+mode, quoted(found))
		}
	}
}

// recorded asks for the article's number in the bonded account book.
func (c *checker) recorded(mode string) {
	for i, line := range c.document.Lines {
		if found := get(line, "itemRecordNo"); strings.TrimSpace(found) == "" {
			c.fault("M10", join(indexed(c.roles.lines, i), "itemRecordNo"), "a value, required with tradeMode "+mode, quoted(found))
		}
	}
}
