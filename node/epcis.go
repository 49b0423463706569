package node

import (
	"fmt"
	"path/filepath"

	"github.com/caryaledger/carya/node/bearer"
	epcisrest "github.com/caryaledger/carya/node/epcis"
	"github.com/caryaledger/carya/types"
)

// dirEPCIS holds capture jobs, named queries and subscriptions. They are the node's own
// and no part of the chain.
const dirEPCIS = "epcis"

// openEPCIS builds the EPCIS interface, which the gateway mounts.
func (n *Node) openEPCIS() (err error) {
	c := &n.cfg.EPCIS
	o := epcisrest.Options{
		Dir: n.home.file(dirEPCIS), Domain: types.NewDomain(n.genesis.Chain, n.genesisHash),
		Pool: n, Blocks: n.journal, Record: n.state.Get,
		Local: isLoopback(n.cfg.API.Listen), WebhookPrivate: c.WebhookPrivate,
		Version: Version(), Logger: n.log, Registry: n.registry,
	}
	if n.model != nil {
		o.Events = n.model
	}
	if c.KeyFile != "" {
		if o.Signer, err = epcisrest.OpenSigner(n.captureMember(), n.beside(c.KeyFile), n.beside(c.PassphraseFile)); err != nil {
			return fmt.Errorf("epcis.key_file: %w", err)
		}
	}
	if c.TokenFile != "" {
		if o.Tokens, err = bearer.ReadTokens(n.beside(c.TokenFile)); err != nil {
			return fmt.Errorf("epcis.token_file: %w", err)
		}
	}
	n.epcis, err = epcisrest.New(o)
	return err
}

// captureMember is in whose name EPCIS clients capture.
func (n *Node) captureMember() string {
	if m := n.cfg.EPCIS.Member; m != "" {
		return m
	}
	return n.cfg.Member
}

// beside finds a file that the configuration names relative to the home directory.
func (n *Node) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return n.home.file(name)
}
