package abci

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// restorer takes a snapshot's chunks until it has all of them.
type restorer struct {
	manifest manifest
	appHash  types.Hash
	dir      string
	next     int
}

// maxLiveList bounds the list of live digests in a snapshot: ten minutes of 8,000
// transactions a second.
const maxLiveList = 256 << 20

func sum(data []byte) types.Hash { return types.Hash(sha256.Sum256(data)) }

// OfferSnapshot decides whether to restore a snapshot that a peer offers. AppHash comes
// from a header that the light client verified; nothing else in the offer is trusted.
func (a *App) OfferSnapshot(_ context.Context, r *abci.RequestOfferSnapshot) (*abci.ResponseOfferSnapshot, error) {
	answer := func(result abci.ResponseOfferSnapshot_Result) (*abci.ResponseOfferSnapshot, error) {
		return &abci.ResponseOfferSnapshot{Result: result}, nil
	}
	if r.Snapshot == nil || r.Snapshot.Format != SnapshotFormat {
		return answer(abci.ResponseOfferSnapshot_REJECT_FORMAT)
	}
	restore, err := newRestorer(r, a.snapshots.dir)
	if err != nil {
		a.cfg.Logger.Warn("refusing a snapshot", "height", r.Snapshot.Height, "reason", err)
		return answer(abci.ResponseOfferSnapshot_REJECT)
	}
	if a.cfg.Store.Version() > 0 {
		// CometBFT offers snapshots to a node without blocks only: the state is of a
		// restore whose process ended before CometBFT had taken note of it.
		if err := a.cfg.Store.Discard(); err != nil {
			return nil, fmt.Errorf("restore a snapshot: %w", err)
		}
	}
	a.snapshots.restore = restore
	return answer(abci.ResponseOfferSnapshot_ACCEPT)
}

func newRestorer(r *abci.RequestOfferSnapshot, dir string) (*restorer, error) {
	s := r.Snapshot
	restore := &restorer{dir: filepath.Join(dir, "restore.part")}
	if hash := sum(s.Metadata); string(hash[:]) != string(s.Hash) {
		return nil, fmt.Errorf("the snapshot's hash is not that of its metadata")
	}
	if err := types.Decode(s.Metadata, &restore.manifest); err != nil {
		return nil, err
	}
	m := &restore.manifest
	if m.Info.Height != int64(s.Height) || len(m.Chunks) != int(s.Chunks) || len(m.Chunks) == 0 {
		return nil, fmt.Errorf("the metadata is of height %d with %d chunks, the offer of height %d with %d",
			m.Info.Height, len(m.Chunks), s.Height, s.Chunks)
	}
	if len(r.AppHash) != len(restore.appHash) || string(m.Info.AppHash[:]) != string(r.AppHash) {
		return nil, fmt.Errorf("the snapshot is of app hash %s, the verified header of %X", m.Info.AppHash, r.AppHash)
	}
	restore.appHash = types.Hash(r.AppHash)
	return restore, errors.Join(os.RemoveAll(restore.dir), os.MkdirAll(restore.dir, 0o755))
}

// ApplySnapshotChunk takes the next chunk; with the last one the state is built and
// checked. A wrong chunk is fetched again from somebody else; a snapshot that is wrong
// as a whole is rejected, and the store is empty again.
func (a *App) ApplySnapshotChunk(_ context.Context, r *abci.RequestApplySnapshotChunk) (*abci.ResponseApplySnapshotChunk, error) {
	restore := a.snapshots.restore
	if restore == nil {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}, nil
	}
	if int(r.Index) >= len(restore.manifest.Chunks) || sum(r.Chunk) != restore.manifest.Chunks[r.Index] {
		a.cfg.Logger.Warn("a snapshot's chunk is wrong", "chunk", r.Index, "peer", r.Sender)
		return &abci.ResponseApplySnapshotChunk{
			Result:        abci.ResponseApplySnapshotChunk_RETRY,
			RefetchChunks: []uint32{r.Index}, RejectSenders: []string{r.Sender},
		}, nil
	}
	if err := os.WriteFile(restore.chunk(int(r.Index)), r.Chunk, 0o644); err != nil {
		return nil, fmt.Errorf("keep chunk %d of a snapshot: %w", r.Index, err)
	}
	restore.next++
	if restore.next < len(restore.manifest.Chunks) {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
	}
	a.snapshots.restore = nil
	if err := a.restore(restore); err != nil {
		a.cfg.Logger.Warn("refusing a snapshot", "height", restore.manifest.Info.Height, "reason", err)
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT}, nil
	}
	a.cfg.Logger.Info("restored a snapshot", "height", restore.manifest.Info.Height)
	return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
}

func (r *restorer) chunk(i int) string { return filepath.Join(r.dir, strconv.Itoa(i)) }

// restore builds the state from the chunks.
func (a *App) restore(r *restorer) error {
	defer os.RemoveAll(r.dir)
	files := &chunkReader{r: r}
	defer files.Close()
	in := bufio.NewReaderSize(files, 64<<10)
	blocks, err := readLive(in)
	if err != nil {
		return err
	}
	info := r.manifest.Info
	side, err := sideOf(blocks, info)
	if err != nil {
		return err
	}
	if _, err := a.cfg.Store.Import(info.Height, r.appHash[:], in, side); err != nil {
		return err
	}
	live, err := checkLive(a.cfg.Store, blocks)
	if err != nil {
		return errors.Join(err, a.cfg.Store.Discard())
	}
	a.admission.replace(a.cfg.Store, live)
	a.mu.Lock()
	a.last = info
	a.mu.Unlock()
	return nil
}

func readLive(in io.Reader) ([]app.LiveBlock, error) {
	var n uint64
	if err := binary.Read(in, binary.BigEndian, &n); err != nil {
		return nil, fmt.Errorf("live digests: %w", err)
	}
	if n > maxLiveList {
		return nil, fmt.Errorf("live digests: %d bytes, at most %d", n, maxLiveList)
	}
	data, err := io.ReadAll(io.LimitReader(in, int64(n)))
	if err != nil {
		return nil, fmt.Errorf("live digests: %w", err)
	}
	var blocks []app.LiveBlock
	if err := types.Decode(data, &blocks); err != nil {
		return nil, fmt.Errorf("live digests: %w", err)
	}
	return blocks, nil
}

func sideOf(blocks []app.LiveBlock, info BlockInfo) ([]store.Write, error) {
	last, err := types.Encode(&info)
	if err != nil {
		return nil, err
	}
	side := []store.Write{{Key: sideLast, Value: last}}
	for i := range blocks {
		list, err := types.Encode(&blocks[i])
		if err != nil {
			return nil, err
		}
		side = append(side, store.Write{Key: sideLive(blocks[i].Height), Value: list})
	}
	return side, nil
}

// checkLive holds the lists against the leaves of the restored tree: each list has its
// leaf and each leaf its list.
func checkLive(s *store.Store, blocks []app.LiveBlock) (*app.Live, error) {
	live, err := loadLive(s)
	if err != nil {
		return nil, err
	}
	view, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	leaves := 0
	err = view.Iterate(types.PrefixLive+"/", types.PrefixLive+"0", func(string, []byte) bool { leaves++; return false })
	if err == nil && leaves != len(blocks) {
		err = fmt.Errorf("the state commits to the live digests of %d blocks, the snapshot lists %d", leaves, len(blocks))
	}
	return live, err
}

// chunkReader reads the chunks one after the other.
type chunkReader struct {
	r    *restorer
	i    int
	file *os.File
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for {
		if c.file == nil {
			if c.i == len(c.r.manifest.Chunks) {
				return 0, io.EOF
			}
			f, err := os.Open(c.r.chunk(c.i))
			if err != nil {
				return 0, err
			}
			c.file, c.i = f, c.i+1
		}
		n, err := c.file.Read(p)
		if n > 0 || err != io.EOF {
			return n, err
		}
		if err := c.Close(); err != nil {
			return 0, err
		}
	}
}

// Close closes the open chunk.
func (c *chunkReader) Close() error {
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	return err
}
