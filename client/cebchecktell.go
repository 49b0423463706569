package client

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/ceb/review"
)

// checkSummary is the last line of `carya ceb check --json`.
type checkSummary struct {
	Files     int            `json:"files"`     // messages and tables that were read
	Receipts  int            `json:"receipts"`  // answers of customs that were left out
	Documents int            `json:"documents"` // in the messages
	Kinds     map[string]int `json:"kinds"`     // documents by kind, such as CEB311
	Orders    int            `json:"orders"`
	Complete  int            `json:"complete"` // orders of which every document is there
	Faults    int            `json:"faults"`
	Warnings  int            `json:"warnings"`
	Notes     int            `json:"notes"`
	Parties   map[string]int `json:"parties"` // faults by who has to put them right
}

func (c *cebCheck) summary(findings []review.Finding) *checkSummary {
	all := c.review.Summary()
	s := &checkSummary{
		Files: c.files, Receipts: c.receipts, Kinds: map[string]int{}, Orders: all.Orders, Complete: all.Complete, Parties: map[string]int{},
	}
	for kind, n := range all.Documents {
		if !slices.Contains(listAnswers, strings.TrimPrefix(kind, "CEB")) {
			s.Kinds[kind] = n
			s.Documents += n
		}
	}
	for i := range findings {
		switch findings[i].Severity {
		case review.Fault:
			s.Faults++
			s.Parties[findings[i].Party]++
		case review.Warning:
			s.Warnings++
		default:
			s.Notes++
		}
	}
	return s
}

// byOrder sorts findings: orders with faults first, what is about files as a whole last, and in each the gravest first.
func byOrder(findings []review.Finding) {
	rejected := map[[2]string]bool{}
	for i := range findings {
		if f := &findings[i]; f.Severity == review.Fault {
			rejected[[2]string{f.Platform, f.Order}] = true
		}
	}
	rank := func(f *review.Finding) int {
		switch {
		case f.Order == "":
			return 2
		case rejected[[2]string{f.Platform, f.Order}]:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(findings, func(a, b review.Finding) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), strings.Compare(a.Platform, b.Platform), strings.Compare(a.Order, b.Order),
			cmp.Compare(severityRank[a.Severity], severityRank[b.Severity]))
	})
}

var severityRank = map[string]int{review.Fault: 0, review.Warning: 1, review.Note: 2}

// mostNotes is how many notes of one word people are shown.
const mostNotes = 3

// tell prints the findings by orders, and the summary.
func (c *cebCheck) tell(findings []review.Finding) error {
	byOrder(findings)
	shown := findings
	if c.most > 0 && len(findings) > c.most {
		shown = findings[:c.most]
	}
	last, notes := "", map[string]int{}
	for i := range shown {
		f := &shown[i]
		if err := c.emit(f); err != nil {
			return err
		}
		if f.Severity == review.Note {
			if notes[f.Fault]++; notes[f.Fault] > mostNotes {
				continue
			}
		}
		if head := findingHeading(f); head != last {
			c.say("%s", head)
			last = head
		}
		c.tellFinding(f)
	}
	for _, word := range slices.Sorted(maps.Keys(notes)) {
		if more := notes[word] - mostNotes; more > 0 {
			c.say("  · %s: %s more", word, count(more, "note"))
		}
	}
	if hidden := len(findings) - len(shown); hidden > 0 {
		c.note("%s more; --max 0 shows all", count(hidden, "finding"))
	}
	s := c.summary(findings)
	c.say("%s", s)
	if err := c.emit(struct {
		Summary *checkSummary `json:"summary"`
	}{s}); err != nil {
		return err
	}
	if s.Faults > 0 {
		return &Failure{ExitFailed, fmt.Errorf("customs would reject this: %s", count(s.Faults, "fault")), ""}
	}
	return nil
}

// findingHeading names the order of a finding; findings about a file as a whole have none.
func findingHeading(f *review.Finding) string {
	if f.Order == "" {
		return "files"
	}
	return strings.TrimSpace("order " + oneLine(f.Order) + " " + oneLine(f.Platform))
}

var severityMarks = map[string]string{review.Fault: "✗", review.Warning: "!", review.Note: "·"}

func (c *cebCheck) tellFinding(f *review.Finding) {
	place := f.File
	if f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	official := ""
	if f.Official != 0 {
		official = " " + strconv.Itoa(f.Official)
	}
	c.say("  %s %s %s%s  %s %s", severityMarks[f.Severity], f.Rule, f.Fault, official, oneLine(place), oneLine(f.Field))
	if f.Value != "" || f.Other != nil {
		c.say("      %s", oneLine(bothValues(f)))
	}
	if c.language != "zh" {
		c.say("      %s", oneLine(f.English))
	}
	if c.language != "en" {
		c.say("      %s", oneLine(f.Chinese))
	}
	if f.Company != "" {
		c.say("      → %s: %s", f.Party, oneLine(f.Company))
	}
}

// bothValues shows the two sides of a finding.
func bothValues(f *review.Finding) string {
	text := strconv.Quote(shortened(f.Value))
	if f.Other == nil {
		return text
	}
	return fmt.Sprintf("%s; %s %s has %q (%s)", text, f.Other.Kind, f.Other.Field, shortened(f.Other.Value), f.Other.File)
}

// shortened cuts a value to what fits into a line; --json has all of it.
func shortened(value string) string {
	const most = 60
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return value
}

// String is the summary in one line.
func (s *checkSummary) String() string {
	text := fmt.Sprintf("%s in %s, %s, %d of them complete: ", count(s.Documents, "document"), count(s.Files, "file"), count(s.Orders, "order"), s.Complete)
	if s.Faults == 0 {
		text += "✓ no faults"
	} else {
		var parts []string
		for _, party := range append(slices.Clone(parties), "") {
			if n := s.Parties[party]; n > 0 {
				parts = append(parts, fmt.Sprintf("%s %d", first(party, "nobody"), n))
			}
		}
		text += fmt.Sprintf("✗ %s (%s)", count(s.Faults, "fault"), strings.Join(parts, ", "))
	}
	text += fmt.Sprintf(", %s, %s", count(s.Warnings, "warning"), count(s.Notes, "note"))
	if s.Receipts > 0 {
		text += fmt.Sprintf("; %s of customs left out", count(s.Receipts, "answer"))
	}
	return text
}

var errScore = errors.New("not every planted fault was found, or there are false alarms")
