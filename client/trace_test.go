package client

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/types"
)

// hangzhou is the zone that the tests tell the time in.
var hangzhou = time.FixedZone("CST", 8*3600)

const testHour = 3_600_000

// nutsBack is where a lot of packed nuts came from: two harvests dried together, one of them also sold on as it was and
// roasted by itself, all of it packed.
func nutsBack() *types.TraceAnswer {
	const start = 1_795_420_800_000
	flow := func(thing types.ThingKey, quantity string) types.TraceFlow {
		return types.TraceFlow{Thing: thing, Quantity: quantity, Unit: "KGM"}
	}
	const (
		packed  = types.ThingKey("lot/06901234000047.P2026A")
		dried   = types.ThingKey("lot/06901234000023.D2026A")
		roasted = types.ThingKey("lot/06901234000030.R2026A")
		slope1  = types.ThingKey("lot/06901234000016.L2026A")
		slope2  = types.ThingKey("lot/06901234000016.L2026B")
		private = types.ThingKey("lot/x.https:%2F%2Fid.tianmu.example%2Flot%2F7")
	)
	recalled := []types.Mark{{Kind: types.MarkRecall, Ref: "linan-coop/2026-3"}}
	thing := func(key types.ThingKey, depth int, product, made, left string, holders ...string) types.TraceThing {
		_, id := key.Cut()
		return types.TraceThing{
			Thing: key, URI: types.LinkOf(id), Depth: depth, Product: product, Quantity: made, Left: left, Unit: "KGM",
			Owner: "linan-coop", Holders: holders, Claims: []string{}, Known: true,
		}
	}
	a := &types.TraceAnswer{Height: 42, Root: packed, Direction: "back", Depth: 3, Things: []types.TraceThing{
		thing(packed, 0, "临安山核桃 250 g", "300", "120.5", "linan-factory", "qianjiang-express"),
		thing(dried, 1, "Hickory nuts, dried", "350", "0"),
		thing(roasted, 1, "Hickory nuts, roasted", "40", "0"),
		thing(slope1, 2, "Hickory nuts, in the husk", "600", "0"),
		thing(slope2, 2, "Hickory nuts, in the husk", "500", "0"),
		thing(private, 2, "", "20", "0"),
	}}
	for i := range a.Things[:4] {
		a.Things[i].Marks = slices.Clone(recalled)
	}
	a.Things[2].Marks = append(a.Things[2].Marks, types.Mark{Kind: types.MarkCertificate, Ref: "gdti.6901234000061.GI26"},
		types.Mark{Kind: types.MarkRecall, Ref: "linan-coop/2026-2"})
	a.Things[0].Claims = []string{"GI Lin'an hickory", "organic"}
	a.Things[1].Flags = []string{"UNEXPLAINED_LOSS"}
	a.Things[3].Plot = "sgln.6901234000900.P1"
	a.Things[5].Known = false
	event := func(i int, member, step, place string, in, out []types.TraceFlow) types.TraceEvent {
		return types.TraceEvent{
			Event: types.EventID(member + "/01KB0Q7Z40N7DPSEYSB6DNYX4" + string(rune('A'+i))), EventID: "ni:///sha-256;00?ver=CBV2.0",
			Height: int64(10 + i), Time: start + int64(i)*5*testHour, Type: types.TransformationEvent, BizStep: step, Member: member,
			Place: place, In: in, Out: out,
		}
	}
	a.Events = []types.TraceEvent{
		event(0, "tianmu-farm", "commissioning", "https://id.gs1.org/414/6901234000900/254/P1", nil, []types.TraceFlow{flow(slope1, "600")}),
		event(1, "linan-coop", "commissioning", "", nil, []types.TraceFlow{flow(slope2, "500")}),
		event(2, "linan-coop", "https://coop.example/step/drying", "https://id.gs1.org/414/6901234000108",
			[]types.TraceFlow{flow(slope1, "500"), flow(slope2, "500")}, []types.TraceFlow{flow(dried, "350")}),
		event(3, "linan-factory", "", "https://factory.example/hall/2",
			[]types.TraceFlow{flow(slope1, "100"), flow(private, "20")}, []types.TraceFlow{flow(roasted, "40")}),
		event(4, "linan-factory", "packing", "", []types.TraceFlow{flow(dried, "300"), flow(dried, "50"), flow(roasted, "40")},
			[]types.TraceFlow{flow(packed, "300")}),
	}
	return a
}

// nutsForward is what came of one of the harvests, cut off after two events.
func nutsForward() *types.TraceAnswer {
	a := nutsBack()
	a.Direction, a.Root, a.Depth, a.More = "forward", "lot/06901234000016.L2026A", 2, true
	a.Things[0].Depth, a.Things[3].Depth = 2, 0
	a.Things = []types.TraceThing{a.Things[3], a.Things[1], a.Things[2], a.Things[0]}
	a.Things[0].Marks = []types.Mark{{Kind: types.MarkDispute, Ref: "tianmu-farm/01KB0Q7Z40N7DPSEYSB6DNYX4A"}}
	box := types.TraceFlow{Thing: "unit/sscc.069012340000000016"}
	a.Events = append(a.Events[2:], types.TraceEvent{
		Event: "linan-factory/01KB0Q7Z40N7DPSEYSB6DNYX4Z", Height: 20, Time: a.Events[4].Time + testHour, Member: "linan-factory",
		Type: types.AggregationEvent, Action: types.ActionAdd, Out: []types.TraceFlow{box},
		In: []types.TraceFlow{{Thing: a.Things[3].Thing, Quantity: "179.5", Unit: "KGM"}},
	})
	return a
}

// NutsBack, NutsEvents and NutsRecall are for the tests of the commands.
var (
	NutsBack   = nutsBack
	NutsEvents = nutsEvents
	NutsRecall = nutsRecall
)

func TestTraceGolden(t *testing.T) {
	for name, answer := range map[string]*types.TraceAnswer{"back": nutsBack(), "forward": nutsForward()} {
		compareGolden(t, "trace-"+name+".txt", traceTree(answer, hangzhou))
		compareGolden(t, "trace-"+name+".dot", traceDOT(answer, hangzhou))
		compareGolden(t, "trace-"+name+".svg", traceSVG(answer, hangzhou))
	}
}

// compareGolden compares with a file of testdata/trace; -update rewrites it.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "trace", name)
	if flag.Lookup("update").Value.String() == "true" { // a flag of the other half of the tests
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// What others wrote into their records stands in the drawings as text, whatever it is.
func TestTraceHostile(t *testing.T) {
	a := nutsBack()
	a.Things[0].Product = "</text><script>alert(1)</script>\x1b[2J\"\\N\n}"
	a.Things[0].Holders = []string{"a\"; x [shape=none]; \"b"}
	for _, text := range []string{traceTree(a, hangzhou), traceDOT(a, hangzhou), traceSVG(a, hangzhou)} {
		if strings.Contains(text, "\x1b") || strings.Contains(text, "<script>") && strings.Contains(text, "<svg") {
			t.Errorf("got %q", text)
		}
	}
	d := xml.NewDecoder(strings.NewReader(traceSVG(a, hangzhou)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLayoutKeepsBoxesApart(t *testing.T) {
	for name, arrows := range map[string][]arrow{
		"none":   nil,
		"circle": {{from: 0, to: 1}, {from: 1, to: 2}, {from: 2, to: 0}, {from: 3, to: 3}},
		"long":   {{from: 0, to: 1}, {from: 1, to: 2}, {from: 2, to: 3}, {from: 0, to: 3}, {from: 4, to: 3}, {from: 4, to: 1}},
		"wide":   {{from: 0, to: 4}, {from: 1, to: 4}, {from: 2, to: 4}, {from: 3, to: 4}, {from: 0, to: 5}, {from: 3, to: 5}},
	} {
		for _, right := range []bool{false, true} {
			sizes := make([][2]float64, 6)
			for i := range sizes {
				sizes[i] = [2]float64{float64(60 + 10*i), float64(30 + 5*i)}
			}
			l := newLayout(sizes, arrows, make([]float64, len(arrows)), right)
			for i := range sizes {
				for j := range i {
					if l.overlap(i, j) {
						t.Errorf("%s, %v: boxes %d and %d overlap: %+v, %+v", name, right, i, j, l.vertices[i], l.vertices[j])
					}
				}
			}
			for _, r := range l.routes {
				for k := 1; k < len(r.via) && r.via[0] != r.via[len(r.via)-1]; k++ {
					if l.vertices[r.via[k-1]].layer+1 != l.vertices[r.via[k]].layer {
						t.Errorf("%s, %v: route %v skips a column", name, right, r.via)
					}
				}
			}
		}
	}
}

func (l *layout) overlap(i, j int) bool {
	a, b := &l.vertices[i], &l.vertices[j]
	return max(a.x-b.x, b.x-a.x) < (a.width+b.width)/2 && max(a.y-b.y, b.y-a.y) < (a.height+b.height)/2-1e-6
}

func TestThings(t *testing.T) {
	for id, want := range map[string]string{
		"06901234000016.L2026A":                       "lot/06901234000016.L2026A",
		"lot/06901234000016.L2026A":                   "lot/06901234000016.L2026A",
		" (01)06901234000016(10)L2026A ":              "lot/06901234000016.L2026A",
		"https://shop.example/01/06901234000016/10/A": "lot/06901234000016.A",
		"urn:epc:class:lgtin:6901234.000001.L2026A":   "lot/06901234000016.L2026A",
		"urn:epc:id:sscc:6901234.0000000001":          "unit/sscc.069012340000000016",
		"transformation/linan-coop/x":                 "",
		"06901234000016":                              "",
		"06901234000015.L2026A":                       "",
		"urn:epc:id:sscc:6901234":                     "",
		"hello":                                       "",
	} {
		keys, err := things(id)
		if want == "" {
			if err == nil {
				t.Errorf("%s: got %s, want an error", id, keys)
			}
			continue
		}
		if err != nil || string(keys[0]) != want {
			t.Errorf("%s: got %s, %v, want %s", id, keys, err, want)
		}
	}
	keys, err := things("https://id.tianmu.example/lot/7")
	if err != nil || len(keys) != 2 || !strings.HasPrefix(string(keys[0]), "lot/x.https") {
		t.Errorf("a URI outside GS1: got %s, %v", keys, err)
	}
	again, err := things(string(keys[1]))
	if err != nil || len(again) != 1 || again[0] != keys[1] {
		t.Errorf("its key: got %s, %v", again, err)
	}
}
