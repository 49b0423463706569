// Package generate makes sets of customs messages that agree with one another: the order, the payment, the waybill and
// the declaration list of invented purchases, in as many as are asked for. In a chosen share of them it plants one fault
// each, of a kind that customs or the ledger would find, and writes down which.
//
// The same options give the same bytes on every machine. Nothing in a set is real: companies, persons, telephone and
// identity numbers, roads and goods are invented, the identity numbers under region codes (3399xx) that GB/T 2260
// does not have, the bar codes under a prefix (20) that shops use among themselves. The tariff codes are those of such goods; the
// tax rates are a small invented table.
//
// Sets come one after the other, and the generator keeps nothing of them but the last: a million orders need no more
// memory than ten.
package generate

import (
	"math/rand/v2"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// Options says what to make. The zero value of each means what its comment says; a share is a number from 0 to 1.
type Options struct {
	Orders int    // how many sets, up to 100 million
	Seed   uint64 // another seed gives other purchases with other numbers

	Faults float64 // share of the orders that get one planted fault
	Export float64 // share of exports (CEB303, 403, 505, 603); the rest are imports (CEB311, 411, 511, 621)
	Bonded float64 // share of trade mode 1210 among both; the rest is 9610

	Start   time.Time     // earliest time of the first order; zero: midnight of 2026-11-11 in China
	Every   time.Duration // orders follow one another in steps of this on average; 0: 20 s
	PerFile int           // documents in one message file, 1 to 100; 0: 1

	// The companies that send the messages, and the customs districts that receive lists; empty: built-in invented
	// companies, and districts of Hangzhou. Merchants and bonded warehouses are always built in.
	Platforms, Payers, Carriers, Declarants []Company
	Customs                                 []string

	// Sign returns a written message with its signature. Without it, lists carry one that says it is none.
	Sign func(message []byte) ([]byte, error)
}

// Company is a company as customs registers it.
type Company struct {
	Code string // up to 18 characters
	Name string // up to 100 characters
}

// Set is one purchase: the four documents that customs compares.
type Set struct {
	Import   bool
	Number   string // order number
	Platform string // ebpCode

	// The documents: CEB311, 411, 511 and 621, or CEB303, 403, 505 and 603. A fault can leave one out; its Kind is then "".
	Order, Payment, Waybill, List ceb.Document
	// Also are documents that should not exist beside those: the second list of an order.
	Also []ceb.Document

	// Fault is what was planted, nil in a clean set. A fault of the form (SCHEMA_…) is only in the written message: a
	// Document cannot hold it.
	Fault *PlantedFault

	blamed *ceb.Document // the document with the fault, nil when it is the document that is left out
	edit   *edit         // how a fault of the form changes its text
}

// Documents returns the documents that exist, in the order in which their senders report them.
func (s *Set) Documents() []*ceb.Document {
	all := []*ceb.Document{&s.Order, &s.Payment, &s.Waybill, &s.List}
	for i := range s.Also {
		all = append(all, &s.Also[i])
	}
	present := all[:0]
	for _, d := range all {
		if d.Kind != "" {
			present = append(present, d)
		}
	}
	return present
}

// Generator makes one set after the other. It is not safe for concurrent use.
type Generator struct {
	options  Options
	tag      string // four digits in every number, from the seed
	index    int    // of the next order
	queue    []string
	spree    spree
	previous *plan // the last clean import
}

// spree is a run of dear orders of one person, which ends in a fault LIMIT_ANNUAL.
type spree struct {
	left  int // orders still to come
	buyer int
}

// spreeOrders of 4,498 yuan are the first to exceed the annual limit of 26,000 yuan.
const spreeOrders = 6

// New returns a generator at its first order.
func New(o Options) *Generator {
	o = o.filled()
	g := &Generator{options: o, tag: digits(mix(o.Seed)%10_000, 4), queue: Words()}
	shuffle := rand.New(rand.NewPCG(o.Seed, streamQueue))
	shuffle.Shuffle(len(g.queue), func(i, j int) { g.queue[i], g.queue[j] = g.queue[j], g.queue[i] })
	return g
}

// Streams of random numbers beside those of the orders, whose stream is their index.
const (
	streamQueue   = 1 << 62
	streamPersons = 2 << 62
	streamFiles   = 3 << 62
)

func (o Options) filled() Options {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 11, 11, 0, 0, 0, 0, china)
	}
	if o.Every <= 0 {
		o.Every = 20 * time.Second
	}
	o.PerFile = min(max(o.PerFile, 1), 100)
	o.Platforms = orElse(o.Platforms, platforms)
	o.Payers = orElse(o.Payers, payers)
	o.Carriers = orElse(o.Carriers, carriers)
	o.Declarants = orElse(o.Declarants, declarants)
	o.Customs = orElse(o.Customs, districts)
	return o
}

func orElse[T any](given, builtIn []T) []T {
	if len(given) == 0 {
		return builtIn
	}
	return given
}

// Next returns the next set, and false when there are no more.
func (g *Generator) Next() (*Set, bool) {
	if g.index >= g.options.Orders {
		return nil, false
	}
	p := g.draw(g.index)
	g.index++
	planter := g.planter(p)
	if planter != nil && planter.prepare != nil {
		planter.prepare(p)
	}
	p.settle()
	set := p.set()
	switch {
	case planter != nil:
		planter.plant(&planting{plan: p, set: set})
	case p.imported:
		p.previous = nil // or none would ever be forgotten
		g.previous = p
	}
	return set, true
}

// planter decides whether this order gets a fault, and which.
func (g *Generator) planter(p *plan) *planter {
	chosen := p.random.Float64() < g.options.Faults
	if g.spree.left > 0 {
		g.spend(p)
		if g.spree.left > 0 {
			return nil
		}
		return p.choose(planters("LIMIT_ANNUAL"))
	}
	if !chosen {
		return nil
	}
	planter := g.turn(p)
	if planter != nil && planter.word == "LIMIT_ANNUAL" {
		g.spree = spree{left: spreeOrders, buyer: strangers + p.index}
		g.spend(p)
		return nil
	}
	return planter
}

// turn gives each kind of fault its turn, so that a small set has as many kinds as possible. A kind that this order
// cannot have stays at the front.
func (g *Generator) turn(p *plan) *planter {
	for i, word := range g.queue {
		if planter := p.choose(planters(word)); planter != nil && g.possible(word, p) {
			g.queue = append(append(g.queue[:i:i], g.queue[i+1:]...), word)
			return planter
		}
	}
	return nil
}

// possible reports whether a kind of fault that needs other orders has them.
func (g *Generator) possible(word string, p *plan) bool {
	switch word {
	case "LIMIT_ANNUAL":
		last := p.index + spreeOrders - 1
		end := g.options.Start.Add(time.Duration(last+1)*g.options.Every + longestDay)
		return last < g.options.Orders && end.In(china).Year() == p.ordered.In(china).Year()
	case "PAYMENT_REUSED", "WAYBILL_REUSED":
		return p.previous != nil
	}
	return true
}

// spend makes an order one of a spree.
func (g *Generator) spend(p *plan) {
	g.spree.left--
	p.imported = true
	p.buyer = personOf(g.options.Seed, g.spree.buyer)
	p.consignee = p.buyer
	p.buy(device, 2)
	// The lists follow one another as the orders do, so that it is the last one that exceeds the limit.
	p.paid = p.ordered.Add(30 * time.Second)
	p.reported = p.paid.Add(5 * time.Second)
	p.shipped = p.paid.Add(time.Minute)
	p.listed = p.ordered.Add(time.Hour - time.Duration(g.spree.left)*time.Second)
}
