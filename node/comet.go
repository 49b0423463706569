package node

import (
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cometbft/cometbft/blocksync"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/mempool"
	cmtnode "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/statesync"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caryaledger/carya/types"
)

// maxBatchBytes bounds what is gossiped in one message: four of the largest transactions.
// It is the same on all nodes, because CometBFT drops a peer that sends a larger one.
const maxBatchBytes = 4 * types.MaxTxBytes

// Files of a home directory.
const (
	fileConfig         = "config.toml"
	fileGenesis        = "genesis.json"
	fileNodeKey        = "node_key.json"
	fileValidatorKey   = "priv_validator_key.json"
	fileMember         = "member.json"
	dirData            = "data"
	fileValidatorState = "priv_validator_state.json" // below data: what was signed last
)

// home is a node's home directory.
type home string

func (h home) file(name string) string { return filepath.Join(string(h), name) }
func (h home) data(name string) string { return filepath.Join(string(h), dirData, name) }

// cometConfig is CometBFT's configuration: ours where ours has a say, and what was
// measured to be good elsewhere. id is this node's own.
func (c *Config) cometConfig(h home, id string) *cmtcfg.Config {
	cc := cmtcfg.DefaultConfig()
	cc.SetRoot(string(h))
	cc.Moniker = c.Member
	cc.Genesis = fileGenesis
	cc.NodeKey = fileNodeKey
	cc.PrivValidatorKey = fileValidatorKey
	cc.PrivValidatorState = filepath.Join(dirData, fileValidatorState)
	cc.DBPath = dirData
	// Events are published one by one on the goroutine of consensus, which waits when
	// nobody has taken them; the largest block has some thousands.
	cc.EventBusBufferCapacity = 10_000
	cc.TxIndex.Indexer = "null"
	// The last response, which crash recovery needs, is kept all the same.
	cc.Storage.DiscardABCIResponses = true
	c.cometP2P(cc.P2P, id)
	c.cometRPC(cc.RPC)
	c.cometMempool(cc.Mempool)
	c.cometConsensus(cc.Consensus)
	c.cometStateSync(cc.StateSync, h)
	return cc
}

// cometP2P makes CometBFT's own transport admit only the peers of the configuration:
// nobody may connect (the limit is 0) but those whom no limit concerns. It dials nobody: dialPeers does.
func (c *Config) cometP2P(p *cmtcfg.P2PConfig, id string) {
	_, ids := c.P2P.others(id)
	p.ListenAddress = "tcp://" + c.P2P.Listen
	p.ExternalAddress = c.P2P.External
	p.UnconditionalPeerIDs = strings.Join(ids, ",")
	p.PrivatePeerIDs = p.UnconditionalPeerIDs
	p.MaxNumInboundPeers = 0
	p.MaxNumOutboundPeers = 0
	p.PexReactor = false
	p.AddrBook = filepath.Join(dirData, "addrbook.json")
	p.AddrBookStrict = false  // members meet in private networks, too
	p.AllowDuplicateIP = true // and behind one address
	p.FlushThrottleTimeout = 5 * time.Millisecond
	p.MaxPacketMsgPayloadSize = 32 << 10
	p.SendRate = c.P2P.Rate
	p.RecvRate = c.P2P.Rate
}

// others are the peers to dial and the ids to admit, without this node itself.
func (c *P2PConfig) others(self string) (peers, ids []string) {
	for _, p := range c.Peers {
		if id, _, _ := strings.Cut(p, "@"); id != self {
			peers, ids = append(peers, p), append(ids, id)
		}
	}
	for _, id := range c.Allow {
		if id != self {
			ids = append(ids, id)
		}
	}
	return peers, ids
}

func (c *Config) cometRPC(r *cmtcfg.RPCConfig) {
	r.ListenAddress = ""
	if c.RPC.Listen != "" {
		r.ListenAddress = "tcp://" + c.RPC.Listen
	}
	r.PprofListenAddress = c.RPC.Profile
	r.MaxBodyBytes = 4 * types.MaxTxBytes
}

func (c *Config) cometMempool(m *cmtcfg.MempoolConfig) {
	m.Type = cmtcfg.MempoolTypeApp
	m.MaxTxBytes = types.MaxTxBytes
	m.MaxBatchBytes = maxBatchBytes
	m.ReapInterval = 20 * time.Millisecond
	// Enough for the moment in which every peer sends a transaction once; what comes
	// later the pool knows by its digest.
	m.SeenCacheSize = 20_000
	m.Recheck = false
}

func (c *Config) cometConsensus(s *cmtcfg.ConsensusConfig) {
	s.WalPath = filepath.Join(dirData, "cs.wal", "wal")
	s.TimeoutCommit = c.Consensus.TimeoutCommit
	s.TimeoutPropose = c.Consensus.TimeoutPropose
	s.TimeoutPrevote = c.Consensus.TimeoutPrevote
	s.TimeoutPrecommit = c.Consensus.TimeoutPrecommit
	s.PeerGossipSleepDuration = 10 * time.Millisecond
	// With an application mempool the chain stops without empty blocks, and CometBFT's
	// own check does not notice.
	s.CreateEmptyBlocks = true
	s.CreateEmptyBlocksInterval = 0
	s.SkipTimeoutCommit = false
}

func (c *Config) cometStateSync(s *cmtcfg.StateSyncConfig, h home) {
	s.Enable = c.StateSync.Enable
	s.TempDir = h.file(dirData)
	s.RPCServers = c.StateSync.Servers
	s.TrustHeight = c.StateSync.TrustHeight
	s.TrustHash = strings.TrimPrefix(c.StateSync.TrustHash, "0x")
	s.TrustPeriod = c.StateSync.TrustPeriod
	s.DiscoveryTime = 5 * time.Second
}

// registering is held while CometBFT's metrics go into a node's registry.
var registering sync.Mutex

// cometMetrics puts CometBFT's metrics into a registry of the node's own: CometBFT knows
// only the global one, in which a second node of the process would panic. Metrics that
// are counted for every message or transaction are left out.
func cometMetrics(to prometheus.Registerer) cmtnode.MetricsProvider {
	return func(string) (*consensus.Metrics, *p2p.Metrics, *mempool.Metrics, *sm.Metrics, *proxy.Metrics, *blocksync.Metrics, *statesync.Metrics) {
		registering.Lock()
		defer registering.Unlock()
		global := prometheus.DefaultRegisterer
		prometheus.DefaultRegisterer = to
		defer func() { prometheus.DefaultRegisterer = global }()
		const namespace = "cometbft"
		return consensus.PrometheusMetrics(namespace), p2p.NopMetrics(), mempool.NopMetrics(),
			sm.PrometheusMetrics(namespace), proxy.NopMetrics(),
			blocksync.PrometheusMetrics(namespace), statesync.PrometheusMetrics(namespace)
	}
}
