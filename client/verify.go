package client

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/caryaledger/carya/types"
)

// MaxEvidence bounds an evidence file, in bytes: a history of some hundred thousand events.
const MaxEvidence = 64 << 20

// Verdict says what an evidence file proves. Only Verify makes one.
type Verdict struct {
	Proven    bool                 `json:"proven"` // always: what is not proven is an error
	Claim     string               `json:"claim"`  // types.ClaimRecord, ClaimAbsence or ClaimHistory
	Key       string               `json:"key"`
	Chain     string               `json:"chain"`
	Genesis   types.Hash           `json:"genesis"`
	Height    int64                `json:"height"`    // the claim is about the state after this block
	SignedAt  int64                `json:"signedAt"`  // height of the header that the validators signed: Height+1
	Time      int64                `json:"time"`      // of that header, Unix milliseconds
	BlockHash types.Hash           `json:"blockHash"` // of that header
	AppHash   types.Hash           `json:"appHash"`   // root of the state, in that header
	Value     types.Bytes          `json:"value,omitempty"`
	Record    json.RawMessage      `json:"record,omitempty"` // the value, readable
	Events    []types.HistoryEvent `json:"events,omitempty"` // of a history: all there are, oldest first
	Signers   []Attestation        `json:"validators"`       // every validator of the genesis
	Power     uint64               `json:"powerSigned"`
	Total     uint64               `json:"powerTotal"`
	Unproven  []string             `json:"notProven"` // what a reader might take for proven and is not
	record    any
}

// Attestation is one validator and whether it signed the header.
type Attestation struct {
	Member string      `json:"member"`
	Name   string      `json:"name"`
	Key    types.Bytes `json:"key"` // ed25519 public key
	Power  uint64      `json:"power"`
	Signed bool        `json:"signed"`
	Time   int64       `json:"time,omitempty"` // of the signature, by the signer's clock, Unix milliseconds
}

// NotProven is the error of evidence that does not prove its claim.
type NotProven struct {
	Step string // what was checked
	Err  error
}

func (n *NotProven) Error() string { return n.Step + ": " + n.Err.Error() }
func (n *NotProven) Unwrap() error { return n.Err }

func unproven(step, format string, args ...any) error {
	return &NotProven{step, fmt.Errorf(format, args...)}
}

// Verify checks an evidence file against the genesis that the caller trusts: that validators with more than two thirds
// of the genesis' voting power signed a header of that chain, that the header commits to the state that the evidence is
// about, and that the state holds what is claimed. It needs no network, and believes nothing in the file.
//
// The error is a *NotProven when the file does not prove its claim. Files may come from anybody: the work is bounded by
// their size, which must not exceed MaxEvidence.
func Verify(file []byte, genesis *types.Genesis) (verdict *Verdict, err error) {
	// Nothing below is known to panic. But libraries for protobuf and Merkle proofs read the file too, and a verifier
	// that a stranger can crash would be taken for one that found a fault.
	defer func() {
		if r := recover(); r != nil {
			verdict, err = nil, unproven("the file", "breaks the verifier: %v", r)
		}
	}()
	return verify(file, genesis)
}

func verify(file []byte, genesis *types.Genesis) (*Verdict, error) {
	set, err := validatorsOf(genesis)
	if err != nil {
		return nil, err
	}
	if len(file) > MaxEvidence {
		return nil, unproven("the file", "%d bytes, at most %d", len(file), MaxEvidence)
	}
	e, err := types.ParseEvidence(file)
	if err != nil {
		return nil, &NotProven{"the file", err}
	}
	v := &Verdict{Proven: true, Claim: e.Claim, Key: e.Key, Chain: genesis.Chain, Height: e.Height}
	if v.Genesis, err = genesis.Hash(); err != nil {
		return nil, err
	}
	for _, check := range []func(*types.Evidence, *validators) error{v.checkChain, v.checkHeader, v.checkState} {
		if err := check(e, set); err != nil {
			return nil, err
		}
	}
	v.Unproven = v.limits()
	return v, nil
}

// checkChain checks what the file says about itself.
func (v *Verdict) checkChain(e *types.Evidence, _ *validators) error {
	const step = "the chain"
	switch {
	case e.Chain != v.Chain:
		return unproven(step, "the evidence is of the chain %.60q, the trusted genesis of %q", e.Chain, v.Chain)
	case e.Genesis != v.Genesis:
		return unproven(step, "the evidence is of another genesis, %s, than the trusted one, %s", e.Genesis, v.Genesis)
	case e.Height < 1 || e.Height == math.MaxInt64:
		return unproven(step, "there is no block %d", e.Height)
	}
	if err := checkKey(e.Key); err != nil {
		return &NotProven{"the key", err}
	}
	return nil
}

// checkState checks what lies below the header's AppHash.
func (v *Verdict) checkState(e *types.Evidence, _ *validators) error {
	events, err := e.VerifyState(v.AppHash)
	if err != nil {
		return &NotProven{"the state", err}
	}
	if e.Claim == types.ClaimAbsence {
		return nil
	}
	v.Value = e.Value
	if v.record, err = types.DecodeAny(e.Key, e.Value); err != nil {
		return unproven("the record", "this program cannot read it: %w", err)
	}
	if v.Record, err = json.Marshal(v.record); err != nil {
		return err
	}
	return v.readEvents(e, events)
}

func (v *Verdict) readEvents(e *types.Evidence, events []*types.Event) error {
	v.Events = make([]types.HistoryEvent, len(events))
	for i, event := range events {
		body, err := readableBody(event)
		if err != nil {
			return unproven("the events", "event %d: %w", i, err)
		}
		v.Events[i] = types.HistoryEvent{
			Tx: event.Tx, Index: event.Index, Height: event.Height, Time: event.Time,
			Member: event.Member, Kind: event.Kind, Body: body, Raw: e.Events[i],
		}
	}
	return nil
}
