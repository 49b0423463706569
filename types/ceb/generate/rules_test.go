package generate

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// rules looks at sets as customs would and says in fault words what is wrong. It recomputes everything from the
// documents and shares no code with what makes them, but for the paths.
type rules struct {
	t                               *testing.T
	guids, orders, payments, labels map[string]string // to the order number that used them first
	years                           map[string]*big.Rat
	found                           []string
}

func newRules(t *testing.T) *rules {
	return &rules{
		t: t, guids: map[string]string{}, orders: map[string]string{}, payments: map[string]string{}, labels: map[string]string{},
		years: map[string]*big.Rat{},
	}
}

// judge returns the words of a set, each once.
func (r *rules) judge(s *Set) []string {
	r.found = nil
	r.present(s)
	r.unique(s)
	if s.Order.Kind != "" {
		r.inOrder(s)
	}
	if s.Order.Kind != "" && s.Payment.Kind != "" {
		r.payment(s)
	}
	if s.Order.Kind != "" && s.Waybill.Kind != "" {
		r.waybill(s)
	}
	if s.Waybill.Kind != "" {
		r.labelled(s)
	}
	r.list(s)
	if s.Order.Kind != "" {
		r.lines(s)
	}
	if s.Import {
		r.limits(s)
	}
	slices.Sort(r.found)
	return slices.Compact(r.found)
}

func (r *rules) wrong(word string, is bool) {
	if is {
		r.found = append(r.found, word)
	}
}

func (r *rules) number(s string) *big.Rat {
	r.t.Helper()
	n, ok := new(big.Rat).SetString(s)
	if !ok {
		r.t.Fatalf("%q is no number", s)
	}
	return n
}

func (r *rules) equal(a, b string) bool { return r.number(a).Cmp(r.number(b)) == 0 }

func (r *rules) sum(terms ...string) *big.Rat {
	total := new(big.Rat)
	for _, term := range terms {
		total.Add(total, r.number(term))
	}
	return total
}

func (r *rules) present(s *Set) {
	r.wrong("ORDER_MISSING", s.Order.Kind == "")
	r.wrong("PAYMENT_MISSING", s.Payment.Kind == "")
	r.wrong("WAYBILL_MISSING", s.Waybill.Kind == "")
	for _, d := range s.Documents() {
		number := d.Get("orderNo")
		r.wrong("NUMBER", number != s.Number && d.Kind != "CEB505")
		r.wrong("PLATFORM", d.Get("ebpCode") != s.Platform && d.Kind != "CEB505" && d.Kind != "CEB511")
		r.wrong("STATUS", d.Get("appType") != "1" || d.Get("appStatus") != "2")
	}
}

// unique finds what is used twice.
func (r *rules) unique(s *Set) {
	first := func(word string, used map[string]string, key string) {
		owner, taken := used[key]
		r.wrong(word, taken && owner != s.Number)
		if !taken {
			used[key] = s.Number
		}
	}
	count := map[string]int{}
	for _, d := range s.Documents() {
		guid := d.Get("guid")
		_, taken := r.guids[guid]
		r.wrong("GUID", taken || guid != strings.ToUpper(guid) || len(guid) != 36)
		r.guids[guid] = s.Number
		count[d.Kind]++
	}
	r.wrong("ORDER_TWICE", count["CEB311"]+count["CEB303"] > 1)
	r.wrong("LIST_TWICE", count["CEB621"]+count["CEB603"] > 1)
	first("ORDER_TWICE", r.orders, s.Platform+s.Number)
	if s.Payment.Kind != "" {
		first("PAYMENT_REUSED", r.payments, s.Payment.Get("payCode")+s.Payment.Get("payTransactionId")+s.Payment.Get("payNo"))
	}
	first("WAYBILL_REUSED", r.labels, s.Waybill.Get("logisticsCode")+cmpOr(s.Waybill.Get("logisticsNo"), s.Number))
	if _, taken := r.labels["copNo"+s.List.Get("copNo")]; taken {
		r.wrong("COP_NO", true)
	}
	r.labels["copNo"+s.List.Get("copNo")] = s.Number
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// inOrder looks at the order alone.
func (r *rules) inOrder(s *Set) {
	o := &s.Order
	goods := new(big.Rat)
	for i := range o.Lines {
		total := value(o, indexed("OrderList", i)+"/totalPrice")
		goods.Add(goods, r.number(total))
		r.wrong("LINE_TOTAL", !r.product(o, indexed("OrderList", i)))
		r.wrong("LINE_TWICE", value(o, indexed("OrderList", i)+"/gnum") != strconv.Itoa(i+1))
	}
	r.wrong("GOODS_SUM", goods.Cmp(r.number(o.Get("goodsValue"))) != 0)
	if !s.Import {
		r.wrong("DIRECTION", o.Get("orderType") != "E")
		return
	}
	r.wrong("DIRECTION", o.Get("orderType") != "I")
	paid := r.sum(o.Get("goodsValue"), o.Get("freight"), o.Get("taxTotal"), "-"+o.Get("discount"))
	r.wrong("PAID_SUM", paid.Cmp(r.number(o.Get("acturalPaid"))) != 0)
	r.wrong("ID_TYPE", o.Get("buyerIdType") != "1")
	r.wrong("ID_NUMBER", checkCharacter(o.Get("buyerIdNumber")[:17]) != o.Get("buyerIdNumber")[17:])
	r.wrong("DISCOUNT", r.number(o.Get("discount")).Sign() < 0 || paid.Sign() <= 0)
	r.wrong("TAX", !r.taxed(s))
}

func (r *rules) product(d *ceb.Document, path string) bool {
	product := new(big.Rat).Mul(r.number(value(d, path+"/qty")), r.number(value(d, path+"/price")))
	return product.Cmp(r.number(value(d, path+"/totalPrice"))) == 0
}

// rates are the invented ones, by tariff code: VAT and consumption tax in percent.
var rates = map[string][2]int64{
	"0902109000": {9, 0}, "1901101010": {13, 0}, "9619001100": {13, 0}, "3304990039": {13, 0}, "3304990029": {13, 15}, "3304100013": {13, 15},
	"3305100090": {13, 0}, "2106909001": {13, 0}, "2008199990": {13, 0}, "0901210000": {13, 0}, "8516310000": {13, 0}, "8543709990": {13, 0},
}

// taxed compares the tax with that on goods and freight, to which it is equal but for the rounding of each line, and with
// that on the goods alone, of which it is within 5 %.
func (r *rules) taxed(s *Set) bool {
	tax, alone := r.number(s.Order.Get("taxTotal")), new(big.Rat)
	for i := range s.Order.Lines {
		rate, known := rates[value(&s.List, indexed("InventoryList", min(i, len(s.List.Lines)-1))+"/gcode")]
		if !known {
			r.t.Fatalf("%s: no rate for line %d", s.Number, i)
		}
		composite := big.NewRat((rate[0]+rate[1])*70, (100-rate[1])*100)
		alone.Add(alone, composite.Mul(composite, r.number(value(&s.Order, indexed("OrderList", i)+"/totalPrice"))))
	}
	goods := r.number(s.Order.Get("goodsValue"))
	if s.Fault != nil && (s.Fault.Fault == "GOODS_SUM" || s.Fault.Fault == "LINE_MISSING") {
		return true // the value of the goods, or the tariff code, is not known
	}
	freight := r.number(s.Order.Get("freight"))
	exact := new(big.Rat).Mul(alone, new(big.Rat).Quo(new(big.Rat).Add(goods, freight), goods))
	rounding := big.NewRat(int64(len(s.Order.Lines)), 100) // half a cent of tax a line, and a cent of freight
	tolerance := new(big.Rat).Add(new(big.Rat).Mul(alone, big.NewRat(5, 100)), rounding)
	return distance(tax, exact).Cmp(rounding) <= 0 && distance(tax, alone).Cmp(tolerance) <= 0
}

func distance(a, b *big.Rat) *big.Rat {
	d := new(big.Rat).Sub(a, b)
	return d.Abs(d)
}

// payment compares order and payment.
func (r *rules) payment(s *Set) {
	o, p := &s.Order, &s.Payment
	ordered, declared := o.Get("appTime"), s.List.Get("appTime")
	if !s.Import {
		r.wrong("RECEIPT_AMOUNT", r.sum(o.Get("goodsValue"), o.Get("freight")).Cmp(r.number(p.Get("charge"))) != 0)
		r.wrong("CURRENCY", o.Get("currency") != p.Get("currency"))
		r.wrong("MERCHANT", o.Get("ebcCode") != p.Get("ebcCode"))
		r.wrong("TIME_ORDER", !slices.IsSorted([]string{ordered, p.Get("accountingDate"), p.Get("appTime"), declared}))
		return
	}
	r.wrong("AMOUNT", !r.equal(o.Get("acturalPaid"), p.Get("amountPaid")))
	r.wrong("PAYER", o.Get("buyerIdNumber") != p.Get("payerIdNumber") || o.Get("buyerName") != p.Get("payerName"))
	r.wrong("ID_TYPE", p.Get("payerIdType") != "1")
	named := o.Get("payTransactionId")
	r.wrong("PAYMENT_NUMBER", named != "" && (named != p.Get("payTransactionId") || o.Get("payCode") != p.Get("payCode")))
	r.wrong("TIME_ORDER", !slices.IsSorted([]string{ordered, p.Get("payTime"), p.Get("appTime"), declared}))
}

// waybill compares order and waybill.
func (r *rules) waybill(s *Set) {
	o, w := &s.Order, &s.Waybill
	r.wrong("FREIGHT", !r.equal(o.Get("freight"), w.Get("freight")))
	if !s.Import {
		r.wrong("MERCHANT", o.Get("ebcCode") != w.Get("ebcCode"))
		return
	}
	r.wrong("CONSIGNEE", o.Get("consignee") != w.Get("consignee"))
	r.wrong("CONSIGNEE_PHONE", o.Get("consigneeTelephone") != w.Get("consigneeTelephone"))
	r.wrong("CONSIGNEE_ADDRESS", o.Get("consigneeAddress") != w.Get("consigneeAddress"))
	r.wrong("PACKS", w.Get("packNo") != "1")
}

// labelled compares waybill and list, and the waybill's time with those around it.
func (r *rules) labelled(s *Set) {
	w, l := &s.Waybill, &s.List
	r.wrong("CARRIER", w.Get("logisticsCode") != l.Get("logisticsCode"))
	r.wrong("WAYBILL_NUMBER", w.Get("logisticsNo") != l.Get("logisticsNo"))
	r.wrong("WEIGHT", !r.equal(cmpOr(w.Get("weight"), w.Get("grossWeight")), l.Get("grossWeight")))
	r.wrong("FREIGHT", !r.equal(w.Get("freight"), l.Get("freight")))
	paid := cmpOr(cmpOr(s.Payment.Get("payTime"), s.Payment.Get("accountingDate")), "0")
	r.wrong("TIME_ORDER", !slices.IsSorted([]string{paid, w.Get("appTime"), l.Get("appTime")}))
}

// list looks at the list alone, and compares its head with the order's.
func (r *rules) list(s *Set) {
	o, l := &s.Order, &s.List
	r.wrong("WEIGHT", r.number(l.Get("netWeight")).Cmp(r.number(l.Get("grossWeight"))) > 0)
	r.mode(s)
	if s.Order.Kind != "" {
		r.wrong("MERCHANT", o.Get("ebcCode") != l.Get("ebcCode") || o.Get("ebcName") != l.Get("ebcName"))
	}
	if !s.Import {
		r.wrong("DIRECTION", l.Get("ieFlag") != "E")
		return
	}
	r.wrong("DIRECTION", l.Get("ieFlag") != "I")
	r.wrong("ID_TYPE", l.Get("buyerIdType") != "1")
	r.wrong("PACKS", l.Get("packNo") != "1")
	r.wrong("DATE", !strings.HasPrefix(l.Get("appTime"), l.Get("declTime")))
	if s.Order.Kind != "" {
		r.wrong("CONSIGNEE_ADDRESS", o.Get("consigneeAddress") != l.Get("consigneeAddress"))
		for _, name := range []string{"buyerIdNumber", "buyerName", "buyerTelephone"} {
			r.wrong("BUYER", o.Get(name) != l.Get(name))
		}
	}
}

func (r *rules) mode(s *Set) {
	l := &s.List
	flight, bond := []string{"trafNo", "voyageNo", "billNo"}, []string{"emsNo", "areaCode", "areaName"}
	if !s.Import {
		flight, bond = []string{"trafName", "voyageNo", "billNo"}, []string{"emsNo", "iacCode", "iacName"}
	}
	wanted, unwanted := flight, bond
	if l.Get("tradeMode") == "1210" {
		wanted, unwanted = bond, flight
		for i := range l.Lines {
			r.wrong("MODE_FIELD", value(l, indexed("InventoryList", i)+"/itemRecordNo") == "")
		}
	} else {
		r.wrong("MODE", l.Get("tradeMode") != "9610")
	}
	for i := range wanted {
		r.wrong("MODE_FIELD", l.Get(wanted[i]) == "")
		r.wrong("MODE", l.Get(unwanted[i]) != "")
	}
}

// lines compares the lines of order and list by their numbers.
func (r *rules) lines(s *Set) {
	ordered, listed := map[string]string{}, map[string]string{}
	for i := range s.Order.Lines {
		ordered[value(&s.Order, indexed("OrderList", i)+"/gnum")] = indexed("OrderList", i)
	}
	twice := false
	for i := range s.List.Lines {
		path := indexed("InventoryList", i)
		gnum := value(&s.List, path+"/gnum")
		twice = twice || listed[gnum] != ""
		listed[gnum] = path
		r.wrong("LINE_TOTAL", !r.product(&s.List, path))
		r.wrong("LINE_EXTRA", ordered[gnum] == "")
	}
	r.wrong("LINE_TWICE", twice)
	for gnum, path := range ordered {
		other := listed[gnum]
		if r.wrong("LINE_MISSING", other == ""); other == "" || twice {
			continue
		}
		r.wrong("LINE_QTY", value(&s.Order, path+"/qty") != value(&s.List, other+"/qty"))
		r.wrong("LINE_NAME", value(&s.Order, path+"/itemName") != value(&s.List, other+"/gname"))
		for _, name := range []string{"unit", "price", "currency"} {
			r.wrong("LINE_"+name, value(&s.Order, path+"/"+name) != value(&s.List, other+"/"+name))
		}
	}
}

// limits adds up what a person spends in a year.
func (r *rules) limits(s *Set) {
	goods, pieces := new(big.Rat), new(big.Rat)
	for i := range s.List.Lines {
		goods.Add(goods, r.number(value(&s.List, indexed("InventoryList", i)+"/totalPrice")))
		pieces.Add(pieces, r.number(value(&s.List, indexed("InventoryList", i)+"/qty")))
	}
	r.wrong("LIMIT_SINGLE", goods.Cmp(big.NewRat(5000, 1)) > 0 && pieces.Cmp(big.NewRat(1, 1)) > 0)
	if s.Order.Kind != "" && s.Fault == nil {
		all := r.sum(s.Order.Get("acturalPaid"), s.Order.Get("discount"))
		r.wrong("LIMIT_SINGLE", all.Cmp(big.NewRat(5000, 1)) > 0)
	}
	key := s.List.Get("buyerIdNumber") + s.List.Get("appTime")[:4]
	if r.years[key] == nil {
		r.years[key] = new(big.Rat)
	}
	r.years[key].Add(r.years[key], goods)
	r.wrong("LIMIT_ANNUAL", r.years[key].Cmp(big.NewRat(26_000, 1)) > 0)
}

// TestClean judges clean sets of several seeds and rhythms.
func TestClean(t *testing.T) {
	for seed := range uint64(6) {
		o := mixed(1_500, seed*seed*7919)
		o.Faults = 0
		o.Every = []time.Duration{0, time.Millisecond, time.Hour}[seed%3]
		r := newRules(t)
		discounts, lines, freights := 0, 0, 0
		for _, s := range collect(o) {
			if found := r.judge(s); len(found) > 0 || s.Fault != nil || len(s.Documents()) != 4 {
				t.Fatalf("seed %d, order %s: got %v\n%v\n%v", seed, s.Number, found, s.Order, s.List)
			}
			discounts += count(s.Import && s.Order.Get("discount") != "0")
			freights += count(s.Import && s.Order.Get("freight") != "0")
			lines += count(len(s.Order.Lines) > 1)
		}
		if discounts < 100 || lines < 200 || freights < 20 {
			t.Errorf("seed %d: got %d coupons, %d orders of several lines, %d with freight", seed, discounts, lines, freights)
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// also are the words that a fault brings with it.
var also = map[string][]string{
	"PAID_SUM":   {"AMOUNT"},
	"LINE_TWICE": {"LINE_MISSING"},
}

// TestFaults judges sets with faults: each planted fault is found, and nothing else.
func TestFaults(t *testing.T) {
	planted := map[string]int{}
	for seed := range uint64(4) {
		r := newRules(t)
		for _, s := range collect(mixed(1_500, 100+seed)) {
			found := r.judge(s)
			var want []string
			if f := s.Fault; f != nil {
				planted[f.Fault]++
				if !strings.HasPrefix(f.Fault, "SCHEMA_") {
					want = append(append(want, f.Fault), also[f.Fault]...)
				}
			}
			slices.Sort(want)
			if !slices.Equal(found, want) {
				t.Errorf("seed %d, order %s: got %v, want %v (%+v)", seed, s.Number, found, want, s.Fault)
			}
		}
	}
	for _, word := range Words() {
		if planted[word] < 20 {
			t.Errorf("%s: planted %d times", word, planted[word])
		}
	}
}

// TestEveryRow plants every row of the table, and each kind of fault in a small set.
func TestEveryRow(t *testing.T) {
	rows := map[string]int{}
	for _, s := range collect(mixed(4_000, 12)) {
		if f := s.Fault; f != nil {
			rows[f.Fault+" "+f.Party]++
		}
	}
	for _, row := range table {
		if rows[row.word+" "+row.party] == 0 {
			t.Errorf("%s by %s is never planted", row.word, row.party)
		}
	}
	words := map[string]bool{}
	for _, s := range collect(Options{Orders: 3 * len(Words()), Seed: 13, Faults: 1, Export: 0.3, Bonded: 0.5}) {
		if s.Fault != nil {
			words[s.Fault.Fault] = true
		}
	}
	if len(words) != len(Words()) {
		t.Errorf("a small set has %d kinds of faults, want %d", len(words), len(Words()))
	}
}

func TestShareOfFaults(t *testing.T) {
	sets := collect(Options{Orders: 5_000, Seed: 14, Faults: 0.02})
	faults := 0
	for _, s := range sets {
		faults += count(s.Fault != nil)
	}
	if faults < 60 || faults > 140 {
		t.Errorf("got %d faults in 5,000 orders, want about 100", faults)
	}
}
