package epcisrest

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/types"
)

// Signer signs what EPCIS clients capture, in one member's name.
type Signer struct {
	Member string
	key    *ecdsa.PrivateKey
}

// NewSigner returns the signer with a key.
func NewSigner(member string, key *ecdsa.PrivateKey) *Signer { return &Signer{member, key} }

// maxKeyFile bounds a key file, in bytes, and maxScryptMemory what opening it may cost:
// 128·N·r. What `carya keys` makes needs 256 MiB for a moment.
const (
	maxKeyFile      = 64 << 10
	maxScryptMemory = 1 << 30
)

// OpenSigner decrypts a key file of the Web3 secret storage format, version 3, which
// `carya keys` writes. The passphrase is the first line of a file.
func OpenSigner(member, keyFile, passphraseFile string) (*Signer, error) {
	data, err := readSmall(keyFile)
	if err != nil {
		return nil, err
	}
	if err := checkVault(data); err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	passphrase, err := readSmall(passphraseFile)
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(passphrase), "\n")
	key, err := keystore.DecryptKey(data, strings.TrimSuffix(line, "\r"))
	if errors.Is(err, keystore.ErrDecrypt) {
		return nil, fmt.Errorf("%s: it has another passphrase than the first line of %s", keyFile, passphraseFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	return &Signer{member, key.PrivateKey}, nil
}

// Address returns the key's address.
func (s *Signer) Address() types.Address {
	return types.Address(crypto.PubkeyToAddress(s.key.PublicKey))
}

// checkVault checks what the keystore takes for granted: the types and sizes of the
// parameters in the file.
func checkVault(data []byte) error {
	var v struct {
		Crypto struct {
			Cipher struct{ IV string } `json:"cipherparams"`
			KDF    string              `json:"kdf"`
			Params map[string]any      `json:"kdfparams"`
		} `json:"crypto"`
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &v); err != nil || v.Version != 3 {
		return fmt.Errorf("not a key file of the Web3 secret storage format, version 3: make one with `carya keys new`")
	}
	c := &v.Crypto
	number := func(name string) float64 { n, _ := c.Params[name].(float64); return n }
	_, salted := c.Params["salt"].(string)
	_, prf := c.Params["prf"].(string)
	scrypt := c.KDF == "scrypt" && number("n") > 1 && number("r") >= 1 && number("p") >= 1 && number("p") <= 64 &&
		128*number("n")*number("r") <= maxScryptMemory
	pbkdf2 := c.KDF == "pbkdf2" && prf && number("c") >= 1 && number("c") <= 1<<26
	if !salted || number("dklen") != 32 || len(c.Cipher.IV) != 32 || !scrypt && !pbkdf2 {
		return fmt.Errorf("key derivation %q is not supported with its parameters", c.KDF)
	}
	return nil
}

func readSmall(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s: not a file of at most %d bytes", name, maxKeyFile)
	}
	return os.ReadFile(name)
}

// sign makes a signed transaction of captured events. The same arguments make the same
// bytes, so that a transaction can be made again after a restart.
func (s *Signer) sign(d types.Domain, bodies []types.Body, onError string, expires int64) (raw []byte, digest types.Hash, err error) {
	tx := types.Transaction{
		Chain: d.Chain, Member: s.Member, Kind: kindCapture, Expires: expires, OnError: onError, Bodies: bodies,
	}
	if err := tx.Check(); err != nil {
		return nil, digest, err
	}
	if digest, err = d.Digest(&tx); err != nil {
		return nil, digest, err
	}
	signature, err := types.Sign(digest, s.key)
	if err != nil {
		return nil, digest, err
	}
	raw, err = (&types.Signed{Transaction: tx, Signatures: []types.Bytes{signature}}).Encode()
	return raw, digest, err
}
