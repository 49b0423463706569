package epcisrest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/epcis"
)

// handler answers a request, or says why not.
type handler func(w http.ResponseWriter, r *http.Request) error

// method is what a resource does for one HTTP method.
type method struct {
	name    string
	guarded bool // needs a token, or a caller on this machine
	run     handler
}

// resource is one URL of the interface, with all its methods: so every method that it
// does not have is refused in the standard's words, and OPTIONS can list those it has.
type resource struct {
	path    string
	methods []method
	limits  func(http.Header) // what OPTIONS says besides
	service *Service
}

// maxURI bounds a request's URL, in bytes. Longer queries are posted as named queries.
const maxURI = 16 << 10

// The versions that are spoken, as all answers say them.
const version = "2.0.0"

const (
	anybody = false
	guarded = true
)

// resources lists everything that is answered, one line each.
func (s *Service) resources() []*resource {
	all := []*resource{
		on("/epcis/", method{http.MethodGet, anybody, s.nowhere}, method{http.MethodPost, anybody, s.nowhere}),
		on("/epcis", get(s.discover)),
		on("/epcis/{$}", get(s.discover)),
		{path: "/epcis/capture", methods: []method{get(s.listJobs), post(s.capture)}, limits: captureLimits},
		on("/epcis/capture/{captureID}", get(s.showJob)),
		{path: "/epcis/events", methods: []method{get(s.listEvents), post(s.captureEvent)}, limits: captureLimits},
		on("/epcis/events/{eventID}", get(s.showEvent)),
		on("/epcis/events/{eventID}/proof", get(s.showProof)),
		on("/epcis/queries", get(s.listQueries), post(s.createQuery)),
		on("/epcis/queries/{queryName}", get(s.showQuery), del(s.deleteQuery)),
		on("/epcis/queries/{queryName}/events", get(s.queryEvents)),
		on("/epcis/queries/{queryName}/subscriptions", guardedGet(s.listSubscriptions), post(s.subscribe)),
		on("/epcis/queries/{queryName}/subscriptions/{subscriptionID}", guardedGet(s.showSubscription), del(s.unsubscribe)),
		on("/epcis/nextPageToken/{token}", method{http.MethodDelete, anybody, s.forgetPage}),
	}
	for i := range collections {
		c := &collections[i]
		all = append(all,
			on("/epcis/"+c.name, get(s.listWords(c))),
			on("/epcis/"+c.name+"/{id}", get(s.showWord(c))),
			on("/epcis/"+c.name+"/{id}/events", get(s.wordEvents(c))))
	}
	return all
}

func on(path string, methods ...method) *resource { return &resource{path: path, methods: methods} }

func get(h handler) method        { return method{http.MethodGet, anybody, h} }
func guardedGet(h handler) method { return method{http.MethodGet, guarded, h} }
func post(h handler) method       { return method{http.MethodPost, guarded, h} }
func del(h handler) method        { return method{http.MethodDelete, guarded, h} }

func (x *resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("GS1-EPCIS-Version", version)
	h.Set("GS1-CBV-Version", version)
	if err := x.answer(w, r); err != nil {
		p := x.service.problemOf(r.Context(), x.path, err)
		if p.Status == http.StatusRequestEntityTooLarge && x.limits != nil {
			x.limits(h)
		}
		p.write(w)
	}
}

func (x *resource) answer(w http.ResponseWriter, r *http.Request) error {
	if len(r.URL.RequestURI()) > maxURI {
		return uriTooLong.about("", "%d bytes, at most %d; post the query to /epcis/queries and ask for its events", len(r.URL.RequestURI()), maxURI)
	}
	if r.Method == http.MethodOptions {
		x.describe(w)
		return nil
	}
	m := x.method(r.Method)
	if m == nil {
		p := notAllowed.about("", "%s %.200s: this resource answers %s", r.Method, r.URL.Path, x.allow())
		p.allow = x.allow()
		return p
	}
	if err := checkVersions(r.Header); err != nil {
		return err
	}
	if m.guarded {
		if err := x.service.authorize(r); err != nil {
			return err
		}
	}
	return m.run(w, r)
}

// method finds what to do; whoever may GET may ask for the header alone.
func (x *resource) method(name string) *method {
	if name == http.MethodHead {
		name = http.MethodGet
	}
	for i := range x.methods {
		if x.methods[i].name == name {
			return &x.methods[i]
		}
	}
	return nil
}

func (x *resource) allow() string {
	names := []string{http.MethodOptions}
	for _, m := range x.methods {
		names = append(names, m.name)
	}
	return strings.Join(names, ", ")
}

// describe answers OPTIONS.
func (x *resource) describe(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Allow", x.allow())
	for _, name := range []string{"GS1-EPCIS-Min", "GS1-EPCIS-Max", "GS1-CBV-Min", "GS1-CBV-Max"} {
		h.Set(name, version)
	}
	h.Set("GS1-EPC-Format", "No_Preference, Always_GS1_Digital_Link, Always_EPC_URN, Never_Translates")
	h.Set("GS1-Extensions", "carya="+namespace)
	h.Set("GS1-Vendor-Version", "carya "+x.service.Version)
	if x.limits != nil {
		x.limits(h)
	}
	w.WriteHeader(http.StatusNoContent)
}

// captureLimits says how much can be captured at once.
func captureLimits(h http.Header) {
	h.Set("GS1-EPCIS-Capture-Limit", strconv.Itoa(maxCaptureEvents))
	h.Set("GS1-EPCIS-Capture-File-Size-Limit", strconv.Itoa(maxCaptureBytes))
	h.Set("GS1-Capture-Error-Behaviour", "all")
}

// nowhere answers for everything below /epcis that is no resource.
func (s *Service) nowhere(_ http.ResponseWriter, r *http.Request) error {
	return noSuchResource.about("", "%.200s is none of the resources; GET /epcis/ lists them, and identifiers in a path are percent-encoded", r.URL.Path)
}

// collection is the JSON-LD form of every list of words.
type collection struct {
	Context any      `json:"@context"`
	Type    string   `json:"type"`
	Member  []string `json:"member"`
}

const officialContext = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

func listOf(members []string) collection {
	return collection{officialContext, "Collection", append([]string{}, members...)}
}

// discover lists the resources that there are.
func (s *Service) discover(w http.ResponseWriter, r *http.Request) error {
	names := []string{"capture", "events", "queries"}
	for _, c := range collections {
		names = append(names, c.name)
	}
	return writeAs(w, r, http.StatusOK, listOf(names))
}

// writeAs answers in JSON under the media type that the caller prefers.
func writeAs(w http.ResponseWriter, r *http.Request, status int, v any) error {
	media, err := acceptable(r.Header, mediaJSON, mediaLD)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	send(w, status, media, b.Bytes())
	return nil
}

func send(w http.ResponseWriter, status int, media string, data []byte) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	w.Write(data) // whoever left does not miss the rest
}

// formats are the values of GS1-EPC-Format.
var formats = map[string]epcis.Format{
	"":                        epcis.DigitalLink,
	"Always_GS1_Digital_Link": epcis.DigitalLink,
	"Always_EPC_URN":          epcis.URN,
	"No_Preference":           epcis.AsGiven,
	"Never_Translates":        epcis.AsGiven,
}
