package gateway

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/caryaledger/carya/types"
)

type nothing struct{}

type status struct{ Body types.Status }

func (g *gateway) statusRoute() {
	register(g, get("/v1/status", "status", "how the node is doing"), func(ctx context.Context, _ *nothing) (*status, error) {
		return &status{g.Status(ctx)}, nil
	})
}

func (g *gateway) genesisRoute() {
	g.plain(get("/v1/genesis", "genesis", "the chain's genesis.json"), mediaJSON,
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", mediaJSON)
			w.Write(g.Genesis())
		}))
}

type schema struct{ Body *types.Schema }

func (g *gateway) schemaRoute() {
	op := get("/v1/schema", "schema", "kinds of transactions with their EIP-712 types, families of records, codes")
	register(g, op, func(context.Context, *nothing) (*schema, error) {
		s, err := types.NewSchema()
		return &schema{s}, err
	})
}

// condition is what a load balancer or an alarm asks for.
type condition struct {
	Status string `json:"status" enum:"ok,failing"`
	Height int64  `json:"height"`
	Age    int64  `json:"age_s" doc:"seconds since the last block's time; -1 before the first"`
	Reason string `json:"reason" doc:"why it is failing, empty when it is not"`
}

type health struct {
	Status int
	Body   condition
}

func (g *gateway) healthRoute() {
	op := get("/health", "health", "whether the node keeps up")
	op.Description = "200 when it does, 503 when its last block is too old or it is still catching up."
	op.Responses = answers(http.StatusServiceUnavailable, mediaJSON, schemaOf[condition](g))
	register(g, op, func(ctx context.Context, _ *nothing) (*health, error) {
		c := g.condition(g.Status(ctx))
		h := &health{http.StatusOK, c}
		if c.Status != "ok" {
			h.Status = http.StatusServiceUnavailable
		}
		return h, nil
	})
}

// condition judges a node by its last block's age. The chain makes blocks when there are
// no transactions, too, so an old one is never idleness.
func (g *gateway) condition(s types.Status) condition {
	c := condition{Status: "ok", Height: s.Height, Age: -1}
	if s.Height == 0 {
		c.Status, c.Reason = "failing", "no block yet"
		return c
	}
	age := g.opts.Now().Sub(time.UnixMilli(s.Time))
	c.Age = int64(age.Seconds())
	switch {
	case s.CatchingUp:
		c.Status, c.Reason = "failing", fmt.Sprintf("catching up, at block %d", s.Height)
	case age > g.opts.MaxAge:
		c.Status, c.Reason = "failing", fmt.Sprintf("no block for %s", age.Truncate(time.Second))
	}
	return c
}

func (g *gateway) metricsRoute() {
	h := promhttp.HandlerFor(g.opts.Registry, promhttp.HandlerOpts{})
	g.plain(get("/metrics", "metrics", "counters for Prometheus"), "text/plain", h)
}
