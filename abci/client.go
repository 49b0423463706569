package abci

import (
	"context"
	"sync/atomic"

	abcicli "github.com/cometbft/cometbft/abci/client"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/libs/service"
	"github.com/cometbft/cometbft/proxy"
)

// NewClientCreator connects CometBFT to an application in the same process without any
// lock: CometBFT's own local clients make proofs wait for blocks.
func NewClientCreator(a abci.Application) proxy.ClientCreator { return creator{a} }

type creator struct{ app abci.Application }

func (c creator) NewABCIClient() (abcicli.Client, error) {
	l := &localClient{Application: c.app}
	l.BaseService = *service.NewBaseService(nil, "localClient", l)
	return l, nil
}

// localClient calls the application directly. It implements abcicli.Client.
type localClient struct {
	service.BaseService
	abci.Application
	callback atomic.Value // abcicli.Callback
}

func (c *localClient) Error() error                { return nil }
func (c *localClient) Flush(context.Context) error { return nil }

func (c *localClient) Echo(_ context.Context, msg string) (*abci.ResponseEcho, error) {
	return &abci.ResponseEcho{Message: msg}, nil
}

func (c *localClient) SetResponseCallback(cb abcicli.Callback) { c.callback.Store(cb) }

// CheckTxAsync is called by CometBFT's list mempool only, which is not ours; it answers
// all the same.
func (c *localClient) CheckTxAsync(ctx context.Context, r *abci.RequestCheckTx) (*abcicli.ReqRes, error) {
	resp, err := c.CheckTx(ctx, r)
	if err != nil {
		return nil, err
	}
	rr := abcicli.NewReqRes(abci.ToRequestCheckTx(r))
	rr.Response = abci.ToResponseCheckTx(resp)
	if cb, ok := c.callback.Load().(abcicli.Callback); ok {
		cb(rr.Request, rr.Response)
	}
	rr.InvokeCallback()
	return rr, nil
}
