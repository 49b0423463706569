package load

import (
	"context"
	"slices"
	"time"
)

// pacer decides when which transaction is sent.
type pacer struct {
	mill  *mill
	book  *book
	lanes []*lane
	pace
}

// pace is how much is sent.
type pace struct {
	rate   int // transactions a second, or sets; 0 = as fast as the network takes them
	per    int // of those a unit holds so many
	atOnce int // transactions of a unit that are sent when it is due
}

// tick is how long arrivals are collected before they are sent together.
const tick = 20 * time.Millisecond

// due returns how many of the units of an open loop are due after a time. The first is due
// at once.
func (p pace) due(elapsed, duration time.Duration) int {
	elapsed = min(elapsed, duration-1)
	if elapsed < 0 {
		return 0
	}
	return int(int64(p.rate)*int64(elapsed)/(int64(p.per)*int64(time.Second))) + 1
}

// step is the time in which so many units are due.
func (p pace) step(units int) time.Duration {
	return time.Duration(int64(units) * int64(p.per) * int64(time.Second) / int64(p.rate))
}

// open sends at a fixed rate, whatever becomes of what was sent: the n-th unit is due
// n steps after the start, and its latency counts from then even if it could not be sent
// in time.
func (p *pacer) open(ctx context.Context, start time.Time, duration time.Duration) error {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for sent, over := 0, false; !over; {
		elapsed := time.Since(start)
		over = elapsed >= duration
		units, err := p.take(ctx, p.due(elapsed, duration)-sent)
		if err != nil {
			return err
		}
		for _, u := range units {
			for _, it := range u {
				it.due = start.Add(p.step(sent))
			}
			sent++
		}
		if err := p.dispatch(ctx, append(p.book.takeReady(), slices.Concat(units...)...)); err != nil {
			return err
		}
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
		units, err := p.take(ctx, min(room, batchCount*len(p.lanes))/p.atOnce)
		if err != nil {
			return err
		}
		items := slices.Concat(units...)
		for _, it := range items {
			it.due = time.Now()
		}
		items = append(p.book.takeReady(), items...)
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

// take returns the next so many units, fewer at the end.
func (p *pacer) take(ctx context.Context, count int) ([]unit, error) {
	var units []unit
	for len(units) < count {
		u, err := p.mill.next(ctx)
		if err != nil {
			return nil, err
		}
		if u == nil {
			break
		}
		units = append(units, u)
	}
	return units, nil
}

// rest sends what becomes due after the window, until everything sent is in a block, for a
// time.
func (p *pacer) rest(ctx context.Context, within time.Duration) error {
	over := time.NewTimer(within)
	defer over.Stop()
	for p.book.inFlight() > 0 {
		if err := p.dispatch(ctx, p.book.takeReady()); err != nil {
			return err
		}
		select {
		case <-p.book.changed:
		case <-over.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
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
