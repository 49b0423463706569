package generate

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

var update = flag.Bool("update", false, "rewrite golden files")

// mixed has some of everything.
func mixed(orders int, seed uint64) Options {
	return Options{Orders: orders, Seed: seed, Faults: 0.5, Export: 0.3, Bonded: 0.4, PerFile: 7}
}

// files collects what WriteTo writes.
func files(t testing.TB, o Options) ([]File, *Manifest) {
	t.Helper()
	var all []File
	manifest, err := New(o).WriteTo(func(f File) error {
		f.Data = bytes.Clone(f.Data)
		all = append(all, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, manifest
}

func isMessage(f File) bool { return strings.HasSuffix(f.Name, ".xml") }

// TestGolden holds the bytes of a set: a change of them is a change for everybody who names a set by its seed.
func TestGolden(t *testing.T) {
	golden := filepath.Join("testdata", "golden.txt")
	var got strings.Builder
	all, _ := files(t, mixed(120, 1))
	for _, f := range all {
		sum := sha256.Sum256(f.Data)
		fmt.Fprintf(&got, "%s %s\n", hex.EncodeToString(sum[:]), f.Name)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the set has changed; if that is meant: go test -update\ngot\n%s", got.String())
	}
}

func TestSeeds(t *testing.T) {
	one, _ := files(t, mixed(20, 1))
	again, _ := files(t, mixed(20, 1))
	two, _ := files(t, mixed(20, 2))
	if !reflect.DeepEqual(one, again) {
		t.Error("the same options give different files")
	}
	if reflect.DeepEqual(one, two) {
		t.Error("different seeds give the same files")
	}
}

// TestFiles reads back what was written: every document once, in the file of its sender, as the sets have it.
func TestFiles(t *testing.T) {
	o := mixed(400, 3)
	o.Faults = 0
	all, manifest := files(t, o)
	written := map[string]ceb.Document{}
	messages := 0
	for _, f := range all {
		if !isMessage(f) {
			continue
		}
		messages++
		m, err := ceb.Parse(f.Data)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		checkEnvelope(t, f, m)
		if len(m.Documents) > o.PerFile {
			t.Errorf("%s: %d documents", f.Name, len(m.Documents))
		}
		for _, d := range m.Documents {
			written[d.Get("guid")] = d
		}
	}
	sets := collect(o)
	documents := 0
	for _, s := range sets {
		for _, d := range s.Documents() {
			documents++
			if got := written[d.Get("guid")]; !reflect.DeepEqual(got, *d) {
				t.Fatalf("%s of %s: got\n%v\nwant\n%v", d.Kind, s.Number, got, *d)
			}
		}
	}
	want := Manifest{Format: "carya-ceb-set/1", Seed: 3, Orders: 400, Documents: documents, Files: messages, Faults: []PlantedFault{}}
	if !reflect.DeepEqual(*manifest, want) || documents != len(written) || documents != 1600 {
		t.Errorf("got %+v, %d written, want %+v", *manifest, len(written), want)
	}
}

func checkEnvelope(t *testing.T, f File, m *ceb.Message) {
	t.Helper()
	if want := roles[m.Kind].folder + "/" + m.Kind + "-"; !strings.HasPrefix(f.Name, want) {
		t.Errorf("%s holds %s", f.Name, m.Kind)
	}
	for i := range m.Documents {
		if got := m.Documents[i].Get(roles[m.Kind].prefix + "Code"); got != m.Transfer.CopCode {
			t.Errorf("%s: sent by %s, a document is of %s", f.Name, m.Transfer.CopCode, got)
		}
	}
}

func collect(o Options) []*Set {
	var sets []*Set
	g := New(o)
	for s, ok := g.Next(); ok; s, ok = g.Next() {
		sets = append(sets, s)
	}
	return sets
}

func TestParcels(t *testing.T) {
	o := mixed(200, 4)
	all, _ := files(t, o)
	i := slices.IndexFunc(all, func(f File) bool { return f.Name == "logistics/parcels.csv" })
	if i < 0 {
		t.Fatal("no logistics/parcels.csv")
	}
	got, err := csv.NewReader(bytes.NewReader(all[i].Data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"logisticsCode", "logisticsNo", "ebpCode", "orderNo"}}
	for _, s := range collect(o) {
		if !s.Import && s.Waybill.Kind != "" {
			want = append(want, []string{s.Waybill.Get("logisticsCode"), s.Waybill.Get("logisticsNo"), s.Platform, s.Number})
		}
	}
	if !reflect.DeepEqual(got, want) || len(want) < 40 {
		t.Errorf("got %d lines, want %d", len(got), len(want))
	}
}

func TestManifestFile(t *testing.T) {
	all, manifest := files(t, mixed(100, 5))
	last := all[len(all)-1]
	var got Manifest
	if err := json.Unmarshal(last.Data, &got); err != nil || last.Name != "faults.json" {
		t.Fatalf("%s: %v", last.Name, err)
	}
	if !reflect.DeepEqual(got, *manifest) || len(got.Faults) < 30 {
		t.Errorf("got %+v\nwant %+v", got, *manifest)
	}
}

func TestSign(t *testing.T) {
	o := mixed(10, 6)
	o.Sign = func(message []byte) ([]byte, error) { return append(message, "<!-- signed -->"...), nil }
	all, _ := files(t, o)
	for _, f := range all {
		if isMessage(f) && (!bytes.HasSuffix(f.Data, []byte("<!-- signed -->")) || bytes.Contains(f.Data, []byte("dW5zaWduZWQ="))) {
			t.Errorf("%s is not signed, or signed twice", f.Name)
		}
	}
	broken := fmt.Errorf("no key")
	o.Sign = func([]byte) ([]byte, error) { return nil, broken }
	if _, err := New(o).WriteTo(func(File) error { return nil }); err == nil || !strings.Contains(err.Error(), "000001.xml: no key") {
		t.Errorf("got %v", err)
	}
}

func TestSinkFails(t *testing.T) {
	full := fmt.Errorf("disk full")
	_, manifest := files(t, mixed(10, 7))
	for failing := range manifest.Files + 2 { // and parcels.csv, faults.json
		n := 0
		_, err := New(mixed(10, 7)).WriteTo(func(File) error {
			n++
			if n > failing {
				return full
			}
			return nil
		})
		if err != full {
			t.Errorf("sink fails at file %d: got %v", failing, err)
		}
	}
}

func TestOptions(t *testing.T) {
	own := []Company{{"4401000001", "甲"}}
	o := Options{
		Orders: 50, Seed: 8, Export: 0.5, Start: time.Date(2025, 6, 18, 0, 0, 0, 0, china), Every: time.Second,
		Platforms: own, Payers: own, Carriers: own, Declarants: own, Customs: []string{"5100"},
	}
	sets := collect(o)
	exports := 0
	for _, s := range sets {
		if !s.Import {
			exports++
		}
		codes := []string{s.Platform, s.Payment.Get("payCode"), s.Waybill.Get("logisticsCode"), s.List.Get("agentCode")}
		if slices.ContainsFunc(codes, func(c string) bool { return c != "4401000001" }) || s.List.Get("customsCode") != "5100" {
			t.Errorf("%s: got %v, customs %s", s.Number, codes, s.List.Get("customsCode"))
		}
		if at := s.Order.Get("appTime"); at < "20250618000000" || at > "20250618000050" {
			t.Errorf("%s: ordered at %s", s.Number, at)
		}
	}
	if exports < 10 || exports > 40 || len(sets) != 50 {
		t.Errorf("got %d exports in %d sets", exports, len(sets))
	}
	if _, ok := New(Options{}).Next(); ok {
		t.Error("no orders asked for, got one")
	}
}

func TestPullAnswer(t *testing.T) {
	answers := 0
	for _, s := range collect(mixed(300, 9)) {
		data := s.PullAnswer()
		if !s.Import || s.Order.Kind == "" || s.Payment.Kind == "" {
			if data != nil {
				t.Errorf("%s: got an answer without a payment or order", s.Number)
			}
			continue
		}
		answers++
		var got struct {
			Head struct {
				GUID, InitalRequest, InitalResponse, EbpCode, PayTransactionID, TradingTime string
				TotalAmount                                                                 json.Number
			} `json:"payExchangeInfoHead"`
			Lists []struct {
				OrderNo   string
				GoodsInfo []struct{ GName, ItemLink string }
			} `json:"payExchangeInfoLists"`
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%s: %v", s.Number, err)
		}
		h := got.Head
		if h.GUID != s.Payment.Get("guid") || h.EbpCode != s.Platform || h.TotalAmount.String() != s.Payment.Get("amountPaid") ||
			h.PayTransactionID != s.Payment.Get("payTransactionId") || h.TradingTime != s.Payment.Get("payTime") {
			t.Errorf("%s: got %+v", s.Number, h)
		}
		if !strings.Contains(h.InitalRequest, s.Number) || !strings.Contains(h.InitalResponse, h.PayTransactionID) {
			t.Errorf("%s: request %s, response %s", s.Number, h.InitalRequest, h.InitalResponse)
		}
		if len(got.Lists) != 1 || got.Lists[0].OrderNo != s.Number || len(got.Lists[0].GoodsInfo) != len(s.Order.Lines) {
			t.Errorf("%s: got %+v", s.Number, got.Lists)
		}
	}
	if answers < 100 {
		t.Errorf("got %d answers", answers)
	}
}

// TestMemory runs through many sets: what one holds on to must not grow with their number.
func TestMemory(t *testing.T) {
	g := New(mixed(3_000, 10))
	for _, ok := g.Next(); ok; _, ok = g.Next() {
		if g.previous != nil && g.previous.previous != nil {
			t.Fatal("the generator keeps a chain of sets")
		}
	}
	if len(g.queue) != len(Words()) {
		t.Errorf("the queue of faults has %d words, want %d", len(g.queue), len(Words()))
	}
}

// FuzzOptions makes sets of any options: none panics, and Write accepts every document.
func FuzzOptions(f *testing.F) {
	f.Add(uint64(1), uint8(30), uint8(50), uint8(30), uint8(40), int64(20e9), int64(0), int64(10))
	f.Add(uint64(1<<63), uint8(90), uint8(100), uint8(0), uint8(100), int64(1), int64(1<<40), int64(-5))
	f.Fuzz(func(t *testing.T, seed uint64, orders, faults, export, bonded uint8, every, start, perFile int64) {
		o := Options{
			Orders: int(orders), Seed: seed, Faults: float64(faults) / 100, Export: float64(export) / 100, Bonded: float64(bonded) / 100,
			Every: time.Duration(every % int64(24*time.Hour)), Start: time.Unix(start%(1<<32), 0), PerFile: int(perFile),
		}
		if _, err := New(o).WriteTo(func(File) error { return nil }); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	})
}

// TestCheckCharacter compares with the weights that GB 11643 prints, and with its example.
func TestCheckCharacter(t *testing.T) {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	for n := range uint64(500) {
		number := identityOf(n * 3_199_877)
		sum := 0
		for i, w := range weights {
			sum += w * int(number[i]-'0')
		}
		if want := "10X98765432"[sum%11 : sum%11+1]; number[17:] != want || len(number) != 18 {
			t.Errorf("%s: want check character %s", number, want)
		}
		if _, err := time.Parse("20060102", number[6:14]); err != nil || !strings.HasPrefix(number, "3399") {
			t.Errorf("%s: %v", number, err)
		}
	}
	if got := checkCharacter("11010519491231002"); got != "X" {
		t.Errorf("got %s, want X", got)
	}
}

// TestPersons counts how often people order.
func TestPersons(t *testing.T) {
	orders, identities := map[int]int{}, map[string]int{}
	for i := range 20_000 {
		orders[buyerOf(i)]++
	}
	times := map[int]int{}
	for number, n := range orders {
		times[n]++
		identities[personOf(11, number).identity]++
	}
	if want := map[int]int{1: 8_000, 2: 3_000, 4: 1_500}; !reflect.DeepEqual(times, want) {
		t.Errorf("got %v, want %v", times, want)
	}
	if len(identities) != len(orders) {
		t.Errorf("%d persons share %d identity numbers", len(orders), len(identities))
	}
}

func BenchmarkNext(b *testing.B) {
	o := mixed(1<<30, 1)
	o.Faults = 0.02
	g := New(o)
	for b.Loop() {
		g.Next()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
}

func BenchmarkWriteTo(b *testing.B) {
	bytes := 0
	for b.Loop() {
		New(mixed(100, 1)).WriteTo(func(f File) error {
			bytes += len(f.Data)
			return nil
		})
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "sets/s")
	b.SetBytes(int64(bytes / b.N))
}
