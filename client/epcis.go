package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

func epcisCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "epcis", Short: "Record EPCIS events"}
	s := newSession(cmd)
	return group(cmd, captureCommand(s))
}

func captureCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "capture FILE|DIR…",
		Short: "Record the events of EPCIS 2.0 documents",
		Long: `Record the object and transformation events of EPCIS 2.0 documents in JSON-LD. A document
becomes one transaction of the kind CaptureEvent; the ledger keeps the lots, quantities,
times and a hash that binds the whole event.

Recorded are events on lots: LGTINs with quantities. Not recorded in this release, and
refused with the place in the document: aggregation, transaction and association events,
error declarations, single instances (epcList…), classes without a lot.

Everything is checked before anything is sent. With --on-error rollback, which is the
default, one fault and nothing is sent; with proceed the others are.`,
		Example: `  carya epcis capture harvest.jsonld --member coop-linan --key harvest --wait
  carya epcis capture events/ --member coop-linan --on-error proceed
  carya epcis capture events/ --member coop-linan --chain carya-hz --dry-run`,
		Args: takes(1, -1, "EPCIS documents"),
	}
	a := newAuthor(s, cmd)
	cmd.RunE = s.run(a.capture)
	return cmd
}

func (a *author) capture(ctx context.Context, args []string) error {
	if err := a.check(); err != nil {
		return err
	}
	files, err := paths(args, ".json", ".jsonld")
	if err != nil {
		return err
	}
	l, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	sh := &shipment{author: a, ledger: l}
	for _, path := range files {
		sub, err := readCapture(path)
		if err != nil {
			return err
		}
		sh.files = append(sh.files, sub)
	}
	return sh.ship(ctx)
}

// readCapture reads one EPCIS document. Its faults stand in what it returns; an error is a file that cannot be read.
func readCapture(path string) (*submission, error) {
	data, err := readFile(path, epcis.MaxSize)
	if err != nil {
		return nil, usage("", err)
	}
	sub := &submission{path: path}
	doc, err := epcis.Parse(data)
	var faults epcis.Errors
	if errors.As(err, &faults) {
		for _, f := range faults {
			sub.faults = append(sub.faults, documentFault(f))
		}
		return sub, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range doc.Events {
		sub.add(capture(&doc.Events[i]))
	}
	if len(sub.pieces) == 0 {
		sub.faults = append(sub.faults, &types.Refusal{Code: types.FieldInvalid, Field: "/epcisBody", Detail: "the document holds no event"})
	}
	return sub, nil
}

// documentFault gives a fault of a document its code.
func documentFault(f *epcis.Error) *types.Refusal {
	code := types.FieldInvalid
	switch f.Code {
	case epcis.CodeNotEPCIS, epcis.CodeMalformed:
		code = types.Malformed
	case epcis.CodeTooLarge:
		code = types.TooLarge
	}
	return &types.Refusal{Code: code, Field: first(f.Pointer, "/"), Detail: f.Detail}
}

// reading is one event on its way into a body.
type reading struct {
	*piece
	event *epcis.Event
}

// capture makes what the ledger records of an event, and finds everything that it cannot record of it.
func capture(e *epcis.Event) *piece {
	r := &reading{&piece{At: first(e.Pointer, "/"), What: strings.TrimSpace(e.Type + " " + e.Action)}, e}
	if e.Type != types.ObjectEvent && e.Type != types.TransformationEvent {
		r.unsupported("/type", "%s: this release records ObjectEvent and TransformationEvent", e.Type)
		return r.piece
	}
	body := &types.CaptureEvent{
		Type: e.Type, Action: e.Action, Time: e.Time, BizStep: e.BizStep, Disposition: e.Disposition, EventHash: e.Hash(),
		Lots:    r.lots("quantityList", e.Quantities, e.Action == types.ActionAdd),
		Inputs:  r.lots("inputQuantityList", e.InputQuantities, true),
		Outputs: r.lots("outputQuantityList", e.OutputQuantities, true),
	}
	r.refuseInstances()
	r.refuseDeclaration()
	r.refuseEmpty(body)
	if len(r.Faults) == 0 {
		r.accept(body)
	}
	return r.piece
}

func (r *reading) unsupported(at, format string, args ...any) {
	r.fault(types.EventUnsupported, r.event.Pointer+at, format, args...)
}

// lots reads a list of quantities as quantities of lots, in the order in which the ledger takes them.
func (r *reading) lots(list string, quantities []epcis.Quantity, needAmount bool) []types.LotQuantity {
	lots := make([]types.LotQuantity, 0, len(quantities))
	seen := map[types.LotID]bool{}
	for i, q := range quantities {
		at := fmt.Sprintf("/%s/%d", list, i)
		if q.Key.Type != "LGTIN" {
			r.unsupported(at+"/epcClass", "%s is not a lot: this release records LGTINs", q.Class)
			continue
		}
		lot := types.LotQuantity{Lot: types.LotID(q.Key.Path()), Quantity: q.Amount}
		r.measure(at, &q, &lot, needAmount)
		if seen[lot.Lot] {
			r.fault(types.FieldInvalid, r.event.Pointer+at+"/epcClass", "lot %s stands twice in the list; add the quantities up", lot.Lot)
		}
		seen[lot.Lot] = true
		lots = append(lots, lot)
	}
	slices.SortFunc(lots, func(a, b types.LotQuantity) int { return cmp.Compare(a.Lot, b.Lot) })
	return lots
}

// measure checks a quantity. Without one, an event that only observes or ends a lot is about the lot as a whole.
func (r *reading) measure(at string, q *epcis.Quantity, lot *types.LotQuantity, needAmount bool) {
	switch {
	case !q.HasAmount && !needAmount:
		return
	case !q.HasAmount:
		r.fault(types.FieldInvalid, r.event.Pointer+at+"/quantity", "is missing: how much of lot %s?", lot.Lot)
	case q.Amount == 0:
		r.fault(types.FieldInvalid, r.event.Pointer+at+"/quantity", "must be more than 0")
	}
	lot.Unit = q.Unit
	if _, _, ok := gs1.Unit(q.Unit); !ok {
		r.fault(types.UnitInvalid, r.event.Pointer+at+"/uom", "%.8q is not a unit of UNECE Recommendation 20 that can be converted", q.Unit)
	}
}

func (r *reading) refuseInstances() {
	for _, list := range []struct {
		name string
		epcs []string
	}{{"epcList", r.event.EPCs}, {"inputEPCList", r.event.InputEPCs}, {"outputEPCList", r.event.OutputEPCs}} {
		if len(list.epcs) > 0 {
			r.unsupported("/"+list.name, "%s: this release records lots", count(len(list.epcs), "single instance"))
		}
	}
}

// refuseDeclaration refuses the event that takes another one back: it repeats that event word for word (EPCIS 2.0,
// section on error declarations), and would be recorded as if it had happened twice.
func (r *reading) refuseDeclaration() {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(r.event.Canonical, &members); err != nil {
		r.fault(types.Malformed, r.At, "%v", err)
		return
	}
	if _, declared := members["errorDeclaration"]; declared {
		r.unsupported("/errorDeclaration", "this release does not take events back")
	}
}

// refuseEmpty refuses an event that says nothing about lots, unless another fault says so already.
func (r *reading) refuseEmpty(b *types.CaptureEvent) {
	if len(r.Faults) > 0 {
		return
	}
	switch {
	case b.Type == types.ObjectEvent && len(b.Lots) == 0:
		r.unsupported("/quantityList", "the event names no lot")
	case b.Type == types.TransformationEvent && len(b.Inputs) == 0:
		r.unsupported("/inputQuantityList", "a transformation over several events is not recorded")
	case b.Type == types.TransformationEvent && len(b.Outputs) == 0:
		r.unsupported("/outputQuantityList", "a transformation over several events is not recorded")
	}
}

// accept takes a body after the check that consensus makes too.
func (r *reading) accept(b *types.CaptureEvent) {
	if err := b.Check(); err != nil {
		var refusal *types.Refusal
		if !errors.As(err, &refusal) {
			refusal = &types.Refusal{Code: types.Malformed, Detail: err.Error()}
		}
		r.fault(refusal.Code, r.event.Pointer+pointerOf(refusal.Field), "%s", refusal.Detail)
		return
	}
	r.body = b
	r.What += ", " + count(len(b.Lots)+len(b.Inputs)+len(b.Outputs), "lot")
}

// pointerOf turns a field of a body, such as inputs[0].unit, into the place of the document that it came from.
func pointerOf(field string) string {
	names := strings.NewReplacer("lots[", "quantityList/", "inputs[", "inputQuantityList/", "outputs[", "outputQuantityList/",
		"time", "eventTime", "].lot", "/epcClass", "].unit", "/uom", "].quantity", "/quantity", "]", "",
		"lots", "quantityList", "inputs", "inputQuantityList", "outputs", "outputQuantityList")
	return "/" + names.Replace(field)
}
