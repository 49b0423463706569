// Package gs1 reads and writes GS1 identification keys and measures quantities exactly.
//
// A key reaches the ledger in many spellings: as an EPC URN (urn:epc:class:lgtin:…, GS1 Tag Data Standard) or as
// a Digital Link on anybody's web domain (GS1 Digital Link URI Syntax). [Parse] turns every spelling into one [Key], and a
// Key has one spelling in each direction: [Key.DigitalLink] for people and other systems, [Key.Path] for ledger keys.
//
// The package is part of consensus. It holds no state, uses no floating point and reaches for nothing outside its arguments.
package gs1

import "strings"

// Key is one GS1 identification key. Two keys name the same thing exactly when they are equal with ==, as long as both
// came from [Parse], [ParsePath] or [New]. The zero Key is no key.
type Key struct {
	// Type is the name of the kind of key, one of those [Types] lists: GTIN, LGTIN, SGTIN, SSCC, SGLN, PGLN and so on.
	Type string
	// Primary is the identifier with its check digit: 14 digits for the GTIN family, 18 for SSCC, 13 for SGLN and PGLN.
	Primary string
	// Qualifier is the lot, serial number or extension, not percent-encoded; empty where the key has none.
	Qualifier string
}

// IsZero reports whether k is the zero Key, which identifies nothing.
func (k Key) IsZero() bool { return k == Key{} }

// GTIN returns the trade item k belongs to: the key without its lot or serial number. The result is the zero Key where k
// is not of the GTIN family.
func (k Key) GTIN() Key {
	if f := formOf(k.Type); f == nil || f.ai != aiGTIN {
		return Key{}
	}
	return Key{Type: "GTIN", Primary: k.Primary}
}

// New returns the key of the given type (see [Types]) after checking length, characters and check digit, as the General
// Specifications prescribe for the type's application identifier. GTIN-8, GTIN-12 and GTIN-13 are padded to 14
// digits. Errors are of type *[Error].
func New(kind, primary, qualifier string) (Key, error) {
	f := formOf(kind)
	if f == nil {
		return Key{}, &Error{CodeUnsupported, kind, "not a type of key this release knows"}
	}
	return certain(f.key(primary, qualifier))
}

// certain drops the key that stands beside an error.
func certain(k Key, err error) (Key, error) {
	if err != nil {
		return Key{}, err
	}
	return k, nil
}

// Parse reads an EPC URN (GS1 Tag Data Standard; patterns only where the last component is the wildcard)
// or a GS1 Digital Link URI on any domain. Of a Digital Link it keeps the most specific identification: the query, the
// consumer product variant and a lot in front of a serial number are dropped, as in a constrained canonical Digital Link
// (Core Business Vocabulary 2.0 section 8.9).
//
// Errors are of type *[Error]. [CodeUnknown] means that uri is no GS1 identifier at all and may be somebody's own name for a
// thing; every other code means that it is one, or claims to be, and cannot be used.
func Parse(uri string) (Key, error) { return certain(ParseLoosely(uri)) }

// ParseLoosely is [Parse] for identifiers that are in print already. Where nothing but the check digit is wrong, it returns
// the key as it stands together with the error, of [CodeCheckDigit]; with every other error the key is zero. A key with a
// wrong check digit can be compared and looked up, and must not be given to anything new.
func ParseLoosely(uri string) (Key, error) {
	if rest, ok := cutPrefixFold(uri, "urn:epc:"); ok {
		return parseURN(uri, rest)
	}
	rest, ok := cutPrefixFold(uri, "https://")
	if !ok {
		rest, ok = cutPrefixFold(uri, "http://")
	}
	if !ok {
		return Key{}, &Error{CodeUnknown, uri, "neither an EPC URN nor a web address"}
	}
	return parseLink(uri, rest)
}

// Claims reports whether uri says by its first characters that it is a GS1 identifier: an EPC URN that names a thing or a
// class, or an address at id.gs1.org. Such a uri means nothing else, so that a failure of [Parse] is an error; on any other
// domain a path such as /2026/01/15 may look like a Digital Link by chance.
func Claims(uri string) bool {
	for _, prefix := range []string{"urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:"} {
		if _, ok := cutPrefixFold(uri, prefix); ok {
			return true
		}
	}
	for _, scheme := range []string{"https://", "http://"} {
		if rest, ok := cutPrefixFold(uri, scheme); ok {
			return isCanonicalHost(hostOf(rest))
		}
	}
	return false
}

// cutPrefixFold is strings.CutPrefix without regard to the case of ASCII letters.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
