package ceb

import (
	"math"
	"strconv"
	"strings"
)

// Decimal is a number of type N19,5 in units of 10^-5. Its range, ±92,233,720,368,547.75807, is a little less than the
// 19 digits the schema allows; ParseDecimal refuses what lies beyond.
type Decimal int64

const (
	decimalPlaces = 5
	decimalDigits = 19
)

// ParseDecimal reads the schema's xs:decimal with at most 19 digits, 5 of them after the point: an optional sign, digits,
// an optional point and more digits, as in "19050", "-0.5", "+.5" or "7.". Zeros at either end do not count as digits.
// There must be no spaces. The error is an *Error of kind NotANumber, TooLong or TooLarge.
func ParseDecimal(s string) (Decimal, error) {
	d, fault := parseDecimal(s)
	if fault != nil {
		return 0, fault
	}
	return d, nil
}

func parseDecimal(s string) (Decimal, *Error) {
	before, after, _ := strings.Cut(unsigned(s), ".")
	if before+after == "" || !allDigits(before) || !allDigits(after) {
		return 0, flaw(NotANumber, "%s is no decimal number", quoted(s))
	}
	before, after = strings.TrimLeft(before, "0"), strings.TrimRight(after, "0")
	switch {
	case len(after) > decimalPlaces:
		return 0, flaw(TooLong, "%d decimal places, at most %d", len(after), decimalPlaces)
	case len(before)+len(after) > decimalDigits:
		return 0, flaw(TooLong, "%d digits, at most %d", len(before)+len(after), decimalDigits)
	}
	return scale(s, before+after+strings.Repeat("0", decimalPlaces-len(after)))
}

// scale gives the units of s the sign of s. The lowest int64 is left out, so that a Decimal can always be negated.
func scale(s, units string) (Decimal, *Error) {
	n, err := strconv.ParseUint("0"+units, 10, 64)
	if err != nil || n > math.MaxInt64 {
		return 0, flaw(TooLarge, "%s is larger than %s", quoted(s), Decimal(math.MaxInt64))
	}
	if s[0] == '-' {
		return -Decimal(n), nil
	}
	return Decimal(n), nil
}

// String returns the canonical form: no plus sign, no zeros at either end, no point without decimals, and "0" for zero.
// Equal numbers have equal strings.
func (d Decimal) String() string {
	digits := strconv.FormatUint(d.magnitude(), 10)
	digits = strings.Repeat("0", max(0, decimalPlaces+1-len(digits))) + digits
	point := len(digits) - decimalPlaces
	s := strings.TrimRight(digits[:point]+"."+digits[point:], "0")
	s = strings.TrimSuffix(s, ".")
	if d < 0 {
		return "-" + s
	}
	return s
}

func (d Decimal) magnitude() uint64 {
	if d < 0 {
		return -uint64(d)
	}
	return uint64(d)
}

// plus adds, and reports false when the sum is out of range.
func (d Decimal) plus(e Decimal) (Decimal, bool) {
	sum := d + e
	return sum, (sum > d) == (e > 0)
}
