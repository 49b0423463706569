package gs1

import (
	"fmt"
	"strings"
)

// dictionarySpec writes a form the way the GS1 Barcode Syntax Dictionary does.
func (f *form) dictionarySpec() string {
	var parts []string
	if f.lead != "" {
		parts = append(parts, fmt.Sprintf("N%d", len(f.lead)))
	}
	if f.digits > 0 {
		parts = append(parts, fmt.Sprintf("N%d", f.digits))
	} else {
		parts = append(parts, f.text.dictionarySpec())
	}
	if f.extra > 0 {
		parts = append(parts, fmt.Sprintf("N%d", f.extra))
	}
	if f.qualifier.label != "" && f.qualifier.ai == "" {
		parts = append(parts, f.qualifier.chars.dictionarySpec())
	}
	return strings.Join(parts, " ")
}

func (p span) dictionarySpec() string {
	letter := "N"
	switch p.set {
	case cset39:
		letter = "Y"
	case cset82:
		letter = "X"
	}
	return fmt.Sprintf("%s..%d", letter, p.max)
}
