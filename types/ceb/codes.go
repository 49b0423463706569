package ceb

import "strconv"

// code is one value of a field and what it means.
type code struct {
	value, en, zh string
}

// Code says in English and Chinese what a value of a field means in messages of a kind, where the 202205 specification or
// schema lists the values: Code("CEB622", "returnStatus", "800") is "released", "放行". Negative states are official
// errors, as in OfficialCode. Codes of other lists (countries, currencies but 142, units, means of transport, packings)
// are not known here.
func Code(kind, field, value string) (en, zh string, ok bool) {
	for _, c := range codesOf(kind, field) {
		if c.value == value {
			return c.en, c.zh, true
		}
	}
	if number, err := strconv.Atoi(value); field == "returnStatus" && err == nil && number < 0 {
		en, zh = OfficialCode(number)
	}
	return en, zh, en != ""
}

// codesOf prefers the values of one kind to those all kinds share.
func codesOf(kind, field string) []code {
	if own, is := kindCodes[kind+"/"+field]; is {
		return own
	}
	return codes[field]
}

var identityCodes = []code{
	{"1", "identity card", "身份证"},
	{"2", "other paper", "其他证件"},
}

var feeCodes = []code{
	{"1", "rate", "率"},
	{"2", "price per unit", "单价"},
	{"3", "total", "总价"},
}

// codes are the values of fields that mean the same in all messages.
var codes = map[string][]code{
	"appType": {
		{"1", "new", "新增"},
		{"2", "change", "变更"},
		{"3", "deletion", "删除"},
	},
	"appStatus": {
		{"1", "staged", "暂存"},
		{"2", "declared", "申报"},
	},
	"orderType": {
		{"I", "import", "进口"},
		{"E", "B2C export", "B2C 出口"},
		{"B", "B2B export", "B2B 出口"},
		{"W", "booking for an overseas warehouse", "海外仓订仓"},
	},
	"ieFlag": {
		{"I", "import", "进口"},
		{"E", "export", "出口"},
	},
	"buyerIdType": identityCodes,
	"payerIdType": identityCodes,
	"currency":    {{"142", "yuan renminbi", "人民币"}},
	"tradeMode": {
		{"9610", "direct e-commerce trade", "跨境直购进口或一般出口"},
		{"1210", "bonded e-commerce trade", "保税进口或特殊区域出口"},
		{"1239", "bonded e-commerce trade outside the pilot cities", "保税电商 A"},
		{"9710", "B2B direct export", "B2B 直接出口"},
		{"9810", "export to an overseas warehouse", "出口海外仓"},
	},
	"logisticsStatus": {{"S", "signed for", "签收"}},
	"statisticsFlag": {
		{"A", "simplified declaration", "简化申报"},
		{"B", "summary declaration", "汇总申报"},
	},
	"summaryFlag": {
		{"1", "summed up by consignor", "按收发货人汇总"},
		{"2", "summed up by consignor and producer", "按收发货人和生产销售单位汇总"},
	},
	"itemNameFlag": {{"1", "summed up by the names of the goods on the lists", "按清单商品名汇总"}},
	"fFlag":        feeCodes,
	"iFlag":        feeCodes,
	"dxpMode":      {{"DXP", "China E-Port data exchange platform", "中国电子口岸数据交换平台"}},
	"returnStatus": {
		{"1", "staged at China E-Port", "电子口岸已暂存"},
		{"2", "being declared at China E-Port", "电子口岸申报中"},
		{"3", "sent to customs", "发送海关成功"},
		{"4", "not sent to customs", "发送海关失败"},
		{"100", "rejected by customs", "海关退单"},
		{"120", "accepted by customs", "海关入库"},
		{"300", "under manual review", "人工审核"},
		{"399", "review concluded", "海关审结"},
		{"500", "inspection", "查验"},
		{"501", "detained, transferred to clearance", "扣留移送通关"},
		{"502", "detained, transferred to the anti-smuggling bureau", "扣留移送缉私"},
		{"503", "detained, transferred to legal affairs", "扣留移送法规"},
		{"599", "detained otherwise", "其他扣留"},
		{"700", "sent back", "退运"},
		{"800", "released", "放行"},
		{"899", "closed", "结关"},
	},
}

// kindCodes are the values of fields that mean something else, or more, in one kind of message.
var kindCodes = map[string][]code{
	"CEB213/tradeMode": {
		{"9661", "return of direct e-commerce exports", "一般出口退货"},
		{"1261", "return of special-zone e-commerce exports", "特殊区域出口退货"},
	},
	"CEB214/returnStatus": append([]code{
		{"505", "transferred", "移交"},
		{"600", "suspended", "挂起"},
	}, codes["returnStatus"]...),
	"CEB816/status": taxCodes,
	"CEB818/status": taxCodes,
}

var taxCodes = []code{
	{"1", "issued", "已生成"},
	{"2", "summed up", "已汇总"},
	{"3", "void", "作废"},
}
