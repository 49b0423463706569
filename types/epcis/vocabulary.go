package epcis

import (
	"slices"
	"strings"
)

// vocabulary is a list of words of the Core Business Vocabulary 2.0 or the GS1 Web Vocabulary. A document gives a word bare or
// as a URI, whole or compact.
type vocabulary struct {
	label  string   // how error sentences call one of the words
	web    string   // the URI of a word without the word
	urn    string   // the same in EPCIS 1.2
	banned []string // what the JSON schema lets no URI of the vocabulary start with
	words  []string
}

const (
	webCBV = "https://ref.gs1.org/cbv/"
	urnCBV = "urn:epcglobal:cbv:"
	webGS1 = "https://gs1.org/voc/"
)

// bannedCBV keeps words in the spelling of EPCIS 1.2 and of a draft out of documents of EPCIS 2.0, bannedGS1 has the words
// of the GS1 Web Vocabulary bare.
var (
	bannedCBV = []string{"urn:epcglobal:cbv", "https://ns.gs1.org/cbv/", "http://ns.gs1.org/cbv/"}
	bannedGS1 = []string{"https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/", "http://www.gs1.org/voc/"}
)

func cbv(label, web, urn, words string) *vocabulary {
	return &vocabulary{label, webCBV + web, urnCBV + urn, bannedCBV, strings.Fields(words)}
}

func gs1Web(label, words string) *vocabulary {
	return &vocabulary{label, webGS1, webGS1, bannedGS1, strings.Fields(words)}
}

var bizSteps = cbv("business step", "BizStep-", "bizstep:", `
	accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
	decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
	installing killing loading other packing picking receiving removing repackaging repairing replacing reserving
	retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting
	unloading unpacking void_shipping`)

var dispositions = cbv("disposition", "Disp-", "disp:", `
	active available completeness_inferred completeness_verified conformant container_closed container_open damaged
	destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance
	mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed
	recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown`)

var bizTransactionTypes = cbv("business transaction type", "BTT-", "btt:", `
	bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt`)

var sourceDestTypes = cbv("source or destination type", "SDT-", "sdt:", `location owning_party possessing_party`)

var errorReasons = cbv("error reason", "ER-", "er:", `did_not_occur incorrect_data`)

var components = cbv("component", "Comp-", "comp:", `
	altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle
	spherical_radius x y z`)

var sensorAlertTypes = gs1Web("sensor alert type", `ALARM_CONDITION ERROR_CONDITION`)

var measurementTypes = gs1Web("measurement type", `
	AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance AmountOfSubstancePerUnitVolume
	Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance Conductance Conductivity Count Density
	Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity
	ElectricFieldStrength Energy Exposure Force Frequency Illuminance Inductance Irradiance KinematicViscosity Length
	LinearMomentum Luminance LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass
	MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power
	Pressure RadiantFlux RadiantIntensity Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume
	Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux
	Wavenumber`)

var actions = []string{"ADD", "OBSERVE", "DELETE"}

// word reads the member with this name as a word of a vocabulary: bare if it is standard, else the URI of an extension.
func (r *reader) word(v *value, name string, vocabulary *vocabulary) string {
	m := v.getKind(name, text)
	if m == nil {
		return ""
	}
	r.at.member(name)
	defer r.at.up()
	return r.oneOf(m.text, vocabulary)
}

// words reads the list of words with this name, which must hold some and none twice.
func (r *reader) words(v *value, name string, vocabulary *vocabulary) []string {
	m := v.getKind(name, list)
	if m == nil {
		return nil
	}
	r.at.member(name)
	defer r.at.up()
	if len(m.kids) == 0 {
		r.fail(CodeValue, "must not be empty")
	}
	r.refuseEqual(m.kids)
	all := make([]string, 0, len(m.kids))
	for i := range m.kids {
		if m.kids[i].kind == text {
			r.at.element(i)
			all = append(all, r.oneOf(m.kids[i].text, vocabulary))
			r.at.up()
		}
	}
	return all
}

func (r *reader) oneOf(s string, vocabulary *vocabulary) string {
	if slices.Contains(vocabulary.words, s) {
		return s
	}
	banned := func(prefix string) bool { return strings.HasPrefix(s, prefix) }
	if !isURI(s) || slices.ContainsFunc(vocabulary.banned, banned) {
		r.fail(CodeValue, "%s is neither a %s of the standard, as a bare word, nor the URI of somebody else's", s, vocabulary.label)
		return s
	}
	r.explain(s)
	word := vocabulary.bare(r.context.expand(s))
	if strings.HasPrefix(word, webCBV) || strings.HasPrefix(word, urnCBV) || strings.HasPrefix(word, webGS1) {
		r.warn(CodeValue, "%s is not a %s that the standard has", s, vocabulary.label)
	}
	return word
}

// bare returns the word that a full URI of the vocabulary ends with, or uri itself.
func (v *vocabulary) bare(uri string) string {
	for _, prefix := range []string{v.web, v.urn} {
		if word, ok := strings.CutPrefix(uri, prefix); ok && slices.Contains(v.words, word) {
			return word
		}
	}
	return uri
}
