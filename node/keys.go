package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"

	"github.com/caryaledger/carya/types"
)

// loadNodeKey reads the key by which the other nodes know this one.
func (h home) loadNodeKey() (*p2p.NodeKey, error) {
	key, err := p2p.LoadNodeKey(h.file(fileNodeKey))
	if err != nil {
		return nil, fmt.Errorf("node key %s: %w (make a home directory with `carya init`)", h.file(fileNodeKey), err)
	}
	return key, nil
}

// loadValidator reads the validator's key and what it signed last. CometBFT's own function
// ends the process when a file is missing or broken, so it is called only after they were
// read.
func (h home) loadValidator() (*privval.FilePV, error) {
	for _, file := range []string{h.file(fileValidatorKey), h.data(fileValidatorState)} {
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && file == h.data(fileValidatorState) {
			return nil, fmt.Errorf("%s is missing: it says what this validator signed last, and without it the validator could sign two blocks of one height; put it back, or, if this key has never signed, run `carya init` again", file)
		}
		if err != nil {
			return nil, fmt.Errorf("validator: %w", err)
		}
		if !json.Valid(data) {
			return nil, fmt.Errorf("validator: %s is not JSON", file)
		}
	}
	return privval.LoadFilePV(h.file(fileValidatorKey), h.data(fileValidatorState)), nil
}

// makeKeys makes the keys that are missing and returns the node's id and the validator's
// public key.
func (h home) makeKeys() (id string, validator types.Bytes, err error) {
	key, err := p2p.LoadOrGenNodeKey(h.file(fileNodeKey))
	if err != nil {
		return "", nil, fmt.Errorf("node key: %w", err)
	}
	if err := h.makeValidator(); err != nil {
		return "", nil, err
	}
	pv, err := h.loadValidator()
	if err != nil {
		return "", nil, err
	}
	public, ok := pv.Key.PubKey.(ed25519.PubKey)
	if !ok {
		return "", nil, fmt.Errorf("validator key %s is of type %s, only ed25519 is used", h.file(fileValidatorKey), pv.Key.PubKey.Type())
	}
	return string(key.ID()), types.Bytes(public), nil
}

// makeValidator makes the validator's key and its state, both or none: a state is never
// made for a key that is there, because the key may have signed.
func (h home) makeValidator() error {
	if _, err := os.Stat(h.file(fileValidatorKey)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	pv := privval.GenFilePV(h.file(fileValidatorKey), h.data(fileValidatorState))
	pv.Save()
	return nil
}
