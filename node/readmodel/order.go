package readmodel

import (
	"context"
	"database/sql"
	"strings"

	"github.com/caryaledger/carya/types"
)

// Order is a row of the list of orders.
type Order struct {
	ID        types.OrderID `json:"id" doc:"platform and ULID"`
	State     string        `json:"state"`
	Mismatch  int64         `json:"mismatch" doc:"code of the rule that failed, 0 if none"`
	Field     string        `json:"field" doc:"tag that did not agree"`
	Party     string        `json:"party" doc:"member whose document did not agree"`
	Payment   string        `json:"payment" doc:"payment company, empty before the payment"`
	Carrier   string        `json:"carrier" doc:"empty before the waybill"`
	Declarant string        `json:"declarant" doc:"empty before the declaration"`
	Decision  int64         `json:"decision" doc:"customs' last return status, 0 before any"`
	Height    int64         `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// OrderFilter narrows the list of orders; empty fields ask for nothing.
type OrderFilter struct{ Platform, State string }

func (w *writer) order(id string, value []byte, height int64) error {
	var r types.Order
	if err := types.DecodeState(value, &r); err != nil {
		return err
	}
	platform, ulid, _ := strings.Cut(id, "/")
	return w.add(tableOrders, platform, ulid, r.State, int64(r.Mismatch.Code), r.Mismatch.Field, r.Mismatch.Party,
		party(&r, types.SlotPayment), party(&r, types.SlotWaybill), party(&r, types.SlotDeclaration),
		int64(r.Decision), height)
}

func party(o *types.Order, slot string) string {
	if s := o.Slot(slot); s != nil {
		return s.Member
	}
	return ""
}

// Orders lists orders, by platform and time.
func (m *Model) Orders(ctx context.Context, f OrderFilter, p Page) ([]Order, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask(`SELECT platform || '/' || ulid, state, mismatch, field, party, payment, carrier, declarant,
		decision, height FROM orders`)
	q.equal("platform", f.Platform)
	q.equal("state", f.State)
	if f.State != types.StateReleased && f.State != "" {
		q.where("state <> 'RELEASED'") // word for word as in the index
	}
	platform, ulid, _ := strings.Cut(after, "/")
	q.where("(platform, ulid) > (?, ?)", platform, ulid)
	return list(ctx, m, q, "platform, ulid", p, scanOrder, func(r *Order) string { return string(r.ID) })
}

func scanOrder(rows *sql.Rows, r *Order) error {
	return rows.Scan(&r.ID, &r.State, &r.Mismatch, &r.Field, &r.Party, &r.Payment, &r.Carrier, &r.Declarant,
		&r.Decision, &r.Height)
}
