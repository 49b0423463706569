package epcisrest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types/gs1"
)

// query is what a caller asks of the events.
type query struct {
	filter readmodel.EventFilter
	order  readmodel.EventOrder
	first  int // eventCountLimit: answer so many; 0 = all
	most   int // maxEventCount: refuse to answer more; noMost = any number

	prefixes prefixes
	given    map[string]bool // names of the parameters, for rules between them
}

const noMost = -1

// The bounds of a query.
const (
	maxParams = 64
	maxValues = 500 // of one parameter
	maxValue  = 1 << 10
)

// reading is what is done with the values of one parameter, of which there is at least one.
type reading func(q *query, name string, values []string) error

// params are the query parameters that are understood, besides those with a type or unit at
// the end of their names. Every other parameter is refused: an answer to half of a question is
// a wrong one.
var params = map[string]reading{
	"eventType":                      list(func(q *query) *[]string { return &q.filter.Types }, eventTypeWord),
	"GE_eventTime":                   moment(func(q *query) *int64 { return &q.filter.EventFrom }),
	"LT_eventTime":                   moment(func(q *query) *int64 { return &q.filter.EventBefore }),
	"GE_recordTime":                  moment(func(q *query) *int64 { return &q.filter.RecordFrom }),
	"LT_recordTime":                  moment(func(q *query) *int64 { return &q.filter.RecordBefore }),
	"EQ_action":                      list(func(q *query) *[]string { return &q.filter.Actions }, actionWord),
	"EQ_bizStep":                     list(func(q *query) *[]string { return &q.filter.BizSteps }, bizStep.word),
	"EQ_disposition":                 list(func(q *query) *[]string { return &q.filter.Dispositions }, disposition.word),
	"EQ_persistentDisposition_set":   list(func(q *query) *[]string { return &q.filter.Set }, disposition.word),
	"EQ_persistentDisposition_unset": list(func(q *query) *[]string { return &q.filter.Unset }, disposition.word),
	"EQ_readPoint":                   list(func(q *query) *[]string { return &q.filter.ReadPoints }, identifier),
	"EQ_bizLocation":                 list(func(q *query) *[]string { return &q.filter.BizLocations }, identifier),
	"EQ_transformationID":            list(func(q *query) *[]string { return &q.filter.TransformationIDs }, identifier),
	"EQ_eventID":                     list(func(q *query) *[]string { return &q.filter.EventIDs }, uri),
	"EQ_errorReason":                 list(func(q *query) *[]string { return &q.filter.ErrorReasons }, errorReason.word),
	"EQ_correctiveEventID":           list(func(q *query) *[]string { return &q.filter.Correctives }, uri),
	"MATCH_epc":                      match("epc"),
	"MATCH_parentID":                 match("parentID"),
	"MATCH_inputEPC":                 match("inputEPC"),
	"MATCH_outputEPC":                match("outputEPC"),
	"MATCH_anyEPC":                   match(anyEPC...),
	"MATCH_epcClass":                 match("epcClass"),
	"MATCH_inputEPCClass":            match("inputEPCClass"),
	"MATCH_outputEPCClass":           match("outputEPCClass"),
	"MATCH_anyEPCClass":              match(anyEPCClass...),
	"EXISTS_errorDeclaration":        existsDeclaration,
	"GE_errorDeclarationTime":        moment(func(q *query) *int64 { return &q.filter.DeclaredFrom }),
	"LT_errorDeclarationTime":        moment(func(q *query) *int64 { return &q.filter.DeclaredBefore }),
	"GE_errorDeclaration_Time":       moment(func(q *query) *int64 { return &q.filter.DeclaredFrom }),
	"LT_errorDeclaration_Time":       moment(func(q *query) *int64 { return &q.filter.DeclaredBefore }),
	"orderBy":                        orderBy,
	"orderDirection":                 orderDirection,
	"eventCountLimit":                number(func(q *query) *int { return &q.first }, 1),
	"maxEventCount":                  number(func(q *query) *int { return &q.most }, 0),
}

// families are the parameters whose names end in a type or a unit.
var families = []struct {
	prefix string
	read   reading
}{
	{"EQ_bizTransaction_", reference("bizTransaction", bizTransactionType)},
	{"EQ_source_", reference("source", sourceDestType)},
	{"EQ_destination_", reference("destination", sourceDestType)},
	{"EQ_quantity", quantity("EQ")},
	{"GT_quantity", quantity("GT")},
	{"GE_quantity", quantity("GE")},
	{"LT_quantity", quantity("LT")},
	{"LE_quantity", quantity("LE")},
}

var (
	anyEPC      = []string{"epc", "parentID", "inputEPC", "outputEPC"}
	anyEPCClass = []string{"epcClass", "inputEPCClass", "outputEPCClass"}
)

// parseQuery reads query parameters. The values of a parameter are alternatives.
func parseQuery(given map[string][]string, p prefixes) (*query, error) {
	q := &query{most: noMost, prefixes: p, given: map[string]bool{}}
	if len(given) > maxParams {
		return nil, queryTooComplex.about("", "%d parameters, at most %d", len(given), maxParams)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read := readingOf(name)
		if read == nil {
			return nil, queryParameter.about(name, "%.80q is not a query parameter that is supported here; docs/epcis.md lists those that are", name)
		}
		if err := checkValues(name, given[name]); err != nil {
			return nil, err
		}
		if err := read(q, name, given[name]); err != nil {
			return nil, err
		}
		q.given[name] = true
	}
	return q, q.checkTogether()
}

func readingOf(name string) reading {
	if r := params[name]; r != nil {
		return r
	}
	for _, f := range families {
		if strings.HasPrefix(name, f.prefix) {
			return f.read
		}
	}
	return nil
}

func checkValues(name string, values []string) error {
	if len(values) == 0 || len(values) > maxValues {
		return queryTooComplex.about(name, "%s has %d values, must be 1 to %d", name, len(values), maxValues)
	}
	for _, v := range values {
		if len(v) > maxValue {
			return queryParameter.about(name, "%s: %.40q… has %d bytes, at most %d", name, v, len(v), maxValue)
		}
	}
	return nil
}

// checkTogether holds the rules of the standard between parameters.
func (q *query) checkTogether() error {
	switch {
	case q.given["eventCountLimit"] && q.given["maxEventCount"]:
		return queryParameter.about("maxEventCount", "eventCountLimit and maxEventCount exclude each other")
	case q.given["eventCountLimit"] && !q.given["orderBy"]:
		return queryParameter.about("eventCountLimit", "eventCountLimit needs orderBy: the first events of what order?")
	case q.given["orderDirection"] && !q.given["orderBy"]:
		return queryParameter.about("orderDirection", "orderDirection needs orderBy")
	case !q.given["orderBy"]:
		q.order = readmodel.EventOrder{By: "recordTime"}
	case !q.given["orderDirection"]:
		q.order.Descending = true
	}
	for _, pair := range [][2]string{{"GE_errorDeclarationTime", "GE_errorDeclaration_Time"}, {"LT_errorDeclarationTime", "LT_errorDeclaration_Time"}} {
		if q.given[pair[0]] && q.given[pair[1]] {
			return queryParameter.about(pair[1], "%s and %s are two names of one parameter", pair[0], pair[1])
		}
	}
	return nil
}

// list reads alternatives into a field of the filter.
func list(field func(*query) *[]string, word func(q *query, name, value string) ([]string, error)) reading {
	return func(q *query, name string, values []string) error {
		for _, v := range values {
			words, err := word(q, name, v)
			if err != nil {
				return err
			}
			*field(q) = append(*field(q), words...)
		}
		return nil
	}
}

func match(roles ...string) reading {
	return func(q *query, name string, values []string) error {
		m := readmodel.EventMatch{Roles: roles}
		for _, v := range values {
			ids, err := identifier(q, name, v)
			if err != nil {
				return err
			}
			m.Values = append(m.Values, ids...)
		}
		q.filter.Match = append(q.filter.Match, m)
		return nil
	}
}

// reference reads EQ_bizTransaction_po and its like: the type stands in the name.
func reference(kind string, types vocabulary) reading {
	return func(q *query, name string, values []string) error {
		label := strings.TrimPrefix(name, "EQ_"+kind+"_")
		if label == "" {
			return queryParameter.about(name, "%s: the type is missing", name)
		}
		r := readmodel.EventRef{Kind: kind, Type: types.bare(q.prefixes.expand(label))}
		for _, v := range values {
			ids, err := identifier(q, name, v)
			if err != nil {
				return err
			}
			r.Values = append(r.Values, ids...)
		}
		q.filter.Refs = append(q.filter.Refs, r)
		return nil
	}
}

// quantity reads EQ_quantity, in whatever unit, and EQ_quantity_KGM.
func quantity(op string) reading {
	return func(q *query, name string, values []string) error {
		value, err := only(name, values)
		if err != nil {
			return err
		}
		unit := strings.TrimPrefix(name, op+"_quantity")
		if unit != "" && (len(unit) < 2 || unit[0] != '_') {
			return queryParameter.about(name, "%.80q is not a query parameter that is supported here", name)
		}
		unit = strings.TrimPrefix(unit, "_")
		if _, _, ok := gs1.Unit(unit); unit != "" && !ok {
			return queryParameter.about(name, "%.20q is not a unit of UNECE Recommendation 20 that can be converted", unit)
		}
		amount, err := gs1.ParseAmount(value)
		if err != nil {
			return queryParameter.about(name, "%s: %v", name, err)
		}
		q.filter.Quantities = append(q.filter.Quantities, readmodel.EventQuantity{Op: op, Amount: amount, Unit: unit})
		return nil
	}
}

// moment reads a time, in milliseconds: an instant between two of them counts as the later,
// as times on the ledger are cut off to milliseconds. Zero would mean that nothing was asked.
func moment(field func(*query) *int64) reading {
	return func(q *query, name string, values []string) error {
		value, err := only(name, values)
		if err != nil {
			return err
		}
		at, err := parseTime(value)
		if err != nil {
			return queryParameter.about(name, "%s: %.40q is not a time with an offset, such as 2026-09-12T08:30:00.000+08:00", name, value)
		}
		*field(q) = max(at, 1)
		return nil
	}
}

// parseTime reads RFC 3339; in a URL a plus sign that was not percent-encoded reads as a blank.
func parseTime(text string) (int64, error) {
	at, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "+", 1))
	if err != nil {
		return 0, err
	}
	return at.Add(time.Millisecond - 1).UnixMilli(), nil
}

func number(field func(*query) *int, least int) reading {
	return func(q *query, name string, values []string) error {
		value, err := only(name, values)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < int64(least) {
			return queryParameter.about(name, "%s: %.20q is not a whole number from %d on", name, value, least)
		}
		*field(q) = int(n)
		return nil
	}
}

func orderBy(q *query, name string, values []string) error {
	value, err := only(name, values)
	if err != nil {
		return err
	}
	if value != "eventTime" && value != "recordTime" {
		return queryParameter.about(name, "orderBy: %.60q: eventTime or recordTime", value)
	}
	q.order.By = value
	return nil
}

func orderDirection(q *query, name string, values []string) error {
	value, err := only(name, values)
	if err != nil {
		return err
	}
	if value != "ASC" && value != "DESC" {
		return queryParameter.about(name, "orderDirection: %.60q: ASC or DESC", value)
	}
	q.order.Descending = value == "DESC"
	return nil
}

// existsDeclaration asks for nothing unless it is true; a parameter without a value is.
func existsDeclaration(q *query, name string, values []string) error {
	value, err := only(name, values)
	if err != nil {
		return err
	}
	switch value {
	case "", "true", "1":
		q.filter.Declared = 1
	case "false", "0":
	default:
		return queryParameter.about(name, "%s: %.20q: true or false", name, value)
	}
	return nil
}

func only(name string, values []string) (string, error) {
	if len(values) > 1 {
		return "", queryParameter.about(name, "%s has %d values, it takes one", name, len(values))
	}
	return values[0], nil
}
