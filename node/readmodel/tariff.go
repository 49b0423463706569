package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// Tariff is a row of the list of tariffs: what retail imports of goods are taxed with.
type Tariff struct {
	Code     string                `json:"code" doc:"commodity code, or its first digits"`
	Versions []types.TariffVersion `json:"versions" doc:"ascending by from; rates are millionths"`
	Height   int64                 `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

func (w *writer) tariff(code string, record []byte, height int64) error {
	var r types.Tariff
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tableTariffs, code, listText(r.Versions), height)
}

// Tariffs lists tariffs, by code.
func (m *Model) Tariffs(ctx context.Context, p Page) ([]Tariff, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask("SELECT code, versions, height FROM tariffs")
	q.where("code > ?", after)
	return list(ctx, m, q, "code", p, scanTariff, func(r *Tariff) string { return r.Code })
}

func scanTariff(rows *sql.Rows, r *Tariff) error {
	return rows.Scan(&r.Code, into(&r.Versions), &r.Height)
}
