package types

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// Genesis is what the chain begins with, and all that an auditor has to trust: it
// stands as app_state in CometBFT's genesis.json. Its hash names the chain; every
// signature is bound to it.
type Genesis struct {
	Format        uint64          `json:"format"` // GenesisFormat
	Chain         string          `json:"chain"`  // chain id, as in CometBFT
	Time          int64           `json:"time"`   // Unix milliseconds
	InitialHeight int64           `json:"initialHeight"`
	Params        Params          `json:"params"`
	Members       []GenesisMember `json:"members"`
}

// GenesisFormat is the version of the genesis document and of the rules it starts:
//
//	1  the first
//	2  Params.EventPast and OfferLife; company prefixes have records of their own
//	3  Params of orders: StaleAfter to GrantLife
const GenesisFormat = 3

// GenesisMember is a member as the chain begins.
type GenesisMember struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Controller string    `json:"controller"`
	Roles      []string  `json:"roles"`
	Customs    []string  `json:"customs"`
	Prefixes   []string  `json:"prefixes"`
	Keys       []Address `json:"keys"`
	Threshold  uint64    `json:"threshold"`
	Validator  Bytes     `json:"validator"` // ed25519 consensus key, 32 bytes, or empty
	Power      uint64    `json:"power"`     // voting power of the validator, 0 without one
}

// Params are the chain's governed numbers: record chain/params. Times are milliseconds.
type Params struct {
	KeyPast   int64 `json:"keyPast"`   // how far before the block's time a document's time may lie
	KeyFuture int64 `json:"keyFuture"` // and how far after it
	Skew      int64 `json:"skew"`      // how far an event's time may run ahead of the block's
	EventPast int64 `json:"eventPast"` // how far before the block's time an EPCIS event's time may lie
	OfferLife int64 `json:"offerLife"` // how long an offer made by a shipping event is open

	StaleAfter   int64 `json:"staleAfter"`   // how long an order may wait for its documents
	LapseAfter   int64 `json:"lapseAfter"`   // how long a matched order may wait for its declaration
	WaybillLife  int64 `json:"waybillLife"`  // how long a carrier may not use a waybill number again
	ReturnApply  int64 `json:"returnApply"`  // how long after its release the return of goods may be applied for
	ReturnArrive int64 `json:"returnArrive"` // and how long after it they must be back
	GrantLife    int64 `json:"grantLife"`    // the longest life of a quota grant
}

// ChainParams is the record of the parameters in force.
type ChainParams struct {
	Genesis Hash    `json:"genesis"`
	Chain   string  `json:"chain"`
	Params  Params  `json:"params"`
	History History `json:"history"`
}

func (p *ChainParams) Log() *History { return &p.History }

// DefaultParams let documents be a month old, events of the past be captured late, and
// clocks differ by ten minutes.
func DefaultParams() Params {
	return Params{
		KeyPast:   31 * 24 * time.Hour.Milliseconds(),
		KeyFuture: 10 * time.Minute.Milliseconds(),
		Skew:      10 * time.Minute.Milliseconds(),
		EventPast: 50 * 365 * 24 * time.Hour.Milliseconds(),
		OfferLife: 14 * 24 * time.Hour.Milliseconds(),

		StaleAfter:   15 * 24 * time.Hour.Milliseconds(),
		LapseAfter:   15 * 24 * time.Hour.Milliseconds(),
		WaybillLife:  183 * 24 * time.Hour.Milliseconds(), // six months (202205 specification, logisticsNo)
		ReturnApply:  30 * 24 * time.Hour.Milliseconds(),  // GACC 2020-45
		ReturnArrive: 45 * 24 * time.Hour.Milliseconds(),
		GrantLife:    3 * 24 * time.Hour.Milliseconds(),
	}
}

// Hash returns the genesis hash: SHA-256 over a domain prefix and the one encoding.
func (g *Genesis) Hash() (Hash, error) {
	data, err := Encode(g)
	if err != nil {
		return Hash{}, err
	}
	h := sha256.New()
	h.Write([]byte("carya/genesis/1\x00"))
	h.Write(data)
	return Hash(h.Sum(nil)), nil
}

// Check says what is wrong with a genesis, naming the member and field.
func (g *Genesis) Check() error {
	switch {
	case g.Format != GenesisFormat:
		return fmt.Errorf("genesis: format %d, this program knows %d", g.Format, GenesisFormat)
	case g.Chain == "" || len(g.Chain) > 50:
		return fmt.Errorf("genesis: chain id %q: 1 to 50 characters", g.Chain)
	case g.Time <= 0 || g.InitialHeight < 1:
		return fmt.Errorf("genesis: time %d and initialHeight %d must be positive", g.Time, g.InitialHeight)
	case !g.Params.positive():
		return fmt.Errorf("genesis: params %+v: windows must be positive", g.Params)
	}
	return g.checkMembers()
}

func (p *Params) positive() bool {
	return p.Skew >= 0 && min(p.KeyPast, p.KeyFuture, p.EventPast, p.OfferLife,
		p.StaleAfter, p.LapseAfter, p.WaybillLife, p.ReturnApply, p.ReturnArrive, p.GrantLife) > 0
}

func (g *Genesis) checkMembers() error {
	seen, keys, prefixes, validators := map[string]bool{}, map[Address]bool{}, map[string]string{}, 0
	for i := range g.Members {
		m := &g.Members[i]
		if err := m.check(); err != nil {
			return fmt.Errorf("genesis: member %q: %w", m.ID, err)
		}
		if seen[m.ID] {
			return fmt.Errorf("genesis: member %q stands twice", m.ID)
		}
		seen[m.ID] = true
		for _, k := range m.Keys {
			if keys[k] {
				return fmt.Errorf("genesis: member %q: key %s stands twice", m.ID, k)
			}
			keys[k] = true
		}
		for _, p := range m.Prefixes {
			if prefixes[p] != "" {
				return fmt.Errorf("genesis: member %q: company prefix %s is also that of %s", m.ID, p, prefixes[p])
			}
			prefixes[p] = m.ID
		}
		if m.Power > 0 {
			validators++
		}
	}
	if validators == 0 {
		return fmt.Errorf("genesis: no member runs a validator")
	}
	return nil
}

func (m *GenesisMember) check() error {
	if err := first(checkMember("id", m.ID), checkMember("controller", m.Controller), checkText("name", m.Name, 1, 100)); err != nil {
		return err
	}
	for _, r := range m.Roles {
		if !oneOf(r, Roles...) {
			return fmt.Errorf("role %q: one of %v", r, Roles)
		}
	}
	for i, p := range m.Prefixes {
		if err := checkPrefix(index("prefixes", i), p); err != nil {
			return err
		}
	}
	switch {
	case m.Threshold < 1 || m.Threshold > uint64(len(m.Keys)):
		return fmt.Errorf("threshold %d of %d keys", m.Threshold, len(m.Keys))
	case len(m.Validator) != 0 && len(m.Validator) != 32:
		return fmt.Errorf("validator key of %d bytes, an ed25519 key has 32", len(m.Validator))
	case (m.Power > 0) != (len(m.Validator) > 0):
		return fmt.Errorf("a validator has a key and power, others neither")
	}
	return nil
}

// ReadGenesis reads CometBFT's genesis.json, or its app_state alone, and checks it.
func ReadGenesis(file []byte) (*Genesis, error) {
	var comet struct {
		AppState json.RawMessage `json:"app_state"`
	}
	if err := json.Unmarshal(file, &comet); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	state := comet.AppState
	if len(state) == 0 {
		state = file
	}
	var g Genesis
	d := json.NewDecoder(bytes.NewReader(state))
	d.DisallowUnknownFields()
	if err := d.Decode(&g); err != nil {
		return nil, fmt.Errorf("genesis: app_state: %w", err)
	}
	return &g, g.Check()
}
