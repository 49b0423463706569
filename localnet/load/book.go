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
	ready     []*item              // due since what they waited for is in a block
	latency   *hdrhistogram.Histogram
	stages    [len(stages)]*hdrhistogram.Histogram // of each stage
	verdict   *hdrhistogram.Histogram              // from a batch's due time to the block that has all of its first stages
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
	stages [len(stages)]int // bodies of each
}

// Latencies are counted in microseconds up to ten minutes, which is as long as any
// transaction lives, with three digits.
const (
	latencyMost   = int64(10 * time.Minute / time.Microsecond)
	latencyDigits = 3
)

func newBook() *book {
	b := &book{
		open:    map[types.Hash]*item{},
		latency: hdrhistogram.New(1, latencyMost, latencyDigits),
		verdict: hdrhistogram.New(1, latencyMost, latencyDigits),
		refused: map[types.Code]int{},
		changed: make(chan struct{}, 1),
	}
	for i := range b.stages {
		b.stages[i] = hdrhistogram.New(1, latencyMost, latencyDigits)
	}
	return b
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
		if tx.Code != types.OK && tx.Code != types.Partial {
			b.close(it, tx.Code)
			continue
		}
		b.close(it, types.OK)
		bodies := it.bodies - b.refusedBodies(tx.Codes)
		s.txs++
		s.bodies += bodies
		s.stages[it.stage] += bodies
		took := micros(it.due, at)
		b.latency.RecordValue(took)
		b.stages[it.stage].RecordValues(took, int64(bodies))
		b.follow(it, at)
	}
	b.committed += s.txs
	b.bodies += s.bodies
	b.blocks = append(b.blocks, s)
}

// refusedBodies counts and notes the refused ones of a transaction's bodies.
func (b *book) refusedBodies(codes []types.Code) (n int) {
	for _, code := range codes {
		if code != types.OK {
			b.refused[code]++
			n++
		}
	}
	return n
}

// follow makes due what waited for a transaction only.
func (b *book) follow(it *item, at time.Time) {
	next := it.then
	if next == nil {
		return
	}
	if next.waits--; next.waits > 0 {
		return
	}
	if next.stage == atOnce {
		b.verdict.RecordValues(micros(it.due, at), int64(it.bodies))
	}
	next.due = at
	b.ready = append(b.ready, next)
}

func micros(from, to time.Time) int64 { return min(latencyMost, to.Sub(from).Microseconds()) }

// takeReady returns what has become due since it was last asked.
func (b *book) takeReady() []*item {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.ready
	b.ready = nil
	return items
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

// inFlight is how many transactions are on their way, or could be.
func (b *book) inFlight() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open) + len(b.ready)
}

// percentile returns a latency of one of the book's histograms in milliseconds.
func (b *book) percentile(h *hdrhistogram.Histogram, p float64) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return float64(h.ValueAtPercentile(p)) / 1000
}

// throughput returns transactions, bodies, and bodies of each stage committed a second
// between the first and the last block that arrived in the window. What the first block
// holds was collected before it and does not count; neither does what arrives after the
// window.
func (b *book) throughput(from, to time.Time) speed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return throughput(b.blocks, from, to)
}

// speed is what is committed a second.
type speed struct {
	txs, bodies float64
	stages      [len(stages)]float64 // bodies of each
}

func throughput(blocks []blockSeen, from, to time.Time) (v speed) {
	var first, last time.Time
	for _, s := range blocks {
		switch {
		case s.at.Before(from) || s.at.After(to) || first.IsZero() && s.txs == 0:
		case first.IsZero():
			first = s.at
		default:
			last = s.at
			v.add(s)
		}
	}
	seconds := last.Sub(first).Seconds()
	if seconds <= 0 {
		return speed{}
	}
	v.txs /= seconds
	v.bodies /= seconds
	for i := range v.stages {
		v.stages[i] /= seconds
	}
	return v
}

func (v *speed) add(s blockSeen) {
	v.txs += float64(s.txs)
	v.bodies += float64(s.bodies)
	for i, n := range s.stages {
		v.stages[i] += float64(n)
	}
}
