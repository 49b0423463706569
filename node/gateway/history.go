package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// maxEvents bounds the histories that are answered; a hundred thousand events fill about
// a hundred megabytes.
const maxEvents = 100_000

type historyQuery struct {
	Keyed
	Proof
	Height int64 `query:"height" minimum:"0" doc:"with proof=1: until this block; 0 = the last that can be proven"`
	Index  int64 `query:"index" minimum:"-1" default:"-1" doc:"with proof=1: of the event in this place of the history only, the first being 0"`
	Since  int64 `query:"since" minimum:"0" doc:"with proof=1: that the history until this block is the beginning of it, without the events"`
}

func (g *gateway) historyRoute() {
	op := get("/v1/history/{key}", "history", "everything that ever happened to a record")
	op.Description = "The events are all that the record's history commits to. " +
		"A node that joined by a snapshot answers BUSY until it has fetched the blocks before."
	op.Responses = g.evidenceAnswers(schemaOf[types.HistoryAnswer](g))
	register(g, op, g.history)
}

func (g *gateway) history(ctx context.Context, in *historyQuery) (*fileAnswer, error) {
	if err := hasEvents(in.Key); err != nil {
		return nil, err
	}
	if in.Proof.Proof {
		ask, err := in.ask()
		if err != nil {
			return nil, err
		}
		return g.proof(ctx, &in.EvidenceForm, ask)
	}
	if in.Height != 0 || in.Index >= 0 || in.Since != 0 {
		return nil, types.Refuse(types.FieldInvalid, "proof", "height, index and since are of evidence: add proof=1")
	}
	v, err := g.View(0)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	value, err := v.Get(in.Key)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, noRecord(in.Key, v.Version())
	}
	events, err := g.events(ctx, in.Key, value, v)
	if err != nil {
		return nil, err
	}
	answer := types.HistoryAnswer{Key: in.Key, Size: uint64(len(events)), Events: make([]types.HistoryEvent, len(events))}
	for i, e := range events {
		if answer.Events[i], err = readableEvent(e); err != nil {
			return nil, ours(err)
		}
	}
	return &fileAnswer{mediaJSON, answer}, nil
}

// ask is what a request for evidence asks for.
func (in *historyQuery) ask() (evidence.Ask, error) {
	a := evidence.Ask{Claim: evidence.ClaimHistory, Key: in.Key, Height: in.Height}
	switch {
	case in.Index >= 0 && in.Since != 0:
		return a, types.Refuse(types.FieldInvalid, "since", "index asks for one event, since for none: ask for one of them")
	case in.Index >= 0:
		a.Claim, a.Index = evidence.ClaimEvent, uint64(in.Index)
	case in.Since != 0:
		a.Claim, a.Since = evidence.ClaimPrefix, in.Since
	}
	return a, nil
}

// hasEvents refuses keys whose records have no events behind them.
func hasEvents(key string) error {
	if key == types.KeyBlocks {
		return types.Refuse(types.NotFound, "key", "%s is a history of block hashes, not of events", key)
	}
	_, err := types.FamilyOf(key)
	return err
}

// events returns all events of a record as it stands in a view, or says why it cannot.
func (g *gateway) events(ctx context.Context, key string, value []byte, v *store.View) ([]journal.Event, error) {
	record, err := types.DecodeRecord(key, value)
	if err != nil {
		return nil, err
	}
	return g.eventsOf(ctx, key, record.Log().Size, v.Version())
}

// eventsOf returns the events of a record whose history has a size after the block at a
// height.
func (g *gateway) eventsOf(ctx context.Context, key string, size uint64, height int64) ([]journal.Event, error) {
	if size > maxEvents {
		return nil, types.Refuse(types.TooLarge, "key", "%s has %d events, at most %d are answered", key, size, maxEvents)
	}
	// The state commits a moment before the journal shows the block.
	if _, err := g.await(ctx, height, 5*time.Second); err != nil {
		return nil, err
	}
	events, err := g.Journal().Events(key, height)
	if err != nil {
		return nil, err
	}
	if have := uint64(len(events)); have != size {
		return nil, notNow(time.Minute, fmt.Sprintf("%s has %d events, this node's journal, which begins at block %d, has %d of them: it is still fetching the blocks before, or another node has them",
			key, size, g.Journal().First(), have))
	}
	return events, nil
}

func readableEvent(e journal.Event) (types.HistoryEvent, error) {
	body, err := readableBody(e.Event)
	return types.HistoryEvent{
		Tx: e.Tx, Index: e.Index, Height: e.Height, Time: e.Time, Member: e.Member, Kind: e.Kind,
		Body: body, Raw: e.Raw,
	}, err
}

// readableBody is an event's body in JSON. The genesis' events are of no kind of
// transaction: those without a member are of the parameters.
func readableBody(e *types.Event) (json.RawMessage, error) {
	var body any
	switch {
	case e.Kind != app.GenesisKind:
		kind, ok := types.KindNamed(e.Kind)
		if !ok {
			return nil, fmt.Errorf("event of kind %q", e.Kind)
		}
		body = kind.New()
	case e.Member == "":
		body = new(types.Params)
	default:
		body = new(types.GenesisMember)
	}
	if err := types.DecodeState(e.Body, body); err != nil {
		return nil, fmt.Errorf("body of kind %s: %w", e.Kind, err)
	}
	return json.Marshal(body)
}
