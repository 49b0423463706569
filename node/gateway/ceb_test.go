package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb/generate"
	"github.com/caryaledger/carya/types/ceb/review"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// signer signs generated messages, whoever they are from, with one certificate.
type signer struct {
	key         *sm2.PrivateKey
	certificate []byte // DER
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	check(t, err)
	template := &smx509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "invented"}, KeyUsage: smx509.KeyUsageDigitalSignature,
		NotBefore: time.UnixMilli(genesisTime).AddDate(-1, 0, 0), NotAfter: time.UnixMilli(genesisTime).AddDate(1, 0, 0),
	}
	certificate, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	return &signer{key, certificate}
}

// cebSet is one clean import, CEB311, 411, 511 and 621 in files of these names; sign may be
// nil.
func cebSet(t testing.TB, sign func([]byte) ([]byte, error)) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	company := []generate.Company{{Code: "1105910159", Name: "Invented"}}
	_, err := generate.New(generate.Options{
		Orders: 1, Seed: 7, Sign: sign, Start: time.UnixMilli(genesisTime).AddDate(0, 0, -1),
		Platforms: company, Payers: company, Carriers: company, Declarants: company,
	}).WriteTo(func(f generate.File) error {
		if i := strings.Index(f.Name, "CEB"); i >= 0 {
			files[f.Name[i:i+6]] = f.Data
		}
		return nil
	})
	check(t, err)
	if len(files) != 4 {
		t.Fatalf("the set has %d messages", len(files))
	}
	return files
}

// judging is a gateway that trusts some certificates, by the name of their file.
func judging(t *testing.T, unsigned bool, trusted map[string]*signer) (http.Handler, *bytes.Buffer) {
	t.Helper()
	files := map[string][]byte{}
	for name, s := range trusted {
		files[name] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.certificate})
	}
	log := new(bytes.Buffer)
	return New(newTown(t), Options{
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:    func() time.Time { return time.UnixMilli(genesisTime) },
		CEB:    CEB{Unsigned: unsigned, Trust: func() (*xmldsig.Trust, error) { return xmldsig.ReadTrust(files) }},
	}), log
}

func post(h http.Handler, path, media string, body []byte) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", media)
	h.ServeHTTP(w, r)
	return w
}

func questionOf(t testing.TB, files map[string][]byte, signatures bool) []byte {
	t.Helper()
	q := cebQuestion{Signatures: signatures}
	for name, data := range files {
		q.Files = append(q.Files, cebFile{name, data})
	}
	body, err := json.Marshal(q)
	check(t, err)
	return body
}

func findings(t *testing.T, w *httptest.ResponseRecorder) cebFindings {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var a cebFindings
	check(t, json.Unmarshal(w.Body.Bytes(), &a))
	return a
}

// faultsOf writes down the faults, and holds the summary to them.
func faultsOf(t *testing.T, a cebFindings) string {
	t.Helper()
	var all []string
	for _, f := range a.Findings {
		if f.Severity == review.Fault {
			all = append(all, fmt.Sprintf("%s %s %d", f.File, f.Fault, f.Official))
		}
	}
	if len(all) != a.Summary.Faults {
		t.Errorf("the summary counts %d faults, there are %d", a.Summary.Faults, len(all))
	}
	return strings.Join(all, "; ")
}

func TestCheckSignatures(t *testing.T) {
	card, stranger := newSigner(t), newSigner(t)
	sign := func(m []byte) ([]byte, error) { return xmldsig.Sign(m, card.key, card.certificate, "") }
	registered := map[string]*signer{"1105910159.pem": card}
	const unsignedAll = "CEB311 SIGNATURE -621026; CEB411 SIGNATURE -621026; CEB511 SIGNATURE -621026; CEB621 SIGNATURE -621026"
	for _, row := range []struct {
		name     string
		files    map[string][]byte
		unsigned bool
		trusted  map[string]*signer
		ask      bool
		want     string
	}{
		{"signed and registered", cebSet(t, sign), false, registered, true, ""},
		{"signed, nobody registered", cebSet(t, sign), true, nil, true, strings.ReplaceAll(unsignedAll, "-621026", "-621029")},
		{"another is registered", cebSet(t, sign), false, map[string]*signer{"1105910159.pem": stranger}, true, strings.ReplaceAll(unsignedAll, "-621026", "-621029")},
		{"registered for another", cebSet(t, sign), false, map[string]*signer{"2222222222.pem": card}, true, strings.ReplaceAll(unsignedAll, "-621026", "-621028")},
		{"changed after it was signed", changed(t, cebSet(t, sign)), true, registered, true, "CEB411 SIGNATURE 1004"},
		{"not signed", cebSet(t, nil), false, registered, true, unsignedAll},
		{"not signed, as the node accepts", cebSet(t, nil), true, registered, true, ""},
		{"no signature element", bare(t, cebSet(t, nil)), false, registered, true, unsignedAll},
		{"no signature element, as the node accepts", bare(t, cebSet(t, nil)), true, registered, true, ""},
		{"not asked", changed(t, cebSet(t, nil)), false, registered, false, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, _ := judging(t, row.unsigned, row.trusted)
			a := findings(t, post(h, "/v1/ceb/check", mediaJSON, questionOf(t, row.files, row.ask)))
			if got := faultsOf(t, a); got != row.want {
				t.Errorf("faults %q, want %q", got, row.want)
			}
			if a.Summary.Files != 4 || a.Summary.Orders != 1 || a.Summary.Complete != 1 {
				t.Errorf("summary %+v", a.Summary)
			}
		})
	}
}

// changed changes the payment, after it was signed, in what no other document says.
func changed(t *testing.T, files map[string][]byte) map[string][]byte {
	t.Helper()
	const was = "<ceb:payName>Invented</ceb:payName>"
	if !bytes.Contains(files["CEB411"], []byte(was)) {
		t.Fatalf("no %s in %s", was, files["CEB411"])
	}
	files["CEB411"] = bytes.Replace(files["CEB411"], []byte(was), []byte("<ceb:payName>Another</ceb:payName>"), 1)
	return files
}

// bare takes the list's signature out, which the schema requires.
func bare(t *testing.T, files map[string][]byte) map[string][]byte {
	t.Helper()
	from, to := bytes.Index(files["CEB621"], []byte("<ds:Signature")), bytes.Index(files["CEB621"], []byte("</ds:Signature>"))
	if from < 0 || to < 0 {
		t.Fatalf("no signature in %s", files["CEB621"])
	}
	files["CEB621"] = append(files["CEB621"][:from:from], files["CEB621"][to+len("</ds:Signature>"):]...)
	return files
}

func TestCheckOneMessage(t *testing.T) {
	h, _ := judging(t, false, nil)
	payment := cebSet(t, nil)["CEB411"]
	if got := faultsOf(t, findings(t, post(h, "/v1/ceb/check", "text/xml; charset=utf-8", payment))); got != "" {
		t.Errorf("a good message, whose order is not there: %s", got)
	}
	if got := faultsOf(t, findings(t, post(h, "/v1/ceb/check?signatures=true", mediaXML, payment))); got != "message.xml SIGNATURE -621026" {
		t.Errorf("a message that is not signed: %s", got)
	}
	w := post(h, "/v1/ceb/check", mediaXML, []byte("<ceb:CEB411Message"))
	if got := faultsOf(t, findings(t, w)); got != "message.xml XML 0" {
		t.Errorf("half a message: %s", got)
	}
	if w := post(h, "/v1/ceb/check", mediaJSON, []byte(`{"files":[{"name":"a.txt","data":"aGVsbG8="}]}`)); !strings.Contains(w.Body.String(), `"findings":[`) {
		t.Errorf("no message: %s", w.Body)
	}
}

// TestCheckKeepsNothing: what is asked about leaves no trace in the log, whatever it is.
func TestCheckKeepsNothing(t *testing.T) {
	h, log := judging(t, false, nil)
	for _, body := range [][]byte{cebSet(t, nil)["CEB311"], []byte("<Invented"), []byte("Invented")} {
		post(h, "/v1/ceb/check?signatures=true", mediaXML, body)
		post(h, "/v1/ceb/check", mediaJSON, body)
	}
	if log.Len() > 0 {
		t.Errorf("the log says\n%s", log)
	}
}

func TestCheckRefuses(t *testing.T) {
	h, _ := judging(t, false, nil)
	many := strings.TrimSuffix(strings.Repeat(`{"name":"a","data":""},`, maxCheckFiles+1), ",")
	half := make([]byte, maxCheckBytes/2+1)
	for _, row := range []struct {
		name, media string
		body        []byte
		status      int
		code        types.Code
		field       string
	}{
		{"no files", mediaJSON, []byte(`{"files":[]}`), 422, types.FieldInvalid, "files"},
		{"too many files", mediaJSON, []byte(`{"files":[` + many + `]}`), 422, types.FieldInvalid, "files"},
		{"one name twice", mediaJSON, []byte(`{"files":[{"name":"a","data":""},{"name":"a","data":""}]}`), 422, types.FieldInvalid, "files[1].name"},
		{"no name", mediaJSON, []byte(`{"files":[{"data":""}]}`), 422, types.FieldInvalid, "files[0].name"},
		{"a long name", mediaJSON, []byte(`{"files":[{"name":"` + strings.Repeat("a", 256) + `","data":""}]}`), 422, types.FieldInvalid, "files[0].name"},
		{"too many bytes", mediaJSON, questionOf(t, map[string][]byte{"a": half, "b": half}, false), 413, types.TooLarge, "files"},
		{"too many bytes of XML", mediaXML, make([]byte, maxCheckBytes+1), 413, types.TooLarge, ""},
		{"a body beyond all", mediaXML, make([]byte, maxCheckBody+1), 413, types.TooLarge, ""},
		{"another field", mediaJSON, []byte(`{"file":[]}`), 400, types.Malformed, ""},
		{"no base64", mediaJSON, []byte(`{"files":[{"name":"a","data":"?"}]}`), 400, types.Malformed, ""},
		{"two values", mediaJSON, []byte(`{"files":[{"name":"a","data":""}]}{}`), 400, types.Malformed, ""},
		{"another type", "text/csv", []byte("a,b"), 415, types.Malformed, "Content-Type"},
	} {
		w := post(h, "/v1/ceb/check", row.media, row.body)
		var p types.Problem
		check(t, json.Unmarshal(w.Body.Bytes(), &p))
		if w.Code != row.status || p.Code != row.code || p.Field != row.field {
			t.Errorf("%s: %d %s, want %d %s %q", row.name, w.Code, w.Body, row.status, row.code, row.field)
		}
	}
}

// TestCheckWithoutTrust: a folder that cannot be read is the node's fault, not the signer's.
func TestCheckWithoutTrust(t *testing.T) {
	log := new(bytes.Buffer)
	h := New(newTown(t), Options{
		Logger: slog.New(slog.NewTextHandler(log, nil)),
		CEB:    CEB{Trust: func() (*xmldsig.Trust, error) { return nil, errors.New("notes.txt is no certificate") }},
	})
	body := questionOf(t, cebSet(t, nil), true)
	if w := post(h, "/v1/ceb/check", mediaJSON, body); w.Code != 500 || !strings.Contains(log.String(), "notes.txt") {
		t.Errorf("%d %s; the log says %s", w.Code, w.Body, log)
	}
}

func TestPolicy(t *testing.T) {
	for _, unsigned := range []bool{false, true} {
		h, _ := judging(t, unsigned, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/ceb/policy", nil))
		if want := fmt.Sprintf(`{"unsigned":%t}`, unsigned); strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s, want %s", w.Body, want)
		}
	}
}

// TestOneReviewAtATime: who waits too long for another's review is told to come back, and a
// review that panics is a fault that ends nothing.
func TestOneReviewAtATime(t *testing.T) {
	g := New(newTown(t), Options{}).(*gateway)
	began, end := make(chan struct{}), make(chan struct{})
	answered := make(chan error)
	slow := func(context.Context) (*cebFindings, error) { close(began); <-end; return nil, errors.New("done") }
	go func() {
		_, err := g.patiently(t.Context(), slow)
		answered <- err
	}()
	<-began
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := g.patiently(short, slow)
	if p := g.problem(t.Context(), "", err); p.Status != http.StatusServiceUnavailable || p.Code != types.Busy {
		t.Errorf("while another is under way: %v", err)
	}
	close(end)
	if err := <-answered; err == nil || err.Error() != "done" {
		t.Errorf("the first: %v", err)
	}
	_, err = g.patiently(t.Context(), func(context.Context) (*cebFindings, error) { panic("a fault") })
	if err == nil || !strings.Contains(err.Error(), "a fault") {
		t.Errorf("a panic: %v", err)
	}
	if a, err := g.patiently(t.Context(), func(context.Context) (*cebFindings, error) { return &cebFindings{}, nil }); err != nil || a == nil {
		t.Errorf("after it: %v", err)
	}
}

func FuzzCheckQuestion(f *testing.F) {
	f.Add([]byte(`{"files":[{"name":"a.xml","data":"PGE+"}],"signatures":true}`))
	f.Add(questionOf(f, cebSet(f, nil), true))
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := readQuestion(body)
		if err != nil {
			if code, ok := types.CodeOf(err); !ok {
				t.Fatalf("%v is no refusal: %d", err, code)
			}
			return
		}
		c := &CEB{}
		verify, err := c.verifier(time.UnixMilli(genesisTime))
		check(t, err)
		a, err := c.review(t.Context(), q, review.Options{Signatures: review.Signatures{Severity: review.Fault, Verify: verify}})
		check(t, err)
		if a.Summary.Files != len(q.Files) {
			t.Errorf("%d files of %d", a.Summary.Files, len(q.Files))
		}
		faultsOf(t, *a)
	})
}

// TestLargestQuestion bounds the time of the largest question of valid messages.
func TestLargestQuestion(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	q := &cebQuestion{Signatures: true}
	total := 0
	_, err := generate.New(generate.Options{Orders: 6000, PerFile: 100}).WriteTo(func(f generate.File) error {
		if total += len(f.Data); total <= maxCheckBytes && len(q.Files) < maxCheckFiles {
			q.Files = append(q.Files, cebFile{f.Name, f.Data})
		}
		return nil
	})
	check(t, err)
	began := time.Now()
	_, err = (&CEB{}).review(t.Context(), q, review.Options{})
	check(t, err)
	if took := time.Since(began); took > checkPatience {
		t.Errorf("%s", took)
	}
	t.Logf("%d files, %d bytes: %s", len(q.Files), min(total, maxCheckBytes), time.Since(began))
}
