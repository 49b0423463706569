package ceb

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Names of match tags.
const (
	TagNumber    = "number"    // order number: all but an export's waybill
	TagAmount    = "amount"    // amount and currency: order, payment
	TagMerchant  = "merchant"  // customs code of the seller: order, declaration list
	TagGoods     = "goods"     // what was bought: order, declaration list
	TagPayer     = "payer"     // identity of the buyer: order, payment, declaration list
	TagConsignee = "consignee" // name, telephone and address: order, waybill
	TagWaybill   = "waybill"   // carrier and waybill number: waybill, declaration list
)

// separator stands between the fields of a value. It is U+001F, which XML 1.0 does not allow in a document and which
// canonical turns into a space elsewhere, so that no two lists of fields give one value.
const separator = "\x1f"

// MatchValue is a value whose match tag consensus compares across the documents of one order.
type MatchValue struct {
	Name, Value string
}

// MatchValues returns what the ledger compares across documents, in the order of the names above. The values are
// normative: every member must compute them byte for byte.
//
//	number     orderNo
//	amount     acturalPaid, amountPaid, charge, or goodsValue + freight of an export order, as Decimal.String writes it,
//	           a space, currency: "19050 142"
//	merchant   ebcCode
//	goods      gnum, qty and totalPrice of each line, as numbers without zeros at the ends, in ascending order of gnum
//	payer      buyerIdType, buyerIdNumber, buyerName, or the same three of the payer
//	consignee  consignee, consigneeTelephone, consigneeAddress
//	waybill    logisticsCode, logisticsNo
//
// Each field of text is put into Unicode normal form NFC, every run of white space (the Unicode property White_Space)
// and ASCII control characters becomes one space, and none is left at the ends. In identity numbers x becomes X.
// Several fields are joined by U+001F.
//
// A value of which any field is empty is left out: half an identity must not match another half.
func MatchValues(d *Document) []MatchValue {
	r := d.roles()
	candidates := []MatchValue{
		{TagNumber, d.joined("orderNo")},
		{TagAmount, d.amount(r.amount)},
		{TagMerchant, d.joined(r.merchant)},
		{TagGoods, d.goods()},
		{TagPayer, d.payer(r.person)},
		{TagConsignee, d.joined(r.consignee[:]...)},
		{TagWaybill, d.joined(r.waybill[:]...)},
	}
	return slices.DeleteFunc(candidates, func(v MatchValue) bool { return v.Value == "" })
}

// joined returns the canonical fields of those names, "" when any is empty.
func (d *Document) joined(names ...string) string {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = canonical(d.Get(name))
	}
	return separated(values)
}

func (d *Document) payer(names [3]string) string {
	kind, number, name := d.Get(names[0]), d.Get(names[1]), d.Get(names[2])
	// The check character of an identity number is written x and X alike.
	return separated([]string{canonical(kind), strings.ReplaceAll(canonical(number), "x", "X"), canonical(name)})
}

func (d *Document) amount(names []string) string {
	var total Decimal
	for _, name := range names {
		amount, err := ParseDecimal(d.Get(name))
		sum, fits := total.plus(amount)
		if err != nil || !fits {
			return ""
		}
		total = sum
	}
	currency := canonical(d.Get("currency"))
	if len(names) == 0 || currency == "" {
		return ""
	}
	return total.String() + " " + currency
}

// goods is what an order and its declaration list must say alike of every line. Names and models may differ: a list's are
// those that customs prescribes.
func (d *Document) goods() string {
	if d.roles().merchant == "" {
		return ""
	}
	type line struct {
		gnum int
		text string
	}
	lines := make([]line, len(d.Lines))
	for i, fields := range d.Lines {
		gnum, err := strconv.Atoi(get(fields, "gnum"))
		qty, qtyErr := ParseDecimal(get(fields, "qty"))
		total, totalErr := ParseDecimal(get(fields, "totalPrice"))
		if err != nil || qtyErr != nil || totalErr != nil {
			return ""
		}
		lines[i] = line{gnum, strconv.Itoa(gnum) + separator + qty.String() + separator + total.String()}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.gnum, b.gnum) })
	texts := make([]string, len(lines))
	for i := range lines {
		texts[i] = lines[i].text
	}
	return strings.Join(texts, separator)
}

func separated(values []string) string {
	if slices.Contains(values, "") {
		return ""
	}
	return strings.Join(values, separator)
}

// canonical is the form of text in which two documents agree.
func canonical(text string) string {
	spaced := strings.Map(controlToSpace, norm.NFC.String(text))
	return strings.Join(strings.Fields(spaced), " ")
}

func controlToSpace(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}
