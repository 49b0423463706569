package types

// CaptureEvent records what an EPCIS 2.0 object or transformation event says about
// lots: ADD commissions them, OBSERVE notes that they were seen, DELETE takes what was destroyed from them, a
// transformation consumes inputs and commissions outputs. The event itself stays with
// who captured it; EventHash binds all of it.
type CaptureEvent struct {
	Type        string        `json:"type"`        // ObjectEvent or TransformationEvent
	Action      string        `json:"action"`      // ADD, OBSERVE, DELETE; "" for a transformation
	Time        int64         `json:"time"`        // eventTime, Unix milliseconds
	BizStep     string        `json:"bizStep"`     // CBV bare string or URI; may be ""
	Disposition string        `json:"disposition"` // CBV bare string or URI; may be ""
	EventHash   Hash          `json:"eventHash"`   // of the event's canonical form (package epcis)
	Lots        []LotQuantity `json:"lots"`        // of an object event
	Inputs      []LotQuantity `json:"inputs"`      // of a transformation
	Outputs     []LotQuantity `json:"outputs"`     // of a transformation
}

// LotQuantity is an amount of a lot. Lists of them are in ascending order of the lot, each
// lot once. Quantity counts 10^-5 of the unit (N19,5); 0 in OBSERVE and DELETE means the
// lot as a whole.
type LotQuantity struct {
	Lot      LotID  `json:"lot"`
	Quantity uint64 `json:"quantity"`
	Unit     string `json:"unit"` // UNECE Recommendation 20 code, for instance KGM
}

// OfferLot offers the custody of a lot to another member, who has until the deadline
// to accept it. Until then nobody can use the lot.
type OfferLot struct {
	Lot      LotID  `json:"lot"`
	To       string `json:"to"`
	Deadline int64  `json:"deadline"` // Unix milliseconds
}

// AcceptLot takes over the custody of a lot offered to the signing member.
type AcceptLot struct {
	Lot LotID `json:"lot"`
}

// RejectLot ends an open offer: by the member it was made to, or by who made it.
type RejectLot struct {
	Lot LotID `json:"lot"`
}

// LotID is an LGTIN: 14 digits of the GTIN, a full stop and the lot number,
// percent-encoded (package gs1), for instance 06901234000016.L2026A.
type LotID string

// Lot is a quantity of one product made at one time: record lot/<LotID>.
// Quantities count 10^-5 of the unit.
type Lot struct {
	ID           LotID   `json:"id"`
	Unit         string  `json:"unit"`
	Produced     uint64  `json:"produced"`
	Consumed     uint64  `json:"consumed"`
	Owner        string  `json:"owner"`        // the member that commissioned it
	Custodian    string  `json:"custodian"`    // the member that holds it
	Commissioned int64   `json:"commissioned"` // eventTime of its commissioning
	OfferTo      string  `json:"offerTo"`      // "" when not offered
	OfferUntil   int64   `json:"offerUntil"`
	History      History `json:"history"`
}

// Left returns what can still be taken from the lot.
func (l *Lot) Left() uint64 { return l.Produced - l.Consumed }

// Offered reports whether an offer is open at that time.
func (l *Lot) Offered(now int64) bool { return l.OfferTo != "" && now <= l.OfferUntil }

func (l *Lot) Log() *History { return &l.History }

// The event types and actions that are recorded.
const (
	ObjectEvent         = "ObjectEvent"
	TransformationEvent = "TransformationEvent"
	ActionAdd           = "ADD"
	ActionObserve       = "OBSERVE"
	ActionDelete        = "DELETE"
)

func (b *OfferLot) Check() error {
	return first(checkLot("lot", b.Lot), checkMember("to", b.To), checkTime("deadline", b.Deadline))
}

func (b *AcceptLot) Check() error { return checkLot("lot", b.Lot) }
func (b *RejectLot) Check() error { return checkLot("lot", b.Lot) }

func (b *CaptureEvent) Check() error {
	return first(
		b.checkShape(),
		checkTime("time", b.Time),
		checkText("bizStep", b.BizStep, 0, 200),
		checkText("disposition", b.Disposition, 0, 200),
		checkHash("eventHash", b.EventHash),
		checkQuantities("lots", b.Lots, b.Action == ActionAdd),
		checkQuantities("inputs", b.Inputs, true),
		checkQuantities("outputs", b.Outputs, true),
	)
}

func (b *CaptureEvent) checkShape() error {
	switch b.Type {
	case ObjectEvent:
		return b.checkObject()
	case TransformationEvent:
		return b.checkTransformation()
	}
	return Refuse(EventUnsupported, "type", "%q: ObjectEvent and TransformationEvent are recorded", b.Type)
}

func (b *CaptureEvent) checkObject() error {
	switch {
	case !oneOf(b.Action, ActionAdd, ActionObserve, ActionDelete):
		return Refuse(FieldInvalid, "action", "%q: an object event has ADD, OBSERVE or DELETE", b.Action)
	case len(b.Lots) == 0:
		return Refuse(FieldInvalid, "lots", "an object event names at least one lot")
	case len(b.Inputs)+len(b.Outputs) > 0:
		return Refuse(FieldInvalid, "inputs", "an object event has no inputs and outputs")
	}
	return nil
}

func (b *CaptureEvent) checkTransformation() error {
	switch {
	case b.Action != "":
		return Refuse(FieldInvalid, "action", "a transformation has no action")
	case len(b.Inputs) == 0:
		return Refuse(FieldInvalid, "inputs", "a transformation has at least one input")
	case len(b.Outputs) == 0:
		return Refuse(FieldInvalid, "outputs", "a transformation has at least one output")
	case len(b.Lots) > 0:
		return Refuse(FieldInvalid, "lots", "a transformation has inputs and outputs")
	}
	return nil
}

// maxEventLots bounds the lots of one event, so that one body cannot stall a block.
const maxEventLots = 1000

func checkQuantities(field string, list []LotQuantity, needAmount bool) error {
	if len(list) > maxEventLots {
		return Refuse(FieldInvalid, field, "%d lots, at most %d", len(list), maxEventLots)
	}
	for i, q := range list {
		at := index(field, i)
		if err := checkLot(at+".lot", q.Lot); err != nil {
			return err
		}
		if i > 0 && list[i-1].Lot >= q.Lot {
			return Refuse(FieldInvalid, at+".lot", "%s stands after %s: lots are in ascending order, each once", q.Lot, list[i-1].Lot)
		}
		if needAmount && q.Quantity == 0 {
			return Refuse(FieldInvalid, at+".quantity", "must be more than 0")
		}
		if q.Quantity > 0 {
			if err := checkUnit(at+".unit", q.Unit); err != nil {
				return err
			}
		}
	}
	return nil
}
