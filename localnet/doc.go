// Package localnet runs networks on one machine: it starts them, shows them, puts load
// on them and plays the demonstration. Nodes are processes of this same program on
// 127.0.0.1, each with a home of its own; nothing here knows what is inside them.
package localnet
