package types

import (
	"fmt"
	"strings"
)

// Family is one family of keys in the state: everything below a prefix.
type Family struct {
	Prefix string // without the slash; "chain/params" and "chain/blocks" are whole keys
	Says   string
	new    func() any
}

// The families of keys: all that the state can hold, one line each. The rules reach
// them through package app's tables, which are declared over the same prefixes.
var Families = []Family{
	family[Member](PrefixMember, "an organisation, by its id"),
	family[KeyOwner](PrefixKey, "whose a signing key is, by its address"),
	family[Prefix](PrefixPrefix, "to whom a GS1 company prefix is licensed"),
	family[Ranges](PrefixRange, "what a member may commission under another's company prefix"),
	family[CapturedEvent](PrefixEvent, "an EPCIS event, by who captured it and ULID"),
	family[Lot](PrefixLot, "a lot, by GTIN and lot number"),
	family[Unit](PrefixUnit, "a single thing, by its GS1 key"),
	family[Transformation](PrefixTransformation, "a transformation that several events tell"),
	family[Product](PrefixProduct, "a trade item, by GTIN"),
	family[Plot](PrefixPlot, "a plot and what it may yield, by GLN"),
	family[Process](PrefixProcess, "the yields of a business step"),
	family[Credit](PrefixCredit, "a mass balance of claims, by member and standard"),
	family[Accreditation](PrefixAccreditation, "who may issue certificates, by authority and name"),
	family[Certificate](PrefixCertificate, "a certificate, by GDTI"),
	family[Recall](PrefixRecall, "a recall, by member and name"),
	family[RecallReport](PrefixReport, "what a member did about a recalled thing"),
	family[Spread](PrefixMark, "marking that one transaction could not finish"),
	family[Order](PrefixOrder, "an order, by platform and ULID"),
	family[Document](PrefixPayment, "which order a payment belongs to, by payment company and ULID"),
	family[Document](PrefixWaybill, "which order a waybill belongs to, by carrier and ULID"),
	family[Document](PrefixDeclaration, "which order a declaration belongs to, by declarant and ULID"),
	family[Book](PrefixBook, "the balance of a bonded book's item, by warehouse and keyed name"),
	family[Tariff](PrefixTariff, "import taxes of goods, by commodity code"),
	family[Limits](KeyLimits, "what a buyer may import"),
	family[ChainParams](KeyParams, "the parameters in force"),
	family[Blocks](KeyBlocks, "the hashes of all blocks"),
	family[LiveDigests](PrefixLive, "the live transaction digests of one block, by height"),
}

// The prefixes and whole keys of the state.
const (
	PrefixMember         = "member"
	PrefixKey            = "key"
	PrefixPrefix         = "prefix"
	PrefixRange          = "range"
	PrefixEvent          = "event"
	PrefixLot            = "lot"
	PrefixUnit           = "unit"
	PrefixProduct        = "product"
	PrefixPlot           = "plot"
	PrefixProcess        = "process"
	PrefixCredit         = "credit"
	PrefixCertificate    = "certificate"
	PrefixRecall         = "recall"
	PrefixReport         = "report"
	PrefixMark           = "mark"
	PrefixAccreditation  = "accreditation"
	PrefixTransformation = "transformation"
	PrefixOrder          = "order"
	PrefixPayment        = "payment"
	PrefixWaybill        = "waybill"
	PrefixDeclaration    = "declaration"
	PrefixBook           = "book"
	PrefixTariff         = "tariff"
	KeyLimits            = "limits"
	PrefixLive           = "chain/live"
	KeyParams            = "chain/params"
	KeyBlocks            = "chain/blocks"
)

// LiveDigests commits to the digests of one block that have not expired: record
// chain/live/<height>. It has no history, because it is itself a part of one.
type LiveDigests struct {
	Digests Hash   `json:"digests"` // SHA-256 over the digests in block order
	Count   uint64 `json:"count"`
	Until   int64  `json:"until"` // the latest expiry among them, Unix milliseconds
}

func family[T any](prefix, says string) Family {
	return Family{prefix, says, func() any { return new(T) }}
}

// FamilyOf returns the family that a key belongs to.
func FamilyOf(key string) (*Family, error) {
	for i := range Families {
		f := &Families[i]
		if key == f.Prefix || strings.HasPrefix(key, f.Prefix+"/") {
			return f, nil
		}
	}
	return nil, Refuse(NotFound, "key", "%.100q begins like no family of records", key)
}

// DecodeAny reads a record's value into the struct of its family.
func DecodeAny(key string, value []byte) (any, error) {
	f, err := FamilyOf(key)
	if err != nil {
		return nil, err
	}
	v := f.new()
	if err := Decode(value, v); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return v, nil
}

// DecodeRecord reads a record that has a history.
func DecodeRecord(key string, value []byte) (Record, error) {
	v, err := DecodeAny(key, value)
	if err != nil {
		return nil, err
	}
	r, ok := v.(Record)
	if !ok {
		return nil, Refuse(NotFound, "key", "%s has no history", key)
	}
	return r, nil
}
