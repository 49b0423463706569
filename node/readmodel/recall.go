package readmodel

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Recall is a row of the list of recalls.
type Recall struct {
	ID     types.RecallID   `json:"id"`
	Things []types.ThingKey `json:"things" doc:"lots and units that it names"`
	Source bool             `json:"source" doc:"reaches everything made from what they were made of"`
	Class  uint64           `json:"class" doc:"1 (danger to health) to 3"`
	Reason string           `json:"reason"`
	Opened int64            `json:"opened" doc:"Unix milliseconds"`
	Closed int64            `json:"closed" doc:"0 while open"`
	Note   string           `json:"note"`
	Height int64            `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// RecallFilter narrows the list of recalls; empty fields ask for nothing.
type RecallFilter struct {
	Member string // that opened it
	Open   bool
}

// one is a single thing in the units of a recall report.
const one = gs1.AmountScale

func (w *writer) recall(id string, record []byte, height int64) error {
	var r types.Recall
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tableRecalls, id, r.Closed, record, height)
}

// report writes what a member did about a thing: <member>/<name>/<reporter>/<thing's key>.
func (w *writer) report(id string, record []byte, height int64) error {
	var r types.RecallReport
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	recall, member, thing := cutReport(id)
	return w.add(tableReports, recall, thing, member, int64(r.Located), int64(r.Notified), r.Time, height)
}

func cutReport(id string) (recall, member, thing string) {
	parts := strings.SplitN(id, "/", 4)
	parts = append(parts, "", "", "", "")
	return parts[0] + "/" + parts[1], parts[2], parts[3]
}

// spread writes how far marking has come.
func (w *writer) spread(id string, record []byte, height int64) error {
	var r types.Spread
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tableSpreads, id, int64(len(r.Front)), int64(r.Marked), height)
}

// Recalls lists recalls, by id.
func (m *Model) Recalls(ctx context.Context, f RecallFilter, p Page) ([]Recall, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask("SELECT id, record, height FROM recalls")
	if f.Open {
		q.where("closed = 0") // word for word as in the index
	}
	if f.Member != "" {
		q.where("id > ? AND id < ?", f.Member+"/", f.Member+"0") // '0' follows '/'
	}
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanRecall, func(r *Recall) string { return string(r.ID) })
}

func scanRecall(rows *sql.Rows, row *Recall) error {
	var record []byte
	if err := rows.Scan(&row.ID, &record, &row.Height); err != nil {
		return err
	}
	var r types.Recall
	err := types.DecodeState(record, &r)
	row.Things, row.Source, row.Class, row.Reason = r.Things, r.Source, r.Class, r.Reason
	row.Opened, row.Closed, row.Note = r.Opened, r.Closed, r.Note
	return err
}

// RecallProgress says how far a recall has come: every lot and unit that is marked with it,
// where it is and what was reported of it.
func (m *Model) RecallProgress(ctx context.Context, id types.RecallID) (progress *types.RecallProgress, err error) {
	err = m.look(ctx, func(s *snapshot) error {
		progress = &types.RecallProgress{Recall: id, Affected: []types.RecalledThing{}}
		if err := s.recall(progress); err != nil {
			return err
		}
		keys, err := s.marked(id)
		if err != nil {
			return err
		}
		if progress.Affected, err = s.recalled(keys); err != nil {
			return err
		}
		return s.notices(id, progress.Affected)
	})
	if err != nil {
		return nil, err
	}
	return progress, nil
}

// recall reads the record, and whether all is marked.
func (s *snapshot) recall(p *types.RecallProgress) error {
	var record []byte
	ok, err := s.one([]any{&record}, "SELECT record FROM recalls WHERE id = ?", string(p.Recall))
	if err != nil {
		return err
	}
	if !ok {
		return types.Refuse(types.RecallUnknown, "recall", "%.100s", string(p.Recall))
	}
	if err := types.DecodeState(record, &p.Record); err != nil {
		return err
	}
	front := 0
	if _, err := s.one([]any{&front}, "SELECT front FROM spreads WHERE id = ?", types.MarkRecall+"/"+string(p.Recall)); err != nil {
		return err
	}
	p.Done = front == 0
	p.Height, err = s.height()
	return err
}

// marked are the things under a recall, ascending.
func (s *snapshot) marked(id types.RecallID) (keys []types.ThingKey, err error) {
	err = s.each(func(rows *sql.Rows) error {
		var key types.ThingKey
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	}, "SELECT thing FROM facets WHERE facet = ? AND value = ? ORDER BY thing", int64(facetRecall), string(id))
	return keys, err
}

// recalled says where the goods of things are.
func (s *snapshot) recalled(keys []types.ThingKey) ([]types.RecalledThing, error) {
	known, err := s.things(keys)
	if err != nil {
		return nil, err
	}
	list := make([]types.RecalledThing, 0, len(keys))
	for _, key := range keys {
		if g := known[key]; g != nil {
			list = append(list, g.recalled(key))
		}
	}
	return list, nil
}

func (g *goods) recalled(key types.ThingKey) types.RecalledThing {
	_, id := key.Cut()
	return types.RecalledThing{
		Thing: key, URI: types.LinkOf(id), Unit: g.unit, Produced: gs1.FormatAmount(g.produced),
		Consumed: gs1.FormatAmount(g.consumed), Destroyed: gs1.FormatAmount(g.destroyed), Sold: gs1.FormatAmount(g.sold),
		Held: gs1.FormatAmount(g.held), Packed: gs1.FormatAmount(g.packed), Located: "0", Notified: "0",
		Holders: g.holders, Reports: []types.RecallNotice{},
	}
}

// notices adds the reports to the things that they are about.
func (s *snapshot) notices(id types.RecallID, things []types.RecalledThing) error {
	located, notified := make([]uint64, len(things)), make([]uint64, len(things))
	return s.each(func(rows *sql.Rows) error {
		var key types.ThingKey
		var n types.RecallNotice
		var here, told uint64
		if err := rows.Scan(&key, &n.Member, &here, &told, &n.Time); err != nil {
			return err
		}
		i, ok := slices.BinarySearchFunc(things, key, func(t types.RecalledThing, k types.ThingKey) int { return cmp.Compare(t.Thing, k) })
		if !ok {
			return nil
		}
		located[i], notified[i] = located[i]+here, notified[i]+told
		n.Located, n.Notified = gs1.FormatAmount(here), gs1.FormatAmount(told)
		t := &things[i]
		t.Located, t.Notified = gs1.FormatAmount(located[i]), gs1.FormatAmount(notified[i])
		t.Reports = append(t.Reports, n)
		return nil
	}, "SELECT thing, member, located, notified, time FROM reports WHERE recall = ? ORDER BY thing, member", string(id))
}
