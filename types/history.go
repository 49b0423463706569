package types

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// History commits a record to everything that ever happened to it: the compact range
// of an RFC 6962 Merkle log whose leaves are the record's events in order. Size is
// the number of events; Peaks are the roots of the perfect subtrees, largest first,
// one for each bit set in Size.
type History struct {
	Size  uint64 `json:"size"`
	Peaks []Hash `json:"peaks"`
}

// Record is what the state holds: every record has a history.
type Record interface{ Log() *History }

// Event is one body that took effect, in the words that a history commits to.
type Event struct {
	Tx     Hash            `json:"tx"`    // digest of the transaction, zero for genesis
	Index  uint64          `json:"index"` // of the body within it
	Height int64           `json:"height"`
	Time   int64           `json:"time"` // of the block, Unix milliseconds
	Member string          `json:"member"`
	Kind   string          `json:"kind"`
	Body   cbor.RawMessage `json:"body"` // the body's one encoding
}

// Blocks is the chain's own history: record chain/blocks. Its leaves are the hashes of
// all blocks from the initial height on.
type Blocks struct {
	History History `json:"history"`
}

func (b *Blocks) Log() *History { return &b.History }

var ranges = &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// LeafHash is the RFC 6962 hash of a leaf.
func LeafHash(data []byte) Hash { return Hash(rfc6962.DefaultHasher.HashLeaf(data)) }

// Append adds a leaf hash to the history.
func (h *History) Append(leaf Hash) error {
	r, err := h.compact()
	if err != nil {
		return err
	}
	if err := r.Append(leaf[:], nil); err != nil {
		return fmt.Errorf("append to a history of %d: %w", h.Size, err)
	}
	h.Size++
	h.Peaks = make([]Hash, len(r.Hashes()))
	for i, p := range r.Hashes() {
		h.Peaks[i] = Hash(p)
	}
	return nil
}

// Root returns the RFC 6962 root of the log.
func (h *History) Root() (Hash, error) {
	r, err := h.compact()
	if err != nil {
		return Hash{}, err
	}
	if h.Size == 0 {
		return Hash(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		return Hash{}, fmt.Errorf("root of a history of %d: %w", h.Size, err)
	}
	return Hash(root), nil
}

// Equal reports whether both histories commit to the same events.
func (h *History) Equal(o *History) bool {
	if h.Size != o.Size || len(h.Peaks) != len(o.Peaks) {
		return false
	}
	for i := range h.Peaks {
		if h.Peaks[i] != o.Peaks[i] {
			return false
		}
	}
	return true
}

func (h *History) compact() (*compact.Range, error) {
	peaks := make([][]byte, len(h.Peaks), len(h.Peaks)+1)
	for i := range h.Peaks {
		peaks[i] = h.Peaks[i][:]
	}
	r, err := ranges.NewRange(0, h.Size, peaks)
	if err != nil {
		return nil, fmt.Errorf("history of %d events with %d peaks: %w", h.Size, len(h.Peaks), err)
	}
	return r, nil
}

// Encode returns the event's one encoding: the bytes a history's leaf hashes.
func (e *Event) Encode() ([]byte, error) { return Encode(e) }

// DecodeEvent reads an event's one encoding; the body stays encoded.
func DecodeEvent(data []byte) (*Event, error) {
	var e Event
	if err := Decode(data, &e); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	return &e, nil
}
