// Package treetest makes pruned trees by hand, for tests of those who read them: honest ones and all others.
package treetest

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Node is a node of a pruned tree. Which members it has depends on the tag; see docs/evidence.md.
type Node struct {
	Tag          byte
	Version      uint64
	Height, Size uint64     // of NodeLeftGone and NodeRightGone
	Key          string     // of a leaf
	Value        []byte     // of NodeLeaf
	Gone         types.Hash // of the child that is left out, or of the value of NodeHidden
	Left, Right  *Node
}

// Leaf is a leaf that is shown.
func Leaf(key string, value []byte) *Node {
	return &Node{Tag: evidence.NodeLeaf, Version: 1, Key: key, Value: value}
}

// Balanced is a tree over leaves in ascending order.
func Balanced(leaves ...*Node) *Node {
	if len(leaves) == 1 {
		return leaves[0]
	}
	half := (len(leaves) + 1) / 2
	return &Node{Tag: evidence.NodeBoth, Version: 1, Left: Balanced(leaves[:half]...), Right: Balanced(leaves[half:]...)}
}

// Write returns the tree as it stands in an evidence file.
func (n *Node) Write() []byte {
	w := &writer{}
	w.node(n)
	return w.out
}

type writer struct {
	out  []byte
	last string
}

func (w *writer) numbers(list ...uint64) {
	for _, n := range list {
		w.out = binary.AppendUvarint(w.out, n)
	}
}

func (w *writer) node(n *Node) {
	w.out = append(w.out, n.Tag)
	switch n.Tag {
	case evidence.NodeLeaf, evidence.NodeHidden:
		w.leaf(n)
	case evidence.NodeBoth:
		w.numbers(n.Version)
		w.node(n.Left)
		w.node(n.Right)
	case evidence.NodeLeftGone:
		w.numbers(n.Height, n.Size, n.Version)
		w.out = append(w.out, n.Gone[:]...)
		w.node(n.Right)
	case evidence.NodeRightGone:
		w.numbers(n.Height, n.Size, n.Version)
		w.node(n.Left)
		w.out = append(w.out, n.Gone[:]...)
	}
}

func (w *writer) leaf(n *Node) {
	shared := 0
	for shared < min(len(n.Key), len(w.last)) && n.Key[shared] == w.last[shared] {
		shared++
	}
	w.numbers(n.Version, uint64(shared), uint64(len(n.Key)-shared))
	w.out, w.last = append(w.out, n.Key[shared:]...), n.Key
	if n.Tag == evidence.NodeHidden {
		w.out = append(w.out, n.Gone[:]...)
		return
	}
	w.numbers(uint64(len(n.Value)))
	w.out = append(w.out, n.Value...)
}

// Read reads a tree as Write writes it, nil if it is none. It trusts the lengths in it no more than evidence.ReadTree does,
// but checks nothing else.
func Read(data []byte) *Node {
	r := &reader{data: data}
	n := r.node(0)
	if r.bad || len(r.data) > 0 {
		return nil
	}
	return n
}

type reader struct {
	data []byte
	last string
	bad  bool
}

func (r *reader) number() uint64 {
	n, length := binary.Uvarint(r.data)
	if length <= 0 {
		r.bad = true
		return 0
	}
	r.data = r.data[length:]
	return n
}

func (r *reader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.data)) {
		r.bad = true
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) hash() (h types.Hash) {
	copy(h[:], r.bytes(32))
	return h
}

func (r *reader) node(depth int) *Node {
	n := new(Node)
	if tag := r.bytes(1); tag != nil && depth < 200 {
		n.Tag = tag[0]
	}
	switch n.Tag {
	case evidence.NodeLeaf, evidence.NodeHidden:
		r.leaf(n)
	case evidence.NodeBoth:
		n.Version = r.number()
		n.Left, n.Right = r.node(depth+1), r.node(depth+1)
	case evidence.NodeLeftGone:
		n.Height, n.Size, n.Version, n.Gone = r.number(), r.number(), r.number(), r.hash()
		n.Right = r.node(depth + 1)
	case evidence.NodeRightGone:
		n.Height, n.Size, n.Version = r.number(), r.number(), r.number()
		n.Left = r.node(depth + 1)
		n.Gone = r.hash()
	default:
		r.bad = true
	}
	return n
}

func (r *reader) leaf(n *Node) {
	n.Version = r.number()
	shared, rest := r.number(), r.bytes(r.number())
	if r.bad || shared > uint64(len(r.last)) {
		r.bad = true
		return
	}
	n.Key = r.last[:shared] + string(rest)
	r.last = n.Key
	if n.Tag == evidence.NodeHidden {
		n.Gone = r.hash()
		return
	}
	n.Value = r.bytes(r.number())
}

// Nodes returns the node and all below it, root first, left before right.
func (n *Node) Nodes() []*Node {
	if n == nil {
		return nil
	}
	return append(append([]*Node{n}, n.Left.Nodes()...), n.Right.Nodes()...)
}

// Find returns the leaf with a key, nil if there is none.
func (n *Node) Find(key string) *Node {
	for _, m := range n.Nodes() {
		if m.Left == nil && m.Right == nil && m.Key == key {
			return m
		}
	}
	return nil
}

// Clone copies the tree.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Left, c.Right = n.Left.Clone(), n.Right.Clone()
	return &c
}

// Hash is iavl's hash of the node.
func (n *Node) Hash() types.Hash { h, _, _ := n.sum(); return h }

// Sums are the node's height and how many records are below it.
func (n *Node) Sums() (height, size uint64) { _, height, size = n.sum(); return height, size }

// Hidden is a leaf without its value.
func (n *Node) Hidden() *Node {
	if n.Tag == evidence.NodeHidden {
		return n
	}
	return &Node{Tag: evidence.NodeHidden, Version: n.Version, Key: n.Key, Gone: sha256.Sum256(n.Value)}
}

func (n *Node) sum() (h types.Hash, height, size uint64) {
	var left, right types.Hash
	switch n.Tag {
	case evidence.NodeLeaf:
		return leafHash(n.Version, n.Key, sha256.Sum256(n.Value)), 0, 1
	case evidence.NodeHidden:
		return leafHash(n.Version, n.Key, n.Gone), 0, 1
	case evidence.NodeBoth:
		l, lh, ls := n.Left.sum()
		r, rh, rs := n.Right.sum()
		left, right, height, size = l, r, 1+max(lh, rh), ls+rs
	case evidence.NodeLeftGone:
		left, right, height, size = n.Gone, n.Right.Hash(), n.Height, n.Size
	case evidence.NodeRightGone:
		left, right, height, size = n.Left.Hash(), n.Gone, n.Height, n.Size
	}
	b := binary.AppendVarint(nil, int64(height))
	b = binary.AppendVarint(b, int64(size))
	b = binary.AppendVarint(b, int64(n.Version))
	b = append(append(b, 32), left[:]...)
	b = append(append(b, 32), right[:]...)
	return sha256.Sum256(b), height, size
}

func leafHash(version uint64, key string, digest types.Hash) types.Hash {
	b := binary.AppendVarint([]byte{0, 2}, int64(version))
	b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
	return sha256.Sum256(append(append(b, 32), digest[:]...))
}

// Prune leaves out what is not shown: of the keys in values the whole record, of those in keys only the key. Nil means that
// nothing is shown.
func (n *Node) Prune(values, keys map[string]bool) *Node {
	switch n.Tag {
	case evidence.NodeLeaf:
		if !values[n.Key] && !keys[n.Key] {
			return nil
		}
		if !values[n.Key] {
			return n.Hidden()
		}
	case evidence.NodeBoth:
		left, right := n.Left.Prune(values, keys), n.Right.Prune(values, keys)
		_, height, size := n.sum()
		switch {
		case left == nil && right == nil:
			return nil
		case left == nil:
			return &Node{Tag: evidence.NodeLeftGone, Height: height, Size: size, Version: n.Version, Gone: n.Left.Hash(), Right: right}
		case right == nil:
			return &Node{Tag: evidence.NodeRightGone, Height: height, Size: size, Version: n.Version, Gone: n.Right.Hash(), Left: left}
		}
		return &Node{Tag: evidence.NodeBoth, Version: n.Version, Left: left, Right: right}
	}
	return n
}
