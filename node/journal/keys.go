package journal

import (
	"encoding/binary"
	"fmt"

	"github.com/caryaledger/carya/types"
)

// The keys, format 2. Numbers are big-endian, so that keys sort by height.
//
//	b height             a block's one encoding
//	k key 00 height n    where in the block the n-th event of that record stands: its span
//	t digest             where a transaction stands: height, index, its span
//	h level index        root of a perfect subtree over the hashes of blocks (hashes.go)
//	s                    backfill in progress (staging.go); gone when it is over
//
// A span is the place of a value's one encoding within the encoding of its block. n
// counts pairs of event and record within the block, because an event can enter one
// record's history twice.
const (
	keyBlock   = "b"
	keyRecord  = "k"
	keyTx      = "t"
	keySubtree = "h"
	keyStaging = "s"
)

// after is the end of the keys that begin with a space's letters.
func after(space string) []byte {
	end := []byte(space)
	end[len(end)-1]++
	return end
}

// span is where a value stands within the encoding of its block.
type span struct{ offset, length uint32 }

func (s span) of(block []byte) ([]byte, error) {
	end := uint64(s.offset) + uint64(s.length)
	if end > uint64(len(block)) {
		return nil, fmt.Errorf("the index points at bytes %d to %d of a block of %d", s.offset, end, len(block))
	}
	return block[s.offset:end:end], nil
}

func (s span) append(b []byte) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, s.offset), s.length)
}

func readSpan(b []byte) (span, error) {
	if len(b) != 8 {
		return span{}, fmt.Errorf("index entry of %d bytes, want 8", len(b))
	}
	return span{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}, nil
}

func appendHeight(b []byte, height int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(height))
}

func blockKey(height int64) []byte { return appendHeight([]byte(keyBlock), height) }

func txKey(digest types.Hash) []byte { return append([]byte(keyTx), digest[:]...) }

// recordPrefix begins the index entries of one record.
func recordPrefix(space, key string) []byte {
	b := make([]byte, 0, len(space)+len(key)+13)
	b = append(b, space...)
	b = append(b, key...)
	return append(b, 0)
}

func recordKey(space, key string, height int64, n int) []byte {
	return binary.BigEndian.AppendUint32(appendHeight(recordPrefix(space, key), height), uint32(n))
}

// splitRecordKey is the inverse of recordKey.
func splitRecordKey(space string, b []byte) (key string, height int64, err error) {
	end := len(b) - 13
	if end < len(space) || b[end] != 0 {
		return "", 0, fmt.Errorf("%q is not a key of the index", b)
	}
	return string(b[len(space):end]), int64(binary.BigEndian.Uint64(b[end+1:])), nil
}

// place is where a transaction stands.
type place struct {
	height int64
	index  uint32
	span   span
}

func (p place) encode() []byte {
	return p.span.append(binary.BigEndian.AppendUint32(appendHeight(nil, p.height), p.index))
}

func readPlace(b []byte) (place, error) {
	if len(b) != 20 {
		return place{}, fmt.Errorf("index entry of %d bytes, want 20", len(b))
	}
	s, err := readSpan(b[12:])
	return place{int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint32(b[8:]), s}, err
}
