package client

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// MaxEvidence bounds an evidence file, in bytes.
const MaxEvidence = evidence.MaxBytes

// Verdict says in words what an evidence file proves. Only Verify makes one.
type Verdict struct {
	Proven   bool                 `json:"proven"`             // always: what is not proven is an error
	Warnings []string             `json:"warnings,omitempty"` // see Date
	Chain    string               `json:"chain"`
	Genesis  types.Hash           `json:"genesis"`
	Signed   evidence.Block       `json:"signed"`     // the header that the validators signed
	Signers  []evidence.Signature `json:"validators"` // every validator of the trust file
	Power    uint64               `json:"powerSigned"`
	Total    uint64               `json:"powerTotal"`
	Trust    TrustedSince         `json:"trust"`
	Ages     *Ages                `json:"ages,omitempty"` // see Date
	Claims   []Claim              `json:"claims"`         // in the order of the file
	Unproven []string             `json:"notProven"`      // what a reader might take for proven and is not
}

// TrustedSince is the block from which on the trust file knows the validators.
type TrustedSince struct {
	Height int64 `json:"height"`
	Time   int64 `json:"time"` // Unix milliseconds
}

// Ages are in seconds.
type Ages struct {
	Header int64 `json:"header"` // of the signed header
	Trust  int64 `json:"trust"`  // of the block from which on the trust file knows the validators
}

// Claim is one claim that is proven. Which members it has depends on the kind of claim; see package evidence.
type Claim struct {
	Claim       string               `json:"claim"`
	Says        string               `json:"says"` // the claim in one sentence
	Height      int64                `json:"height"`
	Key         string               `json:"key,omitempty"`
	Since       int64                `json:"since,omitempty"`
	From        string               `json:"from,omitempty"`
	To          string               `json:"to,omitempty"`
	Count       *uint64              `json:"count,omitempty"`  // of a range
	Index       *uint64              `json:"index,omitempty"`  // of the event in its history, from 0
	Of          uint64               `json:"of,omitempty"`     // how many events the history has
	Before      uint64               `json:"before,omitempty"` // how many events the history had at Since
	Block       evidence.Block       `json:"block"`            // the header that commits to what is claimed
	Value       types.Bytes          `json:"value,omitempty"`  // the record's CBOR
	Record      json.RawMessage      `json:"record,omitempty"` // the value, readable
	Events      []types.HistoryEvent `json:"events,omitempty"`
	Records     []Listed             `json:"records,omitempty"`
	Document    *types.DocumentPart  `json:"document,omitempty"`
	Replaced    bool                 `json:"replaced,omitempty"` // a newer version of the document stands in the record
	Digest      types.Bytes          `json:"digest,omitempty"`
	Result      string               `json:"result,omitempty"`  // name of the transaction's code
	Results     []string             `json:"results,omitempty"` // and of those of its bodies where they differ
	Transaction json.RawMessage      `json:"transaction,omitempty"`

	chain       string
	source      *evidence.Claim
	record      any // the decoded record, nil where this program does not know its family
	transaction *types.Signed
}

// Listed is a record in a list.
type Listed struct {
	Key    string          `json:"key"`
	Height int64           `json:"height"` // block that wrote it last
	Value  types.Bytes     `json:"value"`
	Record json.RawMessage `json:"record"`
	record any
}

// Verify checks an evidence file against the trust that the caller has, and says in words what it proves: see
// [evidence.Verify]. It needs no network and no clock, and believes nothing in the file.
//
// The error is an *evidence.Refusal when the file does not prove what it claims; any other means that the trust is not
// valid. Files may come from anybody: the work is bounded by their size, which must not exceed MaxEvidence.
func Verify(file []byte, trust *evidence.Trust) (*Verdict, error) {
	proven, err := evidence.Verify(file, trust)
	if err != nil {
		return nil, err
	}
	v := &Verdict{
		Proven: true, Chain: proven.Chain, Genesis: proven.Genesis, Signed: proven.Signed, Signers: proven.Signers,
		Power: proven.Power, Total: proven.Total, Trust: TrustedSince{trust.Height, trust.Time},
		Claims: make([]Claim, len(proven.Claims)),
	}
	for i := range proven.Claims {
		v.Claims[i] = *readable(v.Chain, &proven.Claims[i])
	}
	v.Unproven = v.limits()
	return v, nil
}

// readable turns what is proven into what people and programs read. Nothing in it can fail: what this program does not know
// is shown as it is.
func readable(chain string, p *evidence.Proven) *Claim {
	c := &Claim{
		Claim: p.Claim.Claim, Height: p.Height, Key: p.Key, Since: p.Since, From: p.From, To: p.To, Of: p.Log.Size, Before: p.Before.Size,
		Block: p.Block, Value: p.Value, Document: p.Document, Digest: p.Digest, chain: chain, source: p.Claim,
	}
	if len(p.Value) > 0 {
		c.record, c.Record = readRecord(p.Key, p.Value)
	}
	for i, e := range p.Events {
		c.Events = append(c.Events, *readEvent(e, p.Claim.Events[i]))
	}
	for i := range p.Leaves {
		l := Listed{Key: p.Leaves[i].Key, Height: p.Leaves[i].Version, Value: p.Leaves[i].Value}
		l.record, l.Record = readRecord(l.Key, l.Value)
		c.Records = append(c.Records, l)
	}
	switch c.Claim {
	case evidence.ClaimEvent:
		c.Index = &p.Index
	case evidence.ClaimField:
		c.Index = &p.Index
		order, ok := c.record.(*types.Order)
		c.Replaced = ok && replaced(order, p.Document)
	case evidence.ClaimRange:
		c.Count = &p.Count
	case evidence.ClaimTransaction:
		c.readTransaction(p.Claim)
	}
	c.Says = c.says()
	return c
}

// readRecord decodes a record, and renders it as JSON. A record of a family that this program does not know, or with members
// that it does not know, is rendered in CBOR's diagnostic notation (RFC 8949 §8).
func readRecord(key string, value []byte) (any, json.RawMessage) {
	if record, err := types.DecodeAny(key, value); err == nil {
		if text, err := json.Marshal(record); err == nil {
			return record, text
		}
	}
	return nil, diagnosed(value)
}

// diagnosed is the notation of what this program cannot read, as a JSON text; what is no CBOR is written in hexadecimal.
func diagnosed(data []byte) json.RawMessage {
	text, err := cbor.Diagnose(data)
	if err != nil {
		text = "h'" + hex.EncodeToString(data) + "'"
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string has a JSON form
	}
	return quoted
}

func readEvent(e *types.Event, raw []byte) *types.HistoryEvent {
	return &types.HistoryEvent{
		Tx: e.Tx, Index: e.Index, Height: e.Height, Time: e.Time, Member: e.Member, Kind: e.Kind, Body: readableBody(e), Raw: raw,
	}
}

func (c *Claim) readTransaction(p *evidence.Claim) {
	c.Result = types.Code(p.Code).String()
	for _, code := range p.Codes {
		c.Results = append(c.Results, types.Code(code).String())
	}
	// It was decoded once to compute its digest.
	if signed, err := types.DecodeSigned(p.Transaction); err == nil {
		c.transaction = signed
		c.Transaction, _ = json.Marshal(signed.Transaction)
	}
}

// replaced reports whether the order holds another version of the document.
func replaced(o *types.Order, d *types.DocumentPart) bool {
	for i := range o.Slots {
		s := &o.Slots[i]
		if d.Record == slotRecord(s) && s.Document != d.Root && s.Tag(types.TagOriginal) != d.Root {
			return true
		}
	}
	return false
}

// slotRecord is the key of the record of a slot's document: the slots are named as the records.
func slotRecord(s *types.Slot) string { return s.Kind + "/" + s.Member + "/" + s.ID }

// MaxAge is how old a trust file may be before Date warns, where nobody says anything else.
const MaxAge = 90 * 24 * time.Hour

// skew is how far clocks may differ before Date warns.
const skew = 10 * time.Minute

// Date says how old everything is at a time, and adds warnings: of a trust file that is older than most, and of times that
// have not come yet. Nothing of what is proven depends on it.
func (v *Verdict) Date(now time.Time, most time.Duration) {
	header, trust := now.Sub(time.UnixMilli(v.Signed.Time)), now.Sub(time.UnixMilli(v.Trust.Time))
	v.Ages = &Ages{int64(header / time.Second), int64(trust / time.Second)}
	v.Warnings = nil
	if trust > most {
		v.warn("the trust file knows the validators as of block %d, %s. What became of their keys since then it cannot know: "+
			"renew it (carya light), or have members confirm who validates now", v.Trust.Height, ago(trust))
	}
	if header < -skew || trust < -skew {
		v.warn("the block is dated %s and the trust file %s, and this computer's clock says %s: one of the clocks is wrong",
			moment(v.Signed.Time), moment(v.Trust.Time), moment(now.UnixMilli()))
	}
}

func (v *Verdict) warn(format string, args ...any) {
	v.Warnings = append(v.Warnings, fmt.Sprintf(format, args...))
}

// ago says how long ago something was, in the largest unit of which there are at least two.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "in the future"
	case d < 2*time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d hours ago", d/time.Hour)
	case d < 2*365*day:
		return fmt.Sprintf("%d days ago", d/day)
	}
	return fmt.Sprintf("%d years and %d days ago", d/(365*day), d%(365*day)/day)
}
