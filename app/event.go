package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// capture is one EPCIS event being executed: the records it touches, each read and
// written once, and its own record.
type capture struct {
	*Call
	*epcis.Event
	id     types.EventID
	record *types.CapturedEvent
	lots   working[types.LotID, types.Lot]
	units  working[types.UnitID, types.Unit]
	plots  working[string, types.Plot]
	certs  []*cited
	named  bool // the event's links name what it certifies
}

// captureEvent records an event and does to lots and units what it says.
func captureEvent(c *Call, b *types.CaptureEvent) error {
	e, err := b.Parsed()
	if err != nil {
		return err
	}
	if e.Error != nil {
		return declareError(c, b, e)
	}
	if err := sound(c, e); err != nil {
		return err
	}
	x, err := newCapture(c, e)
	if err != nil {
		return err
	}
	if err := x.cite(); err != nil {
		return err
	}
	if err := x.execute(); err != nil {
		return err
	}
	return x.finish()
}

// sound is what can be said of an event without its goods.
func sound(c *Call, e *epcis.Event) error {
	if err := inTime(c, e); err != nil {
		return err
	}
	if err := inBounds(e); err != nil {
		return err
	}
	if e.Type == types.AggregationEvent && e.Action != types.ActionObserve && e.ParentID == "" {
		return refuse(types.FieldInvalid, "event.parentID", "what is it packed into, or taken out of?")
	}
	return countable(e)
}

// maxNamed bounds the things that one event names, and maxSegment a text in a key.
const (
	maxNamed   = 5000
	maxSegment = 900
)

func inBounds(e *epcis.Event) error {
	named := len(e.CertificationInfo)
	for _, list := range [][]string{e.EPCs, e.InputEPCs, e.OutputEPCs, e.ChildEPCs} {
		named += len(list)
	}
	for _, list := range [][]epcis.Quantity{e.Quantities, e.InputQuantities, e.OutputQuantities, e.ChildQuantities} {
		named += len(list)
	}
	switch {
	case named > maxNamed:
		return refuse(types.TooLarge, "event", "it names %d things, at most %d", named, maxNamed)
	case len(segment(e.TransformationID)) > maxSegment:
		return refuse(types.FieldInvalid, "event.transformationID", "at most %d bytes, percent-encoded", maxSegment)
	}
	return nil
}

// countable refuses a quantity that is there, but cannot be counted: without one, an
// event is about all that there is.
func countable(e *epcis.Event) error {
	for _, w := range e.Warnings {
		if w.Code == epcis.CodeValue && strings.HasSuffix(w.Pointer, "/quantity") {
			return refuse(types.FieldInvalid, "event"+w.Pointer, "%s", w.Detail)
		}
	}
	return nil
}

// inTime is R1 F6 for the present, and keeps events out of the far past, whose keys would
// lie anywhere in the stream.
func inTime(c *Call, e *epcis.Event) error {
	switch {
	case e.Time > c.Time+c.Params.Skew:
		return refuse(types.TimeOrder, "event.eventTime", "%d lies %d s after the block's time", e.Time, (e.Time-c.Time)/1000)
	case e.Time < c.Time-c.Params.EventPast:
		return refuse(types.KeyTime, "event.eventTime", "%d lies more than %d s before the block's time", e.Time, c.Params.EventPast/1000)
	}
	return nil
}

func newCapture(c *Call, e *epcis.Event) (*capture, error) {
	id, err := eventID(c.Member.ID, e)
	if err != nil {
		return nil, err
	}
	have, err := events.Get(c, id)
	if err != nil {
		return nil, err
	}
	if have != nil {
		return nil, refuse(types.EventExists, "event", "it was captured as %s", id)
	}
	x := &capture{
		Call: c, Event: e, id: id,
		record: &types.CapturedEvent{Base: types.BaseHash(e), Time: e.Time},
		lots:   working[types.LotID, types.Lot]{table: lots},
		units:  working[types.UnitID, types.Unit]{table: units},
		plots:  working[string, types.Plot]{table: plots},
	}
	if !types.EventHashFits(e) {
		x.flag(types.EventHash)
	}
	return x, nil
}

func eventID(member string, e *epcis.Event) (types.EventID, error) {
	identity, err := types.EventIdentity(e)
	if err != nil {
		return "", err
	}
	u, err := types.EventULID(identity, e.Time)
	return types.EventID(member + "/" + u), err
}

func (x *capture) execute() error {
	switch {
	case x.Type == types.TransformationEvent:
		return x.transform()
	case x.Type == types.AggregationEvent && x.Action == types.ActionAdd:
		return x.pack()
	case x.Type == types.AggregationEvent && x.Action == types.ActionDelete:
		return x.unpack()
	case x.Type == types.ObjectEvent && x.Action == types.ActionAdd:
		return x.commissionAll("event.epcList", x.EPCs, "event.quantityList", x.Quantities)
	case x.Type == types.ObjectEvent && x.Action == types.ActionDelete:
		return x.end()
	case x.BizStep == "shipping":
		return x.ship()
	case x.BizStep == "receiving" || x.BizStep == "accepting":
		return x.receive()
	}
	return x.observe()
}

// finish writes everything that the event touched.
func (x *capture) finish() error {
	if err := x.use(); err != nil {
		return err
	}
	if err := x.lots.putAll(x.Call); err != nil {
		return err
	}
	if err := x.units.putAll(x.Call); err != nil {
		return err
	}
	if err := x.plots.putAll(x.Call); err != nil {
		return err
	}
	return events.Put(x.Call, x.id, x.record)
}

// outside counts an identifier that the ledger does not follow: a class without lot, or
// what was never commissioned here.
func (x *capture) outside() { x.record.Outside++ }

func (x *capture) flag(c types.Code) { x.record.Flags = withText(x.record.Flags, c.String()) }

// in notes that a thing went into others: its chain of events gets one more.
func (x *capture) in(key types.ThingKey, t *types.Trace) {
	if t.Last == x.id {
		return // it went in twice, in two quantities
	}
	x.record.Links = append(x.record.Links, types.Link{Thing: key, Before: t.Last})
	t.Last = x.id
}

func (x *capture) out(key types.ThingKey) {
	x.record.Links = append(x.record.Links, types.Link{Thing: key, Out: true})
}

// makes reports whether the event brings lots or units about.
func (x *capture) makes() bool {
	return x.Type == types.TransformationEvent || x.Type == types.ObjectEvent && x.Action == types.ActionAdd
}

// lotOf returns the lot that a quantity is of; isLot is false, and the class counted as
// outside, where it names none.
func (x *capture) lotOf(q epcis.Quantity) (id types.LotID, isLot bool, err error) {
	id, _, isLot, err = types.LotOf(q.Class)
	if err == nil && !isLot {
		x.outside()
	}
	return id, isLot, err
}

// followedLot returns the lot that a quantity is of, nil when the ledger does not follow
// it.
func (x *capture) followedLot(q epcis.Quantity) (*types.Lot, error) {
	id, isLot, err := x.lotOf(q)
	if err != nil || !isLot {
		return nil, err
	}
	l, err := x.lots.get(x.Call, id)
	if err == nil && l == nil {
		x.outside()
	}
	return l, err
}

// followedUnit returns the unit of an identifier, nil when the ledger does not follow it.
func (x *capture) followedUnit(uri string) (*types.Unit, error) {
	id, _, err := types.UnitOf(uri)
	if err != nil {
		return nil, err
	}
	u, err := x.units.get(x.Call, id)
	if err == nil && u == nil {
		x.outside()
	}
	return u, err
}

// what are the things and quantities that an event which changes none of them is about.
func (x *capture) what() (epcs []string, quantities []epcis.Quantity) {
	epcs = slices.Concat(x.EPCs, x.ChildEPCs)
	if x.ParentID != "" {
		epcs = append(epcs, x.ParentID)
	}
	return epcs, slices.Concat(x.Quantities, x.ChildQuantities)
}

// observe enters the event into what the member holds. Customs, authorities and
// certifiers see what others hold.
func (x *capture) observe() error {
	epcs, quantities := x.what()
	for i, uri := range epcs {
		if err := x.observeUnit(fmt.Sprintf("event.epc[%d]", i), uri); err != nil {
			return err
		}
	}
	for i, q := range quantities {
		if err := x.observeLot(fmt.Sprintf("event.quantity[%d]", i), q); err != nil {
			return err
		}
	}
	return nil
}

func (x *capture) observeUnit(at, uri string) error {
	u, err := x.followedUnit(uri)
	if err != nil || u == nil {
		return err
	}
	if err := x.afterUnit(u); err != nil {
		return err
	}
	if x.inspects() {
		return nil
	}
	if err := x.holdsUnit(at, u); err != nil {
		return err
	}
	return x.recertifyUnit(at, u)
}

func (x *capture) observeLot(at string, q epcis.Quantity) error {
	l, err := x.followedLot(q)
	if err != nil || l == nil {
		return err
	}
	if err := x.afterCommission(l); err != nil || x.inspects() {
		return err
	}
	if err := x.holdsLot(at, l); err != nil {
		return err
	}
	return x.recertify(at, l)
}

// inspects reports whether the member may see what it does not hold.
func (x *capture) inspects() bool {
	return x.Member.Holds(types.RoleCustoms) || x.Member.Holds(types.RoleAuthority) || x.Member.Holds(types.RoleCertifier)
}

// end takes out of the ledger's sight what was sold to somebody outside or destroyed.
func (x *capture) end() error {
	sold := x.BizStep == "retail_selling" || x.BizStep == "dispensing"
	for i, uri := range x.EPCs {
		if err := x.endUnit(fmt.Sprintf("event.epcList[%d]", i), uri, sold); err != nil {
			return err
		}
	}
	for i, q := range x.Quantities {
		if err := x.endLot(fmt.Sprintf("event.quantityList[%d]", i), q, sold); err != nil {
			return err
		}
	}
	return nil
}

// declareError takes an event back: it stays, and what came from it is disputed
// (R1 F8).
func declareError(c *Call, b *types.CaptureEvent, e *epcis.Event) error {
	member := c.Member.ID
	if b.Of != "" && b.Of != member {
		if member = b.Of; !c.Member.Holds(types.RoleAuthority) {
			return refuse(types.Role, "of", "%s declares its own events an error; those of others an authority does", c.Member.ID)
		}
	}
	id, err := eventID(member, e)
	if err != nil {
		return err
	}
	record, err := events.Get(c, id)
	switch {
	case err != nil:
		return err
	case record == nil:
		return refuse(types.EventUnknown, "event", "%s captured no event with this time and identity", member)
	case record.Base != types.BaseHash(e):
		return refuse(types.EventDiffers, "event", "%s says something else", id)
	case record.Declared != 0:
		return refuse(types.EventExists, "event.errorDeclaration", "%s was declared an error at %d", id, record.Declared)
	}
	if len(e.Error.Reason) > maxReason {
		return refuse(types.FieldInvalid, "event.errorDeclaration.reason", "at most %d bytes", maxReason)
	}
	record.Declared, record.Reason = c.Time, e.Error.Reason
	if err := events.Put(c, id, record); err != nil {
		return err
	}
	roots, err := madeBy(c, id, e)
	if err != nil {
		return err
	}
	return spread(c, types.Mark{Kind: types.MarkDispute, Ref: string(id)}, "", points(roots), nil)
}

// maxReason bounds what is kept of an error declaration.
const maxReason = 300

// madeBy are the lots and units that an event brought about, and the transformation of
// several events that it fed.
func madeBy(c *Call, id types.EventID, e *epcis.Event) ([]types.ThingKey, error) {
	var all []types.ThingKey
	for _, q := range slices.Concat(e.Quantities, e.OutputQuantities) {
		if lot, _, isLot, err := types.LotOf(q.Class); err == nil && isLot {
			all = append(all, lot.Key())
		}
	}
	for _, uri := range slices.Concat(e.EPCs, e.OutputEPCs) {
		if unit, _, err := types.UnitOf(uri); err == nil {
			all = append(all, unit.Key())
		}
	}
	made, err := withMade(c, id, all)
	if err == nil && e.TransformationID != "" && len(e.InputQuantities)+len(e.InputEPCs) > 0 {
		member, _, _ := strings.Cut(string(id), "/")
		made = append(made, types.ThingKey(types.PrefixTransformation+"/"+member+"/"+segment(e.TransformationID)))
	}
	return made, err
}

// withMade keeps the things that this event brought about.
func withMade(c *Call, id types.EventID, keys []types.ThingKey) ([]types.ThingKey, error) {
	var made []types.ThingKey
	for _, k := range keys {
		t, err := thingAt(c, k)
		if err != nil {
			return nil, err
		}
		if t != nil && t.trace().Made == id {
			made = append(made, k)
		}
	}
	return made, nil
}

func settleDispute(c *Call, b *types.SettleDispute) error {
	record, err := events.Get(c, b.Event)
	switch {
	case err != nil:
		return err
	case record == nil:
		return refuse(types.EventUnknown, "event", "%s", b.Event)
	case record.Declared == 0 || record.Cleared != 0:
		return refuse(types.EventUnknown, "event", "there is no open dispute about %s", b.Event)
	}
	record.Cleared = c.Time
	return events.Put(c, b.Event, record)
}

// working are the records of one table that a body touches, in the order of their first
// touch.
type working[K ~string, V any] struct {
	table Table[K, V]
	keys  []K
	have  map[K]*V
}

// get reads a record once; nil when there is none. A record that was read is written.
func (w *working[K, V]) get(c *Call, k K) (*V, error) {
	if v, ok := w.have[k]; ok {
		return v, nil
	}
	v, err := w.table.Get(c, k)
	if err == nil && v != nil {
		w.add(k, v)
	}
	return v, err
}

// add enters a record that get would return from now on.
func (w *working[K, V]) add(k K, v *V) {
	if w.have == nil {
		w.have = map[K]*V{}
	}
	w.keys = append(w.keys, k)
	w.have[k] = v
}

func (w *working[K, V]) putAll(c *Call) error {
	for _, k := range w.keys {
		if err := w.table.Put(c, k, w.have[k]); err != nil {
			return err
		}
	}
	return nil
}

// withText returns an ascending list with s in it once.
func withText(list []string, s string) []string {
	i, found := slices.BinarySearch(list, s)
	if found {
		return list
	}
	return slices.Insert(list, i, s)
}

func listed(list []string) string { return strings.Join(list, ", ") }

// segment writes any text as one segment of a key.
func segment(s string) string {
	if s == "" {
		return "-"
	}
	return gs1.Escape(s)
}
