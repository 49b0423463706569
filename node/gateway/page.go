package gateway

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/caryaledger/carya/types"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// pagePolicy lets the page fetch from this node and nothing else do anything.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (g *gateway) pageRoute() {
	g.plain(get("/", "page", "a page for people"), mediaHTML, http.HandlerFunc(g.page))
}

func (g *gateway) page(w http.ResponseWriter, r *http.Request) {
	s := g.Status(r.Context())
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		types.Status
		Health condition
	}{s, g.condition(s)})
	if err != nil {
		panic(err) // the template and its data are ours; finish answers
	}
	w.Header().Set("Content-Type", mediaHTML+"; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Write(b.Bytes())
}
