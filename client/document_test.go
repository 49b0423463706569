package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/generate"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/sealed"
)

// archiveHeight is the block with the documents.
const archiveHeight = 6

// The documents of that block.
const (
	privateOrder   = "order/lantu/01KAR2HQH0N7DPSEYSB6DNYX4R"
	privatePayment = "payment/tianmu-pay/01KAR2HQJ0N7DPSEYSB6DNYX4S"
	privateLost    = "order/lantu/01KAR2HQJ0N7DPSEYSB6DNYX4T" // never recorded
)

// storedDocument is a document as the archive keeps it.
type storedDocument struct {
	Format string                `json:"format"`
	Chain  string                `json:"chain"`
	Record string                `json:"record"`
	Kind   string                `json:"kind"`
	Seq    int64                 `json:"seq"`
	Seed   types.Secret          `json:"seed"`
	Root   types.Hash            `json:"root"`
	Fields []types.DocumentField `json:"fields"`
	Name   string                `json:"name,omitempty"`
}

func newStored(t testing.TB, record, kind string, fields ...types.DocumentField) *storedDocument {
	t.Helper()
	d := &storedDocument{
		Format: "carya-document/1", Chain: chainID, Record: record, Kind: kind, Seq: chainStart,
		Seed: types.Secret(seed(record + kind)), Fields: fields,
	}
	var err error
	if d.Root, err = types.DocumentRoot(kind, fields, d.Seed); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *storedDocument) ulid() string { return d.Record[strings.LastIndexByte(d.Record, '/')+1:] }

func (d *storedDocument) file(t testing.TB) []byte {
	t.Helper()
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// archiveTest is a chain with a block that holds an order with a payment, and the documents behind them.
type archiveTest struct {
	*fakeChain
	order, changed, payment, original, lost *storedDocument
	cancel                                  *storedDocument // has no record of its own
}

// newArchiveTest makes one; original are the fields of the record behind the payment.
func newArchiveTest(t *testing.T, original ...types.DocumentField) *archiveTest {
	a := &archiveTest{fakeChain: newChain(t)}
	fields := func(amount string) []types.DocumentField {
		return []types.DocumentField{
			{Path: "OrderHead/orderNo", Value: "LT-1"}, {Path: "OrderHead/acturalPaid", Value: amount}, {Path: "OrderHead/buyerName", Value: "张三"},
			{Path: "OrderList[0]/itemName", Value: "抹茶"}, {Path: "OrderList[1]/itemName", Value: "山核桃"},
		}
	}
	a.order = newStored(t, privateOrder, "CEB311", fields("129")...)
	a.changed = newStored(t, privateOrder, "CEB311", fields("99")...)
	a.changed.Seq = 1795420900000
	a.lost = newStored(t, privateLost, "CEB311", fields("1")...)
	a.cancel = newStored(t, privateOrder, "CEB623", types.DocumentField{Path: "InvtCancel/orderNo", Value: "LT-1"})
	a.cancel.Name = "01KAR2HQJ0N7DPSEYSB6DNYX4V"
	a.payment = newStored(t, privatePayment, "CEB411", types.DocumentField{Path: "PaymentHead/payTransactionId", Value: "T-1"})
	a.original = newStored(t, privatePayment, "GACC179", original...)
	a.record(t)
	return a
}

// record writes the block with the documents.
func (a *archiveTest) record(t *testing.T) {
	t.Helper()
	event := func(at int64, member string, body types.Body) *types.Event {
		e := a.Event(types.Hash{byte(at)}, 0, member, body)
		e.Time = chainStart + at*1000
		return e
	}
	order := types.OrderID(strings.TrimPrefix(privateOrder, "order/"))
	paid := event(2, "tianmu-pay", &types.RecordPayment{Order: order, Payment: a.payment.ulid(), Document: a.payment.Root, Original: a.original.Root})
	a.Put(privateOrder, &types.Order{State: types.StatePartial, Flow: types.FlowImport, Slots: []types.Slot{
		{Kind: types.SlotOrder, Member: "lantu", ID: a.order.ulid(), Document: a.changed.Root},
		{Kind: types.SlotPayment, Member: "tianmu-pay", ID: a.payment.ulid(), Document: a.payment.Root, Tags: []types.Tag{{Name: types.TagOriginal, Value: a.original.Root}}},
	}},
		event(1, "lantu", &types.RecordOrder{Order: a.order.ulid(), Document: a.order.Root}), paid,
		event(3, "lantu", &types.RecordOrder{Order: a.order.ulid(), Document: a.changed.Root}))
	a.Put(privatePayment, &types.Document{Order: order}, paid)
	a.Commit()
	a.Commit()
}

// furnish writes the documents into a script's home, and what scripts need beside it.
func (a *archiveTest) furnish(t *testing.T, dir string) {
	t.Helper()
	write := func(name string, data []byte) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, dir, name, data)
	}
	for name, d := range map[string]*storedDocument{
		a.order.ulid(): a.order, a.order.ulid() + ".1795420900000": a.changed, a.lost.ulid(): a.lost,
		a.payment.ulid(): a.payment, a.payment.ulid() + ".original": a.original,
		a.cancel.Name: a.cancel,
	} {
		write("home/documents/"+name+".json", d.file(t))
	}
	write("genesis.json", a.File)
	write("trust.json", a.trustFile(t))
	write("order.proof", evidenceFile(t, a.evidence(t, evidence.ClaimHistory, privateOrder)))
	write("lantu.hex", []byte(a.keyHex("lantu")+"\n"))
}

// fakeVault is a node's store of deliveries.
type fakeVault struct {
	mu      sync.Mutex
	entries []map[string]any
	covers  map[string]*types.Sealed
	token   string
}

func newVault() *fakeVault {
	v := &fakeVault{covers: map[string]*types.Sealed{}}
	for i, records := range [][]string{{privateOrder}, {privateOrder, privatePayment}, {privateLost}} {
		v.entries = append(v.entries, map[string]any{
			"seq": i + 1, "id": types.Hash{byte(i + 1)}, "from": "lantu", "to": []string{"hangzhou-customs"}, "records": records, "time": chainStart, "size": 100,
		})
	}
	return v
}

func (v *fakeVault) serve(w http.ResponseWriter, r *http.Request) bool {
	rest, mine := strings.CutPrefix(r.URL.Path, "/v1/documents")
	if !mine {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	id := strings.TrimPrefix(rest, "/")
	at := slices.IndexFunc(v.entries, func(e map[string]any) bool { return fmt.Sprint(e["id"]) == id })
	switch {
	case v.token != "" && r.Header.Get("Authorization") != "Bearer "+v.token:
		problem(w, 401, types.OK, "", "a token is needed")
	case id == "":
		found := slices.DeleteFunc(slices.Clone(v.entries), func(e map[string]any) bool {
			return !slices.Contains(e["records"].([]string), r.URL.Query().Get("record")) || fmt.Sprint(e["seq"]) <= r.URL.Query().Get("after")
		})
		answer(w, 200, map[string]any{"documents": found, "next": "x"})
	case r.Method == http.MethodGet && v.covers[id] != nil:
		answer(w, 200, v.covers[id])
	case at < 0 || r.Method != http.MethodDelete:
		problem(w, 404, types.NotFound, "id", "no such delivery")
	default:
		v.entries = slices.Delete(v.entries, at, at+1)
		w.WriteHeader(204)
	}
	return true
}

// scriptFile is a file that scripts find.
type scriptFile struct {
	name string
	data []byte
}

// TestDocumentCommands runs the scripts in testdata/document: a home with documents, and a node whose chain holds their
// roots.
func TestDocumentCommands(t *testing.T) {
	runArchiveScripts(t, "testdata/document", newArchiveTest(t, types.DocumentField{Path: "payTransactionId", Value: "T-1"}))
}

// runArchiveScripts runs scripts with a home of documents. Files that are named stand in each script's folder.
func runArchiveScripts(t *testing.T, scripts string, chain *archiveTest, files ...scriptFile) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:           scripts,
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			node, vault := newNode(t, chain.fakeChain), newVault()
			node.before = vault.serve
			env.Values["node"], env.Values["vault"], env.Values["chain"] = node, vault, chain
			env.Setenv("CARYA_NODE", node.server.URL)
			env.Setenv("CARYA_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("CARYA_PASSWORD", "correct horse")
			env.Setenv("LANG", "en_US.UTF-8")
			env.Setenv("LC_ALL", "")
			env.Setenv("LC_MESSAGES", "")
			env.Setenv("ORDER", privateOrder)
			env.Setenv("PAYMENT", privatePayment)
			env.Setenv("LOST", privateLost)
			chain.furnish(t, env.WorkDir)
			for _, f := range files {
				writeFile(t, env.WorkDir, f.name, f.data)
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"carya!": exitCode, "node": nodeCommand, "sent": sentCommand, "vault": vaultCommand, "seal": sealCommand, "edit": editCommand,
		},
	})
}

// vaultCommand counts the deliveries in the store, or sets its token: `vault 3`, `vault token T`.
func vaultCommand(ts *testscript.TestScript, _ bool, args []string) {
	v := ts.Value("vault").(*fakeVault)
	v.mu.Lock()
	defer v.mu.Unlock()
	if args[0] == "token" {
		v.token = args[1]
	} else if got := fmt.Sprint(len(v.entries)); got != args[0] {
		ts.Fatalf("the store holds %s deliveries, want %s", got, args[0])
	}
}

// sealCommand makes a delivery for the reader of this home: `seal FILE [signer [false-root]]`. It also lies in the store.
func sealCommand(ts *testscript.TestScript, _ bool, args []string) {
	set, _ := generate.New(generate.Options{Orders: 1, Seed: 4}).Next()
	message, err := ceb.Write(&ceb.Message{
		Kind: "CEB311", GUID: "4CDE1CFD-EDED-46B1-946C-B8022E42FC94", Version: "1.0", Documents: []ceb.Document{set.Order},
		Transfer: ceb.BaseTransfer{CopCode: "1105910159", CopName: "Lantu", DxpMode: "DXP", DxpID: "DXPENT1105910159"},
	})
	ts.Check(err)
	parsed, err := ceb.Parse(message)
	ts.Check(err)
	var fields []types.DocumentField
	for _, f := range parsed.Documents[0].Fields() {
		fields = append(fields, types.DocumentField{Path: f.Path, Value: f.Value})
	}
	one := types.DeliveredDocument{Record: privateOrder, Order: types.OrderID(privateOrder[6:]), Seq: chainStart, Seed: types.Secret{5}}
	one.Root, err = types.DocumentRoot("CEB311", fields, one.Seed)
	ts.Check(err)
	if len(args) > 2 {
		one.Root[0]++
	}
	cover, err := sealed.Seal(&types.Delivery{
		Format: types.DeliveryFormat, Chain: chainID, From: "lantu", Message: message, Documents: []types.DeliveredDocument{one},
	}, []sealed.Reader{{Member: "hangzhou-customs", Recipient: recipient(ts)}})
	ts.Check(err)
	signer := "lantu"
	if len(args) > 1 {
		signer = args[1]
	}
	ts.Check(cover.Sign(ts.Value("chain").(*archiveTest).Keys[signer]))
	data, err := json.Marshal(cover)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
	id, err := cover.ID()
	ts.Check(err)
	v := ts.Value("vault").(*fakeVault)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.covers[id.String()] = cover
	ts.Setenv("DELIVERY", id.String())
}

// recipient reads the public half of the newest key of this home.
func recipient(ts *testscript.TestScript) string {
	for line := range strings.Lines(ts.ReadFile("home/reader.key")) {
		if key, found := strings.CutPrefix(line, "# public key: "); found {
			return strings.TrimSpace(key)
		}
	}
	ts.Fatalf("home/reader.key names no public key")
	return ""
}

// TestDisclosureOfRecord mutates what says which ledger holds a disclosure: nothing of it may be changed.
func TestDisclosureOfRecord(t *testing.T) {
	chain := newArchiveTest(t)
	made := func() *evidence.Evidence {
		return chain.field(t, privateOrder, chain.order.Kind, chain.order.Fields, chain.order.Seed, 1)
	}
	v, err := client.VerifyDisclosure(evidenceFile(t, made()), chain.Trust())
	if err != nil {
		t.Fatal(err)
	}
	if v.Ledger.Member != "lantu" || v.Ledger.Height != archiveHeight || !v.Ledger.Replaced || v.Fields[0].Value != "129" {
		t.Errorf("got %+v", v.Ledger)
	}
	for name, row := range map[string]struct {
		change func(e *evidence.Evidence, c *evidence.Claim)
		want   evidence.Reason
	}{
		"chain":  {func(e *evidence.Evidence, _ *evidence.Claim) { e.Chain = "another" }, evidence.ChainDiffers},
		"record": {func(_ *evidence.Evidence, c *evidence.Claim) { c.Document.Record = privateLost }, evidence.CommitmentDiffer},
		"another": {func(_ *evidence.Evidence, c *evidence.Claim) {
			c.Document.Record = "order/coop-linan/" + chain.order.ulid()
		}, evidence.CommitmentDiffer},
		"root":    {func(_ *evidence.Evidence, c *evidence.Claim) { c.Document.Root[3]++ }, evidence.CommitmentDiffer},
		"value":   {func(_ *evidence.Evidence, c *evidence.Claim) { c.Document.Fields[1].Value = "99" }, evidence.FieldUnproven},
		"none":    {func(_ *evidence.Evidence, c *evidence.Claim) { c.Events = nil }, evidence.EventUnproven},
		"claim":   {func(_ *evidence.Evidence, c *evidence.Claim) { c.Claim = evidence.ClaimEvent }, evidence.ClaimUnknown},
		"key":     {func(_ *evidence.Evidence, c *evidence.Claim) { c.Key = "order/" + testOrder }, evidence.KeyUnproven},
		"height":  {func(_ *evidence.Evidence, c *evidence.Claim) { c.Height++ }, evidence.StateMissing},
		"place":   {func(_ *evidence.Evidence, c *evidence.Claim) { c.Index++ }, evidence.EventUnproven},
		"nothing": {func(_ *evidence.Evidence, c *evidence.Claim) { c.Document = nil }, evidence.ClaimUnknown},
		"unsigned": {func(e *evidence.Evidence, _ *evidence.Claim) {
			*e = *chain.ask(t, &evidence.Asked{Claims: []evidence.Ask{{Claim: evidence.ClaimEvent, Key: privateOrder}}}, "hangzhou-customs")
			e.Claims[0] = made().Claims[0]
		}, evidence.PowerShort},
	} {
		e := made()
		row.change(e, &e.Claims[0])
		_, err := client.VerifyDisclosure(evidenceFile(t, e), chain.Trust())
		wantRefused(t, name, err, row.want)
	}
}

// A file that shows fields without evidence is a file without evidence.
func TestDisclosureOffline(t *testing.T) {
	chain := newArchiveTest(t)
	part, err := types.Disclose(chain.order.Kind, chain.order.Fields, chain.order.Seed, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	part.Record = privateOrder
	write := func(part types.DocumentPart) []byte {
		file, err := json.Marshal(&types.Disclosure{Format: types.DisclosureFormat, Chain: chainID, DocumentPart: part})
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	v, err := client.VerifyDisclosure(write(*part), nil)
	if err != nil || v.Ledger != nil || v.Fields[0].Value != "129" {
		t.Errorf("got %+v, %v", v, err)
	}
	_, err = client.VerifyDisclosure(write(*part), chain.Trust())
	wantRefused(t, "with trust", err, evidence.EventUnproven)
	part.Fields[1].Value = "99"
	_, err = client.VerifyDisclosure(write(*part), nil)
	wantRefused(t, "changed", err, evidence.FieldUnproven)
	_, err = client.VerifyDisclosure([]byte(`{"format":"carya-disclosure/1","fields":7}`), nil)
	wantRefused(t, "no disclosure", err, evidence.Malformed)
	_, err = client.VerifyDisclosure(evidenceFile(t, chain.evidence(t, evidence.ClaimRecord, privateOrder)), nil)
	wantRefused(t, "evidence of something else", err, evidence.ClaimUnknown)
}

func FuzzVerifyDisclosure(f *testing.F) {
	part, err := types.Disclose("CEB311", []types.DocumentField{{Path: "a", Value: "1"}}, types.Secret{1}, []int{0})
	if err != nil {
		f.Fatal(err)
	}
	file, _ := json.Marshal(&types.Disclosure{Format: types.DisclosureFormat, Chain: chainID, DocumentPart: *part})
	f.Add(file)
	chain := newChain(f)
	d := chaintest.PrivateDocument
	f.Add(evidenceFile(f, chain.field(f, "order/"+testOrder, d.Kind, d.Fields, d.Seed, 0)))
	root, err := types.DocumentRoot(d.Kind, d.Fields, d.Seed)
	if err != nil {
		f.Fatal(err)
	}
	trust := chain.Trust()
	chain.Store.Close() // its goroutines would confuse the fuzzer
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := client.VerifyDisclosure(file, nil)
		if err == nil && !v.Proven {
			t.Error("neither proven nor an error")
		}
		if v, err := client.VerifyDisclosure(file, trust); err == nil && v.Root != root {
			t.Errorf("proven is the document %s, the chain holds only %s", v.Root, root)
		}
	})
}

// TestReaderKeys holds the file of the keys to what age itself reads.
func TestReaderKeys(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	older, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	writeFile(t, home, "reader.key", []byte("# made by age-keygen\n"+key.String()+"\n"+older.String()+"\n"))
	identity, err := client.ReadIdentity(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []*age.X25519Identity{key, older} {
		d := &types.Delivery{Format: types.DeliveryFormat, Chain: chainID, From: "lantu", Documents: []types.DeliveredDocument{{Record: privateOrder}}}
		cover, err := sealed.Seal(d, []sealed.Reader{{Member: "hangzhou-customs", Recipient: to.Recipient().String()}})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := sealed.Open(cover, identity); err != nil || back.From != "lantu" {
			t.Errorf("got %v, %v", back, err)
		}
	}
	writeFile(t, home, "reader.key", []byte("no key\n"))
	if _, err := client.ReadIdentity(home); err == nil {
		t.Error("a file without a key: no error")
	}
}
