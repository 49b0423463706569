package review

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types/ceb"
)

func equal(a, b []Finding) bool {
	return reflect.DeepEqual(a, b) || len(a)+len(b) == 0
}

// troubled is a set with faults of every sort, to see whether the order of things changes what is said.
func troubled(t testing.TB) *set {
	return importSet("", "1", buyerOne).with(importSet("B/", "2", buyerTwo)).with(exportSet("E/", "3")).with(exportSet("F/", "4")).edit(t,
		"CEB311#2 from CEB311", "CEB311#2 goodsValue=7", "CEB411 amountPaid=1", "CEB511#2 from CEB511", "CEB511#2 packNo=3",
		"B/CEB511 logisticsNo=L1", "B/CEB411 payTransactionId=P1", "B/CEB621 orderNo=O7", "B/CEB311 buyerName=赵大",
		"CEB621#2 from CEB621", "CEB621#2 customsCode=1111", "CEB621[1] qty=9", "E/CEB603 logisticsNo=L4", "-F/CEB403", "F/CEB303 appStatus=1",
		"B/CEB411 guid="+guid("B1"), "B/CEB621 appType=2")
}

// TestOrderOfThings adds the documents of a set in many orders and in few or many messages of one file.
func TestOrderOfThings(t *testing.T) {
	base := troubled(t)
	var want []string
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		s := &set{labels: slices.Clone(base.labels), documents: base.documents}
		random.Shuffle(len(s.labels), func(i, j int) { s.labels[i], s.labels[j] = s.labels[j], s.labels[i] })
		r := New(Options{})
		for _, message := range messages(s, 1+round%4) {
			r.AddMessage("file", message)
		}
		got := []string{}
		for _, f := range r.Findings() {
			text, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(text))
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: got\n%s\nwant\n%s", round, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if len(want) < 10 {
		t.Errorf("only %d findings", len(want))
	}
}

// messages puts the documents of each kind into messages of at most n.
func messages(s *set, n int) []*ceb.Message {
	var all []*ceb.Message
	for _, label := range s.labels {
		d := *clone(s.documents[label])
		i := slices.IndexFunc(all, func(m *ceb.Message) bool { return m.Kind == d.Kind && len(m.Documents) < n })
		if i < 0 {
			all = append(all, &ceb.Message{Kind: d.Kind, SignatureMethod: "sm2"})
			i = len(all) - 1
		}
		all[i].Documents = append(all[i].Documents, d)
	}
	return all
}

// TestOneChange changes every field of two orders, one at a time. However many documents a field is compared with, that
// is one fault at most, and one of that order.
func TestOneChange(t *testing.T) {
	base := func() *set {
		return importSet("", "1", buyerOne).with(importSet("B/", "2", buyerTwo)).with(exportSet("E/", "3")).with(exportSet("F/", "4"))
	}
	found := 0
	for _, label := range base().labels {
		for i, field := range base().documents[label].Fields() {
			s := base()
			value := spoilt(field.Value)
			if d := s.documents[label]; i < len(d.Head) {
				d.Head[i].Value = value
			} else {
				spoil(d, field.Path, value)
			}
			var faults []string
			for _, f := range s.review(Options{}).Findings() {
				if f.Severity == Fault {
					faults = append(faults, f.Fault+" "+f.File+" "+f.Field)
				}
			}
			if found += len(faults); len(faults) > 1 {
				t.Errorf("%s %s %s → %s: got %q", label, field.Path, field.Value, value, faults)
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d changes are faults", found)
	}
}

// spoilt is another value of the same form, where there is one.
func spoilt(value string) string {
	if d, err := ceb.ParseDecimal(value); err == nil && len(value) < 9 {
		return (d + unit).String()
	}
	if len(value) == 14 {
		return "2027" + value[4:]
	}
	runes := []rune(value)
	return string(runes[:len(runes)-1]) + "8"
}

func spoil(d *ceb.Document, path, value string) {
	for _, line := range d.Lines {
		for i := range line {
			if line[i].Path == path {
				line[i].Value = value
			}
		}
	}
}

// TestTwiceTheSame adds a set twice, and asks twice.
func TestTwiceTheSame(t *testing.T) {
	once, twice := New(Options{}), New(Options{})
	for _, m := range messages(troubled(t), 2) {
		once.AddMessage("file", m)
		twice.AddMessage("file", m)
		twice.AddMessage("file", m)
	}
	if !equal(once.Findings(), twice.Findings()) || !equal(once.Findings(), once.Findings()) {
		t.Errorf("got %q\nand %q", brief(once.Findings()), brief(twice.Findings()))
	}
}

// TestMany reviews many clean orders of both directions at once.
func TestMany(t *testing.T) {
	r := New(Options{})
	const orders = 200
	for i := range orders {
		number := strconv.Itoa(100 + i)
		buyer := "33990019" + strconv.Itoa(60+i%30) + "0101" + number // of 17 digits
		buyer += string(checkCharacter(buyer))
		s := importSet("", number, buyer)
		if i%4 == 3 {
			s = exportSet("", number)
		}
		for _, m := range messages(s, 1) {
			r.AddMessage(m.Kind+"-"+number, m)
		}
	}
	if s := r.Summary(); len(r.Findings()) > 0 || s.Orders != orders || s.Complete != orders || s.Documents["CEB311"] != orders*3/4 || s.Files != 4*orders {
		t.Errorf("got %+v, %q", s, brief(r.Findings()))
	}
}

// TestOwnFile is a company that reviews only what it sends: the other documents are not missing.
func TestOwnFile(t *testing.T) {
	for _, kind := range []string{"CEB311", "CEB411", "CEB511", "CEB621"} {
		s := importSet("", "1", buyerOne)
		s.labels = []string{kind}
		if f := s.review(Options{}).Findings(); len(f) > 0 {
			t.Errorf("%s: got %+v", kind, f)
		}
	}
}

func TestText(t *testing.T) {
	f := importSet("", "1", buyerOne).edit(t, "CEB411 amountPaid=129").review(Options{}).Findings()
	if len(f) != 1 {
		t.Fatalf("got %+v", f)
	}
	want := Finding{
		Severity: Fault, Rule: "M3", Fault: "AMOUNT", File: "CEB411.xml", Kind: "CEB411", Order: "O1", Platform: "3301960001",
		Field: "PaymentHead/amountPaid", Value: "129", Other: &Place{"CEB311.xml", "CEB311", "OrderHead/acturalPaid", "208.75"},
		Party: Payer, Company: "3301960003 钱塘支付",
		English: "CEB411 PaymentHead/amountPaid is 129, but the order was paid with 208.75 (CEB311 OrderHead/acturalPaid). Payment company: report 208.75; a coupon belongs into the order's discount.",
		Chinese: "CEB411 PaymentHead/amountPaid为129，但订单实际支付金额为208.75（CEB311 OrderHead/acturalPaid）。支付企业：请申报208.75；优惠券应计入订单非现金抵扣金额。",
	}
	if !reflect.DeepEqual(f[0], want) {
		t.Errorf("got  %+v\nwant %+v", f[0], want)
	}
}

// TestOfficialCodes are those of section 7 of the specification.
func TestOfficialCodes(t *testing.T) {
	for fault, want := range map[string]int{
		"ORDER_TWICE": -301010, "PAYMENT_TWICE": -401007, "WAYBILL_TWICE": -504015, "LIST_TWICE": -621004, "LIMIT_SINGLE": -621005,
		"LIMIT_ANNUAL": -621018, "ORDER_MISSING": -301003, "PAYMENT_MISSING": -401004, "OLD_MESSAGE": -301014, "RETURN_LINE": -625209,
	} {
		if got := wordOf(fault).official; got != want {
			t.Errorf("%s: got %d, want %d", fault, got, want)
		}
	}
}

// TestWords asks that the table has each word once, and a story for each.
func TestWords(t *testing.T) {
	stories := ""
	for _, name := range []string{"story_test.go", "schema_test.go"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		stories += string(data)
	}
	all := Words()
	for i, word := range all {
		if slices.Contains(all[:i], word) {
			t.Errorf("%s twice", word)
		}
		told := strings.Contains(stories, " "+word+" ") || strings.Contains(stories, `"`+word+`"`)
		if !told && word != "LIST_MISSING" {
			t.Errorf("no story about %s", word)
		}
	}
}

func TestIdentity(t *testing.T) {
	rows := []struct {
		number string
		good   bool
		sure   bool
	}{
		{buyerOne, true, false},
		{buyerTwo, true, false},
		{"11010519491231002X", true, false}, // the example of GB 11643-1999
		{"440524188001010014", true, false}, // another of its examples
		{"110105194912310021", false, false},
		{"11010519491331002X", false, true},
		{"11010519490229002X", false, true},
		{"110105491231002", false, true},
		{"1101051949123100２X", false, true},
		{"33990018791231001X", false, true},
	}
	for _, row := range rows {
		if reason, sure := identity(row.number); (reason.value == "") != row.good || sure != row.sure {
			t.Errorf("%s: got %q, sure %t", row.number, reason.value, sure)
		}
	}
}

func TestMakes(t *testing.T) {
	rows := []struct {
		qty, price, total string
		want              bool
	}{
		{"2", "60", "120", true},
		{"2", "60", "120.01", false},
		{"3", "3.33", "10", false},
		{"3", "3.333", "10", true},
		{"3", "3.33333", "10", true},
		{"3", "3.33333", "10.01", false},
		{"0.333", "20.5", "6.83", true},
		{"0.333", "20.5", "6.8265", true},
		{"0.333", "20.5", "6.84", false},
		{"99999999", "99999999", "1", false},
		{"1", "0", "0", true},
		{"-2", "60", "-120", true},
	}
	for _, row := range rows {
		if got := makes(decimal(t, row.qty), decimal(t, row.price), decimal(t, row.total)); got != row.want {
			t.Errorf("%s × %s = %s: got %t", row.qty, row.price, row.total, got)
		}
	}
}

func decimal(t testing.TB, text string) ceb.Decimal {
	t.Helper()
	d, err := ceb.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestVerdict(t *testing.T) {
	p := func(value string) at { return at{paper: &paper{}, value: value} }
	rows := []struct {
		values []at
		right  string
		wrong  int
	}{
		{nil, "", 0},
		{[]at{p("a"), p("b")}, "a", 1},
		{[]at{p("a"), p("b"), p("b")}, "b", 1},
		{[]at{p("a"), p("b"), p("c")}, "a", 2},
		{[]at{p(""), p("b"), {}}, "b", 0},
	}
	for _, row := range rows {
		if right, wrong := verdict(row.values...); right.value != row.right || len(wrong) != row.wrong {
			t.Errorf("%v: got %q, %d wrong", row.values, right.value, len(wrong))
		}
	}
}

func TestReadRates(t *testing.T) {
	const table = "gcode,vat,consumption,from,until\n33,13,0,,\n3304,13,15,2016-10-01,\n3304,13,30,,20160930\n"
	r, err := ReadRates([]byte(table))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := ReadRates([]byte(`[{"gcode":"33","vat":13},{"gcode":"3304","vat":"13","consumption":15,"from":"20161001"},{"gcode":"3304","vat":13,"consumption":30,"until":"2016-09-30"}]`))
	if err != nil || !reflect.DeepEqual(r, asJSON) {
		t.Errorf("JSON: got %+v, %v", asJSON, err)
	}
	for _, row := range []struct {
		gcode, on   string
		consumption ceb.Decimal
		known       bool
	}{
		{"3301000000", "20200101", 0, true}, {"3304990000", "20161001", 15 * unit, true}, {"3304990000", "20160930", 30 * unit, true}, {"0101000000", "20200101", 0, false},
	} {
		if got, ok := r.of(row.gcode, row.on); ok != row.known || got.consumption != row.consumption {
			t.Errorf("%s: got %+v, %t", row.gcode, got, ok)
		}
	}
	for _, bad := range []string{"", "gcode,vat\nx,13\n", "gcode,vat\n33,100\n", "gcode,vat\n33,-1\n", "gcode,vat\n33,a\n", "gcode,vat,from\n33,1,2020-02-30\n", "[", `[{"gcode":33}]`} {
		if _, err := ReadRates([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestScore(t *testing.T) {
	findings := []Finding{
		{Severity: Fault, Fault: "AMOUNT", Order: "1", Field: "PaymentHead/amountPaid", Party: Payer},
		{Severity: Fault, Fault: "PACKS", Order: "1", Field: "LogisticsHead/packNo", Party: Carrier},
		{Severity: Fault, Fault: "PAID_SUM", Order: "2", Field: "OrderHead/acturalPaid", Party: Platform},
		{Severity: Warning, Fault: "WEIGHT", Order: "9", Field: "InventoryHead/grossWeight", Party: Declarant},
		{Severity: Fault, Fault: "SCHEMA_LENGTH", File: "f.xml", Field: "PaymentHead/payerName", Party: Payer},
		{Severity: Fault, Fault: "BUYER", Order: "8", Field: "InventoryHead/buyerName", Party: Declarant},
	}
	planted := []PlantedFault{
		{Order: "1", Fault: "AMOUNT", Field: "PaymentHead/amountPaid", Party: Payer},
		{Order: "2", Fault: "PAID_SUM", Field: "OrderHead/discount", Party: Payer},
		{Order: "3", Fault: "SCHEMA_MISSING", Field: "PaymentHead/payerName", Party: Payer, File: "f.xml"},
		{Order: "4", Fault: "BUYER", Field: "InventoryHead/buyerName", Party: Declarant},
	}
	s := Score(findings, planted)
	want := Count{Planted: 4, Found: 3, Missed: 1, WrongParty: 1, WrongField: 1, Surplus: 1, FalseAlarms: 1}
	if s.Count != want {
		t.Errorf("got %+v\nwant %+v", s.Count, want)
	}
	if i := slices.IndexFunc(s.Words, func(c Count) bool { return c.Fault == "BUYER" }); i < 0 || s.Words[i] != (Count{Fault: "BUYER", Planted: 1, Missed: 1, FalseAlarms: 1}) {
		t.Errorf("got %+v", s.Words)
	}
}
