package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/node/bearer"
	"github.com/caryaledger/carya/node/vault"
	"github.com/caryaledger/carya/types"
)

const deliveredRecord = "order/lantu/01KB0Q8YDRN7DPSEYSB6DNYX4Q"

// newVaultTown is a gateway of the member coop with a vault, which carries nothing.
func newVaultTown(t testing.TB, gate bearer.Gate) (*town, http.Handler) {
	t.Helper()
	c := newTown(t)
	c.block()
	v, err := vault.Open(vault.Options{
		Path: filepath.Join(t.TempDir(), "vault.sqlite"), MaxBytes: 1 << 20, Member: "coop", Chain: c.genesis.Chain,
		MemberOf: func(id string) (*types.Member, error) { return app.MemberOf(c.state, id) },
	})
	check(t, err)
	t.Cleanup(func() { check(t, v.Close()) })
	return c, New(c, Options{Vault: v, VaultGate: gate})
}

func sealedDelivery(t testing.TB, from, body string, to ...string) []byte {
	t.Helper()
	s := &types.Sealed{Format: types.SealedFormat, Chain: "town", From: from, To: to, Records: []string{deliveredRecord}, Body: []byte(body)}
	check(t, s.Sign(keyOf(from).private))
	data, err := json.Marshal(s)
	check(t, err)
	return data
}

// ask makes a request as somebody on the node's machine does, and reads the answer as JSON
// into out, unless that is nil.
func ask(t testing.TB, h http.Handler, method, target string, body []byte, out any) int {
	t.Helper()
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Host = "127.0.0.1:26680"
	if len(body) > 0 {
		r.Header.Set("Content-Type", mediaJSON)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			t.Fatalf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
	}
	return w.Code
}

func TestDocuments(t *testing.T) {
	_, g := newVaultTown(t, bearer.Gate{Local: true})
	var ids []types.Hash
	for i := range 3 {
		var taken deliveryTaken
		if status := ask(t, g, "POST", "/v1/documents", sealedDelivery(t, "lantu", fmt.Sprint("ciphertext ", i), "coop", "customs"), &taken); status != 202 {
			t.Fatalf("status %d", status)
		}
		if len(taken.To) != 2 || taken.To[0] != (vault.Carried{Member: "coop", State: vault.Delivered}) || taken.To[1] != (vault.Carried{Member: "customs", State: vault.Pending}) {
			t.Errorf("to %+v", taken.To)
		}
		ids = append(ids, taken.ID)
	}
	var page deliveryList
	if status := ask(t, g, "GET", "/v1/documents?limit=2&record="+deliveredRecord, nil, &page); status != 200 || len(page.Documents) != 2 || page.Next != 2 {
		t.Fatalf("%d %+v", status, page)
	}
	if d := page.Documents[1]; d.ID != ids[1] || d.From != "lantu" || d.Seq != 2 || d.Records[0] != deliveredRecord {
		t.Errorf("%+v", d)
	}
	page = deliveryList{}
	if status := ask(t, g, "GET", "/v1/documents?limit=2&after=2", nil, &page); status != 200 || len(page.Documents) != 1 || page.Next != 0 {
		t.Fatalf("%d %+v", status, page)
	}
	var s types.Sealed
	if status := ask(t, g, "GET", "/v1/documents/"+ids[0].String(), nil, &s); status != 200 || string(s.Body) != "ciphertext 0" {
		t.Errorf("%d %+v", status, s)
	}
	if id, err := s.ID(); err != nil || id != ids[0] {
		t.Errorf("%s %v", id, err)
	}
	for _, want := range []int{204, 404} {
		if status := ask(t, g, "DELETE", "/v1/documents/"+ids[0].String(), nil, nil); status != want {
			t.Errorf("erased: %d, want %d", status, want)
		}
	}
	if status := ask(t, g, "GET", "/v1/documents/"+ids[0].String(), nil, &types.Problem{}); status != 404 {
		t.Errorf("the erased: %d", status)
	}
}

func TestDocumentsRefused(t *testing.T) {
	_, g := newVaultTown(t, bearer.Gate{Local: true})
	for _, row := range []struct {
		name, method, target string
		body                 []byte
		status               int
		code                 types.Code
	}{
		{"no JSON", "POST", "/v1/documents", []byte("{"), 400, types.Malformed},
		{"another format", "POST", "/v1/documents", []byte("{}"), 400, types.Malformed},
		{"no key of its sender", "POST", "/v1/documents", bytes.Replace(sealedDelivery(t, "lantu", "x", "coop"), []byte(`"lantu"`), []byte(`"customs"`), 1), 403, types.KeyUnknown},
		{"for another", "POST", "/v1/documents?for=customs", sealedDelivery(t, "lantu", "x", "coop", "customs"), 422, types.FieldInvalid},
		{"too large for the vault", "POST", "/v1/documents", sealedDelivery(t, "lantu", strings.Repeat("x", 1<<20), "coop"), 429, types.Busy},
		{"no id", "GET", "/v1/documents/x", nil, 422, types.FieldInvalid},
		{"an id of none", "GET", "/v1/documents/" + types.Hash{}.String(), nil, 404, types.NotFound},
		{"no cursor", "GET", "/v1/documents?after=-1", nil, 422, types.FieldInvalid},
	} {
		var p types.Problem
		if status := ask(t, g, row.method, row.target, row.body, &p); status != row.status || p.Code != row.code {
			t.Errorf("%s: %d %+v, want %d %s", row.name, status, p, row.status, row.code)
		}
	}
}

// TestDocumentsWithoutVault: the routes say that there is none.
func TestDocumentsWithoutVault(t *testing.T) {
	g := New(newTown(t), Options{})
	bodies := map[string][]byte{"POST": []byte("{}")}
	for _, route := range []string{"POST /v1/documents", "GET /v1/documents", "GET /v1/documents/x", "DELETE /v1/documents/x"} {
		method, target, _ := strings.Cut(route, " ")
		var p types.Problem
		if status := ask(t, g, method, target, bodies[method], &p); status != 404 || !strings.Contains(p.Detail, "vault.database") {
			t.Errorf("%s: %d %+v", route, status, p)
		}
	}
}

// TestDocumentsAreGuarded: everybody may deliver who signs; what was delivered is for the
// holders of a token, or for callers on this machine.
func TestDocumentsAreGuarded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	check(t, os.WriteFile(file, []byte("erp fedcba9876543210"), 0o600))
	tokens, err := bearer.ReadTokens(file)
	check(t, err)
	for _, row := range []struct {
		name   string
		gate   bearer.Gate
		header map[string]string
		host   string
		want   int
	}{
		{"from here", bearer.Gate{Local: true}, nil, "localhost:26680", 200},
		{"through a proxy", bearer.Gate{Local: true}, map[string]string{"X-Forwarded-For": "10.0.0.1"}, "localhost:26680", 403},
		{"by another name", bearer.Gate{Local: true}, nil, "evil.example", 403},
		{"to a gateway for all", bearer.Gate{}, nil, "localhost:26680", 403},
		{"with a token", bearer.Gate{Tokens: tokens}, map[string]string{"Authorization": "Bearer fedcba9876543210"}, "node.example", 200},
		{"with none", bearer.Gate{Tokens: tokens, Local: true}, nil, "localhost:26680", 401},
		{"with another", bearer.Gate{Tokens: tokens}, map[string]string{"Authorization": "Bearer 0000000000000000"}, "node.example", 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, g := newVaultTown(t, row.gate)
			var taken deliveryTaken
			if status := ask(t, g, "POST", "/v1/documents", sealedDelivery(t, "lantu", "ciphertext", "coop"), &taken); status != 202 {
				t.Fatalf("deliver: %d", status)
			}
			one := "/v1/documents/" + taken.ID.String()
			for _, route := range []struct {
				method, target string
				good           int
			}{{"GET", "/v1/documents", 200}, {"GET", one, 200}, {"DELETE", one, 204}} {
				want := row.want
				if want == 200 {
					want = route.good
				}
				r := httptest.NewRequest(route.method, route.target, nil)
				r.Host = row.host
				for name, value := range row.header {
					r.Header.Set(name, value)
				}
				w := httptest.NewRecorder()
				g.ServeHTTP(w, r)
				if w.Code != want || want > 300 && strings.Contains(w.Body.String(), "lantu") {
					t.Errorf("%s %s: %d %s, want %d", route.method, route.target, w.Code, w.Body, want)
				}
			}
		})
	}
}

// TestLargeBodiesTakeTurns: requests with large bodies wait for each other, and the others
// do not wait for them.
func TestLargeBodiesTakeTurns(t *testing.T) {
	_, h := newVaultTown(t, bearer.Gate{Local: true})
	g := h.(*gateway)
	for range maxLarge {
		g.large <- struct{}{}
	}
	if status := ask(t, g, "POST", "/v1/documents", sealedDelivery(t, "lantu", "small", "coop"), nil); status != 202 {
		t.Errorf("a small one: %d", status)
	}
	post := func(length int64) int {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/documents", io.LimitReader(zeros{}, length))
		r.ContentLength = length
		r.Header.Set("Content-Type", mediaJSON)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		return w.Code
	}
	if status := post(usualBody + 1); status != http.StatusServiceUnavailable {
		t.Errorf("a large one while others are read: %d", status)
	}
	<-g.large
	if status := post(usualBody + 1); status != http.StatusBadRequest {
		t.Errorf("a large one: %d", status)
	}
	if len(g.large) != maxLarge-1 {
		t.Errorf("%d turns are taken", len(g.large))
	}
	if status := post(maxSealedBody + 1); status != http.StatusRequestEntityTooLarge {
		t.Errorf("one that is too large: %d", status)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// FuzzDocuments: whatever is posted is taken whole or refused, and what is taken comes back.
func FuzzDocuments(f *testing.F) {
	_, g := newVaultTown(f, bearer.Gate{Local: true})
	for _, body := range [][]byte{
		sealedDelivery(f, "lantu", "ciphertext", "coop"), sealedDelivery(f, "coop", "ciphertext", "customs"), []byte("{}"), []byte("[1"),
		[]byte(`{"format":"carya-sealed/1","chain":"town","to":["coop"],"records":["order/x"],"body":"MDAwMA=="}`), // not signed
	} {
		f.Add(body, "")
		f.Add(body, "coop")
	}
	f.Fuzz(func(t *testing.T, body []byte, reader string) {
		r := httptest.NewRequest(http.MethodPost, "/v1/documents", bytes.NewReader(body))
		q := r.URL.Query()
		q.Set("for", reader)
		r.URL.RawQuery = q.Encode()
		r.Header.Set("Content-Type", mediaJSON)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Code != http.StatusAccepted {
			return
		}
		var taken deliveryTaken
		check(t, json.Unmarshal(w.Body.Bytes(), &taken))
		var s types.Sealed
		if status := ask(t, g, "GET", "/v1/documents/"+taken.ID.String(), nil, &s); status == 404 {
			return // it was only to be carried
		}
		if id, err := s.ID(); err != nil || id != taken.ID {
			t.Errorf("%s came back as %s (%v)", taken.ID, id, err)
		}
	})
}
