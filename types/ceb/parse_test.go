package ceb

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := mustParse(t, fixture(kind, values{"orderNo": "ORDER-1", "copName": "", "note": " 备注 ", "Signature": present, "@Algorithm": "urn:sm2"}))
			if m.Kind != kind || len(m.GUID) != 36 || m.Version != "1" || m.SignatureMethod != "urn:sm2" {
				t.Errorf("got kind %q guid %q version %q signature %q", m.Kind, m.GUID, m.Version, m.SignatureMethod)
			}
			if want := (BaseTransfer{CopCode: "1", DxpMode: "111", DxpID: "1", Note: " 备注 "}); m.Transfer != want {
				t.Errorf("got transfer %+v, want %+v", m.Transfer, want)
			}
			d := &m.Documents[0]
			if d.Get("orderNo") != "ORDER-1" || d.Get("note") != " 备注 " || d.Get("nothing") != "" {
				t.Errorf("got orderNo %q, note %q, nothing %q", d.Get("orderNo"), d.Get("note"), d.Get("nothing"))
			}
			unique(t, d)
		})
	}
}

func unique(t testing.TB, d *Document) {
	t.Helper()
	seen := map[string]bool{}
	for _, field := range d.Fields() {
		if seen[field.Path] {
			t.Fatalf("two fields have the path %s", field.Path)
		}
		seen[field.Path] = true
	}
}

func TestParseRepeated(t *testing.T) {
	data := fixture("CEB311", nil)
	data = duplicate(t, data, "OrderList")
	data = duplicate(t, data, "Order")
	m := mustParse(t, data)
	if len(m.Documents) != 2 || len(m.Documents[1].Lines) != 2 {
		t.Fatalf("got %d documents, %d lines in the second", len(m.Documents), len(m.Documents[1].Lines))
	}
	if got, want := m.Documents[1].Lines[1][0], (Field{"OrderList[1]/gnum", "1"}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := m.Documents[1].Head[0].Path, "OrderHead/guid"; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	unique(t, &m.Documents[1])
}

// duplicate puts a second copy of an element after the first.
func duplicate(t testing.TB, data, name string) string {
	t.Helper()
	begin := strings.Index(data, "<ceb:"+name+">")
	end := strings.Index(data, "</ceb:"+name+">") + len("</ceb:"+name+">")
	if begin < 0 || end < begin {
		t.Fatalf("no element %s", name)
	}
	return data[:end] + data[begin:end] + data[end:]
}

// TestParseFlat reads a document that the schema does not divide into head and lines.
func TestParseFlat(t *testing.T) {
	m := mustParse(t, fixture("CEB513", values{"BaseSubscribe": present, "status": "ALL", "ExtendMessage": present, "name": "x"}))
	d := &m.Documents[0]
	if got, want := d.Head[6], (Field{"LogisticsStatus/logisticsNo", "1"}); got != want || d.Lines != nil {
		t.Errorf("got %v and %d lines, want %v", got, len(d.Lines), want)
	}
	if want := []BaseSubscribe{{Status: "ALL", DxpMode: "111", DxpAddress: "1", Note: "1"}}; !slices.Equal(m.Subscriptions, want) {
		t.Errorf("got %+v, want %+v", m.Subscriptions, want)
	}
	if got := string(m.Extension); !strings.Contains(got, "<ceb:name>x</ceb:name>") || !strings.HasSuffix(got, "</ceb:ExtendMessage>") {
		t.Errorf("got %s", got)
	}
	wantFault(t, fixture("CEB513", values{"logisticsNo": ""}), WrongLength, "LogisticsStatus[0]/logisticsNo")
	if m := mustParse(t, fixture("CEB622", nil)); m.Transfer != (BaseTransfer{}) || m.Signature != nil || m.Extension != nil || m.Subscriptions != nil {
		t.Errorf("a receipt has an envelope: %+v", m)
	}
}

func TestParseAccepts(t *testing.T) {
	rows := []struct {
		name, kind, old, new string
		field, want          string
	}{
		{"empty optional text", "CEB621", "<ceb:preNo>1</ceb:preNo>", "<ceb:preNo></ceb:preNo>", "preNo", ""},
		{"empty fixed currency is the fixed value", "CEB311", "<ceb:currency>142</ceb:currency>", "<ceb:currency/>", "currency", "142"},
		{"comment inside a value", "CEB411", "<ceb:orderNo>1<", "<ceb:orderNo>a<!-- x -->b<?y z?>c<", "orderNo", "abc"},
		{"CDATA", "CEB411", "<ceb:orderNo>1<", "<ceb:orderNo><![CDATA[<&#xD800;>]]><", "orderNo", "<&#xD800;>"},
		{"spaces around a number", "CEB311", "<ceb:freight>1<", "<ceb:freight>\n +1.50\t<", "freight", "+1.50"},
		{"spaces in a text count", "CEB411", "<ceb:orderNo>1<", "<ceb:orderNo> 1 <", "orderNo", " 1 "},
		{"60 Chinese characters", "CEB311", "<ceb:orderNo>1<", "<ceb:orderNo>" + strings.Repeat("单", 60) + "<", "orderNo", strings.Repeat("单", 60)},
		{"empty field of a standard value", "CEB303", "<ceb:freight>1<", "<ceb:freight><", "freight", "0"},
		{"white space the schema collapses", "CEB603", "<ceb:POD>111<", "<ceb:POD>\t1 \n 1 <", "POD", "1 1"},
		{"byte order mark", "CEB311", "<?xml", "\xef\xbb\xbf<?xml", "currency", "142"},
		{"schema hint", "CEB311", " guid=", ` xmlns:xsi="` + schemaSpace + `" xsi:schemaLocation="a b" guid=`, "currency", "142"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			data := strings.ReplaceAll(fixture(row.kind, nil), row.old, row.new)
			if got := mustParse(t, data).Documents[0].Get(row.field); got != row.want {
				t.Errorf("got %s %q, want %q", row.field, got, row.want)
			}
		})
	}
}

func TestPrefixes(t *testing.T) {
	data := fixture("CEB511", nil)
	prefixed := strings.NewReplacer("ceb:", "x:", "xmlns:ceb", "xmlns:x").Replace(data)
	plain := strings.NewReplacer("ceb:", "", "xmlns:ceb", "xmlns").Replace(data)
	for _, other := range []string{prefixed, plain} {
		got, want := mustParse(t, other), mustParse(t, data)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestEnvelope(t *testing.T) {
	set := values{"BaseSubscribe": present, "ExtendMessage": present, "Message": "<x><y/>text</x>"}
	mustParse(t, fixture("CEB311", set))
	set["Message"] = "<x/><y/>"
	wantFault(t, fixture("CEB311", set), OutOfOrder, "ExtendMessage/Message/y")
	set["Message"] = "text"
	wantFault(t, fixture("CEB311", set), UnknownElement, "ExtendMessage/Message/text()")
}

func wantFault(t *testing.T, data, kind, field string) {
	t.Helper()
	faults := faultsOf(t, data)
	if len(faults) != 1 || faults[0].Kind != kind || faults[0].Field != field {
		t.Errorf("got %s %q among %d:\n%v\nwant %s %q", faults[0].Kind, faults[0].Field, len(faults), faults, kind, field)
	}
}

// TestFaults has a row at least for every code word of Parse.
func TestFaults(t *testing.T) {
	head := "Order[0]/OrderHead/"
	rows := []struct {
		name     string
		old, new string // replaced in an order
		kind     string
		field    string
	}{
		{"another root", "ceb:CEB311Message", "ceb:Envelope", NotCEB, ""},
		{"another namespace", cebSpace, "urn:other", NotCEB, ""},
		{"a message of no edition", "ceb:CEB311Message", "ceb:CEB313Message", Unsupported, ""},
		{"GB18030", `encoding="UTF-8"`, `encoding="GB18030"`, Unsupported, ""},
		{"unclosed", "</ceb:CEB311Message>", "", Malformed, ""},
		{"wrong end tag", "</ceb:orderNo>", "</ceb:orderNO>", Malformed, ""},
		{"document type", "<ceb:CEB311Message", "<!DOCTYPE x [<!ENTITY a 'b'>]><ceb:CEB311Message", Malformed, ""},
		{"entity", "<ceb:orderNo>1", "<ceb:orderNo>&a;", Malformed, ""},
		{"not UTF-8", "<ceb:orderNo>1", "<ceb:orderNo>\xb5\xa5", Malformed, ""},
		{"control character", "<ceb:orderNo>1", "<ceb:orderNo>&#x1f;", Malformed, ""},
		{"surrogate", "<ceb:orderNo>1", "<ceb:orderNo>&#xD800;", Malformed, ""},
		{"surrogate in decimal", "<ceb:orderNo>1", "<ceb:orderNo>&#57343;", Malformed, ""},
		{"second root", "</ceb:CEB311Message>", "</ceb:CEB311Message><x/>", Malformed, ""},
		{"text after the root", "</ceb:CEB311Message>", "</ceb:CEB311Message>x", Malformed, ""},
		{"late XML declaration", "<?xml", "\n<?xml", Malformed, ""},
		{"XML 1.1", `version="1.0"`, `version="1.1"`, Malformed, ""},
		{"XML declaration without version", `version="1.0"`, ``, Malformed, ""},
		{"repeated attribute", ` guid="`, ` version="1" guid="`, Malformed, ""},
		{"unknown element", "<ceb:orderNo>", "<ceb:extra/><ceb:orderNo>", UnknownElement, head + "extra"},
		{"element of no namespace", "<ceb:orderNo>1</ceb:orderNo>", "<ceb:orderNo>1</ceb:orderNo><orderNo/>", UnknownElement, head + "orderNo"},
		{"element inside a value", "<ceb:orderNo>1", "<ceb:orderNo>1<ceb:b>c</ceb:b>", UnknownElement, head + "orderNo/b"},
		{"text between elements", "<ceb:orderNo>", "x<ceb:orderNo>", UnknownElement, head + "text()"},
		{"unknown attribute", "<ceb:orderNo>", "<ceb:orderNo a='b'>", UnknownElement, head + "orderNo/@a"},
		{"xsi:nil", "<ceb:orderNo>", "<ceb:orderNo xmlns:xsi='" + schemaSpace + "' xsi:nil='false'>", UnknownElement, head + "orderNo/@nil"},
		{"qualified attribute", " guid=", " ceb:guid='' guid=", UnknownElement, "@guid"},
		{"missing field", "<ceb:orderNo>1</ceb:orderNo>", "", MissingElement, head + "orderNo"},
		{"missing attribute", ` version="1"`, "", MissingElement, "@version"},
		{"swapped", "<ceb:orderNo>1</ceb:orderNo>\n<ceb:ebpCode>1</ceb:ebpCode>", "<ceb:ebpCode>1</ceb:ebpCode><ceb:orderNo>1</ceb:orderNo>", OutOfOrder, head + "orderNo"},
		{"twice", "<ceb:orderNo>1</ceb:orderNo>", "<ceb:orderNo>1</ceb:orderNo><ceb:orderNo>1</ceb:orderNo>", OutOfOrder, head + "orderNo"},
		{"61 characters", "<ceb:orderNo>1<", "<ceb:orderNo>" + strings.Repeat("单", 61) + "<", TooLong, head + "orderNo"},
		{"6 decimals", "<ceb:freight>1<", "<ceb:freight>1.000001<", TooLong, head + "freight"},
		{"20 digits", "<ceb:freight>1<", "<ceb:freight>12345678901234567890<", TooLong, head + "freight"},
		{"required text empty", "<ceb:orderNo>1<", "<ceb:orderNo><", WrongLength, head + "orderNo"},
		{"short guid", ` guid="1`, ` guid="`, WrongLength, "@guid"},
		{"optional fixed length empty", "<ceb:consigneeDistrict>111111<", "<ceb:consigneeDistrict><", WrongLength, head + "consigneeDistrict"},
		{"word for a number", "<ceb:freight>1<", "<ceb:freight>1e3<", NotANumber, head + "freight"},
		{"empty number", "<ceb:freight>1</ceb:freight>", "<ceb:freight/>", NotANumber, head + "freight"},
		{"decimal line number", "<ceb:gnum>1<", "<ceb:gnum>1.0<", NotANumber, "Order[0]/OrderList[0]/gnum"},
		{"33 bits", "<ceb:gnum>1<", "<ceb:gnum>2147483648<", TooLarge, "Order[0]/OrderList[0]/gnum"},
		{"no time", "<ceb:appTime>20260315153555<", "<ceb:appTime>20260230153555<", NotATime, head + "appTime"},
		{"dollars", "<ceb:currency>142<", "<ceb:currency>502<", NotAllowed, head + "currency"},
		{"beyond Decimal", "<ceb:freight>1<", "<ceb:freight>99999999999999.99999<", TooLarge, head + "freight"},
		{"100 lines", "<ceb:OrderList>", strings.Repeat("<ceb:OrderList>"+lineOf()+"</ceb:OrderList>", 99) + "<ceb:OrderList>", TooLarge, "Order[0]/OrderList[99]"},
		{"too deep", "<ceb:orderNo>1", "<ceb:orderNo>" + strings.Repeat("<a>", 40), UnknownElement, head + "orderNo/a"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			before := fixture("CEB311", nil)
			after := strings.ReplaceAll(before, row.old, row.new)
			if after == before {
				t.Fatal("the row changes nothing")
			}
			faults := faultsOf(t, after)
			if faults[0].Kind != row.kind || faults[0].Field != row.field {
				t.Errorf("got %s %q: %v\nwant %s %q", faults[0].Kind, faults[0].Field, faults, row.kind, row.field)
			}
		})
	}
}

func lineOf() string {
	data := fixture("CEB311", nil)
	_, data, _ = strings.Cut(data, "<ceb:OrderList>")
	data, _, _ = strings.Cut(data, "</ceb:OrderList>")
	return data
}

func TestMissingSignature(t *testing.T) {
	for _, kind := range kinds {
		_, err := Parse([]byte(fixture(kind, values{"Signature": absent})))
		if refused := err != nil; refused != (kind == "CEB621") {
			t.Errorf("%s without signature: %v", kind, err)
		}
	}
	wantFault(t, fixture("CEB621", values{"CanonicalizationMethod": absent}), MissingElement, "Signature/SignedInfo/CanonicalizationMethod")
	wantFault(t, fixture("CEB621", values{"Signature": absent}), Unsigned, "Signature")
	if _, err := ParseUnsigned([]byte(fixture("CEB621", values{"Signature": absent}))); err != nil {
		t.Errorf("unsigned: %v", err)
	}
	faults := faultsOf(t, fixture("CEB621", values{"@Algorithm": absent}))
	if got, want := faults[1].Field, "Signature/SignedInfo/SignatureMethod/@Algorithm"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMissingEnvelope(t *testing.T) {
	wantFault(t, fixture("CEB411", values{"BaseTransfer": absent}), MissingElement, "BaseTransfer")
	wantFault(t, fixture("CEB411", values{"Payment": absent}), MissingElement, "Payment")
	wantFault(t, fixture("CEB411", values{"PaymentHead": absent}), MissingElement, "Payment[0]/PaymentHead")
}

func TestLimits(t *testing.T) {
	wantFault(t, strings.Repeat(" ", MaxSize+1), TooLarge, "")
	deep := fixture("CEB311", values{"Signature": present, "KeyInfo": strings.Repeat("<a>", 31) + strings.Repeat("</a>", 31)})
	wantFault(t, deep, TooLarge, "")
	wantFault(t, "", Malformed, "")

	faults := faultsOf(t, strings.Replace(fixture("CEB311", nil), "<ceb:orderNo>", strings.Repeat("<ceb:extra/>", 1000)+"<ceb:orderNo>", 1))
	if len(faults) != MaxErrors || !strings.HasSuffix(faults.Error(), "there may be more faults") {
		t.Errorf("got %d faults ending %q", len(faults), faults.Error()[len(faults.Error())-80:])
	}
}

func TestAllFaults(t *testing.T) {
	faults := faultsOf(t, fixture("CEB411", values{"payCode": absent, "orderNo": "", "amountPaid": "x", "payTime": "yesterday, 4pm"}))
	var got []string
	for _, fault := range faults {
		got = append(got, fault.Kind+" "+local(fault.Field))
	}
	want := "WrongLength orderNo, NotANumber amountPaid, NotATime payTime, MissingElement payCode"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestErrorText(t *testing.T) {
	data := duplicate(t, fixture("CEB311", nil), "Order")
	long := "<ceb:orderNo>" + strings.Repeat("9", 71) + "<"
	second := strings.LastIndex(data, "<ceb:orderNo>1<")
	data = data[:second] + long + data[second+len("<ceb:orderNo>1<"):]
	line := 1 + strings.Count(data[:second], "\n")

	_, err := Parse([]byte(data))
	if want := fmt.Sprintf("Order[1]/OrderHead/orderNo (line %d): 71 characters, at most 60", line); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var fault *Error
	if !errors.As(err, &fault) || fault.Kind != TooLong || fault.Line != line {
		t.Errorf("got %+v", fault)
	}
	rows := []struct {
		fault Error
		want  string
	}{
		{Error{Field: "a", Detail: "b"}, "a: b"},
		{Error{Line: 3, Detail: "b"}, "line 3: b"},
		{Error{Detail: "b"}, "b"},
	}
	for _, row := range rows {
		if got := row.fault.Error(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
