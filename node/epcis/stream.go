package epcisrest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/caryaledger/carya/node/readmodel"
)

// pulse is how often a stream without events shows that it is alive.
const pulse = 15 * time.Second

// The bounds of what is sent at once, to a stream or a subscriber.
const (
	maxSent      = 100
	maxSentBytes = 4 << 20
)

// cursor follows the events that a query finds. It stands behind the last event that was
// looked at, which is often one that did not match.
type cursor struct {
	filter   readmodel.EventFilter
	position int64
}

// ahead returns the next events, and the cursor behind them.
func (c cursor) ahead(ctx context.Context, m Events) ([]readmodel.EventRow, cursor, error) {
	end, err := newest(ctx, m) // before the look, so that no event falls between
	if err != nil {
		return nil, c, err
	}
	rows, err := m.EventsAfter(ctx, c.filter, c.position, maxSent)
	if err != nil {
		return nil, c, err
	}
	full := len(rows) == maxSent
	bytes := 0
	for i := range rows {
		if bytes += len(rows[i].Event); bytes > maxSentBytes && i > 0 {
			rows, full = rows[:i], true
			break
		}
	}
	if len(rows) > 0 {
		c.position = rows[len(rows)-1].Position
	}
	if !full {
		c.position = max(c.position, end)
	}
	return rows, c, nil
}

// newest is the position of the last event there is, 0 where there is none.
func newest(ctx context.Context, m Events) (int64, error) {
	rows, _, err := m.Events(ctx, readmodel.EventFilter{}, readmodel.EventOrder{By: "recordTime", Descending: true}, readmodel.Page{Limit: 1})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].Position, nil
}

// stream sends the events that a query finds as they are captured, as server-sent events
// whose data is an EPCISQueryDocument and whose ID is where to go on.
func (s *Service) stream(w http.ResponseWriter, r *http.Request, d *definition) error {
	m, err := s.model()
	if err != nil {
		return err
	}
	given := r.URL.Query()
	v, err := readView(r, given)
	if err != nil {
		return err
	}
	c, err := streamFrom(r, given, d, m)
	if err != nil {
		return err
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return s.later("%d streams are open", maxStreams)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(d.done, cancel)()
	w.Header().Set("Content-Type", mediaEvents)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	s.sendStream(ctx, w, d, c, v)
	return nil
}

// streamFrom reads where a stream begins: with what comes from now on, from a record
// time, or behind the last event that was received.
func streamFrom(r *http.Request, given url.Values, d *definition, m Events) (cursor, error) {
	c := cursor{filter: d.parsed.filter}
	last, from := r.Header.Get("Last-Event-ID"), given.Get("initialRecordTime")
	if given.Has("stream") && given.Get("stream") != "true" {
		return c, subscriptionControl.about("stream", "stream: %.20q: true", given.Get("stream"))
	}
	given.Del("stream")
	given.Del("initialRecordTime")
	if err := refuseParameters(given); err != nil {
		return c, err
	}
	var err error
	switch {
	case last != "":
		if c.position, err = strconv.ParseInt(last, 10, 64); err != nil || c.position < 0 {
			return c, subscriptionControl.about("Last-Event-ID", "%.40q is not the ID of an event of this stream", last)
		}
	case from != "":
		at, err := parseTime(from)
		if err != nil {
			return c, subscriptionControl.about("initialRecordTime", "%.40q is not a time with an offset", from)
		}
		c.filter.RecordFrom = max(c.filter.RecordFrom, at)
	default:
		c.position, err = newest(r.Context(), m)
	}
	return c, err
}

// sendStream writes until the caller leaves, the query is deleted or the node stops.
func (s *Service) sendStream(ctx context.Context, w http.ResponseWriter, d *definition, c cursor, v view) {
	control := http.NewResponseController(w)
	for control.Flush() == nil {
		height := s.Events.Height()
		rows, next, err := c.ahead(ctx, s.Events)
		if err == nil && len(rows) > 0 {
			err = s.sendRows(ctx, w, d, rows, next, v)
		}
		if err != nil {
			return
		}
		c = next
		if len(rows) > 0 {
			continue // there may be more
		}
		if err := awaitBlock(ctx, s.Events, height+1, pulse); err != nil {
			return
		}
		if s.Events.Height() <= height {
			if _, err := fmt.Fprint(w, ": no event yet\n\n"); err != nil {
				return
			}
		}
	}
}

// awaitBlock waits for a block, but not for ever.
func awaitBlock(ctx context.Context, m Events, height int64, most time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if err := m.Wait(limited, height); err != nil && limited.Err() == nil {
		return err
	}
	return ctx.Err()
}

func (s *Service) sendRows(ctx context.Context, w http.ResponseWriter, d *definition, rows []readmodel.EventRow, next cursor, v view) error {
	data, err := s.document(ctx, d.Name, "", rows, v)
	if err != nil && ctx.Err() == nil {
		s.Logger.Error("stream broken off", "query", d.Name, "error", err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: EPCISQueryDocument\nid: %d\ndata: %s\n\n", next.position, data)
	return err
}
