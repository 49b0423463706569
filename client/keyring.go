package client

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/uuid"

	"github.com/caryaledger/carya/types"
)

// Keyring is a folder of encrypted files: <name>.json is a signing key in the Web3 secret storage format, version 3, which
// geth, clef and wallets read; <name>.secret.json is the stream secret of the member that signs with it, in the same
// format. Files are readable by their owner only.
type Keyring struct{ Dir string }

// KeyFile is a key as its file shows it without a passphrase.
type KeyFile struct {
	Name    string        `json:"name"`
	Address types.Address `json:"address"`
	Path    string        `json:"path"`
}

// Strength is the work that a guess of a passphrase costs: the scrypt parameter N, with r = 8 and p = 1 (Standard) or
// 6 (Light), as geth has them.
type Strength int

// The strengths: Standard takes about a second and 256 MB, Light a few milliseconds. Light is for localnets.
const (
	Standard Strength = keystore.StandardScryptN
	Light    Strength = keystore.LightScryptN
)

func (s Strength) p() int {
	if s == Light {
		return keystore.LightScryptP
	}
	return keystore.StandardScryptP
}

// ErrPassphrase is the error of opening a file with another passphrase than it was made with.
var ErrPassphrase = errors.New("wrong passphrase")

const (
	keySuffix    = ".json"
	secretSuffix = ".secret.json"
	// maxKeyFile bounds a key file, in bytes; they have about 500.
	maxKeyFile = 64 << 10
	// maxScryptMemory bounds what opening a file may cost, in bytes: 128·N·r. Standard needs 256 MiB.
	maxScryptMemory = 1 << 30
)

// Create stores a key under a new name.
func (k Keyring) Create(name string, key *ecdsa.PrivateKey, passphrase string, strength Strength) (*KeyFile, error) {
	path, err := k.path(name, keySuffix)
	if err != nil {
		return nil, err
	}
	data, err := SealKey(key, passphrase, strength)
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, data); err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	return &KeyFile{name, types.Address(crypto.PubkeyToAddress(key.PublicKey)), path}, nil
}

// SealKey encrypts a key into a file of the Web3 secret storage format.
func SealKey(key *ecdsa.PrivateKey, passphrase string, strength Strength) ([]byte, error) {
	return keystore.EncryptKey(&keystore.Key{
		Id: uuid.New(), Address: crypto.PubkeyToAddress(key.PublicKey), PrivateKey: key,
	}, passphrase, int(strength), strength.p())
}

// OpenKey decrypts a file of the Web3 secret storage format.
func OpenKey(file []byte, passphrase string) (*ecdsa.PrivateKey, error) {
	v, err := parseVault(file)
	if err != nil {
		return nil, err
	}
	data, err := v.open(passphrase)
	if err != nil {
		return nil, err
	}
	key, err := crypto.ToECDSA(data)
	if err != nil {
		return nil, fmt.Errorf("the file holds no secp256k1 key: %w", err)
	}
	return key, nil
}

// Open decrypts the key of that name.
func (k Keyring) Open(name, passphrase string) (*ecdsa.PrivateKey, error) {
	file, err := k.File(name)
	if err != nil {
		return nil, err
	}
	key, err := OpenKey(file, passphrase)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	return key, nil
}

// File returns the encrypted file of the key of that name.
func (k Keyring) File(name string) ([]byte, error) {
	path, err := k.path(name, keySuffix)
	if err != nil {
		return nil, err
	}
	data, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key %s: there is no file %s: %w", name, path, fs.ErrNotExist)
	}
	return data, err
}

// Find returns the key of that name as its file shows it.
func (k Keyring) Find(name string) (*KeyFile, error) {
	file, err := k.File(name)
	if err != nil {
		return nil, err
	}
	path, _ := k.path(name, keySuffix)
	v, err := parseVault(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	address, err := types.ParseAddress("0x" + strings.TrimPrefix(v.Address, "0x"))
	if err != nil {
		return nil, fmt.Errorf("%s: address: %w", path, err)
	}
	return &KeyFile{name, address, path}, nil
}

// List returns the keys of the ring in the order of their names; none where there is no folder.
func (k Keyring) List() ([]KeyFile, error) {
	entries, err := os.ReadDir(k.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []KeyFile
	for _, e := range entries {
		name, isKey := strings.CutSuffix(e.Name(), keySuffix)
		if !isKey || strings.HasSuffix(e.Name(), secretSuffix) {
			continue
		}
		key, err := k.Find(name)
		if err != nil {
			return nil, err
		}
		all = append(all, *key)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all, err
}

// Secret returns the stream secret beside the key of that name, and makes it on first use. All machines on which a
// member submits documents need the same one: the names of the member's documents come from it.
func (k Keyring) Secret(name, passphrase string, strength Strength) (types.Secret, error) {
	secret, err := k.readSecret(name, passphrase)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	rand.Read(secret[:])
	data, err := sealSecret(secret, passphrase, strength)
	if err != nil {
		return types.Secret{}, err
	}
	path, err := k.path(name, secretSuffix)
	if err != nil {
		return types.Secret{}, err
	}
	switch err := writeNew(path, data); {
	case errors.Is(err, fs.ErrExist): // another process was faster
		return k.readSecret(name, passphrase)
	case err != nil:
		return types.Secret{}, fmt.Errorf("stream secret of %s: %w", name, err)
	}
	return secret, nil
}

func (k Keyring) readSecret(name, passphrase string) (types.Secret, error) {
	path, err := k.path(name, secretSuffix)
	if err != nil {
		return types.Secret{}, err
	}
	file, err := readSmall(path)
	if err != nil {
		return types.Secret{}, err
	}
	v, err := parseVault(file)
	if err != nil {
		return types.Secret{}, fmt.Errorf("%s: %w", path, err)
	}
	data, err := v.open(passphrase)
	if err != nil {
		return types.Secret{}, fmt.Errorf("stream secret of %s: %w", name, err)
	}
	if len(data) != len(types.Secret{}) {
		return types.Secret{}, fmt.Errorf("%s: %d bytes, a stream secret has 32", path, len(data))
	}
	return types.Secret(data), nil
}

// path returns where the file of a name lies. Names are 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit,
// so that they are file names everywhere.
func (k Keyring) path(name, suffix string) (string, error) {
	legal := name != "" && len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" &&
		name[0] != '-' && name[0] != '_'
	if !legal {
		return "", fmt.Errorf("key name %q: must be 1 to 64 of a-z, 0-9, - and _, a letter or digit first", name)
	}
	return filepath.Join(k.Dir, name+suffix), nil
}

// vault is a file of the Web3 secret storage format, version 3. The address is absent where what is stored is no key.
type vault struct {
	Address string              `json:"address,omitempty"`
	Crypto  keystore.CryptoJSON `json:"crypto"`
	ID      string              `json:"id"`
	Version int                 `json:"version"`
}

func sealSecret(secret types.Secret, passphrase string, strength Strength) ([]byte, error) {
	sealed, err := keystore.EncryptDataV3(secret[:], []byte(passphrase), int(strength), strength.p())
	if err != nil {
		return nil, err
	}
	return json.Marshal(vault{Crypto: sealed, ID: uuid.NewString(), Version: 3})
}

// parseVault reads a file and checks what keystore takes for granted: the types and sizes of its parameters.
func parseVault(file []byte) (*vault, error) {
	var v vault
	if err := json.Unmarshal(file, &v); err != nil {
		return nil, fmt.Errorf("not a file of the Web3 secret storage format: %w", err)
	}
	if v.Version != 3 {
		return nil, fmt.Errorf("secret storage version %d, this program knows 3", v.Version)
	}
	p := v.Crypto.KDFParams
	number := func(name string) float64 { n, _ := p[name].(float64); return n }
	_, salted := p["salt"].(string)
	_, prf := p["prf"].(string)
	n, r, c := number("n"), number("r"), number("c")
	switch {
	case !salted || number("dklen") != 32:
		return nil, fmt.Errorf("key derivation: want a salt and dklen 32")
	case v.Crypto.KDF == "scrypt" && n > 1 && r >= 1 && number("p") >= 1 && 128*n*r <= maxScryptMemory && number("p") <= 64:
		return &v, nil
	case v.Crypto.KDF == "pbkdf2" && prf && c >= 1 && c <= 1<<26:
		return &v, nil
	}
	return nil, fmt.Errorf("key derivation %q with parameters %v is not supported", v.Crypto.KDF, p)
}

func (v *vault) open(passphrase string) ([]byte, error) {
	// The IV is checked because package cipher panics on another length.
	if len(v.Crypto.CipherParams.IV) != 32 {
		return nil, fmt.Errorf("cipher: want an IV of 16 bytes")
	}
	data, err := keystore.DecryptDataV3(v.Crypto, passphrase)
	if errors.Is(err, keystore.ErrDecrypt) {
		return nil, ErrPassphrase
	}
	return data, err
}
