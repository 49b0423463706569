package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types/gs1"
)

// timeLayouts are how spreadsheets and people write times and days without a zone.
var timeLayouts = []string{
	"2006-1-2 15:04", "2006-1-2 15:04:05", "2006-1-2T15:04", "2006-1-2T15:04:05", "2006/1/2 15:04", "2006/1/2 15:04:05",
	"2006.1.2 15:04", "2006年1月2日 15:04", "2006年1月2日15:04", "2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日",
}

// readTime reads a time; one without a zone is in the given one. A day without a time begins at midnight.
func readTime(s string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04Z07:00", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("not a time; write 2026-09-12 07:30")
}

// readZone reads an offset such as +08:00.
func readZone(s string) (*time.Location, error) {
	t, err := time.Parse("-07:00", s)
	if err != nil {
		return nil, fmt.Errorf("--timezone %q is not an offset such as +08:00", s)
	}
	_, offset := t.Zone()
	return time.FixedZone(s, offset), nil
}

// measure is a quantity in 10^-5 of its unit. The zero measure is none.
type measure struct {
	amount uint64
	unit   string // UNECE Recommendation 20
}

// unitName is what people call a unit: so many of the unit, or one of so many.
type unitName struct {
	code      string
	times, by uint64
	names     []string
}

var unitNames = []unitName{
	{"KGM", 1, 1, []string{"kg", "kgs", "kilo", "公斤", "千克"}},
	{"KGM", 1, 2, []string{"斤", "市斤", "jin"}}, // GB 3100: 500 g
	{"KGM", 1, 20, []string{"两", "市两"}},       // 50 g
	{"KGM", 50, 1, []string{"担", "市担"}},
	{"GRM", 1, 1, []string{"g", "克"}},
	{"MGM", 1, 1, []string{"mg", "毫克"}},
	{"TNE", 1, 1, []string{"t", "吨", "公吨"}},
	{"LBR", 1, 1, []string{"lb", "lbs", "磅"}},
	{"LTR", 1, 1, []string{"l", "升"}},
	{"MLT", 1, 1, []string{"ml", "毫升"}},
	{gs1.Pieces, 1, 1, strings.Fields("piece pieces pc pcs bag bags box boxes 个 件 只 袋 包 盒 箱 瓶 罐 颗 粒")},
}

// readUnit finds a unit by its code or by what people call it.
func readUnit(s string) (*unitName, error) {
	if _, _, ok := gs1.Unit(strings.ToUpper(s)); ok {
		return &unitName{code: strings.ToUpper(s), times: 1, by: 1}, nil
	}
	for i := range unitNames {
		if slices.Contains(unitNames[i].names, strings.ToLower(s)) {
			return &unitNames[i], nil
		}
	}
	return nil, fmt.Errorf("%q is not a unit; write kg, g, t, 斤, piece or a code of UNECE Recommendation 20", s)
}

// readMeasure reads a quantity such as 350, 12.5 kg or 700斤. beside is the unit in the column next to it, fallback the one
// to take where nothing names a unit; either may be empty.
func readMeasure(s, beside, fallback string) (measure, error) {
	number := s[:len(s)-len(strings.TrimLeft(s, "0123456789.,"))]
	own := strings.TrimSpace(s[len(number):])
	name := first(own, beside, fallback)
	switch {
	case number == "":
		return measure{}, errors.New("not a number")
	case strings.Contains(number, ","):
		return measure{}, errors.New("a comma may mean a decimal point or thousands; write 12.5 or 12500")
	case name == "":
		return measure{}, errors.New("the unit is missing; write it in the column unit, or 350 kg")
	}
	u, err := readUnit(name)
	if err != nil {
		return measure{}, err
	}
	if own != "" && beside != "" {
		if other, err := readUnit(beside); err != nil || !u.equals(other) {
			return measure{}, fmt.Errorf("the unit is %s here and %s in the column unit", own, beside)
		}
	}
	return u.measure(number)
}

func (u *unitName) equals(v *unitName) bool {
	return u.code == v.code && u.times == v.times && u.by == v.by
}

// measure returns a number of the unit.
func (u *unitName) measure(number string) (measure, error) {
	if whole := strings.TrimLeft(number, "0"); whole == "" || whole[0] == '.' {
		number = "0" + whole
	} else {
		number = whole
	}
	amount, err := gs1.ParseAmount(number)
	if err != nil {
		var e *gs1.Error
		if errors.As(err, &e) {
			return measure{}, errors.New(e.Detail)
		}
		return measure{}, err
	}
	switch {
	case amount == 0:
		return measure{}, errors.New("must be more than 0")
	case amount > gs1.MaxAmount/u.times:
		return measure{}, errors.New("is too much")
	case amount*u.times%u.by != 0:
		return measure{}, fmt.Errorf("is finer than 5 decimals of %s", u.code)
	}
	return measure{amount * u.times / u.by, u.code}, nil
}

// list splits a cell that may hold several things.
func list(cell string) []string {
	parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(";|、\n", r) })
	var all []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// ownSchemes begin the URIs that people give to things outside GS1. A lot number may hold a colon too.
var ownSchemes = []string{"https://", "http://", "urn:", "did:", "tag:", "ni:"}

// isURI reports whether s is meant as a URI.
func isURI(s string) bool {
	return slices.ContainsFunc(ownSchemes, func(scheme string) bool { return strings.HasPrefix(strings.ToLower(s), scheme) })
}

// readURI reads somebody's own URI. Characters outside ASCII are percent-encoded.
func readURI(s string) (string, bool) {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || strings.IndexByte("\"<>\\^`{|}\x7f", c) >= 0:
			return "", false
		case c > 0x7f:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), isURI(s)
}

// readID reads an identifier of one of the types, or a URI outside GS1. bare is the type of digits with nothing around
// them. It returns a canonical Digital Link, or the URI.
func readID(s, bare string, kinds ...string) (string, gs1.Key, error) {
	kind := ""
	if strings.Trim(s, "0123456789- ") == "" {
		kind = bare
	}
	key, err := gs1.Read(s, kind)
	var e *gs1.Error
	if errors.As(err, &e) && e.Code == gs1.CodeUnknown && !gs1.Claims(s) {
		if uri, ok := readURI(s); ok {
			return uri, gs1.Key{}, nil
		}
		return "", gs1.Key{}, fmt.Errorf("is neither a GS1 identifier (%s) nor a URI", strings.Join(kinds, ", "))
	}
	if err != nil {
		return "", gs1.Key{}, err
	}
	if !slices.Contains(kinds, key.Type) {
		return "", gs1.Key{}, fmt.Errorf("is %s %s, expected is %s", article(key.Type), key.Type, strings.Join(kinds, " or "))
	}
	return key.DigitalLink(), key, nil
}

// article is the one in front of an abbreviation, which is spoken letter by letter: an SSCC, a GTIN.
func article(abbreviation string) string {
	if strings.ContainsRune("AEFHILMNORSX", rune(abbreviation[0])) {
		return "an"
	}
	return "a"
}

// readPlace reads a place: a GLN, alone or with an extension behind a full stop, or a URI.
func readPlace(s string) (string, error) {
	if gln, extension, ok := strings.Cut(s, "."); ok && len(gln) == 13 && strings.Trim(gln, "0123456789") == "" {
		key, err := gs1.New("SGLN", gln, extension)
		return key.DigitalLink(), err
	}
	uri, _, err := readID(s, "SGLN", "SGLN")
	return uri, err
}

// readParty reads who something is with.
func readParty(s string) (string, error) {
	uri, _, err := readID(s, "PGLN", "PGLN", "SGLN")
	return uri, err
}

// readCertificate reads a GDTI, with or without a serial number, or a URI. Any address may name a document, also one that
// looks like a Digital Link by chance.
func readCertificate(s string) (string, error) {
	if own, ok := readURI(s); ok && !gs1.Claims(s) {
		if key, err := gs1.Parse(s); err == nil && key.Type == "GDTI" {
			return key.DigitalLink(), nil
		}
		return own, nil
	}
	key, err := gs1.Read(s, "GDTI")
	return key.DigitalLink(), err
}
