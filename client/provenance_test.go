package client_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

// TestProvenance runs the scripts in testdata/provenance, as TestCommands does. Their nodes know a trace, its events and a
// recall, whatever they are asked about, and a marking that takes so many transactions: `marking N`.
func TestProvenance(t *testing.T) {
	chain := newChain(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/provenance",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			node := &season{fakeNode: newNode(t, chain)}
			node.before = node.answers
			env.Values["node"] = node.fakeNode
			env.Values["season"] = node
			env.Setenv("CARYA_NODE", node.server.URL)
			env.Setenv("CARYA_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("CARYA_PASSWORD", "correct horse")
			env.Setenv("CHAIN", chainID)
			env.Setenv("TZ", "Asia/Shanghai")
			node.certify()
			furnish(t, chain, env.WorkDir)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"carya!": exitCode, "node": seasonCommand, "sent": sentCommand, "marking": markingCommand,
		},
	})
}

// season is a node that knows what a harvest became.
type season struct {
	*fakeNode
	marking int // transactions until everything is marked
}

func (n *season) answers(w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.Path
	switch {
	case r.Method == http.MethodPost && path == "/v1/transactions":
		n.mu.Lock()
		defer n.mu.Unlock()
		n.marking--
		return false
	case path == "/v1/trace":
		n.trace(w, r)
	case path == "/v1/events":
		n.events(w, r)
	case strings.HasPrefix(path, "/v1/recalls/"):
		answer(w, 200, client.NutsRecall())
	case strings.HasPrefix(path, "/v1/records/mark/"):
		return n.mark(w, strings.TrimPrefix(path, "/v1/records/"))
	default:
		return false
	}
	return true
}

func (n *season) trace(w http.ResponseWriter, r *http.Request) {
	a := client.NutsBack()
	if strings.HasSuffix(r.URL.Query().Get("id"), "NONE") {
		problem(w, 404, types.NotFound, "root", "no event and no record names it")
		return
	}
	if a.Direction = r.URL.Query().Get("direction"); a.Direction == "forward" {
		a.Things = append(a.Things, types.TraceThing{Thing: "unit/sscc.069012340000000016", Depth: a.Depth, Known: true})
	}
	answer(w, 200, a)
}

// events are those that name a thing, one a page.
func (n *season) events(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	_, id := types.ThingKey(q.Get("id")).Cut()
	var page struct {
		Events []*client.ThingEvent `json:"events"`
		Next   string               `json:"next"`
	}
	quoted, _ := json.Marshal(types.LinkOf(id))
	after, _ := strconv.Atoi(q.Get("after"))
	for i, e := range client.NutsEvents(n.t) {
		if !strings.Contains(string(e.Event), string(quoted)) || i < after {
			continue
		}
		if len(page.Events) == 1 {
			page.Next = strconv.Itoa(i)
			break
		}
		page.Events = append(page.Events, e)
	}
	answer(w, 200, page)
}

func (n *season) mark(w http.ResponseWriter, key string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	spread := &types.Spread{Marked: 500} // it stays, with nothing in front, when all is marked
	if n.marking > 0 {
		spread.Front = []types.FrontPoint{{Thing: "lot/06901234000023.D2026A"}}
	}
	value, err := types.Encode(spread)
	if err != nil {
		n.t.Error(err)
	}
	answer(w, 200, types.RecordAnswer{Key: key, Height: 2, Value: value})
	return true
}

// certify puts a certificate that was revoked, an accreditation and a closed recall into the state.
func (n *season) certify() {
	const start = 1_788_192_000_000 // 2026-09-01 in Hangzhou
	const year = 365 * 24 * 3_600_000
	n.put("recall/linan-coop/2026-2", &types.Recall{Closed: start})
	n.put("certificate/gdti.6901234000061.GI26", &types.Certificate{
		Standard: "organic", Accreditation: "zj-agriculture/gi-2026", Issuer: "lantu", Subject: "coop-linan\nlantu", GTINs: []string{"06901234000016"},
		HS: []string{"0802"}, Issued: start, From: start, Until: start + 10*year, Cap: 120_000_000, Used: 35_050_000, Unit: "KGM",
		Changes: []types.StatusChange{{Status: types.StatusRevoked, Effective: start + year/12, Reason: "plot outside the area"}},
	})
	n.put("accreditation/coop-linan/gi-2026", &types.Accreditation{Issuer: "lantu", Standards: []string{"organic"}, From: 0, Until: start + 100*year})
}

func markingCommand(ts *testscript.TestScript, _ bool, args []string) {
	n := ts.Value("season").(*season)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := json.Unmarshal([]byte(args[0]), &n.marking); err != nil {
		ts.Fatalf("%v", err)
	}
}

// seasonCommand is nodeCommand, and `node obey` ends what `node refuse` began.
func seasonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if args[0] != "obey" {
		nodeCommand(ts, neg, args)
		return
	}
	n := ts.Value("node").(*fakeNode)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.judge = nil
}
