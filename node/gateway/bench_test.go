package gateway

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// taking is a Backend whose pool takes everything at once, so that what is left is the
// gateway's own work.
type taking struct {
	*town
	verified types.Verified
}

func (t *taking) Submit([]byte) (*types.Verified, error) { return &t.verified, nil }

// BenchmarkBatch is the gateway's work for one transaction of a batch of 100.
func BenchmarkBatch(b *testing.B) {
	c := newTown(b)
	raw := c.sign("coop", "AcceptLot", genesisTime+1000, `{"lot":"06901234000016.L2026A","from":"coop","quantity":0,"unit":""}`)
	v, err := c.domain.Verify(raw)
	check(b, err)
	g := New(&taking{c, *v}, Options{})
	raws := make([][]byte, 100)
	for i := range raws {
		raws[i] = append([]byte(nil), bytes.Repeat(raw, 3)...) // 600 bytes, as an order's payment
	}
	body, err := types.Encode(raws)
	check(b, err)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%len(raws) != 0 {
			continue
		}
		r := httptest.NewRequest(http.MethodPost, "/v1/transactions/batch", bytes.NewReader(body))
		r.Header.Set("Content-Type", mediaCBOR)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkSubmit is the gateway's work for a transaction that comes alone.
func BenchmarkSubmit(b *testing.B) {
	c := newTown(b)
	raw := c.sign("coop", "AcceptLot", genesisTime+1000, `{"lot":"06901234000016.L2026A","from":"coop","quantity":0,"unit":""}`)
	v, err := c.domain.Verify(raw)
	check(b, err)
	g := New(&taking{c, *v}, Options{})
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/v1/transactions", bytes.NewReader(raw))
		r.Header.Set("Content-Type", mediaCBOR)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != http.StatusAccepted {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkRead answers for records among 100,000.
func BenchmarkRead(b *testing.B) {
	const records = 100_000
	c := newTown(b)
	c.block()
	c.fill(records)
	c.block()
	c.block()
	g := New(c, Options{})
	for _, path := range []string{"/v1/records/lot/%s", "/v1/records/lot/%s?proof=1", "/v1/history/lot/%s", "/v1/history/lot/%s?proof=1"} {
		b.Run(strings.Replace(path[4:], "/lot/%s", "", 1), func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				lot := fmt.Sprintf("06901234000016.L%06d", n*7919%records)
				w := httptest.NewRecorder()
				g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf(path, lot), nil))
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// enter enters a block's hash into chain/blocks.
func (c *town) enter(over *store.Overlay, hash types.Hash) {
	c.t.Helper()
	value, err := c.state.Get(types.KeyBlocks)
	check(c.t, err)
	var all types.Blocks
	check(c.t, types.DecodeState(value, &all))
	check(c.t, all.History.Append(types.LeafHash(hash[:])))
	value, err = types.Encode(&all)
	check(c.t, err)
	check(c.t, over.Set(types.KeyBlocks, value))
}

// fill makes a block that commissions many lots, without the rules.
func (c *town) fill(n int) {
	c.t.Helper()
	height := c.last.Height + 1
	hash, err := c.blocks.Begin(nil, c.root())
	check(c.t, err)
	block := &types.Block{Height: height, Time: genesisTime + 1000*height, Hash: hash}
	over := store.NewOverlay(c.state)
	c.enter(over, hash)
	body, err := types.EncodeBody(&types.AcceptLot{Lot: "06901234000016.L2026A", From: "coop"})
	check(c.t, err)
	for i := range n {
		l := &types.Lot{ID: lotNumbered(i), Unit: "KGM", Produced: 1, Owner: "coop", Holdings: []types.Holding{{Member: "coop", Quantity: 1}}}
		e := types.Event{Tx: types.LeafHash(fmt.Append(nil, i)), Height: height, Time: block.Time, Member: "coop", Kind: "AcceptLot", Body: body}
		raw, err := e.Encode()
		check(c.t, err)
		check(c.t, l.History.Append(types.LeafHash(raw)))
		value, err := types.Encode(l)
		check(c.t, err)
		key := "lot/" + string(l.ID)
		check(c.t, over.Set(key, value))
		block.Events = append(block.Events, types.RecordEvent{Event: e, Keys: []string{key}})
	}
	writes, err := over.Writes()
	check(c.t, err)
	check(c.t, c.journal.Append(block))
	_, err = c.state.Apply(height, writes)
	check(c.t, err)
	check(c.t, c.state.Commit(nil))
	c.journal.Committed(height)
	c.last = *block
}

// lotNumbered is one of the lots of fill.
func lotNumbered(i int) types.LotID { return types.LotID(fmt.Sprintf("06901234000016.L%06d", i)) }
