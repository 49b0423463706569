package gs1

import "strings"

// parseURN reads what follows "urn:epc:" in uri.
func parseURN(uri, rest string) (Key, error) {
	if !strings.HasPrefix(uri, "urn:epc:") {
		return Key{}, &Error{CodeSyntax, uri, "the start of an EPC URN is written in lower case"}
	}
	kind, rest, _ := strings.Cut(rest, ":")
	scheme, body, ok := strings.Cut(rest, ":")
	f, wildcard := formOfURN(kind + ":" + scheme)
	if f == nil {
		return Key{}, &Error{CodeUnsupported, uri, "this EPC scheme is not supported yet"}
	}
	parts := strings.SplitN(body, ".", f.urnParts(wildcard))
	if !ok || len(parts) != f.urnParts(wildcard) {
		return Key{}, &Error{CodeSyntax, uri, "a component is missing"}
	}
	primary, err := f.joinURN(uri, parts)
	if err != nil {
		return Key{}, err
	}
	qualifier, err := f.urnQualifier(uri, parts, wildcard)
	if err != nil {
		return Key{}, err
	}
	return f.key(primary, qualifier)
}

// formOfURN finds a form by the kind and scheme of its URN, and says whether that is the URN of a pattern.
func formOfURN(name string) (f *form, wildcard bool) {
	for i := range forms {
		f := &forms[i]
		if f.urn == name || f.pattern == name || f.twin == name {
			return f, f.urn != name
		}
	}
	return nil, false
}

// urnParts is the number of components between the dots. A serial number may hold dots itself: it is always the last one.
func (f *form) urnParts(wildcard bool) int {
	n := 2
	if f.extra > 0 {
		n += 2
	}
	if wildcard || f.qualifier.label != "" {
		n++
	}
	return n
}

// joinURN puts company prefix and reference together and adds the check digit, which EPC URNs leave out.
func (f *form) joinURN(uri string, parts []string) (string, error) {
	prefix, ref := parts[0], parts[1]
	if len(prefix) < 6 || len(prefix) > 12 || digit.firstOutside(prefix) >= 0 {
		return "", &Error{CodeLength, uri, "a company prefix has 6 to 12 digits"}
	}
	if f.digits == 0 {
		ref, ok := Unescape(ref)
		if !ok {
			return "", &Error{CodeCharacters, uri, "broken percent-encoding"}
		}
		return prefix + ref, nil
	}
	if digit.firstOutside(ref) >= 0 {
		return "", &Error{CodeCharacters, uri, "the reference behind the company prefix is not all digits"}
	}
	if len(prefix)+len(ref) != f.digits-1 {
		return "", fault(CodeLength, "EPC", uri, "%d digits, expected %d without the check digit", len(prefix)+len(ref), f.digits-1)
	}
	body := prefix + ref
	if f.indicator {
		body = ref[:1] + prefix + ref[1:]
	}
	body += string(checkDigit(body))
	if f.extra > 0 {
		body += parts[2] + parts[3]
	}
	return body, nil
}

func (f *form) urnQualifier(uri string, parts []string, wildcard bool) (string, error) {
	last := parts[len(parts)-1]
	switch {
	case wildcard && last != "*":
		return "", &Error{CodeSyntax, uri, "the last component of a pattern must be *"}
	case wildcard, f.qualifier.label == "":
		return "", nil
	case last == "":
		return "", fault(CodeLength, "EPC", uri, "the %s is missing", f.qualifier.label)
	}
	decoded, ok := Unescape(last)
	if !ok {
		return "", &Error{CodeCharacters, uri, "broken percent-encoding"}
	}
	return decoded, nil
}

// URN returns the EPC URN of k (GS1 Tag Data Standard) given the number of digits, 6 to 12, of the company prefix
// in it. The key alone does not tell: GS1 keeps the lengths in a table that changes every day, so that only an organisation
// that knows its own prefix can translate back. It fails with [CodeUnsupported] where the key has no EPC URN.
func (k Key) URN(prefixLength int) (string, error) {
	f := formOf(k.Type)
	if f == nil {
		return "", &Error{CodeUnsupported, k.Type, "not a type of key this release knows"}
	}
	scheme, tail := f.urnTail(k.Qualifier)
	if scheme == "" {
		return "", fault(CodeUnsupported, k.Type, k.Primary, "has no EPC URN")
	}
	prefix, ref, err := f.splitURN(k.Primary, prefixLength)
	if err != nil {
		return "", err
	}
	return "urn:epc:" + scheme + ":" + prefix + "." + ref + tail, nil
}

// urnTail returns the scheme and the last component for a key with this qualifier.
func (f *form) urnTail(qualifier string) (scheme, tail string) {
	switch {
	case qualifier != "":
		return f.urn, "." + escapeURN(qualifier)
	case f.qualifier.absent != "":
		return f.urn, "." + f.qualifier.absent
	case f.pattern != "":
		return f.pattern, ".*"
	}
	return f.urn, ""
}

// splitURN is the inverse of joinURN.
func (f *form) splitURN(primary string, prefixLength int) (prefix, ref string, err error) {
	body, extra := primary, ""
	if f.digits > 0 {
		body = primary[:f.digits-1]
	}
	if f.extra > 0 {
		extra = "." + primary[f.digits:f.digits+2] + "." + primary[f.digits+2:]
	}
	head := ""
	if f.indicator {
		head, body = body[:1], body[1:]
	}
	if prefixLength < 6 || prefixLength > 12 || prefixLength > len(body) || digit.firstOutside(body[:prefixLength]) >= 0 {
		return "", "", fault(CodeLength, f.label, primary, "cannot have a company prefix of %d digits", prefixLength)
	}
	return body[:prefixLength], head + escapeURN(body[prefixLength:]) + extra, nil
}

// escapeURN percent-encodes the characters that the GS1 Tag Data Standard does not let stand in an EPC URN.
func escapeURN(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if strings.IndexByte(`"#%&/<>?`, c) < 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upperHex[c>>4])
		b.WriteByte(upperHex[c&15])
	}
	return b.String()
}
