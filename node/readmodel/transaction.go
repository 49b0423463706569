package readmodel

import (
	"context"
	"database/sql"
	"math"
	"strconv"

	"github.com/caryaledger/carya/types"
)

// Transaction is a row of the list of transactions.
type Transaction struct {
	Digest types.Hash `json:"digest"`
	Height int64      `json:"height"`
	Index  int64      `json:"index" doc:"position within the block"`
	Time   int64      `json:"time" doc:"time of the block, Unix milliseconds"`
	Member string     `json:"member"`
	Kind   string     `json:"kind"`
	Bodies int64      `json:"bodies"`
	Code   types.Code `json:"code"`
}

// TransactionFilter narrows the list of transactions; empty fields ask for nothing.
type TransactionFilter struct {
	Member, Kind string
	Code         *types.Code
}

// Transactions lists transactions, the newest first.
func (m *Model) Transactions(ctx context.Context, f TransactionFilter, p Page) ([]Transaction, string, error) {
	before, err := p.position()
	if err != nil {
		return nil, "", err
	}
	q := ask(`SELECT position, time, digest, member, kind, bodies, code
		FROM transactions JOIN blocks ON height = position >> 20`)
	q.equal("member", f.Member)
	q.equal("kind", f.Kind)
	if f.Code != nil {
		q.where("code = ?", int64(*f.Code))
		if *f.Code != types.OK {
			q.where("code <> 0") // word for word as in the index
		}
	}
	q.where("position < ?", before)
	return list(ctx, m, q, "position DESC", p, scanTransaction, func(r *Transaction) string {
		return strconv.FormatInt(position(r.Height, int(r.Index)), 10)
	})
}

func (p Page) position() (int64, error) {
	key, err := p.key()
	if err != nil || key == "" {
		return math.MaxInt64, err
	}
	n, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return 0, ErrCursor
	}
	return n, nil
}

func scanTransaction(rows *sql.Rows, r *Transaction) error {
	var at int64
	var digest []byte
	err := rows.Scan(&at, &r.Time, &digest, &r.Member, &r.Kind, &r.Bodies, &r.Code)
	r.Height, r.Index = at>>positionBits, at&(1<<positionBits-1)
	copy(r.Digest[:], digest)
	return err
}
