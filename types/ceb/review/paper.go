package review

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/caryaledger/carya/types/ceb"
)

// role is what a document does for an order.
type role uint8

// The first four are the documents of a group.
const (
	order role = iota
	payment
	waybill
	list
	other
	status
	cancel
	refund
	tally
	receipt
)

// Words of Finding.Party.
const (
	Platform  = "platform"
	Payer     = "payment"
	Carrier   = "logistics"
	Declarant = "declarant"
	Warehouse = "warehouse"
	Customs   = "customs"
)

// kind is what a message number means.
type kind struct {
	number string
	role   role
	export bool
	party  string // who sends it
	head   string // element that holds the head
}

var kinds = []kind{
	{"CEB311", order, false, Platform, "OrderHead"},
	{"CEB411", payment, false, Payer, "PaymentHead"},
	{"CEB511", waybill, false, Carrier, "LogisticsHead"},
	{"CEB621", list, false, Declarant, "InventoryHead"},
	{"CEB513", status, false, Carrier, "LogisticsStatus"},
	{"CEB623", cancel, false, Declarant, "InvtCancel"},
	{"CEB625", refund, false, Declarant, "InvtRefundHead"},
	{"CEB711", tally, false, Warehouse, "DeliveryHead"},
	{"CEB622", receipt, false, Customs, "InventoryReturn"},
	{"CEB303", order, true, Platform, "OrderHead"},
	{"CEB403", payment, true, Payer, "Receipts"},
	{"CEB505", waybill, true, Carrier, "Logistics"},
	{"CEB603", list, true, Declarant, "InventoryHead"},
	{"CEB605", cancel, true, Declarant, "InvtCancel"},
	{"CEB213", refund, true, Declarant, "InvtRefundHead"},
	{"CEB604", receipt, true, Customs, "InventoryReturn"},
	{"CEB215", other, true, Warehouse, "InvtRefundDetail"},
	{"CEB507", other, true, Warehouse, "ArrivalHead"},
	{"CEB509", other, true, Carrier, "DepartureHead"},
	{"CEB607", other, true, Declarant, "WayBillHead"},
	{"CEB701", other, true, Declarant, "SummaryApplyHead"},
}

// kindOf returns the meaning of a message number. Those not in the table are answers of customs.
func kindOf(number string) *kind {
	for i := range kinds {
		if kinds[i].number == number {
			return &kinds[i]
		}
	}
	return &kind{number: number, role: other, party: Customs}
}

// paper is one document under review.
type paper struct {
	*kind
	doc     *ceb.Document
	file    string
	schema  []Finding // faults of its form
	refused []string  // paths of the fields that the schema refuses; their values are not compared
	number  string    // order number as the paper says it, also one that the schema refuses
	when    int64     // time of report in Unix milliseconds, 0 when it does not say

	// What one judgement finds out.
	blamed []string // fields that have a finding; see blame
	group  *group
	first  *paper // the version of the document that was reported first
	reused bool   // its number belongs to another order
}

func newPaper(file string, d *ceb.Document) *paper {
	p := &paper{kind: kindOf(d.Kind), doc: d, file: file, number: clean(d.Get("orderNo"))}
	p.when, _ = p.time("appTime")
	if answered := p.get("returnTime"); p.when == 0 && len(answered) == 17 { // with milliseconds, which are left out
		p.when, _ = ceb.ParseTime(answered[:14])
	}
	return p
}

// get returns a head field in the form in which two documents agree.
func (p *paper) get(name string) string {
	return clean(p.doc.Get(name))
}

// in returns a field of a line.
func (p *paper) in(line int, name string) string {
	for _, field := range p.doc.Lines[line] {
		if local(field.Path) == name {
			return clean(field.Value)
		}
	}
	return ""
}

// lacks reports whether a head field is absent or blank, and not only unreadable.
func (p *paper) lacks(name string) bool {
	return p.get(name) == "" && !slices.Contains(p.refused, p.path(name))
}

// path returns the path of a head field, also of an absent one.
func (p *paper) path(name string) string {
	if len(p.doc.Head) == 0 {
		return join(p.head, name)
	}
	first := p.doc.Head[0].Path
	return first[:strings.LastIndexByte(first, '/')+1] + name
}

// pathIn returns the path of a field of a line.
func (p *paper) pathIn(line int, name string) string {
	if len(p.doc.Lines[line]) == 0 {
		return join("["+strconv.Itoa(line)+"]", name)
	}
	first := p.doc.Lines[line][0].Path
	return first[:strings.LastIndexByte(first, '/')+1] + name
}

func (p *paper) amount(name string) (ceb.Decimal, bool) {
	d, err := ceb.ParseDecimal(p.get(name))
	return d, err == nil
}

func (p *paper) amountIn(line int, name string) (ceb.Decimal, bool) {
	d, err := ceb.ParseDecimal(p.in(line, name))
	return d, err == nil
}

// time reads a C14 time into Unix milliseconds.
func (p *paper) time(name string) (int64, bool) {
	t, err := ceb.ParseTime(p.get(name))
	return t, err == nil
}

// blame remembers that a field has a finding, so that what follows from it is not reported too.
func (p *paper) blame(path string) {
	p.blamed = append(p.blamed, path)
}

func (p *paper) isBlamed(path string) bool {
	return slices.Contains(p.blamed, path)
}

// company returns the customs code and the name of a party as this paper tells them.
func (p *paper) company(party string) string {
	code, name := "", ""
	switch party {
	case Platform:
		code, name = p.get("ebpCode"), p.get("ebpName")
	case Payer:
		code, name = p.get("payCode"), p.get("payName")
	case Carrier:
		code, name = p.get("logisticsCode"), p.get("logisticsName")
	case Declarant:
		code, name = p.get("agentCode"), p.get("agentName")
	case Warehouse:
		code, name = p.get("operatorCode"), p.get("operatorName")
	}
	return strings.TrimSpace(code + " " + name)
}

// declared reports whether the paper was sent to be declared (appStatus 2) rather than staged.
func (p *paper) declared() bool {
	return p.get("appStatus") == "2"
}

// gnum reads the number of a line, which may be written "01".
func (p *paper) gnum(line int) (int, bool) {
	n, err := strconv.Atoi(p.in(line, "gnum"))
	return n, err == nil
}

// before orders papers by time of report, then by content, so that the order of files and documents has no influence.
func before(p, q *paper) int {
	if c := cmp.Compare(p.when, q.when); c != 0 {
		return c
	}
	if c := strings.Compare(p.get("appType"), q.get("appType")); c != 0 {
		return c
	}
	return cmp.Or(compareDocuments(p.doc, q.doc), strings.Compare(p.file, q.file))
}

func compareDocuments(a, b *ceb.Document) int {
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	if c := slices.CompareFunc(a.Head, b.Head, compareFields); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Lines, b.Lines, func(x, y []ceb.Field) int { return slices.CompareFunc(x, y, compareFields) })
}

func compareFields(a, b ceb.Field) int {
	if c := strings.Compare(a.Path, b.Path); c != 0 {
		return c
	}
	return strings.Compare(a.Value, b.Value)
}

// clean is the form of text in which two documents agree: Unicode normal form NFC, one space for each run of white
// space, none at the ends.
func clean(text string) string {
	if simple(text) {
		return text
	}
	return strings.Join(strings.Fields(norm.NFC.String(text)), " ")
}

// simple reports whether clean would change nothing: printable ASCII without spaces.
func simple(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// local returns the last step of a path.
func local(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}
