package xmldsig

import "encoding/xml"

// parts is a message taken apart.
type parts struct {
	content   canonical // the message without its signature
	info      canonical // the SignedInfo of the signature
	signature *node     // nil where there is none
	closing   int       // where the end tag of the root begins, in the message without its byte order mark
}

// node is one element of a signature.
type node struct {
	name       xml.Name
	attributes []attribute
	text       []byte
	children   []*node
}

// maxNodes bounds the elements of a signature, which has 14 when it is right, so that a hostile one cannot fill the memory.
const maxNodes = 100

// scanner sorts the tokens of a message into its parts.
type scanner struct {
	*reader
	parts
	inside []*node // the elements of the signature that have begun and not ended
	nodes  int     // elements of the signature so far
}

// scan takes a message apart. The error is an *Error of kind Malformed.
func scan(message []byte) (*parts, error) {
	r, err := newReader(message)
	if err != nil {
		return nil, err
	}
	s := &scanner{reader: r}
	s.content.Grow(len(message))
	for {
		token, err := s.next()
		if err != nil {
			return nil, err
		}
		if token == nil {
			return &s.parts, nil
		}
		if err := s.take(token); err != nil {
			return nil, err
		}
	}
}

func (s *scanner) take(token xml.Token) error {
	switch token := token.(type) {
	case *element:
		return s.takeStart(token)
	case xml.CharData:
		s.takeText(token)
	case xml.EndElement:
		s.takeEnd(written(token.Name))
	case xml.Comment:
		if len(s.inside) > 0 {
			return fault(Malformed, "a comment inside the signature")
		}
	}
	return nil
}

func (s *scanner) takeStart(e *element) error {
	if len(s.inside) == 0 && e.name.Space != Namespace {
		s.content.start(e, e.declared)
		return nil
	}
	n := &node{name: e.name, attributes: e.attributes}
	if err := s.attach(n); err != nil {
		return err
	}
	s.inside = append(s.inside, n)
	switch {
	case s.inInfo() && len(s.inside) == 2:
		s.info.start(e, s.scope.all())
	case s.inInfo():
		s.info.start(e, e.declared)
	}
	return nil
}

// attach puts an element of a signature where it belongs; the signature itself, into the message.
func (s *scanner) attach(n *node) error {
	if s.nodes++; s.nodes > maxNodes {
		return fault(Malformed, "more than %d elements in the signature", maxNodes)
	}
	if len(s.inside) > 0 {
		parent := s.inside[len(s.inside)-1]
		parent.children = append(parent.children, n)
		return nil
	}
	switch {
	case n.name.Local != "Signature" || len(s.open) != 2:
		return fault(Malformed, "<%s> of an XML signature elsewhere than in a Signature below the root", n.name.Local)
	case s.signature != nil:
		return fault(Malformed, "a second signature")
	}
	s.signature = n
	return nil
}

// inInfo reports whether the place is in SignedInfo, its own tags included.
func (s *scanner) inInfo() bool {
	return len(s.inside) >= 2 && s.inside[1].name == xml.Name{Space: Namespace, Local: "SignedInfo"}
}

func (s *scanner) takeText(text xml.CharData) {
	if len(s.inside) == 0 {
		if len(s.open) > 0 {
			s.content.text(text)
		}
		return
	}
	n := s.inside[len(s.inside)-1]
	n.text = append(n.text, text...)
	if s.inInfo() {
		s.info.text(text)
	}
}

func (s *scanner) takeEnd(tag string) {
	if len(s.inside) == 0 {
		s.content.end(tag)
	} else {
		if s.inInfo() {
			s.info.end(tag)
		}
		s.inside = s.inside[:len(s.inside)-1]
	}
	if len(s.open) == 0 {
		s.closing = int(s.began)
	}
}
