package abci

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// SnapshotFormat is the version of a snapshot's stream:
//
//	1  8 bytes big-endian length, CBOR of the live digests ([]app.LiveBlock), then the
//	   state tree as store.View.Export writes it, cut into chunks of 4 MiB
const SnapshotFormat = 1

// chunkSize is the length of all chunks but the last; CometBFT allows 16 MB. Tests make it
// smaller.
var chunkSize = 4 << 20

// manifest describes a snapshot: Metadata of CometBFT's Snapshot is its CBOR, Hash its
// SHA-256. A node that restores checks every chunk against it, the tree against the
// app hash that the light client verified, and the live digests against the tree.
type manifest struct {
	Info   BlockInfo    `json:"info"`
	Chunks []types.Hash `json:"chunks"` // SHA-256 of each
}

// snapshots keeps the snapshots of one node: a directory for each height.
type snapshots struct {
	dir  string
	keep int

	writing sync.WaitGroup
	mu      sync.Mutex
	busy    bool      // one is being written
	restore *restorer // one is being restored
}

func openSnapshots(cfg Config) (*snapshots, error) {
	s := &snapshots{dir: cfg.SnapshotDir, keep: cfg.SnapshotKeep}
	if s.dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("snapshots: %w", err)
	}
	unfinished, err := filepath.Glob(filepath.Join(s.dir, "*.part"))
	if err != nil {
		return nil, fmt.Errorf("snapshots: %w", err)
	}
	for _, dir := range unfinished {
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("snapshots: %w", err)
		}
	}
	return s, nil
}

func (s *snapshots) wait() { s.writing.Wait() }

// begin writes a snapshot of the last block in the background, unless one is still
// being written. The version is leased before begin returns.
func (s *snapshots) begin(a *App, info BlockInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || s.dir == "" {
		return
	}
	view, err := a.View(info.Height)
	if err != nil {
		a.cfg.Logger.Error("snapshot", "height", info.Height, "error", err)
		return
	}
	s.busy = true
	live := a.admission.live.Blocks()
	s.writing.Go(func() {
		defer s.end()
		defer view.Close()
		if err := s.write(view, info, live); err != nil {
			a.cfg.Logger.Error("snapshot", "height", info.Height, "error", err)
		}
	})
}

func (s *snapshots) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
}

// write makes the snapshot under another name and renames it when it is whole.
func (s *snapshots) write(view *store.View, info BlockInfo, live []app.LiveBlock) error {
	final := filepath.Join(s.dir, strconv.FormatInt(info.Height, 10))
	part := final + ".part"
	if err := os.MkdirAll(part, 0o755); err != nil {
		return err
	}
	w := &chunkWriter{dir: part}
	if err := writeStream(w, view, live); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	meta, err := types.Encode(&manifest{info, w.hashes})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(part, "manifest"), meta, 0o644); err != nil {
		return err
	}
	if err := os.Rename(part, final); err != nil {
		return err
	}
	return s.dropOld()
}

func writeStream(w *chunkWriter, view *store.View, live []app.LiveBlock) error {
	list, err := types.Encode(live)
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(w, 64<<10)
	if err := binary.Write(buf, binary.BigEndian, uint64(len(list))); err != nil {
		return err
	}
	if _, err := buf.Write(list); err != nil {
		return err
	}
	if err := view.Export(buf); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	return w.close()
}

// heights lists the snapshots, newest first.
func (s *snapshots) heights() ([]int64, error) {
	if s.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var list []int64
	for _, e := range entries {
		if h, err := strconv.ParseInt(e.Name(), 10, 64); err == nil {
			list = append(list, h)
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list, nil
}

func (s *snapshots) dropOld() error {
	list, err := s.heights()
	if err != nil || len(list) <= s.keep {
		return err
	}
	for _, h := range list[s.keep:] {
		err = errors.Join(err, os.RemoveAll(s.path(h)))
	}
	return err
}

func (s *snapshots) path(height int64, parts ...string) string {
	return filepath.Join(append([]string{s.dir, strconv.FormatInt(height, 10)}, parts...)...)
}

// ListSnapshots offers this node's snapshots to nodes that join.
func (a *App) ListSnapshots(context.Context, *abci.RequestListSnapshots) (*abci.ResponseListSnapshots, error) {
	resp := &abci.ResponseListSnapshots{}
	list, err := a.snapshots.heights()
	if err != nil {
		a.cfg.Logger.Error("list snapshots", "error", err)
		return resp, nil
	}
	for _, h := range list {
		meta, err := os.ReadFile(a.snapshots.path(h, "manifest"))
		if err != nil {
			continue // dropped since it was listed
		}
		var m manifest
		if err := types.Decode(meta, &m); err != nil {
			a.cfg.Logger.Error("list snapshots", "height", h, "error", err)
			continue
		}
		hash := sum(meta)
		resp.Snapshots = append(resp.Snapshots, &abci.Snapshot{
			Height: uint64(h), Format: SnapshotFormat, Chunks: uint32(len(m.Chunks)), Hash: hash[:], Metadata: meta,
		})
	}
	return resp, nil
}

// LoadSnapshotChunk hands out one chunk; an empty answer means that there is none.
func (a *App) LoadSnapshotChunk(_ context.Context, r *abci.RequestLoadSnapshotChunk) (*abci.ResponseLoadSnapshotChunk, error) {
	resp := &abci.ResponseLoadSnapshotChunk{}
	if r.Format != SnapshotFormat || a.snapshots.dir == "" {
		return resp, nil
	}
	chunk, err := os.ReadFile(a.snapshots.path(int64(r.Height), strconv.FormatUint(uint64(r.Chunk), 10)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.cfg.Logger.Error("load a snapshot's chunk", "height", r.Height, "chunk", r.Chunk, "error", err)
	}
	resp.Chunk = chunk
	return resp, nil
}

// chunkWriter cuts a stream into numbered files and hashes each.
type chunkWriter struct {
	dir    string
	buf    []byte
	hashes []types.Hash
}

func (w *chunkWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(len(p), chunkSize-len(w.buf))
		w.buf, p = append(w.buf, p[:take]...), p[take:]
		if len(w.buf) == chunkSize {
			if err := w.close(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// close writes what is gathered as one chunk.
func (w *chunkWriter) close() error {
	if len(w.buf) == 0 {
		return nil
	}
	name := strconv.Itoa(len(w.hashes))
	w.hashes = append(w.hashes, sum(w.buf))
	err := os.WriteFile(filepath.Join(w.dir, name), w.buf, 0o644)
	w.buf = w.buf[:0]
	return err
}

// io.Writer is what Export wants.
var _ io.Writer = (*chunkWriter)(nil)
