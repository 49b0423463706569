package node

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cometbft/cometbft/crypto/ed25519"

	"github.com/caryaledger/carya/types"
)

func testGenesis() *types.Genesis {
	member := func(id string, n byte, power uint64) types.GenesisMember {
		m := types.GenesisMember{
			ID: id, Name: id, Controller: id, Roles: []string{types.RolePlatform}, Customs: []string{}, Prefixes: []string{},
			Keys: []types.Address{{19: n}}, Threshold: 1, Power: power,
		}
		if power > 0 {
			m.Validator = types.Bytes(ed25519.GenPrivKeyFromSecret([]byte{n}).PubKey().Bytes())
		}
		return m
	}
	return &types.Genesis{
		Format: types.GenesisFormat, Chain: "test-1", Time: 1_700_000_000_123, InitialHeight: 1, Params: types.DefaultParams(),
		Members: []types.GenesisMember{member("aa", 1, 10), member("bb", 2, 0), member("cc", 3, 20)},
	}
}

func TestGenesisRoundTrip(t *testing.T) {
	g := testGenesis()
	data, err := WriteGenesis(g)
	if err != nil {
		t.Fatal(err)
	}
	doc, got, err := ReadGenesis(data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := g.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if hash, err := got.Hash(); err != nil || hash != want {
		t.Errorf("hash %s, want %s (%v)", hash, want, err)
	}
	if doc.ChainID != g.Chain || doc.GenesisTime.UnixMilli() != g.Time || doc.InitialHeight != 1 || len(doc.Validators) != 2 {
		t.Errorf("CometBFT's half: %+v", doc)
	}
	if doc.ConsensusParams.Block.MaxBytes != blockMaxBytes {
		t.Errorf("block.max_bytes %d", doc.ConsensusParams.Block.MaxBytes)
	}
}

func TestGenesisRefuses(t *testing.T) {
	data, err := WriteGenesis(testGenesis())
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct{ name, old, new, want string }{
		{"other chain", `"chain_id": "test-1"`, `"chain_id": "test-2"`, "chain_id"},
		{"other time", `"genesis_time": "2023-11-14T22:13:20.123Z"`, `"genesis_time": "2023-11-14T22:13:21Z"`, "genesis_time"},
		{"other height", `"initial_height": "1"`, `"initial_height": "8"`, "initial_height"},
		{"other power", `"power": "20"`, `"power": "21"`, "power 20"},
		{"large blocks", `"max_bytes": "2097152"`, `"max_bytes": "22020096"`, "outlive timeout_propose"},
		{"small blocks", `"max_bytes": "2097152"`, `"max_bytes": "1048576"`, "largest transaction"},
		{"large evidence", `"max_bytes": "524288"`, `"max_bytes": "1048576"`, "evidence.max_bytes"},
		{"short evidence", `"max_age_duration": "1209600000000000"`, `"max_age_duration": "172800000000000"`, "max_age_duration"},
		{"vote extensions", `"vote_extensions_enable_height": "0"`, `"vote_extensions_enable_height": "9"`, "vote extensions"},
		{"no state", `"app_state"`, `"app_stat"`, "app_state"},
		{"unknown field", `"keyPast"`, `"keyPest"`, "keyPest"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if !bytes.Contains(data, []byte(row.old)) {
				t.Fatalf("no %s in\n%s", row.old, data)
			}
			changed := bytes.Replace(data, []byte(row.old), []byte(row.new), 1)
			if _, _, err := ReadGenesis(changed); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
	late := testGenesis()
	late.InitialHeight = 7
	if _, err := WriteGenesis(late); err == nil || !strings.Contains(err.Error(), "cannot start again") {
		t.Errorf("a chain that begins with block 7: %v", err)
	}
	empty := testGenesis()
	empty.Members = nil
	if _, err := WriteGenesis(empty); err == nil {
		t.Error("a genesis without members was written")
	}
}

func TestReadDescriptionRefuses(t *testing.T) {
	for _, text := range []string{"", "{}", `{"id":"aa","colour":"red"}`, `[]`} {
		if _, err := ReadDescription([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	data, err := json.Marshal(&Description{GenesisMember: testGenesis().Members[0], Node: "n", Address: "a:1"})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := ReadDescription(data); err != nil || d.ID != "aa" || d.Address != "a:1" {
		t.Errorf("%+v, %v", d, err)
	}
}
