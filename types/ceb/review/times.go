package review

import (
	"strings"
	"time"
)

// times asks that the order was made before it was paid, and paid before the parcel was reported (R7). The documents say
// when they were reported (appTime) and when money was paid (payTime); of a document that was changed the first report
// counts. Equal times are in order. Of two times in the wrong order the one that also contradicts a third is wrong.
func (c *court) times(g *group) {
	made, paid, sent := g.order.moment("appTime"), g.payment.moment(paidAt(g)), g.waybill.moment("appTime")
	declared := g.list.moment("appTime")
	if g.export {
		c.exportTimes(g, made, paid, sent)
		return
	}
	switch {
	case made.after(paid) && !made.after(sent) && c.reportsLate[g.platform]:
		c.note("TIME_ORDER", made.at, paid.at)
	case made.after(paid) && made.after(sent) && sent.known:
		c.fault("TIME_ORDER", made.at, paid.at)
	case made.after(paid):
		c.fault("TIME_ORDER", paid.at, made.at)
	case paid.after(sent) && paid.after(declared) && declared.known && !made.after(sent):
		c.fault("TIME_ORDER", paid.at, sent.at)
	case paid.after(sent):
		c.fault("TIME_ORDER", sent.at, paid.at)
	case made.after(sent):
		c.fault("TIME_ORDER", sent.at, made.at)
	case sent.after(declared):
		c.warning("TIME_ORDER", declared.at, sent.at)
	case paid.after(declared):
		c.warning("TIME_ORDER", declared.at, paid.at)
	}
}

// exportTimes asks only that a consumer's order was made before its money arrived: money arrives long after the parcel
// has left, and business customers pay in advance.
func (c *court) exportTimes(g *group, made, paid, sent moment) {
	if g.order == nil || g.order.get("orderType") != "E" || !made.after(paid) || c.reportsLate[g.platform] {
		return
	}
	if made.after(sent) {
		c.fault("TIME_ORDER", made.at, paid.at)
		return
	}
	c.fault("TIME_ORDER", paid.at, made.at)
}

// habits finds out what a set as a whole shows. A platform that reports most of its orders after they were paid, and at
// least three, does so by habit: appTime is the time of the report, and its orders were made before. Where most identity
// numbers have a wrong check character, and at least three, they were replaced.
func (c *court) habits() {
	c.reportsLate = map[string]bool{}
	late, punctual := map[string]int{}, map[string]int{}
	wrong, right := 0, 0
	for _, g := range c.groups {
		made, paid := g.order.moment("appTime"), g.payment.moment(paidAt(g))
		if made.after(paid) {
			late[g.platform]++
		} else {
			punctual[g.platform]++
		}
		c.reportsLate[g.platform] = late[g.platform] >= 3 && late[g.platform] > punctual[g.platform]
		if reason, sure := identity(strings.ToUpper(g.order.personal("IdNumber").value)); reason.value != "" && !sure {
			wrong++
		} else if reason.value == "" {
			right++
		}
	}
	c.replaced = wrong >= 3 && wrong > right
}

func paidAt(g *group) string {
	if g.export {
		return "accountingDate"
	}
	return "payTime"
}

// moment is a time that a document states.
type moment struct {
	at
	millis int64
	known  bool
}

// moment reads a time: of reports, that of the first version.
func (p *paper) moment(name string) moment {
	if p == nil {
		return moment{}
	}
	said := p
	if name == "appTime" {
		said = p.first
	}
	millis, ok := said.time(name)
	return moment{said.at(name), millis, ok}
}

// after reports whether a time is later than another; what is not known is not late.
func (m moment) after(n moment) bool {
	return m.known && n.known && m.millis > n.millis
}

// skew is how much the clocks of two companies may differ.
const skew = 10 * time.Minute

// future warns of times that have not come yet.
func (c *court) future(p *paper) {
	now := c.options.Now
	if now.IsZero() {
		return
	}
	for _, name := range []string{"appTime", "payTime"} {
		if m := p.moment(name); m.known && m.millis > now.Add(skew).UnixMilli() {
			c.warning("TIME_FUTURE", m.at, should(now.Format(time.RFC3339)))
		}
	}
}
