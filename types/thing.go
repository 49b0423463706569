package types

import (
	"errors"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// LotID names a lot: an LGTIN, 14 digits of the GTIN, a full stop and the lot number,
// percent-encoded (package gs1), for instance 06901234000016.L2026A; or "x." and a
// percent-encoded URI outside GS1, as a smallholder without company prefix uses.
type LotID string

// UnitID names one thing: the path of an SSCC, SGTIN, GRAI and so on (package gs1), for
// instance sscc.069012340000000016; or "x." and a percent-encoded URI outside GS1.
type UnitID string

// private is how identifiers outside GS1 begin, and maxPrivate how long they may be.
const (
	private    = "x."
	maxPrivate = 300
)

// ThingOf returns the identifier of a class or thing in keys of the state, and its GS1
// key, which is the zero Key for a URI outside GS1. What claims to be a GS1 identifier
// and is wrong is refused.
func ThingOf(uri string) (string, gs1.Key, error) {
	k, err := gs1.Parse(uri)
	if err == nil {
		return k.Path(), k, nil
	}
	if e, ok := errors.AsType[*gs1.Error](err); ok && e.Code != gs1.CodeUnknown && e.Code != gs1.CodeUnsupported && gs1.Claims(uri) {
		return "", gs1.Key{}, Refuse(FieldInvalid, "", "%v", err)
	}
	if len(uri) > maxPrivate {
		return "", gs1.Key{}, Refuse(FieldInvalid, "", "%.60q…: an identifier outside GS1 has at most %d bytes", uri, maxPrivate)
	}
	return private + gs1.Escape(uri), gs1.Key{}, nil
}

// LotOf returns the lot that an epcClass names; ok is false for a class without lot.
func LotOf(epcClass string) (id LotID, key gs1.Key, ok bool, err error) {
	path, key, err := ThingOf(epcClass)
	return LotID(path), key, key.IsZero() || key.Type == "LGTIN" || key.Type == "LITIP", err
}

// UnitOf returns the unit that an EPC names.
func UnitOf(epc string) (UnitID, gs1.Key, error) {
	path, key, err := ThingOf(epc)
	return UnitID(path), key, err
}

// LinkOf returns the URI of a lot or unit: a canonical Digital Link, or the URI outside
// GS1 that it was captured under.
func LinkOf(id string) string {
	if escaped, ok := strings.CutPrefix(id, private); ok {
		if uri, ok := gs1.Unescape(escaped); ok {
			return uri
		}
	}
	if k, err := gs1.ParsePath(id); err == nil {
		return k.DigitalLink()
	}
	return id
}

// Key returns the lot's key in the state.
func (id LotID) Key() ThingKey { return ThingKey(PrefixLot + "/" + string(id)) }

// Key returns the unit's key in the state.
func (id UnitID) Key() ThingKey { return ThingKey(PrefixUnit + "/" + string(id)) }

// Cut returns the family and the identifier of a thing's key.
func (k ThingKey) Cut() (family, id string) {
	family, id, _ = strings.Cut(string(k), "/")
	return family, id
}

// Check refuses a key that no lot or unit can have.
func (k ThingKey) Check() error { return checkThingKey("", k) }

func checkLot(field string, id LotID) error {
	key, err := checkThing(field, string(id))
	if err == nil && !key.IsZero() && key.Type != "LGTIN" && key.Type != "LITIP" {
		err = Refuse(FieldInvalid, field, "%.60q is a %s, a lot is an LGTIN: <GTIN-14>.<lot>", string(id), key.Type)
	}
	return err
}

func checkUnitID(field string, id UnitID) error {
	key, err := checkThing(field, string(id))
	if err == nil && oneOf(key.Type, "LGTIN", "LITIP", "GTIN") {
		err = Refuse(FieldInvalid, field, "%.60q is a %s, not one single thing", string(id), key.Type)
	}
	return err
}

// checkThing admits the one spelling of an identifier.
func checkThing(field, id string) (gs1.Key, error) {
	if escaped, ok := strings.CutPrefix(id, private); ok {
		uri, ok := gs1.Unescape(escaped)
		if !ok || uri == "" || len(uri) > maxPrivate || gs1.Escape(uri) != escaped {
			return gs1.Key{}, Refuse(FieldInvalid, field, "%.60q is not x.<percent-encoded URI>", id)
		}
		if _, err := gs1.Parse(uri); err == nil {
			return gs1.Key{}, Refuse(FieldInvalid, field, "%.60q is a GS1 identifier and has a path of its own", uri)
		}
		return gs1.Key{}, nil
	}
	key, err := gs1.ParsePath(id)
	if err != nil {
		return key, Refuse(FieldInvalid, field, "%v", err)
	}
	return key, nil
}
