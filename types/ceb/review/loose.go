package review

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/ceb"
)

// loose is what can be read of a message without asking whether it is right.
type loose struct {
	kind      string // "CEB311", "" when the root is no customs message
	element   string // name of the document elements
	documents []ceb.Document
	number    string // an order number that occurs somewhere
	whole     bool   // the file was read to its end
}

var (
	rootNamed   = regexp.MustCompile(`^(CEB\d{3})Message$`)
	orderNumber = regexp.MustCompile(`orderNo>\s*([^<\s]{1,60})\s*<`)
)

// readLoosely reads a file of which the strict parser has said what is wrong.
func readLoosely(data []byte) loose {
	l := &looseReader{decoder: xml.NewDecoder(bytes.NewReader(data[:min(len(data), ceb.MaxSize)]))}
	l.decoder.Strict = false
	l.decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	l.read()
	if match := orderNumber.FindSubmatch(data); match != nil {
		l.number = string(match[1])
	}
	return l.loose
}

type looseReader struct {
	loose
	decoder *xml.Decoder
	path    []string // open elements
	part    *[]ceb.Field
	prefix  string // of the paths of part
	leaf    bool   // the last token that matters was the start of an element
	text    strings.Builder
}

func (l *looseReader) read() {
	for {
		token, err := l.decoder.Token()
		if err != nil {
			l.whole = err == io.EOF
			return
		}
		switch token := token.(type) {
		case xml.StartElement:
			l.path = append(l.path, token.Name.Local)
			l.leaf = true
			l.text.Reset()
			l.open()
		case xml.CharData:
			l.text.Write(token)
		case xml.EndElement:
			l.close()
			l.path = l.path[:max(0, len(l.path)-1)]
			l.leaf = false
		}
		if len(l.path) > ceb.MaxDepth {
			return
		}
	}
}

// open begins a message, a document, or its head or one of its lines.
func (l *looseReader) open() {
	name := l.path[len(l.path)-1]
	switch len(l.path) {
	case 1:
		if match := rootNamed.FindStringSubmatch(name); match != nil {
			l.kind = match[1]
		}
	case 2:
		l.part = nil
		if l.kind == "" || l.element != "" && name != l.element || envelope(name) {
			return
		}
		l.element = name
		l.documents = append(l.documents, ceb.Document{Kind: l.kind})
		l.head(name)
	case 3:
		if d := l.document(); d != nil && strings.HasSuffix(name, "List") {
			d.Lines = append(d.Lines, nil)
			l.part, l.prefix = &d.Lines[len(d.Lines)-1], name+"["+strconv.Itoa(len(d.Lines)-1)+"]"
		} else if d != nil && strings.HasSuffix(name, "Head") {
			l.head(name)
		}
	}
}

func (l *looseReader) head(name string) {
	d := &l.documents[len(l.documents)-1]
	l.part, l.prefix = &d.Head, name
}

// document returns the document that is open.
func (l *looseReader) document() *ceb.Document {
	if len(l.documents) == 0 || len(l.path) < 2 || l.path[1] != l.element {
		return nil
	}
	return &l.documents[len(l.documents)-1]
}

// close ends a value: an element without elements, in a head, a line, or a document that has neither. Of two values of
// one path the first counts, and no two paths of a document are the same.
func (l *looseReader) close() {
	if !l.leaf || l.document() == nil || l.part == nil || len(l.path) < 3 || len(l.path) > 4 {
		return
	}
	path := join(l.prefix, l.path[len(l.path)-1])
	for _, field := range *l.part {
		if field.Path == path {
			return
		}
	}
	*l.part = append(*l.part, ceb.Field{Path: path, Value: strings.Trim(l.text.String(), " \t\r\n")})
}

func envelope(name string) bool {
	switch name {
	case "BaseTransfer", "BaseSubscribe", "ExtendMessage", "Signature":
		return true
	}
	return false
}
