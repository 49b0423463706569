package localnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
)

// Commands returns the commands of networks on one machine, to be hung on the program's
// root command.
func Commands() []*cobra.Command {
	return []*cobra.Command{localnetCommand(), demoCommand()}
}

// session is one run of a command.
type session struct {
	home     string
	json     bool
	out, err io.Writer
}

// run makes a command's function: it binds the streams. The program ends the context on
// Ctrl-C, and the whole process on the second one.
func (s *session) run(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s.out, s.err = cmd.OutOrStdout(), cmd.ErrOrStderr()
		return f(cmd.Context(), args)
	}
}

// usage is an error of the command line.
func usage(hint string, err error) error {
	return &client.Failure{Exit: client.ExitUsage, Err: err, Hint: hint}
}

func flagError(cmd *cobra.Command, err error) error {
	return usage("see `"+cmd.CommandPath()+" --help`", err)
}

func (s *session) emit(v any) error { return json.NewEncoder(s.out).Encode(v) }

// terminal reports whether a person watches what is written to w.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

func localnetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "localnet",
		Short: "Run a network on this machine: up, status, load, logs, down",
		Long: `Run a network of validators on this machine, for trying things out and for measuring.

Every node is a process of its own on 127.0.0.1, with a home of its own below the network's.
The members are invented. Their keys lie in <home>/<member>/keys; all have the password
"localnet", and nothing here is meant to be safe.`,
		Example: `  carya localnet up
  carya localnet load --rate 500 --duration 30s
  carya localnet down --remove`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	s := &session{}
	cmd.SetFlagErrorFunc(flagError)
	cmd.PersistentFlags().StringVar(&s.home, "home", defaultHome(), "folder of the network; also CARYA_LOCALNET")
	cmd.AddCommand(upCommand(s), statusCommand(s), loadCommand(s), logsCommand(s), envCommand(s), downCommand(s))
	return cmd
}

func defaultHome() string {
	if home := os.Getenv("CARYA_LOCALNET"); home != "" {
		return home
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".carya-localnet")
}

func upCommand(s *session) *cobra.Command {
	spec := Spec{}
	var foreground bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the network; make it first if there is none",
		Long: `Start the nodes that do not run, and wait until all of them make blocks. The first time the
network is made: keys, genesis and a home for each node.

The nodes go on when the command has ended; "carya localnet down" ends them. With
--foreground they end with it.`,
		Example: `  carya localnet up
  carya localnet up -n 7 --home /tmp/seven --base-port 28000
  carya localnet up --foreground`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
	}
	f := cmd.Flags()
	f.IntVarP(&spec.Validators, "validators", "n", 4, "validators of a new network")
	f.IntVar(&spec.BasePort, "base-port", DefaultBasePort, "where a new network's ports begin; the next free hundred is taken")
	f.DurationVar(&spec.TimeoutCommit, "timeout-commit", defaultTimeoutCommit, "pause between two blocks of a new network")
	f.StringArrayVar(&spec.Set, "set", nil, "key=value of the configuration of a new network's nodes; repeat for several")
	f.StringVar(&spec.Chain, "chain", "carya-localnet", "chain id of a new network")
	f.BoolVar(&foreground, "foreground", false, "stay, and end the nodes with Ctrl-C")
	f.BoolVar(&s.json, "json", false, "print JSON, one object a node")
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		n, err := s.network(ctx, spec)
		if err != nil {
			return err
		}
		if has := len(n.Nodes()); has != spec.Validators && f.Changed("validators") {
			return usage("make another one with --home, or remove this one with `carya localnet down --remove`",
				fmt.Errorf("the network in %s has %d validators, not %d", n.Home, has, spec.Validators))
		}
		n.bound = foreground
		return s.up(ctx, n, foreground)
	})
	return cmd
}

// open opens the network at the session's home.
func (s *session) open() (*Network, error) {
	n, err := Open(s.home)
	if errors.Is(err, errNone) {
		err = usage("`carya localnet up` makes one; another folder is named with --home or CARYA_LOCALNET", err)
	}
	return n, err
}

// network opens the network at the session's home, and makes it if there is none.
func (s *session) network(ctx context.Context, spec Spec) (*Network, error) {
	n, err := Open(s.home)
	if !errors.Is(err, errNone) {
		return n, err
	}
	spec.Home = s.home
	return s.create(ctx, spec)
}

func (s *session) create(ctx context.Context, spec Spec) (*Network, error) {
	w := s.wait("making keys and genesis of %d validators", spec.Validators)
	defer w.done()
	return Create(ctx, spec)
}

// startTime is how long a network may take to make its first blocks.
const startTime = 60 * time.Second

func (s *session) up(ctx context.Context, n *Network, foreground bool) error {
	before, err := n.Running()
	if err != nil {
		return err
	}
	if err := s.start(ctx, n); err != nil {
		if len(before) == 0 {
			err = errors.Join(err, n.Stop(context.WithoutCancel(ctx)))
		}
		return err
	}
	if err := s.showStatus(ctx, n); err != nil || !foreground {
		return err
	}
	fmt.Fprintln(s.err, "Ctrl-C ends the network")
	<-ctx.Done()
	return n.Stop(context.WithoutCancel(ctx))
}

// start starts the nodes and waits until all make blocks.
func (s *session) start(ctx context.Context, n *Network) error {
	w := s.wait("%d nodes are starting", len(n.Nodes()))
	defer w.done()
	if err := n.Start(ctx); err != nil {
		return err
	}
	return n.Wait(ctx, 2, startTime)
}

func statusCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show how the nodes are doing", Args: cobra.NoArgs,
		Example:       "  carya localnet status\n  carya localnet status --json",
		SilenceErrors: true, SilenceUsage: true,
	}
	cmd.Flags().BoolVar(&s.json, "json", false, "print JSON, one object a node")
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		n, err := s.open()
		if err != nil {
			return err
		}
		return s.showStatus(ctx, n)
	})
	return cmd
}

func (s *session) showStatus(ctx context.Context, n *Network) error {
	list := n.Statuses(ctx)
	if s.json {
		for _, st := range list {
			if err := s.emit(st); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "MEMBER\tROLES\tAPI\tPID\tHEIGHT\tAPP HASH\tPEERS\tPOOL\tMEMORY\tCPU\tLOG")
	for _, st := range list {
		fmt.Fprintln(t, strings.Join(st.row(), "\t"))
	}
	for _, m := range n.Members {
		if m.Node == nil {
			fmt.Fprintf(t, "%s\t%s\t-\t-\t-\t-\t-\t-\t-\t-\t-\n", m.ID, strings.Join(m.Roles, ", "))
		}
	}
	return t.Flush()
}

func (st *NodeStatus) row() []string {
	row := []string{st.Member, strings.Join(st.member.Roles, ", "), st.API, "down"}
	if st.PID == 0 {
		return append(row, "-", "-", "-", "-", "-", "-", st.Log)
	}
	row[3] = fmt.Sprint(st.PID)
	if !st.Answers {
		return append(row, "no answer", "-", "-", "-", "-", "-", st.Log)
	}
	return append(row, fmt.Sprint(st.Height), st.AppHash.String()[:14], fmt.Sprint(st.Peers), fmt.Sprint(st.Pool.Transactions),
		fmt.Sprintf("%d MB", st.RSS/1e6), (time.Duration(st.CPU) * time.Millisecond).Round(100*time.Millisecond).String(), st.Log)
}

func downCommand(s *session) *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use: "down", Short: "End the nodes", Args: cobra.NoArgs,
		Long: `End the nodes: ask each to, and kill those that have not after 15 seconds. Only processes that
"carya localnet up" started are ended, by their pid and start time.`,
		Example:       "  carya localnet down\n  carya localnet down --remove",
		SilenceErrors: true, SilenceUsage: true,
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "remove the network's folder too, with its keys and its chain")
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		n, err := s.open()
		if err != nil {
			return err
		}
		running, err := n.Running()
		if err != nil {
			return err
		}
		w := s.wait("%d nodes are ending", len(running))
		defer w.done()
		if remove {
			return n.Remove(ctx)
		}
		return n.Stop(ctx)
	})
	return cmd
}

func envCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "env MEMBER", Short: "Print the environment to speak as a member", Args: cobra.ExactArgs(1),
		Long: `Print shell commands that set CARYA_MEMBER, CARYA_HOME, CARYA_NODE and CARYA_PASSWORD, so that the other
commands speak as that member, at its own node or, where it has none, at the platform's.`,
		Example:       "  eval \"$(carya localnet env lantu)\"",
		SilenceErrors: true, SilenceUsage: true,
	}
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		n, err := s.open()
		if err != nil {
			return err
		}
		m, err := n.Member(args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "export CARYA_MEMBER='%s' CARYA_HOME='%s' CARYA_NODE='%s' CARYA_PASSWORD='%s'\n", m.ID, n.home(m), n.nodeOf(m.ID), n.Password)
		return nil
	})
	return cmd
}

func logsCommand(s *session) *cobra.Command {
	var follow bool
	var lines int
	cmd := &cobra.Command{
		Use: "logs MEMBER", Short: "Show the end of a node's log", Args: cobra.ExactArgs(1),
		Example:       "  carya localnet logs lantu\n  carya localnet logs linan-coop -f",
		SilenceErrors: true, SilenceUsage: true,
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is written")
	cmd.Flags().IntVarP(&lines, "lines", "l", 40, "lines to begin with")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		n, err := s.open()
		if err != nil {
			return err
		}
		m, err := n.Member(args[0])
		if err != nil {
			return err
		}
		if m.Node == nil {
			return fmt.Errorf("%s runs no node", m.ID)
		}
		if follow {
			return n.follow(ctx, m, lines, s.out)
		}
		for _, line := range n.tail(m, lines) {
			fmt.Fprintln(s.out, line)
		}
		return nil
	})
	return cmd
}
