package node

import (
	"context"
	"fmt"
	"time"

	"github.com/cometbft/cometbft/p2p"
	cmttypes "github.com/cometbft/cometbft/types"
)

// CometBFT's consensus, when it panics, logs it and ends its goroutine, while the process,
// its RPC and its connections live on: a validator that looks well and never votes again.
// The watchdog ends the node then, so that its supervisor starts it again.

// watchConsensus ends the node when the goroutine of consensus has ended before the node
// was told to stop. Wait returns only then; it never does when consensus never began.
func (n *Node) watchConsensus(ctx context.Context) {
	n.consensus.Wait()
	if ctx.Err() != nil {
		return
	}
	why := n.seen.why()
	if why == "" {
		why = "no reason was given"
	}
	n.fail(fmt.Errorf("consensus has stopped: %s", why))
}

// watchProgress ends the node when it stands still while most of its peers are ahead. A
// partitioned minority has no peers that are ahead, and a quiet network stands still as a
// whole, so neither ends a node; one peer that lies about its height does not either.
func (n *Node) watchProgress(ctx context.Context) {
	if n.cfg.Consensus.Stall == 0 {
		return
	}
	s := stall{limit: n.cfg.Consensus.Stall}
	every(ctx, time.Second, func() {
		if n.comet.ConsensusReactor().WaitSync() {
			s = stall{limit: s.limit} // a node that catches up may have to wait for its peers
			return
		}
		height := n.stores.BlockStore.Height()
		if s.observe(time.Now(), height, n.peerHeights()) {
			n.fail(fmt.Errorf("this node stands at block %d since %s while most of its peers are ahead", height, s.limit))
		}
	})
}

// stall decides when a node stands still alone.
type stall struct {
	limit  time.Duration
	height int64
	since  time.Time // the node is at height and most peers are ahead
}

// observe takes the node's height and its peers' and reports whether most peers have been
// ahead for as long as the limit while the node did not move. A peer is ahead when it
// works on a block two above the node's last: one above is what the node works on, too.
func (s *stall) observe(now time.Time, height int64, peers []int64) bool {
	ahead := 0
	for _, p := range peers {
		if p > height+1 {
			ahead++
		}
	}
	if 2*ahead <= len(peers) || height != s.height || s.since.IsZero() {
		s.height, s.since = height, now
		return false
	}
	return now.Sub(s.since) >= s.limit
}

// peerHeights are the heights that the peers say they work on.
func (n *Node) peerHeights() (heights []int64) {
	n.comet.Switch().Peers().ForEach(func(p p2p.Peer) {
		if s, ok := p.Get(cmttypes.PeerStateKey).(interface{ GetHeight() int64 }); ok {
			heights = append(heights, s.GetHeight())
		}
	})
	return heights
}

// every calls f at intervals until ctx ends.
func every(ctx context.Context, interval time.Duration, f func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f()
		}
	}
}
