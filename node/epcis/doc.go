// Package epcisrest is the EPCIS 2.0 REST interface of a node, below /epcis: what speaks
// GS1's interface can capture events and ask for them without knowing that there is a
// ledger behind it. docs/epcis.md is its manual.
//
// Clients of EPCIS do not sign. The node signs what they capture with a key of its own
// member, so capturing needs a key in the configuration and, unless the gateway is
// reached from this machine only, a token. What consensus then says about the events
// becomes the result of the capture job.
//
// Capture jobs, named queries and subscriptions are small files in one folder, so that
// they outlive a restart. Everything else comes from the read model, and proofs from the
// gateway.
package epcisrest
