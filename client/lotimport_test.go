package client_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// convert runs `carya lot import --dry-run` on a file and returns the document and what is said beside it.
func convert(t testing.TB, csv []byte, flags ...string) (doc []byte, said string) {
	t.Helper()
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out, err bytes.Buffer
	root.SetIn(bytes.NewReader(csv))
	root.SetOut(&out)
	root.SetErr(&err)
	root.SetArgs(append([]string{"lot", "import", "-", "--dry-run"}, flags...))
	if e := root.Execute(); e != nil && client.ExitCode(e) != client.ExitFailed {
		t.Fatal(e)
	}
	return out.Bytes(), err.String()
}

// eventsOf reads the events of a document, as EPCIS and as JSON.
func eventsOf(t testing.TB, doc []byte) ([]epcis.Event, []map[string]any) {
	t.Helper()
	parsed, err := epcis.Parse(doc)
	if err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	var all struct {
		EPCISBody struct{ EventList []map[string]any }
	}
	if err := json.Unmarshal(doc, &all); err != nil {
		t.Fatal(err)
	}
	return parsed.Events, all.EPCISBody.EventList
}

func TestImportedEvents(t *testing.T) {
	const season = `time,step,lot,gtin,quantity,unit,from,place,parent,children,to,sender,certificate,product,harvested,note,x:plot
2026-09-12 07:30,harvest,G1,06901234000016,1000,kg,,6901234000030.east,,,,,https://cert.example/2026/01/20260101;4012345000092PO-4711,nuts,2026-09-11,rain,7
2026-09-20 08:00,process,D1=300 kg;H1=600 kg,06901234000023,,,G1,6901234000016,,,,,,dried,,,
2026-09-21T08:00:00Z,pack,D1,,100,,,https://coop.example/hall/1,069012340000000016,,,,,,,,
2026-09-21 17:00,pack,D1,,,,,,069012340000000023,,,,,,,,
2026-09-21 18:00,pack,06901234000023.D1,,,,,,069012340000000030,A1;A2,,,,,,,
2026-09-22 08:00,ship,D1,,,,,6901234000016,069012340000000016,,6909040000008,,,,,,
2026-09-23 08:00,receive,https://farm.example/lots/岛石-1,,5,t,,6901234000016,,,,6909040000008,,,,,
`
	doc, said := convert(t, []byte(season), "--party", "6901234000009", "--namespace", "https://coop.example/ns/")
	events, raw := eventsOf(t, doc)
	if len(events) != 7 {
		t.Fatalf("got %d events: %s", len(events), said)
	}
	const dl, places = "https://id.gs1.org/01/", "https://id.gs1.org/414/"
	type amount struct{ class, quantity, unit string }
	amounts := func(list []epcis.Quantity) (all []amount) {
		for _, q := range list {
			all = append(all, amount{q.Class, gs1.FormatAmount(q.Amount), q.Unit})
		}
		return all
	}
	tests := []struct{ name, got, want any }{
		{"times", []string{raw[0]["eventTime"].(string), raw[2]["eventTime"].(string)}, []string{"2026-09-12T07:30:00+08:00", "2026-09-21T08:00:00+00:00"}},
		{"steps", []string{events[0].BizStep, events[1].BizStep, events[2].BizStep, events[5].BizStep, events[6].BizStep},
			[]string{"commissioning", "commissioning", "packing", "shipping", "receiving"}},
		{"actions", events[0].Action + events[1].Action + events[2].Action + events[5].Action, "ADDADDOBSERVE"},
		{"harvested lot", amounts(events[0].Quantities), []amount{{dl + "06901234000016/10/G1", "1000", "KGM"}}},
		{"plot with an extension", events[0].ReadPoint, places + "6901234000030/254/east"},
		{"certificates", raw[0]["certificationInfo"], []any{"https://cert.example/2026/01/20260101", "https://id.gs1.org/253/4012345000092PO-4711"}},
		{"data of the lot", raw[0]["ilmd"], map[string]any{"cbvmda:descriptionShort": "nuts", "cbvmda:harvestEndDate": "2026-09-11", "x:plot": "7"}},
		{"note", raw[0]["x:note"], "rain"},
		{"all that is left goes in", amounts(events[1].InputQuantities), []amount{{dl + "06901234000016/10/G1", "1000", "KGM"}}},
		{"several outputs", amounts(events[1].OutputQuantities), []amount{{dl + "06901234000023/10/D1", "300", "KGM"}, {dl + "06901234000023/10/H1", "600", "KGM"}}},
		{"unit of the lot", amounts(events[2].ChildQuantities), []amount{{dl + "06901234000023/10/D1", "100", "KGM"}}},
		{"place of one's own", events[2].BizLocation, "https://coop.example/hall/1"},
		{"rest of the lot", amounts(events[3].ChildQuantities), []amount{{dl + "06901234000023/10/D1", "200", "KGM"}}},
		{"serial numbers", events[4].ChildEPCs, []string{dl + "06901234000023/21/A1", dl + "06901234000023/21/A2"}},
		{"a lot that names the product only", amounts(events[4].ChildQuantities), []amount(nil)},
		{"parent", events[4].ParentID, "https://id.gs1.org/00/069012340000000030"},
		{"a lot that moves as a whole", amounts(events[5].Quantities), []amount{{dl + "06901234000023/10/D1", "0", "C62"}}},
		{"a pallet that moves", events[5].EPCs, []string{"https://id.gs1.org/00/069012340000000016"}},
		{"what leaves is nowhere", events[5].BizLocation, ""},
		{"from whom", events[5].Sources, []epcis.Typed{{Type: "possessing_party", ID: "https://id.gs1.org/417/6901234000009"}}},
		{"to whom", events[5].Destinations, []epcis.Typed{{Type: "possessing_party", ID: "https://id.gs1.org/417/6909040000008"}}},
		{"received from", events[6].Sources, []epcis.Typed{{Type: "possessing_party", ID: "https://id.gs1.org/417/6909040000008"}}},
		{"a lot outside GS1", amounts(events[6].Quantities), []amount{{"https://farm.example/lots/%E5%B2%9B%E7%9F%B3-1", "5", "TNE"}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got, cmp.AllowUnexported(amount{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestImportedQuantities(t *testing.T) {
	tests := []struct{ quantity, unit, want string }{
		{"350", "kg", "350 KGM"},
		{"350", "KGM", "350 KGM"},
		{"0350.50", "公斤", "350.5 KGM"},
		{"12.5kg", "", "12.5 KGM"},
		{"700 斤", "", "350 KGM"},
		{"3", "两", "0.15 KGM"},
		{"2", "担", "100 KGM"},
		{"2.5", "吨", "2.5 TNE"},
		{"500", "克", "500 GRM"},
		{"660", "袋", "660 C62"},
		{"660 bags", "袋", "660 C62"},
		{"5", "dzn", "5 DZN"},
		{"３５０．５", "ｋｇ", "350.5 KGM"},
		{"12,5 kg", "", "column quantity: “12,5 kg”: a comma may mean"},
		{"350", "", "the unit is missing"},
		{"350", "bushels", `"bushels" is not a unit`},
		{"350 kg", "g", "the unit is kg here and g in the column unit"},
		{"0.00001", "斤", "finer than 5 decimals"},
		{"0", "kg", "must be more than 0"},
		{"much", "kg", "not a number"},
		{"-5", "kg", "not a number"},
		{"1.2.3", "kg", "is not a decimal number"},
		{"99999999999999", "kg", "is over 90071992547.40991"},
		{"90000000000", "担", "is too much"},
		{"", "kg", "column quantity: is missing"},
	}
	for _, tt := range tests {
		csv := "time,step,lot,quantity,unit,place\n2026-09-12,harvest,06901234000016.G1,\"" + tt.quantity + "\"," + tt.unit + ",6901234000030\n"
		doc, said := convert(t, []byte(csv))
		got := said
		if len(doc) > 0 {
			events, _ := eventsOf(t, doc)
			got = gs1.FormatAmount(events[0].Quantities[0].Amount) + " " + events[0].Quantities[0].Unit
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%q %q: got %q, want %q", tt.quantity, tt.unit, got, tt.want)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	const head = "time,step,lot,gtin,quantity,from,place,parent,children,to,certificate\n"
	const harvest = "2026-09-12,harvest,06901234000016.G1,,500 kg,,6901234000030,,,,\n"
	tests := []struct{ name, rows, want string }{
		{"no lot", "2026-09-12,harvest,,,5 kg,,6901234000030,,,,\n", "row 2, column lot: is missing; the step harvest needs it"},
		{"no place", "2026-09-12,harvest,06901234000016.G1,,5 kg,,,,,,\n", "row 2, column place: is missing"},
		{"no product", "2026-09-12,harvest,G1,,5 kg,,6901234000030,,,,\n", "column lot: “G1”: a lot number alone needs its product"},
		{"bad product", "2026-09-12,harvest,G1,06901234000015,5 kg,,6901234000030,,,,\n", "column lot: “G1”: column gtin: GTIN 06901234000015: check digit 5, expected 6"},
		{"a pallet is no lot", "2026-09-12,harvest,https://id.gs1.org/00/069012340000000016,,5 kg,,6901234000030,,,,\n", "is an SSCC, expected is LGTIN or LITIP"},
		{"a product is no lot", "2026-09-12,harvest,urn:epc:idpat:sgtin:6901234.000001.*,,5 kg,,6901234000030,,,,\n", "is a GTIN, expected is LGTIN or LITIP"},
		{"a party is no place", "2026-09-12,harvest,06901234000016.G1,,5 kg,,https://id.gs1.org/417/6901234000030,,,,\n", "is a PGLN, expected is SGLN"},
		{"column of another step", "2026-09-12,harvest,06901234000016.G1,,5 kg,,6901234000030,069012340000000016,,,\n", "column parent: “069012340000000016”: the step harvest has no parent"},
		{"unknown input", "2026-09-13,process,06901234000023.D1,,5 kg,G7=5 kg,,,,,\n", "column from: “G7=5 kg”: G7: no row before makes a lot with this number"},
		{"input without quantity", "2026-09-13,process,06901234000023.D1,,5 kg,06901234000016.G7,,,,,\n", "how much? The rows before do not say"},
		{"nothing left", harvest + "2026-09-13,process,06901234000023.D1,,5 kg,G1,,,,,\n2026-09-14,process,06901234000023.D2,,5 kg,G1,,,,,\n", "row 4, column from: “G1”: nothing is left of it"},
		{"the same number twice", harvest + strings.ReplaceAll(harvest, "0016", "0023") + "2026-09-13,process,06901234000047.D1,,5 kg,G1,,,,,\n", "the rows before make 2 lots with this number"},
		{"quantity of two lots", "2026-09-12,harvest,06901234000016.G1;06901234000016.G2,,5 kg,,6901234000030,,,,\n", "column quantity: “5 kg”: there are 2 lots"},
		{"two quantities", "2026-09-12,harvest,06901234000016.G1=3 kg,,5 kg,,6901234000030,,,,\n", "has a quantity already"},
		{"quantity in the lot", "2026-09-12,harvest,06901234000016.G1=x,,,,6901234000030,,,,\n", "column lot: “06901234000016.G1=x”: not a number"},
		{"empty pallet", "2026-09-12,pack,,,,,,069012340000000016,,,\n", "the step pack needs a lot or children"},
		{"check digit of a pallet", "2026-09-12,pack,06901234000016.G1,,5 kg,,,069012340000000017,,,\n", "row 2, column parent: “069012340000000017”: SSCC"},
		{"serial number without product", "2026-09-12,pack,,,,,,069012340000000016,A1,,\n", "column children: “A1”: a serial number needs its product"},
		{"nothing moves", "2026-09-12,ship,,,,,,,,,\n", "the step ship needs a lot or a parent"},
		{"to nobody", "2026-09-12,ship,06901234000016.G1,,,,,,,somebody,\n", "column to: “somebody”: is neither a GS1 identifier (PGLN, SGLN) nor a URI"},
		{"certificate", "2026-09-12,harvest,06901234000016.G1,,5 kg,,6901234000030,,,,4012345000091\n", "column certificate: “4012345000091”: GDTI 4012345000091: check digit 1, expected 2"},
		{"no time", ",harvest,06901234000016.G1,,5 kg,,6901234000030,,,,\n", "row 2, column time: is missing"},
		{"mangled number", "2026-09-12,harvest,6.90123E+12,,5 kg,,6901234000030,,,,\n", "the spreadsheet has shortened the number"},
		{"cell without heading", "2026-09-12,harvest,06901234000016.G1,,5 kg,,6901234000030,,,,,more\n", `row 2, column L: "more" stands in a column without heading`},
		{"lot twice in one event", "2026-09-12,harvest,06901234000016.G1=5 kg;06901234000016.G1=6 kg,,,,6901234000030,,,,\n", "row 2, column lot: “06901234000016.G1=5 kg;06901234000016.G1=6 kg”: 06901234000016.G1: stands twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, said := convert(t, []byte(head+tt.rows))
			if !strings.Contains(said, tt.want) || len(doc) > 0 {
				t.Errorf("got %s%s, want %s", doc, said, tt.want)
			}
		})
	}
}

// Rows may stand in any order, and a spreadsheet of a Chinese Windows is not UTF-8.
func TestImportedFiles(t *testing.T) {
	const rows = "时间\t步骤\t批号\t数量\t单位\t原料批次\t地块\n" +
		"2026年9月13日 8:00\t加工\t06901234000023.D1\t5\t公斤\tG1\t\n" +
		"2026/9/12\t采收\t06901234000016.G1\t20\t斤\t\t6901234000030\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(rows))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"UTF-8": []byte(rows), "GB 18030": gb} {
		doc, said := convert(t, data)
		events, _ := eventsOf(t, doc)
		if len(events) != 2 || events[0].Action != "ADD" || len(events[1].InputQuantities) != 1 || events[1].InputQuantities[0].Amount != 10*gs1.AmountScale {
			t.Errorf("%s: got %s%s", name, doc, said)
		}
		if strings.Contains(said, "GB 18030") != (name == "GB 18030") {
			t.Errorf("%s: got %q", name, said)
		}
	}
	if _, said := convert(t, []byte("time,step\n\xff\xff\xff,")); !strings.Contains(said, "neither UTF-8 nor GB 18030") {
		t.Errorf("got %q", said)
	}
}

// The example of docs/cooperative.md.
func TestImportExample(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "examples", "harvest.csv"))
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := convert(t, data)
	events, _ := eventsOf(t, doc)
	var steps []string
	for _, e := range events {
		steps = append(steps, e.Type+" "+e.BizStep)
	}
	want := []string{"ObjectEvent commissioning", "ObjectEvent commissioning", "TransformationEvent commissioning",
		"TransformationEvent commissioning", "TransformationEvent commissioning", "AggregationEvent packing", "ObjectEvent shipping"}
	if !slices.Equal(steps, want) {
		t.Errorf("got %v, want %v", steps, want)
	}
}

// What is printed is a document, whatever the spreadsheet holds.
func FuzzImport(f *testing.F) {
	for _, csv := range []string{
		"time,step,lot,quantity,place\n2026-09-12,harvest,06901234000016.G1,5 kg,6901234000030\n",
		"时间;步骤;批号;重量(斤);地块;x:含水率\n2026/9/12 7：30;采收;06901234000016.G1;500.5;https://岛石.example/1;7 %\n",
		"time,step,lot,gtin,quantity,from,parent,children\n2026-09-12,process,D1=3 kg;D2,06901234000023,2 kg,06901234000016.G1=5 kg,,\n2026-09-13,pack,D1,,,,069012340000000016,A1;A2\n",
		"time,step,parent,to,certificate\n2026-09-12T07:30:00Z,ship,069012340000000016,6909040000008,urn:uuid:1;4012345000092\n",
	} {
		f.Add([]byte(csv))
	}
	f.Fuzz(func(t *testing.T, csv []byte) {
		for _, flags := range [][]string{nil, {"--proceed", "--gtin", "06901234000016"}} {
			if doc, _ := convert(t, csv, flags...); len(doc) > 0 {
				eventsOf(t, doc)
			}
		}
	})
}
