package vault

import "github.com/prometheus/client_golang/prometheus"

type metrics struct{ stored, refused, forwarded, failed, erased prometheus.Counter }

func newMetrics(v *Vault, r *prometheus.Registry) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "carya_vault_" + name, Help: help})
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help, query string) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "carya_vault_" + name, Help: help}, func() (n float64) {
			if err := v.db.QueryRow(query).Scan(&n); err != nil {
				return -1
			}
			return n
		}))
	}
	gauge("pending", "Deliveries that wait to be carried to other members' nodes; -1: the vault cannot be read.", "SELECT count(*) FROM outbox")
	gauge("bytes", "Bytes of all deliveries in the vault; -1: it cannot be read.", "SELECT bytes FROM total")
	return &metrics{
		stored:    counter("stored_total", "Deliveries taken that were new."),
		refused:   counter("refused_total", "Deliveries refused."),
		forwarded: counter("forwarded_total", "Deliveries carried to another member's node."),
		failed:    counter("failures_total", "Tries to carry a delivery that failed."),
		erased:    counter("erased_total", "Deliveries erased."),
	}
}
