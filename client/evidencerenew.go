package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/evidence"
)

func renewEvidenceCommand(s *session) *cobra.Command {
	p := &proof{session: s}
	cmd := &cobra.Command{
		Use:   "renew FILE -o FILE",
		Short: "Put old evidence under the newest signed header",
		Long: `Write the same claims again, under the newest block that the validators signed. What they
rest on stays as it is: the old blocks are shown by their place in the chain's list of all
block hashes, which the new block commits to.

Renewed evidence is checked with a trust file of today. Renew what is to be kept for years
before the keys of those who signed it are out of use; a file can be renewed again and again
and does not grow. The node needs neither the old state nor the old signatures.`,
		Example: "  carya evidence renew lot-2026.json -o lot-2031.json --trust trust.json",
		Args:    takes(1, 1, "an evidence file, or - for standard input"),
	}
	f := cmd.Flags()
	p.outputFlags(f)
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		if err := p.checkOutput(); err != nil {
			return err
		}
		old, _, err := s.readEvidence(args[0])
		if err != nil {
			return err
		}
		trust, err := p.trustGiven()
		if err != nil {
			return err
		}
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		renewed, err := node.Renew(ctx, old)
		if err != nil {
			return fmt.Errorf("renew %s: %w", args[0], err)
		}
		return p.store(renewed, trust, args[0]+" proves nothing, also renewed")
	})
	return cmd
}

// Renew returns evidence of the same claims under the newest signed header. It keeps the headers and trees that the claims
// rest on, drops the old signatures, and takes the places of those headers among all blocks from the node. For a header
// that is newer than the evidence's it waits some seconds. It verifies nothing: see [Verify]. The error of evidence that lacks what its claims rest on is an *evidence.Refusal.
func (c *Client) Renew(ctx context.Context, old *evidence.Evidence) (*evidence.Evidence, error) {
	heights := restsOn(old)
	asked := &evidence.Asked{Newest: true}
	for _, height := range heights {
		asked.Claims = append(asked.Claims, evidence.Ask{Claim: evidence.ClaimBlock, Height: height})
	}
	fresh, err := c.newer(ctx, asked, old.Headers[0].Height)
	if err != nil {
		return nil, err
	}
	if fresh.Chain != old.Chain || fresh.Genesis != old.Genesis {
		return nil, fmt.Errorf("node %s is of the chain %.60q with the genesis %s, the evidence of %.60q with %s",
			c.Node(), fresh.Chain, fresh.Genesis, old.Chain, old.Genesis)
	}
	renewed := &evidence.Evidence{Format: evidence.Format, Chain: old.Chain, Genesis: old.Genesis, Claims: old.Claims, Headers: fresh.Headers}
	for _, height := range heights {
		from, to := headerAt(old, height), headerAt(renewed, height)
		if from == nil {
			return nil, &evidence.Refusal{Reason: evidence.StateMissing, Claim: -1, Detail: fmt.Sprintf("the header of block %d, on which a claim rests, is not there", height)}
		}
		if to == nil {
			return nil, fmt.Errorf("node %s sent no header of block %d", c.Node(), height)
		}
		if !bytes.Equal(from.Header, to.Header) {
			return nil, fmt.Errorf("the block %d of the evidence is not the one of node %s: the evidence proves nothing, or the node is of another chain", height, c.Node())
		}
		to.Tree = from.Tree
	}
	return renewed, nil
}

// newer asks for evidence until it is under a newer header than one.
func (c *Client) newer(ctx context.Context, asked *evidence.Asked, than int64) (*evidence.Evidence, error) {
	const tries = 10
	for range tries {
		e, err := c.Prove(ctx, asked)
		if err != nil || e.Headers[0].Height > than {
			return e, err
		}
		if err := c.pause(ctx, 500*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the evidence is under block %d already, and node %s has no newer signed one yet", than, c.Node())
}

func headerAt(e *evidence.Evidence, height int64) *evidence.Header {
	for i := range e.Headers {
		if e.Headers[i].Height == height {
			return &e.Headers[i]
		}
	}
	return nil
}

// restsOn lists the heights of the headers that the claims need, ascending. The state after a block stands in the header of
// the next; results do, too.
func restsOn(e *evidence.Evidence) []int64 {
	var heights []int64
	for i := range e.Claims {
		switch c := &e.Claims[i]; c.Claim {
		case evidence.ClaimBlock:
			heights = append(heights, c.Height)
		case evidence.ClaimTransaction:
			heights = append(heights, c.Height, c.Height+1)
		case evidence.ClaimPrefix:
			heights = append(heights, c.Since+1, c.Height+1)
		default:
			heights = append(heights, c.Height+1)
		}
	}
	slices.Sort(heights)
	return slices.Compact(heights)
}
