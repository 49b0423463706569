package epcis

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// stalePrehashes are samples whose published prehashes are not what their published hashes are computed from.
var stalePrehashes = map[string]bool{
	"epcis-hash/examples/epcisDocWithAllGS1Keys.jsonld":             true,
	"epcis-hash/examples/epcisDocWithDefaultSchemaInContext.jsonld": true,
}

// linesBeside returns the lines of the file with another ending beside a sample.
func linesBeside(t *testing.T, sample, ending string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../shared/data/" + strings.TrimSuffix(sample, path.Ext(sample)) + ending)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

func TestCBVVectors(t *testing.T) {
	total := 0
	for name, doc := range samples(t, "epcis-hash/examples") {
		got, err := CBVPrehashes(doc)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		hashes, prehashes := linesBeside(t, name, ".hashes"), linesBeside(t, name, ".prehashes")
		if len(got) != len(hashes) {
			t.Errorf("%s: %d events, want %d", name, len(got), len(hashes))
			continue
		}
		for i := range got {
			total++
			if got[i].Hash() != hashes[i] {
				t.Errorf("%s event %d: got %s of\n%s\nwant %s of\n%s", name, i, got[i].Hash(), got[i].Text, hashes[i], prehashes[i])
			} else if got[i].Text != prehashes[i] && !stalePrehashes[name] {
				t.Errorf("%s event %d: prehash got\n%s\nwant\n%s", name, i, got[i].Text, prehashes[i])
			}
		}
	}
	t.Logf("%d events", total)
}

func TestCBVLinkPairs(t *testing.T) {
	data, err := os.ReadFile("../../../shared/data/epcis-hash/dl_normaliser_pairs.json")
	if err != nil {
		t.Skipf("public reference material is not here: %v", err)
	}
	var file struct {
		Pairs []struct {
			Input string  `json:"input"`
			Want  *string `json:"canonical_gs1_digital_link"`
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, p := range file.Pairs {
		got, ok := hashLink(p.Input)
		want := ""
		if p.Want != nil {
			want = *p.Want
		}
		if ok != (p.Want != nil) || ok && got != want {
			t.Errorf("%s: got %q, %v, want %q", p.Input, got, ok, want)
		}
	}
	t.Logf("%d pairs", len(file.Pairs))
}

// TestCBVLinks has identifiers as the authors' program, release 1.9, writes them; "" for those it leaves as they are.
func TestCBVLinks(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"no check digit is checked", "https://example.com/01/06901234000015", "https://id.gs1.org/01/06901234000015"},
		{"any domain, with port and path", "http://a.b.co:8080/x/y/00/340123451111111111?q=1", "https://id.gs1.org/00/340123451111111111"},
		{"GTIN-8", "https://example.com/gtin/96385074", "https://id.gs1.org/01/00000096385074"},
		{"variant alone", "https://example.com/01/06901234000016/22/2A", "https://id.gs1.org/01/06901234000016"},
		{"variant and what follows over 20 characters", "https://example.com/01/06901234000016/22/2A/10/L2026ABCDEFGHIJKL", ""},
		{"lot in front of a serial number", "https://example.com/01/06901234000016/10/A/21/B", "https://id.gs1.org/01/06901234000016/21/B"},
		{"empty serial number", "https://example.com/01/06901234000016/21/", "https://id.gs1.org/01/06901234000016/21/"},
		{"slash at the end", "https://example.com/01/06901234000016/", ""},
		{"percent-encoding", "https://example.com/01/06901234000016/21/A%2FB", ""},
		{"fragment", "https://example.com/01/06901234000016#x", ""},
		{"asset that starts with letters", "https://example.com/8004/ABC", ""},
		{"two keys", "https://example.com/01/06901234000016/00/340123451111111111", "https://id.gs1.org/00/340123451111111111"},
		{"scheme in capitals", "HTTPS://example.com/01/06901234000016", ""},
		{"domain without a dot", "https://localhost/01/06901234000016", ""},
		{"part with serial number", "https://example.com/cpid/0628165987A-1/8011/9876", "https://id.gs1.org/8010/0628165987A-1/8011/9876"},
		{"part in small letters", "https://example.com/cpid/0628165987a", ""},
		{"coupon", "https://example.com/gcn/401234599999044", "https://id.gs1.org/255/401234599999044"},
		{"not an address", "https:/01/12345.6", ""},

		{"prefix of 6 digits", "urn:epc:id:sgtin:690123.0400001.7", "https://id.gs1.org/01/06901234000016/21/7"},
		{"prefix of 5 digits", "urn:epc:id:sgtin:69012.00400001.7", ""},
		{"a digit too many", "urn:epc:id:sgtin:6901234.0000011.7", ""},
		{"no serial number", "urn:epc:id:sgtin:6901234.000001.", ""},
		{"20 characters, one of them encoded", "urn:epc:id:sgtin:6901234.000001.123456789012345678%2F0", "https://id.gs1.org/01/06901234000016/21/123456789012345678%2F0"},
		{"21 characters", "urn:epc:id:sgtin:6901234.000001.123456789012345678901", ""},
		{"character outside the set", "urn:epc:id:sgtin:6901234.000001.%23", ""},
		{"apostrophe stays, others are encoded", "urn:epc:class:lgtin:6901234.000001.a'(b)*c,d:e+f!", "https://id.gs1.org/01/06901234000016/10/a'%28b%29%2Ac%2Cd%3Ae%2Bf%21"},
		{"location without extension", "urn:epc:id:sgln:6901234.00000.0", "https://id.gs1.org/414/6901234000009"},
		{"location with a prefix of 12 digits", "urn:epc:id:sgln:690123400000..0", "https://id.gs1.org/414/6901234000009"},
		{"asset with a prefix of 12 digits", "urn:epc:id:grai:690123400000..7", ""},
		{"asset with a dot too many", "urn:epc:id:grai:690123400000...7", "https://id.gs1.org/8003/06901234000009.7"},
		{"pattern with a dot too many", "urn:epc:idpat:gdti:690123400000...*", "https://id.gs1.org/253/6901234000009"},
		{"document with a prefix of 12 digits", "urn:epc:id:gdti:690123400000..7", "https://id.gs1.org/253/69012340000097"},
		{"document without the dot", "urn:epc:id:gdti:6901234.00000X7", "https://id.gs1.org/253/69012340000097"},
		{"scheme without a link", "urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", ""},
		{"only a prefix", "urn:epc:id:giai:6901234", ""},
		{"URN in capitals", "URN:EPC:id:sscc:6901234.0000000001", ""},
	} {
		got, ok := hashLink(c.in)
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: %s: got %q, %v, want %q", c.name, c.in, got, ok, c.want)
		}
	}
}

// TestCBVValues has values as the authors' program, release 1.9, writes them, on Python 3.11.
func TestCBVValues(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0012", "12"}, {"1.50", "1.5"}, {"452.0", "452"}, {"-0.0", "0"}, {"+5", "5"}, {".5", "0.5"}, {"5.", "5"}, {"-.5E1", "-5"},
		{"1e5", "100000"}, {"1e22", "10000000000000000000000"}, {"1e23", "99999999999999991611392"},
		{"12345678901234567890", "12345678901234567168"}, {"9007199254740993", "9007199254740992"},
		{"123456789012345.6", "123456789012345.6"}, {"1234567890123456.7", "1234567890123456.8"},
		{"0.0001", "0.0001"}, {"0.00001", "1e-05"}, {"0.0000125", "1.25e-05"}, {"1e-7", "1e-07"}, {"-1.5e-100", "-1.5e-100"},
		{"0.30000000000000004", "0.30000000000000004"}, {"0.3000000000000000444", "0.30000000000000004"},
		{"1e-400", "0"}, {"5e-324", "5e-324"}, {"3e-324", "5e-324"}, {"2e-324", "0"}, {"2.2250738585072011e-308", "2.225073858507201e-308"},
		{"0e999999999999", "0"}, {"1_000", "1000"}, {"1__0", "1__0"}, {"_1", "_1"}, {"1_", "1_"}, {"1_.5", "1_.5"},
		{"１２．５", "１２．５"}, {"１２", "12"}, {"٣.٥", "3.5"}, {"+0100", "100"}, {"+01:00", "+01:00"},
		{"1,5", "1,5"}, {"12a", "12a"}, {"0x10", "0x10"}, {"e5", "e5"}, {"1e", "1e"}, {"1e+-5", "1e+-5"}, {".", "."}, {"+", "+"}, {"1 2", "1 2"},
		{"nan", "nan"},
		// The program fails on these.
		{"inf", "inf"}, {"-Infinity", "-Infinity"}, {"1e400", "1e400"}, {"1e99999999999", "1e99999999999"},

		{"urn:epcglobal:cbv:bizstep:shipping", "https://ref.gs1.org/cbv/BizStep-shipping"},
		{"urn:epcglobal:cbv:disp:x and urn:epcglobal:cbv:btt:po", "https://ref.gs1.org/cbv/Disp-x and https://ref.gs1.org/cbv/BTT-po"},
		{"urn:epcglobal:cbv:sdt:location", "https://ref.gs1.org/cbv/SDT-location"},
		{"urn:epcglobal:cbv:er:x", "https://ref.gs1.org/cbv/ER-x"},
		{"urn:epcglobal:cbv:bt:6901234000009:17", "urn:epcglobal:cbv:bt:6901234000009:17"},
	} {
		if got := hashValue(c.in); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestCBVTimes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"2022-02-16T20:33:31.116000-06:00", "2022-02-17T02:33:31.116Z"},
		{"2026-11-23T08:30:00+08:00", "2026-11-23T00:30:00.000Z"},
		{"2026-01-01T00:00:00.5+14:00", "2025-12-31T10:00:00.500Z"},
		{"2023-02-02T11:04:03.1405Z", "2023-02-02T11:04:03.140Z"},
		{"2023-02-02T11:04:03.1415Z", "2023-02-02T11:04:03.142Z"},
		{"2023-02-02T11:04:03.1405009Z", "2023-02-02T11:04:03.140Z"},
		{"2023-02-02T11:04:03.140501Z", "2023-02-02T11:04:03.141Z"},
		{"2023-02-02 11:04:03,5 +05:30", "2023-02-02T05:34:03.500Z"},
		{"2023-02-02t11:04z", "2023-02-02T11:04:00.000Z"},
		{"20230202T110403+0100", "2023-02-02T10:04:03.000Z"},
		{"2023-02-02", "2023-02-02T00:00:00.000Z"},
		{"2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z"},
		{"2023-02-30T00:00:00Z", "2023-02-30T00:00:00Z"},
		{"2023-02-02T24:00:00Z", "2023-02-02T24:00:00Z"},
		{"hello", "hello"},
		// The program fails on these.
		{"2023-12-31T23:59:59.9996Z", "2024-01-01T00:00:00.000Z"},
		{"9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00"},
		{"2023-02-02T00:00:00+24:00", "2023-02-02T00:00:00+24:00"},
	} {
		if got := hashTime(c.in); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

// TestCBVPrehash has members of an event and what follows the type and the offset in its prehash, as the authors' program,
// release 1.9, writes it unless said otherwise. The prefixes are "ex" for https://ex.org/, "no" for one without a slash at
// the end, and those of the official context.
func TestCBVPrehash(t *testing.T) {
	for _, c := range []struct{ name, members, want string }{
		{"order", `"parentID":"urn:p","epcList":["urn:b","urn:a"],"certificationInfo":["urn:d","urn:c"]`,
			"certificationInfo=urn:ccertificationInfo=urn:dparentID=urn:pepcListepc=urn:aepc=urn:b"},
		{"not hashed", `"eventID":"urn:i","recordTime":"2026-01-01T00:00:00Z","errorDeclaration":{"reason":"did_not_occur"},"rdfs:comment":"c","comment":"d"`, ""},
		{"transformation", `"outputQuantityList":[{"uom":"KGM","quantity":1.0,"epcClass":"urn:c"}],"outputEPCList":["urn:o"],"inputQuantityList":[{"epcClass":"urn:b"},{"epcClass":"urn:a"}],"inputEPCList":["urn:i"],"transformationID":"urn:t"`,
			"inputEPCListepc=urn:iinputQuantityListquantityElementepcClass=urn:aquantityElementepcClass=urn:boutputEPCListepc=urn:ooutputQuantityListquantityElementepcClass=urn:cquantity=1uom=KGMtransformationID=urn:t"},
		{"aggregation", `"childQuantityList":[{"epcClass":"urn:c","quantity":2}],"childEPCs":["urn:b","urn:a"]`,
			"childEPCsepc=urn:aepc=urn:bchildQuantityListquantityElementepcClass=urn:cquantity=2"},
		{"empty lists and texts", `"epcList":[],"childEPCs":[],"bizStep":"","quantityList":[{}],"ex:a":[],"ex:b":"","ex:c":{}`,
			"quantityListquantity{https://ex.org/}b{https://ex.org/}c"},
		{"lists that are left over", `"sourceList":[{"source":"urn:s","type":"location"}],"ilmd":{"ex:a":1},"destinationList":[{"type":"location","destination":"urn:d"}],"bizTransactionList":[{"type":"po","bizTransaction":"urn:b"},{"type":"inv","bizTransaction":"urn:b"}],"readPoint":{"id":"urn:r"}`,
			"readPointid=urn:rbizTransactionListtype=https://ref.gs1.org/cbv/BTT-invbizTransaction=urn:btype=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:bdestinationListtype=https://ref.gs1.org/cbv/SDT-locationdestination=urn:dilmd{https://ex.org/}a=1sourceListtype=https://ref.gs1.org/cbv/SDT-locationsource=urn:s"},
		{"extension of a source is not hashed", `"sourceList":[{"source":"urn:s","type":"location","ex:a":"1"}]`,
			"sourceListtype=https://ref.gs1.org/cbv/SDT-locationsource=urn:s"},
		{"no type: the program fails", `"bizTransactionList":[{"bizTransaction":"urn:b"},"urn:a"]`, "bizTransactionListbizTransaction=urn:abizTransaction=urn:b"},
		{"words", `"bizStep":"shipping","disposition":"https://ref.gs1.org/cbv/Disp-active","persistentDisposition":{"unset":["damaged"],"set":["in_transit","expired"]}`,
			"bizStep=https://ref.gs1.org/cbv/BizStep-shippingdisposition=https://ref.gs1.org/cbv/Disp-activepersistentDispositionset=https://ref.gs1.org/cbv/Disp-expiredset=https://ref.gs1.org/cbv/Disp-in_transitunset=https://ref.gs1.org/cbv/Disp-damaged"},
		{"word of nobody", `"bizStep":"dancing","ex:a":"shipping"`, "bizStep=dancing{https://ex.org/}a=shipping"},
		{"words wherever they stand", `"bizStep":"shipping","ex:a":"shipping","ex:b":"BizStep-shipping","ex:c":"hipping"`,
			"bizStep=https://ref.gs1.org/cbv/BizStep-shipping{https://ex.org/}a=https://ref.gs1.org/cbv/BizStep-shipping{https://ex.org/}b=https://ref.gs1.org/cbv/BizStep-shipping{https://ex.org/}c=hipping"},
		{"ambiguous words", `"bizStep":"other","ex:a":"https://gs1.org/voc/other"`, "bizStep=other{https://ex.org/}a=https://gs1.org/voc/other"},
		{"compact", `"bizStep":"cbv:BizStep-packing","disposition":"ex:gone","ex:a":"gs1:Mass"`,
			"bizStep=https://ref.gs1.org/cbv/BizStep-packingdisposition=https://ex.org/gone{https://ex.org/}a=https://gs1.org/voc/Mass"},
		{"sensors", `"sensorElementList":[{"sensorReport":[{"value":2.50,"type":"Temperature","uom":"CEL"},{"component":"x","type":"Length","value":1e-7,"booleanValue":true,"time":"2026-01-01T08:00:00.0005+08:00"}],"sensorMetadata":{"deviceID":"urn:d","time":"2026-01-01T00:00:00.0015Z"}}]`,
			"sensorElementListsensorElementsensorMetadatatime=2026-01-01T00:00:00.002ZdeviceID=urn:dsensorReporttype=https://gs1.org/voc/Lengthtime=2026-01-01T00:00:00.000Zvalue=1e-07component=https://ref.gs1.org/cbv/Comp-xbooleanValue=TruesensorReporttype=https://gs1.org/voc/Temperaturevalue=2.5uom=CEL"},
		{"extension in a field", `"readPoint":{"id":"urn:r","ex:b":"2","ex:a":"1"},"bizLocation":{"id":"urn:l"}`, "readPointid=urn:r{https://ex.org/}a=1{https://ex.org/}b=2bizLocationid=urn:l"},
		{"extension alone in a field", `"readPoint":{"ex:a":"1"},"bizLocation":{"id":"urn:l"}`, "bizLocationid=urn:lreadPoint{https://ex.org/}a=1"},
		{"namespace without a slash", `"readPoint":{"id":"urn:r","no:a":"1"},"bizLocation":{"id":"urn:l"}`, "readPointid=urn:rbizLocationid=urn:lreadPoint{urn:no:}a=1"},
		{"action in the name", `"readPoint":{"id":"urn:r","ex:transaction":"1"},"bizLocation":{"id":"urn:l"}`, "readPointid=urn:rbizLocationid=urn:lreadPoint{https://ex.org/}transaction=1"},
		{"extensions", `"ex:b":{"ex:y":[3,1,"2"],"ex:x":{"ex:z":null}},"ex:a":" text ","ex:aList":["b","a"],"ilmd":{"cbvmda:lotNumber":"0012","plain":false}`,
			"ilmdplain=False{urn:epcglobal:cbv:mda:}lotNumber=12{https://ex.org/}a=text{https://ex.org/}aList{https://ex.org/}a=a{https://ex.org/}a=b{https://ex.org/}b{https://ex.org/}x{https://ex.org/}z=None{https://ex.org/}y=1{https://ex.org/}y=2{https://ex.org/}y=3"},
		{"lists in lists", `"ex:a":[[2,1],[{"type":"t","ex:b":1}]]`, "{https://ex.org/}a=1=2{https://ex.org/}attype=t{https://ex.org/}b=1"},
		{"text with attributes", `"ex:a":{"#text":" 1.0 ","ex:b":"2"}`, "{https://ex.org/}a=1{https://ex.org/}b=2"},
		{"time of an extension", `"ex:time":"2026-01-01T08:00:00+08:00"`, "{https://ex.org/}time=2026-01-01T08:00:00+08:00"},
		{"identifier in an extension", `"ex:a":"urn:epc:id:sscc:6901234.0000000001"`, "{https://ex.org/}a=https://id.gs1.org/00/069012340000000016"},
		{"namespace written out", `"https://ex.org/a":"1"`, "https://ex.org/a=1"},
		{"prefix of nobody", `"xx:a":"xx:b"`, "xx:a=xx:b"},
	} {
		doc := `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ex":"https://ex.org/","no":"urn:no:"}],` +
			`"type":"EPCISDocument","epcisBody":{"eventList":[{"type":"X","eventTimeZoneOffset":"Z",` + c.members + `}]}}`
		got, err := CBVPrehashes([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if want := "eventType=XeventTimeZoneOffset=Z" + c.want; got[0].Text != want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got[0].Text, want)
		}
	}
}

// TestCBVDocuments has the places in which documents have events and what counts for them.
func TestCBVDocuments(t *testing.T) {
	const event = `{"type":"ObjectEvent","ex:a":"shipping"}`
	const prefix = `"@context":{"ex":"https://ex.org/"}`
	for _, c := range []struct{ name, doc, pointer, want string }{
		{"document", `{` + prefix + `,"epcisBody":{"eventList":[` + event + `]}}`, "/epcisBody/eventList/0", "{https://ex.org/}a=shipping"},
		{"query document", `{` + prefix + `,"epcisBody":{"queryResults":{"resultsBody":{"eventList":[` + event + `]}}}}`,
			"/epcisBody/queryResults/resultsBody/eventList/0", "{https://ex.org/}a=shipping"},
		{"one event in the body", `{` + prefix + `,"epcisBody":{"event":` + event + `}}`, "/epcisBody/event", "{https://ex.org/}a=shipping"},
		{"single event", `{` + prefix + `,"type":"ObjectEvent","ex:a":"1"}`, "", "{https://ex.org/}a=1"},
		{"extensions without time and action", `{` + prefix + `,"type":"ObjectEvent","ex:a":"1","epcList":["urn:e"],"ilmd":{"b":2}}`, "", "epcListepc=urn:e{https://ex.org/}a=1ilmdb=2"},
		{"byte order mark", "\ufeff" + `{` + prefix + `,"type":"ObjectEvent","ex:a":"1"}`, "", "{https://ex.org/}a=1"},
		{"context of the event", `{"epcisBody":{"eventList":[{` + prefix + `,"type":"ObjectEvent","ex:a":"1"}]}}`, "/epcisBody/eventList/0", "{https://ex.org/}a=1"},
		{"the last of two members", `{"type":"ObjectEvent","a":"1","a":"2"}`, "", "a=2"},
		{"word of another event", `{` + prefix + `,"epcisBody":{"eventList":[` + event + `,{"type":"X","bizStep":"shipping"}]}}`,
			"/epcisBody/eventList/0", "{https://ex.org/}a=https://ref.gs1.org/cbv/BizStep-shipping"},
		{"ignored by prefix", `{` + prefix + `,"ex:ignoreFields":["ex:a"],"epcisBody":{"eventList":[` + event + `]}}`, "/epcisBody/eventList/0", ""},
		{"ignored by another prefix", `{"@context":[{"ex":"https://ex.org/","x2":"https://ex.org/"}],"x2:ignoreFields":["x2:a"],"epcisBody":{"eventList":[` + event + `]}}`,
			"/epcisBody/eventList/0", ""},
		{"ignored at depth", `{` + prefix + `,"ex:ignoreFields":["ex:b"],"epcisBody":{"eventList":[{"type":"ObjectEvent","ex:a":{"ex:b":1,"ex:c":2}}]}}`,
			"/epcisBody/eventList/0", "{https://ex.org/}a{https://ex.org/}c=2"},
	} {
		got, err := CBVPrehashes([]byte(c.doc))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if want := (Prehash{c.pointer, "eventType=ObjectEvent" + c.want}); got[0] != want {
			t.Errorf("%s: got %v, want %v", c.name, got[0], want)
		}
	}
}

func TestCBVRefusals(t *testing.T) {
	for _, c := range []struct {
		doc     string
		code    Code
		pointer string
	}{
		{``, CodeMalformed, ""},
		{`{"type":`, CodeMalformed, "/type"},
		{`<epcis:EPCISDocument/>`, CodeNotEPCIS, ""},
		{`[]`, CodeNotEPCIS, ""},
		{`{}`, CodeNotEPCIS, ""},
		{`{"epcisBody":{}}`, CodeMissing, "/epcisBody/eventList"},
		{`{"epcisBody":{"queryResults":{}}}`, CodeMissing, "/epcisBody/queryResults/resultsBody"},
		{`{"epcisBody":{"eventList":[{"type":"X"},1]}}`, CodeType, "/epcisBody/eventList/1"},
	} {
		_, err := CBVHashes([]byte(c.doc))
		if e, ok := err.(*Error); !ok || e.Code != c.code || e.Pointer != c.pointer {
			t.Errorf("%s: got %v, want %s at %q", c.doc, err, c.code, c.pointer)
		}
	}
	if _, err := (&Event{}).CBVHash(); err == nil {
		t.Error("an event without canonical form has a hash")
	}
}

// unlikeStyles are samples whose two styles do not tell the same.
var unlikeStyles = map[string]string{
	"PersistentDisposition-example.jsonld":                                        "another type of event",
	"WithFullCombinationOfFields/aggregation_event_all_possible_fields.jsonld":    "certificationInfo and ilmd in one of them only",
	"WithFullCombinationOfFields/association_event_all_possible_fields.jsonld":    "certificationInfo in one of them only",
	"WithFullCombinationOfFields/object_event_all_possible_fields.jsonld":         "certificationInfo in one of them only",
	"WithFullCombinationOfFields/transaction_event_all_possible_fields.jsonld":    "certificationInfo in one of them only",
	"WithFullCombinationOfFields/transformation_event_all_possible_fields.jsonld": "certificationInfo in one of them only",
	"WithSensorData/SensorDataExample12.jsonld":                                   "sensor elements have a type, as in drafts, in one of them",
	"WithSensorData/SensorDataExample13.jsonld":                                   "the trade item in one, a piece of it in the other",
	"WithSensorData/SensorDataExample14.jsonld":                                   "sensor elements have a type, as in drafts, in one of them",
	"WithSensorData/SensorDataExample15.jsonld":                                   "sensor elements have a type, as in drafts, in one of them",
	"WithSensorData/SensorDataExample17.jsonld":                                   "the trade item in one, a piece of it in the other",
}

func TestCBVBothStyles(t *testing.T) {
	simple := samples(t, "epcis/JSON-simple-context")
	compared := 0
	for name, doc := range samples(t, "epcis/JSON") {
		name = strings.TrimPrefix(name, "epcis/JSON/")
		twin, ok := simple["epcis/JSON-simple-context/"+name]
		if !ok {
			continue
		}
		a, err := CBVPrehashes(doc)
		b, err2 := CBVPrehashes(twin)
		if err != nil || err2 != nil {
			t.Errorf("%s: %v, %v", name, err, err2)
			continue
		}
		compared++
		if same := fmt.Sprint(a) == fmt.Sprint(b); same != (unlikeStyles[name] == "") {
			t.Errorf("%s: same %v, want it unless %q:\n%v\n%v", name, same, unlikeStyles[name], a, b)
		}
	}
	t.Logf("%d pairs", compared)
}

// mended are samples in which the ledger reads something else than what stands there, and hashes what it reads.
var mended = map[string]string{
	"epcis-hash/examples/epcisDocHavingEventWithIgnoreFields.jsonld":                                        "ignoreFields of the document",
	"epcis/JSON-simple-context/PersistentDisposition-example.jsonld":                                        "id for eventID",
	"epcis/JSON-simple-context/WithSensorData/SensorDataExample14.jsonld":                                   "type of a sensor element",
	"epcis/JSON-simple-context/WithSensorData/SensorDataExample15.jsonld":                                   "type of a sensor element",
	"epcis/JSON-simple-context/WithFullCombinationOfFields/aggregation_event_all_possible_fields.jsonld":    "type of a sensor element",
	"epcis/JSON-simple-context/WithFullCombinationOfFields/association_event_all_possible_fields.jsonld":    "type of a sensor element",
	"epcis/JSON-simple-context/WithFullCombinationOfFields/transaction_event_all_possible_fields.jsonld":    "type of a sensor element",
	"epcis/JSON-simple-context/WithFullCombinationOfFields/transformation_event_all_possible_fields.jsonld": "type of a sensor element",
}

// TestCBVHashOfEvent compares the hash of an event alone with the one in its document.
func TestCBVHashOfEvent(t *testing.T) {
	compared := 0
	for name, doc := range samples(t, "epcis/JSON", "epcis/JSON-simple-context", "epcis-hash/examples") {
		d, err := Parse(doc)
		if err != nil || mended[name] != "" {
			continue
		}
		want, err := CBVPrehashes(doc)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range d.Events {
			compared++
			got, err := d.Events[i].CBVPrehash()
			if err != nil || got != want[i] {
				t.Errorf("%s event %d: got %v, %v, want %v", name, i, got, err, want[i])
			}
		}
	}
	t.Logf("%d events", compared)
}

var hashForm = regexp.MustCompile(`^ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0$`)

func FuzzCBVHash(f *testing.F) {
	f.Add([]byte(hashedEvent))
	f.Add([]byte(`{"@context":[{"x":"https://x/"}],"x:ignoreFields":["x:a"],"epcisBody":{"eventList":[{"type":"X","x:a":[[],{}],"sourceList":[{},1]}]}}`))
	f.Add([]byte(`{"type":"X","epcList":["urn:epc:id:itip:4012345.011111.01.02.%2","https://a.b/8010/12345","1_0e-99999"],"x":[["１"]]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		hashes, err := CBVHashes(doc)
		again, err2 := CBVHashes(doc)
		if (err == nil) != (err2 == nil) || fmt.Sprint(hashes) != fmt.Sprint(again) {
			t.Fatalf("hashed twice: %v, %v and %v, %v", hashes, err, again, err2)
		}
		for _, h := range hashes {
			if !hashForm.MatchString(h) {
				t.Fatalf("%s is no event hash", h)
			}
		}
		d, err := Parse(doc)
		if err != nil {
			return
		}
		for i := range d.Events {
			checkHashAlone(t, &d.Events[i])
		}
	})
}

// checkHashAlone fails the test unless e has the hash of its canonical form.
func checkHashAlone(t *testing.T, e *Event) {
	t.Helper()
	got, err := e.CBVHash()
	if err != nil {
		t.Fatalf("no hash of %s: %v", e.Canonical, err)
	}
	want, err := CBVHashes(e.Canonical)
	if err != nil || len(want) != 1 || got != want[0] {
		t.Fatalf("%s: got %s, want %s, %v", e.Canonical, got, want, err)
	}
}

// hashedEvent is a typical event: a harvest with a lot, places, a document, a party, sensor data and extensions.
const hashedEvent = `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ex":"https://ns.example.com/epcis/"}],
"type":"ObjectEvent","eventTime":"2026-11-23T08:30:00.000+08:00","eventTimeZoneOffset":"+08:00","action":"ADD",
"bizStep":"commissioning","disposition":"active","readPoint":{"id":"https://id.gs1.org/414/6901234000009"},
"bizLocation":{"id":"urn:epc:id:sgln:6901234.00000.A1"},
"quantityList":[{"epcClass":"urn:epc:class:lgtin:6901234.000001.L2026A","quantity":120.5,"uom":"KGM"}],
"bizTransactionList":[{"type":"prodorder","bizTransaction":"urn:epc:id:gdti:6901234.00001.17"}],
"sourceList":[{"type":"owning_party","source":"https://id.gs1.org/417/6901234000009"}],
"sensorElementList":[{"sensorMetadata":{"time":"2026-11-23T08:29:00Z"},"sensorReport":[{"type":"Temperature","value":11.2,"uom":"CEL"}]}],
"ilmd":{"ex:variety":"Carya cathayensis","ex:grade":"1"},"ex:plot":{"ex:area":"3.20","ex:owner":"Wang"}}`

func BenchmarkCBVHash(b *testing.B) {
	d, err := Parse([]byte(hashedEvent))
	if err != nil {
		b.Fatal(err)
	}
	e := &d.Events[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.CBVHash(); err != nil {
			b.Fatal(err)
		}
	}
}
