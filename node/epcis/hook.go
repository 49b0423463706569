package epcisrest

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// hook is a subscription at work.
type hook struct {
	*subscription
	ended  context.Context // ends with the subscription
	cancel context.CancelFunc
}

// hooks are all subscriptions. What changes of one does so under the lock.
type hooks struct {
	dir    string
	client *http.Client
	slots  chan struct{} // one for each delivery under way

	mu  sync.Mutex
	set map[string]*hook
}

// The bounds of deliveries.
const (
	maxDeliveries   = 8
	deliveryTimeout = 15 * time.Second
	firstRetry      = time.Second
	lastRetry       = 10 * time.Minute
)

// openHooks reads the subscriptions of earlier runs. They are followed when Run begins.
func (s *Service) openHooks() (*hooks, error) {
	hs := &hooks{
		dir: s.file(dirSubscriptions), client: newClient(s.WebhookPrivate),
		slots: make(chan struct{}, maxDeliveries), set: map[string]*hook{},
	}
	names, err := entries(hs.dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		u := new(subscription)
		if err := readJSON(filepath.Join(hs.dir, name), u); err != nil {
			return nil, err
		}
		if _, err := s.queries.get(u.Query); err != nil {
			// A crash came between deleting the query and deleting its subscriptions.
			if err := remove(u.file(hs.dir)); err != nil {
				return nil, err
			}
			continue
		}
		hs.set[u.ID] = newHook(u)
	}
	return hs, nil
}

func newHook(u *subscription) *hook {
	ctx, cancel := context.WithCancel(context.Background())
	return &hook{u, ctx, cancel}
}

func (hs *hooks) add(u *subscription) (*hook, error) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if len(hs.set) >= maxSubscriptions {
		return nil, subscriptionControl.about("", "there are %d subscriptions, and no more are kept", maxSubscriptions)
	}
	if err := writeJSON(u.file(hs.dir), u); err != nil {
		return nil, err
	}
	h := newHook(u)
	hs.set[u.ID] = h
	return h, nil
}

func (hs *hooks) get(id string) *hook {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return hs.set[id]
}

func (hs *hooks) show(h *hook) shownSubscription {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return h.shown()
}

// all returns the subscriptions, by their IDs.
func (hs *hooks) all() []*hook {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	var list []*hook
	for _, h := range hs.set {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b *hook) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// list returns a page of the subscriptions of a query.
func (hs *hooks) list(query, after string, limit int) (page []shownSubscription, next string) {
	page = []shownSubscription{}
	for _, h := range hs.all() {
		if h.Query != query || h.ID <= after {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].ID
		}
		page = append(page, hs.show(h))
	}
	return page, ""
}

func (hs *hooks) remove(h *hook) error {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h.cancel()
	delete(hs.set, h.ID)
	return remove(h.file(hs.dir))
}

// removeOf ends all subscriptions of a query.
func (hs *hooks) removeOf(query string) error {
	for _, h := range hs.all() {
		if h.Query == query {
			if err := hs.remove(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// change changes a subscription and writes it down, unless it has ended.
func (hs *hooks) change(h *hook, f func(*subscription)) error {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	f(h.subscription)
	if hs.set[h.ID] != h {
		return nil
	}
	return writeJSON(h.file(hs.dir), h.subscription)
}

// close lets go of connections.
func (hs *hooks) close() { hs.client.CloseIdleConnections() }

// startHook follows a subscription until it or Run ends.
func (s *Service) startHook(h *hook) {
	if s.Events == nil {
		return
	}
	s.task(func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(h.ended, cancel)()
		for ctx.Err() == nil {
			if err := s.follow(ctx, h); err != nil && ctx.Err() == nil {
				s.failed(ctx, h, err)
			}
		}
	})
}

// follow waits until it is time and delivers everything there is.
func (s *Service) follow(ctx context.Context, h *hook) error {
	height := s.Events.Height()
	if !h.Stream {
		if err := s.awaitSchedule(ctx, h); err != nil {
			return err
		}
	}
	if err := s.deliverAll(ctx, h); err != nil {
		return err
	}
	if h.Stream {
		return s.Events.Wait(ctx, height+1)
	}
	now := s.Now().UTC().Truncate(time.Millisecond)
	return s.hooks.change(h, func(u *subscription) { u.Executed = now })
}

// awaitSchedule waits for the first time of the schedule after the query was run last. If
// that is past, because the node was down or the receiver was, it is now.
func (s *Service) awaitSchedule(ctx context.Context, h *hook) error {
	c, err := h.Schedule.read()
	if err != nil {
		return err
	}
	at, ok := c.next(h.Executed)
	if !ok {
		<-ctx.Done() // checked when it was posted; it takes nine years to come here
		return ctx.Err()
	}
	return pause(ctx, at.Sub(s.Now()))
}

// failed notes a delivery that failed and waits before the next try, ever longer.
func (s *Service) failed(ctx context.Context, h *hook, err error) {
	s.metrics.deliveries.WithLabelValues("failed").Inc()
	failures := h.Failures + 1
	s.Logger.Warn("delivery to a subscriber failed", "subscription", h.ID, "query", h.Query, "failures", failures, "error", err)
	noted := s.hooks.change(h, func(u *subscription) { u.Failures, u.LastError = failures, clip(err.Error()) })
	if noted != nil {
		s.Logger.Error("subscription cannot be written down", "subscription", h.ID, "error", noted)
	}
	pause(ctx, backoff(failures))
}

// backoff doubles with each failure. Half of it is chance, so that those who failed
// together do not come back together.
func backoff(failures int) time.Duration {
	d := lastRetry
	if failures < 20 {
		d = min(firstRetry<<(failures-1), lastRetry)
	}
	return d/2 + rand.N(d/2)
}

func clip(s string) string {
	if len(s) > 300 {
		s = s[:300]
	}
	return s
}

// deliverAll delivers until nothing is left that the query finds.
func (s *Service) deliverAll(ctx context.Context, h *hook) error {
	d, err := s.queries.get(h.Query)
	if err != nil {
		return err
	}
	c := cursor{d.parsed.filter, h.Cursor}
	if h.Initial != nil {
		c.filter.RecordFrom = max(c.filter.RecordFrom, h.Initial.UnixMilli())
	}
	report := h.ReportIfEmpty
	for {
		rows, next, err := c.ahead(ctx, s.Events)
		if err != nil {
			return err
		}
		if len(rows) == 0 && !report {
			s.hooks.mu.Lock()
			h.Cursor = next.position // not worth a write: the same is found again
			s.hooks.mu.Unlock()
			return nil
		}
		data, err := s.document(ctx, h.Query, h.ID, rows, view{format: formats[h.EPCFormat]})
		if err != nil {
			return err
		}
		if err := s.deliver(ctx, h, data, next.position); err != nil {
			return err
		}
		c, report = next, false
	}
}

// deliver posts a document, and notes that it arrived.
func (s *Service) deliver(ctx context.Context, h *hook, data []byte, position int64) error {
	select {
	case s.hooks.slots <- struct{}{}:
		defer func() { <-s.hooks.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.hooks.post(ctx, h.subscription, data); err != nil {
		return err
	}
	s.metrics.deliveries.WithLabelValues("ok").Inc()
	now := s.Now().UTC().Truncate(time.Millisecond)
	return s.hooks.change(h, func(u *subscription) {
		u.Cursor, u.LastNotified, u.Failures, u.LastError = position, &now, 0, ""
	})
}
