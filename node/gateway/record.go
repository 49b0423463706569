package gateway

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

type recordQuery struct {
	Keyed
	Proof
	Height int64 `query:"height" minimum:"0" doc:"the state after this block; 0 = the last, with proof=1 the last that can be proven"`
}

func (g *gateway) recordRoute() {
	op := get("/v1/records/{key}", "record", "a record as it is, or was")
	op.Description = "With proof=1 where there is no record: evidence that there is none."
	op.Responses = g.evidenceAnswers(schemaOf[types.RecordAnswer](g))
	register(g, op, g.record)
}

func (g *gateway) record(ctx context.Context, in *recordQuery) (*fileAnswer, error) {
	if _, err := types.FamilyOf(in.Key); err != nil {
		return nil, err
	}
	if in.Proof.Proof {
		return g.proof(ctx, &in.EvidenceForm, evidence.Ask{Claim: evidence.ClaimRecord, Key: in.Key, Height: in.Height})
	}
	v, err := g.View(in.Height)
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
	r, err := readable(in.Key, v.Version(), value)
	return &fileAnswer{mediaJSON, r}, err
}

func noRecord(key string, height int64) error {
	return types.Refuse(types.NotFound, "key", "there is no record %s after block %d", key, height)
}

func readable(key string, height int64, value []byte) (types.RecordAnswer, error) {
	record, err := types.DecodeAny(key, value)
	if err != nil {
		return types.RecordAnswer{}, ours(err)
	}
	text, err := json.Marshal(record)
	return types.RecordAnswer{Key: key, Height: height, Value: value, Record: text}, err
}

// ours says that a refusal is not the caller's: the node's own data does not decode.
func ours(err error) error {
	return &fault{err}
}

type fault struct{ cause error }

func (f *fault) Error() string { return f.cause.Error() }

type recordsQuery struct {
	Proof
	Prefix string `query:"prefix" maxLength:"1024" doc:"what the keys begin with" example:"lot/"`
	After  string `query:"after" maxLength:"1024" doc:"the last key of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	From   string `query:"from" maxLength:"1024" doc:"with proof=1, in place of prefix: the first key"`
	To     string `query:"to" maxLength:"1024" doc:"with proof=1, in place of prefix: the first key beyond the last, empty for no end"`
	Height int64  `query:"height" minimum:"0" doc:"the state after this block; 0 = the last. Ask for the first page's height again to see one state on all pages."`
}

// recordList is a page of records in the order of their keys.
type recordList struct {
	Height  int64                `json:"height" doc:"state version that was read"`
	Records []types.RecordAnswer `json:"records"`
	Next    string               `json:"next" doc:"after for the next page, empty on the last"`
}

func (g *gateway) recordsRoute() {
	op := get("/v1/records", "records", "records in the order of their keys")
	op.Description = "Keys are not decoded here: prefix and after stand in the query as any text does. " +
		"With proof=1 all records are in one answer, and that they are all is proven."
	op.Responses = g.evidenceAnswers(schemaOf[recordList](g))
	register(g, op, g.records)
}

func (g *gateway) records(ctx context.Context, in *recordsQuery) (*fileAnswer, error) {
	if in.Proof.Proof {
		return g.proveRange(ctx, in)
	}
	if in.From != "" || in.To != "" {
		return nil, types.Refuse(types.FieldInvalid, "proof", "from and to are of evidence: add proof=1")
	}
	v, err := g.View(in.Height)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	list := recordList{Height: v.Version(), Records: []types.RecordAnswer{}}
	var bad error
	err = v.Iterate(max(in.Prefix, in.after()), end(in.Prefix), func(key string, value []byte) (stop bool) {
		if len(list.Records) == in.Limit {
			list.Next = list.Records[in.Limit-1].Key
			return true
		}
		var r types.RecordAnswer
		if r, bad = readable(key, v.Version(), append([]byte(nil), value...)); bad == nil {
			bad = ctx.Err()
		}
		list.Records = append(list.Records, r)
		return bad != nil
	})
	if bad != nil {
		err = bad
	}
	return &fileAnswer{mediaJSON, list}, err
}

func (g *gateway) proveRange(ctx context.Context, in *recordsQuery) (*fileAnswer, error) {
	ask := evidence.Ask{Claim: evidence.ClaimRange, From: in.From, To: in.To, Height: in.Height}
	switch {
	case in.After != "":
		return nil, types.Refuse(types.FieldInvalid, "after", "evidence has no pages: ask for the keys from one to another")
	case in.Prefix != "" && (in.From != "" || in.To != ""):
		return nil, types.Refuse(types.FieldInvalid, "prefix", "a prefix, or from and to")
	case in.Prefix != "":
		ask.From, ask.To = evidence.Prefixed(in.Prefix)
	}
	return g.proof(ctx, &in.EvidenceForm, ask)
}

// after is the first key that the page may hold.
func (in *recordsQuery) after() string {
	if in.After == "" {
		return ""
	}
	return in.After + "\x00"
}

// end is the first key beyond those with a prefix; "" means that there is none.
func end(prefix string) string {
	trimmed := strings.TrimRight(prefix, "\xff")
	if trimmed == "" {
		return ""
	}
	last := len(trimmed) - 1
	return trimmed[:last] + string([]byte{trimmed[last] + 1})
}
