package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// bookTicketLabel begins what the secret of a bonded book is derived from.
const bookTicketLabel = "carya/bookticket/1\x00"

// bookTicketFormat names the format of the file that a warehouse hands to declarants.
const bookTicketFormat = "carya-book/1"

// bookPass is what a warehouse hands to the declarants that may take from a bonded book: with it they find the book's
// items on the ledger.
type bookPass struct {
	Format    string       `json:"format"` // bookTicketFormat
	Chain     string       `json:"chain"`
	Warehouse string       `json:"warehouse"` // member
	EmsNo     string       `json:"emsNo"`
	Secret    types.Secret `json:"secret"`
}

func bookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "book",
		Short: "Keep the bonded account books of a warehouse",
		Long: `Keep bonded account books (trade modes 1210 and 1239): what enters an item is credited by the
warehouse, what is declared leaves it at once, and what comes back returns to it. The ledger knows the
items by keyed names; whoever has the book's ticket can find them.`,
		Example: `  carya book credit T2916W000123 26001 500 --number RKD-2026-17 --member xiasha-bonded --wait
  carya book ticket T2916W000123 -o T2916W000123.json --member xiasha-bonded
  carya book show T2916W000123 26001 --member xiasha-bonded`,
	}
	s := newSession(cmd)
	return group(cmd, bookCreditCommand(s), bookTicketCommand(s), bookShowCommand(s))
}

// bookSecret derives the secret of a book from its warehouse's.
func bookSecret(warehouse types.Secret, emsNo string) types.Secret {
	return types.Keyed(warehouse, bookTicketLabel, emsNo)
}

// crediting is one run of `carya book credit`.
type crediting struct {
	*author
	file, number, note string
	secret             types.Secret // of the warehouse
	chain              string
	ids                *ulid.MonotonicEntropy
}

// bookEntry is an entry in a book before it is sent.
type bookEntry struct {
	emsNo, itemNo, quantity, number, note string
	row                                   int // of the file, 0 without one
}

func bookCreditCommand(s *session) *cobra.Command {
	c := &crediting{}
	cmd := &cobra.Command{
		Use:   "credit EMSNO ITEMNO QUANTITY --member WAREHOUSE",
		Short: "Enter goods into an item of a bonded book",
		Long: `Enter goods into an item of a bonded book: the number of the book (emsNo), the number of the item in
it (itemRecordNo), and the quantity in the item's unit. The ledger gets a keyed name, the quantity and
a salted hash of the entry; the entry and its seed are stored in <home>/entries before it is sent.

--number is the warehouse's own number of the entry, such as that of the inbound list. An entry with a
number can be sent again without counting twice, as long as no later entry of the item is recorded.
Without one, each run is another entry.

--file takes entries from a spreadsheet saved as CSV with the columns emsNo, itemRecordNo, quantity,
number and note.`,
		Example: `  carya book credit T2916W000123 26001 500 --number RKD-2026-17 --member xiasha-bonded --wait
  carya book credit --file entries.csv --member xiasha-bonded --wait`,
		Args: takes(0, 3, "a book, an item and a quantity"),
	}
	c.author = newAuthor(s, cmd)
	f := cmd.Flags()
	f.StringVar(&c.file, "file", "", "CSV of entries: emsNo,itemRecordNo,quantity,number,note")
	f.StringVar(&c.number, "number", "", "the warehouse's own number of the entry")
	f.StringVar(&c.note, "note", "", "anything")
	cmd.RunE = s.run(c.run)
	return cmd
}

func (c *crediting) run(ctx context.Context, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	entries, err := c.entries(args)
	if err != nil {
		return err
	}
	l, err := c.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	c.chain = l.domain.Chain
	if c.secret, err = c.author.secret(ctx); err != nil {
		return err
	}
	c.ids = ulid.Monotonic(rand.Reader, 0)
	bodies := make([]types.Body, 0, len(entries))
	for i := range entries {
		b, err := c.prepare(ctx, l, &entries[i])
		if err != nil {
			return entries[i].in(c.file, err)
		}
		if b != nil {
			bodies = append(bodies, b)
		}
	}
	if len(bodies) == 0 {
		return nil
	}
	// Entries of one item must be in ascending order of their names.
	slices.SortStableFunc(bodies, func(a, b types.Body) int {
		return strings.Compare(a.(*types.CreditBook).Entry, b.(*types.CreditBook).Entry)
	})
	return c.transactAll(ctx, bodies)
}

func (e *bookEntry) in(file string, err error) error {
	if e.row == 0 {
		return err
	}
	return fmt.Errorf("%s, row %d: %w", file, e.row, err)
}

func (c *crediting) entries(args []string) ([]bookEntry, error) {
	if c.file == "" {
		if len(args) != 3 {
			return nil, usage("see `carya book credit --help`", errors.New("a book, an item and a quantity; or --file"))
		}
		return []bookEntry{{emsNo: args[0], itemNo: args[1], quantity: args[2], number: c.number, note: c.note}}, nil
	}
	if len(args) > 0 || c.number != "" {
		return nil, usage("", errors.New("--file says by itself what is entered"))
	}
	rows, err := c.csvRows(c.file, "emsNo", "itemRecordNo", "quantity")
	if err != nil {
		return nil, err
	}
	var all []bookEntry
	for _, r := range rows {
		all = append(all, bookEntry{r.cell("emsNo"), r.cell("itemRecordNo"), r.cell("quantity"), r.cell("number"), first(r.cell("note"), c.note), r.n})
	}
	return all, nil
}

// prepare makes the body of an entry, and stores what opens it. nil: the ledger has it already.
func (c *crediting) prepare(ctx context.Context, l *ledger, e *bookEntry) (*types.CreditBook, error) {
	quantity, err := ceb.ParseDecimal(e.quantity)
	if err != nil || quantity <= 0 || e.emsNo == "" || e.itemNo == "" {
		return nil, usage("for instance `carya book credit T2916W000123 26001 500`", fmt.Errorf("book %q, item %q, quantity %q: numbers, and a positive quantity", e.emsNo, e.itemNo, e.quantity))
	}
	book := types.BookName(bookSecret(c.secret, e.emsNo), e.emsNo, e.itemNo)
	d, known, err := c.recall(e, book, quantity)
	if err != nil {
		return nil, err
	}
	b := &types.CreditBook{Book: book, Entry: d.Entry, Quantity: int64(quantity), Document: d.Root}
	if !known {
		return b, nil
	}
	recorded, err := entered(ctx, l, c.member, b)
	if err != nil {
		return nil, err
	}
	if recorded {
		c.say("✓ entry %s is on the ledger", e.number)
		return nil, c.emit(map[string]any{"number": e.number, "entry": b.Entry, "state": pieceSettled})
	}
	return b, nil
}

// storedEntry is an entry as it lies on the warehouse's disk.
type storedEntry struct {
	document
	Entry string `json:"entry"` // ULID
}

// recall returns the entry that was stored under a number, or stores a new one.
func (c *crediting) recall(e *bookEntry, book string, quantity ceb.Decimal) (d *storedEntry, known bool, err error) {
	id, err := ulid.New(ulid.Timestamp(time.Now()), c.ids)
	if err != nil {
		return nil, false, err
	}
	d = &storedEntry{document{
		Format: documentFormat, Chain: c.chain, Record: types.PrefixBook + "/" + c.member + "/" + book, Kind: "BookEntry", Seq: int64(id.Time()),
		Fields: []types.DocumentField{
			{Path: "emsNo", Value: e.emsNo}, {Path: "itemRecordNo", Value: e.itemNo}, {Path: "quantity", Value: quantity.String()},
			{Path: "number", Value: e.number}, {Path: "note", Value: e.note},
		},
	}, id.String()}
	path := filepath.Join(c.home, "entries", d.Entry+".json")
	if e.number != "" {
		path = filepath.Join(c.home, "entries", fileName(e.emsNo+"/"+e.itemNo+"/"+e.number)+".json")
		had, err := readEntry(path)
		if err == nil {
			return had, true, had.sameEntry(d, path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, false, err
		}
	}
	if err := d.seal(); err != nil || c.dry {
		return d, false, err
	}
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return nil, false, err
	}
	return d, false, writeNew(path, append(data, '\n'))
}

func readEntry(path string) (*storedEntry, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	d := &storedEntry{}
	if err := json.Unmarshal(data, d); err != nil || d.Format != documentFormat {
		return nil, fmt.Errorf("%s is not a stored entry: %w", path, err)
	}
	return d, nil
}

// sameEntry refuses another entry under a number that is taken.
func (d *storedEntry) sameEntry(e *storedEntry, path string) error {
	if d.Chain != e.Chain || d.Record != e.Record || !slices.Equal(d.Fields, e.Fields) {
		return usage("give it a number of its own", fmt.Errorf("another entry has this number: %s", path))
	}
	return nil
}

// entered asks the ledger whether an entry is in its item's history.
func entered(ctx context.Context, l *ledger, warehouse string, b *types.CreditBook) (bool, error) {
	if l.node == nil {
		return false, nil
	}
	history, err := l.node.History(ctx, types.PrefixBook+"/"+warehouse+"/"+b.Book)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, event := range history.Events {
		var had types.CreditBook
		if event.Kind == "CreditBook" && json.Unmarshal(event.Body, &had) == nil && had.Entry == b.Entry {
			return true, nil
		}
	}
	return false, nil
}

func bookTicketCommand(s *session) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "ticket EMSNO --member WAREHOUSE",
		Short: "Make the ticket of a bonded book",
		Long: `Make the ticket of a bonded book, for the declarants that may take from it: they put it into
<home>/books. Hand it over by a private way: with it one can see the balance of every item whose number
one knows.`,
		Example: "  carya book ticket T2916W000123 -o T2916W000123.json --member xiasha-bonded",
		Args:    takes(1, 1, "a book"),
	}
	a := newAuthor(s, cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default standard output)")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		if err := a.check(); err != nil {
			return err
		}
		l, err := a.ledger(ctx)
		if err != nil {
			return err
		}
		defer l.close()
		secret, err := a.secret(ctx)
		if err != nil {
			return err
		}
		t := &bookPass{bookTicketFormat, l.domain.Chain, a.member, args[0], bookSecret(secret, args[0])}
		data, err := json.MarshalIndent(t, "", " ")
		if err != nil {
			return err
		}
		if output == "" {
			_, err := fmt.Fprintln(s.out, string(data))
			return err
		}
		if err := writeNew(output, append(data, '\n')); err != nil {
			return outputTaken(err)
		}
		a.say("✓ %s: hand it to declarants by a private way", output)
		return nil
	})
	return cmd
}

// bookShown is what `carya book show` prints.
type bookShown struct {
	EmsNo   string       `json:"emsNo"`
	ItemNo  string       `json:"itemRecordNo"`
	Book    types.BookID `json:"book"`
	Balance string       `json:"balance"`
	Entry   string       `json:"entry"` // ULID of the last one
	Height  int64        `json:"height"`
}

func bookShowCommand(s *session) *cobra.Command {
	var ticket string
	cmd := &cobra.Command{
		Use:   "show EMSNO ITEMNO",
		Short: "Show the balance of an item of a bonded book",
		Long: `Show the balance of an item: what was entered, less what was declared, and what came back. The
warehouse needs its key; others need the book's ticket.`,
		Example: "  carya book show T2916W000123 26001 --member xiasha-bonded\n  carya book show T2916W000123 26001 --ticket T2916W000123.json",
		Args:    takes(2, 2, "a book and an item"),
	}
	a := newAuthor(s, cmd)
	cmd.Flags().StringVar(&ticket, "ticket", "", "the book's ticket (default <home>/books/<emsNo>.json without --member)")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		t, err := a.passTo(ctx, args[0], ticket)
		if err != nil {
			return err
		}
		return s.showBook(ctx, node, t, args[1])
	})
	return cmd
}

// passTo returns the ticket of a book: from a file, or as its warehouse derives it.
func (a *author) passTo(ctx context.Context, emsNo, path string) (*bookPass, error) {
	if a.member != "" && path == "" {
		if err := a.check(); err != nil {
			return nil, err
		}
		secret, err := a.secret(ctx)
		return &bookPass{Warehouse: a.member, EmsNo: emsNo, Secret: bookSecret(secret, emsNo)}, err
	}
	path = first(path, filepath.Join(a.home, "books", fileName(emsNo)+".json"))
	data, err := readSmall(path)
	if err != nil {
		return nil, usage("the warehouse hands out the ticket; or name --member, the warehouse", err)
	}
	var t bookPass
	if err := json.Unmarshal(data, &t); err != nil || t.Format != bookTicketFormat || t.EmsNo != emsNo {
		return nil, usage("", fmt.Errorf("%s is not the ticket of book %s", path, emsNo))
	}
	return &t, nil
}

func (s *session) showBook(ctx context.Context, node *Client, t *bookPass, itemNo string) error {
	id := types.BookID(t.Warehouse + "/" + types.BookName(t.Secret, t.EmsNo, itemNo))
	answer, err := node.Record(ctx, types.PrefixBook+"/"+string(id), 0)
	if err != nil {
		return fmt.Errorf("item %s of book %s: %w", itemNo, t.EmsNo, err)
	}
	var b types.Book
	if err := types.Decode(answer.Value, &b); err != nil {
		return err
	}
	shown := bookShown{t.EmsNo, itemNo, id, ceb.Decimal(b.Balance).String(), b.Entry, answer.Height}
	s.say("item %s of book %s: %s, as of block %d\n  record book/%s, last entry %s", itemNo, t.EmsNo, shown.Balance, shown.Height, id, b.Entry)
	return s.emit(shown)
}
