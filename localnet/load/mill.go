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

	stage int   // of stages, where the scenario has them
	then  *item // what is due as soon as this, and whatever else it waits for, is in a block; nil = nothing
	waits int   // for how many transactions this still waits
}

// unit is what is sent at once: one transaction, or the first ones of a batch.
type unit []*item

// mill signs transactions ahead of time on all cores and hands them out in order.
type mill struct {
	script *script
	life   time.Duration // until they expire, from signing on
	queue  chan chan sheaf
	sheaf  sheaf
	size   int // units in a sheaf
	signed atomic.Int64
	full   chan struct{} // closed when the stock is full for the first time

	workers sync.WaitGroup
}

// sheaf is a few units that one core signed in one go.
type sheaf struct {
	units []unit
	err   error
}

// sheafBodies is small enough that all cores finish at about the same time and large
// enough that handing out costs nothing.
const sheafBodies = 32

// order for one sheaf.
type task struct {
	first, count int
	done         chan<- sheaf
}

// newMill starts signing: total units in all, or without end for 0, and at most stock of
// them before they are taken. It stops with the context.
func newMill(ctx context.Context, s *script, total, stock int, life time.Duration) *mill {
	size := max(1, sheafBodies/s.bodies)
	m := &mill{
		script: s, life: life, size: size,
		queue: make(chan chan sheaf, max(1, (stock+size-1)/size)), full: make(chan struct{}),
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
	for first := 0; total == 0 || first < total; first += m.size {
		count := m.size
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
	s := sheaf{units: make([]unit, 0, t.count)}
	for n := t.first; n < t.first+t.count; n++ {
		u, err := m.unit(n)
		if err != nil {
			return sheaf{err: fmt.Errorf("unit %d: %w", n, err)}
		}
		s.units = append(s.units, u)
	}
	return s
}

// unit signs the n-th unit and what follows on it.
func (m *mill) unit(n int) (unit, error) {
	speeches, err := m.script.unit(n)
	if err != nil {
		return nil, err
	}
	items := make(unit, len(speeches))
	for i, speech := range speeches {
		terms := client.Terms{Expires: time.Now().Add(m.life), OnError: speech.onError}
		raw, digest, err := speech.by.Signer.Sign(terms, speech.bodies...)
		if err != nil {
			return nil, err
		}
		items[i] = &item{raw: raw, digest: digest, node: speech.by.Node, bodies: len(speech.bodies), stage: i}
	}
	m.signed.Add(int64(len(items)))
	return items.chained(), nil
}

// chained makes what cannot be sent at once wait for what comes before it, and returns the
// rest.
func (u unit) chained() unit {
	if len(u) <= atOnce {
		return u
	}
	for i, it := range u[:len(u)-1] {
		it.then = u[max(i+1, atOnce)]
		it.then.waits++
	}
	return u[:atOnce]
}

// next returns the next unit, nil after the last.
func (m *mill) next(ctx context.Context) (unit, error) {
	for len(m.sheaf.units) == 0 {
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
	u := m.sheaf.units[0]
	m.sheaf.units = m.sheaf.units[1:]
	return u, nil
}
