package client

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// divergenceFormat names the format of the file that a divergence is kept in.
const divergenceFormat = "carya-divergence/1"

// Divergence is the error of two nodes that show different blocks at one height, each signed by validators: more than a
// third of the power has signed both, or keys were stolen. It is proof of that, and kept as a JSON file.
type Divergence struct {
	Format  string               `json:"format"`
	Chain   string               `json:"chain"`
	Genesis types.Hash           `json:"genesis"`
	Height  int64                `json:"height"`
	Seen    int64                `json:"seen"` // by this computer's clock, Unix milliseconds
	A       DivergentSide        `json:"a"`
	B       DivergentSide        `json:"b"`
	Both    []evidence.Validator `json:"both"`     // those who signed both
	Attacks [][]byte             `json:"evidence"` // CometBFT's LightClientAttackEvidence in protobuf, where its detector made it
	total   uint64
}

// DivergentSide is one of the blocks.
type DivergentSide struct {
	Node    string               `json:"node"` // its address, or trustedBefore
	Hash    types.Hash           `json:"hash"`
	Round   int32                `json:"round"`   // of consensus, in which the votes were cast
	Signers []evidence.Validator `json:"signers"` // whose signatures were verified
	Block   []byte               `json:"block"`   // CometBFT's LightBlock in protobuf
}

// trustedBefore stands in a node's place for the header that the light client knew already.
const trustedBefore = "trusted before"

func (d *Divergence) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "DIVERGENCE: there are two blocks %d of %s, both signed by its validators\n", d.Height, oneLine(d.Chain))
	for _, side := range []*DivergentSide{&d.A, &d.B} {
		fmt.Fprintf(&b, "  %s: block hash %s\n    signed by %s\n", oneLine(side.Node), side.Hash, organisations(side.Signers))
	}
	power := uint64(0)
	for _, v := range d.Both {
		power += v.Power
	}
	switch {
	case len(d.Both) == 0:
		b.WriteString("  nobody signed both: the validators of at least one of the blocks never were those of the chain")
		return b.String()
	case d.A.Round == d.B.Round:
		b.WriteString("  signed both, and so lied: ")
	default: // the rules let a validator vote for another block in a later round if it saw two thirds do so
		fmt.Fprintf(&b, "  signed both, in rounds %d and %d, so that some of them lied, not each need have: ", d.A.Round, d.B.Round)
	}
	fmt.Fprintf(&b, "%s; together %d of %d voting power, %s", organisations(d.Both), power, d.total, percent(power, d.total))
	return b.String()
}

func organisations(list []evidence.Validator) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = organisation(v)
	}
	return strings.Join(names, ", ")
}

// organisation is a validator's name for people; one that is not known has its key as its name.
func organisation(v evidence.Validator) string {
	if v.Member == "" {
		return "an unknown validator (key " + oneLine(v.Name) + ")"
	}
	return fmt.Sprintf("%s (%s)", oneLine(v.Member), oneLine(v.Name))
}

// divergence finds where two nodes part: CometBFT's detector looks for the first block that differs, and makes evidence.
func (l *light) divergence(ctx context.Context, root *cmt.LightBlock, a, b *lightVoice) error {
	d := &Divergence{}
	x, y := a.block, b.block
	if x.Height > root.Height {
		l.comet(ctx, a.lightNode, b.lightNode, root, x.Height, lightAccused)
	}
	for _, reported := range [][]*cmt.LightClientAttackEvidence{b.reported, a.reported} {
		for _, e := range reported {
			d.Attacks = append(d.Attacks, e.Bytes())
		}
	}
	if len(b.reported) > 0 { // against a, to b
		earliest := b.reported[0].ConflictingBlock
		if other := b.blocks[earliest.Height]; other != nil && !bytes.Equal(other.Hash(), earliest.Hash()) {
			x, y = earliest, other
		}
	}
	d.A, d.B = l.side(a.Node(), x), l.side(b.Node(), y)
	return l.diverged(d, x, y)
}

// rewritten is the divergence of a header that was trusted before, the root, from the one in its place in the nodes' past.
// It is nil where no node shows that one with its signatures.
func (l *light) rewritten(ctx context.Context, voices []*lightVoice, root *cmt.LightBlock, past types.Hash) error {
	for _, v := range heard(voices) {
		b, err := v.LightBlock(ctx, root.Height)
		if err == nil && types.Hash(b.Hash()) == past && b.ValidatorSet.VerifyCommitLight(l.trust.Chain, b.Commit.BlockID, b.Height, b.Commit) == nil {
			return l.diverged(&Divergence{A: l.side(trustedBefore, root), B: l.side(v.Node(), b)}, root, b)
		}
	}
	return ctx.Err()
}

// side describes one of the blocks.
func (l *light) side(node string, b *cmt.LightBlock) DivergentSide {
	s := DivergentSide{Node: node, Hash: types.Hash(b.Hash()), Round: b.Commit.Round}
	for i, vote := range b.Commit.Signatures {
		_, one := b.ValidatorSet.GetByAddress(vote.ValidatorAddress)
		if vote.BlockIDFlag != cmt.BlockIDFlagCommit || one == nil {
			continue
		}
		if one.PubKey.VerifySignature(b.Commit.VoteSignBytes(l.trust.Chain, int32(i)), vote.Signature) {
			s.Signers = append(s.Signers, l.validator(one))
		}
	}
	return s
}

// diverged completes a divergence.
func (l *light) diverged(d *Divergence, a, b *cmt.LightBlock) error {
	d.Format, d.Chain, d.Genesis = divergenceFormat, l.trust.Chain, l.trust.Genesis
	d.Height, d.Seen, d.total = a.Height, l.now().UnixMilli(), uint64(a.ValidatorSet.TotalVotingPower())
	for _, x := range d.A.Signers {
		for _, y := range d.B.Signers {
			if bytes.Equal(x.Key, y.Key) {
				d.Both = append(d.Both, x)
			}
		}
	}
	var err error
	if d.A.Block, err = lightBlockBytes(a); err != nil {
		return err
	}
	if d.B.Block, err = lightBlockBytes(b); err != nil {
		return err
	}
	return d
}

func lightBlockBytes(b *cmt.LightBlock) ([]byte, error) {
	p, err := b.ToProto()
	if err != nil {
		return nil, err
	}
	return p.Marshal()
}
