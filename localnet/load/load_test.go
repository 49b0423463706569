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
		name      string
		rate, per int
		elapsed   time.Duration
		want      int
	}{
		{"before the start", 100, 1, -time.Second, 0},
		{"the first at once", 100, 1, 0, 1},
		{"just before the second", 100, 1, 10*time.Millisecond - 1, 1},
		{"the second", 100, 1, 10 * time.Millisecond, 2},
		{"all", 100, 1, d, 200},
		{"long after", 100, 1, time.Hour, 200},
		{"one a second", 1, 1, d, 2},
		{"many", 100_000, 1, d, 200_000},
		{"the first batch", 100, 50, 499 * time.Millisecond, 1},
		{"the second batch", 100, 50, 500 * time.Millisecond, 2},
		{"all batches", 100, 50, d, 4},
		{"a batch that the time is too short for", 100, 150, d, 2},
	} {
		p := pace{rate: row.rate, per: row.per}
		got := p.due(row.elapsed, d)
		if got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
		if got > 0 && p.step(got-1) > row.elapsed {
			t.Errorf("%s: the last of %d is due after %s", row.name, got, p.step(got-1))
		}
	}
}

// A rate stays exact for as long as a run may take.
func TestDueAllDay(t *testing.T) {
	const day = 24 * time.Hour
	p := pace{rate: 100_000, per: 1}
	last := p.due(day, day) - 1
	if got, want := p.step(last), day-10*time.Microsecond; got != want {
		t.Errorf("transaction %d is due after %s, want %s", last, got, want)
	}
}

func TestThroughput(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(s float64, txs int) blockSeen {
		return blockSeen{at: start.Add(time.Duration(s * float64(time.Second))), txs: txs, bodies: 10 * txs, stages: [len(stages)]int{1: txs, 2: 9 * txs}}
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
		v := throughput(row.blocks, start, start.Add(10*time.Second))
		if math.Abs(v.txs-row.want) > 1e-9 || math.Abs(v.bodies-10*row.want) > 1e-9 || math.Abs(v.stages[2]-9*row.want) > 1e-9 {
			t.Errorf("%s: %g transactions, %g bodies and %g of a stage a second, want %g", row.name, v.txs, v.bodies, v.stages[2], row.want)
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
		if got := b.percentile(b.latency, p); math.Abs(got-want) > want/500 {
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
		Customs: party("customs", ""), Declarant: party("broker", ""),
	}
}

// Every transaction of every scenario is well-formed, no two commission the same lot,
// and the documents of an order agree in everything that is compared.
func TestScriptIsValid(t *testing.T) {
	for _, scenario := range Scenarios {
		for _, bodies := range []int{1, 7} {
			t.Run(fmt.Sprintf("%s/%d", scenario, bodies), func(t *testing.T) {
				s := &script{cast: testCast(t, 4), scenario: scenario, bodies: bodies, run: newSecret(), start: time.Now(), step: time.Millisecond}
				seen := said{lots: map[types.LotID]bool{}, orders: map[types.OrderID]*set{}}
				for n := range 60 {
					speeches, err := s.unit(n)
					if err != nil {
						t.Fatal(err)
					}
					if len(speeches) != stagesOf(scenario) {
						t.Fatalf("unit %d has %d transactions", n, len(speeches))
					}
					for _, speech := range speeches {
						checkSpeech(t, &speech, bodies)
						for _, b := range speech.bodies {
							seen.enter(t, speech.by.Signer.Member, b)
						}
					}
				}
				seen.check(t)
			})
		}
	}
}

func checkSpeech(t *testing.T, s *speech, bodies int) {
	t.Helper()
	raw, _, err := s.by.Signer.Sign(client.Terms{OnError: s.onError}, s.bodies...)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.by.Signer.Domain.Verify(raw); err != nil || len(v.Transaction.Bodies) != bodies {
		t.Fatal(err)
	}
}

type said struct {
	lots   map[types.LotID]bool
	orders map[types.OrderID]*set
}

// set is what was said about one order.
type set struct {
	order     *types.RecordOrder
	paid      *types.RecordPayment
	sent      *types.RecordWaybill
	grant     *types.GrantQuota
	list      *types.Declare
	decisions []uint64
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
		once(t, &s.of(types.OrderID(member+"/"+b.Order)).order, b)
	case *types.RecordPayment:
		once(t, &s.of(b.Order).paid, b)
	case *types.RecordWaybill:
		once(t, &s.of(b.Order).sent, b)
	case *types.GrantQuota:
		once(t, &s.of(b.Order).grant, b)
	case *types.Declare:
		once(t, &s.of(b.Order).list, b)
	case *types.Decide:
		o := s.of(b.Order)
		o.decisions = append(o.decisions, b.Status)
	}
}

func (s *said) of(id types.OrderID) *set {
	if s.orders[id] == nil {
		s.orders[id] = new(set)
	}
	return s.orders[id]
}

func once[T any](t *testing.T, into **T, b *T) {
	t.Helper()
	if *into != nil {
		t.Errorf("%T is said twice of one order", b)
	}
	*into = b
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

func (s *said) check(t *testing.T) {
	t.Helper()
	for id, o := range s.orders {
		switch {
		case o.order.Amount != o.paid.Amount, o.order.Payer != o.paid.Payer, o.order.Consignee != o.sent.Consignee:
			t.Errorf("order %s: tags differ", id)
		case o.order.Payment != types.NumberLock(o.paid.Number), o.order.Waybill != types.NumberLock(o.sent.Number):
			t.Errorf("order %s: the locks do not open", id)
		case o.list != nil:
			o.checkList(t, id)
		}
	}
}

func (o *set) checkList(t *testing.T, id types.OrderID) {
	t.Helper()
	switch {
	case o.grant.Document != o.order.Document, o.grant.Grant != o.list.Grant:
		t.Errorf("order %s: the grant is another one's", id)
	case o.order.Payer != o.list.Payer, o.order.Merchant != o.list.Merchant, o.order.Goods != o.list.Goods, o.sent.Parcel != o.list.Parcel:
		t.Errorf("order %s: the list's tags differ", id)
	case o.order.Declaration != types.NumberLock(o.list.Number):
		t.Errorf("order %s: the list does not open its lock", id)
	case len(o.decisions) > 0 && !slices.Equal(o.decisions, []uint64{types.StatusAccept, types.StatusAudit, types.StatusRelease}):
		t.Errorf("order %s: decisions %v", id, o.decisions)
	}
}

func TestMillHandsOutInOrder(t *testing.T) {
	s := &script{cast: testCast(t, 4), scenario: Lots, bodies: 1, run: newSecret(), start: time.Now(), step: time.Millisecond}
	for _, row := range []struct{ total, stock int }{{100, 100}, {100, 10}, {33, 1000}, {1, 1}} {
		m := newMill(t.Context(), s, row.total, row.stock, time.Minute)
		<-m.full
		for n := range row.total {
			u, err := m.next(t.Context())
			if err != nil || len(u) != 1 {
				t.Fatalf("%+v: transaction %d: %v, %v", row, n, u, err)
			}
			signed, err := types.DecodeSigned(u[0].raw)
			if err != nil {
				t.Fatal(err)
			}
			_, want, _ := s.say(n)
			if got := lotOf(t, signed.Transaction.Bodies[0]); got != lotOf(t, want[0]) {
				t.Fatalf("%+v: transaction %d is about %s", row, n, got)
			}
		}
		if u, err := m.next(t.Context()); u != nil || err != nil {
			t.Errorf("%+v: after the last: %v, %v", row, u, err)
		}
	}
}

// A batch's first three transactions are sent at once; the others become due one by one,
// each when all before it are in blocks, and none after one that is refused.
func TestStagesWait(t *testing.T) {
	s := &script{cast: testCast(t, 4), scenario: Clearance, bodies: 2, run: newSecret(), start: time.Now(), step: time.Millisecond}
	m := &mill{script: s, life: time.Minute}
	u, err := m.unit(0)
	if err != nil || len(u) != atOnce {
		t.Fatalf("%d transactions at once, %v", len(u), err)
	}
	b, start := newBook(), time.Now()
	commit := func(it *item, ms int, code types.Code, codes ...types.Code) {
		b.send([]*item{it})
		b.seen(&blockView{Txs: []txView{{it.digest, code, codes}}}, start.Add(time.Duration(ms)*time.Millisecond))
	}
	for i, it := range u {
		it.due = start
		if len(b.ready) > 0 {
			t.Errorf("something is due after %d documents", i)
		}
		commit(it, 100*(i+1), types.OK)
	}
	if got := b.percentile(b.verdict, 50); math.Abs(got-300) > 1 {
		t.Errorf("verdict after %g ms", got)
	}
	for stage := atOnce; stage < len(stages); stage++ {
		next := b.takeReady()
		if len(next) != 1 || next[0].stage != stage || !next[0].due.Equal(start.Add(time.Duration(stage)*100*time.Millisecond)) {
			t.Fatalf("stage %d: %+v is due", stage, next)
		}
		code, codes := types.OK, []types.Code(nil)
		switch stages[stage].name {
		case "list":
			code, codes = types.Partial, []types.Code{types.OK, types.DuplicateList}
		case "audit":
			code = types.StatusOrder
		}
		commit(next[0], 100*(stage+1), code, codes...)
		if code == types.StatusOrder {
			break
		}
	}
	got := b.tally()
	if got.Open != 0 || len(b.ready) != 0 || got.Committed != 6 || got.Bodies != 11 || got.Refused[types.StatusOrder] != 1 || got.Refused[types.DuplicateList] != 1 {
		t.Errorf("%d ready, %+v", len(b.ready), got)
	}
	if b.blocks[listStage].stages[listStage] != 1 {
		t.Errorf("%d lists in a block, want one of two", b.blocks[listStage].stages[listStage])
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
		{Rate: 1000, Duration: time.Hour, Bodies: 200, Scenario: Trade}, {Rate: 1, Duration: time.Hour, Bodies: 1000, Scenario: Clearance},
		{Rate: 0, Duration: time.Minute, Bodies: 500, Scenario: Trade},
	} {
		total, stock := o.stock()
		if stock < 1 || total > 0 && stock > total {
			t.Errorf("%+v: stock %d of %d", o, stock, total)
		}
		if p := o.pace(); o.Rate > 0 && p.step(stock-1) > stockTime {
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
				if _, err := m.unit(n); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
