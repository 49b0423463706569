package readmodel

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/caryaledger/carya/types"
)

// table is a table that rows are put into; they replace rows with the same primary key.
type table int

const (
	tableBlocks table = iota
	tableTransactions
	tableMembers
	tableOrders
	tableBooks
	tableTariffs
	tableLots
	tableUnits
	tableFacets
	tableProducts
	tablePlots
	tableCertificates
	tableAccreditations
	tableRecalls
	tableReports
	tableSpreads
	tableEvents
	tablePostings
	tableSegments
	tableLinks
	tables
)

// shapes has each table's name and number of columns, and what becomes of a row whose
// primary key is there already; "" replaces it.
var shapes = [tables]struct {
	name    string
	columns int
	merge   string
}{
	tableBlocks:         {name: "blocks", columns: 2},
	tableTransactions:   {name: "transactions", columns: 6},
	tableMembers:        {name: "members", columns: 8},
	tableOrders:         {name: "orders", columns: 20},
	tableBooks:          {name: "books", columns: 5},
	tableTariffs:        {name: "tariffs", columns: 3},
	tableLots:           {name: "lots", columns: 20},
	tableUnits:          {name: "units", columns: 19},
	tableFacets:         {name: "facets", columns: 3},
	tableProducts:       {name: "products", columns: 7},
	tablePlots:          {name: "plots", columns: 5},
	tableCertificates:   {name: "certificates", columns: 17},
	tableAccreditations: {name: "accreditations", columns: 8},
	tableRecalls:        {name: "recalls", columns: 4},
	tableReports:        {name: "reports", columns: 7},
	tableSpreads:        {name: "spreads", columns: 4},
	tableEvents:         {name: "events", columns: 13},
	tablePostings:       {name: "postings", columns: 4, merge: "slots = CAST(slots || excluded.slots AS BLOB)"},
	tableSegments:       {name: "segments", columns: 3, merge: "least = min(least, excluded.least), most = max(most, excluded.most)"},
	tableLinks:          {name: "links", columns: 3},
}

// together is how many rows one statement takes; a row alone costs nearly twice as much.
const together = 100

// statements are the prepared inserts of every table, for one row and for many.
type statements struct {
	one, many [tables]*sql.Stmt
}

func prepare(db *sql.DB) (*statements, error) {
	s := &statements{}
	for t := range tables {
		var err error
		if s.one[t], err = db.Prepare(t.insert(1)); err != nil {
			return nil, err
		}
		if s.many[t], err = db.Prepare(t.insert(together)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// insert is the statement that puts so many rows into the table.
func (t table) insert(rows int) string {
	shape := shapes[t]
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", shape.columns), ",") + ")"
	values := shape.name + " VALUES " + row + strings.Repeat(","+row, rows-1)
	if shape.merge == "" {
		return "REPLACE INTO " + values
	}
	return "INSERT INTO " + values + " ON CONFLICT DO UPDATE SET " + shape.merge
}

func (s *statements) close() error {
	var errs []error
	for t := range shapes {
		errs = append(errs, s.one[t].Close(), s.many[t].Close())
	}
	return errors.Join(errs...)
}

// writer collects rows within one SQL transaction.
type writer struct {
	tx      *sql.Tx
	insert  *statements
	pending [tables][]any
	changed []faceted // things whose facets wait
}

func (s *statements) writer(tx *sql.Tx) *writer { return &writer{tx: tx, insert: s} }

// add puts one row into a table, at the latest with the next flush.
func (w *writer) add(t table, values ...any) error {
	w.pending[t] = append(w.pending[t], values...)
	if len(w.pending[t]) < together*shapes[t].columns {
		return nil
	}
	err := w.put(t, w.insert.many[t], w.pending[t])
	w.pending[t] = w.pending[t][:0]
	return err
}

// flush writes the rows that wait.
func (w *writer) flush() error {
	if err := w.flushFacets(); err != nil {
		return err
	}
	for t, shape := range shapes {
		rows := w.pending[t]
		for ; len(rows) > 0; rows = rows[shape.columns:] {
			if err := w.put(table(t), w.insert.one[t], rows[:shape.columns]); err != nil {
				return err
			}
		}
		w.pending[t] = nil
	}
	return nil
}

func (w *writer) put(t table, statement *sql.Stmt, values []any) error {
	if _, err := w.tx.Stmt(statement).Exec(values...); err != nil {
		return fmt.Errorf("write %s: %w", shapes[t].name, err)
	}
	return nil
}

// block writes a block and its transactions.
func (w *writer) block(b *types.Block) error {
	if len(b.Txs) >= 1<<positionBits {
		return fmt.Errorf("%d transactions", len(b.Txs))
	}
	if err := w.add(tableBlocks, b.Height, b.Time); err != nil {
		return err
	}
	for i := range b.Txs {
		t := &b.Txs[i]
		err := w.add(tableTransactions, position(b.Height, i), t.Digest[:], t.Member, t.Kind, int64(t.Bodies), int64(t.Code))
		if err != nil {
			return err
		}
	}
	return nil
}
