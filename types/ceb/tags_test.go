package ceb

import (
	"strings"
	"testing"
)

func TestMatchValues(t *testing.T) {
	rows := []struct {
		name string
		kind string
		set  values
		want string // "|" for the separator
	}{
		{"order", "CEB311", values{
			"orderNo": " N 1 ", "acturalPaid": "+19050.00", "buyerIdType": "1", "buyerIdNumber": "11010120000101001x", "buyerName": "张三",
			"consignee": "李 \t 四", "consigneeTelephone": "138", "consigneeAddress": "\n浙江省\u3000杭州市\u00a0",
		}, "number=N 1;amount=19050 142;merchant=1;goods=1|1|1;payer=1|11010120000101001X|张三;consignee=李 四|138|浙江省 杭州市"},
		{"payment", "CEB411", values{
			"orderNo": "N", "amountPaid": "0.10", "payerIdType": "1", "payerIdNumber": "xX", "payerName": "xu",
		}, "number=N;amount=0.1 142;payer=1|XX|xu"},
		{"waybill", "CEB511", values{
			"orderNo": "N", "consignee": "e\u0301", "consigneeTelephone": "138", "consigneeAddress": "A", "logisticsCode": "C", "logisticsNo": "L",
		}, "number=N;consignee=é|138|A;waybill=C|L"},
		{"list", "CEB621", values{
			"orderNo": "N", "buyerIdType": "1", "buyerIdNumber": "2", "buyerName": "3", "logisticsCode": "C", "logisticsNo": "L",
		}, "number=N;merchant=1;goods=1|1|1;payer=1|2|3;waybill=C|L"},
		{"half an identity", "CEB411", values{"orderNo": "N", "payerName": "  ", "amountPaid": "1"}, "number=N;amount=1 142"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := matchText(documentOf(t, row.kind, row.set)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func matchText(d *Document) string {
	var b []string
	for _, v := range MatchValues(d) {
		b = append(b, v.Name+"="+strings.ReplaceAll(v.Value, separator, "|"))
	}
	return strings.Join(b, ";")
}

// TestSeparator moves a separator between fields of a document that was not parsed.
func TestSeparator(t *testing.T) {
	one := &Document{Kind: "CEB511", Head: []Field{{"logisticsCode", "a\x1fb"}, {"logisticsNo", "c"}}}
	two := &Document{Kind: "CEB511", Head: []Field{{"logisticsCode", "a"}, {"logisticsNo", "b\x1fc"}}}
	if got, other := matchText(one), matchText(two); got == other || got != "waybill=a b|c" {
		t.Errorf("got %q and %q", got, other)
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add(" a \u0301 \u3000b\x00")
	f.Fuzz(func(t *testing.T, s string) {
		once := canonical(s)
		if twice := canonical(once); twice != once || strings.Contains(once, separator) {
			t.Errorf("%q gives %q gives %q", s, once, twice)
		}
	})
}
