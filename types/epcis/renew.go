package epcis

import "slices"

// renew rewrites what drafts of EPCIS 2.0 wrote differently, and official samples still do, without saying anything else:
// id for eventID, which JSON-LD does not distinguish, and the type of sensor elements, which can have no other.
func (r *reader) renew(v *value) {
	if id := v.getKind("id", text); id != nil && v.get("eventID") == nil {
		r.at.member("id")
		r.note(CodeUnknown, "the member is called eventID")
		r.at.up()
		id.name = "eventID"
		v.sort()
	}
	r.each(v, "sensorElementList", func(element *value) {
		if r.context.expand(element.textOf("type", text)) != "https://ref.gs1.org/epcis/SensorElement" {
			return
		}
		r.at.member("type")
		r.note(CodeUnknown, "sensor elements have no type in EPCIS 2.0")
		r.at.up()
		element.kids = slices.DeleteFunc(element.kids, func(m value) bool { return m.name == "type" })
	})
}
