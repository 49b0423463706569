package prove_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// edges are the bounds of numbers, lists and nesting, and what is authentic and of other types than it should be.
func (w *vectorMaker) edges() {
	w.formEdges()
	w.recordEdges()
	w.eventEdges()
	w.transactionEdges()
}

func (w *vectorMaker) formEdges() {
	const most = 1<<32 - 1
	large := copyOf(w.tx)
	large.Claims[0].Code = most
	file, text := compact(w.t, large), encode(w.t, large)
	w.add("code-most.cbor", trustTown, evidence.ResultUnproven, 0, "the code 2^32-1", file)
	w.add("code-most.json", trustTown, evidence.ResultUnproven, 0, "the code 2^32-1", text)
	w.add("code-more.cbor", trustTown, evidence.Malformed, -1, "the code 2^32", replaced(w.t, file, "\x64code\x1a\xff\xff\xff\xff", "\x64code\x1b\x00\x00\x00\x01\x00\x00\x00\x00"))
	w.add("code-more.json", trustTown, evidence.Malformed, -1, "the code 2^32", replaced(w.t, text, fmt.Sprint(most), fmt.Sprint(most+1)))

	many := w.small()
	for len(many.Claims) < evidence.MaxClaims {
		many.Claims = append(many.Claims, many.Claims[0])
	}
	w.good("claims-most", trustOne, "a thousand claims", many)

	nested := func(depth int) []byte {
		return []byte(`{"format": "carya-evidence/99", "x": ` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}")
	}
	w.add("json-deepest.json", trustOne, evidence.FormatUnknown, -1, "another format, nested 10,000 deep", nested(10_000))
	w.add("json-deeper.json", trustOne, evidence.Malformed, -1, "another format, nested 10,001 deep", nested(10_001))

	w.bad("field-position-large", trustTown, evidence.Malformed, -1, "the position 2^53", w.field, func(e *evidence.Evidence) {
		e.Claims[0].Document.Fields[1].Position = 1 << 53
	})
	w.bad("field-size-large", trustTown, evidence.Malformed, -1, "a document of 2^53 fields", w.field, func(e *evidence.Evidence) {
		e.Claims[0].Document.Size = 1 << 53
	})
}

func (w *vectorMaker) recordEdges() {
	f := w.one()
	peak := []any{types.Hash{1}}
	nested := func(depth int) any {
		value := any([]any{})
		for range depth - 2 {
			value = []any{value}
		}
		return map[string]any{"a": value, "history": types.History{Peaks: []types.Hash{}}}
	}
	list := []struct {
		name, why string
		reason    evidence.Reason
		value     any
	}{
		{"deepest", "a record nested 32 deep", "", nested(32)},
		{"deeper", "a record nested 33 deep", evidence.HistoryDiffers, nested(33)},
		{"size-text", "a history whose size is a text", evidence.HistoryDiffers, map[string]any{"history": map[string]any{"size": "0", "peaks": []any{}}}},
		{"size-large", "a history of 2^53 events", evidence.HistoryDiffers, map[string]any{"history": map[string]any{"size": uint64(1 << 53), "peaks": peak}}},
		{"size-negative", "a history of -1 events", evidence.HistoryDiffers, map[string]any{"history": map[string]any{"size": -1, "peaks": []any{}}}},
		{"peaks-null", "a history whose peaks are null", evidence.HistoryDiffers, map[string]any{"history": map[string]any{"size": 0, "peaks": nil}}},
		{"peak-short", "a peak of 31 bytes", evidence.HistoryDiffers, map[string]any{"history": map[string]any{"size": 1, "peaks": []any{make([]byte, 31)}}}},
		{"peak-text", "a peak that is a text", evidence.HistoryDiffers, map[string]any{"history": map[string]any{"size": 1, "peaks": []any{strings.Repeat("x", 32)}}}},
	}
	for _, r := range list {
		f.put("lot/"+r.name, r.value)
	}
	f.commit()
	f.commit()
	for _, r := range list {
		e := f.prove([]evidence.Claim{claimOf(evidence.ClaimHistory, "lot/"+r.name, 1)}, show{2: {"lot/" + r.name}})
		if r.reason == "" {
			w.good("agreed-record-"+r.name, trustOne, r.why, e)
		} else {
			w.bad("agreed-record-"+r.name, trustOne, r.reason, 0, r.why, e, func(*evidence.Evidence) {})
		}
	}
}

func (w *vectorMaker) eventEdges() {
	f := w.one()
	event := func(change func(map[string]any)) []byte {
		m := map[string]any{"tx": types.Hash{}, "index": 0, "height": 1, "time": 1, "member": "m", "kind": "Forged", "body": map[string]any{}}
		change(m)
		return f.encode(m)
	}
	list := []struct {
		name, why string
		raw       []byte
	}{
		{"tx-short", "an event of a transaction with a digest of 31 bytes", event(func(m map[string]any) { m["tx"] = make([]byte, 31) })},
		{"tx-missing", "an event without a transaction", event(func(m map[string]any) { delete(m, "tx") })},
		{"member-number", "an event of the member 7", event(func(m map[string]any) { m["member"] = 7 })},
		{"body-missing", "an event without a body", event(func(m map[string]any) { delete(m, "body") })},
		{"index-text", "an event whose index is a text", event(func(m map[string]any) { m["index"] = "0" })},
		{"height-large", "an event of the block 2^53", event(func(m map[string]any) { m["height"] = uint64(1 << 53) })},
		{"time-missing", "an event without a time", event(func(m map[string]any) { delete(m, "time") })},
	}
	var raws [][]byte
	for _, e := range list {
		raws = append(raws, e.raw)
	}
	f.put("lot/x", logOf(f.t, raws))
	f.commit()
	f.commit()
	for i, e := range list {
		c := evidence.Claim{Claim: evidence.ClaimEvent, Key: "lot/x", Height: 1, Index: uint64(i), Events: raws[i : i+1], Path: f.inclusion(raws, i)}
		w.bad("agreed-event-"+e.name, trustOne, evidence.EventUnproven, 0, e.why, f.prove([]evidence.Claim{c}, show{2: {"lot/x"}}), func(*evidence.Evidence) {})
	}

	const ulid = "01KB0Q8YDRN7DPSEYSB6DNYX4Q"
	fields, seed, root := w.document()
	part, err := types.Disclose("CEB311", fields, seed, []int{0})
	f.must(err)
	part.Record, part.Root = "payment/m/"+ulid, types.Hash{}
	body, err := types.EncodeBody(&types.RecordPayment{Order: "m/" + ulid, Payment: ulid, Document: root})
	f.must(err)
	w.bad("commitment-original-zero", trustOne, evidence.CommitmentDiffer, 0, "a payment without an original record, and a document without a root",
		w.eventWith("RecordPayment", body, part), func(*evidence.Evidence) {})
}

func (w *vectorMaker) transactionEdges() {
	f := w.one()
	transaction := func(kind string, bodies []any, change func(signed, tx map[string]any)) []byte {
		tx := map[string]any{"chain": f.id, "member": "m", "kind": kind, "expires": int64(chaintest.Start), "onError": "rollback", "bodies": bodies}
		signed := map[string]any{"transaction": tx, "signatures": []any{}}
		if change != nil {
			change(signed, tx)
		}
		return f.encode(signed)
	}
	address := []any{map[string]any{"key": make([]byte, 20)}}
	process := func(min any) []any { return []any{map[string]any{"bizStep": "x", "min": min, "max": 1}} }
	list := []struct {
		name, why string
		raw       []byte
	}{
		{"address-short", "an address of 19 bytes", transaction("AddKey", []any{map[string]any{"key": make([]byte, 19)}}, nil)},
		{"address-text", "an address that is a text", transaction("AddKey", []any{map[string]any{"key": strings.Repeat("x", 20)}}, nil)},
		{"unsigned-negative", "an unsigned number that is negative", transaction("SetProcess", process(-1), nil)},
		{"unsigned-large", "an unsigned number of 2^53", transaction("SetProcess", process(uint64(1<<53)), nil)},
		{"unsigned-bool", "a number that is false", transaction("SetProcess", process(false), nil)},
		{"string-bytes", "a text that is bytes", transaction("SetProcess", []any{map[string]any{"bizStep": []byte("x"), "min": 0, "max": 1}}, nil)},
		{"string-null", "a text that is null", transaction("SetProcess", []any{map[string]any{"bizStep": nil, "min": 0, "max": 1}}, nil)},
		{"body-more", "a body with a member too many", transaction("AddKey", []any{map[string]any{"key": make([]byte, 20), "x": 0}}, nil)},
		{"body-null", "a body that is null", transaction("AddKey", []any{nil}, nil)},
		{"bodies-1001", "1,001 bodies", transaction("AcceptUnit", slices.Repeat([]any{map[string]any{"unit": ""}}, 1001), nil)},
		{"struct", "the name of a struct as the kind", transaction("ReturnLine", []any{map[string]any{"line": 0, "pieces": 0, "token": types.Hash{}}}, nil)},
		{"member-more", "a member too many", transaction("AddKey", address, func(_, tx map[string]any) { tx["x"] = 0 })},
		{"member-number", "the member 7", transaction("AddKey", address, func(_, tx map[string]any) { tx["member"] = 7 })},
		{"signatures-missing", "no list of signatures", transaction("AddKey", address, func(signed, _ map[string]any) { delete(signed, "signatures") })},
		{"signatures-text", "a signature that is a text", transaction("AddKey", address, func(signed, _ map[string]any) { signed["signatures"] = []any{"x"} })},
		{"signed-more", "a member too many beside the signatures", transaction("AddKey", address, func(signed, _ map[string]any) { signed["x"] = 0 })},
	}
	var txs [][]byte
	for i := range list {
		txs = append(txs, list[i].raw)
	}
	x := f.execute(txs, make([]types.Result, len(txs)))
	for i := range list {
		w.bad("agreed-transaction-"+list[i].name, trustOne, evidence.DigestDiffers, 0, list[i].why,
			f.prove([]evidence.Claim{x.claim(i)}, show{2: {}, 1: {}}), func(*evidence.Evidence) {})
	}

	g := w.one()
	most := g.transaction(slices.Repeat([]types.Body{&types.AcceptUnit{}}, 1000)...)
	if !bytes.Contains(most, []byte("AcceptUnit")) {
		w.t.Fatal("no transaction")
	}
	y := g.execute([][]byte{most}, []types.Result{{}})
	w.good("transaction-bodies-most", trustOne, "a thousand bodies", g.prove([]evidence.Claim{y.claim(0)}, show{2: {}, 1: {}}))
}
