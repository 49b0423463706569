package types

import (
	"encoding/json"
	"fmt"

	ics23 "github.com/cosmos/ics23/go"
)

// EvidenceFormat names the evidence file's format.
const EvidenceFormat = "carya-evidence/1"

// The claims that an evidence file can make.
const (
	ClaimRecord  = "record"  // the record had this value after the block at Height
	ClaimAbsence = "absence" // there was no such record after the block at Height
	ClaimHistory = "history" // ClaimRecord, and Events are all that ever happened to it
)

// Evidence is a small self-contained file that proves a claim about the state after
// the block at Height: an ICS23 proof of Key under the AppHash of the header at
// Height+1, which the validators signed. Binary parts are base64 in JSON.
type Evidence struct {
	Format     string   `json:"format"`
	Chain      string   `json:"chain"`
	Genesis    Hash     `json:"genesis"`
	Claim      string   `json:"claim"`
	Key        string   `json:"key"`
	Height     int64    `json:"height"`
	Value      []byte   `json:"value,omitempty"`  // the record's CBOR
	Proof      []byte   `json:"proof"`            // ics23.CommitmentProof, protobuf
	Events     [][]byte `json:"events,omitempty"` // the events' CBOR, oldest first
	Header     []byte   `json:"header"`           // CometBFT SignedHeader of Height+1, protobuf
	Validators []byte   `json:"validators"`       // CometBFT ValidatorSet of Height+1, protobuf
}

// ParseEvidence reads an evidence file; it verifies nothing.
func ParseEvidence(file []byte) (*Evidence, error) {
	var e Evidence
	if err := json.Unmarshal(file, &e); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	if e.Format != EvidenceFormat {
		return nil, fmt.Errorf("evidence: format %.40q, this program knows %q", e.Format, EvidenceFormat)
	}
	return &e, nil
}

// VerifyState checks everything in the evidence that lies below the header: that the
// record, or its absence, is what appHash commits to, and that the events are all of
// the record's history. It returns the events of a history claim.
func (e *Evidence) VerifyState(appHash Hash) ([]*Event, error) {
	var proof ics23.CommitmentProof
	if err := proof.Unmarshal(e.Proof); err != nil {
		return nil, fmt.Errorf("proof of %s: %w", e.Key, err)
	}
	if proof.GetExist() == nil && proof.GetNonexist() == nil {
		// ics23 panics on some compressed batches; a claim about one key never needs one.
		return nil, fmt.Errorf("proof of %s: neither of existence nor of absence", e.Key)
	}
	switch e.Claim {
	case ClaimAbsence:
		if !ics23.VerifyNonMembership(ics23.IavlSpec, appHash[:], &proof, []byte(e.Key)) {
			return nil, fmt.Errorf("the proof does not show that %s is absent", e.Key)
		}
		return nil, nil
	case ClaimRecord, ClaimHistory:
		if !ics23.VerifyMembership(ics23.IavlSpec, appHash[:], &proof, []byte(e.Key), e.Value) {
			return nil, fmt.Errorf("the proof does not show that %s has this value", e.Key)
		}
	default:
		return nil, fmt.Errorf("claim %.40q is not known", e.Claim)
	}
	if e.Claim == ClaimRecord {
		return nil, nil
	}
	return e.verifyHistory()
}

func (e *Evidence) verifyHistory() ([]*Event, error) {
	record, err := DecodeRecord(e.Key, e.Value)
	if err != nil {
		return nil, err
	}
	var got History
	events := make([]*Event, len(e.Events))
	for i, raw := range e.Events {
		if events[i], err = DecodeEvent(raw); err != nil {
			return nil, fmt.Errorf("event %d of %s: %w", i, e.Key, err)
		}
		if err := got.Append(LeafHash(raw)); err != nil {
			return nil, err
		}
	}
	if want := record.Log(); !want.Equal(&got) {
		return nil, fmt.Errorf("%s commits to %d events, these %d are not they", e.Key, want.Size, got.Size)
	}
	return events, nil
}
