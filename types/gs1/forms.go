package gs1

import "strings"

// aiGTIN is the application identifier of the trade item number, the one key that is written in several lengths and that
// several types of key share.
const aiGTIN = "01"

// form says how the keys of one type are built. Adding a type of key is adding one form to the table below.
//
// A primary identifier is either digits, the check digit among them, or text without a check digit; a text always starts
// with the company prefix.
type form struct {
	kind  string // Key.Type
	label string // how error sentences call the primary identifier
	ai    string // application identifier of the primary identifier
	alias string // its word in Digital Links of version 1.0, still met on packages

	lead   string // constant in front of the digits in element strings and Digital Links, not part of Key.Primary
	digits int    // number of digits up to and with the check digit; 0 where the primary identifier is text
	extra  int    // further digits after the check digit
	text   span   // the primary identifier where it is text

	urn       string // kind and scheme of the EPC URN: "class:lgtin"; "" where there is none
	pattern   string // the same of the EPC pattern URN whose last component is the wildcard
	twin      string // another pattern that names the same key; it is read, and never written
	indicator bool   // the EPC URN moves the first digit behind the company prefix

	qualifier qualifier
}

// qualifier says what stands behind a primary identifier. Without a label there is none.
type qualifier struct {
	label  string
	ai     string // path segment in front of it; "" where it follows the primary identifier directly
	alias  string
	must   bool
	chars  span
	absent string // the value that stands for none (Tag Data Standard: the SGLN extension 0)
}

// span is a run of 1 to max characters out of set.
type span struct {
	max int
	set charset
}

var (
	lot     = qualifier{label: "lot", ai: "10", alias: "lot", must: true, chars: span{20, cset82}}
	serial  = qualifier{label: "serial", ai: "21", alias: "ser", must: true, chars: span{20, cset82}}
	pieceID = qualifier{label: "serial", ai: "21", alias: "ser", chars: span{20, cset82}}
)

// forms is every type of key we read. Lengths, characters and qualifiers are those of the GS1 General Specifications and
// URN schemes those of the GS1 Tag Data Standard; a test compares the table with the
// GS1 Barcode Syntax Dictionary. LITIP has no name in the standards: it is a lot of one piece of a trade item.
var forms = []form{
	{kind: "SSCC", label: "SSCC", ai: "00", alias: "sscc", digits: 18, urn: "id:sscc", indicator: true},
	{kind: "GTIN", label: "GTIN", ai: aiGTIN, alias: "gtin", digits: 14, pattern: "idpat:sgtin", twin: "idpat:upui", indicator: true},
	{kind: "LGTIN", label: "GTIN", ai: aiGTIN, alias: "gtin", digits: 14, urn: "class:lgtin", indicator: true, qualifier: lot},
	{kind: "SGTIN", label: "GTIN", ai: aiGTIN, alias: "gtin", digits: 14, urn: "id:sgtin", indicator: true, qualifier: serial},
	{kind: "UPUI", label: "GTIN", ai: aiGTIN, alias: "gtin", digits: 14, urn: "id:upui", indicator: true,
		qualifier: qualifier{label: "extension", ai: "235", must: true, chars: span{28, cset82}}},
	{kind: "GDTI", label: "GDTI", ai: "253", alias: "gdti", digits: 13, urn: "id:gdti", pattern: "idpat:gdti",
		qualifier: qualifier{label: "serial", chars: span{17, cset82}}},
	{kind: "GCN", label: "GCN", ai: "255", alias: "gcn", digits: 13, urn: "id:sgcn", pattern: "idpat:sgcn",
		qualifier: qualifier{label: "serial", chars: span{12, digit}}},
	{kind: "GINC", label: "GINC", ai: "401", alias: "ginc", text: span{30, cset82}, urn: "id:ginc"},
	{kind: "GSIN", label: "GSIN", ai: "402", alias: "gsin", digits: 17, urn: "id:gsin"},
	{kind: "SGLN", label: "GLN", ai: "414", alias: "gln", digits: 13, urn: "id:sgln", pattern: "idpat:sgln",
		qualifier: qualifier{label: "extension", ai: "254", alias: "glnx", chars: span{20, cset82}, absent: "0"}},
	{kind: "PGLN", label: "GLN", ai: "417", alias: "party", digits: 13, urn: "id:pgln"},
	{kind: "GRAI", label: "GRAI", ai: "8003", alias: "grai", lead: "0", digits: 13, urn: "id:grai", pattern: "idpat:grai",
		qualifier: qualifier{label: "serial", chars: span{16, cset82}}},
	{kind: "GIAI", label: "GIAI", ai: "8004", alias: "giai", text: span{30, cset82}, urn: "id:giai"},
	{kind: "ITIP", label: "ITIP", ai: "8006", alias: "itip", digits: 14, extra: 4, urn: "id:itip", pattern: "idpat:itip",
		indicator: true, qualifier: pieceID},
	{kind: "LITIP", label: "ITIP", ai: "8006", alias: "itip", digits: 14, extra: 4, indicator: true, qualifier: lot},
	{kind: "CPI", label: "CPI", ai: "8010", alias: "cpid", text: span{30, cset39}, urn: "id:cpi", pattern: "idpat:cpi",
		qualifier: qualifier{label: "serial", ai: "8011", alias: "cpsn", chars: span{12, number}}},
	{kind: "GSRNP", label: "GSRNP", ai: "8017", alias: "gsrnp", digits: 18, urn: "id:gsrnp"},
	{kind: "GSRN", label: "GSRN", ai: "8018", alias: "gsrn", digits: 18, urn: "id:gsrn"},
}

// linkQualifiers is the order in which key qualifiers may follow a primary identifier in a Digital Link (GS1 Digital Link
// URI Syntax). Those that no form names are read and dropped.
var linkQualifiers = []struct{ ai, alias, after string }{
	{"22", "cpv", "01 8006"},
	{"10", "lot", "01 8006"},
	{"21", "ser", "01 8006"},
	{"235", "", "01"},
	{"254", "glnx", "414"},
	{"7040", "", "414 417 8004"},
	{"8011", "cpsn", "8010"},
	{"8019", "srin", "8017 8018"},
}

func formOf(kind string) *form {
	for i := range forms {
		if forms[i].kind == kind {
			return &forms[i]
		}
	}
	return nil
}

// length is the number of digits in a primary identifier that consists of digits.
func (f *form) length() int { return f.digits + f.extra }

// key checks a primary identifier and a qualifier and joins them. Where the check digit is the only fault, the key comes
// with the error, for [ParseLoosely].
func (f *form) key(primary, qualifier string) (Key, error) {
	if qualifier == f.qualifier.absent {
		qualifier = ""
	}
	check := f.checkDigits
	if f.digits == 0 {
		check = f.checkText
	}
	primary, err := check(primary)
	if err != nil && !isCheckDigit(err) {
		return Key{}, err
	}
	if err := f.qualifier.check(f, primary, qualifier); err != nil {
		return Key{}, err
	}
	return Key{f.kind, primary, qualifier}, err
}

// checkDigits returns a numeric primary identifier in its full length, also beside the error of a wrong check digit.
func (f *form) checkDigits(s string) (string, error) {
	if i := digit.firstOutside(s); i >= 0 {
		return "", fault(CodeCharacters, f.label, s, "%q is not a digit", s[i])
	}
	if f.ai == aiGTIN && (len(s) == 8 || len(s) == 12 || len(s) == 13) {
		s = strings.Repeat("0", f.digits-len(s)) + s
	}
	if len(s) != f.length() {
		want := any(f.length())
		if f.ai == aiGTIN {
			want = "8, 12, 13 or 14"
		}
		return "", fault(CodeLength, f.label, s, "%d digits, expected %v", len(s), want)
	}
	body, got := s[:f.digits-1], s[f.digits-1]
	if want := checkDigit(body); got != want {
		return s, fault(CodeCheckDigit, f.label, s, "check digit %c, expected %c", got, want)
	}
	return s, nil
}

// leastPrefix is the length of the shortest company prefixes (GS1 General Specifications section 1.4).
const leastPrefix = 4

// checkText checks a primary identifier that is text. Where its company prefix ends is not known, only that it begins it.
func (f *form) checkText(s string) (string, error) {
	if err := f.text.check(f.label, s); err != nil {
		return "", err
	}
	if len(s) <= leastPrefix || digit.firstOutside(s[:leastPrefix]) >= 0 {
		return "", fault(CodeSyntax, f.label, s, "must be a company prefix, at least %d digits, with a reference behind it", leastPrefix)
	}
	return s, nil
}

func (q *qualifier) check(f *form, primary, s string) error {
	switch {
	case s != "" && q.label == "":
		return fault(CodeSyntax, f.kind, primary, "takes nothing behind it, got %q", s)
	case s == "" && q.must:
		return fault(CodeLength, f.kind, primary, "the %s is missing", q.label)
	case s == "":
		return nil
	}
	return q.chars.check(q.label, s)
}

// check refuses s unless it is 1 to max characters out of the span's set. The label names s in the error.
func (p span) check(label, s string) error {
	if len(s) == 0 || len(s) > p.max {
		return fault(CodeLength, label, s, "%d characters, expected 1 to %d", len(s), p.max)
	}
	if i := p.set.firstOutside(s); i >= 0 {
		return fault(CodeCharacters, label, s, "character %q is not allowed", s[i])
	}
	return nil
}
