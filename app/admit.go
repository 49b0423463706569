package app

import (
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// Admit decides whether a verified transaction may be executed at a time: it has not
// expired, was not executed, and is signed by enough active keys of its member, which
// is nil when there is no such member. Pool, proposals and execution ask the same
// question.
func Admit(m *types.Member, live *Live, v *types.Verified, now int64) error {
	t := &v.Transaction
	if err := admitTime(t.Expires, now); err != nil {
		return err
	}
	if live.Has(v.Digest) {
		return types.Refuse(types.Replayed, "", "transaction %s was executed before", v.Digest)
	}
	if m == nil {
		return types.Refuse(types.MemberUnknown, "member", "%q", t.Member)
	}
	return admitSigners(m, v.Signers)
}

// MemberOf reads a member from a state, nil when there is none.
func MemberOf(r store.Reader, id string) (*types.Member, error) { return members.Get(r, id) }

func admitTime(expires, now int64) error {
	switch {
	case expires < now:
		return types.Refuse(types.TxExpired, "expires", "%d, the block's time is %d", expires, now)
	case expires > now+types.MaxLife:
		return types.Refuse(types.ExpiresTooLate, "expires", "%d lies %d s after the block's time, at most %d s are allowed",
			expires, (expires-now)/1000, types.MaxLife/1000)
	}
	return nil
}

func admitSigners(m *types.Member, signers []types.Address) error {
	for _, a := range signers {
		if m.Active(a) == nil {
			return types.Refuse(types.KeyUnknown, "signatures", "%s is not an active key of %s", a, m.ID)
		}
	}
	if n := uint64(len(signers)); n < m.Threshold {
		return types.Refuse(types.Threshold, "signatures", "%d of the %d that %s requires", n, m.Threshold, m.ID)
	}
	return nil
}
