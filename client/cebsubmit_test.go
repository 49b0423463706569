package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/generate"
)

// cebPurchases are sets of documents of the fake chain's members.
func cebPurchases(n int, change func(*generate.Options)) []*generate.Set {
	o := generate.Options{
		Orders: n, Seed: 7, Start: time.Now().Add(-2 * time.Hour), Every: time.Second,
		Platforms: []generate.Company{{Code: "1105910159", Name: "Lantu"}}, Payers: []generate.Company{{Code: "1101110323", Name: "Tianmu Pay"}},
		Carriers: []generate.Company{{Code: "1101180326", Name: "Qianjiang"}}, Declarants: []generate.Company{{Code: "1105980159", Name: "Tong Guan"}},
		Customs: []string{"2900"},
	}
	if change != nil {
		change(&o)
	}
	var sets []*generate.Set
	for g := generate.New(o); ; {
		set, more := g.Next()
		if !more {
			return sets
		}
		sets = append(sets, set)
	}
}

// stalls are the four members that serve an order.
type stalls struct{ platform, payer, carrier, declarant *stall }

func (l *trade) stalls(t *testing.T) stalls {
	t.Helper()
	return stalls{l.stall(t, "lantu"), l.stall(t, "tianmu-pay"), l.stall(t, "qianjiang-express"), l.stall(t, declarant)}
}

// match brings a purchase to MATCHED.
func (d *stalls) match(set *generate.Set) {
	d.platform.puts("order.xml", set.Order)
	d.platform.submit(0)
	for _, other := range []*stall{d.payer, d.carrier, d.declarant} {
		other.takesTickets(d.platform)
	}
	d.payer.puts("payment.xml", set.Payment)
	d.payer.submit(0)
	d.carrier.puts("waybill.xml", set.Waybill)
	d.carrier.submit(0)
}

// withField replaces a field of a document.
func withField(d ceb.Document, name, value string) ceb.Document {
	d.Head = slices.Clone(d.Head)
	for i := range d.Head {
		if strings.HasSuffix(d.Head[i].Path, "/"+name) {
			d.Head[i].Value = value
		}
	}
	return d
}

// An import from its order to its return: each document waits for what must come before it, is answered, and goes to
// customs; customs' decisions follow.
func TestSubmitStory(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	set := cebPurchases(1, nil)[0]

	d.payer.puts("payment.xml", set.Payment)
	if out := d.payer.submit(1); !strings.Contains(out, "waiting: there is no ticket of order") || len(l.txs) != 0 {
		t.Errorf("a payment without a ticket: %d transactions\n%s", len(l.txs), out)
	}
	d.payer.none("payment.CEB412.xml")
	d.declarant.puts("in/list.xml", set.List)
	d.match(set)
	d.platform.receipt("order.CEB312.xml", "120")
	d.payer.receipt("payment.CEB412.xml", "120")
	d.carrier.receipt("waybill.CEB512.xml", "120")

	if out := d.declarant.submit(1); !strings.Contains(out, "customs has not granted the buyer's quota") {
		t.Errorf("a list without quota:\n%s", out)
	}
	l.grant()
	if out := d.declarant.submit(0); !strings.Contains(out, "recorded, declaration/"+declarant) {
		t.Errorf("got %s", out)
	}
	r := d.declarant.receipt("in/list.CEB622.xml", "120")
	if pre := r.Documents[0].Get("preNo"); len(pre) != 18 || !strings.Contains(r.Documents[0].Get("returnInfo"), chainID) {
		t.Errorf("got preNo %q and %q", pre, r.Documents[0].Get("returnInfo"))
	}

	l.decide(types.StatusAccept, types.StateAccepted, 0)
	l.decide(types.StatusAudit, types.StateAudited, 0)
	l.decide(types.StatusRelease, types.StateReleased, 0)
	d.declarant.submit(0)
	for _, name := range []string{"in/list.CEB622-120.xml", "in/list.CEB622-399.xml", "in/list.CEB622-800.xml"} {
		d.declarant.receipt(name, strings.TrimSuffix(name[len("in/list.CEB622-"):], ".xml"))
	}
	d.signAndReturn(t, set)
	sent := len(l.txs)
	for _, one := range []*stall{d.platform, d.payer, d.carrier} {
		one.submit(0)
	}
	if d.declarant.submit(1); len(l.txs) != sent { // one return is refused
		t.Errorf("%d transactions were sent for what is recorded", len(l.txs)-sent)
	}
}

func (d *stalls) signAndReturn(t *testing.T, set *generate.Set) {
	t.Helper()
	l := d.platform.trade
	d.carrier.puts("left.xml", statusOf(set, "L"))
	d.carrier.puts("signed.xml", statusOf(set, "S"))
	out := d.carrier.submit(0)
	if !strings.Contains(out, `logisticsStatus "L" is not recorded`) {
		t.Errorf("a status that is not S: %s", out)
	}
	d.carrier.receipt("signed.CEB514.xml", "120")
	d.carrier.receipt("left.CEB514.xml", "120")

	d.declarant.puts("return.xml", returnOf(set, "20260101000001", 1, "1"))
	d.declarant.submit(0)
	d.declarant.receipt("return.CEB626.xml", "120")
	d.declarant.puts("second.xml", returnOf(set, "20260101000002", 1, "1"))
	if out := d.declarant.submit(1); !strings.Contains(out, "customs has not decided the return before this one") {
		t.Errorf("a second return: %s", out)
	}
	d.declarant.none("second.CEB626.xml")
	l.decideReturns(types.StatusAudit, types.StateReturning)
	l.decideReturns(types.StatusRelease, types.StateReturned)
	d.declarant.puts("second.xml", returnOf(set, "20260101000003", 1, "999"))
	if out := d.declarant.submit(1); !strings.Contains(out, "a token for more cannot be made") {
		t.Errorf("too much: %s", out)
	}
	d.declarant.receipt("return.CEB626-399.xml", "399")
	d.declarant.receipt("return.CEB626-800.xml", "800")
	if info := d.declarant.receipt("second.CEB626.xml", "100").Documents[0].Get("returnInfo"); !strings.HasPrefix(info, "[Code:-625014;Desc:退货数量") {
		t.Errorf("got %s", info)
	}
}

// envelope is the head that the documents after a list have in common.
func envelope(set *generate.Set, guid string) []ceb.Field {
	head := []ceb.Field{{Path: "guid", Value: guid}, {Path: "appType", Value: "1"}, {Path: "appTime", Value: set.List.Get("appTime")}, {Path: "appStatus", Value: "2"}}
	for _, name := range []string{
		"customsCode", "orderNo", "ebpCode", "ebpName", "ebcCode", "ebcName", "logisticsNo", "logisticsCode", "logisticsName",
		"buyerIdType", "buyerIdNumber", "buyerName", "buyerTelephone", "agentCode", "agentName",
	} {
		head = append(head, ceb.Field{Path: name, Value: set.List.Get(name)})
	}
	return append(head, ceb.Field{Path: "invtNo", Value: "290020260000000001"}, ceb.Field{Path: "reason", Value: "changed mind"})
}

func returnOf(set *generate.Set, cop string, gnum int, qty string) ceb.Document {
	d := ceb.Document{Kind: "CEB625", Head: append(envelope(set, "4CDE1CFD-EDED-46B1-946C-B8022E42FC"+cop[12:]), ceb.Field{Path: "copNo", Value: cop})}
	line := []ceb.Field{{Path: "gnum", Value: fmt.Sprint(gnum)}, {Path: "qty", Value: qty}}
	for _, name := range []string{"gcode", "gname", "unit"} {
		for _, f := range set.List.Lines[gnum-1] {
			if strings.HasSuffix(f.Path, "/"+name) {
				line = append(line, ceb.Field{Path: name, Value: f.Value})
			}
		}
	}
	d.Lines = [][]ceb.Field{line}
	return d
}

func cancelOf(set *generate.Set) ceb.Document {
	return ceb.Document{Kind: "CEB623", Head: append(envelope(set, "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"), ceb.Field{Path: "copNo", Value: "cancel1"})}
}

func statusOf(set *generate.Set, status string) ceb.Document {
	now := time.Now().In(time.FixedZone("", 8*60*60)).Format("20060102150405")
	return ceb.Document{Kind: "CEB513", Head: []ceb.Field{
		{Path: "guid", Value: "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"}, {Path: "appType", Value: "1"}, {Path: "appTime", Value: now}, {Path: "appStatus", Value: "2"},
		{Path: "logisticsCode", Value: set.Waybill.Get("logisticsCode")}, {Path: "logisticsName", Value: "Qianjiang"},
		{Path: "logisticsNo", Value: set.Waybill.Get("logisticsNo")}, {Path: "logisticsStatus", Value: status}, {Path: "logisticsTime", Value: now},
	}}
}

// What goes to customs opens what the ledger holds.
func TestDeliver(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	sets := cebPurchases(3, nil)
	d.platform.puts("orders.xml", sets[0].Order, sets[1].Order, withField(sets[2].Order, "acturalPaid", "1"))
	d.platform.submit(1)
	d.platform.receipt("orders.CEB312.xml", "120", "120", "100")
	got := l.opened(t, "lantu")
	if len(got) != 1 || len(got[0].Documents) != 2 {
		t.Fatalf("got %d deliveries, want one with the two orders that are recorded", len(got))
	}
	message, err := ceb.Parse(got[0].Message)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range got[0].Documents {
		var fields []types.DocumentField
		for _, f := range message.Documents[one.Index].Fields() {
			fields = append(fields, types.DocumentField{Path: f.Path, Value: f.Value})
		}
		root, err := types.DocumentRoot("CEB311", fields, one.Seed)
		slot := l.orders[one.Order].Slot(types.SlotOrder)
		if err != nil || root != one.Root || slot.Document != root || one.Record != "order/"+string(one.Order) {
			t.Errorf("%s: root %s, the ledger has %s, %v", one.Record, root, slot.Document, err)
		}
		if slot.Tag(types.SlotPayment) != types.NumberLock(types.NumberTag(one.MatchKey, types.SlotPayment, message.Documents[one.Index].Get("orderNo"))) {
			t.Errorf("%s: the match key does not make the order's tags", one.Record)
		}
	}
	if d.platform.submit(1); len(l.opened(t, "lantu")) != 1 {
		t.Errorf("what was delivered is delivered again")
	}
}

// A node without a vault keeps the deliveries in the outbox, and one that has it gets them.
func TestOutbox(t *testing.T) {
	l := newTrade(t)
	p := l.stall(t, "lantu")
	p.puts("order.xml", cebPurchases(1, nil)[0].Order)
	l.routes = false
	p.submit(2)
	p.submit(0, "--unsigned")
	if waiting, _ := filepath.Glob(filepath.Join(p.home, "outbox", "*.json")); len(waiting) != 1 {
		t.Fatalf("got %v", waiting)
	}
	l.routes = true
	p.submit(0)
	if waiting, _ := filepath.Glob(filepath.Join(p.home, "outbox", "*.json")); len(waiting) != 0 || len(l.opened(t, "lantu")) != 1 {
		t.Errorf("got %v and %d deliveries", waiting, len(l.sealed))
	}
}

// The node dies between the block and the answer, and so does the tool. The next run finds everything recorded once.
func TestResume(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	sets := cebPurchases(30, nil)
	for i, set := range sets {
		d.platform.puts(fmt.Sprintf("order-%d.xml", i), set.Order)
	}
	l.deaf = 1
	ctx, end := context.WithCancel(t.Context())
	l.fakeNode.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/transactions" {
			defer end()
		}
		return l.serve(w, r)
	}
	if err := d.platform.watches(ctx, "--once"); err == nil {
		t.Fatal("the run went on")
	}
	if open, _ := filepath.Glob(filepath.Join(d.platform.home, "sent", "*.tx")); len(open) != 1 || len(l.txs) != 1 {
		t.Fatalf("got %v in the journal and %d transactions", open, len(l.txs))
	}
	d.platform.none("order-0.CEB312.xml")
	l.fakeNode.before = l.serve
	d.platform.submit(0)
	for i := range sets {
		d.platform.receipt(fmt.Sprintf("order-%d.CEB312.xml", i), "120")
	}
	l.onceEach(t, 30)
	if open, _ := filepath.Glob(filepath.Join(d.platform.home, "sent", "*.tx")); len(open) != 0 {
		t.Errorf("got %v in the journal", open)
	}
}

// onceEach wants so many bodies executed, each once.
func (l *trade) onceEach(t *testing.T, want int) {
	t.Helper()
	l.at.Lock()
	defer l.at.Unlock()
	n := 0
	for body, times := range l.times {
		if !strings.Contains(body, `"flow"`) {
			continue
		}
		if n++; times != 1 {
			t.Errorf("executed %d times: %s", times, body)
		}
	}
	if n != want || len(l.orders) != want {
		t.Errorf("got %d orders in %d bodies, want %d", len(l.orders), n, want)
	}
}

// Every point at which a run can stop leaves something that the next run completes.
func TestResumeFromAnywhere(t *testing.T) {
	for _, stop := range []string{"before the journal", "before the receipt", "before the delivery is taken"} {
		t.Run(stop, func(t *testing.T) {
			l := newTrade(t)
			p := l.stall(t, "lantu")
			p.puts("order.xml", cebPurchases(1, nil)[0].Order)
			switch stop {
			case "before the journal": // the document is stored, and nothing was sent
				p.submit(0)
				clear(l.orders)
				clear(l.records)
				l.put("member/hangzhou-customs", &types.Member{ID: "hangzhou-customs", Roles: []string{types.RoleCustoms}, Reader: l.reader.Recipient().String()})
				l.sealed = nil
			case "before the receipt":
				p.submit(0)
			case "before the delivery is taken":
				l.routes = false
				p.submit(0, "--unsigned")
				l.routes = true
			}
			if err := os.Remove(filepath.Join(p.drop, "order.CEB312.xml")); err != nil {
				t.Fatal(err)
			}
			p.submit(0)
			p.receipt("order.CEB312.xml", "120")
			if len(l.orders) != 1 || len(l.opened(t, "lantu")) == 0 {
				t.Errorf("got %d orders and %d deliveries", len(l.orders), len(l.sealed))
			}
			if stored, _ := filepath.Glob(filepath.Join(p.home, "documents", "*.json")); len(stored) != 1 {
				t.Errorf("got the documents %v", stored)
			}
		})
	}
}

// What is no message, is signed badly, or would be rejected by customs is kept back and answered.
func TestKeptBack(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	set := cebPurchases(1, nil)[0]
	p := d.platform
	p.putsFile("junk.xml", []byte("<html>"))
	p.putsFile("long.xml", bytes.ReplaceAll(messageOf(t, set.Order), []byte("<ceb:currency>142</ceb:currency>"), []byte("<ceb:currency>1420</ceb:currency>")))
	p.putsFile("half.xml.part", []byte("<"))
	p.putsFile("readme.txt", []byte("x"))
	p.puts("sum.xml", withField(set.Order, "acturalPaid", "1"))
	out := p.submit(1)
	for _, want := range []string{"✗ .*junk.xml: MALFORMED", "✗ .*long.xml: FIELD_INVALID", "PAID_SUM"} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	p.receipt("junk.CEB900.xml", "0001")
	p.receipt("long.CEB900.xml", "0002")
	p.receipt("sum.CEB312.xml", "100")
	if len(l.txs) != 0 {
		t.Fatalf("%d transactions were sent", len(l.txs))
	}
	p.puts("junk.xml", set.Order)
	p.submit(1)
	p.none("junk.CEB900.xml")
	p.receipt("junk.CEB312.xml", "120")

	l.unsigned, l.bad = false, "tampered"
	d.payer.takesTickets(p)
	d.payer.puts("payment.xml", set.Payment)
	d.payer.submit(1)
	if info := d.payer.receipt("payment.CEB412.xml", "100").Documents[0].Get("returnInfo"); !strings.HasPrefix(info, "[Code:-621029;") {
		t.Errorf("unsigned: got %s", info)
	}
	d.declarant.takesTickets(p)
	d.declarant.puts("list.xml", withField(set.List, "agentName", "tampered"))
	d.declarant.submit(1)
	if info := d.declarant.receipt("list.CEB622.xml", "100").Documents[0].Get("returnInfo"); !strings.HasPrefix(info, "[Code:1001;") {
		t.Errorf("tampered: got %s", info)
	}
}

func messageOf(t *testing.T, d ceb.Document) []byte {
	t.Helper()
	data, err := ceb.Write(&ceb.Message{
		Kind: d.Kind, GUID: d.Get("guid"), Version: "1.0", Documents: []ceb.Document{d},
		Transfer: ceb.BaseTransfer{CopCode: "1", CopName: "1", DxpMode: "DXP", DxpID: "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A mismatch is told with who has to act, and a corrected payment ends it.
func TestWaitingForMismatch(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	set := cebPurchases(1, nil)[0]
	paid := set.Payment.Get("amountPaid")
	set.Payment = withField(set.Payment, "amountPaid", "1")
	d.match(set)
	d.declarant.puts("list.xml", set.List)
	want := "AMOUNT: the amount that tianmu-pay recorded is not that of the order; tianmu-pay records a newer version"
	if out := d.declarant.submit(1); !strings.Contains(out, want) {
		t.Errorf("got %s", out)
	}
	out := d.declarant.carya(0, "ceb", "status", "--json")
	var v struct {
		State    string
		Needs    string
		Mismatch struct{ Code, Field, Party string }
		Slots    []struct{ Kind, Member string }
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil || v.State != "MISMATCH" || v.Mismatch.Party != "tianmu-pay" || len(v.Slots) != 4 || v.Slots[3].Member != "" {
		t.Errorf("got %v, %s", err, out)
	}
	corrected := withField(withField(withField(set.Payment, "amountPaid", paid), "appType", "2"), "appTime", "20991231235959")
	d.payer.puts("payment.xml", corrected)
	d.payer.submit(0, "--no-check")
	l.grant()
	d.declarant.submit(0)
	if out := d.declarant.carya(0, "ceb", "status", set.Number); !strings.Contains(out, "DECLARED") || !strings.Contains(out, "needs: hangzhou-customs decides") {
		t.Errorf("got %s", out)
	}
	d.declarant.carya(0, "ceb", "ticket", set.Number, "-o", filepath.Join(d.declarant.home, "copy"))
	d.declarant.carya(2, "ceb", "ticket", "none")
	d.declarant.carya(2, "ceb", "status", "none")
}

// A list that customs rejects can be corrected and declared again; a cancellation is answered.
func TestRejectAndCancel(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	set := cebPurchases(1, nil)[0]
	d.match(set)
	l.grant()
	d.declarant.puts("list.xml", set.List)
	d.declarant.submit(0)
	l.decide(types.StatusReject, types.StateMatched, -621005)
	d.declarant.submit(0)
	if info := d.declarant.receipt("list.CEB622-100.xml", "100").Documents[0].Get("returnInfo"); !strings.HasPrefix(info, "[Code:-621005;") {
		t.Errorf("got %s", info)
	}
	d.declarant.puts("list2.xml", withField(withField(set.List, "appType", "2"), "appTime", "20991231235959"))
	d.declarant.submit(0, "--no-check")
	d.declarant.receipt("list2.CEB622.xml", "120")
	d.declarant.puts("cancel.xml", cancelOf(set))
	d.declarant.submit(0)
	d.declarant.receipt("cancel.CEB624.xml", "120")
	l.customsSays("DecideCancel", func(id types.OrderID, o *types.Order) any {
		o.State, o.Clearance[0].Cancelled, o.Clearance[0].Cancel = types.StateCancelled, true, types.Hash{}
		return &types.DecideCancel{Order: id, Status: types.StatusAudit}
	})
	d.declarant.submit(0)
	d.declarant.receipt("cancel.CEB624-399.xml", "399")
	d.declarant.none("list2.CEB622-100.xml")
}

// Export waybills name no order: the table of parcels does.
func TestParcels(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	set := cebPurchases(1, func(o *generate.Options) { o.Export = 1 })[0]
	d.platform.puts("order.xml", set.Order)
	d.platform.submit(0)
	d.carrier.takesTickets(d.platform)
	d.carrier.puts("waybill.xml", set.Waybill)
	if out := d.carrier.submit(1); !strings.Contains(out, "parcels.csv") {
		t.Errorf("got %s", out)
	}
	table := "logisticsCode,logisticsNo,ebpCode,orderNo\n1101180326," + set.Waybill.Get("logisticsNo") + ",1105910159," + set.Number + "\n"
	d.carrier.putsFile("parcels.csv", []byte(table))
	d.carrier.submit(0)
	d.carrier.receipt("waybill.CEB506.xml", "120")
	d.payer.takesTickets(d.platform)
	d.payer.puts("payment.xml", set.Payment)
	d.payer.submit(0)
	d.payer.receipt("payment.CEB404.xml", "120")
	d.declarant.takesTickets(d.platform)
	d.declarant.puts("list.xml", set.List)
	d.declarant.submit(0)
	d.declarant.receipt("list.CEB604.xml", "120")
	for _, o := range l.orders {
		if o.State != types.StateDeclared || o.Flow != types.FlowExport {
			t.Errorf("the order is %s, %s", o.State, o.Flow)
		}
	}
}

// A list under 1210 takes from the warehouse's book.
func TestBonded(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	set := cebPurchases(1, func(o *generate.Options) { o.Bonded = 1 })[0]
	d.match(set)
	l.grant()
	d.declarant.puts("list.xml", set.List)
	if out := d.declarant.submit(1); !strings.Contains(out, "there is no ticket of the bonded book") {
		t.Fatalf("got %s", out)
	}
	secret := types.Secret{1, 2, 3}
	ems := set.List.Get("emsNo")
	ticket, _ := json.Marshal(map[string]any{"format": "carya-book/1", "chain": chainID, "warehouse": "zone", "emsNo": ems, "secret": secret})
	if err := os.MkdirAll(filepath.Join(d.declarant.home, "books"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(d.declarant.home, "books"), client.FileName(ems)+".json", ticket)
	d.declarant.submit(0)
	for _, o := range l.orders {
		for i, line := range o.Clearance[0].Lines {
			want := types.BookID("zone/" + types.BookName(secret, ems, lineField(set.List, i, "itemRecordNo")))
			qty, _ := ceb.ParseDecimal(lineField(set.List, i, "qty"))
			if line.Book != want || line.Quantity != int64(qty) || line.Step == 0 {
				t.Errorf("line %d: got %+v, want %s of %s", i, line, want, qty)
			}
		}
	}
}

func lineField(d ceb.Document, i int, name string) string {
	for _, f := range d.Lines[i] {
		if strings.HasSuffix(f.Path, "/"+name) {
			return f.Value
		}
	}
	return ""
}

// A payment commits to its original record, and to the same one when it is submitted again.
func TestOriginals(t *testing.T) {
	l := newTrade(t)
	d := l.stalls(t)
	set := cebPurchases(1, nil)[0]
	d.platform.puts("order.xml", set.Order)
	d.platform.submit(0)
	d.payer.takesTickets(d.platform)
	d.payer.puts("payment.xml", set.Payment)
	originals := t.TempDir()
	if out := d.payer.submit(1, "--originals", originals); !strings.Contains(out, "the original record of payment") {
		t.Fatalf("got %s", out)
	}
	number := set.Payment.Get("payTransactionId")
	writeFile(t, originals, client.FileName(number)+".json", pullAnswer(number, set.Number))
	d.payer.submit(0, "--originals", originals)
	found, _ := filepath.Glob(filepath.Join(d.payer.home, "documents", "*.original.json"))
	if len(found) != 1 {
		t.Fatalf("got %v", found)
	}
	var stored struct {
		Kind   string
		Root   types.Hash
		Seed   types.Secret
		Fields []types.DocumentField
	}
	data, _ := os.ReadFile(found[0])
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	root, err := types.DocumentRoot("GACC179", stored.Fields, stored.Seed)
	for _, o := range l.orders {
		if got := o.Slot(types.SlotPayment).Tag(types.TagOriginal); err != nil || got != root || root != stored.Root {
			t.Errorf("the ledger has %s, the stored record %s, its root is %s", got, stored.Root, root)
		}
	}
}

func pullAnswer(number, order string) []byte {
	return []byte(`{"sessionID":"s","payExchangeInfoHead":{"guid":"g","initalRequest":"https://pay/req","initalResponse":"ok","ebpCode":"1105910159",` +
		`"payCode":"1101110323","payTransactionId":"` + number + `","totalAmount":100.00,"currency":"142","verDept":"3","payType":"1","tradingTime":"20260310112703"},` +
		`"payExchangeInfoLists":[{"orderNo":"` + order + `"}],"serviceTime":"1","certNo":"c","signValue":"v"}`)
}

// Receipts keep to the official schema.
func TestReceiptsAgainstSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	schemas, _ := filepath.Glob("../../shared/data/ceb/xsd/*口业务节点报文定义202205.xsd")
	if len(schemas) != 2 {
		t.Skip("the official schemas are not there")
	}
	var imports, exports []string
	for _, export := range []float64{0, 1} {
		l := newTrade(t)
		d := l.stalls(t)
		set := cebPurchases(1, func(o *generate.Options) { o.Export = export })[0]
		set.List = dropField(set.List, "copNo")
		d.carrier.putsFile("parcels.csv", []byte("logisticsCode,logisticsNo,ebpCode,orderNo\n1101180326,"+set.Waybill.Get("logisticsNo")+",1105910159,"+set.Number+"\n"))
		d.platform.putsFile("junk.xml", []byte("<junk/>"))
		d.platform.puts("bad.xml", withField(set.Order, "orderNo", "other"), withField(set.Order, "appStatus", "1"))
		d.platform.submit(1)
		if err := os.Remove(filepath.Join(d.platform.drop, "junk.xml")); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(d.platform.drop, "bad.xml")); err != nil {
			t.Fatal(err)
		}
		d.match(set)
		l.grant()
		if export == 0 {
			d.declarant.puts("list.xml", set.List)
			d.declarant.submit(0)
			l.decide(types.StatusReject, types.StateMatched, -621004)
			d.declarant.submit(0)
		}
		for _, one := range []*stall{d.platform, d.payer, d.carrier, d.declarant} {
			found, _ := filepath.Glob(filepath.Join(one.drop, "*.CEB*.xml"))
			for _, path := range found {
				if export == 0 || strings.Contains(path, "CEB900") {
					imports = append(imports, path)
				} else {
					exports = append(exports, path)
				}
			}
		}
	}
	if len(imports) < 8 || len(exports) < 4 {
		t.Fatalf("got only %v and %v", imports, exports)
	}
	for _, schema := range schemas {
		files := exports
		if strings.Contains(schema, "进口") {
			files = imports
		}
		if out, err := exec.Command(xmllint, append([]string{"--noout", "--nonet", "--schema", schema}, files...)...).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

func dropField(d ceb.Document, name string) ceb.Document {
	d.Head = slices.DeleteFunc(slices.Clone(d.Head), func(f ceb.Field) bool { return strings.HasSuffix(f.Path, "/"+name) })
	return d
}

// A watched folder takes what appears in it and ends with its context.
func TestWatch(t *testing.T) {
	l := newTrade(t)
	p := l.stall(t, "lantu")
	sets := cebPurchases(2, nil)
	p.puts("one.xml", sets[0].Order)
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.watches(ctx) }()
	p.until("one.CEB312.xml")
	if err := os.WriteFile(filepath.Join(p.drop, "two.xml"), messageOf(t, sets[1].Order), 0o600); err != nil { // just now
		t.Fatal(err)
	}
	p.until("two.CEB312.xml")
	end()
	if err := <-done; err != nil {
		t.Errorf("got %v", err)
	}
	p.receipt("two.CEB312.xml", "120")
}

// watches runs the drop folder until the context ends.
func (d *stall) watches(ctx context.Context, args ...string) error {
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	root.SetOut(&bytes.Buffer{})
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{
		"ceb", "submit", d.drop, "--member", d.member, "--node", d.server.URL, "--home", d.home, "--password-file", filepath.Join(d.home, "pass"),
	}, args...))
	return root.ExecuteContext(ctx)
}

// until waits for a file in the drop folder.
func (d *stall) until(name string) {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(d.drop, name)); err == nil {
			return
		}
	}
	d.t.Fatalf("%s does not appear", name)
}

// BenchmarkDropFolder submits a folder of 1000 orders, one in each file; again looks through it once more.
func BenchmarkDropFolder(b *testing.B) {
	sets := cebPurchases(1000, nil)
	for _, again := range []bool{false, true} {
		b.Run(fmt.Sprintf("again=%v", again), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				l := newTrade(b)
				p := l.stall(b, "lantu")
				for i, set := range sets {
					p.puts(fmt.Sprintf("order-%04d.xml", i), set.Order)
				}
				if again {
					p.submit(0)
				}
				b.StartTimer()
				p.submit(0)
				if len(l.orders) != len(sets) {
					b.Fatalf("got %d orders", len(l.orders))
				}
			}
		})
	}
}
