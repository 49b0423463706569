package gateway

import (
	"context"
	"net/http"

	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
)

type recallQuery struct {
	Member string `path:"member" maxLength:"40" doc:"who opened it" example:"linan-coop"`
	Name   string `path:"name" maxLength:"40" doc:"the name that the member gave it" example:"2026-3"`
}

func (g *gateway) recallRoute() {
	modelRoute(g, "/v1/recalls/{member}/{name}", "recall", "how far a recall has come",
		"Every lot and unit that it reaches, with what became of it and what the members reported.",
		func(ctx context.Context, m *readmodel.Model, in *recallQuery) (*types.RecallProgress, error) {
			p, err := m.RecallProgress(ctx, types.RecallID(in.Member+"/"+in.Name))
			if code, _ := types.CodeOf(err); code == types.RecallUnknown {
				return nil, newProblem(http.StatusNotFound, code, "name", "there is no recall "+in.Member+"/"+in.Name)
			}
			return p, err
		})
}
