package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Traced is the part of a request that says how far to walk. It is exported because huma fills in no embedded struct that
// is not.
type Traced struct {
	Direction string `query:"direction" enum:"back,forward" default:"back" doc:"back: what it came from; forward: what came of it"`
	Depth     int    `query:"depth" minimum:"1" maximum:"1000" default:"50" doc:"greatest number of events between it and a thing of the answer"`
	Limit     int    `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"greatest number of things in the answer"`
}

// Named is the part of a request that names a thing as it stands in documents. It is exported like Traced.
type Named struct {
	ID string `query:"id" required:"true" minLength:"1" maxLength:"2000" doc:"a GS1 Digital Link, an EPC URN, a URI outside GS1 or a key, for instance lot/06901234000016.L2026A" example:"https://id.gs1.org/01/06901234000016/10/L2026A"`
}

type traceQuery struct {
	Keyed
	Traced
}

type namedTraceQuery struct {
	Named
	Traced
}

type thingEventsQuery struct {
	Keyed
	Paged
}

type namedThingEventsQuery struct {
	Named
	Paged
}

// thingEvent is a captured event as the API shows it.
type thingEvent struct {
	Event    json.RawMessage `json:"event" doc:"EPCIS 2.0, in canonical form, with its @context"`
	EventID  string          `json:"eventID" doc:"EPCIS eventID, the CBV 2.0 hash where the event gives none"`
	Ref      types.EventID   `json:"ref" doc:"of the record event/…"`
	Tx       types.Hash      `json:"tx"`
	Height   int64           `json:"height"`
	Index    uint64          `json:"index" doc:"place among the block's events"`
	Member   string          `json:"member" doc:"who captured it"`
	Recorded int64           `json:"recorded" doc:"time of the block, Unix milliseconds"`
	Declared bool            `json:"declared" doc:"a later event declares it an error"`
}

type thingEventList struct {
	Height int64          `json:"height" doc:"last block in the read model"`
	Thing  types.ThingKey `json:"thing"`
	Events []thingEvent   `json:"events" doc:"by event time"`
	Next   string         `json:"next" doc:"after for the next page, empty on the last"`
}

// traceRoutes adds what is known of single things: where they came from, what came of them, and the events about them.
func (g *gateway) traceRoutes() {
	const says = "The events between lots and units, and the things that went in and came out."
	modelRoute(g, "/v1/trace/{key}", "trace", "where a lot or unit came from, or what came of it", says,
		func(ctx context.Context, m *readmodel.Model, in *traceQuery) (*types.TraceAnswer, error) {
			key, err := readThing(in.Key)
			if err != nil {
				return nil, err
			}
			return in.trace(ctx, m, key)
		})
	modelRoute(g, "/v1/trace", "trace-named", "the same, of a thing named by its identifier", says,
		func(ctx context.Context, m *readmodel.Model, in *namedTraceQuery) (*types.TraceAnswer, error) {
			key, err := g.thingNamed(in.ID)
			if err != nil {
				return nil, err
			}
			return in.trace(ctx, m, key)
		})
}

// thingEventRoutes adds the events of single things.
func (g *gateway) thingEventRoutes() {
	const says = "Those that name it, whatever they say about it, and those that declare one of them an error."
	modelRoute(g, "/v1/events/{key}", "thing-events", "the EPCIS events about a lot or unit", says,
		func(ctx context.Context, m *readmodel.Model, in *thingEventsQuery) (*thingEventList, error) {
			key, err := readThing(in.Key)
			if err != nil {
				return nil, err
			}
			return thingEvents(ctx, m, key, in.page())
		})
	modelRoute(g, "/v1/events", "thing-events-named", "the same, of a thing named by its identifier", says,
		func(ctx context.Context, m *readmodel.Model, in *namedThingEventsQuery) (*thingEventList, error) {
			key, err := g.thingNamed(in.ID)
			if err != nil {
				return nil, err
			}
			return thingEvents(ctx, m, key, in.page())
		})
}

func (t *Traced) trace(ctx context.Context, m *readmodel.Model, key types.ThingKey) (*types.TraceAnswer, error) {
	return m.Trace(ctx, key, t.Direction != "forward", t.Depth, t.Limit)
}

func thingEvents(ctx context.Context, m *readmodel.Model, key types.ThingKey, p readmodel.Page) (*thingEventList, error) {
	l := &thingEventList{Height: m.Height(), Thing: key}
	rows, next, err := m.ThingEvents(ctx, key, p)
	if err != nil {
		return nil, err
	}
	l.Events, l.Next = make([]thingEvent, len(rows)), next
	for i, r := range rows {
		l.Events[i] = thingEvent{
			Event: r.Event, EventID: r.EventID, Ref: r.Ref, Tx: r.Tx, Height: r.Height, Index: r.Index,
			Member: r.Member, Recorded: r.Recorded, Declared: r.DeclaredBy != 0,
		}
	}
	return l, nil
}

// modelRoute adds a question to the read model. The answer is one value, not a page.
func modelRoute[I, A any](g *gateway, path, id, summary, says string, ask func(context.Context, *readmodel.Model, *I) (*A, error)) {
	op := get(path, id, summary)
	op.Description = says + " From the read model, which may lag behind the chain and proves nothing."
	register(g, op, func(ctx context.Context, in *I) (*listed[A], error) {
		m := g.ReadModel()
		if m == nil {
			return nil, newProblem(http.StatusNotImplemented, types.OK, "", "this node keeps no read model; /v1/history tells what happened to a record")
		}
		ctx, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		a, err := ask(ctx, m, in)
		if err != nil {
			return nil, err
		}
		return &listed[A]{*a}, nil
	})
}

// traceable are the families of keys that goods are traced through.
var traceable = []string{types.PrefixLot, types.PrefixUnit}

// readThing brings a key of such a family into its one spelling.
func readThing(key string) (types.ThingKey, error) {
	family, id := types.ThingKey(key).Cut()
	if !slices.Contains(traceable, family) || id == "" {
		return "", types.Refuse(types.FieldInvalid, "key", "%.100q is neither lot/… nor unit/…", key)
	}
	uri := types.LinkOf(id)
	if uri == id { // neither a path of GS1 nor x.<URI>
		_, err := gs1.ParsePath(id)
		return "", types.Refuse(types.FieldInvalid, "key", "%.100q: %v", key, err)
	}
	path, _, err := types.ThingOf(uri)
	return types.ThingKey(family + "/" + path), err
}

// thingNamed returns the key of what an identifier names. One that does not say what kind of thing it names, as a URI outside
// GS1, is taken for a lot unless there is a record of another kind.
func (g *gateway) thingNamed(id string) (types.ThingKey, error) {
	if family, _ := types.ThingKey(id).Cut(); slices.Contains(traceable, family) {
		return readThing(id)
	}
	path, families, err := familiesOf(id)
	if err != nil {
		return "", err
	}
	v, err := g.View(0)
	if err != nil {
		return "", err
	}
	defer v.Close()
	for _, f := range families[1:] {
		value, err := v.Get(f + "/" + path)
		if err != nil || value != nil {
			return types.ThingKey(f + "/" + path), err
		}
	}
	return types.ThingKey(families[0] + "/" + path), nil
}

// familiesOf returns the identifier in keys of what a URI names, and the families that it may belong to, the likeliest first.
func familiesOf(uri string) (path string, families []string, err error) {
	path, key, err := types.ThingOf(uri)
	switch {
	case err != nil:
		return "", nil, types.Refuse(types.FieldInvalid, "id", "%v", err)
	case key.IsZero() && (gs1.Claims(uri) || !strings.Contains(uri, ":")):
		_, err := gs1.Parse(uri)
		return "", nil, types.Refuse(types.FieldInvalid, "id", "%v", err)
	case key.IsZero():
		return path, traceable, nil
	case key.Type == "LGTIN" || key.Type == "LITIP":
		return path, []string{types.PrefixLot}, nil
	case key.Type == "GTIN":
		return "", nil, types.Refuse(types.FieldInvalid, "id", "%.200q is a product; a lot has a lot number as well, AI 10", uri)
	}
	return path, []string{types.PrefixUnit}, nil
}
