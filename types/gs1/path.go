package gs1

import "strings"

// Path returns k as one segment of a ledger key: "<gtin>" for a GTIN, "<gtin>.<lot>" for an LGTIN, and "<type>.<primary>"
// or "<type>.<primary>.<qualifier>" with the type in lower case for every other key. Text is percent-encoded, so that the
// segment consists of [A-Za-z0-9._~%-], and no two keys have the same. It is empty for the zero Key.
func (k Key) Path() string {
	if k.IsZero() {
		return ""
	}
	path := Escape(k.Primary)
	if k.Type != "GTIN" && k.Type != "LGTIN" {
		path = strings.ToLower(k.Type) + "." + path
	}
	if k.Qualifier != "" {
		path += "." + Escape(k.Qualifier)
	}
	return path
}

// ParsePath is the inverse of [Key.Path]. It refuses with [CodeCanonical] what Path would have written differently, so that
// one thing cannot be recorded under two ledger keys.
func ParsePath(path string) (Key, error) {
	kind, primary, qualifier := splitPath(path)
	primary, ok := Unescape(primary)
	if ok {
		qualifier, ok = Unescape(qualifier)
	}
	if !ok {
		return Key{}, &Error{CodeCharacters, path, "broken percent-encoding"}
	}
	k, err := New(kind, primary, qualifier)
	if err != nil {
		return Key{}, err
	}
	if k.Path() != path {
		return Key{}, &Error{CodeCanonical, path, "must be written " + k.Path()}
	}
	return k, nil
}

func splitPath(path string) (kind, primary, qualifier string) {
	first, rest, more := strings.Cut(path, ".")
	if path != "" && digit.allows(path[0]) {
		if more {
			return "LGTIN", first, rest
		}
		return "GTIN", first, ""
	}
	kind = strings.ToUpper(first)
	if f := formOf(kind); f != nil && f.qualifier.label == "" {
		return kind, rest, "" // a text identifier may hold dots itself
	}
	primary, qualifier, _ = strings.Cut(rest, ".")
	return kind, primary, qualifier
}
