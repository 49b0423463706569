package gateway

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

// problem is a types.Problem on its way out, as huma wants an error to be.
type problem struct {
	types.Problem
	retryAfter time.Duration // 0 = says nothing
}

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return mediaProblem }

func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", seconds(p.retryAfter))
	}
	return h
}

// seconds writes a duration as Retry-After has it, rounded up.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// newProblem makes a problem; without a code its type and title say no more than the
// status does (RFC 9457 §4.2.1).
func newProblem(status int, code types.Code, field, detail string) *problem {
	p := types.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: detail, Code: code, Field: field,
	}
	if code != types.OK {
		p.Type, p.Title = "urn:carya:code:"+code.String(), code.Says()
	}
	return &problem{Problem: p}
}

// notNow is the problem of what will succeed later.
func notNow(after time.Duration, detail string) *problem {
	p := newProblem(http.StatusServiceUnavailable, types.Busy, "", detail)
	p.retryAfter = after
	return p
}

// statusOf is the HTTP status of a refusal.
func statusOf(code types.Code) int {
	switch code {
	case types.Malformed, types.NotCanonical:
		return http.StatusBadRequest
	case types.TooLarge:
		return http.StatusRequestEntityTooLarge
	case types.BadSignature, types.KeyUnknown, types.Threshold, types.MemberUnknown:
		return http.StatusForbidden
	case types.NotFound:
		return http.StatusNotFound
	case types.Replayed:
		return http.StatusConflict
	}
	if code >= types.Retryable {
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// problem turns any error into one. What is no refusal is the node's fault: the log has
// it, the caller learns that there is nothing to correct in the request.
func (g *gateway) problem(ctx context.Context, route string, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if r, ok := errors.AsType[*types.Refusal](err); ok {
		p := newProblem(statusOf(r.Code), r.Code, r.Field, r.Detail)
		if r.Code >= types.Retryable {
			p.retryAfter = g.RetryAfter()
		}
		return p
	}
	if v, ok := errors.AsType[store.ErrNoVersion](err); ok {
		return noHeight(v.Asked, v.Oldest, v)
	}
	if b, ok := errors.AsType[journal.ErrNoBlock](err); ok {
		return noHeight(b.Asked, b.First, b)
	}
	switch {
	case errors.Is(err, readmodel.ErrCursor):
		return newProblem(http.StatusUnprocessableEntity, types.FieldInvalid, "after", err.Error())
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, journal.ErrClosed), errors.Is(err, store.ErrClosed):
		return notNow(time.Second, "the node did not get to it in time: "+err.Error())
	}
	g.opts.Logger.Error("request failed", "route", route, "error", err)
	return newProblem(http.StatusInternalServerError, types.OK, "", "the node failed; its log says more")
}

// noHeight is the problem of a height that is gone, or not there yet.
func noHeight(asked, oldest int64, err error) *problem {
	status := http.StatusNotFound
	if asked < oldest {
		status = http.StatusGone
	}
	return newProblem(status, types.NotFound, "height", err.Error())
}

// problemOfHuma translates what huma found wrong with a request before any handler saw
// it.
func problemOfHuma(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	field, detail := "", e.Detail
	if len(e.Errors) > 0 {
		_, field, _ = strings.Cut(e.Errors[0].Location, ".")
		detail = e.Errors[0].Message
	}
	code := types.OK
	switch e.Status {
	case http.StatusBadRequest:
		code = types.Malformed
	case http.StatusRequestEntityTooLarge:
		code = types.TooLarge
	case http.StatusUnprocessableEntity:
		code = types.FieldInvalid
	}
	return newProblem(e.Status, code, field, detail), nil
}
