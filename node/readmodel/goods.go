package readmodel

import (
	"database/sql"
	"encoding/json"
	"slices"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// goods is what traces and recalls tell of a lot or unit. Quantities count 10^-5 of the
// unit; a unit is one piece.
type goods struct {
	unit                                              string
	produced, consumed, destroyed, sold, held, packed uint64
	net                                               uint64 // of a unit, 10^-5 of netUnit
	netUnit, owner, plot, product                     string
	holders, claims, flags                            []string
	marks                                             []types.Mark
	pieces                                            bool // it is a unit
}

// left is what can still be somewhere.
func (g *goods) left() uint64 { return g.held + g.packed }

// things reads the records of many things; those that have none are left out.
func (s *snapshot) things(keys []types.ThingKey) (map[types.ThingKey]*goods, error) {
	known := make(map[types.ThingKey]*goods, len(keys))
	list := keyList(keys)
	if err := s.lots(list, known); err != nil {
		return nil, err
	}
	if err := s.units(list, known); err != nil {
		return nil, err
	}
	if err := s.holders(list, known); err != nil {
		return nil, err
	}
	for _, g := range known {
		slices.Sort(g.holders)
		g.holders = slices.Compact(g.holders)
	}
	return known, nil
}

// keyList is a list of keys as SQL takes it: one JSON text.
func keyList[K ~string | ~int64](keys []K) string {
	list, _ := json.Marshal(keys) // fails for no list of texts or integers
	return string(list)
}

// lots reads the lots among some keys.
func (s *snapshot) lots(list string, known map[types.ThingKey]*goods) error {
	return s.each(func(rows *sql.Rows) error {
		g, key, holdings := &goods{}, types.ThingKey(""), []types.Holding{}
		err := rows.Scan(&key, &g.unit, &g.produced, &g.consumed, &g.destroyed, &g.sold, &g.packed, &g.owner, &g.plot,
			&g.product, into(&holdings), into(&g.claims), into(&g.marks), into(&g.flags))
		g.holders = []string{}
		for _, h := range holdings {
			g.held += h.Quantity
			g.holders = append(g.holders, h.Member)
		}
		known[key] = g
		return err
	}, `SELECT j.value, t.unit, t.produced, t.consumed, t.destroyed, t.sold, t.packed, t.owner, t.plot, coalesce(p.name, ''),
		t.holdings, t.claims, t.marks, t.flags
		FROM json_each(?) AS j CROSS JOIN lots AS t ON t.id = substr(j.value, 5) LEFT JOIN products AS p ON p.id = substr(t.id, 1, 14)
		WHERE j.value GLOB 'lot/*'`, list)
}

// units reads the units among some keys.
func (s *snapshot) units(list string, known map[types.ThingKey]*goods) error {
	return s.each(func(rows *sql.Rows) error {
		g, key, fate, parent := &goods{unit: gs1.Pieces, pieces: true, produced: one, holders: []string{}}, types.ThingKey(""), "", ""
		err := rows.Scan(&key, &g.owner, &fate, &parent, &g.net, &g.netUnit, &g.product, into(&g.claims), into(&g.marks), into(&g.flags))
		*g.part(fate, parent) = one
		known[key] = g
		return err
	}, `SELECT j.value, t.owner, t.fate, t.parent, t.net, t.net_unit, coalesce(p.name, ''), t.claims, t.marks, t.flags
		FROM json_each(?) AS j CROSS JOIN units AS t ON t.id = substr(j.value, 6)
		LEFT JOIN facets AS f ON f.thing = j.value AND f.facet = 10 LEFT JOIN products AS p ON p.id = f.value
		WHERE j.value GLOB 'unit/*'`, list)
}

// part is where a unit counts.
func (g *goods) part(fate, parent string) *uint64 {
	switch {
	case fate == types.FateConsumed:
		return &g.consumed
	case fate == types.FateDestroyed:
		return &g.destroyed
	case fate == types.FateSold:
		return &g.sold
	case parent != "":
		return &g.packed
	}
	return &g.held
}

// holders adds who holds units, and what is packed in units: the custodian of the
// outermost one.
func (s *snapshot) holders(list string, known map[types.ThingKey]*goods) error {
	return s.each(func(rows *sql.Rows) error {
		var key types.ThingKey
		var holder string
		err := rows.Scan(&key, &holder)
		if g := known[key]; g != nil && g.left() > 0 && holder != "" {
			g.holders = append(g.holders, holder)
		}
		return err
	}, `WITH RECURSIVE up(thing, id) AS (
			SELECT j.value, substr(j.value, 6) FROM json_each(?1) AS j WHERE j.value GLOB 'unit/*'
			UNION
			SELECT j.value, substr(f.thing, 6) FROM json_each(?1) AS j
				CROSS JOIN facets AS f ON f.facet = 12 AND f.value = substr(j.value, 5) WHERE j.value GLOB 'lot/*'
			UNION
			SELECT up.thing, t.parent FROM up CROSS JOIN units AS t ON t.id = up.id WHERE t.parent <> '')
		SELECT up.thing, t.custodian FROM up CROSS JOIN units AS t ON t.id = up.id WHERE t.parent = ''`, list)
}
