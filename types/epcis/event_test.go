package epcis

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// one parses a document with one event in it.
func one(t *testing.T, doc string) *Event {
	t.Helper()
	d, err := Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return &d.Events[0]
}

func TestParseEventRefusesOtherWritings(t *testing.T) {
	canonical := string(one(t, harvest).Canonical)
	tests := []struct {
		name, old, new string
		code           Code
	}{
		{"blank", `{"@context":`, `{"@context": `, CodeValue},
		{"order", `"sensorReport":[{"type":"Temperature","uom":"CEL",`, `"sensorReport":[{"uom":"CEL","type":"Temperature",`, CodeValue},
		{"number", `26.2`, `26.20`, CodeValue},
		{"escape", `"dry"`, `"dr\u0079"`, CodeValue},
		{"context", officialURL, `"https://gs1.github.io/EPCIS/epcis-context.jsonld"`, CodeValue},
		{"protected word", `{"linan":"https`, `{"bizStep":"urn:x:","linan":"https`, CodeValue},
		{"member twice", `"action":"ADD",`, `"action":"ADD","action":"ADD",`, CodeMalformed},
		{"fault", `"ADD"`, `"add"`, CodeValue},
		{"document", `"ObjectEvent"`, `"EPCISDocument"`, CodeNotEPCIS},
		{"byte order mark", `{"@context"`, "\ufeff" + `{"@context"`, CodeMalformed},
		{"line feed", `{"@context"`, "\n" + `{"@context"`, CodeValue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var faults Errors
			_, err := ParseEvent(string(change(t, canonical, tt.old, tt.new)))
			if !errors.As(err, &faults) || faults[0].Code != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
		})
	}
	if _, err := ParseEvent("[]"); err == nil {
		t.Error("a list is accepted")
	}
}

func TestSensorsAndDeclaration(t *testing.T) {
	e := one(t, document(event("ObjectEvent", `"action":"OBSERVE","readPoint":{"id":"urn:example:room"},
		"certificationInfo":["https://example.com/c/1","urn:example:2"],
		"persistentDisposition":{"set":["cbv:Disp-recalled","https://example.com/d"],"unset":["in_transit"]},
		"errorDeclaration":{"declarationTime":"2026-09-12T08:30:15+08:00","reason":"cbv:ER-incorrect_data","correctiveEventIDs":["urn:example:3"]},
		"sensorElementList":[{"sensorMetadata":{"time":"2026-09-12T00:30:15Z","startTime":"2026-09-12T00:30:14Z","endTime":"2026-09-12T00:30:16Z",
			"deviceID":"urn:epc:id:giai:4000001.111","deviceMetadata":"urn:x:1","rawData":"urn:x:2","dataProcessingMethod":"urn:x:3","bizRules":"urn:x:4"},
		"sensorReport":[{"type":"gs1:Temperature","exception":"ALARM_CONDITION","component":"x","time":"2026-09-12T00:30:15.5Z","deviceID":"urn:x:1",
			"deviceMetadata":"urn:x:2","rawData":"urn:x:3","dataProcessingMethod":"urn:x:4","bizRules":"urn:x:5","microorganism":"urn:x:6",
			"chemicalSubstance":"urn:x:7","coordinateReferenceSystem":"urn:x:8","value":-0.50,"minValue":1e0,"maxValue":2.0,"meanValue":1.5,
			"sDev":0.1,"percRank":50,"percValue":12.70,"uom":"CEL","stringValue":"s","booleanValue":true,"hexBinaryValue":"F0","uriValue":"urn:x:9"}]}]`)))
	want := Event{
		CertificationInfo: []string{"https://example.com/c/1", "urn:example:2"},
		Set:               []string{"recalled", "https://example.com/d"},
		Unset:             []string{"in_transit"},
		Error:             &ErrorDeclaration{1789173015000, "incorrect_data", []string{"urn:example:3"}},
		Sensors: []SensorElement{{
			SensorMetadata{1789173015000, 1789173014000, 1789173016000, "urn:epc:id:giai:4000001.111", "urn:x:1", "urn:x:2", "urn:x:3", "urn:x:4"},
			[]SensorReport{{
				"Temperature", "ALARM_CONDITION", "x", 1789173015500, "urn:x:1", "urn:x:2", "urn:x:3", "urn:x:4", "urn:x:5",
				"urn:x:6", "urn:x:7", "urn:x:8", "-0.5", "1", "2", "1.5", "0.1", "50", "12.7", "CEL", "s", "true", "F0", "urn:x:9"}}}},
	}
	got := Event{CertificationInfo: e.CertificationInfo, Set: e.Set, Unset: e.Unset, Error: e.Error, Sensors: e.Sensors}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if len(e.Warnings) > 0 {
		t.Errorf("got %v, want no warnings", e.Warnings)
	}
}

func TestBase(t *testing.T) {
	plain := one(t, strings.Replace(harvest, `	"recordTime": "2026-09-12T00:31:00Z",`, "", 1))
	declared := one(t, string(change(t, harvest, `"epcList"`, `"errorDeclaration": {"declarationTime": "2026-09-13T08:30:15Z", "linan:why": "\",}"}, "epcList"`)))
	if got := plain.Base(); !bytes.Equal(got, plain.Canonical) {
		t.Errorf("got %s, want %s", got, plain.Canonical)
	}
	if got := declared.Base(); !bytes.Equal(got, plain.Canonical) {
		t.Errorf("got %s, want %s", got, plain.Canonical)
	}
	last := one(t, event("TransformationEvent", `"@context":`+officialURL+`,"inputEPCList":["urn:x:1"],"outputEPCList":["urn:x:2"],"recordTime":"2026-09-12T00:31:00Z"`))
	if _, err := ParseEvent(string(last.Base())); err != nil || bytes.Contains(last.Base(), []byte("recordTime")) {
		t.Errorf("got %s, %v", last.Base(), err)
	}
	if got := new(Event).Base(); got != nil {
		t.Errorf("got %s, want nothing", got)
	}
}

func TestPrivate(t *testing.T) {
	tests := []struct {
		uri  string
		want bool
	}{
		{"urn:epc:id:sgtin:6901234.000001.77", false}, {"https://farm.example.cn/01/06901234000016/10/A", false},
		{"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", true}, {"https://farm.example.cn/trees/7", true},
		{"https://id.gs1.org/01/06901234000015", true},
	}
	for _, tt := range tests {
		if got := Private(tt.uri); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.uri, got, tt.want)
		}
	}
}
