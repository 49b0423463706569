package abci

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types"
)

func TestPoolVerifyAll(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{})
	var raws [][]byte
	for i := range 300 {
		raws = append(raws, poolPlain("acme", i), poolBad("bolt", i), []byte{byte(i >> 8), byte(i)})
	}
	poolSubmit(t, p, raws[0], raws[3])
	for range 2 {
		txs, errs := p.VerifyAll(raws)
		for i, raw := range raws {
			v, err := poolVerify(raw)
			if (txs[i] == nil) != (v == nil) || v != nil && (txs[i].Digest != v.Digest || string(txs[i].Raw) != string(raw)) {
				t.Fatalf("transaction %d: %v, sequentially %v", i, txs[i], v)
			}
			if fmt.Sprint(errs[i]) != fmt.Sprint(err) || poolCode(errs[i]) != poolCode(err) {
				t.Fatalf("transaction %d: %v, sequentially %v", i, errs[i], err)
			}
		}
	}
	if got := w.verified.Load(); got != 900 {
		t.Errorf("verified %d times, want once each", got)
	}
	if txs, errs := p.VerifyAll(nil); len(txs)+len(errs) != 0 {
		t.Errorf("nothing verified to %v, %v", txs, errs)
	}
}

func TestPoolVerdictsAreBounded(t *testing.T) {
	s := newPoolVerdicts()
	pinned := &types.Verified{Raw: make([]byte, 100)}
	s.pin(verdictKey{1}, pinned)
	for i := range 100 {
		s.keep(sha256.Sum256([]byte{byte(i >> 8), byte(i)}), &types.Verified{Raw: make([]byte, 1<<20)})
	}
	if s.bytes > verdictsRecentBytes || s.recent.Len() != verdictsRecentBytes>>20 {
		t.Errorf("%d recent verdicts of %d bytes", s.recent.Len(), s.bytes)
	}
	for i := range 3 * verdictsRecent {
		key := sha256.Sum256(fmt.Append(nil, i))
		s.keep(key, &types.Verified{Raw: make([]byte, 10)})
		s.refuse(key, types.Refuse(types.Malformed, "", "%s", strings.Repeat("x", 1000)))
	}
	if s.recent.Len() != verdictsRecent || s.bytes != 10*verdictsRecent || s.refused.Len() != verdictsRefused {
		t.Errorf("%d recent verdicts of %d bytes, %d refused", s.recent.Len(), s.bytes, s.refused.Len())
	}
	if _, r, _ := s.refused.GetOldest(); len(r.Detail) != verdictDetail {
		t.Errorf("a detail of %d bytes is kept", len(r.Detail))
	}
	if got := s.get(verdictKey{1}); got.tx != pinned || !got.pooled {
		t.Error("the verdict of a transaction in the pool was dropped")
	}
	s.unpin(verdictKey{1})
	if got := s.get(verdictKey{1}); got.tx != pinned || got.pooled {
		t.Error("a transaction that left the pool is forgotten, or still counted as in it")
	}
}

func TestPoolVerdictsKeepNoFaults(t *testing.T) {
	s := newPoolVerdicts()
	s.refuse(verdictKey{1}, errors.New("disk full"))
	s.refuse(verdictKey{2}, types.Refuse(types.Busy, "", "later"))
	if s.refused.Len() != 0 {
		t.Error("a fault of the node was remembered as a transaction's")
	}
}
