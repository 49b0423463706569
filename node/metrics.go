package node

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// openMetrics puts the node's own metrics into its registry. They are read when somebody
// asks, and cost nothing before.
func (n *Node) openMetrics() error {
	gauges := []struct {
		name, help string
		read       func() float64
	}{
		{"carya_height", "Last committed block.", func() float64 { return float64(n.app.Last().Height) }},
		{"carya_time_seconds", "Time of the last committed block, Unix seconds.", func() float64 { return float64(n.app.Last().Time) / 1000 }},
		{"carya_peers", "Connected nodes of other members.", func() float64 { return float64(n.comet.Switch().Peers().Size()) }},
		{"carya_pool_transactions", "Transactions that wait for a block.", func() float64 { return float64(n.app.PoolStatus().Transactions) }},
		{"carya_pool_bytes", "Bytes of the transactions that wait for a block.", func() float64 { return float64(n.app.PoolStatus().Bytes) }},
		{"carya_state_oldest", "Oldest state version that can be read and proven.", func() float64 { return float64(n.state.Oldest()) }},
		{"carya_journal_first", "First block in the journal.", func() float64 { return float64(max(n.journal.First(), 0)) }},
		{"carya_readmodel_height", "Last block in the read model.", func() float64 { return float64(n.modelHeight()) }},
	}
	all := []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
	for _, g := range gauges {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, g.read))
	}
	for _, c := range all {
		if err := n.registry.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// modelHeight is the last block in the read model, 0 without one.
func (n *Node) modelHeight() int64 {
	if n.model == nil {
		return 0
	}
	return n.model.Height()
}
