package load

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Party is a member in whose name transactions are sent.
type Party struct {
	Signer *client.Signer
	Node   int    // index of the node that it sends to
	GTIN   string // 14 digits, of what it commissions lots of; "" if it makes nothing
}

// Cast is who plays which part.
type Cast struct {
	Makers                       []Party // commission lots
	Platform, Payment, Logistics Party   // document orders
	Customs, Declarant           Party   // and clear them
}

// The scenarios.
const (
	Lots      = "lots"      // makers commission lots
	Orders    = "orders"    // platform, payment company and carrier document orders, three transactions for a set
	Mixed     = "mixed"     // both, half and half
	Trade     = "trade"     // orders to their declaration: order, payment, waybill, quota grant and list
	Clearance = "clearance" // and through customs: taken in, audited, released
)

// Scenarios lists the scenarios.
var Scenarios = []string{Lots, Orders, Mixed, Trade, Clearance}

// staged reports whether the scenario's transactions wait for one another.
func staged(scenario string) bool { return scenario == Trade || scenario == Clearance }

// script writes the transactions of a run: the same run always says the same. What is sent
// at once is valid in any order of arrival.
type script struct {
	cast     Cast
	scenario string
	bodies   int
	run      types.Secret  // random, so that runs on one network do not collide
	start    time.Time     // of the first transaction's documents
	step     time.Duration // between two units
}

// speech is what one member says in one transaction.
type speech struct {
	by      *Party
	bodies  []types.Body
	onError string // "" = rollback
}

// unit returns the transactions of the unit with that number: one, or one for each stage of
// a batch.
func (s *script) unit(n int) ([]speech, error) {
	if staged(s.scenario) {
		return s.batch(n)
	}
	by, bodies, err := s.say(n)
	return []speech{{by: by, bodies: bodies}}, err
}

// say returns who says what in the transaction with that number.
func (s *script) say(n int) (*Party, []types.Body, error) {
	switch s.scenario {
	case Lots:
		return s.lots(n)
	case Orders:
		return s.orders(n)
	}
	// Half and half, three at a time: an order set is three transactions.
	if half, at := n/6, n%6; at < 3 {
		return s.lots(3*half + at)
	} else {
		return s.orders(3*half + at - 3)
	}
}

// at is when the n-th transaction would be made if the run kept to its plan.
func (s *script) at(n int) int64 { return s.start.Add(time.Duration(n) * s.step).UnixMilli() }

// lots commissions lots with sequential numbers under the maker's GTIN.
func (s *script) lots(n int) (*Party, []types.Body, error) {
	maker := &s.cast.Makers[n%len(s.cast.Makers)]
	bodies := make([]types.Body, s.bodies)
	for i := range bodies {
		number := n/len(s.cast.Makers)*s.bodies + i
		id := types.LotID(fmt.Sprintf("%s.%X-%09d", maker.GTIN, s.run[:4], number))
		bodies[i] = types.Commissioning(id, 25*gs1.AmountScale, "KGM", s.at(n))
	}
	return maker, bodies, nil
}

// orders is one of the three transactions that document the same orders.
func (s *script) orders(n int) (*Party, []types.Body, error) {
	by := []*Party{&s.cast.Platform, &s.cast.Payment, &s.cast.Logistics}[n%3]
	bodies := make([]types.Body, s.bodies)
	for i := range bodies {
		o, err := s.order(n/3*s.bodies+i, s.at(n-n%3))
		if err != nil {
			return nil, nil, err
		}
		bodies[i] = o.body(n % 3)
	}
	return by, bodies, nil
}

// order is what the three documents of one order agree on.
type order struct {
	id    types.OrderID
	ulid  string // of all three: each has a stream of its own
	at    int64  // Unix milliseconds
	key   types.Secret
	hash  types.Hash // stands for whatever is not compared
	names string     // order number
}

func (s *script) order(number int, at int64) (order, error) {
	o := order{at: at, names: fmt.Sprintf("LT%012d", number)}
	var err error
	if o.ulid, err = types.StreamID(s.run, types.SlotOrder, o.names, at); err != nil {
		return o, err
	}
	o.id = types.OrderID(s.cast.Platform.Signer.Member + "/" + o.ulid)
	o.key = types.MatchKey(s.run, o.ulid)
	o.hash = sha256.Sum256(binary.BigEndian.AppendUint64(o.key[:], uint64(number)))
	return o, nil
}

// body is the order's first, second or third document.
func (o *order) body(part int) types.Body {
	switch part {
	case 0:
		return &types.RecordOrder{
			Order: o.ulid, Seq: o.at, Flow: types.FlowImport, Document: o.hash,
			Payment: o.lock(types.SlotPayment), Waybill: o.lock(types.SlotWaybill), Declaration: o.lock(types.SlotDeclaration),
			Amount: o.tag(types.TagAmount), Merchant: o.tag(types.TagMerchant), Goods: o.tag(types.TagGoods),
			Payer: o.tag(types.TagPayer), Consignee: o.tag(types.TagConsignee),
		}
	case 1:
		return &types.RecordPayment{
			Order: o.id, Payment: o.ulid, Seq: o.at, Document: o.hash,
			Number: types.NumberTag(o.key, types.SlotPayment, o.names),
			Amount: o.tag(types.TagAmount), Payer: o.tag(types.TagPayer),
		}
	}
	return &types.RecordWaybill{
		Order: o.id, Waybill: o.ulid, Seq: o.at, Document: o.hash,
		Number:    types.NumberTag(o.key, types.SlotWaybill, o.names),
		Consignee: o.tag(types.TagConsignee), Parcel: o.tag(types.TagParcel),
	}
}

// tag is the match tag of a value that is the order's own.
func (o *order) tag(name string) types.Hash { return types.MatchTag(o.key, name, o.names) }

// lock is what the order holds of a document's number.
func (o *order) lock(slot string) types.Hash {
	return types.NumberLock(types.NumberTag(o.key, slot, o.names))
}
