package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

// gauge reads from time to time how the nodes are doing.
type gauge struct {
	nodes []*client.Client

	mu     sync.Mutex
	last   []types.Status
	rss    []int64                      // most seen, bytes
	hashes map[int64]map[int]types.Hash // app hash by height and node
}

func newGauge(nodes []*client.Client) *gauge {
	return &gauge{
		nodes: nodes, last: make([]types.Status, len(nodes)), rss: make([]int64, len(nodes)),
		hashes: map[int64]map[int]types.Hash{},
	}
}

// read asks every node once, all at the same time.
func (g *gauge) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	errs := make([]error, len(g.nodes))
	var all sync.WaitGroup
	for i, n := range g.nodes {
		all.Go(func() {
			s, err := n.Status(ctx)
			if err == nil {
				g.enter(i, s)
			}
			errs[i] = err
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (g *gauge) enter(node int, s *types.Status) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last[node] = *s
	g.rss[node] = max(g.rss[node], s.RSS)
	at := g.hashes[s.Height]
	if at == nil {
		at = map[int]types.Hash{}
		g.hashes[s.Height] = at
	}
	at[node] = s.AppHash
}

// poll reads until the context ends.
func (g *gauge) poll(ctx context.Context, every time.Duration) {
	for ctx.Err() == nil {
		g.read(ctx) // a node that is gone is noticed by who sends to it
		pause(ctx, every)
	}
}

// mark is the processor time that everything has used at a moment.
type mark struct {
	at    time.Time
	nodes []int64 // milliseconds
	own   time.Duration
	all   time.Duration // of the whole machine; 0 where that is not known
}

func (g *gauge) mark(ctx context.Context) (mark, error) {
	if err := g.read(ctx); err != nil {
		return mark{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := mark{at: time.Now(), own: ownCPU(), all: machineCPU()}
	for _, s := range g.last {
		m.nodes = append(m.nodes, s.CPU)
	}
	return m, nil
}

// machineCPU is the processor time that all programs on this machine have used since it
// was started, with what its host took away, by the kernel's count; 0 where there is none.
func machineCPU() time.Duration {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	var ticks int64
	for i, field := range strings.Fields(line) {
		const label, idle, waiting, steal = 0, 4, 5, 8 // what follows steal is counted before
		if i == label || i == idle || i == waiting || i > steal {
			continue
		}
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	const perSecond = 100 // on every Linux, whatever its own clock
	return time.Duration(ticks) * time.Second / perSecond
}

// agree reads until every node has told its app hash of one same height, and reports
// whether all are equal. It fails when the nodes do not meet at a height in time.
func (g *gauge) agree(ctx context.Context, within time.Duration) (height int64, equal bool, err error) {
	for deadline := time.Now().Add(within); ; pause(ctx, 10*time.Millisecond) {
		err := g.read(ctx)
		if height, equal, ok := g.compared(); ok && err == nil {
			return height, equal, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return 0, false, fmt.Errorf("the nodes did not meet at one height within %s: %w", within, errors.Join(err, ctx.Err()))
		}
	}
}

// compared looks for the last height that every node has told the app hash of.
func (g *gauge) compared() (height int64, equal, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for h, at := range g.hashes {
		if len(at) == len(g.nodes) && h > height {
			height, ok = h, true
		}
	}
	for _, hash := range g.hashes[height] {
		if hash != g.hashes[height][0] {
			return height, false, ok
		}
	}
	return height, true, ok
}
