package abci

import (
	"bytes"
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// pending is a block that was executed and not yet committed.
type pending struct {
	done *app.Done
	info BlockInfo
	side []store.Write
}

// InitChain starts the chain. The application hash before the first block is the
// genesis hash, so that the first header already commits to the whole genesis.
func (a *App) InitChain(_ context.Context, r *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	if err := a.checkGenesis(r); err != nil {
		return nil, fmt.Errorf("init chain: %w", err)
	}
	done, err := app.Begin(a.cfg.Genesis)
	if err != nil {
		return nil, fmt.Errorf("init chain: %w", err)
	}
	if err := a.startFrom(done.Writes); err != nil {
		return nil, fmt.Errorf("init chain: %w", err)
	}
	if err := a.cfg.Journal.Append(done.Block); err != nil {
		return nil, fmt.Errorf("init chain: %w", err)
	}
	return &abci.ResponseInitChain{AppHash: a.genesis[:]}, nil
}

// startFrom makes the genesis the state that the first block executes over and that the
// pool asks. An overlay belongs to one goroutine, so each gets its own.
func (a *App) startFrom(writes []store.Write) error {
	asked := store.NewOverlay(a.cfg.Store)
	a.start = store.NewOverlay(a.cfg.Store)
	if err := applyTo(asked, writes); err != nil {
		return err
	}
	a.admission.replace(asked, a.admission.live)
	return applyTo(a.start, writes)
}

func applyTo(o *store.Overlay, writes []store.Write) error {
	for _, w := range writes {
		if w.Value == nil {
			o.Delete(w.Key)
		} else if err := o.Set(w.Key, w.Value); err != nil {
			return err
		}
	}
	return nil
}

// checkGenesis holds what CometBFT read from genesis.json against what the application
// was given: signatures are bound to the hash of the latter.
func (a *App) checkGenesis(r *abci.RequestInitChain) error {
	g, err := types.ReadGenesis(r.AppStateBytes)
	if err != nil {
		return err
	}
	hash, err := g.Hash()
	if err != nil {
		return err
	}
	switch {
	case hash != a.genesis:
		return fmt.Errorf("genesis hash %s in app_state, %s in the node's configuration", hash, a.genesis)
	case r.ChainId != g.Chain:
		return fmt.Errorf("chain_id %q, app_state says %q", r.ChainId, g.Chain)
	case r.InitialHeight != g.InitialHeight:
		return fmt.Errorf("initial_height %d, app_state says %d", r.InitialHeight, g.InitialHeight)
	case r.Time.UnixMilli() != g.Time:
		return fmt.Errorf("genesis_time %d, app_state says %d", r.Time.UnixMilli(), g.Time)
	}
	return checkValidators(g, r.Validators)
}

func checkValidators(g *types.Genesis, validators []abci.ValidatorUpdate) error {
	n := 0
	for i := range g.Members {
		m := &g.Members[i]
		if m.Power == 0 {
			continue
		}
		n++
		if !hasValidator(validators, m) {
			return fmt.Errorf("validator of %s: not among the genesis' validators with power %d", m.ID, m.Power)
		}
	}
	if n != len(validators) {
		return fmt.Errorf("%d validators, app_state names %d", len(validators), n)
	}
	return nil
}

func hasValidator(validators []abci.ValidatorUpdate, m *types.GenesisMember) bool {
	for _, v := range validators {
		if bytes.Equal(v.PubKey.GetEd25519(), m.Validator) && v.Power == int64(m.Power) {
			return true
		}
	}
	return false
}

// FinalizeBlock executes a decided block. Its transactions were verified when they
// entered the pool or in ProcessProposal; what this node has not seen is verified here.
func (a *App) FinalizeBlock(_ context.Context, r *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	h := app.Header{Height: r.Height, Time: r.Time.UnixMilli(), Hash: types.Hash(r.Hash)}
	verified, refused := a.pool.VerifyAll(r.Txs)
	if a.cfg.Ceiling {
		return a.finalizeCeiling(h, verified), nil
	}
	block, err := app.NewBlock(a.under(), a.admission.live, h)
	if err != nil {
		return nil, err
	}
	results := make([]*abci.ExecTxResult, len(r.Txs))
	for i, v := range verified {
		var result types.Result
		if refused[i] != nil {
			result, err = block.Refused(refused[i])
		} else {
			result, err = block.Execute(v)
		}
		if err != nil {
			return nil, fmt.Errorf("block %d, transaction %d: %w", r.Height, i, err)
		}
		if results[i], err = execResult(&result); err != nil {
			return nil, err
		}
	}
	root, err := a.apply(block, h)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", r.Height, err)
	}
	return &abci.ResponseFinalizeBlock{TxResults: results, AppHash: root[:]}, nil
}

// under is what the block executes over: the committed state, and before the first
// commit the genesis.
func (a *App) under() store.Reader {
	if a.start != nil {
		return a.start
	}
	return a.cfg.Store
}

// execResult puts a result into CometBFT's words. Code and Data are part of consensus;
// Data is the CBOR array of the bodies' codes where they differ.
func execResult(r *types.Result) (*abci.ExecTxResult, error) {
	x := &abci.ExecTxResult{Code: uint32(r.Code), Log: r.Log}
	if len(r.Codes) == 0 {
		return x, nil
	}
	var err error
	x.Data, err = types.Encode(r.Codes)
	return x, err
}

// apply gives the block's writes to the tree and keeps what Commit needs.
func (a *App) apply(block *app.Block, h app.Header) (types.Hash, error) {
	done, err := block.Finish()
	if err != nil {
		return types.Hash{}, err
	}
	writes := done.Writes
	if a.start != nil {
		if err := applyTo(a.start, writes); err != nil {
			return types.Hash{}, err
		}
		if writes, err = a.start.Writes(); err != nil {
			return types.Hash{}, err
		}
	}
	root, err := a.cfg.Store.Apply(h.Height, writes)
	if err != nil {
		return types.Hash{}, err
	}
	info := BlockInfo{h.Height, h.Time, h.Hash, types.Hash(root)}
	side, err := sideWrites(done, info, writes)
	if err != nil {
		return types.Hash{}, err
	}
	a.pending = &pending{done, info, side}
	return info.AppHash, nil
}

// sideWrites is what lies beside the state of a block: the list of digests that it
// executed, and which block it was. Lists go when their leaf goes.
func sideWrites(d *app.Done, info BlockInfo, writes []store.Write) ([]store.Write, error) {
	last, err := types.Encode(&info)
	if err != nil {
		return nil, err
	}
	side := []store.Write{{Key: sideLast, Value: last}}
	for _, w := range writes {
		if height, ok := app.LiveHeight(w.Key); ok && w.Value == nil {
			side = append(side, store.Write{Key: sideLive(height)})
		}
	}
	if len(d.Live.Digests) == 0 {
		return side, nil
	}
	list, err := types.Encode(&d.Live)
	if err != nil {
		return nil, err
	}
	return append(side, store.Write{Key: sideLive(d.Live.Height), Value: list}), nil
}

// Commit makes the block permanent: first in the journal, then, in one atomic write,
// in the state and beside it. A crash between the two leaves a journal that is one
// block ahead; the block is executed again and found equal.
func (a *App) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	p := a.pending
	if p == nil {
		return nil, fmt.Errorf("commit: no block was finalized")
	}
	a.cfg.Fail()
	if err := a.cfg.Journal.Append(p.done.Block); err != nil {
		return nil, fmt.Errorf("commit block %d: %w", p.info.Height, err)
	}
	a.cfg.Fail()
	if !a.cfg.Ceiling {
		if err := a.cfg.Store.Commit(p.side); err != nil {
			return nil, fmt.Errorf("commit block %d: %w", p.info.Height, err)
		}
	}
	a.committed(p)
	return &abci.ResponseCommit{}, a.tidy(p.info.Height)
}

// committed takes over, in memory, what was made permanent.
func (a *App) committed(p *pending) {
	a.pending = nil
	a.admission.commit(p.done)
	if a.start != nil {
		a.start = nil
		a.admission.replace(a.cfg.Store, a.admission.live)
	}
	a.mu.Lock()
	a.last = p.info
	a.mu.Unlock()
	digests := make([]types.Hash, len(p.done.Block.Txs))
	for i := range p.done.Block.Txs {
		digests[i] = p.done.Block.Txs[i].Digest
	}
	a.pool.Committed(p.info.Time, digests)
	a.cfg.Journal.Committed(p.info.Height)
}

// pruneMost bounds the versions dropped in one commit, so that a node whose settings
// were tightened does not stall.
const pruneMost = 4

// tidy begins a snapshot when it is time for one and drops old versions.
func (a *App) tidy(height int64) error {
	if a.cfg.Ceiling {
		return nil
	}
	if every := a.cfg.SnapshotEvery; every > 0 && height%every == 0 {
		a.snapshots.begin(a, a.Last())
	}
	a.cfg.Fail()
	if _, err := a.cfg.Store.Prune(a.cfg.KeepVersions, pruneMost); err != nil {
		return fmt.Errorf("prune after block %d: %w", height, err)
	}
	a.cfg.Fail()
	return nil
}
