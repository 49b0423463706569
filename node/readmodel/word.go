package readmodel

import (
	"context"
	"strings"

	"github.com/caryaledger/carya/types"
)

// vocabulary says where the index has the words of one kind.
type vocabulary struct {
	fields []field
	uri    func(term string) string
}

// vocabularies are what EventWords can list, by the names of the EPCIS 2.0 interface.
var vocabularies = map[string]vocabulary{
	"eventTypes":   {[]field{fieldType}, asIs},
	"bizSteps":     {[]field{fieldBizStep}, asIs},
	"dispositions": {[]field{fieldDisposition}, asIs},
	"bizLocations": {[]field{fieldBizLocation}, types.LinkOf},
	"readPoints":   {[]field{fieldReadPoint}, types.LinkOf},
	"epcs":         {thingFields, types.LinkOf},
}

// EventWords lists the different values that events have: what is eventTypes, epcs,
// bizSteps, bizLocations, readPoints or dispositions. It walks from one word to the next
// and not from event to event.
func (m *Model) EventWords(ctx context.Context, what string, p Page) (words []string, next string, err error) {
	v, ok := vocabularies[what]
	if !ok {
		return nil, "", types.Refuse(types.FieldInvalid, "what", "%.40q: eventTypes, epcs, bizSteps, bizLocations, readPoints or dispositions", what)
	}
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	words = []string{}
	err = m.look(ctx, func(s *snapshot) error {
		for last := after; ; {
			word, ok, err := s.wordAfter(v.fields, last)
			if !ok || err != nil {
				return err
			}
			if len(words) == p.limit() {
				next = cursor(last)
				return nil
			}
			words, last = append(words, v.uri(word)), word
		}
	})
	return words, next, err
}

// wordAfter returns the first term after another in any of the fields.
func (s *snapshot) wordAfter(fields []field, after string) (word string, ok bool, err error) {
	const next = "SELECT (SELECT min(term) FROM postings WHERE field = ? AND term > ?) AS word"
	args := make([]any, 0, 2*len(fields))
	for _, f := range fields {
		args = append(args, int64(f), after)
	}
	query := "SELECT min(word) FROM (" + next + strings.Repeat(" UNION ALL "+next, len(fields)-1) + ")"
	var found *string
	if _, err = s.one([]any{&found}, query, args...); err != nil || found == nil {
		return "", false, err
	}
	return *found, true, nil
}
