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
	&CaptureEvent{
		Type: TransformationEvent, Time: exampleTime, BizStep: "commissioning", Disposition: "active", EventHash: exampleHash(1),
		Lots:    []LotQuantity{},
		Inputs:  []LotQuantity{{"06901234000016.L2026A", 100_000_000, "KGM"}},
		Outputs: []LotQuantity{{"06901234000023.D2026A", 35_000_000, "KGM"}},
	},
	&OfferLot{Lot: "06901234000023.D2026A", To: "qianjiang-express", Deadline: exampleTime + 3_600_000},
	&AcceptLot{Lot: "06901234000023.D2026A"},
	&RejectLot{Lot: "06901234000023.D2026A"},
	&RecordOrder{
		Order: exampleULID, Seq: exampleTime, Document: exampleHash(2), Payment: exampleHash(3),
		Waybill: exampleHash(4), Declaration: exampleHash(5), Amount: exampleHash(6), Payer: exampleHash(7), Consignee: exampleHash(8),
	},
	&RecordPayment{
		Order: exampleOrder, Payment: exampleULID, Seq: exampleTime,
		Document: exampleHash(9), Number: exampleHash(10), Amount: exampleHash(6), Payer: exampleHash(7),
	},
	&RecordWaybill{
		Order: exampleOrder, Waybill: exampleULID, Seq: exampleTime,
		Document: exampleHash(11), Number: exampleHash(12), Consignee: exampleHash(8), Parcel: exampleHash(13),
	},
	&Declare{
		Order: exampleOrder, Declaration: exampleULID, Seq: exampleTime,
		Document: exampleHash(14), Number: exampleHash(15), Payer: exampleHash(7), Parcel: exampleHash(13),
	},
	&Decide{Order: exampleOrder, Status: StatusRelease},
}
