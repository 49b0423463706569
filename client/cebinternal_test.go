package client

import "github.com/caryaledger/carya/types"

// ReadParcels reads a table of parcels and returns how many it names.
func ReadParcels(data []byte) (int, error) {
	p := parcelTable{}
	err := p.parse(data)
	return len(p), err
}

// LineQuantities are the quantities of a document's lines in the order that the ledger knows, in 10^-5 units.
func LineQuantities(fields []types.DocumentField) ([]int64, error) {
	lines, err := goodsLines(fields)
	var all []int64
	for _, line := range lines {
		all = append(all, line.quantity)
	}
	return all, err
}

// ArchiveSize opens an archive and returns how many documents it holds.
func ArchiveSize(dir string) (int, error) {
	a, err := openArchive(dir)
	if err != nil {
		return 0, err
	}
	return len(a.files), nil
}

// CameBack is cameBack for the only line of a list.
func CameBack(seed types.Secret, pieces uint64, anchor types.Hash) (uint64, bool) {
	return cameBack(seed, pieces, []types.DeclaredLine{{Anchor: anchor}}, 0)
}

// OrderLack is lack.
var OrderLack = lack
