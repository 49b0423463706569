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

// canonical returns the canonical form of an event with the context that is in force for it.
func (r *reader) canonical(event *value) []byte {
	c := canonicalizer{r: r}
	c.out = append(c.out, '{')
	context := value{name: "@context", kids: r.context.kids(), kind: list}
	done := false
	for i := range event.kids {
		if m := &event.kids[i]; m.name != "@context" {
			if !done && compareUTF16(context.name, m.name) < 0 {
				c.member(&context)
				done = true
			}
			c.member(m)
		}
	}
	if !done {
		c.member(&context)
	}
	c.out = append(c.out, '}')
	return c.out
}

// member writes one member of an object, with a comma in front unless it is the first.
func (c *canonicalizer) member(m *value) {
	if c.out[len(c.out)-1] != '{' {
		c.out = append(c.out, ',')
	}
	c.text(m.name)
	c.out = append(c.out, ':')
	c.r.at.member(m.name)
	c.value(m)
	c.r.at.up()
}

func (c *canonicalizer) value(v *value) {
	switch v.kind {
	case object:
		c.object(v)
	case list:
		c.list(v)
	case number:
		c.number(v.text)
	case text:
		c.text(v.text)
	default:
		c.out = append(c.out, v.text...)
	}
}

// object writes an object below the event. A context in there would change the meaning of what stands beside it.
func (c *canonicalizer) object(v *value) {
	c.out = append(c.out, '{')
	for i := range v.kids {
		if v.kids[i].name == "@context" {
			c.r.fail(CodeContext, "@context is accepted in documents and events only")
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

func (c *canonicalizer) number(literal string) {
	s, ok := canonicalNumber(literal)
	if !ok {
		c.r.fail(CodeValue, "%.40s is not kept exactly by a 64-bit binary fraction, write it as a string", literal)
	}
	c.out = append(c.out, s...)
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
// IEEE 754 double. It is not ok where that is a different number from the literal: such a document would mean one thing to
// us and another to whoever reads it with JavaScript.
func canonicalNumber(literal string) (string, bool) {
	d, ok := gs1.ParseDecimal(literal)
	if !ok || !survivesDouble(d) {
		return "", false
	}
	if d.Digits == "" {
		return "0", true
	}
	s := ecmaScript(d.Digits, len(d.Digits)+d.Exponent)
	if d.Negative {
		s = "-" + s
	}
	return s, true
}

// survivesDouble reports whether the shortest decimal that identifies the double nearest to d is d itself. That holds for
// every number of up to 15 digits, for none of more than 17, and for those between it has to be tried. Numbers beyond
// 10^±290 lose digits by underflow or overflow and measure nothing.
func survivesDouble(d gs1.Decimal) bool {
	point := len(d.Digits) + d.Exponent
	switch {
	case d.Digits == "":
		return true
	case len(d.Digits) > 17 || point > 290 || point < -290:
		return false
	case len(d.Digits) <= 15:
		return true
	}
	exact, _ := new(big.Rat).SetString(d.Digits + "e" + strconv.Itoa(d.Exponent))
	nearest := new(big.Float).SetPrec(53).SetRat(exact)
	back, ok := gs1.ParseDecimal(nearest.Text('e', -1))
	return ok && back.Digits == d.Digits && back.Exponent == d.Exponent
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
