package readmodel

import (
	"cmp"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

// flow is a thing's part in an event that makes goods of goods: it went in or came out.
type flow struct {
	_        struct{} `cbor:",toarray"`
	Thing    types.ThingKey
	Out      bool
	Quantity uint64 // 10^-5 of Unit
	Unit     string // "" without a quantity
	Class    bool   // a class without lot: a trace ends there, not all its goods are of one origin
}

// story is what a trace tells of an event: who reads ten thousand of them cannot parse
// their JSON.
type story struct {
	_       struct{} `cbor:",toarray"`
	Type    string
	Action  string
	BizStep string
	Place   string // bizLocation, else readPoint
	Flows   []flow
}

// packs and unpacks report whether the event put things into a container, which came out of
// it so to say, or took them off it.
func (s *story) packs() bool {
	return s.Type == types.AggregationEvent && s.Action == types.ActionAdd
}

func (s *story) unpacks() bool {
	return s.Type == types.AggregationEvent && s.Action == types.ActionDelete
}

// link says as what a thing leads a trace to the event; ok is false if it does not.
func (s *story) link(f *flow) (kind int64, ok bool) {
	switch {
	case f.Class || s.unpacks() && f.Out:
		return 0, false
	case s.unpacks():
		return linkOff, true
	case f.Out:
		return linkOut, true
	}
	return linkIn, true
}

// storyOf returns nil for an event that moves nothing.
func storyOf(e *epcis.Event, transformation types.ThingKey) *story {
	flows := flowsOf(e, transformation)
	if len(flows) == 0 {
		return nil
	}
	return &story{Type: e.Type, Action: e.Action, BizStep: e.BizStep, Place: cmp.Or(e.BizLocation, e.ReadPoint), Flows: flows}
}

// flowsOf returns the parts of things in an event. A declaration that an event was wrong
// repeats the event and moves nothing. Events with a transformationID meet in the
// transformation: what one of them puts in, another may take out.
func flowsOf(e *epcis.Event, transformation types.ThingKey) []flow {
	var in, out []flow
	switch {
	case e.Error != nil:
	case e.Type == types.TransformationEvent:
		in = append(units(e.InputEPCs, false), classes(e.InputQuantities, false)...)
		out = append(units(e.OutputEPCs, true), classes(e.OutputQuantities, true)...)
		in, out = through(transformation, in, out)
	case e.Type == types.AggregationEvent && e.Action == types.ActionAdd && e.ParentID != "":
		in = append(units(e.ChildEPCs, false), classes(e.ChildQuantities, false)...)
		out = units([]string{e.ParentID}, true)
	case e.Type == types.AggregationEvent && e.Action == types.ActionDelete && e.ParentID != "":
		in = units([]string{e.ParentID}, false)
		out = append(units(e.ChildEPCs, true), classes(e.ChildQuantities, true)...)
	case e.Type == types.ObjectEvent && e.Action == types.ActionAdd:
		out = append(units(e.EPCs, true), classes(e.Quantities, true)...)
	}
	return append(in, out...)
}

// through leads the flows of an event that tells a part of a transformation through it.
func through(transformation types.ThingKey, in, out []flow) (_, _ []flow) {
	if transformation == "" {
		return in, out
	}
	into, outOf := len(in) > 0, len(out) > 0
	if into {
		out = append(out, flow{Thing: transformation, Out: true})
	}
	if outOf {
		in = append(in, flow{Thing: transformation})
	}
	return in, out
}

func units(epcs []string, out bool) []flow {
	flows := make([]flow, len(epcs))
	for i, epc := range epcs {
		flows[i] = flow{Thing: types.UnitID(spell(epc)).Key(), Out: out}
	}
	return flows
}

// classes adds up what an event says of one class in one unit.
func classes(list []epcis.Quantity, out bool) []flow {
	var flows []flow
	for _, q := range list {
		f := classFlow(q, out)
		if last := len(flows) - 1; last >= 0 && flows[last].Thing == f.Thing && flows[last].Unit == f.Unit {
			flows[last].Quantity += f.Quantity
			continue
		}
		flows = append(flows, f)
	}
	return flows
}

func classFlow(q epcis.Quantity, out bool) flow {
	id, key := spellKey(q.Class)
	f := flow{Thing: types.LotID(id).Key(), Out: out}
	f.Class = !key.IsZero() && key.Type != "LGTIN" && key.Type != "LITIP"
	if q.HasAmount {
		f.Quantity, f.Unit = q.Amount, q.Unit
	}
	return f
}
