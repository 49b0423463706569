package epcisrest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/caryaledger/carya/node/readmodel"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// namespace is that of the members which this interface adds to events when it is asked to.
const namespace = "urn:carya:epcis:"

// view is how events are shown.
type view struct {
	format epcis.Format
	proof  bool
}

// proof says where the ledger proves an event: the history of its record holds the bytes that
// were signed.
type proof struct {
	Record string     `json:"carya:record"`
	Height int64      `json:"carya:height"`
	Tx     types.Hash `json:"carya:tx"`
	URL    string     `json:"carya:evidence"`
}

// document writes rows as an EPCISQueryDocument. A few are written at a time, because it
// takes many times their size.
func (s *Service) document(ctx context.Context, queryName, subscriptionID string, rows []readmodel.EventRow, v view) ([]byte, error) {
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	lengths := s.prefixLengths()
	events := make([][]byte, len(rows))
	for i := range rows {
		var err error
		if events[i], err = shownEvent(&rows[i], v, lengths); err != nil {
			return nil, fmt.Errorf("event %s: %w", rows[i].Ref, err)
		}
	}
	return epcis.WriteQueryDocument(queryName, subscriptionID, events, s.Now().UnixMilli())
}

// shownEvent is an event as readers see it: with the time of its block as recordTime and an
// eventID, which is its CBV hash where it was captured without one.
func shownEvent(row *readmodel.EventRow, v view, lengths func(gs1.Key) int) ([]byte, error) {
	data, err := epcis.Render(row.Event, v.format, lengths)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	shown := map[string]any{"recordTime": timestamp(row.Recorded), "eventID": row.EventID}
	if v.proof {
		shown["carya:proof"] = proofOf(row)
		shown["@context"] = withNamespace(members["@context"])
	}
	for name, value := range shown {
		if members[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(members)
}

func proofOf(row *readmodel.EventRow) proof {
	key := eventKey(row.Ref)
	return proof{key, row.Height, row.Tx, "/v1/history/" + key + "?proof=1"}
}

// eventKey is the key of an event's record.
func eventKey(id types.EventID) string { return types.PrefixEvent + "/" + string(id) }

// withNamespace declares the prefix of what is added. The canonical form of an event has a
// list as its context.
func withNamespace(context json.RawMessage) []json.RawMessage {
	var parts []json.RawMessage
	if json.Unmarshal(context, &parts) != nil {
		parts = []json.RawMessage{json.RawMessage(`"` + officialContext + `"`)}
	}
	return append(parts, json.RawMessage(`{"carya":"`+namespace+`"}`))
}

func timestamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// prefixLengths returns how many digits the company prefix in a key has: EPC URNs need to know, and
// the ledger knows the prefixes of its members. 0 means that it does not, and such a key
// stays a Digital Link. One document asks about few prefixes many times.
func (s *Service) prefixLengths() func(gs1.Key) int {
	known := map[string]bool{}
	licensed := func(digits string) bool {
		there, asked := known[digits]
		if !asked {
			value, err := s.Record(types.PrefixPrefix + "/" + digits)
			there = err == nil && value != nil
			known[digits] = there
		}
		return there
	}
	return func(k gs1.Key) int {
		digits := companyDigits(k)
		for n := min(types.MaxPrefix, len(digits)); n >= types.MinPrefix; n-- {
			if licensed(digits[:n]) {
				return n
			}
		}
		return 0
	}
}

// companyDigits is the key from its company prefix on. A GTIN, ITIP or SSCC has a digit in
// front of it (GS1 General Specifications 2.1.1, 2.2.1).
func companyDigits(k gs1.Key) string {
	switch k.Type {
	case "GTIN", "LGTIN", "SGTIN", "UPUI", "SSCC", "ITIP", "LITIP":
		return k.Primary[1:]
	}
	return k.Primary
}
