package prove_test

import (
	"testing"

	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// TestEvidence: whatever is asked for is proven, in both forms of the file.
func TestEvidence(t *testing.T) {
	c := chaintest.Town(t)
	lot, order := "lot/"+chaintest.Lot, "order/"+chaintest.Order
	root, err := types.DocumentRoot(chaintest.PrivateDocument.Kind, chaintest.PrivateDocument.Fields, chaintest.PrivateDocument.Seed)
	if err != nil {
		t.Fatal(err)
	}
	e, err := types.DecodeEvent(c.Raw[order][0])
	if err != nil {
		t.Fatal(err)
	}
	from, to := evidence.Prefixed("payment/tianmu-pay/01KB")
	for name, asked := range map[string]evidence.Asked{
		"record":        {Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: lot}}},
		"old record":    {Height: 2, Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: lot}}},
		"newest":        {Height: 2, Newest: true, Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: lot}}},
		"absence":       {Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: "lot/06901234000023.NONE"}}},
		"history":       {Claims: []evidence.Ask{{Claim: evidence.ClaimHistory, Key: lot}}},
		"event":         {Claims: []evidence.Ask{{Claim: evidence.ClaimEvent, Key: lot, Index: 1}}},
		"event by root": {Claims: []evidence.Ask{{Claim: evidence.ClaimEvent, Key: order, Root: root[:]}}},
		"prefix":        {Claims: []evidence.Ask{{Claim: evidence.ClaimPrefix, Key: lot, Since: 2}}},
		"range":         {Claims: []evidence.Ask{{Claim: evidence.ClaimRange, From: from, To: to}}},
		"empty range":   {Claims: []evidence.Ask{{Claim: evidence.ClaimRange, From: "payment/a", To: "payment/b"}}},
		"all keys":      {Claims: []evidence.Ask{{Claim: evidence.ClaimRange}}},
		"block":         {Claims: []evidence.Ask{{Claim: evidence.ClaimBlock, Height: 1}}},
		"transaction":   {Claims: []evidence.Ask{{Claim: evidence.ClaimTransaction, Digest: e.Tx[:]}}},
		"several": {Claims: []evidence.Ask{
			{Claim: evidence.ClaimHistory, Key: lot}, {Claim: evidence.ClaimRecord, Key: order, Height: 3}, {Claim: evidence.ClaimBlock, Height: 2},
			{Claim: evidence.ClaimRange, From: from, To: to}, {Claim: evidence.ClaimTransaction, Digest: e.Tx[:]},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			made := c.ProveAt(&asked)
			file, err := made.Encode()
			if err != nil {
				t.Fatal(err)
			}
			v, err := evidence.Verify(file, c.Trust())
			if err != nil {
				t.Fatalf("%v\n%s", err, file)
			}
			if asked.Newest && v.Signed.Height != c.Last() {
				t.Errorf("signed is block %d, the newest is %d", v.Signed.Height, c.Last())
			}
			if len(v.Claims) != len(asked.Claims) {
				t.Errorf("%d claims proven of %d", len(v.Claims), len(asked.Claims))
			}
			compact, err := made.Compact()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := evidence.Verify(compact, c.Trust()); err != nil {
				t.Errorf("compact: %v", err)
			}
			t.Logf("%d bytes, compact %d", len(file), len(compact))
		})
	}
}

func TestField(t *testing.T) {
	c := chaintest.Town(t)
	d := chaintest.PrivateDocument
	part, err := types.Disclose(d.Kind, d.Fields, d.Seed, []int{2, 3})
	if err != nil {
		t.Fatal(err)
	}
	part.Record = "order/" + chaintest.Order
	e := c.Prove(evidence.Ask{Claim: evidence.ClaimEvent, Key: part.Record, Root: part.Root[:]})
	e.Claims[0].Claim, e.Claims[0].Document = evidence.ClaimField, part
	file, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Verify(file, c.Trust()); err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
}

// TestFields: the header as evidence holds it has CometBFT's hash.
func TestFields(t *testing.T) {
	c := chaintest.New(t)
	v, err := evidence.Verify(encode(t, c.Prove(evidence.Ask{Claim: evidence.ClaimBlock, Height: 1})), c.Trust())
	if err != nil {
		t.Fatal(err)
	}
	if want := types.Hash(c.Header(v.Claims[0].Height).Hash()); v.Claims[0].Block.Hash != want {
		t.Errorf("block hash %s, CometBFT says %s", v.Claims[0].Block.Hash, want)
	}
	hash := c.Trust().ValidatorsHash()
	if string(hash[:]) != string(c.Set().Hash()) {
		t.Errorf("validators hash %s, CometBFT says %s", hash, c.Set().Hash())
	}
}

func encode(t testing.TB, e *evidence.Evidence) []byte {
	t.Helper()
	file, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var _ prove.Chain = (*chaintest.Chain)(nil)
