package chaintest

import (
	"testing"

	"github.com/caryaledger/carya/types"
)

// PrivateDocument is what the order of Town commits to.
var PrivateDocument = struct {
	Kind   string
	Fields []types.DocumentField
	Seed   types.Secret
}{
	"CEB311", []types.DocumentField{
		{Path: "Order/OrderHead/orderNo", Value: "T-1"}, {Path: "Order/OrderHead/buyerName", Value: "王小明"},
		{Path: "Order/OrderHead/acturalPaid", Value: "168.5"}, {Path: "Order/OrderList[0]/itemName", Value: "山核桃 <仁> & \u2028"},
	}, types.Secret{7},
}

// Town is a chain with a lot of three events in three blocks, an order that commits to PrivateDocument, five payments of
// one company, and two transactions, one of which was refused in part.
func Town(t testing.TB) *Chain {
	t.Helper()
	c := New(t)
	lot := func(quantity uint64, holder string) *types.Lot {
		return &types.Lot{
			ID: Lot, Unit: "KGM", Produced: 100_000_000, Consumed: 100_000_000 - quantity, Owner: "coop-linan",
			Commissioned: Start + 1000, Holdings: []types.Holding{{Member: holder, Quantity: quantity}},
		}
	}
	c.Put("lot/"+Lot, lot(100_000_000, "coop-linan"), c.Event(types.Hash{1}, 0, "coop-linan", types.Commissioning(Lot, 100_000_000, "KGM", Start+1000)))
	root, err := types.DocumentRoot(PrivateDocument.Kind, PrivateDocument.Fields, PrivateDocument.Seed)
	c.must(err)
	record := exampleBody[types.RecordOrder](t, "RecordOrder")
	record.Order, record.Document = Order[6:], root
	tx := c.Sign("lantu", types.Result{}, record)
	c.Put("order/"+Order, &types.Order{
		State: types.StatePartial,
		Slots: []types.Slot{{
			Kind: types.SlotOrder, Member: "lantu", ID: Order[6:], Time: Start, Seq: Start, Height: 2,
			Document: root, Tags: []types.Tag{{Name: types.TagAmount, Value: types.Hash{6}}},
		}},
	}, c.Event(tx.Digest, 0, "lantu", record))
	c.Commit(tx)
	offer := &types.OfferLot{Lot: Lot, To: "qianjiang-express", Deadline: Start + 3_600_000}
	other := c.Sign("coop-linan", types.Result{Code: types.Partial, Codes: []types.Code{types.OK, types.Overdraw}, Log: "too much"}, offer, offer)
	c.Put("lot/"+Lot, lot(100_000_000, "coop-linan"), c.Event(other.Digest, 0, "coop-linan", offer))
	for _, name := range []string{"01KB0Q7Z40N7DPSEYSB6DNYX40", "01KB0Q7Z40N7DPSEYSB6DNYX41", "01KB0Q7Z40N7DPSEYSB6DNYX42", "01KB0Q7Z40N7DPSEYSB6DNYX43", "01KC0Q7Z40N7DPSEYSB6DNYX44"} {
		c.Put("payment/tianmu-pay/"+name, &types.Document{Order: Order}, c.Event(types.Hash{4}, 0, "tianmu-pay", exampleBody[types.RecordPayment](t, "RecordPayment")))
	}
	c.Commit(other, c.Sign("lantu", types.Result{Code: types.Role}, record), c.Sign("tianmu-pay", types.Result{}, record))
	c.Put("lot/"+Lot, lot(65_000_000, "qianjiang-express"), c.Event(types.Hash{3}, 0, "qianjiang-express", &types.AcceptLot{Lot: Lot, From: "coop-linan"}))
	c.Commit()
	return c
}

// exampleBody returns a copy of the catalogue's example of a body.
func exampleBody[B any](t testing.TB, kind string) *B {
	t.Helper()
	k, ok := types.KindNamed(kind)
	if !ok {
		t.Fatalf("no kind %s", kind)
	}
	example, ok := any(k.Example()).(*B)
	if !ok {
		t.Fatalf("the example of %s is a %T", kind, k.Example())
	}
	body := *example
	return &body
}
