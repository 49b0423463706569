package xmldsig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
)

// The official samples are not part of the project: they lie beside a developer's checkout.
const official = "../../../../shared/data/ceb"

func TestSignAndVerify(t *testing.T) {
	for _, method := range []string{SM2SM3, RSASHA1} {
		c := cards()[method]
		for name, message := range map[string]string{"short": short, "list": list(2), "byte order mark": "\ufeff" + short} {
			s := wantRight(t, signed(t, message, method))
			got := s.Certificate
			if s.Method != method || s.KeyName != "0001" || string(got.Raw) != string(c.certificate.Raw) {
				t.Errorf("%s: got %+v", name, s)
			}
			if got.Subject != "CN="+company || got.Serial != c.certificate.SerialNumber.Text(16) || len(got.Fingerprint) != 64 ||
				!got.NotBefore.Equal(from) || !got.NotAfter.Equal(until) {
				t.Errorf("%s: got certificate %+v", name, got)
			}
		}
	}
}

// TestSignChangesNothing: what is not the signature stays as it was, and a name is kept as it is.
func TestSignChangesNothing(t *testing.T) {
	c := cards()[SM2SM3]
	out, err := Sign([]byte(short), c.key, c.certificate.Raw, "0001 <A&B>")
	if err != nil {
		t.Fatal(err)
	}
	if s := wantRight(t, string(out)); s.KeyName != "0001 <A&B>" {
		t.Errorf("got key name %q", s.KeyName)
	}
	signature := between(t, string(out), "<ds:Signature ", "</ds:Signature>")
	if got := replaced(t, string(out), signature, ""); got != short {
		t.Errorf("got %q, want %q", got, short)
	}
	if !strings.HasSuffix(string(out), "</ds:Signature></ceb:CEB621Message>\n") {
		t.Error("the signature is not the last child")
	}
}

func TestSignRefuses(t *testing.T) {
	c := cards()[SM2SM3]
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Sign([]byte(signed(t, short, SM2SM3)), c.key, c.certificate.Raw, "")
	wantKind(t, err, Malformed)
	_, err = Sign([]byte("<a/>"), c.key, c.certificate.Raw, "")
	wantKind(t, err, Malformed)
	_, err = Sign([]byte("<a>"), c.key, c.certificate.Raw, "")
	wantKind(t, err, Malformed)
	_, err = Sign([]byte(short), p256, c.certificate.Raw, "")
	wantKind(t, err, Algorithm)
	_, err = Sign([]byte(short), c.key, []byte("no certificate"), "")
	wantKind(t, err, BadCertificate)
	_, err = Sign([]byte(short), c.key, cards()[RSASHA1].certificate.Raw, "")
	wantKind(t, err, BadCertificate)
	_, err = Sign([]byte(short), c.key, newCard(t, plan{}).certificate.Raw, "")
	wantKind(t, err, Value)
	encryption := newCard(t, plan{usage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment})
	_, err = Sign([]byte(short), encryption.key, encryption.certificate.Raw, "")
	wantKind(t, err, BadCertificate)
}

// TestEveryByteCounts changes each byte of the root element up to KeyInfo, which alone is not signed.
func TestEveryByteCounts(t *testing.T) {
	for _, method := range []string{SM2SM3, RSASHA1} {
		message := signed(t, short, method)
		begin, end := strings.Index(message, "<ceb:"), strings.Index(message, "<ds:KeyInfo>")
		for i := begin; i < end; i++ {
			for _, mask := range []byte{0x01, 0x20} {
				forged := []byte(message)
				forged[i] ^= mask
				if s, err := Verify(forged); s != nil || err == nil {
					t.Fatalf("accepted with byte %d changed: …%s…", i, forged[max(0, i-20):i+20])
				}
			}
		}
	}
}

// TestKinds: each fault has its own kind, and so its official code.
func TestKinds(t *testing.T) {
	message := signed(t, short, SM2SM3)
	digest := between(t, message, "<ds:DigestValue>", "</ds:DigestValue>")
	value := between(t, message, "<ds:SignatureValue>", "</ds:SignatureValue>")
	certificate := between(t, message, "<ds:X509Certificate>", "</ds:X509Certificate>")
	other := signed(t, replaced(t, short, "order 1", "order 2"), SM2SM3)
	rsaMessage := signed(t, short, RSASHA1)
	for _, row := range []struct {
		name, message string
		kind          string
		code          int64
	}{
		{"no signature", short, Unsigned, -621026},
		{"no XML", "order 1", Malformed, 1},
		{"content changed", replaced(t, message, "order 1", "order 2"), Digest, 1004},
		{"digest of another message", replaced(t, message, digest, between(t, other, "<ds:DigestValue>", "</ds:DigestValue>")), Digest, 1004},
		{"content and digest of another message", replaced(t, replaced(t, message, "order 1", "order 2"), digest, between(t, other, "<ds:DigestValue>", "</ds:DigestValue>")), Value, 1001},
		{"value of another message", replaced(t, message, value, between(t, other, "<ds:SignatureValue>", "</ds:SignatureValue>")), Value, 1001},
		{"certificate of another", replaced(t, message, certificate, pemless(newCard(t, plan{}))), Value, 1001},
		{"certificate for RSA", replaced(t, message, certificate, between(t, rsaMessage, "<ds:X509Certificate>", "</ds:X509Certificate>")), BadCertificate, 1001},
		{"RSA with a certificate for SM2", replaced(t, rsaMessage, between(t, rsaMessage, "<ds:X509Certificate>", "</ds:X509Certificate>"), certificate), BadCertificate, 1001},
		{"certificate that is none", replaced(t, message, certificate, "<ds:X509Certificate>AAAA</ds:X509Certificate>"), BadCertificate, 1001},
		{"no certificate", replaced(t, message, between(t, message, "<ds:KeyInfo>", "</ds:KeyInfo>"), ""), Unsigned, -621026},
		{"other algorithm", replaced(t, message, "#sm2-sm3", "#sm2-sha256"), Algorithm, 1001},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := Verify([]byte(row.message))
			wantKind(t, err, row.kind)
			if refused, ok := err.(*Error); s != nil || !ok || refused.Code != row.code {
				t.Errorf("got %v, %v, want code %d", s, err, row.code)
			}
		})
	}
}

// pemless is a certificate as it stands in a signature.
func pemless(c *card) string {
	return "<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(c.certificate.Raw) + "</ds:X509Certificate>"
}

// TestStandardVector is the example of GB/T 32918.5-2017, annex A.2, in both forms of a signature value.
func TestStandardVector(t *testing.T) {
	point := "04" + "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020" + "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
	raw := unhex(t, "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"+"B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")
	key, err := sm2.NewPublicKey(unhex(t, point))
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range [][]byte{raw, der} {
		if err := verifySM2(key, []byte("message digest"), value); err != nil {
			t.Error(err)
		}
		wantKind(t, verifySM2(key, []byte("message digesT"), value), Value)
	}
	for _, value := range [][]byte{nil, raw[:63], make([]byte, 64), append([]byte{0}, raw...), append(der, 0)} {
		wantKind(t, verifySM2(key, []byte("message digest"), value), Value)
	}
}

// TestSizeOfRSA: the size of the modulus is judged before anything is computed with it.
func TestSizeOfRSA(t *testing.T) {
	for _, bits := range []int{512, 4097, 1 << 16} {
		key := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: 65537}
		wantKind(t, verifyRSA(key, nil, make([]byte, bits/8)), BadCertificate)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestPlainPair: a message with the 64-byte form verifies, through the whole of Verify.
func TestPlainPair(t *testing.T) {
	message := signed(t, short, SM2SM3)
	value := between(t, message, "<ds:SignatureValue>", "</ds:SignatureValue>")
	der, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(value, "<ds:SignatureValue>"), "</ds:SignatureValue>"))
	if err != nil {
		t.Fatal(err)
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		t.Fatal(err)
	}
	plain := append(pair.R.FillBytes(make([]byte, 32)), pair.S.FillBytes(make([]byte, 32))...)
	wantRight(t, replaced(t, message, value, "<ds:SignatureValue>\n"+base64.StdEncoding.EncodeToString(plain)+" </ds:SignatureValue>"))
}

// TestSamples: the official samples all carry one and the same signature, which was made for another message.
func TestSamples(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(official, "samples-*", "CEB*.xml"))
	if len(files) == 0 {
		t.Skip("no official samples in " + official)
	}
	unsigned := 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), "Signature>") {
			unsigned++
			continue
		}
		s, err := Verify(data)
		if s != nil {
			t.Errorf("%s: accepted", path)
		}
		wantKind(t, err, Digest, Algorithm, Value, Malformed)
		t.Logf("%s: %v", filepath.Base(path), err)
		if _, err := scan(data); err == nil {
			wantRight(t, resigned(t, string(data)))
		}
	}
	if unsigned == len(files) {
		t.Error("no sample has a signature")
	}
}

// resigned replaces the signature of a sample by one that holds.
func resigned(t *testing.T, message string) string {
	t.Helper()
	signature := between(t, message, "<ds:Signature ", "</ds:Signature>")
	return signed(t, replaced(t, message, signature, ""), SM2SM3)
}

// TestSchema: what Sign makes is valid by the official schema.
func TestSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint: apt-get install libxml2-utils")
	}
	schemas, _ := filepath.Glob(filepath.Join(official, "xsd", "*进口业务节点报文定义202205.xsd"))
	data, err := os.ReadFile(filepath.Join(official, "samples-import", "CEB621Message.xml"))
	if err != nil || len(schemas) != 1 {
		t.Skip("no official schema and sample in " + official)
	}
	path := filepath.Join(t.TempDir(), "signed.xml")
	if err := os.WriteFile(path, []byte(resigned(t, string(data))), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(xmllint, "--noout", "--nonet", "--schema", schemas[0], path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
