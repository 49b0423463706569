package epcisrest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// vocabulary is how the words of one kind in the Core Business Vocabulary 2.0 are spelt
// as URIs. The read model has them bare.
type vocabulary struct{ web, urn string }

const (
	webCBV = "https://ref.gs1.org/cbv/"
	urnCBV = "urn:epcglobal:cbv:"
)

var (
	bizStep            = vocabulary{webCBV + "BizStep-", urnCBV + "bizstep:"}
	disposition        = vocabulary{webCBV + "Disp-", urnCBV + "disp:"}
	bizTransactionType = vocabulary{webCBV + "BTT-", urnCBV + "btt:"}
	sourceDestType     = vocabulary{webCBV + "SDT-", urnCBV + "sdt:"}
	errorReason        = vocabulary{webCBV + "ER-", urnCBV + "er:"}
)

// bare returns the word that a URI of the vocabulary ends with, or s itself.
func (v vocabulary) bare(s string) string {
	for _, prefix := range []string{v.web, v.urn} {
		if word, ok := strings.CutPrefix(s, prefix); ok && word != "" {
			return word
		}
	}
	return s
}

// word reads a word in whatever spelling. A URI of the vocabulary for a word that the
// standard does not have stays a URI on the ledger: such an event is found, too.
func (v vocabulary) word(q *query, name, value string) ([]string, error) {
	s := q.prefixes.expand(value)
	word := v.bare(s)
	if word != s {
		return []string{word, s}, nil
	}
	if isWord(s) || isURI(s) {
		return []string{s}, nil
	}
	return nil, queryParameter.about(name, "%s: %.80q is neither a word of the Core Business Vocabulary nor a URI", name, value)
}

func isWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// isURI reports whether s can be somebody's identifier: a scheme, and nothing invisible.
func isURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	invisible := func(r rune) bool { return r <= ' ' || r == 0x7f }
	return ok && rest != "" && scheme != "" && strings.IndexFunc(s, invisible) < 0 &&
		strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

var eventTypes = []string{"AggregationEvent", "AssociationEvent", "ObjectEvent", "TransactionEvent", "TransformationEvent"}

func eventTypeWord(q *query, name, value string) ([]string, error) {
	s := q.prefixes.expand(value)
	if word, ok := strings.CutPrefix(s, "https://ref.gs1.org/epcis/"); ok {
		s = word
	}
	if slices.Contains(eventTypes, s) || isURI(s) {
		return []string{s}, nil
	}
	return nil, queryParameter.about(name, "%s: %.80q is not a type of event: %s, or a URI", name, value, strings.Join(eventTypes, ", "))
}

func actionWord(_ *query, name, value string) ([]string, error) {
	if value != "ADD" && value != "OBSERVE" && value != "DELETE" {
		return nil, queryParameter.about(name, "%s: %.20q: ADD, OBSERVE or DELETE", name, value)
	}
	return []string{value}, nil
}

func uri(q *query, name, value string) ([]string, error) {
	s := q.prefixes.expand(value)
	if !isURI(s) {
		return nil, queryParameter.about(name, "%s: %.80q is not a URI", name, value)
	}
	return []string{s}, nil
}

// identifier reads the identifier of a thing, class or place in any spelling, or an EPC
// pattern. What claims to be a GS1 key has to be one.
func identifier(q *query, name, value string) ([]string, error) {
	ids, err := uri(q, name, value)
	if err != nil || strings.Contains(ids[0], "*") {
		return ids, err
	}
	if _, err := gs1.Parse(ids[0]); err != nil && gs1.Claims(ids[0]) {
		return nil, queryParameter.about(name, "%s: %v", name, err)
	}
	return ids, nil
}

// prefixes are what compact URIs in a query begin with.
type prefixes map[string]string

// maxPrefixes bounds the definitions of one request.
const maxPrefixes = 64

// builtinPrefixes are those of the EPCIS context, which nobody can redefine.
var builtinPrefixes = prefixes{
	"cbv": webCBV, "cbvmda": "urn:epcglobal:cbv:mda:", "epcis": "https://ref.gs1.org/epcis/",
	"gs1": "https://gs1.org/voc/",
}

// expand writes a compact URI out.
func (p prefixes) expand(s string) string {
	prefix, rest, ok := strings.Cut(s, ":")
	if !ok || strings.HasPrefix(rest, "//") {
		return s
	}
	if full, ok := builtinPrefixes[prefix]; ok {
		return full + rest
	}
	if full, ok := p[prefix]; ok {
		return full + rest
	}
	return s
}

// define takes a prefix. The schemes of identifiers stay schemes.
func (p prefixes) define(name, uri string) error {
	if len(p) >= maxPrefixes {
		return fmt.Errorf("more than %d prefixes", maxPrefixes)
	}
	if builtin, ok := builtinPrefixes[name]; ok && builtin != uri {
		return fmt.Errorf("%s is %s", name, builtin)
	}
	if slices.Contains([]string{"urn", "http", "https", "ni"}, name) || !isURI(name+":x") || !isURI(uri) {
		return fmt.Errorf("%.40q cannot stand for %.80q", name, uri)
	}
	p[name] = uri
	return nil
}

// prefixesOfHeader reads the prefixes that GS1-Extensions declares: name=URI, ….
func prefixesOfHeader(h http.Header) (prefixes, error) {
	p := prefixes{}
	for _, line := range h.Values("GS1-Extensions") {
		for part := range strings.SplitSeq(line, ",") {
			name, uri, _ := strings.Cut(strings.TrimSpace(part), "=")
			if name == "" && uri == "" {
				continue
			}
			if err := p.define(name, uri); err != nil {
				return nil, queryParameter.about("GS1-Extensions", "%v", err)
			}
		}
	}
	return p, nil
}

// prefixesOfContext reads the prefixes of an @context in a posted query. Contexts are
// never fetched; those that are named have to be EPCIS's own.
func prefixesOfContext(raw json.RawMessage, p prefixes) error {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		parts = []json.RawMessage{raw}
	}
	for _, part := range parts {
		var url string
		var terms map[string]string
		switch {
		case json.Unmarshal(part, &url) == nil:
			if !strings.HasPrefix(url, "https://ref.gs1.org/standards/epcis/") && !strings.HasPrefix(url, "https://gs1.github.io/EPCIS/") {
				return fmt.Errorf("%.80q is not a context of EPCIS, and contexts are never fetched", url)
			}
		case json.Unmarshal(part, &terms) == nil:
			for name, uri := range terms {
				if err := p.define(name, uri); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("a part of @context is neither a URL nor an object of prefixes")
		}
	}
	return nil
}
