package review

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/ceb"
)

// salvage reviews what can be read of a file that the schema refuses. The fields at fault are taken out of the
// documents: a value that is one finding already must not be compared with others.
func (r *Review) salvage(name string, data []byte, err error) {
	r.files++
	var faults ceb.Errors
	if !errors.As(err, &faults) {
		faults = ceb.Errors{{Kind: ceb.Malformed, Detail: err.Error()}}
	}
	if !looksLikeMessage(name, data) {
		r.loose = append(r.loose, worded(Finding{Severity: Note, Fault: "NOT_A_MESSAGE", File: name}, faults[0].Detail, faults[0].Detail))
		return
	}
	s := &salvaged{file: name, message: readLoosely(data)}
	if s.message.kind == "" {
		s.message.kind = kindNamed.FindString(path.Base(name))
	}
	for i := range s.message.documents {
		s.papers = append(s.papers, newPaper(name, &s.message.documents[i]))
	}
	for _, fault := range faults {
		s.fault(r, fault)
	}
	for _, p := range s.papers {
		p.schema = distinct(p.schema)
		p.forget()
	}
	r.papers = append(r.papers, s.papers...)
	if !s.message.whole {
		r.unreadable = append(r.unreadable, s.message.kind)
	}
}

var kindNamed = regexp.MustCompile(`CEB\d{3}`)

// looksLikeMessage tells a broken message from a file that was never meant to be one, such as a note or a picture.
func looksLikeMessage(name string, data []byte) bool {
	return strings.EqualFold(path.Ext(name), ".xml") || kindNamed.MatchString(path.Base(name)) ||
		strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(string(data[:min(len(data), 100)]), "\ufeff")), "<")
}

// salvaged is a file that the schema refuses.
type salvaged struct {
	file    string
	message loose
	papers  []*paper
}

// fault turns an error of the parser into a finding of the document it lies in, or of the file.
func (s *salvaged) fault(r *Review, e *ceb.Error) {
	if unsigned(e) {
		r.unsigned(s.file, s.message.kind, 0, "")
		return
	}
	f := Finding{
		Severity: Fault, Fault: schemaWord(e), File: s.file, Line: e.Line, Kind: s.message.kind, Field: e.Field,
		Party: kindOf(s.message.kind).party,
	}
	p, field := s.place(e.Field)
	if f.Fault == "XML" {
		s.broken(&f)
	}
	if p == nil {
		r.loose = append(r.loose, worded(f, e.Detail, e.Detail))
		return
	}
	f.Field = p.within(field)
	f.Value, f.Company = p.valueAt(f.Field), p.company(f.Party)
	p.refused = append(p.refused, f.Field)
	p.schema = append(p.schema, worded(f, e.Detail, e.Detail))
}

// broken names the order in which an unreadable file breaks off, or the only one in it.
func (s *salvaged) broken(f *Finding) {
	switch {
	case len(s.papers) > 1 && s.message.whole:
	case len(s.papers) > 0:
		last := s.papers[len(s.papers)-1]
		f.Order, f.Platform, f.Company = last.number, last.get("ebpCode"), last.company(f.Party)
	default:
		f.Order = s.message.number
	}
}

// unsigned recognises the error for a message that lacks the signature its schema requires.
func unsigned(e *ceb.Error) bool {
	return e.Kind == ceb.Unsigned
}

// place splits "Order[1]/OrderHead/orderNo" into the second document and the rest.
func (s *salvaged) place(field string) (*paper, string) {
	first, rest, _ := strings.Cut(field, "/")
	name, index, found := strings.Cut(strings.TrimSuffix(first, "]"), "[")
	i, err := strconv.Atoi(index)
	if !found || err != nil || i < 0 || i >= len(s.papers) || name != s.message.element {
		return nil, ""
	}
	return s.papers[i], rest
}

// within returns a path as documents have it: "Receipts[0]/charge" of the file is "Receipts/charge" of the document.
func (p *paper) within(field string) string {
	if strings.Contains(field, "/") {
		return field
	}
	return p.path(field)
}

func (p *paper) valueAt(field string) string {
	for _, f := range p.doc.Fields() {
		if f.Path == field {
			return f.Value
		}
	}
	return ""
}

// forget takes the refused fields out of the document.
func (p *paper) forget() {
	refused := func(f ceb.Field) bool { return slices.Contains(p.refused, f.Path) }
	p.doc.Head = slices.DeleteFunc(p.doc.Head, refused)
	for i := range p.doc.Lines {
		p.doc.Lines[i] = slices.DeleteFunc(p.doc.Lines[i], refused)
	}
}

// distinct leaves one finding for one slip: elements out of order are one slip, and an unknown element beside a missing
// one is a misspelt name.
func distinct(findings []Finding) []Finding {
	is := func(word string) func(Finding) bool { return func(f Finding) bool { return f.Fault == word } }
	if first := slices.IndexFunc(findings, is("SCHEMA_ORDER")); first >= 0 {
		rest := slices.DeleteFunc(slices.Clone(findings[first+1:]), is("SCHEMA_ORDER"))
		findings = append(findings[:first+1], rest...)
	}
	missing, unknown := slices.IndexFunc(findings, is("SCHEMA_MISSING")), slices.IndexFunc(findings, is("SCHEMA_UNKNOWN"))
	if len(findings) == 2 && missing >= 0 && unknown >= 0 && path.Dir(findings[0].Field) == path.Dir(findings[1].Field) {
		return findings[unknown : unknown+1]
	}
	return findings
}

// schemaWord is the word for an error of the parser.
func schemaWord(e *ceb.Error) string {
	switch e.Kind {
	case ceb.MissingElement:
		return "SCHEMA_MISSING"
	case ceb.TooLong, ceb.WrongLength:
		return "SCHEMA_LENGTH"
	case ceb.OutOfOrder:
		return "SCHEMA_ORDER"
	case ceb.UnknownElement:
		return "SCHEMA_UNKNOWN"
	case ceb.NotAllowed:
		return "SCHEMA_VALUE"
	case ceb.NotATime:
		return "SCHEMA_TIME"
	case ceb.NotANumber:
		return "SCHEMA_NUMBER"
	case ceb.TooLarge:
		if e.Field == "" {
			return "XML"
		}
		if strings.HasSuffix(e.Field, "]") {
			return "SCHEMA_LENGTH"
		}
		return "SCHEMA_NUMBER"
	}
	return "XML"
}

// mustSign reports whether the specification asks for a signature on declared messages of this kind.
func mustSign(kind string) bool {
	switch kindOf(kind).role {
	case list, cancel, refund:
		return true
	}
	return false
}

// unsigned reports a missing (empty reason) or bad signature of a file.
func (r *Review) unsigned(name, kind string, official int, reason string) {
	severity := r.options.Signatures.Severity
	if severity == "" {
		severity = Note
	}
	chinese := reason
	if reason == "" {
		reason, chinese = "absent", "未加签"
	}
	r.loose = append(r.loose, worded(Finding{
		Severity: severity, Fault: "SIGNATURE", Official: official, File: name, Kind: kind, Field: "Signature", Party: kindOf(kind).party,
	}, reason, chinese))
}

// forms files the schema faults of the papers.
func (c *court) forms() {
	for _, p := range c.papers {
		for _, f := range p.schema {
			c.filed = append(c.filed, filed{f, p})
		}
	}
}
