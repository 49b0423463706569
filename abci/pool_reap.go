package abci

import "container/list"

const (
	// poolReapBytes is how much Reap returns when it is given no bound.
	poolReapBytes = 1 << 20

	// poolRelayRate bounds, in bytes a second, what is gossiped again, and
	// poolRelayBurst what of it goes at once: under backlog every node holds the same
	// uncommitted transactions, and their repetition must not drown new ones.
	poolRelayRate  = 1 << 20
	poolRelayBurst = 256 << 10

	// poolRelays is the number of doublings of the interval between two repetitions:
	// 2 s become 17 minutes, longer than any transaction lives.
	poolRelays = 10
)

// poolGossip is the schedule of what to send to the peers. A transaction is in one of
// its lists: among the new ones of our own gateway, or, by how often it was repeated,
// among those to repeat. Since all of one list wait equally long, each is in order of
// time without sorting. The pool's lock guards it.
type poolGossip struct {
	fresh   list.List             // of *poolTx
	repeats [poolRelays]list.List // of *poolTx
	credit  int                   // bytes that may be repeated now
	counted int64                 // when the credit was last added to, Unix ms
}

// poolRelay is a transaction's place in the schedule.
type poolRelay struct {
	in    *list.List
	at    *list.Element
	times int   // how often it was repeated
	due   int64 // when it is repeated next, Unix ms
}

// add schedules a transaction: our own at once, one that came by gossip only when it
// is due, for in a consortium its sender has sent it to everybody.
func (g *poolGossip) add(tx *poolTx, due int64) {
	if tx.local {
		g.move(tx, &g.fresh)
		return
	}
	tx.due = due
	g.move(tx, &g.repeats[0])
}

func (g *poolGossip) move(tx *poolTx, to *list.List) {
	g.remove(tx)
	tx.in, tx.at = to, to.PushBack(tx)
}

func (g *poolGossip) remove(tx *poolTx) {
	if tx.in != nil {
		tx.in.Remove(tx.at)
	}
}

// refill adds the credit of the time that has passed.
func (g *poolGossip) refill(now int64) {
	passed := min(max(now-g.counted, 0), 1000)
	g.credit = min(g.credit+int(passed)*poolRelayRate/1000, poolRelayBurst)
	g.counted = now
}

// dueAt returns the transaction whose repetition is most overdue, or nil.
func (g *poolGossip) dueAt(now int64) *poolTx {
	var first *poolTx
	for i := range g.repeats {
		if e := g.repeats[i].Front(); e != nil {
			if tx := e.Value.(*poolTx); tx.due <= now && (first == nil || tx.due < first.due) {
				first = tx
			}
		}
	}
	return first
}

// Reap returns what to gossip now, at most maxBytes (0 = 1 MiB): first what came
// through our own gateway and was never sent, in order of arrival, then what is still
// uncommitted RelayAfter after it came or was first sent, with doubling intervals. A
// transaction larger than maxBytes comes alone, or it would never be sent.
func (p *Pool) Reap(maxBytes int) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if maxBytes <= 0 {
		maxBytes = poolReapBytes
	}
	now := p.cfg.Now()
	r := poolReap{gossip: &p.gossip, room: maxBytes, now: now, after: p.cfg.RelayAfter.Milliseconds()}
	r.gossip.refill(now)
	r.fresh()
	r.repeat()
	return r.txs
}

// poolReap is one call of Reap.
type poolReap struct {
	gossip     *poolGossip
	txs        [][]byte
	room       int
	now, after int64
}

func (r *poolReap) fresh() {
	g := r.gossip
	for e := g.fresh.Front(); e != nil; e = g.fresh.Front() {
		tx := e.Value.(*poolTx)
		if !r.take(tx) {
			return
		}
		tx.due = r.now + r.after
		g.move(tx, &g.repeats[0])
	}
}

// repeat may overdraw the credit by its last transaction, so that large ones go too.
func (r *poolReap) repeat() {
	g := r.gossip
	for g.credit > 0 {
		tx := g.dueAt(r.now)
		if tx == nil || !r.take(tx) {
			return
		}
		g.credit -= len(tx.Raw)
		tx.times = min(tx.times+1, poolRelays-1)
		tx.due = r.now + r.after<<tx.times
		g.move(tx, &g.repeats[tx.times])
	}
}

func (r *poolReap) take(tx *poolTx) bool {
	n := poolFramed(len(tx.Raw))
	if n > r.room && len(r.txs) > 0 {
		return false
	}
	r.txs = append(r.txs, tx.Raw)
	r.room -= n
	return true
}
