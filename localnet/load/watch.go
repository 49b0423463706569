package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types"
)

// blockView is what the generator reads of a types.Block. The events, which are most of
// its bytes, are skipped: decoding them would cost as much as sending the load does.
type blockView struct {
	Height int64    `json:"height"`
	Txs    []txView `json:"txs"`
}

type txView struct {
	Digest types.Hash   `json:"digest"`
	Code   types.Code   `json:"code"`
	Codes  []types.Code `json:"codes"`
}

// watch reads every block from a height on from one node as soon as it is there and
// enters it, until the context ends.
func watch(ctx context.Context, node string, from int64, enter func(*blockView, time.Time)) error {
	for height, failures := from, 0; ; {
		b, err := readBlock(ctx, node, height)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errNotYet):
		case err != nil && failures < 10:
			failures++
			pause(ctx, 100*time.Millisecond)
		case err != nil:
			return fmt.Errorf("block %d of %s: %w", height, node, err)
		default:
			enter(b, time.Now())
			height, failures = height+1, 0
		}
	}
}

var errNotYet = errors.New("the block is not there yet")

func readBlock(ctx context.Context, node string, height int64) (*blockView, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/blocks/%d?wait=5s", node, height), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/cbor")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusNotFound:
		return nil, errNotYet
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(data[:min(len(data), 300)])))
	}
	b := new(blockView)
	return b, cbor.Unmarshal(data, b)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
