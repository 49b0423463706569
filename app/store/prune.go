//go:build !js

package store

import "fmt"

// Prune drops old versions, oldest first: those below Version()-keep, but at most `most` of them, and none that a view holds
// a lease on nor any after that. It returns how many it dropped. Dropping costs about as much as writing did, so call it
// after each Commit with a small most. The batch is atomic and is not synced: a power cut brings the versions back whole.
// After an error the store refuses every further write.
func (s *Store) Prune(keep int64, most int) (pruned int, err error) {
	if keep < 0 || most < 0 {
		return 0, fmt.Errorf("prune: keep %d, at most %d: negative number", keep, most)
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.writable(); err != nil {
		return 0, err
	}
	defer s.leave()
	st, pruned := s.retire(keep, int64(most))
	if pruned == 0 {
		return 0, nil
	}
	s.seal = &seal{state: st}
	err = s.tree.DeleteVersionsTo(st.oldest - 1)
	s.seal = nil
	if err != nil {
		return 0, s.breaks(fmt.Errorf("prune up to height %d: %w", st.oldest-1, err))
	}
	return pruned, nil
}

// retire moves the oldest version up before anything is deleted, so that nobody can lease what is about to go.
func (s *Store) retire(keep, most int64) (state, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := min(s.state.version-keep, s.state.oldest+most)
	if len(s.leases) > 0 {
		oldest = min(oldest, s.leases[0].version)
	}
	pruned := oldest - s.state.oldest
	if s.state.version == 0 || pruned <= 0 {
		return s.state, 0
	}
	s.state.oldest = oldest
	return s.state, int(pruned)
}
