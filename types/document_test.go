package types

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestTagsCannotBeLinked: nothing that the ledger sees of a value is the same in two
// orders, in two slots or under two names, and without the order's match key no guess at
// the value meets it.
func TestTagsCannotBeLinked(t *testing.T) {
	platform := Secret{1}
	seen := map[Hash]string{}
	note := func(what string, h Hash) {
		t.Helper()
		if before, twice := seen[h]; twice {
			t.Errorf("%s and %s are one value", before, what)
		}
		seen[h] = what
	}
	const amount, buyer = "129 142", "1\x1f330106199001011230\x1f王小山"
	for order := range 100 {
		ulid, err := StreamID(platform, SlotOrder, fmt.Sprint("LT", order), exampleTime)
		if err != nil {
			t.Fatal(err)
		}
		key := MatchKey(platform, ulid)
		at := func(what string) string { return fmt.Sprintf("%s of order %d", what, order) }
		note(at("key"), key)
		for _, name := range []string{TagAmount, TagPayer, TagConsignee, TagParcel, TagMerchant, TagGoods} {
			note(at(name), MatchTag(key, name, amount)) // one value under every name
			note(at(name+"'s buyer"), MatchTag(key, name, buyer))
		}
		for _, slot := range []string{SlotPayment, SlotWaybill, SlotDeclaration} {
			tag := NumberTag(key, slot, "LT0")
			note(at(slot), tag)
			note(at(slot+" lock"), NumberLock(tag))
		}
		for line := range 3 {
			note(at("anchor"), ReturnAnchor(ReturnSeed(key, line), 2))
		}
	}
	// A guesser knows the value, the order's name and everything that the ledger shows.
	guesses := []Secret{{}, platform, {2}}
	for h := range seen {
		guesses = append(guesses, Secret(h))
	}
	key := MatchKey(Secret{9}, exampleULID)
	secret := map[Hash]bool{MatchTag(key, TagAmount, amount): true, NumberLock(NumberTag(key, SlotPayment, "LT0")): true}
	for _, g := range guesses {
		if secret[MatchTag(g, TagAmount, amount)] || secret[NumberLock(NumberTag(g, SlotPayment, "LT0"))] {
			t.Errorf("key %s guesses a tag", g)
		}
	}
}

// TestReturnTokens: whoever knows the seed shows any number of pieces that are left, and
// never one more.
func TestReturnTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := Secret{rapid.Byte().Draw(t, "seed")}
		pieces := rapid.Uint64Range(1, 50).Draw(t, "pieces")
		anchor, back := ReturnAnchor(seed, pieces), uint64(0)
		for back < pieces {
			some := rapid.Uint64Range(1, pieces-back).Draw(t, "some")
			l := ReturnLine{Pieces: some, Token: ReturnToken(seed, pieces, back, some)}
			if l.Before() != anchor {
				t.Fatalf("%d of %d pieces, %d were back", some, pieces, back)
			}
			anchor, back = l.Token, back+some
		}
		if anchor != Hash(seed) {
			t.Fatalf("all %d pieces are back and the anchor is not the seed", pieces)
		}
		if l := (ReturnLine{Pieces: 1, Token: Hash(seed)}); l.Before() == anchor {
			t.Fatal("one piece more came back")
		}
	})
}

func TestPieces(t *testing.T) {
	for _, row := range []struct {
		quantity, step int64
		pieces         uint64
	}{
		{100_000, 100_000, 1}, {300_000, 100_000, 3}, {MaxPieces * 100_000, 100_000, MaxPieces},
		{(MaxPieces + 1) * 100_000, (MaxPieces + 1) * 100_000, 1}, {150_000, 150_000, 1}, {1, 1, 1},
	} {
		if pieces, step := Pieces(row.quantity); pieces != row.pieces || step != row.step {
			t.Errorf("%d: %d pieces of %d, want %d of %d", row.quantity, pieces, step, row.pieces, row.step)
		}
	}
}

// TestOrderStateAt: time alone makes an order stale or lapsed.
func TestOrderStateAt(t *testing.T) {
	for _, row := range []struct {
		state, then string
	}{{StatePartial, StateStale}, {StateMatched, StateLapsed}} {
		o := Order{State: row.state, Until: 10}
		if got := o.StateAt(10); got != row.state {
			t.Errorf("at its end: %s", got)
		}
		if got := o.StateAt(11); got != row.then {
			t.Errorf("after its end: %s, want %s", got, row.then)
		}
	}
	if o := (Order{State: StateReleased}); o.StateAt(1<<50) != StateReleased {
		t.Error("a released order changes with time")
	}
}
