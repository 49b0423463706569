// Package prove makes evidence: it gathers headers, pruned trees, events and Merkle paths from a chain and puts them
// together as package evidence, which checks them, wants them.
package prove
