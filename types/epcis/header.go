package epcis

// header checks the header of a document: master data, which the ledger does not read.
func (r *reader) header(v *value) {
	m := v.getKind("epcisHeader", object)
	if m == nil {
		return
	}
	r.at.member("epcisHeader")
	r.check(m, headerShape)
	if data := m.getKind("epcisMasterData", object); data != nil {
		r.at.member("epcisMasterData")
		r.check(data, masterDataShape)
		r.vocabularies(data)
		r.at.up()
	}
	r.at.up()
}

// vocabularies checks the vocabularyList of v.
func (r *reader) vocabularies(v *value) {
	r.each(v, "vocabularyList", func(vocabulary *value) {
		r.check(vocabulary, vocabularyShape)
		r.uri(vocabulary, "type")
		r.each(vocabulary, "vocabularyElementList", r.vocabularyElement)
	})
}

func (r *reader) vocabularyElement(v *value) {
	r.check(v, vocabularyElementShape)
	r.uri(v, "id")
	r.uris(v, "children")
	r.each(v, "attributes", func(attribute *value) {
		r.check(attribute, attributeShape)
		r.uri(attribute, "id")
		if m := attribute.get("attribute"); m != nil && m.kind != number && m.kind != text && m.kind != object {
			r.failAt("attribute", CodeType, "must be a number, a string or an object, not %s", m.kind)
		}
	})
}
