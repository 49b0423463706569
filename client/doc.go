// Package client is Carya for those who run no node: a Go SDK for a node's HTTP interface, key files, signing,
// the offline verifier of evidence files, and the commands of merchants and auditors.
//
// A program that sends something needs three things:
//
//	c, err := client.New("http://127.0.0.1:26680")
//	domain, err := c.Domain(ctx)
//	s := &client.Signer{Member: "coop-linan", Domain: domain, Keys: keys}
//	raw, digest, err := s.Sign(client.Terms{}, &types.AcceptUnit{Unit: "sscc.069012340000000016"})
//	receipt, err := c.SubmitAndWait(ctx, raw)
//
// A program that checks something needs no node at all: see [Verify].
//
// The package imports the vocabulary (package types, with the verifier in types/evidence), CometBFT's light client, and
// neither the rules (app) nor the node.
package client
