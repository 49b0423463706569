package client

import (
	"math/big"
	"time"

	"github.com/caryaledger/carya/types"
)

// booking is what stands on a person's account because of one quota grant (domain R9).
//
// The ledger is the authority on which grants there are and what became of each: follow takes that over, as often as one
// likes. It does not know whose they are nor how much: on that the account is the authority.
type booking struct {
	Grant    string // ULID
	Order    types.OrderID
	Document types.Hash // of the order's version that it was given for
	Person   types.Hash // keyed hash of the identity
	Year     int        // calendar year in China, in which the list that uses it is declared
	Value    int64      // of the goods, 10^-5 yuan
	Back     int64      // of it, what came back
	Lines    []bookedLine
	Expires  int64 // of the grant, Unix ms
	TxUntil  int64 // after a block of a later time a grant that is not on the ledger never will be, Unix ms
	Reason   int64 // of a refusal, else 0
	State    string
	Time     int64 // when it was booked, Unix ms
	Height   int64 // of the ledger's row that it was last compared with

	several bool // more than one piece; not stored
}

// bookedLine is a line of the order, in the order of gnum: so that a return is worth something without any payload.
type bookedLine struct {
	Pieces uint64 `json:"pieces"` // as how many it can come back, types.Pieces
	Value  int64  `json:"value"`  // 10^-5 yuan
}

// The states of a booking. Those that count take from the person's quota.
const (
	bookPlanned  = "planned"  // written down before it is sent; counts
	bookReserved = "reserved" // on the ledger; counts
	bookUsed     = "used"     // by a live declaration; counts
	bookSettled  = "settled"  // the goods were released; counts, less what came back
	bookFreed    = "freed"    // expired, replaced, or the goods went back
	bookRefused  = "refused"  // over a limit
	bookVoid     = "void"     // never came onto the ledger
)

// countingStates as SQL has them.
const countingStates = "('planned', 'reserved', 'used', 'settled')"

// follow brings a booking to what the ledger says about its order. now is the time of a block that the order was read
// after. To follow the same record twice is to follow it once.
func (b *booking) follow(o *types.Order, now int64) {
	if b.State == bookRefused || b.State == bookVoid {
		return
	}
	q := grantOf(o, b.Grant)
	switch {
	case q == nil && b.State != bookPlanned:
		b.State = bookFreed // replaced by a later word: nobody can use it any more
	case q == nil && now > b.TxUntil:
		b.State = bookVoid
	case q == nil:
		// its transaction may still be on the way
	case q.State == types.QuotaReserved && now > q.Expires:
		b.State = bookFreed
	case q.State == types.QuotaReserved:
		b.State = bookReserved
	case q.State == types.QuotaUsed:
		b.State = bookUsed
	case q.State == types.QuotaSettled:
		b.State, b.Back = bookSettled, b.cameBack(o)
	default:
		b.State = bookFreed
	}
}

// grantOf returns an order's quota if it is of that grant.
func grantOf(o *types.Order, grant string) *types.Quota {
	if o == nil || len(o.Quota) == 0 || o.Quota[0].Grant != grant {
		return nil
	}
	return &o.Quota[0]
}

// cameBack is what the returns that arrived were worth: of each line the share of its pieces, rounded down in all, so that
// all pieces are worth the whole line. It is computed from all returns anew, so that none can count twice. The ledger's
// pieces are proven by tokens, so that no CEB625 is needed.
func (b *booking) cameBack(o *types.Order) int64 {
	pieces := make([]uint64, len(b.Lines))
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if r.Restored && l.Line < uint64(len(pieces)) {
				pieces[l.Line] += l.Pieces
			}
		}
	}
	var back int64
	for i, l := range b.Lines {
		worth := product(uint64(l.Value), min(pieces[i], l.Pieces))
		back += worth.Div(worth, new(big.Int).SetUint64(l.Pieces)).Int64()
	}
	return min(back, b.Value)
}

// china is the zone whose calendar years quotas are of.
var china = time.FixedZone("CST", 8*60*60)

// yearOf returns the quota's year of a time in Unix ms, and when it ends.
func yearOf(ms int64) (year int, end int64) {
	year = time.UnixMilli(ms).In(china).Year()
	return year, time.Date(year+1, 1, 1, 0, 0, 0, 0, china).UnixMilli()
}

// shortestGrant is the least time that a grant is made for.
const shortestGrant = 10 * time.Minute

// expiry is when a grant that is made now expires, 0 if it cannot be made now: nine tenths of the longest life, for clocks
// differ, and not beyond the year, so that the list which uses it is declared in the year that it is booked in.
func expiry(now int64, life int64) int64 {
	_, end := yearOf(now)
	expires := min(now+life/10*9, end-1)
	if expires < now+shortestGrant.Milliseconds() {
		return 0
	}
	return expires
}
