package prove_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

func (w *vectorMaker) badChain() {
	restarted := chaintest.NewFrom(w.t, func(g *types.Genesis) { g.Time++ })
	w.trusts[trustOther] = restarted.Trust()
	other := chaintest.NewFrom(w.t, func(g *types.Genesis) { g.Chain = "carya-test-2" })
	w.trusts[trustChain] = other.Trust()
	powers := w.town.Trust()
	powers.Validators[0].Power, powers.Validators[1].Power = 39, 21
	w.trusts[trustPowers] = powers
	blockOne := evidence.Ask{Claim: evidence.ClaimBlock, Height: 1}
	theirs := restarted.Prove(blockOne)

	w.bad("chain-restarted", trustTown, evidence.ChainDiffers, -1, "of a chain that was begun anew with the same keys", theirs, func(*evidence.Evidence) {})
	w.bad("chain-trust-restarted", trustOther, evidence.ChainDiffers, -1, "the trust file is of a chain that was begun anew", w.record, func(*evidence.Evidence) {})
	w.bad("chain-other", trustChain, evidence.ChainDiffers, -1, "the trust file is of another chain", w.record, func(*evidence.Evidence) {})
	w.bad("chain-name", trustTown, evidence.ChainDiffers, -1, "another chain's name", w.record, func(e *evidence.Evidence) { e.Chain = "carya-test-2" })
	w.bad("chain-empty", trustTown, evidence.ChainDiffers, -1, "no chain's name", w.record, func(e *evidence.Evidence) { e.Chain = "" })
	w.bad("chain-long", trustTown, evidence.ChainDiffers, -1, "a chain's name of 300 characters", w.record, func(e *evidence.Evidence) { e.Chain = strings.Repeat("c", 300) })
	w.bad("chain-genesis", trustTown, evidence.ChainDiffers, -1, "another genesis", w.record, func(e *evidence.Evidence) { e.Genesis[31] ^= 1 })

	w.bad("validators-powers", trustPowers, evidence.ValidatorsDiffer, -1, "the trust file gives two validators other powers", w.record, func(*evidence.Evidence) {})
	fewer := forge(w.t, 1, 1, 1)
	w.trusts[trustThirds] = fewer.trust()
	w.bad("validators-fewer", trustThirds, evidence.ValidatorsDiffer, -1, "the trust file has more validators than the header", w.small(), func(*evidence.Evidence) {})
	w.bad("validators-header", trustOne, evidence.ValidatorsDiffer, -1, "the header is of other validators, and signed by none", w.small(), func(e *evidence.Evidence) {
		h := forge(w.t, 2).header(2)
		e.Headers[0].Header = w.one().fields(h)
	})
	w.bad("validators-short", trustOne, evidence.ValidatorsDiffer, -1, "the header's validators hash is 31 bytes", w.small(), fieldEdit(7, func(b []byte) []byte { return append([]byte{0x0a, 31}, b[3:]...) }))
	w.bad("validators-none", trustOne, evidence.ValidatorsDiffer, -1, "the header has no validators hash", w.small(), fieldEdit(7, func([]byte) []byte { return nil }))

	w.bad("genesis-restarted", trustTown, evidence.GenesisDiffers, -1, "of a chain that was begun anew with the same keys, and says it is not", theirs, func(e *evidence.Evidence) { e.Genesis = w.town.Hash })
	w.bad("genesis-no-tree", trustOne, evidence.GenesisDiffers, -1, "the signed header has no tree", w.small(), func(e *evidence.Evidence) { e.Headers[0].Tree = nil })
	f := w.one()
	f.put("lot/x", []byte{0xa0})
	f.commit()
	f.commit()
	claim := []evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}
	w.bad("genesis-not-shown", trustOne, evidence.GenesisDiffers, -1, "the tree does not show chain/params", f.prove(claim, show{2: {"lot/x", ""}}), func(*evidence.Evidence) {})
	w.bad("genesis-hidden", trustOne, evidence.GenesisDiffers, -1, "the tree shows that there is chain/params, but not what it says", f.prove(claim, show{2: {"lot/x", "?" + types.KeyParams, ""}}), func(*evidence.Evidence) {})
	says := func(name, why string, value any) {
		f := w.one()
		f.put(types.KeyParams, value)
		f.commit()
		f.commit()
		w.bad("genesis-"+name, trustOne, evidence.GenesisDiffers, -1, why, f.prove(claim, show{2: {}}), func(*evidence.Evidence) {})
	}
	says("other", "chain/params names another genesis", map[string]any{"genesis": types.Hash{1}, "chain": f.id})
	says("other-chain", "chain/params names another chain", map[string]any{"genesis": f.genesis, "chain": "carya-forged-2"})
	says("no-chain", "chain/params names no chain", map[string]any{"genesis": f.genesis})
	says("no-genesis", "chain/params names no genesis", map[string]any{"chain": f.id})
	says("short", "chain/params names a genesis of 31 bytes", map[string]any{"genesis": f.genesis[1:], "chain": f.id})
	says("case", "chain/params names them in capitals", map[string]any{"Genesis": f.genesis, "Chain": f.id})
	says("list", "chain/params is no map", []any{f.genesis, f.id})
	says("no-cbor", "chain/params is no CBOR", []byte{0xff})
	says("trailing", "chain/params has something after its end", append(f.encode(map[string]any{"genesis": f.genesis, "chain": f.id}), 0))
}

// fieldEdit changes one of the 14 fields of the first header.
func fieldEdit(field int, change func([]byte) []byte) func(*evidence.Evidence) {
	return fieldEditOf(0, field, change)
}

func fieldEditOf(header, field int, change func([]byte) []byte) func(*evidence.Evidence) {
	return func(e *evidence.Evidence) {
		h := &e.Headers[header]
		fields := fieldsOf(h.Header)
		fields[field] = change(fields[field])
		h.Header = fieldsJoined(fields)
	}
}

func fieldsOf(header []byte) (fields [][]byte) {
	for len(header) > 0 {
		n := int(header[0])
		fields, header = append(fields, slices.Clone(header[1:1+n])), header[1+n:]
	}
	return fields
}

func fieldsJoined(fields [][]byte) (header []byte) {
	for _, f := range fields {
		header = append(append(header, byte(len(f))), f...)
	}
	return header
}

func (w *vectorMaker) badHeader() {
	for i, which := range []string{"signed", "older"} {
		base := w.olderBlock()
		bad := func(name, why string, change func(*evidence.Evidence)) {
			w.bad("header-"+which+"-"+name, trustOne, evidence.HeaderInvalid, -1, why, base, change)
		}
		field := func(name, why string, field int, change func([]byte) []byte) {
			bad(name, why, fieldEditOf(i, field, change))
		}
		to := func(b ...byte) func([]byte) []byte { return func([]byte) []byte { return b } }
		bad("empty", "no header", func(e *evidence.Evidence) { e.Headers[i].Header = []byte{} })
		bad("13-fields", "13 fields", func(e *evidence.Evidence) {
			e.Headers[i].Header = fieldsJoined(fieldsOf(e.Headers[i].Header)[:13])
		})
		bad("15-fields", "15 fields", func(e *evidence.Evidence) { e.Headers[i].Header = append(e.Headers[i].Header, 0) })
		bad("truncated", "the last byte is missing", func(e *evidence.Evidence) { e.Headers[i].Header = e.Headers[i].Header[:len(e.Headers[i].Header)-1] })
		bad("long-field", "a field of 128 bytes", func(e *evidence.Evidence) {
			fields := fieldsOf(e.Headers[i].Header)
			fields[9] = make([]byte, 128)
			e.Headers[i].Header = fieldsJoined(fields)
		})
		field("chain", "of another chain", 1, func(b []byte) []byte { b[len(b)-1]++; return b })
		field("chain-length", "a chain's name that is shorter than it says", 1, func(b []byte) []byte { return b[:len(b)-1] })
		field("height", "of another height", 2, func(b []byte) []byte { b[1]++; return b })
		field("height-none", "of no height", 2, to())
		field("height-long", "a height in two bytes where one would do", 2, func(b []byte) []byte { return []byte{8, b[1] | 0x80, 0} })
		field("time-before", "a moment before 1970", 3, to(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))
		field("time-after", "a moment after the year 9999", 3, func([]byte) []byte { return binary.AppendUvarint([]byte{8}, 253_402_300_800) })
		field("time-nanos", "a thousand million nanoseconds", 3, func([]byte) []byte { return binary.AppendUvarint([]byte{8, 1, 0x10}, 1e9) })
		field("time-zero", "a zero that has to be left out", 3, to(8, 0))
		field("time-zero-nanos", "a zero that has to be left out", 3, to(8, 1, 0x10, 0))
		field("time-order", "nanoseconds before seconds", 3, to(0x10, 1, 8, 1))
		field("time-long", "a number in two bytes where one would do", 3, to(8, 0x81, 0))
		field("time-trailing", "something after the time", 3, to(8, 1, 0x10, 1, 0x18, 1))
		field("app-short", "an AppHash of 31 bytes", 10, func(b []byte) []byte { return append([]byte{0x0a, 31}, b[3:]...) })
		field("app-none", "no AppHash", 10, to())
		field("app-long", "an AppHash of 33 bytes", 10, func(b []byte) []byte { return append(append([]byte{0x0a, 33}, b[2:]...), 0) })
		bad("says", "of another height than the file says", func(e *evidence.Evidence) { e.Headers[i].Height++ })
	}
}

// olderBlock is evidence of block 1 under the signed block 4.
func (w *vectorMaker) olderBlock() *evidence.Evidence {
	f := w.one()
	for range 5 {
		f.commit()
	}
	return f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{5: {}, 2: {types.KeyParams}})
}

func (w *vectorMaker) badCommit() {
	f := forge(w.t, 1, 1, 1)
	f.commit()
	f.commit()
	f.commit()
	base := f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
	invalid := func(name, why string, change func([]byte) []byte) {
		w.bad("commit-"+name, trustThirds, evidence.CommitInvalid, -1, why, base, func(e *evidence.Evidence) { e.Headers[0].Commit = change(e.Headers[0].Commit) })
	}
	const head = 1 + 1 + 32 // round, parts, hash of the parts
	each := (len(base.Headers[0].Commit) - head) / 3
	invalid("truncated", "the last byte is missing", func(b []byte) []byte { return b[:len(b)-1] })
	invalid("trailing", "something after the end", func(b []byte) []byte { return append(b, 0) })
	invalid("two-votes", "two votes of three validators", func(b []byte) []byte { return b[:head+2*each] })
	invalid("four-votes", "four votes of three validators", func(b []byte) []byte { return append(b, b[head:head+each]...) })
	invalid("no-votes", "no votes", func(b []byte) []byte { return b[:head] })
	invalid("one-byte", "one byte", func(b []byte) []byte { return b[:1] })
	for _, flag := range []byte{0, 4, 255} {
		invalid(fmt.Sprintf("flag-%d", flag), "a vote of a kind that is not known", func(b []byte) []byte { b[head] = flag; return b })
	}
	invalid("round", "a round of 2^31", func(b []byte) []byte { return append([]byte{0x80, 0x80, 0x80, 0x80, 0x08}, b[1:]...) })
	invalid("round-long", "a round in two bytes where one would do", func(b []byte) []byte { return append([]byte{0x80, 0x00}, b[1:]...) })
	invalid("parts", "2^32 parts", func(b []byte) []byte { return append([]byte{0, 0x80, 0x80, 0x80, 0x80, 0x10}, b[2:]...) })
	timed := func(name, why string, seconds, nanos uint64) {
		invalid(name, why, func(b []byte) []byte {
			time := binary.AppendUvarint(binary.AppendUvarint([]byte{2}, seconds), nanos)
			return slices.Concat(b[:head], time, b[head+each-64:])
		})
	}
	timed("time", "a vote after the year 9999", 253_402_300_800, 0)
	timed("nanos", "a thousand million nanoseconds", 1, 1e9)
	timed("time-2-53", "a vote 2^53 seconds after 1970", 1<<53, 0)

	unsigned := func(name, why string, change func([]byte) []byte) {
		w.bad("signature-"+name, trustThirds, evidence.SignatureInvalid, -1, why, base, func(e *evidence.Evidence) { e.Headers[0].Commit = change(e.Headers[0].Commit) })
	}
	unsigned("bit", "a bit of a signature is another", func(b []byte) []byte { b[len(b)-64] ^= 1; return b })
	unsigned("zero", "signatures of zeros", func(b []byte) []byte { clear(b[len(b)-64:]); return b })
	unsigned("swapped", "two validators' votes are swapped", func(b []byte) []byte {
		return slices.Concat(b[:head], b[head+each:head+2*each], b[head:head+each], b[head+2*each:])
	})
	unsigned("repeated", "one validator's vote thrice", func(b []byte) []byte {
		return slices.Concat(b[:head], b[head:head+each], b[head:head+each], b[head:head+each])
	})
	unsigned("round", "votes of round 0 in a commit of round 1", func(b []byte) []byte { b[0] = 1; return b })
	unsigned("parts", "votes for another number of parts", func(b []byte) []byte { b[1]++; return b })
	unsigned("parts-hash", "votes for other parts", func(b []byte) []byte { b[2]++; return b })
	unsigned("nil", "a vote for the block is said to be for none", func(b []byte) []byte { b[head+2*each] = 3; return b })
	unsigned("time", "a vote at another moment", func(b []byte) []byte { b[head+1+1]++; return b })
	unsigned("other-height", "votes for the next block", func([]byte) []byte { return f.sign(f.at(3)) })
	unsigned("other-chain", "votes on another chain", func([]byte) []byte {
		h := *f.at(2)
		h.ChainID = "carya-forged-2"
		return f.sign(&h)
	})
	unsigned("malleable", "the group's order is added to S", func(b []byte) []byte {
		order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}
		s, carry := b[len(b)-32:], 0
		for i := range s {
			carry += int(s[i]) + int(order[i])
			s[i], carry = byte(carry), carry>>8
		}
		return b
	})
	unsigned("header", "the header was changed after it was signed", func(b []byte) []byte { return b })
	last := &w.list[len(w.list)-1]
	e := copyOf(base)
	fieldEdit(9, func(b []byte) []byte { b[5]++; return b })(e)
	last.data = compact(w.t, e)
	unsigned("nil-forged", "a vote for no block that is not signed; two thirds would be there without it", func([]byte) []byte {
		b := f.sign(f.at(2), func(v *votes) { v.list[2].flag = cmt.BlockIDFlagNil })
		b[len(b)-1] ^= 0x80
		return b
	})

	short := func(name, trust, why string, f *forged, edit func(*votes)) {
		e := f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
		e.Headers[0].Commit = f.sign(f.at(2), edit)
		w.bad("power-"+name, trust, evidence.PowerShort, -1, why, e, func(*evidence.Evidence) {})
	}
	short("two-thirds", trustThirds, "two of three signed: two thirds, and not more", f, func(v *votes) { v.list[1].flag = cmt.BlockIDFlagAbsent })
	short("nil", trustThirds, "one of three voted for no block", f, func(v *votes) { v.list[2].flag = cmt.BlockIDFlagNil })
	short("none", trustThirds, "all are absent", f, func(v *votes) {
		for i := range v.list {
			v.list[i].flag = cmt.BlockIDFlagAbsent
		}
	})
	short("all-nil", trustThirds, "all voted for no block", f, func(v *votes) {
		for i := range v.list {
			v.list[i] = vote{cmt.BlockIDFlagNil, time.Unix(1, 0)}
		}
	})
	g := forge(w.t, 34, 33, 33)
	g.commit()
	g.commit()
	short("66", trustJust, "66 of 100 signed", g, func(v *votes) { v.list[0].flag = cmt.BlockIDFlagAbsent })
	l := forge(w.t, 1<<50-1, 1)
	l.commit()
	l.commit()
	short("large", trustLarge, "1 of 2^50 signed", l, func(v *votes) { v.list[0].flag = cmt.BlockIDFlagAbsent })
}

func (w *vectorMaker) badTree() {
	f := w.one()
	params := treetest.Leaf(types.KeyParams, f.state[types.KeyParams])
	lot := treetest.Leaf("lot/x", []byte{0xa0})
	two := treetest.Balanced(params, lot)
	claim := claimOf(evidence.ClaimRecord, types.KeyParams, 1)
	invalid := func(name, why string, tree []byte) {
		w.bad("tree-"+name, trustOne, evidence.TreeInvalid, -1, why, f.under(two, claim), func(e *evidence.Evidence) { e.Headers[0].Tree = tree })
	}
	node := func(name, why string, tree *treetest.Node) { invalid(name, why, tree.Write()) }
	good := two.Write()
	invalid("truncated", "the last byte is missing", good[:len(good)-1])
	invalid("trailing", "something after the end", append(bytes.Clone(good), 0))
	invalid("two", "two trees", append(bytes.Clone(good), good...))
	for _, tag := range []byte{0, 6, 255} {
		invalid(fmt.Sprintf("tag-%d", tag), "a node of a kind that is not known", append([]byte{tag}, good[1:]...))
	}
	invalid("both-alone", "a node without children", []byte{3, 1})
	node("descending", "keys in descending order", treetest.Balanced(lot, params))
	invalid("equal", "the same key twice", slices.Concat([]byte{3, 1}, params.Write(), []byte{1, 1, byte(len(types.KeyParams)), 0, 1, 0xa0}))
	invalid("shared-less", "a key that begins as the one before, which is not said", slices.Concat([]byte{3, 1}, params.Write(), []byte("\x01\x01\x00\x0dchain/params2\x01\xa0")))
	invalid("shared-more", "a key that shares more than there is", slices.Concat([]byte{3, 1}, params.Write(), []byte("\x01\x01\x0d\x01x\x01\xa0")))
	invalid("shared-first", "the first key shares", []byte("\x01\x01\x01\x00\x01\xa0"))
	invalid("shared-huge", "a key that shares 2^53-1 bytes", slices.Concat([]byte{3, 1}, params.Write(), []byte("\x01\x01\xff\xff\xff\xff\xff\xff\xff\x0f\x01x\x01\xa0")))
	invalid("key-empty", "an empty key", []byte("\x01\x01\x00\x00\x01\xa0"))
	node("key-long", "a key of 1,025 bytes", treetest.Balanced(params, treetest.Leaf("lot/"+strings.Repeat("x", 1021), []byte{0xa0})))
	node("key-long-shared", "a key of 1,025 bytes, of which it shares 1,024", treetest.Balanced(
		treetest.Leaf("a", []byte{1}), treetest.Leaf("lot/"+strings.Repeat("x", 1020), []byte{0xa0}), treetest.Leaf("lot/"+strings.Repeat("x", 1021), []byte{0xa0})))
	node("value-empty", "an empty value", treetest.Balanced(params, treetest.Leaf("lot/x", nil)))
	invalid("value-huge", "a value of 2^53-1 bytes", slices.Concat([]byte{3, 1}, params.Write(), []byte("\x01\x01\x00\x05lot/x\xff\xff\xff\xff\xff\xff\xff\x0f\xa0")))
	invalid("number-long", "a number in two bytes where one would do", slices.Concat([]byte{3, 0x81, 0}, params.Write(), lot.Write()))
	invalid("number-2-53", "a version of 2^53", slices.Concat([]byte{3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10}, params.Write(), lot.Write()))
	invalid("number-2-63", "a version of 2^63", slices.Concat([]byte{3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, params.Write(), lot.Write()))
	node("too-deep", "a tree 101 deep", w.deep(params, 101, 1<<53-1))
	gone := func(height, size uint64, child *treetest.Node) *treetest.Node {
		return &treetest.Node{Tag: evidence.NodeRightGone, Height: height, Size: size, Version: 1, Left: child}
	}
	node("height-0", "an inner node of height 0", gone(0, 5, params))
	node("height-101", "an inner node of height 101", gone(101, 5, params))
	node("height-child", "a child as high as its parent", gone(2, 9, gone(2, 5, params)))
	node("height-both", "a child as high as its parent", gone(1, 9, two))
	node("size-1", "an inner node of one record", gone(1, 1, params))
	node("size-child", "a child as large as its parent", gone(3, 5, gone(2, 5, params)))
	node("size-0", "an inner node of no records", gone(1, 0, params))
	node("size-left", "a right child as large as its parent", &treetest.Node{Tag: evidence.NodeLeftGone, Height: 2, Size: 2, Version: 1, Right: two})
	node("size-2-53", "more records than 2^53-1", &treetest.Node{Tag: evidence.NodeBoth, Version: 1, Left: gone(2, 1<<53-1, params), Right: lot})

	differs := func(name, why string, change func(*treetest.Node)) {
		tree := treetest.Balanced(params, &treetest.Node{Tag: evidence.NodeLeftGone, Height: 3, Size: 5, Version: 4, Gone: types.Hash{1}, Right: treetest.Balanced(lot, hiddenLeaf("lot/y"))})
		e := f.under(tree, claim)
		changed := tree.Clone()
		change(changed)
		w.bad("root-"+name, trustOne, evidence.RootDiffers, -1, why, e, func(e *evidence.Evidence) { e.Headers[0].Tree = changed.Write() })
	}
	differs("value", "a value is another", func(n *treetest.Node) { n.Right.Right.Left.Value = []byte{0xa1} })
	differs("key", "a key is another", func(n *treetest.Node) { n.Right.Right.Left.Key = "lot/w" })
	differs("hidden-key", "the key of a record whose value is not shown is another", func(n *treetest.Node) { n.Right.Right.Right.Key = "lot/z" })
	differs("hidden-hash", "the hash of a value that is not shown is another", func(n *treetest.Node) { n.Right.Right.Right.Gone[0]++ })
	differs("leaf-version", "a record's version is another", func(n *treetest.Node) { n.Left.Version++ })
	differs("version", "an inner node's version is another", func(n *treetest.Node) { n.Version++ })
	differs("size", "an inner node's size is another: its records would have other ranks", func(n *treetest.Node) { n.Right.Size-- })
	differs("height", "an inner node's height is another", func(n *treetest.Node) { n.Right.Height++ })
	differs("gone", "the hash of what is left out is another", func(n *treetest.Node) { n.Right.Gone[31]++ })
	differs("side", "left and right are exchanged", func(n *treetest.Node) {
		n.Right.Tag, n.Right.Left, n.Right.Right = evidence.NodeRightGone, n.Right.Right, nil
	})
	differs("dropped", "a record is left out", func(n *treetest.Node) { n.Right.Right = lot })
	differs("added", "a record is added", func(n *treetest.Node) { n.Left = treetest.Balanced(n.Left, treetest.Leaf("chain/z", []byte{0xa0})) })

	w.bad("tree-older", trustOne, evidence.TreeInvalid, -1, "the tree of an older header is none", w.olderBlock(), func(e *evidence.Evidence) { e.Headers[1].Tree = []byte{0} })
	w.bad("root-older", trustOne, evidence.RootDiffers, -1, "the tree of an older header is the signed one's", w.olderBlock(), func(e *evidence.Evidence) { e.Headers[1].Tree = e.Headers[0].Tree })
	w.bad("root-signed", trustOne, evidence.RootDiffers, -1, "the tree of the signed header is an older one's", w.olderBlock(), func(e *evidence.Evidence) { e.Headers[0].Tree = e.Headers[1].Tree })
	w.bad("root-both-high", trustOne, evidence.RootDiffers, -1, "a node whose height is 101, because a child says that its is 100", f.under(two, claim), func(e *evidence.Evidence) {
		e.Headers[0].Tree = (&treetest.Node{Tag: evidence.NodeBoth, Version: 1, Left: gone(100, 5, params), Right: lot}).Write()
	})
}

func hiddenLeaf(key string) *treetest.Node {
	return &treetest.Node{Tag: evidence.NodeHidden, Version: 3, Key: key, Gone: types.Hash{2}}
}

func (w *vectorMaker) badBlocks() {
	base := w.olderBlock()
	bad := func(name, why string, change func(*evidence.Evidence)) {
		w.bad("block-"+name, trustOne, evidence.BlockUnproven, -1, why, base, change)
	}
	bad("no-path", "no path", func(e *evidence.Evidence) { e.Headers[1].Path = nil })
	bad("path-bit", "a bit of the path is another", func(e *evidence.Evidence) { e.Headers[1].Path[0] ^= 1 })
	bad("path-short", "a hash of the path is missing", func(e *evidence.Evidence) { e.Headers[1].Path = e.Headers[1].Path[:32] })
	bad("path-long", "the path has a hash more", func(e *evidence.Evidence) { e.Headers[1].Path = append(e.Headers[1].Path, make([]byte, 32)...) })
	bad("path-odd", "the path is not of whole hashes", func(e *evidence.Evidence) { e.Headers[1].Path = e.Headers[1].Path[:63] })
	bad("path-swapped", "the path's hashes are swapped", func(e *evidence.Evidence) {
		p := e.Headers[1].Path
		e.Headers[1].Path = slices.Concat(p[32:64], p[:32])
	})
	f := w.one()
	for range 5 {
		f.commit()
	}
	claim := []evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}
	bad("path-neighbour", "the path of the block before", func(e *evidence.Evidence) { e.Headers[1].Path = f.path(1, 5) })
	bad("foreign", "another block of that height", func(e *evidence.Evidence) {
		h := *f.at(2)
		h.Time = h.Time.Add(1)
		e.Headers[1].Header = f.fields(&h)
	})
	w.bad("block-not-shown", trustOne, evidence.BlockUnproven, -1, "the signed tree does not show chain/blocks", f.prove(claim, show{5: {types.KeyParams, ""}, 2: {}}), func(*evidence.Evidence) {})
	w.bad("block-hidden", trustOne, evidence.BlockUnproven, -1, "the signed tree does not show what chain/blocks says", f.prove(claim, show{5: {types.KeyParams, "?" + types.KeyBlocks, ""}, 2: {}}), func(*evidence.Evidence) {})
	logs := func(name, why string, value any) {
		f := w.one()
		f.commit()
		f.put(types.KeyBlocks, value)
		f.commit()
		f.commit()
		e := f.prove(claim, show{3: {}, 2: {}})
		w.bad("block-log-"+name, trustOne, evidence.BlockUnproven, -1, why, e, func(*evidence.Evidence) {})
	}
	leaves := []types.Hash{types.LeafHash(f.at(1).Hash())}
	logs("peaks", "chain/blocks has not the peaks that its size needs", map[string]any{"history": types.History{Size: 3, Peaks: leaves}})
	logs("none", "chain/blocks has no history", map[string]any{"log": 1})
	logs("null", "chain/blocks has a history that is null", map[string]any{"history": nil})
	logs("no-cbor", "chain/blocks is no CBOR", []byte{0xff})
	logs("huge", "chain/blocks has a size of 2^64-1", map[string]any{"history": types.History{Size: 1<<64 - 1, Peaks: leaves}})
	logs("empty", "chain/blocks is empty", map[string]any{"history": types.History{Peaks: []types.Hash{}}})

	late := w.one()
	late.initial = 10
	for range 3 {
		late.commit()
	}
	e := late.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 10)}, show{12: {}, 10: {}})
	before := late.header(9)
	w.bad("block-before-first", trustOne, evidence.BlockUnproven, -1, "a block before the first one", e, func(e *evidence.Evidence) {
		e.Headers[1].Height, e.Headers[1].Header = 9, late.fields(before)
	})
	w.bad("block-far-before", trustOne, evidence.BlockUnproven, -1, "a block far before the first one", e, func(e *evidence.Evidence) {
		e.Headers[1].Height, e.Headers[1].Header = 1, late.fields(late.header(1))
	})
	w.bad("block-claim", trustOne, evidence.BlockUnproven, 0, "the claimed block's header is not there", base, func(e *evidence.Evidence) { e.Claims[0].Height = 3 })
	w.bad("block-claim-zero", trustOne, evidence.BlockUnproven, 0, "a claim about block 0", base, func(e *evidence.Evidence) { e.Claims[0].Height = 0 })
	w.bad("block-claim-second", trustOne, evidence.BlockUnproven, 1, "the second claim is not true", base, func(e *evidence.Evidence) {
		e.Claims = append(e.Claims, claimOf(evidence.ClaimBlock, "", 1))
	})
	w.bad("block-foreign-town", trustTown, evidence.BlockUnproven, -1, "an older header is of a chain that was begun anew with the same keys", w.old, func(e *evidence.Evidence) {
		c := chaintest.NewFrom(w.t, func(g *types.Genesis) { g.Time++ })
		c.Commit()
		theirs := c.Prove(evidence.Ask{Claim: evidence.ClaimBlock, Height: 1})
		e.Headers[1].Height, e.Headers[1].Header = 1, theirs.Headers[len(theirs.Headers)-1].Header
	})
}
