package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/ceb/review"
)

// scored is a set's score with what went wrong in it.
type scored struct {
	review.Scores
	Missed []review.PlantedFault `json:"missedFaults"`
	Alarms []review.Finding      `json:"falseAlarmFindings"`
}

// compare scores the findings against the planted faults of a set.
func (c *cebCheck) compare(dir string, findings []review.Finding) error {
	path := c.score
	if path == scoreDefault {
		path = filepath.Join(dir, scoreDefault)
	}
	data, err := readFile(path, maxGenesis)
	if err != nil {
		return usage("`carya ceb generate --faults 0.5` writes it", err)
	}
	var planted struct {
		Faults []review.PlantedFault `json:"faults"`
	}
	if err := json.Unmarshal(data, &planted); err != nil {
		return usage("", fmt.Errorf("%s: %w", path, err))
	}
	s := scoreOf(findings, planted.Faults)
	c.tellScore(s)
	if err := c.emit(s); err != nil {
		return err
	}
	if s.Found != s.Planted || s.FalseAlarms > 0 {
		return errScore
	}
	return nil
}

// scoreOf scores order by order: what was found in one order cannot be what was planted in another. Findings about a file
// as a whole go to the order whose fault was planted in that file.
func scoreOf(findings []review.Finding, planted []review.PlantedFault) *scored {
	type heap struct {
		findings []review.Finding
		planted  []review.PlantedFault
	}
	heaps, inFile := map[string]*heap{}, map[string]string{}
	at := func(order string) *heap {
		if heaps[order] == nil {
			heaps[order] = &heap{}
		}
		return heaps[order]
	}
	for _, p := range planted {
		at(p.Order).planted = append(at(p.Order).planted, p)
		inFile[p.File] = p.Order
	}
	for _, f := range findings {
		order := f.Order
		if order == "" {
			order = inFile[f.File]
		}
		at(order).findings = append(at(order).findings, f)
	}
	s := &scored{Missed: []review.PlantedFault{}, Alarms: []review.Finding{}}
	for _, h := range heaps {
		s.add(h.findings, h.planted)
	}
	s.sort()
	return s
}

func (s *scored) add(findings []review.Finding, planted []review.PlantedFault) {
	score := review.Score(findings, planted)
	sumCounts(&s.Count, &score.Count)
	for i := range score.Words {
		word := &score.Words[i]
		at := slices.IndexFunc(s.Words, func(c review.Count) bool { return c.Fault == word.Fault })
		if at < 0 {
			at = len(s.Words)
			s.Words = append(s.Words, review.Count{Fault: word.Fault})
		}
		sumCounts(&s.Words[at], word)
	}
	for _, p := range planted {
		if score.Missed > 0 && review.Score(findings, []review.PlantedFault{p}).Missed > 0 {
			s.Missed = append(s.Missed, p)
		}
	}
	if score.FalseAlarms > 0 {
		for _, f := range findings {
			if f.Severity == review.Fault {
				s.Alarms = append(s.Alarms, f)
			}
		}
	}
}

func sumCounts(to, from *review.Count) {
	to.Planted += from.Planted
	to.Found += from.Found
	to.Missed += from.Missed
	to.WrongParty += from.WrongParty
	to.WrongField += from.WrongField
	to.Surplus += from.Surplus
	to.FalseAlarms += from.FalseAlarms
}

func (s *scored) sort() {
	slices.SortFunc(s.Words, func(a, b review.Count) int { return strings.Compare(a.Fault, b.Fault) })
	slices.SortFunc(s.Missed, func(a, b review.PlantedFault) int {
		return cmp.Or(strings.Compare(a.Fault, b.Fault), strings.Compare(a.Order, b.Order))
	})
	slices.SortFunc(s.Alarms, func(a, b review.Finding) int {
		return cmp.Or(strings.Compare(a.Fault, b.Fault), strings.Compare(a.Order, b.Order), strings.Compare(a.Field, b.Field))
	})
}

func (c *cebCheck) tellScore(s *scored) {
	rows := [][]string{{"FAULT", "PLANTED", "FOUND", "RIGHT PARTY", "RIGHT FIELD", "MISSED", "MORE", "FALSE ALARMS"}}
	for i := range s.Words {
		rows = append(rows, scoreRow(s.Words[i].Fault, &s.Words[i]))
	}
	c.table(append(rows, scoreRow("all", &s.Count)))
	for _, p := range s.Missed {
		c.say("✗ missed: %s in order %s, %s of %s: %s", p.Fault, p.Order, p.Field, p.Party, first(p.File, "(missing)"))
	}
	for _, f := range s.Alarms {
		c.say("✗ false alarm: %s in order %s, %s %s: %s", f.Fault, f.Order, f.File, f.Field, oneLine(bothValues(&f)))
	}
}

func scoreRow(name string, c *review.Count) []string {
	row := []string{name}
	for _, n := range []int{c.Planted, c.Found, c.Found - c.WrongParty, c.Found - c.WrongField, c.Missed, c.Surplus, c.FalseAlarms} {
		row = append(row, strconv.Itoa(n))
	}
	return row
}
