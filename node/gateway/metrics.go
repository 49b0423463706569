package gateway

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caryaledger/carya/types"
)

// metrics is what the gateway counts. Labels come from the routes and from the
// catalogues of kinds and codes, never from what a caller writes.
type metrics struct {
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	outcomes *prometheus.CounterVec
	streams  prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carya_gateway_requests_total", Help: "Requests answered, by route and HTTP status.",
		}, []string{"route", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "carya_gateway_request_seconds", Help: "Time to answer, waiting included where the caller asked for it.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9), // 0.5 ms to 33 s
		}, []string{"route"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carya_gateway_submitted_total", Help: "Transactions submitted, by kind and what the pool said; kind is empty when it could not be read.",
		}, []string{"kind", "code"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carya_gateway_streams", Help: "Open streams of blocks.",
		}),
	}
	r.MustRegister(m.requests, m.latency, m.outcomes, m.streams)
	return m
}

// answered counts a request. A stream is open for as long as somebody looks at it, which
// says nothing about the node.
func (m *metrics) answered(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	if route != streamPath {
		m.latency.WithLabelValues(route).Observe(took.Seconds())
	}
}

// outcome is what the pool said to a transaction.
type outcome struct {
	kind string
	code types.Code
	odd  bool // not even a refusal: the node's own fault
}

func outcomeOf(v *types.Verified, err error) outcome {
	var o outcome
	if v != nil {
		o.kind = v.Transaction.Kind
	}
	code, ok := types.CodeOf(err)
	o.code, o.odd = code, !ok
	return o
}

func (m *metrics) submitted(o outcome, n int) {
	code := o.code.String()
	if o.odd {
		code = "FAULT"
	}
	m.outcomes.WithLabelValues(o.kind, code).Add(float64(n))
}
