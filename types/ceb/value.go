package ceb

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// read checks one value against its row in the table and returns it as its type leaves it.
func (e *element) read(raw string) (string, *Error) {
	switch e.content {
	case decimal:
		value := strings.Trim(raw, whitespace)
		_, fault := parseDecimal(value)
		return value, fault
	case integer:
		value := strings.Trim(raw, whitespace)
		return value, e.readWhole(value)
	}
	if raw == "" && e.fixed != "" {
		return e.fixed, nil
	}
	return raw, e.readText(raw)
}

func (e *element) readText(value string) *Error {
	switch n := utf8.RuneCountInString(value); {
	case e.short == e.long && n != e.long:
		return flaw(WrongLength, "%d characters, exactly %d", n, e.long)
	case n < e.short:
		return flaw(WrongLength, "empty, at least %d character", e.short)
	case n > e.long:
		return flaw(TooLong, "%d characters, at most %d", n, e.long)
	case e.fixed != "" && value != e.fixed:
		return flaw(NotAllowed, "%s, only %q", quoted(value), e.fixed)
	case e.content == dateTime:
		_, fault := parseTime(value, dateTimeLayout)
		return fault
	case e.content == date:
		_, fault := parseTime(value, dateLayout)
		return fault
	}
	return nil
}

// readWhole checks an xs:int: an optional sign and digits, within 32 bits, leading zeros not counted.
func (e *element) readWhole(value string) *Error {
	_, err := strconv.ParseInt(value, 10, 32)
	switch digits := unsigned(value); {
	case digits == "" || !allDigits(digits):
		return flaw(NotANumber, "%s is no whole number", quoted(value))
	case e.long > 0 && len(strings.TrimLeft(digits, "0")) > e.long:
		return flaw(TooLong, "%d digits, at most %d", len(strings.TrimLeft(digits, "0")), e.long)
	case err != nil:
		return flaw(TooLarge, "%s is outside the 32-bit whole numbers", quoted(value))
	}
	return nil
}

// unsigned removes one sign.
func unsigned(number string) string {
	if number != "" && (number[0] == '+' || number[0] == '-') {
		return number[1:]
	}
	return number
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// blank reports whether text is white space as XML knows it.
func blank(text []byte) bool {
	return len(bytes.Trim(text, whitespace)) == 0
}

// whitespace is what the schema's "collapse" removes around numbers.
const whitespace = " \t\r\n"

const (
	dateTimeLayout = "20060102150405"
	dateLayout     = "20060102"
)

// china is the zone of all times in customs messages. China has kept UTC+8 without summer time since 1991.
var china = time.FixedZone("UTC+8", 8*60*60)

// ParseTime reads a C14 time, yyyyMMddHHmmss in China standard time (UTC+8), into Unix milliseconds. The error is an
// *Error of kind NotATime.
func ParseTime(s string) (int64, error) {
	t, fault := parseTime(s, dateTimeLayout)
	if fault != nil {
		return 0, fault
	}
	return t, nil
}

func parseTime(s, layout string) (int64, *Error) {
	// The length is compared because time.Parse would also take fractions of a second.
	t, err := time.ParseInLocation(layout, s, china)
	if err != nil || len(s) != len(layout) {
		return 0, flaw(NotATime, "%s is no %s of the calendar", quoted(s), layoutWords(layout))
	}
	return t.UnixMilli(), nil
}

func layoutWords(layout string) string {
	if layout == dateLayout {
		return "date yyyyMMdd"
	}
	return "time yyyyMMddHHmmss"
}
