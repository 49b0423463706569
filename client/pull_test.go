package client_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb/generate"
	"github.com/caryaledger/carya/types/evidence"
)

// TestPullCommands runs the scripts in testdata/pull: the payment company committed to the record that the platform
// answers with.
func TestPullCommands(t *testing.T) {
	set, _ := generate.New(generate.Options{Orders: 1, Seed: 4}).Next()
	answer := set.PullAnswer()
	answered, number, err := client.ReadPull(answer)
	if err != nil || number != set.Payment.Get("payTransactionId") {
		t.Fatalf("got the payment %q, %v", number, err)
	}
	chain := newArchiveTest(t, answered...)
	forged := *chain.original
	forged.Fields = slices.Clone(forged.Fields)
	forged.Fields[0].Value += "x"
	other := *chain.original
	other.Seed = types.Secret{9}
	if other.Root, err = types.DocumentRoot(other.Kind, other.Fields, other.Seed); err != nil {
		t.Fatal(err)
	}
	runArchiveScripts(t, "testdata/pull", chain,
		scriptFile{"answer.json", answer},
		scriptFile{"wrong.json", []byte(strings.Replace(string(answer), `"verDept":"3"`, `"verDept":"1"`, 1))},
		scriptFile{"forged.json", forged.file(t)}, scriptFile{"uncommitted.json", other.file(t)},
		scriptFile{"event.proof", evidenceFile(t, chain.ask(t, &evidence.Asked{Claims: []evidence.Ask{
			{Claim: evidence.ClaimEvent, Key: privateOrder, Root: chain.original.Root[:]},
		}}))},
		scriptFile{"order.proof", evidenceFile(t, chain.evidence(t, evidence.ClaimHistory, privateOrder))},
	)
}
