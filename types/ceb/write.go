package ceb

import (
	"slices"
	"strings"
)

// Write returns the file of a message: UTF-8, indented, prefix "ceb", elements in the order of the schema. It refuses
// what the schema and Parse refuse with an Errors that names the fields. Reading the file gives the same Message, with
// values as their types leave them.
//
// The fields of a head or a line may stand in any order, and their paths may be bare names ("orderNo"). A nil Signature
// is accepted for every kind, as a file is signed after it is written; ParseUnsigned reads it. A signature of another
// file, even of one that differs in its white space only, is written as it is and does not verify any more.
// SignatureMethod is not looked at.
func Write(m *Message) ([]byte, error) {
	w := &writer{}
	w.message(m)
	if len(w.faults) > 0 {
		return nil, w.faults
	}
	return []byte(w.out.String()), nil
}

// writer walks a message along its table.
type writer struct {
	place
	out    strings.Builder
	indent int
}

func (w *writer) message(m *Message) {
	table := messageNamed(m.Kind)
	if table == nil {
		w.fault(flaw(Unsupported, "%s is no message of the 202205 edition", quoted(m.Kind)), 0)
		return
	}
	root := &table.root
	w.out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<ceb:" + root.name + ` xmlns:ceb="` + cebSpace + `"`)
	w.attribute(&root.attributes[0], m.GUID)
	w.attribute(&root.attributes[1], m.Version)
	w.out.WriteString(">\n")
	w.indent++
	w.documents(&root.children[0], m)
	if root.bare() {
		w.unexpected(m)
	} else {
		w.envelope(root.children[1:], m)
	}
	w.out.WriteString("</ceb:" + root.name + ">\n")
	if w.out.Len() > MaxSize {
		w.fault(flaw(TooLarge, "%d bytes, at most %d", w.out.Len(), MaxSize), 0)
	}
}

func (w *writer) attribute(e *element, value string) {
	value, fault := e.read(value)
	if fault == nil {
		fault = unwritable(value)
	}
	if fault != nil {
		w.fault(fault, 0, "@"+e.name)
	}
	w.out.WriteString(" " + e.name + `="` + escaped.Replace(value) + `"`)
}

// unwritable is the fault of a value that XML cannot carry.
func unwritable(value string) *Error {
	if notXML(value) < len(value) {
		return flaw(Malformed, "%s holds a character that XML cannot", quoted(value))
	}
	return nil
}

func (w *writer) documents(e *element, m *Message) {
	w.counted(e, len(m.Documents))
	for i := range m.Documents {
		w.inside(e, i, func() { w.document(e, m, &m.Documents[i]) })
	}
}

// counted refuses too few or too many of an element.
func (w *writer) counted(e *element, n int) {
	switch {
	case n < e.min:
		w.fault(flaw(MissingElement, "required, absent"), 0, e.name)
	case n > e.max:
		w.fault(flaw(TooLarge, "%d of them, at most %d", n, e.max), 0, e.name)
	}
}

func (w *writer) document(e *element, m *Message, d *Document) {
	if d.Kind != m.Kind {
		w.fault(flaw(NotAllowed, "a document of %s in a message of %s", quoted(d.Kind), m.Kind), 0)
	}
	if !e.divided() {
		w.fields(e, e.name, d.Head)
		w.noLines(d)
		return
	}
	head := &e.children[0]
	w.inside(head, 0, func() { w.fields(head, head.name, d.Head) })
	if len(e.children) == 1 {
		w.noLines(d)
		return
	}
	line := &e.children[1]
	w.counted(line, len(d.Lines))
	for i, fields := range d.Lines {
		w.inside(line, i, func() { w.fields(line, indexed(line.name, i), fields) })
	}
}

func (w *writer) noLines(d *Document) {
	if len(d.Lines) > 0 {
		w.fault(flaw(UnknownElement, "%d lines, but documents of this kind have none", len(d.Lines)), 0)
	}
}

// inside writes an element of elements.
func (w *writer) inside(e *element, index int, content func()) {
	if w.full() {
		return
	}
	w.enter(e, index)
	w.tabs()
	w.out.WriteString("<ceb:" + e.name + ">\n")
	w.indent++
	content()
	w.indent--
	w.tabs()
	w.out.WriteString("</ceb:" + e.name + ">\n")
	w.leave()
}

func (w *writer) tabs() {
	for range w.indent {
		w.out.WriteByte('\t')
	}
}

// fields writes the values of a group in the order of the schema. Their paths are those in a document, at a path, or
// bare names.
func (w *writer) fields(e *element, path string, fields []Field) {
	written, next := 0, 0
	for i := range e.children {
		child := &e.children[i]
		at := find(fields, path, child.name, next)
		switch {
		case at >= 0:
			w.leaf(child, fields[at].Value)
			written, next = written+1, at+1
		case child.min > 0:
			w.fault(flaw(MissingElement, "required in %s, absent", e.name), 0, child.name)
		}
	}
	if written < len(fields) {
		w.superfluous(e, path, fields)
	}
}

// find returns the index of the field of that name, or -1. It looks from an index on first, because most lists of fields
// are in the order of the schema.
func find(fields []Field, path, name string, from int) int {
	is := func(f Field) bool { return names(f.Path, path, name) }
	if i := slices.IndexFunc(fields[from:], is); i >= 0 {
		return from + i
	}
	return slices.IndexFunc(fields[:from], is)
}

// names reports whether a field is the one of that name in the group at a path.
func names(field, path, name string) bool {
	before, found := strings.CutSuffix(field, name)
	return found && (before == "" || len(before) == len(path)+1 && before[len(path)] == '/' && before[:len(path)] == path)
}

// superfluous reports the fields that were not written: those that the schema does not know, and second ones of a name.
func (w *writer) superfluous(e *element, path string, fields []Field) {
	for i, f := range fields {
		of := func(child element) bool { return names(f.Path, path, child.name) }
		known := slices.IndexFunc(e.children, of)
		switch {
		case known < 0:
			w.fault(flaw(UnknownElement, "the schema has no such element in %s", path), 0, f.Path)
		case find(fields[:i], path, e.children[known].name, 0) >= 0:
			w.fault(flaw(OutOfOrder, "occurs twice, at most once"), 0, e.children[known].name)
		}
	}
}

func (w *writer) leaf(e *element, value string) {
	value, fault := e.read(e.orStandard(value))
	if fault == nil {
		fault = unwritable(value)
	}
	if fault != nil {
		w.fault(fault, 0, e.name)
		return
	}
	w.tabs()
	w.out.WriteString("<ceb:")
	w.out.WriteString(e.name)
	w.out.WriteByte('>')
	escaped.WriteString(&w.out, value)
	w.out.WriteString("</ceb:")
	w.out.WriteString(e.name)
	w.out.WriteString(">\n")
}

func (w *writer) envelope(parts []element, m *Message) {
	for i := range parts {
		switch e := &parts[i]; e.name {
		case "BaseTransfer":
			w.inside(e, 0, func() { w.fields(e, e.name, m.Transfer.fields()) })
		case "BaseSubscribe":
			w.counted(e, len(m.Subscriptions))
			for i := range m.Subscriptions {
				w.inside(e, i, func() { w.fields(e, e.name, m.Subscriptions[i].fields()) })
			}
		case "ExtendMessage":
			w.verbatim(e, m.Extension)
		case "Signature":
			w.verbatim(e, m.Signature)
		}
	}
}

func (t *BaseTransfer) fields() []Field {
	return noted(t.Note, []Field{{"copCode", t.CopCode}, {"copName", t.CopName}, {"dxpMode", t.DxpMode}, {"dxpId", t.DxpID}})
}

func (s *BaseSubscribe) fields() []Field {
	return noted(s.Note, []Field{{"status", s.Status}, {"dxpMode", s.DxpMode}, {"dxpAddress", s.DxpAddress}})
}

// noted adds the note, which is left out when there is none.
func noted(note string, fields []Field) []Field {
	if note == "" {
		return fields
	}
	return append(fields, Field{"note", note})
}

// verbatim writes an element that came with its bytes, if they are that element and nothing else.
func (w *writer) verbatim(e *element, data []byte) {
	if data == nil {
		return
	}
	p := &parser{}
	p.enter(e, 0)
	root := p.read(data, func(root name) (*element, *Error) {
		if root != (name{e.space, e.name}) {
			return nil, flaw(UnknownElement, "<%s> in namespace %s stands for <%s>", root.local, quoted(root.space), e.name)
		}
		return e, nil
	})
	for _, fault := range p.faults {
		if w.full() {
			return
		}
		if fault.Field == "" {
			fault.Field = e.name
		}
		fault.Line = 0
		w.faults = append(w.faults, fault)
	}
	w.tabs()
	w.out.WriteString(root.value + "\n")
}

// unexpected refuses an envelope around receipts.
func (w *writer) unexpected(m *Message) {
	if m.Transfer != (BaseTransfer{}) || len(m.Subscriptions) > 0 || m.Extension != nil || m.Signature != nil {
		w.fault(flaw(UnknownElement, "a receipt has no transfer, subscriptions, extension or signature"), 0)
	}
}
