package abci

import (
	"crypto/sha256"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/caryaledger/carya/types"
)

// verdictKey names bytes that were verified: their SHA-256. It is not the digest: the
// same transaction with other signature bytes has to be verified again.
type verdictKey [sha256.Size]byte

// verdict is what verification said about bytes; the zero verdict is "not known".
type verdict struct {
	tx     *types.Verified
	err    error
	pooled bool // these very bytes are in the pool
}

const (
	// The verdicts of transactions that are not in the pool: those of proposals, from
	// ProcessProposal to FinalizeBlock, and of blocks, for what gossip brings late. They
	// must hold more than one block.
	verdictsRecent      = 6_000
	verdictsRecentBytes = 6 << 20

	// verdictsRefused bounds the memory of refused bytes, so that a bad transaction that
	// is sent over and over is verified once; verdictDetail the text that is kept of each.
	verdictsRefused = 8192
	verdictDetail   = 256
)

// poolVerdicts remembers verdicts, so that a node verifies a signature once.
type poolVerdicts struct {
	mu      sync.Mutex                     // guards all below
	pinned  map[verdictKey]*types.Verified // of the pool's transactions
	recent  *simplelru.LRU[verdictKey, *types.Verified]
	bytes   int // of raw transactions in recent
	refused *simplelru.LRU[verdictKey, *types.Refusal]
}

func newPoolVerdicts() *poolVerdicts {
	s := &poolVerdicts{pinned: map[verdictKey]*types.Verified{}}
	// NewLRU fails only for a size that is not positive.
	s.recent, _ = simplelru.NewLRU(verdictsRecent, func(_ verdictKey, v *types.Verified) { s.bytes -= len(v.Raw) })
	s.refused, _ = simplelru.NewLRU[verdictKey, *types.Refusal](verdictsRefused, nil)
	return s
}

func (s *poolVerdicts) get(key verdictKey) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.pinned[key]; ok {
		return verdict{tx: v, pooled: true}
	}
	if v, ok := s.recent.Get(key); ok {
		return verdict{tx: v}
	}
	if r, ok := s.refused.Get(key); ok {
		return verdict{err: r}
	}
	return verdict{}
}

// keep remembers a good verdict about bytes that are not in the pool.
func (s *poolVerdicts) keep(key verdictKey, v *types.Verified) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.pinned[key]; !ok {
		s.keepLocked(key, v)
	}
}

func (s *poolVerdicts) keepLocked(key verdictKey, v *types.Verified) {
	if s.recent.Contains(key) {
		return
	}
	s.bytes += len(v.Raw)
	s.recent.Add(key, v)
	for s.bytes > verdictsRecentBytes {
		s.recent.RemoveOldest()
	}
}

// pin keeps the verdict of a transaction as long as it is in the pool.
func (s *poolVerdicts) pin(key verdictKey, v *types.Verified) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.Remove(key)
	s.pinned[key] = v
}

// unpin lets the verdict of a transaction that has left the pool grow old.
func (s *poolVerdicts) unpin(key verdictKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.pinned[key]
	delete(s.pinned, key)
	s.keepLocked(key, v)
}

// refuse remembers a bad verdict. A fault, which is no refusal, says nothing about the
// bytes; a detail that quotes a sender at length is cut.
func (s *poolVerdicts) refuse(key verdictKey, err error) {
	r, ok := err.(*types.Refusal)
	if !ok || r.Code >= types.Retryable {
		return
	}
	short := *r
	short.Field = strings.Clone(r.Field[:min(len(r.Field), verdictDetail)])
	short.Detail = strings.ToValidUTF8(strings.Clone(r.Detail[:min(len(r.Detail), verdictDetail)]), "")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused.Add(key, &short)
}

// Verdict returns the transaction that these exact bytes were verified to be. It is
// false when they were not verified, were refused, or were forgotten since.
func (p *Pool) Verdict(raw []byte) (*types.Verified, bool) {
	v := p.verdicts.get(sha256.Sum256(raw)).tx
	return v, v != nil
}

// VerifyAll verifies the transactions of a block, those that are not known yet on up to
// GOMAXPROCS goroutines, and remembers the verdicts, so that FinalizeBlock does not
// repeat ProcessProposal's work. Transaction or error i is about raws[i].
func (p *Pool) VerifyAll(raws [][]byte) ([]*types.Verified, []error) {
	txs, errs := make([]*types.Verified, len(raws)), make([]error, len(raws))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(raws)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(raws)); i = next.Add(1) - 1 {
				txs[i], errs[i] = p.verdictOf(raws[i])
			}
		})
	}
	workers.Wait()
	return txs, errs
}

// verdictOf returns the verdict on bytes and verifies them if there is none.
func (p *Pool) verdictOf(raw []byte) (*types.Verified, error) {
	key := verdictKey(sha256.Sum256(raw))
	if known := p.verdicts.get(key); known.tx != nil || known.err != nil {
		return known.tx, known.err
	}
	v, err := p.verify(raw)
	if err != nil {
		p.verdicts.refuse(key, err)
		return nil, err
	}
	p.verdicts.keep(key, v)
	return v, nil
}
