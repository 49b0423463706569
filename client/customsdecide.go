package client

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// deciding is one run of `carya customs decide`.
type deciding struct {
	*author
	*office
	file                    string // of decisions
	release, inspect, close bool
	reject, detain          int64
	cancel                  string
	clean, evenFlagged      bool
}

func customsDecideCommand(s *session) *cobra.Command {
	d := &deciding{}
	cmd := &cobra.Command{
		Use:   "decide ORDER… STATUS --member OFFICE",
		Short: "Decide declarations",
		Long: `Decide declarations that are filed with the office, one or many, with the official return statuses:
100 reject, 120 accept, 300 review, 399 audit, 500 inspect, 501 502 503 599 detain, 700 send back,
800 release, 899 close. A STATUS is sent as it is. In its place, these send every step that the
declaration's state still needs, for instance 120, 399 and 800:
  --release          let the goods go
  --inspect          have them looked at (500)
  --detain STATUS    detain them (501, 502, 503 or 599)
  --reject REASON    send the declaration back, with the official error code
  --close            close a released one (899)
and --cancel accept|refuse decides the request to cancel it.

An order with a grave flag (carya customs queue) is not released without --even-flagged.
--all-clean releases what waits for the office and has no flag at all.

--file takes decisions from a spreadsheet saved as CSV with the columns order, status and reason;
status is a number, or release, inspect, reject, close, cancel-accept or cancel-refuse.`,
		Example: `  carya customs decide lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --release --member hangzhou-customs
  carya customs decide lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --reject -621005 --member hangzhou-customs
  carya customs decide --all-clean --member hangzhou-customs --dry-run
  carya customs decide --file decisions.csv --member hangzhou-customs`,
		Args: takes(0, -1, "orders and a status"),
	}
	d.author = newAuthor(s, cmd)
	d.office = newOffice(s, cmd)
	f := cmd.Flags()
	f.StringVar(&d.file, "file", "", "CSV of decisions: order,status,reason")
	f.BoolVar(&d.release, "release", false, "let the goods go, by every step that is still needed")
	f.BoolVar(&d.inspect, "inspect", false, "have the goods looked at")
	f.BoolVar(&d.close, "close", false, "close released declarations")
	f.Int64Var(&d.reject, "reject", 0, "send declarations back with this official error code, for instance -621005")
	f.Int64Var(&d.detain, "detain", 0, "detain the goods: 501, 502, 503 or 599")
	f.StringVar(&d.cancel, "cancel", "", "decide requests to cancel: accept or refuse")
	f.BoolVar(&d.clean, "all-clean", false, "release everything that waits for the office and has no flag")
	f.BoolVar(&d.evenFlagged, "even-flagged", false, "release also orders with grave flags")
	cmd.RunE = d.author.run(d.run)
	return cmd
}

// verdictOn is what an office decides about one order.
type verdictOn struct {
	order  types.OrderID
	word   string // release, inspect, detain, reject, close, status, cancel-accept or cancel-refuse
	status uint64 // of the last step; of status as it is
	reason int64
	steps  []uint64
}

func (d *deciding) run(ctx context.Context, args []string) error {
	if err := d.check(); err != nil {
		return err
	}
	asked, err := d.asked(args)
	if err != nil {
		return err
	}
	d.wait, d.onError = true, types.OnErrorProceed
	if err := d.begin(ctx); err != nil {
		return err
	}
	defer d.end()
	if d.clean {
		if asked, err = d.allClean(ctx); err != nil {
			return err
		}
	}
	answers := make([]*answerOn, len(asked))
	for i := range asked {
		if answers[i], err = d.plan(ctx, &asked[i]); err != nil {
			return fmt.Errorf("order %s: %w", asked[i].order, err)
		}
	}
	if err := d.sendAll(ctx, answers); err != nil {
		return err
	}
	for _, a := range answers {
		if a.done() && !d.dry {
			if err := d.settleOne(ctx, a.Order); err != nil {
				return err
			}
		}
	}
	return d.tellAll(answers)
}

// asked reads what is to be decided from the command line or the file.
func (d *deciding) asked(args []string) ([]verdictOn, error) {
	words := []verdictOn{}
	add := func(given bool, v verdictOn) {
		if given {
			words = append(words, v)
		}
	}
	add(d.release, verdictOn{word: "release", status: types.StatusRelease})
	add(d.inspect, verdictOn{word: "inspect", status: types.StatusInspect})
	add(d.close, verdictOn{word: "close", status: types.StatusClose})
	add(d.reject != 0, verdictOn{word: "reject", status: types.StatusReject, reason: d.reject})
	add(d.detain != 0, verdictOn{word: "detain", status: uint64(d.detain)})
	add(d.cancel != "", verdictOn{word: "cancel-" + d.cancel})
	if n := len(args); n > 0 && len(words) == 0 && !d.clean && d.file == "" {
		v, err := verdictNamed(args[n-1], "")
		if err != nil {
			return nil, usage("a status such as 120, or --release, --reject CODE …; see --help", err)
		}
		words, args = append(words, v), args[:n-1]
	}
	switch {
	case d.clean && (len(words) > 0 || len(args) > 0 || d.file != ""), d.file != "" && (len(words) > 0 || len(args) > 0):
		return nil, usage("", errors.New("--all-clean and --file say by themselves what is decided"))
	case d.clean:
		return nil, nil
	case d.file != "":
		return d.fromFile()
	case len(words) != 1 || len(args) == 0:
		return nil, usage("see `carya customs decide --help`", errors.New("name orders, and one decision about them"))
	}
	if err := words[0].check(); err != nil {
		return nil, err
	}
	orders, err := ordersNamed(args)
	if err != nil {
		return nil, err
	}
	all := make([]verdictOn, len(orders))
	for i, id := range orders {
		all[i] = words[0]
		all[i].order = id
	}
	return all, nil
}

// verdictNamed reads a decision as a word or a status.
func verdictNamed(word, reason string) (verdictOn, error) {
	v := verdictOn{word: strings.ToLower(word)}
	if reason != "" {
		var err error
		if v.reason, err = strconv.ParseInt(reason, 10, 64); err != nil {
			return v, fmt.Errorf("reason %q: an official error code such as -621005", reason)
		}
	}
	switch v.word {
	case "release":
		v.status = types.StatusRelease
	case "inspect":
		v.status = types.StatusInspect
	case "close":
		v.status = types.StatusClose
	case "reject":
		v.status = types.StatusReject
	case "cancel-accept", "cancel-refuse":
	default:
		status, err := strconv.ParseUint(word, 10, 64)
		if err != nil || !slices.Contains(types.Statuses, status) {
			return v, fmt.Errorf("%q is no decision: one of %v, release, inspect, reject, close, cancel-accept, cancel-refuse", word, types.Statuses)
		}
		v.word, v.status = "status", status
	}
	return v, v.check()
}

// detaining are the statuses that detain goods.
var detaining = []uint64{types.StatusHold1, types.StatusHold2, types.StatusHold3, types.StatusHold}

func (v *verdictOn) check() error {
	switch {
	case v.word == "detain" && !slices.Contains(detaining, v.status):
		return usage("", fmt.Errorf("--detain %d: one of %v", v.status, detaining))
	case strings.HasPrefix(v.word, "cancel-") && v.word != "cancel-accept" && v.word != "cancel-refuse":
		return usage("", fmt.Errorf("--cancel %s: accept or refuse", strings.TrimPrefix(v.word, "cancel-")))
	case v.reason > 0:
		return usage("official error codes are negative", fmt.Errorf("reason %d: for instance %d", v.reason, -v.reason))
	case v.reason != 0 && v.status != types.StatusReject:
		return usage("", fmt.Errorf("a reason stands with status %d only", types.StatusReject))
	}
	return nil
}

// fromFile reads decisions from a CSV with headings.
func (d *deciding) fromFile() ([]verdictOn, error) {
	rows, err := d.author.csvRows(d.file, "order", "status")
	if err != nil {
		return nil, err
	}
	var all []verdictOn
	for _, row := range rows {
		v, err := verdictNamed(row.cell("status"), row.cell("reason"))
		ids, err2 := ordersNamed([]string{row.cell("order")})
		if err = errors.Join(err, err2); err != nil {
			return nil, usage("", fmt.Errorf("%s, row %d: %w", d.file, row.n, err))
		}
		v.order = ids[0]
		all = append(all, v)
	}
	return all, nil
}

// csvRow is a row of a table with headings.
type csvRow struct {
	n     int // as a spreadsheet counts: the headings are row 1
	cells map[string]string
}

func (r *csvRow) cell(name string) string { return r.cells[name] }

// csvRows reads a CSV file with headings, of which some must be there.
func (s *session) csvRows(path string, must ...string) ([]*csvRow, error) {
	data, err := s.input(path, maxInput)
	if err != nil {
		return nil, err
	}
	text, note, err := decodeText(data)
	if err != nil {
		return nil, usage("", fmt.Errorf("%s: %w", path, err))
	}
	if note != "" {
		s.note("%s: %s", path, note)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = separator(text), '#', -1, true
	table, err := r.ReadAll()
	if err != nil {
		return nil, usage("", fmt.Errorf("%s: %w", path, err))
	}
	if len(table) < 2 {
		return nil, usage("the first row holds the headings "+strings.Join(must, ", "), fmt.Errorf("%s: there is no row below the headings", path))
	}
	for _, name := range must {
		if !slices.ContainsFunc(table[0], func(h string) bool { return strings.TrimSpace(h) == name }) {
			return nil, usage("the first row holds the headings "+strings.Join(must, ", "), fmt.Errorf("%s: there is no column %s", path, name))
		}
	}
	var rows []*csvRow
	for i, record := range table[1:] {
		row := &csvRow{i + 2, map[string]string{}}
		for j, cell := range record[:min(len(record), len(table[0]))] {
			row.cells[strings.TrimSpace(table[0][j])] = strings.TrimSpace(cell)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// allClean lists what waits for a decision and has no flag.
func (d *deciding) allClean(ctx context.Context) ([]verdictOn, error) {
	queue, err := d.queue(ctx, d.member, nil, nil)
	if err != nil {
		return nil, err
	}
	var all []verdictOn
	for _, w := range queue {
		if w.Waits == waitsDecide && len(w.Flags) == 0 {
			all = append(all, verdictOn{order: w.Order, word: "release", status: types.StatusRelease})
		}
	}
	if len(all) == 0 {
		d.author.say("nothing that waits for a decision is without a flag")
	}
	return all, nil
}

// answerOn is what became of a decision about one order.
type answerOn struct {
	Order   types.OrderID `json:"order"`
	Word    string        `json:"word"`
	State   string        `json:"state"` // of the order, before
	Result  string        `json:"result"`
	Why     string        `json:"why,omitempty"`
	Steps   []stepOn      `json:"steps"`
	Flags   []alarm       `json:"flags,omitempty"`
	verdict *verdictOn
	dossier *dossier
}

// stepOn is one step and what became of it.
type stepOn struct {
	Status uint64     `json:"status"`
	Code   types.Code `json:"code,omitempty"`
	Height int64      `json:"height,omitempty"`
}

// The results of decisions.
const (
	resultDecided = "decided"
	resultHeld    = "held"    // because of its flags
	resultRefused = "refused" // by the ledger, or because its state does not allow it
	resultDry     = "dry run"
)

func (a *answerOn) done() bool { return a.Result == resultDecided }

// plan finds the steps that a decision needs, and what speaks against a release.
func (d *deciding) plan(ctx context.Context, v *verdictOn) (*answerOn, error) {
	o, err := d.order(ctx, v.order)
	if err != nil {
		return nil, err
	}
	a := &answerOn{Order: v.order, Word: v.word, State: o.StateAt(d.now), Steps: []stepOn{}, verdict: v}
	if strings.HasPrefix(v.word, "cancel-") {
		if len(o.Clearance) == 0 || o.Clearance[0].Cancel.IsZero() {
			a.Result, a.Why = resultRefused, "nobody asks to cancel its declaration"
			return a, nil
		}
		v.steps = []uint64{map[string]uint64{"cancel-accept": types.StatusAudit, "cancel-refuse": types.StatusReject}[v.word]}
		return a, nil
	}
	if v.steps = stepsTo(v, o.State); v.steps == nil {
		a.Result, a.Why = resultRefused, fmt.Sprintf("%s does not follow while it is %s", v.word, a.State)
		return a, nil
	}
	if v.status != types.StatusRelease {
		return a, nil
	}
	if a.dossier, err = d.examine(ctx, v.order, o); err != nil {
		return nil, err
	}
	a.Flags = a.dossier.flags
	if a.dossier.heaviestFlag() == weightGrave && !d.evenFlagged {
		a.Result, a.Why = resultHeld, "it has a grave flag; --even-flagged releases it all the same"
	}
	return a, nil
}

// stepsTo lists the statuses that lead from a state to a decision, nil where none do.
func stepsTo(v *verdictOn, state string) []uint64 {
	if v.word == "status" {
		return []uint64{v.status}
	}
	audit := map[string][]uint64{ // up to the audit
		types.StateDeclared: {types.StatusAccept, types.StatusAudit}, types.StateAccepted: {types.StatusAudit},
		types.StateReview: {types.StatusAudit}, types.StateAudited: {},
	}[state]
	atHand := state == types.StateInspect || state == types.StateDetained
	switch v.word {
	case "release":
		if audit != nil || atHand {
			return append(audit, types.StatusRelease)
		}
	case "inspect":
		if audit != nil {
			return append(audit, types.StatusInspect)
		}
	case "detain":
		if audit != nil {
			return append(audit, types.StatusInspect, v.status)
		}
		if atHand {
			return []uint64{v.status}
		}
	case "reject":
		if audit != nil && state != types.StateAudited {
			return []uint64{types.StatusReject}
		}
	case "close":
		if slices.Contains([]string{types.StateReleased, types.StateSigned, types.StateReturning, types.StateReturned}, state) {
			return []uint64{types.StatusClose}
		}
	}
	return nil
}

// errand is one body on its way, and the answer that waits for it.
type errand struct {
	body   types.Body
	answer *answerOn
	status uint64
}

// sendAll sends the steps of all decisions, in order, as few transactions as hold them: cancellations are of a kind of
// their own.
func (d *deciding) sendAll(ctx context.Context, answers []*answerOn) error {
	var decisions, cancels []errand
	for _, a := range answers {
		if a.Result != "" {
			continue
		}
		for _, status := range a.verdict.steps {
			if strings.HasPrefix(a.Word, "cancel-") {
				cancels = append(cancels, errand{&types.DecideCancel{Order: a.Order, Status: status}, a, status})
				continue
			}
			decisions = append(decisions, errand{&types.Decide{Order: a.Order, Status: status, Reason: a.verdict.reason}, a, status})
		}
	}
	return d.author.runErrands(ctx, cancels, decisions)
}

// tellAll prints what became of each decision.
func (d *deciding) tellAll(answers []*answerOn) error {
	bad := 0
	for _, a := range answers {
		if a.Result != resultDecided && a.Result != resultDry {
			bad++
		}
		d.author.say("%s %s: %s: %s%s", tick(a.Result == resultDecided || a.Result == resultDry), a.Order, a.Word, a.Result, a.words())
		for _, f := range a.Flags {
			d.author.say("    %s %s: %s", f.Weight, f.Flag, oneLine(f.Text))
		}
		if err := d.author.emit(a); err != nil {
			return err
		}
	}
	if bad > 0 {
		return &Failure{ExitFailed, fmt.Errorf("%d of %d were not decided", bad, len(answers)), ""}
	}
	return nil
}

func (a *answerOn) words() string {
	text := ""
	if len(a.Steps) > 0 {
		var steps []string
		for _, s := range a.Steps {
			step := strconv.FormatUint(s.Status, 10)
			if s.Code != types.OK {
				step += " " + s.Code.String()
			}
			steps = append(steps, step)
		}
		text = ", " + strings.Join(steps, ", ")
	}
	if n := len(a.Steps); n > 0 && a.Steps[n-1].Height > 0 {
		text += fmt.Sprintf(" in block %d", a.Steps[n-1].Height)
	}
	if a.Why != "" {
		text += ": " + a.Why
	}
	return text
}
