package client_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

var update = flag.Bool("update", false, "rewrite golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "verdict", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got (rewrite with -update)\n%s", name, diff)
	}
}

// TestVerifyWords holds the words for every kind of claim, and for several in one file.
func TestVerifyWords(t *testing.T) {
	c := newChain(t)
	lot, order := "lot/"+testLot, "order/"+testOrder
	e, err := types.DecodeEvent(c.Raw[order][0])
	if err != nil {
		t.Fatal(err)
	}
	partly, err := types.DecodeEvent(c.Raw[lot][1])
	if err != nil {
		t.Fatal(err)
	}
	txs, _, err := c.Block(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := types.DecodeSigned(txs[1])
	if err != nil {
		t.Fatal(err)
	}
	refused, err := types.NewDomain(chainID, c.Hash).Digest(&signed.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	from, to := evidence.Prefixed("payment/tianmu-pay/")
	day := evidence.Ask{Claim: evidence.ClaimRange, From: "payment/tianmu-pay/01KB0Q7Z400000000000000000", To: "payment/tianmu-pay/01KC0000000000000000000000"}
	for _, row := range []struct {
		name   string
		asks   []evidence.Ask
		absent []string
	}{
		{"lot", []evidence.Ask{{Claim: evidence.ClaimRecord, Key: lot}}, nil},
		{"old-lot", []evidence.Ask{{Claim: evidence.ClaimRecord, Key: lot, Height: 2}, {Claim: evidence.ClaimBlock, Height: 5}}, nil},
		{"lot-history", []evidence.Ask{{Claim: evidence.ClaimHistory, Key: lot}}, []string{"lantu"}},
		{"order", []evidence.Ask{{Claim: evidence.ClaimRecord, Key: order}}, []string{"tianmu-pay votes nil"}},
		{"member-history", []evidence.Ask{{Claim: evidence.ClaimHistory, Key: "member/coop-linan"}}, nil},
		{"params", []evidence.Ask{{Claim: evidence.ClaimHistory, Key: "chain/params"}}, nil},
		{"absence", []evidence.Ask{{Claim: evidence.ClaimRecord, Key: "lot/06901234000023.NONE"}}, nil},
		{"event", []evidence.Ask{{Claim: evidence.ClaimEvent, Key: lot, Index: 1}}, nil},
		{"prefix", []evidence.Ask{{Claim: evidence.ClaimPrefix, Key: lot, Since: 2}}, nil},
		{"range", []evidence.Ask{{Claim: evidence.ClaimRange, From: from, To: to}}, nil},
		{"range-of-a-day", []evidence.Ask{day}, nil},
		{"empty-range", []evidence.Ask{{Claim: evidence.ClaimRange, From: "recall/", To: "recall0"}}, nil},
		{"block", []evidence.Ask{{Claim: evidence.ClaimBlock, Height: 2}}, nil},
		{"transaction", []evidence.Ask{{Claim: evidence.ClaimTransaction, Digest: e.Tx[:]}}, nil},
		{"partial-transaction", []evidence.Ask{{Claim: evidence.ClaimTransaction, Digest: partly.Tx[:]}}, nil},
		{"refused-transaction", []evidence.Ask{{Claim: evidence.ClaimTransaction, Digest: refused[:]}}, nil},
		{"several", []evidence.Ask{
			{Claim: evidence.ClaimHistory, Key: order}, {Claim: evidence.ClaimRecord, Key: "member/lantu"}, {Claim: evidence.ClaimRecord, Key: "recall/coop-linan/x"},
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked := &evidence.Asked{Height: townHeight, Claims: row.asks}
			v, err := client.Verify(evidenceFile(t, c.ask(t, asked, row.absent...)), c.Trust())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, row.name, v.String())
		})
	}
	t.Run("field", func(t *testing.T) {
		d := chaintest.PrivateDocument
		v, err := client.Verify(evidenceFile(t, c.field(t, order, d.Kind, d.Fields, d.Seed, 2, 3)), c.Trust())
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "field", v.String())
	})
}

// TestVerifyRolledBack: of a transaction that was undone whole nothing was executed, though its bodies have results of their own.
func TestVerifyRolledBack(t *testing.T) {
	c := newChain(t)
	offer := &types.OfferLot{Lot: testLot, To: "qianjiang-express", Deadline: chaintest.Start + 3_600_000}
	undone := c.Sign("coop-linan", types.Result{Code: types.Overdraw, Codes: []types.Code{types.RolledBack, types.Overdraw}}, offer, offer)
	c.Commit(undone)
	c.Commit()
	ask := evidence.Ask{Claim: evidence.ClaimTransaction, Digest: undone.Digest[:]}
	v, err := client.Verify(evidenceFile(t, c.ask(t, &evidence.Asked{Claims: []evidence.Ask{ask}})), c.Trust())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "rolled-back-transaction", v.String())
}

// TestVerifyUnknown: what this program does not know is shown as it is, and is proven all the same.
func TestVerifyUnknown(t *testing.T) {
	c := &fakeChain{Chain: chaintest.New(t)}
	known := c.Event(types.Hash{9}, 0, "lantu", &types.AcceptLot{Lot: testLot, From: "coop-linan"})
	later := *known
	later.Kind, later.Body = "FlyToTheMoon", mustEncode(t, map[string]any{"rocket": "CZ-10", "crew": 3})
	changed := *known
	changed.Body = mustEncode(t, map[string]any{"lot": testLot, "from": "coop-linan", "smell": "nutty"})
	c.Put("lot/"+testLot, &laterLot{Lot: types.Lot{ID: testLot, Unit: "KGM"}, Moon: "far side"}, &later, &changed)
	c.Put("moon/base-1", &base{Name: "Tycho"}, &later)
	c.Commit()
	c.Commit()
	file := evidenceFile(t, c.ask(t, &evidence.Asked{Height: 2, Claims: []evidence.Ask{{Claim: evidence.ClaimRange, From: "lot/", To: "order"}, {Claim: evidence.ClaimRange, From: "moon/", To: "moon0"}}}))
	v, err := client.Verify(file, c.Trust())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "unknown", v.String())
	if record := string(v.Claims[1].Records[0].Record); !strings.Contains(record, `\"name\": \"Tycho\"`) {
		t.Errorf("the JSON of an unknown record is %s", record)
	}
}

// laterLot is a lot with a member of a later release, base a record of a family of one.
type laterLot struct {
	types.Lot
	Moon string `json:"moon"`
}

type base struct {
	Name    string        `json:"name"`
	History types.History `json:"history"`
}

func (b *base) Log() *types.History { return &b.History }

func mustEncode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := types.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestVerifyAges: a trust file that is too old, and clocks that are wrong, are warned of.
func TestVerifyAges(t *testing.T) {
	c := newChain(t)
	file := evidenceFile(t, c.evidence(t, evidence.ClaimRecord, "lot/"+testLot))
	const day = 24 * time.Hour
	for _, row := range []struct {
		name string
		age  time.Duration
		want string // in the warning, "" for none
	}{
		{"fresh", time.Minute, ""},
		{"of the last day", 90 * day, ""},
		{"too old", 91 * day, "the trust file knows the validators as of block 1, 91 days ago"},
		{"from the future", -time.Hour, "one of the clocks is wrong"},
		{"clocks differ a little", -time.Minute, ""},
	} {
		v, err := client.Verify(file, c.Trust())
		if err != nil {
			t.Fatal(err)
		}
		v.Date(time.UnixMilli(chainStart).Add(row.age), client.MaxAge)
		if (len(v.Warnings) > 0) != (row.want != "") || !strings.Contains(strings.Join(v.Warnings, "\n"), row.want) {
			t.Errorf("%s: warnings %q, want %q", row.name, v.Warnings, row.want)
		}
		if text := v.String(); strings.HasPrefix(text, "! warning: ") != (row.want != "") {
			t.Errorf("%s: the warning does not stand at the top:\n%s", row.name, text)
		}
	}
	v, err := client.Verify(file, c.Trust())
	if err != nil {
		t.Fatal(err)
	}
	v.Date(time.UnixMilli(chainStart).Add(200*day), client.MaxAge)
	golden(t, "old-trust", v.String())
}

// Every refusal has words for people, and there are no words for refusals that do not exist.
func TestMeanings(t *testing.T) {
	var want []string
	file, err := parser.ParseFile(token.NewFileSet(), "../types/evidence/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Type != nil && fmt.Sprint(v.Type) == "Reason" {
			want = append(want, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
		}
		return true
	})
	var got []string
	for reason, words := range client.Meanings() {
		got = append(got, string(reason))
		if words[0] == "" || words[1] == "" {
			t.Errorf("%s: no words", reason)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 20 {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestVerifyRefuses(t *testing.T) {
	c := newChain(t)
	lot := "lot/" + testLot
	good := func(absent ...string) *evidence.Evidence {
		return c.ask(t, &evidence.Asked{Height: townHeight, Claims: []evidence.Ask{{Claim: evidence.ClaimHistory, Key: lot}}}, absent...)
	}
	change := func(f func(e *evidence.Evidence, c *evidence.Claim)) *evidence.Evidence {
		e := good()
		f(e, &e.Claims[0])
		return e
	}
	list := func(from, to string, f func(c *evidence.Claim)) *evidence.Evidence {
		e := c.ask(t, &evidence.Asked{Height: townHeight, Claims: []evidence.Ask{{Claim: evidence.ClaimRange, From: from, To: to}}})
		f(&e.Claims[0])
		return e
	}
	// A chain begun anew with the same keys, whose evidence names the genesis of this one.
	anew := newChainFrom(t, func(g *types.Genesis) { g.Time++ }).evidence(t, evidence.ClaimHistory, types.KeyParams)
	anew.Genesis = c.Hash
	elsewhere := c.ask(t, &evidence.Asked{Height: 2, Claims: []evidence.Ask{{Claim: evidence.ClaimHistory, Key: lot}}})
	for _, row := range []struct {
		name     string
		want     evidence.Reason
		evidence *evidence.Evidence
	}{
		{"two thirds are not more than two thirds", evidence.PowerShort, good("hangzhou-customs")},
		{"votes against the block do not count", evidence.PowerShort, good("hangzhou-customs votes nil")},
		{"another chain", evidence.ChainDiffers, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Chain = "carya-test-2" })},
		{"another genesis", evidence.ChainDiffers, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Genesis[0] ^= 1 })},
		{"a chain begun anew with the same keys", evidence.GenesisDiffers, anew},
		{"another height", evidence.StateMissing, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Height = 2 })},
		{"height zero", evidence.StateMissing, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Height = 0 })},
		{"an event left out", evidence.HistoryDiffers, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Events = c.Events[:2] })},
		{"events swapped", evidence.HistoryDiffers, change(func(_ *evidence.Evidence, c *evidence.Claim) {
			c.Events = [][]byte{c.Events[1], c.Events[0], c.Events[2]}
		})},
		{"an event invented", evidence.HistoryDiffers, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Events = append(c.Events, c.Events[0]) })},
		{"another state", evidence.RootDiffers, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Headers[0].Tree = elsewhere.Headers[0].Tree })},
		{"half a state", evidence.TreeInvalid, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Headers[0].Tree = e.Headers[0].Tree[:99] })},
		{"no state", evidence.GenesisDiffers, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Headers[0].Tree = nil })},
		{"another header", evidence.SignatureInvalid, change(func(e *evidence.Evidence, _ *evidence.Claim) {
			e.Headers[0].Commit = elsewhere.Headers[0].Commit
		})},
		{"another key", evidence.KeyUnproven, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Key = "lot/06901234000023.X" })},
		{"absence of what is there", evidence.KeyUnproven, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Claim, c.Events = evidence.ClaimAbsence, nil })},
		{"an unknown claim", evidence.ClaimUnknown, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Claim = "title" })},
		{"members of another claim", evidence.ClaimUnknown, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Count = 3 })},
		{"a fullwidth key", evidence.KeyInvalid, change(func(_ *evidence.Evidence, c *evidence.Claim) { c.Key = "lot/０6901234000016.L1" })},
		{"a key of 13 digits", evidence.KeyInvalid, change(func(_ *evidence.Evidence, c *evidence.Claim) {
			c.Claim, c.Events, c.Key = evidence.ClaimAbsence, nil, "lot/6901234000016.L1"
		})},
		{"no header", evidence.Malformed, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Headers = nil })},
		{"half a header", evidence.HeaderInvalid, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Headers[0].Header = e.Headers[0].Header[:99] })},
		{"half of the votes", evidence.CommitInvalid, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Headers[0].Commit = e.Headers[0].Commit[:100] })},
		{"a list of one less", evidence.CountDiffers, list("payment/", "payment0", func(c *evidence.Claim) { c.Count-- })},
		{"a list of more than is shown", evidence.RangeIncomplete, list("payment/", "payment0", func(c *evidence.Claim) { c.From = "member/" })},
		{"nothing at all", evidence.Malformed, &evidence.Evidence{Format: evidence.Format}},
		{"another version", evidence.FormatUnknown, change(func(e *evidence.Evidence, _ *evidence.Claim) { e.Format = "carya-evidence/3" })},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := client.Verify(evidenceFile(t, row.evidence), c.Trust())
			wantRefused(t, row.name, err, row.want)
		})
	}
}

func wantRefused(t *testing.T, name string, err error, want evidence.Reason) {
	t.Helper()
	var r *evidence.Refusal
	if !errors.As(err, &r) || r.Reason != want {
		t.Errorf("%s: got error %v, want the reason %s", name, err, want)
		return
	}
	if got := client.ExitCode(err); got != client.ExitNotProven {
		t.Errorf("%s: exit code %d, want %d", name, got, client.ExitNotProven)
	}
}

func TestVerifyTrustsOnlyItsGenesis(t *testing.T) {
	c := newChain(t)
	file := evidenceFile(t, c.evidence(t, evidence.ClaimRecord, "lot/"+testLot))
	other := *c.Genesis
	other.Members = slices.Clone(c.Genesis.Members)
	other.Members[0].Power = 41
	trust, err := evidence.TrustGenesis(&other)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Verify(file, trust)
	wantRefused(t, "another genesis", err, evidence.ChainDiffers)
	trust.Genesis = c.Hash // a trust file of this chain with other validators
	_, err = client.Verify(file, trust)
	wantRefused(t, "other validators", err, evidence.ValidatorsDiffer)
	trust = c.Trust()
	trust.Validators = nil
	if _, err := client.Verify(file, trust); err == nil || client.ExitCode(err) == client.ExitNotProven {
		t.Errorf("a trust file without validators: got %v, want an error that is no refusal", err)
	}
}

// Every byte of the binary parts is changed in turn. Either nothing is proven, or the same is.
func TestVerifyTampered(t *testing.T) {
	c := newChain(t)
	for _, ask := range []evidence.Ask{
		{Claim: evidence.ClaimHistory, Key: "lot/" + testLot}, {Claim: evidence.ClaimRecord, Key: "lot/06901234000023.NONE"},
		{Claim: evidence.ClaimEvent, Key: "lot/" + testLot, Index: 1}, {Claim: evidence.ClaimPrefix, Key: "lot/" + testLot, Since: 2},
	} {
		e := c.ask(t, &evidence.Asked{Height: townHeight, Claims: []evidence.Ask{ask}}, "lantu")
		v, err := client.Verify(evidenceFile(t, e), c.Trust())
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]*[]byte{"path": &e.Claims[0].Path}
		for i := range e.Claims[0].Events {
			parts[fmt.Sprint("event ", i)] = &e.Claims[0].Events[i]
		}
		for i := range e.Headers {
			h := &e.Headers[i]
			parts[fmt.Sprint("header ", i)], parts[fmt.Sprint("commit ", i)] = &h.Header, &h.Commit
			parts[fmt.Sprint("path ", i)], parts[fmt.Sprint("tree ", i)] = &h.Path, &h.Tree
		}
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			tamper(t, c, e, name, parts[name], v)
		}
	}
}

func tamper(t *testing.T, c *fakeChain, e *evidence.Evidence, name string, part *[]byte, want *client.Verdict) {
	t.Helper()
	for i := range *part {
		(*part)[i] ^= 0x41
		if v, err := client.Verify(evidenceFile(t, e), c.Trust()); err == nil && v.String() != want.String() {
			t.Errorf("%s %s: byte %d changed proves something else:\n%s", e.Claims[0].Claim, name, i, v)
		} else if err == nil {
			t.Errorf("%s %s: byte %d means nothing", e.Claims[0].Claim, name, i)
		}
		(*part)[i] ^= 0x41
	}
}

func TestVerdictIsSafeToPrint(t *testing.T) {
	c := newChainFrom(t, func(g *types.Genesis) { g.Members[1].Name = "Lantu\x1b[2J\u202eMall\n✓ proven" })
	v, err := client.Verify(evidenceFile(t, c.evidence(t, evidence.ClaimRecord, "member/lantu")), c.Trust())
	if err != nil {
		t.Fatal(err)
	}
	if text := v.String(); strings.ContainsAny(text, "\x1b\u202e") || strings.Count(text, "✓ proven") < 2 || strings.Contains(text, "\n✓ proven") {
		t.Errorf("the verdict steers the terminal:\n%q", text)
	}
}

// What --json prints has everything that the words have.
func TestVerdictJSON(t *testing.T) {
	c := newChain(t)
	asked := &evidence.Asked{Height: townHeight, Claims: []evidence.Ask{
		{Claim: evidence.ClaimHistory, Key: "lot/" + testLot}, {Claim: evidence.ClaimRange, From: "payment/", To: "payment0"},
	}}
	v, err := client.Verify(evidenceFile(t, c.ask(t, asked)), c.Trust())
	if err != nil {
		t.Fatal(err)
	}
	v.Date(time.UnixMilli(chainStart).Add(100*24*time.Hour), client.MaxAge)
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Proven    bool
		Warnings  []string
		Validator []struct{ Member string } `json:"validators"`
		Ages      struct{ Trust int64 }
		Claims    []struct {
			Says    string
			Record  struct{ Produced uint64 }
			Events  []struct{ Body map[string]any }
			Count   uint64
			Records []struct {
				Key    string
				Record struct{ Order string }
			}
		}
		NotProven []string
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Proven || len(got.Warnings) != 1 || len(got.Validator) != 4 || got.Ages.Trust != 8640000 || len(got.Claims) != 2 || len(got.NotProven) < 4 {
		t.Errorf("got %+v", got)
	}
	if c := got.Claims[0]; c.Record.Produced != 100_000_000 || len(c.Events) != 3 || c.Events[1].Body["to"] != "qianjiang-express" || !strings.HasPrefix(c.Says, "this is all that") {
		t.Errorf("history: %+v", c)
	}
	if c := got.Claims[1]; c.Count != 5 || len(c.Records) != 5 || c.Records[4].Record.Order != testOrder {
		t.Errorf("range: %+v", c)
	}
}

// benchChain is a chain with a lot of so many events, and a list of so many payments.
func benchChain(b *testing.B, events, payments int) *fakeChain {
	b.Helper()
	c := &fakeChain{Chain: chaintest.Town(b)}
	var list []*types.Event
	for range events {
		list = append(list, c.Event(types.Hash{3}, 0, "coop-linan", &types.OfferLot{Lot: testLot, To: "lantu", Deadline: chainStart}))
	}
	c.Put("lot/"+testLot, &types.Lot{ID: testLot, Unit: "KGM"}, list...)
	for i := range payments {
		c.Put(fmt.Sprintf("waybill/qianjiang-express/01KB0Q7Z40N7DPSEYSB6D%05d", i), &types.Document{Order: testOrder},
			c.Event(types.Hash{4}, 0, "qianjiang-express", &types.RejectLot{Lot: testLot, From: "lantu", To: "lantu"}))
	}
	c.Commit()
	c.Commit()
	return c
}

// The verifier is quick enough for a shopper's phone and bounded by the size of the file.
func BenchmarkVerify(b *testing.B) {
	c := benchChain(b, 997, 10_000)
	for _, row := range []struct {
		name string
		ask  evidence.Ask
	}{
		{"record", evidence.Ask{Claim: evidence.ClaimRecord, Key: "order/" + testOrder}},
		{"history of 1000", evidence.Ask{Claim: evidence.ClaimHistory, Key: "lot/" + testLot}},
		{"event of 1000", evidence.Ask{Claim: evidence.ClaimEvent, Key: "lot/" + testLot, Index: 500}},
		{"range of 10000", evidence.Ask{Claim: evidence.ClaimRange, From: "waybill/", To: "waybill0"}},
	} {
		e := c.ask(b, &evidence.Asked{Claims: []evidence.Ask{row.ask}})
		file := evidenceFile(b, e)
		compact, err := e.Compact()
		if err != nil {
			b.Fatal(err)
		}
		trust := c.Trust()
		for form, data := range map[string][]byte{"json": file, "compact": compact} {
			b.Run(row.name+"/"+form, func(b *testing.B) {
				for b.Loop() {
					if _, err := client.Verify(data, trust); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(data)), "bytes/file")
			})
		}
	}
}

// What is proven is what the state holds, whoever wrote the file. Run it with -fuzzminimizetime=20x: caches in the libraries
// make the coverage of one input vary, and minimising by coverage never ends.
func FuzzVerify(f *testing.F) {
	c := newChain(f)
	for _, ask := range []evidence.Ask{
		{Claim: evidence.ClaimHistory, Key: "lot/" + testLot}, {Claim: evidence.ClaimRecord, Key: "order/" + testOrder},
		{Claim: evidence.ClaimRecord, Key: "lot/06901234000023.NONE"}, {Claim: evidence.ClaimRange, From: "payment/", To: "payment0"},
	} {
		e := c.ask(f, &evidence.Asked{Height: townHeight, Claims: []evidence.Ask{ask}}, "lantu")
		f.Add(evidenceFile(f, e))
		compact, err := e.Compact()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(compact)
	}
	states := statesOf(f, c)
	trust := c.Trust()
	c.Store.Close() // its goroutines would confuse the fuzzer
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := client.Verify(file, trust)
		if err != nil {
			return
		}
		_ = v.String()
		for i := range v.Claims {
			claim := &v.Claims[i]
			state := states[claim.Height]
			value, there := state[claim.Key]
			switch claim.Claim {
			case evidence.ClaimRecord, evidence.ClaimHistory, evidence.ClaimAbsence:
				if there == (claim.Claim == evidence.ClaimAbsence) || string(claim.Value) != value {
					t.Fatalf("proven is %s of %s with %s, the state has %x", claim.Claim, claim.Key, claim.Value, value)
				}
			case evidence.ClaimRange:
				for _, r := range claim.Records {
					if state[r.Key] != string(r.Value) {
						t.Fatalf("proven is %s with %s, the state has %x", r.Key, r.Value, state[r.Key])
					}
				}
			}
		}
	})
}

// statesOf reads all records of all states.
func statesOf(t testing.TB, c *fakeChain) map[int64]map[string]string {
	t.Helper()
	states := map[int64]map[string]string{}
	for height := int64(1); height <= c.Last(); height++ {
		view, err := c.View(height)
		if err != nil {
			t.Fatal(err)
		}
		data, err := view.Tree(store.Shown{Ranges: []store.KeyRange{{}}})
		if err != nil {
			t.Fatal(err)
		}
		view.Close()
		tree, err := evidence.ReadTree(data)
		if err != nil {
			t.Fatal(err)
		}
		states[height] = map[string]string{}
		for i := range tree.Leaves {
			states[height][tree.Leaves[i].Key] = string(tree.Leaves[i].Value)
		}
	}
	return states
}
