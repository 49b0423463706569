package node

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"go.uber.org/goleak"

	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
)

// newHome makes the home of a chain's only validator, with ports that are free.
func newHome(t *testing.T, set ...string) string {
	t.Helper()
	dir := t.TempDir()
	member := testGenesis().Members[0]
	id, err := InitHome(dir, InitOptions{Member: member, Set: append([]string{
		"p2p.listen=127.0.0.1:0", "api.listen=127.0.0.1:0", "rpc.listen=", "consensus.timeout_commit=10ms",
	}, set...)})
	must(t, err)
	g := testGenesis()
	g.Time = time.Now().UnixMilli()
	g.Members = []types.GenesisMember{id.Description.GenesisMember}
	data, err := WriteGenesis(g)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, fileGenesis), data, 0o600))
	return dir
}

// runNode runs the node of a home until the test calls what it returns, or ends.
func runNode(t *testing.T, dir string) (*Node, func()) {
	t.Helper()
	return loggedNode(t, dir, new(lockedBuffer))
}

// loggedNode is runNode with a log for the test.
func loggedNode(t *testing.T, dir string, log *lockedBuffer) (*Node, func()) {
	t.Helper()
	cfg, err := ReadConfig(filepath.Join(dir, fileConfig))
	must(t, err)
	n, err := New(t.Context(), dir, cfg, Options{Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			text := log.String()
			t.Errorf("the node of %s: %v\n%s", dir, err, text[max(0, len(text)-10_000):])
		}
	})
	t.Cleanup(stop) // where the test fails
	return n, stop
}

// lockedBuffer takes the logs of several nodes while a test reads them.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func reach(t *testing.T, n *Node, height int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	must(t, n.Journal().Wait(ctx, height))
}

func TestNode(t *testing.T) {
	defer goleak.VerifyNone(t, append(leaks, goleak.IgnoreCurrent())...)
	dir := newHome(t)
	n, stop := runNode(t, dir)
	initial := n.genesis.InitialHeight
	reach(t, n, initial+2)
	s := n.Status(t.Context())
	if s.Height < initial+2 || !s.Validator || s.Member != "aa" || s.JournalOf != initial-1 || s.CatchingUp {
		t.Errorf("status %+v", s)
	}
	if s.RSS <= 0 || s.CPU <= 0 || s.Genesis != n.genesisHash || s.AppHash.IsZero() {
		t.Errorf("status %+v", s)
	}
	checkLightBlock(t, n, initial+1)
	resp, err := http.Get("http://" + n.Gateway().String() + "/v1/status")
	must(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	must(t, err)
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	genesisBlock, err := n.Journal().Block(initial - 1)
	must(t, err)
	if len(genesisBlock.Events) == 0 {
		t.Error("the genesis does not stand in the journal")
	}
	stop()

	n, stop = runNode(t, dir)
	reached := n.Journal().Last()
	if reached < initial+2 {
		t.Errorf("after a restart the journal shows blocks up to %d", reached)
	}
	reach(t, n, reached+3)
	stop()
}

// leaks are goroutines that CometBFT leaves behind when it has stopped.
var leaks = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/cometbft/cometbft/libs/autofile.OpenAutoFile.func1"),
	goleak.IgnoreAnyFunction("github.com/cometbft/cometbft/libs/autofile.(*AutoFile).closeFileRoutine"),
	goleak.IgnoreAnyFunction("github.com/cometbft/cometbft/internal/guard.NewWithInterval[...].func2"),
}

func checkLightBlock(t *testing.T, n *Node, height int64) {
	t.Helper()
	header, validators, err := n.LightBlock(t.Context(), height)
	must(t, err)
	var hp cmtproto.SignedHeader
	must(t, hp.Unmarshal(header))
	h, err := cmttypes.SignedHeaderFromProto(&hp)
	must(t, err)
	var vp cmtproto.ValidatorSet
	must(t, vp.Unmarshal(validators))
	v, err := cmttypes.ValidatorSetFromProto(&vp)
	must(t, err)
	light := &cmttypes.LightBlock{SignedHeader: h, ValidatorSet: v}
	must(t, light.ValidateBasic(n.genesis.Chain))
	must(t, v.VerifyCommitLight(n.genesis.Chain, h.Commit.BlockID, height, h.Commit))
	block, err := n.Journal().Block(height)
	must(t, err)
	if block.Hash != types.Hash(h.Hash()) {
		t.Errorf("block %d has hash %s in the journal, %X in the header", height, block.Hash, h.Hash())
	}
}

// TestTwoNodesInOneProcess: CometBFT's metrics would panic in a common registry.
func TestTwoNodesInOneProcess(t *testing.T) {
	a, stopA := runNode(t, newHome(t))
	b, stopB := runNode(t, newHome(t))
	reach(t, a, 8)
	reach(t, b, 8)
	families, err := a.registry.Gather()
	must(t, err)
	found := false
	for _, f := range families {
		found = found || f.GetName() == "cometbft_consensus_height"
	}
	if !found {
		t.Errorf("no consensus metrics in the registry: %d families", len(families))
	}
	stopA()
	stopB()
}

// TestHeal: a journal that a crash left ahead of the state loses what is ahead.
func TestHeal(t *testing.T) {
	dir := newHome(t)
	n, stop := runNode(t, dir)
	reach(t, n, 9)
	stop()
	j, err := journal.Open(filepath.Join(dir, "data", "journal"), n.genesis.InitialHeight)
	must(t, err)
	j.Committed(1 << 40)
	ahead := &types.Block{Height: j.Last() + 1, Time: 1}
	must(t, j.Append(ahead))
	must(t, j.Close())
	n, stop = runNode(t, dir)
	reach(t, n, ahead.Height)
	b, err := n.Journal().Block(ahead.Height)
	must(t, err)
	if b.Time == ahead.Time {
		t.Error("a block that was never committed is shown")
	}
	stop()
}

func TestNewRefusesSecondNodeOfHome(t *testing.T) {
	dir := newHome(t)
	_, stop := runNode(t, dir)
	defer stop()
	cfg, err := ReadConfig(filepath.Join(dir, fileConfig))
	must(t, err)
	if _, err := New(t.Context(), dir, cfg, Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
}

// TestConsensusFailureEndsNode: CometBFT would go on without ever voting again.
func TestConsensusFailureEndsNode(t *testing.T) {
	dir := newHome(t)
	cfg, err := ReadConfig(filepath.Join(dir, fileConfig))
	must(t, err)
	n, err := New(t.Context(), dir, cfg, Options{Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(context.Background()) }()
	reach(t, n, 8)
	must(t, n.state.Close()) // the next block cannot be executed
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "consensus has stopped") || !strings.Contains(err.Error(), "closed") {
			t.Errorf("got %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the node goes on")
	}
}
