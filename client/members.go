package client

import (
	"bytes"
	"encoding/json"
)

// member is a member of a JSON object, and members are an object whose members stay in order.
type member struct {
	name  string
	value any
}

type members []member

// add appends a member unless there is nothing to say.
func (m *members) add(name string, value any) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return
		}
	case []string:
		if len(v) == 0 {
			return
		}
	case members:
		if len(v) == 0 {
			return
		}
	case []members:
		if len(v) == 0 {
			return
		}
	}
	*m = append(*m, member{name, value})
}

func (m members) get(name string) any {
	for i := range m {
		if m[i].name == name {
			return m[i].value
		}
	}
	return nil
}

// MarshalJSON writes the object.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, x := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(x.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(x.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
