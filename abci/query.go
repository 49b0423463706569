package abci

import (
	"context"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/proto/tendermint/crypto"

	"github.com/caryaledger/carya/types"
)

// ProofType names our operation in CometBFT's ProofOps: Data is an ICS23 commitment
// proof under the app hash itself.
const ProofType = "ics23:iavl"

// Query reads one record by its key (Data), at a height (0 = the last), with a proof of
// presence or absence when asked. It never waits for a block.
func (a *App) Query(_ context.Context, r *abci.RequestQuery) (*abci.ResponseQuery, error) {
	resp, err := a.query(r)
	if err == nil {
		return resp, nil
	}
	code, ok := types.CodeOf(err)
	if !ok {
		code = types.NotFound
	}
	return &abci.ResponseQuery{Code: uint32(code), Log: err.Error(), Key: r.Data, Height: r.Height}, nil
}

func (a *App) query(r *abci.RequestQuery) (*abci.ResponseQuery, error) {
	key := string(r.Data)
	if _, err := types.FamilyOf(key); err != nil {
		return nil, err
	}
	view, err := a.View(r.Height)
	if err != nil {
		return nil, types.Refuse(types.NotFound, "height", "%v", err)
	}
	defer view.Close()
	resp := &abci.ResponseQuery{Key: r.Data, Height: view.Version()}
	if resp.Value, err = view.Get(key); err != nil {
		return nil, err
	}
	if resp.Value == nil {
		resp.Code, resp.Log = uint32(types.NotFound), types.NotFound.Says()
	}
	if !r.Prove {
		return resp, nil
	}
	proof, err := view.Prove(key)
	if err != nil {
		return nil, err
	}
	resp.ProofOps = &crypto.ProofOps{Ops: []crypto.ProofOp{{Type: ProofType, Key: r.Data, Data: proof}}}
	return resp, nil
}
