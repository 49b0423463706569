package epcis

import (
	"slices"
	"strings"
)

// want is what a member must be.
type want uint8

const (
	aText       want = iota
	texts            // a list of strings
	objects          // a list of objects
	textOrTexts      // a string or a list of strings
	aNumber
	aBoolean
	anObject
	anything
)

// field is a member an object may have.
type field struct {
	name string
	want want
	must bool
}

// others says which members an object may have besides its fields.
type others uint8

const (
	noOthers     others = iota
	namespaced          // those whose name is a URI, whole or compact
	meaningless         // any, but outside a namespace they mean nothing, which a warning says
	uninterested        // any
)

// shape says which members an object has. This file is the EPCIS JSON schema in our words; values are checked where they
// are read.
type shape struct {
	fields []field
	others others
}

func may(name string, w want) field  { return field{name, w, false} }
func must(name string, w want) field { return field{name, w, true} }

func newShape(o others, fields ...field) *shape { return &shape{fields, o} }

var (
	documentShape = newShape(namespaced,
		must("@context", anything), must("type", aText), must("schemaVersion", aText), must("creationDate", aText),
		may("id", aText), may("instanceIdentifier", aText), may("sender", aText), may("receiver", aText),
		may("epcisHeader", anObject), must("epcisBody", anObject))
	documentBodyShape = newShape(meaningless, must("eventList", objects))

	queryDocumentShape = newShape(namespaced,
		must("@context", anything), must("type", aText), may("schemaVersion", aText), may("creationDate", aText),
		may("id", aText), must("epcisBody", anObject))
	queryBodyShape    = newShape(namespaced, must("queryResults", anObject))
	queryResultsShape = newShape(namespaced, must("queryName", aText), may("subscriptionID", aText), must("resultsBody", anObject))
	resultsBodyShape  = newShape(namespaced, must("eventList", objects), may("vocabularyList", objects))
)

// Master data in the header of a document or in the results of a query.
var (
	headerShape            = newShape(namespaced, may("epcisMasterData", anObject))
	masterDataShape        = newShape(uninterested, may("vocabularyList", objects))
	vocabularyShape        = newShape(uninterested, must("type", aText), may("vocabularyElementList", objects))
	vocabularyElementShape = newShape(uninterested, must("id", aText), may("attributes", objects), may("children", texts))
	attributeShape         = newShape(uninterested, must("id", aText), may("attribute", anything))
)

// everyEvent is what events have whatever their type.
var everyEvent = []field{
	may("@context", anything), must("type", aText), may("eventID", aText),
	must("eventTime", aText), must("eventTimeZoneOffset", aText), may("recordTime", aText),
	may("certificationInfo", textOrTexts), may("errorDeclaration", anObject),
}

// commonFields stand in events of every type of the standard. The union of what, when, where, why and how of one type is
// its shape.
var commonFields = slices.Concat(everyEvent, []field{
	may("bizStep", aText), may("disposition", aText), may("readPoint", anObject), may("bizLocation", anObject),
	may("bizTransactionList", objects), may("sourceList", objects), may("destinationList", objects),
	may("sensorElementList", objects),
})

func eventShape(fields ...field) *shape {
	return newShape(namespaced, slices.Concat(commonFields, fields)...)
}

var (
	objectEventShape = eventShape(
		must("action", aText), may("epcList", texts), may("quantityList", objects),
		may("persistentDisposition", anObject), may("ilmd", anObject))
	aggregationEventShape = eventShape(
		must("action", aText), may("parentID", aText), may("childEPCs", texts), may("childQuantityList", objects),
		may("persistentDisposition", anObject))
	transactionEventShape = eventShape(
		must("action", aText), may("parentID", aText), may("epcList", texts), may("quantityList", objects),
		may("persistentDisposition", anObject))
	transformationEventShape = eventShape(
		may("inputEPCList", texts), may("inputQuantityList", objects),
		may("outputEPCList", texts), may("outputQuantityList", objects), may("transformationID", aText),
		may("persistentDisposition", anObject), may("ilmd", anObject))
	associationEventShape = eventShape(
		must("action", aText), may("parentID", aText), may("childEPCs", texts), may("childQuantityList", objects),
		may("persistentDisposition", anObject))
	foreignEventShape = newShape(uninterested, everyEvent...)
)

// Parts of events.
var (
	placeShape                 = newShape(meaningless, must("id", aText))
	quantityShape              = newShape(noOthers, must("epcClass", aText), may("quantity", aNumber), may("uom", aText))
	bizTransactionShape        = newShape(noOthers, may("type", aText), must("bizTransaction", aText))
	sourceShape                = newShape(noOthers, must("type", aText), must("source", aText))
	destinationShape           = newShape(noOthers, must("type", aText), must("destination", aText))
	persistentDispositionShape = newShape(noOthers, may("set", texts), may("unset", texts))
	errorDeclarationShape      = newShape(namespaced, must("declarationTime", aText), may("reason", aText), may("correctiveEventIDs", texts))
	ilmdShape                  = newShape(namespaced)

	sensorElementShape  = newShape(namespaced, may("sensorMetadata", anObject), must("sensorReport", objects))
	sensorMetadataShape = newShape(namespaced,
		may("time", aText), may("startTime", aText), may("endTime", aText), may("deviceID", aText),
		may("deviceMetadata", aText), may("rawData", aText), may("dataProcessingMethod", aText), may("bizRules", aText))
	sensorReportShape = newShape(namespaced,
		must("type", aText), may("exception", aText), may("deviceID", aText), may("deviceMetadata", aText),
		may("rawData", aText), may("dataProcessingMethod", aText), may("bizRules", aText), may("time", aText),
		may("microorganism", aText), may("chemicalSubstance", aText), may("coordinateReferenceSystem", aText),
		may("component", aText), may("stringValue", aText), may("booleanValue", aBoolean), may("hexBinaryValue", aText),
		may("uriValue", aText), may("value", aNumber), may("minValue", aNumber), may("maxValue", aNumber),
		may("meanValue", aNumber), may("sDev", aNumber), may("percRank", aNumber), may("percValue", aNumber), may("uom", aText))
)

// shapes are all of the above, for the names they reserve.
var shapes = []*shape{
	documentShape, documentBodyShape, queryDocumentShape, queryBodyShape, queryResultsShape, resultsBodyShape, headerShape,
	objectEventShape, aggregationEventShape, transactionEventShape, transformationEventShape, associationEventShape,
	placeShape, quantityShape, bizTransactionShape, sourceShape, destinationShape, persistentDispositionShape,
	errorDeclarationShape, sensorElementShape, sensorMetadataShape, sensorReportShape,
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
			r.checkOther(m.name, s.others)
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
	case aBoolean:
		r.mustBe(v, boolean)
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

// checkOther judges the name of a member that the standard does not have. A name without namespace is a slip of the pen or of
// another version of the standard.
func (r *reader) checkOther(name string, o others) {
	namespace := strings.IndexByte(name, ':') >= 0
	switch {
	case o == uninterested:
	case o == noOthers || o == namespaced && !namespace:
		r.fail(CodeUnknown, "is not a member of the standard here")
	case o == namespaced && !isURI(name):
		r.fail(CodeUnknown, "is neither a member of the standard nor a URI; other characters are percent-encoded in URIs")
	case !namespace:
		r.warn(CodeUnknown, "is not a member of the standard here and means nothing")
	default:
		r.explain(name)
	}
}

// explain warns of a prefix that is not declared. JSON-LD readers take it for a scheme, people do not.
func (r *reader) explain(name string) {
	if prefix, _, ok := strings.Cut(name, ":"); ok && !r.context.explains(name) {
		r.warn(CodeContext, "the prefix %s is not declared in @context and taken for a URI scheme", prefix)
	}
}
