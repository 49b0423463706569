package abci

import (
	"context"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/types"
)

// admit is the pool's question. Before a chain has blocks its clock stands at the
// genesis; the pool uses the machine's, as the next block's time will.
func (a *App) admit(v *types.Verified) error { return a.admitAt(v, a.cfg.Pool.Now()) }

// Submit takes a transaction from this node's own gateway into the pool. Errors are
// refusals; Busy means that the same bytes may be sent again later.
func (a *App) Submit(raw []byte) (*types.Verified, error) { return a.pool.Submit(raw) }

// PoolStatus says how full the pool is.
func (a *App) PoolStatus() types.PoolStatus { return a.pool.Status() }

// RetryAfter says when a client that was told Busy should try again.
func (a *App) RetryAfter() time.Duration { return a.pool.RetryAfter() }

// CheckTx takes a transaction from CometBFT's RPC. It always answers a code: an error
// would leave broadcast_tx_sync hanging.
func (a *App) CheckTx(_ context.Context, r *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	_, err := a.pool.Submit(r.Tx)
	code, ok := types.CodeOf(err)
	if !ok {
		a.cfg.Logger.Error("check a transaction", "error", err)
		code = types.Busy
	}
	resp := &abci.ResponseCheckTx{Code: uint32(code)}
	if err != nil {
		resp.Log = err.Error()
	}
	return resp, nil
}

// InsertTx takes a transaction from a peer. It runs on the goroutine that also carries
// that peer's votes, so it only enqueues.
func (a *App) InsertTx(_ context.Context, r *abci.RequestInsertTx) (*abci.ResponseInsertTx, error) {
	return &abci.ResponseInsertTx{Code: uint32(a.pool.Insert(r.Tx))}, nil
}

// ReapTxs hands out what is to be gossiped next.
func (a *App) ReapTxs(_ context.Context, r *abci.RequestReapTxs) (*abci.ResponseReapTxs, error) {
	return &abci.ResponseReapTxs{Txs: a.pool.Reap(int(r.MaxBytes))}, nil
}
