package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

// lane carries transactions to one node over a few connections that stay open.
type lane struct {
	node  *client.Client
	book  *book
	queue chan []*item
}

const (
	// batchCount and batchBytes bound one request.
	batchCount = 100
	batchBytes = 1 << 20
	// connections to each node. A request waits for the node's verdict on every
	// signature in it, so that a few of them keep it busy.
	connections = 4
	// backlog is how many batches may wait for a connection. An open loop that gets
	// that far behind waits too, and its latencies tell.
	backlog = 1 << 14
	// busyPause is how long a batch waits after the node had no room for it.
	busyPause = 100 * time.Millisecond
	// patience is how long a node may give no answer at all.
	patience = 10 * time.Second
)

// carry sends what is put on the lane until the queue is closed and empty.
func (l *lane) carry(ctx context.Context) error {
	errs := make(chan error, connections)
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for batch := range l.queue {
				if err := l.deliver(ctx, batch); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	return <-errs
}

// deliver sends a batch, and what the node had no room for again, until the node has
// taken or refused all of it.
func (l *lane) deliver(ctx context.Context, batch []*item) error {
	silent := time.Time{}
	for len(batch) > 0 && ctx.Err() == nil {
		rest, err := l.post(ctx, batch)
		switch {
		case err == nil:
			silent = time.Time{}
		case silent.IsZero():
			silent = time.Now()
		case time.Since(silent) > patience:
			return fmt.Errorf("send %d transactions to %s: %w", len(batch), l.node.Node(), err)
		}
		if batch = rest; len(batch) > 0 {
			pause(ctx, busyPause)
		}
	}
	return nil
}

// post sends a batch once and returns what has to be sent again.
func (l *lane) post(ctx context.Context, batch []*item) (again []*item, err error) {
	raws := make([][]byte, len(batch))
	for i, it := range batch {
		raws[i] = it.raw
	}
	receipts, err := l.node.SubmitBatch(ctx, raws)
	if code, refused := types.CodeOf(err); err != nil {
		if refused && code == types.Busy {
			l.book.notNow(len(batch))
			return batch, nil
		}
		return batch, err
	}
	for i, r := range receipts {
		if l.settle(batch[i], &r) {
			again = append(again, batch[i])
		}
	}
	l.book.notNow(len(again))
	return again, nil
}

// settle notes a node's answer to one transaction and reports whether it wants it again.
func (l *lane) settle(it *item, r *types.Receipt) (again bool) {
	code := types.OK
	if r.Result != nil {
		code = r.Result.Code
	}
	switch {
	case code >= types.Retryable:
		return true
	case r.State == types.TxRefused && code != types.Replayed: // replayed: an earlier try came through
		l.book.refuse(it, code)
	}
	it.raw = nil // the node has it
	return false
}

// batches cuts items into requests.
func batches(items []*item) (all [][]*item) {
	start, size := 0, 0
	for i, it := range items {
		if i > start && (i-start == batchCount || size+len(it.raw) > batchBytes) {
			all = append(all, items[start:i])
			start, size = i, 0
		}
		size += len(it.raw)
	}
	if start < len(items) {
		all = append(all, items[start:])
	}
	return all
}
