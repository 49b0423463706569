package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// followed is a list, cancellation or return on which customs still decides.
type followed struct {
	path  string
	mark  string // of the message
	index int    // among its documents
	kind  string
	name  string // ULID
	root  types.Hash
	order types.OrderID
	size  uint64 // events of the order's history that were looked at
	next  time.Time
	pause time.Duration
}

// followedKey names a document of a file.
type followedKey struct {
	path, mark string
	index      int
}

// ruling is one word of customs on a document.
type ruling struct {
	status uint64
	reason int64
	time   int64
	office string
}

// closing lists the statuses after which customs says nothing more, by stream.
var closing = map[string][]uint64{
	types.SlotDeclaration: {types.StatusReject, types.StatusReturn, types.StatusClose},
	streamCancel:          {types.StatusReject, types.StatusAudit},
	streamReturn:          {types.StatusReject, types.StatusRelease},
}

// followed reports whether customs decides on the document.
func (m *form) followed() bool { return m.entry != nil && closing[m.entry.stream] != nil }

// track follows the documents of a file on which customs decides, unless they are followed already or were closed.
func (d *drop) track(l *letter) {
	for _, m := range l.forms {
		if !m.followed() || m.Height == 0 || m.old != nil || d.isClosed(l, m) {
			continue
		}
		key := followedKey{l.path, l.mark, m.index}
		if d.known[key] {
			continue
		}
		d.known[key] = true
		d.live = append(d.live, &followed{path: l.path, mark: l.mark, index: m.index, kind: m.doc.Kind, name: m.stored.ulid(), root: m.stored.Root, order: m.order})
	}
}

// isClosed reports whether customs' last word on the only document of a file lies beside it.
func (d *drop) isClosed(l *letter, m *form) bool {
	if len(l.forms) > 1 {
		return false
	}
	return slices.ContainsFunc(closing[m.entry.stream], func(status uint64) bool {
		return readMarked(receiptPath(l.path, receiptForms[m.doc.Kind].kind, status), l.mark) != nil
	})
}

// follow asks what customs decided since the last look, and writes a receipt for each decision.
func (d *drop) follow(ctx context.Context) error {
	var open []*followed
	for i, f := range d.live {
		if time.Now().Before(f.next) {
			open = append(open, f)
			continue
		}
		closed, err := d.followOne(ctx, f)
		if err != nil {
			d.live = append(open, d.live[i:]...)
			return err
		}
		if !closed {
			f.pause = min(max(2*f.pause, pollPause), longestPause)
			f.next = time.Now().Add(f.pause)
			open = append(open, f)
		}
	}
	d.live = open
	return nil
}

func (d *drop) followOne(ctx context.Context, f *followed) (closed bool, err error) {
	o, err := d.ledger.node.order(ctx, f.order)
	if err != nil || o == nil || o.History.Size == f.size {
		return false, err
	}
	history, err := d.ledger.node.History(ctx, types.PrefixOrder+"/"+string(f.order))
	if err != nil {
		return false, err
	}
	f.pause = 0 // what moves is looked at more often
	decisions, err := f.decisions(history.Events)
	if err != nil {
		return false, fmt.Errorf("history of order %s: %w", f.order, err)
	}
	for _, one := range decisions {
		err := d.tellDecision(f, &one)
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil // the message was taken away: nobody waits for an answer
		}
		if err != nil {
			return false, err
		}
		closed = closed || slices.Contains(closing[entries[f.kind].stream], one.status)
	}
	f.size = uint64(len(history.Events))
	return closed, nil
}

// decisions are customs' words on a document, in their order: what follows the event that recorded it, and before the
// event that recorded another one in its place.
func (f *followed) decisions(events []types.HistoryEvent) ([]ruling, error) {
	kinds := map[string][2]string{ // what records, and what decides
		types.SlotDeclaration: {"Declare", "Decide"}, streamCancel: {"Cancel", "DecideCancel"}, streamReturn: {"ReturnGoods", "DecideReturn"},
	}[entries[f.kind].stream]
	var all []ruling
	mine := false
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case kinds[0]:
			// Returns stand beside one another; a list or cancellation takes the place of the one before.
			mine = documentOf(e) == f.root || mine && kinds[0] == "ReturnGoods"
		case kinds[1]:
			var body struct {
				Status uint64 `json:"status"`
				Reason int64  `json:"reason"`
				Return string `json:"return"`
			}
			if err := json.Unmarshal(e.Body, &body); err != nil {
				return nil, err
			}
			if mine && (body.Return == "" || body.Return == f.name) {
				all = append(all, ruling{body.Status, body.Reason, e.Time, e.Member})
			}
		}
	}
	return all, nil
}

// decisionTold is what --json says of a decision of customs.
type decisionTold struct {
	Event   string        `json:"event"`
	File    string        `json:"file"`
	Order   types.OrderID `json:"order"`
	Office  string        `json:"office"`
	Status  uint64        `json:"status"`
	Reason  int64         `json:"reason,omitempty"`
	Receipt string        `json:"receipt"`
}

// tellDecision writes the receipt of a decision and tells of it, unless that was done before.
func (d *drop) tellDecision(f *followed, one *ruling) error {
	data, err := readFile(f.path, ceb.MaxSize)
	if err != nil {
		return err
	}
	if receiptMark(d.ledger.domain.Chain, data) != f.mark {
		return fs.ErrNotExist // another message has its name now
	}
	m, err := ceb.ParseUnsigned(data)
	if err != nil {
		return err
	}
	kind := receiptForms[f.kind].kind
	path := receiptPath(f.path, kind, one.status)
	doc := &m.Documents[f.index]
	answer := receiptOf(kind, []reply{{doc: doc, name: f.name, status: int(one.status), time: one.time, info: decisionSays(kind, one)}}, f.mark)
	if had := readMarked(path, f.mark); had != nil && len(m.Documents) > 1 {
		answer = merged(had, answer)
	}
	if had, err := readReceipt(path); err == nil && saysTheSame(had, answer) {
		return nil
	}
	if err := writeReceipt(path, answer); err != nil {
		return err
	}
	d.endProgress()
	d.say("✓ %s: %s, %s decided %d", f.path, f.order, one.office, one.status)
	return d.emit(&decisionTold{"decision", f.path, f.order, one.office, one.status, one.reason, path})
}

// merged adds an answer to a receipt that lies there for other documents of the same message.
func merged(had, answer *ceb.Message) *ceb.Message {
	one := &answer.Documents[0]
	for i := range had.Documents {
		if d := &had.Documents[i]; d.Get("guid") == one.Get("guid") && d.Get("preNo") == one.Get("preNo") && d.Get("copNo") == one.Get("copNo") {
			had.Documents[i] = *one
			return had
		}
	}
	had.Documents = append(had.Documents, *one)
	return had
}

// decisionSays puts a decision in words.
func decisionSays(kind string, one *ruling) string {
	english, chinese, _ := ceb.Code(kind, "returnStatus", fmt.Sprint(one.status))
	if one.reason != 0 {
		en, zh := ceb.OfficialCode(int(one.reason))
		return fmt.Sprintf("[Code:%d;Desc:%s %s %s: %s]", one.reason, zh, one.office, english, en)
	}
	return fmt.Sprintf("%s %s: %s", chinese, one.office, english)
}
