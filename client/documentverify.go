package client

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// DisclosureVerdict says what a disclosure file proves. Only VerifyDisclosure makes one.
type DisclosureVerdict struct {
	Proven bool                   `json:"proven"` // always: the fields are in the document with this root
	Chain  string                 `json:"chain"`
	Record string                 `json:"record"`
	Kind   string                 `json:"kind"`
	Root   types.Hash             `json:"root"`
	Fields []types.DisclosedField `json:"fields"`
	Ledger *LedgerVerdict         `json:"ledger,omitempty"` // nil without trust
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

// VerifyDisclosure checks a file that shows fields of a document: that they are in a document with its root and, against the
// trust that the caller has, that the ledger holds this root in the record that the file names. With nil trust only the
// first. The file is evidence with a field claim, or a types.Disclosure, which says nothing about a ledger.
//
// It needs no network; the error is an *evidence.Refusal when the file does not prove that.
func VerifyDisclosure(file []byte, trust *evidence.Trust) (*DisclosureVerdict, error) {
	d, claim, err := disclosed(file)
	if err != nil {
		return nil, err
	}
	v := &DisclosureVerdict{
		Proven: true, Chain: d.Chain, Record: d.Record, Kind: d.Kind, Root: d.Root,
	}
	if trust != nil {
		if v.Ledger, err = verifyCommitment(file, claim, trust); err != nil {
			return nil, err
		}
	} else if err := d.Verify(); err != nil {
		return nil, &evidence.Refusal{Reason: evidence.FieldUnproven, Claim: claim, Detail: err.Error()}
	}
	v.Fields = d.Fields[1:]
	return v, nil
}

// disclosed reads the part of a document that a file shows, and which claim shows it, -1 for none.
func disclosed(file []byte) (d *types.Disclosure, claim int, err error) {
	var head struct {
		Format any `json:"format"`
	}
	if json.Unmarshal(file, &head) == nil && head.Format == types.DisclosureFormat {
		if d, err = types.ParseDisclosure(file); err != nil {
			return nil, -1, &evidence.Refusal{Reason: evidence.Malformed, Claim: -1, Detail: err.Error()}
		}
		return d, -1, nil
	}
	e, err := evidence.Parse(file)
	if err != nil {
		return nil, -1, err
	}
	for i := range e.Claims {
		if c := &e.Claims[i]; c.Claim == evidence.ClaimField && c.Document != nil {
			return &types.Disclosure{Chain: e.Chain, DocumentPart: *c.Document}, i, nil
		}
	}
	return nil, -1, &evidence.Refusal{
		Reason: evidence.ClaimUnknown, Claim: -1, Detail: "the evidence claims nothing about fields of a document; carya verify reads it",
	}
}

// verifyCommitment checks the evidence that a document's root is on the ledger.
func verifyCommitment(file []byte, claim int, trust *evidence.Trust) (*LedgerVerdict, error) {
	if claim < 0 {
		return nil, &evidence.Refusal{
			Reason: evidence.EventUnproven, Claim: -1, Detail: "the file holds no evidence that a ledger holds the document's root",
		}
	}
	v, err := Verify(file, trust)
	if err != nil {
		return nil, err
	}
	c := &v.Claims[claim]
	event := &c.Events[0]
	return &LedgerVerdict{
		Holder: c.Key, Member: event.Member, Kind: event.Kind, Height: event.Height, Time: event.Time, Replaced: c.Replaced, Evidence: v,
	}, nil
}

func verifyDisclosureCommand(s *session) *cobra.Command {
	var trust string
	cmd := &cobra.Command{
		Use:   "verify FILE [--trust TRUST]",
		Short: "Check a disclosure file, offline",
		Long: `Check a disclosure file, and say in words what it proves: which fields stand in a document,
under which root, in which record of the ledger, since which block, and who signed it. No
node and no network are used.

Without --trust it is only checked that the fields are in a document with that root. Compare
the root yourself with what the ledger holds, or name the trust file that you have.

Exit codes: 0 proven, 4 not proven, 2 a file cannot be read.`,
		Example: "  carya document verify paid.json --trust trust.json",
		Args:    takes(1, 1, "a disclosure file, or - for standard input"),
	}
	cmd.Flags().StringVar(&trust, "trust", os.Getenv(envTrust), trustHelp)
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		var known *evidence.Trust
		var err error
		if trust != "" {
			if known, err = trusted(trust); err != nil {
				return err
			}
		}
		file, err := s.input(args[0], MaxEvidence)
		if err != nil {
			return err
		}
		v, err := VerifyDisclosure(file, known)
		if err != nil {
			return s.refute(args[0], err)
		}
		if v.Ledger != nil {
			v.Ledger.Evidence.Date(time.Now(), MaxAge)
		}
		s.say("%s", v)
		return s.emit(v)
	})
	return cmd
}

// String says in words what is proven and what is not. It is safe to print.
func (v *DisclosureVerdict) String() string {
	var b strings.Builder
	if v.Ledger != nil {
		v.Ledger.Evidence.writeWarnings(&b)
	}
	fmt.Fprintf(&b, "✓ proven: %s in a document %s\n  root %s\n", stand(len(v.Fields)), oneLine(v.Kind), v.Root)
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

func (l *LedgerVerdict) write(b *strings.Builder, v *DisclosureVerdict) {
	fmt.Fprintf(b, "✓ proven: %s committed to it in block %d of %s, %s, as %s (%s)\n",
		oneLine(l.Member), l.Height, v.Chain, moment(l.Time), oneLine(v.Record), oneLine(l.Kind))
	if l.Replaced {
		b.WriteString("  ! a newer version of the document has replaced this one\n")
	}
	fmt.Fprintf(b, "  it stands in the history of %s\n", oneLine(l.Holder))
	l.Evidence.writeSigners(b)
}

func (v *DisclosureVerdict) limits() []string {
	limits := []string{"what the other fields say", "that what the document says is true: who committed to it said so"}
	if v.Ledger == nil {
		return append([]string{fmt.Sprintf("that the ledger %s holds this root as %s: nothing was checked (--trust TRUST)", v.Chain, v.Record)}, limits...)
	}
	for _, limit := range v.Ledger.Evidence.Unproven {
		if !slices.Contains(limits, limit) {
			limits = append(limits, limit)
		}
	}
	return limits
}
