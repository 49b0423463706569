package epcis

import (
	"slices"
	"strings"
)

// hashing is what has to be known around an event to hash it.
type hashing struct {
	prefixes []term   // declared ones; those of the official context are known anyway
	words    wordBook // of the whole document
	ignored  []string // names of members that are not hashed, sorted
}

// xmlField is a field of an event as EPCIS XML has it, which is what the hash is defined on: a list holds elements with names
// of their own, an object holds other fields.
type xmlField struct {
	name, text string
	parts      []xmlField
	written    bool // into the prehash, together with all parts
}

// prehash returns the text that the hash of an event is computed from.
func (h *hashing) prehash(event *value) string {
	all := h.parts(event, nil)
	out := append(make([]byte, 0, 2048), "eventType="...)
	out = append(out, h.words.write(event.textOf("type", text))...)
	out = writeInOrder(out, all, eventOrder)
	for i := range all {
		switch all[i].name {
		case "recordTime", "eventID", "type", "errorDeclaration":
			all[i].written = true
		}
	}
	return string(writeRest(out, all))
}

// readPrefixes adds the prefixes that an @context declares.
func (h *hashing) readPrefixes(c *value) {
	switch {
	case c == nil:
	case c.kind == list:
		for i := range c.kids {
			h.readPrefixes(&c.kids[i])
		}
	case c.kind == object:
		for i := range c.kids {
			h.declare(&c.kids[i])
		}
	}
}

// declare adds the prefix that a local definition makes. What [Parse] ignores is ignored here as well: such a definition is
// not in Event.Canonical.
func (h *hashing) declare(v *value) {
	iri := prefixIRI(v)
	if iri == "" || find(builtinTerms, v.name) != nil || slices.Contains(identifierSchemes, v.name) || isReserved(v.name) {
		return
	}
	if t := find(h.prefixes, v.name); t != nil {
		t.iri = iri
		return
	}
	if len(h.prefixes) < MaxTerms {
		h.prefixes = append(h.prefixes, term{name: v.name, iri: iri})
	}
}

// namespace returns what a prefix stands for, "" where it is not declared.
func (h *hashing) namespace(prefix string) string {
	t := find(builtinTerms, prefix)
	if t == nil {
		t = find(h.prefixes, prefix)
	}
	if t == nil {
		return ""
	}
	return t.iri
}

// fullName writes the name of a member out: {namespace}local for prefix:local.
func (h *hashing) fullName(name string) string {
	if prefix, local, ok := strings.Cut(name, ":"); ok {
		if iri := h.namespace(prefix); iri != "" {
			return "{" + iri + "}" + local
		}
	}
	return name
}

// parts turns the members of an object, or the elements of a list in a list, into fields and appends them to out.
func (h *hashing) parts(v *value, out []xmlField) []xmlField {
	if out == nil && len(v.kids) > 0 {
		out = make([]xmlField, 0, len(v.kids))
	}
	for i := range v.kids {
		m := &v.kids[i]
		if v.kind == list {
			out = append(out, h.element(m, m.textOf("type", text)))
		} else if !h.skips(m.name) {
			out = h.member(m, out)
		}
	}
	return out
}

// skips reports whether members with this name are no part of the hash, wherever they stand.
func (h *hashing) skips(name string) bool {
	switch name {
	case "#text", "comment", "rdfs:comment", "@context":
		return true
	}
	if len(h.ignored) == 0 || strings.HasPrefix(name, "@xmlns") {
		return strings.HasPrefix(name, "@xmlns")
	}
	_, known := slices.BinarySearch(h.ignored, name)
	if !known {
		_, known = slices.BinarySearch(h.ignored, h.fullName(name))
	}
	return known
}

// member appends the fields of a member to out: one for each element of a list, none for an empty one. What ends in List is
// one field that holds them.
func (h *hashing) member(m *value, out []xmlField) []xmlField {
	name := h.fullName(m.name)
	elements := []value{*m}
	if m.kind == list {
		elements = m.kids
	}
	if element, ok := elementName(name); ok {
		if len(elements) == 0 {
			return out
		}
		f := xmlField{name: name, parts: make([]xmlField, 0, len(elements))}
		for i := range elements {
			f.parts = append(f.parts, h.listed(&elements[i], name, element))
		}
		return append(out, f)
	}
	for i := range elements {
		out = append(out, h.element(&elements[i], name))
	}
	return out
}

// elementName returns what EPCIS XML calls the elements of a list, if a field with this name is one.
func elementName(name string) (element string, ok bool) {
	if name == "childEPCs" {
		return "epc", true
	}
	return strings.CutSuffix(name, "List")
}

// listed turns an element of a list into a field.
func (h *hashing) listed(v *value, list, element string) xmlField {
	f := h.element(v, element)
	switch list {
	case "childEPCs":
		f.parts = nil // the authors' program drops them
	case "bizTransactionList", "sourceList", "destinationList":
		return couple(f)
	}
	return f
}

// couple turns an element of bizTransactionList, sourceList or destinationList into the two fields that are hashed of it,
// its type and what has that type, with no name around them.
func couple(f xmlField) xmlField {
	if len(f.parts) == 0 {
		return xmlField{parts: []xmlField{f}}
	}
	first := func(name string) {
		if i := slices.IndexFunc(f.parts, func(p xmlField) bool { return p.name == name }); i > 0 {
			p := f.parts[i]
			f.parts = slices.Insert(slices.Delete(f.parts, i, i+1), 0, p)
		}
	}
	first(f.name)
	first("type")
	return xmlField{parts: f.parts[:min(2, len(f.parts))]}
}

// element turns one value into a field.
func (h *hashing) element(v *value, name string) xmlField {
	f := xmlField{name: name}
	switch v.kind {
	case object:
		if t := v.get("#text"); t != nil {
			f.text = h.scalar(t)
		}
		f.parts = typeFirst(h.parts(v, nil))
	case list:
		f.parts = h.parts(v, nil)
	default:
		f.text = h.scalar(v)
	}
	f.name = xmlName(name, len(f.parts) > 0)
	return f
}

// typeFirst puts the type in front where the parts are not sorted when they are written.
func typeFirst(parts []xmlField) []xmlField {
	if i := slices.IndexFunc(parts, func(p xmlField) bool { return p.name == "type" }); i > 0 && !sortable(parts) {
		p := parts[i]
		copy(parts[1:i+1], parts[:i])
		parts[0] = p
	}
	return parts
}

// xmlName returns what EPCIS XML calls a field that JSON calls name.
func xmlName(name string, hasParts bool) string {
	switch name {
	case "inputEPC", "outputEPC":
		return "epc"
	case "inputQuantity", "outputQuantity", "childQuantity":
		return "quantityElement"
	case "quantity":
		if hasParts {
			return "quantityElement"
		}
	}
	return name
}

// scalar returns the text of a value without parts: words and compact IRIs are written out.
func (h *hashing) scalar(v *value) string {
	switch v.kind {
	case text:
	case boolean:
		return strings.ToUpper(v.text[:1]) + v.text[1:]
	case null:
		return "None"
	default:
		return v.text
	}
	s := h.words.write(v.text)
	if prefix, rest, ok := strings.Cut(s, ":"); ok {
		if iri := h.namespace(prefix); iri != "" {
			return iri + rest
		}
	}
	return s
}
