// Package node is one running member of the consortium: its configuration, the assembly
// of CometBFT around the application, the journal, the gateway and the read model, and
// the commands that make and run a node.
//
// What runs in the process, and in which order it starts (it stops in the reverse order):
//
//	state, journal, chain databases   opened, and brought to the same height
//	application and its pool          package abci
//	CometBFT                          consensus, its transport, block and state sync
//	watchdog, dialling, backfill      watchdog.go, peers.go, backfill.go
//	read model                        follows the journal
//	gateway                           HTTP
package node
