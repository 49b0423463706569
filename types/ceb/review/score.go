package review

import (
	"slices"
	"strings"
)

// PlantedFault is a fault that somebody put into a set of messages on purpose, as faults.json lists them.
type PlantedFault struct {
	Order    string `json:"order"`
	Platform string `json:"platform,omitempty"`
	Fault    string `json:"fault"`
	Field    string `json:"field"`
	Party    string `json:"party"`
	File     string `json:"file"`
}

// Scores says how well findings meet planted faults, in all and for each word.
type Scores struct {
	Count
	Words []Count `json:"words"` // sorted by word; false alarms stand under the word of the alarm
}

// Count is a score. A planted fault that was found may at the same time count under WrongParty and WrongField.
type Count struct {
	Fault       string `json:"fault,omitempty"`
	Planted     int    `json:"planted"`
	Found       int    `json:"found"`
	Missed      int    `json:"missed"`
	WrongParty  int    `json:"wrongParty"`
	WrongField  int    `json:"wrongField"`
	Surplus     int    `json:"surplus"`     // further findings of severity fault on an order with a planted fault
	FalseAlarms int    `json:"falseAlarms"` // findings of severity fault on orders where nothing was planted
}

// Score compares findings with planted faults. A planted fault is found when its order has a finding of its word; the
// schema words count as one, since a value can be faulty in several ways at once.
func Score(findings []Finding, faults []PlantedFault) Scores {
	s := &scorer{}
	used := make([]bool, len(findings))
	for _, fault := range faults {
		s.planted(fault, findings, used)
	}
	for i := range findings {
		if f := &findings[i]; f.Severity == Fault && !used[i] {
			s.unexpected(f, faults)
		}
	}
	slices.SortFunc(s.score.Words, func(a, b Count) int { return strings.Compare(a.Fault, b.Fault) })
	return s.score
}

type scorer struct {
	score Scores
}

// count adds to the total and to a word.
func (s *scorer) count(word string, add func(*Count)) {
	i := slices.IndexFunc(s.score.Words, func(c Count) bool { return c.Fault == word })
	if i < 0 {
		i = len(s.score.Words)
		s.score.Words = append(s.score.Words, Count{Fault: word})
	}
	add(&s.score.Words[i])
	add(&s.score.Count)
}

// planted looks for the finding that meets a fault best.
func (s *scorer) planted(fault PlantedFault, findings []Finding, used []bool) {
	s.count(fault.Fault, func(c *Count) { c.Planted++ })
	best, merit := -1, -1
	for i := range findings {
		f := &findings[i]
		if used[i] || !about(f, fault) || !sameWord(f, fault) {
			continue
		}
		m := 0
		if sameField(f.Field, fault.Field) {
			m += 2
		}
		if f.Party == fault.Party {
			m++
		}
		if m > merit {
			best, merit = i, m
		}
	}
	if best < 0 {
		s.count(fault.Fault, func(c *Count) { c.Missed++ })
		return
	}
	used[best] = true
	s.count(fault.Fault, func(c *Count) {
		c.Found++
		if findings[best].Party != fault.Party {
			c.WrongParty++
		}
		if !sameField(findings[best].Field, fault.Field) {
			c.WrongField++
		}
	})
}

// about reports whether a finding is about the order of a planted fault, or, when it names none, about its file.
func about(f *Finding, fault PlantedFault) bool {
	if f.Order == "" {
		return f.File == fault.File
	}
	return f.Order == fault.Order && (fault.Platform == "" || f.Platform == "" || f.Platform == fault.Platform)
}

// sameWord compares words. A currency that the schema fixes is a fault of the schema and of the business at once.
func sameWord(f *Finding, fault PlantedFault) bool {
	family := func(word string) bool { return strings.HasPrefix(word, "SCHEMA_") || word == "XML" }
	return f.Fault == fault.Fault || family(f.Fault) && family(fault.Fault) ||
		family(f.Fault) && fault.Fault == "CURRENCY" && local(f.Field) == "currency"
}

// sameField compares the last steps of two paths. The field of a missing document may be left open.
func sameField(found, planted string) bool {
	return planted == "" || local(found) == local(planted)
}

func (s *scorer) unexpected(f *Finding, faults []PlantedFault) {
	if slices.ContainsFunc(faults, func(fault PlantedFault) bool { return about(f, fault) }) {
		s.count(f.Fault, func(c *Count) { c.Surplus++ })
		return
	}
	s.count(f.Fault, func(c *Count) { c.FalseAlarms++ })
}
