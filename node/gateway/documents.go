package gateway

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/caryaledger/carya/node/bearer"
	"github.com/caryaledger/carya/node/vault"
	"github.com/caryaledger/carya/types"
)

// Vault keeps and carries sealed deliveries: a *vault.Vault.
type Vault interface {
	Take(ctx context.Context, s *types.Sealed, reader string) (types.Hash, []vault.Carried, error)
	List(ctx context.Context, record string, after int64, limit int) ([]vault.Stored, error)
	Get(ctx context.Context, id types.Hash) ([]byte, error)
	Erase(ctx context.Context, id types.Hash) error
}

// maxSealedBody is a largest delivery in JSON, where its body is base64.
const maxSealedBody = types.MaxSealed/3*4 + piece

// caller is what an operation knows of who asks; huma fills it in.
type caller struct{ bearer.Caller }

func (c *caller) Resolve(ctx huma.Context) []error {
	c.Caller = bearer.Caller{Authorization: ctx.Header("Authorization"), Host: ctx.Host(), Proxied: bearer.Proxied(ctx.Header)}
	return nil
}

// owners admits those who may read and erase what was delivered to the node's member.
func (g *gateway) owners(c *caller) error {
	status, field, why := g.opts.VaultGate.Admit(c.Caller)
	if status == 0 {
		return nil
	}
	return newProblem(status, types.OK, field, why)
}

type deliveryIn struct {
	For     string `query:"for" maxLength:"32" doc:"only for this reader, which must be this node's member: nodes ask so when they carry it to each other"`
	RawBody []byte `contentType:"application/json"`
}

type deliveryTaken struct {
	ID types.Hash      `json:"id" doc:"digest that the sender signed"`
	To []vault.Carried `json:"to"`
}

type deliveriesQuery struct {
	caller
	Record string `query:"record" maxLength:"200" doc:"key of a record that they are about"`
	After  int64  `query:"after" minimum:"0" doc:"seq of the last one known"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type deliveryList struct {
	Documents []vault.Stored `json:"documents" doc:"ascending by arrival"`
	Next      int64          `json:"next,omitempty" doc:"after for the next page, absent on the last"`
}

type deliveryQuery struct {
	caller
	ID string `path:"id" doc:"digest that the sender signed"`
}

func (g *gateway) documentRoutes() {
	const where = "/v1/documents"
	register(g, huma.Operation{
		Method: http.MethodPost, Path: where, OperationID: "deliver", DefaultStatus: http.StatusAccepted,
		Summary: "hand over a sealed delivery of private documents",
		Description: "JSON of types.Sealed, signed by an active key of any member. What this node's member can open is kept; what other members can open is " +
			"carried to their nodes. Taking one again changes nothing.",
		MaxBodyBytes: maxSealedBody, SkipValidateBody: true,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaJSON: {Schema: schemaOf[types.Sealed](g)}}},
	}, g.deliver)
	const guarded = "Needs a token of vault.token_file or, without one, a caller on the node's machine."
	list := get(where, "list-deliveries", "what was delivered to this node's member")
	list.Description = guarded
	register(g, list, g.deliveries)
	one := get(where+"/{id}", "delivery", "a sealed delivery")
	one.Description = guarded
	one.Responses = answers(http.StatusOK, mediaJSON, schemaOf[types.Sealed](g))
	register(g, one, g.delivery)
	register(g, huma.Operation{
		Method: http.MethodDelete, Path: where + "/{id}", OperationID: "erase-delivery", DefaultStatus: http.StatusNoContent,
		Summary: "destroy a sealed delivery", Description: guarded,
	}, g.eraseDelivery)
}

// vault returns the node's vault, or the problem that there is none.
func (g *gateway) vault() (Vault, error) {
	if g.opts.Vault == nil {
		return nil, newProblem(http.StatusNotFound, types.OK, "", "this node keeps no vault: vault.database in config.toml is empty")
	}
	return g.opts.Vault, nil
}

func (g *gateway) deliver(ctx context.Context, in *deliveryIn) (*struct{ Body deliveryTaken }, error) {
	v, err := g.vault()
	if err != nil {
		return nil, err
	}
	var s types.Sealed
	if err := json.Unmarshal(in.RawBody, &s); err != nil {
		return nil, types.Refuse(types.Malformed, "", "not a sealed delivery: %v", err)
	}
	id, to, err := v.Take(ctx, &s, in.For)
	if err != nil {
		return nil, err
	}
	return &struct{ Body deliveryTaken }{deliveryTaken{id, to}}, nil
}

func (g *gateway) deliveries(ctx context.Context, in *deliveriesQuery) (*struct{ Body deliveryList }, error) {
	v, err := g.vault()
	if err != nil {
		return nil, err
	}
	if err := g.owners(&in.caller); err != nil {
		return nil, err
	}
	list, err := v.List(ctx, in.Record, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	page := deliveryList{Documents: list}
	if len(list) == in.Limit {
		page.Next = list[len(list)-1].Seq
	}
	return &struct{ Body deliveryList }{page}, nil
}

func (g *gateway) delivery(ctx context.Context, in *deliveryQuery) (*written, error) {
	v, id, err := g.named(in)
	if err != nil {
		return nil, err
	}
	body, err := v.Get(ctx, id)
	return &written{ContentType: mediaJSON, Body: body}, err
}

func (g *gateway) eraseDelivery(ctx context.Context, in *deliveryQuery) (*struct{}, error) {
	v, id, err := g.named(in)
	if err != nil {
		return nil, err
	}
	return nil, v.Erase(ctx, id)
}

// named admits a caller to one delivery.
func (g *gateway) named(in *deliveryQuery) (Vault, types.Hash, error) {
	v, err := g.vault()
	if err != nil {
		return nil, types.Hash{}, err
	}
	if err := g.owners(&in.caller); err != nil {
		return nil, types.Hash{}, err
	}
	var id types.Hash
	if err := id.UnmarshalText([]byte(in.ID)); err != nil {
		return nil, id, types.Refuse(types.FieldInvalid, "id", "%.80q: %v", in.ID, err)
	}
	return v, id, nil
}
