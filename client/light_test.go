package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/cometbft/cometbft/crypto/ed25519"
	lightstore "github.com/cometbft/cometbft/light/store"
	lightdb "github.com/cometbft/cometbft/light/store/db"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmt "github.com/cometbft/cometbft/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// lightChain is a chain whose validators change, which the ledger's cannot yet, and that can fork. It has real keys, a real
// state and headers that are really signed.
type lightChain struct {
	t       testing.TB
	genesis *types.Genesis
	hash    types.Hash
	store   *store.Store

	mu        sync.Mutex
	set, next *cmt.ValidatorSet
	script    []*cmt.ValidatorSet // next at each block, to begin a fork with
	blocks    []*cmt.LightBlock   // from height 1 on
	log       types.Blocks
	leaves    []types.Hash
	salt      string   // what makes a fork another chain
	absent    []string // who does not sign
}

const lightStart = 1795420800000 // 2026-11-23T08:00:00Z; a block takes a second

// lightOrganisations are the organisations of the chain with the power of their validators in the genesis. Those without
// join later; the last one has no record.
var lightOrganisations = []struct {
	id, name string
	power    uint64
}{
	{"hangzhou-customs", "杭州海关", 40}, {"lantu", "Lantu Mall", 20}, {"tianmu-pay", "Tianmu Pay", 20},
	{"qianjiang-express", "Qianjiang Express", 20}, {"xiasha-zone", "Xiasha Zone", 0}, {"stranger", "", 0},
}

func lightKey(id string) ed25519.PrivKey {
	return ed25519.GenPrivKeyFromSecret(chaintest.Seed("validator " + id))
}

// lightSet makes a validator set: "id power, id power".
func lightSet(t testing.TB, text string) *cmt.ValidatorSet {
	t.Helper()
	var list []*cmt.Validator
	for part := range strings.SplitSeq(text, ", ") {
		id, power, _ := strings.Cut(part, " ")
		n, err := strconv.ParseInt(power, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, cmt.NewValidator(lightKey(id).PubKey(), n))
	}
	return cmt.NewValidatorSet(list)
}

func newLightChain(t testing.TB, start int64) *lightChain {
	t.Helper()
	c := &lightChain{t: t, genesis: &types.Genesis{
		Format: types.GenesisFormat, Chain: "carya-light-1", Time: start, InitialHeight: 1, Params: types.DefaultParams(),
	}}
	var first []string
	for _, o := range lightOrganisations {
		if o.power == 0 {
			continue
		}
		c.genesis.Members = append(c.genesis.Members, types.GenesisMember{
			ID: o.id, Name: o.name, Controller: o.id, Roles: []string{types.RoleCustoms}, Customs: []string{}, Prefixes: []string{},
			Keys: []types.Address{{byte(len(c.genesis.Members) + 1)}}, Threshold: 1, Validator: lightKey(o.id).PubKey().Bytes(), Power: o.power,
		})
		first = append(first, fmt.Sprint(o.id, " ", o.power))
	}
	c.set = lightSet(t, strings.Join(first, ", "))
	c.next = c.set
	var err error
	c.hash, err = c.genesis.Hash()
	c.must(err)
	c.store, err = store.Open("", store.Options{NoSync: true})
	c.must(err)
	t.Cleanup(func() { c.must(c.store.Close()) })
	return c
}

func (c *lightChain) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// fork begins a chain with the same blocks, which goes on with others.
func (c *lightChain) fork(salt string) *lightChain {
	c.t.Helper()
	f := newLightChain(c.t, c.genesis.Time)
	for _, next := range c.script {
		f.next = next
		f.commit(1)
	}
	f.salt = salt
	return f
}

// commit makes n blocks.
func (c *lightChain) commit(n int) *lightChain {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		height := int64(len(c.blocks) + 1)
		b := c.sign(c.header(height), c.set)
		c.blocks, c.script = append(c.blocks, b), append(c.script, c.next)
		c.set = c.next
		c.leaves = append(c.leaves, types.LeafHash(b.Hash()))
		c.must(c.log.History.Append(types.LeafHash(b.Hash())))
		c.write(height)
	}
	return c
}

func (c *lightChain) write(height int64) {
	records := map[string]any{types.KeyBlocks: &c.log}
	if height == 1 {
		records[types.KeyParams] = &types.ChainParams{Genesis: c.hash, Chain: c.genesis.Chain, Params: c.genesis.Params}
		for _, o := range lightOrganisations[:len(lightOrganisations)-1] {
			records["member/"+o.id] = &types.Member{ID: o.id, Name: o.name, Controller: o.id, Validator: lightKey(o.id).PubKey().Bytes()}
		}
	}
	var writes []store.Write
	for key, record := range records {
		value, err := types.Encode(record)
		c.must(err)
		writes = append(writes, store.Write{Key: key, Value: value})
	}
	sort.Slice(writes, func(i, j int) bool { return writes[i].Key < writes[j].Key })
	_, err := c.store.Apply(height, writes)
	c.must(err)
	c.must(c.store.Commit(nil))
}

func (c *lightChain) header(height int64) *cmt.Header {
	h := &cmt.Header{
		Version: cmtversion.Consensus{Block: 11, App: 3}, ChainID: c.genesis.Chain, Height: height,
		Time: time.UnixMilli(c.genesis.Time + 1000*height).UTC(), DataHash: chaintest.Seed("data" + c.salt), AppHash: chaintest.Seed("no state yet"),
		ConsensusHash: chaintest.Seed("consensus"), EvidenceHash: chaintest.Seed("no evidence"), LastCommitHash: chaintest.Seed("commit"),
		LastResultsHash: cmt.NewResults(nil).Hash(), ValidatorsHash: c.set.Hash(), NextValidatorsHash: c.next.Hash(),
		ProposerAddress: c.set.Validators[0].Address,
	}
	if height > 1 {
		h.LastBlockID = c.blocks[height-2].Commit.BlockID
		h.AppHash = c.store.Root()
	}
	return h
}

func (c *lightChain) sign(h *cmt.Header, set *cmt.ValidatorSet) *cmt.LightBlock {
	id := cmt.BlockID{Hash: h.Hash(), PartSetHeader: cmt.PartSetHeader{Total: 1, Hash: chaintest.Seed("parts")}}
	commit := &cmt.Commit{Height: h.Height, BlockID: id, Signatures: make([]cmt.CommitSig, len(set.Validators))}
	for i, one := range set.Validators {
		o := slices.IndexFunc(lightOrganisations, func(o struct {
			id, name string
			power    uint64
		}) bool {
			return lightKey(o.id).PubKey().Equals(one.PubKey)
		})
		who := lightOrganisations[o].id
		if slices.Contains(c.absent, who) {
			commit.Signatures[i] = cmt.NewCommitSigAbsent()
			continue
		}
		commit.Signatures[i] = cmt.CommitSig{BlockIDFlag: cmt.BlockIDFlagCommit, ValidatorAddress: one.Address, Timestamp: h.Time}
		var err error
		commit.Signatures[i].Signature, err = lightKey(who).Sign(commit.VoteSignBytes(h.ChainID, int32(i)))
		c.must(err)
	}
	return &cmt.LightBlock{SignedHeader: &cmt.SignedHeader{Header: h, Commit: commit}, ValidatorSet: set}
}

func (c *lightChain) last() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(len(c.blocks))
}

func (c *lightChain) block(height int64) *cmt.LightBlock {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blocks[height-1]
}

// trust is the trust in the genesis, or in a block.
func (c *lightChain) trust(height int64) *evidence.Trust {
	c.t.Helper()
	t, err := evidence.TrustGenesis(c.genesis)
	c.must(err)
	if height == 0 {
		return t
	}
	return (&light{trust: t}).fresh(c.block(height))
}

// What follows is prove.Chain.

func (c *lightChain) Domain() (string, types.Hash, error)    { return c.genesis.Chain, c.hash, nil }
func (c *lightChain) View(height int64) (*store.View, error) { return c.store.View(height) }
func (c *lightChain) Events(context.Context, string, uint64, int64) ([][]byte, error) {
	return nil, nil
}

func (c *lightChain) SignedHeader(_ context.Context, height int64) ([]byte, error) {
	if height < 1 || height > c.last() {
		return nil, types.Refuse(types.NotFound, "height", "there is no block %d", height)
	}
	return c.block(height).SignedHeader.ToProto().Marshal()
}

func (c *lightChain) BlockPath(_ context.Context, index, size uint64) ([]types.Hash, error) {
	return prove.InclusionAmong(c.leaves[:size], index)
}

func (c *lightChain) Executed(context.Context, types.Hash) (int64, int, error) {
	return 0, 0, types.Refuse(types.NotFound, "digest", "there are no transactions")
}

func (c *lightChain) Block(context.Context, int64) ([][]byte, []types.Result, error) {
	return nil, nil, nil
}

// lightServer answers as a node's gateway does.
type lightServer struct {
	*lightChain
	*httptest.Server
	first  int64                        // blocks before it are pruned
	newest int64                        // that it says it has, 0 for the last
	shift  int64                        // it shows another block than it was asked for, so far below
	lie    func(*cmt.LightBlock)        // changes what it shows
	sets   func(*cmtproto.ValidatorSet) // and this
	proofs *lightChain                  // that its evidence is of, where it is another
	says   *evidence.Trust              // as the trust in its genesis, where that is a lie
	hold   chan struct{}                // holds its evidence back until it is closed
	mu     sync.Mutex
	down   bool
}

func (c *lightChain) serve() *lightServer {
	s := &lightServer{lightChain: c}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/headers/{height}", s.header)
	mux.HandleFunc("POST /v1/evidence", s.evidence)
	mux.HandleFunc("GET /v1/trust", func(w http.ResponseWriter, _ *http.Request) { lightReply(w, 200, cmp.Or(s.says, c.trust(0))) })
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		down := s.down
		s.mu.Unlock()
		if down {
			lightRefuse(w, 503, types.Refuse(types.Busy, "", "the node is being looked after"))
			return
		}
		mux.ServeHTTP(w, r)
	}))
	c.t.Cleanup(s.Close)
	return s
}

func (s *lightServer) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func lightReply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func lightRefuse(w http.ResponseWriter, status int, err error) {
	code, _ := types.CodeOf(err)
	lightReply(w, status, types.Problem{Status: status, Code: code, Detail: err.Error()})
}

func (s *lightServer) header(w http.ResponseWriter, r *http.Request) {
	height, _ := strconv.ParseInt(r.PathValue("height"), 10, 64)
	if height == 0 {
		height = s.last()
		if s.newest > 0 {
			height = s.newest
		}
	}
	if height < max(s.first, 1) || height > s.last() {
		lightRefuse(w, 404, types.Refuse(types.NotFound, "height", "block %d is not there: %d to %d are", height, s.first, s.last()))
		return
	}
	if r.PathValue("height") != "0" {
		height -= s.shift
	}
	b, err := s.answer(height)
	if err != nil {
		s.t.Error(err)
	}
	lightReply(w, 200, b)
}

func (s *lightServer) answer(height int64) (map[string]any, error) {
	signed, err := s.SignedHeader(context.Background(), height)
	if err != nil {
		return nil, err
	}
	var p cmtproto.SignedHeader
	if err := p.Unmarshal(signed); err != nil {
		return nil, err
	}
	h, err := cmt.SignedHeaderFromProto(&p)
	if err != nil {
		return nil, err
	}
	b := &cmt.LightBlock{SignedHeader: h, ValidatorSet: s.block(height).ValidatorSet.Copy()}
	if s.lie != nil {
		s.lie(b)
	}
	set, err := b.ValidatorSet.ToProto()
	if err != nil {
		return nil, err
	}
	if s.sets != nil {
		s.sets(set)
	}
	validators, err := set.Marshal()
	if err != nil {
		return nil, err
	}
	signed, err = b.SignedHeader.ToProto().Marshal()
	return map[string]any{"height": height, "signedHeader": signed, "validators": validators}, err
}

func (s *lightServer) evidence(w http.ResponseWriter, r *http.Request) {
	var asked evidence.Asked
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		s.t.Error(err)
	}
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-r.Context().Done():
		}
	}
	for _, a := range asked.Claims {
		if a.Claim == evidence.ClaimBlock && a.Height < s.first {
			lightRefuse(w, 410, types.Refuse(types.NotFound, "height", "block %d is pruned", a.Height))
			return
		}
	}
	chain := s.lightChain
	if s.proofs != nil {
		chain = s.proofs
	}
	e, err := prove.Evidence(r.Context(), chain, &asked)
	if err != nil {
		lightRefuse(w, 422, err)
		return
	}
	file, err := e.Encode()
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(file)
}

// forge makes a node show headers that nobody signed.
func forge(b *cmt.LightBlock) {
	b.Header.DataHash = chaintest.Seed("forged")
	b.Commit.BlockID.Hash = b.Header.Hash()
}

// newLight makes a light client that sees the time a minute after the chain's last block.
func newLight(t testing.TB, trust *evidence.Trust, servers ...*lightServer) *light {
	t.Helper()
	l := &light{trust: trust, state: lightdb.New(dbm.NewMemDB(), ""), period: 2160 * time.Hour}
	l.now = func() time.Time {
		return time.UnixMilli(servers[0].genesis.Time + 1000*servers[0].last()).Add(time.Minute)
	}
	for _, s := range servers {
		c, err := New(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		l.nodes = append(l.nodes, newLightNode(c, trust.Chain))
	}
	return l
}

// take takes a step that must succeed.
func (l *light) take(t testing.TB) *lightStep {
	t.Helper()
	s, err := l.step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// refused takes a step that must fail: with this exit code, saying this.
func (l *light) refused(t testing.TB, exit int, says string) error {
	t.Helper()
	s, err := l.step(t.Context())
	if err == nil {
		t.Fatalf("followed to block %d, want an error that says %q", s.To.Height, says)
	}
	if got := ExitCode(err); got != exit || !strings.Contains(err.Error(), says) {
		t.Fatalf("exit code %d, want %d; want %q in:\n%v", got, exit, says, err)
	}
	return err
}

// wantState checks up to where the state goes; -1 is none.
func (l *light) wantState(t testing.TB, want int64) {
	t.Helper()
	if got, err := l.state.LastLightBlockHeight(); err != nil || got != want {
		t.Errorf("the state goes until block %d, %v; want %d", got, err, want)
	}
}

func TestLightFollows(t *testing.T) {
	c := newLightChain(t, lightStart).commit(30)
	l := newLight(t, c.trust(0), c.serve(), c.serve(), c.serve())
	s := l.take(t)
	if s.From.Height != 1 || s.From.Source != lightFromTrust || s.To.Height != 30 || s.Agree != 3 || !s.Extends || s.Power != 100 || s.Total != 100 {
		t.Errorf("got %+v", s)
	}
	if s.To.Hash != types.Hash(c.block(30).Hash()) || s.Trust.Block != s.To.Hash || s.Trust.Height != 30 || s.Trust.ValidatorsHash() != c.trust(0).ValidatorsHash() {
		t.Errorf("trust %+v", s.Trust)
	}
	if s.TrustAge != 30+60 {
		t.Errorf("the trust file is %d s old, want 90", s.TrustAge)
	}
	c.commit(12)
	if s = l.take(t); s.From.Height != 30 || s.From.Source != lightFromState || s.To.Height != 42 || !s.Extends {
		t.Errorf("second step: %+v", s)
	}
	if s = l.take(t); s.From.Height != 42 || s.To.Height != 42 || s.Agree != 3 {
		t.Errorf("step without a new block: %+v", s)
	}
	l.wantState(t, 42)
}

// TestLightFreshTrust goes on from the file that another run wrote, and checks evidence with it.
func TestLightFreshTrust(t *testing.T) {
	c := newLightChain(t, lightStart).commit(20)
	fresh := newLight(t, c.trust(0), c.serve(), c.serve()).take(t).Trust
	file, err := fresh.Encode()
	c.must(err)
	again, err := evidence.ReadTrust(file)
	c.must(err)
	c.commit(20)
	s := newLight(t, again, c.serve(), c.serve()).take(t)
	if s.From.Height != 20 || s.From.Hash != fresh.Block || s.To.Height != 40 {
		t.Errorf("got %+v", s)
	}
	e, err := prove.Evidence(t.Context(), c, &evidence.Asked{Height: 30, Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: "member/lantu"}}})
	c.must(err)
	if _, err := e.Verify(s.Trust); err != nil {
		t.Errorf("evidence under the fresh trust file: %v", err)
	}
}

// lightTurnover replaces all validators, one after the other: too much to skip in one step.
func lightTurnover(t testing.TB, c *lightChain) {
	t.Helper()
	for _, set := range []string{
		"lantu 20, tianmu-pay 20, qianjiang-express 20, xiasha-zone 30", "tianmu-pay 20, qianjiang-express 20, xiasha-zone 60",
		"qianjiang-express 20, xiasha-zone 80", "xiasha-zone 80, stranger 30",
	} {
		c.commit(10)
		c.next = lightSet(t, set)
	}
	c.commit(10)
}

func TestLightValidatorsChange(t *testing.T) {
	c := newLightChain(t, lightStart)
	lightTurnover(t, c)
	s := newLight(t, c.trust(0), c.serve(), c.serve()).take(t)
	if s.To.Height != 50 || s.Agree != 2 || len(s.Trust.Validators) != 2 || s.Power != 110 {
		t.Fatalf("got %+v", s)
	}
	stranger := lightKey("stranger").PubKey().Bytes()
	want := []evidence.Validator{
		{Member: "xiasha-zone", Name: "Xiasha Zone", Key: lightKey("xiasha-zone").PubKey().Bytes(), Power: 80},
		{Member: "", Name: fmt.Sprintf("%x", stranger), Key: stranger, Power: 30},
	}
	for i, got := range s.Trust.Validators {
		if got.Member != want[i].Member || got.Name != want[i].Name || got.Key.String() != want[i].Key.String() || got.Power != want[i].Power {
			t.Errorf("validator %d: got %+v, want %+v", i, got, want[i])
		}
		if s.Signers[i].Member != want[i].Member {
			t.Errorf("signer %d: got %+v", i, s.Signers[i])
		}
	}
}

// TestLightSkipsNothing: where the blocks between are gone, nobody can show how one set of validators came after the other.
func TestLightSkipsNothing(t *testing.T) {
	c := newLightChain(t, lightStart)
	lightTurnover(t, c)
	a, b := c.serve(), c.serve()
	l := newLight(t, c.trust(1), a, b)
	l.take(t)
	l = newLight(t, c.trust(1), a, b)
	c.must(l.state.SaveLightBlock(c.block(1)))
	a.first, b.first = 45, 45
	l.refused(t, ExitFailed, "block 28 is not there")
	l.wantState(t, 1)
}

func TestLightLiar(t *testing.T) {
	for _, liar := range []int{0, 1, 2} {
		t.Run(fmt.Sprint("node ", liar), func(t *testing.T) {
			c := newLightChain(t, lightStart).commit(20)
			servers := []*lightServer{c.serve(), c.serve(), c.serve()}
			servers[liar].lie = func(b *cmt.LightBlock) {
				if b.Height > 1 {
					forge(b)
				}
			}
			l := newLight(t, c.trust(0), servers...)
			s := l.take(t)
			if s.Agree != 2 || s.Nodes[liar].Agrees || !strings.Contains(s.Nodes[liar].Why, "not proven") || s.To.Hash != types.Hash(c.block(20).Hash()) {
				t.Errorf("got %+v", s)
			}
			servers[liar], l.nodes = servers[0], slices.Delete(l.nodes, (liar+1)%3, (liar+1)%3+1)
			c.commit(1)
			l.refused(t, ExitFailed, "1 of 2 nodes show the same block 21, and 2 are needed\n  http://127")
			l.wantState(t, 20)
		})
	}
}

// TestLightOtherHeight: a node that shows an old block where it is asked for a newer one.
func TestLightOtherHeight(t *testing.T) {
	c := newLightChain(t, lightStart).commit(20)
	liar := c.serve()
	liar.shift = 3
	liar.newest = 21
	c.commit(1)
	near := c.serve()
	near.newest = 20
	s := newLight(t, c.trust(10), liar, near, c.serve()).take(t)
	if s.Agree != 2 || !strings.Contains(s.Nodes[0].Why, "it is of block 17") {
		t.Errorf("got %+v", s.Nodes)
	}
}

// TestLightOtherProof: the nodes agree about the header, and prove the genesis under another one that the validators signed.
func TestLightOtherProof(t *testing.T) {
	honest, fork := lightFork(t, lightStart)
	a, b := honest.serve(), honest.serve()
	a.proofs = fork
	if s := newLight(t, honest.trust(0), a, b).take(t); s.Agree != 2 || !s.Extends {
		t.Errorf("one proves it: %+v", s)
	}
	b.proofs = fork
	l := newLight(t, honest.trust(0), a, b)
	l.refused(t, ExitNotProven, "it is signed under block 20 with the hash "+types.Hash(fork.block(20).Hash()).String())
	l.wantState(t, -1)
}

// TestLightNamesNobodyWrongly: CometBFT counts votes up to two thirds only. Who is named has really signed.
func TestLightNamesNobodyWrongly(t *testing.T) {
	honest, fork := lightFork(t, lightStart)
	node := fork.serve()
	node.lie = func(b *cmt.LightBlock) {
		if b.Height < 20 {
			return
		}
		for i := range b.Commit.Signatures { // the one that did not vote
			if v := &b.Commit.Signatures[i]; v.BlockIDFlag == cmt.BlockIDFlagAbsent {
				*v = cmt.CommitSig{BlockIDFlag: cmt.BlockIDFlagCommit, ValidatorAddress: b.ValidatorSet.Validators[i].Address, Timestamp: b.Time, Signature: make([]byte, 64)}
			}
		}
	}
	fork.absent = []string{fork.orderedLast()}
	fork.commit(1)
	honest.commit(1)
	_, err := newLight(t, honest.trust(0), honest.serve(), node).step(t.Context())
	d, ok := errors.AsType[*Divergence](err)
	if !ok {
		t.Fatalf("got %v, want a divergence", err)
	}
	if len(d.A.Signers) != 4 || len(d.B.Signers) != 3 || len(d.Both) != 3 {
		t.Errorf("signed: %d of the one, %d of the other, %d both; want 4, 3, 3", len(d.A.Signers), len(d.B.Signers), len(d.Both))
	}
}

// orderedLast is the validator whose vote stands last in a commit.
func (c *lightChain) orderedLast() string {
	list := c.trust(0).Ordered()
	return list[len(list)-1].Member
}

// TestLightLiarAtTheRoot shows a forged first block.
func TestLightLiarAtTheRoot(t *testing.T) {
	c := newLightChain(t, lightStart).commit(20)
	liar := c.serve()
	liar.lie = forge
	s := newLight(t, c.trust(0), liar, c.serve(), c.serve()).take(t)
	if s.Agree != 2 || !strings.Contains(s.Nodes[0].Why, "its block 1 is not signed by them") {
		t.Errorf("got %+v", s)
	}
}

// lightFork is an honest chain and one that validators with 80 of 100 signed beside it from block 11 on.
func lightFork(t testing.TB, start int64) (honest, fork *lightChain) {
	honest = newLightChain(t, start).commit(10)
	fork = honest.fork("fork")
	fork.absent = []string{"qianjiang-express"}
	return honest.commit(10), fork.commit(10)
}

func TestLightDivergence(t *testing.T) {
	honest, fork := lightFork(t, lightStart)
	tests := []struct {
		name   string
		trust  *evidence.Trust
		height int64
	}{
		{"from the genesis", honest.trust(0), 20},
		{"from before the fork", honest.trust(8), 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLight(t, tt.trust, honest.serve(), honest.serve(), fork.serve())
			_, err := l.step(t.Context())
			d, ok := errors.AsType[*Divergence](err)
			if !ok {
				t.Fatalf("got %v, want a divergence", err)
			}
			l.wantDivergence(t, d, honest, fork, tt.height)
			if len(d.Attacks) != 2 {
				t.Errorf("CometBFT's detector reported %d attacks, want one of each side", len(d.Attacks))
			}
			l.wantState(t, -1)
		})
	}
}

func (l *light) wantDivergence(t *testing.T, d *Divergence, honest, fork *lightChain, height int64) {
	t.Helper()
	var both []string
	for _, v := range d.Both {
		both = append(both, v.Member)
	}
	slices.Sort(both)
	if !slices.Equal(both, []string{"hangzhou-customs", "lantu", "tianmu-pay"}) {
		t.Errorf("signed both: %v", both)
	}
	if d.Height != height || d.A.Hash != types.Hash(honest.block(height).Hash()) || d.B.Hash != types.Hash(fork.block(height).Hash()) {
		t.Errorf("got block %d, %s and %s", d.Height, d.A.Hash, d.B.Hash)
	}
	for _, says := range []string{l.nodes[0].Node(), l.nodes[len(l.nodes)-1].Node(), d.A.Hash.String(), d.B.Hash.String(),
		"hangzhou-customs (杭州海关)", "together 80 of 100 voting power, 80.0 %"} {
		if !strings.Contains(d.Error(), says) {
			t.Errorf("%q is missing in\n%s", says, d)
		}
	}
	var p cmtproto.LightBlock
	if err := p.Unmarshal(d.B.Block); err != nil {
		t.Fatal(err)
	}
	if b, err := cmt.LightBlockFromProto(&p); err != nil || types.Hash(b.Hash()) != d.B.Hash {
		t.Errorf("the kept block: %v", err)
	}
}

// TestLightDivergenceAtTheRoot: the fork begins at the very block that the trust file names the validators of.
func TestLightDivergenceAtTheRoot(t *testing.T) {
	honest := newLightChain(t, lightStart).commit(20)
	fork := newLightChain(t, lightStart)
	fork.salt, fork.absent = "fork", []string{"qianjiang-express"}
	fork.commit(20)
	l := newLight(t, honest.trust(0), honest.serve(), fork.serve())
	_, err := l.step(t.Context())
	d, ok := errors.AsType[*Divergence](err)
	if !ok {
		t.Fatalf("got %v, want a divergence", err)
	}
	l.wantDivergence(t, d, honest, fork, 1)
	// With a trust file that names the block no node of the fork is believed, and the proof needs no second node.
	l = newLight(t, honest.trust(1), fork.serve(), fork.serve())
	l.refused(t, ExitDiverged, "the trusted validators signed it")
}

// TestLightDivergenceFromState: between two runs all nodes went over to a fork of the past.
func TestLightDivergenceFromState(t *testing.T) {
	honest, fork := lightFork(t, lightStart)
	l := newLight(t, honest.trust(0), honest.serve(), honest.serve())
	l.take(t)
	same := newLight(t, honest.trust(0), honest.serve(), fork.serve())
	same.state = l.state
	_, err := same.step(t.Context())
	if d, ok := errors.AsType[*Divergence](err); !ok {
		t.Errorf("at the height of the state: got %v, want a divergence", err)
	} else {
		same.wantDivergence(t, d, honest, fork, 20)
	}
	moved := newLight(t, honest.trust(0), fork.serve(), fork.serve())
	moved.state = l.state
	_, err = moved.step(t.Context())
	if d, ok := errors.AsType[*Divergence](err); !ok || d.A.Node != trustedBefore || d.Height != 20 || len(d.Both) != 3 {
		t.Errorf("all nodes at the height of the state: got %v, want a divergence", err)
	}
	fork.commit(5)
	a, b := fork.serve(), fork.serve()
	moved = newLight(t, honest.trust(0), a, b)
	moved.state = l.state
	_, err = moved.step(t.Context())
	d, ok := errors.AsType[*Divergence](err)
	if !ok || d.Height != 20 || d.A.Node != trustedBefore || d.B.Node != a.URL || d.A.Hash != types.Hash(honest.block(20).Hash()) || len(d.Both) != 3 {
		t.Errorf("after the state: got %v, %+v; want a divergence", err, d)
	}
	hides := func(b *cmt.LightBlock) {
		if b.Height == 20 {
			forge(b)
		}
	}
	a.lie, b.lie = hides, hides
	moved.refused(t, ExitDiverged, "block 25, which the validators signed, does not come after the block 20 that was trusted")
	l.wantState(t, 20)
}

// TestLightLunatic: validators with 40 of 100 name themselves the only ones. CometBFT's light client would believe them.
func TestLightLunatic(t *testing.T) {
	honest := newLightChain(t, lightStart).commit(10)
	lunatic := honest.fork("lunatic")
	lunatic.set = lightSet(t, "hangzhou-customs 40")
	lunatic.next = lunatic.set
	lunatic.commit(10)
	l := newLight(t, honest.trust(0), lunatic.serve(), lunatic.serve())
	l.refused(t, ExitFailed, "0 of 2 nodes show the same block 20")
	l.alone, l.nodes = true, l.nodes[:1]
	l.refused(t, ExitFailed, "what it shows as block 20 is not proven")
	honest.commit(10)
	_, err := newLight(t, honest.trust(0), lunatic.serve(), honest.serve()).step(t.Context())
	d, ok := errors.AsType[*Divergence](err)
	if !ok {
		t.Fatalf("got %v, want a divergence", err)
	}
	if len(d.Both) != 1 || d.Both[0].Member != "hangzhou-customs" || len(d.B.Signers) != 1 || len(d.Attacks) == 0 ||
		!strings.Contains(d.Error(), "together 40 of 100 voting power, 40.0 %") {
		t.Errorf("got %d attacks, %v", len(d.Attacks), d)
	}
}

// TestLightBehindOnFork: a node stands still at the block that the others did not go on from.
func TestLightBehindOnFork(t *testing.T) {
	honest, fork := lightFork(t, lightStart)
	honest.commit(20)
	stuck := fork.serve()
	stuck.newest = 12
	l := newLight(t, honest.trust(0), honest.serve(), honest.serve(), stuck)
	_, err := l.step(t.Context())
	d, ok := errors.AsType[*Divergence](err)
	if !ok {
		t.Fatalf("got %v, want a divergence", err)
	}
	if d.A.Node != l.nodes[0].Node() || d.B.Node != stuck.URL || d.Height < 11 || d.Height > 12 {
		t.Errorf("got %v", d)
	}
	liar := honest.serve()
	liar.newest, liar.lie = 12, forge
	s := newLight(t, honest.trust(5), honest.serve(), honest.serve(), liar).take(t)
	if s.Agree != 2 || !strings.Contains(s.Nodes[2].Why, "it has blocks until 12 only, and what it shows as that is not proven") {
		t.Errorf("got %+v", s.Nodes)
	}
}

// lightDivergence is a divergence as it is kept.
func lightDivergence(t testing.TB, honest, fork *lightChain) *Divergence {
	t.Helper()
	_, err := newLight(t, honest.trust(0), honest.serve(), fork.serve()).step(t.Context())
	d, ok := errors.AsType[*Divergence](err)
	if !ok {
		t.Fatalf("got %v, want a divergence", err)
	}
	return d
}

// TestLightCheck: what is said in the file counts for nothing.
func TestLightCheck(t *testing.T) {
	honest, fork := lightFork(t, lightStart)
	other := newLightChain(t, lightStart)
	other.genesis.Chain = "another"
	other.commit(20)
	tests := []struct {
		name   string
		change func(*Divergence)
		exit   int
		says   string
	}{
		{"as it was kept", func(*Divergence) {}, 0, ""},
		{"names and power", func(d *Divergence) {
			d.Both, d.A.Signers, d.A.Round, d.Height = nil, nil, 3, 4
			d.B.Hash = types.Hash{1}
		}, 0, ""},
		{"one block twice", func(d *Divergence) { d.B.Block = d.A.Block }, ExitNotProven, "are not two of one height"},
		{"another height", func(d *Divergence) { d.B.Block = lightBytes(t, fork.block(19)) }, ExitNotProven, "blocks 20 and 19"},
		{"another chain", func(d *Divergence) { d.B.Block = lightBytes(t, other.block(20)) }, ExitNotProven, "the second block: "},
		{"damaged", func(d *Divergence) { d.A.Block = d.A.Block[1:] }, ExitNotProven, "the first block: "},
		{"empty", func(d *Divergence) { d.A.Block = nil }, ExitNotProven, "the first block: without votes"},
		{"not signed", func(d *Divergence) {
			b := *fork.block(20)
			commit := b.Commit.Clone()
			for i := range commit.Signatures {
				if len(commit.Signatures[i].Signature) > 0 {
					commit.Signatures[i].Signature = make([]byte, 64)
				}
			}
			b.SignedHeader = &cmt.SignedHeader{Header: b.Header, Commit: commit}
			d.B.Block = lightBytes(t, &b)
		}, ExitNotProven, "no validator of the trust file signed both blocks 20"},
		{"another version", func(d *Divergence) { d.Format = "carya-divergence/2" }, ExitUsage, `this program knows "carya-divergence/1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := lightDivergence(t, honest, fork)
			tt.change(d)
			file, err := json.Marshal(d)
			honest.must(err)
			got, err := checkDivergence(file, honest.trust(0))
			if tt.exit != 0 {
				if ExitCode(err) != tt.exit || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got exit code %d, %v; want %d, %q", ExitCode(err), err, tt.exit, tt.says)
				}
				return
			}
			if err != nil || len(got.Both) != 3 || len(got.A.Signers) != 4 || got.A.Round != 0 || got.Height != 20 || got.B.Hash != types.Hash(fork.block(20).Hash()) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func lightBytes(t testing.TB, b *cmt.LightBlock) []byte {
	t.Helper()
	data, err := lightBlockBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzCheckDivergence: whatever is proven is of blocks that differ, by validators of the trust file.
func FuzzCheckDivergence(f *testing.F) {
	honest, fork := lightFork(f, lightStart)
	d := &Divergence{Format: divergenceFormat}
	d.A.Block, d.B.Block = lightBytes(f, honest.block(20)), lightBytes(f, fork.block(20))
	file, err := json.Marshal(d)
	honest.must(err)
	f.Add(file)
	f.Add([]byte(`{"format":"carya-divergence/1"}`))
	trust := honest.trust(0)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := checkDivergence(data, trust)
		if err == nil && (len(d.Both) == 0 || len(d.Both) > len(trust.Validators) || d.A.Hash == d.B.Hash) {
			t.Errorf("got %+v", d)
		}
	})
}

// TestLightRounds: who voted for another block in a later round may have done so by the rules.
func TestLightRounds(t *testing.T) {
	d := &Divergence{Height: 7, Chain: "c", Both: []evidence.Validator{{Member: "lantu", Name: "Lantu", Power: 4}}, total: 10}
	if says := "signed both, and so lied: lantu (Lantu); together 4 of 10 voting power, 40.0 %"; !strings.Contains(d.Error(), says) {
		t.Errorf("%q is missing in\n%v", says, d)
	}
	d.B.Round = 1
	if says := "signed both, in rounds 0 and 1, so that some of them lied, not each need have: lantu"; !strings.Contains(d.Error(), says) {
		t.Errorf("%q is missing in\n%v", says, d)
	}
}

func TestLightContradiction(t *testing.T) {
	honest, fork := lightFork(t, lightStart)
	l := newLight(t, honest.trust(0), honest.serve(), honest.serve())
	l.take(t)
	tests := []struct {
		name  string
		trust *evidence.Trust
	}{
		{"the state has the block", fork.trust(20)},
		{"the chain has the block", fork.trust(15)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &light{trust: tt.trust, nodes: l.nodes, state: l.state, period: l.period, now: l.now}
			l.refused(t, ExitDiverged, fmt.Sprintf("they differ about block %d", tt.trust.Height))
		})
	}
	t.Run("the trust file is newer", func(t *testing.T) {
		fork.commit(10)
		l := newLight(t, fork.trust(25), fork.serve(), fork.serve())
		c := newLight(t, honest.trust(0), honest.serve(), honest.serve())
		c.take(t)
		l.state = c.state
		l.refused(t, ExitDiverged, "they differ about block 20")
	})
}

// TestLightWrongGenesis: a chain that was begun anew with the same name and keys.
func TestLightWrongGenesis(t *testing.T) {
	ours := newLightChain(t, lightStart).commit(5)
	anew := newLightChain(t, lightStart+1).commit(20)
	l := newLight(t, ours.trust(0), anew.serve(), anew.serve())
	err := l.refused(t, ExitNotProven, "is of the genesis "+ours.hash.String())
	if r, ok := errors.AsType[*evidence.Refusal](err); !ok || r.Reason != evidence.ChainDiffers {
		t.Errorf("got %v", err)
	}
	l.wantState(t, -1)
}

// TestLightOtherValidators: a chain with the same name and other keys.
func TestLightOtherValidators(t *testing.T) {
	other := newLightChain(t, lightStart)
	other.set = lightSet(t, "xiasha-zone 10, stranger 5")
	other.next = other.set
	other.commit(5)
	l := newLight(t, newLightChain(t, lightStart).trust(0), other.serve(), other.serve())
	l.refused(t, ExitFailed, "has other validators than the trust file")
}

func TestLightPruned(t *testing.T) {
	c := newLightChain(t, lightStart).commit(30)
	a, b := c.serve(), c.serve()
	a.first = 20
	if s := newLight(t, c.trust(0), a, b).take(t); s.Agree != 2 || s.To.Height != 30 || !s.Extends {
		t.Errorf("one keeps all blocks: %+v", s)
	}
	b.first = 20
	newLight(t, c.trust(0), a, b).refused(t, ExitFailed, "no node shows block 1, with which the trust file begins")
	l := newLight(t, c.trust(5), a, b)
	c.must(l.state.SaveLightBlock(c.block(6)))
	if s := l.take(t); s.From.Height != 6 || s.To.Height != 30 || s.Extends {
		t.Errorf("from the state, whose block is pruned: %+v", s)
	}
}

func TestLightNodeDown(t *testing.T) {
	c := newLightChain(t, lightStart).commit(10)
	gone := c.serve()
	gone.Close()
	busy := c.serve()
	busy.setDown(true)
	s := newLight(t, c.trust(0), gone, c.serve(), busy, c.serve()).take(t)
	if s.Agree != 2 || !strings.Contains(s.Nodes[0].Why, "gives no answer") || !strings.Contains(s.Nodes[2].Why, "looked after") {
		t.Errorf("got %+v", s.Nodes)
	}
	l := newLight(t, c.trust(0), gone, c.serve())
	l.refused(t, ExitUnreachable, "1 of 2 nodes answer, and 2 are needed")
	l.alone = true
	if s := l.take(t); s.Agree != 1 || s.To.Height != 10 {
		t.Errorf("alone: %+v", s)
	}
}

// TestLightSlow: a node that holds its answer back is left out.
func TestLightSlow(t *testing.T) {
	c := newLightChain(t, lightStart).commit(10)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(release)
	l := newLight(t, c.trust(0), c.serve(), c.serve(), &lightServer{lightChain: c, Server: slow})
	l.nodes[2].timeout = 50 * time.Millisecond
	if s := l.take(t); s.Agree != 2 || s.Nodes[2].Agrees {
		t.Errorf("got %+v", s.Nodes)
	}
}

// TestLightHeldBack: nodes that agree, and hold their evidence back.
func TestLightHeldBack(t *testing.T) {
	c := newLightChain(t, lightStart).commit(10)
	release := make(chan struct{})
	hold := func() *lightServer {
		s := c.serve()
		s.hold = release
		return s
	}
	l := newLight(t, c.trust(0), hold(), c.serve())
	defer close(release)
	l.nodes[0].timeout = 50 * time.Millisecond
	if s := l.take(t); s.Agree != 2 || !s.Extends {
		t.Errorf("one holds back: %+v", s)
	}
	l = newLight(t, c.trust(0), hold(), hold())
	l.nodes[0].timeout, l.nodes[1].timeout = 50*time.Millisecond, 50*time.Millisecond
	l.refused(t, ExitUnreachable, "gives no answer: not within 50ms")
	l.wantState(t, -1)
}

// TestLightPatience: one that answers each question just in time.
func TestLightPatience(t *testing.T) {
	c := newLightChain(t, lightStart).commit(3)
	l := newLight(t, c.trust(0), c.serve())
	n := l.nodes[0]
	if _, err := n.fetch(t.Context(), 2); err != nil || n.patience >= lightPatience {
		t.Errorf("patience %s, %v", n.patience, err)
	}
	n.patience = 0
	if _, err := n.fetch(t.Context(), 2); ExitCode(err) != ExitUnreachable {
		t.Errorf("got %v", err)
	}
	n.begin()
	if _, err := n.fetch(t.Context(), 2); err != nil {
		t.Error(err)
	}
}

// TestLightStale: nodes that show nothing newer.
func TestLightStale(t *testing.T) {
	c := newLightChain(t, lightStart).commit(10)
	l := newLight(t, c.trust(0), c.serve(), c.serve())
	if s := l.take(t); s.Stale {
		t.Errorf("a minute after the last block: %+v", s)
	}
	l.now = func() time.Time { return time.UnixMilli(lightStart).Add(time.Hour) }
	s := l.take(t)
	if !s.Stale {
		t.Errorf("an hour after: %+v", s)
	}
	fresh := *s
	fresh.Stale = false
	var out strings.Builder
	r := &lightRun{session: &session{out: &out}, now: l.now}
	for _, step := range [][2]*lightStep{{s, nil}, {s, &fresh}, {s, s}} {
		if err := r.tell(step[0], step[1]); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(out.String(), "no newer block since 2026-11-23 08:00:10.000 UTC"); n != 2 {
		t.Errorf("it is said %d times, want 2:\n%s", n, out.String())
	}
}

// TestLightDamaged: a state that cannot be read is not gone on from, and not passed over.
func TestLightDamaged(t *testing.T) {
	c := newLightChain(t, lightStart).commit(10)
	for _, damage := range []string{"no header", ""} {
		db := dbm.NewMemDB()
		l := newLight(t, c.trust(0), c.serve(), c.serve())
		l.folder = "folder"
		if damage == "" {
			l.state = failingStore{l.state}
		} else {
			c.must(db.Set([]byte(fmt.Sprintf("lb//%020d", 7)), []byte(damage)))
			l.state = lightdb.New(db, "")
		}
		err := l.refused(t, ExitFailed, "the state in folder is damaged")
		if !strings.Contains(Explain(err), "remove folder/headers.db") {
			t.Errorf("got %s", Explain(err))
		}
	}
}

// failingStore panics as CometBFT's does when the disk fails.
type failingStore struct{ lightstore.Store }

func (failingStore) LastLightBlockHeight() (int64, error)      { return 3, nil }
func (failingStore) LightBlock(int64) (*cmt.LightBlock, error) { panic("the disk fails") }

func TestLightBehind(t *testing.T) {
	c := newLightChain(t, lightStart).commit(100)
	near, far, ahead := c.serve(), c.serve(), c.serve()
	near.newest, far.newest = 95, 50
	s := newLight(t, c.trust(0), c.serve(), near, far, ahead).take(t)
	if s.To.Height != 95 || s.Agree != 3 || !strings.Contains(s.Nodes[2].Why, "it has blocks until 50 only, the others until 100") {
		t.Errorf("got %+v", s)
	}
	old := newLight(t, c.trust(90), far, far, far)
	old.nodes = old.nodes[:2]
	old.refused(t, ExitFailed, "the nodes have blocks until 50; block 90 was trusted already")
}

// TestLightBoaster names a last block that nobody has, to leave the others behind.
func TestLightBoaster(t *testing.T) {
	c := newLightChain(t, lightStart).commit(20)
	far := newLightChain(t, lightStart).commit(60)
	s := newLight(t, c.trust(0), far.serve(), c.serve(), c.serve()).take(t)
	if s.To.Height != 20 || s.Agree != 3 {
		t.Errorf("got %+v", s)
	}
}

func TestLightExpired(t *testing.T) {
	c := newLightChain(t, lightStart).commit(20)
	l := newLight(t, c.trust(0), c.serve(), c.serve())
	l.take(t)
	late := lightStart + (91*24*time.Hour + time.Minute).Milliseconds()
	at := func(ms int64) { l.now = func() time.Time { return time.UnixMilli(ms) } }
	at(late)
	l.refused(t, ExitUsage, "the state knows the validators as of block 20, 2026-11-23 08:00:20.000 UTC, 91 days ago; they are believed for 90 days")
	l.state = lightdb.New(dbm.NewMemDB(), "")
	l.refused(t, ExitUsage, "the trust file knows the validators as of block 1,")
	l.period = 100 * 24 * time.Hour
	l.take(t)
	at(lightStart)
	l.state = lightdb.New(dbm.NewMemDB(), "")
	l.refused(t, ExitFailed, "from the future")
}

func TestLightRestart(t *testing.T) {
	defer drained(t)
	c := newLightChain(t, lightStart).commit(20)
	a, b := c.serve(), c.serve()
	dir := t.TempDir()
	open := func() (*light, dbm.DB) {
		db, err := dbm.NewDB("headers", dbm.GoLevelDBBackend, dir)
		c.must(err)
		l := newLight(t, c.trust(0), a, b)
		l.state = lightdb.New(db, "")
		return l, db
	}
	l, db := open()
	l.take(t)
	for range 2 * lightKept {
		c.commit(1)
		l.take(t)
	}
	c.must(db.Close())
	a.first, b.first = 50, 50 // so that nothing but the state can be gone on from
	c.commit(20)
	l, db = open()
	if s := l.take(t); s.From.Source != lightFromState || s.From.Height != 20+2*lightKept || s.To.Height != 40+2*lightKept {
		t.Errorf("got %+v", s)
	}
	if n := l.state.Size(); n != lightKept {
		t.Errorf("%d headers are kept, want %d", n, lightKept)
	}
	c.must(db.Close())
}

// TestLightPriorities: whose turn it is to propose is in no header, and differs between honest nodes.
func TestLightPriorities(t *testing.T) {
	c := newLightChain(t, lightStart).commit(10)
	other := c.serve()
	other.sets = func(p *cmtproto.ValidatorSet) {
		for i, v := range p.Validators {
			v.ProposerPriority = int64(1000 * i)
		}
		p.Proposer, p.TotalVotingPower = nil, 7
	}
	if s := newLight(t, c.trust(0), c.serve(), other).take(t); s.Agree != 2 {
		t.Errorf("got %+v", s.Nodes)
	}
}

func TestLightHostile(t *testing.T) {
	c := newLightChain(t, lightStart).commit(10)
	tests := []struct {
		name string
		says string
		sets func(*cmtproto.ValidatorSet)
	}{
		{"no validators", "0 validators", func(p *cmtproto.ValidatorSet) { p.Validators = nil }},
		{"many validators", "10001 validators", func(p *cmtproto.ValidatorSet) { p.Validators = slices.Repeat(p.Validators[:1], 10_001) }},
		{"a key twice", "duplicate entry", func(p *cmtproto.ValidatorSet) { p.Validators[1] = p.Validators[0] }},
		{"no key", "without an ed25519 key", func(p *cmtproto.ValidatorSet) { p.Validators[0].PubKey.Sum = nil }},
		{"no power", "with the power 0", func(p *cmtproto.ValidatorSet) { p.Validators[0].VotingPower = 0 }},
		{"negative power", "with the power -5", func(p *cmtproto.ValidatorSet) { p.Validators[0].VotingPower = -5 }},
		{"too much power", "with the power", func(p *cmtproto.ValidatorSet) {
			p.Validators[0].VotingPower, p.Validators[1].VotingPower = cmt.MaxTotalVotingPower, 1
		}},
		{"other validators", "expected validator hash", func(p *cmtproto.ValidatorSet) { p.Validators = p.Validators[1:] }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hostile := c.serve()
			hostile.sets = tt.sets
			s := newLight(t, c.trust(0), hostile, c.serve(), c.serve()).take(t)
			if s.Agree != 2 || !strings.Contains(s.Nodes[0].Why, tt.says) {
				t.Errorf("got %+v", s.Nodes[0])
			}
		})
	}
}

func FuzzReadLightBlock(f *testing.F) {
	c := newLightChain(f, lightStart).commit(2)
	a, err := (&lightServer{lightChain: c}).answer(2)
	c.must(err)
	file, err := json.Marshal(a)
	c.must(err)
	f.Add(file)
	f.Add([]byte(`{"signedHeader":"","validators":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := readLightBlock(data, c.genesis.Chain)
		if err != nil {
			return
		}
		if err := b.ValidateBasic(c.genesis.Chain); err != nil {
			t.Errorf("it is not valid: %v", err)
		}
		// What was read can be kept, and is the same when it is read again.
		kept := lightdb.New(dbm.NewMemDB(), "")
		if err := kept.SaveLightBlock(b); err != nil {
			t.Fatal(err)
		}
		if again, err := kept.LightBlock(b.Height); err != nil || types.Hash(again.Hash()) != types.Hash(b.Hash()) {
			t.Errorf("read again: %v", err)
		}
	})
}

// TestLightFollow goes on until it is interrupted, also while a node is away.
func TestLightFollow(t *testing.T) {
	defer drained(t)
	c := newLightChain(t, time.Now().Add(-time.Minute).UnixMilli()).commit(3)
	a, b := c.serve(), c.serve()
	dir := t.TempDir()
	file, err := json.Marshal(c.trust(0))
	c.must(err)
	old, fresh := filepath.Join(dir, "old.json"), filepath.Join(dir, "fresh.json")
	c.must(os.WriteFile(old, file, 0o600))
	var out, notes lockedBuffer
	r := &lightRun{
		session: &session{home: dir, out: &out, err: &notes}, nodes: []string{a.URL, b.URL}, trust: old, to: fresh,
		period: time.Hour, every: 5 * time.Millisecond, follow: true, now: time.Now,
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.start(ctx) }()
	reaches := func(height int64) {
		t.Helper()
		eventually(t, func() bool {
			trust, err := trusted(fresh)
			return err == nil && trust.Height == height
		})
	}
	reaches(3)
	second := &lightRun{session: &session{home: dir, out: &out, err: &notes}, nodes: r.nodes, trust: old, period: time.Hour, now: time.Now}
	if err := second.start(t.Context()); ExitCode(err) != ExitFailed || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("a second one: %v", err)
	}
	c.commit(2)
	reaches(5)
	b.setDown(true)
	eventually(t, func() bool { return strings.Contains(notes.String(), "1 of 2 nodes answer") })
	c.commit(1)
	b.setDown(false)
	reaches(6)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("interrupted: %v", err)
	}
	for _, says := range []string{"✓ followed carya-light-1 from block 1 to block 3", "nodes: 2 of 2 agree", ": 2 of 2 nodes agree; 100.0 % signed"} {
		if !strings.Contains(out.String(), says) {
			t.Errorf("%q is missing in\n%s", says, out.String())
		}
	}
}

// TestLightFollowEndsWithDivergence, and leaves the trust file that it wrote before.
func TestLightFollowEndsWithDivergence(t *testing.T) {
	defer drained(t)
	honest := newLightChain(t, time.Now().Add(-time.Minute).UnixMilli()).commit(5)
	fork := honest.fork("fork")
	fork.absent = []string{"qianjiang-express"}
	dir := t.TempDir()
	file, err := json.Marshal(honest.trust(0))
	honest.must(err)
	path := filepath.Join(dir, "trust.json")
	honest.must(os.WriteFile(path, file, 0o600))
	r := &lightRun{
		session: &session{home: dir, out: &lockedBuffer{}, err: &lockedBuffer{}}, nodes: []string{honest.serve().URL, fork.serve().URL},
		trust: path, to: path, period: time.Hour, every: 5 * time.Millisecond, follow: true, now: time.Now,
	}
	done := make(chan error)
	go func() { done <- r.start(t.Context()) }()
	height := func() int64 {
		trust, err := trusted(path)
		if err != nil {
			t.Error(err)
			return 0
		}
		return trust.Height
	}
	eventually(t, func() bool { return height() == 5 })
	honest.commit(1)
	fork.commit(1)
	err = <-done
	if got := ExitCode(err); got != ExitDiverged || height() != 5 {
		t.Errorf("exit code %d, trust file as of block %d: %v", got, height(), err)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "light", "*", "divergence-6-*.json"))
	if len(found) != 1 {
		t.Fatalf("kept: %v", found)
	}
	if !strings.Contains(Explain(err), found[0]) {
		t.Errorf("the error does not name %s:\n%s", found[0], Explain(err))
	}
	data, err := os.ReadFile(found[0])
	honest.must(err)
	var d Divergence
	honest.must(json.Unmarshal(data, &d))
	if d.Format != divergenceFormat || d.Height != 6 || len(d.Both) != 3 || len(d.Attacks) != 2 || d.Genesis != honest.hash {
		t.Errorf("got %+v", d)
	}
}

// lockedBuffer takes what a command prints while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// drained waits for a goroutine with which goleveldb goes on for a second after it was closed.
func drained(t testing.TB) {
	stacks := make([]byte, 1<<20)
	eventually(t, func() bool { return !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("mpoolDrain")) })
}

func eventually(t testing.TB, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

// TestLightCommands runs the scripts in testdata/light*.txt: genesis.json is a chain of 20 blocks that began an hour ago,
// which the nodes $A, $B and $C have; $FORK shows another one from block 11 on, $ANEW and $ANEW2 one that was begun anew with the
// same keys, and $GONE gives no answer.
func TestLightCommands(t *testing.T) {
	start := time.Now().Add(-time.Hour).UnixMilli()
	honest, fork := lightFork(t, start)
	anew := newLightChain(t, start+1).commit(20)
	gone := honest.serve()
	gone.Close()
	files, err := filepath.Glob("testdata/light*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(env *testscript.Env) error {
			for name, s := range map[string]*lightServer{
				"A": honest.serve(), "B": honest.serve(), "C": honest.serve(), "FORK": fork.serve(), "ANEW": anew.serve(), "ANEW2": anew.serve(), "GONE": gone,
			} {
				env.Setenv(name, s.URL)
			}
			env.Setenv("CARYA_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("GENESIS", honest.hash.String())
			env.Setenv("HASH12", types.Hash(honest.block(12).Hash()).String())
			env.Setenv("FOLDER", fmt.Sprintf("light/%x", honest.hash[:]))
			env.Setenv("KEPT", fmt.Sprintf("light/%x/divergence-20-%x.json", honest.hash[:], []byte(fork.block(20).Hash()[:4])))
			stranger := honest.trust(0)
			for i := range stranger.Validators {
				stranger.Validators[i].Key = lightKey(fmt.Sprint("stranger ", i)).PubKey().Bytes()
			}
			strangers, err := stranger.Encode()
			if err := errors.Join(err, os.WriteFile(filepath.Join(env.WorkDir, "stranger.json"), strangers, 0o600)); err != nil {
				return err
			}
			file, err := json.MarshalIndent(map[string]any{"chain_id": honest.genesis.Chain, "app_state": honest.genesis}, "", " ")
			if err != nil {
				return err
			}
			other, err := json.Marshal(anew.trust(0))
			return errors.Join(err, os.WriteFile(filepath.Join(env.WorkDir, "genesis.json"), file, 0o600),
				os.WriteFile(filepath.Join(env.WorkDir, "anew.json"), other, 0o600))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"carya!": lightExit},
	})
}

// lightExit runs carya and compares its exit code: `carya! 5 light …`.
func lightExit(ts *testscript.TestScript, _ bool, args []string) {
	got := "0"
	if err := ts.Exec("carya", args[1:]...); err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("carya %s: exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}
