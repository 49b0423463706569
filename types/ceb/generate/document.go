package generate

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// fields makes the fields of an element from names and values. A field whose value is "" is left out.
func fields(path string, pairs ...string) []ceb.Field {
	all := make([]ceb.Field, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			all = append(all, ceb.Field{Path: path + "/" + pairs[i], Value: pairs[i+1]})
		}
	}
	return all
}

// lined makes the lines of a document, "OrderList[0]" and so on.
func lined(name string, lines []line, pairs func(l line) []string) [][]ceb.Field {
	all := make([][]ceb.Field, len(lines))
	for i, l := range lines {
		numbered := append([]string{"gnum", strconv.Itoa(i + 1)}, pairs(l)...)
		all[i] = fields(indexed(name, i), numbered...)
	}
	return all
}

func indexed(name string, i int) string {
	return name + "[" + strconv.Itoa(i) + "]"
}

// group returns the fields of which a path is one, the head's or a line's. The line must exist.
func group(d *ceb.Document, path string) *[]ceb.Field {
	_, after, found := strings.Cut(path, "[")
	if !found {
		return &d.Head
	}
	number, _, _ := strings.Cut(after, "]")
	i, err := strconv.Atoi(number)
	if err != nil {
		panic("generate: path " + path)
	}
	return &d.Lines[i]
}

func position(fields []ceb.Field, path string) int {
	return slices.IndexFunc(fields, func(f ceb.Field) bool { return f.Path == path })
}

// value returns the value at a path, "" where there is none.
func value(d *ceb.Document, path string) string {
	in := *group(d, path)
	if i := position(in, path); i >= 0 {
		return in[i].Value
	}
	return ""
}

// put sets the value at a path, and takes the field out for "".
func put(d *ceb.Document, path, value string) {
	in := group(d, path)
	i := position(*in, path)
	switch {
	case i < 0:
		*in = append(*in, ceb.Field{Path: path, Value: value})
	case value == "":
		*in = slices.Delete(*in, i, i+1)
	default:
		(*in)[i].Value = value
	}
}

// clone copies a document, so that changes of one do not show in the other.
func clone(d *ceb.Document) ceb.Document {
	copied := ceb.Document{Kind: d.Kind, Head: slices.Clone(d.Head)}
	for _, l := range d.Lines {
		copied.Lines = append(copied.Lines, slices.Clone(l))
	}
	return copied
}

// money writes hundredths, weight writes grams as kilograms. A Decimal counts in units of 10^-5.
func money(hundredths int64) string { return ceb.Decimal(hundredths * 1_000).String() }
func weight(grams int64) string     { return ceb.Decimal(grams * 100).String() }

// china is the zone of all times in customs messages.
var china = time.FixedZone("UTC+8", 8*60*60)

const (
	timeLayout = "20060102150405"
	dateLayout = "20060102"
)

func clock(t time.Time) string { return t.In(china).Format(timeLayout) }
func date(t time.Time) string  { return t.In(china).Format(dateLayout) }
