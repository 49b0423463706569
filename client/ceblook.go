package client

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
)

// look asks the ledger for the order, of a document that depends on it or that was submitted before, and finds out whether
// the document has been recorded: so a folder of which a part was recorded can simply be submitted again.
func (m *form) look(ctx context.Context) (err error) {
	if m.filing.ledger.node == nil || !m.entry.look && !m.known {
		return nil
	}
	if m.record, err = m.filing.ledger.node.order(ctx, m.order); err != nil || m.record == nil || !m.known {
		return err
	}
	height, err := m.recordedAt(ctx)
	if err != nil || height == 0 || m.State != "" {
		return err
	}
	m.settle("the ledger has it since block %d", height)
	m.Height = height
	return nil
}

// order returns an order's record, nil if there is none.
func (c *Client) order(ctx context.Context, id types.OrderID) (*types.Order, error) {
	answer, err := c.Record(ctx, types.PrefixOrder+"/"+string(id), 0)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var o types.Order
	if err := types.Decode(answer.Value, &o); err != nil {
		return nil, fmt.Errorf("order %s: %w", id, err)
	}
	return &o, nil
}

// recordedAt returns the block that recorded the document, 0 if there is none.
func (m *form) recordedAt(ctx context.Context) (int64, error) {
	slot := m.record.Slot(m.entry.stream)
	switch {
	case slot != nil && slot.Document == m.stored.Root:
		return slot.Height, nil
	case slot != nil && slot.Member == m.filing.member && slot.ID == m.stored.ulid() && slot.Seq > m.stored.Seq:
		m.settle("the ledger has a newer version of it since block %d", slot.Height)
		m.Height = slot.Height
		return 0, nil
	case m.entry.look && len(m.record.Clearance) > 0:
		return m.recordedOnce(ctx)
	}
	return 0, nil
}

// recordedOnce looks for the document in the order's history: what has no slot, and a list that was sent back, stands
// nowhere else.
func (m *form) recordedOnce(ctx context.Context) (int64, error) {
	history, err := m.filing.ledger.node.History(ctx, types.PrefixOrder+"/"+string(m.order))
	if err != nil {
		return 0, err
	}
	for _, e := range history.Events {
		if e.Member == m.filing.member && documentOf(&e) == m.stored.Root {
			return e.Height, nil
		}
	}
	return 0, nil
}

// documentOf is the document that an event commits to, zero if there is none.
func documentOf(e *types.HistoryEvent) types.Hash {
	var body struct {
		Document types.Hash `json:"document"`
	}
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return types.Hash{}
	}
	return body.Document
}

// await holds the document back until the order is ready for it. A dry run without a node cannot know.
func (m *form) await(context.Context) error {
	if m.entry.await != nil && m.filing.ledger.node != nil {
		m.entry.await(m)
	}
	return nil
}

// awaitMatch: a list is declared once the order's documents match and, of an import, customs granted quota for it.
func (m *form) awaitMatch() {
	switch state := m.state(); state {
	case "", types.StatePartial, types.StateMismatch, types.StateStale, types.StateLapsed, types.StateCancelled:
		m.wait("%s", lack(m.record, m.filing.now()))
	case types.StateMatched:
		if m.record.Flow == types.FlowImport {
			m.awaitQuota()
		}
	}
}

func (m *form) awaitQuota() {
	quota := liveGrant(m.record, m.filing.now())
	if quota == nil {
		m.wait("%s", lack(m.record, m.filing.now()))
		return
	}
	if quota.Reason != 0 {
		m.code = int(quota.Reason)
		code := types.QuotaSingle
		if quota.Reason == types.ReasonAnnual {
			code = types.QuotaAnnual
		}
		m.refuse(code, "orderNo", "%s refused the buyer's quota for it: %d", quota.By, quota.Reason)
	}
}

// liveGrant is what customs said about the buyer's quota for the order's last version, if that still counts.
func liveGrant(o *types.Order, now int64) *types.Quota {
	order := o.Slot(types.SlotOrder)
	if order == nil || len(o.Quota) == 0 {
		return nil
	}
	q := &o.Quota[0]
	if q.Document != order.Document || q.State == types.QuotaReserved && q.Expires < now || q.State == types.QuotaFreed {
		return nil
	}
	return q
}

// awaitDeclaration: what is cancelled has been declared.
func (m *form) awaitDeclaration() {
	switch m.state() {
	case "", types.StatePartial, types.StateMismatch, types.StateMatched, types.StateStale, types.StateLapsed:
		m.wait("its list is not declared; the declarant declares it")
	}
}

// awaitRelease: what is delivered, or comes back, was released.
func (m *form) awaitRelease() {
	switch state := m.state(); {
	case m.entry.stream == streamReturn && state == types.StateReturning:
		m.wait("customs has not decided the return before this one")
	case !slices.Contains(releasedStates, state) && !slices.Contains(endedStates, state):
		m.wait("the goods are not released: %s", lack(m.record, m.filing.now()))
	}
}

// The states in which goods are or were released, and those in which they never will be.
var (
	releasedStates = []string{types.StateReleased, types.StateClosed, types.StateSigned, types.StateReturning, types.StateReturned}
	endedStates    = []string{types.StateSentBack, types.StateCancelled}
)

// state is the order's state now, "" before the ledger has it.
func (m *form) state() string {
	if m.record == nil {
		return ""
	}
	return m.record.StateAt(m.filing.now())
}

func (f *filing) now() int64 { return time.Now().UnixMilli() }

// makers says who makes each document of an order.
var makers = map[string]string{
	types.SlotOrder: "the platform", types.SlotPayment: "the payment company", types.SlotWaybill: "the carrier", types.SlotDeclaration: "the declarant",
}

// lack says what an order needs to go on, and whose turn it is, "" if nothing is missing. The time is in Unix
// milliseconds.
func lack(o *types.Order, now int64) string {
	if o == nil {
		return "the ledger has nothing of the order yet; the platform records it"
	}
	switch state := o.StateAt(now); state {
	case types.StatePartial:
		return fmt.Sprintf("%s; complete until %s", strings.Join(missingSlots(o), "; "), moment(o.Until))
	case types.StateMismatch:
		return fmt.Sprintf("%s; %s records a newer version, or the platform does", mismatchSays(o), o.Mismatch.Party)
	case types.StateStale:
		return fmt.Sprintf("it waited for its documents until %s; the platform renews it with a newer version", moment(o.Until))
	case types.StateLapsed:
		return fmt.Sprintf("it waited for its declaration until %s; the platform renews it with a newer version", moment(o.Until))
	case types.StateCancelled:
		return "its declaration was cancelled; the platform renews it with a newer version"
	case types.StateMatched:
		return lackOfMatched(o, now)
	case types.StateDeclared, types.StateAccepted, types.StateReview, types.StateAudited, types.StateInspect, types.StateDetained:
		return fmt.Sprintf("%s decides", o.Clearance[0].Office)
	case types.StateReturning:
		return fmt.Sprintf("%s decides the return", o.Clearance[0].Office)
	}
	return ""
}

func lackOfMatched(o *types.Order, now int64) string {
	q := liveGrant(o, now)
	switch {
	case o.Flow == types.FlowImport && q == nil:
		return "customs has not granted the buyer's quota for it"
	case o.Flow == types.FlowImport && q.Reason != 0:
		return fmt.Sprintf("%s refused the buyer's quota for it (%d)", q.By, q.Reason)
	}
	return fmt.Sprintf("the declarant declares it until %s", moment(o.Until))
}

// missingSlots lists the documents that are not there, and who makes them.
func missingSlots(o *types.Order) []string {
	var all []string
	for _, kind := range []string{types.SlotOrder, types.SlotPayment, types.SlotWaybill} {
		if o.Slot(kind) == nil {
			all = append(all, fmt.Sprintf("the %s is missing, %s records it", kind, makers[kind]))
		}
	}
	return all
}

// mismatchSays puts in words what does not agree.
func mismatchSays(o *types.Order) string {
	return fmt.Sprintf("%s: the %s that %s recorded is not that of the order", types.Code(o.Mismatch.Code), o.Mismatch.Field, o.Mismatch.Party)
}
