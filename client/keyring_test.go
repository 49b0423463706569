package client_test

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/client"
)

// The test vectors of the format's definition (ethereum.org, "Web3 secret storage definition").
const (
	vectorKey    = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"
	vectorPBKDF2 = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
		"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
		"kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
		"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}`
	vectorScrypt = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
		"ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
		"kdfparams":{"dklen":32,"n":262144,"r":1,"p":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
		"mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}`
)

func TestOpenKeyReadsTheFormat(t *testing.T) {
	for name, file := range map[string]string{"pbkdf2": vectorPBKDF2, "scrypt": vectorScrypt} {
		key, err := client.OpenKey([]byte(file), "testpassword")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := hex.EncodeToString(crypto.FromECDSA(key)); got != vectorKey {
			t.Errorf("%s: got key %s, want %s", name, got, vectorKey)
		}
		if _, err := client.OpenKey([]byte(file), "testpassworD"); !errors.Is(err, client.ErrPassphrase) {
			t.Errorf("%s: got %v, want ErrPassphrase", name, err)
		}
	}
}

func TestKeyring(t *testing.T) {
	ring := client.Keyring{Dir: filepath.Join(t.TempDir(), "keys")}
	key, err := crypto.HexToECDSA(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := ring.List(); err != nil || len(keys) != 0 {
		t.Errorf("a new ring: got %v, %v", keys, err)
	}
	made, err := ring.Create("harvest", key, "secret", client.Light)
	if err != nil {
		t.Fatal(err)
	}
	if want := "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"; made.Address.String() != want {
		t.Errorf("got address %s, want %s", made.Address, want)
	}
	if _, err := ring.Create("harvest", key, "other", client.Light); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second of a name: got %v, want ErrExist", err)
	}
	got, err := ring.Open("harvest", "secret")
	if err != nil || !got.Equal(key) {
		t.Errorf("open: %v", err)
	}
	secret, err := ring.Secret("harvest", "secret", client.Light)
	if err != nil || secret.IsZero() {
		t.Fatalf("secret: %s, %v", secret, err)
	}
	if again, err := ring.Secret("harvest", "secret", client.Light); err != nil || again != secret {
		t.Errorf("the secret changed: %v", err)
	}
	if _, err := ring.Secret("harvest", "wrong", client.Light); !errors.Is(err, client.ErrPassphrase) {
		t.Errorf("got %v, want ErrPassphrase", err)
	}
	keys, err := ring.List()
	if err != nil || len(keys) != 1 || keys[0] != *made {
		t.Errorf("list: got %v, %v, want %v alone", keys, err, made)
	}
	for _, name := range []string{"harvest.json", "harvest.secret.json"} {
		info, err := os.Stat(filepath.Join(ring.Dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", name, info.Mode(), err)
		}
	}
}

// What we write, geth reads.
func TestKeyringForGeth(t *testing.T) {
	ring := client.Keyring{Dir: t.TempDir()}
	key, _ := crypto.GenerateKey()
	made, err := ring.Create("wallet", key, "päss wörd", client.Standard)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(made.Path)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := keystore.DecryptKey(file, "päss wörd")
	if err != nil || !opened.PrivateKey.Equal(key) || opened.Address != crypto.PubkeyToAddress(key.PublicKey) {
		t.Errorf("geth: %v", err)
	}
}

func TestKeyringRefusesNames(t *testing.T) {
	ring := client.Keyring{Dir: t.TempDir()}
	key, _ := crypto.GenerateKey()
	for _, name := range []string{"", "..", "../x", "a/b", "A", "-x", "a.secret", strings.Repeat("a", 65), "é"} {
		if _, err := ring.Create(name, key, "x", client.Light); err == nil {
			t.Errorf("%q was taken as a name", name)
		}
	}
}

// Key files come from wallets, and from people who would like to see the program fall over.
func FuzzOpenKey(f *testing.F) {
	light := strings.NewReplacer("262144", "2").Replace
	f.Add([]byte(light(vectorPBKDF2)), "testpassword")
	f.Add([]byte(light(vectorScrypt)), "testpassword")
	f.Add([]byte(`{"version":3,"crypto":{"kdf":"scrypt","kdfparams":{"salt":"","n":2,"r":1,"p":1,"dklen":32}}}`), "")
	f.Fuzz(func(t *testing.T, file []byte, passphrase string) {
		if cost, ok := client.VaultCost(file); ok && cost > 1<<12 {
			t.Skip("large parameters are allowed, and a fuzzer should not spend its time on them")
		}
		client.OpenKey(file, passphrase)
	})
}
