package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// DisclosureVerdict says what a disclosure file proves. Only VerifyDisclosure makes one.
type DisclosureVerdict struct {
	Proven bool                   `json:"proven"` // always: the fields are in the document with this root
	Chain  string                 `json:"chain"`
	Record string                 `json:"record"`
	Kind   string                 `json:"kind"`
	Root   types.Hash             `json:"root"`
	Size   uint64                 `json:"size"` // leaves, with the kind
	Fields []types.DisclosedField `json:"fields"`
	Ledger *LedgerVerdict         `json:"ledger,omitempty"` // nil without a trusted genesis
}

// LedgerVerdict says who committed to a document's root, where and when.
type LedgerVerdict struct {
	Holder   string   `json:"holder"` // key of the record whose history holds the root
	Member   string   `json:"member"` // who signed the commitment
	Kind     string   `json:"kind"`   // of the transaction
	Height   int64    `json:"height"`
	Time     int64    `json:"time"`               // of the block, Unix milliseconds
	Replaced bool     `json:"replaced,omitempty"` // a newer version of the document stands in the record
	Evidence *Verdict `json:"evidence"`
}

// VerifyDisclosure checks a disclosure file: that its fields are in a document with its root and, against the genesis that
// the caller trusts, that the ledger holds this root in the record that the file names. With a nil genesis only the first.
// It needs no network; the error is a *NotProven when the file does not prove that.
func VerifyDisclosure(file []byte, genesis *types.Genesis) (*DisclosureVerdict, error) {
	d, err := types.ParseDisclosure(file)
	if err != nil {
		return nil, &NotProven{"the file", err}
	}
	if err := d.Verify(); err != nil {
		return nil, &NotProven{"the fields", err}
	}
	v := &DisclosureVerdict{
		Proven: true, Chain: d.Chain, Record: d.Record, Kind: d.Kind, Root: d.Root, Size: d.Size, Fields: d.Fields[1:],
	}
	if genesis == nil {
		return v, nil
	}
	v.Ledger, err = verifyRoot(d, genesis)
	if err != nil {
		return nil, err
	}
	return v, nil
}

func verifyRoot(d *types.Disclosure, genesis *types.Genesis) (*LedgerVerdict, error) {
	if d.Evidence == nil {
		return nil, unproven("the ledger", "the file holds no evidence that a ledger holds the root %s", d.Root)
	}
	evidence, err := json.Marshal(d.Evidence)
	if err != nil {
		return nil, err
	}
	proven, err := Verify(evidence, genesis)
	if err != nil {
		return nil, err
	}
	if proven.Claim != types.ClaimHistory {
		return nil, unproven("the ledger", "the evidence is of a %s, not of a history", proven.Claim)
	}
	event, err := findRoot(d.Evidence, d)
	if err != nil {
		return nil, &NotProven{"the ledger", err}
	}
	l := &LedgerVerdict{
		Holder: proven.Key, Member: event.Member, Kind: event.Kind, Height: event.Height, Time: event.Time, Evidence: proven,
	}
	if o, ok := proven.record.(*types.Order); ok {
		l.Replaced = replaced(o, d)
	}
	return l, nil
}

// replaced reports whether the order holds another version of the document.
func replaced(o *types.Order, d *types.Disclosure) bool {
	for i := range o.Slots {
		s := &o.Slots[i]
		if d.Record == slotRecord(s) && s.Document != d.Root && s.Tag(types.TagOriginal) != d.Root {
			return true
		}
	}
	return false
}

// slotRecord is the key of the record of a slot's document: the slots are named as the records.
func slotRecord(s *types.Slot) string { return s.Kind + "/" + s.Member + "/" + s.ID }

func verifyDisclosureCommand(s *session) *cobra.Command {
	var trust string
	cmd := &cobra.Command{
		Use:   "verify FILE [--trust GENESIS]",
		Short: "Check a disclosure file, offline",
		Long: `Check a disclosure file, and say in words what it proves: which fields stand in a document,
under which root, in which record of the ledger, since which block, and who signed it. No
node and no network are used.

Without --trust it is only checked that the fields are in a document with that root. Compare
the root yourself with what the ledger holds, or name the genesis that you trust.

Exit codes: 0 proven, 4 not proven, 2 a file cannot be read.`,
		Example: "  carya document verify paid.json --trust genesis.json",
		Args:    takes(1, 1, "a disclosure file, or - for standard input"),
	}
	cmd.Flags().StringVar(&trust, "trust", "", "genesis file of the chain")
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		var genesis *types.Genesis
		var err error
		if trust != "" {
			if genesis, err = trusted(trust); err != nil {
				return err
			}
		}
		file, err := s.input(args[0], MaxEvidence)
		if err != nil {
			return err
		}
		v, err := VerifyDisclosure(file, genesis)
		if err != nil {
			return s.refute(args[0], err)
		}
		s.say("%s", v)
		return s.emit(v)
	})
	return cmd
}

// String says in words what is proven and what is not. It is safe to print.
func (v *DisclosureVerdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "✓ proven: %s in a document %s of %s\n  root %s\n",
		stand(len(v.Fields)), oneLine(v.Kind), count(int(v.Size)-1, "field"), v.Root)
	for _, f := range v.Fields {
		fmt.Fprintf(&b, "    %s  %s\n", oneLine(f.Path), oneLine(f.Value))
	}
	if v.Ledger != nil {
		v.Ledger.write(&b, v)
	}
	b.WriteString("\nnot proven\n")
	for _, limit := range v.limits() {
		fmt.Fprintf(&b, "  - %s\n", oneLine(limit))
	}
	return plain(b.String())
}

func stand(n int) string {
	if n == 1 {
		return "this field stands"
	}
	return fmt.Sprintf("these %d fields stand", n)
}

func (l *LedgerVerdict) write(b *strings.Builder, v *DisclosureVerdict) {
	fmt.Fprintf(b, "✓ proven: %s committed to it in block %d of %s, %s, as %s (%s)\n",
		oneLine(l.Member), l.Height, v.Chain, moment(l.Time), oneLine(v.Record), oneLine(l.Kind))
	if l.Replaced {
		b.WriteString("  ! a newer version of the document has replaced this one\n")
	}
	fmt.Fprintf(b, "  it stands in the history of %s, %s\n", oneLine(l.Holder), count(len(l.Evidence.Events), "event"))
	l.Evidence.writeSigners(b)
}

func (v *DisclosureVerdict) limits() []string {
	limits := []string{"what the other fields say", "that what the document says is true: who committed to it said so"}
	if v.Ledger == nil {
		return append([]string{fmt.Sprintf("that the ledger %s holds this root as %s: nothing was checked (--trust GENESIS)", v.Chain, v.Record)}, limits...)
	}
	return append(limits, v.Ledger.Evidence.limits()...)
}
