package gateway

import (
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types"
)

// head is what most of those who wait for a block want of it.
type head struct {
	Height int64      `json:"height"`
	Time   int64      `json:"time" doc:"Unix milliseconds"`
	Hash   types.Hash `json:"hash"`
	Txs    int        `json:"txs" doc:"number of transactions"`
}

// heads remembers the last ones that were asked for. When a block appears, everybody who
// waits for it asks at the same time; one of them reads it.
type heads struct {
	mu     sync.Mutex
	recent [64]*head // by height modulo 64
}

// head returns the head of a block that the journal shows.
func (g *gateway) head(height int64) (*head, error) {
	h := &g.heads
	h.mu.Lock()
	defer h.mu.Unlock()
	slot := &h.recent[uint64(height)%uint64(len(h.recent))]
	if *slot != nil && (*slot).Height == height {
		return *slot, nil
	}
	raw, err := g.Journal().Raw(height)
	if err != nil {
		return nil, err
	}
	found, err := readHead(raw)
	if err == nil {
		*slot = found
	}
	return found, err
}

// readHead decodes the head and skips the transactions and events, which are nearly all
// of a block.
func readHead(raw []byte) (*head, error) {
	var b struct {
		Height int64      `json:"height"`
		Time   int64      `json:"time"`
		Hash   types.Hash `json:"hash"`
		Txs    []struct{} `json:"txs"`
	}
	if err := skimmer.Unmarshal(raw, &b); err != nil {
		return nil, err
	}
	return &head{b.Height, b.Time, b.Hash, len(b.Txs)}, nil
}

// skimmer reads CBOR that this node wrote itself and ignores fields that it is not asked
// for.
var skimmer = func() cbor.DecMode {
	m, err := cbor.DecOptions{MaxArrayElements: 1 << 24}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()
