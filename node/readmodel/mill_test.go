package readmodel

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
)

// doc is an EPCIS event as JSON.
type doc map[string]any

// event is a body with the canonical form of a document.
func event(t testing.TB, at int64, d doc) *types.CaptureEvent {
	t.Helper()
	d["@context"] = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
	d["eventTime"] = time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z")
	d["eventTimeZoneOffset"] = "+08:00"
	text, err := json.Marshal(d)
	check(t, err)
	parsed, err := epcis.Parse(text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return &types.CaptureEvent{Event: string(parsed.Events[0].Canonical)}
}

// record is the journal's entry of a captured event.
func record(t testing.TB, e types.Event, b *types.CaptureEvent) types.RecordEvent {
	t.Helper()
	parsed, err := b.Parsed()
	check(t, err)
	identity, err := types.EventIdentity(parsed)
	check(t, err)
	name, err := types.EventULID(identity, parsed.Time)
	check(t, err)
	e.Kind = captureKind
	e.Body, err = types.EncodeBody(b)
	check(t, err)
	return types.RecordEvent{Event: e, Keys: []string{types.PrefixEvent + "/" + e.Member + "/" + name}}
}

func quantity(class string, amount float64, unit string) doc {
	return doc{"epcClass": class, "quantity": amount, "uom": unit}
}

// gtin returns the n-th GTIN of a company prefix, with its check digit.
func gtin(n int) string { return checked(fmt.Sprintf("0690123%06d", n%100_000)) }

func sscc(n int) string { return checked(fmt.Sprintf("06901234%09d", n)) }

func gln(n int) string { return checked(fmt.Sprintf("69012340%04d", n)) }

// checked adds the check digit of GS1 numbers.
func checked(digits string) string {
	sum := 0
	for i := range digits {
		weight := 1
		if (len(digits)-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

func lotURI(product, lot int) string {
	return fmt.Sprintf("https://id.gs1.org/01/%s/10/L%d", gtin(product), lot)
}
func palletURI(n int) string { return "https://id.gs1.org/00/" + sscc(n) }
func siteURI(n int) string   { return "https://id.gs1.org/414/" + gln(n) }

// mill makes events as supply chains do: pallets and lots that a few events tell of, soon
// after another and captured soon after they happen, some steps that are common and some
// that are rare, now and then a member that brings in last year's events.
type mill struct {
	t      testing.TB
	random *rand.Rand
	made   int
}

func newMill(t testing.TB) *mill { return &mill{t: t, random: rand.New(rand.NewPCG(7, 7))} }

// start is when the mill's first block is made, and pace how long a block takes.
const (
	millStart = 1_795_420_800_000
	millPace  = 500
)

var (
	millSteps = weighted{{"shipping", 250}, {"receiving", 250}, {"storing", 150}, {"inspecting", 100}, {"packing", 99},
		{"loading", 100}, {"sampling", 50}, {"destroying", 1}}
	millStates = weighted{{"in_transit", 400}, {"in_progress", 400}, {"sellable_accessible", 190}, {"damaged", 9}, {"recalled", 1}}
)

// weighted are words with their shares.
type weighted []struct {
	word  string
	share int
}

func (w weighted) pick(r *rand.Rand) string {
	all := 0
	for _, x := range w {
		all += x.share
	}
	n := r.IntN(all)
	for _, x := range w {
		if n -= x.share; n < 0 {
			return x.word
		}
	}
	return ""
}

// block makes a block of so many events.
func (m *mill) block(height int64, events int) *types.Block {
	b := &types.Block{Height: height, Time: millStart + millPace*height, Hash: types.LeafHash(fmt.Append(nil, height))}
	for i := range events {
		member := fmt.Sprintf("member-%d", m.random.IntN(25))
		e := types.Event{Tx: types.LeafHash(fmt.Append(nil, height, i)), Height: height, Time: b.Time, Member: member}
		b.Events = append(b.Events, record(m.t, e, event(m.t, m.time(b.Time), m.event())))
		m.made++
	}
	return b
}

// time is mostly some hours before the block's, for one event in a hundred up to a year.
func (m *mill) time(block int64) int64 {
	if m.random.IntN(100) == 0 {
		return block - m.random.Int64N(365*24*3600*1000)
	}
	return block - m.random.Int64N(6*3600*1000)
}

func (m *mill) event() doc {
	near := func() int { return max(m.made/5+m.random.IntN(20)-10, 0) } // each thing in some events
	d := doc{
		"type": types.ObjectEvent, "action": types.ActionObserve,
		"bizStep": millSteps.pick(m.random), "disposition": millStates.pick(m.random),
		"readPoint": doc{"id": siteURI(m.random.IntN(300))}, "bizLocation": doc{"id": siteURI(m.random.IntN(100))},
		"epcList":      []string{palletURI(near())},
		"quantityList": []doc{quantity(lotURI(m.random.IntN(50), near()/10), float64(m.random.IntN(100_000))/100, "KGM")},
	}
	if m.random.IntN(2) == 0 {
		d["eventID"] = fmt.Sprintf("urn:uuid:%08x-0000-4000-8000-%012x", m.random.Uint32(), m.made)
	}
	if d["bizStep"] == "shipping" {
		d["bizTransactionList"] = []doc{{"type": "po", "bizTransaction": fmt.Sprintf("urn:epcglobal:cbv:bt:6901234000009:%d", near())}}
		d["destinationList"] = []doc{{"type": "owning_party", "destination": fmt.Sprintf("https://id.gs1.org/417/%s", gln(m.random.IntN(25)))}}
	}
	return d
}
