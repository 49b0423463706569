package ceb

import (
	"errors"
	"reflect"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, kind := range Kinds() {
		f.Add([]byte(changed(kind, complete, nil)))
		f.Add([]byte(fixture(kind, nil)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseUnsigned(data)
		if err != nil {
			refused(t, m, err)
			return
		}
		for i := range m.Documents {
			accepted(t, &m.Documents[i])
		}
		rewritten(t, m)
	})
}

// rewritten writes and reads a message.
func rewritten(t *testing.T, m *Message) {
	data, err := Write(m)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	got, err := ParseUnsigned(data)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("got  %+v %v\nwant %+v", got, err, m)
	}
}

func refused(t *testing.T, m *Message, err error) {
	var faults Errors
	if m != nil || !errors.As(err, &faults) || len(faults) > MaxErrors || err.Error() == "" {
		t.Errorf("message %v, error %v", m, err)
	}
}

// accepted holds for every document Parse returns.
func accepted(t *testing.T, d *Document) {
	unique(t, d)
	if _, err := Issued(d); err != nil && d.roles().issued != "" {
		t.Errorf("issued: %v", err)
	}
	for _, text := range []string{Issuer(d), Number(d), Platform(d)} {
		if canonical(text) != text {
			t.Errorf("%q is not canonical", text)
		}
	}
	for _, v := range MatchValues(d) {
		if v.Name == "" || v.Value == "" {
			t.Errorf("%+v", v)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, kind := range kinds {
		data := []byte(fixture(kind, nil))
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, kind := range kinds {
		m := mustParse(b, fixture(kind, nil))
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustWrite(b, m)
			}
		})
	}
}

// BenchmarkSet reads an order, its payment, its waybill and its declaration list, and computes what the ledger compares.
func BenchmarkSet(b *testing.B) {
	var set [][]byte
	for _, kind := range kinds {
		set = append(set, []byte(fixture(kind, nil)))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, data := range set {
			m, err := Parse(data)
			if err != nil {
				b.Fatal(err)
			}
			MatchValues(&m.Documents[0])
		}
	}
}
