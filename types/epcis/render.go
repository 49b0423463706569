package epcis

import (
	"slices"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// Format is how GS1 identifiers are written in an event (GS1-EPC-Format of the EPCIS 2.0 REST binding).
type Format int

// The formats: Always_GS1_Digital_Link, Always_EPC_URN, and No_Preference or Never_Translates.
const (
	DigitalLink Format = iota
	URN
	AsGiven
)

// identifierPlaces are where events hold identifiers of things, classes, places, parties and devices; * is every element of a
// list. Of those marked weak only what says that it is a GS1 identifier is taken for one, see [gs1.Claims].
var identifierPlaces = []struct {
	path     []string
	weak     bool
	distinct bool // no element of the list may stand there twice
}{
	{path: []string{"epcList", "*"}, distinct: true},
	{path: []string{"inputEPCList", "*"}, distinct: true},
	{path: []string{"outputEPCList", "*"}, distinct: true},
	{path: []string{"childEPCs", "*"}, distinct: true},
	{path: []string{"parentID"}},
	{path: []string{"quantityList", "*", "epcClass"}},
	{path: []string{"inputQuantityList", "*", "epcClass"}},
	{path: []string{"outputQuantityList", "*", "epcClass"}},
	{path: []string{"childQuantityList", "*", "epcClass"}},
	{path: []string{"readPoint", "id"}},
	{path: []string{"bizLocation", "id"}},
	{path: []string{"sourceList", "*", "source"}},
	{path: []string{"destinationList", "*", "destination"}},
	{path: []string{"bizTransactionList", "*", "bizTransaction"}, weak: true},
	{path: []string{"transformationID"}, weak: true},
	{path: []string{"sensorElementList", "*", "sensorMetadata", "deviceID"}, weak: true},
	{path: []string{"sensorElementList", "*", "sensorReport", "*", "deviceID"}, weak: true},
}

// Render returns the event with its GS1 identifiers in format f, in RFC 8785 form. An EPC URN needs the number of digits of
// the company prefix in a key: prefixLen returns it, 0 where it is not known; it may be nil. What has no such form, what has
// it already and what is no GS1 identifier stays as given. The event itself, eventID and extensions never change.
//
// A rendered event is for readers: it is another sequence of bytes than the one that was signed.
func Render(canonical []byte, f Format, prefixLen func(gs1.Key) int) ([]byte, error) {
	if f == AsGiven {
		return slices.Clone(canonical), nil
	}
	root, context, err := looseEvent(canonical)
	if err != nil {
		return nil, err
	}
	if prefixLen == nil {
		prefixLen = func(gs1.Key) int { return 0 }
	}
	t := &translator{context: &context, format: f, prefixLen: prefixLen}
	if eventTypeOf(&root) != nil {
		for _, place := range identifierPlaces {
			t.weak, t.distinct = place.weak, place.distinct
			t.walk(&root, place.path)
		}
	}
	return write(&root)
}

// looseEvent reads one event with its context without judging it.
func looseEvent(data []byte) (root value, c context, err error) {
	root, fault := parseJSON(string(data))
	if fault != nil {
		return root, c, Errors{fault}
	}
	if t := root.getKind("type", text); t == nil || isDocumentType(t.text) {
		return root, c, Errors{{CodeNotEPCIS, "", "not an event of EPCIS 2.0"}}
	}
	r := &reader{}
	if v := root.get("@context"); v != nil {
		r.enterContext(v)
	}
	if len(r.errors) > 0 {
		return root, c, r.errors
	}
	return root, r.context, nil
}

// write returns v in RFC 8785 form.
func write(v *value) ([]byte, error) {
	c := canonicalizer{r: &reader{}}
	c.value(v)
	if len(c.r.errors) > 0 {
		return nil, c.r.errors
	}
	return c.out, nil
}

// translator writes the identifiers of one event in another form.
type translator struct {
	context        *context
	format         Format
	prefixLen      func(gs1.Key) int
	weak, distinct bool
}

func (t *translator) walk(v *value, path []string) {
	switch {
	case len(path) == 0:
		if v.kind == text {
			v.text = t.translate(v.text)
		}
	case path[0] != "*":
		if m := v.get(path[0]); m != nil && v.kind == object {
			t.walk(m, path[1:])
		}
	case v.kind == list && t.distinct:
		t.walkDistinct(v)
	case v.kind == list:
		for i := range v.kids {
			t.walk(&v.kids[i], path[1:])
		}
	}
}

// walkDistinct translates a list that must not name anything twice. Two spellings of one identifier would become one: the
// second stays as given.
func (t *translator) walkDistinct(v *value) {
	seen := make(map[string]bool, len(v.kids))
	for i := range v.kids {
		seen[v.kids[i].text] = true
	}
	for i := range v.kids {
		m := &v.kids[i]
		if id := t.translate(m.text); m.kind == text && !seen[id] {
			m.text = id
			seen[id] = true
		}
	}
}

// translate writes the identifier s in the format, or returns it as it is.
func (t *translator) translate(s string) string {
	id := t.context.expand(s)
	if t.weak && !gs1.Claims(id) {
		return s
	}
	isURN := strings.HasPrefix(id, "urn:")
	key, err := gs1.Parse(id)
	if err != nil || isURN == (t.format == URN) {
		return s
	}
	if t.format == DigitalLink {
		return key.DigitalLink()
	}
	urn, err := key.URN(t.prefixLen(key))
	if err != nil {
		return s
	}
	return urn
}
