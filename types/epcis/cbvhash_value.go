package epcis

import (
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caryaledger/carya/types/gs1"
)

// isSpace reports whether r is white space to Python, whose notion includes the four separators of ASCII.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// hashValue returns the form in which a value without white space around it is hashed.
func hashValue(s string) string {
	if strings.Contains(s, urnCBV) {
		s = webWords(s)
	}
	if n, ok := hashNumber(s); ok {
		return n
	}
	if link, ok := hashLink(s); ok {
		return link
	}
	return s
}

// webWords replaces the URNs that CBV 1.2 had for words, wherever they stand in s.
func webWords(s string) string {
	for _, v := range []*vocabulary{bizSteps, dispositions, bizTransactionTypes, sourceDestTypes, errorReasons} {
		s = strings.ReplaceAll(s, v.urn, v.web)
	}
	return s
}

// hashNumber returns the form in which text that Python reads as a number is hashed: the decimal places of the double nearest
// to it, all of them for a whole number, else the fewest that tell it from other doubles, with an exponent below 10^-4. It is
// not ok for other text, and for what no double holds; the authors' program fails on the latter.
func hashNumber(s string) (string, bool) {
	d, ok := pythonDecimal(s)
	point := len(d.Digits) + d.Exponent
	switch {
	case ok && (d.Digits == "" || point < -330):
		return "0", true
	case !ok || point > 310:
		return "", false
	case len(d.Digits) > 15 || point > 15 || point < -290: // else a double keeps all digits
		s, ok = hashDouble(d)
	default:
		s = pythonNumber(d.Digits, point)
	}
	if d.Negative && s != "0" {
		s = "-" + s
	}
	return s, ok
}

// hashDouble is hashNumber for numbers that doubles may not keep. See [shortest] for why 800 digits are enough.
func hashDouble(d gs1.Decimal) (string, bool) {
	const enough = 800
	if len(d.Digits) > enough {
		d.Exponent += len(d.Digits) - enough - 1
		d.Digits = d.Digits[:enough] + "1"
	}
	exact, _ := new(big.Rat).SetString(d.Digits + "e" + strconv.Itoa(d.Exponent))
	x := new(big.Float).SetPrec(53).SetRat(exact)
	const largest, smallest = 1024, -1073 // exponents of two of the doubles
	switch e := x.MantExp(nil); {
	case e > largest:
		return "", false
	case e < smallest-1:
		return "0", true
	case e < smallest:
		return "5e-324", true
	case e < smallest+52: // the smallest doubles have fewer bits
		x.SetPrec(uint(e - smallest + 1)).SetRat(exact)
	}
	if x.IsInt() {
		whole, _ := x.Int(nil)
		return whole.String(), true
	}
	short, _ := gs1.ParseDecimal(x.Text('e', -1))
	return pythonNumber(short.Digits, len(short.Digits)+short.Exponent), true
}

// pythonNumber places the point behind so many digits, as Python's repr of a float below 10^16 does, without a trailing .0.
func pythonNumber(digits string, point int) string {
	switch {
	case point > -4 && point <= 0:
		return "0." + strings.Repeat("0", -point) + digits
	case point >= len(digits):
		return digits + strings.Repeat("0", point-len(digits))
	case point > 0:
		return digits[:point] + "." + digits[point:]
	}
	exponent := strconv.Itoa(1 - point)
	if len(exponent) < 2 {
		exponent = "0" + exponent
	}
	if len(digits) > 1 {
		digits = digits[:1] + "." + digits[1:]
	}
	return digits + "e-" + exponent
}

// pythonDecimal takes apart what Python's float takes for a finite decimal number: in any digits of Unicode, with a sign,
// zeros in front, an underscore between digits, and a point at either end.
func pythonDecimal(s string) (d gs1.Decimal, ok bool) {
	s, ok = asciiDigits(s)
	if !ok {
		return d, false
	}
	if s, ok = strings.CutPrefix(s, "-"); ok {
		d.Negative = true
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	mantissa, power := s, "0"
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, power = s[:i], s[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !isDigits(whole) || !isDigits(fraction) {
		return d, false
	}
	if d.Exponent, ok = pythonExponent(power); !ok {
		return d, false
	}
	all := strings.TrimLeft(whole+fraction, "0")
	d.Digits = strings.TrimRight(all, "0")
	d.Exponent += len(all) - len(d.Digits) - len(fraction)
	return d, true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// pythonExponent reads an exponent. One with many digits is as good as infinite.
func pythonExponent(s string) (int, bool) {
	digits := strings.TrimPrefix(s, "+")
	if len(digits) == len(s) {
		digits = strings.TrimPrefix(s, "-")
	}
	if digits == "" || !isDigits(digits) {
		return 0, false
	}
	const endless = 1 << 30
	n := endless
	if digits = strings.TrimLeft(digits, "0"); len(digits) < 10 {
		n, _ = strconv.Atoi("0" + digits)
	}
	if s[0] == '-' {
		n = -n
	}
	return n, true
}

// asciiDigits writes a number in ASCII and without underscores. It is not ok where s cannot be a number.
func asciiDigits(s string) (string, bool) {
	if s == "" || isLetter(s[0]) {
		return "", false
	}
	plain := true
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9' || c == '.' || c == '+' || c == '-' || c|0x20 == 'e':
		case c == '_' || c >= 0x80:
			plain = false
		default:
			return "", false
		}
	}
	if plain {
		return s, true
	}
	return asciiRunes(s)
}

func asciiRunes(s string) (string, bool) {
	out := make([]byte, 0, len(s))
	before := byte(0)
	for _, r := range s {
		c := asciiDigit(r)
		isDigit := c >= '0' && c <= '9'
		if c == 0 || before == '_' && !isDigit || c == '_' && (before < '0' || before > '9') {
			return "", false
		}
		if before = c; c != '_' {
			out = append(out, c)
		}
	}
	return string(out), before != '_'
}

// asciiDigit returns the ASCII character that Python reads r as, 0 where there is none. Digits stand in Unicode in runs of
// ten, or of several tens, from zero to nine.
func asciiDigit(r rune) byte {
	if r < 0x80 {
		return byte(r)
	}
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	return 0
}

// hashTime returns the form in which a time without white space around it is hashed: in UTC, with milliseconds, half of one
// rounded to the even one after the sixth decimal place and all behind it were cut off. A time without an offset is in UTC.
// What is no time, such as one with second 60, stays as it is.
func hashTime(s string) string {
	t, ok := isoTime(s)
	if !ok {
		return s
	}
	micros := int64(t.Nanosecond() / 1000)
	millis := micros / 1000
	if rest := micros % 1000; rest > 500 || rest == 500 && millis%2 == 1 {
		millis++
	}
	t = t.Truncate(time.Second).Add(time.Duration(millis) * time.Millisecond).UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return s
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// isoTime reads a date of ISO 8601 with or without a time and an offset.
func isoTime(s string) (time.Time, bool) {
	c := clockReader{rest: s, ok: true}
	year := c.digits(4)
	dashed := c.skip("-")
	month := c.digits(2)
	if dashed && !c.skip("-") {
		c.ok = false
	}
	day := c.digits(2)
	var hour, minute, second, nano int
	if c.rest != "" {
		if !c.skip("T") && !c.skip("t") && !c.skip(" ") {
			c.ok = false
		}
		hour, minute, second, nano = c.clock()
	}
	east := c.offset()
	t := time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	same := t.Month() == time.Month(month) && t.Day() == day
	if !c.ok || c.rest != "" || year == 0 || !same || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return t.Add(-time.Duration(east) * time.Minute), true
}

// clockReader reads a time piece by piece.
type clockReader struct {
	rest string
	ok   bool
}

// digits reads a number of exactly n digits.
func (c *clockReader) digits(n int) int {
	if len(c.rest) < n || !isDigits(c.rest[:n]) {
		c.ok = false
		return 0
	}
	v, _ := strconv.Atoi(c.rest[:n])
	c.rest = c.rest[n:]
	return v
}

// skip reads a mark if it is there.
func (c *clockReader) skip(mark string) (found bool) {
	c.rest, found = strings.CutPrefix(c.rest, mark)
	return found
}

// clock reads hour, minute, second and a fraction, each of which but the first may be missing.
func (c *clockReader) clock() (hour, minute, second, nano int) {
	hour = c.digits(2)
	colon := c.skip(":")
	if !colon && !c.startsWithDigit() {
		return hour, 0, 0, 0
	}
	minute = c.digits(2)
	if colon && c.skip(":") || !colon && c.startsWithDigit() {
		second = c.digits(2)
		nano = c.fraction()
	}
	return hour, minute, second, nano
}

func (c *clockReader) startsWithDigit() bool {
	return c.rest != "" && c.rest[0] >= '0' && c.rest[0] <= '9'
}

// fraction reads the decimal places of a second, of which six count.
func (c *clockReader) fraction() int {
	if !c.skip(".") && !c.skip(",") {
		return 0
	}
	places := c.rest[:len(c.rest)-len(strings.TrimLeft(c.rest, "0123456789"))]
	c.ok = c.ok && places != ""
	c.rest = c.rest[len(places):]
	micros, _ := strconv.Atoi((places + "000000")[:6])
	return micros * 1000
}

// offset reads the offset from UTC, in minutes east of it.
func (c *clockReader) offset() int {
	c.rest = strings.TrimLeft(c.rest, " ")
	if c.rest == "" || c.skip("Z") || c.skip("z") || c.skip("UTC") || c.skip("GMT") {
		return 0
	}
	west := c.skip("-")
	if !west && !c.skip("+") {
		c.ok = false
		return 0
	}
	east := 60 * c.digits(2)
	if c.skip(":") || c.rest != "" {
		east += c.digits(2)
	}
	if west {
		east = -east
	}
	c.ok = c.ok && east > -24*60 && east < 24*60
	return east
}
