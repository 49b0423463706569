package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOpenAPI holds the document and that it names every route.
func TestOpenAPI(t *testing.T) {
	s := newStage(t)
	got := s.get(t, "/openapi.json")
	golden(t, "testdata/openapi.json", got)

	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	check(t, json.Unmarshal(got, &document))
	var described []string
	for path, methods := range document.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(described)
	want := []string{
		"DELETE /v1/documents/{id}",
		"GET /", "GET /health", "GET /l/{lot}", "GET /metrics", "GET /openapi.json", "GET /openapi.yaml",
		"GET /v1/accreditations", "GET /v1/blocks/stream", "GET /v1/blocks/{height}", "GET /v1/books", "GET /v1/ceb/policy", "GET /v1/certificates",
		"GET /v1/documents", "GET /v1/documents/{id}",
		"GET /v1/events", "GET /v1/events/{key}",
		"GET /v1/genesis", "GET /v1/headers/{height}", "GET /v1/history/{key}", "GET /v1/lots", "GET /v1/members", "GET /v1/orders",
		"GET /v1/plots", "GET /v1/products", "GET /v1/recalls", "GET /v1/recalls/{member}/{name}",
		"GET /v1/records", "GET /v1/records/{key}", "GET /v1/schema", "GET /v1/status", "GET /v1/tariffs",
		"GET /v1/trace", "GET /v1/trace/{key}",
		"GET /v1/transactions", "GET /v1/transactions/{digest}", "GET /v1/trust", "GET /v1/units", "GET /verify",
		"POST /v1/ceb/check", "POST /v1/documents", "POST /v1/evidence", "POST /v1/transactions", "POST /v1/transactions/batch",
	}
	if diff := cmp.Diff(want, described); diff != "" {
		t.Errorf("routes in the document (-want +got):\n%s", diff)
	}
	if strings.Contains(string(got), "ErrorModel") {
		t.Error("the document names huma's own errors")
	}
}

// get returns the body of a good answer.
func (s *stage) get(t *testing.T, path string) []byte {
	t.Helper()
	resp, err := s.server.Client().Get(s.server.URL + path)
	check(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s\n%s", path, resp.Status, body)
	}
	return body
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		check(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
