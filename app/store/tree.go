//go:build !js

package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cosmos/iavl"
	ics23 "github.com/cosmos/ics23/go"

	"github.com/caryaledger/carya/types/evidence"
)

// Shown says what a pruned tree shows of a state.
type Shown struct {
	Keys   []string   // the records under these keys or, where there are none, that there are none
	Ranges []KeyRange // all records in these, and that they are all
}

// KeyRange is the keys in [From, To); To "" means that there is no upper end.
type KeyRange struct{ From, To string }

// Tree returns a pruned tree (evidence.ReadTree) under Root that shows what is asked for, and nothing else but what it
// takes: of a neighbour of what is shown only the key. A state without records shows nothing: an error.
func (v *View) Tree(s Shown) (tree []byte, err error) {
	err = v.read("prune", "", func(t *iavl.ImmutableTree) error {
		leaves, err := pick(t, s)
		if err != nil {
			return err
		}
		if len(leaves) == 0 {
			return errors.New("nothing to show")
		}
		w := &treeWriter{out: make([]byte, 0, 64*len(leaves))}
		err = w.node(leaves, 0)
		tree = w.out
		return err
	})
	return tree, err
}

// shownLeaf is a record of a pruned tree with its path, from the leaf upwards.
type shownLeaf struct {
	*ics23.ExistenceProof
	hidden bool // without its value
}

// pick returns the leaves to show, ascending, each once.
func pick(t *iavl.ImmutableTree, s Shown) ([]shownLeaf, error) {
	shown := map[int64]bool{} // index → with its value
	hide := func(index int64) {
		if index >= 0 && index < t.Size() {
			shown[index] = shown[index]
		}
	}
	for _, key := range s.Keys {
		index, value, err := t.GetWithIndex([]byte(key))
		if err != nil {
			return nil, err
		}
		if value != nil {
			shown[index] = true
			continue
		}
		hide(index - 1)
		hide(index)
	}
	for _, r := range s.Ranges {
		low, _, err := t.GetWithIndex([]byte(r.From))
		if err != nil {
			return nil, err
		}
		count, err := countRange(t, r.From, r.To)
		if err != nil {
			return nil, err
		}
		for i := range max(count, 0) {
			shown[low+i] = true
		}
		hide(low - 1)
		hide(low + max(count, 0))
	}
	indices := make([]int64, 0, len(shown))
	for index := range shown {
		indices = append(indices, index)
	}
	slices.Sort(indices)
	leaves := make([]shownLeaf, len(indices))
	for i, index := range indices {
		key, _, err := t.GetByIndex(index)
		if err != nil {
			return nil, err
		}
		p, err := t.GetMembershipProof(key)
		if err != nil {
			return nil, err
		}
		leaves[i] = shownLeaf{p.GetExist(), !shown[index]}
	}
	return leaves, nil
}

// treeWriter merges paths to one pruned tree.
type treeWriter struct {
	out  []byte
	last string // the last key
}

// node writes the subtree that all leaves have in common at a depth below the root.
func (w *treeWriter) node(leaves []shownLeaf, depth int) error {
	path := leaves[0].Path
	if depth == len(path) {
		if len(leaves) != 1 {
			return fmt.Errorf("%q is a leaf and %q lies below it", leaves[0].Key, leaves[1].Key)
		}
		return w.leaf(&leaves[0])
	}
	step, err := readStep(path[len(path)-1-depth])
	if err != nil {
		return err
	}
	// The leaves are sorted: those below the left child come first.
	split := len(leaves)
	for i := range leaves {
		op := leaves[i].Path[len(leaves[i].Path)-1-depth]
		if len(op.Suffix) == 0 { // the left sibling stands in front
			split = i
			break
		}
	}
	switch {
	case split == len(leaves):
		w.inner(evidence.NodeRightGone, step)
		if err := w.node(leaves, depth+1); err != nil {
			return err
		}
		w.out = append(w.out, path[len(path)-1-depth].Suffix[1:]...)
		return nil
	case split == 0:
		w.inner(evidence.NodeLeftGone, step)
		w.out = append(w.out, step.left...)
		return w.node(leaves, depth+1)
	}
	w.out = binary.AppendUvarint(append(w.out, evidence.NodeBoth), step.version)
	if err := w.node(leaves[:split], depth+1); err != nil {
		return err
	}
	return w.node(leaves[split:], depth+1)
}

// step is an inner node of a path.
type step struct {
	height, size, version uint64
	left                  []byte // hash of the left child, where the path goes right
}

// readStep reads iavl's ICS23 inner operation: its prefix is height, size and version, then the left child's hash.
func readStep(op *ics23.InnerOp) (s step, err error) {
	rest := op.Prefix
	for _, n := range []*uint64{&s.height, &s.size, &s.version} {
		value, length := binary.Varint(rest)
		if length <= 0 || value < 0 {
			return s, fmt.Errorf("a path with the prefix %x", op.Prefix)
		}
		*n, rest = uint64(value), rest[length:]
	}
	switch {
	case len(rest) == 1 && len(op.Suffix) == 33:
		return s, nil
	case len(rest) == 34 && len(op.Suffix) == 0:
		s.left = rest[1:33]
		return s, nil
	}
	return s, fmt.Errorf("a path with the prefix %x and the suffix %x", op.Prefix, op.Suffix)
}

func (w *treeWriter) inner(tag byte, s step) {
	w.out = append(w.out, tag)
	for _, n := range []uint64{s.height, s.size, s.version} {
		w.out = binary.AppendUvarint(w.out, n)
	}
}

func (w *treeWriter) leaf(l *shownLeaf) error {
	version, length := binary.Varint(l.Leaf.Prefix[2:]) // after height 0 and size 1
	if length <= 0 || version < 0 {
		return fmt.Errorf("%q: a leaf with the prefix %x", l.Key, l.Leaf.Prefix)
	}
	tag := byte(evidence.NodeLeaf)
	if l.hidden {
		tag = evidence.NodeHidden
	}
	key := string(l.Key)
	shared := 0
	for shared < min(len(key), len(w.last)) && key[shared] == w.last[shared] {
		shared++
	}
	w.out = binary.AppendUvarint(append(w.out, tag), uint64(version))
	w.out = binary.AppendUvarint(w.out, uint64(shared))
	w.out = binary.AppendUvarint(w.out, uint64(len(key)-shared))
	w.out = append(w.out, key[shared:]...)
	w.last = key
	if l.hidden {
		digest := sha256.Sum256(l.Value)
		w.out = append(w.out, digest[:]...)
		return nil
	}
	w.out = binary.AppendUvarint(w.out, uint64(len(l.Value)))
	w.out = append(w.out, l.Value...)
	return nil
}
