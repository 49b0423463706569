package app

import (
	"fmt"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// GenesisKind is the kind of the events that enter the genesis members' histories.
const GenesisKind = "Genesis"

// Begin returns the writes and the journal's first block for a genesis that has been
// checked. The block before the initial height stands for it.
func Begin(g *types.Genesis) (*Done, error) {
	hash, err := g.Hash()
	if err != nil {
		return nil, err
	}
	b := newBlock(nothing{}, NewLive(), Header{Height: g.InitialHeight - 1, Time: g.Time, Hash: hash})
	if err := b.begin(g, hash); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return b.Finish()
}

func (b *Block) begin(g *types.Genesis, hash types.Hash) error {
	err := b.genesisCall("", g.Params, func(c *Call) error {
		return params.Put(c, &types.ChainParams{Genesis: hash, Chain: g.Chain, Params: g.Params})
	})
	for i := range g.Members {
		if err != nil {
			return err
		}
		m := &g.Members[i]
		err = b.genesisCall(m.ID, *m, func(c *Call) error { return putMember(c, m) })
	}
	return err
}

// genesisCall runs one write of the genesis with an event of its own.
func (b *Block) genesisCall(member string, body any, run func(*Call) error) error {
	encoded, err := types.Encode(body)
	if err != nil {
		return err
	}
	c := b.call(nil, types.Event{
		Height: b.header.Height, Time: b.header.Time, Member: member, Kind: GenesisKind, Body: encoded,
	})
	if err := run(c); err != nil {
		return err
	}
	b.body.MergeDown()
	b.tx.MergeDown()
	b.log.Events = append(b.log.Events, c.event)
	return nil
}

func putMember(c *Call, g *types.GenesisMember) error {
	m := &types.Member{
		ID: g.ID, Name: g.Name, Controller: g.Controller, Roles: g.Roles, Customs: g.Customs,
		Prefixes: g.Prefixes, Threshold: g.Threshold, Validator: g.Validator,
	}
	for _, a := range g.Keys {
		m.Keys = append(m.Keys, types.Key{Address: a, Added: c.Time})
		if err := keys.Put(c, a.String(), &types.KeyOwner{Member: g.ID}); err != nil {
			return err
		}
	}
	for _, p := range g.Prefixes {
		if err := prefixes.Put(c, p, &types.Prefix{Member: g.ID}); err != nil {
			return err
		}
	}
	return members.Put(c, g.ID, m)
}

// nothing is the state before the genesis.
type nothing struct{}

func (nothing) Get(string) ([]byte, error) { return nil, nil }

var _ store.Reader = nothing{}
