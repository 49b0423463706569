package client

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"regexp"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// signers makes a key and a self-signed certificate for each sender of generated messages, and signs for them. They are
// as invented as the senders.
type signers struct {
	dir  string // gets <copCode>.pem
	keys map[string]*senderKey
}

// senderKey is a sender's key and its certificate, DER.
type senderKey struct {
	key         *sm2.PrivateKey
	certificate []byte
}

var copCode = regexp.MustCompile(`<ceb:copCode>([0-9A-Za-z]{1,18})</ceb:copCode>`)

// sign signs a message for the company of its BaseTransfer.
func (s *signers) sign(message []byte) ([]byte, error) {
	code := copCode.FindSubmatch(message)
	if code == nil {
		return nil, fmt.Errorf("sign: the message names no sender")
	}
	key, err := s.of(string(code[1]))
	if err != nil {
		return nil, fmt.Errorf("sign for %s: %w", code[1], err)
	}
	return xmldsig.Sign(message, key.key, key.certificate, "")
}

func (s *signers) of(code string) (*senderKey, error) {
	if had := s.keys[code]; had != nil {
		return had, nil
	}
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &smx509.Certificate{
		SerialNumber: big.NewInt(int64(len(s.keys) + 1)),
		Subject:      pkix.Name{CommonName: code, Organization: []string{"invented by carya ceb generate"}},
		NotBefore:    time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: smx509.KeyUsageDigitalSignature,
	}
	certificate, err := smx509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	made := &senderKey{key, certificate}
	s.keys[code] = made
	file := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	return made, writeNew(filepath.Join(s.dir, code+".pem"), file)
}
