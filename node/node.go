package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/libs/fail"
	cmtnode "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	rpccore "github.com/cometbft/cometbft/rpc/core"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caryaledger/carya/abci"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/bearer"
	"github.com/caryaledger/carya/node/chaindb"
	epcisrest "github.com/caryaledger/carya/node/epcis"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/node/vault"
	"github.com/caryaledger/carya/types"
)

// Options are what does not stand in the configuration.
type Options struct {
	Logger *slog.Logger // nil = what the configuration says, to standard error

	// Ceiling switches rules and state off, to measure what consensus alone can carry.
	Ceiling bool
}

// Node is one running member. New, Start and Stop are called once each.
type Node struct {
	home home
	cfg  *Config
	log  *slog.Logger

	genesisFile []byte
	genesis     *types.Genesis
	genesisHash types.Hash
	key         *p2p.NodeKey
	id          string // of the node among its peers, from the key
	validator   *privval.FilePV

	state     *store.Store
	journal   *journal.Journal
	chain     *chaindb.Databases
	app       *abci.App
	comet     *cmtnode.Node
	consensus *consensus.State
	stores    *rpccore.Environment // CometBFT's stores, which it shows to its RPC only
	model     *readmodel.Model     // nil = none
	past      *store.View          // what a backfill is checked against, nil = none to do
	registry  *prometheus.Registry
	listener  net.Listener
	epcis     *epcisrest.Service
	vault     *vault.Vault // nil = none
	vaultGate bearer.Gate
	trust     *certificates
	api       *http.Server

	opened []func() error // what Stop closes, last first
	seen   *witness
	run    context.Context // ends when the node stops
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu   sync.Mutex // guards the fields below
	err  error
	done chan struct{}
}

// stopTimeout bounds how long Stop waits for CometBFT. Closing the databases under a
// consensus that still runs would do more harm than leaving them to the next start.
const stopTimeout = 30 * time.Second

// New opens a node over a home directory: it brings state, journal and CometBFT's stores
// to the same height, executing what a crash left undone. Nothing listens yet but the
// gateway's port, which is taken first, so that a second node of the same home fails early.
func New(ctx context.Context, dir string, cfg *Config, o Options) (_ *Node, err error) {
	n := &Node{home: home(dir), cfg: cfg, log: o.Logger, registry: prometheus.NewRegistry(), seen: new(witness), done: make(chan struct{})}
	n.run, n.cancel = context.WithCancel(context.Background())
	if n.log == nil {
		if n.log, err = NewLogger(cfg.Log, os.Stderr); err != nil {
			return nil, err
		}
	}
	if err := n.open(ctx, o); err != nil {
		n.cancel()
		return nil, errors.Join(err, n.closeAll())
	}
	return n, nil
}

// opens runs a step of New and remembers how to undo it.
func (n *Node) opens(close func() error, err error) error {
	if err == nil {
		n.opened = append(n.opened, close)
	}
	return err
}

// closeAll closes what was opened, last first.
func (n *Node) closeAll() error {
	var errs []error
	for len(n.opened) > 0 {
		last := n.opened[len(n.opened)-1]
		n.opened = n.opened[:len(n.opened)-1]
		errs = append(errs, last())
	}
	return errors.Join(errs...)
}

func (n *Node) open(ctx context.Context, o Options) error {
	if err := n.cfg.Check(); err != nil {
		return err
	}
	doc, err := n.openGenesis()
	if err != nil {
		return err
	}
	if err := n.openKeys(); err != nil {
		return err
	}
	if n.listener, err = net.Listen("tcp", n.cfg.API.Listen); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	n.opened = append(n.opened, func() error { n.listener.Close(); return nil }) // the server may have closed it
	for _, step := range []func() error{
		n.openState, n.openJournal, n.openChain, n.heal,
		func() error { return n.openApp(o) },
		n.openModel,
		func() error { return n.openComet(ctx, doc) },
		n.openMetrics,
		n.openEPCIS,
		n.openVault,
		n.openCertificates,
		n.openGateway,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) openGenesis() (doc *cmttypes.GenesisDoc, err error) {
	if n.genesisFile, doc, n.genesis, err = readGenesisFile(n.home.file(fileGenesis)); err != nil {
		return nil, err
	}
	n.genesisHash, err = n.genesis.Hash()
	return doc, err
}

func (n *Node) openKeys() (err error) {
	if n.key, err = n.home.loadNodeKey(); err != nil {
		return err
	}
	n.id = string(n.key.ID())
	n.validator, err = n.home.loadValidator()
	return err
}

func (n *Node) openState() (err error) {
	n.state, err = store.Open(n.home.data("state"), store.Options{
		InitialVersion: n.genesis.InitialHeight,
		Cache:          n.cfg.State.Cache,
		BlockCache:     n.cfg.State.BlockCache,
		Fail:           fail.Fail,
	})
	return n.opens(func() error { return n.state.Close() }, err)
}

func (n *Node) openJournal() (err error) {
	n.journal, err = journal.Open(n.home.data("journal"), n.genesis.InitialHeight)
	return n.opens(func() error { return n.journal.Close() }, err)
}

func (n *Node) openChain() (err error) {
	n.chain, err = chaindb.Open(n.home.data("chain"))
	return n.opens(func() error { return n.chain.Close() }, err)
}

// heal brings the journal back to the state when a crash came between the two: the block
// is executed again. Without a state the journal has nothing to say, not even when the
// genesis stands in it, because the node may begin with a snapshot this time.
func (n *Node) heal() error {
	committed := n.state.Version()
	if committed == 0 {
		return n.journal.Truncate(journal.None)
	}
	if err := n.journal.Truncate(committed); err != nil {
		return err
	}
	n.journal.Committed(committed)
	if err := n.leasePast(); err != nil {
		n.log.Warn("older blocks of the journal cannot be checked any more", "error", err)
	}
	return nil
}

func (n *Node) openApp(o Options) (err error) {
	n.app, err = abci.New(abci.Config{
		Genesis: n.genesis, Store: n.state, Journal: n.journal, Logger: n.log,
		Pool: abci.PoolConfig{
			MaxTxs: n.cfg.Pool.Transactions, MaxBytes: n.cfg.Pool.Bytes,
			LaneTxs: n.cfg.Pool.PerMember, LaneBytes: n.cfg.Pool.PerMemberBytes,
		},
		SnapshotDir:   n.home.data("snapshots"),
		SnapshotEvery: n.cfg.State.SnapshotEvery,
		SnapshotKeep:  n.cfg.State.SnapshotKeep,
		KeepVersions:  n.cfg.State.KeepVersions,
		Fail:          fail.Fail,
		Ceiling:       o.Ceiling,
	})
	return n.opens(func() error { return n.app.Close() }, err)
}

func (n *Node) openModel() (err error) {
	if n.cfg.ReadModel.Database == "" {
		return nil
	}
	n.model, err = readmodel.Open(n.home.file(n.cfg.ReadModel.Database), n.newestState)
	return n.opens(func() error { return n.model.Close() }, err)
}

// newestState is what the read model reads.
func (n *Node) newestState() (readmodel.View, error) {
	v, err := n.state.View(0)
	return newest{v, n.state}, err
}

// newest is the last state for readers who take it as it is at each read: single records
// come from the flat copy beside the tree, at a tenth of what a walk down the tree costs.
type newest struct {
	*store.View
	state *store.Store
}

func (n newest) Get(key string) ([]byte, error) { return n.state.Get(key) }

// openComet assembles CometBFT around the application. Blocks that were decided and not
// executed are executed in here.
func (n *Node) openComet(ctx context.Context, doc *cmttypes.GenesisDoc) (err error) {
	n.comet, err = cmtnode.NewNodeWithContext(ctx, n.cfg.cometConfig(n.home, n.id), n.validator, n.key,
		abci.NewClientCreator(n.app),
		func() (*cmttypes.GenesisDoc, error) { return doc, nil },
		func(c *cmtcfg.DBContext) (dbm.DB, error) { return n.chain.Named(c.ID) },
		cometMetrics(n.registry),
		cometLogger{n.log, n.seen},
	)
	if err != nil {
		return fmt.Errorf("assemble CometBFT: %w", err)
	}
	n.opened = append(n.opened, func() error { return n.comet.ProxyApp().Stop() })
	if n.stores, err = n.comet.ConfigureRPC(); err != nil {
		return fmt.Errorf("assemble CometBFT: %w", err)
	}
	state, ok := n.stores.ConsensusState.(*consensus.State)
	if !ok {
		return fmt.Errorf("assemble CometBFT: its consensus is a %T, which cannot be watched", n.stores.ConsensusState)
	}
	n.consensus = state
	return nil
}

// Start begins to listen, to dial and to decide blocks. It waits for the genesis time.
func (n *Node) Start(ctx context.Context) error {
	if err := n.waitForGenesis(ctx); err != nil {
		return err
	}
	if err := n.comet.Start(); err != nil {
		return fmt.Errorf("start CometBFT: %w", err)
	}
	n.opened = append(n.opened, n.stopComet)
	go n.watchConsensus(n.run) // Stop does not wait: this never ends when consensus never begins,
	n.dialPeers(n.run)         // and a handshake may hang for 20 seconds
	n.task(n.watchProgress)
	n.task(n.backfill)
	if n.model != nil {
		n.task(n.followJournal)
	}
	n.task(n.epcis.Run)
	if n.vault != nil {
		n.task(n.vault.Run)
	}
	n.serve()
	return nil
}

// waitForGenesis waits until the chain begins. CometBFT would sleep through an interrupt.
func (n *Node) waitForGenesis(ctx context.Context) error {
	wait := time.Until(time.UnixMilli(n.genesis.Time))
	if wait <= 0 {
		return nil
	}
	n.log.Info("waiting for the genesis time", "time", time.UnixMilli(n.genesis.Time).UTC(), "wait", wait.Round(time.Second))
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the genesis time: %w", ctx.Err())
	}
}

// task runs f until the node stops.
func (n *Node) task(f func(context.Context)) {
	n.tasks.Go(func() { f(n.run) })
}

// followJournal keeps the read model. Its failure does not end the node: the state
// answers without it.
func (n *Node) followJournal(ctx context.Context) {
	for ctx.Err() == nil {
		if err := n.model.Follow(ctx, n.journal); err != nil && ctx.Err() == nil {
			n.log.Error("the read model stands still; trying again in a minute", "error", err)
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
			}
		}
	}
}

// stopComet stops CometBFT within a bounded time.
func (n *Node) stopComet() error {
	stopped := make(chan error, 1)
	go func() { stopped <- n.comet.Stop() }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopTimeout):
		n.opened = nil // its goroutines still use everything else
		return fmt.Errorf("CometBFT did not stop within %s; the databases are left as after a crash", stopTimeout)
	}
}

// fail ends the node with an error.
func (n *Node) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return
	}
	n.err = err
	close(n.done)
}

// Done is closed when the node has failed and should be stopped; Err says why.
func (n *Node) Done() <-chan struct{} { return n.done }

// Err is why the node has failed, nil while it is well.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// Stop ends the node: the gateway first, then consensus, then what they use.
func (n *Node) Stop() error {
	n.seen.stopping.Store(true)
	n.cancel()
	n.stopServing()
	n.tasks.Wait()
	return n.closeAll()
}

// Run starts a node and stops it when ctx ends or the node fails; the error is the
// failure's, or nil.
func (n *Node) Run(ctx context.Context) error {
	if err := n.Start(ctx); err != nil {
		err = errors.Join(err, n.Stop())
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	select {
	case <-ctx.Done():
	case <-n.done:
		n.log.Error("the node ends", "error", n.Err())
	}
	n.log.Info("stopping", "height", n.app.Last().Height)
	return errors.Join(n.Err(), n.Stop())
}
