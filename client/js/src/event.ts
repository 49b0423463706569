import { toHex, type Hex } from './bytes.ts';
import { decodeCBOR, isHash, isInteger, isMap, type CBOR } from './cbor.ts';
import { Fault } from './refusal.ts';

/** One body that took effect, in the words that a history commits to. */
export interface Event {
  /** digest of the transaction, zero for the genesis */
  tx: Hex;
  /** of the body within it */
  index: number;
  height: number;
  /** of the block, Unix milliseconds */
  time: number;
  member: string;
  kind: string;
  body: CBOR;
  /** the CBOR of the event: what the history's leaf hashes */
  raw: Uint8Array;
}

/** Reads an event that a history commits to: it may have members that this program does not know. */
export function readEvent(raw: Uint8Array): Event {
  const event = decodeCBOR(raw);
  if (!isMap(event)) throw new Fault('not a map');
  const { tx, index, height, time, member, kind, body } = event;
  if (!isHash(tx) || !isInteger(index) || index < 0 || !isInteger(height) || !isInteger(time)) throw new Fault('its transaction or block is none');
  if (typeof member !== 'string' || typeof kind !== 'string' || body === undefined) throw new Fault('its member, kind or body is none');
  return { tx: toHex(tx), index, height, time, member, kind, body, raw };
}
