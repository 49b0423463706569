// Package gateway is a node's one HTTP port: transactions in, records, histories,
// evidence, blocks and lists out, and what an operator watches.
//
// The OpenAPI document is made from the Go types, so that it cannot differ from what the
// handlers do. Every error is a types.Problem (RFC 9457); one that a caller can act on has
// a code. Nothing here decides what is allowed: transactions go to the node's pool as
// they came, and answers come from the state, the journal and the read model.
package gateway
