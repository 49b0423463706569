package review

// word is one kind of fault: its rule, the code customs would answer, and what to say. In the texts {field} is kind and
// path, {value} what stands there, {other} the other side or what should stand there, {who} the party that has to act.
type word struct {
	fault    string
	rule     string
	official int
	english  string
	chinese  string
}

// Words returns the stable words of Finding.Fault, in the order of the rules.
func Words() []string {
	list := make([]string, len(words))
	for i := range words {
		list[i] = words[i].fault
	}
	return list
}

func wordOf(fault string) *word {
	for i := range words {
		if words[i].fault == fault {
			return &words[i]
		}
	}
	return &word{fault: fault, english: "{field}: {value}; {other}. {who}: correct it.", chinese: "{field}：{value}；{other}。{who}：请更正。"}
}

// words are ordered by rule. Official codes are those of section 7 of the 202205 specification.
var words = []word{
	{"XML", "schema", 0, "The file is no readable customs message: {other}. {who}: write the file anew.", "文件不是可读取的海关报文：{other}。{who}：请重新生成报文。"},
	{"SCHEMA_MISSING", "schema", 0, "{field} is missing: {other}. {who}: add it.", "缺少{field}：{other}。{who}：请补填。"},
	{"SCHEMA_LENGTH", "schema", 0, "{field} is {value}: {other}. {who}: keep to the length of the field.", "{field}为{value}，长度不符：{other}。{who}：请按规定长度填写。"},
	{"SCHEMA_ORDER", "schema", 0, "{field} stands in the wrong place: {other}. {who}: keep the order of the schema.", "{field}位置不对：{other}。{who}：请按报文规范的顺序填写。"},
	{"SCHEMA_UNKNOWN", "schema", 0, "{field} is unknown: {other}. {who}: remove or rename it.", "{field}不在报文规范内：{other}。{who}：请删除或改名。"},
	{"SCHEMA_VALUE", "schema", 0, "{field} is {value}: {other}. {who}: use a value of the list.", "{field}为{value}，不在允许值内：{other}。{who}：请更正取值。"},
	{"SCHEMA_TIME", "schema", 0, "{field} is {value}: {other}. {who}: give a time of the calendar.", "{field}为{value}，不是有效时间：{other}。{who}：请更正时间。"},
	{"SCHEMA_NUMBER", "schema", 0, "{field} is {value}: {other}. {who}: give a number that fits.", "{field}为{value}，不是有效数字：{other}。{who}：请更正数字。"},

	{"ORDER_MISSING", "M1", -301003, "{field} names order {value}, which no order message of the set reports. {who}: report the order.", "{field}所指订单{value}没有订单报文。{who}：请申报该订单。"},
	{"PAYMENT_MISSING", "M1", -401004, "{field} is order {value}, for which the set has no payment. {who}: report the payment.", "{field}所指订单{value}没有支付单（收款单）。{who}：请申报支付单。"},
	{"WAYBILL_MISSING", "M1", 0, "{field} is {value}, for which the set has no waybill. {who}: report the waybill.", "{field}为{value}，没有对应的运单。{who}：请申报运单。"},
	{"LIST_MISSING", "M1", 0, "{field} is order {value}, for which the set has no declaration list. {who}: declare it when the three documents are accepted.", "{field}所指订单{value}没有清单。{who}：三单入库后请申报清单。"},
	{"PLATFORM", "M1", 0, "{field} is {value}, the other documents of the order say {other}. {who}: report ebpCode {other}.", "{field}为{value}，与同一订单其他单证的{other}不一致。{who}：请将电商平台代码改为{other}。"},
	{"ORDER_NUMBER", "M1", 0, "{field} is {value}, the other documents of the order say {other}. {who}: report orderNo {other}.", "{field}为{value}，与同一订单其他单证的{other}不一致。{who}：请将订单编号改为{other}。"},
	{"MERCHANT", "M1", 0, "{field} is {value}, but {other} is reported as merchant. {who}: report ebcCode {other}.", "{field}为{value}，与电商企业{other}不一致。{who}：请将电商企业代码改为{other}。"},

	{"PAID_SUM", "M2", 0, "{field} is {value}, but goodsValue + freight + taxTotal - discount is {other}. {who}: report acturalPaid {other}, or correct its parts.", "{field}为{value}，但商品价格+运杂费+代扣税款-非现金抵扣金额为{other}。{who}：请将实际支付金额改为{other}，或更正各组成金额。"},
	{"GOODS_SUM", "M2", 0, "{field} is {value}, but the lines add up to {other}. {who}: report goodsValue {other}, or correct the lines.", "{field}为{value}，但表体总价合计为{other}。{who}：请将商品价格改为{other}，或更正表体。"},
	{"AMOUNT", "M3", 0, "{field} is {value}, but the order was paid with {other}. {who}: report {other}; a coupon belongs into the order's discount.", "{field}为{value}，但订单实际支付金额为{other}。{who}：请申报{other}；优惠券应计入订单非现金抵扣金额。"},
	{"RECEIPT_AMOUNT", "M3", 0, "{field} is {value}, but goodsValue + freight of the order is {other}. {who}: report charge {other}.", "{field}为{value}，但订单商品金额与运杂费之和为{other}。{who}：请将收款金额改为{other}。"},
	{"CURRENCY", "M3", 0, "{field} is {value}, but {other} is the currency of the order. {who}: report in currency {other}.", "{field}为{value}，与订单币制{other}不一致。{who}：请按币制{other}申报。"},
	{"PAYMENT_NUMBER", "M3", 0, "{field} is {value}, but the payment has number {other}. {who}: quote {other}.", "{field}为{value}，但支付单的交易编号为{other}。{who}：请填写{other}。"},
	{"WAYBILL_NUMBER", "M1", 0, "{field} is {value}, but the parcel's waybill is {other}. {who}: cite {other}.", "{field}为{value}，但该包裹的运单编号为{other}。{who}：请填写{other}。"},
	{"CARRIER", "M1", 0, "{field} is {value}, but {other} carries the parcel. {who}: report logisticsCode {other}.", "{field}为{value}，但承运的物流企业为{other}。{who}：请将物流企业代码改为{other}。"},
	{"PAYMENT_COMPANY", "M3", 0, "{field} is {value}, but {other} reports the payment. {who}: quote payCode {other}.", "{field}为{value}，但支付单由{other}申报。{who}：请将支付企业代码改为{other}。"},

	{"CONSIGNEE", "M4", 0, "{field} is {value}, but the goods go to {other}. {who}: report consignee {other}.", "{field}为{value}，与收货人{other}不一致。{who}：请将收货人姓名改为{other}。"},
	{"CONSIGNEE_PHONE", "M4", 0, "{field} is {value}, not {other}. {who}: report consigneeTelephone {other}.", "{field}为{value}，与{other}不一致。{who}：请将收货人电话改为{other}。"},
	{"CONSIGNEE_ADDRESS", "M4", 0, "{field} is {value}, not {other}. {who}: report consigneeAddress {other}.", "{field}为{value}，与{other}不一致。{who}：请将收货地址改为{other}。"},

	{"PAYER", "M5", 0, "{field} is {value}, but the buyer is {other}. {who}: report the buyer's own identity, {other}.", "{field}为{value}，与订购人{other}不一致。{who}：请申报订购人本人的身份信息{other}。"},
	{"BUYER", "M5", 0, "{field} is {value}, but the buyer is {other}. {who}: report {other}.", "{field}为{value}，与订购人信息{other}不一致。{who}：请改为{other}。"},
	{"ID_TYPE", "M5", 0, "{field} is {value}, only {other} (identity card) is allowed. {who}: report {other} and the number of the identity card.", "{field}为{value}，限定为{other}（身份证）。{who}：请填写{other}及身份证号码。"},
	{"ID_NUMBER", "M5", 0, "{field} is {value}, no resident identity number: {other}. {who}: have the person correct it.", "{field}为{value}，不是有效的公民身份号码：{other}。{who}：请核实更正。"},

	{"LINE_TOTAL", "M6", 0, "{field} is {value}, but quantity times price is {other}. {who}: report totalPrice {other}, or correct qty or price.", "{field}为{value}，但数量乘以单价为{other}。{who}：请将总价改为{other}，或更正数量、单价。"},
	{"LINE_TWICE", "M6", 0, "{field} is {value}, as in {other}. {who}: give each line a number of its own.", "{field}为{value}，与{other}重复。{who}：请确保序号不重复。"},
	{"LINE_MISSING", "M6", 0, "{field} is not there: the list has no line for {other}. {who}: add the line.", "缺少{field}：清单没有与订单序号{other}对应的表体。{who}：请补充该项。"},
	{"LINE_EXTRA", "M6", 0, "{field} is {value}, but order and list have no such line in common; it should be {other}. {who}: remove the line or correct its number.", "{field}为{value}，订单与清单的序号无法对应，应为{other}。{who}：请删除该项或更正序号。"},
	{"LINE_QTY", "M6", 0, "{field} is {value}, not {other}. {who}: report quantity {other}.", "{field}为{value}，与{other}不一致。{who}：请将数量改为{other}。"},
	{"LINE_PRICE", "M6", 0, "{field} is {value}, not {other}. {who}: report price {other}.", "{field}为{value}，与{other}不一致。{who}：请将单价改为{other}。"},
	{"LINE_NAME", "M6", 0, "{field} is {value}, not {other}. {who}: name the goods as the order does.", "{field}为{value}，与{other}不一致。{who}：商品名称应与电子订单一致。"},
	{"LINE_UNIT", "M6", 0, "{field} is {value}, not {other}. {who}: report unit {other}.", "{field}为{value}，与{other}不一致。{who}：请将计量单位改为{other}。"},
	{"LINE_ITEM", "M6", 0, "{field} is {value}, not {other}. {who}: check which article the line means.", "{field}为{value}，与{other}不一致。{who}：请核对该项商品。"},
	{"PACKS", "M6", 0, "{field} is {value}, not {other}. {who}: report packNo {other}.", "{field}为{value}，应为{other}。{who}：请将件数改为{other}。"},
	{"WEIGHT", "R7", 0, "{field} is {value} kg, against {other} kg. {who}: weigh again; net is not more than gross, and the waybill's weight is the list's.", "{field}为{value}千克，与{other}千克不符。{who}：请核对重量，净重不得大于毛重，运单毛重应与清单相符。"},
	{"FREIGHT", "M4", 0, "{field} is {value}, not {other}. {who}: check the freight.", "{field}为{value}，与{other}不一致。{who}：请核对运费。"},

	{"POSITIVE_LIST", "M7", 0, "{field} is {value}, which is not among the goods that may be imported in retail. {who}: check the tariff code, or declare the goods as general trade.", "{field}为{value}，不在跨境电商零售进口商品清单内。{who}：请核对商品编码，或按一般贸易申报。"},
	{"LIMIT_SINGLE", "M8", -621005, "With {field} {value} the list is over the limit for one purchase: {other}. {who}: divide the order, or declare as general trade; a single article is taxed in full.", "含{field} {value}，清单超过单次交易限值：{other}。{who}：请拆分订单，或按一般贸易申报；仅一件商品的全额征税。"},
	{"LIMIT_ANNUAL", "M8", -621018, "With {field} {value} the buyer's purchases of the year are {other}, over the annual limit. {who}: declare as general trade.", "{field}为{value}的订购人，本年度累计{other}，超过年度限值。{who}：请按一般贸易申报。"},
	{"TAX", "M9", 0, "{field} is {value}, by the rates of the day it is {other}. {who}: compute the tax again.", "{field}为{value}，按当日税率应为{other}。{who}：请重新计算代扣税款。"},

	{"MODE", "M10", 0, "{field} is {value}; {other} is allowed here. {who}: correct the trade mode.", "{field}为{value}，此处应为{other}。{who}：请更正贸易方式。"},
	{"MODE_FIELD", "M10", 0, "{field} is {value}, but {other}. {who}: fill in the field.", "{field}为{value}，不符合要求：{other}。{who}：请按贸易方式要求填写。"},
	{"DIRECTION", "M10", 0, "{field} is {value}, not {other}. {who}: report {other}.", "{field}为{value}，应为{other}。{who}：请改为{other}。"},

	{"ORDER_TWICE", "M11", -301010, "{field} {value} was reported before: {other}. {who}: withdraw one of the orders, or report a change.", "{field} {value}已经申报：{other}。{who}：请撤回重复订单，或以变更方式申报。"},
	{"PAYMENT_TWICE", "M11", -401007, "{field} {value} was reported before: {other}. {who}: withdraw one of the payments.", "{field} {value}已经申报：{other}。{who}：请撤回重复的支付单。"},
	{"PAYMENT_REUSED", "R8", -401007, "{field} {value} already paid another order: {other}. {who}: report the transaction number of this payment.", "{field} {value}已用于另一订单：{other}。{who}：请申报本次支付的交易编号。"},
	{"WAYBILL_TWICE", "M11", -504015, "{field} {value} was reported before: {other}. {who}: withdraw one of the waybills.", "{field} {value}已经申报：{other}。{who}：请撤回重复的运单。"},
	{"WAYBILL_REUSED", "R8", -504015, "{field} {value} was used for another parcel less than six months ago: {other}. {who}: give the parcel a number of its own.", "{field} {value}在六个月内已用于另一包裹：{other}。{who}：请使用不重复的运单编号。"},
	{"LIST_TWICE", "M11", -621004, "{field} {value} was declared before: {other}. {who}: withdraw the second list.", "{field} {value}已经申报过清单：{other}。{who}：请撤回重复的清单。"},
	{"LOCKED", "R7", -301011, "{field} is {value}, after the list was declared: {other}. {who}: wait until the list is rejected or cancelled.", "{field}为{value}，晚于清单申报：{other}。{who}：清单退单或撤销后方可变更。"},
	{"OLD_MESSAGE", "R7", -301014, "{field} is {value}, older than what was reported already: {other}. {who}: report the change again with a later time.", "{field}为{value}，早于已申报的报文：{other}。{who}：请以更晚的时间重新申报变更。"},
	{"TIME_ORDER", "R7", 0, "{field} is {value}, on the wrong side of {other}. {who}: correct the time; order, payment and waybill follow each other.", "{field}为{value}，与{other}的先后顺序不符。{who}：请更正时间，订单、支付、运单应依次发生。"},
	{"TIME_FUTURE", "R7", 0, "{field} is {value}, later than now, {other}. {who}: correct the clock.", "{field}为{value}，晚于当前时间{other}。{who}：请校正时间。"},
	{"APP_STATUS", "R7", 0, "{field} is {value}: the document is not declared, which is {other}. {who}: report it with {other}.", "{field}为{value}，单证尚未申报（{other}）。{who}：请以{other}申报。"},
	{"APP_TYPE", "R7", 0, "{field} is {value}, {other}. {who}: check what is reported.", "{field}为{value}，{other}。{who}：请核对报送类型。"},
	{"GUID", "R7", 0, "{field} is {value}: {other}. {who}: give each document a number of its own, in capital letters.", "{field}为{value}：{other}。{who}：请使用不重复的大写唯一序号。"},
	{"SIGNATURE", "M12", 0, "The signature of the message does not hold: {other}. {who}: sign the message.", "报文签名不成立：{other}。{who}：请重新加签。"},

	{"RETURN_LINE", "R2", -625209, "{field} is {value}, no line of the list {other}. {who}: name the line of the list.", "{field}为{value}，原清单{other}中没有该序号。{who}：请填写原清单的序号。"},
	{"RETURN_ITEM", "R2", -625209, "{field} is {value}, in the list it is {other}. {who}: report {other}.", "{field}为{value}，原清单为{other}。{who}：请与原清单保持一致。"},
	{"RETURN_QTY", "R2", -625014, "{field} is {value}; with it more goes back than {other}. {who}: return at most what was declared.", "{field}为{value}，累计退货数量超过{other}。{who}：退货数量不得大于原清单数量。"},
	{"RETURN_LIST", "R2", 0, "{field} is {value}, the list says {other}. {who}: report {other}.", "{field}为{value}，原清单为{other}。{who}：请与原清单保持一致。"},
	{"CANCEL_LIST", "R7", -623003, "{field} is {value}, the list says {other}. {who}: name the list that is to be cancelled.", "{field}为{value}，原清单为{other}。{who}：请填写待撤销的原清单。"},
	{"STATUS", "R7", 0, "{field} is {value}, only {other} (signed for) is allowed. {who}: report {other}.", "{field}为{value}，限定为{other}（签收）。{who}：请填写{other}。"},
	{"TALLY", "R7", 0, "{field} is {value}, the list says {other}. {who}: compare the tally with the list.", "{field}为{value}，清单为{other}。{who}：请核对入库明细单与清单。"},
	{"NOT_A_MESSAGE", "schema", 0, "The file is no customs message and was left out: {other}.", "该文件不是海关报文，已略过：{other}。"},
}
