package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
)

// chainOf is a short chain with the state after each record's last event.
type chainOf struct {
	blocks []*types.Block // from the genesis, at height 4, on
	state  map[string][]byte
}

const (
	testInitial = 5
	testHeight  = 100 // of the snapshot
)

// newChain makes blocks whose events enter some records, and the state that they make.
func newChain(t *testing.T) *chainOf {
	t.Helper()
	c := &chainOf{state: map[string][]byte{}}
	histories := map[string]*types.KeyOwner{}
	var hashes types.Blocks
	for h := int64(testInitial - 1); h <= testHeight; h++ {
		b := &types.Block{Height: h, Time: 1000 * h, Hash: types.LeafHash(strconv.AppendInt(nil, h, 10))}
		for i := range h % 4 {
			body, err := types.Encode(fmt.Sprint("body ", h, i))
			must(t, err)
			e := types.RecordEvent{Event: types.Event{Index: uint64(i), Height: h, Time: b.Time, Kind: "AddKey", Body: body}}
			e.Keys = []string{fmt.Sprintf("key/%03d", h*7%10), fmt.Sprintf("key/%03d", i)}
			leaf, err := e.Event.Encode()
			must(t, err)
			for _, key := range e.Keys {
				if histories[key] == nil {
					histories[key] = &types.KeyOwner{Member: "m"}
				}
				must(t, histories[key].History.Append(types.LeafHash(leaf)))
			}
			b.Events = append(b.Events, e)
		}
		if h >= testInitial {
			must(t, hashes.History.Append(types.LeafHash(b.Hash[:])))
		}
		c.blocks = append(c.blocks, b)
	}
	for key, owner := range histories {
		c.put(t, key, owner)
	}
	c.put(t, types.KeyBlocks, &hashes)
	c.put(t, types.PrefixLive+"/0000000000000099", &types.LiveDigests{Count: 1})
	return c
}

func (c *chainOf) put(t *testing.T, key string, v any) {
	t.Helper()
	value, err := types.Encode(v)
	must(t, err)
	c.state[key] = value
}

func (c *chainOf) Version() int64                 { return testHeight }
func (c *chainOf) Get(key string) ([]byte, error) { return c.state[key], nil }

func (c *chainOf) Iterate(_, _ string, f func(string, []byte) bool) error {
	var keys []string
	for key := range c.state {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if f(key, c.state[key]) {
			break
		}
	}
	return nil
}

// serve is a peer's gateway; spoil may change a block before it is sent.
func (c *chainOf) serve(t *testing.T, spoil func(b *types.Block) *types.Block) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		height, err := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/v1/blocks/"), 10, 64)
		if err != nil || height < testInitial-1 || height > testHeight || r.Header.Get("Accept") != "application/cbor" {
			http.Error(w, "no such block", http.StatusNotFound)
			return
		}
		b := *c.blocks[height-testInitial+1]
		b.Events = slices.Clone(b.Events)
		sent := spoil(&b)
		if sent == nil {
			http.Error(w, "out of order", http.StatusInternalServerError)
			return
		}
		raw, err := types.Encode(sent)
		if err != nil {
			t.Error(err)
		}
		w.Write(raw)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func honest(b *types.Block) *types.Block { return b }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// joined is the journal of a node that began with a snapshot and has executed a block.
func joined(t *testing.T) *journal.Journal {
	t.Helper()
	j, err := journal.Open("", testInitial)
	must(t, err)
	t.Cleanup(func() { must(t, j.Close()) })
	must(t, j.Append(&types.Block{Height: testHeight + 1}))
	j.Committed(testHeight + 1)
	return j
}

func runBackfill(t *testing.T, j *journal.Journal, c *chainOf, peers ...string) error {
	t.Helper()
	b := newBackfill(j, testInitial, peers, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return b.run(context.Background(), c)
}

func TestBackfill(t *testing.T) {
	c := newChain(t)
	j := joined(t)
	must(t, runBackfill(t, j, c, c.serve(t, honest)))
	if j.First() != testInitial-1 || j.Last() != testHeight+1 {
		t.Fatalf("the journal shows %d to %d", j.First(), j.Last())
	}
	for _, want := range c.blocks {
		got, err := j.Block(want.Height)
		must(t, err)
		if got.Hash != want.Hash || len(got.Events) != len(want.Events) {
			t.Errorf("block %d: %+v", want.Height, got)
		}
	}
}

func TestBackfillRefusesWrongBlocks(t *testing.T) {
	at := func(height int64, change func(b *types.Block)) func(*types.Block) *types.Block {
		return func(b *types.Block) *types.Block {
			if b.Height == height {
				change(b)
			}
			return b
		}
	}
	rows := []struct {
		name, want string
		spoil      func(*types.Block) *types.Block
	}{
		{"other hash", "hashes", at(50, func(b *types.Block) { b.Hash[0]++ })},
		{"event left out", "commits to", at(51, func(b *types.Block) { b.Events = b.Events[1:] })},
		{"event added", "commits to", at(51, func(b *types.Block) { b.Events = append(b.Events, b.Events[0]) })},
		{"event of no record", "key/999", at(51, func(b *types.Block) { b.Events = append(b.Events, rename(b.Events[0], "key/999")) })},
		{"events swapped", "commits to", at(51, func(b *types.Block) { b.Events[0], b.Events[1] = b.Events[1], b.Events[0] })},
		{"event of another record", "commits to", at(51, func(b *types.Block) { b.Events[0] = rename(b.Events[0], "key/005") })},
		{"event changed", "commits to", at(51, func(b *types.Block) { b.Events[0].Event.Member = "x" })},
		{"other height", "it is block 7", at(51, func(b *types.Block) { b.Height = 7 })},
		{"event of another time", "time", at(51, func(b *types.Block) { b.Events[0].Event.Time++ })},
		{"event without record", "enters no record", at(51, func(b *types.Block) { b.Events[0].Keys = nil })},
		{"no answer", "out of order", func(b *types.Block) *types.Block { return nil }},
	}
	c := newChain(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			j := joined(t)
			liar := c.serve(t, row.spoil)
			err := runBackfill(t, j, c, liar)
			if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), liar) {
				t.Fatalf("got %v, want …%s… about %s", err, row.want, liar)
			}
			if j.First() != testHeight+1 {
				t.Errorf("the journal shows blocks from %d on", j.First())
			}
			must(t, runBackfill(t, j, c, liar, c.serve(t, honest)))
			if j.First() != testInitial-1 {
				t.Errorf("after an honest peer the journal shows blocks from %d on", j.First())
			}
		})
	}
}

func rename(e types.RecordEvent, key string) types.RecordEvent {
	e.Keys = []string{key}
	return e
}

// TestBackfillMixesNoMore: when the blocks of two peers together are wrong, nobody knows
// whose were, so each is asked for all of them.
func TestBackfillMixesNoMore(t *testing.T) {
	c := newChain(t)
	j := joined(t)
	var broken atomic.Bool
	broken.Store(true)
	liar := c.serve(t, func(b *types.Block) *types.Block {
		if b.Height < 40 && broken.Load() {
			return nil // stops half way, after the wrong block
		}
		if b.Height == 90 {
			b.Hash[0]++
		}
		return b
	})
	good := c.serve(t, honest)
	b := newBackfill(j, testInitial, []string{liar, good}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	err := b.run(context.Background(), c)
	if err == nil || !strings.Contains(err.Error(), liar+" and "+good) && !strings.Contains(err.Error(), good+" and "+liar) {
		t.Fatalf("got %v, want both peers named", err)
	}
	broken.Store(false)
	must(t, b.run(context.Background(), c))
	if j.First() != testInitial-1 {
		t.Errorf("the journal shows blocks from %d on", j.First())
	}
}
