package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/evidence"
)

func trustCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "trust GENESIS|URL [-o trust.json]",
		Short: "Make a trust file: which validators vouch for a chain",
		Long: `Make a trust file, which is all that has to be trusted to check evidence: the name and the
genesis hash of a chain, and which organisations' validators sign its blocks with which power.

It is made of the chain's genesis file, offline. Of a node's address the node is asked, which
could tell anything: compare the genesis hash with what several members publish.

A trust file that is given is shown. "carya light" makes a fresh one of an old one.`,
		Example: `  carya trust genesis.json -o trust.json
  carya trust https://node.customs.example -o trust.json
  carya trust show trust.json`,
		Args: takes(1, 1, "a genesis file, or a node's address"),
	}
	s := newSession(cmd)
	cmd.Flags().StringVarP(&to, "output", "o", "", "trust file to write, which must not exist")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		t, err := s.trustOf(ctx, args[0])
		if err != nil {
			return err
		}
		if to == "" {
			return s.showTrust(t)
		}
		file, err := t.Encode()
		if err != nil {
			return err
		}
		if err := s.deliver(to, file); err != nil {
			return err
		}
		s.say("✓ %s", to)
		return s.showTrust(t)
	})
	cmd.AddCommand(showTrustCommand(s))
	return cmd
}

func showTrustCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:     "show FILE",
		Short:   "Show whom a trust file, or a genesis, trusts",
		Example: "  carya trust show trust.json",
		Args:    takes(1, 1, "a trust file"),
		RunE: s.run(func(_ context.Context, args []string) error {
			t, err := trusted(args[0])
			if err != nil {
				return err
			}
			return s.showTrust(t)
		}),
	}
}

// trustOf reads a trust file, a genesis file, or what a node says.
func (s *session) trustOf(ctx context.Context, from string) (*evidence.Trust, error) {
	if !strings.HasPrefix(from, "http://") && !strings.HasPrefix(from, "https://") {
		return trusted(from)
	}
	node, err := New(from)
	if err != nil {
		return nil, usage("for instance "+defaultNode, err)
	}
	defer node.Close()
	a, err := node.do(ctx, request{method: http.MethodGet, path: "/v1/trust", accept: "application/json"})
	if err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	t, err := evidence.ReadTrust(a.data)
	if err != nil {
		return nil, fmt.Errorf("node %s: answer to /v1/trust: %w", node.Node(), err)
	}
	if !t.Block.IsZero() {
		return nil, fmt.Errorf("node %s: answer to /v1/trust: %w", node.Node(), errors.New("it is not of a genesis"))
	}
	s.note("as node %s says: compare the genesis hash with what several members publish", node.Node())
	return t, nil
}

// showTrust says whom a trust file trusts.
func (s *session) showTrust(t *evidence.Trust) error {
	s.say("chain %s\n  genesis     %s", oneLine(t.Chain), t.Genesis)
	age := ago(time.Since(time.UnixMilli(t.Time)))
	if t.Block.IsZero() {
		s.say("  since       the genesis, %s, %s", moment(t.Time), age)
	} else {
		s.say("  since       block %d, %s, %s\n  block hash  %s", t.Height, moment(t.Time), age, t.Block)
	}
	s.say("  %s", count(len(t.Validators), "validator"))
	total := uint64(0)
	for _, v := range t.Validators {
		total += v.Power
	}
	rows := make([][]string, 0, len(t.Validators))
	for _, v := range t.Ordered() {
		rows = append(rows, []string{"    " + organisation(v), fmt.Sprintf("power %d", v.Power), percent(v.Power, total), v.Key.String()})
	}
	s.table(rows)
	s.say("evidence needs the signatures of more than two thirds of the power")
	return s.emit(t)
}
