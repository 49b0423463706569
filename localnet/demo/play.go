package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Stage is where the story is played.
type Stage struct {
	Cast      Cast
	Home      func(member string) string // folder of the member's keys, documents and tickets
	Node      func(member string) string // address of the node that it speaks to
	Password  string                     // file with the password of the keys
	Trust     string                     // file
	Documents string                     // folder to write the documents into

	// Register gives every node a certificate that customs messages may be signed with.
	Register func(file string, certificate []byte) error

	Begin func(Step) // called before a step that takes a while; may be nil
	Tell  func(Step) // called after each step
}

// Step is one step as it was played.
type Step struct {
	Number       int        `json:"step"`
	Chapter      string     `json:"chapter"`
	Member       string     `json:"signer"`
	Organisation string     `json:"organisation"`
	Says         string     `json:"says"`
	Command      string     `json:"command"` // that anybody could type
	Rule         string     `json:"rule"`
	Expected     types.Code `json:"expected"`
	Code         types.Code `json:"code"`
	OK           bool       `json:"ok"`               // what was expected happened
	Reason       string     `json:"reason,omitempty"` // of a refusal
	Record       string     `json:"record,omitempty"`
	State        string     `json:"state,omitempty"` // of an order, afterwards
	Digest       types.Hash `json:"digest"`
	Height       int64      `json:"height"` // block in which it was recorded or refused
	Elapsed      int64      `json:"elapsed_ms"`
}

// Proof is what is left at the end: files that need no node.
type Proof struct {
	Key    string // of the record
	File   string // evidence of its whole history
	Orders string // evidence of all orders of the platform of this day
	Trust  string // file that they are checked against
}

// Play plays the story and returns the evidence of the lot that it is about. It fails
// at the first step that does not end as expected.
func (s *Stage) Play(ctx context.Context) (*Proof, error) {
	f, err := newFacts(s.Cast, time.Now())
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.Documents, 0o700); err != nil {
		return nil, err
	}
	st := &story{facts: f, dir: s.Documents, tickets: filepath.Join(s.Home(s.Cast.Platform.ID), "tickets")}
	tr, err := newTrade(st)
	if err != nil {
		return nil, err
	}
	for file, certificate := range tr.certificates() {
		if err := s.Register(file, certificate); err != nil {
			return nil, err
		}
	}
	n := 0
	for _, c := range append(st.chapters(), tr.chapters()...) {
		for _, next := range c.steps {
			t, err := next()
			if err != nil {
				return nil, err
			}
			n++
			if err := s.step(ctx, t, Step{Number: n, Chapter: c.title}); err != nil {
				return nil, fmt.Errorf("step %d: %w", n, err)
			}
		}
	}
	return s.prove(ctx, st.parcel())
}

// step plays one step and tells how it went.
func (s *Stage) step(ctx context.Context, t *step, told Step) error {
	told.Member, told.Organisation, told.Says, told.Rule = t.by.ID, t.by.Name, t.says, t.rule
	told.Expected, told.Record = t.refusal, t.record
	if s.Begin != nil {
		s.Begin(told)
	}
	begin := time.Now()
	if err := s.perform(ctx, t, &told); err != nil {
		return err
	}
	if err := s.complete(ctx, t, &told); err != nil {
		return err
	}
	told.Elapsed = time.Since(begin).Milliseconds()
	told.OK = told.Code == told.Expected
	s.Tell(told)
	if !told.OK {
		return fmt.Errorf("%s: %s, expected was %s: %s", told.Command, told.Code, told.Expected, told.Reason)
	}
	return nil
}

// perform runs a step's command, or posts its document.
func (s *Stage) perform(ctx context.Context, t *step, told *Step) error {
	if t.post != "" {
		return s.capture(ctx, t, told)
	}
	args := append(t.command, "--member", t.by.ID, "--home", s.Home(t.by.ID), "--node", s.Node(t.by.ID), "--password-file", s.Password, "--wait")
	told.Command = commandLine(args)
	out, err := execute(ctx, append(args, "--json"))
	return told.read(out, err)
}

// execute runs one command of package client, as its command line does.
func execute(ctx context.Context, args []string) ([]byte, error) {
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out, said bytes.Buffer
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&said)
	err := root.ExecuteContext(ctx)
	if err != nil && said.Len() > 0 {
		err = fmt.Errorf("%w\n%s", err, bytes.TrimSpace(said.Bytes()))
	}
	return out.Bytes(), err
}

// answer is what the commands print of one thing that they did: `carya tx` in one way,
// `carya epcis capture` and `carya ceb submit` in another, and `carya customs` of an order.
type answer struct {
	Digest  *types.Hash    `json:"digest"`
	Receipt *types.Receipt `json:"receipt"`
	Refusal *types.Refusal `json:"refusal"`
	Record  string         `json:"record"`
	Order   types.OrderID  `json:"order"`
	Code    types.Code     `json:"code"`
	Height  int64          `json:"height"`
	Steps   []struct {
		Height int64 `json:"height"`
	} `json:"steps"`
	Notes []string `json:"notes"`
}

// read takes over what a command printed: an object for each thing that it did. A refusal
// counts before what went well. A command that failed without a word about a transaction
// ends the story.
func (told *Step) read(out []byte, failure error) error {
	said := false
	for d := json.NewDecoder(bytes.NewReader(out)); told.Code == types.OK; {
		var line json.RawMessage
		if err := d.Decode(&line); err == io.EOF {
			break
		} else if err != nil {
			return errors.Join(failure, fmt.Errorf("%s: %w in %s", told.Command, err, bytes.TrimSpace(out)))
		}
		var aside struct {
			Event string `json:"event"` // something that came in meanwhile, not what the command did
		}
		if err := json.Unmarshal(line, &aside); err != nil || aside.Event != "" {
			continue
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			return errors.Join(failure, fmt.Errorf("%s: %w in %s", told.Command, err, line))
		}
		for _, step := range a.Steps {
			a.Height = max(a.Height, step.Height)
		}
		if a.Digest != nil || a.Order != "" && a.Height > 0 {
			said = true
			told.take(&a)
		}
	}
	if !said || failure != nil && told.Code == types.OK {
		return errors.Join(failure, fmt.Errorf("%s: printed %s", told.Command, bytes.TrimSpace(out)))
	}
	return nil
}

func (told *Step) take(a *answer) {
	if a.Digest != nil {
		told.Digest = *a.Digest
	}
	if a.Order != "" {
		told.Record = types.PrefixOrder + "/" + string(a.Order)
	}
	told.Code, told.Height = a.Code, max(told.Height, a.Height)
	told.Reason = strings.Join(a.Notes, "; ")
	if a.Record != "" {
		told.Record = a.Record
	}
	if a.Receipt != nil {
		told.Height = max(told.Height, a.Receipt.Height)
	}
	if a.Refusal != nil {
		told.Code, told.Reason = a.Refusal.Code, a.Refusal.Detail
	}
}

// complete asks the node what the command did not print: the block of a refusal, and
// what an order's state is now.
func (s *Stage) complete(ctx context.Context, t *step, told *Step) error {
	node, err := client.New(s.Node(t.by.ID))
	if err != nil {
		return err
	}
	defer node.Close()
	if told.Height == 0 {
		receipt, err := node.Transaction(ctx, told.Digest)
		if err != nil {
			return err
		}
		told.Height = receipt.Height
	}
	return told.orderState(ctx, node)
}

func (told *Step) orderState(ctx context.Context, node *client.Client) error {
	key := told.Record
	if family, _, _ := strings.Cut(key, "/"); told.Code != types.OK || !slices.Contains([]string{types.PrefixOrder, types.PrefixPayment, types.PrefixWaybill, types.PrefixDeclaration}, family) {
		return nil
	} else if family != types.PrefixOrder {
		var d types.Document
		if err := read(ctx, node, key, &d); err != nil {
			return err
		}
		key = types.PrefixOrder + "/" + string(d.Order)
	}
	var o types.Order
	if err := read(ctx, node, key, &o); err != nil {
		return err
	}
	told.State = o.State
	return nil
}

func read(ctx context.Context, node *client.Client, key string, v any) error {
	a, err := node.Record(ctx, key, 0)
	if err != nil {
		return err
	}
	return types.Decode(a.Value, v)
}

// prove writes the evidence of a record's whole history, and of all orders of the platform of this day.
func (s *Stage) prove(ctx context.Context, key string) (*Proof, error) {
	folder := filepath.Join(s.Documents, "evidence")
	p := &Proof{Key: key, File: filepath.Join(folder, "lot.json"), Orders: filepath.Join(folder, "orders.json"), Trust: s.Trust}
	today := time.Now().In(china).Format(time.DateOnly)
	for file, what := range map[string][]string{
		p.File: {"history", key}, p.Orders: {"list", types.PrefixOrder + "/" + s.Cast.Platform.ID + "/", "--day", today},
	} {
		os.Remove(file) // of an earlier story in this folder
		args := append([]string{"prove"}, what...)
		_, err := execute(ctx, append(args, "--output", file, "--trust", p.Trust, "--node", s.Node(s.Cast.Cooperative.ID), "--json"))
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Verify checks the evidence of the history without any node. The verdict says in words what is proven.
func (p *Proof) Verify() (*client.Verdict, error) {
	file, err := os.ReadFile(p.File)
	if err != nil {
		return nil, err
	}
	known, err := os.ReadFile(p.Trust)
	if err != nil {
		return nil, err
	}
	trust, err := evidence.ReadTrust(known)
	if err != nil {
		return nil, err
	}
	verdict, err := client.Verify(file, trust)
	if err == nil {
		verdict.Date(time.Now(), client.MaxAge)
	}
	return verdict, err
}

// commandLine writes a command as a shell reads it, for the program as it was called.
func commandLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if strings.ContainsAny(a, " '\"{}[]$&|;<>*?()`\\") {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return os.Args[0] + " " + strings.Join(quoted, " ")
}
