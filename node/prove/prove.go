package prove

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	cmt "github.com/cometbft/cometbft/types"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Chain is where evidence comes from.
type Chain interface {
	// Domain names the chain and its genesis.
	Domain() (chain string, genesis types.Hash, err error)
	// View is the state after the block at a height, 0 meaning the last.
	View(height int64) (*store.View, error)
	// SignedHeader returns CometBFT's SignedHeader of a block in protobuf, waiting for one that is about to come.
	SignedHeader(ctx context.Context, height int64) ([]byte, error)
	// Events returns the events, CBOR, in a record's history, which has this size in the state after the block at height.
	Events(ctx context.Context, key string, size uint64, height int64) ([][]byte, error)
	// BlockPath returns the RFC 6962 inclusion proof of a leaf of chain/blocks when it had a size.
	BlockPath(ctx context.Context, index, size uint64) ([]types.Hash, error)
	// Executed finds a transaction by its digest: the block and its place in it. The error of one that is not there is a
	// types.NotFound.
	Executed(ctx context.Context, digest types.Hash) (height int64, index int, err error)
	// Block returns a block's transactions and their results, in CometBFT's order.
	Block(ctx context.Context, height int64) (txs [][]byte, results []types.Result, err error)
}

// MaxClaims bounds one request.
const MaxClaims = 1000

// Evidence makes evidence of what is asked for. Errors that the caller can act on are refusals.
func Evidence(ctx context.Context, chain Chain, asked *evidence.Asked) (*evidence.Evidence, error) {
	if n := len(asked.Claims); n < 1 || n > MaxClaims {
		return nil, types.Refuse(types.FieldInvalid, "claims", "%d claims; 1 to %d in one request", n, MaxClaims)
	}
	m := &maker{Chain: chain, ctx: ctx, states: map[int64]*state{}, headers: map[int64]bool{}}
	defer m.close()
	e := &evidence.Evidence{Format: evidence.Format}
	var err error
	if e.Chain, e.Genesis, err = chain.Domain(); err != nil {
		return nil, err
	}
	if m.height, err = m.stateOf(asked); err != nil {
		return nil, err
	}
	for i := range asked.Claims {
		c, err := m.claim(&asked.Claims[i])
		if err != nil {
			return nil, &ClaimError{i, err}
		}
		e.Claims = append(e.Claims, *c)
	}
	e.Headers, err = m.prove(asked.Newest)
	return e, err
}

// ClaimError says which claim of those that were asked for an error is about.
type ClaimError struct {
	Claim int
	Err   error
}

func (e *ClaimError) Error() string { return fmt.Sprintf("claims[%d]: %v", e.Claim, e.Err) }
func (e *ClaimError) Unwrap() error { return e.Err }

// maker is the evidence in the making.
type maker struct {
	Chain
	ctx     context.Context
	last    int64            // height of the last state when the making began
	height  int64            // of the state, where a claim names none
	states  map[int64]*state // by height
	headers map[int64]bool   // heights of the headers that are needed
	records int64            // in the ranges so far
	bytes   int              // of the events so far
}

// state is what is to be shown of one state.
type state struct {
	*store.View
	shown store.Shown
}

func (m *maker) close() {
	for _, s := range m.states {
		s.Close()
	}
}

// stateOf chooses the state for claims that name none. The root of a state stands in the header of the next block: without
// a height the state is the last but one if it says the same as the last, and else the last, which waits for a header. So
// nobody gets an old answer, and nearly nobody waits.
func (m *maker) stateOf(asked *evidence.Asked) (int64, error) {
	now, err := m.View(0)
	if err != nil {
		return 0, err
	}
	defer now.Close()
	last := now.Version()
	m.last = last
	if asked.Height != 0 {
		return asked.Height, nil
	}
	before, err := m.View(last - 1)
	if err != nil || last == 1 {
		return last, nil
	}
	defer before.Close()
	for i := range asked.Claims {
		if a := &asked.Claims[i]; a.Height == 0 && aboutState(a) && (a.Key == "" || !same(a.Key, now, before)) {
			return last, nil
		}
	}
	return last - 1, nil
}

// same reports whether two states say the same of a record.
func same(key string, a, b *store.View) bool {
	x, errX := a.Get(key)
	y, errY := b.Get(key)
	return errX == nil && errY == nil && (x == nil) == (y == nil) && bytes.Equal(x, y)
}

// at opens the state after the block at a height and says that its header is needed.
func (m *maker) at(height int64) (*state, error) {
	if height == 0 {
		height = m.height
	}
	if s := m.states[height]; s != nil {
		return s, nil
	}
	v, err := m.View(height)
	if err != nil {
		return nil, err
	}
	m.states[height], m.headers[height+1] = &state{View: v}, true
	return m.states[height], nil
}

// prove makes the headers, with everything below them.
func (m *maker) prove(newest bool) ([]evidence.Header, error) {
	heights := make([]int64, 0, len(m.headers)+1)
	for height := range m.headers {
		heights = append(heights, height)
	}
	// The signed header shows a part of its state. Of blocks alone that may be gone.
	if newest || m.states[slices.Max(heights)-1] == nil {
		last, err := m.newestHeader()
		if err != nil {
			return nil, err
		}
		heights = append(heights, last)
	}
	slices.Sort(heights)
	slices.Reverse(heights)
	heights = slices.Compact(heights)
	signed, err := m.at(heights[0] - 1)
	if err != nil {
		return nil, err
	}
	signed.shown.Keys = append(signed.shown.Keys, types.KeyParams)
	var log types.Blocks
	if len(heights) > 1 {
		signed.shown.Keys = append(signed.shown.Keys, types.KeyBlocks)
		value, err := signed.Get(types.KeyBlocks)
		if err != nil {
			return nil, err
		}
		if err := types.DecodeState(value, &log); err != nil {
			return nil, err
		}
	}
	headers := make([]evidence.Header, len(heights))
	for i, height := range heights {
		h, err := m.header(&headers[i], height)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			headers[i].Commit = votes(h.Commit)
			continue
		}
		index := log.History.Size - uint64(heights[0]-height)
		if headers[i].Path, err = m.blockPath(types.Hash(h.Hash()), index, &log.History); err != nil {
			return nil, fmt.Errorf("block %d: %w", height, err)
		}
	}
	return headers, nil
}

// blockPath proves a block in the log of all blocks. It is checked at once: what the proof is made of stands beside the
// state that has the log's root.
func (m *maker) blockPath(hash types.Hash, index uint64, log *types.History) ([]byte, error) {
	path, err := m.BlockPath(m.ctx, index, log.Size)
	if err != nil {
		return nil, err
	}
	root, err := log.Root()
	if err != nil {
		return nil, err
	}
	leaf, list := types.LeafHash(hash[:]), make([][]byte, len(path))
	for i := range path {
		list[i] = path[i][:]
	}
	return join(path), proof.VerifyInclusion(rfc6962.DefaultHasher, index, log.Size, leaf[:], list, root[:])
}

// newestHeader is the height of the newest header that is signed already and whose state is there: the last block's, or
// after the first block the next one's.
func (m *maker) newestHeader() (int64, error) {
	v, err := m.View(0)
	if err != nil {
		return 0, err
	}
	defer v.Close()
	last := v.Version()
	if last == 1 {
		return 2, nil
	}
	if _, err := m.at(last - 1); errors.As(err, new(store.ErrNoVersion)) {
		return last + 1, nil
	} else if err != nil {
		return 0, err
	}
	return last, nil
}

// header makes a header and what is shown of the state that it commits to.
func (m *maker) header(p *evidence.Header, height int64) (*cmt.SignedHeader, error) {
	raw, err := m.SignedHeader(m.ctx, height)
	if err != nil {
		return nil, err
	}
	h, err := readSigned(raw)
	if err == nil {
		p.Height = height
		p.Header, err = Fields(h.Header)
	}
	if err != nil {
		return nil, fmt.Errorf("header of block %d: %w", height, err)
	}
	s := m.states[height-1]
	if s == nil {
		return h, nil
	}
	if !bytes.Equal(s.Root(), h.AppHash) {
		return nil, fmt.Errorf("the state after block %d has the root %x, the next header says %s", height-1, s.Root(), h.AppHash)
	}
	p.Tree, err = s.Tree(s.shown)
	return h, err
}

func join(path []types.Hash) []byte {
	var b []byte
	for i := range path {
		b = append(b, path[i][:]...)
	}
	return b
}
