package ceb

import "slices"

// message is one supported message and its table.
type message struct {
	kind string
	root element
}

// messages lists what Parse reads, from the 202205 import schema. Field order is the schema's order.
var messages = []message{
	{"CEB311", messageOf("CEB311", 0, parent("Order",
		parent("OrderHead", orderHead...), repeated(parent("OrderList", orderList...), 99)))},
	{"CEB411", messageOf("CEB411", 0, parent("Payment", parent("PaymentHead", paymentHead...)))},
	{"CEB511", messageOf("CEB511", 0, parent("Logistics", parent("LogisticsHead", logisticsHead...)))},
	// Only here does the schema require the signature.
	{"CEB621", messageOf("CEB621", 1, parent("Inventory",
		parent("InventoryHead", inventoryHead...), repeated(parent("InventoryList", inventoryList...), 99)))},
}

// messageNamed returns the table of a kind such as "CEB311", or nil.
func messageNamed(kind string) *message {
	for i := range messages {
		if messages[i].kind == kind {
			return &messages[i]
		}
	}
	return nil
}

// messageOf puts up to 100 documents into the envelope that all messages share.
func messageOf(kind string, signatures int, document element) element {
	signature := xmlSignature()
	signature.min = signatures
	root := parent(kind+"Message",
		repeated(document, 100),
		parent("BaseTransfer", baseTransfer...),
		optional(repeated(parent("BaseSubscribe", baseSubscribe...), 5)),
		optional(parent("ExtendMessage", extendMessage...)),
		signature,
	)
	root.attributes = []element{within("", exact("guid", 36)), within("", filled("version", 10))}
	return root
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
	return within(signatureSpace, signature, within("", optional(upTo("Id", unbounded))))
}

// opening is how the head of every document begins.
var opening = []element{
	exact("guid", 36),
	exact("appType", 1), // 1 new, 2 change, 3 delete
	timed("appTime", dateTime),
	filled("appStatus", 3), // 1 staged, 2 declared
}

var orderHead = slices.Concat(opening, []element{
	exact("orderType", 1), // I for import
	filled("orderNo", 60),
	filled("ebpCode", 18),
	filled("ebpName", 100),
	filled("ebcCode", 18),
	filled("ebcName", 100),
	amount("goodsValue"),
	amount("freight"),
	amount("discount"),
	amount("taxTotal"),
	amount("acturalPaid"), // so spelt in the schema
	yuan(),
	filled("buyerRegNo", 60),
	filled("buyerName", 60),
	filled("buyerTelephone", 30),
	exact("buyerIdType", 1), // 1 identity card, 2 other
	filled("buyerIdNumber", 60),
	optional(upTo("payCode", 18)),
	optional(upTo("payName", 100)),
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

var paymentHead = slices.Concat(opening, []element{
	filled("payCode", 18),
	filled("payName", 100),
	filled("payTransactionId", 60),
	filled("orderNo", 60),
	filled("ebpCode", 18),
	filled("ebpName", 100),
	exact("payerIdType", 1),
	filled("payerIdNumber", 60),
	filled("payerName", 60),
	optional(upTo("telephone", 60)),
	amount("amountPaid"),
	yuan(),
	timed("payTime", dateTime),
	optional(upTo("note", 1000)),
})

var logisticsHead = slices.Concat(opening, []element{
	filled("logisticsCode", 18),
	filled("logisticsName", 100),
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

var inventoryHead = slices.Concat(opening, []element{
	filled("orderNo", 60),
	filled("ebpCode", 18),
	filled("ebpName", 100),
	filled("ebcCode", 18),
	filled("ebcName", 100),
	filled("logisticsNo", 60),
	filled("logisticsCode", 18),
	filled("logisticsName", 100),
	optional(upTo("copNo", 20)),
	optional(upTo("preNo", 18)),
	filled("assureCode", 30),
	optional(upTo("emsNo", 30)), // bonded account book
	optional(upTo("invtNo", 18)),
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
	filled("agentCode", 18),
	filled("agentName", 100),
	optional(upTo("areaCode", 18)),
	optional(upTo("areaName", 100)),
	exact("tradeMode", 4), // 9610 direct purchase, 1210 and 1239 bonded
	exact("trafMode", 1),
	optional(upTo("trafNo", 100)),
	optional(upTo("voyageNo", 32)),
	optional(upTo("billNo", 37)),
	optional(upTo("loctNo", 10)),
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
	exact("unit1", 3),
	optional(amount("qty2")),
	optional(exact("unit2", 3)),
	amount("price"),
	amount("totalPrice"),
	optional(upTo("note", 1000)),
}

var baseTransfer = []element{
	filled("copCode", 18),
	upTo("copName", 100),
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
