package types

import (
	"encoding/hex"
	"strings"
)

// BookID names an item of a bonded account book: <warehouse>/<name>, where the name is a
// keyed hash of the book's and the item's number (BookName).
type BookID string

// CreditBook enters goods into an item of the signing warehouse's bonded book (domain R2):
// record book/<warehouse>/<Book>. Each entry has its own ULID and counts once.
type CreditBook struct {
	Book     string `json:"book"`     // BookName
	Entry    string `json:"entry"`    // ULID, later than the item's last
	Quantity int64  `json:"quantity"` // 10^-5 units
	Document Hash   `json:"document"` // of the entry
}

// Book is the balance of an item: what was entered, less what live and released
// declarations took out, and what came back.
type Book struct {
	Balance int64   `json:"balance"` // 10^-5 units, never negative
	Entered int64   `json:"entered"` // sum of all entries, which the balance is never above
	Entry   string  `json:"entry"`   // the last one's ULID
	History History `json:"history"`
}

func (b *Book) Log() *History { return &b.History }

// BookName hides the numbers of a bonded book and of an item in it: the first 16 bytes of
// their keyed hash under the warehouse's secret, in hexadecimal. The warehouse hands the
// secret to the declarants that may take from the book.
func BookName(secret Secret, emsNo, itemRecordNo string) string {
	name := Keyed(secret, bookLabel, emsNo, itemRecordNo)
	return hex.EncodeToString(name[:bookNameBytes])
}

const bookNameBytes = 16

func (b *CreditBook) Check() error {
	if b.Quantity <= 0 {
		return Refuse(FieldInvalid, "quantity", "%d: an entry is positive", b.Quantity)
	}
	return first(checkBookName("book", b.Book), checkULID("entry", b.Entry), checkHash("document", b.Document))
}

func checkBook(field string, id BookID) error {
	member, name, _ := strings.Cut(string(id), "/")
	return first(checkMember(field, member), checkBookName(field, name))
}

func checkBookName(field, name string) error {
	if len(name) != 2*bookNameBytes || strings.Trim(name, "0123456789abcdef") != "" {
		return Refuse(FieldInvalid, field, "%.40q is not the name of a book item: %d hexadecimal digits", name, 2*bookNameBytes)
	}
	return nil
}
