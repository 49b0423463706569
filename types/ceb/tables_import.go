package ceb

import "slices"

// The fields of the import messages, in the order of the 202205 import schema.

// opening is how every document of a company begins.
var opening = []element{
	exact("guid", 36),
	exact("appType", 1), // 1 new, 2 change, 3 delete
	timed("appTime", dateTime),
	filled("appStatus", 3), // 1 staged, 2 declared
}

// outcome is how every receipt ends.
var outcome = []element{
	filled("returnStatus", 10),
	timed("returnTime", moment),
	filled("returnInfo", 1000),
}

var orderHead = slices.Concat(opening, []element{
	exact("orderType", 1),
	filled("orderNo", 60),
	filled("ebpCode", 18), filled("ebpName", 100),
	filled("ebcCode", 18), filled("ebcName", 100),
	amount("goodsValue"),
	amount("freight"),
	amount("discount"),
	amount("taxTotal"),
	amount("acturalPaid"), // so spelt in the schema
	yuan(),
	filled("buyerRegNo", 60),
	filled("buyerName", 60),
	filled("buyerTelephone", 30),
	exact("buyerIdType", 1),
	filled("buyerIdNumber", 60),
	optional(upTo("payCode", 18)), optional(upTo("payName", 100)),
	optional(upTo("payTransactionId", 60)),
	optional(upTo("batchNumbers", 100)),
	filled("consignee", 100),
	filled("consigneeTelephone", 50),
	filled("consigneeAddress", 200),
	optional(exact("consigneeDistrict", 6)),
	optional(upTo("note", 1000)),
})

var orderList = []element{
	whole("gnum", 0),
	optional(upTo("itemNo", 30)),
	filled("itemName", 250),
	filled("gmodel", 510),
	optional(upTo("itemDescribe", 1000)),
	optional(upTo("barCode", 50)),
	exact("unit", 3),
	amount("qty"),
	amount("price"),
	amount("totalPrice"),
	yuan(),
	exact("country", 3),
	optional(upTo("note", 1000)),
}

var orderReturn = slices.Concat([]element{
	exact("guid", 36),
	filled("ebpCode", 18),
	filled("ebcCode", 18),
	filled("orderNo", 60),
}, outcome)

var paymentHead = slices.Concat(opening, []element{
	filled("payCode", 18), filled("payName", 100),
	filled("payTransactionId", 60),
	filled("orderNo", 60),
	filled("ebpCode", 18), filled("ebpName", 100),
	exact("payerIdType", 1),
	filled("payerIdNumber", 60),
	filled("payerName", 60),
	optional(upTo("telephone", 60)),
	amount("amountPaid"),
	yuan(),
	timed("payTime", dateTime),
	optional(upTo("note", 1000)),
})

var paymentReturn = slices.Concat([]element{
	exact("guid", 36),
	filled("payCode", 18),
	filled("payTransactionId", 60),
}, outcome)

var logisticsHead = slices.Concat(opening, []element{
	filled("logisticsCode", 18), filled("logisticsName", 100),
	filled("logisticsNo", 60),
	optional(upTo("billNo", 37)),
	filled("orderNo", 60),
	optional(amount("freight")),
	optional(amount("insuredFee")),
	yuan(),
	amount("weight"),   // kilograms
	whole("packNo", 9), // parcels
	optional(upTo("goodsInfo", 200)),
	filled("consignee", 100),
	filled("consigneeAddress", 200),
	filled("consigneeTelephone", 50),
	optional(upTo("note", 1000)),
})

var logisticsReturn = slices.Concat([]element{
	exact("guid", 36),
	filled("logisticsCode", 18),
	filled("logisticsNo", 60),
}, outcome)

var logisticsStatus = slices.Concat(opening, []element{
	filled("logisticsCode", 18), filled("logisticsName", 100),
	filled("logisticsNo", 60),
	exact("logisticsStatus", 1),
	timed("logisticsTime", dateTime),
	optional(upTo("note", 1000)),
})

var logisticsStatusReturn = slices.Concat([]element{
	exact("guid", 36),
	filled("logisticsCode", 18),
	filled("logisticsNo", 60),
	exact("logisticsStatus", 1),
}, outcome)

var inventoryHead = slices.Concat(opening, []element{
	filled("orderNo", 60),
	filled("ebpCode", 18), filled("ebpName", 100),
	filled("ebcCode", 18), filled("ebcName", 100),
	filled("logisticsNo", 60),
	filled("logisticsCode", 18), filled("logisticsName", 100),
	optional(upTo("copNo", 20)), // the company's own number
	optional(upTo("preNo", 18)), // number from China E-Port
	filled("assureCode", 30),
	optional(upTo("emsNo", 30)),  // bonded account book
	optional(upTo("invtNo", 18)), // number of the list, from customs
	exact("ieFlag", 1),
	timed("declTime", date),
	exact("customsCode", 4),
	exact("portCode", 4),
	optional(timed("ieDate", date)),
	exact("buyerIdType", 1),
	filled("buyerIdNumber", 60),
	filled("buyerName", 60),
	filled("buyerTelephone", 30),
	filled("consigneeAddress", 200),
	filled("agentCode", 18), filled("agentName", 100),
	optional(upTo("areaCode", 18)), optional(upTo("areaName", 100)),
	exact("tradeMode", 4),
	exact("trafMode", 1),
	optional(upTo("trafNo", 100)),
	optional(upTo("voyageNo", 32)),
	optional(upTo("billNo", 37)),
	optional(upTo("loctNo", 10)), // supervised site
	optional(upTo("licenseNo", 19)),
	exact("country", 3),
	amount("freight"),
	amount("insuredFee"),
	yuan(),
	optional(exact("wrapType", 1)),
	whole("packNo", 9),
	amount("grossWeight"), // kilograms
	amount("netWeight"),   // kilograms
	optional(upTo("note", 1000)),
})

var inventoryList = []element{
	whole("gnum", 0),
	optional(upTo("itemRecordNo", 30)),
	optional(upTo("itemNo", 20)),
	optional(upTo("itemName", 250)),
	exact("gcode", 10), // tariff code
	filled("gname", 250),
	filled("gmodel", 510),
	optional(upTo("barCode", 50)),
	exact("country", 3),
	optional(filled("tradeCountry", 3)),
	yuan(),
	amount("qty"),
	exact("unit", 3),
	amount("qty1"),
	exact("unit1", 3), // first statutory unit
	optional(amount("qty2")),
	optional(exact("unit2", 3)), // second statutory unit
	amount("price"),
	amount("totalPrice"),
	optional(upTo("note", 1000)),
}

var inventoryReturn = slices.Concat([]element{
	exact("guid", 36),
	optional(exact("customsCode", 4)),
	optional(filled("ebpCode", 18)),
	optional(filled("ebcCode", 18)),
	optional(filled("agentCode", 18)),
	filled("copNo", 20),
	exact("preNo", 18),
	optional(exact("invtNo", 18)),
}, outcome)

var invtCancel = slices.Concat(opening, []element{
	exact("customsCode", 4),
	filled("orderNo", 60),
	filled("ebpCode", 18), filled("ebpName", 100),
	filled("ebcCode", 18), filled("ebcName", 100),
	filled("logisticsNo", 60),
	filled("logisticsCode", 18), filled("logisticsName", 100),
	optional(upTo("copNo", 20)),
	optional(upTo("preNo", 18)),
	filled("invtNo", 18),
	exact("buyerIdType", 1),
	filled("buyerIdNumber", 60),
	filled("buyerName", 60),
	filled("buyerTelephone", 30),
	filled("agentCode", 18), filled("agentName", 100),
	filled("reason", 1000),
	optional(upTo("note", 1000)),
})

var invtCancelReturn = slices.Concat([]element{
	exact("guid", 36),
	optional(exact("customsCode", 4)),
	optional(filled("agentCode", 18)),
	optional(filled("ebpCode", 18)),
	optional(filled("ebcCode", 18)),
	filled("copNo", 20),
	exact("preNo", 18),
	optional(exact("invtNo", 18)),
}, outcome)

var invtRefundHead = slices.Concat(opening, []element{
	exact("customsCode", 4),
	filled("orderNo", 60),
	filled("ebpCode", 18), filled("ebpName", 100),
	filled("ebcCode", 18), filled("ebcName", 100),
	filled("logisticsNo", 60),
	filled("logisticsCode", 18), filled("logisticsName", 100),
	optional(upTo("copNo", 20)),
	optional(upTo("preNo", 18)),
	filled("invtNo", 18),
	exact("buyerIdType", 1),
	filled("buyerIdNumber", 60),
	filled("buyerName", 60),
	filled("buyerTelephone", 30),
	filled("agentCode", 18), filled("agentName", 100),
	filled("reason", 1000),
	optional(upTo("note", 1000)),
})

var invtRefundList = []element{
	whole("gnum", 0),
	exact("gcode", 10),
	filled("gname", 250),
	amount("qty"),
	exact("unit", 3),
	optional(upTo("note", 1000)),
}

var invtRefundReturn = slices.Concat([]element{
	exact("guid", 36),
	optional(exact("customsCode", 4)),
	optional(filled("agentCode", 18)),
	optional(filled("ebpCode", 18)),
	optional(filled("ebcCode", 18)),
	filled("copNo", 20),
	exact("preNo", 18),
	optional(exact("invtNo", 18)),
}, outcome)

var deliveryHead = slices.Concat(opening, []element{
	exact("customsCode", 4),
	optional(upTo("copNo", 20)),
	optional(upTo("preNo", 18)),
	optional(upTo("rkdNo", 18)), // number of the tally list, from customs
	filled("operatorCode", 18), filled("operatorName", 100),
	exact("ieFlag", 1),
	exact("trafMode", 1),
	filled("trafNo", 100),
	filled("voyageNo", 32),
	filled("billNo", 37),
	filled("logisticsCode", 18), filled("logisticsName", 100),
	optional(upTo("unloadLocation", 100)),
	optional(upTo("note", 1000)),
})

var deliveryList = []element{
	whole("gnum", 0),
	filled("logisticsNo", 60),
	optional(upTo("note", 1000)),
}

var deliveryReturn = slices.Concat([]element{
	exact("guid", 36),
	optional(exact("customsCode", 4)),
	optional(filled("operatorCode", 18)),
	optional(upTo("copNo", 20)),
	optional(upTo("preNo", 18)),
	optional(upTo("rkdNo", 18)),
}, outcome)

var taxHeadRd = []element{
	exact("guid", 36),
	timed("returnTime", moment),
	filled("invtNo", 18),
	filled("taxNo", 50), // number of the electronic tax bill
	amount("customsTax"),
	amount("valueAddedTax"),
	amount("consumptionTax"),
	exact("status", 1),
	optional(upTo("entDutyNo", 50)), // number of the payment note
	optional(upTo("note", 1000)),
	optional(upTo("assureCode", 64)),
	optional(upTo("ebcCode", 64)),
	optional(upTo("logisticsCode", 64)),
	optional(filled("agentCode", 18)),
	optional(exact("customsCode", 4)),
}

var taxListRd = []element{
	whole("gnum", 0),
	exact("gcode", 10),
	amount("taxPrice"),
	amount("customsTax"),
	amount("valueAddedTax"),
	amount("consumptionTax"),
}

var taxHeadStatus = []element{
	exact("guid", 36),
	timed("returnTime", moment),
	filled("invtNo", 18),
	filled("taxNo", 50),
	exact("status", 1),
	optional(upTo("entDutyNo", 50)),
	optional(upTo("assureCode", 64)),
}

var messageReturn = []element{
	exact("guid", 36),
	filled("returnStatus", 10),
	upTo("returnInfo", 5000),
	timed("returnTime", moment),
	upTo("oriCopMsgId", 255),         // CopMsgId of the refused DxpMsg
	upTo("oriMessageType", 15),       // "CEB311Message" or "Unknown"
	upTo("oriBizMessage", unbounded), // the refused message
}
