package readmodel

import (
	"encoding/json"
	"fmt"
)

// listText is a list as it stands within a row: JSON, because nobody asks SQL about it.
func listText[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(list) // fails for no list of strings and integers
	return string(text)
}

// listInto reads such a list; it is a sql.Scanner.
type listInto[T any] struct{ list *[]T }

func into[T any](list *[]T) listInto[T] { return listInto[T]{list} }

// Scan reads the column's JSON text.
func (l listInto[T]) Scan(column any) error {
	switch text := column.(type) {
	case string:
		return json.Unmarshal([]byte(text), l.list)
	case []byte:
		return json.Unmarshal(text, l.list)
	}
	return fmt.Errorf("%T is not a list", column)
}
