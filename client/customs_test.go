package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// TestCustomsDay is a day at the desk: imports are granted their quota, declared, checked, released, and some come back.
func TestCustomsDay(t *testing.T) {
	d := newDesk(t)
	d.setRates()
	all := d.purchases(8, 0.5)
	for _, p := range all {
		p.match()
	}
	for id, q := range d.queue() {
		if q.Waits != "grant" || q.State != types.StateMatched || len(q.Checked) != 3 {
			t.Errorf("%s before the grant: %+v", id, q)
		}
	}
	out := d.ok("customs", "grant", "--once", "--member", deskOffice)
	if !strings.Contains(out, "8 granted, 0 refused, 0 without a word, 0 failed") {
		t.Fatal(out)
	}
	if out := d.ok("customs", "grant", "--member", deskOffice); !strings.Contains(out, "0 granted, 0 refused, 0 without a word") {
		t.Errorf("granted twice:\n%s", out)
	}
	for _, p := range all {
		p.declare()
	}
	queue := d.queue("--office", deskOffice)
	for _, p := range all {
		q := queue[p.id]
		if q == nil || q.Waits != "decision" || len(q.Checked) != 4 || q.Tax == nil {
			t.Fatalf("%s: %+v", p.id, q)
		}
		for _, f := range q.Flags {
			if f.Weight != "risk" {
				t.Errorf("%s of a clean set: %+v", p.id, f)
			}
		}
	}
	if out := d.ok("customs", "decide", "--all-clean", "--member", deskOffice, "--dry-run"); strings.Contains(out, "decided") || d.order(all[0].id).State != types.StateDeclared {
		t.Errorf("a dry run:\n%s", out)
	}
	d.run(context.Background(), "customs", "decide", "--all-clean", "--member", deskOffice)
	args := []string{"customs", "decide", "--release", "--member", deskOffice}
	for _, p := range all {
		clean := len(queue[p.id].Flags) == 0
		if released := d.order(p.id).State == types.StateReleased; released != clean {
			t.Errorf("%s is released %t, and has the flags %v", p.id, released, queue[p.id].Flags)
		}
		if !clean {
			args = append(args, string(p.id))
		}
	}
	if len(args) > 5 {
		out = d.ok(args...)
	}
	for _, p := range all {
		if o := d.order(p.id); o.State != types.StateReleased || o.Quota[0].State != types.QuotaSettled {
			t.Errorf("%s is %s, quota %s\n%s", p.id, o.State, o.Quota[0].State, out)
		}
	}
	d.comeBack(all[0])
}

// comeBack returns all pieces of an order's first line, and looks at the buyer's account before and after.
func (d *desk) comeBack(p *purchase) {
	d.t.Helper()
	line := p.set.List.Lines[0]
	qty, _ := ceb.ParseDecimal(deskField(line, "qty"))
	worth, _ := ceb.ParseDecimal(deskField(line, "totalPrice"))
	pieces, _ := types.Pieces(int64(qty))
	before := d.account(p)
	refund := p.refund(line, qty)
	d.must(deskBroker, &types.ReturnGoods{Order: p.id, Return: ulidNow(), Document: p.commit(refund), Lines: []types.ReturnLine{{
		Pieces: pieces, Token: types.ReturnToken(types.ReturnSeed(p.seeds["CEB621"], 0), pieces, 0, pieces),
	}}})
	q := d.queue(string(p.id))[p.id]
	if q.Waits != "return" || q.has("COMMITMENT") || !q.has("UNOPENED") {
		d.t.Errorf("a return in the queue, not delivered: %+v", q)
	}
	p.deliver(deskBroker, "order/"+string(p.id), refund)
	if q = d.queue(string(p.id))[p.id]; q.has("COMMITMENT") || q.has("UNOPENED") {
		d.t.Errorf("a return in the queue: %+v", q)
	}
	d.ok("customs", "return", string(p.id), "--allow", "--member", deskOffice)
	if got := d.account(p); got != before {
		d.t.Errorf("an allowed return changes the account from %s to %s", before, got)
	}
	d.ok("customs", "return", string(p.id), "--arrived", "--member", deskOffice)
	for range 2 {
		if got := d.account(p); got != before-worth {
			d.t.Errorf("after the return the account is %s, before %s, back came %s", got, before, worth)
		}
		d.ok("customs", "grant", "--member", deskOffice)
	}
	d.fails("RESTORE_TWICE", "customs", "return", string(p.id), d.order(p.id).Returns[0].Return, "--arrived", "--member", deskOffice)
	if q := d.queue(string(p.id))[p.id]; q.Waits != "" || q.has("COMMITMENT") {
		d.t.Errorf("after the return: %+v", q)
	}
}

// refund is the message that asks for the return of a line's quantity.
func (p *purchase) refund(line []ceb.Field, qty ceb.Decimal) *ceb.Document {
	list := &p.set.List
	doc := &ceb.Document{Kind: "CEB625"}
	for _, name := range []string{"guid", "appType", "appTime", "appStatus", "customsCode", "orderNo", "ebpCode", "ebpName", "ebcCode", "ebcName",
		"logisticsNo", "logisticsCode", "logisticsName", "copNo", "buyerIdType", "buyerIdNumber", "buyerName", "buyerTelephone", "agentCode", "agentName"} {
		doc.Head = append(doc.Head, ceb.Field{Path: "InvtRefundHead/" + name, Value: list.Get(name)})
	}
	doc.Head = slices.Insert(doc.Head, 14, ceb.Field{Path: "InvtRefundHead/invtNo", Value: "299120261123000001"})
	doc.Head = append(doc.Head, ceb.Field{Path: "InvtRefundHead/reason", Value: "不合适"})
	for name, value := range map[string]string{"guid": "4CDE1CFD-EDED-46B1-946C-B8022E42FC95", "appTime": time.Now().In(time.FixedZone("CST", 8*3600)).Format("20060102150405")} {
		deskReplace(doc, name, value)
	}
	var fields []ceb.Field
	for _, name := range []string{"gnum", "gcode", "gname", "qty", "unit"} {
		fields = append(fields, ceb.Field{Path: "InvtRefundList[0]/" + name, Value: deskField(line, name)})
	}
	fields[3].Value = qty.String()
	doc.Lines = [][]ceb.Field{fields}
	return doc
}

// account is what the notice says that the buyer has taken.
func (d *desk) account(p *purchase) ceb.Decimal {
	d.t.Helper()
	out := d.ok("customs", "notice", "--person", p.set.Order.Get("buyerIdNumber"), "--json")
	n := deskLines[struct {
		Taken, Left string
		Bookings    []struct{ Order types.OrderID }
	}](d.t, out)[0]
	if !slices.ContainsFunc(n.Bookings, func(b struct{ Order types.OrderID }) bool { return b.Order == p.id }) {
		d.t.Errorf("the notice does not name %s:\n%s", p.id, out)
	}
	taken, err := ceb.ParseDecimal(n.Taken)
	if err != nil {
		d.t.Fatal(err)
	}
	return taken
}

// TestCustomsFlags plants what an office has to find.
func TestCustomsFlags(t *testing.T) {
	d := newDesk(t)
	d.setRates()
	all := d.purchases(6, 0)
	deskReplace(&all[1].set.Order, "taxTotal", "0.01") // not what the rates give
	number := all[4].set.List.Get("logisticsNo")       // declared for another order, but for a space: to the ledger another number
	for _, doc := range []*ceb.Document{&all[5].set.List, &all[5].set.Waybill} {
		deskReplace(doc, "logisticsNo", number[:2]+" "+number[2:])
		deskReplace(doc, "logisticsCode", all[4].set.List.Get("logisticsCode"))
	}
	for _, p := range all {
		p.match()
	}
	d.vault = slices.DeleteFunc(d.vault, func(s *types.Sealed) bool { // no waybill of this one
		return s.From == deskCarrier && strings.HasSuffix(s.Records[0], all[2].stream(types.SlotWaybill, &all[2].set.Waybill))
	})
	d.ok("customs", "grant", "--member", deskOffice)
	for _, p := range all {
		p.declare()
	}
	// The declarant shows customs another list than it committed to.
	d.vault = slices.DeleteFunc(d.vault, func(s *types.Sealed) bool {
		return s.From == deskBroker && strings.HasSuffix(s.Records[0], all[3].list.Declaration)
	})
	deskReplace(&all[3].set.List, "grossWeight", "0.5")
	all[3].deliver(deskBroker, "declaration/"+deskBroker+"/"+all[3].list.Declaration, &all[3].set.List)

	queue := d.queue()
	for _, c := range []struct {
		order int
		flag  string
		slot  string
	}{{1, "TAX", "order"}, {2, "UNOPENED", "waybill"}, {3, "COMMITMENT", "declaration"}, {5, "WAYBILL_DECLARED", "declaration"}} {
		q := queue[all[c.order].id]
		if !q.has(c.flag) {
			t.Errorf("%s is not flagged: %+v", c.flag, q)
		}
		for i, other := range all {
			if q := queue[other.id]; i != c.order && q.has(c.flag) && !(c.flag == "WAYBILL_DECLARED" && i == 4) {
				t.Errorf("%s at order %d: %+v", c.flag, i, q.Flags)
			}
		}
	}
	if q := queue[all[0].id]; q.has("TAX") || q.has("UNOPENED") || q.Tax.Stated == "" {
		t.Errorf("a clean one: %+v", q)
	}
	d.fails("grave flag; --even-flagged", "customs", "decide", string(all[3].id), "--release", "--member", deskOffice)
	if o := d.order(all[3].id); o.State != types.StateDeclared {
		t.Errorf("held, and %s", o.State)
	}
	d.ok("customs", "decide", string(all[3].id), "--release", "--even-flagged", "--member", deskOffice)
	if out := d.ok("customs", "queue"); !strings.Contains(out, "✗ TAX order R10: taxTotal is 0.01 yuan") {
		t.Errorf("the queue for people:\n%s", out)
	}
	file := fmt.Sprintf("order,status,reason\n%s,reject,-621005\n%s,120,\n%s,inspect,\n", all[1].id, all[2].id, all[5].id)
	writeFile(t, d.home, "decisions.csv", []byte(file))
	d.ok("customs", "decide", "--file", filepath.Join(d.home, "decisions.csv"), "--member", deskOffice)
	for i, want := range map[int]string{1: types.StateMatched, 2: types.StateAccepted, 5: types.StateInspect} {
		if got := d.order(all[i].id).State; got != want {
			t.Errorf("order %d is %s, want %s", i, got, want)
		}
	}
	d.ok("customs", "decide", string(all[5].id), "--detain", "502", "--member", deskOffice)
	d.must(deskBroker, &types.Cancel{Order: all[4].id, Document: types.Hash{7}})
	d.ok("customs", "decide", string(all[4].id), "--cancel", "accept", "--member", deskOffice)
	if a, b := d.order(all[4].id), d.order(all[5].id); a.State != types.StateCancelled || b.State != types.StateDetained {
		t.Errorf("%s and %s", a.State, b.State)
	}
	d.fails("does not follow while it is CANCELLED", "customs", "decide", string(all[4].id), "--release", "--member", deskOffice)
}

// TestQuotaLimits: over the limit of one transaction with several pieces, and over the year, the official codes.
func TestQuotaLimits(t *testing.T) {
	d := newDesk(t)
	all := d.purchases(3, 0)
	person := all[0].set.Order.Get("buyerIdNumber")
	price := func(p *purchase, total, qty string) {
		for i, value := range map[string]string{"totalPrice": total, "qty": qty} {
			for _, doc := range []*ceb.Document{&p.set.Order, &p.set.List} {
				doc.Lines = doc.Lines[:1]
				for j := range doc.Lines[0] {
					if strings.HasSuffix(doc.Lines[0][j].Path, "/"+i) {
						doc.Lines[0][j].Value = value
					}
				}
			}
		}
		deskReplace(&p.set.Order, "buyerIdNumber", person)
		deskReplace(&p.set.Payment, "payerIdNumber", person)
		deskReplace(&p.set.Order, "buyerName", "同一人")
		deskReplace(&p.set.Payment, "payerName", "同一人")
	}
	price(all[0], "5000.01", "2")
	price(all[1], "20000", "1") // one indivisible piece
	price(all[2], "6000.01", "1")
	for _, p := range all {
		p.match()
	}
	d.ok("customs", "grant", "--member", deskOffice)
	var got []int64
	for _, p := range all {
		got = append(got, d.order(p.id).Quota[0].Reason)
	}
	if want := []int64{types.ReasonSingle, 0, types.ReasonAnnual}; !slices.Equal(got, want) {
		t.Errorf("reasons %v, want %v", got, want)
	}
	out := d.ok("customs", "notice", "--person", person)
	if !strings.Contains(out, "20000 yuan taken, 6000 left") || strings.Count(out, "refused") != 2 {
		t.Errorf("the notice:\n%s", out)
	}
	// An account that was lost comes back from the ledger and the vault.
	if err := os.Remove(filepath.Join(d.home, "customs.sqlite")); err != nil {
		t.Fatal(err)
	}
	d.ok("customs", "rebuild")
	if out := d.ok("customs", "notice", "--person", person); !strings.Contains(out, "20000 yuan taken, 6000 left") {
		t.Errorf("the notice after a rebuild:\n%s", out)
	}
	if file, _ := os.ReadFile(filepath.Join(d.home, "customs.sqlite")); bytes.Contains(file, []byte(person)) {
		t.Error("the file names the person")
	}
}

// TestGrantKilled kills the office while its transaction is on the way: before the block has it, and after.
func TestGrantKilled(t *testing.T) {
	for _, arrives := range []bool{false, true} {
		t.Run(fmt.Sprintf("arrives=%t", arrives), func(t *testing.T) {
			d := newDesk(t)
			all := d.purchases(3, 0)
			for _, p := range all {
				p.match()
			}
			ctx, kill := context.WithCancel(context.Background())
			die := func() { kill(); panic(http.ErrAbortHandler) }
			if d.before = die; arrives {
				d.before, d.after = nil, die
			}
			if _, err := d.run(ctx, "customs", "grant", "--member", deskOffice); err == nil {
				t.Fatal("was not killed")
			}
			d.before, d.after = nil, nil
			var granted []string
			for _, p := range all {
				for _, q := range d.order(p.id).Quota {
					granted = append(granted, q.Grant)
				}
			}
			if len(granted) > 0 != arrives {
				t.Fatalf("granted %v", granted)
			}
			// At once, nothing is granted again: the transaction may still arrive.
			d.ok("customs", "grant", "--member", deskOffice)
			for i, p := range all {
				if q := d.order(p.id).Quota; arrives && q[0].Grant != granted[i] || !arrives && len(q) > 0 {
					t.Errorf("granted again: %+v", q)
				}
			}
			if got, want := d.account(all[0]), all[0].goodsOf(); got != want {
				t.Errorf("%s stands on the account, want %s", got, want)
			}
			// Once it has expired, what did not arrive is granted anew, and counts once.
			d.ahead = 4 * time.Minute
			d.ok("customs", "grant", "--member", deskOffice, "--expires", "10m")
			for _, p := range all {
				if q := d.order(p.id).Quota; len(q) != 1 || q[0].State != types.QuotaReserved {
					t.Errorf("after all: %+v", q)
				}
				if got, want := d.account(p), p.goodsOf(); got != want {
					t.Errorf("%s stands on the account, want %s", got, want)
				}
			}
		})
	}
}

// TestGrantWithoutPayload: customs gives no word about what it cannot see.
func TestGrantWithoutPayload(t *testing.T) {
	d := newDesk(t)
	p := d.purchases(1, 0)[0]
	p.match()
	d.vault = nil
	if out := d.ok("customs", "grant", "--member", deskOffice); !strings.Contains(out, "no word: lantu has not delivered this version") {
		t.Error(out)
	}
	if q := d.order(p.id).Quota; len(q) > 0 {
		t.Errorf("granted: %+v", q)
	}
	if err := os.Remove(filepath.Join(d.home, "reader.key")); err != nil {
		t.Fatal(err)
	}
	if out := d.ok("customs", "queue"); !strings.Contains(out, "there is no reading key") || !strings.Contains(out, "UNOPENED×3") {
		t.Errorf("the queue without a key:\n%s", out)
	}
}

// TestCustomsSignatures: with certificates at hand, an unsigned message is a fault and a wrong signature a lie.
func TestCustomsSignatures(t *testing.T) {
	d := newDesk(t)
	all := d.purchases(3, 0)
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(d.home, "certificates"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(d.home, "certificates"), "3301986A00.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	signed := func(message []byte) []byte {
		out, err := xmldsig.Sign(message, key, der, "")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	signs := []func([]byte) []byte{
		signed,
		nil,
		func(m []byte) []byte { return bytes.Replace(signed(m), []byte("DXP1"), []byte("DXP2"), 1) },
	}
	for i, p := range all {
		p.sign = signs[i]
		p.match()
	}
	queue := d.queue()
	for i, want := range []string{"", "SIGNATURE", "COMMITMENT"} {
		q := queue[all[i].id]
		for _, word := range []string{"SIGNATURE", "COMMITMENT"} {
			if q.has(word) != (word == want) {
				t.Errorf("purchase %d, want %q: %+v", i, want, q.Flags)
			}
		}
	}
}

// BenchmarkCustomsQueue examines a queue of declarations with four payloads each: reading, decrypting and checking.
func BenchmarkCustomsQueue(b *testing.B) {
	d := newDesk(b)
	d.setRates()
	all := d.purchases(100, 0)
	for _, p := range all {
		p.match()
	}
	d.ok("customs", "grant", "--member", deskOffice)
	for _, p := range all {
		p.declare()
	}
	for b.Loop() {
		if queue := d.queue(); len(queue) != len(all) {
			b.Fatalf("%d in the queue, want %d", len(queue), len(all))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(all)), "µs/order")
}
