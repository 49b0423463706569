package epcisrest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

// simpleQuery is the name that the standard gives to a query without one.
const simpleQuery = "SimpleEventQuery"

// model is what answers questions.
func (s *Service) model() (Events, error) {
	if s.Events == nil {
		return nil, notImplemented.about("", "this node keeps no read model and answers no queries: its readmodel.database is empty")
	}
	return s.Events, nil
}

func (s *Service) listEvents(w http.ResponseWriter, r *http.Request) error {
	return s.answerQuery(w, r, simpleQuery, func(given url.Values) (*query, error) {
		known, err := prefixesOfHeader(r.Header)
		if err != nil {
			return nil, err
		}
		return parseQuery(ofURL(given), known)
	})
}

// answerQuery answers with the page of events that a request asks for. read makes a query of
// the parameters that are not about paging and proofs.
func (s *Service) answerQuery(w http.ResponseWriter, r *http.Request, name string, read func(url.Values) (*query, error)) error {
	given := r.URL.Query()
	v, err := readView(r, given)
	if err != nil {
		return err
	}
	p, err := s.paging(r, given)
	if err != nil {
		return err
	}
	q, err := read(given)
	if err != nil {
		return err
	}
	rows, next, err := s.find(r.Context(), q, p)
	if err != nil {
		return err
	}
	if err := s.link(w.Header(), p, next, q.first); err != nil {
		return err
	}
	return s.sendEvents(w, r, name, rows, v)
}

// readView takes out of a request how events are to be shown.
func readView(r *http.Request, given url.Values) (view, error) {
	f, _, err := format(r.Header)
	v := view{format: f}
	for _, text := range append(given["proof"], r.Header.Values("Carya-Proof")...) {
		switch text {
		case "1", "true":
			v.proof = true
		case "0", "false":
		default:
			return v, queryParameter.about("proof", "proof: %.20q: 1 or 0", text)
		}
	}
	given.Del("proof")
	return v, err
}

// sendEvents writes events as an EPCISQueryDocument.
func (s *Service) sendEvents(w http.ResponseWriter, r *http.Request, name string, rows []readmodel.EventRow, v view) error {
	media, err := acceptable(r.Header, mediaJSON, mediaLD)
	if err != nil {
		return err
	}
	data, err := s.document(r.Context(), name, "", rows, v)
	if err != nil {
		return err
	}
	_, chosen, err := format(r.Header)
	if err != nil {
		return err
	}
	w.Header().Set("GS1-EPC-Format", chosen)
	send(w, http.StatusOK, media, data)
	return nil
}

// find runs a query. Of a list with a limit, q.first becomes what is left of it.
func (s *Service) find(ctx context.Context, q *query, p *paging) ([]readmodel.EventRow, string, error) {
	m, err := s.model()
	if err != nil {
		return nil, "", err
	}
	if err := q.checkCount(ctx, m, p); err != nil {
		return nil, "", err
	}
	limit := p.perPage
	if !p.first() && q.first > 0 {
		q.first = p.Left
	}
	if q.first > 0 {
		limit = min(limit, q.first)
	}
	rows, next, err := q.page(ctx, m, p.After, limit)
	if err != nil || q.first == 0 {
		return rows, next, err
	}
	if q.first -= len(rows); q.first <= 0 {
		next = ""
	}
	return rows, next, nil
}

// page asks for events piece by piece, and for no more when the answer has become large:
// the page is shorter then, as the standard allows.
func (q *query) page(ctx context.Context, m Events, after string, limit int) (rows []readmodel.EventRow, next string, err error) {
	bytes := 0
	for len(rows) < limit && bytes < maxSentBytes {
		some, last, err := m.Events(ctx, q.filter, q.order, readmodel.Page{After: after, Limit: min(limit-len(rows), maxSent)})
		if err != nil {
			return nil, "", unfit(err)
		}
		for i := range some {
			bytes += len(some[i].Event)
		}
		rows, after = append(rows, some...), last
		if last == "" {
			break
		}
	}
	return rows, after, nil
}

// checkCount holds maxEventCount.
func (q *query) checkCount(ctx context.Context, m Events, p *paging) error {
	if q.most == noMost || !p.first() {
		return nil
	}
	n, err := m.CountEvents(ctx, q.filter, q.most)
	if err == nil && n > q.most {
		return queryTooLarge.about("maxEventCount", "more than %d events match", q.most)
	}
	return unfit(err)
}

// unfit turns the read model's refusal of a filter into the standard's words.
func unfit(err error) error {
	if r, ok := errors.AsType[*types.Refusal](err); ok {
		return queryParameter.about(r.Field, "%s", r.Detail)
	}
	return err
}

// showEvent answers with the event of an ID, and with those that declare it wrong, which
// repeat it.
func (s *Service) showEvent(w http.ResponseWriter, r *http.Request) error {
	given := r.URL.Query()
	v, err := readView(r, given)
	if err != nil {
		return err
	}
	if err := refuseParameters(given); err != nil {
		return err
	}
	rows, err := s.eventsNamed(r.Context(), r.PathValue("eventID"))
	if err != nil {
		return err
	}
	return s.sendEvents(w, r, simpleQuery, rows, v)
}

// The bounds of looking for the events of one ID: members may choose the same, and each
// may declare its own wrong; and many events may have the time that stands in the name of one.
const (
	maxNamed  = 100
	maxLooked = 100 // pages
)

// eventsNamed finds events by their eventID or by their reference on the ledger.
func (s *Service) eventsNamed(ctx context.Context, id string) ([]readmodel.EventRow, error) {
	m, err := s.model()
	if err != nil {
		return nil, err
	}
	filter := readmodel.EventFilter{EventIDs: []string{id}}
	ref, isRef := readRef(id)
	if isRef {
		filter = ref.filter()
	}
	var found []readmodel.EventRow
	after := ""
	for range maxLooked {
		rows, next, err := m.Events(ctx, filter, readmodel.EventOrder{By: "recordTime"}, readmodel.Page{After: after, Limit: maxSent})
		if err != nil {
			return nil, unfit(err)
		}
		for _, row := range rows {
			if len(found) < maxNamed && (!isRef || string(row.Ref) == id) {
				found = append(found, row)
			}
		}
		if after = next; next == "" || len(found) == maxNamed {
			break
		}
	}
	if len(found) == 0 {
		return nil, noSuchResource.about("eventID", "no event has the ID %.200q", id)
	}
	return found, nil
}

// eventRef is an event's name on the ledger: <member>/<ULID>.
type eventRef struct {
	member string
	time   int64 // of the event; the ULID begins with it
}

func readRef(id string) (eventRef, bool) {
	member, name, _ := strings.Cut(id, "/")
	u, err := ulid.ParseStrict(name)
	if err != nil || member == "" {
		return eventRef{}, false
	}
	return eventRef{member, int64(u.Time())}, true
}

// filter finds the events of the member at that very time: the one meant is among them.
func (e eventRef) filter() readmodel.EventFilter {
	return readmodel.EventFilter{Members: []string{e.member}, EventFrom: e.time, EventBefore: e.time + 1}
}

// showProof answers with the evidence file of an event's record and history, which holds
// the event as it was signed.
func (s *Service) showProof(w http.ResponseWriter, r *http.Request) error {
	rows, err := s.eventsNamed(r.Context(), r.PathValue("eventID"))
	if err != nil {
		return err
	}
	refs := map[types.EventID]bool{}
	var names []string
	for _, row := range rows {
		if !refs[row.Ref] {
			refs[row.Ref] = true
			names = append(names, string(row.Ref))
		}
	}
	if len(names) > 1 {
		return noSuchResource.about("eventID", "%d events have this ID; ask for one of them: %s", len(names), strings.Join(names, ", "))
	}
	e, err := s.evidence(r.Context(), eventKey(rows[0].Ref))
	if err != nil {
		return err
	}
	media, err := acceptable(r.Header, mediaJSON, mediaLD)
	if err != nil {
		return err
	}
	file, err := e.Encode()
	if err != nil {
		return err
	}
	send(w, http.StatusOK, media, file)
	return nil
}
