package readmodel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/types"
)

func lotKey(product, lot int) types.ThingKey {
	return types.ThingKey(fmt.Sprintf("lot/%s.L%d", gtin(product), lot))
}

func palletKey(n int) types.ThingKey { return types.ThingKey("unit/sscc." + sscc(n)) }

// orchard is a story: two harvests are dried together, in a transformation that two
// events tell and salt goes into; half of the nuts is packed, the other half roasted.
func orchard(t *testing.T) *Model {
	return told(t,
		doc{"type": types.ObjectEvent, "action": types.ActionAdd, "bizStep": "commissioning", "quantityList": []doc{quantity(lotURI(1, 1), 10, "KGM")}},
		doc{"type": types.ObjectEvent, "action": types.ActionAdd, "bizStep": "commissioning", "quantityList": []doc{quantity(lotURI(1, 2), 20, "KGM")}},
		doc{"type": types.ObjectEvent, "action": types.ActionObserve, "bizStep": "inspecting", "quantityList": []doc{quantity(lotURI(1, 2), 20, "KGM")}},
		doc{"type": types.TransformationEvent, "transformationID": "urn:x:drying", "inputQuantityList": []doc{
			quantity(lotURI(1, 1), 10, "KGM"), quantity(lotURI(1, 2), 20, "KGM"), quantity("https://id.gs1.org/01/"+gtin(9), 1, "KGM")}},
		doc{"type": types.TransformationEvent, "transformationID": "urn:x:drying", "outputQuantityList": []doc{quantity(lotURI(2, 1), 12.5, "KGM")}},
		doc{"type": types.AggregationEvent, "action": types.ActionAdd, "bizStep": "packing", "bizLocation": doc{"id": siteURI(3)},
			"parentID": palletURI(1), "childQuantityList": []doc{quantity(lotURI(2, 1), 6, "KGM")}},
		doc{"type": types.TransformationEvent, "inputQuantityList": []doc{quantity(lotURI(2, 1), 6, "KGM")}, "outputQuantityList": []doc{quantity(lotURI(3, 1), 5, "KGM")}},
		doc{"type": types.AggregationEvent, "action": types.ActionDelete, "parentID": palletURI(1), "childQuantityList": []doc{quantity(lotURI(2, 1), 6, "KGM")}},
	)
}

// told by a trace, one thing or event a line.
func lines(a *types.TraceAnswer) []string {
	var out []string
	for _, x := range a.Things {
		out = append(out, fmt.Sprintf("%d %s", x.Depth, x.Thing))
	}
	for _, e := range a.Events {
		line := fmt.Sprintf("event %d %s:", e.Height, e.Type)
		for _, f := range e.In {
			line += fmt.Sprintf(" %s %s", f.Quantity, f.Unit)
		}
		line += " ->"
		for _, f := range e.Out {
			line += fmt.Sprintf(" %s %s", f.Quantity, f.Unit)
		}
		out = append(out, line)
	}
	if a.More {
		out = append(out, "more")
	}
	return out
}

func TestTrace(t *testing.T) {
	m := orchard(t)
	drying := "transformation/farm/urn:x:drying"
	salt := "lot/" + gtin(9)
	for _, test := range []struct {
		name         string
		root         types.ThingKey
		back         bool
		depth, limit int
		want         []string
	}{
		{"back to the harvests", lotKey(3, 1), true, 0, 0, []string{
			"0 " + string(lotKey(3, 1)), "1 " + string(lotKey(2, 1)), "2 " + drying,
			"3 " + string(lotKey(1, 1)), "3 " + string(lotKey(1, 2)), "3 " + salt,
			"event 1 ObjectEvent: -> 10 KGM", "event 2 ObjectEvent: -> 20 KGM",
			"event 4 TransformationEvent: 10 KGM 20 KGM 1 KGM ->  ", "event 5 TransformationEvent:   -> 12.5 KGM",
			"event 7 TransformationEvent: 6 KGM -> 5 KGM"}},
		{"forward from a harvest", lotKey(1, 1), false, 0, 0, []string{
			"0 " + string(lotKey(1, 1)), "1 " + drying, "2 " + string(lotKey(2, 1)), "3 " + string(lotKey(3, 1)), "3 " + string(palletKey(1)),
			"event 4 TransformationEvent: 10 KGM 20 KGM 1 KGM ->  ", "event 5 TransformationEvent:   -> 12.5 KGM",
			"event 6 AggregationEvent: 6 KGM ->  ", "event 7 TransformationEvent: 6 KGM -> 5 KGM"}},
		{"two events far", lotKey(1, 1), false, 2, 0, []string{
			"0 " + string(lotKey(1, 1)), "1 " + drying, "2 " + string(lotKey(2, 1)),
			"event 4 TransformationEvent: 10 KGM 20 KGM 1 KGM ->  ", "event 5 TransformationEvent:   -> 12.5 KGM", "more"}},
		{"as deep as it goes", lotKey(1, 1), false, 3, 5, []string{
			"0 " + string(lotKey(1, 1)), "1 " + drying, "2 " + string(lotKey(2, 1)), "3 " + string(lotKey(3, 1)), "3 " + string(palletKey(1)),
			"event 4 TransformationEvent: 10 KGM 20 KGM 1 KGM ->  ", "event 5 TransformationEvent:   -> 12.5 KGM",
			"event 6 AggregationEvent: 6 KGM ->  ", "event 7 TransformationEvent: 6 KGM -> 5 KGM"}},
		{"two things", lotKey(2, 1), false, 0, 2, []string{
			"0 " + string(lotKey(2, 1)), "1 " + string(palletKey(1)),
			"event 6 AggregationEvent: 6 KGM ->  ", "event 7 TransformationEvent: 6 KGM -> 5 KGM", "more"}},
		{"back from a harvest", lotKey(1, 1), true, 1, 0, []string{"0 " + string(lotKey(1, 1)), "event 1 ObjectEvent: -> 10 KGM"}},
		{"forward from what leads nowhere", palletKey(1), false, 0, 0, []string{"0 " + string(palletKey(1))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, err := m.Trace(t.Context(), test.root, test.back, test.depth, test.limit)
			check(t, err)
			if diff := gocmp.Diff(test.want, lines(a)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTraceThroughCrates uses a crate twice: what was in it first has nothing to do with
// where it goes later.
func TestTraceThroughCrates(t *testing.T) {
	pack := func(action string, parent int, child doc) doc {
		return with(doc{"type": types.AggregationEvent, "action": action, "parentID": palletURI(parent)}, child)
	}
	some := func(lot int, amount float64) doc {
		return doc{"childQuantityList": []doc{quantity(lotURI(1, lot), amount, "KGM")}}
	}
	crate := doc{"childEPCs": []string{palletURI(9)}}
	m := told(t,
		pack(types.ActionAdd, 9, some(1, 5)),
		pack(types.ActionAdd, 1, crate),
		pack(types.ActionDelete, 1, crate),
		pack(types.ActionDelete, 9, some(1, 2)),
		pack(types.ActionAdd, 9, some(2, 5)),
		pack(types.ActionAdd, 2, crate), // with the rest of the first lot
		pack(types.ActionDelete, 2, crate),
		pack(types.ActionDelete, 9, doc{}),
		pack(types.ActionAdd, 9, some(3, 5)),
		pack(types.ActionAdd, 3, crate),
	)
	for _, test := range []struct {
		name string
		root types.ThingKey
		back bool
		want []types.ThingKey
	}{
		{"from the first lot", lotKey(1, 1), false, []types.ThingKey{lotKey(1, 1), palletKey(9), palletKey(1), palletKey(2)}},
		{"from the second lot", lotKey(1, 2), false, []types.ThingKey{lotKey(1, 2), palletKey(9), palletKey(2)}},
		{"from the third lot", lotKey(1, 3), false, []types.ThingKey{lotKey(1, 3), palletKey(9), palletKey(3)}},
		{"into the first pallet", palletKey(1), true, []types.ThingKey{palletKey(1), palletKey(9), lotKey(1, 1)}},
		{"into the second pallet", palletKey(2), true, []types.ThingKey{palletKey(2), palletKey(9), lotKey(1, 1), lotKey(1, 2)}},
		{"into the third pallet", palletKey(3), true, []types.ThingKey{palletKey(3), palletKey(9), lotKey(1, 3)}},
		{"into the crate at any time", palletKey(9), true, []types.ThingKey{palletKey(9), lotKey(1, 1), lotKey(1, 2), lotKey(1, 3)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, err := m.Trace(t.Context(), test.root, test.back, 0, 0)
			check(t, err)
			var got []types.ThingKey
			for _, x := range a.Things {
				got = append(got, x.Thing)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTraceOfNothing(t *testing.T) {
	m := orchard(t)
	for _, root := range []types.ThingKey{lotKey(7, 7), palletKey(7), "order/a/b", "transformation/farm/other", ""} {
		_, err := m.Trace(t.Context(), root, true, 0, 0)
		if code, _ := types.CodeOf(err); code != types.NotFound {
			t.Errorf("%q: %v, want NOT_FOUND", root, err)
		}
	}
}

// TestTraceTellsRecords traces what the state knows more about.
func TestTraceTellsRecords(t *testing.T) {
	m, lot, unit := orchard(t), lotKey(2, 1), palletKey(1)
	_, lotID := lot.Cut()
	_, unitID := unit.Cut()
	writeRecords(t, m, map[string]any{
		"product/" + gtin(2): &types.Product{GTIN: gtin(2), Name: "dried nuts"},
		string(lot): &types.Lot{ID: types.LotID(lotID), Unit: "KGM", Produced: 1_250_000, Consumed: 600_000, Sold: 10_000, Packed: 600_000, Owner: "farm", Plot: "x.slope",
			Holdings: []types.Holding{{Member: "farm", Quantity: 40_000}}, Trace: types.Trace{Claims: []string{"organic"}, Flags: []string{"SHORT"}}},
		string(unit):       &types.Unit{ID: types.UnitID(unitID), Parent: "sscc.P", Contents: []types.LotPart{{Lot: types.LotID(lotID), Quantity: 600_000}}},
		"unit/sscc.P":      &types.Unit{ID: "sscc.P", Custodian: "carrier"},
		"unit/sscc.Q":      &types.Unit{ID: "sscc.Q", Custodian: "stranger"},
		"accreditation/-/": &types.Accreditation{},
	})
	a, err := m.Trace(t.Context(), lot, false, 1, 0)
	check(t, err)
	want := []types.TraceThing{
		{Thing: lot, URI: lotURI(2, 1), Product: "dried nuts", Quantity: "12.5", Left: "6.4", Unit: "KGM", Owner: "farm", Holders: []string{"carrier", "farm"},
			Plot: "x.slope", Claims: []string{"organic"}, Marks: []types.Mark{}, Flags: []string{"SHORT"}, Known: true},
		{Thing: lotKey(3, 1), URI: lotURI(3, 1), Depth: 1, Holders: []string{}, Claims: []string{}, Marks: []types.Mark{}, Flags: []string{}},
		{Thing: unit, URI: palletURI(1), Depth: 1, Holders: []string{"carrier"}, Claims: []string{}, Marks: []types.Mark{}, Flags: []string{}, Known: true},
	}
	if diff := gocmp.Diff(want, a.Things); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	e := a.Events[0]
	if e.Place != siteURI(3) || e.BizStep != "packing" || e.Member != "farm" || e.Event == "" || !strings.HasPrefix(e.EventID, "ni:///sha-256;") || e.Height != 6 {
		t.Errorf("event %+v", e)
	}
}

// writeRecords puts records into the model without a chain.
func writeRecords(t *testing.T, m *Model, records map[string]any) {
	t.Helper()
	check(t, m.transact(t.Context(), func(w *writer) error {
		for key, r := range records {
			value, err := types.Encode(r)
			check(t, err)
			check(t, w.project(familyOf(key), key, value, 1))
		}
		return w.flush()
	}))
}

func TestRecallProgress(t *testing.T) {
	m, id := openModel(t), types.RecallID("office/2026-1")
	marks := types.Trace{Marks: []types.Mark{{Kind: types.MarkRecall, Ref: string(id)}}}
	record := types.Recall{Things: []types.ThingKey{lotKey(1, 1)}, Class: 1, Reason: "glass", Opened: 5}
	_, lot := lotKey(1, 1).Cut()
	_, inner := palletKey(1).Cut()
	_, outer := palletKey(2).Cut()
	writeRecords(t, m, map[string]any{
		"recall/" + string(id):      &record,
		"mark/recall/" + string(id): &types.Spread{Front: []types.FrontPoint{{}}},
		string(lotKey(1, 1)): &types.Lot{ID: types.LotID(lot), Unit: "KGM", Produced: 1_000_000, Consumed: 100_000, Destroyed: 200_000, Sold: 300_000, Packed: 150_000,
			Holdings: []types.Holding{{Member: "farm", Quantity: 150_000}, {Member: "shop", Quantity: 100_000}}, Trace: marks},
		string(palletKey(1)): &types.Unit{ID: types.UnitID(inner), Custodian: "farm", Parent: types.UnitID(outer), Contents: []types.LotPart{{Lot: types.LotID(lot), Quantity: 150_000}}, Trace: marks},
		string(palletKey(2)): &types.Unit{ID: types.UnitID(outer), Custodian: "carrier", Trace: marks},
		string(palletKey(3)): &types.Unit{ID: "sscc." + types.UnitID(sscc(3)), Custodian: "stranger", Fate: types.FateSold},
		"report/" + string(id) + "/farm/" + string(lotKey(1, 1)):    &types.RecallReport{Located: 100_000, Time: 7},
		"report/" + string(id) + "/shop/" + string(lotKey(1, 1)):    &types.RecallReport{Located: 50_000, Notified: 300_000, Time: 8},
		"report/" + string(id) + "/carrier/" + string(palletKey(2)): &types.RecallReport{Located: one, Time: 9},
		"report/office/2026-2/carrier/" + string(palletKey(2)):      &types.RecallReport{Located: one, Time: 9},
	})
	got, err := m.RecallProgress(t.Context(), id)
	check(t, err)
	none := []types.RecallNotice{}
	want := &types.RecallProgress{Recall: id, Record: record, Height: 0, Done: false, Affected: []types.RecalledThing{
		{Thing: lotKey(1, 1), URI: lotURI(1, 1), Unit: "KGM", Produced: "10", Consumed: "1", Destroyed: "2", Sold: "3", Held: "2.5", Packed: "1.5",
			Located: "1.5", Notified: "3", Holders: []string{"carrier", "farm", "shop"},
			Reports: []types.RecallNotice{{Member: "farm", Located: "1", Notified: "0", Time: 7}, {Member: "shop", Located: "0.5", Notified: "3", Time: 8}}},
		{Thing: palletKey(1), URI: palletURI(1), Unit: "C62", Produced: "1", Consumed: "0", Destroyed: "0", Sold: "0", Held: "0", Packed: "1",
			Located: "0", Notified: "0", Holders: []string{"carrier"}, Reports: none},
		{Thing: palletKey(2), URI: palletURI(2), Unit: "C62", Produced: "1", Consumed: "0", Destroyed: "0", Sold: "0", Held: "1", Packed: "0",
			Located: "1", Notified: "0", Holders: []string{"carrier"}, Reports: []types.RecallNotice{{Member: "carrier", Located: "1", Notified: "0", Time: 9}}},
	}}
	want.Record.History.Peaks = got.Record.History.Peaks
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := m.RecallProgress(t.Context(), "office/none"); err == nil {
		t.Error("progress of a recall that nobody opened")
	}
}

// TestDeclared takes back an event: both stand, and the first one says by which.
func TestDeclared(t *testing.T) {
	first := doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": []string{palletURI(1)}, "eventID": "urn:uuid:6b29fc40-ca47-1067-b31d-00dd010662da"}
	other := doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": []string{palletURI(1)}}
	m := openModel(t)
	block := &types.Block{Height: 1, Time: millStart}
	for i, d := range []doc{first, other, with(first, doc{"errorDeclaration": doc{"declarationTime": "2026-11-23T08:30:00.000Z"}})} {
		e := types.Event{Height: 1, Time: millStart, Member: "farm", Index: uint64(i)}
		block.Events = append(block.Events, record(t, e, event(t, millStart, d)))
	}
	m.fill(t, block)
	rows, _, err := m.ThingEvents(t.Context(), palletKey(1), Page{})
	check(t, err)
	var got []int64
	for _, r := range rows {
		got = append(got, r.DeclaredBy)
	}
	if want := []int64{position(1, 2), 0, 0}; !slices.Equal(got, want) {
		t.Errorf("declared by %v, want %v", got, want)
	}
	if rows[0].Ref != rows[2].Ref || rows[0].EventID != rows[2].EventID || rows[1].EventID == rows[0].EventID {
		t.Errorf("names %s, %s, %s", rows[0].EventID, rows[1].EventID, rows[2].EventID)
	}
}

// TestTraceOfDeclared: the event that made a lot stands in its trace once, and says that it
// was taken back.
func TestTraceOfDeclared(t *testing.T) {
	made := doc{"type": types.ObjectEvent, "action": types.ActionAdd, "eventID": "urn:uuid:6b29fc40-ca47-1067-b31d-00dd010662da",
		"quantityList": []doc{{"epcClass": lotURI(1, 1), "quantity": 10, "uom": "KGM"}}}
	for _, declared := range []bool{false, true} {
		m := openModel(t)
		docs := []doc{made}
		if declared {
			docs = append(docs, with(made, doc{"errorDeclaration": doc{"declarationTime": "2026-11-23T08:30:00.000Z"}}))
		}
		block := &types.Block{Height: 1, Time: millStart}
		for i, d := range docs {
			block.Events = append(block.Events, record(t, types.Event{Height: 1, Time: millStart, Member: "farm", Index: uint64(i)}, event(t, millStart, d)))
		}
		m.fill(t, block)
		a, err := m.Trace(t.Context(), lotKey(1, 1), true, 0, 0)
		check(t, err)
		if len(a.Events) != 1 || a.Events[0].Error != declared {
			t.Errorf("declared %v: events %+v", declared, a.Events)
		}
	}
}

func TestEventRow(t *testing.T) {
	d := doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": []string{palletURI(1)}}
	m := told(t, d)
	b := event(t, millStart, d)
	parsed, err := b.Parsed()
	check(t, err)
	identity, err := types.EventIdentity(parsed)
	check(t, err)
	name, err := types.EventULID(identity, parsed.Time)
	check(t, err)
	rows, err := m.EventsAfter(t.Context(), EventFilter{}, 0, 10)
	check(t, err)
	want := []EventRow{{Position: position(1, 0), Height: 1, Index: 3, Tx: types.LeafHash(fmt.Append(nil, "tx", 0)), Ref: types.EventID("farm/" + name),
		EventID: identity, Member: "farm", Recorded: millStart, Event: []byte(b.Event)}}
	if diff := gocmp.Diff(want, rows); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if rows, err = m.EventsAfter(t.Context(), EventFilter{}, position(1, 0), 10); err != nil || len(rows) != 0 {
		t.Errorf("%d events after the last one (%v)", len(rows), err)
	}
}

func TestEventWords(t *testing.T) {
	m := orchard(t)
	for what, want := range map[string][]string{
		"eventTypes":   {"AggregationEvent", "ObjectEvent", "TransformationEvent"},
		"bizSteps":     {"commissioning", "inspecting", "packing"},
		"bizLocations": {siteURI(3)},
		"readPoints":   {},
		"dispositions": {},
		"epcs":         {lotURI(1, 1), lotURI(1, 2), lotURI(2, 1), lotURI(3, 1), "https://id.gs1.org/01/" + gtin(9), palletURI(1)},
	} {
		got := []string{}
		for p := (Page{Limit: 2}); ; {
			page, next, err := m.EventWords(t.Context(), what, p)
			check(t, err)
			got = append(got, page...)
			if p.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	if _, _, err := m.EventWords(t.Context(), "colours", Page{}); err == nil {
		t.Error("a list of colours")
	}
}

func TestEventRefusals(t *testing.T) {
	m := orchard(t)
	for name, f := range map[string]EventFilter{
		"role":       {Match: []EventMatch{{[]string{"colour"}, []string{"a"}}}},
		"pattern":    {Match: []EventMatch{{[]string{"epc"}, []string{"urn:epc:idpat:sgtin:*.1.*"}}}},
		"scheme":     {Match: []EventMatch{{[]string{"epc"}, []string{"urn:epc:idpat:colour:1.*"}}}},
		"components": {Match: []EventMatch{{[]string{"epc"}, []string{"urn:epc:idpat:sgtin:1.*"}}}},
		"reference":  {Refs: []EventRef{{Kind: "colour"}}},
		"comparison": {Quantities: []EventQuantity{{Op: "NE"}}},
	} {
		_, _, err := m.Events(t.Context(), f, EventOrder{}, Page{})
		if code, _ := types.CodeOf(err); code != types.FieldInvalid {
			t.Errorf("%s: %v, want FIELD_INVALID", name, err)
		}
	}
	if _, _, err := m.Events(t.Context(), EventFilter{}, EventOrder{By: "colour"}, Page{}); err == nil {
		t.Error("ordered by colour")
	}
	for _, after := range []string{"*", cursor("x"), cursor("1")} {
		if _, _, err := m.Events(t.Context(), EventFilter{}, EventOrder{}, Page{After: after}); err != ErrCursor {
			t.Errorf("after %q: %v", after, err)
		}
	}
}

func TestWait(t *testing.T) {
	m, mill := openModel(t), newMill(t)
	done := make(chan error, 1)
	go func() { done <- m.Wait(t.Context(), 3) }()
	for h := range int64(3) {
		select {
		case err := <-done:
			t.Fatalf("done at block %d (%v)", h, err)
		case <-time.After(time.Millisecond):
		}
		m.fill(t, mill.block(h+1, 1))
	}
	check(t, <-done)
}

func TestShorten(t *testing.T) {
	hash := "ni:///sha-256;" + strings.Repeat("0a", 32) + "?ver=CBV2.0"
	for _, identity := range []string{hash, strings.ToUpper(hash), "urn:uuid:1", "cbv2:abc", "", hash + "x", strings.Replace(hash, "0a", "0A", 1)} {
		if got := lengthen(shorten(identity)); got != identity {
			t.Errorf("%q became %q", identity, got)
		}
	}
	if n := len(shorten(hash)); n != 48 {
		t.Errorf("a hash takes %d bytes", n)
	}
}
