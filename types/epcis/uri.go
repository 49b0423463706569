package epcis

import "strings"

// isURI reports whether s is an absolute URI (RFC 3986 section 3), which is what the JSON schema calls the format uri. It
// may be a compact IRI as well: its prefix looks like a scheme.
func isURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isSchemeName(scheme) {
		return false
	}
	if tail, isNet := strings.CutPrefix(rest, "//"); isNet {
		end := strings.IndexAny(tail, "/?#")
		if end < 0 {
			end = len(tail)
		}
		if !isAuthority(tail[:end]) {
			return false
		}
		rest = tail[end:]
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	return hasOnly(rest, ":@/?") && hasOnly(fragment, ":@/?")
}

func isSchemeName(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && (i == 0 || strings.IndexByte("0123456789+-.", s[i]) < 0) {
			return false
		}
	}
	return s != ""
}

// isAuthority reports whether s is a host with or without user and port.
func isAuthority(s string) bool {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		if !hasOnly(s[:at], ":") {
			return false
		}
		s = s[at+1:]
	}
	if ip, ok := strings.CutPrefix(s, "["); ok {
		ip, s, ok = strings.Cut(ip, "]")
		if !ok || ip == "" || strings.Trim(ip, "0123456789abcdefABCDEF:.v") != "" || s != "" && s[0] != ':' {
			return false
		}
	}
	host, port, _ := strings.Cut(s, ":")
	return hasOnly(host, "") && strings.Trim(port, "0123456789") == ""
}

// hasOnly reports whether s consists of unreserved characters, sub-delimiters, percent-encodings and what else is given.
func hasOnly(s, others string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isLetter(c) || c >= '0' && c <= '9':
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		case strings.IndexByte("-._~!$&'()*+,;=", c) < 0 && strings.IndexByte(others, c) < 0:
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }
