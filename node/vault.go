package node

import (
	"fmt"

	"github.com/caryaledger/carya/node/bearer"
	"github.com/caryaledger/carya/node/vault"
	"github.com/caryaledger/carya/types"
)

// openVault opens where private documents rest, if the configuration has it.
func (n *Node) openVault() (err error) {
	c := &n.cfg.Vault
	n.vaultGate = bearer.Gate{Local: isLoopback(n.cfg.API.Listen), Setting: "vault.token_file"}
	if c.TokenFile != "" {
		if n.vaultGate.Tokens, err = bearer.ReadTokens(n.beside(c.TokenFile)); err != nil {
			return fmt.Errorf("vault.token_file: %w", err)
		}
	}
	if c.Database == "" {
		return nil
	}
	n.vault, err = vault.Open(vault.Options{
		Path: n.beside(c.Database), MaxBytes: c.MaxBytes, Member: n.cfg.Member, Chain: n.genesis.Chain,
		Peers: n.cfg.API.Peers, MemberOf: n.memberOf, Logger: n.log, Registry: n.registry,
	})
	return n.opens(func() error { return n.vault.Close() }, err)
}

// memberOf returns a member as the last block left it, nil if there is none.
func (n *Node) memberOf(id string) (*types.Member, error) {
	value, err := n.state.Get(types.PrefixMember + "/" + id)
	if err != nil || value == nil {
		return nil, err
	}
	m := new(types.Member)
	return m, types.DecodeState(value, m)
}
