package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

func pullCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pull",
		Short: "Check original payment data against what was committed at payment time",
		Long: `Check what a platform answers when customs asks for the original data of a payment (GACC
announcements 2018-165 and 2018-179).

With each payment the payment company can commit to its original record: the ledger holds the
root of it from that moment, and nothing of what it says. When customs asks later, the payment
company hands out its record, and the platform's answer either is what was committed, or not.`,
		Example: `  carya pull hand-out payment/tianmu-pay/01KB0Q8YDRN7DPSEYSB6DNYX4Q -o original.json
  carya pull check answer.json --original original.json --trust trust.json`,
	}
	s := newSession(cmd)
	return group(cmd, pullCheckCommand(s), handOutCommand(s))
}

func handOutCommand(s *session) *cobra.Command {
	c := &documentChoice{kind: pullKind}
	var to string
	cmd := &cobra.Command{
		Use:   "hand-out PAYMENT -o FILE",
		Short: "Hand out the original record of a payment, with its seed",
		Long: `Write the original record of a payment to a file, as it was committed to, with its seed: who
gets the file can read it and check the commitment. For the payment company, towards customs.
PAYMENT is the payment's record, or its payTransactionId.`,
		Example: "  carya pull hand-out payment/tianmu-pay/01KB0Q8YDRN7DPSEYSB6DNYX4Q -o original.json",
		Args:    takes(1, 1, "a payment's record"),
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "file to write, which must not exist")
	cmd.Flags().Int64Var(&c.seq, "seq", 0, "version, by its appTime in Unix milliseconds (default the newest)")
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		if to == "" {
			return usage("for instance -o original.json", errors.New("the file to write is missing"))
		}
		original, err := c.handedOut(s, args[0])
		if err != nil {
			return err
		}
		if err := original.check(); err != nil {
			return fmt.Errorf("%s: %w", original.Record, err)
		}
		data, err := json.MarshalIndent(original, "", " ")
		if err != nil {
			return err
		}
		if err := s.deliver(to, append(data, '\n')); err != nil {
			return err
		}
		s.say("✓ %s: the original record of %s, root %s", to, original.Record, original.Root)
		return s.emit(map[string]any{"file": to, "record": original.Record, "root": original.Root})
	})
	return cmd
}

// handedOut finds an original record by the payment's record or, as a payment company knows its payments, by its number.
func (c *documentChoice) handedOut(s *session, payment string) (*document, error) {
	if !strings.Contains(payment, "/") {
		return (&pullCheck{session: s}).findOriginal(payment)
	}
	d, err := c.find(s.home, payment)
	if err != nil {
		return nil, err
	}
	return d.document, nil
}

// pullCheck is one run of `carya pull check`.
type pullCheck struct {
	*session
	original string // file
	evidence string // file
	trust    string // file
}

// pullVerdict says whether an answer is what was committed.
type pullVerdict struct {
	Answer      string           `json:"answer"` // file
	Record      string           `json:"record"` // of the payment
	Transaction string           `json:"payTransactionId"`
	Root        types.Hash       `json:"root"`
	Member      string           `json:"member"` // who committed
	Height      int64            `json:"height"`
	Time        int64            `json:"time"`     // of the block, Unix milliseconds
	After       int64            `json:"after"`    // milliseconds from the payment to the block
	Verified    bool             `json:"verified"` // against a trust file; else the node says so
	Same        bool             `json:"same"`     // the answer is what was committed
	Fields      int              `json:"fields"`
	Differences []pullDifference `json:"differences,omitempty"`
}

// pullDifference is a field in which the answer is not what was committed. A side that lacks the field is nil.
type pullDifference struct {
	Path      string  `json:"path"`
	Committed *string `json:"committed"`
	Answered  *string `json:"answered"`
}

func pullCheckCommand(s *session) *cobra.Command {
	p := &pullCheck{session: s}
	cmd := &cobra.Command{
		Use:   "check ANSWER.json",
		Short: "Say whether a platform's answer is what the payment company committed to",
		Long: `Check a platform's answer to customs' pull (realTimeDataUpload, JSON) against the commitment
that the payment company made with the payment: whether it is the same, field by field, and
when the commitment was made.

The payment company's record, with its seed, comes from "carya pull hand-out" (--original), or
from this home if it is its own. That the ledger holds its root comes from the node, or from an
evidence file (--evidence), offline: of the event, or of the order's whole history. --trust
checks the proof; without it the node is believed.

Exit codes: 0 the answer is what was committed, 1 it is not, 4 the commitment is not proven.`,
		Example: `  carya pull check answer.json --original original.json
  carya prove history order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q -o order.json
  carya pull check answer.json --original original.json --evidence order.json --trust trust.json`,
		Args: takes(1, 1, "an answer's file, or - for standard input"),
	}
	f := cmd.Flags()
	f.StringVar(&p.original, "original", "", "the payment company's record, a file of `carya pull hand-out` (default this home's)")
	f.StringVar(&p.evidence, "evidence", "", "evidence file of the event, or of the order's history (default the node is asked)")
	f.StringVar(&p.trust, "trust", os.Getenv(envTrust), trustHelp+": verify the evidence")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		if p.evidence != "" && p.trust == "" {
			return usage("it says which validators may vouch for the chain; members hand it out", errors.New("an evidence file proves nothing without --trust TRUST"))
		}
		return p.check(ctx, args[0])
	})
	return cmd
}

func (p *pullCheck) check(ctx context.Context, answer string) error {
	data, err := p.input(answer, maxInput)
	if err != nil {
		return err
	}
	fields, transaction, err := readPull(data)
	if err != nil {
		return usage("the message realTimeDataUpload of GACC announcement 2018-179, as JSON", fmt.Errorf("%s: %w", answer, err))
	}
	original, err := p.findOriginal(transaction)
	if err != nil {
		return err
	}
	if err := original.check(); err != nil {
		return p.refute(answer, uncommitted(evidence.FieldUnproven, fmt.Errorf("the payment company's record: %w", err)))
	}
	v := &pullVerdict{Answer: answer, Record: original.Record, Transaction: transaction, Root: original.Root, Fields: len(original.Fields)}
	if err := p.locate(ctx, v, original); err != nil {
		return p.refute(answer, err)
	}
	if err := v.compare(fields, original); err != nil {
		return err
	}
	return p.tell(v)
}

// uncommitted is the refusal of an original record that nobody committed to.
func uncommitted(reason evidence.Reason, err error) error {
	return &evidence.Refusal{Reason: reason, Claim: -1, Detail: err.Error()}
}

// findOriginal returns the record behind a payment: the file that was named, or this home's with that transaction number.
func (p *pullCheck) findOriginal(transaction string) (*document, error) {
	if p.original != "" {
		d, err := readDocument(p.original)
		if err != nil {
			return nil, usage("`carya pull hand-out` writes it", err)
		}
		if d.Kind != pullKind {
			return nil, usage("`carya pull hand-out` writes it", fmt.Errorf("%s is a %.40q, not the original record of a payment", p.original, d.Kind))
		}
		return d, nil
	}
	paths, err := documentsOf(p.home).files()
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if !strings.HasSuffix(path, originalEnding) {
			continue
		}
		d, err := readDocument(path)
		if err != nil {
			return nil, err
		}
		if d.Kind == pullKind && d.value("payTransactionId") == transaction {
			return d, nil
		}
	}
	return nil, usage("--original names the file that the payment company handed out (`carya pull hand-out`)",
		fmt.Errorf("no original record of the payment %q in %s", transaction, p.home))
}

// locate finds the event that committed to the original record.
func (p *pullCheck) locate(ctx context.Context, v *pullVerdict, original *document) error {
	e, err := p.commitment(ctx, original)
	if err != nil {
		return err
	}
	if p.trust != "" {
		trust, err := trusted(p.trust)
		if err != nil {
			return err
		}
		if _, err := e.Verify(trust); err != nil {
			return err
		}
		v.Verified = true
	}
	event, err := findRoot(e, original.Chain, original.Record, original.Root)
	if err != nil {
		return uncommitted(evidence.CommitmentDiffer, err)
	}
	paid, err := types.ULIDTime(original.ulid())
	if err != nil {
		return uncommitted(evidence.CommitmentDiffer, err)
	}
	v.Member, v.Height, v.Time, v.After = event.Member, event.Height, event.Time, event.Time-paid
	return nil
}

// commitment returns the evidence in which the commitment stands: the file's, or the node's.
func (p *pullCheck) commitment(ctx context.Context, original *document) (*evidence.Evidence, error) {
	if p.evidence != "" {
		data, err := readFile(p.evidence, MaxEvidence)
		if err != nil {
			return nil, usage("", err)
		}
		return evidence.Parse(data)
	}
	node, err := p.dial()
	if err != nil {
		return nil, err
	}
	defer node.Close()
	return evidenceOf(ctx, node, original.Record, original.Root)
}

// compare finds the fields in which the answer is not what was committed. What decides is the root: an answer with the
// same fields in another order is another record.
func (v *pullVerdict) compare(answered []types.DocumentField, original *document) error {
	root, err := types.DocumentRoot(pullKind, answered, original.Seed)
	if err != nil {
		return err
	}
	v.Same = root == original.Root
	v.Differences = pullDifferences(original.Fields, answered)
	return nil
}

// pullDifferences lists the paths with other values, those of the committed fields first.
func pullDifferences(committed, answered []types.DocumentField) []pullDifference {
	said := map[string]*string{}
	for i := range answered {
		said[answered[i].Path] = &answered[i].Value
	}
	var list []pullDifference
	seen := map[string]bool{}
	for i := range committed {
		f := &committed[i]
		seen[f.Path] = true
		if other := said[f.Path]; other == nil || *other != f.Value {
			list = append(list, pullDifference{f.Path, &f.Value, other})
		}
	}
	for i := range answered {
		if f := &answered[i]; !seen[f.Path] {
			list = append(list, pullDifference{f.Path, nil, &f.Value})
		}
	}
	return list
}

func (p *pullCheck) tell(v *pullVerdict) error {
	checked := "the node says so; --trust TRUST checks the proof"
	if v.Verified {
		checked = "verified against " + p.trust
	}
	p.say("✓ %s committed to the original record of payment %s in block %d, %s, %s the payment (%s)",
		v.Member, oneLine(v.Transaction), v.Height, moment(v.Time), afterPayment(v.After), checked)
	if v.Same {
		p.say("✓ the answer is what was committed: %s", count(v.Fields, "field"))
	} else {
		p.say("✗ the answer is NOT what was committed: %s of %d differ", count(len(v.Differences), "field"), v.Fields)
	}
	for _, d := range v.Differences {
		p.say("    %s\n      committed %s\n      answered  %s", oneLine(d.Path), shownValue(d.Committed), shownValue(d.Answered))
	}
	if err := p.emit(v); err != nil {
		return err
	}
	if !v.Same {
		return fmt.Errorf("%s is not what %s committed to", v.Answer, v.Member)
	}
	return nil
}

// afterPayment says how long after something happened.
func afterPayment(ms int64) string {
	if ms < 0 {
		return fmt.Sprintf("%d s before", -ms/1000)
	}
	return fmt.Sprintf("%d s after", ms/1000)
}

func shownValue(value *string) string {
	if value == nil {
		return "(absent)"
	}
	return oneLine(*value)
}
