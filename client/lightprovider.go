package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/light/provider"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// A node that holds its answers back must not hold up the others.
const (
	lightTimeout  = 15 * time.Second // bounds one answer
	lightPatience = time.Minute      // bounds all answers of a step
)

// maxLightValidators bounds a validator set, as trust files are bounded.
const maxLightValidators = 10_000

// lightNode is a node that a light client asks for headers: a provider.Provider of CometBFT's light client.
type lightNode struct {
	*Client
	chain   string
	timeout time.Duration

	mu       sync.Mutex
	blocks   map[int64]*cmt.LightBlock // that it gave in this step
	last     int64                     // height of the newest of them
	trouble  error                     // why the last question had no good answer
	patience time.Duration             // how long it may take yet in this step
	reported []*cmt.LightClientAttackEvidence
}

func newLightNode(c *Client, chain string) *lightNode {
	return &lightNode{Client: c, chain: chain, timeout: lightTimeout, patience: lightPatience, blocks: map[int64]*cmt.LightBlock{}}
}

// begin forgets what the node said in the step before. Within a step a node says one thing about a block.
func (n *lightNode) begin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocks, n.last, n.trouble, n.reported, n.patience = map[int64]*cmt.LightBlock{}, 0, nil, nil, lightPatience
}

// ChainID is the chain that the node is asked about.
func (n *lightNode) ChainID() string { return n.chain }

// LightBlock returns a block's header, votes and validators, 0 being the last. The errors are those that CometBFT's light
// client compares with: ErrNoResponse, ErrHeightTooHigh, ErrLightBlockNotFound, ErrBadLightBlock, or the context's.
func (n *lightNode) LightBlock(ctx context.Context, height int64) (*cmt.LightBlock, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if b := n.blocks[height]; b != nil {
		return b, nil
	}
	b, err := n.fetch(ctx, height)
	switch {
	case err == nil:
		n.blocks[b.Height], n.last = b, max(n.last, b.Height)
		return b, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	n.trouble = err
	var bad provider.ErrBadLightBlock
	code, _ := types.CodeOf(err)
	switch {
	case errors.As(err, &bad):
		return nil, bad
	case code == types.NotFound && height > n.last:
		return nil, provider.ErrHeightTooHigh
	case code == types.NotFound:
		return nil, provider.ErrLightBlockNotFound
	}
	return nil, provider.ErrNoResponse
}

// ReportEvidence keeps the evidence of an attack: the ledger's nodes take none over HTTP, people do.
func (n *lightNode) ReportEvidence(_ context.Context, e cmt.Evidence) error {
	if attack, ok := e.(*cmt.LightClientAttackEvidence); ok {
		n.reported = append(n.reported, attack)
	}
	return nil
}

// Prove is [Client.Prove], for as long as the node may take.
func (n *lightNode) Prove(ctx context.Context, asked *evidence.Asked) (e *evidence.Evidence, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err = n.within(ctx, func(ctx context.Context) error {
		e, err = n.Client.Prove(ctx, asked)
		return err
	})
	return e, err
}

// within asks the node something, for as long as it may take.
func (n *lightNode) within(ctx context.Context, ask func(context.Context) error) error {
	begun, most := time.Now(), min(n.timeout, n.patience)
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	err := ask(limited)
	n.patience -= time.Since(begun)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return &Unreachable{Node: n.Node(), Err: fmt.Errorf("not within %s", max(most, 0).Round(time.Millisecond))}
	}
	return err
}

func (n *lightNode) fetch(ctx context.Context, height int64) (*cmt.LightBlock, error) {
	path := "/v1/headers/" + strconv.FormatInt(height, 10)
	var a *answer
	err := n.within(ctx, func(ctx context.Context) (err error) {
		a, err = n.do(ctx, request{method: http.MethodGet, path: path, accept: "application/json"})
		return err
	})
	if err != nil {
		return nil, err
	}
	b, err := readLightBlock(a.data, n.chain)
	if err == nil && height != 0 && b.Height != height {
		err = fmt.Errorf("it is of block %d", b.Height)
	}
	if err != nil {
		return nil, provider.ErrBadLightBlock{Reason: fmt.Errorf("node %s: answer to %s: %w", n.Node(), path, err)}
	}
	return b, nil
}

// readLightBlock reads a node's answer. It checks that header, votes and validators are of one block, and no signature.
func readLightBlock(data []byte, chain string) (*cmt.LightBlock, error) {
	var file struct {
		SignedHeader []byte `json:"signedHeader"`
		Validators   []byte `json:"validators"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	var signed cmtproto.SignedHeader
	var set cmtproto.ValidatorSet
	if err := errors.Join(signed.Unmarshal(file.SignedHeader), set.Unmarshal(file.Validators)); err != nil {
		return nil, err
	}
	return lightBlockOf(&signed, &set, chain)
}

func lightBlockOf(signed *cmtproto.SignedHeader, set *cmtproto.ValidatorSet, chain string) (*cmt.LightBlock, error) {
	header, err := cmt.SignedHeaderFromProto(signed)
	if err != nil {
		return nil, err
	}
	b := &cmt.LightBlock{SignedHeader: header}
	if b.ValidatorSet, err = readLightValidators(set); err != nil {
		return nil, err
	}
	return b, b.ValidateBasic(chain)
}

// readLightValidators makes a validator set of the keys and the powers alone, which the header's hash covers. The
// priorities, which say whose turn it is to propose, are in no header, and a node that began with a snapshot may have
// others than one that did not: to CometBFT's detector that would be a disagreement.
func readLightValidators(p *cmtproto.ValidatorSet) (*cmt.ValidatorSet, error) {
	if n := len(p.Validators); n == 0 || n > maxLightValidators {
		return nil, fmt.Errorf("%d validators", n)
	}
	list := make([]*cmt.Validator, 0, len(p.Validators))
	total := int64(0)
	for _, one := range p.Validators {
		key := one.PubKey.GetEd25519()
		switch {
		case len(key) != ed25519.PubKeySize:
			return nil, errors.New("a validator without an ed25519 key")
		case one.VotingPower < 1 || one.VotingPower > cmt.MaxTotalVotingPower-total:
			return nil, fmt.Errorf("a validator with the power %d", one.VotingPower)
		}
		total += one.VotingPower
		list = append(list, cmt.NewValidator(ed25519.PubKey(slices.Clone(key)), one.VotingPower))
	}
	set := new(cmt.ValidatorSet)
	// Unlike NewValidatorSet this does not panic when a key stands there twice.
	if err := set.UpdateWithChangeSet(list); err != nil {
		return nil, err
	}
	set.IncrementProposerPriority(1)
	return set, nil
}
