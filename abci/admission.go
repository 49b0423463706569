package abci

import (
	"fmt"
	"strings"
	"sync"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// admission answers whether a transaction may be executed, over the last committed
// state, for many goroutines at once: the pool asks it thousands of times a second.
// It keeps decoded members until a block writes them.
type admission struct {
	mu      sync.RWMutex
	state   store.Reader // the committed state; before the first commit the genesis over it
	live    *app.Live
	members map[string]*types.Member // nil for a member that is known not to exist
}

// maxKnownMembers bounds the cache, which a sender of invented names could fill.
const maxKnownMembers = 4096

func newAdmission(s *store.Store, live *app.Live) *admission {
	return &admission{state: s, live: live, members: map[string]*types.Member{}}
}

// admit asks app.Admit at a time. Errors are refusals, or the store's own.
func (a *admission) admit(v *types.Verified, now int64) error {
	m, err := a.member(v.Transaction.Member)
	if err != nil {
		return err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return app.Admit(m, a.live, v, now)
}

// admitOnce only looks whether the transaction was executed, for networks without state.
func (a *admission) admitOnce(v *types.Verified) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.live.Has(v.Digest) {
		return types.Refuse(types.Replayed, "", "transaction %s was executed before", v.Digest)
	}
	return nil
}

// member returns a member of the last committed state.
func (a *admission) member(id string) (*types.Member, error) {
	a.mu.RLock()
	m, ok := a.members[id]
	a.mu.RUnlock()
	if ok {
		return m, nil
	}
	return a.readMember(id)
}

// readMember holds the lock while it reads, so that no block can be taken over between
// the reading and the keeping.
func (a *admission) readMember(id string) (*types.Member, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m, err := app.MemberOf(a.state, id)
	if err != nil {
		return nil, err
	}
	if len(a.members) >= maxKnownMembers {
		clear(a.members)
	}
	a.members[id] = m
	return m, nil
}

// first says whose transactions are proposed first: customs'.
func (a *admission) first(member string) bool {
	m, err := a.member(member)
	return err == nil && m != nil && m.Holds(types.RoleCustoms)
}

// commit takes over what a committed block changed.
func (a *admission) commit(d *app.Done) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live.Commit(d.Live, d.Block.Time)
	for _, e := range d.Block.Events {
		for _, key := range e.Keys {
			if id, ok := strings.CutPrefix(key, types.PrefixMember+"/"); ok {
				delete(a.members, id)
			}
		}
	}
}

// replace takes over another state: the genesis, its first commit, or a restored
// snapshot.
func (a *admission) replace(state store.Reader, live *app.Live) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state, a.live = state, live
	clear(a.members)
}

// sidePrefixLive is the prefix of the side keys under which each block's live digests
// are listed.
const sidePrefixLive = "live/"

func sideLive(height int64) string { return fmt.Sprintf("%s%016d", sidePrefixLive, height) }

// loadLive rebuilds the set of live digests from the lists beside the state and checks
// each against the leaf that the state holds of it.
func loadLive(s *store.Store) (*app.Live, error) {
	live := app.NewLive()
	err := s.SideScan(sidePrefixLive, func(_ string, value []byte) error {
		var b app.LiveBlock
		if err := types.Decode(value, &b); err != nil {
			return fmt.Errorf("a list of live digests: %w", err)
		}
		leaf, err := s.Get(app.LiveKey(b.Height))
		if err != nil {
			return err
		}
		live.Load(b)
		return b.Check(leaf)
	})
	return live, err
}
