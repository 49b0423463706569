package epcis

// The rules of the standard on what an event of each type must be about, beyond the members of its shape. Lists that are
// there and empty are about nothing.

// objectRule: things or quantities, or else sensor readings at a place; master data only for what is new.
func (r *reader) objectRule(v *value, e *Event) {
	observes := v.count("sensorElementList") > 0 && (v.get("readPoint") != nil || v.get("bizLocation") != nil)
	if v.count("epcList")+v.count("quantityList") == 0 && !observes {
		r.fail(CodeMissing, "epcList or quantityList is required, or sensorElementList with a readPoint or bizLocation")
	}
	if v.get("ilmd") != nil && e.Action != "ADD" {
		r.failAt("ilmd", CodeValue, "is accepted with action ADD only")
	}
}

// aggregationRule: children, unless everything is taken out of the parent; the parent, unless children are only observed.
// The JSON schema does not demand a parent, but without one nothing was put together or taken apart.
func (r *reader) aggregationRule(v *value, e *Event) {
	r.childrenRule(v, e)
	if e.Action != "OBSERVE" && v.get("parentID") == nil {
		r.failAt("parentID", CodeMissing, "is required with action %s", e.Action)
	}
}

// associationRule: as aggregations, with a parent always.
func (r *reader) associationRule(v *value, e *Event) {
	r.childrenRule(v, e)
	if v.get("parentID") == nil {
		r.failAt("parentID", CodeMissing, "is required")
	}
}

func (r *reader) childrenRule(v *value, e *Event) {
	if v.count("childEPCs")+v.count("childQuantityList") == 0 && e.Action != "DELETE" {
		r.fail(CodeMissing, "childEPCs or childQuantityList is required with action %s", e.Action)
	}
}

// transactionRule: a business transaction, and what it is about unless everything is taken out of it.
func (r *reader) transactionRule(v *value, e *Event) {
	if v.count("bizTransactionList") == 0 {
		r.failAt("bizTransactionList", CodeMissing, "at least one business transaction is required")
	}
	if v.count("epcList")+v.count("quantityList") == 0 && e.Action != "DELETE" {
		r.fail(CodeMissing, "epcList or quantityList is required with action %s", e.Action)
	}
}

// transformationRule: inputs and outputs, or one of them in a transformation that several events tell.
func (r *reader) transformationRule(v *value, e *Event) {
	inputs := v.count("inputEPCList")+v.count("inputQuantityList") > 0
	outputs := v.count("outputEPCList")+v.count("outputQuantityList") > 0
	switch {
	case inputs && outputs:
	case !inputs && !outputs:
		r.fail(CodeMissing, "inputs or outputs are required")
	case e.TransformationID == "":
		r.fail(CodeMissing, "inputs and outputs are required, or one of them with a transformationID")
	}
}
