// Package xmldsig verifies and makes the XML signatures of customs messages: enveloped signatures over the whole message,
// in canonical XML 1.0, with the algorithms of the 202205 specification of the General Administration of Customs (GACC),
// section 6: sm2-sm3, or rsa-sha1.
//
// XML signatures let a signer choose what is signed and how it is transformed first, and forgeries live on that freedom.
// Here there is none. A message has one Signature, a child of its root; the Signature has one Reference, to the whole
// message; its only transform takes the Signature itself out; and the algorithms are the two pairs of the specification.
// Whatever else the W3C recommendation allows is refused, processing instructions and xml: attributes among it, which no
// customs message has. So the verified bytes are the message that package ceb reads, and no part of it.
//
// Verify answers whether the holder of a certificate signed the message; Trust.Check, whether that certificate may speak
// for a company.
package xmldsig

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// Limits of what Verify and Sign read.
const (
	MaxSize       = 32 << 20 // bytes of one message
	MaxDepth      = 32       // elements inside one another
	MaxAttributes = 32       // attributes of one element, namespace declarations among them
	MaxNamespaces = 32       // namespace declarations in force at one place
)

// Namespace is that of the elements of an XML signature.
const Namespace = "http://www.w3.org/2000/09/xmldsig#"

// Signature is a signature that Verify found to be right.
type Signature struct {
	Method      string // algorithm URI, SM2SM3 or RSASHA1
	Certificate *Certificate
	KeyName     string // what the sender calls the key, such as "0001"; not covered by the signature, it proves nothing
}

// Certificate is the X.509 certificate a signature came with.
type Certificate struct {
	Raw                 []byte // DER
	Subject             string // RFC 2253, such as "CN=1105910159,O=…"
	Serial              string // hexadecimal, lower case
	NotBefore, NotAfter time.Time
	Fingerprint         string // SHA-256 of Raw, hexadecimal, lower case
}

// Verify checks the signature of one message, in UTF-8 and of at most MaxSize bytes: its form, the digest of the message,
// and the signature value under the key of the enclosed certificate. It does not judge the certificate; Trust.Check does.
// The error is always an *Error: Unsigned, Malformed, Algorithm, Digest, BadCertificate or Value, judged in that order.
func Verify(message []byte) (*Signature, error) {
	parts, err := scan(message)
	if err != nil {
		return nil, err
	}
	if parts.signature == nil {
		return nil, fault(Unsigned, "the message has no signature")
	}
	claim, err := readClaim(parts.signature)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(claim.method.digest(parts.content.Bytes()), claim.digest) {
		return nil, fault(Digest, "the message is not the one that was signed")
	}
	return claim.prove(parts.info.Bytes())
}

// prove checks the signature value over the canonical SignedInfo.
func (c *claim) prove(info []byte) (*Signature, error) {
	certificate, err := smx509.ParseCertificate(c.certificate)
	if err != nil {
		return nil, fault(BadCertificate, "%v", err)
	}
	if !maySign(certificate) {
		return nil, fault(BadCertificate, "the key usage of certificate %s does not include signatures", certificate.Subject)
	}
	if err := c.method.verify(certificate.PublicKey, info, c.value); err != nil {
		return nil, err
	}
	return &Signature{Method: c.method.name, Certificate: describe(certificate), KeyName: c.keyName}, nil
}

// maySign refuses encryption certificates. Under the Chinese scheme of two certificates the key of that one is in escrow,
// so that its holder is not the only one who could have signed.
func maySign(certificate *smx509.Certificate) bool {
	const signing = smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
	return certificate.KeyUsage == 0 || certificate.KeyUsage&signing != 0
}

func describe(certificate *smx509.Certificate) *Certificate {
	fingerprint := sha256.Sum256(certificate.Raw)
	return &Certificate{
		Raw:         certificate.Raw,
		Subject:     certificate.Subject.String(),
		Serial:      fmt.Sprintf("%x", certificate.SerialNumber),
		NotBefore:   certificate.NotBefore,
		NotAfter:    certificate.NotAfter,
		Fingerprint: hex.EncodeToString(fingerprint[:]),
	}
}
