package readmodel

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
)

// benchEvents is how many events the benchmarks of questions build; docs/performance.md
// quotes a million.
var benchEvents = flag.Int("events", 200_000, "events in the read model of BenchmarkEvents")

const benchBlock = 1000

// city makes a model with very many events and returns one from the middle.
func city(b *testing.B) (m *Model, middle plain) {
	b.Helper()
	m = openModel(b)
	mill := newMill(b)
	var worked time.Duration
	for h := int64(1); mill.made < *benchEvents; h++ {
		block := mill.block(h, benchBlock)
		began := time.Now()
		m.fill(b, block)
		worked += time.Since(began)
		if middle.e == nil && mill.made >= *benchEvents/2 {
			middle = plainOf(b, block)[0]
		}
	}
	b.Logf("%d events taken over, %.0f/s", mill.made, float64(mill.made)/worked.Seconds())
	sizes(b, m, mill.made)
	return m, middle
}

// sizes logs what an event takes in the file.
func sizes(b *testing.B, m *Model, events int) {
	b.Helper()
	rows, err := m.read.Query("SELECT name, sum(pgsize) FROM dbstat GROUP BY name HAVING sum(pgsize) > 100000 ORDER BY 2 DESC")
	if err != nil {
		b.Logf("no table sizes: %v", err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var size int
		check(b, rows.Scan(&name, &size))
		b.Logf("%-24s %7.1f bytes for an event", name, float64(size)/float64(events))
	}
	var json float64
	check(b, m.read.QueryRow("SELECT avg(length(event)) FROM events").Scan(&json))
	b.Logf("%-24s %7.1f bytes for an event", "canonical JSON", json)
}

// BenchmarkEvents asks for pages of 30 events, as GET /events does.
func BenchmarkEvents(b *testing.B) {
	m, one := city(b)
	epc := EventMatch{[]string{"epc", "parentID", "inputEPC", "outputEPC"}, one.e.EPCs}
	lot := EventMatch{[]string{"epcClass"}, []string{one.e.Quantities[0].Class}}
	for _, test := range []struct {
		name string
		f    EventFilter
	}{
		{"nothing", EventFilter{}},
		{"common step", EventFilter{BizSteps: []string{"shipping"}}},
		{"two common", EventFilter{BizSteps: []string{"shipping"}, Dispositions: []string{"in_transit"}}},
		{"common and rare", EventFilter{BizSteps: []string{"shipping"}, Dispositions: []string{"recalled"}}},
		{"two rare", EventFilter{BizSteps: []string{"destroying"}, Dispositions: []string{"recalled"}}},
		{"common and nothing", EventFilter{BizSteps: []string{"shipping"}, Types: []string{"AggregationEvent"}}},
		{"common and EPC", EventFilter{BizSteps: []string{"shipping"}, Match: []EventMatch{epc}}},
		{"lot and EPC", EventFilter{Match: []EventMatch{lot, epc}}},
		{"place and step", EventFilter{ReadPoints: []string{one.e.ReadPoint}, BizSteps: []string{"receiving"}}},
		{"place and member", EventFilter{ReadPoints: []string{one.e.ReadPoint}, Members: []string{one.member}}},
		{"step and old time", EventFilter{BizSteps: []string{"shipping"}, EventFrom: millStart - 200*24*3600_000, EventBefore: millStart - 100*24*3600_000}},
		{"step and record time", EventFilter{BizSteps: []string{"shipping"}, RecordFrom: one.recorded, RecordBefore: one.recorded + 60_000}},
		{"step and quantity", EventFilter{BizSteps: []string{"shipping"}, Quantities: []EventQuantity{{"GE", 99_999_000, "KGM"}}}},
		{"step and pattern", EventFilter{BizSteps: []string{"destroying"}, Match: []EventMatch{{[]string{"epcClass"}, []string{"urn:epc:class:lgtin:" + lgtinPattern(one)}}}}},
	} {
		for _, o := range []EventOrder{{orderEventTime, true}, {orderEventTime, false}, {orderRecordTime, true}} {
			b.Run(fmt.Sprintf("%s/%s,%v", test.name, o.By, o.Descending), func(b *testing.B) { benchmarkEvents(b, m, test.f, o) })
		}
	}
}

// lgtinPattern is all lots of an event's product.
func lgtinPattern(p plain) string { return "690123.0" + p.e.Quantities[0].Key.Primary[7:13] + ".*" }

func benchmarkEvents(b *testing.B, m *Model, f EventFilter, o EventOrder) {
	var took []time.Duration
	found := 0
	for b.Loop() {
		began := time.Now()
		rows, _, err := m.Events(b.Context(), f, o, Page{Limit: 30})
		took = append(took, time.Since(began))
		check(b, err)
		found = len(rows)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(found), "rows")
}

// BenchmarkCapture takes over blocks of EPCIS events, with and without a lot and a unit
// that each of them changes. An operation is an event.
func BenchmarkCapture(b *testing.B) {
	b.Run("events", func(b *testing.B) { benchmarkCapture(b, false) })
	b.Run("events and goods", func(b *testing.B) { benchmarkCapture(b, true) })
}

func benchmarkCapture(b *testing.B, goods bool) {
	c, mill := newChain(b, 1), newMill(b)
	m, err := Open(filepath.Join(b.TempDir(), "model"), c.view)
	check(b, err)
	defer m.Close()
	done := 0
	b.ResetTimer()
	for done < b.N {
		b.StopTimer()
		for range 20 {
			c.begin(c.height + 1)
			for _, r := range mill.block(c.height, 500).Events {
				c.milled(r, done, goods)
				done++
			}
			c.commit()
		}
		b.StartTimer()
		for m.Height() < c.height {
			_, err := m.step(b.Context(), c.journal)
			check(b, err)
		}
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "events/s")
}

// milled enters an event into the block, and into the records of a lot and of a unit,
// which some more events change later.
func (c *chain) milled(r types.RecordEvent, n int, goods bool) {
	event := r.Keys[0]
	if !goods {
		c.block.Events = append(c.block.Events, r)
		return
	}
	lot, unit := types.LotID(fmt.Sprintf("%s.L%d", gtin(1), n/5)), types.UnitID("sscc."+sscc(n/5))
	c.put(string(lot.Key()), &types.Lot{ID: lot, Unit: "KGM", Produced: 100, Owner: "farm", Holdings: []types.Holding{{Member: "farm", Quantity: 50}, {Member: r.Event.Member, Quantity: 50}},
		Trace: types.Trace{Claims: []string{"organic"}}}, r.Event)
	c.put(string(unit.Key()), &types.Unit{ID: unit, Owner: "farm", Custodian: r.Event.Member, Contents: []types.LotPart{{Lot: lot, Quantity: 5}}}, r.Event)
	c.block.Events = c.block.Events[:len(c.block.Events)-1]
	last := &c.block.Events[len(c.block.Events)-1]
	last.Keys = append(last.Keys, string(unit.Key()), event)
}

// BenchmarkEventWords lists a page of all things that events name.
func BenchmarkEventWords(b *testing.B) {
	m, mill := openModel(b), newMill(b)
	for h := range int64(20) {
		m.fill(b, mill.block(h+1, benchBlock))
	}
	for b.Loop() {
		_, next, err := m.EventWords(b.Context(), "epcs", Page{})
		check(b, err)
		if next == "" {
			b.Fatal("all on one page")
		}
	}
}

// BenchmarkTrace traces a lot with ten thousand descendants: it was split in lots of lots.
func BenchmarkTrace(b *testing.B) {
	m := openModel(b)
	const wide = 100
	block := &types.Block{Height: 1, Time: millStart}
	split := func(from int, to int) {
		var out []doc
		for i := range wide {
			out = append(out, quantity(lotURI(1, to+i), 1, "KGM"))
		}
		e := types.Event{Height: 1, Time: millStart, Member: "farm", Tx: types.LeafHash(fmt.Append(nil, from))}
		block.Events = append(block.Events, record(b, e, event(b, millStart, doc{"type": types.TransformationEvent,
			"inputQuantityList": []doc{quantity(lotURI(1, from), wide, "KGM")}, "outputQuantityList": out})))
	}
	split(0, 1)
	for i := range wide {
		split(1+i, 1+wide+i*wide)
	}
	m.fill(b, block)
	root := types.ThingKey(fmt.Sprintf("lot/%s.L0", gtin(1)))
	for b.Loop() {
		a, err := m.Trace(b.Context(), root, false, 0, MaxTrace)
		check(b, err)
		if len(a.Things) != 1+wide+wide*wide {
			b.Fatalf("%d things", len(a.Things))
		}
	}
}
