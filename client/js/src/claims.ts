import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, toHex, uvarint, type Hex } from './bytes.ts';
import { ARRAY, encodeHead } from './cbor.ts';
import { commitsTo, verifyDocument } from './document.ts';
import { readEvent, type Event } from './event.ts';
import type { Claim } from './file.ts';
import { DATA, protoNumber, readHash, RESULTS, type Block } from './header.ts';
import { keysValid } from './key.ts';
import { consistent, hashesOf, leafHash, Log, rootFromInclusion, rootOf, type Peaks } from './merkle.ts';
import { quote, Refusal, refusing } from './refusal.ts';
import { transactionDigest } from './transaction.ts';
import type { Leaf } from './tree.ts';
import type { ProvenBlocks } from './verify.ts';

/** A claim that is true, and what it is about. */
export interface Proven extends Omit<Claim, 'events'>, Shown {
  /** The header that commits to what is claimed; of block and transaction: the claimed one. */
  block: Block;
}

/** What the state and the journal say about a claim. */
export interface Shown {
  /** record, history, event, field, prefix: the record's CBOR at height */
  value?: Uint8Array;
  /** history, event, field */
  events?: Event[];
  /** history, event, field, prefix: of the record at height */
  log?: History;
  /** prefix: at since */
  before?: History;
  /** range: a new list each time */
  readonly leaves?: Leaf[];
}

/** The compact range of an RFC 6962 log: its size and the roots of its perfect subtrees, largest first. */
export interface History {
  size: number;
  peaks: Hex[];
}

type Check = (blocks: ProvenBlocks, claim: Claim) => Shown & { block: Block };

/** The kinds of claims: which members they have besides claim and height, and how they are checked. */
const claims: Record<string, { members: (keyof Claim)[]; check: Check }> = {
  record: { members: ['key'], check: record },
  absence: { members: ['key'], check: absence },
  history: { members: ['key', 'events'], check: history },
  event: { members: ['key', 'index', 'events', 'path'], check: event },
  prefix: { members: ['key', 'since', 'path'], check: prefix },
  range: { members: ['from', 'to', 'count'], check: range },
  block: { members: [], check: (blocks, c) => ({ block: blocks.at(c.height).block }) },
  field: { members: ['key', 'index', 'events', 'path', 'document'], check: field },
  transaction: { members: ['index', 'size', 'digest', 'code', 'codes', 'path', 'transaction', 'results'], check: transaction },
};

/** Checks one claim. */
export function prove(blocks: ProvenBlocks, c: Claim): Proven {
  const kind = Object.hasOwn(claims, c.claim) ? claims[c.claim] : undefined;
  if (kind === undefined) throw new Refusal('CLAIM_UNKNOWN', `claim ${quote(c.claim)} is not known`);
  // What a reader sees in the file is what is proven.
  const members = ['claim', 'height', ...kind.members];
  if (!Object.keys(c).every((name) => members.includes(name))) {
    throw new Refusal('CLAIM_UNKNOWN', `a ${c.claim} claim with members of another`);
  }
  if (!keysValid(c)) throw new Refusal('KEY_INVALID', `${quote((c.key ?? '') + (c.from ?? '') + (c.to ?? ''))} is not a key`);
  const { events: _, ...own } = c;
  return Object.assign(kind.check(blocks, c), own);
}

function record(blocks: ProvenBlocks, { key = '', height }: Claim): { block: Block; value: Uint8Array } {
  return blocks.record(key, height);
}

function absence(blocks: ProvenBlocks, { key = '', height }: Claim): { block: Block } {
  const { block, tree } = blocks.state(height);
  if (!tree.absent(key)) throw new Refusal('KEY_UNPROVEN', `it is not shown that there was no record ${quote(key)} after block ${height}`);
  return { block };
}

function history(blocks: ProvenBlocks, { key = '', height, events }: Claim): Shown & { block: Block } {
  const { block, value, log } = blocks.logged(key, height);
  const count = events?.length ?? 0;
  const got = new Log();
  // Without as many as the log has, they cannot be it: a hostile list is not hashed.
  for (let i = 0; i < count && count === log.size; i++) got.append(leafHash(events!.at(i)));
  if (got.size !== log.size || !got.peaks.every((p, i) => equal(p, log.peaks[i]!))) {
    throw new Refusal('HISTORY_DIFFERS', `${key} commits to ${log.size} events, these ${count} are not they`);
  }
  return { block, value, log: shown(log), events: Array.from({ length: count }, (_, i) => provenEvent(events!.at(i))) };
}

const shown = ({ size, peaks }: Peaks): History => ({ size, peaks: peaks.map(toHex) });

const provenEvent = (raw: Uint8Array): Event => refusing('EVENT_UNPROVEN', 'the event', () => readEvent(raw));

function event(blocks: ProvenBlocks, { key = '', height, index = 0, events, path }: Claim): Shown & { block: Block; event: Event } {
  const { block, value, log } = blocks.logged(key, height);
  const raw = events?.length === 1 ? events.at(0) : undefined;
  if (raw === undefined || !included(log, index, leafHash(raw), path)) {
    throw new Refusal('EVENT_UNPROVEN', `it is not event ${index} of ${log.size} in the history of ${key}`);
  }
  const event = provenEvent(raw);
  return { block, value, log: shown(log), events: [event], event };
}

/** Reports whether a leaf is at a place of a log. */
export function included(log: Peaks, index: number, leaf: Uint8Array, path: Uint8Array | undefined): boolean {
  return under(rootOf(log), log.size, index, leaf, path);
}

/** Reports whether a leaf is at a place below a root. */
function under(root: Uint8Array, size: number, index: number, leaf: Uint8Array, path: Uint8Array | undefined): boolean {
  const hashes = hashesOf(path);
  const leads = hashes && rootFromInclusion(index, size, leaf, hashes);
  return leads !== undefined && equal(leads, root);
}

function prefix(blocks: ProvenBlocks, { key = '', height, since = 0, path }: Claim): Shown & { block: Block } {
  const { log: before } = blocks.logged(key, since);
  const { block, value, log } = blocks.logged(key, height);
  const hashes = hashesOf(path);
  const isPrefix = hashes && since <= height && before.size > 0 && consistent(before.size, log.size, hashes, rootOf(before), rootOf(log));
  if (!isPrefix) {
    throw new Refusal('NOT_PREFIX', `the history of ${key} after block ${since}, ${before.size} events, is not shown to begin that after block ${height}, ${log.size} events`);
  }
  return { block, value, log: shown(log), before: shown(before) };
}

function range(blocks: ProvenBlocks, { height, from = '', to = '', count = 0 }: Claim): { block: Block; readonly leaves: Leaf[] } {
  const { block, tree } = blocks.state(height);
  const bounds = tree.range(from, to);
  const where = `from ${quote(from)} to ${quote(to)} after block ${height}`;
  if (bounds === undefined) throw new Refusal('RANGE_INCOMPLETE', `not every record ${where} is shown`);
  const [begin, end] = bounds;
  if (end - begin !== count) throw new Refusal('COUNT_DIFFERS', `there are ${end - begin} records ${where}, not ${count}`);
  return {
    block,
    // Made when it is asked for: the lists of many claims about one large tree would take many times the file.
    get leaves() {
      return tree.leaves.slice(begin, end);
    },
  };
}

function field(blocks: ProvenBlocks, c: Claim): Shown & { block: Block } {
  const { document } = c;
  if (document === undefined) throw new Refusal('CLAIM_UNKNOWN', 'a field claim without a document');
  const { event: committing, ...proven } = event(blocks, c);
  if (!commitsTo(committing, document)) {
    throw new Refusal('COMMITMENT_DIFFERS', `the event does not commit to the document ${document.root} as ${quote(document.record)}`);
  }
  verifyDocument(document);
  return proven;
}

/**
 * The header of the block holds a root over the transactions' SHA-256 hashes, the next one a root over their results, both RFC 6962.
 */
function transaction(blocks: ProvenBlocks, c: Claim): { block: Block } {
  const { block, fields } = blocks.at(c.height);
  const next = blocks.at(c.height + 1);
  const { index = 0, size = 0, transaction = new Uint8Array(0) } = c;
  const isUnder = (field: Uint8Array, data: Uint8Array, path: Uint8Array | undefined): boolean => {
    const root = readHash(field);
    return root !== undefined && under(root, size, index, leafHash(data), path);
  };
  if (!isUnder(fields[DATA]!, sha256(transaction), c.path)) {
    throw new Refusal('TRANSACTION_UNPROVEN', `block ${c.height} does not hold the transaction at ${index} of ${size}`);
  }
  if (!isUnder(next.fields[RESULTS]!, result(c), c.results)) {
    throw new Refusal('RESULT_UNPROVEN', `block ${c.height + 1} does not say that the result is ${c.code ?? 0}`);
  }
  const digest = refusing('DIGEST_DIFFERS', 'the transaction', () => transactionDigest(transaction, blocks.genesis));
  if (toHex(digest) !== c.digest) throw new Refusal('DIGEST_DIFFERS', `the transaction's digest is ${toHex(digest)}, not ${c.digest ?? 'none'}`);
  return { block };
}

/** CometBFT's ExecTxResult of what the claim says, in protobuf: the code, and the CBOR of the bodies' codes. */
function result({ code = 0, codes = [] }: Claim): Uint8Array {
  const head = protoNumber(0x08, code);
  if (codes.length === 0) return Uint8Array.from(head);
  const list = [...encodeHead(ARRAY, codes.length), ...codes.flatMap((c) => encodeHead(0, c))];
  return concat(head, [0x12, ...uvarint(list.length)], list);
}
