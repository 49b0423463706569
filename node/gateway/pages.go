package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/web"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// provePolicy lets a page run what stands in it, and reach nothing: what it says it has
// from the evidence in it.
const provePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const lotPath = "/l/{lot}"

func (g *gateway) pagesRoutes() {
	g.plain(get("/verify", "verify-page", "a page that checks evidence files, also without this node"), mediaHTML, http.HandlerFunc(g.verifyPage))

	op := get(lotPath, "lot-page", "the story of a lot, from evidence that the page checks itself")
	op.Description = "For whoever scans the code on a bag. The evidence is in the page, which can be saved."
	op.Parameters = []*huma.Param{{
		Name: "lot", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}, Example: "06901234000016.L2026A",
		Description: "as in the key of the lot's record: GTIN-14, a full stop and the lot number; its percent signs may stand as they are or be escaped once more",
	}}
	g.plain(op, mediaHTML, http.HandlerFunc(g.lotPage))
}

func (g *gateway) verifyPage(w http.ResponseWriter, r *http.Request) {
	g.sendPage(w, r, http.StatusOK, func(d domain, node string) ([]byte, error) { return web.Verify(d.trust, node) })
}

func (g *gateway) lotPage(w http.ResponseWriter, r *http.Request) {
	named := strings.TrimPrefix(r.URL.EscapedPath(), strings.TrimSuffix(lotPath, "{lot}"))
	e, lot, err := g.lotStory(r.Context(), named)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		g.sendPage(w, r, http.StatusNotFound, func(_ domain, node string) ([]byte, error) { return web.NoLot(node, lot), nil })
		return
	}
	g.sendPage(w, r, http.StatusOK, func(d domain, node string) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		return web.Lot(d.trust, node, lot, e)
	})
}

// sendPage answers with a page, or with a problem where there is none.
func (g *gateway) sendPage(w http.ResponseWriter, r *http.Request, status int, make func(d domain, node string) ([]byte, error)) {
	d, err := g.chain()
	var page []byte
	if err == nil {
		page, err = make(d, g.Status(r.Context()).Member)
	}
	if err != nil {
		p := g.problem(r.Context(), r.URL.Path, err)
		for name, values := range p.GetHeaders() {
			w.Header()[name] = values
		}
		w.(*exchange).writeProblem(p)
		return
	}
	w.Header().Set("Content-Type", mediaHTML+"; charset=utf-8")
	w.Header().Set("Content-Security-Policy", provePolicy)
	w.WriteHeader(status)
	w.Write(page)
}

// lotStory makes evidence of everything that a lot's story needs. The lot that it returns
// is in its one spelling, where it has one.
func (g *gateway) lotStory(ctx context.Context, named string) (*evidence.Evidence, string, error) {
	key, err := readKey(types.PrefixLot + "/" + named)
	lot := strings.TrimPrefix(key, types.PrefixLot+"/")
	if err == nil {
		var thing types.ThingKey
		thing, err = readThing(key)
		key = string(thing)
	}
	if err != nil {
		return nil, named, types.Refuse(types.NotFound, "lot", "%v", err)
	}
	_, lot = types.ThingKey(key).Cut()
	v, err := g.storyState(key)
	if err != nil {
		return nil, lot, err
	}
	defer v.Close()
	asks, err := g.storyOf(ctx, v, key)
	if err != nil {
		return nil, lot, err
	}
	e, err := g.prove(ctx, &evidence.Asked{Height: v.Version(), Claims: asks})
	return e, lot, err
}

// storyState opens the last state but one, whose header is there already, or the last if
// the lot is as new as that.
func (g *gateway) storyState(key string) (*store.View, error) {
	last, err := g.View(0)
	if err != nil {
		return nil, err
	}
	if before, err := g.View(last.Version() - 1); err == nil && last.Version() > 1 {
		if has, err := before.Has(key); has && err == nil {
			last.Close()
			return before, nil
		}
		before.Close()
	}
	if has, err := last.Has(key); err != nil || !has {
		last.Close()
		if err == nil {
			err = noRecord(key, last.Version())
		}
		return nil, err
	}
	return last, nil
}
