package node

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

// What the gateway asks of a node.

// Submit takes a transaction into this node's pool. Errors are refusals; Busy means that
// the same bytes may be sent again after RetryAfter.
func (n *Node) Submit(raw []byte) (*types.Verified, error) { return n.app.Submit(raw) }

// RetryAfter says when a client that was told Busy should try again.
func (n *Node) RetryAfter() time.Duration { return n.app.RetryAfter() }

// Journal returns the node's journal, to be read only.
func (n *Node) Journal() *journal.Journal { return n.journal }

// ReadModel returns the read model, nil in a node that keeps none.
func (n *Node) ReadModel() *readmodel.Model { return n.model }

// View leases a state version for reading, 0 = the last. The caller closes it.
func (n *Node) View(height int64) (*store.View, error) { return n.app.View(height) }

// Genesis returns the chain's genesis.json.
func (n *Node) Genesis() []byte { return n.genesisFile }

// LightBlock returns a block's header with the votes for it, and the validators that
// voted: CometBFT's SignedHeader and ValidatorSet in protobuf. It waits for a block that
// is not committed yet until ctx ends, because the proof of a block's state needs the
// header of the next one.
func (n *Node) LightBlock(ctx context.Context, height int64) (header, validators []byte, err error) {
	if err := n.journal.Wait(ctx, height); err != nil {
		return nil, nil, err
	}
	signed, err := n.signedHeader(height)
	if err != nil {
		return nil, nil, fmt.Errorf("header of block %d: %w", height, err)
	}
	set, err := n.validatorsAt(height)
	if err != nil {
		return nil, nil, fmt.Errorf("validators of block %d: %w", height, err)
	}
	pb, err := set.ToProto()
	if err != nil {
		return nil, nil, fmt.Errorf("validators of block %d: %w", height, err)
	}
	if validators, err = pb.Marshal(); err != nil {
		return nil, nil, fmt.Errorf("validators of block %d: %w", height, err)
	}
	header, err = signed.ToProto().Marshal()
	return header, validators, err
}

// Transactions returns a block's transactions as CometBFT keeps them.
func (n *Node) Transactions(height int64) ([][]byte, error) {
	blocks := n.stores.BlockStore
	block := blocks.LoadBlock(height)
	if block == nil {
		return nil, journal.ErrNoBlock{Asked: height, First: blocks.Base(), Last: blocks.Height()}
	}
	return block.Txs.ToSliceOfBytes(), nil
}

// signedHeader reads a header with the votes for it. The votes of the newest block are
// those that this node has seen; the next block settles which count.
func (n *Node) signedHeader(height int64) (*cmttypes.SignedHeader, error) {
	blocks := n.stores.BlockStore
	meta := blocks.LoadBlockMeta(height)
	if meta == nil {
		return nil, journal.ErrNoBlock{Asked: height, First: blocks.Base(), Last: blocks.Height()}
	}
	commit := blocks.LoadBlockCommit(height)
	if commit == nil {
		commit = blocks.LoadSeenCommit(height)
	}
	if commit == nil {
		return nil, fmt.Errorf("this node has no votes for it")
	}
	return &cmttypes.SignedHeader{Header: &meta.Header, Commit: commit}, nil
}

// Status says how the node is doing.
func (n *Node) Status(context.Context) types.Status {
	last := n.app.Last()
	return types.Status{
		Version:    Version(),
		Chain:      n.genesis.Chain,
		Genesis:    n.genesisHash,
		Member:     n.cfg.Member,
		Validator:  n.isValidator(last.Height),
		Height:     last.Height,
		Time:       last.Time,
		AppHash:    last.AppHash,
		BlockHash:  last.Hash,
		CatchingUp: n.comet.ConsensusReactor().WaitSync(),
		Peers:      n.comet.Switch().Peers().Size(),
		Pool:       n.app.PoolStatus(),
		Journal:    max(n.journal.Last(), 0),
		JournalOf:  max(n.journal.First(), 0),
		ReadModel:  n.modelHeight(),
		Oldest:     n.state.Oldest(),
		RSS:        residentBytes(),
		CPU:        processorTime().Milliseconds(),
	}
}

// validatorsAt loads the validators of a block. CometBFT's own function also works out
// whose turn it was, step by step since the set last changed, which nobody asks here.
func (n *Node) validatorsAt(height int64) (*cmttypes.ValidatorSet, error) {
	fast, ok := n.stores.StateStore.(interface {
		LoadValidatorsFast(height int64) (*cmttypes.ValidatorSet, error)
	})
	if !ok {
		return n.stores.StateStore.LoadValidators(height)
	}
	return fast.LoadValidatorsFast(height)
}

// isValidator reports whether this node's key is among the validators of the next block.
func (n *Node) isValidator(last int64) bool {
	set, err := n.validatorsAt(max(last+1, n.genesis.InitialHeight))
	return err == nil && set.HasAddress(n.stores.PubKey.Address())
}

// Version is the program's version: the module's, with the commit it was built from where
// that is known.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(version, s.Value[:min(12, len(s.Value))]) {
			version += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return version
}

// residentBytes is the process' resident memory, 0 where there is no /proc.
func residentBytes() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// processorTime is the processor time that the process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
