package node

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// freeAddress is a loopback address that nobody listens on at the moment.
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

// newNetwork makes the homes of a chain's validators, and of one more node that knows
// them and that they do not know.
func newNetwork(t *testing.T, validators int) (homes []string) {
	t.Helper()
	g := testGenesis()
	g.Time, g.Members = time.Now().UnixMilli(), nil
	var peers []string
	for i := range validators + 1 {
		dir := t.TempDir()
		m := testGenesis().Members[0]
		m.ID, m.Name, m.Controller = fmt.Sprintf("m%d", i), "m", "m0"
		m.Keys = []types.Address{addressOf(memberKey(m.ID))}
		address := freeAddress(t)
		id, err := InitHome(dir, InitOptions{Member: m, Set: []string{
			"p2p.listen=" + address, "api.listen=127.0.0.1:0", "rpc.listen=", "consensus.timeout_commit=50ms", "readmodel.database=",
		}})
		must(t, err)
		homes = append(homes, dir)
		if i < validators {
			g.Members = append(g.Members, id.Description.GenesisMember)
			peers = append(peers, id.Node+"@"+address)
		}
	}
	data, err := WriteGenesis(g)
	must(t, err)
	for _, dir := range homes {
		must(t, os.WriteFile(filepath.Join(dir, fileGenesis), data, 0o600))
		change(t, dir, "p2p.peers="+strings.Join(peers, ","))
	}
	return homes
}

// memberKey is what a member of such a network signs with.
func memberKey(member string) *ecdsa.PrivateKey {
	seed := types.LeafHash([]byte(member))
	key, err := crypto.ToECDSA(seed[:])
	if err != nil {
		panic(err)
	}
	return key
}

func addressOf(key *ecdsa.PrivateKey) types.Address {
	return types.AddressOf(crypto.FromECDSAPub(&key.PublicKey))
}

// within polls until f holds.
func within(t *testing.T, what string, f func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	held := false
	every(ctx, 20*time.Millisecond, func() {
		if f() {
			held = true
			cancel()
		}
	})
	if !held {
		t.Fatalf("%s: not within a minute", what)
	}
}

func TestNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("five nodes in one process")
	}
	homes := newNetwork(t, 4)
	var nodes []*Node
	var stops []func()
	for _, dir := range homes[:4] {
		n, stop := runNode(t, dir)
		nodes, stops = append(nodes, n), append(stops, stop)
	}
	var log lockedBuffer
	validators, started := nodes, time.Now()
	stranger, stop := loggedNode(t, homes[4], &log)
	stops = append(stops, stop)
	for _, n := range validators {
		reach(t, n, 10)
	}
	for _, n := range validators {
		if n.comet.Switch().Peers().Has(p2p.ID(stranger.id)) {
			t.Error("a node that nobody named was admitted")
		}
	}
	if height := stranger.Status(t.Context()).Height; height != 0 {
		t.Errorf("a node that nobody named is at height %d", height)
	}
	within(t, "all meet", func() bool {
		for _, n := range validators {
			if n.Status(t.Context()).Peers != 3 {
				return false
			}
		}
		return true
	})

	within(t, "a stranger has been turned away for a while", func() bool { return time.Since(started) > 4*time.Second })
	lost, most := strings.Count(log.String(), "Stopping peer for error"), 4*(2+2*int(time.Since(started)/time.Second+1))
	if lost == 0 || lost > most {
		t.Errorf("a node that nobody named lost %d connections; with half a second between two it is at most %d", lost, most)
	}
	stops[3]() // the others go on
	reach(t, validators[0], validators[0].Journal().Last()+3)
	again, stop := runNode(t, homes[3]) // it catches up and takes part
	stops[3] = stop
	reach(t, again, validators[0].Journal().Last()+3)
	within(t, "the peer is back", func() bool {
		s := again.Status(t.Context())
		return validators[0].Status(t.Context()).Peers == 3 && !s.CatchingUp && s.Validator
	})
	for height := int64(6); height <= 12; height++ {
		want, err := validators[0].Journal().Raw(height)
		must(t, err)
		for _, n := range []*Node{validators[1], validators[2], again} {
			if got, err := n.Journal().Raw(height); err != nil || string(got) != string(want) {
				t.Errorf("block %d differs between nodes (%v)", height, err)
			}
		}
	}
	for _, stop := range stops {
		stop()
	}
}

// change sets keys in the configuration of a home.
func change(t *testing.T, dir string, set ...string) {
	t.Helper()
	d, err := home(dir).description()
	must(t, err)
	_, err = InitHome(dir, InitOptions{Member: d.GenesisMember, Set: set})
	must(t, err)
}

// TestStateSync: a node that begins with a snapshot ends with the same journal as the
// others.
func TestStateSync(t *testing.T) {
	if testing.Short() {
		t.Skip("three nodes and CometBFT's five seconds of discovery")
	}
	homes := newNetwork(t, 2)
	joiner, err := home(homes[2]).loadNodeKey()
	must(t, err)
	var servers []string
	for _, dir := range homes[:2] {
		rpc := freeAddress(t)
		servers = append(servers, "http://"+rpc)
		change(t, dir, "p2p.allow="+string(joiner.ID()), "state.snapshot_every=10", "state.snapshot_keep=10", "rpc.listen="+rpc)
	}
	var peers []*Node
	for _, dir := range homes[:2] {
		n, stop := runNode(t, dir)
		defer stop()
		peers = append(peers, n)
	}
	reach(t, peers[0], 35)
	trusted, err := peers[0].Journal().Block(8)
	must(t, err)
	change(t, homes[2], "statesync.enable=true", "statesync.servers="+strings.Join(servers, ","),
		"statesync.trust_height=8", fmt.Sprintf("statesync.trust_hash=%x", trusted.Hash[:]),
		"api.peers=http://"+peers[1].Gateway().String())
	n, stop := runNode(t, homes[2])
	defer stop()
	within(t, "the older blocks are there", func() bool { return n.Journal().First() == n.genesis.InitialHeight-1 })
	if oldest := n.Status(t.Context()).Oldest; oldest < 20 {
		t.Errorf("the state begins at block %d: this was no state sync", oldest)
	}
	reach(t, n, peers[0].Journal().Last())
	for height := n.Journal().First(); height <= n.Journal().Last()-3; height++ {
		want, err := peers[0].Journal().Raw(height)
		must(t, err)
		if got, err := n.Journal().Raw(height); err != nil || string(got) != string(want) {
			t.Errorf("block %d differs (%v)", height, err)
		}
	}
	// The log of the blocks is whole, so an older block is proven.
	oldest := n.Status(t.Context()).Oldest
	proven(t, n, &evidence.Asked{Claims: []evidence.Ask{{Claim: evidence.ClaimBlock, Height: oldest + 1}, {Claim: evidence.ClaimRecord, Key: "member/m0"}}})
}
