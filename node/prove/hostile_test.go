package prove_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
	"github.com/caryaledger/carya/types/evidence/treetest"
)

// named are the bases by name.
func (b *bases) named() map[string]*evidence.Evidence {
	return map[string]*evidence.Evidence{
		"record": b.record, "absence": b.absence, "history": b.history, "event": b.event, "prefix": b.prefix, "range": b.keyRange,
		"empty range": b.empty, "block": b.block, "transaction": b.tx, "transaction in part": b.partly, "field": b.field, "old": b.old,
		"several": b.several,
	}
}

// hostile runs a test over evidence of every kind of claim, with the truth about its chain.
func hostile(t *testing.T, test func(t *testing.T, e *evidence.Evidence, k *truth)) {
	t.Helper()
	b := newBases(t)
	k := truthOf(t, b.town)
	for name, e := range b.named() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, file := range map[string][]byte{"compact": compact(t, e), "JSON": encode(t, e)} {
				if v := k.check(t, form, file); v != proven {
					t.Fatalf("honest evidence, %s: %v", form, v)
				}
			}
			test(t, e, k)
		})
	}
}

// TestFlippedBytes: no byte of a file can be changed so that it says what is not true.
func TestFlippedBytes(t *testing.T) {
	hostile(t, func(t *testing.T, e *evidence.Evidence, k *truth) {
		step := 1
		if testing.Short() || len(e.Claims) > 1 { // of each of them alone all bytes are flipped
			step = 7
		}
		for form, file := range map[string][]byte{"compact": compact(t, e), "JSON": encode(t, e)} {
			for i := 0; i < len(file); i += step {
				changed := slices.Clone(file)
				changed[i] ^= 1 << (i % 8)
				k.check(t, fmt.Sprintf("%s, byte %d", form, i), changed)
			}
		}
	})
}

// checkAll verifies changed evidence, in both forms, of which the same is said.
func (k *truth) checkAll(t *testing.T, e *evidence.Evidence, list changes) (refused int) {
	t.Helper()
	taken, same := 0, compact(t, e)
	for name, c := range list {
		file := compact(t, c)
		if bytes.Equal(file, same) {
			continue // some ways to change some values change nothing
		}
		v := k.check(t, name, file)
		if v == proven {
			taken++
		} else {
			refused++
		}
		if other := judge(t, encode(t, c), k.trust); other != v {
			t.Errorf("%s: compact %v, JSON %v", name, v, other)
		}
	}
	t.Logf("%d refused, %d true as well", refused, taken)
	return refused
}

// TestChangedFields: nor any member.
func TestChangedFields(t *testing.T) {
	hostile(t, func(t *testing.T, e *evidence.Evidence, k *truth) {
		if n := k.checkAll(t, e, fieldChanges(e)); n < 150 {
			t.Errorf("%d refused", n)
		}
	})
}

// TestChangedNodes: nor any node of a tree, even where no claim is about it.
func TestChangedNodes(t *testing.T) {
	hostile(t, func(t *testing.T, e *evidence.Evidence, k *truth) {
		for name, c := range treeChanges(e) {
			if file := compact(t, c); !bytes.Equal(file, compact(t, e)) && k.check(t, name, file) == proven {
				t.Errorf("%s: taken", name)
			}
		}
	})
}

// TestSplices: nor can files be made of the parts of several: of other claims, of other heights, of a chain that was begun anew
// with the same keys, and of another chain.
func TestSplices(t *testing.T) {
	b := newBases(t)
	pool := b.named()
	for height := int64(1); height <= 3; height++ {
		pool[fmt.Sprint("record after ", height)] = b.town.ProveAt(&evidence.Asked{Height: height, Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: b.lot}}})
		pool[fmt.Sprint("block ", height)] = b.town.Prove(evidence.Ask{Claim: evidence.ClaimBlock, Height: height})
	}
	k := truthOf(t, b.town)
	for name, change := range map[string]func(*types.Genesis){
		"restarted":   func(g *types.Genesis) { g.Time++ },
		"other chain": func(g *types.Genesis) { g.Chain = "carya-test-2" },
	} {
		c := chaintest.NewFrom(t, change)
		c.Commit()
		pool[name] = c.Prove(
			evidence.Ask{Claim: evidence.ClaimRecord, Key: "member/lantu"}, evidence.Ask{Claim: evidence.ClaimRecord, Key: b.lot},
			evidence.Ask{Claim: evidence.ClaimBlock, Height: 1}, evidence.Ask{Claim: evidence.ClaimHistory, Key: "member/lantu"},
		)
	}
	for name, e := range pool {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same := compact(t, e)
			for from, other := range pool {
				for how, spliced := range splices(e, other) {
					if file := compact(t, spliced); !bytes.Equal(file, same) {
						k.check(t, from+": "+how, file)
					}
				}
			}
		})
	}
}

// try makes claims about a record of a forged chain with one validator and verifies them.
func try(t *testing.T, f *forged, e *evidence.Evidence, c evidence.Claim) verdict {
	t.Helper()
	changed := *e
	changed.Claims = []evidence.Claim{c}
	return judge(t, compact(t, &changed), f.trust())
}

// TestHistoryLists: a history claim has all events, each once, in their order.
func TestHistoryLists(t *testing.T) {
	for n := 1; n <= 9; n++ {
		f, list := forgeHistory(t, n)
		c := claimOf(evidence.ClaimHistory, "lot/x", 1)
		e := f.prove([]evidence.Claim{c}, show{2: {"lot/x"}})
		if c.Events = list; try(t, f, e, c) != proven {
			t.Fatalf("%d events: refused", n)
		}
		refused := func(what string, events [][]byte) {
			t.Helper()
			if c.Events = events; try(t, f, e, c) != (verdict{evidence.HistoryDiffers, 0}) {
				t.Errorf("%d events, %s: %v", n, what, try(t, f, e, c))
			}
		}
		for i := range n {
			refused(fmt.Sprint("the first ", i), list[:i])
			refused(fmt.Sprint("the last ", i), list[n-i:])
			refused(fmt.Sprint("without ", i), slices.Delete(slices.Clone(list), i, i+1))
			refused(fmt.Sprint("another one before ", i), slices.Insert(slices.Clone(list), i, f.event(n)))
			refused(fmt.Sprint("another one for ", i), slices.Replace(slices.Clone(list), i, i+1, f.event(n)))
			for j := range i {
				swapped := slices.Clone(list)
				swapped[i], swapped[j] = list[j], list[i]
				refused(fmt.Sprintf("%d and %d swapped", i, j), swapped)
				refused(fmt.Sprintf("%d again at %d", j, i), slices.Insert(slices.Clone(list), i, list[j]))
			}
			// What is hashed of an inner node of the tree is not an event.
			if i > 0 {
				left, right := types.LeafHash(list[i-1]), types.LeafHash(list[i])
				inner := slices.Replace(slices.Clone(list), i-1, i+1, slices.Concat(left[:], right[:]))
				refused(fmt.Sprintf("the node of %d and %d", i-1, i), inner)
			}
		}
		refused("twice", slices.Concat(list, list))
		refused("another one after them", append(slices.Clone(list), f.event(n)))
	}
}

// TestEventPlaces: an event is at its own place of a history, with its own path, and nowhere else.
func TestEventPlaces(t *testing.T) {
	for n := 1; n <= 6; n++ {
		f, list := forgeHistory(t, n)
		c := claimOf(evidence.ClaimEvent, "lot/x", 1)
		e := f.prove([]evidence.Claim{c}, show{2: {"lot/x"}})
		for event := range n {
			for path := range n {
				for place := range n + 2 {
					c.Events, c.Path, c.Index = list[event:event+1], f.inclusion(list, path), uint64(place)
					want := verdict{evidence.EventUnproven, 0}
					if event == path && path == place {
						want = proven
					}
					if got := try(t, f, e, c); got != want {
						t.Errorf("event %d of %d at %d with the path of %d: %v", event, n, place, path, got)
					}
				}
			}
		}
	}
}

// TestRewrittenHistories: a history that was rewritten is not a beginning of what it became, whatever path is shown, and one
// that was not has one path.
func TestRewrittenHistories(t *testing.T) {
	const most = 6
	honest, _ := forge(t, 1).events(most)
	for n := 1; n <= most; n++ {
		for before := 1; before <= n; before++ {
			for rewritten := range before + 1 { // event that is another in the end; before: none
				f := forge(t, 1)
				after := slices.Clone(honest[:n])
				if rewritten < before {
					after[rewritten] = f.event(most)
				}
				f.put("lot/x", logOf(t, honest[:before]))
				f.commit()
				f.put("lot/x", logOf(t, after))
				f.commit()
				f.commit()
				c := evidence.Claim{Claim: evidence.ClaimPrefix, Key: "lot/x", Since: 1, Height: 2}
				e := f.prove([]evidence.Claim{c}, show{3: {"lot/x"}, 2: {"lot/x"}})
				right := joined(consistent(leavesOf(after), before))
				for _, all := range [][][]byte{honest, after} {
					for size := 1; size <= len(all); size++ {
						for first := 1; first <= size; first++ {
							c.Path = joined(consistent(leavesOf(all[:size]), first))
							want := verdict{evidence.NotPrefix, 0}
							if rewritten == before && bytes.Equal(c.Path, right) {
								want = proven
							}
							if got := try(t, f, e, c); got != want {
								t.Errorf("%d of %d, %d is another, path of %d and %d: %v", before, n, rewritten, first, size, got)
							}
						}
					}
				}
			}
		}
	}
}

// TestForeignBlocks: an older header is a block of the chain at its own height, with its own path; a block that the same
// validators did not put there has no path.
func TestForeignBlocks(t *testing.T) {
	const blocks = 6
	for _, initial := range []int64{1, 100} {
		f, foreign := forge(t, 1), forge(t, 1)
		f.initial, foreign.initial = initial, initial
		for range blocks + 1 {
			f.commit()
			foreign.commit(func(h *cmt.Header) { h.DataHash = chaintest.Seed("another block") })
		}
		signed := initial + blocks
		for height := initial; height < signed; height++ {
			e := f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", height)}, show{signed: {}, height: {}})
			e.Headers[1].Tree = nil
			for at := initial; at < signed; at++ {
				for name, from := range map[string]*forged{"own": f, "foreign": foreign} {
					e.Headers[1].Header, e.Headers[1].Path = f.fields(f.at(height)), from.path(at, signed)
					want := verdict{evidence.BlockUnproven, -1}
					if at == height && from == f {
						want = proven
					}
					if got := judge(t, compact(t, e), f.trust()); got != want {
						t.Errorf("block %d with the %s path of %d: %v", height, name, at, got)
					}
					e.Headers[1].Header = f.fields(foreign.at(height))
					if got := judge(t, compact(t, e), f.trust()); got != (verdict{evidence.BlockUnproven, -1}) {
						t.Errorf("foreign block %d with the %s path of %d: %v", height, name, at, got)
					}
				}
			}
		}
	}
}

// commitHead is the length of what stands before the votes in a commit of round 0: round, number of parts, their hash.
const commitHead = 1 + 1 + 32

// TestMovedVotes: every validator's vote counts once, in its own place: of all ways to fill the places of four validators with
// their four votes one is right.
func TestMovedVotes(t *testing.T) {
	f := forge(t, 1, 1, 1, 1)
	f.commit()
	f.commit()
	e := f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
	honest := e.Headers[0].Commit
	each := (len(honest) - commitHead) / 4
	for fill := range 256 {
		e.Headers[0].Commit = slices.Clone(honest[:commitHead])
		moved := false
		for place := range 4 {
			from := fill >> (2 * place) & 3
			e.Headers[0].Commit = append(e.Headers[0].Commit, honest[commitHead+from*each:][:each]...)
			moved = moved || from != place
		}
		want := proven
		if moved {
			want = verdict{evidence.SignatureInvalid, -1}
		}
		if got := judge(t, compact(t, e), f.trust()); got != want {
			t.Errorf("votes %04b: %v", fill, got)
		}
	}
}

// TestOtherVotes: what a validator signed of another round, height, block or chain does not count, nor does what it signed for
// none.
func TestOtherVotes(t *testing.T) {
	f := forge(t, 1, 1, 1, 1)
	for range 3 {
		f.commit()
	}
	e := f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
	honest := e.Headers[0].Commit
	each := (len(honest) - commitHead) / 4
	changed := func(change func(*cmt.Header)) *cmt.Header {
		h := *f.at(2)
		change(&h)
		return &h
	}
	for name, votes := range map[string][]byte{
		"round":  f.sign(f.at(2), func(v *votes) { v.round = 1 }),
		"parts":  f.sign(f.at(2), func(v *votes) { v.parts.Total = 2 }),
		"height": f.sign(f.at(3)),
		"block":  f.sign(changed(func(h *cmt.Header) { h.DataHash = chaintest.Seed("another block") })),
		"chain":  f.sign(changed(func(h *cmt.Header) { h.ChainID = "carya-forged-2" })),
		"none": f.sign(f.at(2), func(v *votes) {
			for i := range v.list {
				v.list[i].flag = cmt.BlockIDFlagNil
			}
		}),
	} {
		for place := range 4 {
			at := commitHead + place*each
			vote := slices.Clone(votes[at : at+each])
			vote[0] = byte(cmt.BlockIDFlagCommit)
			e.Headers[0].Commit = slices.Concat(honest[:at], vote, honest[at+each:])
			if got := judge(t, compact(t, e), f.trust()); got != (verdict{evidence.SignatureInvalid, -1}) {
				t.Errorf("vote %d of another %s: %v", place, name, got)
			}
		}
	}
}

// TestPower: more than two thirds of the power is enough, two thirds are not, whoever has it.
func TestPower(t *testing.T) {
	flags := []cmt.BlockIDFlag{cmt.BlockIDFlagCommit, cmt.BlockIDFlagNil, cmt.BlockIDFlagAbsent}
	for _, powers := range [][]int64{{1, 1, 1}, {2, 2, 2, 3}, {4, 3, 1, 1}, {33, 33, 34}, {1 << 49, 1 << 48, 1 << 48}} {
		f := forge(t, powers...)
		f.commit()
		f.commit()
		e := f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
		ordered := f.trust().Ordered()
		ways := 1
		for range powers {
			ways *= len(flags)
		}
		for way := range ways {
			signed, total, rest := uint64(0), uint64(0), way
			e.Headers[0].Commit = f.sign(f.at(2), func(v *votes) {
				for i := range v.list {
					v.list[i].flag, rest = flags[rest%len(flags)], rest/len(flags)
					if total += ordered[i].Power; v.list[i].flag == cmt.BlockIDFlagCommit {
						signed += ordered[i].Power
					}
				}
			})
			want := verdict{evidence.PowerShort, -1}
			if 3*signed > 2*total {
				want = proven
			}
			if got := judge(t, compact(t, e), f.trust()); got != want {
				t.Errorf("%d of %d signed: %v", signed, total, got)
			}
		}
	}
}

const listed = 20 // records and events of which one is hidden

// hidingTown is a chain with a list of records, between others or at the end of the state, and a record of as many events.
func hidingTown(t *testing.T, last bool) (c *chaintest.Chain, keys []string, busy string) {
	t.Helper()
	c, busy = chaintest.New(t), "order/"+chaintest.Order
	if !last {
		c.Put("waybill/qianjiang-express/01KB0Q7Z40N7DPSEYSB6DNYX40", &types.Document{Order: chaintest.Order})
	}
	event := func(i int) *types.Event {
		return c.Event(types.Hash{byte(i + 1)}, 0, "lantu", &types.OfferLot{Lot: chaintest.Lot, To: "coop-linan", Deadline: int64(i + 1)})
	}
	for i := range listed {
		key := fmt.Sprintf("payment/tianmu-pay/01KB0Q7Z40N7DPSEYSB6DNYX%02d", 10+3*i)
		keys = append(keys, key)
		c.Put(key, &types.Document{Order: chaintest.Order}, event(i))
		c.Put(busy, &types.Order{State: types.StatePartial}, event(i))
		c.Commit()
	}
	return c, keys, busy
}

// hidings are what somebody can do to the tree of a state so that it does not show a record.
func hidings(full *treetest.Node, key string) map[string]*treetest.Node {
	list := map[string]*treetest.Node{}
	var keys []string
	for _, n := range full.Nodes() {
		if n.Left == nil && n.Right == nil {
			keys = append(keys, n.Key)
		}
	}
	at := slices.Index(keys, key)
	gone := func(name string, which []string) {
		set := map[string]bool{}
		for _, one := range which {
			set[one] = true
		}
		list[name+" left out"], list[name+" hidden"] = withoutAny(full, set, nil), withoutAny(full, nil, set)
	}
	for before := range 3 {
		for after := range 3 {
			gone(fmt.Sprintf("%d before and %d after it", before, after), keys[max(at-before, 0):min(at+after+1, len(keys))])
		}
	}
	for i, n := range full.Nodes() {
		if n.Left != nil && n.Find(key) != nil && n != full {
			var below []string
			for _, one := range n.Nodes() {
				if one.Left == nil {
					below = append(below, one.Key)
				}
			}
			gone(fmt.Sprint("subtree ", i), below)
		}
	}
	for name, tree := range maps.Clone(list) { // and then it says that there are fewer
		all := tree.Clone()
		for i, n := range all.Nodes() {
			if n.Left == nil && n.Right == nil || n.Tag == evidence.NodeBoth {
				continue
			}
			n.Size--
			one := tree.Clone()
			one.Nodes()[i].Size--
			list[fmt.Sprint(name, ", fewer at ", i)] = one
		}
		list[name+", fewer everywhere"] = all
	}
	list["taken out"] = takenOut(full, key)
	var leaves []*treetest.Node
	for _, n := range takenOut(full, key).Nodes() {
		if n.Left == nil {
			leaves = append(leaves, n)
		}
	}
	list["balanced without it"] = treetest.Balanced(leaves...)
	change := func(name string, change func(n *treetest.Node)) {
		c := full.Clone()
		change(c.Find(key))
		list[name] = c
	}
	change("another key", func(n *treetest.Node) { n.Key += "0" })
	change("the key before", func(n *treetest.Node) { n.Key = keys[at-1] })
	change("the last key", func(n *treetest.Node) { n.Key = "~" })
	change("no value", func(n *treetest.Node) { n.Value = nil })
	change("another value", func(n *treetest.Node) { n.Value = []byte{0xa0} })
	change("another version", func(n *treetest.Node) { n.Version++ })
	change("hidden under another key", func(n *treetest.Node) { *n = *n.Hidden(); n.Key += "0" })
	return list
}

// takenOut is the tree without a leaf: its sibling takes the place of both.
func takenOut(n *treetest.Node, key string) *treetest.Node {
	if n.Left == nil {
		if n.Key == key {
			return nil
		}
		return n
	}
	left, right := takenOut(n.Left, key), takenOut(n.Right, key)
	switch {
	case left == nil:
		return right
	case right == nil:
		return left
	}
	return &treetest.Node{Tag: evidence.NodeBoth, Version: n.Version, Left: left, Right: right}
}

// under puts a tree under the evidence's first header: as it is, and with the AppHash that the tree has.
func under(e *evidence.Evidence, tree *treetest.Node) []*evidence.Evidence {
	honest, forged := copyOf(e), copyOf(e)
	honest.Headers[0].Tree, forged.Headers[0].Tree = tree.Write(), tree.Write()
	root := tree.Hash()
	fieldEdit(10, func([]byte) []byte { return append([]byte{0x0a, 32}, root[:]...) })(forged)
	return []*evidence.Evidence{honest, forged}
}

// needReasons checks that attempts failed where they should: a test in which all fail at the first step tests nothing.
func needReasons(t *testing.T, reasons map[evidence.Reason]int, list ...evidence.Reason) {
	t.Helper()
	t.Logf("%v", reasons)
	for _, r := range list {
		if reasons[r] == 0 {
			t.Errorf("no attempt failed with %s", r)
		}
	}
}

// TestHiddenRecord: whoever has the whole state, and headers that honest validators signed, cannot show a list without one of its
// records, nor that a record is absent.
func TestHiddenRecord(t *testing.T) {
	for name, last := range map[string]bool{"list between others": false, "list at the end": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, keys, _ := hidingTown(t, last)
			e := c.Prove(evidence.Ask{Claim: evidence.ClaimRange}) // the whole state
			k := truthOf(t, c)
			full := treetest.Read(e.Headers[0].Tree)
			list := claimOf(evidence.ClaimRange, "", e.Claims[0].Height)
			if list.From, list.To = evidence.Prefixed("payment/tianmu-pay/"); last {
				list.To = ""
			}
			claim := func(e *evidence.Evidence, c evidence.Claim) verdict {
				t.Helper()
				e.Claims = []evidence.Claim{c}
				return k.check(t, name, compact(t, e))
			}
			for count := range uint64(listed + 2) {
				want := verdict{evidence.CountDiffers, 0}
				if count == listed {
					want = proven
				}
				if list.Count = count; claim(e, list) != want {
					t.Fatalf("honest evidence, count %d: %v", count, claim(e, list))
				}
			}
			reasons := map[evidence.Reason]int{}
			for i, key := range keys {
				if last && i < listed-3 {
					continue // as between others
				}
				absence := claimOf(evidence.ClaimAbsence, key, list.Height)
				if claim(e, absence) == proven {
					t.Errorf("record %d is absent by honest evidence", i)
				}
				if absence.Key = key[:len(key)-1] + "Z"; claim(e, absence) != proven {
					t.Errorf("beside record %d: no record, and it is not shown", i)
				}
				absence.Key = key
				for how, tree := range hidings(full, key) {
					for header, e := range under(e, tree) {
						claims := []evidence.Claim{list, list, absence}
						claims[0].Count, claims[1].Count = listed, listed-1
						for j, c := range claims {
							v := claim(e, c)
							if reasons[v.Reason]++; v == proven {
								t.Errorf("record %d, %s, header %d, claim %d: taken", i, how, header, j)
							}
						}
					}
				}
			}
			needReasons(t, reasons, evidence.RangeIncomplete, evidence.KeyUnproven, evidence.RootDiffers, evidence.TreeInvalid, evidence.SignatureInvalid)
		})
	}
}

// TestHiddenEvent: nor can he show the history of a record without one of its events, in any place, or an older one as new.
func TestHiddenEvent(t *testing.T) {
	c, _, key := hidingTown(t, false)
	e := c.Prove(evidence.Ask{Claim: evidence.ClaimHistory, Key: key})
	all := e.Claims[0].Events
	height := e.Claims[0].Height
	whole := treetest.Read(c.ProveAt(&evidence.Asked{Height: height, Claims: []evidence.Ask{{Claim: evidence.ClaimRange}}}).Headers[0].Tree)
	k := truthOf(t, c)
	if len(all) != listed || k.check(t, "honest", compact(t, e)) != proven {
		t.Fatalf("honest evidence of %d events is refused", len(all))
	}
	reasons := map[evidence.Reason]int{}
	refused := func(e *evidence.Evidence, name string, c evidence.Claim) {
		t.Helper()
		e = copyOf(e)
		e.Claims = []evidence.Claim{c}
		v := k.check(t, name, compact(t, e))
		if reasons[v.Reason]++; v == proven {
			t.Errorf("%s: taken", name)
		}
	}
	for i := range all {
		shorter := slices.Delete(slices.Clone(all), i, i+1)
		log := logOf(t, shorter).History
		value, err := types.Encode(&types.Order{State: types.StatePartial, History: log})
		if err != nil {
			t.Fatal(err)
		}
		rewritten := whole.Clone()
		rewritten.Find(key).Value = value
		attempts := map[string]*evidence.Evidence{"honest": e}
		for j, forged := range under(e, rewritten) {
			attempts[fmt.Sprint("rewritten ", j)] = forged
		}
		// The state in which the record had so many events, as it was and under the newest header.
		if i > 0 {
			old := c.ProveAt(&evidence.Asked{Height: int64(i), Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: key}}})
			attempts["older"] = old
			attempts["older tree"] = under(e, treetest.Read(old.Headers[0].Tree))[0]
			attempts["older tree, as new"] = under(e, treetest.Read(old.Headers[0].Tree))[1]
		}
		history := claimOf(evidence.ClaimHistory, key, height)
		for name, e := range attempts {
			for what, events := range map[string][][]byte{"without it": shorter, "until it": all[:i], "after it": all[i+1:]} {
				history.Events = events
				refused(e, fmt.Sprintf("event %d, %s, %s", i, name, what), history)
			}
			for j := range shorter { // those after it, one place before their own
				event := evidence.Claim{Claim: evidence.ClaimEvent, Key: key, Height: height, Index: uint64(j), Events: shorter[j : j+1]}
				path, err := prove.InclusionAmong(leavesOf(shorter), uint64(j))
				if err != nil {
					t.Fatal(err)
				}
				event.Path = joined(path)
				refused(e, fmt.Sprintf("event %d, %s, %d in its path", i, name, j), event)
			}
		}
	}
	needReasons(t, reasons, evidence.HistoryDiffers, evidence.EventUnproven, evidence.RootDiffers, evidence.SignatureInvalid, evidence.StateMissing)
}
