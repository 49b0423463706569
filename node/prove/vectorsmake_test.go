package prove_test

import (
	"bytes"
	"testing"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// vectorMaker makes the vectors.
type vectorMaker struct {
	t      testing.TB
	list   []vector
	trusts map[string]*evidence.Trust
	*bases
}

// The trust files of the vectors.
const (
	trustTown   = "trust.json"         // of chaintest.Town
	trustOne    = "trust-one.json"     // of a forged chain with one validator
	trustThirds = "trust-thirds.json"  // three equal validators
	trustJust   = "trust-just.json"    // three validators of which two have just more than two thirds
	trustSeven  = "trust-seven.json"   // seven validators
	trustLarge  = "trust-large.json"   // two validators with as much power as there may be
	trustPowers = "trust-powers.json"  // Town's validators with other powers
	trustOther  = "trust-restart.json" // a chain that was begun anew with Town's keys
	trustChain  = "trust-chain.json"   // of another name
	trustPoint  = "trust-zip215.json"  // a validator whose key is a point of small order, not canonically written
	trustOrder  = "trust-order.json"   // validators of trust-seven in another order: the file's order does not count
)

func newVectors(t testing.TB) *vectorMaker {
	t.Helper()
	w := &vectorMaker{t: t, trusts: map[string]*evidence.Trust{}, bases: newBases(t)}
	w.trusts[trustTown] = w.town.Trust()
	w.valid()
	w.malformedJSON()
	w.malformedCBOR()
	w.badChain()
	w.badHeader()
	w.badCommit()
	w.badTree()
	w.badBlocks()
	w.badKeys()
	w.badStates()
	w.badHistories()
	w.badRanges()
	w.badFields()
	w.badTransactions()
	w.edges()
	return w
}

// add adds a vector.
func (w *vectorMaker) add(file, trust string, reason evidence.Reason, claim int, why string, data []byte) {
	w.t.Helper()
	for i := range w.list {
		if w.list[i].File == file {
			w.t.Fatalf("two vectors %s", file)
		}
	}
	w.list = append(w.list, vector{File: file, Trust: trust, Reason: reason, Claim: claim, Why: why, data: data})
}

// good adds evidence that is proven, compact.
func (w *vectorMaker) good(name, trust, why string, e *evidence.Evidence) {
	w.t.Helper()
	w.add(name+".cbor", trust, "", -1, why, compact(w.t, e))
}

// bad adds evidence that was proven until it was changed, compact.
func (w *vectorMaker) bad(name, trust string, reason evidence.Reason, claim int, why string, e *evidence.Evidence, change func(*evidence.Evidence)) {
	w.t.Helper()
	e = copyOf(e)
	change(e)
	w.add(name+".cbor", trust, reason, claim, why, compact(w.t, e))
}

// badText adds JSON in which one thing, which occurs once, was replaced.
func (w *vectorMaker) badText(name string, reason evidence.Reason, why string, file []byte, from, to string) {
	w.t.Helper()
	claim := -1
	w.add(name+".json", trustTown, reason, claim, why, replaced(w.t, file, from, to))
}

// replaced replaces what occurs once.
func replaced(t testing.TB, file []byte, from, to string) []byte {
	t.Helper()
	if n := bytes.Count(file, []byte(from)); n != 1 {
		t.Fatalf("%q occurs %d times in %.400s", from, n, file)
	}
	return bytes.Replace(file, []byte(from), []byte(to), 1)
}

func compact(t testing.TB, e *evidence.Evidence) []byte {
	t.Helper()
	data, err := e.Compact()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bases are evidence of every kind from a chain that the rules could have made.
type bases struct {
	town                                                                                             *chaintest.Chain
	lot, order                                                                                       string
	record, absence, history, event, prefix, keyRange, empty, block, tx, partly, field, old, several *evidence.Evidence
}

func newBases(t testing.TB) *bases {
	t.Helper()
	c := chaintest.Town(t)
	b := &bases{town: c, lot: "lot/" + chaintest.Lot, order: "order/" + chaintest.Order}
	from, to := evidence.Prefixed("payment/tianmu-pay/01KB")
	ordered, partly := digestOf(t, c.Raw[b.order][0]), digestOf(t, c.Raw[b.lot][1])
	b.record = c.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: b.lot})
	b.absence = c.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/06901234000023.NONE"})
	b.history = c.Prove(evidence.Ask{Claim: evidence.ClaimHistory, Key: b.lot})
	b.event = c.Prove(evidence.Ask{Claim: evidence.ClaimEvent, Key: b.lot, Index: 1})
	b.prefix = c.Prove(evidence.Ask{Claim: evidence.ClaimPrefix, Key: b.lot, Since: 2})
	b.keyRange = c.Prove(evidence.Ask{Claim: evidence.ClaimRange, From: from, To: to})
	b.empty = c.Prove(evidence.Ask{Claim: evidence.ClaimRange, From: "payment/a", To: "payment/b"})
	b.block = c.Prove(evidence.Ask{Claim: evidence.ClaimBlock, Height: 1})
	b.tx = c.Prove(evidence.Ask{Claim: evidence.ClaimTransaction, Digest: ordered})
	b.partly = c.Prove(evidence.Ask{Claim: evidence.ClaimTransaction, Digest: partly})
	b.field = fieldEvidence(t, c, 2, 3)
	b.old = c.ProveAt(&evidence.Asked{Height: 2, Newest: true, Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: b.lot}}})
	b.several = c.Prove(
		evidence.Ask{Claim: evidence.ClaimHistory, Key: b.lot}, evidence.Ask{Claim: evidence.ClaimRecord, Key: b.order, Height: 3},
		evidence.Ask{Claim: evidence.ClaimBlock, Height: 2}, evidence.Ask{Claim: evidence.ClaimRange, From: from, To: to},
		evidence.Ask{Claim: evidence.ClaimTransaction, Digest: ordered}, evidence.Ask{Claim: evidence.ClaimRecord, Key: "recall/none/1"},
	)
	return b
}

// digestOf is the digest of the transaction that an event came from.
func digestOf(t testing.TB, event []byte) types.Bytes {
	t.Helper()
	e, err := types.DecodeEvent(event)
	if err != nil {
		t.Fatal(err)
	}
	return e.Tx[:]
}

// fieldEvidence shows fields of the document that Town's order commits to.
func fieldEvidence(t testing.TB, c *chaintest.Chain, positions ...int) *evidence.Evidence {
	t.Helper()
	d := chaintest.PrivateDocument
	part, err := types.Disclose(d.Kind, d.Fields, d.Seed, positions)
	if err != nil {
		t.Fatal(err)
	}
	part.Record = "order/" + chaintest.Order
	e := c.Prove(evidence.Ask{Claim: evidence.ClaimEvent, Key: part.Record, Root: part.Root[:]})
	e.Claims[0].Claim, e.Claims[0].Document = evidence.ClaimField, part
	return e
}
