package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// observing is an event that sees units.
func observing(at int64, ids ...types.UnitID) *types.CaptureEvent {
	return event(at, doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": links(ids...)})
}

// tiny are names outside GS1, as short as they come.
func tiny(first, n int) []types.UnitID {
	list := make([]types.UnitID, n)
	for i := range list {
		list[i] = types.UnitID("x." + gs1.Escape(fmt.Sprintf("a:%d", first+i)))
	}
	return list
}

// TestHostileEvents: what no honest member sends is refused, and stops nothing.
func TestHostileEvents(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	at := l.now
	long := "urn:x:" + strings.Repeat("/", 5000)
	box, p := pallet(coop, 1), pallet(coop, 2)
	l.must(coop, object(types.ActionAdd, at, kg(green, 100)))
	l.must(coop, packing(types.ActionAdd, at, box, tiny(0, 2)))
	l.must(coop, commission(at, bag(coop, 1, "5")))
	var papers []types.CertificateID
	for i := range 21 {
		papers = append(papers, commitment(l, coop, fmt.Sprint("h", i)))
	}
	units := func(action string, uris ...string) *types.CaptureEvent {
		return event(at, doc{"type": types.ObjectEvent, "action": action, "epcList": uris})
	}
	class := types.LinkOf(gtin(coop, 1))
	for _, c := range []struct {
		name string
		want types.Code
		who  string
		body types.Body
	}{
		{"no JSON at all", types.EventInvalid, coop, &types.CaptureEvent{Event: "{"}},
		{"JSON in another order", types.EventInvalid, coop, &types.CaptureEvent{Event: `{"type":"ObjectEvent","action":"ADD"}`}},
		{"a transformationID over the length of keys", types.FieldInvalid, coop, event(at, doc{
			"type": types.TransformationEvent, "inputQuantityList": list(kg(green, 1)), "transformationID": long})},
		{"a bizStep over the length of keys", types.OK, coop, with(transformation(at, list(kg(green, 1)), list(kg(dried, 1))), at, doc{"bizStep": long})},
		{"a place over the length of keys", types.OK, coop, with(object(types.ActionAdd, at, kg(other, 1)), at, doc{"bizLocation": doc{"id": long}})},
		{"a certificate over the length of keys", types.OK, coop, with(object(types.ActionObserve, at, kg(other, 0)), at, doc{"certificationInfo": []string{long}})},
		{"a lot over the length of keys", types.FieldInvalid, coop, event(at, doc{
			"type": types.ObjectEvent, "action": types.ActionAdd, "quantityList": []doc{{"epcClass": long, "quantity": 1}}})},
		{"a process over the length of keys", types.FieldInvalid, office, &types.SetProcess{BizStep: strings.Repeat("核", 200), Max: 1}},
		{"5,001 things", types.TooLarge, coop, packing(types.ActionAdd, at, p, tiny(0, 5001))},
		{"21 certificates", types.TooLarge, coop, citing(object(types.ActionAdd, at, kg(lotOf(coop, 1, "C"), 1)), papers...)},
		{"a class of things as one", types.FieldInvalid, coop, units(types.ActionAdd, class)},
		{"a lot as one thing", types.FieldInvalid, coop, units(types.ActionAdd, types.LinkOf(string(green)))},
		{"a lot packed as one thing", types.FieldInvalid, coop, packing(types.ActionAdd, at, p, []types.UnitID{types.UnitID(green)})},
		{"a lot as what is packed into", types.FieldInvalid, coop, packing(types.ActionAdd, at, types.UnitID(green), nil, kg(green, 1))},
		{"a lot consumed as one thing", types.UnitUnknown, coop, event(at, doc{
			"type": types.TransformationEvent, "inputEPCList": []string{types.LinkOf(string(green))}, "outputQuantityList": list(kg(lotOf(coop, 2, "X"), 1))})},
		{"packed into nothing", types.FieldInvalid, coop, event(at, doc{
			"type": types.AggregationEvent, "action": types.ActionAdd, "childEPCs": links(bag(coop, 1, "9"))})},
		{"unpacked from nothing", types.FieldInvalid, coop, event(at, doc{"type": types.AggregationEvent, "action": types.ActionDelete})},
		{"packed into itself", types.Contained, coop, packing(types.ActionAdd, at, p, []types.UnitID{p})},
		{"packed twice in two spellings", types.Contained, coop, event(at, doc{
			"type": types.AggregationEvent, "action": types.ActionAdd, "parentID": types.LinkOf(string(p)),
			"childEPCs": []string{"https://id.gs1.org/01/" + gtin(coop, 1) + "/21/7", "https://example.com/01/" + gtin(coop, 1) + "/21/7"}})},
		{"commissioned twice in one event", types.IDTaken, coop, object(types.ActionAdd, at, kg(lotOf(coop, 1, "T"), 1), kg(lotOf(coop, 1, "T"), 2))},
		{"out of itself", types.IDTaken, coop, transformation(at, list(kg(green, 1)), list(kg(green, 1)))},
		{"a unit out of itself", types.IDTaken, coop, event(at, doc{
			"type": types.TransformationEvent, "inputEPCList": links(bag(coop, 1, "5")), "outputEPCList": links(bag(coop, 1, "5"))})},
		{"nothing of a lot", types.FieldInvalid, coop, object(types.ActionAdd, at, quantity{lotOf(coop, 1, "Z"), 0, "KGM"})},
		{"out of nothing", types.MassCreated, coop, transformation(at, list(kg(types.LotID(gtin(coop, 1)), 5)), list(kg(lotOf(coop, 1, "Z"), 1)))},
		{"destroyed a millionth", types.FieldInvalid, coop, event(at, doc{
			"type": types.ObjectEvent, "action": types.ActionDelete, "quantityList": []doc{{"epcClass": types.LinkOf(string(green)), "quantity": 0.000001, "uom": "KGM"}}})},
		{"destroyed less than nothing", types.FieldInvalid, coop, event(at, doc{
			"type": types.ObjectEvent, "action": types.ActionDelete, "quantityList": []doc{{"epcClass": types.LinkOf(string(green)), "quantity": -5, "uom": "KGM"}}})},
		{"the amount of nothing", types.Overdraw, coop, event(at, doc{
			"type": types.ObjectEvent, "action": types.ActionDelete, "quantityList": []doc{{"epcClass": types.LinkOf(string(green)), "quantity": 0, "uom": "KGM"}}})},
		{"somebody else's type of event", types.OK, coop, event(at, doc{"type": "https://example.com/Dance"})},
		{"observed by who holds nothing", types.NotCustodian, pay, object(types.ActionObserve, at, kg(green, 0))},
		{"observed by the authority", types.OK, office, object(types.ActionObserve, at, kg(green, 0))},
		{"observed by customs", types.OK, customs, observing(at, box)},
		{"of things that nobody knows", types.OK, pay, observing(at, bag(mill, 9, "9"))},
		{"a year in the future", types.TimeOrder, coop, object(types.ActionAdd, at+year, kg(lotOf(coop, 1, "Z"), 1))},
		{"a unit before it was", types.TimeOrder, coop, packing(types.ActionAdd, at-1, box, nil, kg(green, 1))},
		{"opened before it was", types.TimeOrder, coop, packing(types.ActionDelete, at-1, box, nil)},
		{"a deadline at the end of time", types.OK, coop, &types.OfferLot{Lot: green, To: mill, Deadline: types.MaxInteger, Quantity: 1, Unit: "KGM"}},
		{"a recall of 65,537 bytes", types.TooLarge, coop, &types.OpenRecall{Recall: "r", Things: manyThings(4000), Class: 1, Reason: "r"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.t = t
			l.refuse(c.want, c.who, c.body)
		})
	}
	l.t = t
	l.check()
}

func manyThings(n int) []types.ThingKey { return slices.Repeat([]types.ThingKey{green.Key()}, n) }

// TestGrantsAreBounded: a record of ranges does not grow beyond what is read quickly.
func TestGrantsAreBounded(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	grant := func(n int) types.Body {
		return &types.GrantRange{Prefix: prefixOf[coop], To: farm, GTIN: gtin(coop, n), First: "A", Last: "B"}
	}
	var bodies []types.Body
	for n := range 1000 {
		bodies = append(bodies, grant(n))
	}
	if r := l.block(l.tx(coop, types.OnErrorRollback, bodies...))[0]; r.Code != types.OK {
		t.Fatal(r.Log)
	}
	l.refuse(types.FieldInvalid, coop, grant(1000))
	l.must(coop, grant(7))
	l.must(coop, &types.GrantRange{Prefix: prefixOf[coop], To: farm, GTIN: gtin(coop, 7)})
	l.must(coop, grant(1000))
	l.check()
}

// TestKeysAreBounded: a member's record is read for every transaction of it.
func TestKeysAreBounded(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	var bodies []types.Body
	for n := range 999 {
		key := keyOf(coop, 0)
		key[0], key[1] = byte(n), byte(n>>8)
		bodies = append(bodies, &types.AddKey{Key: key})
	}
	l.all(coop, bodies)
	l.refuse(types.FieldInvalid, coop, &types.AddKey{Key: keyOf(coop, 1)})
	l.check()
}

// TestNestingIsBounded: whichever child is the deep one, and not only by one event.
func TestNestingIsBounded(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	l.must(coop, packing(types.ActionAdd, l.now, pallet(coop, 1), []types.UnitID{bag(coop, 1, "1")}))
	for n := 2; ; n++ {
		// a shallow one sorts before the deep one
		body := packing(types.ActionAdd, l.now, pallet(coop, n), []types.UnitID{bag(coop, 0, fmt.Sprint(n)), pallet(coop, n-1)})
		if n > types.MaxNested-1 {
			l.refuse(types.FieldInvalid, coop, body)
			break
		}
		l.must(coop, body)
	}
	l.must(coop, observing(l.now, bag(coop, 1, "1")))
	l.refuse(types.FieldInvalid, coop, packing(types.ActionAdd, l.now, bag(coop, 1, "1"), []types.UnitID{bag(coop, 1, "2")}))
	l.check()
}

// TestInsideIsBounded: units and lots together, because they stand in one record.
func TestInsideIsBounded(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	box := pallet(coop, 1)
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 1)))
	l.must(coop, packing(types.ActionAdd, l.now, box, tiny(0, 4999), kg(green, 1)))
	l.refuse(types.FieldInvalid, coop, packing(types.ActionAdd, l.now, box, tiny(4999, 1)))
	l.must(coop, packing(types.ActionDelete, l.now, box, nil))
	l.check()
}

// TestMarksClimb: what is packed into a box that is on a pallet already marks the pallet.
func TestMarksClimb(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	box, p := pallet(coop, 1), pallet(coop, 2)
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 10)))
	l.must(coop, packing(types.ActionAdd, l.now, box, []types.UnitID{bag(coop, 1, "1")}))
	l.must(coop, packing(types.ActionAdd, l.now, p, []types.UnitID{box}))
	l.must(coop, &types.OpenRecall{Recall: "r", Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "r"})
	l.must(coop, packing(types.ActionAdd, l.now, box, nil, kg(green, 10)))
	l.refuse(types.Recalled, coop, &types.OfferUnit{Unit: p, To: mill, Deadline: l.now + hour})
	l.refuse(types.Recalled, coop, event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "bizStep": "retail_selling", "epcList": links(p)}))
	l.must(coop, packing(types.ActionDelete, l.now, p, nil))
	l.refuse(types.Recalled, coop, &types.OfferUnit{Unit: box, To: mill, Deadline: l.now + hour})
	l.must(coop, packing(types.ActionDelete, l.now, box, nil))
	l.must(coop, &types.OfferUnit{Unit: box, To: mill, Deadline: l.now + hour})
	if marks := l.unit(box).Trace.Marks; len(marks) != 0 {
		t.Errorf("marks of the empty box: %v", marks)
	}
	l.check()
}

// TestRecalledPalletKeepsItsContents: what is in a box on a recalled pallet cannot slip
// back into its lot, on the pallet or off it.
func TestRecalledPalletKeepsItsContents(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	box, p := pallet(coop, 1), pallet(coop, 2)
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 10)))
	l.must(coop, packing(types.ActionAdd, l.now, box, nil, kg(green, 5)))
	l.must(coop, packing(types.ActionAdd, l.now, p, []types.UnitID{box}))
	l.must(coop, &types.OpenRecall{Recall: "r", Things: []types.ThingKey{p.Key()}, Class: 1, Reason: "it fell into the river"})
	l.refuse(types.Recalled, coop, packing(types.ActionDelete, l.now, box, nil))
	l.must(coop, packing(types.ActionDelete, l.now, p, nil))
	l.refuse(types.Recalled, coop, packing(types.ActionDelete, l.now, box, nil, kg(green, 1)))
	l.refuse(types.Recalled, coop, &types.OfferUnit{Unit: box, To: mill, Deadline: l.now + hour})
	l.must(coop, &types.OfferLot{Lot: green, To: mill, Deadline: l.now + hour}) // the rest of the lot is well
	l.must(coop, event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "epcList": links(box)}))
	if got := l.lot(green); got.Destroyed != 5*100_000 || got.Packed != 0 {
		t.Errorf("the lot: %+v", got)
	}
	l.check()
}

// TestRecallOfWhatWasHandedOver: who packed a box that nobody commissioned has no say
// about it once the pallet around it is another's.
func TestRecallOfWhatWasHandedOver(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	box, p := pallet(coop, 1), pallet(coop, 2)
	l.must(coop, packing(types.ActionAdd, l.now, box, []types.UnitID{bag(coop, 1, "1")}))
	l.must(coop, packing(types.ActionAdd, l.now, p, []types.UnitID{box}))
	l.must(coop, &types.OfferUnit{Unit: p, To: mill, Deadline: l.now + hour})
	l.must(mill, &types.AcceptUnit{Unit: p})
	recall := &types.OpenRecall{Recall: "r", Things: []types.ThingKey{box.Key()}, Class: 1, Reason: "r"}
	l.refuse(types.NotOwner, coop, recall)
	l.must(mill, recall)
	l.check()
}

// TestRecallUnderWay: nothing leaves a recalled pallet, nor a box on it, before the recall
// has reached the box.
func TestRecallUnderWay(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	family(l, lotOf(coop, 1, "B"), 1000)
	box, p := pallet(coop, 1), pallet(coop, 2)
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 10)))
	l.must(coop, packing(types.ActionAdd, l.now, box, []types.UnitID{bag(coop, 1, "1")}, kg(green, 5)))
	l.must(coop, packing(types.ActionAdd, l.now, p, []types.UnitID{box}))
	burn := l.tx(coop, types.OnErrorProceed, recalls(0, 20, lotOf(coop, 1, "B").Key())...)
	results := l.block(burn,
		l.tx(coop, types.OnErrorRollback, &types.OpenRecall{Recall: "p", Things: []types.ThingKey{p.Key()}, Class: 1, Reason: "r"}),
		l.tx(coop, types.OnErrorRollback, packing(types.ActionDelete, l.now, box, nil)),
		l.tx(coop, types.OnErrorRollback, packing(types.ActionDelete, l.now, p, nil)))
	for i, want := range []types.Code{types.OK, types.Recalled, types.Recalled} {
		if got := results[i+1]; got.Code != want {
			t.Errorf("body %d: got %s (%s), want %s", i+1, got.Code, got.Log, want)
		}
	}
	l.must(farm, &types.ContinueMark{Kind: types.MarkRecall, Ref: coop + "/p"})
	l.must(coop, packing(types.ActionDelete, l.now, p, nil))
	l.refuse(types.Recalled, coop, packing(types.ActionDelete, l.now, box, nil))
	l.must(coop, packing(types.ActionDelete, l.now, box, []types.UnitID{bag(coop, 1, "1")}))
	l.refuse(types.Recalled, coop, &types.OfferUnit{Unit: bag(coop, 1, "1"), To: mill, Deadline: l.now + hour})
	l.check()
}

// TestErrorOfFeeding: an event that fed a transformation of several is taken back, and
// not the last one: all that came out is disputed.
func TestErrorOfFeeding(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	side := func(d doc) *types.CaptureEvent {
		d["type"], d["transformationID"] = types.TransformationEvent, "https://id.tianmu.example/t/1"
		return event(l.now, d)
	}
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 100)))
	fed := named(side(doc{"inputQuantityList": list(kg(green, 50))}), "fed")
	l.must(coop, fed)
	l.must(coop, side(doc{"inputQuantityList": list(kg(green, 10))}))
	l.refuse(types.MassCreated, coop, side(doc{"outputQuantityList": list(kg(dried, 61))}))
	l.must(coop, side(doc{"outputQuantityList": list(kg(dried, 60))}))
	l.refuse(types.MassCreated, coop, side(doc{"outputQuantityList": list(quantity{other, 1, "KGM"})}))
	l.refuse(types.UnitIncompatible, coop, side(doc{"outputQuantityList": list(pieces(other, 1))}))
	l.refuse(types.MassCreated, mill, event(l.now, doc{ // each member has transformations of its own
		"type": types.TransformationEvent, "outputQuantityList": list(kg(lotOf(mill, 1, "A"), 1)), "transformationID": "https://id.tianmu.example/t/1"}))
	l.must(coop, declared(fed))
	l.refuse(types.Disputed, coop, &types.OfferLot{Lot: dried, To: mill, Deadline: l.now + hour})
	l.check()
}

// TestJointByContent: bags that were fed to a transformation of several events come out
// by their content, as other bags do not.
func TestJointByContent(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	side := func(d doc) *types.CaptureEvent {
		d["type"], d["transformationID"] = types.TransformationEvent, "https://id.tianmu.example/t/1"
		return event(l.now, d)
	}
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 11), Net: 100_000, Unit: "KGM"})
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 12), Net: 5_000_000, Unit: "KGM"})
	l.must(coop, object(types.ActionAdd, l.now, pieces(lotOf(coop, 11, "A"), 10)))
	l.must(coop, side(doc{"inputQuantityList": list(pieces(lotOf(coop, 11, "A"), 10))}))
	l.refuse(types.MassCreated, coop, side(doc{"outputQuantityList": list(pieces(lotOf(coop, 12, "A"), 1))}))
	l.refuse(types.UnitIncompatible, coop, side(doc{"outputQuantityList": list(pieces(lotOf(coop, 13, "A"), 1))}))
	l.must(coop, side(doc{"outputQuantityList": list(kg(lotOf(coop, 14, "A"), 10))}))
	l.check()
}

// recalls are bodies that open recalls of one thing.
func recalls(first, n int, thing types.ThingKey) []types.Body {
	list := make([]types.Body, n)
	for i := range list {
		list[i] = &types.OpenRecall{Recall: fmt.Sprint("r", first+i), Things: []types.ThingKey{thing}, Class: 3, Reason: "r"}
	}
	return list
}

func closings(first, n int) []types.Body {
	list := make([]types.Body, n)
	for i := range list {
		list[i] = &types.CloseRecall{Recall: types.RecallID(fmt.Sprint(coop, "/r", first+i))}
	}
	return list
}

func (l *ledger) all(member string, bodies []types.Body) {
	l.t.Helper()
	if r := l.block(l.tx(member, types.OnErrorRollback, bodies...))[0]; r.Code != types.OK {
		l.t.Fatal(r.Log)
	}
}

// TestManyRecalls: an owner cannot hide an authority's recall behind many of its own,
// neither closed nor open ones.
func TestManyRecalls(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	offer := func(id types.LotID) *types.OfferLot {
		return &types.OfferLot{Lot: id, To: mill, Deadline: l.now + hour}
	}
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 100)))
	l.must(coop, transformation(l.now, list(kg(green, 50)), list(kg(dried, 50))))
	l.all(coop, recalls(0, 256, green.Key()))
	l.all(coop, closings(0, 256))
	l.must(coop, transformation(l.now, list(kg(dried, 10)), list(kg(other, 10)))) // 256 marks that say nothing
	l.must(office, &types.OpenRecall{Recall: "a", Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "poison"})
	for _, id := range []types.LotID{green, dried, other} {
		l.refuse(types.Recalled, coop, offer(id))
	}
	l.must(office, &types.CloseRecall{Recall: office + "/a"})
	l.must(coop, offer(dried))
	l.must(coop, &types.RejectLot{Lot: dried, From: coop, To: mill})
	l.all(coop, recalls(1000, 256, green.Key()))
	l.must(office, &types.OpenRecall{Recall: "b", Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "poison"})
	l.all(coop, closings(1000, 256))
	for _, id := range []types.LotID{green, dried, other} {
		l.refuse(types.Recalled, coop, offer(id))
	}
	l.refuse(types.Recalled, coop, transformation(l.now, list(kg(dried, 1)), list(kg(lotOf(coop, 2, "N"), 1))))
	l.must(coop, &types.OfferLot{Lot: other, To: mill, Deadline: l.now + hour, Purpose: types.PurposeDestruction})
	l.check()
}

// family makes a lot with n children, all of which go into one grandchild.
func family(l *ledger, root types.LotID, n int) (children []types.LotID) {
	l.t.Helper()
	l.must(coop, object(types.ActionAdd, l.now, kg(root, uint64(n))))
	for first := 0; first < n; first += 1000 {
		var out []quantity
		for i := first; i < min(first+1000, n); i++ {
			id := lotOf(coop, 2, fmt.Sprint(strings.ReplaceAll(string(root), ".", "-")[14:], "-", i))
			children, out = append(children, id), append(out, kg(id, 1))
		}
		l.must(coop, transformation(l.now, list(kg(root, uint64(len(out)))), out))
		l.must(coop, transformation(l.now, halves(out), list(kg(lotOf(coop, 3, fmt.Sprint("G", len(children), string(root[15:]))), 1))))
	}
	return children
}

func halves(list []quantity) []quantity {
	half := slices.Clone(list)
	for i := range half {
		half[i].Amount /= 2
	}
	return half
}

// marked counts the lots with a mark.
func marked(l *ledger, m types.Mark, ids []types.LotID) (n int) {
	for _, id := range ids {
		if slices.Contains(l.lot(id).Trace.Marks, m) {
			n++
		}
	}
	return n
}

// TestMarkingOverSeveralBlocks: one block does only so much; what is left waits, in pages
// where it is more than a record holds, and others of the same block wait too.
func TestMarkingOverSeveralBlocks(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 6,000 lots")
	}
	l := newLedger(t)
	defer l.close()
	children := family(l, green, 6000)
	var bodies []types.Body
	for i := range 3 {
		bodies = append(bodies, &types.OpenRecall{Recall: fmt.Sprint("m", i), Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "r"})
	}
	l.all(coop, bodies)
	for i := range 3 {
		ref := fmt.Sprint(coop, "/m", i)
		m := types.Mark{Kind: types.MarkRecall, Ref: ref}
		next := &types.ContinueMark{Kind: types.MarkRecall, Ref: ref}
		if l.lot(green).Trace.Marks[i] != m {
			t.Errorf("%s: the lot itself is not marked at once", ref)
		}
		pages := false
		for n := 0; ; n++ {
			s := record[types.Spread](l, "mark/recall/"+ref)
			if s == nil || len(s.Front) == 0 {
				t.Logf("%s: done after %d further blocks, in pages: %v", ref, n, pages)
				break
			}
			pages = pages || slices.ContainsFunc(s.Front, func(p types.FrontPoint) bool { return strings.HasPrefix(string(p.Thing), "mark/page/") })
			l.must(mill, next)
		}
		l.refuse(types.NotFound, mill, next)
		if got := marked(l, m, children); got != len(children) {
			t.Errorf("%s: %d of %d are marked", ref, got, len(children))
		}
	}
	l.check()
}

// TestSecondRevocationKeepsTheFirst: a certificate that is revoked again, from earlier
// on, while the first marking is under way.
func TestSecondRevocationKeepsTheFirst(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	id := paper("o")
	organic(l, id, coop, 0)
	root := family(l, green, 1000)[0]
	early, late := lotOf(coop, 1, "E"), lotOf(coop, 1, "L")
	l.must(coop, citing(object(types.ActionAdd, l.now-10*day, kg(early, 1)), id))
	l.must(coop, citing(object(types.ActionAdd, l.now, kg(late, 1)), id))
	revoke := func(at int64) *types.ChangeCertificate {
		return &types.ChangeCertificate{Certificate: id, Status: types.StatusRevoked, Effective: at}
	}
	burn := l.tx(coop, types.OnErrorProceed, recalls(0, 20, green.Key())...)
	results := l.block(burn, l.tx(cert, types.OnErrorRollback, revoke(l.now-day)), l.tx(cert, types.OnErrorRollback, revoke(l.now-20*day)))
	for _, r := range results[1:] {
		if r.Code != types.OK {
			t.Fatal(r.Log)
		}
	}
	m := types.Mark{Kind: types.MarkCertificate, Ref: string(id)}
	if got := marked(l, m, []types.LotID{early, late}); got != 0 {
		t.Errorf("%d marked in a block whose work was used up", got)
	}
	l.must(pay, &types.ContinueMark{Kind: types.MarkCertificate, Ref: string(id)})
	if got := marked(l, m, []types.LotID{early, late, root}); got != 2 {
		t.Errorf("%d of 2 are marked", got)
	}
	l.check()
}

// TestWorkOfABlock: when it is used up, bodies that need it are refused, and the next
// block has it again.
func TestWorkOfABlock(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	family(l, green, 1000)
	burn := l.tx(coop, types.OnErrorProceed, recalls(0, 20, green.Key())...)
	pack := func() *types.CaptureEvent {
		return packing(types.ActionAdd, l.now, pallet(coop, 2), []types.UnitID{pallet(coop, 1)})
	}
	l.must(coop, packing(types.ActionAdd, l.now, pallet(coop, 1), []types.UnitID{bag(coop, 1, "1")}))
	if r := l.block(burn, l.tx(coop, types.OnErrorRollback, pack())); r[1].Code != types.BlockFull {
		t.Errorf("with no work left (of %d): %s %s", app.MaxWork, r[1].Code, r[1].Log)
	}
	l.must(coop, pack())
	l.check()
}

// TestRevokedStaysRevoked: an issuer cannot take back what an authority did, nor use up
// the changes that an authority needs.
func TestRevokedStaysRevoked(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	id := commitment(l, coop, "c")
	change := func(status string) *types.ChangeCertificate {
		return &types.ChangeCertificate{Certificate: id, Status: status, Effective: l.now}
	}
	l.refuse(types.NotOwner, mill, change(types.StatusRevoked))
	for range 25 {
		l.must(coop, change(types.StatusSuspended))
		l.must(coop, change(types.StatusValid))
	}
	l.refuse(types.FieldInvalid, coop, change(types.StatusSuspended))
	l.must(office, change(types.StatusRevoked))
	l.refuse(types.Role, coop, change(types.StatusValid))
	l.refuse(types.CertRevoked, coop, citing(object(types.ActionAdd, l.now, kg(green, 1)), id))
	l.check()
}
