package prove_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmt "github.com/cometbft/cometbft/types"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

// one is a forged chain with one validator; all that have one share a trust file.
func (w *vectorMaker) one() *forged {
	f := forge(w.t, 1)
	w.trusts[trustOne] = f.trust()
	return f
}

func claimOf(kind, key string, height int64) evidence.Claim {
	return evidence.Claim{Claim: kind, Key: key, Height: height}
}

func (w *vectorMaker) valid() {
	w.validTown()
	w.validForms()
	w.validValidators()
	w.validVotes()
	w.validHistories()
	w.validPrefixes()
	w.validTrees()
	w.validHeaders()
	w.validFields()
	w.validTransactions()
}

func (w *vectorMaker) validTown() {
	encoded := func(name, why string, e *evidence.Evidence) {
		file, err := e.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		w.add(name+".json", trustTown, "", -1, why, file)
	}
	encoded("record", "a record", w.record)
	encoded("absence", "no record", w.absence)
	encoded("history", "a history of three events", w.history)
	encoded("event", "one event of a history", w.event)
	encoded("prefix", "an older history is the beginning of a newer", w.prefix)
	encoded("range", "four records, with their neighbours", w.keyRange)
	encoded("range-empty", "a range without records", w.empty)
	encoded("block", "a block of the chain", w.block)
	encoded("transaction", "a transaction that took effect", w.tx)
	encoded("transaction-partly", "a transaction that was refused in part: results of its bodies", w.partly)
	encoded("field", "two fields of a private document; one of their values has what JSON and HTML want escaped", w.field)
	encoded("old", "a record of an old state; its header is in chain/blocks of the signed one", w.old)
	encoded("several", "six claims of five kinds under four headers", w.several)
	w.good("record-compact", trustTown, "the same evidence as record.json, compact", w.record)
	w.good("several-compact", trustTown, "the same evidence as several.json, compact", w.several)
	w.good("field-kind-only", trustTown, "no field but the kind", fieldEvidence(w.t, w.town))
	w.good("field-all", trustTown, "all fields", fieldEvidence(w.t, w.town, 0, 1, 2, 3))
	w.good("range-all", trustTown, "every record of the state", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRange}))
	w.good("range-first", trustTown, "from the beginning", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRange, To: "chain/c"}))
	w.good("range-to-the-end", trustTown, "to the end", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRange, From: "payment/tianmu-pay/01KC"}))
	w.good("range-empty-end", trustTown, "none after the last", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRange, From: "z"}))
	w.good("range-empty-begin", trustTown, "none before the first", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRange, From: "a", To: "b"}))
	w.good("absence-first", trustTown, "no record, before the first", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: "book/none/1"}))
	w.good("absence-last", trustTown, "no record, after the last", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: "waybill/none/01KB0Q7Z40N7DPSEYSB6DNYX4Q"}))
	w.good("block-signed", trustTown, "the signed block itself", w.town.Prove(evidence.Ask{Claim: evidence.ClaimBlock, Height: w.town.Last()}))
	w.good("record-params", trustTown, "a record that is shown anyway", w.town.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: types.KeyParams}))
	w.good("record-twice", trustTown, "the same claim twice", func() *evidence.Evidence {
		e := copyOf(w.record)
		e.Claims = append(e.Claims, e.Claims[0])
		return e
	}())
	w.good("record-and-absences", trustTown, "a record and what is not there on either side of it, in states of two blocks", w.town.Prove(
		evidence.Ask{Claim: evidence.ClaimRecord, Key: w.lot}, evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/06901234000016.L2026"},
		evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/06901234000016.L2026B"}, evidence.Ask{Claim: evidence.ClaimRecord, Key: w.lot, Height: 1}))
	w.good("renewed", trustTown, "the evidence of old.json under a newer signed header", w.renewed())
}

// renewed puts old evidence under the newest header.
func (w *vectorMaker) renewed() *evidence.Evidence {
	c := chaintest.Town(w.t)
	e := c.ProveAt(&evidence.Asked{Height: 2, Newest: true, Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: w.lot}}})
	for range 6 {
		c.Commit()
	}
	blocks := c.ProveAt(&evidence.Asked{Newest: true, Claims: []evidence.Ask{
		{Claim: evidence.ClaimBlock, Height: e.Headers[0].Height}, {Claim: evidence.ClaimBlock, Height: e.Headers[1].Height},
	}})
	for i := range e.Headers {
		e.Headers[i].Commit, e.Headers[i].Path = nil, blocks.Headers[i+1].Path
	}
	e.Headers = slices.Concat(blocks.Headers[:1], e.Headers)
	return e
}

// validForms are JSON files with white space of all kinds.
func (w *vectorMaker) validForms() {
	file, err := w.absence.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, file); err != nil {
		w.t.Fatal(err)
	}
	w.add("space-none.json", trustTown, "", -1, "JSON without white space", b.Bytes())
	wide := strings.NewReplacer("\n", "\r\n\t \r", ":", "\t:\n").Replace(string(file))
	wide = strings.Replace(wide, "\"carya-test-1\"", "\"carya-test-1\" \r\n", 1)
	w.add("space-all.json", trustTown, "", -1, "white space of all four kinds wherever JSON allows it", []byte(" \t\r\n"+wide))
}

func (w *vectorMaker) validValidators() {
	f := forge(w.t, 10, 20, 30, 30, 5, 7, 1)
	w.trusts[trustSeven] = f.trust()
	f.commit()
	f.commit()
	e := f.prove([]evidence.Claim{claimOf(evidence.ClaimRecord, types.KeyParams, 1)}, show{2: {types.KeyParams}})
	w.good("validators-seven", trustSeven, "seven validators; two have the same power and are ordered by address", e)
	order := f.trust()
	slices.Reverse(order.Validators)
	w.trusts[trustOrder] = order
	w.good("validators-order", trustOrder, "the order of a trust file's validators does not count", e)

	g := w.one()
	g.commit()
	g.commit()
	w.good("validators-one", trustOne, "a single validator", g.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}}))

	l := forge(w.t, 1<<50-1, 1)
	w.trusts[trustLarge] = l.trust()
	l.commit()
	l.commit()
	w.good("validators-large", trustLarge, "as much power as there may be, 2^50", l.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}}))

	p := forge(w.t, 1)
	p.id = "carya-zip215"
	w.pointOfSmallOrder(p)
}

// pointOfSmallOrder: a key of small order, and a signature that ZIP 215 takes and RFC 8032 need not.
func (w *vectorMaker) pointOfSmallOrder(p *forged) {
	// y = 2^255-18, which is 1 modulo the prime: the neutral element, not canonically written.
	point := append([]byte{0xee}, bytes.Repeat([]byte{0xff}, 31)...)
	point[31] = 0x7f
	p.keys = []ed25519.PrivKey{append(make([]byte, 32), point...)}
	p.put(types.KeyParams, map[string]any{"genesis": p.genesis, "chain": p.id})
	w.trusts[trustPoint] = p.trust()
	p.commit()
	p.commit()
	e := p.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
	commit := e.Headers[0].Commit
	copy(commit[len(commit)-64:], append(slices.Clone(point), make([]byte, 32)...))
	w.good("signature-zip215", trustPoint, "a signature that ZIP 215 admits: key and R are of small order and not canonical, S is 0", e)
	w.bad("signature-zip215-s", trustPoint, evidence.SignatureInvalid, -1, "the same with S = the group's order, which no rule admits", e, func(e *evidence.Evidence) {
		commit := e.Headers[0].Commit
		order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}
		copy(commit[len(commit)-32:], order)
	})
}

func (w *vectorMaker) validVotes() {
	f := forge(w.t, 34, 33, 33)
	w.trusts[trustJust] = f.trust()
	f.commit()
	f.commit()
	e := f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
	signed := func(name, why string, edit func(*votes)) {
		c := copyOf(e)
		c.Headers[0].Commit = f.sign(f.at(2), edit)
		w.good(name, trustJust, why, c)
	}
	signed("votes-absent", "67 of 100 signed, just more than two thirds; one validator is absent", func(v *votes) { v.list[1].flag = cmt.BlockIDFlagAbsent })
	signed("votes-nil", "67 of 100 signed, just more than two thirds; one validator voted for no block", func(v *votes) { v.list[2].flag = cmt.BlockIDFlagNil })
	signed("votes-round", "votes of round 3", func(v *votes) { v.round = 3 })
	signed("votes-round-last", "votes of the last round, 2^31-1", func(v *votes) { v.round = 1<<31 - 1 })
	signed("votes-parts", "a block of 2^32-1 parts", func(v *votes) { v.parts.Total = 1<<32 - 1 })
	signed("votes-parts-none", "a block of no parts", func(v *votes) { v.parts.Total = 0 })
	signed("votes-times", "votes at the beginning and the end of time, and with all nanoseconds", func(v *votes) {
		v.list[0].time = time.Unix(0, 0)
		v.list[1].time = time.Unix(253_402_300_799, 999_999_999)
		v.list[2].time = time.Unix(1, 1)
	})
}

func (w *vectorMaker) validHistories() {
	for _, n := range []int{1, 2, 3, 7, 8, 64} {
		f := w.one()
		list, record := f.events(n)
		f.put("lot/x", record)
		f.commit()
		f.commit()
		claim := claimOf(evidence.ClaimHistory, "lot/x", 1)
		claim.Events = list
		w.good(fmt.Sprintf("history-of-%d", n), trustOne, fmt.Sprintf("a history of %d events", n), f.prove([]evidence.Claim{claim}, show{2: {"lot/x"}}))
		claims := []evidence.Claim{}
		for _, i := range slices.Compact([]int{0, n / 2, n - 1}) {
			one := evidence.Claim{Claim: evidence.ClaimEvent, Key: "lot/x", Height: 1, Index: uint64(i), Events: list[i : i+1], Path: f.inclusion(list, i)}
			claims = append(claims, one)
		}
		w.good(fmt.Sprintf("events-of-%d", n), trustOne, fmt.Sprintf("first, middle and last event of %d", n), f.prove(claims, show{2: {"lot/x"}}))
	}
	f := w.one()
	f.put("lot/x", &logged{})
	f.commit()
	f.commit()
	w.good("history-of-0", trustOne, "a history of no events", f.prove([]evidence.Claim{claimOf(evidence.ClaimHistory, "lot/x", 1)}, show{2: {"lot/x"}}))
}

// validPrefixes: the history of a record after every block begins with that after every block before.
func (w *vectorMaker) validPrefixes() {
	const n = 9
	f := w.one()
	list, _ := f.events(n)
	record := new(logged)
	keys := show{}
	for i := range list {
		f.must(record.History.Append(types.LeafHash(list[i])))
		f.put("lot/x", record)
		f.commit()
		keys[int64(i)+2] = []string{"lot/x"}
	}
	f.commit()
	leaves := leavesOf(list)
	for height := int64(1); height <= n; height++ {
		var claims []evidence.Claim
		some := show{}
		for since := int64(1); since <= height; since++ {
			claim := claimOf(evidence.ClaimPrefix, "lot/x", height)
			claim.Since, claim.Path = since, joined(consistent(leaves[:height], int(since)))
			claims = append(claims, claim)
			some[since+1] = keys[since+1]
		}
		w.good(fmt.Sprintf("prefix-of-%d", height), trustOne, fmt.Sprintf("a history of %d events begins with those of 1 to %d", height, height), f.prove(claims, some))
	}
}

// consistent is RFC 6962 §2.1.2 as it is written: PROOF(m, D[n]).
func consistent(leaves []types.Hash, m int) []types.Hash { return subproof(m, leaves, true) }

func subproof(m int, leaves []types.Hash, whole bool) []types.Hash {
	if m == len(leaves) {
		if whole {
			return nil
		}
		return []types.Hash{treeHash(leaves)}
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	if m <= k {
		return append(subproof(m, leaves[:k], whole), treeHash(leaves[k:]))
	}
	return append(subproof(m-k, leaves[k:], false), treeHash(leaves[:k]))
}

// treeHash is RFC 6962 §2.1 as it is written, over leaf hashes.
func treeHash(leaves []types.Hash) types.Hash {
	var h types.History
	for _, leaf := range leaves {
		if err := h.Append(leaf); err != nil {
			panic(err)
		}
	}
	root, err := h.Root()
	if err != nil {
		panic(err)
	}
	return root
}

func (w *vectorMaker) validTrees() {
	f := w.one()
	f.put("lot/\xff\x00", []byte{0xa0})
	f.put("lot/06901234000016.é", []byte{0xa0})
	f.put("lot/06901234000016.A", []byte{0xa0})
	f.put("unit/\U0001f600", []byte{0xa0})
	f.put("unit/\uffff", []byte{0xa0})
	f.put("unit/"+strings.Repeat("u", 1019), []byte{0xa0})
	f.put("zzz", []byte("no CBOR \xff"))
	f.commit()
	f.commit()
	all := f.prove([]evidence.Claim{{Claim: evidence.ClaimRange, Height: 1, Count: uint64(len(f.state))}}, show{2: {
		types.KeyBlocks, "lot/\xff\x00", "lot/06901234000016.é", "lot/06901234000016.A", "unit/\U0001f600", "unit/\uffff", "unit/" + strings.Repeat("u", 1019), "zzz",
	}})
	w.oddTree(f, all)

	deep := w.one()
	leaf := treetest.Leaf(types.KeyParams, deep.state[types.KeyParams])
	w.good("tree-deep", trustOne, "a tree of the greatest depth, 100, and of the greatest size and version", deep.under(w.deep(leaf, 100, 1<<53-1), claimOf(evidence.ClaimRecord, types.KeyParams, 1)))
	w.good("tree-leaf", trustOne, "a tree of one leaf: no record but chain/params", func() *evidence.Evidence {
		e := deep.under(leaf, evidence.Claim{Claim: evidence.ClaimRange, Height: 1, Count: 1})
		e.Claims = append(e.Claims, claimOf(evidence.ClaimAbsence, "lot/06901234000016.A", 1), claimOf(evidence.ClaimAbsence, "book/m/1", 1))
		return e
	}())
	gap := &treetest.Node{Tag: evidence.NodeLeftGone, Height: 60, Size: 1<<53 - 1, Version: 9, Gone: types.Hash{9}, Right: treetest.Balanced(
		leaf, &treetest.Node{Tag: evidence.NodeRightGone, Height: 3, Size: 5, Version: 8, Gone: types.Hash{8}, Left: treetest.Leaf("lot/x", []byte{0xa0})},
	)}
	w.good("tree-ranks", trustOne, "ranks behind 2^53 records that are left out, and a gap", deep.under(gap, claimOf(evidence.ClaimAbsence, "lot/06901234000016.A", 1), claimOf(evidence.ClaimRecord, "lot/x", 1)))
}

// oddTree is a state with keys that the ledger would not write.
func (w *vectorMaker) oddTree(f *forged, all *evidence.Evidence) {
	w.good("range-odd-keys", trustOne, "keys are ordered as bytes, and may be no UTF-8; one is as long as may be, 1,024 bytes", all)
	between := evidence.Claim{Claim: evidence.ClaimRange, Height: 1, From: "unit/a", To: "zzz", Count: 3}
	w.good("range-odd-between", trustOne, "a range between keys that are no ASCII", f.prove([]evidence.Claim{between}, show{2: {
		"?lot/\xff\x00", "unit/\U0001f600", "unit/\uffff", "unit/" + strings.Repeat("u", 1019), "?zzz",
	}}))
}

// deep is a tree in which a leaf stands at a depth, first of all.
func (w *vectorMaker) deep(leaf *treetest.Node, depth int, size uint64) *treetest.Node {
	n := leaf
	for i := 1; i <= depth; i++ {
		n = &treetest.Node{Tag: evidence.NodeRightGone, Height: uint64(i), Size: size - uint64(depth-i), Version: 1<<53 - 1, Gone: types.Hash{byte(i)}, Left: n}
	}
	return n
}

// under makes evidence about the state after block 1, which has this tree; block 2 is signed.
func (f *forged) under(tree *treetest.Node, claims ...evidence.Claim) *evidence.Evidence {
	f.t.Helper()
	root := tree.Hash()
	h := f.header(2)
	h.AppHash = root[:]
	return &evidence.Evidence{
		Format: evidence.Format, Chain: f.id, Genesis: f.genesis, Claims: claims,
		Headers: []evidence.Header{{Height: 2, Header: f.fields(h), Commit: f.sign(h), Tree: tree.Write()}},
	}
}

func (w *vectorMaker) validHeaders() {
	f := w.one()
	f.initial = 1000
	f.put("lot/x", []byte{0xa0})
	for range 5 {
		f.commit()
	}
	w.good("initial-height", trustOne, "a chain that begins with block 1000: leaf 0 of chain/blocks is that block", f.prove(
		[]evidence.Claim{claimOf(evidence.ClaimBlock, "", 1000), claimOf(evidence.ClaimRecord, "lot/x", 1000), claimOf(evidence.ClaimBlock, "", 1004)},
		show{1004: {}, 1001: {"lot/x"}, 1000: {}}))

	last := w.one()
	last.initial = 1<<53 - 3
	for range 3 {
		last.commit()
	}
	w.good("height-last", trustOne, "the last height of all, 2^53-1", last.prove(
		[]evidence.Claim{claimOf(evidence.ClaimBlock, "", 1<<53-1), claimOf(evidence.ClaimBlock, "", 1<<53-3)}, show{1<<53 - 1: {}, 1<<53 - 3: {}}))

	for _, moment := range []time.Time{time.Unix(0, 0), time.Unix(1, 0), time.Unix(0, 1), time.Unix(253_402_300_799, 999_999_999)} {
		g := w.one()
		g.commit()
		g.commit(func(h *cmt.Header) { h.Time = moment.UTC() })
		name := fmt.Sprintf("time-%d-%d", moment.Unix(), moment.Nanosecond())
		w.good(name, trustOne, "a header at the moment "+moment.UTC().Format(time.RFC3339Nano), g.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}}))
	}

	long := w.one()
	w.good("log-large", trustOne, "a chain of 2^40 blocks: an inclusion path of 40 hashes", long.large(1<<40))

	idle := w.one()
	idle.commit()
	idle.commit()
	idle.commit()
	w.good("header-idle", trustOne, "a header that no claim needs, without a tree", idle.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 3)}, show{3: {}, 1: {}}))

	extra := w.one()
	extra.put(types.KeyParams, map[string]any{"genesis": extra.genesis, "chain": extra.id, "later": []any{1, "members that nobody knew of", true, nil}})
	extra.commit()
	extra.commit()
	w.good("params-later", trustOne, "chain/params with members that this version does not know", extra.prove([]evidence.Claim{claimOf(evidence.ClaimRecord, types.KeyParams, 1)}, show{2: {}}))
}

// large is evidence of block 1 in a chain of so many blocks, a power of two, of which nobody needs to see the others.
func (f *forged) large(blocks uint64) *evidence.Evidence {
	f.commit()
	first := f.at(1)
	peak, path := types.LeafHash(first.Hash()), []types.Hash{}
	for n := uint64(1); n < blocks; n *= 2 {
		sibling := types.Hash{byte(len(path)), 7}
		path = append(path, sibling)
		peak = types.Hash(hashChildren(peak, sibling))
	}
	f.put(types.KeyBlocks, &types.Blocks{History: types.History{Size: blocks, Peaks: []types.Hash{peak}}})
	tree := f.tree()
	h := f.header(int64(blocks) + 1)
	root := tree.Hash()
	h.AppHash = root[:]
	return &evidence.Evidence{
		Format: evidence.Format, Chain: f.id, Genesis: f.genesis, Claims: []evidence.Claim{claimOf(evidence.ClaimBlock, "", 1)},
		Headers: []evidence.Header{
			{Height: h.Height, Header: f.fields(h), Commit: f.sign(h), Tree: tree.Write()},
			{Height: 1, Header: f.fields(first), Path: joined(path)},
		},
	}
}

func hashChildren(left, right types.Hash) []byte {
	return rfc6962.DefaultHasher.HashChildren(left[:], right[:])
}

// document is one with words that have to be escaped somewhere.
func (w *vectorMaker) document() (fields []types.DocumentField, seed types.Secret, root types.Hash) {
	fields = []types.DocumentField{
		{Path: "a", Value: "\"\\/\b\f\n\r\t\x00\x01\x1f\x7f\u0080\u2028\u2029\ufeff\ufffd\U0001f600<>&'"}, {Path: "", Value: ""},
		{Path: "d\u00e9j\u00e0", Value: strings.Repeat("\u6843", 30)},
	}
	seed = types.Secret{5}
	root, err := types.DocumentRoot("CEB311", fields, seed)
	if err != nil {
		w.t.Fatal(err)
	}
	return fields, seed, root
}

// validFields: every kind of transaction that commits to a document, and under which key.
func (w *vectorMaker) validFields() {
	fields, seed, root := w.document()
	for i, one := range w.committing(root) {
		part, err := types.Disclose("CEB311", fields, seed, []int{i % len(fields)})
		if err != nil {
			w.t.Fatal(err)
		}
		part.Record = one.record
		e := w.committed(one.body, part)
		w.good("field-of-"+one.name, trustOne, "a document of "+one.name, e)
		if i > 0 {
			continue
		}
		file, err := e.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		w.add("field-escapes.json", trustOne, "", -1, "a value with every kind of character that JSON escapes, and some that it need not", file)
	}
}

type committing struct {
	name, record string
	body         types.Body
}

// committing are bodies of all kinds that commit to a document, by the member m.
func (w *vectorMaker) committing(root types.Hash) []committing {
	const ulid = "01KB0Q8YDRN7DPSEYSB6DNYX4Q"
	return []committing{
		{"order", "order/m/" + ulid, &types.RecordOrder{Order: ulid, Document: root}},
		{"payment", "payment/m/" + ulid, &types.RecordPayment{Payment: ulid, Document: root}},
		{"payment-original", "payment/m/" + ulid, &types.RecordPayment{Payment: ulid, Document: types.Hash{1}, Original: root}},
		{"waybill", "waybill/m/" + ulid, &types.RecordWaybill{Waybill: ulid, Document: root}},
		{"declaration", "declaration/m/" + ulid, &types.Declare{Declaration: ulid, Document: root}},
		{"cancel", "order/p/" + ulid, &types.Cancel{Order: "p/" + ulid, Document: root}},
		{"sign-for", "order/p/" + ulid, &types.SignFor{Order: "p/" + ulid, Document: root}},
		{"return", "order/p/" + ulid, &types.ReturnGoods{Order: "p/" + ulid, Document: root}},
		{"book", "book/m/0f", &types.CreditBook{Book: "0f", Document: root}},
	}
}

// committed is evidence of a field claim about an event with a body, which is the second of three in a history.
func (w *vectorMaker) committed(body types.Body, part *types.DocumentPart) *evidence.Evidence {
	kind, ok := types.KindOf(body)
	if !ok {
		w.t.Fatalf("%T is no body", body)
	}
	data, err := types.EncodeBody(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.eventWith(kind.Name, data, part)
}

func (w *vectorMaker) eventWith(kind string, body []byte, part *types.DocumentPart) *evidence.Evidence {
	f := w.one()
	raw, err := (&types.Event{Height: 1, Time: chaintest.Start, Member: "m", Kind: kind, Body: body}).Encode()
	f.must(err)
	list := [][]byte{f.event(0), raw, f.event(2)}
	f.put(part.Record, logOf(f.t, list))
	f.commit()
	f.commit()
	return f.prove([]evidence.Claim{{
		Claim: evidence.ClaimField, Height: 1, Key: part.Record, Index: 1, Events: [][]byte{raw}, Path: f.inclusion(list, 1), Document: part,
	}}, show{2: {part.Record}})
}

// executed is a block of transactions with their results.
type executed struct {
	*forged
	txs     [][]byte
	digests []types.Hash
	results []types.Result
}

// execute commits a block of transactions, and another.
func (f *forged) execute(txs [][]byte, results []types.Result) *executed {
	f.t.Helper()
	x := &executed{forged: f, txs: txs, results: results}
	list := make(cmt.Txs, len(txs))
	outcomes := make([]*abci.ExecTxResult, len(txs))
	for i := range txs {
		list[i] = txs[i]
		outcomes[i] = &abci.ExecTxResult{Code: uint32(results[i].Code)}
		if codes := results[i].Codes; len(codes) > 0 {
			outcomes[i].Data = f.encode(codes)
		}
	}
	f.commit(func(h *cmt.Header) { h.DataHash = list.Hash() })
	f.commit(func(h *cmt.Header) { h.LastResultsHash = cmt.NewResults(outcomes).Hash() })
	return x
}

// claim is the claim about one of the transactions, with a digest if it has one.
func (x *executed) claim(i int) evidence.Claim { return x.claimAt(int64(len(x.headers))-1, i) }

// claimAt is the claim where the block has a height.
func (x *executed) claimAt(height int64, i int) evidence.Claim {
	x.t.Helper()
	ids, outcomes := make([][]byte, len(x.txs)), make([][]byte, len(x.txs))
	for j := range x.txs {
		id := sha256.Sum256(x.txs[j])
		var codes []uint32
		for _, code := range x.results[j].Codes {
			codes = append(codes, uint32(code))
		}
		ids[j], outcomes[j] = id[:], evidence.ResultBytes(uint32(x.results[j].Code), codes)
	}
	c := evidence.Claim{
		Claim: evidence.ClaimTransaction, Height: height, Index: uint64(i), Size: uint64(len(x.txs)), Code: uint32(x.results[i].Code),
		Path: x.inclusion(ids, i), Transaction: x.txs[i], Results: x.inclusion(outcomes, i), Digest: make([]byte, 32),
	}
	for _, code := range x.results[i].Codes {
		c.Codes = append(c.Codes, uint32(code))
	}
	if signed, _ := types.DecodeSigned(x.txs[i]); signed != nil { // its words are no matter
		digest, err := types.NewDomain(x.id, x.genesis).Digest(&signed.Transaction)
		x.must(err)
		c.Digest = digest[:]
	}
	return c
}

// transaction is a transaction of bodies; nobody signed it, which is the ledger's business.
func (f *forged) transaction(bodies ...types.Body) []byte {
	f.t.Helper()
	kind, _ := types.KindOf(bodies[0])
	raw, err := (&types.Signed{Transaction: types.Transaction{
		Chain: f.id, Member: "m", Kind: kind.Name, Expires: chaintest.Start, OnError: types.OnErrorRollback, Bodies: bodies,
	}}).Encode()
	f.must(err)
	return raw
}

func (w *vectorMaker) validTransactions() {
	f := w.one()
	var txs [][]byte
	var results []types.Result
	for i, kind := range types.Catalogue {
		txs = append(txs, f.transaction(kind.Example()))
		results = append(results, types.Result{Code: types.Code(i)})
	}
	x := f.execute(txs, results)
	var claims []evidence.Claim
	for i := range txs {
		claims = append(claims, x.claim(i))
	}
	w.good("transactions-all-kinds", trustOne, "a transaction of every kind, with EIP-712 digests", f.prove(claims, show{2: {}, 1: {}}))

	g := w.one()
	offer := types.Catalogue[0].Example()
	many := make([]types.Body, 30)
	for i := range many {
		many[i] = offer
	}
	codes := make([]types.Code, 30)
	for i := range codes {
		codes[i] = types.Code(i * i)
	}
	y := g.execute([][]byte{g.transaction(many...)}, []types.Result{{Code: 1 << 31, Codes: codes}})
	w.good("transaction-alone", trustOne, "the only transaction of a block: paths without hashes; 30 bodies, whose codes are CBOR of one, two and three bytes", g.prove([]evidence.Claim{y.claim(0)}, show{2: {}, 1: {}}))
}
