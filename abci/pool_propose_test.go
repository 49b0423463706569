package abci

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	cmt "github.com/cometbft/cometbft/types"
	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types"
)

func TestPoolFramed(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 16_383, 16_384, 1<<20 - 1, 1 << 20, 1 << 21} {
		if got, want := poolFramed(n), int(cmt.ComputeProtoSizeForTxs([]cmt.Tx{make([]byte, n)})); got != want {
			t.Errorf("%d bytes: framed %d, CometBFT says %d", n, got, want)
		}
	}
}

// Proposals fit, hold nothing twice, keep each lane's order, and leave nothing out
// that would have fitted.
func TestPoolProposeFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, w := poolMake(PoolConfig{LaneTxs: 1000, First: func(m string) bool { return m == "customs" }})
		defer p.Close()
		lanes := map[string][][]byte{}
		for i, size := range rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 20_000)), 1, 80).Draw(t, "sizes") {
			m := rapid.SampledFrom([]string{"acme", "bolt", "customs", "dale"}).Draw(t, "member")
			raw := poolSized(m, i, size)
			if _, err := p.Submit(raw); err != nil {
				t.Fatal(err)
			}
			lanes[m] = append(lanes[m], raw)
		}
		for range 3 {
			maxBytes, maxTxs := rapid.IntRange(0, 60_000).Draw(t, "bytes"), rapid.IntRange(1, 40).Draw(t, "txs")
			block := p.Propose(maxBytes, maxTxs, poolKeep)
			poolCheckBlock(t, lanes, block, maxBytes, maxTxs)
			p.Committed(w.now.Load(), poolDigests(block))
			poolCheck(t, p)
		}
	})
}

// poolCheckBlock checks a block against the lanes and takes it out of them.
func poolCheckBlock(t *rapid.T, lanes map[string][][]byte, block [][]byte, maxBytes, maxTxs int) {
	size := int(cmt.ComputeProtoSizeForTxs(cmt.ToTxs(block)))
	if size > maxBytes || len(block) > maxTxs {
		t.Fatalf("%d transactions, %d bytes; at most %d, %d", len(block), size, maxTxs, maxBytes)
	}
	for _, raw := range block {
		m := poolPeek(raw)
		i := slices.IndexFunc(lanes[m], func(r []byte) bool { return poolFramed(len(r)) <= maxBytes })
		if i < 0 || !slices.Equal(lanes[m][i], raw) {
			t.Fatalf("%s: not the next of its lane", m)
		}
		lanes[m] = slices.Delete(lanes[m], i, i+1)
	}
	for m, lane := range lanes {
		i := slices.IndexFunc(lane, func(r []byte) bool { return poolFramed(len(r)) <= maxBytes })
		if i >= 0 && len(block) < maxTxs && size+poolFramed(len(lane[i])) <= maxBytes {
			t.Fatalf("%s: %d bytes were left out of a block of %d bytes with %d", m, len(lane[i]), maxBytes, size)
		}
	}
}

func TestPoolFairShares(t *testing.T) {
	const block = 25_000
	for _, tt := range []struct {
		name  string
		sizes map[string]int
		first string
		want  string // shares of the bytes of twenty blocks, in tenths
	}{
		{"equal", map[string]int{"acme": 100, "bolt": 100}, "", "acme 5 bolt 5"},
		{"large and small", map[string]int{"acme": 2_200, "bolt": 100}, "", "acme 5 bolt 5"},
		{"so large that blocks end before its turn", map[string]int{"acme": 10_000, "bolt": 100}, "", "acme 4 bolt 6"},
		{"nearly a block and small", map[string]int{"acme": 22_500, "bolt": 100, "coop": 100, "dale": 100}, "", "acme 2 bolt 3 coop 3 dale 3"},
		{"nearly a block, all", map[string]int{"acme": 22_500, "bolt": 22_500}, "", "acme 5 bolt 5"},
		{"customs first", map[string]int{"acme": 100, "customs": 100}, "customs", "acme 3 customs 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, w := poolOpen(t, PoolConfig{MaxTxs: 100_000, First: func(m string) bool { return m == tt.first }})
			got, total, n := map[string]int{}, 0, 0
			for range 20 {
				for m, size := range tt.sizes {
					for p.lanesHeld(m) < 2*block {
						n++
						poolSubmit(t, p, poolSized(m, n, size))
					}
				}
				for _, raw := range poolBlock(p, w, block, 0) {
					got[poolPeek(raw)] += len(raw)
					total += len(raw)
				}
			}
			var shares []string
			for m := range tt.sizes {
				shares = append(shares, fmt.Sprintf("%s %d", m, (got[m]*10+total/2)/total))
			}
			slices.Sort(shares)
			if s := strings.Join(shares, " "); s != tt.want {
				t.Errorf("shares %s, want %s (%v)", s, tt.want, got)
			}
			if total < 20*block*6/10 {
				t.Errorf("twenty blocks hold %d bytes only", total)
			}
		})
	}
}

// lanesHeld is what a member has waiting, in bytes.
func (p *Pool) lanesHeld(member string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, ok := p.lanes[member]; ok {
		return l.held.bytes
	}
	return 0
}

func TestPoolFirstLanes(t *testing.T) {
	p, _ := poolOpen(t, PoolConfig{First: func(m string) bool { return m == "customs" }})
	for i := range 10 {
		poolSubmit(t, p, poolPlain("acme", i), poolPlain("bolt", i), poolPlain("customs", i))
	}
	members := func(block [][]byte) (s string) {
		for _, raw := range block {
			s += poolPeek(raw)[:1]
		}
		return s
	}
	if got := members(p.Propose(1<<20, 0, poolKeep)); got[:10] != "cccccccccc" || len(got) != 30 {
		t.Errorf("a large block holds %s, want customs first", got)
	}
	if got := members(p.Propose(1<<20, 8, poolKeep)); strings.Count(got, "c") != 6 || got[:6] != "cccccc" {
		t.Errorf("a block of 8 holds %s, want six of customs first", got)
	}
}

func TestPoolKeep(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{})
	var raws [][]byte
	for i := range 6 {
		raws = append(raws, poolPlain("acme", i))
	}
	poolSubmit(t, p, raws...)
	w.refuse(raws[0], types.KeyUnknown)
	w.refuse(raws[1], types.Replayed)
	w.refuse(raws[2], types.TxExpired)
	want := func(name string, block [][]byte, indices ...int) {
		t.Helper()
		var got []int
		for _, raw := range block {
			got = append(got, slices.IndexFunc(raws, func(r []byte) bool { return slices.Equal(r, raw) }))
		}
		if !slices.Equal(got, indices) {
			t.Errorf("%s: proposed %v, want %v", name, got, indices)
		}
	}
	want("the refused make room", p.Propose(1<<20, 2, w.admit), 3, 4)
	for i, there := range []bool{true, false, false, true, true, true} {
		if got := p.Has(poolDigest(raws[i])); got != there {
			t.Errorf("transaction %d in the pool: %v, want %v", i, got, there)
		}
	}
	w.refuse(raws[0], types.OK)
	want("back from the end of its lane", p.Propose(1<<20, 0, w.admit), 3, 4, 5, 0)
	poolCheck(t, p)
}

// A lane full of what a retired key signed must not make proposals slow or empty.
func TestPoolKeepIsBounded(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{})
	for i := range 4000 {
		raw := poolPlain("acme", i)
		poolSubmit(t, p, raw)
		w.refuse(raw, types.KeyUnknown)
	}
	good := poolPlain("acme", 5000)
	poolSubmit(t, p, good)
	for block := range 20 {
		asked := 0
		got := p.Propose(1<<20, 100, func(v *types.Verified) error { asked++; return w.admit(v) })
		if asked > poolPasses*100 {
			t.Fatalf("asked about %d transactions for a block of 100", asked)
		}
		if len(got) == 1 {
			return
		}
		if block == 19 {
			t.Error("the good transaction never came up")
		}
	}
}

// A transaction that no block can hold must not stop those behind it.
func TestPoolLargerThanBlock(t *testing.T) {
	p, _ := poolOpen(t, PoolConfig{})
	poolSubmit(t, p, poolSized("acme", 1, 5000), poolPlain("acme", 2))
	if got := len(p.Propose(1000, 0, poolKeep)); got != 1 {
		t.Errorf("proposed %d, want the small one", got)
	}
	if got := len(p.Propose(10_000, 0, poolKeep)); got != 2 {
		t.Errorf("proposed %d, want both", got)
	}
	if got := len(p.Propose(-1, 0, poolKeep)); got != 0 {
		t.Errorf("proposed %d for no room", got)
	}
}
