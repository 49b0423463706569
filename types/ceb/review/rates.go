package review

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types/ceb"
)

// Rates is a table of import taxes by tariff code.
type Rates struct {
	rates []rate
	// Tolerance is how far a tax may be off, in per cent of what it should be. Practitioners report 5, which ReadRates
	// sets. Amounts within it plus 5 fen are not reported.
	Tolerance ceb.Decimal
}

// rate is one row: taxes in per cent of goods whose tariff code begins with prefix, from and until a day, both included.
type rate struct {
	prefix, from, until string // days yyyyMMdd, "" for no limit
	vat, consumption    ceb.Decimal
}

// tolerance is the default of Rates.Tolerance.
const tolerance = 5 * unit

// ReadRates reads tax rates from CSV with the header gcode,vat,consumption,from,until, or from JSON as an array of
// objects with those names. gcode is the beginning of a tariff code; vat and consumption are decimals in per cent; from
// and until are days as yyyyMMdd or yyyy-MM-dd and may be absent. Of several rows that apply, the longest gcode counts,
// and of equal ones the one that began last. Errors name the row, counted from 1.
func ReadRates(data []byte) (*Rates, error) {
	rows, err := rateRows(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, fmt.Errorf("tax rates: %w", err)
	}
	r := &Rates{Tolerance: tolerance}
	for i, row := range rows {
		parsed, err := rateOf(row)
		if err != nil {
			return nil, fmt.Errorf("tax rates, row %d: %w", i+1, err)
		}
		r.rates = append(r.rates, parsed)
	}
	slices.SortStableFunc(r.rates, func(a, b rate) int {
		return cmp.Or(cmp.Compare(len(b.prefix), len(a.prefix)), strings.Compare(b.from, a.from))
	})
	return r, nil
}

// rateRow is a row as it is written.
type rateRow struct {
	Gcode       string      `json:"gcode"`
	VAT         json.Number `json:"vat"`
	Consumption json.Number `json:"consumption"`
	From        string      `json:"from"`
	Until       string      `json:"until"`
}

func rateRows(data []byte) ([]rateRow, error) {
	var rows []rateRow
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return rows, json.Unmarshal(data, &rows)
	}
	lines, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("no header, expected gcode,vat,consumption,from,until")
	}
	column := func(line []string, name string) string {
		if i := slices.Index(lines[0], name); i >= 0 {
			return strings.TrimSpace(line[i])
		}
		return ""
	}
	for _, line := range lines[1:] {
		rows = append(rows, rateRow{
			column(line, "gcode"), json.Number(column(line, "vat")), json.Number(column(line, "consumption")),
			column(line, "from"), column(line, "until"),
		})
	}
	return rows, nil
}

func rateOf(row rateRow) (rate, error) {
	parsed := rate{prefix: row.Gcode}
	if row.Gcode == "" || strings.Trim(row.Gcode, "0123456789") != "" {
		return rate{}, fmt.Errorf("gcode %q is no beginning of a tariff code", row.Gcode)
	}
	var err error
	if parsed.vat, err = percent("vat", row.VAT.String()); err != nil {
		return rate{}, err
	}
	if parsed.consumption, err = percent("consumption", row.Consumption.String()); err != nil {
		return rate{}, err
	}
	if parsed.from, err = day("from", row.From); err != nil {
		return rate{}, err
	}
	parsed.until, err = day("until", row.Until)
	return parsed, err
}

// percent reads a rate from 0 to less than 100; an empty one is 0.
func percent(name, text string) (ceb.Decimal, error) {
	d, err := ceb.ParseDecimal(cmp.Or(text, "0"))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if d < 0 || d >= 100*unit {
		return 0, fmt.Errorf("%s %s is no percentage below 100", name, text)
	}
	return d, nil
}

func day(name, text string) (string, error) {
	digits := strings.ReplaceAll(text, "-", "")
	if digits == "" {
		return "", nil
	}
	if _, err := ceb.ParseTime(digits + "000000"); err != nil {
		return "", fmt.Errorf("%s: %q is no day", name, text)
	}
	return digits, nil
}

// of returns the rate of a tariff code on a day yyyyMMdd.
func (r *Rates) of(gcode, on string) (rate, bool) {
	i := slices.IndexFunc(r.rates, func(t rate) bool {
		return strings.HasPrefix(gcode, t.prefix) && on >= t.from && (t.until == "" || on <= t.until)
	})
	if i < 0 {
		return rate{}, false
	}
	return r.rates[i], true
}

// tax compares the tax that the platform withheld with the rates (M9, R10). Tax is the sum over the lines of price ×
// (consumption + vat) / (1 - consumption), of which 70 % are due within the limits. A taxTotal of 0 says that nothing
// was withheld. Whether freight and insurance are taxed depends on the contract: both results pass.
func (c *court) tax(g *group) {
	if c.options.Rates == nil || g.export || g.order == nil || g.list == nil {
		return
	}
	withheld, ok := g.order.amount("taxTotal")
	if !ok || withheld == 0 || g.list.wrongLine() {
		return
	}
	low, known := c.due(g.list)
	if !known {
		return
	}
	high := withFreight(g.list, low)
	allowance := ratio(c.options.Rates.Tolerance, 100*unit)
	least := new(big.Rat).Sub(low, new(big.Rat).Mul(low, allowance))
	most := new(big.Rat).Add(high, new(big.Rat).Mul(high, allowance))
	got, fen := ratio(withheld, unit), big.NewRat(5, 100)
	if got.Cmp(least.Sub(least, fen)) >= 0 && got.Cmp(most.Add(most, fen)) <= 0 {
		return
	}
	c.fault("TAX", g.order.at("taxTotal"), should(low.FloatString(2)))
}

// due returns the tax of a list in yuan. It reports false when a rate or a price is not known.
func (c *court) due(l *paper) (*big.Rat, bool) {
	total := new(big.Rat)
	for i := range l.doc.Lines {
		price, ok1 := l.amountIn(i, "totalPrice")
		t, ok2 := c.options.Rates.of(l.in(i, "gcode"), l.get("declTime"))
		if !ok1 || !ok2 {
			return nil, false
		}
		whole := 100 * unit
		composite := ratio(t.consumption+t.vat, whole-t.consumption)
		total.Add(total, composite.Mul(composite, ratio(price, unit)))
	}
	if goods, ok := l.total(); ok && goods <= c.options.Single {
		total.Mul(total, big.NewRat(7, 10))
	}
	return total, len(l.doc.Lines) > 0
}

// withFreight adds the tax on freight and insurance, which are spread over the goods by value.
func withFreight(l *paper, tax *big.Rat) *big.Rat {
	goods, ok := l.total()
	freight, _ := l.amount("freight")
	insurance, _ := l.amount("insuredFee")
	value, fits := sum(goods, freight, insurance)
	if !ok || !fits || goods <= 0 || value < goods {
		return tax
	}
	return new(big.Rat).Mul(tax, ratio(value, goods))
}

func ratio(a, b ceb.Decimal) *big.Rat {
	return big.NewRat(int64(a), int64(b))
}
