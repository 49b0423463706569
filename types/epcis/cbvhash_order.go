package epcis

import (
	"slices"
	"strings"
)

// place is the place of a field in the prehash, with the order of its parts. The parts of a field without an order are
// written with what is left over.
type place struct {
	name  string
	parts []place
}

// eventOrder is the order of the fields of events. bizTransactionList, sourceList and destinationList are not in it: the
// authors' program leaves them over.
var eventOrder = slices.Concat(
	places("eventTime eventTimeZoneOffset certificationInfo parentID"),
	[]place{
		{"epcList", places("epc")},
		{"inputEPCList", places("epc")},
		{"childEPCs", places("epc")},
		{"quantityList", quantityElementOrder},
		{"childQuantityList", quantityElementOrder},
		{"inputQuantityList", quantityElementOrder},
		{"outputEPCList", places("epc")},
		{"outputQuantityList", quantityElementOrder},
	},
	places("action transformationID bizStep disposition"),
	[]place{
		{"persistentDisposition", places("set unset")},
		{"readPoint", places("id")},
		{"bizLocation", places("id")},
		{"sensorElementList", []place{{"sensorElement", []place{
			{"sensorMetadata", places("time startTime endTime deviceID deviceMetadata rawData dataProcessingMethod bizRules")},
			{"sensorReport", places(`type exception deviceID deviceMetadata rawData dataProcessingMethod time microorganism
				chemicalSubstance value component stringValue booleanValue hexBinaryValue uriValue minValue maxValue meanValue
				sDev percRank percValue uom coordinateReferenceSystem`)},
		}}}},
	},
)

var quantityElementOrder = []place{{"quantityElement", places("epcClass quantity uom")}}

func places(names string) []place {
	var all []place
	for _, name := range strings.Fields(names) {
		all = append(all, place{name: name})
	}
	return all
}

// writeInOrder appends the fields that have a place in the order to out and marks them as written, except those of which
// something is left over.
func writeInOrder(out []byte, fields []xmlField, order []place) []byte {
	extensions := takeExtensions(fields)
	for i := range order {
		out = writeNamed(out, fields, &order[i])
	}
	return writeRest(out, extensions)
}

// writeNamed appends the fields with one name, sorted.
func writeNamed(out []byte, fields []xmlField, p *place) []byte {
	var room [8]int
	starts := room[:0]
	for i := range fields {
		if f := &fields[i]; !f.written && f.name == p.name {
			starts = append(starts, len(out))
			out = writePlaced(out, f, p)
			f.written = !hasRest(f)
		}
	}
	return sortTexts(out, starts)
}

// sortTexts sorts the texts at the end of out that start at these places.
func sortTexts(out []byte, starts []int) []byte {
	if len(starts) < 2 {
		return out
	}
	start := starts[0]
	all := string(out[start:])
	texts := make([]string, len(starts))
	for i := range starts {
		end := len(out)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		texts[i] = all[starts[i]-start : end-start]
	}
	if slices.IsSorted(texts) {
		return out
	}
	slices.Sort(texts)
	out = out[:start]
	for _, s := range texts {
		out = append(out, s...)
	}
	return out
}

// writePlaced appends one field; nothing where it says nothing.
func writePlaced(out []byte, f *xmlField, p *place) []byte {
	start := len(out)
	out = append(out, f.name...)
	bare := len(out)
	if s := strings.TrimFunc(f.text, isSpace); s != "" && (p.name == "time" || strings.HasSuffix(p.name, "Time")) {
		out = append(append(out, '='), hashTime(s)...)
	} else if s != "" {
		out = append(append(out, '='), hashValue(s)...)
	}
	if p.parts != nil {
		out = writeInOrder(out, f.parts, p.parts)
	}
	if len(out) == bare {
		return out[:start]
	}
	return out
}

func hasRest(f *xmlField) bool {
	return slices.ContainsFunc(f.parts, func(p xmlField) bool { return !p.written })
}

// takeExtensions takes the extensions that stand directly behind the other parts of the field they are in.
func takeExtensions(fields []xmlField) (taken []xmlField) {
	if len(fields) < 2 {
		return nil
	}
	for i := range fields {
		if strings.Contains(fields[i].name, "eventTime") || strings.Contains(fields[i].name, "action") {
			return nil
		}
	}
	for i := range fields {
		if f := &fields[i]; strings.Contains(f.name, "{") && strings.Contains(f.name, "/}") {
			taken = append(taken, *f)
			f.written = true
		}
	}
	return taken
}

// writeRest appends the fields that are not written yet, sorted, with everything in them that is not.
func writeRest(out []byte, fields []xmlField) []byte {
	var room [8]int
	starts := room[:0]
	for i := range fields {
		if f := &fields[i]; !f.written {
			starts = append(starts, len(out))
			out = writeLoose(out, f)
		}
	}
	if !sortable(fields) {
		return out
	}
	return sortTexts(out, starts)
}

// writeLoose appends a field that has no place in the order.
func writeLoose(out []byte, f *xmlField) []byte {
	out = append(out, f.name...)
	if s := strings.TrimFunc(f.text, isSpace); s != "" {
		out = append(append(out, '='), hashValue(s)...)
	}
	return writeRest(out, f.parts)
}

// sortable reports whether fields beside each other are sorted. Those of a couple are not.
func sortable(fields []xmlField) bool {
	return !slices.ContainsFunc(fields, func(f xmlField) bool {
		return !f.written && (f.name == "bizTransaction" || f.name == "source" || f.name == "destination")
	})
}
