//go:build !js

package store

import (
	"crypto/sha256"
	"encoding/binary"
)

// This file is iavl's disk format and hashing, as far as Import writes them: iavl v1.2.8, node.go, writeBytes (598) and
// writeHashBytes (503). iavl itself reads the result, and a test compares the two.

// rootNonce is the nonce of a version's root.
const rootNonce = 1

// subtree is what a parent has to know of a child.
type subtree struct {
	version int64
	// nonce tells the nodes of one version apart. Import uses the position in the stream, which needs no counter per
	// version.
	nonce  uint32
	height int8
	size   int64
	hash   [sha256.Size]byte
	first  string // its smallest key
}

func nodeKey(version int64, nonce uint32) []byte {
	b := binary.BigEndian.AppendUint64([]byte{'s'}, uint64(version))
	return binary.BigEndian.AppendUint32(b, nonce)
}

func appendLeaf(b []byte, key string, value []byte) []byte {
	b = binary.AppendVarint(b, 0) // height
	b = binary.AppendVarint(b, 1) // size
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

func appendInner(b []byte, t, l, r subtree) []byte {
	b = binary.AppendVarint(b, int64(t.height))
	b = binary.AppendVarint(b, t.size)
	b = binary.AppendUvarint(b, uint64(len(r.first)))
	b = append(b, r.first...)
	b = append(b, sha256.Size)
	b = append(b, t.hash[:]...)
	b = binary.AppendVarint(b, 0) // mode: both children have keys of the form (version, nonce)
	for _, child := range [2]subtree{l, r} {
		b = binary.AppendVarint(b, child.version)
		b = binary.AppendVarint(b, int64(child.nonce))
	}
	return b
}

func hashLeaf(version int64, key string, value []byte) [sha256.Size]byte {
	digest := sha256.Sum256(value)
	b := make([]byte, 0, 64+len(key)+sha256.Size)
	b = binary.AppendVarint(b, 0)
	b = binary.AppendVarint(b, 1)
	b = binary.AppendVarint(b, version)
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	b = append(b, sha256.Size)
	return sha256.Sum256(append(b, digest[:]...))
}

func hashInner(t, l, r subtree) [sha256.Size]byte {
	b := make([]byte, 0, 128)
	b = binary.AppendVarint(b, int64(t.height))
	b = binary.AppendVarint(b, t.size)
	b = binary.AppendVarint(b, t.version)
	b = append(b, sha256.Size)
	b = append(b, l.hash[:]...)
	b = append(b, sha256.Size)
	b = append(b, r.hash[:]...)
	return sha256.Sum256(b)
}
