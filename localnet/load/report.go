package load

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/caryaledger/carya/types"
)

// Report is what a run measured.
type Report struct {
	Scenario string  `json:"scenario"`
	Rate     int     `json:"rate"` // transactions, or sets, a second asked for; 0 = closed loop
	InFlight int     `json:"in_flight,omitempty"`
	Bodies   int     `json:"bodies"` // of each transaction; sets in a batch
	Seconds  float64 `json:"duration_s"`
	Prepared int64   `json:"signed_before"`   // transactions signed before the window
	SignS    float64 `json:"signed_before_s"` // that it took
	Signed   int64   `json:"signed"`          // in all; the rest was signed while sending

	TxPerS     float64 `json:"tx_per_s"`
	BodiesPerS float64 `json:"bodies_per_s"`
	P50        float64 `json:"p50_ms"`
	P95        float64 `json:"p95_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`

	Stages []StageReport `json:"stages,omitempty"` // of a scenario that has them
	Trade  *TradeReport  `json:"trade,omitempty"`

	Sent        int            `json:"sent"`
	Committed   int            `json:"committed"`
	Refused     int            `json:"refused"`
	Refusals    map[string]int `json:"refusals,omitempty"` // by code: transactions, and bodies of those that were not refused as a whole
	Uncommitted int            `json:"uncommitted"`        // neither in a block nor refused when the drain ended
	Busy        int            `json:"busy"`               // answers "not now"; each transaction was sent again
	DrainS      float64        `json:"drain_s"`

	AppHashEqual bool       `json:"app_hash_equal"`
	AppHash      types.Hash `json:"app_hash"`
	Height       int64      `json:"height"` // at which the app hashes were compared
	Blocks       int        `json:"blocks"`

	Nodes     []NodeReport `json:"nodes"`
	Generator float64      `json:"generator_cpu_cores"`
	Others    float64      `json:"other_cpu_cores"` // that other programs on this machine used meanwhile; 0 if not known

	Baseline float64 `json:"baseline_tx_per_s,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"`
}

// NodeReport is what the load cost a node.
type NodeReport struct {
	Member string  `json:"member"`
	CPU    float64 `json:"cpu_cores"` // in the window
	RSS    float64 `json:"rss_mb"`    // most seen, 10^6 bytes
}

// StageReport is what became of the transactions of one stage.
type StageReport struct {
	Stage      string  `json:"stage"`
	BodiesPerS float64 `json:"bodies_per_s"`
	P50        float64 `json:"p50_ms"` // from due, which is when what they waited for was seen in a block
	P99        float64 `json:"p99_ms"`
}

// TradeReport is what became of the orders.
type TradeReport struct {
	Documents float64 `json:"documents_per_s"` // orders, payments, waybills and lists
	Customs   float64 `json:"customs_per_s"`   // grants and decisions
	Sets      float64 `json:"sets_per_s"`      // lists: each stands for a matched order and its grant
	P50       float64 `json:"verdict_p50_ms"`  // from when its documents were due to the block that has all three
	P99       float64 `json:"verdict_p99_ms"`
	Peak      float64 `json:"of_peak"` // sets, as a share of PeakSets
}

// PeakSets is China's national record in declarations a second: 85,000 in a minute of the
// sales of June 2024.
const PeakSets = 85_000 / 60.0

// hashWait is how long the nodes have to meet at one height after the run.
const hashWait = 20 * time.Second

func (r *run) report(ctx context.Context) (*Report, error) {
	t := r.book.tally()
	p := &Report{
		Scenario: r.o.Scenario, Rate: r.o.Rate, Bodies: r.o.Bodies, Seconds: r.o.Duration.Seconds(),
		Prepared: r.prepared, SignS: r.preparation.Seconds(), Signed: r.mill.signed.Load(),
		Sent: t.Sent, Committed: t.Committed, Uncommitted: t.Open, Busy: t.Busy, DrainS: r.drained.Seconds(),
		Blocks: len(r.book.blocks),
	}
	if r.o.Rate == 0 {
		p.InFlight = r.o.inFlight()
	}
	for code, n := range t.Refused {
		if p.Refusals == nil {
			p.Refusals = map[string]int{}
		}
		p.Refusals[code.String()] += n
		p.Refused += n
	}
	all := r.book.latency
	p.P50, p.P95 = r.book.percentile(all, 50), r.book.percentile(all, 95)
	p.P99, p.Max = r.book.percentile(all, 99), r.book.percentile(all, 100)
	v := r.book.throughput(r.start, r.start.Add(r.o.Duration))
	p.TxPerS, p.BodiesPerS = v.txs, v.bodies
	if staged(r.o.Scenario) {
		r.trade(p, &v)
	}
	r.costs(p)
	return p, r.compare(ctx, p)
}

// trade enters the figures of a scenario with stages.
func (r *run) trade(p *Report, v *speed) {
	t := &TradeReport{
		Sets: v.stages[listStage], Peak: v.stages[listStage] / PeakSets,
		P50: r.book.percentile(r.book.verdict, 50), P99: r.book.percentile(r.book.verdict, 99),
	}
	for i, stage := range stages[:stagesOf(r.o.Scenario)] {
		if stage.document {
			t.Documents += v.stages[i]
		} else {
			t.Customs += v.stages[i]
		}
		took := r.book.stages[i]
		p.Stages = append(p.Stages, StageReport{stage.name, v.stages[i], r.book.percentile(took, 50), r.book.percentile(took, 99)})
	}
	p.Trade = t
}

// costs enters what the window cost each node and the generator.
func (r *run) costs(p *Report) {
	wall := r.over.at.Sub(r.before.at).Seconds()
	for i, n := range r.net.Nodes {
		p.Nodes = append(p.Nodes, NodeReport{
			Member: n.Member,
			CPU:    float64(r.over.nodes[i]-r.before.nodes[i]) / 1000 / wall,
			RSS:    float64(r.gauge.rss[i]) / 1e6,
		})
	}
	p.Generator = (r.over.own - r.before.own).Seconds() / wall
	p.Others = (r.over.all-r.before.all).Seconds()/wall - p.Generator
	for _, n := range p.Nodes {
		p.Others -= n.CPU
	}
	p.Others = max(0, p.Others)
}

func (r *run) compare(ctx context.Context, p *Report) (err error) {
	p.Height, p.AppHashEqual, err = r.gauge.agree(ctx, hashWait)
	if err != nil {
		return err
	}
	p.AppHash = r.gauge.hashes[p.Height][0]
	return nil
}

// Against enters the figures of the same load on a network without rules and state.
func (p *Report) Against(ceiling *Report) {
	p.Baseline = ceiling.TxPerS
	if ceiling.TxPerS > 0 {
		p.Ratio = p.TxPerS / ceiling.TxPerS
	}
}

// Write prints the report for people.
func (p *Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("load", "%s", p.load())
	line("prepared", "%d transactions signed before the window in %.1f s, %d while sending", p.Prepared, p.SignS, p.Signed-p.Prepared)
	line("committed", "%.0f transactions/s, %.0f bodies/s (%d of %d sent, drained in %.1f s)", p.TxPerS, p.BodiesPerS, p.Committed, p.Sent, p.DrainS)
	line("latency", "p50 %.0f ms, p95 %.0f ms, p99 %.0f ms, max %.0f ms from due to seen in a block", p.P50, p.P95, p.P99, p.Max)
	for _, s := range p.Stages {
		line("  "+s.Stage, "%.0f/s, p50 %.0f ms, p99 %.0f ms", s.BodiesPerS, s.P50, s.P99)
	}
	if t := p.Trade; t != nil {
		line("trade", "%.0f documents/s and %.0f words of customs/s; match verdict p50 %.0f ms, p99 %.0f ms", t.Documents, t.Customs, t.P50, t.P99)
		line("sets", "%.0f/s, %.0f declarations a minute: %.0f %% of China's record, 85,000", t.Sets, 60*t.Sets, 100*t.Peak)
	}
	line("refused", "%s; %d answers \"busy\", each sent again; %d not committed", p.refusals(), p.Busy, p.Uncommitted)
	for _, n := range p.Nodes {
		line(n.Member, "%.2f cores, %.0f MB", n.CPU, n.RSS)
	}
	line("generator", "%.2f cores; %.2f cores for what else runs on this machine", p.Generator, p.Others)
	line("app hash", "%s at height %d", map[bool]string{true: "equal on every node", false: "NOT EQUAL"}[p.AppHashEqual], p.Height)
	if p.Baseline > 0 {
		line("ceiling", "%.0f transactions/s without rules and state: ratio %.2f", p.Baseline, p.Ratio)
	}
	return t.Flush()
}

func (p *Report) load() string {
	pace := fmt.Sprintf("%d transactions/s", p.Rate)
	if p.Trade != nil {
		pace = fmt.Sprintf("%d sets/s", p.Rate)
	}
	if p.Rate == 0 {
		pace = fmt.Sprintf("as fast as taken, %d in flight", p.InFlight)
	}
	return fmt.Sprintf("%s, %d bodies each, scenario %s, %.0f s", pace, p.Bodies, p.Scenario, p.Seconds)
}

func (p *Report) refusals() string {
	if p.Refused == 0 {
		return "none"
	}
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(p.Refusals)) {
		parts = append(parts, fmt.Sprintf("%d %s", p.Refusals[code], code))
	}
	return strings.Join(parts, ", ")
}

func newSecret() (s types.Secret) {
	rand.Read(s[:])
	return s
}
