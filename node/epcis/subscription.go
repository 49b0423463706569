package epcisrest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/google/uuid"
)

// subscription is somebody who wants to be told what a query finds:
// subscriptions/<id>. Cursor is how far deliveries have come; it is written down after
// each, so that everything is delivered at least once.
type subscription struct {
	ID             string     `json:"subscriptionID"`
	Query          string     `json:"queryName"`
	Dest           string     `json:"dest"`
	SignatureToken string     `json:"signatureToken,omitempty"`
	Stream         bool       `json:"stream,omitempty"`
	Schedule       *schedule  `json:"schedule,omitempty"`
	ReportIfEmpty  bool       `json:"reportIfEmpty,omitempty"`
	EPCFormat      string     `json:"epcFormat"`
	CreatedAt      time.Time  `json:"createdAt"`
	LastNotified   *time.Time `json:"lastNotifiedAt,omitempty"`
	Initial        *time.Time `json:"initialRecordTime,omitempty"`
	Executed       time.Time  `json:"minRecordTime"` // when the query was run last
	Cursor         int64      `json:"cursor"`
	Failures       int        `json:"failures,omitempty"` // of deliveries since the last that worked
	LastError      string     `json:"lastError,omitempty"`
}

// shownSubscription is a subscription without its secrets and its cursor.
type shownSubscription struct {
	ID            string     `json:"subscriptionID"`
	Dest          string     `json:"dest"`
	Stream        bool       `json:"stream,omitempty"`
	Schedule      *schedule  `json:"schedule,omitempty"`
	ReportIfEmpty bool       `json:"reportIfEmpty,omitempty"`
	EPCFormat     string     `json:"epcFormat"`
	CreatedAt     time.Time  `json:"createdAt"`
	LastNotified  *time.Time `json:"lastNotifiedAt,omitempty"`
	Initial       *time.Time `json:"initialRecordTime,omitempty"`
	MinRecordTime time.Time  `json:"minRecordTime"`
	Failures      int        `json:"failures,omitempty"`
	LastError     string     `json:"lastError,omitempty"`
}

func (u *subscription) shown() shownSubscription {
	return shownSubscription{
		u.ID, u.Dest, u.Stream, u.Schedule, u.ReportIfEmpty, u.EPCFormat, u.CreatedAt, u.LastNotified, u.Initial,
		u.Executed, u.Failures, u.LastError,
	}
}

// The bounds of subscriptions.
const (
	maxSubscriptions    = 200
	maxSubscriptionSize = 16 << 10
	maxSignatureToken   = 1 << 10
)

// controls is what a caller posts to subscribe.
type controls struct {
	Dest           string    `json:"dest"`
	SignatureToken string    `json:"signatureToken"`
	Stream         *bool     `json:"stream"`
	Schedule       *schedule `json:"schedule"`
	ReportIfEmpty  bool      `json:"reportIfEmpty"`
	Initial        string    `json:"initialRecordTime"`
}

// strict reads one JSON value and nothing that it does not know.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

func (s *Service) subscribe(w http.ResponseWriter, r *http.Request) error {
	d, err := s.queries.get(r.PathValue("queryName"))
	if err != nil {
		return err
	}
	m, err := s.model()
	if err != nil {
		return err
	}
	if _, err := acceptable(r.Header, mediaJSON, mediaLD); err != nil {
		return err // before there is a subscription
	}
	data, err := readBody(w, r, maxSubscriptionSize)
	if err != nil {
		return err
	}
	var c controls
	if err := strict(data, &c); err != nil {
		return subscriptionControl.about("", "not a subscription: %v", err)
	}
	u, err := s.subscription(r, d, &c)
	if err != nil {
		return err
	}
	if u.Initial == nil {
		if u.Cursor, err = newest(r.Context(), m); err != nil {
			return err
		}
	}
	h, err := s.hooks.add(u)
	if err != nil {
		return err
	}
	if _, err := s.queries.get(d.Name); err != nil { // it was deleted in between
		return errors.Join(err, s.hooks.remove(h))
	}
	s.startHook(h)
	w.Header().Set("Location", "/epcis/queries/"+url.PathEscape(d.Name)+"/subscriptions/"+u.ID)
	return writeAs(w, r, http.StatusCreated, u.shown())
}

// subscription checks what a caller posted.
func (s *Service) subscription(r *http.Request, d *definition, c *controls) (*subscription, error) {
	_, epcFormat, err := format(r.Header)
	if err != nil {
		return nil, err
	}
	if err := d.parsed.canFollow(); err != nil {
		return nil, err
	}
	if err := c.checkTiming(s.Now()); err != nil {
		return nil, err
	}
	if len(c.SignatureToken) > maxSignatureToken {
		return nil, subscriptionControl.about("signatureToken", "%d bytes, at most %d", len(c.SignatureToken), maxSignatureToken)
	}
	if err := s.checkDest(r.Context(), c.Dest); err != nil {
		return nil, err
	}
	now := s.Now().UTC().Truncate(time.Millisecond)
	u := &subscription{
		ID: uuid.NewString(), Query: d.Name, Dest: c.Dest, SignatureToken: c.SignatureToken,
		Stream: c.Stream != nil, Schedule: c.Schedule, ReportIfEmpty: c.ReportIfEmpty,
		EPCFormat: epcFormat, CreatedAt: now, Executed: now,
	}
	if c.Initial != "" {
		at, err := parseTime(c.Initial)
		if err != nil {
			return nil, subscriptionControl.about("initialRecordTime", "%.40q is not a time with an offset", c.Initial)
		}
		initial := time.UnixMilli(at).UTC()
		u.Initial = &initial
	}
	return u, nil
}

// canFollow refuses queries that ask for the first events only: of what never ends there
// are none.
func (q *query) canFollow() error {
	if q.given["eventCountLimit"] || q.given["maxEventCount"] {
		return subscriptionControl.about("queryName", "a query with eventCountLimit or maxEventCount cannot be followed")
	}
	return nil
}

// checkTiming wants to know when to deliver, and that there is such a time.
func (c *controls) checkTiming(now time.Time) error {
	switch {
	case c.Stream == nil && c.Schedule == nil:
		return subscriptionControl.about("schedule", `say when to deliver: "stream": true or a schedule`)
	case c.Stream != nil && c.Schedule != nil:
		return subscriptionControl.about("stream", "stream and schedule exclude each other")
	case c.Stream != nil && !*c.Stream:
		return subscriptionControl.about("stream", "stream can only be true")
	case c.Stream != nil && c.ReportIfEmpty:
		return subscriptionControl.about("reportIfEmpty", "a stream reports events; reportIfEmpty is for schedules")
	case c.Stream != nil:
		return nil
	}
	calendar, err := c.Schedule.read()
	if err != nil {
		return subscriptionControl.about("schedule", "%v", err)
	}
	if _, ok := calendar.next(now); !ok {
		return subscriptionControl.about("schedule", "there is no such day in the next %d years", maxYears)
	}
	return nil
}

func (s *Service) listSubscriptions(w http.ResponseWriter, r *http.Request) error {
	d, err := s.queries.get(r.PathValue("queryName"))
	if err != nil {
		return err
	}
	p, err := s.onlyPaging(r)
	if err != nil {
		return err
	}
	page, next := s.hooks.list(d.Name, p.After, p.perPage)
	if err := s.link(w.Header(), p, next, 0); err != nil {
		return err
	}
	return writeAs(w, r, http.StatusOK, page)
}

func (s *Service) showSubscription(w http.ResponseWriter, r *http.Request) error {
	h, err := s.hookOf(r)
	if err != nil {
		return err
	}
	return writeAs(w, r, http.StatusOK, s.hooks.show(h))
}

// hookOf finds the subscription of a path.
func (s *Service) hookOf(r *http.Request) (*hook, error) {
	d, err := s.queries.get(r.PathValue("queryName"))
	if err != nil {
		return nil, err
	}
	h := s.hooks.get(r.PathValue("subscriptionID"))
	if h == nil || h.Query != d.Name {
		return nil, noSuchResource.about("subscriptionID", "the query %s has no subscription %.60q", d.Name, r.PathValue("subscriptionID"))
	}
	return h, nil
}

func (s *Service) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	h, err := s.hookOf(r)
	if err != nil {
		return err
	}
	if err := s.hooks.remove(h); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// file is where a subscription is kept.
func (u *subscription) file(dir string) string { return filepath.Join(dir, u.ID) }
