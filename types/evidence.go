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
	Format      string   `json:"format"`
	Chain       string   `json:"chain"`
	Genesis     Hash     `json:"genesis"`
	Claim       string   `json:"claim"`
	Key         string   `json:"key"`
	Height      int64    `json:"height"`
	Value       []byte   `json:"value,omitempty"`  // the record's CBOR
	Proof       []byte   `json:"proof"`            // of Value or its absence: ics23.CommitmentProof, protobuf
	Events      [][]byte `json:"events,omitempty"` // the events' CBOR, oldest first
	Params      []byte   `json:"params"`           // the CBOR of chain/params, which names the genesis
	ParamsProof []byte   `json:"paramsProof"`      // the proof of Params
	Header      []byte   `json:"header"`           // CometBFT SignedHeader of Height+1, protobuf
	Validators  []byte   `json:"validators"`       // CometBFT ValidatorSet of Height+1, protobuf
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
// state is of a chain with this genesis, that the record, or its absence, is what
// appHash commits to, and that the events are all of the record's history. It returns
// the events of a history claim.
func (e *Evidence) VerifyState(appHash Hash) ([]*Event, error) {
	if err := e.verifyGenesis(appHash); err != nil {
		return nil, err
	}
	switch e.Claim {
	case ClaimAbsence:
		return nil, verifyKey(appHash, e.Key, nil, e.Proof)
	case ClaimRecord:
		return nil, verifyKey(appHash, e.Key, e.Value, e.Proof)
	case ClaimHistory:
		if err := verifyKey(appHash, e.Key, e.Value, e.Proof); err != nil {
			return nil, err
		}
		return e.verifyHistory()
	}
	return nil, fmt.Errorf("claim %.40q is not known", e.Claim)
}

// verifyGenesis: chain id and validators alone would not tell a chain from one that was
// begun anew with the same keys.
func (e *Evidence) verifyGenesis(appHash Hash) error {
	if err := verifyKey(appHash, KeyParams, e.Params, e.ParamsProof); err != nil {
		return err
	}
	var p ChainParams
	if err := Decode(e.Params, &p); err != nil {
		return fmt.Errorf("record %s: %w", KeyParams, err)
	}
	if p.Genesis != e.Genesis || p.Chain != e.Chain {
		return fmt.Errorf("the state is of the chain %q with the genesis %s", p.Chain, p.Genesis)
	}
	return nil
}

// verifyKey checks that a key has a value under an app hash; no value means that it is
// absent.
func verifyKey(appHash Hash, key string, value, proof []byte) error {
	var p ics23.CommitmentProof
	if err := p.Unmarshal(proof); err != nil {
		return fmt.Errorf("proof of %s: %w", key, err)
	}
	if p.GetExist() == nil && p.GetNonexist() == nil {
		// ics23 panics on some compressed batches; a claim about one key never needs one.
		return fmt.Errorf("proof of %s: neither of existence nor of absence", key)
	}
	if value == nil && !ics23.VerifyNonMembership(ics23.IavlSpec, appHash[:], &p, []byte(key)) {
		return fmt.Errorf("the proof does not show that %s is absent", key)
	}
	if value != nil && !ics23.VerifyMembership(ics23.IavlSpec, appHash[:], &p, []byte(key), value) {
		return fmt.Errorf("the proof does not show that %s has this value", key)
	}
	return nil
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
