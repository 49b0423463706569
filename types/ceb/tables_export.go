package ceb

import "slices"

// The fields of the export messages, in the order of the 202205 export schema. It asks for no text to be filled in, but
// for those of one fixed length, and gives some fields a value that they have when empty.

// exportOpening is how every document of a company begins, before its appStatus.
var exportOpening = []element{
	exact("guid", 36),
	exact("appType", 1), // 1 new, 2 change, 3 delete
	timed("appTime", dateTime),
}

// exportOutcome is how most receipts end.
var exportOutcome = []element{
	filled("returnStatus", 10),
	timed("returnTime", moment),
	upTo("returnInfo", 1000),
}

var exportOrderHead = slices.Concat(exportOpening, []element{
	standard(exact("appStatus", 1), "1"),
	exact("orderType", 1),
	upTo("orderNo", 60),
	upTo("ebpCode", 18), upTo("ebpName", 100),
	upTo("ebcCode", 18), upTo("ebcName", 100),
	amount("goodsValue"),
	standard(amount("freight"), "0"),
	exact("currency", 3),
	optional(upTo("note", 1000)),
})

var exportOrderList = []element{
	whole("gnum", 5),
	upTo("itemNo", 30),
	upTo("itemName", 250),
	optional(upTo("itemDescribe", 1000)),
	optional(upTo("barCode", 50)),
	exact("unit", 3),
	exact("currency", 3),
	amount("qty"),
	amount("price"),
	amount("totalPrice"),
	optional(upTo("note", 1000)),
}

var exportOrderReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("ebpCode", 18),
	upTo("ebcCode", 18),
	upTo("orderNo", 60),
}, exportOutcome)

var receipts = slices.Concat(exportOpening, []element{
	standard(exact("appStatus", 1), "1"),
	upTo("ebpCode", 18), upTo("ebpName", 100),
	upTo("ebcCode", 18), upTo("ebcName", 100),
	upTo("orderNo", 60),
	optional(upTo("payCode", 18)), upTo("payName", 100),
	optional(upTo("payNo", 60)),
	amount("charge"),
	exact("currency", 3),
	timed("accountingDate", dateTime), // when the money arrived
	optional(upTo("note", 1000)),
})

var receiptsReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("ebcCode", 18),
	upTo("orderNo", 60),
	optional(upTo("payNo", 60)),
}, exportOutcome)

var logistics = slices.Concat(exportOpening, []element{
	standard(exact("appStatus", 1), "2"),
	upTo("logisticsCode", 18), upTo("logisticsName", 100),
	upTo("logisticsNo", 32),
	amount("freight"),
	amount("insuredFee"),
	exact("currency", 3),
	amount("grossWeight"), // kilograms
	whole("packNo", 9),    // parcels
	collapsed(upTo("goodsInfo", 200)),
	optional(upTo("ebcCode", 18)), optional(upTo("ebcName", 100)),
	optional(upTo("ebcTelephone", 50)),
	optional(upTo("note", 1000)),
})

var exportLogisticsReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("logisticsCode", 18),
	upTo("logisticsNo", 32),
}, exportOutcome)

var arrivalHead = slices.Concat(exportOpening, []element{
	standard(exact("appStatus", 1), "1"),
	exact("customsCode", 4),
	upTo("copNo", 30),            // the company's own number
	optional(exact("preNo", 18)), // number from China E-Port
	upTo("operatorCode", 18), upTo("operatorName", 100),
	optional(upTo("loctNo", 10)), // supervised site
	exact("ieFlag", 1),
	collapsed(exact("trafMode", 1)),
	optional(upTo("billNo", 37)),
	collapsed(upTo("domesticTrafNo", 100)),
	upTo("logisticsCode", 18), upTo("logisticsName", 100),
	whole("msgCount", 9),
	whole("msgSeqNo", 9), // which of msgCount parts
	optional(upTo("note", 1000)),
})

var arrivalList = []element{
	whole("gnum", 5),
	upTo("logisticsNo", 32),
	optional(upTo("totalPackageNo", 37)),
	optional(upTo("note", 1000)),
}

var arrivalReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("operatorCode", 18),
	upTo("logisticsCode", 18),
	exact("preNo", 18),
	upTo("copNo", 30),
	upTo("billNo", 37),
	whole("msgSeqNo", 9),
}, exportOutcome)

var departureHead = slices.Concat(exportOpening, []element{
	exact("appStatus", 1),
	exact("customsCode", 4),
	upTo("copNo", 30),
	optional(exact("preNo", 18)),
	upTo("logisticsCode", 18), upTo("logisticsName", 100),
	collapsed(exact("trafMode", 1)),
	optional(upTo("trafName", 100)),
	optional(upTo("voyageNo", 32)),
	optional(upTo("billNo", 37)),
	timed("leaveTime", dateTime),
	whole("msgCount", 9),
	whole("msgSeqNo", 9),
	optional(upTo("note", 1000)),
})

var departureList = []element{
	whole("gnum", 5),
	optional(upTo("totalPackageNo", 37)),
	upTo("logisticsNo", 32),
	optional(upTo("note", 1000)),
}

var departureReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("logisticsCode", 18),
	upTo("copNo", 30),
	exact("preNo", 18),
	whole("msgSeqNo", 9),
}, exportOutcome)

var exportInventoryHead = slices.Concat(exportOpening, []element{
	exact("appStatus", 1),
	exact("customsCode", 4),
	upTo("ebpCode", 18), upTo("ebpName", 100),
	upTo("orderNo", 60),
	upTo("logisticsCode", 18), upTo("logisticsName", 100),
	upTo("logisticsNo", 32),
	upTo("copNo", 30),
	optional(exact("preNo", 18)),
	optional(upTo("invtNo", 20)), // number of the list, from customs
	exact("ieFlag", 1),
	exact("portCode", 4),
	timed("ieDate", date),
	exact("statisticsFlag", 1), // A simplified, B summary declaration
	upTo("agentCode", 18), upTo("agentName", 100),
	upTo("ebcCode", 18), upTo("ebcName", 100),
	upTo("ownerCode", 18), upTo("ownerName", 100),
	optional(upTo("iacCode", 18)), optional(upTo("iacName", 100)), // warehouse in a special zone
	optional(upTo("emsNo", 30)), // bonded account book
	exact("tradeMode", 4),
	collapsed(exact("trafMode", 1)),
	optional(upTo("trafName", 100)),
	optional(upTo("voyageNo", 32)),
	optional(upTo("billNo", 37)),
	optional(upTo("totalPackageNo", 37)),
	optional(upTo("loctNo", 10)),
	optional(upTo("licenseNo", 19)),
	exact("country", 3),
	collapsed(between("POD", 3, 4)), // port of destination
	amount("freight"),
	exact("fCurrency", 3),
	fixed(exact("fFlag", 1), "3"),
	amount("insuredFee"),
	exact("iCurrency", 3),
	fixed(exact("iFlag", 1), "3"),
	collapsed(exact("wrapType", 1)),
	whole("packNo", 9),
	amount("grossWeight"),
	amount("netWeight"), // kilograms
	optional(upTo("note", 1000)),
})

var exportInventoryList = []element{
	whole("gnum", 5),
	upTo("itemNo", 20),
	optional(upTo("itemRecordNo", 30)),
	optional(upTo("itemName", 250)),
	exact("gcode", 10), // tariff code
	upTo("gname", 250),
	collapsed(upTo("gmodel", 250)),
	collapsed(upTo("barCode", 50)),
	exact("country", 3),
	exact("currency", 3),
	amount("qty"),
	amount("qty1"),
	optional(amount("qty2")),
	exact("unit", 3),
	exact("unit1", 3),          // first statutory unit
	optional(upTo("unit2", 3)), // second statutory unit
	amount("price"),
	amount("totalPrice"),
	optional(upTo("note", 1000)),
}

var exportInventoryReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("agentCode", 18),
	upTo("copNo", 30),
	exact("preNo", 18),
	upTo("invtNo", 20),
	upTo("ebcCode", 18),
	upTo("ebpCode", 18),
	upTo("orderNo", 60),
	exact("statisticsFlag", 1),
}, exportOutcome)

var exportInvtCancel = slices.Concat(exportOpening, []element{
	exact("appStatus", 1),
	exact("customsCode", 4),
	upTo("copNo", 30),
	optional(exact("preNo", 18)),
	upTo("invtNo", 20),
	collapsed(upTo("reason", 1000)),
	upTo("agentCode", 18), upTo("agentName", 100),
	upTo("ebcCode", 18), upTo("ebcName", 100),
	optional(upTo("note", 1000)),
})

var exportInvtCancelReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("agentCode", 18),
	upTo("copNo", 30),
	exact("preNo", 18),
	upTo("invtNo", 20),
}, exportOutcome)

var wayBillHead = slices.Concat(exportOpening, []element{
	exact("appStatus", 1),
	exact("customsCode", 4),
	upTo("copNo", 30),
	optional(exact("preNo", 18)),
	upTo("agentCode", 18), upTo("agentName", 100),
	optional(upTo("loctNo", 10)),
	collapsed(exact("trafMode", 1)),
	collapsed(upTo("trafName", 100)),
	collapsed(upTo("voyageNo", 32)),
	upTo("billNo", 37),
	optional(upTo("domesticTrafNo", 100)),
	amount("grossWeight"),
	upTo("logisticsCode", 18), upTo("logisticsName", 100),
	whole("msgCount", 9),
	whole("msgSeqNo", 9),
	optional(upTo("note", 1000)),
})

var wayBillList = []element{
	whole("gnum", 5),
	optional(upTo("totalPackageNo", 60)),
	upTo("logisticsNo", 32),
	optional(upTo("invtNo", 20)),
	optional(upTo("note", 1000)),
}

var wayBillReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("agentCode", 18),
	upTo("logisticsCode", 18),
	upTo("copNo", 30),
	exact("preNo", 18),
	upTo("billNo", 37),
	whole("msgSeqNo", 9),
}, exportOutcome)

var summaryApplyHead = slices.Concat(exportOpening, []element{
	standard(exact("appStatus", 1), "2"),
	exact("customsCode", 4),
	upTo("copNo", 30),
	optional(upTo("preNo", 18)),
	optional(upTo("sumNo", 18)), // number of the summary, from customs
	upTo("agentCode", 18), upTo("agentName", 100),
	upTo("ebcCode", 18), upTo("ebcName", 100),
	upTo("declAgentCode", 18), upTo("declAgentName", 100),
	optional(timed("startTime", dateTime)),
	optional(timed("endTime", dateTime)),
	optional(upTo("loctNo", 10)),
	exact("summaryFlag", 1),
	exact("itemNameFlag", 1),
	whole("msgCount", 9),
	whole("msgSeqNo", 9),
	optional(upTo("note", 1000)),
})

var summaryApplyList = []element{
	upTo("invtNo", 20),
}

var summaryReturn = slices.Concat([]element{
	exact("guid", 36),
	upTo("agentCode", 18),
	upTo("ebcCode", 18),
	upTo("copNo", 30),
	exact("preNo", 18),
	optional(exact("sumNo", 18)),
	whole("msgSeqNo", 9),
}, exportOutcome)

var summaryResultHead = []element{
	exact("guid", 36),
	exact("customsCode", 4),
	exact("sumNo", 18),
	timed("opDate", moment), // when the summary was made
	exact("declSeqNo", 18),  // number of the declaration in the single window
	optional(exact("decTmpNo", 18)),
	optional(exact("decPreNo", 18)),
	optional(exact("entryId", 18)),
	filled("decState", 3), // state of the declaration
	upTo("agentCode", 18), upTo("agentName", 100),
	upTo("ebcCode", 18), upTo("ebcName", 100),
	upTo("declAgentCode", 18), upTo("declAgentName", 100),
	amount("grossWeight"),
	amount("netWeight"),
	whole("msgCount", 9),
	whole("msgSeqNo", 9),
	optional(upTo("note", 1000)),
}

var summaryResultList = []element{
	upTo("invtNo", 20),
	upTo("logisticsNo", 32),
	whole("gseqno", 5), // line of the declaration
	whole("gnum", 5),
	exact("gcode", 10),
}

var exportInvtRefundHead = slices.Concat(exportOpening, []element{
	exact("appStatus", 1),
	exact("customsCode", 4),
	optional(upTo("loctNo", 10)),
	upTo("ebpCode", 18), upTo("ebpName", 100),
	upTo("ebcCode", 18), upTo("ebcName", 100),
	upTo("logisticsNo", 80),
	upTo("logisticsCode", 18), upTo("logisticsName", 100),
	upTo("coElNo", 30), // the company's own number
	optional(upTo("preNo", 18)),
	upTo("invtNo", 20),
	optional(exact("tradeMode", 4)),
	upTo("agentCode", 18), upTo("agentName", 100),
	upTo("billNo", 37),
	upTo("ieFlag", 1),
	upTo("trafMode", 1),
	upTo("trafName", 100),
	upTo("portCode", 4),
	upTo("reason", 500),
	upTo("country", 3),
	upTo("voyageNo", 32),
	optional(upTo("note", 500)),
})

var exportInvtRefundList = []element{
	whole("gnum", 4),
	upTo("gcode", 10),
	upTo("gname", 250),
	upTo("gmodel", 250),
	amount("qty"),
	amount("qty1"),
	exact("unit", 3),
	exact("unit1", 3),
	optional(amount("qty2")),
	optional(exact("unit2", 3)),
	optional(upTo("note", 500)),
}

var refundReturn = []element{
	exact("guid", 36),
	optional(upTo("ebpCode", 18)),
	optional(upTo("ebcCode", 18)),
	upTo("agentCode", 18),
	upTo("coElNo", 30),
	optional(upTo("preNo", 18)),
	upTo("invtNo", 20),
	upTo("returnStatus", 10),
	timed("returnTime", moment),
	upTo("returnInfo", 1000),
}

var invtRefundDetail = slices.Concat(exportOpening, []element{
	exact("appStatus", 1),
	exact("customsCode", 4),
	upTo("operatorCode", 18), upTo("operatorName", 100),
	upTo("logisticsCode", 18), upTo("logisticsName", 100),
	upTo("logisticsNo", 80),
	optional(upTo("invtNo", 20)),
	upTo("coElNo", 20),
	optional(upTo("preNo", 18)),
	upTo("billNo", 37),
	exact("ieFlag", 1),
	exact("trafMode", 1),
	upTo("trafName", 100),
	upTo("voyageNo", 32),
	optional(upTo("location", 250)),
	optional(upTo("note", 250)),
})

var invtRefundDetailReturn = []element{
	exact("guid", 36),
	upTo("operatorCode", 18),
	upTo("logisticsCode", 18),
	upTo("logisticsNo", 80),
	upTo("coElNo", 30),
	optional(upTo("preNo", 18)),
	upTo("returnStatus", 10),
	timed("returnTime", moment),
	upTo("returnInfo", 1000),
}
