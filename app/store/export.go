//go:build !js

package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cosmos/iavl"
)

// streamFormat is the first line of an exported tree.
//
// Format 1. After the line come the tree's version as a varint and the tree's nodes in post-order (left, right, parent), then
// the end and nothing after it. A node is a tag byte and its fields:
//
//	1 leaf:  version, length of key, key, length of value, value
//	2 inner: version; its children are the two nodes before it that have no parent yet
//	0 end:   number of leaves
//
// Numbers are unsigned varints (encoding/binary) in their shortest form. Everything else about a node (height, size, hash and
// the key that an inner node is searched by, which no hash covers) follows from these, so a stream has nothing to lie about
// except what the root gives away. One tree has one stream, byte for byte, on every node.
const streamFormat = "carya state 1\n"

const (
	tagEnd byte = iota
	tagLeaf
	tagInner
)

// exportCache is small because an export passes through every node once. It has a tree instance of its own, or it would push
// out the nodes that proofs need.
const exportCache = 1_000

// Export writes the whole tree to w, for Import on another node. It takes a minute for some millions of keys, and other
// reads and writes go on meanwhile.
func (v *View) Export(w io.Writer) error {
	return v.read("export", "", func(*iavl.ImmutableTree) error {
		tree, err := v.store.newTree(exportCache, nil).GetImmutable(v.Version())
		if err != nil {
			return err
		}
		nodes, err := tree.Export()
		if err != nil {
			return err
		}
		defer nodes.Close()
		out := bufio.NewWriterSize(w, 64<<10)
		if err := writeStream(out, v.Version(), tree.Size(), nodes); err != nil {
			return err
		}
		return out.Flush()
	})
}

func writeStream(w *bufio.Writer, version, size int64, nodes *iavl.Exporter) error {
	b := binary.AppendUvarint([]byte(streamFormat), uint64(version))
	leaves := int64(0)
	for {
		if _, err := w.Write(b); err != nil {
			return err
		}
		node, err := nodes.Next()
		if errors.Is(err, iavl.ErrorExportDone) {
			break
		}
		if err != nil {
			return err
		}
		if node.Height == 0 {
			leaves++
		}
		b = appendNode(b[:0], node)
	}
	// iavl ends an export quietly when it cannot load a node.
	if leaves != size {
		return fmt.Errorf("the tree gave %d of %d keys", leaves, size)
	}
	_, err := w.Write(binary.AppendUvarint([]byte{tagEnd}, uint64(leaves)))
	return err
}

func appendNode(b []byte, node *iavl.ExportNode) []byte {
	if node.Height > 0 {
		return binary.AppendUvarint(append(b, tagInner), uint64(node.Version))
	}
	b = binary.AppendUvarint(append(b, tagLeaf), uint64(node.Version))
	b = binary.AppendUvarint(b, uint64(len(node.Key)))
	b = append(b, node.Key...)
	b = binary.AppendUvarint(b, uint64(len(node.Value)))
	return append(b, node.Value...)
}
