package prove_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

// truth is what a chain holds, told without any proof.
type truth struct {
	*chaintest.Chain
	trust  *evidence.Trust
	states []map[string][]byte // by height
	keys   [][]string          // ascending
	blocks []evidence.Block
}

// truthOf reads all states of a chain. It may be asked by several tests at once.
func truthOf(t testing.TB, c *chaintest.Chain) *truth {
	t.Helper()
	k := &truth{Chain: c, trust: c.Trust(), states: []map[string][]byte{nil}, keys: [][]string{nil}, blocks: []evidence.Block{{}}}
	for height := int64(1); height <= c.Last(); height++ {
		v, err := c.View(height)
		if err != nil {
			t.Fatal(err)
		}
		state, keys := map[string][]byte{}, []string(nil)
		if err := v.Iterate("", "", func(key string, value []byte) bool {
			state[key], keys = bytes.Clone(value), append(keys, key)
			return false
		}); err != nil {
			t.Fatal(err)
		}
		v.Close()
		h := c.Header(height)
		k.states, k.keys = append(k.states, state), append(k.keys, keys)
		k.blocks = append(k.blocks, evidence.Block{Height: height, Time: h.Time.UnixMilli(), Hash: types.Hash(h.Hash()), AppHash: types.Hash(h.AppHash)})
	}
	return k
}

// check verifies a file that somebody changed: it is refused, or says nothing but the truth.
func (k *truth) check(t testing.TB, name string, file []byte) verdict {
	t.Helper()
	v, err := evidence.Verify(file, k.trust)
	if err != nil {
		refusal, ok := err.(*evidence.Refusal)
		if !ok {
			t.Fatalf("%s: not a refusal: %v", name, err)
		}
		return verdict{refusal.Reason, refusal.Claim}
	}
	if v.Chain != k.Genesis.Chain || v.Genesis != k.Hash || v.Power > v.Total || v.Total != 100 || v.Signed != k.block(v.Signed.Height) {
		t.Errorf("%s: %s %s, %d of %d power for %+v", name, v.Chain, v.Genesis, v.Power, v.Total, v.Signed)
	}
	for i := range v.Claims {
		if lie := k.lie(&v.Claims[i]); lie != "" {
			t.Errorf("%s: claim %d is not true: %s: %.500s", name, i, lie, words(t, v.Claims[i].Claim))
		}
	}
	return proven
}

// proven is the verdict on evidence that proves what it claims.
var proven = verdict{"", -1}

func words(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// block is the block at a height; that of a height which the chain does not have yet is zero.
func (k *truth) block(height int64) evidence.Block {
	if height < 1 || height >= int64(len(k.blocks)) {
		return evidence.Block{}
	}
	return k.blocks[height]
}

// lie says what is not true of a claim that was taken.
func (k *truth) lie(p *evidence.Proven) string {
	about := p.Height + 1
	if p.Claim.Claim == evidence.ClaimBlock || p.Claim.Claim == evidence.ClaimTransaction {
		about = p.Height
	}
	if p.Block.Height != about || p.Block != k.block(about) {
		return fmt.Sprintf("block %+v", p.Block)
	}
	switch p.Claim.Claim {
	case evidence.ClaimBlock:
		return ""
	case evidence.ClaimTransaction:
		return k.lieOfTransaction(p.Claim)
	case evidence.ClaimAbsence:
		if k.states[p.Height][p.Key] != nil {
			return "it is there"
		}
		return ""
	case evidence.ClaimRange:
		return k.lieOfRange(p)
	}
	if value := k.states[p.Height][p.Key]; value == nil || !bytes.Equal(value, p.Value) {
		return fmt.Sprintf("value %x", p.Value)
	}
	if p.Claim.Claim == evidence.ClaimRecord {
		return ""
	}
	return k.lieOfHistory(p)
}

// events are those in the history of a record after a block. None of a test's records has events of one block in two.
func (k *truth) events(key string, height int64) (list [][]byte) {
	for _, raw := range k.Raw[key] {
		e, err := types.DecodeEvent(raw)
		if err == nil && e.Height <= height {
			list = append(list, raw)
		}
	}
	return list
}

func (k *truth) lieOfHistory(p *evidence.Proven) string {
	all := k.events(p.Key, p.Height)
	if !isLogOf(p.Log, all) {
		return fmt.Sprintf("log of %d", p.Log.Size)
	}
	switch p.Claim.Claim {
	case evidence.ClaimHistory:
		if !slices.EqualFunc(p.Claim.Events, all, bytes.Equal) || len(p.Events) != len(all) {
			return fmt.Sprintf("%d events", len(p.Events))
		}
	case evidence.ClaimPrefix:
		if p.Since > p.Height || !isLogOf(p.Before, k.events(p.Key, p.Since)) {
			return fmt.Sprintf("log of %d before", p.Before.Size)
		}
	case evidence.ClaimEvent, evidence.ClaimField:
		if p.Index >= uint64(len(all)) || len(p.Claim.Events) != 1 || !bytes.Equal(p.Claim.Events[0], all[p.Index]) || len(p.Events) != 1 {
			return fmt.Sprintf("event %d", p.Index)
		}
	}
	if p.Claim.Claim == evidence.ClaimField {
		return k.lieOfDocument(p.Document)
	}
	return ""
}

func isLogOf(log types.History, events [][]byte) bool {
	var want types.History
	for _, raw := range events {
		if want.Append(types.LeafHash(raw)) != nil {
			return false
		}
	}
	return log.Equal(&want)
}

// lieOfDocument: where a field stands in a document whose size nothing commits to is a part of the proof and not of what
// is proven.
func (k *truth) lieOfDocument(d *types.DocumentPart) string {
	if d.Kind != chaintest.PrivateDocument.Kind || d.Record != "order/"+chaintest.Order || len(d.Fields) == 0 {
		return "another document"
	}
	for _, f := range d.Fields[1:] {
		if !slices.Contains(chaintest.PrivateDocument.Fields, types.DocumentField{Path: f.Path, Value: f.Value}) {
			return fmt.Sprintf("field %q: %q", f.Path, f.Value)
		}
	}
	return ""
}

func (k *truth) lieOfTransaction(c *evidence.Claim) string {
	height, index, err := k.Executed(context.Background(), types.Hash(c.Digest))
	if err != nil || height != c.Height {
		return fmt.Sprintf("%v: block %d", err, height)
	}
	txs, results, err := k.Block(context.Background(), height)
	if err != nil || !bytes.Equal(txs[index], c.Transaction) {
		return fmt.Sprintf("%v: another transaction", err)
	}
	codes := make([]uint32, len(results[index].Codes))
	for i, code := range results[index].Codes {
		codes[i] = uint32(code)
	}
	if uint32(results[index].Code) != c.Code || !slices.Equal(codes, c.Codes) {
		return fmt.Sprintf("result %+v", results[index])
	}
	return ""
}

func (k *truth) lieOfRange(p *evidence.Proven) string {
	var list []string
	for rank, key := range k.keys[p.Height] {
		if key < p.From || p.To != "" && key >= p.To {
			continue
		}
		if i := len(list); i >= len(p.Leaves) || p.Leaves[i].Key != key || p.Leaves[i].Rank != uint64(rank) || !bytes.Equal(p.Leaves[i].Value, k.states[p.Height][key]) {
			return fmt.Sprintf("the list does not have %s", key)
		}
		list = append(list, key)
	}
	if len(list) != len(p.Leaves) || p.Count != uint64(len(list)) {
		return fmt.Sprintf("%d records, there are %d", len(p.Leaves), len(list))
	}
	return ""
}

// changes are copies of evidence, each changed in one way that a name tells.
type changes = iter.Seq2[string, *evidence.Evidence]

// fieldChanges changes every field of evidence in every way that its type has.
func fieldChanges(e *evidence.Evidence) changes {
	return func(yield func(string, *evidence.Evidence) bool) {
		for i := range placesOf(e) {
			for way := 0; ; way++ {
				c := copyOf(e)
				p := placesOf(c)[i]
				if !change(p.value, way) {
					break
				}
				if !yield(fmt.Sprintf("%s way %d", p.path, way), c) {
					return
				}
			}
		}
	}
}

// treeChanges changes every node of every tree of evidence in every way that nodes have.
func treeChanges(e *evidence.Evidence) changes {
	return func(yield func(string, *evidence.Evidence) bool) {
		for i := range e.Headers {
			root := treetest.Read(e.Headers[i].Tree)
			for j := range root.Nodes() {
				for way := range nodeWays {
					n := root.Clone()
					changeNode(n.Nodes()[j], way)
					c := copyOf(e)
					c.Headers[i].Tree = n.Write()
					if !yield(fmt.Sprintf("header %d node %d way %d", i, j, way), c) {
						return
					}
				}
			}
		}
	}
}

// splices puts every part of other evidence into every place of evidence that takes such a part.
func splices(e, other *evidence.Evidence) changes {
	return func(yield func(string, *evidence.Evidence) bool) {
		theirs := placesOf(other)
		for i, place := range placesOf(e) {
			for _, p := range theirs {
				if p.name != place.name {
					continue
				}
				c := copyOf(e)
				placesOf(c)[i].value.Set(p.value)
				if !yield(fmt.Sprintf("%s is the other's %s", place.path, p.path), c) {
					return
				}
			}
		}
	}
}

// place is a part of evidence that can be changed.
type place struct {
	path, name string // name is the path without indices
	value      reflect.Value
}

var indices = regexp.MustCompile(`\[\d+\]`)

// placesOf are all places of evidence, always in the same order.
func placesOf(e *evidence.Evidence) (list []place) {
	walk(reflect.ValueOf(e).Elem(), "", func(v reflect.Value, path string) {
		list = append(list, place{path, indices.ReplaceAllString(path, "[]"), v})
	})
	return list
}

// walk visits everything that can be changed, what is in it first.
func walk(v reflect.Value, path string, visit func(reflect.Value, string)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), path, visit)
		}
		return
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
			}
		}
	}
	visit(v, path)
}

var extremes = []uint64{0, 1, 2, 1 << 31, 1 << 32, 1<<53 - 1, 1 << 53, 1<<63 - 1, 1<<64 - 1}

// change changes a value in one of the ways of its type, and reports whether there is that way.
func change(v reflect.Value, way int) bool {
	switch v.Kind() {
	case reflect.String:
		s := v.String()
		ways := []string{"", s + "x", s + s, "\x00" + s, s[:len(s)/2], "\u2028", "lot/06901234000016.L2026B", "chain/params"}
		if way < len(ways) {
			v.SetString(ways[way])
		}
		return way < len(ways)
	case reflect.Uint64, reflect.Uint32:
		ways := append([]uint64{v.Uint() + 1, v.Uint() - 1, v.Uint() * 2}, extremes...)
		if way < len(ways) {
			v.SetUint(ways[way])
		}
		return way < len(ways)
	case reflect.Int64:
		ways := append([]uint64{uint64(v.Int() + 1), uint64(v.Int() - 1), uint64(v.Int() * 2), 1 << 63}, extremes...)
		if way < len(ways) {
			v.SetInt(int64(ways[way]))
		}
		return way < len(ways)
	case reflect.Array:
		if way < v.Len() {
			v.Index(way).SetUint(v.Index(way).Uint() ^ 0x10)
		}
		return way < v.Len()
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return changeBytes(v, way)
		}
		return changeList(v, way)
	}
	return false
}

func changeBytes(v reflect.Value, way int) bool {
	b := bytes.Clone(v.Bytes())
	n := len(b)
	ways := []func() []byte{
		func() []byte { return []byte{} }, func() []byte { return append(b, 0) }, func() []byte { return append([]byte{0}, b...) },
		func() []byte { return append(bytes.Clone(b), b...) }, func() []byte { return append(b, make([]byte, 32)...) },
		func() []byte { return b[:n/2] }, func() []byte { return b[:max(n-1, 0)] }, func() []byte { return b[min(n, 1):] },
		func() []byte { return b[:max(n-32, 0)] }, func() []byte { return b[min(n, 32):] },
		func() []byte { slices.Reverse(b); return b },
		func() []byte { return append(b[min(n, 32):], b[:min(n, 32)]...) },
	}
	if way < len(ways) {
		v.SetBytes(ways[way]())
	}
	return way < len(ways)
}

// changeList drops, repeats and swaps elements.
func changeList(v reflect.Value, way int) bool {
	n := v.Len()
	set := func(order []int) {
		list := reflect.MakeSlice(v.Type(), 0, len(order))
		for _, i := range order {
			list = reflect.Append(list, v.Index(i))
		}
		v.Set(list)
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	switch {
	case way < n:
		set(slices.Delete(all, way, way+1))
	case way < 2*n:
		set(slices.Insert(all, way-n, way-n))
	case way < 3*n:
		i := way - 2*n
		j := (i + 1) % n
		all[i], all[j] = all[j], all[i]
		set(all)
	case way == 3*n:
		set(nil)
	default:
		return false
	}
	return true
}

// withoutAny drops leaves of a pruned tree, and hides values of others, and leaves the hashes as they are: what somebody
// does who has the whole tree and shows less of it. Nil means that nothing is shown.
func withoutAny(n *treetest.Node, drop, hide map[string]bool) *treetest.Node {
	switch n.Tag {
	case evidence.NodeLeaf, evidence.NodeHidden:
		if drop[n.Key] {
			return nil
		}
		if hide[n.Key] {
			return n.Hidden()
		}
		return n
	case evidence.NodeBoth:
		left, right := withoutAny(n.Left, drop, hide), withoutAny(n.Right, drop, hide)
		height, size := n.Sums()
		gone := &treetest.Node{Height: height, Size: size, Version: n.Version, Left: left, Right: right}
		switch {
		case left == nil && right == nil:
			return nil
		case left == nil:
			gone.Tag, gone.Gone = evidence.NodeLeftGone, n.Left.Hash()
			return gone
		case right == nil:
			gone.Tag, gone.Gone = evidence.NodeRightGone, n.Right.Hash()
			return gone
		}
		return &treetest.Node{Tag: evidence.NodeBoth, Version: n.Version, Left: left, Right: right}
	}
	c := *n
	if n.Left != nil {
		c.Left = withoutAny(n.Left, drop, hide)
	}
	if n.Right != nil {
		c.Right = withoutAny(n.Right, drop, hide)
	}
	if c.Left == nil && c.Right == nil {
		return nil
	}
	return &c
}

// nodeWays is the number of ways to change a node.
const nodeWays = 21

func changeNode(n *treetest.Node, way int) {
	switch way {
	case 0:
		n.Version++
	case 1:
		n.Version = 1<<53 - 1
	case 2:
		n.Size++
	case 3:
		n.Size--
	case 4:
		n.Size = 1<<53 - 1
	case 5:
		n.Height++
	case 6:
		n.Height--
	case 7:
		n.Gone[0] ^= 1
	case 8:
		n.Key += "x"
	case 9:
		n.Key = n.Key[:len(n.Key)/2]
	case 10:
		n.Value = append(bytes.Clone(n.Value), 0)
	case 11:
		if n.Tag == evidence.NodeLeaf {
			*n = *n.Hidden()
		}
	case 12:
		n.Left, n.Right = n.Right, n.Left
		if n.Tag == evidence.NodeLeftGone || n.Tag == evidence.NodeRightGone {
			n.Tag = evidence.NodeLeftGone + evidence.NodeRightGone - n.Tag
		}
	case 13: // the node's child takes its place
		if child := n.Left; child != nil {
			*n = *child
		} else if n.Right != nil {
			*n = *n.Right
		}
	case 14: // a leaf joins
		old := *n
		*n = treetest.Node{Tag: evidence.NodeBoth, Version: 1, Left: &old, Right: treetest.Leaf("~", []byte{0xa0})}
	case 15: // it stands for its own hash, below a parent that is as large as the tree says
		if n.Tag == evidence.NodeBoth {
			height, size := n.Sums()
			*n = treetest.Node{Tag: evidence.NodeLeftGone, Height: height, Size: size, Version: n.Version, Gone: n.Left.Hash(), Right: n.Right}
		}
	case 16: // and the other child
		if n.Tag == evidence.NodeBoth {
			height, size := n.Sums()
			*n = treetest.Node{Tag: evidence.NodeRightGone, Height: height, Size: size, Version: n.Version, Left: n.Left, Gone: n.Right.Hash()}
		}
	case 17:
		n.Size = 1<<64 - 1
	case 18:
		n.Height = 1 << 63
	case 19:
		n.Version = 1<<64 - 1
	case 20:
		n.Size, n.Height = 0, 0
	}
}

// mutator makes files that are a little wrong, from files that are right.
type mutator struct {
	*rand.Rand
	files [][]byte
}

func newMutator(seed int64, files [][]byte) *mutator {
	return &mutator{rand.New(rand.NewSource(seed)), files}
}

// next returns a mutation of one of the files.
func (m *mutator) next() []byte {
	file := bytes.Clone(m.files[m.Intn(len(m.files))])
	for range 1 + m.Intn(3)*m.Intn(2) {
		switch m.Intn(4) {
		case 0:
			file = m.bytes(file)
		case 1:
			file = m.member(file)
		default:
			file = m.typed(file)
		}
	}
	return file
}

// bytes changes bytes, or moves some.
func (m *mutator) bytes(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	i, j := m.Intn(len(b)), m.Intn(len(b))
	i, j = min(i, j), max(i, j)
	switch m.Intn(6) {
	case 0:
		return append(b[:i:i], b[j:]...)
	case 1:
		return slices.Concat(b[:i], b[i:min(j, i+40)], b[i:])
	case 2:
		b[i] = byte(m.Intn(256))
	case 3:
		return slices.Concat(b[:i], []byte{byte(m.Intn(256))}, b[i:])
	default:
		b[i] ^= 1 << m.Intn(8)
	}
	return b
}

// tokens of JSON that readers disagree about.
var tokens = []string{
	`null`, `true`, `0`, `-0`, `-1`, `1e0`, `1.0`, `01`, `9007199254740991`, `9007199254740992`, `18446744073709551616`, `""`, `[]`, `{}`, `"\u0041"`,
	`"\ud800"`, `"A"`, `"AA=="`, `"AB=="`, `"0x"`, `"0x00"`, `"\u2028"`, "\"\u2028\"", "\"\u007f\"", `"\/"`, `"\b\f"`, `"\u0008"`, "\"\xff\"",
}

// member changes what stands between two structural characters of JSON, or an item of CBOR.
func (m *mutator) member(b []byte) []byte {
	if len(b) == 0 || b[0]>>5 == 5 {
		return m.item(b)
	}
	var ends []int
	for i, c := range b {
		if bytes.IndexByte([]byte(",:[]{}"), c) >= 0 {
			ends = append(ends, i)
		}
	}
	if len(ends) < 2 {
		return b
	}
	k := m.Intn(len(ends) - 1)
	from, to := ends[k]+1, ends[k+1]
	switch m.Intn(6) {
	case 0:
		return slices.Concat(b[:from], b[to:])
	case 1:
		return slices.Concat(b[:from], b[from:to], []byte(","), b[from:])
	case 2: // another part of the file
		l := m.Intn(len(ends) - 1)
		return slices.Concat(b[:from], b[ends[l]+1:ends[l+1]], b[to:])
	case 3:
		return slices.Concat(b[:from], []byte(" \t\r\n"), b[from:])
	}
	return slices.Concat(b[:from], []byte(tokens[m.Intn(len(tokens))]), b[to:])
}

// numbers, strings, lists and more in CBOR that readers disagree about, in hexadecimal.
var cborTokens = []string{
	"00", "17", "1818", "1817", "190100", "1900ff", "1a00010000", "1a0000ffff", "1b0000000100000000", "1b00000000ffffffff",
	"1b001fffffffffffff", "1b0020000000000000", "1b7fffffffffffffff", "1b8000000000000000", "1bffffffffffffffff",
	"20", "37", "3b001ffffffffffffe", "3b001fffffffffffff", "3b7fffffffffffffff", "3bffffffffffffffff",
	"40", "4100", "5800", "5f4100ff", "60", "6161", "62c3a4", "61ff", "63eda080", "63efbbbf", "7f6161ff", "80", "8100", "81f6", "9fff", "a0", "a1616100",
	"a10000", "a2616100616100", "a2616200616100", "bfff", "c000", "c24100", "f4", "f5", "f6", "f7", "e0", "f814", "f820", "f90000", "fa3f800000",
	"fb3ff0000000000000", "fb7ff8000000000000", "1c", "ff",
}

// item changes a data item of CBOR.
func (m *mutator) item(b []byte) []byte {
	list := itemsOf(b)
	if len(list) == 0 {
		return m.bytes(b)
	}
	i := list[m.Intn(len(list))]
	switch m.Intn(9) {
	case 0: // a longer head
		return slices.Concat(b[:i.begin], []byte{b[i.begin]&0xe0 | 24, b[i.begin] & 31}, b[i.begin+1:])
	case 1: // another count or number
		b[i.begin] += byte(1 + 254*m.Intn(2))
		return b
	case 2: // another type
		b[i.begin] ^= 1 << (5 + m.Intn(3))
		return b
	case 3:
		return slices.Concat(b[:i.begin], b[i.end:])
	case 4:
		return slices.Concat(b[:i.end], b[i.begin:])
	case 5: // another item of it
		j := list[m.Intn(len(list))]
		return slices.Concat(b[:i.begin], b[j.begin:j.end], b[i.end:])
	}
	token, err := hex.DecodeString(cborTokens[m.Intn(len(cborTokens))])
	if err != nil {
		panic(err)
	}
	return slices.Concat(b[:i.begin], token, b[i.end:])
}

// span is where a data item begins and ends.
type span struct{ begin, end int }

// itemsOf are the data items of CBOR, those that hold others first, as far as it can be read.
func itemsOf(b []byte) (list []span) {
	var read func(at int) (end int, ok bool)
	read = func(at int) (end int, ok bool) {
		if at >= len(b) || b[at]&31 > 27 {
			return 0, false
		}
		n, end := uint64(b[at]&31), at+1
		if n >= 24 {
			wide := 1 << (n - 24)
			n = 0
			for ; wide > 0 && end < len(b); wide-- {
				n, end = n<<8|uint64(b[end]), end+1
			}
		}
		place := len(list)
		list = append(list, span{at, end})
		switch b[at] >> 5 {
		case 2, 3:
			if n > uint64(len(b)-end) {
				return 0, false
			}
			end += int(n)
		case 4, 5:
			for n <<= b[at] >> 5 & 1; n > 0; n-- { // a map has two items in a pair
				if end, ok = read(end); !ok {
					return 0, false
				}
			}
		}
		list[place].end = end
		return end, true
	}
	read(0)
	return list
}

// typed changes a field and writes the file anew, in either form.
func (m *mutator) typed(file []byte) []byte {
	e, err := evidence.Parse(file)
	if err != nil {
		return m.bytes(file)
	}
	e = copyOf(e)
	if m.Intn(3) == 0 {
		m.tree(e)
	} else {
		m.field(e)
	}
	form := e.Compact
	if m.Intn(2) == 0 {
		form = e.Encode
	}
	again, err := form()
	if err != nil {
		return file
	}
	return again
}

func (m *mutator) field(e *evidence.Evidence) {
	places := placesOf(e)
	v := places[m.Intn(len(places))].value
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && v.Len() > 0 && m.Intn(2) == 0 {
		v.SetBytes(m.bytes(bytes.Clone(v.Bytes())))
		return
	}
	if m.Intn(4) == 0 { // something else of that type, from elsewhere in the file
		if other := places[m.Intn(len(places))].value; other.Type() == v.Type() {
			v.Set(other)
			return
		}
	}
	ways := 0
	for ways < math.MaxInt8 && change(reflect.New(v.Type()).Elem(), ways) {
		ways++
	}
	change(v, m.Intn(ways+3))
}

func (m *mutator) tree(e *evidence.Evidence) {
	h := &e.Headers[m.Intn(len(e.Headers))]
	n := treetest.Read(h.Tree)
	if n == nil {
		return
	}
	nodes := n.Nodes()
	if m.Intn(2) == 0 { // show less
		drop, hide := map[string]bool{}, map[string]bool{}
		for _, one := range nodes {
			drop[one.Key], hide[one.Key] = m.Intn(6) == 0, m.Intn(6) == 0
		}
		delete(drop, types.KeyParams)
		delete(hide, types.KeyParams)
		if n = withoutAny(n, drop, hide); n != nil {
			h.Tree = n.Write()
		}
		return
	}
	changeNode(nodes[m.Intn(len(nodes))], m.Intn(nodeWays))
	if n.Tag != 0 {
		h.Tree = n.Write()
	}
}
