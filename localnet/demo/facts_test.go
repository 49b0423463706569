package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/review"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
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

// testTrade makes the purchases and drops everything that the companies report.
func testTrade(t *testing.T) *trade {
	t.Helper()
	s := &story{facts: testFacts(t), dir: t.TempDir()}
	s.Customs.Code = "2991"
	tr, err := newTrade(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, drop := range []func() (*step, error){tr.orders, tr.payments, tr.waybills, tr.declare, tr.deliver, tr.giveBack} {
		if _, err := drop(); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

// Customs would take every message of the story: it is valid, signed by its sender, and
// agrees with the others.
func TestMessagesAreClean(t *testing.T) {
	tr := testTrade(t)
	trust, err := xmldsig.ReadTrust(tr.certificates())
	if err != nil {
		t.Fatal(err)
	}
	r, messages := review.New(review.Options{}), 0
	err = filepath.WalkDir(filepath.Join(tr.dir, "drop"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m, err := ceb.Parse(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		signature, err := xmldsig.Verify(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if err := trust.Check(signature, m.Transfer.CopCode, tr.now); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		messages++
		r.Add(path, data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings() {
		if f.Severity == "fault" && f.Order != tr.sets[unpaid].Number { // nobody has paid or sent that one
			t.Errorf("%s %s: %s", f.File, f.Fault, f.English)
		}
	}
	if messages != 4+3+3+3+2+1 {
		t.Errorf("%d messages", messages)
	}
}

// The fourth order is paid with the first one's payment, and nothing else is changed.
func TestPaidTwice(t *testing.T) {
	tr := testTrade(t)
	if _, err := tr.payTwice(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(tr.drop(tr.Payment), "payment-again.xml"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ceb.ParseUnsigned(data)
	if err != nil {
		t.Fatal(err)
	}
	again, first := &m.Documents[0], &tr.sets[released].Payment
	if ceb.Number(again) != ceb.Number(first) || again.Get("orderNo") != tr.sets[unpaid].Number {
		t.Errorf("payment %s of order %s", ceb.Number(again), again.Get("orderNo"))
	}
}
