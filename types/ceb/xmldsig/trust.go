package xmldsig

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// Trust says which certificates speak for which company. It knows two grounds:
//
//   - A certificate is registered for a company. That is the rule of customs, and the only one that fits the cards of the
//     China E-Port, whose certificates do not name the customs code.
//   - A root issued the certificate, and its subject has the customs code as common name or serial number. A company with
//     a registered certificate cannot be spoken for in this way.
//
// Revocation lists are not read: a certificate that is taken back leaves the registration.
type Trust struct {
	owners     map[[sha256.Size]byte]string // customs code by digest of a registered certificate
	registered map[string]bool              // customs codes that have one
	roots      *smx509.CertPool
}

// certificateFile matches the two kinds of file in a trust: copCode (up to 18 characters) and extension.
var certificateFile = regexp.MustCompile(`^(?:roots/[^/]+|([0-9A-Za-z]{1,18}))\.(?:pem|der|cer|crt)$`)

// ReadTrust reads a trust from its files by name: "<copCode>.pem" with the certificates registered for a company, of which
// there may be several, as before a card expires; and "roots/<any name>.pem" with certificates of authorities. The
// extension is pem, der, cer or crt; the content PEM or, for one certificate, DER.
func ReadTrust(files map[string][]byte) (*Trust, error) {
	t := &Trust{owners: map[[sha256.Size]byte]string{}, registered: map[string]bool{}, roots: smx509.NewCertPool()}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := t.read(path.Clean(name), files[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return t, nil
}

func (t *Trust) read(name string, data []byte) error {
	match := certificateFile.FindStringSubmatch(name)
	if match == nil {
		return errors.New("not a name of a certificate file, which is <copCode>.pem or roots/<name>.pem")
	}
	certificates, err := readCertificates(data)
	if err != nil {
		return err
	}
	for _, certificate := range certificates {
		if match[1] == "" {
			err = t.addRoot(certificate)
		} else {
			err = t.register(match[1], certificate)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readCertificates reads one or more certificates in PEM, or one in DER.
func readCertificates(data []byte) ([]*smx509.Certificate, error) {
	if block, _ := pem.Decode(data); block == nil {
		certificate, err := smx509.ParseCertificate(data)
		if err != nil {
			return nil, fmt.Errorf("neither PEM nor a DER certificate: %w", err)
		}
		return []*smx509.Certificate{certificate}, nil
	}
	var certificates []*smx509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a %s, want certificates only", block.Type)
		}
		certificate, err := smx509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certificates)+1, err)
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

func (t *Trust) addRoot(certificate *smx509.Certificate) error {
	if !certificate.BasicConstraintsValid || !certificate.IsCA {
		return fmt.Errorf("certificate %s is not one of an authority", certificate.Subject)
	}
	t.roots.AddCert(certificate)
	return nil
}

func (t *Trust) register(copCode string, certificate *smx509.Certificate) error {
	digest := sha256.Sum256(certificate.Raw)
	if owner, taken := t.owners[digest]; taken && owner != copCode {
		return fmt.Errorf("certificate %s is registered for %s already", certificate.Subject, owner)
	}
	t.owners[digest] = copCode
	t.registered[copCode] = true
	return nil
}

// Check says whether a signature that Verify found right speaks for the company of a customs code, at a time; copCode is
// that of the message's BaseTransfer. The error is an *Error: Expired, Untrusted or NotYours.
func (t *Trust) Check(s *Signature, copCode string, at time.Time) error {
	certificate, err := smx509.ParseCertificate(s.Certificate.Raw)
	if err != nil {
		return fault(Untrusted, "%v", err)
	}
	if at.Before(certificate.NotBefore) || certificate.NotAfter.Before(at) {
		return fault(Expired, "certificate %s is valid from %s to %s, not at %s",
			certificate.Subject, stamp(certificate.NotBefore), stamp(certificate.NotAfter), stamp(at))
	}
	owner, registered := t.owners[sha256.Sum256(certificate.Raw)]
	switch {
	case registered && owner == copCode:
		return nil
	case registered:
		return fault(NotYours, "certificate %s is registered for %s, not for %s", certificate.Subject, owner, copCode)
	case !t.issued(certificate, at):
		return fault(Untrusted, "certificate %s is neither registered nor issued by a root", certificate.Subject)
	case t.registered[copCode]:
		return fault(NotYours, "certificate %s is not the one registered for %s", certificate.Subject, copCode)
	case !names(certificate.Subject, copCode):
		return fault(NotYours, "certificate %s names another than %s", certificate.Subject, copCode)
	}
	return nil
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// issued reports whether a root issued a certificate and was itself valid at the time. Certificates signed with SHA-1, as
// old ones of the China E-Port are, do not count; they have to be registered.
func (t *Trust) issued(certificate *smx509.Certificate, at time.Time) bool {
	_, err := certificate.Verify(smx509.VerifyOptions{
		Roots:       t.roots,
		CurrentTime: at,
		KeyUsages:   []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny},
	})
	return err == nil
}

func names(subject pkix.Name, copCode string) bool {
	return copCode != "" && (subject.CommonName == copCode || subject.SerialNumber == copCode)
}
