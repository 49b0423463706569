package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// Slow peers are dropped: those who take longer to send a whole body, and those who
// take longer to read one piece of an answer.
const (
	bodyTimeout  = 30 * time.Second
	pieceTimeout = 30 * time.Second
	piece        = 1 << 20
)

// ServeHTTP answers one request and counts it.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, began: time.Now(), control: http.NewResponseController(w)}
	handler, pattern := g.mux.Handler(r)
	path := pattern[strings.IndexByte(pattern, ' ')+1:] // without the method, if it names one
	route := strings.NewReplacer("{key...}", "{key}", "{$}", "").Replace(path)
	defer g.finish(x, r, route)
	if pattern == "" {
		unrouted(x, r, handler)
		return
	}
	most := bodyLimit(path)
	if r.ContentLength < 0 && most > usualBody || r.ContentLength > usualBody && r.ContentLength <= most {
		if !enterWithin(r.Context(), g.large, largeWait) {
			x.writeProblem(notNow(time.Second, "the node is reading other large requests"))
			return
		}
		defer func() { <-g.large }()
	}
	x.limitBody(r, most)
	g.mux.ServeHTTP(x, r)
}

// A body takes many times its size in memory while it is read.
const (
	usualBody = maxBatchBytes + piece // bytes
	maxLarge  = 2                     // larger bodies at the same time
	largeWait = 5 * time.Second       // for one's turn
)

// bodyLimits are the routes that take more than the others, in bytes.
var bodyLimits = map[string]int64{"/v1/documents": maxSealedBody, "/v1/ceb/check": maxCheckBody}

func bodyLimit(path string) int64 {
	if most, larger := bodyLimits[path]; larger {
		return most
	}
	return usualBody
}

// enterWithin waits for a request's turn, which ends with a receive.
func enterWithin(ctx context.Context, turns chan struct{}, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case turns <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// finish counts the request and answers in place of a handler that panicked.
func (g *gateway) finish(x *exchange, r *http.Request, route string) {
	fault := recover()
	if fault != nil && x.status == 0 {
		g.opts.Logger.Error("request panicked", "route", route, "panic", fault, "stack", string(debug.Stack()))
		p := newProblem(http.StatusInternalServerError, 0, "", "the node failed; its log says more")
		x.writeProblem(p)
		fault = nil
	}
	if x.status == 0 {
		x.status = http.StatusOK // an answer without a body
	}
	g.metrics.answered(route, x.status, time.Since(x.began))
	if fault == nil {
		return
	}
	if x.broken == nil && fault != http.ErrAbortHandler {
		g.opts.Logger.Error("answer broken off", "route", route, "panic", fault, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler) // the caller must not take half an answer for a whole one
}

// exchange is one request's answer on its way out.
type exchange struct {
	http.ResponseWriter
	control *http.ResponseController
	began   time.Time
	status  int   // 0 until the header is written
	broken  error // first failed write: the caller is gone
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write gives the caller time for each piece, however long the answer is.
func (x *exchange) Write(b []byte) (n int, err error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	for more := true; more && err == nil; more = n < len(b) {
		x.control.SetWriteDeadline(time.Now().Add(pieceTimeout)) // where it is not supported, nobody waits
		var m int
		m, err = x.ResponseWriter.Write(b[n:min(n+piece, len(b))])
		n += m
	}
	if err != nil && x.broken == nil {
		x.broken = err
	}
	return n, err
}

func (x *exchange) writeProblem(p *problem) {
	x.Header().Set("Content-Type", mediaProblem)
	x.WriteHeader(p.Status)
	json.NewEncoder(x).Encode(p)
}

// limitBody bounds what is read of a body, and how long that takes.
func (x *exchange) limitBody(r *http.Request, most int64) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	x.control.SetReadDeadline(time.Now().Add(bodyTimeout))
	r.Body = &body{http.MaxBytesReader(x.ResponseWriter, r.Body, most), x.control}
}

// body takes the deadline away when it was read to its end: the server goes on reading to
// notice when the caller leaves, and would take the deadline for that.
type body struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// unrouted turns the ServeMux' own answers, which are plain text, into problems.
func unrouted(x *exchange, r *http.Request, h http.Handler) {
	a := &unwritten{header: http.Header{}, status: http.StatusNotFound}
	h.ServeHTTP(a, r)
	p := newProblem(a.status, 0, "", fmt.Sprintf("%s %.200s: there is no such route; /openapi.json lists them", r.Method, r.URL.Path))
	if allow := a.header.Get("Allow"); allow != "" {
		x.Header().Set("Allow", allow)
		p.Detail = fmt.Sprintf("%s %.200s: this route answers %s", r.Method, r.URL.Path, allow)
	}
	x.writeProblem(p)
}

// unwritten takes an answer that is not sent.
type unwritten struct {
	header http.Header
	status int
}

func (u *unwritten) Header() http.Header         { return u.header }
func (u *unwritten) Write(b []byte) (int, error) { return len(b), nil }
func (u *unwritten) WriteHeader(status int)      { u.status = status }
