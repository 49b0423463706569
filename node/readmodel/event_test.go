package readmodel

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

// fill takes over blocks of a mill, so many events in each.
func (m *Model) fill(t testing.TB, blocks ...*types.Block) {
	t.Helper()
	for len(blocks) > 0 {
		b := newBatch()
		for len(blocks) > 0 && !b.full() {
			check(t, b.add(blocks[0]))
			blocks = blocks[1:]
		}
		p := progress{1, b.last().Height, b.last().Hash}
		check(t, m.transact(t.Context(), func(w *writer) error { return w.batch(b, nil, p) }))
		m.advance(p)
	}
}

func openModel(t testing.TB) *Model {
	t.Helper()
	m, err := Open(filepath.Join(t.TempDir(), "model"), nil)
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	return m
}

// plain is an event as a simple program would keep it.
type plain struct {
	position, recorded int64
	member, identity   string
	e                  *epcis.Event
}

func plainOf(t testing.TB, b *types.Block) (list []plain) {
	t.Helper()
	for i := range b.Events {
		c, err := readCaptured(position(b.Height, i), &b.Events[i])
		check(t, err)
		list = append(list, plain{c.position, b.Time, c.journal.Member, c.identity, c.epcis})
	}
	return list
}

func anyOf(values []string, have ...string) bool {
	return len(values) == 0 || slices.ContainsFunc(have, func(h string) bool { return slices.Contains(values, h) })
}

// fits is what EventFilter means, for the filters that the test below makes.
func (p *plain) fits(f *EventFilter) bool {
	e := p.e
	measured := func(q EventQuantity) bool {
		return slices.ContainsFunc(e.Quantities, func(have epcis.Quantity) bool {
			return (q.Unit == "" || q.Unit == have.Unit) && q.holds(have.Amount)
		})
	}
	matched := func(m EventMatch) bool {
		return slices.Contains(m.Roles, "epc") && anyOf(m.Values, e.EPCs...) ||
			slices.Contains(m.Roles, "epcClass") && len(e.Quantities) > 0 && anyOf(m.Values, e.Quantities[0].Class)
	}
	return anyOf(f.BizSteps, e.BizStep) && anyOf(f.Dispositions, e.Disposition) && anyOf(f.Members, p.member) &&
		anyOf(f.ReadPoints, e.ReadPoint) && anyOf(f.EventIDs, p.identity) &&
		span{f.EventFrom, f.EventBefore}.has(e.Time) && span{f.RecordFrom, f.RecordBefore}.has(p.recorded) &&
		!slices.ContainsFunc(f.Match, func(m EventMatch) bool { return !matched(m) }) &&
		!slices.ContainsFunc(f.Quantities, func(q EventQuantity) bool { return !measured(q) })
}

// randomFilter asks for some of what an event of the list has, and of what others have.
func randomFilter(r *rand.Rand, list []plain) (f EventFilter) {
	one := &list[r.IntN(len(list))]
	other := &list[r.IntN(len(list))]
	maybe := func(set func()) {
		if r.IntN(5) == 0 {
			set()
		}
	}
	maybe(func() { f.BizSteps = []string{one.e.BizStep} })
	maybe(func() { f.BizSteps = []string{other.e.BizStep, one.e.BizStep, "nothing"} })
	maybe(func() { f.Dispositions = []string{one.e.Disposition} })
	maybe(func() { f.Members = []string{one.member, other.member} })
	maybe(func() { f.ReadPoints = []string{one.e.ReadPoint, other.e.ReadPoint} })
	maybe(func() { f.EventFrom, f.EventBefore = one.e.Time, max(other.e.Time, one.e.Time+1) })
	maybe(func() { f.RecordFrom = one.recorded })
	maybe(func() { f.RecordBefore = one.recorded + 1 })
	maybe(func() { f.Quantities = []EventQuantity{{"GE", one.e.Quantities[0].Amount, "KGM"}} })
	maybe(func() {
		f.Match = append(f.Match, EventMatch{[]string{"epc", "epcClass"}, []string{one.e.Quantities[0].Class, one.e.EPCs[0], other.e.EPCs[0]}})
	})
	if r.IntN(40) == 0 {
		f.EventIDs = []string{one.identity, other.identity}
	}
	return f
}

// TestEventsAsPlainSearch compares questions of many kinds, over several segments, with a
// program that looks at every event.
func TestEventsAsPlainSearch(t *testing.T) {
	m, mill := openModel(t), newMill(t)
	var list []plain
	for h := range int64(10) {
		b := mill.block(h+1, 1000)
		m.fill(t, b)
		list = append(list, plainOf(t, b)...)
	}
	r, several := rand.New(rand.NewPCG(1, 2)), 0
	for n := range 300 {
		f := randomFilter(r, list)
		o := EventOrder{[]string{"eventTime", "recordTime"}[r.IntN(2)], r.IntN(2) == 0}
		want := plainSearch(list, &f, o)
		got := pages(t, m, f, o, 1+r.IntN(len(want)+1))
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("question %d, %+v, %+v\n-want +got:\n%s", n, f, o, diff)
		}
		if count, err := m.CountEvents(t.Context(), f, 50); err != nil || count != min(len(want), 51) {
			t.Errorf("%+v: %d events (%v), want %d", f, count, err, min(len(want), 51))
		}
		if len(want) > 1 && len(want) < len(list) {
			several++
		}
	}
	if several < 50 {
		t.Errorf("only %d questions have an answer of some events: the test asks nearly nothing", several)
	}
}

func plainSearch(list []plain, f *EventFilter, o EventOrder) []int64 {
	found := slices.DeleteFunc(slices.Clone(list), func(p plain) bool { return !p.fits(f) })
	slices.SortStableFunc(found, func(a, b plain) int {
		order := cmp.Compare(a.position, b.position)
		if o.By == orderEventTime {
			order = cmp.Or(cmp.Compare(a.e.Time, b.e.Time), order)
		}
		if o.Descending {
			return -order
		}
		return order
	})
	positions := make([]int64, len(found))
	for i := range found {
		positions[i] = found[i].position
	}
	return positions
}

// pages asks for all pages of a list of events.
func pages(t *testing.T, m *Model, f EventFilter, o EventOrder, limit int) []int64 {
	t.Helper()
	got := []int64{}
	for p := (Page{Limit: max(limit, 20)}); ; {
		rows, next, err := m.Events(t.Context(), f, o, p)
		check(t, err)
		for _, r := range rows {
			got = append(got, r.Position)
		}
		if p.After = next; next == "" {
			return got
		}
	}
}

// told opens a model with events from documents, one block for each.
func told(t *testing.T, docs ...doc) *Model {
	t.Helper()
	m := openModel(t)
	for i, d := range docs {
		b := &types.Block{Height: int64(i + 1), Time: millStart + int64(i)*1000, Hash: types.LeafHash(fmt.Append(nil, i))}
		e := types.Event{Height: b.Height, Time: b.Time, Member: "farm", Tx: types.LeafHash(fmt.Append(nil, "tx", i)), Index: 3}
		r := record(t, e, event(t, millStart-1000*int64(i), d))
		if id, ok := d["transformationID"]; ok {
			r.Keys = append(r.Keys, fmt.Sprintf("transformation/farm/%s", id))
		}
		b.Events = []types.RecordEvent{r}
		m.fill(t, b)
	}
	return m
}

func TestEventFields(t *testing.T) {
	wrong := doc{"type": types.ObjectEvent, "action": types.ActionAdd, "eventID": "urn:uuid:6b29fc40-ca47-1067-b31d-00dd010662da",
		"quantityList": []doc{quantity("urn:epc:class:lgtin:6901234.000001.A", 2.5, "KGM")}}
	m := told(t, wrong,
		doc{"type": types.AggregationEvent, "action": types.ActionAdd, "parentID": palletURI(1), "childEPCs": []string{"urn:epc:id:sgtin:6901234.000001.77"},
			"childQuantityList": []doc{quantity("urn:epc:class:lgtin:6901234.000001.B", 7, "LTR")}, "bizStep": "packing"},
		doc{"type": types.TransformationEvent, "inputEPCList": []string{"urn:epc:id:sgtin:6901234.000002.1"}, "outputQuantityList": []doc{quantity("urn:epc:class:lgtin:6901234.000003.C", 7, "LTR")},
			"transformationID": "urn:epc:id:gdti:6901234.00001.T1", "disposition": "in_progress", "persistentDisposition": doc{"set": []string{"completeness_verified"}, "unset": []string{"completeness_inferred"}}},
		doc{"type": types.TransactionEvent, "action": types.ActionObserve, "parentID": palletURI(2), "epcList": []string{palletURI(3)}, "bizTransactionList": []doc{{"type": "po", "bizTransaction": "urn:epc:id:gdti:6901234.00002.P7"}},
			"sourceList":      []doc{{"type": "owning_party", "source": "urn:epc:id:pgln:6901234.00001"}},
			"destinationList": []doc{{"type": "possessing_party", "destination": "urn:epc:id:pgln:6901234.00002"}},
			"readPoint":       doc{"id": "urn:epc:id:sgln:6901234.00003.0"}, "bizLocation": doc{"id": "geo:27.9,120.5"}, "certificationInfo": "https://example.com/certificate/1"},
		with(wrong, doc{"errorDeclaration": doc{"declarationTime": "2026-11-23T08:30:00.000Z", "reason": "did_not_occur", "correctiveEventIDs": []string{"urn:uuid:11111111-ca47-1067-b31d-00dd010662da"}}}),
	)
	all := []string{"epc", "parentID", "inputEPC", "outputEPC"}
	classes := []string{"epcClass", "inputEPCClass", "outputEPCClass"}
	match := func(roles []string, v ...string) EventFilter {
		return EventFilter{Match: []EventMatch{{roles, v}}}
	}
	ref := func(kind, typ, v string) EventFilter { return EventFilter{Refs: []EventRef{{kind, typ, []string{v}}}} }
	for _, test := range []struct {
		name string
		f    EventFilter
		want []int64 // blocks
	}{
		{"all", EventFilter{}, []int64{1, 2, 3, 4, 5}},
		{"types", EventFilter{Types: []string{"AggregationEvent", "TransactionEvent"}}, []int64{2, 4}},
		{"action", EventFilter{Actions: []string{"OBSERVE"}}, []int64{4}},
		{"disposition", EventFilter{Dispositions: []string{"in_progress"}}, []int64{3}},
		{"set", EventFilter{Set: []string{"completeness_verified"}}, []int64{3}},
		{"unset", EventFilter{Unset: []string{"completeness_inferred"}}, []int64{3}},
		{"unset is not set", EventFilter{Unset: []string{"completeness_verified"}}, nil},
		{"read point as a Digital Link", EventFilter{ReadPoints: []string{"https://example.com/414/" + checked("690123400003")}}, []int64{4}},
		{"business location outside GS1", EventFilter{BizLocations: []string{"geo:27.9,120.5"}}, []int64{4}},
		{"transformation", EventFilter{TransformationIDs: []string{"urn:epc:id:gdti:6901234.00001.T1"}}, []int64{3}},
		{"event ID", EventFilter{EventIDs: []string{"urn:uuid:6b29fc40-ca47-1067-b31d-00dd010662da"}}, []int64{1, 5}},
		{"error declarations", EventFilter{Declared: 1}, []int64{5}},
		{"no error declarations", EventFilter{Declared: -1}, []int64{1, 2, 3, 4}},
		{"declared from", EventFilter{DeclaredFrom: 1_795_422_600_000}, []int64{5}},
		{"declared before", EventFilter{DeclaredBefore: 1_795_422_600_000}, nil},
		{"reason", EventFilter{ErrorReasons: []string{"did_not_occur"}}, []int64{5}},
		{"corrective", EventFilter{Correctives: []string{"urn:uuid:11111111-ca47-1067-b31d-00dd010662da"}}, []int64{5}},
		{"another member", EventFilter{Members: []string{"shop"}}, nil},
		{"child by Digital Link", match(all, "https://shop.example/01/"+gtin1+"/21/77"), []int64{2}},
		{"child as a parent", match([]string{"parentID"}, "urn:epc:id:sgtin:6901234.000001.77"), nil},
		{"parents", match([]string{"parentID"}, palletURI(1), "urn:epc:id:sscc:6901234.0000000002"), []int64{2, 4}},
		{"things with a GTIN", match(all, "urn:epc:idpat:sgtin:6901234.000001.*"), []int64{2}},
		{"things of a company", match(all, "urn:epc:idpat:sgtin:6901234.*.*"), []int64{2, 3}},
		{"all serial numbers", match([]string{"inputEPC"}, "urn:epc:idpat:sgtin:*.*.*"), []int64{3}},
		{"pallets of a company", match(all, "urn:epc:idpat:sscc:6901234.*"), []int64{2, 4}},
		{"pallets of another company", match(all, "urn:epc:idpat:sscc:6901235.*"), nil},
		{"a lot", match(classes, "https://id.gs1.org/01/"+gtin1+"/10/B"), []int64{2}},
		{"all lots of a GTIN", match(classes, "urn:epc:class:lgtin:6901234.000001.*"), []int64{1, 2, 5}},
		{"a GTIN among classes", match(classes, "urn:epc:idpat:sgtin:6901234.000001.*"), nil},
		{"quantity of any unit", EventFilter{Quantities: []EventQuantity{{"EQ", 700_000, ""}}}, []int64{2, 3}},
		{"quantity of another unit", EventFilter{Quantities: []EventQuantity{{"GE", 1, "GRM"}}}, nil},
		{"two comparisons", EventFilter{Quantities: []EventQuantity{{"GT", 250_000, ""}, {"LT", 700_001, "LTR"}}}, []int64{2, 3}},
		{"business transaction", ref("bizTransaction", "po", "urn:epc:id:gdti:6901234.00002.P7"), []int64{4}},
		{"business transaction of another type", ref("bizTransaction", "inv", "urn:epc:id:gdti:6901234.00002.P7"), nil},
		{"business transaction of any type", ref("bizTransaction", "", "urn:epc:id:gdti:6901234.00002.P7"), []int64{4}},
		{"source", ref("source", "owning_party", "https://id.gs1.org/417/"+checked("690123400001")), []int64{4}},
		{"destination", ref("destination", "possessing_party", "urn:epc:id:pgln:6901234.00002"), []int64{4}},
		{"certification", ref("certification", "", "https://example.com/certificate/1"), []int64{4}},
		{"recorded in the second and third block", EventFilter{RecordFrom: millStart + 1000, RecordBefore: millStart + 2001}, []int64{2, 3}},
		{"recorded later", EventFilter{RecordFrom: millStart + 100_000}, nil},
		{"happened at the second and third event", EventFilter{EventFrom: millStart - 2000, EventBefore: millStart}, []int64{2, 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, _, err := m.Events(t.Context(), test.f, EventOrder{}, Page{})
			check(t, err)
			var got []int64
			for _, r := range rows {
				got = append(got, r.Height)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("events of blocks %v, want %v", got, test.want)
			}
		})
	}
}

// gtin1 is 6901234.000001 of the EPC URNs.
var gtin1 = checked("0690123400001")

// with returns a document with further members.
func with(d, more doc) doc {
	all := doc{}
	for _, part := range []doc{d, more} {
		for name, v := range part {
			all[name] = v
		}
	}
	return all
}
