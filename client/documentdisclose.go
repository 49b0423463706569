package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// disclosing is one run of `carya document disclose`.
type disclosing struct {
	*session
	documentChoice
	fields  []string
	to      string
	offline bool
}

func discloseCommand(s *session) *cobra.Command {
	d := &disclosing{session: s}
	cmd := &cobra.Command{
		Use:   "disclose RECORD|FILE --field PATH… -o FILE",
		Short: "Write a proof of single fields of a document",
		Long: `Write a file that shows some fields of a document and proves that they are in it: each with
its salt and its Merkle path to the root that the ledger holds. The file tells nothing of the
other fields but how many there are. "carya document verify" checks it, offline.

With a node, the file also holds the ledger's evidence of the root: the whole history of the
order's record, with the header that the validators signed. --offline leaves it out.

A field is named by its path as "carya document show" prints it, or by its last part where
only one field has it.`,
		Example: `  carya document disclose order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --field acturalPaid --field currency -o paid.json
  carya document disclose opened/0-01KB0Q7Z40N7DPSEYSB6DNYX4Q.json --field 'OrderList[0]/qty' -o qty.json --offline`,
		Args: takes(1, 1, "a document's record or file"),
	}
	d.documentChoice.flags(cmd)
	cmd.Flags().StringArrayVar(&d.fields, "field", nil, "path of a field to show; once for each")
	cmd.Flags().StringVarP(&d.to, "output", "o", "", "file to write, which must not exist")
	cmd.Flags().BoolVar(&d.offline, "offline", false, "ask no node: without evidence that the ledger holds the root")
	cmd.RunE = s.run(d.disclose)
	return cmd
}

func (d *disclosing) disclose(ctx context.Context, args []string) error {
	if d.to == "" || len(d.fields) == 0 {
		return usage("for instance --field acturalPaid -o paid.json", errors.New("the fields to show, or the file to write, are missing"))
	}
	document, err := d.find(d.home, args[0])
	if err != nil {
		return err
	}
	if err := document.check(); err != nil {
		return fmt.Errorf("%s: %w", document.path, err)
	}
	positions, err := document.positions(d.fields)
	if err != nil {
		return err
	}
	shown, err := types.Disclose(document.Kind, document.Fields, document.Seed, positions)
	if err != nil {
		return err
	}
	shown.Chain, shown.Record = document.Chain, document.Record
	if !d.offline {
		if shown.Evidence, err = d.evidence(ctx, shown); err != nil {
			return err
		}
	}
	file, err := json.MarshalIndent(shown, "", " ")
	if err != nil {
		return err
	}
	if err := d.deliver(d.to, append(file, '\n')); err != nil {
		return err
	}
	return d.tell(shown, len(file)+1)
}

func (d *disclosing) tell(shown *types.Disclosure, size int) error {
	evidence := "without evidence that a ledger holds the root"
	if shown.Evidence != nil {
		evidence = fmt.Sprintf("with the history of %s until block %d", shown.Evidence.Key, shown.Evidence.Height)
	}
	d.say("✓ %s: %d of %s of %s, %d bytes, %s", d.to, len(shown.Fields)-1, count(int(shown.Size)-1, "field"), shown.Record, size, evidence)
	for _, f := range shown.Fields[1:] {
		d.say("    %s  %s", oneLine(f.Path), oneLine(f.Value))
	}
	return d.emit(map[string]any{"file": d.to, "record": shown.Record, "root": shown.Root, "fields": len(shown.Fields) - 1, "evidence": shown.Evidence != nil})
}

// positions returns where the named fields stand, ascending.
func (d *document) positions(names []string) ([]int, error) {
	var found []int
	for _, name := range names {
		at, err := d.position(name)
		if err != nil {
			return nil, err
		}
		found = append(found, at)
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// position finds a field by its path or, where only one has it, by the last part of it. What is disclosed cannot be taken
// back, so that a name that several fields have is refused.
func (d *document) position(name string) (int, error) {
	var found []int
	for i, f := range d.Fields {
		if f.Path == name {
			return i, nil
		}
		if strings.HasSuffix(f.Path, "/"+name) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return 0, usage("`carya document show` lists its fields", fmt.Errorf("the document has no field %q", name))
	case 1:
		return found[0], nil
	}
	return 0, usage("name the path", fmt.Errorf("%s of the document are called %q: %s, %s …",
		count(len(found), "field"), name, d.Fields[found[0]].Path, d.Fields[found[1]].Path))
}

// evidence fetches the proof of the record in whose history the root stands.
func (d *disclosing) evidence(ctx context.Context, shown *types.Disclosure) (*types.Evidence, error) {
	node, err := d.dial()
	if err != nil {
		return nil, err
	}
	defer node.Close()
	e, err := evidenceOf(ctx, node, shown.Record)
	if silent := (*Unreachable)(nil); errors.As(err, &silent) {
		return nil, &Failure{ExitUnreachable, err, "--offline writes the disclosure without the ledger's evidence"}
	}
	if err == nil {
		_, err = findRoot(e, shown)
	}
	if err != nil {
		return nil, &Failure{ExitFailed, err, "was the document recorded? --offline discloses it all the same"}
	}
	return e, nil
}

// evidenceOf returns the proven history of the record that holds a document's root: the order's.
func evidenceOf(ctx context.Context, node *Client, record string) (*types.Evidence, error) {
	key, err := holderOf(ctx, node, record)
	if err != nil {
		return nil, err
	}
	e, err := node.Evidence(ctx, types.ClaimHistory, key, 0)
	if err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", key, err)
	}
	if e.Claim == types.ClaimAbsence {
		return nil, types.Refuse(types.NotFound, "key", "the ledger has no record %s", key)
	}
	if e.Key != key || e.Claim != types.ClaimHistory {
		return nil, fmt.Errorf("node %s sent a proof of the %s of %.100q, not of the history of %s", node.Node(), e.Claim, e.Key, key)
	}
	return e, nil
}

// holderOf returns the key of the record that holds a document's root. A payment, waybill or declaration that was set
// free holds its own history.
func holderOf(ctx context.Context, node *Client, record string) (string, error) {
	switch prefix, _, _ := strings.Cut(record, "/"); prefix {
	case types.PrefixPayment, types.PrefixWaybill, types.PrefixDeclaration:
	default:
		return record, nil
	}
	answer, err := node.Record(ctx, record, 0)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", record, err)
	}
	var d types.Document
	if err := types.Decode(answer.Value, &d); err != nil {
		return "", fmt.Errorf("record %s: %w", record, err)
	}
	if d.Order == "" {
		return record, nil
	}
	return types.PrefixOrder + "/" + string(d.Order), nil
}

// findRoot finds the event that put a disclosure's root on the ledger. It verifies nothing else of the evidence.
func findRoot(e *types.Evidence, d *types.Disclosure) (*types.Event, error) {
	if e.Chain != d.Chain {
		return nil, fmt.Errorf("the evidence is of the chain %.60q, the document of %.60q", e.Chain, d.Chain)
	}
	for i, raw := range e.Events {
		event, err := types.DecodeEvent(raw)
		if err != nil {
			return nil, fmt.Errorf("event %d of %s: %w", i, e.Key, err)
		}
		record, commits, err := event.CommitsTo(d.Root)
		if err != nil {
			return nil, fmt.Errorf("event %d of %s: %w", i, e.Key, err)
		}
		if commits && record == d.Record {
			return event, nil
		}
	}
	return nil, fmt.Errorf("in the history of %.100q nothing commits %.100q to the root %s", e.Key, d.Record, d.Root)
}
