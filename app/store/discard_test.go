//go:build !js

package store

import "testing"

func TestDiscard(t *testing.T) {
	s, err := Open("", Options{InitialVersion: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fill := func(value string) []byte {
		root, err := s.Apply(1, []Write{{"a", []byte(value)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit([]Write{{"side", []byte(value)}}); err != nil {
			t.Fatal(err)
		}
		return root
	}
	fill("old")
	view, err := s.View(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Discard(); err == nil {
		t.Fatal("discarded under a reader")
	}
	view.Close()
	if err := s.Discard(); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Get("a"); v != nil || err != nil || s.Version() != 0 {
		t.Fatalf("after Discard: %q, %v, version %d", v, err, s.Version())
	}
	if v, err := s.Side("side"); v != nil || err != nil {
		t.Fatalf("after Discard: side %q, %v", v, err)
	}
	fill("new")
	view, err = s.View(1)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	if v, err := view.Get("a"); string(v) != "new" || err != nil {
		t.Fatalf("a view after Discard reads %q, %v", v, err)
	}
}
