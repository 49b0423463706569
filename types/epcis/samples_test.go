package epcis

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"
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

// refusedSamples lists the official samples we refuse. All but those marked "ours" break the official JSON schema too, when
// a validator checks its formats; every reason has been looked up in the file.
var refusedSamples = map[string][]struct {
	code    Code
	pointer string
}{
	// Ours: eventID twice in one object. The schema sees the last one only.
	"epcis/JSON/AssociationEvent/AssociationEvent-h.jsonld":                {{CodeMalformed, "/epcisBody/eventList/0"}},
	"epcis/JSON-simple-context/AssociationEvent/AssociationEvent-h.jsonld": {{CodeMalformed, "/epcisBody/eventList/0"}},
	// Ours: cbvmda is a protected term of the official context with another meaning, which JSON-LD 1.1 processors refuse.
	"epcis/JSON/WithFullCombinationOfFields/transformation_event_all_possible_fields.jsonld": {{CodeContext, "/@context/4/cbvmda"}},
	// sourceList and destinationList are objects instead of lists.
	"epcis/JSON-simple-context/Example-TransactionEvents-2020_07_03y.jsonld": {
		{CodeType, "/epcisBody/eventList/1/destinationList"}, {CodeType, "/epcisBody/eventList/1/sourceList"}},
	// id instead of eventID, and a persistentDisposition in an AggregationEvent.
	"epcis/JSON-simple-context/PersistentDisposition-example.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/id"}, {CodeUnknown, "/epcisBody/eventList/0/persistentDisposition"},
		{CodeUnknown, "/epcisBody/eventList/1/id"}, {CodeUnknown, "/epcisBody/eventList/1/persistentDisposition"}},
	// A type in sensor elements, as drafts of EPCIS 2.0 had it; persistentDisposition in other types of event; ilmd of an
	// OBSERVE event.
	"epcis/JSON-simple-context/WithFullCombinationOfFields/aggregation_event_all_possible_fields.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/persistentDisposition"}, {CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}},
	"epcis/JSON-simple-context/WithFullCombinationOfFields/association_event_all_possible_fields.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/persistentDisposition"}, {CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}},
	"epcis/JSON-simple-context/WithFullCombinationOfFields/transaction_event_all_possible_fields.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/persistentDisposition"}, {CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}},
	"epcis/JSON-simple-context/WithFullCombinationOfFields/transformation_event_all_possible_fields.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}},
	"epcis/JSON-simple-context/WithFullCombinationOfFields/object_event_all_possible_fields.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}, {CodeValue, "/epcisBody/eventList/0/ilmd"}},
	"epcis/JSON-simple-context/WithSensorData/SensorDataExample14.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}},
	"epcis/JSON-simple-context/WithSensorData/SensorDataExample15.jsonld": {
		{CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}},
	// The same, and no schemaVersion and creationDate.
	"epcis/JSON-simple-context/WithSensorData/SensorDataExample12.jsonld": {
		{CodeMissing, "/schemaVersion"}, {CodeMissing, "/creationDate"},
		{CodeUnknown, "/epcisBody/eventList/0/sensorElementList/0/type"}},
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

// checkEvents fails the test unless the canonical form of every event is a document with the same event in it.
func checkEvents(t *testing.T, d *Document) {
	t.Helper()
	for _, e := range d.Events {
		alone, err := Parse(e.Canonical)
		if err != nil {
			t.Errorf("event %s: canonical form %s: %v", e.Pointer, e.Canonical, err)
			continue
		}
		e.Pointer = ""
		if !reflect.DeepEqual(alone.Events, []Event{e}) {
			t.Errorf("event read back: got %+v, want %+v", alone.Events, e)
		}
	}
}

// differentContent are samples whose two styles do not tell the same: here one names the trade item, the other one piece.
var differentContent = map[string]bool{"epcis/JSON/WithSensorData/SensorDataExample13.jsonld": true}

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

// dropCanonical drops the canonical forms, which name the context and so differ between styles.
func dropCanonical(d *Document) {
	for i := range d.Events {
		d.Events[i].Canonical = nil
	}
}
