package abci_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	cmtabci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/libs/log"
	cmtnode "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/abci"
	"github.com/caryaledger/carya/types"
)

// TestLiarInNetwork runs four validators of real CometBFT, one of which lies in every
// block that it proposes. The chain goes on, nobody's application hash differs, and
// nothing but honest transactions is ever in a block.
func TestLiarInNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("runs four CometBFT nodes")
	}
	n := newNetwork(t, 0, nil)
	g := n.g
	lie := 0
	lies := []func([][]byte) [][]byte{
		func(txs [][]byte) [][]byte { return append(txs, []byte("noise")) },
		func(txs [][]byte) [][]byte { return append(txs, txs...) },
		func([][]byte) [][]byte { return [][]byte{make([]byte, 100_000)} },
		func(txs [][]byte) [][]byte {
			return append(txs, n.signTx("lantu", func(tx *types.Transaction) { tx.Member = "linan-coop" }, n.harvest()))
		},
	}
	told := make(chan struct{}, 1000)
	wrap := func(p *peer) cmtabci.Application {
		return &liar{p, func(txs [][]byte) [][]byte {
			lie++
			told <- struct{}{}
			return lies[lie%len(lies)](txs)
		}}
	}
	nodes := startComet(t, g, wrap)
	deadline := time.Now().Add(60 * time.Second)
	for i := 0; nodes[1].journal.height() < 12 || len(told) < 3; i++ {
		if time.Now().After(deadline) {
			t.Fatalf("height %d after %d lies", nodes[1].journal.height(), len(told))
		}
		n.now = time.Now().UnixMilli()
		if err := n.submit(nodes[1].peer, n.sign("linan-coop", n.harvest())); err != nil {
			t.Fatal(err)
		}
		nodes[1].journal.wait(t, nodes[1].journal.height()+1, deadline)
	}
	compareJournals(t, nodes)
}

func compareJournals(t *testing.T, nodes []*cometPeer) {
	t.Helper()
	committed := 0
	for h := int64(1); h <= 12; h++ {
		want := nodes[1].journal.block(h)
		for i, n := range nodes {
			n.journal.wait(t, h, time.Now().Add(20*time.Second))
			got := n.journal.block(h)
			if got.Hash != want.Hash || fmt.Sprint(got.Txs) != fmt.Sprint(want.Txs) {
				t.Errorf("block %d on node %d differs", h, i)
			}
		}
		for _, tx := range want.Txs {
			committed++
			if tx.Code != types.OK {
				t.Errorf("block %d holds %+v", h, tx)
			}
		}
	}
	if committed == 0 {
		t.Error("no honest transaction was committed")
	}
}

// cometPeer is an application under a real CometBFT node.
type cometPeer struct {
	*peer
	journal *waited
}

// startComet starts a node for each member; the first runs what wrap makes of its
// application.
func startComet(t *testing.T, g *types.Genesis, wrap func(*peer) cmtabci.Application) []*cometPeer {
	t.Helper()
	doc := cometGenesis(t, g)
	var nodes []*cometPeer
	var peers []string
	var configs []*config.Config
	for range g.Members {
		cfg := cometConfig(t)
		key, err := p2p.LoadOrGenNodeKey(cfg.NodeKeyFile())
		if err != nil {
			t.Fatal(err)
		}
		peers = append(peers, p2p.IDAddressString(key.ID(), strings.TrimPrefix(cfg.P2P.ListenAddress, "tcp://")))
		configs = append(configs, cfg)
	}
	for i, m := range g.Members {
		configs[i].P2P.PersistentPeers = strings.Join(append(append([]string{}, peers[:i]...), peers[i+1:]...), ",")
		w := newWaited()
		p := newPeer(t, g, nil, func(c *abci.Config) { c.Journal = w })
		var application cmtabci.Application = p
		if i == 0 {
			application = wrap(p)
		}
		startCometNode(t, configs[i], ed25519.GenPrivKeyFromSecret([]byte(m.ID)), doc, application)
		nodes = append(nodes, &cometPeer{p, w})
	}
	return nodes
}

func cometConfig(t *testing.T) *config.Config {
	t.Helper()
	cfg := config.DefaultConfig()
	cfg.SetRoot(t.TempDir())
	for _, dir := range []string{"config", "data"} {
		if err := os.MkdirAll(filepath.Join(cfg.RootDir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cfg.RPC.ListenAddress = ""
	cfg.P2P.ListenAddress = "tcp://" + freeAddress(t)
	cfg.P2P.AllowDuplicateIP, cfg.P2P.AddrBookStrict, cfg.P2P.PexReactor = true, false, false
	cfg.Mempool.Type, cfg.Mempool.ReapInterval = "app", 20*time.Millisecond
	cfg.Consensus.TimeoutCommit = 100 * time.Millisecond
	cfg.Consensus.TimeoutPropose = 500 * time.Millisecond
	cfg.TxIndex.Indexer = "null"
	return cfg
}

func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 { // outgoing connections take their ports from above these, and could take one before it is listened on
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.N(20_000))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

func cometGenesis(t *testing.T, g *types.Genesis) *cmttypes.GenesisDoc {
	t.Helper()
	state, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	doc := &cmttypes.GenesisDoc{
		GenesisTime: time.UnixMilli(g.Time).UTC(), ChainID: g.Chain, InitialHeight: g.InitialHeight,
		ConsensusParams: cmttypes.DefaultConsensusParams(), AppState: state,
	}
	doc.ConsensusParams.Block.MaxBytes = 2 << 20
	for _, m := range g.Members {
		doc.Validators = append(doc.Validators, cmttypes.GenesisValidator{PubKey: ed25519.PubKey(m.Validator), Power: int64(m.Power), Name: m.ID})
	}
	if err := doc.ValidateAndComplete(); err != nil {
		t.Fatal(err)
	}
	return doc
}

func startCometNode(t *testing.T, cfg *config.Config, key ed25519.PrivKey, doc *cmttypes.GenesisDoc, application cmtabci.Application) {
	t.Helper()
	nodeKey, err := p2p.LoadOrGenNodeKey(cfg.NodeKeyFile())
	if err != nil {
		t.Fatal(err)
	}
	pv := privval.NewFilePV(key, cfg.PrivValidatorKeyFile(), cfg.PrivValidatorStateFile())
	node, err := cmtnode.NewNode(cfg, pv, nodeKey, abci.NewClientCreator(application),
		func() (*cmttypes.GenesisDoc, error) { return doc, nil },
		func(*config.DBContext) (dbm.DB, error) { return dbm.NewMemDB(), nil },
		cmtnode.DefaultMetricsProvider(&config.InstrumentationConfig{}), log.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
		node.Wait()
	})
}

// waited is a journal that can be waited for.
type waited struct {
	mem  chan *memory // of capacity 1: holding the journal is having received it
	news chan struct{}
}

func newWaited() *waited {
	w := &waited{mem: make(chan *memory, 1), news: make(chan struct{}, 1)}
	w.mem <- &memory{}
	return w
}

func (w *waited) Append(b *types.Block) error {
	m := <-w.mem
	defer func() { w.mem <- m }()
	return m.Append(b)
}

func (w *waited) Committed(height int64) {
	m := <-w.mem
	m.committed = height
	w.mem <- m
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *waited) height() int64 {
	m := <-w.mem
	defer func() { w.mem <- m }()
	return m.committed
}

func (w *waited) block(height int64) *types.Block {
	m := <-w.mem
	defer func() { w.mem <- m }()
	return m.blocks[height] // the genesis stands at 0
}

// wait waits until a height is committed.
func (w *waited) wait(t *testing.T, height int64, deadline time.Time) {
	t.Helper()
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	for w.height() < height {
		select {
		case <-w.news:
		case <-ctx.Done():
			t.Fatalf("height %d, waited for %d", w.height(), height)
		}
	}
}
