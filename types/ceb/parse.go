package ceb

import (
	"encoding/xml"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// errStop ends the walk; why it ended is already among the faults.
var errStop = errors.New("stop reading")

// parser walks a message along its table and collects what does not fit.
type parser struct {
	tokens *tokens
	faults Errors
}

// node is one element read along the table.
type node struct {
	element    *element
	value      string
	attributes []Field
	children   []node
}

func (p *parser) message(data []byte) *Message {
	if len(data) > MaxSize {
		p.fault(flaw(TooLarge, "%d bytes, at most %d", len(data), MaxSize), "", 0)
		return nil
	}
	p.tokens = newTokens(data)
	kind, root, err := p.root()
	if err != nil {
		return nil
	}
	if _, err := p.next(); err != nil || len(p.faults) > 0 {
		return nil
	}
	return assemble(kind, &root)
}

var messageName = regexp.MustCompile(`^(CEB\d{3})Message$`)

// root reads the whole message once its first element has said which one it is.
func (p *parser) root() (kind string, root node, err error) {
	token, err := p.next()
	if err != nil {
		return "", root, err
	}
	start := token.(xml.StartElement) // at depth 0 there is nothing else
	match := messageName.FindStringSubmatch(start.Name.Local)
	if match == nil || start.Name.Space != cebSpace {
		p.fault(flaw(NotCEB, "<%s> in namespace %s is no customs message, which is <CEB…Message> in namespace %s",
			start.Name.Local, quoted(start.Name.Space), cebSpace), "", p.tokens.line())
		return "", root, errStop
	}
	table := messageNamed(match[1])
	if table == nil {
		p.fault(flaw(Unsupported, "%s is not supported, only %s", match[1], supported()), "", p.tokens.line())
		return "", root, errStop
	}
	root, err = p.element(&table.root, "", start)
	return table.kind, root, err
}

func supported() string {
	kinds := make([]string, len(messages))
	for i := range messages {
		kinds[i] = messages[i].kind
	}
	return strings.Join(kinds, ", ")
}

// fault records a flaw at a place.
func (p *parser) fault(flaw *Error, field string, line int) {
	flaw.Field, flaw.Line = field, line
	p.faults = append(p.faults, flaw)
}

// next returns the next token, or errStop when reading is over for a reason among the faults.
func (p *parser) next() (xml.Token, error) {
	if len(p.faults) >= MaxErrors {
		return nil, errStop
	}
	token, fault := p.tokens.next()
	if fault != nil {
		p.faults = append(p.faults, fault)
		return nil, errStop
	}
	return token, nil
}

// element reads one element whose start has been read.
func (p *parser) element(e *element, path string, start xml.StartElement) (node, error) {
	n := node{element: e, attributes: p.attributes(e, path, start)}
	var err error
	switch e.content {
	case group:
		n.children, err = p.group(e, path)
	case wildcard:
		err = p.wildcard(path)
	case opaque:
		err = p.skip()
	default:
		n.value, err = p.leaf(e, path)
	}
	return n, err
}

// skip reads to the end of the element that has just begun.
func (p *parser) skip() error {
	for outside := p.tokens.depth - 1; p.tokens.depth > outside; {
		if _, err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// leaf reads a value. A fault in it is no error: the rest of the file can still be read.
func (p *parser) leaf(e *element, path string) (string, error) {
	line := p.tokens.line()
	raw, err := p.text(path)
	if err != nil {
		return "", err
	}
	value, fault := e.read(raw)
	if fault != nil {
		p.fault(fault, path, line)
	}
	return value, nil
}

func (p *parser) text(path string) (string, error) {
	var text []byte
	for {
		token, err := p.next()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			text = append(text, token...)
		case xml.StartElement:
			p.fault(flaw(UnknownElement, "an element inside a value"), join(path, token.Name.Local), p.tokens.line())
			err = p.skip()
		case xml.EndElement:
			return string(text), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// wildcard reads an element that may hold one other element, whatever it is.
func (p *parser) wildcard(path string) error {
	for count := 0; ; {
		token, err := p.next()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.CharData:
			p.stray(path, token)
		case xml.StartElement:
			if count++; count == 2 {
				p.fault(flaw(OutOfOrder, "a second element, at most 1"), join(path, token.Name.Local), p.tokens.line())
			}
			err = p.skip()
		case xml.EndElement:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) stray(path string, token xml.CharData) {
	if !blank(token) {
		p.fault(flaw(UnknownElement, "text %s between elements", quoted(string(token))), join(path, "text()"), p.tokens.line())
	}
}

// sequence is how far the reading of one group has come.
type sequence struct {
	element  *element
	path     string
	counts   []int // occurrences of each child
	last     int   // the furthest child reached
	children []node
}

func (p *parser) group(e *element, path string) ([]node, error) {
	s := &sequence{element: e, path: path, counts: make([]int, len(e.children)), children: make([]node, 0, len(e.children))}
	for {
		token, err := p.next()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.CharData:
			p.stray(path, token)
		case xml.StartElement:
			err = p.child(s, token)
		case xml.EndElement:
			p.missing(s)
			return s.children, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) child(s *sequence, start xml.StartElement) error {
	i := s.element.find(start.Name, s.last)
	if i < 0 {
		path := join(s.path, start.Name.Local)
		p.fault(flaw(UnknownElement, "the schema has no such element in %s", s.element.name), path, p.tokens.line())
		return p.skip()
	}
	s.counts[i]++
	path := s.at(i)
	if fault := s.misplaced(i); fault != nil {
		p.fault(fault, path, p.tokens.line())
	}
	s.last = max(s.last, i)
	if s.counts[i] > s.element.children[i].max {
		return p.skip()
	}
	n, err := p.element(&s.element.children[i], path, start)
	s.children = append(s.children, n)
	return err
}

// at returns the path of the child that has just begun.
func (s *sequence) at(i int) string {
	child := &s.element.children[i]
	if child.max == 1 {
		return join(s.path, child.name)
	}
	return join(s.path, indexed(child.name, s.counts[i]-1))
}

// misplaced says what is wrong with the place of child i. Of too many children only the first is reported.
func (s *sequence) misplaced(i int) *Error {
	child := &s.element.children[i]
	switch {
	case child.max == 1 && s.counts[i] > 1:
		return flaw(OutOfOrder, "occurs %d times, at most once", s.counts[i])
	case s.counts[i] == child.max+1:
		return flaw(TooLarge, "more than %d in one %s", child.max, s.element.name)
	case i < s.last && s.counts[i] <= child.max:
		return flaw(OutOfOrder, "stands after %s, belongs before it", s.element.children[s.last].name)
	}
	return nil
}

func (p *parser) missing(s *sequence) {
	for i := range s.element.children {
		if child := &s.element.children[i]; s.counts[i] < child.min {
			p.fault(flaw(MissingElement, "required in %s, absent", s.element.name), join(s.path, child.name), p.tokens.line())
		}
	}
}

// attributes checks and returns the attributes the table names.
func (p *parser) attributes(e *element, path string, start xml.StartElement) []Field {
	var values []Field
	for i := range e.attributes {
		declared := &e.attributes[i]
		at := slices.IndexFunc(start.Attr, func(a xml.Attr) bool { return a.Name == xml.Name{Local: declared.name} })
		if at >= 0 {
			values = append(values, p.attribute(declared, path, start.Attr[at].Value))
		} else if declared.min > 0 {
			p.fault(flaw(MissingElement, "required in %s, absent", e.name), join(path, "@"+declared.name), p.tokens.line())
		}
	}
	if e.content != opaque {
		p.strangers(e, path, start.Attr)
	}
	return values
}

func (p *parser) attribute(declared *element, path, raw string) Field {
	value, fault := declared.read(raw)
	if fault != nil {
		p.fault(fault, join(path, "@"+declared.name), p.tokens.line())
	}
	return Field{Path: declared.name, Value: value}
}

// strangers reports attributes the table does not name. Namespace declarations and hints where a schema lies may stand
// anywhere; xsi:type and xsi:nil may not, though a schema would let some of them pass: they change what a value means.
func (p *parser) strangers(e *element, path string, attributes []xml.Attr) {
	for _, a := range attributes {
		named := func(declared element) bool { return a.Name == xml.Name{Local: declared.name} }
		hint := a.Name.Space == schemaSpace && strings.HasSuffix(strings.ToLower(a.Name.Local), "schemalocation")
		if !hint && !namespaceDeclaration(a.Name) && !slices.ContainsFunc(e.attributes, named) {
			p.fault(flaw(UnknownElement, "the schema has no such attribute in %s", e.name), join(path, "@"+a.Name.Local), p.tokens.line())
		}
	}
}

func namespaceDeclaration(name xml.Name) bool {
	return name.Space == "xmlns" || name == xml.Name{Local: "xmlns"}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

func indexed(name string, i int) string {
	return name + "[" + strconv.Itoa(i) + "]"
}
