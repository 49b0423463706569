package client

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

// nutsEvents is a season: two harvests, one packed as it is, one cooled, dried, packed on a pallet, shipped and received.
func nutsEvents(t testing.TB) []*ThingEvent {
	t.Helper()
	const place = `"readPoint":{"id":"https://id.gs1.org/414/6901234000900/254/P1"},`
	lot := func(gtin, number, quantity string) string {
		return fmt.Sprintf(`{"epcClass":"https://id.gs1.org/01/%s/10/%s","quantity":%s,"uom":"KGM"}`, gtin, number, quantity)
	}
	green := func(number, quantity string) string { return lot("06901234000016", number, quantity) }
	dried := func(quantity string) string { return lot("06901234000023", "D2026A", quantity) }
	const pallet = `"https://id.gs1.org/00/069012340000000016"`
	const toCarrier = `"destinationList":[{"type":"possessing_party","destination":"https://id.gs1.org/417/6901234000207"},` +
		`{"type":"location","destination":"https://id.gs1.org/414/6901234000306"}],`
	shipping := `"type":"ObjectEvent","action":"OBSERVE","bizStep":"shipping","readPoint":{"id":"https://id.gs1.org/414/6901234000108"},` + toCarrier +
		`"bizTransactionList":[{"type":"desadv","bizTransaction":"urn:epcglobal:cbv:bt:6901234000108:D-7"},{"bizTransaction":"https://coop.example/invoice/9"}],"epcList":[` + pallet + `]`
	bodies := []struct{ member, text string }{
		{"tianmu-farm", `"type":"ObjectEvent","action":"ADD","bizStep":"commissioning",` + place +
			`"ilmd":{"cbvmda:harvestEndDate":"2026-09-12"},"quantityList":[` + green("L2026A", "600") + `]`},
		{"linan-coop", `"type":"ObjectEvent","action":"ADD","bizStep":"https://coop.example/step/harvesting","quantityList":[` + green("L2026B", "500") + `]`},
		{"tianmu-farm", `"type":"ObjectEvent","action":"OBSERVE","bizStep":"https://coop.example/step/cooling",` + place + `"quantityList":[` + green("L2026A", "600") + `]`},
		{"linan-coop", `"type":"TransformationEvent","bizStep":"packing","bizLocation":{"id":"https://coop.example/hall/1"},"inputQuantityList":[` +
			green("L2026B", "500") + `,` + green("L2026A", "100") + `],"outputQuantityList":[` + lot("06901234000030", "K2026", "590") + `]`},
		{"linan-coop", `"type":"TransformationEvent","bizStep":"https://coop.example/step/drying","bizLocation":{"id":"https://id.gs1.org/414/6901234000108"},"inputQuantityList":[` +
			green("L2026A", "500") + `],"outputQuantityList":[` + dried("175.5") + `]`},
		{"linan-coop", `"type":"ObjectEvent","action":"OBSERVE","bizStep":"stocking","quantityList":[` + dried("175.5") + `]`},
		{"linan-coop", `"type":"AggregationEvent","action":"ADD","bizStep":"packing","parentID":` + pallet + `,"childQuantityList":[` + dried("100") + `]`},
		{"linan-coop", shipping},
		{"qianjiang-express", `"type":"ObjectEvent","action":"OBSERVE","bizStep":"receiving","readPoint":{"id":"https://id.gs1.org/414/6901234000306"},` +
			`"sourceList":[{"type":"possessing_party","source":"https://id.gs1.org/417/6901234000009"}],"quantityList":[` + dried("99.5") + `]`},
		{"linan-coop", shipping},
		{"linan-coop", shipping + `,"errorDeclaration":{"declarationTime":"2026-09-20T08:00:00Z","reason":"did_not_occur"}`},
	}
	var events []*ThingEvent
	for i, b := range bodies {
		at := i
		if i == 10 {
			at = 9 // a declaration repeats the event
		}
		text := fmt.Sprintf(`{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","eventTime":"2026-09-%02dT23:30:00Z","eventTimeZoneOffset":"+08:00",%s}`, 11+at, b.text)
		doc, err := epcis.Parse([]byte(text))
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		events = append(events, &ThingEvent{
			Event: doc.Events[0].Canonical, EventID: fmt.Sprintf("urn:uuid:%d", i), Ref: types.EventID(fmt.Sprintf("%s/%d", b.member, i)),
			Height: int64(i + 2), Member: b.member, Declared: i == 9,
		})
	}
	return events
}

func book(t testing.TB) []keyRow {
	t.Helper()
	b := newKeyBook(func(class string) string {
		if strings.HasSuffix(class, "/L2026A") {
			return "GLN 6901234000900/P1"
		}
		return ""
	})
	for _, record := range nutsEvents(t) {
		doc, err := epcis.Parse(record.Event)
		if err != nil {
			t.Fatal(err)
		}
		if !record.Declared && doc.Events[0].Error == nil {
			b.add(&doc.Events[0], record)
		}
	}
	if b.left != 2 {
		t.Errorf("%d events left out, want the stocking and the packing of the pallet", b.left)
	}
	return b.rows
}

func TestKeyRowsGolden(t *testing.T) {
	rows := book(t)
	rows[0].product, rows[0].business = "=SUM(A1:A9)", "Tianmu, \"the\" farm"
	data, err := keyCSV(rows, false)
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "fsma.csv", string(data))
	records, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil || len(records) != len(rows)+1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, record := range records {
		for i, cell := range record {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Errorf("column %d: %q is a formula", i, cell)
			}
		}
	}
	with, err := keyCSV(nil, true)
	if err != nil || !strings.HasPrefix(string(with), "\ufeffCritical") {
		t.Errorf("got %q, %v", with, err)
	}
}

func TestSafeCell(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "lot": "lot", "=1+1": "'=1+1", "+8": "'+8", "-8": "'-8", "@x": "'@x", "＝1": "'＝1", "a\nb\tc": `a\nb\tc`, "\t=1": `\t=1`, "\r=1": `\u000d=1`,
	} {
		if got := safeCell(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What is on a pallet, also on one that stands on another, is what is shipped with it, until it is taken off.
func TestContents(t *testing.T) {
	const lot = "https://id.gs1.org/01/06901234000023/10/D"
	b := newKeyBook(func(string) string { return "" })
	aggregate := func(action, parent string, quantity uint64, children ...string) {
		e := &epcis.Event{Type: types.AggregationEvent, Action: action, ParentID: parent, ChildEPCs: children}
		if quantity > 0 {
			e.ChildQuantities = []epcis.Quantity{{Class: lot, Amount: quantity, Unit: "KGM", HasAmount: true}}
		}
		b.add(e, &ThingEvent{})
	}
	amounts := func(unit string) (all []uint64) {
		for _, q := range b.inside(unit, 0) {
			all = append(all, q.Amount)
		}
		return all
	}
	aggregate("ADD", "box", 700)
	aggregate("ADD", "pallet", 300, "box")
	if got := fmt.Sprint(amounts("pallet")); got != "[300 700]" {
		t.Errorf("got %s", got)
	}
	aggregate("DELETE", "box", 200)
	aggregate("DELETE", "pallet", 300)
	if got := fmt.Sprint(amounts("pallet")); got != "[500]" {
		t.Errorf("got %s", got)
	}
	aggregate("DELETE", "pallet", 0, "box")
	aggregate("DELETE", "box", 0)
	if got := fmt.Sprint(amounts("pallet"), amounts("box")); got != "[] []" {
		t.Errorf("got %s", got)
	}
	aggregate("ADD", "a", 0, "b")
	aggregate("ADD", "b", 0, "a") // nonsense, and no end of it
	if got := amounts("a"); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
