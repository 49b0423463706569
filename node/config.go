package node

import (
	_ "embed"
	"time"
)

// Config is a node's config.toml. The comments in this file are its manual: `carya init`
// writes them into the file, so they speak to the person who runs the node.
type Config struct {
	// The member that runs this node, by its id on the ledger.
	Member string `toml:"member"`

	// Bytes of memory from which on the program spends more processor time on giving memory
	// back. It is no hard limit, and the databases take up to 150 MB besides. 0 = never; the
	// environment variable GOMEMLIMIT goes before it.
	Memory int64 `toml:"memory"`

	P2P       P2PConfig       `toml:"p2p"`
	API       APIConfig       `toml:"api"`
	Consensus ConsensusConfig `toml:"consensus"`
	Pool      PoolConfig      `toml:"pool"`
	State     StateConfig     `toml:"state"`
	StateSync StateSyncConfig `toml:"statesync"`
	ReadModel ReadModelConfig `toml:"readmodel"`
	EPCIS     EPCISConfig     `toml:"epcis"`
	Vault     VaultConfig     `toml:"vault"`
	CEB       CEBConfig       `toml:"ceb"`
	RPC       RPCConfig       `toml:"rpc"`
	Log       LogConfig       `toml:"log"`
}

// P2PConfig is how this node meets the other members' nodes. Only peers that are named
// here are admitted, and every peer proves its key and its chain before it is heard.
type P2PConfig struct {
	// Address to listen on for the other nodes, host:port.
	Listen string `toml:"listen"`

	// Address by which the other nodes reach this one, host:port, when it differs from
	// listen. Empty = listen.
	External string `toml:"external"`

	// The other members' nodes, "id@host:port" each. This node dials them until they
	// answer, and admits them when they dial. An entry with this node's own id is passed
	// over, so that all members can share one list. `carya genesis peers` prints it.
	Peers []string `toml:"peers"`

	// Ids of nodes that are admitted when they dial, but not dialled: nodes behind a
	// firewall, or new ones that fetch the chain.
	Allow []string `toml:"allow"`

	// Bytes a second that are sent to and taken from one peer.
	Rate int64 `toml:"rate"`
}

// APIConfig is the gateway: HTTP for merchants, auditors and this member's own systems.
type APIConfig struct {
	// Address to listen on, host:port. Put a reverse proxy with TLS before it when it is
	// to be reached from elsewhere.
	Listen string `toml:"listen"`

	// Other members' gateways, as URLs. Private documents are carried to them. A node that
	// joined by state sync fetches the older blocks from them and checks them against its
	// own state.
	Peers []string `toml:"peers"`
}

// ConsensusConfig is the pace of the chain. Members should agree on it; it is not enforced.
type ConsensusConfig struct {
	// Pause after a block, which is also the pace of an idle chain. 100ms is good on one
	// site, 500ms between continents. From 1ms to 10s.
	TimeoutCommit time.Duration `toml:"timeout_commit"`

	// How long to wait for the proposer. Every turn of a node that is down costs this.
	// A full block has to be transmitted and verified within it.
	TimeoutPropose time.Duration `toml:"timeout_propose"`

	// How long to wait for the last votes of either kind once two thirds are in.
	TimeoutPrevote   time.Duration `toml:"timeout_prevote"`
	TimeoutPrecommit time.Duration `toml:"timeout_precommit"`

	// How long this node may stand still while most of its peers are ahead before it ends
	// itself, so that its supervisor starts it again. 0 = never.
	Stall time.Duration `toml:"stall"`
}

// PoolConfig bounds the transactions that wait for a block. What does not fit is answered
// with "busy, try again".
type PoolConfig struct {
	// Transactions in the pool, and the sum of their bytes.
	Transactions int `toml:"transactions"`
	Bytes        int `toml:"bytes"`

	// The same for one member: no member can fill the pool alone.
	PerMember      int `toml:"per_member"`
	PerMemberBytes int `toml:"per_member_bytes"`
}

// StateConfig is what the node keeps of the state.
type StateConfig struct {
	// Nodes of the state's tree in memory, about 600 bytes each.
	Cache int `toml:"cache"`

	// Bytes of the database's files in memory.
	BlockCache int64 `toml:"block_cache"`

	// Past versions of the state, one for each block, that can be read and proven.
	KeepVersions int64 `toml:"keep_versions"`

	// Blocks between two snapshots for nodes that join by state sync. 0 = none.
	SnapshotEvery int64 `toml:"snapshot_every"`

	// How many snapshots are kept.
	SnapshotKeep int `toml:"snapshot_keep"`
}

// StateSyncConfig lets a new node begin with a snapshot of the state instead of executing
// every block since the genesis. It is used once, while the node has no state.
type StateSyncConfig struct {
	Enable bool `toml:"enable"`

	// CometBFT RPC addresses of at least two nodes, http://host:port: the headers that the
	// snapshot is checked against come from them. RPC listens on loopback only, so reach
	// other machines through a tunnel.
	Servers []string `toml:"servers"`

	// A block that is trusted: its height, and its hash in hexadecimal. Ask a member, or
	// take it from any evidence file that you trust.
	TrustHeight int64  `toml:"trust_height"`
	TrustHash   string `toml:"trust_hash"`

	// How long that block's validators are trusted. Shorter than the age up to which
	// misbehaviour is punished, which the genesis sets to 14 days.
	TrustPeriod time.Duration `toml:"trust_period"`
}

// ReadModelConfig is the SQL projection that answers questions which the state cannot.
type ReadModelConfig struct {
	// SQLite file, relative to the home directory. It can be deleted while the node is
	// down and is built again. Empty = none.
	Database string `toml:"database"`
}

// EPCISConfig is the EPCIS 2.0 interface at /epcis. Everybody who reaches the gateway may
// ask it; capturing needs a key, because clients of EPCIS do not sign. docs/epcis.md tells
// more.
type EPCISConfig struct {
	// The member in whose name events are captured. Empty = the member that runs the node.
	Member string `toml:"member"`

	// Key that captures are signed with: a key file as `carya keys` writes it, and a file
	// whose first line is its passphrase. Both are relative to the home directory. Empty =
	// nobody can capture.
	KeyFile        string `toml:"key_file"`
	PassphraseFile string `toml:"passphrase_file"`

	// File with the clients that may capture and subscribe, one a line: a name, a blank, and a
	// token of at least 16 characters, which the client sends as "Authorization: Bearer".
	// Empty = whoever is on this machine may, which is not possible unless api.listen is on
	// loopback. Behind a reverse proxy there must be one.
	TokenFile string `toml:"token_file"`

	// Whether subscriptions may deliver to addresses of this machine and of private networks.
	// Otherwise a subscriber could have this node send requests where only it can reach.
	WebhookPrivate bool `toml:"webhook_private"`
}

// CEBConfig is how this node judges customs messages that it is asked about, and that this
// member's own systems submit. What other members submit is judged by their nodes.
type CEBConfig struct {
	// Whether messages without a signature are accepted. Customs accepts no declaration
	// without one; this is for trials.
	Unsigned bool `toml:"unsigned"`

	// Folder with the certificates that signatures are held against, relative to the home
	// directory: <customs code>.pem has those registered for a company, as customs has them,
	// and roots/<any name>.pem those of authorities whose certificates name the customs code
	// themselves. What is added, replaced or removed while the node runs counts at once.
	// Without any, no signature holds.
	Certificates string `toml:"certificates"`
}

// VaultConfig is where private documents for this member rest, encrypted to a key that the
// node does not have (`carya reader new`), and where those for others wait to be carried to
// the nodes of api.peers.
type VaultConfig struct {
	// SQLite file, relative to the home directory. Empty = none, and nothing is carried.
	Database string `toml:"database"`

	// File with the clients that may read and erase what was delivered to this member, one a
	// line: a name, a blank, and a token of at least 16 characters. Empty = whoever is on
	// this machine may, which is not possible unless api.listen is on loopback. Everybody
	// may deliver who signs as a member.
	TokenFile string `toml:"token_file"`

	// Bytes of all deliveries together. What does not fit is answered with "busy".
	MaxBytes int64 `toml:"max_bytes"`
}

// RPCConfig is CometBFT's own interface, for operators and for state sync. It answers
// without rights or limits, so it listens on loopback only.
type RPCConfig struct {
	// host:port on loopback. Empty = off.
	Listen string `toml:"listen"`

	// host:port on loopback for Go's profiler. Empty = off.
	Profile string `toml:"profile"`
}

// LogConfig is what the node writes to standard error.
type LogConfig struct {
	// debug, info, warn or error. CometBFT's own chatter appears from debug on.
	Level string `toml:"level"`

	// text or json.
	Format string `toml:"format"`
}

//go:embed config.go
var configSource string

// DefaultConfig is the configuration that `carya init` begins with.
func DefaultConfig() *Config {
	return &Config{
		Memory: 224 << 20,
		P2P:    P2PConfig{Listen: "0.0.0.0:26656", Rate: 200_000_000},
		API:    APIConfig{Listen: "127.0.0.1:26680"},
		Consensus: ConsensusConfig{
			TimeoutCommit:    500 * time.Millisecond,
			TimeoutPropose:   time.Second,
			TimeoutPrevote:   500 * time.Millisecond,
			TimeoutPrecommit: 500 * time.Millisecond,
			Stall:            time.Minute,
		},
		Pool:      PoolConfig{Transactions: 20_000, Bytes: 64 << 20, PerMember: 5_000, PerMemberBytes: 16 << 20},
		State:     StateConfig{Cache: 30_000, BlockCache: 32 << 20, KeepVersions: 1000, SnapshotEvery: 7200, SnapshotKeep: 2},
		StateSync: StateSyncConfig{TrustPeriod: 7 * 24 * time.Hour},
		ReadModel: ReadModelConfig{Database: "data/readmodel.sqlite"},
		CEB:       CEBConfig{Certificates: "certificates"},
		Vault:     VaultConfig{Database: "data/vault.sqlite", MaxBytes: 20 << 30},
		RPC:       RPCConfig{Listen: "127.0.0.1:26657"},
		Log:       LogConfig{Level: "info", Format: "text"},
	}
}
