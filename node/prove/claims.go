package prove

import (
	"bytes"
	"crypto/sha256"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// aboutState reports whether a claim is about a state, and not about a block.
func aboutState(a *evidence.Ask) bool {
	return a.Claim != evidence.ClaimBlock && a.Claim != evidence.ClaimTransaction
}

// claim makes a claim and says what has to be shown for it.
func (m *maker) claim(a *evidence.Ask) (*evidence.Claim, error) {
	switch a.Claim {
	case evidence.ClaimRecord, evidence.ClaimAbsence:
		return m.record(a)
	case evidence.ClaimHistory:
		return m.history(a)
	case evidence.ClaimEvent:
		return m.event(a)
	case evidence.ClaimPrefix:
		return m.prefix(a)
	case evidence.ClaimRange:
		return m.keyRange(a)
	case evidence.ClaimBlock:
		height := a.Height
		if height == 0 {
			height = m.height
		}
		if height > m.last {
			return nil, types.Refuse(types.NotFound, "height", "there is no block %d yet, the last is %d", height, m.last)
		}
		m.headers[height] = true
		return &evidence.Claim{Claim: a.Claim, Height: height}, nil
	case evidence.ClaimTransaction:
		return m.transaction(a)
	}
	return nil, types.Refuse(types.FieldInvalid, "claim", "no claim is called %.40q", a.Claim)
}

func (m *maker) record(a *evidence.Ask) (*evidence.Claim, error) {
	if _, err := types.FamilyOf(a.Key); err != nil {
		return nil, err
	}
	s, err := m.at(a.Height)
	if err != nil {
		return nil, err
	}
	has, err := s.Has(a.Key)
	if err != nil {
		return nil, err
	}
	c := &evidence.Claim{Claim: evidence.ClaimRecord, Height: s.Version(), Key: a.Key}
	if !has {
		c.Claim = evidence.ClaimAbsence
	}
	s.shown.Keys = append(s.shown.Keys, a.Key)
	return c, nil
}

// logged shows a record and returns all events of its history.
func (m *maker) logged(key string, height int64) (*state, [][]byte, error) {
	s, err := m.at(height)
	if err != nil {
		return nil, nil, err
	}
	value, err := s.Get(key)
	if err != nil {
		return nil, nil, err
	}
	if key == types.KeyBlocks {
		return nil, nil, types.Refuse(types.NotFound, "key", "%s is a history of block hashes, not of events", key)
	}
	if value == nil {
		return nil, nil, types.Refuse(types.NotFound, "key", "there is no record %.200s after block %d", key, s.Version())
	}
	record, err := types.DecodeRecord(key, value)
	if err != nil {
		return nil, nil, err
	}
	s.shown.Keys = append(s.shown.Keys, key)
	events, err := m.Events(m.ctx, key, record.Log().Size, s.Version())
	if err != nil {
		return nil, nil, err
	}
	return s, events, m.weigh(key, events)
}

// weigh bounds the events of one request, all of which are in memory at the same time.
func (m *maker) weigh(key string, events [][]byte) error {
	for i := range events {
		m.bytes += len(events[i])
	}
	if m.bytes > evidence.MaxBytes {
		return types.Refuse(types.TooLarge, "key", "with the history of %.200s there are %d bytes of events, at most %d in one file", key, m.bytes, evidence.MaxBytes)
	}
	return nil
}

func (m *maker) history(a *evidence.Ask) (*evidence.Claim, error) {
	s, events, err := m.logged(a.Key, a.Height)
	if err != nil {
		return nil, err
	}
	return &evidence.Claim{Claim: a.Claim, Height: s.Version(), Key: a.Key, Events: events}, nil
}

func (m *maker) event(a *evidence.Ask) (*evidence.Claim, error) {
	s, events, err := m.logged(a.Key, a.Height)
	if err != nil {
		return nil, err
	}
	index, err := place(a, events)
	if err != nil {
		return nil, err
	}
	path, err := InclusionAmong(leaves(events), index)
	if err != nil {
		return nil, err
	}
	return &evidence.Claim{
		Claim: a.Claim, Height: s.Version(), Key: a.Key, Index: index, Events: events[index : index+1], Path: join(path),
	}, nil
}

// place finds the event that is asked for.
func place(a *evidence.Ask, events [][]byte) (uint64, error) {
	if len(a.Root) == 0 && len(a.Digest) == 0 {
		if a.Index >= uint64(len(events)) {
			return 0, types.Refuse(types.NotFound, "index", "%s has %d events", a.Key, len(events))
		}
		return a.Index, nil
	}
	for i, raw := range events {
		e, err := types.DecodeEvent(raw)
		if err != nil {
			return 0, err
		}
		if len(a.Digest) > 0 && !bytes.Equal(e.Tx[:], a.Digest) {
			continue
		}
		if len(a.Root) == 0 {
			return uint64(i), nil
		}
		if len(a.Root) == len(types.Hash{}) {
			if _, ok, err := e.CommitsTo(types.Hash(a.Root)); err != nil || ok {
				return uint64(i), err
			}
		}
	}
	return 0, types.Refuse(types.NotFound, "key", "no event of %s is the one that is asked for", a.Key)
}

func (m *maker) prefix(a *evidence.Ask) (*evidence.Claim, error) {
	if a.Since == 0 {
		return nil, types.Refuse(types.FieldInvalid, "since", "the older height is missing")
	}
	since, err := m.at(a.Since)
	if err != nil {
		return nil, err
	}
	value, err := since.Get(a.Key)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, types.Refuse(types.NotFound, "since", "there was no record %.200s after block %d", a.Key, a.Since)
	}
	before, err := types.DecodeRecord(a.Key, value)
	if err != nil {
		return nil, err
	}
	since.shown.Keys = append(since.shown.Keys, a.Key)
	s, events, err := m.logged(a.Key, a.Height)
	if err != nil {
		return nil, err
	}
	if s.Version() < a.Since {
		return nil, types.Refuse(types.FieldInvalid, "since", "block %d is after block %d", a.Since, s.Version())
	}
	path, err := consistency(leaves(events), before.Log().Size)
	if err != nil {
		return nil, err
	}
	return &evidence.Claim{Claim: a.Claim, Height: s.Version(), Key: a.Key, Since: a.Since, Path: join(path)}, nil
}

// MaxRange bounds the records in all range claims of one request.
const MaxRange = 100_000

func (m *maker) keyRange(a *evidence.Ask) (*evidence.Claim, error) {
	if a.To != "" && a.To <= a.From {
		return nil, types.Refuse(types.FieldInvalid, "to", "the range from %.100q to %.100q is empty", a.From, a.To)
	}
	s, err := m.at(a.Height)
	if err != nil {
		return nil, err
	}
	low, err := s.Rank(a.From)
	if err != nil {
		return nil, err
	}
	high := s.Size()
	if a.To != "" {
		if high, err = s.Rank(a.To); err != nil {
			return nil, err
		}
	}
	if m.records += high - low; m.records > MaxRange {
		return nil, types.Refuse(types.TooLarge, "to", "%d records, at most %d in one file: ask for parts of the range", m.records, MaxRange)
	}
	s.shown.Ranges = append(s.shown.Ranges, store.KeyRange{From: a.From, To: a.To})
	return &evidence.Claim{Claim: a.Claim, Height: s.Version(), From: a.From, To: a.To, Count: uint64(high - low)}, nil
}

func (m *maker) transaction(a *evidence.Ask) (*evidence.Claim, error) {
	if len(a.Digest) != len(types.Hash{}) {
		return nil, types.Refuse(types.FieldInvalid, "digest", "want 32 bytes")
	}
	height, index, err := m.Executed(m.ctx, types.Hash(a.Digest))
	if err != nil {
		return nil, err
	}
	txs, results, err := m.Block(m.ctx, height)
	if err != nil {
		return nil, err
	}
	m.headers[height], m.headers[height+1] = true, true
	ids, outcomes := make([]types.Hash, len(txs)), make([]types.Hash, len(txs))
	for i := range txs {
		id := sha256.Sum256(txs[i])
		ids[i] = types.LeafHash(id[:])
		outcomes[i] = types.LeafHash(evidence.ResultBytes(numbers(&results[i])))
	}
	c := &evidence.Claim{
		Claim: a.Claim, Height: height, Index: uint64(index), Size: uint64(len(txs)), Digest: a.Digest, Transaction: txs[index],
	}
	c.Code, c.Codes = numbers(&results[index])
	path, err := InclusionAmong(ids, c.Index)
	if err != nil {
		return nil, err
	}
	c.Path = join(path)
	if path, err = InclusionAmong(outcomes, c.Index); err != nil {
		return nil, err
	}
	c.Results = join(path)
	return c, nil
}

// numbers are a result as consensus has it.
func numbers(r *types.Result) (code uint32, codes []uint32) {
	for _, one := range r.Codes {
		codes = append(codes, uint32(one))
	}
	return uint32(r.Code), codes
}
