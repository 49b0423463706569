package load

import (
	"context"
	"time"
)

// pacer decides when which transaction is sent.
type pacer struct {
	mill  *mill
	book  *book
	lanes []*lane
}

// tick is how long arrivals are collected before they are sent together.
const tick = 20 * time.Millisecond

// due returns how many of the transactions of an open loop are due after a time. The
// first is due at once.
func due(rate int, elapsed, duration time.Duration) int {
	elapsed = min(elapsed, duration-1)
	if elapsed < 0 {
		return 0
	}
	return int(int64(rate)*int64(elapsed)/int64(time.Second)) + 1
}

// open sends at a fixed rate, whatever becomes of what was sent: the n-th transaction
// is due n/rate after the start, and its latency counts from then even if it could not
// be sent in time.
func (p *pacer) open(ctx context.Context, rate int, start time.Time, duration time.Duration) error {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	total := due(rate, duration, duration)
	for sent := 0; sent < total; {
		ready := due(rate, time.Since(start), duration)
		items, err := p.take(ctx, ready-sent)
		if err != nil {
			return err
		}
		for i, it := range items {
			it.due = start.Add(time.Duration(sent+i) * time.Second / time.Duration(rate))
		}
		if err := p.dispatch(ctx, items); err != nil {
			return err
		}
		sent += len(items)
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// closed keeps a number of transactions on their way until the time is over: as fast as
// the network takes them.
func (p *pacer) closed(ctx context.Context, inFlight int, start time.Time, duration time.Duration) error {
	over := time.NewTimer(time.Until(start.Add(duration)))
	defer over.Stop()
	for time.Since(start) < duration {
		room := inFlight - p.book.inFlight()
		items, err := p.take(ctx, min(room, batchCount*len(p.lanes)))
		if err != nil {
			return err
		}
		for _, it := range items {
			it.due = time.Now()
		}
		if err := p.dispatch(ctx, items); err != nil {
			return err
		}
		if len(items) > 0 {
			continue
		}
		select {
		case <-p.book.changed:
		case <-over.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// take returns the next so many transactions, fewer at the end.
func (p *pacer) take(ctx context.Context, count int) ([]*item, error) {
	var items []*item
	for len(items) < count {
		it, err := p.mill.next(ctx)
		if err != nil {
			return nil, err
		}
		if it == nil {
			break
		}
		items = append(items, it)
	}
	return items, nil
}

// dispatch enters items in the book and puts them on the lanes of their nodes.
func (p *pacer) dispatch(ctx context.Context, items []*item) error {
	p.book.send(items)
	of := make([][]*item, len(p.lanes))
	for _, it := range items {
		of[it.node] = append(of[it.node], it)
	}
	for node, list := range of {
		for _, batch := range batches(list) {
			select {
			case p.lanes[node].queue <- batch:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}
