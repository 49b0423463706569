package readmodel

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
)

// Order is a row of the list of orders. Times are Unix milliseconds.
type Order struct {
	ID        types.OrderID `json:"id" doc:"platform and ULID"`
	State     string        `json:"state" doc:"as of the last block's time, so that an order can be STALE or LAPSED without a transaction"`
	Until     int64         `json:"until" doc:"when PARTIAL becomes STALE or MATCHED becomes LAPSED, 0 in other states"`
	Flow      string        `json:"flow" doc:"import or export, empty before the platform has recorded the order"`
	Payment   string        `json:"payment" doc:"payment company, empty before the payment"`
	Carrier   string        `json:"carrier" doc:"empty before the waybill"`
	Declarant string        `json:"declarant" doc:"empty while no declaration is live"`
	Mismatch  int64         `json:"mismatch" doc:"code of the rule that failed, 0 if none"`
	Field     string        `json:"field" doc:"tag that did not agree"`
	Party     string        `json:"party" doc:"member whose document did not agree"`
	Quota     string        `json:"quota" doc:"state of customs' grant for the buyer: refused, reserved, used, settled or freed; empty before any"`
	Expires   int64         `json:"expires" doc:"when a reserved grant expires, 0 if never"`
	Office    string        `json:"office" doc:"customs office of the last declaration, empty before any"`
	Mode      int64         `json:"mode" doc:"customs procedure of that declaration, 0 before any"`
	Decision  int64         `json:"decision" doc:"the office's last return status, 0 before any"`
	Reason    int64         `json:"reason" doc:"official error code with status 100, 0 if none"`
	Cancel    bool          `json:"cancel" doc:"whether a request to cancel the declaration waits for the office"`
	Return    string        `json:"return" doc:"ULID of the return that waits for the office or for its goods, empty if none"`
	Height    int64         `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// OrderFilter narrows the list of orders; empty fields ask for nothing.
type OrderFilter struct {
	Platform string
	States   []string // any of them, as types.Order.StateAt tells them at the last block's time
	Flow     string
	Office   string // customs office of the last declaration
	Member   string // who recorded any of its documents
}

func (w *writer) order(id string, value []byte, height int64) error {
	var r types.Order
	if err := types.DecodeState(value, &r); err != nil {
		return err
	}
	quota, clearance := types.Quota{}, types.Clearance{}
	if len(r.Quota) > 0 {
		quota = r.Quota[0]
	}
	if len(r.Clearance) > 0 {
		clearance = r.Clearance[0]
	}
	platform, ulid, _ := strings.Cut(id, "/")
	return w.add(tableOrders, platform, ulid, r.State, r.Until, r.Flow,
		party(&r, types.SlotPayment), party(&r, types.SlotWaybill), party(&r, types.SlotDeclaration),
		int64(r.Mismatch.Code), r.Mismatch.Field, r.Mismatch.Party, quota.State, quota.Expires,
		clearance.Office, int64(clearance.Mode), int64(clearance.Status), clearance.Reason, !clearance.Cancel.IsZero(),
		openReturn(&r), height)
}

func party(o *types.Order, slot string) string {
	if s := o.Slot(slot); s != nil {
		return s.Member
	}
	return ""
}

// openReturn is the return that waits for a decision or for its goods, "" if none does.
func openReturn(o *types.Order) string {
	for i := range o.Returns {
		if s := o.Returns[i].Status; s == 0 || s == types.StatusAudit {
			return o.Returns[i].Return
		}
	}
	return ""
}

// Orders lists orders, by platform and time.
func (m *Model) Orders(ctx context.Context, f OrderFilter, p Page) ([]Order, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	for _, s := range f.States {
		if !slices.Contains(types.States, s) {
			return nil, "", types.Refuse(types.FieldInvalid, "state", "%.40q: one of %s", s, strings.Join(types.States, ", "))
		}
	}
	return list(ctx, m, f.question(after), "platform, ulid", p, scanOrder, func(r *Order) string { return string(r.ID) })
}

// question asks for each state by itself: so the index gives each in the list's order,
// and SQLite merges them instead of sorting all that there are for every page.
func (f *OrderFilter) question(after string) *question {
	if len(f.States) == 0 {
		q := askOrders("orders")
		f.narrow(q, after)
		return q
	}
	var all *question
	for _, state := range slices.Compact(slices.Sorted(slices.Values(f.States))) {
		q := askState(state)
		f.narrow(q, after)
		if all == nil {
			all = q
		} else {
			all.union(q)
		}
	}
	return all
}

func askOrders(from string) *question {
	return ask(`SELECT platform, ulid, state, until, flow, payment, carrier, declarant, mismatch, field, party, quota, expires,
		office, mode, decision, reason, cancel, open_return, height, ` + lastTime + " FROM " + from)
}

// askState asks for what types.Order.StateAt says at the last block's time: of the stored
// states PARTIAL and MATCHED have an until, and are something else after it.
func askState(state string) *question {
	stored, time := state, "(until = 0 OR until >= "+lastTime+")"
	switch state {
	case types.StateStale:
		stored, time = types.StatePartial, "until <> 0 AND until < "+lastTime
	case types.StateLapsed:
		stored, time = types.StateMatched, "until <> 0 AND until < "+lastTime
	}
	q := askOrders("orders INDEXED BY orders_state") // SQLite would rather walk all orders of a platform
	q.where("state = ?", stored)
	q.where(time)
	return q
}

// narrow adds the other filters and where the page begins.
func (f *OrderFilter) narrow(q *question, after string) {
	q.equal("platform", f.Platform)
	q.equal("flow", f.Flow)
	q.equal("office", f.Office)
	if f.Member != "" {
		q.where("? IN (platform, payment, carrier, declarant)", f.Member)
	}
	platform, ulid, _ := strings.Cut(after, "/")
	if f.Platform != "" && platform == f.Platform {
		q.where("ulid > ?", ulid) // SQLite would walk from the platform's first order to compare both
	} else {
		q.where("(platform, ulid) > (?, ?)", platform, ulid)
	}
}

func scanOrder(rows *sql.Rows, r *Order) error {
	var platform, ulid string
	var now int64
	err := rows.Scan(&platform, &ulid, &r.State, &r.Until, &r.Flow, &r.Payment, &r.Carrier, &r.Declarant, &r.Mismatch, &r.Field,
		&r.Party, &r.Quota, &r.Expires, &r.Office, &r.Mode, &r.Decision, &r.Reason, &r.Cancel, &r.Return, &r.Height, &now)
	r.ID = types.OrderID(platform + "/" + ulid)
	r.State = (&types.Order{State: r.State, Until: r.Until}).StateAt(now)
	return err
}
