package generate

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// plan is what the documents of one set say, before a fault.
type plan struct {
	index            int
	random           *rand.Rand
	imported, bonded bool
	previous         *plan // a clean import before this one, or nil

	platform, merchant, payer, carrier, declarant, warehouse Company

	customs   string // district
	buyer     person
	consignee person
	buyers    func(number int) person

	// Times, none before the one above it.
	ordered  time.Time
	paid     time.Time
	reported time.Time // when the payment is reported
	shipped  time.Time
	listed   time.Time

	// Numbers, each used in one set only. They begin with the tag of the seed, so that sets of different seeds are rarely
	// in one another's way.
	orderNo, transaction, parcel, copNo string

	currency    string
	country     string // of departure or of destination
	lines       []line
	freight     int64 // hundredths of the currency, as all amounts
	tax         int64
	discount    int64
	saysPayment bool // the order names its payment
	over        bool // meant to be over the limit
}

// longestDay is more than the time from an order to its list.
const longestDay = 3 * time.Hour

// mostPaid is what an import may cost, tax and freight included, in hundredths of a yuan: the limit of one transaction.
const mostPaid = 500_000

// draw decides everything about an order that the seed and its index decide. The random numbers are drawn in the order in
// which the code stands here: to change that order is to change every set.
func (g *Generator) draw(index int) *plan {
	r := rand.New(rand.NewPCG(g.options.Seed, uint64(index)))
	p := &plan{index: index, random: r, previous: g.previous}
	p.imported = r.Float64() >= g.options.Export
	p.bonded = r.Float64() < g.options.Bonded
	p.companies(&g.options)
	p.people(g.options.Seed)
	p.times(&g.options)
	p.numbers(g.tag)
	p.basket()
	return p
}

func (p *plan) companies(o *Options) {
	r := p.random
	p.platform, p.merchant = pick(r, o.Platforms), pick(r, merchants)
	p.payer, p.carrier = pick(r, o.Payers), pick(r, o.Carriers)
	p.declarant, p.warehouse = pick(r, o.Declarants), pick(r, warehouses)
	p.customs = pick(r, o.Customs)
}

func (p *plan) people(seed uint64) {
	p.buyers = func(number int) person { return personOf(seed, number) }
	p.buyer = p.buyers(buyerOf(p.index))
	p.consignee = p.buyer
	if p.chance(30) {
		p.consignee = p.buyers(strangers - 1 - p.index)
	}
}

func (p *plan) times(o *Options) {
	p.ordered = o.Start.Add(time.Duration(p.index) * o.Every).Add(time.Duration(p.random.Int64N(int64(o.Every))))
	p.paid = p.later(p.ordered, 5, 120)
	p.reported = p.later(p.paid, 1, 10)
	p.shipped = p.later(p.reported, 60, 1_800)
	p.listed = p.later(p.shipped, 60, 3_600)
}

// later returns a time so many seconds after another.
func (p *plan) later(t time.Time, least, most int64) time.Time {
	return t.Add(time.Duration(least+p.random.Int64N(most-least)) * time.Second)
}

// postpone moves the payment and what follows it.
func (p *plan) postpone(by time.Duration) {
	p.paid, p.reported = p.paid.Add(by), p.reported.Add(by)
	p.shipped, p.listed = p.shipped.Add(by), p.listed.Add(by)
}

func (p *plan) numbers(tag string) {
	serial := tag + digits(uint64(p.index), 9)
	day := p.ordered.In(china).Format(dateLayout)
	p.orderNo = "DD" + day + serial
	p.transaction = day + "00" + serial + digits(p.random.Uint64N(1_000), 3)
	p.parcel = "YD" + serial
	p.copNo = "QD" + day[2:] + serial[1:]
}

// basket fills in what is bought, for how much.
func (p *plan) basket() {
	r := p.random
	p.currency, p.country = chinaCode, chinaCode
	goods := imports
	if !p.imported {
		goods = exports
		p.country = pick(r, []string{usa, japan, korea, germany, britain, australia})
	}
	if !p.imported && p.chance(40) {
		p.currency = dollar
	}
	for _, i := range r.Perm(len(goods))[:lineCounts[r.IntN(len(lineCounts))]] {
		p.lines = append(p.lines, p.priced(goods[i], 1+r.Int64N(3)))
	}
	p.saysPayment = p.chance(60)
	p.deliver()
	if p.imported && p.chance(25) {
		p.discount = min(pick(r, []int64{500, 1_000, 2_000, 3_000, 5_000}), p.mostDiscount())
	}
}

// lineCounts are how many lines an order has: six of ten have one.
var lineCounts = []int{1, 1, 1, 1, 1, 1, 2, 2, 3, 4}

const dollar = "502"

// leastForFreight is what the goods of an import cost at least if freight is charged, in hundredths of a yuan.
const leastForFreight = 30_000

// priced puts a quantity at the price of the day, at most 1 yuan below the usual one. A dollar is 7 yuan.
func (p *plan) priced(a *article, quantity int64) line {
	price := a.price - p.random.Int64N(100)
	if p.currency == dollar {
		price /= 7
	}
	return line{article: a, quantity: quantity, price: price}
}

// deliver decides about freight. The law taxes it with the goods, practice often the goods alone: it is so little, under
// 3 % of the goods, that both agree within the tolerance of 5 %.
func (p *plan) deliver() {
	switch {
	case !p.imported:
		p.freight = p.goods() / 10
	case p.goods() >= leastForFreight && p.chance(30):
		p.freight = pick(p.random, []int64{600, 800})
	}
}

// buy replaces what is bought, without freight and coupon.
func (p *plan) buy(a *article, quantity int64) {
	p.currency, p.freight, p.discount = chinaCode, 0, 0
	p.lines = []line{{article: a, quantity: quantity, price: a.price}}
}

// settle takes goods out of a basket that is over the limit, and computes the tax.
func (p *plan) settle() {
	if !p.imported {
		return
	}
	p.tax = p.taxes()
	for !p.over && p.paidAmount()+p.discount > mostPaid {
		p.reduce()
		p.tax = p.taxes()
	}
}

// reduce takes one piece or one line out of the basket, and freight and coupon back to what they may then be.
func (p *plan) reduce() {
	if last := len(p.lines) - 1; last > 0 {
		p.lines = p.lines[:last]
	} else {
		p.lines[0].quantity--
	}
	if p.goods() < leastForFreight {
		p.freight = 0
	}
	p.discount = min(p.discount, p.mostDiscount())
}

// mostDiscount is a quarter of the goods, in whole yuan.
func (p *plan) mostDiscount() int64 {
	return p.goods() / 400 * 100
}

func (p *plan) goods() int64 {
	var sum int64
	for _, l := range p.lines {
		sum += l.total()
	}
	return sum
}

// taxes spreads the freight over the lines by value and taxes each.
func (p *plan) taxes() int64 {
	goods, rest := p.goods(), p.freight
	var sum int64
	for i, l := range p.lines {
		share := p.freight * l.total() / goods
		if i == len(p.lines)-1 {
			share = rest
		}
		rest -= share
		sum += l.tax(l.total() + share)
	}
	return sum
}

func (p *plan) paidAmount() int64 {
	return p.goods() + p.freight + p.tax - p.discount
}

// net and gross are in grams; a carton weighs 120.
func (p *plan) net() int64 {
	var sum int64
	for _, l := range p.lines {
		sum += l.quantity * l.net
	}
	return sum
}

func (p *plan) gross() int64 {
	sum := int64(120)
	for _, l := range p.lines {
		sum += l.quantity * l.gross
	}
	return sum
}

// chance is true in so many of a hundred cases.
func (p *plan) chance(percent int) bool {
	return p.random.IntN(100) < percent
}

// maybe returns a value or, in half of the cases, "": an optional field that is left out.
func (p *plan) maybe(value string) string {
	if p.chance(50) {
		return value
	}
	return ""
}

// guid returns a version 4 UUID in capitals. One of its digits is always a letter, A or B.
func (p *plan) guid() string {
	return guidOf(p.random)
}

func guidOf(r *rand.Rand) string {
	const hex = "0123456789ABCDEF"
	b := []byte("00000000-0000-4000-0000-000000000000")
	for i := range b {
		switch i {
		case 8, 13, 14, 18, 23:
		case 19:
			b[i] = "AB"[r.IntN(2)]
		default:
			b[i] = hex[r.IntN(16)]
		}
	}
	return string(b)
}

// mix spreads a seed over 64 bits (SplitMix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// digits writes a number with leading zeros.
func digits(n uint64, width int) string {
	s := strconv.FormatUint(n, 10)
	for len(s) < width {
		s = "0" + s
	}
	return s
}
