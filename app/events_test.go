package app_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// doc is an EPCIS event as a test writes it.
type doc map[string]any

// quantity is an amount of a lot: 10^-5 of the unit; 0 names the lot only.
type quantity struct {
	Lot    types.LotID
	Amount uint64
	Unit   string
}

func (q quantity) MarshalJSON() ([]byte, error) {
	element := doc{"epcClass": types.LinkOf(string(q.Lot))}
	if q.Amount > 0 {
		element["quantity"] = json.Number(gs1.FormatAmount(q.Amount))
		if q.Unit != gs1.Pieces {
			element["uom"] = q.Unit
		}
	}
	return json.Marshal(map[string]any(element))
}

func kg(id types.LotID, n uint64) quantity { return quantity{id, n * 100_000, "KGM"} }

func in(q quantity, unit string) quantity { q.Unit = unit; return q }

func list(q ...quantity) []quantity { return q }

// event is a body with the canonical form of a document; what the document leaves out of
// the common fields is filled in. It panics on what is no EPCIS.
func event(at int64, d doc) *types.CaptureEvent {
	d["@context"] = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
	d["eventTime"] = time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z")
	d["eventTimeZoneOffset"] = "+08:00"
	data, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	parsed, err := epcis.Parse(data)
	if err != nil {
		panic(fmt.Sprintf("%v in %s", err, data))
	}
	return &types.CaptureEvent{Event: string(parsed.Events[0].Canonical)}
}

func object(action string, at int64, list ...quantity) *types.CaptureEvent {
	return event(at, doc{"type": types.ObjectEvent, "action": action, "quantityList": list})
}

func transformation(at int64, inputs, outputs []quantity) *types.CaptureEvent {
	return event(at, doc{"type": types.TransformationEvent, "inputQuantityList": inputs, "outputQuantityList": outputs})
}

// gtin is a trade item under a member's company prefix.
func gtin(member string, n int) string {
	digits := fmt.Sprintf("0%s%05d", prefixOf[member], n)
	return digits + check(digits)
}

// check is the check digit behind digits.
func check(digits string) string {
	c, err := gs1.CheckDigit(digits)
	if err != nil {
		panic(err)
	}
	return string(c)
}

// lotOf is a lot of such a trade item.
func lotOf(member string, n int, lot string) types.LotID {
	return types.LotID(gtin(member, n) + "." + lot)
}

// bag is one piece of such a trade item.
func bag(member string, n int, serial string) types.UnitID {
	return types.UnitID("sgtin." + gtin(member, n) + "." + serial)
}

// pallet is a logistic unit of a member.
func pallet(member string, n int) types.UnitID {
	digits := fmt.Sprintf("0%s%09d", prefixOf[member], n)
	return types.UnitID("sscc." + digits + check(digits))
}

// site is a place of a member, and party the member itself.
func site(member string, n int) string {
	digits := fmt.Sprintf("%s%05d", prefixOf[member], n)
	return "sgln." + digits + check(digits)
}

func party(member string) string {
	digits := prefixOf[member] + "00000"
	return "https://id.gs1.org/417/" + digits + check(digits)
}

// private is a name outside GS1, as a lot or a unit.
func private(name string) string { return "x." + gs1.Escape("https://id.tianmu.example/"+name) }

// paper is a certificate's name.
func paper(n string) types.CertificateID { return types.CertificateID(private("cert/" + n)) }

func links(ids ...types.UnitID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = types.LinkOf(string(id))
	}
	return list
}

func pieces(id types.LotID, n uint64) quantity { return quantity{id, n * 100_000, gs1.Pieces} }

// commission is an event that makes units.
func commission(at int64, ids ...types.UnitID) *types.CaptureEvent {
	return event(at, doc{"type": types.ObjectEvent, "action": types.ActionAdd, "epcList": links(ids...)})
}

// packing puts units and quantities into a unit, or takes them out.
func packing(action string, at int64, parent types.UnitID, children []types.UnitID, quantities ...quantity) *types.CaptureEvent {
	d := doc{"type": types.AggregationEvent, "action": action, "parentID": types.LinkOf(string(parent))}
	if len(children) > 0 {
		d["childEPCs"] = links(children...)
	}
	if len(quantities) > 0 {
		d["childQuantityList"] = quantities
	}
	return event(at, d)
}

// moving is an event of shipping or receiving between two members.
func moving(step string, at int64, from, to string, ids []types.UnitID, quantities ...quantity) *types.CaptureEvent {
	d := doc{"type": types.ObjectEvent, "action": types.ActionObserve, "bizStep": step}
	if from != "" {
		d["sourceList"] = []doc{{"type": "possessing_party", "source": party(from)}}
	}
	if to != "" {
		d["destinationList"] = []doc{{"type": "possessing_party", "destination": party(to)}}
	}
	if len(ids) > 0 {
		d["epcList"] = links(ids...)
	}
	if len(quantities) > 0 {
		d["quantityList"] = quantities
	}
	return event(at, d)
}

// named gives an event an identity of its own, so that it can be declared an error.
func named(b *types.CaptureEvent, id string) *types.CaptureEvent {
	return with(b, timeOf(b), doc{"eventID": "https://id.tianmu.example/event/" + id})
}

// declared is the declaration that an event was an error.
func declared(b *types.CaptureEvent) *types.CaptureEvent {
	return with(b, timeOf(b), doc{"errorDeclaration": doc{"declarationTime": "2026-11-23T09:00:00.000Z", "reason": "incorrect_data"}})
}

// citing adds certificates to an event.
func citing(b *types.CaptureEvent, ids ...types.CertificateID) *types.CaptureEvent {
	uris := make([]string, len(ids))
	for i, id := range ids {
		uris[i] = types.LinkOf(string(id))
	}
	return with(b, timeOf(b), doc{"certificationInfo": uris})
}

func timeOf(b *types.CaptureEvent) int64 {
	e, err := b.Parsed()
	if err != nil {
		panic(err)
	}
	return e.Time
}

// with returns the same event with further or other members.
func with(b *types.CaptureEvent, at int64, more doc) *types.CaptureEvent {
	var d doc
	if err := json.Unmarshal([]byte(b.Event), &d); err != nil {
		panic(err)
	}
	for _, name := range []string{"action", "bizStep", "disposition", "bizLocation", "readPoint", "certificationInfo", "eventID",
		"sourceList", "destinationList", "transformationID", "epcList", "inputEPCList", "outputEPCList", "quantityList",
		"inputQuantityList", "outputQuantityList", "errorDeclaration", "parentID", "childEPCs", "childQuantityList", "bizTransactionList"} {
		if v, ok := more[name]; ok {
			d[name] = v
		}
	}
	return event(at, d)
}

// TestEventIDOfAnotherHash: an eventID that is another event's CBV hash identifies the
// event all the same, and the record says so.
func TestEventIDOfAnotherHash(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	b := with(object(types.ActionAdd, l.now, kg(green, 1)), l.now, doc{"eventID": "ni:///sha-256;bd5ff95ba4baa1ce2bbb0d4bb7a1c0a28dbcbdf5dd6cd6a4a0e3dc0ff5b5a2b1?ver=CBV2.0"})
	l.must(coop, b)
	l.refuse(types.EventExists, coop, b)
	var flags []string
	for _, key := range l.blocks[len(l.blocks)-2].Events[0].Keys {
		if family, id := types.ThingKey(key).Cut(); family == types.PrefixEvent {
			flags = record[types.CapturedEvent](l, types.PrefixEvent+"/"+id).Flags
		}
	}
	if len(flags) != 1 || flags[0] != types.EventHash.String() {
		t.Errorf("flags %v, want EVENT_HASH", flags)
	}
}
