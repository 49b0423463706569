package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
)

// follow lets the model follow the chain until it has reached its end.
func (c *chain) follow(m *Model) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Follow(ctx, c.journal) }()
	deadline := time.Now().Add(time.Minute)
	for m.Height() != c.height && time.Now().Before(deadline) && len(done) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		c.t.Fatal(err)
	}
	if got := m.Height(); got != c.height {
		c.t.Fatalf("the model stands at block %d of %d", got, c.height)
	}
}

func (c *chain) open(path string) *Model {
	c.t.Helper()
	m, err := Open(path, c.view)
	check(c.t, err)
	c.t.Cleanup(func() { check(c.t, m.Close()) })
	return m
}

// dump is everything that the model says, as text.
func dump(t *testing.T, m *Model) string {
	t.Helper()
	var b strings.Builder
	for _, table := range append([]string{"progress"}, tableNames()...) {
		fmt.Fprintln(&b, table)
		order := " ORDER BY 1, 2, 3"
		if table == "blocks" {
			order = " ORDER BY 1"
		}
		rows, err := m.read.Query("SELECT * FROM " + table + order)
		check(t, err)
		check(t, dumpRows(&b, rows))
	}
	return b.String()
}

func tableNames() (names []string) {
	for _, s := range shapes {
		names = append(names, s.name)
	}
	return names
}

func dumpRows(b *strings.Builder, rows *sql.Rows) error {
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
		for _, v := range values {
			fmt.Fprintf(b, "\t%v", *v.(*any))
		}
		fmt.Fprintln(b)
	}
	return rows.Err()
}

func TestRebuiltEqualsGrown(t *testing.T) {
	c, dir := newChain(t, 1), t.TempDir()
	grown := c.open(filepath.Join(dir, "grown"))
	for range 5 {
		c.grow(7, 30)
		c.follow(grown)
	}
	rebuilt := c.open(filepath.Join(dir, "rebuilt"))
	c.follow(rebuilt)
	want, got := dump(t, grown)+answers(t, grown), dump(t, rebuilt)+answers(t, rebuilt)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the rebuilt model differs (-grown +rebuilt):\n%s", diff)
	}
	if n := strings.Count(want, "\n"); n < 500 {
		t.Errorf("the dump has %d lines: it compares nearly nothing", n)
	}
}

// answers is what the model answers to some questions about events and all traces.
func answers(t *testing.T, m *Model) string {
	t.Helper()
	var b strings.Builder
	for _, f := range []EventFilter{{}, {Declared: 1}, {BizSteps: []string{"packing"}, Members: []string{"farm"}}} {
		for _, by := range []string{orderEventTime, orderRecordTime} {
			rows, _, err := m.Events(t.Context(), f, EventOrder{By: by, Descending: true}, Page{Limit: MaxLimit})
			check(t, err)
			fmt.Fprintf(&b, "%+v\n", rows)
		}
	}
	lots, _, err := m.Lots(t.Context(), LotFilter{}, Page{})
	check(t, err)
	for _, l := range lots {
		for _, back := range []bool{true, false} {
			a, err := m.Trace(t.Context(), l.ID.Key(), back, 0, 0)
			check(t, err)
			fmt.Fprintf(&b, "%+v\n", *a)
		}
	}
	progress, err := m.RecallProgress(t.Context(), "office/2026-1")
	check(t, err)
	fmt.Fprintf(&b, "%+v\n", *progress)
	return b.String()
}

// TestGone deletes records of which there are rows.
func TestGone(t *testing.T) {
	c := newChain(t, 10)
	c.grow(20, 40)
	m := c.open(filepath.Join(t.TempDir(), "model"))
	c.follow(m)
	v, err := c.view()
	check(t, err)
	defer v.Close()
	check(t, m.transact(t.Context(), func(w *writer) error {
		for _, f := range families {
			err := v.Iterate(f.prefix, f.prefix[:len(f.prefix)-1]+"0", func(key string, _ []byte) bool {
				check(t, w.gone(f, key))
				return false
			})
			check(t, err)
		}
		return w.flush()
	}))
	for table, shape := range shapes {
		n := 0
		check(t, m.read.QueryRow("SELECT count(*) FROM "+shape.name).Scan(&n))
		kept := slices.Contains([]string{"blocks", "transactions", "events", "postings", "segments", "links"}, shape.name)
		if kept != (n > 0) {
			t.Errorf("table %d, %s, has %d rows", table, shape.name, n)
		}
	}
}

func TestStopInTheMiddle(t *testing.T) {
	c, dir := newChain(t, 2), t.TempDir()
	c.grow(10, 20)
	path := filepath.Join(dir, "model")
	first, err := Open(path, c.view)
	check(t, err)
	c.follow(first)
	check(t, first.Close())
	c.grow(10, 20)

	again := c.open(path)
	if got := again.Height(); got != 11 {
		t.Fatalf("the model opened again at block %d, want 11", got)
	}
	c.follow(again)
	fresh := c.open(filepath.Join(dir, "fresh"))
	c.follow(fresh)
	if diff := cmp.Diff(dump(t, fresh), dump(t, again)); diff != "" {
		t.Errorf("-fresh +continued:\n%s", diff)
	}
}

func TestRenewedWhenItDoesNotFit(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, path string)
	}{
		{"another version", func(t *testing.T, path string) { statement(t, path, "PRAGMA user_version = 99") }},
		{"another chain", func(t *testing.T, path string) {
			other := newChain(t, 77)
			other.grow(5, 5)
			m, err := Open(path, other.view)
			check(t, err)
			other.follow(m)
			check(t, m.Close())
		}},
		{"ahead of the journal", func(t *testing.T, path string) { statement(t, path, "UPDATE progress SET last = 1000") }},
		{"no database", func(t *testing.T, path string) {
			check(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600))
		}},
		{"other tables", func(t *testing.T, path string) { statement(t, path, "DROP TABLE lots") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, dir := newChain(t, 3), t.TempDir()
			c.grow(10, 10)
			path := filepath.Join(dir, "model")
			m, err := Open(path, c.view)
			check(t, err)
			c.follow(m)
			want := dump(t, m)
			check(t, m.Close())
			test.spoil(t, path)

			m = c.open(path)
			c.follow(m)
			if diff := cmp.Diff(want, dump(t, m)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func statement(t *testing.T, path, sqlText string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	_, err = db.Exec(sqlText)
	check(t, err)
	check(t, db.Close())
}

// TestBrokenPages spoils the file of a model that is closed, and of one that is open.
func TestBrokenPages(t *testing.T) {
	for _, open := range []bool{false, true} {
		t.Run(fmt.Sprint("open ", open), func(t *testing.T) {
			c, path := newChain(t, 4), filepath.Join(t.TempDir(), "model")
			c.grow(20, 30)
			m := c.open(path)
			c.follow(m)
			if !open {
				check(t, m.shut())
			} else {
				_, err := m.write.Exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA shrink_memory")
				check(t, err)
			}
			spoil(t, path)
			if !open {
				m = c.open(path)
			}
			c.grow(3, 30)
			c.follow(m)
			fresh := c.open(path + ".fresh")
			c.follow(fresh)
			if diff := cmp.Diff(dump(t, fresh), dump(t, m)); diff != "" {
				t.Errorf("-fresh +got:\n%s", diff)
			}
		})
	}
}

// spoil writes nonsense over everything but the first pages.
func spoil(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	check(t, err)
	for i := 4096 * 2; i < len(content); i++ {
		content[i] ^= 0x5a
	}
	check(t, os.WriteFile(path, content, 0o600))
}

// late is a journal that began when the node joined, until it is filled up.
type late struct {
	*journal.Journal
	first int64
}

func (l *late) First() int64 { return max(l.first, l.Journal.First()) }

func TestJoinedBySnapshot(t *testing.T) {
	c, dir := newChain(t, 5), t.TempDir()
	c.grow(20, 20)
	m := c.open(filepath.Join(dir, "model"))
	run := func(j Journal) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for m.Height() != c.height || m.progress.first != j.First() {
			if _, err := m.step(ctx, j); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(&late{c.journal, 10})
	lots, _, err := m.Lots(t.Context(), LotFilter{}, Page{})
	check(t, err)
	want := 0
	v, err := c.state.View(0)
	check(t, err)
	check(t, v.Iterate("lot/", "lot0", func(string, []byte) bool { want++; return false }))
	v.Close()
	if len(lots) != want {
		t.Errorf("%d lots, the state has %d", len(lots), want)
	}

	c.grow(1, 20)
	run(c.journal) // the blocks before have arrived
	fresh := c.open(filepath.Join(dir, "fresh"))
	c.follow(fresh)
	if diff := cmp.Diff(dump(t, fresh), dump(t, m)); diff != "" {
		t.Errorf("-fresh +filled up:\n%s", diff)
	}
}

func TestLists(t *testing.T) {
	c := newChain(t, 6)
	c.grow(20, 40)
	m := c.open(filepath.Join(t.TempDir(), "model"))
	c.follow(m)
	ctx := t.Context()
	code, ok := types.Overdraw, types.OK

	for _, test := range []struct {
		name string
		walk func(p Page) (int, string, error)
		sql  string
	}{
		{"members", func(p Page) (int, string, error) { return length(m.Members(ctx, p)) }, "members"},
		{"lots", func(p Page) (int, string, error) { return length(m.Lots(ctx, LotFilter{}, p)) }, "lots"},
		{"lots that a member holds", func(p Page) (int, string, error) {
			return length(m.Lots(ctx, LotFilter{Holder: "holder-1"}, p))
		}, "lots WHERE holdings LIKE '%holder-1%'"},
		{"lots of an owner and holder", func(p Page) (int, string, error) {
			return length(m.Lots(ctx, LotFilter{Holder: "holder-1", Owner: "farm"}, p))
		}, "lots WHERE holdings LIKE '%holder-1%'"},
		{"lots that were offered", func(p Page) (int, string, error) {
			return length(m.Lots(ctx, LotFilter{OfferTo: "shop"}, p))
		}, "lots WHERE offers <> '[]'"},
		{"recalled lots with a claim", func(p Page) (int, string, error) {
			return length(m.Lots(ctx, LotFilter{Recall: "office/2026-1", Claim: "organic"}, p))
		}, "lots WHERE marks <> '[]' AND claims <> '[]'"},
		{"lots of a product", func(p Page) (int, string, error) {
			return length(m.Lots(ctx, LotFilter{Product: gtin(1)}, p))
		}, "lots WHERE id LIKE '" + gtin(1) + ".%'"},
		{"units", func(p Page) (int, string, error) { return length(m.Units(ctx, UnitFilter{}, p)) }, "units"},
		{"units that a member holds and offers", func(p Page) (int, string, error) {
			return length(m.Units(ctx, UnitFilter{Custodian: "holder-1", OfferFrom: "holder-1"}, p))
		}, "units WHERE custodian = 'holder-1' AND offer_to <> ''"},
		{"sold units", func(p Page) (int, string, error) {
			return length(m.Units(ctx, UnitFilter{Fate: types.FateSold}, p))
		}, "units WHERE fate = 'sold'"},
		{"products", func(p Page) (int, string, error) {
			return length(m.Products(ctx, ProductFilter{Owner: "holder-1"}, p))
		}, "products WHERE owner = 'holder-1'"},
		{"plots", func(p Page) (int, string, error) {
			return length(m.Plots(ctx, PlotFilter{Owner: "holder-1"}, p))
		}, "plots WHERE owner = 'holder-1'"},
		{"certificates", func(p Page) (int, string, error) {
			return length(m.Certificates(ctx, CertificateFilter{Subject: "holder-1", Standard: "organic"}, p))
		}, "certificates WHERE subject = 'holder-1'"},
		{"accreditations", func(p Page) (int, string, error) {
			return length(m.Accreditations(ctx, AccreditationFilter{Issuer: "holder-1"}, p))
		}, "accreditations WHERE issuer = 'holder-1'"},
		{"recalls", func(p Page) (int, string, error) {
			return length(m.Recalls(ctx, RecallFilter{Member: "office"}, p))
		}, "recalls"},
		{"open recalls", func(p Page) (int, string, error) {
			return length(m.Recalls(ctx, RecallFilter{Open: true}, p))
		}, "recalls WHERE closed = 0"},
		{"events", func(p Page) (int, string, error) {
			return length(m.Events(ctx, EventFilter{}, EventOrder{}, p))
		}, "events"},
		{"orders", func(p Page) (int, string, error) { return length(m.Orders(ctx, OrderFilter{}, p)) }, "orders"},
		{"orders that mismatch", func(p Page) (int, string, error) {
			return length(m.Orders(ctx, OrderFilter{States: []string{types.StateMismatch}}, p))
		}, "orders WHERE state = 'MISMATCH'"},
		{"released orders of a platform", func(p Page) (int, string, error) {
			return length(m.Orders(ctx, OrderFilter{Platform: "platform-2", States: []string{types.StateReleased}}, p))
		}, "orders WHERE state = 'RELEASED' AND platform = 'platform-2'"},
		{"books of a warehouse", func(p Page) (int, string, error) {
			return length(m.Books(ctx, BookFilter{"house-1"}, p))
		}, "books WHERE id LIKE 'house-1/%'"},
		{"tariffs", func(p Page) (int, string, error) { return length(m.Tariffs(ctx, p)) }, "tariffs"},
		{"transactions", func(p Page) (int, string, error) {
			return length(m.Transactions(ctx, TransactionFilter{}, p))
		}, "transactions"},
		{"refused transactions", func(p Page) (int, string, error) {
			return length(m.Transactions(ctx, TransactionFilter{Code: &code}, p))
		}, "transactions WHERE code = 42"},
		{"a platform's recorded orders", func(p Page) (int, string, error) {
			return length(m.Transactions(ctx, TransactionFilter{"platform-0", "RecordOrder", &ok}, p))
		}, "transactions WHERE member = 'platform-0'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want, got int
			check(t, m.read.QueryRow("SELECT count(*) FROM "+test.sql).Scan(&want))
			for p := (Page{Limit: 7}); ; {
				n, next, err := test.walk(p)
				check(t, err)
				got += n
				if p.After = next; next == "" {
					break
				}
			}
			if got != want || want == 0 {
				t.Errorf("the pages have %d rows, want %d", got, want)
			}
		})
	}
}

func length[T any](rows []T, next string, err error) (int, string, error) {
	return len(rows), next, err
}

func TestTransactionsNewestFirst(t *testing.T) {
	c := newChain(t, 7)
	c.grow(5, 20)
	m := c.open(filepath.Join(t.TempDir(), "model"))
	c.follow(m)
	page, _, err := m.Transactions(t.Context(), TransactionFilter{}, Page{Limit: 1})
	check(t, err)
	b, err := c.journal.Block(page[0].Height)
	check(t, err)
	last := len(b.Txs) - 1
	want := Transaction{
		Digest: b.Txs[last].Digest, Height: b.Height, Index: int64(last), Time: b.Time,
		Member: b.Txs[last].Member, Kind: b.Txs[last].Kind, Bodies: 1, Code: b.Txs[last].Code,
	}
	if diff := cmp.Diff(want, page[0]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCursorsOfNobody(t *testing.T) {
	c := newChain(t, 8)
	m := c.open(filepath.Join(t.TempDir(), "model"))
	for _, after := range []string{"*", "a b", cursor("no number")} {
		_, _, err := m.Transactions(t.Context(), TransactionFilter{}, Page{After: after})
		if !errors.Is(err, ErrCursor) {
			t.Errorf("after %q: %v, want ErrCursor", after, err)
		}
	}
}

// TestPlans holds the indexes that the lists rely on.
func TestPlans(t *testing.T) {
	c := newChain(t, 9)
	m := c.open(filepath.Join(t.TempDir(), "model"))
	lots, order := askThings(lotColumns, "lots", "lot", "", value{facetOwner, "a"}, value{facetClaim, "b"})
	for _, test := range []struct{ sql, want string }{
		{"SELECT * FROM transactions WHERE code = 42 AND code <> 0 AND position < 99 ORDER BY position DESC LIMIT 9", "transactions_code"},
		{"SELECT * FROM transactions WHERE member = 'a' AND position < 99 ORDER BY position DESC LIMIT 9", "transactions_member"},
		{"SELECT * FROM certificates WHERE subject = 'a' AND id > '' ORDER BY id LIMIT 9", "certificates_subject"},
		{lots.sql.String() + " ORDER BY " + order, "PRIMARY KEY (facet=? AND value=? AND thing>? AND thing<?)"},
	} {
		var id, parent, unused int
		var plan string
		args := make([]any, strings.Count(test.sql, "?"))
		check(t, m.read.QueryRow("EXPLAIN QUERY PLAN "+test.sql, args...).Scan(&id, &parent, &unused, &plan))
		if !strings.Contains(plan, test.want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\nplan %s, want %s", test.sql, plan, test.want)
		}
	}
}
