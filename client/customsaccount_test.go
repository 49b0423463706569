package client

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types"
)

const (
	testSingle = 5_000_00000
	testAnnual = 26_000_00000
	testNow    = 1795420800000 // 2026-11-23T08:00:00Z
)

func openTestFile(t testing.TB, home string) *customsFile {
	t.Helper()
	f, err := openCustomsFile(home, "carya-test-1")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestExpiry: a grant lives for nine tenths of the longest life, and never beyond the year that it is booked in.
func TestExpiry(t *testing.T) {
	const life = 3 * 24 * 60 * 60 * 1000
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, china).UnixMilli()
	for _, c := range []struct {
		name      string
		now, want int64
	}{
		{"in summer", testNow, testNow + life/10*9},
		{"a day before the year ends", end - 24*60*60*1000, end - 1},
		{"five minutes before it ends", end - 5*60*1000, 0},
		{"when it begins", end, end + life/10*9},
	} {
		if got := expiry(c.now, life); got != c.want {
			t.Errorf("%s: expires at %d, want %d", c.name, got, c.want)
		}
	}
	if year, _ := yearOf(end - 1); year != 2026 {
		t.Errorf("the last moment of 2026 in China is of %d", year)
	}
	if year, _ := yearOf(end); year != 2027 {
		t.Errorf("the first moment of 2027 in China is of %d", year)
	}
}

// TestFollow walks a booking through what the ledger can say about its grant.
func TestFollow(t *testing.T) {
	const expires = testNow + 1000
	quota := func(state string) *types.Order {
		return &types.Order{Quota: []types.Quota{{Grant: "G", Expires: expires, State: state}}}
	}
	other := &types.Order{Quota: []types.Quota{{Grant: "H", Expires: expires, State: types.QuotaReserved}}}
	for _, c := range []struct {
		name, state string
		record      *types.Order
		now         int64
		want        string
	}{
		{"on its way", bookPlanned, nil, testNow, bookPlanned},
		{"on its way behind another", bookPlanned, other, testNow, bookPlanned},
		{"lost", bookPlanned, nil, testNow + 501, bookVoid},
		{"arrived", bookPlanned, quota(types.QuotaReserved), testNow, bookReserved},
		{"arrived late", bookPlanned, quota(types.QuotaUsed), testNow + 900, bookUsed},
		{"expired", bookReserved, quota(types.QuotaReserved), expires + 1, bookFreed},
		{"about to expire", bookReserved, quota(types.QuotaReserved), expires, bookReserved},
		{"used, and old", bookReserved, quota(types.QuotaUsed), expires + 1, bookUsed},
		{"rejected", bookUsed, quota(types.QuotaReserved), testNow, bookReserved},
		{"released", bookUsed, quota(types.QuotaSettled), testNow, bookSettled},
		{"cancelled", bookUsed, quota(types.QuotaFreed), testNow, bookFreed},
		{"replaced", bookReserved, other, testNow, bookFreed},
		{"refused stays", bookRefused, quota(types.QuotaReserved), testNow, bookRefused},
		{"void stays", bookVoid, quota(types.QuotaReserved), testNow, bookVoid},
	} {
		b := &booking{Grant: "G", State: c.state, TxUntil: testNow + 500, Value: 5, Lines: []bookedLine{{1, 5}}}
		for range 2 {
			if b.follow(c.record, c.now); b.State != c.want {
				t.Errorf("%s: %s, want %s", c.name, b.State, c.want)
			}
		}
	}
}

// TestCameBack: parts are rounded down, all of it is all of it, and nothing counts twice.
func TestCameBack(t *testing.T) {
	b := &booking{Grant: "G", State: bookSettled, Value: 1_100_00000, Lines: []bookedLine{{3, 100_00000}, {1, 1_000_00000}}}
	o := &types.Order{Quota: []types.Quota{{Grant: "G", State: types.QuotaSettled}}}
	back := func(restored bool, lines ...types.ReturnLine) {
		o.Returns = append(o.Returns, types.OrderReturn{Restored: restored, Lines: lines})
	}
	for _, c := range []struct {
		name string
		do   func()
		want int64
	}{
		{"nothing", func() {}, 0},
		{"one of three", func() { back(true, types.ReturnLine{Line: 0, Pieces: 1}) }, 33_33333},
		{"refused, or on its way", func() { back(false, types.ReturnLine{Line: 0, Pieces: 1}) }, 33_33333},
		{"the other two", func() { back(true, types.ReturnLine{Line: 0, Pieces: 2}) }, 100_00000},
		{"the rest", func() { back(true, types.ReturnLine{Line: 1, Pieces: 1}) }, 1_100_00000},
		{"no such line", func() { back(true, types.ReturnLine{Line: 7, Pieces: 1}) }, 1_100_00000},
	} {
		c.do()
		for range 3 {
			if b.follow(o, testNow); b.Back != c.want {
				t.Errorf("%s: %d came back, want %d", c.name, b.Back, c.want)
			}
		}
	}
}

// land is a ledger that knows what quota grants are, and lets transactions arrive late, or never.
type land struct {
	now    int64
	orders map[types.OrderID]*types.Order
	flying []flight
}

type flight struct {
	b     booking
	until int64
}

// arrive executes a grant, as the rule grantQuota does.
func (l *land) arrive(f flight) {
	o := l.order(f.b.Order)
	if l.now > f.until || f.b.Expires <= l.now || len(o.Clearance) > 0 {
		return
	}
	q := types.Quota{Grant: f.b.Grant, Expires: f.b.Expires, Reason: f.b.Reason, State: types.QuotaReserved}
	if f.b.Reason != 0 {
		q.State = types.QuotaRefused
	}
	o.Quota = []types.Quota{q}
}

func (l *land) order(id types.OrderID) *types.Order {
	if l.orders[id] == nil {
		l.orders[id] = &types.Order{}
	}
	return l.orders[id]
}

// owed is what a person can still have declared, or has: what the account must never fall short of. worth is the value of
// each grant.
func (l *land) owed(worth map[string]*booking, person types.Hash) (total int64) {
	for _, o := range l.orders {
		if len(o.Quota) == 0 || worth[o.Quota[0].Grant].Person != person {
			continue
		}
		q, b := &o.Quota[0], worth[o.Quota[0].Grant]
		switch {
		case q.State == types.QuotaUsed, q.State == types.QuotaReserved && q.Expires >= l.now:
			total += b.Value
		case q.State == types.QuotaSettled:
			total += b.Value - b.cameBack(o)
		}
	}
	return total
}

// TestAccountNeverExceeds lets an office grant, be killed at every point, and reconcile, while declarations, releases,
// cancellations and returns go on. No person ever holds more than the limit on the ledger, and the account knows it.
func TestAccountNeverExceeds(t *testing.T) {
	scratch := t.TempDir()
	ctx := context.Background()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		home := fmt.Sprintf("%s/%d", scratch, round)
		f, err := openCustomsFile(home, "carya-test-1")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { f.Close(); os.RemoveAll(home) }()
		l := &land{now: testNow, orders: map[types.OrderID]*types.Order{}}
		worth := map[string]*booking{}
		people := []types.Hash{{1}, {2}}
		id := rapid.Map(rapid.IntRange(0, 5), func(n int) types.OrderID { return types.OrderID(fmt.Sprint("shop/", n)) })

		follow := func() {
			open, err := f.unfinished(ctx)
			if err != nil {
				t.Fatal(err)
			}
			settled, _ := f.bookings(ctx, "state = 'settled'")
			for _, b := range append(open, settled...) {
				b.follow(l.orders[b.Order], l.now)
				if err := f.keep(ctx, b); err != nil {
					t.Fatal(err)
				}
			}
		}
		restart := func() {
			f.Close()
			if f, err = openCustomsFile(home, "carya-test-1"); err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for _, p := range people {
					spent, err := f.spent(ctx, p, 2026)
					if err != nil {
						t.Fatal(err)
					}
					if owed := l.owed(worth, p); spent > testAnnual || owed > spent {
						t.Fatalf("the account of %x has %d, the ledger lets %d go, the limit is %d", p[0], spent, owed, testAnnual)
					}
				}
			},
			"grant": func(t *rapid.T) {
				order := id.Draw(t, "order")
				if o := l.order(order); len(o.Clearance) > 0 {
					return
				}
				value := rapid.Int64Range(1, 12_000_00000).Draw(t, "value")
				pieces := rapid.Uint64Range(1, 4).Draw(t, "pieces")
				b := &booking{
					Grant: ulid.Make().String(), Order: order, Person: rapid.SampledFrom(people).Draw(t, "person"), Year: 2026, Value: value,
					Lines: []bookedLine{{pieces, value}}, Expires: l.now + 5000, TxUntil: l.now + 2000, Time: l.now,
				}
				planned, err := f.plan(ctx, []*booking{b}, func(*booking) int64 { return testAnnual })
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range planned {
					worth[b.Grant] = b
					l.flying = append(l.flying, flight{*b, l.now + rapid.Int64Range(0, 2000).Draw(t, "life")})
				}
				if rapid.Bool().Draw(t, "killed") {
					restart()
				}
			},
			"arrive": func(t *rapid.T) {
				if len(l.flying) == 0 {
					return
				}
				i := rapid.IntRange(0, len(l.flying)-1).Draw(t, "which")
				l.arrive(l.flying[i])
				l.flying = append(l.flying[:i:i], l.flying[i+1:]...)
			},
			"declare": func(t *rapid.T) {
				o := l.order(id.Draw(t, "order"))
				if len(o.Quota) > 0 && o.Quota[0].State == types.QuotaReserved && o.Quota[0].Expires >= l.now {
					o.Quota[0].State, o.Clearance = types.QuotaUsed, []types.Clearance{{}}
				}
			},
			"decide": func(t *rapid.T) {
				o := l.order(id.Draw(t, "order"))
				if len(o.Quota) == 0 || o.Quota[0].State != types.QuotaUsed {
					return
				}
				switch rapid.IntRange(0, 2).Draw(t, "how") {
				case 0:
					o.Quota[0].State = types.QuotaSettled
				case 1:
					o.Quota[0].State, o.Clearance = types.QuotaFreed, nil // cancelled
				case 2:
					o.Quota[0].State, o.Clearance = types.QuotaReserved, nil // rejected
				}
			},
			"return": func(t *rapid.T) {
				o := l.order(id.Draw(t, "order"))
				if len(o.Quota) == 0 || o.Quota[0].State != types.QuotaSettled {
					return
				}
				left := worth[o.Quota[0].Grant].Lines[0].Pieces
				for _, r := range o.Returns {
					left -= r.Lines[0].Pieces
				}
				if left > 0 {
					some := rapid.Uint64Range(1, left).Draw(t, "some")
					o.Returns = append(o.Returns, types.OrderReturn{Restored: true, Lines: []types.ReturnLine{{Pieces: some}}})
				}
			},
			"time":    func(t *rapid.T) { l.now += rapid.Int64Range(1, 3000).Draw(t, "ms") },
			"follow":  func(*rapid.T) { follow() },
			"restart": func(*rapid.T) { restart() },
		})
		// Once everything is known, the account is exactly what the ledger lets go.
		l.now += 100_000
		follow()
		for _, p := range people {
			if spent, _ := f.spent(ctx, p, 2026); spent != l.owed(worth, p) {
				t.Fatalf("in the end the account of %x has %d, the ledger let %d go", p[0], spent, l.owed(worth, p))
			}
		}
	})
}

// TestOneGrantAnOrder: while a grant is on its way nobody plans another, and a dearer version of an order counts once.
func TestOneGrantAnOrder(t *testing.T) {
	f := openTestFile(t, t.TempDir())
	defer f.Close()
	ctx := context.Background()
	annual := func(*booking) int64 { return testAnnual }
	ask := func(order types.OrderID, value int64) []*booking {
		planned, err := f.plan(ctx, []*booking{{Grant: ulid.Make().String(), Order: order, Person: types.Hash{1}, Year: 2026, Value: value}}, annual)
		if err != nil {
			t.Fatal(err)
		}
		return planned
	}
	spent := func(want int64) {
		t.Helper()
		if got, err := f.spent(ctx, types.Hash{1}, 2026); got != want || err != nil {
			t.Errorf("%d spent, %v, want %d", got, err, want)
		}
	}
	first := ask("shop/1", 20_000_00000)
	if again := ask("shop/1", 20_000_00000); len(again) != 0 {
		t.Errorf("planned a second grant: %+v", again[0])
	}
	spent(20_000_00000)
	first[0].State = bookReserved
	if err := f.keep(ctx, first...); err != nil {
		t.Fatal(err)
	}
	if newer := ask("shop/1", 25_000_00000); len(newer) != 1 || newer[0].Reason != 0 {
		t.Errorf("the newer version is not granted: %+v", newer)
	}
	spent(25_000_00000)
	if other := ask("shop/2", 1_000_00001); other[0].Reason != types.ReasonAnnual || other[0].Expires != 0 {
		t.Errorf("over the limit by nothing: %+v", other[0])
	}
	spent(25_000_00000)
	if other := ask("shop/3", 1_000_00000); other[0].Reason != 0 {
		t.Errorf("to the limit: %+v", other[0])
	}
	spent(26_000_00000)
}

// TestCustomsFile: the file alone does not name citizens, only its owner can read it, and it belongs to one chain.
func TestCustomsFile(t *testing.T) {
	home := t.TempDir()
	f := openTestFile(t, home)
	if f.person("1", "33990119900101123x") != f.person("1", "33990119900101123X ") {
		t.Error("x and X are two persons")
	}
	if f.person("1", "339901199001011231") == f.person("2", "339901199001011231") {
		t.Error("two kinds of paper are one person")
	}
	f.Close()
	for _, name := range []string{"customs.sqlite", "customs.key"} {
		if info, err := os.Stat(home + "/" + name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want 0600", name, info.Mode(), err)
		}
	}
	if _, err := openCustomsFile(home, "another"); err == nil {
		t.Error("opened for another chain")
	}
	same := openTestFile(t, home)
	defer same.Close()
	if same.key != f.key {
		t.Error("another key")
	}
}
