package epcisrest

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzQuery holds that a query parameter is read or refused by name, and never passed
// over.
func FuzzQuery(f *testing.F) {
	f.Add("EQ_bizStep=shipping%7Curn:epcglobal:cbv:bizstep:receiving&eventType=ObjectEvent&GE_eventTime=2026-09-12T08:30:15.1239%2B08:00")
	f.Add("MATCH_anyEPC=urn:epc:idpat:sgtin:6901234.000001.*&EQ_bizTransaction_po=urn:x:1&GT_quantity_KGM=1.5&orderBy=eventTime&eventCountLimit=3")
	f.Add("EXISTS_errorDeclaration&EQ_source_owning_party=https://id.gs1.org/417/6901234000016&maxEventCount=0")
	f.Add("EQ_quantity=1e9&EQ_=&WD_readPoint=x&EQ_quantity_=3")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		q, err := parseQuery(ofURL(values), prefixes{})
		if err != nil {
			if p, ok := errors.AsType[*problem](err); !ok || p.Status < 400 || p.Status >= 500 {
				t.Fatalf("%q: %v is not the caller's fault", text, err)
			}
			return
		}
		for name := range values {
			if !q.given[name] {
				t.Errorf("%q: %s was passed over", text, name)
			}
		}
	})
}

// FuzzPostedQuery reads the queries of definitions.
func FuzzPostedQuery(f *testing.F) {
	f.Add(`{"eventType":["ObjectEvent"],"EQ_bizStep":["ex:picking"],"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ex":"https://example.com/"}]}`)
	f.Add(`{"GE_quantity":1.5,"EXISTS_errorDeclaration":null,"orderBy":"eventTime"}`)
	f.Add(`{"EQ_action":[["ADD"]]}{}`)
	f.Fuzz(func(t *testing.T, text string) {
		d := definition{Query: json.RawMessage(text)}
		if err := d.read(); err != nil {
			if _, ok := errors.AsType[*problem](err); !ok {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("accepted %q", text)
		}
		d.end()
	})
}

// FuzzPageToken holds that only a token that was made is read, and only for its list.
func FuzzPageToken(f *testing.F) {
	tokens, err := openPageTokens(f.TempDir()+"/key", clock)
	must(f, err)
	good, _, err := tokens.make("list", "cursor", 7)
	must(f, err)
	f.Add("list", good)
	f.Add("other", good)
	f.Add("list", good[:len(good)-1])
	f.Add("list", "")
	f.Fuzz(func(t *testing.T, list, token string) {
		p, err := tokens.read(list, token)
		if err != nil {
			if _, ok := errors.AsType[*problem](err); !ok {
				t.Fatal(err)
			}
			return
		}
		if list != "list" || token != good || p.After != "cursor" || p.Left != 7 {
			t.Errorf("%q for %q was read as %+v", token, list, p)
		}
	})
}

func TestPageTokens(t *testing.T) {
	now := clock()
	file := t.TempDir() + "/key"
	tokens, err := openPageTokens(file, func() time.Time { return now })
	must(t, err)
	token, expires, err := tokens.make("list", "cursor", 0)
	must(t, err)
	again, err := openPageTokens(file, func() time.Time { return now })
	must(t, err)
	if p, err := again.read("list", token); err != nil || p.After != "cursor" {
		t.Errorf("after a restart: %+v %v", p, err)
	}
	now = expires.Add(time.Second)
	if _, err := again.read("list", token); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an hour later: %v", err)
	}
	for i := range maxEnded + 10 {
		again.end(strings.Repeat("x", i%7) + token[:i%30])
	}
	if len(again.ended) > maxEnded {
		t.Errorf("%d tokens are remembered", len(again.ended))
	}
}
