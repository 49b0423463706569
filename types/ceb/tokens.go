package ceb

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

// tokens reads XML token by token and refuses what encoding/xml lets pass and a customs message must not contain:
// document types, other encodings, a second root, repeated attributes, deep nesting.
type tokens struct {
	decoder *xml.Decoder
	data    []byte
	depth   int
	rooted  bool // the root element has begun
}

func newTokens(data []byte) *tokens {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.Strict = true
	decoder.CharsetReader = func(encoding string, _ io.Reader) (io.Reader, error) {
		return nil, flaw(Unsupported, "the file is declared as %s, only UTF-8 is read", encoding)
	}
	return &tokens{decoder: decoder, data: data}
}

// next returns the next start, end or text, or nil at the end of the file. Text is valid until the next call.
// Comments are passed over, so that the text around them stays in one value, as in the schema.
func (t *tokens) next() (xml.Token, *Error) {
	for {
		begin := t.decoder.InputOffset()
		token, err := t.decoder.Token()
		if err == io.EOF {
			return t.end()
		}
		if err != nil {
			return nil, t.syntax(err)
		}
		if fault := t.refuse(token, begin); fault != nil {
			fault.Line = t.line()
			return nil, fault
		}
		if t.wanted(token) {
			return token, nil
		}
	}
}

func (t *tokens) end() (xml.Token, *Error) {
	if !t.rooted {
		return nil, flaw(Malformed, "the file holds no XML element")
	}
	return nil, nil
}

// line returns the line on which the last token ended.
func (t *tokens) line() int {
	line, _ := t.decoder.InputPos()
	return line
}

func (t *tokens) syntax(err error) *Error {
	var refused *Error
	if errors.As(err, &refused) {
		return refused
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return &Error{Kind: Malformed, Line: syntax.Line, Detail: "not well-formed XML: " + syntax.Msg}
	}
	return &Error{Kind: Malformed, Line: t.line(), Detail: "not well-formed XML: " + strings.TrimPrefix(err.Error(), "xml: ")}
}

// wanted reports whether a token matters to a reader of the message, and keeps count of the depth.
func (t *tokens) wanted(token xml.Token) bool {
	switch token.(type) {
	case xml.StartElement:
		t.depth++
		t.rooted = true
		return true
	case xml.EndElement:
		t.depth--
		return true
	case xml.CharData:
		return t.depth > 0
	}
	return false
}

func (t *tokens) refuse(token xml.Token, begin int64) *Error {
	switch token := token.(type) {
	case xml.Directive:
		return flaw(Malformed, "a document type declaration is not allowed")
	case xml.ProcInst:
		return refuseInstruction(token, begin)
	case xml.CharData:
		return t.refuseText(token, begin)
	case xml.StartElement:
		return t.refuseStart(token, begin)
	}
	return nil
}

var declaration = regexp.MustCompile(`^\s*version\s*=\s*("1\.0"|'1\.0')(\s+encoding\s*=\s*("[\w.-]+"|'[\w.-]+'))?` +
	`(\s+standalone\s*=\s*("(yes|no)"|'(yes|no)'))?\s*$`)

func refuseInstruction(token xml.ProcInst, begin int64) *Error {
	if !strings.EqualFold(token.Target, "xml") {
		return nil
	}
	if token.Target != "xml" || begin != 0 || !declaration.Match(token.Inst) {
		return flaw(Malformed, "not well-formed XML: <?%s %s?>", token.Target, token.Inst)
	}
	return nil
}

func (t *tokens) refuseText(token xml.CharData, begin int64) *Error {
	if t.depth == 0 && !blank(token) {
		return flaw(Malformed, "not well-formed XML: text outside the root element")
	}
	return t.refuseReference(begin)
}

func (t *tokens) refuseStart(token xml.StartElement, begin int64) *Error {
	switch name, repeated := repeatedAttribute(token.Attr); {
	case t.depth == 0 && t.rooted:
		return flaw(Malformed, "not well-formed XML: a second root element <%s>", token.Name.Local)
	case t.depth >= MaxDepth:
		return flaw(TooLarge, "elements nested more than %d deep", MaxDepth)
	case repeated:
		return flaw(Malformed, "not well-formed XML: attribute %s occurs twice in <%s>", name, token.Name.Local)
	}
	return t.refuseReference(begin)
}

func repeatedAttribute(attributes []xml.Attr) (name string, repeated bool) {
	for i, attribute := range attributes {
		same := func(other xml.Attr) bool { return other.Name == attribute.Name }
		if slices.ContainsFunc(attributes[:i], same) {
			return attribute.Name.Local, true
		}
	}
	return "", false
}

// refuseReference finds references to surrogates such as &#xD800;, which encoding/xml turns into U+FFFD without a word.
func (t *tokens) refuseReference(begin int64) *Error {
	raw := t.data[begin:t.decoder.InputOffset()]
	if !bytes.Contains(raw, []byte("&#")) || bytes.HasPrefix(raw, []byte("<![CDATA[")) {
		return nil
	}
	if reference := surrogate.Find(raw); reference != nil {
		return flaw(Malformed, "not well-formed XML: %s is no character", reference)
	}
	return nil
}

// surrogate matches references to D800-DFFF, in decimal 55296-57343.
var surrogate = regexp.MustCompile(`&#(x0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*(5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));`)
