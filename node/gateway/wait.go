package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/caryaledger/carya/types"
)

// The longest that one request waits for a block.
const maxWait = time.Minute

// readWait reads a duration such as 5s or 1m30s.
func readWait(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxWait {
		return 0, types.Refuse(types.FieldInvalid, field, "%.40q: a duration such as 5s, at most %s", text, maxWait)
	}
	return d, nil
}

// await waits until the journal shows a block; false means that it did not in time.
func (g *gateway) await(ctx context.Context, height int64, patience time.Duration) (bool, error) {
	if patience <= 0 {
		return g.Journal().Last() >= height, nil
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := g.Journal().Wait(limited, height)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}
