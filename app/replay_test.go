package app_test

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

var recording = flag.Bool("record", false, "record the golden replay of a new app.RulesVersion")

// replay is a recorded chain: what went into every block and what came out.
type replay struct {
	Rules   int           `json:"rules"`
	Genesis types.Genesis `json:"genesis"`
	Blocks  []replayBlock `json:"blocks"`
}

type replayBlock struct {
	Time    int64         `json:"time"`
	Txs     []types.Bytes `json:"txs"`
	Codes   []types.Code  `json:"codes"`
	AppHash types.Hash    `json:"appHash"`
}

// TestGoldenReplay executes recorded blocks and compares every result and app hash. It
// fails on any change of a rule or a persisted format: such a change needs a new
// app.RulesVersion, a paragraph beside it, and a recording of its own (-record). An
// existing recording is never rewritten.
func TestGoldenReplay(t *testing.T) {
	path := fmt.Sprintf("testdata/replay-%d.json", app.RulesVersion)
	if *recording {
		recordReplay(t, path)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no recording of these rules: run go test ./app -run GoldenReplay -record: %v", err)
	}
	var want replay
	if err := json.Unmarshal(file, &want); err != nil {
		t.Fatal(err)
	}
	got := execute(t, &want.Genesis, want.Blocks)
	for i, b := range got {
		w := want.Blocks[i]
		if b.AppHash != w.AppHash || fmt.Sprint(b.Codes) != fmt.Sprint(w.Codes) {
			t.Fatalf("block %d: app hash %s, codes %v; recorded %s, %v", i+1, b.AppHash, b.Codes, w.AppHash, w.Codes)
		}
	}
}

// execute runs blocks of signed transactions from a genesis on.
func execute(t *testing.T, g *types.Genesis, blocks []replayBlock) []replayBlock {
	t.Helper()
	hash, err := g.Hash()
	if err != nil {
		t.Fatal(err)
	}
	domain := types.NewDomain(g.Chain, hash)
	s, err := store.Open("", store.Options{InitialVersion: 1, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, err := app.Begin(g)
	if err != nil {
		t.Fatal(err)
	}
	start := store.NewOverlay(s)
	for _, w := range first.Writes {
		if err := start.Set(w.Key, w.Value); err != nil {
			t.Fatal(err)
		}
	}
	live := app.NewLive()
	var out []replayBlock
	for i, b := range blocks {
		under := store.Reader(s)
		if i == 0 {
			under = start
		}
		out = append(out, executeBlock(t, s, live, under, domain, int64(i+1), b))
	}
	return out
}

func executeBlock(t *testing.T, s *store.Store, live *app.Live, under store.Reader, d types.Domain, height int64, in replayBlock) replayBlock {
	t.Helper()
	b, err := app.NewBlock(under, live, app.Header{Height: height, Time: in.Time, Hash: blockHash(height)})
	if err != nil {
		t.Fatal(err)
	}
	out := replayBlock{Time: in.Time, Txs: in.Txs}
	for _, raw := range in.Txs {
		r := executeOne(t, b, d, raw)
		out.Codes = append(append(out.Codes, r.Code), r.Codes...)
	}
	done, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	writes := done.Writes
	if o, first := under.(*store.Overlay); first {
		for _, w := range writes {
			if err := o.Set(w.Key, w.Value); err != nil {
				t.Fatal(err)
			}
		}
		if writes, err = o.Writes(); err != nil {
			t.Fatal(err)
		}
	}
	root, err := s.Apply(height, writes)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(nil); err != nil {
		t.Fatal(err)
	}
	live.Commit(done.Live, in.Time)
	out.AppHash = types.Hash(root)
	return out
}

func executeOne(t *testing.T, b *app.Block, d types.Domain, raw []byte) types.Result {
	t.Helper()
	v, fault := d.Verify(raw)
	run := func() (types.Result, error) { return b.Refused(fault) }
	if fault == nil {
		run = func() (types.Result, error) { return b.Execute(v) }
	}
	r, err := run()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// script writes the transactions that a recording holds.
type script struct {
	t      *testing.T
	domain types.Domain
	now    int64
	blocks []replayBlock
}

func (s *script) sign(member, onError string, bodies ...types.Body) types.Bytes {
	s.t.Helper()
	kind, _ := types.KindOf(bodies[0])
	tx := types.Transaction{Chain: "carya-test-1", Member: member, Kind: kind.Name, Expires: s.now + 60_000, OnError: onError, Bodies: bodies}
	digest, err := s.domain.Digest(&tx)
	if err != nil {
		s.t.Fatal(err)
	}
	seed := sha256.Sum256([]byte("key of " + member))
	key, err := crypto.ToECDSA(seed[:])
	if err != nil {
		s.t.Fatal(err)
	}
	signature, err := types.Sign(digest, key)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := (&types.Signed{Transaction: tx, Signatures: []types.Bytes{signature}}).Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func (s *script) block(txs ...types.Bytes) {
	s.now += 1000
	s.blocks = append(s.blocks, replayBlock{Time: s.now, Txs: txs})
}

// recordReplay tells a story with every kind, with refusals, rollbacks and replays.
func recordReplay(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		t.Fatalf("%s exists: recordings are never rewritten; a change of the rules has a new app.RulesVersion", path)
	}
	g := genesis()
	for i := range g.Members {
		seed := sha256.Sum256([]byte("key of " + g.Members[i].ID))
		key, err := crypto.ToECDSA(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		g.Members[i].Keys = []types.Address{types.AddressOf(crypto.FromECDSAPub(&key.PublicKey))}
	}
	hash, err := g.Hash()
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, domain: types.NewDomain(g.Chain, hash), now: genesisTime}
	s.story()
	data, err := json.MarshalIndent(&replay{app.RulesVersion, *g, execute(t, g, s.blocks)}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// story says everything once, with refusals, rollbacks and replays.
func (s *script) story() {
	s.goods()
	one := func(member string, b types.Body) types.Bytes { return s.sign(member, types.OnErrorRollback, b) }
	nuts, roasted, none := lotOf(coop, 8, "A"), lotOf(coop, 9, "A"), lotOf(coop, 9, "B")
	harvest := one(coop, object(types.ActionAdd, s.now, kg(nuts, 1000)))
	s.block(harvest)
	s.block(harvest, types.Bytes("nonsense"))
	s.block(
		one(coop, transformation(s.now, list(kg(nuts, 1000)), list(kg(roasted, 350)))),
		one(coop, transformation(s.now, list(kg(nuts, 1)), list(kg(none, 1)))),
		s.sign(coop, types.OnErrorProceed, object(types.ActionObserve, s.now, kg(roasted, 0)), object(types.ActionDelete, s.now, kg(none, 0))),
	)
	l := &ledger{t: s.t, now: s.now}
	first, second := newTrade(l, "N1"), newTrade(l, "N2")
	again := second.pay
	again.Payment = first.pay.Payment
	s.block(one(pay, &first.pay), one(shop, &first.order), one(carrier, &first.bill), one(shop, &second.order), one(pay, &again))
	s.block(one(shop, &first.order), one(pay, &second.bill))
	s.block(one(broker, &second.list), one(broker, &first.list))
	s.block(one(customs, first.decision(types.StatusInspect)), one(broker, first.decision(types.StatusRelease)))
	s.trade()
	s.block(one(coop, &types.AddKey{Key: keyOf(coop, 1)}), one(coop, &types.RetireKey{Key: keyOf(coop, 1)}))
	s.block(one(coop, &types.AddKey{Key: keyOf(coop, 1)}), one(coop, &types.RetireKey{Key: keyOf(coop, 1)}))
	s.now += 700_000
	s.block(harvest)
	s.block()
}

// goods says what is to be said about goods to a ledger that hears, and repeats it.
func (s *script) goods() {
	s.repeat(func(l *ledger) {
		world(l)
		everything(l)
		for _, row := range refusals(l) {
			l.block(l.tx(row.who, types.OnErrorRollback, row.body))
		}
	})
}

// repeat says what is said to a ledger that hears.
func (s *script) repeat(say func(l *ledger)) {
	l := newLedger(s.t)
	defer l.close()
	l.now, l.hears = s.now, true
	say(l)
	for _, txs := range l.heard {
		var signed []types.Bytes
		for _, v := range txs {
			signed = append(signed, s.sign(v.Transaction.Member, v.Transaction.OnError, v.Transaction.Bodies...))
		}
		s.block(signed...)
	}
}

// trade takes orders through customs in every way, and says everything about them once
// more where it is refused.
func (s *script) trade() {
	s.repeat(func(l *ledger) {
		twice := func(who string, b types.Body) {
			l.must(who, b)
			l.block(l.tx(who, types.OnErrorRollback, b))
		}
		twice(customs, &types.SetTariff{Code: "2101", From: l.now + hour, VAT: 130_000})
		twice(customs, &types.SetLimits{From: l.now + hour, Single: 1, Annual: 2})
		l.must(customs, &types.SetReader{Reader: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"})
		book := types.BookName(types.Hash{3}, "T2991W000012", "17")
		twice(zone, &types.CreditBook{Book: book, Entry: ulidAt(l, l.now), Quantity: 10 * 100_000, Document: types.Hash{1}})

		tr := newTrade(l, "R1")
		tr.list.Mode = 1210
		for i := range tr.list.Lines {
			tr.list.Lines[i].Book, tr.list.Lines[i].Quantity, tr.list.Lines[i].Step = types.BookID(zone+"/"+book), int64(tr.pieces[i])*100_000, 100_000
		}
		tr.match()
		l.block(l.tx(customs, types.OnErrorRollback, tr.grant()))
		twice(broker, &tr.list)
		twice(customs, &types.Decide{Order: tr.id, Status: types.StatusReject, Reason: -621001})
		twice(broker, &tr.list)
		twice(broker, &types.Cancel{Order: tr.id, Document: types.Hash{1}})
		l.must(customs, &types.DecideCancel{Order: tr.id, Status: types.StatusReject})
		for _, status := range []uint64{120, 300, 399, 500, 502, 800} {
			twice(customs, tr.decision(status))
		}
		twice(carrier, &types.SignFor{Order: tr.id, Time: l.now, Document: types.Hash{1}})
		first, second := tr.comeBack("1", 0, 0, 2), tr.comeBack("2", 1, 0, 1)
		l.block(l.tx(broker, types.OnErrorRollback, tr.comeBack("three of two", 1, 0, 3)))
		twice(broker, first)
		twice(customs, tr.returned(first, types.StatusAudit))
		twice(customs, tr.returned(first, types.StatusRelease))
		twice(broker, second)
		twice(customs, tr.returned(second, types.StatusReject))

		gone := newTrade(l, "R2")
		gone.match()
		l.must(broker, &gone.list)
		l.must(broker, &types.Cancel{Order: gone.id, Document: types.Hash{1}})
		twice(customs, &types.DecideCancel{Order: gone.id, Status: types.StatusAudit})
		gone.order.Seq++
		twice(shop, &gone.order)

		out := newExport(l, "R3")
		out.list.Mode = 9810
		out.match()
		l.must(broker, &out.list)
		for _, status := range []uint64{120, 399, 500, 700} {
			twice(customs, out.decision(status))
		}
	})
	s.block(s.sign("nobody", types.OnErrorRollback, &types.SetReader{}))
}

// everything says successfully what a world has not.
func everything(l *ledger) {
	at, box, one := l.now, pallet(coop, 5), bag(coop, 6, "1")
	l.must(coop, &types.GrantRange{Prefix: prefixOf[coop], To: farm, GTIN: gtin(coop, 5), First: "F", Last: "F"})
	l.must(farm, object(types.ActionAdd, at, kg(lotOf(coop, 5, "F1"), 100)))
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 6), Name: "a bag of 500 g", Net: 50_000, Unit: "KGM"})
	l.must(office, &types.SetProcess{BizStep: "installing", Min: 300_000, Max: 900_000})
	l.must(farm, &types.OfferLot{Lot: lotOf(coop, 5, "F1"), To: coop, Deadline: at + hour})
	l.must(coop, &types.RejectLot{Lot: lotOf(coop, 5, "F1"), From: farm, To: coop})
	l.must(farm, moving("shipping", at, "", coop, nil, kg(lotOf(coop, 5, "F1"), 100)))
	l.must(coop, moving("receiving", at, "", coop, nil, kg(lotOf(coop, 5, "F1"), 99)))
	l.must(farm, &types.SettleLot{Lot: lotOf(coop, 5, "F1"), To: coop, Outcome: types.OutcomeLost})
	making := with(event(at, doc{"type": types.TransformationEvent, "inputQuantityList": list(kg(lotOf(coop, 5, "F1"), 9)), "outputEPCList": links(one)}), at, doc{"bizStep": "installing"})
	l.must(coop, making)
	l.must(coop, event(at, doc{"type": types.TransformationEvent, "inputQuantityList": list(kg(lotOf(coop, 5, "F1"), 9)), "transformationID": "urn:t"}))
	l.must(coop, event(at, doc{"type": types.TransformationEvent, "outputQuantityList": list(kg(lotOf(coop, 7, "T"), 8)), "transformationID": "urn:t"}))
	l.must(coop, packing(types.ActionAdd, at, box, []types.UnitID{one}, kg(lotOf(coop, 5, "F1"), 1)))
	l.must(coop, &types.OfferUnit{Unit: box, To: carrier, Deadline: at + hour})
	l.must(coop, &types.RejectUnit{Unit: box})
	l.must(coop, moving("shipping", at, coop, carrier, []types.UnitID{box}))
	l.must(carrier, &types.AcceptUnit{Unit: box})
	l.must(carrier, packing(types.ActionDelete, at, box, nil, kg(lotOf(coop, 5, "F1"), 1)))
	l.must(carrier, event(at, doc{"type": types.ObjectEvent, "action": types.ActionDelete, "bizStep": "retail_selling", "epcList": links(box)}))
	l.must(coop, &types.ReportRecall{Recall: coop + "/open", Thing: lotOf(coop, 1, "R").Key(), Located: 1})
	l.must(customs, object(types.ActionObserve, at, kg(green, 0)))
	credits(l)
	spreading(l)
	l.must(office, &types.SettleDispute{Event: l.eventID(coop, named(object(types.ActionAdd, genesisTime, kg(dried, 100)), "wrong"))})
}

// credits earns and uses a mass balance.
func credits(l *ledger) {
	organic(l, paper("credit"), coop, 0)
	l.must(coop, &types.RegisterProduct{GTIN: gtin(coop, 30), Model: types.ModelMassBalance})
	l.must(coop, citing(object(types.ActionAdd, l.now, kg(lotOf(coop, 29, "O"), 10)), paper("credit")))
	l.must(coop, transformation(l.now, list(kg(lotOf(coop, 29, "O"), 10)), list(kg(lotOf(coop, 30, "O"), 10))))
	l.must(coop, citing(transformation(l.now, list(kg(lotOf(coop, 7, "T"), 1)), list(kg(lotOf(coop, 30, "P"), 1))), paper("credit")))
}

// spreading recalls so much in one block that the last recall has to be continued.
func spreading(l *ledger) {
	root := types.LotID("x." + gs1.Escape("a:r"))
	var out []quantity
	for i := range 1000 {
		out = append(out, kg(types.LotID("x."+gs1.Escape(fmt.Sprint("a:", i))), 1))
	}
	l.must(coop, object(types.ActionAdd, l.now, kg(root, 1000)))
	l.must(coop, transformation(l.now, list(kg(root, 1000)), out))
	l.must(coop, transformation(l.now, halves(out), list(kg("x."+types.LotID(gs1.Escape("a:g")), 500))))
	l.all(coop, recalls(0, 20, root.Key()))
	for n := 0; n < 100; n++ {
		ref := coop + "/r19"
		if s := record[types.Spread](l, "mark/recall/"+ref); s == nil || len(s.Front) == 0 {
			return
		}
		l.must(farm, &types.ContinueMark{Kind: types.MarkRecall, Ref: ref})
	}
}

// TestReplayIsWhole records into a place of its own, repeats the recording, and wants
// every kind of body in it, accepted and refused.
func TestReplayIsWhole(t *testing.T) {
	path := t.TempDir() + "/replay.json"
	recordReplay(t, path)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want replay
	if err := json.Unmarshal(file, &want); err != nil {
		t.Fatal(err)
	}
	accepted, refused := map[string]bool{}, map[string]bool{}
	for i, b := range execute(t, &want.Genesis, want.Blocks) {
		if w := want.Blocks[i]; b.AppHash != w.AppHash || fmt.Sprint(b.Codes) != fmt.Sprint(w.Codes) {
			t.Fatalf("block %d: app hash %s, codes %v; recorded %s, %v", i+1, b.AppHash, b.Codes, w.AppHash, w.Codes)
		}
		if len(b.Txs) != len(b.Codes) {
			continue // some have a code for each body
		}
		for n, raw := range b.Txs {
			if signed, err := types.DecodeSigned(raw); err == nil {
				kind := signed.Transaction.Kind
				accepted[kind] = accepted[kind] || b.Codes[n] == types.OK
				refused[kind] = refused[kind] || b.Codes[n] != types.OK
			}
		}
	}
	for _, k := range types.Catalogue {
		if !accepted[k.Name] || !refused[k.Name] {
			t.Errorf("%s: accepted %v, refused %v", k.Name, accepted[k.Name], refused[k.Name])
		}
	}
	t.Logf("%d blocks, %d bytes", len(want.Blocks), len(file))
}
