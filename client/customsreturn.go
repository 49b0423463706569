package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// returning is one run of `carya customs return`.
type returning struct {
	*author
	*office
	allow, arrived, refuse bool
}

func customsReturnCommand(s *session) *cobra.Command {
	r := &returning{}
	cmd := &cobra.Command{
		Use:   "return ORDER [RETURN] --member OFFICE",
		Short: "Decide the return of goods",
		Long: `Decide a return that was applied for (CEB625): --allow it, say that the goods have --arrived, or
--refuse it. Goods that arrived are put back on the buyer's quota and into the bonded book, once.
RETURN is the return's ULID; it can be left out where one is open.`,
		Example: `  carya customs return lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --allow --member hangzhou-customs
  carya customs return lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q 01KC1XAMPLE0000000000000AA --arrived --member hangzhou-customs`,
		Args: takes(1, 2, "an order and a return"),
	}
	r.author = newAuthor(s, cmd)
	r.office = newOffice(s, cmd)
	f := cmd.Flags()
	f.BoolVar(&r.allow, "allow", false, "allow the return (399)")
	f.BoolVar(&r.arrived, "arrived", false, "the goods have arrived (800)")
	f.BoolVar(&r.refuse, "refuse", false, "refuse the return (100)")
	cmd.RunE = r.author.run(r.run)
	return cmd
}

func (r *returning) run(ctx context.Context, args []string) error {
	if err := r.check(); err != nil {
		return err
	}
	status, word, err := r.decision()
	if err != nil {
		return err
	}
	ids, err := ordersNamed(args[:1])
	if err != nil {
		return err
	}
	r.wait = true
	if err := r.begin(ctx); err != nil {
		return err
	}
	defer r.end()
	o, err := r.order(ctx, ids[0])
	if err != nil {
		return err
	}
	name, err := openReturn(o, args[1:])
	if err != nil {
		return fmt.Errorf("order %s: %w", ids[0], err)
	}
	a := &answerOn{Order: ids[0], Word: word + " return " + name, State: o.StateAt(r.now), Steps: []stepOn{}}
	body := &types.DecideReturn{Order: ids[0], Return: name, Status: status}
	if err := r.author.runErrands(ctx, []errand{{body, a, status}}); err != nil {
		return err
	}
	if a.done() && !r.dry {
		if err := r.settleOne(ctx, ids[0]); err != nil {
			return err
		}
	}
	return (&deciding{author: r.author}).tellAll([]*answerOn{a})
}

// decision reads which of the flags was given.
func (r *returning) decision() (status uint64, word string, err error) {
	given := 0
	for _, f := range []struct {
		on     bool
		status uint64
		word   string
	}{{r.allow, types.StatusAudit, "allow"}, {r.arrived, types.StatusRelease, "arrived"}, {r.refuse, types.StatusReject, "refuse"}} {
		if f.on {
			given, status, word = given+1, f.status, f.word
		}
	}
	if given != 1 {
		err = usage("for instance --allow", errors.New("one of --allow, --arrived and --refuse"))
	}
	return status, word, err
}

// openReturn returns the return that is named, or else the one that is open.
func openReturn(o *types.Order, named []string) (string, error) {
	if len(named) > 0 {
		return named[0], nil
	}
	var open []string
	for _, r := range o.Returns {
		if r.Status == 0 || r.Status == types.StatusAudit {
			open = append(open, r.Return)
		}
	}
	if len(open) != 1 {
		return "", usage("name the return; `carya customs queue` shows it", fmt.Errorf("%s are open", count(len(open), "return")))
	}
	return open[0], nil
}
