package gateway

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

func TestHeaders(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.block()
	}
	tests := []struct {
		path   string
		status int
		height int64
		code   types.Code
	}{
		{"/v1/headers/0", http.StatusOK, 3, types.OK},
		{"/v1/headers/3", http.StatusOK, 3, types.OK},
		{"/v1/headers/1", http.StatusOK, 1, types.OK},
		{"/v1/headers/5", http.StatusNotFound, 0, types.NotFound},
		{"/v1/headers/9007199254740993", http.StatusNotFound, 0, types.NotFound},
		{"/v1/headers/-1", http.StatusUnprocessableEntity, 0, types.FieldInvalid},
		{"/v1/headers/first", http.StatusUnprocessableEntity, 0, types.FieldInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			var got struct {
				lightBlock
				Code types.Code `json:"code"`
			}
			if status := s.getJSON(t, tt.path, &got); status != tt.status || got.Code != tt.code || got.Height != tt.height {
				t.Fatalf("status %d, code %s, height %d; want %d, %s, %d", status, got.Code, got.Height, tt.status, tt.code, tt.height)
			}
			if tt.status != http.StatusOK {
				return
			}
			header, validators, err := s.LightBlock(t.Context(), tt.height)
			check(t, err)
			if string(got.SignedHeader) != string(header) || string(got.Validators) != string(validators) {
				t.Errorf("got %q and %q, want %q and %q", got.SignedHeader, got.Validators, header, validators)
			}
		})
	}
}

// TestHeaderComes asks for the block that is made meanwhile.
func TestHeaderComes(t *testing.T) {
	s := newStage(t)
	s.block()
	answer := make(chan int64)
	go func() {
		var got lightBlock
		s.getJSON(t, "/v1/headers/2", &got)
		answer <- got.Height
	}()
	s.block()
	if got := <-answer; got != 2 {
		t.Errorf("height %d, want 2", got)
	}
}

// stalled is a node to which no block comes any more.
type stalled struct{ *town }

func (stalled) LightBlock(ctx context.Context, _ int64) (header, validators []byte, err error) {
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

func TestHeaderDoesNotCome(t *testing.T) {
	c := newTown(t)
	c.block()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := httptest.NewRecorder()
		New(stalled{c}, Options{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/headers/2", nil))
		var p types.Problem
		check(t, json.Unmarshal(w.Body.Bytes(), &p))
		if w.Code != http.StatusServiceUnavailable || p.Code != types.Busy || w.Header().Get("Retry-After") == "" {
			t.Errorf("status %d, %s, Retry-After %q", w.Code, w.Body, w.Header().Get("Retry-After"))
		}
		if waited := time.Since(began); waited != lightPatience {
			t.Errorf("waited %s, want %s", waited, lightPatience)
		}
	})
}

func TestTrust(t *testing.T) {
	s := newStage(t)
	resp, err := s.server.Client().Get(s.server.URL + "/v1/trust")
	check(t, err)
	defer resp.Body.Close()
	file, err := io.ReadAll(resp.Body)
	check(t, err)
	got, err := evidence.ReadTrust(file)
	check(t, err)
	if got.Chain != s.genesis.Chain || got.Genesis != s.hash || len(got.Validators) != 1 || got.Validators[0].Member != "coop" {
		t.Errorf("got %s", file)
	}
}

// getJSON asks and reads the answer, whatever its status.
func (s *stage) getJSON(t *testing.T, path string, into any) (status int) {
	t.Helper()
	resp, err := s.server.Client().Get(s.server.URL + path)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return resp.StatusCode
}
