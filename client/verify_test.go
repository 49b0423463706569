package client_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ics23 "github.com/cosmos/ics23/go"
	"github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
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

func TestVerifyWords(t *testing.T) {
	c := newChain(t)
	for _, row := range []struct {
		name, claim, key string
		absent           []string
	}{
		{"lot", types.ClaimRecord, "lot/" + testLot, nil},
		{"lot-history", types.ClaimHistory, "lot/" + testLot, []string{"lantu"}},
		{"order", types.ClaimRecord, "order/" + testOrder, []string{"tianmu-pay votes nil"}},
		{"member-history", types.ClaimHistory, "member/coop-linan", nil},
		{"params", types.ClaimHistory, "chain/params", nil},
		{"absence", types.ClaimAbsence, "lot/06901234000023.NONE", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			v, err := client.Verify(evidenceFile(t, c.evidence(t, row.claim, row.key, row.absent...)), c.genesis)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, row.name, v.String())
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	c := newChain(t)
	lot := "lot/" + testLot
	good := func(absent ...string) *types.Evidence { return c.evidence(t, types.ClaimHistory, lot, absent...) }
	change := func(f func(e *types.Evidence)) *types.Evidence { e := good(); f(e); return e }
	anew := newChainFrom(t, func(g *types.Genesis) { g.Time++ }).evidence(t, types.ClaimHistory, lot)
	anew.Genesis = c.hash
	for _, row := range []struct {
		name, want string
		evidence   *types.Evidence
	}{
		{"two thirds are not more than two thirds", "60 of 100 voting power", good("hangzhou-customs")},
		{"votes against the block do not count", "60 of 100 voting power", good("hangzhou-customs votes nil")},
		{"another chain", "of the chain", change(func(e *types.Evidence) { e.Chain = "carya-test-2" })},
		{"another genesis", "of another genesis", change(func(e *types.Evidence) { e.Genesis[0] ^= 1 })},
		{"a chain begun anew with the same keys", "with the genesis", anew},
		{"parameters of another genesis", "chain/params", change(func(e *types.Evidence) { e.Params = anew.Params })},
		{"no parameters", "chain/params", change(func(e *types.Evidence) { e.Params = nil })},
		{"another height", "the header of block 3", change(func(e *types.Evidence) { e.Height = 2 })},
		{"height zero", "no block 0", change(func(e *types.Evidence) { e.Height = 0 })},
		{"an event left out", "commits to 3 events", change(func(e *types.Evidence) { e.Events = e.Events[:2] })},
		{"events swapped", "commits to 3 events", change(func(e *types.Evidence) { e.Events[0], e.Events[1] = e.Events[1], e.Events[0] })},
		{"an event invented", "commits to 3 events", change(func(e *types.Evidence) { e.Events = append(e.Events, e.Events[0]) })},
		{"another value", "does not show", change(func(e *types.Evidence) { e.Value = append([]byte{}, e.Value...); e.Value[9] ^= 1 })},
		{"another key", "does not show", change(func(e *types.Evidence) { e.Key = "lot/06901234000023.X" })},
		{"absence of what is there", "is absent", change(func(e *types.Evidence) { e.Claim = types.ClaimAbsence })},
		{"an unknown claim", "not known", change(func(e *types.Evidence) { e.Claim = "title" })},
		{"a fullwidth key", "visible ASCII", change(func(e *types.Evidence) { e.Key = "lot/０6901234000016.L1" })},
		{"a key of 13 digits", "must be written", change(func(e *types.Evidence) { e.Key = "lot/6901234000016.L1" })},
		{"no header", "missing header", change(func(e *types.Evidence) { e.Header = nil })},
		{"no validators", "0 of them", change(func(e *types.Evidence) { e.Validators = nil })},
		{"no proof", "neither of existence nor of absence", change(func(e *types.Evidence) { e.Proof = nil })},
		{"an odd compressed proof", "neither of existence nor of absence", change(func(e *types.Evidence) { e.Proof = compressed(t, lot) })},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := client.VerifyBare(evidenceFile(t, row.evidence), c.genesis)
			wantUnproven(t, err, row.want)
		})
	}
}

func wantUnproven(t *testing.T, err error, want string) {
	t.Helper()
	var n *client.NotProven
	if !errors.As(err, &n) || !strings.Contains(err.Error(), want) {
		t.Fatalf("got error %v, want a NotProven with %q", err, want)
	}
	if got := client.ExitCode(err); got != client.ExitNotProven {
		t.Errorf("got exit code %d, want %d", got, client.ExitNotProven)
	}
}

// compressed is a proof that makes ics23 look up a step that is not there.
func compressed(t *testing.T, key string) []byte {
	t.Helper()
	p := ics23.CommitmentProof{Proof: &ics23.CommitmentProof_Compressed{Compressed: &ics23.CompressedBatchProof{
		Entries: []*ics23.CompressedBatchEntry{{Proof: &ics23.CompressedBatchEntry_Exist{
			Exist: &ics23.CompressedExistenceProof{Key: []byte(key), Path: []int32{7}},
		}}},
	}}}
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVerifyTrustsOnlyItsGenesis(t *testing.T) {
	c := newChain(t)
	file := evidenceFile(t, c.evidence(t, types.ClaimRecord, "lot/"+testLot))
	other := *c.genesis
	other.Members = append([]types.GenesisMember{}, c.genesis.Members...)
	other.Members[0].Power = 41
	_, err := client.Verify(file, &other)
	wantUnproven(t, err, "of another genesis")
}

// A stolen name is not a signature: a header signed by strangers under the members' addresses proves nothing.
func TestVerifyStrangers(t *testing.T) {
	c := newChain(t)
	for id := range c.validators {
		c.validators[id] = c.validators["lantu"]
	}
	_, err := client.Verify(evidenceFile(t, c.evidence(t, types.ClaimRecord, "lot/"+testLot)), c.genesis)
	wantUnproven(t, err, "is not one")
}

// Every byte of the binary parts is changed in turn. Either nothing is proven, or the same is: some bytes, such as
// priorities in the validator set, mean nothing.
func TestVerifyTampered(t *testing.T) {
	c := newChain(t)
	for _, claim := range []struct{ claim, key string }{
		{types.ClaimHistory, "lot/" + testLot}, {types.ClaimAbsence, "lot/06901234000023.NONE"},
	} {
		e := c.evidence(t, claim.claim, claim.key, "lantu")
		v, err := client.Verify(evidenceFile(t, e), c.genesis)
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]*[]byte{"params": &e.Params, "paramsProof": &e.ParamsProof, "value": &e.Value, "proof": &e.Proof, "header": &e.Header, "validators": &e.Validators}
		for i := range e.Events {
			parts["event "+string(rune('0'+i))] = &e.Events[i]
		}
		for name, part := range parts {
			tamper(t, c, e, name, part, v)
		}
	}
}

func tamper(t *testing.T, c *fakeChain, e *types.Evidence, name string, part *[]byte, want *client.Verdict) {
	t.Helper()
	same := 0
	for i := range *part {
		(*part)[i] ^= 0x41
		if v, err := client.VerifyBare(evidenceFile(t, e), c.genesis); err == nil {
			same++
			if v.String() != want.String() {
				t.Errorf("%s %s: byte %d changed proves something else:\n%s", e.Claim, name, i, v)
			}
		}
		(*part)[i] ^= 0x41
	}
	t.Logf("%s, %s: of %d changes %d changed nothing", e.Claim, name, len(*part), same)
}

func TestVerdictIsSafeToPrint(t *testing.T) {
	c := newChainFrom(t, func(g *types.Genesis) { g.Members[1].Name = "Lantu\x1b[2J\u202eMall\n✓ proven" })
	v, err := client.Verify(evidenceFile(t, c.evidence(t, types.ClaimRecord, "lot/"+testLot)), c.genesis)
	if err != nil {
		t.Fatal(err)
	}
	if text := v.String(); strings.ContainsAny(text, "\x1b\u202e") || strings.Count(text, "✓ proven") != 2 || strings.Contains(text, "\n✓ proven") {
		t.Errorf("the verdict steers the terminal:\n%q", text)
	}
}

// The verifier is quick enough for a shopper's phone and bounded by the size of the file.
func BenchmarkVerify(b *testing.B) {
	c := newChain(b)
	file := evidenceFile(b, c.evidence(b, types.ClaimHistory, "lot/"+testLot))
	b.ReportMetric(float64(len(file)), "bytes/file")
	for b.Loop() {
		if _, err := client.Verify(file, c.genesis); err != nil {
			b.Fatal(err)
		}
	}
}

// What is proven is what the state holds, whoever wrote the file. Run it with -fuzzminimizetime=20x: caches in the libraries
// make the coverage of one input vary, and minimising by coverage never ends.
func FuzzVerify(f *testing.F) {
	c := newChain(f)
	f.Add(evidenceFile(f, c.evidence(f, types.ClaimHistory, "lot/"+testLot)))
	f.Add(evidenceFile(f, c.evidence(f, types.ClaimRecord, "order/"+testOrder, "lantu")))
	f.Add(evidenceFile(f, c.evidence(f, types.ClaimAbsence, "lot/06901234000023.NONE")))
	c.close() // its goroutines would confuse the fuzzer
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := client.VerifyBare(file, c.genesis)
		if err != nil {
			return
		}
		value, there := c.values[v.Key]
		if there == (v.Claim == types.ClaimAbsence) || string(v.Value) != string(value) || v.Height != c.height {
			t.Fatalf("proven is %s of %s with %s, the state has %x", v.Claim, v.Key, v.Value, value)
		}
		_ = v.String()
	})
}

// FuzzVerifyParts changes what lies inside the base64 of an evidence file, which FuzzVerify seldom gets right.
func FuzzVerifyParts(f *testing.F) {
	c := newChain(f)
	e := c.evidence(f, types.ClaimHistory, "lot/"+testLot, "lantu")
	none := c.evidence(f, types.ClaimAbsence, "lot/06901234000023.NONE")
	c.close()
	want, err := client.Verify(evidenceFile(f, e), c.genesis)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(e.Header, e.Validators, e.Proof, e.Value, e.Events[0])
	f.Add(none.Header, none.Validators, none.Proof, none.Value, []byte{})
	f.Fuzz(func(t *testing.T, header, validators, proof, value, event []byte) {
		changed := *e
		changed.Header, changed.Validators, changed.Proof, changed.Value = header, validators, proof, value
		changed.Events = append([][]byte{event}, e.Events[1:]...)
		if v, err := client.VerifyBare(evidenceFile(t, &changed), c.genesis); err == nil && v.String() != want.String() {
			t.Fatalf("proves something else:\n%s", v)
		}
	})
}
