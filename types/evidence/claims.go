package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/fxamacker/cbor/v2"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/caryaledger/carya/types"
)

func (v *verifier) claimRecord(c *Claim) (*Proven, error) {
	b, value, err := v.record(c.Key, c.Height)
	if err != nil {
		return nil, err
	}
	return &Proven{Block: b.proven(), Value: value}, nil
}

func (v *verifier) claimAbsence(c *Claim) (*Proven, error) {
	b, err := v.state(c.Height)
	if err != nil {
		return nil, err
	}
	if !b.tree.Absent(c.Key) {
		return nil, refuse(KeyUnproven, "it is not shown that there was no record %.200q after block %d", c.Key, c.Height)
	}
	return &Proven{Block: b.proven()}, nil
}

func (v *verifier) claimHistory(c *Claim) (*Proven, error) {
	b, value, log, err := v.logged(c.Key, c.Height)
	if err != nil {
		return nil, err
	}
	p := &Proven{Block: b.proven(), Value: value, Log: log}
	var got types.History
	for _, raw := range c.Events {
		if err := got.Append(types.LeafHash(raw)); err != nil {
			return nil, err
		}
	}
	if !got.Equal(&log) {
		return nil, refuse(HistoryDiffers, "%s commits to %d events, these %d are not they", c.Key, log.Size, got.Size)
	}
	if p.Events, err = readEvents(c.Events); err != nil {
		return nil, err
	}
	return p, nil
}

// decoder reads events that are readable to all verifiers: readMap is stricter.
var decoder = func() cbor.DecMode {
	m, err := cbor.DecOptions{FieldNameMatching: cbor.FieldNameMatchingCaseSensitive, MaxArrayElements: maxElements, MaxNestedLevels: maxNesting + 1}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

// readEvents reads events that a history commits to.
func readEvents(list [][]byte) ([]*types.Event, error) {
	events := make([]*types.Event, len(list))
	for i, raw := range list {
		events[i] = new(types.Event)
		if !isEvent(readMap(raw)) || decoder.Unmarshal(raw, events[i]) != nil {
			return nil, refuse(EventUnproven, "event %d is not readable", i)
		}
	}
	return events, nil
}

func (v *verifier) claimEvent(c *Claim) (*Proven, error) {
	b, value, log, err := v.logged(c.Key, c.Height)
	if err != nil {
		return nil, err
	}
	if len(c.Events) != 1 || !included(&log, c.Index, types.LeafHash(c.Events[0]), c.Path) {
		return nil, refuse(EventUnproven, "it is not event %d of %d in the history of %s", c.Index, log.Size, c.Key)
	}
	p := &Proven{Block: b.proven(), Value: value, Log: log}
	if p.Events, err = readEvents(c.Events); err != nil {
		return nil, err
	}
	return p, nil
}

// included reports whether a leaf is at a place of a log: RFC 6962 §2.1.1.
func included(log *types.History, index uint64, leaf types.Hash, path []byte) bool {
	list, ok := hashes(path)
	return ok && index < log.Size &&
		proof.VerifyInclusion(rfc6962.DefaultHasher, index, log.Size, leaf[:], list, root(log)) == nil
}

func (v *verifier) claimPrefix(c *Claim) (*Proven, error) {
	_, _, before, err := v.logged(c.Key, c.Since)
	if err != nil {
		return nil, err
	}
	b, value, log, err := v.logged(c.Key, c.Height)
	if err != nil {
		return nil, err
	}
	path, ok := hashes(c.Path)
	if !ok || c.Since > c.Height || before.Size == 0 || before.Size > log.Size ||
		proof.VerifyConsistency(rfc6962.DefaultHasher, before.Size, log.Size, path, root(&before), root(&log)) != nil {
		return nil, refuse(NotPrefix, "the history of %s after block %d, %d events, is not shown to begin that after block %d, %d events",
			c.Key, c.Since, before.Size, c.Height, log.Size)
	}
	return &Proven{Block: b.proven(), Value: value, Log: log, Before: before}, nil
}

func (v *verifier) claimRange(c *Claim) (*Proven, error) {
	b, err := v.state(c.Height)
	if err != nil {
		return nil, err
	}
	leaves, all := b.tree.Range(c.From, c.To)
	if !all {
		return nil, refuse(RangeIncomplete, "not every record from %.200q to %.200q after block %d is shown", c.From, c.To, c.Height)
	}
	if uint64(len(leaves)) != c.Count {
		return nil, refuse(CountDiffers, "there are %d records from %.200q to %.200q, not %d", len(leaves), c.From, c.To, c.Count)
	}
	return &Proven{Block: b.proven(), Leaves: leaves}, nil
}

func (v *verifier) claimBlock(c *Claim) (*Proven, error) {
	b, err := v.at(c.Height)
	if err != nil {
		return nil, err
	}
	return &Proven{Block: b.proven()}, nil
}

func (v *verifier) claimField(c *Claim) (*Proven, error) {
	d := c.Document
	if d == nil {
		return nil, refuse(ClaimUnknown, "a field claim without a document")
	}
	p, err := v.claimEvent(c)
	if err != nil {
		return nil, err
	}
	record, ok, err := p.Events[0].CommitsTo(d.Root)
	if err != nil || !ok || record != d.Record || !exact(p.Events[0].Body) {
		return nil, refuse(CommitmentDiffer, "the event does not commit to the document %s as %.200q", d.Root, d.Record)
	}
	if err := d.Verify(); err != nil {
		return nil, refuse(FieldUnproven, "%v", err)
	}
	return p, nil
}

// claimTransaction: the header of the block holds a root over the transactions' SHA-256 hashes, the next one a root over
// their results, both RFC 6962.
func (v *verifier) claimTransaction(c *Claim) (*Proven, error) {
	b, err := v.at(c.Height)
	if err != nil {
		return nil, err
	}
	next, err := v.at(c.Height + 1)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(c.Transaction)
	if !c.under(b.fields[fieldData], id[:], c.Path) {
		return nil, refuse(TxUnproven, "block %d does not hold the transaction at %d of %d", c.Height, c.Index, c.Size)
	}
	if !c.under(next.fields[fieldResults], ResultBytes(c.Code, c.Codes), c.Results) {
		return nil, refuse(ResultUnproven, "block %d does not say that the result is %d %v", c.Height+1, c.Code, c.Codes)
	}
	// What the rules think of its words is not asked: the block executed it, and the rules may have changed since.
	signed, err := types.DecodeSigned(c.Transaction)
	if signed == nil || !exact(c.Transaction) {
		return nil, refuse(DigestDiffers, "the transaction cannot be read: %v", err)
	}
	digest, err := types.NewDomain(v.Chain, v.Genesis).Digest(&signed.Transaction)
	if err != nil || !bytes.Equal(digest[:], c.Digest) {
		return nil, refuse(DigestDiffers, "the transaction's digest is %s, not %s", digest, c.Digest)
	}
	return &Proven{Block: b.proven()}, nil
}

// under reports whether data is at the claim's place below a root in a header.
func (c *Claim) under(field, data, path []byte) bool {
	root, ok := readHash(field)
	list, whole := hashes(path)
	leaf := types.LeafHash(data)
	return ok && whole && c.Index < c.Size &&
		proof.VerifyInclusion(rfc6962.DefaultHasher, c.Index, c.Size, leaf[:], list, root[:]) == nil
}

// ResultBytes is CometBFT's ExecTxResult of a result, in protobuf: the code and, where the bodies' codes differ, their CBOR.
func ResultBytes(code uint32, codes []uint32) []byte {
	b := appendNumber(nil, 0x08, uint64(code))
	if len(codes) == 0 {
		return b
	}
	data, err := types.Encode(codes)
	if err != nil {
		panic(err) // numbers encode
	}
	return append(binary.AppendUvarint(append(b, 0x12), uint64(len(data))), data...)
}
