package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// form is one document of a message being turned into a body.
type form struct {
	*piece
	filing *filing
	doc    *ceb.Document
	index  int // among the message's documents
	entry  *entry
	head   string // element of its head: OrderHead
	known  bool   // a version of it was submitted before
	key    types.Secret
	order  types.OrderID // the ticket's; of an order its own
	number string        // of the order
	record *types.Order  // as the ledger has it, nil if it was not asked or has none
	values map[string]string
	stored *document
	twin   *form // the same document, earlier in this batch
	code   int   // official code of what keeps it from being recorded, 0 if there is none

	chinese string // the same in Chinese, "" if there are no words for it
	office  string // of a list, and of what follows it: who decides
	old     *reply // its fate, from the receipt of an earlier run
	away    bool   // the node turned its transaction away before any block
}

// entry is what the ledger knows a kind of message as.
type entry struct {
	rank   int    // position among the kinds: what others build on comes first
	stream string // label of its ULIDs; of the four documents their kind of slot
	prefix string // family of its records, "" where it stands in the order's only
	flow   string
	issuer string                            // field that says who speaks
	number []string                          // fields of its number where ceb.Number knows none
	stable bool                              // its time does not change with its version
	look   bool                              // what it says depends on the order's record
	await  func(f *form)                     // holds it back until the order is ready for it
	body   func(f *form) (types.Body, error) // an error is a fault of this machine
}

// The labels of the streams of what has no slot in an order.
const (
	streamSign   = "signature"
	streamCancel = "cancellation"
	streamReturn = "return"
)

var entries = map[string]*entry{
	"CEB311": {rank: 1, stream: types.SlotOrder, prefix: types.PrefixOrder, flow: types.FlowImport, issuer: "ebpCode", body: (*form).recordOrder},
	"CEB303": {rank: 2, stream: types.SlotOrder, prefix: types.PrefixOrder, flow: types.FlowExport, issuer: "ebpCode", body: (*form).recordOrder},
	"CEB411": {rank: 3, stream: types.SlotPayment, prefix: types.PrefixPayment, flow: types.FlowImport, issuer: "payCode", stable: true, body: (*form).recordPayment},
	"CEB403": {rank: 4, stream: types.SlotPayment, prefix: types.PrefixPayment, flow: types.FlowExport, issuer: "payCode", stable: true, body: (*form).recordPayment},
	"CEB511": {rank: 5, stream: types.SlotWaybill, prefix: types.PrefixWaybill, flow: types.FlowImport, issuer: "logisticsCode", body: (*form).recordWaybill},
	"CEB505": {rank: 6, stream: types.SlotWaybill, prefix: types.PrefixWaybill, flow: types.FlowExport, issuer: "logisticsCode", body: (*form).recordWaybill},
	"CEB621": {rank: 7, stream: types.SlotDeclaration, prefix: types.PrefixDeclaration, flow: types.FlowImport, issuer: "agentCode", look: true, await: (*form).awaitMatch, body: (*form).declare},
	"CEB603": {rank: 8, stream: types.SlotDeclaration, prefix: types.PrefixDeclaration, flow: types.FlowExport, issuer: "agentCode", look: true, await: (*form).awaitMatch, body: (*form).declare},
	"CEB513": {rank: 9, stream: streamSign, flow: types.FlowImport, issuer: "logisticsCode", look: true, await: (*form).awaitRelease, body: (*form).signFor},
	"CEB623": {rank: 10, stream: streamCancel, flow: types.FlowImport, issuer: "agentCode", look: true, await: (*form).awaitDeclaration, body: (*form).cancel},
	"CEB605": {rank: 11, stream: streamCancel, flow: types.FlowExport, issuer: "agentCode", number: []string{"copNo", "invtNo"}, look: true, await: (*form).awaitDeclaration, body: (*form).cancel},
	"CEB625": {rank: 12, stream: streamReturn, flow: types.FlowImport, issuer: "agentCode", look: true, await: (*form).awaitRelease, body: (*form).returnGoods},
	"CEB213": {rank: 13, stream: streamReturn, flow: types.FlowExport, issuer: "agentCode", number: []string{"coElNo", "invtNo"}, look: true, await: (*form).awaitRelease, body: (*form).returnGoods},
}

// newForm begins with a document of a message.
func (f *filing) newForm(path string, d *ceb.Document, i int) *form {
	m := &form{filing: f, doc: d, index: i, entry: entries[d.Kind], values: map[string]string{}}
	m.head, _, _ = strings.Cut(d.Head[0].Path, "/")
	at := fmt.Sprintf("%s[%d]", strings.TrimSuffix(m.head, "Head"), i)
	m.piece = &piece{File: path, At: at, What: strings.TrimSpace(d.Kind + " " + first(d.Get("orderNo"), ceb.Number(d)))}
	for _, v := range ceb.MatchValues(d) {
		m.values[v.Name] = v.Value
	}
	return m
}

// fill makes what the ledger records of a document, and finds everything that keeps it from being recorded, or lets it
// wait. An error is a fault of this machine.
func (m *form) fill(ctx context.Context) error {
	if m.entry == nil {
		m.fault(types.EventUnsupported, m.At, "%s is not recorded", m.doc.Kind)
		return nil
	}
	if m.doc.Kind == "CEB513" && m.doc.Get("logisticsStatus") != "S" {
		m.settle("logisticsStatus %q is not recorded: of a parcel's way the ledger records that it was delivered (S)", m.doc.Get("logisticsStatus"))
		return nil
	}
	for _, step := range []func(context.Context) error{
		m.checkSpeaker, m.name, m.review, m.findOrder, m.remember, m.look, m.await, m.compose,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("%s, %s: %w", m.File, m.At, err)
		}
		if m.State != "" {
			break
		}
	}
	return nil
}

// refuse faults a head field.
func (m *form) refuse(code types.Code, field, format string, args ...any) {
	m.fault(code, m.field(field), format, args...)
}

// field is the path of a head field in the message.
func (m *form) field(name string) string {
	if !strings.HasSuffix(m.head, "Head") {
		return m.At + "/" + name
	}
	return m.At + "/" + m.head + "/" + name
}

// cleanNumber is the form of a code or number in which two documents agree: that of ceb.Number.
func cleanNumber(text string) string {
	return ceb.Number(&ceb.Document{Kind: "CEB311", Head: []ceb.Field{{Path: "OrderHead/orderNo", Value: text}}})
}

// checkSpeaker refuses what the member does not say itself, and what is not said yet.
func (m *form) checkSpeaker(context.Context) error {
	issuer := cleanNumber(m.doc.Get(m.entry.issuer))
	if codes := m.filing.codes; len(codes) > 0 && !slices.Contains(codes, issuer) {
		m.refuse(types.FieldInvalid, m.entry.issuer, "%q is not a customs code of %s, which has %s", issuer, m.filing.member, strings.Join(codes, ", "))
	}
	if status := m.doc.Get("appStatus"); status != "2" {
		m.refuse(types.FieldInvalid, "appStatus", "%q: only what is declared (2) is recorded", status)
	}
	if appType, _ := ceb.Version(m.doc); appType != "1" && appType != "2" {
		m.refuse(types.FieldInvalid, "appType", "%q: a document is recorded (1) or changed (2); the ledger takes nothing back", appType)
	}
	return nil
}

// ownNumber is the issuer's number of the document.
func (m *form) ownNumber() string {
	for _, name := range m.entry.number {
		if number := cleanNumber(m.doc.Get(name)); number != "" {
			return number
		}
	}
	return ceb.Number(m.doc)
}

// issued is the document's own time in Unix milliseconds.
func (m *form) issued() (int64, error) {
	if len(m.entry.number) > 0 {
		return ceb.ParseTime(m.doc.Get("appTime"))
	}
	return ceb.Issued(m.doc)
}

// name finds the document's name in the member's stream.
func (m *form) name(context.Context) error {
	issued, err := m.issued()
	if err != nil {
		return err
	}
	ulid, known, err := m.filing.archive.name(m.filing.secret, m.entry.stream, m.ownNumber(), issued)
	if err != nil {
		m.refuse(types.FieldInvalid, "appTime", "%v", err)
		return nil
	}
	erased := m.filing.archive.isErased(ulid)
	m.known = m.filing.archive.stored(ulid)
	appType, seq := ceb.Version(m.doc)
	if appType == "2" && !known && !m.entry.stable && !m.filing.secret.IsZero() {
		m.refuse(types.FieldInvalid, "appType", "changes a document that was not submitted from %s, where its name would stand", m.filing.archive.dir)
	}
	m.stored = &document{
		Format: documentFormat, Chain: m.filing.ledger.domain.Chain, Kind: m.doc.Kind, Seq: seq, Fields: documentFields(m.doc),
	}
	if m.entry.prefix == "" {
		m.stored.Name = ulid
	} else {
		m.Record = m.entry.prefix + "/" + m.filing.member + "/" + ulid
		m.stored.Record = m.Record
	}
	if erased {
		m.settle("it was erased here; what the ledger has of it stays")
	}
	return nil
}

// findOrder finds the order that the document is about and the key that makes its tags. A platform makes both.
func (m *form) findOrder(context.Context) error {
	if m.entry.stream == types.SlotOrder {
		m.key = types.MatchKey(m.filing.secret, m.stored.ulid())
		m.number, m.order = cleanNumber(m.doc.Get("orderNo")), types.OrderID(m.filing.member+"/"+m.stored.ulid())
		return m.place()
	}
	kin, err := m.kin()
	if err != nil {
		return err
	}
	if kin != nil {
		m.order = kin.Order
	}
	m.number = m.orderNumber(kin)
	if m.number == "" && m.order == "" {
		m.wait("it does not name its order: parcels.csv (logisticsCode,logisticsNo,ebpCode,orderNo) in the folder, or --parcels, says of which order the parcel %s is", m.doc.Get("logisticsNo"))
		return nil
	}
	return m.takeTicket()
}

// kin is the stored document that says which order this one is about: of a delivery its waybill, of an export's
// cancellation or return its list; nil if there is none.
func (m *form) kin() (*document, error) {
	stream, number := "", ""
	switch m.doc.Kind {
	case "CEB513":
		stream, number = types.SlotWaybill, ceb.Number(m.doc)
	case "CEB605":
		stream, number = types.SlotDeclaration, cleanNumber(m.doc.Get("copNo"))
	case "CEB213":
		stream, number = types.SlotDeclaration, cleanNumber(m.doc.Get("coElNo"))
	default:
		return nil, nil
	}
	versions, err := m.filing.archive.versions(m.filing.secret, stream, number)
	if err != nil || len(versions) == 0 {
		return nil, err
	}
	return versions[len(versions)-1], nil
}

// orderNumber is the order's number as the document says it, or the one that it is about, or the table of parcels.
func (m *form) orderNumber(kin *document) string {
	if number := m.doc.Get("orderNo"); number != "" {
		return number
	}
	if kin != nil {
		if number := kin.value("orderNo"); number != "" {
			return number
		}
	}
	return m.filing.parcels.order(m.doc.Get("logisticsCode"), m.doc.Get("logisticsNo"))
}

// takeTicket takes name and key of the order from its ticket. Who says something about an order that it has a document of
// needs neither.
func (m *form) takeTicket() error {
	ticket, err := m.filing.tickets.find(m.filing.ledger.domain.Chain, m.number)
	switch {
	case errors.Is(err, fs.ErrNotExist) && m.order != "":
	case errors.Is(err, fs.ErrNotExist):
		m.wait("there is no ticket of order %q: the platform hands it out; looked for %s", m.number, m.filing.tickets.path(m.number))
		return nil
	case err != nil:
		m.refuse(types.OrderMismatch, "orderNo", "%v", err)
		return nil
	default:
		m.key, m.order = ticket.MatchKey, ticket.Order
	}
	return m.place()
}

// place enters the order into what is stored of the document.
func (m *form) place() error {
	m.Order, m.stored.Order = m.order, m.order
	if m.entry.prefix == "" {
		m.Record = types.PrefixOrder + "/" + string(m.order)
		m.stored.Record = m.Record
	}
	return nil
}

// remember draws the document's seed, or takes the one that the same message had before.
func (m *form) remember(context.Context) error {
	found, err := m.filing.archive.recall(m.stored)
	if errors.Is(err, errVersionTaken) {
		m.refuse(types.FieldInvalid, "appTime", "%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	a := m.filing.archive
	switch found {
	case inThisRun:
		m.twin = m.filing.inBatch[m.version()]
		m.settle("the same message as %s %s", m.twin.File, m.twin.At)
		return nil
	case onDisk:
		a.keep(m.stored)
	case nowhere:
		if err := m.stored.seal(); err != nil {
			return err
		}
		a.keep(m.stored)
		m.before(func() error { return a.store(m.stored) })
	}
	m.filing.inBatch[m.version()] = m
	return nil
}

// formVersion names a version of a document.
type formVersion struct {
	ulid string
	seq  int64
}

func (m *form) version() formVersion { return formVersion{m.stored.ulid(), m.stored.Seq} }

// before adds to what is done before the document is sent.
func (m *form) before(do func() error) {
	earlier := m.prepare
	m.prepare = func() error {
		if earlier != nil {
			if err := earlier(); err != nil {
				return err
			}
		}
		return do()
	}
}

// compose makes the body, and the ticket of an order.
func (m *form) compose(context.Context) error {
	body, err := m.entry.body(m)
	if err != nil || m.State != "" {
		return err
	}
	if err := body.Check(); err != nil {
		m.fault(types.FieldInvalid, m.At, "%v", err)
		return nil
	}
	m.body = body
	if m.entry.stream == types.SlotOrder {
		m.before(func() error { return m.filing.tickets.write(m.ticket()) })
	}
	return nil
}

// ticket is what the platform hands to the others about its order.
func (m *form) ticket() *types.Ticket {
	return &types.Ticket{
		Format: types.TicketFormat, Chain: m.stored.Chain, Order: m.order, Number: m.doc.Get("orderNo"), MatchKey: m.key,
	}
}

// value returns the head field of a path or of a local name, "" if there is none.
func (d *document) value(name string) string {
	for _, f := range d.Fields {
		if f.Path == name || strings.HasSuffix(f.Path, "/"+name) && !strings.Contains(f.Path, "]") {
			return f.Value
		}
	}
	return ""
}
