package node

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
)

// Check refuses what cannot work, and what is known to stop or starve a chain, naming
// the key and saying why.
func (c *Config) Check() error {
	for _, check := range []func() error{
		c.checkMember, c.P2P.check, c.API.check, c.Consensus.check, c.Pool.check,
		c.State.check, c.StateSync.check, c.checkEPCIS, c.CEB.check, c.checkVault, c.RPC.check, c.Log.check,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// wrong is an error about a key.
func wrong(key, format string, args ...any) error {
	return fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...))
}

var memberID = regexp.MustCompile(`^[a-z][a-z0-9-]{1,31}$`)

func (c *Config) checkMember() error {
	if !memberID.MatchString(c.Member) {
		return wrong("member", "%q is not a member's id: 2 to 32 of a-z, 0-9 and -, a letter first", c.Member)
	}
	if c.Memory != 0 && c.Memory < 64<<20 {
		return wrong("memory", "%d: the program would do nothing but give memory back; at least 67108864, or 0 for never", c.Memory)
	}
	return nil
}

func (c *P2PConfig) check() error {
	if err := checkAddress("p2p.listen", c.Listen); err != nil {
		return err
	}
	if c.External != "" {
		if err := checkAddress("p2p.external", c.External); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, p := range c.Peers {
		id, addr, ok := strings.Cut(p, "@")
		if !ok {
			return wrong("p2p.peers", "%q: write id@host:port (the other node prints its id with `carya node id`)", p)
		}
		if err := checkNodeID("p2p.peers", id); err != nil {
			return err
		}
		if err := checkAddress("p2p.peers", addr); err != nil {
			return err
		}
		if seen[id] {
			return wrong("p2p.peers", "node %s stands twice", id)
		}
		seen[id] = true
	}
	for _, id := range c.Allow {
		if err := checkNodeID("p2p.allow", id); err != nil {
			return err
		}
	}
	if c.Rate < 1<<20 {
		return wrong("p2p.rate", "%d bytes a second: a full block would not arrive before timeout_propose; at least 1048576", c.Rate)
	}
	return nil
}

func checkNodeID(key, id string) error {
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != 20 || id != strings.ToLower(id) {
		return wrong(key, "%q is not a node's id: 40 lower-case hexadecimal digits", id)
	}
	return nil
}

// checkAddress admits host:port, where the host may be a name.
func checkAddress(key, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return wrong(key, "%q is not host:port", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return wrong(key, "%q: port %q is not a number up to 65535", address, port)
	} else if n == 0 && !isLoopback(address) {
		return wrong(key, "%q: nobody would know the port", address)
	}
	return nil
}

// isLoopback reports whether only this machine reaches the address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *APIConfig) check() error {
	if err := checkAddress("api.listen", c.Listen); err != nil {
		return err
	}
	return checkURLs("api.peers", c.Peers)
}

func checkURLs(key string, urls []string) error {
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return wrong(key, "%q is not an http:// or https:// URL", s)
		}
	}
	return nil
}

func (c *ConsensusConfig) check() error {
	rows := []struct {
		key          string
		value        time.Duration
		least, most  time.Duration
		tooLow, high string
	}{
		{"timeout_commit", c.TimeoutCommit, time.Millisecond, 10 * time.Second,
			"an idle chain would keep every processor busy with empty blocks", "nobody waits that long for a block"},
		{"timeout_propose", c.TimeoutPropose, 100 * time.Millisecond, 30 * time.Second,
			"proposals would never arrive in time and no block would ever be decided", "every turn of a node that is down would cost as much"},
		{"timeout_prevote", c.TimeoutPrevote, 10 * time.Millisecond, 30 * time.Second,
			"rounds would end before the votes are in", "every round that fails would cost as much"},
		{"timeout_precommit", c.TimeoutPrecommit, 10 * time.Millisecond, 30 * time.Second,
			"rounds would end before the votes are in", "every round that fails would cost as much"},
	}
	for _, r := range rows {
		if r.value < r.least {
			return wrong("consensus."+r.key, "%s is less than %s: %s", r.value, r.least, r.tooLow)
		}
		if r.value > r.most {
			return wrong("consensus."+r.key, "%s is more than %s: %s", r.value, r.most, r.high)
		}
	}
	if c.Stall != 0 && c.Stall < 10*time.Second {
		return wrong("consensus.stall", "%s: a node that is only slow would be ended again and again; at least 10s, or 0 for never", c.Stall)
	}
	return nil
}

func (c *PoolConfig) check() error {
	switch {
	case c.Transactions < 100:
		return wrong("pool.transactions", "%d: blocks would stay nearly empty; at least 100", c.Transactions)
	case c.Bytes < 4<<20:
		return wrong("pool.bytes", "%d: the pool must hold some of the largest transactions; at least 4194304", c.Bytes)
	case c.PerMember < 1 || c.PerMember > c.Transactions:
		return wrong("pool.per_member", "%d: from 1 to pool.transactions", c.PerMember)
	case c.PerMemberBytes < types.MaxTxBytes || c.PerMemberBytes > c.Bytes:
		return wrong("pool.per_member_bytes", "%d: from %d, or the largest transaction would never fit, to pool.bytes", c.PerMemberBytes, types.MaxTxBytes)
	}
	return nil
}

func (c *StateConfig) check() error {
	switch {
	case c.Cache < 1000:
		return wrong("state.cache", "%d nodes: the upper part of the tree would be read from disk for every write; at least 1000", c.Cache)
	case c.BlockCache < 1<<20:
		return wrong("state.block_cache", "%d bytes: at least 1048576", c.BlockCache)
	case c.KeepVersions < 10:
		return wrong("state.keep_versions", "%d: a proof needs the header of the next block, and readers must have time to ask; at least 10", c.KeepVersions)
	case c.SnapshotEvery < 0 || c.SnapshotEvery > 0 && c.SnapshotEvery < 10:
		return wrong("state.snapshot_every", "%d blocks: the node would do nothing but write snapshots; at least 10, or 0 for none", c.SnapshotEvery)
	case c.SnapshotEvery > 0 && c.SnapshotKeep < 1:
		return wrong("state.snapshot_keep", "%d: a snapshot would be deleted as soon as it is written; at least 1", c.SnapshotKeep)
	}
	return nil
}

func (c *StateSyncConfig) check() error {
	if !c.Enable {
		return nil
	}
	hash, err := hex.DecodeString(strings.TrimPrefix(c.TrustHash, "0x"))
	switch {
	case len(c.Servers) < 2:
		return wrong("statesync.servers", "%d servers: one alone could show a chain of its own; at least 2", len(c.Servers))
	case c.TrustHeight < 1:
		return wrong("statesync.trust_height", "%d: name a block that you trust", c.TrustHeight)
	case err != nil || len(hash) != 32:
		return wrong("statesync.trust_hash", "%q is not the hash of a block: 64 hexadecimal digits", c.TrustHash)
	case c.TrustPeriod < time.Hour || c.TrustPeriod >= evidenceAge:
		return wrong("statesync.trust_period", "%s: from 1h to less than %s, for which misbehaviour is punished", c.TrustPeriod, evidenceAge)
	}
	return checkURLs("statesync.servers", c.Servers)
}

func (c *CEBConfig) check() error {
	if c.Certificates == "" {
		return wrong("ceb.certificates", "it is empty, and would mean the home directory; name a folder, which need not be there")
	}
	return nil
}

func (c *Config) checkVault() error {
	if c.Vault.Database != "" && c.Vault.MaxBytes < types.MaxSealed {
		return wrong("vault.max_bytes", "%d: at least %d, which one delivery may have", c.Vault.MaxBytes, types.MaxSealed)
	}
	return nil
}

func (c *Config) checkEPCIS() error {
	e := &c.EPCIS
	switch {
	case e.Member != "" && !memberID.MatchString(e.Member):
		return wrong("epcis.member", "%q is not a member's id: 2 to 32 of a-z, 0-9 and -, a letter first", e.Member)
	case e.KeyFile != "" && e.PassphraseFile == "":
		return wrong("epcis.passphrase_file", "it is missing: the key in epcis.key_file cannot be opened")
	case e.PassphraseFile != "" && e.KeyFile == "":
		return wrong("epcis.key_file", "it is missing, and epcis.passphrase_file is for it")
	case e.KeyFile != "" && e.TokenFile == "" && !isLoopback(c.API.Listen):
		return wrong("epcis.token_file", "it is missing: api.listen %s is reached from other machines, and whoever did could capture in the member's name", c.API.Listen)
	}
	return nil
}

func (c *RPCConfig) check() error {
	for _, row := range []struct{ key, address string }{{"rpc.listen", c.Listen}, {"rpc.profile", c.Profile}} {
		if row.address == "" {
			continue
		}
		if err := checkAddress(row.key, row.address); err != nil {
			return err
		}
		if !isLoopback(row.address) {
			return wrong(row.key, "%q is not loopback: whoever reaches it can fill the pool and read everything; use the gateway, or a tunnel", row.address)
		}
	}
	return nil
}

func (c *LogConfig) check() error {
	if _, err := c.level(); err != nil {
		return err
	}
	if c.Format != "text" && c.Format != "json" {
		return wrong("log.format", "%q: text or json", c.Format)
	}
	return nil
}
