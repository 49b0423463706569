package readmodel

import (
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// clause is one condition of a search: an event has any of the terms, or none of them.
type clause struct {
	terms  []term
	ranges []termRange
	not    bool

	where map[int64][]int  // segment → those of the terms that occur in it
	sets  map[int64]*slots // what the ranges have in a segment
}

// termRange is all terms of a field from one, inclusive, to another.
type termRange struct {
	field       field
	from, until string
}

// startingWith is the range of terms that begin with some text.
func startingWith(f field, start string) termRange {
	return termRange{f, start, start + "\xff"} // no UTF-8 text has this byte
}

// load finds out in which segments the clause's terms occur. The rows of single terms are
// read when their segment's turn comes, because mostly few are needed; those of ranges
// come all at once.
func (c *clause) load(s *snapshot, first, last int64) error {
	c.where, c.sets = map[int64][]int{}, map[int64]*slots{}
	for i, t := range c.terms {
		err := s.each(func(rows *sql.Rows) error {
			var segment int64
			err := rows.Scan(&segment)
			c.where[segment] = append(c.where[segment], i)
			return err
		}, "SELECT segment FROM postings WHERE field = ? AND term = ? AND segment BETWEEN ? AND ?", int64(t.field), t.text, first, last)
		if err != nil {
			return err
		}
	}
	for _, r := range c.ranges {
		if err := c.gather(s, r, first, last); err != nil {
			return err
		}
	}
	return nil
}

// gather reads all that a range has.
func (c *clause) gather(s *snapshot, r termRange, first, last int64) error {
	var row sql.RawBytes
	var segment int64
	return s.each(func(rows *sql.Rows) error {
		if err := rows.Scan(&segment, &row); err != nil {
			return err
		}
		if c.sets[segment] == nil {
			c.sets[segment] = &slots{}
		}
		c.sets[segment].add(row)
		return nil
	}, "SELECT segment, slots FROM postings WHERE field = ? AND term >= ? AND term < ? AND segment BETWEEN ? AND ?",
		int64(r.field), r.from, r.until, first, last)
}

func (c *clause) segments() int { return len(c.where) + len(c.sets) }

func (c *clause) touches(segment int64) bool {
	return c.where[segment] != nil || c.sets[segment] != nil
}

// narrow leaves the events in a set that satisfy the clause.
func (c *clause) narrow(s *snapshot, segment int64, set *slots) error {
	any := &slots{}
	if have := c.sets[segment]; have != nil {
		*any = *have
	}
	for _, i := range c.where[segment] {
		if err := s.posting(posting{c.terms[i], segment}, any.add); err != nil {
			return err
		}
	}
	if c.not {
		set.without(any)
	} else {
		set.and(any)
	}
	return nil
}

// clauses turns a filter into conditions.
func (f *EventFilter) clauses() ([]*clause, error) {
	var all []*clause
	words := func(field field, values []string, spelling func(string) string) {
		if len(values) > 0 {
			all = append(all, &clause{terms: terms(field, values, spelling)})
		}
	}
	words(fieldEventID, f.EventIDs, shorten)
	words(fieldTransformation, f.TransformationIDs, spell)
	words(fieldReason, f.ErrorReasons, asIs)
	words(fieldCorrective, f.Correctives, shorten)
	words(fieldReadPoint, f.ReadPoints, spell)
	words(fieldBizLocation, f.BizLocations, spell)
	words(fieldMember, f.Members, asIs)
	words(fieldSet, f.Set, asIs)
	words(fieldUnset, f.Unset, asIs)
	words(fieldDisposition, f.Dispositions, asIs)
	words(fieldBizStep, f.BizSteps, asIs)
	words(fieldAction, f.Actions, asIs)
	words(fieldType, f.Types, asIs)
	if f.Declared != 0 || f.DeclaredFrom != 0 || f.DeclaredBefore != 0 {
		all = append(all, &clause{terms: []term{{fieldDeclares, ""}}, not: f.Declared < 0})
	}
	return f.more(all)
}

// more adds the conditions about things and references.
func (f *EventFilter) more(all []*clause) ([]*clause, error) {
	for i := range f.Match {
		c, err := f.Match[i].clause()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	for i := range f.Refs {
		c, err := f.Refs[i].clause()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func terms(f field, values []string, spelling func(string) string) []term {
	list := make([]term, len(values))
	for i, v := range values {
		list[i] = term{f, spelling(v)}
	}
	return list
}

func (r *EventRef) clause() (*clause, error) {
	field, ok := refs[r.Kind]
	if !ok {
		return nil, types.Refuse(types.FieldInvalid, "refs", "%.40q: bizTransaction, source, destination or certification", r.Kind)
	}
	c := &clause{}
	for _, v := range r.Values {
		if r.Type == "" {
			c.ranges = append(c.ranges, startingWith(field, spell(v)+" "))
		} else {
			c.terms = append(c.terms, term{field, spell(v) + " " + r.Type})
		}
	}
	return c, nil
}

func (m *EventMatch) clause() (*clause, error) {
	c := &clause{}
	for _, role := range m.Roles {
		field, ok := roles[role]
		if !ok {
			return nil, types.Refuse(types.FieldInvalid, "match", "%.40q is no role of things in events", role)
		}
		for _, v := range m.Values {
			if err := c.match(field, v); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}
