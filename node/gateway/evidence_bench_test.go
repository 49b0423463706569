package gateway

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// write makes a block that writes records and their events, without the rules.
func (c *town) write(writes map[string][]byte, events []types.RecordEvent) {
	c.t.Helper()
	height := c.last.Height + 1
	hash, err := c.blocks.Begin(nil, c.root())
	check(c.t, err)
	over := store.NewOverlay(c.state)
	c.enter(over, hash)
	for key, value := range writes {
		check(c.t, over.Set(key, value))
	}
	list, err := over.Writes()
	check(c.t, err)
	block := &types.Block{Height: height, Time: genesisTime + 1000*height, Hash: hash, Events: events}
	check(c.t, c.journal.Append(block))
	_, err = c.state.Apply(height, list)
	check(c.t, err)
	check(c.t, c.state.Commit(nil))
	c.journal.Committed(height)
	c.last = *block
}

// random is bytes that do not compress, as hashes and signatures do not.
func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// BenchmarkEvidence makes evidence over 100,000 records, and a history of 1,000 events, with
// one validator; each further one adds 75 bytes, 100 in JSON. It reports the size of the file,
// for ranges also against keys and values. Unchecked is without the node's own verification.
func BenchmarkEvidence(b *testing.B) {
	const records = 100_000
	c := newTown(b)
	c.block()
	r := rand.New(rand.NewPCG(1, 2))
	writes := map[string][]byte{}
	for i := range records / 2 {
		writes[fmt.Sprintf("order/lantu/01KB0Q7Z40N7DPSEYS%08d", i)] = random(r, 700)
		writes[fmt.Sprintf("declaration/lantu/01KB0Q7Z40N7DPSEYS%08d", i)] = random(r, 100)
	}
	c.write(writes, nil)
	lot := &types.Lot{ID: "06901234000016.L2026A", Unit: "KGM", Owner: "coop"}
	body, err := types.EncodeBody(&types.AcceptLot{Lot: lot.ID, From: "coop"})
	check(b, err)
	for range 100 {
		var events []types.RecordEvent
		for i := range 10 {
			e := types.Event{Tx: types.Hash(random(r, 32)), Index: uint64(i), Height: c.last.Height + 1, Time: 1, Member: "coop", Kind: "AcceptLot", Body: body}
			raw, err := e.Encode()
			check(b, err)
			check(b, lot.History.Append(types.LeafHash(raw)))
			events = append(events, types.RecordEvent{Event: e, Keys: []string{"lot/" + string(lot.ID)}})
		}
		value, err := types.Encode(lot)
		check(b, err)
		c.write(map[string][]byte{"lot/" + string(lot.ID): value}, events)
	}
	c.block()
	c.block()
	g := New(c, Options{}).(*gateway)
	height := c.last.Height - 1
	trust, err := evidence.TrustGenesis(c.genesis)
	check(b, err)
	for name, ask := range map[string]evidence.Ask{
		"order":        {Claim: evidence.ClaimRecord, Key: "order/lantu/01KB0Q7Z40N7DPSEYS00007919"},
		"declaration":  {Claim: evidence.ClaimRecord, Key: "declaration/lantu/01KB0Q7Z40N7DPSEYS00007919"},
		"absence":      {Claim: evidence.ClaimRecord, Key: "declaration/lantu/01KB0Q7Z40N7DPSEYS7FFFFFFF"},
		"block":        {Claim: evidence.ClaimBlock, Height: 2},
		"history":      {Claim: evidence.ClaimHistory, Key: "lot/" + string(lot.ID)},
		"orders":       {Claim: evidence.ClaimRange, From: "order/lantu/01KB0Q7Z40N7DPSEYS00010000", To: "order/lantu/01KB0Q7Z40N7DPSEYS00020000"},
		"declarations": {Claim: evidence.ClaimRange, From: "declaration/lantu/01KB0Q7Z40N7DPSEYS00010000", To: "declaration/lantu/01KB0Q7Z40N7DPSEYS00020000"},
	} {
		if ask.Claim != evidence.ClaimBlock {
			ask.Height = height
		}
		asked := &evidence.Asked{Claims: []evidence.Ask{ask}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := g.prove(b.Context(), asked)
				check(b, err)
			}
			b.StopTimer()
			c.measure(b, g, asked, trust)
		})
		b.Run(name+"/unchecked", func(b *testing.B) {
			for b.Loop() {
				_, err := prove.Evidence(b.Context(), provable{g}, asked)
				check(b, err)
			}
		})
	}
}

// measure reports the size of what is asked for, in both forms.
func (c *town) measure(b *testing.B, g *gateway, asked *evidence.Asked, trust *evidence.Trust) {
	e, err := g.prove(b.Context(), asked)
	check(b, err)
	file, err := e.Encode()
	check(b, err)
	compact, err := e.Compact()
	check(b, err)
	v, err := evidence.Verify(bytes.Clone(file), trust)
	check(b, err)
	b.ReportMetric(float64(len(file)), "file-B")
	b.ReportMetric(float64(len(compact)), "compact-B")
	said := 0
	for _, l := range v.Claims[0].Leaves {
		said += len(l.Key) + len(l.Value)
	}
	if said > 0 {
		b.ReportMetric(float64(len(file))/float64(said), "file/kv")
		b.ReportMetric(float64(len(compact))/float64(said), "compact/kv")
	}
}
