package client

import (
	"fmt"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
)

// traceDOT writes a trace in Graphviz' language (graphviz.org/doc/info/lang.html): things and events are nodes, and an arrow
// says how much went where.
func traceDOT(a *types.TraceAnswer, zone *time.Location) string {
	p := newPicture(a, zone)
	var b strings.Builder
	b.WriteString("digraph trace {\n  rankdir=LR; bgcolor=white; nodesep=0.3; ranksep=0.9;\n" +
		"  node [fontname=\"Helvetica,Arial,sans-serif\", fontsize=11, shape=box];\n" +
		"  edge [fontname=\"Helvetica,Arial,sans-serif\", fontsize=10, color=\"#5c6670\", fontcolor=\"#333333\"];\n")
	for _, n := range p.nodes {
		fmt.Fprintf(&b, "  %s [label=%s, tooltip=%s, style=%s, color=%s, fillcolor=%s, penwidth=%s];\n", dotQuote(n.id),
			dotQuote(strings.Join(n.lines(), "\n")), dotQuote(n.title), dotQuote(n.look.dotStyle), dotQuote(n.look.border),
			dotQuote(n.look.fill), n.look.width)
	}
	for _, e := range p.edges {
		fmt.Fprintf(&b, "  %s -> %s [label=%s];\n", dotQuote(p.nodes[e.from].id), dotQuote(p.nodes[e.to].id), dotQuote(e.label))
	}
	b.WriteString("}\n")
	return b.String()
}

// dotQuote writes a string as Graphviz reads it. A backslash begins an escape there that depends on where the string stands.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(plain(s)) + `"`
}
