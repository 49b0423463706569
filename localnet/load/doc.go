// Package load puts signed, valid transactions on a network and measures what becomes
// of them: how many are committed a second, how long each takes from the moment it was
// due to be sent until its block is seen, and what that costs each node.
//
// The generator usually shares its machine with the nodes it measures, so what it does
// in the measured window is little: transactions are signed before, sent in batches,
// and found again in blocks by their digests.
package load
