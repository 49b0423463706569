package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// newSigningHome is the home of a chain's only validator, whose member signs with memberKey.
func newSigningHome(t *testing.T, set ...string) string {
	t.Helper()
	dir := t.TempDir()
	m := testGenesis().Members[0]
	m.Keys = []types.Address{addressOf(memberKey(m.ID))}
	id, err := InitHome(dir, InitOptions{Member: m, Set: append([]string{
		"p2p.listen=127.0.0.1:0", "api.listen=127.0.0.1:0", "rpc.listen=", "consensus.timeout_commit=10ms",
	}, set...)})
	must(t, err)
	g := testGenesis()
	g.Time = time.Now().UnixMilli()
	g.Members = []types.GenesisMember{id.Description.GenesisMember}
	data, err := WriteGenesis(g)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, fileGenesis), data, 0o600))
	return dir
}

// send submits a transaction and waits until a block has executed it.
func send(t *testing.T, n *Node, bodies ...types.Body) types.Hash {
	t.Helper()
	kind, _ := types.KindOf(bodies[0])
	tx := types.Transaction{
		Chain: n.genesis.Chain, Member: n.cfg.Member, Kind: kind.Name, Expires: time.Now().UnixMilli() + 60_000,
		OnError: types.OnErrorProceed, Bodies: bodies,
	}
	digest, err := types.NewDomain(n.genesis.Chain, n.genesisHash).Digest(&tx)
	must(t, err)
	signature, err := types.Sign(digest, memberKey(n.cfg.Member))
	must(t, err)
	raw, err := (&types.Signed{Transaction: tx, Signatures: []types.Bytes{signature}}).Encode()
	must(t, err)
	_, err = n.Submit(raw)
	must(t, err)
	within(t, "the transaction is executed", func() bool {
		_, _, _, ok, err := n.Journal().Transaction(digest)
		must(t, err)
		return ok
	})
	return digest
}

// proven asks a node's gateway for evidence and verifies it.
func proven(t *testing.T, n *Node, asked *evidence.Asked) *evidence.Verdict {
	t.Helper()
	body, err := json.Marshal(asked)
	must(t, err)
	resp, err := http.Post("http://"+n.Gateway().String()+"/v1/evidence", "application/json", bytes.NewReader(body))
	must(t, err)
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	file, err := io.ReadAll(resp.Body)
	must(t, err)
	trust, err := evidence.TrustGenesis(n.genesis)
	must(t, err)
	v, err := evidence.Verify(file, trust)
	if err != nil {
		t.Fatalf("%s: %v\n%s", resp.Status, err, file)
	}
	return v
}

// TestEvidence: everything that CometBFT itself has signed and stored proves, from the
// first block on, and after a restart.
func TestEvidence(t *testing.T) {
	dir := newSigningHome(t)
	n, stop := runNode(t, dir)
	first := n.genesis.InitialHeight
	within(t, "the first block", func() bool { return n.Journal().Last() >= first })
	proven(t, n, &evidence.Asked{Claims: []evidence.Ask{{Claim: evidence.ClaimBlock, Height: first}}})

	digest := send(t, n, &types.AddKey{Key: types.Address{1}}, &types.AddKey{Key: types.Address{1}})
	height, _, _, _, err := n.Journal().Transaction(digest)
	must(t, err)
	reach(t, n, height+20)
	all := &evidence.Asked{Claims: []evidence.Ask{
		{Claim: evidence.ClaimRecord, Key: "member/aa"},
		{Claim: evidence.ClaimRecord, Key: "member/nobody"},
		{Claim: evidence.ClaimHistory, Key: "member/aa"},
		{Claim: evidence.ClaimEvent, Key: "member/aa", Digest: digest[:]},
		{Claim: evidence.ClaimPrefix, Key: "member/aa", Since: height},
		{Claim: evidence.ClaimRange, From: "key/", To: "key0"},
		{Claim: evidence.ClaimRange},
		{Claim: evidence.ClaimBlock, Height: first},
		{Claim: evidence.ClaimTransaction, Digest: digest[:]},
	}}
	check := func() {
		t.Helper()
		v := proven(t, n, all)
		for i, want := range []string{"record", "absence", "history", "event", "prefix", "range", "range", "block", "transaction"} {
			if got := v.Claims[i].Claim.Claim; got != want {
				t.Errorf("claim %d is of kind %s, want %s", i, got, want)
			}
		}
		if got := v.Claims[8]; got.Code != uint32(types.Partial) || len(got.Codes) != 2 || got.Codes[0] != 0 || got.Codes[1] == 0 {
			t.Errorf("the transaction's result is %d %v", got.Code, got.Codes)
		}
		if got := v.Claims[3]; got.Index != 1 || got.Events[0].Tx != digest {
			t.Errorf("event %d of %s", got.Index, got.Events[0].Tx)
		}
		if block, err := n.Journal().Block(first); err != nil || v.Claims[7].Block.Hash != block.Hash {
			t.Errorf("block %d has the hash %s in the evidence (%v)", first, v.Claims[7].Block.Hash, err)
		}
	}
	check()
	stop()
	n, stop = runNode(t, dir)
	reach(t, n, n.Journal().Last()+2)
	check()
	stop()
}

// TestPrunedEvidence: a node that keeps few states says which, and proves the blocks before
// all the same.
func TestPrunedEvidence(t *testing.T) {
	n, stop := runNode(t, newSigningHome(t, "state.keep_versions=10"))
	defer stop()
	first := n.genesis.InitialHeight
	reach(t, n, first+30)
	proven(t, n, &evidence.Asked{Claims: []evidence.Ask{{Claim: evidence.ClaimBlock, Height: first}, {Claim: evidence.ClaimRecord, Key: "member/aa"}}})
	resp, err := http.Get(fmt.Sprintf("http://%s/v1/records/member/aa?proof=1&height=%d", n.Gateway(), first+1))
	must(t, err)
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	var p types.Problem
	must(t, json.NewDecoder(resp.Body).Decode(&p))
	if resp.StatusCode != http.StatusGone || p.Field != "height" || !bytes.Contains([]byte(p.Detail), []byte("this node has heights")) ||
		!bytes.Contains([]byte(p.Detail), []byte("longer history")) {
		t.Errorf("%s %+v", resp.Status, p)
	}
}
