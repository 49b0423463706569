package types

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// CaptureEvent records an EPCIS 2.0 event: record event/<member>/<ULID>, and the records
// of the lots and units that it is about. Event is the event's one canonical form
// (package epcis): RFC 8785, with the @context in force in it. What it says about goods
// is checked and executed; all of it is kept in the journal.
//
// An event with an errorDeclaration takes back one that was captured: it repeats that
// event. Of names the member that captured it when an authority speaks, else it is "".
type CaptureEvent struct {
	Event string `json:"event"`
	Of    string `json:"of"`
}

// MaxEventBytes bounds an event's canonical form.
const MaxEventBytes = 256 << 10

// EventID names a captured event: <member>/<ULID>. The ULID has the eventTime and, as its
// random part, the first 10 bytes of a hash of what identifies the event (EventULID).
type EventID string

// CapturedEvent is an event as the state knows it: record event/<EventID>.
type CapturedEvent struct {
	Base     Hash     `json:"base"`     // BaseHash of the event
	Time     int64    `json:"time"`     // eventTime, Unix milliseconds
	Outside  uint64   `json:"outside"`  // identifiers in it that the ledger does not follow
	Flags    []string `json:"flags"`    // what is odd about it, names of codes: UNEXPLAINED_LOSS
	Links    []Link   `json:"links"`    // of things that went into other things
	Declared int64    `json:"declared"` // time of the block in which it was declared an error, 0 = it stands
	Reason   string   `json:"reason"`   // of the declaration
	Cleared  int64    `json:"cleared"`  // time of the block in which the dispute was settled, 0 = it is open
	History  History  `json:"history"`
}

// Link is a thing's part in an event: it went in, or came out. Before is the event in
// which the thing went in before (of a transformation that came out: in which it was fed
// before), so that all of them can be walked from the record of the thing, which names
// the last one.
type Link struct {
	Thing  ThingKey `json:"thing"`
	Out    bool     `json:"out"`
	Before EventID  `json:"before"`
}

// ThingKey is the key of a record that goods are traced through: lot/…, unit/…,
// transformation/… or certificate/….
type ThingKey string

// SettleDispute ends the dispute about everything that came from an event that was
// declared an error (authority).
type SettleDispute struct {
	Event EventID `json:"event"`
	Note  string  `json:"note"`
}

// ContinueMark goes on marking what came from a recalled lot, an event declared an error
// or a revoked certificate, where one transaction could not reach all of it.
type ContinueMark struct {
	Kind string `json:"kind"` // MarkRecall, MarkDispute or MarkCertificate
	Ref  string `json:"ref"`
}

// Mark says that a thing came from another about which something became known. Whether
// it still matters is asked of what it refers to: the recall may be closed.
type Mark struct {
	Kind string `json:"kind"` // of the Marks
	Ref  string `json:"ref"`  // RecallID, EventID or CertificateID
}

// The kinds of marks.
const (
	MarkRecall      = "recall"
	MarkDispute     = "dispute"
	MarkCertificate = "certificate"
)

// Spread is marking that is under way: record mark/<kind>/<ref>, or mark/page/… for a part
// of a front that one record cannot hold.
type Spread struct {
	Front   []FrontPoint `json:"front"`  // empty once everything is reached
	Marked  uint64       `json:"marked"` // things so far
	Claim   string       `json:"claim"`  // only things with this claim; "" = all
	History History      `json:"history"`
}

// FrontPoint is where marking goes on: at a marked thing, with what came from it in the
// event At and those before; at a certificate, with its uses; with At "" at a thing that
// is itself still to be marked; or at a page, mark/page/…, with the front in it.
type FrontPoint struct {
	Thing ThingKey `json:"thing"`
	At    EventID  `json:"at"`
}

// Trace is what a lot, unit or transformation carries of where it came from.
type Trace struct {
	Made   EventID  `json:"made"`   // event that brought it about
	Last   EventID  `json:"last"`   // last event in which it went into something
	Claims []string `json:"claims"` // standards it may be sold under, ascending
	Recert bool     `json:"recert"` // needs a new commitment certificate before it is handed over
	Marks  []Mark   `json:"marks"`
	// Flags are names of codes, ascending: what is odd (UNEXPLAINED_LOSS, SELF_DEAL, SHORT,
	// OVER), RECALLED on a unit that a recall is about itself, TOO_LARGE on what has more
	// recalls and disputes behind it than a record can tell apart.
	Flags []string `json:"flags"`
}

// Transformation gathers the events that share a transformationID: record
// transformation/<member>/<escaped id>. Quantities are exact totals in 10^-17 of the
// dimension's base unit, in decimal digits.
type Transformation struct {
	Dimension string  `json:"dimension"`
	In        string  `json:"in"`
	Out       string  `json:"out"`
	Trace     Trace   `json:"trace"`
	History   History `json:"history"`
}

// Credit is what a member may still sell under a claim of a product in the model
// MASS_BALANCE: record credit/<member>/<escaped standard>. It counts 10^-5 kg.
type Credit struct {
	Earned  uint64  `json:"earned"`
	Used    uint64  `json:"used"`
	History History `json:"history"`
}

func (c *Credit) Log() *History         { return &c.History }
func (e *CapturedEvent) Log() *History  { return &e.History }
func (s *Spread) Log() *History         { return &s.History }
func (t *Transformation) Log() *History { return &t.History }

// Parsed returns the event that the body holds. It is read anew each time: to keep what
// was read with every transaction in the pool costs more than to read it again.
func (b *CaptureEvent) Parsed() (*epcis.Event, error) {
	if len(b.Event) > MaxEventBytes {
		return nil, Refuse(TooLarge, "event", "%d bytes, at most %d", len(b.Event), MaxEventBytes)
	}
	e, err := epcis.ParseEvent(b.Event)
	if err != nil {
		return nil, Refuse(EventInvalid, "event", "%v", err)
	}
	return e, nil
}

func (b *CaptureEvent) Check() error {
	if b.Of != "" {
		if err := checkMember("of", b.Of); err != nil {
			return err
		}
	}
	e, err := b.Parsed()
	if err != nil {
		return err
	}
	if b.Of != "" && e.Error == nil {
		return Refuse(FieldInvalid, "of", "only an error declaration is about another member's event")
	}
	return first(checkActionable(e), checkTime("event.eventTime", e.Time))
}

// checkActionable refuses what may stand in an EPCIS document and cannot be executed.
func checkActionable(e *epcis.Event) error {
	if !oneOf(e.Type, ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent, AssociationEvent) {
		return Refuse(EventUnsupported, "event.type", "%.60q is no event type of EPCIS 2.0", e.Type)
	}
	if e.Type == AggregationEvent && e.Action != ActionObserve && e.ParentID == "" {
		return Refuse(FieldInvalid, "event.parentID", "is missing: what are the children put into or taken out of?")
	}
	for _, w := range e.Warnings {
		if strings.HasSuffix(w.Pointer, "/quantity") {
			return Refuse(FieldInvalid, "event"+w.Pointer, "%s", w.Detail)
		}
	}
	return nil
}

func (b *SettleDispute) Check() error {
	return first(checkEvent("event", b.Event), checkText("note", b.Note, 0, 500))
}

func (b *ContinueMark) Check() error {
	if !oneOf(b.Kind, MarkRecall, MarkDispute, MarkCertificate) {
		return Refuse(FieldInvalid, "kind", "%.20q: recall, dispute or certificate", b.Kind)
	}
	return checkText("ref", b.Ref, 1, 400)
}

// Capture returns the body that records an event.
func Capture(e *epcis.Event) *CaptureEvent {
	return &CaptureEvent{Event: string(e.Canonical)}
}

// Commissioning returns the body of the simplest event that makes a lot, for load and
// tests: amount counts 10^-5 of the unit, at is the eventTime in Unix milliseconds.
func Commissioning(lot LotID, amount uint64, unit string, at int64) *CaptureEvent {
	return &CaptureEvent{Event: fmt.Sprintf(`{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],`+
		`"action":"ADD","bizStep":"commissioning","disposition":"active","eventTime":"%s","eventTimeZoneOffset":"+00:00",`+
		`"quantityList":[{"epcClass":"%s","quantity":%s,"uom":"%s"}],"type":"ObjectEvent"}`,
		time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z"), LinkOf(string(lot)), gs1.FormatAmount(amount), unit)}
}

// EventIdentity is what identifies an event: its eventID, or else its CBV 2.0 event hash.
func EventIdentity(e *epcis.Event) (string, error) {
	if e.EventID != "" {
		return e.EventID, nil
	}
	hash, err := e.CBVHash()
	if err != nil {
		return "", Refuse(EventInvalid, "event", "the event has no CBV 2.0 hash: %v", err)
	}
	return hash, nil
}

// EventHashFits is false when the eventID is a CBV 2.0 hash, and not this event's. Such an
// event is flagged and not refused: the algorithm has had several versions, so that none
// of the examples that GS1 publishes has the hash of today.
func EventHashFits(e *epcis.Event) bool {
	if !strings.HasPrefix(e.EventID, "ni:///sha-256;") || !strings.HasSuffix(e.EventID, "?ver=CBV2.0") {
		return true
	}
	hash, err := e.CBVHash()
	return err == nil && hash == e.EventID
}

// EventULID names an event with this identity in the stream of the member that captures
// it.
func EventULID(identity string, eventTime int64) (string, error) {
	var id ulid.ULID
	if eventTime < 0 || uint64(eventTime) > ulid.MaxTime() {
		return "", Refuse(FieldInvalid, "event.eventTime", "%d is not a time in Unix milliseconds from 1970 on", eventTime)
	}
	if err := id.SetTime(uint64(eventTime)); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte("carya/event-id/1\x00" + identity))
	if err := id.SetEntropy(sum[:10]); err != nil {
		return "", err
	}
	return id.String(), nil
}

// BaseHash binds an event without its errorDeclaration and recordTime: what the event
// and its declaration have in common.
func BaseHash(e *epcis.Event) Hash {
	h := sha256.New()
	h.Write([]byte("carya/epcis-base/1\x00"))
	h.Write(e.Base())
	return Hash(h.Sum(nil))
}

func checkEvent(field string, id EventID) error {
	member, u, ok := strings.Cut(string(id), "/")
	if !ok {
		return Refuse(FieldInvalid, field, "%.80q is not <member>/<ULID>", string(id))
	}
	return first(checkMember(field, member), checkULID(field, u))
}
