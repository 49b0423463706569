package client_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/review"
	"github.com/caryaledger/carya/types/sealed"
)

// trade is a fake node whose ledger keeps orders as the rules do, as far as documents and tags go. It has a declarant, and
// customs can read.
type trade struct {
	*fakeNode
	reader *age.X25519Identity

	at       sync.Mutex // of what follows
	orders   map[types.OrderID]*types.Order
	events   map[types.OrderID][]types.HistoryEvent
	times    map[string]int // how often each body was executed, by its JSON
	sealed   []*types.Sealed
	unsigned bool
	bad      string // in a signed message, what makes its signature bad
	routes   bool   // the node has the routes of customs messages
	deaf     int    // so many transactions are executed, and their answer is lost
}

const declarant = "tong-guan"

// newTrade begins a chain with a declarant.
func newTrade(t testing.TB) *trade {
	t.Helper()
	key, err := crypto.ToECDSA(seed("member " + declarant))
	if err != nil {
		t.Fatal(err)
	}
	c := newChainFrom(t, func(g *types.Genesis) {
		g.Members = append(g.Members, types.GenesisMember{
			ID: declarant, Name: "Tong Guan", Controller: declarant, Threshold: 1, Roles: []string{types.RoleDeclarant},
			Customs: []string{"1105980159"}, Keys: []types.Address{types.Address(crypto.PubkeyToAddress(key.PublicKey))},
		})
	})
	c.Keys[declarant] = key
	l := &trade{
		fakeNode: newNode(t, c), orders: map[types.OrderID]*types.Order{}, events: map[types.OrderID][]types.HistoryEvent{},
		times: map[string]int{}, unsigned: true, routes: true,
	}
	if l.reader, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	l.put("member/hangzhou-customs", &types.Member{
		ID: "hangzhou-customs", Roles: []string{types.RoleCustoms}, Customs: []string{"2900"}, Reader: l.reader.Recipient().String(),
	})
	l.fakeNode.before, l.fakeNode.judge = l.serve, l.execute
	return l
}

// serve answers what the fake node does not know, and loses answers.
func (l *trade) serve(w http.ResponseWriter, r *http.Request) bool {
	key, isHistory := strings.CutPrefix(r.URL.Path, "/v1/history/order/")
	switch {
	case isHistory:
		l.at.Lock()
		defer l.at.Unlock()
		answer(w, 200, types.HistoryAnswer{Key: "order/" + key, Size: uint64(len(l.events[types.OrderID(key)])), Events: l.events[types.OrderID(key)]})
	case r.URL.Path == "/v1/transactions" && l.loses():
		body, _ := io.ReadAll(r.Body)
		if _, err := l.accept(body); err != nil {
			l.t.Error(err)
		}
		panic(http.ErrAbortHandler) // the node dies between the block and the answer
	case !l.routes:
		return false
	case r.URL.Path == "/v1/ceb/policy":
		answer(w, 200, map[string]bool{"unsigned": l.unsigned})
	case r.URL.Path == "/v1/ceb/check":
		answer(w, 200, map[string]any{"findings": l.judgeSignatures(r)})
	case r.URL.Path == "/v1/documents":
		l.take(w, r)
	default:
		return false
	}
	return true
}

func (l *trade) loses() bool {
	l.at.Lock()
	defer l.at.Unlock()
	l.deaf--
	return l.deaf >= 0
}

func (l *trade) judgeSignatures(r *http.Request) (findings []review.Finding) {
	var question struct {
		Files []struct {
			Name string
			Data string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
		l.t.Error(err)
	}
	for _, f := range question.Files {
		data, err := base64.StdEncoding.DecodeString(f.Data)
		if err != nil {
			l.t.Error(err)
		}
		if l.bad != "" && strings.Contains(string(data), l.bad) {
			findings = append(findings, review.Finding{Severity: review.Fault, Fault: "SIGNATURE", Official: 1001, File: f.Name, English: "the signature does not hold"})
		}
	}
	return findings
}

func (l *trade) take(w http.ResponseWriter, r *http.Request) {
	var s types.Sealed
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		l.t.Error(err)
	}
	address, err := s.Check(chainID)
	if err != nil || address != l.chain.address(s.From) {
		l.t.Errorf("sealed delivery of %s: %v, signed by %s", s.From, err, address)
	}
	id, _ := s.ID()
	l.at.Lock()
	defer l.at.Unlock()
	l.sealed = append(l.sealed, &s)
	answer(w, 202, map[string]any{"id": id, "to": []map[string]string{{"member": s.To[0], "state": "delivered"}}})
}

// opened opens the deliveries of a member with customs' key.
func (l *trade) opened(t *testing.T, from string) (all []*types.Delivery) {
	t.Helper()
	l.at.Lock()
	defer l.at.Unlock()
	for _, s := range l.sealed {
		if s.From != from {
			continue
		}
		d, err := sealed.Open(s, l.reader)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// execute does what a block does with a transaction. The fake node is locked.
func (l *trade) execute(tx *types.Verified) *types.Result {
	l.at.Lock()
	defer l.at.Unlock()
	result := &types.Result{}
	for i, b := range tx.Transaction.Bodies {
		code := l.apply(tx.Transaction.Member, tx.Transaction.Kind, b)
		result.Codes = append(result.Codes, code)
		if code != types.OK && result.Code == types.OK {
			result.Code, result.Log = types.Partial, "bodies["+string(rune('0'+i%10))+"]: "+code.String()+": as the rules say"
		}
	}
	return result
}

func (l *trade) apply(member, kind string, b types.Body) types.Code {
	id, code := l.enter(member, b)
	if code == types.OK {
		l.happened(id, member, kind, b)
	}
	return code
}

// happened enters an event into an order's history and puts the order where the node reads it.
func (l *trade) happened(id types.OrderID, member, kind string, b any) {
	body, _ := json.Marshal(b)
	l.times[string(body)]++
	l.events[id] = append(l.events[id], types.HistoryEvent{Height: committedHeight, Time: chainStart + 3000, Member: member, Kind: kind, Body: body})
	o := l.orders[id]
	o.History.Size++
	l.records["order/"+string(id)], _ = types.Encode(o)
}

func (l *trade) enter(member string, b types.Body) (types.OrderID, types.Code) {
	switch b := b.(type) {
	case *types.RecordOrder:
		id := types.OrderID(member + "/" + b.Order)
		l.of(id).Flow = b.Flow
		return id, l.slot(id, types.Slot{Kind: types.SlotOrder, Member: member, ID: b.Order, Seq: b.Seq, Document: b.Document, Tags: []types.Tag{
			{Name: types.SlotPayment, Value: b.Payment}, {Name: types.SlotWaybill, Value: b.Waybill}, {Name: types.SlotDeclaration, Value: b.Declaration},
			{Name: types.TagAmount, Value: b.Amount}, {Name: types.TagMerchant, Value: b.Merchant}, {Name: types.TagGoods, Value: b.Goods},
			{Name: types.TagPayer, Value: b.Payer}, {Name: types.TagConsignee, Value: b.Consignee},
		}})
	case *types.RecordPayment:
		return b.Order, l.slot(b.Order, types.Slot{Kind: types.SlotPayment, Member: member, ID: b.Payment, Seq: b.Seq, Document: b.Document, Tags: []types.Tag{
			{Name: types.TagNumber, Value: b.Number}, {Name: types.TagAmount, Value: b.Amount}, {Name: types.TagPayer, Value: b.Payer}, {Name: types.TagOriginal, Value: b.Original},
		}})
	case *types.RecordWaybill:
		return b.Order, l.slot(b.Order, types.Slot{Kind: types.SlotWaybill, Member: member, ID: b.Waybill, Seq: b.Seq, Document: b.Document, Tags: []types.Tag{
			{Name: types.TagNumber, Value: b.Number}, {Name: types.TagConsignee, Value: b.Consignee}, {Name: types.TagParcel, Value: b.Parcel},
		}})
	case *types.Declare:
		return b.Order, l.declare(member, b)
	}
	return l.later(b)
}

func (l *trade) declare(member string, b *types.Declare) types.Code {
	o := l.of(b.Order)
	order, waybill := o.Slot(types.SlotOrder), o.Slot(types.SlotWaybill)
	switch {
	case o.Slot(types.SlotDeclaration) != nil:
		return types.DuplicateList
	case o.State != types.StateMatched:
		return types.NotMatched
	case order.Tag(types.TagGoods) != b.Goods:
		return types.GoodsDiffer
	case order.Tag(types.TagMerchant) != b.Merchant || order.Tag(types.TagPayer) != b.Payer || waybill.Tag(types.TagParcel) != b.Parcel:
		return types.Identity
	case order.Tag(types.SlotDeclaration) != types.NumberLock(b.Number):
		return types.OrderMismatch
	case o.Flow == types.FlowImport && (len(o.Quota) == 0 || o.Quota[0].Grant != b.Grant):
		return types.GrantMissing
	}
	o.Slots = append(o.Slots, types.Slot{Kind: types.SlotDeclaration, Member: member, ID: b.Declaration, Seq: b.Seq, Height: committedHeight, Document: b.Document})
	o.State, o.Until, o.Clearance = types.StateDeclared, 0, []types.Clearance{{Office: b.Office, Mode: b.Mode, Lines: b.Lines}}
	return types.OK
}

// later is what follows a declaration.
func (l *trade) later(b types.Body) (types.OrderID, types.Code) {
	switch b := b.(type) {
	case *types.SignFor:
		o := l.of(b.Order)
		if o.State != types.StateReleased {
			return b.Order, types.NotReleased
		}
		o.State, o.Clearance[0].Signed = types.StateSigned, b.Time
		return b.Order, types.OK
	case *types.Cancel:
		l.of(b.Order).Clearance[0].Cancel = b.Document
		return b.Order, types.OK
	case *types.ReturnGoods:
		o := l.of(b.Order)
		for _, line := range b.Lines {
			if line.Before() != o.Clearance[0].Lines[line.Line].Anchor {
				return b.Order, types.ReturnQuantity
			}
			o.Clearance[0].Lines[line.Line].Anchor = line.Token
		}
		o.State, o.Returns = types.StateReturning, append(o.Returns, types.OrderReturn{Return: b.Return, Document: b.Document, Lines: b.Lines})
		return b.Order, types.OK
	}
	return "", types.KindUnknown
}

func (l *trade) of(id types.OrderID) *types.Order {
	if l.orders[id] == nil {
		l.orders[id] = &types.Order{State: types.StatePartial, Until: time.Now().Add(time.Hour).UnixMilli()}
	}
	return l.orders[id]
}

// slot fills a slot and compares the documents.
func (l *trade) slot(id types.OrderID, s types.Slot) types.Code {
	o := l.of(id)
	if had := o.Slot(s.Kind); had != nil && s.Seq <= had.Seq {
		return types.StaleMessage
	}
	if order := o.Slot(types.SlotOrder); order != nil && s.Kind != types.SlotOrder && order.Tag(s.Kind) != types.NumberLock(s.Tag(types.TagNumber)) {
		return types.OrderMismatch
	}
	s.Height = committedHeight
	o.Slots = append(slices.DeleteFunc(o.Slots, func(had types.Slot) bool { return had.Kind == s.Kind }), s)
	order, payment, waybill := o.Slot(types.SlotOrder), o.Slot(types.SlotPayment), o.Slot(types.SlotWaybill)
	if order == nil || payment == nil || waybill == nil {
		return types.OK
	}
	o.State, o.Mismatch, o.Until = types.StateMatched, types.Mismatch{}, time.Now().Add(time.Hour).UnixMilli()
	switch {
	case order.Tag(types.TagAmount) != payment.Tag(types.TagAmount):
		o.State, o.Mismatch = types.StateMismatch, types.Mismatch{Code: uint64(types.Amount), Field: types.TagAmount, Party: payment.Member}
	case order.Tag(types.TagPayer) != payment.Tag(types.TagPayer):
		o.State, o.Mismatch = types.StateMismatch, types.Mismatch{Code: uint64(types.Identity), Field: types.TagPayer, Party: payment.Member}
	case order.Tag(types.TagConsignee) != waybill.Tag(types.TagConsignee):
		o.State, o.Mismatch = types.StateMismatch, types.Mismatch{Code: uint64(types.Identity), Field: types.TagConsignee, Party: waybill.Member}
	}
	return types.OK
}

// customsSays is customs' word on every order: a change of its record, and the event that made it.
func (l *trade) customsSays(kind string, body func(id types.OrderID, o *types.Order) any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at.Lock()
	defer l.at.Unlock()
	for id, o := range l.orders {
		if b := body(id, o); b != nil {
			l.happened(id, "hangzhou-customs", kind, b)
		}
	}
}

// grant grants the buyers' quota for matched orders.
func (l *trade) grant() {
	l.customsSays("GrantQuota", func(id types.OrderID, o *types.Order) any {
		if o.State != types.StateMatched {
			return nil
		}
		q := types.Quota{Grant: "01KB0Q7Z40N7DPSEYSB6DNYX4Q", By: "hangzhou-customs", Document: o.Slot(types.SlotOrder).Document,
			Expires: time.Now().Add(time.Hour).UnixMilli(), State: types.QuotaReserved}
		o.Quota = []types.Quota{q}
		return &types.GrantQuota{Order: id, Grant: q.Grant, Document: q.Document, Expires: q.Expires}
	})
}

// decide decides on the declared orders.
func (l *trade) decide(status uint64, state string, reason int64) {
	l.customsSays("Decide", func(id types.OrderID, o *types.Order) any {
		if o.Slot(types.SlotDeclaration) == nil {
			return nil
		}
		o.State, o.Clearance[0].Status, o.Clearance[0].Reason = state, status, reason
		if status == types.StatusReject {
			o.Slots = slices.DeleteFunc(o.Slots, func(s types.Slot) bool { return s.Kind == types.SlotDeclaration })
		}
		return &types.Decide{Order: id, Status: status, Reason: reason}
	})
}

// decideReturns decides on the returns that are open.
func (l *trade) decideReturns(status uint64, state string) {
	l.customsSays("DecideReturn", func(id types.OrderID, o *types.Order) any {
		if len(o.Returns) == 0 {
			return nil
		}
		last := &o.Returns[len(o.Returns)-1]
		last.Status, o.State = status, state
		return &types.DecideReturn{Order: id, Return: last.Return, Status: status}
	})
}

// stall is a member's machine: its home, its drop folder, and the node it speaks to.
type stall struct {
	*trade
	t      testing.TB
	member string
	home   string
	drop   string
}

func (l *trade) stall(t testing.TB, member string) *stall {
	t.Helper()
	d := &stall{l, t, member, l.furnished(t, member), filepath.Join(t.TempDir(), "drop")}
	if err := os.MkdirAll(d.drop, 0o700); err != nil {
		t.Fatal(err)
	}
	return d
}

// furnished is a home folder with a member's key.
func (l *trade) furnished(t testing.TB, member string) string {
	t.Helper()
	home := t.TempDir()
	writeFile(t, home, "pass", []byte("correct horse\n"))
	if _, err := (client.Keyring{Dir: filepath.Join(home, "keys")}).Create(member, l.chain.Keys[member], "correct horse", client.Light); err != nil {
		t.Fatal(err)
	}
	return home
}

// puts writes a message into the drop folder, long enough ago to be complete.
func (d *stall) puts(name string, documents ...ceb.Document) string {
	d.t.Helper()
	m := &ceb.Message{
		Kind: documents[0].Kind, GUID: documents[0].Get("guid"), Version: "1.0", Documents: documents,
		Transfer: ceb.BaseTransfer{CopCode: "1105910159", CopName: "Lantu", DxpMode: "DXP", DxpID: "DXPLGS0000000001"},
	}
	if slices.Contains([]string{"CEB621", "CEB623", "CEB625"}, m.Kind) {
		m.Signature = []byte(placeholder)
	}
	data, err := ceb.Write(m)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.putsFile(name, data)
}

// placeholder is a signature in form alone.
const placeholder = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="a"/><ds:SignatureMethod Algorithm="b"/><ds:Reference URI=""><ds:DigestMethod Algorithm="c"/><ds:DigestValue>AA==</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>AA==</ds:SignatureValue></ds:Signature>`

func (d *stall) putsFile(name string, data []byte) string {
	d.t.Helper()
	path := filepath.Join(d.drop, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	before := time.Now().Add(-time.Minute)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chtimes(path, before, before); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// submit submits the drop folder once and compares the exit code.
func (d *stall) submit(exit int, args ...string) string {
	d.t.Helper()
	return d.carya(exit, append([]string{"ceb", "submit", d.drop, "--member", d.member, "--once"}, args...)...)
}

func (d *stall) carya(exit int, args ...string) string {
	d.t.Helper()
	var out strings.Builder
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	root.SetOut(&out)
	root.SetErr(&out)
	args = append(args, "--node", d.server.URL, "--home", d.home)
	if args[1] == "submit" {
		args = append(args, "--password-file", filepath.Join(d.home, "pass"))
	}
	root.SetArgs(args)
	err := root.ExecuteContext(d.t.Context())
	if got := client.ExitCode(err); got != exit {
		d.t.Fatalf("carya %s: exit code %d, want %d: %s\n%s", strings.Join(args, " "), got, exit, client.Explain(err), out.String())
	}
	return out.String()
}

// receipt reads a receipt in the drop folder and compares the statuses in it.
func (d *stall) receipt(name string, statuses ...string) *ceb.Message {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.drop, name))
	if err != nil {
		d.t.Fatal(err)
	}
	m, err := ceb.Parse(data)
	if err != nil {
		d.t.Fatalf("%s: %v\n%s", name, err, data)
	}
	var got []string
	for i := range m.Documents {
		got = append(got, m.Documents[i].Get("returnStatus"))
	}
	if !slices.Equal(got, statuses) {
		d.t.Fatalf("%s: got the statuses %v, want %v\n%s", name, got, statuses, data)
	}
	return m
}

// none wants no file of that name in the drop folder.
func (d *stall) none(name string) {
	d.t.Helper()
	if _, err := os.Stat(filepath.Join(d.drop, name)); err == nil {
		d.t.Fatalf("%s is there", name)
	}
}

// takesTickets copies another's tickets.
func (d *stall) takesTickets(from *stall) {
	d.t.Helper()
	if err := os.CopyFS(filepath.Join(d.home, "tickets"), os.DirFS(filepath.Join(from.home, "tickets"))); err != nil {
		d.t.Fatal(err)
	}
}
