package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/caryaledger/carya/types/ceb"
)

// town is a localnet and what its members type.
type town struct {
	t         *testing.T
	bin, home string
	set, drop string
	node      string            // the platform's
	apis      map[string]string // of the members that run nodes
	pid       int               // of the platform's node, once it was started again
}

func newTown(t *testing.T, orders string) *town {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program and runs a network of it")
	}
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := &town{t: t, bin: bin, home: filepath.Join(dir, "net"), set: filepath.Join(dir, "set"), drop: filepath.Join(dir, "drop")}
	carya(t, bin, "localnet", "up", "--home", w.home, "--base-port", "38000")
	t.Cleanup(func() { exec.Command(bin, "localnet", "down", "--home", w.home, "--remove").Run() })
	w.apis = map[string]string{}
	for _, n := range w.nodes() {
		w.apis[n.Member] = n.API
	}
	w.node = w.apis["lantu"]
	carya(t, bin, "ceb", "generate", "--orders", orders, "--seed", "5", "--bonded", "0", "--members", "--node", w.node, "--out", w.set)
	for party, member := range map[string]string{"platform": "lantu", "payment": "xihu-pay", "logistics": "qianjiang-express", "declarant": "wulin-broker"} {
		if err := os.CopyFS(filepath.Join(w.drop, member), os.DirFS(filepath.Join(w.set, party))); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// as runs a command in a member's name and returns what it prints.
func (w *town) as(member string, args ...string) string {
	w.t.Helper()
	return carya(w.t, w.bin, w.args(member, args)...)
}

func (w *town) args(member string, args []string) []string {
	return append(args, "--member", member, "--home", filepath.Join(w.home, member), "--password-file", filepath.Join(w.home, "password"), "--node", cmp.Or(w.apis[member], w.node))
}

// submit runs a member's drop folder once.
func (w *town) submit(member string, more ...string) {
	w.t.Helper()
	args := append([]string{"ceb", "submit", filepath.Join(w.drop, member), "--once", "--patience", "30s"}, more...)
	if member != "lantu" {
		args = append(args, "--tickets", filepath.Join(w.home, "lantu", "tickets"))
	}
	w.as(member, args...)
}

// TestNothingLeaks takes orders through their whole life, and then looks for every value
// of every message in everything that the nodes hold: blocks, state, journal, read model,
// vault and logs, byte by byte and with the databases' compression undone.
func TestNothingLeaks(t *testing.T) {
	w := newTown(t, "6")
	w.as("hz-customs", "tariff", "set", "--file", filepath.Join(w.set, "rates.csv"), "--from", "2026-01-01", "--wait")
	w.as("hz-customs", "reader", "new", "--wait")
	w.submit("lantu")
	w.submit("xihu-pay", "--originals", filepath.Join(w.set, "pull"))
	w.submit("qianjiang-express")
	w.as("hz-customs", "customs", "grant", "--once")
	w.submit("wulin-broker")
	w.as("hz-customs", "customs", "decide", "--all-clean")
	if released := strings.Count(carya(t, w.bin, "ceb", "status", "--tickets", filepath.Join(w.home, "lantu", "tickets"), "--node", w.node), "RELEASED"); released != 6 {
		t.Errorf("%d of 6 orders are released", released)
	}
	carya(t, w.bin, "localnet", "down", "--home", w.home)

	secrets := w.secrets()
	if len(secrets) < 100 {
		t.Fatalf("only %d values to look for", len(secrets))
	}
	places, size := 0, 0
	look := func(where string, data []byte) {
		places, size = places+1, size+len(data)
		for _, s := range secrets {
			if bytes.Contains(data, s.form) {
				t.Errorf("%s holds %q (%s)", where, s.value, s.as)
			}
		}
	}
	for _, member := range []string{"hz-customs", "lantu", "linan-coop", "qianjiang-express"} {
		w.everything(filepath.Join(w.home, member), look)
	}
	t.Logf("%d forms of values looked for in %d files and records, %d bytes", len(secrets), places, size)
	if size < 1<<20 {
		t.Errorf("only %d bytes were searched", size)
	}
}

// secret is one form in which a value could stand somewhere.
type secret struct {
	value, as string
	form      []byte
}

// secrets lists what the messages say, in the forms in which it could be stored: all
// values but those that the genesis holds, as public facts about the members, and those
// that are too short to mean anything where they are found.
func (w *town) secrets() []secret {
	w.t.Helper()
	public, err := os.ReadFile(filepath.Join(w.home, "hz-customs", "genesis.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	rates, err := os.ReadFile(filepath.Join(w.set, "rates.csv")) // the tariff is for all to see
	if err != nil {
		w.t.Fatal(err)
	}
	public = append(public, rates...)
	seen := map[string]bool{}
	var all []secret
	err = filepath.WalkDir(w.set, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".xml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m, err := ceb.Parse(data)
		if err != nil {
			return err
		}
		for i := range m.Documents {
			for _, f := range m.Documents[i].Fields() {
				const least = 6 // bytes: "9610" stands in any megabyte
				if len(f.Value) < least || seen[f.Value] || bytes.Contains(public, []byte(f.Value)) {
					continue
				}
				seen[f.Value] = true
				all = append(all, secret{f.Value, "as it is", []byte(f.Value)},
					secret{f.Value, "in hexadecimal", []byte(hex.EncodeToString([]byte(f.Value)))})
				if enc := base64.RawStdEncoding.EncodeToString([]byte(f.Value)); len(enc) > 10 {
					all = append(all, secret{f.Value, "in base64", []byte(enc[:len(enc)-2])})
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// everything shows what a node's home holds: each file as it is, and each record of each
// Pebble database. A member's own papers are its own: its documents, tickets and keys.
func (w *town) everything(home string, look func(where string, data []byte)) {
	w.t.Helper()
	own := []string{"documents", "tickets", "outbox", "books"}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(own, d.Name()) && filepath.Dir(path) == home:
			return fs.SkipDir
		case d.IsDir():
			if found, _ := filepath.Glob(filepath.Join(path, "MANIFEST-*")); len(found) > 0 {
				w.records(path, look)
			}
			return nil
		case filepath.Dir(path) == home && strings.HasPrefix(d.Name(), "customs."): // the office's own account
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil {
			look(path, data)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// records shows every key and value of a Pebble database, uncompressed.
func (w *town) records(dir string, look func(where string, data []byte)) {
	w.t.Helper()
	o := &pebble.Options{ReadOnly: true, Logger: silent{}}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, o)
	if err != nil {
		w.t.Fatalf("open %s: %v", dir, err)
	}
	defer db.Close()
	it, err := db.NewIter(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer it.Close()
	n := 0
	for it.First(); it.Valid(); it.Next() {
		look(dir+" "+string(it.Key()), slices.Concat(it.Key(), it.Value()))
		n++
	}
	if err := it.Error(); err != nil {
		w.t.Fatal(err)
	}
	if n == 0 {
		w.t.Errorf("%s is empty", dir)
	}
}

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic("pebble: " + format)
}

// TestNodeDiesDuringADropFolder kills the platform's node while its folder is submitted,
// more than once. When it is up again and the command is repeated, every message is on
// the ledger exactly once.
func TestNodeDiesDuringADropFolder(t *testing.T) {
	w := newTown(t, "300")
	for round := range 3 {
		cmd := exec.Command(w.bin, w.args("lantu", []string{"ceb", "submit", filepath.Join(w.drop, "lantu"), "--once", "--patience", "1s"})...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(300+250*round) * time.Millisecond)
		w.killNode()
		w.startNode()
		// The command may have failed, or may wait to learn what became of what it sent.
		ended := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		ended.Stop()
	}
	w.submit("lantu")
	seen := map[string]bool{}
	for after, more := "", true; more; more = after != "" {
		var list struct {
			Orders []struct {
				ID string `json:"id"`
			} `json:"orders"`
			Next string `json:"next"`
		}
		w.get(&list, "/v1/orders?platform=lantu&limit=100&after="+url.QueryEscape(after))
		for _, o := range list.Orders {
			if seen[o.ID] {
				t.Errorf("order %s stands twice in the list", o.ID)
			}
			seen[o.ID] = true
			var history struct {
				Size uint64 `json:"size"`
			}
			w.get(&history, "/v1/history/order/"+o.ID)
			if history.Size != 1 {
				t.Errorf("order %s was recorded %d times", o.ID, history.Size)
			}
		}
		after = list.Next
	}
	if len(seen) != 300 {
		t.Errorf("%d orders on the ledger, want 300", len(seen))
	}
}

// get reads an answer of the town's node.
func (w *town) get(into any, path string) {
	w.t.Helper()
	answer, err := http.Get(w.node + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.t.Fatalf("GET %s: %s %v %s", path, answer.Status, err, data)
	}
	if err := json.Unmarshal(data, into); err != nil {
		w.t.Fatalf("GET %s: %v in %s", path, err, data)
	}
}

// nodes is the state of the town's nodes.
func (w *town) nodes() (all []nodeStatus) {
	w.t.Helper()
	for d := json.NewDecoder(strings.NewReader(carya(w.t, w.bin, "localnet", "status", "--home", w.home, "--json"))); ; {
		var s nodeStatus
		if err := d.Decode(&s); err == io.EOF {
			return all
		} else if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, s)
	}
}

type nodeStatus struct {
	Member string `json:"member"`
	API    string `json:"api"`
	PID    int    `json:"pid"`
}

// killNode ends the platform's node without a word.
func (w *town) killNode() {
	w.t.Helper()
	for _, n := range w.nodes() {
		if n.Member != "lantu" {
			continue
		}
		p, err := os.FindProcess(cmp.Or(w.pid, n.PID))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := p.Kill(); err != nil {
			w.t.Fatal(err)
		}
		p.Wait() // one of localnet's is no child of this program: its port tells
		poll(w.t, "the node is gone", 10*time.Second, func() bool { return !w.healthy() })
	}
}

func (w *town) healthy() bool {
	answer, err := http.Get(w.node + "/health")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// startNode starts it again, as its supervisor would.
func (w *town) startNode() {
	w.t.Helper()
	cmd := exec.Command(w.bin, "start", "--home", filepath.Join(w.home, "lantu"))
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.pid = cmd.Process.Pid
	w.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	poll(w.t, "the node answers again", 30*time.Second, w.healthy)
}
