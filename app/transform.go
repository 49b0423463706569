package app

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// item is a quantity that went into or came out of a transformation: as it was counted,
// and how much one piece contains where that is registered.
type item struct {
	amount  uint64
	unit    string
	net     uint64
	netUnit string
	trace   *types.Trace // nil for a by-product, which the ledger does not follow
}

// piece is one unit as an item.
func piece(u *types.Unit) item { return item{100_000, gs1.Pieces, u.Net, u.NetUnit, &u.Trace} }

// counted reports whether the item is a number of pieces.
func (i *item) counted() bool {
	d, _, _ := gs1.Unit(i.unit)
	return d == gs1.Count
}

// side gathers one side of a transformation.
type side struct{ items []item }

func (s *side) add(i item) { s.items = append(s.items, i) }

// traces are those of the lots and units, by-products aside.
func (s *side) traces() []*types.Trace {
	var list []*types.Trace
	for _, i := range s.items {
		if i.trace != nil {
			list = append(list, i.trace)
		}
	}
	return list
}

// transform takes from the inputs and makes the outputs, never more than was taken times
// what the process yields at most (R1 F2, F3). All quantities are of one dimension
// (R1 F4).
func (x *capture) transform() error {
	inputs, err := x.takeInputs()
	if err != nil {
		return err
	}
	joint, err := x.joint(inputs)
	if err != nil {
		return err
	}
	if err := x.commissionAll("event.outputEPCList", x.OutputEPCs, "event.outputQuantityList", x.OutputQuantities); err != nil {
		return err
	}
	outputs, err := x.outputs()
	if err != nil {
		return err
	}
	balance, err := x.balance(inputs, outputs, joint)
	if err != nil {
		return err
	}
	if err := x.inherit(inputs, outputs, joint, balance); err != nil {
		return err
	}
	return x.putJoint(joint)
}

// takeInputs takes what goes in. A class without lot is an ingredient that the ledger
// does not follow and does not count.
func (x *capture) takeInputs() (*side, error) {
	s := new(side)
	for i, q := range x.InputQuantities {
		if err := x.takeLot(fmt.Sprintf("event.inputQuantityList[%d]", i), q, s); err != nil {
			return nil, err
		}
	}
	for i, uri := range x.InputEPCs {
		if err := x.takeUnit(fmt.Sprintf("event.inputEPCList[%d]", i), uri, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (x *capture) takeLot(at string, q epcis.Quantity, s *side) error {
	id, isLot, err := x.lotOf(q)
	if err != nil || !isLot {
		return err
	}
	if err := amount(at, q); err != nil {
		return err
	}
	l, err := x.knownLot(at, q, id)
	if err != nil {
		return err
	}
	if err := notRecalled(x.Call, at, "lot "+string(id), &l.Trace); err != nil {
		return err
	}
	taken, err := x.take(at, l, q)
	if err != nil {
		return err
	}
	l.Consumed += taken
	x.in(id.Key(), &l.Trace)
	s.add(item{q.Amount, q.Unit, l.Net, l.NetUnit, &l.Trace})
	return nil
}

func (x *capture) takeUnit(at, uri string, s *side) error {
	u, err := x.unit(at, uri)
	if err != nil {
		return err
	}
	if err := x.usableUnit(at, u); err != nil {
		return err
	}
	if u.Owner == "" {
		return refuse(types.UnitUnknown, at, "unit %s was packed, but never commissioned", u.ID)
	}
	if len(u.Children)+len(u.Contents) > 0 {
		return refuse(types.Contained, at, "unit %s has something inside; take it out first", u.ID)
	}
	if err := notRecalled(x.Call, at, "unit "+string(u.ID), &u.Trace); err != nil {
		return err
	}
	u.Fate = types.FateConsumed
	x.in(u.ID.Key(), &u.Trace)
	s.add(piece(u))
	return nil
}

// outputs lists what came out. A class without lot is a by-product: it is counted, and
// nothing becomes of it here.
func (x *capture) outputs() (*side, error) {
	s := new(side)
	for i, q := range x.OutputQuantities {
		at := fmt.Sprintf("event.outputQuantityList[%d]", i)
		if err := amount(at, q); err != nil {
			return nil, err
		}
		id, key, isLot, err := types.LotOf(q.Class)
		if err != nil {
			return nil, err
		}
		if !isLot {
			byProduct := item{amount: q.Amount, unit: q.Unit}
			if byProduct.net, byProduct.netUnit, err = x.net(key); err != nil {
				return nil, err
			}
			s.add(byProduct)
			continue
		}
		l := x.lots.have[id]
		s.add(item{q.Amount, q.Unit, l.Net, l.NetUnit, &l.Trace})
		x.out(id.Key())
	}
	for _, uri := range x.OutputEPCs {
		id, _, err := types.UnitOf(uri)
		if err != nil {
			return nil, err
		}
		s.add(piece(x.units.have[id]))
		x.out(id.Key())
	}
	return s, nil
}

// joint is the record that events with one transformationID share, nil without one.
func (x *capture) joint(inputs *side) (*types.Transformation, error) {
	if x.TransformationID == "" {
		return nil, nil
	}
	t, err := processings.Get(x.Call, x.jointID())
	if err != nil {
		return nil, err
	}
	if t == nil {
		t = &types.Transformation{In: "0", Out: "0"}
		if from := inputs.traces(); len(from) > 0 {
			t.Trace.Claims = slices.Clone(from[0].Claims)
		}
	}
	for _, i := range inputs.traces() {
		if t.Trace.Claims, err = x.shared(t.Trace.Claims, i); err != nil {
			return nil, err
		}
		if err := x.carry("event.transformationID", "the transformation", &t.Trace, i.Marks); err != nil {
			return nil, err
		}
		t.Trace.Recert = t.Trace.Recert || i.Recert || slices.Contains(i.Claims, types.StandardCommitment)
	}
	return t, nil
}

func (x *capture) jointID() string { return x.Member.ID + "/" + segment(x.TransformationID) }

func (x *capture) putJoint(t *types.Transformation) error {
	if t == nil {
		return nil
	}
	key := types.ThingKey(types.PrefixTransformation + "/" + x.jointID())
	if len(x.InputQuantities)+len(x.InputEPCs) > 0 {
		x.record.Links = append(x.record.Links, types.Link{Thing: key, Out: true, Before: t.Trace.Made})
		t.Trace.Made = x.id
	}
	if len(x.OutputQuantities)+len(x.OutputEPCs) > 0 {
		x.in(key, &t.Trace)
	}
	return processings.Put(x.Call, x.jointID(), t)
}

// balance compares both sides (R1 F2, F3). What an event of several leaves open stands in
// their common record.
func (x *capture) balance(inputs, outputs *side, joint *types.Transformation) (*balance, error) {
	b := &balance{in: new(gs1.Sum), out: new(gs1.Sum), kept: new(gs1.Sum)}
	if err := b.weigh(inputs.items, outputs.items, joint); err != nil {
		return nil, err
	}
	in, out := b.in.Base(), b.out.Base()
	if joint != nil {
		if err := b.join(joint, in, out); err != nil {
			return nil, err
		}
	}
	if len(outputs.items) == 0 {
		return b, nil
	}
	min, max, err := x.yields()
	if err != nil {
		return nil, err
	}
	made := new(big.Int).Mul(out, big.NewInt(million))
	if made.Cmp(new(big.Int).Mul(in, new(big.Int).SetUint64(max))) > 0 {
		return nil, refuse(types.MassCreated, "event.outputQuantityList", "%s out of %s, at most %d millionths of it", total(outputs.items), total(inputs.items), max)
	}
	if joint == nil && made.Cmp(new(big.Int).Mul(in, new(big.Int).SetUint64(min))) < 0 {
		x.flag(types.UnexplainedLoss)
		for _, t := range outputs.traces() {
			t.Flags = withText(t.Flags, types.UnexplainedLoss.String())
		}
	}
	return b, nil
}

const million = 1_000_000

// yields is the band of the event's business step; without one, nothing comes from
// nothing and any loss is explained.
func (x *capture) yields() (min, max uint64, err error) {
	for _, step := range []string{segment(x.BizStep), segment("")} {
		if len(step) > maxSegment {
			continue
		}
		p, err := processes.Get(x.Call, step)
		if err != nil {
			return 0, 0, err
		}
		if p != nil {
			return p.Min, p.Max, nil
		}
	}
	return 0, million, nil
}

// balance are the exact totals of a transformation.
type balance struct {
	in, out   *gs1.Sum
	kept      *gs1.Sum // of what came out, without by-products
	byContent bool     // pieces are counted by their content
}

// weigh adds both sides up in one dimension (R1 F4). What went in is rounded down and
// what came out up, so that no rounding makes mass.
func (b *balance) weigh(inputs, outputs []item, joint *types.Transformation) error {
	b.byContent = byContent(inputs, outputs, joint)
	for _, i := range inputs {
		if err := i.addTo(b.in, b.byContent, false, "event.inputQuantityList"); err != nil {
			return err
		}
	}
	for _, i := range outputs {
		if err := i.addTo(b.out, b.byContent, true, "event.outputQuantityList"); err != nil {
			return err
		}
		if i.trace == nil {
			continue
		}
		if err := i.addTo(b.kept, b.byContent, true, "event.outputQuantityList"); err != nil {
			return err
		}
	}
	if _, err := b.in.Cmp(b.out); err != nil {
		return refuse(types.UnitIncompatible, "event.outputQuantityList", "%s out of %s: register the net content of what is counted", total(outputs), total(inputs))
	}
	return nil
}

// byContent decides whether pieces are counted by their content: when there are other
// dimensions too, or when what comes out has a content. Otherwise ten bags of 1 kg could
// become ten bags of 50. What only goes in, for an output that another event tells, is
// counted by content when all of it has one.
func byContent(inputs, outputs []item, joint *types.Transformation) bool {
	if dimensions(inputs, outputs, joint) > 1 || slices.ContainsFunc(outputs, hasContent) {
		return true
	}
	without := func(i item) bool { return !hasContent(i) }
	return joint != nil && joint.Dimension == "" && len(outputs) == 0 && !slices.ContainsFunc(inputs, without)
}

func hasContent(i item) bool { return i.counted() && i.net > 0 }

// dimensions counts the dimensions that quantities were given in.
func dimensions(inputs, outputs []item, joint *types.Transformation) int {
	var seen []gs1.Dimension
	if joint != nil && joint.Dimension != "" {
		seen = append(seen, gs1.Dimension(joint.Dimension))
	}
	for _, i := range slices.Concat(inputs, outputs) {
		if d, _, ok := gs1.Unit(i.unit); ok && !slices.Contains(seen, d) {
			seen = append(seen, d)
		}
	}
	return len(seen)
}

// addTo adds an item to a total: pieces by their content when that is asked for and
// known.
func (i *item) addTo(s *gs1.Sum, byContent, up bool, at string) error {
	if !byContent || !hasContent(*i) {
		return unitRefusalOf(s.Add(i.amount, i.unit), at)
	}
	count, err := gs1.Convert(i.amount, i.unit, gs1.Pieces)
	if err != nil {
		return unitRefusal(at, err)
	}
	return unitRefusalOf(s.Add(scaled(count, i.net, 100_000, up), i.netUnit), at)
}

func unitRefusalOf(err error, at string) error {
	if err == nil {
		return nil
	}
	return unitRefusal(at, err)
}

// ceilDiv returns a × b ÷ c, rounded up; over MaxAmount it is one more than that, which
// nothing accepts.
func ceilDiv(a, b, c uint64) uint64 { return scaled(a, b, c, true) }

// scaled is ceilDiv with a choice of the rounding.
func scaled(a, b, c uint64, up bool) uint64 {
	n := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
	if up {
		n.Add(n, new(big.Int).SetUint64(c-1))
	}
	n.Quo(n, new(big.Int).SetUint64(c))
	if !n.IsUint64() || n.Uint64() > gs1.MaxAmount {
		return gs1.MaxAmount + 1
	}
	return n.Uint64()
}

// join adds an event's totals to those of the events before it with the same
// transformationID.
func (b *balance) join(t *types.Transformation, in, out *big.Int) error {
	for _, s := range []*gs1.Sum{b.in, b.out} {
		d := string(s.Dimension())
		if d == "" {
			continue
		}
		if t.Dimension != "" && t.Dimension != d {
			return refuse(types.UnitIncompatible, "event.transformationID", "a %s; the events before it were measured by %s", d, t.Dimension)
		}
		t.Dimension = d
	}
	for _, s := range []struct {
		text  *string
		total *big.Int
	}{{&t.In, in}, {&t.Out, out}} {
		before, ok := new(big.Int).SetString(*s.text, 10)
		if !ok {
			return fmt.Errorf("transformation: %q is no total", *s.text)
		}
		*s.text = s.total.Add(s.total, before).String()
	}
	return nil
}

// inherit gives the outputs what the inputs carry: marks, and the need of a new
// commitment certificate. Claims were given to them by certificates; here each is held
// to what went in (R1 F7).
func (x *capture) inherit(inputs, outputs *side, joint *types.Transformation, b *balance) error {
	from := inputs.traces()
	if joint != nil {
		from = []*types.Trace{&joint.Trace}
	}
	var all types.Trace
	for _, i := range from {
		if isFull(i) {
			return tooMuchBehind("event.transformationID", "the transformation")
		}
		if err := x.carry("event", "the transformation", &all, i.Marks); err != nil {
			return err
		}
		all.Recert = all.Recert || i.Recert || slices.Contains(i.Claims, types.StandardCommitment)
	}
	for _, o := range outputs.traces() {
		if err := x.carry("event", "what came out", o, all.Marks); err != nil {
			return err
		}
		o.Recert = (o.Recert || all.Recert) && !slices.Contains(o.Claims, types.StandardCommitment)
	}
	return x.undiluted(inputs, from, b)
}

// total names quantities for an error's text.
func total(list []item) string {
	const most = 10
	var parts []string
	for _, q := range list[:min(len(list), most)] {
		parts = append(parts, gs1.FormatAmount(q.amount)+" "+q.unit)
	}
	switch {
	case len(list) == 0:
		return "nothing"
	case len(list) > most:
		parts = append(parts, fmt.Sprintf("%d more", len(list)-most))
	}
	return strings.Join(parts, " + ")
}
