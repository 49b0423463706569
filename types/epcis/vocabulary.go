package epcis

import (
	"slices"
	"strings"
)

// vocabulary is a list of words of the Core Business Vocabulary 2.0. A document may give a word bare, as a web URI, as a
// compact IRI or, as EPCIS 1.2 did, as a URN.
type vocabulary struct {
	label string // how error sentences call one of the words
	web   string // what stands between "https://ref.gs1.org/cbv/" and the word
	urn   string // what stands between "urn:epcglobal:cbv:" and the word
	words []string
}

var bizSteps = &vocabulary{"business step", "BizStep-", "bizstep:", strings.Fields(`
	accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
	decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
	installing killing loading other packing picking receiving removing repackaging repairing replacing reserving
	retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting
	unloading unpacking void_shipping`)}

var dispositions = &vocabulary{"disposition", "Disp-", "disp:", strings.Fields(`
	active available completeness_inferred completeness_verified conformant container_closed container_open damaged
	destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance
	mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed
	recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown`)}

var bizTransactionTypes = &vocabulary{"business transaction type", "BTT-", "btt:", strings.Fields(`
	bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt`)}

var sourceDestTypes = &vocabulary{"source or destination type", "SDT-", "sdt:", strings.Fields(`
	location owning_party possessing_party`)}

var actions = []string{"ADD", "OBSERVE", "DELETE"}

// namespaces are the addresses of the CBV: of today, of EPCIS 1.2, and of drafts that the JSON schema still names. Words in
// them that the vocabulary does not have are nobody's extension.
var namespaces = []string{"https://ref.gs1.org/cbv/", "urn:epcglobal:cbv:", "https://ns.gs1.org/cbv/", "http://ns.gs1.org/cbv/"}

// word reads the member with this name as a word of a vocabulary: bare if it is standard, else the URI of an extension.
func (r *reader) word(v *value, name string, vocabulary *vocabulary) string {
	m := v.getKind(name, text)
	if m == nil {
		return ""
	}
	word := vocabulary.bare(r.context.expand(m.text))
	standard := slices.Contains(vocabulary.words, word)
	foreign := slices.ContainsFunc(namespaces, func(ns string) bool { return strings.HasPrefix(word, ns) })
	if !standard && (foreign || !isURI(word)) {
		r.failAt(name, CodeValue, "%s is not a %s of CBV 2.0", m.text, vocabulary.label)
	}
	return word
}

// bare returns the word that a full URI of the vocabulary ends with, or uri itself.
func (v *vocabulary) bare(uri string) string {
	for _, prefix := range []string{namespaces[0] + v.web, namespaces[1] + v.urn} {
		if word, ok := strings.CutPrefix(uri, prefix); ok && slices.Contains(v.words, word) {
			return word
		}
	}
	return uri
}
