package gs1

import (
	"strconv"
	"strings"
)

// ParseAmount reads a decimal number, in the grammar of JSON numbers (RFC 8259 section 6), as an integer of 10^-5 without
// passing through binary fractions. It fails with [CodeRange] on what is negative, over [MaxAmount] or finer than 10^-5,
// and with [CodeSyntax] on what is no number.
func ParseAmount(s string) (uint64, error) {
	d, ok := ParseDecimal(s)
	switch {
	case !ok:
		return 0, &Error{CodeSyntax, "quantity", s + " is not a decimal number"}
	case d.Digits == "":
		return 0, nil
	case d.Negative:
		return 0, &Error{CodeRange, "quantity", s + " is negative"}
	case d.Exponent < -AmountDecimals:
		return 0, &Error{CodeRange, "quantity", s + " has more than 5 decimals"}
	case len(d.Digits)+d.Exponent > 12:
		return 0, &Error{CodeRange, "quantity", s + " is over 90071992547.40991"}
	}
	amount, err := strconv.ParseUint(d.Digits+strings.Repeat("0", d.Exponent+AmountDecimals), 10, 64)
	if err != nil || amount > MaxAmount {
		return 0, &Error{CodeRange, "quantity", s + " is over 90071992547.40991"}
	}
	return amount, nil
}

// FormatAmount writes an amount of 10^-5 as a decimal number without trailing zeros.
func FormatAmount(amount uint64) string {
	s := strconv.FormatUint(amount/AmountScale, 10)
	if rest := amount % AmountScale; rest > 0 {
		s += "." + strings.TrimRight(strconv.FormatUint(AmountScale+rest, 10)[1:], "0")
	}
	return s
}

// Decimal is a decimal number taken apart: ±Digits·10^Exponent. Digits has no zeros at either end and is empty for zero.
type Decimal struct {
	Negative bool
	Digits   string
	Exponent int
}

// ParseDecimal takes a number in the grammar of RFC 8259 section 6 apart. Exponents of more than six digits are not ok:
// nothing measured needs them, and they cost whoever writes the number out.
func ParseDecimal(s string) (d Decimal, ok bool) {
	s, d.Negative = strings.CutPrefix(s, "-")
	mantissa, power := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, power = s[:i], s[i+1:]
		if d.Exponent, ok = parseExponent(power); !ok {
			return Decimal{}, false
		}
	}
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if !isWhole(whole) || dotted && fraction == "" || digit.firstOutside(fraction) >= 0 {
		return Decimal{}, false
	}
	all := strings.TrimLeft(whole+fraction, "0")
	d.Digits = strings.TrimRight(all, "0")
	d.Exponent += len(all) - len(d.Digits) - len(fraction)
	if d.Digits == "" {
		return Decimal{}, true
	}
	return d, true
}

// isWhole reports whether s is digits without a leading zero, or the one digit 0.
func isWhole(s string) bool { return s == "0" || s != "" && number.firstOutside(s) < 0 }

func parseExponent(s string) (int, bool) {
	digits := strings.TrimPrefix(s, "+")
	if len(digits) == len(s) {
		digits = strings.TrimPrefix(s, "-")
	}
	if digits == "" || len(digits) > 6 || digit.firstOutside(digits) >= 0 {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimPrefix(s, "+"))
	return n, err == nil
}
