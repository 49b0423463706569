package xmldsig

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzVerify: what is refused is refused with an *Error, and of what is accepted, the content is what was signed.
func FuzzVerify(f *testing.F) {
	for _, method := range []string{SM2SM3, RSASHA1} {
		f.Add([]byte(signed(f, short, method)))
	}
	f.Add([]byte(short))
	f.Add([]byte("<a xmlns='http://a' xmlns:b='http://b' b:c='&#xD;\n'><!-- --><![CDATA[<]]></a>"))
	f.Fuzz(func(t *testing.T, message []byte) {
		s, err := Verify(message)
		var refused *Error
		switch {
		case err == nil && (s == nil || s.Certificate == nil || s.Method == ""):
			t.Errorf("got %+v without an error", s)
		case err != nil && (s != nil || !errors.As(err, &refused) || refused.Code == 0):
			t.Errorf("got %+v and error %v", s, err)
		}
		canonicalTwice(t, message)
	})
}

// canonicalTwice: the canonical form of a canonical form is itself, and it can be read.
func canonicalTwice(t *testing.T, message []byte) {
	parts, err := scan(message)
	if err != nil {
		return
	}
	again, err := scan(parts.content.Bytes())
	if err != nil && parts.content.Len() <= MaxSize {
		t.Fatalf("%v\n%s", err, parts.content.Bytes())
	}
	if err == nil && !bytes.Equal(again.content.Bytes(), parts.content.Bytes()) {
		t.Errorf("got %q, then %q", parts.content.Bytes(), again.content.Bytes())
	}
}

func FuzzReadTrust(f *testing.F) {
	c := cards()[SM2SM3]
	f.Add(company+".pem", c.pem())
	f.Add("roots/a.der", c.certificate.Raw)
	s := signedBy(f, c)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		trust, err := ReadTrust(map[string][]byte{name: data})
		if (trust == nil) == (err == nil) {
			t.Fatalf("got %v and error %v", trust, err)
		}
		if trust == nil {
			return
		}
		if err := trust.Check(s, "3301234567", noon); err == nil && !trust.registered["3301234567"] {
			t.Error("trusted for a company that is not in the trust")
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, method := range []string{SM2SM3, RSASHA1} {
		message := []byte(signed(b, list(2), method))
		b.Run(method[strings.IndexByte(method, '#')+1:], func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Verify(message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	message := []byte(signed(b, list(2), SM2SM3))
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scan(message); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	c, message := cards()[SM2SM3], []byte(list(2))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Sign(message, c.key, c.certificate.Raw, "0001"); err != nil {
			b.Fatal(err)
		}
	}
}
