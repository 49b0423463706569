package review

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types/ceb"
)

// set is a set of documents under labels such as "CEB311", "CEB311#2" (a second version) or "B/CEB311" (another order).
type set struct {
	labels    []string
	documents map[string]*ceb.Document
}

// person and other values of the fixtures. The area 339900 does not exist, so that the identity numbers are nobody's.
const (
	buyerOne = "339900199003070018"
	buyerTwo = "33990019881123002X"
)

// importSet is an order of two articles with its payment, waybill and list: 2 × 60 + 80.5 = 200.5, with freight 10, tax
// 18.25 and a coupon of 20 paid with 208.75.
func importSet(prefix, number, buyer string) *set {
	person := func(who string) string {
		return who + "IdType=1|" + who + "IdNumber=" + buyer + "|" + who + "Name=王小明"
	}
	s := &set{documents: map[string]*ceb.Document{}}
	s.add(prefix+"CEB311", document("CEB311", "OrderHead", "guid="+guid("A"+number)+"|appType=1|appTime=20260301100000|appStatus=2|orderType=I|orderNo=O"+number+
		"|ebpCode=3301960001|ebpName=西湖商城|ebcCode=3301960002|ebcName=龙井贸易|goodsValue=200.5|freight=10|discount=20|taxTotal=18.25|acturalPaid=208.75|currency=142"+
		"|buyerRegNo=R1|buyerName=王小明|buyerTelephone=13800000001|buyerIdType=1|buyerIdNumber="+buyer+"|payCode=3301960003|payName=钱塘支付|payTransactionId=P"+number+
		"|consignee=李红|consigneeTelephone=13800000002|consigneeAddress=浙江省杭州市示例路"+number+"号",
		"OrderList", "gnum=1|itemName=抹茶粉|gmodel=100克|unit=011|qty=2|price=60|totalPrice=120|currency=142|country=116",
		"gnum=2|itemName=婴儿配方奶粉|gmodel=400克|unit=011|qty=1|price=80.5|totalPrice=80.5|currency=142|country=116"))
	s.add(prefix+"CEB411", document("CEB411", "PaymentHead", "guid="+guid("B"+number)+"|appType=1|appTime=20260301100100|appStatus=2|payCode=3301960003|payName=钱塘支付|payTransactionId=P"+number+
		"|orderNo=O"+number+"|ebpCode=3301960001|ebpName=西湖商城|"+person("payer")+"|amountPaid=208.75|currency=142|payTime=20260301100030", ""))
	s.add(prefix+"CEB511", document("CEB511", "LogisticsHead", "guid="+guid("C"+number)+"|appType=1|appTime=20260301110000|appStatus=2|logisticsCode=3301960004|logisticsName=运河快递|logisticsNo=L"+number+
		"|orderNo=O"+number+"|freight=10|insuredFee=0|currency=142|weight=1.2|packNo=1|consignee=李红|consigneeAddress=浙江省杭州市示例路"+number+"号|consigneeTelephone=13800000002", ""))
	s.add(prefix+"CEB621", document("CEB621", "InventoryHead", "guid="+guid("D"+number)+"|appType=1|appTime=20260301120000|appStatus=2|orderNo=O"+number+
		"|ebpCode=3301960001|ebpName=西湖商城|ebcCode=3301960002|ebcName=龙井贸易|logisticsNo=L"+number+"|logisticsCode=3301960004|logisticsName=运河快递|copNo=C"+number+
		"|assureCode=3301960002|ieFlag=I|declTime=20260301|customsCode=2991|portCode=2991|"+person("buyer")+"|buyerTelephone=13800000001|consigneeAddress=浙江省杭州市示例路"+number+"号"+
		"|agentCode=3301960005|agentName=钱江报关|tradeMode=9610|trafMode=5|trafNo=CA123|voyageNo=V1|billNo=M1|country=116|freight=10|insuredFee=0|currency=142|packNo=1|grossWeight=1.2|netWeight=0.9",
		"InventoryList", "gnum=1|itemName=抹茶粉|gcode=2101200000|gname=抹茶粉|gmodel=100克|country=116|currency=142|qty=2|unit=011|qty1=0.2|unit1=035|price=60|totalPrice=120",
		"gnum=2|itemName=婴儿配方奶粉|gcode=1901101000|gname=婴儿配方奶粉|gmodel=400克|country=116|currency=142|qty=1|unit=011|qty1=0.4|unit1=035|price=80.5|totalPrice=80.5"))
	return s
}

// exportSet is an export order of 3 × 25.5 with freight 8.
func exportSet(prefix, number string) *set {
	const platform = "|ebpCode=3301960001|ebpName=西湖商城|ebcCode=3301960002|ebcName=龙井贸易"
	s := &set{documents: map[string]*ceb.Document{}}
	s.add(prefix+"CEB303", document("CEB303", "OrderHead", "guid="+guid("A"+number)+"|appType=1|appTime=20260301100000|appStatus=2|orderType=E|orderNo=O"+number+platform+
		"|goodsValue=76.5|freight=8|currency=502", "OrderList", "gnum=1|itemNo=H1|itemName=山核桃|unit=011|currency=502|qty=3|price=25.5|totalPrice=76.5"))
	s.add(prefix+"CEB403", document("CEB403", "Receipts", "guid="+guid("B"+number)+"|appType=1|appTime=20260301100200|appStatus=2"+platform+"|orderNo=O"+number+
		"|payCode=3301960003|payName=钱塘支付|payNo=P"+number+"|charge=84.5|currency=502|accountingDate=20260301100100", ""))
	s.add(prefix+"CEB505", document("CEB505", "Logistics", "guid="+guid("C"+number)+"|appType=1|appTime=20260301110000|appStatus=2|logisticsCode=3301960004|logisticsName=运河快递|logisticsNo=L"+number+
		"|freight=8|insuredFee=0|currency=502|grossWeight=1."+number+"|packNo=1|goodsInfo=山核桃|ebcCode=3301960002", ""))
	s.add(prefix+"CEB603", document("CEB603", "InventoryHead", "guid="+guid("D"+number)+"|appType=1|appTime=20260301120000|appStatus=2|customsCode=2991"+platform+"|orderNo=O"+number+
		"|logisticsCode=3301960004|logisticsName=运河快递|logisticsNo=L"+number+"|copNo=C"+number+"|invtNo=2991202600000000"+number+"|ieFlag=E|portCode=2991|ieDate=20260301|statisticsFlag=A|agentCode=3301960005|agentName=钱江报关"+
		"|tradeMode=9610|trafMode=5|country=502|freight=8|packNo=1|grossWeight=1."+number+"|netWeight=1",
		"InventoryList", "gnum=1|itemNo=H1|gcode=2008199990|gname=山核桃|gmodel=500克|country=502|currency=502|qty=3|unit=011|price=25.5|totalPrice=76.5"))
	return s
}

// guid makes a number of 36 characters.
func guid(text string) string {
	return fmt.Sprintf("%s-%0*d", text, 35-len(text), 7)
}

func document(kind, head, fields, listName string, lines ...string) *ceb.Document {
	d := &ceb.Document{Kind: kind, Head: fieldsOf(head, fields)}
	for i, line := range lines {
		d.Lines = append(d.Lines, fieldsOf(listName+"["+strconv.Itoa(i)+"]", line))
	}
	return d
}

func fieldsOf(path, text string) []ceb.Field {
	var fields []ceb.Field
	for pair := range strings.SplitSeq(text, "|") {
		name, value, _ := strings.Cut(pair, "=")
		fields = append(fields, ceb.Field{Path: path + "/" + name, Value: value})
	}
	return fields
}

func (s *set) add(label string, d *ceb.Document) {
	s.labels = append(s.labels, label)
	s.documents[label] = d
}

func (s *set) with(other *set) *set {
	for _, label := range other.labels {
		s.add(label, other.documents[label])
	}
	return s
}

// edit changes a set: "-CEB411" drops a document, "CEB311#2 from CEB311" copies one, "CEB411 amountPaid=99" sets a field, an
// absent one too, "CEB621 billNo" removes one, "CEB621[1] qty=3" is about a line, "-CEB621[1]" drops it, "CEB621[2] from
// 0" copies it.
func (s *set) edit(t testing.TB, edits ...string) *set {
	t.Helper()
	for _, edit := range edits {
		drop := strings.HasPrefix(edit, "-")
		label, what, _ := strings.Cut(strings.TrimPrefix(edit, "-"), " ")
		label, index, line := strings.Cut(strings.TrimSuffix(label, "]"), "[")
		source, copied := strings.CutPrefix(what, "from ")
		switch i, _ := strconv.Atoi(index); {
		case copied && !line:
			s.add(label, clone(s.documents[source]))
		case s.documents[label] == nil:
			t.Fatalf("no document %s", label)
		case drop && line:
			s.documents[label].Lines = slices.Delete(s.documents[label].Lines, i, i+1)
			renumber(s.documents[label])
		case drop:
			s.labels = slices.DeleteFunc(s.labels, func(l string) bool { return l == label })
		case copied:
			from, _ := strconv.Atoi(source)
			d := s.documents[label]
			d.Lines = append(d.Lines, slices.Clone(d.Lines[from]))
			renumber(d)
		case line:
			d := s.documents[label]
			d.Lines[i] = changed(d.Lines[i], what)
		default:
			d := s.documents[label]
			d.Head = changed(d.Head, what)
		}
	}
	return s
}

func clone(d *ceb.Document) *ceb.Document {
	c := &ceb.Document{Kind: d.Kind, Head: slices.Clone(d.Head)}
	for _, line := range d.Lines {
		c.Lines = append(c.Lines, slices.Clone(line))
	}
	return c
}

// renumber makes the paths of lines those of their places.
func renumber(d *ceb.Document) {
	for i, line := range d.Lines {
		for j := range line {
			name, _, _ := strings.Cut(line[j].Path, "[")
			line[j].Path = name + "[" + strconv.Itoa(i) + "]/" + local(line[j].Path)
		}
	}
}

func changed(fields []ceb.Field, what string) []ceb.Field {
	name, value, set := strings.Cut(what, "=")
	i := slices.IndexFunc(fields, func(f ceb.Field) bool { return local(f.Path) == name })
	switch {
	case !set:
		return slices.Delete(slices.Clone(fields), i, i+1)
	case i < 0:
		parent := strings.TrimSuffix(fields[0].Path, local(fields[0].Path))
		return append(fields, ceb.Field{Path: parent + name, Value: value})
	}
	fields[i].Value = value
	return fields
}

// review judges a set, one file for each document.
func (s *set) review(o Options) *Review {
	r := New(o)
	for _, label := range s.labels {
		d := s.documents[label]
		r.AddMessage(label+".xml", &ceb.Message{Kind: d.Kind, Documents: []ceb.Document{*clone(d)}, SignatureMethod: "sm2"})
	}
	return r
}

// brief writes findings as "SEVERITY WORD file field party", those of severity note left out.
func brief(findings []Finding) []string {
	lines := []string{}
	for _, f := range findings {
		if f.Severity != Note {
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", f.Severity, f.Fault, strings.TrimSuffix(f.File, ".xml"), f.Field, f.Party))
		}
	}
	return lines
}

const space = "http://www.chinaport.gov.cn/ceb"

// wrapper is the element that holds one document.
var wrapper = map[string]string{"CEB311": "Order", "CEB411": "Payment", "CEB511": "Logistics", "CEB621": "Inventory"}

// signature stands where the schema requires one.
const signature = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="c"/><ds:SignatureMethod Algorithm="s"/><ds:Reference/></ds:SignedInfo><ds:SignatureValue>v</ds:SignatureValue></ds:Signature>`

// file writes documents of one import kind as a message file.
func file(documents ...*ceb.Document) string {
	var b strings.Builder
	kind := documents[0].Kind
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ceb:%sMessage xmlns:ceb=%q guid=%q version=\"1.0\">\n", kind, space, guid("M"))
	for _, d := range documents {
		fmt.Fprintf(&b, "<ceb:%s>\n", wrapper[kind])
		part(&b, d.Head)
		for _, line := range d.Lines {
			part(&b, line)
		}
		fmt.Fprintf(&b, "</ceb:%s>\n", wrapper[kind])
	}
	b.WriteString("<ceb:BaseTransfer><ceb:copCode>3301960005</ceb:copCode><ceb:copName>钱江</ceb:copName><ceb:dxpMode>DXP</ceb:dxpMode><ceb:dxpId>D1</ceb:dxpId></ceb:BaseTransfer>\n")
	if kind == "CEB621" {
		b.WriteString(signature)
	}
	fmt.Fprintf(&b, "\n</ceb:%sMessage>\n", kind)
	return b.String()
}

func part(b *strings.Builder, fields []ceb.Field) {
	parent, _, _ := strings.Cut(fields[0].Path, "/")
	parent, _, _ = strings.Cut(parent, "[")
	fmt.Fprintf(b, "<ceb:%s>\n", parent)
	for _, f := range fields {
		fmt.Fprintf(b, "<ceb:%s>%s</ceb:%[1]s>\n", local(f.Path), f.Value)
	}
	fmt.Fprintf(b, "</ceb:%s>\n", parent)
}
