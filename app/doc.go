// Package app is what is allowed and what changes: the ledger's rules over its state.
//
// It is pure: a block's header and transactions and a view of the state go in; results,
// events and writes come out. It knows no clock, file, socket, logger or goroutine, and
// two honest nodes that execute the same blocks cannot differ. A *types.Refusal ends a
// body; every other error means that the node itself cannot go on and must stop before
// it commits.
package app
