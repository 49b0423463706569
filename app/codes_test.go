package app_test

import (
	"testing"

	"github.com/caryaledger/carya/types"
)

// world makes of a new ledger one in which every refusal of provenance can be had with
// one body.
func world(l *ledger) {
	l.t.Helper()
	at := l.now
	l.must(coop, object(types.ActionAdd, at, kg(green, 100)))
	l.must(coop, named(object(types.ActionAdd, at, kg(dried, 100)), "wrong"))
	l.must(coop, object(types.ActionAdd, at, kg(other, 100)))
	l.must(coop, declared(named(object(types.ActionAdd, at, kg(dried, 100)), "wrong")))
	l.must(coop, named(object(types.ActionAdd, at, kg(lotOf(coop, 1, "N"), 1)), "named"))
	l.must(coop, &types.OfferLot{Lot: other, Quantity: 40 * 100_000, Unit: "KGM", To: mill, Deadline: at + hour})
	l.must(coop, &types.OfferLot{Lot: other, Quantity: 10 * 100_000, Unit: "KGM", To: roaster, Deadline: at + hour})
	l.must(roaster, &types.AcceptLot{Lot: other, From: coop, Quantity: 9 * 100_000, Unit: "KGM"})
	l.must(coop, &types.OfferLot{Lot: green, Quantity: 100_000, Unit: "KGM", To: carrier, Deadline: l.now + 1500})
	l.block() // and two seconds later that is over
	l.must(coop, season(10, farm))
	l.must(office, season(10, farm))
	l.must(coop, commission(at, bag(coop, 1, "1"), bag(coop, 1, "2"), bag(coop, 1, "3")))
	l.must(coop, packing(types.ActionAdd, at, pallet(coop, 1), []types.UnitID{bag(coop, 1, "1")}, kg(green, 10)))
	l.must(coop, &types.OfferUnit{Unit: bag(coop, 1, "2"), To: mill, Deadline: at + hour})
	l.must(coop, event(at, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "epcList": links(bag(coop, 1, "3"))}))
	l.must(coop, object(types.ActionAdd, at, kg(lotOf(coop, 1, "R"), 10)))
	for _, name := range []string{"open", "closed"} {
		l.must(coop, &types.OpenRecall{Recall: name, Things: []types.ThingKey{lotOf(coop, 1, "R").Key()}, Class: 1, Reason: "r"})
	}
	l.must(coop, &types.CloseRecall{Recall: coop + "/closed"})
	organic(l, paper("ten"), coop, 10)
	organic(l, paper("mill's"), mill, 0)
	l.must(cert, &types.IssueCertificate{Certificate: paper("narrow"), Standard: "organic", Accreditation: office + "/org", Subject: coop,
		GTINs: []string{gtin(coop, 7)}, Sites: []string{site(coop, 7)}, From: at - day, Until: at + year})
	l.must(cert, &types.IssueCertificate{Certificate: paper("old"), Standard: "organic", Accreditation: office + "/org", Subject: coop, From: at - day, Until: at - hour})
	l.must(cert, &types.IssueCertificate{Certificate: paper("gone"), Standard: "organic", Accreditation: office + "/org", Subject: coop, From: at - day, Until: at + year})
	l.must(cert, &types.ChangeCertificate{Certificate: paper("gone"), Status: types.StatusSuspended, Effective: at - hour})
	l.must(office, &types.Accredit{Accreditation: "past", Issuer: cert, Standards: []string{"fair"}, From: at - year, Until: at + year})
	l.must(cert, &types.IssueCertificate{Certificate: paper("fair"), Standard: "fair", Accreditation: office + "/past", Subject: coop, From: at - day, Until: at + year})
	l.must(office, &types.ChangeAccreditation{Accreditation: "past", Status: types.StatusRevoked, Effective: at - day})
	l.must(coop, citing(object(types.ActionAdd, at, kg(lotOf(coop, 1, "C"), 10)), commitment(l, coop, "c")))
	l.must(coop, transformation(at, list(kg(lotOf(coop, 1, "C"), 5)), list(kg(lotOf(coop, 2, "C"), 5))))
}

// refusals has a row for each way in which a body about goods is refused.
func refusals(l *ledger) []struct {
	name string
	want types.Code
	who  string
	body types.Body
} {
	at := l.now
	fresh := lotOf(coop, 1, "F")
	add := func(q quantity) *types.CaptureEvent { return object(types.ActionAdd, at, q) }
	use := func(q, out quantity) *types.CaptureEvent { return transformation(at, list(q), list(out)) }
	offer := func(id types.LotID, to string) *types.OfferLot {
		return &types.OfferLot{Lot: id, To: to, Deadline: at + hour}
	}
	unit := func(id types.UnitID, to string) *types.OfferUnit {
		return &types.OfferUnit{Unit: id, To: to, Deadline: at + hour}
	}
	wrong := declared(named(object(types.ActionAdd, genesisTime, kg(dried, 100)), "wrong"))
	recalled := lotOf(coop, 1, "R")
	issue := func(standard, accreditation, subject string) *types.IssueCertificate {
		return &types.IssueCertificate{Certificate: paper("new"), Standard: standard, Accreditation: accreditation, Subject: subject, From: at, Until: at + 1}
	}
	return []struct {
		name string
		want types.Code
		who  string
		body types.Body
	}{
		{"a lot again", types.IDTaken, coop, add(kg(green, 5))},
		{"a unit again", types.IDTaken, coop, commission(at, bag(coop, 1, "1"))},
		{"a certificate again", types.IDTaken, coop, &types.IssueCertificate{Certificate: paper("ten"), Standard: types.StandardCommitment, Subject: coop, From: at, Until: at + 1}},
		{"an accreditation again", types.IDTaken, office, &types.Accredit{Accreditation: "org", Issuer: cert, Standards: []string{"x"}, From: at, Until: at + 1}},
		{"a recall again", types.IDTaken, coop, &types.OpenRecall{Recall: "open", Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "r"}},
		{"consumed and never commissioned", types.LotUnknown, coop, use(kg(fresh, 1), kg(lotOf(coop, 2, "F"), 1))},
		{"offered and never commissioned", types.LotUnknown, coop, offer(fresh, mill)},
		{"accepted and never commissioned", types.LotUnknown, mill, &types.AcceptLot{Lot: fresh, From: coop}},
		{"rejected and never commissioned", types.LotUnknown, mill, &types.RejectLot{Lot: fresh, From: coop, To: mill}},
		{"settled and never commissioned", types.LotUnknown, mill, &types.SettleLot{Lot: fresh, To: mill, Outcome: types.OutcomeKept}},
		{"recalled and never commissioned", types.LotUnknown, coop, &types.OpenRecall{Recall: "x", Things: []types.ThingKey{fresh.Key()}, Class: 1, Reason: "r"}},
		{"packed and never commissioned", types.LotUnknown, coop, packing(types.ActionAdd, at, pallet(coop, 9), nil, kg(fresh, 1))},
		{"more consumed than there is (F1)", types.Overdraw, coop, use(kg(green, 91), kg(fresh, 1))},
		{"more offered than there is", types.Overdraw, coop, &types.OfferLot{Lot: green, Quantity: 91 * 100_000, Unit: "KGM", To: mill, Deadline: at + hour}},
		{"more reported than there is", types.Overdraw, coop, &types.ReportRecall{Recall: coop + "/open", Thing: recalled.Key(), Located: 11 * 100_000}},
		{"more out than in (F2)", types.MassCreated, coop, use(kg(green, 1), kg(fresh, 2))},
		{"a unit that is none (F4)", types.UnitInvalid, coop, add(quantity{fresh, 1, "ZZZ"})},
		{"kg offered in litres (F4)", types.UnitIncompatible, coop, &types.OfferLot{Lot: green, Quantity: 1, Unit: "LTR", To: mill, Deadline: at + hour}},
		{"kg into pieces (F4)", types.UnitIncompatible, coop, use(kg(green, 1), pieces(fresh, 1))},
		{"consumed before it was (F6)", types.TimeOrder, coop, transformation(genesisTime-1, list(kg(green, 1)), list(kg(fresh, 1)))},
		{"an hour ahead (F6)", types.TimeOrder, coop, object(types.ActionAdd, at+hour, kg(fresh, 1))},
		{"consumed by others", types.NotCustodian, mill, transformation(at, list(kg(green, 1)), list(kg(lotOf(mill, 1, "F"), 1)))},
		{"offered by others", types.NotCustodian, mill, offer(green, coop)},
		{"a unit offered by others", types.NotCustodian, mill, unit(bag(coop, 1, "2"), coop)},
		{"a lot offered to the same again", types.DoubleOffer, coop, offer(other, mill)},
		{"more of a lot offered than is free", types.DoubleOffer, coop, &types.OfferLot{Lot: other, Quantity: 60 * 100_000, Unit: "KGM", To: shop, Deadline: at + hour}},
		{"a unit offered again", types.DoubleOffer, coop, unit(bag(coop, 1, "2"), shop)},
		{"a deadline that has passed", types.OfferExpired, coop, &types.OfferLot{Lot: green, To: mill, Deadline: at}},
		{"accepted too late", types.OfferExpired, carrier, &types.AcceptLot{Lot: green, From: coop}},
		{"accepted and not offered", types.NoOffer, shop, &types.AcceptLot{Lot: green, From: coop}},
		{"rejected by others", types.NoOffer, shop, &types.RejectLot{Lot: other, From: coop, To: mill}},
		{"a unit accepted and not offered", types.NoOffer, shop, &types.AcceptUnit{Unit: bag(coop, 1, "2")}},
		{"a unit rejected by others", types.NoOffer, shop, &types.RejectUnit{Unit: bag(coop, 1, "2")}},
		{"settled with nothing to settle", types.NoOffer, coop, &types.SettleLot{Lot: green, To: mill, Outcome: types.OutcomeKept}},
		{"another's company prefix (F5)", types.GCPMismatch, coop, add(kg(lotOf(mill, 1, "F"), 1))},
		{"a prefix that nobody has (F5)", types.GCPMismatch, coop, add(kg("09501234600000.X", 1))},
		{"a unit of another's (F5)", types.GCPMismatch, mill, commission(at, bag(coop, 1, "77"))},
		{"a product of another's", types.GCPMismatch, mill, &types.RegisterProduct{GTIN: gtin(coop, 1)}},
		{"a range of another's prefix", types.GCPMismatch, mill, &types.GrantRange{Prefix: prefixOf[coop], To: mill, First: "A", Last: "A"}},
		{"a certificate under another's prefix", types.GCPMismatch, mill, &types.IssueCertificate{
			Certificate: types.CertificateID("gdti." + site(coop, 3)[len("sgln."):]), Standard: types.StandardCommitment, Subject: mill, From: at, Until: at + 1}},
		{"what is offered, consumed", types.LotOffered, coop, use(kg(other, 60), kg(fresh, 1))},
		{"offered to oneself", types.SelfDeal, coop, offer(green, coop)},
		{"a unit offered to oneself", types.SelfDeal, coop, &types.OfferUnit{Unit: pallet(coop, 1), To: coop, Deadline: at + hour}},
		{"a disputed lot offered (F8)", types.Disputed, coop, offer(dried, mill)},
		{"a disputed lot sold (F8)", types.Disputed, coop, with(object(types.ActionDelete, at, kg(dried, 1)), at, doc{"bizStep": "dispensing"})},
		{"a claim on what does not carry it (F7)", types.ClaimDiluted, coop, citing(use(kg(green, 1), kg(fresh, 1)), paper("ten"))},
		{"a claim shown on what does not carry it (F7)", types.ClaimDiluted, coop, citing(object(types.ActionObserve, at, kg(green, 0)), paper("ten"))},
		{"more than the season's cap", types.SeasonCap, coop, atPlot(add(kg(fresh, 11)))},
		{"out of season", types.PlotSeason, coop, atPlot(object(types.ActionAdd, at-10*day, kg(fresh, 1)))},
		{"a season over another", types.PlotSeason, office, &types.RegisterPlot{Plot: site(coop, 1), GTIN: gtin(coop, 1), From: at, Until: at + 1, Cap: 1, Unit: "KGM"}},
		{"an offer on top of what is not settled", types.Unsettled, coop, offer(other, roaster)},
		{"another's plot harvested", types.NotOwner, mill, atPlot(object(types.ActionAdd, at, kg(lotOf(mill, 1, "F"), 1)))},
		{"another's lot recalled", types.NotOwner, mill, &types.OpenRecall{Recall: "x", Things: []types.ThingKey{green.Key()}, Class: 1, Reason: "r"}},
		{"another's recall closed", types.NotOwner, mill, &types.CloseRecall{Recall: coop + "/open"}},
		{"another's certificate changed", types.NotOwner, mill, &types.ChangeCertificate{Certificate: paper("ten"), Status: types.StatusRevoked, Effective: at}},
		{"an event again", types.EventExists, coop, named(object(types.ActionAdd, genesisTime, kg(lotOf(coop, 1, "N"), 1)), "named")},
		{"declared an error again", types.EventExists, coop, wrong},
		{"declared an error and never captured", types.EventUnknown, mill, wrong},
		{"settled and never disputed", types.EventUnknown, office, &types.SettleDispute{Event: l.eventID(coop, named(object(types.ActionAdd, genesisTime, kg(lotOf(coop, 1, "N"), 1)), "named"))}},
		{"settled and never captured", types.EventUnknown, office, &types.SettleDispute{Event: coop + "/01KB0Q8YDRN7DPSEYSB6DNYX4Q"}},
		{"a declaration of something else", types.EventDiffers, coop, declared(named(object(types.ActionAdd, genesisTime, kg(lotOf(coop, 1, "N"), 2)), "named"))},
		{"no event at all", types.EventInvalid, coop, &types.CaptureEvent{Event: "[]"}},
		{"a unit that nobody knows", types.UnitUnknown, coop, unit(bag(coop, 1, "99"), mill)},
		{"destroyed, a unit that nobody knows", types.UnitUnknown, coop, event(at, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "epcList": links(bag(coop, 1, "99"))})},
		{"recalled, a unit that nobody knows", types.UnitUnknown, coop, &types.OpenRecall{Recall: "x", Things: []types.ThingKey{bag(coop, 1, "99").Key()}, Class: 1, Reason: "r"}},
		{"a unit that was destroyed", types.UnitGone, coop, unit(bag(coop, 1, "3"), mill)},
		{"a unit inside another", types.Contained, coop, unit(bag(coop, 1, "1"), mill)},
		{"consumed with something inside", types.UnitUnknown, coop, event(at, doc{
			"type": types.TransformationEvent, "inputEPCList": links(pallet(coop, 1)), "outputQuantityList": list(kg(fresh, 1))})},
		{"taken out of where it is not", types.NotContained, coop, packing(types.ActionDelete, at, pallet(coop, 1), []types.UnitID{bag(coop, 1, "2")})},
		{"a unit on offer, packed", types.UnitOffered, coop, packing(types.ActionAdd, at, pallet(coop, 2), []types.UnitID{bag(coop, 1, "2")})},
		{"a certificate changed that nobody knows", types.CertUnknown, cert, &types.ChangeCertificate{Certificate: paper("?"), Status: types.StatusRevoked, Effective: at}},
		{"an accreditation changed that nobody knows", types.CertUnknown, office, &types.ChangeAccreditation{Accreditation: "x", Status: types.StatusRevoked, Effective: at}},
		{"a certificate after its time", types.CertExpired, coop, citing(add(kg(fresh, 1)), paper("old"))},
		{"another's certificate", types.CertScope, coop, citing(add(kg(fresh, 1)), paper("mill's"))},
		{"a certificate for another place", types.CertScope, coop, citing(add(kg(lotOf(coop, 7, "F"), 1)), paper("narrow"))},
		{"a certificate for another product", types.CertScope, coop, with(citing(add(kg(fresh, 1)), paper("narrow")), at, doc{"readPoint": doc{"id": types.LinkOf(site(coop, 7))}})},
		{"a commitment for others", types.CertScope, coop, issue(types.StandardCommitment, "", mill)},
		{"a suspended certificate", types.CertRevoked, coop, citing(add(kg(fresh, 1)), paper("gone"))},
		{"more than a certificate's cap", types.CertOverused, coop, citing(add(kg(fresh, 11)), paper("ten"))},
		{"issued without an accreditation", types.IssuerNotAccredited, mill, issue("organic", "", mill)},
		{"issued under another's accreditation", types.IssuerNotAccredited, mill, issue("organic", office+"/org", mill)},
		{"issued beyond the accreditation", types.IssuerNotAccredited, cert, issue("halal", office+"/org", mill)},
		{"used after the accreditation was withdrawn from earlier on", types.IssuerNotAccredited, coop, citing(add(kg(fresh, 1)), paper("fair"))},
		{"mixed goods offered", types.RecertRequired, coop, offer(lotOf(coop, 2, "C"), mill)},
		{"recalled goods offered", types.Recalled, coop, offer(recalled, mill)},
		{"recalled goods consumed", types.Recalled, coop, use(kg(recalled, 1), kg(fresh, 1))},
		{"a report on no recall", types.RecallUnknown, coop, &types.ReportRecall{Recall: coop + "/none", Thing: recalled.Key()}},
		{"a report on a closed recall", types.RecallClosed, coop, &types.ReportRecall{Recall: coop + "/closed", Thing: recalled.Key()}},
		{"a report on something else", types.NotFound, coop, &types.ReportRecall{Recall: coop + "/open", Thing: green.Key()}},
		{"nothing to go on marking", types.NotFound, coop, &types.ContinueMark{Kind: types.MarkRecall, Ref: coop + "/open"}},
		{"a dispute settled by its member", types.Role, coop, &types.SettleDispute{Event: coop + "/01KB0Q8YDRN7DPSEYSB6DNYX4Q"}},
		{"another's event declared an error", types.Role, mill, with2(wrong, coop)},
		{"a yield set by a cooperative", types.Role, coop, &types.SetProcess{Max: 1}},
		{"an accreditation by a certifier", types.Role, cert, &types.Accredit{Accreditation: "me", Issuer: cert, Standards: []string{"x"}, From: at, Until: at + 1}},
		{"an accreditation changed by a certifier", types.Role, cert, &types.ChangeAccreditation{Accreditation: "org", Status: types.StatusValid, Effective: at}},
		{"a plot registered by a mill", types.Role, mill, &types.RegisterPlot{Plot: site(mill, 1), GTIN: gtin(mill, 1), From: at, Until: at + 1, Cap: 1, Unit: "KGM"}},
		{"a cap raised by its cooperative", types.Role, coop, season(11)},
		{"offered to nobody", types.MemberUnknown, coop, offer(green, "nobody")},
		{"certified for nobody", types.MemberUnknown, cert, issue("organic", office+"/org", "nobody")},
		{"accredited is nobody", types.MemberUnknown, office, &types.Accredit{Accreditation: "x", Issuer: "nobody", Standards: []string{"x"}, From: at, Until: at + 1}},
		{"an outcome that the difference does not have", types.FieldInvalid, coop, &types.SettleLot{Lot: other, To: roaster, Outcome: types.OutcomeGiven}},
	}
}

// TestProvenanceRefusals holds every row to its code, and leaves the state as it was.
func TestProvenanceRefusals(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	world(l)
	seen := map[types.Code]bool{}
	for _, c := range refusals(l) {
		seen[c.want] = true
		t.Run(c.name, func(t *testing.T) { l.t = t; l.refuse(c.want, c.who, c.body) })
	}
	l.t = t
	l.check()
	for _, c := range types.Codes() {
		if provenance(c) && !seen[c] {
			t.Errorf("no row is refused %s", c)
		}
	}
}

// provenance reports whether rules about goods refuse with a code; some are flags.
func provenance(c types.Code) bool {
	switch c {
	case types.UnexplainedLoss, types.Short, types.Over, types.EventHash, types.EventUnsupported:
		return false
	}
	return c >= 40 && c <= 57 || c >= 80 && c <= 122
}

// TestFlags: what is odd and not refused stands on the record.
func TestFlags(t *testing.T) {
	l := newLedger(t)
	defer l.close()
	l.must(office, &types.SetProcess{Min: 300_000, Max: 1_200_000})
	l.must(coop, object(types.ActionAdd, l.now, kg(green, 100)))
	l.must(coop, transformation(l.now, list(kg(green, 10)), list(kg(dried, 2))))
	l.must(coop, transformation(l.now, list(kg(green, 10)), list(kg(other, 12))))
	l.refuse(types.MassCreated, coop, transformation(l.now, list(kg(green, 10)), list(quantity{lotOf(coop, 3, "X"), 12*100_000 + 1, "KGM"})))
	l.must(coop, &types.OfferLot{Lot: green, To: depot, Deadline: l.now + hour})
	for id, want := range map[types.LotID]string{green: "SELF_DEAL", dried: "UNEXPLAINED_LOSS", other: ""} {
		flags := l.lot(id).Trace.Flags
		if got := len(flags); want == "" && got > 0 || want != "" && (got != 1 || flags[0] != want) {
			t.Errorf("%s: flags %v, want %q", id, flags, want)
		}
	}
	l.check()
}
