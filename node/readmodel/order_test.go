package readmodel

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/types"
)

// plainOrder is an order as the state has it.
type plainOrder struct {
	id string
	types.Order
}

func (c *chain) orders() (all []plainOrder) {
	c.t.Helper()
	v, err := c.view()
	check(c.t, err)
	defer v.Close()
	check(c.t, v.Iterate("order/", "order0", func(key string, value []byte) bool {
		o := plainOrder{id: strings.TrimPrefix(key, "order/")}
		check(c.t, types.DecodeState(value, &o.Order))
		all = append(all, o)
		return false
	}))
	slices.SortFunc(all, func(a, b plainOrder) int { return cmp.Compare(a.id, b.id) })
	return all
}

// passes says plainly what a filter means.
func (f *OrderFilter) passes(o *plainOrder, now int64) bool {
	platform, _, _ := strings.Cut(o.id, "/")
	office := ""
	if len(o.Clearance) > 0 {
		office = o.Clearance[0].Office
	}
	return (f.Platform == "" || f.Platform == platform) &&
		(len(f.States) == 0 || slices.Contains(f.States, o.StateAt(now))) &&
		(f.Flow == "" || f.Flow == o.Flow) &&
		(f.Office == "" || f.Office == office) &&
		(f.Member == "" || slices.ContainsFunc(o.Slots, func(s types.Slot) bool { return s.Member == f.Member }))
}

// TestOrders holds every filter, in pages, to what the records say.
func TestOrders(t *testing.T) {
	c := newChain(t, 11)
	c.grow(60, 60)
	m := c.open(filepath.Join(t.TempDir(), "model"))
	c.follow(m)
	all := c.orders()
	for _, f := range []OrderFilter{
		{},
		{States: []string{types.StatePartial}},
		{States: []string{types.StateStale}},
		{States: []string{types.StateMatched}, Flow: types.FlowImport},
		{States: []string{types.StateLapsed, types.StateLapsed}},
		{States: []string{types.StateReturning, types.StateInspect, types.StateDeclared}, Office: "office-1"},
		{States: []string{types.StateReleased, types.StateClosed, types.StateStale}, Platform: "platform-1"},
		{States: types.States},
		{Platform: "platform-2"},
		{Platform: "platform-0", Member: "carrier-1"},
		{Member: "broker", Flow: types.FlowExport},
		{Member: "platform-1", States: []string{types.StateMismatch}},
	} {
		var want []string
		for i := range all {
			if f.passes(&all[i], c.block.Time) {
				want = append(want, all[i].id+" "+all[i].StateAt(c.block.Time))
			}
		}
		var got []string
		for p := (Page{Limit: 7}); ; {
			rows, next, err := m.Orders(t.Context(), f, p)
			check(t, err)
			for _, r := range rows {
				got = append(got, string(r.ID)+" "+r.State)
			}
			if p.After = next; next == "" {
				break
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%+v: %d orders (-want +got)\n%s", f, len(want), diff)
		}
	}
}

// TestOrderRow holds what a row says of an order on its way through customs.
func TestOrderRow(t *testing.T) {
	c := newChain(t, 12)
	c.begin(c.height + 1)
	now := c.block.Time
	c.put("order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q", &types.Order{
		State: types.StateReturning, Flow: types.FlowImport,
		Slots: []types.Slot{
			{Kind: types.SlotOrder, Member: "lantu"}, {Kind: types.SlotPayment, Member: "pay"},
			{Kind: types.SlotWaybill, Member: "express"}, {Kind: types.SlotDeclaration, Member: "broker"},
		},
		Quota:     []types.Quota{{State: types.QuotaReserved, Expires: now + 9}},
		Clearance: []types.Clearance{{Office: "office", Mode: 1210, Status: types.StatusReject, Reason: -621005, Cancel: types.Hash{1}}},
		Returns:   []types.OrderReturn{{Return: "A", Status: types.StatusRelease}, {Return: "B"}},
	}, types.Event{Kind: "ReturnGoods", Member: "broker", Body: []byte{0xa0}})
	c.put("order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4R", &types.Order{
		State: types.StatePartial, Until: now + 1, Mismatch: types.Mismatch{Code: 61, Field: "amount", Party: "pay"},
	}, types.Event{Kind: "RecordPayment", Member: "pay", Body: []byte{0xa0}})
	c.commit()
	m := c.open(filepath.Join(t.TempDir(), "model"))
	c.follow(m)
	got, _, err := m.Orders(t.Context(), OrderFilter{}, Page{})
	check(t, err)
	want := []Order{
		{
			ID: "lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q", State: types.StateReturning, Flow: types.FlowImport, Payment: "pay", Carrier: "express",
			Declarant: "broker", Quota: types.QuotaReserved, Expires: now + 9, Office: "office", Mode: 1210, Decision: types.StatusReject,
			Reason: -621005, Cancel: true, Return: "B", Height: c.height,
		},
		{ID: "lantu/01KB0Q7Z40N7DPSEYSB6DNYX4R", State: types.StatePartial, Until: now + 1, Mismatch: 61, Field: "amount", Party: "pay", Height: c.height},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	c.begin(c.height + 1) // 500 ms later
	c.commit()
	c.follow(m)
	got, _, err = m.Orders(t.Context(), OrderFilter{States: []string{types.StateStale}}, Page{})
	check(t, err)
	if len(got) != 1 || got[0].State != types.StateStale {
		t.Errorf("an order that waited for too long: %+v", got)
	}
}

// TestOrderPlans holds that states come from the index, in the list's order.
func TestOrderPlans(t *testing.T) {
	c := newChain(t, 13)
	m := c.open(filepath.Join(t.TempDir(), "model"))
	for _, test := range []struct {
		f    OrderFilter
		want string
	}{
		{OrderFilter{States: []string{types.StateMatched}, Flow: types.FlowImport}, "SEARCH orders USING INDEX orders_state (state=? AND (platform,ulid)>(?,?))"},
		{OrderFilter{States: []string{types.StateInspect, types.StateStale, types.StateReturning}, Office: "x"}, "SEARCH orders USING INDEX orders_state (state=? AND (platform,ulid)>(?,?))"},
		{OrderFilter{States: []string{types.StateMismatch}, Platform: "a"}, "SEARCH orders USING INDEX orders_state (state=? AND platform=? AND ulid>?)"},
		{OrderFilter{Platform: "a"}, "SEARCH orders USING PRIMARY KEY (platform=? AND ulid>?)"},
		{OrderFilter{}, "SEARCH orders USING PRIMARY KEY ((platform,ulid)>(?,?))"},
	} {
		q := test.f.question("a/01KB0Q7Z40N7DPSEYSB6DNYX4Q")
		rows, err := m.read.Query("EXPLAIN QUERY PLAN "+q.sql.String()+" ORDER BY platform, ulid LIMIT 9", q.args...)
		check(t, err)
		var plan strings.Builder
		check(t, dumpRows(&plan, rows))
		searches := strings.Count(plan.String(), " orders ")
		if strings.Count(plan.String(), test.want) != searches || searches != max(1, len(test.f.States)) || strings.Contains(plan.String(), "TEMP B-TREE") {
			t.Errorf("%+v: want %s in\n%s", test.f, test.want, plan.String())
		}
	}
}
