package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

type blockQuery struct {
	Proof
	Height int64  `path:"height" minimum:"0"`
	Wait   string `query:"wait" doc:"how long to wait for the block if it is not there yet, at most 1m" example:"5s"`
}

func (g *gateway) blockRoute() {
	op := get("/v1/blocks/{height}", "block", "what a block did")
	op.Description = "The journal's block, derived from the chain alone, so that it is the same on every node. " +
		"In CBOR it comes in the journal's one encoding; in JSON the bodies of events are CBOR in base64. " +
		"With proof=1: evidence that the block with this header is of the chain."
	op.Responses = g.evidenceAnswers(schemaOf[types.Block](g))
	op.Responses["200"].Content[mediaCBOR] = &huma.MediaType{Schema: binary("the block's one encoding, or evidence in its compact form")}
	register(g, op, g.block)
}

func (g *gateway) block(ctx context.Context, in *blockQuery) (*fileAnswer, error) {
	patience, err := readWait("wait", in.Wait)
	if err != nil {
		return nil, err
	}
	if _, err := g.await(ctx, in.Height, patience); err != nil {
		return nil, err
	}
	if in.Proof.Proof {
		return g.proveBlock(ctx, in)
	}
	if strings.Contains(in.Accept, mediaCBOR) {
		raw, err := g.Journal().Raw(in.Height)
		return &fileAnswer{mediaCBOR, raw}, err
	}
	b, err := g.Journal().Block(in.Height)
	return &fileAnswer{mediaJSON, b}, err
}

// proveBlock knows no block 0, nor any other that stands for the genesis: it has no header.
func (g *gateway) proveBlock(ctx context.Context, in *blockQuery) (*fileAnswer, error) {
	if in.Height == 0 {
		return nil, types.Refuse(types.NotFound, "height", "the block that stands for the genesis has no header")
	}
	return g.proof(ctx, &in.EvidenceForm, evidence.Ask{Claim: evidence.ClaimBlock, Height: in.Height})
}

const (
	streamPath = "/v1/blocks/stream"

	// maxStreams bounds the open streams; each costs a connection and a goroutine.
	maxStreams = 256

	// pulse is how often a stream without blocks shows that it is alive.
	pulse = 15 * time.Second
)

type streamQuery struct {
	From int64 `query:"from" default:"-1" minimum:"-1" doc:"first block to send; -1 = the newest there is"`
	Last int64 `header:"Last-Event-ID" default:"-1" doc:"last block that was received; browsers send it when they connect again"`
}

type stream struct{ Body func(huma.Context) }

func (g *gateway) streamRoute() {
	op := get(streamPath, "block-stream", "blocks as they are made")
	op.Description = "Server-sent events named block, one for each block: " +
		`{"height", "time" in Unix milliseconds, "hash", "txs" = number of transactions}; the event's id is the height.`
	op.Responses = answers(http.StatusOK, mediaEvents, schemaOf[head](g))
	register(g, op, g.stream)
}

// stream checks everything that can be refused before the answer begins.
func (g *gateway) stream(_ context.Context, in *streamQuery) (*stream, error) {
	j, from := g.Journal(), in.From
	if in.Last >= 0 {
		from = in.Last + 1
	}
	if first, last := j.First(), j.Last(); from < 0 {
		from = max(last, 0)
	} else if from < first {
		return nil, journal.ErrNoBlock{Asked: from, First: first, Last: last}
	}
	select {
	case g.streams <- struct{}{}:
	default:
		return nil, notNow(g.RetryAfter(), fmt.Sprintf("%d streams are open", maxStreams))
	}
	return &stream{func(ctx huma.Context) {
		defer func() { <-g.streams }()
		g.metrics.streams.Inc()
		defer g.metrics.streams.Dec()
		_, w := humago.Unwrap(ctx)
		ctx.SetHeader("Content-Type", mediaEvents)
		ctx.SetHeader("Cache-Control", "no-store")
		ctx.SetStatus(http.StatusOK)
		g.sendBlocks(ctx.Context(), http.NewResponseController(w), w, from)
	}}, nil
}

// sendBlocks writes events until the caller leaves or the node stops.
func (g *gateway) sendBlocks(ctx context.Context, control *http.ResponseController, w http.ResponseWriter, next int64) {
	for control.Flush() == nil {
		came, err := g.await(ctx, next, pulse)
		if err == nil && came {
			err = g.sendBlock(w, next)
			next++
		} else if err == nil {
			_, err = fmt.Fprint(w, ": no block yet\n\n")
		}
		if err != nil {
			return
		}
	}
}

func (g *gateway) sendBlock(w http.ResponseWriter, height int64) error {
	h, err := g.head(height)
	if err != nil {
		return err
	}
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: block\nid: %d\ndata: %s\n\n", height, data)
	return err
}
