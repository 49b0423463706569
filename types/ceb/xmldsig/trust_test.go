package xmldsig

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

// signedBy returns the signature of a message by a card.
func signedBy(t testing.TB, c *card) *Signature {
	t.Helper()
	message, err := Sign([]byte(short), c.key, c.certificate.Raw, "")
	if err != nil {
		t.Fatalf("Sign: %v", err)
	}
	return wantRight(t, string(message))
}

func readTrust(t testing.TB, files map[string][]byte) *Trust {
	t.Helper()
	trust, err := ReadTrust(files)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func TestTrust(t *testing.T) {
	root := newCard(t, plan{name: "root", isCA: true, usage: x509.KeyUsageCertSign})
	stranger := newCard(t, plan{name: "root", isCA: true, usage: x509.KeyUsageCertSign})
	registered := newCard(t, plan{name: "card 0001"})
	second := newCard(t, plan{name: "card 0002", rsa: true})
	others := newCard(t, plan{name: "1101180326", issuer: root})
	issued := newCard(t, plan{issuer: root})
	issuedOther := newCard(t, plan{name: "3301234567", issuer: root})
	forged := newCard(t, plan{issuer: stranger})

	both := map[string][]byte{
		company + ".pem": append(registered.pem(), second.pem()...), "1101180326.cer": others.certificate.Raw, "roots/customs.pem": root.pem(),
	}
	rootOnly := map[string][]byte{"roots/customs.der": root.certificate.Raw}
	for _, row := range []struct {
		name    string
		files   map[string][]byte
		card    *card
		copCode string
		at      time.Time
		kind    string // "" if trusted
	}{
		{"registered", both, registered, company, noon, ""},
		{"the other registered", both, second, company, noon, ""},
		{"first moment", both, registered, company, from, ""},
		{"last moment", both, registered, company, until, ""},
		{"too early", both, registered, company, from.Add(-time.Second), Expired},
		{"too late", both, registered, company, until.Add(time.Second), Expired},
		{"no time", both, registered, company, time.Time{}, Expired},
		{"registered for another", both, others, company, noon, NotYours},
		{"registered for that other", both, others, "1101180326", noon, ""},
		{"issued, and another one registered", both, issued, company, noon, NotYours},
		{"issued to the company", rootOnly, issued, company, noon, ""},
		{"issued to another company", rootOnly, issuedOther, company, noon, NotYours},
		{"issued to nobody asked for", rootOnly, issued, "", noon, NotYours},
		{"issued, too late", rootOnly, issued, company, until.Add(time.Second), Expired},
		{"issued by a namesake of the root", rootOnly, forged, company, noon, Untrusted},
		{"self-signed", rootOnly, cards()[SM2SM3], company, noon, Untrusted},
		{"nothing is trusted", nil, registered, company, noon, Untrusted},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := readTrust(t, row.files).Check(signedBy(t, row.card), row.copCode, row.at)
			if row.kind == "" && err != nil {
				t.Errorf("got %v, want trust", err)
			} else if row.kind != "" {
				wantKind(t, err, row.kind)
			}
		})
	}
}

// TestCertificateIsNotSigned: whoever changes the certificate of a message keeps a signature that holds at most for
// another certificate, and that one is not trusted.
func TestCertificateIsNotSigned(t *testing.T) {
	c := cards()[SM2SM3]
	trust := readTrust(t, map[string][]byte{company + ".pem": c.pem()})
	message := signed(t, short, SM2SM3)
	if err := trust.Check(wantRight(t, message), company, noon); err != nil {
		t.Fatal(err)
	}
	certificate := between(t, message, "<ds:X509Certificate>", "</ds:X509Certificate>")
	taken := 0
	for i := range c.certificate.Raw {
		changed := *c.certificate
		changed.Raw = append([]byte(nil), changed.Raw...)
		changed.Raw[i] ^= 1
		s, err := Verify([]byte(replaced(t, message, certificate, pemless(&card{certificate: &changed}))))
		if err != nil {
			continue
		}
		taken++
		wantKind(t, trust.Check(s, company, noon), Untrusted, Expired)
	}
	if taken == 0 {
		t.Error("no changed certificate came as far as Check")
	}
}

func TestReadTrustRefuses(t *testing.T) {
	c, root := cards()[SM2SM3], newCard(t, plan{name: "root", isCA: true})
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})
	for _, row := range []struct {
		name, want string
		files      map[string][]byte
	}{
		{"other file", "name of a certificate file", map[string][]byte{"README": c.pem()}},
		{"other folder", "name of a certificate file", map[string][]byte{"a/b.pem": c.pem()}},
		{"above", "name of a certificate file", map[string][]byte{"roots/../../b.pem": c.pem()}},
		{"long code", "name of a certificate file", map[string][]byte{strings.Repeat("1", 19) + ".pem": c.pem()}},
		{"empty", "neither PEM nor", map[string][]byte{company + ".pem": nil}},
		{"broken", "certificate 1", map[string][]byte{company + ".pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})}},
		{"private key", "holds a PRIVATE KEY", map[string][]byte{company + ".pem": append(c.pem(), key...)}},
		{"root that is none", "not one of an authority", map[string][]byte{"roots/a.pem": c.pem()}},
		{"two owners", "registered for 1101180326 already", map[string][]byte{"1101180326.pem": c.pem(), company + ".pem": c.pem()}},
	} {
		_, err := ReadTrust(row.files)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
	readTrust(t, map[string][]byte{"roots/a.pem": root.pem(), company + ".pem": append(c.pem(), c.pem()...)})
}
