package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

func tariffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tariff",
		Short: "Set and show import taxes and limits",
		Long: `Set what retail imports are taxed with, and what a buyer may import (role customs). Rates and limits
hold from a time on; what was in force before stays, and judges the orders of its time.`,
		Example: `  carya tariff set 3304 --vat 13 --consumption 15 --member hangzhou-customs --wait
  carya tariff limits --single 5000 --annual 26000 --member hangzhou-customs --wait
  carya tariff show 3304990029`,
	}
	s := newSession(cmd)
	return group(cmd, tariffSetCommand(s), tariffLimitsCommand(s), tariffShowCommand(s))
}

// tariffSetting is one run of `carya tariff set`.
type tariffSetting struct {
	*author
	file, vat, consumption string
	barred                 bool
	from                   int64
}

func tariffSetCommand(s *session) *cobra.Command {
	t := &tariffSetting{}
	cmd := &cobra.Command{
		Use:   "set CODE --vat PERCENT",
		Short: "Say what goods are taxed with",
		Long: `Say what goods of a commodity code are taxed with from a time on, which is not before now unless
they have no rate yet. CODE is the beginning of a code, 2 to 10 digits: the longest that the goods'
code begins with counts. Rates are in per cent, to a ten-thousandth.

--file takes many from a spreadsheet saved as CSV with the columns gcode, vat, consumption, barred and
from; barred is yes or empty.`,
		Example: `  carya tariff set 19 --vat 13 --member hangzhou-customs --wait
  carya tariff set 2402 --vat 13 --barred --from 2027-01-01 --member hangzhou-customs --wait
  carya tariff set --file rates.csv --member hangzhou-customs --wait`,
		Args: takes(0, 1, "a commodity code"),
	}
	t.author = newAuthor(s, cmd)
	f := cmd.Flags()
	f.StringVar(&t.file, "file", "", "CSV of rates: gcode,vat,consumption,barred,from")
	f.StringVar(&t.vat, "vat", "", "value added tax, per cent")
	f.StringVar(&t.consumption, "consumption", "0", "consumption tax, per cent")
	f.BoolVar(&t.barred, "barred", false, "the goods may not be imported in retail")
	fromFlag(f, &t.from, "from", "when it begins to hold (default now)")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		if err := t.check(); err != nil {
			return err
		}
		bodies, err := t.bodies(args)
		if err != nil {
			return err
		}
		return t.transactAll(ctx, bodies)
	})
	return cmd
}

func (t *tariffSetting) bodies(args []string) ([]types.Body, error) {
	if t.from == 0 {
		t.from = time.Now().UnixMilli()
	}
	if t.file != "" {
		if len(args) > 0 {
			return nil, usage("", errors.New("a code, or --file"))
		}
		return t.fromFile()
	}
	if len(args) == 0 || t.vat == "" {
		return nil, usage("for instance `carya tariff set 19 --vat 13`", errors.New("a code and --vat are missing"))
	}
	b, err := t.body(args[0], t.vat, t.consumption)
	if err != nil {
		return nil, usage("", err)
	}
	b.Barred = t.barred
	return []types.Body{b}, nil
}

func (t *tariffSetting) body(code, vat, consumption string) (*types.SetTariff, error) {
	b := &types.SetTariff{Code: code, From: t.from}
	var err, err2 error
	b.VAT, err = millionths(percentSign(vat))
	b.Consumption, err2 = millionths(percentSign(first(consumption, "0")))
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("rates of %s, %q and %q: %w", code, vat, consumption, err)
	}
	return b, b.Check()
}

// percentSign makes 13 be 13%.
func percentSign(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), "%") + "%" }

func (t *tariffSetting) fromFile() ([]types.Body, error) {
	rows, err := t.csvRows(t.file, "gcode", "vat")
	if err != nil {
		return nil, err
	}
	var bodies []types.Body
	for _, row := range rows {
		b, err := t.fromRow(row)
		if err != nil {
			return nil, usage("", fmt.Errorf("%s, row %d: %w", t.file, row.n, err))
		}
		bodies = append(bodies, b)
	}
	return bodies, nil
}

func (t *tariffSetting) fromRow(row *csvRow) (*types.SetTariff, error) {
	b, err := t.body(row.cell("gcode"), row.cell("vat"), row.cell("consumption"))
	if err != nil {
		return nil, err
	}
	if from := row.cell("from"); from != "" {
		if err := (momentFlag{&b.From, false, time.Now}).Set(from); err != nil {
			return nil, fmt.Errorf("from %w", err)
		}
	}
	switch strings.ToLower(row.cell("barred")) {
	case "", "no", "false", "0", "否":
	case "yes", "true", "1", "是":
		b.Barred = true
	default:
		return nil, fmt.Errorf("barred %q: yes, or empty", row.cell("barred"))
	}
	return b, nil
}

// transactAll sends bodies of one kind in as many transactions as they need. With more than one, rollback undoes no earlier
// one, so that it is refused.
func (a *author) transactAll(ctx context.Context, bodies []types.Body) error {
	if len(bodies) > types.MaxBodies && a.onError == types.OnErrorRollback {
		return usage("use --on-error proceed", fmt.Errorf("%d rows are more than one transaction holds (%d), and rollback is for one", len(bodies), types.MaxBodies))
	}
	l, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	by, err := a.signer(ctx, l)
	if err != nil {
		return err
	}
	for len(bodies) > 0 {
		part := bodies[:min(len(bodies), types.MaxBodies)]
		bodies = bodies[len(part):]
		if err := a.dispatch(ctx, l, by, part); err != nil {
			return err
		}
	}
	return nil
}

// limitSetting is one run of `carya tariff limits`.
type limitSetting struct {
	*author
	single, annual, share, tolerance string
	from                             int64
}

func tariffLimitsCommand(s *session) *cobra.Command {
	t, d := &limitSetting{}, types.DefaultLimits
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "Say what a buyer may import",
		Long: fmt.Sprintf(`Say what a buyer may import from a time on, and how much of the taxes is levied. What is not named
stays as it is on the ledger; before anything is, it is %s and %s yuan, %s and %s yuan.`,
			ceb.Decimal(d.Single), ceb.Decimal(d.Annual), perCent(d.Share), ceb.Decimal(d.Tolerance)),
		Example: "  carya tariff limits --single 5000 --annual 26000 --member hangzhou-customs --wait\n  carya tariff limits --tolerance 0.05 --from 2027-01-01 --member hangzhou-customs --wait",
		Args:    takes(0, 0, "none"),
	}
	t.author = newAuthor(s, cmd)
	f := cmd.Flags()
	f.StringVar(&t.single, "single", "", "most of one transaction, yuan")
	f.StringVar(&t.annual, "annual", "", "most of one buyer in a calendar year, yuan")
	f.StringVar(&t.share, "share", "", "share of VAT and consumption tax that is levied, per cent")
	f.StringVar(&t.tolerance, "tolerance", "", "by which a stated tax may differ, yuan")
	fromFlag(f, &t.from, "from", "when it begins to hold (default now)")
	cmd.RunE = s.run(t.run)
	return cmd
}

func (t *limitSetting) run(ctx context.Context, _ []string) error {
	if err := t.check(); err != nil {
		return err
	}
	if t.single+t.annual+t.share+t.tolerance == "" {
		return usage("for instance --annual 26000", errors.New("nothing is named that should change"))
	}
	if t.from == 0 {
		t.from = time.Now().UnixMilli()
	}
	node, err := t.dial()
	if err != nil {
		return err
	}
	had, err := limitsOf(ctx, node)
	node.Close()
	if err != nil {
		return err
	}
	b, err := t.body(had.At(t.from))
	if err != nil {
		return usage("", err)
	}
	return t.transact(ctx, []types.Body{b})
}

// limitsOf returns the limits of the chain; none have versions where nobody has set any.
func limitsOf(ctx context.Context, node *Client) (*types.Limits, error) {
	l, err := recordOf[types.Limits](ctx, node, types.KeyLimits)
	if l == nil && err == nil {
		l = &types.Limits{}
	}
	return l, err
}

// body changes those of the limits that are named.
func (t *limitSetting) body(had types.LimitsVersion) (*types.SetLimits, error) {
	b := &types.SetLimits{From: t.from, Single: had.Single, Annual: had.Annual, Share: had.Share, Tolerance: had.Tolerance}
	for _, f := range []struct {
		name, text string
		to         *uint64
	}{{"single", t.single, &b.Single}, {"annual", t.annual, &b.Annual}, {"tolerance", t.tolerance, &b.Tolerance}} {
		if f.text == "" {
			continue
		}
		amount, err := ceb.ParseDecimal(f.text)
		if err != nil || amount < 0 {
			return nil, fmt.Errorf("--%s %q: yuan, such as 5000 or 0.01", f.name, f.text)
		}
		*f.to = uint64(amount)
	}
	if t.share != "" {
		var err error
		if b.Share, err = millionths(percentSign(t.share)); err != nil {
			return nil, fmt.Errorf("--share %q: per cent, such as 70", t.share)
		}
	}
	return b, b.Check()
}

// tariffShown is what `carya tariff show` prints of a code.
type tariffShown struct {
	Asked    string                `json:"asked"`
	Code     string                `json:"code"` // that counts for it
	Versions []types.TariffVersion `json:"versions"`
	Force    *types.TariffVersion  `json:"force,omitempty"` // the version in force now
}

func tariffShowCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:     "show [CODE]",
		Short:   "Show the rates of goods, or the limits",
		Long:    "Show what goods of a commodity code are taxed with, by the longest code on the ledger which it\nbegins with; without a code, show the limits. `carya prove tariff/CODE` proves it.",
		Example: "  carya tariff show 3304990029\n  carya tariff show --json",
		Args:    takes(0, 1, "a commodity code"),
		RunE: s.run(func(ctx context.Context, args []string) error {
			node, err := s.dial()
			if err != nil {
				return err
			}
			defer node.Close()
			if len(args) == 0 {
				return s.showLimits(ctx, node)
			}
			return s.showTariff(ctx, node, args[0])
		}),
	}
}

func (s *session) showLimits(ctx context.Context, node *Client) error {
	l, err := limitsOf(ctx, node)
	if err != nil {
		return err
	}
	now := l.At(time.Now().UnixMilli())
	s.say("a transaction up to %s yuan, %s a year, %s of the taxes, tolerance %s yuan", ceb.Decimal(now.Single), ceb.Decimal(now.Annual), perCent(now.Share), ceb.Decimal(now.Tolerance))
	if len(l.Versions) == 0 {
		s.say("  nobody has set other limits than those since 2019 (GACC 2018-194)")
	}
	for _, v := range l.Versions {
		s.say("  from %s: %s, %s, %s, %s", moment(v.From), ceb.Decimal(v.Single), ceb.Decimal(v.Annual), perCent(v.Share), ceb.Decimal(v.Tolerance))
	}
	return s.emit(struct {
		Force    types.LimitsVersion   `json:"force"`
		Versions []types.LimitsVersion `json:"versions"`
	}{now, l.Versions})
}

func (s *session) showTariff(ctx context.Context, node *Client, code string) error {
	if len(code) < shortestCode || len(code) > longestCode || strings.Trim(code, "0123456789") != "" {
		return usage("for instance 3304990029", fmt.Errorf("%q is no commodity code: 2 to 10 digits", code))
	}
	r, now := newRates(node), time.Now().UnixMilli()
	for n := len(code); n >= shortestCode; n-- {
		t, err := r.tariff(ctx, code[:n])
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		shown := tariffShown{code, code[:n], t.Versions, t.At(now)}
		s.say("%s: the rates of %s", code, shown.Code)
		for i := range t.Versions {
			v := &t.Versions[i]
			s.say("  from %s: VAT %s, consumption tax %s%s%s", moment(v.From), perCent(v.VAT), perCent(v.Consumption),
				map[bool]string{true: ", barred"}[v.Barred], map[bool]string{true: " ← in force"}[v == shown.Force])
		}
		return s.emit(shown)
	}
	return types.Refuse(types.NotFound, "code", "the ledger has no rate for %s", code)
}

// perCent writes millionths.
func perCent(millionths uint64) string { return ceb.Decimal(millionths*10).String() + " %" }
