package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
)

// Client speaks to one node over HTTP. It may be used by any number of goroutines.
type Client struct {
	base  *url.URL
	http  *http.Client
	now   func() time.Time
	pause func(ctx context.Context, d time.Duration) error
}

// Option changes a Client in the making.
type Option func(*Client)

// WithHTTP makes the client use h, for instance with another transport or client certificates.
func WithHTTP(h *http.Client) Option { return func(c *Client) { c.http = h } }

const (
	// maxAnswer bounds what is read of one answer, in bytes.
	maxAnswer = 256 << 20
	// dialTimeout bounds the connecting; everything else is bounded by the caller's context.
	dialTimeout = 5 * time.Second
)

// New returns a client of the node at an address such as http://127.0.0.1:26680.
func New(node string, options ...Option) (*Client, error) {
	base, err := url.Parse(node)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("node %q: not a web address such as http://127.0.0.1:26680", node)
	}
	c := &Client{base: base, http: &http.Client{Transport: transport()}, now: time.Now, pause: pause}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	t.MaxIdleConnsPerHost = 32
	return t
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close drops the connections that are kept for the next request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Node returns the address that the client speaks to.
func (c *Client) Node() string { return c.base.String() }

// Unreachable is the error of a node that gave no answer.
type Unreachable struct {
	Node string
	Err  error
	sent bool // the request may have reached the node
}

func (u *Unreachable) Error() string {
	return fmt.Sprintf("node %s gives no answer: %v", u.Node, u.Err)
}
func (u *Unreachable) Unwrap() error { return u.Err }

// HTTPError is an error answer without a code of ours: something between us and the node, or no node of Carya at all.
type HTTPError struct {
	Node   string
	Status int
	Detail string
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("node %s answers %d: %s", e.Node, e.Status, e.Detail)
}

// busy is a refusal with the node's wish when to be asked again.
type busy struct {
	*types.Refusal
	after time.Duration // 0 where it has none
}

func (b *busy) Unwrap() error { return b.Refusal }

// request is one question to the node.
type request struct {
	method, path, contentType, accept string
	query                             url.Values
	body                              []byte
}

// answer is a node's answer that is no error.
type answer struct {
	data   []byte
	binary bool // CBOR, not JSON
}

func (c *Client) do(ctx context.Context, r request) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.address(r), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	req.Header.Set("Accept", r.accept)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if len(data) > maxAnswer {
		return nil, &HTTPError{c.Node(), resp.StatusCode, fmt.Sprintf("more than %d bytes", maxAnswer)}
	}
	if resp.StatusCode/100 != 2 {
		return nil, c.problem(resp, data)
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return &answer{data, kind == "application/cbor"}, nil
}

// address joins the node's address with a path. Keys go through url.URL, which escapes the per cent signs in them.
func (c *Client) address(r request) string {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + r.path
	u.RawQuery = r.query.Encode()
	return u.String()
}

func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("node %s: %w", c.Node(), context.Cause(ctx))
	}
	var op *net.OpError
	dial := errors.As(err, &op) && op.Op == "dial"
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // without the address, which Unreachable names
	}
	return &Unreachable{Node: c.Node(), Err: err, sent: !dial}
}

// problem turns an error answer (RFC 9457) into an error: a Refusal where it has a code.
func (c *Client) problem(resp *http.Response, data []byte) error {
	var p types.Problem
	if err := json.Unmarshal(data, &p); err != nil && p.Detail == "" {
		p.Detail = strings.TrimSpace(strings.ToValidUTF8(string(data[:min(len(data), 300)]), "?"))
	}
	if p.Detail == "" {
		p.Detail = first(p.Title, http.StatusText(resp.StatusCode))
	}
	if p.Code == types.OK && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		p.Code = types.Busy
	}
	refusal := &types.Refusal{Code: p.Code, Field: p.Field, Detail: p.Detail}
	switch {
	case p.Code == types.OK:
		return &HTTPError{c.Node(), resp.StatusCode, p.Detail}
	case p.Code >= types.Retryable:
		return &busy{refusal, retryAfter(resp.Header.Get("Retry-After"), c.now())}
	}
	return refusal
}

// retryAfter reads a Retry-After header (RFC 9110 §10.2.3): seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 16); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// get asks for JSON and reads it into a T.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	a, err := c.do(ctx, request{method: http.MethodGet, path: path, query: query, accept: "application/json"})
	if err != nil {
		return nil, err
	}
	return decode[T](c, path, a)
}

func decode[T any](c *Client, path string, a *answer) (*T, error) {
	var v T
	if err := json.Unmarshal(a.data, &v); err != nil {
		return nil, fmt.Errorf("node %s: answer to %s: %w", c.Node(), path, err)
	}
	return &v, nil
}
