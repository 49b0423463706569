package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/caryaledger/carya/types"
)

// snapshot is one moment of the model: all that is asked of it is answered from the same
// blocks, and each of its statements is prepared once.
type snapshot struct {
	ctx      context.Context
	tx       *sql.Tx
	prepared map[string]*sql.Stmt
	cache    *rowCache
	full     int64 // segments before this one are full
}

// look answers a question that takes several statements.
func (m *Model) look(ctx context.Context, question func(*snapshot) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return errClosed
	}
	tx, err := m.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	defer tx.Rollback() // nothing was written
	err = question(&snapshot{ctx: ctx, tx: tx, prepared: map[string]*sql.Stmt{}, cache: m.cache})
	if refusal := (*types.Refusal)(nil); err == nil || errors.As(err, &refusal) || errors.Is(err, ErrCursor) {
		return err
	}
	return fmt.Errorf("read model: %w", err)
}

// statement prepares a statement, once.
func (s *snapshot) statement(query string) (*sql.Stmt, error) {
	if st := s.prepared[query]; st != nil {
		return st, nil
	}
	st, err := s.tx.PrepareContext(s.ctx, query) // closed with the transaction
	if err == nil {
		s.prepared[query] = st
	}
	return st, err
}

// each calls scan for every row.
func (s *snapshot) each(scan func(*sql.Rows) error, query string, args ...any) error {
	st, err := s.statement(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(s.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one reads the only row; ok is false if there is none.
func (s *snapshot) one(into []any, query string, args ...any) (ok bool, err error) {
	st, err := s.statement(query)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(s.ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// height is the last block of the moment, 0 when there is none.
func (s *snapshot) height() (h int64, err error) {
	_, err = s.one([]any{&h}, "SELECT max(last, 0) FROM progress")
	return h, err
}
