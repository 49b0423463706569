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
	"github.com/caryaledger/carya/types/evidence"
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

With a node, the file is evidence as "carya prove" writes it: it holds the event that put the
root on the ledger, its place in the order's history, and the header that the validators
signed, and "carya verify" checks it, too. --offline leaves all that out.

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
	part, err := types.Disclose(document.Kind, document.Fields, document.Seed, positions)
	if err != nil {
		return err
	}
	part.Record = document.Record
	file, how, err := d.form(ctx, document.Chain, part)
	if err != nil {
		return err
	}
	if err := d.deliver(d.to, file); err != nil {
		return err
	}
	return d.tell(part, len(file), how)
}

// form writes the disclosure as a file, and says with what evidence.
func (d *disclosing) form(ctx context.Context, chain string, part *types.DocumentPart) (file []byte, how string, err error) {
	if d.offline {
		file, err = json.MarshalIndent(&types.Disclosure{Format: types.DisclosureFormat, Chain: chain, DocumentPart: *part}, "", " ")
		return append(file, '\n'), "without evidence that a ledger holds the root", err
	}
	e, err := d.evidence(ctx, chain, part)
	if err != nil {
		return nil, "", err
	}
	c := &e.Claims[0]
	c.Claim, c.Document = evidence.ClaimField, part
	file, err = e.Encode()
	return file, fmt.Sprintf("with event %d of %s, until block %d", c.Index+1, c.Key, c.Height), err
}

func (d *disclosing) tell(part *types.DocumentPart, size int, how string) error {
	d.say("✓ %s: %d of %s of %s, %d bytes, %s", d.to, len(part.Fields)-1, count(int(part.Size)-1, "field"), part.Record, size, how)
	for _, f := range part.Fields[1:] {
		d.say("    %s  %s", oneLine(f.Path), oneLine(f.Value))
	}
	return d.emit(map[string]any{"file": d.to, "record": part.Record, "root": part.Root, "fields": len(part.Fields) - 1, "evidence": !d.offline})
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

// evidence fetches the proof of the event that put the root on the ledger.
func (d *disclosing) evidence(ctx context.Context, chain string, part *types.DocumentPart) (*evidence.Evidence, error) {
	node, err := d.dial()
	if err != nil {
		return nil, err
	}
	defer node.Close()
	e, err := evidenceOf(ctx, node, part.Record, part.Root)
	if silent := (*Unreachable)(nil); errors.As(err, &silent) {
		return nil, &Failure{ExitUnreachable, err, "--offline writes the disclosure without the ledger's evidence"}
	}
	if err == nil {
		_, err = findRoot(e, chain, part.Record, part.Root)
	}
	if err != nil {
		return nil, &Failure{ExitFailed, err, "was the document recorded? --offline discloses it all the same"}
	}
	return e, nil
}

// evidenceOf returns the proof of the event that committed to a document's root, in the history of the record that holds it:
// the order's.
func evidenceOf(ctx context.Context, node *Client, record string, root types.Hash) (*evidence.Evidence, error) {
	key, err := holderOf(ctx, node, record)
	if err != nil {
		return nil, err
	}
	e, err := node.Prove(ctx, &evidence.Asked{Claims: []evidence.Ask{{Claim: evidence.ClaimEvent, Key: key, Root: root[:]}}})
	if err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", key, err)
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

// findRoot finds the event that put a document's root on the ledger as the document's record, in any history or event that
// evidence claims. It verifies nothing.
func findRoot(e *evidence.Evidence, chain, record string, root types.Hash) (*types.Event, error) {
	if e.Chain != chain {
		return nil, fmt.Errorf("the evidence is of the chain %.60q, the document of %.60q", e.Chain, chain)
	}
	for i := range e.Claims {
		for _, raw := range e.Claims[i].Events {
			event, err := types.DecodeEvent(raw)
			if err != nil {
				continue // of a later release: not what this one recorded
			}
			if made, commits, err := event.CommitsTo(root); err == nil && commits && made == record {
				return event, nil
			}
		}
	}
	return nil, fmt.Errorf("the evidence (%s) commits %.100q to no document with the root %s", briefly(e.Claims), record, root)
}
