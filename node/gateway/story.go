package gateway

import (
	"context"
	"slices"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/gs1"
)

// captureKind is the kind of transaction that tells what happened to goods.
const captureKind = "CaptureEvent"

// The bounds of a lot's story. What lies beyond them the page says not to show: nearest to
// the lot comes first.
const (
	storyClaims = 200
	storyEvents = 2000
)

// storyteller collects what a lot's page has to show, breadth first: the lot, what went
// into it, the units that these were packed in, and what all of them name. It goes by the
// records and their histories alone, so that it needs no read model and tells of one state.
//
// It may collect more than the story is, such as what happened to a unit after the lot had
// left it: the page, which believes only what is proven, sorts that out.
type storyteller struct {
	*gateway
	ctx    context.Context
	view   *store.View
	asks   []evidence.Ask
	seen   map[string]bool
	front  []string // things whose histories are told next
	named  []string // records that those name
	events uint64
}

// storyOf returns what to prove about a lot in a state.
func (g *gateway) storyOf(ctx context.Context, v *store.View, lot string) ([]evidence.Ask, error) {
	s := &storyteller{gateway: g, ctx: ctx, view: v, seen: map[string]bool{}}
	for s.follow(lot); len(s.front) > 0; {
		key := s.front[0]
		s.front = s.front[1:]
		if err := s.tell(key); err != nil {
			return nil, err
		}
	}
	for i := 0; i < len(s.named); i++ { // certificates name members, too
		if err := s.mention(s.named[i]); err != nil {
			return nil, err
		}
	}
	return s.asks, nil
}

// follow adds a thing whose history is a part of the story.
func (s *storyteller) follow(key string) {
	if !s.seen[key] {
		s.seen[key] = true
		s.front = append(s.front, key)
	}
}

// name adds a record of which the story needs no more than how it is.
func (s *storyteller) name(key string) {
	if !s.seen[key] {
		s.seen[key] = true
		s.named = append(s.named, key)
	}
}

func (s *storyteller) ask(claim, key string) {
	if len(s.asks) < storyClaims {
		s.asks = append(s.asks, evidence.Ask{Claim: claim, Key: key})
	}
}

// record reads a record; nil where there is none.
func (s *storyteller) record(key string) (types.Record, error) {
	value, err := s.view.Get(key)
	if err != nil || value == nil {
		return nil, err
	}
	return types.DecodeRecord(key, value)
}

// tell asks for the history of a thing and follows what it names.
func (s *storyteller) tell(key string) error {
	record, err := s.record(key)
	if err != nil {
		return err
	}
	if record == nil {
		s.absent(key)
		return nil
	}
	s.describe(key, record)
	size := record.Log().Size
	if s.events += size; s.events > storyEvents || len(s.asks) >= storyClaims {
		s.ask(evidence.ClaimRecord, key)
		return nil
	}
	s.ask(evidence.ClaimHistory, key)
	events, err := s.eventsOf(s.ctx, key, size, s.view.Version())
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := s.happened(key, e); err != nil {
			return err
		}
	}
	return nil
}

// absent asks for the absence of a thing that an event names: not every identifier of the
// trade is one of the ledger's.
func (s *storyteller) absent(key string) {
	if family, id := types.ThingKey(key).Cut(); family != types.PrefixLot || isTradeItem(id) {
		s.ask(evidence.ClaimRecord, key) // of a lot outside GS1 absence cannot be proven
	}
}

// isTradeItem reports whether a lot is one of a product with a GTIN, which begins its name.
func isTradeItem(lot string) bool {
	k, err := gs1.ParsePath(lot)
	return err == nil && k.Type == "LGTIN"
}

// describe follows what the record of a thing names.
func (s *storyteller) describe(key string, record types.Record) {
	var trace types.Trace
	switch r := record.(type) {
	case *types.Lot:
		trace = r.Trace
		if isTradeItem(string(r.ID)) {
			s.name(types.PrefixProduct + "/" + string(r.ID)[:14])
		}
		if r.Plot != "" {
			s.name(types.PrefixPlot + "/" + r.Plot)
		}
	case *types.Unit:
		trace = r.Trace
	case *types.Transformation:
		trace = r.Trace
	}
	for _, m := range trace.Marks {
		switch m.Kind {
		case types.MarkRecall:
			s.follow(types.PrefixRecall + "/" + m.Ref)
		case types.MarkDispute:
			s.name(types.PrefixEvent + "/" + m.Ref)
		case types.MarkCertificate:
			s.name(types.PrefixCertificate + "/" + m.Ref)
		}
	}
}

// happened follows what an event in the history of a thing names.
func (s *storyteller) happened(key string, e journal.Event) error {
	s.name(types.PrefixMember + "/" + e.Member)
	if e.Kind != captureKind {
		return nil
	}
	var body types.CaptureEvent
	if err := types.DecodeState(e.Body, &body); err != nil {
		return err
	}
	c, err := body.Parsed()
	if err != nil {
		return err
	}
	for _, uri := range c.CertificationInfo {
		if path, _, err := types.ThingOf(uri); err == nil { // else too long to be one of the ledger's
			s.name(types.PrefixCertificate + "/" + path)
		}
	}
	switch c.Type {
	case types.TransformationEvent:
		s.transformed(key, e.Member, c)
	case types.AggregationEvent:
		if unit, _, err := types.UnitOf(c.ParentID); err == nil && c.Action == types.ActionAdd && c.ParentID != "" {
			s.follow(string(unit.Key()))
		}
	}
	return nil
}

// transformed follows what went into a thing, or into the transformation that it came of.
func (s *storyteller) transformed(key, member string, c *epcis.Event) {
	transformation := ""
	if c.TransformationID != "" {
		transformation = types.PrefixTransformation + "/" + member + "/" + gs1.Escape(c.TransformationID)
	}
	if key != transformation && !slices.Contains(thingsOf(c.OutputEPCs, c.OutputQuantities), key) {
		return // it went into something else
	}
	if transformation != "" {
		s.follow(transformation)
	}
	for _, in := range thingsOf(c.InputEPCs, c.InputQuantities) {
		s.follow(in)
	}
}

// thingsOf are the keys of things and lots; a class without lot has none.
func thingsOf(epcs []string, quantities []epcis.Quantity) (keys []string) {
	for _, uri := range epcs {
		if unit, _, err := types.UnitOf(uri); err == nil {
			keys = append(keys, string(unit.Key()))
		}
	}
	for _, q := range quantities {
		if lot, _, ok, err := types.LotOf(q.Class); err == nil && ok {
			keys = append(keys, string(lot.Key()))
		}
	}
	return keys
}

// mention asks for a record that is named, or for its absence, and names who stands in it.
func (s *storyteller) mention(key string) error {
	record, err := s.record(key)
	if err != nil {
		return err
	}
	if c, ok := record.(*types.Certificate); ok {
		s.name(types.PrefixMember + "/" + c.Issuer)
		s.name(types.PrefixMember + "/" + c.Subject)
	}
	s.ask(evidence.ClaimRecord, key)
	return nil
}
