package readmodel

import (
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// scheme says how the EPCs of one scheme become paths.
type scheme struct {
	urn    string // of one thing
	lead   string // of its path
	fields int
	digit  bool // one digit stands before the company prefix in the path
}

// schemes has the schemes of EPC pattern URIs (GS1 Tag Data Standard, section on pure
// identity patterns). Patterns for lots are ours: there is no way to say "all lots of a
// GTIN" in the standard.
var schemes = map[string]scheme{
	"sgtin": {urn: "urn:epc:id:sgtin:", lead: "sgtin.", fields: 3, digit: true},
	"lgtin": {urn: "urn:epc:class:lgtin:", lead: "", fields: 3, digit: true},
	"upui":  {urn: "urn:epc:id:upui:", lead: "upui.", fields: 3, digit: true},
	"sscc":  {urn: "urn:epc:id:sscc:", lead: "sscc.", fields: 2, digit: true},
	"sgln":  {urn: "urn:epc:id:sgln:", lead: "sgln.", fields: 3},
	"pgln":  {urn: "urn:epc:id:pgln:", lead: "pgln.", fields: 2},
	"grai":  {urn: "urn:epc:id:grai:", lead: "grai.", fields: 3},
	"giai":  {urn: "urn:epc:id:giai:", lead: "giai.", fields: 2},
	"gdti":  {urn: "urn:epc:id:gdti:", lead: "gdti.", fields: 3},
	"gsrn":  {urn: "urn:epc:id:gsrn:", lead: "gsrn.", fields: 2},
	"gsrnp": {urn: "urn:epc:id:gsrnp:", lead: "gsrnp.", fields: 2},
	"sgcn":  {urn: "urn:epc:id:sgcn:", lead: "gcn.", fields: 3},
	"cpi":   {urn: "urn:epc:id:cpi:", lead: "cpi.", fields: 3},
	"ginc":  {urn: "urn:epc:id:ginc:", lead: "ginc.", fields: 2},
	"gsin":  {urn: "urn:epc:id:gsin:", lead: "gsin.", fields: 2},
}

// How patterns begin. The second is ours: there, * is also a lot number that GS1 allows,
// which a Digital Link asks for.
const (
	patternLead    = "urn:epc:idpat:"
	lotPatternLead = "urn:epc:class:lgtin:"
)

// match adds a value that is searched for among things: a URI in any spelling or a pattern.
func (c *clause) match(f field, v string) error {
	body, isPattern := strings.CutPrefix(v, patternLead)
	if rest, ok := strings.CutPrefix(v, lotPatternLead); ok {
		body, isPattern = "lgtin:"+rest, true
	}
	if !isPattern || !strings.Contains(body, "*") || isClassName(f, v) {
		c.terms = append(c.terms, term{f, spell(v)})
		return nil
	}
	name, rest, _ := strings.Cut(body, ":")
	s, known := schemes[name]
	parts := strings.Split(rest, ".")
	given := slices.Index(parts, "*")
	if !known || given < 0 || len(parts) != s.fields || strings.Trim(strings.Join(parts[given:], ""), "*") != "" || !company(parts, given) {
		return types.Refuse(types.FieldInvalid, "match", "%.100q is no EPC pattern: wildcards stand at its end, and for whole components", v)
	}
	return c.pattern(f, s, parts, given)
}

// isClassName reports whether a pattern is itself the name of a class: that of a GTIN is
// idpat:sgtin:….*.
func isClassName(f field, v string) bool {
	_, err := gs1.Parse(v)
	return err == nil && slices.Contains(lotFields, f) && strings.HasPrefix(v, patternLead)
}

// company reports whether a pattern begins with digits, as all company prefixes do.
func company(parts []string, given int) bool {
	return given == 0 || parts[0] != "" && strings.Trim(parts[0], "0123456789") == ""
}

// pattern adds a pattern whose first components are given. Things with serial numbers
// are found by their groups.
func (c *clause) pattern(f field, s scheme, parts []string, given int) error {
	if s.fields == 3 {
		f += groups
	}
	switch {
	case given == 0:
		c.ranges = append(c.ranges, startingWith(f, s.lead))
	case given == 1 && s.digit:
		for digit := range "0123456789" {
			c.ranges = append(c.ranges, startingWith(f, s.lead+string('0'+rune(digit))+parts[0]))
		}
	case given == 1:
		c.ranges = append(c.ranges, startingWith(f, s.lead+parts[0]))
	default:
		key, err := gs1.Parse(s.urn + parts[0] + "." + parts[1] + ".1") // any serial number
		if err != nil {
			return types.Refuse(types.FieldInvalid, "match", "%v", err)
		}
		c.terms = append(c.terms, term{f, group(key)})
	}
	return nil
}
