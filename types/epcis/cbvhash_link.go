package epcis

import "strings"

// hashLink returns the Digital Link at id.gs1.org that a GS1 identifier is hashed as: only the most specific identification
// and no query. It is not ok for what is no such identifier, nor for what the authors' program does not take for one, such
// as a Digital Link with a percent-encoding in it: that is hashed as it stands. Unlike [gs1.Parse] it looks at no check
// digit: an identifier that is in print already has to be hashed as well.
func hashLink(s string) (link string, ok bool) {
	if strings.IndexByte(s, '.') < 0 {
		return "", false
	}
	if urn, isURN := strings.CutPrefix(s, "urn:epc:"); isURN {
		return linkOfURN(urn)
	}
	for _, scheme := range []string{"https:", "http:"} {
		if rest, isWeb := strings.CutPrefix(s, scheme); isWeb && namesKey(rest) {
			return linkOfLink(s)
		}
	}
	return "", false
}

const hashHost = "https://id.gs1.org"

// linkOfLink reads a Digital Link on any domain.
func linkOfLink(s string) (string, bool) {
	s, _, _ = strings.Cut(s, "?")
	s = digitalNames(s)
	if rest, ok := cutHost(s); ok && startsWithKey(rest) {
		s = s[:len(s)-len(rest)] + mostSpecific(padGTIN(rest))
		return s, isKeyPath(s[len(hashHost):])
	}
	for _, key := range hashKeys {
		if i := strings.Index(s, key); i >= 0 {
			path := mostSpecific(padGTIN(s[i:]))
			return hashHost + path, isKeyPath(path)
		}
	}
	return "", false
}

// cutHost cuts the canonical host off a link. The authors' program lets any character stand for its dots.
func cutHost(s string) (rest string, ok bool) {
	if len(s) < len(hashHost) {
		return s, false
	}
	host := []byte(s[:len(hashHost)])
	host[len("https://id")], host[len("https://id.gs1")] = '.', '.'
	return s[len(hashHost):], string(host) == hashHost
}

// hashKeys are the primary keys in the order in which the authors' program looks for them in links on other domains.
var hashKeys = []string{
	"/00/", "/01/", "/253/", "/255/", "/401/", "/402/", "/414/", "/417/", "/8003/", "/8004/", "/8006/", "/8010/", "/8017/", "/8018/",
}

// keyNames are the names that primary keys and qualifiers had in Digital Links, in the order in which they are replaced.
var keyNames = []struct{ name, key string }{
	{"/gtin/", "/01/"}, {"/itip/", "/8006/"}, {"/cpid/", "/8010/"}, {"/gln/", "/414/"}, {"/party/", "/417/"},
	{"/gsrnp/", "/8017/"}, {"/gsrn/", "/8018/"}, {"/gcn/", "/255/"}, {"/sscc/", "/00/"}, {"/gdti/", "/253/"},
	{"/ginc/", "/401/"}, {"/gsin/", "/402/"}, {"/grai/", "/8003/"}, {"/giai/", "/8004/"},
	{"/cpv/", "/22/"}, {"/lot/", "/10/"}, {"/ser/", "/21/"},
}

const primaryNames = 14 // of keyNames

func digitalNames(s string) string {
	for _, n := range keyNames {
		if strings.Contains(s, n.name) {
			s = strings.ReplaceAll(s, n.name, n.key)
		}
	}
	return s
}

// namesKey reports whether a link, its scheme cut off, has a primary key in its path with a value of five characters or more
// that starts with four digits.
func namesKey(s string) bool {
	end := len(s)
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		end = i
	}
	for i := strings.IndexByte(s[:end], '/'); i >= 0; {
		length := strings.IndexByte(s[i+1:end], '/')
		if length < 0 {
			return false
		}
		next := i + 1 + length
		if isPrimary(s[i:next+1]) && startsWithValue(s[next+1:]) {
			return true
		}
		i = next
	}
	return false
}

func isPrimary(segment string) bool {
	for _, key := range hashKeys {
		if segment == key {
			return true
		}
	}
	for _, n := range keyNames[:primaryNames] {
		if segment == n.name {
			return true
		}
	}
	return false
}

// startsWithValue reports whether s starts with four digits and one more character of a segment.
func startsWithValue(s string) bool { return len(s) > 4 && isDigits(s[:4]) && s[4] != '/' }

func startsWithKey(path string) bool {
	for _, key := range hashKeys {
		if value, ok := strings.CutPrefix(path, key); ok {
			return startsWithValue(value)
		}
	}
	return false
}

// padGTIN writes a GTIN-8, GTIN-12 or GTIN-13 with fourteen digits.
func padGTIN(path string) string {
	gtin, ok := strings.CutPrefix(path, "/01/")
	if !ok {
		return path
	}
	zeros := ""
	switch n := len(gtin) - len(strings.TrimLeft(gtin, "0123456789")); {
	case n == 13:
		zeros = "0"
	case n == 12:
		zeros = "00"
	case n >= 8 && n < 12:
		zeros = "000000"
	}
	return strings.ReplaceAll(path, "/01/", "/01/"+zeros)
}

// mostSpecific drops the consumer product variant, and the lot in front of a serial number.
func mostSpecific(path string) string {
	head := itemHead(path)
	if head == 0 {
		return path
	}
	if rest, ok := strings.CutPrefix(path[head:], "/22/"); ok && len(rest) <= 20 && isLinkText(strings.ReplaceAll(rest, "/", "")) {
		rest = rest[len(rest)-len(restOf(rest)):]
		path = path[:head] + rest
	}
	if rest, ok := strings.CutPrefix(path[head:], "/10/"); ok {
		lot, serial, ok := strings.Cut(rest, "/21/")
		if ok && len(lot) <= 20 && len(serial) <= 20 && isLinkText(lot+serial) {
			path = path[:head] + "/21/" + serial
		}
	}
	return path
}

// restOf returns what follows the first segment of s, with its slash.
func restOf(s string) string {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[i:]
	}
	return ""
}

// itemHead returns the length of the key of a trade item, or of a piece of one, at the start of path; 0 where there is none.
func itemHead(path string) int {
	for _, head := range []struct {
		key    string
		digits int
	}{{"/01/", 14}, {"/8006/", 18}} {
		n := len(head.key) + head.digits
		if strings.HasPrefix(path, head.key) && len(path) > n && isDigits(path[len(head.key):n]) {
			return n
		}
	}
	return 0
}

// isLinkText reports whether s consists of characters that the value of an identifier has in a link without
// percent-encoding.
func isLinkText(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte(`"'-.;<=>?_`, c) < 0 {
			return false
		}
	}
	return true
}

// keyPath is the grammar of the path of one identification.
type keyPath struct {
	key       string
	digits    int    // that the value starts with
	text      int    // characters that may follow the digits
	qualifier string // that has to follow, "" for none
	most      int    // characters of the qualifier
}

var keyPaths = []keyPath{
	{key: "/00/", digits: 18},
	{key: "/01/", digits: 14},
	{key: "/01/", digits: 14, qualifier: "/21/", most: 20},
	{key: "/01/", digits: 14, qualifier: "/10/", most: 20},
	{key: "/01/", digits: 14, qualifier: "/235/", most: 28},
	{key: "/253/", digits: 13, text: 17},
	{key: "/401/", text: 30},
	{key: "/402/", digits: 17},
	{key: "/414/", digits: 13},
	{key: "/414/", digits: 13, qualifier: "/254/", most: 20},
	{key: "/417/", digits: 13},
	{key: "/8003/", digits: 14, text: 16},
	{key: "/8004/", text: 30},
	{key: "/8006/", digits: 18},
	{key: "/8006/", digits: 18, qualifier: "/21/", most: 20},
	{key: "/8006/", digits: 18, qualifier: "/10/", most: 20},
	{key: "/8017/", digits: 18},
	{key: "/8018/", digits: 18},
}

// isKeyPath reports whether path is one identification and nothing else.
func isKeyPath(path string) bool {
	for i := range keyPaths {
		if rest, ok := strings.CutPrefix(path, keyPaths[i].key); ok && keyPaths[i].matches(rest) {
			return true
		}
	}
	if coupon, ok := strings.CutPrefix(path, "/255/"); ok {
		return len(coupon) >= 13 && len(coupon) <= 25 && isDigits(coupon)
	}
	part, ok := strings.CutPrefix(path, "/8010/")
	return ok && isComponentPart(part)
}

// matches reports whether rest, which follows the key, is the value and the qualifier.
func (p *keyPath) matches(rest string) bool {
	if len(rest) < p.digits || !isDigits(rest[:p.digits]) {
		return false
	}
	rest = rest[p.digits:]
	if p.qualifier == "" {
		return len(rest) <= p.text && isLinkText(rest)
	}
	value, ok := strings.CutPrefix(rest, p.qualifier)
	return ok && len(value) <= p.most && isLinkText(value)
}

// isComponentPart reports whether s is the identifier of a component or part, with or without a serial number.
func isComponentPart(s string) bool {
	if isPartText(s) {
		return true
	}
	i := strings.LastIndex(s, "/8011/")
	return i >= 0 && isPartText(s[:i]) && len(s)-i <= len("/8011/")+12 && isDigits(s[i+len("/8011/"):])
}

func isPartText(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '#' && c != '-' && c != '/' {
			return false
		}
	}
	return len(s) <= 30
}
