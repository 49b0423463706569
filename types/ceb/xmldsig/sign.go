package xmldsig

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// Sign returns an unsigned message with its signature as the last child of the root, where the schemas have it, and
// without a byte order mark. keyName is what the sender calls the key, "" for no name. What Verify would refuse is not
// returned: a certificate that is not the signer's, or not one for signatures.
//
// The key decides on the method. An SM2 key makes sm2-sm3; the signer, which may be a device, signs the 32-byte hash as it
// is and returns DER. An RSA key can only make rsa-sha1, which is weak; the specification knows no better method for RSA.
func Sign(message []byte, signer crypto.Signer, certificateDER []byte, keyName string) ([]byte, error) {
	message = bytes.TrimPrefix(message, byteOrderMark)
	parts, err := scan(message)
	if err != nil {
		return nil, err
	}
	if parts.signature != nil {
		return nil, fault(Malformed, "the message is signed already")
	}
	before, after := message[:parts.closing], message[parts.closing:]
	if !bytes.HasPrefix(after, []byte("</")) {
		return nil, fault(Malformed, "an empty message")
	}
	m, err := methodOf(signer.Public())
	if err != nil {
		return nil, err
	}
	d := &draft{method: m, digest: m.digest(parts.content.Bytes()), certificate: certificateDER, keyName: keyName}
	// What is signed is SignedInfo as it will stand in the message: with the namespaces of the message in force.
	unvalued, err := scan(slices.Concat(before, d.xml(), after))
	if err != nil {
		return nil, err
	}
	if d.value, err = m.sign(signer, unvalued.info.Bytes()); err != nil {
		return nil, fmt.Errorf("sign with %s: %w", m.name, err)
	}
	signed := slices.Concat(before, d.xml(), after)
	if _, err := Verify(signed); err != nil {
		return nil, err
	}
	return signed, nil
}

// draft is a signature in the making.
type draft struct {
	method      *method
	digest      []byte // of the message
	value       []byte // nil until it is made
	certificate []byte // DER
	keyName     string
}

// xml lays the signature out as the official samples do. No line end follows it: that would be part of the message.
func (d *draft) xml() []byte {
	var b strings.Builder
	encode := base64.StdEncoding.EncodeToString
	fmt.Fprintf(&b, `<ds:Signature xmlns:ds="%s">
<ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="%s"></ds:CanonicalizationMethod>
<ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod>
<ds:Reference URI="">
<ds:Transforms>
<ds:Transform Algorithm="%s"></ds:Transform>
</ds:Transforms>
<ds:DigestMethod Algorithm="%s"></ds:DigestMethod>
<ds:DigestValue>%s</ds:DigestValue>
</ds:Reference>
</ds:SignedInfo>
<ds:SignatureValue>%s</ds:SignatureValue>
<ds:KeyInfo>
`, Namespace, canonicalXML, d.method.name, enveloped, d.method.digestName, encode(d.digest), encode(d.value))
	if d.keyName != "" {
		b.WriteString("<ds:KeyName>" + textEscapes.Replace(d.keyName) + "</ds:KeyName>\n")
	}
	fmt.Fprintf(&b, `<ds:X509Data>
<ds:X509Certificate>%s</ds:X509Certificate>
</ds:X509Data>
</ds:KeyInfo>
</ds:Signature>`, encode(d.certificate))
	return []byte(b.String())
}
