package node

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/cometbft/cometbft/p2p"
)

// dialPause is between two attempts to connect to a peer, and up to twice as much, so that two nodes that dial each other do not
// do so in step.
const dialPause = 500 * time.Millisecond

// dialPeers keeps the connections to the peers of the configuration. CometBFT itself, with "persistent peers", dials at once
// after each connection that is closed: where a node is not admitted, or its old connection not given up yet, that is hundreds of
// handshakes and lines a second. Where nobody answers it dials for two minutes, then waits up to sixteen hours, then gives up.
func (n *Node) dialPeers(ctx context.Context) {
	peers, _ := n.cfg.P2P.others(n.id)
	for _, peer := range peers {
		go func() {
			for ctx.Err() == nil {
				n.dial(peer)
				select {
				case <-ctx.Done():
				case <-time.After(dialPause + rand.N(dialPause)):
				}
			}
		}()
	}
}

// dial connects to a peer that is not connected. The name is looked up each time, because
// the machine behind it may have moved.
func (n *Node) dial(peer string) {
	id, _, _ := strings.Cut(peer, "@")
	sw := n.comet.Switch()
	if sw.Peers().Has(p2p.ID(id)) {
		return
	}
	addr, err := p2p.NewNetAddressString(peer)
	if err != nil {
		n.log.Debug("look up a peer", "peer", peer, "error", err)
		return
	}
	if err := sw.DialPeerWithAddress(addr); err != nil {
		n.log.Debug("dial a peer", "peer", peer, "error", err)
	}
}
