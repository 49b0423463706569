package prove_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

// forged is a chain whose validators put into headers, states and votes what a test tells them to, right or wrong. Its trees
// are not iavl's shape, which nobody sees who has only their hashes.
type forged struct {
	t       testing.TB
	id      string
	genesis types.Hash
	initial int64 // height of the first block
	keys    []ed25519.PrivKey
	powers  []int64
	state   map[string][]byte
	written map[string]uint64 // block that wrote a record last
	trees   []*treetest.Node  // of the states after the blocks
	headers []*cmt.Header
	leaves  []types.Hash // of chain/blocks
	log     types.History
}

const forgedID = "carya-forged-1"

// forge begins a chain with validators of some powers.
func forge(t testing.TB, powers ...int64) *forged {
	t.Helper()
	f := &forged{
		t: t, id: forgedID, genesis: types.Hash(chaintest.Seed("forged genesis")), initial: 1, powers: powers,
		state: map[string][]byte{}, written: map[string]uint64{},
	}
	for i := range powers {
		f.keys = append(f.keys, ed25519.GenPrivKeyFromSecret(chaintest.Seed(fmt.Sprint("forged validator ", i))))
	}
	f.put(types.KeyParams, map[string]any{"genesis": f.genesis, "chain": f.id})
	return f
}

func (f *forged) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *forged) encode(v any) []byte {
	f.t.Helper()
	data, err := types.Encode(v)
	f.must(err)
	return data
}

// put writes a record in the next block: its CBOR, or what is to be encoded.
func (f *forged) put(key string, value any) {
	raw, ok := value.([]byte)
	if !ok {
		raw = f.encode(value)
	}
	f.state[key] = raw
	f.written[key] = uint64(f.initial) + uint64(len(f.headers))
}

// logged is a record that has nothing but a history.
type logged struct {
	History types.History `json:"history"`
}

// event is the CBOR of a small event.
func (f *forged) event(n int) []byte {
	raw, err := (&types.Event{Height: int64(n) + 1, Time: chaintest.Start, Member: "m", Kind: "Forged", Body: []byte{0xa0}}).Encode()
	f.must(err)
	return raw
}

// events are some small events, and a record whose history they are.
func (f *forged) events(n int) ([][]byte, *logged) {
	list := make([][]byte, n)
	for i := range list {
		list[i] = f.event(i)
	}
	return list, logOf(f.t, list)
}

// logOf makes a record whose history is of events.
func logOf(t testing.TB, events [][]byte) *logged {
	t.Helper()
	r := new(logged)
	for _, raw := range events {
		if err := r.History.Append(types.LeafHash(raw)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// forgeHistory makes a chain whose first block has a record lot/x of n events, and a block after it.
func forgeHistory(t testing.TB, n int) (*forged, [][]byte) {
	t.Helper()
	f := forge(t, 1)
	list, record := f.events(n)
	f.put("lot/x", record)
	f.commit()
	f.commit()
	return f, list
}

// commit makes the next block and returns its height.
func (f *forged) commit(edit ...func(*cmt.Header)) int64 {
	f.t.Helper()
	height := f.initial + int64(len(f.headers))
	h := f.header(height)
	for _, one := range edit {
		one(h)
	}
	f.headers = append(f.headers, h)
	leaf := types.LeafHash(h.Hash())
	f.leaves = append(f.leaves, leaf)
	f.must(f.log.Append(leaf))
	if _, kept := f.state[types.KeyBlocks]; !kept || f.written[types.KeyBlocks] != uint64(height) { // unless a test wrote it
		f.put(types.KeyBlocks, &types.Blocks{History: f.log})
		f.written[types.KeyBlocks] = uint64(height)
	}
	f.trees = append(f.trees, f.tree())
	return height
}

func (f *forged) header(height int64) *cmt.Header {
	hash := f.trust().ValidatorsHash()
	h := &cmt.Header{
		Version: cmtversion.Consensus{Block: 11}, ChainID: f.id, Height: height, Time: time.UnixMilli(chaintest.Start + 1000*height%(1<<40)).UTC(),
		AppHash: chaintest.Seed("no state yet"), DataHash: cmt.Txs{}.Hash(), LastResultsHash: cmt.NewResults(nil).Hash(),
		ValidatorsHash: hash[:], NextValidatorsHash: hash[:], ConsensusHash: chaintest.Seed("consensus"),
		ProposerAddress: f.keys[0].PubKey().Address(),
	}
	if n := len(f.trees); n > 0 {
		root := f.trees[n-1].Hash()
		h.AppHash = root[:]
	}
	return h
}

// tree is the state's tree as it is now.
func (f *forged) tree() *treetest.Node {
	var leaves []*treetest.Node
	for _, key := range slices.Sorted(maps.Keys(f.state)) {
		leaf := treetest.Leaf(key, f.state[key])
		leaf.Version = f.written[key]
		leaves = append(leaves, leaf)
	}
	return treetest.Balanced(leaves...)
}

func (f *forged) trust() *evidence.Trust {
	t := &evidence.Trust{Format: evidence.TrustFormat, Chain: f.id, Genesis: f.genesis, Height: f.initial, Time: chaintest.Start}
	for i, key := range f.keys {
		name := fmt.Sprint("validator-", i)
		t.Validators = append(t.Validators, evidence.Validator{Member: name, Name: name, Key: key.PubKey().Bytes(), Power: uint64(f.powers[i])})
	}
	return t
}

// fields is a header as evidence has it.
func (f *forged) fields(h *cmt.Header) []byte {
	f.t.Helper()
	data, err := prove.Fields(h)
	f.must(err)
	return data
}

// votes are a commit in the making. They are signed as CometBFT signs, by keys in the order of the validators.
type votes struct {
	round int32
	parts cmt.PartSetHeader
	list  []vote
}

type vote struct {
	flag cmt.BlockIDFlag
	time time.Time
}

// sign makes the commit of a header.
func (f *forged) sign(h *cmt.Header, edit ...func(*votes)) []byte {
	f.t.Helper()
	ordered := f.trust().Ordered()
	v := &votes{parts: cmt.PartSetHeader{Total: 1, Hash: chaintest.Seed("parts")}, list: make([]vote, len(ordered))}
	for i := range v.list {
		v.list[i] = vote{cmt.BlockIDFlagCommit, time.UnixMilli(chaintest.Start + 3 + int64(i))}
	}
	for _, one := range edit {
		one(v)
	}
	commit := &cmt.Commit{Height: h.Height, Round: v.round, BlockID: cmt.BlockID{Hash: h.Hash(), PartSetHeader: v.parts}}
	for _, one := range v.list {
		commit.Signatures = append(commit.Signatures, cmt.CommitSig{BlockIDFlag: one.flag, Timestamp: one.time})
	}
	b := binary.AppendUvarint(nil, uint64(v.round))
	b = append(binary.AppendUvarint(b, uint64(v.parts.Total)), v.parts.Hash...)
	for i, one := range v.list {
		if b = append(b, byte(one.flag)); one.flag == cmt.BlockIDFlagAbsent {
			continue
		}
		b = binary.AppendUvarint(b, uint64(one.time.Unix()))
		b = binary.AppendUvarint(b, uint64(one.time.Nanosecond()))
		signature, err := f.keyOf(ordered[i].Key).Sign(commit.VoteSignBytes(h.ChainID, int32(i)))
		f.must(err)
		b = append(b, signature...)
	}
	return b
}

func (f *forged) keyOf(public []byte) ed25519.PrivKey {
	for _, key := range f.keys {
		if string(key.PubKey().Bytes()) == string(public) {
			return key
		}
	}
	f.t.Fatalf("no validator %x", public)
	return nil
}

// at returns the header of a block.
func (f *forged) at(height int64) *cmt.Header { return f.headers[height-f.initial] }

// show says what the trees show: by height of the header, keys; after a question mark only the key.
type show map[int64][]string

// prove makes evidence with the newest of the headers signed.
func (f *forged) prove(claims []evidence.Claim, s show) *evidence.Evidence {
	f.t.Helper()
	heights := slices.Sorted(maps.Keys(s))
	slices.Reverse(heights)
	e := &evidence.Evidence{Format: evidence.Format, Chain: f.id, Genesis: f.genesis, Claims: claims}
	for i, height := range heights {
		keys := s[height]
		h := evidence.Header{Height: height, Header: f.fields(f.at(height))}
		if i == 0 {
			if h.Commit = f.sign(f.at(height)); !slices.Contains(keys, "") {
				keys = append(slices.Clone(keys), types.KeyParams)
				if len(heights) > 1 {
					keys = append(keys, types.KeyBlocks)
				}
			}
		} else {
			h.Path = f.path(height, heights[0])
		}
		if n := height - f.initial - 1; n >= 0 {
			h.Tree = f.prune(f.trees[n], keys)
		}
		e.Headers = append(e.Headers, h)
	}
	return e
}

// prune shows keys of a tree; nil if it shows nothing.
func (f *forged) prune(tree *treetest.Node, keys []string) []byte {
	values, hidden := map[string]bool{}, map[string]bool{}
	for _, key := range keys {
		if key != "" && key[0] == '?' {
			hidden[key[1:]] = true
			continue
		}
		values[key] = true
	}
	if pruned := tree.Prune(values, hidden); pruned != nil {
		return pruned.Write()
	}
	return nil
}

// path is the inclusion proof of a header under a later one.
func (f *forged) path(height, signed int64) []byte {
	f.t.Helper()
	path, err := prove.InclusionAmong(f.leaves[:signed-f.initial], uint64(height-f.initial))
	f.must(err)
	return joined(path)
}

func joined(path []types.Hash) (b []byte) {
	for i := range path {
		b = append(b, path[i][:]...)
	}
	return b
}

// leavesOf hashes the leaves of a log.
func leavesOf(list [][]byte) []types.Hash {
	leaves := make([]types.Hash, len(list))
	for i := range list {
		leaves[i] = types.LeafHash(list[i])
	}
	return leaves
}

// inclusion is the inclusion proof of one of some leaves.
func (f *forged) inclusion(list [][]byte, index int) []byte {
	f.t.Helper()
	path, err := prove.InclusionAmong(leavesOf(list), uint64(index))
	f.must(err)
	return joined(path)
}

// copyOf copies evidence.
func copyOf(e *evidence.Evidence) *evidence.Evidence {
	c := *e
	c.Claims, c.Headers = slices.Clone(e.Claims), slices.Clone(e.Headers)
	for i := range c.Claims {
		one := &c.Claims[i]
		one.Digest, one.Path, one.Transaction, one.Results = slices.Clone(one.Digest), slices.Clone(one.Path), slices.Clone(one.Transaction), slices.Clone(one.Results)
		one.Events = slices.Clone(one.Events)
		for j := range one.Events {
			one.Events[j] = slices.Clone(one.Events[j])
		}
		one.Codes = slices.Clone(one.Codes)
		if d := one.Document; d != nil {
			part := *d
			part.Fields = slices.Clone(d.Fields)
			for j := range part.Fields {
				part.Fields[j].Proof = slices.Clone(part.Fields[j].Proof)
			}
			one.Document = &part
		}
	}
	for i := range c.Headers {
		h := &c.Headers[i]
		h.Header, h.Commit, h.Path, h.Tree = slices.Clone(h.Header), slices.Clone(h.Commit), slices.Clone(h.Path), slices.Clone(h.Tree)
	}
	return &c
}
