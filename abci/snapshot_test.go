package abci_test

import (
	"bytes"
	"context"
	"testing"

	cmtabci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/abci"
	"github.com/caryaledger/carya/types"
)

// snapshotNetwork runs ten blocks with a snapshot of the tenth.
func snapshotNetwork(t *testing.T) (*network, [][]byte) {
	t.Helper()
	t.Cleanup(abci.SetChunkSize(700))
	n := newNetwork(t, 1, func(c *abci.Config) { c.SnapshotEvery = 10 })
	var sent [][]byte
	for range 10 {
		raw := n.sign("linan-coop", n.harvest())
		sent = append(sent, raw)
		n.block(raw)
	}
	n.peers[0].WaitSnapshot()
	return n, sent
}

func (n *network) offer(p *peer, s *cmtabci.Snapshot, appHash []byte) cmtabci.ResponseOfferSnapshot_Result {
	n.t.Helper()
	r, err := p.OfferSnapshot(context.Background(), &cmtabci.RequestOfferSnapshot{Snapshot: s, AppHash: appHash})
	if err != nil {
		n.t.Fatal(err)
	}
	return r.Result
}

// send applies all chunks, changed by change, and returns the last answer.
func (n *network) send(from, to *peer, s *cmtabci.Snapshot, change func(i uint32, chunk []byte) []byte) cmtabci.ResponseApplySnapshotChunk_Result {
	n.t.Helper()
	var last cmtabci.ResponseApplySnapshotChunk_Result
	for i := range s.Chunks {
		c, err := from.LoadSnapshotChunk(context.Background(), &cmtabci.RequestLoadSnapshotChunk{Height: s.Height, Format: s.Format, Chunk: i})
		if err != nil {
			n.t.Fatal(err)
		}
		r, err := to.ApplySnapshotChunk(context.Background(), &cmtabci.RequestApplySnapshotChunk{Index: i, Chunk: change(i, c.Chunk), Sender: "peer"})
		if err != nil {
			n.t.Fatal(err)
		}
		last = r.Result
		if last != cmtabci.ResponseApplySnapshotChunk_ACCEPT {
			return last
		}
	}
	return last
}

func honest(_ uint32, chunk []byte) []byte { return chunk }

func (n *network) snapshot(p *peer) *cmtabci.Snapshot {
	n.t.Helper()
	list, err := p.ListSnapshots(context.Background(), nil)
	if err != nil || len(list.Snapshots) == 0 {
		n.t.Fatalf("snapshots: %v, %v", list, err)
	}
	return list.Snapshots[0]
}

// TestJoinBySnapshot: a node that joins has the same state, serves the same proofs,
// refuses the same replays and goes on with the same app hashes.
func TestJoinBySnapshot(t *testing.T) {
	n, sent := snapshotNetwork(t)
	old := n.peers[0]
	s := n.snapshot(old)
	if s.Chunks < 3 {
		t.Fatalf("a snapshot of %d chunks tests little", s.Chunks)
	}
	appHash := old.store.Root()
	joiner := newPeer(t, n.g, n.clock, nil)
	if r := n.offer(joiner, s, appHash); r != cmtabci.ResponseOfferSnapshot_ACCEPT {
		t.Fatalf("offer: %v", r)
	}
	if r := n.send(old, joiner, s, honest); r != cmtabci.ResponseApplySnapshotChunk_ACCEPT {
		t.Fatalf("apply: %v", r)
	}
	if joiner.Last() != old.Last() {
		t.Errorf("the joiner stands at %+v, the network at %+v", joiner.Last(), old.Last())
	}
	for _, raw := range sent {
		if err := n.submit(joiner, raw); codeOf(err) != types.Replayed {
			t.Errorf("a replay at the joiner: %v", err)
		}
	}
	query := &cmtabci.RequestQuery{Data: []byte("lot/06901234000016.L000003"), Prove: true}
	a, errA := old.Query(context.Background(), query)
	b, errB := joiner.Query(context.Background(), query)
	if errA != nil || errB != nil || !bytes.Equal(a.Value, b.Value) || !bytes.Equal(a.ProofOps.Ops[0].Data, b.ProofOps.Ops[0].Data) {
		t.Errorf("the proofs differ: %v, %v", errA, errB)
	}
	n.peers = append(n.peers, joiner)
	r := n.block(sent[3], n.sign("linan-coop", n.harvest()))
	if types.Code(r[0].Code) != types.Replayed || r[1].Code != 0 {
		t.Errorf("after joining: %v, %v", r[0].Code, r[1].Code)
	}
	n.now += 3_600_000 // all digests expire; both drop the same leaves
	n.block()
	n.block()
}

func TestHostileSnapshots(t *testing.T) {
	n, _ := snapshotNetwork(t)
	old := n.peers[0]
	appHash := old.store.Root()
	good := n.snapshot(old)
	joiner := newPeer(t, n.g, n.clock, nil)
	for name, c := range map[string]struct {
		change  func(*cmtabci.Snapshot)
		appHash []byte
		want    cmtabci.ResponseOfferSnapshot_Result
	}{
		"unknown format":   {func(s *cmtabci.Snapshot) { s.Format = 9 }, appHash, cmtabci.ResponseOfferSnapshot_REJECT_FORMAT},
		"another app hash": {func(*cmtabci.Snapshot) {}, bytes.Repeat([]byte{1}, 32), cmtabci.ResponseOfferSnapshot_REJECT},
		"another hash":     {func(s *cmtabci.Snapshot) { s.Hash = bytes.Repeat([]byte{1}, 32) }, appHash, cmtabci.ResponseOfferSnapshot_REJECT},
		"another height":   {func(s *cmtabci.Snapshot) { s.Height++ }, appHash, cmtabci.ResponseOfferSnapshot_REJECT},
		"fewer chunks":     {func(s *cmtabci.Snapshot) { s.Chunks-- }, appHash, cmtabci.ResponseOfferSnapshot_REJECT},
		"no metadata":      {func(s *cmtabci.Snapshot) { s.Metadata = nil }, appHash, cmtabci.ResponseOfferSnapshot_REJECT},
	} {
		s := *good
		c.change(&s)
		if got := n.offer(joiner, &s, c.appHash); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	n.offer(joiner, good, appHash)
	flipped := func(i uint32, chunk []byte) []byte { return flip(chunk, 1) }
	if r := n.send(old, joiner, good, flipped); r != cmtabci.ResponseApplySnapshotChunk_RETRY {
		t.Errorf("a wrong chunk: %v", r)
	}
	n.offer(joiner, good, appHash)
	if r := n.send(old, joiner, good, honest); r != cmtabci.ResponseApplySnapshotChunk_ACCEPT {
		t.Errorf("the right one after all: %v", r)
	}
}

// TestSnapshotHidesDigests: a snapshot that leaves out executed digests, so that the
// joiner would execute them again, is refused as a whole and leaves an empty store.
func TestSnapshotHidesDigests(t *testing.T) {
	n, _ := snapshotNetwork(t)
	old := n.peers[0]
	forged, chunks := abci.ForgeWithoutDigests(t, old.App)
	joiner := newPeer(t, n.g, n.clock, nil)
	if r := n.offer(joiner, forged, old.store.Root()); r != cmtabci.ResponseOfferSnapshot_ACCEPT {
		t.Fatalf("offer: %v", r)
	}
	r := n.send(old, joiner, forged, func(i uint32, _ []byte) []byte { return chunks[i] })
	if r != cmtabci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT {
		t.Fatalf("apply: %v", r)
	}
	if joiner.store.Version() != 0 {
		t.Errorf("the refused snapshot left version %d", joiner.store.Version())
	}
	good := n.snapshot(old)
	n.offer(joiner, good, old.store.Root())
	if r := n.send(old, joiner, good, honest); r != cmtabci.ResponseApplySnapshotChunk_ACCEPT {
		t.Errorf("an honest snapshot after it: %v", r)
	}
	// Killed before CometBFT took note: the next start offers it again.
	n.offer(joiner, good, old.store.Root())
	if r := n.send(old, joiner, good, honest); r != cmtabci.ResponseApplySnapshotChunk_ACCEPT {
		t.Errorf("restored a second time: %v", r)
	}
}
