package ceb

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// values overrides what the fixture puts into elements and attributes of a local name. A value of absent leaves the
// element out, present brings in an optional part of the envelope.
type values map[string]string

const (
	absent  = "\x00absent"
	present = "\x00present"
)

// fixture writes a valid message of one document from the table of its kind, with every optional field filled in.
func fixture(kind string, set values) string {
	return changed(kind, set, nil)
}

// changed is a fixture with other text in place of some elements of the table.
func changed(kind string, set values, instead map[*element]string) string {
	f := &fixtureWriter{set: set, instead: instead}
	f.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	f.write(&messageNamed(kind).root)
	return f.String()
}

type fixtureWriter struct {
	strings.Builder
	set     values
	instead map[*element]string
}

func (f *fixtureWriter) write(e *element) {
	if text, is := f.instead[e]; is {
		f.WriteString(text)
		return
	}
	value, overridden := f.set[e.name]
	envelope := e.name == "Signature" || e.name == "BaseSubscribe" || e.name == "ExtendMessage"
	if value == absent || envelope && e.min == 0 && !overridden {
		return
	}
	prefix := "ceb:"
	if e.space == signatureSpace {
		prefix = "ds:"
	}
	fmt.Fprintf(f, "<%s%s%s>", prefix, e.name, attributesOf(e, f.set))
	switch {
	case e.content == group:
		f.WriteString("\n")
		for i := range e.children {
			f.write(&e.children[i])
		}
	case overridden:
		f.WriteString(value)
	default:
		f.WriteString(plausible(e))
	}
	fmt.Fprintf(f, "</%s%s>\n", prefix, e.name)
}

// complete is a whole envelope, valid by the schema.
var complete = values{
	"BaseSubscribe": present, "ExtendMessage": present, "Signature": present,
	"@Algorithm": "urn:sm2", "SignatureValue": "AA==", "KeyInfo": "<ds:KeyName>1</ds:KeyName>",
	"Reference": `<ds:DigestMethod Algorithm="urn:sm3"/><ds:DigestValue>AA==</ds:DigestValue>`,
}

// leaves returns the fields of a message in the order of the file, those of the envelope too.
func leaves(e *element) []*element {
	var found []*element
	for i := range e.children {
		switch child := &e.children[i]; {
		case child.space != cebSpace || child.content == wildcard:
		case child.content == group:
			found = append(found, leaves(child)...)
		default:
			found = append(found, child)
		}
	}
	return found
}

func attributesOf(e *element, set values) string {
	var b strings.Builder
	if strings.HasPrefix(e.name, "CEB") {
		b.WriteString(` xmlns:ceb="` + cebSpace + `" xmlns:ds="` + signatureSpace + `"`)
	}
	for i := range e.attributes {
		a := &e.attributes[i]
		value, overridden := set["@"+a.name]
		if !overridden {
			value = plausible(a)
		}
		if value != absent && (a.min > 0 || overridden) {
			fmt.Fprintf(&b, ` %s="%s"`, a.name, value)
		}
	}
	return b.String()
}

// plausible is a shortest valid value.
func plausible(e *element) string {
	switch e.content {
	case decimal, integer:
		return "1"
	case dateTime:
		return "20260315153555"
	case date:
		return "20260315"
	case moment:
		return "20260315153555001"
	case opaque, wildcard:
		return ""
	}
	if e.standard != "" {
		return e.standard
	}
	return strings.Repeat("1", max(1, e.short))
}

// mustParse reads a fixture that is meant to be valid.
func mustParse(t testing.TB, data string) *Message {
	t.Helper()
	m, err := Parse([]byte(data))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return m
}

// documentOf reads the one document of a fixture.
func documentOf(t testing.TB, kind string, set values) *Document {
	t.Helper()
	return &mustParse(t, fixture(kind, set)).Documents[0]
}

// faultsOf reads a file that is meant to be refused.
func faultsOf(t testing.TB, data string) Errors {
	t.Helper()
	m, err := Parse([]byte(data))
	var faults Errors
	if !errors.As(err, &faults) || len(faults) == 0 || m != nil {
		t.Fatalf("Parse: message %v, error %v; want no message and an Errors", m, err)
	}
	return faults
}

// kinds are the four of an import order.
var kinds = []string{"CEB311", "CEB411", "CEB511", "CEB621"}
