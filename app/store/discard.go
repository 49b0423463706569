//go:build !js

package store

import "fmt"

// Discard empties the store, as after Open in a new directory. It is for a state that was imported and then found not to be
// what it was taken for; it fails while a view is open.
func (s *Store) Discard() error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	defer s.leave()
	if err := s.forget(); err != nil {
		return err
	}
	s.applied = nil
	if err := s.wipe(); err != nil {
		return s.breaks(fmt.Errorf("discard the state: %w", err))
	}
	s.tree = s.newTree(s.opts.Cache, s.flush)
	return nil
}

// forget makes the store look empty to new views, before anything is removed.
func (s *Store) forget() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.leases) > 0 {
		return fmt.Errorf("discard the state at height %d: somebody is reading height %d", s.state.version, s.leases[0].version)
	}
	s.state = state{}
	s.openReaders()
	return nil
}
