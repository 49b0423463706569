package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

const keysHelp = `A key is a path: lot/06901234000016.L2026A, order/<platform>/<ULID>, member/<id>,
payment/<company>/<ULID>, waybill/<carrier>/<ULID>, declaration/<declarant>/<ULID>,
key/<address>, chain/params, chain/blocks.`

const keyHint = "a key is a path such as lot/06901234000016.L2026A or member/coop-linan"

// ask makes a function that needs a node and one key.
func (s *session) ask(f func(ctx context.Context, node *Client, key string) error) func(*cobra.Command, []string) error {
	return s.run(func(ctx context.Context, args []string) error {
		if err := checkKey(args[0]); err != nil {
			return usage(keyHint, err)
		}
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		return f(ctx, node, args[0])
	})
}

func getCommand() *cobra.Command {
	var height int64
	cmd := &cobra.Command{
		Use:     "get KEY",
		Short:   "Show a record",
		Long:    "Show the record under a key, as the node says: nothing is proven. See also prove and verify.\n\n" + keysHelp,
		Example: "  carya get lot/06901234000016.L2026A\n  carya get member/coop-linan --height 1200 --json",
		Args:    takes(1, 1, "a key"),
	}
	s := newSession(cmd)
	cmd.Flags().Int64Var(&height, "height", 0, "as it was after this block; 0 is the last")
	cmd.RunE = s.ask(func(ctx context.Context, node *Client, key string) error {
		answer, err := node.Record(ctx, key, height)
		if err != nil {
			return fmt.Errorf("get %s: %w", key, err)
		}
		record, err := types.DecodeAny(key, answer.Value)
		if err != nil {
			return err
		}
		// What is shown is what the value says, not the node's rendering of it.
		if answer.Record, err = json.Marshal(record); err != nil {
			return err
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s after block %d\n  %s\n", key, answer.Height, oneLine(describe(record)))
		writeFields(&b, answer.Record)
		s.say("%s", strings.TrimSuffix(b.String(), "\n"))
		return s.emit(answer)
	})
	return cmd
}

func historyCommand() *cobra.Command {
	var prove bool
	p := &proof{}
	cmd := &cobra.Command{
		Use:   "history KEY",
		Short: "Show everything that ever happened to a record",
		Long: "Show everything that ever happened to the record under a key, as the node says; with --prove, write\n" +
			"it to a file that proves that nothing is missing and nothing is invented.\n\n" + keysHelp,
		Example: "  carya history lot/06901234000016.L2026A\n  carya history lot/06901234000016.L2026A --prove -o lot.json",
		Args:    takes(1, 1, "a key"),
	}
	p.session = newSession(cmd)
	p.flags(cmd.Flags())
	cmd.Flags().BoolVar(&prove, "prove", false, "write the proof of it instead")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if prove {
			return p.ofKeys(evidence.ClaimHistory)(cmd, args)
		}
		for _, name := range []string{"output", "height", "newest", "compact", "trust"} {
			if cmd.Flags().Changed(name) {
				return usage("", fmt.Errorf("--%s is for --prove", name))
			}
		}
		return p.ask(p.show)(cmd, args)
	}
	return cmd
}

// show prints a record's history, as the node says.
func (s *session) show(ctx context.Context, node *Client, key string) error {
	h, err := node.History(ctx, key)
	if err != nil {
		return fmt.Errorf("history of %s: %w", key, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", key, count(int(h.Size), "event"))
	for i := range h.Events {
		writeEvent(&b, i, &h.Events[i])
	}
	s.say("%s", strings.TrimSuffix(b.String(), "\n"))
	return s.emit(h)
}

func receiptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "receipt DIGEST",
		Short:   "Show what became of a transaction",
		Example: "  carya receipt 0x5d0f7c…",
		Args:    takes(1, 1, "a transaction's digest"),
	}
	s := newSession(cmd)
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		digest, err := types.ParseHash(args[0])
		if err != nil {
			return usage("", fmt.Errorf("digest: %w", err))
		}
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		r, err := node.Transaction(ctx, digest)
		if err != nil {
			return fmt.Errorf("receipt of %s: %w", digest, err)
		}
		s.tellReceipt(r)
		if err := s.emit(r); err != nil {
			return err
		}
		return Outcome(r)
	})
	return cmd
}

func (s *session) tellReceipt(r *types.Receipt) {
	switch r.State {
	case types.TxCommitted:
		t := &sent{Receipt: r}
		s.say("%s transaction %s: %s", tick(Outcome(r) == nil), r.Digest, t.fate())
		if r.Result == nil {
			return
		}
		for i, code := range r.Result.Codes {
			s.say("  %s bodies[%d]: %s, %s", tick(code == types.OK), i, code, code.Says())
		}
	default:
		s.say("transaction %s: %s", r.Digest, r.State)
	}
}

func tick(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show how a node is doing",
		Example: "  carya status --node http://10.0.0.7:26680",
		Args:    takes(0, 0, "none"),
	}
	s := newSession(cmd)
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		status, err := node.Status(ctx)
		if err != nil {
			return err
		}
		s.table(statusRows(status))
		return s.emit(status)
	})
	return cmd
}

func statusRows(t *types.Status) [][]string {
	part := "follows"
	if t.Validator {
		part = "validates"
	}
	sync := "up to date"
	if t.CatchingUp {
		sync = "catching up"
	}
	return [][]string{
		{"chain", t.Chain},
		{"genesis", t.Genesis.String()},
		{"member", t.Member + ", " + part},
		{"version", t.Version},
		{"height", fmt.Sprintf("%d, %s, %s", t.Height, moment(t.Time), sync)},
		{"peers", fmt.Sprint(t.Peers)},
		{"pool", fmt.Sprintf("%d of %d transactions, %d bytes, from %d members", t.Pool.Transactions, t.Pool.Capacity, t.Pool.Bytes, t.Pool.Lanes)},
		{"proofs", fmt.Sprintf("from block %d on", t.Oldest)},
		{"journal", fmt.Sprintf("blocks %d to %d, read model to %d", t.JournalOf, t.Journal, t.ReadModel)},
		{"memory", fmt.Sprintf("%d MB", t.RSS>>20)},
	}
}
