package readmodel

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// rowCache keeps the larger rows of full segments, which never change: those that most
// questions about many events read. SQLite would have to put each together from pages.
type rowCache struct {
	mu    sync.Mutex
	rows  *simplelru.LRU[posting, []byte]
	bytes int
}

const (
	cacheBytes = 32 << 20 // at most, all rows together
	cachedFrom = 1 << 10  // smaller rows are quickly read
)

func newRowCache() *rowCache {
	c := &rowCache{}
	c.rows, _ = simplelru.NewLRU(cacheBytes/cachedFrom, func(_ posting, row []byte) { c.bytes -= len(row) }) // fails for sizes below 1
	return c
}

// get returns a row, which nobody may change.
func (c *rowCache) get(p posting) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows.Get(p)
}

// put keeps a copy of a row.
func (c *rowCache) put(p posting, row []byte) {
	if len(row) < cachedFrom {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows.Contains(p) {
		return
	}
	c.rows.Add(p, append([]byte(nil), row...))
	for c.bytes += len(row); c.bytes > cacheBytes; {
		c.rows.RemoveOldest()
	}
}

// purge forgets all rows.
func (c *rowCache) purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows.Purge()
}
