package abci

import (
	"fmt"
	"testing"

	"github.com/caryaledger/carya/types"
)

// poolRaws returns n transactions of a hundred members.
func poolRaws(n int) [][]byte {
	raws := make([][]byte, n)
	for i := range raws {
		raws[i] = poolPlain(fmt.Sprintf("member-%d", i%100), i)
	}
	return raws
}

func poolFilled(b *testing.B, raws [][]byte) (*Pool, *poolWorld) {
	b.Helper()
	p, w := poolOpen(b, PoolConfig{MaxTxs: 50_000})
	poolSubmit(b, p, raws...)
	return p, w
}

// BenchmarkPoolInsert is what gossip costs the goroutine that also carries votes:
// enqueueing alone, for there are no workers.
func BenchmarkPoolInsert(b *testing.B) {
	raws := poolRaws(20_000)
	p := poolIdle(PoolConfig{MaxTxs: 50_000, Queue: 50_000}.withDefaults(), nil, nil)
	q, i := p.inbound, 0
	for b.Loop() {
		if code := p.Insert(raws[i]); code != types.OK {
			b.Fatal(code)
		}
		if i++; i == len(raws) {
			b.StopTimer()
			for ; i > 0; i-- {
				<-q.work
				q.release(<-q.order)
			}
			b.StartTimer()
		}
	}
}

// BenchmarkPoolSubmit is the pool's own cost, without decoding and signature.
func BenchmarkPoolSubmit(b *testing.B) {
	raws := poolRaws(20_000)
	known := map[string]*types.Verified{}
	digests := make([]types.Hash, len(raws))
	for i, raw := range raws {
		v, _ := poolVerify(raw)
		known[string(raw)], digests[i] = v, v.Digest
	}
	verify := func(raw []byte) (*types.Verified, error) { return known[string(raw)], nil }
	p := NewPool(PoolConfig{MaxTxs: 50_000}, verify, poolKeep)
	defer func() { p.Close() }()
	i := 0
	for b.Loop() {
		if _, err := p.Submit(raws[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(raws) {
			b.StopTimer()
			p.Close()
			p, i = NewPool(PoolConfig{MaxTxs: 50_000}, verify, poolKeep), 0
			b.StartTimer()
		}
	}
}

func BenchmarkPoolPropose2000Of20000(b *testing.B) {
	for _, members := range []int{1, 100, 20_000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			p, _ := poolOpen(b, PoolConfig{MaxTxs: 50_000, LaneTxs: 50_000})
			for i := range 20_000 {
				poolSubmit(b, p, poolPlain(fmt.Sprintf("member-%d", i%members), i))
			}
			for b.Loop() {
				if got := len(p.Propose(4<<20, 2000, poolKeep)); got != 2000 {
					b.Fatal(got)
				}
			}
		})
	}
}

func BenchmarkPoolVerifyAllCached2000(b *testing.B) {
	raws := poolRaws(20_000)
	p, _ := poolFilled(b, raws)
	for b.Loop() {
		p.VerifyAll(raws[:2000])
	}
}

func BenchmarkPoolVerifyAllCold2000(b *testing.B) {
	d := types.NewDomain("test", types.Hash{1})
	raws := make([][]byte, 2000)
	for i := range raws {
		raws[i] = poolReal(b, d, "acme", i)
	}
	for b.Loop() {
		p := NewPool(PoolConfig{}, d.Verify, poolKeep)
		p.VerifyAll(raws)
		p.Close()
	}
}

func BenchmarkPoolCommitted2000(b *testing.B) {
	raws := poolRaws(20_000)
	digests := poolDigests(raws[:2000])
	p, _ := poolFilled(b, raws)
	for b.Loop() {
		p.Committed(poolStart, digests)
		b.StopTimer()
		poolSubmit(b, p, raws[:2000]...)
		b.StartTimer()
	}
}

func BenchmarkPoolReap(b *testing.B) {
	raws := poolRaws(20_000)
	p, _ := poolFilled(b, raws)
	p.Reap(64 << 20)
	for b.Loop() { // a full pool with nothing to send
		p.Reap(0)
	}
}

func BenchmarkPoolPeek(b *testing.B) {
	for _, bodies := range []int{1, 1000} {
		raw := poolUnsigned("acme", 1, bodies, poolStart, []byte("good"))
		b.Run(fmt.Sprintf("bodies=%d", bodies), func(b *testing.B) {
			for b.Loop() {
				poolPeek(raw)
			}
		})
	}
	// About the worst that a peer can send: a megabyte of small items, 16 arrays of zeros.
	worst := []byte{0x90}
	for range 16 {
		worst = append(append(worst, 0x99, 0xff, 0xf0), make([]byte, 0xfff0)...)
	}
	b.Run("worst", func(b *testing.B) {
		for b.Loop() {
			poolPeek(worst)
		}
	})
}
