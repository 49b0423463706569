package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// This file and certificate.go let people say with flags what `carya tx` takes as JSON, in the units and calendars that they
// think in. What is sent is the same.

// utter makes a command's function: it reads one body from the command line and sends it.
func (a *author) utter(read func(args []string) (types.Body, error)) func(*cobra.Command, []string) error {
	return a.run(func(ctx context.Context, args []string) error {
		if err := a.check(); err != nil {
			return err
		}
		body, err := read(args)
		if err != nil {
			return err
		}
		return a.transact(ctx, []types.Body{body})
	})
}

// momentFlag is a flag that is a time: a day or a time in this machine's zone, RFC 3339, or how long from now on. A day that
// ends something is meant to be a part of it.
type momentFlag struct {
	ms  *int64
	end bool
	now func() time.Time
}

func (f momentFlag) Type() string   { return "time" }
func (f momentFlag) String() string { return "" }

func (f momentFlag) Set(s string) error {
	if d, err := time.ParseDuration(s); err == nil {
		*f.ms = f.now().Add(d).UnixMilli()
		return nil
	}
	t, err := readTime(s, time.Local)
	if err != nil {
		return fmt.Errorf("%q: 2026-09-01, 2026-09-01 07:30, RFC 3339, or 72h from now", s)
	}
	if f.end && !strings.Contains(s, ":") {
		t = t.AddDate(0, 0, 1)
	}
	*f.ms = t.UnixMilli()
	return nil
}

// fromFlag and untilFlag make flags for the ends of a span.
func fromFlag(f *pflag.FlagSet, ms *int64, name, usage string) {
	f.Var(momentFlag{ms, false, time.Now}, name, usage)
}

func untilFlag(f *pflag.FlagSet, ms *int64, name, usage string) {
	f.Var(momentFlag{ms, true, time.Now}, name, usage)
}

// measureFlag is a flag that is a quantity with its unit: 250 g, 1200kg, 3 TNE.
type measureFlag struct {
	amount *uint64
	unit   *string
}

func (f measureFlag) Type() string   { return "quantity" }
func (f measureFlag) String() string { return "" }

func (f measureFlag) Set(s string) error {
	m, err := readMeasure(strings.TrimSpace(s), "", "")
	if err != nil {
		return fmt.Errorf("%q: %w; for instance \"250 g\"", s, err)
	}
	*f.amount, *f.unit = m.amount, m.unit
	return nil
}

// bandFlag is a flag that is a yield: 25%..45%, or 0.25..0.45. It counts millionths.
type bandFlag struct{ least, most *uint64 }

func (f bandFlag) Type() string   { return "band" }
func (f bandFlag) String() string { return "" }

func (f bandFlag) Set(s string) error {
	from, to, ok := strings.Cut(s, "..")
	least, err := millionths(from)
	most, err2 := millionths(to)
	if err = errors.Join(err, err2); !ok || err != nil || least > most {
		return fmt.Errorf("%q: the least and the most that comes out, for instance 25%%..45%%", s)
	}
	*f.least, *f.most = least, most
	return nil
}

// millionths reads a share: 33.3%, or 0.333.
func millionths(s string) (uint64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	amount, err := gs1.ParseAmount(strings.TrimSpace(number)) // of 10^-5
	switch {
	case err != nil:
		return 0, err
	case !percent:
		return amount * 10, nil
	case amount%10 != 0:
		return 0, errors.New("finer than a millionth")
	}
	return amount / 10, nil
}

// lotNamed reads a lot in any spelling.
func lotNamed(s string) (types.LotID, error) {
	path, key, err := identifier(strings.TrimPrefix(s, types.PrefixLot+"/"), "")
	if err == nil && !key.IsZero() && key.Type != "LGTIN" && key.Type != "LITIP" {
		err = usage("a lot is named by GTIN and lot number: 06901234000016.L2026A", fmt.Errorf("%s is no lot but of the type %s", s, key.Type))
	}
	return types.LotID(path), err
}

// unitNamed reads a unit in any spelling.
func unitNamed(s string) (types.UnitID, error) {
	path, key, err := identifier(strings.TrimPrefix(s, types.PrefixUnit+"/"), "")
	if err == nil && (key.Type == "GTIN" || key.Type == "LGTIN" || key.Type == "LITIP") {
		err = usage("a unit is an SSCC, an SGTIN, a GRAI and so on", fmt.Errorf("%s is of the type %s, not one single thing", s, key.Type))
	}
	return types.UnitID(path), err
}

// gtinNamed reads the GTIN of a product in any spelling and length.
func gtinNamed(s string) (string, error) {
	path, _, err := identifier(s, "GTIN")
	return path, err
}

func gtinsNamed(list []string) ([]string, error) {
	gtins := make([]string, len(list))
	for i, s := range list {
		var err error
		if gtins[i], err = gtinNamed(s); err != nil {
			return nil, err
		}
	}
	return gtins, nil
}

// placeNamed reads a site or plot: a GLN, alone or with an extension behind a full stop, or any other spelling.
func placeNamed(s string) (string, error) {
	return pathOf(strings.TrimPrefix(s, types.PrefixPlot+"/"), readPlace)
}

// pathOf returns the path in keys of what read takes for a URI. A path of a URI outside GS1 is taken as well.
func pathOf(s string, read func(string) (string, error)) (string, error) {
	if strings.HasPrefix(s, "x.") {
		s = types.LinkOf(s)
	}
	uri, err := read(s)
	if err != nil {
		return "", usage("`carya gs1 check` tells what an identifier is", fmt.Errorf("%s: %w", oneLine(s), err))
	}
	path, _, err := types.ThingOf(uri)
	return path, err
}

const quantityHelp = `A quantity has its unit: "250 g", "1200 kg", "3 t", 700斤, or a code of UNECE Recommendation 20.`

const timeHelp = `A time is a day (2026-09-01), a time of this machine's zone (2026-09-01 07:30), RFC 3339, or a
span from now (72h). A day at the end of a span is a part of it.`

// custodyCommands are the commands about lots that need no spreadsheet: custody, and exports.
func custodyCommands(s *session) []*cobra.Command {
	return []*cobra.Command{lotOfferCommand(s), lotAcceptCommand(s), lotRejectCommand(s), lotSettleCommand(s), exportCommand(s)}
}

// customaryDeadline is how long an offer stands unless it says otherwise.
const customaryDeadline = 72 * time.Hour

func deadlineFlag(f *pflag.FlagSet, ms *int64) {
	*ms = time.Now().Add(customaryDeadline).UnixMilli()
	untilFlag(f, ms, "deadline", "until when it can be accepted (default 72h)")
}

const purposeUsage = "return, quarantine or destruction; a recalled thing goes nowhere else"

func lotOfferCommand(s *session) *cobra.Command {
	b := &types.OfferLot{}
	cmd := &cobra.Command{
		Use:   "offer LOT",
		Short: "Offer the custody of a lot, or a part of it, to another member",
		Long: "Offer the custody of a lot to another member. Without --quantity it is all that the member holds. Custody\n" +
			"changes when the other accepts; until then nobody can use that quantity.\n\n" + quantityHelp + "\n\n" + timeHelp,
		Example: `  carya lot offer 06901234000016.L2026A --to qianjiang-express --quantity "250 kg" --member linan-coop --wait`,
		Args:    takes(1, 1, "a lot"),
	}
	a := newAuthor(s, cmd)
	f := cmd.Flags()
	f.StringVar(&b.To, "to", "", "member to offer it to")
	f.Var(measureFlag{&b.Quantity, &b.Unit}, "quantity", "how much (default all)")
	f.StringVar(&b.Purpose, "purpose", "", purposeUsage)
	deadlineFlag(f, &b.Deadline)
	cmd.RunE = a.utter(func(args []string) (body types.Body, err error) {
		b.Lot, err = lotNamed(args[0])
		return b, err
	})
	return cmd
}

func lotAcceptCommand(s *session) *cobra.Command {
	b := &types.AcceptLot{}
	cmd := &cobra.Command{
		Use:   "accept LOT",
		Short: "Take over what was offered of a lot",
		Long: "Take over what was offered of a lot. With --quantity what arrived differs from what was offered, and the\n" +
			"member that offered it settles the difference.\n\n" + quantityHelp,
		Example: `  carya lot accept 06901234000016.L2026A --from linan-coop --quantity "249.5 kg" --member qianjiang-express --wait`,
		Args:    takes(1, 1, "a lot"),
	}
	a := newAuthor(s, cmd)
	cmd.Flags().StringVar(&b.From, "from", "", "member that offered it")
	cmd.Flags().Var(measureFlag{&b.Quantity, &b.Unit}, "quantity", "how much arrived (default as offered)")
	cmd.RunE = a.utter(func(args []string) (body types.Body, err error) {
		b.Lot, err = lotNamed(args[0])
		return b, err
	})
	return cmd
}

func lotRejectCommand(s *session) *cobra.Command {
	b := &types.RejectLot{}
	cmd := &cobra.Command{
		Use:     "reject LOT",
		Short:   "Decline an offer of a lot (--from), or withdraw one (--to)",
		Example: "  carya lot reject 06901234000016.L2026A --from linan-coop --member qianjiang-express --wait",
		Args:    takes(1, 1, "a lot"),
	}
	a := newAuthor(s, cmd)
	cmd.Flags().StringVar(&b.From, "from", "", "member that made the offer, to decline it")
	cmd.Flags().StringVar(&b.To, "to", "", "member that the offer was made to, to withdraw it")
	cmd.RunE = a.utter(func(args []string) (body types.Body, err error) {
		if (b.From == "") == (b.To == "") {
			return nil, usage("--from declines another member's offer, --to withdraws one's own", errors.New("one of --from and --to"))
		}
		b.From, b.To = first(b.From, a.member), first(b.To, a.member)
		b.Lot, err = lotNamed(args[0])
		return b, err
	})
	return cmd
}

func lotSettleCommand(s *session) *cobra.Command {
	b := &types.SettleLot{}
	cmd := &cobra.Command{
		Use:   "settle LOT",
		Short: "Settle what a hand-over left short or over",
		Long: `Settle the difference that a hand-over left, by the member that offered. What did not arrive was
kept (it never left) or lost; what arrived beyond the offer is given, or kept.`,
		Example: "  carya lot settle 06901234000016.L2026A --to qianjiang-express --outcome lost --member linan-coop --wait",
		Args:    takes(1, 1, "a lot"),
	}
	a := newAuthor(s, cmd)
	cmd.Flags().StringVar(&b.To, "to", "", "member that the offer was made to")
	cmd.Flags().StringVar(&b.Outcome, "outcome", "", "kept, lost or given")
	cmd.RunE = a.utter(func(args []string) (body types.Body, err error) {
		b.Lot, err = lotNamed(args[0])
		return b, err
	})
	return cmd
}

func unitCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "unit", Short: "Hand over parcels, pallets and other single things"}
	s := newSession(cmd)
	offer := &types.OfferUnit{}
	offerCmd := &cobra.Command{
		Use:     "offer UNIT",
		Short:   "Offer the custody of a unit, with what is in it, to another member",
		Long:    "Offer the custody of a unit, with everything in it, to another member.\n\n" + timeHelp,
		Example: "  carya unit offer 069012340000000016 --to qianjiang-express --deadline 48h --member linan-coop --wait",
		Args:    takes(1, 1, "a unit"),
	}
	a := newAuthor(s, offerCmd)
	offerCmd.Flags().StringVar(&offer.To, "to", "", "member to offer it to")
	offerCmd.Flags().StringVar(&offer.Purpose, "purpose", "", purposeUsage)
	deadlineFlag(offerCmd.Flags(), &offer.Deadline)
	offerCmd.RunE = a.utter(func(args []string) (body types.Body, err error) {
		offer.Unit, err = unitNamed(args[0])
		return offer, err
	})
	accept := onUnit(s, "accept", "Take over a unit that was offered", func(id types.UnitID) types.Body { return &types.AcceptUnit{Unit: id} })
	reject := onUnit(s, "reject", "Decline or withdraw an open offer of a unit", func(id types.UnitID) types.Body { return &types.RejectUnit{Unit: id} })
	return group(cmd, offerCmd, accept, reject)
}

// onUnit makes a command about a unit that needs to know nothing else.
func onUnit(s *session, name, short string, body func(types.UnitID) types.Body) *cobra.Command {
	cmd := &cobra.Command{
		Use:     name + " UNIT",
		Short:   short,
		Example: "  carya unit " + name + " 069012340000000016 --member qianjiang-express --wait",
		Args:    takes(1, 1, "a unit"),
	}
	a := newAuthor(s, cmd)
	cmd.RunE = a.utter(func(args []string) (types.Body, error) {
		id, err := unitNamed(args[0])
		return body(id), err
	})
	return cmd
}

func productCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "product", Short: "Say how products are measured and counted"}
	s := newSession(cmd)
	b := &types.RegisterProduct{}
	register := &cobra.Command{
		Use:     "register GTIN",
		Short:   "Say what a product is called and what one piece holds",
		Long:    "Register a product: its name and, where lots of it are counted in pieces, what one piece holds.\n\n" + quantityHelp,
		Example: `  carya product register 6901234000023 --name "hickory nuts, roasted, 250 g" --net "250 g" --member linan-coop --wait`,
		Args:    takes(1, 1, "a GTIN"),
	}
	a := newAuthor(s, register)
	f := register.Flags()
	f.StringVar(&b.Name, "name", "", "what it is called")
	f.Var(measureFlag{&b.Net, &b.Unit}, "net", "net content of one piece")
	f.StringVar(&b.Model, "model", "", "chain of custody for claims (ISO 22095): segregated (default) or mass-balance")
	register.RunE = a.utter(func(args []string) (body types.Body, err error) {
		b.Model = strings.ToUpper(strings.ReplaceAll(b.Model, "-", "_"))
		b.GTIN, err = gtinNamed(args[0])
		return b, err
	})
	return group(cmd, register)
}

func plotCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "plot", Short: "Bound what plots yield"}
	s := newSession(cmd)
	b := &types.RegisterPlot{}
	gtin := ""
	register := &cobra.Command{
		Use:   "register PLOT",
		Short: "Say what a plot can yield of a product in a season",
		Long: "Register what a plot can yield of a product in a season (cooperatives and authorities). A plot is a GLN, alone\n" +
			"or with an extension behind a full stop, or a URI.\n\n" + quantityHelp + "\n\n" + timeHelp,
		Example: `  carya plot register 6901234000900.P1 --name "Tianmu slope 1" --gtin 6901234000016 --harvester tianmu-farm \
    --from 2026-08-20 --until 2026-10-31 --cap "1200 kg" --member linan-coop --wait`,
		Args: takes(1, 1, "a plot"),
	}
	a := newAuthor(s, register)
	f := register.Flags()
	f.StringVar(&b.Name, "name", "", "what it is called")
	f.StringVar(&gtin, "gtin", "", "product that it yields")
	f.StringArrayVar(&b.Members, "harvester", []string{}, "member that may harvest from it besides the signing one; once for each")
	f.Var(measureFlag{&b.Cap, &b.Unit}, "cap", "most that it yields in the season")
	fromFlag(f, &b.From, "from", "begin of the season")
	untilFlag(f, &b.Until, "until", "end of the season")
	register.RunE = a.utter(func(args []string) (body types.Body, err error) {
		if b.Plot, err = placeNamed(args[0]); err != nil {
			return nil, err
		}
		b.GTIN, err = gtinNamed(gtin)
		return b, err
	})
	return group(cmd, register)
}

func processCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "process", Short: "Bound the yields of business steps"}
	s := newSession(cmd)
	b := &types.SetProcess{}
	set := &cobra.Command{
		Use:   "set [STEP]",
		Short: "Bound how much comes out of a business step (authority)",
		Long: `Bound what comes out of transformations with a business step, as a share of what went in. More is
refused, less is flagged. A step is a word of the CBV or a URI; without one the bounds hold for
all steps that have none of their own.`,
		Example: "  carya process set https://coop.example/step/drying --yield 25%..45% --member zj-agriculture --wait",
		Args:    takes(0, 1, "a business step"),
	}
	a := newAuthor(s, set)
	set.Flags().Var(bandFlag{&b.Min, &b.Max}, "yield", "least and most that comes out: 25%..45%")
	set.RunE = a.utter(func(args []string) (types.Body, error) {
		if !set.Flags().Changed("yield") {
			return nil, usage("for instance --yield 25%..45%", errors.New("--yield is missing"))
		}
		b.BizStep = strings.Join(args, "")
		return b, nil
	})
	return group(cmd, set)
}

func rangeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "range", Short: "Let farms use a cooperative's company prefix"}
	s := newSession(cmd)
	b := &types.GrantRange{}
	gtin, span, end := "", "", false
	grant := &cobra.Command{
		Use:   "grant PREFIX",
		Short: "Let a member commission identifiers under a company prefix",
		Long: `Let another member commission lots and units under a company prefix of the signing member: those
whose lot number or serial begins with something in the range. It replaces what was granted to
that member for the prefix and product before; --end takes it back.`,
		Example: `  carya range grant 6901234 --to tianmu-farm --gtin 6901234000016 --range TM00..TM49 --member linan-coop --wait
  carya range grant 6901234 --to tianmu-farm --gtin 6901234000016 --end --member linan-coop --wait`,
		Args: takes(1, 1, "a GS1 company prefix"),
	}
	a := newAuthor(s, grant)
	f := grant.Flags()
	f.StringVar(&b.To, "to", "", "member that may use it")
	f.StringVar(&gtin, "gtin", "", "product (default everything under the prefix)")
	f.StringVar(&span, "range", "", "how the lot numbers begin: TM, or from TM00..TM49")
	f.BoolVar(&end, "end", false, "take back what was granted")
	grant.RunE = a.utter(func(args []string) (body types.Body, err error) {
		if end == (span != "") {
			return nil, usage("for instance --range TM00..TM49", errors.New("one of --range and --end"))
		}
		if gtin != "" {
			if b.GTIN, err = gtinNamed(gtin); err != nil {
				return nil, err
			}
		}
		b.Prefix = args[0]
		b.First, b.Last = span, span
		if from, to, isSpan := strings.Cut(span, ".."); isSpan {
			b.First, b.Last = from, to
		}
		return b, nil
	})
	return group(cmd, grant)
}
