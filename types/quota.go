package types

// GrantQuota is customs' word that the buyer of an import order has the annual quota for
// it, or has not (domain R9). Only customs can tell who a buyer is, so customs keeps the
// account and the ledger sees the word: it is bound to one version of one order, is used
// by one declaration, and expires when it is not.
type GrantQuota struct {
	Order    OrderID `json:"order"`
	Grant    string  `json:"grant"`    // ULID, its time that of the grant
	Document Hash    `json:"document"` // root of the order's version that it was given for
	Expires  int64   `json:"expires"`  // Unix ms, at most Params.GrantLife after the block; 0 with a refusal
	Reason   int64   `json:"reason"`   // 0 = granted; ReasonSingle or ReasonAnnual = refused
}

// Quota is what customs said about a buyer's quota for an order.
type Quota struct {
	Grant    string `json:"grant"`
	By       string `json:"by"`
	Document Hash   `json:"document"`
	Expires  int64  `json:"expires"`
	Reason   int64  `json:"reason"`
	State    string `json:"state"` // QuotaReserved …
}

// The states of a quota grant.
const (
	QuotaRefused  = "refused"
	QuotaReserved = "reserved" // until it expires
	QuotaUsed     = "used"     // by a live declaration
	QuotaSettled  = "settled"  // the goods were released
	QuotaFreed    = "freed"    // the declaration was cancelled, or the goods went back
)

// Official error codes that customs refuses a quota with.
const (
	ReasonSingle = -621005 // over the limit of a single transaction
	ReasonAnnual = -621018 // over the buyer's annual limit
)

func (b *GrantQuota) Check() error {
	switch {
	case b.Reason == 0:
		if err := checkTime("expires", b.Expires); err != nil {
			return err
		}
	case b.Reason != ReasonSingle && b.Reason != ReasonAnnual:
		return Refuse(FieldInvalid, "reason", "%d: 0, %d or %d", b.Reason, ReasonSingle, ReasonAnnual)
	case b.Expires != 0:
		return Refuse(FieldInvalid, "expires", "a refusal does not expire")
	}
	return first(checkOrder("order", b.Order), checkULID("grant", b.Grant), checkHash("document", b.Document))
}
