package node

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/caryaledger/carya/node/gateway"
)

// serveTimeout is how long requests in progress may take when the node stops. Those that
// wait for a block, and streams of blocks, end at once: their context is the node's.
const serveTimeout = 5 * time.Second

// openGateway builds the HTTP interface; nobody is answered before serve.
func (n *Node) openGateway() error {
	o := gateway.Options{
		Logger: n.log, Registry: n.registry,
		MaxAge:    max(30*time.Second, 10*n.cfg.Consensus.TimeoutCommit),
		CEB:       gateway.CEB{Unsigned: n.cfg.CEB.Unsigned, Trust: n.trust.read},
		VaultGate: n.vaultGate,
		Mount:     n.epcis.Mount,
	}
	if n.vault != nil {
		o.Vault = n.vault
	}
	n.api = &http.Server{
		Handler:           gateway.New(n, o),
		BaseContext:       func(net.Listener) context.Context { return n.run },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	return nil
}

// serve answers requests from now on.
func (n *Node) serve() {
	n.tasks.Go(func() {
		if err := n.api.Serve(n.listener); !errors.Is(err, http.ErrServerClosed) {
			n.fail(err)
		}
	})
}

// stopServing lets requests in progress end.
func (n *Node) stopServing() {
	if n.api == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), serveTimeout)
	defer cancel()
	if err := n.api.Shutdown(ctx); err != nil {
		n.api.Close()
	}
}

// Gateway is the address where the gateway listens.
func (n *Node) Gateway() net.Addr { return n.listener.Addr() }
