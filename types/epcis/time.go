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

// parseTime reads a date-time of RFC 3339 section 5.6 as Unix milliseconds. Finer fractions are cut off; a leap second is the
// first second after it. time.Parse is more lenient: it takes a comma for the point.
func parseTime(s string) (ms int64, ok bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[10]|0x20 != 't' {
		return 0, false
	}
	date, clock, zone := s[:10], s[11:19], s[19:]
	if fraction, isFraction := strings.CutPrefix(zone, "."); isFraction {
		digits := fraction[:len(fraction)-len(strings.TrimLeft(fraction, "0123456789"))]
		zone = fraction[len(digits):]
		if digits == "" {
			return 0, false
		}
		ms, _ = strconv.ParseInt((digits + "00")[:3], 10, 64)
	}
	east, ok := parseZone(zone)
	if !ok {
		return 0, false
	}
	leap := strings.HasSuffix(clock, ":60")
	if leap {
		clock = clock[:6] + "59"
	}
	t, err := time.ParseInLocation(layout, date+" "+clock, time.UTC)
	if err != nil || t.Format(layout) != date+" "+clock {
		return 0, false
	}
	utc := t.UnixMilli() - east*60_000
	if leap {
		utc += 1000
		ok = utc%(24*60*60_000) == 0
	}
	return utc + ms, ok
}

const layout = "2006-01-02 15:04:05"

// parseZone reads the offset at the end of a date-time in minutes east of UTC.
func parseZone(s string) (east int64, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+08:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hour, err := strconv.ParseUint(s[1:3], 10, 8)
	minute, err2 := strconv.ParseUint(s[4:6], 10, 8)
	east = int64(hour)*60 + int64(minute)
	if s[0] == '-' {
		east = -east
	}
	return east, err == nil && err2 == nil && hour < 24 && minute < 60
}

// isOffset reports whether s is an offset from UTC as eventTimeZoneOffset wants it: -14:00 to +14:00.
func isOffset(s string) bool {
	east, ok := parseZone(s)
	return ok && len(s) > 1 && east >= -14*60 && east <= 14*60
}
