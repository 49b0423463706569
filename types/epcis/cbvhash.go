package epcis

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// CBVProfile names the reading of the CBV 2.0 event hash (Core Business Vocabulary 2.0, section 8.9) that [Event.CBVHash]
// and [CBVHashes] follow. The text of the standard leaves much open and its authors' program, release 1.9, fills it in; the
// published test vectors are what that program prints. "ref1.9" is what it prints, also where the text says something else:
//
//   - certificationInfo is hashed, behind eventTimeZoneOffset; parentID stands before epcList.
//   - bizTransactionList, destinationList, ilmd and sourceList stand in this order behind sensorElementList, and type stands
//     before the bizTransaction, source or destination it belongs to.
//   - An extension inside a field stands behind the field's own parts if its namespace ends in / and it has siblings, none
//     of which has eventTime or action in its name; else it stands at the end, once more in the names of all it is in.
//   - Every value that reads as a number is one, also a lot called 0012; see [hashNumber].
//   - Milliseconds are rounded half to even, and only in the times of the standard, not in those of extensions; see
//     [hashTime].
//   - A bare word of the standard is written out wherever it stands in a document that uses it as a word; see [wordBook].
//   - Booleans are True and False, null is None.
//
// Where the program stops with an exception, we go on: a time whose fraction rounds up to a second carries, what would be
// an infinite number stays text, a bizTransaction may lack its type, a document may be a single event. Where its result
// depends on the order of the members of a JSON object, which means nothing, type comes first and the others follow by
// name. Prefixes of the official context need not be declared. An @context inside an event is not hashed but applied: the
// hash of an event must not depend on where in a document its context stands.
const CBVProfile = "ref1.9"

// Prehash is the text that the hash of an event is computed from.
type Prehash struct {
	Pointer string // place of the event in its document (RFC 6901); empty for a single event
	Text    string
}

// Hash returns the event hash as a named information URI (RFC 6920): ni:///sha-256;…?ver=CBV2.0.
func (p Prehash) Hash() string {
	sum := sha256.Sum256([]byte(p.Text))
	return "ni:///sha-256;" + hex.EncodeToString(sum[:]) + "?ver=CBV2.0"
}

// CBVHash returns the CBV 2.0 event hash of e: ni:///sha-256;…?ver=CBV2.0. It is a function of Canonical alone, and equal to
// what [CBVHashes] says of the same event in a document of its own. It identifies an event and does not protect it: error
// declaration, eventID and recordTime are no part of it, and two different events can have one hash. Errors, of type
// *[Error], mean that Canonical is not that of an event.
func (e *Event) CBVHash() (string, error) {
	p, err := e.CBVPrehash()
	if err != nil {
		return "", err
	}
	return p.Hash(), nil
}

// CBVPrehash returns what [Event.CBVHash] is computed from.
func (e *Event) CBVPrehash() (Prehash, error) {
	root, err := parseJSON(string(e.Canonical))
	if err == nil && root.kind != object {
		err = &Error{CodeNotEPCIS, "", "the event has no canonical form"}
	}
	if err != nil {
		return Prehash{}, err
	}
	h := &hashing{}
	h.readPrefixes(root.get("@context"))
	h.readWords(&root)
	return Prehash{e.Pointer, h.prehash(&root)}, nil
}

// CBVHashes returns the CBV 2.0 event hashes of all events of a document in their order, as [CBVPrehashes] reads it.
func CBVHashes(doc []byte) ([]string, error) {
	all, err := CBVPrehashes(doc)
	if err != nil {
		return nil, err
	}
	hashes := make([]string, len(all))
	for i := range all {
		hashes[i] = all[i].Hash()
	}
	return hashes, nil
}

// CBVPrehashes returns what the event hashes of a document are computed from. It takes documents that [Parse] refuses: the
// document need only be JSON and hold events where an EPCISDocument or an EPCISQueryDocument has them, or be a single event.
// Fields that the document lists in a member such as "repository-x:ignoreFields" are left out of all its events, as the
// authors' program does. Errors are of type *[Error].
func CBVPrehashes(doc []byte) ([]Prehash, error) {
	if len(doc) > MaxSize {
		return nil, &Error{CodeTooLarge, "", "the document is over 64 MiB"}
	}
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	if bytes.HasPrefix(bytes.TrimLeft(doc, " \t\r\n"), []byte("<")) {
		return nil, &Error{CodeNotEPCIS, "", "EPCIS XML is not supported; convert to JSON-LD (EPCIS 2.0)"}
	}
	p := &parser{in: string(doc)}
	root, err := p.document()
	if err != nil {
		return nil, err
	}
	d := &hashedDocument{}
	d.readPrefixes(root.get("@context"))
	if err := d.findEvents(&root); err != nil {
		return nil, err
	}
	d.readWords(&root)
	return d.prehashes()
}

// hashedDocument is a document whose events are hashed.
type hashedDocument struct {
	hashing
	events []value
	place  string // pointer of the list of events, or of the single event
	single bool
}

// findEvents finds the events, and the fields to be ignored, in the places a document can have them.
func (d *hashedDocument) findEvents(root *value) *Error {
	if root.kind != object {
		return &Error{CodeNotEPCIS, "", "neither a document nor an event of EPCIS 2.0"}
	}
	d.readIgnored(root)
	body := root.getKind("epcisBody", object)
	if body == nil {
		return d.take(root, "")
	}
	d.place = "/epcisBody"
	if results := body.getKind("queryResults", object); results != nil && body.get("eventList") == nil {
		d.readIgnored(results)
		d.place += "/queryResults/resultsBody"
		if body = results.getKind("resultsBody", object); body == nil {
			return &Error{CodeMissing, d.place, "the document has no events"}
		}
	}
	if event := body.getKind("event", object); event != nil && body.get("eventList") == nil {
		return d.take(event, d.place+"/event")
	}
	d.place += "/eventList"
	events := body.getKind("eventList", list)
	if events == nil {
		return &Error{CodeMissing, d.place, "the document has no list of events"}
	}
	d.events = events.kids
	return nil
}

// take takes the one event of a document.
func (d *hashedDocument) take(event *value, place string) *Error {
	if event.getKind("type", text) == nil {
		return &Error{CodeNotEPCIS, place, "neither a document nor an event of EPCIS 2.0"}
	}
	d.events, d.place, d.single = []value{*event}, place, true
	return nil
}

// readIgnored reads which fields v says are not to be hashed.
func (h *hashing) readIgnored(v *value) {
	for i := range v.kids {
		m := &v.kids[i]
		if m.kind != list || m.name != "ignoreFields" && !strings.HasSuffix(m.name, ":ignoreFields") {
			continue
		}
		for _, field := range m.kids {
			if field.kind == text {
				h.ignored = append(h.ignored, field.text, h.fullName(field.text))
			}
		}
	}
	slices.Sort(h.ignored)
}

func (d *hashedDocument) prehashes() ([]Prehash, error) {
	all := make([]Prehash, len(d.events))
	for i := range d.events {
		all[i].Pointer = d.place
		if !d.single {
			at := trail{{index: i + 1}}
			all[i].Pointer += at.String()
		}
		if d.events[i].kind != object {
			return nil, &Error{CodeType, all[i].Pointer, "an event must be an object, not " + d.events[i].kind.String()}
		}
		all[i].Text = d.prehashOf(&d.events[i])
	}
	return all, nil
}

// prehashOf is prehash for an event that may have a context of its own.
func (d *hashedDocument) prehashOf(event *value) string {
	c := event.get("@context")
	if c == nil || d.single && d.place == "" {
		return d.prehash(event)
	}
	own := d.hashing
	own.prefixes = slices.Clone(own.prefixes)
	own.readPrefixes(c)
	return own.prehash(event)
}
