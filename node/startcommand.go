package node

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func startCommand() *cobra.Command {
	var dir string
	var set []string
	var o Options
	c := &cobra.Command{
		Use:   "start",
		Short: "run the node until it is interrupted",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second interrupt ends the process
			return start(ctx, dir, set, o, c.ErrOrStderr())
		},
	}
	homeFlag(c, &dir)
	c.Flags().StringArrayVar(&set, "set", nil, "key=value that goes before the configuration's this time; repeat for several")
	c.Flags().BoolVar(&o.Ceiling, "ceiling", false, "measure what consensus alone can carry: rules and state are off and nothing is proven")
	_ = c.Flags().MarkHidden("ceiling")
	return c
}

// start runs the node of a home directory.
func start(ctx context.Context, dir string, set []string, o Options, w io.Writer) error {
	cfg, err := ReadConfig(home(dir).file(fileConfig))
	if err != nil {
		return err
	}
	for _, s := range set {
		if err := cfg.Set(s); err != nil {
			return err
		}
	}
	if err := cfg.Check(); err != nil {
		return err
	}
	if o.Logger, err = NewLogger(cfg.Log, w); err != nil {
		return err
	}
	if cfg.Memory != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(cfg.Memory)
	}
	n, err := New(ctx, dir, cfg, o)
	if err != nil && ctx.Err() != nil {
		return nil // interrupted while it executed what was left
	}
	if err != nil {
		return err
	}
	n.announce(w)
	return n.Run(ctx)
}

// announce says what is starting: in the log's own words, and readable for a person.
func (n *Node) announce(w io.Writer) {
	last := n.app.Last()
	peers, _ := n.cfg.P2P.others(n.id)
	if n.cfg.Log.Format == "json" {
		n.log.Info("starting", "version", Version(), "member", n.cfg.Member, "chain", n.genesis.Chain, "genesis", n.genesisHash.String(),
			"height", last.Height, "node", n.id, "p2p", n.cfg.P2P.Listen, "peers", len(peers), "api", n.listener.Addr().String())
	} else {
		fmt.Fprintf(w, "carya %s: node of %s on %s\n", Version(), n.cfg.Member, n.genesis.Chain)
		fmt.Fprintf(w, "  genesis  %s\n", n.genesisHash)
		fmt.Fprintf(w, "  state    block %d\n", last.Height)
		fmt.Fprintf(w, "  peers    %s@%s, %d to meet\n", n.id, n.cfg.P2P.Listen, len(peers))
		fmt.Fprintf(w, "  gateway  http://%s\n", n.listener.Addr())
	}
	if !cgo {
		n.log.Warn("built without cgo: checking a signature takes 156 µs instead of 43 µs; build with CGO_ENABLED=1 and a C compiler")
	}
	if len(peers) == 0 && len(n.genesis.Members) > 1 {
		n.log.Warn("p2p.peers is empty: this node dials nobody, and only those in p2p.allow may dial it")
	}
}
