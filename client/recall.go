package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// RecallProgress returns how far a recall has come, as the node's read model knows it.
func (c *Client) RecallProgress(ctx context.Context, id types.RecallID) (*types.RecallProgress, error) {
	return get[types.RecallProgress](ctx, c, "/v1/recalls/"+string(id), nil)
}

func recallCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "recall", Short: "Recall lots and everything made from them"}
	s := newSession(cmd)
	return group(cmd, recallOpenCommand(s), recallReportCommand(s), recallStatusCommand(s), recallCloseCommand(s))
}

// mark says something that has things marked, and goes on until all of them are: one transaction marks only so many.
func (a *author) mark(ctx context.Context, body types.Body, more types.ContinueMark) error {
	a.wait = true // what is left to mark stands in the state once the block does
	l, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	by, err := a.signer(ctx, l)
	if err != nil {
		return err
	}
	if err := a.dispatch(ctx, l, by, []types.Body{body}); err != nil || a.dry {
		return err
	}
	if err := a.markRest(ctx, l, by, more); err != nil {
		return &Failure{ExitCode(err), fmt.Errorf("the marking is not finished: %w", err),
			fmt.Sprintf("`carya tx ContinueMark '{\"kind\":%q,\"ref\":%q}' --member %s` goes on with it", more.Kind, more.Ref, a.member)}
	}
	return nil
}

// markRest marks what is left, as long as the state says that there is something.
func (a *author) markRest(ctx context.Context, l *ledger, by *Signer, more types.ContinueMark) error {
	for {
		left, err := l.spread(ctx, more)
		if err != nil || left == nil {
			return err
		}
		a.note("%s marked, going on from %s", count(int(left.Marked), "thing"), count(len(left.Front), "thing"))
		if err := a.dispatch(ctx, l, by, []types.Body{&more}); err != nil {
			if left, gone := l.spread(ctx, more); gone == nil && left == nil { // somebody else did the rest
				return nil
			}
			return err
		}
	}
}

// spread returns the marking that is under way, nil when it is done.
func (l *ledger) spread(ctx context.Context, more types.ContinueMark) (*types.Spread, error) {
	key := types.PrefixMark + "/" + more.Kind + "/" + more.Ref
	answer, err := l.node.Record(ctx, key, 0)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s types.Spread
	if err := types.Decode(answer.Value, &s); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	if len(s.Front) == 0 { // the record stays when all is marked
		return nil, nil
	}
	return &s, nil
}

func recallOpenCommand(s *session) *cobra.Command {
	b := &types.OpenRecall{}
	cmd := &cobra.Command{
		Use:   "open NAME ID…",
		Short: "Recall lots and units, and everything made from them",
		Long: `Recall lots and units: by the member that commissioned all of them, or an authority. Everything made
from them is marked, with --source also everything made from what they were made of; where one
transaction cannot reach all of it, the command goes on until everything is marked. What is marked
can be handed over for return, quarantine or destruction only.

The recall is called <member>/NAME; NAME is 1 to 40 letters, digits and -.

` + thingHelp,
		Example: `  carya recall open 2026-3 06901234000016.L2026A --class 2 --reason "aflatoxin over the limit" --member linan-coop`,
		Args:    takes(2, -1, "a name and identifiers"),
	}
	a := newAuthor(s, cmd)
	f := cmd.Flags()
	f.Uint64Var(&b.Class, "class", 0, "1 (danger to health) to 3")
	f.StringVar(&b.Reason, "reason", "", "why")
	f.BoolVar(&b.Source, "source", false, "recall also what else was made from the same sources")
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := a.check(); err != nil {
			return err
		}
		b.Recall = args[0]
		var err error
		if b.Things, err = a.thingsNamed(ctx, args[1:]); err != nil {
			return err
		}
		return a.mark(ctx, b, types.ContinueMark{Kind: types.MarkRecall, Ref: a.member + "/" + b.Recall})
	})
	return cmd
}

// thingsNamed returns the keys of lots and units. The node is asked only about URIs outside GS1, which do not say which of
// the two they name.
func (a *author) thingsNamed(ctx context.Context, ids []string) ([]types.ThingKey, error) {
	node, err := a.dial()
	if err != nil {
		return nil, err
	}
	defer node.Close()
	keys := make([]types.ThingKey, len(ids))
	for i, id := range ids {
		if keys[i], err = node.find(ctx, id); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// recallNamed reads <member>/<name>, also with the prefix of its key.
func recallNamed(s string) (types.RecallID, error) {
	s = strings.TrimPrefix(s, types.PrefixRecall+"/")
	if member, name, ok := strings.Cut(s, "/"); !ok || member == "" || name == "" || strings.Contains(name, "/") {
		return "", usage("for instance linan-coop/2026-3", fmt.Errorf("%q is not <member>/<name>", s))
	}
	return types.RecallID(s), nil
}

// reporting is one run of `carya recall report`.
type reporting struct {
	*author
	located, notified string
}

func recallReportCommand(s *session) *cobra.Command {
	r := &reporting{}
	cmd := &cobra.Command{
		Use:   "report RECALL ID",
		Short: "Report what was found of a recalled thing, and how many buyers know",
		Long: `Report what the signing member did about a recalled lot or unit: how much of it was found and set
aside, and of how much the buyers were told. A later report replaces an earlier one.

A quantity is in any unit of the lot's dimension; a number alone is in the lot's unit, and counts
the thing itself for a unit. The node is asked for the lot's unit.

` + thingHelp,
		Example: `  carya recall report linan-coop/2026-3 06901234000016.L2026A --located "15 kg" --notified "5 kg" --member qianjiang-express --wait
  carya recall report linan-coop/2026-3 069012340000000016 --located 1 --member qianjiang-express --wait`,
		Args: takes(2, 2, "a recall and an identifier"),
	}
	r.author = newAuthor(s, cmd)
	cmd.Flags().StringVar(&r.located, "located", "0", "quantity that was found and set aside")
	cmd.Flags().StringVar(&r.notified, "notified", "0", "quantity that was sold and whose buyers were told")
	cmd.RunE = r.run(r.report)
	return cmd
}

func (r *reporting) report(ctx context.Context, args []string) error {
	if err := r.check(); err != nil {
		return err
	}
	id, err := recallNamed(args[0])
	if err != nil {
		return err
	}
	things, err := r.thingsNamed(ctx, args[1:])
	if err != nil {
		return err
	}
	b := &types.ReportRecall{Recall: id, Thing: things[0]}
	unit, err := r.unitOf(ctx, b.Thing)
	if err != nil {
		return err
	}
	if b.Located, err = amountIn(r.located, unit); err != nil {
		return usage("for instance --located \"15 kg\"", fmt.Errorf("--located: %w", err))
	}
	if b.Notified, err = amountIn(r.notified, unit); err != nil {
		return usage("for instance --notified \"5 kg\"", fmt.Errorf("--notified: %w", err))
	}
	return r.transact(ctx, []types.Body{b})
}

// unitOf returns the unit that a thing is reported in.
func (r *reporting) unitOf(ctx context.Context, thing types.ThingKey) (string, error) {
	if family, _ := thing.Cut(); family != types.PrefixLot {
		return gs1.Pieces, nil
	}
	node, err := r.dial()
	if err != nil {
		return "", err
	}
	defer node.Close()
	answer, err := node.Record(ctx, string(thing), 0)
	if err != nil {
		return "", fmt.Errorf("unit of %s: %w", thing, err)
	}
	var lot types.Lot
	if err := types.Decode(answer.Value, &lot); err != nil {
		return "", fmt.Errorf("record %s: %w", thing, err)
	}
	return lot.Unit, nil
}

// amountIn reads a quantity as 10^-5 of a unit. Nothing of something is a quantity here.
func amountIn(text, unit string) (uint64, error) {
	if strings.Trim(text, "0. ") == "" {
		return 0, nil
	}
	m, err := readMeasure(strings.TrimSpace(text), "", unit)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", text, err)
	}
	return gs1.Convert(m.amount, m.unit, unit)
}

func recallCloseCommand(s *session) *cobra.Command {
	b := &types.CloseRecall{}
	cmd := &cobra.Command{
		Use:     "close RECALL",
		Short:   "End a recall",
		Long:    "End a recall: by who opened it, or an authority. What was marked can be handed over again.",
		Example: `  carya recall close linan-coop/2026-3 --note "all of it destroyed" --member linan-coop --wait`,
		Args:    takes(1, 1, "a recall"),
	}
	a := newAuthor(s, cmd)
	cmd.Flags().StringVar(&b.Note, "note", "", "how it ended")
	cmd.RunE = a.utter(func(args []string) (body types.Body, err error) {
		b.Recall, err = recallNamed(args[0])
		return b, err
	})
	return cmd
}

func recallStatusCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status RECALL",
		Short: "Show how far a recall has come",
		Long: `Show every lot and unit that a recall reaches: what became of it, what the members reported, and who
has not reported, as the node says. Located is a part of what is held and packed; notified is a part
of what was sold. Accounted for is what was destroyed, located or notified, out of what did not go
into other things, which stand in lines of their own.`,
		Example: "  carya recall status linan-coop/2026-3\n  carya recall status linan-coop/2026-3 --json",
		Args:    takes(1, 1, "a recall"),
	}
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		id, err := recallNamed(args[0])
		if err != nil {
			return err
		}
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		p, err := node.RecallProgress(ctx, id)
		if err != nil {
			return fmt.Errorf("status of recall %s: %w", id, err)
		}
		s.tellProgress(p)
		return s.emit(p)
	})
	return cmd
}

func (s *session) tellProgress(p *types.RecallProgress) {
	state := "open since " + clockWords(p.Record.Opened, time.Local)
	if p.Record.Closed != 0 {
		state = "closed on " + clockWords(p.Record.Closed, time.Local)
	}
	s.say("recall %s, class %d, %s, as of block %d", p.Recall, p.Record.Class, state, p.Height)
	s.say("  %s", oneLine(p.Record.Reason))
	if p.Record.Note != "" {
		s.say("  %s", oneLine(p.Record.Note))
	}
	if !p.Done {
		s.say("✗ not everything is marked yet: `carya tx ContinueMark '{\"kind\":\"recall\",\"ref\":%q}'` goes on", p.Recall)
	}
	if len(p.Affected) == 0 {
		s.say("  nothing is marked with it")
		return
	}
	s.say("")
	s.table(safeRows(progressRows(p.Affected)))
	if missing := unreported(p.Affected); len(missing) > 0 {
		s.say("\nnot reported yet:")
		s.table(safeRows(missing))
	}
}

// tally adds up one line of quantities, in the order of recallColumns.
type tally [8]uint64

var recallColumns = []string{"PRODUCED", "CONSUMED", "DESTROYED", "SOLD", "HELD", "PACKED", "LOCATED", "NOTIFIED"}

// tallyOf reads the quantities of a recalled thing. What is no number counts as nothing.
func tallyOf(t *types.RecalledThing) (y tally) {
	for i, s := range []string{t.Produced, t.Consumed, t.Destroyed, t.Sold, t.Held, t.Packed, t.Located, t.Notified} {
		y[i], _ = gs1.ParseAmount(s)
	}
	return y
}

func (y *tally) add(z tally) {
	for i := range y {
		y[i] += z[i]
	}
}

// accounted says which share of what did not go into other things is accounted for, rounded down: nothing looks complete
// that is not.
func (y *tally) accounted() string {
	const produced, consumed, destroyed, located, notified = 0, 1, 2, 6, 7
	if y[produced] <= y[consumed] {
		return "-"
	}
	due := y[produced] - y[consumed]
	done := min(due, y[destroyed]+y[located]+y[notified])
	return fmt.Sprintf("%d%%", 100*done/due)
}

func (y *tally) cells() []string {
	cells := make([]string, len(y))
	for i, n := range y {
		cells[i] = gs1.FormatAmount(n)
	}
	return cells
}

// progressRows is the table of a recall: a line for each thing, and one for each unit that there are several things of.
func progressRows(affected []types.RecalledThing) [][]string {
	rows := [][]string{slices.Concat([]string{"THING"}, recallColumns, []string{"UNIT", "ACCOUNTED FOR"})}
	line := func(name string, y *tally, unit string) {
		rows = append(rows, slices.Concat([]string{name}, y.cells(), []string{symbol(unit), y.accounted()}))
	}
	var units []string
	totals, things := map[string]*tally{}, map[string]int{}
	for i := range affected {
		t := &affected[i]
		y := tallyOf(t)
		line(string(t.Thing), &y, t.Unit)
		if totals[t.Unit] == nil {
			units, totals[t.Unit] = append(units, t.Unit), &tally{}
		}
		totals[t.Unit].add(y)
		things[t.Unit]++
	}
	for _, unit := range units {
		if things[unit] > 1 {
			line("total", totals[unit], unit)
		}
	}
	return rows
}

// unreported lists who holds recalled things and has said nothing about them.
func unreported(affected []types.RecalledThing) [][]string {
	var rows [][]string
	for _, t := range affected {
		var silent []string
		for _, holder := range t.Holders {
			if !slices.ContainsFunc(t.Reports, func(n types.RecallNotice) bool { return n.Member == holder }) {
				silent = append(silent, holder)
			}
		}
		if len(silent) > 0 {
			rows = append(rows, []string{"  " + string(t.Thing), strings.Join(silent, ", ")})
		}
	}
	return rows
}
