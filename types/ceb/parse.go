package ceb

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// errStop ends the walk; why it ended is already among the faults.
var errStop = errors.New("stop reading")

// parser walks a message along its table and collects what does not fit.
type parser struct {
	place
	tokens   *tokens
	unsigned bool // a missing signature is no fault
}

// node is one element read along the table.
type node struct {
	element    *element
	value      string // of a leaf, as its type leaves it; of an element kept verbatim, its bytes
	attributes []Field
	children   []node
}

// read reads a file whose root element choose knows. The node is of use only when there are no faults.
func (p *parser) read(data []byte, choose func(name) (*element, *Error)) node {
	if len(data) > MaxSize {
		p.fault(flaw(TooLarge, "%d bytes, at most %d", len(data), MaxSize), 0)
		return node{}
	}
	var fault *Error
	if p.tokens, fault = newTokens(string(data)); fault != nil {
		p.fault(fault, p.line())
		return node{}
	}
	root, err := p.root(choose)
	if err == nil {
		_, err = p.next() // nothing may follow
	}
	if err != nil {
		return node{}
	}
	return root
}

func (p *parser) root(choose func(name) (*element, *Error)) (node, error) {
	start, err := p.next() // at depth 0 there is nothing but a start tag
	if err != nil {
		return node{}, err
	}
	e, fault := choose(start.name)
	if fault != nil {
		p.fault(fault, p.line())
		return node{}, errStop
	}
	return p.element(e, start)
}

var messageName = regexp.MustCompile(`^(CEB\d{3})Message$`)

// messageRoot returns the table of the message that a root element begins.
func messageRoot(root name) (*element, *Error) {
	match := messageName.FindStringSubmatch(root.local)
	if match == nil || root.space != cebSpace {
		return nil, flaw(NotCEB, "<%s> in namespace %s is no customs message, which is <CEB…Message> in namespace %s",
			root.local, quoted(root.space), cebSpace)
	}
	if table := messageNamed(match[1]); table != nil {
		return &table.root, nil
	}
	return nil, flaw(Unsupported, "%s is not in the 202205 edition, which has %s", match[1], strings.Join(Kinds(), ", "))
}

// line returns the line on which the last token ended.
func (p *parser) line() int {
	return p.tokens.line(p.tokens.at)
}

// next returns the next token, or errStop when reading is over for a reason among the faults.
func (p *parser) next() (token, error) {
	if p.full() {
		return token{}, errStop
	}
	next, fault := p.tokens.next()
	if fault != nil {
		fault.Line = p.line()
		p.faults = append(p.faults, fault)
		return token{}, errStop
	}
	return next, nil
}

// element reads one element whose start has been read.
func (p *parser) element(e *element, start token) (node, error) {
	n := node{element: e, attributes: p.attributes(e, start)}
	begin := p.tokens.begin
	var err error
	switch e.content {
	case group:
		n.children, err = p.group(e)
	case wildcard:
		err = p.wildcard()
	case opaque:
		err = p.skip()
	default:
		n.value, err = p.leaf(e)
	}
	if e.verbatim && err == nil {
		n.value = p.tokens.part(begin)
	}
	return n, err
}

// skip reads to the end of the element that has just begun.
func (p *parser) skip() error {
	for outside := len(p.tokens.open) - 1; len(p.tokens.open) > outside; {
		if _, err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// leaf reads a value. A fault in it is no error: the rest of the file can still be read.
func (p *parser) leaf(e *element) (string, error) {
	begin := p.tokens.at
	raw, err := p.text()
	if err != nil {
		return "", err
	}
	value, fault := e.read(e.orStandard(raw))
	if fault != nil {
		p.fault(fault, p.tokens.line(begin))
	}
	return value, nil
}

// text reads the characters of a leaf, which nearly always are one piece.
func (p *parser) text() (string, error) {
	var first string
	var more strings.Builder
	for {
		token, err := p.next()
		if err != nil {
			return "", err
		}
		switch token.kind {
		case characters:
			if first == "" {
				first = token.text
			} else {
				more.WriteString(token.text)
			}
		case startTag:
			p.fault(flaw(UnknownElement, "an element inside a value"), p.line(), token.name.local)
			err = p.skip()
		case endTag:
			return first + more.String(), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// wildcard reads an element that may hold one other element, whatever it is.
func (p *parser) wildcard() error {
	for count := 0; ; {
		token, err := p.next()
		if err != nil {
			return err
		}
		switch token.kind {
		case characters:
			p.stray(token.text)
		case startTag:
			if count++; count == 2 {
				p.fault(flaw(OutOfOrder, "a second element, at most 1"), p.line(), token.name.local)
			}
			err = p.skip()
		case endTag:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) stray(text string) {
	if !blank(text) {
		p.fault(flaw(UnknownElement, "text %s between elements", quoted(text)), p.line(), "text()")
	}
}

// sequence is how far the reading of one group has come.
type sequence struct {
	element  *element
	counts   []int // occurrences of each child
	last     int   // the furthest child reached
	children []node
}

func (p *parser) group(e *element) ([]node, error) {
	s := &sequence{element: e, counts: make([]int, len(e.children)), children: make([]node, 0, len(e.children))}
	for {
		token, err := p.next()
		if err != nil {
			return nil, err
		}
		switch token.kind {
		case characters:
			p.stray(token.text)
		case startTag:
			err = p.child(s, token)
		case endTag:
			p.missing(s)
			return s.children, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) child(s *sequence, start token) error {
	i := s.element.find(start.name, s.last)
	if i < 0 {
		p.fault(flaw(UnknownElement, "the schema has no such element in %s", s.element.name), p.line(), start.name.local)
		return p.skip()
	}
	child := &s.element.children[i]
	s.counts[i]++
	p.enter(child, s.counts[i]-1)
	defer p.leave()
	if fault := s.misplaced(i); fault != nil {
		p.fault(fault, p.line())
	}
	s.last = max(s.last, i)
	if s.counts[i] > child.max {
		return p.skip()
	}
	n, err := p.element(child, start)
	s.children = append(s.children, n)
	return err
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
		child := &s.element.children[i]
		switch unsigned := child.space == signatureSpace && child.name == "Signature"; {
		case s.counts[i] >= child.min || unsigned && p.unsigned:
		case unsigned:
			p.fault(flaw(Unsigned, "a signature is required in %s, absent", s.element.name), p.line(), child.name)
		default:
			p.fault(flaw(MissingElement, "required in %s, absent", s.element.name), p.line(), child.name)
		}
	}
}

// attributes checks and returns the attributes the table names.
func (p *parser) attributes(e *element, start token) []Field {
	var values []Field
	for i := range e.attributes {
		declared := &e.attributes[i]
		at := slices.IndexFunc(start.attributes, func(a attribute) bool { return a.name == name{local: declared.name} })
		if at >= 0 {
			values = append(values, p.attribute(declared, start.attributes[at].value))
		} else if declared.min > 0 {
			p.fault(flaw(MissingElement, "required in %s, absent", e.name), p.line(), "@"+declared.name)
		}
	}
	if e.content != opaque {
		p.strangers(e, start.attributes)
	}
	return values
}

func (p *parser) attribute(declared *element, raw string) Field {
	value, fault := declared.read(raw)
	if fault != nil {
		p.fault(fault, p.line(), "@"+declared.name)
	}
	return Field{Path: declared.name, Value: value}
}

// strangers reports attributes the table does not name. Hints where a schema lies may stand anywhere; xsi:type and
// xsi:nil may not, though a schema would let some of them pass: they change what a value means.
func (p *parser) strangers(e *element, attributes []attribute) {
	for _, a := range attributes {
		named := func(declared element) bool { return a.name == name{local: declared.name} }
		hint := a.name.space == schemaSpace && strings.HasSuffix(strings.ToLower(a.name.local), "schemalocation")
		if !hint && !slices.ContainsFunc(e.attributes, named) {
			p.fault(flaw(UnknownElement, "the schema has no such attribute in %s", e.name), p.line(), "@"+a.name.local)
		}
	}
}
