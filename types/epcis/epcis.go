// Package epcis turns EPCIS 2.0 documents in JSON-LD into events the ledger can judge.
//
// [Parse] is strict where two readers could disagree about what was said: members it does not know, duplicate members,
// contexts nobody bundled, identifiers with a wrong check digit and numbers that binary fractions would round are refused,
// each with a JSON pointer. What it does not interpret (sensor elements, instance/lot master data, extensions) is kept in
// [Event.Canonical], so that the hash of an event binds everything in it.
//
// The package is part of consensus. It never fetches anything: the official contexts are known by name, see [Contexts].
//
// The standards are GS1 EPCIS 2.0 and CBV 2.0 with their JSON schema, JSON-LD 1.1, RFC 8259 (JSON), RFC 6901 (pointers) and
// RFC 8785 (canonical form).
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
)

// Document is an EPCISDocument, an EPCISQueryDocument or a single event. Its strings share memory with the bytes it was
// parsed from.
type Document struct {
	Type          string // EPCISDocument, EPCISQueryDocument or the type of the single event
	SchemaVersion string // "2.0"; empty for a single event
	CreationDate  int64  // Unix milliseconds; 0 where there is none
	Events        []Event
}

// Event is one EPCIS event (EPCIS 2.0, section on event types). Fields that its type does not have, or that it leaves out,
// are empty. Identifiers stand as they were given, with a compact IRI such as "ex:step" written out.
type Event struct {
	Type string // ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent

	EventID    string
	Time       int64  // eventTime in Unix milliseconds, finer fractions cut off
	ZoneOffset string // eventTimeZoneOffset: "+08:00"
	RecordTime int64  // Unix milliseconds; 0 where there is none

	Action      string // ADD, OBSERVE or DELETE; empty for a TransformationEvent
	BizStep     string // bare word of the CBV, or the URI of somebody else's step
	Disposition string // the same

	ReadPoint   string
	BizLocation string

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

	// Canonical is the whole event in RFC 8785 form. Its @context is the one in force for the event, from the document and
	// the event together, so that the extension prefixes mean the same wherever the bytes go: Canonical is itself a document
	// that Parse accepts, with the same single event in it.
	Canonical []byte

	// Pointer is the place of the event in its document (RFC 6901): "/epcisBody/eventList/3"; empty for a single event.
	Pointer string
}

// Quantity is a quantity element: an amount of a class of things.
type Quantity struct {
	Class     string  // epcClass
	Key       gs1.Key // the zero Key where the class is not a GS1 identifier
	Amount    uint64  // in 10^-5 of Unit, at most gs1.MaxAmount
	Unit      string  // UNECE Recommendation 20 code, not checked against the table; gs1.Pieces where there is none
	HasAmount bool    // false where the event names the class only
}

// Typed is an identifier with its role: a business transaction, source or destination.
type Typed struct {
	Type string // bare word of the CBV or somebody else's URI; may be empty for a business transaction
	ID   string
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
	if len(doc) > MaxSize {
		return nil, Errors{{CodeTooLarge, "", "the document is over 64 MiB"}}
	}
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	if bytes.HasPrefix(bytes.TrimLeft(doc, " \t\r\n"), []byte("<")) {
		return nil, Errors{{CodeNotEPCIS, "", "XML is not supported, convert the document to JSON-LD"}}
	}
	root, err := parseJSON(string(doc))
	if err != nil {
		return nil, Errors{err}
	}
	r := &reader{}
	d := r.document(&root)
	if len(r.errors) > 0 {
		return nil, r.errors
	}
	return d, nil
}
