package abci

import (
	"container/heap"
	"container/list"
	"errors"

	"github.com/caryaledger/carya/types"
)

// poolSize counts transactions and their bytes.
type poolSize struct{ txs, bytes int }

func (s poolSize) plus(bytes int) poolSize  { return poolSize{s.txs + 1, s.bytes + bytes} }
func (s poolSize) minus(bytes int) poolSize { return poolSize{s.txs - 1, s.bytes - bytes} }
func (s poolSize) within(most poolSize) bool {
	return s.txs <= most.txs && s.bytes <= most.bytes
}

// laneFits says whether a lane that holds own takes n bytes more while all lanes
// together hold all of the whole. A lane never gets more than what is still free: so
// however many members flood, there is room left for the others (the dynamic threshold
// of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
func laneFits(own, all, whole poolSize, n int) bool {
	free := poolSize{whole.txs - all.txs, whole.bytes - all.bytes}
	return free.txs > 0 && n <= free.bytes && own.txs < free.txs && own.bytes < free.bytes
}

// poolTx is a transaction in the pool. Its fields are guarded by the pool's lock once
// it is inserted.
type poolTx struct {
	*types.Verified
	key      verdictKey
	local    bool // came through our own gateway
	lane     *poolLane
	waits    *list.Element // in lane.txs
	proposal uint64        // last proposal that picked or refused it
	expiry   int           // place in the heap of expiries
	poolRelay
}

func (tx *poolTx) expires() int64 { return tx.Transaction.Expires }

// poolLane is what one member has waiting.
type poolLane struct {
	member  string
	class   int
	held    poolSize
	txs     list.List     // of *poolTx, first in, first out
	turn    *list.Element // in Pool.turns[class]
	deficit int           // bytes that it may still put into a block, see poolProposal

	next *list.Element // where the proposal that is being made stands in txs
}

// The classes of lanes, in the order in which they are served.
const (
	laneFirst = iota
	laneRest
	laneClasses
)

// errPoolMoved says that a block was committed after the transaction was admitted.
var errPoolMoved = errors.New("a block was committed meanwhile")

// insert puts an admitted transaction at the end of its lane, unless the pool holds it
// already. commits is how many blocks the pool had seen before the admission.
func (p *Pool) insert(tx *poolTx, commits uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, have := p.txs[tx.Digest]; have {
		return nil
	}
	if commits != p.commits {
		return errPoolMoved
	}
	member, n := tx.Transaction.Member, len(tx.Raw)
	if !p.fits(member, n) {
		return p.busy(member)
	}
	tx.lane = p.laneOf(member)
	tx.waits = tx.lane.txs.PushBack(tx)
	tx.lane.held, p.held = tx.lane.held.plus(n), p.held.plus(n)
	p.txs[tx.Digest] = tx
	heap.Push(&p.expiries, tx)
	p.gossip.add(tx, p.cfg.Now()+p.cfg.RelayAfter.Milliseconds())
	p.verdicts.pin(tx.key, tx.Verified)
	return nil
}

// remove takes a transaction out of everything, and its lane if that was the last.
// The caller holds the lock.
func (p *Pool) remove(tx *poolTx) {
	l, n := tx.lane, len(tx.Raw)
	l.txs.Remove(tx.waits)
	l.held, p.held = l.held.minus(n), p.held.minus(n)
	if l.txs.Len() == 0 {
		p.turns[l.class].Remove(l.turn)
		delete(p.lanes, l.member)
	}
	delete(p.txs, tx.Digest)
	heap.Remove(&p.expiries, tx.expiry)
	p.gossip.remove(tx)
	p.verdicts.unpin(tx.key)
}

// laneOf returns a member's lane, opening it if need be. The caller holds the lock.
func (p *Pool) laneOf(member string) *poolLane {
	if l, ok := p.lanes[member]; ok {
		return l
	}
	l := &poolLane{member: member, class: laneRest}
	if p.cfg.First(member) {
		l.class = laneFirst
	}
	l.turn = p.turns[l.class].PushBack(l)
	p.lanes[member] = l
	return l
}

// fits says whether n bytes more of a member may come in. The caller holds the lock.
func (p *Pool) fits(member string, n int) bool {
	var own poolSize
	if l, ok := p.lanes[member]; ok {
		own = l.held
	}
	return own.plus(n).within(poolSize{p.cfg.LaneTxs, p.cfg.LaneBytes}) &&
		laneFits(own, p.held, poolSize{p.cfg.MaxTxs, p.cfg.MaxBytes}, n)
}

func (p *Pool) hasRoom(member string, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fits(member, n)
}

func (p *Pool) roomFor(member string, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fits(member, n) {
		return nil
	}
	return p.busy(member)
}

// busy explains what stood in the way. The caller holds the lock.
func (p *Pool) busy(member string) error {
	if l, ok := p.lanes[member]; ok {
		return types.Refuse(types.Busy, "", "%s has %d transactions (%d bytes) waiting and the pool holds %d of %d (%d bytes): send again after the next block",
			member, l.held.txs, l.held.bytes, p.held.txs, p.cfg.MaxTxs, p.held.bytes)
	}
	return types.Refuse(types.Busy, "", "the pool holds %d of %d transactions, %d of %d bytes: send again after the next block",
		p.held.txs, p.cfg.MaxTxs, p.held.bytes, p.cfg.MaxBytes)
}

// poolExpiries is a heap (container/heap) of the pool's transactions: what expires
// first is first.
type poolExpiries []*poolTx

func (e poolExpiries) Len() int           { return len(e) }
func (e poolExpiries) Less(i, j int) bool { return e[i].expires() < e[j].expires() }
func (e poolExpiries) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].expiry, e[j].expiry = i, j
}

// Push implements heap.Interface.
func (e *poolExpiries) Push(x any) {
	tx := x.(*poolTx)
	tx.expiry = len(*e)
	*e = append(*e, tx)
}

// Pop implements heap.Interface.
func (e *poolExpiries) Pop() any {
	last := len(*e) - 1
	tx := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	return tx
}
