package gs1

import "strings"

// CheckDigit returns the check digit that belongs behind digits: the modulo 10 algorithm of the GS1 General Specifications
// section 7.9, weights 3 and 1 alternating from the right. It fails with [CodeCharacters] on anything but digits and with
// [CodeLength] on nothing at all.
func CheckDigit(digits string) (byte, error) {
	if digits == "" {
		return 0, &Error{CodeLength, "number", "no digits"}
	}
	if i := digit.firstOutside(digits); i >= 0 {
		return 0, fault(CodeCharacters, "number", digits, "%q is not a digit", digits[i])
	}
	return checkDigit(digits), nil
}

// checkDigit is CheckDigit for what is known to be digits.
func checkDigit(digits string) byte {
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += weight * int(digits[i]-'0')
		weight = 4 - weight
	}
	return byte('0' + (10-sum%10)%10)
}

// charset is a rule for the characters of a whole string.
type charset uint8

const (
	digit  charset = iota // 0-9
	number                // digits without a leading zero
	cset39                // GS1 AI encodable character set 39
	cset82                // GS1 AI encodable character set 82
)

// firstOutside returns the index of the first byte of s that the set does not allow there, or -1.
func (set charset) firstOutside(s string) int {
	for i := range len(s) {
		if !set.allows(s[i]) || set == number && i == 0 && s[0] == '0' {
			return i
		}
	}
	return -1
}

func (set charset) allows(c byte) bool {
	switch {
	case c >= '0' && c <= '9':
		return true
	case set == cset39:
		return c >= 'A' && c <= 'Z' || strings.IndexByte("#-/", c) >= 0
	case set == cset82:
		return isLetter(c) || strings.IndexByte("!\"%&'()*+,-./:;<=>?_", c) >= 0
	}
	return false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

const upperHex = "0123456789ABCDEF"

// Escape percent-encodes everything but the unreserved characters of RFC 3986 section 2.3, which makes the result safe as
// one segment of a web address and of a ledger key.
func Escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isLetter(c) || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upperHex[c>>4])
		b.WriteByte(upperHex[c&15])
	}
	return b.String()
}

// Unescape undoes percent-encoding. It reports false for a percent sign that two hexadecimal digits do not follow.
func Unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		high, low := hexValue(s[i+1]), hexValue(s[i+2])
		if high < 0 || low < 0 {
			return "", false
		}
		b.WriteByte(byte(high<<4 | low))
		i += 2
	}
	return b.String(), true
}

// hexValue returns the value of a hexadecimal digit of either case, or -1.
func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
