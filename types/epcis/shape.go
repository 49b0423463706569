package epcis

import (
	"slices"
	"strings"
)

// want is what JSON type a member must have.
type want uint8

const (
	aText       want = iota
	texts            // a list of strings
	objects          // a list of objects
	textOrTexts      // a string or a list of strings
	aNumber
	anObject
	anything
)

// field is a member an object may have.
type field struct {
	name string
	want want
	must bool
}

// shape says which members an object has. This file is the EPCIS JSON schema in our words; values are checked where they
// are read.
type shape struct {
	fields []field
	open   bool // members in a namespace are accepted besides
}

func may(name string, w want) field  { return field{name, w, false} }
func must(name string, w want) field { return field{name, w, true} }

func closedShape(fields ...field) *shape { return &shape{fields, false} }
func openShape(fields ...field) *shape   { return &shape{fields, true} }

var (
	documentShape = openShape(
		must("@context", anything), must("type", aText), must("schemaVersion", aText), must("creationDate", aText),
		may("id", aText), may("instanceIdentifier", aText), may("sender", aText), may("receiver", aText),
		may("epcisHeader", anObject), must("epcisBody", anObject))
	documentBodyShape = openShape(must("eventList", objects))

	queryDocumentShape = openShape(
		must("@context", anything), must("type", aText), may("schemaVersion", aText), may("creationDate", aText),
		may("id", aText), must("epcisBody", anObject))
	queryBodyShape    = openShape(must("queryResults", anObject))
	queryResultsShape = openShape(must("queryName", aText), may("subscriptionID", aText), must("resultsBody", anObject))
	resultsBodyShape  = openShape(must("eventList", objects), may("vocabularyList", objects))
)

// commonFields stand in events of every type. The union of what, when, where, why and how of one type is its shape.
var commonFields = []field{
	may("@context", anything), must("type", aText), may("eventID", aText),
	must("eventTime", aText), must("eventTimeZoneOffset", aText), may("recordTime", aText),
	may("certificationInfo", textOrTexts), may("errorDeclaration", anObject),
	may("bizStep", aText), may("disposition", aText), may("readPoint", anObject), may("bizLocation", anObject),
	may("bizTransactionList", objects), may("sourceList", objects), may("destinationList", objects),
	may("sensorElementList", objects),
}

func eventShape(fields ...field) *shape { return openShape(slices.Concat(commonFields, fields)...) }

var (
	objectEventShape = eventShape(
		must("action", aText), may("epcList", texts), may("quantityList", objects),
		may("persistentDisposition", anObject), may("ilmd", anObject))
	aggregationEventShape = eventShape(
		must("action", aText), may("parentID", aText), may("childEPCs", texts), may("childQuantityList", objects))
	transactionEventShape = eventShape(
		must("action", aText), may("parentID", aText), may("epcList", texts), may("quantityList", objects))
	transformationEventShape = eventShape(
		may("inputEPCList", texts), may("inputQuantityList", objects),
		may("outputEPCList", texts), may("outputQuantityList", objects), may("transformationID", aText),
		may("persistentDisposition", anObject), may("ilmd", anObject))
	associationEventShape = eventShape(
		must("action", aText), may("parentID", aText), may("childEPCs", texts), may("childQuantityList", objects))
)

// Parts of events. Of sensor elements and error declarations a later release reads more.
var (
	placeShape                 = openShape(must("id", aText))
	quantityShape              = closedShape(must("epcClass", aText), may("quantity", aNumber), may("uom", aText))
	bizTransactionShape        = closedShape(may("type", aText), must("bizTransaction", aText))
	sourceShape                = closedShape(must("type", aText), must("source", aText))
	destinationShape           = closedShape(must("type", aText), must("destination", aText))
	persistentDispositionShape = closedShape(may("set", texts), may("unset", texts))
	errorDeclarationShape      = openShape(must("declarationTime", aText), may("reason", aText), may("correctiveEventIDs", texts))
	sensorElementShape         = openShape(may("sensorMetadata", anObject), must("sensorReport", objects))
	ilmdShape                  = openShape()
)

// shapes are all of the above, for the names they reserve.
var shapes = []*shape{
	documentShape, documentBodyShape, queryDocumentShape, queryBodyShape, queryResultsShape, resultsBodyShape,
	objectEventShape, aggregationEventShape, transactionEventShape, transformationEventShape, associationEventShape,
	placeShape, quantityShape, bizTransactionShape, sourceShape, destinationShape, persistentDispositionShape,
	errorDeclarationShape, sensorElementShape,
}

func (s *shape) field(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// check reports the members of v that s does not have, that have another JSON type, and those that are missing.
func (r *reader) check(v *value, s *shape) {
	for i := range v.kids {
		m := &v.kids[i]
		r.at.member(m.name)
		if f := s.field(m.name); f != nil {
			r.checkKind(m, f.want)
		} else {
			r.checkExtension(m.name, s.open)
		}
		r.at.up()
	}
	for _, f := range s.fields {
		if f.must && v.get(f.name) == nil {
			r.failAt(f.name, CodeMissing, "is required")
		}
	}
}

func (r *reader) checkKind(v *value, w want) {
	switch w {
	case aText:
		r.mustBe(v, text)
	case aNumber:
		r.mustBe(v, number)
	case anObject:
		r.mustBe(v, object)
	case texts:
		r.checkElements(v, text)
	case objects:
		r.checkElements(v, object)
	case textOrTexts:
		if v.kind != text {
			r.checkElements(v, text)
		}
	}
}

func (r *reader) mustBe(v *value, k kind) bool {
	if v.kind != k {
		r.fail(CodeType, "must be %s, not %s", k, v.kind)
	}
	return v.kind == k
}

func (r *reader) checkElements(v *value, k kind) {
	if !r.mustBe(v, list) {
		return
	}
	for i := range v.kids {
		r.at.element(i)
		r.mustBe(&v.kids[i], k)
		r.at.up()
	}
}

// checkExtension accepts a member that the standard does not have if its name is in somebody's namespace, as a URI or with a
// prefix that the context declares. A name without namespace is a slip of the pen or of another version of the standard.
func (r *reader) checkExtension(name string, open bool) {
	prefix, rest, namespaced := strings.Cut(name, ":")
	switch {
	case !open || !namespaced:
		r.fail(CodeUnknown, "is not a member of the standard here")
	case strings.HasPrefix(rest, "//") || isScheme(prefix) || r.context.declares(prefix):
	default:
		r.fail(CodeContext, "prefix %q is not declared in @context", prefix)
	}
}
