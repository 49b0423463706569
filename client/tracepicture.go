package client

import (
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
)

// picture is a trace as boxes and arrows, before anybody says where they stand. Arrows point with time, from what went in to
// what came out.
type picture struct {
	title string
	nodes []box
	edges []arrow
	back  bool
}

// box is a thing or an event.
type box struct {
	id    string
	title string   // all there is to say, for those who point at it
	loud  []string // what must not be overlooked
	head  string
	text  []string
	event bool
	root  bool // what the trace is of
	look  look
}

// arrow is a flow between a thing and an event.
type arrow struct {
	from, to int // boxes
	label    string
}

// look is how a box is drawn. What a colour says, a line style and a word say as well.
type look struct{ border, fill, width, dash, dotStyle string }

var (
	plainLook      = look{"#3b4a57", "#ffffff", "1", "", "filled"}
	eventLook      = look{"#7d93a6", "#e9f0f5", "1", "", "rounded,filled"}
	rootLook       = look{"#23603a", "#e6f3e9", "2.5", "", "filled,bold"}
	recalledLook   = look{"#b00020", "#fdecee", "2.5", "7 4", "filled,dashed"}
	disputedLook   = look{"#8a5a00", "#fff4dc", "2.5", "2 4", "filled,dotted"}
	withdrawnLook  = look{"#6a3d9a", "#f3ecfa", "2.5", "9 3 2 3", "filled,dashed"}
	unfollowedLook = look{"#8c8c8c", "#f7f7f7", "1", "3 3", "filled,dashed"}
)

// looks are the looks of marks, the most serious first.
var looks = []struct {
	kind string
	look look
}{{types.MarkRecall, recalledLook}, {types.MarkDispute, disputedLook}, {types.MarkCertificate, withdrawnLook}}

func newPicture(a *types.TraceAnswer, zone *time.Location) *picture {
	g := newGraph(a, zone)
	p := &picture{title: "what " + thingWords(a.Root) + " came from", back: !g.forward()}
	if !p.back {
		p.title = "what came of " + thingWords(a.Root)
	}
	at := map[string]int{}
	for i := range a.Things {
		p.thing(g, &a.Things[i], at)
	}
	for i := range a.Events {
		p.event(g, &a.Events[i], at)
	}
	return p
}

func (p *picture) add(b box, at map[string]int) int {
	at[b.id] = len(p.nodes)
	p.nodes = append(p.nodes, b)
	return at[b.id]
}

func (p *picture) thing(g *graph, t *types.TraceThing, at map[string]int) {
	if _, twice := at[string(t.Thing)]; twice {
		return
	}
	b := box{id: string(t.Thing), head: thingWords(t.Thing), root: t.Thing == g.Root, look: lookOf(g, t)}
	var settled []string
	b.loud, settled = markWords(t.Marks)
	for _, flag := range t.Flags {
		b.loud = append(b.loud, "! "+oneLine(flag))
	}
	b.add(oneLine(t.Product))
	b.add(amountWords(t))
	if len(t.Holders) > 0 {
		b.add("with " + oneLine(strings.Join(t.Holders, ", ")))
	}
	if len(t.Claims) > 0 {
		b.add("claims " + oneLine(strings.Join(t.Claims, ", ")))
	}
	b.text = append(b.text, settled...)
	if unfollowed(t) {
		b.add("not followed by the ledger")
	}
	b.title = strings.Join(append([]string{first(t.URI, b.id)}, b.lines()...), "\n")
	p.add(b, at)
}

func lookOf(g *graph, t *types.TraceThing) look {
	for _, l := range looks {
		if slices.ContainsFunc(t.Marks, func(m types.Mark) bool { return m.Kind == l.kind }) {
			return l.look
		}
	}
	switch {
	case t.Thing == g.Root:
		return rootLook
	case unfollowed(t):
		return unfollowedLook
	}
	return plainLook
}

func (b *box) add(line string) {
	if line != "" {
		b.text = append(b.text, line)
	}
}

// lines is everything in a box.
func (b *box) lines() []string { return slices.Concat([]string{b.head}, b.text, b.loud) }

func (p *picture) event(g *graph, e *types.TraceEvent, at map[string]int) {
	b := box{id: "event/" + string(e.Event), head: stepWords(e), event: true, look: eventLook}
	b.add(clockWords(e.Time, g.zone))
	b.add(oneLine(e.Member))
	if e.Place != "" {
		b.add(placeWords(e.Place))
	}
	b.title = strings.Join(append([]string{oneLine(e.EventID)}, b.lines()...), "\n")
	event := p.add(b, at)
	for _, flows := range flowsByThing(e.In) {
		p.edges = append(p.edges, arrow{p.end(flows[0].Thing, at), event, shareWords(flows)})
	}
	for _, flows := range flowsByThing(e.Out) {
		p.edges = append(p.edges, arrow{event, p.end(flows[0].Thing, at), shareWords(flows)})
	}
}

// end is the box of a thing. One that the answer does not hold gets a small one.
func (p *picture) end(key types.ThingKey, at map[string]int) int {
	if i, known := at[string(key)]; known {
		return i
	}
	name := thingWords(key)
	return p.add(box{id: string(key), head: name, title: name, text: []string{"beyond this picture"}, look: unfollowedLook}, at)
}
