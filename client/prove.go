package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// proof is what the commands that write evidence files have in common.
type proof struct {
	*session
	claim  string
	to     string
	trust  string
	height int64
}

func (p *proof) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&p.to, "output", "o", "", "evidence file to write, which must not exist")
	f.Int64Var(&p.height, "height", 0, "about the state after this block; 0 is the last that can be proven")
	f.StringVar(&p.trust, "trust", "", "genesis file: verify the evidence before it is written")
}

func proveCommand() *cobra.Command {
	p := &proof{claim: types.ClaimRecord}
	cmd := &cobra.Command{
		Use:   "prove KEY -o FILE",
		Short: "Write the proof of a record, or that there is none, to a file",
		Long: `Write a small file that proves to anybody what the record under a key is, or that there
is none. "carya verify" checks it years later, without any node.

` + keysHelp,
		Example: `  carya prove lot/06901234000016.L2026A -o lot.proof
  carya prove order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q -o order.proof --trust genesis.json`,
		Args: takes(1, 1, "a key"),
	}
	p.session = newSession(cmd)
	p.flags(cmd)
	cmd.RunE = p.ask(p.write)
	return cmd
}

// write fetches evidence and stores it. Without a trusted genesis it says that nothing was checked.
func (p *proof) write(ctx context.Context, node *Client, key string) error {
	if p.to == "" {
		return usage("for instance -o lot.proof", errors.New("the file to write is missing"))
	}
	e, err := node.Evidence(ctx, p.claim, key, p.height)
	if err != nil {
		return fmt.Errorf("prove %s: %w", key, err)
	}
	file, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return err
	}
	file = append(file, '\n')
	if e.Key != key {
		return fmt.Errorf("prove %s: node %s sent evidence about %.100q", key, node.Node(), e.Key)
	}
	checked := "not checked yet: carya verify " + p.to + " --trust GENESIS"
	if p.trust != "" {
		g, err := trusted(p.trust)
		if err != nil {
			return err
		}
		if _, err := Verify(file, g); err != nil {
			return fmt.Errorf("prove %s: node %s sent evidence that proves nothing: %w", key, node.Node(), err)
		}
		checked = "verified against " + p.trust
	}
	if err := p.deliver(p.to, file); err != nil {
		return err
	}
	p.say("✓ %s: %s of %s after block %d, %d bytes; %s", p.to, e.Claim, key, e.Height, len(file), checked)
	return p.emit(map[string]any{"file": p.to, "claim": e.Claim, "key": key, "height": e.Height, "verified": p.trust != ""})
}

func verifyCommand() *cobra.Command {
	var trust string
	cmd := &cobra.Command{
		Use:   "verify FILE --trust GENESIS",
		Short: "Check an evidence file, offline",
		Long: `Check an evidence file against a genesis that you trust, and say in words what it proves:
what, as of which block and time, who signed it. No node and no network are used.

The genesis file is all that has to be trusted. Take it from a member, or compare its hash
with several members, once; it does not change.

Exit codes: 0 proven, 4 not proven, 2 a file cannot be read.`,
		Example: `  carya verify lot.proof --trust genesis.json
  carya verify - --trust genesis.json --json < lot.proof`,
		Args: takes(1, 1, "an evidence file, or - for standard input"),
	}
	s := newSession(cmd)
	cmd.Flags().StringVar(&trust, "trust", "", "genesis file of the chain")
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		if trust == "" {
			return usage("it says which validators may vouch for the chain; members hand it out", errors.New("--trust GENESIS is missing"))
		}
		g, err := trusted(trust)
		if err != nil {
			return err
		}
		file, err := s.input(args[0], MaxEvidence)
		if err != nil {
			return err
		}
		v, err := Verify(file, g)
		if err != nil {
			return s.refute(args[0], err)
		}
		s.say("%s", v)
		return s.emit(v)
	})
	return cmd
}

// refute tells that a file proves nothing.
func (s *session) refute(file string, err error) error {
	var n *NotProven
	if !errors.As(err, &n) {
		return usage("the genesis file comes from a member that you trust", err)
	}
	s.say("✗ NOT PROVEN: %s\n\n  %s", file, n)
	if err := s.emit(map[string]any{"proven": false, "step": n.Step, "why": n.Err.Error()}); err != nil {
		return err
	}
	return fmt.Errorf("%s is not proven: %w", file, err)
}
