package node

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/caryaledger/carya/types/ceb/generate"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// newCertificate is a company's own, in PEM, with its key.
func newCertificate(t *testing.T, company string) (file []byte, der []byte, key *sm2.PrivateKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	must(t, err)
	template := &smx509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: company},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: smx509.KeyUsageDigitalSignature,
	}
	der, err = smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), der, key
}

// TestCertificates: what changes in the folder counts at the next question.
func TestCertificates(t *testing.T) {
	const company = "1105910159"
	dir := filepath.Join(t.TempDir(), "certificates")
	c := &certificates{folder: os.DirFS(dir)}
	file, der, _ := newCertificate(t, company)
	shown := &xmldsig.Signature{Certificate: &xmldsig.Certificate{Raw: der}}
	trusted := func() bool {
		t.Helper()
		trust, err := c.read()
		must(t, err)
		return trust.Check(shown, company, time.Now()) == nil
	}
	write := func(name string, data []byte) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
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
	must(t, err)
	if again, err := c.read(); err != nil || again != first {
		t.Errorf("read again though nothing changed: %v", err)
	}
	other, _, _ := newCertificate(t, company)
	write(company+".pem", other)
	must(t, os.Chtimes(filepath.Join(dir, company+".pem"), time.Time{}, time.Now().Add(time.Minute)))
	if trusted() {
		t.Error("trusted though another certificate is registered now")
	}
	must(t, os.Remove(filepath.Join(dir, company+".pem")))
	write("other.pem", file)
	if trusted() {
		t.Error("trusted though registered for somebody else")
	}
	write("notes.txt", []byte("no certificate"))
	if _, err := c.read(); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a file that is no certificate: %v", err)
	}
}

// TestCertificatesAreChecked: a node that could judge no signature says so when it starts.
func TestCertificatesAreChecked(t *testing.T) {
	dir := newHome(t)
	must(t, os.Mkdir(filepath.Join(dir, "certificates"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "certificates", "1105910159.pem"), []byte("no certificate"), 0o600))
	cfg, err := ReadConfig(filepath.Join(dir, fileConfig))
	must(t, err)
	_, err = New(t.Context(), dir, cfg, Options{Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "ceb.certificates: 1105910159.pem") {
		t.Errorf("got %v", err)
	}
}

// TestJudging asks a running node: it goes by its configuration, and by the certificates
// that are there when it is asked.
func TestJudging(t *testing.T) {
	dir := newHome(t, "ceb.certificates=cards", "ceb.unsigned=true")
	n, stop := runNode(t, dir)
	defer stop()
	defer http.DefaultClient.CloseIdleConnections()
	api := "http://" + n.Gateway().String() + "/v1/ceb/"
	resp, err := http.Get(api + "policy")
	must(t, err)
	if got := read(t, resp); got != `{"unsigned":true}` {
		t.Errorf("policy %s", got)
	}
	file, der, key := newCertificate(t, "1105910159")
	var message []byte
	_, err = generate.New(generate.Options{Orders: 1, Platforms: []generate.Company{{Code: "1105910159", Name: "Invented"}}}).WriteTo(func(f generate.File) error {
		if strings.Contains(f.Name, "CEB311") {
			message, err = xmldsig.Sign(f.Data, key, der, "")
		}
		return err
	})
	must(t, err)
	judged := func() bool {
		resp, err := http.Post(api+"check?signatures=true", "application/xml", bytes.NewReader(message))
		must(t, err)
		return !strings.Contains(read(t, resp), `"fault":"SIGNATURE"`)
	}
	if judged() {
		t.Error("the signature holds before its certificate is registered")
	}
	must(t, os.Mkdir(filepath.Join(dir, "cards"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "cards", "1105910159.pem"), file, 0o600))
	if !judged() {
		t.Error("the signature does not hold after its certificate was registered")
	}
}

// read is the body of a good answer.
func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", resp.Status, data)
	}
	return strings.TrimSpace(string(data))
}
