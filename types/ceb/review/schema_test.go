package review

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types/ceb"
)

// files writes two import orders, the documents of one kind in one file.
func files(t testing.TB, edits ...string) map[string]string {
	t.Helper()
	s := importSet("", "1", buyerOne).with(importSet("B/", "2", buyerTwo)).edit(t, edits...)
	written := map[string]string{}
	for _, kind := range []string{"CEB311", "CEB411", "CEB511", "CEB621"} {
		written[kind] = file(s.documents[kind], s.documents["B/"+kind])
	}
	return written
}

func reviewed(files map[string]string, o Options) *Review {
	r := New(o)
	for name, data := range files {
		r.Add(name+".xml", []byte(data))
	}
	return r
}

// TestSchema breaks one message file in two orders. Each slip is one finding, and the rest of the file is reviewed.
func TestSchema(t *testing.T) {
	rows := []struct {
		name, kind string
		old, new   string
		want       string
		order      string
	}{
		{"clean", "CEB311", "", "", "", ""},
		{"element dropped", "CEB411", "<ceb:payerName>王小明</ceb:payerName>", "", "fault SCHEMA_MISSING CEB411 PaymentHead/payerName payment", "O1"},
		{"element emptied", "CEB411", "<ceb:payerName>王小明</ceb:payerName>", "<ceb:payerName></ceb:payerName>", "fault SCHEMA_LENGTH CEB411 PaymentHead/payerName payment", "O1"},
		{"too long", "CEB511", ">李红<", ">" + strings.Repeat("李", 101) + "<", "fault SCHEMA_LENGTH CEB511 LogisticsHead/consignee logistics", "O1"},
		{"number too long to be that of an order", "CEB411", ">O1<", ">O1" + strings.Repeat("0", 60) + "<", "fault SCHEMA_LENGTH CEB411 PaymentHead/orderNo payment", "O1"},
		{"no order number", "CEB621", "<ceb:orderNo>O1</ceb:orderNo>", "", "fault SCHEMA_MISSING CEB621 InventoryHead/orderNo declarant", "O1"},
		{"waybill without order number", "CEB511", "<ceb:orderNo>O2</ceb:orderNo>", "", "fault SCHEMA_MISSING CEB511 LogisticsHead/orderNo logistics", "O2"},
		{"letters in an amount", "CEB411", ">208.75<", ">208.7S<", "fault SCHEMA_NUMBER CEB411 PaymentHead/amountPaid payment", "O1"},
		{"no day of the calendar", "CEB411", ">20260301100030<", ">20260230100030<", "fault SCHEMA_TIME CEB411 PaymentHead/payTime payment", "O1"},
		{"fixed value", "CEB511", "<ceb:currency>142<", "<ceb:currency>502<", "fault SCHEMA_VALUE CEB511 LogisticsHead/currency logistics", "O1"},
		{"field of a line", "CEB621", "<ceb:gcode>2101200000<", "<ceb:gcode>2101<", "fault SCHEMA_LENGTH CEB621 InventoryList[0]/gcode declarant", "O1"},
		{"misspelt", "CEB511", "<ceb:consignee>李红</ceb:consignee>", "<ceb:consingee>李红</ceb:consingee>", "fault SCHEMA_UNKNOWN CEB511 LogisticsHead/consingee logistics", "O1"},
		{"stranger", "CEB411", "<ceb:payTime>", "<ceb:pay>1</ceb:pay><ceb:payTime>", "fault SCHEMA_UNKNOWN CEB411 PaymentHead/pay payment", "O1"},
		{"swapped", "CEB311", "<ceb:freight>10</ceb:freight>\n<ceb:discount>20</ceb:discount>", "<ceb:discount>20</ceb:discount>\n<ceb:freight>10</ceb:freight>", "fault SCHEMA_ORDER CEB311 OrderHead/freight platform", "O1"},
		{"breaks off", "CEB411", "<ceb:payTime>", "<ceb:payTime", "fault XML CEB411  payment", "O1"},
		{"text before it", "CEB411", "<?xml", "rubbish<?xml", "fault XML CEB411  payment", ""},
		{"required by trade mode, but too long", "CEB621", "<ceb:billNo>M1<", "<ceb:billNo>" + strings.Repeat("M", 38) + "<", "fault SCHEMA_LENGTH CEB621 InventoryHead/billNo declarant", "O1"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			set := files(t)
			broken := strings.Replace(set[row.kind], row.old, row.new, 1)
			if row.old != row.new && broken == set[row.kind] {
				t.Fatal("nothing was changed")
			}
			set[row.kind] = broken
			findings := reviewed(set, Options{}).Findings()
			if got := strings.Join(brief(findings), ", "); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			for _, f := range findings {
				if f.Severity == Fault && (f.Order != row.order || f.Line == 0 || f.English == "" || f.Chinese == "") {
					t.Errorf("order %q, line %d, text %q %q", f.Order, f.Line, f.English, f.Chinese)
				}
			}
		})
	}
}

// TestOneSlip spoils the form of every element of a message in three ways. That is one fault at most, of that file.
func TestOneSlip(t *testing.T) {
	clean := files(t)
	found := 0
	for kind, text := range clean {
		for _, element := range elements.FindAllStringSubmatchIndex(text, -1) {
			name := text[element[2]:element[3]]
			if name == "copCode" || name == "copName" || strings.HasPrefix(name, "dxp") {
				continue // the sender, not a document
			}
			for _, slip := range []string{"", "<ceb:" + name + "></ceb:" + name + ">", "<ceb:" + name + ">" + strings.Repeat("9", 600) + "</ceb:" + name + ">"} {
				set := maps.Clone(clean)
				set[kind] = text[:element[0]] + slip + text[element[1]:]
				var faults []string
				for _, f := range reviewed(set, Options{}).Findings() {
					if f.Severity == Fault {
						faults = append(faults, f.Fault+" "+f.File+" "+f.Field)
					}
				}
				if found += len(faults); len(faults) > 1 || len(faults) == 1 && !strings.Contains(faults[0], kind) {
					t.Errorf("%s %s %.20q: got %q", kind, name, slip, faults)
				}
			}
		}
	}
	if found < 300 {
		t.Errorf("only %d slips are faults", found)
	}
}

var elements = regexp.MustCompile(`<ceb:(\w+)>[^<]*</ceb:\w+>`)

// TestBesideSchema finds a business fault in a file that has a schema fault elsewhere.
func TestBesideSchema(t *testing.T) {
	set := files(t, "B/CEB411 amountPaid=1")
	set["CEB411"] = strings.Replace(set["CEB411"], "20260301100030", "2026030110003", 1)
	got := strings.Join(brief(reviewed(set, Options{}).Findings()), ", ")
	want := "fault SCHEMA_LENGTH CEB411 PaymentHead/payTime payment, fault AMOUNT CEB411 PaymentHead/amountPaid payment"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSignature(t *testing.T) {
	unsigned := files(t)
	unsigned["CEB621"] = strings.Replace(unsigned["CEB621"], signature, "", 1)
	bad := func([]byte) (int, error) { return 1004, errors.New("digest differs") }
	rows := []struct {
		name     string
		files    map[string]string
		options  Signatures
		severity string // of the finding, "" for none
		official int
	}{
		{"present", files(t), Signatures{}, "", 0},
		{"absent", unsigned, Signatures{}, Note, 0},
		{"absent, and that matters", unsigned, Signatures{Severity: Fault}, Fault, 0},
		{"bad", files(t), Signatures{Severity: Fault, Verify: bad}, Fault, 1004},
		{"good", files(t), Signatures{Severity: Fault, Verify: func([]byte) (int, error) { return 0, nil }}, "", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			findings := reviewed(row.files, Options{Signatures: row.options}).Findings()
			if row.severity == "" {
				if len(findings) != 0 {
					t.Errorf("got %+v", findings)
				}
				return
			}
			if len(findings) != 1 || findings[0].Fault != "SIGNATURE" || findings[0].Severity != row.severity || findings[0].Official != row.official || findings[0].File != "CEB621.xml" {
				t.Errorf("got %+v", findings)
			}
		})
	}
}

func TestParcels(t *testing.T) {
	s := exportSet("", "1").with(exportSet("B/", "2")).edit(t, "CEB603 logisticsNo=L8", "B/CEB603 logisticsNo=L9", "B/CEB505 grossWeight=1.1", "B/CEB603 grossWeight=1.1")
	r := s.review(Options{})
	r.Add("parcels.csv", []byte("logisticsCode,logisticsNo,ebpCode,orderNo\n3301960004,L1,3301960001,O1\n3301960004,L2,3301960001,O2\n"))
	compare(t, r.Findings(), []string{
		"fault WAYBILL_NUMBER CEB603 InventoryHead/logisticsNo declarant", "fault WAYBILL_NUMBER B/CEB603 InventoryHead/logisticsNo declarant",
	})
}

func TestNotAMessage(t *testing.T) {
	r := New(Options{})
	r.Add("readme.txt", []byte("hello"))
	if f := r.Findings(); len(f) != 1 || f[0].Severity != Note || f[0].Fault != "NOT_A_MESSAGE" {
		t.Errorf("got %+v", f)
	}
}

// TestSamples reviews the official samples. They contradict each other, so that only the form of the answer is checked.
func TestSamples(t *testing.T) {
	names, err := filepath.Glob("../../../../shared/data/ceb/samples-*/*.xml")
	if err != nil || len(names) == 0 {
		t.Skip("the official samples are not here")
	}
	r := New(Options{})
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r.Add(filepath.Base(name), data)
	}
	if r.Summary().Faults == 0 {
		t.Error("no faults, though packNo is 6000 in the samples")
	}
	for _, f := range r.Findings() {
		if f.File == "" || f.Party == "" || f.English == "" || f.Chinese == "" || strings.Contains(f.English+f.Chinese, "{") {
			t.Errorf("incomplete: %+v", f)
		}
	}
}

// FuzzReview takes two files. Whatever they hold, the review ends, and says the same in either order.
func FuzzReview(f *testing.F) {
	set := files(f)
	f.Add([]byte(set["CEB311"]), []byte(set["CEB411"]))
	f.Add([]byte(set["CEB511"]), []byte(set["CEB621"]))
	f.Add([]byte(set["CEB311"]), []byte(set["CEB621"]))
	f.Add([]byte("logisticsCode,logisticsNo,ebpCode,orderNo\n1,2,3,4"), []byte(set["CEB621"][:400]))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		ahead, back := New(Options{}), New(Options{})
		ahead.Add("1.xml", one)
		ahead.Add("2.xml", two)
		back.Add("2.xml", two)
		back.Add("1.xml", one)
		a, b := ahead.Findings(), back.Findings()
		if !equal(a, b) {
			t.Errorf("got %+v\nand %+v", a, b)
		}
	})
}

// FuzzReadRates reads any table of rates.
func FuzzReadRates(f *testing.F) {
	f.Add([]byte("gcode,vat,consumption,from,until\n2101,13,0,2020-01-01,\n"))
	f.Add([]byte(`[{"gcode":"2101","vat":13,"consumption":"15"}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadRates(data)
		if (r == nil) == (err == nil) {
			t.Errorf("got %v, %v", r, err)
		}
	})
}

func BenchmarkReview(b *testing.B) {
	documents := importSet("", "1", buyerOne)
	b.Run("parse and review", func(b *testing.B) {
		var set []string
		for _, label := range documents.labels {
			set = append(set, file(documents.documents[label]))
		}
		b.ReportAllocs()
		for b.Loop() {
			r := New(Options{})
			for i, data := range set {
				r.Add(documents.labels[i], []byte(data))
			}
			if s := r.Summary(); s.Faults > 0 || s.Complete != 1 {
				b.Fatalf("got %+v", s)
			}
		}
	})
	b.Run("review", func(b *testing.B) {
		var messages []*ceb.Message
		for _, label := range documents.labels {
			d := documents.documents[label]
			messages = append(messages, &ceb.Message{Kind: d.Kind, Documents: []ceb.Document{*d}, SignatureMethod: "sm2"})
		}
		b.ReportAllocs()
		for b.Loop() {
			r := New(Options{})
			for i, m := range messages {
				r.AddMessage(documents.labels[i], m)
			}
			if s := r.Summary(); s.Faults > 0 || s.Complete != 1 {
				b.Fatalf("got %+v", s)
			}
		}
	})
}
