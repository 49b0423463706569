package abci

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types"
)

// poolStart is when the tests begin, poolLife how long their transactions live.
const (
	poolStart = int64(1_800_000_000_000)
	poolLife  = int64(types.MaxLife)
)

// poolUnsigned encodes a transaction with the given signature bytes, which only
// poolWorld.verify accepts; n tells transactions apart, bodies and signature give size.
func poolUnsigned(member string, n, bodies int, expires int64, signature []byte) []byte {
	s := types.Signed{
		Transaction: types.Transaction{Chain: "test", Member: member, Kind: "RetireKey", Expires: expires, OnError: types.OnErrorRollback},
		Signatures:  []types.Bytes{signature},
	}
	for i := range bodies {
		b := &types.RetireKey{Key: types.Address{0: 1}}
		binary.BigEndian.PutUint64(b.Key[4:], uint64(n))
		binary.BigEndian.PutUint64(b.Key[12:], uint64(i))
		s.Transaction.Bodies = append(s.Transaction.Bodies, b)
	}
	raw, err := s.Encode()
	if err != nil {
		panic(err)
	}
	return raw
}

// poolPlain is a typical transaction; poolSized has about so many bytes.
func poolPlain(member string, n int) []byte {
	return poolUnsigned(member, n, 1, poolStart+poolLife, []byte("good"))
}

func poolSized(member string, n, bytes int) []byte {
	return poolUnsigned(member, n, 1, poolStart+poolLife, append([]byte("good"), make([]byte, bytes)...))
}

func poolBad(member string, n int) []byte {
	return poolUnsigned(member, n, 1, poolStart+poolLife, []byte("bad"))
}

// poolWorld stands for the chain around a pool: a clock, a cheap verification that
// counts its calls, and a state that can refuse.
type poolWorld struct {
	now      atomic.Int64
	verified atomic.Int64
	before   func(raw []byte) // called by verify, if set

	mu      sync.Mutex
	refusal map[types.Hash]error // what admit and keep answer
}

func (w *poolWorld) verify(raw []byte) (*types.Verified, error) {
	w.verified.Add(1)
	if w.before != nil {
		w.before(raw)
	}
	return poolVerify(raw)
}

// poolVerify decodes and takes a hash of the content as digest; a signature that
// begins with "bad" is bad.
func poolVerify(raw []byte) (*types.Verified, error) {
	s, err := types.DecodeSigned(raw)
	if err != nil {
		return nil, err
	}
	if s.Signatures[0][0] == 'b' {
		return nil, types.Refuse(types.BadSignature, "signatures[0]", "bad")
	}
	content, err := types.Encode(&s.Transaction)
	if err != nil {
		return nil, err
	}
	return &types.Verified{Signed: s, Raw: raw, Digest: sha256.Sum256(content)}, nil
}

func poolDigest(raw []byte) types.Hash {
	v, err := poolVerify(raw)
	if err != nil {
		panic(err)
	}
	return v.Digest
}

func (w *poolWorld) admit(v *types.Verified) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refusal[v.Digest]
}

func (w *poolWorld) refuse(raw []byte, code types.Code) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.refusal, poolDigest(raw))
	if code != types.OK {
		w.refusal[poolDigest(raw)] = types.Refuse(code, "", "as the test says")
	}
}

// poolOpen starts a pool that ends with the test, and leaves no goroutine behind.
func poolOpen(t testing.TB, cfg PoolConfig) (*Pool, *poolWorld) {
	t.Helper()
	if t, ok := t.(*testing.T); ok {
		leaks := goleak.IgnoreCurrent()
		t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
	}
	p, w := poolMake(cfg)
	t.Cleanup(p.Close)
	return p, w
}

func poolMake(cfg PoolConfig) (*Pool, *poolWorld) {
	w := &poolWorld{refusal: map[types.Hash]error{}}
	w.now.Store(poolStart)
	cfg.Now = w.now.Load
	return NewPool(cfg, w.verify, w.admit), w
}

// poolSettle waits until everything gossiped has been dealt with.
func poolSettle(t interface{ Fatal(...any) }, p *Pool) {
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		p.inbound.mu.Lock()
		waiting := p.inbound.waiting.txs
		p.inbound.mu.Unlock()
		if waiting == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("gossiped transactions are still waiting")
		}
	}
}

func poolSubmit(t testing.TB, p *Pool, raws ...[]byte) {
	t.Helper()
	for i, raw := range raws {
		if _, err := p.Submit(raw); err != nil {
			t.Fatalf("submit transaction %d: %v", i, err)
		}
	}
}

func poolInsert(t testing.TB, p *Pool, raws ...[]byte) {
	t.Helper()
	for i, raw := range raws {
		if code := p.Insert(raw); code != types.OK {
			t.Fatalf("insert transaction %d: %s", i, code)
		}
	}
	poolSettle(t, p)
}

func poolKeep(*types.Verified) error { return nil }

// poolBlock proposes a block and commits it.
func poolBlock(p *Pool, w *poolWorld, maxBytes, maxTxs int) [][]byte {
	raws := p.Propose(maxBytes, maxTxs, poolKeep)
	p.Committed(w.now.Load(), poolDigests(raws))
	return raws
}

func poolDigests(raws [][]byte) []types.Hash {
	digests := make([]types.Hash, len(raws))
	for i, raw := range raws {
		digests[i] = poolDigest(raw)
	}
	return digests
}

func poolCode(err error) types.Code {
	code, ok := types.CodeOf(err)
	if !ok {
		panic(fmt.Sprintf("not a refusal: %v", err))
	}
	return code
}

// poolCheck checks that the pool's books agree with each other.
func poolCheck(t interface{ Fatalf(string, ...any) }, p *Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lanes, turns, scheduled int
	var held poolSize
	for member, l := range p.lanes {
		lanes++
		var own poolSize
		for e := l.txs.Front(); e != nil; e = e.Next() {
			own = own.plus(len(e.Value.(*poolTx).Raw))
		}
		if own != l.held || own.txs == 0 || l.member != member {
			t.Fatalf("lane %s says it holds %v and holds %v", member, l.held, own)
		}
		held.txs, held.bytes = held.txs+own.txs, held.bytes+own.bytes
	}
	for i := range p.turns {
		turns += p.turns[i].Len()
	}
	for _, l := range append([]*list.List{&p.gossip.fresh}, poolLists(p)...) {
		scheduled += l.Len()
	}
	p.verdicts.mu.Lock()
	defer p.verdicts.mu.Unlock()
	if held != p.held || turns != lanes || held.txs != len(p.txs) || held.txs != len(p.expiries) || held.txs != scheduled || held.txs != len(p.verdicts.pinned) {
		t.Fatalf("held %v of %v, %d lanes in %d turns, %d digests, %d expiries, %d to gossip, %d verdicts",
			held, p.held, lanes, turns, len(p.txs), len(p.expiries), scheduled, len(p.verdicts.pinned))
	}
	if !held.within(poolSize{p.cfg.MaxTxs, p.cfg.MaxBytes}) {
		t.Fatalf("holds %v, more than it may", held)
	}
}

func poolLists(p *Pool) (lists []*list.List) {
	for i := range p.gossip.repeats {
		lists = append(lists, &p.gossip.repeats[i])
	}
	return lists
}

func TestPoolBounds(t *testing.T) {
	size := len(poolPlain("m00", 0))
	for _, tt := range []struct {
		name    string
		cfg     PoolConfig
		members int
		want    int // transactions accepted of 100 that the members send in turns
	}{
		{"one lane, by default a quarter", PoolConfig{MaxTxs: 40}, 1, 10},
		{"one lane, transactions", PoolConfig{LaneTxs: 7}, 1, 7},
		{"one lane, bytes", PoolConfig{LaneBytes: 5*size + 1}, 1, 5},
		{"one lane, by default a quarter of the bytes", PoolConfig{MaxBytes: 16 * size}, 1, 4},
		{"two lanes", PoolConfig{MaxTxs: 40}, 2, 20},
		{"the whole pool, transactions", PoolConfig{MaxTxs: 60}, 100, 60},
		{"the whole pool, bytes", PoolConfig{MaxBytes: 30*size + size/2, LaneBytes: 1 << 20}, 100, 30},
		{"one lane with a large bound leaves half", PoolConfig{MaxTxs: 40, LaneTxs: 40}, 1, 20},
		{"nine floods leave a tenth", PoolConfig{MaxTxs: 50, LaneTxs: 50}, 9, 45},
		{"room for all", PoolConfig{}, 3, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, _ := poolOpen(t, tt.cfg)
			accepted := 0
			for i := range 100 {
				raw := poolPlain(fmt.Sprintf("m%02d", i%tt.members), i)
				_, err := p.Submit(raw)
				if err == nil {
					accepted++
				} else if poolCode(err) != types.Busy {
					t.Fatalf("transaction %d: %v, want BUSY", i, err)
				}
				if p.Has(poolDigest(raw)) != (err == nil) {
					t.Fatalf("transaction %d: answered %v, in the pool: %v", i, err, err != nil)
				}
			}
			if accepted != tt.want {
				t.Errorf("accepted %d, want %d", accepted, tt.want)
			}
			poolCheck(t, p)
		})
	}
}

func TestPoolBusyIsCheap(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{MaxTxs: 8})
	poolSubmit(t, p, poolPlain("acme", 1), poolPlain("acme", 2))
	before := w.verified.Load()
	_, err := p.Submit(poolPlain("acme", 3))
	if poolCode(err) != types.Busy {
		t.Errorf("submit beyond the lane: %v, want BUSY", err)
	}
	if code := p.Insert(poolPlain("acme", 4)); code != types.Busy {
		t.Errorf("insert beyond the lane: %s, want BUSY", code)
	}
	if got := w.verified.Load() - before; got != 0 {
		t.Errorf("%d verifications for a full lane, want 0", got)
	}
	if got := p.RetryAfter(); got != time.Second {
		t.Errorf("retry after %v, want 1s", got)
	}
	w.now.Add(90_000)
	if got := p.RetryAfter(); got != 30*time.Second {
		t.Errorf("retry after %v when no block came for 90 s, want 30s", got)
	}
}

func TestPoolSubmitTwice(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{MaxTxs: 4})
	raw := poolPlain("acme", 1)
	for range 3 {
		poolSubmit(t, p, raw) // the lane is full after the first
	}
	poolInsert(t, p, slices.Clone(raw))
	if got := w.verified.Load(); got != 1 {
		t.Errorf("verified %d times, want once", got)
	}
	if got := p.Status(); got != (types.PoolStatus{Transactions: 1, Bytes: len(raw), Lanes: 1, Capacity: 4}) {
		t.Errorf("status %+v", got)
	}
}

func TestPoolOtherSignature(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{})
	one := poolPlain("acme", 1)
	two := poolUnsigned("acme", 1, 1, poolStart+poolLife, []byte("good too"))
	if _, known := p.Verdict(two); known {
		t.Error("a verdict before any verification")
	}
	poolSubmit(t, p, one)
	if _, known := p.Verdict(two); known {
		t.Error("a verdict on signature bytes that nobody verified")
	}
	poolSubmit(t, p, two, two)
	v, known := p.Verdict(two)
	if !known || string(v.Raw) != string(two) {
		t.Errorf("verdict on the second bytes: %v, %v", v, known)
	}
	if got := w.verified.Load(); got != 2 {
		t.Errorf("verified %d times, want once for each", got)
	}
	if got := p.Status().Transactions; got != 1 {
		t.Errorf("%d transactions, want one", got)
	}
	poolCheck(t, p)
}

// Two copies of a transaction that differ in their signature bytes meet in the pool.
func TestPoolSubmitAtOnce(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{Workers: 2})
	two := poolUnsigned("acme", 1, 1, poolStart+poolLife, []byte("good too"))
	w.before = func(raw []byte) {
		if string(raw) != string(two) {
			poolSubmit(t, p, two)
		}
	}
	poolSubmit(t, p, poolPlain("acme", 1))
	if got := p.Propose(1<<20, 0, poolKeep); len(got) != 1 || string(got[0]) != string(two) {
		t.Errorf("proposed %d transactions, want the first that came in", len(got))
	}
	poolCheck(t, p)
}

// A proposal brings what still waits for a worker.
func TestPoolQueueLooksAgain(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{Workers: 1})
	first, second := poolPlain("acme", 1), poolPlain("acme", 2)
	gate := make(chan struct{})
	w.before = func(raw []byte) {
		if string(raw) == string(first) {
			<-gate
		}
	}
	p.Insert(first)
	p.Insert(second)
	p.VerifyAll([][]byte{second})
	close(gate)
	poolSettle(t, p)
	if got := w.verified.Load(); got != 2 || p.Status().Transactions != 2 {
		t.Errorf("verified %d times, %d transactions came in; want 2 and 2", got, p.Status().Transactions)
	}
}

func TestPoolRefusalIsRemembered(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{})
	bad := poolBad("acme", 1)
	for range 3 {
		if _, err := p.Submit(bad); poolCode(err) != types.BadSignature {
			t.Errorf("submit: %v, want BAD_SIGNATURE", err)
		}
		poolInsert(t, p, bad)
	}
	if got := w.verified.Load(); got != 1 {
		t.Errorf("verified %d times, want once", got)
	}
	// What the state refuses can be right after the next block.
	raw := poolPlain("acme", 2)
	w.refuse(raw, types.KeyUnknown)
	if _, err := p.Submit(raw); poolCode(err) != types.KeyUnknown {
		t.Errorf("submit: %v, want KEY_UNKNOWN", err)
	}
	w.refuse(raw, types.OK)
	poolSubmit(t, p, raw)
	if got := w.verified.Load(); got != 2 {
		t.Errorf("verified %d times, want once for each", got)
	}
	if code := p.Insert(make([]byte, types.MaxTxBytes+1)); code != types.TooLarge {
		t.Errorf("insert of too many bytes: %s", code)
	}
}

// A flood by one member, ten times what the pool holds, on both ways in.
func TestPoolFlood(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{MaxTxs: 400, Queue: 64})
	for i := range 4000 {
		p.Submit(poolPlain("flooder", i))
		p.Insert(poolPlain("flooder", 10_000+i))
		if i%40 != 0 {
			continue
		}
		quiet := poolPlain("quiet", i)
		if i%80 == 0 {
			poolSubmit(t, p, quiet)
		} else {
			poolInsert(t, p, quiet)
		}
		block := poolBlock(p, w, 20_000, 50)
		if !slices.ContainsFunc(block, func(raw []byte) bool { return string(raw) == string(quiet) }) {
			t.Fatalf("transaction %d of the quiet member is not in a block of %d", i, len(block))
		}
	}
	poolSettle(t, p)
	poolCheck(t, p)
}

// Members whose floods fill the queue while the workers stand still.
func TestPoolQueueIsShared(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{Workers: 2, Queue: 64})
	gate := make(chan struct{})
	w.before = func([]byte) { <-gate }
	taken := map[string]int{}
	for i := range 640 {
		member := []string{"flooder-a", "flooder-b"}[i%2]
		if p.Insert(poolPlain(member, i)) == types.OK {
			taken[member]++
		}
	}
	if taken["flooder-a"] > 32 || taken["flooder-a"]+taken["flooder-b"] > 48 {
		t.Errorf("the floods took %v of 64 places", taken)
	}
	for i := range 8 {
		if code := p.Insert(poolPlain("quiet", i)); code != types.OK {
			t.Errorf("transaction %d of the quiet member: %s", i, code)
		}
	}
	close(gate)
	poolSettle(t, p)
	if got, want := p.Status().Transactions, taken["flooder-a"]+taken["flooder-b"]+8; got != want {
		t.Errorf("%d transactions came in, want %d", got, want)
	}
}

func TestPoolQueueBytes(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{Workers: 1})
	gate := make(chan struct{})
	w.before = func([]byte) { <-gate }
	taken := 0
	for i := range 64 {
		raw := poolSized(fmt.Sprintf("member-%d", i), i, 1<<20-300)
		if p.Insert(raw) == types.OK {
			taken += len(raw)
		}
	}
	close(gate)
	poolSettle(t, p)
	if taken > poolInboundBytes || taken < poolInboundBytes*3/4 {
		t.Errorf("%d bytes waited, bound %d", taken, poolInboundBytes)
	}
}

// The workers finish each four transactions in reverse order.
func TestPoolKeepsOrder(t *testing.T) {
	const workers, n = 4, 400
	p, w := poolOpen(t, PoolConfig{Workers: workers})
	index, gates := map[string]int{}, make([]chan struct{}, n)
	raws := make([][]byte, n)
	for i := range n {
		raws[i] = poolPlain([]string{"acme", "bolt", "coop"}[i%3], i)
		index[string(raws[i])], gates[i] = i, make(chan struct{})
	}
	w.before = func(raw []byte) {
		i := index[string(raw)]
		if i%workers != workers-1 {
			<-gates[i+1]
		}
		close(gates[i])
	}
	poolInsert(t, p, raws...)
	last := map[string]int{}
	for _, raw := range p.Propose(1<<20, 0, poolKeep) {
		member, i := poolPeek(raw), index[string(raw)]
		if before, ok := last[member]; ok && i < before {
			t.Fatalf("%s: transaction %d after %d", member, i, before)
		}
		last[member] = i
	}
	if len(last) != 3 {
		t.Errorf("proposed %v", last)
	}
}

func TestPoolCommittedFreesLanes(t *testing.T) {
	p, _ := poolOpen(t, PoolConfig{MaxTxs: 8})
	a, b, other := poolPlain("acme", 1), poolPlain("acme", 2), poolPlain("bolt", 3)
	poolSubmit(t, p, a, b, other)
	p.Committed(poolStart, append(poolDigests([][]byte{a, b}), types.Hash{1}))
	if p.Has(poolDigest(a)) || p.Has(poolDigest(b)) || !p.Has(poolDigest(other)) {
		t.Error("the pool holds the committed or dropped the other")
	}
	if got := p.Status(); got.Transactions != 1 || got.Lanes != 1 || got.Bytes != len(other) {
		t.Errorf("status %+v, want the other alone", got)
	}
	if _, known := p.Verdict(a); !known {
		t.Error("the verdict was forgotten at once: what gossip brings late would be verified again")
	}
	poolSubmit(t, p, poolPlain("acme", 4), poolPlain("acme", 5))
	poolCheck(t, p)
}

func TestPoolExpiry(t *testing.T) {
	p, _ := poolOpen(t, PoolConfig{})
	var raws [][]byte
	for i, life := range []int64{3000, 1000, 2000, 1000, 2001} {
		raws = append(raws, poolUnsigned("acme", i, 1, poolStart+life, []byte("good")))
	}
	poolSubmit(t, p, raws...)
	p.Committed(poolStart+2000, nil)
	for i, want := range []bool{true, false, true, false, true} {
		if got := p.Has(poolDigest(raws[i])); got != want {
			t.Errorf("transaction %d still there: %v, want %v", i, got, want)
		}
	}
	p.Committed(poolStart+5000, nil)
	if got := p.Status(); got.Transactions != 0 || got.Lanes != 0 || got.Bytes != 0 {
		t.Errorf("status %+v, want empty", got)
	}
	poolCheck(t, p)
}

// A block that holds the transaction commits between its admission and its insertion.
func TestPoolCommitDuringAdmission(t *testing.T) {
	raw := poolPlain("acme", 1)
	var p *Pool
	asked := 0
	p = NewPool(PoolConfig{}, poolVerify, func(v *types.Verified) error {
		if asked++; asked > 1 {
			return types.Refuse(types.Replayed, "", "executed before")
		}
		p.Committed(poolStart, []types.Hash{v.Digest})
		return nil
	})
	defer p.Close()
	if _, err := p.Submit(raw); poolCode(err) != types.Replayed || p.Has(poolDigest(raw)) {
		t.Errorf("submit: %v, want REPLAYED", err)
	}
}

// A peer that is a block ahead sends what this node's state does not admit yet.
func TestPoolParks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		code   types.Code
		blocks int // until the state admits it
		want   bool
	}{
		{"a key of the next block", types.KeyUnknown, 1, true},
		{"a key of the block after", types.KeyUnknown, 2, true},
		{"a key that comes too late", types.KeyUnknown, 4, false},
		{"a clock that runs ahead", types.ExpiresTooLate, 1, true},
		{"executed before", types.Replayed, 1, false},
		{"expired", types.TxExpired, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, w := poolOpen(t, PoolConfig{})
			raw := poolPlain("acme", 1)
			w.refuse(raw, tt.code)
			poolInsert(t, p, raw)
			for i := range tt.blocks {
				if i == tt.blocks-1 {
					w.refuse(raw, types.OK)
				}
				p.Committed(poolStart, nil)
				poolSettle(t, p)
			}
			if got := p.Has(poolDigest(raw)); got != tt.want {
				t.Errorf("in the pool: %v, want %v", got, tt.want)
			}
			if got := w.verified.Load(); got != 1 {
				t.Errorf("verified %d times", got)
			}
		})
	}
}

func TestPoolParkIsBounded(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{})
	for i := range 2 * poolParkedTxs {
		raw := poolPlain("stranger", i)
		w.refuse(raw, types.MemberUnknown)
		poolInsert(t, p, raw)
	}
	p.inbound.mu.Lock()
	got := len(p.inbound.parked)
	p.inbound.mu.Unlock()
	if got != poolParkedTxs {
		t.Errorf("%d parked, want %d", got, poolParkedTxs)
	}
}

func TestPoolSubmitWaitsAreBounded(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{Workers: 1})
	gate := make(chan struct{})
	w.before = func([]byte) { <-gate }
	var wg sync.WaitGroup
	var busy, accepted atomic.Int64
	release := sync.OnceFunc(func() { close(gate) })
	for i := range poolWaiting + 1 + 50 {
		wg.Go(func() {
			_, err := p.Submit(poolPlain("acme", i))
			if err == nil {
				accepted.Add(1)
			} else if poolCode(err) == types.Busy && busy.Add(1) == 50 {
				release() // all others wait
			}
		})
	}
	wg.Wait()
	if busy.Load() != 50 || accepted.Load() != poolWaiting+1 {
		t.Errorf("%d busy, %d accepted, want 50 and %d", busy.Load(), accepted.Load(), poolWaiting+1)
	}
}

func TestPoolClose(t *testing.T) {
	p, _ := poolOpen(t, PoolConfig{Workers: 3})
	for i := range 1000 {
		p.Insert(poolPlain("acme", i))
	}
	p.Close()
	p.Close()
	p.Committed(poolStart, nil)
	if code := p.Insert(poolPlain("bolt", 1)); code != types.Busy {
		t.Errorf("insert after close: %s, want BUSY", code)
	}
}

func TestPoolPeek(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		member := rapid.StringMatching(`[a-z][a-z0-9-]{1,31}`).Draw(t, "member")
		raw := poolUnsigned(member, 1, rapid.IntRange(1, 20).Draw(t, "bodies"), poolStart, []byte("good"))
		if got := poolPeek(raw); got != member {
			t.Fatalf("peeked %q, want %q", got, member)
		}
		cut := raw[:rapid.IntRange(0, len(raw)-1).Draw(t, "cut")]
		if got := poolPeek(cut); got != "" {
			t.Fatalf("peeked %q from %d of %d bytes", got, len(cut), len(raw))
		}
	})
}

// poolModel is the plain model of what a pool promises: what it accepted is there
// until it is committed or expires.
type poolModel struct {
	p       *Pool
	w       *poolWorld
	n       int
	pending map[types.Hash]int64 // accepted, not committed: when it expires
	raws    map[types.Hash][]byte
	done    map[types.Hash]bool
}

func (m *poolModel) draw(t *rapid.T) []byte {
	if len(m.raws) > 0 && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
		return m.raws[rapid.SampledFrom(poolSorted(m.raws)).Draw(t, "which")]
	}
	m.n++
	member := rapid.SampledFrom([]string{"acme", "bolt", "coop", "dale", "elm"}).Draw(t, "member")
	signature := append([]byte("good"), make([]byte, rapid.SampledFrom([]int{0, 0, 0, 100, 3000}).Draw(t, "size"))...)
	return poolUnsigned(member, m.n, 1, m.w.now.Load()+rapid.Int64Range(1, 5000).Draw(t, "life"), signature)
}

func poolSorted(raws map[types.Hash][]byte) []types.Hash {
	digests := make([]types.Hash, 0, len(raws))
	for d := range raws {
		digests = append(digests, d)
	}
	slices.SortFunc(digests, func(a, b types.Hash) int { return slices.Compare(a[:], b[:]) })
	return digests
}

func (m *poolModel) accept(raw []byte) {
	v, _ := poolVerify(raw)
	m.raws[v.Digest] = raw
	if _, have := m.pending[v.Digest]; !have {
		m.pending[v.Digest] = v.Transaction.Expires
	}
}

func (m *poolModel) submit(t *rapid.T) {
	raw := m.draw(t)
	_, have := m.pending[poolDigest(raw)]
	_, err := m.p.Submit(raw)
	switch {
	case err == nil:
		m.accept(raw)
	case have:
		t.Fatalf("submitted again: %v", err)
	case poolCode(err) != types.Busy && !m.done[poolDigest(raw)]:
		t.Fatalf("submit: %v", err)
	}
}

func (m *poolModel) gossip(t *rapid.T) {
	raw := m.draw(t)
	code := m.p.Insert(raw)
	poolSettle(t, m.p)
	if d := poolDigest(raw); code == types.OK && !m.done[d] {
		m.accept(raw)
	}
}

func (m *poolModel) block(t *rapid.T) {
	raws := m.p.Propose(rapid.IntRange(0, 10_000).Draw(t, "bytes"), rapid.IntRange(1, 10).Draw(t, "txs"), m.w.admit)
	for _, raw := range raws {
		d := poolDigest(raw)
		if _, have := m.pending[d]; !have {
			t.Fatalf("proposed what was not pending")
		}
		if rapid.IntRange(0, 3).Draw(t, "committed") > 0 {
			m.done[d] = true
			m.w.refuse(raw, types.Replayed)
			delete(m.pending, d)
		}
	}
	m.w.now.Add(rapid.Int64Range(1, 1000).Draw(t, "ms"))
	now := m.w.now.Load()
	for d, expires := range m.pending {
		if expires < now {
			m.done[d] = true
			m.w.refuse(m.raws[d], types.TxExpired)
			delete(m.pending, d)
		}
	}
	committed := []types.Hash{}
	for d := range m.done {
		committed = append(committed, d)
	}
	m.p.Committed(now, committed)
	poolSettle(t, m.p)
}

func (m *poolModel) reap(t *rapid.T) {
	for _, raw := range m.p.Reap(rapid.IntRange(0, 5000).Draw(t, "bytes")) {
		if _, have := m.pending[poolDigest(raw)]; !have {
			t.Fatalf("gossips what is not pending")
		}
	}
}

func (m *poolModel) check(t *rapid.T) {
	poolCheck(t, m.p)
	for d := range m.pending {
		if !m.p.Has(d) {
			t.Fatalf("lost %s", d)
		}
	}
	if got := m.p.Status().Transactions; got != len(m.pending) {
		t.Fatalf("holds %d transactions, %d were accepted", got, len(m.pending))
	}
}

func TestPoolLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, w := poolMake(PoolConfig{MaxTxs: 24, MaxBytes: 16_000, Workers: 2})
		defer p.Close()
		m := &poolModel{p: p, w: w, pending: map[types.Hash]int64{}, raws: map[types.Hash][]byte{}, done: map[types.Hash]bool{}}
		t.Repeat(map[string]func(*rapid.T){"": m.check, "submit": m.submit, "gossip": m.gossip, "block": m.block, "reap": m.reap})
	})
}

// Everything at once, for the race detector; then the books must agree.
func TestPoolAtOnce(t *testing.T) {
	p, w := poolOpen(t, PoolConfig{MaxTxs: 300, Workers: 2})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			for range 300 {
				raw := poolPlain([]string{"acme", "bolt", "coop"}[r.IntN(3)], r.IntN(600))
				switch r.IntN(8) {
				case 0:
					poolBlock(p, w, 5000, 20)
				case 1:
					p.Reap(0)
					w.now.Add(100)
				case 2:
					p.VerifyAll([][]byte{raw, poolBad("acme", r.IntN(600))})
				case 3, 4:
					p.Insert(raw)
				default:
					p.Submit(raw)
				}
			}
		})
	}
	wg.Wait()
	poolSettle(t, p)
	poolCheck(t, p)
}

// poolReal is a signed transaction that types.Domain verifies.
func poolReal(t testing.TB, d types.Domain, member string, n int) []byte {
	t.Helper()
	key, err := crypto.ToECDSA(slices.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := types.Signed{Transaction: types.Transaction{
		Chain: d.Chain, Member: member, Kind: "RetireKey", Expires: poolStart + poolLife, OnError: types.OnErrorRollback,
		Bodies: []types.Body{&types.RetireKey{Key: types.Address{1, byte(n >> 8), byte(n)}}},
	}}
	digest, err := d.Digest(&s.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := types.Sign(digest, key)
	if err != nil {
		t.Fatal(err)
	}
	s.Signatures = []types.Bytes{signature}
	raw, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The pool with real signatures: from one node's gateway to another node's block.
func TestPoolWithSignatures(t *testing.T) {
	d := types.NewDomain("test", types.Hash{1})
	admit := func(*types.Verified) error { return nil }
	ours, theirs := NewPool(PoolConfig{}, d.Verify, admit), NewPool(PoolConfig{}, d.Verify, admit)
	defer ours.Close()
	defer theirs.Close()
	for i := range 50 {
		poolSubmit(t, ours, poolReal(t, d, "acme", i))
	}
	gossiped := ours.Reap(0)
	poolInsert(t, theirs, gossiped...)
	block := theirs.Propose(1<<20, 0, poolKeep)
	if len(block) != 50 {
		t.Fatalf("a block of %d, want 50", len(block))
	}
	var digests []types.Hash
	txs, errs := ours.VerifyAll(block)
	for i := range txs {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		digests = append(digests, txs[i].Digest)
	}
	ours.Committed(poolStart, digests)
	if got := ours.Status().Transactions; got != 0 {
		t.Errorf("%d transactions left", got)
	}
}
