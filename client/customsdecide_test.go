package client

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/caryaledger/carya/types"
)

// TestStepsTo: what leads from each state to each decision, by the arrows of domain 2.4.
func TestStepsTo(t *testing.T) {
	for _, c := range []struct {
		word   string
		status uint64
		state  string
		want   []uint64
	}{
		{"release", 800, types.StateDeclared, []uint64{120, 399, 800}},
		{"release", 800, types.StateAccepted, []uint64{399, 800}},
		{"release", 800, types.StateReview, []uint64{399, 800}},
		{"release", 800, types.StateAudited, []uint64{800}},
		{"release", 800, types.StateInspect, []uint64{800}},
		{"release", 800, types.StateDetained, []uint64{800}},
		{"release", 800, types.StateReleased, nil},
		{"release", 800, types.StateMatched, nil},
		{"inspect", 500, types.StateDeclared, []uint64{120, 399, 500}},
		{"inspect", 500, types.StateInspect, nil},
		{"detain", 502, types.StateAudited, []uint64{500, 502}},
		{"detain", 599, types.StateDetained, []uint64{599}},
		{"detain", 502, types.StateReleased, nil},
		{"reject", 100, types.StateReview, []uint64{100}},
		{"reject", 100, types.StateAudited, nil},
		{"close", 899, types.StateSigned, []uint64{899}},
		{"close", 899, types.StateInspect, nil},
		{"status", 300, types.StateReleased, []uint64{300}}, // the ledger says what it thinks of it
	} {
		if got := stepsTo(&verdictOn{word: c.word, status: c.status}, c.state); !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s from %s: %v, want %v", c.word, c.state, got, c.want)
		}
	}
}

// FuzzDecisions reads spreadsheets of decisions: whatever stands in them, what is accepted can be sent.
func FuzzDecisions(f *testing.F) {
	f.Add([]byte("order,status,reason\nlantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q,reject,-621005\n"))
	f.Add([]byte("status;order\nrelease;order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q\n"))
	f.Add([]byte("\xef\xbb\xbforder\tstatus\r\nlantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q\t502\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &session{in: bytes.NewReader(data), out: io.Discard, err: io.Discard}
		d := &deciding{author: &author{session: s}, file: "-"}
		all, err := d.fromFile()
		if err != nil {
			return
		}
		for _, v := range all {
			if v.word == "cancel-accept" || v.word == "cancel-refuse" {
				continue
			}
			b := &types.Decide{Order: v.order, Status: v.status, Reason: v.reason}
			if err := b.Check(); err != nil {
				t.Errorf("%+v was accepted: %v", v, err)
			}
		}
	})
}
