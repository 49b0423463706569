package abci_test

import (
	"testing"

	"github.com/caryaledger/carya/abci"
	"github.com/caryaledger/carya/types"
)

// TestCeiling: without rules and state a transaction is still verified and executed
// once, or the measurement would count it twice.
func TestCeiling(t *testing.T) {
	n := newNetwork(t, 2, func(c *abci.Config) { c.Ceiling = true })
	raw := n.sign("linan-coop", n.harvest())
	if err := n.submit(n.peers[0], raw); err != nil {
		t.Fatal(err)
	}
	txs := n.propose(n.peers[0])
	if len(txs) != 1 || !n.accepts(n.peers[1], txs) {
		t.Fatalf("%d transactions proposed", len(txs))
	}
	n.block(txs...)
	if err := n.submit(n.peers[1], raw); codeOf(err) != types.Replayed {
		t.Errorf("sent again: %v", err)
	}
	if n.accepts(n.peers[1], txs) {
		t.Error("a replay is accepted in a proposal")
	}
	if n.accepts(n.peers[0], [][]byte{flip(raw, -1)}) {
		t.Error("a broken signature is accepted")
	}
}
