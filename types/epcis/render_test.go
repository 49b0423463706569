package epcis

import (
	"bytes"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types/gs1"
)

// sevenDigits says that company prefixes have seven digits, and that nothing is known about places.
func sevenDigits(k gs1.Key) int {
	if k.Type == "SGLN" {
		return 0
	}
	return 7
}

func TestRender(t *testing.T) {
	const given = `"action":"ADD","bizTransactionList":[{"bizTransaction":"BT"}],"epcList":["EPC","urn:uuid:1"],"eventID":"EPC",` +
		`"eventTime":"2026-09-12T08:30:15+08:00","eventTimeZoneOffset":"+08:00","ilmd":{"ex:lot":"CLASS"},"quantityList":[{"epcClass":"CLASS"}],"readPoint":{"id":"PLACE"},` +
		`"sensorElementList":[{"sensorMetadata":{"deviceID":"DEVICE"},"sensorReport":[{"deviceID":"DEVICE","type":"Mass"}]}],` +
		`"sourceList":[{"source":"PARTY","type":"owning_party"}],"type":"ObjectEvent"}`
	write := func(bt, epc, class, place, device, party string) []byte {
		s := strings.NewReplacer("BT", bt, `"EPC",`, `"`+epc+`",`, `{"epcClass":"CLASS"}`, `{"epcClass":"`+class+`"}`, "PLACE", place, "DEVICE", device, "PARTY", party).Replace(given)
		s = strings.NewReplacer(`"eventID":"`+epc, `"eventID":"urn:x:e`, "CLASS", "urn:epc:class:lgtin:6901234.000001.A").Replace(s)
		return []byte(`{"@context":[` + officialURL + `,{"ex":"urn:x:"}],` + s)
	}
	urns := write("urn:epc:id:gdti:0614141.00001.1618034", "urn:epc:id:sgtin:6901234.000001.77", "urn:epc:class:lgtin:6901234.000001.A",
		"urn:epc:id:sgln:4012345.00005.0", "urn:epc:id:giai:4000001.111", "urn:epc:id:pgln:4012345.00005")
	links := write("https://id.gs1.org/253/06141410000121618034", "https://id.gs1.org/01/06901234000016/21/77", "https://id.gs1.org/01/06901234000016/10/A",
		"https://id.gs1.org/414/4012345000054", "https://id.gs1.org/8004/4000001111", "https://id.gs1.org/417/4012345000054")
	links = bytes.Replace(links, []byte("06141410000121618034"), []byte(gdti(t)), 1)
	back := bytes.Replace(urns, []byte("urn:epc:id:sgln:4012345.00005.0"), []byte("https://id.gs1.org/414/4012345000054"), 1)
	tests := []struct {
		name string
		in   []byte
		f    Format
		want []byte
	}{
		{"links", urns, DigitalLink, links},
		{"links of links", links, DigitalLink, links},
		{"URNs, a prefix unknown", links, URN, back},
		{"URNs of URNs", urns, URN, urns},
		{"as given", urns, AsGiven, urns},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Render(tt.in, tt.f, sevenDigits); err != nil || !bytes.Equal(got, tt.want) {
				t.Errorf("got  %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
	if got, err := Render(links, URN, nil); err != nil || !bytes.Equal(got, links) {
		t.Errorf("no prefix known: got %s, %v", got, err)
	}
	if _, err := Render([]byte(document()), URN, nil); err == nil {
		t.Error("a document is rendered")
	}
}

// gdti returns the Digital Link's value of the document in TestRender.
func gdti(t *testing.T) string {
	t.Helper()
	k, err := gs1.Parse("urn:epc:id:gdti:0614141.00001.1618034")
	if err != nil {
		t.Fatal(err)
	}
	return k.Primary + k.Qualifier
}

// Two spellings of one thing would become one, which the JSON schema refuses in an epcList.
func TestRenderKeepsListsDistinct(t *testing.T) {
	const both = `"epcList":["urn:epc:id:sgtin:6901234.000001.77","https://id.gs1.org/01/06901234000016/21/77"]`
	e := one(t, event("ObjectEvent", `"@context":`+officialURL+`,"action":"OBSERVE",`+both))
	for _, f := range []Format{DigitalLink, URN} {
		got, err := Render(e.Canonical, f, sevenDigits)
		if err != nil || !bytes.Contains(got, []byte(both)) {
			t.Errorf("got %s, %v, want both as given", got, err)
		}
	}
}

func TestRenderLeavesForeignEvents(t *testing.T) {
	e := one(t, event("urn:x:Event", `"@context":`+officialURL+`,"epcList":["urn:epc:id:sgtin:6901234.000001.77"]`))
	if got, err := Render(e.Canonical, DigitalLink, nil); err != nil || !bytes.Equal(got, e.Canonical) {
		t.Errorf("got %s, %v, want %s", got, err, e.Canonical)
	}
}

func TestWriteDocument(t *testing.T) {
	const rest = `"action":"DELETE","epcList":[],"eventTime":"2026-09-12T08:30:15+08:00","eventTimeZoneOffset":"+08:00","type":"ObjectEvent"}`
	events := [][]byte{
		[]byte(`{"@context":["https://gs1.github.io/EPCIS/epcis-context.jsonld","https://x.example/1","https://x.example/2",{"a":"urn:a:","b":"urn:b:"}],` + rest),
		[]byte(`{"@context":[` + officialURL + `,"https://x.example/1",{"a":"urn:a:","b":"urn:other:"}],` + rest),
	}
	const list = `"eventList":[{"@context":["https://x.example/2",{"b":"urn:b:"}],` + rest + `,{"@context":[{"b":"urn:other:"}],` + rest + `]`
	const context = `{"@context":[` + officialURL + `,"https://x.example/1",{"a":"urn:a:"}],"creationDate":"2026-11-23T00:00:00.000Z","epcisBody":`
	want := context + `{` + list + `},"schemaVersion":"2.0","type":"EPCISDocument"}`
	if got, err := WriteDocument(events, 1795392000000); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	want = context + `{"queryResults":{"queryName":"q","resultsBody":{` + list + `},"subscriptionID":"s"}},"schemaVersion":"2.0","type":"EPCISQueryDocument"}`
	if got, err := WriteQueryDocument("q", "s", events, 1795392000000); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	want = `{"@context":[` + officialURL + `],"creationDate":"1970-01-01T00:00:00.000Z","epcisBody":{"queryResults":{"queryName":"q","resultsBody":{"eventList":[]}}},"schemaVersion":"2.0","type":"EPCISQueryDocument"}`
	if got, err := WriteQueryDocument("q", "", nil, 0); err != nil || string(got) != want {
		t.Errorf("nothing found: got %s, %v\nwant %s", got, err, want)
	}
	for _, bad := range []string{`{`, document(), `{"type":"ObjectEvent","@context":7}`, `{"type":"ObjectEvent","x:n":1e300}`} {
		if _, err := WriteDocument([][]byte{[]byte(bad)}, 0); err == nil {
			t.Errorf("%s is written", bad)
		}
	}
}
