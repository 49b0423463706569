package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/bearer"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Backend is the node behind the gateway. Any goroutine may call it at any time.
type Backend interface {
	// Submit takes a signed transaction into the pool; it keeps raw. The error is a
	// *types.Refusal, also when the pool is full (types.Busy).
	Submit(raw []byte) (*types.Verified, error)
	// RetryAfter is when to come back after types.Busy.
	RetryAfter() time.Duration
	Journal() *journal.Journal
	// View is the state after the block at a height, 0 meaning the last.
	View(height int64) (*store.View, error)
	// LightBlock returns CometBFT's SignedHeader and ValidatorSet of a block in protobuf,
	// waiting for one that is yet to come until ctx ends.
	LightBlock(ctx context.Context, height int64) (header, validators []byte, err error)
	// Transactions returns a block's transactions as it holds them, those among them that
	// nobody could read. The error is a journal.ErrNoBlock where the node has none of them.
	Transactions(height int64) ([][]byte, error)
	Status(ctx context.Context) types.Status
	// Genesis is the chain's genesis.json.
	Genesis() []byte
	// ReadModel is nil in a node that keeps none.
	ReadModel() *readmodel.Model
}

// Options say how a gateway behaves. The zero value is a good one.
type Options struct {
	// Logger is told about faults of the node, never about refusals. nil means nobody.
	Logger *slog.Logger

	// Registry takes the gateway's metrics and answers /metrics with everything in it.
	// nil means one of the gateway's own.
	Registry *prometheus.Registry

	// MaxAge is how old the last block may be before /health says that the node has
	// stalled. Blocks are made when there are no transactions, too, so this is many times
	// the interval between them. 0 means 30 s.
	MaxAge time.Duration

	// Now is the clock that the age is measured with. nil means the machine's.
	Now func() time.Time

	// CEB says how customs messages are judged.
	CEB CEB

	// Vault keeps and carries private documents. nil means that there is none.
	Vault Vault
	// VaultGate is who may read and erase what was delivered to the node's member.
	VaultGate bearer.Gate

	// Mount adds the routes of another interface of the node, which are bounded, recovered
	// and counted as the gateway's own. It is called once, with what takes a route, whose
	// pattern names no method, and with what makes evidence of a record's history;
	// the errors of that know their HTTP status (GetStatus). nil means that there is none.
	Mount func(handle func(pattern string, h http.Handler), history func(ctx context.Context, key string) (*evidence.Evidence, error))
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.MaxAge == 0 {
		o.MaxAge = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// gateway answers requests. ServeHTTP is in exchange.go.
type gateway struct {
	Backend
	opts    Options
	mux     *http.ServeMux
	api     huma.API
	metrics *metrics
	heads   heads
	streams chan struct{} // one for each event stream
	chain   func() (domain, error)

	large     chan struct{} // one for each request with a large body
	proving   chan struct{} // one for each request for much evidence
	reviewing chan struct{} // one for each review of customs messages
}

// New returns the handler of everything. It starts no goroutine. Requests that wait end
// with their context, so the server's base context must end before its Shutdown.
func New(b Backend, o Options) http.Handler {
	o = o.withDefaults()
	g := &gateway{
		Backend: b,
		opts:    o,
		mux:     http.NewServeMux(),
		metrics: newMetrics(o.Registry),
		streams: make(chan struct{}, maxStreams),

		large:     make(chan struct{}, maxLarge),
		proving:   make(chan struct{}, maxProving),
		reviewing: make(chan struct{}, 1),
	}
	g.chain = sync.OnceValues(func() (domain, error) { return readDomain(b.Genesis()) })
	g.api = huma.NewAPI(config(), &adapter{g.mux})
	g.routes()
	return g
}

// domain is what signatures and evidence are bound to.
type domain struct {
	types.Domain
	genesis types.Hash
	initial int64           // height of the first block
	trust   *evidence.Trust // in the genesis
}

func readDomain(genesis []byte) (domain, error) {
	parsed, err := types.ReadGenesis(genesis)
	if err != nil {
		return domain{}, err
	}
	trust, err := evidence.TrustGenesis(parsed)
	if err != nil {
		return domain{}, err
	}
	return domain{types.NewDomain(parsed.Chain, trust.Genesis), trust.Genesis, parsed.InitialHeight, trust}, nil
}

// routes lists everything that is answered, one line each.
func (g *gateway) routes() {
	g.submitRoute()
	g.batchRoute()
	g.transactionRoute()
	g.blockRoute()
	g.streamRoute()
	g.recordRoute()
	g.recordsRoute()
	g.historyRoute()
	g.evidenceRoute()
	g.headerRoutes()
	g.listRoutes()
	g.traceRoutes()
	g.thingEventRoutes()
	g.recallRoute()
	g.documentRoutes()
	g.cebRoutes()
	g.statusRoute()
	g.genesisRoute()
	g.schemaRoute()
	g.healthRoute()
	g.metricsRoute()
	g.pageRoute()
	g.pagesRoutes()
	g.mountRoutes()
	g.openAPIRoutes() // last: it writes down the others
}

// mountRoutes takes the routes of the node's other interface.
func (g *gateway) mountRoutes() {
	if g.opts.Mount == nil {
		return
	}
	g.opts.Mount(g.mux.Handle, func(ctx context.Context, key string) (*evidence.Evidence, error) {
		e, err := g.proveOne(ctx, evidence.Ask{Claim: evidence.ClaimHistory, Key: key})
		if err != nil {
			return nil, g.problem(ctx, "evidence of "+key, err)
		}
		return e, nil
	})
}
