package types

import (
	"errors"
	"fmt"
)

// Code says why a transaction or one of its bodies was refused. Zero is success.
// Codes are part of consensus (CometBFT hashes them into the next header):
// numbers are only ever added, never changed or reused; testdata/codes.golden holds
// them. Codes of 32000 and above are never part of a block; they mean "not now,
// try again".
type Code uint32

const (
	OK Code = 0

	// The transaction itself.
	Malformed      Code = 1
	NotCanonical   Code = 2
	TooLarge       Code = 3
	KindUnknown    Code = 4
	BodyCount      Code = 5
	WrongChain     Code = 6
	TxExpired      Code = 7
	ExpiresTooLate Code = 8
	Replayed       Code = 9
	BadSignature   Code = 10
	KeyUnknown     Code = 11
	Threshold      Code = 12
	MemberUnknown  Code = 13
	Role           Code = 14
	FieldInvalid   Code = 15
	RolledBack     Code = 16
	Partial        Code = 17
	NotFound       Code = 18
	BlockFull      Code = 19

	// Members.
	KeyTaken Code = 30
	KeyLast  Code = 31

	// Lots (domain R1, R3).
	IDTaken          Code = 40
	LotUnknown       Code = 41
	Overdraw         Code = 42
	MassCreated      Code = 43
	UnitInvalid      Code = 44
	UnitIncompatible Code = 45
	TimeOrder        Code = 46
	NotCustodian     Code = 47
	DoubleOffer      Code = 48
	OfferExpired     Code = 49
	NoOffer          Code = 50
	GCPMismatch      Code = 51
	EventUnsupported Code = 52
	LotOffered       Code = 53
	SelfDeal         Code = 54

	Disputed        Code = 80
	ClaimDiluted    Code = 81
	SeasonCap       Code = 82
	PlotSeason      Code = 83
	UnexplainedLoss Code = 84
	Short           Code = 85
	Over            Code = 86
	Unsettled       Code = 87
	NotOwner        Code = 88

	// Events.
	EventExists  Code = 90
	EventUnknown Code = 91
	EventDiffers Code = 92
	EventHash    Code = 93
	EventInvalid Code = 94

	// Units (domain R3).
	UnitUnknown  Code = 100
	UnitGone     Code = 101
	Contained    Code = 102
	NotContained Code = 103
	UnitOffered  Code = 104

	// Certificates (domain R5).
	CertUnknown         Code = 110
	CertExpired         Code = 111
	CertScope           Code = 112
	CertRevoked         Code = 113
	CertOverused        Code = 114
	IssuerNotAccredited Code = 115
	RecertRequired      Code = 116

	// Recalls (domain R6).
	Recalled      Code = 120
	RecallUnknown Code = 121
	RecallClosed  Code = 122

	// Orders (domain R7, R8).
	KeyTime        Code = 60
	NotIndependent Code = 61
	Locked         Code = 62
	StaleMessage   Code = 63
	PaymentReused  Code = 64
	WaybillReused  Code = 65
	Amount         Code = 66
	Identity       Code = 67
	OrderMismatch  Code = 68
	NotMatched     Code = 69
	DuplicateList  Code = 70
	NotDeclared    Code = 71
	WaybillDiffers Code = 72
	OrderUnknown   Code = 73

	// Clearance, quota, books (domain R7 to R9, R2).
	OrderStale     Code = 130
	OrderLapsed    Code = 131
	StatusOrder    Code = 132
	NotOffice      Code = 133
	GoodsDiffer    Code = 134
	MerchantDiffer Code = 135
	ModeDiffers    Code = 136
	NotReleased    Code = 137
	ReturnLate     Code = 138
	ReturnQuantity Code = 139
	ReturnUnknown  Code = 140
	RestoreTwice   Code = 141
	GrantMissing   Code = 142
	GrantExpired   Code = 143
	GrantReused    Code = 144
	QuotaSingle    Code = 145
	QuotaAnnual    Code = 146
	BookUnknown    Code = 147
	BookOverdrawn  Code = 148
	TariffPast     Code = 149

	// Not a refusal: the node cannot take it now.
	Busy Code = 32001
)

// Retryable codes begin here; CometBFT forgets such a transaction after 500 ms.
const Retryable Code = 32000

// codeInfo is the public name of a code and a sentence about it.
type codeInfo struct {
	Code Code
	Name string
	Says string
}

var codes = []codeInfo{
	{OK, "OK", "recorded"},
	{Malformed, "MALFORMED", "the bytes are not a transaction"},
	{NotCanonical, "NOT_CANONICAL", "the transaction is not in its one encoding"},
	{TooLarge, "TOO_LARGE", "the transaction is larger than the chain allows"},
	{KindUnknown, "KIND_UNKNOWN", "no such kind of transaction"},
	{BodyCount, "BODY_COUNT", "a transaction holds 1 to 1000 bodies"},
	{WrongChain, "WRONG_CHAIN", "the transaction was signed for another chain"},
	{TxExpired, "TX_EXPIRED", "the transaction's expiry lies before the block's time"},
	{ExpiresTooLate, "EXPIRES_TOO_LATE", "the expiry lies more than ten minutes after the block's time"},
	{Replayed, "REPLAYED", "this transaction was executed before"},
	{BadSignature, "BAD_SIGNATURE", "the signature is malformed or of an unknown algorithm"},
	{KeyUnknown, "KEY_UNKNOWN", "the signing key is not an active key of the member"},
	{Threshold, "THRESHOLD", "fewer signatures than the member requires"},
	{MemberUnknown, "MEMBER_UNKNOWN", "no such member"},
	{Role, "ROLE", "the member does not hold the role that this needs"},
	{FieldInvalid, "FIELD_INVALID", "a field's value is not allowed"},
	{RolledBack, "ROLLED_BACK", "undone because another body of the transaction was refused"},
	{Partial, "PARTIAL", "some bodies were recorded and some refused"},
	{NotFound, "NOT_FOUND", "there is no such record"},
	{BlockFull, "BLOCK_FULL", "what stood before it in the block left too little work for it; send it again"},
	{KeyTaken, "KEY_TAKEN", "the key belongs or belonged to a member"},
	{KeyLast, "KEY_LAST", "a member keeps at least as many keys as its signatures need"},
	{IDTaken, "ID_TAKEN", "the identifier is in use"},
	{LotUnknown, "LOT_UNKNOWN", "no such lot"},
	{Overdraw, "OVERDRAW", "more asked of a lot than is left in it (R1 F1)"},
	{MassCreated, "MASS_CREATED", "more came out than went in (R1 F2)"},
	{UnitInvalid, "UNIT_INVALID", "not a unit of UNECE Recommendation 20 that can be converted (R1 F4)"},
	{UnitIncompatible, "UNIT_INCOMPATIBLE", "units of different dimensions (R1 F4)"},
	{TimeOrder, "TIME_ORDER", "the times contradict each other or lie in the future (R1 F6, R7)"},
	{NotCustodian, "NOT_CUSTODIAN", "the member does not hold the lot (R3)"},
	{DoubleOffer, "DOUBLE_OFFER", "the lot is already offered (R3)"},
	{OfferExpired, "EXPIRED", "the offer's deadline has passed (R3)"},
	{NoOffer, "NO_OFFER", "the lot is not offered to this member (R3)"},
	{GCPMismatch, "GCP_MISMATCH", "the GS1 company prefix is not the member's (R1 F5)"},
	{EventUnsupported, "EVENT_UNSUPPORTED", "this part of EPCIS is not recorded on the ledger"},
	{LotOffered, "LOT_OFFERED", "the lot is in an open offer"},
	{SelfDeal, "SELF_DEAL", "a hand-over needs two parties (R3)"},
	{Disputed, "DISPUTED", "it came from an event that was declared an error, and the dispute is open (R1 F8)"},
	{ClaimDiluted, "CLAIM_DILUTED", "not everything that went in carries the claim (R1 F7)"},
	{SeasonCap, "SEASON_CAP", "the plot would yield more than its season's cap (R1)"},
	{PlotSeason, "PLOT_SEASON", "the plot has no season for that product at that time (R1)"},
	{UnexplainedLoss, "UNEXPLAINED_LOSS", "a flag: less came out than the process explains (R1 F3)"},
	{Short, "SHORT", "a flag: less arrived than was offered (R3)"},
	{Over, "OVER", "a flag: more arrived than was offered (R3)"},
	{Unsettled, "UNSETTLED", "the difference of the last hand-over between the two is not settled (R3)"},
	{NotOwner, "NOT_OWNER", "the member is not the one who made, registered or issued it"},
	{EventExists, "EVENT_EXISTS", "the event was captured before"},
	{EventUnknown, "EVENT_UNKNOWN", "no such event was captured"},
	{EventDiffers, "EVENT_DIFFERS", "an error declaration repeats the event that it takes back"},
	{EventHash, "EVENT_HASH", "a flag: the eventID is a CBV 2.0 hash, but not that of the event"},
	{EventInvalid, "EVENT_INVALID", "not an EPCIS 2.0 event in canonical form"},
	{UnitUnknown, "UNIT_UNKNOWN", "no such unit"},
	{UnitGone, "UNIT_GONE", "the unit was consumed, destroyed or sold"},
	{Contained, "CONTAINED", "the unit is inside another; take it out first (R3)"},
	{NotContained, "NOT_CONTAINED", "the unit or quantity is not inside that unit"},
	{UnitOffered, "UNIT_OFFERED", "the unit is in an open offer"},
	{CertUnknown, "CERT_UNKNOWN", "no such certificate or accreditation (R5)"},
	{CertExpired, "CERT_EXPIRED", "the certificate is not valid at the event's time (R5)"},
	{CertScope, "CERT_SCOPE", "the certificate does not cover this member, product or site (R5)"},
	{CertRevoked, "CERT_REVOKED", "the certificate is suspended or revoked at the event's time (R5)"},
	{CertOverused, "CERT_OVERUSED", "more was certified than the certificate's cap (R5)"},
	{IssuerNotAccredited, "ISSUER_NOT_ACCREDITED", "the issuer was not accredited for it when it was issued (R5)"},
	{RecertRequired, "RECERT_REQUIRED", "mixed or split goods need a new commitment certificate first (R5)"},
	{Recalled, "RECALLED", "it is under a recall; it may go to return, quarantine or destruction only (R6)"},
	{RecallUnknown, "RECALL_UNKNOWN", "no such recall"},
	{RecallClosed, "RECALL_CLOSED", "the recall is closed"},
	{KeyTime, "KEY_TIME", "the document's time lies outside the chain's window around the block's time"},
	{NotIndependent, "NOT_INDEPENDENT", "order, payment, waybill and their parties must be independent (R7)"},
	{Locked, "LOCKED", "the order is declared; its documents can no longer change (customs -301011)"},
	{StaleMessage, "STALE_MSG", "a newer version of this document is recorded (customs -301014)"},
	{PaymentReused, "PAYMENT_REUSED", "the payment belongs to another order (R7)"},
	{WaybillReused, "WAYBILL_REUSED", "the waybill belongs to another order (R7)"},
	{Amount, "AMOUNT", "the amount paid is not the amount of the order (R7, M3)"},
	{Identity, "IDENTITY", "the buyer, payer or consignee differs between the documents (R7, M4, M5)"},
	{OrderMismatch, "ORDER_MISMATCH", "the document is of another order (M1)"},
	{NotMatched, "NOT_MATCHED", "order, payment and waybill do not match yet (R7)"},
	{DuplicateList, "DUPLICATE_LIST", "the order or the list is already declared (R8, customs -621004)"},
	{NotDeclared, "NOT_DECLARED", "there is no declaration to decide on"},
	{WaybillDiffers, "WAYBILL_DIFFERS", "the declaration names another waybill (M1)"},
	{OrderUnknown, "ORDER_UNKNOWN", "no such order (customs -301003)"},
	{OrderStale, "ORDER_STALE", "the order waited too long for its documents; the platform renews it with a newer version (R7)"},
	{OrderLapsed, "ORDER_LAPSED", "the order was not declared in time, or its declaration was cancelled; the platform renews it with a newer version (R7)"},
	{StatusOrder, "STATUS_ORDER", "that does not follow from the declaration's state (R7; customs -623005 for a cancellation)"},
	{NotOffice, "NOT_OFFICE", "the declaration is filed with another customs office"},
	{GoodsDiffer, "GOODS", "the declaration's lines are not those of the order (M6)"},
	{MerchantDiffer, "MERCHANT", "the declaration names another seller than the order (M1)"},
	{ModeDiffers, "MODE", "the customs procedure is not one of the order's flow"},
	{NotReleased, "NOT_RELEASED", "the goods are not released"},
	{ReturnLate, "RETURN_LATE", "the time in which released goods can come back is over"},
	{ReturnQuantity, "RETURN_QUANTITY", "more than is left of the line, or no such line (customs -625014, -625209)"},
	{ReturnUnknown, "RETURN_UNKNOWN", "no such return, or it is decided"},
	{RestoreTwice, "RESTORE_TWICE", "the return has arrived before; quota and book are restored once (R9, R2)"},
	{GrantMissing, "GRANT_MISSING", "the order has no quota grant of that name for its last version (R9, customs -621013)"},
	{GrantExpired, "GRANT_EXPIRED", "the quota grant has expired, or would live too long (R9)"},
	{GrantReused, "GRANT_REUSED", "the quota grant is used (R9)"},
	{QuotaSingle, "QUOTA_SINGLE", "over the limit of a single transaction (R9, customs -621005)"},
	{QuotaAnnual, "QUOTA_ANNUAL", "over the buyer's annual limit (R9, customs -621018)"},
	{BookUnknown, "BOOK_UNKNOWN", "no such item of a bonded book (R2)"},
	{BookOverdrawn, "BOOK_OVERDRAWN", "more is declared than the bonded book holds (R2)"},
	{TariffPast, "TARIFF_PAST", "rates and limits hold from the block's time on, or later (R10)"},
	{Busy, "BUSY", "the node has all it can hold; send again later"},
}

func (c Code) info() codeInfo {
	for _, i := range codes {
		if i.Code == c {
			return i
		}
	}
	return codeInfo{c, fmt.Sprintf("CODE_%d", uint32(c)), "unknown code"}
}

// String returns the code's name, for instance OVERDRAW.
func (c Code) String() string { return c.info().Name }

// Says returns one sentence about the code.
func (c Code) Says() string { return c.info().Says }

// Codes returns every code in order of its number.
func Codes() []Code {
	all := make([]Code, len(codes))
	for i, c := range codes {
		all[i] = c.Code
	}
	return all
}

// CodeNamed returns the code with that name.
func CodeNamed(name string) (Code, bool) {
	for _, i := range codes {
		if i.Name == name {
			return i.Code, true
		}
	}
	return 0, false
}

func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c *Code) UnmarshalText(text []byte) error {
	code, ok := CodeNamed(string(text))
	if !ok {
		return fmt.Errorf("no code is named %q", text)
	}
	*c = code
	return nil
}

// Refusal is an error with a code: the transaction or body is refused, the node is
// fine. Its text goes into logs and answers, never into consensus.
type Refusal struct {
	Code   Code   `json:"code"`
	Field  string `json:"field,omitempty"` // path of the field in the body, "" if the whole
	Detail string `json:"detail"`          // what was attempted, on what, and what stood against it
}

func (r *Refusal) Error() string {
	if r.Field == "" {
		return fmt.Sprintf("%s: %s", r.Code, r.Detail)
	}
	return fmt.Sprintf("%s: %s: %s", r.Code, r.Field, r.Detail)
}

// Refuse makes a Refusal about a field ("" for the whole).
func Refuse(code Code, field, format string, args ...any) error {
	return &Refusal{Code: code, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of a refusal anywhere in err's chain; ok is false for
// an error that is not a refusal.
func CodeOf(err error) (code Code, ok bool) {
	if r, is := errors.AsType[*Refusal](err); is {
		return r.Code, true
	}
	return OK, err == nil
}
