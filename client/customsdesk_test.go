package client_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/generate"
	"github.com/caryaledger/carya/types/sealed"
)

// desk is a chain with the real rules, a node's gateway before it as far as a customs office needs one, and the office's
// home. What a transaction says stands in a block of its own at once.
type desk struct {
	t       testing.TB
	home    string
	server  *httptest.Server
	reader  *age.X25519Identity
	domain  types.Domain
	keys    map[string]*ecdsa.PrivateKey
	cleanup func()

	mu      sync.Mutex
	store   *store.Store
	live    *app.Live
	height  int64
	ahead   time.Duration // of the chain's clock
	orders  []types.OrderID
	results map[types.Hash]*types.Receipt
	vault   []*types.Sealed
	names   map[*types.Sealed]types.Hash // of the deliveries
	before  func()                       // a transaction is executed
	after   func()
}

const (
	deskShop    = "lantu"
	deskPay     = "tianmu-pay"
	deskCarrier = "qianjiang-express"
	deskBroker  = "wulin-broker"
	deskOffice  = "hangzhou-customs"
	deskZone    = "xiasha-bonded"
)

var deskRoles = map[string]string{
	deskShop: types.RolePlatform, deskPay: types.RolePayment, deskCarrier: types.RoleLogistics, deskBroker: types.RoleDeclarant,
	deskOffice: types.RoleCustoms, deskZone: types.RoleWarehouse,
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{
		t: t, home: t.TempDir(), keys: map[string]*ecdsa.PrivateKey{}, live: app.NewLive(), results: map[types.Hash]*types.Receipt{},
		names: map[*types.Sealed]types.Hash{},
	}
	t.Setenv("CARYA_PASSWORD", "correct horse")
	g := &types.Genesis{Format: types.GenesisFormat, Chain: chainID, Time: time.Now().Add(-6 * time.Hour).UnixMilli(), InitialHeight: 1, Params: types.DefaultParams()}
	for _, id := range []string{deskBroker, deskOffice, deskShop, deskCarrier, deskPay, deskZone} {
		key, err := crypto.ToECDSA(seed("desk " + id))
		if err != nil {
			t.Fatal(err)
		}
		d.keys[id] = key
		m := types.GenesisMember{ID: id, Name: id, Controller: id, Roles: []string{deskRoles[id]}, Keys: []types.Address{types.Address(crypto.PubkeyToAddress(key.PublicKey))}, Threshold: 1}
		if id == deskOffice {
			m.Validator, m.Power = types.Bytes(seed("validator")), 1
		}
		g.Members = append(g.Members, m)
		if _, err := (client.Keyring{Dir: filepath.Join(d.home, "keys")}).Create(id, key, "correct horse", client.Light); err != nil {
			t.Fatal(err)
		}
	}
	hash, err := g.Hash()
	if err != nil {
		t.Fatal(err)
	}
	d.domain = types.NewDomain(chainID, hash)
	if d.store, err = store.Open("", store.Options{InitialVersion: 1, NoSync: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.store.Close() })
	done, err := app.Begin(g)
	if err != nil {
		t.Fatal(err)
	}
	d.commit(done)
	if d.reader, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, d.home, "reader.key", []byte(d.reader.String()+"\n"))
	d.serve()
	return d
}

func (d *desk) commit(done *app.Done) {
	d.height++
	if _, err := d.store.Apply(d.height, done.Writes); err != nil {
		d.t.Fatal(err)
	}
	if err := d.store.Commit(nil); err != nil {
		d.t.Fatal(err)
	}
	d.live.Commit(done.Live, done.Block.Time)
}

func (d *desk) now() int64 { return time.Now().Add(d.ahead).UnixMilli() }

// execute runs a transaction as the next block.
func (d *desk) execute(v *types.Verified) *types.Receipt {
	b, err := app.NewBlock(d.store, d.live, app.Header{Height: d.height + 1, Time: d.now(), Hash: sha256.Sum256([]byte(fmt.Sprint(d.height)))})
	if err != nil {
		d.t.Fatal(err)
	}
	result, err := b.Execute(v)
	if err != nil {
		d.t.Fatal(err)
	}
	done, err := b.Finish()
	if err != nil {
		d.t.Fatal(err)
	}
	d.commit(done)
	d.results[v.Digest] = &types.Receipt{Digest: v.Digest, State: types.TxCommitted, Height: d.height, Time: done.Block.Time, Result: &result}
	return d.results[v.Digest]
}

// must has a member say something that has to succeed.
func (d *desk) must(member string, body types.Body) {
	d.t.Helper()
	kind, _ := types.KindOf(body)
	tx := types.Transaction{Chain: chainID, Member: member, Kind: kind.Name, Expires: d.now() + 60_000, OnError: types.OnErrorRollback, Bodies: []types.Body{body}}
	v := &types.Verified{
		Signed: &types.Signed{Transaction: tx}, Digest: sha256.Sum256([]byte(fmt.Sprint("direct", d.height))),
		Signers: []types.Address{types.Address(crypto.PubkeyToAddress(d.keys[member].PublicKey))},
	}
	if r := d.execute(v); r.Result.Code != types.OK {
		d.t.Fatalf("%s says %T: %s", member, body, r.Result.Log)
	}
}

func (d *desk) order(id types.OrderID) *types.Order {
	d.t.Helper()
	raw, err := d.store.Get("order/" + string(id))
	o := &types.Order{}
	if err = errors.Join(err, types.Decode(raw, o)); err != nil {
		d.t.Fatalf("order %s: %v", id, err)
	}
	return o
}

func (d *desk) serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, types.Status{Chain: chainID, Genesis: types.Hash(d.domainHash()), Member: deskOffice, Height: d.height, Time: d.now()})
	})
	mux.HandleFunc("POST /v1/transactions", d.submit)
	mux.HandleFunc("GET /v1/records/{key...}", d.record)
	mux.HandleFunc("GET /v1/history/{key...}", func(w http.ResponseWriter, r *http.Request) {
		problem(w, 404, types.NotFound, "key", "no histories here")
	})
	mux.HandleFunc("GET /v1/orders", d.list)
	mux.HandleFunc("GET /v1/documents", d.documents)
	mux.HandleFunc("GET /v1/documents/{id}", d.document)
	d.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	d.t.Cleanup(d.server.Close)
}

// domainHash returns a genesis hash that gives the desk's domain: only its first 20 bytes matter.
func (d *desk) domainHash() (h [32]byte) {
	copy(h[:], d.domain.Contract[:])
	return h
}

func (d *desk) submit(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	v, err := d.domain.Verify(raw)
	if err != nil {
		refuse(w, err)
		return
	}
	if d.before != nil {
		d.before()
	}
	receipt := d.results[v.Digest]
	if receipt == nil {
		receipt = d.execute(v)
	}
	if d.after != nil {
		d.after()
	}
	answer(w, 200, receipt)
}

func (d *desk) record(w http.ResponseWriter, r *http.Request) {
	value, err := d.store.Get(r.PathValue("key"))
	if err != nil || value == nil {
		problem(w, 404, types.NotFound, "key", r.PathValue("key")+" is not there")
		return
	}
	answer(w, 200, types.RecordAnswer{Key: r.PathValue("key"), Height: d.height, Value: value, Record: json.RawMessage("{}")})
}

// list answers as /v1/orders, two rows a page.
func (d *desk) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page := struct {
		Orders []map[string]any `json:"orders"`
		Next   string           `json:"next"`
	}{Orders: []map[string]any{}}
	for _, id := range d.orders {
		o := d.order(id)
		state := o.StateAt(d.now())
		match := q.Get("state") == "" || slices.Contains(strings.Split(q.Get("state"), ","), state)
		match = match && (q.Get("flow") == "" || q.Get("flow") == o.Flow)
		match = match && (q.Get("office") == "" || len(o.Clearance) > 0 && o.Clearance[0].Office == q.Get("office"))
		if !match || string(id) <= q.Get("after") {
			continue
		}
		if len(page.Orders) == 2 {
			page.Next = page.Orders[1]["id"].(string)
			break
		}
		page.Orders = append(page.Orders, map[string]any{"id": string(id), "state": state, "height": o.History.Size})
	}
	answer(w, 200, page)
}

func (d *desk) documents(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	rows := []map[string]any{}
	for i := after; i < len(d.vault) && len(rows) < 100; i++ {
		rows = append(rows, map[string]any{"seq": i + 1, "id": d.names[d.vault[i]], "from": d.vault[i].From, "to": d.vault[i].To, "records": d.vault[i].Records, "time": d.now(), "size": len(d.vault[i].Body)})
	}
	answer(w, 200, map[string]any{"documents": rows, "next": ""})
}

func (d *desk) document(w http.ResponseWriter, r *http.Request) {
	for _, s := range d.vault {
		if d.names[s].String() == r.PathValue("id") {
			answer(w, 200, s)
			return
		}
	}
	problem(w, 404, types.NotFound, "id", "no such delivery")
}

// run runs carya with this desk's node and home, and returns what it printed.
func (d *desk) run(ctx context.Context, args ...string) (string, error) {
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append(args, "--node", d.server.URL, "--home", d.home))
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

// ok runs carya and fails when it does.
func (d *desk) ok(args ...string) string {
	d.t.Helper()
	out, err := d.run(context.Background(), args...)
	if err != nil {
		d.t.Fatalf("carya %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// fails runs carya and wants an error with these words.
func (d *desk) fails(words string, args ...string) string {
	d.t.Helper()
	out, err := d.run(context.Background(), args...)
	if err == nil || !strings.Contains(out+client.Explain(err), words) {
		d.t.Fatalf("carya %s: %v\n%swant %q", strings.Join(args, " "), err, out, words)
	}
	return out
}

// deskLines reads what was printed with --json, an object a line.
func deskLines[T any](t testing.TB, out string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, v)
	}
	return all
}

// purchase is a generated order on its way over the desk.
type purchase struct {
	d     *desk
	id    types.OrderID
	key   types.Secret
	set   *generate.Set
	seeds map[string]types.Secret // by kind of document
	list  *types.Declare
	order *types.RecordOrder
	sign  func(message []byte) []byte // nil: messages are not signed
}

// purchases generates clean imports of the last hours.
func (d *desk) purchases(n int, bonded float64) []*purchase {
	d.t.Helper()
	g := generate.New(generate.Options{Orders: n, Seed: 7, Bonded: bonded, Start: time.Now().Add(-5 * time.Hour), Every: time.Minute})
	var all []*purchase
	for {
		set, ok := g.Next()
		if !ok {
			return all
		}
		all = append(all, &purchase{d: d, set: set, key: types.Keyed(types.Hash{1}, "key", set.Number), seeds: map[string]types.Secret{}})
	}
}

func (p *purchase) fieldsOf(doc *ceb.Document) (fields []types.DocumentField) {
	for _, f := range doc.Fields() {
		fields = append(fields, types.DocumentField{Path: f.Path, Value: f.Value})
	}
	return fields
}

func (p *purchase) commit(doc *ceb.Document) types.Hash {
	p.d.t.Helper()
	p.seeds[doc.Kind] = types.Keyed(types.Hash{2}, doc.Kind, p.set.Number)
	root, err := types.DocumentRoot(doc.Kind, p.fieldsOf(doc), p.seeds[doc.Kind])
	if err != nil {
		p.d.t.Fatal(err)
	}
	return root
}

func (p *purchase) tag(doc *ceb.Document, value, name string) types.Hash {
	for _, v := range ceb.MatchValues(doc) {
		if v.Name == value {
			return types.MatchTag(p.key, name, v.Value)
		}
	}
	return types.Hash{}
}

func (p *purchase) stream(slot string, doc *ceb.Document) string {
	at, err := ceb.Issued(doc)
	id, err2 := types.StreamID(types.Hash{3}, slot, ceb.Number(doc), at)
	if err := errors.Join(err, err2); err != nil {
		p.d.t.Fatal(err)
	}
	return id
}

func seqOf(doc *ceb.Document) int64 {
	_, seq := ceb.Version(doc)
	return seq
}

// match says the order, payment and waybill on the ledger, and delivers them.
func (p *purchase) match() {
	p.d.t.Helper()
	o, pay, bill := &p.set.Order, &p.set.Payment, &p.set.Waybill
	number := p.set.Number
	lock := func(slot string) types.Hash { return types.NumberLock(types.NumberTag(p.key, slot, number)) }
	p.order = &types.RecordOrder{
		Order: p.stream(types.SlotOrder, o), Seq: seqOf(o), Flow: types.FlowImport, Document: p.commit(o),
		Payment: lock(types.SlotPayment), Waybill: lock(types.SlotWaybill), Declaration: lock(types.SlotDeclaration),
		Amount: p.tag(o, ceb.TagAmount, types.TagAmount), Merchant: p.tag(o, ceb.TagMerchant, types.TagMerchant),
		Goods: p.tag(o, ceb.TagGoods, types.TagGoods), Payer: p.tag(o, ceb.TagPayer, types.TagPayer), Consignee: p.tag(o, ceb.TagConsignee, types.TagConsignee),
	}
	p.id = types.OrderID(deskShop + "/" + p.order.Order)
	p.d.must(deskShop, p.order)
	p.d.must(deskPay, &types.RecordPayment{
		Order: p.id, Payment: p.stream(types.SlotPayment, pay), Seq: seqOf(pay), Document: p.commit(pay), Number: types.NumberTag(p.key, types.SlotPayment, number),
		Amount: p.tag(pay, ceb.TagAmount, types.TagAmount), Payer: p.tag(pay, ceb.TagPayer, types.TagPayer),
	})
	p.d.must(deskCarrier, &types.RecordWaybill{
		Order: p.id, Waybill: p.stream(types.SlotWaybill, bill), Seq: seqOf(bill), Document: p.commit(bill), Number: types.NumberTag(p.key, types.SlotWaybill, number),
		Consignee: p.tag(bill, ceb.TagConsignee, types.TagConsignee), Parcel: p.tag(bill, ceb.TagWaybill, types.TagParcel),
	})
	p.d.orders = append(p.d.orders, p.id)
	slices.Sort(p.d.orders)
	p.deliver(deskShop, "order/"+string(p.id), o)
	p.deliver(deskPay, "payment/"+deskPay+"/"+p.stream(types.SlotPayment, pay), pay)
	p.deliver(deskCarrier, "waybill/"+deskCarrier+"/"+p.stream(types.SlotWaybill, bill), bill)
}

// declare files the list with the office, and delivers it.
func (p *purchase) declare() {
	p.d.t.Helper()
	l := &p.set.List
	mode, _ := strconv.ParseUint(l.Get("tradeMode"), 10, 64)
	p.list = &types.Declare{
		Order: p.id, Declaration: p.stream(types.SlotDeclaration, l), Seq: seqOf(l), Document: p.commit(l), Number: types.NumberTag(p.key, types.SlotDeclaration, p.set.Number),
		Payer: p.tag(l, ceb.TagPayer, types.TagPayer), Parcel: p.tag(l, ceb.TagWaybill, types.TagParcel), Merchant: p.tag(l, ceb.TagMerchant, types.TagMerchant),
		Goods: p.tag(l, ceb.TagGoods, types.TagGoods), Office: deskOffice, Mode: mode, Grant: p.d.order(p.id).Quota[0].Grant,
	}
	for i, line := range l.Lines {
		qty, _ := ceb.ParseDecimal(deskField(line, "qty"))
		pieces, step := types.Pieces(int64(qty))
		d := types.DeclaredLine{Anchor: types.ReturnAnchor(types.ReturnSeed(p.seeds[l.Kind], i), pieces)}
		if mode == 1210 {
			d.Book = types.BookID(deskZone + "/" + types.BookName(types.Hash{4}, l.Get("emsNo"), deskField(line, "itemRecordNo")))
			d.Quantity, d.Step = int64(qty), step
			_, name, _ := strings.Cut(string(d.Book), "/")
			p.d.must(deskZone, &types.CreditBook{Book: name, Entry: ulidNow(), Quantity: int64(qty), Document: types.Hash{5}})
		}
		p.list.Lines = append(p.list.Lines, d)
	}
	p.d.must(deskBroker, p.list)
	p.deliver(deskBroker, "declaration/"+deskBroker+"/"+p.list.Declaration, l)
}

func deskField(line []ceb.Field, name string) string {
	for _, f := range line {
		if strings.HasSuffix(f.Path, "/"+name) {
			return f.Value
		}
	}
	return ""
}

// deliver seals a document for the office, as its sender's node would hand it on.
func (p *purchase) deliver(from, record string, doc *ceb.Document) {
	p.d.t.Helper()
	message, err := ceb.Write(&ceb.Message{
		Kind: doc.Kind, GUID: "4CDE1CFD-EDED-46B1-946C-B8022E42FC94", Version: "1.0", Documents: []ceb.Document{*doc},
		Transfer: ceb.BaseTransfer{CopCode: "3301986A00", CopName: "test", DxpMode: "DXP", DxpID: "DXP1"},
	})
	if err != nil {
		p.d.t.Fatal(err)
	}
	if p.sign != nil {
		message = p.sign(message)
	}
	s, err := sealed.Seal(&types.Delivery{Format: types.DeliveryFormat, Chain: chainID, From: from, Message: message, Documents: []types.DeliveredDocument{{
		Record: record, Order: p.id, Seq: seqOf(doc), Seed: p.seeds[doc.Kind], Root: p.commit(doc), MatchKey: p.key,
	}}}, []sealed.Reader{{Member: deskOffice, Recipient: p.d.reader.Recipient().String()}})
	if err == nil {
		err = s.Sign(p.d.keys[from])
	}
	if err == nil {
		p.d.names[s], err = s.ID()
	}
	if err != nil {
		p.d.t.Fatal(err)
	}
	p.d.vault = append(p.d.vault, s)
}

// deskReplace replaces a field of a document.
func deskReplace(doc *ceb.Document, name, value string) {
	doc.Head = slices.Clone(doc.Head)
	for i := range doc.Head {
		if strings.HasSuffix(doc.Head[i].Path, "/"+name) {
			doc.Head[i].Value = value
		}
	}
}

// goodsOf is what an order's goods are worth.
func (p *purchase) goodsOf() ceb.Decimal {
	v, err := ceb.ParseDecimal(p.set.Order.Get("goodsValue"))
	if err != nil {
		p.d.t.Fatal(err)
	}
	return v
}

var lastULID int64

// ulidNow names something made now, later than the last.
func ulidNow() string {
	lastULID++
	id, _ := types.StreamID(types.Hash{9}, "any", fmt.Sprint(lastULID), time.Now().UnixMilli()+lastULID)
	return id
}

// setRates puts the generator's rates on the ledger, as an office would: from a spreadsheet.
func (d *desk) setRates() {
	d.t.Helper()
	rates := "gcode,vat,consumption,barred,from\n"
	for _, r := range []string{"0902,9,0", "19,13,", "9619,13,0", "3304,13,0", "330499002,13,15", "33041,13,15", "3305,13,0", "21,13,0", "20,13,0", "0901,13,0", "85,13%,0"} {
		rates += r + ",,\n"
	}
	writeFile(d.t, d.home, "rates.csv", []byte(rates))
	d.ok("tariff", "set", "--file", filepath.Join(d.home, "rates.csv"), "--member", deskOffice, "--wait")
	// Orders are judged by the rates of their time: these begin before them only in this test.
	for _, code := range []string{"0902", "19", "9619", "3304", "330499002", "33041", "3305", "21", "20", "0901", "85"} {
		d.backdate("tariff/" + code)
	}
}

// backdate makes a tariff be in force since long ago.
func (d *desk) backdate(key string) {
	d.t.Helper()
	raw, err := d.store.Get(key)
	var tariff types.Tariff
	if err = errors.Join(err, types.Decode(raw, &tariff)); err != nil {
		d.t.Fatalf("%s: %v", key, err)
	}
	tariff.Versions[0].From = 1
	data, err := types.Encode(&tariff)
	if err != nil {
		d.t.Fatal(err)
	}
	d.height++
	if _, err := d.store.Apply(d.height, []store.Write{{Key: key, Value: data}}); err != nil {
		d.t.Fatal(err)
	}
	if err := d.store.Commit(nil); err != nil {
		d.t.Fatal(err)
	}
}

// queued is a line of `carya customs queue --json`.
type queued struct {
	Order   types.OrderID
	Waits   string
	State   string
	Checked []string
	Tax     *struct{ Stated, Least, Most string }
	Flags   []struct{ Flag, Weight, Slot, Text string }
}

func (q *queued) has(flag string) bool {
	return slices.ContainsFunc(q.Flags, func(f struct{ Flag, Weight, Slot, Text string }) bool { return f.Flag == flag })
}

func (d *desk) queue(args ...string) map[types.OrderID]*queued {
	d.t.Helper()
	all := map[types.OrderID]*queued{}
	for _, q := range deskLines[queued](d.t, d.ok(append([]string{"customs", "queue", "--json"}, args...)...)) {
		all[q.Order] = &q
	}
	return all
}
