package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmt "github.com/cometbft/cometbft/types"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// maxDivergence bounds the file of a divergence, in bytes.
const maxDivergence = 64 << 20

func checkDivergenceCommand(s *session) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check FILE --trust TRUST",
		Short: "Check a divergence that somebody's light client has kept",
		Long: `Check a divergence that somebody's light client has kept, offline: that there are two blocks of
one height, and that validators of the trust file have signed both. Nothing in the file is
believed but signatures.

Exit codes: 0 it is proven that validators signed two blocks, 2 not such a file, 4 not proven.`,
		Example: "  carya light check divergence-120000-9f2c81d0.json --trust trust.json",
		Args:    takes(1, 1, "the file of a divergence"),
	}
	cmd.Flags().StringVar(&file, "trust", os.Getenv(envTrust), trustHelp)
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		if file == "" {
			return usage(trustHint, errors.New("--trust TRUST is missing"))
		}
		trust, err := trusted(file)
		if err != nil {
			return err
		}
		data, err := readFile(args[0], maxDivergence)
		if err != nil {
			return usage("`carya light` keeps it in <home>/light", err)
		}
		d, err := checkDivergence(data, trust)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		s.say("✓ proven: %s", d)
		return s.emit(d)
	})
	return cmd
}

// checkDivergence reads the file of a divergence and makes it anew of its blocks, with the names and the power of the trust.
// The error is a usage error where it is no such file, else exit code ExitNotProven.
func checkDivergence(file []byte, trust *evidence.Trust) (*Divergence, error) {
	said := new(Divergence)
	r := json.NewDecoder(bytes.NewReader(file))
	r.DisallowUnknownFields()
	if err := r.Decode(said); err != nil {
		return nil, usage("`carya light` keeps it in <home>/light", err)
	}
	if said.Format != divergenceFormat {
		return nil, usage("", fmt.Errorf("format %.40q, this program knows %q", said.Format, divergenceFormat))
	}
	a, err := readDivergent(said.A.Block, trust.Chain)
	if err != nil {
		return nil, unproven("the first block: %w", err)
	}
	b, err := readDivergent(said.B.Block, trust.Chain)
	if err != nil {
		return nil, unproven("the second block: %w", err)
	}
	if a.Height != b.Height || bytes.Equal(a.Hash(), b.Hash()) {
		return nil, unproven("blocks %d and %d, %s and %s, are not two of one height", a.Height, b.Height, types.Hash(a.Hash()), types.Hash(b.Hash()))
	}
	l := &light{trust: trust}
	d := &Divergence{
		Format: divergenceFormat, Chain: trust.Chain, Genesis: trust.Genesis, Height: a.Height, Seen: said.Seen,
		A: l.side(said.A.Node, a), B: l.side(said.B.Node, b), Attacks: said.Attacks,
	}
	d.A.Block, d.B.Block = said.A.Block, said.B.Block
	d.accuse(trust)
	if len(d.Both) == 0 {
		return nil, unproven("no validator of the trust file signed both blocks %d", a.Height)
	}
	return d, nil
}

func unproven(format string, args ...any) error {
	return &Failure{ExitNotProven, fmt.Errorf(format, args...), "ask who gave it to you for the file as their `carya light` kept it; the trust file must be of that time"}
}

// accuse names those of the trust file's validators who signed both, with their power there.
func (d *Divergence) accuse(trust *evidence.Trust) {
	signed := func(list []evidence.Validator, v evidence.Validator) bool {
		return slices.ContainsFunc(list, func(one evidence.Validator) bool { return bytes.Equal(one.Key, v.Key) })
	}
	for _, v := range trust.Ordered() {
		d.total += v.Power
		if signed(d.A.Signers, v) && signed(d.B.Signers, v) {
			d.Both = append(d.Both, v)
		}
	}
}

// readDivergent reads CometBFT's LightBlock. It checks that header, votes and validators are of one block, and no signature.
func readDivergent(data []byte, chain string) (*cmt.LightBlock, error) {
	var p cmtproto.LightBlock
	if err := p.Unmarshal(data); err != nil {
		return nil, err
	}
	if p.SignedHeader == nil || p.ValidatorSet == nil {
		return nil, errors.New("without votes or validators")
	}
	return lightBlockOf(p.SignedHeader, p.ValidatorSet, chain)
}
