import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, equal, fixed64, fromHex, Reader, toHex, utf8, uvarint, type Hex } from './bytes.ts';
import type { Header } from './file.ts';
import { merkleRoot } from './merkle.ts';
import { Fault, Refusal, refusing } from './refusal.ts';
import { ordered, type Trust, type Validator } from './trust.ts';

/** The fields of a CometBFT header, in the order in which it hashes them. */
const CHAIN = 1;
const HEIGHT = 2;
const TIME = 3;
export const DATA = 6;
export const VALIDATORS = 7;
const APP = 10;
export const RESULTS = 11;
const FIELDS = 14;

/** A header that is proven to be of the chain. */
export interface Block {
  height: number;
  /** Unix milliseconds */
  time: number;
  hash: Hex;
  /** root of the state after the block before */
  appHash: Hex;
}

/** A header that was read. */
export interface ReadHeader {
  block: Block;
  hash: Uint8Array;
  app: Uint8Array;
  fields: Uint8Array[];
}

/** Splits a header and reads what is needed of it. */
export function readHeader({ height, header }: Header, chain: string): ReadHeader {
  return refusing('HEADER_INVALID', `header of block ${height}`, () => {
    const r = new Reader(header);
    const fields = Array.from({ length: FIELDS }, () => {
      const length = r.byte();
      if (length > 127) throw new Fault('a field of more than 127 bytes');
      return r.bytes(length);
    });
    r.end();
    const name = utf8(chain);
    if (!equal(fields[CHAIN]!, concat([0x0a, name.length], name))) throw new Fault('of another chain');
    if (!equal(fields[HEIGHT]!, concat([0x08], uvarint(height)))) throw new Fault('of another height');
    const time = readTime(fields[TIME]!);
    const app = readHash(fields[APP]!);
    if (app === undefined) throw new Fault('its AppHash is none');
    const hash = merkleRoot(fields);
    return { block: { height, time, hash: toHex(hash), appHash: toHex(app) }, hash, app, fields };
  });
}

/** The end of the year 9999. */
const MAX_SECONDS = 253_402_300_799;

/** Reads a protobuf Timestamp (Unix seconds and nanoseconds, each left out where it is zero) as Unix milliseconds. */
function readTime(field: Uint8Array): number {
  const r = new Reader(field);
  const number = (tag: number): number => {
    if (r.data[r.at] !== tag) return 0;
    r.at++;
    const n = r.uvarint();
    if (n === 0) throw new Fault('its time is none');
    return n;
  };
  const time = { seconds: number(0x08), nanos: number(0x10) };
  r.end();
  return milliseconds(time);
}

interface Time {
  seconds: number;
  nanos: number;
}

function milliseconds({ seconds, nanos }: Time): number {
  if (seconds > MAX_SECONDS || nanos >= 1e9) throw new Fault('a time that is none');
  return seconds * 1000 + Math.floor(nanos / 1e6);
}

/** Reads a protobuf BytesValue of 32 bytes. */
export function readHash(field: Uint8Array): Uint8Array | undefined {
  return field.length === 34 && field[0] === 0x0a && field[1] === 32 ? field.subarray(2) : undefined;
}

/** The flags of a vote: none, or one that came too late; for the block; for no block. */
const ABSENT = 1;
const FOR = 2;
const NIL = 3;

/** One validator and what it said to the signed header. */
export interface Signature extends Validator {
  /** voted for the header */
  signed: boolean;
  /** of the vote, by the validator's clock, Unix milliseconds; of those that voted */
  time?: number;
}

interface Commit {
  round: number;
  parts: number;
  partsHash: Uint8Array;
  votes: Vote[];
}

interface Vote {
  flag: number;
  time: Time;
  milliseconds: number;
  signature: Uint8Array;
}

/** Reads the votes of so many validators. */
function readCommit(data: Uint8Array, validators: number): Commit {
  const r = new Reader(data);
  const commit = { round: r.uvarint(), parts: r.uvarint(), partsHash: r.bytes(32), votes: Array.from({ length: validators }, () => readVote(r)) };
  r.end();
  if (commit.round > 2 ** 31 - 1 || commit.parts > 2 ** 32 - 1) throw new Fault('its round or number of parts is none');
  return commit;
}

function readVote(r: Reader): Vote {
  const flag = r.byte();
  if (flag === ABSENT) return { flag, time: { seconds: 0, nanos: 0 }, milliseconds: 0, signature: new Uint8Array(0) };
  if (flag !== FOR && flag !== NIL) throw new Fault(`a vote with the flag ${flag}`);
  const time = { seconds: r.uvarint(), nanos: r.uvarint() };
  return { flag, time, milliseconds: milliseconds(time), signature: r.bytes(64) };
}

/** Checks every vote, not only as many as two thirds need: a reader is told who signed. */
export function verifyCommit(data: Uint8Array, header: ReadHeader, trust: Trust): Signature[] {
  const validators = ordered(trust);
  const commit = refusing('COMMIT_INVALID', `not one vote for each of ${validators.length} validators`, () =>
    readCommit(data, validators.length),
  );
  const signatures = validators.map((validator, i): Signature => {
    const vote = commit.votes[i]!;
    if (vote.flag === ABSENT) return { ...validator, signed: false };
    // ZIP-215 is how CometBFT verifies: https://zips.z.cash/zip-0215.
    if (!ed25519.verify(vote.signature, signBytes(commit, vote, header, trust.chain), fromHex(validator.key), { zip215: true })) {
      throw new Refusal('SIGNATURE_INVALID', `the vote of ${validator.member} is not signed by it`);
    }
    const signed = { ...validator, signed: vote.flag === FOR };
    return vote.milliseconds === 0 ? signed : { ...signed, time: vote.milliseconds };
  });
  const { signed, total } = powerOf(signatures);
  if (signed * 3 <= total * 2) {
    throw new Refusal('POWER_SHORT', `${signed} of ${total} voting power signed, which is not more than two thirds`);
  }
  return signatures;
}

/** Adds up the power of those who signed and of all. */
export function powerOf(signatures: Signature[]): { signed: number; total: number } {
  const sum = (list: Signature[]): number => list.reduce((n, s) => n + s.power, 0);
  return { signed: sum(signatures.filter((s) => s.signed)), total: sum(signatures) };
}

/** What a validator signs: CometBFT's CanonicalVote of a precommit, after its length. */
function signBytes(commit: Commit, vote: Vote, header: ReadHeader, chain: string): Uint8Array {
  const parts = concat(protoNumber(0x08, commit.parts), [0x12, 32], commit.partsHash);
  const id = concat([0x0a, 32], header.hash, [0x12, parts.length], parts);
  const time = concat(protoNumber(0x08, vote.time.seconds), protoNumber(0x10, vote.time.nanos));
  const name = utf8(chain);
  const canonical = concat(
    [0x08, 0x02, 0x11],
    fixed64(header.block.height),
    commit.round > 0 ? concat([0x19], fixed64(commit.round)) : [],
    vote.flag === FOR ? concat([0x22, id.length], id) : [],
    [0x2a, time.length],
    time,
    [0x32, name.length],
    name,
  );
  return concat(uvarint(canonical.length), canonical);
}

/** A number in protobuf after its tag; zero is left out. */
export const protoNumber = (tag: number, n: number): number[] => (n === 0 ? [] : [tag, ...uvarint(n)]);
