package ceb

import (
	"errors"
	"strings"
	"testing"
)

// correct is what makes a fixture pass Check.
var correct = map[string]values{
	"CEB311": {"goodsValue": "14000", "freight": "5000", "discount": "100.5", "taxTotal": "50", "acturalPaid": "18949.5"},
	"CEB411": {},
	"CEB511": {},
	"CEB621": {"tradeMode": "9610"},
}

func with(kind string, pairs ...string) values {
	set := values{}
	for name, value := range correct[kind] {
		set[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		set[pairs[i]] = pairs[i+1]
	}
	return set
}

func TestCheck(t *testing.T) {
	const list, order = "InventoryHead/", "OrderHead/"
	rows := []struct {
		name string
		kind string
		set  []string
		want string // "rule field" of each fault
	}{
		{"order", "CEB311", nil, ""},
		{"payment", "CEB411", nil, ""},
		{"waybill", "CEB511", nil, ""},
		{"list", "CEB621", nil, ""},
		{"a cent too much", "CEB311", []string{"acturalPaid", "18949.51"}, "M2 " + order + "acturalPaid"},
		{"sum out of range", "CEB311", []string{"goodsValue", "92233720368547"}, ""},
		{"buyer's passport", "CEB311", []string{"buyerIdType", "2"}, "M5 " + order + "buyerIdType"},
		{"payer's passport", "CEB411", []string{"payerIdType", "2"}, "M5 PaymentHead/payerIdType"},
		{"buyer's passport on the list", "CEB621", []string{"buyerIdType", "2"}, "M5 " + list + "buyerIdType"},
		{"product rounded", "CEB311", []string{"qty", "3", "price", "0.33333", "totalPrice", "0.99999"}, ""},
		{"product half up", "CEB311", []string{"qty", "0.5", "price", "0.00001", "totalPrice", "0.00001"}, ""},
		{"product", "CEB621", []string{"qty", "200", "price", "60", "totalPrice", "12"}, "M6 InventoryList[0]/totalPrice"},
		{"product out of range", "CEB311", []string{"qty", "99999999", "price", "99999999"}, "M6 OrderList[0]/totalPrice"},
		{"two parcels", "CEB511", []string{"packNo", "2"}, "M6 LogisticsHead/packNo"},
		{"two parcels on the list", "CEB621", []string{"packNo", "2"}, "M6 " + list + "packNo"},
		{"one parcel, written at length", "CEB511", []string{"packNo", "+01"}, ""},
		{"direct purchase without flight", "CEB621", []string{"trafNo", "", "voyageNo", " ", "billNo", absent},
			"M10 " + list + "trafNo, M10 " + list + "voyageNo, M10 " + list + "billNo"},
		{"bonded", "CEB621", []string{"tradeMode", "1210", "trafNo", ""}, ""},
		{"bonded without book", "CEB621", []string{"tradeMode", "1239", "emsNo", "", "areaCode", absent, "itemRecordNo", ""},
			"M10 " + list + "emsNo, M10 " + list + "areaCode, M10 InventoryList[0]/itemRecordNo"},
		{"other trade mode", "CEB621", []string{"tradeMode", "0110"}, "M10 " + list + "tradeMode"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, fault := range Check(documentOf(t, row.kind, with(row.kind, row.set...))) {
				got = append(got, fault.Rule+" "+fault.Field)
				if fault.Kind != Business {
					t.Errorf("got kind %s", fault.Kind)
				}
			}
			if strings.Join(got, ", ") != row.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), row.want)
			}
		})
	}
}

func TestCheckText(t *testing.T) {
	faults := Check(documentOf(t, "CEB311", with("CEB311", "acturalPaid", "18950", "qty", "2", "price", "3.5")))
	want := []string{
		"OrderHead/acturalPaid: M2: expected 18949.5 (goodsValue + freight + taxTotal - discount), found 18950",
		"OrderList[0]/totalPrice: M6: expected 7 (2 × 3.5), found 1",
	}
	for i, fault := range faults {
		if i >= len(want) || fault.Error() != want[i] {
			t.Errorf("got %s", fault)
		}
	}
	if len(faults) != len(want) {
		t.Errorf("got %d faults, want %d", len(faults), len(want))
	}
}

func TestCheckLineNumbers(t *testing.T) {
	data := duplicate(t, fixture("CEB311", with("CEB311", "gnum", "01")), "OrderList")
	faults := Check(&mustParse(t, data).Documents[0])
	if len(faults) != 1 || faults[0].Error() != "OrderList[1]/gnum: M6: expected a number of its own, found 1, as in OrderList[0]" {
		t.Errorf("got %v", faults)
	}
}

func TestRoles(t *testing.T) {
	rows := []struct {
		kind                     string
		set                      values
		issuer, number, platform string
		issued                   int64
	}{
		{"CEB311", values{"ebpCode": "P", "orderNo": "N", "appTime": "20160308112701"}, "P", "N", "P", 1457407621000},
		{"CEB411", values{"payCode": "C", "payTransactionId": "N", "ebpCode": "P", "payTime": "20160308112701"}, "C", "N", "P", 1457407621000},
		{"CEB511", values{"logisticsCode": "C", "logisticsNo": "N", "appTime": "20160308112701"}, "C", "N", "", 1457407621000},
		{"CEB621", values{"agentCode": "C", "copNo": "N", "ebpCode": "P", "appTime": "20160308112701"}, "C", "N", "P", 1457407621000},
		{"CEB621", values{"agentCode": " C", "copNo": " ", "orderNo": "N ", "ebpCode": "P", "appTime": "20160308112701"}, "C", "N", "P", 1457407621000},
	}
	for _, row := range rows {
		d := documentOf(t, row.kind, row.set)
		issued, err := Issued(d)
		if err != nil || issued != row.issued || Issuer(d) != row.issuer || Number(d) != row.number || Platform(d) != row.platform {
			t.Errorf("%s: got issued %d %v, issuer %q, number %q, platform %q", row.kind, issued, err, Issuer(d), Number(d), Platform(d))
		}
	}
}

func TestVersion(t *testing.T) {
	d := documentOf(t, "CEB411", values{"appType": "2", "appTime": "19700101080001"})
	if appType, appTime := Version(d); appType != "2" || appTime != 1000 {
		t.Errorf("got %q %d", appType, appTime)
	}
}

func TestUnknownKind(t *testing.T) {
	d := &Document{Kind: "CEB999", Head: []Field{{"x/orderNo", "N"}}, Lines: [][]Field{{{"y[0]/qty", "1"}}}}
	var fault *Error
	if _, err := Issued(d); !errors.As(err, &fault) || fault.Kind != NotATime {
		t.Errorf("got %v", err)
	}
	if appType, appTime := Version(d); appType+Issuer(d)+Number(d)+Platform(d) != "" || appTime != 0 || Check(d) != nil {
		t.Error("an unknown kind has roles or faults")
	}
}
