package ceb

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// orStandard is the text of an element, which may be empty for the standard value.
func (e *element) orStandard(raw string) string {
	if raw == "" {
		return e.standard
	}
	return raw
}

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
	case instant:
		value := collapse(raw)
		return value, readInstant(value)
	case binary:
		value := strings.ReplaceAll(collapse(raw), " ", "")
		return value, readBinary(value)
	case identifier:
		value := collapse(raw)
		return value, readIdentifier(value)
	}
	if e.collapse {
		raw = collapse(raw)
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
	case e.fixed && value != e.standard:
		return flaw(NotAllowed, "%s, only %q", quoted(value), e.standard)
	case e.content != text:
		_, fault := parseTime(value, e.content)
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

// readInstant checks an xs:dateTime, with or without fractions of a second and zone. Midnight is written 00:00:00 only.
func readInstant(value string) *Error {
	_, local := time.Parse("2006-01-02T15:04:05", value)
	_, zoned := time.Parse(time.RFC3339, value)
	if local != nil && zoned != nil || strings.Contains(value, ",") {
		return flaw(NotATime, "%s is no time yyyy-MM-ddTHH:mm:ss", quoted(value))
	}
	return nil
}

func readBinary(value string) *Error {
	if _, err := base64.StdEncoding.Strict().DecodeString(value); err != nil {
		return flaw(Malformed, "%s is not in Base64", quoted(value))
	}
	return nil
}

func readIdentifier(value string) *Error {
	if !simpleName(value) {
		return flaw(NotAllowed, "%s is no identifier of XML", quoted(value))
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

// layouts are the formats of times, as the specification spells them.
var layouts = [...]string{dateTime: "yyyyMMddHHmmss", date: "yyyyMMdd", moment: "yyyyMMddHHmmssSSS"}

// china is the zone of all times in customs messages. China has kept UTC+8 without summer time since 1991.
var china = time.FixedZone("UTC+8", 8*60*60)

// ParseTime reads a C14 time, yyyyMMddHHmmss in China standard time (UTC+8), into Unix milliseconds. The error is an
// *Error of kind NotATime.
func ParseTime(s string) (int64, error) {
	t, fault := parseTime(s, dateTime)
	if fault != nil {
		return 0, fault
	}
	return t, nil
}

// ParseMoment reads the C17 time of a receipt, yyyyMMddHHmmssSSS in China standard time, into Unix milliseconds. The error
// is an *Error of kind NotATime.
func ParseMoment(s string) (int64, error) {
	t, fault := parseTime(s, moment)
	if fault != nil {
		return 0, fault
	}
	return t, nil
}

func parseTime(s string, format content) (int64, *Error) {
	layout := layouts[format]
	if len(s) != len(layout) || !allDigits(s) {
		return 0, flaw(NotATime, "%s is no time %s", quoted(s), layout)
	}
	numbers := [...]int{4: 0} // month, day, hour, minute, second
	for i := range numbers {
		if at := 4 + 2*i; at < len(s) {
			numbers[i], _ = strconv.Atoi(s[at : at+2])
		}
	}
	year, _ := strconv.Atoi(s[:4])
	milliseconds, _ := strconv.Atoi(s[min(len(s), 14):])
	month, day, hour, minute, second := numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, china)
	// time.Date carries over what does not exist, such as the 30th of February.
	if t.Month() != time.Month(month) || t.Day() != day || t.Hour() != hour || t.Minute() != minute || t.Second() != second {
		return 0, flaw(NotATime, "%s is no time %s of the calendar", quoted(s), layout)
	}
	return t.UnixMilli() + int64(milliseconds), nil
}
