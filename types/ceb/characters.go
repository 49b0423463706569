package ceb

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// whitespace is what XML calls so, and what the schema's "collapse" removes around numbers.
const whitespace = " \t\r\n"

// blank reports whether text is white space as XML knows it.
func blank(text string) bool {
	return strings.Trim(text, whitespace) == ""
}

// collapse makes every run of white space one space and leaves none at the ends, as the schema does with some texts.
func collapse(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(whitespace, r) })
	return strings.Join(words, " ")
}

// notXML returns the offset of the first byte that is no character of XML, or the length of the text.
func notXML(text string) int {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if n == 1 || r == '\ufffe' || r == '\uffff' {
			return i
		}
		i += n
	}
	return len(text)
}

// lineEnds makes every line end a newline (XML 1.0, 2.11); attributes have a space in its place (3.3.3).
var (
	lineEnds   = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	attributed = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ")
)

// decoded returns the characters that a piece of a text or of an attribute stands for.
func decoded(raw string, attribute bool) (string, *Error) {
	special := strings.IndexAny(raw, "&\r") >= 0
	if attribute {
		if strings.IndexByte(raw, '<') >= 0 {
			return "", flaw(Malformed, "not well-formed XML: < in an attribute")
		}
		special = strings.ContainsAny(raw, "&\r\n\t")
	}
	if !special {
		return raw, nil
	}
	normal := lineEnds
	if attribute {
		normal = attributed
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(raw, "&")
		normal.WriteString(&b, before)
		if !found {
			return b.String(), nil
		}
		reference, rest, found := strings.Cut(after, ";")
		r, known := referenced(reference)
		if !found || !known {
			return "", flaw(Malformed, "not well-formed XML: %s is no reference to a character", quoted("&"+reference))
		}
		b.WriteRune(r)
		raw = rest
	}
}

// referenced returns the character that stands between & and ; in words or numbers.
func referenced(reference string) (r rune, known bool) {
	switch reference {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, base := strings.TrimPrefix(reference, "#"), 10
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21) // 21 bits hold every code point
	r = rune(n)
	known = err == nil && reference != digits && strings.HasPrefix(reference, "#") && utf8.ValidRune(r) && notXML(string(r)) > 0
	return r, known
}

// escaped writes text so that reading gives it back: in elements and, in double quotes, in attributes.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")

// nameByte reports whether a byte can be part of a name; all bytes of characters beyond ASCII can.
func nameByte(c byte) bool {
	return c >= utf8.RuneSelf || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == ':' || c == '-' || c == '.'
}

// validName reports whether a word made of name bytes is a name with at most one prefix (Namespaces in XML 1.0, 4).
func validName(word string) bool {
	prefix, local, found := strings.Cut(word, ":")
	if !found {
		return simpleName(word)
	}
	return simpleName(prefix) && simpleName(local)
}

func simpleName(word string) bool {
	for i, r := range word {
		if !nameStart(r) && (i == 0 || !nameInside(r)) {
			return false
		}
	}
	return word != ""
}

// nameStart and nameInside are the classes of XML 1.0, 2.3, without the colon.
func nameStart(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
	case r == 0xd7 || r == 0xf7 || r == 0x37e || r < 0xc0 || r >= 0x300 && r <= 0x36f:
		return false
	case r >= 0x2000 && r <= 0x3000:
		return r == 0x200c || r == 0x200d || r >= 0x2070 && r <= 0x218f || r >= 0x2c00 && r <= 0x2fef
	}
	return r <= 0xd7ff || r >= 0xf900 && r <= 0xfdcf || r >= 0xfdf0 && r <= 0xfffd || r >= 0x10000 && r <= 0xeffff
}

func nameInside(r rune) bool {
	return r >= '0' && r <= '9' || r == '-' || r == '.' || r == 0xb7 || r >= 0x300 && r <= 0x36f || r == 0x203f || r == 0x2040
}
