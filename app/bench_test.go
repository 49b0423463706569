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
	for _, kind := range []string{"commission", "order"} {
		b.Run(kind, func(b *testing.B) {
			l := newLedger(b)
			defer l.close()
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				var txs []*types.Verified
				for range size {
					n++
					txs = append(txs, benchTx(l, kind, n))
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

func benchTx(l *ledger, kind string, n int) *types.Verified {
	if kind == "commission" {
		id := types.LotID(fmt.Sprintf("06901234000016.L%09d", n))
		return l.tx(coop, types.OnErrorRollback, object(types.ActionAdd, l.now, kg(id, 10)))
	}
	tr := newTrade(l, fmt.Sprint(n))
	return l.tx(shop, types.OnErrorRollback, &tr.order)
}

// BenchmarkGenesis begins a chain of seven members.
func BenchmarkGenesis(b *testing.B) {
	g := genesis()
	for b.Loop() {
		if _, err := app.Begin(g); err != nil {
			b.Fatal(err)
		}
	}
}
