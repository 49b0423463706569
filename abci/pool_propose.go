package abci

import (
	"container/list"
	"math/bits"

	"github.com/caryaledger/carya/types"
)

const (
	// poolQuantum is what a lane may put into a block, in bytes, each time its turn
	// comes: one to five typical transactions.
	poolQuantum = 1 << 10

	// poolPasses bounds how often Propose fills up the room of refused transactions, and
	// with it how often it asks: poolPasses times as often as transactions fit in a block.
	poolPasses = 4
)

// poolFramed is the size of a transaction of n bytes in a block: it stands there in a
// repeated protobuf field, with one byte of tag and its length as a varint
// (cometbft/types.ComputeProtoSizeForTxs).
func poolFramed(n int) int {
	return 1 + (bits.Len(uint(n)|1)+6)/7 + n
}

// Propose picks the transactions of a block: at most maxTxs (0 = any number), with
// their framing at most maxBytes. Members whom First names come first, but leave a
// quarter to the others; then the lanes take turns by bytes, so that a member with
// large transactions gets no more than one with small ones. In a lane the oldest comes
// first.
//
// keep is asked about every one, at the block's time. What it refuses is left out: for
// good if it has expired or was executed, otherwise it goes to the end of its lane. All
// others stay in the pool until they are Committed.
func (p *Pool) Propose(maxBytes, maxTxs int, keep func(*types.Verified) error) [][]byte {
	if maxTxs <= 0 {
		maxTxs = p.cfg.MaxTxs
	}
	b := &poolProposal{whole: maxBytes, left: poolSize{maxTxs, maxBytes}}
	for range poolPasses {
		asked := len(b.picked)
		p.pick(b)
		refused := b.ask(asked, keep)
		if len(refused) == 0 {
			break
		}
		p.setAside(refused)
	}
	raws := make([][]byte, len(b.picked))
	for i, tx := range b.picked {
		raws[i] = tx.Raw
	}
	return raws
}

// poolProposal is a block in the making. Lanes are served by deficit round robin
// (Shreedhar and Varghese, SIGCOMM 1995): at its turn a lane is credited a quantum of
// bytes and puts in what its credit covers. The credit outlives the proposal, or a
// large transaction would never collect enough beside many lanes of small ones.
type poolProposal struct {
	number uint64
	whole  int      // bytes of the empty block
	left   poolSize // what may still come in
	picked []*poolTx
}

// pick fills the block, as if everything were to be kept, and marks what it took.
func (p *Pool) pick(b *poolProposal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.number == 0 {
		p.proposals++
		b.number = p.proposals
	}
	var reserve poolSize
	if p.turns[laneRest].Len() > 0 {
		reserve = poolSize{b.left.txs / 4, b.left.bytes / 4}
	}
	b.serve(&p.turns[laneFirst], reserve)
	b.serve(&p.turns[laneRest], poolSize{})
	b.serve(&p.turns[laneFirst], poolSize{})
}

// serve gives the lanes of a class their turns until none has room for its next
// transaction, but for the reserve, or the lanes have no more. Next time the first lane
// that was denied room begins.
func (b *poolProposal) serve(turns *list.List, reserve poolSize) {
	active := make([]*poolLane, 0, turns.Len())
	for e := turns.Front(); e != nil; e = e.Next() {
		l := e.Value.(*poolLane)
		l.next = l.txs.Front()
		active = append(active, l)
	}
	var denied *poolLane
	for room := true; room; {
		room = false
		again := active[:0]
		for _, l := range active {
			end := b.turn(l, reserve)
			if end == laneDenied && denied == nil {
				denied = l
			}
			if end == laneAgain || end == laneSaves {
				again = append(again, l)
			}
			room = room || end == laneAgain
		}
		active = again
	}
	laneBegin(turns, denied)
}

// laneBegin turns the lanes so that one of them is the first.
func laneBegin(turns *list.List, first *poolLane) {
	if first == nil {
		return
	}
	for e := turns.Front(); e != first.turn; e = turns.Front() {
		turns.MoveToBack(e)
	}
}

// How a lane's turn ended.
const (
	laneDone   = iota // nothing more is waiting
	laneAgain         // its credit is used up, there is room for its next transaction
	laneSaves         // neither credit nor room: it goes on saving while others have turns
	laneDenied        // credit, but no room
)

// turn credits a lane and takes what the credit covers.
func (b *poolProposal) turn(l *poolLane, reserve poolSize) int {
	credited := false
	for ; l.next != nil; l.next = l.next.Next() {
		tx := l.next.Value.(*poolTx)
		n := poolFramed(len(tx.Raw))
		if tx.proposal == b.number || n > b.whole {
			continue // taken or refused already; or larger than any block: it must not stop its lane
		}
		if n > l.deficit && !credited {
			l.deficit, credited = l.deficit+poolQuantum, true
		}
		switch room := b.hasRoom(n, reserve); {
		case n > l.deficit && room:
			return laneAgain
		case n > l.deficit:
			return laneSaves
		case !room:
			return laneDenied
		}
		l.deficit -= n
		b.take(tx, n)
	}
	l.deficit = 0
	return laneDone
}

// hasRoom keeps the reserve free, except that the first transaction may be any size.
func (b *poolProposal) hasRoom(n int, reserve poolSize) bool {
	if len(b.picked) == 0 {
		reserve = poolSize{}
	}
	return poolSize{1, n}.within(poolSize{b.left.txs - reserve.txs, b.left.bytes - reserve.bytes})
}

func (b *poolProposal) take(tx *poolTx, n int) {
	tx.proposal = b.number
	b.left = b.left.minus(n)
	b.picked = append(b.picked, tx)
}

// poolRefused is a transaction that keep refused.
type poolRefused struct {
	*poolTx
	err error
}

// ask asks about what was picked from place i on, without the pool's lock, and gives
// the room of what is refused back.
func (b *poolProposal) ask(i int, keep func(*types.Verified) error) (refused []poolRefused) {
	kept := b.picked[:i]
	for _, tx := range b.picked[i:] {
		if err := keep(tx.Verified); err != nil {
			refused = append(refused, poolRefused{tx, err})
			b.left.txs++
			b.left.bytes += poolFramed(len(tx.Raw))
		} else {
			kept = append(kept, tx)
		}
	}
	b.picked = kept
	return refused
}

// setAside drops what can never be valid and lets the others wait behind their lanes,
// where they do not stand in the way of good ones.
func (p *Pool) setAside(refused []poolRefused) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range refused {
		switch {
		case p.txs[r.Digest] != r.poolTx: // gone meanwhile
		case poolHopeless(r.err):
			p.remove(r.poolTx)
		default:
			r.lane.txs.MoveToBack(r.waits)
		}
	}
}
