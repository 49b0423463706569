package gs1

import "strings"

// linkHost is the domain of canonical Digital Links (GS1 Digital Link URI Syntax, section 4.11).
const linkHost = "id.gs1.org"

// DigitalLink returns the canonical Digital Link of k: https://id.gs1.org, application identifiers in digits, everything
// but unreserved characters percent-encoded. It is empty for the zero Key.
func (k Key) DigitalLink() string {
	f := formOf(k.Type)
	if f == nil {
		return ""
	}
	link := "https://" + linkHost + "/" + f.ai + "/" + f.lead + Escape(k.Primary)
	if k.Qualifier != "" && f.qualifier.ai != "" {
		link += "/" + f.qualifier.ai + "/"
	}
	return link + Escape(k.Qualifier)
}

// parseLink reads what follows the scheme in uri.
func parseLink(uri, rest string) (Key, error) {
	host := hostOf(rest)
	segments := strings.Split(pathOf(rest), "/")
	first, ok := primarySegment(segments)
	if !isCanonicalHost(host) && !ok {
		return Key{}, &Error{CodeUnknown, uri, "not a GS1 Digital Link"}
	}
	if !ok || isCanonicalHost(host) && first > 0 {
		return Key{}, &Error{CodeSyntax, uri, "not a path of GS1 application identifiers"}
	}
	for i := range segments {
		if segments[i], ok = Unescape(segments[i]); !ok {
			return Key{}, &Error{CodeCharacters, uri, "broken percent-encoding"}
		}
	}
	return keyOfLink(segments[first:])
}

// hostOf returns the domain, without port, at the start of an address that has lost its scheme.
func hostOf(rest string) string {
	host, _, _ := strings.Cut(rest[:len(rest)-len(tailOf(rest))], ":")
	return host
}

// tailOf returns everything behind the domain and port.
func tailOf(rest string) string {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[i:]
	}
	return ""
}

// pathOf returns the path behind the domain, without its first slash, query and fragment.
func pathOf(rest string) string {
	path := strings.TrimPrefix(tailOf(rest), "/")
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	return path
}

func isCanonicalHost(host string) bool { return strings.EqualFold(host, linkHost) }

// primarySegment finds the application identifier of the primary key. Owners of domains may put a path of their own in
// front, so that the search goes backwards through pairs of identifier and value, over key qualifiers that belong to it.
func primarySegment(segments []string) (first int, ok bool) {
	for i := len(segments) - 2; i >= 0; i -= 2 {
		if f := formOfSegment(segments[i]); f != nil {
			return i, qualifiersFit(f.ai, segments[i+2:])
		}
		if qualifierRank(segments[i]) < 0 {
			break
		}
	}
	return 0, false
}

// formOfSegment returns the first form with this application identifier or alias.
func formOfSegment(segment string) *form {
	for i := range forms {
		if forms[i].ai == segment || forms[i].alias == segment && segment != "" {
			return &forms[i]
		}
	}
	return nil
}

// qualifierRank returns the place of a key qualifier in the order of linkQualifiers, or -1.
func qualifierRank(segment string) int {
	for i, q := range linkQualifiers {
		if q.ai == segment || q.alias == segment && segment != "" {
			return i
		}
	}
	return -1
}

// qualifiersFit reports whether pairs of qualifier and value belong to the application identifier ai and stand in order.
func qualifiersFit(ai string, pairs []string) bool {
	last := -1
	for i := 0; i < len(pairs); i += 2 {
		rank := qualifierRank(pairs[i])
		if rank <= last || !strings.Contains(" "+linkQualifiers[rank].after+" ", " "+ai+" ") {
			return false
		}
		last = rank
	}
	return true
}

// keyOfLink reads decoded pairs of identifier and value, the primary key first. Of several qualifiers the last one that a
// form knows decides: it is the most specific one.
func keyOfLink(pairs []string) (Key, error) {
	ai, primary := formOfSegment(pairs[0]).ai, pairs[1]
	for i := len(pairs) - 2; i > 0; i -= 2 {
		if f := formOfLink(ai, linkQualifiers[qualifierRank(pairs[i])].ai); f != nil {
			if pairs[i+1] == "" {
				return Key{}, fault(CodeLength, f.label, primary, "the %s is missing", f.qualifier.label)
			}
			return f.linkKey(primary, pairs[i+1])
		}
	}
	return formOfLink(ai, "").linkKey(primary, "")
}

// formOfLink returns the form for a primary identifier with this qualifier, "" for none.
func formOfLink(ai, qualifier string) *form {
	for i := range forms {
		f := &forms[i]
		if f.ai == ai && (qualifier != "" && f.qualifier.ai == qualifier || qualifier == "" && !f.qualifier.must) {
			return f
		}
	}
	return nil
}

// linkKey makes a key of the value behind an application identifier, which may hold a constant digit in front of the
// primary identifier and the qualifier directly behind it.
func (f *form) linkKey(value, qualifier string) (Key, error) {
	primary, ok := strings.CutPrefix(value, f.lead)
	if !ok {
		return Key{}, fault(CodeSyntax, f.label, value, "must start with %s", f.lead)
	}
	if f.qualifier.label != "" && f.qualifier.ai == "" && len(primary) > f.length() {
		primary, qualifier = primary[:f.length()], primary[f.length():]
	}
	return f.key(primary, qualifier)
}
