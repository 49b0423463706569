package client_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// fakeChain is a chain in memory, of which several nodes may answer at once.
type fakeChain struct {
	*chaintest.Chain
	mu sync.Mutex
}

const (
	chainID    = chaintest.ID
	chainStart = chaintest.Start
	testLot    = chaintest.Lot
	testOrder  = chaintest.Order
)

func seed(words string) []byte { return chaintest.Seed(words) }

// newChain is a chain with a lot of three events, an order, payments and transactions, in four blocks; the header of a fifth
// commits to it all.
func newChain(t testing.TB) *fakeChain {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	c := &fakeChain{Chain: chaintest.Town(t)}
	c.Commit()
	return c
}

// building keeps scripts that begin at one time from building towns at one time: a town writes into the catalogue's examples.
var building sync.Mutex

// newChainFrom is a chain with nothing but a genesis that was changed.
func newChainFrom(t testing.TB, change func(*types.Genesis)) *fakeChain {
	t.Helper()
	c := &fakeChain{Chain: chaintest.NewFrom(t, change)}
	c.Commit()
	return c
}

// townHeight is the block after which the town's records are what they are.
const townHeight = 4

// ask makes evidence of what is asked for, signed by all validators but those named.
func (c *fakeChain) ask(t testing.TB, asked *evidence.Asked, absent ...string) *evidence.Evidence {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Absent = absent
	defer func() { c.Absent = nil }()
	e, err := prove.Evidence(t.Context(), c.Chain, asked)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// evidence makes evidence of one claim about a key.
func (c *fakeChain) evidence(t testing.TB, claim, key string, absent ...string) *evidence.Evidence {
	t.Helper()
	return c.ask(t, &evidence.Asked{Claims: []evidence.Ask{{Claim: claim, Key: key}}}, absent...)
}

// field makes evidence of fields of a document, by their places.
func (c *fakeChain) field(t testing.TB, record, kind string, fields []types.DocumentField, seed types.Secret, places ...int) *evidence.Evidence {
	t.Helper()
	part, err := types.Disclose(kind, fields, seed, places)
	if err != nil {
		t.Fatal(err)
	}
	part.Record = record
	e := c.ask(t, &evidence.Asked{Claims: []evidence.Ask{{Claim: evidence.ClaimEvent, Key: record, Root: part.Root[:]}}})
	e.Claims[0].Claim, e.Claims[0].Document = evidence.ClaimField, part
	return e
}

// evidenceFile is an evidence file as a node serves it.
func evidenceFile(t testing.TB, e *evidence.Evidence) []byte {
	t.Helper()
	file, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// trustFile is the file of the trust in the chain's genesis.
func (c *fakeChain) trustFile(t testing.TB) []byte {
	t.Helper()
	file, err := c.Trust().Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// value is a record in the last state, nil if there is none.
func (c *fakeChain) value(t testing.TB, key string) []byte {
	t.Helper()
	value, err := c.Store.Get(key)
	if err != nil {
		t.Error(err)
	}
	return value
}

func (c *fakeChain) keyHex(member string) string {
	return hex.EncodeToString(crypto.FromECDSA(c.Keys[member]))
}

func (c *fakeChain) address(member string) types.Address {
	return types.Address(crypto.PubkeyToAddress(c.Keys[member].PublicKey))
}

func writeFile(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
