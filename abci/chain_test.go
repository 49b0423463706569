package abci_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	cmtabci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	ics23 "github.com/cosmos/ics23/go"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/abci"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// The members of every test's chain; the first is customs.
var names = []string{"hz-customs", "lantu", "linan-coop", "qianjiang-express"}

func memberKey(member string) *ecdsa.PrivateKey {
	seed := sha256.Sum256([]byte("key of " + member))
	key, err := crypto.ToECDSA(seed[:])
	if err != nil {
		panic(err)
	}
	return key
}

func testGenesis(now int64) *types.Genesis {
	g := &types.Genesis{Format: types.GenesisFormat, Chain: "carya-test-1", Time: now, InitialHeight: 1, Params: types.DefaultParams()}
	roles := [][]string{{types.RoleCustoms}, {types.RolePlatform}, {types.RoleCooperative}, {types.RoleLogistics}}
	for i, id := range names {
		public := ed25519.GenPrivKeyFromSecret([]byte(id)).PubKey().Bytes()
		g.Members = append(g.Members, types.GenesisMember{
			ID: id, Name: id, Controller: id, Roles: roles[i], Threshold: 1, Validator: public, Power: 1,
			Keys: []types.Address{types.AddressOf(crypto.FromECDSAPub(&memberKey(id).PublicKey))},
		})
	}
	return g
}

// memory is a journal that forgets at the end of the test.
type memory struct {
	blocks    []*types.Block
	committed int64
}

func (m *memory) Append(b *types.Block) error {
	if n := len(m.blocks); n > 0 && m.blocks[n-1].Height == b.Height {
		m.blocks = m.blocks[:n-1]
	}
	m.blocks = append(m.blocks, b)
	return nil
}

func (m *memory) Committed(height int64) { m.committed = height }

// peer is one application with its store.
type peer struct {
	*abci.App
	store   *store.Store
	journal *memory
}

func newPeer(t testing.TB, g *types.Genesis, now func() int64, change func(*abci.Config)) *peer {
	t.Helper()
	s, err := store.Open("", store.Options{InitialVersion: g.InitialHeight, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{store: s, journal: &memory{}}
	cfg := abci.Config{
		Genesis: g, Store: s, Journal: p.journal, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Pool: abci.PoolConfig{Now: now}, SnapshotDir: t.TempDir(),
	}
	if change != nil {
		change(&cfg)
	}
	if p.App, err = abci.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		s.Close()
	})
	return p
}

// network drives applications as CometBFT would, without its goroutines.
type network struct {
	t      testing.TB
	g      *types.Genesis
	domain types.Domain
	peers  []*peer
	height int64
	now    int64
	nonce  int
}

func newNetwork(t testing.TB, n int, change func(*abci.Config)) *network {
	t.Helper()
	now := time.Now().UnixMilli()
	net := &network{t: t, g: testGenesis(now), now: now}
	hash, err := net.g.Hash()
	if err != nil {
		t.Fatal(err)
	}
	net.domain = types.NewDomain(net.g.Chain, hash)
	for range n {
		p := newPeer(t, net.g, net.clock, change)
		net.init(p)
		net.peers = append(net.peers, p)
	}
	return net
}

func (n *network) clock() int64 { return n.now }

func (n *network) init(p *peer) {
	n.t.Helper()
	state, err := json.Marshal(n.g)
	if err != nil {
		n.t.Fatal(err)
	}
	r := &cmtabci.RequestInitChain{
		Time: time.UnixMilli(n.g.Time), ChainId: n.g.Chain, InitialHeight: n.g.InitialHeight, AppStateBytes: state,
	}
	for _, m := range n.g.Members {
		r.Validators = append(r.Validators, cmtabci.Ed25519ValidatorUpdate(m.Validator, int64(m.Power)))
	}
	if _, err := p.InitChain(context.Background(), r); err != nil {
		n.t.Fatal(err)
	}
}

// sign makes a signed transaction that lives for a minute.
func (n *network) sign(member string, bodies ...types.Body) types.Bytes {
	n.t.Helper()
	return n.signTx(member, func(*types.Transaction) {}, bodies...)
}

func (n *network) signTx(member string, change func(*types.Transaction), bodies ...types.Body) types.Bytes {
	n.t.Helper()
	kind, _ := types.KindOf(bodies[0])
	tx := types.Transaction{
		Chain: n.g.Chain, Member: member, Kind: kind.Name, Expires: n.now + 60_000, OnError: types.OnErrorRollback, Bodies: bodies,
	}
	change(&tx)
	domain := n.domain
	digest, err := domain.Digest(&tx)
	if err != nil {
		n.t.Fatal(err)
	}
	signature, err := types.Sign(digest, memberKey(member))
	if err != nil {
		n.t.Fatal(err)
	}
	raw, err := (&types.Signed{Transaction: tx, Signatures: []types.Bytes{signature}}).Encode()
	if err != nil {
		n.t.Fatal(err)
	}
	return raw
}

// harvest is a fresh valid body.
func (n *network) harvest() *types.CaptureEvent {
	n.nonce++
	return types.Commissioning(types.LotID(fmt.Sprintf("06901234000016.L%06d", n.nonce)), 100_000, "KGM", n.now)
}

func (n *network) submit(p *peer, raw []byte) error { _, err := p.Submit(raw); return err }

func (n *network) propose(p *peer) [][]byte {
	n.t.Helper()
	r, err := p.PrepareProposal(context.Background(), &cmtabci.RequestPrepareProposal{
		MaxTxBytes: 1 << 20, Height: n.height + 1, Time: time.UnixMilli(n.now),
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return r.Txs
}

func (n *network) accepts(p *peer, txs [][]byte) bool {
	n.t.Helper()
	r, err := p.ProcessProposal(context.Background(), &cmtabci.RequestProcessProposal{
		Txs: txs, Height: n.height + 1, Time: time.UnixMilli(n.now),
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return r.Status == cmtabci.ResponseProcessProposal_ACCEPT
}

// block decides a block on every peer and returns its results; the app hashes must agree.
func (n *network) block(txs ...[]byte) []*cmtabci.ExecTxResult {
	n.t.Helper()
	n.height++
	var results []*cmtabci.ExecTxResult
	var hash []byte
	for i, p := range n.peers {
		r := n.finalize(p, txs)
		if i > 0 && !bytes.Equal(hash, r.AppHash) {
			n.t.Fatalf("block %d: app hash %X on peer %d, %X on peer 0", n.height, r.AppHash, i, hash)
		}
		results, hash = r.TxResults, r.AppHash
		if _, err := p.Commit(context.Background(), nil); err != nil {
			n.t.Fatal(err)
		}
	}
	n.now += 1000
	return results
}

func (n *network) finalize(p *peer, txs [][]byte) *cmtabci.ResponseFinalizeBlock {
	n.t.Helper()
	hash := sha256.Sum256(fmt.Appendf(nil, "block %d", n.height))
	r, err := p.FinalizeBlock(context.Background(), &cmtabci.RequestFinalizeBlock{
		Txs: txs, Hash: hash[:], Height: n.height, Time: time.UnixMilli(n.now),
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return r
}

func TestSubmitProposeCommit(t *testing.T) {
	n := newNetwork(t, 3, nil)
	if err := n.submit(n.peers[0], n.sign("linan-coop", n.harvest())); err != nil {
		t.Fatal(err)
	}
	txs := n.propose(n.peers[0])
	if len(txs) != 1 {
		t.Fatalf("%d transactions proposed", len(txs))
	}
	for i, p := range n.peers {
		if !n.accepts(p, txs) {
			t.Fatalf("peer %d refuses an honest proposal", i)
		}
	}
	if r := n.block(txs...); r[0].Code != 0 {
		t.Fatal(r[0].Log)
	}
	if left := n.propose(n.peers[0]); len(left) != 0 {
		t.Errorf("%d transactions proposed again after their commit", len(left))
	}
	info, err := n.peers[1].Info(context.Background(), nil)
	if err != nil || info.LastBlockHeight != 1 || !bytes.Equal(info.LastBlockAppHash, n.peers[1].store.Root()) {
		t.Errorf("info %+v, %v", info, err)
	}
	if err := n.submit(n.peers[2], txs[0]); codeOf(err) != types.Replayed {
		t.Errorf("sent again: %v", err)
	}
}

func codeOf(err error) types.Code { c, _ := types.CodeOf(err); return c }

// badTransactions are what no honest proposer puts into a block, with the code that
// each gets.
func badTransactions(n *network) map[string]struct {
	raw  []byte
	code types.Code
} {
	type bad = struct {
		raw  []byte
		code types.Code
	}
	good := n.sign("linan-coop", n.harvest())
	stranger := n.signTx("lantu", func(tx *types.Transaction) { tx.Member = "linan-coop" }, n.harvest())
	return map[string]bad{
		"nothing":         {[]byte{}, types.Malformed},
		"noise":           {[]byte("not a transaction"), types.Malformed},
		"oversized":       {bytes.Repeat([]byte{0xa2}, types.MaxTxBytes+1), types.TooLarge},
		"a byte too many": {append(bytes.Clone(good), 0), types.Malformed},
		"non-canonical":   {append([]byte{0xb8, 0x02}, good[1:]...), types.NotCanonical},
		"expired":         {n.signTx("linan-coop", func(tx *types.Transaction) { tx.Expires = n.now - 1 }, n.harvest()), types.TxExpired},
		"expires late":    {n.signTx("linan-coop", func(tx *types.Transaction) { tx.Expires = n.now + 3_600_000 }, n.harvest()), types.ExpiresTooLate},
		"wrong chain":     {n.signTx("linan-coop", func(tx *types.Transaction) { tx.Chain = "carya-test-2" }, n.harvest()), types.WrongChain},
		"another's key":   {stranger, types.KeyUnknown},
		"no member":       {n.signTx("nobody", func(*types.Transaction) {}, n.harvest()), types.MemberUnknown},
		"bad signature":   {flip(good, len(good)-300), 0},
	}
}

// flip changes one byte; which code that gives depends on the byte.
func flip(raw []byte, at int) []byte {
	out := bytes.Clone(raw)
	out[(at+len(out))%len(out)] ^= 1
	return out
}

// TestBadInput: each gets its code from the pool, a proposal that holds it is refused,
// and a block that holds it all the same changes nothing but its own results.
func TestBadInput(t *testing.T) {
	for name := range badTransactions(newNetwork(t, 0, nil)) {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, 2, nil)
			bad := badTransactions(n)[name]
			err := n.submit(n.peers[0], bad.raw)
			if err == nil || bad.code != 0 && codeOf(err) != bad.code {
				t.Errorf("submit: got %v, want %s", err, bad.code)
			}
			if n.accepts(n.peers[1], [][]byte{bad.raw}) {
				t.Errorf("a proposal with it is accepted")
			}
			before := n.peers[0].journal
			r := n.block(bad.raw)
			if r[0].Code == 0 || bad.code != 0 && r[0].Code != uint32(bad.code) {
				t.Errorf("in a block: got %s, want %s", types.Code(r[0].Code), bad.code)
			}
			if events := before.blocks[len(before.blocks)-1].Events; len(events) > 0 {
				t.Errorf("it left %d events", len(events))
			}
		})
	}
}

// liar embeds an honest application and proposes what it should not.
type liar struct {
	*peer
	lie func(honest [][]byte) [][]byte
}

func (l *liar) PrepareProposal(ctx context.Context, r *cmtabci.RequestPrepareProposal) (*cmtabci.ResponsePrepareProposal, error) {
	resp, err := l.peer.PrepareProposal(ctx, r)
	if err == nil {
		resp.Txs = l.lie(resp.Txs)
	}
	return resp, err
}

// TestDishonestProposer: no lie is accepted, nobody crashes, and the next honest
// proposal goes through.
func TestDishonestProposer(t *testing.T) {
	n := newNetwork(t, 3, nil)
	replayed := n.sign("linan-coop", n.harvest())
	n.block(replayed)
	good := n.sign("linan-coop", n.harvest())
	if err := n.submit(n.peers[0], good); err != nil {
		t.Fatal(err)
	}
	lies := map[string]func([][]byte) [][]byte{
		"twice":    func(txs [][]byte) [][]byte { return append(txs, txs[0]) },
		"replayed": func(txs [][]byte) [][]byte { return append(txs, replayed) },
		"too many": func(txs [][]byte) [][]byte {
			for range 6000 {
				txs = append(txs, good)
			}
			return txs
		},
	}
	for name, bad := range badTransactions(n) {
		lies[name] = func(txs [][]byte) [][]byte { return append(txs, bad.raw) }
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			l := &liar{n.peers[0], lie}
			resp, err := l.PrepareProposal(context.Background(), &cmtabci.RequestPrepareProposal{MaxTxBytes: 1 << 20, Height: n.height + 1, Time: time.UnixMilli(n.now)})
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range n.peers[1:] {
				if n.accepts(p, resp.Txs) {
					t.Errorf("peer %d accepts the lie", i+1)
				}
			}
		})
	}
	honest := n.propose(n.peers[0])
	if len(honest) != 1 || !n.accepts(n.peers[1], honest) {
		t.Fatalf("after the lies an honest proposal of %d is refused", len(honest))
	}
	n.block(honest...)
}

// TestInitChainHoldsGenesis refuses a genesis.json that is not the one signatures are
// bound to.
func TestInitChainHoldsGenesis(t *testing.T) {
	g := testGenesis(1795420800000)
	state, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	good := func() *cmtabci.RequestInitChain {
		r := &cmtabci.RequestInitChain{Time: time.UnixMilli(g.Time), ChainId: g.Chain, InitialHeight: 1, AppStateBytes: state}
		for _, m := range g.Members {
			r.Validators = append(r.Validators, cmtabci.Ed25519ValidatorUpdate(m.Validator, 1))
		}
		return r
	}
	for name, change := range map[string]func(*cmtabci.RequestInitChain){
		"chain id":       func(r *cmtabci.RequestInitChain) { r.ChainId = "other" },
		"time":           func(r *cmtabci.RequestInitChain) { r.Time = r.Time.Add(time.Second) },
		"initial height": func(r *cmtabci.RequestInitChain) { r.InitialHeight = 2 },
		"app_state": func(r *cmtabci.RequestInitChain) {
			r.AppStateBytes = bytes.Replace(state, []byte("lantu"), []byte("lantv"), 1)
		},
		"no app_state":  func(r *cmtabci.RequestInitChain) { r.AppStateBytes = nil },
		"a validator":   func(r *cmtabci.RequestInitChain) { r.Validators = r.Validators[1:] },
		"another power": func(r *cmtabci.RequestInitChain) { r.Validators[0].Power = 9 },
		"one more validator": func(r *cmtabci.RequestInitChain) {
			r.Validators = append(r.Validators, cmtabci.Ed25519ValidatorUpdate(make([]byte, 32), 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, g, nil, nil)
			r := good()
			change(r)
			if _, err := p.InitChain(context.Background(), r); err == nil {
				t.Error("accepted")
			}
			if r, err := p.InitChain(context.Background(), good()); err != nil || len(r.AppHash) != 32 {
				t.Errorf("the right genesis after it: %v", err)
			}
		})
	}
}

func TestQueryProves(t *testing.T) {
	n := newNetwork(t, 1, nil)
	n.block(n.sign("linan-coop", n.harvest()))
	p := n.peers[0]
	for key, want := range map[string]types.Code{"lot/06901234000016.L000001": types.OK, "lot/06901234000016.NONE": types.NotFound, "nothing/1": types.NotFound} {
		r, err := p.Query(context.Background(), &cmtabci.RequestQuery{Data: []byte(key), Prove: true})
		if err != nil || types.Code(r.Code) != want {
			t.Errorf("%s: code %d (%s), %v", key, r.Code, r.Log, err)
			continue
		}
		if key == "nothing/1" {
			continue
		}
		var proof ics23.CommitmentProof
		if err := proof.Unmarshal(r.ProofOps.Ops[0].Data); err != nil {
			t.Fatal(err)
		}
		proven := ics23.VerifyMembership(ics23.IavlSpec, p.store.Root(), &proof, []byte(key), r.Value)
		if want == types.NotFound {
			proven = ics23.VerifyNonMembership(ics23.IavlSpec, p.store.Root(), &proof, []byte(key))
		}
		if !proven {
			t.Errorf("%s: the proof does not hold", key)
		}
	}
	if r, err := p.Query(context.Background(), &cmtabci.RequestQuery{Data: []byte("lot/x"), Height: 99}); err != nil || r.Code == 0 {
		t.Errorf("a height that is not there: %+v, %v", r, err)
	}
}

// TestProposalFits: a block never exceeds MaxTxBytes as CometBFT counts it.
func TestProposalFits(t *testing.T) {
	n := newNetwork(t, 1, nil)
	for range 50 {
		if err := n.submit(n.peers[0], n.sign("linan-coop", n.harvest())); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int64{0, 1, 500, 1000, 5000, 1 << 20} {
		r, err := n.peers[0].PrepareProposal(context.Background(), &cmtabci.RequestPrepareProposal{MaxTxBytes: limit, Height: 1, Time: time.UnixMilli(n.now)})
		if err != nil {
			t.Fatal(err)
		}
		if got := cmttypes.ComputeProtoSizeForTxs(cmttypes.ToTxs(r.Txs)); got > limit {
			t.Errorf("%d bytes proposed, at most %d", got, limit)
		}
	}
}
