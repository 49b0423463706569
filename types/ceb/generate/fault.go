package generate

import (
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// The parties, as fault lists name who has to put something right.
const (
	platform  = "platform"
	payment   = "payment"
	logistics = "logistics"
	declarant = "declarant"
)

// PlantedFault is a fault that was put into a set on purpose.
type PlantedFault struct {
	Order    string `json:"order"`    // order number
	Platform string `json:"platform"` // ebpCode
	Fault    string `json:"fault"`    // one of Words
	Rule     string `json:"rule"`     // the rule that is broken: M1 to M11, R7, or "schema" for the form
	Field    string `json:"field"`    // path in the document at fault, or in the one that is left out
	Party    string `json:"party"`    // who sends that document: platform, payment, logistics or declarant
	File     string `json:"file"`     // name of its file, filled in by WriteTo; "" when it is left out
	Value    string `json:"value"`    // what stands there, "" for nothing
	Should   string `json:"should"`   // what should stand there; for a limit the limit, "" for something not used before
}

// planter plants one kind of fault in one field.
type planter struct {
	word  string
	rule  string
	party string
	side  side
	field string

	// prepare makes the order such that it can have the fault. nil: any can.
	prepare func(*plan)
	// change returns the new value of the field, "" to take it out. It may change other fields too, so that only this one
	// disagrees with the rest.
	change func(p *planting, old string) string
	// text says that the value is put into the written message, because a Document cannot hold it.
	text bool
}

// side says which sets can have a fault.
type side uint8

const (
	both side = iota
	imported
	exported
)

func (s side) has(p *plan) bool {
	return s == both || (s == imported) == p.imported
}

// planting is one planter at work.
type planting struct {
	*plan
	set     *Set
	field   string
	value   string // what stands in the field, if not what change returned
	should  string // if not what stood there before
	blamed  *ceb.Document
	gone    bool // nothing stands there
	without bool // the document is to be left out
}

// Words returns the kinds of faults that can be planted, in the order of the table.
func Words() []string {
	var words []string
	for _, row := range table {
		if !slices.Contains(words, row.word) {
			words = append(words, row.word)
		}
	}
	return words
}

// planters returns the rows of a word.
func planters(word string) []*planter {
	var rows []*planter
	for _, row := range table {
		if row.word == word {
			rows = append(rows, row)
		}
	}
	return rows
}

// choose returns one of the planters that suit the order, nil when none does.
func (p *plan) choose(rows []*planter) *planter {
	rows = slices.DeleteFunc(rows, func(row *planter) bool { return !row.side.has(p) })
	if len(rows) == 0 {
		return nil
	}
	return pick(p.random, rows)
}

func (row *planter) plant(p *planting) {
	d := p.set.holding(row.field)
	old := value(d, row.field)
	p.field, p.should, p.blamed = row.field, old, d
	changed := row.change(p, old)
	switch {
	case row.text:
		p.set.edit = &edit{field: row.field, value: changed}
	case changed != old:
		put(d, row.field, changed)
	}
	if p.value == "" && !p.gone {
		p.value = changed
	}
	p.set.blamed = p.blamed
	if p.without {
		*d, p.set.blamed = ceb.Document{}, nil
	}
	p.set.Fault = &PlantedFault{
		Order: p.set.Number, Platform: p.set.Platform,
		Fault: row.word, Rule: row.rule, Field: p.field, Party: row.party,
		Value: p.value, Should: p.should,
	}
}

// holding returns the document in which a path is.
func (s *Set) holding(path string) *ceb.Document {
	switch {
	case strings.HasPrefix(path, "Order"):
		return &s.Order
	case strings.HasPrefix(path, "Payment"), strings.HasPrefix(path, "Receipts"):
		return &s.Payment
	case strings.HasPrefix(path, "Logistics"):
		return &s.Waybill
	}
	return &s.List
}

// The planters' hands.

// to gives a field a certain value.
func to(value string) func(*planting, string) string {
	return func(*planting, string) string { return value }
}

// out takes a field out.
var out = to("")

// more adds so many hundredths to an amount.
func more(hundredths int64) func(*planting, string) string {
	return func(_ *planting, old string) string { return add(old, hundredths*1_000) }
}

// add adds units of 10^-5 to a decimal that the generator has written.
func add(old string, units int64) string {
	d, err := ceb.ParseDecimal(old)
	if err != nil {
		panic("generate: " + err.Error())
	}
	return (d + ceb.Decimal(units)).String()
}

// other is somebody else than the persons of the set, with nothing in common with them.
func (p *planting) other() person {
	for number := strangers + p.index; ; number += persons / 4 {
		other := p.buyers(number)
		if !other.like(p.buyer) && !other.like(p.consignee) {
			return other
		}
	}
}

func (a person) like(b person) bool {
	return a.name == b.name || a.telephone == b.telephone || a.identity == b.identity || a.address == b.address
}

func someoneElse(of func(person) string) func(*planting, string) string {
	return func(p *planting, _ string) string { return of(p.other()) }
}

func theirName(a person) string      { return a.name }
func theirIdentity(a person) string  { return a.identity }
func theirTelephone(a person) string { return a.telephone }
func theirAddress(a person) string   { return a.address }

// coupon is what the archetype of a mismatch does: 129 ordered, 99 paid, and the coupon of 30 nowhere.
func coupon(p *planting, old string) string {
	if p.paidAmount() > 6_000 {
		return add(old, -3_000_000)
	}
	return add(old, -500_000)
}

// besides changes the value of goods, and the discount with it, so that the sum of the head still holds.
func besides(p *planting, old string) string {
	put(&p.set.Order, "OrderHead/discount", add(p.set.Order.Get("discount"), 500_000))
	return add(old, 500_000)
}

// company puts the code of another company of the list into a field, and its name into the field beside.
func company(name string, list []Company) func(*planting, string) string {
	return func(p *planting, old string) string {
		other := list[slices.IndexFunc(list, func(c Company) bool { return c.Code != old })]
		put(&p.set.List, name, other.Name)
		return other.Code
	}
}

// last changes the last character of a number, in a way that gives no other order's number.
func last(_ *planting, old string) string {
	return old[:len(old)-1] + "X"
}

func lower(_ *planting, old string) string {
	return strings.ToLower(old)
}

// oneLine leaves room below the limit for another line.
func oneLine(p *plan) {
	p.lines = []line{p.cheapLine(0)}
	p.discount, p.freight = 0, 0
}

// twoLines makes sure of a second line.
func twoLines(p *plan) {
	oneLine(p)
	p.lines = append(p.lines, p.cheapLine(1))
}

// twoPieces makes sure of a second piece.
func twoPieces(p *plan) {
	oneLine(p)
	p.lines[0].quantity = 2
}

// cheapLine is one piece of an article that costs little, of another article for another i of 0 to 4.
func (p *plan) cheapLine(i int) line {
	goods := exports
	if p.imported {
		goods = imports[6:11] // all cheap enough
	}
	return p.priced(goods[(p.index+i)%5], 1)
}

// dropLine takes the last line out of the list. The field of the fault is the line's number, where it should stand.
func dropLine(p *planting, old string) string {
	p.set.List.Lines = p.set.List.Lines[:1]
	p.gone = true
	return old
}

// extraLine adds a line that the order does not have.
func extraLine(p *planting, old string) string {
	extra := p.listLine
	if !p.imported {
		extra = p.exportLine
	}
	second := lined("InventoryList", []line{p.lines[0], p.cheapLine(1)}, extra)[1]
	p.set.List.Lines = append(p.set.List.Lines, second)
	p.field, p.value, p.should = "InventoryList[1]/gnum", "2", ""
	return old
}

// fewer takes a piece off a line of the list, with its total.
func fewer(p *planting, _ string) string {
	l := p.lines[0]
	l.quantity--
	put(&p.set.List, "InventoryList[0]/totalPrice", money(l.total()))
	put(&p.set.List, "InventoryList[0]/qty1", l.statutory(l.first))
	if l.second != "" {
		put(&p.set.List, "InventoryList[0]/qty2", l.statutory(l.second))
	}
	return "1"
}

// heavy makes the net weight more than the gross one.
func heavy(p *planting, _ string) string {
	return weight(p.gross() + 500)
}

// paidLate makes room between the order and the payment.
func paidLate(p *plan) {
	p.postpone(time.Minute)
}

func beforePayment(p *planting, _ string) string {
	return clock(p.ordered.Add(30 * time.Second))
}

func beforeOrder(p *planting, _ string) string {
	return clock(p.ordered.Add(-10 * time.Minute))
}

// tooMuch is dear goods in three pieces.
func tooMuch(p *plan) {
	p.buy(device, 3)
	p.over = true
}

func singleLimit(p *planting, old string) string {
	p.should = "5000"
	return old
}

// annualLimit is planted in the last order of a spree.
func annualLimit(p *planting, old string) string {
	p.value, p.should = money(spreeOrders*p.goods()), "26000"
	return old
}

// samePayment gives the order the payment of one before it.
func samePayment(p *plan) {
	p.payer, p.transaction = p.previous.payer, p.previous.transaction
	p.after(p.previous.reported, p.paid)
}

// sameParcel gives the order the waybill of one before it.
func sameParcel(p *plan) {
	p.carrier, p.parcel = p.previous.carrier, p.previous.parcel
	p.after(p.previous.shipped, p.shipped)
	p.after(p.previous.listed, p.listed)
}

// after postpones, so that a time of this order is a second or more later than one of the order before.
func (p *plan) after(before, mine time.Time) {
	if gap := mine.Sub(before); gap < time.Second {
		p.postpone(time.Second - gap)
	}
}

// reused says that the value belongs to another order.
func reused(p *planting, old string) string {
	p.should = ""
	return old
}

// leaveOut leaves out the document.
func leaveOut(p *planting, old string) string {
	p.gone, p.without = true, true
	return old
}

// orderAgain reports the order a second time as a new one.
func orderAgain(p *planting, old string) string {
	second := clone(&p.set.Order)
	put(&second, "OrderHead/guid", p.guid())
	put(&second, "OrderHead/appTime", clock(p.ordered.Add(2*time.Second)))
	return p.again(second, old)
}

// listAgain declares the order a second time, in another district.
func listAgain(p *planting, old string) string {
	second := clone(&p.set.List)
	put(&second, "InventoryHead/guid", p.guid())
	put(&second, "InventoryHead/appTime", clock(p.listed.Add(5*time.Minute)))
	put(&second, "InventoryHead/copNo", "Q2"+p.copNo[2:])
	elsewhere := districts[0]
	if elsewhere == p.customs {
		elsewhere = districts[1]
	}
	put(&second, "InventoryHead/customsCode", elsewhere)
	return p.again(second, old)
}

// again adds a document, which is the one at fault.
func (p *planting) again(second ceb.Document, old string) string {
	p.set.Also = []ceb.Document{second}
	p.blamed = &p.set.Also[0]
	p.should = ""
	return old
}

// longer is a value that no field can hold.
func longer(_ *planting, old string) string {
	return strings.Repeat(old, 511/len([]rune(old))+1)
}
