package epcisrest

import "github.com/prometheus/client_golang/prometheus"

// metrics is what the interface counts beyond what the gateway counts of all requests.
type metrics struct {
	events     *prometheus.CounterVec
	jobs       prometheus.Gauge
	deliveries *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carya_epcis_captured_total", Help: "Events handed to the ledger by EPCIS clients, by the ledger's code.",
		}, []string{"code"}),
		jobs: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carya_epcis_jobs_running", Help: "Capture jobs that have not finished.",
		}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carya_epcis_deliveries_total", Help: "Documents delivered to subscribers, by outcome: ok or failed.",
		}, []string{"outcome"}),
	}
	r.MustRegister(m.events, m.jobs, m.deliveries)
	return m
}
