package generate

// All of these companies are invented, and so are their codes.

var platforms = []Company{
	{"330199P001", "杭州青枫集电子商务有限公司"},
	{"330199P002", "杭州鹭洲优选网络科技有限公司"},
	{"330199P003", "宁波海棠湾跨境电子商务有限公司"},
}

var merchants = []Company{
	{"330199M001", "杭州砚池贸易有限公司"},
	{"330199M002", "杭州岭云农产品有限公司"},
	{"330199M003", "澄湖国际贸易（杭州）有限公司"},
	{"330199M004", "浙江竹里馆日用品有限公司"},
	{"330199M005", "杭州榆荫母婴用品有限公司"},
	{"330199M006", "杭州远岫进出口有限公司"},
}

var payers = []Company{
	{"330199Y001", "杭州碧潭支付服务有限公司"},
	{"330199Y002", "上海泊岸支付有限公司"},
	{"330199Y003", "浙江桐音网络支付有限公司"},
}

var carriers = []Company{
	{"330199L001", "浙江迅羽物流有限公司"},
	{"330199L002", "杭州石榴速运有限公司"},
	{"330199L003", "上海远棹国际货运有限公司"},
	{"330199L004", "杭州归雁快递有限公司"},
}

var declarants = []Company{
	{"330199D001", "杭州衡舟报关有限公司"},
	{"330199D002", "杭州启澜供应链管理有限公司"},
	{"330199D003", "浙江桥津报关服务有限公司"},
}

// warehouses are the bonded warehouses; each has an account book.
var warehouses = []Company{
	{"330199W001", "杭州竹溪保税仓储有限公司"},
	{"330199W002", "杭州松坞保税物流有限公司"},
}

// producers made the goods of exports.
var producers = []Company{
	{"330199F001", "杭州临岫食品有限公司"},
	{"330199F002", "浙江柳浦丝绸有限公司"},
	{"NO", "龙泉雪溪窑坊"}, // not registered with customs, which the specification writes NO
}

var districts = []string{"2991", "2992", "2910"}
