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
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	write(&b, &messageNamed(kind).root, set)
	return b.String()
}

func write(b *strings.Builder, e *element, set values) {
	value, overridden := set[e.name]
	envelope := e.name == "Signature" || e.name == "BaseSubscribe" || e.name == "ExtendMessage"
	if value == absent || envelope && e.min == 0 && !overridden {
		return
	}
	prefix := "ceb:"
	if e.space == signatureSpace {
		prefix = "ds:"
	}
	fmt.Fprintf(b, "<%s%s%s>", prefix, e.name, attributesOf(e, set))
	switch {
	case e.content == group:
		b.WriteString("\n")
		for i := range e.children {
			write(b, &e.children[i], set)
		}
	case overridden:
		b.WriteString(value)
	default:
		b.WriteString(plausible(e))
	}
	fmt.Fprintf(b, "</%s%s>\n", prefix, e.name)
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
	case opaque, wildcard:
		return ""
	}
	if e.fixed != "" {
		return e.fixed
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

var kinds = []string{"CEB311", "CEB411", "CEB511", "CEB621"}
