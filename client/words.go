package client

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// describe says in one sentence what a record is.
func describe(record any) string {
	switch r := record.(type) {
	case *types.Lot:
		return describeLot(r)
	case *types.Unit:
		return describeUnit(r)
	case *types.CapturedEvent:
		return describeCaptured(r)
	case *types.Certificate:
		return describeCertificate(r)
	case *types.Recall:
		return describeRecall(r)
	case *types.Order:
		return describeOrder(r)
	case *types.Member:
		return fmt.Sprintf("%s, controlled by %s, roles: %s; %s, of which %d must sign",
			r.Name, r.Controller, first(strings.Join(r.Roles, ", "), "none"), count(int(r.ActiveKeys()), "active key"), r.Threshold)
	case *types.Document:
		return "it belongs to the order " + first(string(r.Order), "none")
	case *types.KeyOwner:
		return "the key is, or was, one of " + r.Member
	case *types.Blocks:
		return "the hashes of " + count(int(r.History.Size), "block")
	case *types.ChainParams:
		return "the numbers that the rules of " + r.Chain + " go by"
	}
	return fmt.Sprintf("%T", record)[len("*types."):]
}

func describeLot(l *types.Lot) string {
	text := fmt.Sprintf("%s %s produced by %s at %s, %s left", gs1.FormatAmount(l.Produced), l.Unit, l.Owner, moment(l.Commissioned), gs1.FormatAmount(l.Left()))
	for _, h := range l.Holdings {
		text += fmt.Sprintf("; %s in the custody of %s", gs1.FormatAmount(h.Quantity), h.Member)
	}
	if l.Packed > 0 {
		text += fmt.Sprintf("; %s inside units", gs1.FormatAmount(l.Packed))
	}
	for _, o := range l.Offers {
		switch o.State {
		case types.OfferOpen:
			text += fmt.Sprintf("; %s offered by %s to %s until %s", gs1.FormatAmount(o.Quantity), o.From, o.To, moment(o.Until))
		default:
			text += fmt.Sprintf("; %s %s between %s and %s", gs1.FormatAmount(o.Quantity), o.State, o.From, o.To)
		}
	}
	return text + describeTrace(&l.Trace)
}

func describeUnit(u *types.Unit) string {
	text := "commissioned by " + first(u.Owner, "nobody, first seen when it was packed")
	switch {
	case u.Fate != "":
		text += "; " + u.Fate
	case u.Parent != "":
		text += "; inside " + string(u.Parent)
	default:
		text += "; in the custody of " + u.Custodian
	}
	if n := len(u.Children); n > 0 {
		text += "; holds " + count(n, "unit")
	}
	if n := len(u.Contents); n > 0 {
		text += "; holds parts of " + count(n, "lot")
	}
	if u.OfferTo != "" {
		text += fmt.Sprintf("; offered to %s until %s", u.OfferTo, moment(u.OfferUntil))
	}
	return text + describeTrace(&u.Trace)
}

func describeCaptured(e *types.CapturedEvent) string {
	text := "an EPCIS event of " + moment(e.Time)
	switch {
	case e.Cleared != 0:
		text += ", declared an error and settled"
	case e.Declared != 0:
		text += fmt.Sprintf(", declared an error at %s (%s)", moment(e.Declared), first(e.Reason, "no reason given"))
	}
	if len(e.Flags) > 0 {
		text += "; flagged: " + strings.Join(e.Flags, ", ")
	}
	return text
}

func describeCertificate(c *types.Certificate) string {
	text := fmt.Sprintf("%s, issued by %s to %s, valid from %s to %s", c.Standard, c.Issuer, c.Subject, moment(c.From), moment(c.Until))
	if c.Cap > 0 {
		text += fmt.Sprintf("; %s of %s %s used", gs1.FormatAmount(c.Used), gs1.FormatAmount(c.Cap), c.Unit)
	}
	for _, change := range c.Changes {
		text += fmt.Sprintf("; %s from %s on (%s)", change.Status, moment(change.Effective), change.Reason)
	}
	return text
}

func describeRecall(r *types.Recall) string {
	text := fmt.Sprintf("of class %d, opened at %s: %s", r.Class, moment(r.Opened), r.Reason)
	if r.Closed != 0 {
		text += fmt.Sprintf("; closed at %s: %s", moment(r.Closed), r.Note)
	}
	return text
}

// describeTrace says what buyers want to know.
func describeTrace(t *types.Trace) string {
	text := ""
	if len(t.Claims) > 0 {
		text += "; made under: " + strings.Join(t.Claims, ", ")
	}
	if t.Recert {
		text += "; needs a new commitment certificate"
	}
	for _, m := range t.Marks {
		text += fmt.Sprintf("; reached by %s %s", m.Kind, m.Ref)
	}
	if len(t.Flags) > 0 {
		text += "; flagged: " + strings.Join(t.Flags, ", ")
	}
	return text
}

func describeOrder(o *types.Order) string {
	var slots []string
	for _, s := range o.Slots {
		slots = append(slots, s.Kind+" by "+s.Member)
	}
	text := o.State + ", with " + first(strings.Join(slots, ", "), "no documents")
	if o.Mismatch.Code != 0 {
		text += fmt.Sprintf("; %s: the %s of %s does not agree", types.Code(o.Mismatch.Code), o.Mismatch.Field, o.Mismatch.Party)
	}
	for _, q := range o.Quota {
		text += fmt.Sprintf("; quota %s by %s", q.State, q.By)
	}
	for _, c := range o.Clearance {
		text += fmt.Sprintf("; filed with %s under %d", c.Office, c.Mode)
		if c.Status != 0 {
			text += fmt.Sprintf(", status %d", c.Status)
		}
		if c.Reason != 0 {
			text += fmt.Sprintf(" (%d)", c.Reason)
		}
	}
	for _, r := range o.Returns {
		text += fmt.Sprintf("; return %s, status %d", r.Return, r.Status)
	}
	return text
}

// describeBody says in one sentence what an event did, "" where JSON has to do.
func describeBody(e *types.HistoryEvent) string {
	kind, ok := types.KindNamed(e.Kind)
	if !ok {
		return ""
	}
	body, err := kind.ReadJSON(e.Body)
	if err != nil {
		return ""
	}
	switch b := body.(type) {
	case *types.CaptureEvent:
		return describeCapture(b)
	case *types.OfferLot:
		return fmt.Sprintf("offered the lot %s to %s until %s", b.Lot, b.To, moment(b.Deadline))
	case *types.AcceptLot:
		return fmt.Sprintf("took over the lot %s", b.Lot)
	case *types.RejectLot:
		return fmt.Sprintf("ended the offer of the lot %s", b.Lot)
	case *types.AddKey:
		return fmt.Sprintf("added the key %s", b.Key)
	case *types.RetireKey:
		return fmt.Sprintf("retired the key %s", b.Key)
	case *types.OpenRecall:
		return fmt.Sprintf("recalled %s, of class %d: %s", thingList(b.Things), b.Class, b.Reason)
	case *types.CloseRecall:
		return fmt.Sprintf("closed the recall %s: %s", b.Recall, b.Note)
	case *types.RecordOrder:
		return committed("order", b.Order, b.Seq, b.Document)
	case *types.RecordPayment:
		return committed("payment", b.Payment, b.Seq, b.Document)
	case *types.RecordWaybill:
		return committed("waybill", b.Waybill, b.Seq, b.Document)
	case *types.Declare:
		return committed("declaration", b.Declaration, b.Seq, b.Document)
	case *types.Decide:
		return fmt.Sprintf("decided %d on the declaration of the order %s (800 releases, 500 inspects, 100 rejects)", b.Status, b.Order)
	}
	return ""
}

// thingList names things, a few of them.
func thingList(list []types.ThingKey) string {
	const most = 5
	var parts []string
	for i, key := range list {
		if i == most {
			parts = append(parts, fmt.Sprintf("%d more", len(list)-most))
			break
		}
		parts = append(parts, string(key))
	}
	return strings.Join(parts, ", ")
}

func committed(what, ulid string, seq int64, root types.Hash) string {
	return fmt.Sprintf("committed to the %s %s, version of %s, document %s", what, ulid, moment(seq), root)
}

func describeCapture(b *types.CaptureEvent) string {
	e, err := b.Parsed()
	if err != nil {
		return ""
	}
	text := fmt.Sprintf("at %s: %s", moment(e.Time), summary(e))
	for _, list := range []struct {
		word       string
		quantities []epcis.Quantity
	}{{"in", e.InputQuantities}, {"out", e.OutputQuantities}, {"of", e.Quantities}, {"packed", e.ChildQuantities}} {
		if len(list.quantities) > 0 {
			text += fmt.Sprintf("; %s: %s", list.word, quantityList(list.quantities))
		}
	}
	return text
}

// quantityList names quantities, a few of them.
func quantityList(list []epcis.Quantity) string {
	const most = 5
	var parts []string
	for i, q := range list {
		if i == most {
			parts = append(parts, fmt.Sprintf("%d more", len(list)-most))
			break
		}
		name := q.Class
		if !q.Key.IsZero() {
			name = q.Key.Path()
		}
		if q.HasAmount {
			name = gs1.FormatAmount(q.Amount) + " " + q.Unit + " of " + name
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, ", ")
}

// readableBody returns an event's body as JSON: of a kind of the catalogue, of the genesis, or else its encoding's notation.
func readableBody(e *types.Event) json.RawMessage {
	if _, known := types.KindNamed(e.Kind); known {
		if body, err := types.DecodeBody(e.Kind, e.Body); err == nil {
			if text, err := json.Marshal(body); err == nil {
				return text
			}
		}
		return diagnosed(e.Body)
	}
	for _, v := range []any{new(types.GenesisMember), new(types.Params)} {
		if types.Decode(e.Body, v) == nil {
			if text, err := json.Marshal(v); err == nil {
				return text
			}
		}
	}
	return diagnosed(e.Body)
}
