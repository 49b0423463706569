package prove_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

func (w *vectorMaker) badKeys() {
	small := w.small()
	kind := func(name, why string, change func(*evidence.Claim)) {
		w.bad("claim-"+name, trustOne, evidence.ClaimUnknown, 0, why, small, func(e *evidence.Evidence) { change(&e.Claims[0]) })
	}
	kind("none", "a claim of no kind", func(c *evidence.Claim) { c.Claim = "" })
	kind("unknown", "a kind of claim that is not known", func(c *evidence.Claim) { c.Claim = "balance" })
	kind("case", "a kind of claim in capitals", func(c *evidence.Claim) { c.Claim = "Block" })
	kind("long", "a kind of claim of 1,000 characters", func(c *evidence.Claim) { c.Claim = strings.Repeat("block", 200) })
	kind("field", "a field claim without a document", func(c *evidence.Claim) { *c = evidence.Claim{Claim: evidence.ClaimField, Key: "order/x", Height: 1} })
	w.badMembers()

	invalid := func(name, why string, c evidence.Claim) {
		w.bad("key-"+name, trustOne, evidence.KeyInvalid, 0, why, small, func(e *evidence.Evidence) { e.Claims[0] = c })
	}
	for _, one := range []string{evidence.ClaimRecord, evidence.ClaimAbsence, evidence.ClaimHistory, evidence.ClaimEvent, evidence.ClaimPrefix, evidence.ClaimField} {
		c := claimOf(one, "", 1)
		if one == evidence.ClaimField {
			c.Document = &types.DocumentPart{Fields: []types.DisclosedField{}}
		}
		invalid("none-"+one, "no key", c)
	}
	record := func(name, why, key string) { invalid(name, why, claimOf(evidence.ClaimRecord, key, 1)) }
	record("space", "a key with a space", "lot/06901234000016 L1")
	record("control", "a key with a control character", "lot/x\x00")
	record("delete", "a key with a delete character", "lot/x\x7f")
	record("unicode", "a key that is not ASCII", "lot/\u0445")
	record("long", "a key of 1,025 characters", "lot/"+strings.Repeat("x", 1021))
	absence := func(name, why, key string) { invalid("absence-"+name, why, claimOf(evidence.ClaimAbsence, key, 1)) }
	absence("family", "of no family", "fruit/1")
	absence("family-only", "a family without a record", "lot")
	absence("family-slash", "a family with a slash", "lot/")
	absence("family-case", "a family in capitals", "LOT/06901234000016.L1")
	absence("family-prefix", "what begins as a family does", "lots/06901234000016.L1")
	absence("params", "a part of chain/params", "chain/params/x/")
	absence("gtin-short", "a GTIN of 13 digits", "lot/6901234000016.L1")
	absence("gtin-long", "a GTIN of 15 digits", "lot/006901234000016.L1")
	absence("gtin-letter", "a GTIN with a letter", "lot/0690123400001X.L1")
	absence("lot-none", "a GTIN without a lot", "lot/06901234000016")
	absence("lot-empty", "a lot without characters", "lot/06901234000016.")
	absence("ulid-case", "a ULID in small letters", "order/lantu/01kb0q7z40n7dpseysb6dnyx4q")
	absence("ulid-short", "a ULID of 25 characters", "payment/tianmu-pay/01KB0Q7Z40N7DPSEYSB6DNYX4")
	absence("ulid-letter", "a ULID with a letter that none has", "waybill/q/01KB0Q7Z40N7DPSEYSB6DNYXIQ")
	absence("ulid-large", "a ULID beyond the last moment", "declaration/q/81KB0Q7Z40N7DPSEYSB6DNYX4Q")
	absence("ulid-member", "a ULID without a member", "event//01KB0Q7Z40N7DPSEYSB6DNYX4Q")
	absence("ulid-slash", "a ULID with a slash after it", "order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q/")
	absence("slash", "a key with a slash at the end", "recall/m/1/")
	bounds := func(name, why, from, to string) {
		invalid("range-"+name, why, evidence.Claim{Claim: evidence.ClaimRange, Height: 1, From: from, To: to})
	}
	bounds("equal", "from a key to itself", "lot/a", "lot/a")
	bounds("reversed", "from a key to one before", "lot/b", "lot/a")
	bounds("from-space", "from a key with a space", "lot/ a", "lot/b")
	bounds("to-unicode", "to a key that is not ASCII", "lot/a", "lot/\u00e9")
	bounds("from-long", "from a key of 1,025 characters", "lot/"+strings.Repeat("x", 1021), "")
	bounds("to-long", "to a key of 1,025 characters", "", "lot/"+strings.Repeat("x", 1021))

	f := w.one()
	f.commit()
	f.commit()
	var claims []evidence.Claim
	for _, key := range []string{
		"limits", "lot/06901234000016.!~", "lot/06901234000016.a/b", "order/m/7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "event/a-b/00000000000000000000000000", "chain/live/12",
		"member/M", "key/0x", "unit/sscc.1", "recall/a/b/c", "tariff/08029990", "mark/page/x", "book//x", "limits/x",
	} {
		claims = append(claims, claimOf(evidence.ClaimAbsence, key, 1))
	}
	w.good("absence-keys", trustOne, "keys that records could have, some of which none ever has", f.prove(claims, show{2: {types.KeyParams, types.KeyBlocks}}))
}

// badMembers gives every kind of claim a member of another.
func (w *vectorMaker) badMembers() {
	all := []struct {
		name string
		kind []string // that have it
		set  func(*evidence.Claim)
	}{
		{"key", []string{"record", "absence", "history", "event", "prefix", "field"}, func(c *evidence.Claim) { c.Key = "lot/x" }},
		{"since", []string{"prefix"}, func(c *evidence.Claim) { c.Since = 1 }},
		{"from", []string{"range"}, func(c *evidence.Claim) { c.From = "a" }},
		{"to", []string{"range"}, func(c *evidence.Claim) { c.To = "b" }},
		{"count", []string{"range"}, func(c *evidence.Claim) { c.Count = 1 }},
		{"index", []string{"event", "field", "transaction"}, func(c *evidence.Claim) { c.Index = 1 }},
		{"size", []string{"transaction"}, func(c *evidence.Claim) { c.Size = 1 }},
		{"digest", []string{"transaction"}, func(c *evidence.Claim) { c.Digest = []byte{1} }},
		{"code", []string{"transaction"}, func(c *evidence.Claim) { c.Code = 1 }},
		{"codes", []string{"transaction"}, func(c *evidence.Claim) { c.Codes = []uint32{1} }},
		{"events", []string{"history", "event", "field"}, func(c *evidence.Claim) { c.Events = [][]byte{{0xa0}} }},
		{"path", []string{"event", "prefix", "field", "transaction"}, func(c *evidence.Claim) { c.Path = make([]byte, 32) }},
		{"transaction", []string{"transaction"}, func(c *evidence.Claim) { c.Transaction = []byte{1} }},
		{"results", []string{"transaction"}, func(c *evidence.Claim) { c.Results = make([]byte, 32) }},
		{"document", []string{"field"}, func(c *evidence.Claim) { c.Document = &types.DocumentPart{Fields: []types.DisclosedField{}} }},
	}
	kinds := []string{"record", "absence", "history", "event", "prefix", "range", "block", "field", "transaction"}
	small := w.small()
	for i, kind := range kinds {
		// Each kind with every member that is not its own would be too many files: one file has one of them.
		for j, member := range all {
			if slices.Contains(member.kind, kind) || (i+j)%4 != 0 {
				continue
			}
			w.bad(fmt.Sprintf("claim-%s-%s", kind, member.name), trustOne, evidence.ClaimUnknown, 0, fmt.Sprintf("a %s claim with the member %s", kind, member.name), small, func(e *evidence.Evidence) {
				c := &e.Claims[0]
				*c = evidence.Claim{Claim: kind, Height: 2}
				if kind != evidence.ClaimBlock && kind != evidence.ClaimRange && kind != evidence.ClaimTransaction {
					c.Key = "lot/x"
				}
				if kind == evidence.ClaimField {
					c.Document = &types.DocumentPart{Fields: []types.DisclosedField{}}
				}
				member.set(c)
			})
		}
	}
}

func (w *vectorMaker) badStates() {
	f := w.one()
	f.put("lot/b", []byte{0xa0})
	f.put("lot/d", []byte{0xa0})
	f.put("order/m/01KB0Q7Z40N7DPSEYSB6DNYX4Q", []byte{0xa0})
	f.put("unit/x", []byte{0xa0})
	f.commit()
	f.commit()
	f.commit()
	base := f.prove([]evidence.Claim{claimOf(evidence.ClaimRecord, "lot/b", 1)}, show{3: {}, 2: {"lot/b", "?lot/d", "?unit/x"}, 1: {}})
	missing := func(name, why string, c evidence.Claim) {
		w.bad("state-"+name, trustOne, evidence.StateMissing, 0, why, base, func(e *evidence.Evidence) { e.Claims[0] = c })
	}
	missing("other", "the state after another block", claimOf(evidence.ClaimRecord, "lot/b", 3))
	missing("no-tree", "the header is there, but no tree", claimOf(evidence.ClaimRecord, "lot/b", 0))
	missing("last", "the state after block 2^53-1", claimOf(evidence.ClaimRecord, "lot/b", 1<<53-1))
	missing("absence", "the state after another block", claimOf(evidence.ClaimAbsence, "limits", 3))
	missing("history", "the state after another block", claimOf(evidence.ClaimHistory, "lot/b", 3))
	missing("event", "the state after another block", claimOf(evidence.ClaimEvent, "lot/b", 3))
	missing("range", "the state after another block", evidence.Claim{Claim: evidence.ClaimRange, Height: 3})
	missing("prefix", "the state after another block", evidence.Claim{Claim: evidence.ClaimPrefix, Key: types.KeyBlocks, Since: 2, Height: 3})
	missing("since", "the older state is not there", evidence.Claim{Claim: evidence.ClaimPrefix, Key: types.KeyBlocks, Since: 3, Height: 2})
	missing("field", "the state after another block", evidence.Claim{Claim: evidence.ClaimField, Key: "lot/b", Height: 3, Document: &types.DocumentPart{Fields: []types.DisclosedField{}}})

	unproven := func(name, why string, c evidence.Claim) {
		w.bad("unproven-"+name, trustOne, evidence.KeyUnproven, 0, why, base, func(e *evidence.Evidence) { e.Claims[0] = c })
	}
	unproven("record-hidden", "the tree shows that there is the record, but not what it says", claimOf(evidence.ClaimRecord, "lot/d", 1))
	unproven("record-not-shown", "the tree does not show the record", claimOf(evidence.ClaimRecord, "order/m/01KB0Q7Z40N7DPSEYSB6DNYX4Q", 1))
	unproven("record-absent", "there is no such record", claimOf(evidence.ClaimRecord, "lot/c", 1))
	unproven("record-case", "there is no such record, but one in small letters", claimOf(evidence.ClaimRecord, "LOT/b", 1))
	unproven("record-longer", "there is no such record, but one that is shorter", claimOf(evidence.ClaimRecord, "lot/bb", 1))
	unproven("history", "there is no such record", claimOf(evidence.ClaimHistory, "lot/c", 1))
	unproven("event", "there is no such record", claimOf(evidence.ClaimEvent, "lot/c", 1))
	unproven("prefix", "there is no such record", evidence.Claim{Claim: evidence.ClaimPrefix, Key: "lot/c", Since: 1, Height: 2})
	unproven("field", "there is no such record", evidence.Claim{Claim: evidence.ClaimField, Key: "lot/c", Height: 1, Document: &types.DocumentPart{Fields: []types.DisclosedField{}}})

	there := w.one()
	for _, key := range []string{"limits", "lot/06901234000016.A", "lot/06901234000016.C", "lot/06901234000016.E", "waybill/m/01KB0Q7Z40N7DPSEYSB6DNYX4Q"} {
		there.put(key, []byte{0xa0})
	}
	there.commit()
	there.commit()
	absent := func(name, why, key string, shown ...string) {
		w.bad("unproven-absence-"+name, trustOne, evidence.KeyUnproven, 0, why, there.prove([]evidence.Claim{claimOf(evidence.ClaimAbsence, key, 1)}, show{2: shown}), func(*evidence.Evidence) {})
	}
	absent("there", "there is the record", "lot/06901234000016.C", "lot/06901234000016.C")
	absent("there-hidden", "there is the record, whose value is not shown", "lot/06901234000016.C", "?lot/06901234000016.C", "?lot/06901234000016.A")
	absent("not-shown", "there is the record, between the neighbours that are shown", "lot/06901234000016.C", "?lot/06901234000016.A", "?lot/06901234000016.E")
	absent("gap", "there is no such record, but a record that is not shown stands between the neighbours", "lot/06901234000016.B", "?lot/06901234000016.A", "?lot/06901234000016.E")
	absent("left", "the neighbour after it is not shown", "lot/06901234000016.B", "?lot/06901234000016.A")
	absent("right", "the neighbour before it is not shown", "lot/06901234000016.B", "?lot/06901234000016.C")
	absent("first", "the first record is not shown", "book/m/1", "?limits")
	absent("last", "the last record is not shown", "waybill/z/01KB0Q7Z40N7DPSEYSB6DNYX4Q", "?lot/06901234000016.E")
	there.state = map[string][]byte{types.KeyParams: there.state[types.KeyParams], types.KeyBlocks: there.state[types.KeyBlocks]}
	w.bad("unproven-absence-params", trustOne, evidence.KeyUnproven, 0, "there is chain/params in every state", w.small(), func(e *evidence.Evidence) { e.Claims[0] = claimOf(evidence.ClaimAbsence, types.KeyParams, 1) })
}

func (w *vectorMaker) badHistories() {
	history := func(name, why string, change func(*evidence.Claim)) {
		w.bad("history-"+name, trustTown, evidence.HistoryDiffers, 0, why, w.history, func(e *evidence.Evidence) { change(&e.Claims[0]) })
	}
	history("first-dropped", "the first event is missing", func(c *evidence.Claim) { c.Events = c.Events[1:] })
	history("middle-dropped", "an event in the middle is missing", func(c *evidence.Claim) { c.Events = slices.Delete(c.Events, 1, 2) })
	history("last-dropped", "the last event is missing", func(c *evidence.Claim) { c.Events = c.Events[:2] })
	history("none", "no events", func(c *evidence.Claim) { c.Events = nil })
	history("swapped", "two events are swapped", func(c *evidence.Claim) { c.Events[0], c.Events[1] = c.Events[1], c.Events[0] })
	history("repeated", "an event twice", func(c *evidence.Claim) { c.Events = append(c.Events, c.Events[2]) })
	history("changed", "a bit of an event is another", func(c *evidence.Claim) { c.Events[1][20] ^= 1 })
	history("empty-event", "an empty event more", func(c *evidence.Claim) { c.Events = append(c.Events, []byte{}) })
	history("other", "the events of another record", func(c *evidence.Claim) { c.Events = w.town.Raw[w.order] })
	history("older-state", "all events of now, of an older state", func(c *evidence.Claim) {})
	w.list[len(w.list)-1].data = compact(w.t, func() *evidence.Evidence {
		e := copyOf(w.old)
		e.Claims[0].Claim, e.Claims[0].Events = evidence.ClaimHistory, w.town.Raw[w.lot]
		return e
	}())

	none := func(name, why string, value any) {
		f := w.one()
		f.put("lot/x", value)
		f.commit()
		f.commit()
		for _, kind := range []string{evidence.ClaimHistory, evidence.ClaimEvent, evidence.ClaimPrefix} {
			c := claimOf(kind, "lot/x", 1)
			if kind == evidence.ClaimPrefix {
				c.Since = 1
			}
			w.bad("history-record-"+name+"-"+kind, trustOne, evidence.HistoryDiffers, 0, why, f.prove([]evidence.Claim{c}, show{2: {"lot/x"}}), func(*evidence.Evidence) {})
		}
	}
	none("none", "a record without a history", map[string]any{"digests": types.Hash{1}})
	none("null", "a record whose history is null", map[string]any{"history": nil})
	none("text", "a record whose history is a text", map[string]any{"history": "x"})
	none("peaks", "a record whose history has not the peaks that its size needs", map[string]any{"history": types.History{Size: 2, Peaks: []types.Hash{{1}, {2}}}})
	none("list", "a record that is a list", []any{1})
	none("no-cbor", "a record that is no CBOR", []byte{0xff})

	f := w.one()
	list, record := f.events(5)
	f.put("lot/x", record)
	odd := [][]byte{f.event(0), []byte("no event"), {0xa1, 0x64, 'k', 'i', 'n', 'd', 0x01}, append(f.event(3), 0)}
	f.put("lot/y", logOf(f.t, odd))
	f.commit()
	f.commit()
	event := func(name, why string, change func(*evidence.Claim)) {
		c := evidence.Claim{Claim: evidence.ClaimEvent, Key: "lot/x", Height: 1, Index: 3, Events: [][]byte{list[3]}, Path: f.inclusion(list, 3)}
		change(&c)
		w.bad("event-"+name, trustOne, evidence.EventUnproven, 0, why, f.prove([]evidence.Claim{c}, show{2: {"lot/x", "lot/y"}}), func(*evidence.Evidence) {})
	}
	event("other", "another event", func(c *evidence.Claim) { c.Events[0] = list[2] })
	event("index", "another place", func(c *evidence.Claim) { c.Index = 2 })
	event("index-size", "a place after the last", func(c *evidence.Claim) { c.Index = 5 })
	event("index-large", "place 2^53-1", func(c *evidence.Claim) { c.Index = 1<<53 - 1 })
	event("none", "no event", func(c *evidence.Claim) { c.Events = nil })
	event("two", "two events", func(c *evidence.Claim) { c.Events = list[3:5] })
	event("no-path", "no path", func(c *evidence.Claim) { c.Path = nil })
	event("path", "the path of the neighbour", func(c *evidence.Claim) { c.Path = f.inclusion(list, 2) })
	event("path-odd", "a path that is not of whole hashes", func(c *evidence.Claim) { c.Path = append(c.Path, 0) })
	event("path-long", "a hash too many", func(c *evidence.Claim) { c.Path = append(c.Path, make([]byte, 32)...) })
	event("path-short", "a hash too few", func(c *evidence.Claim) { c.Path = c.Path[:len(c.Path)-32] })
	event("inner", "an inner node of the log in the place of an event", func(c *evidence.Claim) {
		a, b := types.LeafHash(list[2]), types.LeafHash(list[3])
		c.Events[0], c.Path = slices.Concat(a[:], b[:]), c.Path[32:]
	})
	for i, why := range []string{1: "an event that is no CBOR", 2: "an event whose kind is a number", 3: "an event with something after its end"} {
		if why == "" {
			continue
		}
		event(fmt.Sprintf("odd-%d", i), why, func(c *evidence.Claim) {
			*c = evidence.Claim{Claim: evidence.ClaimEvent, Key: "lot/y", Height: 1, Index: uint64(i), Events: odd[i : i+1], Path: f.inclusion(odd, i)}
		})
	}
	event("odd-history", "a history with an event that is none", func(c *evidence.Claim) {
		*c = evidence.Claim{Claim: evidence.ClaimHistory, Key: "lot/y", Height: 1, Events: odd}
	})
	event("blocks", "chain/blocks is a history, but not of events", func(c *evidence.Claim) {
		*c = evidence.Claim{Claim: evidence.ClaimHistory, Key: types.KeyBlocks, Height: 1, Events: [][]byte{f.at(1).Hash()}}
	})
	w.list[len(w.list)-1].data = compact(w.t, f.prove([]evidence.Claim{{Claim: evidence.ClaimHistory, Key: types.KeyBlocks, Height: 1, Events: [][]byte{f.at(1).Hash()}}}, show{2: {types.KeyBlocks}}))
	w.unreadable()
	w.badPrefixes()
}

// unreadable is what validators agreed upon and what no node writes: in other CBOR than the one form, or without members.
func (w *vectorMaker) unreadable() {
	f := w.one()
	plain := f.event(3)
	index := []byte("\x65index\x00")
	events := []struct {
		name, why string
		raw       []byte
	}{
		{"event-more", "an event with a member that no verifier knows", append(replaced(w.t, plain, "\xa7\x62tx", "\xa8\x62tx"), "\x67another\x00"...)},
		{"event-index-negative", "an event with the index -1", replaced(w.t, plain, string(index), "\x65index\x20")},
		{"event-index-missing", "an event without an index", replaced(w.t, replaced(w.t, plain, string(index), ""), "\xa7\x62tx", "\xa6\x62tx")},
		{"event-long-number", "an event with a number that is not in its shortest form", replaced(w.t, plain, string(index), "\x65index\x18\x00")},
		{"event-twice", "an event with a member twice", append(replaced(w.t, plain, "\xa7\x62tx", "\xa8\x62tx"), "\x66member\x61m"...)},
		{"event-tag", "an event with a tag in it", replaced(w.t, plain, string(index), "\x65index\xc1\x00")},
	}
	var list [][]byte
	for _, e := range events {
		list = append(list, e.raw)
	}
	f.put("lot/x", logOf(f.t, list))
	history := f.encode(types.History{Size: 0, Peaks: []types.Hash{}})
	records := []struct {
		name, why string
		raw       []byte
	}{
		{"record-more", "a record with a member that no verifier knows", slices.Concat([]byte("\xa2\x61a\x00\x67history"), history)},
		{"record-unsorted", "a record whose members are not sorted", slices.Concat([]byte("\xa2\x67history"), history, []byte("\x61a\x00"))},
		{"record-float", "a record with a floating point number", slices.Concat([]byte("\xa2\x61a\xf9\x00\x00\x67history"), history)},
		{"record-text", "a record with a text that is not UTF-8", slices.Concat([]byte("\xa2\x61a\x61\xff\x67history"), history)},
		{"record-indefinite", "a record with a list of indefinite length", slices.Concat([]byte("\xa2\x61a\x9f\xff\x67history"), history)},
	}
	for _, r := range records {
		f.put("lot/"+r.name, r.raw)
	}
	f.commit()
	f.commit()
	add := func(i int, name, why string, reason evidence.Reason, c evidence.Claim) {
		if e := f.prove([]evidence.Claim{c}, show{2: {c.Key}}); i == 0 {
			w.good("agreed-"+name, trustOne, why, e)
		} else {
			w.bad("agreed-"+name, trustOne, reason, 0, why, e, func(*evidence.Evidence) {})
		}
	}
	for i, e := range events {
		add(i, e.name, e.why, evidence.EventUnproven, evidence.Claim{
			Claim: evidence.ClaimEvent, Key: "lot/x", Height: 1, Index: uint64(i), Events: list[i : i+1], Path: f.inclusion(list, i),
		})
	}
	for i, r := range records {
		add(i, r.name, r.why, evidence.HistoryDiffers, claimOf(evidence.ClaimHistory, "lot/"+r.name, 1))
	}

	g := w.one()
	large := replaced(w.t, g.transaction(&types.AddKey{}), string(g.encode(chaintest.Start)), "\x1b\x00\x20\x00\x00\x00\x00\x00\x00")
	x := g.execute([][]byte{large}, []types.Result{{Code: 1}})
	w.bad("agreed-transaction-large", trustOne, evidence.DigestDiffers, 0, "a transaction with the number 2^53", g.prove([]evidence.Claim{x.claim(0)}, show{2: {}, 1: {}}), func(*evidence.Evidence) {})

	h := w.one()
	h.put("a", h.encode(map[string]any{}))
	h.put("z", h.encode(map[string]any{}))
	h.commit()
	h.commit()
	hex := h.prove([]evidence.Claim{claimOf(evidence.ClaimRange, "", 1)}, show{2: {"a", "z", types.KeyBlocks, types.KeyParams}})
	hex.Claims[0].From, hex.Claims[0].To, hex.Claims[0].Count = "0x", "0y", 0
	w.good("range-0x", trustOne, "a range that begins with the key 0x, which is not an empty one", hex)
	w.add("range-0x.json", trustOne, "", -1, "the same in JSON", encode(w.t, hex))
}

func (w *vectorMaker) badPrefixes() {
	const n = 5
	f := w.one()
	list, _ := f.events(n)
	record := new(logged)
	keys := show{}
	f.put("lot/x", &logged{History: types.History{Peaks: []types.Hash{}}})
	f.commit()
	keys[2] = []string{"lot/x"}
	for i := range list {
		f.must(record.History.Append(types.LeafHash(list[i])))
		f.put("lot/x", record)
		f.commit()
		keys[int64(i)+3] = []string{"lot/x"}
	}
	other := new(logged)
	for i := range 3 {
		f.must(other.History.Append(types.LeafHash(list[4-i])))
	}
	f.put("lot/x", other)
	f.commit()
	keys[n+3] = []string{"lot/x"}
	f.commit()
	leaves := leavesOf(list)
	prefix := func(name, why string, since, height int64, path []types.Hash, change func([]byte) []byte) {
		c := evidence.Claim{Claim: evidence.ClaimPrefix, Key: "lot/x", Since: since, Height: height, Path: change(joined(path))}
		w.bad("prefix-"+name, trustOne, evidence.NotPrefix, 0, why, f.prove([]evidence.Claim{c}, show{height + 1: {"lot/x"}, since + 1: {"lot/x"}}), func(*evidence.Evidence) {})
	}
	same := func(b []byte) []byte { return b }
	prefix("bit", "a bit of the path is another", 4, 6, consistent(leaves, 3), func(b []byte) []byte { b[0] ^= 1; return b })
	prefix("no-path", "no path", 4, 6, nil, same)
	prefix("short", "a hash too few", 4, 6, consistent(leaves, 3), func(b []byte) []byte { return b[32:] })
	prefix("long", "a hash too many", 4, 6, consistent(leaves, 3), func(b []byte) []byte { return append(b, make([]byte, 32)...) })
	prefix("odd", "a path that is not of whole hashes", 4, 6, consistent(leaves, 3), func(b []byte) []byte { return b[:len(b)-1] })
	prefix("other-sizes", "the path of another size", 4, 6, consistent(leaves, 2), same)
	prefix("equal-path", "the same state twice needs no path, and this has one", 6, 6, consistent(leaves, 3), same)
	prefix("empty", "of an empty history nothing can be said", 1, 6, nil, same)
	prefix("reversed", "the older state is the newer", 6, 4, consistent(leaves, 3), same)
	prefix("shorter", "the newer history is shorter", 6, 7, nil, same)
	prefix("rewritten", "the history was written anew", 4, 7, nil, same)
	prefix("rewritten-path", "the history was written anew", 3, 7, consistent(leaves[:3], 2), same)

	still := w.one()
	_, unchanged := still.events(3)
	still.put("lot/x", unchanged)
	still.commit()
	still.commit()
	still.commit()
	backwards := evidence.Claim{Claim: evidence.ClaimPrefix, Key: "lot/x", Since: 2, Height: 1}
	w.bad("prefix-backwards-same", trustOne, evidence.NotPrefix, 0, "a later state as the earlier one, with the same history",
		still.prove([]evidence.Claim{backwards}, show{2: {"lot/x"}, 3: {"lot/x"}}), func(*evidence.Evidence) {})
}

func (w *vectorMaker) badRanges() {
	f := w.one()
	for _, key := range []string{"lot/a", "lot/b", "lot/c", "lot/d", "lot/e", "unit/x"} {
		f.put(key, []byte{0xa0})
	}
	f.commit()
	f.commit()
	rangeOf := func(name, why string, reason evidence.Reason, from, to string, count uint64, shown ...string) {
		c := evidence.Claim{Claim: evidence.ClaimRange, Height: 1, From: from, To: to, Count: count}
		w.bad("range-"+name, trustOne, reason, 0, why, f.prove([]evidence.Claim{c}, show{2: shown}), func(*evidence.Evidence) {})
	}
	incomplete := func(name, why, from, to string, count uint64, shown ...string) {
		rangeOf(name, why, evidence.RangeIncomplete, from, to, count, shown...)
	}
	incomplete("gap", "a record in the middle is left out", "lot/b", "lot/e", 2, "?lot/a", "lot/b", "lot/d", "?lot/e")
	incomplete("first-dropped", "the first record is left out", "lot/b", "lot/e", 2, "?lot/a", "lot/c", "lot/d", "?lot/e")
	incomplete("last-dropped", "the last record is left out", "lot/b", "lot/e", 2, "?lot/a", "lot/b", "lot/c", "?lot/e")
	incomplete("all-dropped", "all records are left out", "lot/b", "lot/e", 0, "?lot/a", "?lot/e")
	incomplete("hidden", "a record's value is not shown", "lot/b", "lot/e", 3, "?lot/a", "lot/b", "?lot/c", "lot/d", "?lot/e")
	incomplete("no-left", "the neighbour before it is not shown", "lot/b", "lot/e", 3, "lot/b", "lot/c", "lot/d", "?lot/e")
	incomplete("no-right", "the neighbour after it is not shown", "lot/b", "lot/e", 3, "?lot/a", "lot/b", "lot/c", "lot/d")
	incomplete("far-left", "another record stands between the range and what is shown before it", "lot/c", "lot/e", 2, "?lot/a", "lot/c", "lot/d", "?lot/e")
	incomplete("far-right", "another record stands between the range and what is shown after it", "lot/a", "lot/c", 2, "?chain/params", "lot/a", "lot/b", "?lot/d")
	incomplete("no-end", "the last record is left out", "lot/d", "", 2, "?lot/c", "lot/d", "lot/e")
	incomplete("no-begin", "the first record is left out", "", "lot/b", 2, "lot/a", types.KeyParams, "?lot/b")
	incomplete("empty-gap", "a record stands in a range that is said to be empty", "lot/bb", "lot/cc", 0, "?lot/b", "?lot/d")
	incomplete("empty-side", "a range that is said to be empty, with one neighbour", "lot/bb", "lot/bc", 0, "?lot/b")
	differs := func(name, why string, count uint64) {
		rangeOf("count-"+name, why, evidence.CountDiffers, "lot/b", "lot/e", count, "?lot/a", "lot/b", "lot/c", "lot/d", "?lot/e")
	}
	differs("less", "one less", 2)
	differs("more", "one more", 4)
	differs("none", "none", 0)
	differs("huge", "2^53-1", 1<<53-1)
	rangeOf("count-empty", "one in an empty range", evidence.CountDiffers, "lot/bb", "lot/bc", 1, "?lot/b", "?lot/c")
	w.bad("range-shifted", trustTown, evidence.RootDiffers, -1, "a record is left out and the sizes above it are changed, so that its neighbours would follow one upon another", w.keyRange, func(e *evidence.Evidence) {
		tree := treetest.Read(e.Headers[0].Tree)
		for _, n := range tree.Nodes() {
			if n.Tag == evidence.NodeLeftGone || n.Tag == evidence.NodeRightGone {
				n.Size--
				break
			}
		}
		e.Headers[0].Tree = tree.Write()
	})
}

func (w *vectorMaker) badFields() {
	base := w.smallField()
	differs := func(name, why string, change func(*types.DocumentPart)) {
		w.bad("commitment-"+name, trustOne, evidence.CommitmentDiffer, 0, why, base, func(e *evidence.Evidence) { change(e.Claims[0].Document) })
	}
	differs("root", "another document", func(d *types.DocumentPart) { d.Root[0]++ })
	differs("root-zero", "no document", func(d *types.DocumentPart) { d.Root = types.Hash{} })
	differs("record", "another record", func(d *types.DocumentPart) { d.Record = "order/m/01KB0Q8YDRN7DPSEYSB6DNYX4R" })
	differs("record-none", "no record", func(d *types.DocumentPart) { d.Record = "" })
	part := func(record string) *types.DocumentPart {
		fields, seed, _ := w.document()
		d, err := types.Disclose("CEB311", fields, seed, []int{0})
		if err != nil {
			w.t.Fatal(err)
		}
		d.Record = record
		return d
	}
	_, _, root := w.document()
	with := func(name, why, kind string, body []byte, record string) {
		w.bad("commitment-"+name, trustOne, evidence.CommitmentDiffer, 0, why, w.eventWith(kind, body, part(record)), func(*evidence.Evidence) {})
	}
	encode := func(v any) []byte {
		data, err := types.Encode(v)
		if err != nil {
			w.t.Fatal(err)
		}
		return data
	}
	const ulid = "01KB0Q8YDRN7DPSEYSB6DNYX4Q"
	with("kind", "an event of a kind that commits to no document", "AddKey", encode(&types.AddKey{}), "order/m/"+ulid)
	with("kind-unknown", "an event of a kind that is not known", "Forged", encode(&types.RecordOrder{Order: ulid, Document: root}), "order/m/"+ulid)
	with("body", "an event whose body is of another kind", "RecordPayment", encode(&types.RecordOrder{Order: ulid, Document: root}), "order/m/"+ulid)
	with("body-empty", "an event whose body is empty", "RecordOrder", []byte{0xa0}, "order/m/"+ulid)
	with("body-list", "an event whose body is a list", "RecordOrder", []byte{0x80}, "order/m/"+ulid)
	with("member", "the record of another member", "RecordOrder", encode(&types.RecordOrder{Order: ulid, Document: root}), "order/n/"+ulid)

	unproven := func(name, why string, change func(*types.DocumentPart)) {
		w.bad("field-"+name, trustOne, evidence.FieldUnproven, 0, why, base, func(e *evidence.Evidence) { change(e.Claims[0].Document) })
	}
	unproven("value", "another value", func(d *types.DocumentPart) { d.Fields[1].Value = "1" })
	unproven("path", "another field", func(d *types.DocumentPart) { d.Fields[1].Path = "b/e" })
	unproven("salt", "another salt", func(d *types.DocumentPart) { d.Fields[1].Salt[0]++ })
	unproven("position", "another position", func(d *types.DocumentPart) { d.Fields[1].Position-- })
	unproven("size", "another number of fields", func(d *types.DocumentPart) { d.Size = 9 })
	unproven("size-0", "no fields", func(d *types.DocumentPart) { d.Size = 0 })
	unproven("proof-none", "no proof", func(d *types.DocumentPart) { d.Fields[1].Proof = []types.Hash{} })
	unproven("proof-long", "a hash too many", func(d *types.DocumentPart) { d.Fields[1].Proof = append(d.Fields[1].Proof, types.Hash{}) })
	unproven("proof-bit", "a bit of the proof is another", func(d *types.DocumentPart) { d.Fields[2].Proof[0][0] ^= 1 })
	unproven("kind", "another kind", func(d *types.DocumentPart) { d.Kind = "CEB411" })
	unproven("kind-both", "another kind, and the first field says so too", func(d *types.DocumentPart) { d.Kind, d.Fields[0].Value = "CEB411", "CEB411" })
	unproven("no-kind", "the kind is not shown", func(d *types.DocumentPart) { d.Fields = d.Fields[1:] })
	unproven("none", "no fields", func(d *types.DocumentPart) { d.Fields = []types.DisclosedField{} })
	unproven("twice", "a field twice", func(d *types.DocumentPart) { d.Fields = append(d.Fields, d.Fields[2]) })
	unproven("order", "fields in another order", func(d *types.DocumentPart) { d.Fields[1], d.Fields[2] = d.Fields[2], d.Fields[1] })
	unproven("swapped", "the values of two fields are swapped", func(d *types.DocumentPart) {
		d.Fields[1].Value, d.Fields[2].Value = d.Fields[2].Value, d.Fields[1].Value
	})
	unproven("kind-path", "the first field is called otherwise", func(d *types.DocumentPart) { d.Fields[0].Path = "Kind" })
	w.bad("field-event", trustOne, evidence.EventUnproven, 0, "the event is not there", base, func(e *evidence.Evidence) { e.Claims[0].Index = 2 })
}

// smallField is evidence of two fields of a document of five, one of which has what JSON wants escaped.
func (w *vectorMaker) smallField() *evidence.Evidence {
	fields := []types.DocumentField{{Path: "a", Value: "1"}, {Path: "b/c", Value: "2"}, {Path: "b/d", Value: "\u5c71<\u2028"}, {Path: "e", Value: "4"}}
	root, err := types.DocumentRoot("CEB311", fields, types.Secret{6})
	if err != nil {
		w.t.Fatal(err)
	}
	part, err := types.Disclose("CEB311", fields, types.Secret{6}, []int{1, 2})
	if err != nil {
		w.t.Fatal(err)
	}
	const ulid = "01KB0Q8YDRN7DPSEYSB6DNYX4Q"
	part.Record = "order/m/" + ulid
	return w.committed(&types.RecordOrder{Order: ulid, Document: root}, part)
}

func (w *vectorMaker) badTransactions() {
	base := w.smallTransaction()
	tx := func(name string, reason evidence.Reason, why string, change func(*evidence.Claim)) {
		w.bad("transaction-"+name, trustOne, reason, 0, why, base, func(e *evidence.Evidence) { change(&e.Claims[0]) })
	}
	unproven := func(name, why string, change func(*evidence.Claim)) { tx(name, evidence.TxUnproven, why, change) }
	unproven("bit", "a bit of the transaction is another", func(c *evidence.Claim) { c.Transaction[40] ^= 1 })
	unproven("signature", "its signature is another", func(c *evidence.Claim) { c.Transaction[len(c.Transaction)-1] ^= 1 })
	unproven("none", "no transaction", func(c *evidence.Claim) { c.Transaction = nil })
	unproven("index", "another place", func(c *evidence.Claim) { c.Index++ })
	unproven("index-size", "a place after the last", func(c *evidence.Claim) { c.Index = c.Size })
	unproven("size", "another number of transactions", func(c *evidence.Claim) { c.Size = 9 })
	unproven("size-0", "no transactions", func(c *evidence.Claim) { c.Size = 0 })
	unproven("path", "a bit of the path is another", func(c *evidence.Claim) { c.Path[0] ^= 1 })
	unproven("no-path", "no path", func(c *evidence.Claim) { c.Path = nil })
	unproven("path-odd", "a path that is not of whole hashes", func(c *evidence.Claim) { c.Path = c.Path[1:] })
	unproven("height", "another block", func(c *evidence.Claim) { c.Height++ })
	result := func(name, why string, change func(*evidence.Claim)) {
		tx("result-"+name, evidence.ResultUnproven, why, change)
	}
	result("ok", "it is said to have taken effect", func(c *evidence.Claim) { c.Code, c.Codes = 0, nil })
	result("code", "another code", func(c *evidence.Claim) { c.Code++ })
	result("no-codes", "the bodies' codes are missing", func(c *evidence.Claim) { c.Codes = nil })
	result("codes", "another code of a body", func(c *evidence.Claim) { c.Codes[1]++ })
	result("codes-swapped", "the bodies' codes are swapped", func(c *evidence.Claim) { c.Codes[0], c.Codes[1] = c.Codes[1], c.Codes[0] })
	result("codes-more", "one more body", func(c *evidence.Claim) { c.Codes = append(c.Codes, 0) })
	result("path", "a bit of the path is another", func(c *evidence.Claim) { c.Results[40] ^= 1 })
	result("no-path", "no path", func(c *evidence.Claim) { c.Results = nil })
	result("path-odd", "a path that is not of whole hashes", func(c *evidence.Claim) { c.Results = c.Results[1:] })
	digest := func(name, why string, change func(*evidence.Claim)) {
		tx("digest-"+name, evidence.DigestDiffers, why, change)
	}
	digest("bit", "a bit of the digest is another", func(c *evidence.Claim) { c.Digest[0] ^= 1 })
	digest("none", "no digest", func(c *evidence.Claim) { c.Digest = nil })
	digest("short", "a digest of 31 bytes", func(c *evidence.Claim) { c.Digest = c.Digest[:31] })
	digest("long", "a digest of 33 bytes", func(c *evidence.Claim) { c.Digest = append(c.Digest, 0) })
	digest("sha256", "the transaction's SHA-256", func(c *evidence.Claim) {
		sum := sha256.Sum256(c.Transaction)
		c.Digest = sum[:]
	})
	header := func(name, why string, drop int) {
		w.bad("transaction-"+name, trustOne, evidence.BlockUnproven, 0, why, base, func(e *evidence.Evidence) {
			for i := range e.Headers {
				if e.Headers[i].Height == e.Claims[0].Height+int64(drop) {
					e.Headers = slices.Delete(e.Headers, i, i+1)
					return
				}
			}
			w.t.Fatal("no such header")
		})
	}
	header("no-header", "the header of the block is not there", 0)
	header("no-next", "the header of the next block, which has the result, is not there", 1)
	w.undecodable()
}

// smallTransaction is evidence of the second of three transactions in block 1, which was refused in part.
func (w *vectorMaker) smallTransaction() *evidence.Evidence {
	f := w.one()
	var txs [][]byte
	for i := range byte(3) {
		txs = append(txs, f.transaction(&types.AddKey{Key: types.Address{i}}, &types.AddKey{}))
	}
	x := f.execute(txs, []types.Result{{}, {Code: types.Partial, Codes: []types.Code{types.OK, types.Overdraw}}, {Code: types.Role}})
	f.commit()
	return f.prove([]evidence.Claim{x.claimAt(1, 1)}, show{3: {}, 2: {}, 1: {}})
}

// undecodable are transactions that a block holds and that are none.
func (w *vectorMaker) undecodable() {
	f := w.one()
	good := f.transaction(types.Catalogue[0].Example())
	list := []struct {
		name, why string
		raw       []byte
	}{
		{"empty", "a transaction of no bytes", []byte{}},
		{"no-cbor", "a transaction that is no CBOR", []byte("hello")},
		{"trailing", "a transaction with something after its end", append(bytes.Clone(good), 0)},
		{"kind", "a transaction of a kind that is not known", bytes.Replace(good, []byte("AddKey"), []byte("AddKex"), 1)},
		{"no-bodies", "a transaction without bodies", f.encode(map[string]any{"transaction": map[string]any{
			"chain": f.id, "member": "m", "kind": "AddKey", "expires": chaintest.Start, "onError": "rollback", "bodies": []any{},
		}, "signatures": []any{}})},
		{"body", "a transaction with a body of another kind", f.encode(map[string]any{"transaction": map[string]any{
			"chain": f.id, "member": "m", "kind": "AddKey", "expires": chaintest.Start, "onError": "rollback", "bodies": []any{map[string]any{"x": 1}},
		}, "signatures": []any{}})},
		{"member", "a transaction without a member that would be known", good},
	}
	var txs [][]byte
	var results []types.Result
	for i := range list {
		txs, results = append(txs, list[i].raw), append(results, types.Result{Code: 1})
	}
	x := f.execute(txs, results)
	for i := range list[:len(list)-1] {
		w.bad("digest-"+list[i].name, trustOne, evidence.DigestDiffers, 0, list[i].why, f.prove([]evidence.Claim{x.claim(i)}, show{2: {}, 1: {}}), func(*evidence.Evidence) {})
	}

	// The words of a transaction are not judged again.
	g := w.one()
	strange := g.encode(&types.Signed{Transaction: types.Transaction{
		Chain: "another", Member: "", Kind: "AddKey", Expires: -1, OnError: "?", Bodies: []types.Body{&types.AddKey{}},
	}})
	y := g.execute([][]byte{strange}, []types.Result{{Code: 3}})
	sized := copyOf(w.partly)
	sized.Claims[0].Size = 4
	w.good("transaction-sized", trustTown, "the first of three transactions as the first of four: the path is the same, and no header says how many there are", sized)
	sized = fieldEvidence(w.t, w.town, 2)
	sized.Claims[0].Document.Size = 8
	w.good("field-sized", trustTown, "a document of five leaves as one of eight: the paths are the same, and the root does not say how many there are", sized)
	w.good("transaction-strange", trustOne, "a transaction whose words no rule admits: the block holds it, and refused it", g.prove([]evidence.Claim{y.claim(0)}, show{2: {}, 1: {}}))
}
