package vault

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/caryaledger/carya/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	chain  = "carya-test-1"
	record = "order/lantu/01KB0Q8YDRN7DPSEYSB6DNYX4Q"
	other  = "order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q"
)

// keyOf is a member's key, made of its name.
func keyOf(member string) *ecdsa.PrivateKey {
	seed := types.LeafHash([]byte(member))
	key, err := crypto.ToECDSA(seed[:])
	if err != nil {
		panic(err)
	}
	return key
}

// memberOf knows four members; those of gone are retired keys.
func memberOf(id string) (*types.Member, error) {
	if !slices.Contains([]string{"lantu", "hz-customs", "nb-customs", "xihu-pay", "gone"}, id) {
		return nil, nil
	}
	key := types.Key{Address: types.AddressOf(crypto.FromECDSAPub(&keyOf(id).PublicKey))}
	if id == "gone" {
		key.Retired = 1
	}
	return &types.Member{ID: id, Keys: []types.Key{key}}, nil
}

// delivery is a signed one; its body is what a vault takes for ciphertext.
func delivery(t testing.TB, from, body string, to ...string) *types.Sealed {
	t.Helper()
	s := &types.Sealed{Format: types.SealedFormat, Chain: chain, From: from, To: to, Records: []string{record}, Body: []byte(body)}
	check(t, s.Sign(keyOf(from)))
	return s
}

func open(t testing.TB, path, member string, peers ...string) *Vault {
	t.Helper()
	v, err := Open(Options{
		Path: path, MaxBytes: 1 << 20, Member: member, Chain: chain, Peers: peers, MemberOf: memberOf, Registry: prometheus.NewRegistry(),
	})
	check(t, err)
	return v
}

// counted reads one of the metrics.
func counted(t testing.TB, v *Vault, name string) float64 {
	t.Helper()
	families, err := v.o.Registry.Gather()
	check(t, err)
	for _, f := range families {
		if f.GetName() == "carya_vault_"+name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() // it is one of them
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func newVault(t testing.TB, member string, peers ...string) *Vault {
	t.Helper()
	v := open(t, filepath.Join(t.TempDir(), "vault.sqlite"), member, peers...)
	t.Cleanup(func() { check(t, v.Close()) })
	return v
}

// take takes a delivery and returns its id and how far it has come: "hz-customs delivered".
func take(t testing.TB, v *Vault, s *types.Sealed, reader string) (types.Hash, []string) {
	t.Helper()
	id, to, err := v.Take(t.Context(), s, reader)
	check(t, err)
	var states []string
	for _, c := range to {
		states = append(states, c.Member+" "+c.State)
	}
	return id, states
}

// ids lists what a vault shows.
func ids(t testing.TB, v *Vault, record string, after int64, limit int) (all []types.Hash) {
	t.Helper()
	list, err := v.List(t.Context(), record, after, limit)
	check(t, err)
	for _, s := range list {
		all = append(all, s.ID)
	}
	return all
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func refusedAs(t testing.TB, err error, code types.Code, field string) {
	t.Helper()
	if r, ok := errors.AsType[*types.Refusal](err); !ok || r.Code != code || r.Field != field {
		t.Errorf("%v, want %s about %q", err, code, field)
	}
}

func TestKept(t *testing.T) {
	v := newVault(t, "hz-customs")
	s := delivery(t, "lantu", "ciphertext", "hz-customs")
	id, to := take(t, v, s, "")
	same(t, "states", []string{"hz-customs delivered"}, to)
	again, to := take(t, v, s, "")
	same(t, "states", []string{"hz-customs delivered"}, to)
	if again != id {
		t.Errorf("%s, and then %s", id, again)
	}
	list, err := v.List(t.Context(), "", 0, 10)
	check(t, err)
	if len(list) != 1 {
		t.Fatalf("%d deliveries", len(list))
	}
	got := list[0]
	if now := time.Now().UnixMilli(); got.Time < now-60_000 || got.Time > now || got.Size < 100 {
		t.Errorf("%+v", got)
	}
	got.Time, got.Size = 0, 0
	same(t, "stored", Stored{Seq: 1, ID: id, From: "lantu", To: []string{"hz-customs"}, Records: []string{record}}, got)
	body, err := v.Get(t.Context(), id)
	check(t, err)
	var back types.Sealed
	check(t, json.Unmarshal(body, &back))
	same(t, "delivery", *s, back)
}

func TestListed(t *testing.T) {
	v := newVault(t, "hz-customs")
	var all []types.Hash
	for _, text := range []string{"a", "b", "c"} {
		s := delivery(t, "lantu", text, "hz-customs")
		if text == "b" {
			s.Records = []string{other, other}
			check(t, s.Sign(keyOf("lantu")))
		}
		id, _ := take(t, v, s, "")
		all = append(all, id)
	}
	same(t, "all", all, ids(t, v, "", 0, 10))
	same(t, "first page", all[:2], ids(t, v, "", 0, 2))
	same(t, "second page", all[2:], ids(t, v, "", 2, 2))
	same(t, "of one record", []types.Hash{all[0], all[2]}, ids(t, v, record, 0, 10))
	same(t, "of one record, second page", all[2:], ids(t, v, record, 1, 10))
	same(t, "of the other", all[1:2], ids(t, v, other, 0, 10))
	same(t, "of none", []types.Hash(nil), ids(t, v, "order/lantu/x", 0, 10))
}

func TestRefused(t *testing.T) {
	v := newVault(t, "hz-customs")
	signed := func(change func(s *types.Sealed)) *types.Sealed {
		s := delivery(t, "lantu", "ciphertext", "hz-customs")
		change(s)
		check(t, s.Sign(keyOf("lantu")))
		return s
	}
	forged := delivery(t, "lantu", "ciphertext", "hz-customs")
	forged.From = "xihu-pay"
	unsigned := delivery(t, "lantu", "ciphertext", "hz-customs")
	unsigned.Signature = nil
	for name, row := range map[string]struct {
		s      *types.Sealed
		reader string
		code   types.Code
		field  string
	}{
		"another chain":     {signed(func(s *types.Sealed) { s.Chain = "x" }), "", types.WrongChain, "chain"},
		"no member":         {delivery(t, "stranger", "x", "hz-customs"), "", types.MemberUnknown, "from"},
		"a retired key":     {delivery(t, "gone", "x", "hz-customs"), "", types.KeyUnknown, "signature"},
		"no signature":      {unsigned, "", types.BadSignature, "signature"},
		"another's name":    {forged, "", types.KeyUnknown, "signature"},
		"no such reader":    {signed(func(s *types.Sealed) { s.To = []string{"hz-customs", "stranger"} }), "", types.MemberUnknown, "to[1]"},
		"no such record":    {signed(func(s *types.Sealed) { s.Records = []string{"secret/1"} }), "", types.FieldInvalid, "records[0]"},
		"a long record":     {signed(func(s *types.Sealed) { s.Records = []string{"order/" + strings.Repeat("x", 200)} }), "", types.FieldInvalid, "records[0]"},
		"another's reader":  {signed(func(s *types.Sealed) { s.To = []string{"hz-customs", "nb-customs"} }), "nb-customs", types.FieldInvalid, "for"},
		"a reader of no it": {signed(func(s *types.Sealed) { s.To = []string{"nb-customs"} }), "hz-customs", types.FieldInvalid, "for"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := v.Take(t.Context(), row.s, row.reader)
			refusedAs(t, err, row.code, row.field)
		})
	}
	if all := ids(t, v, "", 0, 10); len(all) > 0 {
		t.Errorf("%d were kept", len(all))
	}
	if n := counted(t, v, "refused_total"); n != 10 {
		t.Errorf("%v counted", n)
	}
}

// TestFull: what does not fit is refused and leaves nothing, and what is erased or carried
// makes room.
func TestFull(t *testing.T) {
	v := newVault(t, "hz-customs")
	large := func(name string, from, to string) *types.Sealed {
		return delivery(t, from, name+strings.Repeat("x", 300<<10), to) // 400 KiB in JSON
	}
	first, _ := take(t, v, large("a", "lantu", "hz-customs"), "")
	_, _, err := v.Take(t.Context(), large("b", "lantu", "nb-customs"), "")
	refusedAs(t, err, types.Busy, "") // others' mail fills half of it at most
	second := large("c", "lantu", "hz-customs")
	take(t, v, second, "")
	third := large("d", "lantu", "hz-customs")
	_, _, err = v.Take(t.Context(), third, "")
	refusedAs(t, err, types.Busy, "")
	take(t, v, second, "") // it is there already
	check(t, v.Erase(t.Context(), first))
	take(t, v, third, "")
	if n := counted(t, v, "refused_total"); n != 2 {
		t.Errorf("%v counted", n)
	}
}

func TestErased(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.sqlite")
	v := open(t, path, "hz-customs")
	defer func() { check(t, v.Close()) }()
	mark := strings.Repeat("ciphertext that has a mark ", 1000)
	s := delivery(t, "lantu", mark, "hz-customs")
	id, _ := take(t, v, s, "")
	kept, _ := take(t, v, delivery(t, "lantu", "another", "hz-customs"), "")
	marked := func() bool {
		encoded, err := json.Marshal(s.Body)
		check(t, err)
		found := false
		for _, name := range []string{path, path + "-wal"} {
			data, err := os.ReadFile(name)
			check(t, err)
			found = found || bytes.Contains(data, encoded[100:600]) || bytes.Contains(data, []byte(record[6:])) && name != path
		}
		return found
	}
	if !marked() {
		t.Fatal("it is not there to begin with: the test cannot fail")
	}
	check(t, v.Erase(t.Context(), id))
	if marked() {
		t.Error("its bytes are still in the file")
	}
	_, err := v.Get(t.Context(), id)
	refusedAs(t, err, types.NotFound, "id")
	refusedAs(t, v.Erase(t.Context(), id), types.NotFound, "id")
	take(t, v, s, "") // its sender has not heard of that
	same(t, "what is left", []types.Hash{kept}, ids(t, v, "", 0, 10))
	same(t, "what is left of the record", []types.Hash{kept}, ids(t, v, record, 0, 10))
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "with spaces ?#%", "vault.sqlite")
	if _, err := Open(Options{Path: path}); err == nil {
		t.Error("opened where there is no folder")
	}
	check(t, os.Mkdir(filepath.Dir(path), 0o700))
	v := open(t, path, "hz-customs")
	id, _ := take(t, v, delivery(t, "lantu", "a", "hz-customs"), "")
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	check(t, v.Close())
	v = open(t, path, "hz-customs")
	same(t, "after a restart", []types.Hash{id}, ids(t, v, "", 0, 10))
	_, err := v.db.Exec("PRAGMA user_version = 9")
	check(t, err)
	check(t, v.Close())
	if _, err := Open(Options{Path: path}); err == nil || !strings.Contains(err.Error(), "version 9") {
		t.Errorf("opened a file of another version: %v", err)
	}
}

// peer is another member's node: what a gateway does with a vault, without a gateway.
type peer struct {
	*httptest.Server
	vault *Vault
	fails atomic.Int64 // status to answer with instead, 0 = none
	posts atomic.Int64
}

func newPeer(t *testing.T, member string) *peer {
	t.Helper()
	p := &peer{vault: newVault(t, member)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := p.fails.Load(); status > 0 {
			w.WriteHeader(int(status))
			return
		}
		if r.Method == http.MethodGet {
			json.NewEncoder(w).Encode(types.Status{Chain: chain, Member: member})
			return
		}
		p.posts.Add(1)
		var s types.Sealed
		err := json.NewDecoder(r.Body).Decode(&s)
		if err == nil {
			_, _, err = p.vault.Take(r.Context(), &s, r.URL.Query().Get("for"))
		}
		if err != nil {
			if r.Context().Err() == nil { // the courier may have stopped
				t.Error(err)
			}
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(p.Close)
	return p
}

// run runs a vault's courier until the test calls what it returns.
func run(v *Vault) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { v.Run(ctx) })
	return func() { cancel(); done.Wait() }
}

// until polls with a deadline.
func until(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ready(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it does not come", what)
		}
	}
}

// TestCarried: each reader's node gets it once, from the node that took it first, which
// keeps nothing of what is not its member's.
func TestCarried(t *testing.T) {
	hz, nb := newPeer(t, "hz-customs"), newPeer(t, "nb-customs")
	v := newVault(t, "lantu", hz.URL+"/", "http://127.0.0.1:1", nb.URL)
	defer run(v)()
	s := delivery(t, "xihu-pay", "ciphertext", "hz-customs", "nb-customs")
	id, to := take(t, v, s, "")
	same(t, "states", []string{"hz-customs pending", "nb-customs pending"}, to)
	until(t, "both have it", func() bool {
		_, to := take(t, v, s, "")
		return slices.Equal(to, []string{"hz-customs delivered", "nb-customs delivered"})
	})
	for _, p := range []*peer{hz, nb} {
		same(t, "at a reader's", []types.Hash{id}, ids(t, p.vault, record, 0, 10))
		if n := p.posts.Load(); n != 1 {
			t.Errorf("%d posts", n)
		}
		if n := counted(t, p.vault, "forwarded_total"); n != 0 {
			t.Errorf("a reader's node carried it on %v times", n)
		}
	}
	if all := ids(t, v, "", 0, 10); len(all) > 0 {
		t.Error("what was only carried is shown")
	}
	_, err := v.Get(t.Context(), id)
	refusedAs(t, err, types.NotFound, "id")
	var bytes, bodies int
	check(t, v.db.QueryRow("SELECT bytes FROM total").Scan(&bytes))
	check(t, v.db.QueryRow("SELECT count(body) FROM documents").Scan(&bodies))
	if bytes != 0 || bodies != 0 {
		t.Errorf("%d bytes in %d bodies are kept", bytes, bodies)
	}
}

// TestKeptAndCarried: a node whose member is a reader, and which first got it for that
// member only, carries it to the others when the sender comes itself.
func TestKeptAndCarried(t *testing.T) {
	nb := newPeer(t, "nb-customs")
	v := newVault(t, "hz-customs", nb.URL)
	s := delivery(t, "lantu", "ciphertext", "hz-customs", "nb-customs")
	id, to := take(t, v, s, "hz-customs")
	same(t, "states", []string{"hz-customs delivered"}, to)
	_, to = take(t, v, s, "")
	same(t, "states", []string{"hz-customs delivered", "nb-customs pending"}, to)
	defer run(v)()
	until(t, "the other has it", func() bool { return len(ids(t, nb.vault, "", 0, 10)) == 1 })
	until(t, "that is known", func() bool {
		_, to = take(t, v, s, "")
		return slices.Equal(to, []string{"hz-customs delivered", "nb-customs delivered"})
	})
	same(t, "kept", []types.Hash{id}, ids(t, v, "", 0, 10))
}

// TestOutboxSurvives: what was taken while the reader's node was down is carried by the
// next process.
func TestOutboxSurvives(t *testing.T) {
	hz := newPeer(t, "hz-customs")
	hz.fails.Store(http.StatusBadGateway)
	path := filepath.Join(t.TempDir(), "vault.sqlite")
	var log bytes.Buffer
	v, err := Open(Options{
		Path: path, MaxBytes: 1 << 20, Member: "lantu", Chain: chain, Peers: []string{hz.URL}, MemberOf: memberOf,
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Registry: prometheus.NewRegistry(),
	})
	check(t, err)
	stop := run(v)
	s := delivery(t, "lantu", "ciphertext", "hz-customs")
	take(t, v, s, "")
	until(t, "that is known to be down", func() bool {
		_, to := take(t, v, s, "")
		return slices.Equal(to, []string{"hz-customs unreachable"})
	})
	if counted(t, v, "failures_total") < 1 {
		t.Error("the failure is not counted")
	}
	killed := filepath.Join(t.TempDir(), "vault.sqlite") // what a process that is killed now leaves
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		check(t, err)
		check(t, os.WriteFile(killed+end, data, 0o600))
	}
	stop()
	check(t, v.Close())
	if !strings.Contains(log.String(), "hz-customs") || strings.Contains(log.String(), "ciphertext") {
		t.Errorf("the log: %s", log.String())
	}

	hz.fails.Store(0)
	v = open(t, killed, "lantu", hz.URL)
	defer func() { check(t, v.Close()) }()
	defer run(v)()
	until(t, "it has arrived", func() bool { return len(ids(t, hz.vault, "", 0, 10)) == 1 })
}

// TestOneRefused: a delivery that a node refuses does not hold up the next.
func TestOneRefused(t *testing.T) {
	hz := newPeer(t, "hz-customs")
	v := newVault(t, "lantu", hz.URL)
	bad := delivery(t, "lantu", "the first", "hz-customs")
	take(t, v, bad, "")
	hz.Config.Handler = refuse(hz.Config.Handler)
	stop := run(v)
	until(t, "it is refused", func() bool {
		_, to := take(t, v, bad, "")
		return slices.Equal(to, []string{"hz-customs unreachable"})
	})
	stop()
	defer run(v)()
	good, _ := take(t, v, delivery(t, "lantu", "the second", "hz-customs"), "")
	until(t, "the second is there", func() bool { return slices.Contains(ids(t, hz.vault, "", 0, 10), good) })
	until(t, "the first is there", func() bool { return len(ids(t, hz.vault, "", 0, 10)) == 2 })
}

// refuse answers 403 to the first delivery.
func refuse(next http.Handler) http.Handler {
	var refused atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && !refused.Swap(true) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// TestPeersAreAsked: who says that it is on another chain is not trusted with anything.
func TestPeersAreAsked(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Error("it was given a delivery")
		}
		json.NewEncoder(w).Encode(types.Status{Chain: "another", Member: "hz-customs"})
	}))
	defer elsewhere.Close()
	v := newVault(t, "lantu", elsewhere.URL)
	defer v.courier.http.CloseIdleConnections()
	if node, err := v.courier.nodeOf(t.Context(), "hz-customs"); err == nil {
		t.Errorf("the node of hz-customs is %s", node)
	}
}

// TestManyAtOnce takes the same deliveries from several senders while they are carried.
func TestManyAtOnce(t *testing.T) {
	hz := newPeer(t, "hz-customs")
	v := newVault(t, "lantu", hz.URL)
	defer run(v)()
	const n = 40
	var all []*types.Sealed
	for i := range n {
		all = append(all, delivery(t, "lantu", strings.Repeat("x", i+1), "hz-customs"))
	}
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for _, s := range all {
				if _, _, err := v.Take(context.Background(), s, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	until(t, "all are there", func() bool { return counted(t, v, "forwarded_total") == n })
	if got := len(ids(t, hz.vault, "", 0, 100)); got != n || hz.posts.Load() != n {
		t.Errorf("%d deliveries in %d posts, want %d", got, hz.posts.Load(), n)
	}
	for name, want := range map[string]float64{"stored_total": n, "pending": 0, "bytes": 0} {
		if got := counted(t, v, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestBackOff(t *testing.T) {
	for tries, want := range map[int]time.Duration{0: time.Second, 3: 8 * time.Second, 10: longest, 1000: longest} {
		if got := backOff(tries); got != want {
			t.Errorf("after %d tries %s, want %s", tries, got, want)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	v := newVault(b, "hz-customs")
	v.o.MaxBytes = 1 << 40
	text := strings.Repeat("x", 8<<10)
	for b.Loop() {
		s := delivery(b, "lantu", text+time.Now().String(), "hz-customs")
		if _, _, err := v.Take(b.Context(), s, ""); err != nil {
			b.Fatal(err)
		}
	}
}
