//go:build !js

package store

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestReadersBesideTheWriter proves, iterates and exports old and new versions while the writer commits and prunes. Its worth
// shows under -race.
func TestReadersBesideTheWriter(t *testing.T) {
	c := newChain(t, 9, 40)
	s := openMem(t, small)
	c.commit(t, s, 1)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 3 {
		readers.Go(func() { readUntil(t, done, c, s, rand.New(rand.NewPCG(uint64(i), 0))) })
	}
	for height := int64(2); height < int64(len(c.blocks)); height++ {
		c.commit(t, s, height)
		if _, err := s.Prune(3, 2); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}

// readUntil checks random versions until done.
func readUntil(t *testing.T, done chan struct{}, c *chain, s *Store, r *rand.Rand) {
	for {
		select {
		case <-done:
			return
		default:
		}
		low, high := s.Oldest(), s.Version()
		v, err := s.View(low + r.Int64N(high-low+1))
		if errors.As(err, new(ErrNoVersion)) {
			continue // pruned between the question and the lease
		}
		if err != nil {
			t.Error(err)
			return
		}
		height := v.Version()
		for range 20 {
			block := c.blocks[1+r.IntN(len(c.blocks)-1)]
			checkProof(t, v, c.roots[height], c.states[height], block[r.IntN(len(block))].Key)
		}
		if r.IntN(4) == 0 {
			checkView(t, v, c.roots[height], c.states[height])
			if err := v.Export(io.Discard); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Get("key/000001"); err != nil {
			t.Error(err)
		}
		v.Close()
	}
}

// TestCloseBesideReaders closes the store under its readers: they get errors, never a crash.
func TestCloseBesideReaders(t *testing.T) {
	c := newChain(t, 10, 2)
	s := openMem(t, small)
	c.commit(t, s, 1)
	v := view(t, s, 1)
	var readers, started sync.WaitGroup
	started.Add(3)
	for range 3 {
		readers.Go(func() {
			started.Done()
			for {
				_, err := v.Prove("key/000001")
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	started.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	readers.Wait()
}
