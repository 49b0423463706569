package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// tag makes the match tag of a named value. A value of which a part is empty makes none, and the document is refused.
func (m *form) tag(name string, value, field string) types.Hash {
	text, there := m.values[value]
	if !there {
		m.refuse(types.FieldInvalid, field, "the match value %q cannot be made: a part of it is empty", value)
	}
	return types.MatchTag(m.key, name, text)
}

// personal makes the match tag of a person, which an export does not name: then it is zero.
func (m *form) personal(name, value, field string) types.Hash {
	if _, there := m.values[value]; !there && m.entry.flow == types.FlowExport {
		return types.Hash{}
	}
	return m.tag(name, value, field)
}

// numberTag makes the tag that opens the order's lock for a slot.
func (m *form) numberTag(slot string) types.Hash {
	number := cleanNumber(m.number)
	if number == "" {
		m.refuse(types.FieldInvalid, "orderNo", "is empty")
	}
	return types.NumberTag(m.key, slot, number)
}

func (m *form) recordOrder() (types.Body, error) {
	amount := "acturalPaid"
	if m.entry.flow == types.FlowExport {
		amount = "goodsValue"
	}
	return &types.RecordOrder{
		Order: m.stored.ulid(), Seq: m.stored.Seq, Flow: m.entry.flow, Document: m.stored.Root,
		Payment:     types.NumberLock(m.numberTag(types.SlotPayment)),
		Waybill:     types.NumberLock(m.numberTag(types.SlotWaybill)),
		Declaration: types.NumberLock(m.numberTag(types.SlotDeclaration)),
		Amount:      m.tag(types.TagAmount, ceb.TagAmount, amount),
		Merchant:    m.tag(types.TagMerchant, ceb.TagMerchant, "ebcCode"),
		Goods:       m.tag(types.TagGoods, ceb.TagGoods, "totalPrice"),
		Payer:       m.personal(types.TagPayer, ceb.TagPayer, "buyerIdNumber"),
		Consignee:   m.personal(types.TagConsignee, ceb.TagConsignee, "consignee"),
	}, nil
}

func (m *form) recordPayment() (types.Body, error) {
	original, err := m.original()
	if err != nil {
		return nil, err
	}
	amount := "amountPaid"
	if m.entry.flow == types.FlowExport {
		amount = "charge"
	}
	return &types.RecordPayment{
		Order: m.order, Payment: m.stored.ulid(), Seq: m.stored.Seq, Document: m.stored.Root, Original: original,
		Number: m.numberTag(types.SlotPayment),
		Amount: m.tag(types.TagAmount, ceb.TagAmount, amount),
		Payer:  m.personal(types.TagPayer, ceb.TagPayer, "payerIdNumber"),
	}, nil
}

// original commits to the original record of an import's payment, which lies in the folder of originals under the
// payment's number. Zero where there is no such folder.
func (m *form) original() (types.Hash, error) {
	if m.filing.originals == "" || m.entry.flow == types.FlowExport {
		return types.Hash{}, nil
	}
	number := m.doc.Get("payTransactionId")
	path := filepath.Join(m.filing.originals, fileName(number)+".json")
	data, err := readFile(path, maxInput)
	if errors.Is(err, fs.ErrNotExist) {
		m.wait("the original record of payment %q is not there; looked for %s", number, path)
		return types.Hash{}, nil
	}
	if err != nil {
		return types.Hash{}, err
	}
	fields, named, err := readPull(data)
	switch {
	case err != nil:
		m.refuse(types.FieldInvalid, "payTransactionId", "%s: %v", path, err)
		return types.Hash{}, nil
	case named != number:
		m.refuse(types.FieldInvalid, "payTransactionId", "%s is the record of payment %q, not of %q", path, named, number)
		return types.Hash{}, nil
	}
	return m.commitOriginal(fields)
}

// commitOriginal takes the seed that the same record had before, or draws one and stores it before the payment is sent.
func (m *form) commitOriginal(fields []types.DocumentField) (types.Hash, error) {
	a := m.filing.archive
	had, err := a.original(m.stored.ulid(), fields)
	if err != nil {
		return types.Hash{}, err
	}
	if had != nil {
		return had.Root, nil
	}
	d := &document{
		Format: documentFormat, Chain: m.stored.Chain, Record: m.Record, Kind: pullKind, Seq: m.stored.Seq, Fields: fields, Order: m.order,
	}
	if err := d.seal(); err != nil {
		return types.Hash{}, err
	}
	m.before(func() error { return a.storeOriginal(d) })
	return d.Root, nil
}

func (m *form) recordWaybill() (types.Body, error) {
	return &types.RecordWaybill{
		Order: m.order, Waybill: m.stored.ulid(), Seq: m.stored.Seq, Document: m.stored.Root,
		Number:    m.numberTag(types.SlotWaybill),
		Consignee: m.personal(types.TagConsignee, ceb.TagConsignee, "consignee"),
		Parcel:    m.tag(types.TagParcel, ceb.TagWaybill, "logisticsNo"),
	}, nil
}

func (m *form) declare() (types.Body, error) {
	b := &types.Declare{
		Order: m.order, Declaration: m.stored.ulid(), Seq: m.stored.Seq, Document: m.stored.Root,
		Number:   m.numberTag(types.SlotDeclaration),
		Payer:    m.personal(types.TagPayer, ceb.TagPayer, "buyerIdNumber"),
		Parcel:   m.tag(types.TagParcel, ceb.TagWaybill, "logisticsNo"),
		Merchant: m.tag(types.TagMerchant, ceb.TagMerchant, "ebcCode"),
		Goods:    m.tag(types.TagGoods, ceb.TagGoods, "totalPrice"),
		Office:   m.findOffice(),
		Lines:    m.declaredLines(),
	}
	mode, err := strconv.ParseUint(m.doc.Get("tradeMode"), 10, 16)
	if err != nil {
		m.refuse(types.FieldInvalid, "tradeMode", "%q is no customs procedure", m.doc.Get("tradeMode"))
	}
	b.Mode = mode
	if m.record != nil && m.entry.flow == types.FlowImport {
		if q := liveGrant(m.record, m.filing.now()); q != nil {
			b.Grant = q.Grant
		}
	}
	return b, nil
}

// findOffice is the member that decides on a list: the customs that has the list's customsCode, else the only one.
func (m *form) findOffice() string {
	code := cleanNumber(m.doc.Get("customsCode"))
	for _, o := range m.filing.offices {
		if slices.Contains(o.Customs, code) || len(m.filing.offices) == 1 {
			m.office = o.ID
			return o.ID
		}
	}
	m.refuse(types.MemberUnknown, "customsCode", "no customs of the chain has the code %q, and there are %d: the code stands in the member's record", code, len(m.filing.offices))
	return ""
}

// goodsLine is one line of goods of a list or return.
type goodsLine struct {
	gnum     int64
	quantity int64 // qty, 10^-5 units
	item     string
}

// goodsLines returns the lines of a document's fields in ascending order of gnum. The order is normative: the ledger knows
// a line by its position.
func goodsLines(fields []types.DocumentField) ([]goodsLine, error) {
	values := map[string]map[string]string{}
	for _, f := range fields {
		if line, name, found := cutLine(f.Path); found {
			if values[line] == nil {
				values[line] = map[string]string{}
			}
			values[line][name] = f.Value
		}
	}
	lines := make([]goodsLine, 0, len(values))
	for path, v := range values {
		gnum, err := strconv.ParseInt(v["gnum"], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s/gnum: %w", path, err)
		}
		qty, err := ceb.ParseDecimal(v["qty"])
		if err != nil {
			return nil, fmt.Errorf("%s/qty: %w", path, err)
		}
		lines = append(lines, goodsLine{gnum, int64(qty), v["itemRecordNo"]})
	}
	slices.SortFunc(lines, func(a, b goodsLine) int { return int(a.gnum - b.gnum) })
	for i := 1; i < len(lines); i++ {
		if lines[i].gnum == lines[i-1].gnum {
			return nil, fmt.Errorf("two lines have the gnum %d", lines[i].gnum)
		}
	}
	return lines, nil
}

// declaredLines says of each line what the ledger must know to hold returns, and a bonded book, to it.
func (m *form) declaredLines() []types.DeclaredLine {
	lines, err := goodsLines(m.stored.Fields)
	if err != nil {
		m.fault(types.FieldInvalid, m.At, "%v", err)
		return nil
	}
	book, err := m.book()
	if errors.Is(err, fs.ErrNotExist) {
		m.wait("there is no ticket of the bonded book %q: the warehouse hands it out; looked for %s", m.doc.Get("emsNo"), m.filing.bookPath(m.doc.Get("emsNo")))
		return nil
	}
	if err != nil {
		m.refuse(types.FieldInvalid, "emsNo", "%v", err)
		return nil
	}
	declared := make([]types.DeclaredLine, len(lines))
	for i, line := range lines {
		pieces, step := types.Pieces(line.quantity)
		declared[i] = types.DeclaredLine{Anchor: types.ReturnAnchor(types.ReturnSeed(m.stored.Seed, i), pieces)}
		if book != nil {
			declared[i].Book = types.BookID(book.Warehouse + "/" + types.BookName(book.Secret, m.doc.Get("emsNo"), line.item))
			declared[i].Quantity, declared[i].Step = line.quantity, step
		}
	}
	return declared
}

// book returns the ticket of the list's bonded book, nil for a list that takes from none.
func (m *form) book() (*bookPass, error) {
	mode := m.doc.Get("tradeMode")
	if m.entry.flow != types.FlowImport || mode != "1210" && mode != "1239" {
		return nil, nil
	}
	path := m.filing.bookPath(m.doc.Get("emsNo"))
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	var b bookPass
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if b.Format != bookTicketFormat || b.EmsNo != m.doc.Get("emsNo") || b.Chain != m.stored.Chain {
		return nil, fmt.Errorf("%s is %.40q of the book %.60q on the chain %.60q, not of %q on %q", path, b.Format, b.EmsNo, b.Chain, m.doc.Get("emsNo"), m.stored.Chain)
	}
	return &b, nil
}

func (m *form) cancel() (types.Body, error) {
	return &types.Cancel{Order: m.order, Document: m.stored.Root}, nil
}

func (m *form) signFor() (types.Body, error) {
	at, err := ceb.ParseTime(m.doc.Get("logisticsTime"))
	if err != nil {
		return nil, err
	}
	return &types.SignFor{Order: m.order, Time: at, Document: m.stored.Root}, nil
}

func (m *form) returnGoods() (types.Body, error) {
	b := &types.ReturnGoods{Order: m.order, Return: m.stored.ulid(), Document: m.stored.Root}
	list, err := m.declaredList()
	if err != nil || m.State != "" {
		return nil, err
	}
	declared, err := goodsLines(list.Fields)
	if err != nil {
		return nil, fmt.Errorf("stored list %s: %w", list.ulid(), err)
	}
	back, err := goodsLines(m.stored.Fields)
	if err != nil {
		m.fault(types.FieldInvalid, m.At, "%v", err)
		return nil, nil
	}
	for _, line := range back {
		if returned := m.returnLine(list.Seed, declared, line); returned != nil {
			b.Lines = append(b.Lines, *returned)
		}
	}
	return b, nil
}

// declaredList is the stored list that the order was declared with: its seed makes the tokens.
func (m *form) declaredList() (*document, error) {
	slot := (*types.Slot)(nil)
	if m.record != nil {
		slot = m.record.Slot(types.SlotDeclaration)
	}
	if slot == nil {
		m.refuse(types.NotDeclared, "orderNo", "the ledger has no live declaration of order %s", m.order)
		return nil, nil
	}
	versions, err := m.filing.archive.read(slot.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range versions {
		if d.Root == slot.Document {
			return d, nil
		}
	}
	m.refuse(types.NotOwner, "orderNo", "%s declared order %s, and its list is not among the documents in %s: without its seed nothing comes back", slot.Member, m.order, m.filing.archive.dir)
	return nil, nil
}

// returnLine makes the token that shows that so many pieces of a line are left. What cannot be shown is a fault here: there
// is no token for it that could be sent.
func (m *form) returnLine(seed types.Secret, declared []goodsLine, line goodsLine) *types.ReturnLine {
	at := slices.IndexFunc(declared, func(d goodsLine) bool { return d.gnum == line.gnum })
	if at < 0 {
		m.code = officialNoLine
		m.fault(types.ReturnQuantity, m.At, "the list has no line with gnum %d", line.gnum)
		return nil
	}
	pieces, step := types.Pieces(declared[at].quantity)
	if line.quantity <= 0 || line.quantity%step != 0 {
		m.fault(types.ReturnQuantity, m.At, "%s of line %d: it comes back in pieces of %s", ceb.Decimal(line.quantity), line.gnum, ceb.Decimal(step))
		return nil
	}
	back, found := cameBack(types.ReturnSeed(seed, at), pieces, m.record.Clearance[0].Lines, at)
	if !found {
		m.fault(types.ReturnQuantity, m.At, "the ledger's anchor of line %d is not that of the stored list", line.gnum)
		return nil
	}
	some := uint64(line.quantity / step)
	if left := pieces - back; some > left {
		m.code = officialTooMany
		m.fault(types.ReturnQuantity, m.At, "%s of line %d, of which %s are left: a token for more cannot be made",
			ceb.Decimal(line.quantity), line.gnum, ceb.Decimal(int64(left)*step))
		return nil
	}
	return &types.ReturnLine{Line: uint64(at), Pieces: some, Token: types.ReturnToken(types.ReturnSeed(seed, at), pieces, back, some)}
}

// cameBack is how many pieces of a line came back before, by how far its anchor has advanced.
func cameBack(seed types.Secret, pieces uint64, lines []types.DeclaredLine, at int) (back uint64, found bool) {
	if at >= len(lines) {
		return 0, false
	}
	// The anchor is the seed hashed once for each piece that is left.
	hash := types.Hash(seed)
	for left := uint64(0); left <= pieces; left++ {
		if hash == lines[at].Anchor {
			return pieces - left, true
		}
		hash = types.ReturnAnchor(hash, 1)
	}
	return 0, false
}

// cutLine divides the path of a field in a line of goods, "InventoryList[0]/gnum", into the line and the field's name.
func cutLine(path string) (line, name string, found bool) {
	line, name, found = strings.Cut(path, "/")
	return line, name, found && strings.HasSuffix(line, "]")
}
