package generate

import "strconv"

// article is something to buy. Weights are of one piece.
type article struct {
	sku, name, model string
	code             string // tariff code, 10 digits
	barCode          string // 12 digits, without the check digit
	country          string // of origin, in the codes of customs
	unit             string // of sale
	first, second    string // statutory units; second may be ""
	price            int64  // in hundredths of a yuan
	net, gross       int64  // grams
	vat, consumption int64  // percent, invented
}

// Units of measurement in the codes of customs (JGS-20).
const (
	pieces    = "007"
	items     = "011"
	sticks    = "012"
	kilograms = "035"
	cans      = "122"
	bags      = "136"
	boxes     = "140"
	bottles   = "142"
	sets      = "001"
)

// Countries in the codes of customs.
const (
	chinaCode  = "142"
	japan      = "116"
	korea      = "133"
	britain    = "303"
	germany    = "304"
	france     = "305"
	holland    = "309"
	usa        = "502"
	australia  = "601"
	newZealand = "609"
)

var imports = []*article{
	{"MT-040", "宇治抹茶粉", "石磨抹茶|40克/罐|无糖", "0902109000", "200100000011", japan, cans, kilograms, "", 8_800, 40, 130, 9, 0},
	{"IF-800", "婴儿配方奶粉2段", "6-12个月|800克/罐", "1901101010", "200100000028", holland, cans, kilograms, "", 21_500, 800, 980, 13, 0},
	{"IF-900", "幼儿配方奶粉3段", "12-36个月|900克/罐", "1901101010", "200100000035", newZealand, cans, kilograms, "", 24_800, 900, 1_090, 13, 0},
	{"DP-058", "婴儿纸尿裤L码", "9-14千克|58片/包", "9619001100", "200100000042", japan, bags, kilograms, items, 11_900, 2_050, 2_180, 13, 0},
	{"FC-150", "氨基酸洁面乳", "清洁面部|150毫升/支", "3304990039", "200100000059", korea, sticks, kilograms, items, 7_450, 150, 185, 13, 0},
	{"SR-030", "高机能修护精华液", "保湿|30毫升/瓶", "3304990029", "200100000066", france, bottles, kilograms, items, 89_000, 30, 140, 13, 15},
	{"LP-003", "丝绒唇膏", "3.5克/支|豆沙色", "3304100013", "200100000073", france, sticks, kilograms, items, 32_000, 4, 35, 13, 15},
	{"SH-500", "无硅油洗发水", "500毫升/瓶", "3305100090", "200100000080", germany, bottles, kilograms, "", 6_680, 500, 570, 13, 0},
	{"VC-120", "维生素C咀嚼片", "120片/瓶", "2106909001", "200100000097", australia, bottles, kilograms, "", 9_900, 180, 240, 13, 0},
	{"NB-300", "每日混合坚果", "300克/袋|原味", "2008199990", "200100000103", usa, bags, kilograms, "", 5_590, 300, 325, 13, 0},
	{"CF-250", "深度烘焙咖啡豆", "阿拉比卡|250克/袋", "0901210000", "200100000110", germany, bags, kilograms, "", 6_250, 250, 275, 13, 0},
	{"HD-001", "负离子电吹风", "1600瓦|高速无刷", "8516310000", "200100000127", korea, sets, sets, "", 118_000, 560, 990, 13, 0},
	device,
}

// device is dear: two of them cost almost what one order may.
var device = &article{"BD-001", "射频美容仪", "家用|抗皱", "8543709990", "200100000134", britain, sets, sets, "", 224_900, 420, 980, 13, 0}

var exports = []*article{
	{"HK-168", "临安山核桃仁", "椒盐味|168克/罐", "2008199990", "200200000017", chinaCode, cans, kilograms, "", 6_980, 168, 230, 13, 0},
	{"HK-500", "手剥山核桃", "奶油味|500克/袋", "2008199990", "200200000024", chinaCode, bags, kilograms, "", 9_900, 500, 530, 13, 0},
	{"LJ-050", "龙井绿茶", "明前|50克/盒", "0902109000", "200200000031", chinaCode, boxes, kilograms, "", 12_800, 50, 160, 9, 0},
	{"SC-090", "桑蚕丝方巾", "90厘米|手工卷边", "6214100010", "200200000048", chinaCode, pieces, items, kilograms, 29_900, 65, 150, 13, 0},
	{"CL-002", "青瓷品茗杯", "对杯|120毫升", "6912001000", "200200000055", chinaCode, boxes, kilograms, "", 15_900, 310, 620, 13, 0},
	{"FN-010", "竹骨折扇", "7寸|宣纸", "6701000090", "200200000062", chinaCode, pieces, kilograms, items, 4_500, 60, 110, 13, 0},
}

// line is one line of an order.
type line struct {
	*article
	quantity int64
	price    int64 // of one, in hundredths of the order's currency
}

func (l line) total() int64 {
	return l.quantity * l.price
}

// statutory returns the quantity in a statutory unit, "" for no unit.
func (l line) statutory(unit string) string {
	switch unit {
	case "":
		return ""
	case kilograms:
		return weight(l.quantity * l.net)
	}
	return strconv.FormatInt(l.quantity, 10)
}

// tax returns the tax on a value in hundredths of a yuan, rounded half up: 70 % of the composite rate, which is
// (consumption tax + VAT) / (1 - consumption tax).
func (a *article) tax(value int64) int64 {
	above, below := value*(a.consumption+a.vat)*70, (100-a.consumption)*100
	return (above + below/2) / below
}

// ean returns the bar code with its check digit.
func (a *article) ean() string {
	sum := 0
	for i := range len(a.barCode) {
		sum += int(a.barCode[i]-'0') * (1 + 2*(i%2))
	}
	return a.barCode + strconv.Itoa((10-sum%10)%10)
}
