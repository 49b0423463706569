package epcis

import (
	"strconv"
	"strings"
	"time"
)

// time reads the member with this name, 0 where it is not there.
func (r *reader) time(v *value, name string) int64 {
	m := v.getKind(name, text)
	if m == nil {
		return 0
	}
	ms, ok := parseTime(m.text)
	if !ok {
		r.failAt(name, CodeValue, "%s is not a date and time with offset (2026-11-23T08:30:00.000+08:00)", m.text)
	}
	return ms
}

// parseTime reads a dateTimeStamp of XML Schema 1.1 as Unix milliseconds. Finer fractions are cut off. Leap seconds, hour 24
// and years outside 0000 to 9999 are not ok. time.Parse is more lenient: it takes a comma for the point.
func parseTime(s string) (ms int64, ok bool) {
	if len(s) < len("2006-01-02T15:04:05Z") {
		return 0, false
	}
	clock, zone := s[:19], s[19:]
	if fraction, isFraction := strings.CutPrefix(zone, "."); isFraction {
		digits := fraction[:len(fraction)-len(strings.TrimLeft(fraction, "0123456789"))]
		zone = fraction[len(digits):]
		if digits == "" {
			return 0, false
		}
		ms, _ = strconv.ParseInt((digits + "00")[:3], 10, 64)
	}
	if zone != "Z" && !isOffset(zone) {
		return 0, false
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05Z07:00", clock+zone, time.UTC)
	return t.UnixMilli() + ms, err == nil && clock == t.Format("2006-01-02T15:04:05")
}

// isOffset reports whether s is an offset from UTC as eventTimeZoneOffset wants it: -14:00 to +14:00.
func isOffset(s string) bool {
	if len(s) != len("+08:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return false
	}
	hour, err := strconv.ParseUint(s[1:3], 10, 8)
	minute, err2 := strconv.ParseUint(s[4:6], 10, 8)
	return err == nil && err2 == nil && (hour < 14 && minute < 60 || hour == 14 && minute == 0)
}
