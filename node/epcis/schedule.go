package epcisrest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// schedule says when a subscription's query is run (EPCIS 2.0, query-schedule.json), in
// UTC. A field is a list of numbers and ranges: 0,[10-20]. What is not said is any
// value, but for what is finer than everything that is said: that is its first value, so
// that hour 1 and minute 5 is once a day.
type schedule struct {
	Second     string `json:"second,omitempty"`
	Minute     string `json:"minute,omitempty"`
	Hour       string `json:"hour,omitempty"`
	DayOfMonth string `json:"dayOfMonth,omitempty"`
	Month      string `json:"month,omitempty"`
	DayOfWeek  string `json:"dayOfWeek,omitempty"` // 1 = Monday
}

// calendar is a schedule that was read: for each field the values it may have.
type calendar struct{ second, minute, hour, day, month, weekday *[60]bool }

func (s *schedule) read() (*calendar, error) {
	c := &calendar{}
	said := s.DayOfMonth != "" || s.Month != "" || s.DayOfWeek != ""
	for _, row := range []struct {
		name, text  string
		least, most int
		into        **[60]bool
	}{
		{"dayOfWeek", s.DayOfWeek, 1, 7, &c.weekday},
		{"month", s.Month, 1, 12, &c.month},
		{"dayOfMonth", s.DayOfMonth, 1, 31, &c.day},
		{"hour", s.Hour, 0, 23, &c.hour},
		{"minute", s.Minute, 0, 59, &c.minute},
		{"second", s.Second, 0, 59, &c.second},
	} {
		text := row.text
		if text == "" {
			text = fmt.Sprintf("[%d-%d]", row.least, row.most)
			if row.least == 0 && !s.finer(row.name) {
				text = "0"
			}
		}
		set, err := readElements(text, row.least, row.most)
		if err != nil {
			return nil, fmt.Errorf("schedule.%s: %.40q: %v", row.name, row.text, err)
		}
		*row.into = set
	}
	if !said && s.Hour == "" && s.Minute == "" && s.Second == "" {
		return nil, fmt.Errorf("the schedule says nothing")
	}
	return c, nil
}

// finer reports whether the schedule says something finer than a field of the time.
func (s *schedule) finer(name string) bool {
	switch name {
	case "hour":
		return s.Minute != "" || s.Second != ""
	case "minute":
		return s.Second != ""
	}
	return false
}

func readElements(text string, least, most int) (*[60]bool, error) {
	var set [60]bool
	for element := range strings.SplitSeq(text, ",") {
		from, to := element, element
		if inner, ok := strings.CutPrefix(element, "["); ok {
			inner, closed := strings.CutSuffix(inner, "]")
			if from, to, ok = strings.Cut(inner, "-"); !ok || !closed {
				return nil, fmt.Errorf("a range is written [10-20]")
			}
		}
		a, errA := strconv.ParseUint(from, 10, 8)
		b, errB := strconv.ParseUint(to, 10, 8)
		if errA != nil || errB != nil || int(a) < least || int(b) > most || a > b {
			return nil, fmt.Errorf("numbers from %d to %d, or ranges of them such as [%d-%d]", least, most, least, most)
		}
		for n := a; n <= b; n++ {
			set[n] = true
		}
	}
	return &set, nil
}

// maxYears is how far ahead a day is looked for: the 29th of February can be 8 years away.
const maxYears = 9

// next returns the first time of the schedule after another; ok is false when there is none.
func (c *calendar) next(after time.Time) (at time.Time, ok bool) {
	start := after.UTC().Truncate(time.Second).Add(time.Second)
	day := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	for range 366 * maxYears {
		if c.hasDay(day) {
			if at, ok := c.timeOn(day, start); ok {
				return at, true
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}

func (c *calendar) hasDay(t time.Time) bool {
	weekday := (int(t.Weekday())+6)%7 + 1
	return c.month[t.Month()] && c.day[t.Day()] && c.weekday[weekday]
}

// timeOn returns the first time on a day that is not before start.
func (c *calendar) timeOn(day, start time.Time) (time.Time, bool) {
	for hour := range 24 {
		if t := day.Add(time.Duration(hour) * time.Hour); !c.hour[hour] || t.Add(time.Hour).Before(start) {
			continue
		}
		for minute := range 60 {
			t := day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
			if !c.minute[minute] || t.Add(time.Minute).Before(start) {
				continue
			}
			for second := range 60 {
				if t := t.Add(time.Duration(second) * time.Second); c.second[second] && !t.Before(start) {
					return t, true
				}
			}
		}
	}
	return time.Time{}, false
}
