package load

import (
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/caryaledger/carya/types"
)

// book follows every transaction from when it is due to when its block is seen.
type book struct {
	mu        sync.Mutex
	open      map[types.Hash]*item // handed to a node, or about to be, and in no block yet
	latency   *hdrhistogram.Histogram
	sent      int
	committed int
	bodies    int
	refused   map[types.Code]int
	busy      int // answers "not now"; each is sent again
	blocks    []blockSeen
	changed   chan struct{} // holds one token after open became smaller
}

// blockSeen is when a block arrived and what it held of ours.
type blockSeen struct {
	at     time.Time
	height int64
	txs    int
	bodies int
}

// Latencies are counted in microseconds up to ten minutes, which is as long as any
// transaction lives, with three digits.
const (
	latencyMost   = int64(10 * time.Minute / time.Microsecond)
	latencyDigits = 3
)

func newBook() *book {
	return &book{
		open:    map[types.Hash]*item{},
		latency: hdrhistogram.New(1, latencyMost, latencyDigits),
		refused: map[types.Code]int{},
		changed: make(chan struct{}, 1),
	}
}

// send enters transactions that are about to be sent.
func (b *book) send(items []*item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, it := range items {
		b.open[it.digest] = it
	}
	b.sent += len(items)
}

// refuse notes a transaction that a node turned away for good.
func (b *book) refuse(it *item, code types.Code) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ours := b.open[it.digest]; ours {
		b.close(it, code)
	}
}

func (b *book) close(it *item, code types.Code) {
	delete(b.open, it.digest)
	if code != types.OK {
		b.refused[code]++
	}
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

func (b *book) notNow(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy += n
}

// seen enters a block that arrived at a time.
func (b *book) seen(block *blockView, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := blockSeen{at: at, height: block.Height}
	for _, tx := range block.Txs {
		it, ours := b.open[tx.Digest]
		if !ours {
			continue
		}
		b.close(it, tx.Code)
		if tx.Code != types.OK {
			continue
		}
		s.txs++
		s.bodies += it.bodies
		b.latency.RecordValue(min(latencyMost, at.Sub(it.due).Microseconds()))
	}
	b.committed += s.txs
	b.bodies += s.bodies
	b.blocks = append(b.blocks, s)
}

// tally is the book's figures at one moment.
type tally struct {
	Sent, Committed, Bodies, Open, Busy int
	Refused                             map[types.Code]int
}

func (b *book) tally() tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	return tally{b.sent, b.committed, b.bodies, len(b.open), b.busy, maps.Clone(b.refused)}
}

// inFlight is how many transactions are on their way.
func (b *book) inFlight() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open)
}

// percentile returns a latency in milliseconds.
func (b *book) percentile(p float64) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return float64(b.latency.ValueAtPercentile(p)) / 1000
}

// throughput returns transactions and bodies committed a second between the first and
// the last block that arrived in the window. What the first block holds was collected
// before it and does not count; neither does what arrives after the window.
func (b *book) throughput(from, to time.Time) (txs, bodies float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return throughput(b.blocks, from, to)
}

func throughput(blocks []blockSeen, from, to time.Time) (txs, bodies float64) {
	var first, last time.Time
	var nt, nb int
	for _, s := range blocks {
		switch {
		case s.at.Before(from) || s.at.After(to) || first.IsZero() && s.txs == 0:
		case first.IsZero():
			first = s.at
		default:
			last, nt, nb = s.at, nt+s.txs, nb+s.bodies
		}
	}
	seconds := last.Sub(first).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return float64(nt) / seconds, float64(nb) / seconds
}
