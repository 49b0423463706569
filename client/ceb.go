package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

func cebCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ceb", Short: "Record customs messages"}
	s := newSession(cmd)
	return group(cmd, submitCommand(s))
}

func submitCommand(s *session) *cobra.Command {
	f := &filing{}
	cmd := &cobra.Command{
		Use:   "submit FILE|DIR…",
		Short: "Record customs messages CEB311, 411, 511 and 621",
		Long: `Record what customs messages say, without saying it: orders (CEB311), payments (CEB411),
waybills (CEB511) and declaration lists (CEB621). The ledger gets salted hashes and match
tags; names, prices and numbers stay here.

Before anything is sent, each document is stored with its seed in <home>/documents: keep
that folder, it alone can open what the ledger holds. The same message submitted again
gives the same commitment.

An order also gives a ticket, <tickets>/<orderNo>.json. Hand it to the payment company,
the carrier and the declarant, by a private way: their messages find the order, and match
it, with the ticket.

Everything is checked before anything is sent. With --on-error rollback, which is the
default, one fault and nothing is sent; with proceed the others are.`,
		Example: `  carya ceb submit orders.xml --member lantu --wait
  carya ceb submit payments/ --member tianmu-pay --tickets from-lantu --on-error proceed
  carya ceb submit orders.xml --member lantu --genesis genesis.json --dry-run`,
		Args: takes(1, -1, "customs messages"),
	}
	f.author = newAuthor(s, cmd)
	cmd.Flags().StringVar(&f.tickets.dir, "tickets", "", "folder of tickets (default <home>/tickets)")
	cmd.RunE = s.run(f.submit)
	return cmd
}

// filing is one run of `carya ceb submit`.
type filing struct {
	*author
	tickets tickets
	archive *archive
	ledger  *ledger
	secret  types.Secret
	codes   []string // of the member with customs; none if not known
	inRun   map[string]*piece
}

func (f *filing) submit(ctx context.Context, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	files, err := paths(args, ".xml")
	if err != nil {
		return err
	}
	if err := f.begin(ctx); err != nil {
		return err
	}
	defer f.ledger.close()
	sh := &shipment{author: f.author, ledger: f.ledger}
	for _, path := range files {
		sub, err := f.read(ctx, path)
		if err != nil {
			return err
		}
		sh.files = append(sh.files, sub)
	}
	return sh.ship(ctx)
}

// begin prepares what every document needs: the chain, the member's codes and secret, and what was submitted before.
func (f *filing) begin(ctx context.Context) (err error) {
	if f.tickets.dir == "" {
		f.tickets.dir = filepath.Join(f.home, "tickets")
	}
	if f.ledger, err = f.author.ledger(ctx); err != nil {
		return err
	}
	if f.codes, err = f.ledger.customs(ctx, f.member); err != nil {
		return err
	}
	if f.secret, err = f.author.secret(ctx); err != nil {
		return err
	}
	if f.secret.IsZero() {
		f.note("there is no stream secret yet: the names in this dry run are not those that the ledger will see")
	}
	f.inRun = map[string]*piece{}
	f.archive, err = openArchive(filepath.Join(f.home, "documents"))
	return err
}

// read reads one message file. Its faults stand in what it returns; an error is something else than the file.
func (f *filing) read(ctx context.Context, path string) (*submission, error) {
	data, err := readFile(path, ceb.MaxSize)
	if err != nil {
		return nil, usage("", err)
	}
	sub := &submission{path: path}
	m, err := ceb.Parse(data)
	var faults ceb.Errors
	if errors.As(err, &faults) {
		for _, fault := range faults {
			sub.faults = append(sub.faults, messageFault(fault))
		}
		return sub, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range m.Documents {
		p, err := f.document(ctx, &m.Documents[i], i)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		sub.add(p)
	}
	return sub, nil
}

// messageFault gives a fault of a message its code.
func messageFault(e *ceb.Error) *types.Refusal {
	code := types.FieldInvalid
	switch e.Kind {
	case ceb.NotCEB, ceb.Malformed:
		code = types.Malformed
	case ceb.Unsupported:
		code = types.EventUnsupported
	case ceb.TooLarge:
		code = types.TooLarge
	}
	detail := e.Detail
	if e.Line > 0 {
		detail = fmt.Sprintf("line %d: %s", e.Line, detail)
	}
	return &types.Refusal{Code: code, Field: first(e.Field, "/"), Detail: detail}
}

// form is one document being turned into a body.
type form struct {
	*piece
	filing *filing
	doc    *ceb.Document
	entry  *entry
	head   string // element of its head: OrderHead
	key    types.Secret
	order  types.OrderID // the ticket's; of an order its own
	values map[string]string
	stored *document
}

// entry is what the ledger knows a kind of message as.
type entry struct {
	slot    string // kind of slot, and the label of its stream ids
	prefix  string // family of its records
	inOrder bool   // its record is the order itself
	stable  bool   // its time does not change with its version
	body    func(f *form) types.Body
}

var entries = map[string]*entry{
	"CEB311": {slot: types.SlotOrder, prefix: types.PrefixOrder, inOrder: true, body: (*form).recordOrder},
	"CEB411": {slot: types.SlotPayment, prefix: types.PrefixPayment, stable: true, body: (*form).recordPayment},
	"CEB511": {slot: types.SlotWaybill, prefix: types.PrefixWaybill, body: (*form).recordWaybill},
	"CEB621": {slot: types.SlotDeclaration, prefix: types.PrefixDeclaration, body: (*form).declare},
}

// document makes what the ledger records of a document, and finds everything that keeps it from being recorded. An error
// is a fault of this machine.
func (f *filing) document(ctx context.Context, d *ceb.Document, i int) (*piece, error) {
	head, _, _ := strings.Cut(d.Head[0].Path, "/")
	at := fmt.Sprintf("%s[%d]", strings.TrimSuffix(head, "Head"), i)
	p := &piece{At: at, What: d.Kind + " " + d.Get("orderNo")}
	m := &form{piece: p, filing: f, doc: d, entry: entries[d.Kind], head: head, values: map[string]string{}}
	if m.entry == nil {
		p.fault(types.EventUnsupported, at, "%s is not recorded", d.Kind)
		return p, nil
	}
	for _, v := range ceb.MatchValues(d) {
		m.values[v.Name] = v.Value
	}
	for _, step := range []func(context.Context) error{m.checkSpeaker, m.name, m.findTicket, m.remember, m.compose, m.compare} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		if len(p.Faults) > 0 || p.State == pieceSettled {
			break
		}
	}
	return p, nil
}

// refuse faults a head field.
func (m *form) refuse(code types.Code, field, format string, args ...any) {
	m.fault(code, m.At+"/"+m.head+"/"+field, format, args...)
}

// checkSpeaker refuses what the member does not say itself, and what is not said yet.
func (m *form) checkSpeaker(context.Context) error {
	issuer := ceb.Issuer(m.doc)
	if codes := m.filing.codes; len(codes) > 0 && !slices.Contains(codes, issuer) {
		m.refuse(types.FieldInvalid, issuerField[m.doc.Kind], "%q is not a customs code of %s, which has %s", issuer, m.filing.member, strings.Join(codes, ", "))
	}
	if status := m.doc.Get("appStatus"); status != "2" {
		m.refuse(types.FieldInvalid, "appStatus", "%q: only what is declared (2) is recorded", status)
	}
	if appType, _ := ceb.Version(m.doc); appType != "1" && appType != "2" {
		m.refuse(types.FieldInvalid, "appType", "%q: a document is recorded (1) or changed (2); the ledger takes nothing back", appType)
	}
	return nil
}

// issuerField names the field that ceb.Issuer reads.
var issuerField = map[string]string{"CEB311": "ebpCode", "CEB411": "payCode", "CEB511": "logisticsCode", "CEB621": "agentCode"}

// name finds the document's name in the member's stream.
func (m *form) name(context.Context) error {
	issued, err := ceb.Issued(m.doc)
	if err != nil {
		return err
	}
	ulid, known, err := m.filing.archive.name(m.filing.secret, m.entry.slot, ceb.Number(m.doc), issued)
	if err != nil {
		m.refuse(types.FieldInvalid, "appTime", "%v", err)
		return nil
	}
	appType, seq := ceb.Version(m.doc)
	if appType == "2" && !known && !m.entry.stable && !m.filing.secret.IsZero() {
		m.refuse(types.FieldInvalid, "appType", "changes a document that was not submitted from %s, where its name would stand", m.filing.archive.dir)
	}
	m.Record = m.entry.prefix + "/" + m.filing.member + "/" + ulid
	m.stored = &document{
		Format: documentFormat, Chain: m.filing.ledger.domain.Chain, Record: m.Record, Kind: m.doc.Kind, Seq: seq,
	}
	for _, field := range m.doc.Fields() {
		m.stored.Fields = append(m.stored.Fields, types.DocumentField{Path: field.Path, Value: field.Value})
	}
	return nil
}

// findTicket finds the order that the document is about and the key that makes its tags. A platform makes both.
func (m *form) findTicket(context.Context) error {
	number, chain := m.doc.Get("orderNo"), m.filing.ledger.domain.Chain
	if m.entry.inOrder {
		m.key = types.MatchKey(m.filing.secret, m.stored.ulid())
		m.order = types.OrderID(m.filing.member + "/" + m.stored.ulid())
		return nil
	}
	ticket, err := m.filing.tickets.find(chain, number)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		m.refuse(types.OrderUnknown, "orderNo", "there is no ticket of order %q: the platform hands it out; looked for %s", number, m.filing.tickets.path(number))
	case err != nil:
		m.refuse(types.OrderMismatch, "orderNo", "%v", err)
	default:
		m.key, m.order = ticket.MatchKey, ticket.Order
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
	switch found {
	case inThisRun:
		before := m.filing.inRun[m.Record]
		m.settle("the same message as %s %s", before.File, before.At)
		return nil
	case onDisk:
		m.filing.archive.keep(m.stored)
	case nowhere:
		if err := m.stored.seal(); err != nil {
			return err
		}
		m.filing.archive.keep(m.stored)
		m.prepare = func() error { return m.filing.archive.store(m.stored) }
	}
	m.filing.inRun[m.Record] = m.piece
	return nil
}

// compose makes the body, and the ticket of an order.
func (m *form) compose(context.Context) error {
	body := m.entry.body(m)
	if len(m.Faults) > 0 {
		return nil
	}
	if err := body.Check(); err != nil {
		m.fault(types.FieldInvalid, m.At, "%v", err)
		return nil
	}
	m.body = body
	if m.entry.inOrder {
		m.handOut()
	}
	return nil
}

// handOut adds the writing of the order's ticket to what is done before the order is sent.
func (m *form) handOut() {
	ticket := &types.Ticket{
		Format: types.TicketFormat, Chain: m.stored.Chain, Order: m.order, Number: m.doc.Get("orderNo"), MatchKey: m.key,
	}
	store := m.prepare
	m.prepare = func() error {
		if store != nil {
			if err := store(); err != nil {
				return err
			}
		}
		return m.filing.tickets.write(ticket)
	}
}

// compare asks the ledger whether a document that was submitted before has been recorded, so that a file of which a part
// was recorded can simply be submitted again.
func (m *form) compare(ctx context.Context) error {
	if m.filing.ledger.node == nil || len(m.filing.archive.files[m.stored.ulid()]) == 0 {
		return nil
	}
	answer, err := m.filing.ledger.node.Record(ctx, types.PrefixOrder+"/"+string(m.order), 0)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	var o types.Order
	if err := types.Decode(answer.Value, &o); err != nil {
		return err
	}
	if slot := o.Slot(m.entry.slot); slot != nil && slot.Document == m.stored.Root {
		m.settle("the ledger has it since block %d", slot.Height)
		m.Height = slot.Height
	}
	return nil
}

// tag makes the match tag of a named value. A value of which a part is empty makes none, and the document is refused.
func (m *form) tag(name string, value, field string) types.Hash {
	text, there := m.values[value]
	if !there {
		m.refuse(types.FieldInvalid, field, "the match value %q cannot be made: a part of it is empty", value)
	}
	return types.MatchTag(m.key, name, text)
}

// number makes the tag that opens the order's lock for a slot.
func (m *form) number(slot string) types.Hash {
	text, there := m.values[ceb.TagNumber]
	if !there {
		m.refuse(types.FieldInvalid, "orderNo", "is empty")
	}
	return types.NumberTag(m.key, slot, text)
}

func (m *form) recordOrder() types.Body {
	return &types.RecordOrder{
		Order: m.stored.ulid(), Seq: m.stored.Seq, Flow: types.FlowImport, Document: m.stored.Root,
		Payment:     types.NumberLock(m.number(types.SlotPayment)),
		Waybill:     types.NumberLock(m.number(types.SlotWaybill)),
		Declaration: types.NumberLock(m.number(types.SlotDeclaration)),
		Amount:      m.tag(types.TagAmount, ceb.TagAmount, "acturalPaid"),
		Merchant:    m.tag(types.TagMerchant, ceb.TagMerchant, "ebcCode"),
		Goods:       m.tag(types.TagGoods, ceb.TagGoods, "totalPrice"),
		Payer:       m.tag(types.TagPayer, ceb.TagPayer, "buyerIdNumber"),
		Consignee:   m.tag(types.TagConsignee, ceb.TagConsignee, "consignee"),
	}
}

func (m *form) recordPayment() types.Body {
	return &types.RecordPayment{
		Order: m.order, Payment: m.stored.ulid(), Seq: m.stored.Seq, Document: m.stored.Root,
		Number: m.number(types.SlotPayment),
		Amount: m.tag(types.TagAmount, ceb.TagAmount, "amountPaid"),
		Payer:  m.tag(types.TagPayer, ceb.TagPayer, "payerIdNumber"),
	}
}

func (m *form) recordWaybill() types.Body {
	return &types.RecordWaybill{
		Order: m.order, Waybill: m.stored.ulid(), Seq: m.stored.Seq, Document: m.stored.Root,
		Number:    m.number(types.SlotWaybill),
		Consignee: m.tag(types.TagConsignee, ceb.TagConsignee, "consignee"),
		Parcel:    m.tag(types.TagParcel, ceb.TagWaybill, "logisticsNo"),
	}
}

func (m *form) declare() types.Body {
	return &types.Declare{
		Order: m.order, Declaration: m.stored.ulid(), Seq: m.stored.Seq, Document: m.stored.Root,
		Number: m.number(types.SlotDeclaration),
		Payer:  m.tag(types.TagPayer, ceb.TagPayer, "buyerIdNumber"),
		Parcel: m.tag(types.TagParcel, ceb.TagWaybill, "logisticsNo"),
	}
}
