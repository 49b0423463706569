package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
)

// A node that joined by state sync has no older blocks in its journal. It fetches them
// from other members' gateways, newest first, into a part of the journal that nobody
// sees, and when it has the first it checks all of them against its own state: the
// history of every record, and of all block hashes. Then they are shown; or, if anything
// differs, thrown away, and another member is asked.
//
// Results and texts of refused transactions enter no history, so for them alone the
// member's word is taken.

// past is the state that older blocks are checked against: that of the snapshot.
type past interface {
	Version() int64
	Get(key string) ([]byte, error)
	Iterate(from, to string, f func(key string, value []byte) (stop bool)) error
}

// backfill is the fetching of older blocks.
type backfill struct {
	journal *journal.Journal
	initial int64    // the chain's first block; the one before it stands for the genesis
	peers   []string // URLs of gateways
	http    *http.Client
	log     *slog.Logger

	from  map[string]bool // whose blocks are in the journal; "" = those of an earlier run
	alone bool            // blocks of several peers did not fit: do not mix them again
}

const (
	// backfillBatch is how many blocks are asked for at once and written together.
	backfillBatch = 32
	// backfillBlock bounds a journal block: a full block's bodies stand in it once more,
	// with what the journal adds.
	backfillBlock = 32 << 20
	backfillPause = time.Minute
	// backfillPatience is when the node gives up: until then the state that the blocks are
	// checked against cannot be pruned, nor any after it.
	backfillPatience = 48 * time.Hour
	backfillTells    = 30 * time.Second
)

// backfill fetches older blocks if the journal lacks them, until it has them.
func (n *Node) backfill(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, backfillPatience)
	defer cancel()
	if n.journal.Wait(ctx, n.genesis.InitialHeight) != nil {
		return
	}
	if err := n.leasePast(); err != nil {
		n.log.Error("older blocks cannot be checked any more; delete the data directory and join by state sync again", "error", err)
		return
	}
	if n.past == nil {
		return
	}
	defer n.past.Close()
	b := newBackfill(n.journal, n.genesis.InitialHeight, n.cfg.API.Peers, n.log)
	for {
		err := b.run(ctx, n.past)
		if err == nil || ctx.Err() != nil {
			return
		}
		n.log.Warn("older blocks could not be fetched; trying again in a minute", "error", err)
		select {
		case <-time.After(backfillPause):
		case <-ctx.Done():
		}
	}
}

// leasePast keeps the state that older blocks are checked against, if there are any to
// fetch, from being pruned. It is called before the first block is executed, and again
// when there is one, for the node that had no state before.
func (n *Node) leasePast() (err error) {
	_, first := n.journal.Staged()
	if n.past != nil || len(n.cfg.API.Peers) == 0 || first < n.genesis.InitialHeight {
		return nil
	}
	n.past, err = n.state.View(first - 1)
	return err
}

func newBackfill(j *journal.Journal, initial int64, peers []string, log *slog.Logger) *backfill {
	b := &backfill{journal: j, initial: initial, peers: peers, log: log, from: map[string]bool{}}
	b.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: backfillBatch, IdleConnTimeout: time.Minute}}
	if staged, first := j.Staged(); staged < first {
		b.from[""] = true
	}
	return b
}

// run asks one peer after the other. The error says what was wrong with each.
func (b *backfill) run(ctx context.Context, state past) error {
	defer b.http.CloseIdleConnections()
	var errs []error
	for _, peer := range b.peers {
		if b.alone {
			if err := b.discard(); err != nil {
				return err
			}
		}
		err := b.fetchAll(ctx, peer)
		if err == nil {
			err = b.settle(state)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// settle shows the blocks if they are what the state commits to, and else throws them away.
func (b *backfill) settle(state past) error {
	wrong := checkPast(b.journal, state)
	if wrong == nil {
		b.log.Info("older blocks are complete and checked", "blocks", state.Version()-b.initial+1)
		return b.journal.Publish()
	}
	err := fmt.Errorf("blocks from %s are not this chain's: %w", b.sources(), wrong)
	b.alone = len(b.from) > 1
	return errors.Join(err, b.discard())
}

func (b *backfill) discard() error {
	clear(b.from)
	return b.journal.Discard()
}

// sources names the peers whose blocks are in the journal.
func (b *backfill) sources() string {
	var names []string
	for peer := range b.from {
		if peer == "" {
			peer = "an earlier run"
		}
		names = append(names, peer)
	}
	return strings.Join(names, " and ")
}

// fetchAll fetches what is missing from one peer, down to the block of the genesis.
func (b *backfill) fetchAll(ctx context.Context, peer string) error {
	told := time.Now()
	for {
		next, first := b.journal.Staged()
		if next < b.initial {
			return nil
		}
		if now := time.Now(); now.Sub(told) > backfillTells {
			told = now
			b.log.Info("fetching older blocks", "from", peer, "done", first-next, "of", first-b.initial+1)
		}
		blocks, err := b.fetch(ctx, peer, max(next-backfillBatch, b.initial-1), next)
		if err != nil {
			return err
		}
		if err := b.journal.Prepend(blocks...); err != nil {
			return err
		}
		b.from[peer] = true
	}
}

// fetch fetches the blocks in [from, to).
func (b *backfill) fetch(ctx context.Context, peer string, from, to int64) ([]*types.Block, error) {
	blocks := make([]*types.Block, to-from)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range blocks {
		g.Go(func() (err error) {
			height := from + int64(i)
			if blocks[i], err = b.fetchBlock(ctx, peer, height); err != nil {
				return fmt.Errorf("block %d from %s: %w", height, peer, err)
			}
			return nil
		})
	}
	return blocks, g.Wait()
}

func (b *backfill) fetchBlock(ctx context.Context, peer string, height int64) (*types.Block, error) {
	address := fmt.Sprintf("%s/v1/blocks/%d", strings.TrimSuffix(peer, "/"), height)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/cbor")
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, backfillBlock))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.200s", resp.Status, raw)
	}
	block, err := types.DecodeBlock(raw)
	if err != nil {
		return nil, err
	}
	return block, checkBlock(block, height)
}

// checkBlock finds what can be seen to be wrong with a block by itself, so that the peer
// is known at once.
func checkBlock(b *types.Block, height int64) error {
	if b.Height != height {
		return fmt.Errorf("it is block %d", b.Height)
	}
	for i := range b.Events {
		e := &b.Events[i]
		if e.Event.Height != b.Height || e.Event.Time != b.Time {
			return fmt.Errorf("event %d is of height %d and time %d, the block of time %d", i, e.Event.Height, e.Event.Time, b.Time)
		}
		if len(e.Keys) == 0 {
			return fmt.Errorf("event %d enters no record", i)
		}
	}
	return nil
}

// checkPast compares the staged blocks with the state after the last of them: they must
// make the history of every record, no more and no less. One pass over both in the order
// of keys; nothing is held in memory.
func checkPast(j *journal.Journal, state past) error {
	if err := checkHashes(j, state); err != nil {
		return err
	}
	next, stop := iter.Pull2(j.StagedHistories())
	defer stop()
	staged, err, more := next()
	var wrong error
	walked := state.Iterate("", "", func(key string, value []byte) bool {
		want, bad := historyOf(key, value)
		if wrong = errors.Join(err, bad); wrong != nil || want == nil {
			return wrong != nil
		}
		if !more || staged.Key != key || !staged.History.Equal(want) {
			wrong = fmt.Errorf("record %s commits to %d events, the blocks have others", key, want.Size)
			return true
		}
		staged, err, more = next()
		return false
	})
	switch {
	case wrong != nil:
		return wrong
	case walked != nil:
		return walked
	case err != nil:
		return err
	case more:
		return fmt.Errorf("the blocks have events of %s, which the state does not know", staged.Key)
	}
	return nil
}

// historyOf returns a record's history as far as it is made of events, nil where it is
// not: that of chain/blocks is made of hashes, and live digests have none.
func historyOf(key string, value []byte) (*types.History, error) {
	if key == types.KeyBlocks {
		return nil, nil
	}
	r, err := types.DecodeRecord(key, value)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.Log(), nil
}

// checkHashes compares the hashes of the staged blocks with record chain/blocks.
func checkHashes(j *journal.Journal, state past) error {
	value, err := state.Get(types.KeyBlocks)
	if err != nil {
		return err
	}
	var want types.Blocks
	if err := types.DecodeState(value, &want); err != nil {
		return fmt.Errorf("record %s: %w", types.KeyBlocks, err)
	}
	got, err := j.StagedHashes()
	if err != nil {
		return err
	}
	if !got.Equal(&want.History) {
		return fmt.Errorf("the hashes of the %d blocks are not those of record %s", got.Size, types.KeyBlocks)
	}
	return nil
}
