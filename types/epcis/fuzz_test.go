package epcis

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"unicode/utf16"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(harvest))
	f.Add([]byte(document(event("TransformationEvent", `"inputEPCList":["urn:example:1"],"outputQuantityList":[{"epcClass":"urn:epc:idpat:sgtin:6901234.000001.*","quantity":1e2}]`))))
	f.Add([]byte(document(event("AggregationEvent", `"action":"DELETE","parentID":"https://id.gs1.org/00/340123451111111111","@context":{"ex":"urn:x:","ex:n":{"@type":"@id"}},"ex:nuts":[null,1.50e-7]`))))
	f.Add([]byte(document(event("urn:x:Event", `"anything":[1.0,1]`), event("AssociationEvent", `"action":"ADD","parentID":"x:p","childEPCs":["x:c","x:c"],"@context":["https://x.example",{"x":"https://x.example/","urn":"x:y","@vocab":"x:"}]`))))
	f.Add([]byte(event("ObjectEvent", `"@context":{},"action":"OBSERVE","action":"ADD","epcList":["urn:epc:id:sgtin:6901234.000001.77","https://id.gs1.org/01/06901234000016/21/77"],"ilmd":{"a:b":12345678901234567890}`)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		d, err := Parse(doc)
		if err != nil {
			return
		}
		if !json.Valid(bytes.TrimPrefix(doc, []byte("\ufeff"))) {
			t.Errorf("accepted what encoding/json does not: %q", doc)
		}
		checkEvents(t, d)
	})
}

// FuzzCanonicalNumber compares with the floating point that RFC 8785 is defined by and that the package must not use.
func FuzzCanonicalNumber(f *testing.F) {
	for _, s := range []string{"0", "-1.50", "1e21", "0.30000000000000004", "9007199254740993", "1e-300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := canonicalNumber(s)
		if !ok {
			return
		}
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatalf("%s: accepted: %v", s, err)
		}
		want, err := json.Marshal(x + 0) // encoding/json writes numbers as ECMAScript does
		if x == 0 {
			want = []byte("0")
		}
		if err != nil || got != string(want) {
			t.Errorf("%s: got %s, want %s (%v)", s, got, want, err)
		}
	})
}

// compareUnits is compareUTF16 the slow way.
func compareUnits(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func sign(n int) int { return cmp.Compare(n, 0) }

var benchmarks = []struct{ name, doc string }{
	{"full event", harvest},
	{"lean event", event("ObjectEvent", `"@context":`+officialURL+`,"action":"ADD","bizStep":"commissioning","quantityList":[{"epcClass":"urn:epc:class:lgtin:6901234.000001.L2026A","quantity":1000.5,"uom":"KGM"}]`)},
}

func BenchmarkParse(b *testing.B) {
	for _, tt := range benchmarks {
		b.Run(tt.name, func(b *testing.B) {
			doc := []byte(tt.doc)
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseEvent(b *testing.B) {
	for _, tt := range benchmarks {
		b.Run(tt.name, func(b *testing.B) {
			d, err := Parse([]byte(tt.doc))
			if err != nil {
				b.Fatal(err)
			}
			canonical := string(d.Events[0].Canonical)
			b.SetBytes(int64(len(canonical)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseEvent(canonical); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
