package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/types"
)

// What the genesis sets for CometBFT.
const (
	// With CometBFT's own limit of 53 MiB a full block of signatures outlives every
	// timeout, and no block is ever decided.
	blockMaxBytes    = 2 << 20
	evidenceMaxBytes = 512 << 10

	// evidenceAge is how long misbehaviour is punished, and so for how long a light
	// client may trust a validator set at most. Both the time and the number of blocks
	// have to pass.
	evidenceAge       = 14 * 24 * time.Hour
	evidenceAgeBlocks = int64(evidenceAge / (500 * time.Millisecond))
)

// The bounds that a genesis made by others must keep.
const (
	leastBlockBytes = types.MaxTxBytes + evidenceMaxBytes + 4<<10 // and the header
	mostBlockBytes  = 4 << 20
)

// WriteGenesis returns CometBFT's genesis.json for a genesis: chain id, time, initial
// height and validators are those of g, which stands in it as app_state.
func WriteGenesis(g *types.Genesis) ([]byte, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	state, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	params := cmttypes.DefaultConsensusParams()
	params.Block.MaxBytes = blockMaxBytes
	params.Evidence = cmttypes.EvidenceParams{
		MaxAgeNumBlocks: evidenceAgeBlocks, MaxAgeDuration: evidenceAge, MaxBytes: evidenceMaxBytes,
	}
	doc := &cmttypes.GenesisDoc{
		GenesisTime:     time.UnixMilli(g.Time).UTC(),
		ChainID:         g.Chain,
		InitialHeight:   g.InitialHeight,
		ConsensusParams: params,
		Validators:      validators(g),
		AppState:        state,
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	if err := checkLimits(doc); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	out, err := cmtjson.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return append(out, '\n'), nil
}

// validators are the validators of the members that run one.
func validators(g *types.Genesis) (all []cmttypes.GenesisValidator) {
	for i := range g.Members {
		m := &g.Members[i]
		if m.Power == 0 {
			continue
		}
		key := ed25519.PubKey(m.Validator)
		all = append(all, cmttypes.GenesisValidator{
			Address: key.Address(), PubKey: key, Power: int64(m.Power), Name: m.ID,
		})
	}
	return all
}

// ReadGenesis reads a genesis.json and checks that its two halves, CometBFT's and the
// ledger's, say the same, and that the chain can live with its limits.
func ReadGenesis(file []byte) (*cmttypes.GenesisDoc, *types.Genesis, error) {
	doc, err := cmttypes.GenesisDocFromJSON(file)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	if len(doc.AppState) == 0 {
		return nil, nil, fmt.Errorf("genesis: it has no app_state: make one with `carya genesis new`")
	}
	g, err := types.ReadGenesis(file)
	if err != nil {
		return nil, nil, err
	}
	if err := checkHalves(doc, g); err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	if err := checkLimits(doc); err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	return doc, g, nil
}

func readGenesisFile(file string) (raw []byte, doc *cmttypes.GenesisDoc, g *types.Genesis, err error) {
	raw, err = os.ReadFile(file)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w (copy the chain's genesis.json there; `carya genesis new --help` says how to make one)", err)
	}
	doc, g, err = ReadGenesis(raw)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return raw, doc, g, nil
}

func checkHalves(doc *cmttypes.GenesisDoc, g *types.Genesis) error {
	switch {
	case doc.ChainID != g.Chain:
		return fmt.Errorf("chain_id is %q, app_state says %q", doc.ChainID, g.Chain)
	case doc.GenesisTime.UnixMilli() != g.Time:
		return fmt.Errorf("genesis_time is %s, app_state says %s", doc.GenesisTime, time.UnixMilli(g.Time).UTC())
	case doc.InitialHeight != g.InitialHeight:
		return fmt.Errorf("initial_height is %d, app_state says %d", doc.InitialHeight, g.InitialHeight)
	}
	want := validators(g)
	if len(want) != len(doc.Validators) {
		return fmt.Errorf("%d validators, app_state names %d", len(doc.Validators), len(want))
	}
	for i, v := range want {
		got := doc.Validators[i]
		if got.PubKey == nil || !bytes.Equal(got.PubKey.Bytes(), v.PubKey.Bytes()) || got.Power != v.Power {
			return fmt.Errorf("validator %d is not that of %s with power %d, as app_state says", i, v.Name, v.Power)
		}
	}
	return nil
}

// checkLimits refuses the limits that are known to stop a chain.
func checkLimits(doc *cmttypes.GenesisDoc) error {
	p := doc.ConsensusParams
	n := len(doc.Validators)
	switch {
	case doc.InitialHeight != 1:
		return fmt.Errorf("initial_height is %d: a node that crashes in the first block of a chain that does not begin with block 1 cannot start again (CometBFT, consensus/replay.go, storeBlockHeight > stateBlockHeight+1)", doc.InitialHeight)
	case p.Block.MaxBytes < leastBlockBytes+cmttypes.MaxCommitBytes(n):
		return fmt.Errorf("block.max_bytes is %d: the largest transaction (%d bytes) must fit beside evidence and the votes of %d validators; at least %d",
			p.Block.MaxBytes, types.MaxTxBytes, n, leastBlockBytes+cmttypes.MaxCommitBytes(n))
	case p.Block.MaxBytes > mostBlockBytes:
		return fmt.Errorf("block.max_bytes is %d: verifying a full block would outlive timeout_propose, and no block would ever be decided; at most %d", p.Block.MaxBytes, mostBlockBytes)
	case p.Evidence.MaxBytes > evidenceMaxBytes:
		return fmt.Errorf("evidence.max_bytes is %d: evidence must leave room for the largest transaction; at most %d", p.Evidence.MaxBytes, evidenceMaxBytes)
	case p.Evidence.MaxAgeDuration < evidenceAge:
		return fmt.Errorf("evidence.max_age_duration is %s: light clients trust validators for longer; at least %s", p.Evidence.MaxAgeDuration, evidenceAge)
	case p.ABCI.VoteExtensionsEnableHeight != 0:
		return fmt.Errorf("vote extensions are enabled: the application has none")
	}
	for _, v := range doc.Validators {
		if v.PubKey.Type() != ed25519.KeyType {
			return fmt.Errorf("validator %s has a key of type %s: only ed25519, whose signatures are checked in batches", v.Name, v.PubKey.Type())
		}
	}
	return nil
}
