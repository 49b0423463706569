package epcisrest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// parameters are a query's, with all their values.
type parameters map[string][]string

// ofURL splits the lists of a URL's parameters, whose elements stand between vertical bars
// (style pipeDelimited) or in parameters of the same name.
func ofURL(values url.Values) parameters {
	p := parameters{}
	for name, all := range values {
		for _, v := range all {
			p[name] = append(p[name], strings.Split(v, "|")...)
		}
	}
	return p
}

// ofJSON reads the query of a posted definition: a list is alternatives.
func ofJSON(raw json.RawMessage) (parameters, prefixes, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil || members == nil {
		return nil, nil, queryValidation.about("query", "the query is not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, queryValidation.about("query", "something stands behind the query")
	}
	known := prefixes{}
	p := parameters{}
	for name, v := range members {
		if name == "@context" {
			context, err := json.Marshal(v)
			if err == nil {
				err = prefixesOfContext(context, known)
			}
			if err != nil {
				return nil, nil, queryValidation.about("@context", "%v", err)
			}
			continue
		}
		values, err := jsonValues(v)
		if err != nil {
			return nil, nil, queryParameter.about(name, "%.80s: %v", name, err)
		}
		p[name] = values
	}
	return p, known, nil
}

func jsonValues(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	values := make([]string, 0, len(list))
	for _, one := range list {
		switch one := one.(type) {
		case nil:
			values = append(values, "")
		case string:
			values = append(values, one)
		case bool, json.Number:
			values = append(values, fmt.Sprint(one))
		default:
			return nil, fmt.Errorf("must be a string, number, true, false, or a list of them")
		}
	}
	return values, nil
}
