package epcisrest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

// kindCapture is the kind of transaction that events become.
const kindCapture = "CaptureEvent"

// The limits of one document, as OPTIONS announces them.
const (
	maxCaptureBytes  = 8 << 20
	maxCaptureEvents = 10_000
)

// txOverhead is what a transaction has around its bodies, in bytes, and more: names,
// signatures, lengths.
const txOverhead = 8 << 10

// captured is a document on its way onto the ledger.
type captured struct {
	bodies   []types.Body
	pointers []string // of the events in the document
	ids      []string // their eventIDs, or their hashes
}

// capture answers POST /capture: the document is checked, kept and answered for; the
// ledger decides later, and the job tells.
func (s *Service) capture(w http.ResponseWriter, r *http.Request) error {
	if err := s.canCapture(); err != nil {
		return err
	}
	onError, err := errorBehaviour(r.Header)
	if err != nil {
		return err
	}
	c, err := s.readDocument(w, r)
	if err != nil {
		return err
	}
	parcels, err := c.parcels(onError)
	if err != nil {
		return err
	}
	j, err := s.addJob(onError, c, parcels)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Location", "/epcis/capture/"+j.ID)
	h.Set("GS1-Capture-Error-Behaviour", onError)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (s *Service) canCapture() error {
	if s.Signer == nil {
		return forbidden.about("", "this node has no key to sign captures with: set epcis.key_file and epcis.passphrase_file "+
			"in config.toml (carya keys new makes a key, the member's AddKey makes it valid)")
	}
	return nil
}

func errorBehaviour(h http.Header) (string, error) {
	switch value := strings.ToLower(h.Get("GS1-Capture-Error-Behaviour")); value {
	case "", types.OnErrorRollback:
		return types.OnErrorRollback, nil
	case types.OnErrorProceed:
		return types.OnErrorProceed, nil
	default:
		return "", validation.about("GS1-Capture-Error-Behaviour", "%.40q: rollback or proceed", value)
	}
}

// readDocument reads and checks a whole document, so that whatever can be known to be
// wrong without the ledger's state is answered at once.
func (s *Service) readDocument(w http.ResponseWriter, r *http.Request) (*captured, error) {
	select {
	case s.parsing <- struct{}{}:
		defer func() { <-s.parsing }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	data, err := readBody(w, r, maxCaptureBytes)
	if err != nil {
		return nil, err
	}
	doc, err := epcis.Parse(data)
	if err != nil {
		return nil, faulty(err)
	}
	switch n := len(doc.Events); {
	case n == 0:
		return nil, validation.about("", "there are no events in the document")
	case n > maxCaptureEvents:
		return nil, captureLimit.about("", "%d events, at most %d in one document", n, maxCaptureEvents)
	}
	return check(doc)
}

// faulty is the problem of a document that cannot be read.
func faulty(err error) error {
	all, ok := errors.AsType[epcis.Errors](err)
	if !ok {
		return err
	}
	kind := validation
	faults := make([]fault, len(all))
	for i, e := range all {
		faults[i] = fault{e.Pointer, string(e.Code), e.Detail}
		if e.Code == epcis.CodeTooLarge {
			kind = captureLimit
		}
	}
	return listed(kind, faults)
}

// listed is the problem of a document with these faults.
func listed(kind exception, faults []fault) *problem {
	p := kind.about(faults[0].Pointer, "%s", faults[0].Detail)
	if n := len(faults); n > 1 {
		p.Detail = fmt.Sprintf("%d faults, the first: %s", n, faults[0].Detail)
	}
	p.Errors = faults
	if code, ok := types.CodeNamed(faults[0].Code); ok {
		p.Code = code
	}
	return p
}

// check makes a body of every event and lets it check itself, as consensus will.
func check(doc *epcis.Document) (*captured, error) {
	c := &captured{}
	var faults []fault
	for i := range doc.Events {
		e := &doc.Events[i]
		body := &types.CaptureEvent{Event: string(e.Canonical)}
		err := body.Check()
		var id string
		if err == nil {
			id, err = types.EventIdentity(e)
		}
		if refused, ok := errors.AsType[*types.Refusal](err); ok {
			faults = append(faults, faultOf(refused, e.Pointer))
		} else if err != nil {
			return nil, err
		}
		c.bodies = append(c.bodies, body)
		c.pointers = append(c.pointers, e.Pointer)
		c.ids = append(c.ids, id)
	}
	if len(faults) > epcis.MaxErrors {
		faults = faults[:epcis.MaxErrors]
	}
	if len(faults) > 0 {
		return nil, listed(validation, faults)
	}
	return c, nil
}

// faultOf says where in a document the refused field of a body stands.
func faultOf(r *types.Refusal, pointer string) fault {
	return fault{pointerOf(pointer, r.Field), r.Code.String(), r.Detail}
}

// pointerOf turns a field of a body, event.quantityList[0].quantity or event/quantityList/0,
// into a place below the event.
func pointerOf(event, field string) string {
	below, ok := strings.CutPrefix(field, "event")
	switch {
	case !ok:
		return event
	case strings.HasPrefix(below, "/"):
		return event + below
	}
	return event + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(below)
}

// parcels divides events into transactions: how many go into each. With rollback there is
// one, because nothing undoes a transaction when a later one is refused.
func (c *captured) parcels(onError string) ([]int, error) {
	var sizes []int
	last, bytes := 0, 0
	for i, b := range c.bodies {
		data, err := types.EncodeBody(b)
		if err != nil {
			return nil, err
		}
		if len(data) > types.MaxTxBytes-txOverhead {
			return nil, captureLimit.about(c.pointers[i], "the event has %d bytes, a transaction at most %d", len(data), types.MaxTxBytes)
		}
		if last == types.MaxBodies || bytes+len(data) > types.MaxTxBytes-txOverhead {
			sizes, last, bytes = append(sizes, last), 0, 0
		}
		last, bytes = last+1, bytes+len(data)
	}
	sizes = append(sizes, last)
	if len(sizes) > 1 && onError == types.OnErrorRollback {
		return nil, captureLimit.about("", "%d events need %d transactions of at most %d events and %d bytes, and only one can be rolled back: "+
			"send fewer events at a time, or all with GS1-Capture-Error-Behaviour: proceed",
			len(c.bodies), len(sizes), types.MaxBodies, types.MaxTxBytes)
	}
	return sizes, nil
}

// captureEvent answers POST /events: one event, and what the ledger says to it.
func (s *Service) captureEvent(w http.ResponseWriter, r *http.Request) error {
	if err := s.canCapture(); err != nil {
		return err
	}
	if _, err := acceptable(r.Header, mediaJSON, mediaLD); err != nil {
		return err // before anything is captured
	}
	c, err := s.readDocument(w, r)
	if err != nil {
		return err
	}
	if len(c.bodies) != 1 {
		return validation.about("", "%d events: one at a time here; POST /epcis/capture takes many", len(c.bodies))
	}
	tx, err := s.commitOne(r.Context(), c)
	if err != nil {
		return err
	}
	s.metrics.events.WithLabelValues(tx.Code.String()).Inc()
	if tx.Code != types.OK {
		field, detail := splitLog(tx.Log)
		return refusal(tx.Code, pointerOf("", field), detail)
	}
	w.Header().Set("Location", "/epcis/events/"+url.PathEscape(c.ids[0]))
	return c.sendEvent(w, r)
}

// sendEvent answers with the one event that was captured, with its ID.
func (c *captured) sendEvent(w http.ResponseWriter, r *http.Request) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(c.bodies[0].(*types.CaptureEvent).Event), &members); err != nil {
		return err
	}
	id, err := json.Marshal(c.ids[0])
	if err != nil {
		return err
	}
	members["eventID"] = id
	return writeAs(w, r, http.StatusCreated, members)
}

// commitOne signs, submits and waits for the block.
func (s *Service) commitOne(ctx context.Context, c *captured) (*types.BlockTx, error) {
	raw, digest, err := s.Signer.sign(s.Domain, c.bodies, types.OnErrorRollback, s.expiry())
	if err != nil {
		return nil, err
	}
	if _, err := s.Pool.Submit(raw); err != nil && !is(err, types.Replayed) {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tx, err := s.outcome(limited, digest)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, s.later("no block has taken the event in %s; send it again: if it was taken after all, the answer is EVENT_EXISTS", patience)
	}
	return tx, err
}

// outcome waits until a block holds a transaction.
func (s *Service) outcome(ctx context.Context, digest types.Hash) (*types.BlockTx, error) {
	for {
		next := s.Blocks.Last() + 1 // before the look-up, so that no block falls between
		_, _, tx, ok, err := s.Blocks.Transaction(digest)
		if ok || err != nil {
			return tx, err
		}
		if err := s.Blocks.Wait(ctx, next); err != nil {
			return nil, err
		}
	}
}

func is(err error, code types.Code) bool {
	got, ok := types.CodeOf(err)
	return ok && err != nil && got == code
}

// splitLog takes apart what a block says of the first refusal:
// bodies[3]: OVERDRAW: event/inputQuantityList/0: text.
func splitLog(log string) (field, detail string) {
	_, rest := bodyOf(log)
	name, text, ok := strings.Cut(rest, ": ")
	if _, known := types.CodeNamed(name); !ok || !known {
		return "", rest
	}
	if at, text, ok := strings.Cut(text, ": "); ok && !strings.ContainsRune(at, ' ') {
		return at, text
	}
	return "", text
}

// bodyOf returns which body a log is about, -1 where it is about the transaction.
func bodyOf(log string) (index int, rest string) {
	inner, ok := strings.CutPrefix(log, "bodies[")
	number, rest, closed := strings.Cut(inner, "]: ")
	n, err := strconv.Atoi(number)
	if !ok || !closed || err != nil {
		return -1, log
	}
	return n, rest
}
