package node

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// newCertificate is a company's own, in PEM and as a signature shows it.
func newCertificate(t *testing.T, company string) (file []byte, shown *xmldsig.Signature) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: company},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: smx509.KeyUsageDigitalSignature,
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), &xmldsig.Signature{Certificate: &xmldsig.Certificate{Raw: der}}
}

// TestCertificates: what changes in the folder counts at the next question.
func TestCertificates(t *testing.T) {
	const company = "1105910159"
	dir := filepath.Join(t.TempDir(), "certificates")
	c := &certificates{folder: os.DirFS(dir)}
	file, shown := newCertificate(t, company)
	trusted := func() bool {
		t.Helper()
		trust, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		return trust.Check(shown, company, time.Now()) == nil
	}
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if trusted() {
		t.Error("trusted without a folder")
	}
	write(".copying.pem", []byte("half"))
	write(".backup/old.txt", []byte("no certificate"))
	if trusted() {
		t.Error("trusted with an empty folder")
	}
	write(company+".pem", file)
	if !trusted() {
		t.Error("not trusted though registered")
	}
	first, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.read(); err != nil || again != first {
		t.Errorf("read again though nothing changed: %v", err)
	}
	other, _ := newCertificate(t, company)
	write(company+".pem", other)
	if err := os.Chtimes(filepath.Join(dir, company+".pem"), time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if trusted() {
		t.Error("trusted though another certificate is registered now")
	}
	if err := os.Remove(filepath.Join(dir, company+".pem")); err != nil {
		t.Fatal(err)
	}
	write("other.pem", file)
	if trusted() {
		t.Error("trusted though registered for somebody else")
	}
	write("notes.txt", []byte("no certificate"))
	if _, err := c.read(); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a file that is no certificate: %v", err)
	}
}
