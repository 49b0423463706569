package types

// Example returns a body of the kind as one would send it, for help texts, the schema's
// readers and the test vectors.
func (k *Kind) Example() Body {
	for _, b := range examples {
		if kind, ok := KindOf(b); ok && kind == k {
			return b
		}
	}
	return k.New()
}

const (
	exampleOrder = "lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q"
	exampleULID  = "01KB0Q8YDRN7DPSEYSB6DNYX4Q"
	exampleTime  = 1795420800000 // 2026-11-23T08:00:00Z
	day          = 24 * 3_600_000

	exampleBook = "xiasha-zone/0f1e2d3c4b5a69788796a5b4c3d2e1f0"

	exampleEventID = "linan-coop/01KAR2HQH0N7DPSEYSB6DNYX4Q"
	exampleEvent   = `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],` +
		`"bizStep":"commissioning","eventTime":"2026-11-23T08:00:00Z","eventTimeZoneOffset":"+08:00",` +
		`"inputQuantityList":[{"epcClass":"https://id.gs1.org/01/06901234000016/10/L2026A","quantity":1000,"uom":"KGM"}],` +
		`"outputQuantityList":[{"epcClass":"https://id.gs1.org/01/06901234000023/10/D2026A","quantity":350,"uom":"KGM"}],` +
		`"type":"TransformationEvent"}`
)

func exampleHash(b byte) (h Hash) {
	for i := range h {
		h[i] = b
	}
	return h
}

var exampleKey = must(ParseAddress("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"))

var examples = []Body{
	&AddKey{Key: exampleKey},
	&RetireKey{Key: exampleKey},
	&GrantRange{Prefix: "6901234", To: "tianmu-farm", GTIN: "06901234000016", First: "TM", Last: "TM"},
	&CaptureEvent{Event: exampleEvent},
	&SettleDispute{Event: exampleEventID, Note: "the weighing was repeated"},
	&ContinueMark{Kind: MarkRecall, Ref: "linan-coop/2026-3"},
	&OfferLot{Lot: "06901234000023.D2026A", Quantity: 10_000_000, Unit: "KGM", To: "qianjiang-express", Deadline: exampleTime + 3_600_000},
	&AcceptLot{Lot: "06901234000023.D2026A", From: "linan-coop", Quantity: 9_950_000, Unit: "KGM"},
	&RejectLot{Lot: "06901234000023.D2026A", From: "linan-coop", To: "qianjiang-express"},
	&SettleLot{Lot: "06901234000023.D2026A", To: "qianjiang-express", Outcome: OutcomeLost},
	&RegisterProduct{GTIN: "06901234000023", Name: "hickory nuts, roasted, 250 g", Net: 25_000, Unit: "KGM", Model: ModelSegregated},
	&RegisterPlot{Plot: "sgln.6901234000900.P1", Name: "Tianmu slope 1", GTIN: "06901234000016", Members: []string{"tianmu-farm"}, From: exampleTime - 90*day, Until: exampleTime, Cap: 120_000_000, Unit: "KGM"},
	&SetProcess{BizStep: "https://coop.example/step/drying", Min: 250_000, Max: 450_000},
	&OfferUnit{Unit: "sscc.069012340000000016", To: "qianjiang-express", Deadline: exampleTime + 3_600_000},
	&AcceptUnit{Unit: "sscc.069012340000000016"},
	&RejectUnit{Unit: "sscc.069012340000000016"},
	&Accredit{Accreditation: "gi-2026", Issuer: "zj-certify", Standards: []string{"GI Lin'an hickory"}, GTINs: []string{}, From: exampleTime - 90*day, Until: exampleTime + 365*day},
	&ChangeAccreditation{Accreditation: "gi-2026", Status: StatusSuspended, Effective: exampleTime, Reason: "audit overdue"},
	&IssueCertificate{
		Certificate: "gdti.6909080000013.GI26", Standard: "GI Lin'an hickory", Accreditation: "zj-agriculture/gi-2026", Subject: "linan-coop",
		GTINs: []string{"06901234000016"}, Sites: []string{"sgln.6901234000900.P1"}, HS: []string{"080299"},
		From: exampleTime - 90*day, Until: exampleTime + 365*day, Cap: 120_000_000, Unit: "KGM", Document: exampleHash(16),
	},
	&ChangeCertificate{Certificate: "gdti.6909080000013.GI26", Status: StatusRevoked, Effective: exampleTime - 30*day, Reason: "plot outside the area"},
	&OpenRecall{Recall: "2026-3", Things: []ThingKey{"lot/06901234000016.L2026A"}, Class: 2, Reason: "aflatoxin over the limit"},
	&ReportRecall{Recall: "linan-coop/2026-3", Thing: "lot/06901234000016.L2026A", Located: 1_500_000, Notified: 500_000},
	&CloseRecall{Recall: "linan-coop/2026-3", Note: "all of it destroyed"},
	&SetReader{Reader: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"},
	&RecordOrder{
		Order: exampleULID, Seq: exampleTime, Flow: FlowImport, Document: exampleHash(2), Payment: exampleHash(3),
		Waybill: exampleHash(4), Declaration: exampleHash(5), Amount: exampleHash(6), Merchant: exampleHash(17), Goods: exampleHash(18),
		Payer: exampleHash(7), Consignee: exampleHash(8),
	},
	&RecordPayment{
		Order: exampleOrder, Payment: exampleULID, Seq: exampleTime,
		Document: exampleHash(9), Original: exampleHash(19), Number: exampleHash(10), Amount: exampleHash(6), Payer: exampleHash(7),
	},
	&RecordWaybill{
		Order: exampleOrder, Waybill: exampleULID, Seq: exampleTime,
		Document: exampleHash(11), Number: exampleHash(12), Consignee: exampleHash(8), Parcel: exampleHash(13),
	},
	&GrantQuota{Order: exampleOrder, Grant: exampleULID, Document: exampleHash(2), Expires: exampleTime + day},
	&Declare{
		Order: exampleOrder, Declaration: exampleULID, Seq: exampleTime,
		Document: exampleHash(14), Number: exampleHash(15), Payer: exampleHash(7), Parcel: exampleHash(13),
		Merchant: exampleHash(17), Goods: exampleHash(18), Office: "hz-customs", Mode: 1210, Grant: exampleULID,
		Lines: []DeclaredLine{{Anchor: exampleHash(20), Book: exampleBook, Quantity: 200_000, Step: 100_000}},
	},
	&Decide{Order: exampleOrder, Status: StatusReject, Reason: -621001},
	&Cancel{Order: exampleOrder, Document: exampleHash(21)},
	&DecideCancel{Order: exampleOrder, Status: StatusAudit},
	&SignFor{Order: exampleOrder, Time: exampleTime, Document: exampleHash(22)},
	&ReturnGoods{Order: exampleOrder, Return: exampleULID, Document: exampleHash(23), Lines: []ReturnLine{{Line: 0, Pieces: 1, Token: exampleHash(24)}}},
	&DecideReturn{Order: exampleOrder, Return: exampleULID, Status: StatusRelease},
	&CreditBook{Book: exampleBook[len("xiasha-zone/"):], Entry: exampleULID, Quantity: 10_000_000, Document: exampleHash(25)},
	&SetTariff{Code: "2101200000", From: exampleTime, VAT: 130_000},
	&SetLimits{From: exampleTime, Single: 500_000_000, Annual: 2_600_000_000, Share: 700_000, Tolerance: 5000},
}
