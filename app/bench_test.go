package app_test

import (
	"fmt"
	"testing"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/types"
)

// BenchmarkBlock executes blocks of 1,000 single-body transactions, the state's commit
// included, signatures excluded.
func BenchmarkBlock(b *testing.B) {
	const size = 1000
	for _, kind := range []struct {
		name string
		make func(l *ledger, n int) []types.Body
		who  string
	}{
		{"commission", benchCommission, coop},
		{"observe", benchObserve, coop},
		{"transform-2-2", benchTransform, coop},
		{"pack-100", benchPack, coop},
		{"order", benchOrder, shop},
		{"payment", benchPayment, pay},
		{"waybill", benchWaybill, carrier},
		{"grant", benchGrant, customs},
		{"declare", benchDeclare, broker},
		{"decide", benchDecide, customs},
	} {
		b.Run(kind.name, func(b *testing.B) {
			l := newLedger(b)
			defer l.close()
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				n++
				var txs []*types.Verified
				for _, body := range kind.make(l, n*size) {
					txs = append(txs, l.tx(kind.who, types.OnErrorRollback, body))
				}
				b.StartTimer()
				for _, r := range l.block(txs...) {
					if r.Code != types.OK {
						b.Fatal(r.Log)
					}
				}
				l.blocks = nil
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/size, "µs/tx")
		})
	}
}

// each makes a thousand bodies, numbered from first on.
func each(first int, body func(n int) types.Body) []types.Body {
	list := make([]types.Body, 1000)
	for i := range list {
		list[i] = body(first + i)
	}
	return list
}

func benchLot(item, n int) types.LotID { return lotOf(coop, item, fmt.Sprintf("L%09d", n)) }

func benchCommission(l *ledger, first int) []types.Body {
	return each(first, func(n int) types.Body { return object(types.ActionAdd, l.now, kg(benchLot(1, n), 10)) })
}

func benchObserve(l *ledger, first int) []types.Body {
	if l.lot(benchLot(1, 0)) == nil {
		l.all(coop, benchCommission(l, 0))
	}
	return each(first, func(n int) types.Body { return object(types.ActionObserve, l.now, kg(benchLot(1, n%1000), 0)) })
}

// benchTransform makes two lots of two, none of which another event has touched.
func benchTransform(l *ledger, first int) []types.Body {
	l.all(coop, each(first, func(n int) types.Body {
		return object(types.ActionAdd, l.now, kg(benchLot(1, n), 10), kg(benchLot(2, n), 10))
	}))
	return each(first, func(n int) types.Body {
		return transformation(l.now, list(kg(benchLot(1, n), 10), kg(benchLot(2, n), 10)), list(kg(benchLot(3, n), 10), kg(benchLot(4, n), 10)))
	})
}

// benchPack packs 100 boxes, which nobody has seen before, onto a pallet.
func benchPack(l *ledger, first int) []types.Body {
	return each(first, func(n int) types.Body {
		var boxes []types.UnitID
		for i := range 100 {
			boxes = append(boxes, bag(coop, 1, fmt.Sprintf("%d-%d", n, i)))
		}
		return packing(types.ActionAdd, l.now, pallet(coop, n), boxes)
	})
}

func benchOrder(l *ledger, first int) []types.Body {
	return bodiesOf(benchTrades(l, first), (*trade).recordOrder)
}

// The documents are about orders whose earlier documents stand in blocks of their own.
func benchPayment(l *ledger, first int) []types.Body {
	trades := benchTrades(l, first)
	l.all(shop, bodiesOf(trades, (*trade).recordOrder))
	return bodiesOf(trades, (*trade).recordPayment)
}

// benchWaybill makes the documents that the matching waits for.
func benchWaybill(l *ledger, first int) []types.Body {
	trades := benchTrades(l, first)
	l.all(shop, bodiesOf(trades, (*trade).recordOrder))
	l.all(pay, bodiesOf(trades, (*trade).recordPayment))
	return bodiesOf(trades, (*trade).recordWaybill)
}

func benchGrant(l *ledger, first int) []types.Body {
	trades := benchTrades(l, first)
	benchMatch(l, trades)
	return bodiesOf(trades, (*trade).grantQuota)
}

func benchDeclare(l *ledger, first int) []types.Body {
	trades := benchTrades(l, first)
	benchMatch(l, trades)
	l.all(customs, bodiesOf(trades, (*trade).grantQuota))
	return bodiesOf(trades, (*trade).declare)
}

func benchDecide(l *ledger, first int) []types.Body {
	trades := benchTrades(l, first)
	benchMatch(l, trades)
	l.all(customs, bodiesOf(trades, (*trade).grantQuota))
	l.all(broker, bodiesOf(trades, (*trade).declare))
	return bodiesOf(trades, (*trade).accept)
}

func benchMatch(l *ledger, trades []*trade) {
	l.all(shop, bodiesOf(trades, (*trade).recordOrder))
	l.all(pay, bodiesOf(trades, (*trade).recordPayment))
	l.all(carrier, bodiesOf(trades, (*trade).recordWaybill))
}

// benchTrades makes a thousand orders, numbered from first on.
func benchTrades(l *ledger, first int) []*trade {
	all := make([]*trade, 1000)
	for i := range all {
		all[i] = newTrade(l, fmt.Sprint(first+i))
	}
	return all
}

func bodiesOf(trades []*trade, body func(*trade) types.Body) []types.Body {
	list := make([]types.Body, len(trades))
	for i, tr := range trades {
		list[i] = body(tr)
	}
	return list
}

func (tr *trade) recordOrder() types.Body   { return &tr.order }
func (tr *trade) recordPayment() types.Body { return &tr.pay }
func (tr *trade) recordWaybill() types.Body { return &tr.bill }
func (tr *trade) grantQuota() types.Body    { return tr.grant() }
func (tr *trade) declare() types.Body       { return &tr.list }
func (tr *trade) accept() types.Body        { return tr.decision(types.StatusAccept) }

// BenchmarkReturnAnchor commits to the lines of a list: what a declarant pays for each, and
// a node for the return of all pieces.
func BenchmarkReturnAnchor(b *testing.B) {
	for _, quantity := range []int64{1, 10, types.MaxPieces} {
		b.Run(fmt.Sprintf("%d-pieces", quantity), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				pieces, _ := types.Pieces(quantity * 100_000)
				if types.ReturnAnchor(types.ReturnSeed(types.Secret{7}, i), pieces).IsZero() {
					b.Fatal("no anchor")
				}
			}
		})
	}
}

// BenchmarkRecall recalls a lot with 10,000 descendants, with as many further blocks as
// that takes.
func BenchmarkRecall(b *testing.B) {
	for _, shape := range []struct {
		name string
		grow func(l *ledger)
	}{
		{"thousand-each", func(l *ledger) { family(l, green, 10_000) }},
		{"one-each", func(l *ledger) { growSingly(l, 10_000) }},
		{"chain", func(l *ledger) { growChain(l, 10_000) }},
	} {
		b.Run(shape.name, func(b *testing.B) {
			l := newLedger(b)
			defer l.close()
			shape.grow(l)
			n, blocks := 0, 0
			for b.Loop() {
				n++
				l.must(coop, &types.OpenRecall{Recall: fmt.Sprint("r", n), Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "r"})
				ref := fmt.Sprint(coop, "/r", n)
				for blocks++; ; blocks++ {
					if s := record[types.Spread](l, "mark/recall/"+ref); s == nil || len(s.Front) == 0 {
						break
					}
					l.must(coop, &types.ContinueMark{Kind: types.MarkRecall, Ref: ref})
				}
				b.StopTimer()
				l.must(coop, &types.CloseRecall{Recall: types.RecallID(ref)})
				b.StartTimer()
				l.blocks = nil
			}
			b.ReportMetric(float64(blocks)/float64(n), "blocks")
		})
	}
}

func growSingly(l *ledger, n int) {
	l.must(coop, object(types.ActionAdd, l.now, kg(green, uint64(n))))
	for first := 0; first < n; first += 1000 {
		l.all(coop, each(first, func(n int) types.Body {
			return transformation(l.now, list(kg(green, 1)), list(kg(benchLot(2, n), 1)))
		}))
	}
}

func growChain(l *ledger, n int) {
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 1)))
	from := green
	for first := 0; first < n; first += 1000 {
		l.all(coop, each(first, func(n int) types.Body {
			body := transformation(l.now, list(kg(from, 1)), list(kg(benchLot(2, n), 1)))
			from = benchLot(2, n)
			return body
		}))
	}
}

// BenchmarkGenesis begins the chain of the tests.
func BenchmarkGenesis(b *testing.B) {
	g := genesis()
	for b.Loop() {
		if _, err := app.Begin(g); err != nil {
			b.Fatal(err)
		}
	}
}
