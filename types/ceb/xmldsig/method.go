package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Signature methods (202205 specification, section 6.2.1.2).
const (
	SM2SM3  = "http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3" // SM2 over SM3 (GB/T 32918.2), preferred
	RSASHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"          // PKCS #1 v1.5; weak, since SHA-1 collisions can be made
)

const (
	canonicalXML = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	enveloped    = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

// userID goes into what SM2 signs, where signer and verifier have not agreed on another (GM/T 0009, section 10).
var userID = []byte("1234567812345678")

// method is a signature method and the digest method that belongs to it.
type method struct {
	name, digestName string
	digest           func(content []byte) []byte
	// verify checks a signature value; its error is an *Error of kind Value, or BadCertificate where the key does not fit.
	verify func(key any, info, value []byte) error
	sign   func(signer crypto.Signer, info []byte) ([]byte, error)
}

var methods = []*method{
	{SM2SM3, "http://www.chinaport.gov.cn/2022/04/xmldsig#sm3", digestSM3, verifySM2, signSM2},
	{RSASHA1, "http://www.w3.org/2000/09/xmldsig#sha1", digestSHA1, verifyRSA, signRSA},
}

// methodOf returns the method for a public key.
func methodOf(key crypto.PublicKey) (*method, error) {
	if sm2.IsSM2PublicKey(key) {
		return methods[0], nil
	}
	if _, ok := key.(*rsa.PublicKey); ok {
		return methods[1], nil
	}
	return nil, fault(Algorithm, "no signature method for a key of type %T, only for SM2 and RSA", key)
}

func digestSM3(content []byte) []byte {
	sum := sm3.Sum(content)
	return sum[:]
}

func digestSHA1(content []byte) []byte {
	sum := sha1.Sum(content)
	return sum[:]
}

// verifySM2 takes both forms in use for the pair (r, s): ASN.1 DER (GM/T 0009), and 64 bytes without structure.
func verifySM2(key any, info, value []byte) error {
	if !sm2.IsSM2PublicKey(key) {
		return fault(BadCertificate, "the signature is SM2, the key of the certificate is %T", key)
	}
	if len(value) == 64 {
		r, s := new(big.Int).SetBytes(value[:32]), new(big.Int).SetBytes(value[32:])
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			return fault(Value, "%v", err)
		}
		value = der
	}
	if !sm2.VerifyASN1WithSM2(key.(*ecdsa.PublicKey), userID, info, value) {
		return fault(Value, "the SM2 signature was not made with the key of the certificate")
	}
	return nil
}

// signSM2 gives the signer the hash that SM2 signs, with the user ID already in it, and wants DER.
func signSM2(signer crypto.Signer, info []byte) ([]byte, error) {
	hash, err := sm2.CalculateSM2Hash(signer.Public().(*ecdsa.PublicKey), info, userID)
	if err != nil {
		return nil, fmt.Errorf("hash for SM2: %w", err)
	}
	return signer.Sign(rand.Reader, hash, crypto.Hash(0))
}

// Bits of an RSA modulus. The official sample certificate has 1024; above 4096 checking takes long enough to be an attack.
const minRSA, maxRSA = 1024, 4096

func verifyRSA(key any, info, value []byte) error {
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return fault(BadCertificate, "the signature is RSA, the key of the certificate is %T", key)
	}
	if bits := public.N.BitLen(); bits < minRSA || bits > maxRSA {
		return fault(BadCertificate, "RSA key of %d bits, want %d to %d", bits, minRSA, maxRSA)
	}
	hash := sha1.Sum(info)
	if rsa.VerifyPKCS1v15(public, crypto.SHA1, hash[:], value) != nil {
		return fault(Value, "the RSA signature was not made with the key of the certificate")
	}
	return nil
}

func signRSA(signer crypto.Signer, info []byte) ([]byte, error) {
	hash := sha1.Sum(info)
	return signer.Sign(rand.Reader, hash[:], crypto.SHA1)
}
