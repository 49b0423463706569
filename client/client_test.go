package client_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// slow is a clock that stands still but for the pauses that a client makes, which it notes.
type slow struct {
	at     time.Time
	pauses []time.Duration
}

func (s *slow) pause(ctx context.Context, d time.Duration) error {
	s.pauses = append(s.pauses, d)
	s.at = s.at.Add(d)
	return ctx.Err()
}

func (s *slow) now() time.Time { return s.at }

func (n *fakeNode) client(t testing.TB) (*client.Client, *slow) {
	t.Helper()
	s := &slow{at: time.Now()}
	c, err := client.New(n.server.URL, client.WithPause(s.pause, s.now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s
}

func (n *fakeNode) signed(t testing.TB, member string, bodies ...types.Body) ([]byte, types.Hash) {
	t.Helper()
	s := &client.Signer{Member: member, Domain: n.domain(), Keys: []*ecdsa.PrivateKey{n.chain.Keys[member]}}
	raw, digest, err := s.Sign(client.Terms{}, bodies...)
	if err != nil {
		t.Fatal(err)
	}
	return raw, digest
}

// script makes a node answer each POST of a transaction by the next line: pass, busy, busy 7, lose (execute and break the
// connection), break, 502, accepted, replayed.
func (n *fakeNode) script(lines ...string) {
	next := make(chan string, len(lines)) // requests come on goroutines of their own
	for _, line := range lines {
		next <- line
	}
	n.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || len(next) == 0 {
			return false
		}
		verb, argument, _ := strings.Cut(<-next, " ")
		switch verb {
		case "busy":
			w.Header().Set("Retry-After", argument)
			problem(w, 429, types.Busy, "", "full")
		case "lose":
			n.submit(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case "break":
			panic(http.ErrAbortHandler)
		case "502":
			http.Error(w, "bad gateway", 502)
		case "accepted":
			answer(w, 202, types.Receipt{State: types.TxAccepted})
		case "replayed":
			n.submit(discard{http.Header{}}, r)
			problem(w, 409, types.Replayed, "", "executed before")
		case "expired":
			problem(w, 422, types.TxExpired, "expires", "too late")
		case "pass":
			return false
		}
		return true
	}
}

// discard is where an answer goes that never arrives.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func TestSubmitAndWait(t *testing.T) {
	chain := newChain(t)
	for _, row := range []struct {
		name   string
		script []string
		want   string // error, "" for none
		pauses []time.Duration
	}{
		{"at once", nil, "", nil},
		{"busy with a wish", []string{"busy 7"}, "", []time.Duration{7 * time.Second}},
		{"busy without one", []string{"busy", "busy", "busy"}, "", []time.Duration{100e6, 200e6, 400e6}},
		{"answer lost", []string{"lose"}, "", []time.Duration{100e6}},
		{"answer lost, then replayed", []string{"lose", "replayed"}, "", []time.Duration{100e6}},
		{"answer lost, then expired", []string{"lose", "expired"}, "", []time.Duration{100e6}},
		{"connection broken", []string{"break", "break"}, "", []time.Duration{100e6, 200e6}},
		{"proxy in trouble", []string{"502"}, "", []time.Duration{100e6}},
		{"not yet in a block", []string{"accepted"}, "", []time.Duration{100e6}},
		{"expired at the first try", []string{"expired"}, "TX_EXPIRED", nil},
		{"broken, then expired", []string{"break", "expired"}, "TX_EXPIRED", []time.Duration{100e6}},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := newNode(t, chain)
			n.script(row.script...)
			c, clock := n.client(t)
			raw, digest := n.signed(t, "coop-linan", &types.AcceptLot{Lot: testLot, From: "lantu"})
			r, err := c.SubmitAndWait(t.Context(), raw)
			if diff := cmp.Diff(row.pauses, clock.pauses); diff != "" {
				t.Errorf("pauses -want +got\n%s", diff)
			}
			if row.want != "" {
				if err == nil || !strings.Contains(err.Error(), row.want) {
					t.Fatalf("got error %v, want %s", err, row.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.State != types.TxCommitted || r.Digest != digest || r.Height != committedHeight {
				t.Errorf("got %+v", r)
			}
			if len(n.txs) != 1 {
				t.Errorf("%d transactions were executed, want 1", len(n.txs))
			}
		})
	}
}

// A node that stays silent is left a minute after the transaction's expiry; a busy one, too.
func TestSubmitAndWaitEnds(t *testing.T) {
	for _, verb := range []string{"break", "busy 5", "accepted"} {
		n := newNode(t, newChain(t))
		lines := make([]string, 1000)
		for i := range lines {
			lines[i] = verb
		}
		n.script(lines...)
		c, clock := n.client(t)
		raw, _ := n.signed(t, "coop-linan", &types.AcceptLot{Lot: testLot, From: "lantu"})
		start := clock.at
		if r, err := c.SubmitAndWait(t.Context(), raw); err == nil {
			t.Fatalf("%s: got %+v, want an error", verb, r)
		}
		if waited := clock.at.Sub(start); waited < client.DefaultLife || waited > client.DefaultLife+2*time.Minute {
			t.Errorf("%s: gave up after %s", verb, waited)
		}
	}
}

func TestSubmitAndWaitTellsRefusals(t *testing.T) {
	n := newNode(t, newChain(t))
	n.judge = func(*types.Verified) *types.Result {
		return &types.Result{Code: types.Partial, Codes: []types.Code{types.OK, types.NotCustodian}, Log: "lot X is held by Y"}
	}
	c, _ := n.client(t)
	raw, _ := n.signed(t, "coop-linan", &types.AcceptLot{Lot: testLot, From: "lantu"}, &types.AcceptLot{Lot: "06901234000023.B", From: "lantu"})
	r, err := c.SubmitAndWait(t.Context(), raw)
	var refusal *types.Refusal
	if !errors.As(err, &refusal) || refusal.Code != types.Partial || r == nil || len(r.Result.Codes) != 2 {
		t.Errorf("got %+v and %v, want the receipt and a refusal PARTIAL", r, err)
	}
}

func TestProblemsAreRefusals(t *testing.T) {
	n := newNode(t, newChain(t))
	c, _ := n.client(t)
	_, err := c.Record(t.Context(), "lot/06901234000023.NONE", 0)
	var refusal *types.Refusal
	if !errors.As(err, &refusal) || refusal.Code != types.NotFound || refusal.Field != "key" {
		t.Errorf("got %v, want a refusal NOT_FOUND of key", err)
	}
	n.script("busy 3")
	raw, _ := n.signed(t, "coop-linan", &types.AcceptLot{Lot: testLot, From: "lantu"})
	if _, err = c.Submit(t.Context(), raw); !errors.As(err, &refusal) || refusal.Code != types.Busy || client.ExitCode(err) != client.ExitUnreachable {
		t.Errorf("got %v with exit code %d, want BUSY and %d", err, client.ExitCode(err), client.ExitUnreachable)
	}
	n.before = func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "<h1>I am a teapot</h1>", 418)
		return true
	}
	var odd *client.HTTPError
	if _, err := c.Status(t.Context()); !errors.As(err, &odd) || odd.Status != 418 {
		t.Errorf("got %v, want an HTTPError 418", err)
	}
}

func TestUnreachable(t *testing.T) {
	n := newNode(t, newChain(t))
	raw, _ := n.signed(t, "coop-linan", &types.AcceptLot{Lot: testLot, From: "lantu"})
	c, clock := n.client(t)
	n.server.Close()
	_, err := c.SubmitAndWait(t.Context(), raw)
	var silent *client.Unreachable
	if !errors.As(err, &silent) || client.ExitCode(err) != client.ExitUnreachable || len(clock.pauses) > 0 {
		t.Errorf("got %v after %d pauses, want Unreachable at once", err, len(clock.pauses))
	}
}

func TestCancel(t *testing.T) {
	n := newNode(t, newChain(t))
	release := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	n.before = func(http.ResponseWriter, *http.Request) bool { cancel(); <-release; return true }
	c, _ := n.client(t)
	raw, _ := n.signed(t, "coop-linan", &types.AcceptLot{Lot: testLot, From: "lantu"})
	_, err := c.SubmitAndWait(ctx, raw)
	close(release)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestSubmitBatch(t *testing.T) {
	n := newNode(t, newChain(t))
	c, _ := n.client(t)
	good, digest := n.signed(t, "coop-linan", &types.AcceptLot{Lot: testLot, From: "lantu"})
	receipts, err := c.SubmitBatch(t.Context(), [][]byte{good, []byte("rubbish")})
	if err != nil {
		t.Fatal(err)
	}
	if receipts[0].Digest != digest || receipts[1].State != types.TxRefused || client.Outcome(&receipts[1]) == nil {
		t.Errorf("got %+v", receipts)
	}
}

func TestReading(t *testing.T) {
	n := newNode(t, newChain(t))
	c, _ := n.client(t)
	ctx := t.Context()
	file, genesis, err := c.Genesis(ctx)
	if err != nil || genesis.Chain != chainID || len(file) == 0 {
		t.Errorf("genesis: %v, %v", genesis, err)
	}
	r, err := c.Record(ctx, "lot/"+testLot, 1)
	if err != nil || r.Key != "lot/"+testLot {
		t.Errorf("record: %+v, %v", r, err)
	}
	h, err := c.History(ctx, "lot/"+testLot)
	if err != nil || h.Size != 3 {
		t.Errorf("history: %+v, %v", h, err)
	}
	b, err := c.Block(ctx, committedHeight, time.Second)
	if err != nil || b.Height != committedHeight {
		t.Errorf("block: %+v, %v", b, err)
	}
	e, err := c.Prove(ctx, &evidence.Asked{Claims: []evidence.Ask{{Claim: evidence.ClaimHistory, Key: "lot/" + testLot}}})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := client.Verify(evidenceFile(t, e), n.chain.Trust()); err != nil || len(v.Claims[0].Events) != 3 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

// Per cent signs in keys reach the node as they are.
func TestKeysInAddresses(t *testing.T) {
	n := newNode(t, newChain(t))
	var got string
	n.before = func(_ http.ResponseWriter, r *http.Request) bool { got = r.URL.Path; return false }
	c, _ := n.client(t)
	c.Record(t.Context(), "lot/06901234000016.A%2FB", 0)
	if want := "/v1/records/lot/06901234000016.A%2FB"; got != want {
		t.Errorf("got path %s, want %s", got, want)
	}
}

func TestNew(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:26680", "ftp://x", "http://", "http://[::1"} {
		if _, err := client.New(address); err == nil {
			t.Errorf("%q: got a client, want an error", address)
		}
	}
}

func TestSign(t *testing.T) {
	n := newNode(t, newChain(t))
	s := &client.Signer{Member: "coop-linan", Domain: n.domain(), Keys: []*ecdsa.PrivateKey{n.chain.Keys["coop-linan"], n.chain.Keys["lantu"]}}
	raw, digest, err := s.Sign(client.Terms{OnError: types.OnErrorProceed}, &types.AcceptLot{Lot: testLot, From: "lantu"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := n.domain().Verify(raw)
	if err != nil {
		t.Fatal(err)
	}
	tx := v.Transaction
	left := time.Until(time.UnixMilli(tx.Expires))
	if v.Digest != digest || len(v.Signers) != 2 || tx.OnError != types.OnErrorProceed || tx.Kind != "AcceptLot" ||
		left > client.DefaultLife || left < client.DefaultLife-time.Minute {
		t.Errorf("got %+v, expiry in %s", v, left)
	}
	for name, bodies := range map[string][]types.Body{
		"no bodies": nil, "two kinds": {&types.AcceptLot{Lot: testLot, From: "lantu"}, &types.RejectLot{Lot: testLot, From: "lantu", To: "coop-linan"}}, "wrong": {&types.AcceptLot{Lot: "x", From: "lantu"}},
	} {
		if _, _, err := s.Sign(client.Terms{}, bodies...); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// canned is a transport that always gives the same answer.
type canned struct{ response http.Response }

func (c canned) RoundTrip(*http.Request) (*http.Response, error) { return &c.response, nil }

func FuzzProblem(f *testing.F) {
	f.Add(429, "application/problem+json", `{"title":"Busy","status":429,"code":"BUSY"}`, "3")
	f.Add(404, "text/html", "<html>", "Wed, 21 Oct 2026 07:28:00 GMT")
	f.Fuzz(func(t *testing.T, status int, kind, body, after string) {
		status = 400 + abs(status)%200
		transport := canned{http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {kind}, "Retry-After": {after}}, Body: io.NopCloser(strings.NewReader(body)),
		}}
		c, err := client.New("http://node", client.WithHTTP(&http.Client{Transport: transport}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Status(t.Context()); err == nil || err.Error() == "" {
			t.Errorf("status %d: got error %v", status, err)
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }
