package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// plain is a Reader that counts what is asked of it.
type plain struct {
	values map[string]string
	reads  int
	err    error
}

func (p *plain) Get(key string) ([]byte, error) {
	p.reads++
	if value, ok := p.values[key]; ok {
		return []byte(value), p.err
	}
	return nil, p.err
}

func writesOf(t testing.TB, o *Overlay) string {
	t.Helper()
	writes, err := o.Writes()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, w := range writes {
		if w.Value == nil {
			fmt.Fprintf(&b, "-%s ", w.Key)
		} else {
			fmt.Fprintf(&b, "%s=%s ", w.Key, w.Value)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestOverlayWrites(t *testing.T) {
	tests := []struct {
		name string
		do   string // key=value sets, -key deletes, ?key reads, ! resets
		want string
	}{
		{"nothing", "", ""},
		{"sorted", "c=1 a=1 b=1", "a=1 b=1 c=1"},
		{"last write wins", "a=1 a=2 a=3", "a=3"},
		{"equal to what lies under", "x=old", ""},
		{"changed and back", "x=new x=old", ""},
		{"changed and back after a read", "?x x=new x=old", ""},
		{"changed", "x=new", "x=new"},
		{"deleted", "-x", "-x"},
		{"deleted and back", "-x x=old", ""},
		{"absent deleted", "-a", ""},
		{"new and deleted", "a=1 -a", ""},
		{"reads are no writes", "?x ?a", ""},
		{"rolled back", "a=1 x=new ! b=1", "b=1"},
		{"rolled back after a read", "?x x=new !", ""},
		{"many", "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 a=2 -j x=new", "a=2 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 x=new"},
		{"many rolled back", "?x a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 ! a=2 -x", "a=2 -x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := NewOverlay(&plain{values: map[string]string{"x": "old"}})
			for _, step := range strings.Fields(test.do) {
				do(t, o, step)
			}
			if got := writesOf(t, o); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func do(t *testing.T, o *Overlay, step string) {
	t.Helper()
	var err error
	switch key, value, set := strings.Cut(step, "="); {
	case set:
		err = o.Set(key, []byte(value))
	case step == "!":
		o.Reset()
	case step[0] == '-':
		o.Delete(step[1:])
	default:
		_, err = o.Get(step[1:])
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOverlayRefuses(t *testing.T) {
	tests := []struct {
		name, key string
		value     []byte
	}{
		{"empty key", "", []byte("v")},
		{"long key", strings.Repeat("k", MaxKey+1), []byte("v")},
		{"nil value", "k", nil},
		{"empty value", "k", []byte{}},
		{"long value", "k", make([]byte, MaxValue+1)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := NewOverlay(&plain{})
			if err := o.Set(test.key, test.value); err == nil {
				t.Error("set: no error")
			}
			if got := writesOf(t, o); got != "" {
				t.Errorf("writes %q", got)
			}
		})
	}
}

func TestOverlayReadsOnce(t *testing.T) {
	under := &plain{values: map[string]string{"x": "old"}}
	block := NewOverlay(under)
	tx := NewOverlay(block)
	body := NewOverlay(tx)
	for range 100 {
		for _, key := range []string{"x", "absent"} {
			if _, err := body.Get(key); err != nil {
				t.Fatal(err)
			}
		}
		body.Delete("x")
		body.MergeDown()
		tx.Reset()
		block.Reset()
	}
	if under.reads != 2 {
		t.Errorf("the store was read %d times, want 2", under.reads)
	}
}

func TestOverlayPassesErrorsOn(t *testing.T) {
	under := &plain{err: errors.New("disk on fire")}
	o := NewOverlay(NewOverlay(under))
	if _, err := o.Get("a"); !errors.Is(err, under.err) {
		t.Errorf("get: %v", err)
	}
	if err := o.Set("a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Writes(); !errors.Is(err, under.err) {
		t.Errorf("writes: %v", err)
	}
}

func TestOverlayMergeDownNeedsAnOverlay(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewOverlay(&plain{}).MergeDown()
}

// TestOverlayModel holds a stack of overlays against a stack of plain maps.
func TestOverlayModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := map[string]string{}
		for _, key := range rapid.SliceOfDistinct(rapid.IntRange(0, 30), rapid.ID).Draw(t, "base") {
			base[name(key)] = "base"
		}
		m := &stackModel{under: &plain{values: base}, maps: []map[string]string{base, maps.Clone(base)}}
		m.overlays = []*Overlay{NewOverlay(m.under)}
		t.Repeat(map[string]func(*rapid.T){
			"set":    m.set,
			"delete": m.delete,
			"get":    m.get,
			"push":   m.push,
			"merge":  m.merge,
			"reset":  m.reset,
			"":       m.check,
		})
	})
}

// stackModel keeps maps[i+1] as what overlays[i] shows; maps[0] is the store.
type stackModel struct {
	under    *plain
	maps     []map[string]string
	overlays []*Overlay
}

func name(n int) string { return fmt.Sprintf("k%02d", n) }

func drawKey(t *rapid.T) string { return name(rapid.IntRange(0, 30).Draw(t, "key")) }

func (m *stackModel) top() (*Overlay, map[string]string) {
	return m.overlays[len(m.overlays)-1], m.maps[len(m.maps)-1]
}

func (m *stackModel) set(t *rapid.T) {
	o, shown := m.top()
	key, value := drawKey(t), rapid.SampledFrom([]string{"base", "v", "w"}).Draw(t, "value")
	if err := o.Set(key, []byte(value)); err != nil {
		t.Fatal(err)
	}
	shown[key] = value
}

func (m *stackModel) delete(t *rapid.T) {
	o, shown := m.top()
	key := drawKey(t)
	o.Delete(key)
	delete(shown, key)
}

func (m *stackModel) get(t *rapid.T) {
	o, shown := m.top()
	m.compare(t, o, shown, drawKey(t))
}

func (m *stackModel) compare(t *rapid.T, o *Overlay, shown map[string]string, key string) {
	got, err := o.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	want, there := shown[key]
	if (got != nil) != there || string(got) != want {
		t.Fatalf("get %s: got %q, want %q", key, got, want)
	}
}

func (m *stackModel) push(t *rapid.T) {
	if len(m.overlays) == 3 {
		t.Skip("three deep")
	}
	o, shown := m.top()
	m.overlays = append(m.overlays, NewOverlay(o))
	m.maps = append(m.maps, maps.Clone(shown))
}

func (m *stackModel) merge(t *rapid.T) {
	if len(m.overlays) == 1 {
		t.Skip("lowest")
	}
	o, shown := m.top()
	o.MergeDown()
	m.maps[len(m.maps)-2] = maps.Clone(shown)
	if rapid.Bool().Draw(t, "pop") {
		m.overlays = m.overlays[:len(m.overlays)-1]
		m.maps = m.maps[:len(m.maps)-1]
	}
}

func (m *stackModel) reset(*rapid.T) {
	o, _ := m.top()
	o.Reset()
	m.maps[len(m.maps)-1] = maps.Clone(m.maps[len(m.maps)-2])
}

// check compares the writes of every overlay with the difference of the maps above and below it.
func (m *stackModel) check(t *rapid.T) {
	for i, o := range m.overlays {
		writes, err := o.Writes()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(writes, func(a, b Write) int { return strings.Compare(a.Key, b.Key) }) {
			t.Fatalf("overlay %d: writes out of order: %v", i, writes)
		}
		got := maps.Clone(m.maps[i])
		for _, w := range writes {
			before, there := got[w.Key]
			if (w.Value != nil) == there && before == string(w.Value) {
				t.Fatalf("overlay %d: write of %s changes nothing", i, w.Key)
			}
			if w.Value == nil {
				delete(got, w.Key)
			} else {
				got[w.Key] = string(w.Value)
			}
		}
		if !maps.Equal(got, m.maps[i+1]) {
			t.Fatalf("overlay %d: got %v, want %v", i, got, m.maps[i+1])
		}
	}
	o, shown := m.top()
	m.compare(t, o, shown, drawKey(t))
}

// BenchmarkOverlayBody is a body that reads four records, writes two and is merged, over a transaction of a thousand bodies.
func BenchmarkOverlayBody(b *testing.B) {
	block := NewOverlay(&plain{values: map[string]string{"member/seller": "m", "member/platform": "p"}})
	tx := NewOverlay(block)
	body := NewOverlay(tx)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprintf("order/platform-%03d/01J9ZZZZZZZZZZZZZZZZZZ%04d", i%100, i)
	}
	value := make([]byte, 200)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		key := keys[n%len(keys)]
		for _, read := range []string{"member/seller", "member/platform", key, "tag/" + key} {
			if _, err := body.Get(read); err != nil {
				b.Fatal(err)
			}
		}
		if err := errors.Join(body.Set(key, value), body.Set("member/seller", value)); err != nil {
			b.Fatal(err)
		}
		body.MergeDown()
		if n++; n%len(keys) == 0 {
			tx.MergeDown()
			block.Reset()
		}
	}
}
