package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// Book is a row of the list of items of bonded books.
type Book struct {
	ID      types.BookID `json:"id" doc:"warehouse and the item's name"`
	Balance int64        `json:"balance" doc:"what is in it, 10^-5 units"`
	Entered int64        `json:"entered" doc:"sum of all entries, 10^-5 units"`
	Entry   string       `json:"entry" doc:"ULID of the last entry"`
	Height  int64        `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// BookFilter narrows the list of book items; empty fields ask for nothing.
type BookFilter struct{ Warehouse string }

func (w *writer) book(id string, record []byte, height int64) error {
	var r types.Book
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tableBooks, id, r.Balance, r.Entered, r.Entry, height)
}

// Books lists the items of bonded books, by warehouse and name.
func (m *Model) Books(ctx context.Context, f BookFilter, p Page) ([]Book, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask("SELECT id, balance, entered, entry, height FROM books")
	if f.Warehouse != "" {
		q.where("id > ? AND id < ?", f.Warehouse+"/", f.Warehouse+"0") // '0' follows '/'
	}
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanBook, func(r *Book) string { return string(r.ID) })
}

func scanBook(rows *sql.Rows, r *Book) error {
	return rows.Scan(&r.ID, &r.Balance, &r.Entered, &r.Entry, &r.Height)
}
