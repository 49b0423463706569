package readmodel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chain makes blocks whose records and events belong together, in a real store and a
// real journal.
type chain struct {
	t       testing.TB
	state   *store.Store
	journal *journal.Journal
	random  *rand.Rand
	salt    byte
	height  int64

	block  *types.Block
	writes *store.Overlay

	captured []taken
	wrongOne int // of them, the one that the next declaration takes back
}

func newChain(t testing.TB, salt byte) *chain {
	t.Helper()
	state, err := store.Open("", store.Options{NoSync: true})
	check(t, err)
	j, err := journal.Open("", 1)
	check(t, err)
	t.Cleanup(func() { check(t, j.Close()); check(t, state.Close()) })
	c := &chain{t: t, state: state, journal: j, random: rand.New(rand.NewPCG(1, uint64(salt))), salt: salt}
	c.genesis()
	return c
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *chain) view() (View, error) { return c.state.View(0) }

// genesis writes two members; their state commits with the first block.
func (c *chain) genesis() {
	c.begin(0)
	for _, id := range []string{"customs", "qianjiang-express"} {
		m := &types.Member{ID: id, Name: "Name of " + id, Controller: id, Roles: []string{"customs", "logistics"}, Threshold: 1}
		c.put("member/"+id, m, types.Event{Kind: "Genesis", Member: id})
	}
	c.journalBlock()
	c.begin(1)
	c.commit()
}

func (c *chain) begin(height int64) {
	c.height = height
	c.block = &types.Block{Height: height, Time: 1_795_420_800_000 + 500*height, Hash: types.LeafHash([]byte{byte(height), c.salt})}
	if height != 1 { // the first block's writes hold the genesis'
		c.writes = store.NewOverlay(c.state)
	}
}

// put writes a record and its event.
func (c *chain) put(key string, record types.Record, e types.Event) {
	c.t.Helper()
	e.Height, e.Time = c.height, c.block.Time
	raw, err := e.Encode()
	check(c.t, err)
	check(c.t, record.Log().Append(types.LeafHash(raw)))
	value, err := types.Encode(record)
	check(c.t, err)
	check(c.t, c.writes.Set(key, value))
	c.block.Events = append(c.block.Events, types.RecordEvent{Event: e, Keys: []string{key}})
}

func (c *chain) journalBlock() {
	c.t.Helper()
	check(c.t, c.journal.Append(c.block))
}

func (c *chain) commit() {
	c.t.Helper()
	c.journalBlock()
	writes, err := c.writes.Writes()
	check(c.t, err)
	_, err = c.state.Apply(c.height, writes)
	check(c.t, err)
	check(c.t, c.state.Commit(nil))
	c.journal.Committed(c.height)
}

// grow adds blocks of up to some transactions each.
func (c *chain) grow(blocks, most int) {
	c.t.Helper()
	for range blocks {
		c.begin(c.height + 1)
		for range c.random.IntN(most + 1) {
			c.transaction()
		}
		c.commit()
	}
}

// transaction adds one that succeeds, or one in eight that is refused.
func (c *chain) transaction() {
	tx := types.BlockTx{Digest: types.LeafHash(fmt.Append(nil, c.salt, c.height, len(c.block.Txs))), Bodies: 1, Codes: []types.Code{}}
	e := types.Event{Tx: tx.Digest}
	switch c.random.IntN(8) {
	case 0:
		tx.Code, tx.Kind, tx.Member = types.Overdraw, captureKind, "farm"
	case 1, 2, 3, 4:
		tx.Kind, tx.Member = captureKind, "farm"
		c.capture(e)
	case 5:
		tx.Kind, tx.Member = "IssueCertificate", "office"
		c.paper(e)
	default:
		tx.Kind, tx.Member = "RecordOrder", fmt.Sprintf("platform-%d", c.random.IntN(3))
		c.order(e, tx.Member)
	}
	c.block.Txs = append(c.block.Txs, tx)
}

// capture adds an event and changes the lots and units that it names.
func (c *chain) capture(e types.Event) {
	from, to := c.random.IntN(20), c.random.IntN(20)
	pallet := c.random.IntN(10)
	at := c.block.Time - c.random.Int64N(3_600_000)
	var d doc
	switch c.random.IntN(6) {
	case 0:
		d = doc{"type": types.ObjectEvent, "action": types.ActionAdd, "bizStep": "commissioning",
			"quantityList": []doc{quantity(lotURI(1, from), 100, "KGM")}, "bizLocation": doc{"id": siteURI(from)}}
	case 1:
		d = doc{"type": types.TransformationEvent, "bizStep": "commissioning",
			"inputQuantityList":  []doc{quantity(lotURI(1, from), 2, "KGM"), quantity("https://id.gs1.org/01/"+gtin(9), 1, "KGM")},
			"outputQuantityList": []doc{quantity(lotURI(2, to), 1.5, "KGM")}}
	case 2:
		d = doc{"type": types.AggregationEvent, "action": types.ActionAdd, "bizStep": "packing", "parentID": palletURI(pallet),
			"childQuantityList": []doc{quantity(lotURI(2, from), 1, "KGM")}}
	case 3:
		d = c.wrong()
	default:
		d = doc{"type": types.ObjectEvent, "action": types.ActionObserve, "bizStep": "inspecting", "disposition": "conformant",
			"epcList": []string{palletURI(pallet)}, "readPoint": doc{"id": siteURI(to)}}
	}
	if _, wrong := d["errorDeclaration"]; !wrong {
		d["eventID"] = fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", len(c.captured))
		c.captured = append(c.captured, taken{at, d})
	} else {
		at = c.captured[c.wrongOne].at
	}
	e.Member = "farm"
	r := record(c.t, e, event(c.t, at, d))
	e.Kind, e.Body = r.Event.Kind, r.Event.Body
	c.lot(types.LotID(fmt.Sprintf("%s.L%d", gtin(1+from%2), from)), e)
	c.pallet(types.UnitID("sscc."+sscc(pallet)), from, e, r.Keys[0])
}

// taken is an event that was captured.
type taken struct {
	at int64
	d  doc
}

// wrong declares one of the captured events an error, or observes something before there
// is any.
func (c *chain) wrong() doc {
	if len(c.captured) == 0 {
		return doc{"type": types.ObjectEvent, "action": types.ActionObserve, "epcList": []string{palletURI(1)}}
	}
	c.wrongOne = c.random.IntN(len(c.captured))
	d := doc{"errorDeclaration": doc{"declarationTime": "2026-11-23T08:30:00.000Z", "reason": "incorrect_data", "correctiveEventIDs": []string{"urn:uuid:00000000-0000-4000-8000-000000000001"}}}
	for name, v := range c.captured[c.wrongOne].d {
		d[name] = v
	}
	return d
}

// lot changes a lot.
func (c *chain) lot(id types.LotID, e types.Event) {
	r := &types.Lot{ID: id}
	c.get(string(id.Key()), r)
	r.Owner, r.Unit = "farm", "KGM"
	r.Produced += 100
	r.Holdings = []types.Holding{{Member: fmt.Sprintf("holder-%d", c.random.IntN(3)), Quantity: r.Produced / 2}, {Member: "shop", Quantity: r.Produced / 2}}
	r.Offers = nil
	if c.random.IntN(4) == 0 {
		r.Offers = []types.Offer{{From: r.Holdings[0].Member, To: "shop", Quantity: 1, Until: c.block.Time, State: types.OfferOpen}}
	}
	r.Trace.Claims = []string{"organic"}[:c.random.IntN(2)]
	r.Trace.Marks = []types.Mark{{Kind: types.MarkRecall, Ref: "office/2026-1"}}[:c.random.IntN(2)]
	c.put(string(id.Key()), r, e)
}

// pallet changes a unit, and enters the event into its own record.
func (c *chain) pallet(id types.UnitID, lot int, e types.Event, event string) {
	r := &types.Unit{ID: id, Children: []types.UnitID{}}
	c.get(string(id.Key()), r)
	r.Custodian, r.Fate = fmt.Sprintf("holder-%d", c.random.IntN(3)), []string{"", types.FateSold}[c.random.IntN(2)]
	r.Contents = []types.LotPart{{Lot: types.LotID(fmt.Sprintf("%s.L%d", gtin(1), lot)), Quantity: 5}}
	r.OfferTo = []string{"", "shop"}[c.random.IntN(2)]
	r.Trace.Marks = []types.Mark{{Kind: types.MarkRecall, Ref: "office/2026-1"}}[:c.random.IntN(2)]
	c.put(string(id.Key()), r, types.Event{Tx: e.Tx, Member: e.Member, Kind: "OfferUnit", Body: []byte{0xa0}})
	c.block.Events = c.block.Events[:len(c.block.Events)-1]
	last := &c.block.Events[len(c.block.Events)-1]
	last.Keys = append(last.Keys, string(id.Key()), event)
}

// paper changes one of the records that are not goods.
func (c *chain) paper(e types.Event) {
	n := c.random.IntN(30)
	e.Kind, e.Member, e.Body = "IssueCertificate", "office", []byte{0xa0}
	member := fmt.Sprintf("holder-%d", n%3)
	changes := []types.StatusChange{{Status: types.StatusSuspended, Effective: c.block.Time - 1, Reason: "no visit"}}[:n%2]
	switch c.random.IntN(9) {
	case 0:
		c.put(fmt.Sprintf("book/house-%d/%032x", n%3, n), &types.Book{Balance: int64(n), Entry: "01KB0Q7Z40N7DPSEYSB6DNYX4Q"}, e)
	case 1:
		c.put(fmt.Sprintf("tariff/33%02d", n), &types.Tariff{Versions: []types.TariffVersion{{From: c.block.Time, VAT: 130_000}}}, e)
	case 2:
		c.put("product/"+gtin(n), &types.Product{GTIN: gtin(n), Name: "Nuts", Owner: member, Net: 25_000, NetUnit: "KGM"}, e)
	case 3:
		c.put("plot/sgln."+gln(n), &types.Plot{ID: "sgln." + gln(n), Name: "Slope", Owner: member, Seasons: []types.Season{{GTIN: gtin(n), Cap: 7}}}, e)
	case 4:
		c.put("certificate/gdti."+gln(n), &types.Certificate{Standard: "organic", Issuer: "office", Subject: member, GTINs: []string{gtin(n)}, Changes: changes}, e)
	case 5:
		c.put(fmt.Sprintf("accreditation/office/a%d", n), &types.Accreditation{Issuer: member, Standards: []string{"organic"}, Changes: changes}, e)
	case 6:
		c.put(fmt.Sprintf("recall/office/2026-%d", n%3), &types.Recall{Things: []types.ThingKey{types.ThingKey("lot/" + gtin(1) + ".L1")}, Class: 1, Reason: "glass", Opened: 1, Closed: int64(n % 2)}, e)
	case 7:
		c.put(fmt.Sprintf("report/office/2026-1/%s/lot/%s.L%d", member, gtin(1), n), &types.RecallReport{Located: 50, Notified: 1, Time: c.block.Time}, e)
	default:
		c.put("mark/recall/office/2026-1", &types.Spread{Marked: uint64(n)}, e)
	}
}

// order gives an order any state, as it would have come there.
func (c *chain) order(e types.Event, platform string) {
	key := fmt.Sprintf("order/%s/01KB0Q7Z40N7DPSEYSB6DNY%03d", platform, c.random.IntN(50))
	r := &types.Order{}
	c.get(key, r)
	*r = types.Order{History: r.History, Flow: []string{types.FlowImport, types.FlowExport}[c.random.IntN(2)]}
	r.Slots = []types.Slot{{Kind: types.SlotOrder, Member: platform, Tags: []types.Tag{}}, {Kind: types.SlotPayment, Member: "pay", Tags: []types.Tag{}}}
	r.State = stored[c.random.IntN(len(stored))]
	switch r.State {
	case types.StatePartial, types.StateMatched:
		r.Until = c.block.Time + 500*c.random.Int64N(20)
	case types.StateMismatch:
		r.Mismatch = types.Mismatch{Code: uint64(types.Amount), Field: types.TagAmount, Party: "pay"}
	default:
		c.declare(r)
	}
	e.Kind, e.Member, e.Body = "RecordOrder", platform, []byte{0xa0}
	c.put(key, r, e)
}

// stored are the states that records have.
var stored = []string{
	types.StatePartial, types.StateMismatch, types.StateMatched, types.StateDeclared, types.StateInspect, types.StateReleased,
	types.StateClosed, types.StateReturning,
}

// declare adds a declaration, and what becomes of it.
func (c *chain) declare(r *types.Order) {
	carrier := fmt.Sprintf("carrier-%d", c.random.IntN(2))
	r.Slots = append(r.Slots, types.Slot{Kind: types.SlotWaybill, Member: carrier, Tags: []types.Tag{}},
		types.Slot{Kind: types.SlotDeclaration, Member: "broker", Tags: []types.Tag{}})
	r.Quota = []types.Quota{{Grant: "01KB0Q7Z40N7DPSEYSB6DNYX4Q", By: "customs", State: types.QuotaUsed, Expires: c.block.Time + 1}}
	cl := types.Clearance{Office: fmt.Sprintf("office-%d", c.random.IntN(2)), Mode: 9610, Status: types.StatusAccept}
	if c.random.IntN(3) == 0 {
		cl.Cancel = types.Hash{1}
	}
	r.Clearance = []types.Clearance{cl}
	if r.State == types.StateReturning {
		r.Returns = []types.OrderReturn{
			{Return: "01KB0Q7Z40N7DPSEYSB6DNYX41", Status: types.StatusReject},
			{Return: "01KB0Q7Z40N7DPSEYSB6DNYX42", Status: types.StatusAudit},
		}
	}
}

func (c *chain) get(key string, into any) {
	c.t.Helper()
	value, err := c.writes.Get(key)
	check(c.t, err)
	if value != nil {
		check(c.t, types.DecodeState(value, into))
	}
}
