package epcis

import "strings"

// urnForm is the grammar of one EPC scheme: a company prefix, a reference and a tail, with dots in between.
type urnForm struct {
	name      string
	key       string   // path of the link up to the identifier
	digits    int      // of prefix and reference together, without check digit; 0 where there is only a tail
	indicator bool     // the first digit of the reference stands in front of the prefix
	dot       bool     // a prefix of 12 digits takes a dot too many: a slip of the authors' program
	tail      tailForm // what follows prefix and reference
}

// tailForm reads the end of a URN, from the dot on, and returns the end of the link. Together with a text it may have at most
// so many characters as room says.
type tailForm func(rest string, room int) (string, bool)

var urnForms = []urnForm{
	{name: "id:sgtin", key: "/01/", digits: 13, indicator: true, tail: serial("/21/", 20)},
	{name: "id:sscc", key: "/00/", digits: 17, indicator: true, tail: nothing},
	{name: "id:sgln", key: "/414/", digits: 12, tail: extension},
	{name: "id:grai", key: "/8003/0", digits: 12, dot: true, tail: serial("", 16)},
	{name: "id:giai", key: "/8004/", tail: reference},
	{name: "id:gsrn", key: "/8018/", digits: 17, tail: nothing},
	{name: "id:gsrnp", key: "/8017/", digits: 17, tail: nothing},
	{name: "id:gdti", key: "/253/", digits: 12, tail: documentSerial},
	{name: "id:cpi", key: "/8010/", tail: partSerial},
	{name: "id:sgcn", key: "/255/", digits: 12, tail: couponSerial},
	{name: "id:ginc", key: "/401/", tail: reference},
	{name: "id:gsin", key: "/402/", digits: 16, tail: nothing},
	{name: "id:itip", key: "/8006/", digits: 13, indicator: true, tail: pieces(serial("/21/", 20))},
	{name: "id:upui", key: "/01/", digits: 13, indicator: true, tail: serial("/235/", 28)},
	{name: "id:pgln", key: "/417/", digits: 12, tail: nothing},
	{name: "class:lgtin", key: "/01/", digits: 13, indicator: true, tail: serial("/10/", 20)},
	{name: "idpat:sgtin", key: "/01/", digits: 13, indicator: true, tail: wildcard},
	{name: "idpat:grai", key: "/8003/0", digits: 12, dot: true, tail: wildcard},
	{name: "idpat:gdti", key: "/253/", digits: 12, dot: true, tail: wildcard},
	{name: "idpat:sgcn", key: "/255/", digits: 12, dot: true, tail: wildcard},
	{name: "idpat:cpi", key: "/8010/", tail: partWildcard},
	{name: "idpat:itip", key: "/8006/", digits: 13, indicator: true, tail: pieces(wildcard)},
	{name: "idpat:upui", key: "/01/", digits: 13, indicator: true, tail: wildcard},
}

// linkOfURN reads what follows urn:epc: in a URN.
func linkOfURN(urn string) (string, bool) {
	for i := range urnForms {
		f := &urnForms[i]
		if body, ok := strings.CutPrefix(urn, f.name); ok && body != "" && body[0] == ':' {
			return f.link(body[1:])
		}
	}
	return "", false
}

// link returns the Digital Link of a URN with this body.
func (f *urnForm) link(body string) (string, bool) {
	prefix, _, _ := strings.Cut(body, ".")
	if len(prefix) < 6 || len(prefix) > 12 || len(prefix) == len(body) || !isDigits(prefix) {
		return "", false
	}
	id, rest, ok := f.identifier(prefix, body[len(prefix):])
	if !ok {
		return "", false
	}
	lost := ""
	if f.dot && len(prefix) == 12 {
		lost = "."
		rest, ok = strings.CutPrefix(rest, lost)
	}
	tail, read := f.tail(rest, 30-len(prefix))
	if !ok || !read {
		return "", false
	}
	if tail != "" {
		tail = lost + tail
	}
	return hashHost + f.key + id + tail, true
}

// identifier reads the reference behind a company prefix and returns both as one number with its check digit, and the rest.
func (f *urnForm) identifier(prefix, rest string) (id, tail string, ok bool) {
	n := f.digits - len(prefix)
	if f.digits == 0 {
		return prefix, rest, true
	}
	if len(rest) <= n || !isDigits(rest[1:1+n]) {
		return "", "", false
	}
	id = prefix + rest[1:1+n]
	if f.indicator {
		id = rest[1:2] + prefix + rest[2:1+n]
	}
	return id + checkDigitOf(id), rest[1+n:], true
}

// checkDigitOf returns the check digit of a GS1 key (General Specifications, section 7.9.1).
func checkDigitOf(digits string) string {
	sum := 0
	for i := range len(digits) {
		weight := 3 - 2*(i%2)
		sum += weight * int(digits[len(digits)-1-i]-'0')
	}
	return string(byte('0' + (10-sum%10)%10))
}

func nothing(rest string, _ int) (string, bool) { return "", rest == "" }

func wildcard(rest string, _ int) (string, bool) { return "", rest == ".*" }

// serial reads a serial number or lot of at most so many characters, and puts it behind a key qualifier.
func serial(qualifier string, most int) tailForm {
	return func(rest string, _ int) (string, bool) {
		s, ok := strings.CutPrefix(rest, ".")
		return qualifier + encodeForLink(s), ok && isEPCText(s, most)
	}
}

// extension reads the extension of a location, which 0 stands for if there is none.
func extension(rest string, room int) (string, bool) {
	if rest == ".0" {
		return "", true
	}
	return serial("/254/", 20)(rest, room)
}

// reference reads the reference of an asset or a consignment.
func reference(rest string, room int) (string, bool) {
	s, ok := strings.CutPrefix(rest, ".")
	return encodeForLink(s), ok && isEPCText(s, room)
}

// documentSerial reads the serial number of a document. The authors' program takes any character for the dot in front of it.
func documentSerial(rest string, room int) (string, bool) {
	most := 20
	if room == 30-12 {
		return serial("", most)(rest, room)
	}
	return encodeForLink(rest[min(1, len(rest)):]), isEPCText(rest, most)
}

func couponSerial(rest string, _ int) (string, bool) {
	s, ok := strings.CutPrefix(rest, ".")
	return s, ok && s != "" && len(s) <= 12 && isDigits(s)
}

// pieces reads the number of a piece and of all pieces in front of the rest.
func pieces(next tailForm) tailForm {
	return func(rest string, room int) (string, bool) {
		if len(rest) < 6 || rest[0] != '.' || rest[3] != '.' || !isDigits(rest[1:3]+rest[4:6]) {
			return "", false
		}
		tail, ok := next(rest[6:], room)
		return rest[1:3] + rest[4:6] + tail, ok
	}
}

// partSerial reads the reference of a component or part and its serial number.
func partSerial(rest string, room int) (string, bool) {
	dot := strings.LastIndexByte(rest, '.')
	part, ok := partReference(rest[:dot], room)
	s := rest[dot+1:]
	return part + "/8011/" + s, ok && s != "" && len(s) <= 12 && isDigits(s)
}

func partWildcard(rest string, room int) (string, bool) {
	rest, ok := strings.CutSuffix(rest, ".*")
	if !ok {
		return "", false
	}
	return partReference(rest, room)
}

func partReference(rest string, room int) (string, bool) {
	s, ok := strings.CutPrefix(rest, ".")
	return s, ok && isEPC(s, room, isPartByte, func(c byte) bool { return c == '-' || isPartByte(c) && c != '#' && c != '/' })
}

// isPartByte reports whether references of components and parts can hold c (General Specifications, character set 39).
func isPartByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == '#' || c == '-' || c == '/'
}

// isEPCText reports whether s is a text of a URN with one to most characters.
func isEPCText(s string, most int) bool {
	plain := func(c byte) bool { return isTextByte(c) && strings.IndexByte(`"%&/<>?`, c) < 0 }
	return isEPC(s, most, isTextByte, plain)
}

// isTextByte reports whether serial numbers and lots can hold c (General Specifications, character set 82).
func isTextByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c != 0 && strings.IndexByte(`!"%&'()*+,-./:;<=>?_`, c) >= 0
}

// isEPC reports whether s has one to most characters, each of those that a text can hold; what plain excludes has to be
// percent-encoded.
func isEPC(s string, most int, allowed, plain func(c byte) bool) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '%' && !plain(s[i]) {
			return false
		}
		if s[i] == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) || !allowed(unhex(s[i+1])<<4|unhex(s[i+2])) {
				return false
			}
			i += 2
		}
		n++
	}
	return n > 0 && n <= most
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// encodeForLink percent-encodes what a URN has plain and a Digital Link has not.
func encodeForLink(s string) string {
	if strings.IndexAny(s, "!()*+,:") < 0 {
		return s
	}
	return linkEncoding.Replace(s)
}

var linkEncoding = strings.NewReplacer("!", "%21", "(", "%28", ")", "%29", "*", "%2A", "+", "%2B", ",", "%2C", ":", "%3A")
