package epcisrest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caryaledger/carya/node/bearer"
	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Pool takes signed transactions.
type Pool interface {
	// Submit's errors are refusals, also when the pool is full (types.Busy). Bytes that
	// the pool has already are taken again.
	Submit(raw []byte) (*types.Verified, error)
	// RetryAfter is when to come back after types.Busy.
	RetryAfter() time.Duration
}

// Blocks tell what became of transactions: the node's journal.
type Blocks interface {
	Transaction(digest types.Hash) (height int64, index int, tx *types.BlockTx, ok bool, err error)
	Block(height int64) (*types.Block, error)
	Last() int64
	Wait(ctx context.Context, height int64) error
}

// Events answer questions about what was captured: the node's read model.
type Events interface {
	Events(context.Context, readmodel.EventFilter, readmodel.EventOrder, readmodel.Page) ([]readmodel.EventRow, string, error)
	EventsAfter(ctx context.Context, f readmodel.EventFilter, position int64, limit int) ([]readmodel.EventRow, error)
	CountEvents(ctx context.Context, f readmodel.EventFilter, limit int) (int, error)
	EventWords(ctx context.Context, what string, p readmodel.Page) ([]string, string, error)
	Height() int64
	Wait(ctx context.Context, height int64) error
}

// Options are what a Service works with. Dir, Domain, Pool, Blocks and Record are
// needed; the others have their defaults.
type Options struct {
	// Dir is the folder of jobs, queries and subscriptions. It is made if it is missing.
	Dir string

	// Domain is what signatures are bound to.
	Domain types.Domain

	Pool   Pool
	Blocks Blocks

	// Events is nil in a node that keeps no read model: it captures and answers no
	// questions.
	Events Events

	// Record reads a record of the newest state, nil where there is none.
	Record func(key string) ([]byte, error)

	// Signer signs what is captured. nil: capturing is refused.
	Signer *Signer

	// Tokens are who may write. When there are none, callers on this machine may if Local
	// says that nobody else reaches the gateway.
	Tokens bearer.Tokens
	Local  bool

	// WebhookPrivate lets subscriptions deliver to addresses of this machine and of private
	// networks.
	WebhookPrivate bool

	// Version is the program's, for GS1-Vendor-Version.
	Version string

	// Logger is told about faults of the node and deliveries that fail. nil means nobody.
	Logger *slog.Logger

	// Registry takes the metrics. nil means nobody counts.
	Registry prometheus.Registerer

	// Now is the clock of expiries and schedules. nil means the machine's.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Version = cmp.Or(o.Version, "unknown")
	return o
}

// Evidence makes evidence of a record's history.
type Evidence = func(ctx context.Context, key string) (*evidence.Evidence, error)

// Service is the interface with what it remembers. Requests may come at any time after
// Mount; jobs and subscriptions go on while Run does.
type Service struct {
	Options
	evidence Evidence
	metrics  *metrics
	pages    *pageTokens
	jobs     *jobs
	queries  *queries
	hooks    *hooks
	parsing  chan struct{} // one for each document that is read
	writing  chan struct{} // one for each document that is written
	streams  chan struct{} // one for each event stream

	mu      sync.Mutex
	run     context.Context // nil while Run does not
	expires int64           // of the transaction that was signed last
	tasks   sync.WaitGroup
}

// The bounds of what happens at the same time. A document takes many times its size while
// it is read or written.
const (
	maxParsing = 2
	maxWriting = 4
	maxStreams = 64
)

// New reads what an earlier Service left in the folder.
func New(o Options) (_ *Service, err error) {
	s := &Service{
		Options: o.withDefaults(),
		parsing: make(chan struct{}, maxParsing),
		writing: make(chan struct{}, maxWriting),
		streams: make(chan struct{}, maxStreams),
	}
	s.metrics = newMetrics(s.Registry)
	for _, dir := range []string{dirJobs, dirQueries, dirSubscriptions} {
		if err := os.MkdirAll(s.file(dir), 0o700); err != nil {
			return nil, fmt.Errorf("EPCIS interface: %w", err)
		}
	}
	if s.pages, err = openPageTokens(s.file("page-token.key"), s.Now); err != nil {
		return nil, fmt.Errorf("EPCIS interface: %w", err)
	}
	if s.jobs, err = s.openJobs(); err != nil {
		return nil, fmt.Errorf("EPCIS interface: %w", err)
	}
	if s.queries, err = openQueries(s.file(dirQueries)); err != nil {
		return nil, fmt.Errorf("EPCIS interface: %w", err)
	}
	if s.hooks, err = s.openHooks(); err != nil {
		return nil, fmt.Errorf("EPCIS interface: %w", err)
	}
	return s, nil
}

// The folders below Dir.
const (
	dirJobs          = "jobs"
	dirQueries       = "queries"
	dirSubscriptions = "subscriptions"
)

func (s *Service) file(name string) string { return filepath.Join(s.Dir, name) }

// Run captures what was accepted and delivers to subscribers until ctx ends. It returns
// when everything that it began has ended.
func (s *Service) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.run = ctx
	s.mu.Unlock()
	s.task(s.captureJobs)
	for _, h := range s.hooks.all() {
		s.startHook(h)
	}
	<-ctx.Done()
	s.mu.Lock()
	s.run = nil
	s.mu.Unlock()
	s.tasks.Wait()
	s.hooks.close()
}

// task runs f until Run ends; it does not when Run does not.
func (s *Service) task(f func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx := s.run; ctx != nil && ctx.Err() == nil {
		s.tasks.Go(func() { f(ctx) })
	}
}

// Mount hands out the routes. The evidence comes from the gateway that takes them.
func (s *Service) Mount(handle func(pattern string, h http.Handler), evidence Evidence) {
	s.evidence = evidence
	for _, r := range s.resources() {
		r.service = s
		handle(r.path, r)
	}
}
