package node

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/caryaledger/carya/types"
)

// TestCrashEverywhere ends the process at every point where something is written, in
// CometBFT, the application and the state, and starts the node again after each.
func TestCrashEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("a process for each point")
	}
	program, err := os.Executable()
	must(t, err)
	dir := newHome(t)
	carya := t.TempDir() + "/carya" // testscript looks at the name
	must(t, os.Symlink(program, carya))
	for point := range 45 { // two blocks' points, the first with the genesis
		cmd := exec.Command(carya, "start", "--home", dir, "--set", "state.snapshot_every=10")
		cmd.Env = append(os.Environ(), fmt.Sprintf("FAIL_TEST_INDEX=%d", point))
		out, err := cmd.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("*** fail-test")) {
			t.Fatalf("point %d: the process did not end there: %v\n%s", point, err, out)
		}
	}
	n, stop := runNode(t, dir)
	defer stop()
	reach(t, n, n.genesis.InitialHeight+30)
	checkJournal(t, n)
}

// checkJournal compares the journal with the record of all blocks.
func checkJournal(t *testing.T, n *Node) {
	t.Helper()
	view, err := n.View(0)
	must(t, err)
	defer view.Close()
	value, err := view.Get(types.KeyBlocks)
	must(t, err)
	var want types.Blocks
	must(t, types.DecodeState(value, &want))
	var got types.History
	for h := n.genesis.InitialHeight; h <= view.Version(); h++ {
		b, err := n.Journal().Block(h)
		must(t, err)
		must(t, got.Append(types.LeafHash(b.Hash[:])))
	}
	if !got.Equal(&want.History) {
		t.Errorf("the journal's %d blocks are not those of the state's %d", got.Size, want.History.Size)
	}
}
