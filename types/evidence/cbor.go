package evidence

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/caryaledger/carya/types"
)

// What validators agreed upon is read with these bounds, which are those of all verifiers.
const (
	maxNesting  = 32
	maxElements = 1 << 20 // of an array
	maxPairs    = 1 << 17 // of a map
)

// negative is the integer -1-n.
type negative uint64

// readMap reads a record or an event: a map in deterministic CBOR (RFC 8949 §4.2.1) with text names, no tags and no floating
// point numbers. It may have members that this program does not know. Values are uint64, negative, []byte, string, []any,
// map[string]any, bool and nil. Of anything else it returns nil.
func readMap(data []byte) map[string]any {
	m, _ := readCBOR(data)
	return m
}

// exact reports whether a map can be read and all integers in it are within ±(2^53-1): others are not the same in all
// languages.
func exact(data []byte) bool {
	m, wide := readCBOR(data)
	return m != nil && !wide
}

func readCBOR(data []byte) (m map[string]any, wide bool) {
	r := cborReader{reader: reader{data: data}}
	m, ok := r.item(0).(map[string]any)
	if !ok || r.bad || len(r.data) > 0 {
		return nil, false
	}
	return m, r.wide
}

type cborReader struct {
	reader
	wide bool // there was an integer beyond ±(2^53-1)
}

// item reads a data item with so many arrays and maps around it.
func (r *cborReader) item(depth int) any {
	first := r.byte()
	n := r.argument(first & 31)
	switch first >> 5 {
	case 0:
		r.wide = r.wide || !isInteger(n)
		return n
	case 1:
		r.wide = r.wide || !isInteger(negative(n))
		return negative(n)
	case 2:
		return r.bytes(n)
	case 3:
		return r.text(n)
	case 4:
		return r.array(n, depth)
	case 5:
		return r.pairs(n, depth)
	}
	if first < 0xf4 || first > 0xf6 { // neither false, true nor null
		r.bad = true
	}
	if first == 0xf6 {
		return nil
	}
	return first == 0xf5
}

// argument reads the number in an item's head, which has one form.
func (r *cborReader) argument(info byte) uint64 {
	if info < 24 {
		return uint64(info)
	}
	if info > 27 {
		r.bad = true
		return 0
	}
	width := 1 << (info - 24)
	var wide [8]byte
	copy(wide[8-width:], r.bytes(uint64(width)))
	n := binary.BigEndian.Uint64(wide[:])
	if info == 24 && n < 24 || info > 24 && n>>(4*width) == 0 {
		r.bad = true // it fits into less
	}
	return n
}

func (r *cborReader) text(n uint64) string {
	b := r.bytes(n)
	if !utf8.Valid(b) {
		r.bad = true
	}
	return string(b)
}

func (r *cborReader) array(n uint64, depth int) any {
	if depth == maxNesting || n > maxElements {
		r.bad = true
	}
	list := []any{}
	for ; n > 0 && !r.bad; n-- {
		list = append(list, r.item(depth+1))
	}
	return list
}

// pairs reads a map: its names ascend in their encoding.
func (r *cborReader) pairs(n uint64, depth int) any {
	if depth == maxNesting || n > maxPairs {
		r.bad = true
	}
	m, last := map[string]any{}, []byte(nil)
	for ; n > 0 && !r.bad; n-- {
		begin := r.data
		name, ok := r.item(depth + 1).(string)
		key := begin[:len(begin)-len(r.data)]
		if !ok || bytes.Compare(last, key) >= 0 {
			r.bad = true
		}
		m[name], last = r.item(depth+1), key
	}
	return m
}

func isHash(v any) bool {
	b, ok := v.([]byte)
	return ok && len(b) == 32
}

// isInteger reports whether a value is an integer within ±(2^53-1).
func isInteger(v any) bool {
	switch n := v.(type) {
	case uint64:
		return n <= types.MaxInteger
	case negative:
		return n < types.MaxInteger
	}
	return false
}

func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

// readHistory reads the history in a record.
func readHistory(record map[string]any) (log types.History, ok bool) {
	h, _ := record["history"].(map[string]any)
	peaks, ok := h["peaks"].([]any)
	if !ok || !isInteger(h["size"]) {
		return log, false
	}
	if log.Size, ok = h["size"].(uint64); !ok {
		return log, false
	}
	for _, p := range peaks {
		if !isHash(p) {
			return log, false
		}
		log.Peaks = append(log.Peaks, types.Hash(p.([]byte)))
	}
	_, err := log.Root()
	return log, err == nil
}

// isEvent reports whether a map has the members of an event.
func isEvent(m map[string]any) bool {
	_, body := m["body"]
	index, ok := m["index"].(uint64)
	return isHash(m["tx"]) && ok && isInteger(index) && isInteger(m["height"]) && isInteger(m["time"]) &&
		isText(m["member"]) && isText(m["kind"]) && body
}
