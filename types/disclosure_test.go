package types

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// disclosureVector is a document and what is disclosed of it.
type disclosureVector struct {
	Kind       string          `json:"kind"`
	Fields     []DocumentField `json:"fields"`
	Seed       Secret          `json:"seed"`
	Positions  []int           `json:"positions"` // in fields
	Disclosure *Disclosure     `json:"disclosure"`
}

func newDisclosureVector(t testing.TB, kind string, n int, positions ...int) *disclosureVector {
	t.Helper()
	v := &disclosureVector{Kind: kind, Seed: exampleHash(0x5e), Positions: positions}
	for i := range n {
		v.Fields = append(v.Fields, DocumentField{fmt.Sprintf("OrderList[%d]/itemName", i), "抹茶 " + strings.Repeat("x", i)})
	}
	part, err := Disclose(v.Kind, v.Fields, v.Seed, positions)
	if err != nil {
		t.Fatal(err)
	}
	part.Record = "order/" + exampleOrder
	v.Disclosure = &Disclosure{DisclosureFormat, "carya-test-1", *part}
	return v
}

func TestDisclosureVectors(t *testing.T) {
	list := []*disclosureVector{
		newDisclosureVector(t, "CEB311", 0), newDisclosureVector(t, "CEB311", 1, 0), newDisclosureVector(t, "CEB621", 2, 1),
		newDisclosureVector(t, "CEB411", 7, 0, 3, 6), newDisclosureVector(t, "GACC179", 12, 2, 11),
	}
	golden(t, "testdata/disclosure.json", indented(t, list)) // for implementations in other languages
	for i, v := range list {
		if err := v.Disclosure.Verify(); err != nil {
			t.Errorf("vector %d: %v", i, err)
		}
		if root, err := DocumentRoot(v.Kind, v.Fields, v.Seed); err != nil || root != v.Disclosure.Root {
			t.Errorf("vector %d: root %s, %v; the ledger would hold %s", i, v.Disclosure.Root, err, root)
		}
	}
}

func TestDisclose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "fields")
		var fields []DocumentField
		var positions []int
		for i := range n {
			fields = append(fields, DocumentField{fmt.Sprintf("f%d", i), rapid.String().Draw(t, "value")})
			if rapid.Bool().Draw(t, "shown") {
				positions = append(positions, i)
			}
		}
		seed := exampleHash(byte(n))
		d, err := Disclose("CEB311", fields, seed, positions)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Verify(); err != nil {
			t.Fatal(err)
		}
		if root, _ := DocumentRoot("CEB311", fields, seed); root != d.Root || len(d.Fields) != len(positions)+1 {
			t.Fatalf("root %s of %d fields, want %s of %d", d.Root, len(d.Fields), root, len(positions)+1)
		}
		for i, p := range positions {
			if got := d.Fields[i+1]; got.Path != fields[p].Path || got.Value != fields[p].Value {
				t.Fatalf("shows %s %q, want %v", got.Path, got.Value, fields[p])
			}
		}
	})
}

func TestDiscloseRefuses(t *testing.T) {
	fields := []DocumentField{{"a", "1"}, {"b", "2"}}
	for _, positions := range [][]int{{-1}, {2}, {0, 0}, {1, 0}} {
		if _, err := Disclose("CEB311", fields, exampleHash(1), positions); err == nil {
			t.Errorf("positions %v: no error", positions)
		}
	}
}

// mutations changes every value in a JSON tree, one at a time, and lists the trees by the place of the change.
func mutations(v any, place string, emit func(place string), set func(any)) {
	change := func(w any) {
		set(w)
		emit(place)
		set(v)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, old := range v {
			mutations(old, place+"/"+name, emit, func(w any) { v[name] = w })
			delete(v, name)
			emit(place + "/-" + name)
			v[name] = old
		}
	case []any:
		for i, old := range v {
			mutations(old, fmt.Sprintf("%s[%d]", place, i), emit, func(w any) { v[i] = w })
		}
		if len(v) > 0 {
			change(append([]any{v[0]}, v...))
			change(v[1:])
			change(v[:len(v)-1])
		}
	case float64:
		change(v + 1)
		change(v + 1<<32)
	case string:
		change(v + "0")
		last := "0"
		if strings.HasSuffix(v, last) {
			last = "1"
		}
		if v != "" {
			change(v[:len(v)-1] + last)
		}
	}
}

func TestDisclosureMutations(t *testing.T) {
	file, err := json.Marshal(newDisclosureVector(t, "CEB411", 7, 0, 3, 6).Disclosure)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(file, &tree); err != nil {
		t.Fatal(err)
	}
	n := 0
	mutations(tree, "", func(place string) {
		switch place {
		case "/chain", "/-chain", "/record", "/-record": // the root does not say whose it is: the evidence does
			return
		case "/fields": // one field less is a smaller disclosure
			return
		case "/fields[0]/-position": // 0 all the same
			return
		}
		n++
		changed, _ := json.Marshal(tree)
		d, err := ParseDisclosure(changed)
		if err == nil {
			err = d.Verify()
		}
		if err == nil {
			t.Errorf("%s changed, and it still verifies: %s", place, changed)
		}
	}, func(w any) { tree = w })
	if n < 50 {
		t.Errorf("%d mutations", n)
	}
}

// FuzzDisclosure: whatever verifies under a document's root shows what stands in the document.
func FuzzDisclosure(f *testing.F) {
	v := newDisclosureVector(f, "CEB411", 7, 0, 3, 6)
	for _, shown := range [][]int{{}, {0}, {0, 3, 6}, {0, 1, 2, 3, 4, 5, 6}} {
		d, err := Disclose(v.Kind, v.Fields, v.Seed, shown)
		if err != nil {
			f.Fatal(err)
		}
		file, _ := json.Marshal(d)
		f.Add(file)
	}
	if old, err := os.ReadFile("testdata/disclosure.json"); err == nil {
		f.Add(old)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := ParseDisclosure(file)
		if err != nil || d.Verify() != nil {
			return
		}
		if d.Root != v.Disclosure.Root {
			return
		}
		for _, field := range d.Fields[1:] {
			if want := v.Fields[field.Position-1]; field.Path != want.Path || field.Value != want.Value {
				t.Errorf("shows %s %q at %d, the document has %v", field.Path, field.Value, field.Position, want)
			}
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseDisclosure(again); err != nil || back.Verify() != nil {
			t.Errorf("written again it is refused: %v", err)
		}
	})
}

func TestCommitsTo(t *testing.T) {
	root, other := exampleHash(7), exampleHash(8)
	rows := []struct {
		body   Body
		record string
	}{
		{&RecordOrder{Order: exampleULID, Document: root}, "order/lantu/" + exampleULID},
		{&RecordPayment{Payment: exampleULID, Document: root, Original: other}, "payment/lantu/" + exampleULID},
		{&RecordPayment{Payment: exampleULID, Document: other, Original: root}, "payment/lantu/" + exampleULID},
		{&RecordWaybill{Waybill: exampleULID, Document: root}, "waybill/lantu/" + exampleULID},
		{&Declare{Declaration: exampleULID, Document: root}, "declaration/lantu/" + exampleULID},
		{&Cancel{Order: exampleOrder, Document: root}, "order/" + exampleOrder},
		{&SignFor{Order: exampleOrder, Document: root}, "order/" + exampleOrder},
		{&ReturnGoods{Order: exampleOrder, Return: exampleULID, Document: root}, "order/" + exampleOrder},
		{&CreditBook{Book: "0123456789abcdef0123456789abcdef", Document: root}, "book/lantu/0123456789abcdef0123456789abcdef"},
		{&Decide{Order: exampleOrder, Status: StatusAccept}, ""},
	}
	for _, row := range rows {
		kind, _ := KindOf(row.body)
		body, err := Encode(row.body)
		if err != nil {
			t.Fatal(err)
		}
		e := &Event{Member: "lantu", Kind: kind.Name, Body: body}
		if record, ok, err := e.CommitsTo(root); err != nil || ok != (row.record != "") || record != row.record {
			t.Errorf("%s: got %q, %v, %v; want %q", kind.Name, record, ok, err, row.record)
		}
		if _, ok, _ := e.CommitsTo(exampleHash(9)); ok {
			t.Errorf("%s commits to a root that it does not hold", kind.Name)
		}
		if _, ok, _ := e.CommitsTo(Hash{}); ok {
			t.Errorf("%s commits to nothing", kind.Name)
		}
	}
	if _, _, err := (&Event{Kind: "Decide", Body: []byte{0xff}}).CommitsTo(root); err == nil {
		t.Error("a body that is no body: no error")
	}
	if _, ok, err := (&Event{Kind: "Genesis", Body: bytes.Repeat([]byte{1}, 3)}).CommitsTo(root); ok || err != nil {
		t.Errorf("the genesis: %v, %v", ok, err)
	}
}
