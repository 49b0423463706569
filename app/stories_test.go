package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
)

const (
	hour = int64(time.Hour / time.Millisecond)
	day  = 24 * hour
	year = 365 * day
)

// season is a plot of the coop's that yields green nuts for a year.
func season(kg uint64, members ...string) *types.RegisterPlot {
	return &types.RegisterPlot{
		Plot: site(coop, 1), Name: "Tianmu 7", Members: members, GTIN: gtin(coop, 1),
		From: genesisTime - day, Until: genesisTime + year, Cap: kg * 100_000, Unit: "KGM",
	}
}

// atPlot puts an event at that plot.
func atPlot(b *types.CaptureEvent) *types.CaptureEvent {
	return with(b, timeOf(b), doc{"bizLocation": doc{"id": types.LinkOf(site(coop, 1))}})
}

// TestStoryPlotSellsThreeTimes: a plot of 1,000 kg cannot sell that much through each of
// two processors and again by itself, in whatever units and packages.
func TestStoryPlotSellsThreeTimes(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	l.must(coop, season(1000, mill, roaster))
	for _, to := range []string{mill, roaster} {
		l.must(coop, &types.GrantRange{Prefix: prefixOf[coop], To: to, GTIN: gtin(coop, 1), First: "M1", Last: "M9"})
	}
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 1), Name: "green nuts, a sack of 50 kg", Net: 50 * 100_000, Unit: "KGM"})
	harvest := func(lot string, q uint64, unit string) *types.CaptureEvent {
		return atPlot(object(types.ActionAdd, l.now, quantity{lotOf(coop, 1, lot), q * 100_000, unit}))
	}
	l.must(mill, harvest("M1", 600, "KGM"))
	l.refuse(types.SeasonCap, roaster, harvest("M2", 600, "KGM"))
	l.refuse(types.SeasonCap, roaster, harvest("M2", 400_001, "GRM"))
	l.must(roaster, harvest("M2", 300, "KGM"))
	l.refuse(types.SeasonCap, coop, harvest("M3", 101, "KGM"))
	l.refuse(types.SeasonCap, coop, harvest("M3", 3, "C62")) // three sacks
	l.refuse(types.SeasonCap, coop, atPlot(commission(l.now, bag(coop, 1, "1"), bag(coop, 1, "2"), bag(coop, 1, "3"))))
	l.must(coop, atPlot(commission(l.now, bag(coop, 1, "1"))))
	l.must(coop, harvest("M3", 1, "C62"))
	l.refuse(types.SeasonCap, coop, harvest("M4", 1, "GRM"))
	l.refuse(types.NotOwner, carrier, atPlot(object(types.ActionAdd, l.now, kg(types.LotID(private("g")), 1))))
	l.refuse(types.PlotSeason, coop, atPlot(object(types.ActionAdd, l.now-2*day, kg(lotOf(coop, 1, "M5"), 1))))
	l.refuse(types.PlotSeason, coop, atPlot(object(types.ActionAdd, l.now, kg(lotOf(coop, 2, "M5"), 1))))
	l.refuse(types.Role, coop, season(2000))
	l.refuse(types.SeasonCap, coop, season(999))
	l.refuse(types.Role, mill, season(2000))
	l.must(office, season(1100, mill, roaster))
	l.must(coop, harvest("M4", 100, "KGM"))
	if got := l.lot(lotOf(coop, 1, "M1")); got.Plot != site(coop, 1) || got.Owner != mill {
		t.Errorf("the plot of M1: %+v", got)
	}
	l.check()
}

// TestStoryErrorOnConsumedLot: taking a harvest back disputes all that came from it,
// through transformations that several events tell, until the authority settles it.
func TestStoryErrorOnConsumedLot(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	roasted, clean := lotOf(coop, 3, "R1"), lotOf(coop, 3, "R2")
	joint := doc{"transformationID": "https://id.tianmu.example/drying/7"}
	harvest := named(object(types.ActionAdd, l.now, kg(green, 1000)), "harvest")
	l.must(coop, harvest)
	l.must(coop, object(types.ActionAdd, l.now, kg("06901234000016.G2", 10)))
	l.must(coop, with(event(l.now, doc{"type": types.TransformationEvent, "inputQuantityList": list(kg(green, 500)), "transformationID": "urn:x"}), l.now, joint))
	l.must(coop, with(event(l.now, doc{"type": types.TransformationEvent, "outputQuantityList": list(kg(dried, 100)), "transformationID": "urn:x"}), l.now, joint))
	l.must(coop, transformation(l.now, list(kg(dried, 50)), list(kg(roasted, 50))))
	l.must(coop, transformation(l.now, list(kg("06901234000016.G2", 10)), list(kg(clean, 5))))
	l.must(coop, packing(types.ActionAdd, l.now, pallet(coop, 1), nil, kg(roasted, 10)))
	l.refuse(types.Role, mill, with2(declared(harvest), coop))
	l.refuse(types.EventUnknown, mill, declared(harvest))
	l.refuse(types.EventDiffers, coop, with(declared(harvest), timeOf(harvest), doc{"bizStep": "commissioning"}))
	l.must(coop, declared(harvest))
	l.refuse(types.EventExists, coop, declared(harvest))
	for _, id := range []types.LotID{green, dried, roasted} {
		l.refuse(types.Disputed, coop, &types.OfferLot{Lot: id, To: mill, Deadline: l.now + hour})
	}
	l.refuse(types.Disputed, coop, &types.OfferUnit{Unit: pallet(coop, 1), To: mill, Deadline: l.now + hour})
	l.refuse(types.Disputed, coop, with(object(types.ActionDelete, l.now, kg(roasted, 1)), l.now, doc{"bizStep": "retail_selling"}))
	l.must(coop, &types.OfferLot{Lot: clean, To: mill, Deadline: l.now + hour})
	l.must(coop, transformation(l.now, list(kg(dried, 10)), list(kg(other, 10))))
	l.refuse(types.Disputed, coop, &types.OfferLot{Lot: other, To: mill, Deadline: l.now + hour}) // made later, and of it
	l.must(coop, &types.OfferLot{Lot: dried, To: depot, Deadline: l.now + hour, Purpose: types.PurposeQuarantine})
	id := l.eventID(coop, harvest)
	l.refuse(types.Role, coop, &types.SettleDispute{Event: id})
	l.must(office, &types.SettleDispute{Event: id, Note: "weighed again"})
	l.refuse(types.EventUnknown, office, &types.SettleDispute{Event: id})
	l.must(coop, &types.OfferLot{Lot: roasted, To: mill, Deadline: l.now + hour})
	l.check()
}

// with2 makes it a statement about another member's event.
func with2(b *types.CaptureEvent, of string) *types.CaptureEvent {
	return &types.CaptureEvent{Event: b.Event, Of: of}
}

// TestStoryAuthorityDeclaresError: an authority takes back what a member will not.
func TestStoryAuthorityDeclaresError(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	harvest := named(object(types.ActionAdd, l.now, kg(green, 1000)), "harvest")
	l.must(coop, harvest)
	l.must(office, with2(declared(harvest), coop))
	l.refuse(types.Disputed, coop, &types.OfferLot{Lot: green, To: mill, Deadline: l.now + hour})
	if got := l.event(coop, harvest); got.Declared != l.now-1000 || got.Reason != "incorrect_data" {
		t.Errorf("the event: %+v", got)
	}
	l.check()
}

// organic has a certifier accredited for organic and the coop certified.
func organic(l *ledger, id types.CertificateID, subject string, cap uint64) {
	l.t.Helper()
	if record[types.Accreditation](l, "accreditation/"+office+"/org") == nil {
		l.must(office, &types.Accredit{Accreditation: "org", Issuer: cert, Standards: []string{"organic", "GI"}, From: genesisTime - year, Until: genesisTime + year})
	}
	body := &types.IssueCertificate{
		Certificate: id, Standard: "organic", Accreditation: office + "/org", Subject: subject,
		From: genesisTime - 30*day, Until: genesisTime + year,
	}
	if cap > 0 {
		body.Cap, body.Unit = cap*100_000, "KGM"
	}
	l.must(cert, body)
}

// TestStoryRetroactiveRevocation: a certificate that was revoked from an earlier date on
// is void for all that used it since, and for what was made of that.
func TestStoryRetroactiveRevocation(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	farmPaper, millPaper := paper("farm"), paper("mill")
	organic(l, farmPaper, coop, 2000)
	organic(l, millPaper, mill, 0)
	early, late, flour := lotOf(coop, 1, "E"), lotOf(coop, 1, "L"), lotOf(mill, 1, "F")
	l.must(coop, citing(object(types.ActionAdd, l.now-10*day, kg(early, 100)), farmPaper))
	l.must(coop, citing(object(types.ActionAdd, l.now, kg(late, 100)), farmPaper))
	for _, id := range []types.LotID{early, late} {
		l.must(coop, &types.OfferLot{Lot: id, To: mill, Deadline: l.now + hour})
		l.must(mill, &types.AcceptLot{Lot: id, From: coop})
	}
	milling := func(from, to types.LotID) *types.CaptureEvent {
		return citing(transformation(l.now, list(kg(from, 50)), list(kg(to, 50))), millPaper)
	}
	l.must(mill, milling(late, flour))
	l.must(mill, citing(object(types.ActionObserve, l.now, kg(flour, 0)), millPaper))
	l.must(cert, &types.ChangeCertificate{Certificate: farmPaper, Status: types.StatusRevoked, Effective: l.now - 5*day, Reason: "sprayed"})
	mark := types.Mark{Kind: types.MarkCertificate, Ref: string(farmPaper)}
	for id, want := range map[types.LotID]bool{early: false, late: true, flour: true} {
		if got := slices.Contains(l.lot(id).Trace.Marks, mark); got != want {
			t.Errorf("%s is marked: %v, want %v", id, got, want)
		}
	}
	l.refuse(types.ClaimDiluted, mill, citing(object(types.ActionObserve, l.now, kg(flour, 0)), millPaper))
	l.refuse(types.ClaimDiluted, mill, milling(late, lotOf(mill, 1, "F2")))
	l.must(mill, milling(early, lotOf(mill, 1, "F2"))) // harvested while it was valid
	l.refuse(types.CertRevoked, coop, citing(object(types.ActionAdd, l.now, kg(lotOf(coop, 1, "N"), 1)), farmPaper))
	l.must(coop, citing(object(types.ActionAdd, l.now-6*day, kg(lotOf(coop, 1, "N"), 1)), farmPaper))
	l.refuse(types.Role, cert, &types.ChangeCertificate{Certificate: farmPaper, Status: types.StatusValid, Effective: l.now - 5*day})
	l.must(office, &types.ChangeCertificate{Certificate: farmPaper, Status: types.StatusValid, Effective: l.now - 5*day, Reason: "it was the neighbour"})
	l.must(mill, citing(object(types.ActionObserve, l.now, kg(flour, 0)), millPaper))
	l.check()
}

// TestStoryRecallInsideAnOffer: what is recalled while it is on its way cannot be
// accepted, and goes on only to where recalled goods may go.
func TestStoryRecallInsideAnOffer(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	parcel := pallet(coop, 1)
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 100)))
	l.must(coop, packing(types.ActionAdd, l.now, parcel, nil, kg(green, 20)))
	l.must(coop, &types.OfferUnit{Unit: parcel, To: carrier, Deadline: l.now + hour})
	l.must(coop, &types.OfferLot{Lot: green, Quantity: 10 * 100_000, Unit: "KGM", To: carrier, Deadline: l.now + hour})
	l.must(coop, &types.OpenRecall{Recall: "aflatoxin", Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "aflatoxin B1"})
	l.refuse(types.Recalled, carrier, &types.AcceptUnit{Unit: parcel})
	l.refuse(types.Recalled, carrier, &types.AcceptLot{Lot: green, From: coop})
	l.refuse(types.Recalled, carrier, moving("receiving", l.now, coop, carrier, []types.UnitID{parcel}))
	l.must(carrier, &types.RejectUnit{Unit: parcel})
	l.must(coop, &types.RejectLot{Lot: green, From: coop, To: carrier})
	l.refuse(types.Recalled, coop, &types.OfferUnit{Unit: parcel, To: carrier, Deadline: l.now + hour})
	l.refuse(types.Recalled, coop, moving("shipping", l.now, coop, carrier, nil, kg(green, 5)))
	l.must(coop, &types.OfferUnit{Unit: parcel, To: carrier, Deadline: l.now + hour, Purpose: types.PurposeQuarantine})
	l.must(carrier, &types.AcceptUnit{Unit: parcel})
	l.refuse(types.Recalled, carrier, &types.OfferUnit{Unit: parcel, To: shop, Deadline: l.now + hour})
	l.must(coop, with(moving("shipping", l.now, coop, carrier, nil, kg(green, 5)), l.now, doc{"disposition": "recalled"}))
	l.must(carrier, &types.AcceptLot{Lot: green, From: coop})
	l.must(carrier, &types.ReportRecall{Recall: coop + "/aflatoxin", Thing: green.Key(), Located: 5 * 100_000})
	l.must(coop, object(types.ActionDelete, l.now, kg(green, 75))) // destroyed
	l.must(coop, &types.CloseRecall{Recall: coop + "/aflatoxin", Note: "all of it is destroyed"})
	l.must(carrier, &types.OfferUnit{Unit: parcel, To: shop, Deadline: l.now + hour})
	l.check()
}

// TestStoryUnitSwitch: bags do not become kilograms without a registered content, and
// with one no rounding and no relabelling makes mass.
func TestStoryUnitSwitch(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	product := func(n int, net uint64, unit string) *types.RegisterProduct {
		return &types.RegisterProduct{GTIN: gtin(coop, n), Net: net, Unit: unit}
	}
	bare, small, heavy := lotOf(coop, 10, "A"), lotOf(coop, 11, "A"), lotOf(coop, 12, "A")
	bulk := func(n int) types.LotID { return lotOf(coop, 13, fmt.Sprint("K", n)) }
	l.must(coop, product(11, 50_000, "KGM"))  // 500 g
	l.must(coop, product(12, 1, "KTN"))       // 10 kg, in the coarsest unit there is
	l.must(coop, product(14, 50*1e5, "KGM"))  // 50 kg
	l.must(coop, product(15, 200_000, "LTR")) // 2 l
	l.must(coop, object(types.ActionAdd, l.now, pieces(bare, 10)))
	l.must(coop, object(types.ActionAdd, l.now, pieces(small, 10)))
	l.must(coop, object(types.ActionAdd, l.now, pieces(heavy, 1)))
	var crumbs []quantity // a thousand times 10^-5 of the piece of 10 kg
	for range 1000 {
		crumbs = append(crumbs, quantity{heavy, 1, "C62"})
	}
	for _, c := range []struct {
		name string
		want types.Code
		in   []quantity
		out  []quantity
	}{
		{"bags without a content to kg", types.UnitIncompatible, list(pieces(bare, 1)), list(kg(bulk(1), 1))},
		{"kg taken from bags without a content", types.UnitIncompatible, list(kg(bare, 1)), list(kg(bulk(1), 1))},
		{"more than the bags hold", types.MassCreated, list(pieces(small, 2)), list(quantity{bulk(1), 100_001, "KGM"})},
		{"what the bags hold", types.OK, list(pieces(small, 2)), list(kg(bulk(1), 1))},
		{"kg taken from bags", types.OK, list(kg(small, 1)), list(kg(bulk(2), 1))},
		{"crumbs rounded up one by one", types.MassCreated, crumbs, list(quantity{bulk(3), 10_001, "KGM"})},
		{"small bags into as many big ones", types.MassCreated, list(pieces(small, 1)), list(pieces(lotOf(coop, 14, "A"), 1))},
		{"bags without a content into ones with", types.UnitIncompatible, list(pieces(bare, 1)), list(pieces(lotOf(coop, 14, "A"), 1))},
		{"bags of kg into bottles", types.UnitIncompatible, list(pieces(small, 1)), list(pieces(lotOf(coop, 15, "A"), 1))},
		{"bags into as many boxes without a content", types.OK, list(pieces(small, 1)), list(pieces(lotOf(coop, 16, "A"), 1))},
		{"and those into kg", types.UnitIncompatible, list(pieces(lotOf(coop, 16, "A"), 1)), list(kg(bulk(4), 1))},
		{"a unit that is none", types.UnitInvalid, list(quantity{small, 1, "ZZZ"}), list(kg(bulk(4), 1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.t = t
			l.refuse(c.want, coop, transformation(l.now, c.in, c.out))
		})
	}
	l.t = t
	if got := l.lot(small); got.Consumed != 5*100_000 {
		t.Errorf("bags consumed: %d", got.Consumed)
	}
	l.check()
}

// TestStoryUnitsOfContent: the same for bags that are commissioned one by one.
func TestStoryUnitsOfContent(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	one, two := bag(coop, 11, "1"), bag(coop, 11, "2")
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 11), Net: 50_000, Unit: "KGM"})
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 14), Net: 5_000_000, Unit: "KGM"})
	l.must(coop, commission(l.now, one, two))
	opening := func(from types.UnitID, d doc) *types.CaptureEvent {
		d["type"], d["inputEPCList"] = types.TransformationEvent, links(from)
		return event(l.now, d)
	}
	l.refuse(types.MassCreated, coop, opening(one, doc{"outputQuantityList": list(kg(dried, 1))}))
	l.refuse(types.MassCreated, coop, opening(one, doc{"outputEPCList": links(bag(coop, 14, "1"))}))
	l.must(coop, opening(one, doc{"outputQuantityList": list(quantity{dried, 50_000, "KGM"})}))
	l.refuse(types.UnitGone, coop, opening(one, doc{"outputQuantityList": list(quantity{other, 50_000, "KGM"})}))
	l.must(coop, packing(types.ActionAdd, l.now, pallet(coop, 1), []types.UnitID{bag(coop, 14, "9")}))
	l.must(coop, packing(types.ActionDelete, l.now, pallet(coop, 1), nil))
	l.refuse(types.UnitUnknown, coop, opening(bag(coop, 14, "9"), doc{"outputQuantityList": list(kg(other, 50))}))
	l.check()
}

// TestStoryClockSkew: an event ten minutes ahead of the block's clock is in time, one
// beyond is not; late capture is.
func TestStoryClockSkew(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	skew := l.now + 1000 + types.DefaultParams().Skew // of the block that comes next
	l.refuse(types.TimeOrder, coop, object(types.ActionAdd, skew+1, kg(green, 1)))
	skew += 1000
	l.must(coop, object(types.ActionAdd, skew, kg(green, 1)))
	l.refuse(types.TimeOrder, coop, object(types.ActionObserve, l.now, kg(green, 0))) // before it was, by its own clock
	l.must(coop, object(types.ActionAdd, l.now-10*60_000, kg(dried, 1)))
	l.must(coop, object(types.ActionObserve, l.now-10*60_000, kg(dried, 0)))
	past := types.DefaultParams().EventPast
	l.refuse(types.KeyTime, coop, object(types.ActionAdd, l.now+1000-past-1, kg(other, 1)))
	l.must(coop, object(types.ActionAdd, l.now+1000-past, kg(other, 1)))
	l.check()
}

// TestStoryShortAndOver: a difference stays with who offered until the two settle it.
func TestStoryShortAndOver(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	hand := func(offered, arrived uint64) {
		l.t.Helper()
		l.must(coop, &types.OfferLot{Lot: green, Quantity: offered * 100_000, Unit: "KGM", To: mill, Deadline: l.now + hour})
		l.must(mill, &types.AcceptLot{Lot: green, From: coop, Quantity: arrived * 1000 * 100_000, Unit: "GRM"})
	}
	held := func(who string, want uint64) {
		l.t.Helper()
		if got := l.lot(green).Held(who); got != want*100_000 {
			l.t.Errorf("%s holds %d, want %d kg", who, got, want)
		}
	}
	settle := func(outcome string) *types.SettleLot { return &types.SettleLot{Lot: green, To: mill, Outcome: outcome} }
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 100)))
	hand(40, 38)
	held(mill, 38)
	l.refuse(types.Unsettled, coop, &types.OfferLot{Lot: green, To: mill, Deadline: l.now + hour})
	l.refuse(types.LotOffered, coop, object(types.ActionDelete, l.now, kg(green, 61)))
	l.refuse(types.FieldInvalid, coop, settle(types.OutcomeGiven))
	l.refuse(types.NoOffer, mill, &types.SettleLot{Lot: green, To: coop, Outcome: types.OutcomeLost})
	l.must(coop, settle(types.OutcomeLost))
	held(coop, 60)
	l.refuse(types.NoOffer, coop, settle(types.OutcomeLost))
	hand(10, 12)
	held(mill, 48)
	l.refuse(types.FieldInvalid, coop, settle(types.OutcomeLost))
	l.must(coop, settle(types.OutcomeGiven))
	held(mill, 50)
	hand(10, 9)
	l.must(coop, settle(types.OutcomeKept))
	held(coop, 39)
	hand(39, 1000) // nobody can be given what is not there
	l.refuse(types.Overdraw, coop, settle(types.OutcomeGiven))
	l.must(coop, settle(types.OutcomeKept))
	held(mill, 98)
	if got := l.lot(green); fmt.Sprint(got.Trace.Flags) != "[OVER SHORT]" || got.Destroyed != 2*100_000 {
		t.Errorf("after all: %+v", got)
	}
	l.check()
}

// TestStoryContainment: what is inside moves with the outermost, and only with it.
func TestStoryContainment(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	p, box, one := pallet(coop, 1), pallet(coop, 2), bag(coop, 11, "1")
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 100)))
	l.must(coop, commission(l.now, one))
	l.must(coop, packing(types.ActionAdd, l.now, box, []types.UnitID{one}, kg(green, 30)))
	l.must(coop, packing(types.ActionAdd, l.now, p, []types.UnitID{box}))
	offer := func(u types.UnitID, to string) *types.OfferUnit {
		return &types.OfferUnit{Unit: u, To: to, Deadline: l.now + hour}
	}
	l.refuse(types.Contained, coop, offer(box, carrier))
	l.refuse(types.Contained, coop, packing(types.ActionAdd, l.now, pallet(coop, 3), []types.UnitID{one}))
	l.refuse(types.Contained, coop, packing(types.ActionAdd, l.now, box, []types.UnitID{p})) // round in a circle
	l.refuse(types.Contained, coop, packing(types.ActionAdd, l.now, p, []types.UnitID{p}))
	l.refuse(types.NotContained, coop, packing(types.ActionDelete, l.now, p, []types.UnitID{one}))
	l.refuse(types.NotContained, coop, packing(types.ActionDelete, l.now, box, nil, kg(green, 31)))
	l.refuse(types.NotContained, coop, packing(types.ActionDelete, l.now, p, nil, kg(green, 1)))
	l.must(coop, offer(p, carrier))
	l.refuse(types.DoubleOffer, coop, offer(p, shop))
	l.refuse(types.UnitOffered, coop, packing(types.ActionDelete, l.now, box, nil, kg(green, 1)))
	l.refuse(types.UnitOffered, coop, packing(types.ActionAdd, l.now, box, nil, kg(green, 1)))
	l.refuse(types.NoOffer, shop, &types.AcceptUnit{Unit: p})
	l.must(carrier, &types.AcceptUnit{Unit: p})
	l.refuse(types.NotCustodian, coop, packing(types.ActionDelete, l.now, box, nil))
	l.refuse(types.NotCustodian, coop, event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": links(one)}))
	l.must(carrier, event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": links(one)}))
	l.must(carrier, packing(types.ActionDelete, l.now, box, nil, kg(green, 30)))
	if got := l.lot(green); got.Held(carrier) != 30*100_000 || got.Packed != 0 {
		t.Errorf("unpacked by the carrier: %+v", got)
	}
	l.must(carrier, packing(types.ActionDelete, l.now, p, nil))
	l.must(carrier, offer(box, shop))
	l.must(shop, &types.AcceptUnit{Unit: box})
	l.must(shop, event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "bizStep": "retail_selling", "epcList": links(box)}))
	if got := l.unit(one); got.Fate != types.FateSold {
		t.Errorf("the bag in the box that was sold: %+v", got)
	}
	l.refuse(types.UnitGone, shop, event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "epcList": links(box)}))
	l.check()
}

// commitment issues a member's own commitment certificate.
func commitment(l *ledger, who, n string) types.CertificateID {
	l.t.Helper()
	l.must(who, &types.IssueCertificate{Certificate: paper(n), Standard: types.StandardCommitment, Subject: who, From: genesisTime - 30*day, Until: genesisTime + year})
	return paper(n)
}

// TestStoryCommitmentAfterMixing: mixed lots need a new commitment certificate before
// they are handed over or sold, whatever they are packed in.
func TestStoryCommitmentAfterMixing(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	mine := commitment(l, coop, "c1")
	a, b := lotOf(coop, 1, "A"), lotOf(coop, 1, "B")
	l.must(coop, citing(object(types.ActionAdd, l.now, kg(a, 100)), mine))
	l.must(coop, object(types.ActionAdd, l.now, kg(b, 100)))
	l.must(coop, &types.OfferLot{Lot: a, Quantity: 1, Unit: "KGM", To: mill, Deadline: l.now + hour})
	l.must(coop, transformation(l.now, list(kg(a, 50), kg(b, 50)), list(kg(dried, 100))))
	offer := func() *types.OfferLot { return &types.OfferLot{Lot: dried, To: mill, Deadline: l.now + hour} }
	l.refuse(types.RecertRequired, coop, offer())
	box, p := pallet(coop, 1), pallet(coop, 2)
	l.must(coop, packing(types.ActionAdd, l.now, box, nil, kg(dried, 10)))
	l.must(coop, packing(types.ActionAdd, l.now, p, []types.UnitID{box}))
	l.refuse(types.RecertRequired, coop, &types.OfferUnit{Unit: p, To: mill, Deadline: l.now + hour})
	next := commitment(l, coop, "c2")
	l.must(coop, citing(object(types.ActionObserve, l.now, kg(dried, 0)), next))
	l.must(coop, offer())
	l.must(coop, citing(event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": links(p)}), next))
	l.must(coop, &types.OfferUnit{Unit: p, To: mill, Deadline: l.now + hour})
	l.must(coop, citing(transformation(l.now, list(kg(a, 10)), list(kg(other, 10))), next)) // at once
	l.must(coop, &types.OfferLot{Lot: other, To: mill, Deadline: l.now + hour})
	l.must(coop, event(l.now, doc{"type": types.TransformationEvent, "inputQuantityList": list(pieces(pieceLot(l, mine), 2)), "outputEPCList": links(bag(coop, 21, "1"))}))
	l.refuse(types.RecertRequired, coop, &types.OfferUnit{Unit: bag(coop, 21, "1"), To: mill, Deadline: l.now + hour})
	l.must(coop, citing(moving("shipping", l.now, coop, mill, []types.UnitID{bag(coop, 21, "1")}), next))
	l.check()
}

// pieceLot is a lot of ten pieces with a commitment certificate.
func pieceLot(l *ledger, c types.CertificateID) types.LotID {
	id := lotOf(coop, 20, "P")
	l.must(coop, citing(object(types.ActionAdd, l.now, pieces(id, 10)), c))
	return id
}

// TestStoryClaims: a claim survives only where all that went in carries it, or as far as
// a mass balance has earned it.
func TestStoryClaims(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	id := paper("organic")
	organic(l, id, coop, 0)
	pure, plain := lotOf(coop, 1, "P"), lotOf(coop, 1, "N")
	l.must(coop, citing(object(types.ActionAdd, l.now, kg(pure, 100)), id))
	l.must(coop, object(types.ActionAdd, l.now, kg(plain, 100)))
	out := func(n int, lot string, q uint64) []quantity { return list(kg(lotOf(coop, n, lot), q)) }
	l.refuse(types.ClaimDiluted, coop, citing(transformation(l.now, list(kg(pure, 9), kg(plain, 1)), out(2, "A", 10)), id))
	l.must(coop, citing(transformation(l.now, list(kg(pure, 10)), out(2, "A", 10)), id))
	l.must(coop, transformation(l.now, list(kg(pure, 10)), out(2, "B", 10)))
	if got := l.lot(lotOf(coop, 2, "B")).Trace.Claims; len(got) > 0 {
		t.Errorf("a claim that nobody certified: %v", got)
	}
	// the other product is in a mass balance
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 3), Model: types.ModelMassBalance})
	l.refuse(types.ClaimDiluted, coop, citing(transformation(l.now, list(kg(plain, 1)), out(3, "A", 1)), id))
	l.must(coop, transformation(l.now, list(kg(pure, 20), kg(plain, 20)), append(out(3, "B", 20), kg("06901234000030", 10)))) // half of it husks
	credit := func(earned, used uint64) {
		l.t.Helper()
		got := record[types.Credit](l, "credit/"+coop+"/organic")
		if got == nil || got.Earned != earned*100_000 || got.Used != used*100_000 {
			l.t.Errorf("credit %+v, want %d of %d", got, used, earned)
		}
	}
	credit(10, 0)
	second := paper("organic-2")
	organic(l, second, coop, 0)
	l.refuse(types.ClaimDiluted, coop, citing(transformation(l.now, list(kg(plain, 11)), out(3, "C", 11)), id))
	l.must(coop, citing(transformation(l.now, list(kg(plain, 4)), out(3, "C", 4)), id, second)) // drawn once
	credit(10, 4)
	l.must(coop, citing(transformation(l.now, list(kg(plain, 3), kg(pure, 3)), out(3, "D", 6)), id))
	credit(13, 10)
	l.refuse(types.ClaimDiluted, coop, citing(transformation(l.now, list(kg(plain, 4)), out(3, "E", 4)), id))
	l.check()
}

// TestStoryRangesOfFarms: farms commission under the cooperative's prefix only what it
// gave them.
func TestStoryRangesOfFarms(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	add := func(id types.LotID) *types.CaptureEvent { return object(types.ActionAdd, l.now, kg(id, 1)) }
	grant := func(to, gtin, from, until string) *types.GrantRange {
		return &types.GrantRange{Prefix: prefixOf[coop], To: to, GTIN: gtin, First: from, Last: until}
	}
	l.refuse(types.GCPMismatch, farm, add(lotOf(coop, 1, "F001")))
	l.refuse(types.GCPMismatch, farm, grant(farm, "", "F", "F"))
	l.refuse(types.MemberUnknown, coop, grant("nobody", "", "F", "F"))
	l.must(coop, grant(farm, gtin(coop, 1), "F001", "F099"))
	l.must(farm, add(lotOf(coop, 1, "F001")))
	l.must(farm, add(lotOf(coop, 1, "F099-2026")))
	for name, id := range map[string]types.LotID{
		"after the range": lotOf(coop, 1, "F100"), "before it": lotOf(coop, 1, "F000"), "shorter": lotOf(coop, 1, "F09"),
		"another product": lotOf(coop, 2, "F001"), "somebody else's prefix": lotOf(mill, 1, "F001"),
	} {
		t.Run(name, func(t *testing.T) { l.t = t; l.refuse(types.GCPMismatch, farm, add(id)) })
	}
	l.t = t
	l.refuse(types.GCPMismatch, depot, add(lotOf(coop, 1, "F002")))
	l.must(coop, grant(farm, gtin(coop, 1), "G", "G"))
	l.refuse(types.GCPMismatch, farm, add(lotOf(coop, 1, "F003")))
	l.must(farm, add(lotOf(coop, 1, "G1")))
	l.must(coop, grant(farm, "", "000000001", "000000009"))
	l.must(farm, packing(types.ActionAdd, l.now, pallet(coop, 1), nil, quantity{lotOf(coop, 1, "G1"), 100, "KGM"}))
	l.refuse(types.GCPMismatch, farm, packing(types.ActionAdd, l.now, pallet(coop, 100_000_000), nil, quantity{lotOf(coop, 1, "G1"), 100, "KGM"}))
	l.must(coop, grant(farm, gtin(coop, 1), "", ""))
	l.refuse(types.GCPMismatch, farm, add(lotOf(coop, 1, "G2")))
	l.must(farm, add(types.LotID(private("nuts/2026"))))
	l.refuse(types.IDTaken, depot, add(types.LotID(private("nuts/2026"))))
	l.check()
}

// TestStoryWorkedChain is the chain of domain.md 5.1 from the plot to the recall.
func TestStoryWorkedChain(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	l.must(coop, season(1000, farm))
	l.must(coop, &types.GrantRange{Prefix: prefixOf[coop], To: farm, GTIN: gtin(coop, 1), First: "F", Last: "F"})
	l.must(office, &types.SetProcess{BizStep: "https://id.tianmu.example/step/drying", Min: 300_000, Max: 400_000})
	l.must(roaster, &types.RegisterProduct{GTIN: gtin(roaster, 1), Name: "roasted nuts, 500 g", Net: 50_000, Unit: "KGM"})
	mine := commitment(l, farm, "farm")
	harvest := lotOf(coop, 1, "F1")
	l.must(farm, atPlot(citing(object(types.ActionAdd, l.now, kg(harvest, 1000)), mine)))
	l.must(farm, moving("shipping", l.now, "", mill, nil, kg(harvest, 1000)))
	l.must(mill, moving("receiving", l.now, "", mill, nil, kg(harvest, 998)))
	l.must(farm, &types.SettleLot{Lot: harvest, To: mill, Outcome: types.OutcomeLost})
	drying := doc{"bizStep": "https://id.tianmu.example/step/drying"}
	nuts := lotOf(mill, 1, "D1")
	l.refuse(types.MassCreated, mill, with(transformation(l.now, list(kg(harvest, 998)), list(kg(nuts, 400))), l.now, drying))
	dry := with(transformation(l.now, list(kg(harvest, 998)), list(kg(nuts, 290))), l.now, drying)
	l.must(mill, dry)
	if got := l.event(mill, dry).Flags; fmt.Sprint(got) != "[UNEXPLAINED_LOSS]" {
		t.Errorf("flags %v", got)
	}
	l.refuse(types.RecertRequired, mill, moving("shipping", l.now, mill, roaster, nil, kg(nuts, 290)))
	l.must(mill, citing(moving("shipping", l.now, mill, roaster, nil, kg(nuts, 290)), commitment(l, mill, "mill")))
	l.must(roaster, moving("receiving", l.now, mill, roaster, nil, kg(nuts, 290)))
	var bags []types.UnitID
	for i := range 20 {
		bags = append(bags, bag(roaster, 1, fmt.Sprint(i)))
	}
	l.must(roaster, citing(event(l.now, doc{
		"type": types.TransformationEvent, "inputQuantityList": list(kg(nuts, 10)), "outputEPCList": links(bags...),
	}), commitment(l, roaster, "roaster")))
	p := pallet(roaster, 1)
	l.must(roaster, packing(types.ActionAdd, l.now, p, bags))
	ship := moving("shipping", l.now, roaster, carrier, []types.UnitID{p})
	l.must(roaster, ship)
	l.must(carrier, moving("receiving", l.now, roaster, carrier, []types.UnitID{p}))
	l.must(carrier, moving("shipping", l.now, carrier, shop, []types.UnitID{p}))
	l.must(shop, moving("receiving", l.now, carrier, shop, []types.UnitID{p}))
	l.must(shop, packing(types.ActionDelete, l.now, p, nil))
	sell := func(u types.UnitID) *types.CaptureEvent {
		return event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "bizStep": "retail_selling", "epcList": links(u)})
	}
	l.must(shop, sell(bags[0]))
	l.refuse(types.NotOwner, shop, &types.OpenRecall{Recall: "1", Things: []types.ThingKey{harvest.Key()}, Class: 1, Reason: "mould"})
	l.must(office, &types.OpenRecall{Recall: "2026-1", Things: []types.ThingKey{harvest.Key()}, Class: 1, Reason: "mould"})
	l.refuse(types.Recalled, shop, sell(bags[1]))
	l.refuse(types.Recalled, roaster, moving("shipping", l.now, roaster, shop, nil, kg(nuts, 1)))
	l.must(shop, &types.ReportRecall{Recall: office + "/2026-1", Thing: bags[0].Key(), Notified: 100_000})
	l.refuse(types.NotFound, shop, &types.ReportRecall{Recall: office + "/2026-1", Thing: p.Key(), Located: 1})
	l.must(shop, with(moving("shipping", l.now, shop, roaster, bags[1:]), l.now, doc{"disposition": "returned"}))
	l.must(roaster, moving("receiving", l.now, shop, roaster, bags[1:]))
	l.must(roaster, event(l.now, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "bizStep": "destroying", "epcList": links(bags[1:]...)}))
	l.refuse(types.NotOwner, roaster, &types.CloseRecall{Recall: office + "/2026-1"})
	l.must(office, &types.CloseRecall{Recall: office + "/2026-1", Note: "returned and destroyed"})
	l.refuse(types.RecallClosed, office, &types.CloseRecall{Recall: office + "/2026-1"})
	l.check()
}

// TestStoryRecallWithSource: a recall with its source goes back to the plots and forward
// again to the siblings.
func TestStoryRecallWithSource(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	a, b, unrelated := lotOf(coop, 1, "A"), lotOf(coop, 1, "B"), lotOf(coop, 1, "U")
	left, right, end := lotOf(coop, 2, "L"), lotOf(coop, 2, "R"), lotOf(coop, 3, "E")
	for _, id := range []types.LotID{a, b, unrelated} {
		l.must(coop, object(types.ActionAdd, l.now, kg(id, 100)))
	}
	l.must(coop, transformation(l.now, list(kg(a, 10), kg(b, 10)), list(kg(left, 10), kg(right, 10))))
	l.must(coop, transformation(l.now, list(kg(left, 5)), list(kg(end, 5))))
	l.must(coop, transformation(l.now, list(kg(unrelated, 5)), list(kg(lotOf(coop, 3, "U"), 5))))
	marked := func(recall string, want ...types.LotID) {
		l.t.Helper()
		mark := types.Mark{Kind: types.MarkRecall, Ref: coop + "/" + recall}
		for _, id := range []types.LotID{a, b, unrelated, left, right, end, lotOf(coop, 3, "U")} {
			if got := slices.Contains(l.lot(id).Trace.Marks, mark); got != slices.Contains(want, id) {
				l.t.Errorf("%s: %s is marked: %v", recall, id, got)
			}
		}
	}
	l.must(coop, &types.OpenRecall{Recall: "one", Things: []types.ThingKey{left.Key()}, Class: 2, Reason: "metal"})
	marked("one", left, end)
	l.must(coop, &types.OpenRecall{Recall: "all", Things: []types.ThingKey{left.Key()}, Source: true, Class: 2, Reason: "metal"})
	marked("all", a, b, left, right, end)
	l.refuse(types.Recalled, coop, transformation(l.now, list(kg(b, 1)), list(kg(lotOf(coop, 2, "X"), 1))))
	l.check()
}
