package epcis

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types/gs1"
)

const officialURL = `"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"`

// harvest is a whole event with every kind of standard member.
const harvest = `{
	"@context": [` + officialURL + `, {"linan": "https://ns.linan.example.cn/epcis/"}],
	"type": "ObjectEvent",
	"eventID": "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
	"eventTime": "2026-09-12T08:30:15.1239+08:00",
	"eventTimeZoneOffset": "+08:00",
	"recordTime": "2026-09-12T00:31:00Z",
	"action": "ADD",
	"bizStep": "commissioning",
	"disposition": "active",
	"readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"},
	"bizLocation": {"id": "https://id.gs1.org/414/4012345000054", "linan:plot": 7},
	"epcList": ["urn:epc:id:sgtin:6901234.000001.77"],
	"quantityList": [
		{"epcClass": "urn:epc:class:lgtin:6901234.000001.L2026A", "quantity": 1000.5, "uom": "KGM"},
		{"epcClass": "https://farm.example.cn/01/6901234000016/10/L2026B", "quantity": 12},
		{"epcClass": "https://farm.example.cn/classes/green"}
	],
	"bizTransactionList": [{"type": "po", "bizTransaction": "https://erp.example.cn/2026/01/20260912"}, {"bizTransaction": "urn:epc:id:gdti:0614141.00001.1618034"}],
	"sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00005"}],
	"destinationList": [{"type": "linan:cooperative", "destination": "urn:epc:id:pgln:4012345.00005"}],
	"ilmd": {"linan:harvestDate": "2026-09-12"},
	"sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 26.20, "uom": "CEL"}]}],
	"linan:weather": {"dry": true}
}`

// change replaces one part of a document and fails the test if it is not there.
func change(t *testing.T, doc, old, new string) []byte {
	t.Helper()
	if !strings.Contains(doc, old) {
		t.Fatalf("%q is not in the document", old)
	}
	return []byte(strings.Replace(doc, old, new, 1))
}

// document puts events, without contexts of their own, into an EPCISDocument.
func document(events ...string) string {
	return `{"@context":[` + officialURL + `],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-23T00:00:00Z","epcisBody":{"eventList":[` +
		strings.Join(events, ",") + `]}}`
}

// event writes an event of a type with the members that every event must have and some more.
func event(kind, members string) string {
	return `{"type":"` + kind + `","eventTime":"2026-09-12T08:30:15+08:00","eventTimeZoneOffset":"+08:00",` + members + `}`
}

func TestParseReadsEverything(t *testing.T) {
	d, err := Parse([]byte(harvest))
	if err != nil {
		t.Fatal(err)
	}
	lot := func(lot string) gs1.Key { return gs1.Key{Type: "LGTIN", Primary: "06901234000016", Qualifier: lot} }
	want := Event{
		Type:        "ObjectEvent",
		EventID:     "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
		Time:        1789173015123,
		ZoneOffset:  "+08:00",
		RecordTime:  1789173060000,
		Action:      "ADD",
		BizStep:     "commissioning",
		Disposition: "active",
		ReadPoint:   "urn:epc:id:sgln:4012345.00005.0",
		BizLocation: "https://id.gs1.org/414/4012345000054",
		EPCs:        []string{"urn:epc:id:sgtin:6901234.000001.77"},
		Quantities: []Quantity{
			{"urn:epc:class:lgtin:6901234.000001.L2026A", lot("L2026A"), 100_050_000, "KGM", true},
			{"https://farm.example.cn/01/6901234000016/10/L2026B", lot("L2026B"), 1_200_000, "C62", true},
			{"https://farm.example.cn/classes/green", gs1.Key{}, 0, "C62", false},
		},
		BizTransactions: []Typed{{"po", "https://erp.example.cn/2026/01/20260912"}, {"", "urn:epc:id:gdti:0614141.00001.1618034"}},
		Sources:         []Typed{{"owning_party", "urn:epc:id:pgln:4012345.00005"}},
		Destinations:    []Typed{{"https://ns.linan.example.cn/epcis/cooperative", "urn:epc:id:pgln:4012345.00005"}},
		Sensors:         []SensorElement{{Reports: []SensorReport{{Type: "Temperature", Value: "26.2", Unit: "CEL"}}}},
		ILMD:            []byte(`{"linan:harvestDate":"2026-09-12"}`),
		Extensions:      []Extension{{"https://ns.linan.example.cn/epcis/weather", []byte(`{"dry":true}`)}},
	}
	got := d.Events[0]
	canonical := got.Canonical
	got.Canonical = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, part := range []string{`{"@context":[` + officialURL + `,{"linan":"https://ns.linan.example.cn/epcis/"}],"action"`, `"value":26.2}`, `"linan:weather":{"dry":true}`, `T08:30:15.1239+08:00`} {
		if !bytes.Contains(canonical, []byte(part)) {
			t.Errorf("canonical form has no %s:\n%s", part, canonical)
		}
	}
	checkEvents(t, d)
}

func TestParseTransformation(t *testing.T) {
	d, err := Parse([]byte(document(event("TransformationEvent", `
		"transformationID": "urn:epc:id:gdti:0614141.12345.400",
		"inputEPCList": ["urn:epc:id:sgtin:6901234.000001.1"],
		"inputQuantityList": [{"epcClass": "urn:epc:class:lgtin:6901234.000001.GREEN", "quantity": 1000, "uom": "KGM"}],
		"outputEPCList": ["urn:epc:id:sgtin:6901234.000001.2"],
		"outputQuantityList": [{"epcClass": "urn:epc:class:lgtin:6901234.000001.DRY", "quantity": 0.35, "uom": "TNE"}]`),
		event("AggregationEvent", `"action":"ADD","parentID":"urn:epc:id:sscc:4012345.3111111111","childEPCs":["urn:epc:id:sgtin:6901234.000001.2"],
		"childQuantityList":[{"epcClass":"urn:epc:idpat:sgtin:6901234.000001.*","quantity":3}]`))))
	if err != nil {
		t.Fatal(err)
	}
	e, pack := d.Events[0], d.Events[1]
	if e.TransformationID != "urn:epc:id:gdti:0614141.12345.400" || e.InputEPCs == nil || e.OutputEPCs == nil || e.InputQuantities[0].Key.Qualifier != "GREEN" || e.OutputQuantities[0].Amount != 35_000 {
		t.Errorf("got %+v", e)
	}
	if pack.ParentID == "" || len(pack.ChildEPCs) != 1 || pack.ChildQuantities[0].Key.Type != "GTIN" || pack.Pointer != "/epcisBody/eventList/1" {
		t.Errorf("got %+v", pack)
	}
	if d.CreationDate != 1795392000000 || d.SchemaVersion != "2.0" || d.Type != "EPCISDocument" {
		t.Errorf("got document %s %s of %d", d.Type, d.SchemaVersion, d.CreationDate)
	}
}

// The same event, its words bare, as web URIs, as compact IRIs, as compact IRIs of a local prefix and of prefixes of URNs.
func TestStylesAreOneEvent(t *testing.T) {
	style := func(context, step, disposition, transaction, party string) string {
		return `{"@context":` + context + `,"type":"ObjectEvent","eventTime":"2026-09-12T08:30:15Z","eventTimeZoneOffset":"+08:00","action":"OBSERVE",
			"epcList":["urn:epc:id:sgtin:6901234.000001.77"],"bizStep":"` + step + `","disposition":"` + disposition + `",
			"bizTransactionList":[{"type":"` + transaction + `","bizTransaction":"urn:epcglobal:cbv:bt:0614141073467:1152"}],
			"sourceList":[{"type":"` + party + `","source":"urn:epc:id:pgln:4012345.00005"}]}`
	}
	tests := []struct{ name, doc string }{
		{"bare", style(officialURL, "shipping", "in_transit", "po", "owning_party")},
		{"web", style(`[`+officialURL+`]`, "https://ref.gs1.org/cbv/BizStep-shipping", "https://ref.gs1.org/cbv/Disp-in_transit", "https://ref.gs1.org/cbv/BTT-po", "https://ref.gs1.org/cbv/SDT-owning_party")},
		{"compact", style(officialURL, "cbv:BizStep-shipping", "cbv:Disp-in_transit", "cbv:BTT-po", "cbv:SDT-owning_party")},
		{"local prefix", style(`["https://gs1.github.io/EPCIS/epcis-context-simple.jsonld",{"v":"https://ref.gs1.org/cbv/"}]`, "v:BizStep-shipping", "v:Disp-in_transit", "v:BTT-po", "v:SDT-owning_party")},
		{"URN", style(`[`+officialURL+`,{"s":"urn:epcglobal:cbv:bizstep:","d":"urn:epcglobal:cbv:disp:","t":"urn:epcglobal:cbv:btt:","p":"urn:epcglobal:cbv:sdt:"}]`, "s:shipping", "d:in_transit", "t:po", "p:owning_party")},
	}
	var want *Document
	for _, tt := range tests {
		d, err := Parse([]byte(tt.doc))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		dropCanonical(d)
		if want == nil {
			want = d
		}
		if !reflect.DeepEqual(d, want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, d, want)
		}
	}
}

// An event of a document and the same event with the context in itself have one canonical form.
func TestContextOfDocumentReachesEvent(t *testing.T) {
	const members = `"action":"OBSERVE","epcList":["ex:thing/1"],"ex:note":"dry","in:side":1`
	outer := `[` + officialURL + `,{"ex":"https://outer.example.com/"},{"in":"https://inner.example.com/"}]`
	docs := []string{
		strings.Replace(document(event("ObjectEvent", members)), `[`+officialURL+`]`, outer, 1),
		strings.Replace(document(event("ObjectEvent", `"@context":{"in":"https://inner.example.com/"},`+members)), `[`+officialURL+`]`, `[`+officialURL+`,{"ex":"https://outer.example.com/","in":"https://other.example.com/"}]`, 1),
		event("ObjectEvent", `"@context":`+outer+`,`+members),
	}
	var want []byte
	for _, doc := range docs {
		d, err := Parse([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		e := d.Events[0]
		if want == nil {
			want = e.Canonical
		}
		if !bytes.Equal(e.Canonical, want) || e.EPCs[0] != "https://outer.example.com/thing/1" {
			t.Errorf("got %s of %s, want %s", e.Canonical, e.EPCs[0], want)
		}
	}
	d, err := Parse([]byte(document(event("ObjectEvent", `"@context":{"in":"https://inner.example.com/"},`+members), event("ObjectEvent", members))))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Events[1].Extensions[1].Name; got != "in:side" {
		t.Errorf("the context of one event reaches the next: got %s", got)
	}
}

func TestHash(t *testing.T) {
	d, err := Parse([]byte(harvest))
	if err != nil {
		t.Fatal(err)
	}
	e := d.Events[0]
	if got, want := e.Hash(), sha256.Sum256(append([]byte("carya/epcis-event/1\x00"), e.Canonical...)); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	other, err := Parse(change(t, harvest, `"dry": true`, `"dry": false`))
	if err != nil {
		t.Fatal(err)
	}
	if other.Events[0].Hash() == e.Hash() {
		t.Error("an extension is not bound by the hash")
	}
}

func TestRefusedMembers(t *testing.T) {
	tests := []struct {
		name, old, new string
		code           Code
		pointer        string
	}{
		{"member without namespace", `"linan:weather"`, `"weather"`, CodeUnknown, "/weather"},
		{"member of another event", `"epcList"`, `"childEPCs": [], "epcList"`, CodeUnknown, "/childEPCs"},
		{"member of a closed object", `"uom": "KGM"`, `"linan:uom": "KGM"`, CodeUnknown, "/quantityList/0/linan:uom"},
		{"ilmd without namespace", `"linan:harvestDate"`, `"harvestDate"`, CodeUnknown, "/ilmd/harvestDate"},
		{"slash and tilde in a pointer", `"linan:weather"`, `"a/b~c"`, CodeUnknown, "/a~1b~0c"},
		{"no eventTime", `"eventTime": "2026-09-12T08:30:15.1239+08:00",`, ``, CodeMissing, "/eventTime"},
		{"no eventTimeZoneOffset", `"eventTimeZoneOffset": "+08:00",`, ``, CodeMissing, "/eventTimeZoneOffset"},
		{"no action", `"action": "ADD",`, ``, CodeMissing, "/action"},
		{"no class", `"epcClass": "https://farm.example.cn/classes/green"`, ``, CodeMissing, "/quantityList/2/epcClass"},
		{"no place", `{"id": "urn:epc:id:sgln:4012345.00005.0"}`, `{}`, CodeMissing, "/readPoint/id"},
		{"no source", `, "source": "urn:epc:id:pgln:4012345.00005"`, ``, CodeMissing, "/sourceList/0/source"},
		{"no sensor report", `"sensorReport": [{"type": "Temperature", "value": 26.20, "uom": "CEL"}]`, ``, CodeMissing, "/sensorElementList/0/sensorReport"},
		{"no declaration time", `"epcList"`, `"errorDeclaration": {}, "epcList"`, CodeMissing, "/errorDeclaration/declarationTime"},
		{"no context", `"@context": [` + officialURL + `, {"linan": "https://ns.linan.example.cn/epcis/"}],`, ``, CodeMissing, "/@context"},
		{"time as a number", `"2026-09-12T00:31:00Z"`, `1789173060`, CodeType, "/recordTime"},
		{"quantity as a string", `1000.5`, `"1000.5"`, CodeType, "/quantityList/0/quantity"},
		{"list as an object", `"epcList": ["urn:epc:id:sgtin:6901234.000001.77"]`, `"epcList": {}`, CodeType, "/epcList"},
		{"number in a list of strings", `"urn:epc:id:sgtin:6901234.000001.77"`, `77`, CodeType, "/epcList/0"},
		{"string in a list of objects", `{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00005"}`, `"urn:epc:id:pgln:4012345.00005"`, CodeType, "/sourceList/0"},
		{"null", `"active"`, `null`, CodeType, "/disposition"},
		{"name that is no URI", `"linan:weather"`, `"linan:天气"`, CodeUnknown, "/linan:天气"},
		{"empty sensor reports", `[{"type": "Temperature", "value": 26.20, "uom": "CEL"}]`, `[]`, CodeMissing, "/sensorElementList/0/sensorReport"},
		{"sensor value as a string", `26.20`, `"26.20"`, CodeType, "/sensorElementList/0/sensorReport/0/value"},
		{"id beside eventID", `"eventID"`, `"id": "urn:example:1", "eventID"`, CodeUnknown, "/id"},
		{"another type of sensor element", `{"sensorReport"`, `{"type": "epcis:Sensor", "sensorReport"`, CodeUnknown, "/sensorElementList/0/type"},
		{"boolean as a string", `"value": 26.20`, `"booleanValue": "true"`, CodeType, "/sensorElementList/0/sensorReport/0/booleanValue"},
		{"member of a sensor report", `"value": 26.20`, `"reading": 26.20`, CodeUnknown, "/sensorElementList/0/sensorReport/0/reading"},
		{"empty persistent disposition", `"epcList"`, `"persistentDisposition": {}, "epcList"`, CodeMissing, "/persistentDisposition"},
		{"certification of numbers", `"epcList"`, `"certificationInfo": [1], "epcList"`, CodeType, "/certificationInfo/0"},
		{"ilmd as a list", `{"linan:harvestDate": "2026-09-12"}`, `[]`, CodeType, "/ilmd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantFault(t, change(t, harvest, tt.old, tt.new), tt.code, tt.pointer)
		})
	}
}

func TestRefusedValues(t *testing.T) {
	tests := []struct {
		name, old, new string
		pointer        string
	}{
		{"unit in small letters", `"KGM"`, `"kgm"`, "/quantityList/0/uom"},
		{"unit too long", `"KGM"`, `"KILO"`, "/quantityList/0/uom"},
		{"action in small letters", `"ADD"`, `"add"`, "/action"},
		{"business step", `"commissioning"`, `"harvesting"`, "/bizStep"},
		{"disposition as a step", `"active"`, `"urn:epcglobal:cbv:bizstep:shipping"`, "/disposition"},
		{"transaction type", `"po"`, `"purchase order"`, "/bizTransactionList/0/type"},
		{"source type", `"owning_party"`, `"owner"`, "/sourceList/0/type"},
		{"same EPC twice", `["urn:epc:id:sgtin:6901234.000001.77"]`, `["urn:epc:id:sgtin:6901234.000001.77","urn:epc:id:sgtin:6901234.000001.77"]`, "/epcList"},
		{"EPC without scheme", `urn:epc:id:sgtin:6901234.000001.77`, `6901234000016`, "/epcList/0"},
		{"EPC with a space", `urn:epc:id:sgtin:6901234.000001.77`, `urn:example: 77`, "/epcList/0"},
		{"EPC in Chinese", `urn:epc:id:sgtin:6901234.000001.77`, `urn:example:山核桃`, "/epcList/0"},
		{"event ID", `urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6`, `77`, "/eventID"},
		{"no offset in a time", `15.1239+08:00`, `15.1239`, "/eventTime"},
		{"no such day", `2026-09-12T08:30`, `2026-09-31T08:30`, "/eventTime"},
		{"leap second at another time", `08:30:15.1239`, `08:30:60.1239`, "/eventTime"},
		{"comma in a time", `15.1239`, `15,1239`, "/eventTime"},
		{"empty fraction", `15.1239`, `15.`, "/eventTime"},
		{"blank for T", `2026-09-12T08:30`, `2026-09-12 08:30`, "/eventTime"},
		{"zone", `"eventTimeZoneOffset": "+08:00"`, `"eventTimeZoneOffset": "Z"`, "/eventTimeZoneOffset"},
		{"zone too far east", `"eventTimeZoneOffset": "+08:00"`, `"eventTimeZoneOffset": "+14:30"`, "/eventTimeZoneOffset"},
		{"number out of range in an extension", `{"dry": true}`, `[1e300]`, "/linan:weather/0"},
		{"business step of EPCIS 1.2", `"commissioning"`, `"urn:epcglobal:cbv:bizstep:commissioning"`, "/bizStep"},
		{"measurement type", `"Temperature"`, `"Warmth"`, "/sensorElementList/0/sensorReport/0/type"},
		{"measurement type in full", `"Temperature"`, `"https://gs1.org/voc/Temperature"`, "/sensorElementList/0/sensorReport/0/type"},
		{"hexadecimal digits", `"value": 26.20`, `"hexBinaryValue": "0x1f"`, "/sensorElementList/0/sensorReport/0/hexBinaryValue"},
		{"device", `"value": 26.20`, `"deviceID": "7"`, "/sensorElementList/0/sensorReport/0/deviceID"},
		{"time of a sensor", `"sensorReport"`, `"sensorMetadata": {"time": "2026-09-12"}, "sensorReport"`, "/sensorElementList/0/sensorMetadata/time"},
		{"error reason", `"epcList"`, `"errorDeclaration": {"declarationTime": "2026-09-12T08:30:15Z", "reason": "did_not_ocur"}, "epcList"`, "/errorDeclaration/reason"},
		{"corrective event", `"epcList"`, `"errorDeclaration": {"declarationTime": "2026-09-12T08:30:15Z", "correctiveEventIDs": ["7"]}, "epcList"`, "/errorDeclaration/correctiveEventIDs/0"},
		{"persistent disposition twice", `"epcList"`, `"persistentDisposition": {"set": ["active", "active"]}, "epcList"`, "/persistentDisposition/set"},
		{"persistent disposition empty", `"epcList"`, `"persistentDisposition": {"unset": []}, "epcList"`, "/persistentDisposition/unset"},
		{"certificate", `"epcList"`, `"certificationInfo": "7", "epcList"`, "/certificationInfo"},
		{"master data of what is not new", `"ADD"`, `"OBSERVE"`, "/ilmd"},
		{"type of event", `"ObjectEvent"`, `"HarvestEvent"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code := CodeValue
			if tt.pointer == "" {
				code = CodeNotEPCIS
			}
			wantFault(t, change(t, harvest, tt.old, tt.new), code, tt.pointer)
		})
	}
}

func TestRefusedContexts(t *testing.T) {
	tests := []struct {
		name, context string
		code          Code
		pointer       string
	}{
		{"number", `[` + officialURL + `,7]`, CodeType, "/@context/1"},
		{"null", `null`, CodeType, "/@context"},
		{"no address", `"epcis-context.jsonld"`, CodeValue, "/@context"},
		{"twice", `[` + officialURL + `,` + officialURL + `]`, CodeValue, "/@context"},
		{"object twice", `[{"a":"urn:a:","b":"urn:b:"},{"b":"urn:b:","a":"urn:a:"}]`, CodeValue, "/@context"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantFault(t, []byte(event("ObjectEvent", `"action":"OBSERVE","epcList":["urn:example:1"],"@context":`+tt.context)), tt.code, tt.pointer)
		})
	}
}

// What the JSON schema lets through is accepted. The canonical form says how it was read.
func TestContexts(t *testing.T) {
	const official = `[` + officialURL + `]`
	tests := []struct{ name, context, want, canonical, pointer string }{
		{"official", officialURL, "ex:thing", official, ""},
		{"another official one", `"https://gs1.github.io/EPCIS/epcis-context.jsonld"`, "ex:thing", official, ""},
		{"prefix", `[` + officialURL + `,{"ex":"https://example.com/"}]`, "https://example.com/thing", `[` + officialURL + `,{"ex":"https://example.com/"}]`, ""},
		{"prefix with a definition", `[` + officialURL + `,{"ex":{"@id":"https://example.com/","@prefix":true}}]`, "https://example.com/thing",
			`[` + officialURL + `,{"ex":{"@id":"https://example.com/","@prefix":true}}]`, ""},
		{"type of a member", `[` + officialURL + `,{"ex:n":{"@type":"xsd:integer"}}]`, "ex:thing", `[` + officialURL + `,{"ex:n":{"@type":"xsd:integer"}}]`, ""},
		{"unknown remote context", `[` + officialURL + `,"https://example.com/context.jsonld"]`, "ex:thing", `[` + officialURL + `,"https://example.com/context.jsonld"]`, "/@context/1"},
		{"address like an official one", `"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld?x"`, "ex:thing",
			`[` + officialURL + `,"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld?x"]`, "/@context"},
		{"no official context", `[{"ex":"https://example.com/"}]`, "https://example.com/thing", `[` + officialURL + `,{"ex":"https://example.com/"}]`, ""},
		{"empty", `[]`, "ex:thing", official, ""},
		{"keyword", `[` + officialURL + `,{"@vocab":"https://example.com/"}]`, "ex:thing", `[` + officialURL + `,{"@vocab":"https://example.com/"}]`, "/@context/1/@vocab"},
		{"word of the standard", `[` + officialURL + `,{"bizStep":"https://example.com/"}]`, "ex:thing", official, "/@context/1/bizStep"},
		{"type of the standard", `[` + officialURL + `,{"ObjectEvent":"https://example.com/"}]`, "ex:thing", official, "/@context/1/ObjectEvent"},
		{"protected prefix", `[` + officialURL + `,{"cbv":"https://example.com/"}]`, "ex:thing", official, "/@context/1/cbv"},
		{"scheme as prefix", `[` + officialURL + `,{"urn":"https://example.com/"}]`, "ex:thing", official, "/@context/1/urn"},
		{"prefix for no URI", `[` + officialURL + `,{"ex":"example"}]`, "ex:thing", `[` + officialURL + `,{"ex":"example"}]`, "/epcList/0"},
		{"no separator", `[` + officialURL + `,{"ex":"https://example.com"}]`, "ex:thing", `[` + officialURL + `,{"ex":"https://example.com"}]`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Parse([]byte(event("ObjectEvent", `"action":"OBSERVE","epcList":["ex:thing"],"@context":`+tt.context)))
			if err != nil {
				t.Fatal(err)
			}
			if e := d.Events[0]; e.EPCs[0] != tt.want || !bytes.HasPrefix(e.Canonical, []byte(`{"@context":`+tt.canonical+`,"action"`)) {
				t.Errorf("got %s, canonical form %s, want %s and %s", e.EPCs[0], e.Canonical, tt.want, tt.canonical)
			}
			checkEvents(t, d)
			if tt.pointer != "" {
				wantWarning(t, d, tt.pointer)
			}
		})
	}
}

func TestExtensionNames(t *testing.T) {
	const context = `[` + officialURL + `,{"slash":"https://example.com/","bare":"https://example.com/epcis"}]`
	d, err := Parse([]byte(event("ObjectEvent", `"action":"OBSERVE","epcList":[],"@context":`+context+`,"slash:a":1,"bare:b":[2],"https://example.com/c":"x","cbvmda:d":null`)))
	if err != nil {
		t.Fatal(err)
	}
	want := []Extension{
		{"https://example.com/epcis#b", []byte(`[2]`)}, {"urn:epcglobal:cbv:mda:d", []byte(`null`)},
		{"https://example.com/c", []byte(`"x"`)}, {"https://example.com/a", []byte(`1`)}}
	if got := d.Events[0].Extensions; !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What the JSON schema accepts and no author can have meant is accepted with a warning.
func TestWarnings(t *testing.T) {
	tests := []struct{ name, old, new, pointer string }{
		{"undeclared prefix", `"linan:weather"`, `"hangzhou:weather"`, "/hangzhou:weather"},
		{"undeclared prefix of a value", `"linan:cooperative"`, `"hangzhou:cooperative"`, "/destinationList/0/type"},
		{"member of a place", `"linan:plot"`, `"plot"`, "/bizLocation/plot"},
		{"context of a place", `"linan:plot": 7`, `"@context": {"urn": "https://example.com/"}`, "/bizLocation"},
		{"negative", `1000.5`, `-3`, "/quantityList/0/quantity"},
		{"six decimals", `1000.5`, `1000.123456`, "/quantityList/0/quantity"},
		{"too large", `1000.5`, `90071992547.40992`, "/quantityList/0/quantity"},
		{"unit that nobody converts", `"KGM"`, `"KGX"`, "/quantityList/0/uom"},
		{"business step in the CBV's namespace", `"commissioning"`, `"https://ref.gs1.org/cbv/BizStep-harvesting"`, "/bizStep"},
		{"check digit of a place", `https://id.gs1.org/414/4012345000054`, `https://id.gs1.org/414/4012345000055`, "/bizLocation/id"},
		{"check digit of a class on another domain", `/01/6901234000016/10/L2026B`, `/01/6901234000015/10/L2026B`, "/quantityList/1/epcClass"},
		{"length of an EPC", `urn:epc:id:sgtin:6901234.000001.77`, `urn:epc:id:sgtin:6901234.00001.77`, "/epcList/0"},
		{"check digit of a document", `https://erp.example.cn/2026/01/20260912`, `https://id.gs1.org/253/0614141000015`, "/bizTransactionList/0/bizTransaction"},
		{"member twice", `"action": "ADD"`, `"action": "DELETE", "action": "ADD"`, "/action"},
		{"number that is not exact", `{"dry": true}`, `[12345678901234567890]`, "/linan:weather/0"},
		{"eventID of drafts", `"eventID"`, `"id"`, "/id"},
		{"type of a sensor element", `{"sensorReport"`, `{"type": "epcis:SensorElement", "sensorReport"`, "/sensorElementList/0/type"},
		{"somebody else's type", `"ObjectEvent"`, `"linan:HarvestEvent"`, "/type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Parse(change(t, harvest, tt.old, tt.new))
			if err != nil {
				t.Fatal(err)
			}
			wantWarning(t, d, tt.pointer)
			checkEvents(t, d)
		})
	}
	d, err := Parse(change(t, harvest, `1000.5`, `-3`))
	if q := d.Events[0].Quantities[0]; err != nil || q.HasAmount || q.Amount != 0 {
		t.Errorf("negative: got %+v, want no amount", q)
	}
	d, err = Parse(change(t, harvest, `"eventID"`, `"id"`))
	if err != nil || d.Events[0].EventID != "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6" || !bytes.Equal(d.Events[0].Canonical, one(t, harvest).Canonical) {
		t.Errorf("id for eventID: got %+v, %v, want the same event", d, err)
	}
	d, err = Parse([]byte(document(event("AggregationEvent", `"action":"ADD","parentID":"urn:example:p","childEPCs":["urn:example:1","urn:example:2","urn:example:1"]`))))
	if err != nil || !slices.Equal(d.Events[0].ChildEPCs, []string{"urn:example:1", "urn:example:2"}) {
		t.Errorf("child twice: got %+v, %v, want it once", d, err)
	}
	if d, err = Parse(change(t, harvest, `"linan:weather"`, `"linan:climate"`)); err != nil || len(d.Warnings)+len(d.Events[0].Warnings) > 0 {
		t.Errorf("got warnings about nothing: %v, %v", d, err)
	}
}

func TestTooManyWarnings(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a large document")
	}
	epc := `"urn:epc:id:sgtin:6901234.00001.1",`
	doc := event("TransactionEvent", `"@context":`+officialURL+`,"action":"ADD","bizTransactionList":[{"bizTransaction":"urn:example:1"}],"epcList":[`+strings.TrimSuffix(strings.Repeat(epc, MaxWarnings+1), ",")+`]`)
	wantFault(t, []byte(doc), CodeTooLarge, "")
	twins := `{"type":"ObjectEvent","a":[` + strings.TrimSuffix(strings.Repeat(`{"x":1,"x":1},`, MaxWarnings+1), ",") + `]}`
	wantFault(t, []byte(twins), CodeTooLarge, "")
}

func TestTimes(t *testing.T) {
	tests := []struct {
		in   string
		want int64
		ok   bool
	}{
		{"2026-09-12T08:30:15.1239+08:00", 1789173015123, true},
		{"2026-09-12t00:30:15z", 1789173015000, true},
		{"2026-09-11T18:30:15-06:00", 1789173015000, true},
		{"2016-12-31T23:59:60.5Z", 1483228800500, true},
		{"2017-01-01T07:59:60+08:00", 1483228800000, true},
		{"2016-12-31T23:58:60Z", 0, false},
		{"2026-09-12T00:30:15+24:00", 0, false},
		{"2026-09-12T00:30:15+08:60", 0, false},
		{"2026-09-12T24:00:00Z", 0, false},
		{"2026-02-29T00:00:00Z", 0, false},
		{"0000-01-01T00:00:00Z", -62167219200000, true},
	}
	for _, tt := range tests {
		if got, ok := parseTime(tt.in); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: got %d, %v, want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestURIs(t *testing.T) {
	tests := []struct {
		in   string
		want bool
	}{
		{"urn:epc:id:sgtin:6901234.000001.77", true}, {"ex:", true}, {"ex:a", true}, {"https://u:p@example.com:8080/a?b=c/d?#e/f", true},
		{"http://[2001:db8::1]:80/", true}, {"a+b.c-1:x", true}, {"ex:%E6%94%B6", true},
		{"", false}, {":a", false}, {"1a:b", false}, {"a_b:c", false}, {"a", false}, {"ex:收", false}, {"ex: a", false}, {"ex:%zz", false},
		{"ex:%a", false}, {"a:b#c#d", false}, {"a:[b]", false}, {"http://h:8a/", false}, {"http://[g::]/", false}, {"http://a@b@c/", false}, {"a:{b}", false},
	}
	for _, tt := range tests {
		if got := isURI(tt.in); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestRules(t *testing.T) {
	const (
		epcs       = `"epcList":["urn:example:1"]`
		children   = `"childEPCs":["urn:example:1"]`
		parent     = `"parentID":"urn:epc:id:sscc:4012345.3111111111"`
		inputs     = `"inputEPCList":["urn:example:1"]`
		outputs    = `"outputEPCList":["urn:example:2"]`
		business   = `"bizTransactionList":[{"bizTransaction":"urn:example:po"}]`
		sensors    = `"sensorElementList":[{"sensorReport":[{"type":"Mass"}]}]`
		point      = `"readPoint":{"id":"urn:example:point"}`
		place      = `"bizLocation":{"id":"urn:example:place"}`
		processing = `"transformationID":"urn:example:boiling"`
	)
	const root = "/epcisBody/eventList/0"
	tests := []struct{ kind, members, pointer string }{
		{"ObjectEvent", `"action":"OBSERVE",` + epcs, ""},
		{"ObjectEvent", `"action":"OBSERVE",` + sensors + `,` + point, ""},
		{"ObjectEvent", `"action":"OBSERVE","epcList":[]`, ""},
		{"ObjectEvent", `"action":"OBSERVE","quantityList":[]`, root},
		{"ObjectEvent", `"action":"OBSERVE",` + sensors + `,` + place, root},
		{"ObjectEvent", `"action":"OBSERVE",` + sensors, root},
		{"ObjectEvent", `"action":"OBSERVE",` + place, root},
		{"AggregationEvent", `"action":"ADD",` + parent + `,` + children, ""},
		{"AggregationEvent", `"action":"OBSERVE",` + children, ""},
		{"AggregationEvent", `"action":"DELETE",` + parent, ""},
		{"AggregationEvent", `"action":"ADD",` + children, ""},
		{"AggregationEvent", `"action":"DELETE"`, ""},
		{"AggregationEvent", `"action":"ADD","childEPCs":[],` + parent, root},
		{"AssociationEvent", `"action":"ADD",` + parent + `,` + children, ""},
		{"AssociationEvent", `"action":"DELETE",` + parent, ""},
		{"AssociationEvent", `"action":"OBSERVE",` + children, root + "/parentID"},
		{"AssociationEvent", `"action":"ADD",` + parent, root},
		{"TransactionEvent", `"action":"ADD",` + business + `,` + epcs, ""},
		{"TransactionEvent", `"action":"DELETE",` + business, ""},
		{"TransactionEvent", `"action":"ADD","epcList":[],` + business, ""},
		{"TransactionEvent", `"action":"ADD",` + business, root},
		{"TransactionEvent", `"action":"ADD",` + epcs, root + "/bizTransactionList"},
		{"TransformationEvent", inputs + `,` + outputs, ""},
		{"TransformationEvent", inputs + `,` + processing, ""},
		{"TransformationEvent", outputs + `,` + processing, ""},
		{"TransformationEvent", inputs, root},
		{"TransformationEvent", processing, root},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.members, func(t *testing.T) {
			doc := []byte(document(event(tt.kind, tt.members)))
			if tt.pointer != "" {
				wantFault(t, doc, CodeMissing, tt.pointer)
				return
			}
			d, err := Parse(doc)
			if err != nil {
				t.Fatal(err)
			}
			checkEvents(t, d)
		})
	}
	wantFault(t, []byte(document(event("TransformationEvent", `"action":"ADD",`+inputs+`,`+outputs))), CodeUnknown, root+"/action")
	d, err := Parse([]byte(document(event("AggregationEvent", `"action":"DELETE"`))))
	if err != nil {
		t.Fatal(err)
	}
	wantWarning(t, d, root+"/parentID")
	if d, err = Parse([]byte(document(event("AssociationEvent", `"action":"DELETE","persistentDisposition":{"set":["active"]},`+parent)))); err != nil {
		t.Fatal(err)
	}
	wantWarning(t, d, root+"/persistentDisposition")
}

func TestNotEPCIS(t *testing.T) {
	tests := []struct {
		name, doc string
		code      Code
		pointer   string
	}{
		{"XML", "\ufeff<?xml version=\"1.0\"?><epcis:EPCISDocument/>", CodeNotEPCIS, ""},
		{"list", `[]`, CodeNotEPCIS, ""},
		{"no type", `{}`, CodeNotEPCIS, ""},
		{"another type", `{"type":"Product"}`, CodeNotEPCIS, ""},
		{"nothing", ``, CodeMalformed, ""},
		{"version", strings.Replace(document(), `"2.0"`, `"2.x"`, 1), CodeValue, "/schemaVersion"},
		{"no body", strings.Replace(document(), `epcisBody`, `body`, 1), CodeMissing, "/epcisBody"},
		{"event of unknown type", document(event("HarvestEvent", `"action":"ADD"`)), CodeValue, "/epcisBody/eventList/0/type"},
		{"event that is a string", document(`"event"`), CodeType, "/epcisBody/eventList/0"},
		{"query document without list", `{"@context":` + officialURL + `,"type":"EPCISQueryDocument","epcisBody":{"queryResults":{"queryName":"q","resultsBody":{}}}}`,
			CodeMissing, "/epcisBody/queryResults/resultsBody/eventList"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantFault(t, []byte(tt.doc), tt.code, tt.pointer) })
	}
	if d, err := Parse([]byte("\ufeff" + document())); err != nil || len(d.Events) != 0 {
		t.Errorf("byte order mark and no events: got %+v, %v", d, err)
	}
}

func TestTooLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("reads documents of the largest size")
	}
	terms := make([]string, MaxTerms+1)
	for i := range terms {
		terms[i] = fmt.Sprintf(`"p%d":"https://example.com/"`, i)
	}
	tests := []struct{ name, doc, pointer string }{
		{"bytes", strings.Repeat(" ", MaxSize+1), ""},
		{"depth", strings.Repeat("[", MaxDepth+1), strings.Repeat("/0", MaxDepth)},
		{"values", "[" + strings.Repeat("0,", MaxValues), ""},
		{"definitions", strings.Replace(document(), officialURL, officialURL+",{"+strings.Join(terms, ",")+"}", 1), "/@context/1/p99"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantFault(t, []byte(tt.doc), CodeTooLarge, tt.pointer) })
	}
}

func TestCanonicalFormsAreBounded(t *testing.T) {
	bulky := strings.Replace(document(strings.Split(strings.Repeat(event("ObjectEvent", `"action":"OBSERVE","epcList":["urn:example:1"]`)+"\n", 300), "\n")[:300]...),
		officialURL, officialURL+`,{"ex":"https://example.com/`+strings.Repeat("x", 1<<20)+`"}`, 1)
	wantFault(t, []byte(bulky), CodeTooLarge, "/epcisBody/eventList")
}

func TestErrors(t *testing.T) {
	_, err := Parse([]byte(document(event("ObjectEvent", `"action":"ADD","quantityList":[{"epcClass":"urn:example:1"},{"epcClass":"6901234000015","uom":"kg"}]`))))
	const want = "/epcisBody/eventList/0/quantityList/1/epcClass: \"6901234000015\" is not a URI\n" +
		"/epcisBody/eventList/0/quantityList/1/uom: kg is not a code of UNECE Recommendation 20"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	var all interface{ Unwrap() []error }
	if !errors.As(err, &all) || len(all.Unwrap()) != 2 {
		t.Errorf("got %T, want two errors to unwrap", err)
	}
	many := document(event("ObjectEvent", `"action":"ADD","epcList":[`+strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("x", 1000)+`",`, 500), ",")+`]`))
	_, err = Parse([]byte(many))
	var faults Errors
	if !errors.As(err, &faults) || len(faults) != MaxErrors {
		t.Fatalf("got %d faults, want %d", len(faults), MaxErrors)
	}
	if got := len(err.Error()); got > 300*MaxErrors {
		t.Errorf("the message has %d bytes, want values shortened", got)
	}
}

// wantFault fails the test unless Parse refuses the document with this fault, whatever other faults there are.
func wantFault(t *testing.T, doc []byte, code Code, pointer string) {
	t.Helper()
	d, err := Parse(doc)
	var faults Errors
	if !errors.As(err, &faults) {
		t.Fatalf("accepted, with the warnings %v, want %s at %q", warnings(d), code, pointer)
	}
	for _, e := range faults {
		if e.Code == code && e.Pointer == pointer {
			return
		}
	}
	t.Errorf("got %v, want %s at %q", err, code, pointer)
}

// warnings returns all warnings of a document.
func warnings(d *Document) []Warning {
	all := d.Warnings
	for _, e := range d.Events {
		all = append(all, e.Warnings...)
	}
	return all
}

// wantWarning fails the test unless there is a warning about this place.
func wantWarning(t *testing.T, d *Document, pointer string) {
	t.Helper()
	if !slices.ContainsFunc(warnings(d), func(w Warning) bool { return w.Pointer == pointer }) {
		t.Errorf("got the warnings %v, want one at %s", warnings(d), pointer)
	}
}
