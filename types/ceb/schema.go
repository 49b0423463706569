package ceb

import "slices"

// Namespaces of the elements in a message.
const (
	cebSpace       = "http://www.chinaport.gov.cn/ceb"
	signatureSpace = "http://www.w3.org/2000/09/xmldsig#"
	schemaSpace    = "http://www.w3.org/2001/XMLSchema-instance"
)

// content says what an element holds.
type content uint8

const (
	group      content = iota // the elements listed as its children, in that order
	text                      // characters, counted as the schema counts them: Unicode code points
	decimal                   // N19,5
	integer                   // a 32-bit whole number
	dateTime                  // C14, yyyyMMddHHmmss
	date                      // C8, yyyyMMdd
	moment                    // C17, yyyyMMddHHmmssSSS
	instant                   // xs:dateTime
	binary                    // Base64
	identifier                // xs:ID
	wildcard                  // at most one element of any kind, skipped
	opaque                    // anything, skipped
)

// element is one row of the message tables: what may stand where, how often and how long.
type element struct {
	space, name string
	content     content
	min, max    int       // occurrences
	short, long int       // fewest and most characters of text; long is the most digits of an integer, 0 for no such limit
	standard    string    // what an empty element stands for, "" for nothing
	fixed       bool      // nothing but the standard value is allowed
	collapse    bool      // runs of white space count as one space
	verbatim    bool      // the bytes are kept
	attributes  []element // their space is ""
	children    []element
}

// exact is a text of n characters, "C36" in the specification.
func exact(name string, n int) element {
	return between(name, n, n)
}

// filled is a text of 1 to n characters, "C..60" in the specification.
func filled(name string, n int) element {
	return between(name, 1, n)
}

// upTo is a text of at most n characters that may also be empty.
func upTo(name string, n int) element {
	return between(name, 0, n)
}

func between(name string, short, long int) element {
	return element{space: cebSpace, name: name, content: text, min: 1, max: 1, short: short, long: long}
}

// amount is a decimal of at most 19 digits, 5 of them after the point: "N19,5".
func amount(name string) element {
	return element{space: cebSpace, name: name, content: decimal, min: 1, max: 1}
}

// whole is a 32-bit integer of at most the given digits, or of any number of digits for 0.
func whole(name string, digits int) element {
	return element{space: cebSpace, name: name, content: integer, min: 1, max: 1, long: digits}
}

// timed is a field of 14 characters (dateTime), 8 (date) or 17 (moment). The schema asks for the length only; the
// specification gives the format, and the ledger orders documents by these times, so what is no time is refused here.
func timed(name string, format content) element {
	n := len(layouts[format])
	return element{space: cebSpace, name: name, content: format, min: 1, max: 1, short: n, long: n}
}

// standard gives an element a value that it stands for when it is there and empty (XML Schema part 1, 3.3.4).
func standard(e element, value string) element {
	e.standard = value
	return e
}

// fixed is a standard value besides which no other is valid.
func fixed(e element, value string) element {
	e.standard, e.fixed = value, true
	return e
}

// yuan is the currency field of every import message.
func yuan() element {
	return fixed(exact("currency", 3), "142")
}

// collapsed is a text in which the schema makes every run of white space one space, before it counts.
func collapsed(e element) element {
	e.collapse = true
	return e
}

// verbatim keeps the bytes of an element, which must be a child of the root.
func verbatim(e element) element {
	e.verbatim = true
	return e
}

// optional lets an element be absent. It says nothing about empty content: that depends on the length.
func optional(e element) element {
	e.min = 0
	return e
}

// repeated lets an element occur up to max times.
func repeated(e element, max int) element {
	e.max = max
	return e
}

func parent(name string, children ...element) element {
	return element{space: cebSpace, name: name, content: group, min: 1, max: 1, children: children}
}

// within moves an element into another namespace, and gives it attributes.
func within(space string, e element, attributes ...element) element {
	e.space = space
	e.attributes = attributes
	return e
}

// find returns the index of the child of that name, or -1. It looks from a starting index on first, because in a valid
// message the next child is the same as the last or soon after it.
func (e *element) find(name name, from int) int {
	is := func(child element) bool { return child.name == name.local && child.space == name.space }
	if i := slices.IndexFunc(e.children[from:], is); i >= 0 {
		return from + i
	}
	return slices.IndexFunc(e.children[:from], is)
}

// divided reports whether a document has a head of its own, and perhaps lines; else its fields stand directly in it.
func (e *element) divided() bool {
	return e.children[0].content == group
}

// bare reports whether a message has no envelope: it is a receipt.
func (e *element) bare() bool {
	return len(e.children) == 1
}
