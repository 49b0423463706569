// Package abci is what CometBFT calls, in the order in which it calls it: the
// application's side of consensus, its own transaction pool, and snapshots.
//
// The application locks for itself behind an unsynchronised client, so that a proof
// never waits for a block. Consensus calls arrive one at a time; queries, pool calls
// and snapshot calls arrive whenever they like.
package abci

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// Journal keeps what blocks did. Append is durable when it returns and comes before
// the state commits; Committed says that the state has.
type Journal interface {
	Append(b *types.Block) error
	Committed(height int64)
}

// Config is what the application needs. All fields but those with a default are required.
type Config struct {
	Genesis *types.Genesis
	Store   *store.Store
	Journal Journal
	Pool    PoolConfig
	Logger  *slog.Logger

	SnapshotDir   string // where snapshots are kept
	SnapshotEvery int64  // blocks between two snapshots; 0 = none
	SnapshotKeep  int    // how many are kept; default 2
	KeepVersions  int64  // state versions that can be read and proven; default 1000

	// Fail is called at every write boundary, so that crash tests can end the process
	// there; nil = nothing.
	Fail func()

	// Ceiling switches rules and state off and leaves signatures on, to measure what
	// consensus alone can carry. Such a network proves nothing.
	Ceiling bool
}

// App is the application. It implements CometBFT's abci.Application.
type App struct {
	abci.BaseApplication // vote extensions, which are not used
	cfg                  Config
	domain               types.Domain
	genesis              types.Hash
	pool                 *Pool
	admission            *admission
	snapshots            *snapshots

	start   *store.Overlay // the genesis' writes, until the first block commits
	pending *pending       // the block between FinalizeBlock and Commit

	mu   sync.RWMutex
	last BlockInfo
}

// BlockInfo is the last committed block.
type BlockInfo struct {
	Height  int64      `json:"height"`
	Time    int64      `json:"time"` // Unix milliseconds
	Hash    types.Hash `json:"hash"`
	AppHash types.Hash `json:"appHash"` // root of the state after it
}

// sideLast is the side key of the last block's BlockInfo.
const sideLast = "last"

// New opens the application over its store. It loads the live digests and checks them
// against the state.
func New(cfg Config) (*App, error) {
	cfg = cfg.withDefaults()
	hash, err := cfg.Genesis.Hash()
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, genesis: hash, domain: types.NewDomain(cfg.Genesis.Chain, hash)}
	if err := a.load(); err != nil {
		return nil, fmt.Errorf("open the application: %w", err)
	}
	if a.snapshots, err = openSnapshots(cfg); err != nil {
		return nil, err
	}
	cfg.Pool.First = a.admission.first
	a.pool = NewPool(cfg.Pool, a.domain.Verify, a.admit)
	return a, nil
}

func (c Config) withDefaults() Config {
	if c.Fail == nil {
		c.Fail = func() {}
	}
	if c.KeepVersions == 0 {
		c.KeepVersions = 1000
	}
	if c.SnapshotKeep == 0 {
		c.SnapshotKeep = 2
	}
	if c.Pool.Now == nil {
		c.Pool.Now = func() int64 { return time.Now().UnixMilli() }
	}
	return c
}

// load reads what lies beside the state.
func (a *App) load() error {
	live, err := loadLive(a.cfg.Store)
	if err != nil {
		return err
	}
	a.admission = newAdmission(a.cfg.Store, live)
	raw, err := a.cfg.Store.Side(sideLast)
	if err != nil || raw == nil {
		return err
	}
	if err := types.Decode(raw, &a.last); err != nil {
		return fmt.Errorf("the last block beside the state: %w", err)
	}
	if a.last.Height != a.cfg.Store.Version() || a.last.AppHash != types.Hash(a.cfg.Store.Root()) {
		return fmt.Errorf("the state is of block %d, what lies beside it of block %d", a.cfg.Store.Version(), a.last.Height)
	}
	return nil
}

// Close stops the pool and waits for a snapshot that is being written. The store is the
// caller's to close.
func (a *App) Close() error {
	a.pool.Close()
	a.snapshots.wait()
	return nil
}

// Last returns the last committed block, zero before the first.
func (a *App) Last() BlockInfo {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.last
}

// View leases a state version for reading, 0 = the last. The caller closes it.
func (a *App) View(height int64) (*store.View, error) { return a.cfg.Store.View(height) }

// Info tells CometBFT where the application stands.
func (a *App) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	last := a.Last()
	r := &abci.ResponseInfo{Data: "carya", AppVersion: app.RulesVersion, LastBlockHeight: last.Height}
	if last.Height > 0 {
		r.LastBlockAppHash = last.AppHash[:]
	}
	return r, nil
}
