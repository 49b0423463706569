// Package ceb reads the customs messages of Chinese cross-border e-commerce: orders, payments, waybills and declaration
// lists, as the General Administration of Customs (GACC) defines them in its unified import edition of May 2022
// (the "202205" XML schema and message specification).
//
// Parse turns one message file into documents and refuses what the schema refuses, naming every field at fault. Check
// reports arithmetic and business faults inside one document. MatchValues says which values of a document the ledger
// compares with those of other documents.
//
// Where the specification text and the schema disagree, the schema is right. The package is stricter than the schema in
// three places, each noted where it happens: dates and times must exist in the calendar, decimals must fit Decimal, and
// the xsi:type and xsi:nil attributes are not allowed. Of XML itself it takes version 1.0 in UTF-8 without a document
// type declaration. It is more lenient in one: inside an XML signature only the frame is looked at.
package ceb

import (
	"slices"
	"strings"
)

// Limits of what Parse reads.
const (
	MaxSize   = 32 << 20 // bytes of one file
	MaxDepth  = 32       // elements inside one another; the messages need 4, their signatures 5
	MaxErrors = 100      // faults reported for one file; Parse stops at the last of them
)

// Message is one customs message file. The optional BaseSubscribe and ExtendMessage elements are checked and not kept:
// they concern the delivery of receipts, not the documents.
type Message struct {
	Kind      string // "CEB311", "CEB411", "CEB511" or "CEB621"
	GUID      string // 36 characters, the sender's number of the message
	Version   string // 1 to 10 characters, in practice "1.0"
	Documents []Document
	Transfer  BaseTransfer
	// SignatureMethod is the algorithm URI of the XML signature, "" when the file is unsigned. Parse does not verify
	// the signature, and a document that came with one proves nothing yet.
	SignatureMethod string
}

// BaseTransfer names the company that transmits a message (202205 specification, table 3-4).
type BaseTransfer struct {
	CopCode string // customs code of the transmitting company, up to 18 characters
	CopName string // its name, up to 100 characters
	DxpMode string // 3 characters, in practice "DXP", the China E-Port data exchange platform
	DxpID   string // its user number on that platform, up to 30 characters
	Note    string // free text, up to 1000 characters
}

// Document is one order, payment, waybill or declaration list: its fields in the order of the schema.
type Document struct {
	Kind  string    // as Message.Kind
	Head  []Field   // paths such as "OrderHead/orderNo"
	Lines [][]Field // one slice for each line of goods, paths such as "OrderList[0]/itemName"; none in payments and waybills
}

// Field is one value of a document. An optional element that is present and empty is a Field with an empty Value; an
// absent one is no Field at all. Values are as the schema's types leave them: strings with every space they came with,
// numbers without the white space around them.
type Field struct {
	Path, Value string
}

// Parse reads one message file, in UTF-8 and of at most MaxSize bytes. The error is always an Errors, which lists the
// faults of the whole file where reading can go on after the first.
func Parse(data []byte) (*Message, error) {
	p := &parser{}
	message := p.message(data)
	if len(p.faults) > 0 {
		return nil, p.faults
	}
	return message, nil
}

// Get returns the head field of the given local name, such as "orderNo", or "" when the document has none.
func (d *Document) Get(name string) string {
	return get(d.Head, name)
}

// Fields returns the whole document in canonical order, head then lines. No two fields have the same path.
func (d *Document) Fields() []Field {
	return slices.Concat(d.Head, slices.Concat(d.Lines...))
}

func get(fields []Field, name string) string {
	for _, field := range fields {
		if local(field.Path) == name {
			return field.Value
		}
	}
	return ""
}

// local returns the last step of a path.
func local(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}
