// Package evidence is the evidence file: claims about a Carya ledger with everything that a stranger needs to check them,
// offline and years later. docs/evidence.md specifies it for a verifier in any language; client/js is one in TypeScript.
//
// The verifier never looks at the meaning of a byte before its hash has led to a header that validators of the trust file
// signed: what a hostile prover can change is refused by a hash or a signature, not by a parser.
package evidence
