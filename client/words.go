package client

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// describe says in one sentence what a record is.
func describe(record any) string {
	switch r := record.(type) {
	case *types.Lot:
		return describeLot(r)
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
	text := fmt.Sprintf("%s %s produced by %s at %s, %s left; in the custody of %s",
		gs1.FormatAmount(l.Produced), l.Unit, l.Owner, moment(l.Commissioned), gs1.FormatAmount(l.Left()), l.Custodian)
	if l.OfferTo != "" {
		text += fmt.Sprintf(", offered to %s until %s", l.OfferTo, moment(l.OfferUntil))
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
	if o.Decision != 0 {
		text += fmt.Sprintf("; %s decided %d", o.Decider, o.Decision)
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

func committed(what, ulid string, seq int64, root types.Hash) string {
	return fmt.Sprintf("committed to the %s %s, version of %s, document %s", what, ulid, moment(seq), root)
}

func describeCapture(b *types.CaptureEvent) string {
	var text string
	switch {
	case b.Type == types.TransformationEvent:
		text = "made " + lotList(b.Outputs) + " out of " + lotList(b.Inputs)
	case b.Action == types.ActionAdd:
		text = "made " + lotList(b.Lots)
	case b.Action == types.ActionObserve:
		text = "observed " + lotList(b.Lots)
	default:
		text = "ended " + lotList(b.Lots)
	}
	step := first(b.BizStep, "no business step")
	return fmt.Sprintf("%s at %s (%s; EPCIS event %s)", text, moment(b.Time), step, b.EventHash)
}

// lotList names lots with their quantities, a few of them.
func lotList(list []types.LotQuantity) string {
	const most = 5
	var parts []string
	for i, q := range list {
		if i == most {
			parts = append(parts, fmt.Sprintf("%d more", len(list)-most))
			break
		}
		name := "the lot " + string(q.Lot)
		if q.Quantity > 0 {
			name = gs1.FormatAmount(q.Quantity) + " " + q.Unit + " of " + name
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, ", ")
}

// readableBody returns an event's body as JSON: of a kind of the catalogue, of the genesis, or else its encoding's notation.
func readableBody(e *types.Event) (json.RawMessage, error) {
	if _, known := types.KindNamed(e.Kind); known {
		body, err := types.DecodeBody(e.Kind, e.Body)
		if err != nil {
			return nil, err
		}
		return json.Marshal(body)
	}
	for _, v := range []any{new(types.GenesisMember), new(types.Params)} {
		if types.Decode(e.Body, v) == nil {
			return json.Marshal(v)
		}
	}
	text, err := cbor.Diagnose(e.Body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(text)
}
