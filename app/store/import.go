//go:build !js

package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

const (
	importBatch = 4 << 20 // bytes gathered before they go to disk
	maxHeight   = 64      // of an imported tree; a balanced one of this height has more leaves than there are nonces
)

// Import fills an empty store with the tree that Export wrote at version, and returns its root. want is the root that is
// trusted, from a verified header; nil accepts any. side is this node's own data, as in Commit. The tree appears with the
// last of many batches or not at all: after an error or a crash the store is empty and Import can be tried again. It is
// strict (one tree, one stream), holds some megabytes in memory whatever the stream claims, and reads r to its end.
func (s *Store) Import(version int64, want []byte, r io.Reader, side []Write) (root []byte, err error) {
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.writable(); err != nil {
		return nil, err
	}
	defer s.leave()
	if s.Version() != 0 {
		return nil, fmt.Errorf("import height %d: the store is not empty, it is at height %d", version, s.Version())
	}
	if version < s.opts.InitialVersion || version == math.MaxInt64 {
		return nil, fmt.Errorf("import height %d: the chain begins at height %d", version, s.opts.InitialVersion)
	}
	if err := checkSide(side); err != nil {
		return nil, fmt.Errorf("import height %d: %w", version, err)
	}
	s.applied = nil
	s.tree.Rollback()
	root, err = s.importTree(version, want, r, side)
	if err != nil {
		return nil, s.undoImport(fmt.Errorf("import height %d: %w", version, err))
	}
	return root, nil
}

func (s *Store) importTree(version int64, want []byte, r io.Reader, side []Write) ([]byte, error) {
	i := &importer{s: s, version: version, in: bufio.NewReaderSize(r, 64<<10), b: s.db.NewBatch()}
	defer func() { i.b.Close() }()
	root, err := i.tree()
	if err != nil {
		return nil, fmt.Errorf("after %d keys: %w", i.leaves, err)
	}
	if want != nil && !bytes.Equal(root, want) {
		return nil, fmt.Errorf("the stream has root %X, trusted is %X", root, want)
	}
	st := state{version: version, oldest: version, root: root}
	if err := (&seal{side: side, state: st}).fill(i.b); err != nil {
		return nil, err
	}
	if err := s.write(i.b, true); err != nil {
		return nil, err
	}
	if err := s.loadTree(st); err != nil {
		return nil, err
	}
	s.advance(st)
	return root, nil
}

// undoImport empties the store. If even that fails, only opening it again helps.
func (s *Store) undoImport(cause error) error {
	if err := s.wipe(); err != nil {
		return s.breaks(errors.Join(cause, fmt.Errorf("empty the store again: %w", err)))
	}
	s.tree = s.newTree(s.opts.Cache, s.flush)
	return cause
}

// importer builds a tree bottom-up and writes its nodes in iavl's disk format. iavl's own importer would keep four bytes for
// every height of the chain, batch ten thousand nodes whatever their size, and believe the search keys of inner nodes.
type importer struct {
	s       *Store
	version int64
	in      *bufio.Reader
	b       *pebble.Batch

	stack  []subtree // subtrees without a parent, left to right
	newest subtree   // the last of them, not written yet: if it is the root it gets the root's place
	body   []byte    // what newest will be on disk
	key    string    // of the newest leaf
	nodes  uint32
	leaves int64
	room   []byte // for reading
}

// tree reads the stream and returns the root. What remains in the batch makes the tree complete.
func (i *importer) tree() ([]byte, error) {
	if err := i.header(); err != nil {
		return nil, err
	}
	for {
		tag, err := i.in.ReadByte()
		if err != nil {
			return nil, unexpected(err)
		}
		switch tag {
		case tagLeaf:
			err = i.leaf()
		case tagInner:
			err = i.inner()
		case tagEnd:
			return i.end()
		default:
			err = fmt.Errorf("unknown tag %d", tag)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (i *importer) header() error {
	var line [len(streamFormat)]byte
	if _, err := io.ReadFull(i.in, line[:]); err != nil {
		return unexpected(err)
	}
	if string(line[:]) != streamFormat {
		return fmt.Errorf("the stream begins with %q instead of %q", line[:], streamFormat)
	}
	version, err := i.number(math.MaxInt64)
	if err == nil && version != i.version {
		err = fmt.Errorf("the stream is of height %d", version)
	}
	return err
}

func (i *importer) leaf() error {
	version, err := i.nodeVersion()
	if err != nil {
		return err
	}
	if i.room, err = i.bytes(i.room[:0], MaxKey); err != nil {
		return fmt.Errorf("key after %q: %w", i.key, err)
	}
	if string(i.room) <= i.key {
		return fmt.Errorf("key %q after %q: out of order", i.room, i.key)
	}
	i.key = string(i.room)
	if i.room, err = i.bytes(i.room[:0], MaxValue); err != nil {
		return fmt.Errorf("value of %q: %w", i.key, err)
	}
	latest := []Write{{i.key, i.room}}
	if index, ok := IndexOf(i.key); ok {
		latest = append(latest, index)
	}
	if err := fill(i.b, spaceLatest, latest); err != nil {
		return err
	}
	i.leaves++
	t := subtree{version: version, size: 1, hash: hashLeaf(version, i.key, i.room), first: i.key}
	if err := i.push(t); err != nil {
		return err
	}
	i.body = appendLeaf(i.body[:0], i.key, i.room)
	return nil
}

func (i *importer) inner() error {
	version, err := i.nodeVersion()
	if err != nil {
		return err
	}
	n := len(i.stack)
	if n < 2 {
		return fmt.Errorf("inner node over %d subtrees", n)
	}
	l, r := i.stack[n-2], i.stack[n-1]
	if d := l.height - r.height; d < -1 || d > 1 {
		return fmt.Errorf("inner node over subtrees of heights %d and %d: out of balance", l.height, r.height)
	}
	if version < l.version || version < r.version {
		return fmt.Errorf("inner node of block %d over nodes of blocks %d and %d", version, l.version, r.version)
	}
	t := subtree{version: version, height: max(l.height, r.height) + 1, size: l.size + r.size, first: l.first}
	if t.height > maxHeight {
		return fmt.Errorf("tree higher than %d", maxHeight)
	}
	t.hash = hashInner(t, l, r)
	i.stack = i.stack[:n-2]
	if err := i.push(t); err != nil {
		return err
	}
	i.body = appendInner(i.body[:0], t, l, r)
	return nil
}

// push writes the node before t and makes t the newest, whose body the caller then fills in.
func (i *importer) push(t subtree) error {
	if len(i.stack) > maxHeight {
		return fmt.Errorf("more than %d subtrees without a parent", maxHeight)
	}
	if i.nodes == math.MaxUint32-1 {
		return fmt.Errorf("more than %d nodes", i.nodes)
	}
	if i.nodes > 0 {
		if err := i.writeNewest(); err != nil {
			return err
		}
	}
	i.nodes++
	t.nonce = i.nodes + 1
	i.stack = append(i.stack, t)
	i.newest = t
	return nil
}

// writeNewest adds the newest node to the batch, and the batch to the disk when it has grown enough.
func (i *importer) writeNewest() error {
	if err := i.b.Set(nodeKey(i.newest.version, i.newest.nonce), i.body, nil); err != nil {
		return err
	}
	if i.b.Len() < importBatch {
		return nil
	}
	if err := i.s.write(i.b, false); err != nil {
		return err
	}
	if err := i.b.Close(); err != nil {
		return err
	}
	i.b = i.s.db.NewBatch()
	return nil
}

// end checks that the stream is over and writes the root.
func (i *importer) end() ([]byte, error) {
	leaves, err := i.number(math.MaxInt64)
	if err != nil {
		return nil, err
	}
	if leaves != i.leaves {
		return nil, fmt.Errorf("the stream ends after %d of %d keys", i.leaves, leaves)
	}
	if _, err := i.in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the stream goes on after its end (%v)", err)
	}
	if len(i.stack) > 1 {
		return nil, fmt.Errorf("%d subtrees without a parent", len(i.stack))
	}
	return i.root()
}

// root writes the newest node as the root of the version. A root that is older than the version stays under its own version,
// where its nonce may not be 1, because iavl takes a node with nonce 1 for the sign that its version is there.
func (i *importer) root() ([]byte, error) {
	place := nodeKey(i.version, rootNonce)
	if i.nodes == 0 {
		none := sha256.Sum256(nil)
		return none[:], i.b.Set(place, nil, nil)
	}
	if i.newest.version == i.version {
		i.newest.nonce = rootNonce
	} else if err := i.b.Set(place, nodeKey(i.newest.version, i.newest.nonce), nil); err != nil {
		return nil, err
	}
	return i.newest.hash[:], i.writeNewest()
}

func (i *importer) nodeVersion() (int64, error) {
	version, err := i.number(i.version)
	if err == nil && version < i.s.opts.InitialVersion {
		err = fmt.Errorf("node of block %d: the chain begins at %d", version, i.s.opts.InitialVersion)
	}
	return version, err
}

// number reads an unsigned varint up to limit, in its shortest form.
func (i *importer) number(limit int64) (int64, error) {
	var n uint64
	for shift := 0; ; shift += 7 {
		b, err := i.in.ReadByte()
		if err != nil {
			return 0, unexpected(err)
		}
		if shift == 63 || b == 0 && shift > 0 {
			return 0, fmt.Errorf("number too long")
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	if n > uint64(limit) {
		return 0, fmt.Errorf("number %d: the limit is %d", n, limit)
	}
	return int64(n), nil
}

// bytes appends a length and that many bytes, at least one, to dst. Memory grows with what the stream delivers, not with
// what it announces.
func (i *importer) bytes(dst []byte, limit int64) ([]byte, error) {
	length, err := i.number(limit)
	if err != nil {
		return dst, err
	}
	if length == 0 {
		return dst, fmt.Errorf("empty")
	}
	for rest := int(length); rest > 0; {
		n := len(dst)
		step := min(rest, 64<<10)
		dst = slices.Grow(dst, step)[:n+step]
		if _, err := io.ReadFull(i.in, dst[n:]); err != nil {
			return dst[:n], unexpected(err)
		}
		rest -= step
	}
	return dst, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
