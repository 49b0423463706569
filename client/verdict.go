package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/caryaledger/carya/types"
)

// String says in words what is proven and what is not. It is safe to print: nothing that others wrote can steer a
// terminal.
func (v *Verdict) String() string {
	var b strings.Builder
	v.writeClaim(&b)
	v.writeSigners(&b)
	b.WriteString("\nnot proven\n")
	for _, limit := range v.Unproven {
		fmt.Fprintf(&b, "  - %s\n", limit)
	}
	return plain(b.String())
}

func (v *Verdict) writeClaim(b *strings.Builder) {
	switch v.Claim {
	case types.ClaimAbsence:
		fmt.Fprintf(b, "✓ proven: after block %d of %s there was no record %s\n", v.Height, v.Chain, v.Key)
	case types.ClaimRecord:
		fmt.Fprintf(b, "✓ proven: this was the record %s after block %d of %s\n", v.Key, v.Height, v.Chain)
	case types.ClaimHistory:
		fmt.Fprintf(b, "✓ proven: this is all that ever happened to %s until block %d of %s: %s\n",
			v.Key, v.Height, v.Chain, count(len(v.Events), "event"))
	}
	if v.record != nil {
		fmt.Fprintf(b, "\nrecord\n  %s\n", oneLine(describe(v.record)))
		writeFields(b, v.Record)
	}
	if len(v.Events) > 0 {
		fmt.Fprintf(b, "\nevents\n")
		for i, e := range v.Events {
			writeEvent(b, i, &e)
		}
	}
}

func writeEvent(b *strings.Builder, i int, e *types.HistoryEvent) {
	fmt.Fprintf(b, "  %d. block %d, %s: %s, %s\n", i+1, e.Height, moment(e.Time), oneLine(first(e.Member, "the genesis")), oneLine(e.Kind))
	if !e.Tx.IsZero() {
		fmt.Fprintf(b, "     transaction %s, body %d\n", e.Tx, e.Index)
	}
	fmt.Fprintf(b, "     %s\n", oneLine(first(describeBody(e), string(e.Body))))
}

func (v *Verdict) writeSigners(b *strings.Builder) {
	fmt.Fprintf(b, "\nsigned\n  header of block %d, %s\n  block hash %s\n", v.SignedAt, moment(v.Time), v.BlockHash)
	for _, a := range v.Signers {
		mark := "✗ did not sign:"
		if a.Signed {
			mark = "✓ signed by"
		}
		fmt.Fprintf(b, "  %s %s (%s), power %d\n", mark, a.Member, oneLine(a.Name), a.Power)
	}
	fmt.Fprintf(b, "  together %d of %d voting power, %s; more than two thirds are needed\n", v.Power, v.Total, percent(v.Power, v.Total))
}

func percent(part, whole uint64) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// limits are what a reader might take for proven and is not.
func (v *Verdict) limits() []string {
	list := []string{fmt.Sprintf("what happened after block %d, which the validators had finished by %s", v.Height, moment(v.Time))}
	switch v.Claim {
	case types.ClaimAbsence:
		return append(list, "that there was no such record before: records are seldom deleted, but this looks at one block only")
	case types.ClaimRecord:
		list = append(list, "who recorded it and when, and what it was before: ask for the proof of its history")
	}
	switch v.record.(type) {
	case *types.Order, *types.Document:
		list = append(list, "what the documents say: the ledger holds salted hashes of them, which only their owners can open")
	case *types.Lot:
		list = append(list, "that the goods are what was recorded: the ledger keeps what members signed, and nobody weighs for it")
	}
	return append(list, "anything, should validators with two thirds of the power have lied together")
}

// writeFields prints a record's JSON one field a line, without what only machines compare.
func writeFields(b *strings.Builder, record json.RawMessage) {
	d := json.NewDecoder(strings.NewReader(string(record)))
	d.Token() // the opening brace
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return
		}
		if name == "history" {
			var h types.History
			json.Unmarshal(value, &h)
			value = json.RawMessage(count(int(h.Size), "event"))
		}
		writeField(b, name, value)
	}
}

// writeField prints a field, and a list of objects one a line.
func writeField(b *strings.Builder, name json.Token, value json.RawMessage) {
	var list []json.RawMessage
	if bytes.HasPrefix(value, []byte("[{")) && json.Unmarshal(value, &list) == nil {
		for _, one := range list {
			fmt.Fprintf(b, "    %-13s %s\n", name, one)
			name = ""
		}
		return
	}
	fmt.Fprintf(b, "    %-13s %s\n", name, value)
}
