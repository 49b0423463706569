package types

import "crypto/sha256"

// Declare commits a declarant to the declaration list of a matched order, filed with one
// customs office. There is one live declaration of an order at a time, whatever the
// office and the declarant (domain R8).
type Declare struct {
	Order       OrderID        `json:"order"`
	Declaration string         `json:"declaration"` // ULID
	Seq         int64          `json:"seq"`
	Document    Hash           `json:"document"`
	Number      Hash           `json:"number"` // NumberTag of the declaration
	Payer       Hash           `json:"payer"`  // zero in exports
	Parcel      Hash           `json:"parcel"`
	Merchant    Hash           `json:"merchant"`
	Goods       Hash           `json:"goods"`
	Office      string         `json:"office"` // member with the role customs, who decides
	Mode        uint64         `json:"mode"`   // customs procedure: 9610, 1210, 1239, 9710 or 9810
	Grant       string         `json:"grant"`  // ULID of the quota grant it uses; "" in exports
	Lines       []DeclaredLine `json:"lines"`  // the list's lines of goods, in order of their number
}

// DeclaredLine says what the ledger must know of a line to hold returns to it and to take
// it from a bonded book, without saying what is in it.
type DeclaredLine struct {
	// Anchor bounds what can come back: ReturnAnchor of the line's seed and its number of
	// pieces, which stays unknown.
	Anchor Hash `json:"anchor"`

	// Book is the bonded book item that it leaves, <warehouse>/<name>, "" if none; Quantity
	// what is taken from it, and Step what one returned piece puts back, in 10^-5 units.
	Book     BookID `json:"book"`
	Quantity int64  `json:"quantity"`
	Step     int64  `json:"step"`
}

// Decide is the customs office's decision on a declaration, with the official return
// status of CEB622 and, with 100, the official reason.
type Decide struct {
	Order  OrderID `json:"order"`
	Status uint64  `json:"status"` // of the official statuses below
	Reason int64   `json:"reason"` // official error code such as -621005, 0 if none
}

// Cancel asks customs to cancel a declaration that is not released (CEB623).
type Cancel struct {
	Order    OrderID `json:"order"`
	Document Hash    `json:"document"`
}

// DecideCancel is the customs office's word on that: StatusAudit cancels the declaration,
// StatusReject keeps it.
type DecideCancel struct {
	Order  OrderID `json:"order"`
	Status uint64  `json:"status"`
}

// SignFor is the carrier's word that a released parcel was delivered (CEB513, status S).
type SignFor struct {
	Order    OrderID `json:"order"`
	Time     int64   `json:"time"` // logisticsTime, Unix ms
	Document Hash    `json:"document"`
}

// ReturnGoods applies for the return of pieces of a released order (CEB625).
type ReturnGoods struct {
	Order    OrderID      `json:"order"`
	Return   string       `json:"return"` // ULID
	Document Hash         `json:"document"`
	Lines    []ReturnLine `json:"lines"`
}

// ReturnLine is a number of pieces of one line. Token proves that so many are left to
// return: hashed Pieces times it gives the line's anchor (ReturnToken).
type ReturnLine struct {
	Line   uint64 `json:"line"` // position in Declare.Lines
	Pieces uint64 `json:"pieces"`
	Token  Hash   `json:"token"`
}

// DecideReturn is the customs office's word on a return: StatusAudit allows it,
// StatusRelease says that the goods have arrived, StatusReject refuses it.
type DecideReturn struct {
	Order  OrderID `json:"order"`
	Return string  `json:"return"`
	Status uint64  `json:"status"`
}

// Clearance is a declaration's way through customs.
type Clearance struct {
	Office    string         `json:"office"`
	Mode      uint64         `json:"mode"`
	Status    uint64         `json:"status"`   // last return status, 0 before any
	Reason    int64          `json:"reason"`   // with status 100
	Lines     []DeclaredLine `json:"lines"`    // anchors advance with every return
	Released  int64          `json:"released"` // time of the block that released it, 0 before
	Signed    int64          `json:"signed"`   // when the parcel was delivered, 0 before
	Cancel    Hash           `json:"cancel"`   // document of the open request to cancel it, zero if none
	Cancelled bool           `json:"cancelled"`
}

// OrderReturn is one return of goods.
type OrderReturn struct {
	Return   string       `json:"return"` // ULID
	Member   string       `json:"member"`
	Document Hash         `json:"document"`
	Time     int64        `json:"time"` // of the block that holds the application
	Lines    []ReturnLine `json:"lines"`
	Status   uint64       `json:"status"`   // 0 applied for, else DecideReturn's
	Restored bool         `json:"restored"` // quota and book have what came back
}

// The official return statuses (CEB622 returnStatus; 202205 specification, 3.10.4).
const (
	StatusReject  = 100 // sent back to the declarant
	StatusAccept  = 120 // taken in
	StatusReview  = 300 // manual review
	StatusAudit   = 399 // audited
	StatusInspect = 500 // physical inspection
	StatusHold1   = 501 // detained, customs clearance
	StatusHold2   = 502 // detained, anti-smuggling
	StatusHold3   = 503 // detained, legal affairs
	StatusHold    = 599 // detained otherwise
	StatusReturn  = 700 // sent back abroad
	StatusRelease = 800
	StatusClose   = 899
)

// Statuses lists the official return statuses that Decide takes.
var Statuses = []uint64{StatusReject, StatusAccept, StatusReview, StatusAudit, StatusInspect, StatusHold1, StatusHold2, StatusHold3,
	StatusHold, StatusReturn, StatusRelease, StatusClose}

// Mode is a customs procedure of cross-border retail for one flow of goods.
type Mode struct {
	Mode uint64
	Flow string
}

// Modes lists the customs procedures of cross-border retail and the flow of each.
var Modes = []Mode{{9610, FlowImport}, {1210, FlowImport}, {1239, FlowImport}, {9610, FlowExport}, {1210, FlowExport}, {9710, FlowExport}, {9810, FlowExport}}

// MaxPieces is the most pieces of a line that can come back one by one: each is one hash.
// A line of more, or of a broken quantity, comes back as a whole: one piece.
const MaxPieces = 1000

// MaxLines is the most lines of a declaration list (202205 schema).
const MaxLines = 99

// Pieces is as how many pieces a line of a quantity in 10^-5 units can come back, and what
// one of them is.
func Pieces(quantity int64) (pieces uint64, step int64) {
	const one = 100_000
	if n := quantity / one; quantity%one == 0 && n >= 1 && n <= MaxPieces {
		return uint64(n), one
	}
	return 1, quantity
}

// ReturnAnchor commits to a line's pieces: SHA-256 applied that often to its seed. Who
// knows the seed can show that some are left (ReturnToken), nobody can show more, and
// nobody learns how many there are before they come back.
func ReturnAnchor(seed Secret, pieces uint64) Hash { return hashTimes(Hash(seed), pieces) }

// ReturnToken is what returns some of a line's pieces when back of them came back before:
// the hash that gives the line's anchor when it is hashed some times more.
func ReturnToken(seed Secret, pieces, back, some uint64) Hash {
	return hashTimes(Hash(seed), pieces-back-some)
}

// ReturnSeed derives the seed of a line from its document's, so that whoever may see the
// document can check the anchor.
func ReturnSeed(document Secret, line int) Secret {
	return Keyed(document, returnLabel, uint64Text(line))
}

// Before returns the anchor from before the return.
func (l *ReturnLine) Before() Hash { return hashTimes(l.Token, l.Pieces) }

func hashTimes(h Hash, n uint64) Hash {
	for range n {
		h = sha256.Sum256(h[:])
	}
	return h
}

func (b *Declare) Check() error {
	if len(b.Lines) == 0 || len(b.Lines) > MaxLines {
		return Refuse(FieldInvalid, "lines", "%d lines, a list has 1 to %d", len(b.Lines), MaxLines)
	}
	for i := range b.Lines {
		if err := b.Lines[i].check(index("lines", i)); err != nil {
			return err
		}
	}
	if b.Grant != "" {
		if err := checkULID("grant", b.Grant); err != nil {
			return err
		}
	}
	return first(checkOrder("order", b.Order), checkULID("declaration", b.Declaration), checkTime("seq", b.Seq),
		checkHash("document", b.Document), checkHash("number", b.Number), checkHash("parcel", b.Parcel),
		checkHash("merchant", b.Merchant), checkHash("goods", b.Goods), checkMember("office", b.Office), checkMode(b.Mode))
}

func (l *DeclaredLine) check(field string) error {
	if err := checkHash(field+".anchor", l.Anchor); err != nil {
		return err
	}
	if l.Book == "" {
		if l.Quantity != 0 || l.Step != 0 {
			return Refuse(FieldInvalid, field+".quantity", "a quantity without a book")
		}
		return nil
	}
	if l.Quantity <= 0 || l.Step <= 0 || l.Step > l.Quantity {
		return Refuse(FieldInvalid, field+".quantity", "%d by %d: what leaves a book is positive, and a piece of it no more than all", l.Quantity, l.Step)
	}
	return checkBook(field+".book", l.Book)
}

func checkMode(mode uint64) error {
	for _, m := range Modes {
		if m.Mode == mode {
			return nil
		}
	}
	return Refuse(FieldInvalid, "mode", "%d: 9610, 1210, 1239, 9710 or 9810", mode)
}

func (b *Decide) Check() error {
	if b.Reason > 0 || b.Reason != 0 && b.Status != StatusReject {
		return Refuse(FieldInvalid, "reason", "%d: an official error code is negative, and stands with status %d only", b.Reason, StatusReject)
	}
	return first(checkOrder("order", b.Order), checkDecision(b.Status, Statuses...))
}

func (b *Cancel) Check() error {
	return first(checkOrder("order", b.Order), checkHash("document", b.Document))
}

func (b *DecideCancel) Check() error {
	return first(checkOrder("order", b.Order), checkDecision(b.Status, StatusReject, StatusAudit))
}

func (b *SignFor) Check() error {
	return first(checkOrder("order", b.Order), checkTime("time", b.Time), checkHash("document", b.Document))
}

func (b *ReturnGoods) Check() error {
	if len(b.Lines) == 0 || len(b.Lines) > MaxLines {
		return Refuse(FieldInvalid, "lines", "%d lines, a return has 1 to %d", len(b.Lines), MaxLines)
	}
	for i, l := range b.Lines {
		if l.Pieces < 1 || l.Pieces > MaxPieces {
			return Refuse(FieldInvalid, index("lines", i)+".pieces", "%d: 1 to %d", l.Pieces, MaxPieces)
		}
		if i > 0 && l.Line <= b.Lines[i-1].Line {
			return Refuse(FieldInvalid, index("lines", i)+".line", "%d: each line once, in ascending order", l.Line)
		}
	}
	return first(checkOrder("order", b.Order), checkULID("return", b.Return), checkHash("document", b.Document))
}

func (b *DecideReturn) Check() error {
	return first(checkOrder("order", b.Order), checkULID("return", b.Return), checkDecision(b.Status, StatusReject, StatusAudit, StatusRelease))
}

func checkDecision(status uint64, allowed ...uint64) error {
	for _, s := range allowed {
		if s == status {
			return nil
		}
	}
	return Refuse(FieldInvalid, "status", "%d: one of %v", status, allowed)
}
