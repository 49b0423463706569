package node

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cometbft/cometbft/p2p"
)

// redialEvery is how often peers that are not connected are dialled. CometBFT itself does
// so for two minutes, then waits up to sixteen hours, then gives up (without the exchange
// of peer addresses, which is off): a network would not come together again after a cut.
const redialEvery = 10 * time.Second

// redial keeps the connections to the peers of the configuration.
func (n *Node) redial(ctx context.Context) {
	peers, _ := n.cfg.P2P.others(n.id)
	if len(peers) == 0 {
		return
	}
	every(ctx, redialEvery, func() {
		for _, peer := range peers {
			if ctx.Err() != nil {
				return
			}
			n.dial(peer)
		}
	})
}

// dial connects to a peer that is not connected. The name is looked up each time, because
// the machine behind it may have moved.
func (n *Node) dial(peer string) {
	addr, err := p2p.NewNetAddressString(peer)
	if err != nil {
		n.log.Debug("look up a peer", "peer", peer, "error", err)
		return
	}
	sw := n.comet.Switch()
	if sw.IsDialingOrExistingAddress(addr) {
		return
	}
	if err := sw.DialPeerWithAddress(addr); err != nil {
		n.log.Debug("dial a peer", "peer", peer, "error", err)
	}
}

// hesitation is a reactor without messages. CometBFT dials a peer that it has lost again at once, and after each connection that succeeds anew:
// a node that the others do not admit, or whose old connection they have not given up yet, would connect hundreds of times a
// second, and write as many lines. CometBFT waits for its reactors before it dials.
type hesitation struct {
	*p2p.BaseReactor
}

func newHesitation() p2p.Reactor {
	h := &hesitation{}
	h.BaseReactor = p2p.NewBaseReactor("hesitation", h)
	return h
}

// RemovePeer waits about a second, unless it was this node that closed the connection. The two sides of a lost connection wait for
// different times, so that their dials do not cross.
func (h *hesitation) RemovePeer(_ p2p.Peer, reason any) {
	if reason == nil {
		return
	}
	select {
	case <-h.Quit():
	case <-time.After(500*time.Millisecond + rand.N(time.Second)):
	}
}
