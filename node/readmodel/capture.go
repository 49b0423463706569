package readmodel

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// captured is an EPCIS event that the journal holds.
type captured struct {
	position int64
	journal  *types.Event
	ref      types.EventID
	identity string // eventID, the CBV 2.0 hash where there is none
	epcis    *epcis.Event
	json     string // canonical form
	story    *story
}

func readCaptured(position int64, e *types.RecordEvent) (*captured, error) {
	var body types.CaptureEvent
	if err := types.DecodeState(e.Event.Body, &body); err != nil {
		return nil, err
	}
	event, err := body.Parsed()
	if err != nil {
		return nil, err
	}
	c := &captured{position: position, journal: &e.Event, epcis: event, json: body.Event, identity: event.EventID}
	if c.identity == "" {
		if c.identity, err = types.EventIdentity(event); err != nil {
			return nil, err
		}
	}
	c.ref = types.EventID(keyOf(e.Keys, types.PrefixEvent))
	c.story = storyOf(event, transformationOf(e, event))
	return c, nil
}

// keyOf returns the rest of the key in a family, "" if there is none.
func keyOf(keys []string, family string) string {
	for _, k := range keys {
		if rest, ok := strings.CutPrefix(k, family+"/"); ok {
			return rest
		}
	}
	return ""
}

// transformationOf is the key under which events with a transformationID meet, "" for
// those without.
func transformationOf(e *types.RecordEvent, event *epcis.Event) types.ThingKey {
	if event.TransformationID == "" {
		return ""
	}
	id := keyOf(e.Keys, types.PrefixTransformation)
	if id == "" {
		id = e.Event.Member + "/" + gs1.Escape(event.TransformationID)
	}
	return types.ThingKey(types.PrefixTransformation + "/" + id)
}

// events writes captured events and all that they are found by.
func (w *writer) events(list []*captured) error {
	if len(list) == 0 {
		return nil
	}
	var n int64
	if err := w.tx.QueryRow("SELECT coalesce(max(n) + 1, 0) FROM events").Scan(&n); err != nil {
		return err
	}
	x := newIndex()
	for _, c := range list {
		if err := w.event(n, c); err != nil {
			return fmt.Errorf("event %s: %w", c.ref, err)
		}
		for _, t := range termsOf(c) {
			x.add(n, t)
		}
		x.columns(n, c.epcis)
		n++
	}
	return w.index(x)
}

// event writes the row and the links of one event.
func (w *writer) event(n int64, c *captured) error {
	story, err := w.links(n, c.story)
	if err != nil {
		return err
	}
	declares := int64(0)
	if c.epcis.Error != nil {
		declares = c.epcis.Error.Time
	}
	j := c.journal
	return w.add(tableEvents, n, c.position, c.epcis.Time, j.Time, j.Tx[:], int64(j.Index), j.Member, string(c.ref),
		shorten(c.identity), declares, 0, story, []byte(c.json))
}

// links writes what leads traces to an event, and returns its story encoded.
func (w *writer) links(n int64, s *story) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	for i := range s.Flows {
		kind, ok := s.link(&s.Flows[i])
		if !ok {
			continue
		}
		if err := w.add(tableLinks, string(s.Flows[i].Thing), kind, n); err != nil {
			return nil, err
		}
	}
	return types.Encode(s)
}

// declare tells the events that error declarations of a batch take back. It runs when all
// rows are written, because both may stand in one batch.
func (w *writer) declare(list []*captured) error {
	for _, c := range list {
		if c.epcis.Error == nil {
			continue
		}
		original, err := w.original(c)
		if err != nil {
			return err
		}
		_, err = w.tx.Exec("UPDATE events SET declared_by = ? WHERE n = ?", c.position, original)
		if err != nil {
			return err
		}
	}
	return nil
}

// original finds the event that an error declaration takes back, -1 where this node does
// not have it. Both have the same name in the state.
func (w *writer) original(c *captured) (int64, error) {
	rows, err := w.tx.Query("SELECT segment, slots FROM postings WHERE field = ? AND term = ?", int64(fieldEventID), shorten(c.identity))
	if err != nil {
		return 0, err
	}
	var found []int64
	for rows.Next() {
		var segment int64
		var row []byte
		if err := rows.Scan(&segment, &row); err != nil {
			return 0, errors.Join(err, rows.Close())
		}
		set := &slots{}
		set.add(row)
		for slot := range set.all(false) {
			found = append(found, segment<<segmentBits|int64(slot))
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	for _, n := range found {
		same := false
		err := w.tx.QueryRow("SELECT ref = ? AND declares = 0 AND position < ? FROM events WHERE n = ?", string(c.ref), c.position, n).Scan(&same)
		if same || err != nil {
			return n, err
		}
	}
	return -1, nil
}
