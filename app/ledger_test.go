package app_test

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// The members of every test's ledger.
const (
	coop    = "linan-coop"
	carrier = "qianjiang-express"
	shop    = "lantu"
	pay     = "xihu-pay"
	broker  = "wulin-broker"
	customs = "hz-customs"
	puppet  = "lantu-pay" // a payment company that the platform controls
	port    = "nb-customs"
	agent   = "nb-broker"
	clerk   = "lantu-broker" // a declarant that the platform controls
	zone    = "xiasha-zone"  // a bonded warehouse
	rival   = "rival-pay"    // another payment company
	shell   = "shell-pay"    // a payment company that the platform controls through another
	courier = "xihu-courier" // another carrier

	mill    = "linan-mill"
	roaster = "wulin-foods"
	farm    = "tianmu-farm" // has no company prefix
	depot   = "linan-depot" // the coop controls it
	office  = "zj-agri"     // the authority
	cert    = "zj-cert"     // the certifier
)

// prefixOf is the company prefix that each of the members has.
var prefixOf = map[string]string{
	coop: "6901234", mill: "6905001", roaster: "6905002", carrier: "6905003", shop: "6905004", office: "6905005", cert: "6905006",
}

const genesisTime = 1795420800000 // 2026-11-23T08:00:00Z

func keyOf(member string, n byte) types.Address {
	sum := sha256.Sum256(append([]byte(member), n))
	return types.Address(sum[:20])
}

func genesis() *types.Genesis {
	g := &types.Genesis{Format: types.GenesisFormat, Chain: "carya-test-1", Time: genesisTime, InitialHeight: 1, Params: types.DefaultParams()}
	for _, m := range []struct {
		id, controller string
		power          uint64
		roles          []string
	}{
		{coop, coop, 1, []string{types.RoleCooperative}},
		{carrier, carrier, 1, []string{types.RoleLogistics}},
		{shop, shop, 1, []string{types.RolePlatform}},
		{pay, pay, 0, []string{types.RolePayment}},
		{broker, broker, 0, []string{types.RoleDeclarant}},
		{customs, customs, 1, []string{types.RoleCustoms}},
		{puppet, shop, 0, []string{types.RolePayment}},
		{port, customs, 0, []string{types.RoleCustoms}},
		{agent, agent, 0, []string{types.RoleDeclarant}},
		{clerk, shop, 0, []string{types.RoleDeclarant}},
		{zone, zone, 0, []string{types.RoleWarehouse}},
		{rival, rival, 0, []string{types.RolePayment}},
		{shell, puppet, 0, []string{types.RolePayment}},
		{courier, courier, 0, []string{types.RoleLogistics}},
		{mill, mill, 0, nil},
		{roaster, roaster, 0, nil},
		{farm, farm, 0, nil},
		{depot, coop, 0, nil},
		{office, office, 0, []string{types.RoleAuthority}},
		{cert, cert, 0, []string{types.RoleCertifier}},
	} {
		gm := types.GenesisMember{
			ID: m.id, Name: m.id, Controller: m.controller, Roles: m.roles,
			Keys: []types.Address{keyOf(m.id, 0)}, Threshold: 1, Power: m.power,
		}
		if p := prefixOf[m.id]; p != "" {
			gm.Prefixes = []string{p}
		}
		if m.power > 0 {
			sum := sha256.Sum256([]byte(m.id))
			gm.Validator = sum[:]
		}
		g.Members = append(g.Members, gm)
	}
	return g
}

// ledger is the rules over a real store in memory.
type ledger struct {
	t      testing.TB
	store  *store.Store
	live   *app.Live
	height int64
	now    int64
	nonce  uint64
	blocks []*types.Block
	root   types.Hash

	indexed map[string]bool // keys that were written beside the tree

	hears bool
	heard [][]*types.Verified // the transactions of every block, when it hears
}

func newLedger(t testing.TB) *ledger {
	t.Helper()
	s, err := store.Open("", store.Options{InitialVersion: 1, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{t: t, store: s, live: app.NewLive(), now: genesisTime, indexed: map[string]bool{}}
	done, err := app.Begin(genesis())
	if err != nil {
		t.Fatal(err)
	}
	l.commit(done)
	return l
}

func (l *ledger) close() { l.store.Close() }

func (l *ledger) commit(d *app.Done) {
	l.t.Helper()
	l.height++
	for _, w := range d.Writes {
		if strings.HasPrefix(w.Key, store.IndexSpace) {
			l.indexed[w.Key] = true
		}
	}
	root, err := l.store.Apply(l.height, d.Writes)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.store.Commit(nil); err != nil {
		l.t.Fatal(err)
	}
	l.live.Commit(d.Live, d.Block.Time)
	l.blocks = append(l.blocks, d.Block)
	l.root = types.Hash(root)
}

// tx makes a transaction as if it had been verified; digests count up, so that runs
// repeat.
func (l *ledger) tx(member, onError string, bodies ...types.Body) *types.Verified {
	l.nonce++
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], l.nonce)
	kind, _ := types.KindOf(bodies[0])
	t := types.Transaction{Chain: "carya-test-1", Member: member, Kind: kind.Name, Expires: l.now + 60_000, OnError: onError, Bodies: bodies}
	return &types.Verified{Signed: &types.Signed{Transaction: t}, Digest: sha256.Sum256(seed[:]), Signers: []types.Address{keyOf(member, 0)}}
}

// block executes transactions as the next block, 1 s after the last.
func (l *ledger) block(txs ...*types.Verified) []types.Result {
	l.t.Helper()
	l.now += 1000
	if l.hears {
		l.heard = append(l.heard, txs)
	}
	b, err := app.NewBlock(l.store, l.live, app.Header{Height: l.height + 1, Time: l.now, Hash: blockHash(l.height + 1)})
	if err != nil {
		l.t.Fatal(err)
	}
	var results []types.Result
	for _, v := range txs {
		r, err := b.Execute(v)
		if err != nil {
			l.t.Fatal(err)
		}
		results = append(results, r)
	}
	done, err := b.Finish()
	if err != nil {
		l.t.Fatal(err)
	}
	l.commit(done)
	return results
}

func blockHash(height int64) types.Hash {
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], uint64(height))
	return sha256.Sum256(seed[:])
}

// must says something that has to succeed.
func (l *ledger) must(member string, body types.Body) {
	l.t.Helper()
	if r := l.block(l.tx(member, types.OnErrorRollback, body))[0]; r.Code != types.OK {
		l.t.Fatalf("%s says %T: %s", member, body, r.Log)
	}
}

// refuse says something that has to be refused with this code.
func (l *ledger) refuse(want types.Code, member string, body types.Body) {
	l.t.Helper()
	got := l.block(l.tx(member, types.OnErrorRollback, body))[0]
	if got.Code != want {
		l.t.Errorf("%s says %T: got %s (%s), want %s", member, body, got.Code, got.Log, want)
	}
}

func record[V any](l *ledger, key string) *V {
	l.t.Helper()
	raw, err := l.store.Get(key)
	if err != nil {
		l.t.Fatal(err)
	}
	if raw == nil {
		return nil
	}
	v := new(V)
	if err := types.Decode(raw, v); err != nil {
		l.t.Fatal(err)
	}
	return v
}

func (l *ledger) unit(id types.UnitID) *types.Unit { return record[types.Unit](l, "unit/"+string(id)) }

// event is the record of an event as a member captured it.
func (l *ledger) event(member string, b *types.CaptureEvent) *types.CapturedEvent {
	l.t.Helper()
	return record[types.CapturedEvent](l, "event/"+string(l.eventID(member, b)))
}

func (l *ledger) eventID(member string, b *types.CaptureEvent) types.EventID {
	l.t.Helper()
	e, err := b.Parsed()
	if err != nil {
		l.t.Fatal(err)
	}
	identity, err := types.EventIdentity(e)
	if err != nil {
		l.t.Fatal(err)
	}
	u, err := types.EventULID(identity, e.Time)
	if err != nil {
		l.t.Fatal(err)
	}
	return types.EventID(member + "/" + u)
}

func (l *ledger) lot(id types.LotID) *types.Lot { return record[types.Lot](l, "lot/"+string(id)) }

func (l *ledger) order(id types.OrderID) *types.Order {
	return record[types.Order](l, "order/"+string(id))
}

// check holds the whole state to the invariants.
func (l *ledger) check() {
	l.t.Helper()
	view, err := l.store.View(0)
	if err != nil {
		l.t.Fatal(err)
	}
	defer view.Close()
	if err := app.CheckInvariants(view); err != nil {
		l.t.Fatalf("invariant broken: %v", err)
	}
	l.checkIndex(view)
	l.checkHistories()
}

// checkIndex: the index of a node that executed every block is the one that a node gets
// with a snapshot, from the keys alone.
func (l *ledger) checkIndex(view *store.View) {
	l.t.Helper()
	want := map[string]string{}
	for _, prefix := range []string{"payment", "waybill"} {
		if err := view.Iterate(prefix+"/", prefix+"0", func(key string, _ []byte) bool {
			index, _ := store.IndexOf(key)
			want[index.Key] = string(index.Value)
			return false
		}); err != nil {
			l.t.Fatal(err)
		}
	}
	for key, half := range want {
		if got, err := l.store.Get(key); err != nil || string(got) != half {
			l.t.Fatalf("%s: %q, a snapshot gives %q (%v)", key, got, half, err)
		}
	}
	for key := range l.indexed {
		if want[key] == "" {
			l.t.Fatalf("%s: an entry of no name", key)
		}
	}
}

// checkHistories replays the journal: every record's history is exactly the events
// that touched it.
func (l *ledger) checkHistories() {
	l.t.Helper()
	replay := map[string]*types.History{}
	for _, b := range l.blocks {
		for _, e := range b.Events {
			raw, err := e.Event.Encode()
			if err != nil {
				l.t.Fatal(err)
			}
			for _, key := range e.Keys {
				h := replay[key]
				if h == nil {
					h = new(types.History)
					replay[key] = h
				}
				if err := h.Append(types.LeafHash(raw)); err != nil {
					l.t.Fatal(err)
				}
			}
		}
	}
	for key, want := range replay {
		raw, err := l.store.Get(key)
		if err != nil {
			l.t.Fatal(err)
		}
		r, err := types.DecodeRecord(key, raw)
		if err != nil {
			l.t.Fatal(err)
		}
		if !r.Log().Equal(want) {
			l.t.Fatalf("%s commits to %d events, %d touched it", key, r.Log().Size, want.Size)
		}
	}
}
