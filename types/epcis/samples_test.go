package epcis

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types/gs1"
)

// samples returns the public EPCIS documents beside the project by path, and skips the test where there are none.
func samples(t *testing.T, folders ...string) map[string][]byte {
	t.Helper()
	root := os.DirFS("../../../shared/data")
	if _, err := fs.Stat(root, "epcis"); err != nil {
		t.Skipf("public reference material is not here: %v", err)
	}
	docs := map[string][]byte{}
	for _, folder := range folders {
		err := fs.WalkDir(root, folder, func(name string, _ fs.DirEntry, err error) error {
			if err == nil && path.Ext(name) == ".jsonld" {
				docs[name], err = fs.ReadFile(root, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return docs
}

// refusedSamples lists the official samples we refuse. The official JSON schema refuses all of them, and no others unless its
// formats are checked: then also seven more whose writing we renew or warn of. Every reason has been looked up in the file.
var refusedSamples = map[string][]struct {
	code    Code
	pointer string
}{
	// sourceList and destinationList are objects instead of lists.
	"epcis/JSON-simple-context/Example-TransactionEvents-2020_07_03y.jsonld": {
		{CodeType, "/epcisBody/eventList/1/destinationList"}, {CodeType, "/epcisBody/eventList/1/sourceList"}},
	// ilmd of an OBSERVE event.
	"epcis/JSON-simple-context/WithFullCombinationOfFields/object_event_all_possible_fields.jsonld": {
		{CodeValue, "/epcisBody/eventList/0/ilmd"}},
	// No schemaVersion and creationDate.
	"epcis/JSON-simple-context/WithSensorData/SensorDataExample12.jsonld": {
		{CodeMissing, "/schemaVersion"}, {CodeMissing, "/creationDate"}},
	// schemaVersion is the number 2.0 instead of a string.
	"epcis/JSON-simple-context/WithSensorData/SensorDataExample17.jsonld": {{CodeType, "/schemaVersion"}},
}

func TestSamples(t *testing.T) {
	docs := samples(t, "epcis/JSON", "epcis/JSON-simple-context", "epcis-hash/examples")
	accepted := 0
	for name, doc := range docs {
		d, err := Parse(doc)
		want := refusedSamples[name]
		switch {
		case err == nil && want != nil:
			t.Errorf("%s: accepted, want it refused", name)
		case err == nil:
			accepted++
			checkEvents(t, d)
		default:
			checkFaults(t, name, err, want)
		}
	}
	t.Logf("%d documents accepted, %d refused", accepted, len(docs)-accepted)
}

// checkFaults fails the test unless err lists exactly the faults that are expected of the sample.
func checkFaults(t *testing.T, name string, err error, want []struct {
	code    Code
	pointer string
}) {
	t.Helper()
	var faults Errors
	if !errors.As(err, &faults) || len(faults) != len(want) {
		t.Errorf("%s: got %v, want %v", name, err, want)
		return
	}
	for i, e := range faults {
		if e.Code != want[i].code || e.Pointer != want[i].pointer {
			t.Errorf("%s: got %s %v, want %v", name, e.Code, e, want[i])
		}
	}
}

// checkEvents fails the test unless the canonical form of every event is a document with the same event in it, and what is
// made of it means the same.
func checkEvents(t *testing.T, d *Document) {
	t.Helper()
	for _, e := range d.Events {
		alone, err := ParseEvent(string(e.Canonical))
		if err != nil {
			t.Errorf("event %s: canonical form %s: %v", e.Pointer, e.Canonical, err)
			continue
		}
		e.Warnings = slices.Clone(e.Warnings)
		for i := range e.Warnings {
			e.Warnings[i].Pointer = strings.TrimPrefix(e.Warnings[i].Pointer, e.Pointer)
		}
		e.Pointer = ""
		if !reflect.DeepEqual(*alone, e) {
			t.Errorf("event read back: got %+v, want %+v", *alone, e)
		}
		checkRendered(t, &e)
	}
	checkWritten(t, d)
}

// checkRendered fails the test unless the event in every format is an event with as many things in it.
func checkRendered(t *testing.T, e *Event) {
	t.Helper()
	for _, f := range []Format{DigitalLink, URN, AsGiven} {
		out, err := Render(e.Canonical, f, func(gs1.Key) int { return 7 })
		if err != nil {
			t.Errorf("format %d of %s: %v", f, e.Canonical, err)
			continue
		}
		got, err := ParseEvent(string(out))
		if err != nil || len(got.EPCs) != len(e.EPCs) || len(got.ChildEPCs) != len(e.ChildEPCs) || len(got.Quantities) != len(e.Quantities) {
			t.Errorf("format %d of %s: got %s, %v", f, e.Canonical, out, err)
		}
		if f == AsGiven && !bytes.Equal(out, e.Canonical) {
			t.Errorf("as given: got %s, want %s", out, e.Canonical)
		}
	}
}

// checkWritten fails the test unless the events, written as documents, have the canonical forms that they had.
func checkWritten(t *testing.T, d *Document) {
	t.Helper()
	events := make([][]byte, len(d.Events))
	for i := range d.Events {
		events[i] = d.Events[i].Canonical
	}
	doc, err := WriteDocument(events, 1795392000000)
	query, err2 := WriteQueryDocument("SimpleEventQuery", "s", events, 1795392000000)
	if err != nil || err2 != nil {
		t.Errorf("written: %v, %v", err, err2)
		return
	}
	for _, data := range [][]byte{doc, query} {
		again, err := Parse(data)
		if err != nil || len(again.Events) != len(events) || again.CreationDate != 1795392000000 {
			t.Errorf("written as %s: %v", data, err)
			continue
		}
		for i, e := range again.Events {
			if !bytes.Equal(e.Canonical, events[i]) {
				t.Errorf("written: got %s, want %s", e.Canonical, events[i])
			}
		}
	}
}

// differentContent are samples whose two styles do not tell the same: one names the trade item, the other one piece; the type
// of event differs; one has members that the other has not.
var differentContent = map[string]bool{
	"epcis/JSON/WithSensorData/SensorDataExample13.jsonld":                                   true,
	"epcis/JSON/PersistentDisposition-example.jsonld":                                        true,
	"epcis/JSON/WithFullCombinationOfFields/aggregation_event_all_possible_fields.jsonld":    true,
	"epcis/JSON/WithFullCombinationOfFields/association_event_all_possible_fields.jsonld":    true,
	"epcis/JSON/WithFullCombinationOfFields/transaction_event_all_possible_fields.jsonld":    true,
	"epcis/JSON/WithFullCombinationOfFields/transformation_event_all_possible_fields.jsonld": true,
}

func TestBothStylesOfSamples(t *testing.T) {
	full := samples(t, "epcis/JSON")
	simple := samples(t, "epcis/JSON-simple-context")
	compared := 0
	for name, doc := range full {
		a, err := Parse(doc)
		b, err2 := Parse(simple[strings.Replace(name, "epcis/JSON/", "epcis/JSON-simple-context/", 1)])
		if err != nil || err2 != nil || differentContent[name] {
			continue
		}
		compared++
		dropCanonical(a)
		dropCanonical(b)
		if !reflect.DeepEqual(a.Events, b.Events) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, a.Events, b.Events)
		}
	}
	t.Logf("%d pairs", compared)
}

// dropCanonical drops what differs between styles: the canonical forms, and what they hold.
func dropCanonical(d *Document) {
	for i := range d.Events {
		e := &d.Events[i]
		e.Canonical, e.ILMD, e.Extensions = nil, nil, nil
	}
	d.Warnings = nil
}
