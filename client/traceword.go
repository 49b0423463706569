package client

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// This file says what stands in a trace: the tree, the graph and the picture use the same words.

// thingWords names a thing: lot D2026A, SSCC 069012340000000016.
func thingWords(key types.ThingKey) string {
	family, id := key.Cut()
	k, err := gs1.ParsePath(id)
	switch {
	case err != nil && family == types.PrefixTransformation: // <member>/<escaped id>
		_, escaped, _ := strings.Cut(id, "/")
		if uri, err := url.PathUnescape(escaped); err == nil {
			escaped = uri
		}
		return oneLine(family + " " + escaped)
	case err != nil:
		return oneLine(family + " " + types.LinkOf(id))
	}
	if k.Type == "LGTIN" {
		return oneLine("lot " + k.Qualifier)
	}
	primary, qualifier := k.Labels()
	words := primary + " " + k.Primary
	if qualifier != "" {
		words += ", " + qualifier + " " + k.Qualifier
	}
	return oneLine(words)
}

// unitSymbols are the signs of units that people know better than the codes of Recommendation 20.
var unitSymbols = map[string]string{
	"KGM": "kg", "GRM": "g", "MGM": "mg", "TNE": "t", "M86": "jin", "LBR": "lb", "ONZ": "oz",
	"LTR": "l", "MLT": "ml", "HLT": "hl", "MTQ": "m³", "MTR": "m", "CMT": "cm", "KMT": "km", "MTK": "m²",
	"H18": "ha", "C62": "pieces", "EA": "pieces", "H87": "pieces", "DZN": "dozen",
}

func symbol(unit string) string { return first(unitSymbols[unit], unit) }

// quantityWords writes a decimal number with its unit; "" without a number.
func quantityWords(number, unit string) string {
	if number == "" {
		return ""
	}
	return strings.TrimSpace(oneLine(number + " " + symbol(unit)))
}

// flowWords adds up what went into an event, or came out: 1000 kg, 12 units. Quantities in different units stand side by
// side; things that are counted singly have none.
func flowWords(flows []types.TraceFlow) string {
	var order []string
	sums, odd, single := map[string]uint64{}, false, 0
	for _, f := range flows {
		if family, _ := f.Thing.Cut(); family == types.PrefixTransformation {
			continue // no goods, but what joins events that tell one transformation
		}
		amount, err := gs1.ParseAmount(f.Quantity)
		switch {
		case f.Quantity == "":
			single++
			continue
		case err != nil || sums[f.Unit]+amount > gs1.MaxAmount:
			odd = true
			continue
		}
		if _, known := sums[f.Unit]; !known {
			order = append(order, f.Unit)
		}
		sums[f.Unit] += amount
	}
	var words []string
	for _, unit := range order {
		words = append(words, quantityWords(gs1.FormatAmount(sums[unit]), unit))
	}
	if single > 0 {
		words = append(words, count(single, "unit"))
	}
	if odd {
		words = append(words, "…")
	}
	return strings.Join(words, " + ")
}

// balanceWords says what an event made of what.
func balanceWords(e *types.TraceEvent) string {
	in, out := flowWords(e.In), flowWords(e.Out)
	switch {
	case in == "" || out == "":
		return in + out
	}
	return in + " → " + out
}

// stepWords names what an event did, and says when it was taken back.
func stepWords(e *types.TraceEvent) string {
	if e.Error {
		return deedWords(e) + " (DECLARED AN ERROR)"
	}
	return deedWords(e)
}

// deedWords is the business step of an event, or else what its type does.
func deedWords(e *types.TraceEvent) string {
	if e.BizStep != "" {
		return oneLine(lastWord(e.BizStep))
	}
	switch {
	case e.Type == types.TransformationEvent:
		return "transforming"
	case e.Type == types.AggregationEvent && e.Action == types.ActionAdd:
		return "packing"
	case e.Type == types.AggregationEvent && e.Action == types.ActionDelete:
		return "unpacking"
	case e.Type == types.ObjectEvent && e.Action == types.ActionAdd:
		return "commissioning"
	}
	return oneLine(strings.ToLower(strings.TrimSpace(e.Type + " " + e.Action)))
}

// lastWord returns what stands behind the last separator of a URI: drying of https://coop.example/step/drying.
func lastWord(uri string) string {
	trimmed := strings.TrimRight(uri, "/:#")
	if i := strings.LastIndexAny(trimmed, "/:#"); i >= 0 {
		return trimmed[i+1:]
	}
	return trimmed
}

// placeWords names a place: GLN 6901234000009, or its URI.
func placeWords(uri string) string {
	k, err := gs1.Parse(uri)
	if err != nil || k.Type != "SGLN" {
		return oneLine(uri)
	}
	if k.Qualifier != "" {
		return oneLine("GLN " + k.Primary + "/" + k.Qualifier)
	}
	return "GLN " + k.Primary
}

func clockWords(ms int64, zone *time.Location) string {
	return time.UnixMilli(ms).In(zone).Format("2006-01-02 15:04 MST")
}

// markWords says what became known of a thing's origin: loud what still matters, quiet what is settled (see settle).
func markWords(marks []types.Mark) (loud, quiet []string) {
	names := map[string]string{
		types.MarkRecall: "RECALLED", types.MarkDispute: "DISPUTED", types.MarkCertificate: "REVOKED certificate",
	}
	for _, m := range marks {
		ref := m.Ref
		if strings.HasSuffix(m.Kind, types.MarkCertificate) {
			ref = types.LinkOf(ref)
		}
		if name := names[m.Kind]; name != "" {
			loud = append(loud, oneLine(name+" "+ref))
		} else {
			quiet = append(quiet, oneLine(m.Kind+" "+ref))
		}
	}
	return loud, quiet
}

// amountWords says how much of a thing was made and what is left of it.
func amountWords(t *types.TraceThing) string {
	made := quantityWords(t.Quantity, t.Unit)
	switch {
	case made == "" || t.Left == "" || t.Left == t.Quantity:
		return made
	case t.Left == "0":
		return made + ", none left"
	}
	return made + ", " + quantityWords(t.Left, t.Unit) + " left"
}

// graph is a trace with its things and events found by their names.
type graph struct {
	*types.TraceAnswer
	zone   *time.Location
	things map[types.ThingKey]*types.TraceThing
	next   map[types.ThingKey][]*types.TraceEvent // events on the far side of a thing, seen from the root
}

func newGraph(a *types.TraceAnswer, zone *time.Location) *graph {
	g := &graph{a, zone, map[types.ThingKey]*types.TraceThing{}, map[types.ThingKey][]*types.TraceEvent{}}
	for i := range a.Things {
		g.things[a.Things[i].Thing] = &a.Things[i]
	}
	for i := range a.Events {
		e := &a.Events[i]
		for _, f := range g.near(e) {
			if known := g.next[f.Thing]; !slices.Contains(known, e) {
				g.next[f.Thing] = append(known, e)
			}
		}
	}
	return g
}

func (g *graph) forward() bool { return g.Direction == "forward" }

// near are an event's things on the root's side, and far those beyond it.
func (g *graph) near(e *types.TraceEvent) []types.TraceFlow {
	if g.forward() {
		return e.In
	}
	return e.Out
}

func (g *graph) far(e *types.TraceEvent) []types.TraceFlow {
	if g.forward() {
		return e.Out
	}
	return e.In
}

// cutOff reports whether there may be more behind a thing than the answer holds.
func (g *graph) cutOff(t *types.TraceThing) bool {
	return g.More && len(g.next[t.Thing]) == 0 && t.Depth > 0
}

// flowsByThing are an event's flows on one side, those of one thing added up, in the order in which they stand.
func flowsByThing(flows []types.TraceFlow) [][]types.TraceFlow {
	var groups [][]types.TraceFlow
	for _, f := range flows {
		i := slices.IndexFunc(groups, func(g []types.TraceFlow) bool { return g[0].Thing == f.Thing })
		if i < 0 {
			groups = append(groups, []types.TraceFlow{f})
		} else {
			groups[i] = append(groups[i], f)
		}
	}
	return groups
}
