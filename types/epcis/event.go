package epcis

import "strings"

// ParseEvent reads an event from its canonical form, which is what a transaction carries. Any other writing of the same event
// is refused, so that one event has one sequence of bytes. The error is of type [Errors].
func ParseEvent(canonical string) (*Event, error) {
	if len(canonical) > MaxSize {
		return nil, Errors{{CodeTooLarge, "", "the event is over 64 MiB"}}
	}
	root, err := parseJSON(canonical)
	if err != nil {
		return nil, Errors{err}
	}
	r := &reader{}
	if t := root.getKind("type", text); t == nil || isDocumentType(t.text) {
		return nil, Errors{{CodeNotEPCIS, "", "not an event of EPCIS 2.0"}}
	}
	e := r.event(&root)
	switch {
	case len(r.errors) > 0:
		return nil, r.errors
	case string(e.Canonical) != canonical:
		return nil, Errors{{CodeValue, "", "the event is not in canonical form"}}
	}
	return &e, nil
}

func isDocumentType(s string) bool { return s == "EPCISDocument" || s == "EPCISQueryDocument" }

// Base returns the event without errorDeclaration and recordTime, in RFC 8785 form: what an event has in common with the
// later one that declares it wrong. It is nil for an event without Canonical.
func (e *Event) Base() []byte {
	if len(e.Canonical) < len("{}") {
		return nil
	}
	rest := string(e.Canonical[1 : len(e.Canonical)-1])
	base := make([]byte, 0, len(e.Canonical))
	base = append(base, '{')
	for rest != "" {
		end := memberEnd(rest)
		member := rest[:end]
		rest = strings.TrimPrefix(rest[end:], ",")
		if strings.HasPrefix(member, `"errorDeclaration":`) || strings.HasPrefix(member, `"recordTime":`) {
			continue
		}
		if len(base) > 1 {
			base = append(base, ',')
		}
		base = append(base, member...)
	}
	return append(base, '}')
}

// memberEnd returns the length of the member of an object that canonical JSON starts with: up to the comma behind it.
func memberEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i += stringEnd(s[i:])
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}

// stringEnd returns the place of the quotation mark that ends the string s starts with.
func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(s)
}
