package node

import (
	"context"
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
