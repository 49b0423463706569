package ceb

import "strings"

// message is one message of the edition and its table.
type message struct {
	root   element
	en, zh string // what it is
}

// kind returns the name without "Message": "CEB311".
func (m *message) kind() string {
	return strings.TrimSuffix(m.root.name, "Message")
}

// messages lists all messages of the 202205 edition, those of the import schema first.
var messages = []message{
	{imported("CEB311", may, documents("Order", 100, head("OrderHead", orderHead), lines("OrderList", 99, orderList))),
		"import order", "进口订单"},
	{receipt("CEB312", documents("OrderReturn", 100, orderReturn...)),
		"receipt for an import order", "进口订单回执"},
	{imported("CEB411", may, documents("Payment", 100, head("PaymentHead", paymentHead))),
		"payment for an import order", "进口支付凭证"},
	{receipt("CEB412", documents("PaymentReturn", 100, paymentReturn...)),
		"receipt for a payment", "进口支付凭证回执"},
	{imported("CEB511", may, documents("Logistics", 100, head("LogisticsHead", logisticsHead))),
		"import waybill", "进口物流运单"},
	{receipt("CEB512", documents("LogisticsReturn", 100, logisticsReturn...)),
		"receipt for an import waybill", "进口物流运单回执"},
	{imported("CEB513", may, documents("LogisticsStatus", 100, logisticsStatus...)),
		"delivery status of an import waybill", "进口物流运单状态"},
	{receipt("CEB514", documents("LogisticsStatusReturn", 100, logisticsStatusReturn...)),
		"receipt for a waybill status", "进口物流运单状态回执"},
	{imported("CEB621", must, documents("Inventory", 100, head("InventoryHead", inventoryHead), lines("InventoryList", 99, inventoryList))),
		"import declaration list", "进口清单"},
	{receipt("CEB622", documents("InventoryReturn", 100, inventoryReturn...)),
		"receipt for an import declaration list", "进口清单回执"},
	{imported("CEB623", must, documents("InvtCancel", 100, invtCancel...)),
		"application to cancel an import list", "进口撤销申请单"},
	{receipt("CEB624", documents("InvtCancelReturn", 100, invtCancelReturn...)),
		"receipt for a cancellation of an import list", "进口撤销申请单回执"},
	{imported("CEB625", must, documents("InvtRefund", 100, head("InvtRefundHead", invtRefundHead), lines("InvtRefundList", 99, invtRefundList))),
		"application to return imported goods", "进口退货申请单"},
	{receipt("CEB626", documents("InvtRefundReturn", 100, invtRefundReturn...)),
		"receipt for a return of imported goods", "进口退货申请单回执"},
	{imported("CEB711", must, documents("Delivery", 1, head("DeliveryHead", deliveryHead), lines("DeliveryList", unbounded, deliveryList))),
		"tally list of arrived parcels", "入库明细单"},
	{receipt("CEB712", documents("DeliveryReturn", 100, deliveryReturn...)),
		"receipt for a tally list", "入库明细单回执"},
	{receipt("CEB816", documents("Tax", unbounded, head("TaxHeadRd", taxHeadRd), lines("TaxListRd", 99, taxListRd))),
		"electronic tax bill", "电子税单"},
	{receipt("CEB818", documents("Tax", unbounded, head("TaxHeadStatus", taxHeadStatus))),
		"status of an electronic tax bill", "电子税单状态"},
	{receipt("CEB900", documents("MessageReturn", 1, messageReturn...)),
		"receipt for a message of wrong format", "报文格式校验回执"},

	{exported("CEB303", documents("Order", 100, head("OrderHead", exportOrderHead), lines("OrderList", 100, exportOrderList))),
		"export order", "出口订单"},
	{receipt("CEB304", documents("OrderReturn", 100, exportOrderReturn...)),
		"receipt for an export order", "出口订单回执"},
	{exported("CEB403", documents("Receipts", 100, receipts...)),
		"collection of money for an export order", "出口收款单"},
	{receipt("CEB404", documents("ReceiptsReturn", 100, receiptsReturn...)),
		"receipt for a collection", "出口收款单回执"},
	{exported("CEB505", documents("Logistics", 100, logistics...)),
		"export waybill", "出口物流运单"},
	{receipt("CEB506", documents("LogisticsReturn", 100, exportLogisticsReturn...)),
		"receipt for an export waybill", "出口物流运单回执"},
	{exported("CEB507", documents("Arrival", 100, head("ArrivalHead", arrivalHead), optional(lines("ArrivalList", unbounded, arrivalList)))),
		"arrival at the supervised site", "运抵单"},
	{receipt("CEB508", documents("ArrivalReturn", 100, arrivalReturn...)),
		"receipt for an arrival", "运抵单回执"},
	{exported("CEB509", documents("Departure", 100, head("DepartureHead", departureHead), lines("DepartureList", unbounded, departureList))),
		"departure from the country", "离境单"},
	{receipt("CEB510", documents("DepartureReturn", 100, departureReturn...)),
		"receipt for a departure", "离境单回执"},
	{exported("CEB603", documents("Inventory", 100, head("InventoryHead", exportInventoryHead), lines("InventoryList", 100, exportInventoryList))),
		"export declaration list", "出口清单"},
	{receipt("CEB604", documents("InventoryReturn", 100, exportInventoryReturn...)),
		"receipt for an export declaration list", "出口清单回执"},
	{exported("CEB605", documents("InvtCancel", 100, exportInvtCancel...)),
		"application to cancel an export list", "出口撤销申请单"},
	{receipt("CEB606", documents("InvtCancelReturn", 100, exportInvtCancelReturn...)),
		"receipt for a cancellation of an export list", "出口撤销申请单回执"},
	{exported("CEB607", documents("WayBill", 100, head("WayBillHead", wayBillHead), lines("WayBillList", unbounded, wayBillList))),
		"export lists under one master waybill", "清单总分单"},
	{receipt("CEB608", documents("WayBillReturn", 100, wayBillReturn...)),
		"receipt for lists under a master waybill", "清单总分单回执"},
	{exported("CEB213", documents("InvtRefund", 100, head("InvtRefundHead", exportInvtRefundHead), lines("InvtRefundList", 100, exportInvtRefundList))),
		"application to return exported goods", "出口退货申请单"},
	{receipt("CEB214", documents("RefundReturn", 100, refundReturn...)),
		"receipt for a return of exported goods", "出口退货申请单回执"},
	{exported("CEB215", documents("InvtRefundDetail", 100, invtRefundDetail...)),
		"tally of returned exports", "出口退运理货明细单"},
	{receipt("CEB216", documents("InvtRefundDetailReturn", 100, invtRefundDetailReturn...)),
		"receipt for a tally of returned exports", "出口退运理货明细单回执"},
	{exported("CEB701", documents("SummaryApply", 100, head("SummaryApplyHead", summaryApplyHead), optional(lines("SummaryApplyList", unbounded, summaryApplyList)))),
		"application for a summary declaration", "汇总申请单"},
	{receipt("CEB702", documents("SummaryReturn", 100, summaryReturn...)),
		"receipt for a summary application", "汇总申请单回执"},
	{receipt("CEB792", documents("SummaryResult", 100, head("SummaryResultHead", summaryResultHead), optional(lines("SummaryResultList", unbounded, summaryResultList)))),
		"result of a summary declaration", "汇总结果单"},
}

// Kinds returns the kinds of message that Parse and Write know: all of the 202205 edition, "CEB311" first.
func Kinds() []string {
	kinds := make([]string, len(messages))
	for i := range messages {
		kinds[i] = messages[i].kind()
	}
	return kinds
}

// Says returns what a kind of message is, in English and Chinese, "" for an unknown kind.
func Says(kind string) (en, zh string) {
	if m := messageNamed(kind); m != nil {
		return m.en, m.zh
	}
	return "", ""
}

// messageNamed returns the table of a kind such as "CEB311", or nil.
func messageNamed(kind string) *message {
	for i := range messages {
		if messages[i].kind() == kind {
			return &messages[i]
		}
	}
	return nil
}

// How many signatures a message has at least.
const (
	may  = 0
	must = 1
)

// imported is a message of a company in the import schema.
func imported(kind string, signatures int, documents element) element {
	signature := xmlSignature()
	signature.min = signatures
	return messageOf(kind,
		documents,
		head("BaseTransfer", baseTransfer),
		optional(repeated(head("BaseSubscribe", baseSubscribe), 5)),
		optional(verbatim(head("ExtendMessage", extendMessage))),
		signature,
	)
}

// exported is a message of a company in the export schema, which has the signature before the extension.
func exported(kind string, documents element) element {
	return messageOf(kind,
		documents,
		head("BaseTransfer", exportBaseTransfer),
		optional(repeated(head("BaseSubscribe", baseSubscribe), 5)),
		optional(xmlSignature()),
		optional(verbatim(head("ExtendMessage", extendMessage))),
	)
}

// receipt is a message of customs, which has no envelope and is not signed.
func receipt(kind string, documents element) element {
	return messageOf(kind, documents)
}

func messageOf(kind string, children ...element) element {
	root := parent(kind+"Message", children...)
	root.attributes = []element{within("", exact("guid", 36)), within("", filled("version", 10))}
	return root
}

// documents are the up to max documents of a message.
func documents(name string, max int, children ...element) element {
	return repeated(parent(name, children...), max)
}

func head(name string, fields []element) element {
	return parent(name, fields...)
}

// lines are the one to max lines of a document.
func lines(name string, max int, fields []element) element {
	return repeated(parent(name, fields...), max)
}

// unbounded is more than a file can hold.
const unbounded = MaxSize

// xmlSignature is the frame of an XMLDSig signature, as far as is needed to find its algorithm.
func xmlSignature() element {
	skipped := func(name string) element { return element{name: name, content: opaque, min: 1, max: 1} }
	algorithm := within("", filled("Algorithm", unbounded))
	signedInfo := parent("SignedInfo",
		within(signatureSpace, skipped("CanonicalizationMethod"), algorithm),
		within(signatureSpace, skipped("SignatureMethod"), algorithm),
		within(signatureSpace, repeated(skipped("Reference"), unbounded)),
	)
	signature := parent("Signature",
		within(signatureSpace, signedInfo),
		within(signatureSpace, skipped("SignatureValue")),
		within(signatureSpace, optional(skipped("KeyInfo"))),
	)
	return verbatim(within(signatureSpace, signature, within("", optional(upTo("Id", unbounded)))))
}

var baseTransfer = []element{
	filled("copCode", 18), upTo("copName", 100),
	exact("dxpMode", 3),
	upTo("dxpId", 30),
	optional(upTo("note", 1000)),
}

// exportBaseTransfer differs in that the code may be empty.
var exportBaseTransfer = []element{
	upTo("copCode", 18), upTo("copName", 100),
	exact("dxpMode", 3),
	upTo("dxpId", 30),
	optional(upTo("note", 1000)),
}

var baseSubscribe = []element{
	upTo("status", 100),
	exact("dxpMode", 3),
	upTo("dxpAddress", 100),
	optional(upTo("note", 1000)),
}

var extendMessage = []element{
	upTo("name", 30),
	upTo("version", 30),
	{space: cebSpace, name: "Message", content: wildcard, min: 1, max: 1},
}
