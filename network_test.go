package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// process is one node, run as its operator would run it.
type process struct {
	t    *testing.T
	bin  string
	name string
	home string
	api  string
	rpc  string
	peer string // id@host:port
	key  *ecdsa.PrivateKey
	cmd  *exec.Cmd
	log  bytes.Buffer
	done chan struct{}
}

// chain is a network of processes on loopback.
type chain struct {
	t       *testing.T
	nodes   []*process
	genesis *types.Genesis
	file    []byte // genesis.json
	lots    int
}

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "carya-test")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "carya")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
})

// newChain makes homes with the given voting powers, a genesis of all, and starts
// nothing. Every home knows every other.
func newChain(t *testing.T, powers []int, set ...string) *chain {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program and runs networks of it")
	}
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	c := &chain{t: t}
	dir := t.TempDir()
	members := []string{"genesis", "new", "--chain", "carya-crash-1", "--out", filepath.Join(dir, "genesis.json")}
	var peers []string
	for i, power := range powers {
		p := newProcess(t, bin, filepath.Join(dir, fmt.Sprint("home", i)), i, power)
		c.nodes = append(c.nodes, p)
		members = append(members, filepath.Join(p.home, "member.json"))
		peers = append(peers, p.peer)
	}
	carya(t, bin, members...)
	for _, p := range c.nodes {
		args := []string{"init", "--home", p.home, "--genesis", filepath.Join(dir, "genesis.json"),
			"--set", "p2p.peers=" + strings.Join(peers, ",")}
		for _, s := range set {
			args = append(args, "--set", s)
		}
		carya(t, bin, args...)
	}
	if c.file, err = os.ReadFile(filepath.Join(dir, "genesis.json")); err != nil {
		t.Fatal(err)
	}
	if c.genesis, err = types.ReadGenesis(c.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, p := range c.nodes {
			p.kill()
		}
		if t.Failed() {
			for _, p := range c.nodes {
				t.Logf("log of %s:\n%s", p.name, tail(p.log.String(), 40))
			}
		}
	})
	return c
}

func newProcess(t *testing.T, bin, home string, i, power int) *process {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	listen := freeAddress(t)
	p := &process{t: t, bin: bin, name: fmt.Sprint("member-", i), home: home, key: key, api: freeAddress(t), rpc: freeAddress(t)}
	carya(t, bin, "init", "--home", home, "--member", p.name, "--power", fmt.Sprint(power), "--address", listen,
		"--key", types.AddressOf(crypto.FromECDSAPub(&key.PublicKey)).String(),
		"--set", "p2p.listen="+listen, "--set", "api.listen="+p.api, "--set", "rpc.listen="+p.rpc,
		"--set", "consensus.timeout_commit=50ms", "--set", "log.level=warn")
	p.peer = strings.TrimSpace(carya(t, bin, "genesis", "peers", filepath.Join(home, "member.json")))
	return p
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

func carya(t *testing.T, bin string, args ...string) string {
	t.Helper()
	out, err := exec.Command(bin, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("carya %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func tail(s string, lines int) string {
	all := strings.Split(s, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// start runs the node with additions to its environment.
func (p *process) start(env ...string) {
	p.t.Helper()
	p.cmd = exec.Command(p.bin, "start", "--home", p.home)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, done := p.cmd, make(chan struct{})
	p.done = done
	go func() {
		_ = cmd.Wait() // how it ended stands in cmd.ProcessState
		close(done)
	}()
}

// up starts the node and waits until its API answers.
func (p *process) up() {
	p.t.Helper()
	p.start()
	poll(p.t, "the API of "+p.name, 30*time.Second, func() bool { return p.status() != nil })
}

// crash starts the node with one of the fail points armed and waits until that has
// ended it; meanwhile happens while it runs.
func (p *process) crash(point int, meanwhile func()) {
	p.t.Helper()
	p.log.Reset()
	p.start(fmt.Sprint("FAIL_TEST_INDEX=", point))
	meanwhile()
	if !p.waitExit(30 * time.Second) {
		p.t.Fatalf("fail point %d was never reached", point)
	}
	if want := fmt.Sprintf("*** fail-test %d ***", point); !strings.Contains(p.log.String(), want) {
		p.t.Fatalf("%s ended at something else than fail point %d:\n%s", p.name, point, tail(p.log.String(), 20))
	}
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
	p.cmd = nil
}

// waitExit waits until the process has ended by itself.
func (p *process) waitExit(within time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(within):
		return false
	}
}

func (p *process) client() *client.Client {
	c, err := client.New("http://" + p.api)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// status returns nil while the node does not answer.
func (p *process) status() *types.Status {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := p.client().Status(ctx)
	if err != nil {
		return nil
	}
	return s
}

// poll asks until f is content.
func poll(t *testing.T, what string, within time.Duration, f func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); !f(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", within, what)
		}
	}
}

// say signs a new lot of a member and sends it to a node until it is committed. It
// gives the signed bytes back.
func (c *chain) say(by, to *process) []byte {
	c.t.Helper()
	raw := c.sign(by)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if _, err := to.client().SubmitAndWait(ctx, raw); err != nil {
		c.t.Fatalf("%s through %s: %v", by.name, to.name, err)
	}
	return raw
}

func (c *chain) sign(by *process) []byte {
	c.t.Helper()
	c.lots++
	hash, err := c.genesis.Hash()
	if err != nil {
		c.t.Fatal(err)
	}
	signer := &client.Signer{Member: by.name, Domain: types.NewDomain(c.genesis.Chain, hash), Keys: []*ecdsa.PrivateKey{by.key}}
	raw, _, err := signer.Sign(client.Terms{}, types.Commissioning(c.lot(c.lots), 100_000, "KGM", time.Now().UnixMilli()))
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

func (c *chain) lot(n int) types.LotID { return types.LotID(fmt.Sprintf("06901234000016.L%06d", n)) }

// agree waits until both nodes stand at one height with one application hash. Hashes
// of equal heights that differ end the test at once.
func (c *chain) agree(a, b *process, least int64) {
	c.t.Helper()
	poll(c.t, fmt.Sprintf("%s and %s to agree at height %d", a.name, b.name, least), 60*time.Second, func() bool {
		x, y := a.status(), b.status()
		if x == nil || y == nil || x.Height != y.Height || x.Height < least {
			return false
		}
		if x.AppHash != y.AppHash {
			c.t.Fatalf("height %d: %s has app hash %s, %s has %s", x.Height, a.name, x.AppHash, b.name, y.AppHash)
		}
		return true
	})
}

// crashPoints is more than all of CometBFT's fail points and our own write boundaries
// of one block: 11 and 8, the boundaries of pruning included.
const crashPoints = 24

// TestCrashPoints kills the chain's main validator at every fail point, one after the
// other, starts it again, and compares its application hash with its peer's. While it
// is down the chain stands still, so each start meets the points in the same order.
func TestCrashPoints(t *testing.T) {
	c := newChain(t, []int{10, 1}, "state.keep_versions=10", "state.snapshot_every=10")
	main, peer := c.nodes[0], c.nodes[1]
	peer.start()
	for point := range crashPoints {
		main.crash(point, func() {})
		main.up()
		c.say(main, main)
		c.agree(main, peer, 2)
		main.kill() // as a power cut in the middle of whatever it does
	}
	main.up()
	c.say(peer, peer)
	c.agree(main, peer, 2)
	for n := 1; n <= c.lots; n++ {
		for _, p := range c.nodes {
			if _, err := p.client().Record(t.Context(), "lot/"+string(c.lot(n)), 0); err != nil {
				t.Errorf("%s: lot %d: %v", p.name, n, err)
			}
		}
	}
}

// TestCrashingFollower does the same to a node that follows a chain which does not
// wait for it.
func TestCrashingFollower(t *testing.T) {
	c := newChain(t, []int{10, 1}, "state.keep_versions=10")
	main, follower := c.nodes[0], c.nodes[1]
	main.up()
	for point := 0; point < crashPoints; point += 3 {
		follower.crash(point, func() { c.say(main, main) })
		follower.up()
		c.agree(main, follower, 2)
		follower.kill()
	}
}

// TestJoinByStateSync: a node that joins from a snapshot refuses the same replays,
// serves the same proofs, and has every record's history once it has fetched the
// journal from a peer and checked it.
func TestJoinByStateSync(t *testing.T) {
	c := newChain(t, []int{10, 10, 0}, "state.snapshot_every=10", "state.snapshot_keep=100", "state.keep_versions=1000")
	a, b, joiner := c.nodes[0], c.nodes[1], c.nodes[2]
	a.start()
	b.up()
	var sent [][]byte
	for range 5 {
		sent = append(sent, c.say(a, a))
	}
	poll(t, "a snapshot", 60*time.Second, func() bool { s := a.status(); return s != nil && s.Height > 25 })
	trusted, err := a.client().Block(t.Context(), 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	carya(t, joiner.bin, "init", "--home", joiner.home,
		"--set", "statesync.enable=true",
		"--set", fmt.Sprintf("statesync.servers=http://%s,http://%s", a.rpc, b.rpc),
		"--set", "statesync.trust_height=5", "--set", "statesync.trust_hash="+strings.TrimPrefix(trusted.Hash.String(), "0x"),
		"--set", "api.peers=http://"+a.api)
	joiner.up()
	c.agree(a, joiner, 10)
	if s := joiner.status(); s.Oldest < 10 {
		t.Errorf("the joiner has the state of height %d: it did not begin with a snapshot", s.Oldest)
	}
	c.joined(joiner, sent)
}

func (c *chain) joined(joiner *process, sent [][]byte) {
	c.t.Helper()
	for i, raw := range sent {
		_, err := joiner.client().Submit(c.t.Context(), raw)
		if code, _ := types.CodeOf(err); err != nil && code != types.Replayed {
			c.t.Errorf("replay %d at the joiner: %v", i, err)
		}
	}
	for n := range sent {
		c.proves(joiner, "lot/"+string(c.lot(n+1)))
	}
	fresh := c.say(joiner, joiner)
	r, err := joiner.client().Submit(c.t.Context(), fresh)
	if code, _ := types.CodeOf(err); code != types.Replayed && (r == nil || r.State != types.TxCommitted) {
		c.t.Errorf("a replay of its own: %+v, %v", r, err)
	}
}

// proves asks for evidence of a record and of its history and verifies both offline.
func (c *chain) proves(p *process, key string) {
	c.t.Helper()
	for _, claim := range []string{evidence.ClaimRecord, evidence.ClaimHistory} {
		c.verified(c.prove(p, &evidence.Asked{Claims: []evidence.Ask{{Claim: claim, Key: key}}}), key)
	}
}

// prove asks a node until it has the evidence: its journal may still be on its way.
func (c *chain) prove(p *process, asked *evidence.Asked) *evidence.Evidence {
	c.t.Helper()
	var e *evidence.Evidence
	var err error
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if e, err = p.client().Prove(c.t.Context(), asked); err == nil {
			return e
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s does not prove %+v: %v", p.name, asked, err)
		}
	}
}

// verified verifies evidence in both of its forms, against the trust in the genesis file. The words name all the names.
func (c *chain) verified(e *evidence.Evidence, names ...string) *client.Verdict {
	c.t.Helper()
	trust, err := evidence.ReadTrust(c.file)
	if err != nil {
		c.t.Fatal(err)
	}
	compact, err := e.Compact()
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := client.Verify(compact, trust); err != nil {
		c.t.Fatalf("compact: %v", err)
	}
	file, err := e.Encode()
	if err != nil {
		c.t.Fatal(err)
	}
	verdict, err := client.Verify(file, trust)
	if err != nil {
		c.t.Fatalf("%v\n%s", err, file)
	}
	for _, name := range names {
		if !strings.Contains(verdict.String(), name) {
			c.t.Errorf("the verdict does not speak of %s:\n%s", name, verdict)
		}
	}
	return verdict
}

// TestEvidence: a real network proves every kind of claim, all of them in one file, and puts it under a newer header, twice,
// also when a node has long forgotten the old states and when it is another node.
func TestEvidence(t *testing.T) {
	c := newChain(t, []int{10, 10, 10, 10}, "state.keep_versions=40")
	for _, p := range c.nodes {
		p.start()
	}
	main, other := c.nodes[0], c.nodes[1]
	poll(t, "the API of all", 30*time.Second, func() bool { return main.status() != nil && other.status() != nil })
	digest := c.digestOf(c.say(main, main))
	receipt, err := main.client().Transaction(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	c.say(other, main)
	lot := "lot/" + string(c.lot(1))
	from, to := evidence.Prefixed("lot/")
	e := c.prove(main, &evidence.Asked{Claims: []evidence.Ask{
		{Claim: evidence.ClaimRecord, Key: lot},
		{Claim: evidence.ClaimRecord, Key: "lot/" + string(c.lot(99))},
		{Claim: evidence.ClaimHistory, Key: lot},
		{Claim: evidence.ClaimEvent, Key: lot, Digest: digest[:]},
		{Claim: evidence.ClaimPrefix, Key: lot, Since: receipt.Height},
		{Claim: evidence.ClaimRange, From: from, To: to},
		{Claim: evidence.ClaimBlock, Height: 1},
		{Claim: evidence.ClaimTransaction, Digest: digest[:]},
	}})
	before := c.verified(e, lot, "there was no record", "all that ever happened", "begins with its whole history", "these 2 records were all", "block 1 of", digest.String())
	for _, p := range []*process{main, other} {
		height := p.status().Height
		poll(t, "50 more blocks", 60*time.Second, func() bool { s := p.status(); return s != nil && s.Height > height+50 })
		renewed, err := p.client().Renew(t.Context(), e)
		if err != nil {
			t.Fatalf("renew at %s: %v", p.name, err)
		}
		after := c.verified(renewed)
		if after.Signed.Height <= before.Signed.Height || len(renewed.Headers) > len(e.Headers)+1 {
			t.Errorf("renewed is under block %d with %d headers, it was under %d with %d",
				after.Signed.Height, len(renewed.Headers), before.Signed.Height, len(e.Headers))
		}
		for i := range before.Claims {
			if before.Claims[i].Says != after.Claims[i].Says {
				t.Errorf("renewed says %q, it was %q", after.Claims[i].Says, before.Claims[i].Says)
			}
		}
		e, before = renewed, after
	}
}

func (c *chain) digestOf(raw []byte) types.Hash {
	c.t.Helper()
	hash, err := c.genesis.Hash()
	if err != nil {
		c.t.Fatal(err)
	}
	v, err := types.NewDomain(c.genesis.Chain, hash).Verify(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	return v.Digest
}
