package epcis

// The rules of the JSON schema on what an event of each type must be about, beyond the members of its shape. An epcList that
// is there and empty is enough, other lists must not be empty.

// objectRule: things or quantities, or else sensor readings at a read point; master data only for what is new.
func (r *reader) objectRule(v *value, e *Event) {
	observes := v.count("sensorElementList") > 0 && v.get("readPoint") != nil
	if v.get("epcList") == nil && v.count("quantityList") == 0 && !observes {
		r.fail(CodeMissing, "epcList or quantityList is required, or sensorElementList with a readPoint")
	}
	if v.get("ilmd") != nil && e.Action != "ADD" {
		r.failAt("ilmd", CodeValue, "is accepted with action ADD only")
	}
}

// aggregationRule: children, unless everything is taken out of the parent. The standard wants the parent too, unless children
// are only observed, because without it nothing was put together or taken apart; the JSON schema does not ask for it.
func (r *reader) aggregationRule(v *value, e *Event) {
	r.childrenRule(v, e)
	if e.Action != "OBSERVE" && v.get("parentID") == nil {
		r.at.member("parentID")
		r.warn(CodeMissing, "the standard requires it with action %s", e.Action)
		r.at.up()
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
	if v.get("epcList") == nil && v.count("quantityList") == 0 && e.Action != "DELETE" {
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
