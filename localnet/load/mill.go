package load

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

// item is one signed transaction on its way.
type item struct {
	raw    []byte
	digest types.Hash
	node   int
	bodies int
	due    time.Time // when it was to be sent; latency counts from here
}

// mill signs transactions ahead of time on all cores and hands them out in order.
type mill struct {
	script *script
	life   time.Duration // until they expire, from signing on
	queue  chan chan sheaf
	sheaf  sheaf
	signed atomic.Int64
	full   chan struct{} // closed when the stock is full for the first time

	workers sync.WaitGroup
}

// sheaf is a few items that one core signed in one go.
type sheaf struct {
	items []*item
	err   error
}

// sheafSize is small enough that all cores finish at about the same time and large
// enough that handing out costs nothing.
const sheafSize = 32

// order for one sheaf.
type task struct {
	first, count int
	done         chan<- sheaf
}

// newMill starts signing: total transactions in all, or without end for 0, and at most
// stock of them before they are taken. It stops with the context.
func newMill(ctx context.Context, s *script, total, stock int, life time.Duration) *mill {
	m := &mill{
		script: s, life: life,
		queue: make(chan chan sheaf, max(1, (stock+sheafSize-1)/sheafSize)), full: make(chan struct{}),
	}
	tasks := make(chan task)
	for range runtime.GOMAXPROCS(0) {
		m.workers.Go(func() {
			for t := range tasks {
				t.done <- m.sign(t)
			}
		})
	}
	go m.plan(ctx, total, tasks)
	return m
}

// plan cuts the work into tasks, in order, as far ahead as the stock reaches. Once the
// stock has been full, it is kept at a quarter: signing takes processor time from the
// nodes, and what is left over at the end was signed in vain.
func (m *mill) plan(ctx context.Context, total int, tasks chan<- task) {
	filled := sync.OnceFunc(func() { close(m.full) })
	defer func() {
		close(m.queue)
		close(tasks)
		m.workers.Wait()
		filled()
	}()
	level := cap(m.queue)
	for first := 0; total == 0 || first < total; first += sheafSize {
		count := sheafSize
		if total > 0 {
			count = min(count, total-first)
		}
		done := make(chan sheaf, 1)
		if len(m.queue) >= level {
			filled()
			level = max(1, cap(m.queue)/4)
			m.ebb(ctx, level)
		}
		if ctx.Err() != nil {
			return
		}
		m.queue <- done // has room: only this goroutine puts something in
		select {
		case tasks <- task{first, count, done}:
		case <-ctx.Done():
			done <- sheaf{err: context.Cause(ctx)}
			return
		}
	}
}

// ebb waits until the stock is below a level.
func (m *mill) ebb(ctx context.Context, level int) {
	for len(m.queue) >= level && ctx.Err() == nil {
		pause(ctx, 10*time.Millisecond)
	}
}

func (m *mill) sign(t task) sheaf {
	s := sheaf{items: make([]*item, 0, t.count)}
	for n := t.first; n < t.first+t.count; n++ {
		it, err := m.item(n)
		if err != nil {
			return sheaf{err: fmt.Errorf("transaction %d: %w", n, err)}
		}
		s.items = append(s.items, it)
	}
	m.signed.Add(int64(t.count))
	return s
}

func (m *mill) item(n int) (*item, error) {
	by, bodies, err := m.script.say(n)
	if err != nil {
		return nil, err
	}
	raw, digest, err := by.Signer.Sign(client.Terms{Expires: time.Now().Add(m.life)}, bodies...)
	if err != nil {
		return nil, err
	}
	return &item{raw: raw, digest: digest, node: by.Node, bodies: len(bodies)}, nil
}

// next returns the next transaction, nil after the last.
func (m *mill) next(ctx context.Context) (*item, error) {
	for len(m.sheaf.items) == 0 {
		select {
		case done, more := <-m.queue:
			if !more {
				return nil, nil
			}
			m.sheaf = <-done
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if m.sheaf.err != nil {
			return nil, m.sheaf.err
		}
	}
	it := m.sheaf.items[0]
	m.sheaf.items = m.sheaf.items[1:]
	return it, nil
}
