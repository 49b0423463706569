package readmodel

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/caryaledger/carya/types"
)

// BenchmarkFollow takes over blocks as the Singles' Day load makes them: an order, its
// payment, its waybill and its declaration in four transactions within a few blocks. An
// operation is a transaction.
func BenchmarkFollow(b *testing.B) {
	for _, blocks := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d blocks at once", blocks), func(b *testing.B) { benchmarkFollow(b, blocks) })
	}
}

func benchmarkFollow(b *testing.B, together int) {
	const perBlock = 1500
	c := newChain(b, 1)
	m, err := Open(filepath.Join(b.TempDir(), "model"), c.view)
	check(b, err)
	defer m.Close()
	done := 0
	b.ResetTimer()
	for done < b.N {
		b.StopTimer()
		for range together {
			c.begin(c.height + 1)
			for i := range perBlock {
				c.season(done + i)
			}
			c.commit()
			done += perBlock
		}
		b.StartTimer()
		for m.Height() < c.height {
			_, err := m.step(b.Context(), c.journal)
			check(b, err)
		}
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "tx/s")
}

// season is the n-th transaction of the load; the four of an order are 1,200 apart.
func (c *chain) season(n int) {
	slots := []string{types.SlotOrder, types.SlotPayment, types.SlotWaybill, types.SlotDeclaration}
	kinds := []string{"RecordOrder", "RecordPayment", "RecordWaybill", "Declare"}
	round, part := n/4800, n%4800/1200
	order := round*1200 + n%1200
	member := fmt.Sprintf("platform-%d", order%10)
	tx := types.BlockTx{Digest: types.LeafHash(fmt.Append(nil, n)), Member: member, Kind: kinds[part], Bodies: 1, Codes: []types.Code{}}
	key := fmt.Sprintf("order/%s/01KB0Q7Z40N7DP%012d", member, order)
	r := &types.Order{}
	c.get(key, r)
	r.State = types.StatePartial
	tags := []types.Tag{{Name: types.TagAmount, Value: tx.Digest}, {Name: types.TagPayer, Value: tx.Digest}, {Name: types.TagConsignee, Value: tx.Digest}}
	r.Slots = append(r.Slots, types.Slot{Kind: slots[part], Member: member, ID: "01KB0Q7Z40N7DPSEYSB6DNYX4Q", Document: tx.Digest, Tags: tags})
	c.put(key, r, types.Event{Tx: tx.Digest, Kind: kinds[part], Member: member, Body: []byte{0xa0}})
	c.block.Txs = append(c.block.Txs, tx)
}
