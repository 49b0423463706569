package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/caryaledger/carya/types"
)

// Status returns how the node is doing.
func (c *Client) Status(ctx context.Context) (*types.Status, error) {
	return get[types.Status](ctx, c, "/v1/status", nil)
}

// Genesis returns the chain's genesis, as the file that the node serves and as what it says. A genesis that comes from
// the node that one wants to check proves nothing: take the trusted one from a member, by another way.
func (c *Client) Genesis(ctx context.Context) (file []byte, genesis *types.Genesis, err error) {
	a, err := c.do(ctx, request{method: http.MethodGet, path: "/v1/genesis", accept: "application/json"})
	if err != nil {
		return nil, nil, err
	}
	genesis, err = types.ReadGenesis(a.data)
	if err != nil {
		return nil, nil, fmt.Errorf("node %s: %w", c.Node(), err)
	}
	return a.data, genesis, nil
}

// Domain returns what signatures for the node's chain are bound to, as the node says.
func (c *Client) Domain(ctx context.Context) (types.Domain, error) {
	s, err := c.Status(ctx)
	if err != nil {
		return types.Domain{}, err
	}
	return types.NewDomain(s.Chain, s.Genesis), nil
}

// Record returns the record under a key such as lot/06901234000016.L2026A as it was after the block at height, 0 being
// the last. A record that is not there is a Refusal NOT_FOUND.
func (c *Client) Record(ctx context.Context, key string, height int64) (*types.RecordAnswer, error) {
	return get[types.RecordAnswer](ctx, c, "/v1/records/"+key, atHeight(height))
}

// History returns everything that ever happened to the record under a key.
func (c *Client) History(ctx context.Context, key string) (*types.HistoryAnswer, error) {
	return get[types.HistoryAnswer](ctx, c, "/v1/history/"+key, nil)
}

// Block returns what the block at height did. If it is not there yet, the node waits for it as long as wait says.
func (c *Client) Block(ctx context.Context, height int64, wait time.Duration) (*types.Block, error) {
	path := "/v1/blocks/" + strconv.FormatInt(height, 10)
	query := url.Values{}
	if wait > 0 {
		query.Set("wait", wait.String())
	}
	a, err := c.do(ctx, request{method: http.MethodGet, path: path, query: query, accept: "application/cbor"})
	if err != nil {
		return nil, err
	}
	if !a.binary {
		return decode[types.Block](c, path, a)
	}
	return types.DecodeBlock(a.data)
}

// Transaction returns what became of the transaction with that digest.
func (c *Client) Transaction(ctx context.Context, digest types.Hash) (*types.Receipt, error) {
	return c.transaction(ctx, digest, nil)
}

func (c *Client) transaction(ctx context.Context, digest types.Hash, query url.Values) (*types.Receipt, error) {
	return get[types.Receipt](ctx, c, "/v1/transactions/"+digest.String(), query)
}

func atHeight(height int64) url.Values {
	if height == 0 {
		return nil
	}
	return url.Values{"height": {strconv.FormatInt(height, 10)}}
}
