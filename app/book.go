package app

import (
	"fmt"
	"slices"

	"github.com/caryaledger/carya/types"
)

func creditBook(c *Call, b *types.CreditBook) error {
	if err := timely(c, "entry", b.Entry); err != nil {
		return err
	}
	id := types.BookID(c.Member.ID + "/" + b.Book)
	book, err := books.Get(c, id)
	if err != nil {
		return err
	}
	if book == nil {
		book = new(types.Book)
	}
	if b.Entry <= book.Entry {
		return types.Refuse(types.IDTaken, "entry", "%s: the last entry of %s is %s", b.Entry, id, book.Entry)
	}
	if b.Quantity > types.MaxInteger-book.Entered {
		return types.Refuse(types.FieldInvalid, "quantity", "%d on top of %d that was ever entered", b.Quantity, book.Entered)
	}
	book.Balance, book.Entered, book.Entry = book.Balance+b.Quantity, book.Entered+b.Quantity, b.Entry
	return books.Put(c, id, book)
}

// bonded are the procedures whose goods may leave a bonded book; imported ones do.
var bonded = []uint64{1210, 1239}

// takeFromBooks takes a declaration's goods out of the bonded books, at once: a list that
// is not covered is refused when it is declared, not when it is released.
func takeFromBooks(c *Call, o *types.Order, b *types.Declare) error {
	may := slices.Contains(bonded, b.Mode)
	must := may && o.Flow == types.FlowImport
	for i, l := range b.Lines {
		at := fmt.Sprintf("lines[%d].book", i)
		if l.Book == "" {
			if must {
				return types.Refuse(types.BookUnknown, at, "with procedure %d goods leave a bonded book", b.Mode)
			}
			continue
		}
		if !may {
			return types.Refuse(types.ModeDiffers, at, "with procedure %d no goods leave a bonded book", b.Mode)
		}
		book, err := books.Get(c, l.Book)
		if err != nil {
			return err
		}
		if book == nil {
			return types.Refuse(types.BookUnknown, at, "%s", l.Book)
		}
		if book.Balance < l.Quantity {
			return types.Refuse(types.BookOverdrawn, at, "%d of %s, which holds %d", l.Quantity, l.Book, book.Balance)
		}
		book.Balance -= l.Quantity
		if err := books.Put(c, l.Book, book); err != nil {
			return err
		}
	}
	return nil
}

// putBack returns a quantity to the book that a line left, if it left one. A few bytes
// put many lines back.
func putBack(c *Call, l *types.DeclaredLine, quantity int64) error {
	if l.Book == "" || quantity == 0 {
		return nil
	}
	if err := c.spend("lines", 1); err != nil {
		return err
	}
	book, err := books.Get(c, l.Book)
	if err != nil {
		return err
	}
	book.Balance += quantity
	return books.Put(c, l.Book, book)
}
