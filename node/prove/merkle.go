package prove

import (
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/caryaledger/carya/types"
)

// leaves hashes events as histories do.
func leaves(events [][]byte) []types.Hash {
	list := make([]types.Hash, len(events))
	for i, raw := range events {
		list[i] = types.LeafHash(raw)
	}
	return list
}

// InclusionAmong is the RFC 6962 proof of a leaf among all leaves of a log.
func InclusionAmong(leaves []types.Hash, index uint64) ([]types.Hash, error) {
	return Inclusion(index, uint64(len(leaves)), above(leaves))
}

// consistency is the RFC 6962 proof that the first leaves are a beginning of them all.
func consistency(leaves []types.Hash, size uint64) ([]types.Hash, error) {
	nodes, err := proof.Consistency(size, uint64(len(leaves)))
	if err != nil {
		return nil, fmt.Errorf("consistency of %d with %d leaves: %w", size, len(leaves), err)
	}
	return fill(nodes, above(leaves))
}

// Inclusion is the RFC 6962 proof of a leaf in a log of a size, from the hashes of perfect subtrees.
func Inclusion(index, size uint64, subtree func(level uint, index uint64) (types.Hash, error)) ([]types.Hash, error) {
	nodes, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, fmt.Errorf("inclusion of leaf %d of %d: %w", index, size, err)
	}
	return fill(nodes, subtree)
}

func fill(nodes proof.Nodes, subtree func(level uint, index uint64) (types.Hash, error)) ([]types.Hash, error) {
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		h, err := subtree(id.Level, id.Index)
		if err != nil {
			return nil, err
		}
		hashes[i] = h[:]
	}
	hashes, err := nodes.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
	if err != nil {
		return nil, err
	}
	path := make([]types.Hash, len(hashes))
	for i := range hashes {
		path[i] = types.Hash(hashes[i])
	}
	return path, nil
}

// above computes perfect subtrees over leaves.
func above(leaves []types.Hash) func(level uint, index uint64) (types.Hash, error) {
	return func(level uint, index uint64) (types.Hash, error) {
		begin, end := compact.NewNodeID(level, index).Coverage()
		return perfect(leaves[begin:end]), nil
	}
}

// perfect is the root over a power of two of leaves.
func perfect(leaves []types.Hash) types.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	left, right := perfect(leaves[:len(leaves)/2]), perfect(leaves[len(leaves)/2:])
	return types.Hash(rfc6962.DefaultHasher.HashChildren(left[:], right[:]))
}
