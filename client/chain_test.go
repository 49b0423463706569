package client_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmt "github.com/cometbft/cometbft/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// fakeChain is a chain of one block with real keys, a real state tree, and headers that are really signed.
type fakeChain struct {
	genesis    *types.Genesis
	hash       types.Hash
	file       []byte // of the genesis
	validators map[string]ed25519.PrivKey
	keys       map[string]*ecdsa.PrivateKey
	store      *store.Store
	height     int64
	histories  map[string][]*types.Event
	values     map[string][]byte // of the records
	close      func()            // the store, which runs goroutines
}

const (
	chainID    = "carya-test-1"
	chainStart = 1795420800000 // 2026-11-23T08:00:00Z
	testLot    = "06901234000016.L2026A"
	testOrder  = "lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q"
)

// testMembers are the organisations of the fake chain; those with power run validators.
var testMembers = []types.GenesisMember{
	{ID: "hangzhou-customs", Name: "杭州海关", Roles: []string{types.RoleCustoms}, Power: 40},
	{ID: "lantu", Name: "Lantu Mall", Roles: []string{types.RolePlatform}, Customs: []string{"1105910159"}, Power: 20},
	{ID: "tianmu-pay", Name: "Tianmu Pay", Roles: []string{types.RolePayment}, Customs: []string{"1101110323"}, Power: 20},
	{ID: "qianjiang-express", Name: "Qianjiang Express", Roles: []string{types.RoleLogistics}, Customs: []string{"1101180326"}, Power: 20},
	{ID: "coop-linan", Name: "临安山核桃合作社", Roles: []string{types.RoleCooperative}},
}

func seed(words string) []byte { s := sha256.Sum256([]byte(words)); return s[:] }

func newChain(t testing.TB) *fakeChain {
	t.Helper()
	return newChainFrom(t, func(*types.Genesis) {})
}

// newChainFrom begins a chain with a genesis that was changed.
func newChainFrom(t testing.TB, change func(*types.Genesis)) *fakeChain {
	t.Helper()
	c := &fakeChain{
		validators: map[string]ed25519.PrivKey{}, keys: map[string]*ecdsa.PrivateKey{},
		histories: map[string][]*types.Event{}, values: map[string][]byte{},
		genesis: &types.Genesis{
			Format: types.GenesisFormat, Chain: chainID, Time: chainStart, InitialHeight: 1, Params: types.DefaultParams(),
		},
	}
	for _, m := range testMembers {
		c.addMember(t, m)
	}
	change(c.genesis)
	var err error
	if c.hash, err = c.genesis.Hash(); err != nil {
		t.Fatal(err)
	}
	if c.file, err = json.MarshalIndent(map[string]any{"chain_id": chainID, "app_state": c.genesis}, "", " "); err != nil {
		t.Fatal(err)
	}
	c.write(t)
	return c
}

func (c *fakeChain) addMember(t testing.TB, m types.GenesisMember) {
	t.Helper()
	key, err := crypto.ToECDSA(seed("member " + m.ID))
	if err != nil {
		t.Fatal(err)
	}
	c.keys[m.ID] = key
	m.Controller, m.Threshold = m.ID, 1
	m.Keys = []types.Address{types.Address(crypto.PubkeyToAddress(key.PublicKey))}
	if m.Power > 0 {
		c.validators[m.ID] = ed25519.GenPrivKeyFromSecret(seed("validator " + m.ID))
		m.Validator = types.Bytes(c.validators[m.ID].PubKey().Bytes())
	}
	c.genesis.Members = append(c.genesis.Members, m)
}

// write fills the state: a lot with three events, an order, a member, and neighbours for proofs of absence.
func (c *fakeChain) write(t testing.TB) {
	t.Helper()
	var err error
	if c.store, err = store.Open("", store.Options{NoSync: true}); err != nil {
		t.Fatal(err)
	}
	c.close = sync.OnceFunc(func() {
		if err := c.store.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(c.close)
	var writes []store.Write
	put := func(key string, record types.Record, events ...*types.Event) {
		writes = append(writes, store.Write{Key: key, Value: c.record(t, key, record, events)})
	}
	put("chain/params", &types.ChainParams{Genesis: c.hash, Chain: chainID, Params: c.genesis.Params}, genesisEvent(t, "", c.genesis.Params))
	put("lot/"+testLot, &types.Lot{
		ID: testLot, Unit: "KGM", Produced: 100_000_000, Consumed: 35_000_000, Owner: "coop-linan",
		Commissioned: chainStart + 1000, Holdings: []types.Holding{{Member: "qianjiang-express", Quantity: 65_000_000}},
	}, lotEvents(t)...)
	for i := range c.genesis.Members {
		m := &c.genesis.Members[i]
		put("member/"+m.ID, &types.Member{
			ID: m.ID, Name: m.Name, Controller: m.Controller, Roles: m.Roles, Customs: m.Customs,
			Keys: []types.Key{{Address: m.Keys[0], Added: chainStart}}, Threshold: 1, Validator: m.Validator,
		}, genesisEvent(t, m.ID, *m))
	}
	put("order/"+testOrder, testOrderRecord(), &types.Event{
		Tx: types.Hash{3}, Height: 1, Time: chainStart + 2000, Member: "lantu", Kind: "RecordOrder", Body: bodyOf(t, kindNamed(t, "RecordOrder").Example()),
	})
	sort.Slice(writes, func(i, j int) bool { return writes[i].Key < writes[j].Key })
	c.height = 1
	if _, err := c.store.Apply(c.height, writes); err != nil {
		t.Fatal(err)
	}
	if err := c.store.Commit(nil); err != nil {
		t.Fatal(err)
	}
}

func testOrderRecord() *types.Order {
	return &types.Order{
		State: types.StatePartial,
		Slots: []types.Slot{{
			Kind: types.SlotOrder, Member: "lantu", ID: testOrder[6:], Time: chainStart, Seq: chainStart, Height: 1,
			Document: types.Hash{2}, Tags: []types.Tag{{Name: types.TagAmount, Value: types.Hash{6}}},
		}},
	}
}

func (c *fakeChain) record(t testing.TB, key string, r types.Record, events []*types.Event) []byte {
	t.Helper()
	for _, e := range events {
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Log().Append(types.LeafHash(data)); err != nil {
			t.Fatal(err)
		}
	}
	value, err := types.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	c.histories[key], c.values[key] = events, value
	return value
}

func kindNamed(t testing.TB, name string) *types.Kind {
	t.Helper()
	k, ok := types.KindNamed(name)
	if !ok {
		t.Fatalf("no kind %s", name)
	}
	return k
}

func bodyOf(t testing.TB, body any) []byte {
	t.Helper()
	data, err := types.Encode(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func genesisEvent(t testing.TB, member string, body any) *types.Event {
	return &types.Event{Height: 0, Time: chainStart, Member: member, Kind: "Genesis", Body: bodyOf(t, body)}
}

func lotEvents(t testing.TB) []*types.Event {
	bodies := []types.Body{
		types.Commissioning(testLot, 100_000_000, "KGM", chainStart+1000),
		&types.OfferLot{Lot: testLot, To: "qianjiang-express", Deadline: chainStart + 3_600_000},
		&types.AcceptLot{Lot: testLot, From: "coop-linan"},
	}
	signers := []string{"coop-linan", "coop-linan", "qianjiang-express"}
	events := make([]*types.Event, len(bodies))
	for i, b := range bodies {
		kind, _ := types.KindOf(b)
		events[i] = &types.Event{
			Tx: types.Hash{byte(i + 1)}, Height: 1, Time: chainStart + 2000, Member: signers[i], Kind: kind.Name, Body: bodyOf(t, b),
		}
	}
	return events
}

// evidence makes an evidence file's content about the state after the one block, signed by all validators but those named.
func (c *fakeChain) evidence(t testing.TB, claim, key string, absent ...string) *types.Evidence {
	t.Helper()
	v, err := c.store.View(c.height)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	e := &types.Evidence{
		Format: types.EvidenceFormat, Chain: chainID, Genesis: c.hash, Claim: claim, Key: key, Height: c.height,
	}
	if e.Proof, err = v.Prove(key); err != nil {
		t.Fatal(err)
	}
	if e.Value, err = v.Get(key); err != nil {
		t.Fatal(err)
	}
	if e.ParamsProof, err = v.Prove(types.KeyParams); err != nil {
		t.Fatal(err)
	}
	if e.Params, err = v.Get(types.KeyParams); err != nil {
		t.Fatal(err)
	}
	if claim == types.ClaimHistory {
		for _, event := range c.histories[key] {
			e.Events = append(e.Events, bodyOf(t, event))
		}
	}
	set := c.validatorSet()
	e.Header = c.signedHeader(t, set, c.header(set, v.Root()), absent)
	p, err := set.ToProto()
	if err != nil {
		t.Fatal(err)
	}
	if e.Validators, err = p.Marshal(); err != nil {
		t.Fatal(err)
	}
	return e
}

func (c *fakeChain) validatorSet() *cmt.ValidatorSet {
	var list []*cmt.Validator
	for _, m := range c.genesis.Members {
		if m.Power > 0 {
			list = append(list, cmt.NewValidator(ed25519.PubKey(m.Validator), int64(m.Power)))
		}
	}
	return cmt.NewValidatorSet(list)
}

func (c *fakeChain) header(set *cmt.ValidatorSet, root []byte) *cmt.Header {
	id := cmt.BlockID{Hash: seed("block 1"), PartSetHeader: cmt.PartSetHeader{Total: 1, Hash: seed("parts 1")}}
	return &cmt.Header{
		Version: cmtversion.Consensus{Block: 11, App: 1}, ChainID: chainID, Height: c.height + 1,
		Time: time.UnixMilli(chainStart + 3000).UTC(), LastBlockID: id, LastCommitHash: seed("commit"), DataHash: seed("data"),
		ValidatorsHash: set.Hash(), NextValidatorsHash: set.Hash(), ConsensusHash: seed("consensus"), AppHash: root,
		LastResultsHash: seed("results"), EvidenceHash: seed("evidence"), ProposerAddress: set.Validators[0].Address,
	}
}

// signedHeader signs a header as a node of each validator would.
func (c *fakeChain) signedHeader(t testing.TB, set *cmt.ValidatorSet, h *cmt.Header, absent []string) []byte {
	t.Helper()
	commit := &cmt.Commit{
		Height:     h.Height,
		BlockID:    cmt.BlockID{Hash: h.Hash(), PartSetHeader: cmt.PartSetHeader{Total: 1, Hash: seed("parts 2")}},
		Signatures: make([]cmt.CommitSig, len(set.Validators)),
	}
	for i, one := range set.Validators {
		id := c.memberWith(one.PubKey.Bytes())
		if contains(absent, id) {
			commit.Signatures[i] = cmt.NewCommitSigAbsent()
			continue
		}
		commit.Signatures[i] = cmt.CommitSig{
			BlockIDFlag: cmt.BlockIDFlagCommit, ValidatorAddress: one.Address,
			Timestamp: time.UnixMilli(chainStart + 3000 + int64(i)).UTC(),
		}
		if contains(absent, id+" votes nil") {
			commit.Signatures[i].BlockIDFlag = cmt.BlockIDFlagNil
		}
		signature, err := c.validators[id].Sign(commit.VoteSignBytes(h.ChainID, int32(i)))
		if err != nil {
			t.Fatal(err)
		}
		commit.Signatures[i].Signature = signature
	}
	data, err := (&cmt.SignedHeader{Header: h, Commit: commit}).ToProto().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (c *fakeChain) memberWith(validator []byte) string {
	for _, m := range c.genesis.Members {
		if string(m.Validator) == string(validator) {
			return m.ID
		}
	}
	return ""
}

func contains(list []string, one string) bool {
	for _, s := range list {
		if s == one {
			return true
		}
	}
	return false
}

// evidenceFile is an evidence file as a node serves it.
func evidenceFile(t testing.TB, e *types.Evidence) []byte {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (c *fakeChain) keyHex(member string) string {
	return hex.EncodeToString(crypto.FromECDSA(c.keys[member]))
}

func writeFile(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *fakeChain) address(member string) types.Address {
	return types.Address(crypto.PubkeyToAddress(c.keys[member].PublicKey))
}
