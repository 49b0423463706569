package gs1

import (
	"errors"
	"fmt"
)

// Code is a stable word for what is wrong with an identifier, a unit or a quantity. Programs compare codes; people read
// [Error.Error].
type Code string

// The codes. They are appended to, never renamed.
const (
	CodeCheckDigit  Code = "CheckDigit"  // the check digit is not the one the other digits call for
	CodeLength      Code = "Length"      // too few or too many characters
	CodeCharacters  Code = "Characters"  // a character that the key does not allow, or a broken percent-encoding
	CodeSyntax      Code = "Syntax"      // an EPC URN or an id.gs1.org address that does not follow its grammar
	CodeCanonical   Code = "Canonical"   // a path that is not written the one way it must be
	CodeUnknown     Code = "Unknown"     // no GS1 identifier at all
	CodeUnsupported Code = "Unsupported" // a GS1 or EPC scheme that this release does not read
	CodeUnit        Code = "Unit"        // not a unit of UNECE Recommendation 20 that we convert
	CodeDimension   Code = "Dimension"   // units of different dimensions, such as kilogram and litre
	CodeRange       Code = "Range"       // a quantity over MaxAmount
	CodeKind        Code = "Kind"        // a good key of another type than was asked for
)

// Error says what is wrong with one value. It is returned as *Error by everything in this package.
type Error struct {
	Code   Code
	Input  string // what was read, with the name of its kind where that is known: "GTIN 06901234000015"
	Detail string // the fault: "check digit 5, expected 6"
}

// Error returns a sentence such as "GTIN 06901234000015: check digit 5, expected 6".
func (e *Error) Error() string { return e.Input + ": " + e.Detail }

// fault returns an Error about the value s of the named kind.
func fault(code Code, kind, s, format string, args ...any) error {
	return &Error{code, kind + " " + s, fmt.Sprintf(format, args...)}
}

// isCheckDigit reports whether err is about nothing but the check digit.
func isCheckDigit(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeCheckDigit
}
