// Package chaintest is a chain in memory, for tests of those who make and check evidence: real keys, a real state tree,
// headers that are really signed; only the rules are missing, so that a test decides what stands in the records.
package chaintest

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"sort"
	"testing"

	cmt "github.com/cometbft/cometbft/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

const (
	ID    = "carya-test-1"
	Start = 1795420800000 // 2026-11-23T08:00:00Z, Unix milliseconds; a block takes a second
	Lot   = "06901234000016.L2026A"
	Order = "lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q"
)

// Members are the organisations of the chain; those with power run validators.
var Members = []types.GenesisMember{
	{ID: "hangzhou-customs", Name: "杭州海关", Roles: []string{types.RoleCustoms}, Power: 40},
	{ID: "lantu", Name: "Lantu Mall", Roles: []string{types.RolePlatform}, Customs: []string{"1105910159"}, Power: 20},
	{ID: "tianmu-pay", Name: "Tianmu Pay", Roles: []string{types.RolePayment}, Customs: []string{"1101110323"}, Power: 20},
	{ID: "qianjiang-express", Name: "Qianjiang Express", Roles: []string{types.RoleLogistics}, Customs: []string{"1101180326"}, Power: 20},
	{ID: "coop-linan", Name: "临安山核桃合作社", Roles: []string{types.RoleCooperative}},
}

// Chain is the chain. It implements prove.Chain; asked for the header after the last block, it commits an empty one.
type Chain struct {
	t       testing.TB
	Genesis *types.Genesis
	Hash    types.Hash // of the genesis
	File    []byte     // the genesis file
	Keys    map[string]*ecdsa.PrivateKey
	Absent  []string // who does not sign: a member's id, or "id votes nil"
	Records map[string]types.Record
	Raw     map[string][][]byte // events of each record, CBOR, oldest first
	Store   *store.Store

	staged []store.Write
	blocks []*block // from height 1 on
	log    types.Blocks
	leaves []types.Hash
}

type block struct {
	header *cmt.Header
	txs    []Tx
}

// Tx is an executed transaction.
type Tx struct {
	Raw    []byte
	Digest types.Hash
	Result types.Result
}

// New begins a chain. Its first block holds the genesis' parameters and members.
func New(t testing.TB) *Chain { return NewFrom(t, func(*types.Genesis) {}) }

// NewFrom begins a chain with a genesis that was changed.
func NewFrom(t testing.TB, change func(*types.Genesis)) *Chain {
	t.Helper()
	c := &Chain{
		t: t, Keys: map[string]*ecdsa.PrivateKey{}, Records: map[string]types.Record{}, Raw: map[string][][]byte{},
		Genesis: &types.Genesis{
			Format: types.GenesisFormat, Chain: ID, Time: Start, InitialHeight: 1, Params: types.DefaultParams(),
		},
	}
	for _, m := range Members {
		c.addMember(m)
	}
	change(c.Genesis)
	var err error
	c.Hash, err = c.Genesis.Hash()
	c.must(err)
	c.File, err = json.MarshalIndent(map[string]any{"chain_id": ID, "app_state": c.Genesis}, "", " ")
	c.must(err)
	c.Store, err = store.Open("", store.Options{NoSync: true})
	c.must(err)
	t.Cleanup(func() { c.Store.Close() })
	c.genesis()
	return c
}

func (c *Chain) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// Seed is 32 bytes of which a test needs no more than that they are always the same.
func Seed(words string) []byte { s := sha256.Sum256([]byte(words)); return s[:] }

func (c *Chain) addMember(m types.GenesisMember) {
	key, err := crypto.ToECDSA(Seed("member " + m.ID))
	c.must(err)
	c.Keys[m.ID] = key
	m.Controller, m.Threshold = m.ID, 1
	m.Keys = []types.Address{types.Address(crypto.PubkeyToAddress(key.PublicKey))}
	if m.Power > 0 {
		m.Validator = types.Bytes(ValidatorKey(m.ID).PubKey().Bytes())
	}
	c.Genesis.Members = append(c.Genesis.Members, m)
}

func (c *Chain) genesis() {
	c.Put(types.KeyParams, &types.ChainParams{Genesis: c.Hash, Chain: c.Genesis.Chain, Params: c.Genesis.Params}, c.event("", c.Genesis.Params))
	for i := range c.Genesis.Members {
		m := &c.Genesis.Members[i]
		c.Put("member/"+m.ID, &types.Member{
			ID: m.ID, Name: m.Name, Controller: m.Controller, Roles: m.Roles, Customs: m.Customs,
			Keys: []types.Key{{Address: m.Keys[0], Added: Start}}, Threshold: 1, Validator: m.Validator,
		}, c.event(m.ID, *m))
	}
	c.Commit()
}

func (c *Chain) event(member string, body any) *types.Event {
	data, err := types.Encode(body)
	c.must(err)
	return &types.Event{Time: Start, Member: member, Kind: "Genesis", Body: data}
}

// Event is an event of the next block.
func (c *Chain) Event(tx types.Hash, index uint64, member string, body types.Body) *types.Event {
	c.t.Helper()
	kind, ok := types.KindOf(body)
	if !ok {
		c.t.Fatalf("%T is no body", body)
	}
	data, err := types.Encode(body)
	c.must(err)
	next := c.Last() + 1
	return &types.Event{Tx: tx, Index: index, Height: next, Time: c.time(next), Member: member, Kind: kind.Name, Body: data}
}

func (c *Chain) time(height int64) int64 { return Start + 1000*height }

// Put writes a record in the next block, after the events that join its history.
func (c *Chain) Put(key string, r types.Record, events ...*types.Event) {
	c.t.Helper()
	if before := c.Records[key]; before != nil {
		*r.Log() = *before.Log()
	}
	for _, e := range events {
		raw, err := e.Encode()
		c.must(err)
		c.must(r.Log().Append(types.LeafHash(raw)))
		c.Raw[key] = append(c.Raw[key], raw)
	}
	value, err := types.Encode(r)
	c.must(err)
	c.Records[key] = r
	c.staged = append(c.staged, store.Write{Key: key, Value: value})
}

// Sign makes a transaction that a block can hold.
func (c *Chain) Sign(member string, result types.Result, bodies ...types.Body) Tx {
	c.t.Helper()
	kind, _ := types.KindOf(bodies[0])
	tx := types.Transaction{
		Chain: c.Genesis.Chain, Member: member, Kind: kind.Name, Expires: c.time(c.Last()+1) + 60_000, OnError: types.OnErrorProceed, Bodies: bodies,
	}
	digest, err := types.NewDomain(c.Genesis.Chain, c.Hash).Digest(&tx)
	c.must(err)
	signature, err := types.Sign(digest, c.Keys[member])
	c.must(err)
	raw, err := (&types.Signed{Transaction: tx, Signatures: []types.Bytes{signature}}).Encode()
	c.must(err)
	return Tx{raw, digest, result}
}

// Last is the height of the last block.
func (c *Chain) Last() int64 { return int64(len(c.blocks)) }

// Commit makes the next block of what was put since the last one.
func (c *Chain) Commit(txs ...Tx) int64 {
	c.t.Helper()
	height := c.Last() + 1
	h := c.header(height, txs)
	c.leaves = append(c.leaves, types.LeafHash(h.Hash()))
	c.must(c.log.History.Append(types.LeafHash(h.Hash())))
	log, err := types.Encode(&c.log)
	c.must(err)
	writes := map[string]store.Write{types.KeyBlocks: {Key: types.KeyBlocks, Value: log}}
	for _, w := range c.staged {
		writes[w.Key] = w // the last one counts
	}
	c.staged = nil
	list := make([]store.Write, 0, len(writes))
	for _, w := range writes {
		list = append(list, w)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Key < list[j].Key })
	_, err = c.Store.Apply(height, list)
	c.must(err)
	c.must(c.Store.Commit(nil))
	c.blocks = append(c.blocks, &block{header: h, txs: txs})
	return height
}

func (c *Chain) header(height int64, txs []Tx) *cmt.Header {
	root, before, results := Seed("no state yet"), (*cmt.Header)(nil), []types.Result(nil)
	if height > 1 {
		last := c.blocks[height-2]
		root, before = c.Store.Root(), last.header
		for i := range last.txs {
			results = append(results, last.txs[i].Result)
		}
	}
	var raw [][]byte
	for i := range txs {
		raw = append(raw, txs[i].Raw)
	}
	h, err := NewHeader(c.Genesis, height, before, raw, results, root)
	c.must(err)
	return h
}

// Set is the validator set, which never changes.
func (c *Chain) Set() *cmt.ValidatorSet { return validatorSet(c.Genesis) }

// Trust is the trust in the genesis.
func (c *Chain) Trust() *evidence.Trust {
	c.t.Helper()
	t, err := evidence.TrustGenesis(c.Genesis)
	c.must(err)
	return t
}

// Prove makes evidence of what is asked for.
func (c *Chain) Prove(asks ...evidence.Ask) *evidence.Evidence {
	c.t.Helper()
	return c.ProveAt(&evidence.Asked{Claims: asks})
}

// ProveAt makes evidence of what is asked for.
func (c *Chain) ProveAt(asked *evidence.Asked) *evidence.Evidence {
	c.t.Helper()
	e, err := prove.Evidence(context.Background(), c, asked)
	c.must(err)
	return e
}

// The rest is prove.Chain.

func (c *Chain) Domain() (string, types.Hash, error) { return c.Genesis.Chain, c.Hash, nil }

func (c *Chain) View(height int64) (*store.View, error) { return c.Store.View(height) }

func (c *Chain) SignedHeader(_ context.Context, height int64) ([]byte, error) {
	if height < 1 || height > c.Last()+1 {
		return nil, types.Refuse(types.NotFound, "height", "there is no block %d", height)
	}
	if height > c.Last() {
		c.Commit()
	}
	return c.Signed(c.blocks[height-1].header)
}

// Signed signs a header as a node of each validator would.
func (c *Chain) Signed(h *cmt.Header) ([]byte, error) { return SignHeader(c.Genesis, h, c.Absent...) }

func (c *Chain) Events(_ context.Context, key string, size uint64, _ int64) ([][]byte, error) {
	return c.Raw[key][:size:size], nil
}

func (c *Chain) BlockPath(_ context.Context, index, size uint64) ([]types.Hash, error) {
	return prove.InclusionAmong(c.leaves[:size], index)
}

func (c *Chain) Executed(_ context.Context, digest types.Hash) (int64, int, error) {
	for i, b := range c.blocks {
		for j := range b.txs {
			if b.txs[j].Digest == digest {
				return int64(i + 1), j, nil
			}
		}
	}
	return 0, 0, types.Refuse(types.NotFound, "digest", "no block holds the transaction %s", digest)
}

func (c *Chain) Block(_ context.Context, height int64) (raw [][]byte, outcomes []types.Result, err error) {
	for _, tx := range c.blocks[height-1].txs {
		raw, outcomes = append(raw, tx.Raw), append(outcomes, tx.Result)
	}
	return raw, outcomes, nil
}

// Header is the header of a block.
func (c *Chain) Header(height int64) *cmt.Header { return c.blocks[height-1].header }
