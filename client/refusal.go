package client

import (
	"errors"
	"fmt"

	"github.com/caryaledger/carya/types/evidence"
)

// meaning says what a reason code means, and what there is to do.
type meaning struct{ is, do string }

// What there is to do is the same for many reasons.
const (
	askAgain  = "do not rely on this file; ask a node for the evidence again (carya prove, carya history --prove)"
	askSource = "do not rely on this file, and ask whoever gave it to you where it comes from"
)

// meanings has every reason, in the order in which they are checked.
var meanings = map[evidence.Reason]meaning{
	evidence.TooLarge:         {"the file is larger than any evidence file may be", "ask for the claims in several files"},
	evidence.Malformed:        {"the file is not an evidence file, or was edited, cut off or damaged on its way", askAgain},
	evidence.FormatUnknown:    {"the file is of another version of the format than this program reads", "check it with a newer release of this program"},
	evidence.ChainDiffers:     {"the file is of another chain than the trust file, or of one with another genesis", "take the trust file of the file's chain, if you trust that chain; compare the genesis hash with members"},
	evidence.HeaderInvalid:    {"a block header in the file is damaged, or not of this chain and height", askAgain},
	evidence.ValidatorsDiffer: {"the block was signed by other validators than those that the trust file names", "the file may be older or newer than the trust file: renew the trust file (carya light), then the evidence (carya evidence renew)"},
	evidence.CommitInvalid:    {"the votes of the validators in the file are damaged, or not one for each of them", askAgain},
	evidence.SignatureInvalid: {"a validator's signature is forged or damaged", askSource},
	evidence.PowerShort:       {"not more than two thirds of the voting power signed the block: nobody need accept it", askSource},
	evidence.TreeInvalid:      {"what the file shows of the ledger's state is damaged", askAgain},
	evidence.RootDiffers:      {"what the file shows of the ledger's state is not what the validators signed: something in it was changed", askSource},
	evidence.GenesisDiffers:   {"the validators signed a state of another genesis: a chain begun anew with the same keys, or no chain at all", "ask the members which genesis is theirs; do not rely on this file"},
	evidence.BlockUnproven:    {"the file rests on a block that is not shown to be of this chain", askAgain},
	evidence.ClaimUnknown:     {"the file claims something that this program does not know, or says it in a way that could be misread", "check it with a newer release of this program, or ask for the evidence again"},
	evidence.KeyInvalid:       {"the file speaks of a key that the ledger could never hold, so that it says nothing about what the key looks like", askSource},
	evidence.StateMissing:     {"the file leaves out the state that its claim is about", askAgain},
	evidence.KeyUnproven:      {"the file does not show whether there was such a record, or shows the contrary", askSource},
	evidence.HistoryDiffers:   {"events are missing, added, changed or in another order: this is not the record's history", askSource},
	evidence.EventUnproven:    {"the event is not shown to be in the record's history at that place", askSource},
	evidence.NotPrefix:        {"the older history is not shown to be the beginning of the newer: something may have been rewritten", askSource},
	evidence.RangeIncomplete:  {"the list may leave records out: the file does not show every one of the range", askSource},
	evidence.CountDiffers:     {"the file claims another number of records than it shows", askSource},
	evidence.CommitmentDiffer: {"nobody committed on the ledger to this document, or to this one as that record", askSource},
	evidence.FieldUnproven:    {"a field is not in the document, or its value was changed", askSource},
	evidence.TxUnproven:       {"the transaction is not shown to stand in that block at that place", askSource},
	evidence.ResultUnproven:   {"the transaction had another result than the file says", askSource},
	evidence.DigestDiffers:    {"the transaction is another than the one that the file names", askSource},
}

// refuted is what --json says of a file that proves nothing.
type refuted struct {
	File   string          `json:"file"`
	Proven bool            `json:"proven"`
	Reason evidence.Reason `json:"reason"`
	Claim  int             `json:"claim"` // index of the claim, -1 where it is about the whole file
	Detail string          `json:"detail"`
	Means  string          `json:"means"`
	Do     string          `json:"do"`
}

func newRefuted(file string, r *evidence.Refusal) *refuted {
	m := meanings[r.Reason]
	return &refuted{file, false, r.Reason, r.Claim, r.Detail, m.is, m.do}
}

// where names the claim.
func (r *refuted) where() string {
	if r.Claim < 0 {
		return ""
	}
	return fmt.Sprintf(" (claims[%d])", r.Claim)
}

// refute tells that a file proves nothing. Any other error means that it could not be checked.
func (s *session) refute(file string, err error) error {
	var refusal *evidence.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	r := newRefuted(file, refusal)
	s.say("✗ NOT PROVEN: %s\n\n  %s%s: %s\n  found: %s\n  what to do: %s", file, r.Reason, r.where(), r.Means, r.Detail, r.Do)
	if err := s.emit(r); err != nil {
		return err
	}
	return fmt.Errorf("%s is not proven: %w", file, err)
}
