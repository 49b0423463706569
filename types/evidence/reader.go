package evidence

import (
	"github.com/caryaledger/carya/types"
)

// reader reads the binary parts. After the first fault it returns zeros; bad says that there was one.
type reader struct {
	data []byte
	bad  bool
}

// uvarint reads an unsigned LEB128 number of at most 2^53-1 in its shortest form.
func (r *reader) uvarint() uint64 {
	var n uint64
	for shift := 0; shift < 56; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if b == 0 && shift > 0 || n > types.MaxInteger {
				break
			}
			return n
		}
	}
	r.bad = true
	return 0
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// bytes returns the next n bytes, nil if there are fewer; the slice is a part of the file.
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

// hashes splits a Merkle path.
func hashes(path []byte) ([][]byte, bool) {
	if len(path)%32 != 0 {
		return nil, false
	}
	list := make([][]byte, 0, len(path)/32)
	for ; len(path) > 0; path = path[32:] {
		list = append(list, path[:32:32])
	}
	return list, true
}
