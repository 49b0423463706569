package demo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/epcis"
)

func testCast() Cast {
	o := func(id string) Organisation {
		return Organisation{id, "公司 " + id, "330196" + strings.ToUpper(id[:4]), "69090" + fmt.Sprint(len(id))}
	}
	return Cast{
		Customs: o("customs"), Platform: o("platform"), Cooperative: o("cooperative"), Carrier: o("carrier"),
		Payment: o("payment"), Broker: o("broker"), Authority: o("authority"), Certifier: o("certifier"),
	}
}

func testFacts(t *testing.T) *facts {
	t.Helper()
	f, err := newFacts(testCast(), time.Date(2026, 2, 28, 15, 4, 5, 6, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEventsAreWhatTheStorySays(t *testing.T) {
	f := testFacts(t)
	quantity := func(q []epcis.Quantity) string {
		if len(q) != 1 {
			return ""
		}
		return q[0].Key.Path()
	}
	for _, row := range []struct {
		name, kind string
		in, out    types.LotID
		taken      uint64
	}{
		{"harvest.jsonld", types.ObjectEvent, "", f.Green, 0},
		{"dry.jsonld", types.TransformationEvent, f.Green, f.Dry, 1000},
		{"roast.jsonld", types.TransformationEvent, f.Dry, f.Roast, 350},
		{"pack.jsonld", types.TransformationEvent, f.Roast, f.Parcel, 330},
		{"overdraw.jsonld", types.TransformationEvent, f.Roast, f.Bought, 50},
	} {
		data, err := f.fill(row.name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := epcis.Parse(data)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		e := doc.Events[0]
		in, out := quantity(e.InputQuantities), quantity(e.OutputQuantities)
		if row.kind == types.ObjectEvent {
			out = quantity(e.Quantities)
		}
		if e.Type != row.kind || in != string(row.in) || out != string(row.out) {
			t.Errorf("%s: %s %q → %q, want %s %q → %q", row.name, e.Type, in, out, row.kind, row.in, row.out)
		}
		if row.taken > 0 && e.InputQuantities[0].Amount != row.taken*100_000 {
			t.Errorf("%s: takes %d, want %d kg", row.name, e.InputQuantities[0].Amount, row.taken)
		}
	}
}

// The customs messages are valid, break no rule of their own, and agree with each other
// in everything that the ledger compares.
func TestMessagesMatch(t *testing.T) {
	f := testFacts(t)
	values := map[string]map[string]string{}
	times := map[string]int64{}
	for _, name := range []string{"order.xml", "payment.xml", "waybill.xml", "list.xml"} {
		d := parse(t, f, name)
		for _, fault := range ceb.Check(d) {
			t.Errorf("%s: %v", name, fault)
		}
		for _, v := range ceb.MatchValues(d) {
			if values[v.Name] == nil {
				values[v.Name] = map[string]string{}
			}
			values[v.Name][v.Value] += name + " "
		}
		var err error
		if times[name], err = ceb.Issued(d); err != nil {
			t.Error(err)
		}
	}
	for tag, of := range values {
		if len(of) != 1 {
			t.Errorf("%s differs: %v", tag, of)
		}
	}
	if !(times["order.xml"] < times["payment.xml"] && times["payment.xml"] < times["waybill.xml"] && times["waybill.xml"] < times["list.xml"]) {
		t.Errorf("times %v, want order, payment, waybill, list", times)
	}
}

// The second order is another order with the same payment.
func TestSecondOrder(t *testing.T) {
	f := testFacts(t)
	first, paid := parse(t, f, "order.xml"), parse(t, f, "payment.xml")
	f.orderAgain()
	second, again := parse(t, f, "order.xml"), parse(t, f, "payment.xml")
	if ceb.Number(first) == ceb.Number(second) {
		t.Error("the second order has the number of the first")
	}
	if ceb.Number(paid) != ceb.Number(again) || again.Get("orderNo") != ceb.Number(second) {
		t.Errorf("the second payment has the number %s and the order %s", ceb.Number(again), again.Get("orderNo"))
	}
	_, before := ceb.Version(paid)
	if _, after := ceb.Version(again); after <= before {
		t.Errorf("version %d after %d, want a newer one", after, before)
	}
}

// Nobody's identity card can have the buyer's number (GB 11643-1999).
func TestBuyerIsNobody(t *testing.T) {
	id := testFacts(t).Buyer.ID
	sum, weight := 0, []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	for i, w := range weight {
		sum += w * int(id[i]-'0')
	}
	if valid := "10X98765432"[sum%11]; len(id) != 18 || id[17] == valid {
		t.Errorf("%s could be somebody's", id)
	}
}

func parse(t *testing.T, f *facts, name string) *ceb.Document {
	t.Helper()
	data, err := f.fill(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ceb.Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &m.Documents[0]
}
