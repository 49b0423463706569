package epcis

import (
	"strconv"
	"strings"
)

// Code is a stable word for the kind of fault in a document.
type Code string

// The codes. They are appended to, never renamed.
const (
	CodeNotEPCIS  Code = "NotEPCIS"  // something else: XML, or JSON that is no EPCIS document or event
	CodeMalformed Code = "Malformed" // not JSON as RFC 8259 and RFC 8785 want it
	CodeMissing   Code = "Missing"   // a required member is not there
	CodeUnknown   Code = "Unknown"   // a member that the standard does not have and no namespace explains
	CodeType      Code = "Type"      // a member of the wrong JSON type
	CodeValue     Code = "Value"     // a value outside what the member allows
	CodeContext   Code = "Context"   // an @context we do not accept, or a prefix it does not declare
	CodeTooLarge  Code = "TooLarge"  // over one of the limits
)

// Error is one fault of a document.
type Error struct {
	Code    Code
	Pointer string // place in the document (RFC 6901); empty for the document as a whole
	Detail  string // the fault: "-3 is negative"
}

// Error returns a sentence such as "/quantityList/1/quantity: -3 is negative".
func (e *Error) Error() string {
	if e.Pointer == "" {
		return e.Detail
	}
	return e.Pointer + ": " + e.Detail
}

// Errors are the faults of one document in the order of reading, at least one and at most [MaxErrors]. errors.As finds the
// first *[Error].
type Errors []*Error

// Error returns one fault a line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults one by one.
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

var tooManyWarnings = &Error{CodeTooLarge, "", "more than 131072 warnings"}

// trail is the way from the root of a document to the value being read.
type trail []step

// step is the name of a member or, where that is empty, the index of an element counted from 1: a member may have an empty
// name, index 0 says so.
type step struct {
	name  string
	index int
}

func (t *trail) member(name string) { *t = append(*t, step{name: name}) }
func (t *trail) element(i int)      { *t = append(*t, step{index: i + 1}) }
func (t *trail) up()                { *t = (*t)[:len(*t)-1] }

// String returns the trail as a JSON pointer.
func (t trail) String() string {
	var b strings.Builder
	for _, s := range t {
		b.WriteByte('/')
		if s.index > 0 {
			b.WriteString(strconv.Itoa(s.index - 1))
			continue
		}
		b.WriteString(pointerEscapes.Replace(clip(s.name)))
	}
	return b.String()
}

// clip shortens what a document says to what an error may repeat: a string can be as long as the document.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")
