package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// lightPatience is how long a header is waited for that is about to come. A light client asks for headers that another
// node has already, so this one has them in a moment, or is not following the chain.
const lightPatience = 3 * time.Second

type headerQuery struct {
	Height int64 `path:"height" minimum:"0" doc:"0 = the last block"`
}

type headerAnswer struct{ Body lightBlock }

// lightBlock is what a light client needs of a block.
type lightBlock struct {
	Height       int64  `json:"height"`
	SignedHeader []byte `json:"signedHeader" doc:"CometBFT's SignedHeader in protobuf: the header with the votes for it"`
	Validators   []byte `json:"validators" doc:"CometBFT's ValidatorSet in protobuf: those whose votes count for this block"`
}

type trustAnswer struct{ Body *evidence.Trust }

func (g *gateway) headerRoutes() {
	op := get("/v1/headers/{height}", "header", "a block's header with the votes for it, and its validators")
	op.Description = "What CometBFT's light client needs. The header after the last is waited for a moment; there is none beyond it."
	register(g, op, g.header)

	op = get("/v1/trust", "trust", "the trust file of the chain's genesis")
	op.Description = "As this node says. Whoever checks evidence with it believes the node, unless its genesis hash was " +
		"compared with what the members publish."
	register(g, op, func(context.Context, *nothing) (*trustAnswer, error) {
		d, err := g.chain()
		return &trustAnswer{d.trust}, err
	})
}

func (g *gateway) header(ctx context.Context, in *headerQuery) (*headerAnswer, error) {
	d, err := g.chain()
	if err != nil {
		return nil, err
	}
	height, last := in.Height, g.Journal().Last()
	if height == 0 {
		height = max(last, d.initial)
	}
	if height < d.initial || height > max(last+1, d.initial) {
		return nil, types.Refuse(types.NotFound, "height", "there is no block %d: the chain has %d to %d", height, d.initial, last)
	}
	limited, cancel := context.WithTimeout(ctx, lightPatience)
	defer cancel()
	a := &headerAnswer{lightBlock{Height: height}}
	a.Body.SignedHeader, a.Body.Validators, err = g.LightBlock(limited, height)
	if err != nil && limited.Err() != nil {
		return nil, notNow(g.RetryAfter(), fmt.Sprintf("block %d is not there yet", height))
	}
	return a, err
}
