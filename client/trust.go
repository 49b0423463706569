package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	lightdb "github.com/cometbft/cometbft/light/store/db"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

func trustCommand() *cobra.Command {
	var to, hash string
	var block int64
	cmd := &cobra.Command{
		Use:   "trust GENESIS|URL [--block HEIGHT --hash HASH] [-o trust.json]",
		Short: "Make a trust file: which validators vouch for a chain",
		Long: `Make a trust file, which is all that has to be trusted to check evidence: the name and the
genesis hash of a chain, and which organisations' validators sign its blocks with which power.

It is made of the chain's genesis file, offline. Of a node's address the node is asked, which
could tell anything: compare the genesis hash with what several members publish.

With --block and --hash it is made of a block's header that you choose: its hash comes from an
old verdict, from paper or from several members. The node shows what belongs to the hash, the
validators and the genesis, and is not believed. What is trusted is the hash.

A trust file that is given is shown. "carya light" makes a fresh one of an old one.`,
		Example: `  carya trust genesis.json -o trust.json
  carya trust https://node.customs.example -o trust.json
  carya trust https://node.customs.example --block 120000 --hash 0x9f2c… -o trust.json
  carya trust show trust.json`,
		Args: takes(1, 1, "a genesis file, or a node's address"),
	}
	s := newSession(cmd)
	cmd.Flags().Int64Var(&block, "block", 0, "height of the block to trust; with --hash")
	cmd.Flags().StringVar(&hash, "hash", "", "hash of that block")
	cmd.Flags().StringVarP(&to, "output", "o", "", "trust file to write, which must not exist")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		var t *evidence.Trust
		var err error
		if block != 0 || hash != "" {
			t, err = s.trustBlock(ctx, args[0], block, hash)
		} else {
			t, err = s.trustOf(ctx, args[0])
		}
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
	if !isAddress(from) {
		return trusted(from)
	}
	node, err := New(from)
	if err != nil {
		return nil, usage("for instance "+defaultNode, err)
	}
	defer node.Close()
	t, err := trustSaid(ctx, node)
	if err != nil {
		return nil, err
	}
	s.note("as node %s says: compare the genesis hash with what several members publish", node.Node())
	return t, nil
}

func isAddress(from string) bool {
	return strings.HasPrefix(from, "http://") || strings.HasPrefix(from, "https://")
}

// trustSaid asks a node for the trust in its genesis.
func trustSaid(ctx context.Context, node *Client) (*evidence.Trust, error) {
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
	return t, nil
}

// trustBlock makes the trust in a block that was chosen by its hash. The header has the validators' hash; which genesis and
// which organisations these are is proven under the newest block, which has the chosen one in its past.
func (s *session) trustBlock(ctx context.Context, from string, height int64, hash string) (*evidence.Trust, error) {
	const hint = "for instance `carya trust https://node.customs.example --block 120000 --hash 0x9f2c…`; the hash has 64 digits"
	var chosen types.Hash
	if err := chosen.UnmarshalText([]byte(hash)); err != nil {
		return nil, usage(hint, fmt.Errorf("--hash %s: %w", oneLine(hash), err))
	}
	if height < 1 || !isAddress(from) {
		return nil, usage(hint, errors.New("a node's address, --block and --hash belong together"))
	}
	node, err := New(from)
	if err != nil {
		return nil, usage(hint, err)
	}
	defer node.Close()
	said, err := trustSaid(ctx, node)
	if err != nil {
		return nil, err
	}
	said.Validators = nil // and so the names: they are read in the state
	n := newLightNode(node, said.Chain)
	b, err := n.LightBlock(ctx, height)
	if err != nil {
		return nil, cmp.Or(n.trouble, err)
	}
	if got := types.Hash(b.Hash()); got != chosen {
		return nil, &Failure{ExitNotProven, fmt.Errorf("node %s shows another block %d, with the hash %s", node.Node(), height, got),
			"ask several members for the hash of that block; one of them, or this node, shows another chain"}
	}
	l := &light{trust: said, nodes: []*lightNode{n}, state: lightdb.New(dbm.NewMemDB(), ""), period: MaxAge, alone: true, now: time.Now}
	t := l.fresh(b)
	l.trust = t
	step, err := l.step(ctx)
	if err != nil {
		return nil, err
	}
	if step.To.Height > height && !step.Extends {
		return nil, &Failure{ExitNotProven, fmt.Errorf("node %s does not prove that block %d is of the genesis %s", node.Node(), height, t.Genesis), "ask a node that keeps all blocks"}
	}
	l.trust = step.Trust // for its names
	return l.fresh(b), nil
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
