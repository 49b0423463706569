package readmodel

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// field is a part of an event that it can be found by. The numbers stand in the file.
type field int64

const (
	fieldType           field = 1
	fieldAction         field = 2
	fieldBizStep        field = 3
	fieldDisposition    field = 4
	fieldSet            field = 5 // persistent dispositions
	fieldUnset          field = 6
	fieldReadPoint      field = 7
	fieldBizLocation    field = 8
	fieldTransformation field = 9
	fieldEventID        field = 10
	fieldMember         field = 11
	fieldDeclares       field = 12 // "": the event has an error declaration
	fieldReason         field = 13 // of that
	fieldCorrective     field = 14

	fieldBizTransaction field = 20 // the identifier, a space and the type
	fieldSource         field = 21
	fieldDestination    field = 22
	fieldCertification  field = 23

	fieldEPC            field = 30 // and children
	fieldParent         field = 31
	fieldInputEPC       field = 32
	fieldOutputEPC      field = 33
	fieldEPCClass       field = 34
	fieldInputEPCClass  field = 35
	fieldOutputEPCClass field = 36

	// groups is what a field of things is moved by for the terms that stand for all things
	// with one GTIN, or another primary identifier, so that a pattern need not gather them.
	groups field = 100

	columnTimes      field = 200 // see column.go
	columnQuantities field = 201
	columnDeclares   field = 202
)

// term is a word of the index.
type term struct {
	field field
	text  string
}

// roles has the field of every role that a thing can have in an event.
var roles = map[string]field{
	"epc":            fieldEPC,
	"parentID":       fieldParent,
	"inputEPC":       fieldInputEPC,
	"outputEPC":      fieldOutputEPC,
	"epcClass":       fieldEPCClass,
	"inputEPCClass":  fieldInputEPCClass,
	"outputEPCClass": fieldOutputEPCClass,
}

// The fields in which a unit and a lot can stand, and both.
var (
	unitFields  = []field{fieldEPC, fieldParent, fieldInputEPC, fieldOutputEPC}
	lotFields   = []field{fieldEPCClass, fieldInputEPCClass, fieldOutputEPCClass}
	thingFields = append(append([]field{}, unitFields...), lotFields...)
)

// refs has the field of every kind of reference.
var refs = map[string]field{
	"bizTransaction": fieldBizTransaction,
	"source":         fieldSource,
	"destination":    fieldDestination,
	"certification":  fieldCertification,
}

// spell returns the one spelling of an identifier in the index: the path of types.ThingOf,
// which types.LinkOf turns into a URI again.
func spell(uri string) string {
	path, _ := spellKey(uri)
	return path
}

func spellKey(uri string) (path string, key gs1.Key) {
	path, key, err := types.ThingOf(uri)
	if err != nil { // too long for a key of the state
		return "x." + gs1.Escape(uri), gs1.Key{}
	}
	return path, key
}

func spellTyped(t epcis.Typed) string { return spell(t.ID) + " " + t.Type }

// group returns the term that a thing shares with all others of its GTIN, or of another
// primary identifier; "" for what has no lot or serial number.
func group(key gs1.Key) string {
	if key.Qualifier == "" {
		return ""
	}
	key.Qualifier = ""
	return key.Path() + "."
}

// Event hashes of CBV 2.0 are the identity of most events that have no eventID: they are
// kept in less than half their length.
const (
	hashLead  = "ni:///sha-256;"
	hashTail  = "?ver=CBV2.0"
	shortLead = "cbv2:"
)

// shorten returns an event's identity as the file holds it.
func shorten(identity string) string {
	digits, ok := strings.CutSuffix(strings.TrimPrefix(identity, hashLead), hashTail)
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != 32 || lengthen(shortLead+base64.RawURLEncoding.EncodeToString(sum)) != identity {
		return identity
	}
	return shortLead + base64.RawURLEncoding.EncodeToString(sum)
}

// lengthen undoes shorten.
func lengthen(short string) string {
	code, ok := strings.CutPrefix(short, shortLead)
	sum, err := base64.RawURLEncoding.DecodeString(code)
	if !ok || err != nil || len(sum) != 32 {
		return short
	}
	return hashLead + hex.EncodeToString(sum) + hashTail
}

// termsOf returns everything that an event can be found by.
func termsOf(c *captured) []term {
	e := c.epcis
	all := wordTerms(c)
	for i, ids := range [][]string{e.EPCs, e.ChildEPCs, e.InputEPCs, e.OutputEPCs} {
		f := []field{fieldEPC, fieldEPC, fieldInputEPC, fieldOutputEPC}[i]
		for _, id := range ids {
			all = thingTerms(all, f, id)
		}
	}
	if e.ParentID != "" {
		all = thingTerms(all, fieldParent, e.ParentID)
	}
	for i, quantities := range [][]epcis.Quantity{e.Quantities, e.ChildQuantities, e.InputQuantities, e.OutputQuantities} {
		f := []field{fieldEPCClass, fieldEPCClass, fieldInputEPCClass, fieldOutputEPCClass}[i]
		for _, q := range quantities {
			all = thingTerms(all, f, q.Class)
		}
	}
	return all
}

// thingTerms adds a thing and its group.
func thingTerms(all []term, f field, uri string) []term {
	path, key := spellKey(uri)
	all = append(all, term{f, path})
	if g := group(key); g != "" {
		all = append(all, term{f + groups, g})
	}
	return all
}

// wordTerms returns the terms of everything but the things.
func wordTerms(c *captured) []term {
	e := c.epcis
	all := []term{{fieldType, e.Type}, {fieldMember, c.journal.Member}, {fieldEventID, shorten(c.identity)}}
	optional := func(f field, text string, spelling func(string) string) {
		if text != "" {
			all = append(all, term{f, spelling(text)})
		}
	}
	optional(fieldAction, e.Action, asIs)
	optional(fieldBizStep, e.BizStep, asIs)
	optional(fieldDisposition, e.Disposition, asIs)
	optional(fieldReadPoint, e.ReadPoint, spell)
	optional(fieldBizLocation, e.BizLocation, spell)
	optional(fieldTransformation, e.TransformationID, spell)
	for _, w := range e.Set {
		optional(fieldSet, w, asIs)
	}
	for _, w := range e.Unset {
		optional(fieldUnset, w, asIs)
	}
	if d := e.Error; d != nil {
		all = append(all, term{fieldDeclares, ""})
		optional(fieldReason, d.Reason, asIs)
		for _, id := range d.Corrective {
			optional(fieldCorrective, id, shorten)
		}
	}
	return refTerms(all, e)
}

func asIs(s string) string { return s }

func refTerms(all []term, e *epcis.Event) []term {
	for _, t := range e.BizTransactions {
		all = append(all, term{fieldBizTransaction, spellTyped(t)})
	}
	for _, t := range e.Sources {
		all = append(all, term{fieldSource, spellTyped(t)})
	}
	for _, t := range e.Destinations {
		all = append(all, term{fieldDestination, spellTyped(t)})
	}
	for _, id := range e.CertificationInfo {
		all = append(all, term{fieldCertification, spellTyped(epcis.Typed{ID: id})})
	}
	return all
}
