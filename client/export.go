package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

// The formats of `carya lot export`.
const (
	formatEPCIS = "epcis"
	formatFSMA  = "fsma204"
)

func exportCommand(s *session) *cobra.Command {
	e := &exporting{session: s, history: newHistory()}
	cmd := &cobra.Command{
		Use:   "export ID",
		Short: "Write all events in the history of a lot into one file",
		Long: `Write the events about a lot or unit, about everything that it was made from and, with --forward,
about everything that was made from it: as the node says, nothing is proven.

--format epcis writes an EPCISDocument (EPCIS 2.0, JSON-LD), as it was captured, for any other
EPCIS system; events that were declared an error are in it, with their declarations.

--format fsma204 writes a spreadsheet (CSV) with a row for each lot in each critical tracking event,
and the key data elements as columns:

` + fsmaHelp() + `
` + thingHelp,
		Example: `  carya lot export 06901234000023.D2026A --out history.jsonld
  carya lot export 06901234000023.D2026A --format fsma204 --bom --out history.csv`,
		Args: takes(1, 1, "an identifier"),
	}
	f := cmd.Flags()
	f.StringVar(&e.format, "format", formatEPCIS, formatEPCIS+" or "+formatFSMA)
	f.StringVar(&e.out, "out", "", "file to write (default standard output)")
	f.BoolVar(&e.forward, "forward", false, "with what was made from it")
	f.BoolVar(&e.bom, "bom", false, "begin the spreadsheet with a byte order mark, for programs that take it for another encoding")
	cmd.RunE = s.run(e.export)
	return cmd
}

// exporting is one run of `carya lot export`.
type exporting struct {
	*session
	history *history
	format  string
	out     string
	forward bool
	bom     bool
}

func (e *exporting) export(ctx context.Context, args []string) error {
	if e.format != formatEPCIS && e.format != formatFSMA {
		return usage("", fmt.Errorf("--format %q: %s or %s", e.format, formatEPCIS, formatFSMA))
	}
	node, err := e.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	if err := e.gather(ctx, node, args[0]); err != nil {
		return fmt.Errorf("export %s: %w", oneLine(args[0]), err)
	}
	data, err := e.render(ctx, node)
	if err != nil {
		return fmt.Errorf("export %s: %w", oneLine(args[0]), err)
	}
	return e.write(data)
}

func (e *exporting) gather(ctx context.Context, node *Client, id string) error {
	root, err := node.find(ctx, id)
	if err != nil {
		return err
	}
	if err := e.history.walk(ctx, node, root, false); err != nil {
		return err
	}
	if e.forward {
		if err := e.history.walk(ctx, node, root, true); err != nil {
			return err
		}
	}
	if err := e.history.fetch(ctx, node); err != nil {
		return err
	}
	if len(e.history.events) == 0 {
		return types.Refuse(types.NotFound, "", "no event about %s is known here", root)
	}
	return nil
}

func (e *exporting) render(ctx context.Context, node *Client) ([]byte, error) {
	if e.format == formatFSMA {
		return e.spreadsheet(ctx, node)
	}
	events := e.history.sorted()
	raw := make([][]byte, len(events))
	for i, event := range events {
		raw[i] = event.Event
	}
	return epcis.WriteDocument(raw, time.Now().UnixMilli())
}

func (e *exporting) write(data []byte) error {
	if e.out == "" {
		_, err := e.session.out.Write(data)
		return err
	}
	if err := os.WriteFile(e.out, data, 0o644); err != nil {
		return usage("", err)
	}
	e.note("%s and %s written to %s", count(len(e.history.things), "thing"), count(len(e.history.events), "event"), e.out)
	return nil
}

// history is everything that is known about the past of a thing, and of its future if that was asked for.
type history struct {
	things map[types.ThingKey]*types.TraceThing
	events map[types.EventID]*ThingEvent
}

func newHistory() *history {
	return &history{map[types.ThingKey]*types.TraceThing{}, map[types.EventID]*ThingEvent{}}
}

// walk collects the things that came before a thing, or after it. Where a graph is larger than a node's answer, it goes on
// from the things at whose far side the answer holds no event: nothing is left out silently.
func (h *history) walk(ctx context.Context, node *Client, root types.ThingKey, forward bool) error {
	asked := map[types.ThingKey]bool{}
	for queue := []types.ThingKey{root}; len(queue) > 0; queue = queue[1:] {
		if asked[queue[0]] {
			continue
		}
		asked[queue[0]] = true
		answer, err := node.Trace(ctx, string(queue[0]), Walk{Forward: forward, Depth: farthest, Limit: widest})
		if err != nil {
			return err
		}
		if len(answer.Things) <= 1 && answer.More {
			return errors.New("the node does not walk any further; its limits are too small for this history")
		}
		queue = append(queue, h.enter(answer)...)
	}
	return nil
}

// enter takes an answer in and returns where it may be cut off.
func (h *history) enter(answer *types.TraceAnswer) (ends []types.ThingKey) {
	g := newGraph(answer, time.UTC)
	for i := range answer.Things {
		t := &answer.Things[i]
		h.things[t.Thing] = t
		if g.cutOff(t) {
			ends = append(ends, t.Thing)
		}
	}
	for i := range answer.Events {
		for _, f := range g.far(&answer.Events[i]) {
			if g.things[f.Thing] == nil && h.things[f.Thing] == nil {
				ends = append(ends, f.Thing)
			}
		}
	}
	return ends
}

// The most that a node walks at once.
const (
	farthest = 1000
	widest   = 10_000
)

// fetch collects the events about the things.
func (h *history) fetch(ctx context.Context, node *Client) error {
	for key := range h.things {
		if family, _ := key.Cut(); family != types.PrefixLot && family != types.PrefixUnit {
			continue // a transformation: its events name the lots and units on their side of it
		}
		err := node.ThingEvents(ctx, string(key), func(e *ThingEvent) error {
			h.events[e.Ref] = e
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sorted returns the events in the order of their recording.
func (h *history) sorted() []*ThingEvent {
	all := make([]*ThingEvent, 0, len(h.events))
	for _, e := range h.events {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *ThingEvent) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Ref, b.Ref))
	})
	return all
}
