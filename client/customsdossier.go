package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/review"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// alarm is one reason to look at an order.
type alarm struct {
	Flag     string `json:"flag"`               // COMMITMENT, TAX, …, or a word of package review
	Weight   string `json:"weight"`             // grave, fault or risk
	Slot     string `json:"slot,omitempty"`     // document that it is about
	Rule     string `json:"rule,omitempty"`     // of the domain reference
	Official int    `json:"official,omitempty"` // official code
	Text     string `json:"text"`
}

// The weights of flags.
const (
	weightGrave = "grave" // what customs was told is not what the ledger holds: never released by itself
	weightFault = "fault" // a rule is broken, or cannot be checked
	weightRisk  = "risk"  // worth a look
)

// The flags beside the words of package review.
const (
	flagCommitment = "COMMITMENT"         // a payload does not open what the ledger holds
	flagUnopened   = "UNOPENED"           // there is no payload: nothing is checked
	flagSignature  = "SIGNATURE"          // the payload is not signed
	flagTax        = "TAX"                // not what the rates give (R10)
	flagRate       = "RATE_UNKNOWN"       // the ledger has no rate for the goods
	flagBarred     = "BARRED"             // not on the positive list (M7)
	flagReused     = "CONSIGNEE_REUSED"   // one consignee, many buyers
	flagBuyer      = "BUYER_MANY"         // one buyer, many orders
	flagUnderLimit = "UNDER_LIMIT"        // just below the limit of one transaction
	flagWeight     = "WEIGHT_IMPLAUSIBLE" // for the number of pieces
	flagFast       = "TOO_FAST"           // order, payment and waybill within seconds
	flagWaybill    = "WAYBILL_DECLARED"   // the number was declared before
	flagPayment    = "PAYMENT_SEEN"       // the number was used for another order
)

// When the flags are raised.
const (
	manyBuyers = 5                    // of one consignee's telephone or address
	manyOrders = 10                   // of one buyer
	manyWithin = 30 * 24 * time.Hour  // both
	fastest    = 10 * time.Second     // from order to waybill
	waybillAge = 183 * 24 * time.Hour // how long a waybill's number may not be used again
	lightest   = one / 1000           // kilograms a piece: 1 g
	heaviest   = 50 * one             // kilograms a piece
	underLimit = types.Million / 50   // 2 % below the limit of one transaction
)

// dossier is an order with everything that customs knows about it.
type dossier struct {
	id     types.OrderID
	record *types.Order
	papers map[string]*paper // by kind of slot; those that open their commitments
	after  []*paper          // open requests to cancel the declaration and to return goods, those that open theirs
	limits types.LimitsVersion
	figure *taxFigure // of an import whose order and list are opened
	flags  []alarm
}

func (d *dossier) raise(name, weight, slot, rule, format string, args ...any) {
	d.flags = append(d.flags, alarm{Flag: name, Weight: weight, Slot: slot, Rule: rule, Text: fmt.Sprintf(format, args...)})
}

// heaviestFlag is the weight that counts, "" for an order without flags.
func (d *dossier) heaviestFlag() string {
	for _, weight := range []string{weightGrave, weightFault, weightRisk} {
		if slices.ContainsFunc(d.flags, func(f alarm) bool { return f.Weight == weight }) {
			return weight
		}
	}
	return ""
}

// examiner checks orders against what was delivered about them.
type examiner struct {
	room   *archiveRoom
	rates  *rates
	limits *types.Limits
	trust  *xmldsig.Trust // nil: signatures are not looked at
	now    int64          // Unix ms
}

// examine opens what was delivered about an order and checks it.
func (x *examiner) examine(ctx context.Context, id types.OrderID, o *types.Order) (*dossier, error) {
	d := &dossier{id: id, record: o, papers: map[string]*paper{}}
	if slot := o.Slot(types.SlotOrder); slot != nil {
		d.limits = x.limits.At(slot.Time)
	}
	for i := range o.Slots {
		if err := x.open(ctx, d, &o.Slots[i]); err != nil {
			return nil, err
		}
	}
	if err := x.openRequests(ctx, d); err != nil {
		return nil, err
	}
	d.checkTags()
	d.checkLines()
	x.review(d)
	if o.Flow == types.FlowImport {
		if err := x.tax(ctx, d); err != nil {
			return nil, err
		}
		d.checkAmounts()
		if err := x.recognise(ctx, d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// deliveredUnder is the key of the record that a slot's document was delivered under.
func deliveredUnder(id types.OrderID, s *types.Slot) string {
	if s.Kind == types.SlotOrder {
		return types.PrefixOrder + "/" + string(id)
	}
	return s.Kind + "/" + s.Member + "/" + s.ID // the families are called as the slots
}

// open finds the payload of a slot and looks at its signature.
func (x *examiner) open(ctx context.Context, d *dossier, s *types.Slot) error {
	p, lie, err := x.room.find(ctx, deliveredUnder(d.id, s), s.Member, s.Document, s.Seq)
	switch {
	case err != nil:
		return err
	case lie:
		d.raise(flagCommitment, weightGrave, s.Kind, "R7", "what %s delivered does not give the document root %s that it committed to", s.Member, s.Document)
		return nil
	case p == nil:
		d.raise(flagUnopened, weightFault, s.Kind, "", "%s has not delivered the version of %s, so that nothing of it is checked", s.Member, moment(s.Seq))
		return nil
	}
	d.papers[s.Kind] = p
	x.signature(d, s, p)
	return nil
}

// What is delivered about an order beside its slots.
const (
	slotCancel = "cancel"
	slotReturn = "return"
)

// openRequests finds the payloads of the requests that wait for a word.
func (x *examiner) openRequests(ctx context.Context, d *dossier) error {
	if len(d.record.Clearance) == 0 {
		return nil
	}
	if list := d.record.Slot(types.SlotDeclaration); list != nil && !d.record.Clearance[0].Cancel.IsZero() {
		if _, err := x.openRequest(ctx, d, slotCancel, list.Member, d.record.Clearance[0].Cancel); err != nil {
			return err
		}
	}
	for i := range d.record.Returns {
		r := &d.record.Returns[i]
		if r.Status != 0 && r.Status != types.StatusAudit {
			continue
		}
		p, err := x.openRequest(ctx, d, slotReturn, r.Member, r.Document)
		if err != nil {
			return err
		}
		if list := d.papers[types.SlotDeclaration]; p != nil && list != nil && !returnsAre(r, list.doc, p.doc) {
			d.raise(flagCommitment, weightGrave, slotReturn, "R2", "the pieces on the ledger are not the quantities of the return's message")
		}
	}
	return nil
}

// openRequest finds the payload of one request: it was delivered under the order's record.
func (x *examiner) openRequest(ctx context.Context, d *dossier, what, member string, root types.Hash) (*paper, error) {
	const anyVersion = -1 // the ledger does not say which it is
	p, _, err := x.room.find(ctx, types.PrefixOrder+"/"+string(d.id), member, root, anyVersion)
	if err != nil {
		return nil, err
	}
	if p == nil {
		d.raise(flagUnopened, weightFault, what, "", "%s has not delivered its request", member)
		return nil, nil
	}
	d.after = append(d.after, p)
	return p, nil
}

// returnsAre reports whether a return's pieces on the ledger are the quantities of its message (CEB625).
func returnsAre(r *types.OrderReturn, list, refund *ceb.Document) bool {
	lines := linesByNumber(list)
	back := map[string]string{} // quantity by gnum
	for _, l := range refund.Lines {
		back[valueIn(l, "gnum")] = valueIn(l, "qty")
	}
	for _, l := range r.Lines {
		if l.Line >= uint64(len(lines)) {
			return false
		}
		declared, err := ceb.ParseDecimal(valueIn(lines[l.Line], "qty"))
		said, err2 := ceb.ParseDecimal(back[valueIn(lines[l.Line], "gnum")])
		_, step := types.Pieces(int64(declared))
		if errors.Join(err, err2) != nil || int64(said) != step*int64(l.Pieces) {
			return false
		}
	}
	return len(r.Lines) == len(refund.Lines)
}

// signature judges the XML signature of a payload (M12): one that is wrong is as grave as a wrong root.
func (x *examiner) signature(d *dossier, s *types.Slot, p *paper) {
	if x.trust == nil {
		return
	}
	found, err := xmldsig.Verify(p.opened.delivery.Message)
	if err == nil {
		err = x.trust.Check(found, p.opened.message.Transfer.CopCode, time.UnixMilli(s.Seq))
	}
	switch {
	case err == nil:
	case p.opened.message.SignatureMethod == "":
		d.raise(flagSignature, weightFault, s.Kind, "M12", "the message of %s is not signed", s.Member)
	default:
		d.raise(flagCommitment, weightGrave, s.Kind, "M12", "the signature of %s does not hold: %v", s.Member, err)
	}
}

// checkTags recomputes the match tags, locks and keys that the ledger compared.
func (d *dossier) checkTags() {
	number := ""
	if p := d.papers[types.SlotOrder]; p != nil {
		number = matchValue(p.doc, ceb.TagNumber)
	}
	for i := range d.record.Slots {
		s := &d.record.Slots[i]
		p := d.papers[s.Kind]
		if p == nil {
			continue
		}
		// An export's waybill names no order.
		if wrong := wrongTags(s, p, first(matchValue(p.doc, ceb.TagNumber), number)); len(wrong) > 0 {
			d.raise(flagCommitment, weightGrave, s.Kind, "R7", "what %s delivered does not give its tags %s", s.Member, strings.Join(wrong, ", "))
		}
	}
}

func matchValue(d *ceb.Document, name string) string {
	for _, v := range ceb.MatchValues(d) {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// wrongTags names the tags of a slot that its payload does not give. number is the order's.
func wrongTags(s *types.Slot, p *paper, number string) []string {
	made := matchTags(p.doc, p.MatchKey)
	if s.Kind == types.SlotOrder {
		for _, slot := range []string{types.SlotPayment, types.SlotWaybill, types.SlotDeclaration} {
			made[slot] = types.NumberLock(types.NumberTag(p.MatchKey, slot, number))
		}
	} else {
		made[types.TagNumber] = types.NumberTag(p.MatchKey, s.Kind, number)
	}
	var wrong []string
	for _, tag := range s.Tags {
		if tag.Name != types.TagOriginal && !tag.Value.IsZero() && tag.Value != made[tag.Name] {
			wrong = append(wrong, tag.Name)
		}
	}
	return wrong
}

// linesByNumber returns a document's lines in ascending order of gnum: that of Declare.Lines.
func linesByNumber(d *ceb.Document) [][]ceb.Field {
	lines := slices.Clone(d.Lines)
	slices.SortStableFunc(lines, func(a, b []ceb.Field) int {
		m, _ := strconv.Atoi(valueIn(a, "gnum"))
		n, _ := strconv.Atoi(valueIn(b, "gnum"))
		return cmp.Compare(m, n)
	})
	return lines
}

// checkLines holds what the ledger knows of the list's lines against the list: the anchors that bound returns, and what
// was taken from bonded books.
func (d *dossier) checkLines() {
	p := d.papers[types.SlotDeclaration]
	if p == nil || len(d.record.Clearance) == 0 {
		return
	}
	lines, declared := linesByNumber(p.doc), d.record.Clearance[0].Lines
	if len(lines) != len(declared) {
		d.raise(flagCommitment, weightGrave, types.SlotDeclaration, "R2", "the list has %d lines, %d were declared", len(lines), len(declared))
		return
	}
	for i := range declared {
		if what := d.wrongLine(&declared[i], lines[i], i, p.Seed); what != "" {
			d.raise(flagCommitment, weightGrave, types.SlotDeclaration, "R2", "line %s: %s", valueIn(lines[i], "gnum"), what)
		}
	}
}

// wrongLine says what the ledger holds of a line that the list does not give, "" for nothing.
func (d *dossier) wrongLine(l *types.DeclaredLine, fields []ceb.Field, i int, seed types.Secret) string {
	quantity, err := ceb.ParseDecimal(valueIn(fields, "qty"))
	if err != nil || quantity <= 0 {
		return "its quantity is no number"
	}
	pieces, step := types.Pieces(int64(quantity))
	away, arrived := d.returned(i)
	if away > pieces || l.Anchor != types.ReturnToken(types.ReturnSeed(seed, i), pieces, away, 0) {
		return fmt.Sprintf("its return anchor is not that of %s", count(int(pieces), "piece"))
	}
	if l.Book != "" && (l.Step != step || l.Quantity != int64(quantity)-int64(arrived)*step) {
		return fmt.Sprintf("%s was taken from the book %s, the list says %s", ceb.Decimal(l.Quantity), l.Book, quantity)
	}
	return ""
}

// returned counts the pieces of a line that returns took: those not refused, and of them those that arrived.
func (d *dossier) returned(line int) (away, arrived uint64) {
	for _, r := range d.record.Returns {
		for _, l := range r.Lines {
			if l.Line != uint64(line) || r.Status == types.StatusReject {
				continue
			}
			away += l.Pieces
			if r.Restored {
				arrived += l.Pieces
			}
		}
	}
	return away, arrived
}

// review applies the rules for customs messages to the payloads. Rates are the ledger's, and judged by tax.
func (x *examiner) review(d *dossier) {
	if len(d.papers)+len(d.after) == 0 {
		return
	}
	r := review.New(review.Options{
		Now: time.UnixMilli(x.now), Single: ceb.Decimal(d.limits.Single), Annual: ceb.Decimal(d.limits.Annual),
		Alone: true, // what is missing is flagged as such
	})
	add := func(name string, p *paper) {
		if p != nil {
			m := *p.opened.message
			m.Documents = []ceb.Document{*p.doc}
			r.AddMessage(name, &m)
		}
	}
	for _, s := range d.record.Slots {
		add(s.Kind, d.papers[s.Kind])
	}
	for _, p := range d.after {
		add(requestOf(p.doc.Kind), p)
	}
	for _, f := range r.Findings() {
		weight := map[string]string{review.Fault: weightFault, review.Warning: weightRisk}[f.Severity]
		if weight == "" || f.Fault == flagSignature { // see signature
			continue
		}
		d.flags = append(d.flags, alarm{Flag: f.Fault, Weight: weight, Slot: f.File, Rule: f.Rule, Official: f.Official, Text: f.English})
	}
}

// requestOf is what a message asks for.
func requestOf(kind string) string {
	if kind == "CEB623" || kind == "CEB605" {
		return slotCancel
	}
	return slotReturn
}

// tax compares the tax that the order states with the ledger's rates, at the order's time (R10).
func (x *examiner) tax(ctx context.Context, d *dossier) error {
	order, list := d.papers[types.SlotOrder], d.papers[types.SlotDeclaration]
	if order == nil || list == nil {
		return nil
	}
	a, err := x.rates.assess(ctx, order.doc, list.doc, d.limits, d.record.Slot(types.SlotOrder).Time)
	if err != nil || a == nil { // review says which amount cannot be read
		return err
	}
	if len(a.barred) > 0 {
		d.raise(flagBarred, weightFault, types.SlotDeclaration, "M7", "goods of %s may not be imported in retail", strings.Join(a.barred, ", "))
	}
	if len(a.unknown) > 0 {
		d.raise(flagRate, weightRisk, types.SlotDeclaration, "R10", "the ledger has no rate for %s; `carya tariff set` says one", strings.Join(a.unknown, ", "))
		return nil
	}
	d.figure = &a.figure
	if d.figure.off(ceb.Decimal(d.limits.Tolerance)) {
		should := d.figure.Least.String()
		if d.figure.Most != d.figure.Least {
			should += ", or with freight and insurance " + d.figure.Most.String()
		}
		d.raise(flagTax, weightFault, types.SlotOrder, "R10", "taxTotal is %s yuan, by the rates of %s it is %s", d.figure.Stated, moment(d.record.Slot(types.SlotOrder).Time), should)
	}
	return nil
}

// checkAmounts raises what is possible and unlikely.
func (d *dossier) checkAmounts() {
	if p := d.papers[types.SlotOrder]; p != nil {
		goods, ok := goodsTotal(p.doc)
		single := ceb.Decimal(d.limits.Single)
		if ok && goods <= single && goods >= single-single/types.Million*underLimit {
			d.raise(flagUnderLimit, weightRisk, types.SlotOrder, "M8", "%s yuan is just below the limit of %s", goods, single)
		}
	}
	if p := d.papers[types.SlotDeclaration]; p != nil {
		d.checkWeight(p.doc)
	}
	order, waybill := d.record.Slot(types.SlotOrder), d.record.Slot(types.SlotWaybill)
	if order != nil && waybill != nil && waybill.Time-order.Time < fastest.Milliseconds() {
		d.raise(flagFast, weightRisk, types.SlotWaybill, "R7", "the waybill was made %.1f s after the order", float64(waybill.Time-order.Time)/1000)
	}
}

// checkWeight looks at the net weight of a piece.
func (d *dossier) checkWeight(list *ceb.Document) {
	var pieces ceb.Decimal
	for _, l := range list.Lines {
		quantity, err := ceb.ParseDecimal(valueIn(l, "qty"))
		if err != nil || quantity <= 0 {
			return
		}
		pieces += quantity
	}
	net := amountOf(list, "netWeight")
	if pieces <= 0 || net <= 0 {
		return
	}
	each := ceb.Decimal(halfUp(product(uint64(net), uint64(one)), product(uint64(pieces))).Int64())
	if each < lightest || each > heaviest {
		d.raise(flagWeight, weightRisk, types.SlotDeclaration, "R7", "a piece weighs %s kg: %s kg net for %s", each, net, pieces)
	}
}

// recognise looks for what was seen at other orders.
func (x *examiner) recognise(ctx context.Context, d *dossier) error {
	file := x.room.file
	var err error
	look := func(what string, mark types.Hash, from int64) (s sightings) {
		if err == nil {
			s, err = file.elsewhere(ctx, what, mark, d.id, from, x.now+skewAllowed.Milliseconds())
		}
		return s
	}
	if p := d.papers[types.SlotOrder]; p != nil {
		since := d.record.Slot(types.SlotOrder).Time - manyWithin.Milliseconds()
		if s := look(seenPhone, file.sighting(seenPhone, onlyDigits(p.doc.Get("consigneeTelephone"))), since); s.persons >= manyBuyers {
			d.raise(flagReused, weightRisk, types.SlotOrder, "R9", "the consignee's telephone stands in orders of %d buyers within 30 days", s.persons)
		}
		if s := look(seenAddress, file.sighting(seenAddress, squeezed(p.doc.Get("consigneeAddress"))), since); s.persons >= manyBuyers {
			d.raise(flagReused, weightRisk, types.SlotOrder, "R9", "the consignee's address stands in orders of %d buyers within 30 days", s.persons)
		}
		if s := look(seenBuyer, file.person(p.doc.Get("buyerIdType"), p.doc.Get("buyerIdNumber")), since); s.orders+1 >= manyOrders {
			d.raise(flagBuyer, weightRisk, types.SlotOrder, "R9", "the buyer has %d orders within 30 days", s.orders+1)
		}
	}
	if p := d.papers[types.SlotPayment]; p != nil {
		if s := look(seenPayment, file.sighting(seenPayment, p.doc.Get("payCode"), ceb.Number(p.doc)), 0); s.orders > 0 {
			d.raise(flagPayment, weightFault, types.SlotPayment, "R8", "the payment's number was delivered for %s besides", count(s.orders, "order"))
		}
	}
	if p := d.papers[types.SlotDeclaration]; p != nil {
		since := x.now - waybillAge.Milliseconds()
		if s := look(seenWaybill, file.sighting(seenWaybill, p.doc.Get("logisticsCode"), squeezed(p.doc.Get("logisticsNo"))), since); s.orders > 0 {
			d.raise(flagWaybill, weightFault, types.SlotDeclaration, "R8", "the waybill's number was declared for %s besides within six months", count(s.orders, "order"))
		}
	}
	return err
}

// skewAllowed is how far another's clock may run ahead.
const skewAllowed = 10 * time.Minute

// onlyDigits is a telephone number as it is recognised: its last eleven digits, as Chinese mobile numbers have.
func onlyDigits(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	return digits[max(0, len(digits)-11):]
}

// squeezed is a text as it is recognised: without spaces and punctuation, in Unicode form NFKC, so that full-width digits
// are digits.
func squeezed(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsControl(r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, norm.NFKC.String(text))
}

// tidyIdentity is the number of an identity paper without the ways in which it can be written.
func tidyIdentity(number string) string { return squeezed(number) }
