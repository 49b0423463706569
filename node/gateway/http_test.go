package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
)

func TestStream(t *testing.T) {
	s := newStage(t)
	s.block()
	s.block()
	events := s.stream(t, "/v1/blocks/stream?from=1", "")
	defer events.close()
	events.want(t, 1)
	events.want(t, 2)
	s.block()
	events.want(t, 3)
}

func TestStreamGoesOn(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.block()
	}
	newest := s.stream(t, "/v1/blocks/stream", "")
	defer newest.close()
	newest.want(t, 3)
	again := s.stream(t, "/v1/blocks/stream?from=0", "1")
	defer again.close()
	again.want(t, 2)
	again.want(t, 3)
}

// events reads a stream of events.
type events struct {
	lines *bufio.Scanner
	close func()
}

func (s *stage) stream(t *testing.T, path, last string) *events {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+path, nil)
	check(t, err)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := s.server.Client().Do(r)
	check(t, err)
	if got := resp.Header.Get("Content-Type"); got != mediaEvents {
		t.Fatalf("%s: %s", resp.Status, got)
	}
	return &events{bufio.NewScanner(resp.Body), func() { cancel(); resp.Body.Close() }}
}

func (e *events) want(t *testing.T, height int64) {
	t.Helper()
	var got []string
	for e.lines.Scan() && e.lines.Text() != "" {
		got = append(got, e.lines.Text())
	}
	if len(got) != 3 || got[0] != "event: block" || got[1] != fmt.Sprint("id: ", height) {
		t.Fatalf("event %q, want block %d", got, height)
	}
	var h head
	check(t, json.Unmarshal([]byte(strings.TrimPrefix(got[2], "data: ")), &h))
	if h.Height != height || h.Time != genesisTime+1000*height {
		t.Fatalf("data %+v, want block %d", h, height)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	c := newTown(t)
	c.block()
	g := New(c, Options{}).(*gateway)
	for range maxStreams {
		g.streams <- struct{}{}
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/blocks/stream", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// panicking is a Backend with a fault.
type panicking struct{ *town }

func (panicking) Status(context.Context) types.Status { panic("a fault of the node") }

func TestPanicIsAProblem(t *testing.T) {
	var log bytes.Buffer
	g := New(panicking{newTown(t)}, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/status", nil))
	var p types.Problem
	check(t, json.Unmarshal(w.Body.Bytes(), &p))
	if w.Code != 500 || p.Status != 500 || strings.Contains(w.Body.String(), "a fault of the node") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "a fault of the node") {
		t.Errorf("the log does not say why: %s", log.String())
	}
}

// leaving is a caller that goes away while it is answered.
type leaving struct{ header http.Header }

func (l *leaving) Header() http.Header       { return l.header }
func (l *leaving) WriteHeader(int)           {}
func (l *leaving) Write([]byte) (int, error) { return 0, net.ErrClosed }

func TestCallerLeaves(t *testing.T) {
	var log bytes.Buffer
	g := New(newTown(t), Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	defer func() {
		if fault := recover(); fault != nil && fault != http.ErrAbortHandler {
			t.Errorf("panic %v", fault)
		}
		if log.Len() > 0 {
			t.Errorf("logged, though the node is fine: %s", log.String())
		}
	}()
	g.ServeHTTP(&leaving{http.Header{}}, httptest.NewRequest(http.MethodGet, "/v1/status", nil))
}

// TestJournalDoesNotReachBack is a node that joined by a snapshot.
func TestJournalDoesNotReachBack(t *testing.T) {
	c := newTown(t)
	for range 3 {
		c.block()
	}
	young, err := journal.Open("", 1)
	check(t, err)
	t.Cleanup(func() { check(t, young.Close()) })
	b, err := c.journal.Block(3)
	check(t, err)
	check(t, young.Append(b))
	young.Committed(3)
	old := c.journal
	c.journal = young
	defer func() { c.journal = old }()

	g := New(c, Options{})
	for _, path := range []string{"/v1/history/member/coop", "/v1/history/member/coop?proof=1"} {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "begins at block 3") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/blocks/1", nil))
	if w.Code != http.StatusGone {
		t.Errorf("block 1: %d %s", w.Code, w.Body)
	}
}

// TestManyWait holds that everybody who waits for one block gets it.
func TestManyWait(t *testing.T) {
	s := newStage(t)
	s.block()
	var all sync.WaitGroup
	for i := range 50 {
		raw := s.sign("coop", "AddKey", genesisTime+200_000, fmt.Sprintf(`{"key":"0x%040x"}`, i+1))
		all.Go(func() {
			resp, err := s.server.Client().Post(s.server.URL+"/v1/transactions?wait=commit", mediaCBOR, bytes.NewReader(raw))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			var r types.Receipt
			if err := json.NewDecoder(resp.Body).Decode(&r); err != nil || resp.StatusCode != 200 || r.Height != 2 {
				t.Errorf("%s %+v %v", resp.Status, r, err)
			}
		})
	}
	until(t, func() bool { return s.waiting() == 50 })
	s.block()
	all.Wait()
}

// TestWaitOutlivesTheBodyTimeout holds that the deadline for a body does not end the
// waiting after it: the server would report it as the caller's leaving.
func TestWaitOutlivesTheBodyTimeout(t *testing.T) {
	reads := make(chan time.Time, 9)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("body"))
	x := &exchange{ResponseWriter: httptest.NewRecorder()}
	x.control = http.NewResponseController(deadlines{x.ResponseWriter, reads})
	x.limitBody(r, piece)
	_, err := io.ReadAll(r.Body)
	check(t, err)
	if first := <-reads; first.IsZero() {
		t.Error("no deadline for the body")
	}
	if last := <-reads; !last.IsZero() {
		t.Errorf("the deadline stays at %s after the body", last)
	}
}

type deadlines struct {
	http.ResponseWriter
	reads chan time.Time
}

func (d deadlines) SetReadDeadline(at time.Time) error { d.reads <- at; return nil }

func TestMetrics(t *testing.T) {
	s := newStage(t)
	s.block()
	s.get(t, "/v1/records/member/coop")
	s.get(t, "/v1/records/member/customs")
	resp, err := s.server.Client().Post(s.server.URL+"/v1/transactions", mediaCBOR, strings.NewReader("nonsense"))
	check(t, err)
	resp.Body.Close()
	resp, err = s.server.Client().Get(s.server.URL + "/some/invented/path")
	check(t, err)
	resp.Body.Close()
	got := string(s.get(t, "/metrics"))
	for _, want := range []string{
		`carya_gateway_requests_total{route="/v1/records/{key}",status="200"} 2`,
		`carya_gateway_requests_total{route="/v1/transactions",status="400"} 1`,
		`carya_gateway_requests_total{route="",status="404"} 1`,
		`carya_gateway_submitted_total{code="MALFORMED",kind=""} 1`,
		`carya_gateway_request_seconds_count{route="/v1/records/{key}"} 2`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "invented") {
		t.Error("a caller can make labels")
	}
}
