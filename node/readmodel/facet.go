package readmodel

import (
	"encoding/json"
	"slices"

	"github.com/caryaledger/carya/types"
)

// facet is something that lots and units can be listed by. The numbers stand in the file.
type facet int64

const (
	facetOwner       facet = 1
	facetHolder      facet = 2 // who holds any of a lot, the custodian of a unit
	facetOfferFrom   facet = 3
	facetOfferTo     facet = 4
	facetClaim       facet = 5
	facetRecall      facet = 6 // recalls, disputes and certificates that the thing is marked with
	facetDispute     facet = 7
	facetCertificate facet = 8
	facetPlot        facet = 9
	facetProduct     facet = 10 // GTIN
	facetParent      facet = 11 // unit that a unit is inside of
	facetContent     facet = 12 // lot that is directly inside a unit
	facetFate        facet = 13
)

// value is a facet with its value.
type value struct {
	facet facet
	value string
}

// faceted is a thing with all its values.
type faceted struct {
	thing  types.ThingKey
	values []value
}

// markFacets has the facet of every kind of mark.
var markFacets = map[string]facet{
	types.MarkRecall:      facetRecall,
	types.MarkDispute:     facetDispute,
	types.MarkCertificate: facetCertificate,
}

// traced adds what is known of a thing's origin.
func traced(values []value, t *types.Trace) []value {
	for _, c := range t.Claims {
		values = append(values, value{facetClaim, c})
	}
	for _, m := range t.Marks {
		values = append(values, value{markFacets[m.Kind], m.Ref})
	}
	return values
}

// facets says what a thing is listed by from now on. It is written some things at a time,
// because most facets of a thing stay as they are and reading is cheaper.
func (w *writer) facets(thing types.ThingKey, values []value) error {
	values = slices.DeleteFunc(values, func(v value) bool { return v.value == "" })
	w.changed = append(w.changed, faceted{thing, values})
	if len(w.changed) < together {
		return nil
	}
	return w.flushFacets()
}

func (w *writer) flushFacets() error {
	if len(w.changed) == 0 {
		return nil
	}
	have, err := w.facetsNow()
	if err != nil {
		return err
	}
	for _, c := range w.changed {
		for _, v := range c.values {
			if have[c.thing][v] {
				delete(have[c.thing], v)
			} else if err := w.add(tableFacets, int64(v.facet), v.value, string(c.thing)); err != nil {
				return err
			}
		}
	}
	w.changed = w.changed[:0]
	for thing, values := range have {
		if err := w.dropFacets(thing, values); err != nil {
			return err
		}
	}
	return nil
}

// facetsNow returns what the file says about the things whose facets wait.
func (w *writer) facetsNow() (map[types.ThingKey]map[value]bool, error) {
	things := make([]types.ThingKey, len(w.changed))
	for i, c := range w.changed {
		things[i] = c.thing
	}
	list, err := json.Marshal(things)
	if err != nil {
		return nil, err
	}
	rows, err := w.tx.Query(`SELECT f.thing, f.facet, f.value FROM json_each(?) AS j CROSS JOIN facets AS f ON f.thing = j.value`, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	have := map[types.ThingKey]map[value]bool{}
	for rows.Next() {
		var thing types.ThingKey
		var v value
		if err := rows.Scan(&thing, &v.facet, &v.value); err != nil {
			return nil, err
		}
		if have[thing] == nil {
			have[thing] = map[value]bool{}
		}
		have[thing][v] = true
	}
	return have, rows.Err()
}

func (w *writer) dropFacets(thing types.ThingKey, values map[value]bool) error {
	for v := range values {
		_, err := w.tx.Exec("DELETE FROM facets WHERE facet = ? AND value = ? AND thing = ?", int64(v.facet), v.value, string(thing))
		if err != nil {
			return err
		}
	}
	return nil
}

// askThings begins a question about lots or units that have all of some values, empty ones
// ask for nothing, and says what orders them by id. The first value drives: callers put
// the one first that fewest things have.
func askThings(columns, table, family, after string, values ...value) (q *question, order string) {
	values = slices.DeleteFunc(values, func(v value) bool { return v.value == "" })
	if len(values) == 0 {
		q = ask("SELECT " + columns + " FROM " + table + " AS t")
		q.where("t.id > ?", after)
		return q, "t.id"
	}
	q = ask("SELECT " + columns + " FROM facets AS f CROSS JOIN " + table + " AS t ON t.id = substr(f.thing, length(?) + 2)")
	q.args = append(q.args, family)
	q.where("f.facet = ? AND f.value = ?", int64(values[0].facet), values[0].value)
	q.where("f.thing > ? AND f.thing < ?", family+"/"+after, family+"0") // '0' follows '/'
	for _, v := range values[1:] {
		q.where("EXISTS (SELECT 1 FROM facets AS o WHERE o.facet = ? AND o.value = ? AND o.thing = f.thing)", int64(v.facet), v.value)
	}
	return q, "f.thing"
}
