package epcis

import "strings"

// SensorElement is one element of sensorElementList: what sensors observed, and how (EPCIS 2.0, how dimension).
type SensorElement struct {
	Metadata SensorMetadata // the zero value where there is none
	Reports  []SensorReport
}

// SensorMetadata holds for all reports of its element. Times are Unix milliseconds, 0 where there is none; the rest are URIs.
type SensorMetadata struct {
	Time, StartTime, EndTime                                          int64
	DeviceID, DeviceMetadata, RawData, DataProcessingMethod, BizRules string
}

// SensorReport is one observation. What it leaves out is empty.
type SensorReport struct {
	Type      string // bare word of the GS1 Web Vocabulary (Temperature), or the URI of somebody else's type
	Exception string // the same: ALARM_CONDITION, ERROR_CONDITION
	Component string // bare word of the CBV, or a URI

	Time                                                              int64 // Unix milliseconds
	DeviceID, DeviceMetadata, RawData, DataProcessingMethod, BizRules string
	Microorganism, ChemicalSubstance, CoordinateReferenceSystem       string

	// Numbers as RFC 8785 writes them: binary fractions are no business of consensus.
	Value, MinValue, MaxValue, MeanValue, SDev, PercRank, PercValue string

	Unit           string // uom: any string
	StringValue    string
	BooleanValue   string // true or false
	HexBinaryValue string
	URIValue       string
}

func (r *reader) sensors(v *value) []SensorElement {
	n := v.count("sensorElementList")
	if n == 0 {
		return nil
	}
	all := make([]SensorElement, 0, n)
	r.each(v, "sensorElementList", func(m *value) { all = append(all, r.sensorElement(m)) })
	return all
}

func (r *reader) sensorElement(v *value) SensorElement {
	r.check(v, sensorElementShape)
	var e SensorElement
	if m := v.getKind("sensorMetadata", object); m != nil {
		r.at.member("sensorMetadata")
		e.Metadata = r.sensorMetadata(m)
		r.at.up()
	}
	if reports := v.getKind("sensorReport", list); reports != nil && len(reports.kids) == 0 {
		r.failAt("sensorReport", CodeMissing, "at least one report is required")
	}
	r.each(v, "sensorReport", func(m *value) { e.Reports = append(e.Reports, r.sensorReport(m)) })
	return e
}

func (r *reader) sensorMetadata(v *value) SensorMetadata {
	r.check(v, sensorMetadataShape)
	return SensorMetadata{
		Time: r.time(v, "time"), StartTime: r.time(v, "startTime"), EndTime: r.time(v, "endTime"),
		DeviceID: r.id(v, "deviceID", opaque), DeviceMetadata: r.uri(v, "deviceMetadata"), RawData: r.uri(v, "rawData"),
		DataProcessingMethod: r.uri(v, "dataProcessingMethod"), BizRules: r.uri(v, "bizRules"),
	}
}

func (r *reader) sensorReport(v *value) SensorReport {
	r.check(v, sensorReportShape)
	report := SensorReport{
		Type: r.word(v, "type", measurementTypes), Exception: r.word(v, "exception", sensorAlertTypes),
		Component: r.word(v, "component", components), Time: r.time(v, "time"),
		DeviceID: r.id(v, "deviceID", opaque), DeviceMetadata: r.uri(v, "deviceMetadata"), RawData: r.uri(v, "rawData"),
		DataProcessingMethod: r.uri(v, "dataProcessingMethod"), BizRules: r.uri(v, "bizRules"),
		Microorganism: r.uri(v, "microorganism"), ChemicalSubstance: r.uri(v, "chemicalSubstance"),
		CoordinateReferenceSystem: r.uri(v, "coordinateReferenceSystem"), URIValue: r.uri(v, "uriValue"),
		Value: r.literal(v, "value"), MinValue: r.literal(v, "minValue"), MaxValue: r.literal(v, "maxValue"),
		MeanValue: r.literal(v, "meanValue"), SDev: r.literal(v, "sDev"), PercRank: r.literal(v, "percRank"),
		PercValue: r.literal(v, "percValue"), Unit: v.textOf("uom", text),
		StringValue: v.textOf("stringValue", text), BooleanValue: v.textOf("booleanValue", boolean),
		HexBinaryValue: v.textOf("hexBinaryValue", text),
	}
	if v.getKind("hexBinaryValue", text) != nil && !isHexBinary(report.HexBinaryValue) {
		r.failAt("hexBinaryValue", CodeValue, "%s is not hexadecimal digits", report.HexBinaryValue)
	}
	return report
}

func isHexBinary(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// literal reads the number with this name as RFC 8785 writes it.
func (r *reader) literal(v *value, name string) string {
	m := v.getKind(name, number)
	if m == nil {
		return ""
	}
	r.at.member(name)
	defer r.at.up()
	r.settle(m)
	return m.text
}
