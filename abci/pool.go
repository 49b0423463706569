package abci

import (
	"cmp"
	"container/list"
	"crypto/sha256"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caryaledger/carya/types"
)

// PoolConfig bounds a Pool. A zero field means its default. Bytes are those of encoded
// transactions; decoded they take a few times as much.
type PoolConfig struct {
	// MaxTxs and MaxBytes bound the whole pool: 20,000 and 64 MiB.
	MaxTxs, MaxBytes int

	// LaneTxs and LaneBytes bound what one member may have waiting: a quarter of the
	// whole, so that no member can fill the pool. LaneBytes below types.MaxTxBytes shuts
	// out the largest transactions.
	LaneTxs, LaneBytes int

	// Workers is how many goroutines verify gossiped transactions, and how many of our
	// own gateway's are verified at a time besides: GOMAXPROCS.
	Workers int

	// Queue is how many gossiped transactions may wait for a worker: 4096.
	Queue int

	// RelayAfter is when a transaction that is still uncommitted is gossiped again: 2 s.
	RelayAfter time.Duration

	// Now is the clock, Unix milliseconds.
	Now func() int64

	// First names the members whose lanes are served first: nobody. It is asked when a
	// lane opens, with the pool's lock held: it must be quick and not call the pool.
	First func(member string) bool
}

func (c PoolConfig) withDefaults() PoolConfig {
	c.MaxTxs = cmp.Or(c.MaxTxs, 20_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	c.LaneTxs = cmp.Or(c.LaneTxs, max(c.MaxTxs/4, 1))
	c.LaneBytes = cmp.Or(c.LaneBytes, c.MaxBytes/4)
	c.Workers = max(cmp.Or(c.Workers, runtime.GOMAXPROCS(0)), 1)
	c.Queue = cmp.Or(c.Queue, 4096)
	c.RelayAfter = cmp.Or(c.RelayAfter, 2*time.Second)
	if c.Now == nil {
		c.Now = func() int64 { return time.Now().UnixMilli() }
	}
	if c.First == nil {
		c.First = func(string) bool { return false }
	}
	return c
}

// poolWaiting is how many Submit calls may wait for a verification, for each Worker.
const poolWaiting = 128

// Pool holds verified transactions until a block takes them: our own mempool behind
// CometBFT's mempool.type = "app". Every member has a lane in it, bounded and first in,
// first out; blocks are filled from the lanes in turn. What the pool has accepted stays
// until it is committed or expires. All methods may be called at any time, by anybody.
//
// The *types.Verified that it hands out are shared: nobody may change them.
type Pool struct {
	cfg    PoolConfig
	verify func(raw []byte) (*types.Verified, error)
	admit  func(*types.Verified) error

	verdicts *poolVerdicts // has its own lock, which may be taken while mu is held, never the other way
	inbound  *poolInbound  // has its own lock, which is never held together with mu
	slots    chan struct{} // one for each verification that Submit does at a time
	waiting  atomic.Int64  // Submit calls that have a slot or wait for one
	workers  sync.WaitGroup

	mu         sync.Mutex // guards all below; never held while verifying or admitting
	txs        map[types.Hash]*poolTx
	lanes      map[string]*poolLane
	turns      [laneClasses]list.List // the lanes, *poolLane, in the order in which they are served
	held       poolSize               // of all lanes
	expiries   poolExpiries
	gossip     poolGossip
	proposals  uint64 // how many times Propose was called
	commits    uint64 // how many times Committed was called
	lastCommit int64
}

// NewPool starts a pool; Close stops it. verify is the expensive check of a
// transaction's bytes, which needs no state; admit is the cheap check against the last
// committed state. Both return a *types.Refusal and are called by many goroutines.
func NewPool(cfg PoolConfig, verify func(raw []byte) (*types.Verified, error), admit func(*types.Verified) error) *Pool {
	p := poolIdle(cfg.withDefaults(), verify, admit)
	for range p.cfg.Workers {
		p.workers.Go(p.verifyInbound)
	}
	p.workers.Go(p.settleInbound)
	return p
}

// poolIdle makes a pool without its workers.
func poolIdle(cfg PoolConfig, verify func(raw []byte) (*types.Verified, error), admit func(*types.Verified) error) *Pool {
	return &Pool{
		cfg: cfg, verify: verify, admit: admit,
		verdicts:   newPoolVerdicts(),
		inbound:    newPoolInbound(cfg.Queue),
		slots:      make(chan struct{}, cfg.Workers),
		txs:        map[types.Hash]*poolTx{},
		lanes:      map[string]*poolLane{},
		lastCommit: cfg.Now(),
	}
}

// Close stops the workers and waits for them. Gossiped transactions that still wait
// are dropped; their senders keep them.
func (p *Pool) Close() {
	p.inbound.close()
	p.workers.Wait()
}

// Submit takes a transaction from this node's own gateway: it verifies, admits and
// inserts it on the caller's goroutine, and gossips it. Submitting what is already in
// the pool is a success. Errors are refusals; Busy means that the same bytes may be
// sent again later (RetryAfter says when). raw must not be changed afterwards.
func (p *Pool) Submit(raw []byte) (*types.Verified, error) {
	key := verdictKey(sha256.Sum256(raw))
	known := p.verdicts.get(key)
	if known.err != nil || known.pooled {
		return known.tx, known.err
	}
	if known.tx == nil {
		// A full pool or lane answers before the signature costs anything. The member's
		// name is only claimed yet: that can spare a sender work, never harm another.
		if err := p.roomFor(poolPeek(raw), len(raw)); err != nil {
			return nil, err
		}
		if known.tx, known.err = p.verifyInTurn(key, raw); known.err != nil {
			return nil, known.err
		}
	}
	if err := p.enter(&poolTx{Verified: known.tx, key: key, local: true}); err != nil {
		return nil, err
	}
	return known.tx, nil
}

// verifyInTurn bounds how many callers verify at once and how many wait to, so that a
// storm of requests can neither starve consensus nor pile up.
func (p *Pool) verifyInTurn(key verdictKey, raw []byte) (*types.Verified, error) {
	defer p.waiting.Add(-1)
	if n := p.waiting.Add(1); n > int64(p.cfg.Workers*(1+poolWaiting)) {
		return nil, types.Refuse(types.Busy, "", "%d transactions wait to be verified; send again in a moment", n-1)
	}
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	v, err := p.verify(raw)
	if err != nil {
		p.verdicts.refuse(key, err)
	}
	return v, err
}

// enter admits a verified transaction and puts it into its lane. When a block commits
// in between, it is admitted again: a transaction of that block must not come back.
func (p *Pool) enter(tx *poolTx) error {
	err := p.admitAndInsert(tx)
	for err == errPoolMoved {
		err = p.admitAndInsert(tx)
	}
	if tx.lane == nil {
		// These bytes are not in the pool; sent again, they need not be verified again.
		p.verdicts.keep(tx.key, tx.Verified)
	}
	return err
}

func (p *Pool) admitAndInsert(tx *poolTx) error {
	commits, have := p.look(tx.Digest)
	if have {
		return nil
	}
	if err := p.admit(tx.Verified); err != nil {
		return err
	}
	return p.insert(tx, commits)
}

// Insert takes a transaction from gossip, on the goroutine that also carries that
// peer's votes: it checks size and duplicates and enqueues, never blocks and never
// verifies. It answers OK for what needs no sending again (TooLarge for what CometBFT
// should have stopped) and Busy when the pool, the member's lane or the queue is full.
//
// CometBFT remembers bytes that were answered OK and never delivers them again, so what
// is answered OK is only given up when it is refused for good; see poolInbound.
func (p *Pool) Insert(raw []byte) types.Code {
	if len(raw) > types.MaxTxBytes {
		return types.TooLarge
	}
	key := verdictKey(sha256.Sum256(raw))
	known := p.verdicts.get(key)
	if known.err != nil || known.pooled {
		return types.OK
	}
	member := poolPeek(raw)
	if !p.hasRoom(member, len(raw)) || !p.inbound.push(&poolJob{key: key, raw: raw, member: member, tx: known.tx}) {
		return types.Busy
	}
	return types.OK
}

// Has reports whether the transaction with that digest is in the pool.
func (p *Pool) Has(digest types.Hash) bool {
	_, have := p.look(digest)
	return have
}

func (p *Pool) look(digest types.Hash) (commits uint64, have bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, have = p.txs[digest]
	return p.commits, have
}

// Committed drops the transactions of a committed block and all that expired before
// its time, Unix milliseconds. It must be called after admit sees the block's state.
func (p *Pool) Committed(blockTime int64, digests []types.Hash) {
	p.drop(blockTime, digests)
	p.inbound.retry()
}

func (p *Pool) drop(blockTime int64, digests []types.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commits++
	p.lastCommit = p.cfg.Now()
	for _, d := range digests {
		if tx, ok := p.txs[d]; ok {
			p.remove(tx)
		}
	}
	for len(p.expiries) > 0 && p.expiries[0].expires() < blockTime {
		p.remove(p.expiries[0])
	}
}

// Status says how full the pool is.
func (p *Pool) Status() types.PoolStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return types.PoolStatus{Transactions: p.held.txs, Bytes: p.held.bytes, Lanes: len(p.lanes), Capacity: p.cfg.MaxTxs}
}

// RetryAfter says when a client that was told Busy should try again: in a second while
// blocks make room, later the longer none has, at most 30 seconds.
func (p *Pool) RetryAfter() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := time.Duration(p.cfg.Now()-p.lastCommit) * time.Millisecond
	return min(max(since.Round(time.Second), time.Second), 30*time.Second)
}
