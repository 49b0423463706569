package client

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/spf13/cobra"
)

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make and keep signing keys",
		Long: `Make and keep the secp256k1 keys that sign a member's transactions.

Keys lie encrypted in <home>/keys, in the Web3 secret storage format that geth, clef and
wallets read. The passphrase comes from --password-file, else from CARYA_PASSWORD, else
from the terminal. A key signs for a member once the member has registered its address:
in the genesis, or with the transaction AddKey.

Beside a key lies its stream secret, <name>.secret.json, once "carya ceb submit" has used
it. The names of a member's documents come from it: copy it along with the key.`,
		Example: `  carya keys new harvest
  carya keys list
  carya tx AddKey '{"key":"0x9c36…"}' --member coop-linan --key first --wait`,
	}
	s := newSession(cmd)
	return group(cmd, newKey(s), listKeys(s), showKey(s), importKey(s), exportKey(s))
}

// keyMaker is what the commands that store a key have in common.
type keyMaker struct {
	*session
	passphrases *passphrases
	light       bool
}

func newKeyMaker(s *session, cmd *cobra.Command) *keyMaker {
	m := &keyMaker{session: s, passphrases: s.passphrases(cmd.Flags())}
	cmd.Flags().BoolVar(&m.light, "light", false, "encrypt weakly and fast, for localnets")
	return m
}

func (m *keyMaker) strength() Strength {
	if m.light {
		return Light
	}
	return Standard
}

func (m *keyMaker) store(name string, key *ecdsa.PrivateKey, passphrase string) error {
	file, err := m.keyring().Create(name, key, passphrase, m.strength())
	if errors.Is(err, fs.ErrExist) {
		return &Failure{ExitFailed, fmt.Errorf("key %s: there is one of this name", name), "keys are never overwritten; choose another name"}
	}
	if err != nil {
		return err
	}
	m.say("✓ key %s has the address %s\n  it lies in %s; a lost file or passphrase cannot be restored", name, file.Address, file.Path)
	return m.emit(file)
}

func newKey(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a key",
		Example: `  carya keys new harvest
  carya keys new harvest --password-file /run/secrets/harvest`,
		Args: takes(1, 1, "the new key's name"),
	}
	m := newKeyMaker(s, cmd)
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		if _, err := s.keyring().path(args[0], keySuffix); err != nil {
			return usage("", err)
		}
		passphrase, err := m.passphrases.fresh(ctx, "key "+args[0])
		if err != nil {
			return err
		}
		key, err := crypto.GenerateKey()
		if err != nil {
			return err
		}
		return m.store(args[0], key, passphrase)
	})
	return cmd
}

func listKeys(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the keys", Args: takes(0, 0, "none")}
	cmd.RunE = s.run(func(context.Context, []string) error {
		keys, err := s.keyring().List()
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			s.note("there are no keys in %s", s.keyring().Dir)
		}
		rows := make([][]string, len(keys))
		for i, k := range keys {
			rows[i] = []string{k.Name, k.Address.String()}
			if err := s.emit(k); err != nil {
				return err
			}
		}
		s.table(rows)
		return nil
	})
	return cmd
}

func showKey(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "show NAME", Short: "Show a key's address and file", Args: takes(1, 1, "a key's name")}
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		k, err := s.keyring().Find(args[0])
		if err != nil {
			return keyMissing(err)
		}
		s.table([][]string{{"name", k.Name}, {"address", k.Address.String()}, {"file", k.Path}})
		return s.emit(k)
	})
	return cmd
}

func keyMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &Failure{ExitFailed, err, "`carya keys list` shows the keys, `carya keys new` makes one"}
	}
	return err
}

func importKey(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import NAME FILE|-|HEX",
		Short: "Take over a key from a wallet's file or from hexadecimal digits",
		Long: `Take over a key: from a file of the Web3 secret storage format (geth, clef, wallets), whose
passphrase it keeps, or from 64 hexadecimal digits, on the command line, in a file or, as
"-", on standard input. What stands on a command line may be seen by others on this
machine and stays in the shell's history: prefer a file.`,
		Example: `  carya keys import harvest UTC--2026-08-01T09-12-00Z--9c36…
  carya keys import harvest - < key.hex`,
		Args: takes(2, 2, "a name and a file or 64 hexadecimal digits"),
	}
	m := newKeyMaker(s, cmd)
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		key, passphrase, err := m.foreign(ctx, args[0], args[1])
		if err != nil {
			return err
		}
		return m.store(args[0], key, passphrase)
	})
	return cmd
}

var hexKey = regexp.MustCompile(`^(0x)?[0-9a-fA-F]{64}$`)

// foreign reads a key from elsewhere and the passphrase under which it is to be stored.
func (m *keyMaker) foreign(ctx context.Context, name, from string) (*ecdsa.PrivateKey, string, error) {
	data := []byte(from)
	if !hexKey.MatchString(from) {
		var err error
		if data, err = m.input(from, maxKeyFile); err != nil {
			return nil, "", err
		}
	}
	text := strings.TrimSpace(string(data))
	if hexKey.MatchString(text) {
		key, err := crypto.HexToECDSA(strings.TrimPrefix(text, "0x"))
		if err != nil {
			return nil, "", usage("", fmt.Errorf("not a secp256k1 key: %w", err))
		}
		passphrase, err := m.passphrases.fresh(ctx, "key "+name)
		return key, passphrase, err
	}
	if _, err := parseVault(data); err != nil {
		return nil, "", usage("want a key file of geth, clef or a wallet, or 64 hexadecimal digits", fmt.Errorf("%s: %w", from, err))
	}
	passphrase, err := m.passphrases.existing(ctx, from)
	if err != nil {
		return nil, "", err
	}
	key, err := OpenKey(data, passphrase)
	if err != nil {
		err = fmt.Errorf("%s: %w", from, err)
	}
	return key, passphrase, err
}

func exportKey(s *session) *cobra.Command {
	var to string
	var naked bool
	cmd := &cobra.Command{
		Use:   "export NAME",
		Short: "Hand out a key's file, or the key itself",
		Example: `  carya keys export harvest -o harvest.json
  carya keys export harvest --unencrypted`,
		Args: takes(1, 1, "a key's name"),
	}
	p := s.passphrases(cmd.Flags())
	cmd.Flags().StringVarP(&to, "output", "o", "", "file to write, which must not exist; without it standard output")
	cmd.Flags().BoolVar(&naked, "unencrypted", false, "as 64 hexadecimal digits that anybody can use")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		data, err := s.keyring().File(args[0])
		if err != nil {
			return keyMissing(err)
		}
		if naked {
			passphrase, err := p.existing(ctx, "key "+args[0])
			if err != nil {
				return err
			}
			key, err := s.keyring().Open(args[0], passphrase)
			if err != nil {
				return err
			}
			data = []byte(hex.EncodeToString(crypto.FromECDSA(key)))
		}
		return s.deliver(to, append(data, '\n'))
	})
	return cmd
}

// deliver writes bytes to a new file or, where none is named, to standard output.
func (s *session) deliver(path string, data []byte) error {
	if path == "" {
		_, err := s.out.Write(data)
		return err
	}
	if err := writeNew(path, data); err != nil {
		return &Failure{ExitFailed, err, "an existing file is not overwritten"}
	}
	return nil
}

// input reads a file, or standard input for "-".
func (s *session) input(path string, most int64) ([]byte, error) {
	if path == "-" {
		return readAll("standard input", s.in, most)
	}
	data, err := readFile(path, most)
	if err != nil {
		return nil, usage("", err)
	}
	return data, nil
}
