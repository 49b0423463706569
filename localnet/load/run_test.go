package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
)

// chain is a network for the generator: some nodes over one chain that takes every
// transaction whose signature is good and makes a block every 50 ms.
type chain struct {
	t      *testing.T
	domain types.Domain
	busy   int // answers "not now" to so many requests first

	mu     sync.Mutex
	pool   []types.BlockTx
	blocks []types.Block
	known  map[types.Hash]bool
	news   chan struct{} // closed and replaced with every block
}

func newChain(t *testing.T, busy int) *chain {
	c := &chain{t: t, domain: types.NewDomain("test", types.Hash{7}), busy: busy, known: map[types.Hash]bool{}, news: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go func() {
		for ctx.Err() == nil {
			pause(ctx, 50*time.Millisecond)
			c.decide()
		}
	}()
	return c
}

func (c *chain) decide() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocks = append(c.blocks, types.Block{Height: int64(len(c.blocks) + 1), Time: time.Now().UnixMilli(), Txs: c.pool})
	c.pool = nil
	close(c.news)
	c.news = make(chan struct{})
}

// node serves what the generator asks of one.
func (c *chain) node(hash types.Hash) string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		json.NewEncoder(w).Encode(types.Status{Chain: "test", Genesis: types.Hash{7}, Height: int64(len(c.blocks)), AppHash: hash, RSS: 123_000_000})
	})
	mux.HandleFunc("POST /v1/transactions/batch", c.submit)
	mux.HandleFunc("GET /v1/blocks/{height}", c.block)
	s := httptest.NewServer(mux)
	c.t.Cleanup(s.Close)
	return s.URL
}

func (c *chain) submit(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	var raws [][]byte
	if err := types.Decode(data, &raws); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy > 0 {
		c.busy--
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	var answer struct {
		Results []types.Receipt `json:"results"`
	}
	for _, raw := range raws {
		answer.Results = append(answer.Results, c.admit(raw))
	}
	json.NewEncoder(w).Encode(answer)
}

func (c *chain) admit(raw []byte) types.Receipt {
	v, err := c.domain.Verify(raw)
	code, _ := types.CodeOf(err)
	switch {
	case err != nil:
	case c.known[v.Digest]:
		code = types.Replayed
	case v.Transaction.Member == "post": // a member whose keys this chain does not know
		code = types.KeyUnknown
	}
	if code != types.OK {
		return types.Receipt{State: types.TxRefused, Result: &types.Result{Code: code}}
	}
	c.known[v.Digest] = true
	c.pool = append(c.pool, types.BlockTx{Digest: v.Digest, Member: v.Transaction.Member, Kind: v.Transaction.Kind, Bodies: uint64(len(v.Transaction.Bodies))})
	return types.Receipt{Digest: v.Digest, State: types.TxAccepted}
}

func (c *chain) block(w http.ResponseWriter, r *http.Request) {
	height, _ := strconv.Atoi(r.PathValue("height"))
	for deadline := time.After(5 * time.Second); ; {
		c.mu.Lock()
		news, have := c.news, len(c.blocks)
		if height <= have {
			data, err := types.Encode(&c.blocks[height-1])
			c.mu.Unlock()
			if err != nil {
				c.t.Error(err)
			}
			w.Write(data)
			return
		}
		c.mu.Unlock()
		select {
		case <-news:
		case <-deadline:
			w.WriteHeader(http.StatusNotFound)
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (c *chain) network(hashes ...types.Hash) Network {
	net := Network{Cast: testCast(c.t, len(hashes))}
	for i, h := range hashes {
		net.Nodes = append(net.Nodes, Node{Member: fmt.Sprintf("node-%d", i), URL: c.node(h)})
	}
	return net
}

func TestOpenLoop(t *testing.T) {
	c := newChain(t, 0)
	o := Options{Rate: 300, Duration: 1500 * time.Millisecond, Bodies: 2, Scenario: Lots}
	told := 0
	r, err := Run(t.Context(), c.network(types.Hash{1}, types.Hash{1}), o, func(Progress) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	if r.Sent != 450 || r.Committed != 450 || r.Refused != 0 || r.Uncommitted != 0 || r.Prepared < 400 {
		t.Errorf("%+v", r)
	}
	// How many and how soon depends on what else the machine does; what must hold does not.
	if r.TxPerS <= 0 || math.Abs(r.BodiesPerS/r.TxPerS-2) > 1e-9 {
		t.Errorf("%g transactions and %g bodies a second, want two bodies in each", r.TxPerS, r.BodiesPerS)
	}
	if r.P50 <= 0 || r.P50 > r.P95 || r.P95 > r.P99 || r.P99 > r.Max {
		t.Errorf("p50 %g, p95 %g, p99 %g, max %g", r.P50, r.P95, r.P99, r.Max)
	}
	if !r.AppHashEqual || r.Nodes[0].RSS != 123 || told == 0 {
		t.Errorf("app hash equal %v, RSS %g, told %d times", r.AppHashEqual, r.Nodes[0].RSS, told)
	}
}

func TestClosedLoopWithBusyNode(t *testing.T) {
	c := newChain(t, 3)
	o := Options{Duration: time.Second, Bodies: 1, Scenario: Lots, InFlight: 50}
	r, err := Run(t.Context(), c.network(types.Hash{1}), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	// 50 in flight and a block every 50 ms are at most 1,000 a second.
	if r.Committed == 0 || r.Committed > 1100 || r.Committed != r.Sent || r.Busy == 0 {
		t.Errorf("%+v", r)
	}
}

func TestRefusalsAndDifferentHashesAreReported(t *testing.T) {
	c := newChain(t, 0)
	o := Options{Rate: 300, Duration: time.Second, Bodies: 1, Scenario: Orders}
	r, err := Run(t.Context(), c.network(types.Hash{1}, types.Hash{2}), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Refused != 100 || r.Refusals["KEY_UNKNOWN"] != 100 || r.Committed != 200 || r.AppHashEqual {
		t.Errorf("%+v", r)
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil || !strings.Contains(text.String(), "NOT EQUAL") {
		t.Errorf("%s, %v", text.String(), err)
	}
}

func TestTrade(t *testing.T) {
	for _, rate := range []int{100, 0} {
		c := newChain(t, 0)
		net := c.network(types.Hash{1}, types.Hash{1})
		net.Cast.Logistics.Signer.Member = "carrier" // the chain refuses the other one
		o := Options{Rate: rate, Duration: 1500 * time.Millisecond, Bodies: 10, Scenario: Trade, InFlight: 9}
		r, err := Run(t.Context(), net, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rate > 0 && r.Sent != 5*15 || r.Committed != r.Sent || r.Committed%5 != 0 || r.Refused != 0 || r.Uncommitted != 0 {
			t.Errorf("rate %d: %+v", rate, r)
		}
		d := r.Trade
		if d.Sets <= 0 || d.Documents <= d.Sets || d.Customs < d.Sets || d.Peak <= 0 || d.P50 <= 0 || d.P50 > d.P99 || len(r.Stages) != 5 {
			t.Errorf("rate %d: %+v, %+v", rate, d, r.Stages)
		}
		var text strings.Builder
		if err := r.Write(&text); err != nil || !strings.Contains(text.String(), "match verdict") {
			t.Errorf("%s, %v", text.String(), err)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	c := newChain(t, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o := Options{Rate: 100, Duration: time.Hour, Bodies: 1, Scenario: Mixed}
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, c.network(types.Hash{1}), o, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(5 * time.Second):
		t.Error("still running")
	}
}

// The figures that the report promises stand under the promised names.
func TestReportJSON(t *testing.T) {
	r := &Report{TxPerS: 10, Nodes: []NodeReport{{CPU: 0.5, RSS: 100}}}
	r.Against(&Report{TxPerS: 20})
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	json.Unmarshal(data, &got)
	for _, name := range []string{"tx_per_s", "bodies_per_s", "p50_ms", "p95_ms", "p99_ms", "refused", "app_hash_equal", "nodes", "baseline_tx_per_s", "ratio"} {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is missing in %s", name, data)
		}
	}
	node := got["nodes"].([]any)[0].(map[string]any)
	if got["ratio"] != 0.5 || node["cpu_cores"] != 0.5 || node["rss_mb"] != 100.0 {
		t.Errorf("%s", data)
	}
}
