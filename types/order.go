package types

// RecordOrder commits a platform to an order: record order/<platform>/<Order>. The
// ULID's time is the order's own time, its random part a keyed hash of the platform's
// order number. Everything else stays in the platform's document; tags are
// HMAC-SHA256 under the order's match key (MatchTag), and consensus compares them.
//
// Payment, Waybill and Declaration are locks (NumberLock): only who holds the order's
// match key and knows its number can show the NumberTag that opens one. So nobody can
// put a document beside an order by copying what the ledger shows of it.
type RecordOrder struct {
	Order       string `json:"order"`       // ULID
	Seq         int64  `json:"seq"`         // appTime of the message, Unix ms; a newer one replaces an older one
	Document    Hash   `json:"document"`    // RFC 6962 root of the document's salted fields
	Payment     Hash   `json:"payment"`     // NumberLock of the payment
	Waybill     Hash   `json:"waybill"`     // NumberLock of the waybill
	Declaration Hash   `json:"declaration"` // NumberLock of the declaration
	Amount      Hash   `json:"amount"`      // tag of amount and currency
	Payer       Hash   `json:"payer"`       // tag of the buyer's identity
	Consignee   Hash   `json:"consignee"`   // tag of the consignee
}

// RecordPayment commits a payment company to the payment of an order. The payment's
// ULID has the time of payment and a keyed hash of the payTransactionId.
type RecordPayment struct {
	Order    OrderID `json:"order"`
	Payment  string  `json:"payment"` // ULID
	Seq      int64   `json:"seq"`
	Document Hash    `json:"document"`
	Number   Hash    `json:"number"` // NumberTag of the payment
	Amount   Hash    `json:"amount"`
	Payer    Hash    `json:"payer"`
}

// RecordWaybill commits a logistics company to the waybill of an order. The waybill's
// ULID has the time it was made and a keyed hash of the logisticsNo.
type RecordWaybill struct {
	Order     OrderID `json:"order"`
	Waybill   string  `json:"waybill"` // ULID
	Seq       int64   `json:"seq"`
	Document  Hash    `json:"document"`
	Number    Hash    `json:"number"` // NumberTag of the waybill
	Consignee Hash    `json:"consignee"`
	Parcel    Hash    `json:"parcel"` // tag of logisticsCode and logisticsNo
}

// Declare commits a declarant to the declaration list of a matched order.
type Declare struct {
	Order       OrderID `json:"order"`
	Declaration string  `json:"declaration"` // ULID
	Seq         int64   `json:"seq"`
	Document    Hash    `json:"document"`
	Number      Hash    `json:"number"` // NumberTag of the declaration
	Payer       Hash    `json:"payer"`
	Parcel      Hash    `json:"parcel"`
}

// Decide is customs' decision on a declaration, with the official return status:
// 800 releases, 500 holds for inspection, 100 rejects it so that it can be corrected.
type Decide struct {
	Order  OrderID `json:"order"`
	Status uint64  `json:"status"`
}

// OrderID names an order: <platform>/<ULID>.
type OrderID string

// DocumentID names a payment, waybill or declaration: <issuer>/<ULID>.
type DocumentID string

// Order is one order with the documents about it: record order/<OrderID>.
type Order struct {
	State    string   `json:"state"`    // of the States
	Slots    []Slot   `json:"slots"`    // the filled ones, in the order order, payment, waybill, declaration
	Mismatch Mismatch `json:"mismatch"` // while State is MISMATCH
	Decision uint64   `json:"decision"` // customs' last return status, 0 before any
	Decider  string   `json:"decider"`
	History  History  `json:"history"`
}

// Slot is one of the documents about an order.
type Slot struct {
	Kind     string `json:"kind"` // SlotOrder …
	Member   string `json:"member"`
	ID       string `json:"id"`   // ULID
	Time     int64  `json:"time"` // the ULID's time: when the document's fact happened
	Seq      int64  `json:"seq"`
	Height   int64  `json:"height"` // block that recorded it
	Document Hash   `json:"document"`
	Tags     []Tag  `json:"tags"`
}

// Tag is one match tag of a document.
type Tag struct {
	Name  string `json:"name"`
	Value Hash   `json:"value"`
}

// Mismatch says which rule failed, on which tag, and which member's document it was
// that did not agree with the order.
type Mismatch struct {
	Code  uint64 `json:"code"`
	Field string `json:"field"`
	Party string `json:"party"`
}

// Document says which order a payment, waybill or declaration belongs to: records
// payment/<DocumentID>, waybill/<DocumentID> and declaration/<DocumentID>.
type Document struct {
	Order   OrderID `json:"order"` // "" when it was set free again
	History History `json:"history"`
}

// The kinds of slots.
const (
	SlotOrder       = "order"
	SlotPayment     = "payment"
	SlotWaybill     = "waybill"
	SlotDeclaration = "declaration"
)

// The states of an order (domain R7). COMPLETE is never stored: the documents match
// or they do not.
const (
	StatePartial  = "PARTIAL"
	StateMismatch = "MISMATCH"
	StateMatched  = "MATCHED"
	StateDeclared = "DECLARED"
	StateHeld     = "INSPECT"
	StateReleased = "RELEASED"
)

// The official return statuses that Decide takes (CEB622 returnStatus).
const (
	StatusReject  = 100
	StatusInspect = 500
	StatusRelease = 800
)

// The names of the match tags.
const (
	TagNumber    = "number"
	TagAmount    = "amount"
	TagPayer     = "payer"
	TagConsignee = "consignee"
	TagParcel    = "parcel"
)

// Slot returns the filled slot of that kind, or nil.
func (o *Order) Slot(kind string) *Slot {
	for i := range o.Slots {
		if o.Slots[i].Kind == kind {
			return &o.Slots[i]
		}
	}
	return nil
}

// Tag returns the tag of that name, zero if the document has none.
func (s *Slot) Tag(name string) Hash {
	for _, t := range s.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return Hash{}
}

func (o *Order) Log() *History    { return &o.History }
func (d *Document) Log() *History { return &d.History }

func (b *RecordOrder) Check() error {
	return first(checkULID("order", b.Order), checkTime("seq", b.Seq),
		checkHash("document", b.Document), checkHash("payment", b.Payment),
		checkHash("waybill", b.Waybill), checkHash("declaration", b.Declaration),
		checkHash("amount", b.Amount), checkHash("payer", b.Payer), checkHash("consignee", b.Consignee))
}

func (b *RecordPayment) Check() error {
	return first(checkOrder("order", b.Order), checkULID("payment", b.Payment), checkTime("seq", b.Seq),
		checkHash("document", b.Document), checkHash("number", b.Number),
		checkHash("amount", b.Amount), checkHash("payer", b.Payer))
}

func (b *RecordWaybill) Check() error {
	return first(checkOrder("order", b.Order), checkULID("waybill", b.Waybill), checkTime("seq", b.Seq),
		checkHash("document", b.Document), checkHash("number", b.Number),
		checkHash("consignee", b.Consignee), checkHash("parcel", b.Parcel))
}

func (b *Declare) Check() error {
	return first(checkOrder("order", b.Order), checkULID("declaration", b.Declaration), checkTime("seq", b.Seq),
		checkHash("document", b.Document), checkHash("number", b.Number),
		checkHash("payer", b.Payer), checkHash("parcel", b.Parcel))
}

func (b *Decide) Check() error {
	switch b.Status {
	case StatusReject, StatusInspect, StatusRelease:
		return checkOrder("order", b.Order)
	}
	return Refuse(FieldInvalid, "status", "%d: 800 (release), 500 (inspect) and 100 (reject) are decided here", b.Status)
}
