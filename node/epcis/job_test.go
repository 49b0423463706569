package epcisrest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (c *town) job(t testing.TB, path string) (d jobDocument) {
	t.Helper()
	resp, err := c.server.Client().Get(c.server.URL + path)
	must(t, err)
	defer resp.Body.Close()
	must(t, json.NewDecoder(resp.Body).Decode(&d))
	return d
}

// observations is a document of so many events.
func observations(t testing.TB, n int) string {
	t.Helper()
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"epcList": ["urn:epc:id:sgtin:6901234.000001.%d"]}`, i)
	}
	return string(encode(t, documentOf(t, lines)))
}

// TestJobOutlivesRestart stops the node before, while and after a transaction is sent.
func TestJobOutlivesRestart(t *testing.T) {
	c := newTown(t)
	c.serve(nil)
	defer c.close()
	path := c.post(t, "/epcis/capture", observations(t, 3), http.StatusAccepted)
	until(t, func() bool { return c.waiting() == 1 })
	if d := c.job(t, path); !d.Running || !d.Success {
		t.Errorf("%+v, want running and no errors so far", d)
	}
	c.serve(nil) // sent, and the node stops: the same bytes are sent again
	until(t, func() bool { return c.undone() == 1 })
	if n := c.waiting(); n != 1 {
		t.Errorf("%d transactions in the pool, want the same one", n)
	}
	c.close()
	b := c.block()
	if len(b.Events) != 3 {
		t.Fatalf("%d events in the block", len(b.Events))
	}
	c.serve(nil) // a block took it while the interface was away
	until(t, func() bool { return !c.job(t, path).Running })
	if d := c.job(t, path); !d.Success || len(d.Errors) != 0 || len(d.Transactions) != 1 {
		t.Errorf("%+v, want success", d)
	}
	left, err := filepath.Glob(filepath.Join(c.service.jobs.dir, "*", "parcel-*"))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
}

// TestJobIsSignedAnew lets a transaction expire outside of every block.
func TestJobIsSignedAnew(t *testing.T) {
	c := newTown(t)
	now := clock()
	c.serve(func(o *Options) { o.Now = func() time.Time { return now.Add(-life - 19*time.Second) } }) // it expires one second after the genesis
	defer c.close()
	path := c.post(t, "/epcis/capture", observations(t, 1), http.StatusAccepted)
	until(t, func() bool { return c.waiting() == 1 })
	c.mu.Lock()
	c.pool = nil // lost
	c.mu.Unlock()
	c.service.mu.Lock()
	c.service.expires = now.Add(life).UnixMilli() // the next one is good for longer
	c.service.mu.Unlock()
	c.block()
	c.block()
	until(t, func() bool { return c.waiting() == 1 })
	c.block()
	until(t, func() bool { return !c.job(t, path).Running })
	if d := c.job(t, path); !d.Success || len(d.Transactions) != 1 || d.Transactions[0].Height != 3 {
		t.Errorf("%+v, want success in block 3", d)
	}
}

func TestFullPoolIsWaitedFor(t *testing.T) {
	c := newTown(t)
	c.room = 0
	c.serve(nil)
	defer c.close()
	path := c.post(t, "/epcis/capture", observations(t, 1), http.StatusAccepted)
	c.block()
	if d := c.job(t, path); !d.Running {
		t.Errorf("%+v, want running", d)
	}
	c.post(t, "/epcis/events", string(bodyOfText(t, `@event {"epcList": ["urn:epc:id:sgtin:6901234.000001.1"]}`)), http.StatusServiceUnavailable)
	c.mu.Lock()
	c.room = 100
	c.mu.Unlock()
	c.settle()
	if d := c.job(t, path); d.Running || !d.Success {
		t.Errorf("%+v, want success", d)
	}
}

// TestLargeDocument needs more than one transaction.
func TestLargeDocument(t *testing.T) {
	c := newTown(t)
	c.serve(nil)
	defer c.close()
	doc := observations(t, 2500)
	resp, err := c.server.Client().Post(c.server.URL+"/epcis/capture", mediaJSON, strings.NewReader(doc))
	must(t, err)
	var p problem
	must(t, json.NewDecoder(resp.Body).Decode(&p))
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge || p.Type != "epcisException:CaptureLimitExceededException" ||
		!strings.Contains(p.Detail, "proceed") || resp.Header.Get("GS1-EPCIS-Capture-Limit") == "" {
		t.Errorf("%s %+v %v", resp.Status, p, resp.Header)
	}
	r, err := http.NewRequest(http.MethodPost, c.server.URL+"/epcis/capture", strings.NewReader(doc))
	must(t, err)
	r.Header.Set("Content-Type", mediaJSON)
	r.Header.Set("GS1-Capture-Error-Behaviour", "proceed")
	resp, err = c.server.Client().Do(r)
	must(t, err)
	resp.Body.Close()
	blocks := c.settle()
	if len(blocks) != 1 || len(blocks[0].Txs) != 3 || len(blocks[0].Events) != 2500 {
		t.Errorf("%d blocks, want one with 3 transactions and 2500 events", len(blocks))
	}
	if d := c.job(t, resp.Header.Get("Location")); !d.Success || d.Running || len(d.Transactions) != 3 {
		t.Errorf("%+v", d)
	}
	c.post(t, "/epcis/capture", observations(t, maxCaptureEvents+1), http.StatusRequestEntityTooLarge)
}

// TestJobsAreBounded runs into the bound of those that are running, and forgets those that
// finished long ago.
func TestJobsAreBounded(t *testing.T) {
	c := newTown(t)
	dir := filepath.Join(c.dir, "epcis", dirJobs)
	must(t, os.MkdirAll(dir, 0o700))
	old := clock().Add(-time.Hour)
	for i := range maxFinished + 5 {
		id := fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69%05d", i)
		must(t, os.Mkdir(filepath.Join(dir, id), 0o700))
		data := encode(t, job{ID: id, CreatedAt: old, FinishedAt: &old})
		must(t, os.WriteFile(filepath.Join(dir, id, jobFile), data, 0o600))
	}
	must(t, os.Mkdir(filepath.Join(dir, "01ARZ3NDEKTSV4RRFFQ6999999"), 0o700)) // half a job
	c.room = 0
	c.serve(nil)
	defer c.close()
	for i := range maxRunning {
		c.post(t, "/epcis/capture", string(encode(t, documentOf(t, []string{fmt.Sprintf(`{"epcList": ["urn:x:%d"]}`, i)}))), http.StatusAccepted)
	}
	c.post(t, "/epcis/capture", observations(t, 1), http.StatusServiceUnavailable)
	c.mu.Lock()
	c.room = 100
	c.mu.Unlock()
	c.settle()
	kept, err := os.ReadDir(dir)
	must(t, err)
	if len(kept) != maxFinished {
		t.Errorf("%d jobs are kept, want %d", len(kept), maxFinished)
	}
}
