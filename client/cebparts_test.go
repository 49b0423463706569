package client_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oklog/ulid/v2"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

func TestReadPull(t *testing.T) {
	fields, number, err := client.ReadPull(pullAnswer("P1", "O1"))
	if err != nil || number != "P1" || len(fields) != 11 {
		t.Fatalf("got %v, %q, %v", fields, number, err)
	}
	for path, want := range map[string]string{
		"payExchangeInfoHead/initalRequest": "https://pay/req", "payExchangeInfoHead/totalAmount": "100", "payExchangeInfoHead/currency": "142",
		"payExchangeInfoHead/tradingTime": "20260310112703", "payExchangeInfoLists[0]/orderNo": "O1",
	} {
		if !slices.Contains(fields, types.DocumentField{Path: path, Value: want}) {
			t.Errorf("no %s %q in %v", path, want, fields)
		}
	}
	// Another session, and numbers for words: the same record.
	again := strings.NewReplacer(`"sessionID":"s"`, `"sessionID":"t"`, `"142"`, "142", "100.00", `"100.0"`, `"signValue":"v"`, `"signValue":"w"`).Replace(string(pullAnswer("P1", "O1")))
	if other, _, err := client.ReadPull([]byte(again)); err != nil || !slices.Equal(fields, other) {
		t.Errorf("got %v, %v", other, err)
	}
	for name, data := range map[string]string{
		"no JSON": "x", "empty": "{}", "no order": `{"payExchangeInfoHead":{"initalRequest":"","initalResponse":"","payTransactionId":"1","totalAmount":1}}`,
		"no amount":  strings.Replace(string(pullAnswer("P1", "O1")), `"totalAmount":100.00,`, "", 1),
		"no number":  string(pullAnswer("", "O1")),
		"no request": strings.Replace(string(pullAnswer("P1", "O1")), "initalRequest", "initialRequest", 1),
	} {
		if fields, _, err := client.ReadPull([]byte(data)); err == nil {
			t.Errorf("%s: got %v", name, fields)
		}
	}
}

func FuzzReadPull(f *testing.F) {
	f.Add(pullAnswer("P1", "O1"))
	f.Add([]byte(`{"payExchangeInfoHead":{"initalRequest":"","initalResponse":"","payTransactionId":1,"totalAmount":"1e3"},"payExchangeInfoLists":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, number, err := client.ReadPull(data)
		if err != nil {
			return
		}
		if number == "" || len(fields) < 11 {
			t.Errorf("number %q with %d fields", number, len(fields))
		}
		if again, _, _ := client.ReadPull(data); !slices.Equal(fields, again) {
			t.Errorf("got %v, then %v", fields, again)
		}
	})
}

func FuzzReadParcels(f *testing.F) {
	f.Add([]byte("logisticsCode,logisticsNo,ebpCode,orderNo\n1,2,3,4\n"))
	f.Add([]byte("\xef\xbb\xbforderNo,ebpCode,logisticsNo,logisticsCode\n\"a\nb\",2,3,4"))
	f.Add([]byte("logisticsNo\n1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := client.ReadParcels(data); err == nil && n > strings.Count(string(data), "\n") {
			t.Errorf("%d parcels", n)
		}
	})
}

func TestReadParcels(t *testing.T) {
	if n, err := client.ReadParcels([]byte("orderNo,x,logisticsNo,logisticsCode,ebpCode\nA,,1,c,p\nB,,2,c,p\nB,, 2 ,c,p\n")); err != nil || n != 2 {
		t.Errorf("got %d, %v; want the two parcels", n, err)
	}
	for _, data := range []string{"", "logisticsNo,orderNo\n1,2\n", "logisticsCode,logisticsNo,ebpCode,orderNo\n1,2\n"} {
		if n, err := client.ReadParcels([]byte(data)); err == nil {
			t.Errorf("%q: got %d", data, n)
		}
	}
}

func lineFields(lines ...[2]string) (fields []types.DocumentField) {
	for i, line := range lines {
		path := fmt.Sprintf("InventoryList[%d]/", i)
		fields = append(fields, types.DocumentField{Path: path + "gnum", Value: line[0]}, types.DocumentField{Path: path + "qty", Value: line[1]})
	}
	return append(fields, types.DocumentField{Path: "InventoryHead/qty", Value: "9"})
}

// The ledger knows a line by its position in the order of gnum, whatever the order in the message.
func TestLineOrder(t *testing.T) {
	got, err := client.LineQuantities(lineFields([2]string{"10", "1"}, [2]string{"2", "0.5"}, [2]string{"1", "3"}))
	if want := []int64{300_000, 50_000, 100_000}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, lines := range [][][2]string{{{"1", "1"}, {"1", "2"}}, {{"x", "1"}}, {{"1", "x"}}} {
		if got, err := client.LineQuantities(lineFields(lines...)); err == nil {
			t.Errorf("%v: got %v", lines, got)
		}
	}
}

func TestCameBack(t *testing.T) {
	seed := types.Secret{7}
	for back := range uint64(5) {
		got, found := client.CameBack(seed, 4, types.ReturnAnchor(seed, 4-back))
		if !found || got != back {
			t.Errorf("%d came back: got %d, %v", back, got, found)
		}
	}
	if got, found := client.CameBack(seed, 4, types.ReturnAnchor(seed, 5)); found {
		t.Errorf("an anchor of more pieces: got %d", got)
	}
}

func TestOrderLack(t *testing.T) {
	slot := func(kind, member string) types.Slot {
		return types.Slot{Kind: kind, Member: member, Document: types.Hash{1}}
	}
	three := []types.Slot{slot(types.SlotOrder, "lantu"), slot(types.SlotPayment, "pay"), slot(types.SlotWaybill, "fly")}
	filed := []types.Clearance{{Office: "hz"}}
	for _, c := range []struct {
		name  string
		order *types.Order
		want  string
	}{
		{"nothing", nil, "the platform records it"},
		{"partial", &types.Order{State: types.StatePartial, Slots: three[:1], Until: 2000}, "the payment is missing, the payment company records it; the waybill is missing, the carrier records it; complete until 1970"},
		{"stale", &types.Order{State: types.StatePartial, Until: 5}, "the platform renews it"},
		{"mismatch", &types.Order{State: types.StateMismatch, Slots: three, Mismatch: types.Mismatch{Code: uint64(types.Identity), Field: "payer", Party: "pay"}}, "IDENTITY: the payer that pay recorded is not that of the order"},
		{"no quota", &types.Order{State: types.StateMatched, Flow: types.FlowImport, Slots: three, Until: 2000}, "has not granted"},
		{"quota of another version", &types.Order{State: types.StateMatched, Flow: types.FlowImport, Slots: three, Until: 2000, Quota: []types.Quota{{Document: types.Hash{2}}}}, "has not granted"},
		{"quota refused", &types.Order{State: types.StateMatched, Flow: types.FlowImport, Slots: three, Until: 2000, Quota: []types.Quota{{By: "hz", Document: types.Hash{1}, Reason: types.ReasonSingle}}}, "hz refused the buyer's quota for it (-621005)"},
		{"matched", &types.Order{State: types.StateMatched, Flow: types.FlowExport, Slots: three, Until: 2000}, "the declarant declares it until"},
		{"lapsed", &types.Order{State: types.StateMatched, Flow: types.FlowExport, Slots: three, Until: 5}, "the platform renews it"},
		{"declared", &types.Order{State: types.StateInspect, Clearance: filed}, "hz decides"},
		{"released", &types.Order{State: types.StateReleased, Clearance: filed}, ""},
	} {
		if got := client.OrderLack(c.order, 1000); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// BenchmarkArchive opens an archive of 100,000 documents, as every run does.
func BenchmarkArchive(b *testing.B) {
	dir := b.TempDir()
	for range 100_000 {
		if err := os.WriteFile(filepath.Join(dir, ulid.Make().String()+".json"), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if n, err := client.ArchiveSize(dir); err != nil || n != 100_000 {
			b.Fatalf("got %d, %v", n, err)
		}
	}
}
