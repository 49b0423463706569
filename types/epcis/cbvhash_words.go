package epcis

import (
	"slices"
	"strings"
)

// wordBook holds the URIs of the Core Business Vocabulary and the GS1 Web Vocabulary that a document uses, sorted from
// behind. The authors' program replaces every text of a document that is the last part of exactly one of them, so that a
// note that says "shipping" means the business step if some event of the document has that step.
type wordBook []string

// readWords finds the words of v and everything in it.
func (h *hashing) readWords(v *value) {
	h.words = make(wordBook, 0, 8)
	h.gather(v, "", "")
	slices.SortFunc(h.words, compareBehind)
	h.words = slices.Compact(h.words)
}

// gather appends the URIs that v, the member with this name of the member parent, and everything in it use.
func (h *hashing) gather(v *value, name, parent string) {
	switch {
	case name == "@context" || name == "epcisMasterData":
	case v.kind == text:
		h.gatherText(v.text, name, parent)
	case v.kind == list:
		for i := range v.kids {
			h.gather(&v.kids[i], name, parent)
		}
	case v.kind == object:
		for i := range v.kids {
			h.gather(&v.kids[i], v.kids[i].name, name)
		}
	}
}

// gatherText appends the URI that a text stands for, if it is of a vocabulary.
func (h *hashing) gatherText(s, name, parent string) {
	if words := vocabularyOf(name, parent); words != nil && slices.Contains(words.words, s) {
		h.words = append(h.words, words.web+s)
		return
	}
	if prefix, rest, ok := strings.Cut(s, ":"); ok && prefix != "https" && !strings.Contains(name, ":") {
		if iri := h.namespace(prefix); iri != "" {
			s = iri + rest
		}
	}
	if strings.HasPrefix(s, "https://ref.gs1.org/cbv") || strings.HasPrefix(s, "https://gs1.org/voc") {
		h.words = append(h.words, s)
	}
}

// vocabularyOf returns the vocabulary that the context of EPCIS has for the texts of a member, nil where it has none.
func vocabularyOf(name, parent string) *vocabulary {
	switch name {
	case "type":
		return vocabularyOfTypes(parent)
	case "bizStep":
		return bizSteps
	case "disposition":
		return dispositions
	case "set", "unset":
		if parent == "persistentDisposition" {
			return dispositions
		}
	case "exception":
		return sensorAlertTypes
	case "component":
		return components
	case "reason":
		return errorReasons
	}
	return nil
}

func vocabularyOfTypes(parent string) *vocabulary {
	switch parent {
	case "sourceList", "destinationList":
		return sourceDestTypes
	case "bizTransactionList":
		return bizTransactionTypes
	case "sensorReport":
		return measurementTypes
	}
	return nil
}

// write returns the URI that s is the last part of, or s.
func (b wordBook) write(s string) string {
	dashed, n := b.endingIn(s, '-')
	slashed, m := b.endingIn(s, '/')
	switch {
	case n+m != 1:
		return s
	case n == 1:
		return b[dashed]
	}
	return b[slashed]
}

// endingIn returns the first URI that ends in mark and s, and how many do: 0, 1 or 2 for several.
func (b wordBook) endingIn(s string, mark byte) (first, n int) {
	first, _ = slices.BinarySearchFunc(b, s, func(uri, s string) int { return compareEnd(uri, s, mark) })
	for n < 2 && first+n < len(b) && hasEnd(b[first+n], s, mark) {
		n++
	}
	return first, n
}

func hasEnd(uri, s string, mark byte) bool {
	return len(uri) > len(s) && uri[len(uri)-len(s)-1] == mark && strings.HasSuffix(uri, s)
}

// compareBehind compares two strings from behind.
func compareBehind(a, b string) int {
	for i := 1; i <= min(len(a), len(b)); i++ {
		if x, y := a[len(a)-i], b[len(b)-i]; x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// compareEnd is compareBehind for uri and mark followed by s.
func compareEnd(uri, s string, mark byte) int {
	n := min(len(uri), len(s))
	if c := compareBehind(uri[len(uri)-n:], s[len(s)-n:]); c != 0 {
		return c
	}
	if n == len(uri) {
		return -1
	}
	if last := uri[len(uri)-n-1]; last != mark {
		return int(last) - int(mark)
	}
	return len(uri) - n - 1
}
