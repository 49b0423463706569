package client

import (
	"bytes"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
)

func nutsRecall() *types.RecallProgress {
	return &types.RecallProgress{
		Recall: "linan-coop/2026-3", Height: 42, Done: true,
		Record: types.Recall{Class: 2, Reason: "aflatoxin over\nthe limit", Opened: 1_795_420_800_000},
		Affected: []types.RecalledThing{
			{
				Thing: "lot/06901234000016.L2026A", Unit: "KGM", Produced: "1000", Consumed: "400", Destroyed: "100", Sold: "0", Held: "500",
				Packed: "0", Located: "499.99", Notified: "0", Holders: []string{"linan-coop", "tianmu-farm"},
				Reports: []types.RecallNotice{{Member: "linan-coop", Located: "499.99", Notified: "0"}},
			},
			{
				Thing: "lot/06901234000023.D2026A", Unit: "KGM", Produced: "140", Consumed: "0", Destroyed: "0", Sold: "20", Held: "20",
				Packed: "100", Located: "120", Notified: "20", Holders: []string{"qianjiang-express"},
				Reports: []types.RecallNotice{{Member: "qianjiang-express", Located: "120", Notified: "20"}},
			},
			{
				Thing: "unit/sscc.069012340000000016", Unit: "C62", Produced: "1", Consumed: "1", Destroyed: "0", Sold: "0", Held: "0",
				Packed: "0", Located: "0", Notified: "0", Holders: []string{},
			},
		},
	}
}

func TestRecallStatusGolden(t *testing.T) {
	var b bytes.Buffer
	local := time.Local
	time.Local = hangzhou
	defer func() { time.Local = local }()
	s := &session{out: &b}
	s.tellProgress(nutsRecall())
	p := nutsRecall()
	p.Done, p.Record.Closed, p.Record.Note, p.Affected = false, p.Record.Opened+testHour, "all of it destroyed", nil
	s.tellProgress(p)
	compareGolden(t, "recall.txt", b.String())
}

func TestAmountIn(t *testing.T) {
	for _, c := range []struct {
		text, unit string
		want       uint64
	}{
		{"15 kg", "KGM", 1_500_000}, {"15", "KGM", 1_500_000}, {"250 g", "KGM", 25_000}, {"0", "KGM", 0}, {"0.0", "C62", 0}, {"1", "C62", 100_000}, {"2 t", "KGM", 200_000_000},
	} {
		if got, err := amountIn(c.text, c.unit); err != nil || got != c.want {
			t.Errorf("%s in %s: got %d, %v, want %d", c.text, c.unit, got, err, c.want)
		}
	}
	for _, text := range []string{"15 l", "some", "-3 kg"} {
		if _, err := amountIn(text, "KGM"); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
