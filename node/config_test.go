package node

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func goodConfig() *Config {
	c := DefaultConfig()
	c.Member = "hz-customs"
	return c
}

func readConfig(t *testing.T, text string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), fileConfig)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfig(file)
}

func TestConfigRoundTrip(t *testing.T) {
	c := goodConfig()
	c.P2P.Peers = []string{strings.Repeat("a1", 20) + "@node.example:26656", strings.Repeat("b2", 20) + "@10.0.0.2:1"}
	c.Consensus.TimeoutCommit = 1500 * time.Microsecond
	c.StateSync.TrustPeriod = 36 * time.Hour
	got, err := readConfig(t, string(c.Encode()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, c.Encode())
	}
	if diff := cmp.Diff(c, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestConfigManual: the file explains every section and every key that is not plain.
func TestConfigManual(t *testing.T) {
	text := string(goodConfig().Encode())
	for _, want := range []string{
		"# The member that runs this node, by its id on the ledger.\nmember = \"hz-customs\"\n",
		"# How this node meets the other members' nodes.",
		"[p2p]",
		"# Bounds the transactions that wait for a block.",
		"timeout_commit = \"500ms\"",
		"stall = \"1m\"",
		"trust_period = \"168h\"",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in\n%s", want, text)
		}
	}
}

func TestConfigDefaultsStayWhenAbsent(t *testing.T) {
	got, err := readConfig(t, "member = \"hz-customs\"\n[consensus]\ntimeout_commit = \"200ms\"\n")
	if err != nil {
		t.Fatal(err)
	}
	want := goodConfig()
	want.Consensus.TimeoutCommit = 200 * time.Millisecond
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfigUnknownKeys(t *testing.T) {
	rows := map[string]string{
		"[consensus]\ntimeout_comit = \"1s\"":                `"consensus.timeout_commit"`,
		"[api]\nlisten_addr = \"x\"":                         `"api.listen"`,
		"[consensus]\ncreate_empty_blocks = false":           "always true",
		"[p2p]\npex = true":                                  "strangers",
		"[p2p.libp2p]\nenabled = true":                       "any peer of any chain",
		"[blocksync]\nadaptive_sync = true":                  "two blocks of one height",
		"[statesync]\ntrust_heigth = 5\ntrust_hash = \"aa\"": `"statesync.trust_height"`,
	}
	for text, want := range rows {
		if _, err := readConfig(t, "member = \"hz-customs\"\n"+text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestConfigSet(t *testing.T) {
	c := goodConfig()
	for _, s := range []string{
		"p2p.listen=127.0.0.1:7000", "p2p.peers=a@b:1, c@d:2", "consensus.timeout_commit=100ms",
		"state.keep_versions=20", "statesync.enable=true", "log.level=warn", "p2p.allow=",
	} {
		if err := c.Set(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	want := goodConfig()
	want.P2P.Listen, want.P2P.Peers, want.P2P.Allow = "127.0.0.1:7000", []string{"a@b:1", "c@d:2"}, []string{}
	want.Consensus.TimeoutCommit, want.State.KeepVersions = 100*time.Millisecond, 20
	want.StateSync.Enable, want.Log.Level = true, "warn"
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	for _, s := range []string{"p2p.listen", "p2p.lisen=x", "state.cache=many", "p2p=1", "statesync.enable=maybe"} {
		if err := c.Set(s); err == nil {
			t.Errorf("%s was accepted", s)
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	id := strings.Repeat("a1", 20)
	rows := []struct{ set, want string }{
		{"member=Hz", "not a member's id"},
		{"memory=1000", "nothing but give memory back"},
		{"p2p.listen=26656", "not host:port"},
		{"p2p.listen=0.0.0.0:0", "nobody would know the port"},
		{"p2p.listen=0.0.0.0:99999", "not a number up to 65535"},
		{"p2p.external=node", "not host:port"},
		{"p2p.peers=node.example:26656", "carya node id"},
		{"p2p.peers=abc@node.example:26656", "40 lower-case hexadecimal digits"},
		{"p2p.peers=" + id + "@node", "not host:port"},
		{"p2p.peers=" + id + "@a:1," + id + "@b:1", "stands twice"},
		{"p2p.allow=abc", "not a node's id"},
		{"p2p.rate=1000", "would not arrive"},
		{"api.listen=:80", "not host:port"},
		{"api.peers=node.example", "not an http"},
		{"consensus.timeout_commit=0s", "busy with empty blocks"},
		{"consensus.timeout_commit=11s", "more than 10s"},
		{"consensus.timeout_propose=10ms", "no block would ever be decided"},
		{"consensus.timeout_propose=1h", "every turn of a node that is down"},
		{"consensus.timeout_prevote=1ms", "before the votes are in"},
		{"consensus.timeout_precommit=1ms", "before the votes are in"},
		{"consensus.stall=1s", "again and again"},
		{"pool.transactions=1", "nearly empty"},
		{"pool.bytes=1", "largest transactions"},
		{"pool.per_member=0", "from 1 to"},
		{"pool.per_member_bytes=1000", "would never fit"},
		{"state.cache=1", "read from disk for every write"},
		{"state.block_cache=1", "at least 1048576"},
		{"state.keep_versions=1", "needs the header of the next block"},
		{"state.snapshot_every=1", "nothing but write snapshots"},
		{"state.snapshot_keep=0", "as soon as it is written"},
		{"epcis.member=Hz", "not a member's id"},
		{"ceb.certificates=", "the home directory"},
		{"vault.max_bytes=1000", "which one delivery may have"},
		{"rpc.listen=0.0.0.0:26657", "not loopback"},
		{"rpc.profile=10.0.0.1:6060", "not loopback"},
		{"log.level=loud", "debug, info, warn or error"},
		{"log.format=xml", "text or json"},
	}
	for _, row := range rows {
		c := goodConfig()
		if err := c.Set(row.set); err != nil {
			t.Errorf("%s: %v", row.set, err)
			continue
		}
		key, _, _ := strings.Cut(row.set, "=")
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), row.want) || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: got %v, want %s: …%s…", row.set, err, key, row.want)
		}
	}
}

func TestConfigRefusesStateSync(t *testing.T) {
	good := func() *Config {
		c := goodConfig()
		c.StateSync.Enable = true
		c.StateSync.Servers = []string{"http://127.0.0.1:1", "http://127.0.0.1:2"}
		c.StateSync.TrustHeight, c.StateSync.TrustHash = 5, strings.Repeat("AB", 32)
		return c
	}
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	rows := map[string]func(*StateSyncConfig){
		"trust_height": func(s *StateSyncConfig) { s.TrustHeight = 0 },
		"trust_hash":   func(s *StateSyncConfig) { s.TrustHash = "abc" },
		"trust_period": func(s *StateSyncConfig) { s.TrustPeriod = evidenceAge },
		"servers":      func(s *StateSyncConfig) { s.Servers[0] = "node" },
	}
	for key, spoil := range rows {
		c := good()
		spoil(&c.StateSync)
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), "statesync."+key) {
			t.Errorf("%s: got %v", key, err)
		}
	}
}

func TestConfigRefusesCapturing(t *testing.T) {
	rows := []struct {
		set  []string
		want string
	}{
		{[]string{"epcis.key_file=k.json"}, "epcis.passphrase_file"},
		{[]string{"epcis.passphrase_file=p"}, "epcis.key_file"},
		{[]string{"epcis.key_file=k.json", "epcis.passphrase_file=p", "api.listen=0.0.0.0:26680"}, "epcis.token_file"},
		{[]string{"epcis.key_file=k.json", "epcis.passphrase_file=p", "epcis.token_file=t", "api.listen=0.0.0.0:26680"}, ""},
		{[]string{"epcis.key_file=k.json", "epcis.passphrase_file=p"}, ""},
	}
	for _, row := range rows {
		c := goodConfig()
		for _, s := range row.set {
			if err := c.Set(s); err != nil {
				t.Fatal(err)
			}
		}
		err := c.Check()
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.HasPrefix(err.Error(), row.want)) {
			t.Errorf("%v: got %v, want %q", row.set, err, row.want)
		}
	}
}

// TestEveryKeyIsExplained: a key without a comment shares its neighbour's.
func TestEveryKeyIsExplained(t *testing.T) {
	comments := configComments()
	bare := map[string]bool{}
	eachKey(reflect.ValueOf(Config{}), "", func(key string, _ reflect.Value, comment string) {
		if comments[comment] == "" {
			bare[key] = true
		}
	})
	want := map[string]bool{"consensus.timeout_precommit": true, "epcis.passphrase_file": true, "pool.bytes": true, "pool.per_member_bytes": true, "statesync.enable": true, "statesync.trust_hash": true}
	if diff := cmp.Diff(want, bare); diff != "" {
		t.Error(diff)
	}
}

func TestCometConfig(t *testing.T) {
	self, other, allowed := strings.Repeat("a1", 20), strings.Repeat("b2", 20), strings.Repeat("c3", 20)
	c := goodConfig()
	c.P2P.Peers = []string{self + "@a:1", other + "@b:2"}
	c.P2P.Allow = []string{allowed}
	c.RPC.Listen = ""
	cc := c.cometConfig(home("/home/node"), self)
	if err := cc.ValidateBasic(); err != nil {
		t.Fatal(err)
	}
	if cc.P2P.PersistentPeers != "" {
		t.Errorf("CometBFT dials %q, and dialPeers does", cc.P2P.PersistentPeers)
	}
	if got, want := cc.P2P.UnconditionalPeerIDs, other+","+allowed; got != want {
		t.Errorf("admitted %q, want %q", got, want)
	}
	if cc.P2P.MaxNumInboundPeers != 0 || cc.P2P.PexReactor || cc.P2P.LibP2PEnabled() {
		t.Error("strangers would be admitted")
	}
	if !cc.Consensus.CreateEmptyBlocks || cc.Consensus.WaitForTxs() {
		t.Error("the chain would stop without transactions")
	}
	if cc.GenesisFile() != "/home/node/genesis.json" || cc.Consensus.WalFile() != "/home/node/data/cs.wal/wal" {
		t.Errorf("files %s, %s", cc.GenesisFile(), cc.Consensus.WalFile())
	}
	if cc.RPC.ListenAddress != "" {
		t.Errorf("rpc listens on %q", cc.RPC.ListenAddress)
	}
}
