package client

import (
	"bytes"
	"fmt"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cryptoenc "github.com/cometbft/cometbft/crypto/encoding"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/types"
)

// validators are the genesis' validators in CometBFT's order, which is the order of the signatures in a commit. They
// cannot change in this release.
type validators struct {
	set     *cmt.ValidatorSet
	members []*types.GenesisMember // of set.Validators, one by one
	power   uint64
}

// mostPower is CometBFT's bound of a validator set's power; three times as much still fits into 64 bits.
const mostPower = uint64(cmt.MaxTotalVotingPower)

// validatorsOf builds the validator set of a genesis. Its errors are about the genesis, not about any evidence.
func validatorsOf(g *types.Genesis) (*validators, error) {
	owners := map[string]*types.GenesisMember{}
	v := &validators{}
	var list []*cmt.Validator
	for i := range g.Members {
		m := &g.Members[i]
		if m.Power == 0 {
			continue
		}
		if len(m.Validator) != ed25519.PubKeySize || owners[string(m.Validator)] != nil {
			return nil, fmt.Errorf("genesis: member %q: not a validator key of its own: %s", m.ID, m.Validator)
		}
		owners[string(m.Validator)] = m
		if m.Power > mostPower || v.power+m.Power > mostPower {
			return nil, fmt.Errorf("genesis: the validators' power exceeds %d", mostPower)
		}
		v.power += m.Power
		list = append(list, cmt.NewValidator(ed25519.PubKey(m.Validator), int64(m.Power)))
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("genesis: no member runs a validator")
	}
	v.set = cmt.NewValidatorSet(list)
	for _, one := range v.set.Validators {
		v.members = append(v.members, owners[string(one.PubKey.Bytes())])
	}
	return v, nil
}

// checkHeader checks the signed header of the evidence, and who signed it.
func (v *Verdict) checkHeader(e *types.Evidence, set *validators) error {
	if err := set.same(e.Validators); err != nil {
		return &NotProven{"the validators", err}
	}
	header, commit, err := readHeader(e.Header, v.Chain)
	if err != nil {
		return &NotProven{"the header", err}
	}
	switch {
	case header.Height != e.Height+1:
		return unproven("the header", "it is of block %d; the state after block %d stands in the header of block %d",
			header.Height, e.Height, e.Height+1)
	case !bytes.Equal(header.ValidatorsHash, set.set.Hash()):
		return unproven("the header", "its validators are not those of the trusted genesis")
	case len(header.AppHash) != len(types.Hash{}):
		return unproven("the header", "an AppHash of %d bytes, want 32", len(header.AppHash))
	}
	v.SignedAt, v.Time = header.Height, header.Time.UnixMilli()
	v.BlockHash, v.AppHash = types.Hash(header.Hash()), types.Hash(header.AppHash)
	return v.checkCommit(commit, set)
}

// readHeader decodes a header with its commit and checks that the two belong to one block.
func readHeader(data []byte, chain string) (*cmt.Header, *cmt.Commit, error) {
	var p cmtproto.SignedHeader
	if err := p.Unmarshal(data); err != nil {
		return nil, nil, err
	}
	signed, err := cmt.SignedHeaderFromProto(&p)
	if err != nil {
		return nil, nil, err
	}
	if err := signed.ValidateBasic(chain); err != nil {
		return nil, nil, err
	}
	// ValidateBasic takes a header without a hash and a commit to no hash for a pair.
	if len(signed.Commit.BlockID.Hash) != len(types.Hash{}) {
		return nil, nil, fmt.Errorf("the commit names no block")
	}
	return signed.Header, signed.Commit, nil
}

// checkCommit checks every signature, not only as many as two thirds need: a reader is told who signed. A signature that
// is there and wrong refuses the whole file, as it would have refused the block.
func (v *Verdict) checkCommit(commit *cmt.Commit, set *validators) error {
	const step = "the signatures"
	if got, want := len(commit.Signatures), len(set.members); got != want {
		return unproven(step, "%d places for signatures, there are %d validators", got, want)
	}
	v.Total = set.power
	for i, m := range set.members {
		signature := commit.Signatures[i]
		a := Attestation{Member: m.ID, Name: m.Name, Key: m.Validator, Power: m.Power}
		if signature.BlockIDFlag != cmt.BlockIDFlagAbsent {
			one := set.set.Validators[i]
			if !bytes.Equal(signature.ValidatorAddress, one.Address) ||
				!one.PubKey.VerifySignature(commit.VoteSignBytes(v.Chain, int32(i)), signature.Signature) {
				return unproven(step, "the signature of %s is not one", m.ID)
			}
			a.Time = signature.Timestamp.UnixMilli()
		}
		// A vote against the block is signed too; only a vote for it counts.
		if a.Signed = signature.BlockIDFlag == cmt.BlockIDFlagCommit; a.Signed {
			v.Power += m.Power
		}
		v.Signers = append(v.Signers, a)
	}
	if v.Power*3 <= v.Total*2 {
		return unproven(step, "they carry %d of %d voting power, which is not more than two thirds", v.Power, v.Total)
	}
	return nil
}

// same checks that an encoded validator set is the genesis'. The header's ValidatorsHash binds the signatures to the set
// of the genesis anyway; a file that names others is not what it seems.
func (v *validators) same(data []byte) error {
	var p cmtproto.ValidatorSet
	if err := p.Unmarshal(data); err != nil {
		return err
	}
	if got, want := len(p.Validators), len(v.members); got != want {
		return fmt.Errorf("%d of them, the trusted genesis has %d", got, want)
	}
	for i, one := range v.set.Validators {
		key, err := cryptoenc.PubKeyFromProto(p.Validators[i].PubKey)
		if err != nil {
			return fmt.Errorf("validator %d: %w", i, err)
		}
		if !key.Equals(one.PubKey) || p.Validators[i].VotingPower != one.VotingPower {
			return fmt.Errorf("validator %d is not %s with power %d, as in the trusted genesis", i, v.members[i].ID, one.VotingPower)
		}
	}
	return nil
}
