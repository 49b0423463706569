package generate

// table says which faults there are: what breaks which rule, where, and who has to put it right. That is the party whose
// document disagrees with the others; for something reported twice, who reported the second; for something missing, who
// should have sent it.
//
// The rules are the matching rules M1 to M12 of customs and R7 of the ledger, "schema" for the form.
var table = []*planter{
	// One document contradicts itself.
	{"PAID_SUM", "M2", platform, imported, "OrderHead/acturalPaid", nil, more(1_000), false},
	{"GOODS_SUM", "M2", platform, imported, "OrderHead/goodsValue", nil, besides, false},
	{"LINE_TOTAL", "M6", declarant, both, "InventoryList[0]/totalPrice", nil, more(100), false},
	{"LINE_TWICE", "M6", declarant, both, "InventoryList[1]/gnum", twoLines, to("1"), false},
	{"PACKS", "M6", logistics, imported, "LogisticsHead/packNo", nil, to("2"), false},
	{"PACKS", "M6", declarant, imported, "InventoryHead/packNo", nil, to("2"), false},
	{"WEIGHT", "R7", declarant, both, "InventoryHead/netWeight", nil, heavy, false},
	{"ID_TYPE", "M5", platform, imported, "OrderHead/buyerIdType", nil, to("2"), false},
	{"ID_TYPE", "M5", payment, imported, "PaymentHead/payerIdType", nil, to("2"), false},
	{"ID_TYPE", "M5", declarant, imported, "InventoryHead/buyerIdType", nil, to("2"), false},
	{"DIRECTION", "M1", platform, imported, "OrderHead/orderType", nil, to("E"), false},
	{"DIRECTION", "M1", declarant, imported, "InventoryHead/ieFlag", nil, to("E"), false},
	{"DIRECTION", "M1", platform, exported, "OrderHead/orderType", nil, to("I"), false},
	{"DIRECTION", "M1", declarant, exported, "InventoryHead/ieFlag", nil, to("I"), false},
	{"MODE_FIELD", "M10", declarant, imported, "InventoryHead/trafNo", direct, out, false},
	{"MODE_FIELD", "M10", declarant, imported, "InventoryHead/voyageNo", direct, out, false},
	{"MODE_FIELD", "M10", declarant, imported, "InventoryHead/billNo", direct, out, false},
	{"MODE_FIELD", "M10", declarant, imported, "InventoryHead/areaCode", inBond, out, false},
	{"MODE_FIELD", "M10", declarant, imported, "InventoryHead/areaName", inBond, out, false},
	{"MODE_FIELD", "M10", declarant, both, "InventoryHead/emsNo", inBond, out, false},
	{"MODE_FIELD", "M10", declarant, both, "InventoryList[0]/itemRecordNo", inBond, out, false},
	{"MODE_FIELD", "M10", declarant, exported, "InventoryHead/iacCode", inBond, out, false},
	{"MODE_FIELD", "M10", declarant, exported, "InventoryHead/iacName", inBond, out, false},
	{"GUID", "schema", platform, both, "OrderHead/guid", nil, lower, false},
	{"GUID", "schema", payment, imported, "PaymentHead/guid", nil, lower, false},
	{"GUID", "schema", logistics, imported, "LogisticsHead/guid", nil, lower, false},
	{"GUID", "schema", payment, exported, "Receipts/guid", nil, lower, false},
	{"GUID", "schema", logistics, exported, "Logistics/guid", nil, lower, false},
	{"GUID", "schema", declarant, both, "InventoryHead/guid", nil, lower, false},

	// Documents of one order contradict one another.
	{"AMOUNT", "M3", payment, imported, "PaymentHead/amountPaid", nil, coupon, false},
	{"RECEIPT_AMOUNT", "M3", payment, exported, "Receipts/charge", nil, more(-500), false},
	{"CURRENCY", "M3", payment, exported, "Receipts/currency", nil, to("300"), false}, // euro
	{"PAYER", "M5", payment, imported, "PaymentHead/payerIdNumber", nil, someoneElse(theirIdentity), false},
	{"PAYER", "M5", payment, imported, "PaymentHead/payerName", nil, someoneElse(theirName), false},
	{"BUYER", "M1", declarant, imported, "InventoryHead/buyerIdNumber", nil, someoneElse(theirIdentity), false},
	{"BUYER", "M1", declarant, imported, "InventoryHead/buyerName", nil, someoneElse(theirName), false},
	{"BUYER", "M1", declarant, imported, "InventoryHead/buyerTelephone", nil, someoneElse(theirTelephone), false},
	{"CONSIGNEE", "M4", logistics, imported, "LogisticsHead/consignee", nil, someoneElse(theirName), false},
	{"CONSIGNEE_PHONE", "M4", logistics, imported, "LogisticsHead/consigneeTelephone", nil, someoneElse(theirTelephone), false},
	{"CONSIGNEE_ADDRESS", "M4", logistics, imported, "LogisticsHead/consigneeAddress", nil, someoneElse(theirAddress), false},
	{"CONSIGNEE_ADDRESS", "M4", declarant, imported, "InventoryHead/consigneeAddress", nil, someoneElse(theirAddress), false},
	{"MERCHANT", "M1", declarant, both, "InventoryHead/ebcCode", nil, company("InventoryHead/ebcName", merchants), false},
	{"CARRIER", "M1", declarant, imported, "InventoryHead/logisticsCode", nil, company("InventoryHead/logisticsName", carriers), false},
	{"WAYBILL_NUMBER", "M1", declarant, imported, "InventoryHead/logisticsNo", nil, last, false},
	{"PAYMENT_NUMBER", "M1", platform, imported, "OrderHead/payTransactionId", sayPayment, last, false},
	{"LINE_MISSING", "M6", declarant, both, "InventoryList[1]/gnum", twoLines, dropLine, false},
	{"LINE_EXTRA", "M6", declarant, both, "InventoryList[0]/gnum", oneLine, extraLine, false},
	{"LINE_QTY", "M6", declarant, both, "InventoryList[0]/qty", twoPieces, fewer, false},
	{"TIME_ORDER", "R7", payment, imported, "PaymentHead/payTime", nil, beforeOrder, false},
	{"TIME_ORDER", "R7", logistics, imported, "LogisticsHead/appTime", paidLate, beforePayment, false},
	{"ORDER_MISSING", "M1", platform, both, "OrderHead/orderNo", nil, leaveOut, false},
	{"PAYMENT_MISSING", "M1", payment, imported, "PaymentHead/orderNo", nil, leaveOut, false},
	{"PAYMENT_MISSING", "M1", payment, exported, "Receipts/orderNo", nil, leaveOut, false},
	{"WAYBILL_MISSING", "M1", logistics, imported, "LogisticsHead/logisticsNo", nil, leaveOut, false},
	{"WAYBILL_MISSING", "M1", logistics, exported, "Logistics/logisticsNo", nil, leaveOut, false},

	// A document contradicts those of other orders, or the limits.
	{"ORDER_TWICE", "M1", platform, both, "OrderHead/orderNo", nil, orderAgain, false},
	{"LIST_TWICE", "M11", declarant, both, "InventoryHead/orderNo", nil, listAgain, false},
	{"PAYMENT_REUSED", "M1", payment, imported, "PaymentHead/payTransactionId", samePayment, reused, false},
	{"WAYBILL_REUSED", "M1", logistics, imported, "LogisticsHead/logisticsNo", sameParcel, reused, false},
	{"LIMIT_SINGLE", "M8", declarant, imported, "InventoryList[0]/totalPrice", tooMuch, singleLimit, false},
	{"LIMIT_ANNUAL", "M8", declarant, imported, "InventoryHead/buyerIdNumber", nil, annualLimit, false},

	// The form is broken.
	{"SCHEMA_MISSING", "schema", platform, imported, "OrderHead/buyerRegNo", nil, out, true},
	{"SCHEMA_MISSING", "schema", payment, imported, "PaymentHead/payTime", nil, out, true},
	{"SCHEMA_MISSING", "schema", logistics, imported, "LogisticsHead/weight", nil, out, true},
	{"SCHEMA_MISSING", "schema", declarant, imported, "InventoryHead/assureCode", nil, out, true},
	{"SCHEMA_MISSING", "schema", payment, exported, "Receipts/accountingDate", nil, out, true},
	{"SCHEMA_MISSING", "schema", declarant, exported, "InventoryHead/ownerCode", nil, out, true},
	{"SCHEMA_LENGTH", "schema", platform, both, "OrderHead/ebcName", nil, longer, true},
	{"SCHEMA_LENGTH", "schema", logistics, imported, "LogisticsHead/logisticsName", nil, longer, true},
	{"SCHEMA_LENGTH", "schema", declarant, both, "InventoryList[0]/gmodel", nil, longer, true},
	{"SCHEMA_VALUE", "schema", payment, imported, "PaymentHead/currency", nil, to(dollar), true},
	{"SCHEMA_VALUE", "schema", logistics, imported, "LogisticsHead/currency", nil, to(dollar), true},
	{"SCHEMA_NUMBER", "schema", platform, both, "OrderHead/freight", nil, to("包邮"), true},
	{"SCHEMA_NUMBER", "schema", logistics, imported, "LogisticsHead/weight", nil, to("1.2kg"), true},
	{"SCHEMA_NUMBER", "schema", declarant, both, "InventoryHead/grossWeight", nil, to("1,25"), true},
	{"SCHEMA_TIME", "schema", payment, imported, "PaymentHead/payTime", nil, to("20261301120000"), true},
	{"SCHEMA_TIME", "schema", logistics, exported, "Logistics/appTime", nil, to("20260230120000"), true},
	{"SCHEMA_TIME", "schema", declarant, imported, "InventoryHead/declTime", nil, to("20260230"), true},
}

// What some faults need of their order.

func direct(p *plan)     { p.bonded = false }
func inBond(p *plan)     { p.bonded = true }
func sayPayment(p *plan) { p.saysPayment = true }
