package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/epcis"
)

func checkEPCISCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE|DIR…",
		Short: "Say what is wrong with EPCIS 2.0 documents",
		Long: `Check EPCIS 2.0 documents in JSON-LD against what the standard's JSON schema asks for, its
formats included. It needs no node and no key. - stands for the standard input.

A fault (✗) is what no EPCIS 2.0 reader has to take: the document is refused, with the place
of the fault as a JSON pointer. A warning (!) is what the schema lets through and its author
can hardly have meant, such as a wrong check digit or a prefix that nobody declared; it says
how the document is read. docs/epcis-schema.md lists them.

With --json one array, with an object for each file: file, ok, errors, warnings, and events
with pointer, type, eventID, errors and warnings. The exit status is 1 if there is a fault.`,
		Example: `  carya epcis check harvest.jsonld
  carya epcis check events/ --json
  curl -s https://example.com/events | carya epcis check -`,
		Args: takes(1, -1, "EPCIS documents"),
		RunE: s.run(s.checkEPCIS),
	}
}

// finding is a fault or a warning.
type finding struct {
	Code    epcis.Code `json:"code"`
	Pointer string     `json:"pointer"`
	Detail  string     `json:"detail"`
}

// checkedEvent is what `carya epcis check` says of one event.
type checkedEvent struct {
	Pointer  string    `json:"pointer"`
	Type     string    `json:"type"`
	EventID  string    `json:"eventID,omitempty"`
	Errors   []finding `json:"errors"`
	Warnings []finding `json:"warnings"`
	action   string
}

// checkedFile is what it says of one file. Its own errors and warnings are those that belong to none of its events.
type checkedFile struct {
	File     string         `json:"file"`
	OK       bool           `json:"ok"`
	Errors   []finding      `json:"errors"`
	Warnings []finding      `json:"warnings"`
	Events   []checkedEvent `json:"events"`
}

func (s *session) checkEPCIS(_ context.Context, args []string) error {
	files, err := s.checkable(args)
	if err != nil {
		return err
	}
	bad := 0
	for i, file := range files {
		f, err := s.checkFile(file)
		if err != nil {
			return err
		}
		if !f.OK {
			bad++
		}
		if err := s.tellChecked(f, i == 0, i == len(files)-1); err != nil {
			return err
		}
	}
	if bad > 0 {
		return &Failure{ExitFailed, fmt.Errorf("%d of %s not valid EPCIS 2.0", bad, plural(len(files), "document is", "documents are")), ""}
	}
	return nil
}

// checkable lists the files to read, see paths; - is the standard input.
func (s *session) checkable(args []string) ([]string, error) {
	var all []string
	for _, arg := range args {
		if arg == "-" {
			all = append(all, arg)
			continue
		}
		found, err := paths([]string{arg}, ".json", ".jsonld")
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (s *session) checkFile(path string) (*checkedFile, error) {
	var data []byte
	var err error
	if path == "-" {
		data, err = readAll(path, s.in, epcis.MaxSize)
	} else {
		data, err = readFile(path, epcis.MaxSize)
	}
	if err != nil {
		return nil, usage("", err)
	}
	doc, faults := epcis.Check(data)
	f := &checkedFile{File: path, OK: len(faults) == 0, Errors: []finding{}, Warnings: []finding{}, Events: []checkedEvent{}}
	f.sort(doc, faults)
	return f, nil
}

// sort gives the faults and warnings to the events that they are about.
func (f *checkedFile) sort(doc *epcis.Document, faults epcis.Errors) {
	for _, w := range doc.Warnings {
		f.Warnings = append(f.Warnings, finding(w))
	}
	places := map[string]int{}
	for i, e := range doc.Events {
		c := checkedEvent{Pointer: e.Pointer, Type: e.Type, EventID: e.EventID, Errors: []finding{}, Warnings: []finding{}, action: e.Action}
		for _, w := range e.Warnings {
			c.Warnings = append(c.Warnings, finding(w))
		}
		f.Events = append(f.Events, c)
		places[e.Pointer] = i
	}
	for _, fault := range faults {
		errors := &f.Errors
		if i, ok := eventAt(places, fault.Pointer); ok {
			errors = &f.Events[i].Errors
		}
		*errors = append(*errors, finding(*fault))
	}
}

// eventAt finds the event that holds a place: the pointer of an event is the start of the pointers to what it holds.
func eventAt(places map[string]int, pointer string) (i int, ok bool) {
	for {
		if i, ok = places[pointer]; ok || pointer == "" {
			return i, ok
		}
		pointer = pointer[:strings.LastIndexByte(pointer, '/')]
	}
}

// tellChecked prints what was found in a file, with --json as an element of an array.
func (s *session) tellChecked(f *checkedFile, isFirst, isLast bool) error {
	if s.json {
		return s.emitElement(f, isFirst, isLast)
	}
	faults, warnings := len(f.Errors), len(f.Warnings)
	s.tellFindings("", f.File, f.Errors, f.Warnings)
	for i := range f.Events {
		e := &f.Events[i]
		faults += len(e.Errors)
		warnings += len(e.Warnings)
		what := strings.Join(strings.Fields(first(e.Type, "an event")+" "+e.action+" "+e.EventID), " ")
		s.say("%s %s", mark(len(e.Errors) == 0), oneLine(fmt.Sprintf("%s: %s: %s", f.File, first(e.Pointer, "/"), what)))
		s.tellFindings("    ", f.File, e.Errors, e.Warnings)
	}
	s.say("%s %s: %s, %s, %s", mark(f.OK), oneLine(f.File), count(len(f.Events), "event"), count(faults, "fault"), count(warnings, "warning"))
	return nil
}

// emitElement prints v as an element of a JSON array, on a line of its own.
func (s *session) emitElement(v any, isFirst, isLast bool) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	before, after := "", ","
	if isFirst {
		before = "["
	}
	if isLast {
		after = "]"
	}
	_, err = fmt.Fprintf(s.out, "%s%s%s\n", before, data, after)
	return err
}

func (s *session) tellFindings(indent, file string, faults, warnings []finding) {
	for _, x := range faults {
		s.say("%s✗ %s", indent, oneLine(fmt.Sprintf("%s: %s: %s", file, first(x.Pointer, "/"), x.Detail)))
	}
	for _, x := range warnings {
		s.say("%s! %s", indent, oneLine(fmt.Sprintf("%s: %s: %s", file, first(x.Pointer, "/"), x.Detail)))
	}
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

// plural writes a number of things with what they are: 1 document is, 2 documents are.
func plural(n int, singular, others string) string {
	if n == 1 {
		return "1 " + singular
	}
	return fmt.Sprintf("%d %s", n, others)
}
