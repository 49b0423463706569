package app_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// TestAnythingGoes throws events at the rules that no program would make, about a few
// things again and again: whatever comes is accepted or refused, nothing stops the node,
// the invariants hold, and nothing but commissioning makes mass.
func TestAnythingGoes(t *testing.T) {
	accepted, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		l := newLedger(t)
		defer l.close()
		w := &wild{l: l}
		w.prepare()
		for range 60 {
			if w.one(rt) {
				accepted++
			} else {
				refused++
			}
		}
		l.check()
	})
	t.Logf("%d accepted, %d refused", accepted, refused)
}

type wild struct{ l *ledger }

func (w *wild) prepare() {
	organic(w.l, paper("o"), coop, 20)
	commitment(w.l, coop, "c")
	w.l.must(coop, season(50, mill))
	w.l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 1), Net: 50_000, Unit: "KGM", Model: types.ModelMassBalance})
	w.l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 2), Net: 1, Unit: "KTN"})
	w.l.must(coop, object(types.ActionAdd, w.l.now, kg(wildLots[0], 10), pieces(wildLots[1], 10)))
	w.l.must(coop, commission(w.l.now, wildUnits[0], wildUnits[1]))
}

var (
	wildWho   = []string{coop, coop, coop, mill, farm, office}
	wildLots  = []types.LotID{lotOf(coop, 1, "A"), lotOf(coop, 2, "A"), lotOf(coop, 1, "B"), lotOf(coop, 3, "C"), types.LotID(private("l")), types.LotID(gtin(coop, 1)), lotOf(mill, 1, "M")}
	wildUnits = []types.UnitID{bag(coop, 1, "1"), bag(coop, 2, "2"), pallet(coop, 1), pallet(coop, 2), types.UnitID(private("u")), types.UnitID(lotOf(coop, 1, "A"))}
	wildSteps = []string{"shipping", "receiving", "accepting", "retail_selling", "destroying", "commissioning", "packing", "void_shipping"}
	wildTypes = []string{types.ObjectEvent, types.ObjectEvent, types.AggregationEvent, types.AggregationEvent, types.TransformationEvent, types.TransformationEvent, types.TransactionEvent, types.AssociationEvent, "https://example.com/Dance"}
)

func of[T any](t *rapid.T, what string, list []T) T { return list[pick(t, what, len(list))] }

// one says one thing and reports whether it was accepted.
func (w *wild) one(t *rapid.T) bool {
	who := of(t, "who", wildWho)
	body := w.body(t)
	if body == nil {
		return false
	}
	before := w.mass()
	results := w.l.block(w.l.tx(who, types.OnErrorRollback, body)) // fails the test on any error of the node
	if after := w.mass(); after.Cmp(before) > 0 && !commissions(body) {
		t.Fatalf("%s says %T %+v and makes mass: %s of %s", who, body, body, after, before)
	}
	return results[0].Code == types.OK
}

func commissions(b types.Body) bool {
	c, ok := b.(*types.CaptureEvent)
	if !ok {
		return false
	}
	e, err := c.Parsed()
	return err == nil && e.Type == types.ObjectEvent && e.Action == types.ActionAdd
}

// mass is all that is left of the lots and units, with what was fed to transformations
// and did not come out, in 10^-22 kg. Pieces count by their registered content.
func (w *wild) mass() *big.Int {
	sum := new(big.Int)
	add := func(amount uint64, unit string, net uint64, netUnit string) {
		d, factor, _ := gs1.Unit(unit)
		n := new(big.Int).Mul(new(big.Int).SetUint64(amount), new(big.Int).SetUint64(factor))
		switch {
		case d == gs1.Mass:
			sum.Add(sum, n.Mul(n, big.NewInt(100_000)))
		case d == gs1.Count && net > 0:
			_, content, _ := gs1.Unit(netUnit)
			n.Mul(n, new(big.Int).SetUint64(net)).Mul(n, new(big.Int).SetUint64(content))
			sum.Add(sum, n.Quo(n, big.NewInt(1_000_000_000_000)))
		}
	}
	for _, id := range wildLots {
		if l := w.l.lot(id); l != nil {
			add(l.Left(), l.Unit, l.Net, l.NetUnit)
		}
	}
	for _, id := range wildUnits {
		if u := w.l.unit(id); u != nil && u.Fate == "" {
			add(100_000, gs1.Pieces, u.Net, u.NetUnit)
		}
	}
	for _, who := range []string{coop, mill, farm, office} {
		if t := record[types.Transformation](w.l, "transformation/"+who+"/"+gs1.Escape("urn:t:1")); t != nil && t.Dimension == string(gs1.Mass) {
			in, _ := new(big.Int).SetString(t.In, 10)
			out, _ := new(big.Int).SetString(t.Out, 10)
			sum.Add(sum, in.Sub(in, out).Mul(in, big.NewInt(100_000)))
		}
	}
	return sum
}

// body is mostly an event; what is said of things besides is drawn with them.
func (w *wild) body(t *rapid.T) types.Body {
	lot, unit, until := of(t, "lot", wildLots), of(t, "unit", wildUnits), w.l.now+int64(pick(t, "for", 4))*1000
	switch pick(t, "kind", 24) {
	case 0:
		return &types.OfferLot{Lot: lot, To: of(t, "to", wildWho), Deadline: until, Quantity: uint64(pick(t, "n", 3)) * 50_000, Unit: of(t, "unit", wildUnitCodes)}
	case 1:
		return &types.AcceptLot{Lot: lot, From: of(t, "from", wildWho), Quantity: uint64(pick(t, "n", 3)) * 50_000, Unit: of(t, "unit", wildUnitCodes)}
	case 2:
		return &types.SettleLot{Lot: lot, To: of(t, "to", wildWho), Outcome: of(t, "outcome", []string{types.OutcomeGiven, types.OutcomeKept, types.OutcomeLost})}
	case 3:
		return &types.OfferUnit{Unit: unit, To: of(t, "to", wildWho), Deadline: until}
	case 4:
		return &types.AcceptUnit{Unit: unit}
	case 5:
		return &types.OpenRecall{Recall: fmt.Sprint("r", w.l.height), Things: []types.ThingKey{of(t, "thing", []types.ThingKey{lot.Key(), unit.Key()})}, Source: coin(t, "source"), Class: 1, Reason: "r"}
	case 6:
		return &types.CloseRecall{Recall: types.RecallID(fmt.Sprint(coop, "/r", w.l.height-int64(pick(t, "ago", 20))))}
	case 7:
		return &types.ChangeCertificate{Certificate: paper("c"), Status: of(t, "status", []string{types.StatusSuspended, types.StatusValid}), Effective: w.l.now - 10_000}
	}
	return w.event(t)
}

var wildUnitCodes = []string{"KGM", "GRM", "KTN", "C62", "DZN", "LTR", "ZZ"}

// event draws an event from all that an event can have; nil when the standard has none
// like it.
func (w *wild) event(t *rapid.T) types.Body {
	d := doc{
		"@context":  "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
		"type":      of(t, "type", wildTypes),
		"eventTime": time.UnixMilli(w.l.now - int64(pick(t, "late", 3))*1000).UTC().Format("2006-01-02T15:04:05.000Z"), "eventTimeZoneOffset": "+08:00",
	}
	if d["type"] == types.TransformationEvent {
		w.fill(t, d, "inputEPCList", "inputQuantityList")
		w.fill(t, d, "outputEPCList", "outputQuantityList")
		if pick(t, "joint", 3) == 0 {
			d["transformationID"] = "urn:t:1"
		}
	} else {
		d["action"] = of(t, "action", []string{types.ActionAdd, types.ActionAdd, types.ActionObserve, types.ActionDelete})
		w.what(t, d)
	}
	w.why(t, d)
	data, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	parsed, err := epcis.Parse(data)
	if err != nil {
		return nil
	}
	if pick(t, "named", 4) > 0 {
		return &types.CaptureEvent{Event: string(parsed.Events[0].Canonical)}
	}
	b := named(&types.CaptureEvent{Event: string(parsed.Events[0].Canonical)}, fmt.Sprint("w", pick(t, "name", 3)))
	if coin(t, "an error") {
		return declared(b)
	}
	return b
}

func (w *wild) what(t *rapid.T, d doc) {
	switch d["type"] {
	case types.ObjectEvent, types.TransactionEvent:
		w.fill(t, d, "epcList", "quantityList")
		d["bizTransactionList"] = []doc{{"type": "po", "bizTransaction": "urn:po:1"}}
	case types.AggregationEvent, types.AssociationEvent:
		w.fill(t, d, "childEPCs", "childQuantityList")
		if pick(t, "parent", 8) > 0 {
			d["parentID"] = types.LinkOf(string(of(t, "parent", wildUnits)))
		}
	}
}

// fill draws a few things and quantities.
func (w *wild) fill(t *rapid.T, d doc, epcs, quantities string) {
	var ids []types.UnitID
	for range pick(t, epcs, 3) {
		ids = append(ids, of(t, "epc", wildUnits))
	}
	if len(ids) > 0 {
		d[epcs] = links(ids...)
	}
	var list []doc
	for range pick(t, quantities, 3) {
		q := doc{"epcClass": types.LinkOf(string(of(t, "class", wildLots)))}
		if pick(t, "amount", 6) > 0 {
			q["quantity"] = json.Number(of(t, "quantity", []string{"1", "0.5", "0.00001", "3", "0", "-1", "90071992547.40991", "0.0000001"}))
		}
		if code := of(t, "uom", wildUnitCodes); code != "C62" {
			q["uom"] = code
		}
		list = append(list, q)
	}
	if len(list) > 0 {
		d[quantities] = list
	}
}

func (w *wild) why(t *rapid.T, d doc) {
	if coin(t, "step") {
		d["bizStep"] = of(t, "bizStep", wildSteps)
	}
	if pick(t, "disposition", 4) == 0 {
		d["disposition"] = of(t, "word", []string{"returned", "recalled", "destroyed", "active"})
	}
	if pick(t, "place", 6) == 0 {
		d["bizLocation"] = doc{"id": types.LinkOf(site(coop, 1))}
	}
	if pick(t, "certified", 4) == 0 {
		d["certificationInfo"] = []string{types.LinkOf(string(of(t, "paper", []types.CertificateID{paper("o"), paper("c"), paper("none")})))}
	}
	d["destinationList"] = []doc{{"type": "possessing_party", "destination": party(of(t, "to", []string{coop, mill, office}))}}
}
