package epcis

import (
	"errors"
	"slices"

	"github.com/caryaledger/carya/types/gs1"
)

// use says how an identifier is read where only its path makes it look like a Digital Link.
type use uint8

const (
	thing  use = iota // things, classes, places and parties: it is one
	opaque            // transactions and events: an address such as https://example.com/2026/01/20261123 names a document
)

// id reads the member with this name as an identifier; empty where it is not there.
func (r *reader) id(v *value, name string, u use) string {
	id, _ := r.identify(v.getKind(name, text), name, u)
	return id
}

// ids reads the list of identifiers of things with this name, each once. The JSON schema lets some lists name a thing twice.
func (r *reader) ids(v *value, name string, distinct bool) []string {
	m := v.getKind(name, list)
	if m == nil || len(m.kids) == 0 {
		return nil
	}
	r.at.member(name)
	defer r.at.up()
	ids := make([]string, 0, len(m.kids))
	for i := range m.kids {
		if m.kids[i].kind == text {
			r.at.element(i)
			ids = append(ids, r.identifier(m.kids[i].text, nil, thing))
			r.at.up()
		}
	}
	if !hasTwins(ids) {
		return ids
	}
	if distinct {
		r.refuseTwins(m)
	}
	return r.single(ids)
}

func hasTwins(ids []string) bool {
	if len(ids) < 2 {
		return false
	}
	sorted := slices.Sorted(slices.Values(ids))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return true
		}
	}
	return false
}

// refuseTwins refuses a list in which two elements are written alike.
func (r *reader) refuseTwins(v *value) {
	seen := make(map[string]bool, len(v.kids))
	for i := range v.kids {
		if s := v.kids[i].text; v.kids[i].kind == text {
			if seen[s] {
				r.fail(CodeValue, "%s appears twice", s)
			}
			seen[s] = true
		}
	}
}

// single returns the ids without repetitions.
func (r *reader) single(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	kept := ids[:0]
	for i, id := range ids {
		if seen[id] {
			r.at.element(i)
			r.warn(CodeValue, "%s appears twice and is read once", id)
			r.at.up()
			continue
		}
		seen[id] = true
		kept = append(kept, id)
	}
	return kept
}

// identify reads the member m, which may be nil, with its GS1 key.
func (r *reader) identify(m *value, name string, u use) (id string, key gs1.Key) {
	if m == nil {
		return "", gs1.Key{}
	}
	r.at.member(name)
	id = r.identifier(m.text, &key, u)
	r.at.up()
	return id, key
}

// identifier checks a URI, and its GS1 key if it is one, which it puts into key unless that is nil.
func (r *reader) identifier(s string, key *gs1.Key, u use) string {
	id, ok := r.address(s)
	if !ok {
		return id
	}
	k, err := gs1.Parse(id)
	if err != nil {
		r.judge(id, err, u)
	} else if key != nil {
		*key = k
	}
	return id
}

// address checks a URI and writes it out.
func (r *reader) address(s string) (uri string, ok bool) {
	if !isURI(s) {
		r.fail(CodeValue, "%q is not a URI", s)
		return s, false
	}
	r.explain(s)
	return r.context.expand(s), true
}

// uri reads the member with this name as a URI; empty where it is not there.
func (r *reader) uri(v *value, name string) string {
	m := v.getKind(name, text)
	if m == nil {
		return ""
	}
	r.at.member(name)
	defer r.at.up()
	uri, _ := r.address(m.text)
	return uri
}

// uris reads the list of URIs with this name.
func (r *reader) uris(v *value, name string) []string {
	m := v.getKind(name, list)
	if m == nil || len(m.kids) == 0 {
		return nil
	}
	r.at.member(name)
	defer r.at.up()
	all := make([]string, 0, len(m.kids))
	for i := range m.kids {
		if m.kids[i].kind == text {
			r.at.element(i)
			uri, _ := r.address(m.kids[i].text)
			all = append(all, uri)
			r.at.up()
		}
	}
	return all
}

// judge warns if the error of gs1.Parse means that id is a GS1 identifier and wrong. It then names whatever its author says
// it names, as private identifiers do.
func (r *reader) judge(id string, err error, u use) {
	var e *gs1.Error
	if !errors.As(err, &e) || e.Code == gs1.CodeUnknown || e.Code == gs1.CodeUnsupported || u == opaque && !gs1.Claims(id) {
		return
	}
	r.warn(CodeValue, "%s; it is taken for an identifier outside GS1", err.Error())
}

// detail returns what an error of gs1 says without the value it is about.
func detail(err error) string {
	var e *gs1.Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return err.Error()
}
