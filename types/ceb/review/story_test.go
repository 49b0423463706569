package review

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// TestImport tells one story for each fault of an import order: what is changed in a clean set, and what is found.
func TestImport(t *testing.T) {
	rows := []struct {
		name  string
		edits []string
		want  []string
	}{
		{"clean", nil, nil},
		{"decimals written at length", []string{"CEB411 amountPaid=208.75000", "CEB621[0] qty=2.0"}, nil},
		{"x and X, spaces", []string{"CEB311 buyerIdNumber=" + buyerTwo, "CEB411 payerIdNumber=" + strings.ToLower(buyerTwo), "CEB621 buyerIdNumber=" + buyerTwo, "CEB411 payerName= 王小明 "}, nil},
		{"telephone with country code", []string{"CEB511 consigneeTelephone=+86 138-0000-0002"}, nil},
		{"nothing optional", []string{"CEB311 payCode", "CEB311 payName", "CEB311 payTransactionId", "CEB621 copNo", "CEB621[0] itemName", "CEB511 freight"}, nil},
		{"equal times", []string{"CEB411 payTime=20260301100000", "CEB511 appTime=20260301100000"}, nil},

		{"no order", []string{"-CEB311"}, []string{"fault ORDER_MISSING CEB621 InventoryHead/orderNo platform"}},
		{"no payment", []string{"-CEB411"}, []string{"fault PAYMENT_MISSING CEB311 OrderHead/orderNo payment"}},
		{"no waybill", []string{"-CEB511"}, []string{"fault WAYBILL_MISSING CEB621 InventoryHead/logisticsNo logistics"}},
		{"no list", []string{"-CEB621"}, nil},
		{"payment of another platform", []string{"CEB411 ebpCode=3301960009"}, []string{"fault PLATFORM CEB411 PaymentHead/ebpCode payment"}},
		{"order of another platform", []string{"CEB311 ebpCode=3301960009"}, []string{"fault PLATFORM CEB311 OrderHead/ebpCode platform"}},
		{"list of another platform", []string{"CEB621 ebpCode=3301960009"}, []string{"fault PLATFORM CEB621 InventoryHead/ebpCode declarant"}},
		{"order of another number, quoting no payment", []string{"CEB311 orderNo=O99", "CEB311 payTransactionId"}, []string{"fault ORDER_NUMBER CEB311 OrderHead/orderNo platform"}},
		{"payment for another order number, not quoted", []string{"CEB411 orderNo=O99", "CEB311 payTransactionId"}, []string{"fault ORDER_NUMBER CEB411 PaymentHead/orderNo payment"}},
		{"payment for another order number", []string{"CEB411 orderNo=O99"}, []string{"fault ORDER_NUMBER CEB411 PaymentHead/orderNo payment"}},
		{"waybill for another order number", []string{"CEB511 orderNo=O99"}, []string{"fault ORDER_NUMBER CEB511 LogisticsHead/orderNo logistics"}},
		{"list for another order number", []string{"CEB621 orderNo=O99"}, []string{"fault ORDER_NUMBER CEB621 InventoryHead/orderNo declarant"}},
		{"list of another merchant", []string{"CEB621 ebcCode=3301960009"}, []string{"fault MERCHANT CEB621 InventoryHead/ebcCode declarant"}},

		{"a cent too much paid", []string{"CEB311 acturalPaid=208.76"}, []string{"fault PAID_SUM CEB311 OrderHead/acturalPaid platform"}},
		{"order and payment agree on a wrong sum", []string{"CEB311 acturalPaid=209", "CEB411 amountPaid=209"}, []string{"fault PAID_SUM CEB311 OrderHead/acturalPaid platform"}},
		{"neither sum nor payment", []string{"CEB311 acturalPaid=209", "CEB411 amountPaid=300"},
			[]string{"fault PAID_SUM CEB311 OrderHead/acturalPaid platform", "fault AMOUNT CEB411 PaymentHead/amountPaid payment"}},
		{"coupon not told to the payment company", []string{"CEB411 amountPaid=228.75"}, []string{"fault AMOUNT CEB411 PaymentHead/amountPaid payment"}},
		{"goods are not the lines", []string{"CEB311 goodsValue=201.5"}, []string{"fault GOODS_SUM CEB311 OrderHead/goodsValue platform"}},
		{"goods and sum are not the lines", []string{"CEB311 goodsValue=201.5", "CEB311 acturalPaid=209.75"}, []string{"fault GOODS_SUM CEB311 OrderHead/goodsValue platform"}},
		{"currency", []string{"CEB411 currency=502"}, []string{"fault CURRENCY CEB411 PaymentHead/currency payment"}},
		{"order quotes another payment", []string{"CEB311 payTransactionId=P9"}, []string{"fault PAYMENT_NUMBER CEB311 OrderHead/payTransactionId platform"}},
		{"order quotes another payment company", []string{"CEB311 payCode=3301960009"}, []string{"fault PAYMENT_COMPANY CEB311 OrderHead/payCode platform"}},

		{"consignee", []string{"CEB511 consignee=李绿"}, []string{"fault CONSIGNEE CEB511 LogisticsHead/consignee logistics"}},
		{"consignee's telephone", []string{"CEB511 consigneeTelephone=13800000009"}, []string{"fault CONSIGNEE_PHONE CEB511 LogisticsHead/consigneeTelephone logistics"}},
		{"waybill's address", []string{"CEB511 consigneeAddress=别处"}, []string{"fault CONSIGNEE_ADDRESS CEB511 LogisticsHead/consigneeAddress logistics"}},
		{"list's address", []string{"CEB621 consigneeAddress=别处"}, []string{"fault CONSIGNEE_ADDRESS CEB621 InventoryHead/consigneeAddress declarant"}},
		{"order's address", []string{"CEB311 consigneeAddress=别处"}, []string{"fault CONSIGNEE_ADDRESS CEB311 OrderHead/consigneeAddress platform"}},

		{"somebody else paid", []string{"CEB411 payerIdNumber=" + buyerTwo, "CEB411 payerName=赵大"}, []string{"fault PAYER CEB411 PaymentHead/payerIdNumber payment"}},
		{"payer's name", []string{"CEB411 payerName=赵大"}, []string{"fault PAYER CEB411 PaymentHead/payerName payment"}},
		{"list's buyer", []string{"CEB621 buyerIdNumber=" + buyerTwo}, []string{"fault BUYER CEB621 InventoryHead/buyerIdNumber declarant"}},
		{"list's telephone", []string{"CEB621 buyerTelephone=13800000009"}, []string{"fault BUYER CEB621 InventoryHead/buyerTelephone declarant"}},
		{"order's buyer", []string{"CEB311 buyerName=赵大"}, []string{"fault BUYER CEB311 OrderHead/buyerName platform"}},
		{"passport", []string{"CEB411 payerIdType=2"}, []string{"fault ID_TYPE CEB411 PaymentHead/payerIdType payment"}},
		{"half a number everywhere", []string{"CEB311 buyerIdNumber=3399", "CEB411 payerIdNumber=3399", "CEB621 buyerIdNumber=3399"}, []string{"fault ID_NUMBER CEB311 OrderHead/buyerIdNumber platform"}},

		{"line total", []string{"CEB621[0] totalPrice=12"}, []string{"fault LINE_TOTAL CEB621 InventoryList[0]/totalPrice declarant"}},
		{"line total of the order", []string{"CEB311[0] totalPrice=121"}, []string{"fault LINE_TOTAL CEB311 OrderList[0]/totalPrice platform"}},
		{"one number for two lines", []string{"CEB621[1] gnum=1"}, []string{"fault LINE_TWICE CEB621 InventoryList[1]/gnum declarant"}},
		{"a line twice in the order", []string{"CEB311[2] from 1"}, []string{"fault LINE_TWICE CEB311 OrderList[2]/gnum platform"}},
		{"line left out", []string{"-CEB621[1]"}, []string{"fault LINE_MISSING CEB621 InventoryList[1]/gnum declarant"}},
		{"line of the order left out", []string{"-CEB311[1]"}, []string{"fault GOODS_SUM CEB311 OrderHead/goodsValue platform"}},
		{"line too many", []string{"CEB621[2] from 0", "CEB621[2] gnum=3"}, []string{"fault LINE_EXTRA CEB621 InventoryList[2]/gnum declarant"}},
		{"the first of two equal numbers", []string{"CEB621[0] gnum=2"}, []string{"fault LINE_TWICE CEB621 InventoryList[0]/gnum declarant"}},
		{"order's line misnumbered", []string{"CEB311[1] gnum=3"}, []string{"fault LINE_EXTRA CEB311 OrderList[1]/gnum platform"}},
		{"price alone", []string{"CEB621[0] price=50"}, []string{"fault LINE_PRICE CEB621 InventoryList[0]/price declarant"}},
		{"discount spread over the lines", []string{"CEB621[0] price=50.25", "CEB621[0] totalPrice=100.5", "CEB621[1] price=100", "CEB621[1] totalPrice=100"},
			[]string{"warning LINE_PRICE CEB621 InventoryList[0]/price declarant", "warning LINE_PRICE CEB621 InventoryList[1]/price declarant"}},
		{"line misnumbered", []string{"CEB621[1] gnum=3"}, []string{"fault LINE_EXTRA CEB621 InventoryList[1]/gnum declarant"}},
		{"quantity", []string{"CEB621[0] qty=3"}, []string{"fault LINE_QTY CEB621 InventoryList[0]/qty declarant"}},
		{"quantity and total", []string{"CEB621[0] qty=3", "CEB621[0] totalPrice=180"}, []string{"fault LINE_QTY CEB621 InventoryList[0]/qty declarant"}},
		{"quantity of the order", []string{"CEB311[0] qty=3"}, []string{"fault LINE_QTY CEB311 OrderList[0]/qty platform"}},
		{"price and total", []string{"CEB621[0] price=50", "CEB621[0] totalPrice=100"}, []string{"fault LINE_PRICE CEB621 InventoryList[0]/price declarant"}},
		{"other unit, same quantity", []string{"CEB621[0] unit=007"}, []string{"fault LINE_UNIT CEB621 InventoryList[0]/unit declarant"}},
		{"counted in another unit", []string{"CEB621[0] unit=007", "CEB621[0] qty=20", "CEB621[0] price=6"}, []string{"warning LINE_UNIT CEB621 InventoryList[0]/unit declarant"}},
		{"other goods", []string{"CEB621[0] gname=手机", "CEB621[0] itemName=手机"}, []string{"warning LINE_NAME CEB621 InventoryList[0]/itemName declarant"}},
		{"other origin", []string{"CEB621[0] country=502"}, []string{"warning LINE_ITEM CEB621 InventoryList[0]/country declarant"}},
		{"two parcels", []string{"CEB511 packNo=2"}, []string{"fault PACKS CEB511 LogisticsHead/packNo logistics"}},
		{"net over gross", []string{"CEB621 netWeight=1.3"}, []string{"fault WEIGHT CEB621 InventoryHead/netWeight declarant"}},
		{"weights far apart", []string{"CEB511 weight=12"}, []string{"warning WEIGHT CEB511 LogisticsHead/weight logistics"}},
		{"freight of its own", []string{"CEB621 freight=77"}, []string{"warning FREIGHT CEB621 InventoryHead/freight declarant"}},
		{"list cites another waybill", []string{"CEB621 logisticsNo=L9"}, []string{"fault WAYBILL_NUMBER CEB621 InventoryHead/logisticsNo declarant"}},
		{"list cites another carrier", []string{"CEB621 logisticsCode=3301960009"}, []string{"fault CARRIER CEB621 InventoryHead/logisticsCode declarant"}},

		{"no flight", []string{"CEB621 voyageNo"}, []string{"fault MODE_FIELD CEB621 InventoryHead/voyageNo declarant"}},
		{"bonded without book", []string{"CEB621 tradeMode=1210", "CEB621 areaCode=1", "CEB621 areaName=1", "CEB621 country=142", "CEB621[0] itemRecordNo=1"},
			[]string{"fault MODE_FIELD CEB621 InventoryHead/emsNo declarant", "fault MODE_FIELD CEB621 InventoryList[1]/itemRecordNo declarant"}},
		{"no such mode", []string{"CEB621 tradeMode=0110"}, []string{"fault MODE CEB621 InventoryHead/tradeMode declarant"}},
		{"out instead of in", []string{"CEB621 ieFlag=E"}, []string{"fault DIRECTION CEB621 InventoryHead/ieFlag declarant"}},
		{"order of the other direction", []string{"CEB311 orderType=E"}, []string{"fault DIRECTION CEB311 OrderHead/orderType platform"}},

		{"paid before ordered", []string{"CEB411 payTime=20260301095959"}, []string{"fault TIME_ORDER CEB411 PaymentHead/payTime payment"}},
		{"sent before paid", []string{"CEB511 appTime=20260301100010"}, []string{"fault TIME_ORDER CEB511 LogisticsHead/appTime logistics"}},
		{"paid after everything", []string{"CEB411 payTime=20260302100000"}, []string{"fault TIME_ORDER CEB411 PaymentHead/payTime payment"}},
		{"ordered after everything", []string{"CEB311 appTime=20260302100000"}, []string{"fault TIME_ORDER CEB311 OrderHead/appTime platform"}},
		{"declared before sent", []string{"CEB621 appTime=20260301100500"}, []string{"warning TIME_ORDER CEB621 InventoryHead/appTime declarant"}},

		{"order twice", []string{"CEB311#2 from CEB311", "CEB311#2 guid=" + guid("X"), "CEB311#2 appTime=20260301100005"}, []string{"fault ORDER_TWICE CEB311#2 OrderHead/orderNo platform"}},
		{"order again word for word", []string{"CEB311#2 from CEB311"}, nil},
		{"payment twice", []string{"CEB411#2 from CEB411", "CEB411#2 guid=" + guid("X"), "CEB411#2 appTime=20260301100200"}, []string{"fault PAYMENT_TWICE CEB411#2 PaymentHead/payTransactionId payment"}},
		{"two payments", []string{"CEB411#2 from CEB411", "CEB411#2 guid=" + guid("X"), "CEB411#2 appTime=20260301100200", "CEB411#2 payTransactionId=P7"}, []string{"fault PAYMENT_TWICE CEB411#2 PaymentHead/orderNo payment"}},
		{"waybill twice", []string{"CEB511#2 from CEB511", "CEB511#2 guid=" + guid("X"), "CEB511#2 appTime=20260301110001"}, []string{"fault WAYBILL_TWICE CEB511#2 LogisticsHead/logisticsNo logistics"}},
		{"second parcel", []string{"CEB511#2 from CEB511", "CEB511#2 guid=" + guid("X"), "CEB511#2 appTime=20260301105900", "CEB511#2 logisticsNo=L7"}, []string{"warning WAYBILL_TWICE CEB511#2 LogisticsHead/orderNo logistics"}},
		{"list in two districts", []string{"CEB621#2 from CEB621", "CEB621#2 guid=" + guid("X"), "CEB621#2 copNo=C7", "CEB621#2 customsCode=3700", "CEB621#2 appTime=20260301120500"}, []string{"fault LIST_TWICE CEB621#2 InventoryHead/orderNo declarant"}},
		{"payment changed", []string{"CEB411 amountPaid=1", "CEB411#2 from CEB411", "CEB411#2 appType=2", "CEB411#2 appTime=20260301100200", "CEB411#2 amountPaid=208.75"}, nil},
		{"payment changed for the worse", []string{"CEB411#2 from CEB411", "CEB411#2 appType=2", "CEB411#2 appTime=20260301100200", "CEB411#2 amountPaid=1"}, []string{"fault AMOUNT CEB411#2 PaymentHead/amountPaid payment"}},
		{"payment taken back", []string{"CEB411#2 from CEB411", "CEB411#2 appType=3", "CEB411#2 appTime=20260301100200"}, []string{"fault PAYMENT_MISSING CEB311 OrderHead/orderNo payment"}},
		{"order changed after it was paid", []string{"CEB311#2 from CEB311", "CEB311#2 appType=2", "CEB311#2 appTime=20260301113000"}, nil},
		{"order changed after the list", []string{"CEB311#2 from CEB311", "CEB311#2 appType=2", "CEB311#2 appTime=20260301130000", "CEB311#2 acturalPaid=1"}, []string{"fault LOCKED CEB311#2 OrderHead/appTime platform"}},
		{"payment corrected after the list", []string{"CEB411 amountPaid=1", "CEB411#2 from CEB411", "CEB411#2 appType=2", "CEB411#2 appTime=20260301130000", "CEB411#2 amountPaid=208.75"}, nil},
		{"waybill taken back after the list", []string{"CEB511#2 from CEB511", "CEB511#2 appType=3", "CEB511#2 appTime=20260301130000"}, []string{"fault LOCKED CEB511#2 LogisticsHead/appTime logistics"}},
		{"nothing sold", []string{"CEB621[0] qty=0", "CEB621[0] totalPrice=0", "CEB311[0] qty=0", "CEB311[0] totalPrice=0"}, []string{"fault LINE_QTY CEB311 OrderList[0]/qty platform", "fault LINE_QTY CEB621 InventoryList[0]/qty declarant"}},
		{"hidden number", []string{"CEB311 buyerIdNumber=3399**********0018", "CEB411 payerIdNumber=3399**********0018", "CEB621 buyerIdNumber=3399**********0018"}, []string{"warning ID_NUMBER CEB311 OrderHead/buyerIdNumber platform"}},
		{"change older than the order", []string{"CEB311#2 from CEB311", "CEB311#2 appType=2", "CEB311#2 appTime=20260301090000"}, []string{"fault OLD_MESSAGE CEB311#2 OrderHead/appTime platform"}},
		{"no such appType", []string{"CEB311 appType=7"}, []string{"fault APP_TYPE CEB311 OrderHead/appType platform"}},
		{"order staged", []string{"CEB311 appStatus=1"}, []string{"warning APP_STATUS CEB311 OrderHead/appStatus platform"}},
		{"small letters", []string{"CEB311 guid=a" + guid("X")[1:]}, []string{"warning GUID CEB311 OrderHead/guid platform"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			findings := importSet("", "1", buyerOne).edit(t, row.edits...).review(Options{}).Findings()
			compare(t, findings, row.want)
		})
	}
}

// compare checks findings, and that each says what it is about in both languages.
func compare(t *testing.T, findings []Finding, want []string) {
	t.Helper()
	got := brief(findings)
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, f := range findings {
		if f.English == "" || f.Chinese == "" || f.Rule == "" || f.Party == "" {
			t.Errorf("incomplete: %+v", f)
		}
	}
}

// TestTwoOrders is about what two import orders have to do with each other.
func TestTwoOrders(t *testing.T) {
	later := []string{"B/CEB311 appTime=20260401100000", "B/CEB411 appTime=20260401100100", "B/CEB411 payTime=20260401100030", "B/CEB511 appTime=20260401110000", "B/CEB621 appTime=20260401120000"}
	rows := []struct {
		name  string
		edits []string
		want  []string
	}{
		{"clean", nil, nil},
		{"one guid", []string{"B/CEB411 guid=" + guid("B1")}, []string{"fault GUID B/CEB411 PaymentHead/guid payment"}},
		{"one guid, two companies", []string{"B/CEB411 guid=" + guid("A1")}, nil},
		{"one payment", []string{"B/CEB411 payTransactionId=P1"}, []string{"fault PAYMENT_REUSED B/CEB411 PaymentHead/payTransactionId payment"}},
		{"one payment, quoted by the second order only", []string{"CEB311 payTransactionId", "B/CEB311 payTransactionId=P1", "B/CEB411 payTransactionId=P1"}, []string{"fault PAYMENT_REUSED B/CEB411 PaymentHead/payTransactionId payment"}},
		{"one waybill", []string{"B/CEB511 logisticsNo=L1"}, []string{"fault WAYBILL_REUSED B/CEB511 LogisticsHead/logisticsNo logistics"}},
		{"one waybill, and the list cites it", []string{"B/CEB511 logisticsNo=L1", "B/CEB621 logisticsNo=L1"}, []string{"fault WAYBILL_REUSED B/CEB511 LogisticsHead/logisticsNo logistics"}},
		{"one order number, two platforms", []string{"B/CEB311 orderNo=O1", "B/CEB411 orderNo=O1", "B/CEB511 orderNo=O1", "B/CEB621 orderNo=O1",
			"B/CEB311 ebpCode=3301960009", "B/CEB411 ebpCode=3301960009", "B/CEB621 ebpCode=3301960009"}, nil},
		{"a payment names the other order", []string{"B/CEB411 orderNo=O1"}, []string{"fault ORDER_NUMBER B/CEB411 PaymentHead/orderNo payment"}},
		{"the first waybill took the second's number", []string{"CEB511 logisticsNo=L2"}, []string{"fault WAYBILL_REUSED CEB511 LogisticsHead/logisticsNo logistics"}},
		{"the first payment took the second's number", []string{"CEB411 payTransactionId=P2"}, []string{"fault PAYMENT_REUSED CEB411 PaymentHead/payTransactionId payment"}},
		{"the first list names the other order", []string{"CEB621 orderNo=O2"}, []string{"fault ORDER_NUMBER CEB621 InventoryHead/orderNo declarant"}},
		{"an order has the other's number", []string{"B/CEB311 orderNo=O1"}, []string{"fault ORDER_NUMBER B/CEB311 OrderHead/orderNo platform"}},
		{"the first order has the other's number", []string{"CEB311 orderNo=O2"}, []string{"fault ORDER_NUMBER CEB311 OrderHead/orderNo platform"}},
		{"a waybill names the other order", []string{"B/CEB511 orderNo=O1"}, []string{"fault ORDER_NUMBER B/CEB511 LogisticsHead/orderNo logistics"}},
		{"the first waybill names the other order", []string{"CEB511 orderNo=O2"}, []string{"fault ORDER_NUMBER CEB511 LogisticsHead/orderNo logistics"}},
		{"a list names the other order", []string{"B/CEB621 orderNo=O1"}, []string{"fault ORDER_NUMBER B/CEB621 InventoryHead/orderNo declarant"}},
		{"a payment copied for the other order", []string{"-B/CEB411", "B/CEB411 from CEB411", "B/CEB411 orderNo=O2", "B/CEB411 appTime=20260401100100", "B/CEB411 payTime=20260401100030",
			"B/CEB411 payerIdNumber=" + buyerTwo}, []string{"fault PAYMENT_REUSED B/CEB411 PaymentHead/payTransactionId payment"}},
		{"lists cite each other's waybill", []string{"CEB621 logisticsNo=L2"}, []string{"fault WAYBILL_NUMBER CEB621 InventoryHead/logisticsNo declarant"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := importSet("", "1", buyerOne).with(importSet("B/", "2", buyerTwo)).edit(t, slices.Concat(later, row.edits)...)
			compare(t, s.review(Options{}).Findings(), row.want)
		})
	}
}

// TestWaybillAfterSixMonths uses a waybill number again, which carriers may do after six months.
func TestWaybillAfterSixMonths(t *testing.T) {
	for day, want := range map[string][]string{
		"20260801": {"fault WAYBILL_REUSED B/CEB511 LogisticsHead/logisticsNo logistics"},
		"20260901": nil,
	} {
		s := importSet("", "1", buyerOne).with(importSet("B/", "2", buyerTwo)).edit(t, "B/CEB511 logisticsNo=L1", "B/CEB621 logisticsNo=L1",
			"B/CEB311 appTime="+day+"120000", "B/CEB411 payTime="+day+"120000", "B/CEB511 appTime="+day+"120000", "B/CEB621 appTime="+day+"120000")
		compare(t, s.review(Options{}).Findings(), want)
	}
}

// TestHabits reviews a platform that reports its orders when they are paid, and identity numbers that were replaced.
func TestHabits(t *testing.T) {
	all := &set{documents: map[string]*ceb.Document{}}
	for _, number := range []string{"1", "2", "3"} {
		prefix := number + "/"
		all.with(importSet(prefix, number, "33990019900307000"+number)).edit(t, prefix+"CEB411 payTime=20260301095930")
	}
	compare(t, all.review(Options{}).Findings(), nil)
	all.labels = all.labels[:8]
	compare(t, all.review(Options{}).Findings(), []string{
		"fault TIME_ORDER 1/CEB411 PaymentHead/payTime payment", "fault TIME_ORDER 2/CEB411 PaymentHead/payTime payment",
		"warning ID_NUMBER 1/CEB311 OrderHead/buyerIdNumber platform", "warning ID_NUMBER 2/CEB311 OrderHead/buyerIdNumber platform",
	})
}

func TestLimits(t *testing.T) {
	// worth makes the first article of an order, and with it the order, dearer.
	worth := func(label, qty, price, total, goods, paid string) []string {
		return []string{
			label + "CEB311[0] qty=" + qty, label + "CEB311[0] price=" + price, label + "CEB311[0] totalPrice=" + total,
			label + "CEB621[0] qty=" + qty, label + "CEB621[0] price=" + price, label + "CEB621[0] totalPrice=" + total,
			label + "CEB311 goodsValue=" + goods, label + "CEB311 acturalPaid=" + paid, label + "CEB411 amountPaid=" + paid,
		}
	}
	single := []string{"-CEB311[1]", "-CEB621[1]"}
	rows := []struct {
		name  string
		edits []string
		limit Options
		want  []string
	}{
		{"at the limit", worth("", "2", "2454.75", "4909.5", "4990", "4998.25"), Options{}, nil},
		{"freight reaches over it", worth("", "2", "2456.25", "4912.5", "4993", "5001.25"), Options{}, []string{"warning LIMIT_SINGLE CEB621 InventoryList[0]/totalPrice declarant"}},
		{"over it", worth("", "2", "2500", "5000", "5080.5", "5088.75"), Options{}, []string{"fault LIMIT_SINGLE CEB621 InventoryList[0]/totalPrice declarant"}},
		{"one piece over it", slices.Concat(single, worth("", "1", "5200", "5200", "5200", "5208.25")), Options{}, []string{"warning LIMIT_SINGLE CEB621 InventoryList[0]/totalPrice declarant"}},
		{"two orders over the year", nil, Options{Annual: 401 * unit}, nil},
		{"two orders over the year by a fen", nil, Options{Annual: 401*unit - cent}, []string{"fault LIMIT_ANNUAL B/CEB621 InventoryHead/buyerIdNumber declarant"}},
		{"two years", []string{"B/CEB621 declTime=20270101"}, Options{Annual: 300 * unit}, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := importSet("", "1", buyerOne).with(importSet("B/", "2", buyerOne))
			s.edit(t, "B/CEB621 appTime=20260301120001")
			compare(t, s.edit(t, row.edits...).review(row.limit).Findings(), row.want)
		})
	}
}

// TestEnded declares an order again after customs rejected the list or it was cancelled.
func TestEnded(t *testing.T) {
	for status, want := range map[string][]string{
		"100": nil, "-621001": nil, "120": {"fault LIST_TWICE CEB621#2 InventoryHead/orderNo declarant"},
	} {
		s := importSet("", "1", buyerOne).edit(t, "CEB621#2 from CEB621", "CEB621#2 guid="+guid("X"), "CEB621#2 appTime=20260301120500")
		s.add("CEB622", document("CEB622", "InventoryReturn", "guid="+guid("E")+"|copNo=C1|returnStatus="+status+"|returnTime=20260301120300000", ""))
		compare(t, s.review(Options{}).Findings(), want)
	}
	s := importSet("", "1", buyerOne).edit(t, "CEB621#2 from CEB621", "CEB621#2 guid="+guid("X"), "CEB621#2 appTime=20260301120500")
	s.add("CEB623", document("CEB623", "InvtCancel", "guid="+guid("E")+"|appType=1|appTime=20260301120300|appStatus=2|orderNo=O1|ebpCode=3301960001|invtNo=299120261000000001|agentCode=3301960005", ""))
	compare(t, s.review(Options{}).Findings(), nil)
}

func TestExport(t *testing.T) {
	rows := []struct {
		name  string
		edits []string
		want  []string
	}{
		{"clean", nil, nil},
		{"receipt", []string{"CEB403 charge=76.5"}, []string{"fault RECEIPT_AMOUNT CEB403 Receipts/charge payment"}},
		{"receipt in another currency", []string{"CEB403 currency=142", "CEB403 charge=600"}, []string{"fault CURRENCY CEB403 Receipts/currency payment"}},
		{"order in another currency", []string{"CEB303 currency=142"}, []string{"fault CURRENCY CEB303 OrderHead/currency platform"}},
		{"line in another currency", []string{"CEB603[0] currency=142"}, []string{"fault CURRENCY CEB603 InventoryList[0]/currency declarant"}},
		{"list for another order number", []string{"CEB603 orderNo=O99"}, []string{"fault ORDER_NUMBER CEB603 InventoryHead/orderNo declarant"}},
		{"receipt for another order number", []string{"CEB403 orderNo=O99", "-B/CEB303", "-B/CEB403", "-B/CEB505", "-B/CEB603"}, []string{"fault ORDER_NUMBER CEB403 Receipts/orderNo payment"}},
		{"ordered after everything", []string{"CEB303 appTime=20260302100000"}, []string{"fault TIME_ORDER CEB303 OrderHead/appTime platform"}},
		{"businesses pay in parts", []string{"CEB303 orderType=B", "CEB603 tradeMode=9710", "CEB403 charge=40"}, []string{"warning RECEIPT_AMOUNT CEB403 Receipts/charge payment"}},
		{"businesses need no receipt", []string{"CEB303 orderType=B", "CEB603 tradeMode=9710", "-CEB403"}, nil},
		{"no receipt", []string{"-CEB403"}, []string{"fault PAYMENT_MISSING CEB303 OrderHead/orderNo payment"}},
		{"no waybill", []string{"-CEB505"}, []string{"fault WAYBILL_MISSING CEB603 InventoryHead/logisticsNo logistics"}},
		{"no order", []string{"-CEB303"}, []string{"fault ORDER_MISSING CEB603 InventoryHead/orderNo platform"}},
		{"goods are not the lines", []string{"CEB303 goodsValue=77"}, []string{"fault GOODS_SUM CEB303 OrderHead/goodsValue platform"}},
		{"booking under the mode of retail", []string{"CEB303 orderType=W"}, []string{"fault MODE CEB603 InventoryHead/tradeMode declarant"}},
		{"in instead of out", []string{"CEB603 ieFlag=I"}, []string{"fault DIRECTION CEB603 InventoryHead/ieFlag declarant"}},
		{"special zone", []string{"CEB603 tradeMode=1210", "CEB603 emsNo=E1", "CEB603 iacCode=1"},
			[]string{"fault MODE_FIELD CEB603 InventoryHead/iacName declarant", "fault MODE_FIELD CEB603 InventoryList[0]/itemRecordNo declarant"}},
		{"merchant of the receipt", []string{"CEB403 ebcCode=3301960009"}, []string{"fault MERCHANT CEB403 Receipts/ebcCode payment"}},
		{"list cites another waybill", []string{"CEB603 logisticsNo=L9"}, []string{"fault WAYBILL_NUMBER CEB603 InventoryHead/logisticsNo declarant"}},
		{"list cites another carrier", []string{"CEB603 logisticsCode=3301960009"}, []string{"fault CARRIER CEB603 InventoryHead/logisticsCode declarant"}},
		{"two orders, one waybill number", []string{"B/CEB505 logisticsNo=L1", "B/CEB505 appTime=20260301111500"}, []string{"fault WAYBILL_REUSED B/CEB505 Logistics/logisticsNo logistics"}},
		{"two orders, one waybill number, cited twice", []string{"B/CEB505 logisticsNo=L1", "B/CEB505 appTime=20260301111500", "B/CEB603 logisticsNo=L1", "B/CEB603 appTime=20260301121500"},
			[]string{"fault WAYBILL_REUSED B/CEB505 Logistics/logisticsNo logistics"}},
		{"waybill twice", []string{"CEB505#2 from CEB505", "CEB505#2 guid=" + guid("X"), "CEB505#2 appTime=20260301111500"}, []string{"fault WAYBILL_TWICE CEB505#2 Logistics/logisticsNo logistics"}},
		{"paid before ordered", []string{"CEB403 accountingDate=20260301095900"}, []string{"fault TIME_ORDER CEB403 Receipts/accountingDate payment"}},
		{"quantity", []string{"CEB603[0] qty=2", "CEB603[0] totalPrice=51"}, []string{"fault LINE_QTY CEB603 InventoryList[0]/qty declarant"}},
		{"packs", []string{"CEB603 packNo=2"}, []string{"warning PACKS CEB603 InventoryHead/packNo declarant"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := exportSet("", "1").with(exportSet("B/", "2")).edit(t, row.edits...)
			compare(t, s.review(Options{}).Findings(), row.want)
		})
	}
}

// TestAftermath is about what follows a list.
func TestAftermath(t *testing.T) {
	head := "|orderNo=O1|ebpCode=3301960001|ebpName=西湖商城|ebcCode=3301960002|ebcName=龙井贸易|logisticsNo=L1|logisticsCode=3301960004|logisticsName=运河快递|copNo=R1|invtNo=299120261000000001" +
		"|buyerIdType=1|buyerIdNumber=" + buyerOne + "|buyerName=王小明|buyerTelephone=13800000001|agentCode=3301960005|agentName=钱江报关|reason=退"
	rows := []struct {
		name  string
		edits []string
		want  []string
	}{
		{"clean", nil, nil},
		{"three of two", []string{"CEB625[0] qty=3"}, []string{"fault RETURN_QTY CEB625 InvtRefundList[0]/qty declarant"}},
		{"two and one of two", []string{"CEB625#2 from CEB625", "CEB625#2 guid=" + guid("X"), "CEB625#2 copNo=R2", "CEB625#2 appTime=20260310100000", "CEB625#2[0] qty=1"}, []string{"fault RETURN_QTY CEB625#2 InvtRefundList[0]/qty declarant"}},
		{"no such line", []string{"CEB625[0] gnum=3"}, []string{"fault RETURN_LINE CEB625 InvtRefundList[0]/gnum declarant"}},
		{"other goods", []string{"CEB625[0] gcode=1901101000"}, []string{"fault RETURN_ITEM CEB625 InvtRefundList[0]/gcode declarant"}},
		{"other list", []string{"CEB625 invtNo=299120261000000009"}, []string{"fault RETURN_LIST CEB625 InvtRefundHead/invtNo declarant"}},
		{"other buyer", []string{"CEB625 buyerName=赵大"}, []string{"fault BUYER CEB625 InvtRefundHead/buyerName declarant"}},
		{"cancels another list", []string{"CEB623 invtNo=299120261000000009"}, []string{"fault CANCEL_LIST CEB623 InvtCancel/invtNo declarant"}},
		{"not signed for", []string{"CEB513 logisticsStatus=R"}, []string{"fault STATUS CEB513 LogisticsStatus/logisticsStatus logistics"}},
		{"signed for before it left", []string{"CEB513 logisticsTime=20260228100000"}, []string{"warning TIME_ORDER CEB513 LogisticsStatus/logisticsTime logistics"}},
		{"another flight", []string{"CEB711 billNo=M2"}, []string{"warning TALLY CEB711 DeliveryHead/billNo warehouse"}},
		{"tally of what leaves", []string{"CEB711 ieFlag=E"}, []string{"fault DIRECTION CEB711 DeliveryHead/ieFlag warehouse"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := importSet("", "1", buyerOne).edit(t, "CEB621 invtNo=299120261000000001")
			s.add("CEB623", document("CEB623", "InvtCancel", "guid="+guid("E")+"|appType=1|appTime=20260302100000|appStatus=2|customsCode=2991"+head, ""))
			s.add("CEB625", document("CEB625", "InvtRefundHead", "guid="+guid("F")+"|appType=1|appTime=20260305100000|appStatus=2|customsCode=2991"+head,
				"InvtRefundList", "gnum=1|gcode=2101200000|gname=抹茶粉|qty=2|unit=011"))
			s.add("CEB513", document("CEB513", "LogisticsStatus", "guid="+guid("G")+"|appType=1|appTime=20260304100000|appStatus=2|logisticsCode=3301960004|logisticsName=运河快递|logisticsNo=L1|logisticsStatus=S|logisticsTime=20260304095900", ""))
			s.add("CEB711", document("CEB711", "DeliveryHead", "guid="+guid("H")+"|appType=1|appTime=20260301130000|appStatus=2|customsCode=2991|operatorCode=3301960006|operatorName=监管仓|ieFlag=I|trafMode=5|trafNo=CA123|voyageNo=V1|billNo=M1|logisticsCode=3301960004|logisticsName=运河快递",
				"DeliveryList", "gnum=1|logisticsNo=L1"))
			compare(t, s.edit(t, row.edits...).review(Options{}).Findings(), row.want)
		})
	}
}

func TestExportReturn(t *testing.T) {
	rows := []struct {
		name  string
		edits []string
		want  []string
	}{
		{"clean", nil, nil},
		{"out instead of in", []string{"CEB213 ieFlag=E"}, []string{"fault DIRECTION CEB213 InvtRefundHead/ieFlag declarant"}},
		{"mode of the way out", []string{"CEB213 tradeMode=9610"}, []string{"fault MODE CEB213 InvtRefundHead/tradeMode declarant"}},
		{"four of three", []string{"CEB213[0] qty=4"}, []string{"fault RETURN_QTY CEB213 InvtRefundList[0]/qty declarant"}},
		{"other model", []string{"CEB213[0] gmodel=1000克"}, []string{"fault RETURN_ITEM CEB213 InvtRefundList[0]/gmodel declarant"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := exportSet("", "1")
			s.add("CEB213", document("CEB213", "InvtRefundHead", "guid="+guid("E")+"|appType=1|appTime=20260401100000|appStatus=2|ebpCode=3301960001|ebcCode=3301960002|logisticsNo=L1|logisticsCode=3301960004|coElNo=R1|invtNo=29912026000000001|tradeMode=9661|agentCode=3301960005|ieFlag=I",
				"InvtRefundList", "gnum=1|gcode=2008199990|gname=山核桃|gmodel=500克|qty=3|unit=011"))
			compare(t, s.edit(t, row.edits...).review(Options{}).Findings(), row.want)
		})
	}
}

// TestOptions turns on what the zero value leaves alone.
func TestOptions(t *testing.T) {
	rates, err := ReadRates([]byte("gcode,vat,consumption,from,until\n21,13,0,,\n1901,13,0,2020-01-01,\n"))
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		name    string
		edits   []string
		options Options
		want    []string
	}{
		{"tax right", nil, Options{Rates: rates}, nil}, // 200.5 × 13 % × 70 % = 18.25
		{"tax wrong", []string{"CEB311 taxTotal=25", "CEB311 acturalPaid=215.5", "CEB411 amountPaid=215.5"}, Options{Rates: rates}, []string{"fault TAX CEB311 OrderHead/taxTotal platform"}},
		{"tax not withheld", []string{"CEB311 taxTotal=0", "CEB311 acturalPaid=190.5", "CEB411 amountPaid=190.5"}, Options{Rates: rates}, nil},
		{"goods allowed", nil, Options{PositiveList: []string{"21012000", "19011010"}}, nil},
		{"goods not allowed", nil, Options{PositiveList: []string{"21012000"}}, []string{"fault POSITIVE_LIST CEB621 InventoryList[1]/gcode declarant"}},
		{"before", nil, Options{Now: time.Date(2026, 3, 1, 3, 55, 0, 0, time.UTC)}, nil},
		{"in the future", nil, Options{Now: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)}, []string{"warning TIME_FUTURE CEB621 InventoryHead/appTime declarant"}},
		{"alone", []string{"-CEB411"}, Options{Alone: true}, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			compare(t, importSet("", "1", buyerOne).edit(t, row.edits...).review(row.options).Findings(), row.want)
		})
	}
}
