package abci

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/types"
)

// SetChunkSize makes snapshots of small states have several chunks; it returns how to
// undo that.
func SetChunkSize(n int) (undo func()) {
	old := chunkSize
	chunkSize = n
	return func() { chunkSize = old }
}

// WaitSnapshot waits until no snapshot is being written.
func (a *App) WaitSnapshot() { a.snapshots.wait() }

// ForgeWithoutDigests makes a snapshot of the last block that hides one executed digest.
func ForgeWithoutDigests(t *testing.T, a *App) (*abci.Snapshot, [][]byte) {
	t.Helper()
	view, err := a.View(0)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	w := &chunkWriter{dir: t.TempDir()}
	if err := writeStream(w, view, a.admission.live.Blocks()[1:]); err != nil {
		t.Fatal(err)
	}
	meta, err := types.Encode(&manifest{a.Last(), w.hashes})
	if err != nil {
		t.Fatal(err)
	}
	var chunks [][]byte
	for i := range w.hashes {
		chunk, err := os.ReadFile(filepath.Join(w.dir, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, chunk)
	}
	hash := sum(meta)
	return &abci.Snapshot{
		Height: uint64(a.Last().Height), Format: SnapshotFormat, Chunks: uint32(len(chunks)), Hash: hash[:], Metadata: meta,
	}, chunks
}
