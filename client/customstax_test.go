package client

import (
	"testing"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// TestTax compares with what was computed by hand.
func TestTax(t *testing.T) {
	const vat, tea, luxury = 130_000, 90_000, 150_000
	line := func(price string, vat, consumption uint64) taxLine {
		p, err := ceb.ParseDecimal(price)
		if err != nil {
			t.Fatal(err)
		}
		return taxLine{p, vat, consumption}
	}
	for _, c := range []struct {
		name         string
		lines        []taxLine
		share        uint64
		value, goods string
		want         string
	}{
		{"100 at 13 %", []taxLine{line("100", vat, 0)}, 700_000, "1", "1", "9.1"},
		{"88 at 9 %", []taxLine{line("88", tea, 0)}, 700_000, "1", "1", "5.54"},                                   // 5.544
		{"890 at 13 % and 15 %: 0.28/0.85·0.7", []taxLine{line("890", vat, luxury)}, 700_000, "1", "1", "205.22"}, // 205.2235…
		{"half a fen goes up", []taxLine{line("5", vat, 0)}, 700_000, "1", "1", "0.46"},                           // 0.455
		{"each line is rounded", []taxLine{line("5", vat, 0), line("5", vat, 0)}, 700_000, "1", "1", "0.92"},      // not 0.91
		{"less than half a fen goes down", []taxLine{line("4.99", vat, 0)}, 700_000, "1", "1", "0.45"},            // 0.45409
		{"in full", []taxLine{line("6000", vat, 0)}, types.Million, "1", "1", "780"},
		{"with freight: 15 for 10", []taxLine{line("10", vat, 0)}, 700_000, "15", "10", "1.37"},                        // 1.365
		{"freight is spread by price", []taxLine{line("10", vat, 0), line("30", tea, 0)}, 700_000, "48", "40", "3.36"}, // 1.092 + 2.268
		{"nothing is levied", []taxLine{line("10", vat, 0)}, 0, "1", "1", "0"},
		{"free goods", []taxLine{line("0", vat, luxury)}, 700_000, "1", "1", "0"},
		{"the most that there can be", []taxLine{line("92233720368547.75807", 0, 500_000)}, types.Million, "1", "1", "92233720368547.76"},
	} {
		value, _ := ceb.ParseDecimal(c.value)
		goods, _ := ceb.ParseDecimal(c.goods)
		got, ok := tax(c.lines, c.share, value, goods)
		if want := c.want; c.name == "the most that there can be" {
			if ok {
				t.Errorf("%s: %s, and it is out of range", c.name, got)
			}
		} else if !ok || got.String() != want {
			t.Errorf("%s: %s, %t, want %s", c.name, got, ok, want)
		}
	}
}

// TestTaxFigure: the share of the limits up to the limit of one transaction, all of it above; nothing withheld is no fault.
func TestTaxFigure(t *testing.T) {
	limits := types.LimitsVersion{Single: 5_000_00000, Share: 700_000, Tolerance: 1000}
	document := func(kind string, pairs ...string) *ceb.Document {
		d := &ceb.Document{Kind: kind}
		for i := 0; i < len(pairs); i += 2 {
			d.Head = append(d.Head, ceb.Field{Path: "Head/" + pairs[i], Value: pairs[i+1]})
		}
		return d
	}
	for _, c := range []struct {
		name, price, freight, stated string
		least, most                  string
		off                          bool
	}{
		{"right", "100", "0", "9.1", "9.1", "9.1", false},
		{"a fen too much", "100", "0", "9.11", "9.1", "9.1", false},
		{"two fen too much", "100", "0", "9.12", "9.1", "9.1", true},
		{"two fen too little", "100", "0", "9.08", "9.1", "9.1", true},
		{"with freight", "100", "10", "10.01", "9.1", "10.01", false},
		{"more than with freight", "100", "10", "10.03", "9.1", "10.01", true},
		{"none withheld", "100", "0", "0", "9.1", "9.1", false},
		{"at the limit", "5000", "0", "455", "455", "455", false},
		{"over the limit in full", "5000.01", "0", "650", "650", "650", false},
		{"over the limit with the share", "5000.01", "0", "455", "650", "650", true},
	} {
		order := document("CEB311", "taxTotal", c.stated)
		list := document("CEB621", "freight", c.freight, "insuredFee", "0")
		list.Lines = [][]ceb.Field{{{Path: "InventoryList[0]/totalPrice", Value: c.price}}}
		price, _ := ceb.ParseDecimal(c.price)
		f := taxFigure{Share: limits.Share}
		if !f.fill(order, list, []taxLine{{price, 130_000, 0}}, limits) {
			t.Fatalf("%s: cannot be read", c.name)
		}
		if f.Least.String() != c.least || f.Most.String() != c.most || f.off(ceb.Decimal(limits.Tolerance)) != c.off {
			t.Errorf("%s: %s to %s, off %t, want %s to %s, %t", c.name, f.Least, f.Most, f.off(ceb.Decimal(limits.Tolerance)), c.least, c.most, c.off)
		}
	}
}
