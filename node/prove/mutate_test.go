package prove_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"slices"
	"testing"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

// mutation is a file that somebody changed.
type mutation struct {
	name string
	file []byte
}

// said is what a verdict says of every claim. Where a leaf stands in a tree whose size nothing commits to (of a block's
// transactions, of a document's fields) is a part of the proof and not of what is proven.
func said(t testing.TB, v *evidence.Verdict) (list []string) {
	t.Helper()
	for _, p := range v.Claims {
		c := *p.Claim
		c.Path, c.Results = nil, nil
		if c.Claim == evidence.ClaimTransaction {
			c.Index, c.Size = 0, 0
		}
		if c.Document != nil {
			d := *c.Document
			d.Size, d.Fields = 0, slices.Clone(d.Fields)
			for i := range d.Fields {
				d.Fields[i].Position, d.Fields[i].Proof = 0, nil
			}
			c.Document = &d
		}
		p.Claim = &c
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v.Chain+" "+v.Genesis.String()+" "+string(data))
	}
	return list
}

// truth is what good files say, and with how much power.
type truth struct {
	says  map[string]bool
	power uint64
}

func truthOf(t testing.TB, trust *evidence.Trust, list ...*evidence.Evidence) *truth {
	t.Helper()
	known := &truth{says: map[string]bool{}}
	for _, e := range list {
		v, err := evidence.Verify(compact(t, e), trust)
		if err != nil {
			t.Fatal(err)
		}
		known.power = max(known.power, v.Power)
		for _, one := range said(t, v) {
			known.says[one] = true
		}
	}
	return known
}

// check verifies a changed file: it is refused, or says nothing but the truth. It reports whether it was taken.
func (k *truth) check(t testing.TB, name string, file []byte, trust *evidence.Trust) (taken bool) {
	t.Helper()
	v, err := evidence.Verify(file, trust)
	if err != nil {
		if _, ok := err.(*evidence.Refusal); !ok {
			t.Errorf("%s: not a refusal: %v", name, err)
		}
		return false
	}
	if v.Power > k.power || v.Total != trustTotal(trust) {
		t.Errorf("%s: %d of %d power", name, v.Power, v.Total)
	}
	for _, one := range said(t, v) {
		if !k.says[one] {
			t.Errorf("%s: proven is %.500s", name, one)
		}
	}
	return true
}

func trustTotal(trust *evidence.Trust) (total uint64) {
	for _, v := range trust.Validators {
		total += v.Power
	}
	return total
}

// fieldMutations changes every field of evidence in every way that its type has.
func fieldMutations(t testing.TB, e *evidence.Evidence) (list []mutation) {
	t.Helper()
	places := 0
	walk(reflect.ValueOf(copyOf(e)).Elem(), "", func(reflect.Value, string) { places++ })
	for i := range places {
		for way := 0; ; way++ {
			c := copyOf(e)
			name, at, more := "", 0, false
			walk(reflect.ValueOf(c).Elem(), "", func(v reflect.Value, path string) {
				if at == i {
					name, more = path, change(v, way)
				}
				at++
			})
			if !more {
				break
			}
			list = append(list, mutation{fmt.Sprintf("%s way %d", name, way), compact(t, c)})
		}
	}
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
		return
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
		func() []byte { return nil }, func() []byte { return append(b, 0) }, func() []byte { return append([]byte{0}, b...) },
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

// nodeMutations changes every member of every node of a tree.
func nodeMutations(tree []byte) (list []mutation) {
	root := treetest.Read(tree)
	for i := range root.Nodes() {
		for way := range 16 {
			c := root.Clone()
			changeNode(c.Nodes()[i], way)
			list = append(list, mutation{fmt.Sprintf("node %d way %d", i, way), c.Write()})
		}
	}
	return list
}

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

// tokens of JSON and numbers of CBOR that readers disagree about.
var tokens = []string{
	`null`, `true`, `0`, `-0`, `-1`, `1e0`, `1.0`, `01`, `9007199254740991`, `9007199254740992`, `18446744073709551616`, `""`, `[]`, `{}`, `"\u0041"`,
	`"\ud800"`, `"A"`, `"AA=="`, `"AB=="`, `"0x"`, `"0x00"`, `"\u2028"`, "\"\u2028\"", "\"\u007f\"", `"\/"`, `"\b\f"`, `"\u0008"`, "\"\xff\"",
}

// member changes what stands between two structural characters of JSON, or the head of an item of CBOR.
func (m *mutator) member(b []byte) []byte {
	if len(b) == 0 || b[0]>>5 == 5 {
		return m.head(b)
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

// head changes the head of an item of CBOR: those that hold text are easy to find.
func (m *mutator) head(b []byte) []byte {
	var heads []int
	for i := range b {
		if major := b[i] >> 5; major == 3 && i+int(b[i]&31) < len(b) && b[i]&31 < 24 || major == 4 || major == 5 {
			heads = append(heads, i)
		}
	}
	if len(heads) == 0 {
		return b
	}
	i := heads[m.Intn(len(heads))]
	switch m.Intn(7) {
	case 0:
		b[i]++
	case 1:
		b[i]--
	case 2:
		b[i] ^= 1 << (5 + m.Intn(3))
	case 3: // the length in a byte of its own
		return slices.Concat(b[:i], []byte{b[i]&0xe0 | 24, b[i] & 31}, b[i+1:])
	case 4:
		return slices.Concat(b[:i], []byte{b[i]&0xe0 | 31}, b[i+1:])
	case 5:
		return slices.Concat(b[:i], [][]byte{{0xf6}, {0xf7}, {0xf5}, {0x20}, {0xf9, 0x3c, 0}, {0xc0}, {0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0}}[m.Intn(7)], b[i+1:])
	}
	return slices.Concat(b[:i], [][]byte{{0xf6}, {0xc0}, {0x60}, {0x40}, {0x80}, {0xa0}}[m.Intn(6)], b[i:])
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
	var places []reflect.Value
	walk(reflect.ValueOf(e).Elem(), "", func(v reflect.Value, _ string) { places = append(places, v) })
	v := places[m.Intn(len(places))]
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && v.Len() > 0 && m.Intn(2) == 0 {
		v.SetBytes(m.bytes(bytes.Clone(v.Bytes())))
		return
	}
	if m.Intn(4) == 0 { // something else of that type, from elsewhere in the file
		if other := places[m.Intn(len(places))]; other.Type() == v.Type() {
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
	changeNode(nodes[m.Intn(len(nodes))], m.Intn(16))
	if n.Tag != 0 {
		h.Tree = n.Write()
	}
}
