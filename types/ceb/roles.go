package ceb

import "fmt"

// roles says which fields of a document carry what the ledger needs. An empty name, or none, means that documents of
// this kind do not have it.
type roles struct {
	issued    string   // when
	issuer    string   // by whom
	number    []string // the document's own number: the first of these that is filled in
	platform  string
	amount    []string  // what is paid: the sum of these, in the currency of field currency
	merchant  string    // who sells
	person    [3]string // who buys or pays: kind of identity paper, its number, name
	consignee [3]string // name, telephone, address
	waybill   [2]string // carrier and its waybill number
}

var (
	buyer     = [3]string{"buyerIdType", "buyerIdNumber", "buyerName"}
	consignee = [3]string{"consignee", "consigneeTelephone", "consigneeAddress"}
	waybill   = [2]string{"logisticsCode", "logisticsNo"}
)

// kindRoles says what the fields of each kind mean to the ledger. An export's order and receipt name no person, and its
// waybill no order: whoever submits it says which order it is of.
var kindRoles = map[string]*roles{
	"CEB311": {
		issued: "appTime", issuer: "ebpCode", number: []string{"orderNo"}, platform: "ebpCode",
		amount: []string{"acturalPaid"}, merchant: "ebcCode", person: buyer, consignee: consignee,
	},
	"CEB411": {
		issued: "payTime", issuer: "payCode", number: []string{"payTransactionId"}, platform: "ebpCode",
		amount: []string{"amountPaid"}, person: [3]string{"payerIdType", "payerIdNumber", "payerName"},
	},
	"CEB511": {
		issued: "appTime", issuer: "logisticsCode", number: []string{"logisticsNo"},
		consignee: consignee, waybill: waybill,
	},
	"CEB513": {issued: "logisticsTime", issuer: "logisticsCode", number: []string{"logisticsNo"}, waybill: waybill},
	"CEB621": {
		issued: "appTime", issuer: "agentCode", number: []string{"copNo", "orderNo"}, platform: "ebpCode",
		merchant: "ebcCode", person: buyer, waybill: waybill,
	},
	"CEB623": {issued: "appTime", issuer: "agentCode", number: []string{"copNo", "orderNo"}, platform: "ebpCode"},
	"CEB625": {
		issued: "appTime", issuer: "agentCode", number: []string{"copNo", "orderNo"}, platform: "ebpCode",
	},
	"CEB303": {
		issued: "appTime", issuer: "ebpCode", number: []string{"orderNo"}, platform: "ebpCode",
		amount: []string{"goodsValue", "freight"}, merchant: "ebcCode",
	},
	"CEB403": {
		issued: "accountingDate", issuer: "payCode", number: []string{"payNo", "orderNo"}, platform: "ebpCode",
		amount: []string{"charge"},
	},
	"CEB505": {issued: "appTime", issuer: "logisticsCode", number: []string{"logisticsNo"}, waybill: waybill},
	"CEB603": {
		issued: "appTime", issuer: "agentCode", number: []string{"copNo"}, platform: "ebpCode",
		merchant: "ebcCode", waybill: waybill,
	},
}

// roles returns what the document's fields mean, nothing for a kind that the ledger does not record.
func (d *Document) roles() *roles {
	if r := kindRoles[d.Kind]; r != nil {
		return r
	}
	return &roles{}
}

// Issued returns the document's own time in Unix milliseconds: payTime of a payment, accountingDate of a receipt,
// logisticsTime of a waybill's status, appTime of the others. It fails for
// a document of unknown kind or without that time, which Parse does not return.
func Issued(d *Document) (int64, error) {
	name := d.roles().issued
	t, err := ParseTime(d.Get(name))
	if err != nil {
		return 0, fmt.Errorf("time of %s %s: %w", d.Kind, Number(d), err)
	}
	return t, nil
}

// Issuer returns the customs code of the company that speaks: ebpCode of an order, payCode of a payment, logisticsCode
// of a waybill, agentCode of a declaration list. Issuer, Number and Platform put text into the form described at
// MatchValues, so that a number with a space added is not another number. Parse lets a field of spaces pass, as the
// schema does, and the result is then "".
func Issuer(d *Document) string {
	return canonical(d.Get(d.roles().issuer))
}

// Number returns the issuer's number of the document: orderNo of an order, payTransactionId of a payment, logisticsNo of
// a waybill, copNo of a declaration list or, as copNo is optional, its orderNo.
func Number(d *Document) string {
	for _, name := range d.roles().number {
		if number := canonical(d.Get(name)); number != "" {
			return number
		}
	}
	return ""
}

// Platform returns the customs code of the e-commerce platform, ebpCode. A waybill does not name one: "".
func Platform(d *Document) string {
	return canonical(d.Get(d.roles().platform))
}

// Version returns what orders several reports of one document: appType (1 new, 2 change, 3 delete) and appTime in Unix
// milliseconds. Customs ignores a report older than the last one (receipt -301014). The time is 0 where there is none,
// which Parse does not return.
func Version(d *Document) (appType string, appTime int64) {
	appTime, err := ParseTime(d.Get("appTime"))
	if err != nil {
		appTime = 0
	}
	return d.Get("appType"), appTime
}
