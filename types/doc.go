// Package types is the vocabulary of Carya: transactions, records, their one
// encoding, what is signed, identifiers, error codes and proof formats.
//
// Everything here is what another implementation must agree on byte for byte,
// and nothing here has state. Clients import this package and no other room's.
package types
