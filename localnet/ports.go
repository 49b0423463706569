package localnet

import (
	"fmt"
	"net"
)

// Ports are where a node listens, all on 127.0.0.1.
type Ports struct {
	P2P int `json:"p2p"` // the other nodes
	RPC int `json:"rpc"` // CometBFT's own interface
	API int `json:"api"`
}

const (
	// portBlock is how many ports a network takes: for each kind of port as many as
	// there may be nodes, one kind after the other.
	portBlock = 100
	mostNodes = 20
	// DefaultBasePort is where the first network's ports begin. It gives the first
	// node's API the port that clients look for without --node.
	DefaultBasePort = 26600
	portTries       = 40
)

// portsAt returns the ports of the node with that index in the block at base.
func portsAt(base, node int) Ports {
	return Ports{P2P: base + node, RPC: base + mostNodes + node, API: base + 4*mostNodes + node}
}

func (p Ports) all() []int { return []int{p.P2P, p.RPC, p.API} }

// freePorts returns the first block at or after base of which no port is taken.
func freePorts(base, nodes int) (int, error) {
	if base < 1024 || base+portBlock > 65536 {
		return 0, fmt.Errorf("base port %d: must be 1024 to %d", base, 65536-portBlock)
	}
	for try := range portTries {
		at := base + try*portBlock
		if at+portBlock > 65536 {
			break
		}
		if blockFree(at, nodes) {
			return at, nil
		}
	}
	return 0, fmt.Errorf("no %d free ports from %d on", portBlock, base)
}

func blockFree(base, nodes int) bool {
	for i := range nodes {
		for _, p := range portsAt(base, i).all() {
			if !portFree(p) {
				return false
			}
		}
	}
	return true
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
