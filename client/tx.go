package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

func txCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tx KIND JSON|@FILE|-",
		Short: "Sign and send a transaction",
		Long: `Sign a transaction in a member's name and hand it to a node.

A transaction says one kind of thing, 1 to 1000 times. What it says is JSON: one object,
or a list of objects; on the command line, in a file (@FILE) or on standard input (-).
"carya tx KIND --help" shows a kind's fields and an example.

Sending the same signed transaction again is always safe: it executes once.`,
		Example: `  carya tx AcceptUnit '{"unit":"sscc.069012340000000016"}' --member coop-linan --key harvest --wait
  carya tx OfferLot @offers.json --member coop-linan --on-error proceed --wait
  carya tx RetireKey --help`,
	}
	s := newSession(cmd)
	a := newAuthor(s, cmd)
	kinds := make([]*cobra.Command, len(types.Catalogue))
	for i, k := range types.Catalogue {
		kinds[i] = kindCommand(a, k)
	}
	return group(cmd, kinds...)
}

// kindCommand is the command of one kind; all of it comes from the catalogue.
func kindCommand(a *author, k *types.Kind) *cobra.Command {
	cmd := &cobra.Command{
		Use:     k.Name + " JSON|@FILE|-",
		Aliases: []string{strings.ToLower(k.Name)},
		Short:   k.Says,
		Long:    kindHelp(k),
		Example: fmt.Sprintf("  carya tx %s '%s' --member ID --wait", k.Name, exampleJSON(k)),
		Args:    takes(1, 1, "JSON, @FILE or - for standard input"),
	}
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := a.check(); err != nil {
			return err
		}
		bodies, err := a.bodies(k, args[0])
		if err != nil {
			return err
		}
		return a.transact(ctx, bodies)
	})
	return cmd
}

func kindHelp(k *types.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s.\n\nFields\n", strings.ToUpper(k.Says[:1]), k.Says[1:])
	writeFieldTypes(&b, k.Fields())
	structs := k.EIP712Types()
	for _, f := range k.Fields() {
		element := strings.TrimSuffix(f.Type, "[]")
		if fields, ok := structs[element]; ok {
			fmt.Fprintf(&b, "\n%s\n", element)
			writeFieldTypes(&b, fields)
			delete(structs, element)
		}
	}
	b.WriteString("\nTimes are Unix milliseconds; quantities count 0.00001 of their unit; bytes are 0x and hexadecimal digits.")
	return b.String()
}

func writeFieldTypes(b *strings.Builder, fields []types.FieldType) {
	for _, f := range fields {
		fmt.Fprintf(b, "  %-13s %s\n", f.Name, f.Type)
	}
}

func exampleJSON(k *types.Kind) string {
	data, err := json.Marshal(k.Example())
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// maxInput bounds what a command reads of one JSON input, in bytes.
const maxInput = 64 << 20

// bodies reads the bodies of a transaction from the command line, a file or standard input.
func (a *author) bodies(k *types.Kind, from string) ([]types.Body, error) {
	data := []byte(from)
	if path, isFile := strings.CutPrefix(from, "@"); isFile || from == "-" {
		var err error
		if data, err = a.input(path, maxInput); err != nil {
			return nil, err
		}
	}
	raws := []json.RawMessage{data}
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '[' {
		if err := json.Unmarshal(data, &raws); err != nil {
			return nil, usage("", fmt.Errorf("%s: %w", k.Name, err))
		}
	}
	bodies := make([]types.Body, len(raws))
	for i, raw := range raws {
		body, err := k.ReadJSON(raw)
		if err != nil {
			return nil, misread(k, i, err)
		}
		bodies[i] = body
	}
	return bodies, nil
}

// misread explains a body that could not be read, by the fields it should have.
func misread(k *types.Kind, i int, err error) error {
	fields := make([]string, 0, len(k.Fields()))
	for _, f := range k.Fields() {
		fields = append(fields, f.Name+" ("+f.Type+")")
	}
	return usage(k.Name+" has the fields "+strings.Join(fields, ", "), fmt.Errorf("bodies[%d]: %w", i, err))
}

// transact sends bodies as one transaction and tells what became of it.
func (a *author) transact(ctx context.Context, bodies []types.Body) error {
	l, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	by, err := a.signer(ctx, l)
	if err != nil {
		return err
	}
	return a.dispatch(ctx, l, by, bodies)
}

// dispatch sends bodies with a signer that is at hand, and tells what became of them.
func (a *author) dispatch(ctx context.Context, l *ledger, by *Signer, bodies []types.Body) error {
	t, err := a.send(ctx, l, by, bodies)
	if err != nil {
		return undecided(t, err)
	}
	a.tell(t)
	if err := a.emit(t); err != nil {
		return err
	}
	if t.Refusal != nil {
		return fmt.Errorf("%s for %s: %w", t.Kind, a.member, t.Refusal)
	}
	return nil
}

// mayBeRecorded reports whether an error leaves the fate of a transaction open: a node that could not be connected to, or
// that was full, has not taken it.
func mayBeRecorded(err error) bool {
	if silent := (*Unreachable)(nil); errors.As(err, &silent) {
		return silent.sent
	}
	code, _ := types.CodeOf(err)
	return code < types.Retryable
}

// undecided adds the digest to an error that leaves a signed transaction's fate open.
func undecided(t *sent, err error) error {
	if t == nil || t.Digest == nil || !mayBeRecorded(err) {
		return err
	}
	return &Failure{ExitCode(err), err, first(hint(err), "it may have been recorded") +
		fmt.Sprintf("; `carya receipt %s` tells whether the transaction was recorded", t.Digest)}
}

// tell prints what became of a transaction.
func (a *author) tell(t *sent) {
	if t.DryRun {
		var pretty bytes.Buffer
		json.Indent(&pretty, t.Tx, "", "  ")
		a.say("%s", pretty.String())
	}
	mark := "✓"
	if t.Refusal != nil {
		mark = "✗"
	}
	a.say("%s %s for %s: %s", mark, t.Kind, a.member, t.fate())
	if t.Digest != nil {
		a.say("  transaction %s", t.Digest)
	}
	if t.Bodies > 1 && !t.DryRun && t.Receipt != nil {
		a.tellBodies(t)
	}
}

// tellBodies lists the bodies that the block refused.
func (a *author) tellBodies(t *sent) {
	refused := 0
	for i, code := range t.codes() {
		if code != types.OK {
			refused++
			a.say("  ✗ bodies[%d]: %s, %s", i, code, code.Says())
		}
	}
	a.say("  %d of %d bodies were not refused", t.Bodies-refused, t.Bodies)
}
