package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// Plot is a row of the list of plots.
type Plot struct {
	ID      string         `json:"id" doc:"path of an SGLN, or x. and an escaped URI"`
	URI     string         `json:"uri" doc:"GS1 Digital Link, or the URI outside GS1"`
	Name    string         `json:"name"`
	Owner   string         `json:"owner" doc:"member that registered it"`
	Seasons []types.Season `json:"seasons" doc:"what it may yield, and what it has; quantities in 10^-5 of the unit"`
	Height  int64          `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// PlotFilter narrows the list of plots; empty fields ask for nothing.
type PlotFilter struct{ Owner string }

func (w *writer) plot(id string, record []byte, height int64) error {
	var r types.Plot
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tablePlots, id, r.Name, r.Owner, listText(r.Seasons), height)
}

// Plots lists plots, by id.
func (m *Model) Plots(ctx context.Context, f PlotFilter, p Page) ([]Plot, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask("SELECT id, name, owner, seasons, height FROM plots")
	q.equal("owner", f.Owner)
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanPlot, func(r *Plot) string { return r.ID })
}

func scanPlot(rows *sql.Rows, r *Plot) error {
	err := rows.Scan(&r.ID, &r.Name, &r.Owner, into(&r.Seasons), &r.Height)
	r.URI = types.LinkOf(r.ID)
	return err
}
