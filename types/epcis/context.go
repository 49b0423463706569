package epcis

import (
	"slices"
	"strings"
)

// officialContexts are the contexts we know the meaning of without fetching them.
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

// term is one definition of a context: a prefix, or the type of an extension member.
type term struct {
	name string
	iri  string // what a prefix stands for; empty for a definition that is an object
	def  value
}

// context is what the @context of a document and of one of its events say together.
type context struct {
	urls  []string // official contexts, in the order of their first appearance
	terms []term   // local definitions, sorted by name
}

// readContext adds the value v of an @context member to a copy of the context around it.
func (r *reader) readContext(v *value, around context) context {
	c := context{slices.Clone(around.urls), slices.Clone(around.terms)}
	if v.kind != list {
		r.contextPart(v, &c)
		return c
	}
	for i := range v.kids {
		r.at.element(i)
		r.contextPart(&v.kids[i], &c)
		r.at.up()
	}
	return c
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
	case !slices.Contains(officialContexts, v.text):
		r.fail(CodeContext, "context %s is not one of EPCIS 2.0; contexts are never fetched, put its prefixes into @context itself", v.text)
	case !slices.Contains(c.urls, v.text):
		c.urls = append(c.urls, v.text)
	}
}

// term reads a local definition. Prefixes are all a document needs; definitions that give a bare word or a keyword a meaning
// of their own could change what standard members say.
func (r *reader) term(v *value, c *context) {
	prefix, rest, compact := strings.Cut(v.name, ":")
	switch {
	case strings.HasPrefix(v.name, "@"):
		r.fail(CodeContext, "the keyword %s is not accepted", v.name)
	case compact && !strings.HasPrefix(rest, "//") && !c.declares(prefix):
		r.fail(CodeContext, "prefix %q is not declared in @context", prefix)
	case !compact && !isPrefixName(v.name):
		r.fail(CodeContext, "is not a prefix")
	case !compact && isReserved(v.name):
		r.fail(CodeContext, "is a word of the standard and cannot be defined again")
	case v.kind == text && isURI(v.text):
		r.define(c, term{v.name, v.text, *v})
	case v.kind == object && compact:
		r.typeDefinition(v)
		r.define(c, term{v.name, "", *v})
	default:
		r.fail(CodeContext, "must be the URI that the prefix stands for")
	}
}

// typeDefinition checks a definition such as {"@type": "xsd:integer"} of an extension member.
func (r *reader) typeDefinition(v *value) {
	for i := range v.kids {
		m := &v.kids[i]
		if !slices.Contains([]string{"@id", "@type", "@container", "@language"}, m.name) || m.kind != text {
			r.failAt(m.name, CodeContext, "is not accepted in a term definition")
		}
	}
}

// define puts t into c, in place of an earlier definition of the same name.
func (r *reader) define(c *context, t term) {
	if builtin := find(builtinTerms, t.name); builtin != nil {
		if builtin.iri != t.iri {
			r.fail(CodeContext, "%s is %s in the context of EPCIS and cannot be defined again", t.name, builtin.iri)
		}
		return
	}
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

// declares reports whether the context gives prefix a meaning.
func (c *context) declares(prefix string) bool {
	return find(builtinTerms, prefix) != nil || find(c.terms, prefix) != nil
}

// expand writes a compact IRI out. As in JSON-LD 1.1 a term works as a prefix of values only if what it stands for ends in
// one of the characters that separate parts of a URI.
func (c *context) expand(s string) string {
	prefix, rest, ok := strings.Cut(s, ":")
	if !ok || isScheme(prefix) || strings.HasPrefix(rest, "//") {
		return s
	}
	t := find(builtinTerms, prefix)
	if t == nil {
		t = find(c.terms, prefix)
	}
	if t == nil || t.iri == "" || strings.IndexByte(":/?#[]@", t.iri[len(t.iri)-1]) < 0 {
		return s
	}
	return t.iri + rest
}

// kids returns the context as elements of a JSON list: official contexts first, then all local definitions in one object.
func (c *context) kids() []value {
	var kids []value
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

// isPrefixName reports whether s can stand before the colon of a compact IRI without being taken for a scheme in use.
func isPrefixName(s string) bool {
	for i := range len(s) {
		letter := s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i] == '_'
		if !letter && (i == 0 || strings.IndexByte("0123456789-.", s[i]) < 0) {
			return false
		}
	}
	return s != "" && s != "_" && !isScheme(s)
}

// isScheme reports whether s is one of the URI schemes that identifiers in events use.
func isScheme(s string) bool {
	return slices.Contains([]string{"http", "https", "urn", "ni", "geo", "did", "tag", "mailto"}, s)
}

// isReserved reports whether s is a member name or a type of the standard.
func isReserved(s string) bool {
	for _, shape := range shapes {
		if shape.field(s) != nil {
			return true
		}
	}
	return strings.HasSuffix(s, "Event") || strings.HasSuffix(s, "Document")
}

// isURI reports whether s is an absolute URI as far as its characters go (RFC 3986): a scheme, a colon and something in
// printable ASCII behind it.
func isURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || !isSchemeName(scheme) {
		return false
	}
	for i := range len(rest) {
		if c := rest[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}

// isSchemeName is a little wider than RFC 3986: compact IRIs may have underscores in their prefixes.
func isSchemeName(s string) bool {
	for i := range len(s) {
		letter := s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || strings.IndexByte("0123456789+-._", s[i]) < 0) {
			return false
		}
	}
	return s != ""
}
