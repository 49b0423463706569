package gs1

import "strings"

// Element is one element of an element string: an application identifier and its value.
type Element struct{ AI, Value string }

// String returns the element in human-readable interpretation: (10)L2026A.
func (e Element) String() string { return "(" + e.AI + ")" + e.Value }

// Elements returns k as the elements that a barcode holds, the primary identifier first (GS1 General Specifications
// section 3). There are none for the zero Key.
func (k Key) Elements() []Element {
	f := formOf(k.Type)
	switch {
	case f == nil:
		return nil
	case f.qualifier.ai == "":
		return []Element{{f.ai, f.lead + k.Primary + k.Qualifier}}
	case k.Qualifier == "":
		return []Element{{f.ai, f.lead + k.Primary}}
	}
	return []Element{{f.ai, f.lead + k.Primary}, {f.qualifier.ai, k.Qualifier}}
}

// Labels returns what error sentences call the two parts of k: GTIN and lot. The second is empty where k has no qualifier.
func (k Key) Labels() (primary, qualifier string) {
	f := formOf(k.Type)
	if f == nil {
		return "", ""
	}
	if k.Qualifier == "" {
		return f.label, ""
	}
	return f.label, f.qualifier.label
}

// Types returns the types of key that this release reads.
func Types() []string {
	kinds := make([]string, len(forms))
	for i := range forms {
		kinds[i] = forms[i].kind
	}
	return kinds
}

// bareKinds is the type of key that a bare number of so many digits is taken for. Thirteen digits are also a GLN: who
// knows that names the type.
var bareKinds = map[int]string{8: "GTIN", 12: "GTIN", 13: "GTIN", 14: "GTIN", 17: "GSIN", 18: "SSCC"}

// Read reads a key as people write it: as [Parse] does, as an element string with its application identifiers in
// parentheses, (01)06901234000016(10)L2026A, as a path, where GTINs of all lengths may stand in front of the lot, and as the
// bare number of a GTIN, GSIN or SSCC. With a kind (see [Types]) the bare identifier of any other key is read too, and a
// key of another type is refused with [CodeKind].
//
// Beside an error of [CodeCheckDigit] the key is returned as with [ParseLoosely].
func Read(s, kind string) (Key, error) {
	s = strings.TrimSpace(s)
	k, err := readAny(s, kind)
	if kind != "" && !k.IsZero() && k.Type != kind {
		return Key{}, fault(CodeKind, k.Type, s, "is not of the type %s", kind)
	}
	return k, err
}

func readAny(s, kind string) (Key, error) {
	switch {
	case strings.HasPrefix(s, "("):
		return readElements(s)
	case cutScheme(s):
		return ParseLoosely(s)
	}
	if k, ok, err := readPath(s, kind); ok {
		return k, err
	}
	return readBare(s, kind)
}

// cutScheme reports whether s is a URI of a scheme that GS1 identifiers use.
func cutScheme(s string) bool {
	for _, scheme := range []string{"urn:", "http://", "https://"} {
		if _, ok := cutPrefixFold(s, scheme); ok {
			return true
		}
	}
	return false
}

// readPath reads a path as [Key.Path] writes it, but for the length of the GTIN and for characters that need not be
// percent-encoded. It is not ok where s does not look like one of this kind.
func readPath(s, want string) (k Key, ok bool, err error) {
	first, rest, dotted := strings.Cut(s, ".")
	kind, primary, qualifier := "LGTIN", first, rest
	if digit.firstOutside(first) >= 0 {
		kind, primary, qualifier = splitPath(strings.ToUpper(first) + "." + rest)
	}
	f := formOf(kind)
	if !dotted || f == nil || want != "" && want != kind || kind == "LGTIN" && bareKinds[len(first)] != "GTIN" {
		return Key{}, false, nil
	}
	k, err = f.key(unescapeOr(primary), unescapeOr(qualifier))
	return k, true, err
}

// unescapeOr undoes percent-encoding where there is one: in what people write, a percent sign may be just that.
func unescapeOr(s string) string {
	if decoded, ok := Unescape(s); ok {
		return decoded
	}
	return s
}

// readBare reads an identifier with nothing around it. Digits may stand in groups.
func readBare(s, kind string) (Key, error) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(s)
	numeric := digits != "" && digit.firstOutside(digits) < 0
	if numeric && kind == "" {
		kind = bareKinds[len(digits)]
	}
	f := formOf(kind)
	switch {
	case f == nil && numeric:
		return Key{}, fault(CodeLength, "number", s, "%d digits; a GTIN has 8, 12, 13 or 14, a GLN 13, a GSIN 17, an SSCC 18", len(digits))
	case f == nil:
		return Key{}, &Error{CodeUnknown, s, "not a GS1 identifier"}
	case numeric && f.digits > 0:
		s = digits
	}
	return f.bareKey(s)
}

// bareKey reads a value without its application identifier; the constant in front of it may be left out.
func (f *form) bareKey(value string) (Key, error) {
	if f.lead != "" && len(value) == f.length() {
		value = f.lead + value
	}
	return f.linkKey(value, "")
}

// readElements reads an element string with parentheses. Elements that identify nothing, such as a best-before date, are
// dropped, and of several qualifiers the most specific one is kept, as of a Digital Link.
func readElements(s string) (Key, error) {
	elements, ok := splitElements(s)
	if !ok {
		return Key{}, &Error{CodeSyntax, s, "not an element string such as (01)06901234000016(10)L2026A"}
	}
	var pairs []string
	for _, e := range elements {
		if f := formOfSegment(e.AI); f != nil && f.ai == e.AI {
			if pairs != nil {
				return Key{}, &Error{CodeSyntax, s, "holds two keys; write them one by one"}
			}
			pairs = []string{e.AI, e.Value}
		}
	}
	if pairs == nil {
		return Key{}, &Error{CodeUnsupported, s, "holds no key that this release knows"}
	}
	for _, q := range linkQualifiers { // barcodes hold them in any order
		for _, e := range elements {
			if e.AI == q.ai {
				pairs = append(pairs, e.AI, e.Value)
			}
		}
	}
	if !qualifiersFit(pairs[0], pairs[2:]) {
		return Key{}, &Error{CodeSyntax, s, "these application identifiers do not go together"}
	}
	return keyOfLink(pairs)
}

// splitElements takes an element string apart. A parenthesis inside a value is not taken for an application identifier
// unless two to four digits stand in it.
func splitElements(s string) (elements []Element, ok bool) {
	for s != "" {
		ai := leadingAI(s)
		if ai == "" {
			return nil, false
		}
		s = s[len(ai)+2:]
		end := 0
		for end < len(s) && leadingAI(s[end:]) == "" {
			end++
		}
		elements = append(elements, Element{ai, strings.TrimSpace(s[:end])})
		s = s[end:]
	}
	return elements, true
}

// leadingAI returns the application identifier that s begins with, in parentheses.
func leadingAI(s string) string {
	if s == "" || s[0] != '(' {
		return ""
	}
	ai, _, closed := strings.Cut(s[1:], ")")
	if !closed || len(ai) < 2 || len(ai) > 4 || digit.firstOutside(ai) >= 0 {
		return ""
	}
	return ai
}
