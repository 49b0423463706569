package epcis

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/caryaledger/carya/types/gs1"
)

// kind is the type of a JSON value.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// value is a JSON value. encoding/json is not strict enough for what consensus hashes: it drops the first of two equal
// members and replaces broken UTF-8 silently.
type value struct {
	name string  // of the member this value belongs to
	text string  // decoded string; literal of a number or boolean
	kids []value // elements of a list; members of an object, sorted as RFC 8785 wants them
	kind kind
}

// get returns the member with this name, or nil.
func (v *value) get(name string) *value {
	for i := range v.kids {
		if v.kids[i].name == name {
			return &v.kids[i]
		}
	}
	return nil
}

// getKind returns the member with this name if it is of kind k, or nil.
func (v *value) getKind(name string, k kind) *value {
	if m := v.get(name); m != nil && m.kind == k {
		return m
	}
	return nil
}

// textOf returns the text of the member with this name if it is of kind k.
func (v *value) textOf(name string, k kind) string {
	if m := v.getKind(name, k); m != nil {
		return m.text
	}
	return ""
}

// count is the number of elements of the list with this name, 0 where there is none.
func (v *value) count(name string) int {
	if m := v.getKind(name, list); m != nil {
		return len(m.kids)
	}
	return 0
}

// parser reads JSON by recursive descent.
type parser struct {
	in    string
	pos   int
	at    trail
	count int
	stack []value // finished values whose list or object is not
	twins []Warning
}

// parseJSON reads one JSON text (RFC 8259) with the restrictions of RFC 8785: no duplicate members, no broken UTF-8, no lone
// surrogates.
func parseJSON(in string) (value, *Error) {
	p := &parser{in: in}
	v, err := p.document()
	if err == nil && len(p.twins) > 0 {
		err = &Error{CodeMalformed, p.twins[0].Pointer, p.twins[0].Detail}
	}
	return v, err
}

// document reads one JSON text and, unlike parseJSON, of members with one name the last, as most JSON readers do.
func (p *parser) document() (value, *Error) {
	v, err := p.value("")
	if err == nil && p.next() != 0 {
		err = p.fail("something follows the end of the document")
	}
	return v, err
}

// fail returns an error at the current position.
func (p *parser) fail(format string, args ...any) *Error {
	pos := min(p.pos, len(p.in))
	line := 1 + strings.Count(p.in[:pos], "\n")
	return &Error{CodeMalformed, p.at.String(), fmt.Sprintf("line %d: ", line) + fmt.Sprintf(format, args...)}
}

// next skips white space and returns the byte after it without consuming it; 0 at the end.
func (p *parser) next() byte {
	for ; p.pos < len(p.in); p.pos++ {
		switch p.in[p.pos] {
		case ' ', '\t', '\r', '\n':
		case 0:
			return 1 // no JSON starts with it, and 0 means the end
		default:
			return p.in[p.pos]
		}
	}
	return 0
}

// value reads the value of the member with this name.
func (p *parser) value(name string) (v value, err *Error) {
	p.count++
	if p.count > MaxValues {
		return v, &Error{CodeTooLarge, "", fmt.Sprintf("more than %d values", MaxValues)}
	}
	v.name = name
	switch c := p.next(); {
	case c == '"':
		v.kind = text
		v.text, err = p.text()
	case c == '{':
		v.kind = object
		v.kids, err = p.kids('}', p.member)
	case c == '[':
		v.kind = list
		v.kids, err = p.kids(']', p.element)
	case c == '-' || c >= '0' && c <= '9':
		v.kind = number
		v.text, err = p.number()
	default:
		v.kind, v.text, err = p.word()
	}
	return v, err
}

// word reads true, false or null.
func (p *parser) word() (kind, string, *Error) {
	for i, word := range []string{"null", "true", "false"} {
		if strings.HasPrefix(p.in[p.pos:], word) {
			p.pos += len(word)
			return min(kind(i), boolean), word, nil
		}
	}
	return null, "", p.fail("expected a value")
}

func (p *parser) number() (string, *Error) {
	rest := p.in[p.pos:]
	literal := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789+-.eE"))]
	if _, ok := gs1.ParseDecimal(literal); !ok {
		return "", p.fail("%.40s is not a number", literal)
	}
	p.pos += len(literal)
	return literal, nil
}

// kids reads the elements of a list or the members of an object, up to and with the closing bracket.
func (p *parser) kids(end byte, kid func(i int) *Error) ([]value, *Error) {
	if len(p.at) >= MaxDepth {
		return nil, &Error{CodeTooLarge, p.at.String(), fmt.Sprintf("nested more than %d deep", MaxDepth)}
	}
	start := len(p.stack)
	p.pos++
	for i := 0; p.next() != end || i > 0; i++ {
		if err := kid(i); err != nil {
			return nil, err
		}
		if c := p.next(); c == end {
			break
		} else if c != ',' {
			return nil, p.fail("expected , or %c", end)
		}
		p.pos++
	}
	p.pos++
	kids := slices.Clone(p.stack[start:])
	p.stack = p.stack[:start]
	if end == '}' {
		return p.sortMembers(kids)
	}
	return kids, nil
}

// element reads element i of a list onto the stack.
func (p *parser) element(i int) *Error {
	p.at.element(i)
	v, err := p.value("")
	p.at.up()
	p.stack = append(p.stack, v)
	return err
}

// member reads a member of an object onto the stack.
func (p *parser) member(int) *Error {
	if p.next() != '"' {
		return p.fail("expected the name of a member")
	}
	name, err := p.text()
	if err != nil {
		return err
	}
	if p.next() != ':' {
		return p.fail("expected : after %q", clip(name))
	}
	p.pos++
	p.at.member(name)
	v, err := p.value(name)
	p.at.up()
	p.stack = append(p.stack, v)
	return err
}

// sortMembers puts the members of an object in order and drops all but the last of those with one name.
func (p *parser) sortMembers(members []value) ([]value, *Error) {
	slices.SortStableFunc(members, func(a, b value) int { return compareUTF16(a.name, b.name) })
	kept := members[:0]
	for i := range members {
		if i+1 < len(members) && members[i+1].name == members[i].name {
			if err := p.twin(members[i].name); err != nil {
				return nil, err
			}
			continue
		}
		kept = append(kept, members[i])
	}
	return kept, nil
}

func (p *parser) twin(name string) *Error {
	if len(p.twins) >= MaxWarnings {
		return tooManyWarnings
	}
	p.at.member(name)
	p.twins = append(p.twins, Warning{CodeMalformed, p.at.String(), "the member appears twice, the last one is read"})
	p.at.up()
	return nil
}

// compareUTF16 compares strings by their UTF-16 code units, the order of RFC 8785 section 3.2.3. It differs from the order of
// the bytes only where a character beyond U+FFFF, whose surrogates start at D800, meets one from U+E000 on.
func compareUTF16(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x != y {
			if x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0) {
				x, y = y, x
			}
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// text reads a string with its quotation marks.
func (p *parser) text() (string, *Error) {
	p.pos++
	start := p.pos
	for ; p.pos < len(p.in); p.pos++ {
		switch c := p.in[p.pos]; {
		case c == '"':
			s := p.in[start:p.pos]
			if !utf8.ValidString(s) {
				return "", p.fail("a string is not valid UTF-8")
			}
			p.pos++
			return s, nil
		case c == '\\':
			return p.escapedText(start)
		case c < 0x20:
			return "", p.fail("a string holds an unescaped control character")
		}
	}
	return "", p.fail("a string does not end")
}

// escapedText reads on from the first backslash of the string that started at start.
func (p *parser) escapedText(start int) (string, *Error) {
	var b strings.Builder
	b.WriteString(p.in[start:p.pos])
	for p.pos < len(p.in) && p.in[p.pos] != '"' {
		c := p.in[p.pos]
		if c < 0x20 {
			return "", p.fail("a string holds an unescaped control character")
		}
		p.pos++
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		r, ok := p.escape()
		if !ok {
			return "", p.fail("a string holds a broken escape")
		}
		b.WriteRune(r)
	}
	if p.pos >= len(p.in) {
		return "", p.fail("a string does not end")
	}
	if !utf8.ValidString(b.String()) {
		return "", p.fail("a string is not valid UTF-8")
	}
	p.pos++
	return b.String(), nil
}

// escape reads what follows a backslash. Halves of a surrogate pair must meet.
func (p *parser) escape() (rune, bool) {
	if p.pos >= len(p.in) {
		return 0, false
	}
	c := p.in[p.pos]
	p.pos++
	if c != 'u' {
		i := strings.IndexByte(`"\/bfnrt`, c)
		return rune("\"\\/\b\f\n\r\tx"[max(i, 0)]), i >= 0
	}
	r, ok := p.hex4()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !strings.HasPrefix(p.in[p.pos:], `\u`) {
		return 0, false
	}
	p.pos += 2
	low, ok := p.hex4()
	r = utf16.DecodeRune(r, low)
	return r, ok && r != utf8.RuneError
}

func (p *parser) hex4() (r rune, ok bool) {
	if p.pos+4 > len(p.in) {
		return 0, false
	}
	for _, c := range []byte(p.in[p.pos : p.pos+4]) {
		i := strings.IndexByte("0123456789abcdef", c|0x20)
		if i < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(i)
	}
	p.pos += 4
	return r, true
}
