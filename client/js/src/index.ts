/**
 * Verifies evidence of a Carya ledger, offline: verify(file, readTrust(text)). See docs/evidence.md for the format and for what it proves.
 */

export { fromHex, toHex, type Hex } from './bytes.ts';
export { decodeCBOR, type CBOR, type CBORMap } from './cbor.ts';
export type { History, Proven } from './claims.ts';
export type { Event } from './event.ts';
export { FORMAT, MAX_BYTES, parse, type ByteStrings, type Claim, type DisclosedField, type DocumentPart, type Evidence, type Header } from './file.ts';
export type { Block, Signature } from './header.ts';
export { results } from './kinds.ts';
export { Refusal, type Reason } from './refusal.ts';
export type { Leaf } from './tree.ts';
export { readTrust, TRUST_FORMAT, type Trust, type Validator } from './trust.ts';
export { verify, type Verdict } from './verify.ts';
