package types

// OfferUnit offers the custody of a unit, with everything in it, to another member.
type OfferUnit struct {
	Unit     UnitID `json:"unit"`
	To       string `json:"to"`
	Deadline int64  `json:"deadline"` // Unix milliseconds
	Purpose  string `json:"purpose"`  // of the Purposes; "" is a sale or any other hand-over
}

// AcceptUnit takes over the custody of a unit offered to the signing member.
type AcceptUnit struct {
	Unit UnitID `json:"unit"`
}

// RejectUnit ends an open offer: by the member it was made to, or by who made it.
type RejectUnit struct {
	Unit UnitID `json:"unit"`
}

// Unit is one thing that is identified by itself, for instance a bag (SGTIN), a pallet
// (SSCC) or a crate (GRAI): record unit/<UnitID>.
type Unit struct {
	ID           UnitID `json:"id"`
	Owner        string `json:"owner"`     // the member that commissioned it; "" if first seen when it was packed
	Custodian    string `json:"custodian"` // who holds it; of a unit inside another, the outermost one's custodian counts
	Commissioned int64  `json:"commissioned"`
	Net          uint64 `json:"net"` // content, 10^-5 of NetUnit; 0 = none
	NetUnit      string `json:"netUnit"`
	Fate         string `json:"fate"` // of the Fates; "" while it is there

	Parent   UnitID    `json:"parent"`   // the unit that this one is inside of, "" for none
	Children []UnitID  `json:"children"` // units directly inside, ascending
	Contents []LotPart `json:"contents"` // quantities of lots directly inside, ascending by lot

	OfferTo    string  `json:"offerTo"` // "" when not offered
	OfferUntil int64   `json:"offerUntil"`
	Purpose    string  `json:"purpose"`
	Trace      Trace   `json:"trace"`
	History    History `json:"history"`
}

// LotPart is a quantity of a lot, in 10^-5 of the lot's unit.
type LotPart struct {
	Lot      LotID  `json:"lot"`
	Quantity uint64 `json:"quantity"`
}

// MaxInside bounds the units directly inside another, and MaxNested how deep they stand in
// one another.
const (
	MaxInside = 5000
	MaxNested = 16
)

// The ends of a unit.
const (
	FateConsumed  = "consumed"
	FateDestroyed = "destroyed"
	FateSold      = "sold"
)

func (u *Unit) Log() *History { return &u.History }

// Offered reports whether an offer is open at that time.
func (u *Unit) Offered(now int64) bool { return u.OfferTo != "" && now <= u.OfferUntil }

func (b *OfferUnit) Check() error {
	return first(checkUnitID("unit", b.Unit), checkMember("to", b.To), checkTime("deadline", b.Deadline), checkPurpose(b.Purpose))
}
func (b *AcceptUnit) Check() error { return checkUnitID("unit", b.Unit) }
func (b *RejectUnit) Check() error { return checkUnitID("unit", b.Unit) }
