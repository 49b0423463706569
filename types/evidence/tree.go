package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"sort"

	"github.com/caryaledger/carya/types"
)

// The nodes of a pruned tree, which is written root first, left before right. What is left out stands for itself by its
// hash; both children of a node are never left out.
const (
	NodeLeaf      = 1 // version, shared, rest of the key, value
	NodeHidden    = 2 // a leaf whose value is not shown: version, shared, rest of the key, SHA-256 of the value
	NodeBoth      = 3 // version, left, right
	NodeLeftGone  = 4 // height, size, version, hash of the left child, right
	NodeRightGone = 5 // height, size, version, left, hash of the right child
)

// maxDepth bounds a tree's height; an AVL tree of 2^53 leaves has 77.
const maxDepth = 100

// Leaf is a record that a tree shows.
type Leaf struct {
	Key     string
	Value   []byte // nil where it is not shown
	Version int64  // block that wrote the record last
	Rank    uint64 // number of records before it
}

// Tree is what a pruned tree shows of a state, all under one root.
type Tree struct {
	Root   types.Hash
	Size   uint64 // number of records in the state
	Leaves []Leaf // ascending
}

// ReadTree reads a pruned tree (IAVL: sorted by key, inner nodes hold the sizes of their subtrees) and computes its root.
// What it shows is true of a state whose root was agreed upon; see docs/evidence.md for the format.
func ReadTree(data []byte) (*Tree, error) {
	r := treeReader{reader: reader{data: data}}
	root := r.node(0, 0)
	if r.bad || len(r.data) > 0 || root.size > types.MaxInteger {
		return nil, refuse(TreeInvalid, "the pruned tree is not one")
	}
	return &Tree{root.hash, root.size, r.leaves}, nil
}

type treeReader struct {
	reader
	leaves []Leaf
	last   string // the last key
	keys   uint64 // bytes of all keys
}

// node is a subtree.
type node struct {
	height, size uint64
	hash         types.Hash
}

// node reads a subtree with so many records before it.
func (r *treeReader) node(depth int, before uint64) node {
	if depth > maxDepth || r.bad {
		r.bad = true
		return node{}
	}
	switch tag := r.byte(); tag {
	case NodeLeaf, NodeHidden:
		return r.leaf(tag == NodeLeaf, before)
	case NodeBoth:
		version := r.uvarint()
		left := r.node(depth+1, before)
		right := r.node(depth+1, before+left.size)
		n := node{height: 1 + max(left.height, right.height), size: left.size + right.size}
		if n.size > types.MaxInteger {
			r.bad = true
		}
		n.hash = hashInner(n, version, left.hash, right.hash)
		return n
	case NodeLeftGone:
		n, version := r.inner()
		gone := r.hash()
		// The left child's size is the rest; what follows is ranked when the right child's is known.
		first := len(r.leaves)
		right := r.node(depth+1, 0)
		r.fits(n, right)
		for i := first; i < len(r.leaves); i++ {
			r.leaves[i].Rank += before + n.size - right.size
		}
		n.hash = hashInner(n, version, gone, right.hash)
		return n
	case NodeRightGone:
		n, version := r.inner()
		left := r.node(depth+1, before)
		r.fits(n, left)
		n.hash = hashInner(n, version, left.hash, r.hash())
		return n
	}
	r.bad = true
	return node{}
}

func (r *treeReader) inner() (n node, version uint64) {
	n.height, n.size = r.uvarint(), r.uvarint()
	return n, r.uvarint()
}

// fits checks that a child leaves room for its sibling.
func (r *treeReader) fits(n, child node) {
	if n.height < 1 || n.height > maxDepth || child.height >= n.height || child.size >= n.size {
		r.bad = true
	}
}

// leaf reads a record. Its key begins as the one before; that share is written as a number, so that the keys together may be
// longer than the file: they are bounded.
func (r *treeReader) leaf(shown bool, before uint64) node {
	version, shared := r.uvarint(), r.uvarint()
	rest := r.bytes(r.uvarint())
	r.keys += shared + uint64(len(rest))
	if r.bad || shared > uint64(len(r.last)) || shared+uint64(len(rest)) > maxKey || r.keys > MaxBytes {
		r.bad = true
		return node{}
	}
	key := r.last[:shared] + string(rest)
	if key <= r.last || shared < uint64(len(r.last)) && len(rest) > 0 && rest[0] == r.last[shared] {
		r.bad = true // not ascending, or more is shared
		return node{}
	}
	l := Leaf{Key: key, Version: int64(version), Rank: before}
	var digest types.Hash
	if shown {
		if l.Value = r.bytes(r.uvarint()); len(l.Value) == 0 {
			r.bad = true
		}
		digest = sha256.Sum256(l.Value)
	} else {
		digest = r.hash()
	}
	r.last = key
	r.leaves = append(r.leaves, l)
	return node{size: 1, hash: hashLeaf(version, key, digest)}
}

// hashLeaf and hashInner are iavl's hashes. Its numbers are signed varints: zigzag.
func hashLeaf(version uint64, key string, digest types.Hash) types.Hash {
	b := append(make([]byte, 0, 64+len(key)), 0, 2) // height 0, size 1
	b = binary.AppendVarint(b, int64(version))
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(append(b, key...), 32)
	return sha256.Sum256(append(b, digest[:]...))
}

func hashInner(n node, version uint64, left, right types.Hash) types.Hash {
	b := make([]byte, 0, 96)
	b = binary.AppendVarint(b, int64(n.height))
	b = binary.AppendVarint(b, int64(n.size))
	b = binary.AppendVarint(b, int64(version))
	b = append(append(b, 32), left[:]...)
	b = append(append(b, 32), right[:]...)
	return sha256.Sum256(b)
}

// Value returns the record under a key, if the tree shows it.
func (t *Tree) Value(key string) (value []byte, shown bool) {
	if i := t.find(key); i < len(t.Leaves) && t.Leaves[i].Key == key && t.Leaves[i].Value != nil {
		return t.Leaves[i].Value, true
	}
	return nil, false
}

// Absent reports whether the tree shows that there is no record under a key: its neighbours, with nothing between them.
func (t *Tree) Absent(key string) bool {
	i := t.find(key)
	return !(i < len(t.Leaves) && t.Leaves[i].Key == key) && t.gapless(i, i)
}

// Range returns the records in [from, to), to "" meaning that there is no upper end, and whether the tree shows that they
// are all: with their values, their neighbours at both ends, and nothing between any two of them.
func (t *Tree) Range(from, to string) ([]Leaf, bool) {
	i, j := t.find(from), len(t.Leaves)
	if to != "" {
		j = t.find(to)
	}
	if j < i || !t.gapless(i, j) {
		return nil, false
	}
	list := t.Leaves[i:j]
	for k := range list {
		if list[k].Value == nil {
			return nil, false
		}
	}
	return list, true
}

// find returns the index of the first leaf that is not below a key.
func (t *Tree) find(key string) int {
	return sort.Search(len(t.Leaves), func(i int) bool { return t.Leaves[i].Key >= key })
}

// gapless reports whether the leaves from i-1 to j follow one upon another in the state, where there are such leaves, and
// the state ends where there are none.
func (t *Tree) gapless(i, j int) bool {
	rank := uint64(0) // of leaf i
	if i > 0 {
		rank = t.Leaves[i-1].Rank + 1
	}
	for ; i <= j && i < len(t.Leaves); i++ {
		if t.Leaves[i].Rank != rank {
			return false
		}
		rank++
	}
	return i > j || rank == t.Size
}
