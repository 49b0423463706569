package ceb

import (
	"fmt"
	"strings"
)

// Code words of Error.Kind. They are stable: programs may compare them, and new ones are only appended.
const (
	NotCEB         = "NotCEB"         // the root element is no customs message
	Unsupported    = "Unsupported"    // a customs message of another number, or an encoding other than UTF-8
	Malformed      = "Malformed"      // not well-formed XML, or XML with a document type declaration
	UnknownElement = "UnknownElement" // an element, an attribute or text where the schema has none
	MissingElement = "MissingElement" // a required element or attribute is absent
	OutOfOrder     = "OutOfOrder"     // an element in the wrong place, or a second one where one is allowed
	TooLong        = "TooLong"        // more characters, digits or decimal places than the field holds
	WrongLength    = "WrongLength"    // not the one length a field has, or empty where it may not be
	NotANumber     = "NotANumber"     // no decimal or whole number
	NotATime       = "NotATime"       // no date or time of the calendar
	NotAllowed     = "NotAllowed"     // not among the values the schema lists
	TooLarge       = "TooLarge"       // a limit of size, depth, repetition or number range
	Unsigned       = "Unsigned"       // the signature that the schema requires is absent; ParseUnsigned accepts that
)

// Error is one fault of a message.
type Error struct {
	Kind string // a code word above
	// Field is the path of the element at fault in the message, counted from 0: "Order[1]/OrderHead/orderNo".
	// Attributes have an @: "@guid". "" where the fault is the whole file.
	Field  string
	Line   int    // line in the file, counted from 1; 0 when there is no file yet
	Detail string // what was found and what was expected
}

// Error reads like "Order[1]/OrderHead/orderNo (line 63): 71 characters, at most 60".
func (e *Error) Error() string {
	switch {
	case e.Field != "" && e.Line > 0:
		return fmt.Sprintf("%s (line %d): %s", e.Field, e.Line, e.Detail)
	case e.Field != "":
		return e.Field + ": " + e.Detail
	case e.Line > 0:
		return fmt.Sprintf("line %d: %s", e.Line, e.Detail)
	}
	return e.Detail
}

// Errors is every fault found in a message, in its order, at most MaxErrors.
type Errors []*Error

// Error gives each fault a line.
func (e Errors) Error() string {
	lines := make([]string, 0, len(e)+1)
	for _, fault := range e {
		lines = append(lines, fault.Error())
	}
	if len(e) >= MaxErrors {
		lines = append(lines, "reading stopped here; there may be more faults")
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As and errors.Is look at each fault.
func (e Errors) Unwrap() []error {
	faults := make([]error, len(e))
	for i, fault := range e {
		faults[i] = fault
	}
	return faults
}

// flaw is a fault whose place is not known yet.
func flaw(kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// quoted shows a value in an error, its beginning if it is long.
func quoted(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return fmt.Sprintf("%q…", string(runes[:most]))
	}
	return fmt.Sprintf("%q", text)
}
