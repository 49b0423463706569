package client

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// lotMeasure is a lot with a quantity, which may be none.
type lotMeasure struct {
	name string // as it was typed
	uri  string
	measure
	faulty bool // the quantity was typed, and cannot be read
}

// lots reads a cell of lots, each alone or with its quantity: A=500;B=300 kg. The columns quantity and unit belong to
// the lot in the column lot.
func (c *conversion) lots(e *lotEvent, column string, find func(*lotEvent, string) (string, error)) []lotMeasure {
	var all []lotMeasure
	for _, item := range list(e.cells[column]) {
		l := lotMeasure{name: item}
		text := ""
		if i := strings.LastIndexByte(item, '='); i > 0 {
			l.name, text = strings.TrimSpace(item[:i]), strings.TrimSpace(item[i+1:])
		}
		uri, err := find(e, l.name)
		if err != nil {
			e.faultIn(column, l.name, "%v", err)
			continue
		}
		l.uri = uri
		if text != "" {
			l.measure, err = readMeasure(text, "", c.fallbackUnit(e, column, uri))
			l.faulty = err != nil
		}
		if err != nil {
			e.faultIn(column, item, "%v", err)
		}
		if slices.ContainsFunc(all, func(o lotMeasure) bool { return o.uri == uri }) {
			e.faultIn(column, l.name, "stands twice; add the quantities up")
		}
		all = append(all, l)
	}
	if column == "lot" {
		c.quantity(e, all)
	}
	return all
}

// fallbackUnit is the unit of a quantity behind a lot that names none: that of the row where the row is about the lot,
// else that of the heading, else the one in which a row before has made it.
func (c *conversion) fallbackUnit(e *lotEvent, column, uri string) string {
	unit := first(c.sheet.unit, c.left[uri].unit)
	if column == "lot" {
		unit = first(e.cells["unit"], unit)
	}
	return unit
}

// quantity reads the column quantity, which is that of the one lot.
func (c *conversion) quantity(e *lotEvent, lots []lotMeasure) {
	text := e.cells["quantity"]
	making := e.step.name == "harvest" || e.step.name == "process"
	switch {
	case text == "" && making && slices.ContainsFunc(lots, func(l lotMeasure) bool { return l.amount == 0 && !l.faulty }):
		e.fault("quantity", "is missing")
	case text == "":
	case len(lots) > 1:
		e.fault("quantity", "there are %d lots; write A=500;B=300 in the column lot", len(lots))
	case len(lots) == 1 && lots[0].amount != 0:
		e.fault("quantity", "the column lot has a quantity already")
	default:
		fallback := c.sheet.unit
		if len(lots) == 1 {
			fallback = c.fallbackUnit(e, "lot", lots[0].uri)
		}
		m, err := readMeasure(text, e.cells["unit"], fallback)
		if err != nil {
			e.fault("quantity", "%v", err)
		}
		if len(lots) == 1 {
			lots[0].measure, lots[0].faulty = m, err != nil
		}
	}
}

// takeRest gives lots without a quantity all that the sheet leaves of them.
func (c *conversion) takeRest(e *lotEvent, column string, lots []lotMeasure) {
	for i, l := range lots {
		if l.amount != 0 || l.faulty {
			continue
		}
		rest, known := c.left[l.uri]
		switch {
		case !known:
			e.faultIn(column, l.name, "how much? The rows before do not say how much there is")
		case rest.amount == 0:
			e.faultIn(column, l.name, "nothing is left of it in the rows before; write how much")
		default:
			lots[i].measure = rest
		}
	}
}

func (c *conversion) made(lots []lotMeasure) {
	for _, l := range lots {
		if l.amount > 0 {
			c.left[l.uri] = l.measure
		}
	}
}

// taken keeps account of what is left, as far as units can be converted. The ledger is who refuses what is too much.
func (c *conversion) taken(lots []lotMeasure) {
	for _, l := range lots {
		rest, known := c.left[l.uri]
		if !known || l.amount == 0 {
			continue
		}
		amount, err := gs1.Convert(l.amount, l.unit, rest.unit)
		if err != nil {
			delete(c.left, l.uri)
			continue
		}
		rest.amount -= min(amount, rest.amount)
		c.left[l.uri] = rest
	}
}

// quantities writes lots with their quantities. Pieces have no unit code (EPCIS 2.0, quantity element).
func quantities(lots []lotMeasure) []members {
	var all []members
	for _, l := range lots {
		q := members{{"epcClass", l.uri}}
		if l.amount > 0 {
			q.add("quantity", json.Number(gs1.FormatAmount(l.amount)))
			if l.unit != gs1.Pieces {
				q.add("uom", l.unit)
			}
		}
		all = append(all, q)
	}
	return all
}
