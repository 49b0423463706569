package ceb

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// tokens reads the XML a customs message may be written in, token by token: version 1.0 with namespaces, in UTF-8,
// without a document type declaration. It is strict where encoding/xml is not (undeclared prefixes, spaces between
// attributes, surrogates), several times as fast, and knows which bytes an element was read from.
type tokens struct {
	data     string
	at       int // offset behind the last token
	begin    int // offset of the last token
	open     []open
	bindings []binding // namespace declarations in force
	empty    bool      // the last token was <a/>, of which the end is still to come
	rooted   bool      // the root element has begun
	borrowed []int     // those of the root's that the child of the root being read uses
	counted  int       // offset up to which newlines were counted
	newlines int
}

// open is an element whose end has not been read.
type open struct {
	tag      string // the name with its prefix
	bindings int    // namespace declarations in force outside it
}

type tokenKind uint8

const (
	startTag tokenKind = iota
	endTag
	characters
	finish // the end of the file
)

type token struct {
	kind       tokenKind
	name       name        // of a start tag
	attributes []attribute // of a start tag, without namespace declarations
	text       string      // of characters: a part of a text, as comments and CDATA sections divide it
}

type name struct {
	space, local string
}

type attribute struct {
	name  name
	value string
}

// maxAttributes limits the attributes of one element and the namespace declarations in force, which are searched one by
// one. Messages have 3 of each.
const maxAttributes = 64

const byteOrderMark = "\ufeff"

// newTokens looks at the whole file first: its declaration, and that it holds only characters of XML.
func newTokens(data string) (*tokens, *Error) {
	t := &tokens{data: data}
	if strings.HasPrefix(data, byteOrderMark) {
		t.at = len(byteOrderMark)
	}
	if fault := t.declaration(); fault != nil {
		return t, fault
	}
	if i := notXML(data); i < len(data) {
		t.at = i
		return t, flaw(Malformed, "not well-formed XML: %s is no character of XML in UTF-8", quoted(data[i:min(i+utf8.UTFMax, len(data))]))
	}
	return t, nil
}

var declaration = regexp.MustCompile(`^<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')(?:\s+encoding\s*=\s*["']([A-Za-z][\w.-]*)["'])?` +
	`(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>`)

// declaration reads <?xml … ?>, which may be absent.
func (t *tokens) declaration() *Error {
	rest := t.data[t.at:]
	if !strings.HasPrefix(rest, "<?xml") || len(rest) > len("<?xml") && nameByte(rest[len("<?xml")]) {
		return nil
	}
	match := declaration.FindStringSubmatch(rest[:min(len(rest), 200)])
	if match == nil {
		return flaw(Malformed, "not well-formed XML: the XML declaration is not that of version 1.0")
	}
	if encoding := match[1]; encoding != "" && !strings.EqualFold(encoding, "UTF-8") {
		return flaw(Unsupported, "the file is declared as %s, only UTF-8 is read", encoding)
	}
	t.at += len(match[0])
	return nil
}

// line returns the line of an offset, counted from 1. It is fast for offsets that grow.
func (t *tokens) line(offset int) int {
	if offset < t.counted {
		t.counted, t.newlines = 0, 0
	}
	t.newlines += strings.Count(t.data[t.counted:offset], "\n")
	t.counted = offset
	return t.newlines + 1
}

// next returns the next token. Comments and processing instructions are passed over, so that the text around them stays
// in one value, as in the schema. Attributes are valid until the next call.
func (t *tokens) next() (token, *Error) {
	if t.empty {
		t.empty = false
		return t.close(), nil
	}
	for t.at < len(t.data) {
		t.begin = t.at
		switch rest := t.data[t.at:]; {
		case rest[0] != '<':
			if text, fault := t.characters(rest); fault != nil || len(t.open) > 0 {
				return token{kind: characters, text: text}, fault
			}
		case strings.HasPrefix(rest, "</"):
			return t.end(rest)
		case strings.HasPrefix(rest, "<?"):
			if fault := t.instruction(rest); fault != nil {
				return token{}, fault
			}
		case strings.HasPrefix(rest, "<!--"):
			if fault := t.comment(rest); fault != nil {
				return token{}, fault
			}
		case strings.HasPrefix(rest, "<![CDATA[") && len(t.open) > 0:
			return t.section(rest)
		case strings.HasPrefix(rest, "<!"):
			return token{}, flaw(Malformed, "a document type declaration is not allowed")
		default:
			return t.start()
		}
	}
	switch {
	case len(t.open) > 0:
		return token{}, flaw(Malformed, "not well-formed XML: the file ends inside <%s>", t.open[len(t.open)-1].tag)
	case !t.rooted:
		return token{}, flaw(Malformed, "the file holds no XML element")
	}
	return token{kind: finish}, nil
}

func (t *tokens) characters(rest string) (string, *Error) {
	n := strings.IndexByte(rest, '<')
	if n < 0 {
		n = len(rest)
	}
	t.at += n
	switch text := rest[:n]; {
	case len(t.open) == 0 && !blank(text):
		return "", flaw(Malformed, "not well-formed XML: text outside the root element")
	case strings.Contains(text, "]]>"):
		return "", flaw(Malformed, "not well-formed XML: ]]> in a text")
	default:
		return decoded(text, false)
	}
}

// section reads a CDATA section, in which only line ends mean anything.
func (t *tokens) section(rest string) (token, *Error) {
	text, _, found := strings.Cut(rest[len("<![CDATA["):], "]]>")
	if !found {
		return token{}, flaw(Malformed, "not well-formed XML: a CDATA section without end")
	}
	t.at += len("<![CDATA[") + len(text) + len("]]>")
	return token{kind: characters, text: lineEnds.Replace(text)}, nil
}

func (t *tokens) comment(rest string) *Error {
	n := strings.Index(rest[len("<!--"):], "--")
	if n < 0 || !strings.HasPrefix(rest[len("<!--")+n:], "-->") {
		return flaw(Malformed, "not well-formed XML: a comment without end, or with -- in it")
	}
	t.at += len("<!--") + n + len("-->")
	return nil
}

func (t *tokens) instruction(rest string) *Error {
	inner, _, found := strings.Cut(rest[len("<?"):], "?>")
	target, _, _ := strings.Cut(strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(inner), " ")
	if !found || !validName(target) || strings.EqualFold(target, "xml") {
		return flaw(Malformed, "not well-formed XML: <?%s", quoted(target))
	}
	t.at += len("<?") + len(inner) + len("?>")
	return nil
}

func (t *tokens) end(rest string) (token, *Error) {
	n := strings.IndexByte(rest, '>')
	if n < 0 {
		return token{}, flaw(Malformed, "not well-formed XML: an end tag without >")
	}
	tag := strings.TrimRight(rest[len("</"):n], whitespace)
	if len(t.open) == 0 || t.open[len(t.open)-1].tag != tag {
		return token{}, flaw(Malformed, "not well-formed XML: end tag </%s> without its start tag", tag)
	}
	t.at += n + 1
	return t.close(), nil
}

func (t *tokens) close() token {
	last := len(t.open) - 1
	t.bindings = t.bindings[:t.open[last].bindings]
	t.open = t.open[:last]
	if last == 0 {
		t.borrowed = nil
	}
	return token{kind: endTag}
}

// start reads a start tag: its name, its attributes and then, when all namespace declarations are known, what they are
// the names of.
func (t *tokens) start() (token, *Error) {
	t.at++
	tag := t.word()
	switch {
	case !validName(tag):
		return token{}, flaw(Malformed, "not well-formed XML: <%s", quoted(tag))
	case len(t.open) == 0 && t.rooted:
		return token{}, flaw(Malformed, "not well-formed XML: a second root element <%s>", tag)
	case len(t.open) >= MaxDepth:
		return token{}, flaw(TooLarge, "elements nested more than %d deep", MaxDepth)
	}
	if len(t.open) == 1 {
		t.borrowed = t.borrowed[:0]
	}
	t.rooted = true
	t.open = append(t.open, open{tag: tag, bindings: len(t.bindings)})
	attributes, fault := t.attributes(tag)
	if fault != nil {
		return token{}, fault
	}
	name, fault := t.resolve(tag, true)
	return token{kind: startTag, name: name, attributes: attributes}, fault
}

// word takes the bytes of a name.
func (t *tokens) word() string {
	from := t.at
	for t.at < len(t.data) && nameByte(t.data[t.at]) {
		t.at++
	}
	return t.data[from:t.at]
}

// space passes over white space and reports whether there was any.
func (t *tokens) space() bool {
	from := t.at
	for t.at < len(t.data) && strings.IndexByte(whitespace, t.data[t.at]) >= 0 {
		t.at++
	}
	return t.at > from
}

// attributes reads the rest of a start tag.
func (t *tokens) attributes(tag string) (attributes []attribute, fault *Error) {
	declared := len(t.bindings)
	for {
		spaced := t.space()
		switch rest := t.data[t.at:]; {
		case strings.HasPrefix(rest, ">"):
			t.at++
			return t.named(tag, attributes)
		case strings.HasPrefix(rest, "/>"):
			t.at, t.empty = t.at+2, true
			return t.named(tag, attributes)
		case !spaced:
			return nil, flaw(Malformed, "not well-formed XML: <%s followed by %s", tag, quoted(rest[:min(1, len(rest))]))
		}
		if len(attributes) >= maxAttributes || len(t.bindings) >= maxAttributes {
			return nil, flaw(TooLarge, "more than %d attributes or namespace declarations", maxAttributes)
		}
		a, fault := t.attribute(tag)
		if fault != nil {
			return nil, fault
		}
		if prefix, is := declares(a.name.local); !is {
			attributes = append(attributes, a)
		} else if fault := t.bind(prefix, a.value, declared); fault != nil {
			return nil, fault
		}
	}
}

// attribute reads one name and value. The whole name is in name.local as yet.
func (t *tokens) attribute(tag string) (attribute, *Error) {
	word := t.word()
	t.space()
	if !validName(word) || !strings.HasPrefix(t.data[t.at:], "=") {
		return attribute{}, flaw(Malformed, "not well-formed XML: attribute %s in <%s>", quoted(word), tag)
	}
	t.at++
	t.space()
	rest := t.data[t.at:]
	if rest == "" || rest[0] != '"' && rest[0] != '\'' || strings.IndexByte(rest[1:], rest[0]) < 0 {
		return attribute{}, flaw(Malformed, "not well-formed XML: attribute %s in <%s> without a quoted value", word, tag)
	}
	n := strings.IndexByte(rest[1:], rest[0])
	t.at += n + 2
	value, fault := decoded(rest[1:1+n], true)
	return attribute{name: name{local: word}, value: value}, fault
}
