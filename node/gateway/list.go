package gateway

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

// listPatience bounds a question to the read model: filters that no index serves together
// would otherwise walk millions of rows.
const listPatience = 10 * time.Second

// Paged is the part of a request for a list that names a page. It is exported because
// huma fills in no embedded struct that is not.
type Paged struct {
	After string `query:"after" maxLength:"200" doc:"next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (p Paged) page() readmodel.Page { return readmodel.Page{After: p.After, Limit: p.Limit} }

// memberList and the others are pages of the read model, which may lag behind the chain.
type memberList struct {
	Height  int64              `json:"height" doc:"last block in the read model"`
	Members []readmodel.Member `json:"members"`
	Next    string             `json:"next" doc:"after for the next page, empty on the last"`
}

type lotList struct {
	Height int64           `json:"height" doc:"last block in the read model"`
	Lots   []readmodel.Lot `json:"lots"`
	Next   string          `json:"next" doc:"after for the next page, empty on the last"`
}

type orderList struct {
	Height int64             `json:"height" doc:"last block in the read model"`
	Orders []readmodel.Order `json:"orders"`
	Next   string            `json:"next" doc:"after for the next page, empty on the last"`
}

type bookList struct {
	Height int64            `json:"height" doc:"last block in the read model"`
	Books  []readmodel.Book `json:"books"`
	Next   string           `json:"next" doc:"after for the next page, empty on the last"`
}

type tariffList struct {
	Height  int64              `json:"height" doc:"last block in the read model"`
	Tariffs []readmodel.Tariff `json:"tariffs"`
	Next    string             `json:"next" doc:"after for the next page, empty on the last"`
}

type transactionList struct {
	Height       int64                   `json:"height" doc:"last block in the read model"`
	Transactions []readmodel.Transaction `json:"transactions" doc:"the newest first"`
	Next         string                  `json:"next" doc:"after for the next page, empty on the last"`
}

type unitList struct {
	Height int64            `json:"height" doc:"last block in the read model"`
	Units  []readmodel.Unit `json:"units"`
	Next   string           `json:"next" doc:"after for the next page, empty on the last"`
}

type productList struct {
	Height   int64               `json:"height" doc:"last block in the read model"`
	Products []readmodel.Product `json:"products"`
	Next     string              `json:"next" doc:"after for the next page, empty on the last"`
}

type plotList struct {
	Height int64            `json:"height" doc:"last block in the read model"`
	Plots  []readmodel.Plot `json:"plots"`
	Next   string           `json:"next" doc:"after for the next page, empty on the last"`
}

type certificateList struct {
	Height       int64                   `json:"height" doc:"last block in the read model"`
	Certificates []readmodel.Certificate `json:"certificates"`
	Next         string                  `json:"next" doc:"after for the next page, empty on the last"`
}

type accreditationList struct {
	Height         int64                     `json:"height" doc:"last block in the read model"`
	Accreditations []readmodel.Accreditation `json:"accreditations"`
	Next           string                    `json:"next" doc:"after for the next page, empty on the last"`
}

type recallList struct {
	Height  int64              `json:"height" doc:"last block in the read model"`
	Recalls []readmodel.Recall `json:"recalls"`
	Next    string             `json:"next" doc:"after for the next page, empty on the last"`
}

type membersQuery struct{ Paged }

type lotsQuery struct {
	Paged
	Holder  string `query:"holder" doc:"member that holds any of the lot"`
	Owner   string `query:"owner" doc:"member that commissioned the lot"`
	OfferTo string `query:"offerTo" doc:"member that any of the lot is offered to"`
	Product string `query:"product" doc:"GTIN, 14 digits"`
	Plot    string `query:"plot" doc:"where it was harvested"`
	Claim   string `query:"claim" doc:"standard that it may be sold under"`
	Recall  string `query:"recall" doc:"recall that reached it" example:"linan-coop/2026-3"`
}

type unitsQuery struct {
	Paged
	Custodian string `query:"custodian" doc:"member that holds the unit"`
	Owner     string `query:"owner" doc:"member that commissioned the unit"`
	OfferTo   string `query:"offerTo" doc:"member that the unit is offered to"`
	Parent    string `query:"parent" doc:"unit that it is directly inside of"`
	Content   string `query:"content" doc:"lot that is directly inside it"`
	Recall    string `query:"recall" doc:"recall that reached it"`
}

type ownedQuery struct {
	Paged
	Owner string `query:"owner" doc:"member that registered it"`
}

type certificatesQuery struct {
	Paged
	Standard string `query:"standard"`
	Issuer   string `query:"issuer"`
	Subject  string `query:"subject" doc:"member that may use it"`
}

type accreditationsQuery struct {
	Paged
	Issuer string `query:"issuer" doc:"member that may issue"`
}

type recallsQuery struct {
	Paged
	Member string `query:"member" doc:"who opened it"`
	Open   bool   `query:"open" doc:"only those that are not closed"`
}

type ordersQuery struct {
	Paged
	Platform string   `query:"platform"`
	State    []string `query:"state" doc:"any of these states, separated by commas; time alone makes orders STALE and LAPSED" example:"DECLARED,ACCEPTED"`
	Flow     string   `query:"flow" enum:"import,export"`
	Office   string   `query:"office" doc:"customs office that the last declaration was filed with"`
	Member   string   `query:"member" doc:"who recorded any of the order's documents"`
}

type booksQuery struct {
	Paged
	Warehouse string `query:"warehouse" doc:"member that keeps the book"`
}

type tariffsQuery struct{ Paged }

type transactionsQuery struct {
	Paged
	Member string `query:"member"`
	Kind   string `query:"kind" example:"RecordOrder"`
	Code   string `query:"code" doc:"what became of it" example:"OVERDRAW"`
}

type listed[T any] struct{ Body T }

// listRoutes adds the lists. They answer questions and prove nothing.
func (g *gateway) listRoutes() {
	listRoute(g, "members", "the members, by id",
		func(ctx context.Context, m *readmodel.Model, in *membersQuery) (l memberList, err error) {
			l.Height = m.Height()
			l.Members, l.Next, err = m.Members(ctx, in.page())
			return l, err
		})
	listRoute(g, "lots", "lots, by id",
		func(ctx context.Context, m *readmodel.Model, in *lotsQuery) (l lotList, err error) {
			l.Height = m.Height()
			l.Lots, l.Next, err = m.Lots(ctx, readmodel.LotFilter{
				Holder: in.Holder, Owner: in.Owner, OfferTo: in.OfferTo, Product: in.Product, Plot: in.Plot,
				Claim: in.Claim, Recall: types.RecallID(in.Recall),
			}, in.page())
			return l, err
		})
	listRoute(g, "units", "units, by id",
		func(ctx context.Context, m *readmodel.Model, in *unitsQuery) (l unitList, err error) {
			l.Height = m.Height()
			l.Units, l.Next, err = m.Units(ctx, readmodel.UnitFilter{
				Custodian: in.Custodian, Owner: in.Owner, OfferTo: in.OfferTo, Parent: types.UnitID(in.Parent),
				Content: types.LotID(in.Content), Recall: types.RecallID(in.Recall),
			}, in.page())
			return l, err
		})
	listRoute(g, "products", "registered trade items, by GTIN",
		func(ctx context.Context, m *readmodel.Model, in *ownedQuery) (l productList, err error) {
			l.Height = m.Height()
			l.Products, l.Next, err = m.Products(ctx, readmodel.ProductFilter{Owner: in.Owner}, in.page())
			return l, err
		})
	listRoute(g, "plots", "registered plots with their seasons, by id",
		func(ctx context.Context, m *readmodel.Model, in *ownedQuery) (l plotList, err error) {
			l.Height = m.Height()
			l.Plots, l.Next, err = m.Plots(ctx, readmodel.PlotFilter{Owner: in.Owner}, in.page())
			return l, err
		})
	listRoute(g, "certificates", "certificates, by id",
		func(ctx context.Context, m *readmodel.Model, in *certificatesQuery) (l certificateList, err error) {
			l.Height = m.Height()
			l.Certificates, l.Next, err = m.Certificates(ctx, readmodel.CertificateFilter{Standard: in.Standard, Issuer: in.Issuer, Subject: in.Subject}, in.page())
			return l, err
		})
	listRoute(g, "accreditations", "accreditations, by authority and name",
		func(ctx context.Context, m *readmodel.Model, in *accreditationsQuery) (l accreditationList, err error) {
			l.Height = m.Height()
			l.Accreditations, l.Next, err = m.Accreditations(ctx, readmodel.AccreditationFilter{Issuer: in.Issuer}, in.page())
			return l, err
		})
	listRoute(g, "recalls", "recalls, by member and name",
		func(ctx context.Context, m *readmodel.Model, in *recallsQuery) (l recallList, err error) {
			l.Height = m.Height()
			l.Recalls, l.Next, err = m.Recalls(ctx, readmodel.RecallFilter{Member: in.Member, Open: in.Open}, in.page())
			return l, err
		})
	listRoute(g, "orders", "orders, by platform and time",
		func(ctx context.Context, m *readmodel.Model, in *ordersQuery) (l orderList, err error) {
			l.Height = m.Height()
			l.Orders, l.Next, err = m.Orders(ctx, readmodel.OrderFilter{
				Platform: in.Platform, States: in.State, Flow: in.Flow, Office: in.Office, Member: in.Member,
			}, in.page())
			return l, err
		})
	listRoute(g, "books", "items of bonded books, by warehouse and name",
		func(ctx context.Context, m *readmodel.Model, in *booksQuery) (l bookList, err error) {
			l.Height = m.Height()
			l.Books, l.Next, err = m.Books(ctx, readmodel.BookFilter{Warehouse: in.Warehouse}, in.page())
			return l, err
		})
	listRoute(g, "tariffs", "what retail imports are taxed with, by commodity code",
		func(ctx context.Context, m *readmodel.Model, in *tariffsQuery) (l tariffList, err error) {
			l.Height = m.Height()
			l.Tariffs, l.Next, err = m.Tariffs(ctx, in.page())
			return l, err
		})
	listRoute(g, "transactions", "transactions, the newest first", transactions)
}

func transactions(ctx context.Context, m *readmodel.Model, in *transactionsQuery) (l transactionList, err error) {
	f := readmodel.TransactionFilter{Member: in.Member, Kind: in.Kind}
	if _, ok := types.KindNamed(in.Kind); !ok && in.Kind != "" {
		return l, types.Refuse(types.FieldInvalid, "kind", "%.40q: no such kind of transaction", in.Kind)
	}
	if in.Code != "" {
		code, ok := types.CodeNamed(strings.ToUpper(in.Code))
		if !ok {
			return l, types.Refuse(types.FieldInvalid, "code", "%.40q: no code has that name", in.Code)
		}
		f.Code = &code
	}
	l.Height = m.Height()
	l.Transactions, l.Next, err = m.Transactions(ctx, f, in.page())
	return l, err
}

func listRoute[I, L any](g *gateway, name, summary string, ask func(context.Context, *readmodel.Model, *I) (L, error)) {
	op := get("/v1/"+name, "list-"+name, summary)
	op.Description = "From the read model, which may lag behind the chain and proves nothing."
	register(g, op, func(ctx context.Context, in *I) (*listed[L], error) {
		m := g.ReadModel()
		if m == nil {
			return nil, newProblem(http.StatusNotImplemented, types.OK, "", "this node keeps no read model; /v1/records lists records by key")
		}
		ctx, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		l, err := ask(ctx, m, in)
		return &listed[L]{l}, err
	})
}
