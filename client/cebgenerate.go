package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb/generate"
)

// generation is one run of `carya ceb generate`.
type generation struct {
	*session
	options generate.Options
	start   string
	to      string
	members bool
	sign    bool
	codes   map[string]*[]string // customs codes by the name of their flag
	bar     *progressbar.ProgressBar
}

func cebGenerateCommand(s *session) *cobra.Command {
	g := &generation{session: s, codes: map[string]*[]string{}}
	cmd := &cobra.Command{
		Use:   "generate --orders N --out DIR",
		Short: "Make sets of invented customs messages that agree, with or without planted faults",
		Long: `Make the messages of invented purchases: order, payment, waybill and declaration list of
each, consistent in every amount, name, number and time. Nothing in them is real.

DIR gets a folder for each sender (platform, payment, logistics, declarant), in logistics the
table parcels.csv that says which order an export waybill is of, in pull the original data of
each payment as customs can demand it, the tax rates of the goods in rates.csv, and
faults.json: what was planted where. The same options and --start give the same bytes.

With --members the senders are the members of the node's chain, so that their messages can be
submitted there; single roles are set with --platform-code and so on. Without --start the
last purchase ends now, which the ledger's window for times admits.

With --sign every message is signed (sm2-sm3) with a key made for its sender; the certificates
are in DIR/certificates, as a node's [ceb] certificates wants them. Without it lists carry a
signature that says it is none.`,
		Example: `  carya ceb generate --orders 100 --seed 1 --out set
  carya ceb generate --orders 5000 --seed 7 --faults 0.5 --export 0.2 --out set && carya ceb check set --score
  carya ceb generate --orders 50 --members --node http://127.0.0.1:26680 --out set`,
		Args: takes(0, 0, "none"),
	}
	f := cmd.Flags()
	f.IntVar(&g.options.Orders, "orders", 0, "how many orders")
	f.Uint64Var(&g.options.Seed, "seed", 1, "another seed gives other purchases")
	f.Float64Var(&g.options.Faults, "faults", 0, "share of the orders that get one planted fault, 0 to 1")
	f.Float64Var(&g.options.Export, "export", 0, "share of exports, 0 to 1")
	f.Float64Var(&g.options.Bonded, "bonded", 0.3, "share of bonded trade (mode 1210), 0 to 1; the rest is 9610")
	f.IntVar(&g.options.PerFile, "per-file", 1, "documents in a message file, 1 to 100")
	f.DurationVar(&g.options.Every, "every", 0, "time from one order to the next on average (default 20s, less where that exceeds ten days)")
	f.StringVar(&g.start, "start", "", "time of the first order, such as 2026-11-11T00:00:00+08:00 (default so that the last ends now)")
	f.StringVarP(&g.to, "out", "o", "", "folder to write to, which must be empty")
	f.BoolVar(&g.members, "members", false, "the senders are the members of the node's chain")
	f.BoolVar(&g.sign, "sign", false, "sign every message with a key made for its sender")
	for _, role := range []string{types.RolePlatform, types.RolePayment, types.RoleLogistics, types.RoleDeclarant, types.RoleCustoms} {
		g.codes[role] = f.StringSlice(role+"-code", nil, "customs code of the "+role+"; several take turns")
	}
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		if err := g.check(); err != nil {
			return err
		}
		if g.members {
			if err := g.enlist(ctx); err != nil {
				return err
			}
		}
		g.name()
		return g.generate(ctx)
	})
	return cmd
}

func (g *generation) check() (err error) {
	o := &g.options
	switch {
	case g.to == "":
		return usage("for instance --out set", errors.New("the folder to write to is missing"))
	case o.Orders < 1:
		return usage("for instance --orders 100", errors.New("how many orders?"))
	case !isShare(o.Faults) || !isShare(o.Export) || !isShare(o.Bonded):
		return usage("", errors.New("--faults, --export and --bonded are shares from 0 to 1"))
	case o.PerFile < 1 || o.PerFile > 100:
		return usage("", fmt.Errorf("--per-file %d: a message has 1 to 100 documents", o.PerFile))
	case o.Every < 0:
		return usage("", fmt.Errorf("--every %s: at least 0", o.Every))
	}
	entries, err := os.ReadDir(g.to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usage("", err)
	}
	if len(entries) > 0 {
		return usage("name another folder", fmt.Errorf("%s is not empty", g.to))
	}
	return g.clock()
}

func isShare(x float64) bool { return !math.IsNaN(x) && x >= 0 && x <= 1 }

// setSpan is how long the last purchase of a set takes, and a bit more.
const setSpan = 4 * time.Hour

// clock sets the times of the purchases. Those that end now must all lie within the ledger's window for the times of
// documents, a month by default.
func (g *generation) clock() (err error) {
	const usual, longest = 20 * time.Second, 10 * 24 * time.Hour
	o := &g.options
	if o.Every == 0 {
		o.Every = max(time.Millisecond, min(usual, longest/time.Duration(o.Orders)))
	}
	if g.start != "" {
		if o.Start, err = time.Parse(time.RFC3339, g.start); err != nil {
			return usage("for instance --start 2026-11-11T00:00:00+08:00", fmt.Errorf("--start: %w", err))
		}
		return nil
	}
	o.Start = time.Now().Truncate(time.Second).Add(-time.Duration(o.Orders) * o.Every).Add(-setSpan)
	return nil
}

// enlist takes the senders from the genesis of the node's chain.
func (g *generation) enlist(ctx context.Context) error {
	node, err := g.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	_, genesis, err := node.Genesis(ctx)
	if err != nil {
		return err
	}
	for role, companies := range g.senders() {
		for _, m := range genesis.Members {
			for _, code := range m.Customs {
				if slices.Contains(m.Roles, role) {
					*companies = append(*companies, generate.Company{Code: code, Name: m.Name})
				}
			}
		}
		if len(*companies) == 0 && len(*g.codes[role]) == 0 {
			g.note("no member of %s has the role %s and a customs code: invented ones send its messages", genesis.Chain, role)
		}
	}
	for _, m := range genesis.Members {
		if slices.Contains(m.Roles, types.RoleCustoms) {
			g.options.Customs = append(g.options.Customs, m.Customs...)
		}
	}
	return nil
}

// senders are the companies of each role that sends messages.
func (g *generation) senders() map[string]*[]generate.Company {
	o := &g.options
	return map[string]*[]generate.Company{
		types.RolePlatform: &o.Platforms, types.RolePayment: &o.Payers, types.RoleLogistics: &o.Carriers, types.RoleDeclarant: &o.Declarants,
	}
}

// name takes over the codes that were named; they come before those of members.
func (g *generation) name() {
	for role, companies := range g.senders() {
		if codes := *g.codes[role]; len(codes) > 0 {
			*companies = nil
			for _, code := range codes {
				*companies = append(*companies, generate.Company{Code: code, Name: "测试企业" + code})
			}
		}
	}
	if codes := *g.codes[types.RoleCustoms]; len(codes) > 0 {
		g.options.Customs = codes
	}
}

func (g *generation) generate(ctx context.Context) error {
	if g.sign {
		signers := &signers{keys: map[string]*senderKey{}, dir: filepath.Join(g.to, "certificates")}
		g.options.Sign = signers.sign
	}
	g.begin()
	manifest, err := generate.New(g.options).WriteTo(func(f generate.File) error {
		g.bar.Add(1)
		return g.write(ctx, f.Name, f.Data)
	})
	if err != nil {
		return err
	}
	if err := g.write(ctx, "rates.csv", generate.Rates()); err != nil {
		return err
	}
	pulls, err := g.pulls(ctx)
	g.bar.Finish()
	if err != nil {
		return err
	}
	g.say("✓ %s: %s, %s in %s, %s planted, %s of original payment data",
		g.to, count(manifest.Orders, "order"), count(manifest.Documents, "document"), count(manifest.Files, "message"),
		count(len(manifest.Faults), "fault"), count(pulls, "record"))
	return g.emit(map[string]any{
		"out": g.to, "seed": manifest.Seed, "start": g.options.Start.Format(time.RFC3339), "orders": manifest.Orders,
		"documents": manifest.Documents, "messages": manifest.Files, "faults": len(manifest.Faults), "pulls": pulls,
	})
}

// begin shows how far it is, on a terminal.
func (g *generation) begin() {
	files := 4*g.options.Orders/g.options.PerFile + g.options.Orders
	visible := false
	if f, ok := g.err.(*os.File); ok {
		visible = isatty.IsTerminal(f.Fd())
	}
	g.bar = progressbar.NewOptions(files, progressbar.OptionSetWriter(g.err), progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription("files"), progressbar.OptionShowIts(), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond))
}

// pulls writes the original data of the payments: the same purchases once more.
func (g *generation) pulls(ctx context.Context) (n int, err error) {
	sets := generate.New(g.options)
	for set, more := sets.Next(); more; set, more = sets.Next() {
		g.bar.Add(1)
		answer := set.PullAnswer()
		if answer == nil {
			continue
		}
		n++
		name := "pull/" + fileName(set.Payment.Get("payTransactionId")) + ".json"
		if err := g.write(ctx, name, append(answer, '\n')); err != nil && !errors.Is(err, fs.ErrExist) { // a planted fault can use a number twice
			return n, err
		}
	}
	return n, nil
}

// write writes one file. What is generated can be generated again: it need not survive a power cut.
func (g *generation) write(ctx context.Context, name string, data []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	path := filepath.Join(g.to, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
