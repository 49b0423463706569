// Package epcis turns EPCIS 2.0 documents in JSON-LD into events the ledger can judge.
//
// [Parse] takes the documents that the JSON schema of EPCIS 2.0 takes, its formats checked, and refuses the others, each
// fault with a JSON pointer. Where the schema lets through what two readers could take for different things, such as a
// wrong check digit or a context that nobody bundled, it settles what the ledger reads and says so in a [Warning]. What it
// does not interpret is kept in [Event.Canonical], so that the hash of an event binds everything in it. docs/epcis-schema.md
// lists every difference from the schema and every warning.
//
// The package is part of consensus. It never fetches anything: the official contexts are known by name.
//
// [ParseEvent] reads the one canonical form of an event back, [Render] translates its identifiers, [WriteDocument] and
// [WriteQueryDocument] put events into documents again.
//
// The standards are GS1 EPCIS 2.0 and CBV 2.0 with their JSON schema, JSON-LD 1.1, RFC 3339 (times), RFC 3986 (URIs),
// RFC 8259 (JSON), RFC 6901 (pointers) and RFC 8785 (canonical form).
package epcis

import (
	"bytes"
	"crypto/sha256"

	"github.com/caryaledger/carya/types/gs1"
)

// Limits of one document. They keep what a stranger sends from costing much more memory than an honest document: values
// cost 64 bytes each beyond their text, and the context of a document is repeated in the canonical form of every event.
const (
	MaxSize      = 64 << 20    // bytes
	MaxDepth     = 64          // nested lists and objects
	MaxValues    = 4 << 20     // strings, numbers, lists, objects and so on
	MaxTerms     = 256         // local definitions in force for one event
	MaxCanonical = 4 * MaxSize // bytes of Event.Canonical in all events together
	MaxErrors    = 100         // errors reported for one document
	MaxWarnings  = 1 << 17     // warnings in one document; none is dropped, because rules may go by them
)

// Document is an EPCISDocument, an EPCISQueryDocument or a single event. Its strings share memory with the bytes it was
// parsed from.
type Document struct {
	Type          string // EPCISDocument, EPCISQueryDocument or the type of the single event
	SchemaVersion string // "2.0"; empty for a single event
	CreationDate  int64  // Unix milliseconds; 0 where there is none
	Events        []Event
	Warnings      []Warning // about everything that the canonical form of no event tells
}

// Warning is something that the JSON schema accepts, but that its author can hardly have meant, or that other readers may
// take for something else. The detail says how it is read here.
type Warning struct {
	Code    Code
	Pointer string // place in the document (RFC 6901)
	Detail  string
}

// String returns a sentence such as "/epcList/0: GTIN 06901234000015: check digit 5, expected 6".
func (w Warning) String() string { return (&Error{w.Code, w.Pointer, w.Detail}).Error() }

// Event is one EPCIS event (EPCIS 2.0, section on event types). Fields that its type does not have, or that it leaves out,
// are empty. Identifiers stand as they were given, with a compact IRI such as "ex:step" written out.
type Event struct {
	// Type is ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent, else the URI of
	// somebody else's type, of which only the members that every event has are read.
	Type string

	EventID    string
	Time       int64  // eventTime in Unix milliseconds, finer fractions cut off
	ZoneOffset string // eventTimeZoneOffset: "+08:00"
	RecordTime int64  // Unix milliseconds; 0 where there is none

	CertificationInfo []string          // URIs in the order given
	Error             *ErrorDeclaration // nil where there is none

	Action      string   // ADD, OBSERVE or DELETE; empty for a TransformationEvent
	BizStep     string   // bare word of the CBV, or the URI of somebody else's step
	Disposition string   // the same
	Set, Unset  []string // persistentDisposition: the same

	ReadPoint   string
	BizLocation string

	// A thing that a list names twice stands once in these, with a warning where the schema lets it be.
	EPCs       []string
	InputEPCs  []string
	OutputEPCs []string
	ChildEPCs  []string
	ParentID   string

	Quantities       []Quantity
	InputQuantities  []Quantity
	OutputQuantities []Quantity
	ChildQuantities  []Quantity

	TransformationID string
	BizTransactions  []Typed
	Sources          []Typed
	Destinations     []Typed

	Sensors    []SensorElement
	ILMD       []byte      // the ilmd object, a part of Canonical; nil where there is none
	Extensions []Extension // in the order of Canonical

	// Canonical is the whole event in RFC 8785 form. Its @context is the one in force for the event, from the document and
	// the event together, so that the extension prefixes mean the same wherever the bytes go: Canonical is itself a document
	// that Parse accepts, with the same single event in it. All official contexts say the same and one of them stands for
	// all; what the context defines without effect, such as a protected word, is left out.
	Canonical []byte

	// Warnings are those that Canonical gives rise to wherever it is read.
	Warnings []Warning

	// Pointer is the place of the event in its document (RFC 6901): "/epcisBody/eventList/3"; empty for a single event.
	Pointer string
}

// Quantity is a quantity element: an amount of a class of things.
type Quantity struct {
	Class     string  // epcClass
	Key       gs1.Key // the zero Key where the class is not a GS1 identifier
	Amount    uint64  // in 10^-5 of Unit, at most gs1.MaxAmount; 0 without HasAmount
	Unit      string  // UNECE Recommendation 20 code, not checked against the table; gs1.Pieces where there is none
	HasAmount bool    // false where the event names the class only, or with a warning where no Amount can say how much
}

// Typed is an identifier with its role: a business transaction, source or destination.
type Typed struct {
	Type string // bare word of the CBV or somebody else's URI; may be empty for a business transaction
	ID   string
}

// ErrorDeclaration says that the event it stands in was wrong (EPCIS 2.0, section on error declarations).
type ErrorDeclaration struct {
	Time       int64    // declarationTime in Unix milliseconds
	Reason     string   // did_not_occur, incorrect_data or somebody else's URI; may be empty
	Corrective []string // eventIDs of the events that stand in its place
}

// Extension is a member of an event in somebody's namespace.
type Extension struct {
	Name  string // with the namespace written out; # in between where the namespace does not end in a separator
	Value []byte // in RFC 8785 form, a part of Canonical
}

// Hash identifies the event by its content: SHA-256 over "carya/epcis-event/1", a zero byte and Canonical.
func (e *Event) Hash() [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("carya/epcis-event/1\x00"))
	h.Write(e.Canonical)
	return [sha256.Size]byte(h.Sum(nil))
}

// Parse reads a document. On failure the error is of type [Errors] and lists up to [MaxErrors] faults, each an *[Error];
// then no event of the document is returned.
func Parse(doc []byte) (*Document, error) {
	d, faults := Check(doc)
	if len(faults) > 0 {
		return nil, faults
	}
	return d, nil
}

// Check reads a document for somebody who wants to know what is wrong with it: what could be read of it, events with faults
// included, and the faults. Events behind the last of [MaxErrors] faults are not read. The document is never nil.
func Check(doc []byte) (*Document, Errors) {
	if len(doc) > MaxSize {
		return &Document{}, Errors{{CodeTooLarge, "", "the document is over 64 MiB"}}
	}
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	if bytes.HasPrefix(bytes.TrimLeft(doc, " \t\r\n"), []byte("<")) {
		return &Document{}, Errors{{CodeNotEPCIS, "", "EPCIS XML is not supported; convert to JSON-LD (EPCIS 2.0)"}}
	}
	p := &parser{in: string(doc)}
	root, err := p.document()
	if err != nil {
		return &Document{}, Errors{err}
	}
	r := &reader{notes: p.twins}
	d := r.document(&root)
	d.Warnings = r.notes
	return d, r.errors
}

// Private reports whether uri is no GS1 identifier that we can read, so that it means what its owner says it means.
func Private(uri string) bool {
	_, err := gs1.Parse(uri)
	return err != nil
}
