package generate

import (
	"strconv"

	"github.com/caryaledger/carya/types/ceb"
)

func (p *plan) exportOrder() ceb.Document {
	return ceb.Document{Kind: "CEB303", Head: fields("OrderHead",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.ordered), "appStatus", "2",
		"orderType", "E",
		"orderNo", p.orderNo,
		"ebpCode", p.platform.Code, "ebpName", p.platform.Name,
		"ebcCode", p.merchant.Code, "ebcName", p.merchant.Name,
		"goodsValue", money(p.goods()),
		"freight", money(p.freight),
		"currency", p.currency,
	), Lines: lined("OrderList", p.lines, func(l line) []string {
		return []string{
			"itemNo", l.sku, "itemName", l.name, "itemDescribe", p.maybe(l.name + " " + l.model), "barCode", p.maybe(l.ean()),
			"unit", l.unit, "currency", p.currency,
			"qty", strconv.FormatInt(l.quantity, 10), "price", money(l.price), "totalPrice", money(l.total()),
		}
	})}
}

func (p *plan) receipt() ceb.Document {
	return ceb.Document{Kind: "CEB403", Head: fields("Receipts",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.reported), "appStatus", "2",
		"ebpCode", p.platform.Code, "ebpName", p.platform.Name,
		"ebcCode", p.merchant.Code, "ebcName", p.merchant.Name,
		"orderNo", p.orderNo,
		"payCode", p.payer.Code, "payName", p.payer.Name, "payNo", p.transaction,
		"charge", money(p.goods()+p.freight),
		"currency", p.currency,
		"accountingDate", clock(p.paid),
	)}
}

func (p *plan) exportWaybill() ceb.Document {
	return ceb.Document{Kind: "CEB505", Head: fields("Logistics",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.shipped), "appStatus", "2",
		"logisticsCode", p.carrier.Code, "logisticsName", p.carrier.Name,
		"logisticsNo", p.parcel,
		"freight", money(p.freight), "insuredFee", "0", "currency", p.currency,
		"grossWeight", weight(p.gross()),
		"packNo", "1",
		"goodsInfo", p.lines[0].name,
		"ebcCode", p.merchant.Code, "ebcName", p.merchant.Name,
		"ebcTelephone", p.maybe("057100000000"),
	)}
}

func (p *plan) exportList() ceb.Document {
	producer, traffic := pick(p.random, producers), "5" // by air
	if p.bonded {
		traffic = "Y" // out of a bonded port area
	}
	return ceb.Document{Kind: "CEB603", Head: fields("InventoryHead",
		"guid", p.guid(), "appType", "1", "appTime", clock(p.listed), "appStatus", "2",
		"customsCode", p.customs,
		"ebpCode", p.platform.Code, "ebpName", p.platform.Name,
		"orderNo", p.orderNo,
		"logisticsCode", p.carrier.Code, "logisticsName", p.carrier.Name, "logisticsNo", p.parcel,
		"copNo", p.copNo,
		"ieFlag", "E",
		"portCode", p.customs,
		"ieDate", date(p.listed),
		"statisticsFlag", "A",
		"agentCode", p.declarant.Code, "agentName", p.declarant.Name,
		"ebcCode", p.merchant.Code, "ebcName", p.merchant.Name,
		"ownerCode", producer.Code, "ownerName", producer.Name,
		"iacCode", p.inBond(p.warehouse.Code), "iacName", p.inBond(p.warehouse.Name), "emsNo", p.inBond(p.book()),
		"tradeMode", p.mode(), "trafMode", traffic,
		"trafName", p.direct("CY3302"), "voyageNo", p.direct(p.voyage()), "billNo", p.direct(p.bill()),
		"country", p.country, "POD", p.country,
		"freight", money(p.freight), "fCurrency", p.currency, "fFlag", "3", // a total
		"insuredFee", "0", "iCurrency", p.currency, "iFlag", "3",
		"wrapType", "2", // cartons
		"packNo", "1",
		"grossWeight", weight(p.gross()), "netWeight", weight(p.net()),
	), Lines: lined("InventoryList", p.lines, p.exportLine)}
}

func (p *plan) exportLine(l line) []string {
	return []string{
		"itemNo", l.sku, "itemRecordNo", p.inBond(l.record()), "itemName", p.maybe(l.name),
		"gcode", l.code, "gname", l.name, "gmodel", l.model, "barCode", l.ean(), "country", p.country, "currency", p.currency,
		"qty", strconv.FormatInt(l.quantity, 10), "qty1", l.statutory(l.first), "qty2", l.statutory(l.second),
		"unit", l.unit, "unit1", l.first, "unit2", l.second,
		"price", money(l.price), "totalPrice", money(l.total()),
	}
}
