package client

import (
	"fmt"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
)

// traceTree writes a trace as a tree: the root, the events next to it, their things, and so on. What stands in it once is not
// opened again.
func traceTree(a *types.TraceAnswer, zone *time.Location) string {
	t := &tree{graph: newGraph(a, zone), things: map[types.ThingKey]bool{}, events: map[types.EventID]bool{}}
	t.thing(a.Root, "", "", "")
	t.summary()
	return t.b.String()
}

// tree is a tree in the making.
type tree struct {
	*graph
	b      strings.Builder
	things map[types.ThingKey]bool // that stand in it
	events map[types.EventID]bool
}

func (t *tree) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// thing writes a thing and what lies behind it. Lead stands before its own line, below before all further ones; share is how
// much of it the event above took or gave.
func (t *tree) thing(key types.ThingKey, lead, below, share string) {
	name := thingWords(key)
	if share != "" {
		name = share + " of " + name
	}
	known := t.graph.things[key]
	switch {
	case known == nil:
		t.line("%s%s (%s), beyond the depth or limit", lead, name, oneLine(string(key)))
		return
	case t.things[key]:
		t.line("%s%s ↑ shown above", lead, name)
		return
	}
	t.things[key] = true
	if known.Product != "" {
		name += ", " + oneLine(known.Product)
	}
	t.line("%s%s%s", lead, name, t.facts(known))
	events := t.next[key]
	t.details(known, below, len(events) > 0 || t.cutOff(known))
	for i, e := range events {
		lead, deeper := branch(below, i == len(events)-1)
		t.event(e, lead, deeper)
	}
	if t.cutOff(known) {
		t.line("%s└─ …", below)
	}
}

// branch returns what stands before the line of a branch and before the lines below it.
func branch(below string, last bool) (lead, deeper string) {
	if last {
		return below + "└─ ", below + "   "
	}
	return below + "├─ ", below + "│  "
}

// facts says how much of a thing there is and who has it.
func (t *tree) facts(thing *types.TraceThing) string {
	var facts []string
	if amount := amountWords(thing); amount != "" {
		facts = append(facts, amount)
	}
	if len(thing.Holders) > 0 {
		facts = append(facts, "with "+oneLine(strings.Join(thing.Holders, ", ")))
	}
	if len(facts) == 0 {
		return ""
	}
	return ": " + strings.Join(facts, ", ")
}

// details writes what is worth knowing about a thing beyond its name: first what must not be overlooked.
func (t *tree) details(thing *types.TraceThing, below string, more bool) {
	words, settled := markWords(thing.Marks)
	for _, flag := range thing.Flags {
		words = append(words, "! "+oneLine(flag))
	}
	words = append(words, settled...)
	if unfollowed(thing) {
		words = append(words, "not followed by the ledger")
	}
	if len(thing.Claims) > 0 {
		words = append(words, "claims: "+oneLine(strings.Join(thing.Claims, ", ")))
	}
	if thing.Plot != "" {
		words = append(words, "plot "+placeWords(types.LinkOf(thing.Plot)))
	}
	bar := "   "
	if more {
		bar = "│  "
	}
	if len(words) > 0 {
		t.line("%s%s%s", below, bar, strings.Join(words, "; "))
	}
}

// unfollowed reports whether the ledger keeps no account of a thing. A transformation is none to keep account of.
func unfollowed(thing *types.TraceThing) bool {
	family, _ := thing.Thing.Cut()
	return !thing.Known && family != types.PrefixTransformation
}

// event writes an event and the things behind it.
func (t *tree) event(e *types.TraceEvent, lead, below string) {
	line := fmt.Sprintf("%s%s, %s by %s", lead, clockWords(e.Time, t.zone), stepWords(e), oneLine(e.Member))
	if t.events[e.Event] {
		t.line("%s ↑ shown above", line)
		return
	}
	t.events[e.Event] = true
	if e.Place != "" {
		line += " at " + placeWords(e.Place)
	}
	if balance := balanceWords(e); balance != "" {
		line += ": " + balance
	}
	t.line("%s", line)
	groups := flowsByThing(t.far(e))
	for i, flows := range groups {
		lead, deeper := branch(below, i == len(groups)-1)
		t.thing(flows[0].Thing, lead, deeper, shareWords(flows))
	}
}

// shareWords is how much of one thing an event took or gave; "" of a thing that is counted singly.
func shareWords(flows []types.TraceFlow) string {
	if flows[0].Quantity == "" {
		return ""
	}
	return flowWords(flows)
}

func (t *tree) summary() {
	says := "what it came from"
	if t.forward() {
		says = "what came of it"
	}
	t.line("%s: %s and %s, as of block %d", says, count(len(t.Things)-1, "thing"), count(len(t.Events), "event"), t.Height)
	if t.More {
		t.line("… and more: raise --depth or --limit")
	}
}
