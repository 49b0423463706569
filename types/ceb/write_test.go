package ceb

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// again writes a message and reads it, which must give the same message, and the same bytes the second time.
func again(t testing.TB, m *Message) []byte {
	t.Helper()
	data := mustWrite(t, m)
	got := mustParse(t, string(data))
	if !reflect.DeepEqual(got, m) {
		t.Fatalf("got  %+v\nwant %+v", got, m)
	}
	if second := mustWrite(t, got); string(second) != string(data) {
		t.Fatalf("got  %s\nwant %s", second, data)
	}
	return data
}

func mustWrite(t testing.TB, m *Message) []byte {
	t.Helper()
	data, err := Write(m)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return data
}

// TestWrite writes a message of each kind, which the schema must accept.
func TestWrite(t *testing.T) {
	written := map[string]string{}
	for _, kind := range Kinds() {
		data := changed(kind, complete, nil)
		data = duplicateLines(t, kind, data)
		written[kind] = string(again(t, mustParse(t, data)))
	}
	for folder, direction := range folders {
		t.Run(folder, func(t *testing.T) {
			judge := newJudge(t, direction)
			var files, named []string
			for kind, data := range written {
				if belongs(kind, folder) {
					files, named = append(files, data), append(named, kind)
				}
			}
			for i, valid := range judge.valid(t, files) {
				if !valid {
					t.Errorf("the schema refuses this %s:\n%s", named[i], files[i])
				}
			}
		})
	}
}

// duplicateLines gives the document of a fixture a second line, where its kind has lines.
func duplicateLines(t *testing.T, kind, data string) string {
	document := &messageNamed(kind).root.children[0]
	if !document.divided() || len(document.children) == 1 {
		return data
	}
	return duplicate(t, data, document.children[1].name)
}

func TestWriteLayout(t *testing.T) {
	m := &Message{
		Kind: "CEB412", GUID: strings.Repeat("A", 36), Version: "1.0",
		Documents: []Document{{Kind: "CEB412", Head: []Field{
			{"returnInfo", "<单>&\r\n\t\""}, {"PaymentReturn/returnTime", "20260315153555001"}, {"returnStatus", "2"},
			{"payTransactionId", " N "}, {"payCode", "1"}, {"guid", strings.Repeat("B", 36)},
		}}},
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<ceb:CEB412Message xmlns:ceb="http://www.chinaport.gov.cn/ceb" guid="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" version="1.0">
	<ceb:PaymentReturn>
		<ceb:guid>BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB</ceb:guid>
		<ceb:payCode>1</ceb:payCode>
		<ceb:payTransactionId> N </ceb:payTransactionId>
		<ceb:returnStatus>2</ceb:returnStatus>
		<ceb:returnTime>20260315153555001</ceb:returnTime>
		<ceb:returnInfo>&lt;单&gt;&amp;&#xD;&#xA;&#x9;&quot;</ceb:returnInfo>
	</ceb:PaymentReturn>
</ceb:CEB412Message>
`
	if got := string(mustWrite(t, m)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := mustParse(t, want).Documents[0].Get("returnInfo"); got != "<单>&\r\n\t\"" {
		t.Errorf("got %q", got)
	}
}

// TestWriteTypes writes values that a type changes.
func TestWriteTypes(t *testing.T) {
	m := mustParse(t, fixture("CEB603", nil))
	d := &m.Documents[0]
	for i, f := range d.Head {
		switch local(f.Path) {
		case "freight":
			d.Head[i].Value = " 1.50\n"
		case "fFlag":
			d.Head[i].Value = ""
		case "trafMode":
			d.Head[i].Value = " 5 "
		}
	}
	got := &mustParse(t, string(mustWrite(t, m))).Documents[0]
	if got.Get("freight") != "1.50" || got.Get("fFlag") != "3" || got.Get("trafMode") != "5" {
		t.Errorf("got %q %q %q", got.Get("freight"), got.Get("fFlag"), got.Get("trafMode"))
	}
}

// TestWriteVerbatim writes parts of a file whose root declares their namespaces.
func TestWriteVerbatim(t *testing.T) {
	set := values{"ExtendMessage": present, "Signature": present, "Message": `<ds:x ceb:y="&lt;">z</ds:x>`, "@Algorithm": "urn:sm2"}
	m := mustParse(t, fixture("CEB621", set))
	if got, want := string(m.Extension), `<ceb:ExtendMessage xmlns:ceb="`+cebSpace+`" xmlns:ds="`+signatureSpace+`">`; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want it to begin %s", got, want)
	}
	if got, want := string(m.Signature), `<ds:Signature xmlns:ds="`+signatureSpace+`">`; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "</ds:Signature>") {
		t.Errorf("got %s, want it to begin %s", got, want)
	}
	again(t, m)
}

func TestWriteUnsigned(t *testing.T) {
	m := mustParse(t, fixture("CEB621", nil))
	m.Signature = nil
	data := mustWrite(t, m)
	wantFault(t, string(data), Unsigned, "Signature")
	got, err := ParseUnsigned(data)
	if m.SignatureMethod = ""; err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("got  %+v %v\nwant %+v", got, err, m)
	}
}

func TestWriteRefuses(t *testing.T) {
	order := func(d *Document) *[]Field { return &d.Head }
	drop := func(fields *[]Field, name string) {
		*fields = slices.DeleteFunc(*fields, func(f Field) bool { return local(f.Path) == name })
	}
	set := func(fields *[]Field, name, value string) {
		at := slices.IndexFunc(*fields, func(f Field) bool { return local(f.Path) == name })
		(*fields)[at].Value = value
	}
	add := func(fields *[]Field, path, value string) { *fields = append(*fields, Field{path, value}) }
	rows := []struct {
		name   string
		change func(m *Message, d *Document)
		kind   string
		field  string
	}{
		{"unknown kind", func(m *Message, _ *Document) { m.Kind = "CEB313" }, Unsupported, ""},
		{"short guid", func(m *Message, _ *Document) { m.GUID = "1" }, WrongLength, "@guid"},
		{"no version", func(m *Message, _ *Document) { m.Version = "" }, WrongLength, "@version"},
		{"NUL in the version", func(m *Message, _ *Document) { m.Version = "\x00" }, Malformed, "@version"},
		{"no document", func(m *Message, _ *Document) { m.Documents = nil }, MissingElement, "Order"},
		{"101 documents", func(m *Message, d *Document) { m.Documents = slices.Repeat([]Document{*d}, 101) }, TooLarge, "Order"},
		{"document of another kind", func(_ *Message, d *Document) { d.Kind = "CEB411" }, NotAllowed, "Order[0]"},
		{"no lines", func(_ *Message, d *Document) { d.Lines = nil }, MissingElement, "Order[0]/OrderList"},
		{"100 lines", func(_ *Message, d *Document) { d.Lines = slices.Repeat([][]Field{bare(d.Lines[0])}, 100) }, TooLarge, "Order[0]/OrderList"},
		{"missing field", func(_ *Message, d *Document) { drop(order(d), "orderNo") }, MissingElement, "Order[0]/OrderHead/orderNo"},
		{"empty field", func(_ *Message, d *Document) { set(order(d), "orderNo", "") }, WrongLength, "Order[0]/OrderHead/orderNo"},
		{"long field", func(_ *Message, d *Document) { set(order(d), "orderNo", strings.Repeat("单", 61)) }, TooLong, "Order[0]/OrderHead/orderNo"},
		{"word for a number", func(_ *Message, d *Document) { set(&d.Lines[0], "qty", "many") }, NotANumber, "Order[0]/OrderList[0]/qty"},
		{"no time", func(_ *Message, d *Document) { set(order(d), "appTime", "20260230000000") }, NotATime, "Order[0]/OrderHead/appTime"},
		{"dollars", func(_ *Message, d *Document) { set(order(d), "currency", "502") }, NotAllowed, "Order[0]/OrderHead/currency"},
		{"control character", func(_ *Message, d *Document) { set(order(d), "note", "\x1f") }, Malformed, "Order[0]/OrderHead/note"},
		{"not UTF-8", func(_ *Message, d *Document) { set(order(d), "note", "\xb5\xa5") }, Malformed, "Order[0]/OrderHead/note"},
		{"unknown field", func(_ *Message, d *Document) { add(order(d), "colour", "red") }, UnknownElement, "Order[0]/OrderHead/colour"},
		{"field of another group", func(_ *Message, d *Document) { d.Head[0].Path = "PaymentHead/guid" }, MissingElement, "Order[0]/OrderHead/guid"},
		{"end of a name", func(_ *Message, d *Document) { add(order(d), "OrderHead/xnote", "") }, UnknownElement, "Order[0]/OrderHead/OrderHead/xnote"},
		{"line of another number", func(_ *Message, d *Document) { d.Lines[0][0].Path = "OrderList[1]/gnum" }, MissingElement, "Order[0]/OrderList[0]/gnum"},
		{"field twice", func(_ *Message, d *Document) { add(order(d), "note", "") }, OutOfOrder, "Order[0]/OrderHead/note"},
		{"transfer without code", func(m *Message, _ *Document) { m.Transfer.CopCode = "" }, WrongLength, "BaseTransfer/copCode"},
		{"6 subscriptions", func(m *Message, _ *Document) { m.Subscriptions = make([]BaseSubscribe, 6) }, TooLarge, "BaseSubscribe"},
		{"subscription without mode", func(m *Message, _ *Document) { m.Subscriptions = make([]BaseSubscribe, 1) }, WrongLength, "BaseSubscribe[0]/dxpMode"},
		{"signature of nothing", func(m *Message, _ *Document) { m.Signature = []byte{} }, Malformed, "Signature"},
		{"other element for a signature", func(m *Message, _ *Document) { m.Signature = []byte("<Signature/>") }, UnknownElement, "Signature"},
		{"half a signature", func(m *Message, _ *Document) { m.Signature = []byte("<Signature xmlns='" + signatureSpace + "'/>") }, MissingElement, "Signature/SignedInfo"},
		{"more than an extension", func(m *Message, _ *Document) {
			m.Extension = []byte("<e:ExtendMessage xmlns:e='" + cebSpace + "'><e:name/><e:version/><e:Message/></e:ExtendMessage><e/>")
		}, Malformed, "ExtendMessage"},
		{"prefix of the file in an extension", func(m *Message, _ *Document) { m.Extension = []byte("<ceb:ExtendMessage/>") }, Malformed, "ExtendMessage"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m := mustParse(t, fixture("CEB311", nil))
			row.change(m, &m.Documents[0])
			data, err := Write(m)
			var faults Errors
			if !errors.As(err, &faults) || data != nil {
				t.Fatalf("got %s, %v", data, err)
			}
			if got := faults[0]; got.Kind != row.kind || got.Field != row.field {
				t.Errorf("got %s %q: %v\nwant %s %q", got.Kind, got.Field, faults, row.kind, row.field)
			}
		})
	}
}

// bare leaves only the names of the paths.
func bare(fields []Field) []Field {
	named := slices.Clone(fields)
	for i := range named {
		named[i].Path = local(named[i].Path)
	}
	return named
}

func TestWriteReceiptRefuses(t *testing.T) {
	rows := map[string]func(m *Message){
		"transfer":      func(m *Message) { m.Transfer.Note = "1" },
		"subscriptions": func(m *Message) { m.Subscriptions = make([]BaseSubscribe, 1) },
		"extension":     func(m *Message) { m.Extension = []byte{} },
		"signature":     func(m *Message) { m.Signature = []byte{} },
		"lines":         func(m *Message) { m.Documents[0].Lines = make([][]Field, 1) },
	}
	for name, change := range rows {
		m := mustParse(t, fixture("CEB622", nil))
		change(m)
		var fault *Error
		if _, err := Write(m); !errors.As(err, &fault) || fault.Kind != UnknownElement {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWriteLimits(t *testing.T) {
	m := mustParse(t, fixture("CEB900", nil))
	d := &m.Documents[0]
	d.Head[len(d.Head)-1].Value = strings.Repeat("1", MaxSize)
	var faults Errors
	if _, err := Write(m); !errors.As(err, &faults) || len(faults) != 1 || faults[0].Kind != TooLarge {
		t.Errorf("got %v", err)
	}
	m = mustParse(t, fixture("CEB311", nil))
	m.Documents[0].Head = slices.Repeat([]Field{{"x", ""}}, 2*MaxErrors)
	if _, err := Write(m); !errors.As(err, &faults) || len(faults) != MaxErrors {
		t.Errorf("got %d faults", len(faults))
	}
}
