package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Product is a row of the list of products.
type Product struct {
	GTIN    string `json:"gtin"`
	Name    string `json:"name"`
	Owner   string `json:"owner" doc:"member that registered it"`
	Net     int64  `json:"net" doc:"content of one piece, 10^-5 of netUnit; 0 = none"`
	NetUnit string `json:"netUnit"`
	Model   string `json:"model" doc:"chain of custody model for claims"`
	Height  int64  `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// ProductFilter narrows the list of products; empty fields ask for nothing.
type ProductFilter struct{ Owner string }

func (w *writer) product(id string, record []byte, height int64) error {
	var r types.Product
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tableProducts, id, r.Name, r.Owner, int64(r.Net), r.NetUnit, r.Model, height)
}

// Products lists products, by GTIN.
func (m *Model) Products(ctx context.Context, f ProductFilter, p Page) ([]Product, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask("SELECT id, name, owner, net, net_unit, model, height FROM products")
	q.equal("owner", f.Owner)
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanProduct, func(r *Product) string { return r.GTIN })
}

func scanProduct(rows *sql.Rows, r *Product) error {
	return rows.Scan(&r.GTIN, &r.Name, &r.Owner, &r.Net, &r.NetUnit, &r.Model, &r.Height)
}

// productOf returns the GTIN of a lot or unit, "" where it has none.
func productOf(id string) string {
	key, err := gs1.ParsePath(id)
	if err != nil || key.Qualifier == "" {
		return ""
	}
	switch key.Type {
	case "LGTIN", "SGTIN", "UPUI":
		return key.Primary
	}
	return ""
}
