// Package ceb reads and writes the customs messages of Chinese cross-border e-commerce: orders, payments, waybills,
// declaration lists, what follows on them and the receipts for all of them, as the General Administration of Customs
// (GACC) defines them in its unified import and export edition of May 2022 (the "202205" XML schemas and message
// specification).
//
// Parse turns one message file into documents and refuses what the schema refuses, naming every field at fault. Write
// turns documents into the file. MatchValues says which values of a document the ledger compares with those of other
// documents. Code and OfficialCode say what codes mean. Unwrap and Wrap take a file out of the envelope in which it
// travels, and put it into one.
//
// Where the specification text and the schema disagree, the schema is right. The package is stricter than the schema in
// three places, each noted where it happens: dates and times must exist in the calendar, decimals must fit Decimal, and
// the xsi:type and xsi:nil attributes are not allowed. Of XML itself it takes version 1.0 in UTF-8 without a document
// type declaration, with at most 64 attributes to an element. It is more lenient in one: inside an XML signature only the
// frame is looked at.
package ceb

import (
	"slices"
	"strings"
)

// Limits of what is read and written.
const (
	MaxSize   = 32 << 20 // bytes of one file
	MaxDepth  = 32       // elements inside one another; the messages need 4, their signatures 5
	MaxErrors = 100      // faults reported for one file; Parse stops at the last of them
)

// Message is one customs message file.
type Message struct {
	Kind      string // "CEB311": one of Kinds
	GUID      string // 36 characters, the sender's number of the message
	Version   string // 1 to 10 characters, in practice "1.0"
	Documents []Document
	// The envelope: who transmits the message, who else wants its receipts (at most 5), and an agreed extension.
	// Receipts have none of it. Extension is the <ceb:ExtendMessage> element, nil for none.
	Transfer      BaseTransfer
	Subscriptions []BaseSubscribe
	Extension     []byte
	// Signature is the <ds:Signature> element, nil when the file is unsigned. Extension and Signature are the bytes of
	// the file, with those namespace declarations of the root element added that their names need.
	Signature []byte
	// SignatureMethod is the algorithm URI of the signature, "" when the file is unsigned. Parse does not verify the
	// signature, and a document that came with one proves nothing yet.
	SignatureMethod string
}

// BaseTransfer names the company that transmits a message (202205 specification, tables 2-4 and 3-4).
type BaseTransfer struct {
	CopCode string // customs code of the transmitting company, up to 18 characters
	CopName string // its name, up to 100 characters
	DxpMode string // 3 characters, in practice "DXP", the China E-Port data exchange platform
	DxpID   string // its user number on that platform, up to 30 characters
	Note    string // free text, up to 1000 characters
}

// BaseSubscribe names somebody to whom the documents of a message and their receipts are passed on.
type BaseSubscribe struct {
	Status     string // "ALL" documents and receipts, "DATA" documents only, "RET" receipts only; up to 100 characters
	DxpMode    string // as in BaseTransfer
	DxpAddress string // the receiver's number on that platform, up to 100 characters
	Note       string // free text, up to 1000 characters
}

// Document is one order, payment, waybill, declaration list, receipt and so on: its fields in the order of the schema.
type Document struct {
	Kind string // as Message.Kind
	// Head has paths such as "OrderHead/orderNo", or "LogisticsStatus/logisticsNo" where the schema divides the document
	// into no head and lines.
	Head  []Field
	Lines [][]Field // one slice for each line of goods, parcels or lists, paths such as "OrderList[0]/itemName"; most kinds have none
}

// Field is one value of a document. An optional element that is present and empty is a Field with an empty Value; an
// absent one is no Field at all. Values are as the schema's types leave them: strings with every space they came with
// unless the schema collapses it, numbers without the white space around them, standard values filled in.
type Field struct {
	Path, Value string
}

// Parse reads one message file, in UTF-8 and of at most MaxSize bytes. The error is always an Errors, which lists the
// faults of the whole file where reading can go on after the first. Values share memory with one another.
func Parse(data []byte) (*Message, error) {
	return parse(data, &parser{})
}

// ParseUnsigned is Parse for those who look at messages before they are signed: that a signature is absent where the
// schema requires one is no fault.
func ParseUnsigned(data []byte) (*Message, error) {
	return parse(data, &parser{unsigned: true})
}

func parse(data []byte, p *parser) (*Message, error) {
	root := p.read(data, messageRoot)
	if len(p.faults) > 0 {
		return nil, p.faults
	}
	return assemble(&root), nil
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
