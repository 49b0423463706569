package gateway

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/goleak"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// genesisTime is 2026-11-23T08:00:00Z; block n is n seconds after it.
const genesisTime = 1_795_420_800_000

// town is a node without a network: the real state, rules, journal and read model, and a
// pool that is a list. Blocks are made when the test says so.
type town struct {
	t       testing.TB
	file    []byte
	genesis *types.Genesis
	blocks  *chaintest.Blocks
	hash    types.Hash
	domain  types.Domain
	state   *store.Store
	journal *journal.Journal
	model   *readmodel.Model

	mu    sync.Mutex
	under store.Reader // what the next block executes over
	begun []store.Write
	live  *app.Live
	pool  []*types.Verified
	room  int
	// garbage is how many of the next block's transactions nobody can read.
	garbage int
	last    types.Block
	fail    error // what Submit answers instead of doing anything
}

var townMembers = []struct{ id, role string }{
	{"coop", types.RoleCooperative}, {"lantu", types.RolePlatform}, {"qianjiang-express", types.RoleLogistics},
	{"customs", types.RoleCustoms}, {"xiasha-zone", types.RoleWarehouse},
}

func newTown(t testing.TB) *town {
	t.Helper()
	g := townGenesis()
	hash, err := g.Hash()
	check(t, err)
	file, err := json.Marshal(map[string]any{"chain_id": g.Chain, "app_state": g})
	check(t, err)
	c := &town{
		t: t, file: file, genesis: g, hash: hash, domain: types.NewDomain(g.Chain, hash),
		live: app.NewLive(), room: 100, blocks: &chaintest.Blocks{Genesis: g},
	}
	c.state, err = store.Open("", store.Options{NoSync: true})
	check(t, err)
	c.journal, err = journal.Open("", 1)
	check(t, err)
	t.Cleanup(func() { check(t, c.journal.Close()); check(t, c.state.Close()) })
	c.begin()
	return c
}

func townGenesis() *types.Genesis {
	g := &types.Genesis{Format: types.GenesisFormat, Chain: "town", Time: genesisTime, InitialHeight: 1, Params: types.DefaultParams()}
	for i, m := range townMembers {
		g.Members = append(g.Members, types.GenesisMember{
			ID: m.id, Name: "The " + m.id, Controller: m.id, Roles: []string{m.role}, Customs: []string{}, Prefixes: []string{},
			Keys: []types.Address{keyOf(m.id).address}, Threshold: 1, Validator: types.Bytes{},
		})
		if i == 0 {
			g.Members[0].Validator, g.Members[0].Power = types.Bytes(chaintest.ValidatorKey(m.id).PubKey().Bytes()), 10
		}
	}
	return g
}

type townKey struct {
	private *ecdsa.PrivateKey
	address types.Address
}

func keyOf(member string) townKey {
	seed := types.LeafHash([]byte(member))
	private, err := crypto.ToECDSA(seed[:])
	if err != nil {
		panic(err)
	}
	return townKey{private, types.AddressOf(crypto.FromECDSAPub(&private.PublicKey))}
}

// begin journals the genesis; its writes commit with the first block.
func (c *town) begin() {
	c.t.Helper()
	done, err := app.Begin(c.genesis)
	check(c.t, err)
	check(c.t, c.journal.Append(done.Block))
	over := store.NewOverlay(c.state)
	for _, w := range done.Writes {
		check(c.t, over.Set(w.Key, w.Value))
	}
	c.under, c.last = over, *done.Block
}

// sign makes a signed transaction; bodies are JSON.
func (c *town) sign(member, kind string, expires int64, bodies ...string) []byte {
	c.t.Helper()
	return c.signed(member, kind, types.OnErrorRollback, expires, bodies...)
}

func (c *town) signed(member, kind, onError string, expires int64, bodies ...string) []byte {
	c.t.Helper()
	k, ok := types.KindNamed(kind)
	if !ok {
		c.t.Fatalf("no kind %s", kind)
	}
	tx := types.Transaction{Chain: c.genesis.Chain, Member: member, Kind: kind, Expires: expires, OnError: onError}
	for _, b := range bodies {
		body, err := k.ReadJSON([]byte(b))
		check(c.t, err)
		tx.Bodies = append(tx.Bodies, body)
	}
	digest, err := c.domain.Digest(&tx)
	check(c.t, err)
	signature, err := types.Sign(digest, keyOf(member).private)
	check(c.t, err)
	raw, err := (&types.Signed{Transaction: tx, Signatures: []types.Bytes{signature}}).Encode()
	check(c.t, err)
	return raw
}

// block executes what the pool holds.
func (c *town) block() types.Block {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	height := c.last.Height + 1
	raw := make([][]byte, c.garbage)
	for i := range raw {
		raw[i] = fmt.Append(nil, "garbage ", i)
	}
	for _, v := range c.pool {
		raw = append(raw, v.Raw)
	}
	hash, err := c.blocks.Begin(raw, c.root())
	check(c.t, err)
	b, err := app.NewBlock(c.under, c.live, app.Header{Height: height, Time: genesisTime + 1000*height, Hash: hash})
	check(c.t, err)
	results := make([]types.Result, len(raw))
	for i := range raw {
		if i < c.garbage {
			_, refusal := c.domain.Verify(raw[i])
			results[i], err = b.Refused(refusal)
		} else {
			results[i], err = b.Execute(c.pool[i-c.garbage])
		}
		check(c.t, err)
	}
	c.blocks.End(results)
	done, err := b.Finish()
	check(c.t, err)
	check(c.t, c.journal.Append(done.Block))
	c.commit(height, done)
	c.pool, c.garbage, c.last = nil, 0, *done.Block
	return c.last
}

// root is that of the last state; before the first block there is none.
func (c *town) root() []byte {
	if c.last.Height == 0 {
		return make([]byte, 32)
	}
	return c.state.Root()
}

func (c *town) commit(height int64, done *app.Done) {
	c.t.Helper()
	writes := done.Writes
	if over, ok := c.under.(*store.Overlay); ok {
		for _, w := range writes {
			check(c.t, over.Set(w.Key, w.Value))
		}
		var err error
		writes, err = over.Writes()
		check(c.t, err)
		c.under = c.state
	}
	_, err := c.state.Apply(height, writes)
	check(c.t, err)
	check(c.t, c.state.Commit(nil))
	c.live.Commit(done.Live, done.Block.Time)
	c.journal.Committed(height)
}

// list lets the read model catch up.
func (c *town) list() {
	c.t.Helper()
	if c.model == nil {
		m, err := readmodel.Open(filepath.Join(c.t.TempDir(), "model"), func() (readmodel.View, error) { return c.state.View(0) })
		check(c.t, err)
		c.t.Cleanup(func() { check(c.t, m.Close()) })
		c.model = m
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.model.Follow(ctx, c.journal) }()
	until(c.t, func() bool { return c.model.Height() == c.last.Height })
	cancel()
	check(c.t, <-done)
}

// until polls with a deadline.
func until(t testing.TB, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

func (c *town) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pool)
}

// What follows is the Backend.

func (c *town) Submit(raw []byte) (*types.Verified, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return nil, c.fail
	}
	if len(c.pool) >= c.room {
		return nil, types.Refuse(types.Busy, "", "the pool holds %d transactions", len(c.pool))
	}
	v, err := c.domain.Verify(raw)
	if err != nil {
		return nil, err
	}
	m, err := app.MemberOf(c.under, v.Transaction.Member)
	if err != nil {
		return nil, err
	}
	if err := app.Admit(m, c.live, v, c.last.Time); err != nil {
		return nil, err
	}
	c.pool = append(c.pool, v)
	return v, nil
}

func (c *town) RetryAfter() time.Duration              { return 1500 * time.Millisecond }
func (c *town) Journal() *journal.Journal              { return c.journal }
func (c *town) View(height int64) (*store.View, error) { return c.state.View(height) }
func (c *town) Genesis() []byte                        { return c.file }
func (c *town) ReadModel() *readmodel.Model            { return c.model }

func (c *town) LightBlock(ctx context.Context, height int64) (header, validators []byte, err error) {
	if err := c.journal.Wait(ctx, height); err != nil {
		return nil, nil, err
	}
	return c.blocks.LightBlock(height)
}

func (c *town) Transactions(height int64) ([][]byte, error) { return c.blocks.Transactions(height) }

func (c *town) Status(context.Context) types.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := types.Status{
		Version: "test", Chain: c.genesis.Chain, Genesis: c.hash, Member: "coop", Validator: true,
		Height: c.state.Version(), Time: c.last.Time, BlockHash: c.last.Hash, Peers: 3,
		Pool:    types.PoolStatus{Transactions: len(c.pool), Capacity: c.room},
		Journal: max(c.journal.Last(), 0), JournalOf: max(c.journal.First(), 0), Oldest: c.state.Oldest(),
	}
	copy(s.AppHash[:], c.state.Root())
	if c.model != nil {
		s.ReadModel = c.model.Height()
	}
	return s
}
