// Package store keeps the ledger's state: one IAVL tree on Pebble, version = block height.
//
// It has two halves. An [Overlay] collects what a block, a transaction or a body writes; it is pure and builds for every
// target, wasm included. A Store applies a block's writes to the tree, commits them in one atomic batch, and lends out
// read-only Views of committed heights with ICS23 proofs; it does not exist under GOOS=js.
//
// What must hold for two nodes to agree: a block's writes reach the tree once per key, in key order, and never rewrite an
// equal value (the shape of an IAVL tree depends on the order of insertion, and a leaf's hash covers the height of its last
// write). Overlay.Writes produces exactly that and Store.Apply refuses anything that is out of order.
package store

import (
	"fmt"
	"strings"
)

// Longest key and value the tree takes, in bytes. Both are rules of consensus and limits of the snapshot decoder: a state
// that could be written but not imported would strand every node that joins later.
const (
	MaxKey   = 1 << 10
	MaxValue = 8 << 20
)

// Reader answers with the value under key, or nil when the key is absent. The slice is read-only.
type Reader interface {
	Get(key string) ([]byte, error)
}

// Write is one change of the state: a new value under a key or, when Value is nil, the deletion of the key.
type Write struct {
	Key   string
	Value []byte
}

// IndexSpace begins the keys of the index, which lies beside the tree with the flat latest state and is in no root: it only
// repeats what keys of the tree say, in another order (IndexOf). Rules write it through an overlay like any other key.
const IndexSpace = "~"

// IndexOf returns the index entry of a key whose last part is a ULID: under the key's parent and the ULID's random half
// stands its time half. So a document's name can be found by its keyed number alone, whatever its time. Of several names
// with one random half the latest stands there: Import writes the entries in order of the keys, and rules write an entry
// only for a name that is later than the one it holds. ok is false for keys of other forms.
func IndexOf(key string) (w Write, ok bool) {
	const timeHalf, length = 10, 26
	at := strings.LastIndexByte(key, '/') + 1
	if !strings.HasPrefix(key, "payment/") && !strings.HasPrefix(key, "waybill/") || len(key)-at != length {
		return w, false
	}
	return Write{IndexSpace + key[:at] + key[at+timeHalf:], []byte(key[at : at+timeHalf])}, true
}

// checkKey refuses the keys that no tree may hold: iavl accepts an empty one, ics23 cannot prove it.
func checkKey(key string) error {
	if len(key) == 0 {
		return fmt.Errorf("empty key: it could not be proven")
	}
	if len(key) > MaxKey {
		return fmt.Errorf("key %.40q… of %d bytes: the limit is %d", key, len(key), MaxKey)
	}
	return nil
}

// checkPair refuses the pairs that no tree may hold.
func checkPair(key string, value []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(value) == 0 {
		return fmt.Errorf("key %q: empty value: it could not be proven", key)
	}
	if len(value) > MaxValue {
		return fmt.Errorf("key %q: value of %d bytes: the limit is %d", key, len(value), MaxValue)
	}
	return nil
}
