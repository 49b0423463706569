package client

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

func epcisCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "epcis", Short: "Record EPCIS events"}
	s := newSession(cmd)
	return group(cmd, captureCommand(s), checkEPCISCommand(s), hashCommand(s))
}

func captureCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "capture FILE|DIR…",
		Short: "Record the events of EPCIS 2.0 documents",
		Long: `Record the events of EPCIS 2.0 documents in JSON-LD: all five types, and error
declarations. A document becomes one transaction of the kind CaptureEvent, whose bodies
are its events; the ledger checks what each does to lots and units and keeps all of it.

What the ledger holds against an event is said with its code (carya codes): a lot that
is overdrawn, goods that another member holds, a certificate that has expired.

Everything that can be checked here is checked before anything is sent. With --on-error
rollback, which is the default, one fault and nothing is recorded; with proceed the
others are, in several transactions if one does not hold them.`,
		Example: `  carya epcis capture harvest.jsonld --member coop-linan --key harvest --wait
  carya epcis capture events/ --member coop-linan --on-error proceed
  carya epcis capture events/ --member coop-linan --chain carya-hz --dry-run`,
		Args: takes(1, -1, "EPCIS documents"),
	}
	a := newAuthor(s, cmd)
	cmd.RunE = s.run(a.capture)
	return cmd
}

func (a *author) capture(ctx context.Context, args []string) error {
	if err := a.check(); err != nil {
		return err
	}
	files, err := paths(args, ".json", ".jsonld")
	if err != nil {
		return err
	}
	l, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	sh := &shipment{author: a, ledger: l}
	for _, path := range files {
		sub, err := readCapture(path)
		if err != nil {
			return err
		}
		sh.files = append(sh.files, sub)
	}
	return sh.ship(ctx)
}

// readCapture reads one EPCIS document. Its faults stand in what it returns; an error is a file that cannot be read.
func readCapture(path string) (*submission, error) {
	data, err := readFile(path, epcis.MaxSize)
	if err != nil {
		return nil, usage("", err)
	}
	return captureOf(path, data), nil
}

// captureOf makes a submission of one EPCIS document: a piece for each event, in their order. The path names it in what
// is said about it.
func captureOf(path string, data []byte) *submission {
	sub := &submission{path: path}
	doc, err := epcis.Parse(data)
	var faults epcis.Errors
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			sub.faults = append(sub.faults, documentFault(f))
		}
	case err != nil:
		sub.faults = append(sub.faults, &types.Refusal{Code: types.Malformed, Field: "/", Detail: err.Error()})
	case len(doc.Events) == 0:
		sub.faults = append(sub.faults, &types.Refusal{Code: types.FieldInvalid, Field: "/epcisBody", Detail: "the document holds no event"})
	default:
		for i := range doc.Events {
			sub.add(capture(&doc.Events[i]))
		}
		for _, w := range doc.Warnings {
			sub.pieces[0].Notes = append(sub.pieces[0].Notes, w.String())
		}
	}
	return sub
}

// documentFault gives a fault of a document its code.
func documentFault(f *epcis.Error) *types.Refusal {
	code := types.EventInvalid
	switch f.Code {
	case epcis.CodeNotEPCIS, epcis.CodeMalformed:
		code = types.Malformed
	case epcis.CodeTooLarge:
		code = types.TooLarge
	}
	return &types.Refusal{Code: code, Field: first(f.Pointer, "/"), Detail: f.Detail}
}

// capture makes the body of an event, after the checks that consensus makes without knowing any state.
func capture(e *epcis.Event) *piece {
	p := &piece{At: first(e.Pointer, "/"), What: summary(e)}
	body := types.Capture(e)
	if err := body.Check(); err != nil {
		p.refused(err)
		return p
	}
	if _, err := types.EventIdentity(e); err != nil {
		p.refused(err)
		return p
	}
	if !types.EventHashFits(e) {
		p.Notes = append(p.Notes, "the eventID is not the CBV 2.0 hash of the event; the ledger flags it EVENT_HASH")
	}
	for _, w := range e.Warnings {
		p.Notes = append(p.Notes, w.String())
	}
	p.body = body
	return p
}

// refused records why a body cannot be sent.
func (p *piece) refused(err error) {
	var refusal *types.Refusal
	if !errors.As(err, &refusal) {
		refusal = &types.Refusal{Code: types.EventInvalid, Detail: err.Error()}
	}
	p.fault(refusal.Code, first(refusal.Field, p.At), "%s", refusal.Detail)
}

// summary says in a few words what an event is about.
func summary(e *epcis.Event) string {
	words := []string{e.Type}
	for _, w := range []string{e.Action, e.BizStep} {
		if w != "" {
			words = append(words, w)
		}
	}
	if e.Error != nil {
		words = append(words, "declared an error")
	}
	text := strings.Join(words, " ")
	if n := len(e.Quantities) + len(e.InputQuantities) + len(e.OutputQuantities) + len(e.ChildQuantities); n > 0 {
		text += ", " + count(n, "lot")
	}
	if n := len(e.EPCs) + len(e.InputEPCs) + len(e.OutputEPCs) + len(e.ChildEPCs); n > 0 {
		text += ", " + count(n, "unit")
	}
	return text
}
