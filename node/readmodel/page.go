package readmodel

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Page asks for a part of a list.
type Page struct {
	After string // what the page before returned as next; "" for the first page
	Limit int    // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// The limits of a page, in rows.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// ErrCursor is the error for a Page whose After came from no page.
var ErrCursor = errors.New("not a cursor that a list returned")

func (p Page) limit() int {
	switch {
	case p.Limit <= 0:
		return DefaultLimit
	case p.Limit > MaxLimit:
		return MaxLimit
	}
	return p.Limit
}

// A cursor is the last row's key in base64, so that nobody builds one by hand and its
// form can change.
func cursor(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

func (p Page) key() (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil {
		return "", ErrCursor
	}
	return string(key), nil
}

// question is a SELECT that is put together from the filters that were given.
type question struct {
	sql    strings.Builder
	args   []any
	joined string
}

func ask(sql string) *question {
	q := &question{joined: " WHERE "}
	q.sql.WriteString(sql)
	return q
}

func (q *question) where(condition string, args ...any) {
	q.sql.WriteString(q.joined + condition)
	q.joined = " AND "
	q.args = append(q.args, args...)
}

// equal adds a filter unless the value is empty.
func (q *question) equal(column, value string) {
	if value != "" {
		q.where(column+" = ?", value)
	}
}

// union adds the rows of another question for the same columns.
func (q *question) union(other *question) {
	q.sql.WriteString(" UNION ALL " + other.sql.String())
	q.args = append(q.args, other.args...)
}

// list runs a question. It asks for a row more than the page has, to know whether there
// is a next page; key names a row for the cursor.
func list[T any](ctx context.Context, m *Model, q *question, order string, p Page,
	scan func(*sql.Rows, *T) error, key func(*T) string) (page []T, next string, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, "", errClosed
	}
	q.sql.WriteString(" ORDER BY " + order + " LIMIT ?")
	rows, err := m.read.QueryContext(ctx, q.sql.String(), append(q.args, p.limit()+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("read model: %w", err)
	}
	defer rows.Close()
	page = []T{}
	for rows.Next() {
		var row T
		if err := scan(rows, &row); err != nil {
			return nil, "", fmt.Errorf("read model: %w", err)
		}
		page = append(page, row)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("read model: %w", err)
	}
	if len(page) > p.limit() {
		page = page[:p.limit()]
		next = cursor(key(&page[len(page)-1]))
	}
	return page, next, nil
}
