package abci

import (
	"slices"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
)

func TestPoolReapOrder(t *testing.T) {
	p, _ := poolOpen(t, PoolConfig{})
	var sent [][]byte
	for i := range 20 {
		sent = append(sent, poolPlain([]string{"acme", "bolt"}[i%2], i))
	}
	poolSubmit(t, p, sent...)
	poolInsert(t, p, poolPlain("coop", 100))
	one := poolFramed(len(sent[0]))
	got := append(p.Reap(7*one), p.Reap(0)...)
	if !slices.EqualFunc(got, sent, slices.Equal) {
		t.Errorf("gossiped %d transactions, want our own %d in order of arrival", len(got), len(sent))
	}
	if again := p.Reap(0); len(again) != 0 {
		t.Errorf("gossiped %d at once again", len(again))
	}
}

func TestPoolReapLargerThanAll(t *testing.T) {
	p, _ := poolOpen(t, PoolConfig{})
	poolSubmit(t, p, poolSized("acme", 1, 5000), poolPlain("acme", 2))
	for i := range 2 {
		if got := len(p.Reap(1000)); got != 1 {
			t.Errorf("reap %d: %d transactions, want one", i, got)
		}
	}
}

// When is a transaction gossiped that no block takes?
func TestPoolRelayTimes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		local bool
		want  []int // seconds
	}{
		{"our own: at once, then at doubling intervals", true, []int{0, 2, 6, 14, 30, 62, 126, 254, 510}},
		{"by gossip: not at once", false, []int{2, 6, 14, 30, 62, 126, 254, 510}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, w := poolOpen(t, PoolConfig{RelayAfter: 2 * time.Second})
			raw := poolPlain("acme", 1)
			if tt.local {
				poolSubmit(t, p, raw)
			} else {
				poolInsert(t, p, raw)
			}
			var got []int
			for second := range 600 {
				w.now.Store(poolStart + int64(second)*1000)
				if len(p.Reap(0)) > 0 {
					got = append(got, second)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("gossiped at %v, want %v", got, tt.want)
			}
			poolCheck(t, p)
		})
	}
}

func TestPoolRelayEnds(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{})
	raw := poolPlain("acme", 1)
	poolSubmit(t, p, raw)
	p.Reap(0)
	p.Committed(poolStart, []types.Hash{poolDigest(raw)})
	w.now.Add(60_000)
	if got := p.Reap(0); len(got) != 0 {
		t.Errorf("gossiped a committed transaction %d times", len(got))
	}
}

// A backlog that is due all at once must neither hold up nor crowd out new ones.
func TestPoolRelayIsBounded(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{LaneTxs: 20_000})
	for i := range 5000 {
		poolSubmit(t, p, poolSized("acme", i, 1000))
	}
	for len(p.Reap(0)) > 0 {
	}
	w.now.Add(2000)
	repeated, seconds := 0, 0
	for ; repeated < 5000 && seconds < 10; seconds++ {
		bytes := 0
		for i := range 50 { // a reap every 20 ms
			fresh := poolPlain("bolt", seconds*50+i)
			poolSubmit(t, p, fresh)
			got := p.Reap(0)
			if !slices.Equal(got[0], fresh) {
				t.Fatal("a repetition before a new transaction")
			}
			for _, raw := range got[1:] {
				bytes += len(raw)
				repeated++
			}
			w.now.Add(20)
		}
		if bytes > poolRelayRate+poolRelayBurst+2000 {
			t.Errorf("second %d: %d bytes repeated", seconds, bytes)
		}
	}
	if repeated < 5000 {
		t.Errorf("%d of 5000 repeated after %d s", repeated, seconds)
	}
}
