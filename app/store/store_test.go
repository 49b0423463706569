//go:build !js

package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	ics23 "github.com/cosmos/ics23/go"
	"pgregory.net/rapid"
)

// small makes Pebble flush and compact in the middle of a test.
var small = Options{MemTable: 64 << 10, BlockCache: 1 << 20}

func openMem(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open("", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

// fataler is what *testing.T, *testing.B and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func commit(t fataler, s *Store, height int64, writes []Write, side ...Write) []byte {
	t.Helper()
	root, err := s.Apply(height, writes)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(side); err != nil {
		t.Fatal(err)
	}
	if s.Version() != height || !bytes.Equal(s.Root(), root) {
		t.Fatalf("after block %d: version %d, root %X; applied was %X", height, s.Version(), s.Root(), root)
	}
	return root
}

func view(t fataler, s *Store, version int64) *View {
	t.Helper()
	v, err := s.View(version)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// set is a block's writes from "key value" pairs; a lone "-key" deletes.
func set(pairs ...string) []Write {
	var writes []Write
	for _, p := range pairs {
		key, value, _ := strings.Cut(p, " ")
		if deleted, ok := strings.CutPrefix(key, "-"); ok {
			writes = append(writes, Write{Key: deleted})
		} else {
			writes = append(writes, Write{key, []byte(value)})
		}
	}
	return writes
}

// verifyMembership checks a proof that key has value under root.
func verifyMembership(root []byte, key string, value, proof []byte) error {
	var p ics23.CommitmentProof
	if err := p.Unmarshal(proof); err != nil {
		return err
	}
	if !ics23.VerifyMembership(ics23.IavlSpec, root, &p, []byte(key), value) {
		return fmt.Errorf("proof of %q does not verify", key)
	}
	return nil
}

// verifyNonMembership checks a proof that key is absent under root.
func verifyNonMembership(root []byte, key string, proof []byte) error {
	var p ics23.CommitmentProof
	if err := p.Unmarshal(proof); err != nil {
		return err
	}
	if !ics23.VerifyNonMembership(ics23.IavlSpec, root, &p, []byte(key)) {
		return fmt.Errorf("proof of the absence of %q does not verify", key)
	}
	return nil
}

// checkProof proves key in v and verifies the answer against the state that v should show.
func checkProof(t fataler, v *View, root []byte, state map[string]string, key string) {
	t.Helper()
	if len(state) == 0 {
		if _, err := v.Prove(key); err == nil {
			t.Fatalf("height %d: proof of %q in an empty tree", v.Version(), key)
		}
		return
	}
	proof, err := v.Prove(key)
	if err != nil {
		t.Fatal(err)
	}
	if value, ok := state[key]; ok {
		err = errors.Join(verifyMembership(root, key, []byte(value), proof))
		if verifyMembership(root, key, []byte(value+"!"), proof) == nil || verifyNonMembership(root, key, proof) == nil {
			t.Fatalf("height %d: the proof of %q proves anything", v.Version(), key)
		}
	} else {
		err = verifyNonMembership(root, key, proof)
	}
	if err != nil {
		t.Fatalf("height %d: %v", v.Version(), err)
	}
}

// checkView compares everything a view shows with the state it should show.
func checkView(t fataler, v *View, root []byte, state map[string]string) {
	t.Helper()
	if !bytes.Equal(v.Root(), root) || v.Size() != int64(len(state)) {
		t.Fatalf("height %d: root %X, size %d; want %X, %d", v.Version(), v.Root(), v.Size(), root, len(state))
	}
	keys := slices.Sorted(maps.Keys(state))
	if got := iterated(t, v, "", ""); !slices.Equal(got, keys) {
		t.Fatalf("height %d: iterated %v, want %v", v.Version(), got, keys)
	}
	for i, key := range keys {
		value, err := v.Get(key)
		if err != nil || string(value) != state[key] {
			t.Fatalf("height %d: %q is %q (%v), want %q", v.Version(), key, value, err, state[key])
		}
		if rank, err := v.Rank(key); err != nil || rank != int64(i) {
			t.Fatalf("height %d: %q has rank %d (%v), want %d", v.Version(), key, rank, err, i)
		}
	}
}

func iterated(t fataler, v *View, from, to string) []string {
	t.Helper()
	var keys []string
	err := v.Iterate(from, to, func(key string, value []byte) bool {
		keys = append(keys, key)
		return len(value) == 0
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestVersionIsHeight(t *testing.T) {
	for _, initial := range []int64{0, 1, 2, 1000} {
		t.Run(fmt.Sprint("initial ", initial), func(t *testing.T) {
			s := openMem(t, Options{InitialVersion: initial})
			first := max(initial, 1)
			if s.Version() != 0 || s.Root() != nil || s.Oldest() != 0 {
				t.Errorf("empty: version %d, root %X, oldest %d", s.Version(), s.Root(), s.Oldest())
			}
			for _, height := range []int64{0, first - 1, first + 1} {
				if _, err := s.Apply(height, nil); err == nil {
					t.Errorf("block %d: no error", height)
				}
			}
			commit(t, s, first, set("a 1"))
			commit(t, s, first+1, nil)
			if s.Oldest() != first {
				t.Errorf("oldest %d, want %d", s.Oldest(), first)
			}
			checkView(t, view(t, s, first), s.Root(), map[string]string{"a": "1"})
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	tests := []struct {
		name   string
		writes []Write
	}{
		{"unsorted", set("b 1", "a 1")},
		{"twice", set("a 1", "a 2")},
		{"empty key", []Write{{"", []byte("v")}}},
		{"empty key deleted", []Write{{"", nil}}},
		{"empty value", []Write{{"a", []byte{}}}},
		{"long key", []Write{{strings.Repeat("k", MaxKey+1), []byte("v")}}},
		{"long value", []Write{{"k", make([]byte, MaxValue+1)}}},
	}
	s := openMem(t, Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := s.Apply(1, test.writes); err == nil {
				t.Error("no error")
			}
			if err := s.Commit(nil); err == nil {
				t.Error("commit: no error")
			}
		})
	}
	commit(t, s, 1, set("a 1"))
}

func TestApplyAgain(t *testing.T) {
	s, other := openMem(t, Options{}), openMem(t, Options{})
	for height := int64(1); height <= 3; height++ {
		honest := set("a "+fmt.Sprint(height), fmt.Sprintf("b%d 1", height))
		for _, wrong := range [][]Write{set("a x", "z 1"), set("-a", "-b1"), nil} {
			if _, err := s.Apply(height, wrong); err != nil {
				t.Fatal(err)
			}
		}
		if value, err := s.Get("z"); value != nil || err != nil {
			t.Errorf("get sees an applied block: %q, %v", value, err)
		}
		got, want := commit(t, s, height, honest), commit(t, other, height, honest)
		if !bytes.Equal(got, want) {
			t.Errorf("block %d: root %X, want %X", height, got, want)
		}
	}
}

func TestApplyKeepsItsOwnCopy(t *testing.T) {
	s := openMem(t, Options{})
	value := []byte("before")
	if _, err := s.Apply(1, []Write{{"a", value}}); err != nil {
		t.Fatal(err)
	}
	copy(value, "after!")
	if err := s.Commit(nil); err != nil {
		t.Fatal(err)
	}
	checkView(t, view(t, s, 0), s.Root(), map[string]string{"a": "before"})
	if got, err := s.Get("a"); string(got) != "before" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSide(t *testing.T) {
	s := openMem(t, Options{})
	commit(t, s, 1, set("a 1"), set("d/1 one", "d/2 two", "d\xff x", "e other")...)
	commit(t, s, 2, nil, set("-d/1", "d/3 three")...)
	var got []string
	err := s.SideScan("d/", func(key string, value []byte) error {
		got = append(got, key+" "+string(value))
		return nil
	})
	if want := []string{"d/2 two", "d/3 three"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("scan: %v, %v; want %v", got, err, want)
	}
	stop := errors.New("enough")
	if err := s.SideScan("", func(string, []byte) error { return stop }); err != stop {
		t.Errorf("scan: %v, want f's error", err)
	}
	if value, err := s.Side("a"); value != nil || err != nil {
		t.Errorf("side data shows the state: %q, %v", value, err)
	}
	if value, err := s.Get("e"); value != nil || err != nil {
		t.Errorf("the state shows side data: %q, %v", value, err)
	}
}

func TestViewsHoldTheirVersion(t *testing.T) {
	s := openMem(t, Options{})
	for height := int64(1); height <= 10; height++ {
		commit(t, s, height, set("a "+fmt.Sprint(height)))
	}
	held := view(t, s, 4)
	if n, err := s.Prune(2, 100); n != 3 || err != nil {
		t.Fatalf("pruned %d, %v; want 3: version 4 is leased", n, err)
	}
	var missing ErrNoVersion
	for _, version := range []int64{-1, 1, 3, 11} {
		if _, err := s.View(version); !errors.As(err, &missing) || missing != (ErrNoVersion{version, 4, 10}) {
			t.Errorf("view %d: %v", version, err)
		}
	}
	checkView(t, held, held.Root(), map[string]string{"a": "4"})
	held.Close()
	held.Close()
	if _, err := held.Get("a"); !errors.Is(err, errViewClosed) {
		t.Errorf("closed view: %v", err)
	}
	if n, err := s.Prune(2, 3); n != 3 || err != nil || s.Oldest() != 7 {
		t.Errorf("pruned %d, %v, oldest %d; want 3 at most", n, err, s.Oldest())
	}
	if n, err := s.Prune(2, 100); n != 1 || err != nil || s.Oldest() != 8 {
		t.Errorf("pruned %d, %v, oldest %d; want 8 to 10 kept", n, err, s.Oldest())
	}
	if n, err := s.Prune(0, 100); n != 2 || err != nil || s.Oldest() != 10 {
		t.Errorf("pruned %d, %v, oldest %d; want only the last kept", n, err, s.Oldest())
	}
	checkView(t, view(t, s, 0), s.Root(), map[string]string{"a": "10"})
}

func TestIterateRange(t *testing.T) {
	s := openMem(t, Options{})
	commit(t, s, 1, set("a 1", "b 1", "c 1", "d 1"))
	v := view(t, s, 0)
	tests := []struct{ from, to, want string }{
		{"", "", "abcd"}, {"b", "", "bcd"}, {"", "c", "ab"}, {"b", "d", "bc"}, {"aa", "cc", "bc"},
		{"d", "a", ""}, {"b", "b", ""}, {"e", "", ""}, {"0", "9", ""},
	}
	for _, test := range tests {
		if got := strings.Join(iterated(t, v, test.from, test.to), ""); got != test.want {
			t.Errorf("[%s, %s): got %s, want %s", test.from, test.to, got, test.want)
		}
	}
	n := 0
	if err := v.Iterate("", "", func(string, []byte) bool { n++; return n == 2 }); err != nil || n != 2 {
		t.Errorf("stopped after %d, %v", n, err)
	}
	err := v.Iterate("", "", func(key string, _ []byte) bool {
		has, err := v.Has(key)
		return !has || err != nil
	})
	if err != nil {
		t.Errorf("view used by its own iteration: %v", err)
	}
}

// TestIterateTellsOfLoss removes a node under a view, which iavl's iterators pass over in silence.
func TestIterateTellsOfLoss(t *testing.T) {
	s := openMem(t, Options{})
	var writes []Write
	for i := range 100 {
		writes = append(writes, Write{name(i), []byte("v")})
	}
	commit(t, s, 1, writes)
	v := view(t, s, 1)
	if err := s.db.DeleteRange(nodeKey(1, 50), nodeKey(1, 80), nil); err != nil {
		t.Fatal(err)
	}
	if err := v.Iterate("", "", func(string, []byte) bool { return false }); err == nil {
		t.Error("iterate: no error")
	}
	if err := v.Export(new(bytes.Buffer)); err == nil {
		t.Error("export: no error")
	}
	failed := 0
	for _, w := range writes {
		if _, err := v.Prove(w.Key); err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("prove: no error")
	}
}

func TestClosedStore(t *testing.T) {
	s := openMem(t, Options{})
	commit(t, s, 1, set("a 1"))
	v := view(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, errGet := s.Get("a")
	_, errView := s.View(0)
	_, errProve := v.Prove("a")
	_, errApply := s.Apply(2, nil)
	_, errPrune := s.Prune(0, 1)
	errScan := s.SideScan("", nil)
	v.Close()
	for i, err := range []error{errGet, errView, errProve, errApply, errPrune, errScan, s.Commit(nil), s.Close()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	fs := vfs.NewMem()
	s, err := openFS(fs, "d", Options{InitialVersion: 5})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFS(fs, "d", Options{InitialVersion: 5}); err == nil {
		t.Error("opened twice")
	}
	commit(t, s, 5, set("a 1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := openFS(fs, "d", Options{InitialVersion: 6}); err == nil {
		t.Error("opened below the initial height")
	}
	tests := []struct{ name, key, value string }{
		{"another format", "Mformat", "\x02"},
		{"another root", "Mstate", strings.Repeat("\x00", 7) + "\x05" + strings.Repeat("\x00", 7) + "\x05" + strings.Repeat("r", 32)},
		{"a lost version", "Mstate", strings.Repeat("\x00", 7) + "\x06" + strings.Repeat("\x00", 7) + "\x05" + strings.Repeat("r", 32)},
		{"a torn record", "Mstate", "x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spoilt := vfs.NewMem()
			if _, err := vfs.Clone(fs, spoilt, "d", "d"); err != nil {
				t.Fatal(err)
			}
			poke(t, spoilt, test.key, test.value)
			if _, err := openFS(spoilt, "d", Options{InitialVersion: 5}); err == nil {
				t.Error("no error")
			} else {
				t.Log(err)
			}
		})
	}
	foreign := vfs.NewMem()
	poke(t, foreign, "key", "value")
	if _, err := openFS(foreign, "d", Options{}); err == nil {
		t.Error("opened a foreign database")
	}
}

// TestEmptyTree is the chain without a genesis key: it works, but proves nothing.
func TestEmptyTree(t *testing.T) {
	s := openMem(t, Options{})
	none := sha256.Sum256(nil)
	for height := int64(1); height <= 3; height++ {
		if root := commit(t, s, height, nil); !bytes.Equal(root, none[:]) {
			t.Errorf("root %X", root)
		}
	}
	checkView(t, view(t, s, 2), none[:], nil)
	checkProof(t, view(t, s, 2), none[:], nil, "a")
}

// TestModel runs random blocks, reopenings, prunings, leases and imports against plain maps.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"block":  m.block,
			"block2": m.block,
			"block3": m.block,
			"wrong":  m.wrong,
			"reopen": m.reopen,
			"prune":  m.prune,
			"lease":  m.lease,
			"move":   m.move,
			"":       m.check,
		})
		m.close(t)
	})
}

// model remembers every version ever committed.
type model struct {
	fs     *vfs.MemFS
	opts   Options
	s      *Store
	states map[int64]map[string]string
	roots  map[int64][]byte
	side   map[string]string
	held   []*View
}

func newModel(t *rapid.T) *model {
	m := &model{opts: small, states: map[int64]map[string]string{0: {}}, roots: map[int64][]byte{}, side: map[string]string{}}
	m.opts.InitialVersion = rapid.Int64Range(1, 3).Draw(t, "initial")
	m.opts.Cache = rapid.SampledFrom([]int{1, 10, 1000}).Draw(t, "cache")
	m.open(t, vfs.NewMem())
	return m
}

func (m *model) open(t *rapid.T, fs *vfs.MemFS) {
	var err error
	m.fs = fs
	if m.s, err = openFS(fs, "d", m.opts); err != nil {
		t.Fatal(err)
	}
}

func (m *model) close(t *rapid.T) {
	for _, v := range m.held {
		v.Close()
	}
	m.held = nil
	if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
}

// drawWrites draws a block, sorted, with equal rewrites and deletions of absent keys in it.
func drawWrites(t *rapid.T, label string) []Write {
	var writes []Write
	keys := rapid.SliceOfNDistinct(rapid.IntRange(0, 200), 0, 20, rapid.ID).Draw(t, label)
	slices.Sort(keys)
	for _, key := range keys {
		w := Write{Key: fmt.Sprintf("k%03d", key)}
		if rapid.IntRange(0, 3).Draw(t, "delete") > 0 {
			w.Value = []byte(rapid.SampledFrom([]string{"v", "w", "x"}).Draw(t, "value"))
		}
		writes = append(writes, w)
	}
	return writes
}

func apply(state map[string]string, writes []Write) map[string]string {
	state = maps.Clone(state)
	for _, w := range writes {
		if w.Value == nil {
			delete(state, w.Key)
		} else {
			state[w.Key] = string(w.Value)
		}
	}
	return state
}

func (m *model) next() int64 { return max(m.s.Version()+1, m.opts.InitialVersion) }

func (m *model) block(t *rapid.T) {
	height, writes, side := m.next(), drawWrites(t, "keys"), drawWrites(t, "side")
	before := m.states[m.s.Version()]
	m.roots[height] = commit(t, m.s, height, writes, side...)
	m.states[height] = apply(before, writes)
	m.side = apply(m.side, side)
}

// wrong applies a block that is never committed.
func (m *model) wrong(t *rapid.T) {
	if _, err := m.s.Apply(m.next(), drawWrites(t, "wrong")); err != nil {
		t.Fatal(err)
	}
}

func (m *model) reopen(t *rapid.T) {
	m.close(t)
	m.open(t, m.fs)
}

func (m *model) lease(t *rapid.T) {
	if len(m.held) > 3 || len(m.held) > 0 && rapid.Bool().Draw(t, "give back") {
		m.held[0].Close()
		m.held = m.held[1:]
	}
	if m.s.Version() > 0 {
		m.held = append(m.held, view(t, m.s, rapid.Int64Range(m.s.Oldest(), m.s.Version()).Draw(t, "version")))
	}
}

func (m *model) prune(t *rapid.T) {
	keep, most := rapid.Int64Range(0, 5).Draw(t, "keep"), rapid.IntRange(0, 3).Draw(t, "most")
	want := min(m.s.Version()-keep, m.s.Oldest()+int64(most))
	for _, v := range m.held {
		want = min(want, v.Version())
	}
	want = max(want, m.s.Oldest())
	n, err := m.s.Prune(keep, most)
	if err != nil {
		t.Fatal(err)
	}
	if m.s.Oldest() != want || n > most {
		t.Fatalf("pruned %d, oldest %d; want %d", n, m.s.Oldest(), want)
	}
}

// move exports a version, goes on with a store that imported it, and so loses what was committed since.
func (m *model) move(t *rapid.T) {
	if m.s.Version() == 0 {
		t.Skip("empty")
	}
	version := rapid.Int64Range(m.s.Oldest(), m.s.Version()).Draw(t, "export")
	var stream bytes.Buffer
	v := view(t, m.s, version)
	if err := v.Export(&stream); err != nil {
		t.Fatal(err)
	}
	v.Close()
	m.close(t)
	m.open(t, vfs.NewMem())
	var side []Write
	for _, key := range slices.Sorted(maps.Keys(m.side)) {
		side = append(side, Write{key, []byte(m.side[key])})
	}
	if _, err := m.s.Import(version, m.roots[version], &stream, side); err != nil {
		t.Fatal(err)
	}
}

// check looks at the latest state and at one random version that is still there.
func (m *model) check(t *rapid.T) {
	latest := m.states[m.s.Version()]
	key := fmt.Sprintf("k%03d", rapid.IntRange(0, 200).Draw(t, "key"))
	value, err := m.s.Get(key)
	if want, ok := latest[key]; err != nil || (value != nil) != ok || string(value) != want {
		t.Fatalf("get %s: %q, %v; want %q", key, value, err, want)
	}
	side := map[string]string{}
	if err := m.s.SideScan("", func(key string, value []byte) error { side[key] = string(value); return nil }); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(side, m.side) {
		t.Fatalf("side data %v, want %v", side, m.side)
	}
	for _, v := range m.held {
		checkProof(t, v, m.roots[v.Version()], m.states[v.Version()], key)
	}
	if m.s.Version() > 0 {
		m.checkVersion(t, rapid.Int64Range(m.s.Oldest(), m.s.Version()).Draw(t, "version"), key)
	}
}

func (m *model) checkVersion(t *rapid.T, version int64, key string) {
	v := view(t, m.s, version)
	defer v.Close()
	checkView(t, v, m.roots[version], m.states[version])
	checkProof(t, v, m.roots[version], m.states[version], key)
	if got := slices.Concat(iterated(t, v, "", key), iterated(t, v, key, "")); len(got) != len(m.states[version]) {
		t.Fatalf("height %d split at %s: %d keys, want %d", version, key, len(got), len(m.states[version]))
	}
}

// randomBlock is a block over n possible keys.
func randomBlock(r *rand.Rand, n, writes int) []Write {
	var block []Write
	keys := r.Perm(n)[:writes]
	slices.Sort(keys)
	for _, key := range keys {
		w := Write{Key: fmt.Sprintf("key/%06d", key)}
		if r.IntN(4) > 0 {
			w.Value = fmt.Appendf(nil, "value %d %s", r.Int(), strings.Repeat("x", r.IntN(300)))
		}
		block = append(block, w)
	}
	return block
}
