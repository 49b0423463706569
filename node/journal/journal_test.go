package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/caryaledger/carya/types"
)

// testInitial is the first block of the tests' chain; block 3 may stand for its genesis.
const testInitial = 4

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// block makes a block; salt makes blocks of one height differ.
func block(height int64, salt byte) *types.Block {
	return &types.Block{Height: height, Time: 1000 * height, Hash: types.LeafHash([]byte{byte(height), salt})}
}

func digest(n int) types.Hash { return types.LeafHash([]byte{byte(n)}) }

// with adds a transaction with one event that enters the named records.
func with(b *types.Block, tx int, keys ...string) *types.Block {
	body, err := types.Encode(fmt.Sprintf("body of %d in %d", tx, b.Height))
	if err != nil {
		panic(err)
	}
	b.Txs = append(b.Txs, types.BlockTx{Digest: digest(tx), Member: "m", Kind: "K", Bodies: 1})
	b.Events = append(b.Events, types.RecordEvent{
		Event: types.Event{Tx: digest(tx), Height: b.Height, Time: b.Time, Member: "m", Kind: "K", Body: body},
		Keys:  keys,
	})
	return b
}

// refused adds a transaction without events.
func refused(b *types.Block, tx int, code types.Code) *types.Block {
	b.Txs = append(b.Txs, types.BlockTx{Digest: digest(tx), Member: "m", Kind: "K", Bodies: 1, Code: code, Log: "no"})
	return b
}

func open(t *testing.T, dir string) *Journal {
	t.Helper()
	j, err := Open(dir, testInitial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	return j
}

func add(t *testing.T, j *Journal, blocks ...*types.Block) {
	t.Helper()
	for _, b := range blocks {
		if err := j.Append(b); err != nil {
			t.Fatal(err)
		}
		j.Committed(b.Height)
	}
}

func history(t *testing.T, j *Journal, key string, upto int64) []string {
	t.Helper()
	events, err := j.Events(key, upto)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range events {
		raw, err := e.Encode()
		if err != nil || !bytes.Equal(raw, e.Raw) {
			t.Fatalf("event %+v: raw %x, encodes to %x (%v)", e.Event, e.Raw, raw, err)
		}
		all = append(all, fmt.Sprintf("%d/%s", e.Height, e.Tx.String()[:6]))
	}
	return all
}

func wantHistory(blocks ...any) (all []string) {
	for i := 0; i < len(blocks); i += 2 {
		all = append(all, fmt.Sprintf("%d/%s", blocks[i], digest(blocks[i+1].(int)).String()[:6]))
	}
	return all
}

func TestShowsOnlyWhatCommitted(t *testing.T) {
	j := open(t, "")
	if j.First() != None || j.Last() != None {
		t.Fatalf("empty journal shows %d to %d", j.First(), j.Last())
	}
	if err := j.Append(with(block(0, 0), 1, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Block(0); !errors.Is(err, ErrNoBlock{0, None, None}) {
		t.Errorf("block before its commit: %v", err)
	}
	if _, _, _, ok, err := j.Transaction(digest(1)); ok || err != nil {
		t.Errorf("transaction before its commit: %v, %v", ok, err)
	}
	if got := history(t, j, "a", 9); got != nil {
		t.Errorf("history before its commit: %v", got)
	}
	j.Committed(0)
	if j.First() != 0 || j.Last() != 0 {
		t.Errorf("shows %d to %d, want 0 to 0", j.First(), j.Last())
	}
	if height, index, tx, ok, err := j.Transaction(digest(1)); !ok || height != 0 || index != 0 || tx.Member != "m" || err != nil {
		t.Errorf("transaction: %d %d %+v %v %v", height, index, tx, ok, err)
	}
	j.Committed(7) // the state of a node that joined by state sync is ahead of its journal
	if j.Last() != 0 {
		t.Errorf("Last %d, want 0", j.Last())
	}
}

func TestAppendAgain(t *testing.T) {
	j := open(t, "")
	add(t, j, block(5, 0), block(6, 0))
	if err := j.Append(with(block(7, 0), 1, "a", "b")); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(with(block(7, 1), 2, "b")); err != nil {
		t.Fatalf("another block in the place of one that did not commit: %v", err)
	}
	j.Committed(7)
	if got := history(t, j, "a", 9); got != nil {
		t.Errorf("the replaced block is still in the index: %v", got)
	}
	if diff := cmp.Diff(wantHistory(7, 2), history(t, j, "b", 9)); diff != "" {
		t.Error(diff)
	}
	if _, _, _, ok, _ := j.Transaction(digest(1)); ok {
		t.Error("the replaced block's transaction is still in the index")
	}
	for _, row := range []struct {
		name string
		b    *types.Block
		ok   bool
	}{
		{"the same again", with(block(7, 1), 2, "b"), true},
		{"an older one again", block(5, 0), true},
		{"another one after the commit", block(7, 3), false},
		{"another older one", block(5, 1), false},
		{"one too far", block(9, 0), false},
		{"one before the first", block(4, 0), false},
	} {
		if err := j.Append(row.b); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestTransactionInSeveralBlocks(t *testing.T) {
	rows := []struct {
		name   string
		blocks []*types.Block
		height int64
		code   types.Code
	}{
		{"executed, then repeated", []*types.Block{with(block(1, 0), 1), refused(block(2, 0), 1, types.Replayed)}, 1, 0},
		{"refused, then executed", []*types.Block{refused(block(1, 0), 1, types.KeyUnknown), with(block(2, 0), 1)}, 2, 0},
		{"twice in a block", []*types.Block{refused(with(block(1, 0), 1), 1, types.Replayed), block(2, 0)}, 1, 0},
		{"only a repetition", []*types.Block{block(1, 0), refused(block(2, 0), 1, types.Replayed)}, 2, types.Replayed},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			j := open(t, "")
			add(t, j, row.blocks...)
			wantPlace(t, j, row.height, row.code)
		})
		t.Run(row.name+", the first by backfill", func(t *testing.T) {
			j := open(t, "")
			add(t, j, row.blocks[1])
			if err := j.Prepend(block(0, 0), row.blocks[0]); err != nil {
				t.Fatal(err)
			}
			if err := j.Publish(); err != nil {
				t.Fatal(err)
			}
			wantPlace(t, j, row.height, row.code)
		})
	}
}

func wantPlace(t *testing.T, j *Journal, height int64, code types.Code) {
	t.Helper()
	got, _, tx, ok, err := j.Transaction(digest(1))
	if err != nil || !ok {
		t.Fatalf("found %v, %v", ok, err)
	}
	if got != height || tx.Code != code {
		t.Errorf("at %d with %s, want %d with %s", got, tx.Code, height, code)
	}
}

func TestWait(t *testing.T) {
	j := open(t, "")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	done := make(chan error)
	go func() { done <- j.Wait(ctx, 2) }()
	add(t, j, block(1, 0), block(2, 0))
	if err := <-done; err != nil {
		t.Error(err)
	}
	short, stop := context.WithCancel(ctx)
	go func() { done <- j.Wait(short, 3) }()
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled wait: %v", err)
	}
	go func() { done <- j.Wait(ctx, 3) }()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("wait in a journal that closes: %v", err)
	}
}

func TestBackfill(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	add(t, j, with(block(10, 0), 10, "a"))
	if err := j.Prepend(with(block(8, 0), 8, "a", "c"), with(block(9, 0), 9, "b", "a", "a")); err != nil {
		t.Fatal(err)
	}
	if err := j.Prepend(block(6, 0)); err == nil {
		t.Error("a gap was accepted")
	}
	if from, first := j.Staged(); from != 8 || first != 10 || j.First() != 10 {
		t.Errorf("staged from %d, first %d, shown from %d", from, first, j.First())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	j.Committed(10)
	if diff := cmp.Diff(wantHistory(10, 10), history(t, j, "a", 99)); diff != "" {
		t.Errorf("history before the check:\n%s", diff)
	}
	if err := j.Prepend(block(7, 0)); err != nil {
		t.Fatal(err)
	}
	sizes := map[string]uint64{}
	for s, err := range j.StagedHistories() {
		if err != nil {
			t.Fatal(err)
		}
		sizes[s.Key] = s.History.Size
	}
	if diff := cmp.Diff(map[string]uint64{"a": 3, "b": 1, "c": 1}, sizes); diff != "" {
		t.Error(diff)
	}
	var want types.History
	for _, b := range []*types.Block{block(7, 0), block(8, 0), block(9, 0)} {
		if err := want.Append(types.LeafHash(b.Hash[:])); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := j.StagedHashes(); err != nil || !got.Equal(&want) {
		t.Errorf("hashes: %+v, %v", got, err)
	}
	if err := j.Publish(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantHistory(8, 8, 9, 9, 9, 9, 10, 10), history(t, j, "a", 99)); diff != "" {
		t.Error(diff)
	}
	if j.First() != 7 {
		t.Errorf("First %d, want 7", j.First())
	}
}

func TestOpenRefusesOtherFormats(t *testing.T) {
	dir := t.TempDir()
	db, err := openDisk(vfs.Default, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set(keyFormat, []byte("carya journal 9"), nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err := Open(dir, testInitial); err == nil {
		j.Close()
		t.Error("a journal of another format was opened")
	}
}

// model is what a journal is: blocks in a row.
type model struct {
	staged, blocks []*types.Block
	shown          int64
}

func (m *model) all() []*types.Block {
	return append(append([]*types.Block{}, m.staged...), m.blocks...)
}

func (m *model) visible() (v []*types.Block) {
	for _, b := range m.blocks {
		if b.Height <= m.shown {
			v = append(v, b)
		}
	}
	return v
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := vfs.NewMem()
		j, err := openFS(disk, "journal", testInitial)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { j.Close() }()
		m := &model{shown: None}
		ok := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		last := func() int64 { return m.blocks[len(m.blocks)-1].Height }
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				height := int64(20)
				if len(m.blocks) > 0 {
					height = last() + 1
				}
				b := drawBlock(t, height)
				ok(j.Append(b))
				m.blocks = append(m.blocks, b)
			},
			"replace": func(t *rapid.T) {
				if len(m.blocks) == 0 || m.shown >= last() {
					t.Skip()
				}
				b := drawBlock(t, last())
				ok(j.Append(b))
				m.blocks[len(m.blocks)-1] = b
			},
			"commit": func(t *rapid.T) {
				if len(m.blocks) == 0 {
					t.Skip()
				}
				m.shown = max(m.shown, rapid.Int64Range(m.blocks[0].Height-1, last()).Draw(t, "height"))
				j.Committed(m.shown)
			},
			"truncate": func(t *rapid.T) {
				if len(m.blocks) == 0 || rapid.IntRange(0, 3).Draw(t, "rarely") != 0 {
					t.Skip()
				}
				height := rapid.Int64Range(m.blocks[0].Height-1, last()).Draw(t, "height")
				ok(j.Truncate(height))
				m.shown = min(m.shown, height)
				m.blocks = m.blocks[:height-m.blocks[0].Height+1]
				if len(m.blocks) == 0 {
					m.staged = nil
				}
			},
			"prepend": func(t *rapid.T) {
				if len(m.blocks) == 0 {
					t.Skip()
				}
				oldest := m.all()[0].Height
				n := rapid.Int64Range(0, min(3, oldest)).Draw(t, "blocks")
				var more []*types.Block
				for h := oldest - n; h < oldest; h++ {
					more = append(more, drawBlock(t, h))
				}
				ok(j.Prepend(more...))
				m.staged = append(more, m.staged...)
			},
			"publish": func(t *rapid.T) {
				ok(j.Publish())
				m.blocks, m.staged = m.all(), nil
			},
			"discard": func(t *rapid.T) {
				ok(j.Discard())
				m.staged = nil
			},
			"reopen": func(t *rapid.T) {
				ok(j.Close())
				j, err = openFS(disk, "journal", testInitial)
				ok(err)
				j.Committed(m.shown)
			},
			"": func(t *rapid.T) { m.compare(t, j) },
		})
	})
}

func drawBlock(t *rapid.T, height int64) *types.Block {
	b := block(height, byte(rapid.IntRange(0, 3).Draw(t, "salt")))
	for range rapid.IntRange(0, 3).Draw(t, "transactions") {
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a/b", "b", "order/p/01"}), 0, 3).Draw(t, "keys")
		with(b, rapid.IntRange(0, 255).Draw(t, "digest"), keys...)
	}
	return b
}

func (m *model) compare(t *rapid.T, j *Journal) {
	v := m.visible()
	first, last := int64(None), int64(None)
	if len(v) > 0 {
		first, last = v[0].Height, v[len(v)-1].Height
	}
	if j.First() != first || j.Last() != last {
		t.Fatalf("shows %d to %d, want %d to %d", j.First(), j.Last(), first, last)
	}
	want := map[string][]string{}
	for _, b := range v {
		got, err := j.Block(b.Height)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := j.Raw(b.Height)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := types.Encode(got)
		if err != nil || !bytes.Equal(encoded, raw) || got.Hash != b.Hash || len(got.Txs) != len(b.Txs) {
			t.Fatalf("block %d is %+v, want %+v (%v)", b.Height, got, b, err)
		}
		for _, e := range b.Events {
			for _, key := range e.Keys {
				want[key] = append(want[key], fmt.Sprintf("%d/%s", e.Event.Height, e.Event.Tx))
			}
		}
	}
	for _, key := range []string{"a", "a/b", "b", "order/p/01", "a/"} {
		events, err := j.Events(key, 1<<40)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range events {
			got = append(got, fmt.Sprintf("%d/%s", e.Height, e.Tx))
		}
		if diff := cmp.Diff(want[key], got); diff != "" {
			t.Fatalf("%s: %s", key, diff)
		}
	}
	m.compareTxs(t, j, v)
	m.compareSubtrees(t, j, v)
	m.compareStaged(t, j)
}

func (m *model) compareTxs(t *rapid.T, j *Journal, v []*types.Block) {
	for _, b := range v {
		for _, tx := range b.Txs {
			height, index, got, ok, err := j.Transaction(tx.Digest)
			if err != nil {
				t.Fatal(err)
			}
			if !ok { // it stands in a later block, too, that is not shown
				continue
			}
			at, err := j.Block(height)
			if err != nil || at.Txs[index].Digest != tx.Digest || got.Digest != tx.Digest {
				t.Fatalf("transaction %s at %d/%d: %+v, %v", tx.Digest, height, index, got, err)
			}
		}
	}
}

func (m *model) compareStaged(t *rapid.T, j *Journal) {
	want := map[string]types.History{}
	for _, b := range m.staged {
		for _, e := range b.Events {
			data, err := e.Event.Encode()
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range e.Keys {
				h := want[key]
				if err := h.Append(types.LeafHash(data)); err != nil {
					t.Fatal(err)
				}
				want[key] = h
			}
		}
	}
	got := map[string]types.History{}
	for s, err := range j.StagedHistories() {
		if err != nil {
			t.Fatal(err)
		}
		got[s.Key] = s.History
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("staged histories: %s", diff)
	}
}

func FuzzLayout(f *testing.F) {
	raw, err := types.Encode(refused(with(block(3, 0), 1, "a", "b"), 2, types.Role))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := layoutOf(raw)
		b, bad := types.DecodeBlock(raw)
		if bad != nil {
			return
		}
		if err != nil {
			t.Fatalf("a block's encoding was refused: %v", err)
		}
		if err := l.check(b); err != nil {
			t.Fatal(err)
		}
		for i, s := range l.events {
			want, err := b.Events[i].Event.Encode()
			got, spanErr := s.of(raw)
			if err != nil || spanErr != nil || !bytes.Equal(got, want) {
				t.Fatalf("event %d: %x, want %x (%v, %v)", i, got, want, err, spanErr)
			}
		}
		for i, s := range l.txs {
			want, err := types.Encode(&b.Txs[i])
			got, spanErr := s.of(raw)
			if err != nil || spanErr != nil || !bytes.Equal(got, want) {
				t.Fatalf("transaction %d: %x, want %x (%v, %v)", i, got, want, err, spanErr)
			}
		}
	})
}

// BenchmarkAppend writes blocks of 700 orders' worth: 3500 events that enter 5000
// histories, as at 85,000 declarations a minute.
func BenchmarkAppend(b *testing.B) {
	j, err := Open(b.TempDir(), testInitial)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	body := bytes.Repeat([]byte{0x20}, 300)
	encoded, err := types.Encode(body)
	if err != nil {
		b.Fatal(err)
	}
	height := int64(0)
	for b.Loop() {
		bl := block(height, 0)
		for i := range 3500 {
			e := types.RecordEvent{Event: types.Event{Tx: digest(i), Index: uint64(i), Height: height, Member: "m", Kind: "RecordOrder", Body: encoded}}
			e.Keys = append(e.Keys, fmt.Sprintf("order/platform/01JD%022d", height*3500+int64(i)))
			if i%2 == 0 {
				e.Keys = append(e.Keys, fmt.Sprintf("payment/payer/01JD%022d", height*3500+int64(i)))
			}
			bl.Events = append(bl.Events, e)
		}
		for i := range 70 {
			bl.Txs = append(bl.Txs, types.BlockTx{Digest: types.LeafHash(fmt.Appendf(nil, "%d/%d", height, i)), Member: "m", Kind: "RecordOrder", Bodies: 50})
		}
		if err := j.Append(bl); err != nil {
			b.Fatal(err)
		}
		height++
	}
}
