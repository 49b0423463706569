package epcis

import (
	"slices"
	"strings"
)

// officialContexts are the contexts we know the meaning of without fetching them. They say the same about everything that
// we read, and the first one stands for all in canonical forms.
var officialContexts = []string{
	"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
	"https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
	"https://gs1.github.io/EPCIS/epcis-context.jsonld",
	"https://gs1.github.io/EPCIS/epcis-context-simple.jsonld",
}

// builtinTerms are the prefixes of the official contexts. They are protected: declaring them again with the same meaning
// is allowed, changing them is not (JSON-LD 1.1, protected term definitions).
var builtinTerms = []term{
	{name: "cbv", iri: "https://ref.gs1.org/cbv/"},
	{name: "cbvmda", iri: "urn:epcglobal:cbv:mda:"},
	{name: "dcterms", iri: "http://purl.org/dc/terms/"},
	{name: "epcis", iri: "https://ref.gs1.org/epcis/"},
	{name: "gs1", iri: "https://gs1.org/voc/"},
	{name: "owl", iri: "http://www.w3.org/2002/07/owl#"},
	{name: "rdfs", iri: "http://www.w3.org/2000/01/rdf-schema#"},
	{name: "xsd", iri: "http://www.w3.org/2001/XMLSchema#"},
}

// term is one definition of a context: a prefix, or something else that is kept as it stands and changes nothing here.
type term struct {
	name string
	iri  string // what a prefix stands for; empty for any other definition
	def  value
}

// context is what the @context of a document and of one of its events say together.
type context struct {
	official bool     // an official context is named
	urls     []string // other contexts, in the order of their first appearance: to us they define nothing
	terms    []term   // local definitions, sorted by name
}

// readContext adds the value v of an @context member to a copy of the context around it.
func (r *reader) readContext(v *value, around context) context {
	c := context{around.official, slices.Clone(around.urls), slices.Clone(around.terms)}
	if v.kind != list {
		r.contextPart(v, &c)
		return c
	}
	for i := range v.kids {
		r.at.element(i)
		r.contextPart(&v.kids[i], &c)
		r.at.up()
	}
	r.refuseEqual(v.kids)
	return c
}

// refuseEqual refuses a list that says the same twice (uniqueItems of the JSON schema).
func (r *reader) refuseEqual(parts []value) {
	if len(parts) < 2 {
		return
	}
	forms := make([]string, len(parts))
	for i := range parts {
		c := canonicalizer{r: &reader{}}
		c.value(&parts[i])
		forms[i] = string(c.out)
	}
	slices.Sort(forms)
	if len(slices.Compact(forms)) < len(parts) {
		r.fail(CodeValue, "two elements are equal")
	}
}

func (r *reader) contextPart(v *value, c *context) {
	switch {
	case v.kind == object:
		for i := range v.kids {
			r.at.member(v.kids[i].name)
			r.term(&v.kids[i], c)
			r.at.up()
		}
	case v.kind != text:
		r.fail(CodeType, "must be a string or an object, not %s", v.kind)
	case slices.Contains(officialContexts, v.text):
		c.official = true
	case !isURI(v.text):
		r.fail(CodeValue, "%q is not a URI", v.text)
	case !slices.Contains(c.urls, v.text):
		c.urls = append(c.urls, v.text)
		r.note(CodeContext, "%s is no context of EPCIS 2.0 and never fetched: what it defines is not known here", v.text)
	}
}

// term reads a local definition. Prefixes are all that is understood. What the official contexts protect stays as it is, and
// the schemes of identifiers stay schemes: no other reader may see something else in urn:epc:….
func (r *reader) term(v *value, c *context) {
	builtin := find(builtinTerms, v.name)
	iri := prefixIRI(v)
	switch {
	case builtin != nil && builtin.iri == iri:
	case builtin != nil:
		r.note(CodeContext, "%s is %s in the context of EPCIS: this definition is ignored", v.name, builtin.iri)
	case isReserved(v.name):
		r.note(CodeContext, "%s is a word of the standard: this definition is ignored", v.name)
	case slices.Contains(identifierSchemes, v.name):
		r.note(CodeContext, "%s is a URI scheme: this definition is ignored", v.name)
	default:
		if strings.HasPrefix(v.name, "@") && v.name != "@version" {
			r.note(CodeContext, "the keyword %s changes nothing here", v.name)
		}
		r.define(c, term{v.name, iri, *v})
	}
}

// prefixIRI returns what v defines its name to be the prefix of, "" where it is no definition of a prefix.
func prefixIRI(v *value) string {
	if strings.ContainsAny(v.name, ":@") {
		return ""
	}
	if prefix := v.getKind("@prefix", boolean); v.kind == object && prefix != nil && prefix.text == "true" {
		v = v.getKind("@id", text)
	}
	if v == nil || v.kind != text || !isURI(v.text) {
		return ""
	}
	return v.text
}

// define puts t into c, in place of an earlier definition of the same name.
func (r *reader) define(c *context, t term) {
	i, found := slices.BinarySearchFunc(c.terms, t.name, func(a term, name string) int { return compareUTF16(a.name, name) })
	if found {
		c.terms[i] = t
		return
	}
	if len(c.terms) >= MaxTerms {
		r.fail(CodeTooLarge, "more than %d definitions in @context", MaxTerms)
		return
	}
	c.terms = slices.Insert(c.terms, i, t)
}

func find(terms []term, name string) *term {
	for i := range terms {
		if terms[i].name == name {
			return &terms[i]
		}
	}
	return nil
}

// prefix returns what a prefix stands for, "" where it is not declared.
func (c *context) prefix(name string) string {
	t := find(builtinTerms, name)
	if t == nil {
		t = find(c.terms, name)
	}
	if t == nil {
		return ""
	}
	return t.iri
}

// expand writes a compact IRI out. As in JSON-LD 1.1 a term works as a prefix of values only if what it stands for ends in
// one of the characters that separate parts of a URI.
func (c *context) expand(s string) string {
	prefix, rest, ok := strings.Cut(s, ":")
	if !ok || strings.HasPrefix(rest, "//") || slices.Contains(identifierSchemes, prefix) {
		return s
	}
	if iri := c.prefix(prefix); iri != "" && endsInSeparator(iri) {
		return iri + rest
	}
	return s
}

// fullName writes the name of an extension out. Unlike values, names are in the namespace of their prefix whatever it ends
// in: EPCIS writes namespace#name where that has no separator of its own (EPCIS 2.0, query parameters of extensions).
func (c *context) fullName(s string) string {
	prefix, rest, _ := strings.Cut(s, ":")
	iri := c.prefix(prefix)
	switch {
	case iri == "" || strings.HasPrefix(rest, "//"):
		return s
	case endsInSeparator(iri):
		return iri + rest
	}
	return iri + "#" + rest
}

func endsInSeparator(iri string) bool { return strings.IndexByte(":/?#[]@", iri[len(iri)-1]) >= 0 }

// explains reports whether a name or value with this prefix means the same to every reader: the prefix is declared, or a
// scheme in use.
func (c *context) explains(s string) bool {
	prefix, rest, _ := strings.Cut(s, ":")
	return strings.HasPrefix(rest, "//") || isScheme(prefix) || c.prefix(prefix) != ""
}

// kids returns the context as elements of a JSON list: the official context, others, then all local definitions in one
// object.
func (c *context) kids() []value {
	kids := make([]value, 0, 2+len(c.urls))
	kids = append(kids, value{text: officialContexts[0], kind: text})
	for _, url := range c.urls {
		kids = append(kids, value{text: url, kind: text})
	}
	if len(c.terms) > 0 {
		definitions := make([]value, len(c.terms))
		for i := range c.terms {
			definitions[i] = c.terms[i].def
		}
		kids = append(kids, value{kids: definitions, kind: object})
	}
	return kids
}

// identifierSchemes are the schemes of most identifiers in events. No local definition makes prefixes of them.
var identifierSchemes = []string{"http", "https", "urn", "ni"}

// isScheme reports whether s is one of the URI schemes that identifiers in events use.
func isScheme(s string) bool {
	return slices.Contains(identifierSchemes, s) || slices.Contains([]string{"geo", "did", "tag", "mailto", "data", "tel", "epc"}, s)
}

// isReserved reports whether s is a member name or a type of the standard.
func isReserved(s string) bool {
	for _, shape := range shapes {
		if shape.field(s) != nil && s != "@context" {
			return true
		}
	}
	return slices.ContainsFunc(eventTypes, func(t eventType) bool { return t.name == s }) || strings.HasPrefix(s, "EPCIS") && strings.HasSuffix(s, "Document")
}
