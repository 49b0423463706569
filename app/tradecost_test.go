package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
)

// longTrade is a declared order with as many lines as a list can have, each of so many
// pieces, out of as many bonded books as there are lines.
func longTrade(l *ledger, number string, pieces uint64) *trade {
	l.t.Helper()
	const unit = 100_000
	tr := newTrade(l, number)
	tr.pieces, tr.list.Lines, tr.list.Mode = nil, nil, 1210
	for i := range types.MaxLines {
		name := types.BookName(types.Hash{3}, "T2991W000012", fmt.Sprint(i))
		l.must(zone, &types.CreditBook{Book: name, Entry: ulidAt(l, l.now), Quantity: int64(pieces) * unit, Document: types.Hash{1}})
		tr.pieces = append(tr.pieces, pieces)
		tr.list.Lines = append(tr.list.Lines, types.DeclaredLine{
			Anchor: types.ReturnAnchor(types.ReturnSeed(tr.seed, i), pieces),
			Book:   types.BookID(zone + "/" + name), Quantity: int64(pieces) * unit, Step: unit,
		})
	}
	tr.match()
	l.must(broker, &tr.list)
	return tr
}

// everyPiece returns every piece of every line. The tokens lead nowhere when forged.
func (tr *trade) everyPiece(name string, forged bool) *types.ReturnGoods {
	all := tr.comeBack(name, 0, 0, tr.pieces[0])
	for i := 1; i < len(tr.pieces); i++ {
		all.Lines = append(all.Lines, tr.comeBack("", i, 0, tr.pieces[i]).Lines...)
	}
	if forged {
		last := &all.Lines[len(all.Lines)-1]
		last.Token = types.Hash{1}
	}
	return all
}

// dearest are the trade bodies that make a node work most for their length: so many as
// fit into a block of 4 MiB, or as many as it takes to spend the block's work.
var dearest = []struct {
	name   string
	bodies int
	full   bool // they spend the block's work
	make   func(l *ledger) (who string, body types.Body)
}{
	{"a cancellation of another's long list", 40_000, true, func(l *ledger) (string, types.Body) {
		return agent, &types.Cancel{Order: longTrade(l, "N1", 1000).id, Document: types.Hash{1}}
	}},
	{"a payment for a long list", 18_000, true, func(l *ledger) (string, types.Body) {
		tr := longTrade(l, "N1", 1000)
		return pay, changed(tr.pay, func(p *types.RecordPayment) { p.Seq++ })
	}},
	{"a cancellation of another's short list", 40_000, false, func(l *ledger) (string, types.Body) {
		tr := newTrade(l, "N1")
		tr.match()
		l.must(broker, &tr.list)
		return agent, &types.Cancel{Order: tr.id, Document: types.Hash{1}}
	}},
	{"a return of 99,000 pieces that are not there", 500, true, func(l *ledger) (string, types.Body) {
		tr := longTrade(l, "N1", 1000)
		for _, status := range []uint64{120, 399, 800} {
			l.must(customs, tr.decision(status))
		}
		return broker, tr.everyPiece("all", true)
	}},
	{"a declaration of 99 lines that the books do not cover", 250, false, func(l *ledger) (string, types.Body) {
		longTrade(l, "N1", 1)
		tr := newTrade(l, "N2")
		tr.list.Mode = 1210
		tr.list.Lines = nil
		for i := range types.MaxLines {
			id := types.BookID(zone + "/" + types.BookName(types.Hash{3}, "T2991W000012", fmt.Sprint(i)))
			l.must(zone, &types.CreditBook{Book: string(id)[len(zone)+1:], Entry: ulidAt(l, l.now), Quantity: 1, Document: types.Hash{1}})
			tr.list.Lines = append(tr.list.Lines, types.DeclaredLine{Anchor: types.Hash{1}, Book: id, Quantity: 1 + int64(i)/98, Step: 1})
		}
		tr.match()
		return broker, &tr.list
	}},
}

// TestDearestBlocks: whatever fills a block, its work is bounded; the bodies that would be
// too many are refused before they cost anything. The time is told (-v), not tested.
func TestDearestBlocks(t *testing.T) {
	for _, c := range dearest {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger(t)
			defer l.close()
			who, body := c.make(l)
			begin := time.Now()
			codes := map[types.Code]int{}
			for _, r := range l.block(thousands(l, who, body, c.bodies)...) {
				for _, code := range r.Codes {
					codes[code]++
				}
				if len(r.Codes) == 0 {
					codes[r.Code] += min(c.bodies, 1000)
				}
			}
			t.Logf("%d bodies: %v in %s", c.bodies, codes, time.Since(begin).Round(time.Millisecond))
			if codes[types.OK] != 0 || (codes[types.BlockFull] > 0) != c.full {
				t.Errorf("%v", codes)
			}
			l.check()
		})
	}
}

// thousands says a body so many times, in transactions of a thousand.
func thousands(l *ledger, who string, body types.Body, n int) []*types.Verified {
	var txs []*types.Verified
	for ; n > 0; n -= 1000 {
		bodies := make([]types.Body, min(n, 1000))
		for i := range bodies {
			bodies[i] = body
		}
		txs = append(txs, l.tx(who, types.OnErrorProceed, bodies...))
	}
	return txs
}
