package xmldsig

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reader reads XML token by token, with prefixes kept and resolved, and refuses what encoding/xml lets pass of what is not
// well-formed, and what canonical XML would make more complicated: document types, processing instructions, xml: attributes.
type reader struct {
	decoder *xml.Decoder
	data    []byte
	began   int64  // where the last token begins
	open    []open // the elements that have begun and not ended, the innermost last
	scope   scope
	rooted  bool // the root element has begun
}

// open is an element that has begun.
type open struct {
	name  xml.Name // as written: Space is the prefix
	outer int      // length of the scope outside
}

// element is the start of an element.
type element struct {
	name       xml.Name    // Space is the namespace
	tag        string      // as written, with the prefix
	attributes []attribute // in canonical order: by namespace, then name
	declared   []binding   // namespace declarations that change what is in force, in canonical order: by prefix
}

// attribute is any attribute but a namespace declaration.
type attribute struct {
	name  xml.Name // Space is the namespace
	tag   string   // as written, with the prefix
	value string
}

// binding is a namespace declaration; the default namespace has the prefix "".
type binding struct{ prefix, uri string }

// scope is the declarations in force, the innermost last.
type scope []binding

// uri returns the namespace of a prefix. An undeclared default namespace is "".
func (s scope) uri(prefix string) (uri string, known bool) {
	for _, b := range slices.Backward(s) {
		if b.prefix == prefix {
			return b.uri, true
		}
	}
	return "", prefix == ""
}

// all returns what every prefix stands for, in canonical order; the default namespace only where there is one.
func (s scope) all() []binding {
	var list []binding
	for _, b := range slices.Backward(s) {
		same := func(other binding) bool { return other.prefix == b.prefix }
		if !slices.ContainsFunc(list, same) {
			list = append(list, b)
		}
	}
	list = slices.DeleteFunc(list, func(b binding) bool { return b.uri == "" })
	slices.SortFunc(list, byPrefix)
	return list
}

func byPrefix(a, b binding) int { return strings.Compare(a.prefix, b.prefix) }

func byName(a, b attribute) int {
	return cmp.Or(strings.Compare(a.name.Space, b.name.Space), strings.Compare(a.name.Local, b.name.Local))
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func newReader(message []byte) (*reader, error) {
	switch {
	case len(message) > MaxSize:
		return nil, fault(Malformed, "%d bytes, at most %d", len(message), MaxSize)
	case !utf8.Valid(message):
		return nil, fault(Malformed, "the message is not in UTF-8")
	}
	data := bytes.TrimPrefix(message, byteOrderMark)
	return &reader{decoder: xml.NewDecoder(bytes.NewReader(data)), data: data}, nil
}

// next returns the next token, nil at the end of the message: an *element, xml.EndElement, xml.CharData or xml.Comment.
// Text is valid until the next call.
func (r *reader) next() (xml.Token, error) {
	for {
		r.began = r.decoder.InputOffset()
		token, err := r.decoder.RawToken()
		if err == io.EOF {
			return nil, r.finish()
		}
		if err != nil {
			return nil, fault(Malformed, "not well-formed XML: %s", plain(err))
		}
		switch token := token.(type) {
		case xml.StartElement:
			return r.start(token)
		case xml.EndElement:
			return token, r.end(token)
		case xml.CharData:
			return token, r.text(token)
		case xml.Comment:
			return token, nil
		case xml.ProcInst:
			err = r.instruction(token)
		default:
			err = fault(Malformed, "a document type declaration is not allowed")
		}
		if err != nil {
			return nil, err
		}
	}
}

func plain(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Msg
	}
	return strings.TrimPrefix(err.Error(), "xml: ")
}

// raw returns the last token as written.
func (r *reader) raw() []byte { return r.data[r.began:r.decoder.InputOffset()] }

func (r *reader) finish() error {
	if !r.rooted || len(r.open) > 0 {
		return fault(Malformed, "not well-formed XML: the message ends before its root element does")
	}
	return nil
}

// instruction lets the XML declaration pass, which is no part of the canonical form.
func (r *reader) instruction(token xml.ProcInst) error {
	if token.Target != "xml" || r.began != 0 {
		return fault(Malformed, "a processing instruction <?%s is not allowed", token.Target)
	}
	return nil
}

func (r *reader) text(text xml.CharData) error {
	if len(r.open) == 0 && !blank(text) {
		return fault(Malformed, "not well-formed XML: text outside the root element")
	}
	return r.characters(string(text))
}

// characters refuses references to what is no character, such as &#xD800;, for which encoding/xml returns U+FFFD.
func (r *reader) characters(text string) error {
	const replacement = "\uFFFD"
	if strings.Count(text, replacement) > bytes.Count(r.raw(), []byte(replacement)) {
		return fault(Malformed, "not well-formed XML: a reference to what is no character")
	}
	return nil
}

// blank reports whether text is only white space as XML knows it.
func blank(text []byte) bool { return len(bytes.Trim(text, " \t\r\n")) == 0 }

func (r *reader) end(token xml.EndElement) error {
	if len(r.open) == 0 || r.open[len(r.open)-1].name != token.Name {
		return fault(Malformed, "not well-formed XML: </%s> ends no element", written(token.Name))
	}
	last := len(r.open) - 1
	r.scope = r.scope[:r.open[last].outer]
	r.open = r.open[:last]
	return nil
}

func (r *reader) start(token xml.StartElement) (*element, error) {
	switch {
	case len(r.open) == 0 && r.rooted:
		return nil, fault(Malformed, "not well-formed XML: a second root element")
	case len(r.open) >= MaxDepth:
		return nil, fault(Malformed, "elements nested more than %d deep", MaxDepth)
	case len(token.Attr) > MaxAttributes:
		return nil, fault(Malformed, "<%s> has more than %d attributes", written(token.Name), MaxAttributes)
	}
	token, err := r.normalise(token)
	if err != nil {
		return nil, err
	}
	r.rooted = true
	r.open = append(r.open, open{name: token.Name, outer: len(r.scope)})
	return r.resolve(token)
}

// normalise makes literal tabs and line ends in attribute values spaces and leaves references to them (XML 1.0, section
// 3.3.3), which encoding/xml does not. Elsewhere in a tag white space means nothing, so the whole tag can be rewritten.
func (r *reader) normalise(token xml.StartElement) (xml.StartElement, error) {
	values := make([]string, len(token.Attr))
	for i, a := range token.Attr {
		values[i] = a.Value
	}
	text := strings.Join(values, "")
	if err := r.characters(text); err != nil {
		return token, err
	}
	if !strings.ContainsAny(text, "\t\n") {
		return token, nil
	}
	again, err := xml.NewDecoder(strings.NewReader(spaces.Replace(string(r.raw())))).RawToken()
	start, ok := again.(xml.StartElement)
	if err != nil || !ok {
		return token, fault(Malformed, "not well-formed XML: <%s>", written(token.Name))
	}
	return start, nil
}

var spaces = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ")

// resolve gives names their namespaces.
func (r *reader) resolve(token xml.StartElement) (*element, error) {
	e := &element{tag: written(token.Name)}
	if err := r.declare(e, token.Attr); err != nil {
		return nil, err
	}
	var err error
	if e.name, err = r.name(token.Name, true); err != nil {
		return nil, err
	}
	for _, a := range token.Attr {
		if _, declares := declaration(a.Name); declares {
			continue
		}
		name, err := r.name(a.Name, false)
		if err != nil {
			return nil, err
		}
		e.attributes = append(e.attributes, attribute{name: name, tag: written(a.Name), value: a.Value})
	}
	slices.SortFunc(e.attributes, byName)
	for i := 1; i < len(e.attributes); i++ {
		if e.attributes[i].name == e.attributes[i-1].name {
			return nil, fault(Malformed, "not well-formed XML: attribute %s occurs twice in <%s>", e.attributes[i].tag, e.tag)
		}
	}
	return e, nil
}

// declare brings the namespace declarations of an element into force.
func (r *reader) declare(e *element, attributes []xml.Attr) error {
	outer := len(r.scope)
	for _, a := range attributes {
		prefix, declares := declaration(a.Name)
		if !declares {
			continue
		}
		b := binding{prefix: prefix, uri: a.Value}
		if err := checkBinding(b, r.scope[outer:]); err != nil {
			return err
		}
		if uri, known := r.scope.uri(prefix); !known || uri != b.uri {
			e.declared = append(e.declared, b)
		}
		r.scope = append(r.scope, b)
	}
	if len(r.scope) > MaxNamespaces {
		return fault(Malformed, "more than %d namespaces in force", MaxNamespaces)
	}
	slices.SortFunc(e.declared, byPrefix)
	return nil
}

// checkBinding applies the constraints of Namespaces in XML 1.0, sections 2.2 and 3, to a declaration and those before it
// in the same element. To declare the prefix xml as what it is would be allowed there; it is not here.
func checkBinding(b binding, before []binding) error {
	same := func(other binding) bool { return other.prefix == b.prefix }
	switch {
	case b.prefix == "xml" || b.prefix == "xmlns" || b.uri == xmlNamespace || b.uri == xmlnsNamespace:
		return fault(Malformed, "the namespaces xml and xmlns must not be declared")
	case b.prefix != "" && b.uri == "" || strings.Contains(b.prefix, ":"):
		return fault(Malformed, "not well-formed XML: namespace declaration xmlns:%s=%q", b.prefix, b.uri)
	case slices.ContainsFunc(before, same):
		return fault(Malformed, "not well-formed XML: prefix %q declared twice in one element", b.prefix)
	case b.uri != "" && !absolute.MatchString(b.uri):
		return fault(Malformed, "namespace %q is not an absolute URI", b.uri)
	}
	return nil
}

// absolute matches absolute URIs by their scheme (RFC 3986, section 3.1). It leaves out those with an &, legal as they are:
// libxml2, which many a signer uses, forgets to escape it.
var absolute = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[^&<>"\s]*$`)

const (
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// declaration returns the prefix that an attribute declares, if it is a namespace declaration.
func declaration(name xml.Name) (prefix string, declares bool) {
	if name.Space == "xmlns" {
		return name.Local, true
	}
	return "", name == xml.Name{Local: "xmlns"}
}

// name returns a name with its namespace. Attributes without a prefix have none.
func (r *reader) name(name xml.Name, element bool) (xml.Name, error) {
	if name.Space == "" && !element {
		return name, checkLocal(name)
	}
	uri, known := r.scope.uri(name.Space)
	if !known {
		return name, fault(Malformed, "prefix of %s is not declared, or not allowed", written(name))
	}
	return xml.Name{Space: uri, Local: name.Local}, checkLocal(name)
}

// checkLocal refuses names with a colon too many, which encoding/xml leaves in one piece, and those that could not begin a
// name but for their prefix.
func checkLocal(name xml.Name) error {
	first, _ := utf8.DecodeRuneInString(name.Local)
	if strings.Contains(name.Local, ":") || first != '_' && !unicode.IsLetter(first) {
		return fault(Malformed, "not well-formed XML: name %s", written(name))
	}
	return nil
}

// written returns a name as it stands in the message.
func written(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}
