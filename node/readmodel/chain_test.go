package readmodel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chain makes blocks whose records and events belong together, in a real store and a
// real journal.
type chain struct {
	t       testing.TB
	state   *store.Store
	journal *journal.Journal
	random  *rand.Rand
	salt    byte
	height  int64

	block  *types.Block
	writes *store.Overlay
}

func newChain(t testing.TB, salt byte) *chain {
	t.Helper()
	state, err := store.Open("", store.Options{NoSync: true})
	check(t, err)
	j, err := journal.Open("")
	check(t, err)
	t.Cleanup(func() { check(t, j.Close()); check(t, state.Close()) })
	c := &chain{t: t, state: state, journal: j, random: rand.New(rand.NewPCG(1, uint64(salt))), salt: salt}
	c.genesis()
	return c
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *chain) view() (View, error) { return c.state.View(0) }

// genesis writes two members; their state commits with the first block.
func (c *chain) genesis() {
	c.begin(0)
	for _, id := range []string{"customs", "qianjiang-express"} {
		m := &types.Member{ID: id, Name: "Name of " + id, Controller: id, Roles: []string{"customs", "logistics"}, Threshold: 1}
		c.put("member/"+id, m, types.Event{Kind: "Genesis", Member: id})
	}
	c.journalBlock()
	c.begin(1)
	c.commit()
}

func (c *chain) begin(height int64) {
	c.height = height
	c.block = &types.Block{Height: height, Time: 1_795_420_800_000 + 500*height, Hash: types.LeafHash([]byte{byte(height), c.salt})}
	if height != 1 { // the first block's writes hold the genesis'
		c.writes = store.NewOverlay(c.state)
	}
}

// put writes a record and its event.
func (c *chain) put(key string, record types.Record, e types.Event) {
	c.t.Helper()
	e.Height, e.Time = c.height, c.block.Time
	raw, err := e.Encode()
	check(c.t, err)
	check(c.t, record.Log().Append(types.LeafHash(raw)))
	value, err := types.Encode(record)
	check(c.t, err)
	check(c.t, c.writes.Set(key, value))
	c.block.Events = append(c.block.Events, types.RecordEvent{Event: e, Keys: []string{key}})
}

func (c *chain) journalBlock() {
	c.t.Helper()
	check(c.t, c.journal.Append(c.block))
}

func (c *chain) commit() {
	c.t.Helper()
	c.journalBlock()
	writes, err := c.writes.Writes()
	check(c.t, err)
	_, err = c.state.Apply(c.height, writes)
	check(c.t, err)
	check(c.t, c.state.Commit(nil))
	c.journal.Committed(c.height)
}

// grow adds blocks of up to some transactions each.
func (c *chain) grow(blocks, most int) {
	c.t.Helper()
	for range blocks {
		c.begin(c.height + 1)
		for range c.random.IntN(most + 1) {
			c.transaction()
		}
		c.commit()
	}
}

// transaction adds one that succeeds, or one in eight that is refused.
func (c *chain) transaction() {
	tx := types.BlockTx{Digest: types.LeafHash(fmt.Append(nil, c.salt, c.height, len(c.block.Txs))), Bodies: 1, Codes: []types.Code{}}
	e := types.Event{Tx: tx.Digest}
	switch c.random.IntN(8) {
	case 0:
		tx.Code, tx.Kind, tx.Member = types.Overdraw, "CaptureEvent", "farm"
	case 1, 2, 3:
		tx.Kind, tx.Member = "CaptureEvent", "farm"
		c.transform(e)
	default:
		tx.Kind, tx.Member = "RecordOrder", fmt.Sprintf("platform-%d", c.random.IntN(3))
		c.order(e, tx.Member)
	}
	c.block.Txs = append(c.block.Txs, tx)
}

// transform makes one lot from two.
func (c *chain) transform(e types.Event) {
	lot := func() types.LotID { return types.LotID(fmt.Sprintf("06901234000016.L%d", c.random.IntN(20))) }
	in, other, out := lot(), lot(), lot()
	body, err := types.EncodeBody(&types.CaptureEvent{
		Type: types.TransformationEvent, Lots: []types.LotQuantity{},
		Inputs:  []types.LotQuantity{{Lot: in, Quantity: 1, Unit: "KGM"}, {Lot: other, Quantity: 1, Unit: "KGM"}},
		Outputs: []types.LotQuantity{{Lot: out, Quantity: 1, Unit: "KGM"}},
	})
	check(c.t, err)
	e.Kind, e.Member, e.Body = "CaptureEvent", "farm", body
	r := &types.Lot{ID: out}
	c.get("lot/"+string(out), r)
	r.Owner, r.Custodian, r.Unit = "farm", fmt.Sprintf("holder-%d", c.random.IntN(3)), "KGM"
	r.Produced++
	c.put("lot/"+string(out), r, e)
}

func (c *chain) order(e types.Event, platform string) {
	key := fmt.Sprintf("order/%s/01KB0Q7Z40N7DPSEYSB6DNY%03d", platform, c.random.IntN(50))
	r := &types.Order{}
	c.get(key, r)
	states := []string{types.StatePartial, types.StateMismatch, types.StateMatched, types.StateDeclared, types.StateReleased}
	r.State = states[c.random.IntN(len(states))]
	r.Slots = []types.Slot{{Kind: types.SlotOrder, Member: platform, Tags: []types.Tag{}}, {Kind: types.SlotPayment, Member: "pay", Tags: []types.Tag{}}}
	e.Kind, e.Member, e.Body = "RecordOrder", platform, []byte{0xa0}
	c.put(key, r, e)
}

func (c *chain) get(key string, into any) {
	c.t.Helper()
	value, err := c.writes.Get(key)
	check(c.t, err)
	if value != nil {
		check(c.t, types.DecodeState(value, into))
	}
}
