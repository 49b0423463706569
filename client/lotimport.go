package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

func lotCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "lot", Short: "Lots: from a spreadsheet, on a label, handed over, exported"}
	s := newSession(cmd)
	return group(cmd, append(custodyCommands(s), importCommand(s), labelCommand(s))...)
}

// ownNamespace is where members go that the standard does not have, unless the cooperative names a namespace of its own.
const ownNamespace = "https://github.com/caryaledger/carya/ns/lot/"

func importCommand(s *session) *cobra.Command {
	i := &importing{}
	cmd := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Record the steps of a spreadsheet: harvest, process, pack, ship, receive",
		Long: `Record the rows of a spreadsheet, saved as CSV, each of which is one step of one lot. The rows
become the events of one EPCIS 2.0 document, which is recorded as "carya epcis capture" does.
What is wrong is said by row and column, everything at once, and nothing is recorded until the
file is right; with --proceed the right rows are.

The first row holds the headings, in any order. time and step must be there:

` + columnsHelp() + `
Each step needs: ` + stepsHelp() + `.
Columns of your own begin with x: and become members of the namespace: x:moisture. They, the
product and the day of the harvest are data of the lot that the row makes; of other rows they are
members of the event.

A lot that a row before has made need not be written in full: its number is enough, and what is
left of it is taken where a row of process or pack says no quantity. Rows may stand in any order:
they are recorded in that of their times. A row that begins with # is skipped.

--dry-run prints the EPCIS document and needs neither node, member nor key; --out writes it to
a file, for other EPCIS software too.`,
		Example: `  carya lot import harvest.csv --dry-run
  carya lot import harvest.csv --dry-run --out harvest.jsonld
  carya lot import harvest.csv --member coop-linan --key linan-coop --wait
  carya lot import - --member coop-linan --proceed --party 6901234000009 < harvest.csv`,
		Args: takes(1, 1, "a spreadsheet as CSV, or - for standard input"),
	}
	i.author = newAuthor(s, cmd)
	cmd.PersistentFlags().Lookup("dry-run").Usage = "print the EPCIS document and send nothing"
	f := cmd.Flags()
	f.BoolVar(&i.proceed, "proceed", false, "record the right rows where others have faults: --on-error proceed")
	f.StringVarP(&i.out, "out", "o", "", "write the EPCIS document to this file, which must not exist")
	f.StringVar(&i.zone, "timezone", "+08:00", "offset of times that name none")
	f.StringVar(&i.gtin, "gtin", "", "product of lot numbers that stand alone")
	f.StringVar(&i.party, "party", "", "your own GLN, as who sends in ship and who gets in receive")
	f.StringVar(&i.namespace, "namespace", ownNamespace, "namespace of the members x:…")
	cmd.RunE = s.run(i.run)
	return cmd
}

func columnsHelp() string {
	var b strings.Builder
	for i := range sheetColumns {
		c := &sheetColumns[i]
		fmt.Fprintf(&b, "  %-12s %s\n  %-12s also %s\n", c.name, c.says, "", strings.Join(c.aliases, ", "))
	}
	return b.String()
}

func stepsHelp() string {
	var parts []string
	for i := range lotSteps {
		s := &lotSteps[i]
		need := strings.Join(s.must, " and ")
		if s.must == nil {
			need = "lot or parent"
		}
		parts = append(parts, fmt.Sprintf("%s (%s) %s", s.name, strings.Join(s.aliases, ", "), need))
	}
	return strings.Join(parts, ";\n  ")
}

// importing is one run of `carya lot import`.
type importing struct {
	*author
	proceed   bool
	out       string
	zone      string
	gtin      string
	party     string
	namespace string
}

// prepare reads the flags.
func (i *importing) prepare(s *sheet) (c *conversion, err error) {
	c = newConversion(s)
	if i.proceed {
		i.onError = types.OnErrorProceed
	}
	if c.zone, err = readZone(i.zone); err != nil {
		return nil, usage("", err)
	}
	if i.gtin != "" {
		if c.gtin, err = gs1.Read(i.gtin, "GTIN"); err != nil {
			return nil, usage("", fmt.Errorf("--gtin: %w", err))
		}
	}
	if i.party != "" {
		if c.party, err = readParty(i.party); err != nil {
			return nil, usage("", fmt.Errorf("--party %s: %w", i.party, err))
		}
	}
	if _, ok := readURI(i.namespace); !ok || !strings.ContainsAny(i.namespace[len(i.namespace)-1:], "/#:") {
		return nil, usage("for instance https://coop.example/ns/", fmt.Errorf("--namespace %q is not a URI that ends in /, # or :", i.namespace))
	}
	return c, nil
}

func (i *importing) run(ctx context.Context, args []string) error {
	data, err := i.input(args[0], maxSheet)
	if err != nil {
		return err
	}
	s := readSheet(data)
	c, err := i.prepare(s)
	if err != nil {
		return err
	}
	if !i.dry {
		if err := i.check(); err != nil {
			return err
		}
	}
	path := args[0]
	if path == "-" {
		path = "standard input"
	}
	b := &batch{path: path, sheet: s, namespace: i.namespace, now: time.Now().In(c.zone)}
	if len(s.faults) == 0 {
		b.events = c.events()
	}
	sub := b.submission()
	for _, note := range s.notes {
		i.note("%s: %s", path, note)
	}
	if i.dry {
		return i.rehearse(b, sub)
	}
	return i.record(ctx, b, sub)
}

// maxSheet bounds a spreadsheet, in bytes.
const maxSheet = 16 << 20

// record sends what the rows say, as one submission.
func (i *importing) record(ctx context.Context, b *batch, sub *submission) error {
	if i.out != "" && (!sub.faulty() || i.onError == types.OnErrorProceed) {
		if err := i.session.deliver(i.out, b.document); err != nil {
			return err
		}
	}
	l, err := i.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	sh := &shipment{author: i.author, ledger: l, files: []*submission{sub}}
	return sh.ship(ctx)
}

// rehearse prints the document. Faults go beside it, and in its place unless the right rows are wanted.
func (i *importing) rehearse(b *batch, sub *submission) error {
	bad := len(sub.faults)
	for _, fault := range sub.faults {
		i.note("✗ %s: %s", sub.path, fault)
	}
	for _, p := range sub.pieces {
		for _, fault := range p.Faults {
			i.note("✗ %s: %s", sub.path, fault)
		}
		if len(p.Faults) > 0 {
			bad++
		}
	}
	if len(b.good) > 0 && len(sub.faults) == 0 && (b.right() || i.onError == types.OnErrorProceed) {
		if err := i.session.deliver(i.out, b.document); err != nil {
			return err
		}
		if i.out != "" {
			i.say("✓ %s: %s in EPCIS 2.0; nothing was sent", i.out, count(len(b.good), "event"))
		}
	}
	if bad > 0 {
		return &Failure{ExitFailed, fmt.Errorf("%d of %d cannot be recorded", bad, len(sub.pieces)+len(sub.faults)), ""}
	}
	return nil
}

// batch is the rows of a sheet on their way into one EPCIS document.
type batch struct {
	path      string
	sheet     *sheet
	namespace string
	now       time.Time
	events    []*lotEvent // of all rows
	good      []*lotEvent // those in the document, in its order
	document  []byte
}

// right reports whether no row has a fault.
func (b *batch) right() bool { return len(b.good) == len(b.events) }

// submission gives the document to the capture of EPCIS events, and says what comes of it by row and column. Where the
// capture refuses the document as a whole because of some rows, it is given the others again.
func (b *batch) submission() *submission {
	sub := &submission{path: b.path, faults: b.sheet.faults}
	for {
		b.write()
		if len(b.good) == 0 {
			break
		}
		captured := captureOf(b.path, b.document)
		if !b.blame(captured.faults) {
			sub.faults = append(sub.faults, captured.faults...)
			b.name(captured.pieces)
			return b.merge(sub, captured.pieces)
		}
	}
	return b.merge(sub, nil)
}

// write makes the document of the rows without faults.
func (b *batch) write() {
	b.good = nil
	var list []members
	for _, e := range b.events {
		if len(e.faults) == 0 {
			b.good = append(b.good, e)
			list = append(list, e.body)
		}
	}
	context := []any{"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"}
	doc := members{
		{"@context", append(context, members{{strings.TrimSuffix(extraPrefix, ":"), b.namespace}})},
		{"type", "EPCISDocument"}, {"schemaVersion", "2.0"}, {"creationDate", b.now.Format("2006-01-02T15:04:05.000-07:00")},
		{"epcisBody", members{{"eventList", list}}},
	}
	b.document = pretty(doc)
}

// pretty writes a value as indented JSON.
func pretty(doc members) []byte {
	data, err := doc.MarshalJSON()
	if err != nil {
		panic(fmt.Sprintf("a document of strings and numbers: %v", err))
	}
	var out bytes.Buffer
	json.Indent(&out, data, "", "  ")
	return append(bytes.TrimSpace(out.Bytes()), '\n')
}

// blame writes faults of the document into the rows that they are about, and reports whether there was one.
func (b *batch) blame(faults []*types.Refusal) bool {
	found := false
	for _, fault := range faults {
		if e, pointer := b.at(fault.Field); e != nil {
			e.faults = append(e.faults, e.translate(fault, pointer))
			found = true
		}
	}
	return found
}

// eventPointer finds the event in a JSON pointer.
var eventPointer = regexp.MustCompile(`/eventList/(\d+)(/.*)?$`)

// at returns the event that a place in the document belongs to, and the place in it.
func (b *batch) at(pointer string) (*lotEvent, string) {
	m := eventPointer.FindStringSubmatch(pointer)
	if m == nil {
		return nil, ""
	}
	i, err := strconv.Atoi(m[1])
	if err != nil || i >= len(b.good) {
		return nil, ""
	}
	return b.good[i], m[2]
}

// columnOf says which column a member of an event comes from.
var columnOf = []struct{ member, column string }{
	{"inputQuantityList", "from"}, {"eventTime", "time"}, {"readPoint", "place"}, {"bizLocation", "place"},
	{"parentID", "parent"}, {"childEPCs", "children"}, {"sourceList", "sender"}, {"destinationList", "to"},
	{"certificationInfo", "certificate"}, {"quantity", "quantity"}, {"uom", "unit"}, {"epcClass", "lot"},
	{"epcList", "parent"}, {"quantityList", "lot"}, {"outputQuantityList", "lot"}, {"childQuantityList", "lot"}, {"type", "step"},
}

// translate says of a fault of an event which cell it is about.
func (e *lotEvent) translate(fault *types.Refusal, pointer string) *types.Refusal {
	for _, c := range columnOf {
		if strings.Contains(pointer+"/", "/"+c.member+"/") {
			return &types.Refusal{Code: fault.Code, Field: cellName(e.n, c.column), Detail: fault.Detail}
		}
	}
	where := fmt.Sprintf("row %d", e.n)
	if name := strings.TrimPrefix(pointer, "/"); name != "" {
		where += ", " + name
	}
	return &types.Refusal{Code: fault.Code, Field: where, Detail: fault.Detail}
}

// name says of captured events which rows they are.
func (b *batch) name(pieces []*piece) {
	for _, p := range pieces {
		e, _ := b.at(p.At)
		if e == nil {
			continue
		}
		p.At, p.What = fmt.Sprintf("row %d", e.n), e.step.name+", "+p.What
		for i, fault := range p.Faults {
			if about, pointer := b.at(fault.Field); about == e {
				p.Faults[i] = e.translate(fault, pointer)
			}
		}
		for i, note := range p.Notes {
			where, what, _ := strings.Cut(note, ": ")
			if about, pointer := b.at(where); about == e {
				moved := e.translate(&types.Refusal{Detail: what}, pointer)
				p.Notes[i] = moved.Field + ": " + moved.Detail
			}
		}
	}
}

// merge puts the rows with faults between those that were captured, in the order of the events.
func (b *batch) merge(sub *submission, captured []*piece) *submission {
	for _, e := range b.events {
		if len(e.faults) > 0 {
			p := &piece{At: fmt.Sprintf("row %d", e.n), What: first(e.cells["step"], "a step"), State: pieceFaulty, Faults: e.faults}
			sub.add(p)
			continue
		}
		if len(captured) > 0 {
			sub.add(captured[0])
			captured = captured[1:]
		}
	}
	for _, p := range captured {
		sub.add(p)
	}
	return sub
}
