package xmldsig

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// The company of the fixtures, and when their certificates are valid.
const company = "1105910159"

var (
	from  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	until = time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	noon  = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)

// card is a key and its certificate.
type card struct {
	key         crypto.Signer
	certificate *smx509.Certificate
}

// plan says what a card's certificate looks like. The zero plan is a self-signed one of the company, for an SM2 key.
type plan struct {
	rsa    bool
	name   string // common name, company if empty
	usage  x509.KeyUsage
	isCA   bool
	issuer *card
}

var serials int64

func newCard(t testing.TB, p plan) *card {
	t.Helper()
	var key crypto.Signer
	var err error
	if p.rsa {
		key, err = rsa.GenerateKey(rand.Reader, 1024)
	} else {
		key, err = sm2.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	serials++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x9900 + serials), Subject: pkix.Name{CommonName: company}, NotBefore: from, NotAfter: until,
		KeyUsage: p.usage, BasicConstraintsValid: true, IsCA: p.isCA,
	}
	if p.name != "" {
		template.Subject.CommonName = p.name
	}
	parent, issuerKey := template, key
	if p.issuer != nil {
		parent, issuerKey = p.issuer.certificate.ToX509(), p.issuer.key
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, key.Public(), issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &card{key: key, certificate: certificate}
}

func (c *card) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.certificate.Raw})
}

var cards = sync.OnceValue(func() map[string]*card {
	t := &testing.B{}
	return map[string]*card{SM2SM3: newCard(t, plan{}), RSASHA1: newCard(t, plan{rsa: true})}
})

// list is a declaration list of the given number of lines. Fields are as many and about as long as in the official sample.
func list(lines int) string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
		`<ceb:CEB621Message guid="4CDE1CFD-EDED-46B1-946C-B8022E42FC94" version="1.0"` + "\n\t" +
		`xmlns:ceb="http://www.chinaport.gov.cn/ceb">` + "\n<ceb:Inventory>\n<ceb:InventoryHead>\n")
	for range 44 {
		b.WriteString("\t<ceb:ebcName>测试企业 &amp; 11</ceb:ebcName>\n")
	}
	b.WriteString("</ceb:InventoryHead>\n")
	for range lines {
		b.WriteString("<ceb:InventoryList>\n")
		for range 19 {
			b.WriteString("\t<ceb:gmodel>44mm</ceb:gmodel>\n")
		}
		b.WriteString("</ceb:InventoryList>\n")
	}
	b.WriteString("</ceb:Inventory>\n<ceb:BaseTransfer><ceb:copCode>" + company + "</ceb:copCode></ceb:BaseTransfer>\n</ceb:CEB621Message>\n")
	return b.String()
}

const short = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
	`<ceb:CEB621Message guid="4CDE" version="1.0" xmlns:ceb="http://www.chinaport.gov.cn/ceb">` + "\n" +
	"\t<ceb:orderNo>order 1 &lt; 2</ceb:orderNo>\n\t<ceb:BaseTransfer><ceb:copCode>" + company + "</ceb:copCode></ceb:BaseTransfer>\n" +
	"</ceb:CEB621Message>\n"

// signed signs a message that is meant to be signable.
func signed(t testing.TB, message, method string) string {
	t.Helper()
	c := cards()[method]
	out, err := Sign([]byte(message), c.key, c.certificate.Raw, "0001")
	if err != nil {
		t.Fatalf("Sign: %v", err)
	}
	return string(out)
}

// wantRight wants a signature that holds.
func wantRight(t testing.TB, message string) *Signature {
	t.Helper()
	s, err := Verify([]byte(message))
	if err != nil {
		t.Fatalf("Verify: %v\n%s", err, message)
	}
	return s
}

// wantKind wants an *Error of one of the kinds, and nothing else.
func wantKind(t testing.TB, err error, kinds ...string) {
	t.Helper()
	var refused *Error
	if !errors.As(err, &refused) {
		t.Fatalf("got error %v, want %s", err, strings.Join(kinds, " or "))
	}
	for _, kind := range kinds {
		if refused.Kind == kind && refused.Code == codes[kind] {
			return
		}
	}
	t.Errorf("got %v, want %s", err, strings.Join(kinds, " or "))
}

func wantRefused(t testing.TB, message string, kinds ...string) {
	t.Helper()
	s, err := Verify([]byte(message))
	if s != nil {
		t.Fatalf("accepted, want %s:\n%s", strings.Join(kinds, " or "), message)
	}
	wantKind(t, err, kinds...)
}

// replaced replaces text that must be there, once.
func replaced(t testing.TB, message, old, new string) string {
	t.Helper()
	if strings.Count(message, old) != 1 {
		t.Fatalf("%q occurs %d times, want once", old, strings.Count(message, old))
	}
	return strings.Replace(message, old, new, 1)
}

// between returns the text from one mark to the end of another.
func between(t testing.TB, message, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(message, from)
	inner, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %s…%s", from, to)
	}
	return from + inner + to
}
