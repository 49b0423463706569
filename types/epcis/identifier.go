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

// ids reads the list of identifiers of things with this name. None may appear twice.
func (r *reader) ids(v *value, name string) []string {
	m := v.getKind(name, list)
	if m == nil || len(m.kids) == 0 {
		return nil
	}
	r.at.member(name)
	ids := make([]string, 0, len(m.kids))
	for i := range m.kids {
		if m.kids[i].kind == text {
			r.at.element(i)
			ids = append(ids, r.identifier(m.kids[i].text, nil, thing))
			r.at.up()
		}
	}
	r.refuseTwins(ids)
	r.at.up()
	return ids
}

func (r *reader) refuseTwins(ids []string) {
	if len(ids) < 2 {
		return
	}
	sorted := slices.Sorted(slices.Values(ids))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			r.fail(CodeValue, "%s appears twice", sorted[i])
		}
	}
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
	id := r.context.expand(s)
	if !isURI(id) {
		r.fail(CodeValue, "%q is not a URI", s)
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

// judge reports the error of gs1.Parse if it means that id is a GS1 identifier and wrong.
func (r *reader) judge(id string, err error, u use) {
	var e *gs1.Error
	if !errors.As(err, &e) || e.Code == gs1.CodeUnknown || e.Code == gs1.CodeUnsupported || u == opaque && !gs1.Claims(id) {
		return
	}
	r.fail(CodeValue, "%s", err.Error())
}

// detail returns what an error of gs1 says without the value it is about.
func detail(err error) string {
	var e *gs1.Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return err.Error()
}
