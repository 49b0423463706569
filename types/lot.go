package types

import "github.com/caryaledger/carya/types/gs1"

// OfferLot offers the custody of a quantity of a lot to another member, who has until
// the deadline to accept it. Until then nobody can use that quantity. An EPCIS shipping
// event with a destination of type possessing_party does the same.
type OfferLot struct {
	Lot      LotID  `json:"lot"`
	Quantity uint64 `json:"quantity"` // 10^-5 of the unit; 0 = all that the member holds
	Unit     string `json:"unit"`     // UNECE Recommendation 20; "" with quantity 0
	To       string `json:"to"`
	Deadline int64  `json:"deadline"` // Unix milliseconds
	Purpose  string `json:"purpose"`  // of the Purposes; "" is a sale or any other hand-over
}

// AcceptLot takes over what was offered to the signing member, with the quantity that
// arrived. Less or more than was offered leaves a difference to settle.
type AcceptLot struct {
	Lot      LotID  `json:"lot"`
	From     string `json:"from"`
	Quantity uint64 `json:"quantity"` // 0 = as offered
	Unit     string `json:"unit"`
}

// RejectLot ends an open offer: by the member it was made to, or by who made it.
type RejectLot struct {
	Lot  LotID  `json:"lot"`
	From string `json:"from"`
	To   string `json:"to"`
}

// SettleLot settles the difference that a hand-over left, by the member that offered:
// what did not arrive is kept (it never left) or lost; what arrived beyond the offer is
// given, or kept.
type SettleLot struct {
	Lot     LotID  `json:"lot"`
	To      string `json:"to"`
	Outcome string `json:"outcome"` // of the Outcomes
}

// RegisterProduct says how a trade item is measured and counted, by the member that its
// company prefix is licensed to. It holds for lots commissioned from then on.
type RegisterProduct struct {
	GTIN string `json:"gtin"` // 14 digits
	Name string `json:"name"`
	Net  uint64 `json:"net"` // net content of one piece, 10^-5 of NetUnit; 0 = none
	Unit string `json:"unit"`
	// Model is the chain of custody model for claims (ISO 22095): SEGREGATED, the
	// default, or MASS_BALANCE.
	Model string `json:"model"`
}

// RegisterPlot bounds what a plot can yield in a season (cooperative or authority). The
// first who registers a plot keeps it; only an authority may raise a cap.
type RegisterPlot struct {
	Plot    string   `json:"plot"` // path of an SGLN or x.<URI>
	Name    string   `json:"name"`
	Members []string `json:"members"` // who besides the signing member may harvest from it
	GTIN    string   `json:"gtin"`    // of what it yields
	From    int64    `json:"from"`    // the season, Unix milliseconds; includes From, not Until
	Until   int64    `json:"until"`
	Cap     uint64   `json:"cap"` // 10^-5 of Unit
	Unit    string   `json:"unit"`
}

// SetProcess bounds the yield of transformations with a business step (authority):
// outputs over inputs, in millionths.
type SetProcess struct {
	BizStep string `json:"bizStep"` // CBV bare string or URI; "" = all that have no process of their own
	Min     uint64 `json:"min"`     // less is flagged UNEXPLAINED_LOSS
	Max     uint64 `json:"max"`     // more is refused MASS_CREATED
}

// Lot is a quantity of one product made at one time: record lot/<LotID>. Quantities
// count 10^-5 of the unit: Produced = Consumed + Destroyed + Sold + Packed + all
// Holdings.
type Lot struct {
	ID           LotID     `json:"id"`
	Unit         string    `json:"unit"`
	Net          uint64    `json:"net"`     // content of one piece, 10^-5 of NetUnit; 0 = none
	NetUnit      string    `json:"netUnit"` // "" without
	Produced     uint64    `json:"produced"`
	Consumed     uint64    `json:"consumed"`  // by transformations
	Destroyed    uint64    `json:"destroyed"` // and other ends
	Sold         uint64    `json:"sold"`      // to who is no member (retail_selling, dispensing)
	Packed       uint64    `json:"packed"`    // inside units
	Owner        string    `json:"owner"`     // the member that commissioned it
	Commissioned int64     `json:"commissioned"`
	Plot         string    `json:"plot"`     // where it was harvested, "" unknown to the ledger
	Holdings     []Holding `json:"holdings"` // ascending by member, none empty
	Offers       []Offer   `json:"offers"`   // ascending by from and to
	Trace        Trace     `json:"trace"`
	History      History   `json:"history"`
}

// Holding is what a member holds of a lot, offers included.
type Holding struct {
	Member   string `json:"member"`
	Quantity uint64 `json:"quantity"`
}

// Offer is a quantity on its way between two members.
type Offer struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Quantity uint64 `json:"quantity"`
	Until    int64  `json:"until"`
	Purpose  string `json:"purpose"`
	State    string `json:"state"` // OfferOpen, OfferShort or OfferOver
}

// The states of an Offer: what is short or over waits for SettleLot.
const (
	OfferOpen  = "OPEN"
	OfferShort = "SHORT" // Quantity did not arrive; it is still From's
	OfferOver  = "OVER"  // Quantity arrived beyond the offer; it is still From's
)

// The purposes that a recalled thing may still be handed over for.
const (
	PurposeReturn      = "return"
	PurposeQuarantine  = "quarantine"
	PurposeDestruction = "destruction"
)

// The outcomes of SettleLot.
const (
	OutcomeKept  = "kept"
	OutcomeLost  = "lost"
	OutcomeGiven = "given"
)

// The models of RegisterProduct (ISO 22095).
const (
	ModelSegregated  = "SEGREGATED"
	ModelMassBalance = "MASS_BALANCE"
)

// Product is a registered trade item: record product/<GTIN>.
type Product struct {
	GTIN    string  `json:"gtin"`
	Name    string  `json:"name"`
	Owner   string  `json:"owner"`
	Net     uint64  `json:"net"`
	NetUnit string  `json:"netUnit"`
	Model   string  `json:"model"`
	History History `json:"history"`
}

// Plot is a registered plot: record plot/<id>.
type Plot struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Members []string `json:"members"` // who besides the owner may harvest from it
	Seasons []Season `json:"seasons"` // ascending by From and GTIN
	History History  `json:"history"`
}

// Season is what a plot may yield of a product in a time, and what it has.
type Season struct {
	GTIN  string `json:"gtin"`
	From  int64  `json:"from"`
	Until int64  `json:"until"`
	Cap   uint64 `json:"cap"`
	Used  uint64 `json:"used"`
	Unit  string `json:"unit"`
}

// Process is a yield band in millionths: record process/<escaped business step>.
type Process struct {
	Min     uint64  `json:"min"`
	Max     uint64  `json:"max"`
	History History `json:"history"`
}

func (l *Lot) Log() *History     { return &l.History }
func (p *Product) Log() *History { return &p.History }
func (p *Plot) Log() *History    { return &p.History }
func (p *Process) Log() *History { return &p.History }

// Held returns what a member holds of the lot, offers included.
func (l *Lot) Held(member string) uint64 {
	for _, h := range l.Holdings {
		if h.Member == member {
			return h.Quantity
		}
	}
	return 0
}

// Free returns what a member can use of the lot now.
func (l *Lot) Free(member string, now int64) uint64 {
	n := l.Held(member)
	for _, o := range l.Offers {
		if o.From == member && o.Binds(now) {
			n -= min(n, o.Quantity)
		}
	}
	return n
}

// Left returns what is not consumed, destroyed or sold.
func (l *Lot) Left() uint64 { return l.Produced - l.Consumed - l.Destroyed - l.Sold }

// Binds reports whether the offered quantity is out of the offering member's reach.
func (o *Offer) Binds(now int64) bool { return o.State != OfferOpen || now <= o.Until }

// The EPCIS words that decide what an event does.
const (
	ObjectEvent         = "ObjectEvent"
	AggregationEvent    = "AggregationEvent"
	TransactionEvent    = "TransactionEvent"
	TransformationEvent = "TransformationEvent"
	AssociationEvent    = "AssociationEvent"
	ActionAdd           = "ADD"
	ActionObserve       = "OBSERVE"
	ActionDelete        = "DELETE"
)

func (b *OfferLot) Check() error {
	return first(checkLot("lot", b.Lot), checkPart(b.Quantity, b.Unit), checkMember("to", b.To),
		checkTime("deadline", b.Deadline), checkPurpose(b.Purpose))
}

func (b *AcceptLot) Check() error {
	return first(checkLot("lot", b.Lot), checkMember("from", b.From), checkPart(b.Quantity, b.Unit))
}

func (b *RejectLot) Check() error {
	return first(checkLot("lot", b.Lot), checkMember("from", b.From), checkMember("to", b.To))
}

func (b *SettleLot) Check() error {
	if !oneOf(b.Outcome, OutcomeKept, OutcomeLost, OutcomeGiven) {
		return Refuse(FieldInvalid, "outcome", "%.20q: kept, lost or given", b.Outcome)
	}
	return first(checkLot("lot", b.Lot), checkMember("to", b.To))
}

func (b *RegisterProduct) Check() error {
	if !oneOf(b.Model, "", ModelSegregated, ModelMassBalance) {
		return Refuse(FieldInvalid, "model", "%.20q: SEGREGATED or MASS_BALANCE", b.Model)
	}
	if b.Unit != "" {
		d, _, ok := gs1.Unit(b.Unit)
		if !ok || d == gs1.Count {
			return Refuse(UnitInvalid, "unit", "%.8q: a net content is a mass, volume, length or area", b.Unit)
		}
	}
	return first(checkGTIN("gtin", b.GTIN), checkText("name", b.Name, 0, 200), checkPart(b.Net, b.Unit))
}

func (b *RegisterPlot) Check() error {
	if _, err := checkThing("plot", b.Plot); err != nil {
		return err
	}
	for i, m := range b.Members {
		if err := checkMember(index("members", i), m); err != nil {
			return err
		}
	}
	if len(b.Members) > maxScope {
		return Refuse(FieldInvalid, "members", "%d, at most %d", len(b.Members), maxScope)
	}
	return first(checkText("name", b.Name, 0, 200), checkGTIN("gtin", b.GTIN), checkSpan(b.From, b.Until),
		checkUnit("unit", b.Unit), checkAmount("cap", b.Cap))
}

func (b *SetProcess) Check() error {
	if b.Min > b.Max || b.Max > 1000*1_000_000 {
		return Refuse(FieldInvalid, "max", "%d: in millionths, from min to 1000000000", b.Max)
	}
	return checkText("bizStep", b.BizStep, 0, 200)
}

// checkPart admits a quantity with a unit, or neither.
func checkPart(quantity uint64, unit string) error {
	if quantity == 0 && unit == "" {
		return nil
	}
	return first(checkAmount("quantity", quantity), checkUnit("unit", unit))
}

func checkAmount(field string, n uint64) error {
	if n == 0 || n > gs1.MaxAmount {
		return Refuse(FieldInvalid, field, "%d is not from 1 to %d (it counts 10^-5 of the unit)", n, uint64(gs1.MaxAmount))
	}
	return nil
}

func checkPurpose(p string) error {
	if !oneOf(p, "", PurposeReturn, PurposeQuarantine, PurposeDestruction) {
		return Refuse(FieldInvalid, "purpose", "%.20q: return, quarantine, destruction or empty", p)
	}
	return nil
}

func checkGTIN(field, gtin string) error {
	k, err := gs1.ParsePath(gtin)
	if err != nil || k.Type != "GTIN" {
		return Refuse(FieldInvalid, field, "%.40q is not a GTIN of 14 digits with its check digit", gtin)
	}
	return nil
}
