package epcis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// reader reads values into events and gathers what is wrong with them.
type reader struct {
	context context // in force at this place
	at      trail
	errors  Errors
	written int // bytes of canonical form
}

// fail records a fault at the current place. It shortens the strings among args.
func (r *reader) fail(code Code, format string, args ...any) {
	if len(r.errors) >= MaxErrors {
		return
	}
	for i := range args {
		if s, ok := args[i].(string); ok {
			args[i] = clip(s)
		}
	}
	r.errors = append(r.errors, &Error{code, r.at.String(), fmt.Sprintf(format, args...)})
}

// failAt records a fault in the member with this name.
func (r *reader) failAt(name string, code Code, format string, args ...any) {
	r.at.member(name)
	r.fail(code, format, args...)
	r.at.up()
}

// eventType is what distinguishes one type of event from another.
type eventType struct {
	name  string
	shape *shape
	rule  func(*reader, *value, *Event)
}

// eventTypes lists the types of event of EPCIS 2.0. An event of somebody else's type means nothing to a ledger.
var eventTypes = []eventType{
	{"ObjectEvent", objectEventShape, (*reader).objectRule},
	{"AggregationEvent", aggregationEventShape, (*reader).aggregationRule},
	{"TransactionEvent", transactionEventShape, (*reader).transactionRule},
	{"TransformationEvent", transformationEventShape, (*reader).transformationRule},
	{"AssociationEvent", associationEventShape, (*reader).associationRule},
}

func eventTypeOf(v *value) *eventType {
	if t := v.getKind("type", text); t != nil {
		for i := range eventTypes {
			if eventTypes[i].name == t.text {
				return &eventTypes[i]
			}
		}
	}
	return nil
}

// document reads the root of a document.
func (r *reader) document(v *value) *Document {
	d := &Document{}
	if t := v.getKind("type", text); t != nil {
		d.Type = t.text
	}
	switch {
	case d.Type == "EPCISDocument":
		r.head(v, d, documentShape)
		r.list(v, d, []string{"epcisBody"}, documentBodyShape)
	case d.Type == "EPCISQueryDocument":
		r.head(v, d, queryDocumentShape)
		r.list(v, d, []string{"epcisBody", "queryResults", "resultsBody"}, queryBodyShape, queryResultsShape, resultsBodyShape)
	case eventTypeOf(v) != nil:
		d.Events = append(d.Events, r.event(v))
	default:
		r.fail(CodeNotEPCIS, "neither an EPCISDocument or EPCISQueryDocument nor an event of EPCIS 2.0")
	}
	return d
}

// head reads what stands around the events of a document.
func (r *reader) head(v *value, d *Document, s *shape) {
	if c := v.get("@context"); c != nil {
		r.enterContext(c)
	}
	r.check(v, s)
	d.CreationDate = r.time(v, "creationDate")
	if version := v.getKind("schemaVersion", text); version != nil {
		d.SchemaVersion = version.text
		if version.text != "2" && !strings.HasPrefix(version.text, "2.") {
			r.failAt("schemaVersion", CodeValue, "%s is not a version 2 of EPCIS", version.text)
		}
	}
}

// enterContext makes the @context of the document or event that is being read the one in force, over the one around it.
func (r *reader) enterContext(v *value) {
	r.at.member("@context")
	r.context = r.readContext(v, r.context)
	if len(r.context.urls) == 0 {
		r.fail(CodeContext, "the context of EPCIS is missing, name %s", officialContexts[0])
	}
	r.at.up()
}

// list reads the events behind a path of objects, each of which has the shape given for it.
func (r *reader) list(v *value, d *Document, path []string, shapes ...*shape) {
	outside := len(r.at)
	for i, name := range path {
		if v = v.getKind(name, object); v == nil {
			r.at = r.at[:outside]
			return
		}
		r.at.member(name)
		r.check(v, shapes[i])
	}
	if events := v.getKind("eventList", list); events != nil {
		r.at.member("eventList")
		r.events(events, d)
	}
	r.at = r.at[:outside]
}

func (r *reader) events(v *value, d *Document) {
	d.Events = make([]Event, 0, len(v.kids))
	for i := range v.kids {
		if len(r.errors) >= MaxErrors {
			return
		}
		if r.written > MaxCanonical {
			r.fail(CodeTooLarge, "the events with their contexts are over %d MiB", MaxCanonical>>20)
			return
		}
		if v.kids[i].kind == object {
			r.at.element(i)
			d.Events = append(d.Events, r.event(&v.kids[i]))
			r.at.up()
		}
	}
}

// event reads one event.
func (r *reader) event(v *value) Event {
	t := eventTypeOf(v)
	if t == nil {
		r.failAt("type", CodeValue, "must be an event type of EPCIS 2.0")
		return Event{}
	}
	defer func(around context) { r.context = around }(r.context)
	if c := v.get("@context"); c != nil {
		r.enterContext(c)
	} else if len(r.context.urls) == 0 && len(r.at) == 0 {
		r.failAt("@context", CodeMissing, "is required")
	}
	r.check(v, t.shape)
	e := Event{Type: t.name, Pointer: r.at.String()}
	r.when(v, &e)
	r.what(v, &e)
	r.where(v, &e)
	r.why(v, &e)
	r.rest(v)
	t.rule(r, v, &e)
	e.Canonical = r.canonical(v)
	r.written += len(e.Canonical)
	return e
}

func (r *reader) when(v *value, e *Event) {
	e.EventID = r.id(v, "eventID", opaque)
	e.Time = r.time(v, "eventTime")
	e.RecordTime = r.time(v, "recordTime")
	if offset := v.getKind("eventTimeZoneOffset", text); offset != nil {
		e.ZoneOffset = offset.text
		if !isOffset(offset.text) {
			r.failAt("eventTimeZoneOffset", CodeValue, "%s is not an offset such as +08:00", offset.text)
		}
	}
}

func (r *reader) what(v *value, e *Event) {
	e.ParentID = r.id(v, "parentID", thing)
	e.EPCs = r.ids(v, "epcList")
	e.InputEPCs = r.ids(v, "inputEPCList")
	e.OutputEPCs = r.ids(v, "outputEPCList")
	e.ChildEPCs = r.ids(v, "childEPCs")
	e.Quantities = r.quantities(v, "quantityList")
	e.InputQuantities = r.quantities(v, "inputQuantityList")
	e.OutputQuantities = r.quantities(v, "outputQuantityList")
	e.ChildQuantities = r.quantities(v, "childQuantityList")
}

func (r *reader) where(v *value, e *Event) {
	e.ReadPoint = r.place(v, "readPoint")
	e.BizLocation = r.place(v, "bizLocation")
}

func (r *reader) why(v *value, e *Event) {
	if action := v.getKind("action", text); action != nil {
		e.Action = action.text
		if !slices.Contains(actions, action.text) {
			r.failAt("action", CodeValue, "%s is not ADD, OBSERVE or DELETE", action.text)
		}
	}
	e.BizStep = r.word(v, "bizStep", bizSteps)
	e.Disposition = r.word(v, "disposition", dispositions)
	e.TransformationID = r.id(v, "transformationID", opaque)
	e.BizTransactions = r.typed(v, "bizTransactionList", "bizTransaction", bizTransactionShape, bizTransactionTypes, opaque)
	e.Sources = r.typed(v, "sourceList", "source", sourceShape, sourceDestTypes, thing)
	e.Destinations = r.typed(v, "destinationList", "destination", destinationShape, sourceDestTypes, thing)
}

// rest checks the form of what is kept in Canonical only.
func (r *reader) rest(v *value) {
	r.part(v, "ilmd", ilmdShape)
	r.part(v, "errorDeclaration", errorDeclarationShape)
	r.part(v, "persistentDisposition", persistentDispositionShape)
	r.each(v, "sensorElementList", func(element *value) { r.check(element, sensorElementShape) })
}

// part checks the object with this name.
func (r *reader) part(v *value, name string, s *shape) {
	if m := v.getKind(name, object); m != nil {
		r.at.member(name)
		r.check(m, s)
		r.at.up()
	}
}

// each reads the objects of the list with this name.
func (r *reader) each(v *value, name string, read func(*value)) {
	m := v.getKind(name, list)
	if m == nil {
		return
	}
	r.at.member(name)
	for i := range m.kids {
		if m.kids[i].kind == object {
			r.at.element(i)
			read(&m.kids[i])
			r.at.up()
		}
	}
	r.at.up()
}

func (r *reader) place(v *value, name string) string {
	r.part(v, name, placeShape)
	m := v.getKind(name, object)
	if m == nil {
		return ""
	}
	r.at.member(name)
	defer r.at.up()
	return r.id(m, "id", thing)
}

func (r *reader) typed(v *value, name, id string, s *shape, types *vocabulary, u use) []Typed {
	var all []Typed
	r.each(v, name, func(m *value) {
		r.check(m, s)
		all = append(all, Typed{r.word(m, "type", types), r.id(m, id, u)})
	})
	return all
}

func (r *reader) quantities(v *value, name string) []Quantity {
	var all []Quantity
	r.each(v, name, func(m *value) { all = append(all, r.quantity(m)) })
	return all
}

func (r *reader) quantity(v *value) Quantity {
	r.check(v, quantityShape)
	q := Quantity{Unit: gs1.Pieces}
	q.Class, q.Key = r.identify(v.getKind("epcClass", text), "epcClass", thing)
	if uom := v.getKind("uom", text); uom != nil {
		q.Unit = uom.text
		if !isUnitCode(uom.text) {
			r.failAt("uom", CodeValue, "%s is not a code of UNECE Recommendation 20", uom.text)
		}
	}
	amount := v.getKind("quantity", number)
	if amount == nil {
		return q
	}
	var err error
	if q.Amount, err = gs1.ParseAmount(amount.text); err != nil {
		r.failAt("quantity", CodeValue, "%s", detail(err))
	}
	q.HasAmount = err == nil
	return q
}

// isUnitCode reports whether s has the form of a common code: two or three capitals and digits.
func isUnitCode(s string) bool {
	return (len(s) == 2 || len(s) == 3) && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
