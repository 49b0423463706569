package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Walk says how far a trace goes. The zero value goes back as far as the node walks unless it is told otherwise.
type Walk struct {
	Forward bool // what came of a thing, instead of what it came from
	Depth   int  // events between it and the last things
	Limit   int  // things in the answer
}

// Trace returns the graph around a lot or unit, as the node's read model knows it: nothing is proven. The thing is a key, or
// a Digital Link, EPC URN or URI outside GS1.
func (c *Client) Trace(ctx context.Context, thing string, w Walk) (*types.TraceAnswer, error) {
	q := url.Values{"id": {thing}, "direction": {w.direction()}}
	if w.Depth > 0 {
		q.Set("depth", strconv.Itoa(w.Depth))
	}
	if w.Limit > 0 {
		q.Set("limit", strconv.Itoa(w.Limit))
	}
	return get[types.TraceAnswer](ctx, c, "/v1/trace", q)
}

func (w Walk) direction() string {
	if w.Forward {
		return "forward"
	}
	return "back"
}

// ThingEvent is a captured event about a lot or unit.
type ThingEvent struct {
	Event    json.RawMessage `json:"event"` // in canonical form
	EventID  string          `json:"eventID"`
	Ref      types.EventID   `json:"ref"`
	Tx       types.Hash      `json:"tx"`
	Height   int64           `json:"height"`
	Index    uint64          `json:"index"`
	Member   string          `json:"member"`
	Recorded int64           `json:"recorded"` // Unix milliseconds
	Declared bool            `json:"declared"` // a later event declares it an error
}

// ThingEvents gives each all events about a lot or unit, named as in Trace, by event time. It asks for a page of them at a
// time, so that a thing with a million events does not have to fit into one answer.
func (c *Client) ThingEvents(ctx context.Context, thing string, each func(*ThingEvent) error) error {
	q := url.Values{"id": {thing}, "limit": {"1000"}}
	for {
		page, err := get[struct {
			Events []ThingEvent `json:"events"`
			Next   string       `json:"next"`
		}](ctx, c, "/v1/events", q)
		if err != nil {
			return err
		}
		for i := range page.Events {
			if err := each(&page.Events[i]); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Set("after", page.Next)
	}
}

const thingHelp = `An ID is written as it stands on labels and in documents: a path such as
06901234000016.L2026A, a key of the ledger (lot/…, unit/…), a GS1 Digital Link, an EPC URN,
an element string such as "(01)06901234000016(10)L2026A", an SSCC, or a URI outside GS1.`

// things returns the keys of the records that a person may mean by an identifier, the likeliest first: an identifier of GS1
// mostly says what it names, a URI outside GS1 does not.
func things(id string) ([]types.ThingKey, error) {
	id = strings.TrimSpace(id)
	switch family, rest := types.ThingKey(id).Cut(); family {
	case types.PrefixLot, types.PrefixUnit:
		path, _, err := identifier(rest, "")
		return []types.ThingKey{types.ThingKey(family + "/" + path)}, err
	}
	path, key, err := identifier(id, "")
	switch {
	case err != nil:
		return nil, err
	case key.IsZero():
		return []types.ThingKey{types.LotID(path).Key(), types.UnitID(path).Key()}, nil
	case key.Type == "GTIN":
		return nil, usage("a lot is named by GTIN and lot number: "+path+".<lot>", fmt.Errorf("%s is a product, not a lot", id))
	case key.Type == "LGTIN" || key.Type == "LITIP":
		return []types.ThingKey{types.LotID(path).Key()}, nil
	}
	return []types.ThingKey{types.UnitID(path).Key()}, nil
}

// identifier reads an identifier in any spelling; kind is the type of GS1 key that it must be, "" for any. It returns its
// path in keys, and the zero Key for a URI outside GS1.
func identifier(s, kind string) (path string, key gs1.Key, err error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "x.") {
		s = types.LinkOf(s)
	}
	key, err = gs1.Read(s, kind)
	if err == nil {
		return key.Path(), key, nil
	}
	var fault *gs1.Error
	scheme, rest, _ := strings.Cut(s, ":")
	private := errors.As(err, &fault) && fault.Code == gs1.CodeUnknown && scheme != "" && rest != "" && !gs1.Claims(s)
	if !private {
		return "", gs1.Key{}, usage("`carya gs1 check` tells what an identifier is", err)
	}
	path, _, err = types.ThingOf(s)
	if err != nil {
		err = usage("", err)
	}
	return path, gs1.Key{}, err
}

// find returns the key of the record that an identifier means.
func (c *Client) find(ctx context.Context, id string) (types.ThingKey, error) {
	keys, err := things(id)
	if err != nil {
		return "", err
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	for _, key := range keys {
		_, err := c.Record(ctx, string(key), 0)
		if code, _ := types.CodeOf(err); err == nil || code != types.NotFound {
			return key, err
		}
	}
	return "", types.Refuse(types.NotFound, "", "%s is neither a lot nor a unit here", oneLine(id))
}

func traceCommand() *cobra.Command {
	t := &tracing{}
	cmd := &cobra.Command{
		Use:   "trace ID",
		Short: "Show where a lot or unit came from, or what came of it",
		Long: `Show the things that a lot or unit was made from (--back, the default), or those that were
made from it (--forward), with the events between them: as the node says, nothing is proven.
"carya history KEY --prove" proves the history of a single record.

A thing that was shown before is marked ↑ and not opened again. RECALLED, DISPUTED and
REVOKED certificate say what became known about something that it came from; what is settled
stands there in small letters.

--dot prints the graph for Graphviz; --svg draws it, without any other program.

` + thingHelp,
		Example: `  carya trace 06901234000023.D2026A
  carya trace "(01)06901234000016(10)L2026A" --forward --depth 3
  carya trace 06901234000023.D2026A --svg trace.svg`,
		Args: takes(1, 1, "an identifier"),
	}
	t.session = newSession(cmd)
	f := cmd.Flags()
	f.BoolVar(&t.back, "back", false, "what it came from (default)")
	f.BoolVar(&t.walk.Forward, "forward", false, "what came of it")
	f.IntVar(&t.walk.Depth, "depth", 0, "events between it and the last things (default 50)")
	f.IntVar(&t.walk.Limit, "limit", 0, "things at most (default 1000)")
	f.BoolVar(&t.dot, "dot", false, "print the graph in the language of Graphviz")
	f.StringVar(&t.svg, "svg", "", "draw the graph into this file; - is standard output")
	cmd.RunE = t.run(t.trace)
	return cmd
}

// tracing is one run of `carya trace`.
type tracing struct {
	*session
	walk      Walk
	back, dot bool
	svg       string
}

func (t *tracing) check() error {
	forms := 0
	for _, chosen := range []bool{t.json, t.dot, t.svg != ""} {
		if chosen {
			forms++
		}
	}
	switch {
	case t.back && t.walk.Forward:
		return usage("", errors.New("--back or --forward, not both"))
	case forms > 1:
		return usage("", errors.New("one of --json, --dot and --svg"))
	case t.walk.Depth < 0 || t.walk.Limit < 0:
		return usage("", errors.New("--depth and --limit are 1 or more"))
	}
	return nil
}

func (t *tracing) trace(ctx context.Context, args []string) error {
	if err := t.check(); err != nil {
		return err
	}
	node, err := t.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	key, err := node.find(ctx, args[0])
	if err != nil {
		return fmt.Errorf("trace %s: %w", oneLine(args[0]), err)
	}
	answer, err := node.Trace(ctx, string(key), t.walk)
	if err != nil {
		return fmt.Errorf("trace %s: %w", key, err)
	}
	if t.json {
		return t.emit(answer)
	}
	if err := node.settle(ctx, answer, time.Now()); err != nil {
		return fmt.Errorf("trace %s: %w", key, err)
	}
	return t.tell(answer)
}

// settle asks what the marks of a trace refer to, and renames those that no longer matter: a recall that is closed, a dispute
// that ended, a certificate that was restored.
func (c *Client) settle(ctx context.Context, a *types.TraceAnswer, now time.Time) error {
	kinds := map[types.Mark]string{}
	for i := range a.Things {
		for j, m := range a.Things[i].Marks {
			kind, known := kinds[m]
			if !known {
				var err error
				if kind, err = c.markKind(ctx, m, now); err != nil {
					return err
				}
				kinds[m] = kind
			}
			a.Things[i].Marks[j].Kind = kind
		}
	}
	return nil
}

// markKind returns the kind of a mark, with a word before it if it is settled.
func (c *Client) markKind(ctx context.Context, m types.Mark, now time.Time) (string, error) {
	families := map[string]string{
		types.MarkRecall: types.PrefixRecall, types.MarkDispute: types.PrefixEvent, types.MarkCertificate: types.PrefixCertificate,
	}
	key := families[m.Kind] + "/" + m.Ref
	answer, err := c.Record(ctx, key, 0)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return m.Kind, nil // better loud than lost
	}
	if err != nil {
		return "", err
	}
	record, err := types.DecodeAny(key, answer.Value)
	if err != nil {
		return "", err
	}
	switch r := record.(type) {
	case *types.Recall:
		if r.Closed != 0 {
			return "closed " + m.Kind, nil
		}
	case *types.CapturedEvent:
		if r.Cleared != 0 {
			return "ended " + m.Kind, nil
		}
	case *types.Certificate:
		if status, _ := types.StatusAt(r.Changes, now.UnixMilli()); status == types.StatusValid {
			return "restored " + m.Kind, nil
		}
	}
	return m.Kind, nil
}

// tell prints a trace in the form that was asked for.
func (t *tracing) tell(answer *types.TraceAnswer) error {
	switch {
	case t.dot:
		_, err := io.WriteString(t.out, traceDOT(answer, time.Local))
		return err
	case t.svg != "":
		return t.draw(traceSVG(answer, time.Local))
	}
	t.say("%s", strings.TrimSuffix(traceTree(answer, time.Local), "\n"))
	return nil
}

func (t *tracing) draw(picture string) error {
	if t.svg == "-" {
		_, err := io.WriteString(t.out, picture)
		return err
	}
	if err := os.WriteFile(t.svg, []byte(picture), 0o644); err != nil {
		return usage("", err)
	}
	t.note("drawn in %s", t.svg)
	return nil
}
