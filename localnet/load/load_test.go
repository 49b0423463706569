package load

import (
	"crypto/ecdsa"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

func TestDue(t *testing.T) {
	const d = 2 * time.Second
	for _, row := range []struct {
		name    string
		rate    int
		elapsed time.Duration
		want    int
	}{
		{"before the start", 100, -time.Second, 0},
		{"the first at once", 100, 0, 1},
		{"just before the second", 100, 10*time.Millisecond - 1, 1},
		{"the second", 100, 10 * time.Millisecond, 2},
		{"all", 100, d, 200},
		{"long after", 100, time.Hour, 200},
		{"one a second", 1, d, 2},
		{"a day of many", 100_000, d, 200_000},
	} {
		if got := due(row.rate, row.elapsed, d); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
}

func TestThroughput(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(s float64, txs int) blockSeen {
		return blockSeen{at: start.Add(time.Duration(s * float64(time.Second))), txs: txs, bodies: 10 * txs}
	}
	for _, row := range []struct {
		name   string
		blocks []blockSeen
		want   float64
	}{
		{"nothing", nil, 0},
		{"one block tells no rate", []blockSeen{at(1, 500)}, 0},
		{"the first block does not count", []blockSeen{at(1, 900), at(2, 100), at(3, 100)}, 100},
		{"empty blocks before the first", []blockSeen{at(0.5, 0), at(1, 900), at(2, 100)}, 100},
		{"empty blocks after it", []blockSeen{at(1, 900), at(2, 100), at(3, 0)}, 50},
		{"what comes after the window", []blockSeen{at(1, 900), at(2, 100), at(11, 5000)}, 100},
		{"what came before it", []blockSeen{at(-1, 5000), at(1, 900), at(2, 100)}, 100},
	} {
		txs, bodies := throughput(row.blocks, start, start.Add(10*time.Second))
		if math.Abs(txs-row.want) > 1e-9 || math.Abs(bodies-10*row.want) > 1e-9 {
			t.Errorf("%s: %g transactions and %g bodies a second, want %g", row.name, txs, bodies, row.want)
		}
	}
}

func TestLatencyCountsFromDue(t *testing.T) {
	b := newBook()
	start := time.Now()
	var items []*item
	for i := range 100 {
		items = append(items, &item{digest: types.Hash{byte(i)}, bodies: 1, due: start})
	}
	b.send(items)
	for i := range 100 {
		b.seen(&blockView{Height: int64(i), Txs: []txView{{Digest: types.Hash{byte(i)}}}}, start.Add(time.Duration(i+1)*10*time.Millisecond))
	}
	for p, want := range map[float64]float64{50: 500, 95: 950, 99: 990, 100: 1000} {
		if got := b.percentile(p); math.Abs(got-want) > want/500 {
			t.Errorf("p%g: %g ms, want %g", p, got, want)
		}
	}
}

func TestBookCountsEachTransactionOnce(t *testing.T) {
	b := newBook()
	one, two, three := &item{digest: types.Hash{1}, bodies: 5}, &item{digest: types.Hash{2}}, &item{digest: types.Hash{3}}
	b.send([]*item{one, two, three})
	block := &blockView{Height: 1, Txs: []txView{{Digest: types.Hash{1}}, {Digest: types.Hash{2}, Code: types.Overdraw}, {Digest: types.Hash{9}}}}
	b.seen(block, time.Now())
	b.seen(block, time.Now())
	b.refuse(one, types.Role) // came too late: it stands in a block
	b.refuse(three, types.Role)
	got := b.tally()
	if got.Sent != 3 || got.Committed != 1 || got.Bodies != 5 || got.Open != 0 || got.Refused[types.Overdraw] != 1 || got.Refused[types.Role] != 1 {
		t.Errorf("%+v", got)
	}
}

func TestBatches(t *testing.T) {
	sized := func(sizes ...int) (items []*item) {
		for _, n := range sizes {
			items = append(items, &item{raw: make([]byte, n)})
		}
		return items
	}
	small := slices.Repeat([]int{300}, 250)
	for _, row := range []struct {
		name  string
		items []*item
		want  []int
	}{
		{"none", nil, nil},
		{"one", sized(10), []int{1}},
		{"by count", sized(small...), []int{100, 100, 50}},
		{"by bytes", sized(500<<10, 500<<10, 500<<10, 10), []int{2, 2}},
		{"one over the limit", sized(10, 2<<20, 10), []int{1, 1, 1}},
	} {
		var got []int
		for _, b := range batches(row.items) {
			got = append(got, len(b))
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func testKey(t testing.TB, n byte) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.ToECDSA(append(make([]byte, 31), n))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func testCast(t testing.TB, nodes int) Cast {
	t.Helper()
	n := byte(0)
	party := func(id, gtin string) Party {
		n++
		s := &client.Signer{Member: id, Domain: types.NewDomain("test", types.Hash{7}), Keys: []*ecdsa.PrivateKey{testKey(t, n)}}
		return Party{Signer: s, Node: int(n) % nodes, GTIN: gtin}
	}
	return Cast{
		Makers:   []Party{party("coop-one", "06901234000016"), party("coop-two", "06909999000012")},
		Platform: party("shop", ""), Payment: party("pay", ""), Logistics: party("post", ""),
	}
}

// Every transaction of every scenario is well-formed, no two commission the same lot,
// and the three documents of an order agree in everything that is compared.
func TestScriptIsValid(t *testing.T) {
	for _, scenario := range Scenarios {
		for _, bodies := range []int{1, 7} {
			t.Run(fmt.Sprintf("%s/%d", scenario, bodies), func(t *testing.T) {
				s := &script{cast: testCast(t, 4), scenario: scenario, bodies: bodies, run: newSecret(), start: time.Now(), step: time.Millisecond}
				seen := said{lots: map[types.LotID]bool{}, orders: map[types.OrderID][3]types.Body{}}
				for n := range 60 {
					by, list, err := s.say(n)
					if err != nil {
						t.Fatal(err)
					}
					raw, _, err := by.Signer.Sign(client.Terms{}, list...)
					if err != nil {
						t.Fatalf("transaction %d: %v", n, err)
					}
					if v, err := by.Signer.Domain.Verify(raw); err != nil || len(v.Transaction.Bodies) != bodies {
						t.Fatalf("transaction %d: %v", n, err)
					}
					for _, b := range list {
						seen.enter(t, by.Signer.Member, b)
					}
				}
				seen.check(t)
			})
		}
	}
}

type said struct {
	lots   map[types.LotID]bool
	orders map[types.OrderID][3]types.Body
}

func (s *said) enter(t *testing.T, member string, b types.Body) {
	t.Helper()
	switch b := b.(type) {
	case *types.CaptureEvent:
		if id := lotOf(t, b); s.lots[id] {
			t.Errorf("lot %s is commissioned twice", id)
		} else {
			s.lots[id] = true
		}
	case *types.RecordOrder:
		s.slot(t, types.OrderID(member+"/"+b.Order), 0, b)
	case *types.RecordPayment:
		s.slot(t, b.Order, 1, b)
	case *types.RecordWaybill:
		s.slot(t, b.Order, 2, b)
	}
}

// lotOf is the one lot that a body makes.
func lotOf(t *testing.T, b types.Body) types.LotID {
	t.Helper()
	e, err := b.(*types.CaptureEvent).Parsed()
	if err != nil {
		t.Fatal(err)
	}
	return types.LotID(e.Quantities[0].Key.Path())
}

func (s *said) slot(t *testing.T, id types.OrderID, slot int, b types.Body) {
	t.Helper()
	o := s.orders[id]
	if o[slot] != nil {
		t.Errorf("slot %d of order %s is filled twice", slot, id)
	}
	o[slot] = b
	s.orders[id] = o
}

func (s *said) check(t *testing.T) {
	t.Helper()
	for id, o := range s.orders {
		order, paid, sent := o[0].(*types.RecordOrder), o[1].(*types.RecordPayment), o[2].(*types.RecordWaybill)
		switch {
		case order.Amount != paid.Amount, order.Payer != paid.Payer, order.Consignee != sent.Consignee:
			t.Errorf("order %s: tags differ", id)
		case order.Payment != types.NumberLock(paid.Number), order.Waybill != types.NumberLock(sent.Number):
			t.Errorf("order %s: the locks do not open", id)
		}
	}
}

func TestMillHandsOutInOrder(t *testing.T) {
	s := &script{cast: testCast(t, 4), scenario: Lots, bodies: 1, run: newSecret(), start: time.Now(), step: time.Millisecond}
	for _, row := range []struct{ total, stock int }{{100, 100}, {100, 10}, {33, 1000}, {1, 1}} {
		m := newMill(t.Context(), s, row.total, row.stock, time.Minute)
		<-m.full
		for n := range row.total {
			it, err := m.next(t.Context())
			if err != nil || it == nil {
				t.Fatalf("%+v: transaction %d: %v, %v", row, n, it, err)
			}
			signed, err := types.DecodeSigned(it.raw)
			if err != nil {
				t.Fatal(err)
			}
			_, want, _ := s.say(n)
			if got := lotOf(t, signed.Transaction.Bodies[0]); got != lotOf(t, want[0]) {
				t.Fatalf("%+v: transaction %d is about %s", row, n, got)
			}
		}
		if it, err := m.next(t.Context()); it != nil || err != nil {
			t.Errorf("%+v: after the last: %v, %v", row, it, err)
		}
	}
}

func TestOptions(t *testing.T) {
	good := Options{Rate: 10, Duration: time.Second, Bodies: 1, Scenario: Lots}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Options){
		"rate":      func(o *Options) { o.Rate = -1 },
		"duration":  func(o *Options) { o.Duration = time.Millisecond },
		"bodies":    func(o *Options) { o.Bodies = 1001 },
		"scenario":  func(o *Options) { o.Scenario = "all" },
		"in flight": func(o *Options) { o.InFlight = -1 },
	} {
		o := good
		change(&o)
		if o.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Nothing that is signed ahead can expire before it is sent, nor live longer than the
// chain allows.
func TestStockDoesNotExpire(t *testing.T) {
	for _, o := range []Options{
		{Rate: 2000, Duration: 30 * time.Second, Bodies: 1}, {Rate: 1, Duration: time.Hour, Bodies: 1},
		{Rate: 100_000, Duration: time.Hour, Bodies: 1}, {Rate: 10, Duration: time.Minute, Bodies: 1000},
		{Rate: 0, Duration: 30 * time.Second, Bodies: 1}, {Rate: 0, Duration: time.Hour, Bodies: 1000},
	} {
		total, stock := o.stock()
		if stock < 1 || total > 0 && stock > total {
			t.Errorf("%+v: stock %d of %d", o, stock, total)
		}
		if o.Rate > 0 && time.Duration(stock/o.Rate)*time.Second > stockTime {
			t.Errorf("%+v: a stock of %d lasts longer than %s", o, stock, stockTime)
		}
	}
}

// What the generator pays for each transaction before it is sent.
func BenchmarkTransaction(b *testing.B) {
	for _, scenario := range Scenarios {
		b.Run(scenario, func(b *testing.B) {
			m := &mill{script: &script{cast: testCast(b, 4), scenario: scenario, bodies: 1, start: time.Now()}, life: time.Minute}
			n := 0
			for b.Loop() {
				if _, err := m.item(n); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
