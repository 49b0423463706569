package review

import "strconv"

// carriage judges parcel and weight. An import waybill and its list are one parcel (packNo 1). Net weight is at most
// gross weight. That the waybill's weight is the list's, and that both name one freight, is not written anywhere: a
// difference is a warning.
func (c *court) carriage(g *group) {
	if !g.export {
		c.onePack(g.waybill)
		c.onePack(g.list)
	} else if w, l := g.waybill.at("packNo"), g.list.at("packNo"); w.value != "" && l.value != "" && !sameWhole(w.value, l.value) {
		c.warning("PACKS", l, w)
	}
	if g.list != nil {
		c.weight(g)
		c.freight(g)
	}
}

func (c *court) onePack(p *paper) {
	if here := p.at("packNo"); here.value != "" && !sameWhole(here.value, "1") {
		c.fault("PACKS", here, should("1"))
	}
}

func sameWhole(a, b string) bool {
	m, err1 := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	return m == n || err1 != nil || err2 != nil
}

func (c *court) weight(g *group) {
	gross, ok1 := g.list.amount("grossWeight")
	net, ok2 := g.list.amount("netWeight")
	if ok1 && ok2 && net > gross {
		c.fault("WEIGHT", g.list.at("netWeight"), g.list.at("grossWeight"))
		return
	}
	if g.waybill == nil || !ok1 {
		return
	}
	name := "weight"
	if g.export {
		name = "grossWeight"
	}
	if carried, ok := g.waybill.amount(name); ok && far(carried, gross) {
		c.warning("WEIGHT", g.waybill.at(name), g.list.at("grossWeight"))
	}
}

// freight compares the list's freight, which the carrier was really paid, with the waybill's and the order's. They may
// differ: the buyer need not pay what the carrier gets.
func (c *court) freight(g *group) {
	charged, ok := g.list.amount("freight")
	if !ok || g.export {
		return
	}
	known := false
	for _, p := range []*paper{g.order, g.waybill} {
		if p == nil {
			continue
		}
		if freight, ok := p.amount("freight"); ok {
			known = true
			if freight == charged {
				return
			}
		}
	}
	if known {
		there := g.waybill.at("freight")
		if there.value == "" {
			there = g.order.at("freight")
		}
		c.warning("FREIGHT", g.list.at("freight"), there)
	}
}
