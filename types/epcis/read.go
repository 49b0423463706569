package epcis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// reader reads values into events and gathers what is wrong with them.
type reader struct {
	context  context // in force at this place
	at       trail
	errors   Errors
	warnings []Warning // about the event that is being read
	notes    []Warning // about everything else
	warned   int       // warnings of events that were read
	unnamed  bool      // an event without an official context was met
	written  int       // bytes of canonical form
}

// fail records a fault at the current place. It shortens the strings among args.
func (r *reader) fail(code Code, format string, args ...any) {
	if len(r.errors) < MaxErrors {
		r.errors = append(r.errors, &Error{code, r.at.String(), sentence(format, args)})
	}
}

// warn records a warning that the canonical form of the event gives rise to again.
func (r *reader) warn(code Code, format string, args ...any) {
	if r.roomToWarn() {
		r.warnings = append(r.warnings, Warning{code, r.at.String(), sentence(format, args)})
	}
}

// note records a warning about something that no canonical form tells.
func (r *reader) note(code Code, format string, args ...any) {
	if r.roomToWarn() {
		r.notes = append(r.notes, Warning{code, r.at.String(), sentence(format, args)})
	}
}

func (r *reader) roomToWarn() bool {
	if r.warned+len(r.warnings)+len(r.notes) < MaxWarnings {
		return true
	}
	if len(r.errors) < MaxErrors && !slices.Contains(r.errors, tooManyWarnings) {
		r.errors = append(r.errors, tooManyWarnings)
	}
	return false
}

// sentence formats what is said about a document. It shortens the strings among args.
func sentence(format string, args []any) string {
	for i := range args {
		if s, ok := args[i].(string); ok {
			args[i] = clip(s)
		}
	}
	return fmt.Sprintf(format, args...)
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

// eventTypes lists the types of event of EPCIS 2.0.
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
	case eventTypeOf(v) != nil || isURI(d.Type):
		d.Events = append(d.Events, r.event(v))
		d.Type = d.Events[0].Type
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
	r.documentID(v)
	d.CreationDate = r.time(v, "creationDate")
	r.version(v, d)
	r.header(v)
	r.notes, r.warnings = append(r.notes, r.warnings...), nil
}

// documentID checks the id of a document. Official samples give it names such as _:document1, which RDF has for things that
// have none: it says nothing, and nobody reads it.
func (r *reader) documentID(v *value) {
	if !strings.HasPrefix(v.textOf("id", text), "_:") {
		r.uri(v, "id")
		return
	}
	r.at.member("id")
	r.note(CodeValue, "is a blank node identifier, not the URI that the JSON schema wants")
	r.at.up()
}

func (r *reader) version(v *value, d *Document) {
	version := v.getKind("schemaVersion", text)
	if version == nil {
		return
	}
	d.SchemaVersion = version.text
	r.at.member("schemaVersion")
	defer r.at.up()
	if !isVersion(version.text) {
		r.fail(CodeValue, "%s is not a version such as 2.0", version.text)
	} else if version.text != "2" && !strings.HasPrefix(version.text, "2.") {
		r.note(CodeValue, "%s is not a version 2 of EPCIS; the document is read as if it were", version.text)
	}
}

// isVersion reports whether s is numbers with points between them.
func isVersion(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}

// enterContext makes the @context of the document or event that is being read the one in force, over the one around it.
func (r *reader) enterContext(v *value) {
	r.at.member("@context")
	r.context = r.readContext(v, r.context)
	r.at.up()
}

// expectOfficial notes, once for a document, that its words are read as those of EPCIS although it does not say so.
func (r *reader) expectOfficial() {
	if !r.context.official && !r.unnamed {
		r.unnamed = true
		r.note(CodeContext, "@context does not name the context of EPCIS; the event is read as if it did: %s", officialContexts[0])
	}
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
	r.vocabularies(v)
	r.notes, r.warnings = append(r.notes, r.warnings...), nil
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
	defer func(around context) { r.context = around }(r.context)
	if c := v.get("@context"); c != nil {
		r.enterContext(c)
	} else if len(r.at) == 0 {
		r.failAt("@context", CodeMissing, "is required")
	}
	r.expectOfficial()
	e := Event{Pointer: r.at.String()}
	if t := eventTypeOf(v); t != nil {
		r.standardEvent(v, t, &e)
	} else {
		r.foreignEvent(v, &e)
	}
	r.canonical(v, &e)
	if eventTypeOf(v) == nil {
		e.ILMD = nil
	}
	r.written += len(e.Canonical)
	e.Warnings, r.warnings = r.warnings, nil
	r.warned += len(e.Warnings)
	return e
}

func (r *reader) standardEvent(v *value, t *eventType, e *Event) {
	e.Type = t.name
	r.renew(v)
	r.check(v, t.shape)
	r.when(v, e)
	r.what(v, e)
	r.where(v, e)
	r.why(v, e)
	e.Sensors = r.sensors(v)
	r.part(v, "ilmd", ilmdShape)
	t.rule(r, v, e)
}

// foreignEvent reads what every event has of an event whose type is not one of EPCIS 2.0.
func (r *reader) foreignEvent(v *value, e *Event) {
	t := v.getKind("type", text)
	if t == nil || !isURI(t.text) {
		r.failAt("type", CodeValue, "must be an event type of EPCIS 2.0, or the URI of somebody else's")
		return
	}
	e.Type = r.context.expand(t.text)
	r.at.member("type")
	r.explain(t.text)
	r.warn(CodeValue, "%s is no event type of EPCIS 2.0: only what every event has is read of it", t.text)
	r.at.up()
	r.check(v, foreignEventShape)
	r.when(v, e)
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
	e.CertificationInfo = r.uris(v, "certificationInfo")
	if certificate := r.uri(v, "certificationInfo"); certificate != "" {
		e.CertificationInfo = []string{certificate}
	}
	e.Error = r.errorDeclaration(v)
}

func (r *reader) errorDeclaration(v *value) *ErrorDeclaration {
	m := v.getKind("errorDeclaration", object)
	if m == nil {
		return nil
	}
	r.at.member("errorDeclaration")
	defer r.at.up()
	r.check(m, errorDeclarationShape)
	return &ErrorDeclaration{r.time(m, "declarationTime"), r.word(m, "reason", errorReasons), r.uris(m, "correctiveEventIDs")}
}

func (r *reader) what(v *value, e *Event) {
	e.ParentID = r.id(v, "parentID", thing)
	e.EPCs = r.ids(v, "epcList", e.Type == "ObjectEvent")
	e.InputEPCs = r.ids(v, "inputEPCList", true)
	e.OutputEPCs = r.ids(v, "outputEPCList", true)
	e.ChildEPCs = r.ids(v, "childEPCs", false)
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
	e.Set, e.Unset = r.persistentDisposition(v)
	e.TransformationID = r.id(v, "transformationID", opaque)
	e.BizTransactions = r.typed(v, "bizTransactionList", "bizTransaction", bizTransactionShape, bizTransactionTypes, opaque)
	e.Sources = r.typed(v, "sourceList", "source", sourceShape, sourceDestTypes, thing)
	e.Destinations = r.typed(v, "destinationList", "destination", destinationShape, sourceDestTypes, thing)
}

func (r *reader) persistentDisposition(v *value) (set, unset []string) {
	r.part(v, "persistentDisposition", persistentDispositionShape)
	m := v.getKind("persistentDisposition", object)
	if m == nil {
		return nil, nil
	}
	r.at.member("persistentDisposition")
	defer r.at.up()
	if t := v.textOf("type", text); t != "ObjectEvent" && t != "TransformationEvent" {
		r.warn(CodeUnknown, "the JSON schema has it in ObjectEvent and TransformationEvent only")
	}
	if m.get("set") == nil && m.get("unset") == nil {
		r.fail(CodeMissing, "set or unset is required")
	}
	return r.words(m, "set", dispositions), r.words(m, "unset", dispositions)
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
	r.unit(v, &q)
	r.amount(v, &q)
	return q
}

func (r *reader) unit(v *value, q *Quantity) {
	uom := v.getKind("uom", text)
	if uom == nil {
		return
	}
	q.Unit = uom.text
	r.at.member("uom")
	defer r.at.up()
	if !isUnitCode(uom.text) {
		r.fail(CodeValue, "%s is not a code of UNECE Recommendation 20", uom.text)
	} else if _, _, known := gs1.Unit(uom.text); !known {
		r.warn(CodeValue, "%s is not a unit that can be converted into others", uom.text)
	}
}

// amount reads how much. The JSON schema takes every number, the ledger those that can be counted.
func (r *reader) amount(v *value, q *Quantity) {
	m := v.getKind("quantity", number)
	if m == nil {
		return
	}
	r.at.member("quantity")
	defer r.at.up()
	r.settle(m)
	amount, err := gs1.ParseAmount(m.text)
	if err != nil {
		r.warn(CodeValue, "%s: no amount is read", detail(err))
		return
	}
	q.Amount, q.HasAmount = amount, true
}

// isUnitCode reports whether s has the form of a common code: two or three capitals and digits.
func isUnitCode(s string) bool {
	return (len(s) == 2 || len(s) == 3) && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
