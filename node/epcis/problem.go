package epcisrest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

// exception is one of the faults that EPCIS 2.0 names.
type exception struct {
	name   string
	status int
	title  string
}

// The exceptions, by the names of the standard's REST binding.
var (
	validation          = exception{"ValidationException", http.StatusBadRequest, "not valid EPCIS data"}
	queryParameter      = exception{"QueryParameterException", http.StatusBadRequest, "a query parameter is not supported or has a wrong value"}
	queryValidation     = exception{"QueryValidationException", http.StatusBadRequest, "not a valid query"}
	queryTooLarge       = exception{"QueryTooLargeException", http.StatusRequestEntityTooLarge, "more events match than the query allows"}
	queryTooComplex     = exception{"QueryTooComplexException", http.StatusRequestEntityTooLarge, "the query asks for too much at once"}
	captureLimit        = exception{"CaptureLimitExceededException", http.StatusRequestEntityTooLarge, "more than is captured at once"}
	alreadyExists       = exception{"ResourceAlreadyExistsException", http.StatusConflict, "it exists already"}
	noSuchName          = exception{"NoSuchNameException", http.StatusNotFound, "there is no query of that name"}
	noSuchResource      = exception{"NoSuchResourceException", http.StatusNotFound, "there is no such resource"}
	unauthorized        = exception{"SecurityException", http.StatusUnauthorized, "the caller is not known"}
	forbidden           = exception{"SecurityException", http.StatusForbidden, "the caller may not do that"}
	subscriptionControl = exception{"SubscriptionControlsException", http.StatusBadRequest, "the subscription's controls are not valid"}
	uriTooLong          = exception{"URITooLongException", http.StatusRequestURITooLong, "the URI is too long"}
	unsupportedMedia    = exception{"UnsupportedMediaTypeException", http.StatusUnsupportedMediaType, "not a media type that is read here"}
	notAcceptable       = exception{"NotAcceptableException", http.StatusNotAcceptable, "not a representation that is written here"}
	implementation      = exception{"ImplementationException", http.StatusInternalServerError, "the node failed"}
	notNow              = exception{"ImplementationException", http.StatusServiceUnavailable, "not now; try again"}
	notAllowed          = exception{"ImplementationException", http.StatusMethodNotAllowed, "this resource does not do that"}
	notImplemented      = exception{"ImplementationException", http.StatusNotImplemented, "not supported"}
)

// problem is an error answer (RFC 9457) in the words of EPCIS 2.0, with the ledger's code
// where the ledger refused.
type problem struct {
	Type   string     `json:"type"`
	Title  string     `json:"title"`
	Status int        `json:"status"`
	Detail string     `json:"detail,omitempty"`
	Code   types.Code `json:"code,omitempty"`
	Field  string     `json:"field,omitempty"`
	// Event is the place of the event in its document, counted from 0.
	Event  *int    `json:"event,omitempty"`
	Errors []fault `json:"errors,omitempty"`

	retryAfter time.Duration // 0 = says nothing
	allow      string        // for the header of that name
}

// fault is one of several things that are wrong with a document.
type fault struct {
	Pointer string `json:"pointer"` // RFC 6901
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

func (p *problem) Error() string { return p.Detail }

// about makes the problem of an exception about a field ("" for the whole).
func (e exception) about(field, format string, args ...any) *problem {
	return &problem{
		Type: "epcisException:" + e.name, Title: e.title, Status: e.status,
		Field: field, Detail: fmt.Sprintf(format, args...),
	}
}

// exceptionOf says which exception a refusal of the ledger is, and what HTTP calls it:
// the caller's data, the caller's rights, or the ledger's rules.
func exceptionOf(code types.Code) exception {
	switch code {
	case types.EventExists:
		return alreadyExists
	case types.Malformed, types.NotCanonical, types.FieldInvalid, types.EventInvalid,
		types.EventUnsupported, types.UnitInvalid, types.KeyTime:
		return validation
	case types.TooLarge, types.BodyCount:
		return captureLimit
	case types.Role, types.BadSignature, types.KeyUnknown, types.Threshold, types.MemberUnknown,
		types.NotCustodian, types.NotOwner, types.GCPMismatch, types.IssuerNotAccredited:
		return forbidden
	case types.NotFound:
		return noSuchResource
	case types.TxExpired, types.ExpiresTooLate: // the node signed it: its blocks lag behind the clock
		return notNow
	}
	if code >= types.Retryable {
		return notNow
	}
	return exception{validation.name, http.StatusUnprocessableEntity, ""}
}

// refusal is the problem of what the ledger refused.
func refusal(code types.Code, field, detail string) *problem {
	p := exceptionOf(code).about(field, "%s", detail)
	p.Title, p.Code = code.Says(), code
	return p
}

// answered is an error that knows its HTTP status: what the gateway says of evidence.
type answered interface {
	error
	GetStatus() int
}

// problemOf turns any error into a problem. What is no refusal is the node's fault: the
// log has it, and the caller learns that there is nothing to correct.
func (s *Service) problemOf(ctx context.Context, route string, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if r, ok := errors.AsType[*types.Refusal](err); ok {
		p := refusal(r.Code, r.Field, r.Detail)
		if r.Code >= types.Retryable {
			p.retryAfter = s.Pool.RetryAfter()
		}
		return p
	}
	if a, ok := errors.AsType[answered](err); ok && a.GetStatus() < http.StatusInternalServerError {
		return noSuchResource.about("", "%s", a.Error())
	}
	switch {
	case errors.Is(err, readmodel.ErrCursor):
		return queryParameter.about("nextPageToken", "%v", err)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return s.later("the node did not get to it in time: %v", err)
	}
	if a, ok := errors.AsType[answered](err); ok && a.GetStatus() == http.StatusServiceUnavailable {
		return s.later("%s", a.Error())
	}
	s.Logger.Error("request failed", "route", route, "error", err)
	return implementation.about("", "the node failed; its log says more")
}

// later is the problem of what will succeed another time.
func (s *Service) later(format string, args ...any) *problem {
	p := notNow.about("", format, args...)
	p.retryAfter = max(s.Pool.RetryAfter(), time.Second)
	return p
}

const mediaProblem = "application/problem+json"

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", mediaProblem)
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="EPCIS capture"`)
	}
	w.WriteHeader(p.Status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // details are read by people
	e.Encode(p)
}
