package abci

import (
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types"
)

const (
	poolInboundBytes = 16 << 20 // of gossiped transactions that wait for a worker
	poolParkedTxs    = 1024     // of gossiped transactions that wait for the next block
	poolParkedBytes  = 4 << 20

	// poolTries is how often a gossiped transaction asks to be let in: when it arrives
	// and after each of the next blocks.
	poolTries = 4
)

// poolJob is a gossiped transaction on its way into the pool.
type poolJob struct {
	key    verdictKey
	raw    []byte
	member string // whose it claims to be
	tries  int

	tx   *types.Verified // what the worker found, to be read after done is closed
	err  error
	done chan struct{}
}

// poolInbound is the queue between gossip and the pool. Several workers verify its
// transactions at once, but they enter the pool one by one, in the order in which they
// were enqueued: a member's later transactions may depend on the earlier ones.
//
// A transaction that verifies but is not admitted, or finds its lane full, is parked
// and tried again after the next blocks: the peer may be a block ahead of this node,
// and CometBFT will not deliver it a second time.
type poolInbound struct {
	work  chan *poolJob // to the workers
	order chan *poolJob // to the one that lets them in

	mu          sync.Mutex // guards all below
	closed      bool
	whole       poolSize
	waiting     poolSize // jobs from push to release; never more than the channels hold
	claims      map[string]poolSize
	keys        map[verdictKey]struct{}
	parked      []*poolJob
	parkedBytes int
}

func newPoolInbound(queue int) *poolInbound {
	return &poolInbound{
		work: make(chan *poolJob, queue), order: make(chan *poolJob, queue),
		whole:  poolSize{queue, poolInboundBytes},
		claims: map[string]poolSize{}, keys: map[verdictKey]struct{}{},
	}
}

// push enqueues a job and reports false when the queue is full, or full enough of what
// claims to be the same member's. What is enqueued already counts as enqueued.
func (q *poolInbound) push(job *poolJob) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pushLocked(job)
}

func (q *poolInbound) pushLocked(job *poolJob) bool {
	if _, have := q.keys[job.key]; have {
		return true
	}
	own, n := q.claims[job.member], len(job.raw)
	if q.closed || !laneFits(own, q.waiting, q.whole, n) {
		return false
	}
	q.keys[job.key] = struct{}{}
	q.claims[job.member], q.waiting = own.plus(n), q.waiting.plus(n)
	job.done = make(chan struct{})
	// Neither send can block: both channels have room for all that waiting counts.
	q.order <- job
	q.work <- job
	return true
}

// release forgets a job that is through.
func (q *poolInbound) release(job *poolJob) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(job.raw)
	delete(q.keys, job.key)
	q.waiting = q.waiting.minus(n)
	if own := q.claims[job.member].minus(n); own.txs > 0 {
		q.claims[job.member] = own
	} else {
		delete(q.claims, job.member)
	}
}

// park puts a job aside until the next block, if there is room.
func (q *poolInbound) park(job *poolJob) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if job.tries >= poolTries || len(q.parked) >= poolParkedTxs || q.parkedBytes+len(job.raw) > poolParkedBytes {
		return
	}
	q.parked = append(q.parked, job)
	q.parkedBytes += len(job.raw)
}

// retry enqueues what was parked again.
func (q *poolInbound) retry() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, job := range q.parked {
		q.pushLocked(job)
	}
	q.parked, q.parkedBytes = nil, 0
}

func (q *poolInbound) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.work)
		close(q.order)
	}
}

func (q *poolInbound) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// verifyInbound is a worker.
func (p *Pool) verifyInbound() {
	for job := range p.inbound.work {
		if job.tx == nil && !p.inbound.isClosed() {
			p.verifyJob(job)
		}
		close(job.done)
	}
}

// verifyJob looks again for a verdict: a proposal may have brought the transaction since.
func (p *Pool) verifyJob(job *poolJob) {
	if known := p.verdicts.get(job.key); known.tx != nil || known.err != nil {
		job.tx, job.err = known.tx, known.err
		return
	}
	if job.tx, job.err = p.verify(job.raw); job.err != nil {
		p.verdicts.refuse(job.key, job.err)
	}
}

// settleInbound lets verified transactions into the pool, in order of their arrival.
func (p *Pool) settleInbound() {
	for job := range p.inbound.order {
		<-job.done
		if job.tx != nil && job.err == nil {
			p.settle(job)
		}
		p.inbound.release(job)
	}
}

func (p *Pool) settle(job *poolJob) {
	err := p.enter(&poolTx{Verified: job.tx, key: job.key})
	if err != nil && !poolHopeless(err) {
		job.tries++
		p.inbound.park(job)
	}
}

// poolHopeless says whether a refusal by the state holds for ever.
func poolHopeless(err error) bool {
	code, ok := types.CodeOf(err)
	return ok && (code == types.TxExpired || code == types.Replayed)
}

// poolPeek reads whose a transaction claims to be, without verifying anything: 0.7 µs
// where decoding takes 2 to 6 and the signature 43. It is "" for what is no transaction.
func poolPeek(raw []byte) string {
	var w struct {
		Transaction struct {
			Member string `json:"member"`
		} `json:"transaction"`
	}
	if cbor.Unmarshal(raw, &w) != nil {
		return ""
	}
	return w.Transaction.Member
}
