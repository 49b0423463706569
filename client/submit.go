package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
)

const (
	// waitCommit is how long one request waits for the block at the node.
	waitCommit = 30 * time.Second
	// leastPause and mostPause bound the pauses between two tries; each is twice the one before.
	leastPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
	// patience is how long after a transaction's expiry a silent node is still asked for its fate: clocks differ.
	patience = time.Minute
)

// Submit hands a signed transaction to the node once. The receipt says accepted: it is in the node's pool, not yet in a
// block. Errors with a code are of type *types.Refusal.
func (c *Client) Submit(ctx context.Context, raw []byte) (*types.Receipt, error) {
	return c.submit(ctx, raw, nil)
}

func (c *Client) submit(ctx context.Context, raw []byte, query url.Values) (*types.Receipt, error) {
	const path = "/v1/transactions"
	a, err := c.do(ctx, request{
		method: http.MethodPost, path: path, query: query, body: raw,
		contentType: "application/cbor", accept: "application/json",
	})
	if err != nil {
		return nil, err
	}
	r, err := decode[types.Receipt](c, path, a)
	if err != nil {
		return nil, err
	}
	return r, Outcome(r)
}

// SubmitBatch hands many signed transactions to the node in one request. The receipts stand in the order of the
// transactions; each has its own state, also refused.
func (c *Client) SubmitBatch(ctx context.Context, raws [][]byte) ([]types.Receipt, error) {
	const path = "/v1/transactions/batch"
	body, err := types.Encode(raws)
	if err != nil {
		return nil, err
	}
	a, err := c.do(ctx, request{
		method: http.MethodPost, path: path, body: body,
		contentType: "application/cbor", accept: "application/json",
	})
	if err != nil {
		return nil, err
	}
	results, err := decode[struct {
		Results []types.Receipt `json:"results"`
	}](c, path, a)
	if err != nil {
		return nil, err
	}
	if got := len(results.Results); got != len(raws) {
		return nil, fmt.Errorf("node %s: %d receipts for %d transactions", c.Node(), got, len(raws))
	}
	return results.Results, nil
}

// SubmitAndWait hands a signed transaction to the node until it stands in a block or is refused for good, and returns
// its receipt. Pauses that the node asks for are kept. A transaction executes once however often it is sent, so the same
// bytes are sent again after time-outs and broken connections; a node that cannot be connected to at the first try is
// an *Unreachable at once.
//
// When the block refused the transaction, or some of its bodies, the receipt comes with an error: a *types.Refusal.
func (c *Client) SubmitAndWait(ctx context.Context, raw []byte) (*types.Receipt, error) {
	return c.persist(ctx, raw, types.TxCommitted)
}

// persist sends a transaction until it has reached a state: accepted or committed.
func (c *Client) persist(ctx context.Context, raw []byte, state string) (*types.Receipt, error) {
	signed, err := types.DecodeSigned(raw)
	if err != nil {
		return nil, err
	}
	d := &delivery{client: c, tx: &signed.Transaction, state: state, pause: leastPause}
	if state == types.TxCommitted {
		d.query = url.Values{"wait": {"commit"}, "timeout": {waitCommit.String()}}
	}
	for {
		r, err := c.submit(ctx, raw, d.query)
		done, r, err := d.settle(ctx, r, err)
		if done {
			return r, err
		}
		if err := c.pause(ctx, d.next(err)); err != nil {
			return nil, fmt.Errorf("wait for transaction in %s: %w", c.Node(), err)
		}
		d.tries++
	}
}

// delivery is one transaction on its way into a block.
type delivery struct {
	client *Client
	tx     *types.Transaction
	state  string // that it is to reach
	query  url.Values
	tries  int // before this one
	pause  time.Duration
}

// settle says whether an answer is the last word, and what that word is.
func (d *delivery) settle(ctx context.Context, r *types.Receipt, err error) (done bool, _ *types.Receipt, _ error) {
	if r != nil && (r.State == types.TxCommitted || r.State == types.TxRefused || r.State == d.state) {
		return true, r, err
	}
	code, _ := types.CodeOf(err)
	switch {
	case code == types.Replayed, code == types.TxExpired && d.tries > 0:
		return d.lookUp(ctx, err) // one of our earlier tries may have come through
	case ctx.Err() == nil && d.worthwhile(err):
		return false, nil, err
	case err == nil:
		err = fmt.Errorf("node %s: the transaction expired and is in no block", d.client.Node())
	}
	return true, r, err
}

// worthwhile reports whether the same bytes may still succeed.
func (d *delivery) worthwhile(err error) bool {
	if d.client.now().UnixMilli() > d.tx.Expires+patience.Milliseconds() {
		return false
	}
	var full *busy
	var silent *Unreachable
	var odd *HTTPError
	switch {
	case err == nil, errors.As(err, &full):
		return true
	case errors.As(err, &silent):
		return silent.sent || d.tries > 0
	case errors.As(err, &odd):
		return odd.Status == http.StatusBadGateway || odd.Status == http.StatusGatewayTimeout
	}
	return false
}

// lookUp asks for the fate of a transaction that the node does not want again. The refusal stands if it was none of ours.
func (d *delivery) lookUp(ctx context.Context, refusal error) (bool, *types.Receipt, error) {
	domain, err := d.client.Domain(ctx)
	if err != nil {
		return true, nil, refusal
	}
	digest, err := domain.Digest(d.tx)
	if err != nil {
		return true, nil, err
	}
	// The block is there, but the node may not have written it up yet.
	r, err := d.client.transaction(ctx, digest, url.Values{"wait": {waitCommit.String()}})
	if err != nil || r.State != types.TxCommitted {
		return true, nil, refusal
	}
	return true, r, Outcome(r)
}

// next returns the pause before the next try: what the node asks for, or twice the last one.
func (d *delivery) next(err error) time.Duration {
	p := d.pause
	d.pause = min(2*d.pause, mostPause)
	if b := (*busy)(nil); errors.As(err, &b) {
		p = max(p, b.after)
	}
	return p
}

// Outcome returns the refusal that a receipt tells of, nil when everything was recorded or nothing is known yet.
func Outcome(r *types.Receipt) error {
	if r.Result == nil || r.Result.Code == types.OK {
		if r.State == types.TxRefused {
			return types.Refuse(types.Malformed, r.Field, "refused without a code")
		}
		return nil
	}
	refusal := &types.Refusal{Code: r.Result.Code, Field: r.Field, Detail: first(r.Result.Log, r.Result.Code.Says())}
	// The log says "bodies[2]: OVERDRAW: inputs[0].quantity: …"; the code need not stand twice.
	if at, detail, found := strings.Cut(refusal.Detail, ": "+refusal.Code.String()+": "); found && refusal.Field == "" {
		refusal.Field, refusal.Detail = at, detail
	}
	return refusal
}
