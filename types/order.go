package types

import "crypto/sha256"

// RecordOrder commits a platform to an order: record order/<platform>/<Order>. The
// ULID's time is the order's own time, its random part a keyed hash of the platform's
// order number. Everything else stays in the platform's document; tags are
// HMAC-SHA256 under the order's match key (MatchTag), and consensus compares them.
//
// Payment, Waybill and Declaration are locks: only who holds the order's match key and
// knows its number can show the NumberTag that opens one. So nobody can put a document
// beside an order by copying what the ledger shows of it. What was shown once, though, in
// a refused transaction or a declaration that customs rejected, anybody can copy; a lock
// for one member (NumberLockFor) is opened by that member only.
//
// A newer version of the order also renews one that is STALE, LAPSED or CANCELLED, and
// turns out the documents that do not open its locks.
type RecordOrder struct {
	Order       string `json:"order"`       // ULID
	Seq         int64  `json:"seq"`         // appTime of the message, Unix ms; a newer one replaces an older one
	Flow        string `json:"flow"`        // FlowImport or FlowExport
	Document    Hash   `json:"document"`    // RFC 6962 root of the document's salted fields
	Payment     Hash   `json:"payment"`     // NumberLock or NumberLockFor of the payment
	Waybill     Hash   `json:"waybill"`     // of the waybill
	Declaration Hash   `json:"declaration"` // of the declaration
	Amount      Hash   `json:"amount"`      // tag of amount and currency
	Merchant    Hash   `json:"merchant"`    // tag of the seller's customs code
	Goods       Hash   `json:"goods"`       // tag of the lines: number, quantity and value of each
	Payer       Hash   `json:"payer"`       // tag of the buyer's identity; zero in exports, whose orders name none
	Consignee   Hash   `json:"consignee"`   // tag of the consignee; zero in exports
}

// RecordPayment commits a payment company to the payment of an order: an import's
// payment or an export's receipt. The payment's ULID has the time of payment and a keyed
// hash of the payTransactionId.
type RecordPayment struct {
	Order    OrderID `json:"order"`
	Payment  string  `json:"payment"` // ULID
	Seq      int64   `json:"seq"`
	Document Hash    `json:"document"`
	Original Hash    `json:"original"` // root of the original payment request and response (GACC 2018-165), zero if not committed to
	Number   Hash    `json:"number"`   // NumberTag of the payment
	Amount   Hash    `json:"amount"`
	Payer    Hash    `json:"payer"` // zero where the message names none
}

// RecordWaybill commits a logistics company to the waybill of an order. The waybill's
// ULID has the time it was made and a keyed hash of the logisticsNo.
type RecordWaybill struct {
	Order     OrderID `json:"order"`
	Waybill   string  `json:"waybill"` // ULID
	Seq       int64   `json:"seq"`
	Document  Hash    `json:"document"`
	Number    Hash    `json:"number"`    // NumberTag of the waybill
	Consignee Hash    `json:"consignee"` // zero where the message names none
	Parcel    Hash    `json:"parcel"`    // tag of logisticsCode and logisticsNo
}

// OrderID names an order: <platform>/<ULID>.
type OrderID string

// DocumentID names a payment, waybill or declaration: <issuer>/<ULID>.
type DocumentID string

// Order is one order with the documents about it and its way through customs: record
// order/<OrderID>.
type Order struct {
	State     string        `json:"state"` // of the States, as of the last change; StateAt says what time has made of it
	Until     int64         `json:"until"` // when PARTIAL becomes STALE or MATCHED becomes LAPSED, Unix ms; 0 in other states
	Flow      string        `json:"flow"`  // FlowImport or FlowExport; "" before the platform has recorded the order
	Slots     []Slot        `json:"slots"` // the filled ones, in the order order, payment, waybill, declaration
	Mismatch  Mismatch      `json:"mismatch"`
	Quota     []Quota       `json:"quota"`     // at most one: what customs said about the buyer's quota
	Clearance []Clearance   `json:"clearance"` // at most one: the declaration's way through customs, the last one's
	Returns   []OrderReturn `json:"returns"`   // in the order of their application
	History   History       `json:"history"`
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

// The flows of goods.
const (
	FlowImport = "import"
	FlowExport = "export"
)

// The states of an order (domain R7). COMPLETE is never stored: the documents match
// or they do not. STALE and LAPSED are never stored either: StateAt tells them.
const (
	StatePartial   = "PARTIAL"
	StateMismatch  = "MISMATCH"
	StateMatched   = "MATCHED"
	StateStale     = "STALE"  // documents are missing for too long
	StateLapsed    = "LAPSED" // matched, and not declared in time
	StateDeclared  = "DECLARED"
	StateAccepted  = "ACCEPTED"  // 120
	StateReview    = "REVIEW"    // 300
	StateAudited   = "AUDITED"   // 399
	StateInspect   = "INSPECT"   // 500
	StateDetained  = "DETAINED"  // 501, 502, 503, 599
	StateSentBack  = "SENT_BACK" // 700
	StateReleased  = "RELEASED"  // 800
	StateClosed    = "CLOSED"    // 899
	StateCancelled = "CANCELLED"
	StateSigned    = "SIGNED_FOR"
	StateReturning = "RETURNING"
	StateReturned  = "RETURNED"
)

// States lists the states of an order as StateAt tells them.
var States = []string{
	StatePartial, StateMismatch, StateMatched, StateStale, StateLapsed, StateDeclared, StateAccepted, StateReview, StateAudited,
	StateInspect, StateDetained, StateSentBack, StateReleased, StateClosed, StateCancelled, StateSigned, StateReturning, StateReturned,
}

// StateAt is the state at a time, Unix milliseconds: what waits for too long is STALE or
// LAPSED without anybody saying so.
func (o *Order) StateAt(ms int64) string {
	if o.Until == 0 || ms <= o.Until {
		return o.State
	}
	if o.State == StateMatched {
		return StateLapsed
	}
	return StateStale
}

// The names of the match tags.
const (
	TagNumber    = "number"
	TagAmount    = "amount"
	TagPayer     = "payer"
	TagConsignee = "consignee"
	TagParcel    = "parcel"
	TagMerchant  = "merchant"
	TagGoods     = "goods"
	TagOriginal  = "original" // root of the original payment record
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
	return first(checkULID("order", b.Order), checkTime("seq", b.Seq), checkFlow("flow", b.Flow),
		checkHash("document", b.Document), checkHash("payment", b.Payment),
		checkHash("waybill", b.Waybill), checkHash("declaration", b.Declaration),
		checkHash("amount", b.Amount), checkHash("merchant", b.Merchant), checkHash("goods", b.Goods),
		checkPersonal("payer", b.Flow, b.Payer), checkPersonal("consignee", b.Flow, b.Consignee))
}

func (b *RecordPayment) Check() error {
	return first(checkOrder("order", b.Order), checkULID("payment", b.Payment), checkTime("seq", b.Seq),
		checkHash("document", b.Document), checkHash("number", b.Number), checkHash("amount", b.Amount))
}

func (b *RecordWaybill) Check() error {
	return first(checkOrder("order", b.Order), checkULID("waybill", b.Waybill), checkTime("seq", b.Seq),
		checkHash("document", b.Document), checkHash("number", b.Number), checkHash("parcel", b.Parcel))
}

// NumberLockFor is a lock like NumberLock that one member only can open: the SHA-256 of tag
// and member. It does not tell who that is.
func NumberLockFor(tag Hash, member string) Hash {
	return sha256.Sum256(append(tag[:], member...))
}

// checkPersonal: an import names its buyer and consignee, an export does not.
func checkPersonal(field, flow string, tag Hash) error {
	if flow == FlowImport {
		return checkHash(field, tag)
	}
	return nil
}

func checkFlow(field, flow string) error {
	if flow != FlowImport && flow != FlowExport {
		return Refuse(FieldInvalid, field, "%.20q: %s or %s", flow, FlowImport, FlowExport)
	}
	return nil
}
