package epcisrest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/evidence"
)

// receiver is a subscriber's server.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	refuse  int // so many deliveries yet
	refused int
	got     []delivery
}

type delivery struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.refused < r.refuse {
			r.refused++
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		r.got = append(r.got, delivery{req.Header, body})
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery{}, r.got...)
}

// events returns the events of all deliveries.
func (r *receiver) events(t *testing.T) (all []epcis.Event) {
	t.Helper()
	for _, d := range r.deliveries() {
		doc, err := epcis.Parse(d.body)
		must(t, err)
		all = append(all, doc.Events...)
	}
	return all
}

// different counts the events that arrived, each once: some may arrive twice.
func (r *receiver) different(t *testing.T) int {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range r.events(t) {
		seen[e.EPCs[0]] = true
	}
	return len(seen)
}

func private(o *Options) { o.WebhookPrivate = true }

// post sends JSON and returns where the answer points to.
func (c *town) post(t testing.TB, path, body string, status int) string {
	t.Helper()
	resp, err := c.server.Client().Post(c.server.URL+path, mediaJSON, strings.NewReader(body))
	must(t, err)
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != status {
		t.Fatalf("POST %s: %s %s", path, resp.Status, data)
	}
	return resp.Header.Get("Location")
}

// capture captures one observation with this serial number.
func (c *town) capture(t testing.TB, serial int) {
	t.Helper()
	event := fmt.Sprintf(`{"bizStep": "inspecting", "epcList": ["urn:epc:id:sgtin:6901234.000001.%d"]}`, serial)
	c.post(t, "/epcis/capture", string(encode(t, documentOf(t, []string{event}))), http.StatusAccepted)
	c.settle()
}

func (c *town) subscription(t testing.TB, path string) (u shownSubscription) {
	t.Helper()
	resp, err := c.server.Client().Get(c.server.URL + path)
	must(t, err)
	defer resp.Body.Close()
	must(t, json.NewDecoder(resp.Body).Decode(&u))
	return u
}

func TestWebhook(t *testing.T) {
	c, r := newTown(t), newReceiver(t)
	c.serve(private)
	defer c.close()
	c.capture(t, 1)
	c.post(t, "/epcis/queries", `{"name":"q","query":{"EQ_bizStep":["inspecting"]}}`, http.StatusCreated)
	path := c.post(t, "/epcis/queries/q/subscriptions", fmt.Sprintf(`{"dest":"%s/hook","signatureToken":"secret","stream":true}`, r.URL), http.StatusCreated)
	c.capture(t, 2)
	until(t, func() bool { return len(r.deliveries()) == 1 })
	d := r.deliveries()[0]
	if got, want := d.header.Get("GS1-Signature"), sign("secret", d.body); got != want || d.header.Get("GS1-EPCIS-Version") != version {
		t.Errorf("signature %q, want %q; header %v", got, want, d.header)
	}
	if !bytes.Contains(d.body, []byte(`"subscriptionID":"`+path[strings.LastIndex(path, "/")+1:]+`"`)) {
		t.Errorf("no subscription ID in %s", d.body)
	}
	if got := r.events(t); len(got) != 1 || got[0].EPCs[0] != "https://id.gs1.org/01/06901234000016/21/2" {
		t.Errorf("events %+v, want the one that was captured after the subscription", got)
	}
	until(t, func() bool { return c.subscription(t, path).LastNotified != nil })
}

// TestWebhookGoesOn holds that nothing is lost when the receiver fails and the node
// begins again.
func TestWebhookGoesOn(t *testing.T) {
	c, r := newTown(t), newReceiver(t)
	c.serve(private)
	defer c.close()
	c.post(t, "/epcis/queries", `{"name":"q","query":{}}`, http.StatusCreated)
	r.refuse = 1
	path := c.post(t, "/epcis/queries/q/subscriptions", fmt.Sprintf(`{"dest":"%s","stream":true,"initialRecordTime":"2026-11-23T08:00:00Z"}`, r.URL), http.StatusCreated)
	c.capture(t, 1)
	until(t, func() bool { return c.subscription(t, path).Failures == 1 })
	if u := c.subscription(t, path); !strings.Contains(u.LastError, "503") {
		t.Errorf("last error %q", u.LastError)
	}
	c.serve(private)
	c.capture(t, 2)
	until(t, func() bool { return r.different(t) == 2 })
	c.serve(private)
	c.capture(t, 3)
	until(t, func() bool { return r.different(t) == 3 })
	until(t, func() bool { return c.subscription(t, path).Failures == 0 })
}

// TestWebhookSchedule runs a query every second, with the machine's clock.
func TestWebhookSchedule(t *testing.T) {
	c, r := newTown(t), newReceiver(t)
	c.serve(func(o *Options) { o.WebhookPrivate, o.Now = true, time.Now })
	defer c.close()
	c.post(t, "/epcis/queries", `{"name":"q","query":{}}`, http.StatusCreated)
	c.post(t, "/epcis/queries/q/subscriptions", fmt.Sprintf(`{"dest":"%s","reportIfEmpty":true,"schedule":{"second":"[0-59]"}}`, r.URL), http.StatusCreated)
	until(t, func() bool { return len(r.deliveries()) >= 2 })
	if got := r.events(t); len(got) != 0 {
		t.Errorf("events %+v, want empty reports", got)
	}
}

func TestUnsubscribe(t *testing.T) {
	c, r := newTown(t), newReceiver(t)
	c.serve(private)
	defer c.close()
	c.post(t, "/epcis/queries", `{"name":"q","query":{}}`, http.StatusCreated)
	c.post(t, "/epcis/queries/q/subscriptions", fmt.Sprintf(`{"dest":"%s","stream":true}`, r.URL), http.StatusCreated)
	req, err := http.NewRequest(http.MethodDelete, c.server.URL+"/epcis/queries/q", nil)
	must(t, err)
	resp, err := c.server.Client().Do(req)
	must(t, err)
	resp.Body.Close()
	c.capture(t, 1)
	c.serve(private)
	if n := len(c.service.hooks.all()); n != 0 || len(r.deliveries()) != 0 {
		t.Errorf("%d subscriptions and %d deliveries after the query was deleted", n, len(r.deliveries()))
	}
}

func TestOpenAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "::": false, "fe80::1": false,
		"fd00::1": false, "224.0.0.1": false, "255.255.255.255": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false, "192.0.2.1": false,
	} {
		if got := isOpen(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// TestClientStaysOutside holds that the address is checked where the connection is made.
func TestClientStaysOutside(t *testing.T) {
	r := newReceiver(t)
	client := newClient(false)
	_, err := client.Post(strings.Replace(r.URL, "127.0.0.1", "localhost", 1), mediaJSON, nil)
	if err == nil || !strings.Contains(err.Error(), "epcis.webhook_private") {
		t.Errorf("got %v", err)
	}
}

func TestBackoff(t *testing.T) {
	for failures, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 11: lastRetry, 5000: lastRetry} {
		if d := backoff(failures); d < most/2 || d > most {
			t.Errorf("after %d failures %s, want %s to %s", failures, d, most/2, most)
		}
	}
}

// events reads a stream.
type events struct {
	lines *bufio.Scanner
	close func()
}

func (c *town) stream(t *testing.T, path, last string) *events {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.URL+path, nil)
	must(t, err)
	r.Header.Set("Accept", mediaEvents)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := c.server.Client().Do(r)
	must(t, err)
	if got := resp.Header.Get("Content-Type"); got != mediaEvents {
		t.Fatalf("%s: %s", resp.Status, got)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &events{lines, func() { cancel(); resp.Body.Close() }}
}

// next returns the events of one message, and its ID.
func (e *events) next(t *testing.T) (id string, found []epcis.Event) {
	t.Helper()
	for e.lines.Scan() {
		line := e.lines.Text()
		if text, ok := strings.CutPrefix(line, "id: "); ok {
			id = text
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			doc, err := epcis.Parse([]byte(data))
			must(t, err)
			found = doc.Events
		}
		if line == "" && found != nil {
			return id, found
		}
	}
	t.Fatalf("the stream has ended: %v", e.lines.Err())
	return "", nil
}

func TestStream(t *testing.T) {
	c := newTown(t)
	c.serve(nil)
	defer c.close()
	c.capture(t, 1)
	c.post(t, "/epcis/queries", `{"name":"q","query":{"EQ_bizStep":["inspecting"]}}`, http.StatusCreated)
	s := c.stream(t, "/epcis/queries/q/events?stream=true&proof=1", "")
	c.capture(t, 2)
	id, found := s.next(t)
	if len(found) != 1 || found[0].EPCs[0] != "https://id.gs1.org/01/06901234000016/21/2" {
		t.Errorf("events %+v", found)
	}
	s.close()
	c.capture(t, 3)
	again := c.stream(t, "/epcis/queries/q/events", id)
	if _, found := again.next(t); len(found) != 1 || found[0].EPCs[0] != "https://id.gs1.org/01/06901234000016/21/3" {
		t.Errorf("events %+v after %s", found, id)
	}
	again.close()
	all := c.stream(t, "/epcis/queries/q/events?initialRecordTime=2026-11-23T08:00:00Z", "")
	if _, found := all.next(t); len(found) != 3 {
		t.Errorf("%d events from the beginning, want 3", len(found))
	}
	req, err := http.NewRequest(http.MethodDelete, c.server.URL+"/epcis/queries/q", nil)
	must(t, err)
	resp, err := c.server.Client().Do(req)
	must(t, err)
	resp.Body.Close()
	for all.lines.Scan() {
	}
	if err := all.lines.Err(); err != nil {
		t.Errorf("the stream of a deleted query ends with %v", err)
	}
	all.close()
}

func TestStreamsAreBounded(t *testing.T) {
	c := newTown(t)
	c.serve(nil)
	defer c.close()
	c.post(t, "/epcis/queries", `{"name":"q","query":{}}`, http.StatusCreated)
	for range maxStreams {
		c.service.streams <- struct{}{}
	}
	r, err := http.NewRequest(http.MethodGet, c.server.URL+"/epcis/queries/q/events", nil)
	must(t, err)
	r.Header.Set("Accept", mediaEvents)
	resp, err := c.server.Client().Do(r)
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
}

// TestProof checks what is handed out as a stranger would: the file holds the event as it
// was signed.
func TestProof(t *testing.T) {
	c := newTown(t)
	c.serve(nil)
	defer c.close()
	c.capture(t, 1)
	for range 2 {
		c.block()
	}
	resp, err := c.server.Client().Get(c.server.URL + "/epcis/events?EQ_bizStep=inspecting&proof=1")
	must(t, err)
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	resp.Body.Close()
	doc, err := epcis.Parse(data)
	must(t, err)
	var shown map[string]string
	for _, x := range doc.Events[0].Extensions {
		if x.Name == namespace+"proof" {
			must(t, json.Unmarshal([]byte(strings.ReplaceAll(string(x.Value), `"carya:height":1`, `"carya:height":"1"`)), &shown))
		}
	}
	ref := strings.TrimPrefix(shown["carya:record"], "event/")
	trust, err := evidence.TrustGenesis(c.genesis)
	must(t, err)
	for _, path := range []string{shown["carya:evidence"], "/epcis/events/" + strings.Replace(ref, "/", "%2F", 1) + "/proof"} {
		resp, err := c.server.Client().Get(c.server.URL + path)
		must(t, err)
		file, err := io.ReadAll(resp.Body)
		must(t, err)
		resp.Body.Close()
		v, err := evidence.Verify(file, trust)
		if err != nil {
			t.Fatalf("%s: %v: %s", path, err, file)
		}
		proven := v.Claims[0]
		if proven.Claim.Claim != evidence.ClaimHistory || len(proven.Events) != 1 || proven.Events[0].Tx.String() != shown["carya:tx"] {
			t.Errorf("%s: claim %s, %d events", path, proven.Claim.Claim, len(proven.Events))
			continue
		}
		body, err := types.DecodeBody(kindCapture, proven.Events[0].Body)
		must(t, err)
		if _, err := epcis.ParseEvent(body.(*types.CaptureEvent).Event); err != nil {
			t.Error(err)
		}
	}
}
