package evidence

import "fmt"

// Reason says why evidence proves nothing. Verifiers in all languages give the same one for the same file: the first that
// applies, in the order of docs/evidence.md.
type Reason string

const (
	TooLarge         Reason = "TOO_LARGE"            // more than MaxBytes
	Malformed        Reason = "MALFORMED"            // not evidence, or not the one way to write it
	FormatUnknown    Reason = "FORMAT_UNKNOWN"       // of another version
	ChainDiffers     Reason = "CHAIN_DIFFERS"        // of another chain or genesis than the trust file
	HeaderInvalid    Reason = "HEADER_INVALID"       // not a header of this chain and height
	ValidatorsDiffer Reason = "VALIDATORS_DIFFER"    // the header's validators are not those of the trust file
	CommitInvalid    Reason = "COMMIT_INVALID"       // not a vote for each validator
	SignatureInvalid Reason = "SIGNATURE_INVALID"    // a vote's signature is not its validator's
	PowerShort       Reason = "POWER_SHORT"          // not more than two thirds of the power voted for the header
	TreeInvalid      Reason = "TREE_INVALID"         // not a pruned tree
	RootDiffers      Reason = "ROOT_DIFFERS"         // the tree is not the one that the header commits to
	GenesisDiffers   Reason = "GENESIS_DIFFERS"      // the state does not say that it is of this genesis
	BlockUnproven    Reason = "BLOCK_UNPROVEN"       // a header is not in chain/blocks of the signed one, or not there
	ClaimUnknown     Reason = "CLAIM_UNKNOWN"        // no such kind of claim, or not its members
	KeyInvalid       Reason = "KEY_INVALID"          // not a key as the ledger writes them
	StateMissing     Reason = "STATE_MISSING"        // no tree of the state that the claim is about
	KeyUnproven      Reason = "KEY_UNPROVEN"         // the tree shows neither the record nor its absence, or the other of them
	HistoryDiffers   Reason = "HISTORY_DIFFERS"      // the events are not all of the record's history
	EventUnproven    Reason = "EVENT_UNPROVEN"       // the event is not at that place of the history
	NotPrefix        Reason = "NOT_PREFIX"           // the older history is not the beginning of the newer
	RangeIncomplete  Reason = "RANGE_INCOMPLETE"     // the tree does not show every key of the range
	CountDiffers     Reason = "COUNT_DIFFERS"        // the range has another number of keys
	CommitmentDiffer Reason = "COMMITMENT_DIFFERS"   // the event commits to another document
	FieldUnproven    Reason = "FIELD_UNPROVEN"       // a field is not in the document
	TxUnproven       Reason = "TRANSACTION_UNPROVEN" // the block does not hold the transaction there
	ResultUnproven   Reason = "RESULT_UNPROVEN"      // the transaction's result is another
	DigestDiffers    Reason = "DIGEST_DIFFERS"       // the transaction has another digest
)

// Reasons are all of them, in the order of the checks.
var Reasons = []Reason{
	TooLarge, Malformed, FormatUnknown, ChainDiffers, HeaderInvalid, ValidatorsDiffer, CommitInvalid, SignatureInvalid, PowerShort,
	TreeInvalid, RootDiffers, GenesisDiffers, BlockUnproven, ClaimUnknown, KeyInvalid, StateMissing, KeyUnproven, HistoryDiffers,
	EventUnproven, NotPrefix, RangeIncomplete, CountDiffers, CommitmentDiffer, FieldUnproven, TxUnproven, ResultUnproven, DigestDiffers,
}

// Refusal is the error of evidence that does not prove what it claims.
type Refusal struct {
	Reason Reason
	Claim  int // index of the claim, -1 where it is about the whole file
	Detail string
}

func (r *Refusal) Error() string {
	if r.Claim < 0 {
		return fmt.Sprintf("%s: %s", r.Reason, r.Detail)
	}
	return fmt.Sprintf("claim %d: %s: %s", r.Claim, r.Reason, r.Detail)
}

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{reason, -1, fmt.Sprintf(format, args...)}
}

// in says which claim a refusal is about.
func in(claim int, err error) error {
	if r, ok := err.(*Refusal); ok && r != nil {
		r.Claim = claim
	}
	return err
}
