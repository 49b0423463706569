package generate

import (
	"bytes"
	"fmt"
)

// Rates returns the table that the generated imports are taxed with, as CSV: gcode, vat and consumption in per cent.
func Rates() []byte {
	var b bytes.Buffer
	b.WriteString("gcode,vat,consumption\n")
	seen := map[string]bool{}
	for _, a := range imports {
		if seen[a.code] {
			continue
		}
		seen[a.code] = true
		fmt.Fprintf(&b, "%s,%d,%d\n", a.code, a.vat, a.consumption)
	}
	return b.Bytes()
}
