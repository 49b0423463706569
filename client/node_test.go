package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// fakeNode answers as a node's gateway does, from a fake chain. It checks signatures and executes nothing: what it is
// given stands in block 2.
type fakeNode struct {
	t      testing.TB
	chain  *fakeChain
	server *httptest.Server

	mu      sync.Mutex
	txs     []*types.Verified
	results map[types.Hash]*types.Result
	records map[string][]byte // beside those of the chain
	before  func(w http.ResponseWriter, r *http.Request) (answered bool)
	judge   func(tx *types.Verified) *types.Result
	lie     func(e *evidence.Evidence) // about what is proven
}

const committedHeight = 2

func newNode(t testing.TB, c *fakeChain) *fakeNode {
	n := &fakeNode{t: t, chain: c, results: map[types.Hash]*types.Result{}, records: map[string][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", n.status)
	mux.HandleFunc("GET /v1/genesis", func(w http.ResponseWriter, _ *http.Request) { w.Write(c.File) })
	mux.HandleFunc("POST /v1/transactions", n.submit)
	mux.HandleFunc("POST /v1/transactions/batch", n.batch)
	mux.HandleFunc("GET /v1/transactions/{digest}", n.receipt)
	mux.HandleFunc("GET /v1/records/{key...}", n.record)
	mux.HandleFunc("GET /v1/history/{key...}", n.history)
	mux.HandleFunc("POST /v1/evidence", n.evidence)
	mux.HandleFunc("GET /v1/blocks/{height}", n.block)
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		before := n.before
		n.mu.Unlock()
		if before == nil || !before(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(n.server.Close)
	return n
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, code types.Code, field, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(types.Problem{Title: http.StatusText(status), Status: status, Detail: detail, Code: code, Field: field})
}

func refuse(w http.ResponseWriter, err error) {
	code, _ := types.CodeOf(err)
	problem(w, http.StatusUnprocessableEntity, code, "", err.Error())
}

func (n *fakeNode) status(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, types.Status{
		Version: "test", Chain: chainID, Genesis: n.chain.Hash, Member: "lantu", Validator: true, Height: committedHeight,
		Time: chainStart + 3000, Peers: 3, Pool: types.PoolStatus{Capacity: 1000}, Oldest: 1,
	})
}

func (n *fakeNode) domain() types.Domain { return types.NewDomain(chainID, n.chain.Hash) }

func (n *fakeNode) submit(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		n.t.Error(err)
	}
	receipt, err := n.accept(raw)
	switch {
	case err != nil:
		refuse(w, err)
	case r.URL.Query().Get("wait") == "commit":
		answer(w, 200, receipt)
	default:
		answer(w, 202, types.Receipt{Digest: receipt.Digest, State: types.TxAccepted})
	}
}

// accept checks a transaction, keeps it, and says what the block would have said.
func (n *fakeNode) accept(raw []byte) (*types.Receipt, error) {
	v, err := n.domain().Verify(raw)
	if err != nil {
		return nil, err
	}
	key := n.chain.Keys[v.Transaction.Member]
	if key == nil {
		return nil, types.Refuse(types.MemberUnknown, "member", "%q", v.Transaction.Member)
	}
	if v.Signers[0] != n.chain.address(v.Transaction.Member) {
		return nil, types.Refuse(types.KeyUnknown, "signatures[0]", "%s", v.Signers[0])
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.results[v.Digest] == nil {
		n.txs = append(n.txs, v)
		n.results[v.Digest] = &types.Result{}
		if n.judge != nil {
			n.results[v.Digest] = n.judge(v)
		}
	}
	return n.receiptOf(v.Digest), nil
}

func (n *fakeNode) receiptOf(d types.Hash) *types.Receipt {
	return &types.Receipt{Digest: d, State: types.TxCommitted, Height: committedHeight, Time: chainStart + 3000, Result: n.results[d]}
}

func (n *fakeNode) batch(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	var raws [][]byte
	if err := types.Decode(data, &raws); err != nil {
		refuse(w, err)
		return
	}
	results := make([]types.Receipt, len(raws))
	for i, raw := range raws {
		receipt, err := n.accept(raw)
		if err != nil {
			code, _ := types.CodeOf(err)
			receipt = &types.Receipt{State: types.TxRefused, Result: &types.Result{Code: code, Log: err.Error()}}
		}
		results[i] = *receipt
	}
	answer(w, 200, map[string]any{"results": results})
}

func (n *fakeNode) receipt(w http.ResponseWriter, r *http.Request) {
	d, err := types.ParseHash(r.PathValue("digest"))
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil || n.results[d] == nil {
		problem(w, 404, types.NotFound, "", "no such transaction")
		return
	}
	answer(w, 200, n.receiptOf(d))
}

// value returns a record that a test put there, or the chain's.
func (n *fakeNode) value(key string) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	if v := n.records[key]; v != nil {
		return v
	}
	return n.chain.value(n.t, key)
}

func (n *fakeNode) put(key string, record types.Record) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records[key], _ = types.Encode(record)
}

func (n *fakeNode) record(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	value := n.value(key)
	if value == nil {
		problem(w, 404, types.NotFound, "key", key+" is not there")
		return
	}
	answer(w, 200, types.RecordAnswer{Key: key, Height: n.chain.Last(), Value: value, Record: json.RawMessage(`"as the node likes it"`)})
}

func (n *fakeNode) history(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	h := types.HistoryAnswer{Key: key}
	for _, raw := range n.chain.Raw[key] {
		e, err := types.DecodeEvent(raw)
		if err != nil {
			n.t.Error(err)
			return
		}
		body, err := types.DecodeBody(e.Kind, e.Body)
		if err != nil {
			problem(w, 404, types.NotFound, "key", err.Error())
			return
		}
		readable, _ := json.Marshal(body)
		h.Size++
		h.Events = append(h.Events, types.HistoryEvent{
			Tx: e.Tx, Index: e.Index, Height: e.Height, Time: e.Time, Member: e.Member, Kind: e.Kind, Body: readable,
		})
	}
	answer(w, 200, h)
}

// evidence proves what is asked for, as a node does.
func (n *fakeNode) evidence(w http.ResponseWriter, r *http.Request) {
	var asked evidence.Asked
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		problem(w, 422, types.Malformed, "", err.Error())
		return
	}
	n.chain.mu.Lock()
	e, err := prove.Evidence(r.Context(), n.chain.Chain, &asked)
	n.chain.mu.Unlock()
	if r := (*types.Refusal)(nil); errors.As(err, &r) {
		field := r.Field
		if c := (*prove.ClaimError)(nil); errors.As(err, &c) {
			field = fmt.Sprintf("claims[%d].%s", c.Claim, field)
		}
		problem(w, http.StatusNotFound, r.Code, field, r.Detail)
		return
	} else if err != nil {
		problem(w, http.StatusInternalServerError, types.OK, "", err.Error())
		return
	}
	n.mu.Lock()
	if n.lie != nil {
		n.lie(e)
	}
	n.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Write(evidenceFile(n.t, e))
}

func (n *fakeNode) block(w http.ResponseWriter, r *http.Request) {
	b := types.Block{Height: committedHeight, Time: chainStart}
	if r.PathValue("height") != fmt.Sprint(b.Height) {
		problem(w, 404, types.NotFound, "height", "no such block")
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "application/cbor") {
		answer(w, 200, b)
		return
	}
	data, _ := types.Encode(b)
	w.Header().Set("Content-Type", "application/cbor")
	w.Write(data)
}

// wrongAnswer answers submissions as no node would.
func wrongAnswer(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	http.Error(w, "the machine is on fire", http.StatusInternalServerError)
	return true
}
