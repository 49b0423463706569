package epcisrest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// definition is a query that has a name: queries/<escaped name>.
type definition struct {
	Name      string          `json:"name"`
	Query     json.RawMessage `json:"query"`
	CreatedAt time.Time       `json:"createdAt"`

	parsed *query
	done   context.Context // ends when the query is deleted
	end    context.CancelFunc
}

// queries are the named queries of this node.
type queries struct {
	dir string

	mu  sync.Mutex
	all map[string]*definition
}

// The bounds of named queries.
const (
	maxQueries   = 1000
	maxQuerySize = 64 << 10
	maxName      = 100
)

func openQueries(dir string) (*queries, error) {
	qs := &queries{dir: dir, all: map[string]*definition{}}
	names, err := entries(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		d := new(definition)
		if err := readJSON(filepath.Join(dir, name), d); err != nil {
			return nil, err
		}
		if err := d.read(); err != nil {
			return nil, err
		}
		qs.all[d.Name] = d
	}
	return qs, nil
}

// read checks a definition and gets it ready.
func (d *definition) read() error {
	given, known, err := ofJSON(d.Query)
	if err != nil {
		return err
	}
	if d.parsed, err = parseQuery(given, known); err != nil {
		return err
	}
	d.done, d.end = context.WithCancel(context.Background())
	return nil
}

func (qs *queries) file(name string) string { return filepath.Join(qs.dir, url.QueryEscape(name)) }

func (qs *queries) get(name string) (*definition, error) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	if d := qs.all[name]; d != nil {
		return d, nil
	}
	return nil, noSuchName.about("queryName", "no query is named %.100q", name)
}

func (qs *queries) add(d *definition) error {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	switch {
	case qs.all[d.Name] != nil:
		return alreadyExists.about("name", "a query is named %.100q already", d.Name)
	case len(qs.all) >= maxQueries:
		return queryTooComplex.about("", "there are %d named queries, and no more are kept", maxQueries)
	}
	if err := writeJSON(qs.file(d.Name), d); err != nil {
		return err
	}
	qs.all[d.Name] = d
	return nil
}

// remove deletes a query and ends the streams of its events.
func (qs *queries) remove(name string) error {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	d := qs.all[name]
	if d == nil {
		return noSuchName.about("queryName", "no query is named %.100q", name)
	}
	if err := remove(qs.file(name)); err != nil {
		return err
	}
	delete(qs.all, name)
	d.end()
	return nil
}

// list returns a page of queries, by name.
func (qs *queries) list(after string, limit int) (page []*definition, next string) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	page = []*definition{}
	for _, name := range slices.Sorted(maps.Keys(qs.all)) {
		if name <= after {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].Name
		}
		page = append(page, qs.all[name])
	}
	return page, ""
}

func (s *Service) createQuery(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxQuerySize)
	if err != nil {
		return err
	}
	var given struct {
		Name  string          `json:"name"`
		Query json.RawMessage `json:"query"`
	}
	if err := strict(data, &given); err != nil {
		return queryValidation.about("", "not a query definition, {\"name\": …, \"query\": {…}}: %v", err)
	}
	if err := checkName(given.Name); err != nil {
		return err
	}
	d := &definition{Name: given.Name, Query: given.Query, CreatedAt: s.Now().UTC().Truncate(time.Millisecond)}
	if err := d.read(); err != nil {
		return err
	}
	if err := s.queries.add(d); err != nil {
		d.end()
		return err
	}
	w.Header().Set("Location", "/epcis/queries/"+url.PathEscape(d.Name))
	w.WriteHeader(http.StatusCreated)
	return nil
}

// checkName admits names that can be seen, typed and put into a path.
func checkName(name string) error {
	odd := func(r rune) bool { return r <= ' ' || r == '/' || r == 0x7f }
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, odd) || name == "." || name == ".." {
		return queryValidation.about("name", "%.40q: a name has 1 to %d bytes, without blanks and slashes", name, maxName)
	}
	return nil
}

// shownDefinition is a query as the standard shows it.
type shownDefinition struct {
	Name  string          `json:"name"`
	Query json.RawMessage `json:"query"`
}

func (s *Service) showQuery(w http.ResponseWriter, r *http.Request) error {
	d, err := s.queries.get(r.PathValue("queryName"))
	if err != nil {
		return err
	}
	return writeAs(w, r, http.StatusOK, shownDefinition{d.Name, d.Query})
}

func (s *Service) listQueries(w http.ResponseWriter, r *http.Request) error {
	p, err := s.onlyPaging(r)
	if err != nil {
		return err
	}
	all, next := s.queries.list(p.After, p.perPage)
	shown := make([]shownDefinition, len(all))
	for i, d := range all {
		shown[i] = shownDefinition{d.Name, d.Query}
	}
	if err := s.link(w.Header(), p, next, 0); err != nil {
		return err
	}
	return writeAs(w, r, http.StatusOK, shown)
}

// deleteQuery ends a query with its streams and subscriptions.
func (s *Service) deleteQuery(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("queryName")
	if err := s.queries.remove(name); err != nil {
		return err
	}
	if err := s.hooks.removeOf(name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// queryEvents answers with the events of a query, or with a stream of those to come.
func (s *Service) queryEvents(w http.ResponseWriter, r *http.Request) error {
	d, err := s.queries.get(r.PathValue("queryName"))
	if err != nil {
		return err
	}
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return notImplemented.about("Upgrade", "there are no WebSockets here: ask with Accept: text/event-stream, or subscribe with a webhook")
	}
	media, err := acceptable(r.Header, mediaJSON, mediaLD, mediaEvents)
	if err != nil {
		return err
	}
	if media == mediaEvents {
		return s.stream(w, r, d)
	}
	return s.answerQuery(w, r, d.Name, func(given url.Values) (*query, error) {
		if err := refuseParameters(given); err != nil {
			return nil, err
		}
		q := *d.parsed
		return &q, nil
	})
}
