package localnet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/localnet/load"
	"github.com/caryaledger/carya/types"
)

// loading is one run of `carya localnet load`.
type loading struct {
	*session
	o        load.Options
	spec     Spec
	baseline bool
	verbose  bool
}

func loadCommand(s *session) *cobra.Command {
	l := &loading{session: s}
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Put a load on the network and measure",
		Long: `Send signed, valid transactions and measure what becomes of them.

With a rate the loop is open: each transaction has a time at which it is due, and its latency
counts from then, also when it could not be sent in time. With --rate 0 the loop is closed: a
bounded number of transactions is on its way at any time. Latency ends when the transaction is
seen in a block of a node. Transactions are signed before the measured window as far as memory
and their expiry allow; the report says how many.

If the localnet at --home is up, the load goes there. Otherwise, and always with --baseline, a
temporary network is started and removed again. --baseline runs the same load first on a
network of the same kind with rules and state switched off and signatures on: the ceiling that
the real one is compared with.

Throughput is what was committed between the first and the last block within the window.

The scenarios trade and clearance send generated orders in batches of --bodies: order, payment
and waybill at once, customs' quota grant when all three are in blocks, the declaration list
after that, and with clearance customs' three decisions up to the release. There --rate counts
sets a second, each stage has its own latencies, and the match verdict is the time until all
three documents of an order are in blocks.`,
		Example: `  carya localnet load --rate 2000 --duration 30s
  carya localnet load --rate 0 --duration 20s --baseline --json
  carya localnet load --rate 50 --bodies 100 --scenario orders
  carya localnet load --rate 800 --scenario trade`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
	}
	f := cmd.Flags()
	f.IntVar(&l.o.Rate, "rate", 1000, "transactions, or sets of documents, a second; 0 = as fast as the network takes them")
	f.DurationVar(&l.o.Duration, "duration", 30*time.Second, "length of the measured window")
	f.IntVar(&l.o.Bodies, "bodies", 0, "bodies in each transaction, up to 1000; 0 = 1, or 100 where sets go in batches")
	f.StringVar(&l.o.Scenario, "scenario", load.Mixed, "what is said: "+strings.Join(load.Scenarios, ", "))
	f.IntVar(&l.o.InFlight, "in-flight", 0, "with --rate 0: transactions on their way at any time; 0 = a number that suits the bodies")
	f.BoolVar(&l.baseline, "baseline", false, "run the same load without rules and state too, and compare")
	f.IntVarP(&l.spec.Validators, "validators", "n", 4, "validators of a temporary network")
	f.DurationVar(&l.spec.TimeoutCommit, "timeout-commit", defaultTimeoutCommit, "pause between two blocks of a temporary network")
	f.StringArrayVar(&l.spec.Set, "set", nil, "key=value of the configuration of a temporary network's nodes; repeat for several")
	f.IntVar(&l.spec.BasePort, "base-port", DefaultBasePort, "where a temporary network's ports begin")
	f.BoolVar(&s.json, "json", false, "print one JSON object")
	f.BoolVarP(&l.verbose, "verbose", "v", false, "print how it goes, also when nobody watches")
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error { return l.run(ctx) })
	return cmd
}

func (l *loading) run(ctx context.Context) error {
	l.o.Fill()
	if err := l.o.Check(); err != nil {
		return usage("see `carya localnet load --help`", err)
	}
	report, err := l.measure(ctx)
	if err != nil {
		return err
	}
	if l.json {
		err = l.emit(report)
	} else {
		err = report.Write(l.out)
	}
	if err == nil && !report.AppHashEqual {
		err = errors.New("the nodes have different app hashes")
	}
	return err
}

func (l *loading) measure(ctx context.Context) (*load.Report, error) {
	if n, ok := l.running(); ok && !l.baseline {
		return l.load(ctx, n, "")
	}
	if !l.baseline {
		return l.temporary(ctx, "")
	}
	ceiling, err := l.temporary(ctx, "ceiling: ", "--ceiling")
	if err != nil {
		return nil, err
	}
	report, err := l.temporary(ctx, "rules and state: ")
	if err != nil {
		return nil, err
	}
	report.Against(ceiling)
	return report, nil
}

// running returns the network at home if all its nodes run.
func (l *loading) running() (*Network, bool) {
	n, err := Open(l.home)
	if err != nil {
		return nil, false
	}
	running, err := n.Running()
	return n, err == nil && len(running) == len(n.Nodes())
}

// temporary measures on a network that exists for this only.
func (l *loading) temporary(ctx context.Context, prefix string, extra ...string) (_ *load.Report, err error) {
	n, err := l.session.temporary(ctx, l.spec, "carya-load", extra...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Remove(context.WithoutCancel(ctx))) }()
	return l.load(ctx, n, prefix)
}

// temporary makes and starts a network in a folder of its own, which ends with this
// program. Its caller removes it.
func (s *session) temporary(ctx context.Context, spec Spec, chain string, extra ...string) (*Network, error) {
	home, err := os.MkdirTemp("", chain+"-")
	if err != nil {
		return nil, err
	}
	spec.Home, spec.Chain = home, chain
	n, err := s.create(ctx, spec)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	n.bound, n.extra = true, extra
	if err := s.start(ctx, n); err != nil {
		return nil, errors.Join(err, n.Remove(context.WithoutCancel(ctx)))
	}
	return n, nil
}

func (l *loading) load(ctx context.Context, n *Network, prefix string) (*load.Report, error) {
	target, err := n.target(ctx)
	if err != nil {
		return nil, err
	}
	tell := l.teller(prefix)
	report, err := load.Run(ctx, target, l.o, tell.progress)
	tell.done()
	if err == nil || ctx.Err() != nil {
		return report, err
	}
	for _, s := range n.Statuses(ctx) {
		if s.PID == 0 {
			err = errors.Join(err, n.crash(s.member))
		}
	}
	return nil, err
}

// target is the network as the load generator sees it.
func (n *Network) target(ctx context.Context) (load.Network, error) {
	var t load.Network
	nodes := n.Nodes()
	for _, m := range nodes {
		t.Nodes = append(t.Nodes, load.Node{Member: m.ID, URL: m.Node.API})
	}
	c, err := client.New(nodes[0].Node.API)
	if err != nil {
		return t, err
	}
	defer c.Close()
	domain, err := c.Domain(ctx)
	if err != nil {
		return t, err
	}
	return t, n.play(&t.Cast, domain)
}

// play gives the members their parts in the load. Who runs no node sends to somebody
// else's, each to another.
func (n *Network) play(cast *load.Cast, domain types.Domain) error {
	for i := range n.Members {
		m := &n.Members[i]
		key, err := n.key(m)
		if err != nil {
			return err
		}
		p := load.Party{
			Signer: &client.Signer{Member: m.ID, Domain: domain, Keys: []*ecdsa.PrivateKey{key}},
			Node:   i % len(n.Nodes()), GTIN: m.gtin(9),
		}
		switch m.ID {
		case platform:
			cast.Platform = p
		case paymentFirm:
			cast.Payment = p
		case carrier:
			cast.Logistics = p
		case customsOffice:
			cast.Customs = p
		case broker:
			cast.Declarant = p
		}
		if p.GTIN != "" {
			cast.Makers = append(cast.Makers, p)
		}
	}
	return nil
}

// key opens a member's signing key.
func (n *Network) key(m *Member) (*ecdsa.PrivateKey, error) {
	return n.keyring(m).Open(m.ID, n.Password)
}

// teller prints how a load goes.
type teller struct {
	w      io.Writer
	prefix string
	live   bool // a line that is written over
	plain  bool
}

func (l *loading) teller(prefix string) *teller {
	live := terminal(l.err)
	return &teller{w: l.err, prefix: prefix, live: live, plain: l.verbose && !live}
}

func (t *teller) progress(p load.Progress) {
	line := fmt.Sprintf("%s%s %s: %.0f committed/s, %d in flight, %d busy answers",
		t.prefix, p.Phase, p.Elapsed.Truncate(time.Second), p.PerS, p.Open, p.Busy)
	if p.Phase == "signing" {
		line = fmt.Sprintf("%ssigning ahead: %d transactions", t.prefix, p.Signed)
	}
	switch {
	case t.live:
		fmt.Fprintf(t.w, "\r\x1b[K%s", line)
	case t.plain:
		fmt.Fprintln(t.w, line)
	}
}

func (t *teller) done() {
	if t.live {
		fmt.Fprint(t.w, "\r\x1b[K")
	}
}
