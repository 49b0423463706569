package epcisrest

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/caryaledger/carya/node/readmodel"
)

// topLevel is a top-level resource: the words of one kind that events use, and for
// each the events that use it.
type topLevel struct {
	name   string
	narrow func(q *query, id string) error // limits a query to one word
	// conflicts are the parameters that would limit the same once more.
	conflicts []string
	always    []string // words that are there before any event uses them
}

var collections = []topLevel{
	{"eventTypes", narrowList(func(q *query) *[]string { return &q.filter.Types }, eventTypeWord), []string{"eventType"}, eventTypes},
	{"epcs", narrowThing, []string{"MATCH_anyEPC"}, nil},
	{"bizSteps", narrowList(func(q *query) *[]string { return &q.filter.BizSteps }, bizStep.word), []string{"EQ_bizStep"}, nil},
	{"bizLocations", narrowList(func(q *query) *[]string { return &q.filter.BizLocations }, identifier), []string{"EQ_bizLocation"}, nil},
	{"readPoints", narrowList(func(q *query) *[]string { return &q.filter.ReadPoints }, identifier), []string{"EQ_readPoint"}, nil},
	{"dispositions", narrowList(func(q *query) *[]string { return &q.filter.Dispositions }, disposition.word), []string{"EQ_disposition"}, nil},
}

func narrowList(field func(*query) *[]string, word func(q *query, name, value string) ([]string, error)) func(*query, string) error {
	return func(q *query, id string) error { return list(field, word)(q, "id", []string{id}) }
}

// narrowThing finds a thing or class wherever events name it. On this ledger most goods
// are lots, which EPCIS calls classes.
func narrowThing(q *query, id string) error {
	return match(slices.Concat(anyEPC, anyEPCClass)...)(q, "id", []string{id})
}

// listWords answers with the words that events use.
func (s *Service) listWords(c *topLevel) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, err := s.model()
		if err != nil {
			return err
		}
		p, err := s.onlyPaging(r)
		if err != nil {
			return err
		}
		words, next, err := m.EventWords(r.Context(), c.name, readmodel.Page{After: p.After, Limit: p.perPage})
		if err != nil {
			return err
		}
		if next == "" {
			words = c.complete(words)
		}
		if err := s.link(w.Header(), p, next, 0); err != nil {
			return err
		}
		return writeAs(w, r, http.StatusOK, listOf(words))
	}
}

// complete adds to the last page the words that are always there. They are a collection
// of so few that it fits one page.
func (c *topLevel) complete(words []string) []string {
	if c.always == nil {
		return words
	}
	all := slices.Clone(c.always)
	for _, word := range words {
		if !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	slices.Sort(all)
	return all
}

// showWord answers what there is below a word, if events use it.
func (s *Service) showWord(c *topLevel) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := refuseParameters(r.URL.Query()); err != nil {
			return err
		}
		if err := s.mustBeUsed(r, c); err != nil {
			return err
		}
		return writeAs(w, r, http.StatusOK, listOf([]string{"events"}))
	}
}

func (s *Service) mustBeUsed(r *http.Request, c *topLevel) error {
	id := r.PathValue("id")
	if slices.Contains(c.always, id) {
		return nil
	}
	known, err := prefixesOfHeader(r.Header)
	if err != nil {
		return err
	}
	m, err := s.model()
	if err != nil {
		return err
	}
	q := &query{prefixes: known}
	if err := c.narrow(q, id); err != nil {
		return err
	}
	n, err := m.CountEvents(r.Context(), q.filter, 1)
	if err == nil && n == 0 {
		return noSuchResource.about("id", "no event has %.200q among its %s", id, c.name)
	}
	return unfit(err)
}

// wordEvents answers with the events that use a word and match the other parameters.
func (s *Service) wordEvents(c *topLevel) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.mustBeUsed(r, c); err != nil {
			return err
		}
		return s.answerQuery(w, r, simpleQuery, func(given url.Values) (*query, error) {
			for _, name := range c.conflicts {
				if given.Has(name) {
					return nil, queryParameter.about(name, "%s says once more what the path says", name)
				}
			}
			known, err := prefixesOfHeader(r.Header)
			if err != nil {
				return nil, err
			}
			q, err := parseQuery(ofURL(given), known)
			if err != nil {
				return nil, err
			}
			return q, c.narrow(q, r.PathValue("id"))
		})
	}
}
