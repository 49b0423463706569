package client_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/caryaledger/carya/types/ceb/generate"
	"github.com/caryaledger/carya/types/ceb/review"
)

// TestPlantedFaults checks generated sets of several seeds: every planted fault must be found, in the right field and for
// the right party, and nothing else. Two people wrote the generator and the checker, from the specification and not from
// one another.
func TestPlantedFaults(t *testing.T) {
	words := map[string]review.Count{}
	for seed := range uint64(12) {
		planted, findings := checkedSet(t, generate.Options{
			Orders: 300, Seed: 100 + seed, Faults: 0.5, Export: float64(seed%4) / 4, Bonded: float64(seed%3) / 3, PerFile: 1 + int(seed%4)*9,
		})
		score := review.Score(findings, planted)
		for _, c := range score.Words {
			sum := words[c.Fault]
			sum.Planted, sum.Found, sum.FalseAlarms = sum.Planted+c.Planted, sum.Found+c.Found, sum.FalseAlarms+c.FalseAlarms
			sum.WrongParty, sum.WrongField, sum.Surplus = sum.WrongParty+c.WrongParty, sum.WrongField+c.WrongField, sum.Surplus+c.Surplus
			words[c.Fault] = sum
		}
		if score.Missed+score.WrongParty+score.WrongField+score.Surplus+score.FalseAlarms > 0 {
			t.Errorf("seed %d: %+v", 100+seed, score)
		}
	}
	for _, word := range generate.Words() {
		c := words[word]
		t.Logf("%-18s found %3d of %3d, false alarms %d", word, c.Found, c.Planted, c.FalseAlarms)
		if c.Planted == 0 {
			t.Errorf("%s was never planted", word)
		}
	}
}

// TestCleanSets checks sets without faults: nothing may be found that customs would reject or look at.
func TestCleanSets(t *testing.T) {
	for seed := range uint64(6) {
		_, findings := checkedSet(t, generate.Options{Orders: 500, Seed: seed, Export: float64(seed) / 5, PerFile: 100})
		for _, f := range findings {
			if f.Severity != review.Note {
				t.Errorf("seed %d: %+v", seed, f)
			}
		}
	}
}

// checkedSet generates a set and checks it.
func checkedSet(t *testing.T, o generate.Options) ([]review.PlantedFault, []review.Finding) {
	t.Helper()
	r := review.New(review.Options{})
	manifest, err := generate.New(o).WriteTo(func(f generate.File) error {
		if ext := filepath.Ext(f.Name); ext == ".xml" || ext == ".csv" {
			r.Add(f.Name, f.Data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var planted []review.PlantedFault
	for _, f := range manifest.Faults {
		planted = append(planted, review.PlantedFault{
			Order: f.Order, Platform: f.Platform, Fault: f.Fault, Field: f.Field, Party: f.Party, File: f.File,
		})
	}
	return planted, r.Findings()
}

// TestSetCommands runs the scripts in testdata/cebset.
func TestSetCommands(t *testing.T) {
	chain := newChain(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/cebset",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			node := newNode(t, chain)
			env.Values["node"] = node
			env.Setenv("CARYA_NODE", node.server.URL)
			env.Setenv("CARYA_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("LANG", "en_US.UTF-8")
			env.Setenv("LC_ALL", "")
			env.Setenv("LC_MESSAGES", "")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"carya!": exitCode, "node": nodeCommand, "edit": editCommand},
	})
}

// editCommand replaces a text in a file: `edit FILE OLD NEW`.
func editCommand(ts *testscript.TestScript, _ bool, args []string) {
	old := ts.ReadFile(args[0])
	changed := strings.Replace(old, args[1], args[2], 1)
	if changed == old {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(changed), 0o600))
}
