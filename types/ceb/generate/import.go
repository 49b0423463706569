package generate

import (
	"strconv"

	"github.com/caryaledger/carya/types/ceb"
)

// set writes the documents of a plan.
func (p *plan) set() *Set {
	s := &Set{Import: p.imported, Number: p.orderNo, Platform: p.platform.Code}
	if p.imported {
		s.Order, s.Payment, s.Waybill, s.List = p.order(), p.payment(), p.waybill(), p.list()
	} else {
		s.Order, s.Payment, s.Waybill, s.List = p.exportOrder(), p.receipt(), p.exportWaybill(), p.exportList()
	}
	return s
}

func (p *plan) order() ceb.Document {
	var payCode, payName, transaction string
	if p.saysPayment {
		payCode, payName, transaction = p.payer.Code, p.payer.Name, p.transaction
	}
	return ceb.Document{Kind: "CEB311", Head: fields("OrderHead",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.ordered), "appStatus", "2",
		"orderType", "I",
		"orderNo", p.orderNo,
		"ebpCode", p.platform.Code, "ebpName", p.platform.Name,
		"ebcCode", p.merchant.Code, "ebcName", p.merchant.Name,
		"goodsValue", money(p.goods()),
		"freight", money(p.freight),
		"discount", money(p.discount),
		"taxTotal", money(p.tax),
		"acturalPaid", money(p.paidAmount()),
		"currency", p.currency,
		"buyerRegNo", "U"+digits(uint64(p.buyer.number), 10),
		"buyerName", p.buyer.name, "buyerTelephone", p.buyer.telephone,
		"buyerIdType", "1", "buyerIdNumber", p.buyer.identity,
		"payCode", payCode, "payName", payName, "payTransactionId", transaction,
		"batchNumbers", p.maybe("PC"+date(p.ordered)),
		"consignee", p.consignee.name,
		"consigneeTelephone", p.consignee.telephone,
		"consigneeAddress", p.consignee.address,
		"consigneeDistrict", p.maybe(p.consignee.district.code),
		"note", p.note(),
	), Lines: lined("OrderList", p.lines, func(l line) []string {
		return []string{
			"itemNo", p.maybe(l.sku), "itemName", l.name, "gmodel", l.model, "itemDescribe", p.maybe(l.name + " " + l.model),
			"barCode", p.maybe(l.ean()), "unit", l.unit,
			"qty", strconv.FormatInt(l.quantity, 10), "price", money(l.price), "totalPrice", money(l.total()),
			"currency", p.currency, "country", l.country,
		}
	})}
}

// note explains a coupon.
func (p *plan) note() string {
	if p.discount == 0 {
		return ""
	}
	return "优惠券抵扣" + money(p.discount) + "元"
}

func (p *plan) payment() ceb.Document {
	return ceb.Document{Kind: "CEB411", Head: fields("PaymentHead",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.reported), "appStatus", "2",
		"payCode", p.payer.Code, "payName", p.payer.Name,
		"payTransactionId", p.transaction,
		"orderNo", p.orderNo,
		"ebpCode", p.platform.Code, "ebpName", p.platform.Name,
		"payerIdType", "1", "payerIdNumber", p.buyer.identity, "payerName", p.buyer.name,
		"telephone", p.maybe(p.buyer.telephone),
		"amountPaid", money(p.paidAmount()),
		"currency", p.currency,
		"payTime", clock(p.paid),
	)}
}

func (p *plan) waybill() ceb.Document {
	return ceb.Document{Kind: "CEB511", Head: fields("LogisticsHead",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.shipped), "appStatus", "2",
		"logisticsCode", p.carrier.Code, "logisticsName", p.carrier.Name,
		"logisticsNo", p.parcel,
		"billNo", p.direct(p.bill()),
		"orderNo", p.orderNo,
		"freight", money(p.freight),
		"insuredFee", "0",
		"currency", p.currency,
		"weight", weight(p.gross()),
		"packNo", "1",
		"goodsInfo", p.maybe(p.lines[0].name),
		"consignee", p.consignee.name,
		"consigneeAddress", p.consignee.address,
		"consigneeTelephone", p.consignee.telephone,
	)}
}

func (p *plan) list() ceb.Document {
	departure, traffic := p.lines[0].country, "5" // by air
	if p.bonded {
		departure, traffic = chinaCode, "Y" // out of a bonded port area
	}
	return ceb.Document{Kind: "CEB621", Head: fields("InventoryHead",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.listed), "appStatus", "2",
		"orderNo", p.orderNo,
		"ebpCode", p.platform.Code, "ebpName", p.platform.Name,
		"ebcCode", p.merchant.Code, "ebcName", p.merchant.Name,
		"logisticsNo", p.parcel, "logisticsCode", p.carrier.Code, "logisticsName", p.carrier.Name,
		"copNo", p.copNo,
		"assureCode", p.merchant.Code,
		"emsNo", p.inBond(p.book()),
		"ieFlag", "I",
		"declTime", date(p.listed),
		"customsCode", p.customs, "portCode", p.customs,
		"ieDate", p.direct(p.maybe(date(p.listed))),
		"buyerIdType", "1", "buyerIdNumber", p.buyer.identity,
		"buyerName", p.buyer.name, "buyerTelephone", p.buyer.telephone,
		"consigneeAddress", p.consignee.address,
		"agentCode", p.declarant.Code, "agentName", p.declarant.Name,
		"areaCode", p.inBond(p.warehouse.Code), "areaName", p.inBond(p.warehouse.Name),
		"tradeMode", p.mode(), "trafMode", traffic,
		"trafNo", p.direct("CY3301"), "voyageNo", p.direct(p.voyage()), "billNo", p.direct(p.bill()),
		"country", departure,
		"freight", money(p.freight), "insuredFee", "0", "currency", p.currency,
		"wrapType", p.maybe("2"), // cartons
		"packNo", "1",
		"grossWeight", weight(p.gross()), "netWeight", weight(p.net()),
	), Lines: lined("InventoryList", p.lines, p.listLine)}
}

func (p *plan) listLine(l line) []string {
	return []string{
		"itemRecordNo", p.inBond(l.record()), "itemNo", p.maybe(l.sku), "itemName", p.maybe(l.name),
		"gcode", l.code, "gname", l.name, "gmodel", l.model, "barCode", p.maybe(l.ean()),
		"country", l.country, "tradeCountry", p.maybe(l.country), "currency", p.currency,
		"qty", strconv.FormatInt(l.quantity, 10), "unit", l.unit,
		"qty1", l.statutory(l.first), "unit1", l.first, "qty2", l.statutory(l.second), "unit2", l.second,
		"price", money(l.price), "totalPrice", money(l.total()),
	}
}

// record is the article's number in the account books, the last digits of its bar code.
func (a *article) record() string {
	return "26" + a.barCode[8:]
}

func (p *plan) mode() string {
	if p.bonded {
		return "1210"
	}
	return "9610"
}

// direct returns what only a direct purchase says, inBond what only goods in bond say.
func (p *plan) direct(value string) string {
	if p.bonded {
		return ""
	}
	return value
}

func (p *plan) inBond(value string) string {
	if !p.bonded {
		return ""
	}
	return value
}

// book is the account book of the warehouse in the district.
func (p *plan) book() string {
	return "T" + p.customs + "W000" + p.warehouse.Code[7:]
}

// voyage and bill are of the flight; fifty orders share a master waybill.
func (p *plan) voyage() string {
	return "CY" + date(p.ordered)
}

func (p *plan) bill() string {
	return "000-" + digits(uint64(p.index/50), 8)
}
