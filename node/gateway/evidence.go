package gateway

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// headerPatience is how long evidence waits for the block after the one it is about: the
// root of a block's state stands in the next block's header.
const headerPatience = 10 * time.Second

type evidenceQuery struct {
	Keyed
	Height int64 `query:"height" minimum:"0" doc:"the state after this block; 0 = the last that can be proven"`
}

type evidenceAnswer struct{ Body types.Evidence }

func (g *gateway) evidenceRoutes() {
	op := get("/v1/evidence/record/{key}", "record-evidence", "a file that proves a record, or that there is none")
	op.Description = "The root of a block's state stands in the next block's header. Without a height the answer is " +
		"about the last block but one, unless the last one changed the record: then it waits for the next."
	register(g, op, func(ctx context.Context, in *evidenceQuery) (*evidenceAnswer, error) {
		if _, err := types.FamilyOf(in.Key); err != nil {
			return nil, err
		}
		return g.evidence(ctx, in, false)
	})

	op = get("/v1/evidence/history/{key}", "history-evidence", "a file that proves a record with its whole history")
	register(g, op, func(ctx context.Context, in *evidenceQuery) (*evidenceAnswer, error) {
		if err := hasEvents(in.Key); err != nil {
			return nil, err
		}
		return g.evidence(ctx, in, true)
	})
}

func (g *gateway) evidence(ctx context.Context, in *evidenceQuery, history bool) (*evidenceAnswer, error) {
	v, err := g.provable(in.Key, in.Height)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	e, err := g.claim(ctx, v, in.Key, history)
	if err != nil {
		return nil, err
	}
	if err := g.sign(ctx, e); err != nil {
		return nil, err
	}
	// A node hands out nothing that its own verifier refuses.
	if _, err := e.VerifyState(types.Hash(v.Root())); err != nil {
		return nil, ours(fmt.Errorf("evidence of %s after block %d: %w", in.Key, e.Height, err))
	}
	return &evidenceAnswer{*e}, nil
}

// provable opens the state that evidence is about. Without a height that is the newest
// one whose root is in a header, if it says the same of the record as the newest there
// is; so nobody gets an old answer, and nearly nobody waits.
func (g *gateway) provable(key string, height int64) (*store.View, error) {
	v, err := g.View(height)
	if err != nil || height != 0 {
		return v, err
	}
	if v.Version() == 1 {
		return v, nil // there is nothing before: wait for the next block
	}
	before, err := g.View(v.Version() - 1)
	if err != nil {
		return v, nil
	}
	now, err := v.Get(key)
	if err == nil {
		var then []byte
		if then, err = before.Get(key); err == nil && (now == nil) == (then == nil) && bytes.Equal(now, then) {
			v.Close()
			return before, nil
		}
	}
	before.Close()
	return v, nil
}

// claim makes everything that lies below the header.
func (g *gateway) claim(ctx context.Context, v *store.View, key string, history bool) (*types.Evidence, error) {
	d, err := g.chain()
	if err != nil {
		return nil, err
	}
	e := &types.Evidence{
		Format: types.EvidenceFormat, Chain: d.Chain, Genesis: d.genesis,
		Claim: types.ClaimRecord, Key: key, Height: v.Version(),
	}
	if e.Value, err = v.Get(key); err != nil {
		return nil, err
	}
	switch {
	case e.Value == nil && history:
		return nil, noRecord(key, v.Version())
	case e.Value == nil:
		e.Claim = types.ClaimAbsence
	case history:
		e.Claim = types.ClaimHistory
		if e.Events, err = g.rawEvents(ctx, key, e.Value, v); err != nil {
			return nil, err
		}
	}
	if e.Proof, err = v.Prove(key); err != nil {
		return nil, err
	}
	if e.Params, err = v.Get(types.KeyParams); err != nil {
		return nil, err
	}
	e.ParamsProof, err = v.Prove(types.KeyParams)
	return e, err
}

func (g *gateway) rawEvents(ctx context.Context, key string, value []byte, v *store.View) ([][]byte, error) {
	events, err := g.events(ctx, key, value, v)
	raw := make([][]byte, len(events))
	for i := range events {
		raw[i] = events[i].Raw
	}
	return raw, err
}

// sign adds the header that holds the state's root, and who signed it.
func (g *gateway) sign(ctx context.Context, e *types.Evidence) error {
	limited, cancel := context.WithTimeout(ctx, headerPatience)
	defer cancel()
	var err error
	e.Header, e.Validators, err = g.LightBlock(limited, e.Height+1)
	if err != nil && limited.Err() != nil {
		return notNow(g.RetryAfter(), fmt.Sprintf("block %d, whose header proves the state after block %d, is not there yet", e.Height+1, e.Height))
	}
	return err
}
