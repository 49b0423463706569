package app

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types"
)

// Live is the set of digests that were executed and have not expired: what makes a
// transaction execute once. It is kept in memory; the state commits to it with one leaf
// for each block, and the list of each block lies beside the state.
type Live struct {
	set    map[types.Hash]struct{}
	blocks []LiveBlock // oldest first
}

// LiveBlock is the digests that one block executed, in block order.
type LiveBlock struct {
	Height  int64        `json:"height"`
	Until   int64        `json:"until"` // the latest expiry, Unix milliseconds
	Digests []types.Hash `json:"digests"`
}

// LiveDigest is one executed transaction and when it expires.
type LiveDigest struct {
	Digest  types.Hash
	Expires int64
}

// LiveKey is the key of a block's leaf in the state.
func LiveKey(height int64) string { return fmt.Sprintf("%s/%016d", types.PrefixLive, height) }

// LiveHeight returns the height in a leaf's key.
func LiveHeight(key string) (int64, bool) {
	digits, ok := strings.CutPrefix(key, types.PrefixLive+"/")
	if !ok {
		return 0, false
	}
	height, err := strconv.ParseInt(digits, 10, 64)
	return height, err == nil
}

// NewLive returns an empty set.
func NewLive() *Live { return &Live{set: map[types.Hash]struct{}{}} }

// Has reports whether the digest was executed and is still live.
func (l *Live) Has(d types.Hash) bool { _, ok := l.set[d]; return ok }

// Len returns how many digests are live.
func (l *Live) Len() int { return len(l.set) }

// Commit enters a block that was executed at a time and drops what has expired.
// Blocks come in order of height.
func (l *Live) Commit(b LiveBlock, now int64) {
	kept := l.blocks[:0]
	for _, old := range l.blocks {
		if old.Until >= now {
			kept = append(kept, old)
			continue
		}
		for _, d := range old.Digests {
			delete(l.set, d)
		}
	}
	l.blocks = kept
	l.Load(b)
}

// Load enters a block's digests when the set is rebuilt at start.
func (l *Live) Load(b LiveBlock) {
	if len(b.Digests) == 0 {
		return
	}
	l.blocks = append(l.blocks, b)
	for _, d := range b.Digests {
		l.set[d] = struct{}{}
	}
}

// Blocks returns the blocks with live digests, oldest first.
func (l *Live) Blocks() []LiveBlock { return append([]LiveBlock(nil), l.blocks...) }

// expired lists the heights whose digests have all expired at that time.
func (l *Live) expired(now int64) []int64 {
	var heights []int64
	for _, b := range l.blocks {
		if b.Until < now {
			heights = append(heights, b.Height)
		}
	}
	return heights
}

func newLiveBlock(height int64, list []LiveDigest) LiveBlock {
	b := LiveBlock{Height: height}
	for _, d := range list {
		b.Digests = append(b.Digests, d.Digest)
		b.Until = max(b.Until, d.Expires)
	}
	return b
}

// leaf is what the state holds of the block's digests.
func (b *LiveBlock) leaf() *types.LiveDigests {
	h := sha256.New()
	for _, d := range b.Digests {
		h.Write(d[:])
	}
	return &types.LiveDigests{Digests: types.Hash(h.Sum(nil)), Count: uint64(len(b.Digests)), Until: b.Until}
}

// Check compares a block's list with the leaf that the state holds of it.
func (b *LiveBlock) Check(leaf []byte) error {
	want, err := types.Encode(b.leaf())
	if err != nil {
		return err
	}
	if string(want) != string(leaf) {
		return fmt.Errorf("the digests of block %d are not those that the state commits to", b.Height)
	}
	return nil
}
