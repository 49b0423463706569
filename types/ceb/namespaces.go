package ceb

import (
	"slices"
	"strings"
)

// binding is one namespace declaration, of the default namespace when the prefix is "".
type binding struct {
	prefix, space string
}

// declares returns the prefix that an attribute of that name declares, "" for the default namespace.
func declares(word string) (prefix string, is bool) {
	if word == "xmlns" {
		return "", true
	}
	return strings.CutPrefix(word, "xmlns:")
}

const (
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// bind takes one namespace declaration; those from declared on stand in the same tag.
func (t *tokens) bind(prefix, space string, declared int) *Error {
	same := func(b binding) bool { return b.prefix == prefix }
	switch {
	case slices.ContainsFunc(t.bindings[declared:], same):
		return flaw(Malformed, "not well-formed XML: prefix %s declared twice", quoted(prefix))
	case prefix == "xmlns" || prefix != "" && space == "" || space == xmlnsSpace || (prefix == "xml") != (space == xmlSpace):
		return flaw(Malformed, "not well-formed XML: prefix %s declared as %s", quoted(prefix), quoted(space))
	}
	t.bindings = append(t.bindings, binding{prefix, space})
	return nil
}

// named gives attributes the namespaces of their prefixes, and refuses two of one name.
func (t *tokens) named(tag string, attributes []attribute) ([]attribute, *Error) {
	for i := range attributes {
		resolved, fault := t.resolve(attributes[i].name.local, false)
		if fault != nil {
			return nil, fault
		}
		same := func(a attribute) bool { return a.name == resolved }
		if slices.ContainsFunc(attributes[:i], same) {
			return nil, flaw(Malformed, "not well-formed XML: attribute %s occurs twice in <%s>", resolved.local, tag)
		}
		attributes[i].name = resolved
	}
	return attributes, nil
}

// resolve finds the namespace of a name. An attribute without a prefix has none.
func (t *tokens) resolve(tag string, element bool) (name, *Error) {
	prefix, local, found := strings.Cut(tag, ":")
	if !found {
		prefix, local = "", tag
		if !element {
			return name{local: local}, nil
		}
	}
	for i := len(t.bindings) - 1; i >= 0; i-- {
		if t.bindings[i].prefix == prefix {
			t.borrow(i)
			return name{space: t.bindings[i].space, local: local}, nil
		}
	}
	switch prefix {
	case "":
		return name{local: local}, nil
	case "xml":
		return name{space: xmlSpace, local: local}, nil
	}
	return name{}, flaw(Malformed, "not well-formed XML: prefix %s is not declared", prefix)
}

// borrow notes that the part of the message being read uses a declaration of the root element.
func (t *tokens) borrow(i int) {
	if len(t.open) > 1 && i < t.open[1].bindings && !slices.Contains(t.borrowed, i) {
		t.borrowed = append(t.borrowed, i)
	}
}

// part returns the bytes of the child of the root that has just ended and begun at an offset, with those declarations of
// the root that it uses written into its start tag.
func (t *tokens) part(begin int) string {
	text := t.data[begin:t.at]
	if len(t.borrowed) == 0 {
		return text
	}
	var declarations strings.Builder
	for _, i := range t.borrowed {
		b := t.bindings[i]
		declarations.WriteString(` xmlns` + strings.TrimSuffix(":"+b.prefix, ":") + `="` + escaped.Replace(b.space) + `"`)
	}
	tag := 1
	for nameByte(text[tag]) {
		tag++
	}
	return text[:tag] + declarations.String() + text[tag:]
}
