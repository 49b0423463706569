package load

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/caryaledger/carya/client"
)

// Options say what load to put on a network.
type Options struct {
	Rate     int           // transactions a second, or sets where a scenario has stages; 0 = as fast as the network takes them
	Duration time.Duration // of the measured window
	Bodies   int           // of each transaction; in a scenario with stages also sets in a batch
	Scenario string        // of Scenarios
	InFlight int           // with rate 0: transactions on their way at any time; 0 = a number that suits the bodies
}

// batchSets is the number of sets in a batch that suits the trade.
const batchSets = 100

// Fill gives bodies that are 0 their number.
func (o *Options) Fill() {
	switch {
	case o.Bodies != 0:
	case staged(o.Scenario):
		o.Bodies = batchSets
	default:
		o.Bodies = 1
	}
}

// Check says what is wrong with the options.
func (o *Options) Check() error {
	switch {
	case o.Rate < 0 || o.Rate > 100_000:
		return fmt.Errorf("rate %d: 0 to 100000 transactions a second", o.Rate)
	case o.Duration < time.Second || o.Duration > 24*time.Hour:
		return fmt.Errorf("duration %s: 1s to 24h", o.Duration)
	case o.Bodies < 1 || o.Bodies > 1000:
		return fmt.Errorf("bodies %d: 1 to 1000", o.Bodies)
	case !slices.Contains(Scenarios, o.Scenario):
		return fmt.Errorf("scenario %q: one of %v", o.Scenario, Scenarios)
	case o.InFlight < 0:
		return fmt.Errorf("in flight %d: must not be negative", o.InFlight)
	}
	return nil
}

// Network is what the load is put on.
type Network struct {
	Nodes []Node
	Cast  Cast
}

// Node is one node of it.
type Node struct {
	Member string
	URL    string
}

// Progress is how a run stands.
type Progress struct {
	Phase   string        // signing, sending or draining
	Elapsed time.Duration // since the phase began
	Signed  int64
	PerS    float64 // committed in the last second
	tally
}

const (
	// stockTime is for how much sending at most is signed ahead, so that nothing
	// expires before it is sent: transactions live up to ten minutes.
	stockTime = 4 * time.Minute
	// stockBytes bounds the memory of what is signed ahead.
	stockBytes = 256 << 20
	// guess is the throughput in bodies a second that a closed loop is prepared for.
	guess = 12_000
	// drainTime is how long after the window what was sent may still be committed.
	drainTime = 30 * time.Second
)

// Run puts a load on a network and measures. The progress is told about once a second.
func Run(ctx context.Context, net Network, o Options, progress func(Progress)) (*Report, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	// The generator has memory to spare and no processor time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{net: net, o: o, book: newBook(), progress: progress, fail: cancel}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if err := r.measure(ctx); err != nil {
		return nil, err
	}
	return r.report(ctx)
}

// run is one run from preparation to report.
type run struct {
	net      Network
	o        Options
	book     *book
	mill     *mill
	gauge    *gauge
	lanes    []*lane
	progress func(Progress)
	fail     context.CancelCauseFunc

	prepared     int64         // transactions signed before the window
	preparation  time.Duration // that it took
	start        time.Time
	before, over mark
	drained      time.Duration
}

// prepare connects to the nodes and signs ahead.
func (r *run) prepare(ctx context.Context) error {
	var nodes []*client.Client
	for _, n := range r.net.Nodes {
		c, err := client.New(n.URL)
		if err != nil {
			return err
		}
		nodes = append(nodes, c)
		r.lanes = append(r.lanes, &lane{node: c, book: r.book, queue: make(chan []*item, backlog)})
	}
	r.gauge = newGauge(nodes)
	if err := r.gauge.read(ctx); err != nil {
		return err
	}
	begin := time.Now()
	total, stock := r.o.stock()
	r.mill = newMill(ctx, r.script(), total, stock, min(9*time.Minute, r.o.Duration+3*time.Minute))
	for {
		select {
		case <-r.mill.full:
			r.prepared, r.preparation = r.mill.signed.Load(), time.Since(begin)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
			r.tell("signing", begin, 0)
		}
	}
}

// pace is how the options' load is sent.
func (o *Options) pace() pace {
	if staged(o.Scenario) {
		return pace{o.Rate, o.Bodies, atOnce}
	}
	return pace{o.Rate, 1, 1}
}

// stock is how many units are needed, 0 for as many as are taken, and how many of them are
// signed ahead.
func (o *Options) stock() (total, stock int) {
	transactions := stagesOf(o.Scenario)
	most := max(1, stockBytes/(transactions*(400+450*o.Bodies)))
	if o.Rate == 0 {
		seconds := int(min(o.Duration, stockTime) / time.Second)
		return 0, min(most, seconds*max(1, guess/(transactions*(1+o.Bodies))))
	}
	p := o.pace()
	total = p.due(o.Duration, o.Duration)
	return total, min(most, total, p.due(stockTime-time.Second, stockTime))
}

func (r *run) script() *script {
	o := &r.o
	bodies := stagesOf(o.Scenario)
	if staged(o.Scenario) {
		bodies *= o.Bodies
	}
	step := time.Duration(bodies) * time.Second / guess
	if o.Rate > 0 {
		p := o.pace()
		step = p.step(1)
	}
	return &script{
		cast: r.net.Cast, scenario: o.Scenario, bodies: o.Bodies,
		run: newSecret(), start: time.Now(), step: step,
	}
}

// inFlight bounds a closed loop: about two seconds of what the network may take, of batches
// one second, as each of their bodies takes more of a node's memory.
func (o *Options) inFlight() int {
	switch {
	case o.InFlight > 0:
		return o.InFlight
	case staged(o.Scenario):
		return max(3*atOnce, min(4000, 4000/o.Bodies))
	}
	return max(32, min(4000, 20_000/o.Bodies))
}

// measure sends for the length of the window and waits for what was sent.
func (r *run) measure(ctx context.Context) (err error) {
	if r.before, err = r.gauge.mark(ctx); err != nil {
		return err
	}
	first := r.gauge.last[0].Height + 1 // before anybody else reads the gauge
	var all sync.WaitGroup
	defer all.Wait()
	working, rest := context.WithCancel(ctx)
	defer rest()
	all.Go(func() { r.gauge.poll(working, 500*time.Millisecond) })
	all.Go(func() { r.check(watch(working, r.net.Nodes[0].URL, first, r.book.seen)) })
	all.Go(func() { r.watchProgress(working) })
	for _, l := range r.lanes {
		all.Go(func() { r.check(l.carry(working)) })
		defer close(l.queue)
	}
	r.start = time.Now()
	p := &pacer{mill: r.mill, book: r.book, lanes: r.lanes, pace: r.o.pace()}
	if err := r.send(ctx, p); err != nil {
		return err
	}
	if r.over, err = r.gauge.mark(ctx); err != nil {
		return err
	}
	begin := time.Now()
	err = p.rest(ctx, drainTime)
	r.drained = time.Since(begin)
	return err
}

// check ends the run with an error of one of its parts.
func (r *run) check(err error) {
	if err != nil {
		r.fail(err)
	}
}

func (r *run) send(ctx context.Context, p *pacer) error {
	if r.o.Rate == 0 {
		return p.closed(ctx, r.o.inFlight(), r.start, r.o.Duration)
	}
	return p.open(ctx, r.start, r.o.Duration)
}

func (r *run) watchProgress(ctx context.Context) {
	before := 0
	for {
		pause(ctx, time.Second)
		if ctx.Err() != nil {
			return
		}
		phase := "sending"
		if time.Since(r.start) > r.o.Duration {
			phase = "draining"
		}
		before = r.tell(phase, r.start, before)
	}
}

// tell passes on how the run stands and returns what is committed.
func (r *run) tell(phase string, since time.Time, before int) (committed int) {
	t := r.book.tally()
	if r.progress != nil {
		r.progress(Progress{
			Phase: phase, Elapsed: time.Since(since), Signed: r.mill.signed.Load(),
			PerS: float64(t.Committed - before), tally: t,
		})
	}
	return t.Committed
}
