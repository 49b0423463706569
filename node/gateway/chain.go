package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/types"
)

// headerPatience is how long evidence waits for the block after the one it is about: the
// root of a block's state stands in the next block's header.
const headerPatience = 10 * time.Second

// provable is the node as evidence is made of it: a prove.Chain.
type provable struct{ *gateway }

var _ prove.Chain = provable{}

func (p provable) Domain() (string, types.Hash, error) {
	d, err := p.chain()
	return d.Chain, d.genesis, err
}

// SignedHeader waits for the next block's header, and for no later one.
func (p provable) SignedHeader(ctx context.Context, height int64) ([]byte, error) {
	d, err := p.chain()
	if err != nil {
		return nil, err
	}
	// The state commits a moment before the journal shows the block, so the header that
	// proves the last state may be that of the block after the next.
	if last := p.Journal().Last(); height < d.initial || height > last+2 {
		return nil, types.Refuse(types.NotFound, "height", "there is no block %d: the chain has %d to %d", height, d.initial, last)
	}
	limited, cancel := context.WithTimeout(ctx, headerPatience)
	defer cancel()
	header, _, err := p.LightBlock(limited, height)
	if err != nil && limited.Err() != nil {
		return nil, notNow(p.RetryAfter(), fmt.Sprintf("block %d, whose header is to be in the evidence, is not there yet", height))
	}
	return header, err
}

// Events are what the record's history commits to, or an error: never less.
func (p provable) Events(ctx context.Context, key string, size uint64, height int64) ([][]byte, error) {
	events, err := p.eventsOf(ctx, key, size, height)
	if err != nil {
		return nil, err
	}
	raw := make([][]byte, len(events))
	for i := range events {
		raw[i] = events[i].Raw
	}
	return raw, nil
}

func (p provable) BlockPath(_ context.Context, index, size uint64) ([]types.Hash, error) {
	d, err := p.chain()
	if err != nil {
		return nil, err
	}
	if first := p.Journal().First(); first > d.initial {
		return nil, notNow(time.Minute, fmt.Sprintf("an older block is proven by the hashes of all blocks, and this node's journal "+
			"begins at block %d: it is still fetching the blocks before, or another node has them", first))
	}
	return prove.Inclusion(index, size, p.Journal().Subtree)
}

func (p provable) Executed(_ context.Context, digest types.Hash) (height int64, index int, err error) {
	height, place, _, ok, err := p.Journal().Transaction(digest)
	if err != nil {
		return 0, 0, err
	}
	if !ok {
		return 0, 0, types.Refuse(types.NotFound, "digest", "no block that this node has holds the transaction %s", digest)
	}
	b, err := p.executed(height)
	if err != nil {
		return 0, 0, err
	}
	return height, b.places[place], nil
}

func (p provable) Block(_ context.Context, height int64) ([][]byte, []types.Result, error) {
	b, err := p.executed(height)
	if err != nil {
		return nil, nil, err
	}
	return b.raw, b.results, nil
}

// executed is a block as CometBFT has it. The journal leaves out what nobody could read.
type executed struct {
	raw     [][]byte
	results []types.Result // of each of raw
	places  []int          // in raw, of each transaction of the journal
}

func (p provable) executed(height int64) (*executed, error) {
	raw, err := p.Transactions(height)
	if err != nil {
		return nil, err
	}
	block, err := p.Journal().Block(height)
	if err != nil {
		return nil, err
	}
	d, err := p.chain()
	if err != nil {
		return nil, err
	}
	e := &executed{raw: raw}
	txs := block.Txs
	for i := range raw {
		var v *types.Verified
		refusal := error(nil)
		if len(raw) != len(block.Txs) {
			v, refusal = d.Verify(raw[i])
		}
		if code, ok := types.CodeOf(refusal); ok && refusal != nil {
			e.results = append(e.results, types.Result{Code: code})
			continue
		}
		if len(txs) == 0 || v != nil && v.Digest != txs[0].Digest {
			return nil, fmt.Errorf("block %d: the journal does not have the transactions that the block has, from %d on", height, i)
		}
		e.results = append(e.results, types.Result{Code: txs[0].Code, Codes: txs[0].Codes})
		e.places = append(e.places, i)
		txs = txs[1:]
	}
	if len(txs) > 0 {
		return nil, fmt.Errorf("block %d: the journal has %d transactions that the block does not have", height, len(txs))
	}
	return e, nil
}
