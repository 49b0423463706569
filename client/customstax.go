package client

import (
	"context"
	"fmt"
	"math/big"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// one is one of anything, such as a yuan, in units of ceb.Decimal; fen is a hundredth of a yuan.
const (
	one ceb.Decimal = 100_000
	fen             = one / 100
)

// taxLine is one line of goods as it is taxed.
type taxLine struct {
	price            ceb.Decimal // totalPrice
	vat, consumption uint64      // millionths
}

// tax is what lines of goods are taxed with (domain R10): of each line
//
//	price · value/goods · (consumption + vat) / (1 − consumption) · share
//
// computed exactly and rounded to the fen, halves up; then added. share is in millionths. value/goods spreads what is
// taxed beside the goods, such as freight, over the lines by their price; it is 1 for nothing. It reports false when
// the result is out of range.
func tax(lines []taxLine, share uint64, value, goods ceb.Decimal) (ceb.Decimal, bool) {
	total := new(big.Int)
	for _, l := range lines {
		above := product(uint64(l.price), uint64(value), l.consumption+l.vat, share)
		below := product(uint64(goods), types.Million-l.consumption, types.Million, uint64(fen))
		total.Add(total, halfUp(above, below))
	}
	total.Mul(total, big.NewInt(int64(fen)))
	return ceb.Decimal(total.Int64()), total.IsInt64()
}

func product(factors ...uint64) *big.Int {
	p := big.NewInt(1)
	for _, f := range factors {
		p.Mul(p, new(big.Int).SetUint64(f))
	}
	return p
}

// halfUp divides and rounds to the nearest whole number, halves up. Neither number is negative.
func halfUp(above, below *big.Int) *big.Int {
	twice := new(big.Int).Lsh(above, 1)
	return twice.Add(twice, below).Div(twice, new(big.Int).Lsh(below, 1))
}

// taxFigure is a tax as the platform states it and as the rates give it. Whether freight and insurance are taxed depends
// on the contract, so that there are two results: of the goods alone, and with them.
type taxFigure struct {
	Stated ceb.Decimal
	Least  ceb.Decimal
	Most   ceb.Decimal
	Share  uint64 // of the taxes that is levied, millionths
}

// off reports whether the stated tax lies beyond a tolerance. Nothing stated is nothing withheld, and no fault: then the
// tax is levied later.
func (f *taxFigure) off(tolerance ceb.Decimal) bool {
	return f.Stated != 0 && (f.Stated < f.Least-tolerance || f.Stated > f.Most+tolerance)
}

// rates reads the ledger's tariffs, each once.
type rates struct {
	node  *Client
	known map[string]*types.Tariff // by code; nil where the ledger has none
}

func newRates(node *Client) *rates { return &rates{node, map[string]*types.Tariff{}} }

// shortestCode and longestCode bound the codes that tariffs stand under, in digits.
const shortestCode, longestCode = 2, 10

// of returns the rate of a commodity code at a time: that of the longest code on the ledger which it begins with and which
// has a rate then. nil: the ledger has none.
func (r *rates) of(ctx context.Context, gcode string, at int64) (*types.TariffVersion, error) {
	for n := min(len(gcode), longestCode); n >= shortestCode; n-- {
		tariff, err := r.tariff(ctx, gcode[:n])
		if err != nil {
			return nil, err
		}
		if tariff == nil {
			continue
		}
		if version := tariff.At(at); version != nil {
			return version, nil
		}
	}
	return nil, nil
}

func (r *rates) tariff(ctx context.Context, code string) (*types.Tariff, error) {
	if t, known := r.known[code]; known {
		return t, nil
	}
	t, err := recordOf[types.Tariff](ctx, r.node, types.PrefixTariff+"/"+code)
	if err == nil {
		r.known[code] = t
	}
	return t, err
}

// recordOf returns a record, nil where there is none under that key.
func recordOf[T any](ctx context.Context, node *Client, key string) (*T, error) {
	answer, err := node.Record(ctx, key, 0)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := types.Decode(answer.Value, v); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return v, nil
}

// assessment is what the rates say about a declaration list.
type assessment struct {
	figure  taxFigure
	unknown []string // commodity codes that the ledger has no rate for; the figure is worth nothing then
	barred  []string // commodity codes that may not be imported
}

// assess computes the tax of a list by the rates and limits in force at a time, to be compared with what its order states.
// Within the limit of one transaction the share of the limits is levied; over it, where only one indivisible piece may be
// (review reports others), the full tax. nil: an amount cannot be read.
func (r *rates) assess(ctx context.Context, order, list *ceb.Document, limits types.LimitsVersion, at int64) (*assessment, error) {
	a := &assessment{figure: taxFigure{Share: limits.Share}}
	var lines []taxLine
	for _, l := range list.Lines {
		price, err := ceb.ParseDecimal(valueIn(l, "totalPrice"))
		if err != nil || price < 0 {
			return nil, nil
		}
		gcode := valueIn(l, "gcode")
		version, err := r.of(ctx, gcode, at)
		switch {
		case err != nil:
			return nil, err
		case version == nil:
			a.unknown = append(a.unknown, gcode)
		case version.Barred:
			a.barred = append(a.barred, gcode)
			fallthrough
		default:
			lines = append(lines, taxLine{price, version.VAT, version.Consumption})
		}
	}
	if !a.figure.fill(order, list, lines, limits) {
		return nil, nil
	}
	return a, nil
}

// fill computes the figures. It reports false when an amount cannot be read.
func (f *taxFigure) fill(order, list *ceb.Document, lines []taxLine, limits types.LimitsVersion) bool {
	goods, ok := goodsTotal(list)
	stated, err := ceb.ParseDecimal(order.Get("taxTotal"))
	value, ok2 := addUp(goods, amountOf(list, "freight"), amountOf(list, "insuredFee"))
	if err != nil || !ok || !ok2 || goods == 0 {
		return false
	}
	if uint64(goods) > limits.Single {
		f.Share = types.Million
	}
	f.Stated = stated
	var ok3, ok4 bool
	f.Least, ok3 = tax(lines, f.Share, 1, 1)
	f.Most, ok4 = tax(lines, f.Share, value, goods)
	return ok3 && ok4
}

// goodsTotal adds the totalPrice of a document's lines, which is what its goods are worth (domain M2: goodsValue). It
// reports false where there are no lines, or one cannot be read.
func goodsTotal(d *ceb.Document) (ceb.Decimal, bool) {
	prices := make([]ceb.Decimal, len(d.Lines))
	for i, l := range d.Lines {
		price, err := ceb.ParseDecimal(valueIn(l, "totalPrice"))
		if err != nil || price < 0 {
			return 0, false
		}
		prices[i] = price
	}
	total, ok := addUp(prices...)
	return total, ok && len(d.Lines) > 0
}

// addUp adds amounts that are not negative. It reports false when the sum is out of range.
func addUp(amounts ...ceb.Decimal) (ceb.Decimal, bool) {
	var total ceb.Decimal
	for _, a := range amounts {
		if total += a; total < 0 {
			return 0, false
		}
	}
	return total, true
}

// amountOf reads an amount of a document's head; what is absent, no number or negative is 0.
func amountOf(d *ceb.Document, name string) ceb.Decimal {
	amount, err := ceb.ParseDecimal(d.Get(name))
	if err != nil {
		return 0
	}
	return max(amount, 0)
}

// valueIn returns the field of a line, "" when it has none.
func valueIn(line []ceb.Field, name string) string {
	for _, f := range line {
		if len(f.Path) > len(name) && f.Path[len(f.Path)-len(name)-1:] == "/"+name {
			return f.Value
		}
	}
	return ""
}
