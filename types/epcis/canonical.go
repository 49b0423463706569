package epcis

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// canonicalizer writes values in the JSON Canonicalization Scheme of RFC 8785. Members are sorted already, by the parser.
type canonicalizer struct {
	r   *reader
	out []byte
}

// part is a stretch of canonical bytes that an event refers to.
type part struct {
	name     string
	from, to int
}

// canonical writes the canonical form of an event with the context that is in force for it into e.
func (r *reader) canonical(event *value, e *Event) {
	c := canonicalizer{r: r}
	var parts []part
	context := value{name: "@context", kids: r.context.kids(), kind: list}
	done := false
	c.out = append(c.out, '{')
	for i := range event.kids {
		m := &event.kids[i]
		if m.name == context.name {
			continue
		}
		if !done && compareUTF16(context.name, m.name) < 0 {
			c.member(&context)
			done = true
		}
		from := c.member(m)
		if m.name == "ilmd" || strings.IndexByte(m.name, ':') >= 0 {
			parts = append(parts, part{m.name, from, len(c.out)})
		}
	}
	if !done {
		c.member(&context)
	}
	e.Canonical = append(c.out, '}')
	r.share(parts, e)
}

// share lets ILMD and extensions of e be parts of its canonical form.
func (r *reader) share(parts []part, e *Event) {
	for _, p := range parts {
		bytes := e.Canonical[p.from:p.to:p.to]
		if p.name != "ilmd" {
			e.Extensions = append(e.Extensions, Extension{r.context.fullName(p.name), bytes})
		} else if bytes[0] == '{' {
			e.ILMD = bytes
		}
	}
}

// member writes one member of an object, with a comma in front unless it is the first, and returns where its value begins.
func (c *canonicalizer) member(m *value) (from int) {
	if c.out[len(c.out)-1] != '{' {
		c.out = append(c.out, ',')
	}
	c.text(m.name)
	c.out = append(c.out, ':')
	from = len(c.out)
	c.r.at.member(m.name)
	c.value(m)
	c.r.at.up()
	return from
}

func (c *canonicalizer) value(v *value) {
	switch v.kind {
	case object:
		c.object(v)
	case list:
		c.list(v)
	case number:
		c.r.settle(v)
		c.out = append(c.out, v.text...)
	case text:
		c.text(v.text)
	default:
		c.out = append(c.out, v.text...)
	}
}

// object writes an object below the event. A context in there could change the meaning of what stands beside it.
func (c *canonicalizer) object(v *value) {
	c.out = append(c.out, '{')
	for i := range v.kids {
		if v.kids[i].name == "@context" {
			c.r.warn(CodeContext, "a context below the event is kept as it stands and not applied")
		}
		c.member(&v.kids[i])
	}
	c.out = append(c.out, '}')
}

func (c *canonicalizer) list(v *value) {
	c.out = append(c.out, '[')
	for i := range v.kids {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.r.at.element(i)
		c.value(&v.kids[i])
		c.r.at.up()
	}
	c.out = append(c.out, ']')
}

// settle replaces the literal of a number by the one that RFC 8785 has for it.
func (r *reader) settle(v *value) {
	s, ok := canonicalNumber(v.text)
	switch {
	case !ok:
		r.fail(CodeValue, "%.40s is beyond what 64-bit binary fractions hold, write it as a string", v.text)
		return
	case s != v.text && !sameNumber(s, v.text):
		r.note(CodeValue, "%.40s is not kept by a 64-bit binary fraction, which JSON readers use: it is read as %s", v.text, s)
	}
	v.text = s
}

func sameNumber(a, b string) bool {
	x, _ := gs1.ParseDecimal(a)
	y, _ := gs1.ParseDecimal(b)
	return x == y
}

// text writes a string as RFC 8785 section 3.2.2.2 prescribes: everything in UTF-8 but what JSON must escape.
func (c *canonicalizer) text(s string) {
	c.out = append(c.out, '"')
	for i := range len(s) {
		switch b := s[i]; {
		case b == '"' || b == '\\':
			c.out = append(c.out, '\\', b)
		case b >= 0x20:
			c.out = append(c.out, b)
		default:
			c.out = append(c.out, controlEscape(b)...)
		}
	}
	c.out = append(c.out, '"')
}

func controlEscape(b byte) string {
	if i := strings.IndexByte("\b\f\n\r\t", b); i >= 0 {
		return `\` + "bfnrt"[i:i+1]
	}
	return `\u00` + string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15])
}

// canonicalNumber writes a JSON number as RFC 8785 section 3.2.2.3 prescribes, which is how ECMAScript writes the nearest
// IEEE 754 double. It is not ok beyond 10^±290: such numbers lose digits by underflow or overflow and measure nothing.
func canonicalNumber(literal string) (string, bool) {
	d, ok := gs1.ParseDecimal(literal)
	point := len(d.Digits) + d.Exponent
	switch {
	case !ok:
		return "", false
	case d.Digits == "":
		return "0", true
	case point > 290 || point < -290:
		return "", false
	case len(d.Digits) > 15:
		d.Digits, d.Exponent = shortest(d.Digits, d.Exponent)
	}
	s := ecmaScript(d.Digits, len(d.Digits)+d.Exponent)
	if d.Negative {
		s = "-" + s
	}
	return s, true
}

// shortest returns the shortest decimal that identifies the double nearest to digits·10^exponent. Up to 15 digits that is the
// number itself. A double, and what lies in the middle between two, has fewer than 800 digits: of more it only
// matters that they are not zero.
func shortest(digits string, exponent int) (string, int) {
	const enough = 800
	if len(digits) > enough {
		exponent += len(digits) - enough - 1
		digits = digits[:enough] + "1"
	}
	exact, _ := new(big.Rat).SetString(digits + "e" + strconv.Itoa(exponent))
	nearest := new(big.Float).SetPrec(53).SetRat(exact)
	d, _ := gs1.ParseDecimal(nearest.Text('e', -1))
	return d.Digits, d.Exponent
}

// ecmaScript places the point behind the given number of digits, as Number::toString of ECMA-262 does.
func ecmaScript(digits string, point int) string {
	switch {
	case point > 21 || point <= -6:
		exponent := strconv.Itoa(point - 1)
		if point > 0 {
			exponent = "+" + exponent
		}
		if len(digits) > 1 {
			digits = digits[:1] + "." + digits[1:]
		}
		return digits + "e" + exponent
	case point <= 0:
		return "0." + strings.Repeat("0", -point) + digits
	case point >= len(digits):
		return digits + strings.Repeat("0", point-len(digits))
	}
	return digits[:point] + "." + digits[point:]
}
