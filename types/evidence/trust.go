package evidence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/caryaledger/carya/types"
)

// TrustFormat names the trust file's format.
const TrustFormat = "carya-trust/1"

// Trust is all that a verifier has to believe: which validators vouch for a chain. It is a JSON file.
type Trust struct {
	Format     string      `json:"format"`
	Chain      string      `json:"chain"`
	Genesis    types.Hash  `json:"genesis"`
	Height     int64       `json:"height"` // they sign the blocks from this one on, as far as the file knows
	Time       int64       `json:"time"`   // of that block or, where Block is zero, of the genesis; Unix milliseconds
	Block      types.Hash  `json:"block"`  // hash of that block's header, zero for the genesis
	Validators []Validator `json:"validators"`
}

// Validator is one validator and the organisation that runs it.
type Validator struct {
	Member string      `json:"member"`
	Name   string      `json:"name"`
	Key    types.Bytes `json:"key"` // ed25519 public key, 32 bytes
	Power  uint64      `json:"power"`
}

// maxPower is CometBFT's bound of a validator set's power; three times as much still fits into 53 bits and more.
const maxPower = 1 << 50

// TrustGenesis returns the trust in a genesis.
func TrustGenesis(g *types.Genesis) (*Trust, error) {
	hash, err := g.Hash()
	if err != nil {
		return nil, err
	}
	t := &Trust{Format: TrustFormat, Chain: g.Chain, Genesis: hash, Height: g.InitialHeight, Time: g.Time}
	for i := range g.Members {
		if m := &g.Members[i]; m.Power > 0 {
			t.Validators = append(t.Validators, Validator{m.ID, m.Name, m.Validator, m.Power})
		}
	}
	return t, t.Check()
}

// ReadTrust reads a trust file, or the trust in a genesis file.
func ReadTrust(file []byte) (*Trust, error) {
	var head struct {
		Format any `json:"format"`
	}
	if err := json.Unmarshal(file, &head); err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	if head.Format != TrustFormat {
		g, err := types.ReadGenesis(file)
		if err != nil {
			return nil, fmt.Errorf("neither a trust file (%s) nor a genesis: %w", TrustFormat, err)
		}
		return TrustGenesis(g)
	}
	t := new(Trust)
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	return t, t.Check()
}

// Check says what is wrong with a trust file.
func (t *Trust) Check() error {
	switch {
	case t.Format != TrustFormat:
		return fmt.Errorf("trust: format %.40q, this program knows %q", t.Format, TrustFormat)
	case t.Chain == "" || len(t.Chain) > 50 || t.Height < 1 || t.Time < 1:
		return fmt.Errorf("trust: no chain, height or time")
	case len(t.Validators) == 0 || len(t.Validators) > 10_000:
		return fmt.Errorf("trust: %d validators", len(t.Validators))
	}
	seen, power := map[string]bool{}, uint64(0)
	for _, v := range t.Validators {
		switch power += v.Power; {
		case len(v.Key) != 32 || seen[string(v.Key)]:
			return fmt.Errorf("trust: validator %q: not an ed25519 key of its own: %s", v.Member, v.Key)
		case v.Power == 0 || v.Power > maxPower || power > maxPower:
			return fmt.Errorf("trust: validator %q: power %d; together at most %d", v.Member, v.Power, uint64(maxPower))
		}
		seen[string(v.Key)] = true
	}
	return nil
}

// Encode returns the trust file.
func (t *Trust) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(t, "", " ")
	return append(data, '\n'), err
}

// Ordered returns the validators in CometBFT's order, which is the order of the votes in a commit: descending by power,
// then ascending by address.
func (t *Trust) Ordered() []Validator {
	list := slices.Clone(t.Validators)
	slices.SortFunc(list, func(a, b Validator) int {
		x, y := sha256.Sum256(a.Key), sha256.Sum256(b.Key)
		return cmp.Or(cmp.Compare(b.Power, a.Power), bytes.Compare(x[:20], y[:20]))
	})
	return list
}

// ValidatorsHash is the root over the validators as it stands in headers.
func (t *Trust) ValidatorsHash() types.Hash {
	var leaves [][]byte
	for _, v := range t.Ordered() {
		leaf := append([]byte{0x0a, 0x22, 0x0a, 0x20}, v.Key...) // SimpleValidator{pub_key: PublicKey{ed25519}, voting_power}
		leaves = append(leaves, binary.AppendUvarint(append(leaf, 0x10), v.Power))
	}
	return merkle(leaves)
}

// merkle is the RFC 6962 root over leaves, at least one.
func merkle(leaves [][]byte) types.Hash {
	if len(leaves) == 1 {
		return types.LeafHash(leaves[0])
	}
	split := 1
	for split*2 < len(leaves) {
		split *= 2
	}
	left, right := merkle(leaves[:split]), merkle(leaves[split:])
	return types.Hash(rfc6962.DefaultHasher.HashChildren(left[:], right[:]))
}
