package web_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/gs1"
)

// The things of the story: hickory nuts are harvested, dried and packed into bags, which go on a pallet to a shop.
const (
	greenLot   = "06901234000016.G261102"
	driedLot   = "06901234000023.D261111"
	bagLot     = "06901234000030.P261121"
	grove      = "sgln.6901234000009"
	pallet     = "sscc.069012340000000016"
	giPaper    = "gdti.6909876000012.GI261102"
	certifier  = "zj-quality"
	foodAgency = "zj-market"
)

func TestMain(m *testing.M) {
	chaintest.Members = append(chaintest.Members,
		types.GenesisMember{ID: certifier, Name: "浙江质检院", Roles: []string{types.RoleCertifier}},
		types.GenesisMember{ID: foodAgency, Name: "浙江省市场监管局", Roles: []string{types.RoleAuthority}})
	m.Run()
	if theBrowser != nil {
		theBrowser.close()
	}
}

// storied is a chain with the story of one lot of bags. The rules are not at work: what stands in the records is what they
// would have made of the events.
type storied struct {
	*chaintest.Chain
	t   testing.TB
	txs byte
}

// day is the eventTime of so many days before the chain began.
func day(before int) int64 { return chaintest.Start - int64(before)*24*3_600_000 }

func newStory(t testing.TB) *storied {
	t.Helper()
	s := &storied{Chain: chaintest.New(t), t: t}
	s.papers()
	s.make()
	s.deliver()
	return s
}

// record puts one event of a member on several records.
func (s *storied) record(member string, body types.Body, records map[string]types.Record) {
	s.t.Helper()
	s.txs++
	e := s.Event(types.Hash{s.txs}, 0, member, body)
	keys := make([]string, 0, len(records))
	for key := range records {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		s.Put(key, records[key], e)
	}
	s.Commit()
}

func (s *storied) papers() {
	s.record(certifier, &types.IssueCertificate{
		Certificate: giPaper, Standard: "GI Lin'an hickory", Accreditation: foodAgency + "/gi-2026", Subject: "coop-linan",
		Sites: []string{grove}, From: day(60), Until: day(-300),
	}, map[string]types.Record{"certificate/" + giPaper: &types.Certificate{
		Standard: "GI Lin'an hickory", Accreditation: foodAgency + "/gi-2026", Issuer: certifier, Subject: "coop-linan", Sites: []string{grove},
		Issued: chaintest.Start + 2000, From: day(60), Until: day(-300),
	}})
	s.record("coop-linan", &types.RegisterPlot{Plot: grove, Name: "岛石镇 1 号山核桃林", GTIN: greenLot[:14], From: day(40), Until: day(-1), Cap: 120_000_000, Unit: "KGM"},
		map[string]types.Record{"plot/" + grove: &types.Plot{
			ID: grove, Name: "岛石镇 1 号山核桃林", Owner: "coop-linan",
			Seasons: []types.Season{{GTIN: greenLot[:14], From: day(40), Until: day(-1), Cap: 120_000_000, Used: 100_000_000, Unit: "KGM"}},
		}})
	s.record("coop-linan", &types.RegisterProduct{GTIN: bagLot[:14], Name: "临安山核桃 500 g", Net: 50_000_000, Unit: "GRM"},
		map[string]types.Record{"product/" + bagLot[:14]: &types.Product{GTIN: bagLot[:14], Name: "临安山核桃 500 g", Owner: "coop-linan", Net: 50_000_000, NetUnit: "GRM"}})
}

// captured is an EPCIS event in its canonical form: members in order, and the context that it was captured with.
func captured(t testing.TB, at int64, members map[string]any) *types.CaptureEvent {
	t.Helper()
	members["@context"] = []any{"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", map[string]any{"hickory": "https://hickory.example/ns/"}}
	members["eventTime"] = time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z")
	members["eventTimeZoneOffset"] = "+08:00"
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return &types.CaptureEvent{Event: string(text)}
}

func of(lot string, quantity float64, unit string) map[string]any {
	q := map[string]any{"epcClass": types.LinkOf(lot), "quantity": quantity}
	if unit != "" {
		q["uom"] = unit
	}
	return q
}

func (s *storied) make() {
	paper := types.LinkOf(giPaper)
	green := &types.Lot{ID: greenLot, Unit: "KGM", Produced: 100_000_000, Owner: "coop-linan", Commissioned: day(21), Plot: grove}
	s.record("coop-linan", captured(s.t, day(21), map[string]any{
		"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning", "readPoint": map[string]any{"id": types.LinkOf(grove)},
		"certificationInfo": paper, "quantityList": []any{of(greenLot, 1000, "KGM")},
		"ilmd": map[string]any{"hickory:village": "浙江省杭州市临安区岛石镇"},
	}), map[string]types.Record{"lot/" + greenLot: green})

	used, dried := *green, &types.Lot{ID: driedLot, Unit: "KGM", Produced: 35_000_000, Owner: "coop-linan", Commissioned: day(12)}
	used.Consumed = 90_000_000
	s.record("coop-linan", captured(s.t, day(12), map[string]any{
		"type": "TransformationEvent", "bizStep": "https://hickory.example/step/husking-and-drying", "certificationInfo": paper,
		"inputQuantityList": []any{of(greenLot, 900, "KGM")}, "outputQuantityList": []any{of(driedLot, 350, "KGM")},
		"sensorElementList": []any{map[string]any{
			"sensorMetadata": map[string]any{"startTime": "2026-11-03T08:00:00.000Z", "endTime": "2026-11-11T08:00:00.000Z"},
			"sensorReport":   []any{map[string]any{"type": "Temperature", "minValue": 41.5, "maxValue": 47.2, "uom": "CEL"}},
		}},
	}), map[string]types.Record{"lot/" + greenLot: &used, "lot/" + driedLot: dried})

	// The rest of the green nuts went elsewhere: this is no part of the bags' story.
	gone := used
	gone.Sold = 10_000_000
	s.record("coop-linan", captured(s.t, day(11), map[string]any{
		"type": "ObjectEvent", "action": "DELETE", "bizStep": "retail_selling", "quantityList": []any{of(greenLot, 100, "KGM")},
	}), map[string]types.Record{"lot/" + greenLot: &gone})

	spent := *dried
	spent.Consumed = 35_000_000
	s.record("coop-linan", captured(s.t, day(2), map[string]any{
		"type": "TransformationEvent", "bizStep": "commissioning", "certificationInfo": paper,
		"inputQuantityList": []any{of(driedLot, 350, "KGM")}, "outputQuantityList": []any{of(bagLot, 660, "")},
		"ilmd": map[string]any{"hickory:bestBefore": "2027-09-21"},
	}), map[string]types.Record{"lot/" + driedLot: &spent, "lot/" + bagLot: s.bags()})
}

// bags is the lot as it stands before anything happens to it.
func (s *storied) bags() *types.Lot {
	return &types.Lot{
		ID: bagLot, Unit: "C62", Net: 50_000_000, NetUnit: "GRM", Produced: 66_000_000, Owner: "coop-linan", Commissioned: day(2),
		Holdings: []types.Holding{{Member: "coop-linan", Quantity: 66_000_000}},
		Trace:    types.Trace{Claims: []string{"GI Lin'an hickory"}},
	}
}

func (s *storied) deliver() {
	packed := s.bags()
	packed.Packed, packed.Holdings = 66_000_000, nil
	unit := types.Unit{ID: pallet, Custodian: "coop-linan", Contents: []types.LotPart{{Lot: bagLot, Quantity: 66_000_000}}}
	s.record("coop-linan", captured(s.t, day(2)+60_000, map[string]any{
		"type": "AggregationEvent", "action": "ADD", "bizStep": "packing", "parentID": types.LinkOf(pallet), "childQuantityList": []any{of(bagLot, 660, "")},
	}), map[string]types.Record{"lot/" + bagLot: packed, "unit/" + pallet: &unit})

	parties := func(e map[string]any) map[string]any {
		e["epcList"] = []any{types.LinkOf(pallet)}
		e["sourceList"] = []any{map[string]any{"type": "possessing_party", "source": "https://id.gs1.org/417/6901234000092"}}
		e["destinationList"] = []any{map[string]any{"type": "possessing_party", "destination": "https://id.gs1.org/417/6905555000090"}}
		e["bizTransactionList"] = []any{map[string]any{"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:6901234000016:DA17"}}
		return e
	}
	sent, held := unit, unit
	sent.OfferTo = "lantu"
	s.record("coop-linan", captured(s.t, day(1), parties(map[string]any{"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping"})),
		map[string]types.Record{"unit/" + pallet: &sent})
	held.Custodian = "lantu"
	s.record("lantu", captured(s.t, day(0)-3_600_000, parties(map[string]any{"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "receiving"})),
		map[string]types.Record{"unit/" + pallet: &held})
	empty, shelf := held, s.bags()
	empty.Contents = nil
	shelf.Holdings = []types.Holding{{Member: "lantu", Quantity: 66_000_000}}
	s.record("lantu", captured(s.t, day(0)-3_000_000, map[string]any{
		"type": "AggregationEvent", "action": "DELETE", "bizStep": "unpacking", "parentID": types.LinkOf(pallet),
	}), map[string]types.Record{"unit/" + pallet: &empty, "lot/" + bagLot: shelf})
}

const recallID = foodAgency + "/aflatoxin-261124"

// recall marks the dried nuts and what was made of them.
func (s *storied) recall() {
	marks := []types.Mark{{Kind: types.MarkRecall, Ref: recallID}}
	lots := map[string]types.Record{"recall/" + recallID: &types.Recall{
		Things: []types.ThingKey{"lot/" + driedLot}, Class: 1, Reason: "黄曲霉毒素 B1 超标 (aflatoxin B1 over the limit)", Opened: chaintest.Start + 1000*(s.Last()+1),
	}}
	for _, id := range []string{driedLot, bagLot} {
		lot := *s.Records["lot/"+id].(*types.Lot)
		lot.Trace.Marks = marks
		lots["lot/"+id] = &lot
	}
	s.record(foodAgency, &types.OpenRecall{Recall: "aflatoxin-261124", Things: []types.ThingKey{"lot/" + driedLot}, Class: 1, Reason: "黄曲霉毒素 B1 超标 (aflatoxin B1 over the limit)"}, lots)
}

const dryingID = "coop-linan/01KA3R7Z40N7DPSEYSB6DNYX4Q"

// doubt has the drying declared an error, and the certificate revoked.
func (s *storied) doubt() {
	drying, err := types.DecodeEvent(s.Raw["lot/"+driedLot][0])
	check(s.t, err)
	body, err := types.DecodeBody(drying.Kind, drying.Body)
	check(s.t, err)
	var members map[string]any
	check(s.t, json.Unmarshal([]byte(body.(*types.CaptureEvent).Event), &members))
	members["errorDeclaration"] = map[string]any{"declarationTime": "2026-11-23T08:00:00.000Z", "reason": "incorrect_data"}
	text, err := json.Marshal(members)
	check(s.t, err)
	marked := func(id string, mark types.Mark) *types.Lot {
		lot := *s.Records["lot/"+id].(*types.Lot)
		lot.Trace.Marks = append(slices.Clone(lot.Trace.Marks), mark)
		return &lot
	}
	dispute := types.Mark{Kind: types.MarkDispute, Ref: dryingID}
	s.record("coop-linan", &types.CaptureEvent{Event: string(text)}, map[string]types.Record{
		"event/" + dryingID: &types.CapturedEvent{Time: day(12), Declared: chaintest.Start + 20_000, Reason: "incorrect_data"},
		"lot/" + driedLot:   marked(driedLot, dispute), "lot/" + bagLot: marked(bagLot, dispute),
	})
	paper := *s.Records["certificate/"+giPaper].(*types.Certificate)
	paper.Changes = []types.StatusChange{{Status: types.StatusRevoked, Effective: day(30), Reason: "no longer grown there"}}
	revoked := types.Mark{Kind: types.MarkCertificate, Ref: giPaper}
	s.record(certifier, &types.ChangeCertificate{Certificate: giPaper, Status: types.StatusRevoked, Effective: day(30), Reason: "no longer grown there"},
		map[string]types.Record{
			"certificate/" + giPaper: &paper, "lot/" + greenLot: marked(greenLot, revoked),
			"lot/" + driedLot: marked(driedLot, revoked), "lot/" + bagLot: marked(bagLot, revoked),
		})
}

// blend makes another lot in two events with one transformationID, and returns the lot and the key of the transformation.
func (s *storied) blend() (lot, transformation string) {
	const uri, made = "https://hickory.example/batch/7 (b)", "06901234000030.B261122"
	key := types.PrefixTransformation + "/coop-linan/" + gs1.Escape(uri)
	fed := *s.Records["lot/"+driedLot].(*types.Lot)
	s.record("coop-linan", captured(s.t, day(1), map[string]any{
		"type": "TransformationEvent", "bizStep": "commissioning", "transformationID": uri, "inputQuantityList": []any{of(driedLot, 30, "KGM")},
	}), map[string]types.Record{"lot/" + driedLot: &fed, key: &types.Transformation{Dimension: "mass", In: "1", Out: "0"}})
	bags := s.bags()
	bags.ID, bags.Produced = made, 6_000_000
	s.record("coop-linan", captured(s.t, day(0), map[string]any{
		"type": "TransformationEvent", "bizStep": "commissioning", "transformationID": uri, "outputQuantityList": []any{of(made, 60, "")},
	}), map[string]types.Record{"lot/" + made: bags, key: &types.Transformation{Dimension: "mass", In: "1", Out: "1"}})
	return made, key
}

// keys are the records that the lot's page asks for.
var keys = []string{
	"lot/" + bagLot, "lot/" + driedLot, "lot/" + greenLot, "unit/" + pallet, "certificate/" + giPaper, "plot/" + grove,
	"product/" + bagLot[:14], "member/coop-linan", "member/" + certifier, "member/" + foodAgency,
}

// evidence proves records with their histories, all under one header.
func (s *storied) evidence(keys ...string) *evidence.Evidence {
	s.t.Helper()
	var asks []evidence.Ask
	for _, key := range keys {
		claim := evidence.ClaimRecord
		if family, _, _ := strings.Cut(key, "/"); slices.Contains([]string{"lot", "unit", "recall", "transformation"}, family) {
			claim = evidence.ClaimHistory
		}
		asks = append(asks, evidence.Ask{Claim: claim, Key: key})
	}
	return s.Prove(asks...)
}

// longHistory is a chain with one lot to which as many things happened.
func longHistory(t testing.TB, events int) *chaintest.Chain {
	t.Helper()
	c := chaintest.New(t)
	list := make([]*types.Event, events)
	for i := range list {
		list[i] = c.Event(types.Hash{1, byte(i >> 8), byte(i)}, 0, "coop-linan", types.Commissioning(chaintest.Lot, 100_000+uint64(i), "KGM", chaintest.Start+int64(i)))
	}
	c.Put("lot/"+chaintest.Lot, &types.Lot{ID: chaintest.Lot, Unit: "KGM", Produced: 100_000_000, Owner: "coop-linan"}, list...)
	c.Commit()
	return c
}

func encoded(t testing.TB, e *evidence.Evidence) []byte {
	t.Helper()
	file, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func compact(t testing.TB, e *evidence.Evidence) []byte {
	t.Helper()
	file, err := e.Compact()
	if err != nil {
		t.Fatal(err)
	}
	return file
}
