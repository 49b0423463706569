// Package review says what customs will say before customs says it. It takes the message files of all companies that
// serve an order (orders, payments, waybills, declaration lists and what follows them) and finds schema faults and business faults,
// inside each document and across them.
//
// The rules are M1 to M12 and R7 to R10 of the project's domain reference, which come from the field remarks of the
// 202205 specification. Where those remarks demand that two fields agree, or where customs has an error code for it, the
// finding is a fault. Where practice knows exceptions, it is a warning, and a fact worth knowing is a note.
//
// One root cause gives one finding. Of the documents of an order the one that stands alone is at fault; of two that
// differ, the later one in the chain order, payment, waybill, list. A company that issues a number is right about it.
//
// A change that is reported replaces what was there, a deletion removes it, and an old message is left aside. Two
// habits of whole sets are allowed for: see habits.
//
// The result depends neither on the order in which files are added nor on how documents are spread over files.
package review

import (
	"slices"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// Options says what to review and against what. The zero value is useful.
type Options struct {
	Rates        *Rates      // tax rates; nil leaves taxes alone
	PositiveList []string    // tariff codes, or beginnings of them, that may be imported; empty leaves goods alone
	Now          time.Time   // times after it are warned of; zero leaves them alone
	Signatures   Signatures  // how to judge signatures
	Single       ceb.Decimal // most that one list may be worth, 0 for CNY 5000
	Annual       ceb.Decimal // most that one person may buy in a calendar year, 0 for CNY 26000
	Alone        bool        // documents that are missing from the set are not reported
}

// Signatures says how the signature of a file is judged (M12). Files are often reviewed before they are signed, so that
// by default a missing signature is only noted and others are not looked at.
type Signatures struct {
	Severity string // of a bad or missing signature: fault, warning or, when empty, note
	// Verify judges the bytes of a signed file, and returns the official code that customs would answer; nil does not.
	Verify func(message []byte) (official int, err error)
}

// Limits of a person's purchases in yuan (Ministry of Finance and others, 2018-49).
const (
	singleLimit ceb.Decimal = 5_000 * unit
	annualLimit ceb.Decimal = 26_000 * unit
)

// Review collects documents. Its methods must not be called at the same time.
type Review struct {
	options    Options
	papers     []*paper
	parcels    map[waybillKey]orderKey // what carriers say in parcels.csv
	files      int
	loose      []Finding // about files rather than documents
	unreadable []string  // kinds, "" for unknown, of files that could not be read to their end
	findings   []Finding
	summary    Summary
	done       bool
}

// Summary counts what was reviewed.
type Summary struct {
	Files     int            `json:"files"`
	Documents map[string]int `json:"documents"` // by kind, such as CEB311
	Orders    int            `json:"orders"`
	Complete  int            `json:"complete"` // orders of which every document is there
	Faults    int            `json:"faults"`
	Warnings  int            `json:"warnings"`
	Notes     int            `json:"notes"`
}

// New returns an empty review.
func New(o Options) *Review {
	if o.Single == 0 {
		o.Single = singleLimit
	}
	if o.Annual == 0 {
		o.Annual = annualLimit
	}
	return &Review{options: o, parcels: map[waybillKey]orderKey{}}
}

// Add reads one file. Faults of its form become findings, and what can be read of its documents is reviewed all the
// same. Besides messages it takes the carriers' table of export parcels (see readParcels).
func (r *Review) Add(name string, data []byte) {
	r.done = false
	if r.readParcels(data) {
		r.files++
		return
	}
	message, err := ceb.Parse(data)
	if err != nil {
		r.salvage(name, data, err)
		return
	}
	r.AddMessage(name, message)
	if verify := r.options.Signatures.Verify; verify != nil && message.SignatureMethod != "" {
		if official, err := verify(data); err != nil {
			r.unsigned(name, message.Kind, official, err.Error())
		}
	}
}

// AddMessage takes a message that has been read.
func (r *Review) AddMessage(name string, m *ceb.Message) {
	r.done = false
	r.files++
	for i := range m.Documents {
		r.papers = append(r.papers, newPaper(name, &m.Documents[i]))
	}
	if m.SignatureMethod == "" && mustSign(m.Kind) {
		r.unsigned(name, m.Kind, 0, "")
	}
}

// Findings returns what was found, sorted by file and order.
func (r *Review) Findings() []Finding {
	r.judge()
	return slices.Clone(r.findings)
}

// Summary returns the counts of the review.
func (r *Review) Summary() Summary {
	r.judge()
	return r.summary
}

func (r *Review) judge() {
	if r.done {
		return
	}
	c := &court{options: &r.options, review: r}
	c.papers = c.admitted(r.papers)
	c.findings = slices.Clone(r.loose)
	c.settle()
	c.join()
	c.repeatedNumbers()
	c.habits()
	c.late()
	for _, g := range c.groups {
		c.group(g)
	}
	for _, p := range c.papers {
		c.paper(p)
	}
	c.annual()
	c.aftermath()
	c.forms()
	c.close()
	c.sort()
	r.findings, r.summary, r.done = c.findings, c.summary(), true
}

// court is one judgement over all documents.
type court struct {
	options     *Options
	review      *Review
	papers      []*paper
	byRole      map[role][]*paper     // the versions that count
	ends        []*paper              // cancellations, and answers of customs that reject a list
	declared    map[orderKey]*paper   // lists in force
	cited       map[waybillKey]*paper // the same by the waybill they cite
	doubles     []*paper              // export waybills whose number is taken
	withdrawn   map[orderKey]bool     // orders that were taken back
	seconds     []double              // other documents that are new though one was there
	changes     []change              // reported after the list
	reportsLate map[string]bool       // platforms that report orders after they were paid
	replaced    bool                  // identity numbers are not those of real persons
	groups      []*group
	byOrder     map[orderKey]*group
	filed       []filed
	findings    []Finding
}

// group judges the documents of one order.
func (c *court) group(g *group) {
	c.missing(g)
	c.keys(g)
	c.lines(g) // before money: a wrong line explains a wrong sum
	c.money(g)
	c.persons(g)
	c.consignees(g)
	c.carriage(g)
	c.mode(g)
	c.times(g)
	c.tax(g)
}

func (c *court) summary() Summary {
	s := Summary{Files: c.review.files, Documents: map[string]int{}}
	for _, p := range c.papers {
		s.Documents[p.doc.Kind]++
	}
	for _, g := range c.groups {
		s.Orders++
		if g.complete() {
			s.Complete++
		}
	}
	for i := range c.findings {
		switch c.findings[i].Severity {
		case Fault:
			s.Faults++
		case Warning:
			s.Warnings++
		default:
			s.Notes++
		}
	}
	return s
}
