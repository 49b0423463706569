package epcisrest

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"flag"
	"net"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/goleak"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/gateway"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// genesisTime is 2026-11-23T08:00:00Z; block n is n seconds after it.
const genesisTime = 1_795_420_800_000

// clock is the time of the node.
func clock() time.Time { return time.UnixMilli(genesisTime + 20_000) }

// town is a node without a network: the real state, rules, journal and read model, and a
// pool that is a list. Blocks are made when the test says so.
type town struct {
	t       testing.TB
	dir     string
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
	live  *app.Live
	pool  []*types.Verified
	room  int
	last  types.Block

	service *Service
	server  *httptest.Server
	stop    func() // ends the service and its server
}

var townMembers = []struct{ id, role, prefix string }{
	{"coop", types.RoleCooperative, "6901234"}, {"express", types.RoleLogistics, "6909040"},
}

func newTown(t testing.TB) *town {
	t.Helper()
	g := townGenesis()
	hash, err := g.Hash()
	must(t, err)
	file, err := json.Marshal(map[string]any{"chain_id": g.Chain, "app_state": g})
	must(t, err)
	c := &town{
		t: t, dir: t.TempDir(), file: file, genesis: g, hash: hash, domain: types.NewDomain(g.Chain, hash),
		live: app.NewLive(), room: 100, blocks: &chaintest.Blocks{Genesis: g},
	}
	c.state, err = store.Open("", store.Options{NoSync: true})
	must(t, err)
	c.journal, err = journal.Open("", 1)
	must(t, err)
	t.Cleanup(func() { must(t, c.journal.Close()); must(t, c.state.Close()) })
	c.begin()
	c.openModel()
	return c
}

func townGenesis() *types.Genesis {
	g := &types.Genesis{Format: types.GenesisFormat, Chain: "town", Time: genesisTime, InitialHeight: 1, Params: types.DefaultParams()}
	for i, m := range townMembers {
		private := keyOf(m.id)
		g.Members = append(g.Members, types.GenesisMember{
			ID: m.id, Name: "The " + m.id, Controller: m.id, Roles: []string{m.role}, Customs: []string{}, Prefixes: []string{m.prefix},
			Keys: []types.Address{types.AddressOf(crypto.FromECDSAPub(&private.PublicKey))}, Threshold: 1, Validator: types.Bytes{},
		})
		if i == 0 {
			g.Members[0].Validator, g.Members[0].Power = types.Bytes(chaintest.ValidatorKey(m.id).PubKey().Bytes()), 10
		}
	}
	return g
}

func keyOf(member string) *ecdsa.PrivateKey {
	seed := types.LeafHash([]byte(member))
	private, err := crypto.ToECDSA(seed[:])
	if err != nil {
		panic(err)
	}
	return private
}

// begin journals the genesis; its writes commit with the first block.
func (c *town) begin() {
	c.t.Helper()
	done, err := app.Begin(c.genesis)
	must(c.t, err)
	must(c.t, c.journal.Append(done.Block))
	over := store.NewOverlay(c.state)
	for _, w := range done.Writes {
		must(c.t, over.Set(w.Key, w.Value))
	}
	c.under, c.last = over, *done.Block
}

// openModel follows the journal until the test ends.
func (c *town) openModel() {
	c.t.Helper()
	m, err := readmodel.Open(filepath.Join(c.dir, "model"), func() (readmodel.View, error) { return c.state.View(0) })
	must(c.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := m.Follow(ctx, c.journal); err != nil && ctx.Err() == nil {
			c.t.Errorf("read model: %v", err)
		}
	}()
	c.t.Cleanup(func() { cancel(); <-done; must(c.t, m.Close()) })
	c.model = m
}

// block executes what the pool holds and waits until the read model has it.
func (c *town) block() types.Block {
	c.t.Helper()
	c.mu.Lock()
	height := c.last.Height + 1
	var raw [][]byte
	for _, v := range c.pool {
		raw = append(raw, v.Raw)
	}
	hash, err := c.blocks.Begin(raw, c.root())
	must(c.t, err)
	b, err := app.NewBlock(c.under, c.live, app.Header{Height: height, Time: genesisTime + 1000*height, Hash: hash})
	must(c.t, err)
	results := make([]types.Result, len(c.pool))
	for i, v := range c.pool {
		results[i], err = b.Execute(v)
		must(c.t, err)
	}
	c.blocks.End(results)
	done, err := b.Finish()
	must(c.t, err)
	must(c.t, c.journal.Append(done.Block))
	c.commit(height, done)
	c.pool, c.last = nil, *done.Block
	last := c.last
	c.mu.Unlock()
	until(c.t, func() bool { return c.model.Height() >= height })
	return last
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
			must(c.t, over.Set(w.Key, w.Value))
		}
		var err error
		writes, err = over.Writes()
		must(c.t, err)
		c.under = c.state
	}
	_, err := c.state.Apply(height, writes)
	must(c.t, err)
	must(c.t, c.state.Commit(nil))
	c.live.Commit(done.Live, done.Block.Time)
	c.journal.Committed(height)
}

// serve begins a service over the town, with a real server in front of it. One that was
// there before ends.
func (c *town) serve(change func(*Options)) {
	c.t.Helper()
	c.close()
	o := Options{
		Dir: filepath.Join(c.dir, "epcis"), Domain: c.domain, Pool: c, Blocks: c.journal, Events: c.model, Record: c.state.Get,
		Signer: NewSigner("coop", keyOf("coop")), Local: true, Version: "test", Now: clock,
	}
	if change != nil {
		change(&o)
	}
	var err error
	c.service, err = New(o)
	must(c.t, err)
	base, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() { c.service.Run(base); close(ran) }()
	c.server = httptest.NewUnstartedServer(gateway.New(c, gateway.Options{Now: clock, Mount: c.service.Mount}))
	c.server.Config.BaseContext = func(_ net.Listener) context.Context { return base }
	c.server.Start()
	c.stop = func() { cancel(); c.server.Close(); <-ran }
}

func (c *town) close() {
	if c.stop != nil {
		c.stop()
		c.stop = nil
	}
}

// settle makes blocks until no capture job is running. Each waits for everything that is
// yet to come into the pool, so that the same comes into the same block.
func (c *town) settle() (made []types.Block) {
	c.t.Helper()
	for c.undone() > 0 {
		until(c.t, func() bool { n := c.undone(); return n == 0 || c.waiting() >= n })
		if c.waiting() > 0 {
			made = append(made, c.block())
		}
	}
	until(c.t, func() bool {
		c.service.jobs.mu.Lock()
		defer c.service.jobs.mu.Unlock()
		return c.service.jobs.running() == 0
	})
	return made
}

// undone counts the transactions of jobs about which nothing is known yet.
func (c *town) undone() (n int) {
	c.service.jobs.mu.Lock()
	defer c.service.jobs.mu.Unlock()
	for _, j := range c.service.jobs.all {
		for _, p := range j.Parcels {
			if !p.Done {
				n++
			}
		}
	}
	return n
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

// What follows is the node behind the gateway and the interface.

func (c *town) Submit(raw []byte) (*types.Verified, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
	for _, have := range c.pool {
		if have.Digest == v.Digest {
			return have, nil
		}
	}
	c.pool = append(c.pool, v)
	return v, nil
}

func (c *town) RetryAfter() time.Duration              { return 10 * time.Millisecond }
func (c *town) Journal() *journal.Journal              { return c.journal }
func (c *town) View(height int64) (*store.View, error) { return c.state.View(height) }
func (c *town) Genesis() []byte                        { return c.file }
func (c *town) ReadModel() *readmodel.Model            { return c.model }
func (c *town) Status(context.Context) types.Status    { return types.Status{} }

func (c *town) LightBlock(ctx context.Context, height int64) (header, validators []byte, err error) {
	if err := c.journal.Wait(ctx, height); err != nil {
		return nil, nil, err
	}
	return c.blocks.LightBlock(height)
}

func (c *town) Transactions(height int64) ([][]byte, error) { return c.blocks.Transactions(height) }
