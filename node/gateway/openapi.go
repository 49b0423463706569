package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/caryaledger/carya/types"
)

// The media types that are spoken.
const (
	mediaJSON    = "application/json"
	mediaCBOR    = "application/cbor"
	mediaXML     = "application/xml"
	mediaHTML    = "text/html"
	mediaProblem = "application/problem+json"
	mediaEvents  = "text/event-stream"
)

// config is huma's, without what it would serve by itself: its documentation page loads
// scripts from elsewhere, and it builds the document while the first request waits.
func config() huma.Config {
	c := huma.DefaultConfig("Carya", "1")
	c.Info.Description = "A node of a Carya ledger: signed transactions in, records with their proofs out."
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{problemOfHuma}
	return c
}

// schemaName tells the rows of the read model's lists from the types of the ledger that
// have the same names.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "/readmodel") {
		return "Listed" + name
	}
	return name
}

// adapter serves huma's operations on a ServeMux. In OpenAPI a record's key is one path
// parameter; for the ServeMux it is the rest of the path, slashes included.
type adapter struct{ *http.ServeMux }

func (a *adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	path := strings.Replace(op.Path, "{key}", "{key...}", 1)
	a.HandleFunc(op.Method+" "+path, func(w http.ResponseWriter, r *http.Request) {
		handler(humago.NewContext(op, r, w))
	})
}

// get describes a route that reads.
func get(path, id, summary string) huma.Operation {
	return huma.Operation{Method: http.MethodGet, Path: path, OperationID: id, Summary: summary}
}

// register adds a route. Whatever error its handler returns becomes a problem.
func register[I, O any](g *gateway, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "a problem; one that the caller can act on has a code",
		Content:     map[string]*huma.MediaType{mediaProblem: {Schema: schemaOf[types.Problem](g)}},
	}
	huma.Register(g.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, g.problem(ctx, op.Path, err)
		}
		return out, nil
	})
}

// plain adds a route that is not huma's, and describes it.
func (g *gateway) plain(op huma.Operation, media string, h http.Handler) {
	op.Responses = answers(http.StatusOK, media, &huma.Schema{})
	g.api.OpenAPI().AddOperation(&op)
	path := op.Path
	if path == "/" {
		path = "/{$}" // without it the pattern means every path
	}
	g.mux.Handle(op.Method+" "+path, h)
}

func schemaOf[T any](g *gateway) *huma.Schema {
	t := reflect.TypeFor[T]()
	return g.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// answers describes a good answer that huma cannot see in a handler's output type.
func answers(status int, media string, schema *huma.Schema) map[string]*huma.Response {
	return map[string]*huma.Response{strconv.Itoa(status): {
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{media: {Schema: schema}},
	}}
}

// binary is the schema of bytes that are not text.
func binary(says string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: says}
}

// openAPIRoutes serves the document, which is complete by now.
func (g *gateway) openAPIRoutes() {
	var asJSON, asYAML []byte
	g.plain(get("/openapi.json", "openapi-json", "this document"), "application/openapi+json", bytesOf(&asJSON, "application/openapi+json"))
	g.plain(get("/openapi.yaml", "openapi-yaml", "this document in YAML"), "application/openapi+yaml", bytesOf(&asYAML, "application/openapi+yaml"))
	document := g.api.OpenAPI()
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} { // huma's own errors never leave
		delete(document.Components.Schemas.Map(), unused)
	}
	var err error
	if asJSON, err = json.MarshalIndent(document, "", "  "); err == nil {
		asYAML, err = document.YAML()
	}
	if err != nil {
		panic(err) // no input reaches this: a test makes the document
	}
}

// bytesOf serves bytes that do not change once the gateway is made.
func bytesOf(content *[]byte, media string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Write(*content)
	}
}
