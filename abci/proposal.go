package abci

import (
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/types"
)

// PrepareProposal fills a block from the pool, never beyond MaxTxBytes: CometBFT
// panics on a larger one.
func (a *App) PrepareProposal(_ context.Context, r *abci.RequestPrepareProposal) (resp *abci.ResponsePrepareProposal, err error) {
	resp = &abci.ResponsePrepareProposal{}
	defer func() {
		if p := recover(); p != nil {
			a.cfg.Logger.Error("proposing an empty block after a panic", "height", r.Height, "panic", p)
			resp, err = &abci.ResponsePrepareProposal{}, nil
		}
	}()
	now := r.Time.UnixMilli()
	resp.Txs = a.pool.Propose(int(r.MaxTxBytes), app.MaxBlockTxs, func(v *types.Verified) error { return a.admitAt(v, now) })
	return resp, nil
}

// ProcessProposal accepts a proposal only if this node could have made it: every
// transaction in its one encoding, signed by active keys of its member, live at the
// block's time, not executed before, and none twice.
func (a *App) ProcessProposal(_ context.Context, r *abci.RequestProcessProposal) (resp *abci.ResponseProcessProposal, err error) {
	resp = &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}
	defer func() {
		if p := recover(); p != nil {
			a.cfg.Logger.Error("refusing a proposal after a panic", "height", r.Height, "panic", p)
			resp, err = &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
		}
	}()
	if fault := a.judge(r); fault != nil {
		a.cfg.Logger.Warn("refusing a proposal", "height", r.Height, "proposer", fmt.Sprintf("%X", r.ProposerAddress), "reason", fault)
		return resp, nil
	}
	resp.Status = abci.ResponseProcessProposal_ACCEPT
	return resp, nil
}

func (a *App) judge(r *abci.RequestProcessProposal) error {
	if len(r.Txs) > app.MaxBlockTxs {
		return fmt.Errorf("%d transactions, at most %d", len(r.Txs), app.MaxBlockTxs)
	}
	now := r.Time.UnixMilli()
	seen := make(map[types.Hash]struct{}, len(r.Txs))
	verified, refused := a.pool.VerifyAll(r.Txs)
	for i, v := range verified {
		if refused[i] != nil {
			return fmt.Errorf("transaction %d: %w", i, refused[i])
		}
		if _, twice := seen[v.Digest]; twice {
			return fmt.Errorf("transaction %d: %s stands twice", i, v.Digest)
		}
		seen[v.Digest] = struct{}{}
		if err := a.admitAt(v, now); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return nil
}

// admitAt asks whether a transaction may be executed in the next block at that time.
func (a *App) admitAt(v *types.Verified, now int64) error {
	if a.cfg.Ceiling {
		return a.admission.admitOnce(v)
	}
	return a.admission.admit(v, now)
}
